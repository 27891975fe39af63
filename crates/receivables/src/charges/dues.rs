//! What is owed on a date: for one invoice, for each customer of a batch, or as one settlement figure.
//!
//! Shape: [`figure`] adds up [`Item`]s of one currency. Which items go in decides what the figure is of: an
//! invoice with its charges, or all of a customer's. The date may lie in the past or in the future; a payment
//! that is not made yet is not expected. Interest that has accrued and is not posted is part of the figure, so
//! that paying it on that date settles everything. Refused: a figure for which a rate is missing.
//!
//! Source: Dunlin's own rule.

use chrono::NaiveDate;
use serde::Serialize;

use super::ChargeError;
use super::history::History;
use super::interest::{self, Terms};
use super::rates::Rates;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::receivable::ReceivableKind;

/// A receivable.
#[derive(Clone, Debug)]
pub struct Item {
    /// What it is.
    pub kind: ReceivableKind,
    /// Its balance, as it stood each day.
    pub history: History,
    /// How it bears interest, where it does: invoices only.
    pub bearing: Option<Bearing>,
}

/// How an invoice bears interest.
#[derive(Clone, Debug)]
pub struct Bearing {
    /// On which terms.
    pub terms: Terms,
    /// What of it was due, as it stood each day: all, unless it is payable in parts.
    pub late: History,
    /// The day after which it does.
    pub late_after: NaiveDate,
    /// Interest that was posted by the date of the figure, net of reversals, paid or not.
    pub posted: Money,
}

/// What is owed on a date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Dues {
    /// At the close of which day.
    pub on: NaiveDate,
    /// Of invoices.
    pub principal: Money,
    /// Of fees.
    pub fees: Money,
    /// Of statutes' fixed sums.
    pub compensation: Money,
    /// Of interest that is posted.
    pub interest_posted: Money,
    /// Of interest that has accrued and is not posted.
    pub interest_accrued: Money,
    /// All of it.
    pub total: Money,
}

/// Adds up what is owed at the close of `on`.
pub fn figure(on: NaiveDate, currency: Currency, items: &[Item], rates: &Rates) -> Result<Dues, ChargeError> {
    let owed = |kind: ReceivableKind| {
        let balances = items.iter().filter(|item| item.kind == kind);
        Money::checked_sum(currency, balances.map(|item| item.history.at_close_of(on)))
    };
    let mut accrued = Money::zero(currency);
    for item in items.iter().filter(|item| item.kind == ReceivableKind::Invoice) {
        accrued = accrued.checked_add(item.accrued(on, rates)?)?;
    }
    let (principal, fees) = (owed(ReceivableKind::Invoice)?, owed(ReceivableKind::Fee)?);
    let (compensation, posted) = (
        owed(ReceivableKind::Compensation)?,
        owed(ReceivableKind::Interest)?,
    );
    Ok(Dues {
        on,
        principal,
        fees,
        compensation,
        interest_posted: posted,
        interest_accrued: accrued,
        total: Money::checked_sum(currency, [principal, fees, compensation, posted, accrued])?,
    })
}

impl Item {
    /// Interest that has accrued by the close of a day and is not posted.
    fn accrued(&self, on: NaiveDate, rates: &Rates) -> Result<Money, ChargeError> {
        match &self.bearing {
            Some(bearing) => {
                let by_day = interest::accrue(&bearing.terms, &bearing.late, bearing.late_after, on, rates)?;
                Ok(by_day.not_posted(bearing.posted)?)
            }
            None => Ok(Money::zero(self.history.currency())),
        }
    }
}

impl Dues {
    /// This figure and another of the same date and currency.
    pub fn checked_add(&self, other: &Dues) -> Result<Dues, MoneyError> {
        Ok(Dues {
            on: self.on,
            principal: self.principal.checked_add(other.principal)?,
            fees: self.fees.checked_add(other.fees)?,
            compensation: self.compensation.checked_add(other.compensation)?,
            interest_posted: self.interest_posted.checked_add(other.interest_posted)?,
            interest_accrued: self.interest_accrued.checked_add(other.interest_accrued)?,
            total: self.total.checked_add(other.total)?,
        })
    }
}

#[cfg(test)]
mod tests;

//! What being late costs: fees, interest, and what statutes grant a creditor.
//!
//! Shape: each charge is a receivable of its own ([`ReceivableKind`]) beside the invoice it belongs to, so that a charge
//! is never part of what another is computed on. A [`Fee`] is agreed and falls due with a step. Interest is
//! accrued day by day on a [`History`] of balances, for display on any day, and becomes a receivable when a
//! step says so ([`Charge`]); its rate is agreed or a statute's ([`statutory`]), which rests on dated
//! reference rates ([`rates`]). [`dues`] puts together what is owed on a date.
//!
//! Bounds: amounts are exact ([`Exact`]) until they are rounded once, half-up, to the currency's digits.
//! Nothing is ever negative. Refused: a period without a rate, which is an error that names it and never a
//! silent zero; amounts of different currencies.
//!
//! Source: Dunlin's own rule, except where an item names its statute.

use chrono::NaiveDate;
use serde::Serialize;

use crate::fields::{Fields, kinds};
use crate::money::MoneyError;

mod day_count;
pub mod dues;
mod exact;
mod fee;
mod history;
pub mod interest;
mod percent;
pub mod rates;
pub mod statutory;

pub use day_count::{DayCount, YearPart};
pub use exact::Exact;
pub use fee::{Assessed, Basis, Fee, Of, Per};
pub use history::History;
pub use percent::Percent;

use interest::Terms;
use rates::{Rates, Series};
use statutory::{Claim, Debt, Profile};

/// The interest that a dunning step posts.
///
/// Shape: `{"kind": "statutory", "profile"?: "de"}`, or `{"kind": "interest", ...}` with the fields of
/// [`Terms`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Charge {
    /// What the law grants.
    Statutory {
        /// By which profile; where none is named, by that of the customer's country.
        #[serde(skip_serializing_if = "Option::is_none")]
        profile: Option<Profile>,
    },
    /// Interest as agreed.
    Interest(Terms),
}

impl Charge {
    /// Reads a charge; problems are noted in `fields`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Charge> {
        const KINDS: &[(&str, bool)] = &[("statutory", true), ("interest", false)];
        match fields.required("kind", kinds::one_of(KINDS)) {
            Some(true) => {
                let profile = fields.optional("profile", kinds::one_of(Profile::NAMES));
                Some(Charge::Statutory { profile })
            }
            Some(false) => Terms::read(fields).map(Charge::Interest),
            None => {
                fields.overlook();
                None
            }
        }
    }

    /// Whether the rate that it rests on is known on a day. Without a law that is named, which one is meant depends
    /// on the customer, and is not judged.
    pub fn judge_rate(&self, on: NaiveDate, rates: &Rates) -> Result<(), ChargeError> {
        let series = match self {
            Charge::Statutory {
                profile: Some(Profile::Eu),
            } => Series::EcbReference,
            Charge::Statutory {
                profile: Some(Profile::De),
            } => Series::DeBaseRate,
            Charge::Statutory {
                profile: Some(Profile::Gb),
            } => Series::GbBankRate,
            Charge::Statutory {
                profile: Some(Profile::In),
            } => Series::InBankRate,
            Charge::Statutory { .. } | Charge::Interest(_) => return Ok(()),
        };
        match rates.on(series, on) {
            Some(_) => Ok(()),
            None => Err(ChargeError::NoRate {
                series,
                from: on,
                to: on,
            }),
        }
    }

    /// On which terms a debt bears interest, and after which day; or why it bears none.
    pub fn bearing(&self, debt: &Debt<'_>) -> Result<(Terms, NaiveDate), &'static str> {
        match self {
            Charge::Interest(terms) => Ok((terms.clone(), debt.due_on)),
            Charge::Statutory { profile } => {
                let profile = statutory::profile_of(debt.country, *profile);
                let terms = profile.interest(debt.kind, debt.country)?;
                Ok((terms, profile.late_after(debt.issued_on, debt.due_on)))
            }
        }
    }

    /// What may be claimed for a debt by the close of `as_of`.
    pub fn claim(&self, debt: &Debt<'_>, as_of: NaiveDate, rates: &Rates) -> Result<Claim, ChargeError> {
        match self {
            Charge::Statutory { profile } => {
                let profile = statutory::profile_of(debt.country, *profile);
                statutory::claim(profile, debt, as_of, rates)
            }
            Charge::Interest(terms) => Ok(Claim {
                profile: None,
                interest: Some(interest::accrue(terms, debt.history, debt.due_on, as_of, rates)?),
                compensation: None,
                citations: Vec::new(),
                notes: Vec::new(),
            }),
        }
    }
}

/// Why a charge cannot be computed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChargeError {
    /// No reference rate is known for some days.
    #[error("there is no rate of the series {series} for {from} to {to}; an administrator adds it")]
    NoRate {
        /// The series of reference rates.
        series: Series,
        /// The first day without a rate.
        from: NaiveDate,
        /// The last day without one that is needed.
        to: NaiveDate,
    },
    /// Amounts of two currencies, or too large to add up.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl ChargeError {
    /// The stable code of this error in a problem document.
    pub fn code(&self) -> &'static str {
        match self {
            ChargeError::NoRate { .. } => "no_rate",
            ChargeError::Money(error) => error.code(),
        }
    }

    /// Where exact arithmetic leaves its range.
    fn overflow() -> ChargeError {
        ChargeError::Money(MoneyError::Overflow)
    }
}

#[cfg(test)]
mod tests;

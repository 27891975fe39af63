//! Credit: what a credit note does, and how what is on account is used later.
//!
//! A credit note lowers what it corrects and nothing else; the rest of it stays on account, since who is credited may
//! as well ask for the money. What is on account, from payments and credit notes alike, is used when somebody says so,
//! the oldest credit first, in the policy's order; a discount or a tolerance has no part in it. Only what is on account is refunded that way
//! ([`super::take_back`] with nothing held).
//!
//! Source: Dunlin's own rule; the oldest first as in section 61 of the Indian Contract Act 1872 and § 366(2) BGB.

use chrono::NaiveDate;
use serde::Serialize;

use super::{Allocation, AllocationError, OpenInvoice, Order, RemittanceLine, Spending};
use crate::id::{CreditNoteId, InvoiceId, PaymentId};
use crate::money::Money;

/// Where a credit note goes: to the invoices that it names, each up to what it owes; the rest on account. A line
/// without an amount takes as much as its invoice owes.
pub fn credit(
    total: Money,
    lines: &[RemittanceLine],
    open: &[OpenInvoice],
) -> Result<Allocation, AllocationError> {
    let mut spending = Spending::begin(total, open, lines)?;
    spending.without_discounts();
    spending.as_told(lines, "credit note")?;
    Ok(spending.finish("the credit note corrects nothing else that is open"))
}

/// Whose money is on account.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CreditSource {
    /// A payment, or a part of one.
    Payment(PaymentId),
    /// A credit note, or a part of one.
    CreditNote(CreditNoteId),
}

/// Something that is on account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// What it comes from.
    pub source: CreditSource,
    /// The day it arrived or was issued.
    pub on: NaiveDate,
    /// How much of it is left; those with nothing give nothing.
    pub left: Money,
}

/// A credit, or a part of it, that is set against an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Application {
    /// What it comes from.
    pub source: CreditSource,
    /// Which invoice it lowers.
    pub invoice: InvoiceId,
    /// By how much; more than nothing.
    pub amount: Money,
    /// Why, in a sentence.
    pub why: String,
}

/// How what is on account is used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Applied {
    /// What is set against what, in the order in which it was decided; each pair comes once.
    pub applications: Vec<Application>,
    /// What stays on account.
    pub left: Money,
}

/// Sets what is on account against what is open, at most `most` of it. [`Order::Remittance`], which waits for a
/// person's word, is [`Order::DueDate`] here: somebody has said it. Refused as [`super::allocate`] refuses: nothing
/// on account, currencies that mix.
pub fn apply_on_account(
    order: Order,
    open: &[OpenInvoice],
    credits: &[Credit],
    most: Money,
) -> Result<Applied, AllocationError> {
    let currency = most.currency();
    let mut available = Money::checked_sum(currency, credits.iter().map(|credit| credit.left))?;
    let used = available.checked_min(most)?;
    let mut spending = Spending::begin(used, open, &[])?;
    spending.without_discounts();
    spending.in_order(match order {
        Order::Remittance => Order::DueDate,
        order => order,
    })?;
    let allocation = spending.finish("nothing is open that could take it");

    let mut oldest: Vec<&Credit> = credits
        .iter()
        .filter(|credit| credit.left.is_positive())
        .collect();
    oldest.sort_by_key(|credit| (credit.on, &credit.source));
    let mut oldest = oldest.into_iter().map(|credit| (credit, credit.left));
    let mut current = oldest.next();
    let mut applications = Vec::new();
    for part in allocation.parts {
        let mut wanted = part.amount;
        while let Some((credit, left)) = current.as_mut().filter(|_| wanted.is_positive()) {
            let amount = wanted.checked_min(*left)?;
            wanted = wanted.checked_sub(amount)?;
            *left = left.checked_sub(amount)?;
            available = available.checked_sub(amount)?;
            applications.push(Application {
                source: credit.source.clone(),
                invoice: part.invoice.clone(),
                amount,
                why: part.why.clone(),
            });
            if left.is_zero() {
                current = oldest.next();
            }
        }
    }
    Ok(Applied {
        applications,
        left: available,
    })
}

impl Spending<'_> {
    fn without_discounts(&mut self) {
        for slot in &mut self.slots {
            slot.discount = Money::zero(slot.discount.currency());
        }
    }
}

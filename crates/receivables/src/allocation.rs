//! Where the money of a payment goes.
//!
//! What the payer says comes first: each remittance line takes up to its amount, up to what its invoice still owes, up
//! to what is left. The rest goes in the policy's [`Order`], and what nothing takes stays unapplied, as credit on
//! account. Where instalments are due one by one, each part stands in the order at its own due date.
//!
//! Then the small differences, in this order, each with its sentence:
//! 1. an early-payment discount, where the payment is in time for one and leaves no more than that;
//! 2. an under-payment within the tolerance, or a bank charge of a transfer, but only where the payment clearly meant
//!    to settle: the invoice is named, or the payment is for the whole account;
//! 3. an over-payment within the tolerance, where the policy keeps it.
//!
//! Always: parts + unapplied = payment; a part is no more than what its invoice owes, but for an over-payment that is
//! kept; no balance falls below nothing. Currencies never mix. Refused: payments that are not positive, and amounts of
//! another currency.
//!
//! Source: what the payer says goes first: § 366(1) BGB, article 1342-10 of the Code civil, section 59 of the Indian
//! Contract Act 1872. The orders: see [`Order`]. Differences: Dunlin's own rules, after what accounting systems call
//! tolerance groups.

mod by_hand;
mod credits;
mod differences;
mod matching;
mod rules;
mod take_back;

pub use by_hand::{Change, Reallocated, reallocate};
pub use credits::{Application, Applied, Credit, CreditSource, apply_on_account, credit};
pub use differences::{Cause, Difference, reversal};
pub use rules::{Keep, Order, Over, Rules, Tolerance, goes_through_banks};
pub use take_back::{Held, TakeBackError, TakenBack, take_back};

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::Serialize;

use crate::currency::Currency;
use crate::id::InvoiceId;
use crate::money::{Money, MoneyError};
use crate::receivable::ReceivableKind;
use matching::Index;
pub(crate) use matching::{JOINS, plain, words};

/// An open invoice, or another receivable, that may take money.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenInvoice {
    /// Its id.
    pub id: InvoiceId,
    /// The creditor's number, as a payer would quote it.
    pub number: String,
    /// What it is.
    pub kind: ReceivableKind,
    /// Its due date: with instalments, that of the first part that is still open.
    pub due_on: NaiveDate,
    /// Its issue date.
    pub issue_on: NaiveDate,
    /// What is still owed; those that owe nothing take nothing.
    pub balance: Money,
    /// Its open parts with their due dates, which add up to the balance; none where it is due in one amount.
    pub parts: Vec<OpenPart>,
    /// What may be deducted from it when it is paid on the day of the payment ([`crate::discount::on_offer`]).
    pub discount: Option<Money>,
}

/// A part of an invoice that is due on a day of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenPart {
    /// The last day on which it is paid in time.
    pub due_on: NaiveDate,
    /// What is still owed of it.
    pub balance: Money,
}

/// How a remittance line names its invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum InvoiceRef {
    /// By number, as the payer wrote it.
    Number(String),
    /// By id, as our own payment page says.
    Id(InvoiceId),
}

/// What the payer says a part of the payment is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemittanceLine {
    /// For which invoice.
    pub invoice: InvoiceRef,
    /// How much; without an amount, as much as the invoice owes.
    pub amount: Option<Money>,
}

/// Money that has arrived.
#[derive(Clone, Copy, Debug)]
pub struct Receipt<'a> {
    /// How much.
    pub amount: Money,
    /// What it is for, as far as the payer says.
    pub remittance: &'a [RemittanceLine],
    /// Whether banks may have kept a charge of it ([`goes_through_banks`]).
    pub through_banks: bool,
}

/// What one invoice gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Part {
    /// Which invoice; each comes once.
    pub invoice: InvoiceId,
    /// More than nothing, and no more than it owes, but for an over-payment that is kept.
    pub amount: Money,
    /// Why, in a sentence.
    pub why: String,
}

/// Where a payment goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Allocation {
    /// What each invoice gets, in the order in which it was decided.
    pub parts: Vec<Part>,
    /// What is let go beside it: discounts, and what is within the tolerances.
    pub differences: Vec<Difference>,
    /// What stays as credit on account.
    pub unapplied: Money,
    /// What could not be done as the payer said, and what became of the rest.
    pub why: Vec<String>,
}

/// Why a payment cannot be allocated at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AllocationError {
    /// The payment is zero or less.
    #[error("a payment is more than zero, not {0}")]
    NotPositive(Money),
    /// Amounts of two currencies, or too large to add up.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Allocates a payment to open invoices under a policy's rules.
pub fn allocate(
    rules: &Rules,
    receipt: &Receipt<'_>,
    open: &[OpenInvoice],
) -> Result<Allocation, AllocationError> {
    let mut spending = Spending::begin(receipt.amount, open, receipt.remittance)?;
    spending.as_told(receipt.remittance, "remittance")?;
    spending.deduct_discounts(true)?;
    if rules.order != Order::Remittance {
        spending.in_order(rules.order)?;
        spending.deduct_discounts(false)?;
    }
    spending.let_go_of_shortfall(rules, receipt)?;
    spending.keep_surplus(rules)?;
    Ok(spending.finish(match rules.order {
        Order::Remittance => "the payer names nothing else that is open",
        _ => "no open invoice is left to take it",
    }))
}

/// An invoice, and what it has got so far.
struct Slot<'a> {
    invoice: &'a OpenInvoice,
    /// In cash.
    given: Money,
    /// By a discount or a tolerance.
    let_go: Money,
    /// The largest discount that it may still take.
    discount: Money,
    /// Whether the payer named it.
    named: bool,
    /// Its place among those that got money.
    rank: Option<usize>,
    /// Why it got what.
    why: String,
}

impl Slot<'_> {
    /// What it still owes.
    fn owed(&self) -> Result<Money, MoneyError> {
        self.invoice
            .balance
            .checked_sub(self.given)?
            .checked_sub(self.let_go)
    }
}

/// A payment on its way to invoices.
struct Spending<'a> {
    amount: Money,
    left: Money,
    index: Index<'a>,
    slots: Vec<Slot<'a>>,
    /// How many invoices have got money.
    served: usize,
    differences: Vec<Difference>,
    why: Vec<String>,
}

impl<'a> Spending<'a> {
    fn begin(
        amount: Money,
        open: &'a [OpenInvoice],
        remittance: &[RemittanceLine],
    ) -> Result<Spending<'a>, AllocationError> {
        if !amount.is_positive() {
            return Err(AllocationError::NotPositive(amount));
        }
        let currency = amount.currency();
        let amounts = open
            .iter()
            .flat_map(|invoice| {
                let parts = invoice.parts.iter().map(|part| part.balance);
                parts.chain([invoice.balance]).chain(invoice.discount)
            })
            .chain(remittance.iter().filter_map(|line| line.amount));
        for other in amounts {
            one_currency(currency, other)?;
        }
        let zero = Money::zero(currency);
        let slots = open.iter().map(|invoice| Slot {
            invoice,
            given: zero,
            let_go: zero,
            // A discount comes with a payment: it never settles an invoice alone.
            discount: invoice
                .discount
                .filter(|discount| discount.minor() < invoice.balance.minor())
                .unwrap_or(zero),
            named: false,
            rank: None,
            why: String::new(),
        });
        Ok(Spending {
            amount,
            left: amount,
            index: Index::of(open),
            slots: slots.collect(),
            served: 0,
            differences: Vec::new(),
            why: Vec::new(),
        })
    }

    /// Gives to the invoices that `source` names: the remittance, or a credit note.
    fn as_told(&mut self, lines: &[RemittanceLine], source: &str) -> Result<(), MoneyError> {
        let mut told = Vec::new();
        for line in lines {
            let at = match self.index.find(&line.invoice) {
                Ok(at) => at,
                Err(problem) => {
                    self.why.push(format!("the {source} names {problem}"));
                    continue;
                }
            };
            let Some(slot) = self.slots.get_mut(at) else {
                continue;
            };
            let wanted = line.amount.unwrap_or(slot.invoice.balance);
            if !wanted.is_positive() {
                self.why.push(format!(
                    "the {source} names {wanted} for {}, which is nothing to apply",
                    slot.invoice.number
                ));
                continue;
            }
            slot.named = true;
            told.push((at, wanted, line.amount.is_some()));
        }
        // Who names an amount has deducted what he deducts; who names none leaves that to us.
        self.make_room(&told)?;
        let reason = format!("named in the {source}");
        for (at, wanted, exact) in told {
            let given = self.give(at, wanted, &reason)?;
            let missing = wanted.checked_sub(given)?;
            if !(missing.is_positive() && exact) {
                continue;
            }
            let Some(slot) = self.slots.get(at) else { continue };
            let rest = match self.left.is_zero() {
                true => format!(
                    "the {} is used up",
                    if source == "remittance" { "payment" } else { source }
                ),
                false => "it owes no more".to_owned(),
            };
            self.why.push(format!(
                "{} gets {given} of the {wanted} named for it: {rest}",
                slot.invoice.number
            ));
        }
        Ok(())
    }

    /// Gives what is left to whatever is open, in the policy's order.
    fn in_order(&mut self, order: Order) -> Result<(), MoneyError> {
        let mut wanted = Vec::with_capacity(self.slots.len());
        for (at, slot) in self.slots.iter().enumerate() {
            // What the payer has paid of it before is not owed by a part any more: the earliest are filled first.
            let mut filled = slot.given.checked_add(slot.let_go)?;
            let whole = OpenPart {
                due_on: slot.invoice.due_on,
                balance: slot.invoice.balance,
            };
            let parts = match slot.invoice.parts.is_empty() {
                true => std::slice::from_ref(&whole),
                false => slot.invoice.parts.as_slice(),
            };
            for part in parts {
                let covered = filled.checked_min(part.balance)?;
                filled = filled.checked_sub(covered)?;
                let owed = part.balance.checked_sub(covered)?;
                if owed.is_positive() {
                    wanted.push((order.rank(slot.invoice.kind), part.due_on, at, owed));
                }
            }
        }
        let place = |at: usize| {
            let invoice = self.slots.get(at).map(|slot| slot.invoice);
            invoice.map(|invoice| (invoice.issue_on, invoice.number.as_str(), invoice.id.as_str()))
        };
        wanted.sort_by_key(|(rank, due_on, at, _)| (*rank, *due_on, place(*at)));
        let items: Vec<_> = wanted
            .iter()
            .map(|(_, _, at, owed)| (*at, *owed, false))
            .collect();
        self.make_room(&items)?;
        for (_, due_on, at, owed) in wanted {
            let Some(slot) = self.slots.get(at) else { continue };
            let reason = why_next(order, slot.invoice.kind, due_on);
            self.give(at, owed, &reason)?;
        }
        Ok(())
    }

    /// Where what is left pays for all that is wanted but for the discounts on it, makes sure that it does: who
    /// deducts a discount on one invoice and pays the next in full has settled both. Where an amount is `exact`,
    /// nothing is deducted from it.
    fn make_room(&mut self, wanted: &[(usize, Money, bool)]) -> Result<(), MoneyError> {
        let nothing = Money::zero(self.left.currency());
        let mut by_place: BTreeMap<usize, (Money, bool)> = BTreeMap::new();
        for (at, amount, exact) in wanted {
            let (sum, all_exact) = by_place.entry(*at).or_insert((nothing, true));
            *sum = sum.checked_add(*amount)?;
            *all_exact = *all_exact && *exact;
        }
        let mut missing = nothing.checked_sub(self.left)?;
        let mut most = nothing;
        for (at, (sum, exact)) in &by_place {
            let Some(slot) = self.slots.get(*at) else { continue };
            missing = missing.checked_add(sum.checked_min(slot.owed()?)?)?;
            most = match exact {
                true => most,
                false => most.checked_add(slot.discount)?,
            };
        }
        if missing.minor() > most.minor() {
            return Ok(());
        }
        for (at, _, exact) in wanted {
            let Some(slot) = self.slots.get(*at).filter(|_| !exact) else {
                continue;
            };
            let deducted = slot.discount.checked_min(missing)?;
            if deducted.is_positive() {
                missing = missing.checked_sub(deducted)?;
                self.deduct(*at, deducted)?;
            }
        }
        Ok(())
    }

    /// Gives an invoice up to `wanted`, what it still owes and what is left; says how much that was.
    fn give(&mut self, at: usize, wanted: Money, reason: &str) -> Result<Money, MoneyError> {
        let nothing = Money::zero(self.left.currency());
        let Some(slot) = self.slots.get_mut(at) else {
            return Ok(nothing);
        };
        let given = wanted.checked_min(slot.owed()?)?.checked_min(self.left)?;
        if !given.is_positive() {
            return Ok(nothing);
        }
        self.left = self.left.checked_sub(given)?;
        slot.given = slot.given.checked_add(given)?;
        match slot.rank {
            Some(_) => slot.why.push_str(&format!("; {given} more: {reason}")),
            None => {
                slot.why = format!("{}: {reason}", slot.invoice.number);
                slot.rank = Some(self.served);
                self.served = self.served.saturating_add(1);
            }
        }
        Ok(given)
    }

    /// What has become of the money; `reason`: why the rest of it stays on account.
    fn finish(mut self, reason: &str) -> Allocation {
        if self.left.is_positive() {
            self.why.push(format!("{} stays on account: {reason}", self.left));
        }
        let mut served: Vec<Slot<'_>> = self
            .slots
            .into_iter()
            .filter(|slot| slot.rank.is_some())
            .collect();
        served.sort_by_key(|slot| slot.rank);
        Allocation {
            parts: served
                .into_iter()
                .map(|slot| Part {
                    invoice: slot.invoice.id.clone(),
                    amount: slot.given,
                    why: slot.why,
                })
                .collect(),
            differences: self.differences,
            unapplied: self.left,
            why: self.why,
        }
    }
}

/// Why it is the turn of a receivable, where the payer does not say.
fn why_next(order: Order, kind: ReceivableKind, due_on: NaiveDate) -> String {
    let turn = match (order, kind) {
        (Order::DueDate | Order::Remittance, _) => {
            return format!("the oldest open invoice, due on {due_on}");
        }
        (Order::ChargesFirst, ReceivableKind::Fee | ReceivableKind::Compensation) => "costs come first",
        (Order::ChargesFirst, ReceivableKind::Interest) => "interest comes before invoices",
        (Order::ChargesFirst, ReceivableKind::Invoice) => "the oldest invoice, costs and interest being paid",
        (Order::PrincipalFirst, ReceivableKind::Invoice) => "the oldest invoice, before interest and costs",
        (Order::PrincipalFirst, ReceivableKind::Interest) => "interest, invoices being paid",
        (Order::PrincipalFirst, _) => "costs come last",
    };
    format!("{turn}, due on {due_on}")
}

fn one_currency(currency: Currency, other: Money) -> Result<(), MoneyError> {
    match other.currency() == currency {
        true => Ok(()),
        false => Err(MoneyError::CurrencyMismatch {
            left: currency,
            right: other.currency(),
        }),
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

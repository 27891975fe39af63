//! The small differences between what was owed and what was paid, and which of them are let go.
//!
//! Source: Dunlin's own rules; the policy says how much is small, the invoice what discount was agreed on.

use serde::Serialize;

use super::{Keep, Receipt, Rules, Slot, Spending, Tolerance};
use crate::id::InvoiceId;
use crate::money::{Money, MoneyError};

/// Why a difference is let go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cause {
    /// An early-payment discount was taken in time.
    Discount,
    /// A little less than owed was paid.
    Underpayment,
    /// Banks kept a charge of a transfer.
    BankCharge,
    /// A little more than owed was paid, and the policy keeps it.
    Overpayment,
}

/// A difference that is let go: a posting of its own, beside that of the money.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// At which invoice.
    pub invoice: InvoiceId,
    /// Why.
    pub cause: Cause,
    /// How much, as it is posted: negative lowers what is owed, positive (an over-payment that is kept) raises it by
    /// what the money has paid too much.
    pub posted: Money,
    /// The same in a sentence.
    pub why: String,
}

/// What reverses a difference, of which `posted` is on the books, when `taken` of the payment goes back from its
/// invoice: a discount or what was written off is owed again, all of it, since what earned it is gone; an
/// over-payment that was kept goes back with the money, and no more of it than the money.
pub fn reversal(posted: Money, taken: Money) -> Result<Money, MoneyError> {
    match posted.is_positive() {
        true => posted.checked_min(taken)?.checked_neg(),
        false => posted.checked_neg(),
    }
}

/// Invoices that a payment may have meant to settle.
struct Group {
    /// What they owed before it.
    owed: Money,
    /// What they are left owing.
    rest: Money,
    /// Which are left owing, and how much each.
    short: Vec<(usize, Money)>,
}

impl Group {
    fn of(slot: &Slot<'_>) -> Result<Group, MoneyError> {
        Ok(Group {
            owed: slot.invoice.balance,
            rest: slot.owed()?,
            short: Vec::new(),
        })
    }

    /// Whether what is left owing is small: within the tolerance, and less than half of what was owed, since who
    /// pays less than half of something did not mean to settle it. The half is Dunlin's own.
    fn is_small(&self, tolerance: &Tolerance) -> Result<bool, MoneyError> {
        let paid = self.owed.checked_sub(self.rest)?;
        let small = self.rest.is_positive() && self.rest.minor() <= tolerance.limit(self.owed)?.minor();
        Ok(small && self.rest.minor() < paid.minor())
    }
}

impl Spending<'_> {
    /// Settles by its discount each invoice that got money and owes no more than that: the named ones alone, before
    /// the rest of the money would make up for what their payer deducted; or all.
    pub(super) fn deduct_discounts(&mut self, named: bool) -> Result<(), MoneyError> {
        for at in 0..self.slots.len() {
            let Some(slot) = self.slots.get(at).filter(|slot| slot.named || !named) else {
                continue;
            };
            let owed = slot.owed()?;
            if slot.given.is_positive() && owed.is_positive() && owed.minor() <= slot.discount.minor() {
                self.deduct(at, owed)?;
            }
        }
        Ok(())
    }

    /// Deducts so much of an invoice's discount.
    pub(super) fn deduct(&mut self, at: usize, amount: Money) -> Result<(), MoneyError> {
        if let Some(slot) = self.slots.get_mut(at) {
            slot.discount = slot.discount.checked_sub(amount)?;
        }
        self.let_go(at, Cause::Discount, amount, |number| {
            format!("{number}: {amount} early-payment discount, paid in time")
        })
    }

    /// Writes off what is left owing, where it is small and the payment clearly meant to settle: first on the whole
    /// account, all of which it has to reach, then on the invoices that were named. Of these, one that is left owing more than is small was
    /// plainly paid in part, and is left alone. What the payment leaves owing of the others must be small in all.
    pub(super) fn let_go_of_shortfall(
        &mut self,
        rules: &Rules,
        receipt: &Receipt<'_>,
    ) -> Result<(), MoneyError> {
        if self.left.is_positive() {
            return Ok(());
        }
        let mut tolerances = vec![(Cause::Underpayment, rules.under.clone())];
        if receipt.through_banks {
            tolerances.push((Cause::BankCharge, rules.bank_charges()));
        }
        for (cause, tolerance) in &tolerances {
            // What got nothing of it was plainly not meant: a fee that the payer left out is no bank charge.
            let reached = self
                .slots
                .iter()
                .all(|slot| slot.rank.is_some() || !slot.invoice.balance.is_positive());
            let all = self.group(|_| Ok(true))?;
            if reached && all.is_small(tolerance)? {
                return self.write_off(*cause, &all.short, "of all that was owed");
            }
            let named = self.group(|slot| {
                let alone = Group::of(slot)?;
                Ok(slot.named && (alone.rest.is_zero() || alone.is_small(tolerance)?))
            })?;
            if named.is_small(tolerance)? {
                return self.write_off(*cause, &named.short, "of what was named");
            }
        }
        Ok(())
    }

    /// The invoices of which `which` is true, taken together.
    fn group(&self, which: impl Fn(&Slot<'_>) -> Result<bool, MoneyError>) -> Result<Group, MoneyError> {
        let nothing = Money::zero(self.amount.currency());
        let mut group = Group {
            owed: nothing,
            rest: nothing,
            short: Vec::new(),
        };
        for (at, slot) in self.slots.iter().enumerate() {
            let alone = Group::of(slot)?;
            if !alone.owed.is_positive() || !which(slot)? {
                continue;
            }
            group.owed = group.owed.checked_add(alone.owed)?;
            group.rest = group.rest.checked_add(alone.rest)?;
            if alone.rest.is_positive() {
                group.short.push((at, alone.rest));
            }
        }
        Ok(group)
    }

    fn write_off(&mut self, cause: Cause, short: &[(usize, Money)], of: &str) -> Result<(), MoneyError> {
        for (at, owed) in short {
            self.let_go(*at, cause, *owed, |number| match cause {
                Cause::BankCharge => {
                    format!("{number}: {owed} {of} is missing, as much as banks may keep of a transfer")
                }
                _ => format!("{number}: {owed} {of} is missing, which is within the tolerance"),
            })?;
        }
        Ok(())
    }

    /// Keeps what is left over, where it is small and the policy keeps it: as paid on the invoice that was settled last.
    pub(super) fn keep_surplus(&mut self, rules: &Rules) -> Result<(), MoneyError> {
        let surplus = self.left;
        if !surplus.is_positive() || rules.over.keep != Keep::WriteOff {
            return Ok(());
        }
        let applied = self.amount.checked_sub(surplus)?;
        if surplus.minor() > rules.over.tolerance.limit(applied)?.minor() {
            return Ok(());
        }
        let mut settled = Vec::new();
        for (at, slot) in self.slots.iter().enumerate() {
            if let Some(rank) = slot.rank.filter(|_| slot.owed().is_ok_and(|owed| owed.is_zero())) {
                settled.push((rank, at));
            }
        }
        let Some((_, at)) = settled.into_iter().max() else {
            return Ok(());
        };
        let Some(slot) = self.slots.get_mut(at) else {
            return Ok(());
        };
        slot.given = slot.given.checked_add(surplus)?;
        slot.why
            .push_str(&format!("; {surplus} more: paid too much, and kept"));
        self.left = Money::zero(surplus.currency());
        self.differences.push(Difference {
            invoice: slot.invoice.id.clone(),
            cause: Cause::Overpayment,
            posted: surplus,
            why: format!(
                "{}: {surplus} was paid too much, which is within the tolerance and kept",
                slot.invoice.number
            ),
        });
        Ok(())
    }

    /// Lowers what an invoice owes without money.
    fn let_go(
        &mut self,
        at: usize,
        cause: Cause,
        amount: Money,
        why: impl FnOnce(&str) -> String,
    ) -> Result<(), MoneyError> {
        let Some(slot) = self.slots.get_mut(at) else {
            return Ok(());
        };
        slot.let_go = slot.let_go.checked_add(amount)?;
        self.differences.push(Difference {
            invoice: slot.invoice.id.clone(),
            cause,
            posted: amount.checked_neg()?,
            why: why(&slot.invoice.number),
        });
        Ok(())
    }
}

//! The journal: each line of the ledger as a double entry, in accounts that a deployment names.
//!
//! Shape: a posting moves what a customer owes on an invoice ([`Role::Receivables`]) or what it has to its credit
//! ([`Role::CustomerCredits`]); the other side follows from why. Debits are positive, credits negative, and the two
//! lines of an entry add up to nothing in one currency. So the balance of `receivables` is what is owed on invoices, and
//! that of both together what the ledger says that customers owe, on any day.
//!
//! What moves within a payment or a credit note (from the account to an invoice, from one invoice to another) moves no
//! money: its other side is [`Role::Transfers`], which such moves leave as they found it.
//!
//! Bounds: a kind of posting without an entry does not compile. Refused: nothing; every posting has an entry. Not told:
//! taxes, which an invoice's posting does not hold; who books them elsewhere names a clearing account for `revenue`.
//!
//! Source: double-entry bookkeeping; which accounts there are, and their numbers by default, is Dunlin's own.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::fields::{FieldError, Fields, kinds};
use crate::limits;
use crate::money::{Money, MoneyError};
use crate::names::names;
use crate::posting::Kind;
use crate::receivable::ReceivableKind;

/// What an account is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// What is owed on invoices and charges.
    Receivables,
    /// What customers have paid, or were credited, beyond their invoices.
    CustomerCredits,
    /// Invoices.
    Revenue,
    /// Credit notes.
    CreditNotes,
    /// Money, by how or through whom it came.
    Cash,
    /// Money that is paid back.
    Refunds,
    /// Fees for late payment and statutes' fixed sums.
    LateFees,
    /// Interest for late payment.
    Interest,
    /// Discounts for early payment.
    Discounts,
    /// Under-payments and bank charges that are let go.
    ToleranceLosses,
    /// Over-payments that are kept.
    ToleranceGains,
    /// Debts that are given up.
    WriteOffs,
    /// What settlements give up.
    Settlements,
    /// Between the two sides of what moves within a payment or a credit note.
    Transfers,
}

names! { Role {
    "receivables" => Receivables, "customer_credits" => CustomerCredits, "revenue" => Revenue,
    "credit_notes" => CreditNotes, "cash" => Cash, "refunds" => Refunds, "late_fees" => LateFees,
    "interest" => Interest, "discounts" => Discounts, "tolerance_losses" => ToleranceLosses,
    "tolerance_gains" => ToleranceGains, "write_offs" => WriteOffs, "settlements" => Settlements,
    "transfers" => Transfers,
} }

impl Role {
    /// The account's number where a deployment names none: assets 1, liabilities 2, income 4, expenses 5.
    fn default_account(self) -> &'static str {
        match self {
            Self::Receivables => "1200",
            Self::CustomerCredits => "2100",
            Self::Revenue => "4000",
            Self::CreditNotes => "4090",
            Self::Cash => "1000",
            Self::Refunds => "1090",
            Self::LateFees => "4200",
            Self::Interest => "4210",
            Self::Discounts => "4080",
            Self::ToleranceLosses => "5200",
            Self::ToleranceGains => "4220",
            Self::WriteOffs => "5100",
            Self::Settlements => "5110",
            Self::Transfers => "1290",
        }
    }
}

/// A posting, as far as its entry depends on it.
#[derive(Debug, Clone, Copy)]
pub struct Facts {
    /// Why.
    pub kind: Kind,
    /// How much; positive raises what the customer owes.
    pub amount: Money,
    /// What it is set against; `None`: on account.
    pub on: Option<ReceivableKind>,
    /// Whether it is one of several that move something within a payment or a credit note and add up to nothing.
    pub within: bool,
    /// Of a difference that was let go or taken back: whether it was money kept, not money forgone.
    pub gain: bool,
}

/// One side of an entry: an account's role, and how much. Positive is a debit, negative a credit.
pub type Line = (Role, Money);

/// A posting's entry: what the customer owes first, then the other side.
pub fn entry(facts: &Facts) -> Result<[Line; 2], MoneyError> {
    let owed = match facts.on {
        Some(_) => Role::Receivables,
        None => Role::CustomerCredits,
    };
    Ok([(owed, facts.amount), (other(facts), facts.amount.checked_neg()?)])
}

fn other(facts: &Facts) -> Role {
    match facts.kind {
        Kind::Payment | Kind::CreditNote if facts.within => Role::Transfers,
        Kind::Invoice | Kind::Void => income(facts.on),
        Kind::Charge | Kind::ChargeReversal => income(facts.on),
        Kind::CreditNote => Role::CreditNotes,
        Kind::Payment | Kind::PaymentReversal => Role::Cash,
        Kind::Refund => Role::Refunds,
        Kind::Discount => Role::Discounts,
        Kind::Tolerance if facts.gain => Role::ToleranceGains,
        Kind::Tolerance => Role::ToleranceLosses,
        Kind::WriteOff => Role::WriteOffs,
        Kind::Settlement => Role::Settlements,
    }
}

/// What brought the receivable about.
fn income(on: Option<ReceivableKind>) -> Role {
    match on {
        Some(ReceivableKind::Interest) => Role::Interest,
        Some(ReceivableKind::Fee | ReceivableKind::Compensation) => Role::LateFees,
        Some(ReceivableKind::Invoice) | None => Role::Revenue,
    }
}

/// Which account of the general ledger has which role.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Chart {
    accounts: BTreeMap<Role, String>,
    cash: BTreeMap<String, String>,
}

impl Chart {
    /// Reads a chart: an account by role, and `cash_by`, an account by payment method or provider. What is not named
    /// has its account by default.
    pub fn parse(value: &Value) -> Result<Chart, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let mut chart = Chart::default();
        for (name, role) in Role::NAMES {
            if let Some(account) = fields.optional(name, kinds::text(limits::SLUG)) {
                chart.accounts.insert(*role, account);
            }
        }
        let by = fields.entries("cash_by");
        if by.len() > limits::METHODS {
            fields.report(
                "cash_by",
                "too_many_items",
                format!("at most {} methods and providers are told apart", limits::METHODS),
            );
            return fields.finish(|| None);
        }
        for (method, account) in by {
            let named = kinds::text_in(method, limits::SLUG).and_then(|method| {
                let account = kinds::text(limits::SLUG)(account)?;
                Ok((method, account))
            });
            match named {
                Ok((method, account)) => drop(chart.cash.insert(method, account)),
                Err(problem) => fields.report(&format!("cash_by/{method}"), problem.code, problem.detail),
            }
        }
        fields.finish(|| Some(chart))
    }

    /// A chart of what is stored: role, method or nothing, account. What is no role any more is left out.
    pub fn stored(rows: impl IntoIterator<Item = (String, String, String)>) -> Chart {
        let mut chart = Chart::default();
        for (role, method, account) in rows {
            match (Role::parse(&role), method.is_empty()) {
                (Some(role), true) => drop(chart.accounts.insert(role, account)),
                (Some(Role::Cash), false) => drop(chart.cash.insert(method, account)),
                _ => {}
            }
        }
        chart
    }

    /// What differs from the default: role, method or nothing, account.
    pub fn named(&self) -> impl Iterator<Item = (Role, &str, &str)> {
        let accounts = self
            .accounts
            .iter()
            .map(|(role, account)| (*role, "", account.as_str()));
        accounts.chain(
            self.cash
                .iter()
                .map(|(method, account)| (Role::Cash, method.as_str(), account.as_str())),
        )
    }

    /// The account of a role.
    pub fn account(&self, role: Role) -> &str {
        self.accounts
            .get(&role)
            .map_or(role.default_account(), String::as_str)
    }

    /// The account of a role where money came, or went, through a provider by a method: the provider's before the
    /// method's.
    pub fn account_of(&self, role: Role, source: Option<&str>, method: Option<&str>) -> &str {
        let own = [source, method]
            .into_iter()
            .flatten()
            .find_map(|name| self.cash.get(name));
        match (role, own) {
            (Role::Cash, Some(account)) => account,
            _ => self.account(role),
        }
    }

    /// Accounts by payment method or provider.
    pub fn cash_by(&self) -> &BTreeMap<String, String> {
        &self.cash
    }
}

#[cfg(test)]
mod tests;

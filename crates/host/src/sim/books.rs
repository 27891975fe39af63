//! What the world knows to have happened: the truth that the ledger is held against.

use std::collections::BTreeMap;

/// An invoice that was issued.
#[derive(Debug, Clone)]
pub(super) struct Invoice {
    pub(super) who: usize,
    pub(super) cents: i64,
    pub(super) currency: &'static str,
    /// What the customer has paid of it, as the customer sees it.
    pub(super) paid: i64,
    /// What credit notes that name it have taken off it.
    pub(super) corrected: i64,
    /// By which webhook it was told of, where it was.
    pub(super) event: Option<String>,
    /// Whether Dunlin has acknowledged it.
    pub(super) told: bool,
    /// Since which step Dunlin knows that nothing of it is owed.
    pub(super) settled: Option<u64>,
    /// Since which step all of it is in dispute, and until which.
    pub(super) disputed: Option<(u64, u64)>,
}

/// A month, of one currency.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Month {
    pub(super) invoiced: i64,
    pub(super) collected: i64,
    pub(super) credited: i64,
    /// Voided or written off.
    pub(super) let_go: i64,
}

/// Everything that was told and paid.
#[derive(Debug, Default)]
pub(super) struct Books {
    /// By number.
    pub(super) invoices: BTreeMap<String, Invoice>,
    /// Money that was acknowledged over the API, by customer and currency.
    pub(super) received: BTreeMap<(usize, String), i64>,
    /// What was credited, likewise.
    pub(super) credited: BTreeMap<(usize, String), i64>,
    /// What was voided or written off, likewise.
    pub(super) forgiven: BTreeMap<(usize, String), i64>,
    /// What was paid back by hand, likewise.
    pub(super) paid_back: BTreeMap<(usize, String), i64>,
    /// Money that Stripe has taken, likewise.
    pub(super) at_stripe: BTreeMap<(usize, String), i64>,
    /// By `2026-01` and currency.
    pub(super) months: BTreeMap<(String, String), Month>,
    /// Events that were counted: `promises made`, `disputes opened`.
    pub(super) counts: BTreeMap<&'static str, u64>,
}

impl Books {
    pub(super) fn month(&mut self, month: &str, currency: &str) -> &mut Month {
        self.months
            .entry((month.to_owned(), currency.to_owned()))
            .or_default()
    }

    pub(super) fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// What a customer still wants to pay.
    pub(super) fn wants_to_pay(&self, number: &str) -> i64 {
        self.invoices
            .get(number)
            .map_or(0, |invoice| invoice.cents - invoice.paid)
    }

    pub(super) fn pay(&mut self, number: &str, cents: i64) {
        if let Some(invoice) = self.invoices.get_mut(number) {
            invoice.paid += cents;
        }
    }

    /// Nothing of an invoice is to be paid any more, since this step.
    pub(super) fn let_go(&mut self, number: &str, step: u64) {
        if let Some(invoice) = self.invoices.get_mut(number) {
            invoice.paid = invoice.paid.max(invoice.cents);
            invoice.settled.get_or_insert(step);
        }
    }

    /// A customer has paid all at once.
    pub(super) fn pay_all(&mut self, who: usize) {
        for invoice in self.invoices.values_mut().filter(|invoice| invoice.who == who) {
            invoice.paid = invoice.paid.max(invoice.cents);
        }
    }
}

/// Adds to what is kept under a customer and a currency.
pub(super) fn add(map: &mut BTreeMap<(usize, String), i64>, who: usize, currency: &str, cents: i64) {
    *map.entry((who, currency.to_owned())).or_default() += cents;
}

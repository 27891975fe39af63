//! Charges: fees, interest and statutes' fixed sums, each a receivable of its own beside the invoice that it is
//! charged on.
//!
//! **Shape.** A row here says why; an invoice row of the same id, with its own number (`2026-0001-F1`) and postings,
//! says what is owed. The sweep calls [`for_steps`] with the steps that it takes; [`undo`](self) takes back, by hand,
//! with a message that never left, or because a payment turned out to be older.
//! **Once.** UNIQUE on (invoice, step, cycle, kind), and on (invoice) for the fixed sum. Interest posted is what has
//! accrued less what was posted before, so no day is charged twice, whatever steps post it.
//! **Blocked.** Interest for which a reference rate is missing is kept without an amount, says which rate, and is
//! posted when an administrator adds it ([`unblock`]).

mod draft;
mod foretell;
mod post;
mod unblock;
mod undo;
mod view;

pub use foretell::{Foretold, foretell};
pub use post::{Blocked, Charged, Posted, StepCharges, for_steps};
pub use unblock::unblock;
pub use undo::{Undone, correct, reverse, reverse_for_messages, reverse_on, waive};
pub use view::{ChargeView, Filter, InterestView, MissingRate, interest_of, list, one};

use crate::db::{Db, statements};
use crate::error::{Result, StoreError};
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::calendar;
use receivables::charges::statutory::Debt;
use receivables::charges::{Basis, Charge, ChargeError, History};
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::fields::Fields;
use receivables::id::{CustomerId, InvoiceId};
use receivables::intake::CustomerKind;
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use receivables::zone::Zone;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// All that charges on a receivable depend on, as one JSON document. Money that bounced or was charged back never paid
/// anything: what takes it back counts from the day on which it seemed to arrive.
macro_rules! select_facts {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', i.id, 'customer', i.customer_id, 'number', i.number, 'kind', i.kind,
                'debtor', k.kind, 'country', k.country, 'time_zone', k.time_zone, 'issue_on', i.issue_on,
                'due_on', i.due_on, 'currency', i.currency, 'total_minor', i.total_minor,
                'balance_minor', i.balance_minor, 'parts',
                json((SELECT json_group_array(json_array(p.due_on, p.amount_minor))
                    FROM instalments p WHERE p.invoice_id = i.id)), 'changes',
                json((SELECT json_group_array(json_array(coalesce(y.received_on, p.value_on), p.amount_minor))
                    FROM postings p LEFT JOIN payments y ON p.kind = 'payment_reversal' AND y.id = p.source_id
                    WHERE p.invoice_id = i.id)),
                'charges', json((SELECT json_group_array(json_object('kind', c.kind, 'value_on', c.value_on,
                    'minor', coalesce(c.amount_minor, 0) - c.reversed_minor))
                    FROM charges c WHERE c.charged_on = i.id)))
            FROM invoices i JOIN customers k ON k.id = i.customer_id ",
            $which
        )
    };
}

statements! {
    BY_ID = select_facts!("WHERE i.id IN (SELECT value FROM json_each(?))");
    /// What of a customer may be owed on a day, or bears interest that is not posted: what is open, what was settled
    /// after that day, and what was settled late.
    OWED_BY = select_facts!("WHERE i.customer_id IN (SELECT value FROM json_each(?1))
        AND i.state = 'active' AND (i.balance_minor > 0 OR i.settled_on IS NULL OR i.settled_on > ?2
            OR i.settled_on > min(i.due_on, date(i.issue_on, '+45 days'))
            OR EXISTS (SELECT 1 FROM instalments p WHERE p.invoice_id = i.id))
        ORDER BY i.customer_id, i.due_on, i.id");
    /// Invoices whose principal was paid late after a message had spoken about them: interest on them may be owed that
    /// no step has charged.
    PAID_LATE = select_facts!("WHERE i.customer_id IN (SELECT value FROM json_each(?1)) AND i.balance_minor = 0
        AND i.kind = 'invoice' AND i.state = 'active' AND i.settled_on > i.due_on AND i.settled_on > ?2
        AND EXISTS (SELECT 1 FROM steps_taken s WHERE s.invoice_id = i.id AND s.listed = 1)
        ORDER BY i.customer_id, i.due_on, i.id");
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, draft::ALL, post::ALL, unblock::ALL, undo::ALL, view::ALL].concat()
}

#[derive(Deserialize)]
struct FactsRow {
    id: InvoiceId,
    customer: CustomerId,
    number: String,
    kind: String,
    debtor: String,
    country: Country,
    time_zone: String,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    currency: Currency,
    total_minor: i64,
    balance_minor: i64,
    /// The due dates and amounts of its parts, where it is payable in parts.
    parts: Vec<(NaiveDate, i64)>,
    changes: Vec<(NaiveDate, i64)>,
    charges: Vec<MadeRow>,
}

#[derive(Deserialize)]
struct MadeRow {
    kind: String,
    value_on: NaiveDate,
    minor: i64,
}

/// A charge that an invoice has already.
struct Made {
    kind: ReceivableKind,
    value_on: NaiveDate,
    /// What of it stands, waived or not.
    amount: Money,
}

/// A receivable, as far as charges are concerned.
pub(crate) struct Facts {
    pub(crate) id: InvoiceId,
    pub(crate) customer: CustomerId,
    pub(crate) number: String,
    pub(crate) kind: ReceivableKind,
    debtor: CustomerKind,
    country: Country,
    zone: Zone,
    issued_on: NaiveDate,
    due_on: NaiveDate,
    total: Money,
    balance: Money,
    pub(crate) history: History,
    /// What of it was due: all, unless it is payable in parts.
    pub(crate) late: History,
    made: Vec<Made>,
}

/// The meaning of a word that the database keeps.
fn meaning<T: Copy>(table: &[(&str, T)], word: &str) -> Result<T> {
    let found = table.iter().find(|(name, _)| *name == word);
    found
        .map(|(_, meaning)| *meaning)
        .ok_or_else(|| StoreError::Decode(format!("`{word}` is no word of the table")))
}

impl TryFrom<FactsRow> for Facts {
    type Error = StoreError;

    fn try_from(row: FactsRow) -> Result<Self> {
        let money = |minor| Money::new(minor, row.currency);
        let changes = row.changes.iter().map(|(on, minor)| (*on, money(*minor)));
        let made = row
            .charges
            .iter()
            .map(|made| {
                Ok(Made {
                    kind: meaning(ReceivableKind::NAMES, &made.kind)?,
                    value_on: made.value_on,
                    amount: money(made.minor),
                })
            })
            .collect::<Result<Vec<_>>>()?;
        let history = History::of(row.currency, changes)?;
        let parts: Vec<(NaiveDate, Money)> = row
            .parts
            .iter()
            .map(|(due_on, minor)| (*due_on, money(*minor)))
            .collect();
        let late = match parts.is_empty() {
            true => history.clone(),
            false => history.due_in_parts(&parts)?,
        };
        let first_part = parts.iter().map(|(due_on, _)| *due_on).min();
        Ok(Self {
            history,
            late,
            kind: meaning(ReceivableKind::NAMES, &row.kind)?,
            debtor: meaning(CustomerKind::NAMES, &row.debtor)?,
            zone: time_zone(&row.time_zone)?,
            total: money(row.total_minor),
            balance: money(row.balance_minor),
            id: row.id,
            customer: row.customer,
            number: row.number,
            country: row.country,
            issued_on: row.issue_on,
            due_on: first_part.unwrap_or(row.due_on),
            made,
        })
    }
}

impl Facts {
    pub(crate) async fn load(db: &Db, ids: &[&InvoiceId]) -> Result<BTreeMap<InvoiceId, Self>> {
        let rows: Vec<FactsRow> = db.list(BY_ID, params![serde_json::to_string(ids)?]).await?;
        rows.into_iter()
            .map(|row| Self::try_from(row).map(|facts| (facts.id.clone(), facts)))
            .collect()
    }

    /// What the customers may owe on a day, in the order of customers and due dates.
    pub(crate) async fn owed_by(db: &Db, customers: &[CustomerId], on: NaiveDate) -> Result<Vec<Self>> {
        let customers = serde_json::to_string(customers)?;
        let rows: Vec<FactsRow> = db.list(OWED_BY, params![customers, on.to_string()]).await?;
        rows.into_iter().map(Self::try_from).collect()
    }

    /// The invoices of customers whose principal was paid late, since a day.
    async fn paid_late(db: &Db, customers: &BTreeSet<CustomerId>, since: NaiveDate) -> Result<Vec<Self>> {
        let customers = serde_json::to_string(customers)?;
        let rows: Vec<FactsRow> = db.list(PAID_LATE, params![customers, since.to_string()]).await?;
        rows.into_iter().map(Self::try_from).collect()
    }

    pub(crate) fn currency(&self) -> Currency {
        self.total.currency()
    }

    pub(crate) fn debt(&self) -> Debt<'_> {
        Debt {
            kind: self.debtor,
            country: self.country,
            issued_on: self.issued_on,
            due_on: self.due_on,
            history: &self.late,
        }
    }

    /// The civil day where the customer is.
    fn day(&self, moment: Moment) -> NaiveDate {
        calendar::day_of(moment.now, self.zone)
    }

    /// What a fee is computed on; none for a charge.
    fn basis(&self) -> Option<Basis> {
        Basis::of(self.kind, self.id.clone(), self.total, self.balance)
    }

    /// Whether a statute's fixed sum was charged on it.
    fn compensated(&self) -> bool {
        let standing = |made: &Made| made.kind == ReceivableKind::Compensation && !made.amount.is_zero();
        self.made.iter().any(standing)
    }

    /// Interest that was charged by the close of a day, less what was reversed of it.
    pub(crate) fn interest_charged(&self, by: NaiveDate) -> Result<Money> {
        let charged = self
            .made
            .iter()
            .filter(|made| made.kind == ReceivableKind::Interest && made.value_on <= by);
        Ok(Money::checked_sum(
            self.currency(),
            charged.map(|made| made.amount),
        )?)
    }
}

/// A charge that cannot be computed for another reason than a missing rate is a defect or an overflow.
pub(crate) fn failed(error: ChargeError) -> StoreError {
    match error {
        ChargeError::Money(error) => StoreError::Money(error),
        error @ ChargeError::NoRate { .. } => StoreError::Decode(error.to_string()),
    }
}

/// A charge as it was written by a policy, read back.
fn rule(value: &serde_json::Value) -> Result<Charge> {
    let mut fields = Fields::of(value);
    let read = Charge::read(&mut fields);
    let wrong = |_| StoreError::Decode(format!("{value} is no charge"));
    fields.finish(|| read).map_err(wrong)
}

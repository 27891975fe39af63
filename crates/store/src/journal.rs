//! The journal: the ledger's lines as double entries, and the accounts that they are booked on.
//!
//! **An entry a posting.** Its id is the posting's, so that whoever loads a day twice knows what it has. Entries stand in
//! the order of the day from which they count, then of their making; what is posted later for a day that has passed
//! comes up when that day is exported again.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::params;
use crate::postings::Kind;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PostingId};
use receivables::journal::{Chart, Facts, Role, entry};
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use serde::{Deserialize, Serialize};

statements! {
    /// `within`: all that is posted of one payment or credit note at one time adds up to nothing. `first_minor`: which
    /// way a difference went that was let go, of which this may be what takes it back.
    ENTRIES = "SELECT json_object('id', p.id, 'kind', p.kind, 'amount_minor', p.amount_minor, 'currency', p.currency,
            'value_on', p.value_on, 'posted_ms', p.posted_at, 'source_id', p.source_id,
            'customer', p.customer_id, 'external_id', k.external_id, 'invoice', p.invoice_id, 'number', i.number,
            'on', i.kind, 'source', y.source, 'method', y.method,
            'within', iif(p.kind IN ('payment', 'credit_note'), (SELECT sum(q.amount_minor) = 0 FROM postings q
                WHERE q.source_id = p.source_id AND q.posted_at = p.posted_at
                    AND q.kind IN ('payment', 'credit_note')), 0),
            'first_minor', iif(p.kind = 'tolerance', (SELECT q.amount_minor FROM postings q
                WHERE q.source_id = p.source_id AND q.kind IN ('discount', 'tolerance') AND q.kind = 'tolerance'
                    AND q.invoice_id IS p.invoice_id ORDER BY q.id LIMIT 1), NULL))
        FROM postings p JOIN customers k ON k.id = p.customer_id
        LEFT JOIN invoices i ON i.id = p.invoice_id LEFT JOIN payments y ON y.id = p.source_id
        WHERE p.value_on BETWEEN ?1 AND ?2 AND (p.value_on, p.id) > (?3, ?4)
        ORDER BY p.value_on, p.id LIMIT ?5";
    ACCOUNTS = "SELECT json_array(role, method, account) FROM journal_accounts WHERE role >= ''";
    CLEAR = "DELETE FROM journal_accounts WHERE role >= ''";
    PUT = "INSERT INTO journal_accounts (role, method, account)
        SELECT j.value->>0, j.value->>1, j.value->>2 FROM json_each(?) AS j";
}

#[derive(Deserialize)]
struct Row {
    id: PostingId,
    kind: Kind,
    amount_minor: i64,
    currency: Currency,
    value_on: NaiveDate,
    posted_ms: i64,
    source_id: String,
    customer: CustomerId,
    external_id: String,
    invoice: Option<InvoiceId>,
    number: Option<String>,
    on: Option<ReceivableKind>,
    source: Option<String>,
    method: Option<String>,
    within: i64,
    first_minor: Option<i64>,
}

/// One side of an entry.
#[derive(Debug, Clone, Serialize)]
pub struct LineView {
    /// The account of the general ledger.
    pub account: String,
    /// What it is for.
    pub role: &'static str,
    /// How much, on this side...
    pub debit: Option<Money>,
    /// ... or on that.
    pub credit: Option<Money>,
}

/// An entry of the journal.
#[derive(Debug, Clone, Serialize)]
pub struct EntryView {
    /// The posting's id.
    pub id: PostingId,
    /// The civil day from which it counts.
    pub date: NaiveDate,
    /// When it was posted: RFC 3339, UTC.
    pub posted_at: String,
    /// Why money moved.
    pub kind: Kind,
    /// Whose account.
    pub customer_id: CustomerId,
    /// The same by your own key.
    pub customer: String,
    /// Which invoice or charge; none: on account.
    pub invoice_id: Option<InvoiceId>,
    /// Its number.
    pub invoice_number: Option<String>,
    /// The invoice, credit note or payment behind it.
    pub source_id: String,
    /// Two lines that add up to nothing.
    pub lines: Vec<LineView>,
}

/// Where a page of the journal ended: the day, and the posting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The entry's day.
    pub date: NaiveDate,
    /// The entry's id.
    pub id: PostingId,
}

/// The entries of the days `from` to `to`, both included, after a place.
pub async fn entries(
    db: &Db,
    chart: &Chart,
    (from, to): (NaiveDate, NaiveDate),
    after: Option<&Place>,
    limit: u32,
) -> Result<Vec<EntryView>> {
    let (day, id) = match after {
        Some(place) => (place.date.to_string(), place.id.as_str()),
        None => (String::new(), ""),
    };
    let rows: Vec<Row> = db
        .list(ENTRIES, params![from.to_string(), to.to_string(), day, id, limit])
        .await?;
    rows.into_iter().map(|row| row.view(chart)).collect()
}

impl Row {
    fn view(self, chart: &Chart) -> Result<EntryView> {
        let facts = Facts {
            kind: self.kind,
            amount: Money::new(self.amount_minor, self.currency),
            on: self.on,
            within: self.within == 1,
            gain: self.first_minor.is_some_and(|first| first > 0),
        };
        let line = |(role, amount): (Role, Money)| {
            let account = chart.account_of(role, self.source.as_deref(), self.method.as_deref());
            let (debit, credit) = match amount.is_negative() {
                true => (None, Some(amount.checked_neg()?)),
                false => (Some(amount), None),
            };
            Ok(LineView {
                account: account.to_owned(),
                role: role.as_str(),
                debit,
                credit,
            })
        };
        let lines = entry(&facts)?.into_iter().map(line).collect::<Result<Vec<_>>>()?;
        Ok(EntryView {
            lines,
            id: self.id,
            date: self.value_on,
            posted_at: rfc3339(self.posted_ms)?,
            kind: self.kind,
            customer_id: self.customer,
            customer: self.external_id,
            invoice_id: self.invoice,
            invoice_number: self.number,
            source_id: self.source_id,
        })
    }
}

/// The accounts that this deployment books on.
pub async fn chart(db: &Db) -> Result<Chart> {
    let rows: Vec<(String, String, String)> = db.list(ACCOUNTS, params![]).await?;
    Ok(Chart::stored(rows))
}

/// Sets the accounts, in the place of all that was set before.
pub async fn put_chart(tx: &Tx<'_>, chart: &Chart) -> Result<()> {
    tx.run(CLEAR, params![]).await?;
    let rows: Vec<_> = chart
        .named()
        .map(|(role, method, account)| (role.as_str(), method, account))
        .collect();
    tx.run(PUT, params![serde_json::to_string(&rows)?]).await
}

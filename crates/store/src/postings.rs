//! Postings: the immutable lines of the ledger. Triggers carry each into the balances, in the same transaction.

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::id::{CustomerId, InvoiceId, PostingId};
use receivables::money::Money;
use serde::Serialize;

statements! {
    INSERT = "INSERT INTO postings (id, customer_id, invoice_id, kind, amount_minor, currency, value_on, source_id,
            posted_at)
        SELECT j.value->>'id', j.value->>'customer_id', j.value->>'invoice_id', j.value->>'kind',
            j.value->>'amount_minor', j.value->>'currency', j.value->>'value_on', j.value->>'source_id', ?1
        FROM json_each(?2) AS j";
    /// Rows where what is stored differs from the sum of the postings: none, ever. Reads the whole ledger.
    DRIFT = "SELECT json_object('what', what, 'id', id, 'stored_minor', stored, 'posted_minor', posted) FROM (
            SELECT 'invoice' AS what, i.id AS id, i.balance_minor AS stored,
                (SELECT coalesce(sum(p.amount_minor), 0) FROM postings p WHERE p.invoice_id = i.id) AS posted
            FROM invoices i
            UNION ALL
            SELECT 'case', c.customer_id || ' ' || c.currency, c.balance_minor,
                (SELECT coalesce(sum(p.amount_minor), 0) FROM postings p
                 WHERE p.customer_id = c.customer_id AND p.currency = c.currency)
            FROM cases c
            UNION ALL
            SELECT 'due_totals', t.currency || ' ' || t.due_on, t.balance_minor, coalesce(o.balance_minor, 0)
            FROM due_totals t LEFT JOIN (SELECT currency, due_on, sum(balance_minor) AS balance_minor FROM open_items
                GROUP BY currency, due_on) o ON o.currency = t.currency AND o.due_on = t.due_on
            UNION ALL
            SELECT 'instalments', i.id, (SELECT sum(n.balance_minor) FROM instalments n WHERE n.invoice_id = i.id),
                (SELECT coalesce(sum(p.amount_minor), 0) FROM postings p WHERE p.invoice_id = i.id)
            FROM invoices i WHERE i.parts > 0)
        WHERE stored <> posted";
}

/// For who proves a ledger without the app.
#[cfg(feature = "native")]
pub(crate) const PROOF: &str = DRIFT;

pub use receivables::posting::Kind;

/// What a line of a statement says it is, by its kind.
const WORDS: &[(&str, &str)] = &[
    ("invoice", "Invoice"),
    ("void", "Invoice voided"),
    ("write_off", "Written off"),
    ("credit_note", "Credit note"),
    ("payment", "Payment"),
    ("payment_reversal", "Payment taken back"),
    ("refund", "Refund"),
    ("charge", "Charge for late payment"),
    ("charge_reversal", "Charge taken back"),
    ("discount", "Early-payment discount"),
    ("tolerance", "Small difference let go"),
    ("settlement", "Discount of a settlement"),
];

/// What a line of a statement says it is; what takes such a line back says so.
pub(crate) fn words(kind: &str, amount: Money) -> String {
    let words = WORDS.iter().find(|(known, _)| *known == kind);
    let words = words.map_or("Posting", |(_, words)| words);
    match kind {
        "invoice" if amount.is_negative() => format!("{words}, lowered"),
        "discount" | "settlement" | "write_off" if amount.is_positive() => format!("{words}, taken back"),
        _ => words.to_owned(),
    }
}

/// One line. Positive amounts raise what the customer owes, negative ones lower it.
#[derive(Debug, Clone)]
pub struct Posting {
    /// Whose account.
    pub customer: CustomerId,
    /// Which invoice; `None`: on account (unapplied cash or credit).
    pub invoice: Option<InvoiceId>,
    /// Why.
    pub kind: Kind,
    /// How much; never zero.
    pub amount: Money,
    /// The civil day from which it counts.
    pub value_on: NaiveDate,
    /// The invoice, credit note or payment behind it.
    pub source_id: String,
}

#[derive(Serialize)]
struct Row<'a> {
    id: PostingId,
    customer_id: &'a CustomerId,
    invoice_id: Option<&'a InvoiceId>,
    kind: Kind,
    amount_minor: i64,
    currency: &'static str,
    value_on: NaiveDate,
    source_id: &'a str,
}

/// Posts all of `entries` with one statement.
pub async fn post(tx: &Tx<'_>, moment: Moment, entries: &[Posting]) -> Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut mint = moment.mint()?;
    let rows: Vec<_> = entries
        .iter()
        .map(|entry| Row {
            id: mint.id(PostingId::from_parts),
            customer_id: &entry.customer,
            invoice_id: entry.invoice.as_ref(),
            kind: entry.kind,
            amount_minor: entry.amount.minor(),
            currency: entry.amount.currency().code(),
            value_on: entry.value_on,
            source_id: &entry.source_id,
        })
        .collect();
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&rows)?])
        .await
}

/// A stored sum that does not follow from the postings.
#[derive(Debug, Clone, serde::Deserialize, Serialize)]
pub struct Drift {
    /// `invoice`, `instalments`, `case` or `due_totals`.
    pub what: String,
    /// Which.
    pub id: String,
    /// What is stored, in minor units.
    pub stored_minor: i64,
    /// What the postings add up to.
    pub posted_minor: i64,
}

/// Proves the whole ledger: every stored balance against the sum of its postings. Empty: all is well.
pub async fn drift(db: &crate::db::Db) -> Result<Vec<Drift>> {
    db.list(DRIFT, params![]).await
}

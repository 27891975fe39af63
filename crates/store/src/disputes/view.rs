//! Disputes, and what customers call their reasons, as the API shows them.

use crate::agreements::{CustomerRefView, InvoiceRef};
use crate::db::{Db, statements};
use crate::error::{Result, StoreError};
use crate::instants::rfc3339;
use crate::listing::Listing;
use crate::params;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::dispute::{Reason, undisputed};
use receivables::id::{CreditNoteId, CustomerId, DisputeId, InvoiceId};
use receivables::money::Money;
use serde::{Deserialize, Serialize};

macro_rules! select_dispute {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', d.id, 'invoice', d.invoice_id, 'number', i.number, 'customer', d.customer_id,
                'external_id', k.external_id, 'currency', d.currency, 'amount_minor', d.amount_minor,
                'balance_minor', i.balance_minor, 'disputed_minor', i.disputed_minor,
                'reason', d.reason, 'customer_code', d.customer_code, 'text', d.text, 'assignee', d.assignee,
                'documents', json(d.documents), 'respond_by', d.respond_by_on, 'status', d.status,
                'outcome', d.outcome, 'credited_minor', d.credited_minor, 'credit_note', d.credit_note_id,
                'comment', d.comment, 'opened_by', d.opened_by, 'opened_ms', d.opened_at, 'closed_ms', d.closed_at)
            FROM disputes d JOIN invoices i ON i.id = d.invoice_id JOIN customers k ON k.id = d.customer_id ",
            $which
        )
    };
}

statements! {
    ONE = select_dispute!("WHERE d.id = ?");
    LIST = select_dispute!("WHERE d.id < ?1 ORDER BY d.id DESC LIMIT ?2");
    OF_STATUS = select_dispute!("WHERE d.status = ?3 AND d.id < ?1 ORDER BY d.id DESC LIMIT ?2");
    OF_CUSTOMER = select_dispute!("WHERE d.customer_id = ?3 AND d.id < ?1 AND (?4 IS NULL OR d.status = ?4)
            ORDER BY d.id DESC LIMIT ?2");
    CODES = "SELECT json_object('key', c.code, 'code', c.written, 'customer', c.customer_id, 'reason', c.reason, 'text', c.text)
        FROM dispute_codes c WHERE (c.code, coalesce(c.customer_id, '')) > (?1, ?2)
        ORDER BY c.code, coalesce(c.customer_id, '') LIMIT ?3";
}

/// A dispute as `GET /v1/disputes/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct DisputeView {
    /// Ours.
    pub id: DisputeId,
    /// About which invoice.
    pub invoice: InvoiceRef,
    /// Whose.
    pub customer: CustomerRefView,
    /// How much of the invoice.
    pub amount: Money,
    /// What is owed on the invoice and in no dispute.
    pub undisputed: Money,
    /// Why.
    pub reason: &'static Reason,
    /// What the customer calls it.
    pub customer_code: Option<String>,
    /// What the customer says.
    pub text: Option<String>,
    /// The team that looks at it.
    pub assignee: Option<String>,
    /// What proves it.
    pub documents: serde_json::Value,
    /// The last day for an answer.
    pub respond_by: NaiveDate,
    /// `open`, `in_review`, `resolved` or `withdrawn`.
    pub status: String,
    /// `credit_note`, `rejected` or `split`, once it is resolved.
    pub outcome: Option<String>,
    /// How much was credited.
    pub credited: Money,
    /// By which credit note.
    pub credit_note: Option<CreditNoteId>,
    /// Why it was decided so.
    pub comment: Option<String>,
    /// The key with which it was opened.
    pub opened_by: String,
    /// RFC 3339, UTC.
    pub opened_at: String,
    /// RFC 3339, UTC.
    pub closed_at: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: DisputeId,
    invoice: InvoiceId,
    number: String,
    customer: CustomerId,
    external_id: String,
    currency: Currency,
    amount_minor: i64,
    balance_minor: i64,
    disputed_minor: i64,
    reason: String,
    customer_code: Option<String>,
    text: Option<String>,
    assignee: Option<String>,
    documents: serde_json::Value,
    respond_by: NaiveDate,
    status: String,
    outcome: Option<String>,
    credited_minor: i64,
    credit_note: Option<CreditNoteId>,
    comment: Option<String>,
    opened_by: String,
    opened_ms: i64,
    closed_ms: Option<i64>,
}

fn reason(code: &str) -> Result<&'static Reason> {
    Reason::parse(code).ok_or_else(|| StoreError::Decode(format!("reason {code:?}")))
}

impl TryFrom<Row> for DisputeView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let money = |minor| Money::new(minor, row.currency);
        Ok(Self {
            id: row.id,
            invoice: InvoiceRef {
                id: row.invoice,
                number: row.number,
            },
            customer: CustomerRefView {
                id: row.customer,
                external_id: row.external_id,
            },
            amount: money(row.amount_minor),
            undisputed: undisputed(money(row.balance_minor), money(row.disputed_minor))?,
            reason: reason(&row.reason)?,
            customer_code: row.customer_code,
            text: row.text,
            assignee: row.assignee,
            documents: row.documents,
            respond_by: row.respond_by,
            status: row.status,
            outcome: row.outcome,
            credited: money(row.credited_minor),
            credit_note: row.credit_note,
            comment: row.comment,
            opened_by: row.opened_by,
            opened_at: rfc3339(row.opened_ms)?,
            closed_at: row.closed_ms.map(rfc3339).transpose()?,
        })
    }
}

/// One dispute.
pub async fn view(db: &Db, id: &DisputeId) -> Result<Option<DisputeView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(DisputeView::try_from).transpose()
}

const LISTING: Listing = Listing {
    all: LIST,
    of_status: OF_STATUS,
    of_customer: OF_CUSTOMER,
};

/// Which disputes to list.
#[derive(Debug, Clone, Default)]
pub struct DisputeFilter {
    /// Only those of one customer.
    pub customer: Option<CustomerId>,
    /// Only those of one status.
    pub status: Option<&'static str>,
    /// The last one of the page before.
    pub after: Option<String>,
}

/// Disputes, the newest first.
pub async fn list(db: &Db, filter: &DisputeFilter, limit: u32) -> Result<Vec<DisputeView>> {
    let (customer, before) = (filter.customer.as_ref(), filter.after.as_deref());
    let rows: Vec<Row> = LISTING.rows(db, customer, filter.status, before, limit).await?;
    rows.into_iter().map(DisputeView::try_from).collect()
}

/// A customer's own code as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct CodeView {
    /// As the customer writes it.
    pub code: String,
    /// Whose; `None`: everybody's who has none of that name.
    pub customer: Option<CustomerId>,
    /// What it means.
    pub reason: &'static Reason,
    /// What the customer says that it means.
    pub text: Option<String>,
    /// Where it stands in the list.
    #[serde(skip)]
    pub cursor: String,
}

#[derive(Deserialize)]
struct CodeRow {
    key: String,
    code: String,
    customer: Option<CustomerId>,
    reason: String,
    text: Option<String>,
}

/// The codes that are mapped, in their order, after a cursor.
pub async fn codes(db: &Db, after: Option<&str>, limit: u32) -> Result<Vec<CodeView>> {
    // A customer's id has no space in it: what comes before the last one is the code.
    let (code, customer) = after.and_then(|after| after.rsplit_once(' ')).unwrap_or(("", ""));
    let rows: Vec<CodeRow> = db.list(CODES, params![code, customer, limit]).await?;
    rows.into_iter()
        .map(|row| {
            let of = row.customer.as_ref().map_or("", CustomerId::as_str);
            Ok(CodeView {
                cursor: format!("{} {of}", row.key),
                code: row.code,
                customer: row.customer,
                reason: reason(&row.reason)?,
                text: row.text,
            })
        })
        .collect()
}

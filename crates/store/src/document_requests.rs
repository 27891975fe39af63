//! Documents that a customer is asked for: a tax form, a purchase order, a proof of delivery.
//!
//! **Shape.** A request is open until what it asks for is here or is wanted no more. Asking tells the customer
//! ([`crate::notices`]); a document that is kept with the invoice which a request names answers it.
//! **Refuses** an invoice of another customer, a day that is over, and whatever is done to a request that is closed.

use crate::activities::{self, Activity};
use crate::agreements;
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::listing::Listing;
use crate::moment::Moment;
use crate::notices::{self, Notice};
use crate::params;
use chrono::NaiveDate;
use receivables::document_request::{AnswerInput, RequestInput, Status};
use receivables::fields::FieldError;
use receivables::id::{CustomerId, DocumentRequestId, InvoiceId};
use receivables::intake::CustomerRef;
use receivables::notice::About;
use serde::{Deserialize, Serialize};

macro_rules! select_request {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', d.id, 'customer_id', d.customer_id, 'invoice_id', d.invoice_id, 'what', d.what,
                'until', d.until_on, 'status', d.status, 'documents', json(d.documents), 'note', d.note,
                'asked_by', d.asked_by, 'created_ms', d.created_at, 'ended_ms', d.ended_at)
            FROM document_requests d ",
            $which
        )
    };
}

statements! {
    ONE = select_request!("WHERE d.id = ?");
    LIST = select_request!("WHERE d.id < ?1 ORDER BY d.id DESC LIMIT ?2");
    OF_STATUS = select_request!("WHERE d.status = ?3 AND d.id < ?1 ORDER BY d.id DESC LIMIT ?2");
    OF_CUSTOMER = select_request!("WHERE d.customer_id = ?3 AND d.id < ?1 AND (?4 IS NULL OR d.status = ?4)
            ORDER BY d.id DESC LIMIT ?2");
    INVOICE_OF = "SELECT 1 FROM invoices WHERE id = ? AND customer_id = ?";
    INSERT = "INSERT INTO document_requests (id, customer_id, invoice_id, what, until_on, status, asked_by, created_at)
        VALUES (?, ?, ?, ?, ?, 'open', ?, ?)";
    CLOSE = "UPDATE document_requests SET status = ?2, documents = ?3, note = ?4, ended_at = ?5 WHERE id = ?1";
    CAME = "UPDATE document_requests SET status = 'answered', ended_at = ?2, documents = json_array(json_object(
            'name', ?3, 'reference', ?4)) WHERE invoice_id = ?1 AND +status = 'open'
        RETURNING json_object('id', id, 'customer_id', customer_id, 'what', what)";
}

/// A request as `GET /v1/document-requests/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct RequestView {
    /// Ours.
    pub id: DocumentRequestId,
    /// Who is asked.
    pub customer_id: CustomerId,
    /// The invoice that waits for it.
    pub invoice_id: Option<InvoiceId>,
    /// What is missing.
    pub what: String,
    /// Until when it is needed.
    pub until: Option<NaiveDate>,
    /// `open`, `answered` or `withdrawn`.
    pub status: Status,
    /// What came.
    pub documents: Vec<serde_json::Value>,
    /// What was said when it was closed.
    pub note: Option<String>,
    /// The key with which it was asked for.
    pub asked_by: String,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// When it was closed.
    pub ended_at: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: DocumentRequestId,
    customer_id: CustomerId,
    invoice_id: Option<InvoiceId>,
    what: String,
    until: Option<NaiveDate>,
    status: Status,
    documents: Vec<serde_json::Value>,
    note: Option<String>,
    asked_by: String,
    created_ms: i64,
    ended_ms: Option<i64>,
}

impl TryFrom<Row> for RequestView {
    type Error = crate::StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            customer_id: row.customer_id,
            invoice_id: row.invoice_id,
            what: row.what,
            until: row.until,
            status: row.status,
            documents: row.documents,
            note: row.note,
            asked_by: row.asked_by,
            created_at: rfc3339(row.created_ms)?,
            ended_at: row.ended_ms.map(rfc3339).transpose()?,
        })
    }
}

fn activity(
    customer: &CustomerId,
    id: &DocumentRequestId,
    kind: &'static str,
    title: String,
    detail: String,
) -> Activity {
    Activity {
        customer_id: customer.clone(),
        kind,
        title,
        detail,
        refers_to: Some(id.to_string()),
    }
}

/// What became of a request for a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asking {
    /// The customer is asked.
    Asked(DocumentRequestId),
    /// There is no such customer.
    Unknown,
    /// It cannot be asked for, for these reasons.
    Refused(Vec<FieldError>),
}

/// Asks a customer for a document.
pub async fn ask(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    input: &RequestInput,
    by: &str,
) -> Result<Asking> {
    let found = agreements::Account::find(tx, &CustomerRef::Id(customer.clone())).await?;
    let Some(account) = found else {
        return Ok(Asking::Unknown);
    };
    let today = account.today(moment);
    let mut problems = Vec::new();
    if let Some(day) = input.until.filter(|day| *day < today) {
        let detail = format!("{day} is over; today is {today}");
        problems.push(FieldError::new("/until", "in_the_past", detail));
    }
    if let Some(invoice) = &input.invoice {
        let theirs = tx
            .row(INVOICE_OF, params![invoice.as_str(), customer.as_str()])
            .await?;
        if theirs.is_none() {
            let detail = "this customer has no such invoice";
            problems.push(FieldError::new("/invoice", "unknown_invoice", detail));
        }
    }
    if !problems.is_empty() {
        return Ok(Asking::Refused(problems));
    }
    let id = moment.id(DocumentRequestId::from_parts)?;
    let parameters = params![
        id.as_str(),
        customer.as_str(),
        input.invoice.as_ref().map(InvoiceId::as_str),
        input.what.as_str(),
        input.until.map(|day| day.to_string()),
        by,
        moment.ms()
    ];
    tx.run(INSERT, parameters).await?;
    let until = input
        .until
        .map_or(String::new(), |day| format!(", needed by {day}"));
    let detail = format!("{}{until}. Asked for by {by}.", input.what);
    let title = "Document asked for".to_owned();
    activities::record(
        tx,
        moment,
        &[activity(customer, &id, "document_requested", title, detail)],
    )
    .await?;
    let about = About::Document {
        what: input.what.clone(),
        until: input.until,
    };
    let why = format!("{} is missing", input.what);
    let notice = Notice::new(customer, "document_request", &id, about, why).by_hand();
    notices::queue(tx, moment, &[notice]).await?;
    Ok(Asking::Asked(id))
}

/// What became of an act on a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Closing {
    /// It is closed.
    Done,
    /// There is no such request.
    Unknown,
    /// It was closed before; how.
    Closed(Status),
}

/// Closes a request with what came.
pub async fn answer(
    tx: &Tx<'_>,
    moment: Moment,
    id: &DocumentRequestId,
    input: &AnswerInput,
    by: &str,
) -> Result<Closing> {
    let documents = serde_json::to_string(&input.documents)?;
    let names: Vec<&str> = input
        .documents
        .iter()
        .map(|document| document.name.as_str())
        .collect();
    let detail = format!("{} came. By {by}.", names.join(", "));
    let entry = ("document_received", "Document received", detail);
    close(
        tx,
        moment,
        id,
        Status::Answered,
        &documents,
        input.note.as_deref(),
        entry,
    )
    .await
}

/// Closes a request because what it asks for is wanted no more.
pub async fn withdraw(
    tx: &Tx<'_>,
    moment: Moment,
    id: &DocumentRequestId,
    reason: &str,
    by: &str,
) -> Result<Closing> {
    let detail = format!("{reason}. By {by}.");
    let entry = ("document_not_needed", "Document not needed any more", detail);
    close(tx, moment, id, Status::Withdrawn, "[]", Some(reason), entry).await
}

async fn close(
    tx: &Tx<'_>,
    moment: Moment,
    id: &DocumentRequestId,
    status: Status,
    documents: &str,
    note: Option<&str>,
    (kind, title, detail): (&'static str, &str, String),
) -> Result<Closing> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Closing::Unknown);
    };
    if row.status != Status::Open {
        return Ok(Closing::Closed(row.status));
    }
    let parameters = params![id.as_str(), status.as_str(), documents, note, moment.ms()];
    tx.run(CLOSE, parameters).await?;
    let detail = format!("{}: {detail}", row.what);
    let entry = activity(&row.customer_id, id, kind, title.to_owned(), detail);
    activities::record(tx, moment, &[entry]).await?;
    Ok(Closing::Done)
}

#[derive(Deserialize)]
struct Came {
    id: DocumentRequestId,
    customer_id: CustomerId,
    what: String,
}

/// Closes the requests that wait for a document of `invoice`: one is kept with it now.
pub(crate) async fn came(
    tx: &Tx<'_>,
    moment: Moment,
    invoice: &InvoiceId,
    name: &str,
    document: &str,
) -> Result<()> {
    let parameters = params![invoice.as_str(), moment.ms(), name, document];
    let mut log = Vec::new();
    for row in tx.rows(CAME, parameters).await? {
        let came: Came = row.json(0)?;
        let detail = format!("{}: {name} is kept with the invoice.", came.what);
        let title = "Document received".to_owned();
        log.push(activity(
            &came.customer_id,
            &came.id,
            "document_received",
            title,
            detail,
        ));
    }
    activities::record(tx, moment, &log).await
}

/// One request.
pub async fn one(db: &Db, id: &DocumentRequestId) -> Result<Option<RequestView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(RequestView::try_from).transpose()
}

const LISTING: Listing = Listing {
    all: LIST,
    of_status: OF_STATUS,
    of_customer: OF_CUSTOMER,
};

/// Requests, the newest first, before the id `before`.
pub async fn list(
    db: &Db,
    customer: Option<&CustomerId>,
    status: Option<Status>,
    before: Option<&DocumentRequestId>,
    limit: u32,
) -> Result<Vec<RequestView>> {
    let (status, before) = (status.map(Status::as_str), before.map(DocumentRequestId::as_str));
    let rows: Vec<Row> = LISTING.rows(db, customer, status, before, limit).await?;
    rows.into_iter().map(RequestView::try_from).collect()
}

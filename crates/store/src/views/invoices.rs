//! Invoices as the API and the console show them.

use crate::db::{Db, statements};
use crate::documents::DocumentView;
use crate::error::{Result, StoreError};
use crate::params;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::discount::{self, DiscountTerm, Offer};
use receivables::id::{CustomerId, InvoiceId};
use receivables::money::Money;
use serde::{Deserialize, Serialize};

macro_rules! select_invoice {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', i.id, 'number', i.number, 'customer', i.customer_id,
                'external_id', k.external_id, 'issue_on', i.issue_on, 'due_on', i.due_on,
                'due_source', i.due_source, 'currency', i.currency, 'total_minor', i.total_minor,
                'balance_minor', i.balance_minor, 'kind', i.kind, 'charged_on', i.charged_on, 'status', i.status,
                'disputed_minor', i.disputed_minor,
                'promised_until', i.promised_until_on, 'hold', i.hold, 'hold_until', i.hold_until_on,
                'settled_on', i.settled_on, 'content', json(i.content),
                'credited_minor', (SELECT coalesce(sum(p.amount_minor), 0) FROM postings p
                    WHERE p.invoice_id = i.id AND p.kind = 'credit_note' AND i.content->'discount' IS NOT NULL),
                'instalments', json((SELECT json_group_array(json_object('part', n.part, 'due_on', n.due_on,
                    'amount_minor', n.amount_minor, 'balance_minor', n.balance_minor)) FROM instalments n
                    WHERE n.invoice_id = i.id)),
                'documents', json((SELECT json_group_array(json_object('id', d.id, 'name', d.name,
                    'media_type', d.media_type, 'size', d.size, 'sha256', d.sha256)) FROM documents d
                    WHERE d.owner_id = i.id)),
                'stage', (SELECT s.step FROM steps_taken s WHERE s.invoice_id = i.id AND s.listed = 1
                    ORDER BY s.day DESC, s.message_id DESC LIMIT 1))
            FROM invoices i JOIN customers k ON k.id = i.customer_id ",
            $which
        )
    };
}

statements! {
    ONE = select_invoice!("WHERE i.id = ?");
    BY_NUMBER = select_invoice!("WHERE i.number = ?");
    LIST = select_invoice!("WHERE i.id > ?1 ORDER BY i.id LIMIT ?2");
    OF_CUSTOMER = select_invoice!("WHERE i.customer_id = ?3 AND i.id > ?1 AND (?4 IS NULL OR i.status = ?4)
            AND (?5 IS NULL OR (i.balance_minor > 0 AND i.due_on < ?5)) ORDER BY i.id LIMIT ?2");
    OF_STATUS = select_invoice!("WHERE i.status = ?3 AND i.id > ?1 ORDER BY i.id LIMIT ?2");
    OVERDUE = select_invoice!("WHERE i.balance_minor > 0 AND i.due_on < ?3 AND (i.due_on, i.id) > (?4, ?1)
            AND (?5 IS NULL OR i.status = ?5) ORDER BY i.due_on, i.id LIMIT ?2");
}

/// An invoice as `GET /v1/invoices/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct InvoiceView {
    /// Ours.
    pub id: InvoiceId,
    /// The creditor's.
    pub number: String,
    /// `invoice`, `fee`, `interest` or `compensation`.
    pub kind: String,
    /// The invoice that a charge is on.
    pub charged_on: Option<InvoiceId>,
    /// Whose.
    pub customer: CustomerRefView,
    /// Issued.
    pub issue_date: NaiveDate,
    /// The last day on which payment is in time.
    pub due_date: NaiveDate,
    /// `invoice`, `terms`, `customer_terms` or `default_terms`.
    pub due_date_source: String,
    /// Its currency.
    pub currency: Currency,
    /// The original amount.
    pub total: Money,
    /// What is still owed.
    pub balance: Money,
    /// `open`, `partly_paid`, `paid`, `void` or `written_off`.
    pub status: String,
    /// Whether it is in dispute.
    pub disputed: bool,
    /// Until when payment is promised.
    pub promised_until: Option<NaiveDate>,
    /// Why it is not spoken about, where so.
    pub hold: Option<String>,
    /// The last day of that; once it has passed, the hold is over.
    pub hold_until: Option<NaiveDate>,
    /// When its balance came to nothing.
    pub settled_on: Option<NaiveDate>,
    /// The last step that a message took for it.
    pub stage: Option<String>,
    /// The customer's order number, the creditor's, and what to quote when paying.
    pub po_number: Option<String>,
    /// The creditor's order number.
    pub order_number: Option<String>,
    /// What the customer is to quote when paying.
    pub payment_reference: Option<String>,
    /// What it is for, as it came in.
    pub lines: serde_json::Value,
    /// What came with it: documents that are kept here, and links to others.
    pub documents: Vec<DocumentOf>,
    /// Its parts, where it is due in several; its due date is that of the first that is open.
    pub instalments: Vec<InstalmentView>,
    /// What may be deducted from it when it is paid early, the earliest first.
    pub discount: Vec<Offer>,
}

/// Something that came with an invoice.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub enum DocumentOf {
    /// Kept here.
    Kept(DocumentView),
    /// Somewhere else.
    Link(Link),
}

/// The address of a document that is kept somewhere else.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Link {
    /// What it is called.
    pub name: String,
    /// Where it is.
    pub url: String,
}

/// A part of an invoice that is due on a day of its own.
#[derive(Debug, Clone, Serialize)]
pub struct InstalmentView {
    /// Which, from 1.
    pub part: u32,
    /// The last day on which it is paid in time.
    pub due_date: NaiveDate,
    /// How much it is.
    pub amount: Money,
    /// What is still owed of it.
    pub balance: Money,
}

/// Whose an invoice is.
#[derive(Debug, Clone, Serialize)]
pub struct CustomerRefView {
    /// Ours.
    pub id: CustomerId,
    /// The creditor's.
    pub external_id: String,
}

#[derive(Deserialize)]
struct Row {
    id: InvoiceId,
    number: String,
    kind: String,
    charged_on: Option<InvoiceId>,
    customer: CustomerId,
    external_id: String,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    due_source: String,
    currency: Currency,
    total_minor: i64,
    balance_minor: i64,
    status: String,
    disputed_minor: i64,
    promised_until: Option<NaiveDate>,
    hold: Option<String>,
    hold_until: Option<NaiveDate>,
    settled_on: Option<NaiveDate>,
    stage: Option<String>,
    content: Content,
    credited_minor: i64,
    instalments: Vec<InstalmentRow>,
    documents: Vec<DocumentView>,
}

#[derive(Deserialize)]
struct InstalmentRow {
    part: u32,
    due_on: NaiveDate,
    amount_minor: i64,
    balance_minor: i64,
}

/// The parts of the document that nothing but a reader needs.
#[derive(Deserialize)]
struct Content {
    po_number: Option<String>,
    order_number: Option<String>,
    payment_reference: Option<String>,
    #[serde(default)]
    lines: serde_json::Value,
    #[serde(default)]
    discount: Vec<DiscountTerm>,
    #[serde(default)]
    documents: Vec<Link>,
}

impl TryFrom<Row> for InvoiceView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        let money = |minor| Money::new(minor, row.currency);
        let base = money(row.total_minor).checked_add(money(row.credited_minor))?;
        let instalments = row.instalments.into_iter().map(|part| InstalmentView {
            part: part.part,
            due_date: part.due_on,
            amount: money(part.amount_minor),
            balance: money(part.balance_minor),
        });
        let kept = row.documents.into_iter().map(DocumentOf::Kept);
        let links = row.content.documents.into_iter().map(DocumentOf::Link);
        Ok(Self {
            documents: kept.chain(links).collect(),
            instalments: instalments.collect(),
            discount: discount::offers(&row.content.discount, base, row.issue_on)?,
            id: row.id,
            number: row.number,
            kind: row.kind,
            charged_on: row.charged_on,
            customer: CustomerRefView {
                id: row.customer,
                external_id: row.external_id,
            },
            issue_date: row.issue_on,
            due_date: row.due_on,
            due_date_source: row.due_source,
            currency: row.currency,
            total: Money::new(row.total_minor, row.currency),
            balance: Money::new(row.balance_minor, row.currency),
            status: row.status,
            disputed: row.disputed_minor > 0,
            promised_until: row.promised_until,
            hold: row.hold,
            hold_until: row.hold_until,
            settled_on: row.settled_on,
            stage: row.stage,
            po_number: row.content.po_number,
            order_number: row.content.order_number,
            payment_reference: row.content.payment_reference,
            lines: match row.content.lines {
                serde_json::Value::Null => serde_json::Value::Array(Vec::new()),
                lines => lines,
            },
        })
    }
}

fn views(rows: Vec<Row>) -> Result<Vec<InvoiceView>> {
    rows.into_iter().map(InvoiceView::try_from).collect()
}

/// One invoice by id.
pub async fn invoice(db: &Db, id: &InvoiceId) -> Result<Option<InvoiceView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(InvoiceView::try_from).transpose()
}

/// The invoices of a number: one, unless documents of several sellers or buyers bear it.
pub async fn invoices_by_number(db: &Db, number: &str) -> Result<Vec<InvoiceView>> {
    views(db.list(BY_NUMBER, params![number]).await?)
}

/// Which invoices to list.
#[derive(Debug, Clone, Default)]
pub struct InvoiceFilter {
    /// Only those of one customer.
    pub customer: Option<CustomerId>,
    /// Only those of one status.
    pub status: Option<String>,
    /// Only open ones that were due before this day; these come oldest due first.
    pub overdue_on: Option<NaiveDate>,
    /// The last invoice of the page before.
    pub after: Option<InvoiceId>,
}

/// A page of invoices. The index follows the narrowest filter.
pub async fn invoices(db: &Db, filter: &InvoiceFilter, limit: u32) -> Result<Vec<InvoiceView>> {
    let after = filter.after.as_ref().map_or("", InvoiceId::as_str);
    let status = filter.status.as_deref();
    let overdue_on = filter.overdue_on.map(|day| day.to_string());
    let rows: Vec<Row> = match (&filter.customer, overdue_on, status) {
        (Some(customer), overdue_on, status) => {
            db.list(
                OF_CUSTOMER,
                params![after, limit, customer.as_str(), status, overdue_on],
            )
            .await?
        }
        (None, Some(overdue_on), status) => {
            let from = match &filter.after {
                Some(id) => invoice(db, id)
                    .await?
                    .map_or_else(String::new, |view| view.due_date.to_string()),
                None => String::new(),
            };
            db.list(OVERDUE, params![after, limit, overdue_on, from, status])
                .await?
        }
        (None, None, Some(status)) => db.list(OF_STATUS, params![after, limit, status]).await?,
        (None, None, None) => db.list(LIST, params![after, limit]).await?,
    };
    views(rows)
}

//! Orders: what a customer will owe once it is invoiced, and whether its credit limit bears it. Natural key: the
//! creditor's order number.
//!
//! **Once.** The same number with the same content again changes nothing; with other content it is a conflict. An
//! invoice that names the order closes it, whichever of the two comes first.

use crate::accounts::Account;
use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::instants::rfc3339;
use crate::listing::Listing;
use crate::moment::Moment;
use crate::notices::{self, Notice};
use crate::params;
use crate::tasks::{self, NewTask};
use chrono::NaiveDate;
use receivables::credit::{Credit, Exposure, OrderInput, OrderStatus, Verdict};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, OrderId};
use receivables::money::Money;
use receivables::notice::About;
use receivables::task::TaskKind;
use serde::{Deserialize, Serialize};

macro_rules! select_order {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', o.id, 'number', o.number, 'customer_id', o.customer_id, 'currency', o.currency,
                'amount_minor', o.amount_minor, 'status', o.status, 'verdict', o.verdict, 'placed_on', o.placed_on,
                'invoice_id', o.invoice_id, 'content', o.content, 'created_ms', o.created_at, 'ended_ms', o.ended_at)
            FROM orders o ",
            $which
        )
    };
}

statements! {
    BY_NUMBER = select_order!("WHERE o.number = ?");
    ONE = select_order!("WHERE o.id = ?");
    LIST = select_order!("WHERE o.id < ?1 ORDER BY o.id DESC LIMIT ?2");
    OF_STATUS = select_order!("WHERE o.status = ?3 AND o.id < ?1 ORDER BY o.id DESC LIMIT ?2");
    OF_CUSTOMER = select_order!("WHERE o.customer_id = ?3 AND o.id < ?1 AND (?4 IS NULL OR o.status = ?4)
            ORDER BY o.id DESC LIMIT ?2");
    EXPOSURE = "SELECT json_object('limit_minor', iif(k.currency = ?2, k.credit_limit_minor, NULL),
            'balance_minor', coalesce((SELECT c.balance_minor FROM cases c
                WHERE c.customer_id = k.id AND c.currency = ?2), 0),
            'unapplied_minor', coalesce((SELECT c.unapplied_minor FROM cases c
                WHERE c.customer_id = k.id AND c.currency = ?2), 0),
            'orders_minor', (SELECT coalesce(sum(o.amount_minor), 0) FROM orders o
                WHERE o.customer_id = k.id AND o.currency = ?2 AND o.status = 'open'))
        FROM customers k WHERE k.id = ?1";
    INVOICED_ALREADY = "SELECT id FROM invoices
        WHERE content->>'order_number' = ?2 AND customer_id = ?1 AND state <> 'void' ORDER BY id LIMIT 1";
    INSERT = "INSERT INTO orders (id, number, customer_id, currency, amount_minor, status, verdict, placed_on,
            invoice_id, content, created_at, ended_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)";
    SET_STATUS = "UPDATE orders SET status = ?2, ended_at = ?3 WHERE id = ?1";
    // Orders that invoices name, of the same customer.
    INVOICED = "UPDATE orders SET status = 'closed', ended_at = ?1, invoice_id = j.value->>'invoice'
        FROM json_each(?2) AS j
        WHERE orders.number = j.value->>'number' AND orders.customer_id = j.value->>'customer'
            AND +orders.status IN ('open', 'blocked')
        RETURNING json_object('id', id, 'customer', customer_id, 'number', number, 'invoice', invoice_id)";
}

/// An order as `GET /v1/orders/{id}` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct OrderView {
    /// Ours.
    pub id: OrderId,
    /// The creditor's.
    pub number: String,
    /// Whose.
    pub customer_id: CustomerId,
    /// Its currency.
    pub currency: Currency,
    /// What it will be invoiced at.
    pub amount: Money,
    /// Where it stands.
    pub status: OrderStatus,
    /// How the credit limit took it when it came.
    pub verdict: Verdict,
    /// When it was placed.
    pub placed_on: NaiveDate,
    /// The customer's own number.
    pub po_number: Option<String>,
    /// The invoice that closed it.
    pub invoice_id: Option<InvoiceId>,
    /// When it came in.
    pub created_at: String,
    /// When it was closed or cancelled.
    pub ended_at: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    id: OrderId,
    number: String,
    customer_id: CustomerId,
    currency: Currency,
    amount_minor: i64,
    status: OrderStatus,
    verdict: Verdict,
    placed_on: NaiveDate,
    invoice_id: Option<InvoiceId>,
    content: String,
    created_ms: i64,
    ended_ms: Option<i64>,
}

#[derive(Deserialize)]
struct Content {
    po_number: Option<String>,
}

impl Row {
    fn view(self) -> Result<OrderView> {
        let content: Content = serde_json::from_str(&self.content)?;
        Ok(OrderView {
            amount: self.amount(),
            id: self.id,
            number: self.number,
            customer_id: self.customer_id,
            currency: self.currency,
            status: self.status,
            verdict: self.verdict,
            placed_on: self.placed_on,
            po_number: content.po_number,
            invoice_id: self.invoice_id,
            created_at: rfc3339(self.created_ms)?,
            ended_at: self.ended_ms.map(rfc3339).transpose()?,
        })
    }

    fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    fn activity(&self, kind: &'static str, title: String, detail: String) -> Activity {
        Activity {
            customer_id: self.customer_id.clone(),
            kind,
            title,
            detail,
            refers_to: Some(self.id.to_string()),
        }
    }
}

#[derive(Deserialize)]
struct ExposureRow {
    limit_minor: Option<i64>,
    balance_minor: i64,
    unapplied_minor: i64,
    orders_minor: i64,
}

impl ExposureRow {
    fn exposure(&self, currency: Currency) -> Result<Exposure> {
        let money = |minor| Money::new(minor, currency);
        let on_account = money(self.unapplied_minor);
        Ok(Exposure {
            limit: self.limit_minor.map(money),
            // A case's balance is what is owed less what is on account.
            open_balance: money(self.balance_minor).checked_add(on_account)?,
            open_orders: money(self.orders_minor),
            on_account,
        })
    }
}

async fn exposure(db: &Db, customer: &CustomerId, currency: Currency) -> Result<Exposure> {
    let row: Option<ExposureRow> = db
        .find(EXPOSURE, params![customer.as_str(), currency.code()])
        .await?;
    let row = row.ok_or_else(|| StoreError::Decode(format!("{customer} is not there")))?;
    row.exposure(currency)
}

/// How much of a customer's limit is used in a currency; a limit is in the account's own and in no other.
pub async fn credit(db: &Db, customer: &CustomerId, currency: Currency) -> Result<Credit> {
    Ok(exposure(db, customer, currency).await?.credit()?)
}

/// What became of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// New.
    Accepted(OrderId),
    /// There already, the same.
    Duplicate(OrderId),
    /// The number is there with other content.
    Conflict(OrderId),
}

/// Takes an order and has the customer's credit limit judge it. One that is blocked becomes a task.
pub async fn take(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    account: &Account,
    input: &OrderInput,
    by: &str,
) -> Result<Taken> {
    let content = serde_json::to_string(input)?;
    if let Some(known) = tx.find::<Row>(BY_NUMBER, params![input.number.as_str()]).await? {
        return Ok(match known.content == content {
            true => Taken::Duplicate(known.id),
            false => Taken::Conflict(known.id),
        });
    }
    let exposure = exposure(tx, customer, input.currency).await?;
    let invoiced = tx
        .row(
            INVOICED_ALREADY,
            params![customer.as_str(), input.number.as_str()],
        )
        .await?;
    let invoice = invoiced.map(|row| row.text(0).map(str::to_owned)).transpose()?;
    let verdict = match invoice {
        // Its invoice is in the balance already.
        Some(_) => Verdict::Ok,
        None => exposure.judge(input.amount, &account.policy().credit)?,
    };
    let status = match invoice {
        Some(_) => OrderStatus::Closed,
        None => OrderStatus::of(verdict),
    };
    let row = Row {
        id: moment.id(OrderId::from_parts)?,
        number: input.number.clone(),
        customer_id: customer.clone(),
        currency: input.currency,
        amount_minor: input.amount.minor(),
        status,
        verdict,
        placed_on: input.placed_on.unwrap_or(account.today),
        invoice_id: None,
        content,
        created_ms: moment.ms(),
        ended_ms: invoice.is_some().then(|| moment.ms()),
    };
    let parameters = params![
        row.id.as_str(),
        row.number.as_str(),
        row.customer_id.as_str(),
        row.currency.code(),
        row.amount_minor,
        row.status.as_str(),
        row.verdict.as_str(),
        row.placed_on.to_string(),
        invoice,
        row.content.as_str(),
        row.created_ms,
        row.ended_ms
    ];
    tx.run(INSERT, parameters).await?;
    announce(tx, moment, &row, &exposure, account, by).await?;
    if row.status == OrderStatus::Open {
        confirm(tx, moment, &row).await?;
    }
    Ok(Taken::Accepted(row.id))
}

/// Tells the customer that its order was taken: at once, or when one that was blocked is released. Of one that is
/// invoiced already the invoice tells.
async fn confirm(tx: &Tx<'_>, moment: Moment, row: &Row) -> Result<()> {
    let about = About::Order {
        number: row.number.clone(),
        amount: Some(row.amount()),
        ordered_on: row.placed_on,
    };
    let why = format!("order {} was taken", row.number);
    let notice = Notice::new(&row.customer_id, "order_confirmation", &row.id, about, why);
    notices::queue(tx, moment, &[notice.of(row.currency)])
        .await
        .map(drop)
}

async fn announce(
    tx: &Tx<'_>,
    moment: Moment,
    row: &Row,
    exposure: &Exposure,
    account: &Account,
    by: &str,
) -> Result<()> {
    let (number, amount) = (&row.number, row.amount());
    let credit = exposure.credit()?;
    let (title, judged) = match row.verdict {
        Verdict::Ok => (format!("Order {number}"), String::new()),
        Verdict::Warn => (
            format!("Order {number} goes beyond the credit limit"),
            beyond(&credit),
        ),
        Verdict::Block => (format!("Order {number} blocked"), beyond(&credit)),
    };
    let activity = row.activity(
        "order_taken",
        title.clone(),
        format!("{amount}, by {by}.{judged}"),
    );
    activities::record(tx, moment, &[activity]).await?;
    if row.verdict != Verdict::Block {
        return Ok(());
    }
    let about = serde_json::json!({"order_id": row.id, "number": number, "amount": amount, "credit": credit});
    events::record(
        tx,
        moment,
        &[Event::new("order.blocked", &row.customer_id, about)],
    )
    .await?;
    let task = NewTask {
        customer: row.customer_id.clone(),
        currency: Some(row.currency),
        kind: TaskKind::Review,
        title,
        detail: Some(format!("{amount}.{judged} Release it or cancel it.")),
        due_on: account.business_days_after(1),
        step: None,
        cycle: None,
        assignee: None,
    };
    tasks::open(tx, moment, &[task]).await.map(drop)
}

fn beyond(credit: &Credit) -> String {
    match (credit.limit, credit.available) {
        (Some(limit), Some(available)) => format!(" Of a limit of {limit}, {available} is left."),
        _ => String::new(),
    }
}

/// What became of a change to an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Changed {
    /// It is done.
    Done,
    /// There is no such order.
    Unknown,
    /// From where it stands it cannot become that.
    NotFrom(OrderStatus),
}

/// Releases, closes or cancels an order.
pub async fn change(
    tx: &Tx<'_>,
    moment: Moment,
    id: &OrderId,
    next: OrderStatus,
    by: &str,
) -> Result<Changed> {
    let Some(row) = tx.find::<Row>(ONE, params![id.as_str()]).await? else {
        return Ok(Changed::Unknown);
    };
    if !row.status.can_become(next) {
        return Ok(Changed::NotFrom(row.status));
    }
    let (kind, word) = match next {
        OrderStatus::Open => ("order_released", "released"),
        OrderStatus::Cancelled => ("order_cancelled", "cancelled"),
        OrderStatus::Closed | OrderStatus::Blocked => ("order_closed", "closed"),
    };
    let ended = (next != OrderStatus::Open).then(|| moment.ms());
    tx.run(SET_STATUS, params![id.as_str(), next.as_str(), ended])
        .await?;
    let title = format!("Order {} {word}", row.number);
    let detail = format!("{}, by {by}.", row.amount());
    activities::record(tx, moment, &[row.activity(kind, title, detail)]).await?;
    if next == OrderStatus::Open {
        confirm(tx, moment, &row).await?;
    }
    Ok(Changed::Done)
}

/// An invoice that names an order.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Invoiced<'a> {
    /// Whose.
    pub(crate) customer: &'a CustomerId,
    /// The order's number.
    pub(crate) number: &'a str,
    /// The invoice.
    pub(crate) invoice: &'a InvoiceId,
}

/// Closes the orders that these invoices name: what they used of a limit is owed now.
pub(crate) async fn invoiced(tx: &Tx<'_>, moment: Moment, invoices: &[Invoiced<'_>]) -> Result<()> {
    if invoices.is_empty() {
        return Ok(());
    }
    let closed = tx
        .rows(INVOICED, params![moment.ms(), serde_json::to_string(invoices)?])
        .await?;
    let mut log = Vec::with_capacity(closed.len());
    for row in closed {
        let closed: ClosedRow = row.json(0)?;
        log.push(Activity {
            customer_id: closed.customer,
            kind: "order_closed",
            title: format!("Order {} closed", closed.number),
            detail: format!("Invoiced by {}.", closed.invoice),
            refers_to: Some(closed.id.to_string()),
        });
    }
    activities::record(tx, moment, &log).await
}

#[derive(Deserialize)]
struct ClosedRow {
    id: OrderId,
    customer: CustomerId,
    number: String,
    invoice: InvoiceId,
}

/// One order.
pub async fn one(db: &Db, id: &OrderId) -> Result<Option<OrderView>> {
    db.find::<Row>(ONE, params![id.as_str()])
        .await?
        .map(Row::view)
        .transpose()
}

const LISTING: Listing = Listing {
    all: LIST,
    of_status: OF_STATUS,
    of_customer: OF_CUSTOMER,
};

/// Orders, newest first, before the id `before`.
pub async fn list(
    db: &Db,
    customer: Option<&CustomerId>,
    status: Option<OrderStatus>,
    before: Option<&OrderId>,
    limit: u32,
) -> Result<Vec<OrderView>> {
    let (status, before) = (status.map(OrderStatus::as_str), before.map(OrderId::as_str));
    let rows: Vec<Row> = LISTING.rows(db, customer, status, before, limit).await?;
    rows.into_iter().map(Row::view).collect()
}

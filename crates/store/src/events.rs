//! Dunlin's own events: what the systems outside are told of what happened or was decided here. Append-only; which
//! there are is [`receivables::event::TYPES`].
//!
//! **In order.** An event's place is its `seq`, counted in the order of commits: its id holds the time of the request
//! that made it, and of two requests at once the one with the later id may be the first to commit. A reader who goes
//! on from an event goes on from its place.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::id::{CustomerId, EventId, InvoiceId};
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

statements! {
    INSERT = "INSERT INTO events (id, at, type, customer_id, data)
        SELECT j.value->>'id', ?1, j.value->>'type', j.value->>'customer_id', j.value->'data' FROM json_each(?2) AS j";
    LIST = "SELECT json_object('id', id, 'at', at, 'type', type, 'customer_id', customer_id, 'data', json(data))
        FROM events WHERE seq > coalesce((SELECT seq FROM events WHERE id = ?1), 0) ORDER BY seq LIMIT ?2";
    OF_CUSTOMER = "SELECT json_object('id', id, 'at', at, 'type', type, 'customer_id', customer_id, 'data', json(data))
        FROM events WHERE customer_id = ?3 AND seq > coalesce((SELECT seq FROM events WHERE id = ?1), 0)
        ORDER BY seq LIMIT ?2";
    KNOWN = "SELECT 1 FROM events WHERE id = ?";
    /// A bare DELETE: between transactions there is nothing in it.
    TURNED = "DELETE FROM invoice_turns RETURNING was_settled, (SELECT json_object('invoice', i.id, 'number', i.number,
            'customer', i.customer_id, 'currency', i.currency, 'total_minor', i.total_minor,
            'balance_minor', i.balance_minor, 'state', i.state, 'settled_on', i.settled_on)
        FROM invoices i WHERE i.id = invoice_id)";
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// `customer.suspended`, `promise.broken`, ...
    pub r#type: &'static str,
    /// Whom it is about, where it is about somebody.
    pub customer_id: Option<CustomerId>,
    /// An object with what it is about: ids, amounts, days.
    pub data: Value,
}

impl Event {
    /// An event about a customer.
    pub fn new(r#type: &'static str, customer: &CustomerId, data: Value) -> Event {
        Event {
            r#type,
            customer_id: Some(customer.clone()),
            data,
        }
    }

    /// An event about no customer.
    pub fn general(r#type: &'static str, data: Value) -> Event {
        Event {
            r#type,
            customer_id: None,
            data,
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    id: EventId,
    #[serde(flatten)]
    event: &'a Event,
}

/// Records all of `events` with one statement.
pub async fn record(tx: &Tx<'_>, moment: Moment, events: &[Event]) -> Result<()> {
    if events.is_empty() {
        return Ok(());
    }
    let mut mint = moment.mint()?;
    let rows: Vec<_> = events
        .iter()
        .map(|event| Row {
            id: mint.id(EventId::from_parts),
            event,
        })
        .collect();
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&rows)?])
        .await
}

/// Records one event and answers its id.
pub(crate) async fn record_one(tx: &Tx<'_>, moment: Moment, event: &Event) -> Result<EventId> {
    let row = Row {
        id: moment.id(EventId::from_parts)?,
        event,
    };
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&[&row])?])
        .await?;
    Ok(row.id)
}

/// An event as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// RFC 3339, UTC.
    pub at: String,
    /// `customer.suspended`, `promise.broken`, ...
    pub r#type: String,
    /// Whom it is about.
    pub customer_id: Option<CustomerId>,
    /// What it is about.
    pub data: Value,
}

#[derive(Deserialize)]
struct Stored {
    id: EventId,
    at: i64,
    r#type: String,
    customer_id: Option<CustomerId>,
    data: Value,
}

/// Whether there is an event of that id.
pub async fn known(db: &Db, id: &EventId) -> Result<bool> {
    Ok(db.row(KNOWN, params![id.as_str()]).await?.is_some())
}

#[derive(Deserialize)]
struct Turned {
    invoice: InvoiceId,
    number: String,
    customer: CustomerId,
    currency: Currency,
    total_minor: i64,
    balance_minor: i64,
    state: String,
    settled_on: Option<NaiveDate>,
}

/// Tells of the invoices whose balance came to nothing, or to something again, since the transaction began. One that
/// came back to where it was is not told of, nor one that was voided or given up: that has an event of its own.
pub(crate) async fn turned(tx: &Tx<'_>, moment: Moment) -> Result<()> {
    let mut told = Vec::new();
    for row in tx.rows(TURNED, params![]).await? {
        let was_settled = row.int(0)? == 1;
        let now: Turned = row.json(1)?;
        let settled = now.balance_minor == 0;
        if settled == was_settled || now.state != "active" {
            continue;
        }
        let money = |minor| Money::new(minor, now.currency);
        let (invoice, number, total) = (&now.invoice, &now.number, money(now.total_minor));
        told.push(match settled {
            true => Event::new(
                "invoice.paid",
                &now.customer,
                json!({"invoice": invoice, "number": number, "total": total, "settled_on": now.settled_on}),
            ),
            false => Event::new(
                "invoice.reopened",
                &now.customer,
                json!({"invoice": invoice, "number": number, "total": total, "balance": money(now.balance_minor)}),
            ),
        });
    }
    record(tx, moment, &told).await
}

/// Events after the one of the id `after`, in the order in which they were committed; from the first without one.
pub async fn list(db: &Db, customer: Option<&CustomerId>, after: &str, limit: u32) -> Result<Vec<EventView>> {
    let rows: Vec<Stored> = match customer {
        None => db.list(LIST, params![after, limit]).await?,
        Some(customer) => {
            db.list(OF_CUSTOMER, params![after, limit, customer.as_str()])
                .await?
        }
    };
    rows.into_iter()
        .map(|row| {
            Ok(EventView {
                id: row.id,
                at: rfc3339(row.at)?,
                r#type: row.r#type,
                customer_id: row.customer_id,
                data: row.data,
            })
        })
        .collect()
}

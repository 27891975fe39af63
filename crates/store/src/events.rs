//! Dunlin's own events: what the systems outside are told of what was decided here. Append-only.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::moment::Moment;
use crate::params;
use receivables::id::{CustomerId, EventId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

statements! {
    INSERT = "INSERT INTO events (id, at, type, customer_id, data)
        SELECT j.value->>'id', ?1, j.value->>'type', j.value->>'customer_id', j.value->'data' FROM json_each(?2) AS j";
    LIST = "SELECT json_object('id', id, 'at', at, 'type', type, 'customer_id', customer_id, 'data', json(data))
        FROM events WHERE id > ?1 ORDER BY id LIMIT ?2";
    OF_CUSTOMER = "SELECT json_object('id', id, 'at', at, 'type', type, 'customer_id', customer_id, 'data', json(data))
        FROM events WHERE customer_id = ?3 AND id > ?1 ORDER BY id LIMIT ?2";
}

/// Something that happened.
#[derive(Debug, Clone, Serialize)]
pub struct Event {
    /// `customer.suspended`, `promise.broken`, ...
    pub r#type: &'static str,
    /// Whom it is about.
    pub customer_id: CustomerId,
    /// An object with what it is about: ids, amounts, days.
    pub data: Value,
}

impl Event {
    /// An event about a customer.
    pub fn new(r#type: &'static str, customer: &CustomerId, data: Value) -> Event {
        Event {
            r#type,
            customer_id: customer.clone(),
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

/// An event as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct EventView {
    /// Its id; ids of later events are greater.
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

/// Events after the id `after`, the oldest first.
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

//! Deliveries: which event goes to which endpoint when.
//!
//! **Rows when their turn is near.** An endpoint's `cursor` moves over the events; those that it wants become rows,
//! some hundreds at a time and only while few are waiting. A thousand endpoints cost nothing when something happens,
//! and one that is away does not fill the table. **One at a time.** A delivery is claimed under a lease; whose sender
//! died is claimed again when that ends, and goes out once more under the same id. **Fair.** A claim takes so many of
//! each endpoint, so that nobody waits behind a slow one.

use super::SecretVersions;
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::{instant, rfc3339};
use crate::moment::{Moment, random};
use crate::params;
use chrono::{DateTime, TimeDelta, Utc};
use data_encoding::HEXLOWER;
use receivables::event;
use receivables::id::{CustomerId, EndpointId, EventId};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Events that an endpoint's cursor passes in one step.
const STEP: i64 = 500;
/// Deliveries of an endpoint that wait for their first attempt; while there are so many, its cursor stands.
const WAITING: i64 = 100;
/// How long a claimed delivery belongs to its claimant: twice what the most patient host gives a handler (60 s), so
/// that a lease never ends under a sender that is still at work.
const LEASE: TimeDelta = TimeDelta::seconds(120);

statements! {
    /// Whose cursors move, and how far.
    BEHIND = "SELECT json_object('endpoint', w.id, 'from', w.cursor, 'to',
            min(w.cursor + ?1, (SELECT max(seq) FROM events)))
        FROM webhook_endpoints w WHERE w.status = 'enabled' AND w.cursor < (SELECT max(seq) FROM events)
            AND (SELECT count(*) FROM webhook_deliveries d
                WHERE d.endpoint_id = w.id AND d.status = 'waiting' AND d.attempts = 0) < ?2";
    FAN_OUT = "INSERT INTO webhook_deliveries (endpoint_id, seq, status, due_at)
        SELECT w.id, e.seq, 'waiting', ?1 FROM json_each(?2) AS j
        JOIN webhook_endpoints w ON w.id = j.value->>'endpoint'
        JOIN events e ON e.seq > j.value->>'from' AND e.seq <= j.value->>'to'
        WHERE e.type <> ?3
            AND (json_array_length(w.types) = 0 OR e.type IN (SELECT t.value FROM json_each(w.types) AS t))
        ON CONFLICT DO NOTHING";
    ADVANCE = "UPDATE webhook_endpoints SET cursor = j.value->>'to' FROM json_each(?) AS j
        WHERE webhook_endpoints.id = j.value->>'endpoint'";
    /// The endpoints that have something due.
    DUE = "SELECT id FROM webhook_endpoints w WHERE w.status = 'enabled' AND w.resting_until <= ?1
        AND EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.due_at <= ?1)";
    CLAIM = "UPDATE webhook_deliveries SET status = 'sending', lease = ?2, due_at = ?3
        WHERE (endpoint_id, seq) IN (SELECT endpoint_id, seq FROM (
            SELECT d.endpoint_id, d.seq, d.due_at, j.value->>'room' AS room,
                row_number() OVER (PARTITION BY d.endpoint_id ORDER BY d.due_at, d.seq) AS nth
            FROM json_each(?4) AS j JOIN webhook_deliveries d ON d.endpoint_id = j.value->>'endpoint'
                AND d.due_at <= ?1) WHERE nth <= room ORDER BY due_at, seq LIMIT ?5)
        RETURNING endpoint_id, seq";
    CLAIMED = "SELECT json_object('endpoint', w.id, 'url', w.url, 'description', w.description,
            'secret_version', w.secret_version, 'rotated_ms', w.rotated_at, 'seq', d.seq, 'attempts', d.attempts,
            'first_ms', d.first_at, 'event', e.id, 'type', e.type, 'at', e.at, 'customer', e.customer_id,
            'data', json(e.data))
        FROM json_each(?1) AS j
        JOIN webhook_deliveries d ON d.endpoint_id = j.value->>'endpoint' AND d.seq = j.value->>'seq'
        JOIN webhook_endpoints w ON w.id = d.endpoint_id JOIN events e ON e.seq = d.seq ORDER BY d.due_at, d.seq";
    ANEW = "UPDATE webhook_deliveries SET status = 'waiting', due_at = ?2, lease = NULL, attempts = 0, first_at = NULL
        WHERE endpoint_id = ?1 AND status IN ('waiting', 'failed')";
    /// What is being sent is not touched: its answer is on the way.
    AGAIN = "INSERT INTO webhook_deliveries (endpoint_id, seq, status, due_at)
        SELECT w.id, e.seq, 'waiting', ?1 FROM events e JOIN webhook_endpoints w ON w.status = 'enabled'
        WHERE e.id = ?2 AND w.cursor >= e.seq AND e.type <> ?3 AND (?4 IS NULL OR w.id = ?4)
            AND (json_array_length(w.types) = 0 OR e.type IN (SELECT t.value FROM json_each(w.types) AS t))
        ON CONFLICT (endpoint_id, seq) DO UPDATE SET status = 'waiting', due_at = excluded.due_at, attempts = 0,
            first_at = NULL WHERE status <> 'sending'
        RETURNING 1";
    TEST = "INSERT INTO webhook_deliveries (endpoint_id, seq, status, due_at)
        SELECT ?1, seq, 'waiting', ?2 FROM events WHERE id = ?3";
    /// Back to before the first event of that time: its turn comes as if it had just happened.
    REWIND = "UPDATE webhook_endpoints SET cursor = min(cursor,
            coalesce((SELECT min(seq) - 1 FROM events WHERE id >= ?2), cursor))
        WHERE id = ?1 AND status <> 'deleted' RETURNING cursor";
    /// What was delivered since is delivered again.
    FORGET = "DELETE FROM webhook_deliveries WHERE endpoint_id = ?1 AND seq > ?2 AND status IN ('delivered', 'failed')";
    ANY_DUE = "SELECT 1 FROM webhook_endpoints w
        WHERE w.status = 'enabled' AND w.resting_until <= ?1 AND (w.cursor < (SELECT max(seq) FROM events)
            OR EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.endpoint_id = w.id AND d.due_at <= ?1))
            AND w.id NOT IN (SELECT value FROM json_each(?2)) LIMIT 1";
    LIST = "SELECT json_object('event', e.id, 'type', e.type, 'at', e.at, 'status', d.status, 'due_ms', d.due_at,
            'attempts', d.attempts, 'tries', json(d.tries))
        FROM webhook_deliveries d JOIN events e ON e.seq = d.seq
        WHERE d.endpoint_id = ?1 AND d.seq < coalesce((SELECT seq FROM events WHERE id = ?2), 9223372036854775807)
        ORDER BY d.seq DESC LIMIT ?3";
    OF_STATUS = "SELECT json_object('event', e.id, 'type', e.type, 'at', e.at, 'status', d.status, 'due_ms', d.due_at,
            'attempts', d.attempts, 'tries', json(d.tries))
        FROM webhook_deliveries d JOIN events e ON e.seq = d.seq
        WHERE d.endpoint_id = ?1 AND d.status = ?4
            AND d.seq < coalesce((SELECT seq FROM events WHERE id = ?2), 9223372036854775807)
        ORDER BY d.seq DESC LIMIT ?3";
}

/// How a delivery stands, by name.
pub const STATUSES: &[&str] = &["waiting", "sending", "delivered", "failed"];

#[derive(Serialize, Deserialize)]
struct Behind {
    endpoint: EndpointId,
    from: i64,
    to: i64,
}

/// Moves the cursors of endpoints that are behind, and makes rows of what they want.
pub async fn fan_out(tx: &Tx<'_>, moment: Moment) -> Result<()> {
    let behind: Vec<Behind> = tx.list(BEHIND, params![STEP, WAITING]).await?;
    if behind.is_empty() {
        return Ok(());
    }
    let behind = serde_json::to_string(&behind)?;
    tx.run(FAN_OUT, params![moment.ms(), behind.as_str(), event::TEST])
        .await?;
    tx.run(ADVANCE, params![behind]).await
}

/// The endpoints that have something due now and do not rest.
pub async fn due(tx: &Tx<'_>, moment: Moment) -> Result<Vec<EndpointId>> {
    let rows = tx.rows(DUE, params![moment.ms()]).await?;
    rows.iter().map(|row| endpoint_id(row.text(0)?)).collect()
}

fn endpoint_id(text: &str) -> Result<EndpointId> {
    EndpointId::parse(text).map_err(|error| crate::StoreError::Decode(error.to_string()))
}

/// How many deliveries of an endpoint may be claimed.
#[derive(Debug, Clone, Serialize)]
pub struct Room {
    /// Whose.
    pub endpoint: EndpointId,
    /// How many.
    pub room: usize,
}

/// A delivery that is to leave now.
#[derive(Debug, Clone)]
pub struct Claimed {
    /// Where to.
    pub endpoint: EndpointId,
    /// Its address.
    pub url: String,
    /// What people call it.
    pub description: Option<String>,
    /// What signs it.
    pub secrets: SecretVersions,
    /// The event's id: the same at every attempt.
    pub event: EventId,
    /// What happened.
    pub r#type: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// Whom it is about.
    pub customer: Option<CustomerId>,
    /// What it is about.
    pub data: Value,
    pub(super) seq: i64,
    pub(super) attempts: u32,
    pub(super) first_at: Option<DateTime<Utc>>,
    pub(super) lease: String,
}

#[derive(Deserialize)]
struct ClaimedRow {
    endpoint: EndpointId,
    url: String,
    description: Option<String>,
    secret_version: i64,
    rotated_ms: Option<i64>,
    seq: i64,
    attempts: u32,
    first_ms: Option<i64>,
    event: EventId,
    r#type: String,
    at: i64,
    customer: Option<CustomerId>,
    data: Value,
}

#[derive(Serialize)]
struct Key {
    endpoint: String,
    seq: i64,
}

/// Claims at most `limit` deliveries that are due, and of each endpoint no more than there is room for.
pub async fn claim(tx: &Tx<'_>, moment: Moment, rooms: &[Room], limit: usize) -> Result<Vec<Claimed>> {
    let lease = HEXLOWER.encode(&random::<8>()?);
    let until = moment.ms().saturating_add(LEASE.num_milliseconds());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rooms = serde_json::to_string(rooms)?;
    let keys = tx
        .rows(CLAIM, params![moment.ms(), lease.as_str(), until, rooms, limit])
        .await?
        .iter()
        .map(|row| {
            Ok(Key {
                endpoint: row.text(0)?.to_owned(),
                seq: row.int(1)?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<ClaimedRow> = tx.list(CLAIMED, params![serde_json::to_string(&keys)?]).await?;
    rows.into_iter()
        .map(|row| {
            Ok(Claimed {
                endpoint: row.endpoint,
                url: row.url,
                description: row.description,
                secrets: SecretVersions {
                    current: row.secret_version,
                    rotated_at: row.rotated_ms.map(instant).transpose()?,
                },
                event: row.event,
                r#type: row.r#type,
                at: rfc3339(row.at)?,
                customer: row.customer,
                data: row.data,
                seq: row.seq,
                attempts: row.attempts,
                first_at: row.first_ms.map(instant).transpose()?,
                lease: lease.clone(),
            })
        })
        .collect()
}

/// Whether something is due that was not claimed, to another endpoint than those that are left alone for now.
pub async fn more_due(db: &Db, moment: Moment, left_alone: &[&EndpointId]) -> Result<bool> {
    let parameters = params![moment.ms(), serde_json::to_string(left_alone)?];
    Ok(db.row(ANY_DUE, parameters).await?.is_some())
}

/// Has what is not delivered tried anew.
pub(super) async fn anew(tx: &Tx<'_>, moment: Moment, endpoint: &EndpointId) -> Result<()> {
    tx.run(ANEW, params![endpoint.as_str(), moment.ms()]).await
}

/// Sends an event again: to `endpoint`, or to every endpoint that wants events of its kind. Answers to how many; one
/// whose turn has not come yet gets it anyway and is not counted.
pub async fn replay(
    tx: &Tx<'_>,
    moment: Moment,
    event: &EventId,
    endpoint: Option<&EndpointId>,
) -> Result<usize> {
    let endpoint = endpoint.map(EndpointId::as_str);
    let again = tx
        .rows(AGAIN, params![moment.ms(), event.as_str(), event::TEST, endpoint])
        .await?;
    Ok(again.len())
}

/// Sends an endpoint everything again that happened since an instant and that it wants. False: there is none.
pub async fn replay_from(tx: &Tx<'_>, endpoint: &EndpointId, from: DateTime<Utc>) -> Result<bool> {
    // The first id that an event of that instant can have.
    let from_ms = u64::try_from(from.timestamp_millis()).unwrap_or(0);
    let first = EventId::from_parts(from_ms, [0; 10]);
    let Some(row) = tx.row(REWIND, params![endpoint.as_str(), first.as_str()]).await? else {
        return Ok(false);
    };
    tx.run(FORGET, params![endpoint.as_str(), row.int(0)?]).await?;
    Ok(true)
}

/// Sends a test to one endpoint, and answers which event that is.
pub async fn test(tx: &Tx<'_>, moment: Moment, endpoint: &EndpointId) -> Result<EventId> {
    let about = serde_json::json!({"endpoint": endpoint});
    let test = crate::events::Event::general(event::TEST, about);
    let id = crate::events::record_one(tx, moment, &test).await?;
    tx.run(TEST, params![endpoint.as_str(), moment.ms(), id.as_str()])
        .await?;
    Ok(id)
}

/// One attempt, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Try {
    /// When: RFC 3339, UTC.
    pub at: String,
    /// The answer's status; none: there was no answer.
    pub status_code: Option<u16>,
    /// How long it took.
    pub ms: u64,
    /// The beginning of the answer, or why there is none.
    pub answer: String,
}

/// A delivery as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct DeliveryView {
    /// Of which event: the `webhook-id`.
    pub event: EventId,
    /// What happened.
    pub r#type: String,
    /// When it happened.
    pub at: String,
    /// `waiting`, `sending`, `delivered` or `failed`.
    pub status: String,
    /// When it is tried (again), where it is.
    pub next_attempt_at: Option<String>,
    /// Attempts since it began, or was begun anew.
    pub attempts: u32,
    /// The attempts that are kept, the oldest first.
    pub tries: Vec<Try>,
}

#[derive(Deserialize)]
struct DeliveryRow {
    event: EventId,
    r#type: String,
    at: i64,
    status: String,
    due_ms: Option<i64>,
    attempts: u32,
    tries: Vec<Try>,
}

/// Deliveries of an endpoint, the latest events first, before the one of the event `before`.
pub async fn list(
    db: &Db,
    endpoint: &EndpointId,
    status: Option<&str>,
    before: Option<&EventId>,
    limit: u32,
) -> Result<Vec<DeliveryView>> {
    let before = before.map(EventId::as_str);
    let rows: Vec<DeliveryRow> = match status {
        None => db.list(LIST, params![endpoint.as_str(), before, limit]).await?,
        Some(status) => {
            db.list(OF_STATUS, params![endpoint.as_str(), before, limit, status])
                .await?
        }
    };
    rows.into_iter()
        .map(|row| {
            let waiting = row.status == "waiting";
            Ok(DeliveryView {
                event: row.event,
                r#type: row.r#type,
                at: rfc3339(row.at)?,
                next_attempt_at: row.due_ms.filter(|_| waiting).map(rfc3339).transpose()?,
                status: row.status,
                attempts: row.attempts,
                tries: row.tries,
            })
        })
        .collect()
}

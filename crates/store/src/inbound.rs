//! Inbound webhooks: the raw event is stored before it is acknowledged, and takes effect once.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;

statements! {
    STORE = "INSERT INTO inbound_events (source, event_id, received_at, body, status) VALUES (?, ?, ?, ?, 'received')
        ON CONFLICT (source, event_id) DO NOTHING";
    STATUS = "SELECT status FROM inbound_events WHERE source = ? AND event_id = ?";
    CONCLUDE = "UPDATE inbound_events SET status = ?3, outcome = ?4 WHERE source = ?1 AND event_id = ?2";
}

/// Stores a verified event. True: it has yet to take effect; false: it has been dealt with before.
pub async fn store(tx: &Tx<'_>, moment: Moment, source: &str, event_id: &str, body: &str) -> Result<bool> {
    tx.run(STORE, params![source, event_id, moment.ms(), body])
        .await?;
    is_open(tx, source, event_id).await
}

/// Whether a stored event has yet to take effect. Asked again inside the transaction that gives it its effect.
pub async fn is_open(db: &Db, source: &str, event_id: &str) -> Result<bool> {
    match db.row(STATUS, params![source, event_id]).await? {
        Some(row) => Ok(row.text(0)? == "received"),
        None => Ok(false),
    }
}

/// Closes an event: `processed`, `ignored` (not for us) or `failed` (a person must look), with why.
pub async fn conclude(tx: &Tx<'_>, source: &str, event_id: &str, status: &str, outcome: &str) -> Result<()> {
    tx.run(CONCLUDE, params![source, event_id, status, outcome]).await
}

//! Inbound webhooks: the raw event is stored before it is acknowledged, and takes effect once.
//!
//! An event that comes before the one it builds on waits: it stays open, with the name of what it waits for, until
//! whoever brings that gives it its effect.

mod due;

pub use due::{DueEvent, Word, Worth, claim, dismiss, for_people, later, more_due, retry, settle, wake};

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

statements! {
    STORE = "INSERT INTO inbound_events (source, event_id, received_at, body, status, due_at)
        SELECT ?1, j.value->>'id', ?2, j.value->>'body', 'received', ?4 FROM json_each(?3) AS j WHERE true
        ON CONFLICT (source, event_id) DO UPDATE SET due_at = excluded.due_at, attempts = 0
            WHERE excluded.due_at IS NOT NULL AND status IN ('received', 'failed')
        RETURNING event_id";
    RENEW = "INSERT INTO inbound_events (source, event_id, received_at, body, status, due_at)
        SELECT ?1, j.value->>'id', ?2, j.value->>'body', 'received', ?2 FROM json_each(?3) AS j WHERE true
        ON CONFLICT (source, event_id) DO UPDATE SET due_at = excluded.due_at, status = 'received', attempts = 0";
    OPEN = "SELECT event_id FROM inbound_events WHERE source = ?1 AND status IN ('received', 'failed')
        AND event_id IN (SELECT value FROM json_each(?2))";
    CONCLUDE = "UPDATE inbound_events SET status = ?3, outcome = ?4, waits_for = ?5, due_at = NULL
        WHERE source = ?1 AND event_id = ?2";
    // The index is named, since the order would have all events of the source read instead.
    WAITING = "SELECT json_object('id', event_id, 'body', body) FROM inbound_events INDEXED BY inbound_events_waiting
        WHERE source = ? AND waits_for IN (SELECT value FROM json_each(?)) ORDER BY received_at, event_id";
    /// Stored, and neither at work, nor waiting, nor somebody else's to deal with.
    LEFT = "SELECT json_object('source', source, 'id', event_id, 'body', body)
        FROM inbound_events INDEXED BY inbound_events_left
        WHERE source IN (SELECT value FROM json_each(?)) AND received_at <= ? AND status = 'received'
            AND waits_for IS NULL AND due_at IS NULL ORDER BY received_at LIMIT ?";
}

/// How long an event is its sender's to send again, before it is taken up without: longer than a request lasts.
const LEFT_AFTER: TimeDelta = TimeDelta::minutes(10);

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, due::ALL].concat()
}

/// What an event did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// What it says is now so; with what came of it.
    Processed(String),
    /// It needs nothing done; with why.
    Ignored(String),
    /// It cannot be given its effect, and a person must look; with why.
    Failed(String),
    /// What it builds on has not come yet.
    Waiting {
        /// What whoever brings it asks [`waiting`] for.
        for_: String,
        /// In words.
        why: String,
    },
}

impl Effect {
    /// As it stands on record: status, outcome, and what it waits for.
    fn columns(&self) -> (&'static str, &str, Option<&str>) {
        match self {
            Self::Waiting { for_, why } => ("received", why, Some(for_)),
            Self::Processed(outcome) | Self::Ignored(outcome) | Self::Failed(outcome) => {
                (self.name(), outcome, None)
            }
        }
    }

    /// Its name in the answer to the sender.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Processed(_) => "processed",
            Self::Ignored(_) => "ignored",
            Self::Failed(_) => "failed",
            Self::Waiting { .. } => "waiting",
        }
    }
}

/// Stores the verified events of one delivery; those that are there already stay as they are. With `due_at`, in
/// milliseconds, they are dealt with from then on by whoever asks for what is [due](claim); one that has failed or waits is
/// tried anew. Answers the ids of those that are to be dealt with.
pub async fn store(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    events: &[&Stored],
    due_at: Option<i64>,
) -> Result<BTreeSet<String>> {
    let parameters = params![source, moment.ms(), serde_json::to_string(events)?, due_at];
    let stored = tx.rows(STORE, parameters).await?;
    stored.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// Has events of our own dealt with now, whatever became of them before: they stand for what another event names.
pub async fn renew(tx: &Tx<'_>, moment: Moment, source: &str, events: &[&Stored]) -> Result<()> {
    let parameters = params![source, moment.ms(), serde_json::to_string(events)?];
    tx.run(RENEW, parameters).await
}

/// The ids of those events that have yet to take effect, asked inside the transaction that gives it to them. One that
/// failed is tried again when it is sent again: what stood in its way may be gone.
pub async fn open(db: &Db, source: &str, events: &[&Stored]) -> Result<BTreeSet<String>> {
    let ids: Vec<&str> = events.iter().map(|event| event.id.as_str()).collect();
    let open = db
        .rows(OPEN, params![source, serde_json::to_string(&ids)?])
        .await?;
    open.iter().map(|row| Ok(row.text(0)?.to_owned())).collect()
}

/// Records what an event did. One that waits stays open.
pub async fn conclude(tx: &Tx<'_>, source: &str, event_id: &str, effect: &Effect) -> Result<()> {
    let (status, outcome, waits_for) = effect.columns();
    tx.run(CONCLUDE, params![source, event_id, status, outcome, waits_for])
        .await
}

/// An event that was stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Stored {
    /// The source's.
    pub id: String,
    /// As it came.
    pub body: String,
}

/// An event that was stored, and whose effect our side could not give it then.
#[derive(Debug, Clone, Deserialize)]
pub struct LeftOver {
    /// Who sent it.
    pub source: String,
    /// What it says.
    #[serde(flatten)]
    pub stored: Stored,
}

/// The events of these sources that were left over by a crash or an error of ours for longer than ten minutes, the oldest
/// first: whoever sent them may not send them again.
pub async fn left_over(db: &Db, moment: Moment, sources: &[&str], limit: u32) -> Result<Vec<LeftOver>> {
    let before = moment.now.checked_sub_signed(LEFT_AFTER).unwrap_or_default();
    let parameters = params![serde_json::to_string(sources)?, before.timestamp_millis(), limit];
    db.list(LEFT, parameters).await
}

/// The events of a source that wait for any of what is named, in the order in which they came.
pub async fn waiting(tx: &Tx<'_>, source: &str, for_: &[impl Serialize]) -> Result<Vec<Stored>> {
    tx.list(WAITING, params![source, serde_json::to_string(for_)?])
        .await
}

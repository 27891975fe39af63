//! What the twin's statements take, as SQLite itself tells.

use rusqlite::trace::{TraceEvent, TraceEventCodes};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// One statement's share.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(crate) struct Share {
    /// Its text, on one line.
    pub(crate) sql: String,
    /// How often it ran.
    pub(crate) runs: u64,
    /// How long in all. SQLite counts whole milliseconds; over many runs that evens out.
    pub(crate) ms: f64,
}

static SHARES: Mutex<Option<HashMap<String, Share>>> = Mutex::new(None);

/// Watches a connection.
pub(crate) fn watch(connection: &mut rusqlite::Connection) {
    connection.trace_v2(TraceEventCodes::SQLITE_TRACE_PROFILE, Some(note));
}

fn note(event: TraceEvent<'_>) {
    if let TraceEvent::Profile(statement, time) = event {
        add(&statement.sql(), time);
    }
}

fn add(sql: &str, time: Duration) {
    let mut shares = SHARES.lock().unwrap_or_else(PoisonError::into_inner);
    let shares = shares.get_or_insert_default();
    if !shares.contains_key(sql) {
        let words: Vec<&str> = sql.split_whitespace().collect();
        let share = Share {
            sql: words.join(" "),
            ..Share::default()
        };
        shares.insert(sql.to_owned(), share);
    }
    if let Some(share) = shares.get_mut(sql) {
        share.runs = share.runs.saturating_add(1);
        share.ms += time.as_secs_f64() * 1e3;
    }
}

/// What was noted since it was asked last, the dearest first.
pub(crate) fn taken() -> Vec<Share> {
    let shares = SHARES.lock().unwrap_or_else(PoisonError::into_inner).take();
    let mut shares: Vec<Share> = shares.unwrap_or_default().into_values().collect();
    shares.sort_by(|a, b| b.ms.total_cmp(&a.ms));
    shares
}

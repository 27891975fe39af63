//! Inbound webhooks as the API shows them: what came, and what became of it.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::params;
use serde::{Deserialize, Serialize};

macro_rules! select_event {
    ($which:literal) => {
        concat!(
            "SELECT json_object('source', source, 'event_id', event_id, 'received_ms', received_at,
                'status', iif(waits_for IS NULL, status, 'waiting'), 'outcome', outcome, 'body', body)
            FROM inbound_events WHERE ",
            $which
        )
    };
}

statements! {
    ONE = select_event!("source = ? AND event_id = ?");
    LIST = select_event!("(received_at, source, event_id) < (?1, ?2, ?3)
            ORDER BY received_at DESC, source DESC, event_id DESC LIMIT ?4");
    OF_STATUS = select_event!("status = ?5 AND (waits_for IS NOT NULL) = ?6
            AND (received_at, source, event_id) < (?1, ?2, ?3)
            ORDER BY received_at DESC, source DESC, event_id DESC LIMIT ?4");
    OF_SOURCE = select_event!("source = ?2 AND (received_at, event_id) < (?1, ?3)
            AND (?5 IS NULL OR (status = ?5 AND (waits_for IS NOT NULL) = ?6))
            ORDER BY received_at DESC, event_id DESC LIMIT ?4");
}

/// An event as `GET /v1/webhook-events` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct EventView {
    /// Who sent it.
    pub source: String,
    /// The source's id.
    pub event_id: String,
    /// When it came first.
    pub received_at: String,
    /// `received`, `processed`, `ignored`, `failed` or `waiting`.
    pub status: String,
    /// What came of it, or why nothing did.
    pub outcome: Option<String>,
    /// As it came; in lists it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// Its place in the list.
    #[serde(skip)]
    pub cursor: EventCursor,
}

/// A place in the list, newest first: `<milliseconds>.<source>.<event id>` in text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventCursor {
    received_ms: i64,
    source: String,
    event_id: String,
}

impl EventCursor {
    /// Before the newest.
    pub fn start() -> Self {
        Self {
            received_ms: i64::MAX,
            source: String::new(),
            event_id: String::new(),
        }
    }

    /// Reads what [`Self::to_string`](ToString) wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (received_ms, rest) = text.split_once('.')?;
        let (source, event_id) = rest.split_once('.')?;
        Some(Self {
            received_ms: received_ms.parse().ok()?,
            source: source.to_owned(),
            event_id: event_id.to_owned(),
        })
    }
}

impl std::fmt::Display for EventCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}", self.received_ms, self.source, self.event_id)
    }
}

#[derive(Deserialize)]
struct Row {
    source: String,
    event_id: String,
    received_ms: i64,
    status: String,
    outcome: Option<String>,
    body: String,
}

impl Row {
    fn view(self, with_body: bool) -> Result<EventView> {
        Ok(EventView {
            cursor: EventCursor {
                received_ms: self.received_ms,
                source: self.source.clone(),
                event_id: self.event_id.clone(),
            },
            source: self.source,
            event_id: self.event_id,
            received_at: rfc3339(self.received_ms)?,
            status: self.status,
            outcome: self.outcome,
            body: with_body.then_some(self.body),
        })
    }
}

/// One event with its body.
pub async fn event(db: &Db, source: &str, event_id: &str) -> Result<Option<EventView>> {
    let row: Option<Row> = db.find(ONE, params![source, event_id]).await?;
    row.map(|row| row.view(true)).transpose()
}

/// Events from `after` on, newest first, of one source and one status where they are given.
pub async fn events(
    db: &Db,
    source: Option<&str>,
    status: Option<&str>,
    after: &EventCursor,
    limit: u32,
) -> Result<Vec<EventView>> {
    let waiting = i64::from(status == Some("waiting"));
    let status = status.map(|status| if waiting == 1 { "received" } else { status });
    let (ms, event_id) = (after.received_ms, after.event_id.as_str());
    let rows: Vec<Row> = match (source, status) {
        (Some(source), status) => {
            db.list(OF_SOURCE, params![ms, source, event_id, limit, status, waiting])
                .await?
        }
        (None, Some(status)) => {
            db.list(
                OF_STATUS,
                params![ms, after.source.as_str(), event_id, limit, status, waiting],
            )
            .await?
        }
        (None, None) => {
            db.list(LIST, params![ms, after.source.as_str(), event_id, limit])
                .await?
        }
    };
    rows.into_iter().map(|row| row.view(false)).collect()
}

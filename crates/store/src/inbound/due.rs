//! Events that are dealt with after they were acknowledged, and those that failed: when each is tried next, and what a
//! person does about it.
//!
//! **Shape.** An event that is due is claimed for a while, so that runs that overlap do not do its work twice; whoever
//! has claimed it concludes it. **Bounds:** seven tries over more than a day (`receivables::backoff`), then a task for
//! a person, once. **Refuses** to forget: what a person dismisses stays on record with who and why.

use super::Effect;
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::tasks::{self, NewTask};
use crate::{moment, params};
use chrono::{DateTime, TimeDelta, Utc};
use receivables::backoff;
use receivables::id::CustomerId;
use receivables::task::TaskKind;
use serde::Deserialize;

statements! {
    CLAIM = "UPDATE inbound_events SET due_at = ?2, attempts = attempts + 1
        WHERE (source, event_id) IN (SELECT source, event_id FROM inbound_events WHERE due_at <= ?1
            ORDER BY due_at LIMIT ?3)
        RETURNING json_object('source', source, 'id', event_id, 'body', body, 'attempts', attempts)";
    MORE = "SELECT 1 FROM inbound_events WHERE due_at <= ? LIMIT 1";
    SETTLE = "UPDATE inbound_events SET status = ?3, outcome = ?4, waits_for = ?5, due_at = ?6,
            attempts = iif(?3 = 'failed', attempts, 0)
        WHERE source = ?1 AND event_id = ?2";
    LATER = "UPDATE inbound_events SET due_at = ?3, outcome = ?4, attempts = max(0, attempts - ?5)
        WHERE source = ?1 AND event_id = ?2 AND due_at IS NOT NULL";
    DUE = "UPDATE inbound_events SET due_at = ?3, attempts = 0 WHERE source = ?1 AND event_id = ?2
            AND (status = 'failed' OR waits_for IS NOT NULL) RETURNING event_id";
    DISMISS = "UPDATE inbound_events SET status = 'ignored', outcome = ?3, due_at = NULL, waits_for = NULL
        WHERE source = ?1 AND event_id = ?2 AND (status = 'failed' OR waits_for IS NOT NULL) RETURNING event_id";
    KNOWN = "SELECT 1 FROM inbound_events WHERE source = ? AND event_id = ?";
    WAKE = "UPDATE inbound_events INDEXED BY inbound_events_waiting SET due_at = ?2
        WHERE source IN (SELECT value FROM json_each(?1)) AND waits_for IN (SELECT value FROM json_each(?3)) AND waits_for IS NOT NULL";
    FOR_PEOPLE = "SELECT count(*) FROM (SELECT 1 FROM inbound_events INDEXED BY inbound_events_for_people
        WHERE status = 'failed' AND due_at IS NULL ORDER BY received_at LIMIT ?)";
}

/// For how long an event is claimed: longer than a run lasts.
const CLAIMED_S: i64 = 60;

/// An event whose turn it is.
#[derive(Debug, Clone, Deserialize)]
pub struct DueEvent {
    /// Who sent it.
    pub source: String,
    /// The source's id for it.
    pub id: String,
    /// As it came.
    pub body: String,
    /// Which try this is, from 1.
    pub attempts: u32,
}

/// Claims events that are due, the longest due first.
pub async fn claim(tx: &Tx<'_>, moment: Moment, limit: usize) -> Result<Vec<DueEvent>> {
    let until = moment
        .now
        .checked_add_signed(TimeDelta::seconds(CLAIMED_S))
        .unwrap_or(moment.now);
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let rows = tx
        .rows(CLAIM, params![moment.ms(), until.timestamp_millis(), limit])
        .await?;
    rows.iter().map(|row| row.json(0)).collect()
}

/// Whether any event is due.
pub async fn more_due(db: &Db, moment: Moment) -> Result<bool> {
    Ok(db.row(MORE, params![moment.ms()]).await?.is_some())
}

/// Whether an event that failed is worth another try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Worth {
    /// What stood in its way may go.
    Trying,
    /// It will say the same again.
    Nothing,
}

/// Records what a try did. One that failed is tried again later, as long as that is worth it; after its last try a task
/// is opened, where it is known whom the event is about. Answers whether people have to look at it now.
pub async fn settle(
    tx: &Tx<'_>,
    moment: Moment,
    event: &DueEvent,
    effect: &Effect,
    worth: Worth,
    customer: Option<&CustomerId>,
) -> Result<bool> {
    let (status, outcome, waits_for) = effect.columns();
    let next = match (effect, worth) {
        (Effect::Failed(_), Worth::Trying) => next_try(event.attempts, moment)?,
        _ => None,
    };
    let parameters = params![
        event.source.as_str(),
        event.id.as_str(),
        status,
        outcome,
        waits_for,
        next.map(|at| at.timestamp_millis())
    ];
    tx.run(SETTLE, parameters).await?;
    let given_up = matches!(effect, Effect::Failed(_)) && next.is_none();
    if let Some(customer) = customer.filter(|_| given_up) {
        let task = NewTask {
            customer: customer.clone(),
            currency: None,
            kind: TaskKind::Review,
            title: format!("An event of {} could not be taken in", event.source),
            detail: Some(format!("{}: {outcome}", event.id)),
            due_on: moment.now.date_naive(),
            step: None,
            cycle: None,
            assignee: None,
        };
        tasks::open_by(tx, moment, &event.source, task).await?;
    }
    Ok(given_up)
}

fn next_try(attempt: u32, moment: Moment) -> Result<Option<DateTime<Utc>>> {
    let [high, low] = moment::random::<2>()?;
    let jitter = u16::from_be_bytes([high, low]).checked_rem(1_001).unwrap_or(0);
    Ok(backoff::next_attempt(attempt, moment.now, jitter))
}

/// Puts an event off, since its source cannot be asked now. One that was not asked at all keeps its tries.
pub async fn later(tx: &Tx<'_>, event: &DueEvent, at: DateTime<Utc>, why: &str, asked: bool) -> Result<()> {
    let back = i64::from(!asked);
    let parameters = params![
        event.source.as_str(),
        event.id.as_str(),
        at.timestamp_millis(),
        why,
        back
    ];
    tx.run(LATER, parameters).await
}

/// What became of a person's word on an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It is done.
    Done,
    /// There is no such event.
    Unknown,
    /// It has neither failed nor does it wait.
    NotOpen,
}

/// Has an event that failed or waits tried again, as often as a new one.
pub async fn retry(tx: &Tx<'_>, moment: Moment, source: &str, id: &str) -> Result<Word> {
    let done = tx.row(DUE, params![source, id, moment.ms()]).await?.is_some();
    word(tx, source, id, done).await
}

/// Has an event that failed or waits left at that.
pub async fn dismiss(tx: &Tx<'_>, source: &str, id: &str, by: &str, reason: &str) -> Result<Word> {
    let outcome = format!("dismissed by {by}: {reason}");
    let done = tx.row(DISMISS, params![source, id, outcome]).await?.is_some();
    word(tx, source, id, done).await
}

async fn word(tx: &Tx<'_>, source: &str, id: &str, done: bool) -> Result<Word> {
    let known = done || tx.row(KNOWN, params![source, id]).await?.is_some();
    Ok(match (done, known) {
        (true, _) => Word::Done,
        (false, true) => Word::NotOpen,
        (false, false) => Word::Unknown,
    })
}

/// Has the events of `sources` tried now that wait for any of what is named.
pub async fn wake(tx: &Tx<'_>, moment: Moment, sources: &[&str], for_: &[String]) -> Result<()> {
    let (sources, for_) = (serde_json::to_string(sources)?, serde_json::to_string(for_)?);
    tx.run(WAKE, params![sources, moment.ms(), for_]).await
}

/// How many events have failed and are not tried again; counted up to `most`.
pub async fn for_people(db: &Db, most: u32) -> Result<i64> {
    let row = db.row(FOR_PEOPLE, params![most]).await?;
    row.map_or(Ok(0), |row| row.int(0))
}

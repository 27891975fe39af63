//! Look-ups that found nothing: who guesses is made to wait, also after a restart.
//!
//! **Shape.** A count and its beginning for each slot, which is what an address, or the beginning of a token, hashes to.
//! **Bounds.** There are as many rows as slots, whoever tries; a slot that is over its limit is read and written no
//! more, so that guessing costs the ledger a write lock seldom. **Refuses** nobody who has what is looked for: only
//! what failed is counted, so that strangers cannot lock anybody out.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use chrono::Duration;
use serde::Serialize;

statements! {
    BEGUN = "SELECT a.since FROM json_each(?1) AS j
        JOIN attempts a ON a.kind = j.value->>'kind' AND a.slot = j.value->>'slot'
        WHERE a.count >= j.value->>'limit' AND a.since > ?2 AND a.since <= ?3
        ORDER BY a.since DESC LIMIT 1";
    COUNT = "INSERT INTO attempts (kind, slot, since, count)
        SELECT j.value->>'kind', j.value->>'slot', ?3, 1 FROM json_each(?1) AS j WHERE true
        ON CONFLICT (kind, slot) DO UPDATE SET
            count = iif(since > ?2 AND since <= ?3, count + 1, 1), since = iif(since > ?2 AND since <= ?3, since, ?3)";
}

/// By what attempts are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Where they come from.
    Address,
    /// How what they try begins.
    Prefix,
}

/// Where attempts are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Slot {
    /// By what.
    pub kind: Kind,
    /// Which of its slots.
    pub slot: u16,
    /// How many may fail within a window.
    pub limit: u32,
}

/// How long whoever is in one of `slots` has to wait; `None`: not at all.
pub async fn wait(db: &Db, moment: Moment, slots: &[Slot], window: Duration) -> Result<Option<Duration>> {
    if slots.is_empty() {
        return Ok(None);
    }
    let began = moment.ms().saturating_sub(window.num_milliseconds());
    let slots = serde_json::to_string(slots)?;
    let row = db.row(BEGUN, params![slots, began, moment.ms()]).await?;
    let since = row.map(|row| row.int(0)).transpose()?;
    Ok(since.map(|since| Duration::milliseconds(since.saturating_sub(began))))
}

/// Counts one that failed in each of `slots`, unless it has to wait; answers how long.
pub async fn failed(db: &Db, moment: Moment, slots: &[Slot], window: Duration) -> Result<Option<Duration>> {
    let wait = wait(db, moment, slots, window).await?;
    if wait.is_some() || slots.is_empty() {
        return Ok(wait);
    }
    let began = moment.ms().saturating_sub(window.num_milliseconds());
    let slots = serde_json::to_string(slots)?;
    db.transaction(async |tx: &Tx<'_>| tx.run(COUNT, params![slots.as_str(), began, moment.ms()]).await)
        .await?;
    Ok(None)
}

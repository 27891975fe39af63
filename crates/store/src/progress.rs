//! How far an intake came that is committed in batches.
//!
//! **Shape.** Each batch of a request with an `Idempotency-Key` records, in its own commit, how many bytes of the body
//! are done with, their digest, and what has been counted so far. The same request after a crash goes on from there.
//! The row goes with the commit that keeps the answer.
//! **Once.** A batch begins where the row says: of two requests with one key that run at a time, the one that finds the
//! row elsewhere than it left it has lost, and does nothing.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use serde::{Deserialize, Serialize};
use serde_json::Value;

statements! {
    FIND = "SELECT json_object('bytes', bytes, 'digest', digest, 'state', json(state)) FROM intake_progress
        WHERE principal = ? AND key = ?";
    SAVE = "INSERT INTO intake_progress (principal, key, bytes, digest, state, updated_at) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (principal, key) DO UPDATE SET bytes = excluded.bytes, digest = excluded.digest,
            state = excluded.state, updated_at = excluded.updated_at";
    CLEAR = "DELETE FROM intake_progress WHERE principal = ? AND key = ?";
}

/// How far an intake came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// Bytes of the body that are done with.
    pub bytes: u64,
    /// What tells the request and these bytes from others.
    pub digest: String,
    /// What the reader needs to go on and to answer in the end.
    pub state: Value,
}

/// How far the intake under this key came, if one is under way. Keys of different principals never meet.
pub async fn find(db: &Db, principal: &str, key: &str) -> Result<Option<Progress>> {
    db.find(FIND, params![principal, key]).await
}

/// Records how far it came.
pub async fn save(
    tx: &Tx<'_>,
    moment: Moment,
    principal: &str,
    key: &str,
    progress: &Progress,
) -> Result<()> {
    let bytes = i64::try_from(progress.bytes).unwrap_or(i64::MAX);
    tx.run(
        SAVE,
        params![
            principal,
            key,
            bytes,
            progress.digest.as_str(),
            progress.state.to_string(),
            moment.ms()
        ],
    )
    .await
}

/// It is done: the answer is kept elsewhere.
pub async fn clear(tx: &Tx<'_>, principal: &str, key: &str) -> Result<()> {
    tx.run(CLEAR, params![principal, key]).await
}

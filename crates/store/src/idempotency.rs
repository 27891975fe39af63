//! Idempotency keys: the answer is stored in the transaction that did the work, so either both are there or
//! neither. A second request with the same key waits for the first one's lock and then finds its answer.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use serde::Deserialize;

statements! {
    FIND = "SELECT json_object('fingerprint', fingerprint, 'status', status, 'body', body)
        FROM idempotency WHERE principal = ? AND key = ?";
    KEEP = "INSERT INTO idempotency (principal, key, fingerprint, status, body, created_at)
        VALUES (?, ?, ?, ?, ?, ?)";
}

/// An answer that was given before.
#[derive(Debug, Clone, Deserialize)]
pub struct Given {
    /// SHA-256 of method, path and body of the request that it answers.
    pub fingerprint: String,
    /// HTTP status.
    pub status: u16,
    /// JSON body; empty once it is erased.
    pub body: String,
}

impl Given {
    /// Whether the answer was taken out with a person's data. What was asked for is done all the same.
    pub fn is_erased(&self) -> bool {
        self.body.is_empty()
    }
}

/// The answer given to `key` before, if any. Keys of different principals never meet.
pub async fn find(db: &Db, principal: &str, key: &str) -> Result<Option<Given>> {
    db.find(FIND, params![principal, key]).await
}

/// Keeps an answer.
pub async fn keep(tx: &Tx<'_>, moment: Moment, principal: &str, key: &str, given: &Given) -> Result<()> {
    let Given {
        fingerprint,
        status,
        body,
    } = given;
    tx.run(
        KEEP,
        params![
            principal,
            key,
            fingerprint.as_str(),
            *status,
            body.as_str(),
            moment.ms()
        ],
    )
    .await
}

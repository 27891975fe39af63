//! The message queue: claimed under a lease, checked against fresh evidence, delivered, recorded.
//!
//! **Once.** A claim and its evidence are one transaction; the provider is called outside of it with the message's
//! id as idempotency key; the outcome is a second transaction that holds only while the lease does. A crash in
//! between leaves the message `sending`: when the lease has run out it is sent again if the provider knows ids
//! it has seen, else it becomes `uncertain` and a person decides.

mod by_hand;
mod claim;
mod settle;
mod told;

pub use by_hand::{Changed, cancel, retry};
pub use claim::{Claim, Claimed, Listed, claim, more_due};
pub use settle::{Outcome, settle};
pub use told::{Against, Told, told};

use crate::db::{Row, Tx, statements};
use crate::error::Result;
use crate::params;
use receivables::id::MessageId;
use receivables::message::MessageStatus;
use serde::Serialize;

statements! {
    SETTLE = "UPDATE messages SET status = j.value->>'status', attempt_at = coalesce(j.value->>'attempt_ms', attempt_at),
            lease = j.value->>'lease', attempts = attempts + (j.value->>'attempt'),
            provider = coalesce(j.value->>'provider', provider),
            recipient = coalesce(j.value->>'recipient', recipient),
            subject = coalesce(j.value->>'subject', subject), last_error = j.value->>'error',
            sent_at = coalesce(j.value->>'sent_ms', sent_at)
        FROM json_each(?) AS j
        WHERE messages.id = j.value->>'id' AND messages.lease IS (j.value->>'held')
        RETURNING messages.id";
    RELEASE_STEPS = "DELETE FROM steps_taken WHERE message_id IN (SELECT value FROM json_each(?))";
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, by_hand::ALL, claim::ALL, told::ALL].concat()
}

/// A change to a message's row. `held` is the lease under which it is made: another's claim is never overwritten.
#[derive(Serialize)]
struct Settlement<'a> {
    id: &'a MessageId,
    status: MessageStatus,
    attempt: u32,
    attempt_ms: Option<i64>,
    lease: Option<String>,
    held: Option<&'a str>,
    provider: Option<&'a str>,
    recipient: Option<&'a str>,
    subject: Option<&'a str>,
    error: Option<String>,
    sent_ms: Option<i64>,
}

impl<'a> Settlement<'a> {
    fn new(id: &'a MessageId, status: MessageStatus, held: Option<&'a str>) -> Self {
        Self {
            id,
            status,
            attempt: 0,
            attempt_ms: None,
            lease: None,
            held,
            provider: None,
            recipient: None,
            subject: None,
            error: None,
            sent_ms: None,
        }
    }
}

/// Makes all of the changes; the rows of those that could be made, by id.
async fn settle_rows(tx: &Tx<'_>, settlements: &[Settlement<'_>]) -> Result<Vec<Row>> {
    tx.rows(SETTLE, params![serde_json::to_string(settlements)?])
        .await
}

/// Frees the steps of messages that were taken back: they may come due again.
async fn release_steps(tx: &Tx<'_>, messages: &[MessageId]) -> Result<()> {
    tx.run(RELEASE_STEPS, params![serde_json::to_string(messages)?])
        .await
}

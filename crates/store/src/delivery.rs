//! The message queue: claimed under a lease, checked against fresh evidence, delivered, recorded.
//!
//! **Once.** A claim and its evidence are one transaction; the provider is called outside of it with the message's
//! id as idempotency key; the outcome is a second transaction that holds only while the lease does. A crash in
//! between leaves the message `sending`: when the lease has run out it is sent again if the provider knows ids
//! it has seen, else it becomes `uncertain` and a person decides. What the provider says later, or before we have
//! recorded that we sent it, counts over what we believed ([`told`]).

mod by_hand;
mod claim;
mod model;
mod pause;
mod settle;
mod told;

pub use crate::promises::PromiseNote;
pub use by_hand::{Changed, cancel, retry};
pub use claim::{claim, more_due};
pub use model::{Carrier, Claim, Claimed, Document, Listed, Recipient};
pub use pause::{pause, paused};
pub use settle::{Outcome, settle};
pub use told::{Against, Told, told};

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::params;
use receivables::id::MessageId;
use receivables::message::MessageStatus;
use serde::{Deserialize, Serialize};

statements! {
    // A provider's word may have come before our record of the send: then its status stays, and the rest is filled in.
    SETTLE = "UPDATE messages SET
            status = iif(j.value->>'still' IN (messages.status, ''), j.value->>'status', messages.status),
            last_error = iif(j.value->>'still' IN (messages.status, ''), j.value->>'error', last_error),
            attempt_at = coalesce(j.value->>'attempt_ms', attempt_at),
            lease = j.value->>'lease', attempts = attempts + (j.value->>'attempt'),
            provider = coalesce(j.value->>'provider', provider),
            provider_id = iif(j.value->>'status' = 'sending', NULL, coalesce(j.value->>'provider_id', provider_id)),
            delivered_at = iif(j.value->>'status' = 'sending', NULL, delivered_at),
            recipient = coalesce(j.value->>'recipient', recipient),
            subject = coalesce(j.value->>'subject', subject),
            sent_at = coalesce(j.value->>'sent_ms', sent_at)
        FROM json_each(?) AS j
        WHERE messages.id = j.value->>'id' AND messages.lease IS (j.value->>'held')
        RETURNING json_object('id', messages.id, 'status', messages.status)";
    RELEASE_STEPS = "DELETE FROM steps_taken WHERE message_id IN (SELECT value FROM json_each(?))";
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, by_hand::ALL, claim::ALL, pause::ALL, told::ALL].concat()
}

/// A change to a message's row. `held` is the lease under which it is made: another's claim is never overwritten.
#[derive(Serialize)]
struct Settlement<'a> {
    id: &'a MessageId,
    status: MessageStatus,
    /// The status that it must still have for the new one to count; empty: whatever it has.
    still: &'static str,
    attempt: i32,
    attempt_ms: Option<i64>,
    lease: Option<String>,
    held: Option<&'a str>,
    provider: Option<&'a str>,
    provider_id: Option<&'a str>,
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
            still: "",
            attempt: 0,
            attempt_ms: None,
            lease: None,
            held,
            provider: None,
            provider_id: None,
            recipient: None,
            subject: None,
            error: None,
            sent_ms: None,
        }
    }
}

/// A message whose row was changed.
#[derive(Deserialize)]
struct Settled {
    id: MessageId,
    status: MessageStatus,
}

/// Makes all of the changes; answers those that could be made.
async fn settle_rows(tx: &Tx<'_>, settlements: &[Settlement<'_>]) -> Result<Vec<Settled>> {
    let settled = tx
        .rows(SETTLE, params![serde_json::to_string(settlements)?])
        .await?;
    settled.iter().map(|row| row.json(0)).collect()
}

/// Frees the steps of messages that were taken back: they may come due again.
async fn release_steps(tx: &Tx<'_>, messages: &[MessageId]) -> Result<()> {
    tx.run(RELEASE_STEPS, params![serde_json::to_string(messages)?])
        .await
}

//! The message queue: claimed under a lease, checked against fresh evidence, delivered, recorded.
//!
//! **Once.** A claim and its evidence are one transaction; the provider is called outside of it with the message's
//! id as idempotency key; the outcome is a second transaction that holds only while the lease does. A crash in
//! between leaves the message `sending`: when the lease has run out it is sent again if the provider knows ids
//! it has seen, else it becomes `uncertain` and a person decides. What the provider says later, or before we have
//! recorded that we sent it, counts over what we believed ([`told`]).
//!
//! **One way at a time.** A message has channels, the first first, and takes one: [`route`] finds the way. What a carrier
//! refuses for good, or what comes back, goes the next way and never back; the sends that are over are on record
//! (`past_sends`), so that what is said of them later is not taken for news of the one under way.
//!
//! **Held.** What a person has to look at first stays `queued`, says what for (`held_for`), and is looked at again each day
//! and when an address is verified: what was paid meanwhile is taken back, what was mended leaves. A task tells people of
//! it, once a message. It is no status of its own: nothing in a message's life differs but when it is looked at.

mod by_hand;
mod claim;
mod due;
mod files;
mod inside;
pub(crate) mod listed;
mod look;
mod model;
mod pause;
mod route;
mod settle;
mod told;

pub use crate::promises::PromiseNote;
pub use by_hand::{Changed, cancel, release, retry};
pub use claim::claim;
pub use due::more_due;
pub use look::{Seen, look};
pub use model::{Carrier, Claim, Claimed, Document, Listed, Memory, Recipient};
pub use pause::{pause, paused, sent_since};
pub use settle::{Outcome, settle};
pub use told::{Against, Told, told};

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::params;
use receivables::channel::Channel;
use receivables::id::MessageId;
use receivables::message::MessageStatus;
use receivables::recipient::HeldFor;
use serde::{Deserialize, Serialize};

statements! {
    // A provider's word may have come before our record of the send: then its status stays, and the rest is filled in.
    // A lease is a claim's: what an earlier send brought is forgotten.
    SETTLE = "UPDATE messages SET
            status = iif(j.value->>'still' IN (messages.status, ''), j.value->>'status', messages.status),
            last_error = iif(j.value->>'still' IN (messages.status, ''), j.value->>'error', last_error),
            attempt_at = coalesce(j.value->>'attempt_ms', attempt_at),
            lease = j.value->>'lease', attempts = iif(j.value->>'afresh', 0, attempts + (j.value->>'attempt')),
            channel = iif(j.value->>'still' IN (messages.status, ''), coalesce(j.value->>'channel', channel), channel),
            tried = iif(j.value->>'still' IN (messages.status, ''), coalesce(j.value->'tried', tried), tried),
            handed_at = CASE WHEN j.value->>'status' <> 'sending' THEN NULL
                WHEN messages.status = 'sending' THEN handed_at ELSE j.value->>'handed_ms' END,
            held_for = j.value->>'held_for', released_to = coalesce(j.value->>'released_to', released_to),
            provider = coalesce(j.value->>'provider', provider),
            provider_id = iif(j.value->>'lease' IS NULL, coalesce(j.value->>'provider_id', provider_id), NULL),
            delivered_at = iif(j.value->>'lease' IS NULL, delivered_at, NULL),
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
    [
        ALL,
        by_hand::ALL,
        listed::ALL,
        due::ALL,
        files::ALL,
        inside::ALL,
        pause::ALL,
        route::ALL,
        told::ALL,
    ]
    .concat()
}

/// A change to a message's row. `held` is the lease under which it is made: another's claim is never overwritten.
#[derive(Serialize)]
struct Settlement<'a> {
    id: &'a MessageId,
    status: MessageStatus,
    /// The status that it must still have for the new one to count; empty: whatever it has.
    still: &'static str,
    attempt: i32,
    /// Whether its attempts are counted anew: it goes another way.
    afresh: bool,
    channel: Option<Channel>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tried: Option<Vec<Channel>>,
    held_for: Option<HeldFor>,
    released_to: Option<String>,
    attempt_ms: Option<i64>,
    lease: Option<String>,
    /// When it is handed over; the first time counts until it is known what became of it.
    handed_ms: Option<i64>,
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
            afresh: false,
            channel: None,
            tried: None,
            held_for: None,
            released_to: None,
            attempt_ms: None,
            lease: None,
            handed_ms: None,
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

//! Where a message's reader says that there are to be no more.
//!
//! **Shape.** A token of 128 random bits a message, stored as its SHA-256 alone, that stands for the address the message
//! went to over its channel. **At once:** whoever uses it is on the suppression list in the same commit; a queued message
//! to that address is judged again before it leaves, and finds it there. **Never too late:** a token works for two years,
//! which is longer than any law asks (15 U.S.C. 7704(a)(3)(A)(ii): 30 days after the message); then it is forgotten.
//! **Refuses** to do anything for a token that it does not know, and says no more about it than that.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::suppressions::{self, Evidence};
use chrono::Duration;
use receivables::channel::Channel;
use receivables::id::{CustomerId, MessageId};
use receivables::suppression::Reason;
use serde::{Deserialize, Serialize};

/// Who says so, on the suppression list: the reader.
const SOURCE: &str = "recipient";
/// How long a token works.
const LASTS: Duration = Duration::days(730);

statements! {
    INSERT = "INSERT INTO unsubscribes (token_hash, message_id, customer_id, channel, address, created_at)
        SELECT j.value->>'token_hash', j.value->>'message', j.value->>'customer', j.value->>'channel',
            j.value->>'address', ?1 FROM json_each(?2) AS j";
    BY_TOKEN = "SELECT json_object('message', u.message_id, 'customer', u.customer_id, 'locale', k.locale,
            'channel', u.channel, 'address', u.address, 'used', json(iif(u.used_at IS NULL, 'false', 'true')),
            'phone', t.phone)
        FROM unsubscribes u JOIN customers k ON k.id = u.customer_id
        LEFT JOIN contacts t ON t.customer_id = u.customer_id AND t.email = u.address
        WHERE u.token_hash = ? ORDER BY t.position LIMIT 1";
    PRUNE = "DELETE FROM unsubscribes WHERE token_hash IN (SELECT token_hash FROM unsubscribes WHERE created_at < ?1
            ORDER BY created_at LIMIT ?2) RETURNING channel";
    USE = "UPDATE unsubscribes SET used_at = coalesce(used_at, ?2) WHERE token_hash = ?1";
}

/// A token to be kept.
#[derive(Debug, Clone, Serialize)]
pub struct NewToken {
    /// SHA-256 of the token, hexadecimal.
    pub token_hash: String,
    /// The message that carries it.
    pub message: MessageId,
    /// Whom it is about.
    pub customer: CustomerId,
    /// Over which channel it goes.
    pub channel: Channel,
    /// Where it goes.
    pub address: String,
}

/// What a token stands for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    /// The message that carried it.
    pub message: MessageId,
    /// Whom it is about.
    pub customer: CustomerId,
    /// The customer's language.
    pub locale: String,
    /// Over which channel it went.
    pub channel: Channel,
    /// Where it went.
    pub address: String,
    /// Whether it was used before.
    pub used: bool,
    /// The reader's telephone number, where the contact has one.
    pub phone: Option<String>,
}

/// Keeps the tokens of messages that are about to leave.
pub async fn create(tx: &Tx<'_>, moment: Moment, tokens: &[NewToken]) -> Result<()> {
    if tokens.is_empty() {
        return Ok(());
    }
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(tokens)?])
        .await
}

/// Forgets at most `limit` tokens that have grown old; answers how many.
pub async fn prune(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<usize> {
    let old = moment.now.checked_sub_signed(LASTS).unwrap_or(moment.now);
    let gone = tx.rows(PRUNE, params![old.timestamp_millis(), limit]).await?;
    Ok(gone.len())
}

/// What a token stands for; `None` for one that nobody was given.
pub async fn find(db: &Db, token_hash: &str) -> Result<Option<Subscription>> {
    db.find(BY_TOKEN, params![token_hash]).await
}

/// Its reader wants no more over these channels, as far as the contact has an address there. True: one of them stood open
/// until now.
pub async fn refuse(
    tx: &Tx<'_>,
    moment: Moment,
    token_hash: &str,
    subscription: &Subscription,
    channels: &[Channel],
) -> Result<bool> {
    let mut new = false;
    for channel in channels {
        let address = match channel {
            channel if *channel == subscription.channel => Some(subscription.address.as_str()),
            Channel::Sms | Channel::Voice => subscription.phone.as_deref(),
            _ => None,
        };
        let Some(address) = address else { continue };
        let detail = format!("by the link in message {}", subscription.message);
        let evidence = Evidence {
            address,
            reason: Reason::Unsubscribe,
            source: SOURCE,
            detail: &detail,
            at: moment.now,
        };
        // A number may refuse texts and take calls; an email address has one channel.
        let alone = Some(*channel).filter(|channel| *channel != Channel::Email);
        new |= suppressions::add_on(tx, moment, alone, &evidence).await?;
    }
    tx.run(USE, params![token_hash, moment.ms()]).await?;
    Ok(new)
}

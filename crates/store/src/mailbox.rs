//! The `mailbox` provider's own memory: what it was given, by message id. It plays the world outside, so the same
//! id again changes nothing, as with a real provider that knows idempotency keys.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::id::{CustomerId, MessageId};
use serde::{Deserialize, Serialize};

macro_rules! select_mail {
    ($which:literal) => {
        concat!(
            "SELECT json_object('message_id', message_id, 'received_at', received_at, 'customer_id', customer_id,
                'step', step, 'sender', sender, 'reply_to', reply_to, 'recipient', recipient, 'subject', subject,
                'text', text, 'html', html) FROM mailbox ",
            $which
        )
    };
}

statements! {
    ACCEPT = "INSERT INTO mailbox (message_id, received_at, customer_id, step, sender, reply_to, recipient, subject,
            text, html)
        SELECT j.value->>'message_id', ?1, j.value->>'customer_id', j.value->>'step', j.value->>'sender',
            j.value->>'reply_to', j.value->>'recipient', j.value->>'subject', j.value->>'text', j.value->>'html'
        FROM json_each(?2) AS j WHERE true ON CONFLICT (message_id) DO NOTHING";
    LIST = select_mail!("WHERE message_id < ?1 ORDER BY message_id DESC LIMIT ?2");
    TO = select_mail!("WHERE recipient = ?3 AND message_id < ?1 ORDER BY message_id DESC LIMIT ?2");
    ONE = select_mail!("WHERE message_id = ?");
}

/// A message as it arrived.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Mail {
    /// Ours.
    pub message_id: MessageId,
    /// When it arrived, milliseconds since 1970.
    pub received_at: i64,
    /// Whom it is about.
    pub customer_id: CustomerId,
    /// The policy's step.
    pub step: String,
    /// From.
    pub sender: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// To.
    pub recipient: String,
    /// Subject.
    pub subject: String,
    /// The plain text part.
    pub text: String,
    /// The HTML part.
    pub html: String,
}

/// Takes all of `mails` in; one that is known already is left as it is.
pub async fn accept(tx: &Tx<'_>, moment: Moment, mails: &[Mail]) -> Result<()> {
    if mails.is_empty() {
        return Ok(());
    }
    tx.run(ACCEPT, params![moment.ms(), serde_json::to_string(mails)?])
        .await
}

/// The newest mails before the id `before`, to one address or all.
pub async fn list(db: &Db, to: Option<&str>, before: Option<&MessageId>, limit: u32) -> Result<Vec<Mail>> {
    // Sorts after every id.
    let before = before.map_or("msg_~", MessageId::as_str);
    match to {
        Some(to) => db.list(TO, params![before, limit, to]).await,
        None => db.list(LIST, params![before, limit]).await,
    }
}

/// One mail.
pub async fn one(db: &Db, id: &MessageId) -> Result<Option<Mail>> {
    db.find(ONE, params![id.as_str()]).await
}

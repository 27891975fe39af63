//! Calls that were placed: a limit counts them.

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::id::{CustomerId, MessageId};
use receivables::law::is_conversation;
use receivables::task::Outcome;

statements! {
    INSERT = "INSERT INTO calls (customer_id, at, conversation, outcome, made_by) VALUES (?1, ?2, ?3, ?4, ?5)";
    // The latest call of a message: earlier ones reached nobody, or there would be none after them.
    CONVERSATION = "UPDATE calls SET conversation = 1
        WHERE id = (SELECT max(c.id) FROM calls c WHERE c.message_id = ?1)";
}

/// Records a call that a person has placed, and how it ended.
pub async fn placed(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    outcome: Outcome,
    by: &str,
) -> Result<()> {
    let spoken = i64::from(is_conversation(outcome));
    let parameters = params![customer.as_str(), moment.ms(), spoken, outcome.as_str(), by];
    tx.run(INSERT, parameters).await
}

/// Records that the machine's call for a message was taken by the customer: somebody listened, or pressed a key.
pub async fn conversation(tx: &Tx<'_>, message: &MessageId) -> Result<()> {
    tx.run(CONVERSATION, params![message.as_str()]).await
}

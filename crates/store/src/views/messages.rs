//! Messages as the API and the console show them.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::params;
use receivables::channel::Channel;
use receivables::id::{CustomerId, MessageId};
use receivables::notice::About;
use receivables::recipient::HeldFor;
use receivables::template::Purpose;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

macro_rules! select_message {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', m.id, 'customer', m.customer_id, 'step', m.step, 'template', m.template,
                'channel', m.channel, 'channels', json(m.channels), 'purpose', m.purpose, 'about', json(m.about),
                'held_for', m.held_for, 'policy', m.policy, 'status', m.status, 'why', m.why,
                'scheduled_for', m.scheduled_for, 'attempt_at', m.attempt_at, 'attempts', m.attempts,
                'provider', m.provider, 'provider_id', m.provider_id, 'recipient', m.recipient,
                'subject', m.subject, 'last_error', m.last_error, 'created_at', m.created_at,
                'sent_at', m.sent_at, 'delivered_at', m.delivered_at,
                'invoices', json((SELECT json_group_array(i.number) FROM steps_taken s
                    JOIN invoices i ON i.id = s.invoice_id WHERE s.message_id = m.id AND s.listed = 1)))
            FROM messages m ",
            $which
        )
    };
}

statements! {
    ONE = select_message!("WHERE m.id = ?");
    LIST = select_message!("WHERE m.id < ?1 ORDER BY m.id DESC LIMIT ?2");
    OF_STATUS = select_message!("WHERE m.status = ?3 AND m.id < ?1 ORDER BY m.id DESC LIMIT ?2");
    OF_CUSTOMER = select_message!("WHERE m.customer_id = ?3 AND m.id < ?1 AND (?4 IS NULL OR m.status = ?4)
            ORDER BY m.id DESC LIMIT ?2");
    TOTALS = "SELECT json_object('status', status, 'messages', messages) FROM message_totals";
}

/// A message as `GET /v1/messages` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct MessageView {
    /// Ours; the provider's idempotency key.
    pub id: MessageId,
    /// Whom it goes to.
    pub customer_id: CustomerId,
    /// Where it stands.
    pub status: String,
    /// The policy's step.
    pub step: String,
    /// The policy.
    pub policy: String,
    /// The words.
    pub template: String,
    /// What it is about: `collection`, `receipt`, ...
    pub purpose: Purpose,
    /// The channel that it takes: `email`, ...
    pub channel: String,
    /// Those that it may take, the first first.
    pub channels: Vec<Channel>,
    /// What it waits for a person for.
    pub held_for: Option<HeldFor>,
    /// What it tells, where it is a notice.
    pub about: Option<About>,
    /// Numbers of the invoices that it lists.
    pub invoices: Vec<String>,
    /// The sentence that explains why it was queued.
    pub why: String,
    /// When its step came due.
    pub scheduled_for: String,
    /// When it is (was) next tried.
    pub next_attempt_at: Option<String>,
    /// How often it was tried.
    pub attempts: u32,
    /// Who delivered it.
    pub provider: Option<String>,
    /// What the provider calls it.
    pub provider_id: Option<String>,
    /// Where to.
    pub recipient: Option<String>,
    /// Its subject.
    pub subject: Option<String>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was queued.
    pub created_at: String,
    /// When the provider took it.
    pub sent_at: Option<String>,
    /// When it arrived, as the provider says.
    pub delivered_at: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: MessageId,
    customer: CustomerId,
    step: String,
    template: String,
    channel: String,
    channels: Vec<Channel>,
    purpose: Purpose,
    about: Option<About>,
    held_for: Option<HeldFor>,
    policy: String,
    status: String,
    why: String,
    scheduled_for: i64,
    attempt_at: i64,
    attempts: u32,
    provider: Option<String>,
    provider_id: Option<String>,
    recipient: Option<String>,
    subject: Option<String>,
    last_error: Option<String>,
    created_at: i64,
    sent_at: Option<i64>,
    delivered_at: Option<i64>,
    invoices: Vec<String>,
}

impl Row {
    fn view(self) -> Result<MessageView> {
        let pending = matches!(self.status.as_str(), "queued" | "sending");
        Ok(MessageView {
            id: self.id,
            customer_id: self.customer,
            step: self.step,
            template: self.template,
            purpose: self.purpose,
            channel: self.channel,
            channels: self.channels,
            about: self.about,
            held_for: self.held_for,
            policy: self.policy,
            invoices: self.invoices,
            why: self.why,
            scheduled_for: rfc3339(self.scheduled_for)?,
            next_attempt_at: pending.then(|| rfc3339(self.attempt_at)).transpose()?,
            attempts: self.attempts,
            provider: self.provider,
            provider_id: self.provider_id,
            recipient: self.recipient,
            subject: self.subject,
            last_error: self.last_error,
            created_at: rfc3339(self.created_at)?,
            sent_at: self.sent_at.map(rfc3339).transpose()?,
            delivered_at: self.delivered_at.map(rfc3339).transpose()?,
            status: self.status,
        })
    }
}

/// One message.
pub async fn message(db: &Db, id: &MessageId) -> Result<Option<MessageView>> {
    db.find::<Row>(ONE, params![id.as_str()])
        .await?
        .map(Row::view)
        .transpose()
}

/// Messages, newest first, before the id `before`.
pub async fn messages(
    db: &Db,
    customer: Option<&CustomerId>,
    status: Option<&str>,
    before: Option<&MessageId>,
    limit: u32,
) -> Result<Vec<MessageView>> {
    // Sorts after every id.
    let before = before.map_or("msg_~", MessageId::as_str);
    let rows: Vec<Row> = match (customer, status) {
        (Some(customer), status) => {
            db.list(OF_CUSTOMER, params![before, limit, customer.as_str(), status])
                .await?
        }
        (None, Some(status)) => db.list(OF_STATUS, params![before, limit, status]).await?,
        (None, None) => db.list(LIST, params![before, limit]).await?,
    };
    rows.into_iter().map(Row::view).collect()
}

#[derive(Deserialize)]
struct TotalRow {
    status: String,
    messages: u64,
}

/// How many messages stand where.
pub async fn totals(db: &Db) -> Result<BTreeMap<String, u64>> {
    let rows: Vec<TotalRow> = db.list(TOTALS, params![]).await?;
    Ok(rows.into_iter().map(|row| (row.status, row.messages)).collect())
}

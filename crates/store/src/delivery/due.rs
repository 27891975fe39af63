//! Messages whose time has come, with what is read beside each.

use super::Carrier;
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::instant;
use crate::moment::Moment;
use crate::notices::{self, is_contact, notice_member};
use crate::params;
use crate::promises::Spoken;
use chrono::{DateTime, Utc};
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, MessageId, PolicyId};
use receivables::message::MessageStatus;
use receivables::notice::About;
use receivables::recipient::HeldFor;
use receivables::template::Purpose;
use serde::Deserialize;
use std::collections::BTreeSet;

/// A message with what is looked at beside it: a [`DueRow`].
macro_rules! select_due {
    ($which:literal) => {
        concat!("SELECT json_object('id', m.id, 'customer', m.customer_id, 'currency', m.currency, 'policy', m.policy,
            'policy_id', m.policy_id, 'step', m.step, 'template', m.template, 'purpose', m.purpose,
            'channel', m.channel, 'channels', json(m.channels), 'tried', json(m.tried), 'about', json(m.about),
            'held_for', m.held_for, 'released_to', m.released_to, 'status', m.status, 'lease', m.lease,
            'provider', m.provider, 'attempts', m.attempts, 'handed_ms', m.handed_at, 'why', m.why, 'customer_name', k.name, 'locale', k.locale,
            'country', k.country, 'time_zone', k.time_zone, 'past', (SELECT count(*) FROM past_sends p WHERE p.message_id = m.id),
            'invoices', json((SELECT json_group_array(s.invoice_id) FROM steps_taken s
                WHERE s.message_id = m.id AND s.listed = 1)),
            'promise', json((SELECT json_object('id', p.id, 'amount_minor', p.amount_minor,
                'missing_minor', p.missing_minor, 'promised_on', p.promised_on, 'until', p.until_on, 'status', p.status,
                'invoices', json((SELECT json_group_array(x.invoice_id) FROM promise_invoices x
                    WHERE x.promise_id = p.id))) FROM promises p WHERE p.id = m.cycle)),
            ", notice_member!(), ", 'others_sent_ms', (SELECT max(o.sent_at) FROM messages o
                WHERE o.customer_id = m.customer_id AND o.id <> m.id AND ", is_contact!("o"), ")) ", $which)
    };
}

statements! {
    // What waits for a carrier that is away for a moment is left where it is.
    DUE = select_due!("FROM messages m INDEXED BY messages_due JOIN customers k ON k.id = m.customer_id
        WHERE m.status IN ('queued', 'sending') AND m.attempt_at <= ?1
            AND m.channel NOT IN (SELECT value FROM json_each(?3)) ORDER BY m.attempt_at LIMIT ?2");
    LOOKED_AT = select_due!("FROM messages m JOIN customers k ON k.id = m.customer_id WHERE m.id = ?");
    ANY_DUE = "SELECT 1 FROM messages INDEXED BY messages_due WHERE status IN ('queued', 'sending') AND attempt_at <= ?1
            AND channel NOT IN (SELECT value FROM json_each(?2)) LIMIT 1";
}

/// A message that is due.
#[derive(Deserialize)]
pub(super) struct DueRow {
    pub(super) id: MessageId,
    pub(super) customer: CustomerId,
    pub(super) currency: Currency,
    pub(super) policy: String,
    pub(super) policy_id: Option<PolicyId>,
    pub(super) step: String,
    pub(super) template: String,
    pub(super) purpose: Purpose,
    pub(super) channel: Channel,
    pub(super) channels: Vec<Channel>,
    pub(super) tried: Vec<Channel>,
    pub(super) about: Option<About>,
    pub(super) held_for: Option<HeldFor>,
    pub(super) released_to: Option<String>,
    pub(super) status: MessageStatus,
    pub(super) lease: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) attempts: u32,
    pub(super) handed_ms: Option<i64>,
    pub(super) why: String,
    pub(super) customer_name: String,
    pub(super) locale: String,
    pub(super) country: String,
    pub(super) time_zone: String,
    /// How often it was sent and came back.
    pub(super) past: usize,
    pub(super) invoices: Vec<InvoiceId>,
    pub(super) promise: Option<Spoken>,
    pub(super) notice: Option<notices::Row>,
    pub(super) others_sent_ms: Option<i64>,
}

impl DueRow {
    /// Since when it may be with a provider, where it may.
    pub(super) fn open_since(&self) -> Result<Option<DateTime<Utc>>> {
        let handed = self.handed_ms.filter(|_| self.status == MessageStatus::Sending);
        handed.map(instant).transpose()
    }

    /// The channels that are left to it, the first first. While it may be with a provider it is that one's.
    pub(super) fn left(&self) -> Vec<Channel> {
        match self.status {
            MessageStatus::Sending => vec![self.channel],
            _ => {
                let left = self.channels.iter().copied();
                left.filter(|channel| !self.tried.contains(channel)).collect()
            }
        }
    }
}

/// Channels that are set up and whose carriers all want to be left alone for a moment.
fn waiting(carriers: &[Carrier]) -> BTreeSet<&'static str> {
    let ready: BTreeSet<Channel> = carriers
        .iter()
        .filter(|carrier| carrier.ready)
        .map(|carrier| carrier.channel)
        .collect();
    let away = carriers
        .iter()
        .filter(|carrier| !ready.contains(&carrier.channel));
    away.map(|carrier| carrier.channel.as_str()).collect()
}

/// At most `limit` messages that are due, and not kept waiting by all of their channel's carriers.
pub(super) async fn due(
    tx: &Tx<'_>,
    moment: Moment,
    limit: u32,
    carriers: &[Carrier],
) -> Result<Vec<DueRow>> {
    let waiting = serde_json::to_string(&waiting(carriers))?;
    tx.list(DUE, params![moment.ms(), limit, waiting]).await
}

/// A message, due or not.
pub(super) async fn looked_at(db: &Db, id: &MessageId) -> Result<Option<DueRow>> {
    db.find(LOOKED_AT, params![id.as_str()]).await
}

/// Whether more messages are due than were claimed, for which there is a carrier.
pub async fn more_due(db: &Db, moment: Moment, carriers: &[Carrier]) -> Result<bool> {
    if !carriers.iter().any(|carrier| carrier.ready) {
        return Ok(false);
    }
    let waiting = serde_json::to_string(&waiting(carriers))?;
    Ok(db.row(ANY_DUE, params![moment.ms(), waiting]).await?.is_some())
}

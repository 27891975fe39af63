//! What a person does to a message: put it back into the queue, or take it back.

use super::{Settlement, release_steps, settle_rows};
use crate::activities::{self, Activity};
use crate::charges;
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::channel::Channel;
use receivables::id::{CustomerId, MessageId};
use receivables::message::MessageStatus;
use receivables::recipient::HeldFor;
use serde::Deserialize;
use std::collections::BTreeSet;

statements! {
    STANDING = "SELECT json_object('customer', customer_id, 'status', status, 'lease', lease, 'channels', json(channels),
            'held_for', held_for)
        FROM messages WHERE id = ?";
}

#[derive(Deserialize)]
struct StandingRow {
    customer: CustomerId,
    status: MessageStatus,
    lease: Option<String>,
    channels: Vec<Channel>,
    held_for: Option<HeldFor>,
}

/// What became of a person's wish to retry or cancel a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Changed {
    /// As wished.
    Done,
    /// There is no such message.
    Unknown,
    /// Its status does not allow it.
    NotNow(MessageStatus),
}

/// Puts a failed or uncertain message back into the queue.
pub async fn retry(tx: &Tx<'_>, moment: Moment, id: &MessageId) -> Result<Changed> {
    change(tx, moment, id, MessageStatus::Queued).await
}

/// Lets a message go that waits for a person, to `address` and nobody else; it is looked at again at once. One that waits
/// for something else than an address is looked at again, and waits on where that is still missing.
pub async fn release(
    tx: &Tx<'_>,
    moment: Moment,
    id: &MessageId,
    address: Option<&str>,
    by: &str,
) -> Result<Changed> {
    let Some(row) = tx.find::<StandingRow>(STANDING, params![id.as_str()]).await? else {
        return Ok(Changed::Unknown);
    };
    let (MessageStatus::Queued, Some(held_for)) = (row.status, row.held_for) else {
        return Ok(Changed::NotNow(row.status));
    };
    let mut settlement = Settlement::new(id, MessageStatus::Queued, row.lease.as_deref());
    settlement.attempt_ms = Some(moment.ms());
    settlement.released_to = address.map(str::to_owned);
    settle_rows(tx, &[settlement]).await?;
    let to = address
        .map(|address| format!(" to {address}"))
        .unwrap_or_default();
    let activity = Activity {
        customer_id: row.customer,
        kind: "message_released",
        title: "Message released".to_owned(),
        detail: format!("It waited ({}); {by} lets it go{to}.", held_for.as_str()),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    Ok(Changed::Done)
}

/// Takes a message back before it leaves; its step may come due again.
pub async fn cancel(tx: &Tx<'_>, moment: Moment, id: &MessageId) -> Result<Changed> {
    change(tx, moment, id, MessageStatus::Cancelled).await
}

async fn change(tx: &Tx<'_>, moment: Moment, id: &MessageId, to: MessageStatus) -> Result<Changed> {
    let Some(row) = tx.find::<StandingRow>(STANDING, params![id.as_str()]).await? else {
        return Ok(Changed::Unknown);
    };
    // What a courier holds is the courier's.
    if row.status == MessageStatus::Sending || !row.status.can_become(to) {
        return Ok(Changed::NotNow(row.status));
    }
    let mut settlement = Settlement::new(id, to, row.lease.as_deref());
    settlement.attempt_ms = Some(moment.ms());
    if to == MessageStatus::Queued {
        // Whatever stood in its way may be mended: every way is open to it again.
        settlement.afresh = true;
        settlement.tried = Some(Vec::new());
        settlement.channel = row.channels.first().copied();
    }
    settle_rows(tx, &[settlement]).await?;
    let cancelled = to == MessageStatus::Cancelled;
    if cancelled {
        release_steps(tx, std::slice::from_ref(id)).await?;
        charges::reverse_for_messages(tx, moment, std::slice::from_ref(id)).await?;
        dunning::replan(tx, moment, &BTreeSet::from([row.customer.clone()])).await?;
    }
    let activity = Activity {
        customer_id: row.customer,
        kind: if cancelled {
            "message_cancelled"
        } else {
            "message_retry"
        },
        title: format!("Message {} by hand", to.as_str()),
        detail: format!("It was {} before.", row.status.as_str()),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    Ok(Changed::Done)
}

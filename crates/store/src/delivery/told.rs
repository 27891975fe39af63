//! What a provider tells of a message later, by webhook: it arrived, it came back, its reader complains.
//!
//! **Any order, any number of times.** A message moves by [`MessageStatus::told`], which does not mind the order, and
//! an address is judged by when things happened, not by when we heard. **Ours alone.** A provider's account may send
//! for others too: what concerns no message of ours and no contact of ours leaves no trace here.

use crate::activities::{self, Activity};
use crate::contacts;
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::events::{self, Event};
use crate::inbound::Effect;
use crate::moment::Moment;
use crate::params;
use crate::suppressions::{self, Evidence};
use chrono::{DateTime, Duration, Utc};
use receivables::channel::Channel;
use receivables::id::{CustomerId, MessageId};
use receivables::limits;
use receivables::message::{MessageStatus, Word};
use receivables::suppression::{Reason, key};
use serde::Deserialize;
use std::collections::BTreeSet;

macro_rules! select_standing {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', m.id, 'customer', m.customer_id, 'status', m.status, 'step', m.step,
                'provider', m.provider, 'provider_id', m.provider_id, 'channel', m.channel,
                'channels', json(m.channels), 'tried', json(m.tried), 'sent_ms', m.sent_at,
                'past', json((SELECT json_group_array(json_object('provider', p.provider,
                    'provider_id', p.provider_id)) FROM past_sends p WHERE p.message_id = m.id))) FROM messages m ",
            $which
        )
    };
}

statements! {
    BY_ID = select_standing!("WHERE m.id = ?");
    BY_PROVIDER_ID = select_standing!("WHERE m.provider = ? AND m.provider_id = ? ORDER BY m.id DESC LIMIT 1");
    BY_PAST_ID = select_standing!("WHERE m.id = (SELECT message_id FROM past_sends
        WHERE provider_id = ?2 AND +provider = ?1 ORDER BY id DESC LIMIT 1)");
    MOVE = "UPDATE messages SET status = ?2, provider = coalesce(provider, ?3),
            provider_id = coalesce(provider_id, ?4), sent_at = coalesce(sent_at, ?5),
            delivered_at = iif(?2 = 'delivered', ?5, delivered_at), last_error = ?6 WHERE id = ?1";
    ANOTHER = "SELECT 1 FROM contacts t WHERE t.customer_id = ?1 AND t.role <> 'sales' AND t.email IS NOT NULL
        AND lower(t.email) <> ?2 AND NOT EXISTS (SELECT 1 FROM suppressed s WHERE s.address = lower(t.email)) LIMIT 1";
    PAST = "INSERT INTO past_sends (message_id, provider, provider_id, channel, recipient, sent_at, over_at, why)
        SELECT id, provider, provider_id, channel, recipient, sent_at, ?2, ?3 FROM messages WHERE id = ?1";
    ONWARD = "UPDATE messages SET status = 'queued', attempt_at = ?2, attempts = 0, channel = ?3, tried = ?4,
            provider = NULL, provider_id = NULL, sent_at = NULL, delivered_at = NULL WHERE id = ?1";
}

/// What an event says of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// Nothing.
    Nothing,
    /// It must not be written to.
    Suppress(Reason),
    /// It may be written to again.
    Lift,
}

/// A provider's event, in our words.
#[derive(Debug, Clone)]
pub struct Told<'a> {
    /// Who says so.
    pub provider: &'static str,
    /// The message by our id, where the provider gave it back.
    pub message: Option<MessageId>,
    /// The message by the provider's.
    pub provider_id: Option<&'a str>,
    /// What became of the message, if that is what it is about.
    pub word: Option<Word>,
    /// What it says of the address.
    pub against: Against,
    /// Whether it counts for an address of ours also where the message is not ours. Who leaves somebody else's
    /// mailing list has not left us; a mailbox that does not exist exists for nobody.
    pub whoever_wrote: bool,
    /// The address.
    pub address: &'a str,
    /// When it happened.
    pub at: DateTime<Utc>,
    /// Whether it is worth a line on the timeline where the message's status stays as it is.
    pub news: bool,
    /// The activity's kind: `message_delivered`, ...
    pub kind: &'static str,
    /// The provider's own words.
    pub detail: String,
}

#[derive(Deserialize)]
struct Standing {
    id: MessageId,
    customer: CustomerId,
    status: MessageStatus,
    step: String,
    provider: Option<String>,
    provider_id: Option<String>,
    channel: Channel,
    channels: Vec<Channel>,
    tried: Vec<Channel>,
    sent_ms: Option<i64>,
    past: Vec<PastSend>,
}

/// A send that came back, after which the message went another way.
#[derive(Deserialize)]
struct PastSend {
    provider: Option<String>,
    provider_id: Option<String>,
}

impl PastSend {
    fn is_meant(&self, told: &Told<'_>) -> bool {
        let same_id = match (self.provider_id.as_deref(), told.provider_id) {
            (Some(ours), Some(theirs)) => ours == theirs,
            _ => true,
        };
        self.provider.as_deref() == Some(told.provider) && same_id
    }
}

impl Standing {
    /// Whether the event is about the message as it was sent last, not about an attempt before that.
    fn is_latest(&self, told: &Told<'_>) -> bool {
        let differs = |ours: Option<&str>, theirs: Option<&str>| {
            ours.zip(theirs).is_some_and(|(ours, theirs)| ours != theirs)
        };
        let now = self.provider_id.is_some() && self.provider_id.as_deref() == told.provider_id;
        let over = !now && self.past.iter().any(|past| past.is_meant(told));
        !over
            && !differs(self.provider.as_deref(), Some(told.provider))
            && !differs(self.provider_id.as_deref(), told.provider_id)
    }
}

/// Gives an event its effect: the message's status, the address's, an activity.
pub async fn told(tx: &Tx<'_>, moment: Moment, told: &Told<'_>) -> Result<Effect> {
    // A provider's clock may be ahead; what it says cannot have happened after we heard it.
    let at = told.at.min(moment.now);
    let standing = find(tx, told).await?;
    let mut done = Vec::new();
    if let Some(standing) = &standing {
        let next = told.word.and_then(|word| standing.status.told(word));
        if let Some(next) = next.filter(|_| standing.is_latest(told)) {
            move_to(tx, standing, next, told, at).await?;
            if next == MessageStatus::Bounced {
                let about = serde_json::json!({"message": standing.id, "step": standing.step,
                    "address": told.address, "detail": told.detail});
                let event = Event::new("message.bounced", &standing.customer, about);
                events::record(tx, moment, &[event]).await?;
                if let Some(channel) = onward(tx, moment, standing, told).await? {
                    done.push(format!("{} goes on over {}", standing.id, channel.as_str()));
                }
            }
            if next == MessageStatus::Delivered {
                contacts::delivered(tx, moment, &standing.customer, told.address).await?;
            }
            done.push(format!("{} is {}", standing.id, next.as_str()));
        }
        if told.news || !done.is_empty() {
            activities::record(tx, moment, &[activity(standing, told)]).await?;
            done.push(format!("{} of {}", told.kind, standing.id));
        }
    }
    let concerns_us = match (&standing, told.whoever_wrote) {
        (Some(_), _) => true,
        (None, true) => suppressions::is_a_contact(tx, told.address).await?,
        (None, false) => false,
    };
    if concerns_us {
        done.extend(address(tx, moment, told, at).await?);
    }
    Ok(match done.is_empty() {
        true => Effect::Ignored("nothing new, or no message of ours".to_owned()),
        false => Effect::Processed(done.join("; ")),
    })
}

async fn find(tx: &Tx<'_>, told: &Told<'_>) -> Result<Option<Standing>> {
    let ours = match &told.message {
        Some(id) => tx.find::<Standing>(BY_ID, params![id.as_str()]).await?,
        None => None,
    };
    match (ours, told.provider_id) {
        (None, Some(provider_id)) => {
            let now = tx
                .find(BY_PROVIDER_ID, params![told.provider, provider_id])
                .await?;
            match now {
                Some(standing) => Ok(Some(standing)),
                None => tx.find(BY_PAST_ID, params![told.provider, provider_id]).await,
            }
        }
        (ours, _) => Ok(ours),
    }
}

/// Where a message goes that has come back: to another contact where the address is at fault, else over the next channel.
/// `None`: it stays where it is, since there is no other way, or it is too late for one.
async fn onward(
    tx: &Tx<'_>,
    moment: Moment,
    standing: &Standing,
    told: &Told<'_>,
) -> Result<Option<Channel>> {
    let recent = standing.sent_ms.is_some_and(|sent| {
        let days = moment.ms().saturating_sub(sent);
        days <= Duration::days(limits::FAILOVER_DAYS).num_milliseconds()
    });
    if standing.status == MessageStatus::Queued || !recent || standing.past.len() >= limits::FAILOVERS {
        return Ok(None);
    }
    let gone = matches!(told.against, Against::Suppress(_)) && standing.channel == Channel::Email;
    let another = gone
        && tx
            .row(ANOTHER, params![standing.customer.as_str(), key(told.address)])
            .await?
            .is_some();
    let mut tried = standing.tried.clone();
    if !another {
        tried.push(standing.channel);
    }
    let Some(next) = standing.channels.iter().find(|channel| !tried.contains(channel)) else {
        return Ok(None);
    };
    let id = standing.id.as_str();
    tx.run(PAST, params![id, moment.ms(), told.detail.as_str()])
        .await?;
    let tried = serde_json::to_string(&tried)?;
    tx.run(ONWARD, params![id, moment.ms(), next.as_str(), tried])
        .await?;
    let activity = Activity {
        customer_id: standing.customer.clone(),
        kind: "message_retry",
        title: format!("{} goes on", standing.step),
        detail: format!(
            "It came back from {} ({}); it goes {}.",
            told.address,
            told.detail,
            match another {
                true => "to another contact".to_owned(),
                false => format!("over {} instead", next.as_str()),
            }
        ),
        refers_to: Some(standing.id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    // What it announced has not been said.
    dunning::replan(tx, moment, &BTreeSet::from([standing.customer.clone()])).await?;
    Ok(Some(*next))
}

/// The lease stays: a courier that waits for the provider's answer still records what only it knows.
async fn move_to(
    tx: &Tx<'_>,
    standing: &Standing,
    next: MessageStatus,
    told: &Told<'_>,
    at: DateTime<Utc>,
) -> Result<()> {
    let error = (next == MessageStatus::Bounced).then(|| told.detail.clone());
    tx.run(
        MOVE,
        params![
            standing.id.as_str(),
            next.as_str(),
            told.provider,
            told.provider_id,
            at.timestamp_millis(),
            error
        ],
    )
    .await
}

async fn address(tx: &Tx<'_>, moment: Moment, told: &Told<'_>, at: DateTime<Utc>) -> Result<Option<String>> {
    let changed = match told.against {
        Against::Nothing => false,
        Against::Suppress(reason) => {
            let evidence = Evidence {
                address: told.address,
                reason,
                source: told.provider,
                detail: &told.detail,
                at,
            };
            suppressions::add(tx, moment, &evidence).await?
        }
        Against::Lift => suppressions::lift(tx, moment, told.address, at, told.provider).await?,
    };
    let what = match told.against {
        Against::Lift => "lifted",
        _ => "suppressed",
    };
    Ok(changed.then(|| format!("address {what}")))
}

fn activity(standing: &Standing, told: &Told<'_>) -> Activity {
    let what = told.kind.rsplit('_').next().unwrap_or(told.kind);
    Activity {
        customer_id: standing.customer.clone(),
        kind: told.kind,
        title: format!("{} {what}", standing.step),
        detail: format!(
            "{} says of the message to {}: {}. It was {} until then.",
            told.provider,
            told.address,
            told.detail,
            standing.status.as_str()
        ),
        refers_to: Some(standing.id.to_string()),
    }
}

//! What a provider tells of a message later, by webhook: it arrived, it came back, its reader complains.
//!
//! **Any order, any number of times.** A message moves by [`MessageStatus::told`], which does not mind the order, and
//! an address is judged by when things happened, not by when we heard. **Ours alone.** A provider's account may send
//! for others too: what concerns no message of ours and no contact of ours leaves no trace here.

use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::inbound::Effect;
use crate::moment::Moment;
use crate::params;
use crate::suppressions::{self, Evidence};
use chrono::{DateTime, Utc};
use receivables::id::{CustomerId, MessageId};
use receivables::message::{MessageStatus, Word};
use receivables::suppression::Reason;
use serde::Deserialize;

macro_rules! select_standing {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', id, 'customer', customer_id, 'status', status, 'step', step,
                'provider', provider, 'provider_id', provider_id) FROM messages ",
            $which
        )
    };
}

statements! {
    BY_ID = select_standing!("WHERE id = ?");
    BY_PROVIDER_ID = select_standing!("WHERE provider = ? AND provider_id = ? ORDER BY id DESC LIMIT 1");
    MOVE = "UPDATE messages SET status = ?2, provider = coalesce(provider, ?3),
            provider_id = coalesce(provider_id, ?4), sent_at = coalesce(sent_at, ?5),
            delivered_at = iif(?2 = 'delivered', ?5, delivered_at), last_error = ?6 WHERE id = ?1";
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
}

impl Standing {
    /// Whether the event is about the message as it was sent last, not about an attempt before that.
    fn is_latest(&self, told: &Told<'_>) -> bool {
        let differs = |ours: Option<&str>, theirs: Option<&str>| {
            ours.zip(theirs).is_some_and(|(ours, theirs)| ours != theirs)
        };
        !differs(self.provider.as_deref(), Some(told.provider))
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
        (None, Some(provider_id)) => tx.find(BY_PROVIDER_ID, params![told.provider, provider_id]).await,
        (ours, _) => Ok(ours),
    }
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

//! Settling: what a provider made of each message.

use super::claim::AWAY;
use super::{Claimed, Memory, Settlement, inside, settle_rows};
use crate::activities::{self, Activity};
use crate::db::Tx;
use crate::dunning;
use crate::error::Result;
use crate::events::{self, Event};
use crate::moment::{Moment, random};
use crate::suppressions::{self, Evidence};
use chrono::{DateTime, SecondsFormat, Utc};
use receivables::backoff;
use receivables::channel::Channel;
use receivables::message::MessageStatus;
use receivables::suppression::Reason;
use receivables::template::Purpose;
use std::collections::{BTreeMap, BTreeSet};

/// What a provider made of a message.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It has it.
    Sent {
        /// The subject under which it left.
        subject: String,
        /// What the provider calls it.
        provider_id: Option<String>,
    },
    /// It does not have it, and may take it later.
    TryAgain(String),
    /// It does not have it, for a reason that is not the message's: its turn comes again, and this one was not spent.
    Later {
        /// When; `None`: whenever somebody asks again.
        until: Option<DateTime<Utc>>,
        /// In words.
        why: String,
    },
    /// It does not have it, and will not write to that address. The address is suppressed and the message judged
    /// anew: it goes to another contact, or to nobody.
    Inactive(String),
    /// It does not have it and cannot take it now, for a reason that is its own: another carrier may have it at once, and
    /// no attempt was spent.
    Elsewhere(String),
    /// It does not have it and never will.
    Refused(String),
    /// It may have it.
    Unknown(String),
}

/// Records what became of each claimed message and how many left. Where a lease was lost, nothing is changed: the
/// one who holds it now records what it finds.
pub async fn settle(tx: &Tx<'_>, moment: Moment, outcomes: &[(Claimed, Outcome)]) -> Result<usize> {
    let mut settlements = Vec::new();
    let addresses: Vec<String> = outcomes.iter().map(|(message, _)| message.address()).collect();
    for ((message, outcome), address) in outcomes.iter().zip(&addresses) {
        let mut settlement = Settlement::new(&message.id, MessageStatus::Sent, Some(&message.lease));
        settlement.still = MessageStatus::Sending.as_str();
        settlement.recipient = Some(address);
        match outcome {
            _ if is_open(message, outcome) => stay_open(&mut settlement, message, moment, outcome)?,
            Outcome::Sent { subject, provider_id } => {
                settlement.subject = Some(subject);
                settlement.provider_id = provider_id.as_deref();
                settlement.sent_ms = Some(moment.ms());
            }
            Outcome::TryAgain(error) => {
                settlement.error = Some(error.clone());
                match next_attempt(message, moment)? {
                    Some(at) => {
                        settlement.status = MessageStatus::Queued;
                        settlement.attempt_ms = Some(at.timestamp_millis());
                    }
                    None => give_up(&mut settlement, message, moment),
                }
            }
            Outcome::Later { until, why } => {
                settlement.status = MessageStatus::Queued;
                settlement.attempt = -1;
                settlement.attempt_ms = Some(until.unwrap_or(moment.now).timestamp_millis());
                settlement.error = Some(why.clone());
            }
            Outcome::Elsewhere(why) => {
                settlement.status = MessageStatus::Queued;
                settlement.attempt = -1;
                settlement.attempt_ms = Some(moment.ms());
                settlement.error = Some(why.clone());
            }
            // Papers and the creditor's own system have no address that could be given up.
            Outcome::Inactive(error) if !is_given_up(message.channel) => {
                settlement.error = Some(error.clone());
                give_up(&mut settlement, message, moment);
            }
            Outcome::Inactive(error) => {
                settlement.status = MessageStatus::Queued;
                settlement.attempt_ms = Some(moment.ms());
                settlement.error = Some(error.clone());
                let evidence = Evidence {
                    address,
                    reason: Reason::Inactive,
                    source: message.carrier,
                    detail: error,
                    at: moment.now,
                };
                // A number that takes no texts may take calls.
                let only = Some(message.channel).filter(|channel| *channel != Channel::Email);
                suppressions::add_on(tx, moment, only, &evidence).await?;
            }
            Outcome::Refused(error) => {
                settlement.error = Some(error.clone());
                give_up(&mut settlement, message, moment);
            }
            Outcome::Unknown(error) => {
                settlement.status = MessageStatus::Uncertain;
                settlement.error = Some(error.clone());
            }
        }
        settlements.push(settlement);
    }
    let settled: BTreeMap<String, MessageStatus> = settle_rows(tx, &settlements)
        .await?
        .into_iter()
        .map(|row| (row.id.to_string(), row.status))
        .collect();
    let mut log = Vec::new();
    let mut sent = 0_usize;
    let (mut told, mut events, mut gone) = (BTreeSet::new(), Vec::new(), Vec::new());
    for ((message, outcome), settlement) in outcomes.iter().zip(&settlements) {
        let Some(status) = settled.get(message.id.as_str()) else {
            continue;
        };
        let left = matches!(outcome, Outcome::Sent { .. });
        if left {
            sent = sent.saturating_add(1);
            told.insert(message.customer.clone());
            events.extend(left_event(message, outcome));
            gone.push((message, outcome));
        }
        // What the provider has said meanwhile has its own activity.
        if left || *status == settlement.status {
            let next = settlement.channel.filter(|_| settlement.tried.is_some());
            log.extend(outcome_activity(message, outcome, *status, next));
        }
    }
    activities::record(tx, moment, &log).await?;
    events::record(tx, moment, &events).await?;
    inside::queue(tx, moment, &gone).await?;
    // A notice begins when its message has left, and with the last word a case is finished.
    dunning::replan(tx, moment, &told).await?;
    Ok(sent)
}

/// When it is tried again.
fn next_attempt(message: &Claimed, moment: Moment) -> Result<Option<DateTime<Utc>>> {
    let jitter = u16::from_le_bytes(random()?) % 1001;
    let failed = message.attempts.saturating_add(1);
    Ok(backoff::next_attempt(failed, moment.now, jitter))
}

/// Whether the carrier may have it, and would take it once if it were handed it again.
fn is_open(message: &Claimed, outcome: &Outcome) -> bool {
    match outcome {
        Outcome::Sent { .. } => false,
        Outcome::Unknown(_) => message.remembered != Memory::Nothing,
        _ => message.open_since.is_some(),
    }
}

/// What the carrier may have stays with it, and is handed to it again while it still knows it; the claim looks at that.
/// That it is not taken this time tells nothing of the last: it goes nowhere else, and what is refused now is a person's.
fn stay_open(
    settlement: &mut Settlement<'_>,
    message: &Claimed,
    moment: Moment,
    outcome: &Outcome,
) -> Result<()> {
    let soon = moment.now.checked_add_signed(AWAY);
    let (why, at) = match outcome {
        Outcome::Sent { .. } => return Ok(()),
        Outcome::Later { until, why } => {
            settlement.attempt = -1;
            (why, until.or(soon))
        }
        Outcome::Elsewhere(why) => {
            settlement.attempt = -1;
            (why, soon)
        }
        Outcome::TryAgain(why) | Outcome::Unknown(why) => {
            let since = message.open_since.or(Some(moment.now));
            let again = next_attempt(message, moment)?;
            (why, again.filter(|at| message.remembered.reaches(since, *at)))
        }
        Outcome::Inactive(why) | Outcome::Refused(why) => (why, None),
    };
    settlement.error = Some(why.clone());
    settlement.status = match at {
        Some(_) => MessageStatus::Sending,
        None => MessageStatus::Uncertain,
    };
    settlement.attempt_ms = at.map(|at| at.timestamp_millis());
    Ok(())
}

/// Whether an address of a channel can be suppressed.
fn is_given_up(channel: Channel) -> bool {
    matches!(channel, Channel::Email | Channel::Sms | Channel::Voice)
}

/// This way has come to its end: the message takes the next, or has failed.
fn give_up(settlement: &mut Settlement<'_>, message: &Claimed, moment: Moment) {
    let mut tried = message.tried.clone();
    tried.push(message.channel);
    match message.channels.iter().find(|channel| !tried.contains(channel)) {
        Some(next) => {
            settlement.status = MessageStatus::Queued;
            settlement.attempt_ms = Some(moment.ms());
            settlement.afresh = true;
            settlement.channel = Some(*next);
            settlement.tried = Some(tried);
        }
        None => settlement.status = MessageStatus::Failed,
    }
}

/// What the systems outside are told of a message that has left.
fn left_event(message: &Claimed, outcome: &Outcome) -> Option<Event> {
    let Outcome::Sent { subject, .. } = outcome else {
        return None;
    };
    // What our own side is told is nobody else's news.
    if message.purpose == Purpose::Internal {
        return None;
    }
    let about = serde_json::json!({"message": message.id, "step": message.step, "channel": message.channel,
        "address": message.address(), "subject": subject});
    Some(Event::new("message.sent", &message.customer, about))
}

/// Nothing for a turn that was not spent: nobody was contacted and nothing was decided.
/// `next`: the channel that it takes instead.
fn outcome_activity(
    message: &Claimed,
    outcome: &Outcome,
    status: MessageStatus,
    next: Option<Channel>,
) -> Option<Activity> {
    let numbers: Vec<&str> = message
        .overdue
        .iter()
        .chain(&message.upcoming)
        .map(|line| line.number.as_str())
        .collect();
    let (provider, address) = (message.carrier, message.address());
    let (kind, detail) = match outcome {
        Outcome::Sent { subject, .. } => (
            "message_sent",
            format!(
                "“{subject}” to {address} by {} ({provider})",
                message.channel.as_str()
            ),
        ),
        Outcome::TryAgain(error)
        | Outcome::Refused(error)
        | Outcome::Inactive(error)
        | Outcome::Unknown(error)
            if status == MessageStatus::Uncertain =>
        {
            ("message_uncertain", format!("{error}; a person decides"))
        }
        Outcome::TryAgain(error) | Outcome::Unknown(error) if status == MessageStatus::Sending => (
            "message_retry",
            format!("{error}; {provider} may have it, and is handed it again under the same id"),
        ),
        Outcome::TryAgain(error) | Outcome::Refused(error) | Outcome::Inactive(error) if next.is_some() => {
            let next = next.map_or("another channel", Channel::as_str);
            ("message_retry", format!("{error}; goes over {next} instead"))
        }
        Outcome::TryAgain(error) if status == MessageStatus::Queued => {
            ("message_retry", format!("{error}; will be tried again"))
        }
        Outcome::TryAgain(error) => ("message_failed", format!("{error}; out of tries")),
        Outcome::Later { until: None, .. } | Outcome::Elsewhere(_) => return None,
        Outcome::Later { until: Some(at), why } => (
            "message_deferred",
            format!(
                "{why}; waits until {}",
                at.to_rfc3339_opts(SecondsFormat::Secs, true)
            ),
        ),
        Outcome::Inactive(error) => (
            "contact_refused",
            format!("{provider} does not write to {address}: {error}"),
        ),
        Outcome::Refused(error) | Outcome::Unknown(error) => ("message_failed", error.clone()),
    };
    let what = kind.rsplit('_').next().unwrap_or(kind);
    Some(Activity {
        customer_id: message.customer.clone(),
        kind,
        title: format!("{} {what}", message.step),
        detail: format!(
            "Policy {}, step {}, invoices {}: {detail}.",
            message.policy,
            message.step,
            numbers.join(", ")
        ),
        refers_to: Some(message.id.to_string()),
    })
}

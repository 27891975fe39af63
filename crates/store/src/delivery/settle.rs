//! Settling: what a provider made of each message.

use super::{Claimed, Settlement, settle_rows};
use crate::activities::{self, Activity};
use crate::db::Tx;
use crate::error::Result;
use crate::moment::{Moment, random};
use receivables::backoff;
use receivables::message::MessageStatus;
use receivables::policy::Policy;
use std::collections::BTreeSet;

/// What a provider made of a message.
#[derive(Debug, Clone)]
pub enum Outcome {
    /// It has it.
    Sent {
        /// The subject under which it left.
        subject: String,
    },
    /// It does not have it, and may take it later.
    TryAgain(String),
    /// It does not have it and never will.
    Refused(String),
    /// It may have it.
    Unknown(String),
}

/// Records what became of each claimed message and how many left. Where a lease was lost, nothing is changed: the
/// one who holds it now records what it finds.
pub async fn settle(
    tx: &Tx<'_>,
    moment: Moment,
    policy: &Policy,
    provider: &str,
    outcomes: &[(Claimed, Outcome)],
) -> Result<usize> {
    let mut settlements = Vec::new();
    for (message, outcome) in outcomes {
        let mut settlement = Settlement::new(&message.id, MessageStatus::Sent, Some(&message.lease));
        settlement.provider = Some(provider);
        settlement.recipient = Some(&message.email);
        match outcome {
            Outcome::Sent { subject } => {
                settlement.subject = Some(subject);
                settlement.sent_ms = Some(moment.ms());
            }
            Outcome::TryAgain(error) => {
                settlement.error = Some(error.clone());
                let jitter = u16::from_le_bytes(random()?) % 1001;
                match backoff::next_attempt(message.attempts.saturating_add(1), moment.now, jitter) {
                    Some(at) => {
                        settlement.status = MessageStatus::Queued;
                        settlement.attempt_ms = Some(at.timestamp_millis());
                    }
                    None => settlement.status = MessageStatus::Failed,
                }
            }
            Outcome::Refused(error) => {
                settlement.status = MessageStatus::Failed;
                settlement.error = Some(error.clone());
            }
            Outcome::Unknown(error) => {
                settlement.status = MessageStatus::Uncertain;
                settlement.error = Some(error.clone());
            }
        }
        settlements.push(settlement);
    }
    let mut settled = BTreeSet::new();
    for row in settle_rows(tx, &settlements).await? {
        settled.insert(row.text(0)?.to_owned());
    }
    let mut log = Vec::new();
    let mut sent = 0_usize;
    for ((message, outcome), settlement) in outcomes.iter().zip(&settlements) {
        if !settled.contains(message.id.as_str()) {
            continue;
        }
        if matches!(outcome, Outcome::Sent { .. }) {
            sent = sent.saturating_add(1);
        }
        log.push(outcome_activity(
            policy,
            provider,
            message,
            outcome,
            settlement.status,
        ));
    }
    activities::record(tx, moment, &log).await?;
    Ok(sent)
}

fn outcome_activity(
    policy: &Policy,
    provider: &str,
    message: &Claimed,
    outcome: &Outcome,
    status: MessageStatus,
) -> Activity {
    let numbers: Vec<&str> = message
        .overdue
        .iter()
        .chain(&message.upcoming)
        .map(|line| line.number.as_str())
        .collect();
    let (kind, detail) = match outcome {
        Outcome::Sent { subject } => (
            "message_sent",
            format!(
                "“{subject}” to {} by {} ({provider})",
                message.email, message.channel
            ),
        ),
        Outcome::TryAgain(error) if status == MessageStatus::Queued => {
            ("message_retry", format!("{error}; will be tried again"))
        }
        Outcome::TryAgain(error) => ("message_failed", format!("{error}; out of tries")),
        Outcome::Refused(error) => ("message_failed", error.clone()),
        Outcome::Unknown(error) => ("message_uncertain", format!("{error}; a person decides")),
    };
    Activity {
        customer_id: message.customer.clone(),
        kind,
        title: format!("{} {}", message.step, kind.trim_start_matches("message_")),
        detail: format!(
            "Policy {}, step {}, invoices {}: {detail}.",
            policy.name,
            message.step,
            numbers.join(", ")
        ),
        refers_to: Some(message.id.to_string()),
    }
}

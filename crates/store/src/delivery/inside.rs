//! Notices for our own side: when a step's message has left, those whom the step names are told what was said to whom.
//!
//! They are messages like any other, once for each message and person, of a purpose of their own: no customer gets one, no
//! pause counts from one, no law is about one.

use super::{Claimed, Outcome};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::currency::Currency;
use receivables::id::{CustomerId, MessageId, PolicyId};
use receivables::notice::{About, Part};
use receivables::template::Purpose;
use serde::Serialize;

statements! {
    QUEUE = "INSERT INTO messages (id, customer_id, currency, policy, policy_id, step, template, cycle, purpose, channel,
            channels, about, status, why, scheduled_for, attempt_at, created_at)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'currency', j.value->>'policy', j.value->>'policy_id',
            j.value->>'step', 'internal_notice', j.value->>'cycle', 'internal', 'email', '[\"email\"]', j.value->'about',
            'queued', j.value->>'why', ?1, ?1, ?1
        FROM json_each(?2) AS j WHERE true
        ON CONFLICT (customer_id, step, cycle) WHERE status <> 'cancelled' DO NOTHING";
}

#[derive(Serialize)]
struct Row<'a> {
    id: MessageId,
    customer: &'a CustomerId,
    currency: Currency,
    policy: &'a str,
    policy_id: Option<&'a PolicyId>,
    step: String,
    cycle: &'a MessageId,
    about: About,
    why: String,
}

/// Queues the notices that go with what has left.
pub(super) async fn queue(tx: &Tx<'_>, moment: Moment, left: &[(&Claimed, &Outcome)]) -> Result<()> {
    let mut mint = moment.mint()?;
    let mut rows = Vec::new();
    for (message, outcome) in left {
        let Outcome::Sent { subject, .. } = outcome else {
            continue;
        };
        for who in message
            .notify
            .iter()
            .filter(|_| message.purpose != Purpose::Internal)
        {
            let lines = message.overdue.iter().chain(&message.upcoming);
            rows.push(Row {
                id: mint.id(MessageId::from_parts),
                customer: &message.customer,
                currency: message.currency,
                policy: &message.policy,
                policy_id: message.policy_id.as_ref(),
                step: format!("{}:{who}", message.step),
                cycle: &message.id,
                about: About::Internal {
                    to: who.clone(),
                    step: message.step.clone(),
                    channel: message.channel,
                    recipient: message.address(),
                    subject: subject.clone(),
                    invoices: lines
                        .map(|line| Part {
                            number: line.number.clone(),
                            amount: line.asked,
                        })
                        .collect(),
                    why: message.why.clone(),
                },
                why: format!("step {} tells {who} of what was said", message.step),
            });
        }
    }
    match rows.is_empty() {
        true => Ok(()),
        false => {
            tx.run(QUEUE, params![moment.ms(), serde_json::to_string(&rows)?])
                .await
        }
    }
}

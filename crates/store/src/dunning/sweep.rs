//! The sweep: decides for the cases whose time has come, queues what is to be said and has done what is to be done.

use super::facts::{self, Case};
use super::{SaveRow, deeds, finished};
use crate::activities::{self, Activity};
use crate::agreements;
use crate::approvals;
use crate::db::{Tx, statements};
use crate::error::{Result, StoreError};
use crate::events;
use crate::moment::Moment;
use crate::overdue;
use crate::params;
use chrono::Duration;
use receivables::channel::Channel;
use receivables::dunning::{Deed, DueStep, Plan, plan};
use receivables::id::{CustomerId, InvoiceId, MessageId, PolicyId};
use receivables::template::{self, Purpose};
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// How far the clocks of two hosts may lie apart: what is decided on a civil day is not decided otherwise for less.
const SKEW: Duration = Duration::minutes(5);

statements! {
    SAVE_NEXT = "UPDATE cases SET next_action_at = j.value->>'at_ms', next_step = j.value->>'step',
            next_why = j.value->>'why', policy_id = j.value->>'policy_id',
            finished_at = iif(j.value->>'finished', coalesce(finished_at, ?1), NULL)
        FROM json_each(?2) AS j
        WHERE customer_id = j.value->>'customer' AND currency = j.value->>'currency'";
    ANY_DUE = "SELECT 1 FROM cases WHERE next_action_at <= ? LIMIT 1";
    // The channel that the customer prefers comes first, where the step goes over it at all.
    QUEUE = "INSERT INTO messages (id, customer_id, currency, policy, policy_id, step, template, cycle, purpose, channel,
            channels, status, why, scheduled_for, attempt_at, created_at)
        SELECT q.message->>'id', q.message->>'customer', q.message->>'currency', q.message->>'policy',
            q.message->>'policy_id', q.message->>'step', q.message->>'template', q.message->>'cycle',
            q.message->>'purpose', q.channels->>0, q.channels, 'queued', q.message->>'why',
            q.message->>'scheduled_ms', ?1, ?1
        FROM (SELECT j.value AS message, iif(EXISTS (SELECT 1 FROM json_each(j.value->'channels') AS c
                    WHERE c.value = k.preferred_channel),
                '[' || json_quote(k.preferred_channel) || coalesce((SELECT ',' || group_concat(json_quote(c.value))
                    FROM json_each(j.value->'channels') AS c WHERE c.value <> k.preferred_channel), '') || ']',
                j.value->'channels') AS channels
            FROM json_each(?2) AS j JOIN customers k ON k.id = j.value->>'customer') AS q WHERE true
        ON CONFLICT (customer_id, step, cycle) WHERE status <> 'cancelled' DO NOTHING
        RETURNING id";
    TAKE_STEPS = "INSERT INTO steps_taken (invoice_id, part, step, message_id, day, listed)
        SELECT j.value->>'invoice', j.value->>'part', j.value->>'step', m.id, j.value->>'day', j.value->>'listed'
        FROM json_each(?) AS j
        JOIN messages m ON m.customer_id = j.value->>'customer' AND m.step = j.value->>'message_step'
            AND m.cycle = j.value->>'cycle' AND m.status <> 'cancelled'
        WHERE true ON CONFLICT DO NOTHING";
    DECIDED = "INSERT INTO job_runs (job, decided_at) VALUES ('sweep', ?1)
        ON CONFLICT (job) DO UPDATE SET decided_at = max(decided_at, excluded.decided_at) RETURNING decided_at";
}

/// What one sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Cases whose next action had come.
    pub examined: usize,
    /// Messages put into the queue.
    pub queued: usize,
    /// Things done besides: tasks, charges, acts.
    pub done: usize,
    /// Cases examined for which nothing was to be sent or done.
    pub skipped: usize,
    /// Whether more are due than `limit` allowed.
    pub more: bool,
}

#[derive(Serialize)]
struct MessageRow<'a> {
    id: MessageId,
    customer: &'a CustomerId,
    currency: &'static str,
    policy: &'a str,
    policy_id: &'a PolicyId,
    step: &'a str,
    template: &'a str,
    cycle: &'a str,
    purpose: Purpose,
    channels: &'a [Channel],
    why: &'a str,
    scheduled_ms: i64,
}

#[derive(Serialize)]
struct StepRow<'a> {
    customer: &'a CustomerId,
    cycle: &'a str,
    message_step: &'a str,
    invoice: &'a InvoiceId,
    part: u32,
    step: &'a str,
    day: i32,
    listed: bool,
}

/// What is decided about one case.
pub(super) struct Decided<'a> {
    pub(super) case: &'a Case,
    pub(super) message: Option<DueStep>,
    pub(super) deeds: Vec<Deed>,
}

/// Decides for at most `limit` cases whose next action has come: queues what is to be said, does what is to be done.
/// Reads, decides and writes in one transaction: two sweeps at once take turns, and the second finds nothing left to
/// do. Refused ([`StoreError::BackDated`]) for a time before the last one that was decided for.
pub async fn sweep(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<Swept> {
    refuse_the_past(tx, moment).await?;
    approvals::expire_due(tx, moment, limit).await?;
    // A promise or an instalment that was not kept lets its customer's case move on, in this very run.
    agreements::judge_due(tx, moment, limit).await?;
    let overdue = overdue::tell(tx, moment, limit).await?;
    let cases = facts::due(tx, moment, limit).await?;
    let (mut saves, mut decided) = (Vec::with_capacity(cases.len()), Vec::new());
    let (mut log, mut events) = (Vec::new(), Vec::new());
    for case in &cases {
        let policy = &case.ruling.version.policy;
        let mut planned = plan(policy, &case.facts, moment.now);
        let deeds = std::mem::take(&mut planned.deeds);
        let message = planned.due.take();
        let mut then = planned;
        if message.is_some() || !deeds.is_empty() {
            let mut after = case.facts.clone();
            for deed in &deeds {
                after = after.done(deed);
            }
            if let Some(due) = &message {
                log.push(queued_activity(case, due));
                after = after.queued(due, moment.now);
            }
            then = plan(policy, &after, moment.now);
            decided.push(Decided { case, message, deeds });
        } else if case.announced {
            log.push(refused_activity(case, &then));
        }
        if let Some((activity, event)) = finished(case, &then) {
            log.push(activity);
            events.push(event);
        }
        let said = decided
            .last()
            .is_some_and(|last| std::ptr::eq(last.case, case) && last.message.is_some());
        saves.push(SaveRow::new(case, then, case.under_way || said));
    }
    let queued = queue(tx, moment, &decided).await?;
    let done = deeds::carry_out(tx, moment, &decided, &queued).await?;
    // Deciding changes no invoice, so the oldest due date stays, and with it its index.
    tx.run(SAVE_NEXT, params![moment.ms(), serde_json::to_string(&saves)?])
        .await?;
    activities::record(tx, moment, &log).await?;
    events::record(tx, moment, &events).await?;
    events::turned(tx, moment).await?;
    let more = overdue.more || tx.row(ANY_DUE, params![moment.ms()]).await?.is_some();
    Ok(Swept {
        examined: cases.len(),
        queued: queued.len(),
        done,
        skipped: cases.len().saturating_sub(decided.len()),
        more,
    })
}

/// A decision for a time that lies before the last one would be made on facts that were not known then.
async fn refuse_the_past(tx: &Tx<'_>, moment: Moment) -> Result<()> {
    let Some(row) = tx.row(DECIDED, params![moment.ms()]).await? else {
        return Ok(());
    };
    let last = row.int(0)?;
    match last > moment.ms().saturating_add(SKEW.num_milliseconds()) {
        true => Err(StoreError::BackDated(crate::rfc3339(last)?)),
        false => Ok(()),
    }
}

/// The messages that were put into the queue, by the case's place in `decided`.
async fn queue(tx: &Tx<'_>, moment: Moment, decided: &[Decided<'_>]) -> Result<BTreeMap<usize, MessageId>> {
    let mut mint = moment.mint()?;
    let (mut messages, mut steps) = (Vec::with_capacity(decided.len()), Vec::new());
    let mut queued = BTreeMap::new();
    let due = decided
        .iter()
        .enumerate()
        .filter_map(|(at, decided)| Some((at, decided.case, decided.message.as_ref()?)));
    for (at, case, due) in due {
        let (facts, version) = (&case.facts, &case.ruling.version);
        let id = mint.id(MessageId::from_parts);
        queued.insert(at, id.clone());
        messages.push(MessageRow {
            id,
            customer: &facts.customer,
            currency: facts.currency.code(),
            policy: &version.policy.name,
            policy_id: &version.id,
            step: &due.step,
            template: &due.template,
            cycle: &due.cycle,
            purpose: template::find(&due.template).map_or(Purpose::Collection, |template| template.purpose),
            channels: version
                .policy
                .step(&due.step)
                .map_or(&[], |step| step.channels.as_slice()),
            why: &due.why,
            scheduled_ms: due.scheduled_for.timestamp_millis(),
        });
        let row = |invoice, part, step, day, listed| StepRow {
            customer: &facts.customer,
            cycle: &due.cycle,
            message_step: &due.step,
            invoice,
            part,
            step,
            day,
            listed,
        };
        let covers = due.covers.iter();
        steps.extend(
            covers.map(|cover| row(&cover.invoice, cover.part, &cover.step, cover.day, cover.listed)),
        );
        let day = version.policy.step(&due.step).map_or(0, |step| step.day);
        steps.extend(
            due.charges
                .iter()
                .map(|charge| row(charge, 0, &due.step, day, true)),
        );
    }
    if messages.is_empty() {
        return Ok(queued);
    }
    let stored = tx
        .rows(QUEUE, params![moment.ms(), serde_json::to_string(&messages)?])
        .await?;
    tx.run(TAKE_STEPS, params![serde_json::to_string(&steps)?])
        .await?;
    let stored = stored
        .iter()
        .map(|row| row.text(0).map(str::to_owned))
        .collect::<Result<BTreeSet<_>>>()?;
    queued.retain(|_, id| stored.contains(id.as_str()));
    Ok(queued)
}

fn queued_activity(case: &Case, due: &DueStep) -> Activity {
    let policy = &case.ruling.version.policy;
    let skipped = match due.skipped.is_empty() {
        true => String::new(),
        false => format!(" Skipped, since its day has passed: {}.", due.skipped.join(", ")),
    };
    Activity {
        customer_id: case.facts.customer.clone(),
        kind: "message_queued",
        title: format!("{} queued", due.step),
        detail: format!("Policy {}, step {}: {}.{skipped}", policy.name, due.step, due.why),
        refers_to: Some(due.carrying.to_string()),
    }
}

fn refused_activity(case: &Case, planned: &Plan) -> Activity {
    let policy = &case.ruling.version.policy;
    let ruled = planned.verdicts.iter().find(|verdict| !verdict.passed);
    Activity {
        customer_id: case.facts.customer.clone(),
        kind: "contact_refused",
        title: "Not contacted".to_owned(),
        detail: match ruled {
            Some(verdict) => format!(
                "Policy {}, rule {}: {}",
                policy.name, verdict.rule, verdict.detail
            ),
            None => format!("Policy {}: no step is due any more", policy.name),
        },
        refers_to: None,
    }
}

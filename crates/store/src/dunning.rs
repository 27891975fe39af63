//! Cases and the sweep: the rules decide, this module loads what they look at and stores what they decide.
//!
//! A case is what is between us and one customer in one currency. Whatever changes a case calls [`replan`] in the
//! same transaction, so `next_action_at` is always true and [`sweep`] finds due work through its index: O(due).

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::instants::{instant, time_zone};
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, DueStep, OpenItem, Plan, plan};
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::money::Money;
use receivables::policy::Policy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// The facts of a case as one JSON document: customer, last contact, open items with the steps taken.
macro_rules! select_facts {
    ($which:literal) => {
        concat!(
            "SELECT json_object('customer', c.customer_id, 'currency', c.currency, 'time_zone', k.time_zone,
                'hold', k.hold, 'unapplied_minor', c.unapplied_minor, 'last_contact_ms',
                (SELECT max(coalesce(m.sent_at, m.created_at)) FROM messages m WHERE m.customer_id = c.customer_id
                    AND m.status NOT IN ('cancelled', 'suppressed')),
                'items', json((SELECT json_group_array(json_object('invoice', i.id, 'number', i.number,
                    'due_on', i.due_on, 'balance_minor', i.balance_minor, 'disputed', i.disputed,
                    'promised_until', i.promised_until_on, 'taken',
                    json((SELECT json_group_array(s.step) FROM steps_taken s WHERE s.invoice_id = i.id))))
                    FROM invoices i WHERE i.customer_id = c.customer_id AND i.currency = c.currency
                        AND i.balance_minor > 0)))
            FROM cases c JOIN customers k ON k.id = c.customer_id ",
            $which
        )
    };
}

statements! {
    OF_CUSTOMERS = select_facts!("WHERE c.customer_id IN (SELECT value FROM json_each(?))");
    DUE = select_facts!("WHERE c.next_action_at <= ? ORDER BY c.next_action_at LIMIT ?");
    SAVE = "UPDATE cases SET next_action_at = j.value->>'at_ms', next_step = j.value->>'step',
            next_why = j.value->>'why', oldest_due_on = j.value->>'oldest_due_on'
        FROM json_each(?) AS j
        WHERE customer_id = j.value->>'customer' AND currency = j.value->>'currency'";
    SAVE_NEXT = "UPDATE cases SET next_action_at = j.value->>'at_ms', next_step = j.value->>'step',
            next_why = j.value->>'why'
        FROM json_each(?) AS j
        WHERE customer_id = j.value->>'customer' AND currency = j.value->>'currency'";
    ANY_DUE = "SELECT 1 FROM cases WHERE next_action_at <= ? LIMIT 1";
    QUEUE = "INSERT INTO messages (id, customer_id, currency, policy, step, template, cycle, channel, status, why,
            scheduled_for, attempt_at, created_at)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'currency', ?1, j.value->>'step',
            j.value->>'template', j.value->>'cycle', j.value->>'channel', 'queued', j.value->>'why',
            j.value->>'scheduled_ms', ?2, ?2 FROM json_each(?3) AS j WHERE true
        ON CONFLICT (customer_id, step, cycle) WHERE status <> 'cancelled' DO NOTHING
        RETURNING id";
    TAKE_STEPS = "INSERT INTO steps_taken (invoice_id, step, message_id, listed)
        SELECT j.value->>'invoice', j.value->>'step', m.id, j.value->>'listed' FROM json_each(?) AS j
        JOIN messages m ON m.customer_id = j.value->>'customer' AND m.step = j.value->>'message_step'
            AND m.cycle = j.value->>'cycle' AND m.status <> 'cancelled'
        WHERE true ON CONFLICT DO NOTHING";
}

/// A case as the database tells it.
#[derive(Deserialize)]
struct FactsRow {
    customer: CustomerId,
    currency: Currency,
    time_zone: String,
    hold: Option<String>,
    unapplied_minor: i64,
    last_contact_ms: Option<i64>,
    items: Vec<ItemRow>,
}

#[derive(Deserialize)]
struct ItemRow {
    invoice: InvoiceId,
    number: String,
    due_on: NaiveDate,
    balance_minor: i64,
    disputed: i64,
    promised_until: Option<NaiveDate>,
    taken: Vec<String>,
}

impl TryFrom<FactsRow> for CaseFacts {
    type Error = StoreError;

    fn try_from(row: FactsRow) -> Result<Self> {
        let time_zone = time_zone(&row.time_zone)?;
        let currency = row.currency;
        let items = row
            .items
            .into_iter()
            .map(|item| OpenItem {
                invoice: item.invoice,
                number: item.number,
                due_on: item.due_on,
                balance: Money::new(item.balance_minor, currency),
                disputed: item.disputed != 0,
                promised_until: item.promised_until,
                taken: item.taken,
            })
            .collect();
        Ok(CaseFacts {
            customer: row.customer,
            currency,
            time_zone,
            hold: row.hold,
            on_account: Money::new(row.unapplied_minor, currency),
            last_contact_at: row.last_contact_ms.map(instant).transpose()?,
            items,
        })
    }
}

fn facts(rows: Vec<FactsRow>) -> Result<Vec<CaseFacts>> {
    rows.into_iter().map(CaseFacts::try_from).collect()
}

/// Every case of `customers`.
pub(crate) async fn cases_of(db: &Db, customers: &[&CustomerId]) -> Result<Vec<CaseFacts>> {
    facts(
        db.list(OF_CUSTOMERS, params![serde_json::to_string(customers)?])
            .await?,
    )
}

#[derive(Serialize)]
struct SaveRow<'a> {
    customer: &'a CustomerId,
    currency: &'static str,
    at_ms: Option<i64>,
    step: Option<String>,
    why: Option<String>,
    oldest_due_on: Option<NaiveDate>,
}

impl<'a> SaveRow<'a> {
    fn new(facts: &'a CaseFacts, plan: Plan) -> Self {
        let oldest_due_on = facts.items.iter().map(|item| item.due_on).min();
        let (mut at_ms, mut step, mut why) = (None, None, None);
        if let Some(next) = plan.next {
            (at_ms, step, why) = (Some(next.at.timestamp_millis()), Some(next.step), Some(next.why));
        }
        Self {
            customer: &facts.customer,
            currency: facts.currency.code(),
            at_ms,
            step,
            why,
            oldest_due_on,
        }
    }
}

/// Customers planned with one statement each way.
const BATCH: usize = 500;

/// Works out anew what happens next for each of `customers`. Part of every change to a ledger or a case.
pub async fn replan(
    tx: &Tx<'_>,
    moment: Moment,
    policy: &Policy,
    customers: &BTreeSet<CustomerId>,
) -> Result<()> {
    let customers: Vec<&CustomerId> = customers.iter().collect();
    for batch in customers.chunks(BATCH) {
        let cases = cases_of(tx, batch).await?;
        let rows: Vec<_> = cases
            .iter()
            .map(|case| SaveRow::new(case, plan(policy, case, moment.now)))
            .collect();
        tx.run(SAVE, params![serde_json::to_string(&rows)?]).await?;
    }
    Ok(())
}

/// What one sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Swept {
    /// Cases whose next action had come.
    pub examined: usize,
    /// Messages put into the queue.
    pub queued: usize,
    /// Cases examined for which nothing was to be sent.
    pub skipped: usize,
    /// Whether more are due than `limit` allowed.
    pub more: bool,
}

#[derive(Serialize)]
struct MessageRow<'a> {
    id: MessageId,
    customer: &'a CustomerId,
    currency: &'static str,
    step: &'a str,
    template: &'a str,
    cycle: &'a str,
    channel: &'static str,
    why: &'a str,
    scheduled_ms: i64,
}

#[derive(Serialize)]
struct StepRow<'a> {
    customer: &'a CustomerId,
    cycle: &'a str,
    message_step: &'a str,
    invoice: &'a InvoiceId,
    step: &'a str,
    listed: u8,
}

/// Decides for at most `limit` cases whose next action has come and queues what is to be said. Reads, decides and
/// writes in one transaction: two sweeps at once take turns, and the second finds nothing left to do.
pub async fn sweep(tx: &Tx<'_>, moment: Moment, policy: &Policy, limit: u32) -> Result<Swept> {
    let cases = facts(tx.list(DUE, params![moment.ms(), limit]).await?)?;
    let mut saves = Vec::with_capacity(cases.len());
    let mut decided: Vec<(&CaseFacts, DueStep)> = Vec::new();
    let mut log = Vec::new();
    for case in &cases {
        let mut planned = plan(policy, case, moment.now);
        match planned.due.take() {
            Some(due) => {
                let then = plan(policy, &case.after(&due, moment.now), moment.now);
                saves.push(SaveRow::new(case, then));
                log.push(queued_activity(case, policy, &due));
                decided.push((case, due));
            }
            None => {
                log.push(refused_activity(case, policy, &planned));
                saves.push(SaveRow::new(case, planned));
            }
        }
    }
    let queued = queue(tx, moment, policy, &decided).await?;
    // Deciding changes no invoice, so the oldest due date stays, and with it its index.
    tx.run(SAVE_NEXT, params![serde_json::to_string(&saves)?]).await?;
    activities::record(tx, moment, &log).await?;
    let more = tx.row(ANY_DUE, params![moment.ms()]).await?.is_some();
    Ok(Swept {
        examined: cases.len(),
        queued,
        skipped: cases.len().saturating_sub(queued),
        more,
    })
}

async fn queue(
    tx: &Tx<'_>,
    moment: Moment,
    policy: &Policy,
    decided: &[(&CaseFacts, DueStep)],
) -> Result<usize> {
    if decided.is_empty() {
        return Ok(0);
    }
    let mut mint = moment.mint()?;
    let mut messages = Vec::with_capacity(decided.len());
    let mut steps = Vec::new();
    for (case, due) in decided {
        messages.push(MessageRow {
            id: mint.id(MessageId::from_parts),
            customer: &case.customer,
            currency: case.currency.code(),
            step: &due.step,
            template: &due.template,
            cycle: &due.cycle,
            channel: due.channels.first().map_or("email", |channel| channel.as_str()),
            why: &due.why,
            scheduled_ms: due.scheduled_for.timestamp_millis(),
        });
        let listed = |invoice: &InvoiceId, step: &str| {
            (step == due.step && due.overdue.contains(invoice)) || due.upcoming.contains(invoice)
        };
        steps.extend(due.covers.iter().map(|(invoice, step)| StepRow {
            customer: &case.customer,
            cycle: &due.cycle,
            message_step: &due.step,
            invoice,
            step,
            listed: u8::from(listed(invoice, step)),
        }));
    }
    let stored = tx
        .rows(
            QUEUE,
            params![
                policy.name.as_str(),
                moment.ms(),
                serde_json::to_string(&messages)?
            ],
        )
        .await?;
    tx.run(TAKE_STEPS, params![serde_json::to_string(&steps)?])
        .await?;
    Ok(stored.len())
}

fn queued_activity(case: &CaseFacts, policy: &Policy, due: &DueStep) -> Activity {
    let skipped = match due.skipped.is_empty() {
        true => String::new(),
        false => format!(" Skipped, since its day has passed: {}.", due.skipped.join(", ")),
    };
    Activity {
        customer_id: case.customer.clone(),
        kind: "message_queued",
        title: format!("{} queued", due.step),
        detail: format!("Policy {}, step {}: {}.{skipped}", policy.name, due.step, due.why),
        refers_to: Some(due.carrying.to_string()),
    }
}

fn refused_activity(case: &CaseFacts, policy: &Policy, planned: &Plan) -> Activity {
    let ruled = planned.verdicts.iter().find(|verdict| !verdict.passed);
    Activity {
        customer_id: case.customer.clone(),
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

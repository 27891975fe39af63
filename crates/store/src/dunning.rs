//! Cases and the sweep: the rules decide, this module loads what they look at and stores what they decide.
//!
//! A case is what is between us and one customer in one currency. Whatever changes a case calls [`replan`] in the
//! same transaction, so `next_action_at` is always true and [`sweep`] finds due work through its index: O(due).

mod deeds;
mod facts;
mod sweep;

pub use facts::{Case, cases, page};
pub use sweep::{Swept, sweep};

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::moment::Moment;
use crate::params;
use crate::suspensions;
use chrono::NaiveDate;
use receivables::dunning::{Plan, plan};
use receivables::id::{CustomerId, PolicyId};
use serde::Serialize;
use std::collections::BTreeSet;

statements! {
    SAVE = "UPDATE cases SET next_action_at = j.value->>'at_ms', next_step = j.value->>'step',
            next_why = j.value->>'why', oldest_due_on = j.value->>'oldest_due_on', policy_id = j.value->>'policy_id',
            finished_at = iif(j.value->>'finished', coalesce(finished_at, ?1), NULL)
        FROM json_each(?2) AS j
        WHERE customer_id = j.value->>'customer' AND currency = j.value->>'currency'";
    /// As a new policy does: the case is looked at again, by whoever comes first.
    MARK = "UPDATE cases SET next_action_at = min(coalesce(next_action_at, ?1), ?1), next_step = NULL, next_why = NULL,
            oldest_due_on = min(coalesce(oldest_due_on, j.value->>'due_on'), j.value->>'due_on')
        FROM json_each(?2) AS j
        WHERE customer_id = j.value->>'customer' AND currency = j.value->>'currency'";
    MARKED = "SELECT DISTINCT json_quote(customer_id) FROM cases
        WHERE next_action_at <= ? AND next_step IS NULL AND customer_id > ? ORDER BY customer_id LIMIT ?";
}

/// Every case of `customers`.
pub(crate) async fn cases_of(db: &Db, moment: Moment, customers: &[&CustomerId]) -> Result<Vec<Case>> {
    facts::of_customers(db, moment, customers).await
}

#[derive(Serialize)]
struct SaveRow<'a> {
    customer: &'a CustomerId,
    currency: &'static str,
    at_ms: Option<i64>,
    step: Option<String>,
    why: Option<String>,
    oldest_due_on: Option<NaiveDate>,
    /// Kept while the case is under way.
    policy_id: Option<&'a PolicyId>,
    finished: bool,
}

impl<'a> SaveRow<'a> {
    fn new(case: &'a Case, plan: Plan, under_way: bool) -> Self {
        let facts = &case.facts;
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
            policy_id: under_way.then_some(&case.ruling.version.id),
            finished: plan.finished,
        }
    }
}

/// What is told when everything was said and done, and is told once.
fn finished(case: &Case, plan: &Plan) -> Option<(Activity, Event)> {
    if case.finished || !plan.finished {
        return None;
    }
    let (policy, facts) = (&case.ruling.version.policy, &case.facts);
    let activity = Activity {
        customer_id: facts.customer.clone(),
        kind: "dunning_finished",
        title: "Nothing is left to be said".to_owned(),
        detail: format!(
            "Policy {}: every step for what is overdue in {} was taken. It begins again when another invoice becomes \
             overdue.",
            policy.name, facts.currency
        ),
        refers_to: None,
    };
    let about = serde_json::json!({"currency": facts.currency, "policy": policy.name,
        "version": case.ruling.version.version});
    let event = Event::new("dunning.finished", &facts.customer, about);
    Some((activity, event))
}

/// Customers planned with one statement each way.
const BATCH: usize = 500;

/// Works out anew what happens next for each of `customers`. Part of every change to a ledger or a case.
pub async fn replan(tx: &Tx<'_>, moment: Moment, customers: &BTreeSet<CustomerId>) -> Result<()> {
    let customers: Vec<&CustomerId> = customers.iter().collect();
    for batch in customers.chunks(BATCH) {
        let mut cases = cases_of(tx, moment, batch).await?;
        let suspended = cases.iter().filter(|case| case.facts.suspended);
        let suspended: BTreeSet<CustomerId> = suspended.map(|case| case.facts.customer.clone()).collect();
        if !suspended.is_empty() && suspensions::reinstate_paid(tx, moment, &suspended).await? {
            cases = cases_of(tx, moment, batch).await?;
        }
        let (mut rows, mut log, mut events) = (Vec::with_capacity(cases.len()), Vec::new(), Vec::new());
        for case in &cases {
            let planned = plan(&case.ruling.version.policy, &case.facts, moment.now);
            if let Some((activity, event)) = finished(case, &planned) {
                log.push(activity);
                events.push(event);
            }
            rows.push(SaveRow::new(case, planned, case.under_way));
        }
        tx.run(SAVE, params![moment.ms(), serde_json::to_string(&rows)?])
            .await?;
        activities::record(tx, moment, &log).await?;
        events::record(tx, moment, &events).await?;
        let suspended = cases.iter().filter(|case| case.facts.suspended);
        let suspended: BTreeSet<CustomerId> = suspended.map(|case| case.facts.customer.clone()).collect();
        if !suspended.is_empty() {
            suspensions::reinstate_paid(tx, moment, &suspended).await?;
        }
    }
    Ok(())
}

/// A case, and the oldest due date of what is new in it.
#[derive(Serialize)]
pub(crate) struct Mark<'a> {
    pub(crate) customer: &'a CustomerId,
    pub(crate) currency: &'static str,
    pub(crate) due_on: NaiveDate,
}

/// Marks cases to be planned anew, each at most once in `marks`: for one part of many of the same work, so that a
/// customer is planned once and not with each part. A sweep that comes before [`replan_marked`] decides on what is there.
pub(crate) async fn mark(tx: &Tx<'_>, moment: Moment, marks: &[Mark<'_>]) -> Result<()> {
    tx.run(MARK, params![moment.ms(), serde_json::to_string(marks)?])
        .await
}

/// Works out anew what happens next for at most `limit` customers who are marked, in the order of their ids after
/// `after`; answers the last of them, where there are any.
pub async fn replan_marked(
    tx: &Tx<'_>,
    moment: Moment,
    after: Option<&CustomerId>,
    limit: u32,
) -> Result<Option<CustomerId>> {
    let after = after.map_or("", CustomerId::as_str);
    let marked: BTreeSet<CustomerId> = tx
        .list(MARKED, params![moment.ms(), after, limit])
        .await?
        .into_iter()
        .collect();
    replan(tx, moment, &marked).await?;
    Ok(marked.into_iter().next_back())
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, deeds::ALL, facts::ALL, sweep::ALL].concat()
}

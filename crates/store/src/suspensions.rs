//! Suspensions: who is served no longer, since when and after which announcement. Dunlin says so, as events; the systems
//! outside switch off and on.
//!
//! **A warning precedes every suspension**, whoever asks for one: [`suspend`] looks for the message that announced it
//! and for its notice period, and refuses without. Money ends a suspension: [`reinstate_paid`] is part of every replan.

use crate::accounts;
use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::events::{self, Event};
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::notices::{self, Notice};
use crate::params;
use chrono::{DateTime, NaiveDate, Utc};
use receivables::calendar;
use receivables::currency::Currency;
use receivables::id::CustomerId;
use receivables::notice::About;
use receivables::policy::Act;
use receivables::suspension::{self, NotYet};
use receivables::zone::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

statements! {
    SUSPENDED = "SELECT json_object('customer', k.id, 'time_zone', k.time_zone, 'oldest_due_on',
            (SELECT min(i.due_on) FROM invoices i WHERE i.customer_id = k.id AND i.balance_minor > 0))
        FROM customers k WHERE k.suspended_at IS NOT NULL AND k.id IN (SELECT value FROM json_each(?))";
    BEGIN = "INSERT INTO suspensions (customer_id, suspended_at, announced_at, suspended_by, why)
        VALUES (?1, ?2, ?3, ?4, ?5)";
    MARK = "UPDATE customers SET suspended_at = ?2, updated_at = ?2 WHERE id = ?1";
    END = "UPDATE suspensions SET reinstated_at = ?1, reinstated_by = ?2
        WHERE reinstated_at IS NULL AND customer_id IN (SELECT value FROM json_each(?3))";
    // Who was reinstated by a person is not suspended again by the policy for the same invoice.
    NOT_AGAIN = "INSERT INTO deeds (customer_id, currency, step, cycle, kind, done_at)
        SELECT j.value->>'customer', j.value->>'currency', j.value->>'step', j.value->>'cycle', 'suspend', ?1
        FROM json_each(?2) AS j WHERE true ON CONFLICT DO NOTHING";
    UNMARK = "UPDATE customers SET suspended_at = NULL, updated_at = ?1
        WHERE id IN (SELECT value FROM json_each(?2))";
}

#[derive(Debug, Clone, Deserialize)]
struct Standing {
    customer: CustomerId,
    time_zone: String,
    oldest_due_on: Option<NaiveDate>,
}

impl Standing {
    /// Whether nothing overdue is left on the customer's own civil day.
    fn is_clear(&self, moment: Moment) -> Result<bool> {
        let today = calendar::day_of(moment.now, time_zone(&self.time_zone)?);
        Ok(suspension::reinstates(self.oldest_due_on, today))
    }
}

/// What became of a suspension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Suspended {
    /// It is in force.
    Done,
    /// It was already.
    Already,
    /// The customer has not been told, or not for long enough.
    NotYet(NotYet),
    /// Nothing is overdue.
    NothingOverdue,
    /// There is no such customer.
    Unknown,
}

/// Whether a customer may be suspended now.
pub async fn may_suspend(db: &Db, moment: Moment, customer: &CustomerId) -> Result<Suspended> {
    judge(db, moment, customer).await.map(|(judged, _)| judged)
}

/// Whether it may, and on which announcement: a message that the customer's policy says announces a suspension, that
/// has left, and that listed an invoice which is overdue still. Of several the one that allows most counts.
async fn judge(db: &Db, moment: Moment, customer: &CustomerId) -> Result<(Suspended, Option<DateTime<Utc>>)> {
    let cases = dunning::cases_of(db, moment, &[customer]).await?;
    let mut best = (Suspended::NothingOverdue, None);
    for case in &cases {
        if case.facts.suspended {
            return Ok((Suspended::Already, None));
        }
        let today = calendar::day_of(moment.now, case.facts.time_zone);
        let overdue = || case.facts.items.iter().filter(|item| item.due_on < today);
        if best.0 == Suspended::NothingOverdue && overdue().next().is_some() {
            best.0 = Suspended::NotYet(NotYet::NotAnnounced);
        }
        let suspends = case
            .ruling
            .version
            .policy
            .acts()
            .filter(|act| act.act == Act::Suspend);
        for act in suspends {
            let told = overdue()
                .flat_map(|item| &item.taken)
                .filter(|taken| taken.step == act.by.id && taken.listed && taken.sent);
            for taken in told {
                let on = calendar::day_of(taken.at, case.facts.time_zone);
                best = better(
                    best,
                    (
                        suspension::may_suspend(Some(on), act.notice_days, today),
                        taken.at,
                    ),
                );
            }
        }
    }
    if best.0 == Suspended::NothingOverdue && accounts::find(db, moment, customer).await?.is_none() {
        best.0 = Suspended::Unknown;
    }
    Ok(best)
}

fn better(
    best: (Suspended, Option<DateTime<Utc>>),
    (may, at): (Result<(), NotYet>, DateTime<Utc>),
) -> (Suspended, Option<DateTime<Utc>>) {
    match (best.0, may) {
        (Suspended::Done, _) => best,
        (_, Ok(())) => (Suspended::Done, Some(at)),
        (Suspended::NotYet(NotYet::Notice(known)), Err(NotYet::Notice(until))) if known <= until => best,
        (_, Err(not_yet)) => (Suspended::NotYet(not_yet), Some(at)),
    }
}

/// Suspends a customer, provided that it was told in time and that something is overdue.
pub async fn suspend(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    why: &str,
    by: &str,
) -> Result<Suspended> {
    let (judged, announced) = judge(tx, moment, customer).await?;
    let (Suspended::Done, Some(announced)) = (judged, announced) else {
        return Ok(judged);
    };
    let announced_ms = announced.timestamp_millis();
    let parameters = params![customer.as_str(), moment.ms(), announced_ms, by, why];
    tx.run(BEGIN, parameters).await?;
    tx.run(MARK, params![customer.as_str(), moment.ms()]).await?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "suspended",
        title: "Suspended".to_owned(),
        detail: format!("{why}. Announced on {}. By {by}.", announced.date_naive()),
        refers_to: None,
    };
    activities::record(tx, moment, &[activity]).await?;
    let about = serde_json::json!({"why": why, "announced_at": crate::rfc3339(announced_ms)?});
    events::record(tx, moment, &[Event::new("customer.suspended", customer, about)]).await?;
    dunning::replan(tx, moment, &BTreeSet::from([customer.clone()])).await?;
    let on = calendar::day_of(moment.now, zone_of(tx, customer).await?);
    let told = notice(customer, "suspended", moment, on, why);
    notices::queue(tx, moment, &[told]).await?;
    Ok(Suspended::Done)
}

/// Reinstates a customer because a person says so. False: it is not suspended.
pub async fn reinstate(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    why: &str,
    by: &str,
) -> Result<bool> {
    let found: Vec<Standing> = tx
        .list(SUSPENDED, params![serde_json::to_string(&[customer])?])
        .await?;
    if found.is_empty() {
        return Ok(false);
    }
    end(tx, moment, &found, why, by).await?;
    not_again(tx, moment, customer).await?;
    dunning::replan(tx, moment, &BTreeSet::from([customer.clone()])).await?;
    Ok(true)
}

#[derive(Serialize)]
struct DeedRow<'a> {
    customer: &'a CustomerId,
    currency: Currency,
    step: String,
    cycle: String,
}

async fn not_again(tx: &Tx<'_>, moment: Moment, customer: &CustomerId) -> Result<()> {
    let cases = dunning::cases_of(tx, moment, &[customer]).await?;
    let mut rows = Vec::new();
    for case in &cases {
        let today = calendar::day_of(moment.now, case.facts.time_zone);
        let policy = &case.ruling.version.policy;
        for act in policy.acts().filter(|act| act.act == Act::Suspend) {
            let overdue = case.facts.items.iter().filter(|item| item.due_on < today);
            rows.extend(overdue.map(|item| DeedRow {
                customer,
                currency: case.facts.currency,
                step: act.step.id.clone(),
                cycle: item.cycle(),
            }));
        }
    }
    tx.run(NOT_AGAIN, params![moment.ms(), serde_json::to_string(&rows)?])
        .await
}

/// Reinstates those of `customers` that are suspended and have nothing overdue any more, and answers whether there are
/// such. Part of every replan, before anything is planned.
pub async fn reinstate_paid(tx: &Tx<'_>, moment: Moment, customers: &BTreeSet<CustomerId>) -> Result<bool> {
    let found: Vec<Standing> = tx
        .list(SUSPENDED, params![serde_json::to_string(customers)?])
        .await?;
    let mut clear = Vec::new();
    for standing in found {
        if standing.is_clear(moment)? {
            clear.push(standing);
        }
    }
    let why = "Nothing overdue is left";
    end(tx, moment, &clear, why, receivables::approval::POLICY).await?;
    Ok(!clear.is_empty())
}

async fn end(tx: &Tx<'_>, moment: Moment, those: &[Standing], why: &str, by: &str) -> Result<()> {
    if those.is_empty() {
        return Ok(());
    }
    let ids: Vec<&CustomerId> = those.iter().map(|standing| &standing.customer).collect();
    let ids_json = serde_json::to_string(&ids)?;
    tx.run(END, params![moment.ms(), by, ids_json.as_str()]).await?;
    tx.run(UNMARK, params![moment.ms(), ids_json]).await?;
    let log: Vec<Activity> = ids
        .iter()
        .map(|id| Activity {
            customer_id: (*id).clone(),
            kind: "reinstated",
            title: "Reinstated".to_owned(),
            detail: format!("{why}. By {by}."),
            refers_to: None,
        })
        .collect();
    activities::record(tx, moment, &log).await?;
    let about = || serde_json::json!({"why": why});
    let told: Vec<Event> = ids
        .iter()
        .map(|id| Event::new("customer.reinstated", id, about()))
        .collect();
    events::record(tx, moment, &told).await?;
    let mut notices = Vec::with_capacity(those.len());
    for standing in those {
        let on = calendar::day_of(moment.now, time_zone(&standing.time_zone)?);
        notices.push(notice(&standing.customer, "reinstated", moment, on, why));
    }
    notices::queue(tx, moment, &notices).await.map(drop)
}

/// Tells a customer that it is served no longer, or again.
fn notice(customer: &CustomerId, template: &'static str, moment: Moment, on: NaiveDate, why: &str) -> Notice {
    let about = About::Suspension { on };
    Notice::new(customer, template, moment.ms(), about, why.to_owned())
}

/// Where the civil day of a customer who is suspended passes.
async fn zone_of(tx: &Tx<'_>, customer: &CustomerId) -> Result<Zone> {
    let found: Option<Standing> = tx
        .find(SUSPENDED, params![serde_json::to_string(&[customer])?])
        .await?;
    found.map_or(Ok(Zone::UTC), |standing| time_zone(&standing.time_zone))
}

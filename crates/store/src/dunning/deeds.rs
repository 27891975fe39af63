//! What a step that is taken has done besides its message: charges, tasks, notices to our own people, and what is done
//! to a customer who was warned.

use super::facts::Case;
use super::sweep::Decided;
use crate::activities::{self, Activity};
use crate::approvals::{self, Request};
use crate::charges::{self, Blocked, Posted, StepCharges};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::moment::Moment;
use crate::params;
use crate::suspensions::{self, Suspended};
use crate::tasks::{self, NewTask};
use chrono::NaiveDate;
use receivables::approval::{self, ApprovalKind};
use receivables::calendar;
use receivables::dunning::{Deed, DeedKind};
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::money::Money;
use receivables::policy::{Act, Errand, Step};
use receivables::task::TaskKind;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

statements! {
    DO = "INSERT INTO deeds (customer_id, currency, step, cycle, kind, done_at)
        SELECT j.value->>'customer', j.value->>'currency', j.value->>'step', j.value->>'cycle', j.value->>'kind', ?1
        FROM json_each(?2) AS j WHERE true ON CONFLICT DO NOTHING
        RETURNING json_array(customer_id, currency, step, cycle)";
    LIST_CHARGES = "INSERT INTO steps_taken (invoice_id, part, step, message_id, day, listed)
        SELECT j.value->>'charge', 0, j.value->>'step', j.value->>'message', j.value->>'day', 1
        FROM json_each(?) AS j WHERE true ON CONFLICT DO NOTHING";
}

#[derive(Serialize)]
struct DeedRow<'a> {
    customer: &'a CustomerId,
    currency: &'static str,
    step: &'a str,
    cycle: &'a str,
    kind: DeedKind,
}

/// A charge that was made along with a message, which lists it.
#[derive(Serialize)]
struct ListedCharge<'a> {
    charge: &'a InvoiceId,
    step: &'a str,
    message: &'a MessageId,
    day: i32,
}

/// A step that is being taken.
struct Taking<'a> {
    case: &'a Case,
    step: &'a Step,
    cycle: &'a str,
    invoices: &'a [InvoiceId],
    why: &'a str,
    message: Option<&'a MessageId>,
    deed: Option<&'a Deed>,
}

impl Taking<'_> {
    fn customer(&self) -> &CustomerId {
        &self.case.facts.customer
    }

    /// `Policy standard, step firm: Invoice A fell due on ...`
    fn because(&self) -> String {
        let policy = &self.case.ruling.version.policy;
        format!("Policy {}, step {}: {}", policy.name, self.step.id, self.why)
    }

    fn today(&self, moment: Moment) -> NaiveDate {
        calendar::day_of(moment.now, self.case.facts.time_zone)
    }

    fn task(&self, moment: Moment, kind: TaskKind, step: String, title: String, detail: String) -> NewTask {
        let rest = self.case.facts.rest.all();
        NewTask {
            customer: self.customer().clone(),
            currency: Some(self.case.facts.currency),
            kind,
            title,
            detail: Some(detail),
            due_on: rest.business_day_from(self.today(moment)),
            step: Some(step),
            cycle: Some(self.cycle.to_owned()),
            assignee: None,
        }
    }
}

/// Carries out what the steps that were decided upon ask for besides words; `queued` are the messages that were put
/// into the queue, by the case's place in `decided`. Each deed is done once, however often it is decided. Answers how
/// many were.
pub(super) async fn carry_out(
    tx: &Tx<'_>,
    moment: Moment,
    decided: &[Decided<'_>],
    queued: &BTreeMap<usize, MessageId>,
) -> Result<usize> {
    let fresh = claim(tx, moment, decided).await?;
    let mut takings = Vec::new();
    for (at, one) in decided.iter().enumerate() {
        let policy = &one.case.ruling.version.policy;
        if let (Some(due), Some(message)) = (&one.message, queued.get(&at)) {
            takings.extend(policy.step(&due.step).map(|step| Taking {
                case: one.case,
                step,
                cycle: &due.cycle,
                invoices: &due.overdue,
                why: &due.why,
                message: Some(message),
                deed: None,
            }));
        }
        for deed in one
            .deeds
            .iter()
            .filter(|deed| fresh.contains(&key(one.case, deed)))
        {
            takings.extend(policy.step(&deed.step).map(|step| Taking {
                case: one.case,
                step,
                cycle: &deed.cycle,
                invoices: &deed.invoices,
                why: &deed.why,
                message: None,
                deed: Some(deed),
            }));
        }
    }
    charge(tx, moment, &takings).await?;
    give_out(tx, moment, &takings).await?;
    for taking in &takings {
        if let Some(DeedKind::Act(act)) = taking.deed.map(|deed| deed.kind) {
            perform(tx, moment, taking, act).await?;
        }
    }
    Ok(fresh.len())
}

type Key = (String, String, String, String);

fn key(case: &Case, deed: &Deed) -> Key {
    let (customer, currency) = (case.facts.customer.to_string(), case.facts.currency.to_string());
    (customer, currency, deed.step.clone(), deed.cycle.clone())
}

/// Marks the deeds as done, and tells which were not before.
async fn claim(tx: &Tx<'_>, moment: Moment, decided: &[Decided<'_>]) -> Result<BTreeSet<Key>> {
    let rows: Vec<DeedRow<'_>> = decided
        .iter()
        .flat_map(|one| one.deeds.iter().map(|deed| (one.case, deed)))
        .map(|(case, deed)| DeedRow {
            customer: &case.facts.customer,
            currency: case.facts.currency.code(),
            step: &deed.step,
            cycle: &deed.cycle,
            kind: deed.kind,
        })
        .collect();
    if rows.is_empty() {
        return Ok(BTreeSet::new());
    }
    let fresh = tx
        .rows(DO, params![moment.ms(), serde_json::to_string(&rows)?])
        .await?;
    fresh.iter().map(|row| row.json(0)).collect()
}

/// Posts fees and interest. The message of the same step lists them; a rate that is missing is a task.
async fn charge(tx: &Tx<'_>, moment: Moment, takings: &[Taking<'_>]) -> Result<()> {
    let steps: Vec<StepCharges<'_>> = takings
        .iter()
        .map(|taking| StepCharges {
            step: &taking.step.id,
            cycle: taking.cycle,
            message: taking.message,
            invoices: taking.invoices,
            fee: taking.step.fee.as_ref(),
            charge: taking.step.charge.as_ref(),
        })
        .collect();
    let charged = charges::for_steps(tx, moment, &steps).await?;
    let listed: Vec<ListedCharge<'_>> = charged
        .posted
        .iter()
        .filter_map(|posted| listed(posted, takings))
        .collect();
    if !listed.is_empty() {
        tx.run(LIST_CHARGES, params![serde_json::to_string(&listed)?])
            .await?;
    }
    let missing: Vec<NewTask> = charged
        .blocked
        .iter()
        .filter_map(|blocked| missing_rate(moment, blocked, takings))
        .collect();
    tasks::open(tx, moment, &missing).await?;
    Ok(())
}

fn listed<'a>(posted: &'a Posted, takings: &'a [Taking<'a>]) -> Option<ListedCharge<'a>> {
    takings.iter().find_map(|taking| {
        let message = taking
            .message
            .filter(|_| taking.invoices.contains(&posted.charged_on))?;
        Some(ListedCharge {
            charge: &posted.id,
            step: &taking.step.id,
            message,
            day: taking.step.day,
        })
    })
}

fn missing_rate(moment: Moment, blocked: &Blocked, takings: &[Taking<'_>]) -> Option<NewTask> {
    let of_step = |taking: &&Taking<'_>| {
        *taking.customer() == blocked.customer
            && taking.step.id == blocked.step
            && taking.cycle == blocked.cycle
    };
    let taking = takings.iter().find(of_step)?;
    let title = format!("A rate of {} is missing", blocked.series);
    let detail = format!(
        "Interest on {} waits for the rate of {} from {} to {}: an administrator adds it, and it is posted.",
        blocked.number, blocked.series, blocked.from, blocked.to
    );
    let step = format!("{}_rate", blocked.step);
    Some(taking.task(moment, TaskKind::Review, step, title, detail))
}

/// Opens tasks and tells our own people; an errand is noted in the timeline.
async fn give_out(tx: &Tx<'_>, moment: Moment, takings: &[Taking<'_>]) -> Result<()> {
    let (mut new, mut log, mut told) = (Vec::new(), Vec::new(), Vec::new());
    for taking in takings {
        if let Some(errand) = taking.step.task {
            let (kind, title) = match errand {
                Errand::Call => (TaskKind::Call, "Call the customer"),
                Errand::Letter => (TaskKind::Letter, "Write a letter"),
                Errand::Review => (TaskKind::Review, "Look at the account"),
            };
            let (step, title) = (taking.step.id.clone(), title.to_owned());
            new.push(taking.task(moment, kind, step, title, taking.because()));
        }
        let notices = taking.step.notify.iter().map(|who| {
            let data = serde_json::json!({"notify": who, "step": taking.step.id, "invoices": taking.invoices,
                "why": taking.why});
            Event::new("dunning.notice", taking.customer(), data)
        });
        told.extend(notices);
        if taking.deed.is_some_and(|deed| deed.kind == DeedKind::Errand) {
            log.push(Activity {
                customer_id: taking.customer().clone(),
                kind: "step_done",
                title: format!("{} carried out", taking.step.id),
                detail: format!("{}.", taking.because()),
                refers_to: taking.invoices.first().map(ToString::to_string),
            });
        }
    }
    tasks::open(tx, moment, &new).await?;
    activities::record(tx, moment, &log).await?;
    events::record(tx, moment, &told).await
}

/// Suspends, or asks whether to; a hand-over is always asked for.
async fn perform(tx: &Tx<'_>, moment: Moment, taking: &Taking<'_>, act: Act) -> Result<()> {
    let (customer, facts) = (taking.customer(), &taking.case.facts);
    let because = taking.because();
    let ask = async |kind, subject, amount| {
        let request = Request {
            kind,
            customer,
            subject,
            amount,
            asked_by: approval::POLICY,
            comment: Some(&because),
        };
        approvals::request(tx, moment, &request).await.map(drop)
    };
    match act {
        Act::Suspend if taking.step.approval.is_some() => {
            let subject = serde_json::json!({ "customer": customer });
            ask(ApprovalKind::Suspend, subject, None).await
        }
        Act::Suspend => match suspensions::suspend(tx, moment, customer, &because, approval::POLICY).await? {
            Suspended::Done | Suspended::Already => Ok(()),
            not_done => {
                let activity = Activity {
                    customer_id: customer.clone(),
                    kind: "step_done",
                    title: "Not suspended".to_owned(),
                    detail: format!("{because}. It was not done: {not_done:?}."),
                    refers_to: None,
                };
                activities::record(tx, moment, &[activity]).await
            }
        },
        Act::HandOver => {
            let subject = serde_json::json!({"customer": customer, "currency": facts.currency});
            let owed = facts.items.iter().map(|item| item.balance);
            let owed = owed.chain(facts.charges.iter().map(|charge| charge.balance));
            let amount = Money::checked_sum(facts.currency, owed)?;
            ask(ApprovalKind::HandOver, subject, Some(amount)).await
        }
    }
}

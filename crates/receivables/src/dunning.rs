//! What is to be said to a customer now, what next, and why.
//!
//! # Shape
//!
//! A customer's *case* is its open invoices of one currency. [`plan`] looks at a case at an instant and
//! answers with the one message that is due, if there is one, with what is to be done besides, and with what
//! happens next if nothing changes. [`may_contact`] asks again just before a queued message leaves, on fresh
//! facts. [`CaseFacts::after`] is the case once a message has gone out, [`CaseFacts::done`] once a deed is
//! done, and [`foresee`] follows both from day to day.
//!
//! # Rules
//!
//! - An invoice is **eligible** while it has a balance and is not disputed, promised, on hold or part of an
//!   instalment plan. Promises and holds last through their last day. Where the policy says so, the
//!   undisputed part of a disputed invoice is eligible.
//! - The **carrying invoice** is the oldest overdue eligible one about which there is something left to say;
//!   of several of one day the largest, then the one with the lowest id. Its age sets the stage.
//! - Of the case steps whose day the carrying invoice's age has reached, and that lie beyond the last one
//!   taken for it, **catch-up** picks the one that is due: the latest, the first, or none that was missed.
//!   Where the latest is picked, those before it are **skipped**: marked as taken, never sent; but a step
//!   that announces an act is not skipped for one that does not.
//! - A message lists every overdue eligible invoice with the charges on it, and every invoice not yet overdue
//!   whose per-invoice step is due. Its step counts as taken for each overdue invoice it lists, and so does
//!   every earlier one that the invoice's own age has reached: when another invoice takes over, nothing is
//!   said twice. With **restart**, what was said while another carried does not count: the invoice is met at
//!   the stage of its age as if nothing had been said of it.
//! - **Per-invoice steps** speak of invoices not yet overdue, through the due date and never after it, in one
//!   message; but, unless the policy says so, not while older ones are overdue that can be asked for and reach the
//!   policy's least balance.
//! - An **errand** (a task, a charge) is done on its day whatever was missed: it is no contact, and neither
//!   waits for a pause nor is skipped.
//! - An **act** (suspension, hand-over) is done only when the message that announces it was *sent*, listing
//!   the oldest overdue invoice, at least its notice before: whoever takes over is warned first.
//! - The policy **acts** from its send time on, the customer's time, on the days it allows. What falls on
//!   another day waits for the next such moment. What is not taken until midnight can still be taken until
//!   the send time of the day after, if the policy allows that day: so a sweep that runs once a day, at
//!   whatever hour, misses nobody.
//! - Credit on account counts against what is overdue: who is covered by it is not dunned.
//! - An invoice is spoken about once a day, however often anybody asks.
//! - Between two messages lie at least the policy's days. A hold stops everything, an agency's case is the
//!   agency's.
//! - An invoice about which as many messages were sent as the policy allows no longer carries. A case is
//!   **finished** when nothing is left to be said or done about what is overdue.
//!
//! # Why this can be trusted
//!
//! From one send time to the next, nothing becomes due. So a decision is a function of a civil day, the one
//! whose send time came last, and it can change only on the days that the facts name: due dates and steps
//! counted from them, ends of promises and holds, the end of the pause, the end of a notice. Trying those days,
//! in order, gives the next action exactly, and reaching it yields what was announced.
//!
//! *Left out:* what the law forbids and a customer's own wishes (quiet hours, channels, suppressions). They are
//! judged where a message is sent.
//!
//! Source: Dunlin's own rules, on the practice of the field: levels counted from the oldest overdue invoice and
//! one letter for all, as in SAP's FI dunning and Dynamics 365's collection process automation.

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::calendar;
use crate::channel::Channel;
use crate::id::InvoiceId;
use crate::policy::Policy;

mod case;
mod contact;
mod deed;
mod facts;
mod foresee;
mod verdicts;
mod why;

pub use contact::{Contact, may_contact, may_write};
pub use deed::{Deed, DeedKind};
pub use facts::{CaseFacts, Hold, OpenCharge, OpenItem, RestDays, Taken, spread_disputes};
pub use foresee::{Foreseen, foresee};
pub(crate) use verdicts::{AGENCY, HOLD};
pub use verdicts::{Standing, Verdict};

use case::{Case, Hours};

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The message to queue now, if there is one.
    pub due: Option<DueStep>,
    /// What is to be done now besides, in the policy's order.
    pub deeds: Vec<Deed>,
    /// What happens next if nothing changes, including what is due already.
    pub next: Option<NextAction>,
    /// Whether all that the policy has for what is overdue was said and done.
    pub finished: bool,
    /// The rules that were applied, in their order.
    pub verdicts: Vec<Verdict>,
}

/// A message that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DueStep {
    /// The policy's step.
    pub step: String,
    /// The template to render.
    pub template: String,
    /// The channels to use, the first first.
    pub channels: Vec<Channel>,
    /// What the step is taken for once: the carrying invoice ([`OpenItem::cycle`]).
    pub cycle: String,
    /// The invoice that sets the stage; for a per-invoice step, the one that falls due first.
    pub carrying: InvoiceId,
    /// Overdue invoices the message lists, the oldest first, each once.
    pub overdue: Vec<InvoiceId>,
    /// Open charges that it lists.
    pub charges: Vec<InvoiceId>,
    /// Invoices not yet overdue that it lists, the first to fall due first, each once.
    pub upcoming: Vec<InvoiceId>,
    /// The steps this message takes for each invoice, skipped ones included.
    pub covers: Vec<Cover>,
    /// Steps of the carrying invoice that were missed and are never sent.
    pub skipped: Vec<String>,
    /// When the step was to act; it may have been missed, or held back by the pause between messages.
    pub scheduled_for: DateTime<Utc>,
    /// Why, in a sentence.
    pub why: String,
}

/// A step that a message takes for an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Cover {
    /// Of which invoice.
    pub invoice: InvoiceId,
    /// Of which instalment of it; 0: it has none.
    pub part: u32,
    /// The step.
    pub step: String,
    /// The step's day.
    pub day: i32,
    /// Whether the message says this step, and lists the invoice for it; else the step is passed over.
    pub listed: bool,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextAction {
    /// When; not before the moment it was asked for.
    pub at: DateTime<Utc>,
    /// The policy's step.
    pub step: String,
    /// The invoices it is about, overdue ones first.
    pub invoices: Vec<InvoiceId>,
    /// Why, in a sentence.
    pub why: String,
}

/// What is due to the customer now and what happens next, with the rules that decided.
pub fn plan(policy: &Policy, facts: &CaseFacts, now: DateTime<Utc>) -> Plan {
    let hours = Hours::of(policy, facts);
    let today = calendar::day_of(now, facts.time_zone);
    let acting = hours.acting_for(now);
    let case = Case::on(policy, facts, acting.unwrap_or(today)).seen_on(today);
    let outgoing = acting.and_then(|_| case.outgoing());
    let deeds = acting.map_or_else(Vec::new, |_| case.deeds());
    let next = match (&outgoing, deeds.first()) {
        (Some(outgoing), _) => Some(outgoing.next_action(&case, now)),
        (None, Some(deed)) => Some(deed.next_action(now)),
        (None, None) => later(policy, facts, now),
    };
    let due = outgoing.map(|outgoing| outgoing.due_step(&case, &hours));
    let finished = next.is_none() && case.all_said();
    // Where nothing is left over from the day before, what is to be explained is today.
    let explained = if due.is_some() {
        case
    } else {
        Case::on(policy, facts, today)
    };
    let verdicts = verdicts::of(&explained, acting == Some(explained.on), now);
    Plan {
        due,
        deeds,
        next,
        finished,
        verdicts,
    }
}

impl Plan {
    /// Why something is due now or is not, in a sentence.
    pub fn why(&self) -> String {
        match (
            &self.due,
            self.deeds.first(),
            self.verdicts.iter().find(|verdict| !verdict.passed),
        ) {
            (Some(due), ..) => due.why.clone(),
            (None, Some(deed), _) => deed.why.clone(),
            (None, None, Some(refusal)) => format!("rule {}: {}", refusal.rule, refusal.detail),
            (None, None, None) => "nothing is due".to_owned(),
        }
    }
}

/// Where each open invoice of a case stands at an instant: what it is to dunning, and what was said of it.
pub fn standing(policy: &Policy, facts: &CaseFacts, now: DateTime<Utc>) -> Vec<Standing> {
    let today = calendar::day_of(now, facts.time_zone);
    verdicts::standing(&Case::on(policy, facts, today))
}

/// The first moment after `now` at which a message or a deed becomes due.
fn later(policy: &Policy, facts: &CaseFacts, now: DateTime<Utc>) -> Option<NextAction> {
    let hours = Hours::of(policy, facts);
    let today = calendar::day_of(now, facts.time_zone);
    let days = case::days_of_change(policy, facts, today);
    days.into_iter()
        .map(|day| (day, hours.opening(day)))
        .filter(|(_, at)| *at > now)
        .find_map(|(day, at)| {
            let case = Case::on(policy, facts, day);
            match case.outgoing() {
                Some(outgoing) => Some(outgoing.next_action(&case, at)),
                None => case.deeds().first().map(|deed| deed.next_action(at)),
            }
        })
}

#[cfg(test)]
mod examples;
#[cfg(test)]
mod model;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

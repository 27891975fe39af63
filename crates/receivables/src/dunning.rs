//! What is to be said to a customer now, what next, and why.
//!
//! # Shape
//!
//! A customer's *case* is its open invoices of one currency. [`plan`] looks at a case at an instant and
//! answers with the one message that is due, if there is one, and with what happens next if nothing
//! changes. [`may_contact`] asks again just before a queued message leaves, on fresh facts.
//! [`CaseFacts::after`] is the case once a message has gone out.
//!
//! # Rules
//!
//! - An invoice is **eligible** while it has a balance and is neither disputed nor promised. A promise
//!   holds through its last day.
//! - The **carrying invoice** is the oldest overdue eligible one; of several of one day the largest, then
//!   the one with the lowest id. Its age sets the stage.
//! - Of the case steps whose day the carrying invoice's age has reached, and that lie beyond the last one
//!   taken for it, the latest is due. Those before it are **skipped**: marked as taken, never sent.
//! - A message lists every overdue eligible invoice, and every invoice not yet overdue whose per-invoice
//!   step is due. Its step counts as taken for each overdue invoice it lists, and so does every earlier one
//!   that the invoice's own age has reached: when another invoice takes over, nothing is said twice.
//! - **Per-invoice steps** speak of invoices not yet overdue, through the due date and never after it, in one
//!   message; but not while the customer is being dunned, which is while a carrying invoice has case steps
//!   left and the overdue sum reaches the policy's least balance.
//! - The policy **acts** from its send time on, the customer's time, on the days it allows. What falls on
//!   another day waits for the next such moment. What is not taken until midnight can still be taken until
//!   the send time of the day after, if the policy allows that day: so a sweep that runs once a day, at
//!   whatever hour, misses nobody.
//! - Credit on account counts against what is overdue: who is covered by it is not dunned.
//! - Between two messages lie at least the policy's days. A hold stops everything.
//!
//! # Why this can be trusted
//!
//! From one send time to the next, nothing becomes due. So a decision is a function of a civil day, the one
//! whose send time came last, and it can change only on the days that the facts name: due dates and steps
//! counted from them, ends of promises, the end of the pause. Trying those days, in order, gives the next
//! action exactly, and reaching it yields the message that was announced.
//!
//! *Left out:* what the law forbids and a customer's own wishes (quiet hours, holidays, channels,
//! suppressions). They are judged where a message is sent.

use crate::zone::Zone;
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use crate::calendar;
use crate::channel::Channel;
use crate::currency::Currency;
use crate::id::{CustomerId, InvoiceId};
use crate::money::Money;
use crate::policy::Policy;

mod case;
mod contact;
mod verdicts;
mod why;

pub use contact::{Contact, may_contact};
pub use verdicts::Verdict;

use case::{Case, Hours};

/// What is known of a customer's account in one currency.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseFacts {
    /// Whose account it is.
    pub customer: CustomerId,
    /// Its currency. Invoices of another are another case, and are ignored.
    pub currency: Currency,
    /// Where the customer's civil day passes.
    pub time_zone: Zone,
    /// Why nothing may be sent at all, if so.
    pub hold: Option<String>,
    /// When the customer was last written to. For [`may_contact`], not counting the message in question.
    pub last_contact_at: Option<DateTime<Utc>>,
    /// Money and credit that stands on account: what is chased is what it leaves uncovered.
    pub on_account: Money,
    /// The open invoices.
    pub items: Vec<OpenItem>,
}

/// An open invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItem {
    /// Its id.
    pub invoice: InvoiceId,
    /// Its number, for the explanation.
    pub number: String,
    /// Its due date: the last day on which payment is in time.
    pub due_on: NaiveDate,
    /// What is still owed.
    pub balance: Money,
    /// Whether an open dispute stands against it.
    pub disputed: bool,
    /// The last day of a promise to pay it, if there is one.
    pub promised_until: Option<NaiveDate>,
    /// The steps that messages listing this invoice have taken: what their `covers` said of it.
    pub taken: Vec<String>,
}

/// What is to happen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The message to queue now, if there is one.
    pub due: Option<DueStep>,
    /// What happens next if nothing changes, including what is due already.
    pub next: Option<NextAction>,
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
    /// What the step is taken for once: the carrying invoice's id.
    pub cycle: String,
    /// The invoice that sets the stage; for a per-invoice step, the one that falls due first.
    pub carrying: InvoiceId,
    /// Overdue invoices the message lists, the oldest first.
    pub overdue: Vec<InvoiceId>,
    /// Invoices not yet overdue that it lists, the first to fall due first.
    pub upcoming: Vec<InvoiceId>,
    /// The steps this message takes for each invoice, skipped ones included. No pair comes twice in the
    /// life of an invoice.
    pub covers: Vec<(InvoiceId, String)>,
    /// Steps of the carrying invoice that were missed and are never sent.
    pub skipped: Vec<String>,
    /// When the step was to act; it may have been missed, or held back by the pause between messages.
    pub scheduled_for: DateTime<Utc>,
    /// Why, in a sentence.
    pub why: String,
}

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct NextAction {
    /// When; not before the moment it was asked for.
    pub at: DateTime<Utc>,
    /// The policy's step.
    pub step: String,
    /// The invoices the message will list, overdue ones first.
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
    let next = match &outgoing {
        Some(outgoing) => Some(outgoing.next_action(&case, now)),
        None => later(policy, facts, now),
    };
    let due = outgoing.map(|outgoing| outgoing.due_step(&case, &hours));
    // Where nothing is left over from the day before, what is to be explained is today.
    let explained = if due.is_some() {
        case
    } else {
        Case::on(policy, facts, today)
    };
    let verdicts = verdicts::of(&explained, acting == Some(explained.on), now);
    Plan { due, next, verdicts }
}

/// The first moment after `now` at which a message becomes due.
fn later(policy: &Policy, facts: &CaseFacts, now: DateTime<Utc>) -> Option<NextAction> {
    let hours = Hours::of(policy, facts);
    let today = calendar::day_of(now, facts.time_zone);
    let days = case::days_of_change(policy, facts, today);
    days.into_iter()
        .map(|day| (day, hours.opening(day)))
        .filter(|(_, at)| *at > now)
        .find_map(|(day, at)| {
            let case = Case::on(policy, facts, day);
            case.outgoing().map(|outgoing| outgoing.next_action(&case, at))
        })
}

impl CaseFacts {
    /// The facts after the message `due` has gone out at `at`.
    pub fn after(&self, due: &DueStep, at: DateTime<Utc>) -> CaseFacts {
        let mut facts = self.clone();
        facts.last_contact_at = Some(at);
        for item in &mut facts.items {
            let covered = due.covers.iter().filter(|(invoice, _)| *invoice == item.invoice);
            item.taken.extend(covered.map(|(_, step)| step.clone()));
        }
        facts
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

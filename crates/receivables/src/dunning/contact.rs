//! Fresh evidence: whether a queued message may still leave.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::case::{self, Case, Hours, acting_day};
use super::{CaseFacts, OpenItem, verdicts, why};
use crate::calendar;
use crate::id::InvoiceId;
use crate::policy::{Policy, Step};

/// Whether a queued message may still leave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "decision", rename_all = "snake_case")]
pub enum Contact {
    /// It may, listing these and no others.
    Go {
        /// Overdue invoices, the oldest first.
        overdue: Vec<InvoiceId>,
        /// Charges that are open.
        charges: Vec<InvoiceId>,
        /// Invoices not yet overdue, the first to fall due first.
        upcoming: Vec<InvoiceId>,
    },
    /// It must never leave: what it says is no longer so.
    Cancel {
        /// The rule that says so.
        rule: &'static str,
        /// What it saw.
        detail: String,
    },
    /// It may leave later; ask again then.
    Defer {
        /// When to ask again.
        until: DateTime<Utc>,
        /// The rule that says so.
        rule: &'static str,
        /// What it saw.
        detail: String,
    },
}

/// Judges a queued message of `step` that lists `invoices`, on facts read just before it leaves.
///
/// Invoices that were paid, disputed or promised meanwhile drop out of it. It is cancelled when the customer
/// is on hold, when nothing it lists is left, when the overdue sum is no longer worth it, or when those that
/// are left have not come to its step: after the carrying invoice is paid, the next one's age sets the tone.
/// It is deferred on days on which the policy does not act, and within the pause after another message;
/// `facts.last_contact_at` must not count the message itself.
pub fn may_contact(
    policy: &Policy,
    facts: &CaseFacts,
    step: &str,
    invoices: &[InvoiceId],
    now: DateTime<Utc>,
) -> Contact {
    let hours = Hours::of(policy, facts);
    let case = Case::on(policy, facts, calendar::day_of(now, facts.time_zone));
    let listed = |items: &[&OpenItem]| {
        case::ids(
            items
                .iter()
                .copied()
                .filter(|item| invoices.contains(&item.invoice)),
        )
    };
    let (overdue, upcoming) = (listed(&case.overdue), listed(&case.upcoming));
    let Some(step) = policy.step(step) else {
        let detail = format!("the policy {} no longer has a step {step}", policy.name);
        return Contact::Cancel {
            rule: verdicts::STEP,
            detail,
        };
    };
    let cancelled = || {
        refused(verdicts::HOLD, verdicts::hold(&case))
            .or_else(|| refused(verdicts::AGENCY, verdicts::agency(&case)))
            .or_else(|| {
                refused(
                    verdicts::OPEN_INVOICES,
                    still_open(&case, step, invoices, &overdue, &upcoming),
                )
            })
            .or_else(|| {
                refused(verdicts::MIN_BALANCE, verdicts::min_balance(&case)).filter(|_| !step.per_invoice)
            })
            .or_else(|| refused(verdicts::STEP, still_at(&case, step, &overdue)))
    };
    if let Some((rule, detail)) = cancelled() {
        return Contact::Cancel { rule, detail };
    }
    if let Some((rule, detail)) = refused(verdicts::PAUSE, verdicts::pause(&case)) {
        let day = case::pause_ends(policy, facts).unwrap_or(case.on);
        return Contact::Defer {
            until: hours.opening_from(day),
            rule,
            detail,
        };
    }
    if acting_day(policy, facts, case.on) != case.on {
        let (rule, detail) = (verdicts::SEND_WINDOW, verdicts::send_window(&case, now));
        return Contact::Defer {
            until: hours.opening_from(case.on),
            rule,
            detail,
        };
    }
    // What a per-invoice step said before the due date is not said after it.
    if step.per_invoice {
        return Contact::Go {
            overdue: Vec::new(),
            charges: Vec::new(),
            upcoming,
        };
    }
    let charges = case.charges().map(|charge| charge.id.clone());
    Contact::Go {
        overdue,
        charges: charges.filter(|id| invoices.contains(id)).collect(),
        upcoming,
    }
}

/// What speaks against a letter that is no step of the policy, on facts read just before it leaves; `None`: nothing does.
/// It never goes to a customer on hold, nor about what an agency has. One that `answers` what the customer has just said
/// goes at once; any other keeps to the pause between messages and to the days on which the policy acts.
pub fn may_write(policy: &Policy, facts: &CaseFacts, answers: bool, now: DateTime<Utc>) -> Option<Contact> {
    let hours = Hours::of(policy, facts);
    let case = Case::on(policy, facts, calendar::day_of(now, facts.time_zone));
    let stopped = refused(verdicts::HOLD, verdicts::hold(&case))
        .or_else(|| refused(verdicts::AGENCY, verdicts::agency(&case)));
    if let Some((rule, detail)) = stopped {
        return Some(Contact::Cancel { rule, detail });
    }
    if answers {
        return None;
    }
    if let Some((rule, detail)) = refused(verdicts::PAUSE, verdicts::pause(&case)) {
        let day = case::pause_ends(policy, facts).unwrap_or(case.on);
        let until = hours.opening_from(day);
        return Some(Contact::Defer { until, rule, detail });
    }
    if acting_day(policy, facts, case.on) != case.on {
        let (rule, detail) = (verdicts::SEND_WINDOW, verdicts::send_window(&case, now));
        let until = hours.opening_from(case.on);
        return Some(Contact::Defer { until, rule, detail });
    }
    None
}

fn refused(rule: &'static str, (passed, detail): (bool, String)) -> Option<(&'static str, String)> {
    if passed { None } else { Some((rule, detail)) }
}

/// Whether anything the message was to speak about is left: an overdue invoice for a case step, one that is
/// not overdue for a per-invoice step.
fn still_open(
    case: &Case<'_>,
    step: &Step,
    invoices: &[InvoiceId],
    overdue: &[InvoiceId],
    upcoming: &[InvoiceId],
) -> (bool, String) {
    let left = if step.per_invoice {
        upcoming.len()
    } else {
        overdue.len()
    };
    let charges = &case.facts.charges;
    let named = invoices
        .iter()
        .filter(|id| !charges.iter().any(|charge| charge.id == **id));
    let found = named.map(
        |id| match case.facts.items.iter().find(|item| item.invoice == *id) {
            None => format!("{id} is paid"),
            Some(item) => format!("{} {}", item.number, verdicts::state(case, item)),
        },
    );
    let found: Vec<String> = found.take(5).collect();
    (
        left > 0,
        format!(
            "nothing that step {} was to say is left: {}",
            step.id,
            found.join(", ")
        ),
    )
}

/// Whether the oldest overdue invoice that is left has come to the step.
fn still_at(case: &Case<'_>, step: &Step, overdue: &[InvoiceId]) -> (bool, String) {
    let Some(oldest) = case.overdue.iter().find(|item| overdue.contains(&item.invoice)) else {
        return (true, String::new());
    };
    let detail = format!(
        "{}, the oldest left, is {} overdue; step {} runs {} after the due date",
        oldest.number,
        why::days(calendar::days_between(oldest.due_on, case.on)),
        step.id,
        why::days(i64::from(step.day)),
    );
    (
        step.per_invoice || case::day_of_step(oldest, step) <= case.on,
        detail,
    )
}

//! The rules that decide about a message, each with what it saw.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::case::{self, Case, Obstacle};
use super::{Hold, OpenItem, why};
use crate::calendar;
use crate::id::InvoiceId;
use crate::money::Money;

/// Nothing is sent while the customer is on hold.
pub(crate) const HOLD: &str = "hold";
/// There is an invoice that may be spoken about.
pub(super) const OPEN_INVOICES: &str = "open_invoices";
/// The overdue sum is worth a message.
pub(super) const MIN_BALANCE: &str = "min_balance";
/// The customer is left in peace for some days after a message.
pub(super) const PAUSE: &str = "min_days_between_contacts";
/// The policy acts from its send time on, on the days it allows.
pub(super) const SEND_WINDOW: &str = "send_window";
/// A step has come that was not taken yet.
pub(super) const STEP: &str = "step";

/// An agency's case is the agency's.
pub(crate) const AGENCY: &str = "agency";
/// Not more messages about an invoice than the policy allows.
pub(super) const ATTEMPTS: &str = "max_attempts";

/// A rule that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Its name.
    pub rule: &'static str,
    /// Whether it lets a message pass.
    pub passed: bool,
    /// What it looked at.
    pub input: BTreeMap<&'static str, String>,
    /// What it found, in a sentence.
    pub detail: String,
}

/// Where an open invoice stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Standing {
    /// Which.
    pub invoice: InvoiceId,
    /// Its number.
    pub number: String,
    /// Which instalment of it; 0: it has none.
    pub part: u32,
    /// Its due date.
    pub due_on: NaiveDate,
    /// What is still owed.
    pub balance: Money,
    /// Whether it sets the stage.
    pub carrying: bool,
    /// `is overdue`, `is disputed`, ...
    pub state: String,
    /// The steps that were taken for it, in order, passed-over ones included.
    pub taken: Vec<String>,
}

/// Where each open invoice stands, the oldest first.
pub(super) fn standing(case: &Case<'_>) -> Vec<Standing> {
    let carrying = case.carrying().map(OpenItem::cycle);
    let mut items: Vec<&OpenItem> = case.facts.items.iter().collect();
    items.sort_by_key(|item| (item.due_on, &item.invoice, item.part));
    let standing = |item: &OpenItem| {
        let mut taken: Vec<(i32, &str)> = item.taken.iter().map(|t| (t.day, t.step.as_str())).collect();
        taken.sort_unstable();
        Standing {
            invoice: item.invoice.clone(),
            number: item.number.clone(),
            part: item.part,
            due_on: item.due_on,
            balance: item.balance,
            carrying: carrying.as_ref() == Some(&item.cycle()),
            state: state(case, item),
            taken: taken.into_iter().map(|(_, step)| step.to_owned()).collect(),
        }
    };
    items.into_iter().map(standing).collect()
}

/// What an invoice is to dunning, as the end of a sentence.
pub(super) fn state(case: &Case<'_>, item: &OpenItem) -> String {
    match Obstacle::of(case.policy, case.facts, item, case.on) {
        Some(Obstacle::Paid) => "is paid".to_owned(),
        Some(Obstacle::Disputed) => "is disputed".to_owned(),
        Some(Obstacle::Promised(until)) => format!("is promised until {until}"),
        Some(Obstacle::Planned) => "is part of an instalment plan".to_owned(),
        Some(Obstacle::Held(hold)) => format!("is on hold{}: {}", until(hold), hold.reason),
        None if item.due_on < case.on => "is overdue".to_owned(),
        None => format!("is not due before {}", item.due_on),
    }
}

/// ` until 2026-01-20`
fn until(hold: &Hold) -> String {
    hold.until
        .map_or(String::new(), |until| format!(" until {until}"))
}

/// What a rule looked at, and what it found: whether it lets a message pass, and in a sentence why.
type Looked = (Vec<(&'static str, String)>, Finding);

/// Each rule says whether it lets a message pass, and what it saw.
type Finding = (bool, String);

/// Every rule, in the order in which they decide. `acting` is whether the policy acts for the case's day.
pub(super) fn of(case: &Case<'_>, acting: bool, now: DateTime<Utc>) -> Vec<Verdict> {
    let verdict = |rule, (input, (passed, detail)): Looked| Verdict {
        rule,
        passed,
        input: input.into_iter().collect(),
        detail,
    };
    let money = |minor| Money::new(minor, case.facts.currency).to_string();
    let policy = case.policy;
    let count = |items: &[&OpenItem]| items.len().to_string();
    let window = send_window(case, now);
    vec![
        verdict(
            HOLD,
            (
                case.facts
                    .hold
                    .iter()
                    .map(|hold| ("hold", hold.reason.clone()))
                    .collect(),
                hold(case),
            ),
        ),
        verdict(
            AGENCY,
            (
                vec![("handed_over", case.facts.handed_over.to_string())],
                agency(case),
            ),
        ),
        verdict(
            OPEN_INVOICES,
            (
                vec![
                    ("overdue", count(&case.overdue)),
                    ("upcoming", count(&case.upcoming)),
                ],
                open_invoices(case),
            ),
        ),
        verdict(
            MIN_BALANCE,
            (
                vec![
                    ("overdue", money(case.overdue_minor())),
                    ("on_account", money(case.on_account_minor())),
                    (
                        "min_balance",
                        money(policy.min_balance_minor(case.facts.currency)),
                    ),
                ],
                min_balance(case),
            ),
        ),
        verdict(
            PAUSE,
            (
                vec![
                    (
                        "min_days_between_contacts",
                        policy.min_days_between_contacts.to_string(),
                    ),
                    (
                        "last_contact",
                        case.facts.last_contact_at.map_or("never".to_owned(), |at| {
                            calendar::day_of(at, case.facts.time_zone).to_string()
                        }),
                    ),
                ],
                pause(case),
            ),
        ),
        verdict(
            SEND_WINDOW,
            (
                vec![
                    ("send_at", policy.send_at.format("%H:%M").to_string()),
                    ("business_days_only", policy.business_days_only.to_string()),
                    (
                        "local_time",
                        case.facts
                            .time_zone
                            .local(now)
                            .format("%Y-%m-%d %H:%M")
                            .to_string(),
                    ),
                ],
                (acting, window),
            ),
        ),
        verdict(
            ATTEMPTS,
            (
                policy
                    .max_attempts
                    .iter()
                    .map(|most| ("max_attempts", most.to_string()))
                    .collect(),
                attempts(case),
            ),
        ),
        verdict(
            STEP,
            (
                vec![(
                    "carrying",
                    case.carrying()
                        .map_or("none".to_owned(), |item| item.number.clone()),
                )],
                step(case),
            ),
        ),
    ]
}

pub(super) fn hold(case: &Case<'_>) -> Finding {
    match case.hold() {
        Some(hold) => (
            false,
            format!("the customer is on hold{}: {}", until(hold), hold.reason),
        ),
        None => (true, "the customer is not on hold".to_owned()),
    }
}

pub(super) fn agency(case: &Case<'_>) -> Finding {
    match case.facts.handed_over {
        true => (false, "an agency has taken the case over".to_owned()),
        false => (true, "no agency has the case".to_owned()),
    }
}

fn attempts(case: &Case<'_>) -> Finding {
    let out = case
        .overdue
        .iter()
        .filter(|item| case.out_of_attempts(item))
        .count();
    match case.policy.max_attempts {
        None => (true, "the policy sets no limit".to_owned()),
        Some(most) => (
            out < case.overdue.len() || out == 0,
            format!(
                "{out} of {} overdue were written about {most} times, as often as the policy allows",
                case.overdue.len()
            ),
        ),
    }
}

fn open_invoices(case: &Case<'_>) -> Finding {
    let obstacles: Vec<Obstacle<'_>> = case
        .facts
        .items
        .iter()
        .filter_map(|item| Obstacle::of(case.policy, case.facts, item, case.on))
        .collect();
    let count = |kind: fn(&Obstacle<'_>) -> bool| obstacles.iter().filter(|obstacle| kind(obstacle)).count();
    let mut detail = format!(
        "{} overdue and {} not yet overdue may be spoken about; {} disputed and {} promised may not",
        case.overdue.len(),
        case.upcoming.len(),
        count(|obstacle| matches!(obstacle, Obstacle::Disputed)),
        count(|obstacle| matches!(obstacle, Obstacle::Promised(_))),
    );
    let others = count(|obstacle| matches!(obstacle, Obstacle::Planned | Obstacle::Held(_)));
    if others > 0 {
        detail.push_str(&format!(", nor {others} on hold or in a plan"));
    }
    if case.overdue.is_empty() && case.charges().next().is_some() {
        detail.push_str("; charges are open, and are not chased by themselves");
    }
    (!case.overdue.is_empty() || !case.upcoming.is_empty(), detail)
}

pub(super) fn min_balance(case: &Case<'_>) -> Finding {
    let money = |minor| Money::new(minor, case.facts.currency).in_words();
    let least = case.policy.min_balance_minor(case.facts.currency);
    let covered = match case.on_account_minor() {
        0 => String::new(),
        credit => format!(", {} on account", money(credit)),
    };
    let detail = format!(
        "{} overdue{covered}; the least worth a message is {}",
        money(case.overdue_minor()),
        money(least)
    );
    (case.overdue.is_empty() || case.worth_it(), detail)
}

pub(super) fn pause(case: &Case<'_>) -> Finding {
    let least = why::days(i64::from(case.policy.min_days_between_contacts));
    let Some(last) = case.facts.last_contact_at else {
        return (
            true,
            format!("never written to; at least {least} lie between messages"),
        );
    };
    let last = calendar::day_of(last, case.facts.time_zone);
    let detail = match case::pause_ends(case.policy, case.facts) {
        Some(until) => {
            format!("last written to on {last}, so not before {until}: {least} lie between messages")
        }
        None => format!("last written to on {last}"),
    };
    (case.paused_until().is_none(), detail)
}

pub(super) fn send_window(case: &Case<'_>, now: DateTime<Utc>) -> String {
    let days = if case.policy.business_days_only {
        "on business days"
    } else {
        "every day"
    };
    let today = calendar::day_of(now, case.facts.time_zone);
    let holiday = match case.facts.rest.all().name_on(today) {
        Some(name) if case.policy.business_days_only => format!(", {name}"),
        _ => String::new(),
    };
    format!(
        "the policy acts {days} from {} in {}; it is {}{holiday} there",
        case.policy.send_at.format("%H:%M"),
        case.facts.time_zone.name(),
        case.facts.time_zone.local(now).format("%A %Y-%m-%d %H:%M"),
    )
}

fn step(case: &Case<'_>) -> Finding {
    match case.reached() {
        Some(outgoing) => (true, why::of(case, &outgoing)),
        None => (
            false,
            "every step that has come was taken or was not due to anyone".to_owned(),
        ),
    }
}

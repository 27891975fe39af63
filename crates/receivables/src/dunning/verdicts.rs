//! The rules that decide about a message, each with what it saw.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::case::{self, Case, Obstacle};
use super::why;
use crate::calendar;
use crate::money::Money;

/// Nothing is sent while the customer is on hold.
pub(super) const HOLD: &str = "hold";
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

/// A rule that was applied.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Its name.
    pub rule: &'static str,
    /// Whether it lets a message pass.
    pub passed: bool,
    /// What it saw.
    pub detail: String,
}

/// Every rule, in the order in which they decide. `acting` is whether the policy acts for the case's day.
pub(super) fn of(case: &Case<'_>, acting: bool, now: DateTime<Utc>) -> Vec<Verdict> {
    let verdict = |rule, (passed, detail): (bool, String)| Verdict { rule, passed, detail };
    vec![
        verdict(HOLD, hold(case)),
        verdict(OPEN_INVOICES, open_invoices(case)),
        verdict(MIN_BALANCE, min_balance(case)),
        verdict(PAUSE, pause(case)),
        verdict(SEND_WINDOW, (acting, send_window(case, now))),
        verdict(STEP, step(case)),
    ]
}

/// Each rule says whether it lets a message pass, and what it saw.
type Finding = (bool, String);

pub(super) fn hold(case: &Case<'_>) -> Finding {
    match &case.facts.hold {
        Some(reason) => (false, format!("the customer is on hold: {reason}")),
        None => (true, "the customer is not on hold".to_owned()),
    }
}

fn open_invoices(case: &Case<'_>) -> Finding {
    let obstacles: Vec<Obstacle> = case
        .facts
        .items
        .iter()
        .filter_map(|item| Obstacle::of(case.facts, item, case.on))
        .collect();
    let count = |kind: fn(&Obstacle) -> bool| obstacles.iter().filter(|obstacle| kind(obstacle)).count();
    let detail = format!(
        "{} overdue and {} not yet overdue may be spoken about; {} disputed and {} promised may not",
        case.overdue.len(),
        case.upcoming.len(),
        count(|obstacle| matches!(obstacle, Obstacle::Disputed)),
        count(|obstacle| matches!(obstacle, Obstacle::Promised(_))),
    );
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
        "from Monday to Friday"
    } else {
        "every day"
    };
    format!(
        "the policy acts {days} from {} in {}; it is {} there",
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

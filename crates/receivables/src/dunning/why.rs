//! The sentences that explain a message and a deed.

use chrono::NaiveDate;

use super::OpenItem;
use super::case::{self, Case, Outgoing, acting_day, day_of_step};
use crate::policy::{Act, Announced, Step};

/// One sentence that names the invoice, the count of days and the step; what moved the day, what was passed
/// over, and what else is listed.
pub(super) fn of(case: &Case<'_>, outgoing: &Outgoing<'_>) -> String {
    let lead = &outgoing.lead;
    let mut sentence = format!("{}; {}", due(case, lead.item), runs(lead.step));
    sentence.push_str(&delay(case, outgoing));
    if !lead.skipped.is_empty() {
        let ids: Vec<&str> = lead.skipped.iter().map(|step| step.id.as_str()).collect();
        sentence.push_str(&format!(", and {} passed unsent", ids.join(" and ")));
    }
    let others = case::ids(outgoing.listed()).len().saturating_sub(1);
    if others > 0 {
        let s = if others == 1 { "" } else { "s" };
        sentence.push_str(&format!("; {others} more invoice{s} listed with it"));
    }
    sentence
}

/// Why an errand is done.
pub(super) fn of_errand(case: &Case<'_>, oldest: &OpenItem, step: &Step) -> String {
    format!("{}; {}", due(case, oldest), runs(step))
}

/// Why a customer who was warned is suspended or handed over.
pub(super) fn of_act(
    case: &Case<'_>,
    oldest: &OpenItem,
    announced: &Announced<'_>,
    told: NaiveDate,
) -> String {
    let done = match announced.act {
        Act::Suspend => "suspension",
        Act::HandOver => "hand-over to an agency",
    };
    let day = match announced.step.id == announced.by.id {
        true => String::new(),
        false => format!("{}, and ", runs(announced.step)),
    };
    format!(
        "{}; {day}step {} announced the {done} on {told}, {} ago; its notice is {}",
        due(case, oldest),
        announced.by.id,
        days(crate::calendar::days_between(told, case.on)),
        days(i64::from(announced.notice_days)),
    )
}

/// `Invoice A (1,250.00 EUR) fell due on 2026-01-20`
fn due(case: &Case<'_>, item: &OpenItem) -> String {
    let falls = if item.due_on < case.on { "fell" } else { "falls" };
    format!(
        "Invoice {} ({}) {falls} due on {}",
        item.number,
        item.balance.in_words(),
        item.due_on
    )
}

/// `step firm runs 14 days after`
fn runs(step: &Step) -> String {
    let when = match step.day {
        0 => "on that day".to_owned(),
        day if day < 0 => format!("{} before", days(i64::from(day.unsigned_abs()))),
        day => format!("{} after", days(i64::from(day))),
    };
    format!("step {} runs {when}", step.id)
}

/// Why the message does not go on the step's own day.
fn delay(case: &Case<'_>, outgoing: &Outgoing<'_>) -> String {
    let own = day_of_step(outgoing.lead.item, outgoing.lead.step);
    let acting_day = |day| acting_day(case.policy, case.facts, day);
    let pause = case::pause_ends(case.policy, case.facts).map(acting_day);
    let on = case.on;
    match () {
        () if on == own => String::new(),
        () if on == acting_day(own) => format!(", moved to {on}, the next business day"),
        () if pause == Some(on) => {
            let pause = days(i64::from(case.policy.min_days_between_contacts));
            format!(", moved to {on} to leave {pause} after the last message")
        }
        () => format!(", caught up on {on}"),
    }
}

/// `1 day`, `14 days`.
pub(super) fn days(count: i64) -> String {
    if count == 1 {
        "1 day".to_owned()
    } else {
        format!("{count} days")
    }
}

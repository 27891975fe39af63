//! The sentence that explains a message.

use super::case::{self, Case, Outgoing, acting_day, day_of_step};

/// One sentence that names the invoice, the count of days and the step; what moved the day, what was passed
/// over, and what else is listed.
pub(super) fn of(case: &Case<'_>, outgoing: &Outgoing<'_>) -> String {
    let lead = &outgoing.lead;
    let falls = if lead.item.due_on < case.on {
        "fell"
    } else {
        "falls"
    };
    let when = match lead.step.day {
        0 => "on that day".to_owned(),
        day if day < 0 => format!("{} before", days(i64::from(day.unsigned_abs()))),
        day => format!("{} after", days(i64::from(day))),
    };
    let mut sentence = format!(
        "Invoice {} ({}) {falls} due on {}; step {} runs {when}",
        lead.item.number,
        lead.item.balance.in_words(),
        lead.item.due_on,
        lead.step.id
    );
    sentence.push_str(&delay(case, outgoing));
    if !lead.skipped.is_empty() {
        let ids: Vec<&str> = lead.skipped.iter().map(|step| step.id.as_str()).collect();
        sentence.push_str(&format!(", and {} passed unsent", ids.join(" and ")));
    }
    let others = outgoing.listed().count().saturating_sub(1);
    if others > 0 {
        let s = if others == 1 { "" } else { "s" };
        sentence.push_str(&format!("; {others} more invoice{s} listed with it"));
    }
    sentence
}

/// Why the message does not go on the step's own day.
fn delay(case: &Case<'_>, outgoing: &Outgoing<'_>) -> String {
    let own = day_of_step(outgoing.lead.item, outgoing.lead.step);
    let acting = acting_day(case.policy, own);
    let pause = case::pause_ends(case.policy, case.facts).map(|day| acting_day(case.policy, day));
    let on = case.on;
    match () {
        () if on == own => String::new(),
        () if on == acting => format!(", moved to {on}, the next business day"),
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

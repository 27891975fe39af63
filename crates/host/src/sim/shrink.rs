//! Makes a failing run smaller, and tells the shortest log that shows what went wrong.
//!
//! The same rule has to be broken in the smaller run. First the run ends sooner, then fewer customers take part, then
//! one kind of event after the other is left out; what does not need to be there for the failure goes.

use super::agenda::OPTIONAL;
use super::faults::Level;
use super::plan::Plan;
use super::town::{self, Entry, Outcome, Violation};
use crate::Program;
use std::fmt::Write;
use std::path::Path;

/// Runs that are spent on it.
const TRIES: u32 = 40;
/// Lines of the log that are shown.
const LINES: usize = 120;

/// The smallest plan found that still fails so, with its outcome.
pub(super) async fn shrink(
    plan: &Plan,
    outcome: Outcome,
    manifest: &Path,
    program: &Program,
) -> anyhow::Result<(Plan, Outcome)> {
    let Some(rule) = outcome.violations.first().map(|violation| violation.rule) else {
        return Ok((plan.clone(), outcome));
    };
    let mut found = (plan.clone(), outcome);
    let mut tries = 0;
    let mut at = 0;
    while let Some(smaller) = smaller(&found.0, at) {
        if tries >= TRIES {
            break;
        }
        tries += 1;
        let outcome = town::run(&smaller, manifest, program).await?;
        if outcome.violations.iter().any(|violation| violation.rule == rule) {
            found = (smaller, outcome);
            // What has become smaller may become smaller still in the same way.
            at = if at < 3 { at } else { at + 1 };
        } else {
            at += 1;
        }
    }
    Ok(found)
}

/// The `at`th way to make a plan smaller; none where all were tried.
fn smaller(plan: &Plan, at: usize) -> Option<Plan> {
    let mut smaller = plan.clone();
    match at {
        0 => smaller.days = plan.days / 2,
        1 => smaller.customers = plan.customers / 2,
        2 => smaller.customers = plan.customers.saturating_sub(1).max(1),
        3 => smaller.faults = Level::None,
        _ => {
            let kind = OPTIONAL.get(at - 4)?;
            smaller.without.insert((*kind).to_owned());
        }
    }
    if smaller == *plan || smaller.days == 0 || smaller.customers == 0 {
        return self::smaller(plan, at + 1);
    }
    Some(smaller)
}

/// What is told of a failure.
pub(super) fn story(plan: &Plan, outcome: &Outcome) -> String {
    let mut text = format!("seed {} FAILED. Again: {}\n", plan.seed, plan.command());
    for Violation { rule, what, who, at } in outcome.violations.iter().take(10) {
        // Writing to a string does not fail.
        let _ = writeln!(text, "  {at} {rule}: {what}{}", of(*who));
    }
    if outcome.violations.len() > 10 {
        let _ = writeln!(text, "  and {} more", outcome.violations.len() - 10);
    }
    let Some(first) = outcome.violations.first() else {
        return text;
    };
    let about = |entry: &&Entry| match first.who {
        Some(who) => entry.who == Some(who) || entry.fault || entry.what.contains(&format!("-{who}-")),
        None => true,
    };
    let lines: Vec<&Entry> = outcome
        .log
        .iter()
        .filter(|entry| entry.at <= first.at)
        .filter(about)
        .collect();
    let skipped = lines.len().saturating_sub(LINES);
    let _ = writeln!(
        text,
        "what happened{}:",
        if skipped > 0 {
            format!(", the last {LINES} lines of {}", lines.len())
        } else {
            String::new()
        }
    );
    for entry in lines.into_iter().skip(skipped) {
        let mark = if entry.fault { "!" } else { " " };
        let _ = writeln!(
            text,
            " {mark} {}{} {}",
            entry.at.format("%Y-%m-%d %H:%M"),
            of(entry.who),
            entry.what
        );
    }
    text
}

fn of(who: Option<usize>) -> String {
    who.map_or_else(String::new, |who| format!(" [C-{who}]"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_way_makes_a_plan_smaller_and_they_come_to_an_end() {
        let mut plan = Plan {
            seed: 1,
            days: 40,
            customers: 9,
            faults: Level::Some,
            without: BTreeSet::new(),
        };
        let mut ways = 0;
        for at in 0..100 {
            match smaller(&plan, at) {
                Some(next) => plan = next,
                None => break,
            }
            ways += 1;
        }
        assert_eq!(ways, 4 + OPTIONAL.len());
        assert_eq!((plan.days, plan.customers, plan.faults), (20, 3, Level::None));
        assert_eq!(plan.without.len(), OPTIONAL.len());
    }
}

//! The worked examples by which the stage rules were agreed, with their numbers. The other examples are beside what they
//! are about: fees and interest in `charges`, references and instalments in `allocation` and `terms`.

use serde_json::json;

use super::tests::{at, day, facts, item};
use super::*;
use crate::calendar;
use crate::money::Money;
use crate::policy::CatchUp;
use crate::zone::Zone;

/// A policy of steps by their days, those before the due date per invoice; the last may be a person's.
fn policy(days: &[i64], errand: Option<i64>) -> Policy {
    let mut steps: Vec<_> = days
        .iter()
        .map(|day| {
            json!({
                "id": format!("day{day}"), "day": day, "per_invoice": *day < 0, "channels": ["email"],
                "template": if *day < 0 { "pre_due" } else { "firm" },
            })
        })
        .collect();
    steps.extend(errand.map(|day| json!({"id": format!("day{day}"), "day": day, "task": "call"})));
    let document = json!({
        "name": "example", "send_at": "09:00", "business_days_only": false, "min_days_between_contacts": 0,
        "steps": steps,
    });
    Policy::parse(&document).unwrap()
}

/// Sweeps at noon on each of so many days from `from`, each message sent at once, each deed done; what happened, by day.
/// `change` tells what became of the case on a day, before its sweep.
fn run(
    policy: &Policy,
    mut case: CaseFacts,
    from: &str,
    days: i64,
    mut change: impl FnMut(&str, &mut CaseFacts),
) -> Vec<String> {
    case.time_zone = Zone::UTC;
    let mut happened = Vec::new();
    for later in 0..days {
        let today = calendar::plus_days(day(from), later).to_string();
        let now = at(&format!("{today} 12:00"));
        change(&today, &mut case);
        // As often as anyone likes: what is due is due once.
        for _ in 0..3 {
            let planned = plan(policy, &case, now);
            if let Some(due) = planned.due {
                let listed: Vec<&str> = due
                    .overdue
                    .iter()
                    .chain(&due.upcoming)
                    .map(|listed| case.items.iter().find(|item| item.invoice == *listed).unwrap())
                    .map(|item| item.number.as_str())
                    .collect();
                happened.push(format!("{today} {} {}", due.step, listed.concat()));
                case = case.after(&due, now);
            }
            for deed in planned.deeds {
                happened.push(format!("{today} {} done", deed.step));
                case = case.done(&deed);
            }
        }
    }
    happened
}

fn nothing(_: &str, _: &mut CaseFacts) {}

/// Example 1. Source: levels by days from the due date, as in SAP's FI dunning and Tryton's `account_dunning` (a level is
/// reached by its number of overdue days).
#[test]
fn due_15_january() {
    let policy = policy(&[-5, 1, 7, 14], Some(15));
    let case = facts(vec![item('A', "2026-01-15", 10_000)]);
    assert_eq!(
        run(&policy, case.clone(), "2026-01-01", 60, nothing),
        [
            "2026-01-10 day-5 A",
            "2026-01-16 day1 A",
            "2026-01-22 day7 A",
            "2026-01-29 day14 A",
            "2026-01-30 day15 done"
        ]
    );

    // Disputed from 17 January, rejected on the 24th: the second level at once; the third on its own day.
    let disputed = |today: &str, case: &mut CaseFacts| {
        let item = &mut case.items[0];
        match today {
            "2026-01-17" => item.disputed = item.balance,
            "2026-01-24" => {
                item.disputed = Money::zero(item.balance.currency());
                item.resumed_on = Some(day(today));
            }
            _ => {}
        }
    };
    for catch_up in [CatchUp::Latest, CatchUp::All, CatchUp::Skip] {
        let policy = Policy {
            catch_up,
            ..policy.clone()
        };
        assert_eq!(
            run(&policy, case.clone(), "2026-01-01", 60, disputed),
            [
                "2026-01-10 day-5 A",
                "2026-01-16 day1 A",
                "2026-01-24 day7 A",
                "2026-01-29 day14 A",
                "2026-01-30 day15 done"
            ],
            "{catch_up:?}"
        );
    }
}

/// Example 2. Source: one notice a customer for all that is overdue, at the level of the oldest, as in SAP's FI dunning
/// (dunning level by account) and Dynamics 365's collections process automation.
#[test]
fn a_40_days_overdue_b_10_c_not_due() {
    let levels = policy(&[1, 14, 30], None);
    let case = facts(vec![
        item('A', "2026-01-01", 10_000),
        item('B', "2026-01-31", 10_000),
        item('C', "2026-03-31", 10_000),
    ]);
    assert_eq!(
        run(&levels, case, "2026-02-10", 1, nothing),
        ["2026-02-10 day30 AB"]
    );

    // A 5 days overdue and B due in 10.
    let mut early = policy(&[-10, 6], None);
    let case = facts(vec![
        item('A', "2026-02-05", 10_000),
        item('B', "2026-02-20", 10_000),
    ]);
    assert_eq!(run(&early, case.clone(), "2026-02-10", 1, nothing), [""; 0]);
    early.pre_due_while_overdue = true;
    assert_eq!(
        run(&early, case, "2026-02-10", 1, nothing),
        ["2026-02-10 day-10 B"]
    );
}

/// Example 3. Source: minimum amounts for a notice, as SAP's FI dunning has them; that what remains counts, not what was
/// invoiced, is Dunlin's own rule.
#[test]
fn a_balance_of_99() {
    let mut policy = policy(&[1], None);
    // 150.00 with 60.00 paid leaves 90.00.
    let cases = [
        (9_900, 9_900, true),
        (9_900, 9_901, false),
        (15_000 - 6_000, 10_000, false),
    ];
    for (balance, least, acts) in cases {
        let case = facts(vec![item('A', "2026-01-15", balance)]);
        policy.min_balance = [Money::new(least, case.currency)].into_iter().collect();
        let happened = run(&policy, case, "2026-01-20", 1, nothing);
        assert_eq!(!happened.is_empty(), acts, "{balance} against {least}");
    }
}

/// Example 9. Source: Invoice Ninja's tracker, thread 1921: reminders sent again by a second run of the day.
#[test]
fn forty_five_days_overdue_at_first_sight() {
    let policy = policy(&[5, 20, 40], None);
    let case = facts(vec![item('A', "2026-01-01", 10_000)]);
    assert_eq!(
        run(&policy, case.clone(), "2026-02-15", 1, nothing),
        ["2026-02-15 day40 A"]
    );
    // And none of those passed over, ever.
    assert_eq!(
        run(&policy, case.clone(), "2026-02-15", 60, nothing),
        ["2026-02-15 day40 A"]
    );
    // Who wants them all has them one a day.
    let all = Policy {
        catch_up: CatchUp::All,
        ..policy.clone()
    };
    assert_eq!(
        run(&all, case.clone(), "2026-02-15", 60, nothing),
        ["2026-02-15 day5 A", "2026-02-16 day20 A", "2026-02-17 day40 A"]
    );
    // A warning is not passed over, nor is what comes after it said on the same day.
    let mut warned = policy;
    warned.steps[1].then = Some(crate::policy::Then {
        after_days: 7,
        act: crate::policy::Act::Suspend,
    });
    assert_eq!(
        run(&warned, case, "2026-02-15", 60, nothing),
        [
            "2026-02-15 day20 A",
            "2026-02-16 day40 A",
            "2026-02-22 day20 done"
        ]
    );
}

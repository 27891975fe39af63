//! What is explained, and what is judged again before a message leaves.

use super::*;

#[test]
fn the_reason_is_one_plain_sentence() {
    let a = |taken: &[&str]| took(item('A', "2026-01-20", 125_000), taken);
    let cases = [
        (
            facts(vec![a(&[])]),
            "2026-01-05 12:00",
            "Invoice A (1,250.00 EUR) falls due on 2026-01-20; step pre_due runs 5 days before",
        ),
        (
            facts(vec![a(&["pre_due"])]),
            "2026-01-16 12:00",
            "Invoice A (1,250.00 EUR) fell due on 2026-01-20; step reminder runs 1 day after",
        ),
        (
            facts(vec![a(&[]), item('B', "2026-01-21", 500)]),
            "2026-02-10 12:00",
            "Invoice A (1,250.00 EUR) fell due on 2026-01-20; step firm runs 14 days after, caught up on 2026-02-10, \
             and reminder passed unsent; 1 more invoice listed with it",
        ),
        (
            facts(vec![took(item('A', "2026-01-23", 125_000), &["pre_due"])]),
            "2026-01-23 12:00",
            "Invoice A (1,250.00 EUR) fell due on 2026-01-23; step reminder runs 1 day after, moved to 2026-01-26, \
             the next business day",
        ),
        (
            contacted(facts(vec![a(&["pre_due"])]), "2026-01-20 08:00"),
            "2026-01-20 12:00",
            "Invoice A (1,250.00 EUR) fell due on 2026-01-20; step reminder runs 1 day after, moved to 2026-01-23 \
             to leave 3 days after the last message",
        ),
    ];
    for (facts, now, expected) in cases {
        assert_eq!(planned(&facts, now).next.unwrap().why, expected);
    }
}

#[test]
fn every_rule_says_whether_it_let_a_message_pass() {
    let refusals = |facts: &CaseFacts, now: &str| -> Vec<&'static str> {
        planned(facts, now)
            .verdicts
            .iter()
            .filter(|verdict| !verdict.passed)
            .map(|verdict| verdict.rule)
            .collect()
    };
    let a = || took(item('A', "2026-01-20", 5_000), &["pre_due"]);
    let cases = [
        (facts(vec![a()]), "2026-01-21 08:00", vec![]),
        (facts(vec![a()]), "2026-01-21 07:00", vec!["send_window"]),
        (facts(vec![a()]), "2026-01-24 12:00", vec!["send_window"]),
        (facts(vec![a()]), "2026-01-20 08:00", vec!["step"]),
        (facts(vec![]), "2026-01-21 08:00", vec!["open_invoices", "step"]),
        (
            facts(vec![item('A', "2026-01-20", 900)]),
            "2026-01-21 08:00",
            vec!["min_balance", "step"],
        ),
        (
            contacted(facts(vec![a()]), "2026-01-20 08:00"),
            "2026-01-24 08:00",
            vec!["send_window"],
        ),
        (
            contacted(facts(vec![a()]), "2026-01-20 08:00"),
            "2026-01-21 08:00",
            vec!["min_days_between_contacts"],
        ),
        (
            CaseFacts {
                hold: on_hold(None),
                ..facts(vec![a()])
            },
            "2026-01-21 08:00",
            vec!["hold"],
        ),
    ];
    for (facts, now, expected) in cases {
        assert_eq!(refusals(&facts, now), expected, "{now}");
    }
}

#[test]
fn just_before_a_message_leaves_the_facts_are_judged_again() {
    let a = || item('A', "2026-01-20", 5_000);
    let b = || item('B', "2026-01-29", 5_000);
    let go = |overdue: &str, upcoming: &str| format!("go {overdue}|{upcoming}");
    let held = CaseFacts {
        hold: on_hold(None),
        ..facts(vec![a()])
    };
    let cases = [
        (
            "nothing changed",
            facts(vec![a(), b()]),
            "reminder",
            "AB",
            "2026-01-30 08:00",
            go("AB", ""),
        ),
        (
            "B was paid",
            facts(vec![a()]),
            "reminder",
            "AB",
            "2026-01-30 08:00",
            go("A", ""),
        ),
        (
            "A was paid, B has come to it too",
            facts(vec![b()]),
            "reminder",
            "AB",
            "2026-01-30 08:00",
            go("B", ""),
        ),
        (
            "A was paid, B has not come so far",
            facts(vec![b()]),
            "firm",
            "AB",
            "2026-02-03 08:00",
            "cancel step".to_owned(),
        ),
        (
            "both were paid",
            facts(vec![]),
            "reminder",
            "AB",
            "2026-01-30 08:00",
            "cancel open_invoices".to_owned(),
        ),
        (
            "A was disputed",
            facts(vec![disputed(a())]),
            "reminder",
            "A",
            "2026-01-30 08:00",
            "cancel open_invoices".to_owned(),
        ),
        (
            "A was promised",
            facts(vec![promised(a(), "2026-01-30")]),
            "reminder",
            "A",
            "2026-01-30 08:00",
            "cancel open_invoices".to_owned(),
        ),
        (
            "A was nearly paid",
            facts(vec![item('A', "2026-01-20", 900)]),
            "reminder",
            "A",
            "2026-01-30 08:00",
            "cancel min_balance".to_owned(),
        ),
        (
            "a hold was set",
            held,
            "reminder",
            "A",
            "2026-01-30 08:00",
            "cancel hold".to_owned(),
        ),
        (
            "the policy lost the step",
            facts(vec![a()]),
            "gentle",
            "A",
            "2026-01-30 08:00",
            "cancel step".to_owned(),
        ),
        (
            "it is Saturday",
            facts(vec![a()]),
            "reminder",
            "A",
            "2026-01-31 08:00",
            "defer send_window 2026-02-02 08:00".to_owned(),
        ),
        (
            "it is early",
            facts(vec![a()]),
            "reminder",
            "A",
            "2026-01-30 05:00",
            go("A", ""),
        ),
        (
            "another message went out",
            contacted(facts(vec![a()]), "2026-01-29 08:00"),
            "reminder",
            "A",
            "2026-01-30 08:00",
            "defer min_days_between_contacts 2026-02-02 08:00".to_owned(),
        ),
        (
            "about to fall due",
            facts(vec![b()]),
            "pre_due",
            "B",
            "2026-01-26 08:00",
            go("", "B"),
        ),
        (
            "on the due date",
            facts(vec![b()]),
            "pre_due",
            "B",
            "2026-01-29 08:00",
            go("", "B"),
        ),
        (
            "after it",
            facts(vec![b()]),
            "pre_due",
            "B",
            "2026-01-30 08:00",
            "cancel open_invoices".to_owned(),
        ),
        (
            "one of two is overdue now",
            facts(vec![a(), b()]),
            "pre_due",
            "AB",
            "2026-01-28 08:00",
            go("", "B"),
        ),
        (
            "a new invoice is not slipped in",
            facts(vec![a(), b()]),
            "reminder",
            "A",
            "2026-01-30 08:00",
            go("A", ""),
        ),
    ];
    for (name, facts, step, listed, now, expected) in cases {
        let listed: Vec<InvoiceId> = listed.chars().map(id).collect();
        let found = match may_contact(&Policy::standard(), &facts, step, &listed, at(now)) {
            Contact::Go {
                overdue, upcoming, ..
            } => go(&letters(&overdue), &letters(&upcoming)),
            Contact::Cancel { rule, detail } => {
                assert!(!detail.is_empty(), "{name}");
                format!("cancel {rule}")
            }
            Contact::Defer { until, rule, .. } => format!("defer {rule} {}", until.format("%Y-%m-%d %H:%M")),
        };
        assert_eq!(found, expected, "{name}");
    }
}

#[test]
fn a_letter_that_is_no_step_keeps_to_holds_and_unless_it_answers_to_pauses_and_days() {
    // Tuesday the 20th, Friday the 23rd, Saturday the 24th.
    let free = || facts(vec![item('A', "2026-01-20", 5_000)]);
    let held = || CaseFacts {
        hold: on_hold(None),
        ..free()
    };
    let agency = || CaseFacts {
        handed_over: true,
        ..free()
    };
    let said = |facts: &CaseFacts, answers: bool, now: &str| match may_write(
        &Policy::standard(),
        facts,
        answers,
        at(now),
    ) {
        None => "goes".to_owned(),
        Some(Contact::Cancel { rule, .. }) => format!("never: {rule}"),
        Some(Contact::Defer { until, rule, .. }) => format!("{}: {rule}", until.format("%m-%d %H:%M")),
        Some(Contact::Go { .. }) => "lists".to_owned(),
    };
    let cases = [
        (free(), true, "2026-01-24 12:00", "goes"),
        (free(), false, "2026-01-23 12:00", "goes"),
        (free(), false, "2026-01-24 12:00", "01-26 08:00: send_window"),
        (
            contacted(free(), "2026-01-20 08:00"),
            true,
            "2026-01-20 12:00",
            "goes",
        ),
        (
            contacted(free(), "2026-01-20 08:00"),
            false,
            "2026-01-20 12:00",
            "01-23 08:00: min_days_between_contacts",
        ),
        (held(), true, "2026-01-20 12:00", "never: hold"),
        (held(), false, "2026-01-20 12:00", "never: hold"),
        (agency(), true, "2026-01-20 12:00", "never: agency"),
    ];
    for (facts, answers, now, expected) in cases {
        assert_eq!(said(&facts, answers, now), expected, "{now} {answers}");
    }
}

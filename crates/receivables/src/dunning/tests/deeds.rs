//! What is done besides messages: errands, acts after their notice, the end of a case; and what a policy would do over a
//! stretch of time. Sweeps here are at noon in Berlin, on any day of the week.

use serde_json::{Value, json};

use super::*;
use crate::dunning::{DeedKind, OpenCharge, foresee};
use crate::policy::Act;

/// A policy that says something on some days and does something on others; `more` are further steps.
fn policy(words: &[i32], more: &[Value]) -> Policy {
    let said = words
        .iter()
        .map(|day| json!({"id": format!("w{day}"), "day": day, "channels": ["email"], "template": "firm"}));
    let mut steps: Vec<Value> = said.chain(more.iter().cloned()).collect();
    steps.sort_by_key(|step| step["day"].as_i64());
    let document = json!({
        "name": "deeds", "send_at": "09:00", "business_days_only": false, "min_days_between_contacts": 0,
        "min_balance": {"EUR": "10.00"}, "steps": steps,
    });
    Policy::parse(&document).unwrap()
}

/// `call A`: the deeds that are due, each with the invoices it is about.
fn deeds(plan: &Plan) -> Vec<String> {
    let name = |deed: &Deed| format!("{} {}", deed.step, letters(&deed.invoices));
    plan.deeds.iter().map(name).collect()
}

/// Invoice A, due on the 1st of January 2026 and told some steps, all sent on one day at noon.
fn told(steps: &[(&str, i32)], on: &str, sent: bool) -> OpenItem {
    let taken = |(step, day): &(&str, i32)| Taken {
        step: (*step).to_owned(),
        day: *day,
        carried: true,
        listed: true,
        sent,
        at: at(&format!("{on} 11:00")),
    };
    OpenItem {
        taken: steps.iter().map(taken).collect(),
        ..item('A', "2026-01-01", 5_000)
    }
}

fn noon(policy: &Policy, case: &CaseFacts, day: &str) -> Plan {
    plan(policy, case, at(&format!("{day} 11:00")))
}

#[test]
fn an_errand_is_done_on_its_day_whatever_else() {
    let policy = policy(&[1, 20], &[json!({"id": "call", "day": 10, "task": "call"})]);
    let case = || facts(vec![told(&[("w1", 1)], "2026-01-02", true)]);
    let other = facts(vec![
        told(&[("w1", 1)], "2026-01-02", true),
        item('B', "2026-01-10", 5_000),
    ]);
    let written_to = contacted(case(), "2026-01-10 11:00");
    let held = CaseFacts {
        hold: on_hold(Some("2026-01-11")),
        ..case()
    };
    let agency = CaseFacts {
        handed_over: true,
        ..case()
    };
    let covered = CaseFacts {
        on_account: eur(4_001),
        ..case()
    };
    let patient = Policy {
        min_days_between_contacts: 30,
        ..policy.clone()
    };
    let none: &[&str] = &[];
    let cases: [(&str, &Policy, CaseFacts, &str, &[&str]); 11] = [
        ("the day before", &policy, case(), "2026-01-10", none),
        ("on its day", &policy, case(), "2026-01-11", &["call A"]),
        ("late", &policy, case(), "2026-01-15", &["call A"]),
        (
            "with all that is overdue",
            &policy,
            other,
            "2026-01-11",
            &["call AB"],
        ),
        (
            "in a pause between messages",
            &patient,
            written_to,
            "2026-01-11",
            &["call A"],
        ),
        (
            "not on hold, on its last day",
            &policy,
            held.clone(),
            "2026-01-11",
            none,
        ),
        ("once that is over", &policy, held, "2026-01-12", &["call A"]),
        ("not for an agency's case", &policy, agency, "2026-01-11", none),
        ("not where credit covers it", &policy, covered, "2026-01-11", none),
        (
            "where nothing is open",
            &policy,
            facts(Vec::new()),
            "2026-01-11",
            none,
        ),
        (
            "not while it is disputed",
            &policy,
            facts(vec![disputed(told(&[("w1", 1)], "2026-01-02", true))]),
            "2026-01-11",
            none,
        ),
    ];
    for (name, policy, case, day, expected) in cases {
        assert_eq!(deeds(&noon(policy, &case, day)), expected, "{name}");
    }

    // Once, and not again.
    let before = noon(&policy, &case(), "2026-01-11");
    let after = case().done(&before.deeds[0]);
    assert_eq!(deeds(&noon(&policy, &after, "2026-01-11")), none);
    assert_eq!(before.deeds[0].kind, DeedKind::Errand);
    assert_eq!(before.next.unwrap().step, "call");
    // It comes after the message of its day has been announced, and before the step after it.
    assert_eq!(
        next(&noon(&policy, &case(), "2026-01-03")),
        "2026-01-11 08:00 call A"
    );
}

#[test]
fn nobody_is_suspended_unless_warned_in_time() {
    let then = json!({"id": "warn", "day": 10, "channels": ["email"], "template": "suspension_warning",
        "then": {"after_days": 7, "act": "suspend"}});
    let policy = policy(&[1], &[then]);
    let warned = |sent| facts(vec![told(&[("w1", 1), ("warn", 10)], "2026-01-12", sent)]);
    let suspended = CaseFacts {
        suspended: true,
        ..warned(true)
    };
    let passed_over = {
        let mut case = warned(true);
        case.items[0].taken[1].listed = false;
        case
    };
    let another = facts(vec![
        item('B', "2025-12-31", 5_000),
        told(&[("w1", 1), ("warn", 10)], "2026-01-12", true),
    ]);
    let none: &[&str] = &[];
    let cases: [(&str, CaseFacts, &str, &[&str]); 7] = [
        ("a day too early", warned(true), "2026-01-18", none),
        ("after its notice", warned(true), "2026-01-19", &["warn A"]),
        (
            "not for a warning that never left",
            warned(false),
            "2026-01-19",
            none,
        ),
        (
            "not for one that was passed over",
            passed_over,
            "2026-01-19",
            none,
        ),
        ("nor twice", suspended, "2026-01-19", none),
        (
            "nor for an older invoice that nobody warned of",
            another,
            "2026-01-19",
            none,
        ),
        (
            "nor without the warning",
            facts(vec![told(&[("w1", 1)], "2026-01-02", true)]),
            "2026-01-19",
            none,
        ),
    ];
    for (name, case, day, expected) in cases {
        assert_eq!(deeds(&noon(&policy, &case, day)), expected, "{name}");
    }
    let deed = noon(&policy, &warned(true), "2026-01-19").deeds.remove(0);
    assert_eq!(deed.kind, DeedKind::Act(Act::Suspend));
    assert!(warned(true).done(&deed).suspended);
    assert_eq!(
        next(&noon(&policy, &warned(true), "2026-01-13")),
        "2026-01-19 08:00 warn A"
    );
}

#[test]
fn an_agency_is_asked_for_on_its_day_after_the_notice() {
    let act = |approval: Value| json!({"id": "agency", "day": 30, "act": "hand_over", "notice_days": 14, "approval": approval});
    let freely = policy(&[1, 20], &[act(Value::Null)]);
    let by_consent = policy(&[1, 20], &[act(json!("manager"))]);
    let none: &[&str] = &[];
    // Its day is the 31st of January.
    let cases: [(&str, &str, &[&str]); 4] = [
        ("2026-01-10", "2026-01-30", none),
        ("2026-01-10", "2026-01-31", &["agency A"]),
        // Said late: fourteen days from then.
        ("2026-01-25", "2026-02-07", none),
        ("2026-01-25", "2026-02-08", &["agency A"]),
    ];
    for (said_on, day, expected) in cases {
        let case = facts(vec![told(&[("w1", 1), ("w20", 20)], said_on, true)]);
        assert_eq!(deeds(&noon(&freely, &case, day)), expected, "{said_on} {day}");
    }
    // Somebody always has to agree: asking is not handing over, and is done once.
    let case = facts(vec![told(&[("w1", 1), ("w20", 20)], "2026-01-10", true)]);
    for (policy, by) in [(&freely, None), (&by_consent, Some("manager"))] {
        let deed = noon(policy, &case, "2026-01-31").deeds.remove(0);
        assert_eq!(deed.approval.as_deref(), by);
        let asked = case.done(&deed);
        assert!(!asked.handed_over);
        assert_eq!(deeds(&noon(policy, &asked, "2026-02-20")), none);
    }
}

#[test]
fn a_case_is_finished_when_all_is_said_and_done() {
    let warn = json!({"id": "warn", "day": 10, "channels": ["email"], "template": "suspension_warning",
        "then": {"after_days": 7, "act": "suspend"}});
    let acts = policy(&[1], &[warn]);
    let words = policy(&[1, 10], &[]);
    let all_said = || facts(vec![told(&[("w1", 1), ("w10", 10)], "2026-01-12", true)]);
    let warned = || facts(vec![told(&[("w1", 1), ("warn", 10)], "2026-01-12", true)]);
    let suspended = {
        let deed = noon(&acts, &warned(), "2026-01-19").deeds.remove(0);
        warned().done(&deed)
    };
    let one_attempt = Policy {
        max_attempts: Some(1),
        ..words.clone()
    };
    let held = CaseFacts {
        hold: on_hold(None),
        ..all_said()
    };
    let cases = [
        ("all is said", &words, all_said(), true),
        (
            "something is left to say",
            &words,
            facts(vec![told(&[("w1", 1)], "2026-01-02", true)]),
            false,
        ),
        (
            "as often as allowed",
            &one_attempt,
            facts(vec![told(&[("w1", 1)], "2026-01-02", true)]),
            true,
        ),
        ("an act is still to come", &acts, warned(), false),
        ("it is done", &acts, suspended, true),
        (
            "nothing is overdue",
            &words,
            facts(vec![item('A', "2026-03-01", 5_000)]),
            false,
        ),
        (
            "too little is overdue",
            &words,
            facts(vec![item('A', "2026-01-01", 999)]),
            false,
        ),
        ("on hold", &words, held, false),
    ];
    for (name, policy, case, expected) in cases {
        assert_eq!(noon(policy, &case, "2026-01-13").finished, expected, "{name}");
    }
}

#[test]
fn charges_are_asked_for_along_with_invoices_and_never_alone() {
    let usd = Money::new(5_000, Currency::parse("USD").unwrap());
    let charge = |letter, balance| OpenCharge {
        id: id(letter),
        balance,
    };
    let owing = |minor, charges: Vec<OpenCharge>| CaseFacts {
        charges,
        ..facts(vec![item('A', "2026-01-01", minor)])
    };
    let policy = policy(&[1], &[]);
    // 10.00 EUR is the least worth a message.
    let cases = [
        ("listed", owing(5_000, vec![charge('F', eur(100))]), Some("F")),
        ("counted", owing(900, vec![charge('F', eur(100))]), Some("F")),
        ("too little still", owing(900, vec![charge('F', eur(99))]), None),
        (
            "paid ones are not",
            owing(5_000, vec![charge('F', eur(0))]),
            Some(""),
        ),
        (
            "nor those of another currency",
            owing(5_000, vec![charge('F', usd)]),
            Some(""),
        ),
        (
            "which are not counted either",
            owing(900, vec![charge('F', usd)]),
            None,
        ),
        ("nor credit", owing(1_050, vec![charge('F', eur(-100))]), Some("")),
        (
            "alone they are nothing to write about",
            CaseFacts {
                charges: vec![charge('F', eur(9_000))],
                ..facts(Vec::new())
            },
            None,
        ),
    ];
    for (name, case, expected) in cases {
        let due = noon(&policy, &case, "2026-01-05").due;
        let listed = due.map(|due| letters(&due.charges));
        assert_eq!(listed.as_deref(), expected, "{name}");
    }
    // What is about to fall due is no occasion for them.
    let coming = CaseFacts {
        charges: vec![charge('F', eur(100))],
        ..facts(vec![item('A', "2026-01-22", 5_000)])
    };
    let due = planned(&coming, "2026-01-21 08:00").due.unwrap();
    assert_eq!((due.step.as_str(), due.charges), ("pre_due", Vec::new()));
}

#[test]
fn what_is_held_planned_or_disputed_in_part() {
    let a = || item('A', "2026-01-20", 5_000);
    let held = |until| OpenItem {
        hold: on_hold(until),
        ..a()
    };
    let planned_for = OpenItem { planned: true, ..a() };
    let in_part = |minor| OpenItem {
        disputed: eur(minor),
        ..a()
    };
    let standard = Policy::standard();
    let mut undisputed = Policy::standard();
    undisputed.disputes.dun_undisputed = true;
    let cases = [
        (&standard, held(None), "-", "-"),
        (
            &standard,
            held(Some("2026-01-22")),
            "-",
            "2026-01-23 08:00 reminder A",
        ),
        (
            &standard,
            held(Some("2026-01-21")),
            "reminder A|",
            "2026-01-22 08:00 reminder A",
        ),
        (&standard, planned_for, "-", "-"),
        (&standard, in_part(1), "-", "-"),
        (
            &undisputed,
            in_part(1),
            "reminder A|",
            "2026-01-22 08:00 reminder A",
        ),
        // What is undisputed has to be worth it: 10.00 EUR.
        (
            &undisputed,
            in_part(4_000),
            "reminder A|",
            "2026-01-22 08:00 reminder A",
        ),
        (&undisputed, in_part(4_001), "-", "-"),
        (&undisputed, in_part(5_000), "-", "-"),
        (&undisputed, in_part(6_000), "-", "-"),
    ];
    for (policy, item, expected_due, expected_next) in cases {
        let found = plan(policy, &facts(vec![item.clone()]), at("2026-01-22 08:00"));
        assert_eq!(
            (due(&found).as_str(), next(&found).as_str()),
            (expected_due, expected_next),
            "{item:?}"
        );
    }
}

#[test]
fn each_instalment_has_its_own_age_and_is_listed_as_one_invoice() {
    let part = |part, due_on| OpenItem {
        part,
        ..item('A', due_on, 5_000)
    };
    let case = facts(vec![
        part(1, "2026-01-20"),
        part(2, "2026-01-29"),
        part(3, "2026-02-28"),
    ]);
    let reminder = planned(&case, "2026-01-30 08:00").due.unwrap();
    assert_eq!(letters(&reminder.overdue), "A", "once");
    assert_eq!(reminder.cycle, format!("{}/1", id('A')));
    let covered: Vec<_> = reminder
        .covers
        .iter()
        .map(|cover| (cover.part, cover.step.as_str()))
        .collect();
    assert_eq!(covered, [(1, "reminder"), (2, "reminder")]);
    // The first is paid: the second goes on from there, at its own age.
    let mut later = case.after(&reminder, at("2026-01-30 08:00"));
    later.items.remove(0);
    assert_eq!(
        next(&planned(&later, "2026-01-30 09:00")),
        "2026-02-12 08:00 firm A"
    );
    assert_eq!(later.items[0].taken.len(), 1, "of the third nothing was said");
    assert_eq!(later.items[1].taken.len(), 0);
    assert!(!later.items[0].taken[0].carried, "the first instalment carried");
}

#[test]
fn what_a_policy_would_do_is_foreseen_in_order() {
    let warn = json!({"id": "warn", "day": 10, "channels": ["email"], "template": "suspension_warning",
        "then": {"after_days": 7, "act": "suspend"}});
    let call = json!({"id": "call", "day": 10, "task": "call"});
    let mut acts = policy(&[1, 20], &[warn]);
    acts.steps.push(policy(&[], &[call]).steps.remove(0));
    let case = facts(vec![item('A', "2026-01-01", 5_000)]);
    let seen = |from: &str, to: &str| -> Vec<String> {
        foresee(&acts, &case, at(from), at(to))
            .iter()
            .map(|seen| {
                let what = match (&seen.message, &seen.deed) {
                    (Some(message), None) => message.step.clone(),
                    (None, Some(deed)) => format!("{} done", deed.step),
                    other => panic!("{other:?}"),
                };
                format!("{} {what}", seen.at.format("%m-%d %H:%M"))
            })
            .collect()
    };
    let all = [
        "01-02 08:00 w1",
        "01-11 08:00 call done",
        "01-11 08:00 warn",
        "01-18 08:00 warn done",
        "01-21 08:00 w20",
    ];
    assert_eq!(seen("2025-12-01 00:00", "2026-03-01 00:00"), all);
    assert_eq!(
        seen("2025-12-01 00:00", "2026-01-11 08:00"),
        all[..1],
        "`to` is left out"
    );
    assert_eq!(seen("2026-01-02 08:00", "2026-01-02 08:00"), [""; 0]);
    assert_eq!(
        seen("2026-01-02 08:00", "2026-01-02 08:01"),
        all[..1],
        "`from` is not"
    );
}

#[test]
fn words_before_an_invoice_is_overdue_are_no_attempts() {
    let mut once = policy(&[1, 10], &[]);
    once.max_attempts = Some(1);
    let cases = [(&[("due", 0)][..], "w10 A|"), (&[("due", 0), ("w1", 1)][..], "-")];
    for (steps, expected) in cases {
        let case = facts(vec![told(steps, "2026-01-02", true)]);
        assert_eq!(due(&noon(&once, &case, "2026-01-11")), expected, "{steps:?}");
    }
}

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::fields::FieldError;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

/// Settled on Friday 6 March 2026.
fn settled(kind: TaskKind, outcome: Outcome, attempt: u32) -> Result<Settled, NotItsOutcome> {
    settle(
        kind,
        outcome,
        attempt,
        day("2026-03-06"),
        &Rules::default(),
        calendar::is_business_day,
    )
}

#[test]
fn every_word_is_its_own_and_every_outcome_has_a_row() {
    for (name, kind) in TaskKind::NAMES {
        assert_eq!(TaskKind::parse(name), Some(*kind));
        assert_eq!(kind.as_str(), *name);
        assert_eq!(serde_json::to_value(kind).unwrap(), *name);
    }
    for (name, status) in TaskStatus::NAMES {
        assert_eq!(TaskStatus::parse(name), Some(*status));
        assert_eq!(status.as_str(), *name);
        assert_eq!(serde_json::to_value(status).unwrap(), *name);
    }
    for (name, outcome) in Outcome::NAMES {
        assert_eq!(Outcome::parse(name), Some(*outcome));
        assert_eq!(outcome.as_str(), *name);
        assert_eq!(serde_json::to_value(outcome).unwrap(), *name);
        assert_eq!(
            OUTCOMES.iter().filter(|row| row.outcome == *outcome).count(),
            1,
            "{name}"
        );
    }
    assert_eq!(TaskKind::parse("visit"), None);
    assert_eq!(TaskStatus::parse("closed"), None);
    assert_eq!(Outcome::parse("paid"), None);
}

#[test]
fn what_is_done_or_cancelled_stays_so() {
    for (_, from) in TaskStatus::NAMES {
        for (_, into) in TaskStatus::NAMES {
            let expected = *from == TaskStatus::Open && *into != TaskStatus::Open;
            assert_eq!(from.can_become(*into), expected, "{from:?} to {into:?}");
        }
    }
}

#[test]
fn what_comes_of_each_outcome() {
    use Outcome::{Disputed, Done, LeftMessage, NoAnswer, Promised, WrongNumber};
    // 6 March 2026 is a Friday: two business days later is Tuesday the 10th, five are Friday the 13th.
    let cases = [
        (Call, Promised, 1, Effect::Promise, None),
        (Letter, Disputed, 1, Effect::Dispute, None),
        (Review, Done, 1, Effect::Nothing, None),
        (
            Call,
            WrongNumber,
            1,
            Effect::GiveUpContact,
            Some((Review, "2026-03-09", 1)),
        ),
        (Call, NoAnswer, 1, Effect::Nothing, Some((Call, "2026-03-10", 2))),
        (Call, NoAnswer, 2, Effect::Nothing, Some((Call, "2026-03-10", 3))),
        (
            Call,
            NoAnswer,
            3,
            Effect::Nothing,
            Some((Review, "2026-03-09", 1)),
        ),
        (
            FollowUp,
            NoAnswer,
            1,
            Effect::Nothing,
            Some((FollowUp, "2026-03-10", 2)),
        ),
        (
            Call,
            LeftMessage,
            2,
            Effect::Nothing,
            Some((FollowUp, "2026-03-13", 1)),
        ),
    ];
    for (kind, outcome, attempt, effect, expected) in cases {
        let settled = settled(kind, outcome, attempt).unwrap();
        assert_eq!(settled.effect, effect, "{kind:?} {outcome:?}");
        let next = settled
            .next
            .map(|next| (next.kind, next.due_on.to_string(), next.attempt));
        let expected = expected.map(|(kind, on, attempt)| (kind, on.to_owned(), attempt));
        assert_eq!(next, expected, "{kind:?} {outcome:?} {attempt}");
    }
}

#[test]
fn nobody_fails_to_answer_a_letter() {
    for kind in [Letter, Review] {
        for outcome in [Outcome::NoAnswer, Outcome::LeftMessage, Outcome::WrongNumber] {
            assert_eq!(settled(kind, outcome, 1), Err(NotItsOutcome { kind, outcome }));
        }
    }
}

#[test]
fn titles_say_which_try_it_is() {
    let title = |attempt| {
        settled(Call, Outcome::NoAnswer, attempt)
            .unwrap()
            .next
            .unwrap()
            .title
    };
    assert_eq!(title(1), "Ring again: try 2 of 3");
    assert_eq!(title(3), "Nobody answered 3 times: decide what is next");
    assert_eq!(
        NotItsOutcome {
            kind: Letter,
            outcome: Outcome::NoAnswer
        }
        .to_string(),
        "a task of the kind `letter` does not end with `no_answer`"
    );
}

#[test]
fn days_are_counted_on_the_customers_calendar() {
    // 2026-04-03 is Good Friday and 2026-04-06 Easter Monday: in Germany neither is a business day.
    let german = |on: NaiveDate| {
        calendar::is_business_day(on) && ![day("2026-04-03"), day("2026-04-06")].contains(&on)
    };
    let cases = [
        ("2026-04-02", 0, "2026-04-02"),
        ("2026-04-02", 1, "2026-04-07"),
        ("2026-04-02", 2, "2026-04-08"),
        ("2026-04-03", 0, "2026-04-07"),
        ("2026-04-04", 1, "2026-04-07"),
    ];
    for (from, days, expected) in cases {
        assert_eq!(
            business_days_after(day(from), days, german),
            day(expected),
            "{from} {days}"
        );
    }
    // A calendar without business days ends, on the day after.
    assert_eq!(
        business_days_after(day("2026-04-02"), 3, |_| false),
        day("2026-04-03")
    );
}

fn pairs(errors: Vec<FieldError>) -> Vec<(String, String)> {
    errors
        .into_iter()
        .map(|e| (e.pointer, e.code.into_owned()))
        .collect()
}

#[test]
fn a_report_carries_what_its_outcome_needs_and_nothing_else() {
    let parse = |document: Value| DoneInput::parse(&document).map(|done| done.report).map_err(pairs);
    let promise = json!({"amount": {"amount": "10.00", "currency": "EUR"}, "promised_on": "2026-03-20"});
    let report = parse(json!({"outcome": "promised", "text": "On Friday.", "promise": promise})).unwrap();
    assert_eq!(report.payload, Some(promise.clone()));
    assert_eq!(
        (report.outcome, report.text.as_deref()),
        (Outcome::Promised, Some("On Friday."))
    );
    let report = parse(json!({"outcome": "wrong_number", "contact": "+46 8 123"})).unwrap();
    assert_eq!(report.contact.as_deref(), Some("+46 8 123"));
    assert!(parse(json!({"outcome": "no_answer"})).is_ok());
    let wrong = [
        (json!({}), vec![("/outcome", "required")]),
        (json!({"outcome": "paid"}), vec![("/outcome", "unknown_value")]),
        (json!({"outcome": "promised"}), vec![("/promise", "required")]),
        (
            json!({"outcome": "promised", "promise": 3}),
            vec![("/promise", "wrong_type")],
        ),
        (
            json!({"outcome": "disputed", "promise": {}}),
            vec![("/promise", "not_allowed"), ("/dispute", "required")],
        ),
        (json!({"outcome": "wrong_number"}), vec![("/contact", "required")]),
        (
            json!({"outcome": "done", "contact": "x"}),
            vec![("/contact", "not_allowed")],
        ),
    ];
    for (document, expected) in wrong {
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect();
        assert_eq!(parse(document.clone()), Err(expected), "{document}");
    }
}

#[test]
fn tasks_calls_and_notes_are_read_with_every_problem_named() {
    let customer = json!({"external_id": "C-1"});
    let task = TaskInput::parse(
        &json!({"customer": customer, "kind": "review", "title": "Look", "currency": "EUR",
        "due_on": "2026-03-09", "assignee": "anna"}),
    )
    .unwrap();
    assert_eq!((task.kind, task.due_on), (Review, Some(day("2026-03-09"))));
    assert_eq!(
        TaskInput::parse(&json!({"kind": "visit", "due_on": "soon"})).map_err(pairs),
        Err([
            ("/customer", "required"),
            ("/kind", "unknown_value"),
            ("/title", "required"),
            ("/due_on", "invalid_date"),
        ]
        .map(|(p, c)| (p.to_owned(), c.to_owned()))
        .to_vec())
    );
    assert_eq!(
        CallInput::parse(&json!({"customer": customer, "outcome": "left_message", "text": "Machine."}))
            .map(|call| call.report.outcome),
        Ok(Outcome::LeftMessage)
    );
    assert_eq!(
        NoteInput::parse(&json!({"customer": customer})).map_err(pairs),
        Err(vec![("/text".to_owned(), "required".to_owned())])
    );
    assert_eq!(
        AssignInput::parse(&json!({})),
        Ok(AssignInput {
            assignee: None,
            due_on: None
        })
    );
}

#[test]
fn rules_are_read_and_written_in_one_shape() {
    let read = |document: &Value| {
        let mut fields = Fields::of(document);
        let rules = Rules::read(&mut fields);
        fields.finish(|| rules).map_err(pairs)
    };
    assert_eq!(read(&json!({})), Ok(Rules::default()));
    let document = json!({"again_after_days": 1, "attempts": 5, "follow_up_after_days": 10});
    assert_eq!(serde_json::to_value(read(&document).unwrap()).unwrap(), document);
    let wrong = read(&json!({"again_after_days": 0, "attempts": 11, "follow_up_after_days": "x"}));
    assert_eq!(wrong.map_err(|errors| errors.len()), Err(3));
}

proptest! {
    /// However often nobody answers, a chain of calls ends in a review, and after as many calls as the rules say.
    #[test]
    fn a_chain_of_calls_ends(attempts in 1u32..10, again in 1u32..10, start in 0i64..3_000) {
        let rules = Rules { attempts, again_after_days: again, follow_up_after_days: 1 };
        let (mut kind, mut attempt, mut today) = (Call, 1, calendar::plus_days(day("2026-01-01"), start));
        let mut calls = 0;
        while kind == Call {
            calls += 1;
            let next = settle(kind, Outcome::NoAnswer, attempt, today, &rules, calendar::is_business_day)
                .unwrap().next.unwrap();
            prop_assert!(next.due_on > today && calendar::is_business_day(next.due_on));
            (kind, attempt, today) = (next.kind, next.attempt, next.due_on);
            prop_assert!(calls <= attempts);
        }
        prop_assert_eq!((kind, calls), (Review, attempts));
    }

    /// The n-th business day has n - 1 business days between it and today.
    #[test]
    fn business_days_are_counted_one_by_one(start in 0i64..3_000, days in 1u32..60) {
        let today = calendar::plus_days(day("2026-01-01"), start);
        let on = business_days_after(today, days, calendar::is_business_day);
        let between = today.iter_days().skip(1).take_while(|day| *day <= on).filter(|day| calendar::is_business_day(*day));
        prop_assert_eq!(between.count(), usize::try_from(days).unwrap());
        prop_assert!(calendar::is_business_day(on));
    }
}

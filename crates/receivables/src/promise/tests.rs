//! Promises as tables, and what holds in whatever order the money is told of.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::received::Means::{Credit, Money as Paid};

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::parse("USD").unwrap())
}

/// Pointers and codes.
type Found<'a> = &'a [(&'a str, &'a str)];

/// A day of January 2026; the 32nd is 1 February.
fn jan(n: i64) -> NaiveDate {
    calendar::plus_days("2025-12-31".parse().unwrap(), n)
}

fn line(on: i64, minor: i64, means: received::Means) -> Received {
    Received {
        on: jan(on),
        amount: eur(minor),
        means,
    }
}

/// 500.00 of a debt of 800.00, promised on 10 January for the 20th with two days of grace: in time through the 22nd.
fn promise() -> Promise {
    Promise {
        amount: eur(50_000),
        debt: eur(80_000),
        made_on: jan(10),
        promised_on: jan(20),
        grace_days: 2,
    }
}

/// `kept 20`, `broken 23 missing 100`, `open missing 500`, `void`.
fn said(judged: Judged) -> String {
    let day = |on: NaiveDate| calendar::days_between(jan(0), on);
    match judged {
        Judged::Open { missing } => format!("open missing {}", missing.minor()),
        Judged::Kept { on } => format!("kept {}", day(on)),
        Judged::Broken { on, missing } => format!("broken {} missing {}", day(on), missing.minor()),
        Judged::Void => "void".to_owned(),
    }
}

#[test]
fn the_money_decides_and_its_value_date() {
    let all = 50_000;
    let cases: [(&str, &[Received], i64, &str); 21] = [
        ("nothing yet", &[], 10, "open missing 50000"),
        ("nothing on the promised day", &[], 20, "open missing 50000"),
        ("nothing on the last day of grace", &[], 22, "open missing 50000"),
        ("nothing the day after", &[], 23, "broken 23 missing 50000"),
        (
            "all of it on the day it was promised",
            &[line(10, all, Paid)],
            10,
            "kept 10",
        ),
        ("all of it on the last day", &[line(22, all, Paid)], 22, "kept 22"),
        (
            "all of it a day late",
            &[line(23, all, Paid)],
            23,
            "broken 23 missing 50000",
        ),
        (
            "all of it in time, heard of later",
            &[line(22, all, Paid)],
            60,
            "kept 22",
        ),
        ("a part", &[line(15, 49_999, Paid)], 22, "open missing 1"),
        (
            "a part and then nothing",
            &[line(15, 49_999, Paid)],
            23,
            "broken 23 missing 1",
        ),
        (
            "a part in time, the rest late",
            &[line(15, 40_000, Paid), line(23, 10_000, Paid)],
            30,
            "broken 23 missing 10000",
        ),
        (
            "two parts",
            &[line(21, 10_000, Paid), line(15, 40_000, Paid)],
            23,
            "kept 21",
        ),
        ("more than promised", &[line(15, 80_000, Paid)], 15, "kept 15"),
        (
            "money that was on its way pays what it paid before",
            &[line(9, all, Paid)],
            23,
            "broken 23 missing 30000",
        ),
        (
            "money that bounced never came",
            &[line(15, all, Paid), line(15, -all, Paid)],
            16,
            "open missing 50000",
        ),
        (
            "and that shows late",
            &[line(15, all, Paid), line(15, -all, Paid)],
            23,
            "broken 23 missing 50000",
        ),
        (
            "a bounce that new money makes good",
            &[line(15, all, Paid), line(15, -all, Paid), line(21, all, Paid)],
            23,
            "kept 21",
        ),
        (
            "a credit pays nothing",
            &[line(15, 30_000, Credit)],
            23,
            "broken 23 missing 50000",
        ),
        (
            "but what is no longer owed need not be paid",
            &[line(15, 40_000, Credit), line(16, 40_000, Paid)],
            16,
            "kept 16",
        ),
        (
            "nothing is owed any more",
            &[line(15, 80_000, Credit)],
            15,
            "void",
        ),
        (
            "a credit after the last day changes nothing",
            &[line(23, 80_000, Credit)],
            23,
            "broken 23 missing 50000",
        ),
    ];
    for (name, received, today, expected) in cases {
        assert_eq!(said(promise().judge(received, jan(today))), expected, "{name}");
    }
    let dollars = Received {
        amount: usd(50_000),
        ..line(15, 0, Paid)
    };
    assert_eq!(said(promise().judge(&[dollars], jan(15))), "open missing 50000");
}

#[test]
fn the_first_day_on_which_enough_was_there_and_stayed_is_told() {
    let all = 50_000;
    let cases: [(&str, &[Received], i64, &str); 6] = [
        (
            "more comes later",
            &[line(15, all, Paid), line(18, 100, Paid)],
            20,
            "kept 15",
        ),
        (
            "a credit of the last day counts",
            &[line(22, 40_000, Credit), line(16, 40_000, Paid)],
            22,
            "kept 16",
        ),
        (
            "one of the day after does not",
            &[line(23, 40_000, Credit), line(16, 40_000, Paid)],
            23,
            "broken 23 missing 10000",
        ),
        (
            "more is credited than was owed",
            &[line(15, 90_000, Credit)],
            23,
            "void",
        ),
        (
            "all is credited, and what was paid bounced",
            &[
                line(15, 80_000, Credit),
                line(14, all, Paid),
                line(14, -all, Paid),
            ],
            23,
            "void",
        ),
        (
            "money that was on its way paid all of it",
            &[line(9, 80_000, Paid)],
            23,
            "void",
        ),
    ];
    for (name, received, today, expected) in cases {
        assert_eq!(said(promise().judge(received, jan(today))), expected, "{name}");
    }
}

#[test]
fn money_and_a_credit_for_the_rest_keep_a_promise() {
    // 800.00 promised; two per cent cash discount are taken off: 784.00 and 16.00.
    let whole = Promise {
        amount: eur(80_000),
        ..promise()
    };
    let received = [line(18, 78_400, Paid), line(18, 1_600, Credit)];
    assert_eq!(said(whole.judge(&received, jan(18))), "kept 18");
    assert_eq!(said(whole.judge(&received[..1], jan(18))), "open missing 1600");
    // What was paid is paid, even where a credit note then takes the rest of the debt and more.
    let received = [line(15, 80_000, Paid), line(16, 80_000, Credit)];
    assert_eq!(said(whole.judge(&received, jan(16))), "kept 15");
}

fn input(value: Value) -> PromiseInput {
    PromiseInput::parse(&value).unwrap()
}

fn named(errors: Vec<FieldError>) -> Vec<(String, String)> {
    errors
        .into_iter()
        .map(|e| (e.pointer, e.code.into_owned()))
        .collect()
}

#[test]
fn a_promise_is_taken_within_the_policys_limits() {
    let rules = Rules::default();
    let meets = |owed, open, overlaps| Meets {
        owed: eur(owed),
        open,
        overlaps,
    };
    let free = meets(80_000, 0, false);
    let said = |amount: Option<&str>, on: i64| {
        let amount = amount.map(|amount| json!({"amount": amount, "currency": "EUR"}));
        input(
            json!({"customer": {"external_id": "C-1"}, "amount": amount, "promised_on": jan(on).to_string()}),
        )
    };
    let made = admit(&said(Some("500.00"), 20), &rules, free, jan(10)).unwrap();
    assert_eq!(made, promise());
    assert_eq!(made.until(), jan(22));
    let whole = admit(&said(None, 10), &rules, free, jan(10)).unwrap();
    assert_eq!((whole.amount, whole.until()), (eur(80_000), jan(12)));

    let cases: [(&str, Option<&str>, i64, Meets, Found<'_>); 8] = [
        ("today", Some("1.00"), 10, free, &[]),
        (
            "yesterday",
            Some("1.00"),
            9,
            free,
            &[("/promised_on", "in_the_past")],
        ),
        ("the policy's last day", Some("1.00"), 40, free, &[]),
        (
            "a day later",
            Some("1.00"),
            41,
            free,
            &[("/promised_on", "too_far")],
        ),
        (
            "more than is owed",
            Some("800.01"),
            20,
            free,
            &[("/amount", "more_than_owed")],
        ),
        (
            "what is not owed",
            None,
            20,
            meets(0, 0, false),
            &[("/invoices", "nothing_owed")],
        ),
        (
            "one too many",
            None,
            20,
            meets(1, 3, false),
            &[("", "too_many_promises")],
        ),
        (
            "everything at once",
            Some("2.00"),
            9,
            meets(100, 4, true),
            &[
                ("/amount", "more_than_owed"),
                ("/promised_on", "in_the_past"),
                ("", "too_many_promises"),
                ("/invoices", "already_promised"),
            ],
        ),
    ];
    for (name, amount, on, meets, expected) in cases {
        let errors = named(
            admit(&said(amount, on), &rules, meets, jan(10))
                .err()
                .unwrap_or_default(),
        );
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect();
        assert_eq!(errors, expected, "{name}");
    }
    let dollars = input(json!({
        "customer": {"external_id": "C-1"}, "amount": {"amount": "1.00", "currency": "USD"}, "promised_on": "2026-01-20"
    }));
    let errors = named(admit(&dollars, &rules, free, jan(10)).unwrap_err());
    assert_eq!(errors, [("/amount".to_owned(), "currency_mismatch".to_owned())]);
    let own_grace = PromiseInput {
        grace_days: Some(0),
        ..said(None, 20)
    };
    assert_eq!(admit(&own_grace, &rules, free, jan(10)).unwrap().until(), jan(20));
}

#[test]
fn a_promise_is_read_with_every_problem_named() {
    let invoice = "inv_01aryz6s41zzzzzzzzzzzzzzzz";
    let read = input(json!({
        "customer": {"external_id": "C-1"}, "invoices": [invoice], "promised_on": "2026-01-20",
        "amount": {"amount": "5.00", "currency": "EUR"}, "grace_days": 1, "note": "By phone"
    }));
    assert_eq!(read.currency, Currency::parse("EUR").ok());
    assert_eq!((read.invoices.len(), read.grace_days), (1, Some(1)));
    let wrong = json!({
        "invoices": [invoice, invoice], "amount": {"amount": "5.00", "currency": "EUR"}, "currency": "USD",
        "grace_days": 31, "why": "x"
    });
    let expected = [
        ("/customer", "required"),
        ("/invoices", "duplicate"),
        ("/currency", "currency_mismatch"),
        ("/promised_on", "required"),
        ("/grace_days", "out_of_range"),
        ("/why", "unknown_field"),
    ];
    let expected: Vec<_> = expected
        .iter()
        .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
        .collect();
    assert_eq!(named(PromiseInput::parse(&wrong).unwrap_err()), expected);
}

#[test]
fn a_policys_rules_are_read_and_written_alike() {
    let read = |value: &Value| {
        let mut fields = Fields::of(value);
        let rules = Rules::read(&mut fields);
        fields.finish(|| rules)
    };
    assert_eq!(read(&json!({})).unwrap(), Rules::default());
    let value = json!({"max_days": 14, "grace_days": 0, "max_open": 1, "confirm": false, "remind_days": 2,
        "broken_step": "promise_broken"});
    assert_eq!(serde_json::to_value(read(&value).unwrap()).unwrap(), value);
    let wrong = json!({"max_days": 0, "grace_days": -1, "max_open": 0, "confirm": 1, "remind_days": 0, "broken_step": "!", "x": 1});
    let expected = [
        "out_of_range",
        "out_of_range",
        "out_of_range",
        "wrong_type",
        "out_of_range",
        "invalid_name",
        "unknown_field",
    ];
    let codes: Vec<String> = named(read(&wrong).unwrap_err())
        .into_iter()
        .map(|(_, code)| code)
        .collect();
    assert_eq!(codes, expected);
}

#[test]
fn a_status_follows_the_judgement_until_it_is_cancelled() {
    let open = Judged::Open { missing: eur(1) };
    let kept = Judged::Kept { on: jan(1) };
    let broken = Judged::Broken {
        on: jan(1),
        missing: eur(1),
    };
    for status in [Status::Open, Status::Kept, Status::Broken] {
        assert_eq!(status.judged(&open), Status::Open);
        assert_eq!(status.judged(&kept), Status::Kept);
        assert_eq!(status.judged(&broken), Status::Broken);
        assert_eq!(status.judged(&Judged::Void), Status::Cancelled);
        assert_eq!(status.cancellable(), status == Status::Open);
    }
    for judged in [open, kept, broken, Judged::Void] {
        assert_eq!(Status::Cancelled.judged(&judged), Status::Cancelled);
    }
    for (name, status) in Status::NAMES {
        assert_eq!(status.as_str(), *name);
        assert_eq!(serde_json::to_value(status).unwrap(), *name);
    }
}

fn lines() -> impl Strategy<Value = Vec<Received>> {
    let one = (
        0i64..40,
        1i64..60_000,
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.2),
    );
    prop::collection::vec(one, 0..6).prop_map(|lines| {
        let mut received = Vec::new();
        for (on, minor, paid, taken_back) in lines {
            let means = if paid { Paid } else { Credit };
            received.push(line(on, minor, means));
            if taken_back {
                received.push(line(on, -minor, means));
            }
        }
        received
    })
}

proptest! {
    #[test]
    fn the_order_in_which_we_hear_of_money_does_not_matter(
        received in lines().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())), today in 10i64..50,
    ) {
        let (told, shuffled) = received;
        prop_assert_eq!(promise().judge(&told, jan(today)), promise().judge(&shuffled, jan(today)));
    }

    #[test]
    fn what_is_broken_stays_broken_unless_something_was_there_in_time(
        before in lines(), after in lines(), today in 23i64..50, later in 0i64..50,
    ) {
        let broken = promise().judge(&before, jan(today));
        prop_assume!(matches!(broken, Judged::Broken { .. }));
        let late = after.into_iter().filter(|line| line.on > jan(22));
        let all: Vec<Received> = before.iter().copied().chain(late).collect();
        prop_assert_eq!(promise().judge(&all, jan(today + later)), broken);
    }

    #[test]
    fn time_alone_breaks_an_open_promise_on_one_day_and_changes_nothing_else(received in lines(), today in 10i64..60) {
        let judged = promise().judge(&received, jan(today));
        let tomorrow = promise().judge(&received, jan(today + 1));
        match judged {
            Judged::Open { missing } if today == 22 => {
                prop_assert_eq!(tomorrow, Judged::Broken { on: jan(23), missing });
            }
            Judged::Broken { on, .. } => {
                prop_assert!(today >= 23 && on == jan(23));
                prop_assert_eq!(tomorrow, judged);
            }
            _ => prop_assert_eq!(tomorrow, judged),
        }
    }

    #[test]
    fn a_kept_promise_was_paid_for(received in lines()) {
        if let Judged::Kept { on } = promise().judge(&received, jan(60)) {
            prop_assert!((jan(10)..=jan(22)).contains(&on));
            let sum = |means, days: std::ops::RangeInclusive<NaiveDate>| -> i64 {
                let counted = received.iter().filter(|line| line.means == means && days.contains(&line.on));
                counted.map(|line| line.amount.minor()).sum()
            };
            let gone = sum(Credit, jan(0)..=jan(22)) + sum(Paid, jan(0)..=jan(9));
            let asked = 50_000.min(80_000 - gone);
            prop_assert!(sum(Paid, jan(10)..=on) >= asked);
        }
    }

    #[test]
    fn more_money_in_time_never_makes_it_worse(received in lines(), more in 1i64..60_000, on in 10i64..23) {
        let rank = |judged: Judged| match judged {
            Judged::Broken { .. } => 0,
            Judged::Open { .. } => 1,
            Judged::Void | Judged::Kept { .. } => 2,
        };
        for today in [10, 22, 23] {
            let mut with = received.clone();
            with.push(line(on, more, Paid));
            let (less, more) = (promise().judge(&received, jan(today)), promise().judge(&with, jan(today)));
            prop_assert!(rank(more) >= rank(less), "{less:?} became {more:?}");
        }
    }
}

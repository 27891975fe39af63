use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::currency::Currency;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

fn rules(value: Value) -> Rules {
    let mut fields = Fields::of(&value);
    let rules = Rules::read(&mut fields);
    fields.finish(|| rules).unwrap()
}

#[test]
fn a_statement_covers_the_month_before_its_day() {
    // Day of the month, today, the latest day it is drawn up on, its period, the next day.
    let cases = [
        (
            1,
            "2026-02-01",
            "2026-02-01",
            "2026-01-01",
            "2026-01-31",
            "2026-03-01",
        ),
        (
            1,
            "2026-02-28",
            "2026-02-01",
            "2026-01-01",
            "2026-01-31",
            "2026-03-01",
        ),
        (
            1,
            "2026-03-01",
            "2026-03-01",
            "2026-02-01",
            "2026-02-28",
            "2026-04-01",
        ),
        // 2028 is a leap year.
        (
            1,
            "2028-03-05",
            "2028-03-01",
            "2028-02-01",
            "2028-02-29",
            "2028-04-01",
        ),
        (
            15,
            "2026-01-14",
            "2025-12-15",
            "2025-11-15",
            "2025-12-14",
            "2026-01-15",
        ),
        (
            15,
            "2026-01-15",
            "2026-01-15",
            "2025-12-15",
            "2026-01-14",
            "2026-02-15",
        ),
        (
            28,
            "2026-03-27",
            "2026-02-28",
            "2026-01-28",
            "2026-02-27",
            "2026-03-28",
        ),
    ];
    for (of_month, today, drawn, from, to, next) in cases {
        let rules = rules(json!({"day": of_month}));
        assert_eq!(rules.latest(day(today)), day(drawn), "{of_month} {today}");
        assert_eq!(period(day(drawn)), (day(from), day(to)), "{drawn}");
        assert_eq!(rules.next(day(today)), day(next), "{of_month} {today}");
    }
}

#[test]
fn what_is_not_worth_it_is_left_out() {
    let plain = rules(json!({}));
    let least = rules(json!({"min_balance": {"EUR": "10.00"}}));
    let credit = rules(json!({"min_balance": {"EUR": "0"}}));
    // Minor units owed at the end, whether anything happened, and what each of the three says.
    let cases = [
        (0, false, [false, false, false]),
        (0, true, [true, false, true]),
        (1, false, [true, false, true]),
        (999, true, [true, false, true]),
        (1_000, false, [true, true, true]),
        (-500, false, [false, false, false]),
        (-500, true, [true, false, false]),
    ];
    for (closing, happened, expected) in cases {
        let said = [&plain, &least, &credit].map(|rules| rules.worth(eur(closing), happened));
        assert_eq!(said, expected, "{closing} {happened}");
    }
    // The least is said for euros; of yen, nothing is.
    assert!(least.worth(Money::new(1, Currency::parse("JPY").unwrap()), false));
}

#[test]
fn a_customer_of_its_own_mind() {
    let cases = [
        (json!({"send": false}), Ok(json!({"send": false}))),
        (json!({"send": true}), Ok(json!({"send": true, "day": 1}))),
        (
            json!({"send": true, "day": 15, "min_balance": {"EUR": "5"}}),
            Ok(json!({"send": true, "day": 15, "min_balance": {"EUR": "5.00"}})),
        ),
        (json!({}), Err("/send required")),
        (json!({"send": true, "day": 29}), Err("/day out_of_range")),
        (json!({"send": true, "day": 0}), Err("/day out_of_range")),
        (json!({"send": false, "day": 1}), Err("/day out_of_place")),
    ];
    for (given, expected) in cases {
        let read = Own::parse(&given)
            .map(|own| serde_json::to_value(own).unwrap())
            .map_err(|errors| format!("{} {}", errors[0].pointer, errors[0].code));
        assert_eq!(read, expected.map_err(str::to_owned), "{given}");
    }
}

#[test]
fn the_days_that_somebody_asks_for() {
    let today = day("2026-03-31");
    let cases = [
        (json!({}), Ok(("2026-03-01", "2026-03-31"))),
        (json!({"from": "2026-01-01"}), Ok(("2026-01-01", "2026-03-31"))),
        (json!({"to": "2026-03-15"}), Ok(("2026-02-16", "2026-03-15"))),
        (
            json!({"from": "2026-03-31", "to": "2026-03-31"}),
            Ok(("2026-03-31", "2026-03-31")),
        ),
        (json!({"to": "2026-04-01"}), Err("/to")),
        (json!({"from": "2026-04-01"}), Err("/from")),
    ];
    for (given, expected) in cases {
        let asked = Asked::parse(&given).unwrap();
        let days = asked.days(today).map_err(|error| error.pointer);
        let expected = expected
            .map(|(from, to)| (day(from), day(to)))
            .map_err(str::to_owned);
        assert_eq!(days, expected, "{given}");
    }
    let backwards = Asked::parse(&json!({"from": "2026-02-02", "to": "2026-02-01"}));
    assert_eq!(backwards.unwrap_err()[0].pointer, "/to");
}

fn entry(on: &str, minor: i64) -> Entry {
    Entry {
        on: day(on),
        what: "invoice".to_owned(),
        number: None,
        amount: eur(minor),
    }
}

#[test]
fn one_with_too_many_lines_begins_with_the_first_whole_day() {
    let lines = || {
        vec![
            entry("2026-01-05", 100),
            entry("2026-01-07", 200),
            entry("2026-01-07", -50),
        ]
    };
    let whole = draw(day("2026-01-01"), eur(1_000), lines(), false).unwrap();
    assert_eq!((whole.from, whole.opening), (day("2026-01-01"), eur(750)));
    assert_eq!(whole.entries.len(), 3);
    // Lines of the fifth may be missing: the statement begins with the seventh.
    let cut = draw(day("2026-01-01"), eur(1_000), lines(), true).unwrap();
    assert_eq!((cut.from, cut.opening), (day("2026-01-07"), eur(850)));
    assert_eq!(cut.entries.len(), 2);
    // One day alone is too much: what is told of it is.
    let busy = vec![entry("2026-01-07", 200), entry("2026-01-07", -50)];
    let busy = draw(day("2026-01-01"), eur(1_000), busy, true).unwrap();
    assert_eq!((busy.from, busy.opening), (day("2026-01-07"), eur(850)));
    assert_eq!(busy.entries.len(), 2);
}

proptest! {
    #[test]
    fn every_day_lies_in_exactly_one_statement(of_month in 1u32..=28, after in 0i64..4_000) {
        let rules = Rules { day: of_month, min_balance: Amounts::default() };
        let today = calendar::plus_days(day("2020-01-01"), after);
        let drawn = rules.latest(today);
        let next = rules.next(today);
        prop_assert!(drawn <= today && today < next);
        prop_assert_eq!((drawn.day(), next.day()), (of_month, of_month));
        prop_assert_eq!(rules.latest(next), next);
        let (from, to) = period(next);
        prop_assert_eq!(from, drawn);
        prop_assert!(from <= today && today <= to);
    }

    #[test]
    fn a_statement_adds_up(closing in -10_000i64..10_000, cut: bool,
        lines in proptest::collection::vec((0i64..5, -500i64..500), 0..20)) {
        let mut lines: Vec<Entry> = lines
            .into_iter()
            .map(|(after, minor)| Entry { on: calendar::plus_days(day("2026-01-01"), after), ..entry("2026-01-01", minor) })
            .collect();
        lines.sort_by_key(|line| line.on);
        let drawn = draw(day("2026-01-01"), eur(closing), lines, cut).unwrap();
        let moved: i64 = drawn.entries.iter().map(|line| line.amount.minor()).sum();
        prop_assert_eq!(drawn.opening.minor() + moved, closing);
        prop_assert!(drawn.entries.iter().all(|line| line.on >= drawn.from));
    }
}

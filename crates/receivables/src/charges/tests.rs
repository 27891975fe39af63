//! How charges are written in a policy, and what else is common to them.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::country::Country;
use crate::currency::Currency;
use crate::fields::FieldError;
use crate::intake::CustomerKind;
use crate::money::Money;

pub(super) fn money(amount: &str, code: &str) -> Money {
    Money::parse(amount, Currency::parse(code).unwrap()).unwrap()
}

pub(super) fn eur(amount: &str) -> Money {
    money(amount, "EUR")
}

pub(super) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(super) fn percent(text: &str) -> Percent {
    Percent::between(-100, 1_000)(&json!(text)).unwrap()
}

/// What `read` makes of a document, or where and how it is wrong.
pub(super) fn outcome<T>(
    value: &Value,
    read: impl FnOnce(&mut Fields<'_>) -> Option<T>,
) -> Result<T, Vec<(String, String)>> {
    let mut fields = Fields::of(value);
    let made = read(&mut fields);
    fields.finish(|| made).map_err(|errors| {
        errors
            .into_iter()
            .map(|FieldError { pointer, code, .. }| (pointer, code.into_owned()))
            .collect()
    })
}

fn interest_written(extra: &[(&str, Value)]) -> Value {
    let mut value = json!({
        "kind": "interest", "percent": "10", "compounding": "simple", "day_count": "actual_365",
        "grace_days": 0, "after_principal": "keep"
    });
    for (name, field) in extra {
        value[*name] = field.clone();
    }
    value
}

#[test]
fn a_charge_is_written_as_it_is_read() {
    let tiers = json!([{"from_day": 31, "percent": "12"}, {"from_day": 61, "percent": "15.5"}]);
    let cases = [
        (json!({"kind": "statutory"}), json!({"kind": "statutory"})),
        (
            json!({"kind": "statutory", "profile": "gb"}),
            json!({"kind": "statutory", "profile": "gb"}),
        ),
        (
            json!({"kind": "interest", "percent": "10"}),
            interest_written(&[]),
        ),
        (json!({"kind": "interest", "percent": 10}), interest_written(&[])),
        (
            interest_written(&[
                ("compounding", json!("monthly")),
                ("day_count", json!("thirty_360")),
                ("grace_days", json!(5)),
                ("tiers", tiers.clone()),
                ("after_principal", json!("drop")),
            ]),
            interest_written(&[
                ("compounding", json!("monthly")),
                ("day_count", json!("thirty_360")),
                ("grace_days", json!(5)),
                ("tiers", tiers),
                ("after_principal", json!("drop")),
            ]),
        ),
    ];
    for (given, written) in cases {
        let charge = outcome(&given, Charge::read).unwrap();
        assert_eq!(serde_json::to_value(&charge).unwrap(), written, "{given}");
        assert_eq!(outcome(&written, Charge::read), Ok(charge), "{written}");
    }
}

#[test]
fn every_problem_of_a_charge_is_named() {
    let cases: [(Value, &[(&str, &str)]); 9] = [
        (json!({}), &[("/kind", "required")]),
        (
            json!({"kind": "usury", "percent": "1"}),
            &[("/kind", "unknown_value")],
        ),
        (
            json!({"kind": "statutory", "profile": "fr", "percent": "10"}),
            &[("/profile", "unknown_value"), ("/percent", "unknown_field")],
        ),
        (json!({"kind": "interest"}), &[("/percent", "required")]),
        (
            json!({"kind": "interest", "percent": "0"}),
            &[("/percent", "not_positive")],
        ),
        (
            json!({"kind": "interest", "percent": "1000.01"}),
            &[("/percent", "out_of_range")],
        ),
        (
            json!({"kind": "interest", "percent": "1.23456"}),
            &[("/percent", "too_many_digits")],
        ),
        (
            json!({"kind": "interest", "percent": 1.5}),
            &[("/percent", "invalid_quantity")],
        ),
        (
            json!({
                "kind": "interest", "percent": "ten", "compounding": "weekly", "day_count": "366",
                "grace_days": -1, "after_principal": "forget", "profile": "eu",
                "tiers": [{"from_day": 31, "percent": "-1"}, {"from_day": 1, "percent": "2"}, {"percent": "2"}]
            }),
            &[
                ("/percent", "invalid_quantity"),
                ("/compounding", "unknown_value"),
                ("/day_count", "unknown_value"),
                ("/grace_days", "out_of_range"),
                ("/after_principal", "unknown_value"),
                ("/tiers/0/percent", "out_of_range"),
                ("/tiers/1/from_day", "out_of_range"),
                ("/tiers/2/from_day", "required"),
                ("/profile", "unknown_field"),
            ],
        ),
    ];
    for (given, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect();
        assert_eq!(outcome(&given, Charge::read), Err(expected), "{given}");
    }
    let tiers = |a: i64, b: i64| {
        let tiers = json!([{"from_day": a, "percent": "1"}, {"from_day": b, "percent": "2"}]);
        outcome(&interest_written(&[("tiers", tiers)]), Charge::read).map(drop)
    };
    assert_eq!(tiers(31, 32), Ok(()));
    for (a, b) in [(31, 31), (31, 30)] {
        let unordered = ("/tiers/1/from_day".to_owned(), "unordered".to_owned());
        assert_eq!(tiers(a, b), Err(vec![unordered]), "{a} {b}");
    }
}

#[test]
fn percentages_are_written_without_needless_zeros() {
    let cases = [
        ("10", "10"),
        ("11.75", "11.75"),
        ("8.5000", "8.5"),
        ("0.0001", "0.0001"),
        ("-0.88", "-0.88"),
    ];
    for (text, written) in cases {
        assert_eq!(percent(text).to_string(), written);
    }
    assert_eq!(Percent::hundredths(1_175), percent("11.75"));
    assert_eq!(
        Percent::hundredths(-88).times_plus(1, percent("9")),
        percent("8.12")
    );
    assert_eq!(percent("5.5").times_plus(3, Percent::ZERO), percent("16.5"));
    assert_eq!(
        percent("-9").times_plus(1, percent("8")),
        Percent::ZERO,
        "never negative"
    );
}

#[test]
fn days_are_counted_as_the_convention_says() {
    // 2006 ISDA Definitions, section 4.16. The first date is the day before the first that counts.
    let cases = [
        (DayCount::Actual365, "2026-01-15", "2026-01-30", (15, 365)),
        (DayCount::Actual365, "2023-12-31", "2024-12-31", (366, 365)),
        (DayCount::Actual360, "2026-01-01", "2026-03-31", (89, 360)),
        (DayCount::ActualActual, "2023-12-31", "2024-12-31", (366, 366)),
        (DayCount::ActualActual, "2024-12-31", "2025-12-31", (365, 365)),
        (DayCount::Thirty360, "2026-01-15", "2026-02-15", (30, 360)),
        (DayCount::Thirty360, "2026-01-30", "2026-01-31", (0, 360)),
        (DayCount::Thirty360, "2026-01-31", "2026-02-28", (28, 360)),
        (DayCount::Thirty360, "2026-02-28", "2026-03-31", (32, 360)),
        (DayCount::Thirty360, "2024-02-29", "2025-02-28", (359, 360)),
    ];
    for (count, after, to, (days, of)) in cases {
        assert_eq!(
            count.count(day(after), day(to)),
            YearPart { days, of },
            "{count:?} {after} {to}"
        );
    }
}

#[test]
fn the_parts_of_a_year_are_the_least_that_all_day_counts_divide() {
    for of in [360, 365, 366] {
        let year = YearPart { days: of, of };
        let interest = Exact::interest(10_000, Exact::ZERO, percent("10"), year).unwrap();
        assert_eq!(interest.rounded(eur("0").currency()), Ok(eur("10.00")));
        let half = Exact::interest(1, Exact::ZERO, percent("50"), year).unwrap();
        assert_eq!(half.rounded(eur("0").currency()), Ok(eur("0.01")), "half-up");
        assert_eq!(half.shown(eur("0").currency()).as_deref(), Some("0.00500000"));
    }
    let most = YearPart { days: 366, of: 366 };
    let whole = Exact::interest(i64::MAX, Exact::ZERO, Percent::WHOLE, most).unwrap();
    assert_eq!(whole.rounded(eur("0").currency()).unwrap().minor(), i64::MAX);
    let twice = whole.checked_add(whole).unwrap();
    assert_eq!(twice.rounded(eur("0").currency()), Err(MoneyError::Overflow));
}

#[test]
fn a_history_is_what_was_owed_at_the_close_of_each_day() {
    let history = History::of(
        eur("0").currency(),
        [
            (day("2026-02-10"), eur("-30.00")),
            (day("2026-01-01"), eur("100.00")),
            (day("2026-02-10"), eur("-20.00")),
        ],
    )
    .unwrap();
    let cases = [
        ("2025-12-31", "0.00"),
        ("2026-01-01", "100.00"),
        ("2026-02-09", "100.00"),
        ("2026-02-10", "50.00"),
        ("2030-01-01", "50.00"),
    ];
    for (on, owed) in cases {
        assert_eq!(history.at_close_of(day(on)), eur(owed), "{on}");
    }
    let mixed = History::of(eur("0").currency(), [(day("2026-01-01"), money("1", "USD"))]);
    assert!(matches!(mixed, Err(MoneyError::CurrencyMismatch { .. })));
}

#[test]
fn of_an_invoice_in_parts_only_what_is_due_is_late() {
    // 100 in parts of 30, 50 and 20; 40 paid before the second falls due.
    let changes = [
        (day("2026-01-01"), eur("100.00")),
        (day("2026-02-10"), eur("-40.00")),
    ];
    let history = History::of(eur("0").currency(), changes).unwrap();
    let parts = [
        (day("2026-01-31"), eur("30.00")),
        (day("2026-02-28"), eur("50.00")),
        (day("2026-03-31"), eur("20.00")),
    ];
    let due = history.due_in_parts(&parts).unwrap();
    let cases = [
        ("2026-01-30", "0.00"),
        ("2026-01-31", "30.00"),
        ("2026-02-10", "0.00"),
        ("2026-02-27", "0.00"),
        ("2026-02-28", "40.00"),
        ("2026-03-31", "60.00"),
    ];
    for (on, expected) in cases {
        assert_eq!(due.at_close_of(day(on)), eur(expected), "{on}");
    }
}

#[test]
fn a_charge_says_what_may_be_claimed_and_on_which_terms() {
    let history = History::owed_from(day("2026-01-01"), eur("1000.00"));
    let debt = |code: &str| Debt {
        kind: CustomerKind::Business,
        country: Country::parse(code).unwrap(),
        issued_on: day("2026-01-01"),
        due_on: day("2026-01-15"),
        history: &history,
    };
    let read = |value: Value| outcome(&value, Charge::read).unwrap();
    let statutory = read(json!({"kind": "statutory"}));
    let chosen = read(json!({"kind": "statutory", "profile": "de"}));
    let agreed = read(json!({"kind": "interest", "percent": "36.5"}));
    let cases = [
        (&statutory, "FR", Some(Profile::Eu), Some("8.34"), Some("40.00")),
        (&statutory, "US", Some(Profile::None), None, None),
        (&chosen, "US", Some(Profile::De), Some("8.44"), Some("40.00")),
        (&agreed, "US", None, Some("30.00"), None),
    ];
    for (charge, code, profile, interest, compensation) in cases {
        let debt = debt(code);
        let claim = charge
            .claim(&debt, day("2026-02-14"), &rates::Rates::shipped())
            .unwrap();
        let found = claim.interest.as_ref().map(|accrued| accrued.earned);
        assert_eq!(
            (claim.profile, found),
            (profile, interest.map(eur)),
            "{charge:?} {code}"
        );
        assert_eq!(claim.compensation, compensation.map(eur));
        let bearing = charge.bearing(&debt);
        assert_eq!(bearing.is_ok(), interest.is_some());
        assert!(bearing.is_err() || bearing.unwrap().1 == day("2026-01-15"));
    }
}

#[test]
fn a_charge_by_a_law_without_a_rate_is_found_before_it_is_needed() {
    let judged = |value: Value, on: &str| {
        let charge = outcome(&value, Charge::read).unwrap();
        charge.judge_rate(day(on), &rates::Rates::shipped()).is_ok()
    };
    for profile in ["eu", "de", "gb", "in"] {
        let charge = json!({"kind": "statutory", "profile": profile});
        assert!(judged(charge.clone(), "2026-01-12"), "{profile}");
        assert!(!judged(charge, "2014-12-31"), "{profile}");
    }
    for charge in [
        json!({"kind": "statutory"}),
        json!({"kind": "statutory", "profile": "none"}),
        json!({"kind": "interest", "percent": "10"}),
    ] {
        assert!(judged(charge.clone(), "2014-12-31"), "{charge}");
    }
}

proptest! {
    #[test]
    fn thirty_day_months_add_up_wherever_a_period_is_split(a in 0i64..4_000, b in 0i64..4_000, c in 0i64..4_000) {
        let mut days = [a, b, c].map(|days| crate::calendar::plus_days(day("2019-06-30"), days));
        days.sort();
        let [first, middle, last] = days;
        for count in [DayCount::Thirty360, DayCount::Actual365, DayCount::Actual360] {
            let parts = count.count(first, middle).days + count.count(middle, last).days;
            prop_assert_eq!(parts, count.count(first, last).days);
            prop_assert!(count.count(first, middle).days >= 0);
        }
    }
}

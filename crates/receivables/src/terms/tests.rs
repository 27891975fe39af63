use proptest::prelude::*;
use serde_json::json;

use super::*;

fn money(minor: i64, code: &str) -> Money {
    Money::new(minor, Currency::parse(code).unwrap())
}

fn eur(minor: i64) -> Money {
    money(minor, "EUR")
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn read(value: &Value) -> Result<Terms, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let terms = Terms::read(&mut fields, Currency::parse("EUR").ok());
    fields.finish(|| terms)
}

fn problems<T>(result: Result<T, Vec<FieldError>>) -> Vec<(String, String)> {
    let errors = result.err().unwrap_or_default();
    errors
        .into_iter()
        .map(|error| (error.pointer, error.code.into_owned()))
        .collect()
}

/// `2026-01-31 30.00, 2026-02-28 70.00`
fn shown(terms: &Terms, issue_on: &str, total: Money) -> String {
    let schedule = terms.schedule(day(issue_on), total).unwrap();
    let parts = schedule
        .instalments
        .iter()
        .map(|part| format!("{} {}", part.due_on, part.amount.amount()));
    match schedule.instalments.is_empty() {
        true => schedule.due_on.to_string(),
        false => parts.collect::<Vec<_>>().join(", "),
    }
}

#[test]
fn due_dates_are_counted_from_the_issue_date() {
    let end_of_month = |months, days| json!({"kind": "end_of_month", "months": months, "days": days});
    let day_of_month = |day, months| json!({"kind": "day_of_month", "day": day, "months": months});
    // Source: the calendar; 2028 is a leap year.
    let cases = [
        (json!({"kind": "net", "days": 30}), "2026-01-15", "2026-02-14"),
        (json!({"kind": "net", "days": 0}), "2026-01-15", "2026-01-15"),
        (json!({"kind": "end_of_month"}), "2026-01-15", "2026-01-31"),
        (end_of_month(0, 0), "2026-01-31", "2026-01-31"),
        (end_of_month(0, 0), "2026-02-01", "2026-02-28"),
        (end_of_month(1, 0), "2028-01-31", "2028-02-29"),
        (end_of_month(1, 0), "2026-12-05", "2027-01-31"),
        // "45 days end of month", the month first: end of January and 45 days.
        (end_of_month(0, 45), "2026-01-15", "2026-03-17"),
        (day_of_month(15, 1), "2026-01-20", "2026-02-15"),
        (day_of_month(15, 1), "2026-12-31", "2027-01-15"),
        (day_of_month(31, 1), "2026-01-20", "2026-02-28"),
        (day_of_month(30, 1), "2028-01-20", "2028-02-29"),
        (day_of_month(15, 0), "2026-01-10", "2026-01-15"),
        (day_of_month(15, 0), "2026-01-15", "2026-01-15"),
        // The 15th has passed.
        (day_of_month(15, 0), "2026-01-16", "2026-02-15"),
        (
            json!({"kind": "day_of_month", "day": 31}),
            "2026-02-01",
            "2026-02-28",
        ),
    ];
    for (terms, issue_on, due_on) in cases {
        assert_eq!(
            shown(&read(&terms).unwrap(), issue_on, eur(10_000)),
            due_on,
            "{terms} from {issue_on}"
        );
    }
}

fn thirty_fifty_twenty() -> Terms {
    let parts =
        json!([{"percent": "30", "days": 0}, {"percent": "50", "days": 30}, {"percent": "20", "days": 60}]);
    read(&json!({"kind": "instalments", "parts": parts})).unwrap()
}

#[test]
fn parts_add_up_and_the_last_takes_the_rounding() {
    let thirds = json!([{"percent": "33.3333", "days": 30}, {"percent": "33.3333", "days": 60},
        {"percent": "33.3334", "days": 90}]);
    let thirds = read(&json!({"kind": "instalments", "parts": thirds})).unwrap();
    let fixed = json!([{"amount": "40.00", "due_date": "2026-02-01"},
        {"amount": {"amount": "60.00", "currency": "EUR"}, "due_date": "2026-03-01"}]);
    let fixed = read(&json!({"kind": "instalments", "parts": fixed})).unwrap();
    let mixed = json!([{"percent": "50", "days": 0}, {"percent": "50", "due_date": "2026-06-30"}]);
    let mixed = read(&json!({"kind": "instalments", "parts": mixed})).unwrap();
    let cases = [
        (
            &thirty_fifty_twenty(),
            eur(10_000),
            "2026-01-01 30.00, 2026-01-31 50.00, 2026-03-02 20.00",
        ),
        (
            &thirds,
            eur(10_000),
            "2026-01-31 33.33, 2026-03-02 33.33, 2026-04-01 33.34",
        ),
        // 33.3333 % of 0.05 is 0.0167: 0.02 twice, and the last takes what is left.
        (
            &thirds,
            eur(5),
            "2026-01-31 0.02, 2026-03-02 0.02, 2026-04-01 0.01",
        ),
        (
            &thirds,
            money(100, "JPY"),
            "2026-01-31 33, 2026-03-02 33, 2026-04-01 34",
        ),
        (&fixed, eur(10_000), "2026-02-01 40.00, 2026-03-01 60.00"),
        (&mixed, eur(10_001), "2026-01-01 50.01, 2026-06-30 50.00"),
    ];
    for (terms, total, parts) in cases {
        assert_eq!(shown(terms, "2026-01-01", total), parts);
    }
}

/// The worked example "30/50/20 terms on 100, 40 paid: 0/40/20 left".
#[test]
fn money_fills_the_parts_from_the_earliest() {
    let schedule = thirty_fifty_twenty()
        .schedule(day("2026-01-01"), eur(10_000))
        .unwrap();
    let cases = [
        (10_000, [3_000, 5_000, 2_000]),
        (6_000, [0, 4_000, 2_000]),
        (7_000, [0, 5_000, 2_000]),
        (7_001, [1, 5_000, 2_000]),
        (2_000, [0, 0, 2_000]),
        (1, [0, 0, 1]),
        (0, [0, 0, 0]),
    ];
    for (balance, expected) in cases {
        assert_eq!(
            open_parts(&schedule.instalments, eur(balance)).unwrap(),
            expected.map(eur),
            "{balance} left of 100.00"
        );
    }
    let yen = money(1, "JPY");
    assert!(matches!(
        open_parts(&schedule.instalments, yen),
        Err(MoneyError::CurrencyMismatch { .. })
    ));
}

#[test]
fn terms_that_cannot_work_are_refused_with_every_reason() {
    let parts = |parts: Value| json!({"kind": "instalments", "parts": parts});
    let cases = [
        (json!({}), vec![("/kind", "required")]),
        (json!({"kind": "cash"}), vec![("/kind", "unknown_value")]),
        (json!({"kind": "net"}), vec![("/days", "required")]),
        (
            json!({"kind": "net", "days": 366}),
            vec![("/days", "out_of_range")],
        ),
        (
            json!({"kind": "net", "days": 1, "months": 1}),
            vec![("/months", "unknown_field")],
        ),
        (
            json!({"kind": "end_of_month", "months": 13, "days": -1}),
            vec![("/months", "out_of_range"), ("/days", "out_of_range")],
        ),
        (
            json!({"kind": "day_of_month", "day": 32, "months": "x"}),
            vec![("/day", "out_of_range"), ("/months", "wrong_type")],
        ),
        (json!({"kind": "instalments"}), vec![("/parts", "required")]),
        (
            parts(json!([{"percent": "100", "days": 0}])),
            vec![("/parts", "required")],
        ),
        (
            parts(json!([{"percent": "30", "days": 0}, {"percent": "60", "days": 30}])),
            vec![("/parts", "not_the_total")],
        ),
        (
            parts(json!([{"percent": "50", "days": 30}, {"percent": "50", "days": 30}])),
            vec![("/parts/1", "unordered")],
        ),
        (
            parts(
                json!([{"percent": "40", "due_date": "2026-02-01"}, {"percent": "50", "due_date": "2026-01-01"}]),
            ),
            vec![("/parts", "not_the_total"), ("/parts/1", "unordered")],
        ),
        (
            parts(json!([{"percent": "50", "days": 0}, {"amount": "50.00", "days": 30}])),
            vec![("/parts", "one_of")],
        ),
        (
            parts(
                json!([{"percent": "50", "amount": "5.00", "days": 0}, {"days": 1, "due_date": "2026-01-01"}]),
            ),
            vec![
                ("/parts/0", "one_of"),
                ("/parts/1", "one_of"),
                ("/parts/1", "one_of"),
            ],
        ),
        (
            parts(json!([{"amount": "0.00", "days": 0}, {"amount": "5.001", "days": 1}])),
            vec![
                ("/parts/0/amount", "not_positive"),
                ("/parts/1/amount", "amount_too_many_digits"),
            ],
        ),
    ];
    for (document, expected) in cases {
        let expected: Vec<_> = expected
            .into_iter()
            .map(|(p, c)| (p.to_owned(), c.to_owned()))
            .collect();
        assert_eq!(problems(read(&document)), expected, "{document}");
    }
}

#[test]
fn a_customers_terms_hold_for_any_invoice() {
    let read = Terms::parse_default;
    let shares = json!({"kind": "instalments", "parts": [{"percent": "50", "days": 0}, {"percent": "50", "days": 30}]});
    assert!(read(&shares).is_ok());
    let fixed = json!({"kind": "instalments", "parts": [{"amount": "5.00", "due_date": "2026-01-01"}]});
    let expected = [
        ("/parts/0/amount", "not_allowed"),
        ("/parts/0/due_date", "not_allowed"),
        ("/parts/0/percent", "required"),
        ("/parts/0/days", "required"),
    ];
    assert_eq!(
        problems(read(&fixed)),
        expected.map(|(p, c)| (p.to_owned(), c.to_owned()))
    );
}

#[test]
fn what_does_not_fit_the_invoice_is_said() {
    let parts = |parts: Value| read(&json!({"kind": "instalments", "parts": parts})).unwrap();
    let fixed = parts(json!([{"amount": "40.00", "days": 0}, {"amount": "60.00", "days": 30}]));
    let dated = parts(json!([{"percent": "50", "days": 30}, {"percent": "50", "due_date": "2026-01-31"}]));
    let early = parts(json!([{"percent": "50", "due_date": "2025-12-31"}, {"percent": "50", "days": 0}]));
    let cases = [
        (&fixed, eur(10_001), "/terms/parts", "not_the_total"),
        (&fixed, eur(9_999), "/terms/parts", "not_the_total"),
        (
            &fixed,
            money(10_000, "USD"),
            "/terms/parts/0",
            "currency_mismatch",
        ),
        (&dated, eur(10_000), "/terms/parts/1", "unordered"),
        (&early, eur(10_000), "/terms/parts/0", "before_issue_date"),
        (&thirty_fifty_twenty(), eur(1), "/terms/parts/0", "not_positive"),
        // 0.01, 0.01, and nothing is left for the last.
        (&thirty_fifty_twenty(), eur(2), "/terms/parts/2", "not_positive"),
    ];
    for (terms, total, pointer, code) in cases {
        let error = terms.schedule(day("2026-01-01"), total).unwrap_err();
        assert_eq!(
            (error.pointer.as_str(), error.code.as_ref()),
            (pointer, code),
            "{total}"
        );
    }
    let never = Terms::Net { days: 1 }
        .schedule(NaiveDate::MAX, eur(1))
        .unwrap_err();
    assert_eq!(never.code, "date_out_of_range");
}

#[test]
fn terms_are_written_as_they_are_read() {
    let documents = [
        json!({"kind": "net", "days": 30}),
        json!({"kind": "end_of_month", "months": 1, "days": 10}),
        json!({"kind": "day_of_month", "day": 15, "months": 1}),
        json!({"kind": "instalments", "parts": [{"percent": "30", "days": 0}, {"percent": "70", "due_date": "2026-02-01"}]}),
        json!({"kind": "instalments", "parts": [
            {"amount": {"amount": "30.00", "currency": "EUR"}, "days": 0},
            {"amount": {"amount": "70.00", "currency": "EUR"}, "days": 1}]}),
    ];
    for document in documents {
        assert_eq!(serde_json::to_value(read(&document).unwrap()).unwrap(), document);
    }
}

proptest! {
    #[test]
    fn parts_always_add_up_and_stay_open_for_what_is_owed(
        total in 1i64..100_000_000, cuts in prop::collection::btree_set(1u32..100, 1..8), share in 0i64..=1_000,
    ) {
        let mut from = 0;
        let parts: Vec<Value> = cuts.iter().copied().chain([100]).map(|to| {
            let part = json!({"percent": (to - from).to_string(), "days": to});
            from = to;
            part
        }).collect();
        let terms = read(&json!({"kind": "instalments", "parts": parts})).unwrap();
        let Ok(schedule) = terms.schedule(day("2026-01-01"), eur(total)) else {
            prop_assert!(total < 800, "only a few cents are too little for a part");
            return Ok(());
        };
        let amounts: Vec<i64> = schedule.instalments.iter().map(|part| part.amount.minor()).collect();
        prop_assert_eq!(amounts.iter().sum::<i64>(), total);
        prop_assert!(amounts.iter().all(|minor| *minor > 0));
        prop_assert!(schedule.instalments.is_sorted_by(|a, b| a.due_on < b.due_on));
        let balance = total / 1_000 * share;
        let open: Vec<i64> = open_parts(&schedule.instalments, eur(balance)).unwrap().iter().map(Money::minor).collect();
        prop_assert_eq!(open.iter().sum::<i64>(), balance);
        // The database keeps the same by a sum over the later parts.
        for (at, owed) in open.iter().enumerate() {
            let later: i64 = amounts.iter().skip(at + 1).sum();
            prop_assert_eq!(*owed, (balance - later).min(amounts[at]).max(0));
        }
    }

    #[test]
    fn nothing_is_due_before_it_is_issued(days in 0u32..=365, months in 0u32..=12, day in 1u32..=31, offset in 0i64..4_000) {
        let issue = crate::calendar::plus_days("2020-01-01".parse().unwrap(), offset);
        for terms in [Terms::Net { days }, Terms::EndOfMonth { months, days }, Terms::DayOfMonth { day, months }] {
            let schedule = terms.schedule(issue, eur(1)).unwrap();
            prop_assert!(schedule.due_on >= issue, "{:?}", terms);
            prop_assert!(schedule.instalments.is_empty());
        }
    }
}

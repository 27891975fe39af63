//! Which rate counts on which day.

use serde_json::{Value, json};

use super::*;
use crate::charges::tests::{day, percent};

#[test]
fn the_shipped_rates_are_those_published() {
    // Single values as the central banks publish them, chosen where rates changed.
    let cases = [
        (Series::EcbReference, "2014-12-31", None),
        (Series::EcbReference, "2015-01-01", Some("0.05")),
        (Series::EcbReference, "2016-06-30", Some("0.05")),
        (Series::EcbReference, "2016-07-01", Some("0")),
        (Series::EcbReference, "2022-12-31", Some("0")),
        (Series::EcbReference, "2023-01-01", Some("2.5")),
        (Series::EcbReference, "2023-07-01", Some("4")),
        (Series::EcbReference, "2024-01-01", Some("4.5")),
        (Series::EcbReference, "2024-12-31", Some("4.25")),
        (Series::EcbReference, "2025-01-01", Some("3.15")),
        (Series::EcbReference, "2025-07-01", Some("2.15")),
        (Series::EcbReference, "2026-06-30", Some("2.15")),
        (Series::EcbReference, "2026-07-01", None),
        (Series::DeBaseRate, "2016-07-01", Some("-0.88")),
        (Series::DeBaseRate, "2023-01-01", Some("1.62")),
        (Series::DeBaseRate, "2023-07-01", Some("3.12")),
        (Series::DeBaseRate, "2024-01-01", Some("3.62")),
        (Series::DeBaseRate, "2024-07-01", Some("3.37")),
        (Series::DeBaseRate, "2025-01-01", Some("2.27")),
        (Series::DeBaseRate, "2026-01-01", Some("1.27")),
        (Series::DeBaseRate, "2026-07-01", None),
        (Series::GbBankRate, "2020-06-30", Some("0.75")),
        (Series::GbBankRate, "2020-07-01", Some("0.1")),
        (Series::GbBankRate, "2022-07-01", Some("1.25")),
        (Series::GbBankRate, "2024-12-31", Some("5.25")),
        (Series::GbBankRate, "2025-01-01", Some("4.75")),
        (Series::GbBankRate, "2025-07-01", Some("4.25")),
        (Series::GbBankRate, "2026-01-01", Some("3.75")),
        (Series::GbBankRate, "2026-07-01", None),
        (Series::InBankRate, "2019-10-03", None),
        (Series::InBankRate, "2022-05-03", Some("4.25")),
        (Series::InBankRate, "2022-05-04", Some("4.65")),
        (Series::InBankRate, "2023-02-08", Some("6.75")),
        (Series::InBankRate, "2025-02-06", Some("6.75")),
        (Series::InBankRate, "2025-12-05", Some("5.5")),
        (Series::InBankRate, "2026-02-05", Some("5.5")),
        (Series::InBankRate, "2026-02-06", None),
    ];
    let rates = Rates::shipped();
    for (series, on, expected) in cases {
        assert_eq!(rates.on(series, day(on)), expected.map(percent), "{series} {on}");
    }
}

#[test]
fn the_base_rate_follows_the_european_central_banks() {
    // Section 247(1) BGB: it moves by as many points. Since 2016 it has been 0.88 below, with nothing else.
    let rates = Rates::shipped();
    for entry in rates.entries(Series::DeBaseRate) {
        let ecb = rates.on(Series::EcbReference, entry.from).unwrap();
        assert_eq!(
            ecb.ten_thousandths() - entry.percent.ten_thousandths(),
            8_800,
            "{}",
            entry.from
        );
    }
}

#[test]
fn shipped_rates_leave_no_gap_and_do_not_overlap() {
    let rates = Rates::shipped();
    for series in Series::all() {
        let entries: Vec<&Entry> = rates.entries(series).collect();
        for pair in entries.windows(2) {
            assert_eq!(calendar::plus_days(pair[0].to, 1), pair[1].from, "{series}");
        }
        for entry in entries {
            assert!(
                entry.from <= entry.to && entry.shipped && !entry.source.is_empty(),
                "{series}"
            );
        }
    }
}

#[test]
fn members_with_a_currency_of_their_own_have_a_series_of_their_own() {
    let country = |code: &str| Country::parse(code).unwrap();
    assert_eq!(Series::of_member(country("FR")), Series::EcbReference);
    let rates = Rates::shipped();
    let cases = [
        ("SE", "reference_se", "2026-01-01", None),
        ("HR", "reference_hr", "2022-12-31", None),
        ("HR", "reference_hr", "2023-01-01", Some("2.5")),
        ("BG", "reference_bg", "2025-12-31", None),
        ("BG", "reference_bg", "2026-01-01", Some("2.15")),
    ];
    for (code, name, on, expected) in cases {
        let series = Series::of_member(country(code));
        assert_eq!(series.to_string(), name);
        assert_eq!(rates.on(series, day(on)), expected.map(percent), "{name} {on}");
    }
    for series in Series::all() {
        assert_eq!(Series::parse(&series.to_string()), Some(series));
    }
    for unknown in ["", "reference_fr", "reference_de", "libor"] {
        assert_eq!(Series::parse(unknown), None, "{unknown}");
    }
}

fn entries(series: Series, given: Value) -> Vec<Entry> {
    Entry::read_all(series, &json!({"entries": given})).unwrap()
}

#[test]
fn an_administrators_entry_extends_the_table_and_comes_before_a_shipped_one() {
    let given = json!([
        {"from": "2026-07-01", "percent": "2.4", "source": "ECB, 1 July 2026"},
        {"from": "2026-01-01", "to": "2026-03-31", "percent": "2.2", "source": "a correction"},
    ]);
    let rates = Rates::shipped().with(entries(Series::EcbReference, given));
    let cases = [
        ("2025-12-31", Some("2.15")),
        ("2026-01-01", Some("2.2")),
        // What the correction ends with is not the shipped rate again.
        ("2026-04-01", None),
        ("2026-07-01", Some("2.4")),
        ("2026-12-31", Some("2.4")),
        ("2027-01-01", None),
    ];
    for (on, expected) in cases {
        assert_eq!(
            rates.on(Series::EcbReference, day(on)),
            expected.map(percent),
            "{on}"
        );
    }
}

#[test]
fn indias_bank_rate_stands_until_the_next_and_half_a_year_without_a_word() {
    let given = json!([
        {"from": "2026-02-06", "percent": "5.5", "source": "RBI, left unchanged"},
        {"from": "2026-04-08", "percent": "5.25", "source": "RBI"},
        {"from": "2026-10-20", "to": "2026-10-31", "percent": "5", "source": "RBI"},
    ]);
    let rates = Rates::shipped().with(entries(Series::InBankRate, given));
    let cases = [
        ("2026-04-07", Some("5.5")),
        ("2026-04-08", Some("5.25")),
        // 183 days after 8 April.
        ("2026-10-08", Some("5.25")),
        ("2026-10-09", None),
        ("2026-10-31", Some("5")),
        ("2026-11-01", None),
    ];
    for (on, expected) in cases {
        assert_eq!(
            rates.on(Series::InBankRate, day(on)),
            expected.map(percent),
            "{on}"
        );
    }
}

/// A series, what is given for it, and the problems that makes.
type Case<'a> = (Series, Value, &'a [(&'a str, &'a str)]);

#[test]
fn every_problem_of_an_entry_is_named() {
    let entry = |from: &str| json!({"from": from, "percent": "2", "source": "s"});
    let cases: [Case<'_>; 7] = [
        (Series::EcbReference, json!({}), &[("/entries", "required")]),
        (
            Series::EcbReference,
            json!({"entries": [{}]}),
            &[
                ("/entries/0/from", "required"),
                ("/entries/0/percent", "required"),
                ("/entries/0/source", "required"),
            ],
        ),
        (
            Series::GbBankRate,
            json!({"entries": [entry("2026-08-06")]}),
            &[("/entries/0/from", "not_a_half_year")],
        ),
        (
            Series::DeBaseRate,
            json!({"entries": [{"from": "2026-07-01", "to": "2027-01-01", "percent": "2", "source": "s"}]}),
            &[("/entries/0/to", "out_of_range")],
        ),
        (
            Series::InBankRate,
            json!({"entries": [{"from": "2026-07-02", "to": "2026-07-01", "percent": "2", "source": "s"}]}),
            &[("/entries/0/to", "out_of_range")],
        ),
        (
            Series::InBankRate,
            json!({"entries": [entry("2026-07-02"), entry("2026-07-02")]}),
            &[("/entries/1/from", "duplicate")],
        ),
        (
            Series::EcbReference,
            json!({"entries": [{"from": "2026-07-01", "percent": "-101", "source": " "}], "x": 1}),
            &[
                ("/entries/0/percent", "out_of_range"),
                ("/entries/0/source", "empty"),
                ("/x", "unknown_field"),
            ],
        ),
    ];
    for (series, given, expected) in cases {
        let found = Entry::read_all(series, &given).unwrap_err();
        let found: Vec<(&str, &str)> = found
            .iter()
            .map(|error| (error.pointer.as_str(), error.code.as_ref()))
            .collect();
        assert_eq!(found, expected, "{given}");
    }
    assert_eq!(
        Entry::read_all(Series::EcbReference, &json!({"entries": []})),
        Ok(Vec::new())
    );
}

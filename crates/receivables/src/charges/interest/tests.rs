//! What accrues on a balance.

use super::*;
use crate::charges::DayCount;
use crate::charges::rates::{Entry, Series};
use crate::charges::tests::{day, eur, money, percent};

fn agreed(rate: &str) -> Terms {
    Terms {
        rate: Rate::Agreed {
            percent: percent(rate),
            tiers: Vec::new(),
        },
        compounding: Compounding::Simple,
        day_count: DayCount::Actual365,
        grace_days: 0,
        after_principal: AfterPrincipal::Keep,
    }
}

fn referring(series: Series, fixing: Fixing) -> Terms {
    let rate = Rate::Reference {
        series,
        times: 1,
        points: percent("8"),
        fixing,
    };
    Terms { rate, ..agreed("1") }
}

/// Owed from the first of January, and paid in parts.
fn paid(owed: Money, parts: &[(&str, &str)]) -> History {
    let parts = parts.iter().map(|(on, amount)| {
        let amount = money(amount, owed.currency().code()).checked_neg().unwrap();
        (day(on), amount)
    });
    History::of(
        owed.currency(),
        [(day("2020-01-01"), owed)].into_iter().chain(parts),
    )
    .unwrap()
}

fn accrued(terms: &Terms, history: &History, due_on: &str, as_of: &str) -> Accrued {
    accrue(terms, history, day(due_on), day(as_of), &Rates::shipped()).unwrap()
}

#[test]
fn what_a_delay_costs() {
    let none: &[(&str, &str)] = &[];
    let tiered = Terms {
        rate: Rate::Agreed {
            percent: percent("10"),
            tiers: vec![
                Tier {
                    from_day: 31,
                    percent: percent("12"),
                },
                Tier {
                    from_day: 61,
                    percent: percent("15"),
                },
            ],
        },
        ..agreed("10")
    };
    let grace = |days: u32| Terms {
        grace_days: days,
        ..agreed("10")
    };
    let count = |day_count: DayCount| Terms {
        day_count,
        ..agreed("10")
    };
    let rests = |compounding: Compounding, day_count: DayCount| Terms {
        compounding,
        day_count,
        ..agreed("12")
    };
    let cases = [
        // 100 x 10 % x 15 / 365 = 0.4109...
        (
            "fifteen days",
            agreed("10"),
            none,
            "100.00",
            "2026-01-15",
            "2026-01-30",
            "0.41",
        ),
        (
            "the first day",
            agreed("10"),
            none,
            "3650.00",
            "2026-01-15",
            "2026-01-16",
            "1.00",
        ),
        (
            "the due date itself",
            agreed("10"),
            none,
            "3650.00",
            "2026-01-15",
            "2026-01-15",
            "0.00",
        ),
        (
            "not due yet",
            agreed("10"),
            none,
            "3650.00",
            "2026-01-15",
            "2026-01-01",
            "0.00",
        ),
        // 3,000 x 11.75 % x 60 / 365 = 57.9452...
        (
            "sixty days in the United Kingdom",
            agreed("11.75"),
            none,
            "3000.00",
            "2026-01-15",
            "2026-03-16",
            "57.95",
        ),
        // 1.00 x 182.5 days would be 0.05: 36.5 % makes a day a thousandth. 5 days of 1.00 are 0.005: up.
        (
            "half a cent",
            agreed("36.5"),
            none,
            "1.00",
            "2026-01-15",
            "2026-01-20",
            "0.01",
        ),
        (
            "less than half a cent",
            agreed("36.5"),
            none,
            "1.00",
            "2026-01-15",
            "2026-01-19",
            "0.00",
        ),
        // Ten days of 1,000 and twenty of 600 at a thousandth a day: 10.00 + 12.00.
        (
            "a part payment lowers it from its day on",
            agreed("36.5"),
            &[("2026-01-25", "400.00")],
            "1000.00",
            "2026-01-15",
            "2026-02-14",
            "22.00",
        ),
        (
            "paid on the due date",
            agreed("36.5"),
            &[("2026-01-15", "1000.00")],
            "1000.00",
            "2026-01-15",
            "2026-03-01",
            "0.00",
        ),
        (
            "paid a day late",
            agreed("36.5"),
            &[("2026-01-16", "1000.00")],
            "1000.00",
            "2026-01-15",
            "2026-03-01",
            "1.00",
        ),
        (
            "paid too much",
            agreed("36.5"),
            &[("2026-01-16", "5000.00")],
            "1000.00",
            "2026-01-15",
            "2026-03-01",
            "1.00",
        ),
        // Grace delays: of fifteen days five bear none, also for who pays after it. 3,650 at 10 % is 1.00 a day.
        (
            "within the grace",
            grace(5),
            none,
            "3650.00",
            "2026-01-15",
            "2026-01-20",
            "0.00",
        ),
        (
            "after the grace",
            grace(5),
            none,
            "3650.00",
            "2026-01-15",
            "2026-01-30",
            "10.00",
        ),
        // Days 1 to 30 at 1.00, 31 to 60 at 1.20, 61 to 70 at 1.50.
        (
            "the last day before a tier",
            tiered.clone(),
            none,
            "3650.00",
            "2026-01-15",
            "2026-02-14",
            "30.00",
        ),
        (
            "the first day of a tier",
            tiered.clone(),
            none,
            "3650.00",
            "2026-01-15",
            "2026-02-15",
            "31.20",
        ),
        (
            "tiers by age",
            tiered.clone(),
            none,
            "3650.00",
            "2026-01-15",
            "2026-03-26",
            "81.00",
        ),
        // A tier counts from the due date, whatever the grace: 30 - 20 days at 1.00, one at 1.20.
        (
            "a tier after a grace",
            Terms {
                grace_days: 20,
                ..tiered
            },
            none,
            "3650.00",
            "2026-01-15",
            "2026-02-15",
            "11.20",
        ),
        // A leap year of 366 days at 10 %: 36,600 x 10 % x 366 / 365 = 3,670.03; / 360 = 3,721.00.
        (
            "actual/365",
            count(DayCount::Actual365),
            none,
            "36600.00",
            "2023-12-31",
            "2024-12-31",
            "3670.03",
        ),
        (
            "actual/360",
            count(DayCount::Actual360),
            none,
            "36600.00",
            "2023-12-31",
            "2024-12-31",
            "3721.00",
        ),
        (
            "30/360",
            count(DayCount::Thirty360),
            none,
            "36600.00",
            "2023-12-31",
            "2024-12-31",
            "3660.00",
        ),
        (
            "actual/actual",
            count(DayCount::ActualActual),
            none,
            "36600.00",
            "2023-12-31",
            "2024-12-31",
            "3660.00",
        ),
        // 100 x 366/366 over 2024 and 100 x 31/365 in January 2025, at 10 %.
        (
            "actual/actual over two years",
            count(DayCount::ActualActual),
            none,
            "36500.00",
            "2023-12-31",
            "2025-01-31",
            "3960.00",
        ),
        // 1,000 x 1.01 ^ 3 - 1,000; then half a month more of 1,030.301 at 1 %.
        (
            "monthly rests",
            rests(Compounding::Monthly, DayCount::Thirty360),
            none,
            "1000.00",
            "2026-01-15",
            "2026-04-15",
            "30.30",
        ),
        (
            "half a month after a rest",
            rests(Compounding::Monthly, DayCount::Thirty360),
            none,
            "1000.00",
            "2026-01-15",
            "2026-04-30",
            "35.45",
        ),
        // 1,000 x 1.12 ^ 2 - 1,000.
        (
            "yearly rests",
            rests(Compounding::Yearly, DayCount::Thirty360),
            none,
            "1000.00",
            "2024-01-15",
            "2026-01-15",
            "254.40",
        ),
        // 10,000 x (1 + 0.12 / 365) ^ 365 - 10,000 = 1,274.7461...
        (
            "daily rests",
            rests(Compounding::Daily, DayCount::Actual365),
            none,
            "10000.00",
            "2024-12-31",
            "2025-12-31",
            "1274.75",
        ),
        // 1,010 of capital after a month, 500 of it paid then: 5.10 in the second month.
        (
            "a part payment at a rest",
            rests(Compounding::Monthly, DayCount::Thirty360),
            &[("2026-02-15", "500.00")],
            "1000.00",
            "2026-01-15",
            "2026-03-15",
            "15.10",
        ),
    ];
    for (what, terms, parts, owed, due_on, as_of, expected) in cases {
        let accrued = accrued(&terms, &paid(eur(owed), parts), due_on, as_of);
        assert_eq!(accrued.earned, eur(expected), "{what}");
        assert_eq!(accrued.claimable, accrued.earned, "{what}");
    }
}

#[test]
fn each_currency_is_rounded_to_its_own_digits() {
    // 73 of 365 days at 10 % are 2 %.
    let cases = [
        ("1025", "JPY", "21"),
        ("1.025", "KWD", "0.021"),
        ("10.25", "EUR", "0.21"),
        ("1.0250", "CLF", "0.0205"),
    ];
    for (owed, code, expected) in cases {
        let history = paid(money(owed, code), &[]);
        let accrued = accrued(&agreed("10"), &history, "2026-01-15", "2026-03-29");
        assert_eq!(accrued.earned, money(expected, code), "{owed} {code}");
    }
}

#[test]
fn paid_principal_leaves_its_interest_claimable_where_the_terms_keep_it() {
    // 100 at 10 % for fifteen days: 0.41. With a fee of 10: 110.41, and 10.41 after 100 is paid to principal.
    let history = paid(eur("100.00"), &[("2026-01-30", "100.00")]);
    for (after_principal, claimable) in [(AfterPrincipal::Keep, "0.41"), (AfterPrincipal::Drop, "0.00")] {
        let terms = Terms {
            after_principal,
            ..agreed("10")
        };
        for as_of in ["2026-01-30", "2026-06-30"] {
            let accrued = accrued(&terms, &history, "2026-01-15", as_of);
            let found = (accrued.earned, accrued.claimable);
            assert_eq!(
                found,
                (eur("0.41"), eur(claimable)),
                "{after_principal:?} {as_of}"
            );
            // What was posted before is never taken back for it.
            assert_eq!(accrued.against(eur("0.41")), Ok(Correction::Nothing));
        }
    }
    let open = accrued(
        &Terms {
            after_principal: AfterPrincipal::Drop,
            ..agreed("10")
        },
        &paid(eur("100.00"), &[("2026-01-20", "99.99")]),
        "2026-01-15",
        "2026-01-30",
    );
    assert_eq!(open.claimable, open.earned, "a cent of principal is open");
}

#[test]
fn a_payment_known_late_changes_what_is_posted() {
    let terms = agreed("36.5");
    // Thirty days of 1,000.00 at a thousandth were posted; then 400.00 turn up with the value of the tenth day.
    let before = accrued(&terms, &paid(eur("1000.00"), &[]), "2026-01-15", "2026-02-14");
    assert_eq!(before.against(eur("0.00")), Ok(Correction::Post(eur("30.00"))));
    assert_eq!(before.not_posted(eur("12.00")), Ok(eur("18.00")));
    assert_eq!(before.against(eur("30.00")), Ok(Correction::Nothing));
    let late = paid(eur("1000.00"), &[("2026-01-25", "400.00")]);
    let after = accrued(&terms, &late, "2026-01-15", "2026-02-14");
    assert_eq!(after.against(before.earned), Ok(Correction::Reverse(eur("8.00"))));
    assert_eq!(after.not_posted(before.earned), Ok(eur("0.00")));
}

#[test]
fn a_person_can_check_each_period() {
    let terms = Terms {
        day_count: DayCount::ActualActual,
        ..agreed("10")
    };
    let history = paid(eur("1000.00"), &[("2025-01-10", "400.00")]);
    let accrued = accrued(&terms, &history, "2024-12-21", "2025-01-20");
    let json = serde_json::to_value(&accrued).unwrap();
    let period = |from: &str, to: &str, days: i64, year: i64, principal: &str, interest: &str| {
        serde_json::json!({
            "from": from, "to": to, "days": days, "year": year,
            "principal": {"amount": principal, "currency": "EUR"}, "compounded": "0.00000000", "percent": "10",
            "interest": interest
        })
    };
    let expected = serde_json::json!({
        "as_of": "2025-01-20",
        "earned": {"amount": "7.12", "currency": "EUR"},
        "claimable": {"amount": "7.12", "currency": "EUR"},
        "periods": [
            period("2024-12-22", "2024-12-31", 10, 366, "1000.00", "2.73224044"),
            period("2025-01-01", "2025-01-10", 10, 365, "1000.00", "2.73972603"),
            period("2025-01-11", "2025-01-20", 10, 365, "600.00", "1.64383562"),
        ]
    });
    assert_eq!(json, expected);
}

/// A period is there for a reason: what nothing changes is one period, and no time is none.
#[test]
fn periods_are_no_more_than_what_changes() {
    let periods = |terms: &Terms, paid_on: &[(&str, &str)], as_of: &str| {
        let accrued = accrued(terms, &paid(eur("1000.00"), paid_on), "2024-12-21", as_of);
        serde_json::to_value(&accrued).unwrap()["periods"]
            .as_array()
            .unwrap()
            .len()
    };
    let by_365 = agreed("10");
    let by_year = Terms {
        day_count: DayCount::ActualActual,
        ..agreed("10")
    };
    // Over the end of the year, where the days of the year count, and where they do not.
    assert_eq!(periods(&by_year, &[], "2025-01-20"), 2);
    assert_eq!(periods(&by_365, &[], "2025-01-20"), 1);
    // Money that came on the due date itself, and before any interest begins.
    assert_eq!(periods(&by_365, &[("2024-12-21", "400.00")], "2025-01-20"), 1);
    assert_eq!(periods(&by_365, &[], "2024-12-21"), 0);
}

#[test]
fn a_reference_rate_changes_with_its_half_year_or_is_fixed_on_the_first_day() {
    // The ECB's: 3.15 until 30 June 2025, 2.15 after it. Owed 36,500: a point is 1.00 a day.
    let history = paid(eur("36500.00"), &[]);
    let each = referring(Series::EcbReference, Fixing::EachDay);
    let changing = accrued(&each, &history, "2025-06-20", "2025-07-10");
    let found: Vec<_> = changing
        .periods
        .iter()
        .map(|p| (p.from, p.to, p.percent))
        .collect();
    let expected = [
        (day("2025-06-21"), day("2025-06-30"), percent("11.15")),
        (day("2025-07-01"), day("2025-07-10"), percent("10.15")),
    ];
    assert_eq!(found, expected);
    assert_eq!(changing.earned, eur("213.00"));
    // Bank Rate: 4.75 for what begins in the first half of 2025, 4.25 in the second. Due on 30 June: the second.
    let first = referring(Series::GbBankRate, Fixing::FirstDay);
    for (due_on, rate) in [("2025-06-29", "12.75"), ("2025-06-30", "12.25")] {
        let fixed = accrued(&first, &history, due_on, "2025-07-10");
        let rates: Vec<_> = fixed.periods.iter().map(|p| p.percent).collect();
        assert_eq!(rates, [percent(rate)], "{due_on}");
    }
}

#[test]
fn a_day_without_a_rate_is_an_error_that_names_the_days() {
    let series = Series::EcbReference;
    let history = paid(eur("1000.00"), &[("2026-07-20", "1000.00")]);
    let each = referring(series, Fixing::EachDay);
    let found = |as_of: &str, rates: &Rates| accrue(&each, &history, day("2026-06-20"), day(as_of), rates);
    let no_rate = |from: &str, to: &str| {
        Err(ChargeError::NoRate {
            series,
            from: day(from),
            to: day(to),
        })
    };
    let shipped = Rates::shipped();
    assert!(found("2026-06-30", &shipped).is_ok());
    assert_eq!(found("2026-07-01", &shipped), no_rate("2026-07-01", "2026-07-01"));
    assert_eq!(found("2026-07-15", &shipped), no_rate("2026-07-01", "2026-07-15"));
    assert_eq!(
        found("2026-07-15", &Rates::none()),
        no_rate("2026-06-21", "2026-07-15")
    );
    // An entry later on bounds the gap; one for the gap closes it.
    let entry = |from: &str| {
        let entries = serde_json::json!({"entries": [{"from": from, "percent": "2.25", "source": "a test"}]});
        Entry::read_all(series, &entries).unwrap()
    };
    let later = Rates::shipped().with(entry("2027-01-01"));
    assert_eq!(found("2027-02-01", &later), no_rate("2026-07-01", "2026-12-31"));
    let filled = found("2026-07-15", &Rates::shipped().with(entry("2026-07-01"))).unwrap();
    assert_eq!(filled.periods[1].percent, percent("10.25"));
    // No rate is needed for days on which nothing is owed.
    let paid_in_june = paid(eur("1000.00"), &[("2026-06-25", "1000.00")]);
    assert!(
        accrue(
            &each,
            &paid_in_june,
            day("2026-06-20"),
            day("2026-12-01"),
            &shipped
        )
        .is_ok()
    );
    let fixed = referring(Series::GbBankRate, Fixing::FirstDay);
    let error = accrue(&fixed, &history, day("2026-06-30"), day("2026-07-15"), &shipped).unwrap_err();
    assert_eq!(
        error.to_string(),
        "there is no rate of the series gb_bank_rate for 2026-07-01 to 2026-07-01; an administrator adds it"
    );
    assert_eq!(error.code(), "no_rate");
}

#[test]
fn amounts_beyond_all_measure_are_an_error_and_no_panic() {
    let history = paid(Money::new(i64::MAX, eur("0").currency()), &[]);
    for compounding in [Compounding::Simple, Compounding::Daily, Compounding::Yearly] {
        let terms = Terms {
            compounding,
            ..agreed("1000")
        };
        let error = accrue(
            &terms,
            &history,
            day("2020-01-01"),
            day("2026-01-01"),
            &Rates::none(),
        );
        assert_eq!(
            error,
            Err(ChargeError::Money(MoneyError::Overflow)),
            "{compounding:?}"
        );
    }
}

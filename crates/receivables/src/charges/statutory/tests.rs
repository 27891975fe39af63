//! What the laws grant, in numbers.

use super::*;
use crate::charges::tests::{day, eur, money, percent};

fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

const BUSINESS: CustomerKind = CustomerKind::Business;
const CONSUMER: CustomerKind = CustomerKind::Consumer;

/// The claim on an unpaid invoice that was due on the day of its issue.
fn claimed(
    profile: Profile,
    (kind, code): (CustomerKind, &str),
    owed: Money,
    due_on: &str,
    as_of: &str,
) -> Result<Claim, ChargeError> {
    let history = History::owed_from(day("2020-01-01"), owed);
    let debt = Debt {
        kind,
        country: country(code),
        issued_on: day(due_on),
        due_on: day(due_on),
        history: &history,
    };
    claim(profile, &debt, day(as_of), &Rates::shipped())
}

fn amounts(claim: &Claim) -> (Option<String>, Option<String>) {
    let interest = claim.interest.as_ref().map(|accrued| accrued.claimable.amount());
    (interest, claim.compensation.map(|sum| sum.amount()))
}

#[test]
fn what_each_law_grants() {
    let some = |text: &str| Some(text.to_owned());
    let cases = [
        // 3,000 x 11.75 % x 60 / 365 = 57.9452; a debt from 1,000 to under 10,000: 70. (Act of 1998, ss. 5A, 6.)
        (
            "GB",
            BUSINESS,
            money("3000.00", "GBP"),
            "2026-01-15",
            "2026-03-16",
            (some("57.95"), some("70.00")),
        ),
        // 1,000 x 10.15 % x 30 / 365 = 8.3425; EUR 40. (Directive, Articles 2(6), 6.)
        (
            "FR",
            BUSINESS,
            eur("1000.00"),
            "2026-01-15",
            "2026-02-14",
            (some("8.34"), some("40.00")),
        ),
        // 1,000 x 10.27 % x 30 / 365 = 8.4411; EUR 40. (Section 288(2), (5) BGB.)
        (
            "DE",
            BUSINESS,
            eur("1000.00"),
            "2026-01-15",
            "2026-02-14",
            (some("8.44"), some("40.00")),
        ),
        // 1,000 x 6.27 % x 30 / 365 = 5.1534; no fixed sum. (Section 288(1) BGB.)
        (
            "DE",
            CONSUMER,
            eur("1000.00"),
            "2026-01-15",
            "2026-02-14",
            (some("5.15"), None),
        ),
        // 184 days of 2024 at 3.37 + 9 and 181 of 2025 at 2.27 + 9:
        // 10,000 x (12.37 % x 184 / 366 + 11.27 % x 181 / 365) = 621.8798 + 558.8685.
        (
            "DE",
            BUSINESS,
            eur("10000.00"),
            "2024-06-30",
            "2025-06-30",
            (some("1180.75"), some("40.00")),
        ),
        // A negative base rate counts: 1,000 x (9 - 0.88) % x 365 / 365.
        (
            "DE",
            BUSINESS,
            eur("1000.00"),
            "2020-12-31",
            "2021-12-31",
            (some("81.20"), some("40.00")),
        ),
        // 100,000 x ((1 + 3 x 6.75 % / 12) ^ 3 - 1) = 100,000 x (1.016875 ^ 3 - 1). (MSMED Act 2006, s. 16.)
        (
            "IN",
            BUSINESS,
            money("100000.00", "INR"),
            "2024-01-15",
            "2024-04-15",
            (some("5148.41"), None),
        ),
        // The year of interest at the rate of its first half-year, whatever Bank Rate does: 5.25 + 8.
        (
            "GB",
            BUSINESS,
            money("100000.00", "GBP"),
            "2024-06-30",
            "2025-06-30",
            (some("13250.00"), some("100.00")),
        ),
        (
            "US",
            BUSINESS,
            money("1000.00", "USD"),
            "2026-01-15",
            "2026-02-14",
            (None, None),
        ),
        (
            "FR",
            CONSUMER,
            eur("1000.00"),
            "2026-01-15",
            "2026-02-14",
            (None, None),
        ),
        (
            "GB",
            CONSUMER,
            money("1000.00", "GBP"),
            "2026-01-15",
            "2026-02-14",
            (None, None),
        ),
        (
            "IN",
            CONSUMER,
            money("1000.00", "INR"),
            "2024-01-15",
            "2024-02-14",
            (None, None),
        ),
        // On the due date nothing is late yet.
        (
            "FR",
            BUSINESS,
            eur("1000.00"),
            "2026-01-15",
            "2026-01-15",
            (some("0.00"), None),
        ),
        (
            "FR",
            BUSINESS,
            eur("1000.00"),
            "2026-01-15",
            "2026-01-16",
            (some("0.28"), some("40.00")),
        ),
        // Interest in any currency, the fixed sum in the law's only.
        (
            "FR",
            BUSINESS,
            money("1000.00", "USD"),
            "2026-01-15",
            "2026-02-14",
            (some("8.34"), None),
        ),
    ];
    for (code, kind, owed, due_on, as_of, expected) in cases {
        let profile = profile_of(country(code), None);
        let claim = claimed(profile, (kind, code), owed, due_on, as_of).unwrap();
        assert_eq!(
            amounts(&claim),
            expected,
            "{code} {kind:?} {owed} {due_on} {as_of}"
        );
    }
}

#[test]
fn the_united_kingdoms_fixed_sum_goes_by_the_size_of_the_debt() {
    let cases = [
        ("0.01", Ok("40.00")),
        ("999.99", Ok("40.00")),
        ("1000.00", Ok("70.00")),
        ("9999.99", Ok("70.00")),
        ("10000.00", Ok("100.00")),
        ("0.00", Err(NOT_LATE)),
        ("-1.00", Err(NOT_LATE)),
    ];
    for (debt, expected) in cases {
        let sum = Profile::Gb.compensation(BUSINESS, money(debt, "GBP"));
        assert_eq!(sum, expected.map(|sum| money(sum, "GBP")), "{debt}");
    }
}

#[test]
fn the_debt_is_what_was_unpaid_when_it_became_late() {
    let paid_early = |on: &str| {
        let changes = [(day("2026-01-01"), eur("1000.00")), (day(on), eur("-1000.00"))];
        History::of(eur("0").currency(), changes).unwrap()
    };
    for (on, expected) in [("2026-01-15", None), ("2026-01-16", Some(eur("40.00")))] {
        let history = paid_early(on);
        let debt = Debt {
            kind: BUSINESS,
            country: country("FR"),
            issued_on: day("2026-01-01"),
            due_on: day("2026-01-15"),
            history: &history,
        };
        let claim = claim(Profile::Eu, &debt, day("2026-02-14"), &Rates::shipped()).unwrap();
        assert_eq!(claim.compensation, expected, "paid on {on}");
        assert_eq!(claim.notes.contains(&NOT_LATE), expected.is_none());
    }
}

#[test]
fn a_claim_says_where_the_law_says_so_and_why_something_is_not_claimed() {
    let cases = [
        ("FR", BUSINESS, eur("1.00"), vec![]),
        (
            "DE",
            CONSUMER,
            eur("1.00"),
            vec![CONSUMER_IN_DEFAULT, NOT_FROM_CONSUMERS],
        ),
        ("FR", CONSUMER, eur("1.00"), vec![NOT_FROM_CONSUMERS]),
        ("GB", BUSINESS, eur("1.00"), vec![OTHER_CURRENCY]),
        ("US", BUSINESS, eur("1.00"), vec![NO_LAW]),
    ];
    for (code, kind, owed, notes) in cases {
        let profile = profile_of(country(code), None);
        let claim = claimed(profile, (kind, code), owed, "2026-01-15", "2026-02-14").unwrap();
        assert_eq!(claim.notes, notes, "{code} {kind:?}");
        assert_eq!(claim.citations.is_empty(), profile == Profile::None);
    }
    let india = claimed(
        Profile::In,
        (BUSINESS, "IN"),
        money("1.00", "INR"),
        "2024-01-15",
        "2024-02-15",
    )
    .unwrap();
    assert_eq!(india.notes, [NO_FIXED_SUM]);
}

#[test]
fn the_law_is_that_of_the_country_unless_the_policy_names_one() {
    let cases = [
        ("DE", Profile::De),
        ("GB", Profile::Gb),
        ("IN", Profile::In),
        ("FR", Profile::Eu),
        ("SE", Profile::Eu),
        ("BG", Profile::Eu),
        ("NO", Profile::None),
        ("CH", Profile::None),
        ("US", Profile::None),
    ];
    for (code, expected) in cases {
        assert_eq!(profile_of(country(code), None), expected, "{code}");
        for (_, chosen) in Profile::NAMES {
            assert_eq!(profile_of(country(code), Some(*chosen)), *chosen);
        }
    }
    let members = MEMBERS.iter().map(|code| country(code)).collect::<Vec<_>>();
    assert_eq!(members.len(), 27, "member states since 1 February 2020");
    assert!(MEMBERS.is_sorted());
}

#[test]
fn a_missing_rate_is_an_error_that_says_which() {
    let cases = [
        (
            "FR",
            "2026-06-20",
            "2026-07-10",
            Series::EcbReference,
            "2026-07-01",
            "2026-07-10",
        ),
        (
            "DE",
            "2026-08-01",
            "2026-08-10",
            Series::DeBaseRate,
            "2026-08-02",
            "2026-08-10",
        ),
        (
            "GB",
            "2026-07-15",
            "2026-08-10",
            Series::GbBankRate,
            "2026-07-16",
            "2026-07-16",
        ),
        (
            "IN",
            "2026-02-01",
            "2026-02-10",
            Series::InBankRate,
            "2026-02-06",
            "2026-02-10",
        ),
        (
            "SE",
            "2026-01-15",
            "2026-02-10",
            Series::National(country("SE")),
            "2026-01-16",
            "2026-02-10",
        ),
    ];
    for (code, due_on, as_of, series, from, to) in cases {
        let profile = profile_of(country(code), None);
        let error = claimed(profile, (BUSINESS, code), eur("1000.00"), due_on, as_of).unwrap_err();
        let expected = ChargeError::NoRate {
            series,
            from: day(from),
            to: day(to),
        };
        assert_eq!(error, expected, "{code}");
    }
    // Interest that began before goes on at its own half-year's rate in the United Kingdom.
    assert!(
        claimed(
            Profile::Gb,
            (BUSINESS, "GB"),
            eur("1.00"),
            "2026-06-20",
            "2026-12-10"
        )
        .is_ok()
    );
}

#[test]
fn no_terms_in_india_are_longer_than_forty_five_days() {
    let cases = [
        (Profile::In, "2024-03-30", "2024-02-15"),
        (Profile::In, "2024-02-15", "2024-02-15"),
        (Profile::In, "2024-02-14", "2024-02-14"),
        (Profile::Eu, "2024-03-30", "2024-03-30"),
    ];
    for (profile, due_on, expected) in cases {
        assert_eq!(
            profile.late_after(day("2024-01-01"), day(due_on)),
            day(expected),
            "{due_on}"
        );
    }
}

#[test]
fn the_rates_of_the_laws() {
    let cases = [
        (Profile::Eu, BUSINESS, Some((1, "8"))),
        (Profile::De, BUSINESS, Some((1, "9"))),
        (Profile::De, CONSUMER, Some((1, "5"))),
        (Profile::Gb, BUSINESS, Some((1, "8"))),
        (Profile::In, BUSINESS, Some((3, "0"))),
        (Profile::None, BUSINESS, None),
        (Profile::Eu, CONSUMER, None),
        (Profile::Gb, CONSUMER, None),
        (Profile::In, CONSUMER, None),
    ];
    for (profile, kind, expected) in cases {
        let found = profile
            .interest(kind, country("DE"))
            .ok()
            .and_then(|terms| match terms.rate {
                Rate::Reference { times, points, .. } => Some((times, points)),
                Rate::Agreed { .. } => None,
            });
        assert_eq!(
            found,
            expected.map(|(times, points)| (times, percent(points))),
            "{profile:?} {kind:?}"
        );
    }
}

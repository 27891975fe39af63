//! Plans as tables, and what holds of every debt and in whatever order the money is told of.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::currency::Currency;
use crate::fields::Fields;
use crate::intake::CustomerRef;
use crate::received::Means::{Credit, Money as Paid};

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

/// What fills each instalment, and whether it was met.
type Shown<'a> = &'a [(i64, Option<bool>)];
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

fn part(due: i64, minor: i64) -> Instalment {
    Instalment {
        due_date: jan(due),
        amount: eur(minor),
    }
}

/// 900.00 in three parts of 300.00 on the 10th, 20th and 30th, agreed on the 5th, three days of grace.
fn thirds() -> Plan {
    Plan {
        debt: eur(90_000),
        instalments: vec![part(10, 30_000), part(20, 30_000), part(30, 30_000)],
        discount: eur(0),
        made_on: jan(5),
        grace_days: 3,
    }
}

/// 700.00 instead of 900.00 by the 20th, agreed on the 5th, three days of grace.
fn settlement() -> Plan {
    Plan {
        debt: eur(90_000),
        instalments: vec![part(20, 70_000)],
        discount: eur(20_000),
        made_on: jan(5),
        grace_days: 3,
    }
}

/// `active 0`, `completed 20`, `broken 14 at 0`, `void`.
fn said(judged: Judged) -> String {
    let day = |on: NaiveDate| calendar::days_between(jan(0), on);
    match judged {
        Judged::Active { next } => format!("active {next}"),
        Judged::Completed { on } => format!("completed {}", day(on)),
        Judged::Broken { on, missed } => format!("broken {} at {missed}", day(on)),
        Judged::Void => "void".to_owned(),
    }
}

#[test]
fn equal_instalments_add_up_to_the_cent_and_keep_their_days() {
    let equal = |count, frequency, first: &str| Equal {
        count,
        frequency,
        first_due_date: first.parse().unwrap(),
    };
    let shown = |debt: i64, equal: &Equal| -> Vec<String> {
        let parts = equal.instalments(eur(debt));
        parts
            .iter()
            .map(|part| format!("{} {}", part.due_date, part.amount.amount()))
            .collect()
    };
    let cases: [(&str, i64, Equal, &[&str]); 6] = [
        (
            "a hundred in three",
            10_000,
            equal(3, Frequency::Monthly, "2026-01-15"),
            &["2026-01-15 33.34", "2026-02-15 33.33", "2026-03-15 33.33"],
        ),
        (
            "two cents over",
            20_000,
            equal(3, Frequency::Weekly, "2026-01-29"),
            &["2026-01-29 66.67", "2026-02-05 66.67", "2026-02-12 66.66"],
        ),
        (
            "the end of the month stays the end of the month",
            4_000,
            equal(4, Frequency::Monthly, "2026-01-31"),
            &[
                "2026-01-31 10.00",
                "2026-02-28 10.00",
                "2026-03-31 10.00",
                "2026-04-30 10.00",
            ],
        ),
        (
            "every ten days, in a leap year",
            300,
            equal(3, Frequency::Days(10), "2028-02-20"),
            &["2028-02-20 1.00", "2028-03-01 1.00", "2028-03-11 1.00"],
        ),
        (
            "two cents are not paid in three parts",
            2,
            equal(3, Frequency::Weekly, "2026-01-01"),
            &["2026-01-01 0.01", "2026-01-08 0.01"],
        ),
        (
            "nothing has no parts",
            0,
            equal(3, Frequency::Weekly, "2026-01-01"),
            &[],
        ),
    ];
    for (name, debt, equal, expected) in cases {
        assert_eq!(shown(debt, &equal), expected, "{name}");
    }
    // A dinar has a thousand parts, a yen none: the rest is spread in the currency's own.
    let yen = Money::new(100, Currency::parse("JPY").unwrap());
    let parts = equal(3, Frequency::Weekly, "2026-01-01").instalments(yen);
    let amounts: Vec<String> = parts.iter().map(|part| part.amount.amount()).collect();
    assert_eq!(amounts, ["34", "33", "33"]);
}

#[test]
fn money_fills_instalments_in_order_and_a_missed_one_breaks_the_plan() {
    let cases: [(&str, &[Received], i64, &str); 16] = [
        ("nothing yet", &[], 5, "active 0"),
        ("the last day of grace", &[], 13, "active 0"),
        ("the day after", &[], 14, "broken 14 at 0"),
        ("the first in time", &[line(13, 30_000, Paid)], 14, "active 1"),
        (
            "the first a day late",
            &[line(14, 30_000, Paid)],
            14,
            "broken 14 at 0",
        ),
        (
            "the first in two parts",
            &[line(13, 10_000, Paid), line(8, 20_000, Paid)],
            14,
            "active 1",
        ),
        ("a cent short", &[line(13, 29_999, Paid)], 14, "broken 14 at 0"),
        ("two at once", &[line(9, 60_000, Paid)], 24, "active 2"),
        (
            "the second missed",
            &[line(9, 59_999, Paid)],
            24,
            "broken 24 at 1",
        ),
        ("all at once", &[line(9, 90_000, Paid)], 9, "completed 9"),
        (
            "each in time",
            &[
                line(10, 30_000, Paid),
                line(20, 30_000, Paid),
                line(33, 30_000, Paid),
            ],
            33,
            "completed 33",
        ),
        (
            "all of it, but late",
            &[line(14, 90_000, Paid)],
            40,
            "broken 14 at 0",
        ),
        (
            "the first bounced",
            &[line(10, 30_000, Paid), line(10, -30_000, Paid)],
            14,
            "broken 14 at 0",
        ),
        (
            "a credit takes the last part",
            &[
                line(10, 30_000, Paid),
                line(15, 30_000, Credit),
                line(20, 30_000, Paid),
            ],
            20,
            "completed 20",
        ),
        (
            "a credit for the first pays nothing",
            &[line(10, 30_000, Credit)],
            14,
            "broken 14 at 0",
        ),
        ("nothing is owed any more", &[line(9, 90_000, Credit)], 9, "void"),
    ];
    for (name, received, today, expected) in cases {
        assert_eq!(said(thirds().judge(received, jan(today))), expected, "{name}");
    }
}

#[test]
fn a_settlement_gives_its_discount_only_for_the_whole_sum_in_time() {
    let cases: [(&str, &[Received], i64, &str); 6] = [
        (
            "in full on the last day",
            &[line(23, 70_000, Paid)],
            23,
            "completed 23",
        ),
        ("a day late", &[line(24, 70_000, Paid)], 24, "broken 24 at 0"),
        ("a cent short", &[line(20, 69_999, Paid)], 24, "broken 24 at 0"),
        (
            "a cent short while there is time",
            &[line(20, 69_999, Paid)],
            23,
            "active 0",
        ),
        (
            "a credit lowers it only below what is left",
            &[line(8, 10_000, Credit), line(9, 70_000, Paid)],
            9,
            "completed 9",
        ),
        (
            "so that nobody pays more than is owed",
            &[line(8, 30_000, Credit), line(9, 60_000, Paid)],
            9,
            "completed 9",
        ),
    ];
    for (name, received, today, expected) in cases {
        assert_eq!(said(settlement().judge(received, jan(today))), expected, "{name}");
    }
    let plan = settlement();
    for (left, given) in [
        (20_000, 20_000),
        (20_001, 20_000),
        (10_000, 10_000),
        (0, 0),
        (-5, 0),
    ] {
        assert_eq!(plan.discount_on(eur(left)), Ok(eur(given)), "{left}");
    }
    assert_eq!(thirds().discount_on(eur(500)), Ok(eur(0)));
    assert_eq!(
        (plan.kind(), thirds().kind()),
        (Kind::Settlement, Kind::Instalments)
    );
}

#[test]
fn instalments_show_how_the_money_has_filled_them() {
    let shown = |received: &[Received], today| -> Vec<(i64, Option<bool>)> {
        let filled = thirds().filled(received, jan(today));
        filled
            .iter()
            .map(|part| (part.paid.minor(), part.in_time))
            .collect()
    };
    let (yes, no) = (Some(true), Some(false));
    let cases: [(&[Received], i64, Shown<'_>); 4] = [
        (&[], 5, &[(0, None), (0, None), (0, None)]),
        (
            &[line(9, 40_000, Paid)],
            14,
            &[(30_000, yes), (10_000, None), (0, None)],
        ),
        (
            &[line(14, 40_000, Paid)],
            14,
            &[(30_000, no), (10_000, None), (0, None)],
        ),
        (
            &[line(9, 95_000, Paid)],
            14,
            &[(30_000, yes), (30_000, yes), (30_000, yes)],
        ),
    ];
    for (received, today, expected) in cases {
        assert_eq!(shown(received, today), expected, "{received:?} on {today}");
    }
    let json = serde_json::to_value(thirds().filled(&[], jan(5))[0]).unwrap();
    let expected = json!({
        "due_date": "2026-01-10", "amount": {"amount": "300.00", "currency": "EUR"},
        "paid": {"amount": "0.00", "currency": "EUR"}, "in_time": null
    });
    assert_eq!(json, expected);
}

fn named(errors: Vec<FieldError>) -> Vec<(String, String)> {
    errors
        .into_iter()
        .map(|e| (e.pointer, e.code.into_owned()))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected
        .iter()
        .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
        .collect()
}

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

#[test]
fn a_plan_is_read_with_every_problem_named() {
    let customer = json!({"external_id": "C-1"});
    let read = |value: Value| PlanInput::parse(&value);
    let equal = json!({"count": 3, "frequency": "monthly", "first_due_date": "2026-01-31"});
    let plan = read(json!({"customer": customer, "equal": equal, "note": "Agreed by phone"})).unwrap();
    let expected = Equal {
        count: 3,
        frequency: Frequency::Monthly,
        first_due_date: jan(31),
    };
    assert_eq!((plan.terms, plan.currency), (Terms::Equal(expected), None));
    let days = json!({"count": 2, "frequency": "days", "days": 10, "first_due_date": "2026-01-31"});
    let plan = read(json!({"customer": customer, "equal": days})).unwrap();
    assert!(matches!(
        plan.terms,
        Terms::Equal(Equal {
            frequency: Frequency::Days(10),
            ..
        })
    ));
    let sum = json!({"amount": euros("700.00"), "due_date": "2026-01-20"});
    let plan = read(json!({"customer": customer, "settlement": sum, "grace_days": 0})).unwrap();
    assert_eq!(
        (plan.terms, plan.grace_days),
        (Terms::Settlement(part(20, 70_000)), Some(0))
    );
    assert_eq!(plan.currency, Currency::parse("EUR").ok());
    let parts = json!([{"amount": euros("1.00"), "due_date": "2026-01-20"}]);
    let plan = read(json!({"customer": customer, "instalments": parts})).unwrap();
    assert_eq!(plan.terms, Terms::Free(vec![part(20, 100)]));

    let cases = [
        (json!({"customer": customer}), &[("", "one_of")][..]),
        (
            json!({"customer": customer, "equal": equal, "settlement": sum}),
            &[("", "one_of")],
        ),
        (
            json!({"customer": customer, "instalments": []}),
            &[("/instalments", "required")],
        ),
        (
            json!({"customer": customer, "instalments": [
                {"amount": euros("1.00"), "due_date": "2026-01-20"}, {"amount": euros("0.00"), "due_date": "2026-01-19"}
            ]}),
            &[("/instalments/1/amount", "not_positive")],
        ),
        (
            json!({"customer": customer, "instalments": [
                {"amount": euros("1.00"), "due_date": "2026-01-20"}, {"amount": euros("1.00"), "due_date": "2026-01-20"},
                {"amount": euros("1.00"), "due_date": "2026-01-19"}
            ]}),
            &[
                ("/instalments/1/due_date", "unordered"),
                ("/instalments/2/due_date", "unordered"),
            ],
        ),
        (
            json!({"equal": {"count": 1, "frequency": "daily", "first_due_date": "soon"}}),
            &[
                ("/customer", "required"),
                ("/equal/count", "out_of_range"),
                ("/equal/frequency", "unknown_value"),
                ("/equal/first_due_date", "invalid_date"),
            ],
        ),
        (
            json!({"customer": customer, "equal": {"count": 2, "frequency": "days", "first_due_date": "2026-01-31"}}),
            &[("/equal/days", "required")],
        ),
        (
            json!({"customer": customer,
                "equal": {"count": 2, "frequency": "weekly", "days": 7, "first_due_date": "2026-01-31"}}),
            &[("/equal/days", "not_allowed")],
        ),
    ];
    for (value, expected) in cases {
        assert_eq!(
            named(read(value.clone()).unwrap_err()),
            pairs(expected),
            "{value}"
        );
    }
}

fn input(terms: Terms) -> PlanInput {
    PlanInput {
        customer: CustomerRef::ExternalId("C-1".to_owned()),
        invoices: Vec::new(),
        currency: None,
        terms,
        grace_days: None,
        note: None,
    }
}

#[test]
fn a_plan_is_made_within_the_policys_limits() {
    let rules = Rules::default();
    let meets = |owed| Meets {
        owed: eur(owed),
        overlaps: false,
        disputed: false,
    };
    let equal = |count, first| {
        Terms::Equal(Equal {
            count,
            frequency: Frequency::Days(10),
            first_due_date: jan(first),
        })
    };
    let free = |parts: &[Instalment]| Terms::Free(parts.to_vec());
    let made = admit(&input(equal(3, 10)), &rules, meets(90_000), jan(5)).unwrap();
    assert_eq!(made, thirds());
    let made = admit(
        &input(Terms::Settlement(part(20, 70_000))),
        &rules,
        meets(90_000),
        jan(5),
    )
    .unwrap();
    assert_eq!(made, settlement());
    let two = free(&[part(10, 50_000), part(20, 40_000)]);
    assert_eq!(
        admit(&input(two), &rules, meets(90_000), jan(5))
            .unwrap()
            .discount,
        eur(0)
    );

    let cases: [(&str, Terms, Meets, Found<'_>); 11] = [
        ("from today on", equal(2, 5), meets(100), &[]),
        (
            "from yesterday on",
            equal(2, 4),
            meets(100),
            &[("/equal", "in_the_past")],
        ),
        ("as many as the policy allows", equal(12, 10), meets(10_000), &[]),
        (
            "one too many",
            equal(13, 10),
            meets(10_000),
            &[("/equal", "too_many_instalments")],
        ),
        (
            "a day too far",
            free(&[part(372, 100)]),
            meets(100),
            &[("/instalments", "too_far")],
        ),
        ("the last day", free(&[part(371, 100)]), meets(100), &[]),
        (
            "a cent short",
            free(&[part(10, 99)]),
            meets(100),
            &[("/instalments", "wrong_sum")],
        ),
        (
            "a cent over",
            free(&[part(10, 101)]),
            meets(100),
            &[("/instalments", "wrong_sum")],
        ),
        (
            "a settlement that settles nothing",
            Terms::Settlement(part(10, 100)),
            meets(100),
            &[("/settlement/amount", "no_discount")],
        ),
        (
            "a debt that is disputed and in a plan",
            equal(2, 10),
            Meets {
                owed: eur(100),
                overlaps: true,
                disputed: true,
            },
            &[("/invoices", "already_planned"), ("/invoices", "disputed")],
        ),
        (
            "no debt",
            Terms::Settlement(part(10, 100)),
            meets(0),
            &[("/invoices", "nothing_owed")],
        ),
    ];
    for (name, terms, meets, expected) in cases {
        let errors = admit(&input(terms), &rules, meets, jan(5))
            .err()
            .unwrap_or_default();
        assert_eq!(named(errors), pairs(expected), "{name}");
    }
    let dollars = Instalment {
        amount: Money::new(100, Currency::parse("USD").unwrap()),
        ..part(10, 0)
    };
    let errors = admit(&input(free(&[dollars])), &rules, meets(100), jan(5)).unwrap_err();
    assert_eq!(named(errors), pairs(&[("/instalments", "currency_mismatch")]));
}

#[test]
fn a_settlement_always_needs_approval_and_a_plan_above_the_limit() {
    let limited = |code: &str, minor| Rules {
        approval_above: [Money::new(minor, Currency::parse(code).unwrap())]
            .into_iter()
            .collect(),
        ..Rules::default()
    };
    let none = Rules::default();
    assert!(
        needs_approval(&none, &settlement())
            .unwrap()
            .contains("200.00 EUR")
    );
    assert_eq!(needs_approval(&none, &thirds()), None);
    assert_eq!(needs_approval(&limited("EUR", 90_000), &thirds()), None);
    assert!(needs_approval(&limited("EUR", 89_999), &thirds()).is_some());
    assert!(needs_approval(&limited("USD", 1_000_000), &thirds()).is_some());
}

#[test]
fn a_policys_rules_are_read_and_written_alike() {
    let read = |value: &Value| {
        let mut fields = Fields::of(value);
        let rules = Rules::read(&mut fields);
        fields.finish(|| rules)
    };
    assert_eq!(read(&json!({})).unwrap(), Rules::default());
    let value = json!({
        "max_instalments": 6, "max_days": 90, "grace_days": 0, "approval_above": {"EUR": "1000.00", "JPY": "100000"}
    });
    assert_eq!(serde_json::to_value(read(&value).unwrap()).unwrap(), value);
    let wrong = json!({
        "max_instalments": 0, "max_days": 0, "grace_days": 31, "approval_above": {"EUR": "-1.00", "EURO": "1", "JPY": "1.5"}
    });
    let expected = [
        ("/max_instalments", "out_of_range"),
        ("/max_days", "out_of_range"),
        ("/grace_days", "out_of_range"),
        ("/approval_above/EUR", "out_of_range"),
        ("/approval_above/EURO", "unknown_currency"),
        ("/approval_above/JPY", "amount_too_many_digits"),
    ];
    assert_eq!(named(read(&wrong).unwrap_err()), pairs(&expected));
}

#[test]
fn a_status_moves_by_its_table_and_by_the_money() {
    use Act::{Approve, Cancel, Refuse};
    use Status::{Active, Broken, Cancelled, Completed, Proposed};
    let table = [
        (Proposed, Approve, Some(Active)),
        (Proposed, Refuse, Some(Cancelled)),
        (Proposed, Cancel, Some(Cancelled)),
        (Active, Approve, None),
        (Active, Refuse, None),
        (Active, Cancel, Some(Cancelled)),
    ];
    for (from, act, to) in table {
        assert_eq!(from.after(act), to, "{act:?} {from:?}");
    }
    for over in [Completed, Broken, Cancelled] {
        for act in [Approve, Refuse, Cancel] {
            assert_eq!(over.after(act), None, "{act:?} {over:?}");
        }
    }
    let judgements = [
        (Judged::Active { next: 0 }, Active),
        (Judged::Completed { on: jan(1) }, Completed),
        (
            Judged::Broken {
                on: jan(1),
                missed: 0,
            },
            Broken,
        ),
        (Judged::Void, Cancelled),
    ];
    for (judged, becomes) in judgements {
        for status in [Active, Completed, Broken] {
            assert_eq!(status.judged(&judged), becomes, "{status:?}");
        }
        for unjudged in [Proposed, Cancelled] {
            assert_eq!(unjudged.judged(&judged), unjudged);
        }
    }
    for (name, status) in Status::NAMES {
        assert_eq!(status.as_str(), *name);
        assert_eq!(serde_json::to_value(status).unwrap(), *name);
    }
}

fn lines() -> impl Strategy<Value = Vec<Received>> {
    let one = (
        0i64..40,
        1i64..100_000,
        prop::bool::weighted(0.8),
        prop::bool::weighted(0.2),
    );
    prop::collection::vec(one, 0..7).prop_map(|lines| {
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

fn plans() -> impl Strategy<Value = Plan> {
    prop_oneof![Just(thirds()), Just(settlement())]
}

proptest! {
    #[test]
    fn equal_instalments_add_up_and_differ_by_one_at_most(
        debt in 1i64..10_000_000, count in 1u32..121, first in 0i64..400, days in 0u32..40,
    ) {
        let frequency = match days {
            0 => Frequency::Monthly,
            7 => Frequency::Weekly,
            days => Frequency::Days(days),
        };
        let equal = Equal { count, frequency, first_due_date: jan(first) };
        let parts = equal.instalments(eur(debt));
        prop_assert_eq!(parts.iter().map(|part| part.amount.minor()).sum::<i64>(), debt);
        prop_assert!(parts.len() <= usize::try_from(count).unwrap());
        prop_assert!(parts.windows(2).all(|pair| pair[0].due_date < pair[1].due_date));
        let amounts = || parts.iter().map(|part| part.amount.minor());
        prop_assert!(amounts().min() > Some(0) && amounts().max().unwrap() - amounts().min().unwrap() <= 1);
        prop_assert_eq!(parts[0].due_date, jan(first));
    }

    #[test]
    fn the_order_in_which_we_hear_of_money_does_not_matter(
        plan in plans(), today in 5i64..50,
        received in lines().prop_flat_map(|lines| (Just(lines.clone()), Just(lines).prop_shuffle())),
    ) {
        let (told, shuffled) = received;
        prop_assert_eq!(plan.judge(&told, jan(today)), plan.judge(&shuffled, jan(today)));
        prop_assert_eq!(plan.filled(&told, jan(today)), plan.filled(&shuffled, jan(today)));
    }

    #[test]
    fn what_is_broken_stays_broken_unless_something_was_there_in_time(
        plan in plans(), before in lines(), after in lines(), today in 5i64..50, later in 0i64..50,
    ) {
        let broken = plan.judge(&before, jan(today));
        if let Judged::Broken { on, .. } = broken {
            let late = after.into_iter().filter(|line| line.on >= on);
            let all: Vec<Received> = before.iter().copied().chain(late).collect();
            prop_assert_eq!(plan.judge(&all, jan(today + later)), broken);
        }
    }

    #[test]
    fn a_completed_plan_was_paid_for(plan in plans(), received in lines()) {
        if let Judged::Completed { on } = plan.judge(&received, jan(60)) {
            let last = plan.deadline(plan.instalments.last().unwrap());
            prop_assert!((plan.made_on..=last).contains(&on));
            let sum = |means, days: std::ops::RangeInclusive<NaiveDate>| -> i64 {
                let counted = received.iter().filter(|line| line.means == means && days.contains(&line.on));
                counted.map(|line| line.amount.minor()).sum()
            };
            let before = plan.made_on.pred_opt().unwrap();
            let gone = sum(Credit, jan(0)..=last) + sum(Paid, jan(0)..=before);
            let asked: i64 = plan.instalments.iter().map(|part| part.amount.minor()).sum();
            prop_assert!(sum(Paid, plan.made_on..=on) >= asked.min(plan.debt.minor() - gone));
        }
    }

    #[test]
    fn what_fills_the_instalments_is_the_money_and_no_more_than_they_ask_for(
        plan in plans(), received in lines(), today in 5i64..50,
    ) {
        let filled = plan.filled(&received, jan(today));
        let paid: i64 = received.iter()
            .filter(|line| line.means == Paid && line.on >= plan.made_on)
            .map(|line| line.amount.minor()).sum();
        let asked: i64 = plan.instalments.iter().map(|part| part.amount.minor()).sum();
        prop_assert_eq!(filled.iter().map(|part| part.paid.minor()).sum::<i64>(), paid.clamp(0, asked));
        // In order: where one is not full, those after it are empty.
        for pair in filled.windows(2) {
            prop_assert!(pair[0].paid == pair[0].instalment.amount || pair[1].paid.is_zero());
        }
        match plan.judge(&received, jan(today)) {
            Judged::Broken { missed, .. } => prop_assert_eq!(filled[missed].in_time, Some(false)),
            Judged::Active { next } => prop_assert_eq!(filled[next].in_time, None),
            Judged::Completed { .. } | Judged::Void => {
                prop_assert!(filled.iter().all(|part| part.in_time == Some(true)));
            }
        }
    }
}

//! What is owed on a date.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::charges::Charge;
use crate::charges::statutory::Profile;
use crate::charges::tests::{day, eur, outcome};
use crate::country::Country;
use crate::intake::CustomerKind;

fn terms(percent: &str) -> Terms {
    match outcome(&json!({"kind": "interest", "percent": percent}), Charge::read) {
        Ok(Charge::Interest(terms)) => terms,
        other => panic!("{other:?}"),
    }
}

fn item(kind: ReceivableKind, changes: &[(&str, &str)]) -> Item {
    let changes = changes.iter().map(|(on, amount)| (day(on), eur(amount)));
    Item {
        kind,
        history: History::of(eur("0").currency(), changes).unwrap(),
        bearing: None,
    }
}

fn bearing(item: Item, percent: &str, due_on: &str, posted: &str) -> Item {
    let bearing = Bearing {
        terms: terms(percent),
        late: item.history.clone(),
        late_after: day(due_on),
        posted: eur(posted),
    };
    Item {
        bearing: Some(bearing),
        ..item
    }
}

/// Principal, fees, compensation, interest posted and accrued, and the total.
fn shown(items: &[Item], on: &str) -> [String; 6] {
    let dues = figure(day(on), eur("0").currency(), items, &Rates::shipped()).unwrap();
    let all = [
        dues.principal,
        dues.fees,
        dues.compensation,
        dues.interest_posted,
        dues.interest_accrued,
        dues.total,
    ];
    all.map(|money| money.amount())
}

#[test]
fn a_hundred_with_a_fee_and_interest() {
    // 100 at 10 % for fifteen days and a fee of 10: 110.41; after 100 is paid to principal, 10.41.
    let open = [
        bearing(
            item(ReceivableKind::Invoice, &[("2026-01-01", "100.00")]),
            "10",
            "2026-01-15",
            "0",
        ),
        item(ReceivableKind::Fee, &[("2026-01-20", "10.00")]),
    ];
    assert_eq!(
        shown(&open, "2026-01-30"),
        ["100.00", "10.00", "0.00", "0.00", "0.41", "110.41"]
    );
    let changes = [("2026-01-01", "100.00"), ("2026-01-30", "-100.00")];
    let paid = [
        bearing(item(ReceivableKind::Invoice, &changes), "10", "2026-01-15", "0"),
        item(ReceivableKind::Fee, &[("2026-01-20", "10.00")]),
    ];
    for on in ["2026-01-30", "2026-03-30"] {
        assert_eq!(
            shown(&paid, on),
            ["0.00", "10.00", "0.00", "0.00", "0.41", "10.41"],
            "{on}"
        );
    }
    // The same when the interest has been posted meanwhile.
    let posted = [
        bearing(
            item(ReceivableKind::Invoice, &changes),
            "10",
            "2026-01-15",
            "0.41",
        ),
        item(ReceivableKind::Fee, &[("2026-01-20", "10.00")]),
        item(ReceivableKind::Interest, &[("2026-01-30", "0.41")]),
    ];
    assert_eq!(
        shown(&posted, "2026-03-30"),
        ["0.00", "10.00", "0.00", "0.41", "0.00", "10.41"]
    );
}

#[test]
fn the_figure_is_for_any_date() {
    let items = [
        bearing(
            item(
                ReceivableKind::Invoice,
                &[("2026-01-01", "1000.00"), ("2026-02-04", "-400.00")],
            ),
            "36.5",
            "2026-01-15",
            "0",
        ),
        item(ReceivableKind::Compensation, &[("2026-01-25", "40.00")]),
    ];
    let cases = [
        ("2025-12-31", ["0.00", "0.00", "0.00", "0.00", "0.00", "0.00"]),
        (
            "2026-01-15",
            ["1000.00", "0.00", "0.00", "0.00", "0.00", "1000.00"],
        ),
        (
            "2026-01-16",
            ["1000.00", "0.00", "0.00", "0.00", "1.00", "1001.00"],
        ),
        (
            "2026-01-25",
            ["1000.00", "0.00", "40.00", "0.00", "10.00", "1050.00"],
        ),
        (
            "2026-02-04",
            ["600.00", "0.00", "40.00", "0.00", "20.00", "660.00"],
        ),
        // Ten days ahead: 6.00 more.
        (
            "2026-02-14",
            ["600.00", "0.00", "40.00", "0.00", "26.00", "666.00"],
        ),
    ];
    for (on, expected) in cases {
        assert_eq!(shown(&items, on), expected, "{on}");
    }
}

#[test]
fn a_figure_for_which_a_rate_is_missing_is_an_error() {
    let statutory = Profile::De
        .interest(CustomerKind::Business, Country::parse("DE").unwrap())
        .unwrap();
    let mut owed = bearing(
        item(ReceivableKind::Invoice, &[("2026-01-01", "100.00")]),
        "1",
        "2026-06-15",
        "0",
    );
    owed.bearing.as_mut().unwrap().terms = statutory;
    let figure = |on: &str| {
        figure(
            day(on),
            eur("0").currency(),
            std::slice::from_ref(&owed),
            &Rates::shipped(),
        )
    };
    assert!(figure("2026-06-30").is_ok());
    assert!(matches!(figure("2026-07-01"), Err(ChargeError::NoRate { .. })));
}

#[test]
fn only_invoices_bear_interest() {
    let fee = bearing(
        item(ReceivableKind::Fee, &[("2026-01-01", "100.00")]),
        "10",
        "2026-01-15",
        "0",
    );
    assert_eq!(
        shown(&[fee], "2026-12-15"),
        ["0.00", "100.00", "0.00", "0.00", "0.00", "100.00"]
    );
}

proptest! {
    /// One by one and together give the same: interest is rounded once an invoice, whatever it is asked with.
    #[test]
    fn the_whole_is_the_sum_of_its_parts(
        owed in prop::collection::vec((1i64..1_000_000, 0i64..200, 0usize..4), 0..8), days in 0i64..400,
    ) {
        let currency = eur("0").currency();
        let on = crate::calendar::plus_days(day("2025-01-01"), days);
        let items: Vec<Item> = owed.iter().map(|(minor, due, kind)| {
            let late_after = crate::calendar::plus_days(day("2025-01-01"), *due);
            let posted = Money::zero(currency);
            let history = History::owed_from(day("2024-12-01"), Money::new(*minor, currency));
            Item {
                kind: ReceivableKind::NAMES[*kind].1,
                history: history.clone(),
                bearing: Some(Bearing { terms: terms("9.5"), late: history, late_after, posted }),
            }
        }).collect();
        let of = |items: &[Item]| figure(on, currency, items, &Rates::none()).unwrap();
        let one_by_one = items.iter().map(|item| of(std::slice::from_ref(item)));
        let sum = one_by_one.fold(of(&[]), |sum, dues| sum.checked_add(&dues).unwrap());
        let whole = of(&items);
        prop_assert_eq!(&whole, &sum);
        prop_assert!(whole.total.minor() >= owed.iter().map(|(minor, ..)| minor).sum());
    }
}

use super::*;
use proptest::prelude::*;
use serde_json::json;

fn side(status: &str, minor: i64, currency: &str, customer: Option<&str>) -> Side {
    Side {
        status: status.to_owned(),
        balance: Money::new(minor, Currency::parse(currency).unwrap()),
        customer: customer.map(str::to_owned),
    }
}

/// Every pair of statuses; what each is called follows from the names alone.
#[test]
fn every_pair_of_statuses_is_judged() {
    use Difference::*;
    let cases = [
        ("open", "open", None),
        ("open", "partly_paid", None),
        ("partly_paid", "paid", Some(OpenHerePaidThere)),
        ("open", "void", Some(OpenHereVoidThere)),
        ("open", "written_off", Some(OpenHereWrittenOffThere)),
        ("paid", "open", Some(PaidHereOpenThere)),
        ("paid", "paid", None),
        ("paid", "void", Some(ClosedOtherwise)),
        ("paid", "written_off", Some(ClosedOtherwise)),
        ("void", "partly_paid", Some(VoidHereOpenThere)),
        ("void", "void", None),
        ("void", "paid", Some(ClosedOtherwise)),
        ("written_off", "open", Some(WrittenOffHereOpenThere)),
        ("written_off", "written_off", None),
        ("written_off", "void", Some(ClosedOtherwise)),
    ];
    for (here, there, expected) in cases {
        let found = differences(&side(here, 100, "EUR", None), &side(there, 100, "EUR", None));
        assert_eq!(found, Vec::from_iter(expected), "{here} here, {there} there");
    }
}

#[test]
fn amounts_currencies_and_customers() {
    use Difference::*;
    let here = side("open", 100, "EUR", Some("C-1"));
    let cases = [
        (side("open", 99, "EUR", None), vec![BalanceDiffers]),
        (side("open", 100, "USD", None), vec![CurrencyDiffers]),
        (
            side("paid", 0, "USD", Some("C-2")),
            vec![CustomerDiffers, CurrencyDiffers],
        ),
        (
            side("paid", 0, "EUR", Some("C-2")),
            vec![CustomerDiffers, OpenHerePaidThere],
        ),
        (side("open", 100, "EUR", Some("C-1")), vec![]),
    ];
    for (there, expected) in cases {
        assert_eq!(differences(&here, &there), expected, "{there:?}");
    }
}

#[test]
fn a_line_is_read_with_every_problem() {
    let line = json!({"number": "R-1", "status": "partly_paid", "balance": "12.50", "currency": "EUR", "customer": "C-1"});
    let read = There::parse(&line).unwrap();
    assert_eq!(
        (read.number.as_str(), read.side),
        ("R-1", side("partly_paid", 1250, "EUR", Some("C-1")))
    );
    let errors = There::parse(&json!({"status": "late", "balance": "1.234", "currency": "EUR", "note": 1}))
        .unwrap_err();
    let mut at: Vec<_> = errors.iter().map(|error| error.pointer.as_str()).collect();
    at.sort_unstable();
    assert_eq!(at, ["/balance", "/note", "/number", "/status"]);
}

#[test]
fn the_two_tables_of_statuses_are_one() {
    let names: Vec<_> = STATUSES.iter().map(|(name, _)| *name).collect();
    let itself: Vec<_> = STATUSES_BY_NAME
        .iter()
        .map(|(name, value)| {
            assert_eq!(name, value);
            *name
        })
        .collect();
    assert_eq!(names, itself);
}

fn sides() -> impl Strategy<Value = Side> {
    let statuses = prop::sample::select(vec!["open", "partly_paid", "paid", "void", "written_off"]);
    (statuses, 0_i64..3, any::<bool>())
        .prop_map(|(status, minor, euro)| side(status, minor, if euro { "EUR" } else { "USD" }, None))
}

proptest! {
    /// Who compares with itself differs in nothing; and who differs one way differs the other way.
    #[test]
    fn it_is_the_same_from_both_sides(one in sides(), other in sides()) {
        prop_assert!(differences(&one, &one).is_empty());
        prop_assert_eq!(differences(&one, &other).len(), differences(&other, &one).len());
    }
}

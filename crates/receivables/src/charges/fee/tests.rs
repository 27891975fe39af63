//! Which fees a step charges.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::charges::tests::{eur, money, outcome};

fn id(number: u64) -> InvoiceId {
    InvoiceId::from_parts(number, [0; 10])
}

fn invoice(number: u64, original: Money, remaining: Money) -> Basis {
    Basis::of(ReceivableKind::Invoice, id(number), original, remaining).unwrap()
}

fn fee(value: Value) -> Fee {
    outcome(&value, Fee::read).unwrap()
}

/// `1: 10.00, 2: -`
fn shown(assessed: &[Assessed]) -> String {
    let one = |fee: &Assessed| {
        let number = (0..9).find(|number| id(*number) == fee.invoice).unwrap();
        let amount = fee.amount.map_or("-".to_owned(), |amount| amount.amount());
        format!("{number}: {amount}")
    };
    assessed.iter().map(one).collect::<Vec<_>>().join(", ")
}

#[test]
fn levels_on_one_invoice_never_charge_on_what_was_charged_before() {
    // Levels at 5, 20 and 40 days: a reminder without a fee, 10 flat, 15 % of the invoice: 100 -> 110 -> 125.
    let owed = invoice(1, eur("100.00"), eur("100.00"));
    let levels = [
        json!({"kind": "flat", "amount": {"EUR": "10.00"}}),
        json!({"kind": "percent", "percent": "15"}),
    ];
    let mut receivables = vec![(ReceivableKind::Invoice, eur("100.00"))];
    let mut totals = Vec::new();
    for level in levels {
        // Every receivable there is is offered, those that earlier levels made too.
        let basis: Vec<Basis> = receivables
            .iter()
            .zip(1..)
            .filter_map(|((kind, amount), number)| Basis::of(*kind, id(number), *amount, *amount))
            .collect();
        assert_eq!(basis, std::slice::from_ref(&owed));
        let assessed = fee(level).assess(&basis).unwrap();
        receivables.extend(
            assessed
                .iter()
                .filter_map(|one| one.amount)
                .map(|amount| (ReceivableKind::Fee, amount)),
        );
        let total = receivables.iter().map(|(_, amount)| *amount);
        totals.push(Money::checked_sum(eur("0").currency(), total).unwrap());
    }
    assert_eq!(totals, [eur("110.00"), eur("125.00")], "not 126.50");
}

#[test]
fn fees_are_for_each_invoice_or_for_the_message() {
    let two = [
        invoice(1, eur("200.00"), eur("100.01")),
        invoice(2, eur("50.00"), eur("50.00")),
    ];
    let flat = |extra: Value| {
        let mut fee = json!({"kind": "flat", "amount": {"EUR": "10.00", "JPY": "1500"}});
        fee.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        fee
    };
    let part = |extra: Value| {
        let mut fee = json!({"kind": "percent", "percent": "15"});
        fee.as_object_mut()
            .unwrap()
            .extend(extra.as_object().unwrap().clone());
        fee
    };
    let cases = [
        ("flat is for the message", flat(json!({})), "1: 10.00"),
        (
            "unless for each",
            flat(json!({"per": "invoice"})),
            "1: 10.00, 2: 10.00",
        ),
        ("capped", flat(json!({"cap": {"EUR": "7.50"}})), "1: 7.50"),
        (
            "a cap in another currency is none",
            flat(json!({"cap": {"JPY": "1"}})),
            "1: 10.00",
        ),
        (
            "a part is for each, of what was invoiced",
            part(json!({})),
            "1: 30.00, 2: 7.50",
        ),
        // 15 % of 100.01 is 15.0015; of both together, 150.01, it is 22.5015.
        (
            "of what remains",
            part(json!({"of": "remaining"})),
            "1: 15.00, 2: 7.50",
        ),
        (
            "for the message",
            part(json!({"per": "message", "of": "remaining"})),
            "1: 22.50",
        ),
        (
            "each capped",
            part(json!({"cap": {"EUR": "20.00"}})),
            "1: 20.00, 2: 7.50",
        ),
        (
            "the cap is reached, not passed",
            part(json!({"cap": {"EUR": "30.00"}})),
            "1: 30.00, 2: 7.50",
        ),
        (
            "for the message, capped once",
            part(json!({"per": "message", "cap": {"EUR": "20.00"}})),
            "1: 20.00",
        ),
    ];
    for (what, value, expected) in cases {
        assert_eq!(shown(&fee(value).assess(&two).unwrap()), expected, "{what}");
    }
}

#[test]
fn a_fee_is_rounded_half_up_to_the_currencys_digits() {
    let cases = [
        // 0.5 % of 1.00 is 0.005.
        ("0.5", money("1.00", "EUR"), Some(money("0.01", "EUR"))),
        ("0.4999", money("1.00", "EUR"), None),
        // 2.5 % of 1,020 yen is 25.5 yen; 1.5 % of 1.033 dinars is 0.015495.
        ("2.5", money("1020", "JPY"), Some(money("26", "JPY"))),
        ("1.5", money("1.033", "KWD"), Some(money("0.015", "KWD"))),
    ];
    for (percent, amount, expected) in cases {
        let fee = fee(json!({"kind": "percent", "percent": percent}));
        let assessed = fee.assess(&[invoice(1, amount, amount)]).unwrap();
        assert_eq!(assessed[0].amount, expected, "{percent} % of {amount}");
    }
}

#[test]
fn a_fee_says_how_it_came_about_or_why_there_is_none() {
    let one = |original: &str, remaining: &str, code: &str| {
        [invoice(1, money(original, code), money(remaining, code))]
    };
    let flat = fee(json!({"kind": "flat", "amount": {"EUR": "10.00"}, "cap": {"EUR": "8"}}));
    let part = fee(json!({"kind": "percent", "percent": "1.5", "of": "remaining"}));
    let cases = [
        (&flat, one("1", "1", "EUR"), "10.00 EUR flat, capped at 8.00 EUR"),
        (
            &flat,
            one("1", "1", "USD"),
            "no fee: the policy names no amount in USD",
        ),
        (
            &flat,
            one("1", "0", "EUR"),
            "no fee: nothing of the principal is owed",
        ),
        (
            &part,
            one("2000", "1000", "EUR"),
            "1.5 % of 1,000.00 EUR remaining",
        ),
        (
            &part,
            one("0.10", "0.10", "EUR"),
            "no fee: 1.5 % of 0.10 EUR remaining is less than half of a minor unit",
        ),
    ];
    for (fee, basis, how) in cases {
        let assessed = fee.assess(&basis).unwrap();
        assert_eq!(assessed[0].how, how);
        assert_eq!(assessed[0].amount.is_none(), how.starts_with("no fee"), "{how}");
    }
    assert_eq!(flat.assess(&[]), Ok(Vec::new()));
    assert_eq!(part.assess(&[]), Ok(Vec::new()));
}

#[test]
fn currencies_do_not_mix_in_a_fee() {
    let mixed = [
        invoice(1, eur("1.00"), eur("1.00")),
        invoice(2, money("1.00", "USD"), money("1.00", "USD")),
    ];
    let fee = fee(json!({"kind": "percent", "percent": "15", "per": "message"}));
    assert!(matches!(fee.assess(&mixed), Err(ChargeError::Money(_))));
}

#[test]
fn only_an_invoice_is_a_basis() {
    for (name, kind) in ReceivableKind::NAMES {
        let basis = Basis::of(*kind, id(1), eur("1.00"), eur("1.00"));
        assert_eq!(basis.is_some(), *kind == ReceivableKind::Invoice, "{name}");
        assert_eq!(kind.as_str(), *name);
    }
}

#[test]
fn a_fee_is_written_as_it_is_read() {
    let cases = [
        (
            json!({"kind": "flat", "amount": {"EUR": "10"}}),
            json!({"kind": "flat", "amount": {"EUR": "10.00"}, "per": "message"}),
        ),
        (
            json!({"kind": "percent", "percent": "15.50", "cap": {"EUR": "50.00"}}),
            json!({"kind": "percent", "percent": "15.5", "of": "original", "per": "invoice", "cap": {"EUR": "50.00"}}),
        ),
    ];
    for (given, written) in cases {
        let read = fee(given);
        assert_eq!(serde_json::to_value(&read).unwrap(), written);
        assert_eq!(fee(written), read);
    }
}

#[test]
fn every_problem_of_a_fee_is_named() {
    let cases: [(Value, &[(&str, &str)]); 6] = [
        (json!({"kind": "tax", "amount": 3}), &[("/kind", "unknown_value")]),
        (json!({"kind": "flat"}), &[("/amount", "required")]),
        (json!({"kind": "flat", "amount": {}}), &[("/amount", "required")]),
        (
            json!({"kind": "flat", "amount": {"EUR": "0", "XXX": "1"}, "percent": "3", "per": "day"}),
            &[
                ("/per", "unknown_value"),
                ("/amount/EUR", "not_positive"),
                ("/amount/XXX", "unknown_currency"),
                ("/percent", "unknown_field"),
            ],
        ),
        (
            json!({"kind": "percent", "amount": {"EUR": "1"}, "of": "all", "cap": {"EUR": "-1"}}),
            &[
                ("/cap/EUR", "not_positive"),
                ("/of", "unknown_value"),
                ("/percent", "required"),
                ("/amount", "unknown_field"),
            ],
        ),
        (
            json!({"kind": "percent", "percent": "0.0000"}),
            &[("/percent", "not_positive")],
        ),
    ];
    for (given, expected) in cases {
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect();
        assert_eq!(outcome(&given, Fee::read), Err(expected), "{given}");
    }
}

proptest! {
    #[test]
    fn a_fee_is_positive_and_within_its_cap_and_grows_with_its_basis(
        percent in 1i64..1_000, cap in 1i64..100_000, minor in 1i64..10_000_000, more in 0i64..1_000_000,
        flat in 1i64..100_000, is_flat: bool, per_message: bool,
    ) {
        let currency = eur("0").currency();
        let of = |minor: i64| Money::new(minor, currency);
        let per = if per_message { Per::Message } else { Per::Invoice };
        let cap = Amounts::from_iter([of(cap)]);
        let fee = if is_flat {
            Fee::Flat { amount: Amounts::from_iter([of(flat)]), per, cap: cap.clone() }
        } else {
            let percent = Percent::hundredths(i32::try_from(percent * 100).unwrap());
            Fee::Percent { percent, of: Of::Original, per, cap: cap.clone() }
        };
        let charged = |minor: i64| fee.assess(&[invoice(1, of(minor), of(1))]).unwrap()[0].amount;
        let (less, greater) = (charged(minor), charged(minor + more));
        for amount in [less, greater].into_iter().flatten() {
            prop_assert!(amount.is_positive());
            prop_assert!(amount.minor() <= cap.get(currency).unwrap().minor());
        }
        prop_assert!(less.map_or(0, |m| m.minor()) <= greater.map_or(0, |m| m.minor()));
    }

    #[test]
    fn each_invoice_gets_at_most_one_fee(numbers in prop::collection::vec(1i64..100_000, 0..6), percent in 1i32..10_000) {
        let basis: Vec<Basis> = numbers.iter().zip(1..).map(|(minor, number)| {
            let amount = Money::new(*minor, eur("0").currency());
            invoice(number, amount, amount)
        }).collect();
        for per in [Per::Invoice, Per::Message] {
            let fee = Fee::Percent {
                percent: Percent::hundredths(percent), of: Of::Remaining, per, cap: Amounts::default(),
            };
            let on: Vec<InvoiceId> = fee.assess(&basis).unwrap().into_iter().map(|one| one.invoice).collect();
            let expected: Vec<InvoiceId> = basis.iter().map(|one| one.invoice.clone()).collect();
            let most = if per == Per::Message { 1 } else { expected.len() };
            prop_assert_eq!(on, expected.into_iter().take(most).collect::<Vec<_>>());
        }
    }
}

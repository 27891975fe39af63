//! What is kept in the words it came in is read by the same reader again. So whatever a reader takes, written as it is
//! kept, it has to take once more and mean the same by it: what it did not take nobody could read any longer.

use std::fmt::Debug;

use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use serde::Serialize;
use serde_json::{Value, json};

use crate::fields::FieldError;
use crate::law::{Attorney, Inconvenient, Settings};
use crate::policy::assign::Pool;
use crate::terms::Terms;

type Json = BoxedStrategy<Value>;

/// One of these, or at times something that is none of them and might slip through.
fn one_of(values: Value) -> Json {
    let odd = json!([null, [], {}, "", " ", 0, -1, true, [null], [""]]);
    let some = |values: Value| select(values.as_array().cloned().unwrap());
    prop_oneof![10 => some(values), 1 => some(odd)].boxed()
}

fn list(item: Json, most: usize) -> Json {
    prop::collection::vec(item, 0..=most)
        .prop_map(Value::Array)
        .boxed()
}

/// An object that has some of these.
fn object<const N: usize>(members: [(&'static str, Json); N]) -> Json {
    let members = members
        .map(|(name, value)| prop::option::weighted(0.7, value).prop_map(move |value| Some((name, value?))));
    Vec::from(members)
        .prop_map(|members| {
            members
                .into_iter()
                .flatten()
                .map(|(name, value)| (name.to_owned(), value))
                .collect()
        })
        .prop_map(Value::Object)
        .boxed()
}

fn hours() -> [(&'static str, Json); 2] {
    ["from", "until"].map(|name| {
        (
            name,
            one_of(json!(["00:00", "09:00", "23:59", "24:00", "9:00", "09:00:30"])),
        )
    })
}

fn wherever() -> Json {
    one_of(json!([
        "Anna@Example.com",
        "+49 (0)30 1234567",
        "+14155550100",
        "+1"
    ]))
}

/// Reads what `documents` makes; `keep` is how that is written.
fn reads_back<T: PartialEq + Debug, K: Serialize>(
    documents: Json,
    read: impl Fn(&Value) -> Result<T, Vec<FieldError>>,
    keep: impl Fn(&T) -> K,
) {
    let mut runner = TestRunner::new(ProptestConfig::with_cases(4_000));
    let taken = std::cell::Cell::new(0_u32);
    runner
        .run(&documents, |document| {
            let Ok(first) = read(&document) else { return Ok(()) };
            taken.set(taken.get() + 1);
            let kept = serde_json::to_string(&keep(&first)).unwrap();
            let again = read(&serde_json::from_str(&kept).unwrap());
            prop_assert_eq!(Ok(first), again, "kept as {}", kept);
            Ok(())
        })
        .unwrap();
    assert!(taken.get() > 200, "only {} documents were taken", taken.get());
}

#[test]
fn times_that_do_not_suit() {
    let [from, until] = hours();
    let days = list(one_of(json!(["monday", "sunday", "Sunday"])), 3);
    let time = object([("days", days), from, until, ("address", wherever())]);
    let keep = |times: &Vec<Inconvenient>| json!({ "times": times });
    reads_back(object([("times", list(time, 3))]), Inconvenient::parse_all, keep);
}

#[test]
fn an_attorney() {
    let text = || one_of(json!(["Hofweg 3", " Hofweg 3", "ß"]));
    let postal = object([
        ("lines", list(text(), 2)),
        ("postal_code", text()),
        ("city", text()),
        ("region", text()),
        ("country", one_of(json!(["DE", "US", "de"]))),
    ]);
    let attorney = object([
        ("name", text()),
        ("email", wherever()),
        ("phone", wherever()),
        ("postal", postal),
    ]);
    reads_back(attorney, Attorney::parse, Attorney::clone);
}

#[test]
fn a_customers_terms() {
    let number = || one_of(json!([0, 1, 14, 31, 365, 1_000_000]));
    let part = object([
        ("percent", one_of(json!(["50", "25", "33.33", "100"]))),
        ("days", number()),
    ]);
    let terms = object([
        (
            "kind",
            one_of(json!(["net", "end_of_month", "day_of_month", "instalments"])),
        ),
        ("days", number()),
        ("months", number()),
        ("day", number()),
        ("parts", list(part, 3)),
    ]);
    // One kind has few of the others' fields.
    let fitting = terms.prop_map(|mut terms| {
        let fields: &[&str] = match terms["kind"].as_str() {
            Some("net") => &["days"],
            Some("end_of_month") => &["days", "months"],
            Some("day_of_month") => &["day", "months"],
            _ => &["parts"],
        };
        let members = terms.as_object_mut().unwrap();
        members.retain(|name, _| name == "kind" || fields.contains(&name.as_str()));
        terms
    });
    reads_back(fitting.boxed(), Terms::parse_default, Terms::clone);
}

#[test]
fn pools() {
    let amount = || one_of(json!(["0.00", "10.00", "-5.00", "10.5", "10.005"]));
    let range = || object([("min", amount()), ("below", amount())]);
    let rule = object([
        ("country", list(one_of(json!(["DE", "US"])), 2)),
        ("kind", list(one_of(json!(["business", "consumer"])), 2)),
        ("risk", list(one_of(json!(["low", "high"])), 2)),
        ("tags", list(one_of(json!(["vip", "key-account"])), 2)),
        ("balance", object([("EUR", range()), ("JPY", range())])),
    ]);
    let slug = || one_of(json!(["retail", "key-accounts", "b2b"]));
    let pool = object([("name", slug()), ("policy", slug()), ("rule", rule)]);
    let keep = |pools: &Vec<Pool>| json!({ "pools": pools });
    reads_back(object([("pools", list(pool, 2))]), Pool::parse_all, keep);
}

#[test]
fn how_the_creditor_contacts() {
    let [from, until] = hours();
    let hours = || object([from.clone(), until.clone()]);
    let often = || one_of(json!([1, 2, 7, 8]));
    let settings = object([
        (
            "creditor_role",
            one_of(json!(["original_creditor", "debt_collector"])),
        ),
        ("consumer_rules", one_of(json!([true, false]))),
        ("hours", object([("consumer", hours()), ("business", hours())])),
        ("weekly", object([("consumer", often()), ("business", often())])),
    ]);
    reads_back(settings, Settings::parse, Settings::clone);
}

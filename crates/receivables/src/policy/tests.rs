//! Which policies are taken and what is said about the others.

use serde_json::json;

use super::*;

fn standard() -> Value {
    serde_json::to_value(Policy::standard()).unwrap()
}

fn problems(value: &Value) -> Vec<(String, String)> {
    Policy::parse(value)
        .unwrap_err()
        .into_iter()
        .map(|e| (e.pointer, e.code.into_owned()))
        .collect()
}

#[test]
fn the_standard_policy_has_the_published_shape_and_reads_back() {
    let expected = json!({
        "name": "standard", "unit": "customer", "send_at": "09:00", "business_days_only": true,
        "min_balance": {"EUR": "10.00"}, "min_days_between_contacts": 3, "catch_up": "latest",
        "steps": [
            {"id": "pre_due", "day": -5, "per_invoice": true, "channels": ["email"], "template": "pre_due"},
            {"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"},
            {"id": "firm", "day": 14, "channels": ["email"], "template": "firm"}
        ]
    });
    assert_eq!(standard(), expected);
    assert_eq!(Policy::parse(&expected), Ok(Policy::standard()));
}

/// A place in the standard policy, what is put there, and the problems that makes.
type Case<'a> = (&'a str, Value, &'a [(&'a str, &'a str)]);

#[test]
fn every_problem_of_a_policy_is_named() {
    let cases: [Case<'_>; 19] = [
        ("/name", json!("My Policy"), &[("/name", "invalid_name")]),
        ("/unit", json!("invoice"), &[("/unit", "unknown_value")]),
        ("/send_at", json!("9:00"), &[("/send_at", "invalid_time")]),
        ("/send_at", json!("25:00"), &[("/send_at", "invalid_time")]),
        (
            "/min_balance",
            json!({"EUR": "10.001"}),
            &[("/min_balance/EUR", "amount_too_many_digits")],
        ),
        (
            "/min_balance",
            json!({"EUX": "10"}),
            &[("/min_balance/EUX", "unknown_currency")],
        ),
        (
            "/min_balance",
            json!({"EUR": "-1"}),
            &[("/min_balance/EUR", "out_of_range")],
        ),
        ("/min_balance", json!("10.00"), &[("/min_balance", "wrong_type")]),
        (
            "/min_days_between_contacts",
            json!(91),
            &[("/min_days_between_contacts", "out_of_range")],
        ),
        ("/catch_up", json!("all"), &[("/catch_up", "not_supported")]),
        ("/catch_up", json!("never"), &[("/catch_up", "unknown_value")]),
        ("/steps", json!([]), &[("/steps", "required")]),
        (
            "/steps/1/template",
            json!("poem"),
            &[("/steps/1/template", "unknown_template")],
        ),
        (
            "/steps/1/channels",
            json!(["pigeon"]),
            &[
                ("/steps/1/channels/0", "unknown_value"),
                ("/steps/1/channels", "required"),
            ],
        ),
        (
            "/steps/1/channels",
            json!(["email", "email"]),
            &[("/steps/1/channels", "duplicate")],
        ),
        ("/steps/2/id", json!("reminder"), &[("/steps/2/id", "duplicate")]),
        ("/steps/1/day", json!(14), &[("/steps/2/day", "unordered")]),
        ("/steps/1/day", json!(0), &[("/steps/1/day", "out_of_range")]),
        ("/steps/0/day", json!(2), &[("/steps/0/day", "out_of_range")]),
    ];
    for (place, value, expected) in cases {
        let mut policy = standard();
        *policy.pointer_mut(place).unwrap() = value.clone();
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect();
        assert_eq!(problems(&policy), expected, "{place} = {value}");
    }
}

#[test]
fn what_nothing_would_carry_out_is_refused_rather_than_ignored() {
    let mut policy = standard();
    policy["steps"][2]["fee"] = json!({"kind": "flat", "amount": {"EUR": "10.00"}});
    policy["steps"][2]["notify"] = json!(["sales"]);
    policy["steps"][2]["colour"] = json!("red");
    let expected = [
        ("/steps/2/notify", "not_supported"),
        ("/steps/2/fee", "not_supported"),
        ("/steps/2/colour", "unknown_field"),
    ];
    assert_eq!(
        problems(&policy),
        expected.map(|(p, c)| (p.to_owned(), c.to_owned()))
    );
}

#[test]
fn all_that_is_missing_is_named_at_once() {
    let expected = [
        "/name",
        "/send_at",
        "/business_days_only",
        "/min_days_between_contacts",
        "/steps",
    ];
    assert_eq!(
        problems(&json!({})),
        expected.map(|p| (p.to_owned(), "required".to_owned()))
    );
}

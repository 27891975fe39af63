//! Which policies are taken and what is said about the others.

use serde_json::{Value, json};

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

#[test]
fn a_new_ledger_starts_with_the_standard_policy() {
    let stored = include_str!("../../../store/src/migrations/m0003_collections/standard.json");
    let stored: Value = serde_json::from_str(stored).unwrap();
    assert_eq!(Policy::parse(&stored), Ok(Policy::standard()));
}

/// A place in the standard policy, what is put there, and the problems that makes.
type Case<'a> = (&'a str, Value, &'a [(&'a str, &'a str)]);

#[test]
fn every_problem_of_a_policy_is_named() {
    let cases: [Case<'_>; 37] = [
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
        ("/max_attempts", json!(0), &[("/max_attempts", "out_of_range")]),
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
        ("/restart", json!("yes"), &[("/restart", "wrong_type")]),
        (
            "/steps/2/colour",
            json!("red"),
            &[("/steps/2/colour", "unknown_field")],
        ),
        (
            "/steps/2/channels",
            json!([]),
            &[("/steps/2/channels", "required")],
        ),
        (
            "/steps/2",
            json!({"id": "x", "day": 20}),
            &[("/steps/2", "does_nothing")],
        ),
        (
            "/steps/2",
            json!({"id": "x", "day": 20, "channels": ["email"]}),
            &[("/steps/2/template", "required")],
        ),
        (
            "/steps/2",
            json!({"id": "x", "day": 20, "task": "call", "then": {"after_days": 7, "act": "suspend"}}),
            &[("/steps/2/then", "unannounced")],
        ),
        (
            "/steps/2/then",
            json!({"after_days": 0, "act": "sue"}),
            &[
                ("/steps/2/then/after_days", "out_of_range"),
                ("/steps/2/then/act", "unknown_value"),
            ],
        ),
        (
            "/steps",
            json!([{"id": "x", "day": 20, "act": "hand_over"}]),
            &[("/steps/0/act", "unannounced")],
        ),
        (
            "/steps/2",
            json!({"id": "x", "day": 20, "act": "hand_over", "announced_by": "pre_due"}),
            &[("/steps/2/announced_by", "unannounced")],
        ),
        (
            "/steps/2/act",
            json!("suspend"),
            &[("/steps/2/act", "out_of_place")],
        ),
        (
            "/steps/2/notice_days",
            json!(3),
            &[("/steps/2/notice_days", "out_of_place")],
        ),
        (
            "/steps/2/approval",
            json!("manager"),
            &[("/steps/2/approval", "out_of_place")],
        ),
        (
            "/steps/0/task",
            json!("call"),
            &[("/steps/0/task", "out_of_place")],
        ),
        (
            "/steps/2/task",
            json!("sing"),
            &[("/steps/2/task", "unknown_value")],
        ),
        (
            "/steps/2",
            json!({"id": "x", "day": 20, "task": "call", "fee": {"kind": "flat", "amount": {"EUR": "1"}}}),
            &[("/steps/2/fee", "out_of_place")],
        ),
        (
            "/steps/2/fee",
            json!({"kind": "flat"}),
            &[("/steps/2/fee/amount", "required")],
        ),
        (
            "/steps/2/charge",
            json!({"kind": "usury"}),
            &[("/steps/2/charge/kind", "unknown_value")],
        ),
        (
            "/promises",
            json!({"broken_step": "poem", "max_days": 0}),
            &[("/promises/max_days", "out_of_range")],
        ),
    ];
    for (place, value, expected) in cases {
        let mut policy = standard();
        let (parent, field) = place.rsplit_once('/').unwrap();
        match policy.pointer_mut(parent).unwrap() {
            Value::Object(fields) => drop(fields.insert(field.to_owned(), value.clone())),
            other => other[field.parse::<usize>().unwrap()] = value.clone(),
        }
        let expected: Vec<_> = expected
            .iter()
            .map(|(p, c)| ((*p).to_owned(), (*c).to_owned()))
            .collect();
        assert_eq!(problems(&policy), expected, "{place} = {value}");
    }
}

#[test]
fn a_policy_with_everything_reads_back() {
    let policy = json!({
        "name": "full", "unit": "customer", "send_at": "08:30", "business_days_only": false,
        "min_balance": {"EUR": "10.00", "JPY": "1000"}, "min_days_between_contacts": 0, "max_attempts": 6,
        "catch_up": "all", "restart": true, "pre_due_while_overdue": true,
        "disputes": {"respond_days": 10, "dun_undisputed": true}, "credit": {"over_limit": "block"},
        "cash": {"order": "charges_first", "under": {"amount": {"EUR": "1.00"}}, "over": {"keep": "on_account"},
            "bank_charge": {"USD": "15.00"}, "discount_grace_days": 2},
        "recipients": {"verify_first": true, "unknown_domain": "warn"},
        "colleagues": {"manager": "lena@creditor.example"},
        "steps": [
            {"id": "pre_due", "day": -5, "per_invoice": true, "channels": ["email"], "template": "pre_due"},
            {"id": "firm", "day": 14, "channels": ["email", "sms"], "template": "firm",
             "to": ["escalation", "billing"], "attach": ["invoice", "ubl", "statement"], "notify": ["sales", "manager"],
             "fee": {"kind": "flat", "amount": {"EUR": "10.00"}, "per": "message"}, "task": "call"},
            {"id": "review", "day": 20, "charge": {"kind": "statutory"}, "task": "review"},
            {"id": "warning", "day": 45, "channels": ["letter", "email"], "template": "suspension_warning",
             "then": {"after_days": 7, "act": "suspend"}},
            {"id": "final", "day": 60, "channels": ["email"], "template": "hand_over_notice"},
            {"id": "agency", "day": 75, "act": "hand_over", "announced_by": "final", "notice_days": 10,
             "approval": "manager"}
        ]
    });
    let read = Policy::parse(&policy).unwrap();
    assert_eq!(serde_json::to_value(&read).unwrap(), policy);
    let acts: Vec<(&str, &str, i32, u32)> = read
        .acts()
        .map(|act| (act.step.id.as_str(), act.by.id.as_str(), act.day, act.notice_days))
        .collect();
    assert_eq!(acts, [("warning", "warning", 45, 7), ("agency", "final", 75, 10)]);
    let errands: Vec<&str> = read.errands().map(|step| step.id.as_str()).collect();
    assert_eq!(errands, ["review"]);
}

#[test]
fn a_step_goes_over_any_channel_and_says_to_whom_and_with_what() {
    let with = |step: Value| {
        let mut policy = standard();
        policy["steps"] = json!([step]);
        Policy::parse(&policy)
    };
    for channel in ["email", "sms", "voice", "letter", "webhook"] {
        let step = json!({"id": "a", "day": 1, "channels": [channel], "template": "friendly"});
        assert_eq!(with(step).map(|policy| policy.steps.len()), Ok(1), "{channel}");
    }
    let refused = [
        (
            json!({"id": "a", "day": 1, "channels": ["sms", "sms"], "template": "friendly"}),
            ("/steps/0/channels", "duplicate"),
        ),
        (
            json!({"id": "a", "day": 1, "channels": ["email"], "template": "friendly", "to": ["billing", "billing"]}),
            ("/steps/0/to", "duplicate"),
        ),
        (
            json!({"id": "a", "day": 1, "channels": ["email"], "template": "friendly", "to": ["sales"]}),
            ("/steps/0/to/0", "unknown_value"),
        ),
        (
            json!({"id": "a", "day": 1, "channels": ["email"], "template": "friendly", "attach": ["ubl", "ubl"]}),
            ("/steps/0/attach", "duplicate"),
        ),
        // On a telephone nothing can be attached.
        (
            json!({"id": "a", "day": 1, "channels": ["sms", "voice"], "template": "friendly", "attach": ["invoice"]}),
            ("/steps/0/attach", "out_of_place"),
        ),
        (
            json!({"id": "a", "day": 1, "task": "call", "to": ["escalation"]}),
            ("/steps/0/to", "out_of_place"),
        ),
    ];
    for (step, (pointer, code)) in refused {
        let said = step.to_string();
        assert_eq!(
            problems_of(with(step)),
            [(pointer.to_owned(), code.to_owned())],
            "{said}"
        );
    }
    let mut policy = standard();
    policy["colleagues"] = json!({"Lena": "lena@creditor.example", "manager": "nobody"});
    let expected = [
        ("/colleagues/Lena".to_owned(), "invalid_name".to_owned()),
        ("/colleagues/manager".to_owned(), "invalid_email".to_owned()),
    ];
    assert_eq!(problems(&policy), expected);
}

fn problems_of(read: Result<Policy, Vec<crate::fields::FieldError>>) -> Vec<(String, String)> {
    let errors = read.err().unwrap_or_default();
    errors
        .into_iter()
        .map(|error| (error.pointer, error.code.into_owned()))
        .collect()
}

#[test]
fn an_act_is_announced_by_the_last_word_before_it_where_the_policy_names_none() {
    let mut policy = standard();
    policy["steps"]
        .as_array_mut()
        .unwrap()
        .push(json!({"id": "agency", "day": 75, "act": "hand_over"}));
    let policy = Policy::parse(&policy).unwrap();
    let act = policy.acts().next().unwrap();
    assert_eq!(
        (act.by.id.as_str(), act.notice_days),
        ("firm", limits::NOTICE_DAYS)
    );
    assert!(policy.announces(policy.step("firm").unwrap()));
    assert!(!policy.announces(policy.step("reminder").unwrap()));
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

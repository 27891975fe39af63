//! Money that arrives: applied once, to the right invoices, with every cent accounted for.

use serde_json::{Value, json};

use crate::harness::{App, payment, unique};

/// Cents of a money object.
fn cents(money: &Value) -> i64 {
    money["amount"]
        .as_str()
        .expect("an amount")
        .replace('.', "")
        .parse()
        .expect("cents")
}

/// Insists on the invariant of every payment, and answers what its allocations come to by invoice.
fn allocated(payment: &Value) -> Vec<(String, i64)> {
    let parts: Vec<(String, i64)> = payment["allocations"]
        .as_array()
        .expect("allocations")
        .iter()
        .map(|part| {
            (
                part["invoice_number"].as_str().expect("a number").to_owned(),
                cents(&part["amount"]),
            )
        })
        .collect();
    let sum: i64 = parts.iter().map(|(_, cents)| cents).sum();
    assert_eq!(
        sum + cents(&payment["unapplied"]),
        cents(&payment["amount"]),
        "{payment}"
    );
    parts
}

#[test]
fn money_goes_to_the_oldest_invoice_first_and_what_is_left_stands_on_account() {
    let app = App::shared();
    for (amount, expected, statuses) in [
        ("60.00", [6000, 0], ["partly_paid", "open"]),
        ("100.00", [10000, 0], ["paid", "open"]),
        ("130.00", [10000, 3000], ["paid", "partly_paid"]),
        ("200.00", [10000, 5000], ["paid", "paid"]),
    ] {
        let known = app.new_customer();
        let (younger, younger_number) = app.new_invoice(&known, "50.00", "2026-02-09");
        let (older, older_number) = app.new_invoice(&known, "100.00", "2026-01-09");
        let paid = app.pay(&known, amount);
        let parts = allocated(&paid);
        let to = |number: &String| {
            parts
                .iter()
                .filter(|(n, _)| n == number)
                .map(|(_, cents)| cents)
                .sum::<i64>()
        };
        assert_eq!([to(&older_number), to(&younger_number)], expected, "{paid}");
        assert_eq!(
            [&older, &younger].map(|id| app.invoice(id)["status"].clone()),
            statuses.map(Value::from)
        );
        let allocations = paid["allocations"].as_array().expect("allocations");
        assert!(
            allocations.iter().all(|part| part["why"].is_string()),
            "no reason: {paid}"
        );

        let customer = app.customer(&known.id);
        assert_eq!(
            cents(&customer["balance"]),
            15000 - cents(&paid["amount"]),
            "{customer}"
        );
        assert_eq!(customer["unapplied"], paid["unapplied"]);
    }
}

#[test]
fn the_remittance_decides_before_age_does() {
    let app = App::shared();
    let known = app.new_customer();
    let (older, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let (younger, number) = app.new_invoice(&known, "50.00", "2026-02-09");
    let mut document = payment(&unique("P"), &known.external_id, "50.00");
    document["remittance"] = json!([{"invoice_number": number}]);
    let paid = app.post("/v1/payments").json(&document).send(201).json();
    assert_eq!(allocated(&paid), [(number, 5000)]);
    assert_eq!(
        [&older, &younger].map(|id| app.invoice(id)["status"].clone()),
        ["open", "paid"].map(Value::from)
    );

    // A number that nobody knows is told; the money is not lost.
    let mut document = payment(&unique("P"), &known.external_id, "30.00");
    document["remittance"] = json!([{"invoice_number": "no such number"}]);
    let paid = app.post("/v1/payments").json(&document).send(201).json();
    allocated(&paid);
    assert!(paid["why"].to_string().contains("no such number"), "{paid}");
}

#[test]
fn a_payment_counts_once_however_often_it_is_told() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-02-09");
    let document = payment(&unique("P"), &known.external_id, "40.00");
    let first = app.post("/v1/payments").json(&document).send(201);
    let again = app.post("/v1/payments").json(&document).send(200);
    assert_eq!(first.json(), again.json());
    assert_eq!(app.invoice(&id)["balance"]["amount"], "60.00");
    let mut other = document.clone();
    other["amount"] = json!("41.00");
    app.post("/v1/payments")
        .json(&other)
        .send(409)
        .problem("reference_taken");
    let shown = app
        .get(&format!("/v1/payments/{}", first.string("/id")))
        .send(200);
    assert_eq!(shown.json(), first.json());
}

#[test]
fn a_reversal_reopens_what_was_paid_and_counts_once() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let paid = app.pay(&known, "120.00");
    assert_eq!(app.invoice(&id)["status"], "paid");
    assert_eq!(app.customer(&known.id)["next_action"], Value::Null);

    let path = format!("/v1/payments/{}/reverse", paid["id"].as_str().expect("an id"));
    app.post(&path).json(&json!({})).send(422).problem("invalid");
    for _ in 0..2 {
        let reversed = app
            .post(&path)
            .json(&json!({"reason": "charged back"}))
            .send(200)
            .json();
        assert_eq!(reversed["status"], "reversed", "{reversed}");
        let invoice = app.invoice(&id);
        assert_eq!(
            (&invoice["status"], &invoice["balance"]["amount"]),
            (&json!("open"), &json!("100.00"))
        );
        let customer = app.customer(&known.id);
        assert_eq!(
            (cents(&customer["balance"]), cents(&customer["unapplied"])),
            (10000, 0),
            "{customer}"
        );
    }
    assert_ne!(
        app.customer(&known.id)["next_action"],
        Value::Null,
        "reminders do not start again"
    );
}

#[test]
fn currencies_never_mix() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, number) = app.new_invoice(&known, "100.00", "2026-01-09");
    let mut document = payment(&unique("P"), &known.external_id, "100.00");
    document["currency"] = json!("USD");
    document["remittance"] = json!([{"invoice_number": number}]);
    let answer = app.post("/v1/payments").json(&document).answer();
    assert!([201, 422].contains(&answer.status), "{}", answer.text());
    assert_eq!(app.invoice(&id)["balance"]["amount"], "100.00");
}

#[test]
fn the_payer_is_known_from_what_the_money_is_for() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, number) = app.new_invoice(&known, "70.00", "2026-01-09");
    let mut document = payment(&unique("P"), "", "70.00");
    document.as_object_mut().expect("an object").remove("customer");
    document["remittance"] = json!([{"invoice_number": number}]);
    app.post("/v1/payments").json(&document).send(201);
    assert_eq!(app.invoice(&id)["status"], "paid");
}

#[test]
fn a_statement_adds_up_on_any_day() {
    let app = App::shared();
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-02-09");
    app.pay(&known, "30.00");
    for (day, closing) in [
        ("2025-12-14", None),
        ("2025-12-31", Some("100.00")),
        ("2026-01-31", Some("70.00")),
    ] {
        let path = format!("/v1/customers/{}/statement?as_of={day}", known.id);
        let statement = app.get(&path).send(200).text();
        match closing {
            Some(closing) => assert!(statement.contains(closing), "{day}: {statement}"),
            None => assert!(!statement.contains("100.00"), "{day}: {statement}"),
        }
    }
}

//! Money that arrives: applied once, to the right invoices, with every cent accounted for.

use serde_json::{Value, json};

use crate::harness::{App, Known, customer, payment, unique};

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

/// A policy whose `cash` is as given, and a customer under it.
fn under(app: &App, cash: &Value) -> Known {
    let name = unique("cash").to_lowercase();
    let policy = json!({"name": name, "send_at": "09:00", "business_days_only": true, "min_balance": {},
        "min_days_between_contacts": 3, "cash": cash,
        "steps": [{"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"}]});
    let path = format!("/v1/policies/{name}");
    app.put(&path).json(&policy).send(201);
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["policy"] = json!(name);
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    Known { external_id, id }
}

#[test]
fn small_differences_are_let_go_as_the_policy_says_and_go_back_with_their_money() {
    let app = App::shared();
    let tolerant = json!({"under": {"amount": {"EUR": "1.00"}, "percent": "1"}, "bank_charge": {"EUR": "15.00"},
        "over": {"amount": {"EUR": "0.50"}, "keep": "write_off"}});
    // Paid, how -> what is left of 100.00, what is on account, how much was let go.
    for (amount, method, owed, on_account, let_go) in [
        ("99.00", "card", "0.00", "0.00", Some("-1.00")),
        ("98.99", "card", "1.01", "0.00", None),
        ("85.00", "wire", "0.00", "0.00", Some("-15.00")),
        ("84.99", "wire", "15.01", "0.00", None),
        ("100.50", "card", "0.00", "0.00", Some("0.50")),
        ("100.51", "card", "0.00", "0.51", None),
    ] {
        let known = under(app, &tolerant);
        let (id, number) = app.new_invoice(&known, "100.00", "2026-01-09");
        let mut document = payment(&unique("P"), &known.external_id, amount);
        document["method"] = json!(method);
        document["remittance"] = json!([{"invoice_number": number}]);
        let paid = app.post("/v1/payments").json(&document).send(201).json();
        allocated(&paid);
        assert_eq!(app.invoice(&id)["balance"]["amount"], owed, "{paid}");
        assert_eq!(
            app.customer(&known.id)["unapplied"]["amount"],
            on_account,
            "{paid}"
        );
        let difference = paid["differences"][0]["amount"]["amount"].as_str();
        assert_eq!(difference, let_go, "{paid}");
        let timeline = app
            .get(&format!("/v1/customers/{}/timeline", known.id))
            .send(200)
            .text();
        assert_eq!(
            timeline.contains("difference_let_go"),
            let_go.is_some(),
            "{timeline}"
        );

        let path = format!("/v1/payments/{}/reverse", paid["id"].as_str().expect("an id"));
        app.post(&path).json(&json!({"reason": "bounced"})).send(200);
        assert_eq!(app.invoice(&id)["balance"]["amount"], "100.00", "{amount}");
        assert_eq!(app.customer(&known.id)["balance"]["amount"], "100.00", "{amount}");
    }
}

#[test]
fn the_policy_says_what_comes_first_where_the_payer_does_not() {
    let app = App::shared();
    let known = under(app, &json!({"order": "remittance"}));
    let (id, number) = app.new_invoice(&known, "100.00", "2026-01-09");
    let paid = app.pay(&known, "40.00");
    assert!(allocated(&paid).is_empty(), "{paid}");
    assert!(
        paid["why"].to_string().contains("the payer names nothing else"),
        "{paid}"
    );
    // Then a person says it.
    let path = format!("/v1/payments/{}/allocations", paid["id"].as_str().expect("an id"));
    let list = json!({"allocations": [{"invoice_number": number}]});
    app.post(&path).json(&list).send(422).problem("invalid");
    let list = json!({"allocations": [{"invoice_number": number, "amount": {"amount": "40.00", "currency": "EUR"}}]});
    let set = app.post(&path).json(&list).send(200).json();
    assert_eq!(allocated(&set), [(number, 4000)]);
    assert_eq!(app.invoice(&id)["balance"]["amount"], "60.00");
    let unknown = format!("/v1/payments/pay_{}/allocations", "0".repeat(26));
    app.post(&unknown).json(&list).send(404);
    app.post(&path).json(&json!({})).send(422).problem("invalid");
}

#[test]
fn a_payment_is_set_against_other_invoices_within_what_it_has_and_they_owe() {
    let app = App::shared();
    let known = app.new_customer();
    let (first, first_number) = app.new_invoice(&known, "100.00", "2026-01-09");
    let (second, second_number) = app.new_invoice(&known, "50.00", "2026-02-09");
    let paid = app.pay(&known, "100.00");
    let path = format!("/v1/payments/{}/allocations", paid["id"].as_str().expect("an id"));
    let line = |number: &String, amount: &str, currency: &str| json!({"invoice_number": number, "amount": {"amount": amount, "currency": currency}});
    for (list, pointer) in [
        (
            json!([line(&second_number, "50.01", "EUR")]),
            "/allocations/0/amount",
        ),
        (
            json!([line(&second_number, "1.00", "USD")]),
            "/allocations/0/amount",
        ),
        (
            json!([
                line(&first_number, "60.00", "EUR"),
                line(&second_number, "50.00", "EUR")
            ]),
            "/allocations",
        ),
        (
            json!([line(&"nowhere".to_owned(), "1.00", "EUR")]),
            "/allocations/0",
        ),
        (
            json!([
                line(&second_number, "1.00", "EUR"),
                line(&second_number, "1.00", "EUR")
            ]),
            "/allocations/1",
        ),
    ] {
        let refused = app.post(&path).json(&json!({ "allocations": list })).send(422);
        refused.problem("invalid");
        assert_eq!(refused.pointers(), [pointer]);
    }
    let list = json!({"allocations": [{"invoice_id": second}, line(&first_number, "30.00", "EUR")]});
    let set = app.post(&path).json(&list).send(200).json();
    allocated(&set);
    assert_eq!(set["unapplied"]["amount"], "20.00");
    assert_eq!(
        [&first, &second].map(|id| app.invoice(id)["balance"]["amount"].clone()),
        ["70.00", "0.00"].map(Value::from)
    );
    // The same list again changes nothing.
    assert_eq!(app.post(&path).json(&list).send(200).json(), set);
    let timeline = app
        .get(&format!("/v1/customers/{}/timeline", known.id))
        .send(200)
        .text();
    assert!(timeline.contains("payment_reallocated"), "{timeline}");
}

#[test]
fn what_is_on_account_is_used_later_or_paid_back() {
    let app = App::shared();
    let known = app.new_customer();
    let use_credit = format!("/v1/customers/{}/apply-credit", known.id);
    app.post(&use_credit)
        .json(&json!({}))
        .send(409)
        .problem("nothing_on_account");
    let paid = app.pay(&known, "80.00");
    app.post(&use_credit)
        .json(&json!({}))
        .send(409)
        .problem("nothing_owed");
    let (id, number) = app.new_invoice(&known, "50.00", "2026-02-09");
    let part = json!({"amount": {"amount": "20.00", "currency": "EUR"}, "invoices": [id]});
    let used = app.post(&use_credit).json(&part).send(200).json();
    assert_eq!(used["applications"][0]["source"], paid["id"]);
    assert_eq!(used["applications"][0]["invoice_number"], json!(number));
    assert_eq!(
        (&used["applied"]["amount"], &used["unapplied"]["amount"]),
        (&json!("20.00"), &json!("60.00"))
    );
    app.post(&use_credit).json(&json!({})).send(200);
    assert_eq!(app.invoice(&id)["status"], "paid");
    let known_payment = format!("/v1/payments/{}", paid["id"].as_str().expect("an id"));
    let shown = app.get(&known_payment).send(200).json();
    assert_eq!(
        allocated(&shown).iter().map(|(_, cents)| cents).sum::<i64>(),
        5000
    );

    let refund = format!("{known_payment}/refund");
    let too_much = json!({"amount": {"amount": "30.01", "currency": "EUR"}, "reason": "asked for"});
    let refused = app.post(&refund).json(&too_much).send(422);
    assert_eq!(refused.pointers(), ["/amount"]);
    let back = app
        .post(&refund)
        .json(&json!({"reason": "asked for"}))
        .send(200)
        .json();
    assert_eq!(
        (&back["refunded"]["amount"], &back["status"]),
        (&json!("30.00"), &json!("received"))
    );
    app.post(&refund)
        .json(&json!({"reason": "again"}))
        .send(409)
        .problem("nothing_on_account");
    let customer = app.customer(&known.id);
    assert_eq!(
        (cents(&customer["balance"]), cents(&customer["unapplied"])),
        (0, 0),
        "{customer}"
    );
    let nobody = format!("/v1/customers/cus_{}/apply-credit", "0".repeat(26));
    app.post(&nobody).json(&json!({})).send(404);
}

#[test]
fn a_credit_note_corrects_several_invoices() {
    let app = App::shared();
    let known = app.new_customer();
    let (first, first_number) = app.new_invoice(&known, "60.00", "2026-01-09");
    let (second, second_number) = app.new_invoice(&known, "60.00", "2026-02-09");
    let note = json!({"number": unique("G"), "customer": {"external_id": known.external_id},
        "issue_date": "2026-01-12", "currency": "EUR", "total": "100.00",
        "invoices": [{"invoice_number": second_number, "amount": "20.00"}, {"invoice_number": first_number}]});
    let taken = app.post("/v1/credit-notes").json(&note).send(201).json();
    assert_eq!(
        (&taken["applied"]["amount"], &taken["unapplied"]["amount"]),
        (&json!("80.00"), &json!("20.00"))
    );
    assert_eq!(
        [&first, &second].map(|id| app.invoice(id)["balance"]["amount"].clone()),
        ["0.00", "40.00"].map(Value::from)
    );
    assert_eq!(app.customer(&known.id)["unapplied"]["amount"], "20.00");
    app.post("/v1/credit-notes").json(&note).send(200);

    let (third, _) = app.new_invoice(&known, "60.00", "2026-02-09");
    let on_third = json!({"amount": {"amount": "15.00", "currency": "EUR"}, "invoices": [third]});
    app.post(&format!("/v1/customers/{}/apply-credit", known.id))
        .json(&on_third)
        .send(200);
    assert_eq!(app.customer(&known.id)["unapplied"]["amount"], "5.00");
    app.post(&format!("/v1/invoices/{third}/void")).send(200);
    assert_eq!(app.customer(&known.id)["unapplied"]["amount"], "20.00");
    let timeline = app
        .get(&format!("/v1/customers/{}/timeline", known.id))
        .send(200)
        .text();
    assert!(timeline.contains("credit_freed"), "{timeline}");
}

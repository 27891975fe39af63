//! Customers, invoices and credit notes as they come in: nothing is lost, nothing is taken twice.

use serde_json::{Value, json};

use crate::harness::{App, customer, invoice, own, unique};

#[test]
fn a_customer_is_made_and_then_updated_under_its_key() {
    let app = App::shared();
    let key = unique("C");
    let made = app.post("/v1/customers").json(&customer(&key)).send(201);
    assert!(made.string("/id").starts_with("cus_"));

    let mut changed = customer(&key);
    changed["name"] = json!("Ostwind AG");
    changed["credit_limit"] = json!({"amount": "5000.00", "currency": "EUR"});
    let updated = app.post("/v1/customers").json(&changed).send(200);
    assert_eq!(updated.string("/id"), made.string("/id"));
    assert_eq!(app.customer(&made.string("/id"))["name"], "Ostwind AG");
}

#[test]
fn an_invoice_is_taken_once_however_often_it_comes() {
    let app = App::shared();
    let known = app.new_customer();
    let document = invoice(&unique("R"), &known.external_id, "1250.00", "2026-01-20");
    let first = app.post("/v1/invoices").json(&document).send(201);
    let again = app.post("/v1/invoices").json(&document).send(200);
    assert_eq!(again.string("/id"), first.string("/id"));

    // The same content, written otherwise.
    let mut respelt = document.clone();
    respelt["total"]["amount"] = json!("1250");
    app.post("/v1/invoices").json(&respelt).send(200);

    let mut other = document.clone();
    other["total"]["amount"] = json!("1250.01");
    app.post("/v1/invoices")
        .json(&other)
        .send(409)
        .problem("number_taken");

    let stored = app.invoice(&first.string("/id"));
    assert_eq!(stored["balance"], json!({"amount": "1250.00", "currency": "EUR"}));
    assert_eq!(stored["status"], "open");
    assert_eq!(
        app.customer(&known.id)["balance"],
        json!({"amount": "1250.00", "currency": "EUR"})
    );
}

#[test]
fn an_invoice_says_when_it_is_due_or_the_customers_terms_do() {
    let app = App::shared();
    let terms = |days: Option<u32>| {
        let key = unique("C");
        let mut document = customer(&key);
        if let Some(days) = days {
            document["terms_days"] = json!(days);
        }
        app.post("/v1/customers").json(&document).send(201);
        key
    };
    // Issued on 2025-12-15.
    for (days, due, expected) in [
        (Some(14), Some("2026-02-01"), "2026-02-01"),
        (Some(14), None, "2025-12-29"),
        (Some(0), None, "2025-12-15"),
        (None, None, "2026-01-14"),
    ] {
        let mut document = invoice(&unique("R"), &terms(days), "1.00", "2026-01-01");
        document["due_date"] = json!(due);
        let made = app.post("/v1/invoices").json(&document).send(201);
        assert_eq!(
            app.invoice(&made.string("/id"))["due_date"],
            expected,
            "{days:?} {due:?}"
        );
    }
}

#[test]
fn amounts_have_the_digits_of_their_currency() {
    let app = App::shared();
    let known = app.new_customer();
    for (currency, amount, shown) in [
        ("EUR", "0.01", "0.01"),
        ("EUR", "10", "10.00"),
        ("JPY", "1250", "1250"),
        ("KWD", "1.250", "1.250"),
        ("EUR", "90000000000000.00", "90000000000000.00"),
    ] {
        let mut document = invoice(&unique("R"), &known.external_id, amount, "2026-02-01");
        document["currency"] = json!(currency);
        document["total"] = json!({"amount": amount, "currency": currency});
        let made = app.post("/v1/invoices").json(&document).send(201);
        assert_eq!(
            app.invoice(&made.string("/id"))["total"],
            json!({"amount": shown, "currency": currency})
        );
    }
}

#[test]
fn an_idempotency_key_replays_the_first_answer() {
    let app = App::shared();
    let known = app.new_customer();
    let document = invoice(&unique("R"), &known.external_id, "10.00", "2026-02-01");
    let key = unique("idem");
    let post = |document: &Value| {
        app.post("/v1/invoices")
            .header("idempotency-key", &key)
            .json(document)
    };

    let first = post(&document).send(201);
    assert_eq!(first.header("idempotent-replayed"), None);
    let replayed = post(&document).send(201);
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.json(), first.json());

    let mut other = document.clone();
    other["total"]["amount"] = json!("11.00");
    post(&other).send(422).problem("idempotency_key_reused");
}

#[test]
fn a_failed_request_keeps_nothing_under_its_idempotency_key() {
    let app = App::shared();
    let external_id = unique("C");
    let document = invoice(&unique("R"), &external_id, "10.00", "2026-02-01");
    let key = unique("idem");
    let post = || {
        app.post("/v1/invoices")
            .header("idempotency-key", &key)
            .json(&document)
    };
    post().send(422);
    app.post("/v1/customers").json(&customer(&external_id)).send(201);
    post().send(201);
}

/// Three invoices of which the second is no invoice, and the first once more.
fn mixed(external_id: &str) -> ([String; 2], Vec<Value>) {
    let numbers = [unique("R"), unique("R")];
    let [first, second] = numbers
        .each_ref()
        .map(|number| invoice(number, external_id, "5.00", "2026-02-01"));
    let mut bad = invoice(&unique("R"), external_id, "5.001", "2026-02-30");
    bad["surprise"] = json!(true);
    (numbers, vec![first.clone(), bad, second, first])
}

fn check_mixed(app: &App, report: &Value, numbers: &[String]) {
    assert_eq!(
        (&report["accepted"], &report["duplicates"]),
        (&json!(2), &json!(1)),
        "{report}"
    );
    let rejected = report["rejected"].as_array().expect("rejected");
    assert_eq!(rejected.len(), 1, "{report}");
    assert_eq!(rejected[0]["line"], 2);
    let mut pointers: Vec<&str> = rejected[0]["errors"]
        .as_array()
        .expect("errors")
        .iter()
        .filter_map(|e| e["pointer"].as_str())
        .collect();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/due_date", "/surprise", "/total"]);

    let kept = app.get("/v1/intake/rejects?limit=500").send(200).text();
    assert!(kept.contains("5.001"), "the bad line is not kept: {kept}");
    let listed = app.get("/v1/invoices?limit=500").send(200).text();
    assert!(
        numbers
            .iter()
            .all(|number| listed.contains(&format!("{number:?}")))
    );
}

#[test]
fn of_many_invoices_the_good_are_taken_and_the_bad_are_kept_and_named() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (numbers, documents) = mixed(&known.external_id);
    let report = app
        .post("/v1/invoices")
        .json(&Value::Array(documents))
        .send(200)
        .json();
    check_mixed(&app, &report, &numbers);

    let (numbers, documents) = mixed(&known.external_id);
    let lines: Vec<String> = documents.iter().map(Value::to_string).collect();
    let body = format!("{}\n\n", lines.join("\n"));
    let report = app
        .post("/v1/invoices")
        .body("application/x-ndjson", body)
        .send(200)
        .json();
    check_mixed(&app, &report, &numbers);
}

#[test]
fn lists_come_in_pages() {
    let app = App::shared();
    let known = app.new_customer();
    let mut made: Vec<String> = (0..5)
        .map(|_| app.new_invoice(&known, "1.00", "2026-02-01").0)
        .collect();
    made.sort();

    let mut seen = Vec::new();
    let mut cursor = String::new();
    loop {
        let path = format!("/v1/invoices?customer={}&limit=2{cursor}", known.id);
        let page = app.get(&path).send(200).json();
        let rows = page["data"].as_array().expect("data");
        assert!((1..=2).contains(&rows.len()), "{page}");
        seen.extend(
            rows.iter()
                .map(|row| row["id"].as_str().expect("an id").to_owned()),
        );
        match page["next"].as_str() {
            Some(next) => cursor = format!("&after={next}"),
            None => break,
        }
    }
    seen.sort();
    assert_eq!(seen, made);

    for wrong in ["limit=0", "limit=501", "limit=x", "limt=2", "limit=2&limit=2"] {
        app.get(&format!("/v1/invoices?{wrong}"))
            .send(400)
            .problem("bad_request");
    }
}

#[test]
fn a_void_invoice_is_owed_no_more_unless_money_came_for_it() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-02-01");
    let void = format!("/v1/invoices/{id}/void");
    for _ in 0..2 {
        assert_eq!(app.post(&void).send(200).string("/status"), "void");
    }
    let customer = app.customer(&known.id);
    assert_eq!(
        (&customer["balance"]["amount"], &customer["next_action"]),
        (&json!("0.00"), &Value::Null)
    );

    let (id, _) = app.new_invoice(&known, "100.00", "2026-02-01");
    app.pay(&known, "1.00");
    app.post(&format!("/v1/invoices/{id}/void"))
        .send(409)
        .problem("has_payments");
}

#[test]
fn a_credit_note_lowers_its_invoice_and_what_is_left_stands_on_account() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, number) = app.new_invoice(&known, "100.00", "2026-02-01");
    let mut note = json!({
        "number": unique("CN"),
        "customer": {"external_id": known.external_id},
        "issue_date": "2026-01-10",
        "currency": "EUR",
        "total": {"amount": "30.00", "currency": "EUR"},
        "invoice_number": number,
    });
    app.post("/v1/credit-notes").json(&note).send(201);
    app.post("/v1/credit-notes").json(&note).send(200);
    assert_eq!(app.invoice(&id)["balance"]["amount"], "70.00");
    assert_eq!(app.invoice(&id)["status"], "partly_paid");

    note["number"] = json!(unique("CN"));
    note["total"]["amount"] = json!("80.00");
    app.post("/v1/credit-notes").json(&note).send(201);
    assert_eq!(app.invoice(&id)["status"], "paid");
    let customer = app.customer(&known.id);
    assert_eq!(customer["unapplied"]["amount"], "10.00", "{customer}");
    assert_eq!(customer["balance"]["amount"], "-10.00", "{customer}");
}

#[test]
fn a_credit_note_that_is_void_is_owed_again() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, number) = app.new_invoice(&known, "100.00", "2026-02-01");
    let note = json!({"number": unique("CN"), "customer": {"external_id": known.external_id},
        "issue_date": "2026-01-10", "currency": "EUR", "total": "130.00", "invoice_number": number});
    let taken = app.post("/v1/credit-notes").json(&note).send(201).json();
    assert_eq!(app.invoice(&id)["status"], "paid");
    assert_eq!(app.customer(&known.id)["unapplied"]["amount"], "30.00");

    let void = format!("/v1/credit-notes/{}/void", taken["id"].as_str().expect("an id"));
    for _ in 0..2 {
        assert_eq!(app.post(&void).send(200).json()["status"], "void");
        assert_eq!(app.invoice(&id)["balance"]["amount"], "100.00");
        assert_eq!(app.customer(&known.id)["unapplied"]["amount"], "0.00");
    }
    let integrity = app.get("/v1/reports/integrity").send(200).json();
    assert_eq!(integrity["holds"], true, "{integrity}");
    let nobody = format!("/v1/credit-notes/crn_{}/void", "0".repeat(26));
    app.post(&nobody).send(404);
}

#[test]
fn a_statement_shows_any_day_of_the_past() {
    let app = App::shared();
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-02-01");
    let statement = app
        .get(&format!("/v1/customers/{}/statement?as_of=2026-01-31", known.id))
        .send(200);
    assert!(statement.text().contains("100.00"), "{}", statement.text());
    app.get(&format!("/v1/customers/{}/statement?as_of=2026-02-30", known.id))
        .send(400);
}

//! Payment terms and early-payment discounts: when an invoice is due, in one amount or in several, and what may be
//! deducted from it.

use serde_json::{Value, json};

use crate::harness::{App, Known, invoice, own, payment, unique};

/// An invoice without a due date of its own; `more` is put over it.
fn document(known: &Known, total: &str, more: &Value) -> Value {
    let mut document = invoice(&unique("R"), &known.external_id, total, "");
    let fields = document.as_object_mut().expect("an object");
    fields.remove("due_date");
    for (name, value) in more.as_object().expect("an object") {
        fields.insert(name.clone(), value.clone());
    }
    document
}

fn take(app: &App, known: &Known, total: &str, more: &Value) -> Value {
    app.post("/v1/invoices")
        .json(&document(known, total, more))
        .send(201)
        .json()
}

/// What is left of each part, and when the first of them is due.
fn parts(invoice: &Value) -> (String, String) {
    let parts = invoice["instalments"].as_array().expect("instalments").iter();
    let balances: Vec<&str> = parts
        .map(|part| part["balance"]["amount"].as_str().expect("an amount"))
        .collect();
    let due = invoice["due_date"].as_str().expect("a day");
    (balances.join("/"), due.to_owned())
}

/// The worked example "30/50/20 terms on 100, 40 paid: 0/40/20 left". Issued on 15 December; the second part is due on
/// 14 January, which has not passed.
#[test]
fn each_instalment_is_due_on_its_own_day() {
    let app = App::shared();
    let known = app.new_customer();
    let terms = json!({"terms": {"kind": "instalments", "parts": [{"percent": "30", "days": 0},
        {"percent": "50", "days": 30}, {"percent": "20", "days": 60}]}});
    let taken = take(app, &known, "100.00", &terms);
    let id = taken["id"].as_str().expect("an id");
    let owed = |balances: &str, due: &str| (balances.to_owned(), due.to_owned());
    assert_eq!(parts(&taken), owed("30.00/50.00/20.00", "2025-12-15"));
    assert_eq!(taken["due_date_source"], "terms");
    assert_eq!(app.customer(&known.id)["overdue"]["amount"], "30.00");
    let paid = app.pay(&known, "40.00");
    assert_eq!(parts(&app.invoice(id)), owed("0.00/40.00/20.00", "2026-01-14"));
    assert_eq!(app.customer(&known.id)["overdue"]["amount"], "0.00");
    let path = format!("/v1/payments/{}/reverse", paid["id"].as_str().expect("an id"));
    app.post(&path).json(&json!({"reason": "bounced"})).send(200);
    assert_eq!(parts(&app.invoice(id)), owed("30.00/50.00/20.00", "2025-12-15"));
    app.pay(&known, "100.00");
    assert_eq!(parts(&app.invoice(id)), owed("0.00/0.00/0.00", "2026-02-13"));
    assert_eq!(app.invoice(id)["status"], "paid");
    let drift = app.get("/v1/reports/integrity").send(200).json();
    assert_eq!(drift["drift"], json!([]), "{drift}");
}

/// What a page asks for, and whether it can be paid.
fn asks(app: &App, link: &str, amount: &str) -> bool {
    let page = app.get(link).anonymous().send(200).text();
    page.contains(&format!("EUR {amount}")) && page.contains("<form")
}

#[test]
fn a_message_and_its_link_ask_for_what_is_due_and_undisputed() {
    let app = own!(App::start());
    let known = app.new_customer();
    let terms = json!({"terms": {"kind": "instalments", "parts": [{"percent": "30", "days": 26},
        {"percent": "50", "days": 40}, {"percent": "20", "days": 60}]}});
    let id = take(&app, &known, "100.00", &terms)["id"].clone();
    app.clock("2026-01-13T09:30:00Z");
    app.job("sweep");
    app.job("deliver");
    let mail = app.mail(&app.messages(&known)[0]);
    assert!(
        mail.text.contains("EUR 30.00") && !mail.text.contains("EUR 80.00"),
        "{}",
        mail.text
    );
    let sent = mail.pay_link(&app);
    assert!(asks(&app, &sent, "30.00"));
    let link = |more: Value| {
        let mut body = json!({"customer": {"external_id": known.external_id}, "invoices": [id]});
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        app.post("/v1/payment-links").json(&body)
    };
    let euros = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let made = link(json!({})).send(201).json();
    assert_eq!(made["amount"], euros("30.00"));
    // Who wants more may have it: a link over a certain amount asks for that, up to all that is owed.
    let early = link(json!({"amount": euros("100.00")})).send(201).json();
    assert!(asks(&app, early["url"].as_str().expect("a url"), "100.00"));
    link(json!({"amount": euros("100.01")})).send(422);

    let dispute = |amount: &str| {
        let body = json!({"invoice": id, "amount": euros(amount), "reason": "damaged_goods"});
        app.post("/v1/disputes").json(&body).send(201);
    };
    dispute("85.00");
    assert!(asks(&app, &sent, "15.00"));
    dispute("15.00");
    let page = app.get(&sent).anonymous().send(200).text();
    assert!(!page.contains("<form"), "{page}");
    assert_eq!(link(json!({})).send(422).json()["code"], "nothing_owed");
}

#[test]
fn a_due_date_follows_from_the_terms_of_the_invoice_or_of_the_customer() {
    let app = App::shared();
    let known = app.new_customer();
    for (terms, due) in [
        (json!({"kind": "net", "days": 14}), "2025-12-29"),
        (json!({"kind": "end_of_month"}), "2025-12-31"),
        (
            json!({"kind": "end_of_month", "months": 1, "days": 10}),
            "2026-02-10",
        ),
        (
            json!({"kind": "day_of_month", "day": 31, "months": 2}),
            "2026-02-28",
        ),
    ] {
        let taken = take(app, &known, "10.00", &json!({ "terms": terms }));
        assert_eq!(taken["due_date"], due, "{terms}");
    }
    let mut changed = crate::harness::customer(&known.external_id);
    changed["terms"] = json!({"kind": "day_of_month", "day": 10, "months": 1});
    let shown = app.post("/v1/customers").json(&changed).send(200).json();
    assert_eq!(shown["terms"], changed["terms"]);
    let taken = take(app, &known, "10.00", &json!({}));
    assert_eq!(
        (&taken["due_date"], &taken["due_date_source"]),
        (&json!("2026-01-10"), &json!("customer_terms"))
    );
}

#[test]
fn terms_that_cannot_work_are_refused_with_every_reason() {
    let app = App::shared();
    let known = app.new_customer();
    let parts = |first: &str| json!({"terms": {"kind": "instalments", "parts": [{"amount": first, "days": 0}, {"amount": "50.00", "days": 30}]}});
    take(app, &known, "100.00", &parts("50.00"));
    let both = json!({"due_date": "2026-01-31", "terms": {"kind": "net", "days": 1}});
    let discounted = json!({"terms": parts("50.00")["terms"], "discount": [{"percent": "2", "days": 10}]});
    for (more, pointers) in [
        (parts("50.01"), vec!["/terms/parts"]),
        (both, vec!["/terms"]),
        (discounted, vec!["/discount"]),
        (
            json!({"terms": {"kind": "day_of_month", "day": 32}, "discount": [{"percent": "101", "days": 1}]}),
            vec!["/discount/0/percent", "/terms/day"],
        ),
    ] {
        let refused = app
            .post("/v1/invoices")
            .json(&document(&known, "100.00", &more))
            .send(422);
        refused.problem("invalid");
        assert_eq!(refused.pointers(), pointers, "{more}");
    }
}

/// "2/10": until 25 December. What arrives by then settles the invoice with 2 % less; what arrives later does not.
#[test]
fn a_discount_is_earned_by_the_day_on_which_the_money_arrived() {
    let app = App::shared();
    for (received_on, owed, status) in [
        ("2025-12-25", "0.00", "paid"),
        ("2025-12-26", "24.80", "partly_paid"),
    ] {
        let known = app.new_customer();
        let terms = json!({"due_date": "2026-01-14", "discount": [{"percent": "2", "days": 10}]});
        let taken = take(app, &known, "1240.00", &terms);
        assert_eq!(
            taken["discount"],
            json!([{"amount": {"amount": "24.80", "currency": "EUR"}, "until": "2025-12-25", "percent": "2"}])
        );
        let mut paid = payment(&unique("P"), &known.external_id, "1215.20");
        paid["received_on"] = json!(received_on);
        let paid = app.post("/v1/payments").json(&paid).send(201).json();
        let after = app.invoice(taken["id"].as_str().expect("an id"));
        assert_eq!(
            (&after["balance"]["amount"], &after["status"]),
            (&json!(owed), &json!(status))
        );
        let statement = format!(
            "/v1/customers/{}/statement?from=2025-12-01&as_of=2026-01-31",
            known.id
        );
        let statement = app.get(&statement).send(200).text();
        let timeline = format!("/v1/customers/{}/timeline", known.id);
        let timeline = app.get(&timeline).send(200).text();
        let earned = status == "paid";
        assert_eq!(
            statement.contains("Early-payment discount"),
            earned,
            "{statement}"
        );
        assert_eq!(timeline.contains("discount_taken"), earned, "{timeline}");
        assert_eq!(
            paid["differences"].as_array().map(Vec::len),
            Some(usize::from(earned)),
            "{paid}"
        );
    }
}

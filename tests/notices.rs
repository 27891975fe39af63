//! Notices: what is told to a customer besides reminders, when, once, and what is no longer so is not.

use serde_json::{Value, json};

use crate::harness::{App, Known, customer, own, unique};

/// Moves the clock and runs the courier.
fn deliver_at(app: &App, instant: &str) {
    app.clock(instant);
    app.job("deliver");
}

/// A customer's messages of one template, newest first.
fn of(app: &App, known: &Known, template: &str) -> Vec<Value> {
    let mut messages = app.messages(known);
    messages.retain(|message| message["template"] == template);
    messages
}

#[track_caller]
fn only(app: &App, known: &Known, template: &str) -> Value {
    let mut messages = of(app, known, template);
    assert_eq!(messages.len(), 1, "{template}: {messages:?}");
    messages.remove(0)
}

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// A customer under a policy of its own.
fn under(app: &App, more: &Value) -> Known {
    let name = unique("policy").to_lowercase();
    let mut policy = json!({
        "name": name, "send_at": "09:00", "business_days_only": true, "min_days_between_contacts": 0,
        "steps": [{"id": "reminder", "day": 30, "channels": ["email"], "template": "friendly"}],
    });
    let members = policy.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    app.put(&format!("/v1/policies/{name}")).json(&policy).send(201);
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["policy"] = json!(name);
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    Known { external_id, id }
}

#[test]
fn an_order_is_confirmed_at_once_to_who_owes_nothing() {
    let app = own!(App::start());
    let known = app.new_customer();
    let number = unique("SO");
    let order =
        json!({"number": number, "customer": {"id": known.id}, "currency": "EUR", "amount": "120.00"});
    // A Sunday.
    app.clock("2026-01-18T05:00:00Z");
    app.post("/v1/orders").json(&order).send(201);
    app.post("/v1/orders").json(&order).send(200);
    app.job("deliver");
    let message = only(&app, &known, "order_confirmation");
    assert_eq!(
        (&message["status"], &message["purpose"], &message["channel"]),
        (&json!("sent"), &json!("order"), &json!("email")),
        "{message}"
    );
    let about =
        json!({"kind": "order", "number": number, "amount": euros("120.00"), "ordered_on": "2026-01-18"});
    assert_eq!(message["about"], about);
    let mail = app.mail(&message);
    assert!(mail.text.contains(&number), "{}", mail.text);
    assert_eq!(app.messages(&known).len(), 1);
}

#[test]
fn an_order_that_is_cancelled_before_its_confirmation_leaves_is_not_confirmed() {
    let app = own!(App::start());
    let known = app.new_customer();
    let order =
        json!({"number": unique("SO"), "customer": {"id": known.id}, "currency": "EUR", "amount": "1.00"});
    let id = app.post("/v1/orders").json(&order).send(201).string("/id");
    app.post(&format!("/v1/orders/{id}/cancel")).send(200);
    app.job("deliver");
    let message = only(&app, &known, "order_confirmation");
    assert_eq!(message["status"], "cancelled", "{message}");
    let timeline = app
        .get(&format!("/v1/customers/{}/timeline", known.id))
        .send(200)
        .text();
    assert!(timeline.contains("Rule still_so"), "{timeline}");
    assert!(app.mailbox().is_empty());
}

#[test]
fn money_is_thanked_for_on_the_next_day_unless_it_went_back() {
    let app = own!(App::start());
    let (known, other) = (app.new_customer(), app.new_customer());
    let (_, number) = app.new_invoice(&known, "100.00", "2026-01-30");
    app.new_invoice(&other, "100.00", "2026-01-30");
    app.pay(&known, "100.00");
    let slip = app.pay(&other, "100.00");
    app.post(&format!(
        "/v1/payments/{}/reverse",
        slip["id"].as_str().expect("an id")
    ))
    .json(&json!({"reason": "typed for somebody else"}))
    .send(200);
    app.job("deliver");
    assert!(app.mailbox().is_empty());
    // Nine in Berlin.
    deliver_at(&app, "2026-01-13T08:00:00Z");
    let message = only(&app, &known, "payment_received");
    assert_eq!(message["status"], "sent", "{message}");
    let part = json!({"number": number, "amount": euros("100.00")});
    let about = json!({"kind": "payment", "amount": euros("100.00"), "received_on": "2026-01-12",
        "applied": [part], "unapplied": euros("0.00")});
    assert_eq!(message["about"], about);
    assert!(app.mail(&message).text.contains(&number));
    let taken_back = only(&app, &other, "payment_received");
    assert_eq!(taken_back["status"], "cancelled", "{taken_back}");
}

#[test]
fn a_policy_leaves_out_what_it_does_not_want() {
    let app = App::shared();
    let known = under(app, &json!({"notices": {"order_confirmation": false}}));
    let order =
        json!({"number": unique("SO"), "customer": {"id": known.id}, "currency": "EUR", "amount": "1.00"});
    app.post("/v1/orders").json(&order).send(201);
    assert!(app.messages(&known).is_empty());
    let wrong = json!({"name": "wrong", "send_at": "09:00", "business_days_only": true, "min_days_between_contacts": 0,
        "notices": {"channels": [], "birthday": true}, "statements": {"day": 31}, "promises": {"remind_days": 0},
        "steps": [{"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"}]});
    let mut pointers = app.put("/v1/policies/wrong").json(&wrong).send(422).pointers();
    pointers.sort();
    assert_eq!(
        pointers,
        [
            "/notices/birthday",
            "/notices/channels",
            "/promises/remind_days",
            "/statements/day"
        ]
    );
}

#[test]
fn a_dispute_is_acknowledged_and_its_decision_told() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (invoice, number) = app.new_invoice(&known, "100.00", "2026-01-30");
    let body = json!({"invoice": invoice, "amount": euros("40.00"), "reason": "damaged_goods"});
    let dispute = app.post("/v1/disputes").json(&body).send(201).string("/id");
    app.job("deliver");
    let received = only(&app, &known, "dispute_received");
    assert_eq!(
        (&received["status"], &received["about"]["number"]),
        (&json!("sent"), &json!(number))
    );
    let outcome = json!({"outcome": "split", "credit": euros("15.00"), "comment": "Half of the boxes"});
    app.post(&format!("/v1/disputes/{dispute}/resolve"))
        .json(&outcome)
        .send(200);
    app.job("deliver");
    let decided = only(&app, &known, "dispute_decided");
    let about = json!({"kind": "dispute", "number": number, "amount": euros("40.00"), "reason": "damaged_goods",
        "granted": euros("15.00"), "note": "Half of the boxes"});
    assert_eq!((&decided["status"], &decided["about"]), (&json!("sent"), &about));
}

#[test]
fn a_promise_is_recalled_the_day_before() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-01-09");
    let promise = json!({"customer": {"id": known.id}, "promised_on": "2026-01-20"});
    app.post("/v1/promises").json(&promise).send(201);
    deliver_at(&app, "2026-01-19T07:59:00Z");
    assert_eq!(only(&app, &known, "promise_reminder")["status"], "queued");
    deliver_at(&app, "2026-01-19T08:00:00Z");
    let message = only(&app, &known, "promise_reminder");
    assert_eq!(message["status"], "sent", "{message}");
    assert!(app.mail(&message).text.contains("100.00"));
}

#[test]
fn a_document_is_asked_for_and_what_comes_answers() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (invoice, _) = app.new_invoice(&known, "100.00", "2026-01-30");
    let path = format!("/v1/customers/{}/document-requests", known.id);
    let ask = |body: Value| app.post(&path).json(&body);
    let form = ask(json!({"what": "VAT exemption form", "until": "2026-01-20"}))
        .send(201)
        .json();
    assert_eq!(
        (&form["status"], &form["customer_id"]),
        (&json!("open"), &json!(known.id))
    );
    app.job("deliver");
    let message = only(&app, &known, "document_request");
    assert_eq!(message["status"], "sent", "{message}");
    assert!(app.mail(&message).text.contains("VAT exemption form"));

    let one = |id: &Value| format!("/v1/document-requests/{}", id.as_str().expect("an id"));
    let answer = json!({"documents": [{"name": "Form", "reference": "dms/1"}], "note": "by post"});
    let path = one(&form["id"]);
    let answered = app.post(&format!("{path}/answer")).json(&answer).send(200).json();
    assert_eq!(
        (&answered["status"], &answered["documents"], &answered["note"]),
        (&json!("answered"), &answer["documents"], &json!("by post"))
    );
    for (act, body) in [("answer", &answer), ("withdraw", &json!({"reason": "late"}))] {
        app.post(&format!("{path}/{act}"))
            .json(body)
            .send(409)
            .problem("wrong_status");
    }
    assert_eq!(app.get(&path).send(200).json(), answered);

    // A document that is kept with the invoice answers what was asked for it.
    let order = ask(json!({"what": "Purchase order", "invoice": invoice}))
        .send(201)
        .json();
    app.post(&format!("/v1/invoices/{invoice}/documents?name=po.pdf"))
        .body("application/pdf", b"%PDF-1.7\n%%EOF\n".to_vec())
        .send(201);
    let came = app.get(&one(&order["id"])).send(200).json();
    assert_eq!(
        (&came["status"], &came["documents"][0]["name"]),
        (&json!("answered"), &json!("po.pdf"))
    );
    let proof = ask(json!({"what": "Proof of delivery"})).send(201).json();
    let withdrawn = app
        .post(&format!("{}/withdraw", one(&proof["id"])))
        .json(&json!({"reason": "We found it"}))
        .send(200)
        .json();
    assert_eq!(
        (&withdrawn["status"], &withdrawn["note"]),
        (&json!("withdrawn"), &json!("We found it"))
    );
    app.job("deliver");
    assert_eq!(app.mailbox().len(), 1, "what was answered is not asked for");

    let listed = |query: &str| {
        let list = app
            .get(&format!("/v1/document-requests?{query}"))
            .send(200)
            .json();
        list["data"].as_array().expect("data").len()
    };
    assert_eq!(listed(&format!("customer={}", known.id)), 3);
    assert_eq!(listed(&format!("customer={}&status=answered", known.id)), 2);
    assert_eq!(listed("status=withdrawn"), 1);
    app.get("/v1/document-requests?status=lost").send(400);
    let wrong = ask(json!({"until": "2026-01-11", "invoice": "inv_00000000000000000000000000"})).send(422);
    assert_eq!(wrong.pointers(), ["/what"]);
    let wrong = json!({"what": "x", "until": "2026-01-11", "invoice": "inv_00000000000000000000000000"});
    assert_eq!(ask(wrong).send(422).pointers(), ["/invoice", "/until"]);
    app.post("/v1/customers/cus_00000000000000000000000000/document-requests")
        .json(&json!({"what": "x"}))
        .send(404);
    app.get("/v1/document-requests/drq_00000000000000000000000000")
        .send(404);
}

#[test]
fn a_statement_goes_out_each_month_on_its_day() {
    let app = own!(App::start());
    let known = under(&app, &json!({"statements": {"day": 1}}));
    let quiet = under(&app, &json!({"statements": {"day": 1}}));
    let (_, number) = app.new_invoice(&known, "100.00", "2026-03-30");
    // The first look finds the day.
    let ran = app.job("statements");
    assert_eq!(
        (&ran["queued"], &ran["more"]),
        (&json!(0), &json!(false)),
        "{ran}"
    );
    assert_eq!(
        app.get(&format!("/v1/customers/{}/statements", known.id))
            .send(200)
            .json(),
        json!({"send": true, "day": 1, "by": "policy", "next_at": "2026-02-01T08:00:00Z"})
    );
    // Nine in Berlin, a Sunday.
    for (instant, statements) in [
        ("2026-02-01T07:59:00Z", 0),
        ("2026-02-01T08:00:00Z", 1),
        ("2026-02-20T08:00:00Z", 1),
        ("2026-03-01T08:00:00Z", 2),
    ] {
        app.clock(instant);
        app.job("statements");
        assert_eq!(
            app.job("statements")["queued"],
            0,
            "{instant}: run twice, sent twice"
        );
        app.job("deliver");
        assert_eq!(of(&app, &known, "statement").len(), statements, "{instant}");
    }
    assert!(
        app.messages(&quiet).is_empty(),
        "nothing happened and nothing is owed"
    );
    let first = of(&app, &known, "statement").remove(1);
    assert_eq!(first["status"], "sent", "{first}");
    // The invoice of 15 December is what January opens with.
    let about = json!({"kind": "statement", "from": "2026-01-01", "to": "2026-01-31", "opening": euros("100.00"),
        "closing": euros("100.00"), "entries": []});
    assert_eq!(first["about"], about);
    let december = json!({"from": "2025-12-01", "to": "2025-12-31"});
    let path = format!("/v1/customers/{}/statements", known.id);
    let sent = app.post(&path).json(&december).send(201).json();
    assert_eq!(sent["messages"].as_array().map(Vec::len), Some(1), "{sent}");
    app.job("deliver");
    let asked = of(&app, &known, "statement").remove(0);
    assert_eq!(
        (
            &asked["status"],
            &asked["about"]["opening"],
            &asked["about"]["entries"][0]["number"]
        ),
        (&json!("sent"), &euros("0.00"), &json!(number)),
        "{asked}"
    );
}

#[test]
fn a_customer_has_a_setting_of_its_own() {
    let app = App::shared();
    let known = app.new_customer();
    let path = format!("/v1/customers/{}/statements", known.id);
    let policys = json!({"send": false, "by": "policy", "next_at": null});
    assert_eq!(app.get(&path).send(200).json(), policys);
    let own = json!({"send": true, "day": 28, "min_balance": {"EUR": "5"}});
    let set = app.put(&path).json(&own).send(200).json();
    assert_eq!(
        (&set["send"], &set["day"], &set["min_balance"], &set["by"]),
        (
            &json!(true),
            &json!(28),
            &json!({"EUR": "5.00"}),
            &json!("customer")
        )
    );
    assert!(set["next_at"].is_string(), "{set}");
    let never = app.put(&path).json(&json!({"send": false})).send(200).json();
    assert_eq!(never, json!({"send": false, "by": "customer", "next_at": null}));
    assert_eq!(app.delete(&path).send(200).json(), policys);
    let wrong = app.put(&path).json(&json!({"send": false, "day": 1})).send(422);
    assert_eq!(wrong.pointers(), ["/day"]);
    let nothing = app.post(&path).json(&json!({})).send(422);
    assert_eq!(nothing.pointers(), ["/currency"]);
    let wrong = app
        .post(&path)
        .json(&json!({"from": "2025-02-02", "to": "2025-02-01"}))
        .send(422);
    assert_eq!(wrong.pointers(), ["/to"]);
    let nobody = "/v1/customers/cus_00000000000000000000000000/statements";
    app.get(nobody).send(404);
    app.put(nobody).json(&json!({"send": false})).send(404);
    app.delete(nobody).send(404);
    app.post(nobody).json(&json!({})).send(404);
}

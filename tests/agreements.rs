//! What is agreed with a customer, or not: disputes, promises, plans. What is agreed rests, and the money decides.

use serde_json::{Value, json};

use crate::harness::{App, Known, customer, own, payment, unique};

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

/// Moves the clock and runs the sweep and the courier.
fn run_at(app: &App, instant: &str) {
    app.clock(instant);
    app.job("sweep");
    app.job("deliver");
}

fn codes(answer: &Value) -> Vec<String> {
    let errors = answer["errors"].as_array().expect("errors");
    let code = |error: &Value| {
        format!(
            "{} {}",
            error["pointer"].as_str().expect("a pointer"),
            error["code"].as_str().expect("a code")
        )
    };
    errors.iter().map(code).collect()
}

fn kinds(app: &App, known: &Known) -> Vec<String> {
    let list = app
        .get(&format!("/v1/customers/{}/timeline?limit=500", known.id))
        .send(200)
        .json();
    let rows = list["data"].as_array().expect("data").iter();
    rows.map(|row| row["kind"].as_str().expect("a kind").to_owned())
        .collect()
}

fn promise(app: &App, known: &Known, more: Value) -> Value {
    let mut body = json!({"customer": {"external_id": known.external_id}, "promised_on": "2026-01-20"});
    body.as_object_mut()
        .expect("an object")
        .extend(more.as_object().expect("an object").clone());
    app.post("/v1/promises").json(&body).send(201).json()
}

fn pay_on(app: &App, known: &Known, amount: &str, on: &str) -> Value {
    let mut document = payment(&unique("P"), &known.external_id, amount);
    document["received_on"] = json!(on);
    app.post("/v1/payments").json(&document).send(201).json()
}

#[test]
fn a_dispute_goes_from_hand_to_hand_until_it_is_decided() {
    let app = App::shared();
    let known = app.new_customer();
    let (invoice, number) = app.new_invoice(&known, "100.00", "2026-01-09");
    let body = json!({
        "invoice": invoice, "amount": euros("40.00"), "reason": "damaged_goods", "text": "Wet boxes",
        "documents": [{"name": "Photo", "media_type": "image/jpeg", "url": "https://files.example.com/1.jpg"}]
    });
    let opened = app.post("/v1/disputes").json(&body).send(201).json();
    assert_eq!(
        (&opened["status"], &opened["invoice"]["number"]),
        (&json!("open"), &json!(number))
    );
    assert_eq!(
        (&opened["undisputed"], &opened["respond_by"]),
        (&euros("60.00"), &json!("2026-01-26"))
    );
    assert_eq!(opened["reason"]["uncl4465"], "3");
    assert_eq!(app.invoice(&invoice)["disputed"], true);
    let path = format!("/v1/disputes/{}", opened["id"].as_str().expect("an id"));
    let act =
        |act: &str, body: Value, status: u16| app.post(&format!("{path}/{act}")).json(&body).send(status);
    assert_eq!(
        act("assign", json!({"assignee": "logistics"}), 200).json()["assignee"],
        "logistics"
    );
    assert_eq!(
        app.post(&format!("{path}/review")).send(200).json()["status"],
        "in_review"
    );
    app.post(&format!("{path}/review"))
        .send(409)
        .problem("wrong_status");
    let wrong = act(
        "resolve",
        json!({"outcome": "split", "credit": euros("40.00")}),
        422,
    )
    .json();
    assert_eq!(codes(&wrong), ["/outcome not_a_split"]);
    let note = unique("CN");
    let split = json!({"outcome": "split", "credit": euros("15.00"), "credit_note_number": note, "comment": "Half of it"});
    let resolved = act("resolve", split.clone(), 200).json();
    assert_eq!(
        (&resolved["outcome"], &resolved["credited"]),
        (&json!("split"), &euros("15.00"))
    );
    assert_eq!(app.invoice(&invoice)["balance"], euros("85.00"));
    assert_eq!(app.invoice(&invoice)["disputed"], false);
    act("resolve", split, 409).problem("wrong_status");
    act("withdraw", json!({}), 409).problem("wrong_status");
    assert_eq!(app.get(&path).send(200).json(), resolved);
    let list = format!("/v1/disputes?customer={}&status=resolved", known.id);
    assert_eq!(app.get(&list).send(200).json()["data"], json!([resolved]));
    app.get("/v1/disputes?status=lost").send(400);
    let told = kinds(app, &known);
    for kind in [
        "dispute_opened",
        "dispute_assigned",
        "dispute_in_review",
        "dispute_resolved",
    ] {
        assert_eq!(
            told.iter().filter(|told| *told == kind).count(),
            1,
            "{kind} in {told:?}"
        );
    }
    let events = app
        .get(&format!("/v1/events?customer={}", known.id))
        .send(200)
        .json();
    let types: Vec<&Value> = events["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|event| &event["type"])
        .filter(|told| told.as_str().is_some_and(|told| told.starts_with("dispute.")))
        .collect();
    assert_eq!(types, ["dispute.opened", "dispute.resolved"]);
}

#[test]
fn a_dispute_says_everything_that_is_wrong_with_it() {
    let app = App::shared();
    let known = app.new_customer();
    let (invoice, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let wrong =
        json!({"invoice": invoice, "amount": euros("100.01"), "reason": "22", "respond_by": "2026-01-01"});
    let answer = app.post("/v1/disputes").json(&wrong).send(422).json();
    let expected = [
        "/reason unknown_value",
        "/amount more_than_owed",
        "/respond_by in_the_past",
    ];
    assert_eq!(codes(&answer), expected);
    let whole = json!({"invoice": invoice, "reason": "other"});
    let opened = app.post("/v1/disputes").json(&whole).send(201).json();
    assert_eq!(opened["amount"], euros("100.00"));
    let again = app.post("/v1/disputes").json(&whole).send(422).json();
    assert_eq!(codes(&again), ["/amount nothing_left"]);
    assert_eq!(
        app.customer(&known.id)["next_action"],
        Value::Null,
        "what is disputed is not dunned"
    );
    let withdraw = format!("/v1/disputes/{}/withdraw", opened["id"].as_str().expect("an id"));
    let withdrawn = app
        .post(&withdraw)
        .json(&json!({"comment": "Found it"}))
        .send(200)
        .json();
    assert_eq!(
        (&withdrawn["status"], &withdrawn["comment"]),
        (&json!("withdrawn"), &json!("Found it"))
    );
    assert_ne!(app.customer(&known.id)["next_action"], Value::Null);
    app.get("/v1/disputes/dsp_00000000000000000000000000").send(404);
}

#[test]
fn customers_have_codes_of_their_own() {
    let app = App::shared();
    let (ours, theirs) = (app.new_customer(), app.new_customer());
    let code = unique("D");
    let path = format!("/v1/dispute-codes/{code}");
    let put = |body: Value| app.put(&path).json(&body).send(200).json();
    let everybody = put(json!({"reason": "wrong_price", "text": "Pricing"}));
    assert_eq!(
        (&everybody["customer"], &everybody["reason"]["code"]),
        (&Value::Null, &json!("wrong_price"))
    );
    let own = put(json!({"customer": {"external_id": ours.external_id}, "reason": "damaged_goods"}));
    assert_eq!(own["customer"], json!(ours.id));
    for (known, reason) in [(&ours, "damaged_goods"), (&theirs, "wrong_price")] {
        let (invoice, _) = app.new_invoice(known, "100.00", "2026-01-09");
        let body = json!({"invoice": invoice, "reason": code.to_lowercase()});
        let opened = app.post("/v1/disputes").json(&body).send(201).json();
        assert_eq!(opened["reason"]["code"], reason);
        assert_eq!(opened["customer_code"], json!(code.to_lowercase()));
    }
    let list = app.get("/v1/dispute-codes?limit=500").send(200).json();
    let mapped = list["data"]
        .as_array()
        .expect("data")
        .iter()
        .filter(|row| row["code"] == json!(code));
    assert_eq!(mapped.count(), 2);
    assert!(list["reasons"].as_array().expect("reasons").len() > 10);
    app.put(&path)
        .json(&json!({"reason": "because"}))
        .send(422)
        .problem("invalid");
    let nobody = json!({"customer": {"external_id": unique("N")}, "reason": "other"});
    app.put(&path).json(&nobody).send(422).problem("invalid");
}

#[test]
fn a_promise_is_kept_by_the_money_and_by_nothing_else() {
    let app = App::shared();
    let known = app.new_customer();
    let (invoice, number) = app.new_invoice(&known, "100.00", "2026-01-09");
    let made = promise(app, &known, json!({"invoices": [invoice], "note": "By phone"}));
    assert_eq!(
        (&made["amount"], &made["until"], &made["status"]),
        (&euros("100.00"), &json!("2026-01-22"), &json!("open"))
    );
    assert_eq!(made["invoices"], json!([{"id": invoice, "number": number}]));
    assert_eq!(app.invoice(&invoice)["promised_until"], "2026-01-22");
    let next = app.customer(&known.id)["next_action"].clone();
    assert!(next["at"].as_str().expect("an instant") >= "2026-01-23", "{next}");
    let path = format!("/v1/promises/{}", made["id"].as_str().expect("an id"));
    let standing = || app.get(&path).send(200).json();
    app.pay(&known, "99.99");
    assert_eq!(
        (&standing()["status"], &standing()["missing"]),
        (&json!("open"), &euros("0.01"))
    );
    let last = app.pay(&known, "0.01");
    assert_eq!(
        (&standing()["status"], &standing()["decided_on"]),
        (&json!("kept"), &json!("2026-01-12"))
    );
    assert_eq!(app.invoice(&invoice)["promised_until"], Value::Null);
    app.post(&format!("{path}/cancel"))
        .send(409)
        .problem("wrong_status");
    let reverse = format!("/v1/payments/{}/reverse", last["id"].as_str().expect("an id"));
    app.post(&reverse).json(&json!({"reason": "returned"})).send(200);
    assert_eq!(standing()["status"], "open");
    let cancelled = app
        .post(&format!("{path}/cancel"))
        .json(&json!({"reason": "Wrong customer"}))
        .send(200)
        .json();
    assert_eq!(cancelled["status"], "cancelled");
    let list = app
        .get(&format!("/v1/promises?customer={}&status=cancelled", known.id))
        .send(200)
        .json();
    assert_eq!(list["data"], json!([cancelled]));
    let told = kinds(app, &known);
    for kind in [
        "promise_made",
        "promise_kept",
        "promise_reopened",
        "promise_cancelled",
    ] {
        assert!(told.iter().any(|told| told == kind), "{kind} in {told:?}");
    }
}

#[test]
fn a_promise_says_everything_that_is_wrong_with_it() {
    let app = App::shared();
    let known = app.new_customer();
    let (invoice, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let refused = |more: Value| {
        let mut body = json!({"customer": {"external_id": known.external_id}, "promised_on": "2026-01-20"});
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        codes(&app.post("/v1/promises").json(&body).send(422).json())
    };
    assert_eq!(
        refused(json!({"customer": {"external_id": unique("N")}})),
        ["/customer unknown_customer"]
    );
    assert_eq!(
        refused(json!({"amount": euros("100.01"), "promised_on": "2026-01-11"})),
        ["/amount more_than_owed", "/promised_on in_the_past"]
    );
    assert_eq!(
        refused(json!({"promised_on": "2026-02-12"})),
        ["/promised_on too_far"]
    );
    assert_eq!(
        refused(json!({"invoices": ["inv_00000000000000000000000000"]})),
        ["/invoices/0 unknown_invoice"]
    );
    assert_eq!(refused(json!({"currency": "USD"})), ["/invoices nothing_owed"]);
    promise(app, &known, json!({"invoices": [invoice]}));
    assert_eq!(refused(json!({})), ["/invoices already_promised"]);
}

#[test]
fn a_promise_is_confirmed_by_mail() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-01-09");
    promise(&app, &known, json!({"amount": euros("60.00")}));
    app.job("deliver");
    let messages = app.messages(&known);
    let confirmation = messages.iter().find(|message| message["step"] == "promise_made");
    let confirmation = confirmation.expect("a confirmation");
    assert_eq!(confirmation["status"], "sent", "{messages:?}");
    let mail = app.mail(confirmation);
    assert!(
        mail.subject.contains("60.00") && mail.subject.contains("20 January 2026"),
        "{}",
        mail.subject
    );
    // The reminder that was due waits.
    app.job("sweep");
    assert!(app.reminders(&known).is_empty());
}

#[test]
fn a_broken_promise_resumes_dunning_raises_risk_and_is_told() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-01-09");
    let made = promise(&app, &known, json!({"amount": euros("60.00")}));
    pay_on(&app, &known, "59.00", "2026-01-12");
    // The letter that confirms it leaves now, and not within the pause before what follows.
    app.job("deliver");
    run_at(&app, "2026-01-22T22:00:00Z");
    let path = format!("/v1/promises/{}", made["id"].as_str().expect("an id"));
    assert_eq!(app.get(&path).send(200).json()["status"], "open");
    run_at(&app, "2026-01-23T09:00:00Z");
    let broken = app.get(&path).send(200).json();
    assert_eq!(
        (&broken["status"], &broken["decided_on"], &broken["missing"]),
        (&json!("broken"), &json!("2026-01-23"), &euros("1.00"))
    );
    // 14 days after the due date: the standard policy's second step, at once.
    assert_eq!(app.reminders(&known)[0]["step"], "firm");
    app.job("risk");
    let reasons = app.customer(&known.id)["risk"]["reasons"].clone();
    assert!(reasons.to_string().contains("broken_promises"), "{reasons}");
    let events = app
        .get(&format!("/v1/events?customer={}", known.id))
        .send(200)
        .text();
    assert!(events.contains("promise.broken"), "{events}");
    // A cent late is too late; money that was there in time, and is told of late, was in time.
    pay_on(&app, &known, "1.00", "2026-01-23");
    assert_eq!(app.get(&path).send(200).json()["status"], "broken");
    pay_on(&app, &known, "1.00", "2026-01-22");
    assert_eq!(app.get(&path).send(200).json()["status"], "kept");
}

#[test]
fn an_instalment_plan_rests_the_debt_until_one_is_missed() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (invoice, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let body = json!({"customer": {"external_id": known.external_id},
        "equal": {"count": 3, "frequency": "weekly", "first_due_date": "2026-01-19"}});
    let plan = app.post("/v1/plans").json(&body).send(201).json();
    let amounts: Vec<&Value> = plan["instalments"]
        .as_array()
        .expect("parts")
        .iter()
        .map(|part| &part["amount"]["amount"])
        .collect();
    assert_eq!(amounts, ["33.34", "33.33", "33.33"]);
    assert_eq!(
        (&plan["status"], &plan["kind"]),
        (&json!("active"), &json!("instalments"))
    );
    assert_eq!(
        codes(&app.post("/v1/plans").json(&body).send(422).json()),
        ["/invoices already_planned"]
    );
    run_at(&app, "2026-01-13T09:00:00Z");
    assert!(app.reminders(&known).is_empty(), "what is planned is not dunned");
    pay_on(&app, &known, "33.34", "2026-01-19");
    let path = format!("/v1/plans/{}", plan["id"].as_str().expect("an id"));
    // The second is due on the 26th; with three days of grace it is too late from the 30th on.
    run_at(&app, "2026-01-29T09:00:00Z");
    let standing = app.get(&path).send(200).json();
    assert_eq!(
        (&standing["status"], &standing["instalments"][0]["in_time"]),
        (&json!("active"), &json!(true))
    );
    run_at(&app, "2026-01-30T09:00:00Z");
    let standing = app.get(&path).send(200).json();
    assert_eq!(
        (
            &standing["status"],
            &standing["decided_on"],
            &standing["instalments"][1]["in_time"]
        ),
        (&json!("broken"), &json!("2026-01-30"), &json!(false))
    );
    assert_eq!(app.invoice(&invoice)["balance"], euros("66.66"));
    assert_eq!(app.reminders(&known).len(), 1, "the debt is dunned again");
    app.post(&format!("{path}/cancel"))
        .send(409)
        .problem("wrong_status");
    let list = app
        .get(&format!("/v1/plans?customer={}&status=broken", known.id))
        .send(200)
        .json();
    assert_eq!(list["data"][0]["id"], plan["id"]);
}

#[test]
fn a_settlement_needs_a_second_person_and_the_whole_sum_in_time() {
    let app = App::shared();
    let known = app.new_customer();
    let (invoice, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let body = |amount: &str| {
        json!({"customer": {"external_id": known.external_id},
            "settlement": {"amount": euros(amount), "due_date": "2026-01-20"}})
    };
    assert_eq!(
        codes(&app.post("/v1/plans").json(&body("100.00")).send(422).json()),
        ["/settlement/amount no_discount"]
    );
    let plan = app.post("/v1/plans").json(&body("80.00")).send(202).json();
    assert_eq!(
        (&plan["status"], &plan["discount"]),
        (&json!("proposed"), &euros("20.00"))
    );
    assert_ne!(
        app.customer(&known.id)["next_action"],
        Value::Null,
        "nothing rests before it is approved"
    );
    let decision = format!(
        "/v1/approvals/{}/decision",
        plan["approval"].as_str().expect("an approval")
    );
    let agreed = json!({"decision": "approve", "comment": "Better than nothing"});
    // Who asked does not decide.
    let own_decision = app.post(&decision).json(&agreed).answer();
    assert!(
        [403, 409, 422].contains(&own_decision.status),
        "{}",
        own_decision.text()
    );
    let key = app
        .post("/v1/api-keys")
        .json(&json!({"name": unique("key"), "scopes": ["approve"]}))
        .send(201)
        .string("/key");
    app.post(&decision).key(&key).json(&agreed).send(200);
    let path = format!("/v1/plans/{}", plan["id"].as_str().expect("an id"));
    assert_eq!(app.get(&path).send(200).json()["status"], "active");
    assert_eq!(app.customer(&known.id)["next_action"], Value::Null);
    app.pay(&known, "79.99");
    assert_eq!(app.get(&path).send(200).json()["status"], "active");
    app.pay(&known, "0.01");
    let standing = app.get(&path).send(200).json();
    assert_eq!(
        (&standing["status"], &standing["decided_on"]),
        (&json!("completed"), &json!("2026-01-12"))
    );
    assert_eq!(app.invoice(&invoice)["balance"], euros("0.00"));
}

#[test]
fn a_settlement_that_is_refused_leaves_the_debt_as_it_is() {
    let app = App::shared();
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-01-09");
    let body = json!({"customer": {"external_id": known.external_id},
        "settlement": {"amount": euros("10.00"), "due_date": "2026-01-20"}});
    let plan = app.post("/v1/plans").json(&body).send(202).json();
    let decision = format!(
        "/v1/approvals/{}/decision",
        plan["approval"].as_str().expect("an approval")
    );
    let key = app
        .post("/v1/api-keys")
        .json(&json!({"name": unique("key"), "scopes": ["approve"]}))
        .send(201)
        .string("/key");
    app.post(&decision)
        .key(&key)
        .json(&json!({"decision": "reject", "comment": "Too little"}))
        .send(200);
    let path = format!("/v1/plans/{}", plan["id"].as_str().expect("an id"));
    assert_eq!(app.get(&path).send(200).json()["status"], "cancelled");
    assert_ne!(app.customer(&known.id)["next_action"], Value::Null);
}

#[test]
fn a_plan_that_is_cancelled_while_it_waits_is_not_decided_on() {
    let app = App::shared();
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-01-09");
    let body = json!({"customer": {"external_id": known.external_id},
        "settlement": {"amount": euros("10.00"), "due_date": "2026-01-20"}});
    let plan = app.post("/v1/plans").json(&body).send(202).json();
    let path = format!("/v1/plans/{}", plan["id"].as_str().expect("an id"));
    app.post(&format!("{path}/cancel")).json(&json!({})).send(200);
    let approval = plan["approval"].as_str().expect("an approval");
    let pending = format!("/v1/approvals?customer={}", known.id);
    let found = app.get(&pending).send(200).json();
    assert_eq!(
        (&found["data"][0]["id"], &found["data"][0]["status"]),
        (&json!(approval), &json!("withdrawn")),
        "{found}"
    );
    // It can be proposed anew, and that is another request.
    let again = app.post("/v1/plans").json(&body).send(202).json();
    assert_ne!(again["approval"], plan["approval"]);
}

/// The field's worked example: due 15 January; steps -5, +1 L1, +7 L2, +14 L3. Disputed from the 17th, rejected on the
/// 24th: L2 is next, at once.
#[test]
fn after_a_rejection_the_step_that_the_age_gives_is_next_at_once() {
    let app = own!(App::start());
    let policy = json!({
        "name": "levels", "send_at": "09:00", "business_days_only": false, "min_days_between_contacts": 0,
        "steps": [
            {"id": "notice", "day": -5, "per_invoice": true, "channels": ["email"], "template": "pre_due"},
            {"id": "l1", "day": 1, "channels": ["email"], "template": "friendly"},
            {"id": "l2", "day": 7, "channels": ["email"], "template": "firm"},
            {"id": "l3", "day": 14, "channels": ["email"], "template": "firm"},
        ]
    });
    app.put("/v1/policies/levels").json(&policy).send(201);
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["policy"] = json!("levels");
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    let known = Known { external_id, id };
    let (invoice, _) = app.new_invoice(&known, "100.00", "2026-01-15");
    let steps = || -> Vec<String> {
        app.reminders(&known)
            .iter()
            .map(|message| message["step"].as_str().expect("a step").to_owned())
            .collect()
    };
    run_at(&app, "2026-01-12T09:30:00Z");
    run_at(&app, "2026-01-16T09:30:00Z");
    assert_eq!(steps(), ["l1", "notice"]);
    app.clock("2026-01-17T09:00:00Z");
    let opened = app
        .post("/v1/disputes")
        .json(&json!({"invoice": invoice, "reason": "wrong_price"}))
        .send(201);
    for day in ["2026-01-22", "2026-01-23"] {
        run_at(&app, &format!("{day}T09:30:00Z"));
        assert_eq!(steps(), ["l1", "notice"], "{day}");
    }
    app.clock("2026-01-24T09:00:00Z");
    let resolve = format!("/v1/disputes/{}/resolve", opened.string("/id"));
    app.post(&resolve).json(&json!({"outcome": "rejected"})).send(200);
    run_at(&app, "2026-01-24T09:30:00Z");
    assert_eq!(steps(), ["l2", "l1", "notice"]);
    run_at(&app, "2026-01-29T09:30:00Z");
    assert_eq!(steps(), ["l3", "l2", "l1", "notice"]);
}

#[test]
fn a_call_records_what_was_promised_or_disputed() {
    let app = App::shared();
    let known = app.new_customer();
    let (first, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let (second, _) = app.new_invoice(&known, "50.00", "2026-01-10");
    let call = |more: Value, status: u16| {
        let mut body = json!({"customer": {"external_id": known.external_id}});
        body.as_object_mut()
            .expect("an object")
            .extend(more.as_object().expect("an object").clone());
        app.post("/v1/calls").json(&body).send(status).json()
    };
    let promised = json!({"invoices": [first], "promised_on": "2026-01-20"});
    call(
        json!({"outcome": "promised", "text": "On Tuesday", "promise": promised}),
        201,
    );
    assert_eq!(app.invoice(&first)["promised_until"], "2026-01-22");
    let again = call(json!({"outcome": "promised", "promise": promised}), 422);
    assert_eq!(codes(&again), ["/promise/invoices already_promised"]);
    let disputed = json!({"invoice": second, "reason": "not_ordered"});
    call(json!({"outcome": "disputed", "dispute": disputed}), 201);
    assert_eq!(app.invoice(&second)["disputed"], true);
    // Another customer's invoice is nothing that this one can dispute.
    let other = app.new_customer();
    let (theirs, _) = app.new_invoice(&other, "50.00", "2026-01-10");
    let foreign = call(
        json!({"outcome": "disputed", "dispute": {"invoice": theirs, "reason": "other"}}),
        422,
    );
    assert_eq!(codes(&foreign), ["/dispute/invoice unknown_invoice"]);
}

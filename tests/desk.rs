//! What people decide and do: what waits for a second person, what a hold stops, what an agency gets, what a call leads
//! to.

use serde_json::{Value, json};

use crate::harness::{App, Known, customer, invoice, own, unique};

/// A key of its own, with these scopes.
#[track_caller]
fn key(app: &App, scopes: &[&str]) -> String {
    let body = json!({"name": unique("key"), "scopes": scopes});
    app.post("/v1/api-keys").json(&body).send(201).string("/key")
}

/// A collector, and somebody who may decide.
fn two_people(app: &App) -> [String; 2] {
    [key(app, &["collect", "read"]), key(app, &["approve", "collect"])]
}

#[track_caller]
fn kinds(app: &App, known: &Known) -> Vec<String> {
    let timeline = app
        .get(&format!("/v1/customers/{}/timeline?limit=500", known.id))
        .send(200)
        .json();
    timeline["data"]
        .as_array()
        .expect("data")
        .iter()
        .map(|entry| entry["kind"].as_str().expect("a kind").to_owned())
        .collect()
}

/// The ids of a list, as it stands.
#[track_caller]
fn listed(app: &App, path: &str) -> Vec<String> {
    let page = app.get(path).send(200).json();
    let rows = page["data"].as_array().expect("data");
    rows.iter()
        .map(|row| row["id"].as_str().expect("an id").to_owned())
        .collect()
}

#[test]
fn a_write_off_waits_for_a_second_person() {
    let app = App::shared();
    let [ann, ben] = two_people(app);
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let path = format!("/v1/invoices/{id}/write-off");
    let body = json!({"amount": {"amount": "60.00", "currency": "EUR"}, "reason": "insolvent"});
    let asked = app.post(&path).key(&ann).json(&body).send(202);
    let approval = asked.string("/id");
    assert_eq!(asked.json()["status"], "pending");
    assert_eq!(app.invoice(&id)["balance"]["amount"], "100.00");
    // The same is asked for once.
    app.post(&path)
        .key(&ann)
        .json(&body)
        .send(409)
        .problem("approval_pending");

    let decision = format!("/v1/approvals/{approval}/decision");
    let approve = json!({"decision": "approve", "comment": "agreed"});
    app.post(&decision)
        .key(&ann)
        .json(&approve)
        .send(403)
        .problem("forbidden");
    app.post(&decision)
        .key(&ben)
        .json(&json!({"decision": "reject"}))
        .send(422)
        .problem("invalid");
    let decided = app.post(&decision).key(&ben).json(&approve).send(200).json();
    assert_eq!(decided["status"], "approved");
    assert_ne!(decided["asked_by"], decided["decided_by"]);
    let view = app.invoice(&id);
    assert_eq!(
        (&view["balance"]["amount"], &view["status"]),
        (&json!("40.00"), &json!("partly_paid"))
    );
    app.post(&decision)
        .key(&ben)
        .json(&approve)
        .send(409)
        .problem("wrong_status");
    let shown = app.get(&format!("/v1/approvals/{approval}")).send(200).json();
    assert_eq!(shown, decided);

    // The rest, without an amount; then nothing is left.
    let rest = json!({"reason": "insolvent"});
    let approval = app.post(&path).key(&ann).json(&rest).send(202).string("/id");
    let decision = format!("/v1/approvals/{approval}/decision");
    app.post(&decision).key(&ben).json(&approve).send(200);
    assert_eq!(app.invoice(&id)["status"], "written_off");
    app.post(&path)
        .key(&ann)
        .json(&rest)
        .send(409)
        .problem("nothing_owed");
    assert_eq!(
        kinds(app, &known)
            .iter()
            .filter(|kind| *kind == "written_off")
            .count(),
        2
    );
}

#[test]
fn who_asked_cannot_decide_whatever_else_they_may() {
    let app = App::shared();
    let both = key(app, &["collect", "approve"]);
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    for who in [&both, &app.admin_key] {
        let path = format!("/v1/invoices/{id}/write-off");
        let asked = app
            .post(&path)
            .key(who)
            .json(&json!({"reason": "small"}))
            .send(202);
        let path = format!("/v1/approvals/{}", asked.string("/id"));
        for decision in [
            json!({"decision": "approve"}),
            json!({"decision": "reject", "comment": "no"}),
        ] {
            let decided = app.post(&format!("{path}/decision")).key(who).json(&decision);
            decided.send(409).problem("four_eyes");
        }
        // Nor can anybody else take it back.
        let other = key(app, &["collect"]);
        app.post(&format!("{path}/withdraw"))
            .key(&other)
            .send(403)
            .problem("forbidden");
        let withdrawn = app.post(&format!("{path}/withdraw")).key(who).send(200).json();
        assert_eq!(withdrawn["status"], "withdrawn");
        app.post(&format!("{path}/withdraw"))
            .key(who)
            .send(409)
            .problem("wrong_status");
    }
    assert_eq!(app.invoice(&id)["balance"]["amount"], "100.00");
    let all = listed(app, &format!("/v1/approvals?customer={}", known.id));
    let withdrawn = listed(
        app,
        &format!("/v1/approvals?customer={}&status=withdrawn", known.id),
    );
    assert_eq!((all.len(), &all), (2, &withdrawn));
    app.get("/v1/approvals?status=lost")
        .send(400)
        .problem("bad_request");
}

#[test]
fn what_cannot_be_done_any_more_is_not_granted() {
    let app = App::shared();
    let [ann, ben] = two_people(app);
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let asked = app
        .post(&format!("/v1/invoices/{id}/write-off"))
        .key(&ann)
        .json(&json!({"reason": "insolvent"}))
        .send(202);
    let path = format!("/v1/approvals/{}", asked.string("/id"));
    app.pay(&known, "100.00");
    app.post(&format!("{path}/decision"))
        .key(&ben)
        .json(&json!({"decision": "approve"}))
        .send(409)
        .problem("cannot_be_done");
    assert_eq!(app.get(&path).send(200).json()["status"], "pending");
    let reject = json!({"decision": "reject", "comment": "it was paid"});
    let rejected = app
        .post(&format!("{path}/decision"))
        .key(&ben)
        .json(&reject)
        .send(200)
        .json();
    assert_eq!(
        (&rejected["status"], &rejected["decision_comment"]),
        (&json!("rejected"), &json!("it was paid"))
    );
}

#[test]
fn more_than_is_left_cannot_be_written_off() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let path = format!("/v1/invoices/{id}/write-off");
    for (amount, code) in [
        (json!({"amount": "100.01", "currency": "EUR"}), "out_of_range"),
        (json!({"amount": "1.00", "currency": "USD"}), "currency_mismatch"),
        (json!({"amount": "0.00", "currency": "EUR"}), "not_positive"),
        (json!("10.00"), "wrong_type"),
    ] {
        let refused = app
            .post(&path)
            .json(&json!({"amount": amount, "reason": "small"}))
            .send(422);
        assert_eq!(refused.string("/errors/0/code"), code, "{amount}");
    }
    let unknown = format!("/v1/invoices/inv_{}/write-off", "0".repeat(26));
    app.post(&unknown)
        .json(&json!({"reason": "small"}))
        .send(404)
        .problem("not_found");
}

#[test]
fn a_hold_ends_on_its_day_by_itself() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let path = format!("/v1/customers/{}/hold", known.id);
    for (until, code) in [("2026-01-11", "in_the_past"), ("2027-02-01", "out_of_range")] {
        let refused = app
            .post(&path)
            .json(&json!({"reason": "fire", "until": until}))
            .send(422);
        assert_eq!(refused.string("/errors/0/code"), code, "{until}");
    }
    let held = app
        .post(&path)
        .json(&json!({"reason": "fire", "until": "2026-01-13"}))
        .send(200);
    assert_eq!(
        (held.string("/hold"), held.string("/hold_until")),
        ("fire".to_owned(), "2026-01-13".to_owned())
    );
    app.clock("2026-01-13T10:00:00Z");
    app.job("sweep");
    assert!(app.messages(&known).is_empty());
    app.clock("2026-01-14T10:00:00Z");
    app.job("sweep");
    assert_eq!(app.messages(&known).len(), 1);
    let view = app.customer(&known.id);
    assert_eq!((&view["hold"], &view["hold_until"]), (&Value::Null, &Value::Null));

    // An invoice can be left alone by itself.
    let path = format!("/v1/invoices/{id}/hold");
    let held = app
        .post(&path)
        .json(&json!({"reason": "proof of delivery"}))
        .send(200)
        .json();
    assert_eq!(
        (&held["hold"], &held["hold_until"]),
        (&json!("proof of delivery"), &Value::Null)
    );
    app.clock("2026-01-26T10:00:00Z");
    app.job("sweep");
    assert_eq!(app.messages(&known).len(), 1);
    let (_, other) = app.new_invoice(&known, "50.00", "2026-01-20");
    app.job("sweep");
    let messages = app.messages(&known);
    assert_eq!((messages.len(), &messages[0]["invoices"]), (2, &json!([other])));
    assert_eq!(app.delete(&path).send(200).json()["hold"], Value::Null);
    app.clock("2026-02-02T10:00:00Z");
    app.job("sweep");
    assert_eq!(app.messages(&known).len(), 3);
}

#[test]
fn nobody_is_suspended_without_a_warning() {
    let app = App::shared();
    let known = app.new_customer();
    let path = format!("/v1/customers/{}/suspend", known.id);
    let body = json!({"reason": "45 days overdue"});
    app.post(&path).json(&body).send(409).problem("nothing_owed");
    app.new_invoice(&known, "100.00", "2026-01-09");
    app.post(&path).json(&body).send(409).problem("not_announced");
    assert_eq!(app.customer(&known.id)["suspended_at"], Value::Null);
    app.post(&format!("/v1/customers/{}/reinstate", known.id))
        .json(&body)
        .send(409)
        .problem("wrong_status");
    app.post(&format!("/v1/customers/cus_{}/suspend", "0".repeat(26)))
        .json(&body)
        .send(404)
        .problem("not_found");
}

/// A policy that lets people write off 50 euros, blocks orders and suspends a week after a warning.
#[track_caller]
fn strict_policy(app: &App) -> String {
    let name = unique("strict");
    let policy = json!({"name": name, "send_at": "09:00", "business_days_only": true, "min_balance": {},
    "min_days_between_contacts": 0, "catch_up": "latest",
    "approvals": {"write_off_above": {"EUR": "50.00"}, "suspend": true}, "credit": {"over_limit": "block"},
    "steps": [
        {"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"},
        {"id": "warning", "day": 3, "channels": ["email"], "template": "suspension_warning",
         "then": {"after_days": 7, "act": "suspend"}},
    ]});
    app.put(&format!("/v1/policies/{name}")).json(&policy).send(201);
    name
}

#[track_caller]
fn under(app: &App, policy: &str) -> Known {
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["policy"] = json!(policy);
    document["credit_limit"] = json!("1000.00");
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    Known { external_id, id }
}

/// The types of the events about a customer, without those of dunning itself, of money and of messages.
#[track_caller]
fn told(app: &App, known: &Known) -> Vec<String> {
    let events = app
        .get(&format!("/v1/events?customer={}&limit=500", known.id))
        .send(200)
        .json();
    let events = events["data"].as_array().expect("data").iter();
    events
        .map(|event| event["type"].as_str().expect("a type").to_owned())
        .filter(|kind| {
            let elsewhere = ["dunning.", "invoice.", "payment.", "message.", "charge.", "risk."];
            !elsewhere.iter().any(|of| kind.starts_with(of))
        })
        .collect()
}

#[test]
fn within_the_policys_limit_a_write_off_needs_nobody_else() {
    let app = App::shared();
    let known = under(app, &strict_policy(app));
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let path = format!("/v1/invoices/{id}/write-off");
    let of = |amount: &str| json!({"amount": {"amount": amount, "currency": "EUR"}, "reason": "small"});
    let written = app.post(&path).json(&of("50.00")).send(200).json();
    assert_eq!(
        (&written["status"], &written["balance"]["amount"]),
        (&json!("partly_paid"), &json!("50.00"))
    );
    app.post(&path).json(&json!({"reason": "small"})).send(200);
    assert_eq!(app.invoice(&id)["status"], "written_off");
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    app.post(&format!("/v1/invoices/{id}/write-off"))
        .json(&of("50.01"))
        .send(202);
}

#[test]
fn a_blocked_order_waits_for_a_person() {
    let app = App::shared();
    let known = under(app, &strict_policy(app));
    let body = order(&unique("SO"), &known, "1000.01");
    let blocked = app.post("/v1/orders").json(&body).send(201);
    assert_eq!(
        (blocked.string("/verdict"), blocked.string("/status")),
        ("block".to_owned(), "blocked".to_owned())
    );
    assert_eq!(blocked.json()["credit"]["used"]["amount"], "0.00");
    assert_eq!(told(app, &known), ["order.blocked"]);
    assert_eq!(
        listed(app, &format!("/v1/tasks?customer={}&status=open", known.id)).len(),
        1
    );
    let path = format!("/v1/orders/{}", blocked.string("/id"));
    let collector = key(app, &["collect", "ingest"]);
    app.post(&format!("{path}/release"))
        .key(&collector)
        .send(403)
        .problem("forbidden");
    let released = app.post(&format!("{path}/release")).send(200).json();
    assert_eq!(
        (&released["status"], &released["credit"]["available"]["amount"]),
        (&json!("open"), &json!("-0.01"))
    );
    assert_eq!(
        app.post(&format!("{path}/close")).send(200).string("/status"),
        "closed"
    );
}

#[test]
fn a_suspension_is_announced_agreed_and_ended_by_money() {
    let app = own!(App::start());
    let [ann, ben] = two_people(&app);
    let known = under(&app, &strict_policy(&app));
    app.new_invoice(&known, "100.00", "2026-01-09");
    // Monday the 12th: three days late, the warning goes out.
    app.job("sweep");
    app.job("deliver");
    assert_eq!(app.messages(&known)[0]["step"], "warning");
    let path = format!("/v1/customers/{}/suspend", known.id);
    let body = json!({"reason": "no answer to the warning"});
    app.clock("2026-01-18T10:00:00Z");
    let early = app.post(&path).key(&ann).json(&body).send(409);
    early.problem("not_announced");
    assert!(early.text().contains("2026-01-19"), "{}", early.text());
    app.clock("2026-01-19T07:00:00Z");
    let asked = app.post(&path).key(&ann).json(&body).send(202);
    let decision = format!("/v1/approvals/{}/decision", asked.string("/id"));
    app.post(&decision)
        .key(&ben)
        .json(&json!({"decision": "approve"}))
        .send(200);
    assert_eq!(app.customer(&known.id)["suspended_at"], "2026-01-19T07:00:00Z");
    app.post(&path)
        .key(&ann)
        .json(&body)
        .send(409)
        .problem("wrong_status");
    assert_eq!(
        told(&app, &known),
        ["approval.requested", "approval.decided", "customer.suspended"]
    );
    app.pay(&known, "40.00");
    assert!(app.customer(&known.id)["suspended_at"].is_string());
    app.pay(&known, "60.00");
    assert_eq!(app.customer(&known.id)["suspended_at"], Value::Null);
    assert_eq!(
        told(&app, &known).last().map(String::as_str),
        Some("customer.reinstated")
    );
}

/// A customer with a credit limit of 1,000 euros.
#[track_caller]
fn with_a_limit(app: &App) -> Known {
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["credit_limit"] = json!("1000.00");
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    Known { external_id, id }
}

fn order(number: &str, known: &Known, amount: &str) -> Value {
    json!({"number": number, "customer": {"external_id": known.external_id}, "currency": "EUR", "amount": amount})
}

#[test]
fn open_orders_use_the_credit_limit_until_they_are_invoiced() {
    let app = App::shared();
    let known = with_a_limit(app);
    app.new_invoice(&known, "600.00", "2026-02-09");
    let number = unique("SO");
    let taken = app
        .post("/v1/orders")
        .json(&order(&number, &known, "400.00"))
        .send(201);
    let id = taken.string("/id");
    assert_eq!(
        (taken.string("/verdict"), taken.string("/status")),
        ("ok".to_owned(), "open".to_owned())
    );
    let credit = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let expected = json!({"limit": credit("1000.00"), "used": credit("1000.00"), "open_orders": credit("400.00"),
        "available": credit("0.00")});
    assert_eq!(taken.json()["credit"], expected);
    assert_eq!(app.customer(&known.id)["credit"], expected);
    // The same again is the same; the number with other content is not.
    let again = app
        .post("/v1/orders")
        .json(&order(&number, &known, "400.00"))
        .send(200);
    assert_eq!(again.json(), taken.json());
    app.post("/v1/orders")
        .json(&order(&number, &known, "1.00"))
        .send(409)
        .problem("number_taken");

    // Beyond the limit the standard policy warns.
    let beyond = app
        .post("/v1/orders")
        .json(&order(&unique("SO"), &known, "0.01"))
        .send(201);
    assert_eq!(
        (beyond.string("/verdict"), beyond.string("/status")),
        ("warn".to_owned(), "open".to_owned())
    );
    assert_eq!(beyond.json()["credit"]["available"], credit("-0.01"));
    let path = format!("/v1/orders/{}", beyond.string("/id"));
    app.post(&format!("{path}/release"))
        .send(409)
        .problem("wrong_status");
    assert_eq!(
        app.post(&format!("{path}/cancel")).send(200).string("/status"),
        "cancelled"
    );
    app.post(&format!("{path}/close"))
        .send(409)
        .problem("wrong_status");

    let mut document = invoice(&unique("R"), &known.external_id, "400.00", "2026-02-09");
    document["order_number"] = json!(number);
    let invoice = app.post("/v1/invoices").json(&document).send(201).string("/id");
    let closed = app.get(&format!("/v1/orders/{id}")).send(200).json();
    assert_eq!(
        (&closed["status"], &closed["invoice_id"]),
        (&json!("closed"), &json!(invoice))
    );
    assert_eq!(closed["credit"]["open_orders"], credit("0.00"));
    assert_eq!(closed["credit"]["used"], credit("1000.00"));
    let open = listed(app, &format!("/v1/orders?customer={}&status=open", known.id));
    let all = listed(app, &format!("/v1/orders?customer={}", known.id));
    assert_eq!((open.len(), all.len()), (0, 2));
}

#[test]
fn an_invoice_may_come_before_its_order() {
    let app = App::shared();
    let known = with_a_limit(app);
    let number = unique("SO");
    let mut document = invoice(&unique("R"), &known.external_id, "900.00", "2026-02-09");
    document["order_number"] = json!(number);
    app.post("/v1/invoices").json(&document).send(201);
    let taken = app
        .post("/v1/orders")
        .json(&order(&number, &known, "900.00"))
        .send(201)
        .json();
    assert_eq!(
        (&taken["status"], &taken["verdict"]),
        (&json!("closed"), &json!("ok"))
    );
    assert_eq!(taken["credit"]["available"]["amount"], "100.00");
    // A limit in euros says nothing about dollars.
    let mut foreign = order(&unique("SO"), &known, "5000.00");
    foreign["currency"] = json!("USD");
    let taken = app.post("/v1/orders").json(&foreign).send(201).json();
    assert_eq!(
        (&taken["verdict"], &taken["credit"]["limit"]),
        (&json!("ok"), &Value::Null)
    );
}

#[test]
fn an_agency_gets_everything_after_approval() {
    let app = own!(App::start());
    let [ann, ben] = two_people(&app);
    let known = app.new_customer();
    let (_, number) = app.new_invoice(&known, "100.00", "2026-01-09");
    app.pay(&known, "30.00");
    app.job("sweep");
    app.job("deliver");
    let note = json!({"customer": {"id": known.id}, "text": "Moved without notice"});
    app.post("/v1/notes").key(&ann).json(&note).send(201);

    let path = format!("/v1/customers/{}/hand-over", known.id);
    let dollars = json!({"currency": "USD", "reason": "no answer"});
    app.post(&path)
        .key(&ann)
        .json(&dollars)
        .send(409)
        .problem("nothing_owed");
    let asked = app
        .post(&path)
        .key(&ann)
        .json(&json!({"reason": "no answer"}))
        .send(202);
    assert_eq!(
        asked.json()["amount"],
        json!({"amount": "70.00", "currency": "EUR"})
    );
    let decision = format!("/v1/approvals/{}/decision", asked.string("/id"));
    app.post(&decision)
        .key(&ben)
        .json(&json!({"decision": "approve"}))
        .send(200);
    let all = listed(
        &app,
        &format!("/v1/hand-overs?customer={}&status=active", known.id),
    );
    let path = format!("/v1/hand-overs/{}", all[0]);
    let document = app.get(&path).send(200).json()["document"].clone();
    assert_eq!(
        document["debtor"]["creditor_reference"],
        known.external_id.as_str()
    );
    assert_eq!(document["totals"]["claim"]["amount"], "70.00");
    assert_eq!(document["receivables"][0]["number"], number.as_str());
    assert_eq!(
        document["payments"][0]["allocations"][0]["invoice_number"],
        number.as_str()
    );
    assert_eq!(document["messages"][0]["step"], "reminder");
    let history = document["history"].to_string();
    assert!(history.contains("Moved without notice"), "{history}");
    let csv = app.get(&format!("{path}?format=csv")).send(200);
    let text = csv.text();
    let lines: Vec<&str> = text.split("\r\n").collect();
    assert_eq!(lines.len(), 3, "{text}");
    assert!(
        lines[1].contains(&format!(
            "{number},invoice,,2025-12-15,2026-01-09,3,EUR,100.00,30.00,70.00"
        )),
        "{text}"
    );
    assert!(
        csv.header("content-disposition")
            .is_some_and(|name| name.starts_with("attachment"))
    );

    // Nobody here writes about it any more; recalled, the reminders go on at the stage that the age gives.
    app.clock("2026-01-26T10:00:00Z");
    app.job("sweep");
    assert_eq!(app.reminders(&known).len(), 1);
    assert!(app.customer(&known.id)["accounts"][0]["handed_over_at"].is_string());
    let recall = format!("{path}/recall");
    let recalled = app
        .post(&recall)
        .key(&ann)
        .json(&json!({"reason": "they answer"}))
        .send(200)
        .json();
    assert_eq!(recalled["status"], "recalled");
    app.post(&recall)
        .key(&ann)
        .json(&json!({"reason": "again"}))
        .send(409)
        .problem("wrong_status");
    app.job("sweep");
    let messages = app.reminders(&known);
    assert_eq!((messages.len(), &messages[0]["step"]), (2, &json!("firm")));
    assert_eq!(
        app.customer(&known.id)["accounts"][0]["handed_over_at"],
        Value::Null
    );
}

#[test]
fn calls_that_nobody_answers_end_in_a_review() {
    let app = App::shared();
    let known = app.new_customer();
    let task = json!({"customer": {"external_id": known.external_id}, "kind": "call", "title": "Ask when it is paid",
        "currency": "EUR", "assignee": unique("anna")});
    let opened = app.post("/v1/tasks").json(&task).send(201).json();
    let assignee = opened["assignee"].as_str().expect("an assignee").to_owned();
    let mut id = opened["id"].as_str().expect("an id").to_owned();
    for attempt in 1..=3 {
        let path = format!("/v1/tasks/{id}");
        assert_eq!(app.get(&path).send(200).json()["attempt"], attempt);
        let done = app
            .post(&format!("{path}/done"))
            .json(&json!({"outcome": "no_answer"}))
            .send(200);
        assert_eq!(done.string("/status"), "done");
        assert_eq!(done.string("/next/assignee"), assignee);
        let again = app
            .post(&format!("{path}/done"))
            .json(&json!({"outcome": "done"}));
        again.send(409).problem("wrong_status");
        id = done.string("/next/id");
    }
    let path = format!("/v1/tasks/{id}");
    assert_eq!(app.get(&path).send(200).string("/kind"), "review");
    let refused = app
        .post(&format!("{path}/done"))
        .json(&json!({"outcome": "no_answer"}))
        .send(422);
    assert_eq!(refused.string("/errors/0/code"), "not_allowed");
    assert_eq!(
        listed(app, &format!("/v1/tasks?assignee={assignee}&status=open")),
        [id.clone()]
    );
    let assigned = app
        .post(&format!("{path}/assign"))
        .json(&json!({"due_on": "2026-03-02"}))
        .send(200)
        .json();
    assert_eq!(
        (&assigned["assignee"], &assigned["due_on"]),
        (&Value::Null, &json!("2026-03-02"))
    );
    let done = app
        .post(&format!("{path}/done"))
        .json(&json!({"outcome": "done", "text": "Paid."}))
        .send(200)
        .json();
    assert_eq!((&done["next"], &done["report"]), (&Value::Null, &json!("Paid.")));
    assert_eq!(
        listed(app, &format!("/v1/tasks?customer={}&status=done", known.id)).len(),
        4
    );
    assert!(listed(app, &format!("/v1/tasks?customer={}&status=open", known.id)).is_empty());
}

#[test]
fn tasks_come_by_their_day_page_by_page() {
    let app = App::shared();
    let (known, assignee) = (app.new_customer(), unique("ben"));
    for (title, on) in [("c", "2026-01-15"), ("a", "2026-01-13"), ("b", "2026-01-14")] {
        let task = json!({"customer": {"id": known.id}, "kind": "review", "title": title, "due_on": on,
            "assignee": assignee});
        app.post("/v1/tasks").json(&task).send(201);
    }
    let (mut titles, mut after) = (Vec::new(), String::new());
    loop {
        let page = app
            .get(&format!("/v1/tasks?assignee={assignee}&limit=1{after}"))
            .send(200)
            .json();
        titles.push(page["data"][0]["title"].as_str().expect("a title").to_owned());
        let Some(next) = page["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(titles, ["a", "b", "c"]);
    app.get("/v1/tasks?after=nonsense")
        .send(400)
        .problem("bad_request");
    let id = &listed(app, &format!("/v1/tasks?assignee={assignee}"))[0];
    assert_eq!(
        app.post(&format!("/v1/tasks/{id}/cancel"))
            .send(200)
            .string("/status"),
        "cancelled"
    );
    app.post(&format!("/v1/tasks/{id}/cancel"))
        .send(409)
        .problem("wrong_status");
}

#[test]
fn a_wrong_number_is_not_called_again() {
    let app = App::shared();
    let external_id = unique("C");
    let mut document = customer(&external_id);
    let phone = format!(
        "+49 30 {}",
        &unique("7")
            .bytes()
            .map(|byte| (byte % 10).to_string())
            .collect::<String>()[..8]
    );
    document["contacts"][0]["phone"] = json!(phone);
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    let call = |contact: Option<&str>| {
        let mut body = json!({"customer": {"id": id}, "outcome": "wrong_number", "text": "A bakery."});
        if let Some(contact) = contact {
            body["contact"] = json!(contact);
        }
        app.post("/v1/calls").json(&body)
    };
    assert_eq!(call(None).send(422).string("/errors/0/code"), "required");
    assert_eq!(
        call(Some("+49 1")).send(422).string("/errors/0/code"),
        "unknown_contact"
    );
    let made = call(Some(&phone)).send(201).json();
    assert_eq!(
        (&made["next"]["kind"], &made["next"]["status"]),
        (&json!("review"), &json!("open"))
    );
    let digits = phone.replace(' ', "");
    let suppressed = app.get("/v1/suppressions?limit=500").send(200).text();
    assert!(
        suppressed.contains(&digits) && suppressed.contains("wrong_address"),
        "{suppressed}"
    );
    let known = Known { external_id, id };
    assert!(kinds(app, &known).contains(&"call_made".to_owned()));
}

#[test]
fn what_people_say_is_on_the_timeline() {
    let app = App::shared();
    let known = app.new_customer();
    let customer = json!({"external_id": known.external_id});
    let note = json!({"customer": customer, "text": "Ask for Sanne.\nShe is in on Mondays."});
    assert_eq!(app.post("/v1/notes").json(&note).send(201).string("/by"), "admin");
    let call = json!({"customer": customer, "outcome": "left_message", "text": "With the front desk."});
    let made = app.post("/v1/calls").json(&call).send(201).json();
    assert_eq!(made["next"]["kind"], "follow_up");
    assert_eq!(kinds(app, &known), ["task_opened", "call_made", "note_added"]);
    for (path, body) in [
        (
            "/v1/notes",
            json!({"customer": {"external_id": unique("nobody")}, "text": "x"}),
        ),
        (
            "/v1/calls",
            json!({"customer": {"external_id": unique("nobody")}, "outcome": "done"}),
        ),
        (
            "/v1/tasks",
            json!({"customer": {"external_id": unique("nobody")}, "kind": "call", "title": "x"}),
        ),
        (
            "/v1/orders",
            order(
                "x",
                &Known {
                    external_id: unique("nobody"),
                    id: String::new(),
                },
                "1.00",
            ),
        ),
    ] {
        let refused = app.post(path).json(&body).send(422);
        assert_eq!(refused.string("/errors/0/code"), "unknown_customer", "{path}");
    }
}

#[test]
fn asking_again_under_a_key_asks_once() {
    let app = App::shared();
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "100.00", "2026-01-09");
    let idempotency = unique("idem");
    let ask = || {
        app.post(&format!("/v1/invoices/{id}/write-off"))
            .header("idempotency-key", &idempotency)
            .json(&json!({"reason": "small"}))
            .send(202)
    };
    let (first, again) = (ask(), ask());
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
    assert_eq!(
        listed(app, &format!("/v1/approvals?customer={}", known.id)).len(),
        1
    );
}

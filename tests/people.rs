//! The right person: who is written to, what waits for somebody to look, and who on our own side is told.

use serde_json::{Value, json};

use crate::harness::{App, Known, customer, own, unique};

/// A policy of its own with one step, and the customer's contacts; an invoice that fell due on the 9th.
fn owing(app: &App, more: &Value, step: &Value, contacts: &Value) -> (Known, Value) {
    let name = unique("policy").to_lowercase();
    let mut policy = json!({
        "name": name, "send_at": "09:00", "business_days_only": true, "min_days_between_contacts": 0,
        "steps": [{"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"}],
    });
    let members = policy.as_object_mut().expect("an object");
    members.extend(more.as_object().expect("an object").clone());
    let members = policy["steps"][0].as_object_mut().expect("an object");
    members.extend(step.as_object().expect("an object").clone());
    app.put(&format!("/v1/policies/{name}")).json(&policy).send(201);
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["policy"] = json!(name);
    document["contacts"] = contacts.clone();
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    let known = Known { external_id, id };
    app.new_invoice(&known, "10.00", "2026-01-09");
    app.clock("2026-01-13T08:00:00Z");
    app.job("sweep");
    (known, document)
}

fn contact(name: &str, role: &str, email: &str) -> Value {
    json!({"name": name, "role": role, "email": email})
}

/// The titles of the tasks about a customer.
fn tasks(app: &App, known: &Known) -> Vec<Value> {
    let tasks = app
        .get(&format!("/v1/tasks?customer={}", known.id))
        .send(200)
        .json();
    let tasks = tasks["data"].as_array().expect("data").clone();
    tasks.into_iter().map(|task| task["title"].clone()).collect()
}

#[test]
fn a_step_names_whom_it_writes_to_and_a_contact_what_it_gets() {
    let app = own!(App::start());
    let boss = contact("Cleo", "escalation", "cleo@nordwind.example");
    let bill = contact("Ada", "billing", "ada@nordwind.example");
    let mut books = contact("Ben", "billing", "ben@nordwind.example");
    books["purposes"] = json!(["statement"]);
    let to = |step: Value, contacts: Value| {
        let (known, _) = owing(&app, &json!({}), &step, &contacts);
        app.job("deliver");
        app.messages(&known)[0]["recipient"].clone()
    };
    let all = json!([books, boss, bill]);
    assert_eq!(to(json!({}), all.clone()), "ada@nordwind.example");
    assert_eq!(
        to(json!({"to": ["escalation"]}), all.clone()),
        "cleo@nordwind.example"
    );
    assert_eq!(
        to(json!({"to": ["billing", "escalation"]}), json!([books, boss])),
        "cleo@nordwind.example"
    );
    // Fallbacks are explicit: without one nobody is written to.
    assert_eq!(to(json!({}), json!([books, boss])), Value::Null);
}

#[test]
fn a_message_to_a_new_address_elsewhere_waits_until_somebody_has_looked() {
    let app = own!(App::start());
    let ada = json!([contact("Ada", "billing", "ada@nordwind.example")]);
    let (known, mut document) = owing(&app, &json!({}), &json!({}), &ada);
    document["contacts"] = json!([contact("Ada", "billing", "ada@nordw1nd.example")]);
    let view = app.post("/v1/customers").json(&document).send(200).json();
    assert_eq!(view["contacts"][0]["email_state"], "changed", "{view}");
    app.job("deliver");
    assert_eq!(app.mailbox().len(), 0);
    let message = app.messages(&known).remove(0);
    assert_eq!(
        (&message["status"], &message["held_for"]),
        (&json!("queued"), &json!("changed_address")),
        "{message}"
    );
    assert_eq!(tasks(&app, &known), ["A message waits: reminder"]);
    let timeline = app
        .get(&format!("/v1/customers/{}/timeline", known.id))
        .send(200)
        .text();
    assert!(
        timeline.contains("nordw1nd.example is none of the customer's domains"),
        "{timeline}"
    );

    let verify = format!("/v1/customers/{}/contacts/verify", known.id);
    let nobody = json!({"address": "someone@else.example"});
    assert_eq!(app.post(&verify).json(&nobody).send(422).pointers(), ["/address"]);
    let wrong = json!({"adress": "x"});
    app.post(&verify).json(&wrong).send(422).problem("invalid");
    app.post("/v1/customers/cus_00000000000000000000000000/contacts/verify")
        .json(&nobody)
        .send(404);
    let ada = json!({"address": "ada@nordw1nd.example", "note": "Rang the number on their invoice"});
    let view = app.post(&verify).json(&ada).send(200).json();
    assert_eq!(view["contacts"][0]["email_state"], "hand");
    app.job("deliver");
    let message = app.messages(&known).remove(0);
    assert_eq!(
        (&message["status"], &message["held_for"], &message["recipient"]),
        (&json!("sent"), &Value::Null, &json!("ada@nordw1nd.example"))
    );
}

#[test]
fn a_person_lets_one_message_go() {
    let app = own!(App::start());
    let ada = json!([contact("Ada", "billing", "ada@nordwind.example")]);
    let rules = json!({"recipients": {"verify_first": true}});
    let (known, _) = owing(&app, &rules, &json!({}), &ada);
    app.job("deliver");
    let message = app.messages(&known).remove(0);
    assert_eq!(message["held_for"], "unverified");
    let release = format!("/v1/messages/{}/release", message["id"].as_str().expect("an id"));
    let address = json!({"address": "ada@nordwind.example"});
    app.post(&release).json(&address).send(200);
    app.job("deliver");
    assert_eq!(app.messages(&known)[0]["status"], "sent");
    app.post(&release)
        .json(&address)
        .send(409)
        .problem("wrong_status");
    app.post("/v1/messages/msg_00000000000000000000000000/release")
        .json(&address)
        .send(404);
    // One message was let go; the address is as little verified as before.
    assert_eq!(
        app.customer(&known.id)["contacts"][0]["email_state"],
        "unverified"
    );
}

#[test]
fn a_message_leaves_with_its_documents_or_waits_for_them() {
    let app = own!(App::start());
    let ada = json!([contact("Ada", "billing", "ada@nordwind.example")]);
    let (known, _) = owing(&app, &json!({}), &json!({"attach": ["invoice"]}), &ada);
    app.job("deliver");
    let message = app.messages(&known).remove(0);
    assert_eq!(message["held_for"], "missing_document", "{message}");
    assert_eq!(tasks(&app, &known), ["A message waits: reminder"]);
    let invoices = app
        .get(&format!("/v1/invoices?customer={}", known.id))
        .send(200)
        .json();
    let invoice = invoices["data"][0]["id"].as_str().expect("an id").to_owned();
    app.post(&format!("/v1/invoices/{invoice}/documents?name=invoice.pdf"))
        .body("application/pdf", "%PDF-1.7")
        .send(201);
    let id = message["id"].as_str().expect("an id");
    app.post(&format!("/v1/messages/{id}/release"))
        .json(&json!({}))
        .send(200);
    app.job("deliver");
    assert_eq!(app.messages(&known)[0]["status"], "sent");
}

#[test]
fn our_own_side_is_told_with_the_step() {
    let app = own!(App::start());
    let people = json!([
        contact("Ada", "billing", "ada@nordwind.example"),
        contact("Sam", "sales", "sam@creditor.example")
    ]);
    let colleagues = json!({"colleagues": {"manager": "lena@creditor.example"}});
    let (known, _) = owing(
        &app,
        &colleagues,
        &json!({"notify": ["sales", "manager"]}),
        &people,
    );
    app.job("deliver");
    app.job("deliver");
    let mut inside: Vec<Value> = app
        .messages(&known)
        .into_iter()
        .filter(|message| message["purpose"] == "internal")
        .map(|message| message["recipient"].clone())
        .collect();
    inside.sort_by_key(Value::to_string);
    assert_eq!(inside, ["lena@creditor.example", "sam@creditor.example"]);
    // The customer sees what is its own.
    let own: Vec<Value> = app
        .mailbox()
        .into_iter()
        .filter(|mail| mail["to"] == "ada@nordwind.example")
        .collect();
    assert_eq!(own.len(), 1);
}

//! The courier: what leaves, what becomes of it, and what a person can do about it.

use serde_json::json;

use crate::harness::{App, Known, customer, invoice, unique};

/// A customer to whom a message is queued on the 13th.
fn queued(app: &App) -> Known {
    let known = app.new_customer();
    app.new_invoice(&known, "10.00", "2026-01-09");
    app.clock("2026-01-13T08:00:00Z");
    app.job("sweep");
    known
}

#[test]
fn a_message_arrives_with_its_facts_and_a_link_that_opens() {
    let app = App::start();
    let known = queued(&app);
    let message = app.messages(&known).remove(0);
    assert_eq!(
        (&message["status"], &message["channel"]),
        (&json!("queued"), &json!("email"))
    );
    app.job("deliver");

    let sent = app.messages(&known).remove(0);
    assert_eq!(sent["id"], message["id"]);
    assert_eq!(
        (&sent["status"], &sent["recipient"]),
        (&json!("sent"), &json!("ada@nordwind.example")),
        "{sent}"
    );
    let mail = app.mail(&sent);
    let number = sent["invoices"][0].as_str().expect("a number");
    assert!(mail.subject.contains(number), "{}", mail.subject);
    assert!(
        mail.text.contains("EUR 10.00") && mail.text.contains("9 January 2026"),
        "{}",
        mail.text
    );
    let link = mail.pay_link(&app);
    assert!(app.get(&link).anonymous().send(200).text().contains(number));
}

#[test]
fn a_queued_message_can_be_cancelled_and_a_sent_one_cannot() {
    let app = App::start();
    let known = queued(&app);
    let id = app.messages(&known)[0]["id"].as_str().expect("an id").to_owned();
    app.post(&format!("/v1/messages/{id}/retry"))
        .send(409)
        .problem("wrong_status");
    app.post(&format!("/v1/messages/{id}/cancel")).send(200);
    assert_eq!(app.messages(&known)[0]["status"], "cancelled");
    app.job("deliver");
    assert_eq!(app.mailbox().len(), 0);

    // What was taken back comes due again.
    app.job("sweep");
    app.job("deliver");
    let again = app
        .messages(&known)
        .into_iter()
        .find(|message| message["id"] != id.as_str())
        .expect("another");
    assert_eq!(again["status"], "sent");
    let again = again["id"].as_str().expect("an id");
    app.post(&format!("/v1/messages/{again}/cancel"))
        .send(409)
        .problem("wrong_status");
    app.post("/v1/messages/msg_00000000000000000000000000/cancel")
        .send(404);
}

#[test]
fn who_has_no_address_is_not_written_to_and_that_is_told() {
    let app = App::start();
    let key = unique("C");
    let mut document = customer(&key);
    document["contacts"] = json!([]);
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    app.post("/v1/invoices")
        .json(&invoice(&unique("R"), &key, "10.00", "2026-01-09"))
        .send(201);
    app.clock("2026-01-13T08:00:00Z");
    app.job("sweep");
    app.job("deliver");
    assert_eq!(app.mailbox().len(), 0);
    let messages = app.messages(&Known {
        external_id: key,
        id: id.clone(),
    });
    assert!(
        messages.iter().all(|message| message["status"] != "sent"),
        "{messages:?}"
    );
    let timeline = app.get(&format!("/v1/customers/{id}/timeline")).send(200).text();
    assert!(
        timeline.contains("email") || timeline.contains("contact"),
        "{timeline}"
    );
}

#[test]
fn messages_are_listed_by_status() {
    let app = App::start();
    let known = queued(&app);
    let count = |status: &str| {
        let list = app.get(&format!("/v1/messages?status={status}")).send(200).json();
        list["data"].as_array().expect("data").len()
    };
    assert_eq!((count("queued"), count("sent")), (1, 0));
    app.job("deliver");
    assert_eq!((count("queued"), count("sent")), (0, 1));
    app.get("/v1/messages?status=lost")
        .send(400)
        .problem("bad_request");
    assert_eq!(app.messages(&known).len(), 1);
}

//! The courier: what leaves, what becomes of it, and what a person can do about it.

use serde_json::json;

use crate::harness::{App, Known, customer, invoice, own, unique};

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
    let app = own!(App::start());
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
    let app = own!(App::start());
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

/// A customer with this address, to whom a message is queued on the 13th.
fn queued_to(app: &App, email: &str) -> Known {
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["contacts"][0]["email"] = json!(email);
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    let known = Known { external_id, id };
    app.new_invoice(&known, "10.00", "2026-01-09");
    app.clock("2026-01-13T08:00:00Z");
    app.job("sweep");
    known
}

#[test]
fn what_cannot_be_delivered_for_now_is_tried_again_ever_later_and_then_given_up() {
    let app = own!(App::start());
    // The mailbox provider's address that is never reached for now.
    let known = queued_to(&app, "busy@mailbox.test");
    let mut waits = Vec::new();
    loop {
        let delivered = app.job("deliver");
        assert_eq!(
            (&delivered["examined"], &delivered["sent"]),
            (&json!(1), &json!(0)),
            "{delivered}"
        );
        let message = app.messages(&known).remove(0);
        assert_eq!(message["last_error"], "The mailbox is busy");
        if message["status"] == "failed" {
            break;
        }
        assert_eq!(
            (&message["status"], &delivered["queued"]),
            (&json!("queued"), &json!(1)),
            "{message}"
        );
        assert_eq!(app.job("deliver")["examined"], 0, "tried again before its time");
        let at = message["next_attempt_at"]
            .as_str()
            .expect("an instant")
            .to_owned();
        app.clock(&at);
        // The instant is shown to the second; its fraction is waited for.
        app.clock(&at.replace('Z', ".999Z"));
        waits.push(at);
    }
    assert!(waits.len() >= 4 && waits.is_sorted(), "{waits:?}");
    assert_eq!(app.mailbox().len(), 0);
    let id = app.messages(&known)[0]["id"].as_str().expect("an id").to_owned();
    app.post(&format!("/v1/messages/{id}/retry")).send(200);
    assert_eq!(app.messages(&known)[0]["status"], "queued");
}

#[test]
fn what_can_never_be_delivered_is_not_tried_again() {
    let app = own!(App::start());
    let known = queued_to(&app, "bounce@mailbox.test");
    app.job("deliver");
    let message = app.messages(&known).remove(0);
    assert_eq!(
        (
            &message["status"],
            &message["attempts"],
            &message["next_attempt_at"]
        ),
        (&json!("failed"), &json!(1), &json!(null)),
        "{message}"
    );
    app.clock("2026-01-20T08:00:00Z");
    assert_eq!(app.job("deliver")["examined"], 0);
}

#[test]
fn a_courier_that_died_after_sending_is_followed_by_one_that_does_not_send_twice() {
    let app = own!(App::start());
    let known = queued(&app);
    app.job("deliver");
    assert_eq!(app.mailbox().len(), 1);
    // As a courier leaves it that dies between the provider's answer and the record of it.
    let ledger = rusqlite::Connection::open(app.state_file("sqlite_db.db")).expect("the ledger");
    let changed = ledger.execute(
        "UPDATE messages SET status = 'sending', lease = 'dead', sent_at = NULL, attempt_at = ?",
        [1_768_291_200_000_i64 + 120_000],
    );
    assert_eq!(changed.expect("the message"), 1);
    drop(ledger);

    assert_eq!(app.job("deliver")["examined"], 0, "its lease still runs");
    app.clock("2026-01-13T08:02:01Z");
    assert_eq!(app.job("deliver")["sent"], 1);
    assert_eq!(app.messages(&known)[0]["status"], "sent");
    assert_eq!(app.mailbox().len(), 1, "the provider knows the id");
}

#[test]
fn who_has_no_address_is_not_written_to_and_that_is_told() {
    let app = own!(App::start());
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
    let app = own!(App::start());
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

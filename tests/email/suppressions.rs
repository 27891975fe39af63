//! Addresses that must not be written to: by whose word, what that stops, and how it is lifted.

use serde_json::{Value, json};

use super::{Kind, Post, WEBHOOK_AUTH, assert_has};
use crate::harness::{Known, own};

impl Post {
    /// Postmark says that a mailbox does not exist.
    fn bounces(&self, address: &str, at: &str) {
        let event = json!({"RecordType": "Bounce", "Type": "HardBounce", "ID": at.len(), "MessageID": at,
            "Email": address, "BouncedAt": at, "Description": "no such user"});
        let auth = data_encoding::BASE64.encode(WEBHOOK_AUTH.as_bytes());
        let call = self
            .app
            .post("/webhooks/postmark")
            .header("authorization", &format!("Basic {auth}"));
        let counts = call.json(&event).send(200).json();
        assert_eq!(counts["failed"], 0, "{counts}");
    }

    fn addresses(&self) -> Vec<Value> {
        let list = self.app.get("/v1/suppressions").send(200).json();
        list["data"]
            .as_array()
            .expect("data")
            .iter()
            .map(|row| row["address"].clone())
            .collect()
    }
}

#[test]
fn a_suppressed_address_is_not_written_to_until_it_is_lifted() {
    own!();
    let post = Post::start(Kind::Postmark);
    let known = post.queued_to(&["Ada@Nordwind.example"]);
    post.bounces("ada@nordwind.EXAMPLE", "2026-01-13T07:00:00Z");
    assert_has(
        &post.app.job("deliver"),
        json!({"examined": 1, "sent": 0, "skipped": 1}),
    );
    assert!(post.provider.journal().is_empty());
    let message = post.message(&known);
    assert_eq!(message["status"], "suppressed");
    let why = message["last_error"].as_str().expect("why");
    assert!(
        why.starts_with("Rule suppression: Ada@Nordwind.example (bounce)"),
        "{why}"
    );
    assert!(post.timeline(&known).contains("message_suppressed"));

    // Retried as things stand, it is suppressed again.
    post.retry(&known, 200);
    post.app.job("deliver");
    assert_eq!(post.message(&known)["status"], "suppressed");

    let path = "/v1/suppressions/Ada%40Nordwind.example";
    post.app.delete(path).send(204);
    post.app.delete(path).send(404).problem("not_found");
    assert_eq!(post.addresses(), Vec::<Value>::new());
    let timeline = post.timeline(&known);
    assert!(
        timeline.contains("address_lifted") && timeline.contains("Lifted by admin"),
        "{timeline}"
    );
    post.retry(&known, 200);
    assert_eq!(post.app.job("deliver")["sent"], 1);
    assert_eq!(post.message(&known)["status"], "sent");

    // What happened before it was lifted and is told after does not count; what happens later does.
    post.bounces("ada@nordwind.example", "2026-01-13T07:30:00Z");
    assert_eq!(post.addresses(), Vec::<Value>::new());
    post.app.clock("2026-01-13T09:00:00Z");
    post.bounces("ada@nordwind.example", "2026-01-13T08:30:00Z");
    assert_eq!(post.addresses(), ["ada@nordwind.example"]);
}

#[test]
fn the_next_billing_contact_is_written_to_instead() {
    own!();
    let post = Post::start(Kind::Postmark);
    let known = post.queued_to(&["ada@nordwind.example", "ben@nordwind.example"]);
    post.bounces("ada@nordwind.example", "2026-01-13T07:00:00Z");
    assert_eq!(post.app.job("deliver")["sent"], 1);
    assert_has(
        &post.message(&known),
        json!({"status": "sent", "recipient": "ben@nordwind.example"}),
    );
    let timeline = post.timeline(&known);
    assert!(
        timeline.contains(
            "Rule suppression: ada@nordwind.example (bounce); ben@nordwind.example is written to instead"
        ),
        "{timeline}"
    );
}

#[test]
fn suppressions_are_listed_a_page_at_a_time_to_who_may_read() {
    own!();
    let post = Post::start(Kind::Postmark);
    let names = ["cyd@x.example", "ada@x.example", "ben@x.example"];
    let known: Vec<Known> = names.iter().map(|name| post.queued_to(&[name])).collect();
    for (name, minute) in names.iter().zip(["01", "02", "03"]) {
        post.bounces(name, &format!("2026-01-13T07:{minute}:00Z"));
    }
    // Nobody's contact: no trace.
    post.bounces("stranger@x.example", "2026-01-13T07:04:00Z");
    assert_eq!(
        post.addresses(),
        ["ada@x.example", "ben@x.example", "cyd@x.example"]
    );
    let first = post.app.get("/v1/suppressions?limit=2").send(200).json();
    assert_eq!(
        (&first["data"][0]["address"], &first["data"][1]["address"]),
        (&json!("ada@x.example"), &json!("ben@x.example"))
    );
    assert_eq!(
        first["data"][0],
        json!({"address": "ada@x.example", "channel": null, "reason": "bounce", "source": "postmark",
            "detail": "HardBounce, no such user", "created_at": "2026-01-13T07:02:00Z"})
    );
    let rest = post
        .app
        .get(&format!(
            "/v1/suppressions?limit=2&after={}",
            first["next"].as_str().expect("a cursor")
        ))
        .send(200)
        .json();
    assert_eq!(
        (&rest["data"][0]["address"], &rest["next"]),
        (&json!("cyd@x.example"), &Value::Null)
    );
    assert!(post.timeline(&known[0]).contains("address_suppressed"));

    let key = |scope: &str| {
        let made = post
            .app
            .post("/v1/api-keys")
            .json(&json!({"name": scope, "scopes": [scope]}));
        made.send(201).string("/key")
    };
    let (read, collect) = (key("read"), key("collect"));
    post.app.get("/v1/suppressions").key(&read).send(200);
    post.app.get("/v1/suppressions").key(&collect).send(403);
    post.app.get("/v1/suppressions").anonymous().send(401);
    post.app.get("/v1/suppressions?limit=0").send(400);
    post.app.post("/v1/suppressions").send(405);
    let one = "/v1/suppressions/ada@x.example";
    post.app.delete(one).key(&read).send(403);
    post.app.delete(one).anonymous().send(401);
    post.app.get(one).send(405);
    post.app.delete(one).key(&collect).send(204);
}

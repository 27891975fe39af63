//! What providers tell later: verified, taken once, in any order, and believed over what we thought.

use std::sync::{Arc, OnceLock};

use data_encoding::BASE64;
use serde_json::{Value, json};

use super::{Kind, Post, WEBHOOK_AUTH, assert_has, unique};
use crate::harness::{App, Fault, Known, Partner, Recorder, Reply, own};

/// 13 January 2026, 08:00 UTC.
const DAY_S: i64 = 1_768_291_200;

fn basic(pair: &str) -> String {
    format!("Basic {}", BASE64.encode(pair.as_bytes()))
}

/// An event as Postmark documents it, about a message of ours.
fn postmark_event(kind: &str, message: &Value, more: Value) -> Value {
    let address = message["recipient"].clone();
    let mut event = json!({
        "RecordType": kind, "MessageID": message["provider_id"], "MessageStream": "outbound", "ServerID": 23,
        "Tag": "", "Metadata": {"dunlin_message": message["id"]},
    });
    let fields = match kind {
        "Delivery" => {
            json!({"Recipient": address, "DeliveredAt": "2026-01-13T08:00:05Z", "Details": "250 OK"})
        }
        "SubscriptionChange" => json!({"Recipient": address, "ChangedAt": "2026-01-13T08:10:00Z",
            "Origin": "Recipient", "SuppressSending": true, "SuppressionReason": "ManualSuppression"}),
        "Open" => json!({"Recipient": address, "ReceivedAt": "2026-01-13T08:20:00Z", "FirstOpen": true}),
        _ => {
            json!({"ID": 4_323_372_036_854_775_807_i64, "Type": "HardBounce", "TypeCode": 1, "Name": "Hard bounce",
            "Description": "The server was unable to deliver your message", "Details": "550 no such user",
            "Email": address, "From": "receivables@sandpiper.example", "BouncedAt": "2026-01-13T08:00:09.9070259Z",
            "DumpAvailable": true, "Inactive": true, "CanActivate": true, "Subject": "..."})
        }
    };
    for part in [fields, more] {
        let part = part.as_object().expect("members").clone();
        event.as_object_mut().expect("an event").extend(part);
    }
    event
}

impl Post {
    /// Tells the app what Postmark does, and answers what the app made of it.
    #[track_caller]
    fn tell(&self, event: &Value) -> String {
        let call = self
            .app
            .post("/webhooks/postmark")
            .header("authorization", &basic(WEBHOOK_AUTH));
        let counts = call.json(event).send(200).json();
        let counts = counts.as_object().expect("counts");
        let done: Vec<&String> = counts
            .iter()
            .filter(|(_, count)| **count == json!(1))
            .map(|(name, _)| name)
            .collect();
        done.first().map_or_else(String::new, |name| (*name).clone())
    }

    /// A message that Postmark has.
    fn sent(&self) -> Known {
        let known = self.queued();
        assert_eq!(self.app.job("deliver")["sent"], 1);
        known
    }

    fn suppressed(&self, address: &Value) -> Option<Value> {
        let list = self.app.get("/v1/suppressions?limit=500").send(200).json();
        let rows = list["data"].as_array().expect("data").clone();
        rows.into_iter().find(|row| row["address"] == *address)
    }
}

#[test]
fn a_delivery_and_a_bounce_mean_the_same_in_any_order() {
    own!();
    let post = Post::start(Kind::Postmark);
    let delivery = |message: &Value| postmark_event("Delivery", message, json!({}));
    let bounce = |message: &Value| postmark_event("Bounce", message, json!({}));

    let known = post.sent();
    let message = post.message(&known);
    assert_eq!(post.tell(&delivery(&message)), "processed");
    assert_has(
        &post.message(&known),
        json!({"status": "delivered", "delivered_at": "2026-01-13T08:00:00Z", "last_error": null}),
    );
    assert_eq!(post.tell(&delivery(&message)), "duplicate");
    assert_eq!(post.tell(&bounce(&message)), "processed");
    assert_eq!(post.message(&known)["status"], "bounced");

    let known = post.sent();
    let message = post.message(&known);
    assert_eq!(post.tell(&bounce(&message)), "processed");
    assert_eq!(post.tell(&bounce(&message)), "duplicate");
    assert_eq!(post.tell(&delivery(&message)), "processed");
    assert_has(
        &post.message(&known),
        json!({"status": "bounced",
            "last_error": "HardBounce, The server was unable to deliver your message, 550 no such user"}),
    );
    let suppressed = post.suppressed(&message["recipient"]).expect("a suppression");
    assert_has(
        &suppressed,
        json!({"reason": "bounce", "source": "postmark", "created_at": "2026-01-13T08:00:00Z"}),
    );
    let timeline = post.timeline(&known);
    for kind in [
        "message_sent",
        "message_bounced",
        "message_delivered",
        "address_suppressed",
    ] {
        assert!(timeline.contains(kind), "{kind}: {timeline}");
    }
}

#[test]
fn each_kind_of_event_does_what_it_should() {
    own!();
    let post = Post::start(Kind::Postmark);
    // The event, what it is taken for, the message's status then, why its address is suppressed.
    let bounced = |kind: &str| json!({"Type": kind});
    let cases = [
        (
            "Bounce",
            bounced("HardBounce"),
            "processed",
            "bounced",
            Some("bounce"),
        ),
        (
            "Bounce",
            bounced("BadEmailAddress"),
            "processed",
            "bounced",
            Some("bounce"),
        ),
        (
            "Bounce",
            bounced("ManuallyDeactivated"),
            "processed",
            "bounced",
            Some("inactive"),
        ),
        ("Bounce", bounced("Blocked"), "processed", "bounced", None),
        (
            "Bounce",
            bounced("SpamNotification"),
            "processed",
            "bounced",
            None,
        ),
        ("Bounce", bounced("SoftBounce"), "processed", "sent", None),
        ("Bounce", bounced("Transient"), "processed", "sent", None),
        ("Bounce", bounced("AutoResponder"), "processed", "sent", None),
        (
            "SpamComplaint",
            bounced("SpamComplaint"),
            "processed",
            "delivered",
            Some("complaint"),
        ),
        (
            "SubscriptionChange",
            json!({}),
            "processed",
            "sent",
            Some("unsubscribe"),
        ),
        (
            "SubscriptionChange",
            json!({"SuppressionReason": "SpamComplaint"}),
            "processed",
            "sent",
            Some("complaint"),
        ),
        // By hand, at Postmark: about an address, not about a message.
        (
            "SubscriptionChange",
            json!({"Metadata": null, "MessageID": "00000000-0000-0000-0000-000000000000"}),
            "processed",
            "sent",
            Some("unsubscribe"),
        ),
        // Somebody left the newsletter.
        (
            "SubscriptionChange",
            json!({"MessageStream": "broadcast"}),
            "",
            "sent",
            None,
        ),
        ("Delivery", json!({}), "processed", "delivered", None),
        ("Delivery", json!({"DeliveredAt": null}), "failed", "sent", None),
        // Nobody's business, and not kept.
        ("Open", json!({}), "", "sent", None),
        ("Click", json!({}), "", "sent", None),
    ];
    for (kind, more, taken, status, reason) in cases {
        let known = post.sent();
        let message = post.message(&known);
        let event = postmark_event(kind, &message, more);
        assert_eq!(post.tell(&event), taken, "{event}");
        assert_eq!(post.message(&known)["status"], status, "{event}");
        let suppressed = post.suppressed(&message["recipient"]);
        let found = suppressed
            .as_ref()
            .map(|row| row["reason"].as_str().expect("a reason"));
        assert_eq!(found, reason, "{event}");
    }
    let ledger = rusqlite::Connection::open(post.app.state_file("sqlite_db.db")).expect("the ledger");
    let kept: i64 = ledger
        .query_row(
            "SELECT count(*) FROM inbound_events WHERE body LIKE '%Open%' OR body LIKE '%Click%'",
            [],
            |row| row.get(0),
        )
        .expect("a count");
    assert_eq!(kept, 0);
}

#[test]
fn a_subscription_that_changes_twice_ends_as_it_changed_last() {
    own!();
    let post = Post::start(Kind::Postmark);
    post.app.clock("2026-01-13T12:00:00Z");
    let change = |message: &Value, suppress: bool, at: &str| {
        postmark_event(
            "SubscriptionChange",
            message,
            json!({"SuppressSending": suppress, "ChangedAt": at,
            "SuppressionReason": if suppress { json!("ManualSuppression") } else { Value::Null }}),
        )
    };
    // Left at nine, came back at ten, left at eleven; told in every order.
    let history = [
        (true, "2026-01-13T09:00:00Z"),
        (false, "2026-01-13T10:00:00Z"),
        (true, "2026-01-13T11:00:00Z"),
    ];
    for (length, stays) in [(2, false), (3, true)] {
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let known = post.sent();
            let message = post.message(&known);
            for at in order.into_iter().filter(|at| *at < length) {
                let (suppress, instant) = history[at];
                post.tell(&change(&message, suppress, instant));
            }
            let suppressed = post.suppressed(&message["recipient"]);
            assert_eq!(
                suppressed.is_some(),
                stays,
                "{length} of {order:?}: {suppressed:?}"
            );
        }
    }
}

#[test]
fn what_is_uncertain_becomes_what_the_provider_says() {
    own!();
    let post = Post::start(Kind::Postmark);
    for (event, status) in [("Delivery", "delivered"), ("Bounce", "bounced")] {
        let known = post.queued();
        post.provider.next([Fault::AnswerLost]);
        post.app.job("deliver");
        let message = post.message(&known);
        assert_has(&message, json!({"status": "uncertain", "provider_id": null}));
        // By our id: Postmark's we never heard.
        let id = unique("late");
        assert_eq!(
            post.tell(&postmark_event(event, &message, json!({"MessageID": id}))),
            "processed"
        );
        let told = post.message(&known);
        assert_has(&told, json!({"status": status, "provider_id": id}));
        assert!(told["sent_at"].is_string(), "{told}");
    }
}

#[test]
fn what_was_given_back_is_not_sent_again_once_the_provider_says_it_had_it() {
    own!();
    let post = Post::start(Kind::Postmark);
    // The provider says that it failed, and has sent it all the same.
    let known = post.queued();
    post.provider
        .next([Fault::AnsweredInstead(Reply::json(500, &json!({})))]);
    post.app.job("deliver");
    let message = post.message(&known);
    assert_eq!(message["status"], "queued");
    post.tell(&postmark_event(
        "Delivery",
        &message,
        json!({"MessageID": unique("late")}),
    ));
    assert_eq!(post.message(&known)["status"], "delivered");
    post.app.clock("2026-01-13T10:00:00Z");
    assert_eq!(post.app.job("deliver")["examined"], 0);
    assert_eq!(post.asked(&known), 1);
}

#[test]
fn an_event_about_an_earlier_attempt_does_not_touch_the_later_one() {
    own!();
    let post = Post::start(Kind::Postmark);
    let known = post.sent();
    let first = post.message(&known);
    post.tell(&postmark_event("Bounce", &first, json!({"Type": "Blocked"})));
    post.retry(&known, 200);
    post.app.job("deliver");
    let second = post.message(&known);
    assert_eq!(second["status"], "sent", "{second}");
    assert_ne!(first["provider_id"], second["provider_id"]);
    post.tell(&postmark_event(
        "Bounce",
        &first,
        json!({"Type": "Blocked", "ID": 7}),
    ));
    assert_eq!(post.message(&known)["status"], "sent");
    post.tell(&postmark_event("Delivery", &second, json!({})));
    assert_eq!(post.message(&known)["status"], "delivered");
}

#[test]
fn an_event_that_comes_before_our_own_record_of_the_send_is_not_lost() {
    own!();
    let app: Arc<OnceLock<String>> = Arc::default();
    let address = Arc::clone(&app);
    // Postmark delivers, and says so, before it answers the call.
    let service = move |request: &crate::harness::Request| {
        let batch: Value = serde_json::from_str(&request.body).expect("JSON");
        let theirs = unique("early");
        let message = json!({"id": batch[0]["Metadata"]["dunlin_message"], "provider_id": theirs,
            "recipient": "ada@nordwind.example"});
        let url = address.get().expect("an address");
        let told = ureq::post(url)
            .header("authorization", &basic(WEBHOOK_AUTH))
            .send(postmark_event("Delivery", &message, json!({})).to_string());
        assert_eq!(told.expect("an answer").status(), 200);
        Reply::json(
            200,
            &json!([{"ErrorCode": 0, "Message": "OK", "MessageID": theirs}]),
        )
    };
    let post = Post::start_with(Kind::Postmark, service, &[]);
    app.set(format!("{}/webhooks/postmark", post.app.url()))
        .expect("once");
    let known = post.queued();
    // Once its answer arrives, once it is lost.
    assert_eq!(post.app.job("deliver")["sent"], 1);
    let message = post.message(&known);
    assert_has(
        &message,
        json!({"status": "delivered", "attempts": 1, "last_error": null}),
    );
    assert!(
        ["subject", "sent_at", "provider_id"]
            .iter()
            .all(|name| message[name].is_string()),
        "{message}"
    );
    assert!(post.timeline(&known).contains("message_sent"));

    let known = post.queued();
    post.provider.next([Fault::AnswerLost]);
    post.app.job("deliver");
    assert_has(
        &post.message(&known),
        json!({"status": "delivered", "last_error": null}),
    );
    assert!(!post.timeline(&known).contains("message_uncertain"));
}

#[test]
fn postmarks_webhooks_need_a_name_and_password_that_are_set() {
    own!();
    let pairs = "old:0ld postmark:s3cret";
    let post = Post::start_with(
        Kind::Postmark,
        |_| Reply::json(500, &Value::Null),
        &[("postmark_webhook_auth", pairs)],
    );
    let event = postmark_event(
        "Delivery",
        &json!({"id": "msg_x", "provider_id": "y", "recipient": "a@b.example"}),
        json!({}),
    );
    let send = |authorization: &str, expected| {
        post.app
            .post("/webhooks/postmark")
            .header("authorization", authorization)
            .json(&event)
            .send(expected)
    };
    for pair in ["old:0ld", "postmark:s3cret"] {
        send(&basic(pair), 200);
    }
    for wrong in [
        basic("postmark:"),
        basic("postmark:s3cre"),
        basic("postmark:0ld"),
        basic(pairs),
        basic(":"),
        basic(""),
        "Basic %%%".to_owned(),
        "Bearer postmark:s3cret".to_owned(),
        format!("Bearer {}", post.app.admin_key),
    ] {
        send(&wrong, 401).problem("unauthorized");
    }
    post.app
        .post("/webhooks/postmark")
        .anonymous()
        .json(&event)
        .send(401);
    // Where nothing is set nothing is believed.
    let app = App::shared();
    app.post("/webhooks/postmark")
        .header("authorization", &basic(""))
        .json(&event)
        .send(401);
    app.post("/webhooks/sendgrid")
        .anonymous()
        .json(&json!([]))
        .send(401);
    app.get("/webhooks/postmark").send(405);
}

/// Made with SendGrid's own library, as `tests/partners/sendgrid_webhook.py` does.
const VECTOR_KEY: &str = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEkfSG0JllS07v6PvML09CbJRN5ivHSb3cf5Xd5IHFL9M8XJgGSYWHml0+AF/FxSfZRQu+IUIul+lxkTyUGWsWXA==";
const VECTOR_BODY: &str = r#"[{"email":"gone@nordwind.example","timestamp":1768291190,"event":"bounce","type":"bounce","status":"5.1.1","reason":"550 no such user","sg_event_id":"vector-1","sg_message_id":"recorded.filter0001.1.2.3-0"}]"#;
const VECTOR_SIGNATURE: &str =
    "MEUCIQCJukJGY05SAA5CWG8oFIa/5WZZ83lDrzfjj6HvpjPMuwIgc1sbR5RPHl9bUeNZ4aiVEk1Iay7sq1hBJ7kvXsuK7X4=";

fn sendgrid(key: &str) -> Post {
    let service =
        |_: &crate::harness::Request| Reply::json(202, &Value::Null).header("x-message-id", "recorded");
    Post::start_with(Kind::SendGrid, service, &[("sendgrid_webhook_key", key)])
}

#[test]
fn sendgrids_signature_is_verified_and_its_message_found_by_sendgrids_id() {
    // The key that is being replaced stands first.
    let other = "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEaxfR8uEsQkf4vOblY6RA8ncDfYEt6zOg9KE5RdiYwpZP40Li/hp/m47n60p8D54WK84zV2sxXs7LtkBoN79R9Q==";
    let post = sendgrid(&format!("{other} {VECTOR_KEY}"));
    let known = post.queued_to(&["gone@nordwind.example"]);
    post.app.job("deliver");
    let send = |body: &str, signature: &str, timestamp: &str, expected| {
        post.app
            .post("/webhooks/sendgrid")
            .anonymous()
            .header("x-twilio-email-event-webhook-signature", signature)
            .header("x-twilio-email-event-webhook-timestamp", timestamp)
            .body("application/json", body)
            .send(expected)
    };
    let at = DAY_S.to_string();
    for (body, signature, timestamp) in [
        (
            VECTOR_BODY.replace("5.1.1", "5.1.2").as_str(),
            VECTOR_SIGNATURE,
            at.as_str(),
        ),
        (VECTOR_BODY, VECTOR_SIGNATURE, "1768291201"),
        (VECTOR_BODY, VECTOR_SIGNATURE, "yesterday"),
        (VECTOR_BODY, "MEUCIQ==", &at),
        (VECTOR_BODY, "!", &at),
        (VECTOR_BODY, "", &at),
    ] {
        send(body, signature, timestamp, 401).problem("unauthorized");
    }
    assert_eq!(post.message(&known)["status"], "sent");
    assert_has(
        &send(VECTOR_BODY, VECTOR_SIGNATURE, &at, 200).json(),
        json!({"processed": 1, "duplicate": 0}),
    );
    assert_has(
        &post.message(&known),
        json!({"status": "bounced", "provider_id": "recorded", "last_error": "bounce, 5.1.1, 550 no such user"}),
    );
    // SendGrid goes on delivering for a day; a replay changes nothing, and one of yesterday is not even read.
    post.app.clock("2026-01-14T08:04:00Z");
    assert_has(
        &send(VECTOR_BODY, VECTOR_SIGNATURE, &at, 200).json(),
        json!({"processed": 0, "duplicate": 1}),
    );
    post.app.clock("2026-01-14T08:05:30Z");
    send(VECTOR_BODY, VECTOR_SIGNATURE, &at, 401);
}

#[test]
fn each_event_of_a_batch_that_sendgrids_own_library_signed_is_taken_once() {
    let Some(library) = Partner::python("sendgrid") else {
        return;
    };
    let keys: Value = serde_json::from_str(&library.run("sendgrid_webhook.py", &["keys"], "")).expect("keys");
    let (private, public) = (
        keys["private"].as_str().expect("a key"),
        keys["public"].as_str().expect("a key"),
    );
    let post = sendgrid(public);
    let send = |events: &[Value], at: i64, expected| {
        let body = Value::from(events).to_string();
        let signature = library.run("sendgrid_webhook.py", &["sign", private, &at.to_string()], &body);
        post.app
            .post("/webhooks/sendgrid")
            .anonymous()
            .header("x-twilio-email-event-webhook-signature", &signature)
            .header("x-twilio-email-event-webhook-timestamp", &at.to_string())
            .body("application/json", body)
            .send(expected)
            .json()
    };
    // The event, the message's status then, why its address is suppressed.
    let cases = [
        (json!({"event": "processed"}), "sent", None),
        (
            json!({"event": "deferred", "response": "451 try later", "attempt": "3"}),
            "sent",
            None,
        ),
        (
            json!({"event": "delivered", "response": "250 OK"}),
            "delivered",
            None,
        ),
        (
            json!({"event": "bounce", "type": "bounce", "reason": "550"}),
            "bounced",
            Some("bounce"),
        ),
        (
            json!({"event": "bounce", "type": "blocked", "reason": "554"}),
            "bounced",
            None,
        ),
        (
            json!({"event": "dropped", "reason": "Bounced Address"}),
            "bounced",
            Some("bounce"),
        ),
        (
            json!({"event": "dropped", "reason": "Unsubscribed Address"}),
            "bounced",
            Some("unsubscribe"),
        ),
        (
            json!({"event": "dropped", "reason": "Spam Content"}),
            "bounced",
            None,
        ),
        (json!({"event": "spamreport"}), "delivered", Some("complaint")),
        (
            json!({"event": "group_unsubscribe", "asm_group_id": 1}),
            "sent",
            Some("unsubscribe"),
        ),
        (
            json!({"event": "open", "useragent": "x", "ip": "127.0.0.1"}),
            "sent",
            None,
        ),
        (
            json!({"event": "click", "url": "https://x.example"}),
            "sent",
            None,
        ),
    ];
    let mut events = Vec::new();
    let mut customers = Vec::new();
    for (event, status, reason) in cases {
        let known = post.queued();
        post.app.job("deliver");
        let message = post.message(&known);
        let mut event = event;
        let members = json!({"email": message["recipient"], "timestamp": DAY_S - 5, "category": ["x"],
            "smtp-id": "<x@y>", "sg_event_id": unique("evt"), "sg_message_id": "recorded.x.y-0",
            "dunlin_message": message["id"]});
        event
            .as_object_mut()
            .expect("an event")
            .extend(members.as_object().expect("members").clone());
        events.push(event);
        customers.push((known, message["recipient"].clone(), status, reason));
    }
    // Not ours, not an event, and one that comes twice within its batch.
    events.push(
        json!({"event": "delivered", "email": "x@y.example", "timestamp": DAY_S, "sg_event_id": "foreign",
        "sg_message_id": "foreign.x"}),
    );
    events.push(json!({"event": "unsubscribe", "email": events[0]["email"], "timestamp": DAY_S, "sg_event_id": "list"}));
    events.push(json!({"event": 7}));
    events.push(events[2].clone());
    assert_eq!(
        send(&events, DAY_S, 200),
        json!({"duplicate": 1, "failed": 1, "ignored": 3, "processed": 9, "waiting": 0})
    );
    for (known, recipient, status, reason) in &customers {
        assert_eq!(post.message(known)["status"], *status);
        let suppressed = post.suppressed(recipient);
        assert_eq!(
            suppressed
                .as_ref()
                .map(|row| row["reason"].as_str().expect("a reason")),
            *reason,
            "{recipient}"
        );
    }
    // The whole batch again, signed anew, as SendGrid does after a timeout.
    assert_eq!(
        send(&events, DAY_S + 60, 200),
        json!({"duplicate": 13, "failed": 1, "ignored": 0, "processed": 0, "waiting": 0})
    );
    send(&events, DAY_S + 400, 401);
    send(&[], DAY_S, 200);
}

#[test]
fn a_body_that_is_no_event_is_kept_for_a_person() {
    own!();
    let provider = Recorder::start(|_| Reply::json(500, &Value::Null));
    let app = App::start_with(&[
        ("postmark_url", &provider.url()),
        ("postmark_webhook_auth", WEBHOOK_AUTH),
    ]);
    let send = |body: &str| {
        let call = app
            .post("/webhooks/postmark")
            .header("authorization", &basic(WEBHOOK_AUTH));
        call.body("application/json", body).send(200).json()
    };
    assert_has(&send("nonsense"), json!({"failed": 1}));
    // Sent again it is tried again, and is nonsense still.
    assert_has(&send("nonsense"), json!({"failed": 1}));
    assert_has(&send(r#"{"RecordType": "Bounce"}"#), json!({"failed": 1}));
}

//! What can go wrong between a provider and us, and what a message then is: never lost, never sent twice.

use std::{
    sync::{Mutex, mpsc},
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use super::{Kind, Post, assert_has};
use crate::harness::{Fault, Known, Reply, own};

fn refused(status: u16) -> Fault {
    Fault::Refused(Reply::json(
        status,
        &json!({"ErrorCode": 402, "Message": "no", "errors": [{"message": "no", "field": "from"}]}),
    ))
}

#[test]
fn every_answer_means_one_thing() {
    own!();
    // The fault, the message's status then, whether it may have left.
    let cases = [
        ("a server error", refused(500), "queued"),
        ("unavailable, for nobody knows how long", refused(503), "queued"),
        ("a request that took too long to come", refused(408), "queued"),
        ("not a message that can be sent", refused(422), "failed"),
        ("too large", refused(413), "failed"),
        ("a gateway that had no answer in time", refused(504), "uncertain"),
        (
            "a connection reset before anything was read",
            Fault::ResetUnread,
            "uncertain",
        ),
        ("a connection closed after reading", Fault::Dropped, "uncertain"),
        ("an answer lost on the way", Fault::AnswerLost, "uncertain"),
        ("a slow answer", Fault::Slow(Duration::from_millis(300)), "sent"),
    ];
    for kind in Kind::BOTH {
        let post = Post::start(kind);
        let mut uncertain: Vec<Known> = Vec::new();
        let mut tried_again: Vec<Known> = Vec::new();
        for (what, fault, expected) in cases.clone() {
            let known = post.queued();
            post.provider.next([fault]);
            post.app.job("deliver");
            let message = post.message(&known);
            assert_eq!(message["status"], expected, "{what}: {message}");
            assert_eq!(message["attempts"], 1, "{what}: {message}");
            assert_eq!(
                message["last_error"].is_null(),
                expected == "sent",
                "{what}: {message}"
            );
            match expected {
                "uncertain" => uncertain.push(known),
                "queued" => tried_again.push(known),
                _ => {}
            }
        }
        // Two days later what was not taken has left, and what may have been has not left again.
        let before: Vec<usize> = uncertain.iter().map(|known| post.asked(known)).collect();
        post.app.clock("2026-01-15T08:00:00Z");
        post.app.job("deliver");
        for known in &tried_again {
            assert_has(&post.message(known), json!({"status": "sent", "attempts": 2}));
        }
        let after: Vec<usize> = uncertain.iter().map(|known| post.asked(known)).collect();
        assert_eq!(before, after, "{kind:?}: sent again although it may have left");
        // A person decides.
        for known in &uncertain {
            post.retry(known, 200);
        }
        assert_eq!(post.app.job("deliver")["sent"], uncertain.len());
    }
}

#[test]
fn where_no_connection_stands_one_attempt_is_spent_and_nothing_is_lost() {
    own!();
    for kind in Kind::BOTH {
        // Nobody listens there.
        let nowhere = "http://127.0.0.1:1";
        let more = [("postmark_url", nowhere), ("sendgrid_url", nowhere)];
        let post = Post::start_with(kind, move |request| kind.serve(request), &more);
        let both = [post.queued(), post.queued()];
        // One call finds out: a batch of two at Postmark, one message at SendGrid.
        let spent: u64 = if kind == Kind::Postmark { 2 } else { 1 };
        let delivered = post.app.job("deliver");
        // Nobody is there who could take more.
        assert_has(&delivered, json!({"sent": 0, "queued": spent, "more": false}));
        let messages = both.each_ref().map(|known| post.message(known));
        assert!(
            messages.iter().all(|message| message["status"] == "queued"),
            "{messages:?}"
        );
        let attempts: u64 = messages
            .iter()
            .filter_map(|message| message["attempts"].as_u64())
            .sum();
        assert_eq!(attempts, spent);
        let tried = messages
            .iter()
            .find(|message| message["attempts"] == 1)
            .expect("the one that was tried");
        assert!(
            tried["last_error"]
                .as_str()
                .is_some_and(|error| error.contains("not sent")),
            "{tried}"
        );
    }
}

#[test]
fn who_asks_to_be_left_alone_is_left_alone_for_as_long_as_it_says() {
    own!();
    let busy = |status, value| Fault::Refused(Reply::json(status, &json!({})).header("retry-after", value));
    let reset = Fault::Refused(
        Reply::json(429, &json!({"errors": [{"message": "too many requests"}]}))
            .header("x-ratelimit-reset", "1768292400"),
    );
    let plain = Fault::Refused(Reply::json(
        429,
        &json!({"ErrorCode": 429, "Message": "Rate limit exceeded"}),
    ));
    let cases = [
        (Kind::SendGrid, busy(429, "1800"), "2026-01-13T08:30:00Z"),
        (
            Kind::SendGrid,
            busy(503, "Tue, 13 Jan 2026 09:15:00 GMT"),
            "2026-01-13T09:15:00Z",
        ),
        (Kind::SendGrid, reset, "2026-01-13T08:20:00Z"),
        (Kind::Postmark, busy(429, "120"), "2026-01-13T08:02:00Z"),
        // Neither says how long: a minute.
        (Kind::Postmark, plain, "2026-01-13T08:01:00Z"),
        // Nobody is left alone for a year.
        (Kind::SendGrid, busy(429, "31536000"), "2026-01-14T08:00:00Z"),
    ];
    for (kind, fault, until) in cases {
        let post = Post::start(kind);
        let known = [post.queued(), post.queued(), post.queued()];
        post.provider.next([fault.clone()]);
        let delivered = post.app.job("deliver");
        assert_has(
            &delivered,
            json!({"sent": 0, "more": false, "paused_until": until}),
        );
        for known in &known {
            assert_has(&post.message(known), json!({"status": "queued", "attempts": 0}));
        }
        let asked = post.provider.journal().len();
        assert_eq!(asked, 1, "{fault:?}");
        let delivered = post.app.job("deliver");
        assert_has(
            &delivered,
            json!({"examined": 0, "more": false, "paused_until": until}),
        );
        assert_eq!(
            post.provider.journal().len(),
            asked,
            "{fault:?}: asked again too early"
        );

        // The instant is shown to the second; its fraction is waited for.
        post.app.clock(&until.replace('Z', ".999Z"));
        let delivered = post.app.job("deliver");
        assert_eq!(
            (&delivered["sent"], &delivered["paused_until"]),
            (&json!(3), &Value::Null),
            "{fault:?}"
        );
        for known in &known {
            assert_has(&post.message(known), json!({"status": "sent", "attempts": 1}));
        }
    }
}

#[test]
fn wrong_credentials_fail_no_message_and_are_told_once() {
    own!();
    let denied = |status, body: Value| Fault::Refused(Reply::json(status, &body));
    let cases = [
        (
            Kind::Postmark,
            denied(
                401,
                json!({"ErrorCode": 10, "Message": "Bad or missing Server API token."}),
            ),
        ),
        (
            Kind::Postmark,
            denied(
                422,
                json!({"ErrorCode": 405, "Message": "You ran out of credits."}),
            ),
        ),
        (
            Kind::Postmark,
            denied(
                200,
                json!([
                    {"ErrorCode": 400, "Message": "The sender signature was not found."},
                    {"ErrorCode": 400, "Message": "The sender signature was not found."},
                ]),
            ),
        ),
        (
            Kind::SendGrid,
            denied(
                401,
                json!({"errors": [{"message": "The provided authorization grant is invalid"}]}),
            ),
        ),
        (
            Kind::SendGrid,
            denied(
                403,
                json!({"errors": [{"message": "The from address does not match", "field": "from"}]}),
            ),
        ),
        (Kind::SendGrid, denied(404, json!({}))),
    ];
    for (kind, fault) in cases {
        let post = Post::start(kind);
        let known = [post.queued(), post.queued()];
        post.provider.next([fault.clone()]);
        let answer = post
            .app
            .post("/internal/deliver")
            .key(&post.app.cron_key)
            .send(502);
        let problem = answer.problem("provider_failed");
        assert!(
            problem["detail"]
                .as_str()
                .is_some_and(|detail| detail.contains("back in the queue")),
            "{problem}"
        );
        for known in &known {
            assert_has(&post.message(known), json!({"status": "queued", "attempts": 0}));
        }
        let log = post.log();
        assert_eq!(log.matches("provider_failed").count(), 1, "{log}");
        assert!(!log.contains("pm-token") && !log.contains("SG.key"), "{log}");
        // Once it is mended they leave, with nothing else to do.
        assert_eq!(post.app.job("deliver")["sent"], 2, "{fault:?}");
    }
}

#[test]
fn a_batch_that_is_refused_whole_is_tried_again_message_by_message() {
    own!();
    let post = Post::start(Kind::Postmark);
    let both = [post.queued(), post.queued()];
    let bad = json!({"ErrorCode": 403, "Message": "Incompatible JSON"});
    post.provider.next([Fault::Refused(Reply::json(422, &bad))]);
    post.app.job("deliver");
    let at = both.each_ref().map(|known| {
        let message = post.message(known);
        assert_has(&message, json!({"status": "queued", "attempts": 1}));
        message["next_attempt_at"].clone()
    });
    assert!(at.iter().all(Value::is_string), "{at:?}");
    // And one that nobody can read leaves everything open.
    post.app.clock("2026-01-13T09:00:00Z");
    post.provider.next([Fault::AnsweredInstead(Reply::json(
        200,
        &json!([{"ErrorCode": 0}]),
    ))]);
    post.app.job("deliver");
    for known in &both {
        assert_has(&post.message(known), json!({"status": "uncertain"}));
    }
}

#[test]
fn a_courier_that_dies_while_the_provider_answers_leaves_a_message_that_is_never_sent_twice() {
    own!();
    for kind in Kind::BOTH {
        let (heard, hears) = mpsc::channel();
        let heard = Mutex::new(heard);
        let service = move |request: &crate::harness::Request| {
            heard.lock().expect("a sender").send(()).ok();
            kind.serve(request)
        };
        let mut post = Post::start_with(kind, service, &[]);
        let known = post.queued();
        post.provider.next([Fault::Slow(Duration::from_secs(10))]);
        let (url, key) = (
            format!("{}/internal/deliver", post.app.url()),
            post.app.cron_key.clone(),
        );
        let call = thread::spawn(move || {
            ureq::post(&url)
                .header("authorization", &format!("Bearer {key}"))
                .send_empty()
                .is_err()
        });
        hears
            .recv_timeout(Duration::from_secs(30))
            .expect("the provider was asked");
        post.app.crash();
        assert!(
            call.join().expect("the call"),
            "the courier answered although it died"
        );

        assert_eq!(post.app.job("deliver")["examined"], 0, "its lease still runs");
        assert_eq!(post.message(&known)["status"], "sending");
        post.app.clock("2026-01-13T08:02:01Z");
        assert_has(&post.app.job("deliver"), json!({"examined": 1, "sent": 0}));
        assert_has(
            &post.message(&known),
            json!({"status": "uncertain", "attempts": 1}),
        );
        assert_eq!(post.asked(&known), 1);
        post.app.clock("2026-01-16T08:00:00Z");
        post.app.job("deliver");
        assert_eq!(post.asked(&known), 1, "{kind:?}: sent twice");

        post.retry(&known, 200);
        assert_eq!(post.app.job("deliver")["sent"], 1);
        assert_eq!(post.asked(&known), 2, "a person decided so");
    }
}

#[test]
fn a_provider_that_does_not_answer_one_call_holds_the_others_up_for_no_longer_than_a_handler_may_take() {
    own!();
    let post = Post::start(Kind::SendGrid);
    let known: Vec<Known> = (0..4).map(|_| post.queued()).collect();
    // The first call goes alone; of those that follow together one is never answered.
    let answered = Fault::Slow(Duration::ZERO);
    post.provider
        .next([answered, Fault::Slow(Duration::from_secs(40))]);
    let started = Instant::now();
    assert_has(&post.app.job("deliver"), json!({"examined": 4, "sent": 3}));
    let elapsed = started.elapsed();
    assert!(elapsed < Duration::from_secs(30), "{elapsed:?}");
    let mut ends: Vec<String> = known
        .iter()
        .map(|known| {
            post.message(known)["status"]
                .as_str()
                .expect("a status")
                .to_owned()
        })
        .collect();
    ends.sort();
    assert_eq!(ends, ["sent", "sent", "sent", "uncertain"]);
}

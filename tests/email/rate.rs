//! How fast a thousand messages leave.

use std::{
    thread,
    time::{Duration, Instant},
};

use super::{Kind, Post};
use crate::harness::{customer, invoice, own};

/// What the provider takes over each call.
const ANSWER: Duration = Duration::from_millis(50);

#[test]
fn a_thousand_messages_leave_in_the_time_that_a_handler_has() {
    own!();
    for kind in Kind::BOTH {
        let service = move |request: &crate::harness::Request| {
            thread::sleep(ANSWER);
            kind.serve(request)
        };
        let post = Post::start_with(kind, service, &[]);
        let keys: Vec<String> = (0..1_000).map(|number| format!("M-{number:04}")).collect();
        let lines = |each: &dyn Fn(&String) -> serde_json::Value| {
            keys.iter()
                .map(|key| each(key).to_string() + "\n")
                .collect::<String>()
        };
        let customers = lines(&|key| {
            let mut customer = customer(key);
            customer["contacts"][0]["email"] = format!("{key}@many.example").into();
            customer
        });
        post.app
            .post("/v1/customers")
            .body("application/x-ndjson", customers)
            .send(200);
        let invoices = lines(&|key| invoice(&format!("I-{key}"), key, "10.00", "2026-01-09"));
        post.app
            .post("/v1/invoices")
            .body("application/x-ndjson", invoices)
            .send(200);
        let job = |name: &str| {
            post.app
                .post(&format!("/internal/{name}?limit=1000"))
                .key(&post.app.cron_key)
                .send(200)
                .json()
        };
        assert_eq!(job("sweep")["queued"], 1_000);

        let started = Instant::now();
        let mut sent = 0;
        let mut runs = 0;
        loop {
            let delivered = job("deliver");
            sent += delivered["sent"].as_u64().expect("a number");
            runs += 1;
            if delivered["more"] == false {
                break;
            }
        }
        let elapsed = started.elapsed();
        assert_eq!(sent, 1_000);
        let calls = post.provider.journal().len();
        eprintln!(
            "{kind:?}: 1,000 messages in {:.1} s, {:.0}/s, {calls} calls of {ANSWER:?} in {runs} runs",
            elapsed.as_secs_f64(),
            1_000.0 / elapsed.as_secs_f64()
        );
        assert!(
            elapsed < Duration::from_secs(30 * runs),
            "{elapsed:?} in {runs} runs"
        );
    }
}

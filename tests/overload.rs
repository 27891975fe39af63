//! Too much at once: who comes too late is told so at once, and everything else goes on.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use dunlin_host::limits::{CONCURRENT_CHANGES, CONNECTIONS, RETRY_AFTER_SECONDS};

use serde_json::json;

use crate::harness::{Answer, App, own, say};

/// Requests whose bodies never come: each holds a place for as long as it is open.
fn crowd(app: &App, path: &str, key: &str, count: usize) -> Vec<TcpStream> {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: dunlin\r\nauthorization: Bearer {key}\r\ncontent-type: application/json\r\n\
         content-length: 10\r\n\r\n{{"
    );
    let mut open = idle(app, count);
    for stream in &mut open {
        stream.write_all(head.as_bytes()).expect("a request");
    }
    open
}

/// Connections on which nothing is asked.
fn idle(app: &App, count: usize) -> Vec<TcpStream> {
    let open = (0..count).map(|_| TcpStream::connect(app.address()).expect("a connection"));
    open.collect()
}

/// Asks until the answer has this status: what came before may still be on its way out of the app.
fn becomes(ask: &dyn Fn() -> Answer, status: u16) {
    for _ in 0..600 {
        if ask().status == status {
            return;
        }
        thread::sleep(Duration::from_millis(50));
    }
    panic!("the answer is never {status}");
}

/// Sends a GET over a connection of its own and answers all that comes back.
fn alone(app: &App, path: &str) -> String {
    let mut stream = TcpStream::connect(app.address()).expect("a connection");
    let request = format!("GET {path} HTTP/1.1\r\nhost: dunlin\r\n\r\n");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer, and its end");
    answer
}

#[test]
fn a_crowd_of_senders_is_refused_at_once_and_keeps_nobody_from_paying_and_no_job_from_running() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "10.00", "2026-01-09");
    let link = json!({"customer": {"external_id": known.external_id}});
    let link = app.post("/v1/payment-links").json(&link).send(201).json();
    let link = link["url"].as_str().expect("a url");
    app.clock("2026-01-13T08:00:00Z");
    let mut waiting = crowd(&app, "/v1/invoices", &app.admin_key, CONCURRENT_CHANGES);
    // Who asks meanwhile takes a place, and leaves it open again: one more comes for each.
    let ask = || app.post("/v1/promises").json(&json!({})).answer();
    while ask().status != 503 {
        assert!(waiting.len() < CONNECTIONS, "all of them are let in");
        waiting.extend(crowd(&app, "/v1/invoices", &app.admin_key, 1));
    }
    let refused = ask();
    assert_eq!(refused.header("content-type"), Some("application/problem+json"));
    assert_eq!(refused.json()["code"], "busy");
    let retry_after = RETRY_AFTER_SECONDS.to_string();
    assert_eq!(refused.header("retry-after"), Some(retry_after.as_str()));
    // Whoever only looks is let in, and whoever pays; a load balancer learns that the host is well, and reminders leave.
    app.get("/v1/customers").send(200);
    app.post(link).anonymous().form(&[]).send(303);
    app.get("/.well-known/spin/health").send(200);
    assert_eq!(app.job("sweep")["queued"], 1);
    assert_eq!(app.job("deliver")["sent"], 1);
    drop(waiting);
    becomes(&ask, 422);
}

#[test]
fn beyond_all_connections_one_learns_that_the_host_is_well_or_busy() {
    let app = own!(App::start());
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find(|line| line.starts_with("Max open files"));
    let files = files.and_then(|line| line.split_whitespace().nth(3)?.parse::<usize>().ok());
    if files.is_none_or(|files| files < 2 * CONNECTIONS) {
        say("SKIPPED: so many connections need more open files than this shell allows (ulimit -n)");
        return;
    }
    let open = idle(&app, CONNECTIONS);
    let well = alone(&app, "/.well-known/spin/health");
    assert!(well.starts_with("HTTP/1.1 200") && well.ends_with("OK"), "{well}");
    let busy = alone(&app, "/health").to_lowercase();
    assert!(
        busy.starts_with("http/1.1 503") && busy.contains("retry-after: 1"),
        "{busy}"
    );
    assert!(
        busy.contains("connection: close") && busy.contains(r#""code":"busy""#),
        "{busy}"
    );
    drop(open);
    becomes(&|| app.get("/health").answer(), 200);
}

//! A mail server that others wrote (aiosmtpd, from PyPI) takes what the component says over its socket, and Python's own
//! `email`, at its strictest, reads it.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use serde_json::Value;

use super::Post;
use crate::harness::{Partner, own};

/// A running sink, which prints each message that it takes.
struct Sink {
    child: Child,
    lines: BufReader<std::process::ChildStdout>,
    port: u64,
}

impl Sink {
    fn start(arguments: &[&str]) -> Option<Self> {
        let mut child = Partner::python("aiosmtpd")?
            .command("smtp_sink.py")
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("python3");
        let mut sink = Self {
            lines: BufReader::new(child.stdout.take().expect("a pipe")),
            child,
            port: 0,
        };
        sink.port = sink.next()["port"].as_u64().expect("a port");
        Some(sink)
    }

    fn next(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).expect("a line");
        serde_json::from_str(&line).expect("JSON")
    }
}

impl Drop for Sink {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.child.stdin.take());
        self.child.wait().ok();
    }
}

#[test]
fn a_mail_server_takes_a_message_and_python_reads_it_without_a_defect() {
    own!();
    let Some(mut sink) = Sink::start(&["user", "pass"]) else {
        return;
    };
    let relay = format!("*://127.0.0.1:{}", sink.port);
    let more = [
        ("smtp_relay", relay.as_str()),
        ("smtp_user", "user"),
        ("smtp_password", "pass"),
    ];
    let post = Post::start("smtp", &more);
    let known = post.queued();
    assert_eq!(post.app.job("deliver")["sent"], 1);
    let (message, email) = (post.message(&known), sink.next());
    assert_eq!(email["defects"], serde_json::json!([]), "{email}");
    assert_eq!(email["envelope"]["from"], "receivables@sandpiper.example");
    assert_eq!(email["envelope"]["to"], serde_json::json!([message["recipient"]]));
    let named = |name: &str| email["headers"][name].as_str().unwrap_or_default().to_owned();
    super::carries(&message, named, &post.app);
    assert_eq!(email["headers"]["Subject"], message["subject"]);
    assert_eq!(email["to_name"], "Braun, Åda");
    let number = message["invoices"][0].as_str().expect("a number");
    for part in ["text", "html"] {
        assert!(
            email[part].as_str().is_some_and(|text| text.contains(number)),
            "{part}: {email}"
        );
    }
    assert_eq!(message["provider"], "smtp");
}

#[test]
fn a_mailbox_that_is_not_there_is_not_written_to_again_and_a_relay_elsewhere_is_not_spoken_to() {
    own!();
    let Some(sink) = Sink::start(&["refuse"]) else {
        return;
    };
    let relay = format!("*://127.0.0.1:{}", sink.port);
    let post = Post::start("smtp", &[("smtp_relay", &relay)]);
    let known = post.queued();
    post.app.job("deliver");
    assert_eq!(post.message(&known)["status"], "suppressed");
    let rows = post.app.get("/v1/suppressions").send(200).json();
    assert_eq!(rows["data"][0]["reason"], "inactive", "{rows}");

    let post = Post::start("smtp", &[("smtp_relay", "*://8.8.8.8:25")]);
    let known = post.queued();
    post.app
        .post("/internal/deliver")
        .key(&post.app.cron_key)
        .send(500);
    assert_eq!(post.message(&known)["status"], "queued");
}

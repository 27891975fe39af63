//! Lines in logs and headers in answers: who writes into them writes a value, and no line and no header of his own.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use super::Tried;
use crate::harness::{App, Fault, Recorder, Reply, own, unique};

/// What ends a line, moves a cursor, turns the direction of writing, or looks like a line of ours.
const HOSTILE: [&str; 6] = [
    "xqz\r\n{\"level\":\"info\",\"message\":\"forged\"}",
    "xqz\u{1b}[2J\u{1b}]0;xqz\u{7}",
    "xqz\u{9b}31m\u{85}\u{2028}\u{2029}\u{7f}",
    "xqz\u{202e}\u{2066}\u{200f}",
    "xqz\"}\n\n\n[intake] forged",
    "xqz\0\u{8}\u{8}\u{8}\u{8}",
];

/// Every line that components have written, and all that the host has.
fn logs(app: &App) -> (Vec<String>, String) {
    let mut lines = Vec::new();
    for entry in fs::read_dir(app.state_file("logs"))
        .into_iter()
        .flatten()
        .flatten()
    {
        let text = fs::read(entry.path()).expect("a log");
        let text = String::from_utf8(text).expect("UTF-8");
        lines.extend(
            text.split_inclusive('\n')
                .map(|line| line.trim_end_matches('\n').to_owned()),
        );
    }
    (
        lines,
        fs::read_to_string(app.state_file("test.log")).expect("a log"),
    )
}

/// What is left unanswered at once is not waited for.
fn raw(app: &App, request: &[u8]) -> String {
    let mut stream = TcpStream::connect(app.address()).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a limit");
    stream.write_all(request).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_line_of_the_log_is_one_object_whoever_wrote_it() {
    own!();
    let mut tried = Tried::of("lines written into logs and headers");
    // A provider that fails, in every way and with every word.
    let provider = Recorder::start(|_| {
        Reply::json(
            500,
            &json!({"error": {"message": HOSTILE.concat(), "type": HOSTILE[1]}}),
        )
    });
    let url = provider.url();
    let app = App::start_with(&[
        ("email_providers", "sendgrid"),
        ("sendgrid_url", &url),
        ("sendgrid_api_key", "SG.canary-of-the-logs"),
        ("stripe_url", &url),
        ("stripe_secret_key", "sk_canary_of_the_logs"),
        (
            "webhook_signing_keys",
            "a-signing-key-of-thirty-two-bytes-at-least",
        ),
        ("webhook_hosts", "http://127.0.0.1:*"),
        ("webhook_private_networks", "allow"),
    ]);
    for words in HOSTILE {
        let body = Reply::json(503, &Value::String(words.to_owned()));
        provider.next([Fault::AnsweredInstead(body), Fault::Dropped]);
        tried.one();
    }
    app.post("/v1/webhook-endpoints")
        .json(&json!({"url": format!("{url}/in")}))
        .send(201);
    for words in HOSTILE {
        let known = app.new_customer();
        app.new_invoice(&known, "10.00", "2026-01-09");
        let note = json!({"customer": {"id": known.id}, "text": words});
        app.post("/v1/notes").json(&note).answer();
        let link = app
            .post("/v1/payment-links")
            .json(&json!({"customer": {"id": known.id}}))
            .send(201)
            .string("/url");
        app.post(&link)
            .anonymous()
            .form(&[("method", "stripe"), ("amount", words)])
            .answer();
        tried.one();
    }
    app.clock("2026-01-13T09:00:00Z");
    for job in ["sweep", "deliver", "relay", "payments", "deliver"] {
        app.job(job);
    }
    // From outside: paths, queries, headers, methods; what no client library sends.
    for words in HOSTILE {
        let path: String = words.bytes().map(|byte| format!("%{byte:02X}")).collect();
        for target in [
            format!("/{path}"),
            format!("/v1/invoices/{path}"),
            format!("/pay/{path}?{path}={path}"),
        ] {
            app.get(&target).answer();
            tried.one();
        }
        for name in [
            "user-agent",
            "x-request-id",
            "traceparent",
            "idempotency-key",
            "referer",
            "content-type",
            "cookie",
        ] {
            let value: Vec<u8> = words.bytes().filter(|byte| !b"\r\n\0".contains(byte)).collect();
            let head = format!(
                "POST /v1/payments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
                content-length: 2\r\n{name}: ",
                app.admin_key
            );
            let answer = raw(&app, &[head.as_bytes(), &value, b"\r\n\r\n{}"].concat());
            assert!(answer.starts_with("HTTP/1.1 4"), "{name}: {answer}");
            assert!(!answer.to_lowercase().contains("\r\nforged"), "{name}: {answer}");
            tried.one();
        }
        let (first, _) = words
            .split_once(['\r', '\n', '\0', '\u{1b}'])
            .unwrap_or((words, ""));
        for line in [
            format!("GET /{words} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            format!("{words} / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
            format!("GET / HTTP/1.1\r\nhost: {words}\r\nconnection: close\r\n\r\n"),
            format!("GET http://{first}/v1/invoices HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"),
        ] {
            raw(&app, line.as_bytes());
            tried.one();
        }
    }
    app.get("/health").send(200);
    let (lines, host) = logs(&app);
    assert!(lines.len() > 5, "the test has provoked no lines: {lines:?}");
    for line in &lines {
        let read: Result<Value, _> = serde_json::from_str(line);
        assert!(
            read.as_ref().is_ok_and(Value::is_object),
            "no JSON object: {line:?}"
        );
        assert!(!line.contains("canary"), "{line}");
    }
    let forged = |text: &str| {
        text.lines().any(|line| {
            line.starts_with("{\"level\":\"info\",\"message\":\"forged")
                || line.starts_with("[intake] forged")
        })
    };
    assert!(!forged(&host) && !forged(&lines.join("\n")), "{host}");
    for text in [&host, &lines.join("\n")] {
        let control = text
            .chars()
            .find(|c| c.is_control() && *c != '\n' || matches!(c, '\u{2028}' | '\u{202e}' | '\u{2066}'));
        assert_eq!(control, None, "a control character in the log: {text:?}");
    }
}

/// What is given a name is given back under it: in a header, that is one line.
#[test]
fn what_comes_out_as_a_header_is_one_header() {
    let app = own!(App::start());
    let mut tried = Tried::of("names that come out as headers");
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "10.00", "2026-01-09");
    let names = [
        "a\r\nset-cookie: x=1.pdf",
        "a\nlocation: https://xqz.example.pdf",
        "a\"; filename=\"xqz.exe",
        "a\\\"; filename=xqz",
        "a;b=c, d.pdf",
        "a\0b.pdf",
        "\u{2028}\u{85}\u{1b}[2J.pdf",
        "Rechnung\u{202e}fdp.exe",
        "é€\u{1f9a9}.pdf",
        "%0d%0aset-cookie: x=1.pdf",
        "=?utf-8?q?xqz?=.pdf",
        "UTF-8''xqz.exe",
    ];
    for (number, name) in names.into_iter().enumerate() {
        let content = data_encoding::BASE64.encode(format!("file {number}").as_bytes());
        let body = json!({"name": name, "media_type": "application/pdf", "content": content});
        let made = app
            .post(&format!("/v1/invoices/{id}/documents"))
            .json(&body)
            .answer();
        tried.one();
        if made.status != 201 {
            assert_eq!(made.pointers(), ["/name"], "{name:?}");
            continue;
        }
        let back = app
            .get(&format!("/v1/documents/{}", made.string("/id")))
            .send(200);
        let shown = back.header("content-disposition").expect("a name");
        assert!(
            shown.starts_with("attachment; filename=\"") && shown.matches('"').count() == 2,
            "{name:?}: {shown}"
        );
        assert!(
            shown
                .split('"')
                .nth(2)
                .is_some_and(|rest| rest.starts_with("; filename*=UTF-8''"))
                && !shown.contains('\\'),
            "{name:?}: {shown}"
        );
        assert!(
            !shown.contains("%E2%80%AE") && !shown.contains("%0A") && !shown.contains("%00"),
            "{name:?}: {shown}"
        );
        for forged in ["set-cookie", "location"] {
            assert_eq!(back.header(forged), None, "{name:?}");
        }
    }
    // A list's next page stands in a header too.
    for number in [
        unique("a>; rel=\"x\", <https://xqz.example"),
        unique("a\u{2028}b"),
        unique("é"),
    ] {
        let mut invoice = crate::harness::invoice(&number, &known.external_id, "10.00", "2026-01-09");
        invoice["po_number"] = json!(number);
        app.post("/v1/invoices").json(&invoice).answer();
        tried.one();
    }
    let page = app
        .get("/v1/invoices?limit=1")
        .header("accept", "text/csv")
        .send(200);
    let link = page.header("link").expect("a next page");
    assert!(
        link.matches("rel=").count() == 1 && !link.contains("xqz.example>"),
        "{link}"
    );
}

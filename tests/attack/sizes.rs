//! Too much of everything: bodies, heads, addresses, depth, members, digits; and clients that take for ever.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{Tried, fields};
use crate::harness::{App, own, say, unique};
use crate::openapi::{document, filled, operations};

/// Within this a request is answered that asks for too much.
const QUICK: Duration = Duration::from_secs(20);

/// Every operation that takes a body: its method and a path of the right shape.
fn doors() -> Vec<(String, String, String)> {
    let document = document();
    let takes = |(path, method, operation): (String, String, Value)| {
        operation.get("requestBody")?;
        let target = filled(&document, &path, &operation);
        Some((method, path, target))
    };
    operations(&document).into_iter().filter_map(takes).collect()
}

/// Where many may come in one body, and files: their own limits are above those of the others.
const BULK: [&str; 9] = [
    "/v1/customers",
    "/v1/invoices",
    "/v1/credit-notes",
    "/v1/bank-statements",
    "/v1/remittances",
    "/v1/payouts",
    "/v1/reports/drift",
    "/v1/invoices/{id}/documents",
    "/v1/intake/rejects/{id}",
];

#[test]
fn a_body_is_read_up_to_its_limit_at_every_door() {
    let app = own!(App::start());
    let mut tried = Tried::of("bodies over the limit");
    let over = vec![b' '; (1 << 20) + 1];
    let far_over = vec![b' '; 33 << 20];
    let mut doors_tried = 0;
    for (method, path, target) in doors() {
        let bulk = BULK.contains(&path.as_str());
        for media_type in [
            "application/json",
            "application/x-www-form-urlencoded",
            "application/xml",
        ] {
            let body = if bulk { &far_over } else { &over };
            let started = Instant::now();
            let call = app.call(&method, &target).body(media_type, body.clone());
            let answer = call.answer();
            // Too large; or it was not looked at, since nobody asks, or for something else.
            assert!(
                [401, 403, 404, 413, 415, 429].contains(&answer.status),
                "{method} {path} of {media_type}: {} {}",
                answer.status,
                answer.text()
            );
            assert!(
                started.elapsed() < QUICK,
                "{method} {path}: {:?}",
                started.elapsed()
            );
            tried.one();
            if bulk && media_type == "application/json" {
                break;
            }
        }
        doors_tried += 1;
    }
    say(&format!("sizes: {doors_tried} doors"));
    app.get("/health").send(200);
}

/// The same, by a client that never says how much comes.
#[test]
fn a_body_without_a_length_is_cut_off_at_every_door() {
    let app = own!(App::start());
    let mut tried = Tried::of("bodies without a length");
    for (method, path, target) in doors() {
        if BULK.contains(&path.as_str()) {
            continue;
        }
        let mut stream = connect(&app);
        let head = format!(
            "{method} {target} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\nconnection: close\r\n\
             content-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n",
            app.admin_key
        );
        stream.write_all(head.as_bytes()).expect("a head");
        let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
        for _ in 0..24 {
            // The answer may come, and the connection go, before all is sent.
            if stream.write_all(chunk.as_bytes()).is_err() {
                break;
            }
        }
        stream.write_all(b"0\r\n\r\n").ok();
        let answer = read(&mut stream);
        let status = answer.get(9..12).unwrap_or_default().to_owned();
        assert!(
            ["401", "403", "404", "413", "415", "429"].contains(&status.as_str()),
            "{method} {path}: {answer:?}"
        );
        tried.one();
    }
    app.get("/health").send(200);
}

fn connect(app: &App) -> TcpStream {
    let stream = TcpStream::connect(app.address()).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a limit");
    stream
        .set_write_timeout(Some(Duration::from_secs(60)))
        .expect("a limit");
    stream
}

fn read(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn heads_and_addresses_have_limits_too() {
    let app = own!(App::start());
    let mut tried = Tried::of("heads that are too large");
    let many = |count: usize| (0..count).map(|n| format!("x-{n}: 1\r\n")).collect::<String>();
    let cases = [
        ("many headers", format!("GET /health HTTP/1.1\r\nhost: x\r\n{}\r\n", many(5_000))),
        ("a hundred and one headers", format!("GET /health HTTP/1.1\r\nhost: x\r\n{}\r\n", many(101))),
        ("a long header", format!("GET /health HTTP/1.1\r\nhost: x\r\nx: {}\r\n\r\n", "x".repeat(1 << 20))),
        ("a long name", format!("GET /health HTTP/1.1\r\nhost: x\r\n{}: 1\r\n\r\n", "x".repeat(1 << 20))),
        ("a long address", format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "x".repeat(1 << 20))),
        ("a long query", format!("GET /health?{} HTTP/1.1\r\nhost: x\r\n\r\n", "x=1&".repeat(1 << 18))),
        ("a long method", format!("{} / HTTP/1.1\r\nhost: x\r\n\r\n", "X".repeat(1 << 20))),
        ("no end of lines", "\r\n".repeat(1 << 16)),
        ("folded headers", format!("GET /health HTTP/1.1\r\nhost: x\r\na: 1\r\n{}\r\n", " b\r\n".repeat(1 << 16))),
        ("two lengths", "POST /v1/notes HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello".to_owned()),
        ("a negative length", "POST /v1/notes HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n".to_owned()),
        ("a huge length", "POST /v1/notes HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 18446744073709551615\r\n\r\n".to_owned()),
        ("a length beyond all", "POST /v1/notes HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999999\r\n\r\n".to_owned()),
        ("a huge chunk", "POST /v1/notes HTTP/1.1\r\nhost: x\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n".to_owned()),
    ];
    for (what, request) in cases {
        let mut stream = connect(&app);
        // What is refused half way closes on what is still being sent.
        stream.write_all(request.as_bytes()).ok();
        stream.shutdown(std::net::Shutdown::Write).ok();
        let answer = read(&mut stream);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 4"),
            "{what}: {answer:?}"
        );
        tried.one();
    }
    // What is long, and still an address.
    for length in [1_000, 30_000] {
        let target = format!("/v1/invoices?number={}", "x".repeat(length));
        assert!(app.get(&target).answer().status < 500);
        assert!(
            app.get(&format!("/v1/customers/{}", "x".repeat(length)))
                .answer()
                .status
                < 500
        );
        tried.one();
    }
    app.get("/health").send(200);
}

#[test]
fn deep_wide_and_long_documents_are_refused_quickly_at_every_door() {
    let app = own!(App::start());
    let mut tried = Tried::of("JSON that is too deep, too wide or too long");
    let members: String = (0..50_000).map(|n| format!("\"m{n}\":1,")).collect();
    let same: String = "\"name\":1,".repeat(80_000);
    let digits = "9".repeat(100_000);
    let documents = [
        (
            "deep lists",
            format!("{}{}", "[".repeat(400_000), "]".repeat(400_000)),
        ),
        (
            "deep objects",
            format!("{}1{}", "{\"a\":".repeat(150_000), "}".repeat(150_000)),
        ),
        ("many members", format!("{{{members}\"z\":1}}")),
        ("one member often", format!("{{{same}\"name\":2}}")),
        ("a long number", format!("{{\"name\":{digits}}}")),
        (
            "a huge number",
            "{\"name\":1e999999999,\"limit\":-1e999999999}".to_owned(),
        ),
        ("a small number", "{\"name\":1e-999999999}".to_owned()),
        ("a long name", format!("{{\"{}\":1}}", "x".repeat(1_000_000))),
        (
            "a long text",
            format!("{{\"name\":\"{}\"}}", "x".repeat(1_000_000)),
        ),
        ("half a character", "{\"name\":\"\\ud800\"}".to_owned()),
        ("many empty lists", format!("[{}[]]", "[],".repeat(300_000))),
        ("unfinished", format!("{{\"name\":[{}", "1,".repeat(400_000))),
    ];
    let mut slowest = Duration::ZERO;
    for door in fields::doors() {
        let target = door
            .path
            .replace("{id}", "x")
            .replace("{name}", "x")
            .replace("{channel}", "sms");
        let target = target.replace(['{', '}'], "");
        for (what, document) in &documents {
            let started = Instant::now();
            let answer = app
                .call(&door.method, &target)
                .body("application/json", document.clone())
                .answer();
            let took = started.elapsed();
            slowest = slowest.max(took);
            // In a list of many a bad one is reported, and nothing of it is taken.
            let taken = answer.status < 300
                && answer.json()["accepted"] != json!(0)
                && door.path != "/v1/reports/drift";
            assert!(
                answer.status < 500 && !taken,
                "{} {target}: {what}: {}",
                door.method,
                answer.status
            );
            assert!(
                answer.bytes().len() < 256 << 10,
                "{what}: an answer of {} bytes",
                answer.bytes().len()
            );
            assert!(took < QUICK, "{} {target}: {what}: {took:?}", door.method);
            tried.one();
        }
    }
    say(&format!("sizes: the slowest refusal took {slowest:?}"));
    app.get("/health").send(200);
}

/// Clients that say nothing, or a little at a time, or begin and do not go on; as many as one attacker has sockets.
#[test]
fn slow_and_half_open_clients_hold_up_nobody() {
    let app = own!(App::start());
    let mut tried = Tried::of("slow and half-open connections");
    let known = app.new_customer();
    app.new_invoice(&known, "10.00", "2026-02-01");
    let head = |path: &str, length: usize| {
        format!(
            "POST {path} HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\n\r\n",
            app.admin_key
        )
    };
    let mut held = Vec::new();
    for number in 0..700 {
        let mut stream = connect(&app);
        let begun = match number % 7 {
            0 => String::new(),
            1 => "G".to_owned(),
            2 => "GET /health HTTP/1.1\r\n".to_owned(),
            3 => "GET /health HTTP/1.1\r\nhost: x\r\nx-slow: ".to_owned(),
            4 => head("/v1/notes", 1_000),
            5 => head("/v1/invoices", 30 << 20) + "[",
            _ => "POST /webhooks/stripe HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\n5\r\n{\"a\""
                .to_owned(),
        };
        stream.write_all(begun.as_bytes()).expect("a beginning");
        held.push(stream);
        tried.one();
    }
    let mut slowest = Duration::ZERO;
    for round in 0..20 {
        // A byte more of each, so that none of them looks dead.
        for stream in &mut held {
            stream.write_all(b"x").ok();
        }
        let started = Instant::now();
        app.get("/health").send(200);
        app.get(&format!("/v1/customers/{}", known.id)).send(200);
        let note = json!({"customer": {"id": known.id}, "text": format!("round {round}")});
        app.post("/v1/notes").json(&note).send(201);
        slowest = slowest.max(started.elapsed());
    }
    say(&format!(
        "sizes: beside {} slow clients three requests took {slowest:?} at most",
        held.len()
    ));
    assert!(slowest < QUICK, "{slowest:?}");
    drop(held);
    app.post("/v1/customers")
        .json(&crate::harness::customer(&unique("C")))
        .send(201);
}

/// Paths in names and in ids: nothing outside is read, and nothing is stored under a path.
#[test]
fn no_name_and_no_id_is_a_path() {
    let app = own!(App::start());
    let mut tried = Tried::of("paths in names and ids");
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "10.00", "2026-01-09");
    let paths = [
        "../../../etc/passwd",
        "..\\..\\..\\windows\\win.ini",
        "/etc/passwd",
        "C:\\boot.ini",
        "\\\\server\\share\\x",
        "file:///etc/passwd",
        "....//....//etc/passwd",
        "..;/..;/x",
        "a/../../b",
        "./x",
        "..",
        ".",
        "~/.ssh/id_rsa",
        ".htaccess",
        "CON",
        "NUL.pdf",
        "aux.pdf",
        "x.pdf\0.exe",
        "x.pdf::$DATA",
        "x.pdf.",
        "x.pdf ",
        "%2e%2e%2f%2e%2e%2fx",
        "..%c0%af..%c0%afx",
        "..\u{2215}..\u{2215}x",
        "\u{ff0e}\u{ff0e}/x",
    ];
    for (number, path) in paths.into_iter().enumerate() {
        let content = data_encoding::BASE64.encode(format!("file {number}").as_bytes());
        let body = json!({"name": path, "media_type": "application/pdf", "content": content});
        let made = app
            .post(&format!("/v1/invoices/{id}/documents"))
            .json(&body)
            .answer();
        let encoded: String = path.bytes().map(|byte| format!("%{byte:02X}")).collect();
        let again = app.post(&format!("/v1/invoices/{id}/documents?name={encoded}"));
        let again = again.body("application/pdf", format!("again {number}")).send(201);
        for made in [made, again].iter().filter(|made| made.status == 201) {
            let name = made.string("/name");
            let clean = |c: char| !"/\\:*?\"<>|%".contains(c) && !c.is_control();
            assert!(
                name.chars().all(clean) && !name.starts_with('.'),
                "{path:?}: {name:?}"
            );
            tried.one();
        }
        // As an id: of a document, a letter, an invoice, a page, a mapping.
        for place in [
            "/v1/documents/",
            "/v1/letters/",
            "/v1/invoices/",
            "/v1/templates/",
            "/v1/messages/",
            "/pay/",
            "/unsubscribe/",
            "/",
        ] {
            let answer = app.get(&format!("{place}{encoded}")).answer();
            let found = answer.status == 200 && !["", "."].contains(&path);
            let said = String::from_utf8_lossy(answer.bytes()).into_owned();
            assert!(
                !found && answer.status < 500,
                "{place}{path}: {} {said}",
                answer.status
            );
            assert!(
                !said.contains("root:") && !said.contains("[extensions]"),
                "{place}{path}"
            );
            tried.one();
        }
    }
    let mut raw = connect(&app);
    raw.write_all(b"GET /../../../../etc/passwd HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        .expect("a request");
    let answer = read(&mut raw);
    assert!(
        answer.starts_with("HTTP/1.1 4") && !answer.contains("root:"),
        "{answer}"
    );
    tried.one();
}

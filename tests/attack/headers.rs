//! Headers that lie: about who asks, where, and what is asked for; and values that would like to be headers.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::json;

use crate::attack::Tried;
use crate::harness::{App, own, unique};
use crate::openapi::{document, filled, operations};

/// What hosts, proxies and frameworks say of who asks.
const FORGED: [(&str, &str); 18] = [
    ("spin-client-addr", "127.0.0.1:1"),
    ("spin-component-route", "/internal/..."),
    ("spin-path-info", "/internal/sweep"),
    ("spin-full-url", "http://127.0.0.1/internal/sweep"),
    ("spin-matched-route", "/health"),
    ("spin-raw-component-route", "/health"),
    ("x-forwarded-for", "127.0.0.1"),
    ("x-forwarded-host", "127.0.0.1"),
    ("x-forwarded-proto", "https"),
    ("x-forwarded-user", "admin"),
    ("x-real-ip", "127.0.0.1"),
    ("forwarded", "for=127.0.0.1;host=127.0.0.1;proto=https"),
    ("x-original-url", "/health"),
    ("x-rewrite-url", "/health"),
    ("x-http-method-override", "GET"),
    ("x-api-key", "admin"),
    ("x-remote-user", "admin"),
    ("cookie", "dunlin_session=admin"),
];

#[test]
fn rights_are_not_had_by_headers() {
    let app = App::shared();
    let mut tried = Tried::of("rights by forged headers");
    let document = document();
    for (path, method, operation) in operations(&document) {
        let guarded =
            operation["security"][0]["key"].is_array() || operation["security"][0]["cron"].is_array();
        if !guarded || method != "GET" {
            continue;
        }
        let target = filled(&document, &path, &operation);
        for (name, value) in FORGED {
            app.get(&target).anonymous().header(name, value).send(401);
            tried.one();
        }
    }
    for host in [
        "sweep.spin.internal",
        "cash.spin.internal:80",
        "localhost",
        "127.0.0.1",
    ] {
        app.get("/internal/sweep")
            .anonymous()
            .header("host", host)
            .send(401);
        tried.one();
    }
    assert!(tried.count() > 800, "{}", tried.count());
}

/// Sends a request as it is written and answers what comes back, until the other side has had enough.
fn raw(app: &App, request: &str) -> String {
    let mut stream = TcpStream::connect(app.address()).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .expect("a limit");
    stream.write_all(request.as_bytes()).expect("a request");
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok();
    String::from_utf8_lossy(&answer).into_owned()
}

fn statuses(answer: &str) -> Vec<&str> {
    let lines = answer.split("HTTP/1.1 ").skip(1);
    lines.filter_map(|rest| rest.split(' ').next()).collect()
}

#[test]
fn links_lead_to_the_deployment_whatever_host_is_named() {
    const PUBLIC_URL: &str = "https://pay.sandpiper.example";
    let app = own!(App::start_with(&[("public_url", PUBLIC_URL)]));
    let mut tried = Tried::of("links to where a header says");
    let known = app.new_customer();
    app.new_invoice(&known, "80.00", "2026-01-09");
    let forged = [
        ("host", "evil.example"),
        ("x-forwarded-host", "evil.example"),
        ("x-forwarded-proto", "javascript"),
        ("forwarded", "host=evil.example"),
        ("x-host", "evil.example"),
        ("x-forwarded-prefix", "//evil.example"),
        ("origin", "https://evil.example"),
        ("referer", "https://evil.example/pay"),
        ("spin-full-url", "http://evil.example/"),
        ("spin-base-path", "//evil.example"),
    ];
    for (name, value) in forged {
        let body = json!({"customer": {"id": known.id}});
        let made = app
            .post("/v1/payment-links")
            .header(name, value)
            .json(&body)
            .send(201);
        let url = made.string("/url");
        assert!(url.starts_with(&format!("{PUBLIC_URL}/pay/")), "{name}: {url}");
        let path = url.replace(PUBLIC_URL, "");
        let page = app.get(&path).anonymous().header(name, value).send(200);
        assert!(!page.text().contains("evil.example"), "{name}: {}", page.text());
        let onward = app
            .post(&path)
            .anonymous()
            .header(name, value)
            .form(&[])
            .send(303);
        let location = onward.header("location").expect("a location");
        assert!(location.starts_with(PUBLIC_URL), "{name}: {location}");
        let login = app
            .get("/console")
            .anonymous()
            .header(name, value)
            .send(200)
            .text();
        assert!(!login.contains("evil.example"), "{name}: {login}");
        let root = app.get("/").anonymous().header(name, value).send(303);
        assert_eq!(root.header("location"), Some("/console"), "{name}");
        app.get("/internal/sweep")
            .key(&app.cron_key)
            .header(name, value)
            .send(200);
        tried.one();
    }
    app.clock("2026-01-13T09:00:00Z");
    for (name, value) in forged {
        for job in ["sweep", "deliver"] {
            app.post(&format!("/internal/{job}"))
                .key(&app.cron_key)
                .header(name, value)
                .send(200);
            tried.one();
        }
    }
    let mails = app.mailbox();
    assert!(!mails.is_empty(), "nothing was said");
    for mail in mails {
        let mail = app.mail(&mail);
        let all = format!("{} {} {}", mail.subject, mail.text, mail.html);
        assert!(all.contains(PUBLIC_URL) && !all.contains("evil.example"), "{all}");
    }
}

#[test]
fn one_request_is_one_request() {
    let app = App::shared();
    let mut tried = Tried::of("requests that two sides would read in two ways");
    let key = &app.admin_key;
    let smuggled = "GET /v1/api-keys HTTP/1.1\r\nHost: h\r\n\r\n";
    let post = |headers: &str, body: &str| {
        format!("POST /console/logout HTTP/1.1\r\nHost: h\r\n{headers}Connection: close\r\n\r\n{body}")
    };
    let chunked = format!("0\r\n\r\n{smuggled}");
    for (headers, body) in [
        (
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
            chunked.as_str(),
        ),
        ("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n", &chunked),
        ("Content-Length: 0\r\nContent-Length: 44\r\n", smuggled),
        ("Content-Length: 0, 44\r\n", smuggled),
        ("Content-Length: +0\r\n", smuggled),
        ("Content-Length: -1\r\n", smuggled),
        ("Content-Length: 0x2c\r\n", smuggled),
        ("Content-Length : 0\r\n", smuggled),
        ("Transfer-Encoding: xchunked\r\n", &chunked),
        ("Transfer-Encoding: chunked, identity\r\n", &chunked),
        ("Transfer-Encoding: identity\r\nContent-Length: 0\r\n", smuggled),
        ("Transfer-Encoding:\u{b}chunked\r\n", &chunked),
        (
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n",
            &chunked,
        ),
        ("X: y\r\n Content-Length: 0\r\n", smuggled),
        ("Content-Length: 0\nX: y\r\n", smuggled),
    ] {
        let answer = raw(app, &post(headers, body));
        let found = statuses(&answer);
        assert!(found.len() <= 1, "{headers:?}: two answers: {answer}");
        assert!(
            found.iter().all(|status| !status.starts_with('5')),
            "{headers:?}: {answer}"
        );
        tried.one();
    }
    // A key that is said twice is the first one or none: never the other.
    for (first, second, expected) in [
        ("nobody-1", key.as_str(), "401"),
        ("", key, "401"),
        (key, "nobody-2", "200"),
    ] {
        let request = format!(
            "GET /v1/api-keys HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {first}\r\nAuthorization: Bearer {second}\r\n\
             Connection: close\r\n\r\n"
        );
        assert_eq!(statuses(&raw(app, &request)), [expected], "{first} {second}");
        tried.one();
    }
    for request in [
        "GET /v1/api-keys HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n",
        "GET http://other/v1/api-keys HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /v1/api-keys HTTP/1.1\r\nConnection: close\r\n\r\n",
        "GET /v1/api-keys HTTP/1.0\r\n\r\n",
        "GET /health/../v1/api-keys HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /health/%2e%2e/v1/api-keys HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET //v1/api-keys HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /v1/./api-keys HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /v1%2fapi-keys HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /V1/API-KEYS HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /v1/api-keys;/health HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "GET /v1/api-keys/ HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "TRACE /v1/api-keys HTTP/1.1\r\nHost: h\r\nX-Secret: s\r\nConnection: close\r\n\r\n",
        "CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
        "HEAD /v1/api-keys HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
    ] {
        let answer = raw(app, request);
        let found = statuses(&answer);
        assert!(
            found.len() <= 1 && found.iter().all(|status| status.starts_with('4')),
            "{request}\n{answer}"
        );
        assert!(!answer.contains("X-Secret"), "{answer}");
        tried.one();
    }
}

#[test]
fn no_value_becomes_a_header() {
    let app = App::shared();
    let mut tried = Tried::of("values that would be headers");
    let breaks = [
        "a\r\nset-cookie: x=1",
        "a\nset-cookie: x=1",
        "a\r\n\r\n<html>",
        "a\u{85}set-cookie: x",
        "a\u{2028}b",
        "a\"; filename=\"b.html",
    ];
    let check = |what: &str, answer: &crate::harness::Answer| {
        assert_eq!(answer.header("set-cookie"), None, "{what}");
        assert_ne!(answer.header("x"), Some("1"), "{what}");
        assert!(answer.status < 500, "{what}: {}", answer.text());
    };
    let known = app.new_customer();
    let (invoice, _) = app.new_invoice(&known, "10.00", "2026-02-09");
    for name in breaks {
        let body = json!({"name": name, "media_type": "application/pdf", "content": "JVBERi0xLjQK"});
        let made = app
            .post(&format!("/v1/invoices/{invoice}/documents"))
            .json(&body)
            .answer();
        check(name, &made);
        if made.status == 201 {
            let id = made.string("/id");
            let file = app.get(&format!("/v1/documents/{id}")).send(200);
            check(name, &file);
            let disposition = file.header("content-disposition").expect("a disposition");
            assert!(
                disposition.starts_with("attachment;") && !disposition.contains(".html\""),
                "{disposition}"
            );
        }
        tried.one();
        // What is said again in an answer's headers: cursors, redirects, keys.
        let escaped: String = name.bytes().map(|byte| format!("%{byte:02x}")).collect();
        for path in [
            format!("/v1/customers?after={escaped}"),
            format!("/v1/invoices?number={escaped}"),
            format!("/v1/invoices/{escaped}"),
            format!("/pay/{escaped}"),
            format!("/console/{escaped}"),
            format!("/?next={escaped}"),
            format!("/unsubscribe/{escaped}"),
            format!("/v1/reports/aging?as_of={escaped}"),
            format!("/v1/suppressions/{escaped}"),
        ] {
            check(&path, &app.get(&path).answer());
            tried.one();
        }
        let customer = json!({"external_id": unique("C"), "name": name});
        check(name, &app.post("/v1/customers").json(&customer).answer());
        tried.one();
    }
}

//! Bad input of every kind: a clear problem that names the field, nothing half done.

use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

use serde_json::{Value, json};

use crate::harness::{App, customer, invoice, payment, unique};

/// A change that spoils a document, and the fields that the answer names.
type Spoiled = (&'static str, fn(&mut Value), &'static [&'static str]);

const INVOICES: [Spoiled; 17] = [
    (
        "no number",
        |d| drop(d.as_object_mut().expect("object").remove("number")),
        &["/number"],
    ),
    ("an empty number", |d| d["number"] = json!(""), &["/number"]),
    (
        "a number of the wrong type",
        |d| d["number"] = json!(7),
        &["/number"],
    ),
    ("an unknown field", |d| d["colour"] = json!("red"), &["/colour"]),
    (
        "a day that does not exist",
        |d| d["issue_date"] = json!("2025-02-29"),
        &["/issue_date"],
    ),
    (
        "a date with a time",
        |d| d["issue_date"] = json!("2025-12-15T00:00:00Z"),
        &["/issue_date"],
    ),
    (
        "due before issued",
        |d| d["due_date"] = json!("2025-12-14"),
        &["/due_date"],
    ),
    (
        "an unknown currency",
        |d| d["currency"] = json!("EUX"),
        &["/currency"],
    ),
    (
        "three digits of a cent",
        |d| d["total"]["amount"] = json!("1.001"),
        &["/total"],
    ),
    (
        "an amount that is a number",
        |d| d["total"]["amount"] = json!(1.5),
        &["/total"],
    ),
    (
        "an exponent",
        |d| d["total"]["amount"] = json!("1e3"),
        &["/total"],
    ),
    (
        "a separator",
        |d| d["total"]["amount"] = json!("1,000.00"),
        &["/total"],
    ),
    (
        "not a number",
        |d| d["total"]["amount"] = json!("NaN"),
        &["/total"],
    ),
    (
        "more than there is",
        |d| d["total"]["amount"] = json!("99999999999999999999"),
        &["/total"],
    ),
    (
        "nothing to pay",
        |d| d["total"]["amount"] = json!("0.00"),
        &["/total"],
    ),
    (
        "another currency's total",
        |d| d["total"]["currency"] = json!("USD"),
        &["/total"],
    ),
    (
        "two customers",
        |d| d["customer"]["id"] = json!("cus_00000000000000000000000000"),
        &["/customer"],
    ),
];

const CUSTOMERS: [Spoiled; 8] = [
    (
        "no country",
        |d| drop(d.as_object_mut().expect("object").remove("country")),
        &["/country"],
    ),
    (
        "a country that is none",
        |d| d["country"] = json!("XX"),
        &["/country"],
    ),
    (
        "a time zone that is none",
        |d| d["time_zone"] = json!("Europe/Atlantis"),
        &["/time_zone"],
    ),
    ("a kind that is none", |d| d["kind"] = json!("friend"), &["/kind"]),
    (
        "an address that is none",
        |d| d["contacts"][0]["email"] = json!("ada"),
        &["/contacts/0/email"],
    ),
    (
        "terms of years",
        |d| d["terms_days"] = json!(366),
        &["/terms_days"],
    ),
    (
        "a line break in the name",
        |d| d["name"] = json!("A\r\nBcc: x@y.example"),
        &["/name"],
    ),
    (
        "two at once",
        |d| {
            d["country"] = json!(1);
            d["locale"] = json!("?")
        },
        &["/country", "/locale"],
    ),
];

#[test]
fn every_field_that_is_wrong_is_named() {
    let app = App::shared();
    let known = app.new_customer();
    for (what, spoil, pointers) in INVOICES {
        let mut document = invoice(&unique("R"), &known.external_id, "10.00", "2026-02-01");
        spoil(&mut document);
        let answer = app.post("/v1/invoices").json(&document).send(422);
        answer.problem("invalid");
        assert_eq!(answer.pointers(), pointers, "{what}: {}", answer.text());
    }
    for (what, spoil, pointers) in CUSTOMERS {
        let mut document = customer(&unique("C"));
        spoil(&mut document);
        let answer = app.post("/v1/customers").json(&document).send(422);
        answer.problem("invalid");
        assert_eq!(answer.pointers(), pointers, "{what}: {}", answer.text());
    }
    let listed = app
        .get(&format!("/v1/invoices?customer={}", known.id))
        .send(200)
        .json();
    assert_eq!(listed["data"], json!([]), "something was half done");
}

#[test]
fn an_unknown_customer_is_a_problem_of_that_field() {
    let app = App::shared();
    let nobody = unique("nobody");
    for (path, document) in [
        (
            "/v1/invoices",
            invoice(&unique("R"), &nobody, "10.00", "2026-02-01"),
        ),
        ("/v1/payments", payment(&unique("P"), &nobody, "10.00")),
        ("/v1/payment-links", json!({"customer": {"external_id": nobody}})),
    ] {
        let answer = app.post(path).json(&document).send(422);
        answer.problem("invalid");
        assert!(
            answer.pointers()[0].starts_with("/customer"),
            "{path}: {}",
            answer.text()
        );
    }
}

#[test]
fn what_is_no_json_is_told_where() {
    let app = App::shared();
    for body in [
        "",
        "{",
        "{\"number\": }",
        "nonsense",
        "\u{feff}{}",
        "[1,",
        "{\"a\":1}{\"b\":2}",
    ] {
        let problem = app
            .post("/v1/payments")
            .body("application/json", body)
            .send(400)
            .problem("bad_request");
        let detail = problem["detail"].as_str().expect("a detail");
        assert!(detail.contains("line 1, column"), "{body:?}: {detail}");
    }
    for body in ["null", "7", "\"text\"", "true"] {
        app.post("/v1/payments")
            .body("application/json", body)
            .send(422)
            .problem("invalid");
    }
    let not_utf8 = b"{\"method\": \"\xff\xfe\"}".to_vec();
    app.post("/v1/payments")
        .body("application/json", not_utf8.clone())
        .send(400)
        .problem("bad_request");
    app.post("/v1/customers")
        .body("application/json", not_utf8)
        .send(400)
        .problem("bad_request");
}

#[test]
fn deep_nesting_is_refused_and_costs_nothing() {
    let app = App::shared();
    for depth in [200, 100_000] {
        let arrays = format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        app.post("/v1/payments")
            .body("application/json", arrays.clone())
            .send(400)
            .problem("bad_request");
        let objects = format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        app.post("/v1/invoices")
            .body("application/json", objects)
            .send(400)
            .problem("bad_request");
        // In a list of many it is one bad line.
        let report = app
            .post("/v1/invoices")
            .body("application/json", arrays)
            .send(200)
            .json();
        assert_eq!(
            (&report["accepted"], &report["rejected"][0]["line"]),
            (&json!(0), &json!(1))
        );
    }
    app.get("/health").send(200);
}

#[test]
fn a_media_type_that_is_not_read_is_refused() {
    let app = App::shared();
    for media_type in [
        "text/plain",
        "application/pdf",
        "application/x-www-form-urlencoded",
        "",
    ] {
        app.post("/v1/customers")
            .body(media_type, "{}")
            .send(415)
            .problem("unsupported_media_type");
        app.post("/v1/invoices")
            .body(media_type, "{}")
            .send(415)
            .problem("unsupported_media_type");
    }
    let with_charset = app.post("/v1/customers").body(
        "Application/JSON; charset=utf-8",
        customer(&unique("C")).to_string(),
    );
    with_charset.send(201);
}

#[test]
fn bodies_over_the_limit_are_refused_and_the_app_lives_on() {
    let app = App::shared();
    // One document: 1 MiB. Where many may come: 32 MiB.
    app.post("/v1/payments")
        .body("application/json", vec![b' '; (1 << 20) + 1])
        .send(413)
        .problem("too_large");
    for (path, media_type) in [
        ("/v1/invoices", "application/x-ndjson"),
        ("/v1/invoices", "application/xml"),
        ("/v1/customers", "application/json"),
        ("/v1/payments", "application/json"),
    ] {
        let answer = app.post(path).body(media_type, vec![b' '; 40 << 20]).send(413);
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json"),
            "{path}"
        );
    }
    app.post("/v1/customers").json(&customer(&unique("C"))).send(201);
}

#[test]
fn a_body_that_never_tells_its_length_is_cut_off_too() {
    let app = App::shared();
    let mut stream = TcpStream::connect(app.address()).expect("a connection");
    stream
        .set_read_timeout(Some(Duration::from_secs(30)))
        .expect("a limit");
    let head = format!(
        "POST /v1/payments HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {}\r\n\
         content-type: application/json\r\ntransfer-encoding: chunked\r\nconnection: close\r\n\r\n",
        app.admin_key
    );
    stream.write_all(head.as_bytes()).expect("a head");
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..64 {
        // The answer may come, and the connection go, before all is sent.
        if stream.write_all(chunk.as_bytes()).is_err() {
            break;
        }
    }
    stream.write_all(b"0\r\n\r\n").ok();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok();
    assert!(answer.starts_with("HTTP/1.1 413"), "{answer:?}");
    app.get("/health").send(200);
}

#[test]
fn addresses_and_methods_that_are_not_served_are_problems_too() {
    let app = App::shared();
    app.get("/v1/invoices/inv_00000000000000000000000000")
        .send(404)
        .problem("not_found");
    app.get("/v1/invoices/%00").send(404).problem("not_found");
    app.get("/v1/customers/..%2f..%2fetc")
        .send(404)
        .problem("not_found");
    app.get("/v1/nothing").send(404).problem("not_found");
    app.delete("/v1/invoices").send(405).problem("method_not_allowed");
    assert!(app.put("/v1/customers").send(405).header("allow").is_some());
}

#[test]
fn text_that_attacks_databases_and_pages_is_only_text() {
    let app = App::shared();
    let key = unique("C");
    let hostile = r#"Robert'); DROP TABLE invoices;-- <script>alert(1)</script> {{ 7*7 }} ' OR 1=1"#;
    let mut document = customer(&key);
    document["name"] = json!(hostile);
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    assert_eq!(app.customer(&id)["name"], hostile);
    app.get("/v1/invoices").send(200);
}

//! SQL in whatever a request says: it reaches the database as a value, and finds nothing that it should not.
//!
//! That no statement is made at run time is the compiler's affair: what runs one takes a `&'static str`. What is left is
//! held here: that this stays so, and that it is so for every parameter of every GET.

use std::fs;

use serde_json::Value;

use super::{Tried, fields::put};
use crate::harness::{App, own, say};
use crate::house::sources;
use crate::openapi::{document, filled, operations, resolved};

/// What has worked on others, by what it tries: always true, another statement, another table, a comment, time, the end of
/// a text, a pattern, a place in a JSON path.
const HOSTILE: [&str; 20] = [
    "' OR '1'='1",
    "\" OR \"1\"=\"1",
    "1 OR 1=1",
    "') OR ('1'='1",
    "'; DROP TABLE invoices; --",
    "'; DELETE FROM postings; --",
    "' UNION SELECT sql FROM sqlite_master --",
    "' UNION SELECT secret_hash FROM api_keys --",
    "' AND (SELECT count(*) FROM customers) > 0 --",
    "x' || (SELECT group_concat(name) FROM sqlite_master) || '",
    "' OR randomblob(1000000000) --",
    "' ATTACH DATABASE '/tmp/xqz.db' AS x --",
    "\\' OR 1=1 --",
    "%",
    "_",
    "*",
    "$.a') OR 1=1 --",
    "\0' OR 1=1",
    "\u{2019} OR 1=1",
    "id DESC; --",
];

fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// What a database says of a statement that it cannot read.
const CONFESSIONS: [&str; 6] = [
    "sqlite",
    "syntax error",
    "no such column",
    "no such table",
    "unrecognized token",
    "prepare",
];

#[test]
fn no_parameter_is_a_part_of_a_statement() {
    let app = own!(App::start());
    let mut tried = Tried::of("SQL in parameters and paths");
    let known = app.new_customer();
    let others = app.new_customer();
    for known in [&known, &others] {
        app.new_invoice(known, "10.00", "2026-01-09");
    }
    app.job("sweep");
    app.job("deliver");
    let before = app.get("/v1/reports/integrity").send(200).json();
    let document = document();
    let mut parameters = 0;
    for (path, method, operation) in operations(&document) {
        if method != "GET" || path.starts_with("/internal/") {
            continue;
        }
        let target = filled(&document, &path, &operation);
        let listed = operation["parameters"].as_array().into_iter().flatten();
        for parameter in listed.map(|parameter| resolved(&document, parameter)) {
            let name = parameter["name"].as_str().expect("a name");
            for hostile in HOSTILE {
                let asked = match parameter["in"].as_str() {
                    Some("query") => format!("{target}?{name}={}", encoded(hostile)),
                    Some("path") => {
                        let of_path = format!("{{{name}}}");
                        let mut operation = operation.clone();
                        let path = path.replace(&of_path, &encoded(hostile));
                        operation["parameters"]
                            .as_array_mut()
                            .expect("parameters")
                            .retain(|other| resolved(&document, other)["name"] != name);
                        filled(&document, &path, &operation)
                    }
                    _ => continue,
                };
                let answer = app.get(&asked).answer();
                let text = String::from_utf8_lossy(answer.bytes()).to_lowercase();
                assert!(answer.status < 500, "{asked}: {text}");
                // What was sent is repeated in refusals; the database's words are not in them.
                let said = text.replace(&hostile.to_lowercase(), "");
                for word in CONFESSIONS
                    .iter()
                    .filter(|word| !hostile.to_lowercase().contains(**word))
                {
                    assert!(
                        !said.contains(word) || path == "/openapi.json" || path == "/docs",
                        "{asked}: {text}"
                    );
                }
                // A filter that nothing fits finds nothing: one that became a condition would find everything. A cursor
                // is no filter, and what was asked for at an instant is a part of no list.
                if parameter["in"] == "query" && name != "after" && answer.status == 200 {
                    let found: Value = serde_json::from_str(&text).unwrap_or_default();
                    let data = found["data"].as_array().map_or(0, Vec::len);
                    assert_eq!(data, 0, "{asked} found something: {text}");
                }
                tried.one();
            }
            parameters += 1;
        }
    }
    say(&format!("sql: {parameters} parameters of every GET"));
    assert!(parameters > 80, "{parameters}");
    assert_eq!(app.get("/v1/reports/integrity").send(200).json(), before);
    assert_eq!(
        app.get("/v1/customers").send(200).json()["data"]
            .as_array()
            .map(Vec::len),
        Some(2)
    );
}

#[test]
fn sql_in_a_document_is_text() {
    let app = own!(App::start());
    let mut tried = Tried::of("SQL in documents");
    for hostile in HOSTILE {
        let key = crate::harness::unique("C");
        let mut customer = crate::harness::customer(&key);
        put(&mut customer, "/name", hostile);
        put(&mut customer, "/contacts/0/name", hostile);
        let answer = app.post("/v1/customers").json(&customer).answer();
        tried.one();
        if answer.status != 201 {
            assert!(
                hostile.contains('\0') && answer.status == 422,
                "{hostile}: {}",
                answer.text()
            );
            continue;
        }
        assert_eq!(app.customer(&answer.string("/id"))["name"], hostile);
    }
    let report = app.get("/v1/reports/integrity").send(200).text();
    assert!(
        app.get("/v1/invoices").send(200).json()["data"].is_array(),
        "{report}"
    );
}

#[test]
fn statements_are_written_before_the_program_runs() {
    let db = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../store/src/db.rs")).expect("db.rs");
    for runner in ["rows", "run", "row", "list", "find"] {
        let signature = db
            .split(&format!("pub(crate) async fn {runner}"))
            .nth(1)
            .expect(runner);
        let signature = signature.split(") ->").next().expect("parameters");
        assert!(signature.contains("sql: &'static str"), "{runner}: {signature}");
    }
    // Nobody else opens a connection, and nobody makes a text live for ever.
    for (path, text) in sources("crates/store/src") {
        let of_db = path.to_string_lossy().contains("/db") || path.ends_with("plans.rs");
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        for word in [".leak()", "Box::leak", "Connection::open", "sqlite::Connection"] {
            assert!(of_db || !code.contains(word), "{}: {word}", path.display());
        }
    }
}

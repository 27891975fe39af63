//! Formulas in tables: whatever somebody is called, no cell of ours is run by a spreadsheet, however it cuts the line.

use serde_json::json;

use super::Tried;
use crate::harness::{App, customer, invoice, own, payment, unique};

/// What a spreadsheet runs, or what hides it: OWASP, "CSV Injection", its examples of DDE and its full-width forms; then
/// the same behind a quote, behind each delimiter, and behind what looks like our own cure.
const FORMULAS: [&str; 24] = [
    "=1+2",
    "+1+2",
    "-1+2",
    "@SUM(A1:A9)",
    "=cmd|' /C calc'!A0",
    "=HYPERLINK(\"http://xqz.example\",\"x\")",
    "=IMPORTXML(\"http://xqz.example\",\"//a\")",
    "=DDE(\"cmd\";\"/C calc\";\"a\")",
    "\u{ff1d}1+2",
    "\u{ff0b}1+2",
    "\u{ff0d}1+2",
    "\u{ff20}SUM(A1)",
    "\"=1+2",
    "\"\"=1+2\"",
    "x\",=1+2,\"",
    "x,=1+2",
    "x;=1+2",
    "x|=1+2",
    "'=1+2",
    "''=1+2",
    "'\"=1+2",
    " =1+2",
    "\u{a0}=1+2",
    "-1250.00",
];

/// Everything that a spreadsheet may cut at beside the comma. One that is told to cut at a semicolon *instead* does so
/// within quotes too, and no quoting helps there: it is told so by a person who sees what comes of it.
const EVERY: [char; 4] = [',', ';', '\t', '|'];

/// The cells of a table (RFC 4180), cut at any of these delimiters.
fn cells(table: &str, delimiters: &[char]) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut cell) = (Vec::new(), Vec::new(), String::new());
    let mut quoted = false;
    let mut rest = table.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '"' if quoted && rest.peek() == Some(&'"') => {
                rest.next();
                cell.push('"');
            }
            '"' if quoted => quoted = false,
            '"' if cell.is_empty() => quoted = true,
            c if !quoted && delimiters.contains(&c) => row.push(std::mem::take(&mut cell)),
            '\r' | '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                if c == '\r' && rest.peek() == Some(&'\n') {
                    rest.next();
                }
                rows.push(std::mem::take(&mut row));
            }
            c => cell.push(c),
        }
    }
    if !cell.is_empty() || !row.is_empty() {
        row.push(cell);
        rows.push(row);
    }
    rows
}

/// Whether a spreadsheet would run a cell.
fn runs(cell: &str) -> bool {
    let number = cell.strip_prefix('-').unwrap_or(cell);
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    !is_number
        && cell.starts_with([
            '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
        ])
}

#[test]
fn a_formula_is_known_when_it_is_seen() {
    for cell in ["=1", "+1+1", "-1+2", "@x", "\t=1", "\u{ff1d}1"] {
        assert!(runs(cell), "{cell:?}");
    }
    for cell in ["'=1", "-12.50", "7", "", "x=1"] {
        assert!(!runs(cell), "{cell:?}");
    }
    assert_eq!(
        cells("a,\"b,\"\"c\"\r\nd;e\r\n", &[',']),
        [vec!["a", "b,\"c"], vec!["d;e"]]
    );
}

#[test]
fn no_cell_of_a_table_is_a_formula_and_each_comes_back_as_it_was() {
    let app = own!(App::start());
    let mut tried = Tried::of("formulas in cells of tables");
    let mut taken = 0;
    for formula in FORMULAS {
        let key = format!("{formula} {}", unique("C"));
        let mut document = customer(&key);
        document["name"] = json!(formula);
        // A name that is refused harms nobody; the others go wherever a table shows them.
        if app.post("/v1/customers").json(&document).answer().status != 201 {
            continue;
        }
        taken += 1;
        let mut document = invoice(
            &format!("{formula} {}", unique("R")),
            &key,
            "100.00",
            "2026-01-09",
        );
        document["po_number"] = json!(formula);
        document["order_number"] = json!(formula);
        document["payment_reference"] = json!(formula);
        app.post("/v1/invoices").json(&document).send(201);
        let reference = format!("{formula} {}", unique("P"));
        app.post("/v1/payments")
            .json(&payment(&reference, &key, "130.00"))
            .send(201);
        app.post("/v1/invoices")
            .json(&invoice(
                &format!("{formula} {}", unique("R")),
                &key,
                "100.00",
                "2026-01-09",
            ))
            .send(201);
        // A line that is kept for correction, as it came.
        let line = format!(
            "Number,Customer,Issue date,Currency,Total\r\n\"{}\",nobody,x,EUR,1\r\n",
            formula.replace('"', "\"\"")
        );
        app.post("/v1/invoices").body("text/csv", line).send(200);
    }
    assert!(taken > 18, "{taken}");
    let accounts = json!({"revenue": "8400", "cash": "1800"});
    app.put("/v1/journal/accounts").json(&accounts).send(200);
    let tables = [
        "/v1/invoices?limit=500",
        "/v1/intake/rejects?limit=500",
        "/v1/reports/journal?from=2025-01-01&to=2026-12-31&limit=500",
    ];
    for path in tables {
        let answer = app.get(path).header("accept", "text/csv").send(200);
        let table = answer.text();
        assert!(
            answer
                .header("content-type")
                .is_some_and(|kind| kind.starts_with("text/csv")),
            "{path}"
        );
        assert!(table.contains("1+2"), "{path} shows nothing of it: {table}");
        for delimiters in [[','].as_slice(), &EVERY] {
            for cell in cells(&table, delimiters).iter().flatten() {
                assert!(!runs(cell), "{path}, cut at {delimiters:?}: {cell:?}");
                tried.one();
            }
        }
    }
    // Our own export is read as what it was made of: not one invoice is new, and not one is another.
    let exported = app.get(tables[0]).header("accept", "text/csv").send(200).text();
    let rows = cells(&exported, &[',']).len() - 1;
    let report = app
        .post("/v1/invoices")
        .body("text/csv", exported)
        .send(200)
        .json();
    assert_eq!(
        (&report["duplicates"], &report["accepted"]),
        (&json!(rows), &json!(0)),
        "{report}"
    );
}

#[test]
fn the_table_for_an_agency_is_no_formula_either() {
    let app = own!(App::start());
    let mut tried = Tried::of("formulas in cells of what an agency gets");
    let person = || {
        let body = json!({"name": unique("key"), "scopes": ["read", "collect", "approve"]});
        app.post("/v1/api-keys").json(&body).send(201).string("/key")
    };
    let (ann, ben) = (person(), person());
    for formula in FORMULAS {
        let key = unique("C");
        let id = app
            .post("/v1/customers")
            .json(&customer(&key))
            .send(201)
            .string("/id");
        let mut document = invoice(
            &format!("{formula} {}", unique("R")),
            &key,
            "100.00",
            "2026-01-09",
        );
        document["po_number"] = json!(formula);
        if app.post("/v1/invoices").json(&document).answer().status != 201 {
            continue;
        }
        let path = format!("/v1/customers/{id}/hand-over");
        let asked = app
            .post(&path)
            .key(&ann)
            .json(&json!({"reason": "no answer"}))
            .send(202);
        let decision = format!("/v1/approvals/{}/decision", asked.string("/id"));
        app.post(&decision)
            .key(&ben)
            .json(&json!({"decision": "approve"}))
            .send(200);
        let over = app
            .get(&format!("/v1/hand-overs?customer={id}"))
            .send(200)
            .string("/data/0/id");
        let table = app
            .get(&format!("/v1/hand-overs/{over}?format=csv"))
            .send(200)
            .text();
        assert!(table.contains("1+2") || table.contains("100.00"), "{table}");
        for delimiters in [[','].as_slice(), &EVERY] {
            for cell in cells(&table, delimiters).iter().flatten() {
                assert!(!runs(cell), "cut at {delimiters:?}: {cell:?} in {table}");
                tried.one();
            }
        }
    }
}

//! Paper: statements and letters over the API, read by poppler where it is installed.

use serde_json::{Value, json};
use std::io::Write;
use std::process::{Command, Stdio};

use crate::harness::{App, Known, own, say};

/// The text of a PDF, or nothing where `pdftotext` is not installed.
pub(crate) fn text(pdf: &[u8]) -> Option<String> {
    let mut child = match Command::new("pdftotext")
        .args(["-layout", "-", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
    {
        Ok(child) => child,
        Err(_) => {
            assert!(
                std::env::var_os("DUNLIN_PARTNERS").is_none_or(|value| value != "required"),
                "pdftotext is not installed"
            );
            say("SKIPPED: pdftotext is not installed");
            return None;
        }
    };
    let (mut stdin, pdf) = (child.stdin.take().expect("a pipe"), pdf.to_vec());
    let writer = std::thread::spawn(move || stdin.write_all(&pdf));
    let output = child.wait_with_output().expect("its end");
    writer.join().expect("a writer").expect("a reader");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let text = String::from_utf8(output.stdout).expect("text");
    Some(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// Gives a customer an address, and the language to write in.
fn with_address(app: &App, known: &Known, locale: &str) {
    let mut customer: Value = crate::harness::customer(&known.external_id);
    customer["locale"] = json!(locale);
    customer["contacts"][0]["postal"] =
        json!({"lines": ["Graben 1"], "postal_code": "1010", "city": "Wien", "country": "AT"});
    app.post("/v1/customers").json(&customer).send(200);
}

#[test]
fn a_statement_is_printed_as_the_ledger_has_it() {
    let app = own!(App::start());
    let known = app.new_customer();
    with_address(&app, &known, "de");
    let (_, number) = app.new_invoice(&known, "1000.00", "2026-01-20");
    app.pay(&known, "400.00");
    let today = app.now().date_naive();
    let path = format!(
        "/v1/customers/{}/statement.pdf?from=2025-12-01&to={today}",
        known.id
    );
    let answer = app.get(&path).send(200);
    assert_eq!(answer.header("content-type"), Some("application/pdf"));
    assert!(answer.bytes().starts_with(b"%PDF-1.7"));
    assert_eq!(
        app.get(&path).send(200).bytes(),
        answer.bytes(),
        "the same facts, the same bytes"
    );
    let Some(text) = text(answer.bytes()) else { return };
    for said in [
        "Kontoauszug",
        "Rechnung",
        "Zahlung",
        number.as_str(),
        "Graben 1",
        "1010 Wien",
        "Endsaldo",
        "Offen nach Alter",
    ] {
        assert!(text.contains(said), "{said}\n{text}");
    }
    // 1000.00 less 400.00.
    assert!(text.contains("600,00"), "{text}");
}

#[test]
fn a_queued_message_is_printed_as_a_letter_until_it_leaves() {
    let app = own!(App::start_with(&[(
        "creditor_address",
        "Hafenstraße 7|20457 Hamburg|DE"
    )]));
    let known = app.new_customer();
    with_address(&app, &known, "en");
    let (_, number) = app.new_invoice(&known, "1000.00", "2026-01-02");
    app.clock("2026-01-13T10:00:00Z");
    app.job("sweep");
    let message = app.messages(&known)[0]["id"].as_str().expect("an id").to_owned();
    let path = format!("/v1/messages/{message}/letter.pdf");
    let answer = app.get(&path).send(200);
    assert_eq!(answer.header("content-type"), Some("application/pdf"));
    if let Some(text) = text(answer.bytes()) {
        for said in [
            number.as_str(),
            "Hafenstraße 7",
            "20457 Hamburg",
            "Graben 1",
            "1010 Wien",
            "AT",
            "1,000.00",
            "/pay/sample",
            message.as_str(),
        ] {
            assert!(text.contains(said), "{said}\n{text}");
        }
    }
    app.pay(&known, "1000.00");
    app.get(&path).send(409).problem("not_now");
    app.job("deliver");
    app.get(&path).send(409).problem("wrong_status");
}

#[test]
fn who_may_not_read_prints_nothing_and_nobody_s_paper_is_not_there() {
    let app = App::shared();
    let known = app.new_customer();
    let path = format!("/v1/customers/{}/statement.pdf", known.id);
    app.get(&path).anonymous().send(401);
    app.get(&path).send(200);
    app.get(&format!("{path}?from=2026-02-01&to=2026-01-01"))
        .send(400);
    app.get(&format!("{path}?from=yesterday")).send(400);
    app.get(&format!("{path}?as_of=2026-01-01")).send(400);
    app.post(&path).json(&json!({})).send(405);
    app.get("/v1/customers/cus_01kerpxzm1eymy53ge8wftnpns/statement.pdf")
        .send(404);
    app.get("/v1/messages/msg_01kerpxzmaprymj9psw5vkqf1n/letter.pdf")
        .send(404);
    app.get("/v1/messages/x/letter.pdf").send(404);
}

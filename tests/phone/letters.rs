//! Letters: kept for people who print them, posted through Lob, and handed to a system of the creditor's own.

use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{App, Known, Recorder, Reply, customer, dunlin, own, unique};
use crate::printing::text as pdf_text;

const DAY: &str = "2026-01-13T08:00:00Z";
const DAY_MS: i64 = 1_768_291_200_000;
const LOB_KEY: &str = "lob-webhook-secret";
const CHANNEL_KEY: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// A customer with an address, to whom a message was delivered over this channel.
#[track_caller]
fn reached(app: &App, channel: &str) -> Known {
    let policy = unique("by").to_lowercase();
    app.put(&format!("/v1/policies/{policy}"))
        .json(
            &json!({"name": policy, "send_at": "09:00", "business_days_only": false,
            "min_days_between_contacts": 0,
            "steps": [{"id": "reminder", "day": 1, "channels": [channel], "template": "friendly"}]}),
        )
        .send(201);
    let external_id = unique("C");
    let mut document = customer(&external_id);
    document["policy"] = json!(policy);
    document["contacts"] = json!([{"name": "Ada Braun", "role": "billing", "email": "ada@nordwind.example",
        "postal": {"lines": ["Hafenstrasse 1"], "postal_code": "10115", "city": "Berlin", "country": "DE"}}]);
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    let known = Known { external_id, id };
    app.new_invoice(&known, "120.00", "2026-01-09");
    app.clock(DAY);
    app.job("sweep");
    app.job("deliver");
    known
}

#[track_caller]
fn message(app: &App, known: &Known) -> Value {
    let messages = app.messages(known);
    assert_eq!(messages.len(), 1, "{messages:?}");
    messages[0].clone()
}

#[test]
fn a_letter_waits_to_be_printed_until_it_is_posted() {
    let app = own!(App::start_with(&[("letter_providers", "print")]));
    let known = reached(&app, "letter");
    let message = message(&app, &known);
    assert_eq!(message["status"], "sent", "{message}");
    let id = message["id"].as_str().expect("an id");
    let listed = app.get("/v1/letters?status=to_print").send(200).json();
    let letter = &listed["data"][0];
    assert_eq!(letter["id"], id);
    assert!(
        letter["addressee"]
            .as_str()
            .expect("a text")
            .contains("Hafenstrasse 1"),
        "{letter}"
    );
    let pdf = app.get(&format!("/v1/letters/{id}.pdf")).send(200);
    assert_eq!(pdf.header("content-type"), Some("application/pdf"));
    assert!(pdf.bytes().starts_with(b"%PDF-"));

    app.clock("2026-01-15T10:00:00Z");
    let posted = app.post(&format!("/v1/letters/{id}/posted")).send(200).json();
    assert_eq!(
        (&posted["status"], &posted["posted_at"]),
        (&json!("posted"), &json!("2026-01-15T10:00:00Z"))
    );
    assert_eq!(
        app.get("/v1/letters?status=to_print").send(200).json()["data"],
        json!([])
    );
    // That is when it left.
    let message = app.get(&format!("/v1/messages/{id}")).send(200).json();
    assert_eq!(message["sent_at"], "2026-01-15T10:00:00Z");
    app.get("/v1/letters?status=lost")
        .send(400)
        .problem("bad_request");
    let nobody = format!("msg_{}", "0".repeat(26));
    app.get(&format!("/v1/letters/{nobody}.pdf"))
        .send(404)
        .problem("not_found");
    app.post(&format!("/v1/letters/{nobody}/posted"))
        .send(404)
        .problem("not_found");
}

#[test]
fn a_letter_says_how_to_transfer_on_the_sheet_of_its_reader_and_is_printed_again_as_it_was() {
    let app = own!(App::start_with(&[
        ("letter_providers", "print"),
        ("bank_account_name", "Nordlicht Druck GmbH"),
        ("bank_iban", "DE89370400440532013000"),
    ]));
    let known = reached(&app, "letter");
    let message = message(&app, &known);
    let path = format!("/v1/letters/{}.pdf", message["id"].as_str().expect("an id"));
    let pdf = app.get(&path).send(200);
    if let Some(text) = pdf_text(pdf.bytes()) {
        // ISO 11649: what was paid with this reference was paid by this letter's link.
        for said in ["Nordlicht Druck GmbH", "DE89 3704 0044 0532 0130 00", "RF"] {
            assert!(text.contains(said), "{said}\n{text}");
        }
    }
    app.pay(&known, "120.00");
    app.post(&path.replace(".pdf", "/posted")).send(200);
    assert_eq!(app.get(&path).send(200).bytes(), pdf.bytes());
}

#[test]
fn the_command_line_fetches_what_is_to_be_printed_once() {
    let app = own!(App::start_with(&[("letter_providers", "print")]));
    let known = reached(&app, "letter");
    let message = message(&app, &known);
    let file = app.state_file(&format!("post/{}.pdf", message["id"].as_str().expect("an id")));
    let fetch = |key: &str, more: &[&str]| {
        let output = dunlin()
            .arg("letters")
            .arg(app.state_file("post"))
            .arg("--state-dir")
            .arg(app.state_file(""))
            .args(more)
            .env("DUNLIN_KEY", key)
            .output()
            .expect("dunlin letters");
        let said = if output.status.success() {
            output.stdout
        } else {
            output.stderr
        };
        String::from_utf8_lossy(&said).into_owned()
    };
    assert!(fetch("none", &[]).contains("401"));
    let said = fetch(&app.admin_key, &[]);
    assert!(said.starts_with("1 letters to print, 1 new in "), "{said}");
    assert!(std::fs::read(&file).expect("a letter").starts_with(b"%PDF-"));
    let said = fetch(&app.admin_key, &["--posted"]);
    assert!(said.starts_with("1 letters to print, 0 new in "), "{said}");
    assert!(fetch(&app.admin_key, &[]).starts_with("0 letters to print, 0 new in "));
}

#[test]
fn what_lob_tells_of_a_letter_moves_its_message() {
    // Lob is not asked here: its answer to a PDF is no text that a recorder keeps.
    let app = own!(App::start_with(&[
        ("letter_providers", "print"),
        ("lob_webhook_secrets", LOB_KEY)
    ]));
    let known = reached(&app, "letter");
    let id = message(&app, &known)["id"].clone();
    let tell = |event: &str, kind: &str, expected| {
        let body =
            json!({"id": event, "event_type": {"id": kind}, "reference_id": "ltr_1", "date_created": DAY,
            "body": {"metadata": {"dunlin_message": id}}})
            .to_string();
        let mac = Hmac::<Sha256>::new_from_slice(LOB_KEY.as_bytes()).expect("any length");
        let tag = mac
            .chain_update(format!("{DAY_MS}.{body}").as_bytes())
            .finalize()
            .into_bytes();
        app.post("/webhooks/lob")
            .anonymous()
            .header("lob-signature-timestamp", &DAY_MS.to_string())
            .header("lob-signature", &HEXLOWER.encode(&tag))
            .body("application/json", body)
            .send(expected)
            .string("/status")
    };
    assert_eq!(tell("evt_1", "postcard.mailed", 200), "ignored");
    // It is another carrier's letter: Lob's word on it is on the timeline and moves nothing.
    assert_eq!(tell("evt_2", "letter.mailed", 200), "processed");
    assert_eq!(tell("evt_2", "letter.mailed", 200), "duplicate");
    assert_eq!(message(&app, &known)["status"], "sent");
}

#[test]
fn a_system_of_the_creditors_own_is_handed_what_is_to_be_said() {
    own!();
    let system = Recorder::start(|_| Reply::json(200, &json!({})));
    let url = system.url();
    let app = App::start_with(&[
        ("webhook_channel_url", &format!("{url}/messages")),
        ("webhook_channel_host", &url),
        ("webhook_channel_secrets", CHANNEL_KEY),
        ("webhook_private_networks", "allow"),
    ]);
    let known = reached(&app, "webhook");
    let message = message(&app, &known);
    assert_eq!(message["status"], "sent", "{message}");
    let asked = system.journal().last().expect("a request").clone();
    assert_eq!(asked.header("webhook-id"), message["id"].as_str());
    let at: i64 = asked
        .header("webhook-timestamp")
        .expect("a time")
        .parse()
        .expect("a number");
    let expected = web::webhook::sign(
        CHANNEL_KEY,
        message["id"].as_str().expect("an id"),
        at,
        asked.body.as_bytes(),
    );
    assert_eq!(
        asked.header("webhook-signature"),
        Some(expected.expect("a signature").as_str())
    );
    let body: Value = serde_json::from_str(&asked.body).expect("JSON");
    assert_eq!(
        (&body["type"], &body["data"]["id"], &body["data"]["customer_id"]),
        (&json!("message"), &message["id"], &json!(known.id))
    );
    assert!(
        body["data"]["text"].as_str().expect("a text").contains("120.00"),
        "{body}"
    );
}

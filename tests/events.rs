//! Webhooks of a billing system: believed when signed and recent, taken once, in whatever order they come.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;
use std::sync::OnceLock;

use crate::harness::{Answer, App, Partner, customer, invoice, own, payment, unique};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEXT_SECRET: &str = "whsec_dGhlIG5leHQgc2VjcmV0IG9mIG91cnM=";
/// 2026-01-12T09:00:00Z, in seconds.
const NOW: i64 = 1_768_208_400;

/// An app that knows two secrets, as while one is being replaced.
fn app() -> &'static App {
    static APP: OnceLock<App> = OnceLock::new();
    APP.get_or_init(|| App::start_with(&[("billing_webhook_secrets", &format!("{SECRET} {NEXT_SECRET}"))]))
}

fn sign(secret: &str, id: &str, at: i64, body: &str) -> String {
    let key = secret.trim_start_matches("whsec_");
    let key = data_encoding::BASE64.decode(key.as_bytes()).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
    mac.update(format!("{id}.{at}.{body}").as_bytes());
    format!(
        "v1,{}",
        data_encoding::BASE64.encode(&mac.finalize().into_bytes())
    )
}

fn post(id: &str, at: i64, signature: &str, body: &str, expected: u16) -> Answer {
    app()
        .post("/webhooks/billing")
        .anonymous()
        .header("webhook-id", id)
        .header("webhook-timestamp", &at.to_string())
        .header("webhook-signature", signature)
        .body("application/json", body)
        .send(expected)
}

/// Sends an event under an id and answers what became of it.
fn tell_as(id: &str, kind: &str, data: &Value) -> String {
    let body = json!({"type": kind, "timestamp": "2026-01-12T09:00:00Z", "data": data}).to_string();
    post(id, NOW, &sign(SECRET, id, NOW, &body), &body, 200).string("/status")
}

fn tell(kind: &str, data: &Value) -> String {
    tell_as(&unique("evt"), kind, data)
}

fn event(id: &str) -> Value {
    app()
        .get(&format!("/v1/webhook-events/billing/{id}"))
        .send(200)
        .json()
}

fn invoices(number: &str) -> Vec<Value> {
    let list = app()
        .get(&format!("/v1/invoices?number={number}"))
        .send(200)
        .json();
    list["data"].as_array().expect("a list").clone()
}

#[test]
fn an_event_is_believed_when_one_of_our_secrets_signed_it_lately() {
    own!();
    let body = json!({"type": "ping", "data": {}}).to_string();
    let (id, other) = (unique("evt"), "whsec_b3RoZXI=");
    for secret in [SECRET, NEXT_SECRET] {
        for age in [0, 300, -300] {
            let id = unique("evt");
            post(&id, NOW - age, &sign(secret, &id, NOW - age, &body), &body, 200);
        }
    }
    let both = format!("v1,AAAA v1a,x {}", sign(SECRET, &id, NOW, &body));
    post(&id, NOW, &both, &body, 200);
    for age in [301, -301] {
        let at = NOW - age;
        post(&id, at, &sign(SECRET, &id, at, &body), &body, 401).problem("unauthorized");
    }
    for signature in [
        sign(other, &id, NOW, &body),
        sign(SECRET, "another id", NOW, &body),
        sign(SECRET, &id, NOW + 1, &body),
        sign(SECRET, &id, NOW, "another body"),
        "v1,".to_owned(),
    ] {
        post(&id, NOW, &signature, &body, 401).problem("unauthorized");
    }
    let headless = app().post("/webhooks/billing").anonymous();
    headless
        .body("application/json", body)
        .send(401)
        .problem("unauthorized");
}

#[test]
fn without_a_secret_nothing_is_taken() {
    let app = own!(App::shared());
    let hook = app.post("/webhooks/billing").anonymous();
    hook.json(&json!({"type": "ping", "data": {}}))
        .send(401)
        .problem("unauthorized");
}

#[test]
fn customers_invoices_credit_notes_and_payments_arrive_and_a_replay_changes_nothing() {
    own!();
    let (key, number) = (unique("C"), unique("R"));
    let (first, note) = (unique("evt"), unique("N"));
    assert_eq!(tell_as(&first, "customer.created", &customer(&key)), "processed");
    let mut renamed = customer(&key);
    renamed["name"] = json!("Ostwind AG");
    assert_eq!(tell("customer.updated", &renamed), "processed");
    // The first again: taken, and without effect.
    assert_eq!(tell_as(&first, "customer.created", &customer(&key)), "duplicate");

    let bill = invoice(&number, &key, "100.00", "2026-02-01");
    assert_eq!(tell("invoice.issued", &bill), "processed");
    assert_eq!(tell("invoice.issued", &bill), "processed");
    let credit = json!({"number": note, "customer": {"external_id": key}, "issue_date": "2026-01-10",
        "currency": "EUR", "total": "30.00", "invoice_number": number});
    assert_eq!(tell("credit_note.issued", &credit), "processed");
    let money = payment(&unique("B"), &key, "50.00");
    assert_eq!(tell("payment.received", &money), "processed");
    assert_eq!(tell("payment.received", &money), "processed");

    let found = invoices(&number);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0]["balance"], json!({"amount": "20.00", "currency": "EUR"}));
    let customers = app().get(&format!("/v1/customers?external_id={key}")).send(200);
    assert_eq!(customers.json()["data"][0]["name"], "Ostwind AG");
}

#[test]
fn an_event_that_comes_too_early_waits_for_what_it_builds_on() {
    own!();
    let (key, number) = (unique("C"), unique("R"));
    let (void, bill, money) = (unique("evt"), unique("evt"), unique("evt"));
    assert_eq!(
        tell_as(&void, "invoice.voided", &json!({"number": number})),
        "waiting"
    );
    let document = invoice(&number, &key, "100.00", "2026-02-01");
    assert_eq!(tell_as(&bill, "invoice.issued", &document), "waiting");
    let paid = payment(&unique("B"), &key, "10.00");
    assert_eq!(tell_as(&money, "payment.received", &paid), "waiting");
    let shown = event(&bill);
    assert_eq!(shown["status"], "waiting");
    assert_eq!(shown["outcome"], format!("there is no customer {key} yet"));
    assert!(invoices(&number).is_empty());

    // Sent again while it waits, it still waits; what it waits for comes over the API as well as by webhook.
    assert_eq!(tell_as(&bill, "invoice.issued", &document), "waiting");
    app().post("/v1/customers").json(&customer(&key)).send(201);
    for id in [&void, &bill, &money] {
        assert_eq!(event(id)["status"], "processed", "{id}");
    }
    assert_eq!(invoices(&number)[0]["status"], "void");
    assert_eq!(tell_as(&bill, "invoice.issued", &document), "duplicate");
    app()
        .get("/v1/reports/integrity")
        .send(200)
        .json()
        .get("holds")
        .filter(|holds| **holds == true)
        .expect("a ledger that holds");
}

#[test]
fn an_event_that_fails_is_kept_with_its_reason_and_tried_again_when_it_is_sent_again() {
    own!();
    let (key, number) = (unique("C"), unique("R"));
    tell("customer.created", &customer(&key));
    let broken = unique("evt");
    let mut document = invoice(&number, &key, "100.00", "2026-02-01");
    document["total"]["amount"] = json!("1e2");
    assert_eq!(tell_as(&broken, "invoice.issued", &document), "failed");
    let shown = event(&broken);
    assert_eq!(shown["status"], "failed");
    let outcome = shown["outcome"].as_str().expect("why");
    assert!(outcome.starts_with("/data/total: "), "{outcome}");
    assert!(shown["body"].as_str().expect("its body").contains("1e2"));

    let (paid, void) = (unique("evt"), unique("evt"));
    tell("invoice.issued", &invoice(&number, &key, "100.00", "2026-02-01"));
    tell_as(&paid, "payment.received", &payment(&unique("B"), &key, "100.00"));
    let gone = json!({"number": number});
    assert_eq!(tell_as(&void, "invoice.voided", &gone), "failed");
    assert_eq!(invoices(&number)[0]["status"], "paid");
    let money = event(&paid)["outcome"].as_str().expect("its id").to_owned();
    app()
        .post(&format!("/v1/payments/{money}/reverse"))
        .json(&json!({"reason": "bounced"}))
        .send(200);
    assert_eq!(tell_as(&void, "invoice.voided", &gone), "processed");
    assert_eq!(invoices(&number)[0]["status"], "void");
}

#[test]
fn what_cannot_be_understood_is_acknowledged_and_kept() {
    own!();
    for (body, status) in [
        ("nonsense", "failed"),
        ("{}", "failed"),
        (r#"{"type": "invoice.issued"}"#, "failed"),
        (r#"{"type": "subscription.renewed", "data": {}}"#, "ignored"),
    ] {
        let id = unique("evt");
        let answer = post(&id, NOW, &sign(SECRET, &id, NOW, body), body, 200);
        assert_eq!(answer.string("/status"), status, "{body}");
        assert_eq!(event(&id)["body"], body);
    }
}

#[test]
fn events_are_listed_newest_first_by_source_and_status() {
    own!();
    let ids: Vec<String> = (0..3).map(|_| unique("evt-listed")).collect();
    for id in &ids {
        tell_as(id, "listed", &json!({}));
    }
    let mut found = Vec::new();
    let mut path = "/v1/webhook-events?source=billing&status=ignored&limit=1".to_owned();
    loop {
        let page = app().get(&path).send(200).json();
        assert!(page["data"][0].get("body").is_none(), "{page}");
        found.extend(page["data"][0]["event_id"].as_str().map(str::to_owned));
        match page["next"].as_str() {
            Some(next) => {
                path = format!("/v1/webhook-events?source=billing&status=ignored&limit=1&after={next}");
            }
            None => break,
        }
    }
    let mut ours: Vec<String> = found.into_iter().filter(|id| ids.contains(id)).collect();
    ours.reverse();
    assert_eq!(ours, ids);
    let all = app().get("/v1/webhook-events").send(200).json();
    let by_status = app().get("/v1/webhook-events?status=ignored").send(200).json();
    assert!(!all["data"].as_array().expect("a list").is_empty());
    assert!(
        by_status["data"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|event| event["status"] == "ignored")
    );
    app().get("/v1/webhook-events?status=odd").send(400);
    app().get("/v1/webhook-events?after=odd").send(400);
    app().get("/v1/webhook-events/billing/none").send(404);
}

#[test]
fn the_reference_implementation_signs_what_we_believe() {
    own!();
    let Some(partner) = Partner::python("standardwebhooks") else {
        return;
    };
    let (id, at) = (unique("evt"), NOW.to_string());
    let body = json!({"type": "Grüße", "data": {}}).to_string();
    let signature = partner.run("standardwebhooks_sign.py", &[SECRET, &id, &at], &body);
    assert_eq!(signature, sign(SECRET, &id, NOW, &body));
    post(&id, NOW, &signature, &body, 200);
}

#[test]
fn the_reference_implementation_believes_what_we_sign() {
    let Some(partner) = Partner::python("standardwebhooks") else {
        return;
    };
    let id = unique("evt");
    let body = json!({"type": "Grüße", "data": {}}).to_string();
    // It looks at the real clock.
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = i64::try_from(now.expect("a clock after 1970").as_secs()).expect("a clock of this age");
    let signature = web::webhook::sign(SECRET, &id, now, body.as_bytes()).expect("a secret");
    let arguments = [SECRET, &id, &now.to_string(), &signature];
    assert_eq!(
        partner.run("standardwebhooks_verify.py", &arguments, &body),
        "verified"
    );
}

//! The console: signing in, the pages, and what keeps strangers and scripts out.

use serde_json::json;

use crate::harness::{Answer, App, customer, invoice, own, unique};

/// Signs in and answers the cookie.
pub(crate) fn sign_in(app: &App, key: &str) -> String {
    let answer = app
        .post("/console/login")
        .anonymous()
        .form(&[("key", key)])
        .send(303);
    assert_eq!(answer.header("location"), Some("/console"));
    cookie(&answer)
}

fn cookie(answer: &Answer) -> String {
    let set = answer.header("set-cookie").expect("a cookie");
    for attribute in ["HttpOnly", "SameSite=Strict", "Path=/console"] {
        assert!(set.contains(attribute), "{set}");
    }
    set.split(';').next().expect("a pair").to_owned()
}

fn page(app: &App, cookie: &str, path: &str) -> String {
    let answer = app.get(path).anonymous().header("cookie", cookie).send(200);
    let policy = answer.header("content-security-policy").expect("a policy");
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("script-src"),
        "{path}: {policy}"
    );
    let text = answer.text();
    assert!(
        text.starts_with("<!doctype html>") || text.starts_with("<!DOCTYPE html>"),
        "{path}: {text}"
    );
    assert!(!text.contains("<script"), "{path}: {text}");
    text
}

#[test]
fn a_collector_finds_what_matters_today() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (_, number) = app.new_invoice(&known, "1250.00", "2025-12-20");
    app.job("sweep");
    app.job("deliver");
    app.job("risk");
    let cookie = sign_in(&app, &app.admin_key);

    let name = format!("Nordwind {} GmbH", known.external_id);
    let home = page(&app, &cookie, "/console");
    assert!(home.contains("1,250.00") && home.contains(&name), "{home}");
    assert!(page(&app, &cookie, "/console/customers").contains(&name));
    let detail = page(&app, &cookie, &format!("/console/customers/{}", known.id));
    for fact in [number.as_str(), "1,250.00", "Berlin", "ada@nordwind.example"] {
        assert!(detail.contains(fact), "no {fact} in {detail}");
    }
    assert!(page(&app, &cookie, "/console/mailbox").contains(&number));
    let mail = app.mailbox()[0]["id"].as_str().expect("an id").to_owned();
    let shown = page(&app, &cookie, &format!("/console/mailbox/{mail}"));
    assert!(
        shown.contains("<iframe") && shown.contains("sandbox"),
        "the mail is not kept apart: {shown}"
    );
}

#[test]
fn a_customers_page_says_why_and_what_is_open() {
    let app = own!(App::start());
    let steps = json!([{"id": "ask", "day": 1, "task": "call"},
        {"id": "firm", "day": 5, "channels": ["email"], "template": "firm"}]);
    let policy = json!({"name": "standard", "send_at": "09:00", "business_days_only": false,
        "min_days_between_contacts": 0, "steps": steps});
    app.put("/v1/policies/standard").json(&policy).send(201);
    let known = app.new_customer();
    let (id, number) = app.new_invoice(&known, "100.00", "2026-01-10");
    app.job("sweep");
    let dispute = json!({"invoice": id, "reason": "wrong_price",
        "amount": {"amount": "40.00", "currency": "EUR"}});
    app.post("/v1/disputes").json(&dispute).send(201);
    let cookie = sign_in(&app, &app.admin_key);
    let home = page(&app, &cookie, "/console");
    for fact in ["Waiting for people", "Call the customer", &known.id] {
        assert!(home.contains(fact), "no {fact} in {home}");
    }
    let detail = page(&app, &cookie, &format!("/console/customers/{}", known.id));
    for fact in [
        "Why, in EUR",
        "Policy standard, version 2",
        "open invoices",
        "Call the customer",
        &format!("40.00 EUR of invoice {number} is disputed"),
    ] {
        assert!(detail.contains(fact), "no {fact} in {detail}");
    }
}

#[test]
fn only_a_key_that_may_read_signs_in() {
    let app = App::shared();
    for key in ["", "nobody", &app.cron_key] {
        let answer = app
            .post("/console/login")
            .anonymous()
            .form(&[("key", key)])
            .send(401);
        assert!(answer.header("set-cookie").is_none() && answer.text().contains("role=\"alert\""));
    }
    let key = |scope: &str| {
        let body = json!({"name": "a test", "scopes": [scope]});
        app.post("/v1/api-keys").json(&body).send(201).string("/key")
    };
    app.post("/console/login")
        .anonymous()
        .form(&[("key", &key("ingest"))])
        .send(403);
    sign_in(app, &key("read"));
}

#[test]
fn without_a_session_there_is_nothing_to_see() {
    let app = App::shared();
    let known = app.new_customer();
    let asks = app.get("/console").anonymous().send(200).text();
    assert!(
        asks.contains("<form") && asks.contains("type=\"password\""),
        "{asks}"
    );
    for path in [
        "/console/customers",
        "/console/mailbox",
        &format!("/console/customers/{}", known.id),
    ] {
        for cookie in ["", "dunlin_session=", "dunlin_session=AAAAAAAAAAAAAAAAAAAAAA"] {
            let answer = app.get(path).anonymous().header("cookie", cookie).send(401);
            assert!(!answer.text().contains(&known.external_id), "{path}");
        }
        // An API key is no session.
        app.get(path).send(401);
    }
}

#[test]
fn a_session_ends_when_the_person_the_key_or_the_day_does() {
    let app = own!(App::start());
    let open = |cookie: &str| {
        app.get("/console/customers")
            .anonymous()
            .header("cookie", cookie)
            .answer()
            .status
    };

    let left = sign_in(&app, &app.admin_key);
    assert_eq!(open(&left), 200);
    app.post("/console/logout")
        .anonymous()
        .header("cookie", &left)
        .form(&[])
        .send(303);
    assert_eq!(open(&left), 401);

    let key = app
        .post("/v1/api-keys")
        .json(&json!({"name": "a test", "scopes": ["read"]}))
        .send(201);
    let revoked = sign_in(&app, &key.string("/key"));
    assert_eq!(open(&revoked), 200);
    app.delete(&format!("/v1/api-keys/{}", key.string("/id")))
        .send(200);
    assert_eq!(open(&revoked), 401);

    let old = sign_in(&app, &app.admin_key);
    app.clock("2026-01-12T20:59:59Z");
    assert_eq!(open(&old), 200);
    // It began some looks at the clock after nine.
    app.clock("2026-01-12T21:00:01Z");
    assert_eq!(open(&old), 401);
}

#[test]
fn a_form_from_another_site_is_refused() {
    let app = App::shared();
    for site in ["cross-site", "same-site"] {
        let post = app
            .post("/console/login")
            .anonymous()
            .header("sec-fetch-site", site);
        post.form(&[("key", &app.admin_key)]).send(403);
    }
}

#[test]
fn a_hostile_name_is_shown_and_not_run() {
    let app = App::shared();
    let key = unique("C");
    let mut document = customer(&key);
    document["name"] = json!("<img src=x onerror=alert(1)> & \"Sons\"");
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    app.post("/v1/invoices")
        .json(&invoice(&unique("<b>R"), &key, "10.00", "2026-01-01"))
        .send(201);
    let cookie = sign_in(app, &app.admin_key);
    for path in [
        format!("/console/customers/{id}"),
        "/console".to_owned(),
        "/console/customers".to_owned(),
    ] {
        let text = page(app, &cookie, &path);
        assert!(!text.contains("<img") && !text.contains("<b>R"), "{path}: {text}");
    }
}

#[test]
fn an_address_that_is_not_there_is_a_page_of_its_own() {
    let app = App::shared();
    let cookie = sign_in(app, &app.admin_key);
    for path in [
        "/console/nothing",
        "/console/customers/x",
        "/console/mailbox/msg_00000000000000000000000000",
    ] {
        let answer = app.get(path).anonymous().header("cookie", &cookie).send(404);
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
    }
}

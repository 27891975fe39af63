//! Payment links, the page behind them, and the sandbox that confirms like a real provider.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::harness::{Answer, App, Known, Partner, own, unique};

/// A customer that owes 100.00 in two invoices, and a link to pay them.
fn owing(app: &App) -> (Known, [String; 2], Value) {
    let known = app.new_customer();
    let ids = ["2026-01-09", "2026-02-09"].map(|due| app.new_invoice(&known, "50.00", due).0);
    let link = json!({"customer": {"external_id": known.external_id}});
    let link = app.post("/v1/payment-links").json(&link).send(201).json();
    (known, ids, link)
}

fn url(link: &Value) -> &str {
    link["url"].as_str().expect("a url")
}

/// Follows a link to the provider's page and chooses an outcome there.
fn settle(app: &App, link: &str, fields: &[(&str, &str)], outcome: &str) -> Answer {
    let handed_over = app.post(link).anonymous().form(fields).send(303);
    let provider = handed_over.header("location").expect("a location").to_owned();
    let page = app.get(&provider).anonymous().send(200);
    assert!(
        page.text().to_lowercase().contains("sandbox"),
        "the sandbox does not say what it is"
    );
    app.post(&provider)
        .anonymous()
        .form(&[("outcome", outcome)])
        .send(200)
}

#[test]
fn a_link_shows_what_is_owed_and_leads_to_a_paid_invoice() {
    let app = App::shared();
    let (known, ids, link) = owing(app);
    assert!(
        link["id"].as_str().is_some_and(|id| id.starts_with("lnk_")),
        "{link}"
    );
    assert_eq!(
        (&link["amount"], &link["status"]),
        (&json!({"amount": "100.00", "currency": "EUR"}), &json!("open"))
    );

    let page = app.get(url(&link)).anonymous().send(200).text();
    assert!(
        page.contains("EUR 100.00") && page.contains("EUR 50.00"),
        "{page}"
    );
    settle(app, url(&link), &[], "paid");

    for id in &ids {
        assert_eq!(app.invoice(id)["status"], "paid");
    }
    let customer = app.customer(&known.id);
    assert_eq!(
        (&customer["balance"]["amount"], &customer["next_action"]),
        (&json!("0.00"), &Value::Null)
    );
    let page = app.get(url(&link)).anonymous().send(200).text();
    assert!(!page.contains("<form"), "it can be paid twice: {page}");
}

#[test]
fn the_page_says_how_to_transfer_where_an_account_is_set() {
    let account = [
        ("bank_account_name", "Sandpiper Tools"),
        ("bank_iban", "DE89370400440532013000"),
    ];
    let app = own!(App::start_with(&account));
    let (_, _, link) = owing(&app);
    let page = app.get(url(&link)).anonymous().send(200).text();
    let said = [
        "Sandpiper Tools",
        "DE89 3704 0044 0532 0130 00",
        ">RF",
        "<figure class=\"code\">",
    ];
    for text in said {
        assert!(page.contains(text), "lacks {text}: {page}");
    }
    let app = App::shared();
    let (_, _, link) = owing(app);
    let page = app.get(url(&link)).anonymous().send(200).text();
    assert!(!page.contains("IBAN"), "there is no account: {page}");
}

#[test]
fn a_declined_payment_changes_nothing_and_can_be_tried_again() {
    let app = App::shared();
    let (_, ids, link) = owing(app);
    settle(app, url(&link), &[], "declined");
    assert_eq!(app.invoice(&ids[0])["status"], "open");
    settle(app, url(&link), &[], "paid");
    assert_eq!(app.invoice(&ids[0])["status"], "paid");
}

#[test]
fn pressing_pay_twice_pays_once() {
    let app = App::shared();
    let (known, _, link) = owing(app);
    let handed_over = app.post(url(&link)).anonymous().form(&[]).send(303);
    let provider = handed_over.header("location").expect("a location").to_owned();
    for _ in 0..3 {
        app.post(&provider)
            .anonymous()
            .form(&[("outcome", "paid")])
            .send(200);
    }
    let customer = app.customer(&known.id);
    assert_eq!(
        (&customer["balance"]["amount"], &customer["unapplied"]["amount"]),
        (&json!("0.00"), &json!("0.00"))
    );
}

#[test]
fn what_a_link_asks_for_follows_the_ledger() {
    let app = App::shared();
    let (known, _, link) = owing(app);
    app.pay(&known, "50.00");
    let page = app.get(url(&link)).anonymous().send(200).text();
    assert!(!page.contains("EUR 100.00"), "{page}");
    app.pay(&known, "50.00");
    let page = app.get(url(&link)).anonymous().send(200).text();
    assert!(!page.contains("<form"), "{page}");
}

#[test]
fn a_part_can_be_paid_where_the_link_allows_it() {
    let app = App::shared();
    let (known, ids, _) = owing(app);
    let link = json!({"customer": {"id": known.id}, "allow_partial": true,
        "minimum": {"amount": "20.00", "currency": "EUR"}});
    let link = app.post("/v1/payment-links").json(&link).send(201).json();
    for (typed, complaint) in [
        ("19.99", "20.00"),
        ("100.01", "100.00"),
        ("-30", ""),
        ("abc", ""),
        ("30.001", ""),
    ] {
        let page = app
            .post(url(&link))
            .anonymous()
            .form(&[("amount", typed)])
            .send(422)
            .text();
        assert!(
            page.contains("role=\"alert\"") && page.contains(complaint),
            "{typed}: {page}"
        );
    }
    settle(app, url(&link), &[("amount", "60.00")], "paid");
    assert_eq!(app.invoice(&ids[0])["status"], "paid");
    assert_eq!(app.invoice(&ids[1])["balance"]["amount"], "40.00");
}

#[test]
fn guessed_expired_and_revoked_links_look_the_same() {
    let app = own!(App::start());
    let (known, _, revoked) = owing(&app);
    let expiring = json!({"customer": {"id": known.id}, "expires_at": "2026-01-13T09:00:00Z"});
    let expiring = app.post("/v1/payment-links").json(&expiring).send(201).json();
    app.get(url(&expiring)).anonymous().send(200);
    app.clock("2026-01-13T09:00:00Z");
    let id = revoked["id"].as_str().expect("an id");
    app.post(&format!("/v1/payment-links/{id}/revoke")).send(200);

    let guesses = [
        "/pay/AAAAAAAAAAAAAAAAAAAAAA",
        "/pay/x",
        "/pay/%00",
        "/pay/'%20OR%201=1--",
    ];
    let mut pages = Vec::new();
    for path in guesses.into_iter().chain([url(&revoked), url(&expiring)]) {
        let answer = app.get(path).anonymous().send(404);
        assert_eq!(
            answer.header("content-type"),
            Some("text/html; charset=utf-8"),
            "{path}"
        );
        pages.push(without_nonce(&answer));
        app.post(path).anonymous().form(&[]).send(404);
    }
    assert!(
        pages.iter().all(|page| *page == pages[0]),
        "the pages tell the cases apart"
    );
}

/// The page without the one value that differs each time.
fn without_nonce(answer: &Answer) -> String {
    let policy = answer.header("content-security-policy").expect("a policy");
    let nonce = policy
        .split("'nonce-")
        .nth(1)
        .and_then(|rest| rest.split('\'').next())
        .expect("a nonce");
    answer.text().replace(nonce, "")
}

#[test]
fn a_link_that_makes_no_sense_is_refused_by_field() {
    let app = App::shared();
    let (known, ids, _) = owing(app);
    let (other, _, _) = owing(app);
    let euros = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    for (extra, pointer) in [
        (json!({"expires_at": "2026-01-12T08:59:59Z"}), "/expires_at"),
        (json!({"expires_at": "tomorrow"}), "/expires_at"),
        (json!({"amount": euros("100.01")}), "/amount"),
        (json!({"amount": euros("0.00")}), "/amount"),
        (json!({"minimum": euros("10.00")}), "/minimum"),
        (
            json!({"allow_partial": true, "minimum": euros("200.00")}),
            "/minimum",
        ),
        (json!({"invoices": [ids[0], ids[0]]}), "/invoices"),
        (
            json!({"invoices": ["inv_00000000000000000000000000"]}),
            "/invoices/0",
        ),
        (
            json!({"customer": {"id": other.id}, "invoices": [ids[0]]}),
            "/invoices/0",
        ),
        (json!({"provider": "stripe"}), "/provider"),
    ] {
        let mut link = json!({"customer": {"id": known.id}});
        for (name, value) in extra.as_object().expect("fields") {
            link[name] = value.clone();
        }
        let answer = app.post("/v1/payment-links").json(&link).send(422);
        answer.problem("invalid");
        assert_eq!(answer.pointers(), [pointer], "{extra}: {}", answer.text());
    }
}

#[test]
fn a_replayed_request_gives_the_same_link() {
    let app = App::shared();
    let known = app.new_customer();
    app.new_invoice(&known, "10.00", "2026-02-01");
    let key = unique("idem");
    let body = json!({"customer": {"id": known.id}});
    let post = || {
        app.post("/v1/payment-links")
            .header("idempotency-key", &key)
            .json(&body)
            .send(201)
    };
    let (first, again) = (post(), post());
    assert_eq!(first.json(), again.json());
    assert_eq!(again.header("idempotent-replayed"), Some("true"));
}

#[test]
fn the_page_is_locked_down_and_needs_no_script() {
    let app = App::shared();
    let (_, _, link) = owing(app);
    let answer = app.get(url(&link)).anonymous().send(200);
    let policy = answer.header("content-security-policy").expect("a policy");
    for directive in [
        "default-src 'none'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
        "form-action",
    ] {
        assert!(policy.contains(directive), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-frame-options", "DENY"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{name}");
    }
    let page = answer.text();
    assert!(!page.contains("<script") && !page.contains(" style="), "{page}");
    assert!(
        page.contains("<html lang=\"en\"") && page.contains("name=\"viewport\""),
        "{page}"
    );
}

#[test]
fn the_sandbox_takes_no_address_that_its_page_could_not_lead_to() {
    let app = App::shared();
    let session = |success: &str, cancel: &str| {
        let body = json!({"client_reference": "chk_1", "amount": {"amount": "1.00", "currency": "EUR"},
            "creditor_name": "", "purpose": "", "success_url": success, "cancel_url": cancel});
        app.post("/sandbox/sessions").key(&app.sandbox_secret).json(&body)
    };
    let fair = "https://pay.example.com/pay/1";
    let refused = session("", "javascript:alert(1)").send(422);
    assert_eq!(refused.pointers(), ["/cancel_url", "/success_url"]);
    let opened = session(fair, fair).send(201);
    let page = opened.string("/url");
    let path = page
        .find("/sandbox/")
        .map(|at| page[at..].to_owned())
        .expect("a path");
    app.get(&path).anonymous().send(200);
}

/// A webhook as the sandbox sends it, for a hand-over that is under way.
struct Webhook {
    id: String,
    timestamp: i64,
    body: String,
}

impl Webhook {
    fn signature(&self, secret: &str) -> String {
        let key = data_encoding::BASE64
            .decode(secret.trim_start_matches("whsec_").as_bytes())
            .expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("any length");
        mac.update(format!("{}.{}.{}", self.id, self.timestamp, self.body).as_bytes());
        format!(
            "v1,{}",
            data_encoding::BASE64.encode(&mac.finalize().into_bytes())
        )
    }

    fn send(&self, app: &App, signature: &str, expected: u16) -> Answer {
        app.post("/webhooks/sandbox")
            .anonymous()
            .header("webhook-id", &self.id)
            .header("webhook-timestamp", &self.timestamp.to_string())
            .header("webhook-signature", signature)
            .body("application/json", self.body.clone())
            .send(expected)
    }
}

#[test]
fn a_webhook_is_believed_when_it_is_signed_and_recent_and_nobody_else_is() {
    let app = App::shared();
    let hook = |age: i64| Webhook {
        id: unique("evt"),
        timestamp: app.now().timestamp() - age,
        body: json!({"type": "payment.succeeded", "data": {"payment_id": unique("sbx"),
            "client_reference": "chk_00000000000000000000000000",
            "amount": {"amount": "1.00", "currency": "EUR"}, "at": "2026-01-12T09:00:00Z"}})
        .to_string(),
    };
    let secret = &app.sandbox_secret;
    let good = hook(0);
    good.send(app, &good.signature(secret), 200);
    good.send(app, &format!("v1,AAAA {}", good.signature(secret)), 200);
    // More than five minutes either way; a real clock is read from its own answers, which round.
    let old = hook(310);
    old.send(app, &old.signature(secret), 401).problem("unauthorized");
    let early = hook(-310);
    early
        .send(app, &early.signature(secret), 401)
        .problem("unauthorized");

    let wrong = hook(0);
    for signature in ["", "v1,", "v1,AAAA", "v2,x", &good.signature(secret)] {
        wrong.send(app, signature, 401).problem("unauthorized");
    }
    wrong.send(
        app,
        &wrong.signature("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
        401,
    );
    app.post("/webhooks/sandbox")
        .anonymous()
        .json(&json!({}))
        .send(401);
    let changed = Webhook {
        body: wrong.body.replace("1.00", "9.00"),
        ..hook(0)
    };
    changed.send(app, &wrong.signature(secret), 401);
}

#[test]
fn what_the_reference_implementation_signs_is_believed() {
    let Some(partner) = Partner::python("standardwebhooks") else {
        return;
    };
    let app = App::shared();
    let hook = Webhook {
        id: unique("evt"),
        timestamp: app.now().timestamp(),
        body: "{\"type\": \"Grüße\"}".to_owned(),
    };
    let at = hook.timestamp.to_string();
    let arguments = [app.sandbox_secret.as_str(), &hook.id, &at];
    let signature = partner.run("standardwebhooks_sign.py", &arguments, &hook.body);
    hook.send(app, &signature, 200);
    assert_eq!(signature, hook.signature(&app.sandbox_secret));
}

#[test]
fn a_believed_webhook_that_makes_no_sense_is_kept_and_acknowledged() {
    let app = App::shared();
    for body in [
        "nonsense",
        "{}",
        "{\"type\": \"payment.succeeded\", \"data\": {}}",
    ] {
        let hook = Webhook {
            id: unique("evt"),
            timestamp: app.now().timestamp(),
            body: body.to_owned(),
        };
        hook.send(app, &hook.signature(&app.sandbox_secret), 200);
    }
    app.get("/health").send(200);
}

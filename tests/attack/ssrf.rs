//! Addresses that others give us and that lead inside: what is called is on an allow list, what is stored is judged, and
//! what is only shown is never fetched.
//!
//! A name that resolves to a private address cannot be told from one that does not before it is resolved, and a component
//! resolves nothing: who is called by a name of a tenant's own (the relay alone) is bounded by `webhook_hosts`, and a
//! deployment that must keep such names out names its hosts there, or lets the relay leave through a proxy that judges
//! addresses. Whatever it reaches so, it says nothing but its events, under TLS, to whoever has a certificate for that name;
//! no redirect is followed and no more than 500 bytes of an answer are kept.

use serde_json::{Value, json};

use super::Tried;
use crate::harness::{App, Recorder, Reply, invoice, own, unique};

/// Addresses inside, in every way of writing them that a resolver or a browser takes.
const INSIDE: [&str; 66] = [
    // Loopback, in all its forms.
    "https://127.0.0.1/",
    "https://127.0.0.1:443/",
    "https://127.1/",
    "https://127.0.1/",
    "https://127.255.255.254/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.1/",
    "https://127.0.0.0x1/",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://localhost.localdomain/",
    "https://x.localhost/",
    "https://0/",
    "https://0.0.0.0/",
    "https://[::1]/",
    "https://[::]/",
    "https://[0:0:0:0:0:0:0:1]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[2001:0:7f00:1::]/",
    // Private, shared, link-local, and where clouds keep their keys.
    "https://10.0.0.1/",
    "https://10.255.255.255/",
    "https://172.16.0.1/",
    "https://172.31.255.255/",
    "https://192.168.0.1/",
    "https://100.64.0.1/",
    "https://100.127.255.255/",
    "https://169.254.169.254/latest/meta-data/",
    "https://169.254.170.2/v2/credentials",
    "https://100.100.100.200/latest/meta-data/",
    "https://2852039166/",
    "https://0xa9fea9fe/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1]/",
    "https://[fe80::1%25eth0]/",
    "https://[fc00::1]/",
    "https://[::ffff:169.254.169.254]/",
    "https://metadata.google.internal/",
    "https://metadata/",
    "https://kubernetes.default.svc.cluster.local/",
    "https://vault.home.arpa/",
    // No single host, or nobody's.
    "https://224.0.0.1/",
    "https://255.255.255.255/",
    "https://192.0.2.1/",
    "https://198.18.0.1/",
    "https://[ff02::1]/",
    "https://[2001:db8::1]/",
    // Back into the app, past every key.
    "https://cash.spin.internal/internal/sweep",
    "https://CASH.SPIN.INTERNAL/",
    "https://self/",
    // Who is meant is not who it seems.
    "https://hooks.example.com@127.0.0.1/",
    "https://user:password@hooks.example.com/",
    "https://127.0.0.1\\@hooks.example.com/",
    "https://hooks.example.com#@127.0.0.1/",
    "https://\u{ff11}\u{ff12}\u{ff17}.0.0.1/",
    "https://\u{2460}\u{2461}\u{2466}.0.0.1/",
    "https://127\u{3002}0.0.1/",
];

/// What is no address of the web at all.
const STRANGE: [&str; 18] = [
    "http://hooks.example.com/",
    "//hooks.example.com/",
    "hooks.example.com",
    "file:///etc/passwd",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "ftp://hooks.example.com/",
    "dict://127.0.0.1:11211/",
    "javascript:alert(1)",
    "data:text/plain,x",
    "https:///",
    "https://",
    "https://:443/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:65536/",
    "https://hooks.example.com:8a/",
    "https://hooks.example.com/\r\nHost: evil.example",
    "https://hooks.example.com /",
    "https://[::1/",
];

#[test]
fn no_endpoint_leads_inside() {
    let app = own!(App::start_with(&[(
        "webhook_signing_keys",
        "a-signing-key-of-thirty-two-bytes-at-least"
    )]));
    let mut tried = Tried::of("addresses that lead inside");
    let good = json!({"url": "https://hooks.example.com/in"});
    let id = app
        .post("/v1/webhook-endpoints")
        .json(&good)
        .send(201)
        .string("/id");
    for url in INSIDE.iter().chain(&STRANGE) {
        let body = json!({"url": url});
        let made = app.post("/v1/webhook-endpoints").json(&body).send(422);
        assert_eq!(made.pointers(), ["/url"], "{url}");
        let changed = app
            .call("PATCH", &format!("/v1/webhook-endpoints/{id}"))
            .json(&body)
            .send(422);
        assert_eq!(changed.pointers(), ["/url"], "{url}");
        tried.one();
        tried.one();
    }
    let listed = app.get("/v1/webhook-endpoints").send(200).json();
    assert_eq!(listed["data"].as_array().map(Vec::len), Some(1), "{listed}");
    assert_eq!(listed["data"][0]["url"], good["url"]);
}

/// Who is allowed to be called is the host's to decide as well: an address that was stored while a deployment allowed its
/// own network is not called once it does not.
#[test]
fn what_was_stored_when_it_was_allowed_is_judged_again_when_it_is_called() {
    let app = own!(App::start_with(&[
        (
            "webhook_signing_keys",
            "a-signing-key-of-thirty-two-bytes-at-least"
        ),
        ("webhook_private_networks", "allow"),
    ]));
    let mut tried = Tried::of("calls to what is not on the allow list");
    let inside = Recorder::start(|_| Reply::json(200, &json!({})));
    for url in [
        inside.url(),
        format!("{}/in", inside.url().replace("127.0.0.1", "localhost")),
    ] {
        app.post("/v1/webhook-endpoints")
            .json(&json!({"url": url}))
            .send(201);
        tried.one();
    }
    let known = app.new_customer();
    app.new_invoice(&known, "10.00", "2026-02-01");
    app.job("relay");
    assert!(
        inside.journal().is_empty(),
        "called although only https is on the allow list"
    );
}

#[test]
fn what_is_only_shown_is_never_fetched() {
    let elsewhere = Recorder::start(|_| Reply::json(200, &json!({})));
    let url = elsewhere.url();
    let app = own!(App::start_with(&[
        ("sns_url", "https://sns.eu-central-1.amazonaws.com"),
        ("ses_topic", "arn:aws:sns:eu-central-1:1:dunlin"),
    ]));
    let mut tried = Tried::of("addresses in what others send");
    let known = app.new_customer();
    let mut document = invoice(&unique("R"), &known.external_id, "10.00", "2026-01-09");
    document["documents"] = json!([{"name": "x", "url": format!("{url}/document")}]);
    app.post("/v1/invoices").json(&document).answer();
    tried.one();
    let file = format!("<cac:ExternalReference><cbc:URI>{url}/file</cbc:URI></cac:ExternalReference>");
    let ubl = crate::ubl::document(&unique("UBL")).replace(
        "<cac:AccountingSupplierParty>",
        &format!(
            "<cac:AdditionalDocumentReference><cbc:ID>D</cbc:ID><cac:Attachment>{file}</cac:Attachment>\
             </cac:AdditionalDocumentReference><cac:AccountingSupplierParty>"
        ),
    );
    app.post("/v1/invoices").xml(ubl).answer();
    tried.one();
    // SNS says where its certificate lies and where to confirm: anybody can say that.
    for base in [
        url.clone(),
        format!("https://sns.eu-central-1.amazonaws.com@{}", &url[7..]),
        format!("{url}/https://sns.eu-central-1.amazonaws.com"),
    ] {
        let envelope = json!({"Type": "SubscriptionConfirmation", "MessageId": "m", "Token": "t",
            "TopicArn": "arn:aws:sns:eu-central-1:1:dunlin", "Message": "x", "Timestamp": "2026-01-12T09:00:00.000Z",
            "SignatureVersion": "2", "Signature": "AAAA", "SigningCertURL": format!("{base}/cert.pem"),
            "SubscribeURL": format!("{base}/?Action=ConfirmSubscription")});
        app.post("/webhooks/ses")
            .anonymous()
            .body("text/plain", envelope.to_string())
            .send(401);
        tried.one();
    }
    for job in ["sweep", "deliver", "relay", "inbound", "payments"] {
        app.job(job);
    }
    assert!(elsewhere.journal().is_empty(), "{:?}", elsewhere.journal());
}

/// A payment provider, or who answers in its place, says where the payer goes: to a page, or nowhere.
#[test]
fn a_provider_sends_nobody_to_what_is_no_page() {
    own!();
    let mut tried = Tried::of("pages that a provider names");
    let strange = [
        "javascript:alert(1)",
        "data:text/html,<script>alert(1)</script>",
        "//evil.example/",
        "/console/logout",
        "https://user@evil.example/",
        "https://evil.example/\r\nset-cookie: dunlin_session=x",
        "file:///etc/passwd",
        "",
    ];
    for page in strange {
        let stripe = Recorder::start(move |_| {
            let session: Value = json!({"id": "cs_1", "url": page, "expires_at": 1_768_300_000, "status": "open",
                "payment_status": "unpaid", "amount_total": 1000, "currency": "eur"});
            Reply::json(200, &session)
        });
        let app = App::start_with(&[
            ("stripe_url", &stripe.url()),
            ("stripe_secret_key", "sk_test_sandpiper"),
        ]);
        let known = app.new_customer();
        app.new_invoice(&known, "10.00", "2026-01-09");
        let link = app
            .post("/v1/payment-links")
            .json(&json!({"customer": {"id": known.id}}))
            .send(201)
            .string("/url");
        for _ in 0..2 {
            let pressed = app.post(&link).anonymous().form(&[("method", "stripe")]).answer();
            assert_eq!(pressed.header("location"), None, "{page:?}: {}", pressed.text());
            assert!(pressed.status < 500, "{page:?}: {}", pressed.text());
            tried.one();
        }
        assert!(!stripe.journal().is_empty());
    }
}

//! Where secrets may not be: each variable that is one is a canary here, everything that uses it is made to fail, and then
//! everything is looked through that anybody could come by.
//!
//! The rest of the suite is looked through in the same way, app by app: [`canary`].

use std::fs;
use std::process::Command;

use serde_json::{Value, json};

use super::Tried;
use crate::harness::{App, Recorder, Reply, canary, own, say, unique};

/// A value that a variable's reader takes, and that is nowhere else.
fn canary_for(name: &str, number: usize) -> String {
    let base64 = data_encoding::BASE64.encode(format!("canary {number:02} of a secret, xqz").as_bytes());
    match name {
        "adyen_hmac_keys" => {
            data_encoding::HEXUPPER.encode(format!("canary {number:02} of a secret, xqz").as_bytes())
        }
        "postmark_webhook_auth" => format!("canary{number:02}:xqz-password-{number:02}"),
        _ if name.ends_with("_secret") || name.ends_with("_secrets") || name.ends_with("_keys") => {
            format!("whsec_{base64}")
        }
        _ => format!("canary-{number:02}-xqz-{name}"),
    }
}

/// Everybody whom the app may call, set to one address.
const WHOM: [&str; 20] = [
    "postmark_url",
    "sendgrid_url",
    "mailgun_url",
    "resend_url",
    "ses_url",
    "sns_url",
    "twilio_url",
    "vonage_url",
    "lob_url",
    "stripe_url",
    "mollie_url",
    "adyen_url",
    "razorpay_url",
    "gocardless_url",
    "paypal_url",
    "xero_url",
    "xero_identity_url",
    "quickbooks_url",
    "quickbooks_oauth_url",
    "webhook_channel_host",
];
/// What else has to be set for somebody to be called at all.
const MORE: [(&str, &str); 22] = [
    ("sms_providers", "twilio vonage"),
    ("voice_providers", "twilio vonage"),
    ("letter_providers", "lob"),
    ("twilio_account_sid", "AC00000000000000000000000000000000"),
    ("twilio_sms_from", "+15005550006"),
    ("twilio_voice_from", "+15005550006"),
    ("vonage_api_key", "vk"),
    ("vonage_application_id", "app"),
    ("vonage_sms_from", "Sandpiper"),
    ("vonage_voice_from", "15005550006"),
    ("lob_from", "adr_1"),
    ("mailgun_domain", "mg.sandpiper.example"),
    ("ses_access_key", "AKIDEXAMPLE"),
    ("ses_region", "eu-central-1"),
    ("ses_topic", "arn:aws:sns:eu-central-1:1:dunlin"),
    ("razorpay_key_id", "rzp_test_1"),
    ("paypal_client_id", "client"),
    ("adyen_merchant_account", "Sandpiper"),
    ("xero_client_id", "client"),
    ("xero_tenant", "tenant"),
    ("quickbooks_client_id", "client"),
    ("quickbooks_realm", "1"),
];

#[test]
fn no_secret_is_anywhere_but_where_it_is_used() {
    own!();
    let mut tried = Tried::of("secrets looked for, by what might have shown them");
    // Whoever is called answers with the worst that there is: what it was sent, credentials included.
    let everybody = Recorder::start(|request| {
        let all: Vec<String> = [
            "authorization",
            "x-api-key",
            "x-postmark-server-token",
            "x-amz-security-token",
        ]
        .iter()
        .filter_map(|name| request.header(name).map(str::to_owned))
        .collect();
        let said = format!("no such key: {}", all.join(" "));
        Reply::json(
            401,
            &json!({"error": {"message": said, "type": "auth"}, "errors": [{"message": said}],
            "message": said, "name": "validation_error", "title": said, "detail": said}),
        )
    });
    let url = everybody.url();
    let names = canary::secret_variables();
    let canaries: Vec<(String, String)> = names
        .iter()
        .enumerate()
        .filter(|(_, name)| !["admin_key", "cron_key", "sandbox_secret"].contains(&name.as_str()))
        .map(|(number, name)| match name.as_str() {
            // A key of the shape that its reader wants.
            "vonage_private_key" => (name.clone(), crate::phone::VONAGE_PRIVATE_KEY.to_owned()),
            _ => (name.clone(), canary_for(name, number)),
        })
        .collect();
    assert!(canaries.len() > 30, "{canaries:?}");
    let of = |provider: &'static str| {
        let mut variables: Vec<(&str, &str)> = canaries
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        variables.extend(WHOM.map(|name| (name, url.as_str())));
        variables.extend(MORE);
        variables.push(("email_providers", provider));
        App::start_with(&variables)
    };
    // A key in PEM is lines between two that say what they are.
    let lines = canaries.iter().flat_map(|(_, value)| value.lines());
    let secrets: Vec<String> = lines
        .filter(|line| !line.contains("-----"))
        .map(str::to_owned)
        .collect();
    for provider in ["postmark", "sendgrid", "mailgun", "resend", "ses"] {
        let app = of(provider);
        let mut tokens = vec![
            app.admin_key.clone(),
            app.cron_key.clone(),
            app.sandbox_secret.clone(),
        ];
        let known = app.new_customer();
        app.new_invoice(&known, "10.00", "2026-01-09");
        // What is made here and shown once.
        let key = app.post("/v1/api-keys").header("idempotency-key", &unique("k"));
        let key = key
            .json(&json!({"name": "k", "scopes": ["read"]}))
            .send(201)
            .string("/key");
        let endpoint = app
            .post("/v1/webhook-endpoints")
            .header("idempotency-key", &unique("k"));
        let endpoint = endpoint
            .json(&json!({"url": "https://hooks.example.com/in"}))
            .send(201);
        let session = app
            .post("/console/login")
            .anonymous()
            .form(&[("key", &key)])
            .send(303);
        let session = session.header("set-cookie").expect("a cookie").to_owned();
        let session = session.split(['=', ';']).nth(1).expect("a value").to_owned();
        let link = app
            .post("/v1/payment-links")
            .header("idempotency-key", &unique("k"));
        let link = link
            .json(&json!({"customer": {"id": known.id}}))
            .send(201)
            .string("/url");
        let token = link.rsplit('/').next().expect("a token").to_owned();
        // The part of a key that opens: what is before it is its id. It may have underscores of its own.
        let opens = key.splitn(3, '_').nth(2).expect("a secret").to_owned();
        tokens.extend([opens, session, token.clone(), endpoint.string("/secret")]);
        for method in [
            "stripe",
            "mollie",
            "adyen",
            "razorpay",
            "gocardless",
            "paypal",
            "sandbox",
        ] {
            app.post(&link).anonymous().form(&[("method", method)]).answer();
            tried.one();
        }
        for source in [
            "billing",
            "stripe-billing",
            "xero",
            "quickbooks",
            "stripe",
            "mollie",
            "adyen",
            "razorpay",
            "gocardless",
            "paypal",
            "sandbox",
            "postmark",
            "sendgrid",
            "mailgun",
            "resend",
            "ses",
            "twilio",
            "vonage",
            "lob",
        ] {
            let call = app
                .post(&format!("/webhooks/{source}"))
                .anonymous()
                .json(&json!({"id": "tr_1", "type": "x"}));
            let answer = call.header("stripe-signature", "t=1768208400,v1=00").answer();
            assert!(answer.status < 600);
            tried.one();
        }
        app.clock("2026-01-13T09:00:00Z");
        for job in [
            "sweep", "deliver", "relay", "inbound", "payments", "replies", "match", "risk",
        ] {
            // Where nobody takes its credentials, a job says so.
            let answer = app.post(&format!("/internal/{job}")).key(&app.cron_key).answer();
            assert!([200, 502].contains(&answer.status), "{job}: {}", answer.text());
            app.get(&format!("/internal/{job}?key={}", app.cron_key))
                .anonymous()
                .answer();
            app.get(&format!("/internal/{job}?key=wrong"))
                .anonymous()
                .answer();
            tried.one();
        }
        app.get(&format!("/v1/customers/{}/export", known.id)).send(200);
        // What leaves is in a header or a body: an address is logged by everybody on the way.
        let state = app.into_state();
        let dump = Command::new("grep")
            .args(["-r", "-c", "", "--"])
            .arg(state.path())
            .output()
            .expect("grep");
        assert!(dump.status.success(), "there is nothing to look through");
        let all: Vec<String> = secrets.iter().chain(&tokens).cloned().collect();
        assert!(
            all.iter().all(|secret| secret.len() >= 8),
            "it would be found anywhere"
        );
        let found = canary::files_with(&all, state.path());
        assert_eq!(
            found,
            Vec::<String>::new(),
            "a secret or a token stands there as it is"
        );
        tried.one();
    }
    for request in everybody.journal() {
        let shown = secrets
            .iter()
            .find(|secret| request.path.contains(secret.as_str()));
        assert_eq!(shown, None, "{} {}", request.method, request.path);
        tried.one();
    }
    let who: std::collections::BTreeSet<String> = everybody
        .journal()
        .iter()
        .map(|request| request.path.split('?').next().unwrap_or_default().to_owned())
        .collect();
    say(&format!("secrets: {} canaries; called: {who:?}", secrets.len()));
    assert!(who.len() >= 6, "{who:?}");
}

/// The search finds what is there: else it would find nothing for ever.
#[test]
fn a_canary_is_found_in_a_file_of_any_kind() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("logs")).expect("a folder");
    let secrets = vec!["canary-xqz".to_owned(), "other-xqz".to_owned()];
    fs::write(folder.path().join("logs/a"), "nothing").expect("a file");
    assert!(canary::files_with(&secrets, folder.path()).is_empty());
    fs::write(folder.path().join("logs/b"), b"\0\xff\x00other-xqz\0\0").expect("a file");
    assert_eq!(canary::files_with(&secrets, folder.path()).len(), 1);
    assert!(
        canary::secret_variables()
            .iter()
            .any(|name| name == "stripe_secret_key")
    );
    let value: Value = json!(canary_for("adyen_hmac_keys", 1));
    assert!(value.as_str().is_some_and(|hex| hex.len() % 2 == 0));
}

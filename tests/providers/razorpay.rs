//! Razorpay as its API is documented: payment links of which there is one a reference, refunds, signed events.

use serde_json::{Value, json};

use super::{Player, SECRET, Setup, State, body, hex};
use crate::harness::{Answer, Reply, Request, unique};

pub(super) const PLAYER: Player = Player {
    name: "razorpay",
    country: "IN",
    currency: "INR",
    variables: |url| {
        vec![
            ("razorpay_key_id", "rzp_live".to_owned()),
            ("razorpay_key_secret", "secret".to_owned()),
            ("razorpay_webhook_secrets", SECRET.replace(' ', "-")),
            ("razorpay_url", url.to_owned()),
        ]
    },
    answer,
    prefixes: ["plink_", "pay_", "rfnd_"],
    before: 0,
    pays,
    tells,
    loses,
    refunds,
    forged,
};

fn answer(state: &mut State, request: &Request) -> Reply {
    // base64 of rzp_live:secret
    assert_eq!(
        request.header("authorization"),
        Some("Basic cnpwX2xpdmU6c2VjcmV0")
    );
    let refused = |text: &str| {
        Reply::json(
            400,
            &json!({"error": {"code": "BAD_REQUEST_ERROR", "description": text}}),
        )
    };
    let (path, query) = request.path.split_once('?').unwrap_or((&request.path, ""));
    let path: Vec<&str> = path.split('/').skip(1).collect();
    match (request.method.as_str(), path.as_slice()) {
        ("POST", ["v1", "payment_links"]) => {
            let asked = body(request);
            let same = |link: &&Value| link["reference_id"] == asked["reference_id"];
            if state.of("plink_").iter().any(same) {
                return refused("payment link with given reference_id already exists");
            }
            let id = state.next_id("plink_");
            assert!(
                asked["amount"].is_i64() && asked["accept_partial"] == false,
                "{asked}"
            );
            let link = json!({"id": id, "reference_id": asked["reference_id"], "status": "created", "amount_paid": 0,
                "amount": asked["amount"], "currency": asked["currency"], "payments": null,
                "short_url": format!("https://rzp.example/{id}")});
            state.objects.insert(id, link.clone());
            Reply::json(200, &link)
        }
        ("GET", ["v1", "payment_links"]) => {
            let wanted = query.strip_prefix("reference_id=").expect("a reference");
            let found: Vec<_> = state
                .of("plink_")
                .into_iter()
                .filter(|link| link["reference_id"] == wanted)
                .collect();
            Reply::json(200, &json!({"payment_links": found}))
        }
        ("GET", ["v1", "payment_links", id]) => Reply::json(200, &state.objects[*id]),
        ("POST", ["v1", "payment_links", id, "cancel"]) => {
            let link = state.objects.get_mut(*id).expect("a link");
            if link["status"] != "created" {
                return refused("payment link cannot be cancelled");
            }
            link["status"] = json!("cancelled");
            Reply::json(200, link)
        }
        ("POST", ["v1", "payments", id, "refund"]) => {
            let key = request.header("x-refund-idempotency").expect("a key").to_owned();
            if let Some(reply) = state.replayed(Some(&key), request) {
                return reply;
            }
            let asked = body(request);
            let refund = json!({"id": state.next_id("rfnd_"), "payment_id": id, "amount": asked["amount"],
                "currency": "INR", "status": "pending", "notes": asked["notes"]});
            state
                .objects
                .insert(refund["id"].as_str().expect("an id").to_owned(), refund.clone());
            let reply = Reply::json(200, &refund);
            state.keys.insert(key, (request.body.clone(), reply.clone()));
            reply
        }
        other => panic!("{other:?}"),
    }
}

fn pays(state: &mut State, session: &str) {
    let id = state.next_id("pay_");
    let link = state.objects.get_mut(session).expect("a link");
    link["status"] = json!("paid");
    link["amount_paid"] = link["amount"].clone();
    link["payments"] =
        json!([{"payment_id": id, "status": "captured", "method": "upi", "created_at": 1_768_208_400}]);
    let payment = json!({"id": id, "amount": link["amount"], "currency": link["currency"], "method": "upi",
        "created_at": 1_768_208_400});
    state.objects.insert(id, payment);
}

fn tell(setup: &Setup, kind: &str, payload: &Value) -> Answer {
    let text = json!({"entity": "event", "event": kind, "payload": payload}).to_string();
    let send = || {
        let secret = SECRET.replace(' ', "-");
        let signature = data_encoding::HEXLOWER.encode(&super::tag(secret.as_bytes(), &text));
        setup.hook().header("x-razorpay-signature", &signature)
    };
    let id = unique("evt");
    let first = send()
        .header("x-razorpay-event-id", &id)
        .body("application/json", text.clone())
        .send(200);
    let again = send()
        .header("x-razorpay-event-id", &id)
        .body("application/json", text.clone())
        .send(200);
    assert_eq!(again.string("/status"), "duplicate");
    first
}

fn payment(state: &State, session: &str) -> Value {
    let id = state.objects[session]["payments"][0]["payment_id"]
        .as_str()
        .expect("a payment");
    state.objects[id].clone()
}

fn tells(setup: &Setup, session: &str) -> Answer {
    let payload = {
        let state = setup.state();
        json!({"payment_link": {"entity": state.objects[session]}, "payment": {"entity": payment(&state, session)}})
    };
    tell(setup, "payment_link.paid", &payload)
}

fn loses(setup: &Setup, session: &str) -> Answer {
    let payment = payment(&setup.state(), session);
    let dispute = json!({"dispute": {"entity": {"id": "disp_1", "payment_id": payment["id"], "amount": 12_500,
        "currency": "INR", "amount_deducted": 12_500, "reason_code": "goods_not_received"}}});
    tell(setup, "payment.dispute.created", &dispute);
    tell(setup, "payment.dispute.lost", &dispute)
}

fn refunds(setup: &Setup, refund: &str, well: bool) -> Answer {
    let (kind, status) = if well {
        ("refund.processed", "processed")
    } else {
        ("refund.failed", "failed")
    };
    let mut refund = setup.state().objects[refund].clone();
    refund["status"] = json!(status);
    tell(setup, kind, &json!({"refund": {"entity": refund}}))
}

fn forged(setup: &Setup) -> Option<Answer> {
    let text = json!({"event": "payment_link.paid", "payload": {}}).to_string();
    setup.hook().body("application/json", text.clone()).send(401);
    let wrong = hex(&format!("{text} "));
    Some(
        setup
            .hook()
            .header("x-razorpay-signature", &wrong)
            .body("application/json", text)
            .answer(),
    )
}

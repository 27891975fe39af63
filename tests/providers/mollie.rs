//! Mollie as its API is documented: payments with refunds and chargebacks, idempotency keys, an unsigned webhook.

use serde_json::{Value, json};

use super::{Player, Setup, State, body};
use crate::harness::{Answer, Reply, Request};

pub(super) const PLAYER: Player = Player {
    name: "mollie",
    country: "DE",
    currency: "EUR",
    variables: |url| {
        vec![
            ("mollie_api_key", "live_key".to_owned()),
            ("mollie_url", url.to_owned()),
        ]
    },
    answer,
    // Its sessions are its payments.
    prefixes: ["tr_", "tr_", "re_"],
    before: 0,
    pays,
    tells,
    loses,
    refunds,
    forged,
};

fn answer(state: &mut State, request: &Request) -> Reply {
    assert_eq!(request.header("authorization"), Some("Bearer live_key"));
    let key = request.header("idempotency-key");
    if let Some(reply) = state.replayed(key, request) {
        return reply;
    }
    let path = request.path.split('?').next().expect("a path");
    let path: Vec<&str> = path.split('/').skip(1).collect();
    let reply = match (request.method.as_str(), path.as_slice()) {
        ("POST", ["v2", "payments"]) => open(state, request),
        ("GET", ["v2", "payments", id]) => match state.objects.get(*id) {
            Some(_) => Reply::json(200, &whole(state, id)),
            None => Reply::json(404, &json!({"status": 404, "title": "Not Found"})),
        },
        ("DELETE", ["v2", "payments", id]) => {
            let payment = state.objects.get_mut(*id).expect("a payment");
            match payment["status"] == "open" {
                true => {
                    payment["status"] = json!("canceled");
                    Reply::json(200, payment)
                }
                false => Reply::json(422, &json!({"status": 422, "title": "Unprocessable Entity"})),
            }
        }
        ("POST", ["v2", "payments", id, "refunds"]) => refund(state, request, id),
        other => panic!("{other:?}"),
    };
    if let Some(key) = key {
        state
            .keys
            .insert(key.to_owned(), (request.body.clone(), reply.clone()));
    }
    reply
}

fn open(state: &mut State, request: &Request) -> Reply {
    let asked = body(request);
    assert_eq!(
        request.header("idempotency-key"),
        asked["metadata"]["checkout"].as_str()
    );
    assert_eq!(
        asked["webhookUrl"],
        "https://pay.sandpiper.example/webhooks/mollie"
    );
    assert!(
        asked["amount"]["value"].as_str().expect("text").contains('.'),
        "{asked}"
    );
    let id = state.next_id("tr_");
    let payment = json!({"resource": "payment", "id": id, "status": "open", "amount": asked["amount"],
        "metadata": asked["metadata"], "isCancelable": true, "expiresAt": "2026-01-12T20:00:00+00:00",
        "_links": {"checkout": {"href": format!("https://pay.mollie.example/{id}"), "type": "text/html"}}});
    state.objects.insert(id, payment.clone());
    Reply::json(201, &payment)
}

fn refund(state: &mut State, request: &Request, payment: &str) -> Reply {
    let asked = body(request);
    assert_eq!(
        request.header("idempotency-key"),
        asked["metadata"]["refund"].as_str()
    );
    let id = state.next_id("re_");
    let refund = json!({"resource": "refund", "id": id, "paymentId": payment, "status": "pending",
        "amount": asked["amount"], "metadata": asked["metadata"]});
    state.objects.insert(id, refund.clone());
    Reply::json(201, &refund)
}

/// A payment with what went back of it.
fn whole(state: &State, id: &str) -> Value {
    let mut payment = state.objects[id].clone();
    let of_it = |prefix| -> Vec<Value> {
        let all = state
            .of(prefix)
            .into_iter()
            .filter(|object| object["paymentId"] == id);
        all.cloned().collect()
    };
    payment["_embedded"] = json!({"refunds": of_it("re_"), "chargebacks": of_it("chb_")});
    payment
}

fn pays(state: &mut State, session: &str) {
    let payment = state.objects.get_mut(session).expect("a payment");
    payment["status"] = json!("paid");
    payment["method"] = json!("ideal");
    payment["paidAt"] = json!("2026-01-12T09:00:00+00:00");
}

fn tell(setup: &Setup, id: &str) -> Answer {
    let text = format!("id={id}");
    setup
        .hook()
        .body("application/x-www-form-urlencoded", text)
        .send(200)
}

fn tells(setup: &Setup, session: &str) -> Answer {
    tell(setup, session)
}

fn loses(setup: &Setup, session: &str) -> Answer {
    let chargeback = json!({"id": "chb_1", "paymentId": session, "amount": {"value": "125.00", "currency": "EUR"},
        "reason": {"code": "MD06", "description": "Refund request by end customer"}, "reversedAt": null});
    setup.state().objects.insert("chb_1".to_owned(), chargeback);
    tell(setup, session)
}

fn refunds(setup: &Setup, refund: &str, well: bool) -> Answer {
    let payment = {
        let mut state = setup.state();
        let refund = state.objects.get_mut(refund).expect("a refund");
        refund["status"] = json!(if well { "refunded" } else { "failed" });
        refund["paymentId"].as_str().expect("a payment").to_owned()
    };
    tell(setup, &payment)
}

/// Nothing is signed: what is not so at Mollie is not so, whoever says it. A payment that there is not is no secret.
fn forged(setup: &Setup) -> Option<Answer> {
    let answer = tell(setup, "tr_1");
    assert_eq!(answer.string("/status"), "ignored");
    assert_eq!(tell(setup, "tr_99").string("/status"), "ignored");
    let elsewhere = setup
        .hook()
        .body("application/x-www-form-urlencoded", "id=tr_1/../../x");
    elsewhere.send(400);
    None
}

//! PayPal as its API is documented: orders that are approved and captured, refunds, events that its API vouches for.

use serde_json::{Value, json};

use super::{Player, Setup, State, body};
use crate::harness::{Answer, Reply, Request, unique};

pub(super) const PLAYER: Player = Player {
    name: "paypal",
    country: "DE",
    currency: "EUR",
    variables: |url| {
        vec![
            ("paypal_client_id", "client".to_owned()),
            ("paypal_client_secret", "secret".to_owned()),
            ("paypal_webhook_id", "WH-1".to_owned()),
            ("paypal_url", url.to_owned()),
        ]
    },
    answer,
    prefixes: ["O-", "C-", "R-"],
    // The token.
    before: 1,
    pays,
    tells,
    loses,
    refunds,
    forged,
};

fn answer(state: &mut State, request: &Request) -> Reply {
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    if path == ["v1", "oauth2", "token"] {
        assert_eq!(
            request.header("authorization"),
            Some("Basic Y2xpZW50OnNlY3JldA==")
        );
        assert_eq!(request.body, "grant_type=client_credentials");
        return Reply::json(
            200,
            &json!({"access_token": "A21", "token_type": "Bearer", "expires_in": 32_400}),
        );
    }
    assert_eq!(request.header("authorization"), Some("Bearer A21"));
    let key = request.header("paypal-request-id");
    if let Some(reply) = state.replayed(key, request) {
        return reply;
    }
    let unprocessable = |issue: &str| {
        Reply::json(
            422,
            &json!({"name": "UNPROCESSABLE_ENTITY", "details": [{"issue": issue}]}),
        )
    };
    let reply = match (request.method.as_str(), path.as_slice()) {
        ("POST", ["v1", "notifications", "verify-webhook-signature"]) => {
            let asked = body(request);
            let known = asked["webhook_id"] == "WH-1" && asked["transmission_sig"] == "signed";
            // The event as it was sent, blanks and all.
            assert!(
                request.body.contains(r#""resource_version":  "2.0""#),
                "{}",
                request.body
            );
            let status = if known { "SUCCESS" } else { "FAILURE" };
            Reply::json(200, &json!({"verification_status": status}))
        }
        ("POST", ["v2", "checkout", "orders"]) => {
            let mut order = body(request);
            assert_eq!(order["intent"], "CAPTURE");
            let id = state.next_id("O-");
            order["id"] = json!(id);
            order["status"] = json!("PAYER_ACTION_REQUIRED");
            order["links"] = json!([{"rel": "self", "href": "https://api.example/x", "method": "GET"},
                {"rel": "payer-action", "href": format!("https://www.paypal.example/{id}"), "method": "GET"}]);
            state.objects.insert(id, order.clone());
            Reply::json(200, &order)
        }
        ("GET", ["v2", "checkout", "orders", id]) => Reply::json(200, &state.objects[*id]),
        ("POST", ["v2", "checkout", "orders", id, "capture"]) => {
            let capture = state.next_id("C-");
            let order = state.objects.get_mut(*id).expect("an order");
            match order["status"].as_str() {
                Some("APPROVED") => {}
                Some("COMPLETED") => return unprocessable("ORDER_ALREADY_CAPTURED"),
                _ => return unprocessable("ORDER_NOT_APPROVED"),
            }
            order["status"] = json!("COMPLETED");
            let unit = order["purchase_units"][0].clone();
            let captured = json!({"id": capture, "status": "COMPLETED", "amount": unit["amount"],
                "custom_id": unit["custom_id"], "create_time": "2026-01-12T09:00:00Z"});
            order["purchase_units"][0]["payments"] = json!({"captures": [captured]});
            let order = order.clone();
            state.objects.insert(capture, captured);
            Reply::json(201, &order)
        }
        ("POST", ["v2", "payments", "captures", capture, "refund"]) => {
            let mut refund = body(request);
            let id = state.next_id("R-");
            refund["id"] = json!(id);
            refund["status"] = json!("PENDING");
            refund["links"] =
                json!([{"rel": "up", "href": format!("https://api.example/v2/payments/captures/{capture}")}]);
            state.objects.insert(id, refund.clone());
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
    state.objects.get_mut(session).expect("an order")["status"] = json!("APPROVED");
}

fn send(setup: &Setup, text: &str, signature: &str) -> Answer {
    let mut call = setup.hook();
    for (name, value) in [
        ("paypal-auth-algo", "SHA256withRSA"),
        ("paypal-cert-url", "https://api.paypal.example/cert"),
        ("paypal-transmission-id", "69cd13f0"),
        ("paypal-transmission-sig", signature),
        ("paypal-transmission-time", "2026-01-12T09:00:00Z"),
    ] {
        call = call.header(name, value);
    }
    call.body("application/json", text).answer()
}

fn event(kind: &str, resource: &Value) -> String {
    let id = unique("WH");
    format!(r#"{{"id": "{id}", "resource_version":  "2.0", "event_type": "{kind}", "resource": {resource}}}"#)
}

fn tell(setup: &Setup, kind: &str, resource: &Value) -> Answer {
    let text = event(kind, resource);
    let first = send(setup, &text, "signed");
    assert_eq!(first.status, 200, "{}", first.text());
    assert_eq!(send(setup, &text, "signed").string("/status"), "duplicate");
    first
}

fn tells(setup: &Setup, session: &str) -> Answer {
    let mut order = setup.state().objects[session].clone();
    order["status"] = json!("APPROVED");
    order["purchase_units"][0]["payments"] = Value::Null;
    tell(setup, "CHECKOUT.ORDER.APPROVED", &order);
    // Captured now, by us; and PayPal says so.
    let capture = setup.state().objects[session]["purchase_units"][0]["payments"]["captures"][0].clone();
    tell(setup, "PAYMENT.CAPTURE.COMPLETED", &capture)
}

fn loses(setup: &Setup, session: &str) -> Answer {
    let capture = setup.state().objects[session]["purchase_units"][0]["payments"]["captures"][0].clone();
    let mut dispute = json!({"dispute_id": "PP-D-1", "reason": "UNAUTHORISED",
        "disputed_transactions": [{"seller_transaction_id": capture["id"]}], "dispute_amount": capture["amount"]});
    tell(setup, "CUSTOMER.DISPUTE.CREATED", &dispute);
    dispute["dispute_outcome"] = json!({"outcome_code": "RESOLVED_BUYER_FAVOUR"});
    tell(setup, "CUSTOMER.DISPUTE.RESOLVED", &dispute)
}

fn refunds(setup: &Setup, refund: &str, well: bool) -> Answer {
    let (kind, status) = match well {
        true => ("PAYMENT.CAPTURE.REFUNDED", "COMPLETED"),
        false => ("PAYMENT.REFUND.FAILED", "FAILED"),
    };
    let mut refund = setup.state().objects[refund].clone();
    refund["status"] = json!(status);
    tell(setup, kind, &refund)
}

fn forged(setup: &Setup) -> Option<Answer> {
    let text = event("PAYMENT.CAPTURE.COMPLETED", &json!({}));
    setup.hook().body("application/json", text.clone()).send(401);
    Some(send(setup, &text, "forged"))
}

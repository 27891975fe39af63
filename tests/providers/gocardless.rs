//! GoCardless as its API is documented: billing requests and their flows, payments under a mandate, refunds; what is asked
//! for again under a key is answered 409 with the name of what there is; events without amounts.

use serde_json::{Value, json};

use super::{Player, SECRET, Setup, State, body, hex};
use crate::harness::{Answer, Reply, Request, unique};

pub(super) const PLAYER: Player = Player {
    name: "gocardless",
    country: "GB",
    currency: "GBP",
    variables: |url| {
        vec![
            ("gocardless_access_token", "live_token".to_owned()),
            ("gocardless_webhook_secrets", SECRET.replace(' ', "-")),
            ("gocardless_url", url.to_owned()),
        ]
    },
    answer,
    prefixes: ["BRQ", "PM", "RF"],
    before: 0,
    pays,
    tells,
    loses,
    refunds,
    forged,
};

fn answer(state: &mut State, request: &Request) -> Reply {
    assert_eq!(request.header("authorization"), Some("Bearer live_token"));
    assert_eq!(request.header("gocardless-version"), Some("2015-07-06"));
    let key = request.header("idempotency-key");
    if let Some(key) = key
        && let Some((asked, made)) = state.keys.get(key)
    {
        assert_eq!(*asked, request.body, "another request under {key}");
        return made.clone();
    }
    let path: Vec<&str> = request.path.split('/').skip(1).collect();
    let (folder, prefix) = match path.first() {
        Some(&"billing_requests") => ("billing_requests", "BRQ"),
        Some(&"payments") => ("payments", "PM"),
        Some(&"refunds") => ("refunds", "RF"),
        Some(&"billing_request_flows") => ("billing_request_flows", "BRF"),
        other => panic!("{other:?}"),
    };
    match (request.method.as_str(), path.as_slice()) {
        ("POST", [_]) => {
            let mut object = body(request)[folder].clone();
            let id = state.next_id(prefix);
            object["id"] = json!(id);
            match folder {
                "billing_requests" => {
                    object["status"] = json!("pending");
                    object["links"] = json!({});
                }
                "billing_request_flows" => {
                    let of = object["links"]["billing_request"].as_str().expect("a request");
                    object["authorisation_url"] = json!(format!("https://pay.gocardless.example/{of}"));
                    return Reply::json(201, &json!({ folder: object }));
                }
                "payments" => {
                    object["status"] = json!("pending_submission");
                    object["charge_date"] = json!("2026-01-15");
                }
                _ => {
                    object["status"] = json!("created");
                    object["currency"] = json!("GBP");
                }
            }
            state.objects.insert(id.clone(), object.clone());
            if let Some(key) = key {
                let links = json!({"conflicting_resource_id": id});
                let conflict = json!({"error": {"code": 409, "type": "invalid_state",
                    "errors": [{"reason": "idempotent_creation_conflict", "links": links}]}});
                state.keys.insert(
                    key.to_owned(),
                    (request.body.clone(), Reply::json(409, &conflict)),
                );
            }
            Reply::json(201, &json!({ folder: object }))
        }
        ("GET", [_, id]) => Reply::json(200, &json!({ folder: state.objects[*id] })),
        ("POST", ["billing_requests", id, "actions", "cancel"]) => {
            let object = state.objects.get_mut(*id).expect("a request");
            if object["status"] != "pending" {
                return Reply::json(
                    422,
                    &json!({"error": {"code": 422, "type": "invalid_state", "errors": []}}),
                );
            }
            object["status"] = json!("cancelled");
            Reply::json(200, &json!({ folder: object }))
        }
        other => panic!("{other:?}"),
    }
}

/// The payer signs; nothing is collected yet.
fn pays(state: &mut State, session: &str) {
    let request = state.objects.get_mut(session).expect("a request");
    request["status"] = json!("fulfilled");
    request["links"]["mandate_request_mandate"] = json!("MD0001");
}

/// The bank has paid what was collected.
pub(super) fn confirm(state: &mut State) {
    let payments = state.objects.iter_mut().filter(|(id, _)| id.starts_with("PM"));
    for (_, payment) in payments {
        payment["status"] = json!("confirmed");
    }
}

fn send(setup: &Setup, text: &str, signature: &str) -> Answer {
    setup
        .hook()
        .header("webhook-signature", signature)
        .body("application/json", text)
        .answer()
}

fn tell(setup: &Setup, events: &[(&str, &str, &str)]) -> Answer {
    let events = events.iter().map(|(kind, action, id)| {
        let link = kind.trim_end_matches('s');
        json!({"id": unique("EV").replace('-', ""), "resource_type": kind, "action": action, "links": {link: id}})
    });
    let text = json!({"events": events.collect::<Vec<Value>>()}).to_string();
    let secret = SECRET.replace(' ', "-");
    let signature = data_encoding::HEXLOWER.encode(&super::tag(secret.as_bytes(), &text));
    let first = send(setup, &text, &signature);
    assert_eq!(first.status, 200, "{}", first.text());
    // The same delivery again.
    assert_eq!(send(setup, &text, &signature).status, 200);
    first
}

/// The payment of a request.
fn payment(setup: &Setup, session: &str) -> String {
    let state = setup.state();
    let name = &state.objects[session]["metadata"]["checkout"];
    let mut found = state
        .objects
        .iter()
        .filter(|(id, object)| id.starts_with("PM") && object["metadata"]["checkout"] == *name);
    found.next().expect("a payment").0.clone()
}

fn tells(setup: &Setup, session: &str) -> Answer {
    tell(setup, &[("billing_requests", "fulfilled", session)]);
    let payment = payment(setup, session);
    // Told in one delivery, in the wrong order.
    confirm(&mut setup.state());
    tell(
        setup,
        &[
            ("payments", "confirmed", &payment),
            ("payments", "submitted", &payment),
            ("mandates", "active", "MD0001"),
        ],
    )
}

/// A late failure: confirmed, and returned all the same.
fn loses(setup: &Setup, session: &str) -> Answer {
    let payment = payment(setup, session);
    setup.state().objects.get_mut(&payment).expect("a payment")["status"] = json!("failed");
    tell(setup, &[("payments", "late_failure_settled", &payment)])
}

fn refunds(setup: &Setup, refund: &str, well: bool) -> Answer {
    let status = if well { "paid" } else { "bounced" };
    setup.state().objects.get_mut(refund).expect("a refund")["status"] = json!(status);
    tell(setup, &[("refunds", status, refund)])
}

fn forged(setup: &Setup) -> Option<Answer> {
    let text = json!({"events": []}).to_string();
    setup.hook().body("application/json", text.clone()).send(401);
    Some(send(setup, &text, &hex(&text)))
}

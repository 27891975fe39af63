//! A Stripe that keeps sessions and honours idempotency keys as Stripe documents it, behind a recorder.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};

use super::NOW;
use crate::harness::{Fault, Recorder, Reply, Request};

/// Where its pages are said to be; nobody goes there.
const PAGES: &str = "https://checkout.stripe.example/c/pay/";

#[derive(Default)]
struct State {
    /// By id.
    sessions: BTreeMap<String, Value>,
    refunds: Vec<Value>,
    /// What was asked under a key, and what was answered.
    keys: BTreeMap<String, (String, Reply)>,
}

/// A running one.
pub(super) struct FakeStripe {
    recorder: Recorder,
    state: Arc<Mutex<State>>,
}

impl FakeStripe {
    pub(super) fn start() -> Self {
        let state = Arc::<Mutex<State>>::default();
        let kept = Arc::clone(&state);
        let recorder = Recorder::start(move |request| kept.lock().expect("state").answer(request));
        Self { recorder, state }
    }

    pub(super) fn url(&self) -> String {
        self.recorder.url()
    }

    /// What is to go wrong with the next requests.
    pub(super) fn next(&self, faults: impl IntoIterator<Item = Fault>) {
        self.recorder.next(faults);
    }

    /// Waits until so many requests have been read.
    pub(super) fn wait_for(&self, requests: usize) {
        self.recorder.wait_for(requests);
    }

    pub(super) fn journal(&self) -> Vec<Request> {
        self.recorder.journal()
    }

    /// The requests that were about a checkout or its session, as `METHOD path`.
    pub(super) fn told_of(&self, names: &[&str]) -> Vec<String> {
        let about = |request: &Request| {
            names
                .iter()
                .any(|name| request.path.contains(name) || request.body.contains(name))
        };
        let requests = self.journal();
        let requests = requests.iter().filter(|request| about(request));
        requests
            .map(|request| format!("{} {}", request.method, request.path))
            .collect()
    }

    /// The session whose page is at this address.
    #[track_caller]
    pub(super) fn session_at(&self, location: &str) -> Value {
        let id = location
            .strip_prefix(PAGES)
            .unwrap_or_else(|| panic!("{location} is no page of Stripe's"));
        self.session(id)
    }

    /// A session as it stands.
    #[track_caller]
    pub(super) fn session(&self, id: &str) -> Value {
        self.state.lock().expect("state").sessions[id].clone()
    }

    /// Every session of a link, by the link's invoices' or customer's name in it.
    pub(super) fn sessions_of(&self, customer: &str) -> Vec<Value> {
        let state = self.state.lock().expect("state");
        let all = state.sessions.values();
        all.filter(|session| session["metadata"]["customer"] == customer)
            .cloned()
            .collect()
    }

    /// Every refund that was asked for.
    pub(super) fn refunds(&self) -> Vec<Value> {
        self.state.lock().expect("state").refunds.clone()
    }

    /// The payer pays on the session's page; answers the session as its event shows it.
    pub(super) fn complete(&self, session: &Value, payment_status: &str) -> Value {
        let id = session["id"].as_str().expect("an id");
        let mut state = self.state.lock().expect("state");
        let session = state.sessions.get_mut(id).expect("a session");
        session["status"] = json!("complete");
        session["payment_status"] = json!(payment_status);
        session["payment_intent"] = json!(id.replace("cs_", "pi_"));
        session["url"] = Value::Null;
        session.clone()
    }

    /// A session's time runs out.
    pub(super) fn run_out(&self, session: &Value) -> Value {
        let id = session["id"].as_str().expect("an id");
        let mut state = self.state.lock().expect("state");
        let session = state.sessions.get_mut(id).expect("a session");
        session["status"] = json!("expired");
        session.clone()
    }
}

impl State {
    fn answer(&mut self, request: &Request) -> Reply {
        let path: Vec<&str> = request.path.split('/').skip(1).collect();
        if request.method == "GET" {
            return match path.as_slice() {
                ["v1", "checkout", "sessions", id] => Reply::json(200, &self.sessions[*id]),
                _ => refusal(404, "invalid_request_error", "Unrecognized request URL"),
            };
        }
        let key = request.header("idempotency-key").map(str::to_owned);
        if let Some((asked, answered)) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return match *asked == request.body {
                true => answered.clone().header("idempotent-replayed", "true"),
                false => refusal(
                    400,
                    "idempotency_error",
                    "Keys for idempotent requests can only be used with the same parameters",
                ),
            };
        }
        let reply = match path.as_slice() {
            ["v1", "checkout", "sessions"] => self.open(request),
            ["v1", "checkout", "sessions", id, "expire"] => self.expire(id),
            ["v1", "refunds"] => self.refund(request),
            _ => refusal(404, "invalid_request_error", "Unrecognized request URL"),
        };
        if let Some(key) = key {
            self.keys.insert(key, (request.body.clone(), reply.clone()));
        }
        reply
    }

    fn open(&mut self, request: &Request) -> Reply {
        let fields = fields(&request.body);
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        if field("customer_email") == "refused@nordwind.example" {
            let error = json!({"type": "invalid_request_error", "code": "email_invalid", "param": "customer_email",
                "message": "Invalid email address: refused@nordwind.example"});
            return Reply::json(400, &json!({"error": error}));
        }
        let id = format!("cs_test_{}", self.sessions.len() + 1);
        let metadata: BTreeMap<&str, &String> = fields
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("metadata[")?.strip_suffix(']')?, value)))
            .collect();
        let amount: i64 = field("line_items[0][price_data][unit_amount]")
            .parse()
            .expect("an amount");
        let expires_at: i64 = field("expires_at").parse().expect("an instant");
        let session = json!({"id": id, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "url": format!("{PAGES}{id}"), "mode": field("mode"), "amount_total": amount,
            "currency": field("line_items[0][price_data][currency]"), "metadata": metadata,
            "client_reference_id": field("client_reference_id"), "payment_intent": null, "created": NOW,
            "expires_at": expires_at, "payment_method_types": ["card"]});
        self.sessions.insert(id, session.clone());
        Reply::json(200, &session)
    }

    fn refund(&mut self, request: &Request) -> Reply {
        let fields = fields(&request.body);
        let amount: i64 = fields["amount"].parse().expect("an amount");
        let refund = json!({"id": format!("re_test_{}", self.refunds.len() + 1), "object": "refund",
            "status": "pending", "payment_intent": fields["payment_intent"], "amount": amount, "currency": "eur",
            "metadata": {"refund": fields["metadata[refund]"]}});
        self.refunds.push(refund.clone());
        Reply::json(200, &refund)
    }

    fn expire(&mut self, id: &str) -> Reply {
        let session = self.sessions.get_mut(id).expect("a session");
        if session["status"] != "open" {
            return refusal(
                400,
                "invalid_request_error",
                "Only Checkout Sessions with a status in [\"open\"] can be expired.",
            );
        }
        session["status"] = json!("expired");
        session["url"] = Value::Null;
        Reply::json(200, session)
    }
}

/// A form's fields by name.
pub(super) fn fields(body: &str) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(body.as_bytes())
        .into_owned()
        .collect()
}

/// An error in Stripe's form.
pub(super) fn refusal(status: u16, kind: &str, message: &str) -> Reply {
    let error = json!({"error": {"type": kind, "code": "some_code", "message": message}});
    Reply::json(status, &error).header("request-id", "req_sandpiper")
}

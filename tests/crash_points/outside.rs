//! Everybody whom the app calls: they answer at once, keep what they were asked, and count what they did under each key.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bytes::Bytes;
use dunlin_host::interpose::{Answering, Failure, World};
use http::{Request, Response};
use serde_json::{Value, json};

/// What was asked of them, and what they did.
#[derive(Debug, Clone, Default)]
pub(super) struct Book {
    /// Effects by who and key: one who deduplicates has one effect a key, however often it is asked.
    pub(super) effects: BTreeMap<(&'static str, String), u32>,
    /// What was answered under a key, by those who deduplicate.
    answers: BTreeMap<(&'static str, String), Value>,
    /// Sessions of the payment provider.
    sessions: BTreeMap<String, Value>,
}

/// The fakes.
#[derive(Debug, Default)]
pub(super) struct Outside(Mutex<Book>);

impl Outside {
    pub(super) fn new(book: Book) -> Self {
        Self(Mutex::new(book))
    }

    pub(super) fn book(&self) -> Book {
        self.0.lock().expect("the book").clone()
    }

    /// The payer pays the only session; answers it as its event shows it.
    pub(super) fn complete(&self) -> Value {
        let mut book = self.0.lock().expect("the book");
        let session = book.sessions.values_mut().next().expect("a session");
        session["status"] = json!("complete");
        session["payment_status"] = json!("paid");
        session["payment_intent"] = json!("pi_test_1");
        session["url"] = Value::Null;
        session.clone()
    }
}

impl World for Outside {
    fn answer<'a>(&'a self, _: &'a str, request: Request<Bytes>) -> Answering<'a> {
        Box::pin(async move {
            let answer = self.0.lock().expect("the book").answer(&request);
            let Some((status, body)) = answer else {
                return Err(Failure::HttpDestinationNotFound);
            };
            let response = Response::builder()
                .status(status)
                .header("content-type", "application/json");
            Ok(response.body(body.to_string().into()).expect("a response"))
        })
    }
}

impl Book {
    fn answer(&mut self, request: &Request<Bytes>) -> Option<(u16, Value)> {
        let host = request.uri().host()?;
        let header = |name: &str| {
            let value = request.headers().get(name)?.to_str().ok()?;
            Some(value.to_owned())
        };
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        match (host, path.as_slice()) {
            // Knows no key: each call is an effect.
            ("api.postmarkapp.com", ["email", "batch"]) => {
                let batch: Vec<Value> = serde_json::from_slice(request.body()).ok()?;
                let answers = batch.iter().map(|mail| {
                    let id = mail["Metadata"]["dunlin_message"].as_str().expect("our id");
                    self.effect("postmark", id);
                    json!({"ErrorCode": 0, "Message": "OK", "MessageID": format!("pm-{id}")})
                });
                Some((200, answers.collect()))
            }
            ("fax.example", _) => {
                self.once("fax", &header("webhook-id")?, |_| json!({}));
                Some((200, json!({})))
            }
            // May be told twice, under the event's id.
            ("hooks.example", _) => {
                self.once("endpoint", &header("webhook-id")?, |_| json!({}));
                Some((200, json!({})))
            }
            ("api.stripe.com", ["v1", "checkout", "sessions"]) => {
                let fields = fields(request.body());
                let key = header("idempotency-key")?;
                Some((200, self.once("session", &key, |book| book.open(&fields))))
            }
            ("api.stripe.com", ["v1", "checkout", "sessions", id]) => {
                Some((200, self.sessions.get(*id)?.clone()))
            }
            ("api.stripe.com", ["v1", "refunds"]) => {
                let fields = fields(request.body());
                let key = header("idempotency-key")?;
                let refund = json!({"id": "re_test_1", "object": "refund", "status": "pending",
                    "payment_intent": fields["payment_intent"], "currency": "eur",
                    "amount": fields["amount"].parse::<i64>().expect("an amount"),
                    "metadata": {"refund": fields["metadata[refund]"]}});
                Some((200, self.once("refund", &key, |_| refund)))
            }
            _ => None,
        }
    }

    fn effect(&mut self, who: &'static str, key: &str) {
        *self.effects.entry((who, key.to_owned())).or_default() += 1;
    }

    /// Does something once a key.
    fn once(&mut self, who: &'static str, key: &str, act: impl FnOnce(&mut Self) -> Value) -> Value {
        let name = (who, key.to_owned());
        if let Some(answer) = self.answers.get(&name) {
            return answer.clone();
        }
        self.effect(who, key);
        let answer = act(self);
        self.answers.insert(name, answer.clone());
        answer
    }

    fn open(&mut self, fields: &BTreeMap<String, String>) -> Value {
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let id = format!("cs_test_{}", self.sessions.len() + 1);
        let metadata: BTreeMap<&str, &String> = fields
            .iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("metadata[")?.strip_suffix(']')?, value)))
            .collect();
        let number = |name: &str| field(name).parse::<i64>().expect("a number");
        let session = json!({"id": id, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "url": format!("https://checkout.stripe.example/c/pay/{id}"), "mode": field("mode"),
            "amount_total": number("line_items[0][price_data][unit_amount]"),
            "currency": field("line_items[0][price_data][currency]"), "metadata": metadata,
            "client_reference_id": field("client_reference_id"), "payment_intent": null, "created": 1_768_208_400,
            "expires_at": number("expires_at"), "payment_method_types": ["card"]});
        self.sessions.insert(id, session.clone());
        session
    }
}

fn fields(body: &[u8]) -> BTreeMap<String, String> {
    url::form_urlencoded::parse(body).into_owned().collect()
}

//! A Stripe of one's own: checkout sessions and refunds, kept under idempotency keys as Stripe documents it.

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Method, Request};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// Where its pages are said to be.
pub(super) const PAGES: &str = "https://checkout.stripe.example/c/pay/";

/// What it keeps.
#[derive(Debug, Default)]
pub(super) struct Stripe {
    sessions: BTreeMap<String, Value>,
    /// What was asked under a key, and what was answered.
    keys: BTreeMap<String, (Bytes, Value)>,
    /// Payment intents, by the session that was paid: its currency and cents.
    pub(super) paid: BTreeMap<String, (String, i64)>,
    /// Refunds that were made, by Stripe's name for them.
    pub(super) refunds: BTreeMap<String, Value>,
    /// Refunds that the payer has not heard of since somebody looked last.
    news: Vec<String>,
    /// Things that were made under one idempotency key; more than one is a fault of Stripe's own.
    pub(super) made: BTreeMap<String, u32>,
}

impl Stripe {
    pub(super) fn answer(&mut self, request: &Request<Bytes>, now: DateTime<Utc>) -> (u16, Value) {
        let path: Vec<&str> = request.uri().path().split('/').skip(1).collect();
        if request.method() == Method::GET {
            return match path.as_slice() {
                ["v1", "checkout", "sessions", id] => match self.sessions.get(*id) {
                    Some(session) => (200, session.clone()),
                    None => refusal(404, "No such checkout.session"),
                },
                _ => refusal(404, "Unrecognized request URL"),
            };
        }
        let key = request.headers().get("idempotency-key");
        let key = key.and_then(|key| key.to_str().ok()).map(str::to_owned);
        if let Some((asked, answered)) = key.as_ref().and_then(|key| self.keys.get(key)) {
            return match asked == request.body() {
                true => (200, answered.clone()),
                false => refusal(
                    400,
                    "Keys for idempotent requests can only be used with the same parameters",
                ),
            };
        }
        let (status, body) = match path.as_slice() {
            ["v1", "checkout", "sessions"] => self.open(request.body(), now),
            ["v1", "checkout", "sessions", id, "expire"] => self.expire(id),
            ["v1", "refunds"] => self.refund(request.body()),
            _ => refusal(404, "Unrecognized request URL"),
        };
        if let (200, Some(key)) = (status, key) {
            *self.made.entry(key.clone()).or_default() += 1;
            self.keys.insert(key, (request.body().clone(), body.clone()));
        }
        (status, body)
    }

    fn open(&mut self, body: &Bytes, now: DateTime<Utc>) -> (u16, Value) {
        let fields: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let id = format!("cs_sim_{}", self.sessions.len() + 1);
        let metadata: Map<String, Value> = fields
            .iter()
            .filter_map(|(name, value)| {
                let name = name.strip_prefix("metadata[")?.strip_suffix(']')?;
                Some((name.to_owned(), json!(value)))
            })
            .collect();
        let (Ok(amount), Ok(expires_at)) = (
            field("line_items[0][price_data][unit_amount]").parse::<i64>(),
            field("expires_at").parse::<i64>(),
        ) else {
            return refusal(400, "an amount and an end are needed");
        };
        let session = json!({"id": id, "object": "checkout.session", "status": "open", "payment_status": "unpaid",
            "url": format!("{PAGES}{id}"), "mode": field("mode"), "amount_total": amount,
            "currency": field("line_items[0][price_data][currency]"), "metadata": metadata,
            "client_reference_id": field("client_reference_id"), "payment_intent": null,
            "created": now.timestamp(), "expires_at": expires_at, "payment_method_types": ["card"]});
        self.sessions.insert(id, session.clone());
        (200, session)
    }

    fn expire(&mut self, id: &str) -> (u16, Value) {
        match self.sessions.get_mut(id) {
            Some(session) if session["status"] == "open" => {
                session["status"] = json!("expired");
                session["url"] = Value::Null;
                (200, session.clone())
            }
            Some(_) => refusal(
                400,
                "Only Checkout Sessions with a status in [\"open\"] can be expired.",
            ),
            None => refusal(404, "No such checkout.session"),
        }
    }

    /// Money goes back, never more than came.
    fn refund(&mut self, body: &Bytes) -> (u16, Value) {
        let fields: BTreeMap<String, String> = url::form_urlencoded::parse(body).into_owned().collect();
        let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
        let intent = field("payment_intent");
        let Some((currency, paid)) = self.paid.get(&intent.replace("pi_", "cs_")) else {
            return refusal(404, "No such payment_intent");
        };
        let of_it = self
            .refunds
            .values()
            .filter(|refund| refund["payment_intent"] == intent.as_str() && refund["status"] != "failed");
        let back: i64 = of_it.filter_map(|refund| refund["amount"].as_i64()).sum();
        let Some(amount) = field("amount")
            .parse()
            .ok()
            .filter(|amount| *amount > 0 && back + amount <= *paid)
        else {
            return refusal(400, "Refund amount is greater than unrefunded amount on charge");
        };
        let id = format!("re_sim_{}", self.refunds.len() + 1);
        let refund = json!({"id": id, "object": "refund", "status": "pending", "payment_intent": intent,
            "amount": amount, "currency": currency.to_lowercase(), "metadata": {"refund": field("metadata[refund]")}});
        self.refunds.insert(id.clone(), refund.clone());
        self.news.push(id);
        (200, refund)
    }

    /// Refunds that were made since this was asked last.
    pub(super) fn take_news(&mut self) -> Vec<String> {
        std::mem::take(&mut self.news)
    }

    /// A refund has come to an end, or to another one than it seemed: the event that tells of it.
    pub(super) fn settle(&mut self, id: &str, status: &str, now: DateTime<Utc>) -> Option<Value> {
        let refund = self.refunds.get_mut(id)?;
        refund["status"] = json!(status);
        let kind = match status {
            "failed" => "refund.failed",
            _ => "refund.updated",
        };
        Some(
            json!({"id": format!("evt_{id}_{status}"), "object": "event", "api_version": "2025-09-30.clover",
            "created": now.timestamp(), "type": kind, "data": {"object": refund.clone()}, "livemode": false,
            "pending_webhooks": 1}),
        )
    }

    /// The payer pays on a session's page: the event that tells of it. None where the session is not open.
    pub(super) fn pay(&mut self, id: &str, now: DateTime<Utc>) -> Option<Value> {
        let session = self.sessions.get_mut(id)?;
        let ended = session["expires_at"]
            .as_i64()
            .is_none_or(|end| end <= now.timestamp());
        if session["status"] != "open" || ended {
            return None;
        }
        let intent = id.replace("cs_", "pi_");
        session["status"] = json!("complete");
        session["payment_status"] = json!("paid");
        session["payment_intent"] = json!(intent);
        session["url"] = Value::Null;
        let currency = session["currency"].as_str()?.to_uppercase();
        self.paid
            .insert(id.to_owned(), (currency, session["amount_total"].as_i64()?));
        Some(
            json!({"id": format!("evt_{id}"), "object": "event", "api_version": "2025-09-30.clover",
            "created": now.timestamp(), "type": "checkout.session.completed", "data": {"object": session.clone()},
            "livemode": false, "pending_webhooks": 1}),
        )
    }
}

fn refusal(status: u16, message: &str) -> (u16, Value) {
    let error = json!({"error": {"type": "invalid_request_error", "code": "some_code", "message": message}});
    (status, error)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OPEN: &str = "mode=payment&line_items[0][price_data][unit_amount]=500&line_items[0][price_data][currency]=eur&expires_at=2000";

    fn post(path: &str, key: &str, body: &str) -> Request<Bytes> {
        let request = Request::post(format!("https://stripe.example{path}")).header("idempotency-key", key);
        request.body(Bytes::from(body.to_owned())).unwrap()
    }

    #[test]
    fn one_key_is_one_session_and_what_is_paid_is_paid_once() {
        let now = DateTime::from_timestamp(1000, 0).unwrap();
        let mut stripe = Stripe::default();
        let (_, first) = stripe.answer(&post("/v1/checkout/sessions", "k", OPEN), now);
        let (_, again) = stripe.answer(&post("/v1/checkout/sessions", "k", OPEN), now);
        assert_eq!(first, again);
        assert_eq!(
            stripe
                .answer(&post("/v1/checkout/sessions", "k", "mode=payment"), now)
                .0,
            400
        );
        let id = first["id"].as_str().unwrap();
        let event = stripe.pay(id, now).unwrap();
        assert_eq!(event["data"]["object"]["payment_status"], "paid");
        assert!(stripe.pay(id, now).is_none());
        assert_eq!(stripe.paid.get(id), Some(&("EUR".to_owned(), 500)));
        assert_eq!(
            stripe
                .answer(&post(&format!("/v1/checkout/sessions/{id}/expire"), "x", ""), now)
                .0,
            400
        );
    }

    #[test]
    fn no_more_goes_back_than_came() {
        let now = DateTime::from_timestamp(1000, 0).unwrap();
        let mut stripe = Stripe::default();
        let (_, session) = stripe.answer(&post("/v1/checkout/sessions", "k", OPEN), now);
        let paid = stripe.pay(session["id"].as_str().unwrap(), now).unwrap();
        let intent = paid["data"]["object"]["payment_intent"].as_str().unwrap();
        let mut back = |key: &str, amount: u32| {
            let body = format!("payment_intent={intent}&amount={amount}&metadata[refund]=rfd_1");
            stripe.answer(&post("/v1/refunds", key, &body), now).0
        };
        assert_eq!(
            [back("a", 300), back("a", 300), back("b", 300), back("c", 200)],
            [200, 200, 400, 200]
        );
        let news = stripe.take_news();
        assert_eq!(news.len(), 2);
        let failed = stripe.settle(&news[0], "failed", now).unwrap();
        assert_eq!(
            (&failed["type"], &failed["data"]["object"]["amount"]),
            (&json!("refund.failed"), &json!(300))
        );
        let body = format!("payment_intent={intent}&amount=300");
        assert_eq!(stripe.answer(&post("/v1/refunds", "d", &body), now).0, 200);
    }

    #[test]
    fn nobody_pays_where_the_time_is_over() {
        let now = DateTime::from_timestamp(3000, 0).unwrap();
        let mut stripe = Stripe::default();
        let (_, session) = stripe.answer(&post("/v1/checkout/sessions", "k", OPEN), now);
        assert!(stripe.pay(session["id"].as_str().unwrap(), now).is_none());
    }
}

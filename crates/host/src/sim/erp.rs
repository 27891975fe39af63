//! A bookkeeping system of one's own, which is told of events: it checks their signatures, as Standard Webhooks says, and
//! keeps each one once, however often and in whatever order they come.

use bytes::Bytes;
use hmac::digest::InvalidLength;
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, Request};
use serde_json::{Value, json};
use sha2::Sha256;
use std::collections::{BTreeMap, BTreeSet};

/// Where it is said to be.
pub(super) const URL: &str = "https://erp.sandpiper.example/dunlin";
pub(super) const HOST: &str = "erp.sandpiper.example";

/// What it knows.
#[derive(Debug, Default)]
pub(super) struct Erp {
    /// The endpoint's, once it is made.
    secret: Vec<u8>,
    /// What it was told, by the event's id.
    pub(super) heard: BTreeMap<String, Heard>,
    /// The payments that it was told of, by our name for their customer.
    pub(super) payments: BTreeMap<String, BTreeSet<String>>,
    /// What came and cannot be believed, and why.
    pub(super) refused: Vec<String>,
}

/// An event that it was told.
#[derive(Debug, Clone)]
pub(super) struct Heard {
    pub(super) kind: String,
    pub(super) data: Value,
    /// How often.
    pub(super) times: u32,
}

impl Erp {
    /// Takes the secret that was shown when the endpoint was made: `whsec_` and base64.
    pub(super) fn trust(&mut self, secret: &str) {
        let encoded = secret.strip_prefix("whsec_").unwrap_or(secret);
        self.secret = data_encoding::BASE64
            .decode(encoded.as_bytes())
            .unwrap_or_default();
    }

    pub(super) fn answer(&mut self, request: &Request<Bytes>) -> (u16, Value) {
        match self.read(request.headers(), request.body()) {
            Ok(()) => (200, json!({})),
            Err(why) => {
                let answer = json!({"error": &why});
                self.refused.push(why);
                (401, answer)
            }
        }
    }

    fn read(&mut self, headers: &HeaderMap, body: &Bytes) -> Result<(), String> {
        let header = |name: &str| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.ok_or_else(|| format!("no {name}"))
        };
        let id = header("webhook-id")?;
        let tag = signature(&self.secret, id, header("webhook-timestamp")?, body)
            .map_err(|error| error.to_string())?;
        if !header("webhook-signature")?.split(' ').any(|one| one == tag) {
            return Err(format!("{id} has another signature"));
        }
        let told: Value = serde_json::from_slice(body).map_err(|error| format!("{id}: {error}"))?;
        let kind = told["type"].as_str().unwrap_or_default().to_owned();
        let data = told["data"].clone();
        let heard = self.heard.entry(id.to_owned()).or_insert_with(|| Heard {
            kind: kind.clone(),
            data: data.clone(),
            times: 0,
        });
        heard.times += 1;
        if heard.data != data || heard.kind != kind {
            return Err(format!("{id} says something else than before"));
        }
        if let ("payment.received", Some(payment), Some(customer)) = (
            kind.as_str(),
            data["payment"].as_str(),
            data["customer_id"].as_str(),
        ) {
            let known = self.payments.entry(customer.to_owned()).or_default();
            known.insert(payment.to_owned());
        }
        Ok(())
    }
}

/// What `webhook-signature` says of a delivery (Standard Webhooks): `v1,` and base64.
pub(super) fn signature(
    secret: &[u8],
    id: &str,
    timestamp: &str,
    body: &[u8],
) -> Result<String, InvalidLength> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret)?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    let tag = data_encoding::BASE64.encode(&mac.finalize().into_bytes());
    Ok(format!("v1,{tag}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(id: &str, secret: &[u8], body: &Value) -> Request<Bytes> {
        let body = body.to_string();
        let tag = signature(secret, id, "1700000000", body.as_bytes()).unwrap();
        Request::post(URL)
            .header("webhook-id", id)
            .header("webhook-timestamp", "1700000000")
            .header("webhook-signature", format!("v1,bm90IHRoaXM= {tag}"))
            .body(Bytes::from(body))
            .unwrap()
    }

    #[test]
    fn an_event_is_kept_once_and_only_where_its_signature_is_good() {
        let mut erp = Erp::default();
        erp.trust(&format!("whsec_{}", data_encoding::BASE64.encode(b"ours")));
        let paid = json!({"type": "payment.received", "data": {"payment": "pay_1", "customer_id": "cus_1"}});
        for _ in 0..2 {
            assert_eq!(erp.answer(&told("evt_1", b"ours", &paid)).0, 200);
        }
        assert_eq!((erp.heard.len(), erp.heard["evt_1"].times), (1, 2));
        assert_eq!(erp.payments["cus_1"], BTreeSet::from(["pay_1".to_owned()]));
        assert!(!erp.payments.contains_key("cus_2"));
        // Another's signature; the same event with other words.
        assert_eq!(erp.answer(&told("evt_2", b"theirs", &paid)).0, 401);
        let other = json!({"type": "payment.received", "data": {"payment": "pay_2", "customer_id": "cus_1"}});
        assert_eq!(erp.answer(&told("evt_1", b"ours", &other)).0, 401);
        assert_eq!((erp.heard.len(), erp.refused.len()), (1, 2));
    }
}

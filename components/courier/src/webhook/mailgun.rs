//! Mailgun's webhooks (<https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks>): HMAC-SHA256
//! of a timestamp and a token with the account's signing key, in the body beside the event.
//!
//! The signature does not cover the event. So it is believed for as long as Mailgun goes on delivering and no longer, each
//! event takes effect once by its id, and what keeps an eavesdropper from another event under the same signature is TLS.

use super::{
    ACCEPTED, COMPLAINT, DELAYED, DELIVERED, GONE, Meaning, REJECTED, Read, UNSUBSCRIBED, apply, words,
};
use carriers::{MAILGUN, OUR_ID};
use chrono::{DateTime, Utc};
use receivables::id::MessageId;
use receivables::suppression::Reason;
use serde::Deserialize;
use store::delivery::{Against, Told};
use store::inbound::Stored;
use web::webhook::body_hex;
use web::{Cx, Problem, Reply, inbox, limits, secrets};

#[derive(Deserialize)]
struct Webhook {
    signature: Signature,
    #[serde(rename = "event-data")]
    event: serde_json::Value,
}

#[derive(Deserialize)]
struct Signature {
    timestamp: String,
    token: String,
    signature: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Event {
    event: String,
    id: Option<String>,
    timestamp: Option<serde_json::Number>,
    severity: Option<String>,
    reason: Option<String>,
    recipient: Option<String>,
    #[serde(default)]
    user_variables: serde_json::Value,
    #[serde(default)]
    message: serde_json::Value,
    delivery_status: Option<Status>,
}

#[derive(Deserialize)]
struct Status {
    code: Option<serde_json::Number>,
    message: Option<String>,
    description: Option<String>,
}

/// `POST /webhooks/mailgun`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let keys = cx.secrets("mailgun_signing_key").await?;
    if keys.is_empty() {
        return Err(Problem::unauthorized(
            "Mailgun's webhooks are off: the variable `mailgun_signing_key` is not set.",
        ));
    }
    let body = cx.bytes(limits::BODY).await?;
    let text = inbox::text(&body)?;
    let webhook: Webhook = serde_json::from_str(text)
        .map_err(|error| Problem::bad_request(format!("The body is no webhook of Mailgun: {error}.")))?;
    verify(&keys, &webhook.signature, cx.moment().now)?;
    let event: Result<Event, _> = serde_json::from_value(webhook.event);
    let (id, read) = match &event {
        Ok(event) => (event.id.clone(), event.told()),
        Err(error) => (None, Some(Err(format!("not an event that we know: {error}")))),
    };
    // Who opened what and when is nobody's business here: not even kept.
    let events = read.map(|read| {
        let id = id.unwrap_or_else(|| secrets::hash(text));
        let body = text.to_owned();
        (Stored { id, body }, read)
    });
    inbox::receive_all(cx, MAILGUN, events.as_slice(), async |tx, read| {
        apply(cx, tx, read).await
    })
    .await
}

/// Whether a holder of one of the keys signed, within the eight hours for which Mailgun delivers.
fn verify(keys: &[String], signed: &Signature, now: DateTime<Utc>) -> Result<(), Problem> {
    let unbelieved = |why: &str| Problem::unauthorized(format!("This webhook is not believed: {why}."));
    let at: i64 = signed
        .timestamp
        .parse()
        .map_err(|_| unbelieved("its timestamp is none"))?;
    let oldest_s = limits::WEBHOOK_RETRIES_H
        .saturating_mul(3_600)
        .saturating_add(limits::WEBHOOK_TOLERANCE_S);
    if !(-limits::WEBHOOK_TOLERANCE_S..=oldest_s).contains(&now.timestamp().saturating_sub(at)) {
        return Err(unbelieved("its timestamp is more than a day old, or ahead of us"));
    }
    let message = format!("{}{}", signed.timestamp, signed.token);
    body_hex::verify(keys, Some(&signed.signature), message.as_bytes())
        .map_err(|_| unbelieved("no key of ours made its signature"))
}

impl Event {
    fn meaning(&self) -> Option<Meaning> {
        let suppressed = |reason| Meaning {
            against: Against::Suppress(reason),
            ..REJECTED
        };
        Some(match (self.event.as_str(), self.severity.as_deref()) {
            ("accepted", _) => ACCEPTED,
            ("delivered", _) => DELIVERED,
            ("failed", Some("temporary")) => DELAYED,
            ("failed", _) => match self.reason.as_deref() {
                Some("bounce" | "suppress-bounce") => GONE,
                Some("suppress-complaint") => suppressed(Reason::Complaint),
                Some("suppress-unsubscribe") => suppressed(Reason::Unsubscribe),
                _ => REJECTED,
            },
            ("rejected", _) => REJECTED,
            ("complained", _) => COMPLAINT,
            ("unsubscribed", _) => UNSUBSCRIBED,
            _ => return None,
        })
    }

    /// `None`: an event that tells nothing of what became of a message.
    fn told(&self) -> Option<Read<'_>> {
        let meaning = self.meaning()?;
        // Seconds with a fraction: the whole ones count.
        let at = self.timestamp.as_ref().and_then(|number| {
            let seconds = number.to_string();
            let whole = seconds.split('.').next()?.parse().ok()?;
            DateTime::<Utc>::from_timestamp(whole, 0)
        });
        let (Some(address), Some(at)) = (self.recipient.as_deref(), at) else {
            return Some(Err("an event without an address or an instant".to_owned()));
        };
        let ours = self.user_variables.get(OUR_ID).and_then(|id| id.as_str());
        let theirs = self
            .message
            .get("headers")
            .and_then(|headers| headers.get("message-id"));
        let status = self.delivery_status.as_ref();
        let code = status
            .and_then(|status| status.code.as_ref())
            .map(ToString::to_string);
        Some(Ok(Told {
            provider: MAILGUN,
            message: ours.and_then(|id| MessageId::parse(id).ok()),
            provider_id: theirs.and_then(|id| id.as_str()).filter(|id| !id.is_empty()),
            word: meaning.word,
            against: meaning.against,
            whoever_wrote: meaning.whoever_wrote,
            address,
            at,
            news: meaning.news,
            kind: meaning.kind,
            detail: words(&[
                Some(&self.event),
                self.reason.as_deref(),
                code.as_deref(),
                status.and_then(|status| status.message.as_deref()),
                status.and_then(|status| status.description.as_deref()),
            ]),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Timestamp and token of the example in Mailgun's documentation; the signatures are OpenSSL's
    /// (`printf %s 1529006854a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0 | openssl dgst -sha256 -hmac key-test`).
    const TOKEN: &str = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0";

    fn check(keys: &[&str], timestamp: &str, signature: &str, now: i64) -> bool {
        let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
        let signed = Signature {
            timestamp: timestamp.to_owned(),
            token: TOKEN.to_owned(),
            signature: signature.to_owned(),
        };
        verify(&keys, &signed, DateTime::from_timestamp(now, 0).unwrap()).is_ok()
    }

    #[test]
    fn believed_is_who_holds_a_key_for_a_day() {
        const AT: i64 = 1_529_006_854;
        let good = "2df0e54f503d31abdc1519117a730ae38748e41e86f9ae25431dbd26059468af";
        assert!(check(&["key-test"], "1529006854", good, AT));
        assert!(check(&["other", "key-test"], "1529006854", good, AT + 86_400));
        assert!(!check(&["other"], "1529006854", good, AT));
        assert!(!check(&["key-test"], "1529006855", good, AT));
        assert!(!check(&["key-test"], "1529006854", good, AT + 86_400 + 301));
        assert!(!check(&["key-test"], "1529006854", good, AT - 301));
        assert!(!check(&["key-test"], "now", good, AT));
        assert!(!check(&["key-test"], "1529006854", "", AT));
    }

    fn event(more: serde_json::Value) -> Event {
        let mut event = serde_json::json!({"id": "e", "timestamp": 1_529_006_854.329_574, "recipient": "a@x.example",
            "user-variables": {"dunlin_message": MessageId::from_parts(1, [1; 10])},
            "message": {"headers": {"message-id": "m@sandpiper.example"}}});
        let members = more.as_object().unwrap().clone();
        event.as_object_mut().unwrap().extend(members);
        serde_json::from_value(event).unwrap()
    }

    #[test]
    fn every_event_means_one_thing() {
        // <https://documentation.mailgun.com/docs/mailgun/user-manual/events/events>
        let failed =
            |severity, reason| serde_json::json!({"event": "failed", "severity": severity, "reason": reason});
        for (document, kind, against) in [
            (
                serde_json::json!({"event": "delivered"}),
                "message_delivered",
                Against::Nothing,
            ),
            (
                failed("temporary", "generic"),
                "message_delayed",
                Against::Nothing,
            ),
            (
                failed("permanent", "bounce"),
                "message_bounced",
                Against::Suppress(Reason::Bounce),
            ),
            (
                failed("permanent", "espblock"),
                "message_bounced",
                Against::Nothing,
            ),
            (
                failed("permanent", "suppress-unsubscribe"),
                "message_bounced",
                Against::Suppress(Reason::Unsubscribe),
            ),
            (
                serde_json::json!({"event": "complained"}),
                "message_complained",
                Against::Suppress(Reason::Complaint),
            ),
            (
                serde_json::json!({"event": "unsubscribed"}),
                "message_unsubscribed",
                Against::Suppress(Reason::Unsubscribe),
            ),
        ] {
            let event = event(document);
            let told = event.told().unwrap().unwrap();
            assert_eq!((told.kind, told.against), (kind, against));
            assert_eq!(told.at.timestamp(), 1_529_006_854);
            assert_eq!(told.provider_id, Some("m@sandpiper.example"));
            assert!(told.message.is_some());
        }
        assert!(event(serde_json::json!({"event": "opened"})).told().is_none());
        assert!(
            event(serde_json::json!({"event": "delivered", "recipient": null}))
                .told()
                .unwrap()
                .is_err()
        );
    }
}

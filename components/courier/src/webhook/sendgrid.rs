//! Twilio SendGrid's signed event webhook
//! (<https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features>):
//! ECDSA over P-256 and SHA-256 of timestamp and body; a list of events, each with an id of its own.

use super::{
    ACCEPTED, COMPLAINT, DELAYED, DELIVERED, GONE, Meaning, REJECTED, RESUBSCRIBED, Read, UNSUBSCRIBED,
    apply, words,
};
use carriers::{OUR_ID, SENDGRID};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use p256::pkcs8::DecodePublicKey;
use receivables::id::MessageId;
use receivables::suppression::Reason;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use store::delivery::{Against, Told};
use store::inbound::Stored;
use web::{Cx, Problem, Reply, inbox, limits, secrets};

#[derive(Deserialize)]
struct Event {
    event: String,
    email: Option<String>,
    timestamp: Option<i64>,
    sg_event_id: Option<String>,
    sg_message_id: Option<String>,
    r#type: Option<String>,
    status: Option<String>,
    reason: Option<String>,
    response: Option<String>,
    #[serde(flatten)]
    rest: BTreeMap<String, serde_json::Value>,
}

/// `POST /webhooks/sendgrid`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let keys = keys(cx).await?;
    let body = cx.bytes(limits::BODY).await?;
    verify(cx, &keys, &body)?;
    let text = inbox::text(&body)?;
    let raw: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| Problem::bad_request(format!("The body is not a list of events: {error}.")))?;
    let events: Vec<(&str, Result<Event, String>)> = raw
        .into_iter()
        .map(|raw| {
            let event = serde_json::from_str(raw.get());
            (
                raw.get(),
                event.map_err(|error| format!("not an event that we know: {error}")),
            )
        })
        .collect();
    // Who opened what and when is nobody's business here: not even kept.
    let events: Vec<(Stored, Read<'_>)> = events
        .iter()
        .filter_map(|(text, event)| read(text, event))
        .collect();
    inbox::receive_all(cx, SENDGRID, &events, async |tx, read| apply(cx, tx, read).await).await
}

fn read<'a>(text: &str, event: &'a Result<Event, String>) -> Option<(Stored, Read<'a>)> {
    let (id, read) = match event {
        Ok(event) => (event.sg_event_id.clone(), event.told()?),
        Err(why) => (None, Err(why.clone())),
    };
    let stored = Stored {
        id: id.unwrap_or_else(|| secrets::hash(text)),
        body: text.to_owned(),
    };
    Some((stored, read))
}

/// The public keys of `sendgrid_webhook_key`: base64 of a DER SubjectPublicKeyInfo, as SendGrid shows them.
async fn keys(cx: &Cx) -> Result<Vec<VerifyingKey>, Problem> {
    let texts = cx.secrets("sendgrid_webhook_key").await?;
    if texts.is_empty() {
        return Err(Problem::unauthorized(
            "SendGrid's webhooks are off: the variable `sendgrid_webhook_key` is not set.",
        ));
    }
    let key = |text: &String| {
        let der = BASE64.decode(text.as_bytes()).ok()?;
        VerifyingKey::from_public_key_der(&der).ok()
    };
    texts
        .iter()
        .map(|text| {
            key(text).ok_or_else(|| Problem::internal("sendgrid_webhook_key: not a public key of P-256"))
        })
        .collect()
}

/// Whether the body was signed by a holder of one of the keys.
///
/// The timestamp may be as old as SendGrid goes on delivering (whether it signs anew each time is not documented) and
/// five minutes ahead. A narrow window would guard against replays; here they change nothing, since each event takes
/// effect once, and losing a late one would.
fn verify(cx: &Cx, keys: &[VerifyingKey], body: &[u8]) -> Result<(), Problem> {
    let unbelieved = |why: &str| Problem::unauthorized(format!("This webhook is not believed: {why}."));
    let header = |name: &str| cx.header(name).ok_or_else(|| unbelieved("it is not signed"));
    let timestamp = header("x-twilio-email-event-webhook-timestamp")?;
    let signature = BASE64
        .decode(header("x-twilio-email-event-webhook-signature")?.as_bytes())
        .ok()
        .and_then(|der| Signature::from_der(&der).ok())
        .ok_or_else(|| unbelieved("its signature is none"))?;
    let signed: i64 = timestamp
        .parse()
        .map_err(|_| unbelieved("its timestamp is none"))?;
    let age_s = cx.moment().now.timestamp().saturating_sub(signed);
    let oldest_s = limits::WEBHOOK_RETRIES_H
        .saturating_mul(3_600)
        .saturating_add(limits::WEBHOOK_TOLERANCE_S);
    if !(-limits::WEBHOOK_TOLERANCE_S..=oldest_s).contains(&age_s) {
        return Err(unbelieved("its timestamp is more than a day old, or ahead of us"));
    }
    let message = [timestamp.as_bytes(), body].concat();
    match keys.iter().any(|key| key.verify(&message, &signature).is_ok()) {
        true => Ok(()),
        false => Err(unbelieved("no key of ours made its signature")),
    }
}

impl Event {
    fn meaning(&self) -> Option<Meaning> {
        Some(match self.event.as_str() {
            "processed" => ACCEPTED,
            "delivered" => DELIVERED,
            "deferred" => DELAYED,
            // `blocked`: the server did not take this message, and may take the next.
            "bounce" if self.r#type.as_deref() == Some("blocked") => REJECTED,
            "bounce" => GONE,
            "dropped" => dropped(self.reason.as_deref().unwrap_or_default()),
            "spamreport" => COMPLAINT,
            "unsubscribe" | "group_unsubscribe" => UNSUBSCRIBED,
            "group_resubscribe" => RESUBSCRIBED,
            _ => return None,
        })
    }

    /// `None`: an event that tells nothing of what became of a message.
    fn told(&self) -> Option<Read<'_>> {
        let meaning = self.meaning()?;
        let at = self
            .timestamp
            .and_then(|seconds| DateTime::<Utc>::from_timestamp(seconds, 0));
        let (Some(address), Some(at)) = (self.email.as_deref(), at) else {
            return Some(Err("an event without an address or an instant".to_owned()));
        };
        let ours = self.rest.get(OUR_ID).and_then(serde_json::Value::as_str);
        // What `X-Message-Id` said, and after a dot who has processed it.
        let theirs = self.sg_message_id.as_deref().and_then(|id| id.split('.').next());
        Some(Ok(Told {
            provider: SENDGRID,
            message: ours.and_then(|id| MessageId::parse(id).ok()),
            provider_id: theirs.filter(|id| !id.is_empty()),
            word: meaning.word,
            against: meaning.against,
            whoever_wrote: meaning.whoever_wrote,
            address,
            at,
            news: meaning.news,
            kind: meaning.kind,
            detail: words(&[
                Some(&self.event),
                self.status.as_deref(),
                self.reason.as_deref().or(self.response.as_deref()),
            ]),
        }))
    }
}

/// A message that SendGrid did not even try to send, by its reason.
fn dropped(reason: &str) -> Meaning {
    let against = match reason {
        "Bounced Address" | "Invalid" => Reason::Bounce,
        "Spam Reporting Address" => Reason::Complaint,
        "Unsubscribed Address" => Reason::Unsubscribe,
        _ => return REJECTED,
    };
    Meaning {
        against: Against::Suppress(against),
        ..REJECTED
    }
}

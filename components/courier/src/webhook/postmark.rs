//! Postmark's webhooks (<https://postmarkapp.com/developer/webhooks/webhooks-overview>). Postmark does not sign them;
//! it shows the name and password that are in the webhook's address.

use super::{
    COMPLAINT, DELAYED, DELIVERED, GONE, Meaning, REJECTED, RESUBSCRIBED, Read, UNSUBSCRIBED, apply, words,
};
use carriers::{OUR_ID, POSTMARK};
use chrono::{DateTime, Utc};
use data_encoding::BASE64;
use receivables::id::MessageId;
use receivables::suppression::Reason;
use serde::Deserialize;
use std::collections::BTreeMap;
use store::delivery::{Against, Told};
use store::inbound::Stored;
use web::{Cx, Problem, Reply, inbox, limits, secrets};

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    record_type: String,
    #[serde(rename = "MessageID")]
    message_id: Option<String>,
    #[serde(rename = "ID")]
    id: Option<serde_json::Number>,
    r#type: Option<String>,
    message_stream: Option<String>,
    metadata: Option<BTreeMap<String, Option<String>>>,
    email: Option<String>,
    recipient: Option<String>,
    name: Option<String>,
    description: Option<String>,
    details: Option<String>,
    bounced_at: Option<DateTime<Utc>>,
    delivered_at: Option<DateTime<Utc>>,
    changed_at: Option<DateTime<Utc>>,
    suppress_sending: Option<bool>,
    suppression_reason: Option<String>,
}

/// `POST /webhooks/postmark`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    authorize(cx).await?;
    let body = cx.bytes(limits::BODY).await?;
    let text = inbox::text(&body)?;
    let stream = cx.required_setting("postmark_stream").await?;
    let event: Result<Event, _> = serde_json::from_str(text);
    let (id, read) = match &event {
        Ok(event) => (event.key(), event.told(&stream)),
        Err(error) => (
            secrets::hash(text),
            Some(Err(format!("not an event that we know: {error}"))),
        ),
    };
    // Who opened what and when is nobody's business here: not even kept.
    let events = read.map(|read| {
        let body = text.to_owned();
        (Stored { id, body }, read)
    });
    inbox::receive_all(cx, POSTMARK, events.as_slice(), async |tx, read| {
        apply(cx, tx, read).await
    })
    .await
}

/// HTTP Basic (RFC 7617) with one of the pairs `user:password` of `postmark_webhook_auth`.
async fn authorize(cx: &Cx) -> Result<(), Problem> {
    let pairs = cx.secrets("postmark_webhook_auth").await?;
    if pairs.is_empty() {
        return Err(Problem::unauthorized(
            "Postmark's webhooks are off: the variable `postmark_webhook_auth` is not set.",
        ));
    }
    let given = cx.header("authorization").and_then(|value| {
        let (scheme, encoded) = value.split_once(' ')?;
        let decoded = BASE64.decode(encoded.trim().as_bytes()).ok()?;
        scheme
            .eq_ignore_ascii_case("basic")
            .then(|| String::from_utf8(decoded).ok())?
    });
    match given.is_some_and(|given| pairs.iter().any(|pair| secrets::same(pair, &given))) {
        true => Ok(()),
        false => Err(Problem::unauthorized(
            "This webhook is not believed: wrong name or password.",
        )),
    }
}

impl Event {
    /// Postmark gives its events no id. One happens to a message once; a bounce has an id of its own, and a change of
    /// a subscription its instant.
    fn key(&self) -> String {
        let id = self.id.as_ref().map(ToString::to_string);
        let at = self.changed_at.map(|at| at.to_rfc3339());
        let parts = [
            Some(self.record_type.clone()),
            self.message_id.clone(),
            id,
            at,
            self.recipient.clone(),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(":")
    }

    fn meaning(&self) -> Option<Meaning> {
        Some(match self.record_type.as_str() {
            "Delivery" => DELIVERED,
            "Bounce" => bounce(self.r#type.as_deref().unwrap_or_default()),
            "SpamComplaint" => COMPLAINT,
            "SubscriptionChange" if self.suppress_sending == Some(false) => RESUBSCRIBED,
            "SubscriptionChange" => Meaning {
                against: Against::Suppress(match self.suppression_reason.as_deref() {
                    Some("HardBounce") => Reason::Bounce,
                    Some("SpamComplaint") => Reason::Complaint,
                    _ => Reason::Unsubscribe,
                }),
                ..UNSUBSCRIBED
            },
            _ => return None,
        })
    }

    /// `None`: an event that tells nothing of what became of a message.
    fn told(&self, stream: &str) -> Option<Read<'_>> {
        let meaning = self.meaning()?;
        // A subscription is one to a stream: who leaves a newsletter has not left us, and who leaves ours need not
        // have done so by a message of ours.
        let changes_ours =
            self.record_type == "SubscriptionChange" && self.message_stream.as_deref() == Some(stream);
        if self.record_type == "SubscriptionChange" && !changes_ours {
            return None;
        }
        let address = self.email.as_deref().or(self.recipient.as_deref());
        let at = self.bounced_at.or(self.delivered_at).or(self.changed_at);
        let (Some(address), Some(at)) = (address, at) else {
            return Some(Err("an event without an address or an instant".to_owned()));
        };
        let ours = self
            .metadata
            .as_ref()
            .and_then(|metadata| metadata.get(OUR_ID)?.as_deref());
        Some(Ok(Told {
            provider: POSTMARK,
            message: ours.and_then(|id| MessageId::parse(id).ok()),
            provider_id: self.message_id.as_deref().filter(|id| !id.is_empty()),
            word: meaning.word,
            against: meaning.against,
            whoever_wrote: meaning.whoever_wrote || changes_ours,
            address,
            at,
            news: meaning.news,
            kind: meaning.kind,
            detail: words(&[
                Some(
                    self.r#type
                        .as_deref()
                        .or(self.name.as_deref())
                        .unwrap_or(&self.record_type),
                ),
                self.suppression_reason.as_deref(),
                self.description.as_deref(),
                self.details.as_deref(),
            ]),
        }))
    }
}

/// A bounce by its type (<https://postmarkapp.com/developer/api/bounce-api#bounce-types>). What may pass by itself, or
/// is an answer rather than a bounce, changes nothing.
fn bounce(kind: &str) -> Meaning {
    match kind {
        "HardBounce" | "BadEmailAddress" => GONE,
        "SpamComplaint" => COMPLAINT,
        "Unsubscribe" => UNSUBSCRIBED,
        "ManuallyDeactivated" => Meaning {
            against: Against::Suppress(Reason::Inactive),
            ..REJECTED
        },
        "Blocked"
        | "SpamNotification"
        | "VirusNotification"
        | "DMARCPolicy"
        | "SMTPApiError"
        | "TemplateRenderingFailed" => REJECTED,
        _ => DELAYED,
    }
}

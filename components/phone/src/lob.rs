//! Lob: what became of letters (<https://docs.lob.com/#tag/Events>).

use crate::meaning::{self, ACCEPTED, DELIVERED, Meaning, REJECTED};
use chrono::{DateTime, Utc};
use receivables::channel::Channel;
use receivables::id::MessageId;
use serde::Deserialize;
use std::collections::BTreeMap;
use store::Tx;
use store::delivery::Told;
use store::inbound::{Effect, Stored};
use web::webhook::lob;
use web::{Cx, Problem, Reply, inbox, limits};

/// Its name in the ledger.
pub(crate) const NAME: &str = "lob";

/// Under which our id comes back.
const OUR_ID: &str = carriers::OUR_ID;

#[derive(Deserialize)]
struct Event {
    id: String,
    event_type: EventType,
    reference_id: Option<String>,
    date_created: Option<DateTime<Utc>>,
    body: Option<Letter>,
}

#[derive(Deserialize)]
struct EventType {
    id: String,
}

#[derive(Deserialize)]
struct Letter {
    metadata: Option<BTreeMap<String, String>>,
}

/// `POST /webhooks/lob`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    cx.query(&[])?;
    let keys = cx.secrets("lob_webhook_secrets").await?;
    if keys.is_empty() {
        return Err(Problem::unauthorized(
            "Lob's webhooks are off: the variable `lob_webhook_secrets` is not set.",
        ));
    }
    let body = cx.bytes(limits::BODY).await?;
    lob::believed(cx, &keys, &body)?;
    take(cx, inbox::text(&body)?).await
}

/// Takes an event that was stored and had no effect.
pub(crate) async fn again(cx: &Cx, stored: &Stored) -> Result<(), Problem> {
    take(cx, &stored.body).await.map(drop)
}

async fn take(cx: &Cx, text: &str) -> Result<Reply, Problem> {
    let event: Event = serde_json::from_str(text)
        .map_err(|error| Problem::bad_request(format!("The body is not an event: {error}.")))?;
    let stored = inbox::Event {
        source: NAME,
        id: &event.id,
        body: text,
    };
    inbox::receive(cx, stored, async |tx: &Tx<'_>| {
        let Some(meaning) = status(&event.event_type.id) else {
            return Ok(Effect::Ignored(format!("no news: {}", event.event_type.id)));
        };
        let metadata = event.body.as_ref().and_then(|letter| letter.metadata.as_ref());
        let ours = metadata.and_then(|metadata| metadata.get(OUR_ID));
        let at = event.date_created.unwrap_or(cx.moment().now);
        let told = Told {
            message: ours.and_then(|id| MessageId::parse(id).ok()),
            provider_id: event.reference_id.as_deref(),
            ..meaning::told(NAME, meaning, "", at, event.event_type.id.clone())
        };
        meaning::apply(cx, tx, &told, Channel::Letter, None).await
    })
    .await
}

/// The events of a letter. That it is in the post is on its timeline; where it arrives nobody signs for it: Lob calls it
/// delivered when the last sorting centre has seen it.
fn status(kind: &str) -> Option<Meaning> {
    Some(match kind {
        "letter.created" | "letter.rendered_pdf" => ACCEPTED,
        "letter.mailed" | "letter.in_transit" => Meaning {
            kind: "message_delayed",
            news: true,
            ..ACCEPTED
        },
        "letter.delivered" | "letter.certified.delivered" => DELIVERED,
        "letter.returned_to_sender" | "letter.rejected" | "letter.failed" | "letter.deleted" => REJECTED,
        _ => return None,
    })
}

//! Resend's webhooks (<https://resend.com/docs/webhooks/verify-webhooks-requests>): signed by Svix, which is Standard
//! Webhooks under other header names.

use super::{ACCEPTED, COMPLAINT, DELAYED, DELIVERED, GONE, Meaning, REJECTED, Read, apply, words};
use carriers::{OUR_ID, RESEND};
use chrono::{DateTime, Utc};
use receivables::id::MessageId;
use serde::Deserialize;
use serde_json::Value;
use store::delivery::Told;
use store::inbound::Stored;
use web::webhook::{self, Signed, Unverified};
use web::{Cx, Problem, Reply, inbox, limits};

#[derive(Deserialize)]
struct Event {
    r#type: String,
    created_at: Option<DateTime<Utc>>,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    email_id: Option<String>,
    #[serde(default)]
    to: Vec<String>,
    /// By name, or a list of names and values: both are documented.
    #[serde(default)]
    tags: Value,
    bounce: Option<Bounce>,
}

#[derive(Deserialize)]
struct Bounce {
    r#type: Option<String>,
    #[serde(rename = "subType")]
    sub_type: Option<String>,
    message: Option<String>,
}

/// `POST /webhooks/resend`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let keys = cx.secrets("resend_webhook_secret").await?;
    if keys.is_empty() {
        return Err(Problem::unauthorized(
            "Resend's webhooks are off: the variable `resend_webhook_secret` is not set.",
        ));
    }
    let body = cx.bytes(limits::BODY).await?;
    let header = |name| cx.header(name).ok_or(Unverified::MissingHeader);
    let signed = Signed {
        id: header("svix-id")?,
        timestamp: header("svix-timestamp")?,
        signature: header("svix-signature")?,
    };
    webhook::verify(&keys, signed, &body, cx.moment().now)?;
    let text = inbox::text(&body)?;
    let event: Result<Event, _> = serde_json::from_str(text);
    let read = match &event {
        Ok(event) => event.told(),
        Err(error) => Some(Err(format!("not an event that we know: {error}"))),
    };
    // Who opened what and when is nobody's business here: not even kept.
    let events = read.map(|read| {
        let (id, body) = (signed.id.to_owned(), text.to_owned());
        (Stored { id, body }, read)
    });
    inbox::receive_all(cx, RESEND, events.as_slice(), async |tx, read| {
        apply(cx, tx, read).await
    })
    .await
}

impl Event {
    fn meaning(&self) -> Option<Meaning> {
        let permanent = || {
            let bounce = self.data.bounce.as_ref();
            bounce.and_then(|bounce| bounce.r#type.as_deref()) == Some("Permanent")
        };
        Some(match self.r#type.as_str() {
            "email.sent" => ACCEPTED,
            "email.delivered" => DELIVERED,
            "email.delivery_delayed" => DELAYED,
            "email.bounced" if permanent() => GONE,
            "email.bounced" | "email.failed" | "email.suppressed" => REJECTED,
            "email.complained" => COMPLAINT,
            _ => return None,
        })
    }

    /// `None`: an event that tells nothing of what became of a message.
    fn told(&self) -> Option<Read<'_>> {
        let meaning = self.meaning()?;
        let (Some(address), Some(at)) = (self.data.to.first(), self.created_at) else {
            return Some(Err("an event without an address or an instant".to_owned()));
        };
        let bounce = self.data.bounce.as_ref();
        Some(Ok(Told {
            provider: RESEND,
            message: tag(&self.data.tags).and_then(|id| MessageId::parse(id).ok()),
            provider_id: self.data.email_id.as_deref().filter(|id| !id.is_empty()),
            word: meaning.word,
            against: meaning.against,
            whoever_wrote: meaning.whoever_wrote,
            address: bare(address),
            at,
            news: meaning.news,
            kind: meaning.kind,
            detail: words(&[
                Some(&self.r#type),
                bounce.and_then(|bounce| bounce.r#type.as_deref()),
                bounce.and_then(|bounce| bounce.sub_type.as_deref()),
                bounce.and_then(|bounce| bounce.message.as_deref()),
            ]),
        }))
    }
}

/// Our id among the tags.
fn tag(tags: &Value) -> Option<&str> {
    match tags {
        Value::Array(tags) => {
            let ours = tags
                .iter()
                .find(|tag| tag.get("name").and_then(Value::as_str) == Some(OUR_ID));
            ours?.get("value")?.as_str()
        }
        tags => tags.get(OUR_ID)?.as_str(),
    }
}

/// The address of `"Ada" <ada@x.example>`.
fn bare(mailbox: &str) -> &str {
    let inside = mailbox
        .rsplit_once('<')
        .and_then(|(_, rest)| rest.strip_suffix('>'));
    inside.unwrap_or(mailbox).trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::suppression::Reason;
    use serde_json::json;
    use store::delivery::Against;

    #[test]
    fn every_event_means_one_thing() {
        // <https://resend.com/docs/webhooks/event-types>
        let id = MessageId::from_parts(1, [1; 10]);
        let by_name = json!({OUR_ID: id});
        let listed = json!([{"name": "other", "value": "x"}, {"name": OUR_ID, "value": id}]);
        for (name, bounce, tags, kind, against) in [
            (
                "email.sent",
                json!(null),
                &by_name,
                "message_accepted",
                Against::Nothing,
            ),
            (
                "email.delivered",
                json!(null),
                &listed,
                "message_delivered",
                Against::Nothing,
            ),
            (
                "email.delivery_delayed",
                json!(null),
                &by_name,
                "message_delayed",
                Against::Nothing,
            ),
            (
                "email.bounced",
                json!({"type": "Permanent", "subType": "General", "message": "no such user"}),
                &listed,
                "message_bounced",
                Against::Suppress(Reason::Bounce),
            ),
            (
                "email.bounced",
                json!({"type": "Transient", "subType": "MailboxFull"}),
                &by_name,
                "message_bounced",
                Against::Nothing,
            ),
            (
                "email.complained",
                json!(null),
                &by_name,
                "message_complained",
                Against::Suppress(Reason::Complaint),
            ),
        ] {
            let event: Event = serde_json::from_value(json!({"type": name, "created_at": "2026-01-13T08:00:05.126Z",
                "data": {"email_id": "4ef9", "to": ["\"Ada\" <ada@x.example>"], "tags": tags, "bounce": bounce}}))
            .unwrap();
            let told = event.told().unwrap().unwrap();
            assert_eq!((told.kind, told.against), (kind, against), "{name}");
            assert_eq!((told.address, told.provider_id), ("ada@x.example", Some("4ef9")));
            assert_eq!(told.message.as_ref(), Some(&id), "{name}");
        }
        let opened: Event =
            serde_json::from_value(json!({"type": "email.opened", "data": {"to": []}})).unwrap();
        assert!(opened.told().is_none());
    }
}

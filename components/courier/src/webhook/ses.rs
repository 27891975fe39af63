//! What Amazon SES tells, over an SNS topic
//! (<https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>): events of a configuration
//! set, or the older notifications of an identity.

use super::sns::Envelope;
use super::{
    ACCEPTED, COMPLAINT, DELAYED, DELIVERED, GONE, Meaning, REJECTED, Read, UNSUBSCRIBED, apply, words,
};
use carriers::{OUR_ID, SES};
use chrono::{DateTime, Utc};
use receivables::id::MessageId;
use serde::Deserialize;
use serde_json::Value;
use store::delivery::Told;
use store::inbound::Stored;
use web::{Cx, Problem, Reply, inbox, limits};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Event {
    #[serde(alias = "notificationType")]
    event_type: String,
    mail: Mail,
    bounce: Option<Value>,
    complaint: Option<Value>,
    delivery: Option<Value>,
    delivery_delay: Option<Value>,
    reject: Option<Value>,
    subscription: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Mail {
    message_id: Option<String>,
    timestamp: Option<DateTime<Utc>>,
    #[serde(default)]
    destination: Vec<String>,
    #[serde(default)]
    tags: Value,
}

/// `POST /webhooks/ses`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let (url, topic) = (cx.setting("sns_url").await?, cx.setting("ses_topic").await?);
    let Some((url, topic)) = url.zip(topic) else {
        return Err(Problem::unauthorized(
            "SES's webhooks are off: the variables `sns_url` and `ses_topic` are not set.",
        ));
    };
    let body = cx.bytes(limits::BODY).await?;
    let envelope: Envelope = serde_json::from_str(inbox::text(&body)?)
        .map_err(|error| Problem::bad_request(format!("The body is nothing of SNS: {error}.")))?;
    envelope.verify(&url, &topic, cx.moment().now).await?;
    if envelope.r#type == "SubscriptionConfirmation" {
        envelope.confirm(&url).await?;
        return inbox::receive_all::<Read<'_>, _>(cx, SES, &[], async |tx, read| apply(cx, tx, read).await)
            .await;
    }
    let event: Result<Event, _> = serde_json::from_str(&envelope.message);
    let read = match &event {
        Ok(event) => event.told(),
        Err(error) => Some(Err(format!("not an event that we know: {error}"))),
    };
    // Who opened what and when is nobody's business here: not even kept.
    let events = read.map(|read| {
        let (id, body) = (envelope.message_id.clone(), envelope.message.clone());
        (Stored { id, body }, read)
    });
    inbox::receive_all(cx, SES, events.as_slice(), async |tx, read| {
        apply(cx, tx, read).await
    })
    .await
}

impl Event {
    /// What the event's own part says under a name.
    fn part(&self) -> Option<&Value> {
        let parts = [
            &self.bounce,
            &self.complaint,
            &self.delivery,
            &self.delivery_delay,
            &self.reject,
            &self.subscription,
        ];
        parts.into_iter().find_map(Option::as_ref)
    }

    fn says(&self, name: &str) -> Option<&str> {
        self.part()?.get(name)?.as_str()
    }

    fn meaning(&self) -> Option<Meaning> {
        let left = || {
            let preferences = self.part()?.get("newTopicPreferences")?;
            preferences.get("unsubscribeAll")?.as_bool()
        };
        Some(match self.event_type.as_str() {
            "Send" => ACCEPTED,
            "Delivery" => DELIVERED,
            "DeliveryDelay" => DELAYED,
            "Bounce" if self.says("bounceType") == Some("Permanent") => GONE,
            "Bounce" | "Reject" | "Rendering Failure" => REJECTED,
            "Complaint" => COMPLAINT,
            "Subscription" if left() == Some(true) => UNSUBSCRIBED,
            _ => return None,
        })
    }

    /// `None`: an event that tells nothing of what became of a message.
    fn told(&self) -> Option<Read<'_>> {
        let meaning = self.meaning()?;
        let at = self.says("timestamp").and_then(|text| text.parse().ok());
        let at = at.or(self.mail.timestamp);
        // A message of ours has one recipient.
        let (Some(address), Some(at)) = (self.mail.destination.first(), at) else {
            return Some(Err("an event without an address or an instant".to_owned()));
        };
        let ours = self
            .mail
            .tags
            .get(OUR_ID)
            .and_then(|values| values.get(0)?.as_str());
        let recipients = ["bouncedRecipients", "delayedRecipients"];
        let recipients = recipients.iter().find_map(|name| self.part()?.get(*name)?.get(0));
        let of_recipient = |name: &str| recipients.and_then(|one| one.get(name)?.as_str());
        Some(Ok(Told {
            provider: SES,
            message: ours.and_then(|id| MessageId::parse(id).ok()),
            provider_id: self.mail.message_id.as_deref().filter(|id| !id.is_empty()),
            word: meaning.word,
            against: meaning.against,
            whoever_wrote: meaning.whoever_wrote,
            address,
            at,
            news: meaning.news,
            kind: meaning.kind,
            detail: words(&[
                Some(&self.event_type),
                self.says("bounceType"),
                self.says("bounceSubType"),
                self.says("complaintFeedbackType"),
                self.says("reason"),
                of_recipient("status"),
                of_recipient("diagnosticCode"),
                self.says("smtpResponse"),
            ]),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::suppression::Reason;
    use serde_json::json;
    use store::delivery::Against;

    #[test]
    fn every_event_means_one_thing() {
        let id = MessageId::from_parts(1, [1; 10]);
        let bounce = |kind| {
            json!({"bounceType": kind, "bounceSubType": "General", "timestamp": "2026-01-13T08:00:09.000Z",
                "bouncedRecipients": [{"emailAddress": "ada@x.example", "status": "5.1.1",
                    "diagnosticCode": "smtp; 550 5.1.1 no such user"}]})
        };
        let subscription = |all| json!({"timestamp": "2026-01-13T08:00:09Z", "newTopicPreferences": {"unsubscribeAll": all}});
        for (kind, name, part, expected, against) in [
            ("Send", "send", json!({}), "message_accepted", Against::Nothing),
            (
                "Delivery",
                "delivery",
                json!({"timestamp": "2026-01-13T08:00:09Z", "smtpResponse": "250 ok"}),
                "message_delivered",
                Against::Nothing,
            ),
            (
                "Bounce",
                "bounce",
                bounce("Permanent"),
                "message_bounced",
                Against::Suppress(Reason::Bounce),
            ),
            (
                "Bounce",
                "bounce",
                bounce("Transient"),
                "message_bounced",
                Against::Nothing,
            ),
            (
                "Reject",
                "reject",
                json!({"reason": "Bad content"}),
                "message_bounced",
                Against::Nothing,
            ),
            (
                "Complaint",
                "complaint",
                json!({"timestamp": "2026-01-13T08:00:09Z", "complaintFeedbackType": "abuse"}),
                "message_complained",
                Against::Suppress(Reason::Complaint),
            ),
            (
                "Subscription",
                "subscription",
                subscription(true),
                "message_unsubscribed",
                Against::Suppress(Reason::Unsubscribe),
            ),
        ] {
            for member in ["eventType", "notificationType"] {
                let event = json!({member: kind, name: part, "mail": {"messageId": "0102", "timestamp":
                    "2026-01-13T08:00:01Z", "destination": ["ada@x.example"], "tags": {OUR_ID: [id]}}});
                let event: Event = serde_json::from_value(event).unwrap();
                let told = event.told().unwrap().unwrap();
                assert_eq!((told.kind, told.against), (expected, against), "{kind}");
                assert_eq!((told.address, told.provider_id), ("ada@x.example", Some("0102")));
                assert_eq!(told.message.as_ref(), Some(&id));
            }
        }
        for (kind, name, part) in [
            ("Open", "open", json!({})),
            ("Click", "click", json!({})),
            ("Subscription", "subscription", subscription(false)),
        ] {
            let event: Event =
                serde_json::from_value(json!({"eventType": kind, name: part, "mail": {}})).unwrap();
            assert!(event.told().is_none(), "{kind}");
        }
    }
}

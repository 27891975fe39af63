//! The sandbox provider's webhook: verified, stored, acknowledged, applied once.

use chrono::{DateTime, Utc};
use receivables::id::CheckoutId;
use receivables::money::Money;
use serde::Deserialize;
use store::Tx;
use store::activities::{self, Activity};
use store::checkouts::{self, Confirmed};
use store::inbound::Effect;

use web::webhook::{Signed, verify};
use web::{Cx, Problem, Reply, inbox, limits};

const SOURCE: &str = "sandbox";

#[derive(Deserialize)]
struct Event {
    r#type: String,
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    payment_id: String,
    client_reference: String,
    amount: Money,
    at: DateTime<Utc>,
}

/// `POST /webhooks/sandbox`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let Some(secret) = cx.setting("sandbox_secret").await? else {
        return Err(Problem::unauthorized(
            "The sandbox is off: the variable `sandbox_secret` is not set.",
        ));
    };
    let body = cx.bytes(limits::BODY).await?;
    let signed = Signed::of(cx)?;
    verify(&[secret], signed, &body, cx.moment().now)?;
    let text = inbox::text(&body)?;
    let event = inbox::Event {
        source: SOURCE,
        id: signed.id,
        body: text,
    };
    inbox::receive(cx, event, async |tx| apply(cx, tx, text).await).await
}

/// Gives the event its effect. What cannot be understood is kept for a person.
async fn apply(cx: &Cx, tx: &Tx<'_>, text: &str) -> Result<Effect, Problem> {
    let event: Event = match serde_json::from_str(text) {
        Ok(event) => event,
        Err(error) => return Ok(Effect::Failed(format!("not an event that we know: {error}"))),
    };
    let checkout = match CheckoutId::parse(&event.data.client_reference) {
        Ok(id) => checkouts::checkout(tx, &id).await?,
        Err(_) => None,
    };
    let Some(checkout) = checkout.filter(|checkout| checkout.provider == SOURCE) else {
        return Ok(Effect::Ignored(format!(
            "{} is no hand-over of ours",
            event.data.client_reference
        )));
    };
    match event.r#type.as_str() {
        "payment.succeeded" => {
            let confirmed = Confirmed {
                reference: event.data.payment_id,
                amount: event.data.amount,
                received_on: event.data.at.date_naive(),
                method: "card".to_owned(),
            };
            Ok(checkouts::pay(tx, cx.moment(), &checkout, confirmed).await?)
        }
        "payment.failed" => {
            let activity = Activity {
                customer_id: checkout.customer.clone(),
                kind: "payment_failed",
                title: format!("Payment of {} declined", event.data.amount),
                detail: "The customer tried to pay through a link and the provider declined.".to_owned(),
                refers_to: Some(checkout.id.to_string()),
            };
            activities::record(tx, cx.moment(), &[activity]).await?;
            Ok(Effect::Processed("declined".to_owned()))
        }
        other => Ok(Effect::Ignored(format!("type {other} needs nothing done"))),
    }
}

//! The webhooks. **Shape:** verified, stored in a commit of its own, then dealt with at once where that needs nobody
//! else's answer; else it is due, and the job fetches what it is about. **Acknowledged** is what is stored: what goes
//! wrong after that is ours, and the job tries again.

use crate::deal::{self, Source};
use chrono::TimeDelta;
use formats::billing::{quickbooks, xero};
use serde_json::Value;
use std::collections::BTreeSet;
use store::inbound::{self, DueEvent, Stored};
use store::{Db, Tx};
use web::webhook::{Signed, base64, stripe, verify};
use web::{Cx, Problem, Reply, inbox, limits, secrets};

/// `POST /webhooks/billing`.
pub(crate) async fn generic(cx: &Cx) -> Result<Reply, Problem> {
    let secrets = required(cx, "billing_webhook_secrets").await?;
    let body = cx.bytes(limits::BODY).await?;
    let signed = Signed::of(cx)?;
    verify(&secrets, signed, &body, cx.moment().now)?;
    at_once(cx, Source::Generic, signed.id.to_owned(), inbox::text(&body)?).await
}

/// `POST /webhooks/stripe-billing`.
pub(crate) async fn stripe(cx: &Cx) -> Result<Reply, Problem> {
    let secrets = required(cx, "stripe_billing_webhook_secrets").await?;
    let body = cx.bytes(limits::BODY).await?;
    stripe::verify(&secrets, stripe::signature(cx)?, &body, cx.moment().now)?;
    let text = inbox::text(&body)?;
    let event: Option<Value> = serde_json::from_str(text).ok();
    let id = event.as_ref().and_then(|event| event.get("id")?.as_str());
    let id = id
        .filter(|id| !id.is_empty())
        .map_or_else(|| named(text), str::to_owned);
    at_once(cx, Source::Stripe, id, text).await
}

/// `POST /webhooks/xero`. Its intent to receive sends deliveries with right and wrong signatures and wants 200 and 401,
/// both without a body.
pub(crate) async fn xero(cx: &Cx) -> Result<Reply, Problem> {
    notified(
        cx,
        Source::Xero,
        "xero_webhook_keys",
        "x-xero-signature",
        xero::events,
    )
    .await
}

/// `POST /webhooks/quickbooks`.
pub(crate) async fn quickbooks(cx: &Cx) -> Result<Reply, Problem> {
    notified(
        cx,
        Source::QuickBooks,
        "quickbooks_webhook_tokens",
        "intuit-signature",
        quickbooks::events,
    )
    .await
}

async fn required(cx: &Cx, variable: &str) -> Result<Vec<String>, Problem> {
    let secrets = cx.secrets(variable).await?;
    match secrets.is_empty() {
        false => Ok(secrets),
        true => Err(Problem::unauthorized(format!(
            "No webhook is taken here: the variable `{variable}` is not set."
        ))),
    }
}

/// The name of an event that has none: one that says the same is the same.
fn named(text: &str) -> String {
    format!("sha256-{}", secrets::hash(text))
}

/// Takes an event that holds all that is needed.
async fn at_once(cx: &Cx, source: Source, id: String, text: &str) -> Result<Reply, Problem> {
    let stored = Stored {
        id,
        body: text.to_owned(),
    };
    let db = cx.db().await?;
    // Due in a while: should we come to an end before it is dealt with, the job does it.
    let due = cx.moment().now + TimeDelta::seconds(limits::INBOUND_GRACE_S);
    let open = keep(
        cx,
        &db,
        source,
        std::slice::from_ref(&stored),
        due.timestamp_millis(),
    )
    .await?;
    if !open.contains(&stored.id) {
        return Ok(told("duplicate"));
    }
    let event = DueEvent {
        source: source.name().to_owned(),
        id: stored.id,
        body: stored.body,
        attempts: 1,
    };
    match deal::event(cx, &db, &event).await {
        Ok(dealt) => Ok(told(dealt.name())),
        Err(problem) => {
            cx.log(&problem);
            Ok(told("received"))
        }
    }
}

fn told(status: &str) -> Reply {
    Reply::json(200, &serde_json::json!({ "status": status }))
}

/// Takes a delivery whose events only say what has changed: they are due now.
async fn notified(
    cx: &Cx,
    source: Source,
    variable: &str,
    header: &str,
    events: fn(&Value) -> Vec<(String, Value)>,
) -> Result<Reply, Problem> {
    let keys = cx.secrets(variable).await?;
    let body = cx.bytes(limits::BODY).await?;
    if !base64::verify(&keys, cx.header(header), &body) {
        return Ok(Reply::empty(401));
    }
    let text = inbox::text(&body)?;
    let stored: Vec<Stored> = match serde_json::from_str::<Value>(text) {
        Ok(delivery) => events(&delivery).into_iter().map(event).collect(),
        // Kept for a person, as whatever cannot be understood.
        Err(_) => vec![event((named(text), Value::String(text.to_owned())))],
    };
    let db = cx.db().await?;
    for stored in stored.chunks(limits::EVENTS) {
        keep(cx, &db, source, stored, cx.moment().ms()).await?;
    }
    Ok(Reply::empty(200))
}

fn event((id, event): (String, Value)) -> Stored {
    Stored {
        id,
        body: event.to_string(),
    }
}

async fn keep(
    cx: &Cx,
    db: &Db,
    source: Source,
    events: &[Stored],
    due_ms: i64,
) -> Result<BTreeSet<String>, Problem> {
    let events: Vec<&Stored> = events.iter().collect();
    db.transaction(async |tx: &Tx<'_>| {
        Ok::<_, Problem>(inbound::store(tx, cx.moment(), source.name(), &events, Some(due_ms)).await?)
    })
    .await
}

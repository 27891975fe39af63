//! The sandbox provider's webhook: verified, stored, acknowledged, applied once.

use chrono::{DateTime, Utc};
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::id::CheckoutId;
use receivables::intake::CustomerRef;
use receivables::money::Money;
use receivables::policy::Policy;
use serde::Deserialize;
use store::activities::{self, Activity};
use store::links::{self, Checkout};
use store::payments::{self, Incoming, Recorded};
use store::{Tx, inbound};
use web::webhook::{Signed, verify};
use web::{Cx, Problem, Reply, limits};

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
    let signed = signed(cx).ok_or_else(|| {
        Problem::unauthorized("The headers webhook-id, webhook-timestamp and webhook-signature are needed.")
    })?;
    verify(&secret, signed, &body, cx.moment().now)
        .map_err(|error| Problem::unauthorized(format!("This webhook is not believed: {error}.")))?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::bad_request("The body is not UTF-8."))?;

    // Stored in a commit of its own: whatever happens next, the event is not lost.
    let db = cx.db().await?;
    let open = db
        .transaction(async |tx: &Tx<'_>| inbound::store(tx, cx.moment(), SOURCE, signed.id, text).await)
        .await?;
    if !open {
        return Ok(Reply::json(200, &serde_json::json!({"status": "duplicate"})));
    }
    let status = db
        .transaction(async |tx: &Tx<'_>| {
            // Asked again under the lock: the same event may be at work twice.
            if !inbound::is_open(tx, SOURCE, signed.id).await? {
                return Ok("duplicate");
            }
            let (status, outcome) = apply(cx, tx, text).await?;
            inbound::conclude(tx, SOURCE, signed.id, status, &outcome).await?;
            Ok::<_, Problem>(status)
        })
        .await?;
    Ok(Reply::json(200, &serde_json::json!({"status": status})))
}

fn signed(cx: &Cx) -> Option<Signed<'_>> {
    Some(Signed {
        id: cx.header("webhook-id")?,
        timestamp: cx.header("webhook-timestamp")?,
        signature: cx.header("webhook-signature")?,
    })
}

/// Gives the event its effect; how it ended, and why. What cannot be understood is kept for a person.
async fn apply(cx: &Cx, tx: &Tx<'_>, text: &str) -> Result<(&'static str, String), Problem> {
    let event: Event = match serde_json::from_str(text) {
        Ok(event) => event,
        Err(error) => return Ok(("failed", format!("not an event that we know: {error}"))),
    };
    let checkout = match CheckoutId::parse(&event.data.client_reference) {
        Ok(id) => links::checkout(tx, &id).await?,
        Err(_) => None,
    };
    let Some(checkout) = checkout else {
        return Ok((
            "ignored",
            format!("{} is no hand-over of ours", event.data.client_reference),
        ));
    };
    match event.r#type.as_str() {
        "payment.succeeded" => succeeded(cx, tx, &checkout, event.data).await,
        "payment.failed" => {
            let activity = Activity {
                customer_id: checkout.customer.clone(),
                kind: "payment_failed",
                title: format!("Payment of {} declined", event.data.amount),
                detail: "The customer tried to pay through a link and the provider declined.".to_owned(),
                refers_to: Some(checkout.id.to_string()),
            };
            activities::record(tx, cx.moment(), &[activity]).await?;
            Ok(("processed", "declined".to_owned()))
        }
        other => Ok(("ignored", format!("type {other} needs nothing done"))),
    }
}

/// The amount that counts is the provider's, not the link's.
async fn succeeded(
    cx: &Cx,
    tx: &Tx<'_>,
    checkout: &Checkout,
    data: Data,
) -> Result<(&'static str, String), Problem> {
    let incoming = Incoming {
        source: SOURCE.to_owned(),
        reference: data.payment_id,
        customer: Some(CustomerRef::Id(checkout.customer.clone())),
        amount: data.amount,
        received_on: data.at.date_naive(),
        method: "card".to_owned(),
        remittance: checkout
            .invoices
            .iter()
            .map(|id| RemittanceLine {
                invoice: InvoiceRef::Id(id.clone()),
                amount: None,
            })
            .collect(),
    };
    match payments::record(tx, cx.moment(), &Policy::standard(), &incoming).await? {
        Recorded::Accepted(id) | Recorded::Duplicate(id) => {
            links::settle_checkout(tx, &checkout.id, &id).await?;
            Ok(("processed", id.to_string()))
        }
        Recorded::Conflict(id) => Ok(("failed", format!("{id} has this reference and other content"))),
        Recorded::UnknownCustomer | Recorded::SeveralCustomers => {
            Ok(("failed", "the customer of this hand-over is gone".to_owned()))
        }
    }
}

//! The sandbox: plays a payment provider for development and demos. No money moves.

use crate::{Closed, Doing, Event, Order, Provider, Row, Unopened, ours};
use chrono::{DateTime, TimeDelta, Utc};
use receivables::money::Money;
use receivables::paylink::{Offer, Session};
use receivables::told::{Paid, Told};
use serde::Deserialize;
use store::checkouts::Looked;
use store::refunds::{self, Answered};
use web::webhook::{Signed, verify};
use web::{Cx, Problem, outbound};

pub(crate) const ROW: Row = Row {
    offer: Offer {
        name: "sandbox",
        ways: &["card"],
        plays: true,
        takes: |_, _| true,
    },
    // What is played twice is no loss.
    remembers: TimeDelta::days(365),
    acknowledged: None,
    set_up,
    hear,
    read,
};

/// The sandbox runs beside us and is reached like any provider: over HTTP, with a secret.
const SESSIONS: &str = "http://sandbox.spin.internal/sandbox/sessions";

struct Sandbox {
    secret: String,
}

fn set_up(cx: &Cx) -> Doing<'_, Result<Option<Box<dyn Provider>>, Problem>> {
    Box::pin(async move {
        let secret = cx.setting("sandbox_secret").await?;
        Ok(secret.map(|secret| Box::new(Sandbox { secret }) as Box<dyn Provider>))
    })
}

fn hear<'a>(cx: &'a Cx, body: &'a [u8]) -> Doing<'a, Result<Vec<Event>, Problem>> {
    Box::pin(async move {
        let Some(secret) = cx.setting("sandbox_secret").await? else {
            return Err(Problem::unauthorized(
                "The sandbox is off: the variable `sandbox_secret` is not set.",
            ));
        };
        let signed = Signed::of(cx)?;
        verify(&[secret], signed, body, cx.moment().now)?;
        Ok(vec![Event {
            id: signed.id.to_owned(),
            body: web::inbox::text(body)?.to_owned(),
        }])
    })
}

#[derive(Deserialize)]
struct Opened {
    id: String,
    url: String,
}

impl Provider for Sandbox {
    fn open<'a>(&'a self, _: &'a Cx, order: &'a Order<'_>) -> Doing<'a, Result<Session, Unopened>> {
        Box::pin(async move { self.session(order).await.map_err(Unopened::TryAgain) })
    }

    /// The sandbox keeps no sessions, so there is none to close. What is paid in one that we have left is told like
    /// any other payment.
    fn close<'a>(&'a self, _: &'a str) -> Doing<'a, Result<Closed, Problem>> {
        Box::pin(async { Ok(Closed::Unpaid) })
    }

    /// And none to ask about.
    fn look<'a>(&'a self, _: &'a Cx, _: &'a Looked) -> Doing<'a, Result<Vec<Event>, Problem>> {
        Box::pin(async { Ok(Vec::new()) })
    }

    fn refund<'a>(&'a self, _: &'a Cx, refund: &'a refunds::Order) -> Doing<'a, Result<Answered, Problem>> {
        Box::pin(async { Ok(Answered::Done(format!("sbx_{}", refund.id))) })
    }
}

impl Sandbox {
    async fn session(&self, order: &Order<'_>) -> Result<Session, Problem> {
        let failed = |cause: String| Problem::provider("The payment could not be started.", cause);
        let body = serde_json::json!({"client_reference": order.checkout, "amount": order.amount,
            "creditor_name": order.creditor_name, "purpose": order.purpose, "success_url": order.success_url,
            "cancel_url": order.cancel_url});
        let body = serde_json::to_vec(&body).map_err(|error| failed(error.to_string()))?;
        let authorization = format!("Bearer {}", self.secret);
        let headers = [
            ("authorization", authorization.as_str()),
            ("idempotency-key", order.checkout.as_str()),
        ];
        let answer = outbound::post_json(SESSIONS, &headers, body).await?;
        if answer.status != 201 {
            return Err(failed(format!("sandbox answered {}", answer.status)));
        }
        let opened: Opened =
            serde_json::from_slice(&answer.body).map_err(|error| failed(error.to_string()))?;
        Ok(Session {
            id: opened.id,
            url: opened.url,
            expires_at: order.expires_at,
        })
    }
}

#[derive(Deserialize)]
struct Played {
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

fn read(text: &str) -> Result<Vec<Told>, String> {
    let event: Played =
        serde_json::from_str(text).map_err(|error| format!("not an event that we know: {error}"))?;
    let checkout = match ours(Some(&event.data.client_reference)) {
        Ok(checkout) => checkout,
        Err(why) => return Ok(vec![Told::Nothing(why)]),
    };
    Ok(vec![match event.r#type.as_str() {
        "payment.succeeded" => Told::Paid(Paid {
            checkout,
            reference: event.data.payment_id,
            amount: Some(event.data.amount),
            method: "card".to_owned(),
            at: Some(event.data.at),
        }),
        "payment.failed" => Told::Declined(checkout),
        other => Told::Nothing(format!("type {other} needs nothing done")),
    }])
}

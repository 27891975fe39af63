//! The sandbox provider's webhook, as `cash` takes it.

use super::{Outcome, as_json, header, on_thread};
use crate::seed;
use crate::subject::SANDBOX_SECRET;
use anyhow::Context;
use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde_json::json;
use store::inbound::{self, Stored};
use store::{Db, StoreError, Tx, told};
use web::webhook::{Signed, verify};

const SOURCE: &str = "sandbox";

pub(super) async fn webhook(headers: HeaderMap, body: Bytes) -> Response {
    on_thread(move || async move { take(&headers, &body).await }).await
}

async fn take(headers: &HeaderMap, body: &[u8]) -> Outcome {
    let moment = seed::moment()?;
    let signed = Signed {
        id: header(headers, "webhook-id"),
        timestamp: header(headers, "webhook-timestamp"),
        signature: header(headers, "webhook-signature"),
    };
    verify(&[SANDBOX_SECRET], signed, body, moment.now)?;
    let text = std::str::from_utf8(body)?;
    let db = Db::open().await?;
    let stored = Stored {
        id: signed.id.to_owned(),
        body: text.to_owned(),
    };
    db.transaction(async |tx: &Tx<'_>| inbound::store(tx, moment, SOURCE, &[&stored], None).await)
        .await?;
    let teller = providers::row(SOURCE).context("there is no sandbox")?.teller();
    let status = db
        .transaction(async |tx: &Tx<'_>| {
            if inbound::open(tx, SOURCE, &[&stored]).await?.is_empty() {
                return Ok("duplicate");
            }
            let effect = told::apply(tx, moment, teller, text).await?;
            inbound::conclude(tx, SOURCE, signed.id, &effect).await?;
            Ok::<_, StoreError>(effect.name())
        })
        .await?;
    anyhow::ensure!(status == "processed", "the event was {status}");
    as_json(StatusCode::OK, &json!({"status": status}))
}

/// What the load sends: a payment of one hand-over, signed as the sandbox signs.
pub(crate) fn event(index: usize, checkout: &str) -> anyhow::Result<crate::client::Request> {
    let now = seed::moment()?.now;
    let body = json!({"type": "payment.succeeded", "data": {
        "payment_id": format!("bench-{index}"), "client_reference": checkout,
        "amount": {"amount": "100.00", "currency": "EUR"}, "at": now.to_rfc3339()}});
    let body = body.to_string();
    let id = format!("evt-{index}");
    let signature = web::webhook::sign(SANDBOX_SECRET, &id, now.timestamp(), body.as_bytes())
        .context("the event is not signed")?;
    let timestamp = now.timestamp().to_string();
    let headers = [
        ("content-type", "application/json"),
        ("webhook-id", id.as_str()),
        ("webhook-timestamp", timestamp.as_str()),
        ("webhook-signature", signature.as_str()),
    ];
    Ok(crate::client::Request::new(
        "POST",
        "/webhooks/sandbox",
        &headers,
        body,
    ))
}

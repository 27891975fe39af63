//! `cash`: confirms money and applies it, and has it paid back. Money comes by the payment provider's webhook, by asking
//! the provider what became of it, or over the API.

mod by_hand;
mod look;
mod webhook;

use bytes::Bytes;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::PaymentId;
use receivables::intake::PaymentInput;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use store::payments::{self, Incoming, Recorded, Reversed};
use web::{Cx, Problem, Reply, Scope};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("POST", ["v1", "payments"]) => take(cx).await,
        ("GET", ["v1", "payments", id]) => show(cx, id).await,
        ("POST", ["v1", "payments", id, "reverse"]) => reverse(cx, id).await,
        ("POST", ["v1", "payments", id, "allocations"]) => by_hand::allocations(cx, id).await,
        ("POST", ["v1", "payments", id, "refund"]) => by_hand::refund(cx, id).await,
        ("POST", ["v1", "customers", id, "apply-credit"]) => by_hand::apply_credit(cx, id).await,
        ("POST", ["webhooks", "sandbox"]) => webhook::take(cx, "sandbox").await,
        ("POST", ["webhooks", "stripe"]) => webhook::take(cx, "stripe").await,
        ("POST", ["webhooks", "mollie"]) => webhook::take(cx, "mollie").await,
        ("POST", ["webhooks", "adyen"]) => webhook::take(cx, "adyen").await,
        ("POST", ["webhooks", "razorpay"]) => webhook::take(cx, "razorpay").await,
        ("POST", ["webhooks", "gocardless"]) => webhook::take(cx, "gocardless").await,
        ("POST", ["webhooks", "paypal"]) => webhook::take(cx, "paypal").await,
        ("GET" | "POST", ["internal", "payments"]) => look::job(cx).await,
        (
            _,
            ["v1", "payments"]
            | ["v1", "payments", _, "reverse" | "allocations" | "refund"]
            | ["v1", "customers", _, "apply-credit"]
            | [
                "webhooks",
                "sandbox" | "stripe" | "mollie" | "adyen" | "razorpay" | "gocardless" | "paypal",
            ],
        ) => Err(Problem::method_not_allowed("POST")),
        (_, ["internal", "payments"]) => Err(Problem::method_not_allowed("GET, POST")),
        (_, ["v1", "payments", _]) => Err(Problem::method_not_allowed("GET")),
        _ => Err(Problem::no_route()),
    }
}

/// `POST /v1/payments`.
async fn take(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let (value, bytes) = cx.json().await?;
    let incoming = Incoming::told("api", PaymentInput::parse(&value).map_err(Problem::invalid)?);
    cx.once(&principal, &bytes, async |tx| {
        let recorded = payments::record(tx, cx.moment(), &incoming).await?;
        let (status, id) = match recorded {
            Recorded::Accepted(id) => (201, id),
            Recorded::Duplicate(id) => (200, id),
            Recorded::Conflict(id) => {
                return Err(Problem::conflict(
                    "reference_taken",
                    format!(
                        "Reference {} is on record with other content, as {id}.",
                        incoming.reference
                    ),
                ));
            }
            Recorded::UnknownCustomer => {
                return Err(Problem::invalid_field(
                    "/customer",
                    "unknown_customer",
                    "no such customer",
                ));
            }
            Recorded::SeveralCustomers => {
                return Err(Problem::invalid_field(
                    "/remittance",
                    "several_customers",
                    "the invoices named belong to several customers: record one payment for each",
                ));
            }
        };
        Ok(Reply::json(status, &shown(tx, &id).await?))
    })
    .await
}

async fn shown(db: &store::Db, id: &PaymentId) -> Result<payments::PaymentView, Problem> {
    payments::view(db, id).await?.ok_or_else(unknown)
}

fn unknown() -> Problem {
    Problem::not_found("There is no payment with that id.")
}

/// `GET /v1/payments/{id}`.
async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = PaymentId::parse(id).map_err(|_| unknown())?;
    Ok(Reply::json(200, &shown(&cx.db().await?, &id).await?))
}

fn reason(value: &serde_json::Value) -> Result<String, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let reason = fields.required("reason", kinds::text(receivables::limits::TEXT));
    fields.finish(|| reason)
}

/// `POST /v1/payments/{id}/reverse`: `{"reason": "..."}`.
async fn reverse(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = PaymentId::parse(id).map_err(|_| unknown())?;
    let (value, bytes) = cx.json().await?;
    let reason = reason(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        match payments::reverse(tx, cx.moment(), &id, &reason).await? {
            Reversed::Done | Reversed::Already => Ok(Reply::json(200, &shown(tx, &id).await?)),
            Reversed::Unknown => Err(unknown()),
            Reversed::Refunded => Err(Problem::conflict("refunded", "All of this payment was refunded.")),
        }
    })
    .await
}

//! `charges`: what being late has cost and what taking it back changes, reference rates, and what is owed on a date.

mod dues;
mod rates;

use bytes::Bytes;
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::{CustomerId, InvoiceId};
use receivables::limits::TEXT;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use store::charges::{self, ChargeView, Filter, Undone};
use web::{Cx, Problem, Reply, Scope};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("GET", ["v1", "charges"]) => list(cx).await,
        ("GET", ["v1", "charges", id]) => show(cx, id).await,
        ("POST", ["v1", "charges", id, "waive"]) => undo(cx, id, true).await,
        ("POST", ["v1", "charges", id, "reverse"]) => undo(cx, id, false).await,
        ("GET", ["v1", "rates"]) => rates::list(cx).await,
        ("PUT", ["v1", "rates", series]) => rates::replace(cx, series).await,
        ("GET", ["v1", "customers", id, "dues"]) => dues::of_one(cx, id).await,
        ("POST", ["v1", "dues"]) => dues::of_many(cx).await,
        (_, ["v1", "charges"] | ["v1", "charges", _] | ["v1", "rates"] | ["v1", "customers", _, "dues"]) => {
            Err(Problem::method_not_allowed("GET"))
        }
        (_, ["v1", "charges", _, "waive" | "reverse"] | ["v1", "dues"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        (_, ["v1", "rates", _]) => Err(Problem::method_not_allowed("PUT")),
        _ => Err(Problem::no_route()),
    }
}

const STATUSES: &[&str] = &["posted", "blocked", "waived", "reversed"];

/// `GET /v1/charges?customer=&status=`.
async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["customer", "status", "limit", "after"])?;
    let page = cx.page(&query)?;
    let customer = query.get("customer").map(|id| CustomerId::parse(id)).transpose();
    let after = page.after.as_deref().map(InvoiceId::parse).transpose();
    let status = query.get("status").cloned();
    if status
        .as_deref()
        .is_some_and(|status| !STATUSES.contains(&status))
    {
        return Err(Problem::bad_request(
            "`status` is posted, blocked, waived or reversed.",
        ));
    }
    let filter = Filter {
        customer: customer.map_err(|error| Problem::bad_request(format!("`customer`: {error}.")))?,
        status,
        after: after
            .map_err(|_| Problem::bad_request("`after` is a cursor that a page before ended with."))?,
    };
    let mut rows = charges::list(&cx.db().await?, &filter, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

fn unknown() -> Problem {
    Problem::not_found("There is no charge with that id.")
}

fn charge_id(id: &str) -> Result<InvoiceId, Problem> {
    InvoiceId::parse(id).map_err(|_| unknown())
}

async fn shown(db: &store::Db, id: &InvoiceId) -> Result<ChargeView, Problem> {
    charges::one(db, id).await?.ok_or_else(unknown)
}

/// `GET /v1/charges/{id}`.
async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = charge_id(id)?;
    Ok(Reply::json(200, &shown(&cx.db().await?, &id).await?))
}

fn reason(value: &serde_json::Value) -> Result<String, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let reason = fields.required("reason", kinds::text(TEXT));
    fields.finish(|| reason)
}

/// `POST /v1/charges/{id}/waive` and `/reverse`: `{"reason": "..."}`.
async fn undo(cx: &Cx, id: &str, waive: bool) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = charge_id(id)?;
    let (value, bytes) = cx.json().await?;
    let reason = reason(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let undone = match waive {
            true => charges::waive(tx, cx.moment(), &id, &reason).await?,
            false => charges::reverse(tx, cx.moment(), &id, &reason).await?,
        };
        match undone {
            Undone::Done => Ok(Reply::json(200, &shown(tx, &id).await?)),
            Undone::Unknown => Err(unknown()),
            Undone::Waived => Err(Problem::conflict("waived", "This charge was waived.")),
            Undone::Reversed => Err(Problem::conflict("reversed", "This charge was reversed.")),
            Undone::Paid => Err(Problem::conflict(
                "paid",
                "All of this charge is paid: to give it back, reverse it.",
            )),
        }
    })
    .await
}

//! `desk`: what people decide and do: addresses they made sure of, holds, suspensions, write-offs, orders, hand-overs, approvals, tasks, calls, notes.
//!
//! Who asks for what gives something away may have to wait for a second person: then the answer is 202 with the
//! request for approval, and what was asked for happens when it is granted.

mod accounts;
mod approvals;
mod contacts;
mod hand_overs;
mod holds;
mod orders;
mod outcomes;
mod tasks;
mod write_offs;

use bytes::Bytes;
use receivables::fields::{Fields, kinds};
use receivables::id::CustomerId;
use receivables::intake::CustomerRef;
use receivables::limits;
use serde_json::Value;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use std::collections::BTreeMap;
use store::Tx;
use store::customers::Directory;
use web::{Cx, Problem, Reply};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("POST", ["v1", "customers", id, "hold"]) => holds::customer(cx, id, true).await,
        ("DELETE", ["v1", "customers", id, "hold"]) => holds::customer(cx, id, false).await,
        ("POST", ["v1", "invoices", id, "hold"]) => holds::invoice(cx, id, true).await,
        ("DELETE", ["v1", "invoices", id, "hold"]) => holds::invoice(cx, id, false).await,
        (_, ["v1", "customers" | "invoices", _, "hold"]) => Err(Problem::method_not_allowed("POST, DELETE")),
        ("POST", ["v1", "customers", id, "contacts", "verify"]) => contacts::verify(cx, id).await,
        ("POST", ["v1", "customers", id, "suspend"]) => accounts::suspend(cx, id).await,
        ("POST", ["v1", "customers", id, "reinstate"]) => accounts::reinstate(cx, id).await,
        ("POST", ["v1", "customers", id, "hand-over"]) => hand_overs::begin(cx, id).await,
        ("POST", ["v1", "invoices", id, "write-off"]) => write_offs::write_off(cx, id).await,
        ("POST", ["v1", "orders"]) => orders::take(cx).await,
        ("GET", ["v1", "orders"]) => orders::list(cx).await,
        ("GET", ["v1", "orders", id]) => orders::show(cx, id).await,
        ("POST", ["v1", "orders", id, "release"]) => orders::release(cx, id).await,
        ("POST", ["v1", "orders", id, "close"]) => orders::close(cx, id).await,
        ("POST", ["v1", "orders", id, "cancel"]) => orders::cancel(cx, id).await,
        ("GET", ["v1", "hand-overs"]) => hand_overs::list(cx).await,
        ("GET", ["v1", "hand-overs", id]) => hand_overs::show(cx, id).await,
        ("POST", ["v1", "hand-overs", id, "recall"]) => hand_overs::recall(cx, id).await,
        ("GET", ["v1", "approvals"]) => approvals::list(cx).await,
        ("GET", ["v1", "approvals", id]) => approvals::show(cx, id).await,
        ("POST", ["v1", "approvals", id, "decision"]) => approvals::decision(cx, id).await,
        ("POST", ["v1", "approvals", id, "withdraw"]) => approvals::withdraw(cx, id).await,
        ("POST", ["v1", "tasks"]) => tasks::open(cx).await,
        ("GET", ["v1", "tasks"]) => tasks::list(cx).await,
        ("GET", ["v1", "tasks", id]) => tasks::show(cx, id).await,
        ("POST", ["v1", "tasks", id, "assign"]) => tasks::assign(cx, id).await,
        ("POST", ["v1", "tasks", id, "done"]) => tasks::done(cx, id).await,
        ("POST", ["v1", "tasks", id, "cancel"]) => tasks::cancel(cx, id).await,
        ("POST", ["v1", "notes"]) => tasks::note(cx).await,
        ("POST", ["v1", "calls"]) => tasks::call(cx).await,
        (_, ["v1", "orders" | "tasks"]) => Err(Problem::method_not_allowed("GET, POST")),
        (
            _,
            ["v1", "hand-overs" | "approvals"] | ["v1", "orders" | "hand-overs" | "approvals" | "tasks", _],
        ) => Err(Problem::method_not_allowed("GET")),
        (
            _,
            ["v1", "notes" | "calls"]
            | ["v1", "customers", _, "contacts", "verify"]
            | ["v1", "customers", _, "suspend" | "reinstate" | "hand-over"]
            | ["v1", "invoices", _, "write-off"]
            | ["v1", "orders", _, "release" | "close" | "cancel"]
            | ["v1", "hand-overs", _, "recall"]
            | ["v1", "approvals", _, "decision" | "withdraw"]
            | ["v1", "tasks", _, "assign" | "done" | "cancel"],
        ) => Err(Problem::method_not_allowed("POST")),
        _ => Err(Problem::no_route()),
    }
}

fn no_customer() -> Problem {
    Problem::not_found("There is no customer with that id.")
}

fn customer_id(id: &str) -> Result<CustomerId, Problem> {
    CustomerId::parse(id).map_err(|_| no_customer())
}

/// `{"reason": ...}`
fn reason(value: &Value) -> Result<String, Problem> {
    let mut fields = Fields::of(value);
    let reason = fields.required("reason", kinds::text(limits::TEXT));
    fields.finish(|| reason).map_err(Problem::invalid)
}

/// The customer that a document names.
async fn named(tx: &Tx<'_>, customer: &CustomerRef) -> Result<CustomerId, Problem> {
    let directory = Directory::load(tx, std::iter::once(customer)).await?;
    directory
        .get(customer)
        .map(|known| known.id.clone())
        .ok_or_else(|| {
            Problem::invalid_field(
                "/customer",
                "unknown_customer",
                "no such customer; create it first",
            )
        })
}

/// A query parameter, read; a 400 where it cannot be.
fn parameter<T>(
    query: &BTreeMap<String, String>,
    name: &str,
    wanted: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>, Problem> {
    let Some(text) = query.get(name) else {
        return Ok(None);
    };
    match read(text) {
        Some(value) => Ok(Some(value)),
        None => Err(Problem::bad_request(format!("`{name}` is {wanted}."))),
    }
}

/// As [`parameter`], for one of the words of a table.
fn word<T: Copy>(
    query: &BTreeMap<String, String>,
    name: &str,
    table: &[(&'static str, T)],
) -> Result<Option<T>, Problem> {
    let words: Vec<&str> = table.iter().map(|(word, _)| *word).collect();
    let wanted = format!("one of {}", words.join(", "));
    parameter(query, name, &wanted, |text| {
        table
            .iter()
            .find(|(word, _)| *word == text)
            .map(|(_, meaning)| *meaning)
    })
}

//! `intake`: customers, invoices and credit notes come in: verified, recorded, nothing lost, nothing taken twice.
//!
//! Spin routes by path alone, so the lists that share an address with a POST are answered here too.

mod batch;
mod body;
mod credit_notes;
mod customers;
mod e_invoices;
mod files;
mod invoices;
mod keeper;
mod lines;
mod mappings;
mod rejects;
mod stream;

use bytes::Bytes;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use web::{Cx, Problem, Reply};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("POST", ["v1", "customers"]) => customers::take(cx).await,
        ("GET", ["v1", "customers"]) => customers::list(cx).await,
        ("POST", ["v1", "invoices"]) => invoices::take(cx).await,
        ("GET", ["v1", "invoices"]) => invoices::list(cx).await,
        (_, ["v1", "customers" | "invoices"]) => Err(Problem::method_not_allowed("GET, POST")),
        ("POST", ["v1", "invoices", id, "void"]) => invoices::void(cx, id).await,
        ("POST", ["v1", "credit-notes"]) => credit_notes::take_credit_note(cx).await,
        ("POST", ["v1", "credit-notes", id, "void"]) => credit_notes::void(cx, id).await,
        (_, ["v1", "invoices", _, "void"] | ["v1", "credit-notes"] | ["v1", "credit-notes", _, "void"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        ("POST", ["v1", "invoices", id, "documents"]) => files::add(cx, id).await,
        (_, ["v1", "invoices", _, "documents"]) => Err(Problem::method_not_allowed("POST")),
        ("GET", ["v1", "documents", id]) => files::content(cx, id).await,
        (_, ["v1", "documents", _]) => Err(Problem::method_not_allowed("GET")),
        ("GET", ["v1", "intake", "rejects"]) => rejects::list(cx).await,
        (_, ["v1", "intake", "rejects"]) => Err(Problem::method_not_allowed("GET")),
        ("POST", ["v1", "intake", "rejects", id]) => rejects::retry(cx, id).await,
        ("DELETE", ["v1", "intake", "rejects", id]) => rejects::dismiss(cx, id).await,
        (_, ["v1", "intake", "rejects", _]) => Err(Problem::method_not_allowed("DELETE, POST")),
        ("GET", ["v1", "intake", "mappings", source]) => mappings::show(cx, source).await,
        ("PUT", ["v1", "intake", "mappings", source]) => mappings::put(cx, source).await,
        (_, ["v1", "intake", "mappings", _]) => Err(Problem::method_not_allowed("GET, PUT")),
        _ => Err(Problem::no_route()),
    }
}

//! `console`: what a collector sees: the pages under `/console`, and the read side of `/v1`.

mod acts;
mod api;
mod events;
mod mailbox;
mod pages;
mod session;

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
        ("GET", []) => Reply::see_other("/console"),
        ("GET", ["health"]) => api::health(cx).await,
        ("POST", ["console", "login"]) => session::log_in(cx).await,
        ("POST", ["console", "logout"]) => session::log_out(cx).await,
        (_, ["console", "login" | "logout"]) => Err(Problem::method_not_allowed("POST")),
        ("GET", ["console", rest @ ..]) => pages::show(cx, rest).await,
        (_, ["console", ..]) => Err(Problem::method_not_allowed("GET")),
        ("GET", ["v1", "customers", id]) => api::customer(cx, id).await,
        ("GET", ["v1", "customers", id, "statement"]) => api::statement(cx, id).await,
        ("GET", ["v1", "customers", id, "timeline"]) => api::timeline(cx, id).await,
        ("GET", ["v1", "invoices", id]) => api::invoice(cx, id).await,
        ("GET", ["v1", "reports", "aging"]) => api::aging(cx).await,
        ("GET", ["v1", "reports", "worklist"]) => api::worklist(cx).await,
        ("GET", ["v1", "reports", "integrity"]) => api::integrity(cx).await,
        ("GET", ["v1", "acts"]) => acts::list(cx).await,
        ("GET", ["v1", "acts", number]) => acts::show(cx, number).await,
        ("GET", ["v1", "webhook-events"]) => events::list(cx).await,
        ("GET", ["v1", "webhook-events", source, id]) => events::show(cx, source, id).await,
        ("GET", ["v1", "mailbox"]) => mailbox::list(cx).await,
        ("GET", ["v1", "mailbox", id]) => mailbox::show(cx, id).await,
        ("GET", _) => Err(Problem::no_route()),
        _ => Err(Problem::method_not_allowed("GET")),
    }
}

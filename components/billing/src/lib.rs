//! `billing`: what billing and accounting systems tell: believed, stored, acknowledged, then taken in.

mod deal;
mod fetch;
mod hooks;
mod job;
mod people;

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
        ("POST", ["webhooks", "billing"]) => hooks::generic(cx).await,
        ("POST", ["webhooks", "stripe-billing"]) => hooks::stripe(cx).await,
        ("POST", ["webhooks", "xero"]) => hooks::xero(cx).await,
        ("POST", ["webhooks", "quickbooks"]) => hooks::quickbooks(cx).await,
        (_, ["webhooks", _]) => Err(Problem::method_not_allowed("POST")),
        // A cron that can only send a plain GET is a cron all the same.
        ("GET" | "POST", ["internal", "inbound"]) => job::run(cx).await,
        (_, ["internal", "inbound"]) => Err(Problem::method_not_allowed("GET, POST")),
        ("POST", ["v1", "webhook-events", source, id, "retry"]) => people::retry(cx, source, id).await,
        ("POST", ["v1", "webhook-events", source, id, "dismiss"]) => people::dismiss(cx, source, id).await,
        (_, ["v1", "webhook-events", _, _, "retry" | "dismiss"]) => Err(Problem::method_not_allowed("POST")),
        _ => Err(Problem::no_route()),
    }
}

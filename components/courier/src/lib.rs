//! `courier`: delivers queued messages, each checked against fresh evidence, and records what became of it, also as
//! the providers tell it later.

mod deliver;
mod messages;
mod suppressions;
mod unsubscribe;
mod webhook;

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
        // A cron that can only send a plain GET is a cron all the same.
        ("GET" | "POST", ["internal", "deliver"]) => deliver::run(cx).await,
        (_, ["internal", "deliver"]) => Err(Problem::method_not_allowed("GET, POST")),
        ("GET", ["v1", "messages"]) => messages::list(cx).await,
        ("GET", ["v1", "messages", id]) => messages::show(cx, id).await,
        ("POST", ["v1", "messages", id, "retry"]) => messages::retry(cx, id).await,
        ("POST", ["v1", "messages", id, "release"]) => messages::release(cx, id).await,
        ("POST", ["v1", "messages", id, "cancel"]) => messages::cancel(cx, id).await,
        (_, ["v1", "messages"] | ["v1", "messages", _]) => Err(Problem::method_not_allowed("GET")),
        (_, ["v1", "messages", _, "retry" | "cancel" | "release"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        ("GET", ["v1", "suppressions"]) => suppressions::list(cx).await,
        ("DELETE", ["v1", "suppressions", address]) => suppressions::lift(cx, address).await,
        (_, ["v1", "suppressions"]) => Err(Problem::method_not_allowed("GET")),
        (_, ["v1", "suppressions", _]) => Err(Problem::method_not_allowed("DELETE")),
        ("GET", ["unsubscribe", token]) => unsubscribe::show(cx, token).await,
        ("POST", ["unsubscribe", token]) => unsubscribe::refuse(cx, token).await,
        (_, ["unsubscribe", _]) => Err(Problem::method_not_allowed("GET, POST")),
        ("POST", ["webhooks", "postmark"]) => webhook::postmark::webhook(cx).await,
        ("POST", ["webhooks", "sendgrid"]) => webhook::sendgrid::webhook(cx).await,
        (_, ["webhooks", _]) => Err(Problem::method_not_allowed("POST")),
        _ => Err(Problem::no_route()),
    }
}

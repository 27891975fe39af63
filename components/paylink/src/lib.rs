//! `paylink`: makes payment links, shows what is owed, hands over to the payment provider.

mod handover;
mod links;
mod page;
mod transfer;

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
        ("POST", ["v1", "payment-links"]) => links::create(cx).await,
        ("POST", ["v1", "payment-links", id, "revoke"]) => links::revoke(cx, id).await,
        (_, ["v1", "payment-links"] | ["v1", "payment-links", _, "revoke"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        ("GET", ["pay", token]) => page::show(cx, token).await,
        ("POST", ["pay", token]) => handover::pay(cx, token).await,
        (_, ["pay", _]) => Err(Problem::method_not_allowed("GET, POST")),
        _ => Err(Problem::no_route()),
    }
}

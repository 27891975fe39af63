//! `relay`: what other systems are told (events, to endpoints that ask for them), handed (the journal), and where they
//! say otherwise (drift).

mod deliver;
mod drift;
mod endpoints;
mod journal;
mod replay;
mod signing;

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
        ("GET" | "POST", ["internal", "relay"]) => deliver::run(cx).await,
        ("GET", ["v1", "webhook-endpoints"]) => endpoints::list(cx).await,
        ("POST", ["v1", "webhook-endpoints"]) => endpoints::create(cx).await,
        ("GET", ["v1", "webhook-endpoints", id]) => endpoints::show(cx, id).await,
        ("PATCH", ["v1", "webhook-endpoints", id]) => endpoints::change(cx, id).await,
        ("DELETE", ["v1", "webhook-endpoints", id]) => endpoints::delete(cx, id).await,
        ("POST", ["v1", "webhook-endpoints", id, "rotate-secret"]) => endpoints::rotate(cx, id).await,
        ("POST", ["v1", "webhook-endpoints", id, "enable"]) => endpoints::enable(cx, id).await,
        ("POST", ["v1", "webhook-endpoints", id, "test"]) => replay::test(cx, id).await,
        ("POST", ["v1", "webhook-endpoints", id, "replay"]) => replay::since(cx, id).await,
        ("GET", ["v1", "webhook-endpoints", id, "deliveries"]) => endpoints::deliveries(cx, id).await,
        ("POST", ["v1", "events", id, "replay"]) => replay::event(cx, id).await,
        ("GET", ["v1", "journal", "accounts"]) => journal::accounts(cx).await,
        ("PUT", ["v1", "journal", "accounts"]) => journal::put_accounts(cx).await,
        ("GET", ["v1", "reports", "journal"]) => journal::entries(cx).await,
        ("POST", ["v1", "reports", "drift"]) => drift::compare(cx).await,
        (_, ["internal", "relay"] | ["v1", "webhook-endpoints"]) => {
            Err(Problem::method_not_allowed("GET, POST"))
        }
        (_, ["v1", "webhook-endpoints", _]) => Err(Problem::method_not_allowed("GET, PATCH, DELETE")),
        (_, ["v1", "webhook-endpoints", _, "deliveries"] | ["v1", "reports", "journal"]) => {
            Err(Problem::method_not_allowed("GET"))
        }
        (_, ["v1", "journal", "accounts"]) => Err(Problem::method_not_allowed("GET, PUT")),
        (
            _,
            [
                "v1",
                "webhook-endpoints",
                _,
                "rotate-secret" | "enable" | "test" | "replay",
            ],
        )
        | (_, ["v1", "events", _, "replay"] | ["v1", "reports", "drift"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        _ => Err(Problem::no_route()),
    }
}

//! `strategy`: which policy decides about whom, what it would do, and why somebody is or is not contacted.

mod book;
mod events;
mod explain;
mod policies;
mod preview;

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
        ("GET", ["v1", "policies"]) => policies::list(cx).await,
        ("GET", ["v1", "policies", name]) => policies::show(cx, name).await,
        ("PUT", ["v1", "policies", name]) => policies::put(cx, name).await,
        ("GET", ["v1", "policies", name, "versions"]) => policies::versions(cx, name).await,
        ("POST", ["v1", "policies", name, "preview"]) => preview::preview(cx, name).await,
        ("POST", ["v1", "policies", name, "compare"]) => preview::compare(cx, name).await,
        ("GET", ["v1", "pools"]) => book::pools(cx).await,
        ("PUT", ["v1", "pools"]) => book::put_pools(cx).await,
        ("GET", ["v1", "rest-days", country]) => book::rest_days(cx, country).await,
        ("PUT", ["v1", "rest-days", country]) => book::put_rest_days(cx, country).await,
        ("GET", ["v1", "customers", id, "explain"]) => explain::explain(cx, id).await,
        ("POST", ["v1", "customers", id, "policy"]) => policies::assign(cx, id).await,
        ("GET", ["v1", "events"]) => events::list(cx).await,
        (_, ["v1", "policies", _] | ["v1", "pools"] | ["v1", "rest-days", _]) => {
            Err(Problem::method_not_allowed("GET, PUT"))
        }
        (_, ["v1", "policies", _, "preview" | "compare"] | ["v1", "customers", _, "policy"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        (_, ["v1", "policies"] | ["v1", "policies", _, "versions"]) => {
            Err(Problem::method_not_allowed("GET"))
        }
        (_, ["v1", "customers", _, "explain"] | ["v1", "events"]) => Err(Problem::method_not_allowed("GET")),
        _ => Err(Problem::no_route()),
    }
}

//! `agreements`: what is agreed with a customer, or not agreed: disputes, promises to pay, instalment plans and
//! settlements.

mod codes;
mod disputes;
mod plans;
mod promises;
mod query;

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
        ("POST", ["v1", "disputes"]) => disputes::open(cx).await,
        ("GET", ["v1", "disputes"]) => disputes::list(cx).await,
        ("GET", ["v1", "disputes", id]) => disputes::show(cx, id).await,
        ("POST", ["v1", "disputes", id, "assign"]) => disputes::assign(cx, id).await,
        ("POST", ["v1", "disputes", id, "review"]) => disputes::review(cx, id).await,
        ("POST", ["v1", "disputes", id, "resolve"]) => disputes::resolve(cx, id).await,
        ("POST", ["v1", "disputes", id, "withdraw"]) => disputes::withdraw(cx, id).await,
        ("GET", ["v1", "dispute-codes"]) => codes::list(cx).await,
        ("PUT", ["v1", "dispute-codes", code]) => codes::put(cx, code).await,
        ("POST", ["v1", "promises"]) => promises::make(cx).await,
        ("GET", ["v1", "promises"]) => promises::list(cx).await,
        ("GET", ["v1", "promises", id]) => promises::show(cx, id).await,
        ("POST", ["v1", "promises", id, "cancel"]) => promises::cancel(cx, id).await,
        ("POST", ["v1", "plans"]) => plans::make(cx).await,
        ("GET", ["v1", "plans"]) => plans::list(cx).await,
        ("GET", ["v1", "plans", id]) => plans::show(cx, id).await,
        ("POST", ["v1", "plans", id, "cancel"]) => plans::cancel(cx, id).await,
        (_, ["v1", "disputes" | "promises" | "plans"]) => Err(Problem::method_not_allowed("GET, POST")),
        (_, ["v1", "disputes" | "promises" | "plans", _] | ["v1", "dispute-codes"]) => {
            Err(Problem::method_not_allowed("GET"))
        }
        (_, ["v1", "dispute-codes", _]) => Err(Problem::method_not_allowed("PUT")),
        (_, ["v1", "disputes", _, "assign" | "review" | "resolve" | "withdraw"])
        | (_, ["v1", "promises" | "plans", _, "cancel"]) => Err(Problem::method_not_allowed("POST")),
        _ => Err(Problem::no_route()),
    }
}

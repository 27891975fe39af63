//! `templates`: the words of messages. A deployment's own are laid over the shipped ones, looked at before they are kept,
//! previewed for a customer, and tried on an address of one's own.

mod asked;
mod preview;
mod words;

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
        ("GET", ["v1", "templates"]) => words::list(cx).await,
        ("GET", ["v1", "templates", name]) => words::show(cx, name).await,
        ("PUT", ["v1", "templates", name]) => words::put(cx, name).await,
        ("GET", ["v1", "templates", name, "versions"]) => words::versions(cx, name).await,
        ("POST", ["v1", "templates", name, "revert"]) => words::revert(cx, name).await,
        ("PUT", ["v1", "templates", name, "tone"]) => words::tone(cx, name).await,
        ("POST", ["v1", "templates", name, "preview"]) => preview::preview(cx, name).await,
        ("POST", ["v1", "templates", name, "test"]) => preview::send_test(cx, name).await,
        (_, ["v1", "templates", _]) => Err(Problem::method_not_allowed("GET, PUT")),
        (_, ["v1", "templates", _, "tone"]) => Err(Problem::method_not_allowed("PUT")),
        (_, ["v1", "templates", _, "revert" | "preview" | "test"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        (_, ["v1", "templates"] | ["v1", "templates", _, "versions"]) => {
            Err(Problem::method_not_allowed("GET"))
        }
        _ => Err(Problem::no_route()),
    }
}

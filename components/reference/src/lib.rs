//! `reference`: the public contract, as OpenAPI 3.1 at `/openapi.json` and as a page at `/docs`.
//!
//! **Shape.** The document is a file, `openapi.json`, written by hand and served byte for byte; the page is rendered
//! from that same text. Code that builds a document would have to be run to be read; a file is read in a review,
//! diffed, and taken by every OpenAPI tool as it is. What keeps it true is not where it comes from but the tests:
//! they hold routes, scopes, codes and every answer of the whole suite against it. **Refuses** nothing: it is public,
//! holds no secret, and sees neither ledger nor settings.

mod document;
mod page;

use bytes::Bytes;
use document::Document;
use render::content_security_policy;
use render::pages::{Reference, reference_page};
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use std::sync::OnceLock;
use web::{Cx, Problem, Reply, secrets};

/// The contract. Its version is the crate's; a test says so.
const OPENAPI: &str = include_str!("../openapi.json");

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("GET", ["openapi.json"]) => Ok(Reply::json_text(OPENAPI)),
        ("GET", ["docs"]) => docs(),
        (_, ["openapi.json" | "docs"]) => Err(Problem::method_not_allowed("GET")),
        _ => Err(Problem::no_route()),
    }
}

fn docs() -> Result<Reply, Problem> {
    let nonce = secrets::token()?;
    let html =
        reference_page(&nonce, reference()?).map_err(|error| Problem::internal(format!("page: {error}")))?;
    Ok(Reply::html(200, html, &content_security_policy(&nonce, &[])))
}

/// What the page shows: the same for everybody, so worked out once in an instance's life.
fn reference() -> Result<&'static Reference, Problem> {
    static REFERENCE: OnceLock<Reference> = OnceLock::new();
    if let Some(ready) = REFERENCE.get() {
        return Ok(ready);
    }
    let document =
        Document::parse(OPENAPI).map_err(|error| Problem::internal(format!("openapi.json: {error}")))?;
    Ok(REFERENCE.get_or_init(|| page::reference(&document)))
}

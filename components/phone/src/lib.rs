//! `phone`: what telephones and the post answer. Texts that come in, what became of texts, calls and letters, the page that
//! a call is read from, and letters that people print.

mod letters;
mod lob;
mod meaning;
mod replies;
mod script;
mod twilio;
mod vonage;
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
        ("POST", ["webhooks", "twilio"]) => twilio::webhook(cx).await,
        ("POST", ["webhooks", "twilio", "voice", token]) => twilio::voice(cx, token).await,
        ("POST", ["webhooks", "vonage"]) => vonage::webhook(cx).await,
        ("POST", ["webhooks", "vonage", "voice", token]) => vonage::voice(cx, token).await,
        ("POST", ["webhooks", "lob"]) => lob::webhook(cx).await,
        ("GET" | "POST", ["internal", "replies"]) => replies::job(cx).await,
        (_, ["internal", "replies"]) => Err(Problem::method_not_allowed("GET, POST")),
        (_, ["webhooks", _] | ["webhooks", _, "voice", _]) => Err(Problem::method_not_allowed("POST")),
        ("GET", ["v1", "letters"]) => letters::list(cx).await,
        ("GET", ["v1", "letters", file]) => letters::pdf(cx, file).await,
        ("POST", ["v1", "letters", id, "posted"]) => letters::posted(cx, id).await,
        (_, ["v1", "letters"] | ["v1", "letters", _]) => Err(Problem::method_not_allowed("GET")),
        (_, ["v1", "letters", _, "posted"]) => Err(Problem::method_not_allowed("POST")),
        _ => Err(Problem::no_route()),
    }
}

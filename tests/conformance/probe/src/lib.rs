//! Does on a host what a conformance case tells it to, and answers what came of it.
//!
//! | request | answer |
//! |---|---|
//! | `POST .../run` with a list of [`script::Op`]s | the list of what each came to |
//! | `... .../held?ms=` | a body that begins at once and ends `ms` later |
//! | `... .../redirect` | 302 to `/elsewhere` |
//! | `... .../fail` | none: the handler fails |
//! | anything else | the request as it arrived, and the component that it arrived at |

mod fetch;
mod held;
mod script;

use bytes::Bytes;
use held::{Held, InFlight};
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt, Either, Full};
use serde_json::{Value, json};
use spin_sdk::http::{IntoResponse, Request};
use spin_sdk::http_service;
use std::time::Duration;

type Answer = Response<Either<Full<Bytes>, Held>>;

#[http_service]
async fn probe(request: Request) -> Result<impl IntoResponse, spin_sdk::http::Error> {
    answer(request).await.map_err(spin_sdk::http::Error::from)
}

async fn answer(request: Request) -> Result<Answer, String> {
    let in_flight = InFlight::begin();
    let last = request
        .uri()
        .path()
        .rsplit('/')
        .next()
        .unwrap_or_default()
        .to_owned();
    match last.as_str() {
        "run" => {
            let body = request.into_body().collect().await.map_err(told)?.to_bytes();
            let ops = serde_json::from_slice(&body).map_err(told)?;
            Ok(json_answer(&script::run(ops).await))
        }
        "held" => {
            let query = request.uri().query().unwrap_or_default();
            let ms = query
                .strip_prefix("ms=")
                .unwrap_or_default()
                .parse()
                .map_err(told)?;
            Ok(Response::new(Either::Right(Held::new(
                in_flight,
                Duration::from_millis(ms),
            ))))
        }
        "redirect" => {
            let mut response = text(String::new());
            *response.status_mut() = StatusCode::FOUND;
            let to = header::HeaderValue::from_static("/elsewhere");
            response.headers_mut().insert(header::LOCATION, to);
            Ok(response)
        }
        "fail" => Err("the case asked for it".to_owned()),
        _ => echo(request).await,
    }
}

/// What arrived. A large body is told by its length, a small one whole.
async fn echo(request: Request) -> Result<Answer, String> {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map_err(told)?.to_bytes();
    let mut headers: serde_json::Map<String, Value> = serde_json::Map::new();
    for name in head.headers.keys() {
        let values = head.headers.get_all(name).iter();
        let values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        headers.insert(name.to_string(), values.collect::<Vec<_>>().into());
    }
    Ok(json_answer(&json!({
        "component": std::env::var("COMPONENT").ok(),
        "method": head.method.as_str(),
        "path": head.uri.path(),
        "query": head.uri.query(),
        "headers": headers,
        "length": body.len(),
        "body": (body.len() <= 1024).then(|| String::from_utf8_lossy(&body).into_owned()),
    })))
}

fn json_answer(value: &Value) -> Answer {
    let mut response = text(value.to_string());
    let json = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

fn text(text: String) -> Answer {
    Response::new(Either::Left(Full::new(Bytes::from(text))))
}

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

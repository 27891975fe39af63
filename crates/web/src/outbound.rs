//! Calls to payment providers: with a Content-Length (some answer 411 without), a time limit of our own (the
//! host's default is ten minutes) and a limit on what is read back.

use crate::limits;
use crate::problem::Problem;
use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Limited};
use spin_sdk::http::FullBody;
use spin_sdk::wasip3::http::types::RequestOptions;
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Body, at most [`limits::BODY`] bytes.
    pub body: Bytes,
}

/// Posts JSON. `Err`: nothing is known of what the other side did.
pub async fn post_json(url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, Problem> {
    let failed = |cause: String| Problem::provider("The other side could not be reached.", cause);
    let mut request = Request::post(url)
        .header(http::header::CONTENT_TYPE, "application/json")
        .header(http::header::CONTENT_LENGTH, body.len())
        .body(FullBody::new(Bytes::from(body)))
        .map_err(|error| failed(error.to_string()))?;
    for (name, value) in headers {
        let name = http::HeaderName::try_from(*name).map_err(|error| failed(error.to_string()))?;
        let value = http::HeaderValue::try_from(*value).map_err(|error| failed(error.to_string()))?;
        request.headers_mut().insert(name, value);
    }
    request
        .extensions_mut()
        .insert(RequestOptionsExtension(options()?));
    let response = spin_sdk::http::send(request)
        .await
        .map_err(|error| failed(error.to_string()))?;
    let status = response.status().as_u16();
    let body = Limited::new(response.into_body(), limits::BODY)
        .collect()
        .await
        .map_err(|error| failed(error.to_string()))?
        .to_bytes();
    Ok(Answer { status, body })
}

fn options() -> Result<RequestOptions, Problem> {
    let wait_ns = limits::PROVIDER_TIMEOUT_S.saturating_mul(1_000_000_000);
    let options = RequestOptions::new();
    let set = options
        .set_connect_timeout(Some(wait_ns))
        .and_then(|()| options.set_first_byte_timeout(Some(wait_ns)))
        .and_then(|()| options.set_between_bytes_timeout(Some(wait_ns)));
    set.map_err(|error| Problem::internal(format!("request options: {error:?}")))?;
    Ok(options)
}

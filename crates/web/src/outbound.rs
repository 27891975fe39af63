//! Calls to providers: with a Content-Length (some answer 411 without), a time limit of our own (the host's default
//! is ten minutes) and a limit on what is read back.

use crate::limits;
use crate::problem::Problem;
use bytes::Bytes;
use chrono::{DateTime, Duration, Utc};
use futures_util::future::{Either, select};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use http_body_util::{BodyExt, Limited};
use spin_sdk::http::FullBody;
use spin_sdk::wasip3::clocks::monotonic_clock;
use spin_sdk::wasip3::http::types::{ErrorCode, RequestOptions};
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;
use std::pin::pin;

/// Headers whose value no log may show.
const CREDENTIALS: &[&str] = &[
    "authorization",
    "x-amz-security-token",
    "x-api-key",
    "x-postmark-server-token",
];

/// Bytes of a credential: what is shorter is none, and may stand in an answer by chance.
const TELLING: usize = 8;

/// What came back.
#[derive(Debug, Clone)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, at most [`limits::BODY`] bytes.
    pub body: Bytes,
}

impl Answer {
    /// Until when the other side wants to be left alone: `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3).
    pub fn retry_after(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let text = self.headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
        match text.parse::<u32>() {
            Ok(seconds) => now.checked_add_signed(Duration::seconds(i64::from(seconds))),
            Err(_) => Some(DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc)),
        }
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// The request did not leave: the other side knows nothing of it.
    #[error("not sent: {0}")]
    NotSent(String),
    /// The request may have arrived: nothing is known of what the other side did.
    #[error("sent, and no answer: {0}")]
    Unknown(String),
}

impl From<Unanswered> for Problem {
    fn from(error: Unanswered) -> Self {
        Self::provider("The other side could not be reached.", error.to_string())
    }
}

/// Posts JSON.
pub async fn post_json(url: &str, headers: &[(&str, &str)], body: Vec<u8>) -> Result<Answer, Unanswered> {
    let body = Some(("application/json", body));
    send(request(url, headers, body, limits::PROVIDER_TIMEOUT_S)?).await
}

/// Posts a body of any media type, and waits `wait_s` seconds for an answer.
pub async fn post(
    url: &str,
    headers: &[(&str, &str)],
    media_type: &str,
    body: Vec<u8>,
    wait_s: u64,
) -> Result<Answer, Unanswered> {
    send(request(url, headers, Some((media_type, body)), wait_s)?).await
}

/// Asks with any method, with JSON where there is some, and waits `wait_s` seconds for an answer.
pub async fn json(
    method: &str,
    url: &str,
    headers: &[(&str, &str)],
    body: Option<Vec<u8>>,
    wait_s: u64,
) -> Result<Answer, Unanswered> {
    let body = body.map(|body| ("application/json", body));
    let mut request = request(url, headers, body, wait_s)?;
    *request.method_mut() = Method::from_bytes(method.as_bytes()).map_err(not_sent)?;
    send(request).await
}

/// Posts what an HTML form would, names and values, `+` and all else escaped, and waits `wait_s` seconds for an
/// answer.
pub async fn post_form(
    url: &str,
    headers: &[(&str, &str)],
    fields: &[(String, String)],
    wait_s: u64,
) -> Result<Answer, Unanswered> {
    let body = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(fields)
        .finish();
    let body = Some(("application/x-www-form-urlencoded", body.into_bytes()));
    send(request(url, headers, body, wait_s)?).await
}

/// Asks, and waits `wait_s` seconds for an answer.
pub async fn get(url: &str, headers: &[(&str, &str)], wait_s: u64) -> Result<Answer, Unanswered> {
    send(request(url, headers, None, wait_s)?).await
}

/// Tells somebody something, as JSON. The status counts, and is waited for `wait_s` seconds in all; of what follows it,
/// the beginning is read, and what does not come is done without.
pub async fn tell(
    url: &str,
    headers: &[(&str, &str)],
    body: Vec<u8>,
    wait_s: u64,
) -> Result<Answer, Unanswered> {
    let request = request(url, headers, Some(("application/json", body)), wait_s)?;
    let answering = pin!(spin_sdk::http::send(request));
    let response = match select(answering, pin!(pause(wait_s.saturating_mul(1_000)))).await {
        Either::Left((answered, _)) => answered.map_err(unanswered)?,
        Either::Right(_) => return Err(Unanswered::Unknown(format!("no answer within {wait_s} s"))),
    };
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let (mut body, mut words) = (response.into_body(), Vec::new());
    let reading = pin!(async {
        while let Some(Ok(frame)) = body.frame().await {
            let left = limits::WEBHOOK_WORDS.saturating_sub(words.len());
            let data = frame.data_ref().map_or(&[][..], |data| &data[..]);
            words.extend(data.iter().take(left));
            if words.len() >= limits::WEBHOOK_WORDS {
                break;
            }
        }
    });
    select(reading, pin!(pause(limits::WEBHOOK_REST_MS))).await;
    Ok(Answer {
        status,
        headers,
        body: words.into(),
    })
}

/// Lets time pass between two tries.
pub async fn pause(ms: u64) {
    monotonic_clock::wait_for(ms.saturating_mul(1_000_000)).await;
}

async fn send(request: Request<FullBody<Bytes>>) -> Result<Answer, Unanswered> {
    let credentials = credentials(request.headers());
    let response = spin_sdk::http::send(request).await.map_err(unanswered)?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    let body = Limited::new(response.into_body(), limits::BODY)
        .collect()
        .await
        .map_err(|error| Unanswered::Unknown(error.to_string()))?
        .to_bytes();
    Ok(Answer {
        status,
        headers,
        body: without(body, &credentials),
    })
}

/// What a request shows to be believed, in full and without the scheme in front.
fn credentials(headers: &HeaderMap) -> Vec<Vec<u8>> {
    let shown = headers.values().filter(|value| value.is_sensitive());
    shown
        .flat_map(|value| {
            [
                value.as_bytes(),
                value
                    .as_bytes()
                    .rsplit(|byte| *byte == b' ')
                    .next()
                    .unwrap_or_default(),
            ]
        })
        .filter(|credential| credential.len() >= TELLING)
        .map(<[u8]>::to_vec)
        .collect()
}

/// An answer without what it was asked with: a provider that repeats a key in its error has it in no log and no ledger.
fn without(body: Bytes, credentials: &[Vec<u8>]) -> Bytes {
    let mut body = body;
    for credential in credentials {
        let at = |body: &[u8]| {
            body.windows(credential.len())
                .position(|window| window == credential.as_slice())
        };
        while let Some(found) = at(&body) {
            let (before, rest) = body.split_at(found);
            let after = rest.get(credential.len()..).unwrap_or_default();
            body = Bytes::from([before, b"***", after].concat());
        }
    }
    body
}

/// A POST where there is a body, with its media type; else a GET.
fn request(
    url: &str,
    headers: &[(&str, &str)],
    body: Option<(&str, Vec<u8>)>,
    wait_s: u64,
) -> Result<Request<FullBody<Bytes>>, Unanswered> {
    let (builder, body) = match body {
        Some((media_type, body)) => {
            let builder = Request::post(url)
                .header(header::CONTENT_TYPE, media_type)
                .header(header::CONTENT_LENGTH, body.len());
            (builder, body)
        }
        None => (Request::get(url), Vec::new()),
    };
    let mut request = builder.body(FullBody::new(Bytes::from(body))).map_err(not_sent)?;
    for (name, value) in headers {
        let mut value = HeaderValue::try_from(*value).map_err(not_sent)?;
        value.set_sensitive(CREDENTIALS.contains(name));
        request
            .headers_mut()
            .insert(HeaderName::try_from(*name).map_err(not_sent)?, value);
    }
    request
        .extensions_mut()
        .insert(RequestOptionsExtension(options(wait_s)?));
    Ok(request)
}

fn options(wait_s: u64) -> Result<RequestOptions, Unanswered> {
    let ns = |seconds: u64| Some(seconds.saturating_mul(1_000_000_000));
    let options = RequestOptions::new();
    let set = options
        .set_connect_timeout(ns(limits::PROVIDER_CONNECT_S))
        .and_then(|()| options.set_first_byte_timeout(ns(wait_s)))
        .and_then(|()| options.set_between_bytes_timeout(ns(wait_s)));
    set.map_err(|error| Unanswered::NotSent(format!("request options: {error:?}")))?;
    Ok(options)
}

fn not_sent(error: impl std::fmt::Display) -> Unanswered {
    Unanswered::NotSent(error.to_string())
}

/// What fails before a connection stands cannot have reached anybody; of all else nothing is known.
fn unanswered(error: ErrorCode) -> Unanswered {
    let text = format!("{error:?}");
    match error {
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::ConnectionLimitReached
        | ErrorCode::TlsProtocolError
        | ErrorCode::TlsCertificateError
        | ErrorCode::HttpRequestDenied
        | ErrorCode::HttpRequestUriInvalid => Unanswered::NotSent(text),
        _ => Unanswered::Unknown(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now: DateTime<Utc> = "2026-01-12T09:00:00Z".parse().unwrap();
        let after = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static(value));
            let answer = Answer {
                status: 429,
                headers,
                body: Bytes::new(),
            };
            answer.retry_after(now).map(|at| at.to_rfc3339())
        };
        assert_eq!(after("120").as_deref(), Some("2026-01-12T09:02:00+00:00"));
        assert_eq!(
            after("Mon, 12 Jan 2026 09:30:00 GMT").as_deref(),
            Some("2026-01-12T09:30:00+00:00")
        );
        assert_eq!(after("soon"), None);
        assert_eq!(after("-1"), None);
    }

    #[test]
    fn what_was_shown_to_be_believed_is_not_in_the_answer() {
        let mut headers = HeaderMap::new();
        let mut key = HeaderValue::from_static("Bearer sk_live_1");
        key.set_sensitive(true);
        headers.insert(header::AUTHORIZATION, key);
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        let said = Bytes::from_static(b"no such key: sk_live_1 (Bearer sk_live_1), application/json");
        assert_eq!(
            without(said, &credentials(&headers)),
            "no such key: *** (***), application/json"
        );
    }

    #[test]
    fn only_what_fails_before_the_connection_was_not_sent() {
        assert!(matches!(
            unanswered(ErrorCode::ConnectionRefused),
            Unanswered::NotSent(_)
        ));
        for error in [
            ErrorCode::ConnectionTerminated,
            ErrorCode::HttpResponseTimeout,
            ErrorCode::ConnectionReadTimeout,
            ErrorCode::HttpProtocolError,
            ErrorCode::InternalError(None),
        ] {
            assert!(matches!(unanswered(error), Unanswered::Unknown(_)));
        }
    }
}

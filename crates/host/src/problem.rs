//! What the host itself answers when no component does: `application/problem+json` (RFC 9457).
//!
//! A client learns what it can act on. Of the host's own and the components' failures it learns only the
//! request's id, under which the log has the rest.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use wasmtime_wasi_http::WasiBody;

/// The answers of the host: status, code, detail. 5xx have no detail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Problem {
    NotFound,
    BadAddress(&'static str),
    BodyTooLarge,
    Failed,
    Busy,
    TooLong,
}

impl Problem {
    fn parts(self) -> (StatusCode, &'static str, Option<&'static str>) {
        match self {
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not_found",
                Some("nothing answers at this path"),
            ),
            Self::BadAddress(detail) => (StatusCode::BAD_REQUEST, "bad_request", Some(detail)),
            Self::BodyTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "too_large",
                Some("the body is larger than 33 MiB"),
            ),
            Self::Failed => (StatusCode::INTERNAL_SERVER_ERROR, "internal", None),
            Self::Busy => (StatusCode::SERVICE_UNAVAILABLE, "busy", None),
            Self::TooLong => (StatusCode::GATEWAY_TIMEOUT, "timeout", None),
        }
    }

    /// The whole answer.
    pub(crate) fn response(self, request_id: &str) -> Response<WasiBody> {
        let (status, code, detail) = self.parts();
        let mut body = serde_json::json!({
            "type": format!("urn:dunlin:problem:{code}"),
            "title": status.canonical_reason(),
            "status": status.as_u16(),
            "code": code,
        });
        if let Some(fields) = body.as_object_mut() {
            match detail {
                Some(detail) => fields.insert("detail".to_owned(), detail.into()),
                None => fields.insert("request_id".to_owned(), request_id.into()),
            };
        }
        let mut response = plain(status, "application/problem+json", body.to_string());
        if self == Self::Busy {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, crate::limits::RETRY_AFTER_SECONDS.into());
        }
        response
    }
}

/// An answer of the host's own with a small body.
pub(crate) fn plain(
    status: StatusCode,
    content_type: &'static str,
    body: impl Into<Bytes>,
) -> Response<WasiBody> {
    let mut response = Response::new(
        Full::new(body.into())
            .map_err(|never| match never {})
            .boxed_unsync(),
    );
    *response.status_mut() = status;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_own_failures_hide_behind_an_id() {
        for (problem, status) in [
            (Problem::NotFound, 404),
            (Problem::BadAddress("why"), 400),
            (Problem::BodyTooLarge, 413),
            (Problem::Failed, 500),
            (Problem::Busy, 503),
            (Problem::TooLong, 504),
        ] {
            let response = problem.response("7f");
            assert_eq!(response.status(), status);
            assert_eq!(response.headers()["content-type"], "application/problem+json");
            assert_eq!(response.headers().contains_key("retry-after"), status == 503);
            let body = futures::executor::block_on(response.into_body().collect())
                .unwrap()
                .to_bytes();
            let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(body["status"], status);
            assert_eq!(body.get("request_id").is_some(), status >= 500, "{body}");
            assert_eq!(body.get("detail").is_some(), status < 500, "{body}");
        }
    }

    #[test]
    fn the_limit_is_told_as_it_is() {
        assert_eq!(crate::limits::REQUEST_BODY_BYTES, 33 << 20);
    }
}

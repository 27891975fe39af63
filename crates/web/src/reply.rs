//! Answers: JSON, pages, redirects. Each leaves with the headers that keep it from being misread or cached.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde::Serialize;
use serde::de::DeserializeOwned;
use spin_sdk::http::FullBody;

/// An answer to a request.
#[derive(Debug, Clone)]
pub struct Reply {
    pub(crate) status: StatusCode,
    headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) body: Bytes,
}

impl Reply {
    fn new(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let headers = vec![
            (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
            (
                header::X_CONTENT_TYPE_OPTIONS,
                HeaderValue::from_static("nosniff"),
            ),
            (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
        ];
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self {
            status,
            headers,
            body: body.into(),
        }
    }

    /// A JSON answer.
    pub fn json(status: u16, value: &impl Serialize) -> Self {
        Self::json_typed(status, value, "application/json")
    }

    pub(crate) fn json_typed(status: u16, value: &impl Serialize, content_type: &'static str) -> Self {
        match json_line(value) {
            Ok(body) => Self::new(status, content_type, body),
            // Only a map with keys that are no strings, or a failing Serialize, gets here: ours have neither.
            Err(_) => Self::new(
                500,
                content_type,
                Bytes::from_static(b"{\"status\":500,\"code\":\"internal\"}"),
            ),
        }
    }

    /// JSON that is written already.
    pub fn json_text(text: &'static str) -> Self {
        Self::new(200, "application/json", text)
    }

    /// A page of a list: `{"data": [...], "next": cursor | null}`.
    pub fn list(data: &impl Serialize, next: Option<String>) -> Self {
        Self::json(200, &serde_json::json!({"data": data, "next": next}))
    }

    /// An HTML page under the given content security policy.
    pub fn html(status: u16, page: String, policy: &str) -> Self {
        let reply = Self::new(status, "text/html; charset=utf-8", page)
            .with_header(header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY"))
            .with_header(
                HeaderName::from_static("cross-origin-opener-policy"),
                HeaderValue::from_static("same-origin"),
            )
            .with_header(
                HeaderName::from_static("permissions-policy"),
                HeaderValue::from_static("camera=(), microphone=(), geolocation=(), payment=()"),
            );
        // A policy that is no header value would leave the page unguarded: then nothing is loaded at all.
        let policy = HeaderValue::from_str(policy).unwrap_or(HeaderValue::from_static("default-src 'none'"));
        reply.with_header(header::CONTENT_SECURITY_POLICY, policy)
    }

    /// Plain text.
    pub fn text(status: u16, text: impl Into<Bytes>) -> Self {
        Self::new(status, "text/plain; charset=utf-8", text)
    }

    /// XML that is written already.
    pub fn xml(text: String) -> Self {
        Self::new(200, "text/xml; charset=utf-8", text)
    }

    /// The same answer with the way to the next page (RFC 8288), for one whose body has no room for it.
    pub fn with_next(self, path: &str, query: &[(&str, &str)]) -> Result<Self, crate::Problem> {
        let query = form_urlencoded::Serializer::new(String::new())
            .extend_pairs(query)
            .finish();
        let link = HeaderValue::from_str(&format!("<{path}?{query}>; rel=\"next\""))
            .map_err(|error| crate::Problem::internal(format!("link: {error}")))?;
        Ok(self.with_header(header::LINK, link))
    }

    /// A table (RFC 4180), with its column names in the first line.
    pub fn csv(text: impl Into<Bytes>) -> Self {
        Self::new(200, "text/csv; charset=utf-8; header=present", text)
    }

    /// A file to be saved, and not to be shown: whoever made it, it is no page of ours.
    pub fn file(media_type: &str, name: &str, bytes: impl Into<Bytes>) -> Result<Self, crate::Problem> {
        let unfit = |error| crate::Problem::internal(format!("a header of a file: {error}"));
        let media_type = HeaderValue::from_str(media_type).map_err(unfit)?;
        // RFC 6266, section 4.3: the name in ASCII for those that read no other, and as RFC 8187 has it.
        let plain: String = name
            .chars()
            .map(|c| if c.is_ascii_graphic() { c } else { '_' })
            .collect();
        let plain = plain.replace(['"', '\\'], "_");
        let encoded = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
        let disposition = format!("attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}");
        let disposition = HeaderValue::from_str(&disposition).map_err(unfit)?;
        let mut reply = Self::new(200, "application/octet-stream", bytes)
            .with_header(header::CONTENT_DISPOSITION, disposition)
            .with_header(
                header::CONTENT_SECURITY_POLICY,
                HeaderValue::from_static("default-src 'none'; sandbox"),
            );
        reply.headers.retain(|(name, _)| *name != header::CONTENT_TYPE);
        Ok(reply.with_header(header::CONTENT_TYPE, media_type))
    }

    /// 204: done, and nothing to say.
    pub fn no_content() -> Self {
        Self::empty(204)
    }

    /// An answer without a body, for those who want none.
    pub fn empty(status: u16) -> Self {
        let mut reply = Self::text(status, Bytes::new());
        reply.headers.retain(|(name, _)| *name != header::CONTENT_TYPE);
        reply
    }

    /// 303: look there. An address that is no header value is refused as an internal error.
    pub fn see_other(location: &str) -> Result<Self, crate::Problem> {
        let value = HeaderValue::from_str(location)
            .map_err(|error| crate::Problem::internal(format!("redirect: {error}")))?;
        Ok(Self::new(303, "text/plain; charset=utf-8", Bytes::new()).with_header(header::LOCATION, value))
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// A member of a JSON answer.
    pub fn member<T: DeserializeOwned>(&self, name: &str) -> Result<T, crate::Problem> {
        let refused = |error: serde_json::Error| crate::Problem::internal(format!("answer: {error}"));
        let member = self.value()?.get_mut(name).map(serde_json::Value::take);
        serde_json::from_value(member.unwrap_or_default()).map_err(refused)
    }

    /// A JSON answer's value.
    pub fn value(&self) -> Result<serde_json::Value, crate::Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|error| crate::Problem::internal(format!("answer: {error}")))
    }

    /// The same JSON answer with one more member.
    pub fn with_member(self, name: &str, value: &impl Serialize) -> Result<Self, crate::Problem> {
        let refused = |error: serde_json::Error| crate::Problem::internal(format!("answer: {error}"));
        let mut body: serde_json::Value = serde_json::from_slice(&self.body).map_err(refused)?;
        if let Some(members) = body.as_object_mut() {
            members.insert(name.to_owned(), serde_json::to_value(value).map_err(refused)?);
        }
        Ok(Self {
            body: json_line(&body).map_err(refused)?.into(),
            ..self
        })
    }

    pub(crate) fn into_response(self) -> Response<FullBody<Bytes>> {
        let length = HeaderValue::from(self.body.len());
        let mut response = Response::new(FullBody::new(self.body));
        *response.status_mut() = self.status;
        response.headers_mut().extend(self.headers);
        // RFC 9110, 8.6: an answer without content does not say how long it is.
        if response.status() != StatusCode::NO_CONTENT {
            response.headers_mut().insert(header::CONTENT_LENGTH, length);
        }
        response
    }
}

/// JSON and a line's end, for the person who reads it in a terminal.
fn json_line(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut body = serde_json::to_vec(value)?;
    body.push(b'\n');
    Ok(body)
}

/// Milliseconds since 1970 as RFC 3339, UTC, to the second.
pub fn rfc3339(ms: i64) -> Result<String, crate::Problem> {
    Ok(store::rfc3339(ms)?)
}

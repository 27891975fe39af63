//! Errors as RFC 9457 problem details. What the client sees and what the log sees are two things: a 5xx tells the
//! client a request id and no more; the cause goes to the log.

use crate::reply::Reply;
use http::{HeaderValue, StatusCode, header};
use receivables::fields::FieldError;
use serde::Serialize;
use store::{StoreError, Transient};

/// A request that is not answered as asked. Boxed, since every function here may return one and few do.
#[derive(Debug, Clone)]
pub struct Problem(Box<Parts>);

#[derive(Debug, Clone)]
struct Parts {
    status: StatusCode,
    code: &'static str,
    title: &'static str,
    detail: String,
    errors: Vec<FieldError>,
    /// For the log alone.
    cause: Option<String>,
    headers: Vec<(header::HeaderName, HeaderValue)>,
    transient: bool,
}

/// Status, code and title of each kind of problem.
const KINDS: &[(u16, &str, &str)] = &[
    (400, "bad_request", "The request cannot be understood"),
    (401, "unauthorized", "A valid key is needed"),
    (403, "forbidden", "The key does not allow this"),
    (404, "not_found", "There is no such thing"),
    (
        405,
        "method_not_allowed",
        "This address does not take that method",
    ),
    (409, "conflict", "That contradicts what is there"),
    (413, "too_large", "The request body is too large"),
    (
        415,
        "unsupported_media_type",
        "The request body's type is not one that is read here",
    ),
    (
        422,
        "invalid",
        "The request does not say something that can be done",
    ),
    (429, "too_many_attempts", "Too many attempts have failed"),
    (500, "internal", "Something went wrong on our side"),
    (502, "provider_failed", "The provider did not answer as it should"),
    (503, "busy", "Too much is going on just now"),
];

impl Problem {
    fn new(status: u16, detail: impl Into<String>) -> Self {
        let known = KINDS.iter().find(|(candidate, ..)| *candidate == status);
        let (status, code, title) =
            known
                .copied()
                .unwrap_or((500, "internal", "Something went wrong on our side"));
        Self(Box::new(Parts {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code,
            title,
            detail: detail.into(),
            errors: Vec::new(),
            cause: None,
            headers: Vec::new(),
            transient: false,
        }))
    }

    fn with(mut self, change: impl FnOnce(&mut Parts)) -> Self {
        change(&mut self.0);
        self
    }

    /// 400.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(400, detail)
    }

    /// 401, with the challenge that RFC 9110 wants.
    pub fn unauthorized(detail: impl Into<String>) -> Self {
        Self::new(401, detail).with_header(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"))
    }

    /// 403.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(403, detail)
    }

    /// 404.
    pub fn not_found(detail: impl Into<String>) -> Self {
        Self::new(404, detail)
    }

    /// 404 for an address that no component serves.
    pub fn no_route() -> Self {
        Self::not_found("Nothing is served at this address.")
    }

    /// 405, naming what is allowed: `"GET, POST"`.
    pub fn method_not_allowed(allowed: &'static str) -> Self {
        Self::new(405, format!("Allowed here: {allowed}."))
            .with_header(header::ALLOW, HeaderValue::from_static(allowed))
    }

    /// 409 with a code of its own.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(409, detail).with(|parts| parts.code = code)
    }

    /// 413, naming the limit in bytes.
    pub fn too_large(limit: usize) -> Self {
        Self::new(413, format!("At most {limit} bytes are read here."))
    }

    /// 413, naming how many documents are.
    pub fn too_many(limit: usize) -> Self {
        Self::new(413, format!("At most {limit} documents are taken at once."))
    }

    /// 415, naming what is read.
    pub fn unsupported_media_type(accepted: &str) -> Self {
        Self::new(415, format!("Read here: {accepted}."))
    }

    /// 422 with every problem found.
    pub fn invalid(errors: Vec<FieldError>) -> Self {
        let detail = match errors.as_slice() {
            [one] => one.detail.clone(),
            several => format!("{} problems; see `errors`.", several.len()),
        };
        Self::new(422, detail).with(|parts| parts.errors = errors)
    }

    /// 422 for one field.
    pub fn invalid_field(pointer: &str, code: &'static str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// 422 with a code of its own and no field.
    pub fn unprocessable(code: &'static str, detail: impl Into<String>) -> Self {
        Self::new(422, detail).with(|parts| parts.code = code)
    }

    /// 429, naming how long to wait, of which nothing is rounded down.
    pub fn too_many_attempts(wait: chrono::Duration) -> Self {
        let seconds = wait.num_seconds().saturating_add(1);
        Self::new(429, format!("Try again in {seconds} seconds."))
            .with_header(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// 500; `cause` goes to the log.
    pub fn internal(cause: impl Into<String>) -> Self {
        Self::new(500, "").with(|parts| parts.cause = Some(cause.into()))
    }

    /// 502; `cause` goes to the log.
    pub fn provider(detail: impl Into<String>, cause: impl Into<String>) -> Self {
        Self::new(502, detail).with(|parts| parts.cause = Some(cause.into()))
    }

    /// 503 with `Retry-After`; `cause` goes to the log.
    pub fn busy(cause: impl Into<String>) -> Self {
        Self::new(503, "Try again in a moment.")
            .with(|parts| parts.cause = Some(cause.into()))
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("2"))
    }

    /// A refusal as a page for a person, with the problem's status and headers. What is our own fault stays a problem.
    pub fn into_page(self, page: impl FnOnce(u16) -> Reply) -> Result<Reply, Self> {
        if !self.0.status.is_client_error() {
            return Err(self);
        }
        let reply = page(self.0.status.as_u16());
        let headers = self.0.headers.into_iter();
        Ok(headers.fold(reply, |reply, (name, value)| reply.with_header(name, value)))
    }

    /// 503 with a code of its own, for what somebody has to see to.
    pub fn unavailable(code: &'static str, detail: impl Into<String>) -> Self {
        let detail = detail.into();
        Self::new(503, detail.clone())
            .with(|parts| {
                parts.code = code;
                parts.cause = Some(detail);
            })
            .with_header(header::RETRY_AFTER, HeaderValue::from_static("60"))
    }

    fn with_header(self, name: header::HeaderName, value: HeaderValue) -> Self {
        self.with(|parts| parts.headers.push((name, value)))
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// What the client may know, in a sentence.
    pub fn detail(&self) -> &str {
        &self.0.detail
    }

    /// What the log gets, if anything: a JSON object on one line.
    pub(crate) fn log_line(&self, request_id: &str) -> Option<String> {
        let cause = self.0.cause.as_ref()?;
        let line = serde_json::json!({"level": "error", "request_id": request_id, "status": self.0.status.as_u16(),
            "code": self.0.code, "message": cause});
        Some(one_line(&line.to_string()))
    }

    /// What the log gets of something that did not keep a request from its answer.
    pub(crate) fn warning_line(message: &str, request_id: &str) -> String {
        one_line(
            &serde_json::json!({"level": "warn", "request_id": request_id, "message": message}).to_string(),
        )
    }

    /// The answer that the client gets.
    pub(crate) fn into_reply(self, request_id: &str) -> Reply {
        #[derive(Serialize)]
        struct Body<'a> {
            r#type: String,
            title: &'a str,
            status: u16,
            detail: &'a str,
            code: &'a str,
            #[serde(skip_serializing_if = "<[_]>::is_empty")]
            errors: &'a [FieldError],
            request_id: &'a str,
        }
        let detail = match self.0.status == StatusCode::INTERNAL_SERVER_ERROR {
            true => "The log has the details under this request id.",
            false => &self.0.detail,
        };
        let body = Body {
            r#type: format!("urn:dunlin:problem:{}", self.0.code),
            title: self.0.title,
            status: self.0.status.as_u16(),
            detail,
            code: self.0.code,
            errors: &self.0.errors,
            request_id,
        };
        let mut reply = Reply::json_typed(self.0.status.as_u16(), &body, "application/problem+json");
        for (name, value) in self.0.headers {
            reply = reply.with_header(name, value);
        }
        reply
    }
}

/// JSON in which nothing ends a line or moves a terminal's cursor: the controls that JSON lets stand (DEL, C1), and what
/// turns the direction of writing or ends a line in Unicode, are written as it writes the others.
fn one_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        let turns = matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if c.is_control() || turns {
            line.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            line.push(c);
        }
    }
    line
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Busy => Self::busy("the database is busy").with(|parts| parts.transient = true),
            StoreError::Newer { found, known } => Self::unavailable(
                "newer_schema",
                format!(
                    "A newer Dunlin has written the ledger: its schema is {found}, this one knows {known}."
                ),
            ),
            StoreError::BackDated(_) => {
                Self::conflict("back_dated", format!("Nothing was decided: {error}."))
            }
            StoreError::Money(error) => Self::unprocessable("amount_out_of_range", error.to_string()),
            other => Self::internal(other.to_string()),
        }
    }
}

impl Transient for Problem {
    fn is_transient(&self) -> bool {
        self.0.transient
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_log_is_one_line_and_plain() {
        let cause = "a\r\nb\u{1b}[2J \u{7f}\u{9b}31m \u{85}\u{2028}\u{202e} \"}{\"level\":\"info\" é€";
        let lines = [
            ("error", Problem::internal(cause).log_line("id").unwrap()),
            ("warn", Problem::warning_line(cause, "id")),
        ];
        for (level, line) in lines {
            assert!(
                line.chars()
                    .all(|c| !c.is_control() && !matches!(c, '\u{2028}' | '\u{202e}')),
                "{line}"
            );
            let read: serde_json::Value = serde_json::from_str(&line).unwrap();
            assert_eq!(
                (&read["message"], &read["level"]),
                (&serde_json::json!(cause), &serde_json::json!(level))
            );
        }
    }
}

//! Request bodies: read up to a limit, then parsed.

use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use std::collections::BTreeMap;

impl Cx {
    /// The body, refused with 413 as soon as it is known to be longer than `limit` bytes.
    pub async fn bytes(&self, limit: usize) -> Result<Bytes, Problem> {
        let declared = self
            .header("content-length")
            .and_then(|length| length.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Err(Problem::too_large(limit));
        }
        let body = self
            .body
            .take()
            .ok_or_else(|| Problem::internal("the body was read before"))?;
        match Limited::new(body, limit).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) if error.is::<LengthLimitError>() => Err(Problem::too_large(limit)),
            Err(error) => Err(Problem::bad_request(format!(
                "The body did not arrive whole: {error}"
            ))),
        }
    }

    /// The media type without its parameters, in lower case.
    pub fn media_type(&self) -> String {
        let value = self.header("content-type").unwrap_or("");
        value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
    }

    /// The body as JSON, with the bytes it was read from.
    pub async fn json(&self) -> Result<(Value, Bytes), Problem> {
        if self.media_type() != "application/json" {
            return Err(Problem::unsupported_media_type("application/json"));
        }
        let bytes = self.bytes(limits::BODY).await?;
        Ok((parse_json(&bytes)?, bytes))
    }

    /// The fields of a form that a browser posted.
    pub async fn form(&self) -> Result<BTreeMap<String, String>, Problem> {
        if self.media_type() != "application/x-www-form-urlencoded" {
            return Err(Problem::unsupported_media_type(
                "application/x-www-form-urlencoded",
            ));
        }
        let bytes = self.bytes(limits::FORM).await?;
        Ok(form_urlencoded::parse(&bytes).into_owned().collect())
    }
}

/// JSON, or a 400 that says where it stops being JSON. Nesting beyond 128 levels is refused by the parser.
pub fn parse_json(bytes: &[u8]) -> Result<Value, Problem> {
    serde_json::from_slice(bytes).map_err(|error| {
        Problem::bad_request(format!(
            "The body is not JSON: {} at line {}, column {}.",
            reason(&error),
            error.line(),
            error.column()
        ))
    })
}

fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or("").to_owned()
}

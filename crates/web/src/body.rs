//! Request bodies: read up to a limit, then parsed.

use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use bytes::Bytes;
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde_json::Value;
use spin_sdk::wasip3::http_compat::IncomingRequestBody;
use std::collections::BTreeMap;

impl Cx {
    /// The body as it comes, piece by piece, for what may be longer than an instance should hold: refused with 413 as
    /// soon as it is known to be longer than `limit` bytes.
    pub fn stream(&self, limit: usize) -> Result<Stream, Problem> {
        Ok(Stream {
            body: Limited::new(self.take_body(limit)?, limit),
            limit,
        })
    }

    /// The body, refused with 413 as soon as it is known to be longer than `limit` bytes.
    pub async fn bytes(&self, limit: usize) -> Result<Bytes, Problem> {
        match Limited::new(self.take_body(limit)?, limit).collect().await {
            Ok(collected) => Ok(collected.to_bytes()),
            Err(error) => Err(cut_off(&*error, limit)),
        }
    }

    fn take_body(&self, limit: usize) -> Result<IncomingRequestBody, Problem> {
        // What is packed would have to be unpacked before anybody knows how much it is.
        let plain = |coding: &str| coding.eq_ignore_ascii_case("identity");
        if self
            .header("content-encoding")
            .is_some_and(|coding| !plain(coding))
        {
            return Err(Problem::unsupported_media_type("a body without a content coding"));
        }
        let declared = self
            .header("content-length")
            .and_then(|length| length.parse::<usize>().ok());
        if declared.is_some_and(|length| length > limit) {
            return Err(Problem::too_large(limit));
        }
        self.body
            .take()
            .ok_or_else(|| Problem::internal("the body was read before"))
    }

    /// A parameter of the media type, such as `charset`.
    pub fn media_parameter(&self, name: &str) -> Option<&str> {
        let parameters = self.header("content-type")?.split(';').skip(1);
        parameters
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(key, _)| key.trim().eq_ignore_ascii_case(name))
            .map(|(_, value)| value.trim().trim_matches('"'))
    }

    /// Whether the answer is wanted as a table: `Accept: text/csv`.
    pub fn wants_csv(&self) -> bool {
        let wanted = self.header("accept").unwrap_or("").split(',');
        let mut types = wanted.map(|wanted| wanted.split(';').next().unwrap_or("").trim());
        types
            .next()
            .is_some_and(|first| first.eq_ignore_ascii_case("text/csv"))
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

/// A body that is read piece by piece.
pub struct Stream {
    body: Limited<IncomingRequestBody>,
    limit: usize,
}

impl Stream {
    /// The next piece; `None` at the end.
    pub async fn piece(&mut self) -> Result<Option<Bytes>, Problem> {
        loop {
            match self.body.frame().await {
                None => return Ok(None),
                Some(Err(error)) => return Err(cut_off(&*error, self.limit)),
                // Trailers say nothing here.
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Ok(Some(data));
                    }
                }
            }
        }
    }
}

fn cut_off(error: &(dyn std::error::Error + Send + Sync + 'static), limit: usize) -> Problem {
    match error.is::<LengthLimitError>() {
        true => Problem::too_large(limit),
        false => Problem::bad_request(format!("The body did not arrive whole: {error}")),
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

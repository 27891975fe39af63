//! An outbound request, with or without a declared length.

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt, Full};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The request.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fetch {
    url: String,
    method: Option<String>,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    body: String,
    /// Whether to declare the body's length.
    #[serde(default)]
    length: bool,
}

impl Fetch {
    /// Sends it and answers status, headers and body; the body as JSON, where it is.
    pub(crate) async fn send(self) -> Result<Value, String> {
        let mut request = Request::builder()
            .method(self.method.as_deref().unwrap_or("GET"))
            .uri(&self.url);
        if self.length {
            request = request.header(header::CONTENT_LENGTH, self.body.len());
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request
            .body(Full::new(Bytes::from(self.body)))
            .map_err(|error| error.to_string())?;
        let response = spin_sdk::http::send(request)
            .await
            .map_err(|error| format!("{error:?}"))?;
        let (head, body) = response.into_parts();
        let body = body
            .collect()
            .await
            .map_err(|error| format!("{error:?}"))?
            .to_bytes();
        let headers: BTreeMap<_, _> = head
            .headers
            .iter()
            .map(|(name, value)| {
                (
                    name.to_string(),
                    String::from_utf8_lossy(value.as_bytes()).into_owned(),
                )
            })
            .collect();
        let body: Value =
            serde_json::from_slice(&body).unwrap_or_else(|_| String::from_utf8_lossy(&body).into());
        Ok(json!({ "status": head.status.as_u16(), "headers": headers, "body": body }))
    }
}

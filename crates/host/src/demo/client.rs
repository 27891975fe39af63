//! A client of the app under this host.

use crate::host::Host;
use anyhow::{Context, bail};
use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use serde_json::Value;

pub(super) struct Client<'a> {
    host: &'a Host,
}

/// What came back, with the status that was expected.
pub(super) struct Answer {
    body: Bytes,
    location: Option<String>,
}

impl<'a> Client<'a> {
    pub(super) fn new(host: &'a Host) -> Self {
        Self { host }
    }

    /// Sends a request and insists on the status.
    pub(super) async fn send(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
        expected: StatusCode,
    ) -> anyhow::Result<Answer> {
        let key = if path.starts_with("/internal/") {
            "cron_key"
        } else {
            "admin_key"
        };
        let key = self
            .host
            .variable(key)
            .with_context(|| format!("the variable {key} is not set"))?;
        let request = Request::builder()
            .method(method.clone())
            .uri(path)
            .header(header::AUTHORIZATION, format!("Bearer {key}"))
            .header(header::CONTENT_TYPE, content_type)
            .body(body.into())?;
        let response = self.host.request(request).await?;
        let location = response.headers().get(header::LOCATION);
        let location = location
            .map(|value| value.to_str().map(str::to_owned))
            .transpose()?;
        if response.status() != expected {
            let text = String::from_utf8_lossy(response.body());
            bail!(
                "{method} {path} answered {}, not {expected}: {text}",
                response.status()
            );
        }
        Ok(Answer {
            body: response.into_body(),
            location,
        })
    }

    pub(super) async fn get(&self, path: &str) -> anyhow::Result<Answer> {
        self.send(
            Method::GET,
            path,
            "application/json",
            Bytes::new(),
            StatusCode::OK,
        )
        .await
    }

    /// Runs a job as cron would.
    pub(super) async fn job(&self, name: &str) -> anyhow::Result<Value> {
        let path = format!("/internal/{name}");
        self.send(
            Method::POST,
            &path,
            "application/json",
            Bytes::new(),
            StatusCode::OK,
        )
        .await?
        .json()
    }

    pub(super) async fn form(&self, path: &str, body: &str, expected: StatusCode) -> anyhow::Result<Answer> {
        let form = "application/x-www-form-urlencoded";
        self.send(Method::POST, path, form, body.to_owned(), expected)
            .await
    }
}

impl Answer {
    pub(super) fn json(&self) -> anyhow::Result<Value> {
        serde_json::from_slice(&self.body).context("the answer is not JSON")
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// Where a redirect leads, as a path of this app.
    pub(super) fn redirect(&self, url: &str) -> anyhow::Result<String> {
        let location = self.location.as_deref().context("the answer leads nowhere")?;
        let path = location
            .strip_prefix(url)
            .with_context(|| format!("{location} is not ours"))?;
        Ok(path.to_owned())
    }
}

//! A request and its answer. Every request states the status that it expects.

use std::path::PathBuf;

use serde_json::Value;

use super::{app::tail, canary};
use crate::openapi::{Exchange, judge};

/// A request in the making.
pub(crate) struct Call<'a> {
    agent: &'a ureq::Agent,
    method: String,
    url: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    log: PathBuf,
    /// What no answer may show.
    secrets: &'a [String],
}

impl<'a> Call<'a> {
    pub(super) fn new(
        agent: &'a ureq::Agent,
        method: &str,
        url: String,
        log: PathBuf,
        secrets: &'a [String],
    ) -> Self {
        Self {
            agent,
            method: method.to_owned(),
            url,
            headers: Vec::new(),
            body: Vec::new(),
            log,
            secrets,
        }
    }

    /// Sets a header, in place of one of the same name.
    pub(crate) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(held, _)| !held.eq_ignore_ascii_case(name));
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Authenticates with a key.
    pub(crate) fn key(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    /// Sends no key.
    pub(crate) fn anonymous(mut self) -> Self {
        self.headers.retain(|(name, _)| name != "authorization");
        self
    }

    /// Sends bytes as the given media type.
    pub(crate) fn body(mut self, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self.header("content-type", media_type)
    }

    /// Sends JSON.
    pub(crate) fn json(self, value: &Value) -> Self {
        self.body("application/json", value.to_string())
    }

    /// Sends an XML document.
    pub(crate) fn xml(self, document: impl Into<Vec<u8>>) -> Self {
        self.body("application/xml", document)
    }

    /// Sends what a browser's form does.
    pub(crate) fn form(self, fields: &[(&str, &str)]) -> Self {
        let escaped = |text: &str| -> String {
            text.bytes()
                .map(|byte| match byte {
                    b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' => {
                        char::from(byte).to_string()
                    }
                    _ => format!("%{byte:02X}"),
                })
                .collect()
        };
        let pairs: Vec<String> = fields
            .iter()
            .map(|(k, v)| format!("{}={}", escaped(k), escaped(v)))
            .collect();
        self.body("application/x-www-form-urlencoded", pairs.join("&"))
    }

    /// Sends it and takes whatever comes.
    #[track_caller]
    pub(crate) fn answer(self) -> Answer {
        let (line, log) = (self.line(), self.log.clone());
        let attempt = self.attempt();
        attempt.unwrap_or_else(|error| panic!("{line}: {error}\n{}", tail(&log)))
    }

    /// Sends it to an app that may go away meanwhile.
    pub(crate) fn attempt(self) -> Result<Answer, ureq::Error> {
        let line = self.line();
        let mut request = ureq::http::Request::builder()
            .method(self.method.as_str())
            .uri(&self.url);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let mut response = match self.method.as_str() {
            "POST" | "PUT" | "PATCH" => self.agent.run(request.body(&self.body)?)?,
            _ => self.agent.run(request.body(())?)?,
        };
        let body = response.body_mut().with_config().limit(64 << 20).read_to_vec()?;
        let shown = response
            .headers()
            .values()
            .any(|value| canary::is_in(self.secrets, value.as_bytes()));
        assert!(
            !shown && !canary::is_in(self.secrets, &body),
            "{line}: the answer shows a secret"
        );
        let exchange = Exchange {
            method: &self.method,
            target: target(&self.url),
            sent_headers: &self.headers,
            sent: &self.body,
            status: response.status().as_u16(),
            headers: response.headers(),
            body: &body,
        };
        if let Err(breach) = judge(&exchange) {
            panic!(
                "{line}: not as /openapi.json has it: {breach}\n{}",
                String::from_utf8_lossy(&body)
            );
        }
        Ok(Answer {
            line,
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body,
        })
    }

    fn line(&self) -> String {
        format!("{} {}", self.method, self.url)
    }

    /// Sends it; any other status than the expected one fails the test.
    #[track_caller]
    pub(crate) fn send(self, expected: u16) -> Answer {
        let log = self.log.clone();
        let answer = self.answer();
        if answer.status != expected {
            let Answer { line, status, .. } = &answer;
            panic!(
                "{line}: {status} where {expected} is expected\n{}\n--- log ---\n{}",
                answer.text(),
                tail(&log)
            );
        }
        answer
    }
}

/// Path and query of a URL.
fn target(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.find('/').map_or("/", |at| &rest[at..])
}

/// What came back.
pub(crate) struct Answer {
    line: String,
    /// The status.
    pub(crate) status: u16,
    headers: ureq::http::HeaderMap,
    body: Vec<u8>,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let text = self.text();
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error} in {text}", self.line))
    }

    /// The body as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.body
    }

    /// The body as text.
    #[track_caller]
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap_or_else(|error| panic!("{}: {error}", self.line))
    }

    /// A header, or nothing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(name)
            .map(|value| value.to_str().expect("a readable header"))
    }

    /// A string of the JSON body, by pointer.
    #[track_caller]
    pub(crate) fn string(&self, pointer: &str) -> String {
        let json = self.json();
        let found = json.pointer(pointer).and_then(Value::as_str);
        found
            .unwrap_or_else(|| panic!("{}: no string {pointer} in {json}", self.line))
            .to_owned()
    }

    /// Insists that the body is a problem as RFC 9457 has it, with this code, and answers it.
    #[track_caller]
    pub(crate) fn problem(&self, code: &str) -> Value {
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{}: {}",
            self.line,
            self.text()
        );
        let problem = self.json();
        assert_eq!(problem["code"], code, "{}: {problem}", self.line);
        assert_eq!(problem["status"], self.status, "{}: {problem}", self.line);
        for member in ["type", "title", "detail"] {
            assert!(
                problem[member].as_str().is_some_and(|text| !text.is_empty()),
                "{}: {member}: {problem}",
                self.line
            );
        }
        problem
    }

    /// The fields that a validation problem names, in order.
    #[track_caller]
    pub(crate) fn pointers(&self) -> Vec<String> {
        let problem = self.json();
        let errors = problem["errors"]
            .as_array()
            .unwrap_or_else(|| panic!("{}: no errors in {problem}", self.line));
        let mut pointers: Vec<String> = errors
            .iter()
            .map(|error| error["pointer"].as_str().expect("a pointer").to_owned())
            .collect();
        pointers.sort();
        pointers
    }
}

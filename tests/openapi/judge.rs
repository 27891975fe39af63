//! Holds a request and its answer against the contract: path, method, status, media type, headers and body.
//!
//! Stricter than the contract is with clients: an answer may not have a field that the document does not name, so
//! that code and document cannot drift apart unseen. Requests are judged where they were answered as asked.

use std::{cell::RefCell, collections::BTreeMap, fs, path::Path, path::PathBuf};

use boon::{Compiler, SchemaIndex, Schemas};
use rusqlite::{Connection, OpenFlags};
use serde_json::{Map, Value};

/// The name under which the validator knows the document.
const DOCUMENT: &str = "https://dunlin.example/openapi.json";

/// What was asked and what came back.
pub(crate) struct Exchange<'a> {
    /// In capitals.
    pub(crate) method: &'a str,
    /// Path and query.
    pub(crate) target: &'a str,
    /// The request's headers.
    pub(crate) sent_headers: &'a [(String, String)],
    /// The request's body.
    pub(crate) sent: &'a [u8],
    /// The status of the answer.
    pub(crate) status: u16,
    /// The answer's headers.
    pub(crate) headers: &'a ureq::http::HeaderMap,
    /// The answer's body.
    pub(crate) body: &'a [u8],
}

/// Where the document lies.
pub(crate) fn file() -> PathBuf {
    PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../components/reference/openapi.json"
    ))
}

/// The document.
pub(crate) fn document() -> Value {
    let text = fs::read_to_string(file()).expect("components/reference/openapi.json");
    serde_json::from_str(&text).expect("openapi.json is JSON")
}

/// The document and the schemas of it that were needed so far.
pub(crate) struct Judge {
    document: Value,
    compiler: Compiler,
    schemas: Schemas,
    compiled: BTreeMap<String, SchemaIndex>,
}

/// Why an exchange breaks the contract.
pub(crate) type Verdict = Result<(), String>;

/// Judges with this thread's judge.
pub(crate) fn judge(exchange: &Exchange<'_>) -> Verdict {
    with(|judge| judge.exchange(exchange))
}

/// Lends this thread's judge.
pub(crate) fn with<T>(work: impl FnOnce(&mut Judge) -> T) -> T {
    thread_local!(static JUDGE: RefCell<Option<Judge>> = const { RefCell::new(None) });
    JUDGE.with_borrow_mut(|judge| work(judge.get_or_insert_with(|| Judge::new(document()))))
}

/// What a ledger tells in its timelines by a word that the document does not know. Not every app shows every line of them.
pub(crate) fn untold(ledger: &Path) -> Vec<String> {
    // An app that was asked nothing has no ledger, or no tables in it.
    if !ledger.exists() {
        return Vec::new();
    }
    let ledger = Connection::open_with_flags(ledger, OpenFlags::SQLITE_OPEN_READ_ONLY).expect("the ledger");
    let mut kinds = match ledger.prepare("SELECT DISTINCT kind FROM activities") {
        Err(error) if error.to_string().contains("no such table") => return Vec::new(),
        kinds => kinds.expect("the ledger's activities"),
    };
    let said = kinds.query_map((), |row| row.get::<_, String>(0)).expect("kinds");
    let known =
        with(|judge| judge.document["components"]["schemas"]["TimelineEntry"]["properties"]["kind"].clone());
    let known = known["enum"].as_array().expect("the kinds of a timeline's entry");
    said.map(|kind| kind.expect("a kind"))
        .filter(|kind| !known.iter().any(|word| word == kind.as_str()))
        .collect()
}

impl Judge {
    fn new(document: Value) -> Self {
        let mut strict = document.clone();
        close(&mut strict);
        let mut compiler = Compiler::new();
        compiler.enable_format_assertions();
        compiler.add_resource(DOCUMENT, strict).expect("a resource");
        Self {
            document,
            compiler,
            schemas: Schemas::new(),
            compiled: BTreeMap::new(),
        }
    }

    /// Whether a value is as the schema at `pointer` of the document says.
    pub(crate) fn value(&mut self, pointer: &str, value: &Value) -> Verdict {
        let index = match self.compiled.get(pointer) {
            Some(index) => *index,
            None => {
                let index = self
                    .compiler
                    .compile(&format!("{DOCUMENT}#{}", in_fragment(pointer)), &mut self.schemas)
                    .map_err(|error| format!("the schema {pointer} is none: {error:#}"))?;
                self.compiled.insert(pointer.to_owned(), index);
                index
            }
        };
        let verdict = self.schemas.validate(value, index);
        verdict.map_err(|error| format!("{error:#}"))
    }

    fn exchange(&mut self, exchange: &Exchange<'_>) -> Verdict {
        let (path, query) = exchange.target.split_once('?').unwrap_or((exchange.target, ""));
        // The host's own, as on Spin.
        if path.starts_with("/.well-known/spin/") {
            return Ok(());
        }
        let Some(template) = self.template(path) else {
            return self.elsewhere(exchange, path);
        };
        let item = format!("/paths/{}", escaped(&template));
        let operation = format!("{item}/{}", exchange.method.to_lowercase());
        if self.document.pointer(&operation).is_none() {
            return self.other_method(exchange, &item);
        }
        self.answer(exchange, &operation)?;
        match exchange.status {
            200..=399 => self.request(exchange, &operation, query),
            _ => Ok(()),
        }
    }

    /// The path of the document that `path` follows, the one with the fewest parameters.
    fn template(&self, path: &str) -> Option<String> {
        let asked: Vec<&str> = path.split('/').collect();
        let fits = |template: &str| {
            let parts: Vec<&str> = template.split('/').collect();
            parts.len() == asked.len()
                && parts
                    .iter()
                    .zip(&asked)
                    .all(|(part, given)| part == given || (part.starts_with('{') && !given.is_empty()))
        };
        let paths = self.document["paths"].as_object().expect("paths");
        let candidates = paths.keys().filter(|template| fits(template));
        candidates
            .min_by_key(|template| template.matches('{').count())
            .cloned()
    }

    /// An address that the document does not list must not serve anything.
    fn elsewhere(&mut self, exchange: &Exchange<'_>, path: &str) -> Verdict {
        match exchange.status {
            404 | 405 if media_type(exchange) == "application/problem+json" => self.problem(exchange),
            401 | 404 if path.starts_with("/console/") => Ok(()),
            status => Err(format!("{status} at an address that the document does not list")),
        }
    }

    /// Neither must a method, and the refusal names those that are listed.
    fn other_method(&mut self, exchange: &Exchange<'_>, item: &str) -> Verdict {
        if exchange.status != 405 {
            return Err(format!(
                "{} to a method that the document does not list",
                exchange.status
            ));
        }
        self.problem(exchange)?;
        let listed = self
            .document
            .pointer(item)
            .and_then(Value::as_object)
            .expect("a path item");
        let mut listed: Vec<String> = listed.keys().map(|method| method.to_uppercase()).collect();
        let allow = header(exchange, "allow").unwrap_or_default();
        let mut allowed: Vec<&str> = allow.split(", ").collect();
        listed.sort();
        allowed.sort_unstable();
        match listed == allowed {
            true => Ok(()),
            false => Err(format!(
                "`allow: {allow}`, and the document lists {}",
                listed.join(", ")
            )),
        }
    }

    fn problem(&mut self, exchange: &Exchange<'_>) -> Verdict {
        let problem = json(exchange.body)?;
        if problem["status"] != exchange.status {
            return Err(format!("the problem says status {}", problem["status"]));
        }
        self.value("/components/schemas/Problem", &problem)
    }

    fn answer(&mut self, exchange: &Exchange<'_>, operation: &str) -> Verdict {
        let status = exchange.status;
        let responses = format!("{operation}/responses");
        let range = format!("{responses}/{}XX", status / 100);
        let exact = format!("{responses}/{status}");
        let named = if self.document.pointer(&exact).is_some() {
            exact
        } else {
            range
        };
        let Some(found) = self.document.pointer(&named) else {
            return Err(format!(
                "status {status} is not among the answers that the document lists"
            ));
        };
        // A shared answer is one level away.
        let pointer = match found["$ref"].as_str() {
            Some(reference) => reference.trim_start_matches('#').to_owned(),
            None => named,
        };
        let response = self.document.pointer(&pointer).expect("an answer").clone();
        for (name, described) in response["headers"].as_object().into_iter().flatten() {
            let described = match described["$ref"].as_str() {
                Some(reference) => self
                    .document
                    .pointer(reference.trim_start_matches('#'))
                    .expect("a header"),
                None => described,
            };
            if described["required"] == true && header(exchange, name).is_none() {
                return Err(format!("status {status} without the header {name}"));
            }
        }
        let Some(content) = response["content"].as_object() else {
            return match exchange.body.is_empty() {
                true => Ok(()),
                false => Err(format!(
                    "status {status} has a body, and the document gives it none"
                )),
            };
        };
        let media_type = media_type(exchange);
        if !content.contains_key(&media_type) {
            return Err(format!(
                "status {status} comes as `{media_type}`, which the document does not list"
            ));
        }
        // Somebody's file, which only has to be kept from being shown.
        if response["headers"]["content-disposition"].is_object() {
            let guarded = header(exchange, "x-content-type-options") == Some("nosniff")
                && header(exchange, "content-disposition")
                    .is_some_and(|kind| kind.starts_with("attachment;"));
            return match guarded {
                true => Ok(()),
                false => Err("a file that a browser may show".to_owned()),
            };
        }
        match media_type.as_str() {
            "application/json" | "application/problem+json" => {
                if media_type == "application/problem+json" {
                    self.problem(exchange)?;
                }
                let schema = format!("{pointer}/content/{}/schema", escaped(&media_type));
                let verdict = self.value(&schema, &json(exchange.body)?);
                verdict.map_err(|error| format!("the body of status {status}: {error}"))
            }
            "text/html" => match exchange.body.to_ascii_lowercase().starts_with(b"<!doctype html>") {
                true => Ok(()),
                false => Err("text/html that is no page".to_owned()),
            },
            "text/xml" => match exchange.body.starts_with(b"<?xml version=\"1.0\"") {
                true => Ok(()),
                false => Err("text/xml that does not say so".to_owned()),
            },
            "text/csv" => match exchange.body.ends_with(b"\r\n") {
                true => Ok(()),
                false => Err("text/csv whose last line does not end (RFC 4180, section 2)".to_owned()),
            },
            "text/plain" => {
                let text = String::from_utf8_lossy(exchange.body).into_owned();
                let schema = format!("{pointer}/content/{}/schema", escaped(&media_type));
                let verdict = self.value(&schema, &Value::String(text));
                verdict.map_err(|error| format!("the text of status {status}: {error}"))
            }
            other => Err(format!("nobody judges {other}")),
        }
    }

    /// A request that was answered as asked, parameters and body.
    fn request(&mut self, exchange: &Exchange<'_>, operation: &str, query: &str) -> Verdict {
        let described = self.document.pointer(operation).expect("an operation").clone();
        // Pages take whatever a mail program or a search engine adds to their address.
        if exchange.target.starts_with("/v1/") || exchange.target.starts_with("/internal/") {
            self.query(&described, query)?;
        }
        let content = described["requestBody"]["content"].as_object();
        let Some(content) = content else {
            return match exchange.sent.is_empty() {
                true => Ok(()),
                false => Err("a body was taken where the document lists none".to_owned()),
            };
        };
        if exchange.sent.is_empty() && described["requestBody"]["required"] != true {
            return Ok(());
        }
        let sent = exchange
            .sent_headers
            .iter()
            .find(|(name, _)| name == "content-type");
        let sent = sent.map_or("", |(_, value)| value.split(';').next().unwrap_or("").trim());
        let media_type = sent.to_ascii_lowercase();
        let listed = content.contains_key(&media_type)
            || (media_type.ends_with("+xml") && content.contains_key("application/*+xml"));
        if !listed {
            return Err(format!(
                "`{media_type}` was read, and the document does not list it"
            ));
        }
        let schema = format!("{operation}/requestBody/content/{}/schema", escaped(&media_type));
        let verdict = match media_type.as_str() {
            "application/json" => {
                // Of many, some may have been bad, and the answer said so.
                let report: Value = serde_json::from_slice(exchange.body).unwrap_or_default();
                if report["rejected_count"]
                    .as_u64()
                    .is_some_and(|rejected| rejected > 0)
                {
                    return Ok(());
                }
                // And an event is acknowledged whatever it says.
                if exchange.target.starts_with("/webhooks/") && report["status"] != "processed" {
                    return Ok(());
                }
                let mut body = json(exchange.sent)?;
                without_nulls(&mut body);
                self.value(&schema, &body)
            }
            "application/x-www-form-urlencoded" => self.value(&schema, &form(exchange.sent)),
            _ => Ok(()),
        };
        verdict.map_err(|error| format!("a request that was taken: {error}"))
    }

    fn query(&mut self, operation: &Value, query: &str) -> Verdict {
        let Value::Object(given) = form(query.as_bytes()) else {
            return Ok(());
        };
        for (name, value) in given {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            let resolved = parameters.map(|parameter| match parameter["$ref"].as_str() {
                Some(reference) => self
                    .document
                    .pointer(reference.trim_start_matches('#'))
                    .expect("a parameter"),
                None => parameter,
            });
            let mut in_query = resolved.filter(|parameter| parameter["in"] == "query");
            if let Some(parameter) = in_query.find(|parameter| parameter["name"] == name.as_str()) {
                let number = parameter["schema"]["type"] == "integer";
                let bounds = ["minimum", "maximum"].map(|bound| parameter["schema"][bound].as_i64());
                let parsed = value.as_str().and_then(|text| text.parse::<i64>().ok());
                let [Some(least), Some(most)] = bounds else {
                    continue;
                };
                if number && !parsed.is_some_and(|number| (least..=most).contains(&number)) {
                    return Err(format!(
                        "`{name}={value}` was taken, and the document has {least} to {most}"
                    ));
                }
                continue;
            }
            if !self.key_in_query(operation, &name) {
                return Err(format!(
                    "the query parameter `{name}` was taken, and the document does not list it"
                ));
            }
        }
        Ok(())
    }

    /// Whether `name` is a key that opens the operation.
    fn key_in_query(&self, operation: &Value, name: &str) -> bool {
        let ways = operation["security"].as_array().into_iter().flatten();
        let mut schemes =
            ways.flat_map(|way| way.as_object().into_iter().flatten().map(|(scheme, _)| scheme));
        schemes.any(|scheme| {
            let scheme = &self.document["components"]["securitySchemes"][scheme];
            scheme["in"] == "query" && scheme["name"] == name
        })
    }
}

/// Forbids, in every object that lists its fields, all others.
fn close(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(close),
        Value::Object(members) => {
            members.values_mut().for_each(close);
            let is_object = match members.get("type") {
                Some(Value::String(one)) => one == "object",
                Some(Value::Array(several)) => several.iter().any(|one| one == "object"),
                _ => false,
            };
            if is_object && members.get("properties").is_some_and(Value::is_object) {
                members
                    .entry("additionalProperties")
                    .or_insert(Value::Bool(false));
            }
        }
        _ => {}
    }
}

/// In a request `null` is the same as absent.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(without_nulls);
        }
        _ => {}
    }
}

fn json(bytes: &[u8]) -> Result<Value, String> {
    serde_json::from_slice(bytes).map_err(|error| format!("no JSON: {error}"))
}

fn form(bytes: &[u8]) -> Value {
    let pairs = url::form_urlencoded::parse(bytes).into_owned();
    Value::Object(
        pairs
            .map(|(name, value)| (name, Value::String(value)))
            .collect::<Map<_, _>>(),
    )
}

fn header<'a>(exchange: &'a Exchange<'_>, name: &str) -> Option<&'a str> {
    exchange.headers.get(name)?.to_str().ok()
}

fn media_type(exchange: &Exchange<'_>) -> String {
    let value = header(exchange, "content-type").unwrap_or_default();
    value.split(';').next().unwrap_or("").trim().to_ascii_lowercase()
}

/// One step of a JSON pointer.
pub(crate) fn escaped(step: &str) -> String {
    step.replace('~', "~0").replace('/', "~1")
}

/// A JSON pointer as a URL's fragment.
fn in_fragment(pointer: &str) -> String {
    pointer
        .replace('{', "%7B")
        .replace('}', "%7D")
        .replace('+', "%2B")
        .replace('*', "%2A")
}

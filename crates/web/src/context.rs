//! The context of one request, and the one way in for every component.

use crate::act;
use crate::problem::Problem;
use crate::reply::Reply;
use bytes::Bytes;
use http::{HeaderMap, Method, Response};
use percent_encoding::percent_decode_str;
use spin_sdk::http::{FullBody, Request};
use spin_sdk::wasip3::http_compat::IncomingRequestBody;
use std::cell::RefCell;
use std::rc::Rc;
use std::time::{Duration, Instant};
use store::{Act, Db, Moment};

/// One request: what it asks, when it came, and what it may use.
pub struct Cx {
    method: Method,
    segments: Vec<String>,
    path: String,
    query: String,
    headers: HeaderMap,
    pub(crate) body: RefCell<Option<IncomingRequestBody>>,
    moment: Moment,
    started: Instant,
    request_id: String,
    /// What the trail is told of this request: who it is, once that is known.
    act: Rc<RefCell<Act>>,
}

/// Answers a request with what `route` makes of it. Every error becomes a problem; every 5xx a line in the log.
pub async fn serve<F>(request: Request, route: F) -> Response<FullBody<Bytes>>
where
    F: AsyncFnOnce(&Cx) -> Result<Reply, Problem>,
{
    let cx = Cx::new(request);
    let reply = match route(&cx).await {
        Ok(reply) => reply,
        Err(problem) => {
            cx.log(&problem);
            problem.into_reply(&cx.request_id)
        }
    };
    reply.into_response()
}

impl Cx {
    fn new(request: Request) -> Self {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        let segments = path
            .split('/')
            .filter(|segment| !segment.is_empty())
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let moment = Moment::at(chrono::Utc::now());
        let started = Instant::now();
        let random = store::random::<8>().unwrap_or_default();
        let request_id = data_encoding::HEXLOWER.encode(&random);
        let act = Act {
            at_ms: moment.ms(),
            who: act::PUBLIC.to_owned(),
            what: act::shown(&parts.method, &path, false),
            request: request_id.clone(),
            always: false,
        };
        Self {
            method: parts.method,
            segments,
            path,
            query: parts.uri.query().unwrap_or("").to_owned(),
            headers: parts.headers,
            body: RefCell::new(Some(body)),
            moment,
            started,
            request_id,
            act: Rc::new(RefCell::new(act)),
        }
    }

    /// Puts down whose request it is. What a key's owner changes is on record, whatever it is.
    pub(crate) fn is_of(&self, who: &str) {
        let mut act = self.act.borrow_mut();
        who.clone_into(&mut act.who);
        act.what = act::shown(&self.method, &self.path, true);
        act.always = who != act::CRON && !self.method.is_safe();
    }

    /// Method and path, for a `match`: `("GET", ["v1", "invoices", id])`.
    pub fn route(&self) -> (&str, Vec<&str>) {
        (
            self.method.as_str(),
            self.segments.iter().map(String::as_str).collect(),
        )
    }

    /// The path as it came.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The method.
    pub fn method(&self) -> &Method {
        &self.method
    }

    /// The query as it came.
    pub fn raw_query(&self) -> &str {
        &self.query
    }

    /// A header's value, if it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// Every value of a header that is text, in their order.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let values = self.headers.get_all(name).iter();
        values.filter_map(|value| value.to_str().ok()).collect()
    }

    /// A cookie's value.
    pub fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.headers.get_all(http::header::COOKIE).iter();
        cookies
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find_map(|(key, value)| (key == name).then_some(value))
    }

    /// When the request came, and the mint for ids.
    pub fn moment(&self) -> Moment {
        self.moment
    }

    /// How long the request has been worked on: for a job that must end before its host ends it. No instant of the
    /// ledger comes from here.
    pub fn elapsed(&self) -> Duration {
        self.started.elapsed()
    }

    /// Writes what the log is to know of a problem that the visitor is spared.
    pub fn log(&self, problem: &Problem) {
        if let Some(line) = problem.log_line(&self.request_id) {
            eprintln!("{line}");
        }
    }

    /// Writes what a person should know of, although the request is answered as it should be.
    pub fn warn(&self, message: &str) {
        eprintln!("{}", Problem::warning_line(message, &self.request_id));
    }

    /// A connection to the ledger. What is written through it is this request's act.
    pub async fn db(&self) -> Result<Db, Problem> {
        Ok(Db::open().await?.signed(Rc::clone(&self.act)))
    }
}

//! What every request from outside goes through before a component sees it, and after.
//!
//! In this order: an id, Spin's well-known paths, the route, the body's size, a place among the requests being
//! answered, a time limit. What goes wrong becomes a [`Problem`]; the reason goes to the log under the id.

use crate::app::App;
use crate::headers;
use crate::inbound::{self, Arrival};
use crate::places::Places;
use crate::problem::{Problem, plain};
use http::{Request, Response, StatusCode};
use hyper::body::Incoming;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::ExpirationError;

/// The host answers these itself; no route can take them.
const WELL_KNOWN: &str = "/.well-known/spin/";

/// The front door of an app.
pub(crate) struct Front {
    app: Arc<App>,
    places: Places,
    request_time: Duration,
    verbose: bool,
    terminal: bool,
}

impl Front {
    /// A request has `request_time` until the head of its answer. With `verbose`, each is a line on the terminal; without
    /// `terminal`, not even what goes wrong is.
    pub(crate) fn new(
        app: Arc<App>,
        places: Places,
        request_time: Duration,
        verbose: bool,
        terminal: bool,
    ) -> Self {
        Self {
            app,
            places,
            request_time,
            verbose,
            terminal,
        }
    }

    /// Answers a request from a connection.
    pub(crate) async fn answer(&self, request: Request<Incoming>, client: SocketAddr) -> Response<WasiBody> {
        let (request, arrival) = inbound::limited(request);
        self.answer_bounded(request, &arrival, client).await
    }

    /// Answers a request that comes while there are too many connections: whether the host is well, and no more.
    pub(crate) fn answer_crowded(&self, request: Request<Incoming>) -> Response<WasiBody> {
        let (request, _) = inbound::limited(request);
        let known = request.uri().path().strip_prefix(WELL_KNOWN);
        let answer = known.map_or(Err(Problem::Busy), |name| self.well_known(name));
        answer.unwrap_or_else(|problem| problem.response(&request_id()))
    }

    fn well_known(&self, name: &str) -> Result<Response<WasiBody>, Problem> {
        match name {
            "health" => Ok(plain(StatusCode::OK, "text/plain", "OK")),
            "info" => Ok(plain(
                StatusCode::OK,
                "application/json",
                format!("{:#}", self.app.info()),
            )),
            _ => Err(Problem::NotFound),
        }
    }

    /// Answers a request whose body has its limit already.
    pub(crate) async fn answer_bounded(
        &self,
        request: Request<WasiBody>,
        arrival: &Arrival,
        client: SocketAddr,
    ) -> Response<WasiBody> {
        let start = Instant::now();
        let id = request_id();
        let line = self
            .verbose
            .then(|| format!("{} {}", request.method(), request.uri().path()));
        let response = match self.respond(request, arrival, client, &id).await {
            Ok(response) => response,
            Err(problem) => problem.response(&id),
        };
        if let Some(line) = line {
            let milliseconds = start.elapsed().as_micros() / 1000;
            eprintln!("dunlin: {line} {} {milliseconds} ms", response.status().as_u16());
        }
        response
    }

    async fn respond(
        &self,
        mut request: Request<WasiBody>,
        arrival: &Arrival,
        client: SocketAddr,
        id: &str,
    ) -> Result<Response<WasiBody>, Problem> {
        headers::strip(&mut request);
        let path = request.uri().path().to_owned();
        if let Some(name) = path.strip_prefix(WELL_KNOWN) {
            return self.well_known(name);
        }
        let found = self.app.route(&path).ok_or(Problem::NotFound)?;
        headers::complete_uri(&mut request).map_err(Problem::BadAddress)?;
        if arrival.is_too_large() {
            return Err(Problem::BodyTooLarge);
        }
        let method = request.method().clone();
        let _place = self.places.take(&method, &path, arrival).ok_or(Problem::Busy)?;
        let outcome = tokio::time::timeout(self.request_time, self.app.call(&found, request, client)).await;
        if arrival.is_too_large() {
            return Err(Problem::BodyTooLarge);
        }
        let (problem, reason) = match outcome {
            Ok(Ok(response)) => return Ok(response),
            Ok(Err(error)) if error.is::<ExpirationError>() => {
                (Problem::TooLong, "no answer in time".to_owned())
            }
            Ok(Err(error)) => (Problem::Failed, format!("{error:?}")),
            Err(_) => (Problem::TooLong, "no answer in time".to_owned()),
        };
        if self.terminal {
            eprintln!(
                "dunlin: request {id} {method} {path} to {}: {reason}",
                found.component
            );
        }
        Err(problem)
    }
}

/// 64 random bits, for people to quote. Where there is no randomness ids are all zero, which costs only the ease
/// of finding a line in the log.
fn request_id() -> String {
    data_encoding::HEXLOWER.encode(&getrandom::u64().unwrap_or_default().to_be_bytes())
}

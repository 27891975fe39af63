//! What a component's outbound HTTP goes through: the allow list, then another component or the network.
//!
//! A request to `http://<component>.spin.internal/...` is answered by that component within the process,
//! whatever its routes, and never leaves it. One without a host goes to the app's own public address. All
//! others use wasmtime's client: no redirects, 600 s timeouts where the component sets none (Spin's values).
//! What the list does not allow ends with `HTTP-request-denied` and a line in the log.

use crate::app::App;
use crate::interpose::{Gate, Kind, World};
use crate::outbound::{AllowList, chained_component};
use http::uri::{Authority, Scheme};
use http::{HeaderValue, Request, Response, Uri, header};
use http_body_util::{BodyExt, Full};
use std::sync::{Arc, Weak};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks, default_send_request};

/// Outbound HTTP of one component instance.
#[derive(Clone)]
pub(crate) struct Outbound {
    pub(crate) component: Arc<str>,
    pub(crate) allowed: Arc<AllowList>,
    /// Weak, because the app holds the component that holds this.
    pub(crate) app: Weak<App>,
    /// The instance's own.
    pub(crate) gate: Gate,
}

/// An answer, and what becomes of its connection.
type Answer = Result<
    (
        Response<WasiBody>,
        Box<dyn Future<Output = Result<(), Error>> + Send>,
    ),
    Error,
>;

impl WasiHttpHooks for Outbound {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        // The component's own trouble with the answer; there is no one to tell.
        _: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        Box::new(self.clone().pass(request, options))
    }
}

impl Outbound {
    async fn pass(self, request: Request<WasiBody>, options: Option<RequestOptions>) -> Answer {
        let gate = self.gate.clone();
        let detail = if gate.is_watched() {
            address(&request)
        } else {
            String::new()
        };
        gate.call(Kind::HttpSend, &detail)
            .with(self.send(request, options))
            .await
    }

    async fn send(self, mut request: Request<WasiBody>, options: Option<RequestOptions>) -> Answer {
        let app = self.app.upgrade().ok_or(Error::ConnectionTerminated)?;
        let authority = request.uri().authority().cloned();
        let host = authority.as_ref().map_or("", Authority::host);
        if matches!(host, "" | "self.alt") {
            if !self.allowed.allows_self() {
                return Err(self.denied("self"));
            }
            address_to(&mut request, &app.address().to_string())?;
        } else {
            let scheme = request.uri().scheme_str().unwrap_or("https");
            let port = authority.as_ref().and_then(Authority::port_u16);
            if !self.allowed.allows(scheme, host, port) {
                return Err(self.denied(&request.uri().to_string()));
            }
            if let Some(component) = chained_component(host) {
                let answer = app.call_chained(component, request).await?;
                return Ok((answer, Box::new(async { Ok(()) })));
            }
        }
        if let Some(world) = self.gate.world() {
            let answer = ask(&*world, &self.component, request).await?;
            return Ok((answer, Box::new(async { Ok(()) })));
        }
        let (answer, connection) = default_send_request(request, options).await?;
        Ok((answer.map(BodyExt::boxed_unsync), Box::new(connection)))
    }

    fn denied(&self, target: &str) -> Error {
        let component = &self.component;
        // Without its query, which may hold what does not belong into a log.
        let target = target.split_once('?').map_or(target, |(address, _)| address);
        eprintln!("dunlin: {component} may not connect to {target}: it is not in its allowed_outbound_hosts");
        Error::HttpRequestDenied
    }
}

/// Method and address of a request, without its query, which may hold what does not belong into a log.
fn address(request: &Request<WasiBody>) -> String {
    let address = request.uri().to_string();
    let address = address.split_once('?').map_or(&*address, |(address, _)| address);
    format!("{} {address}", request.method())
}

/// Has somebody within the process answer.
async fn ask(
    world: &dyn World,
    component: &str,
    request: Request<WasiBody>,
) -> Result<Response<WasiBody>, Error> {
    let (head, body) = request.into_parts();
    let body = body.collect().await?.to_bytes();
    let answer = world.answer(component, Request::from_parts(head, body)).await?;
    Ok(answer.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync()))
}

/// Points a request at the app's own public address.
fn address_to(request: &mut Request<WasiBody>, address: &str) -> Result<(), Error> {
    let mut parts = request.uri().clone().into_parts();
    parts.scheme = Some(Scheme::HTTP);
    parts.authority = Some(address.parse().map_err(|_| Error::HttpRequestUriInvalid)?);
    *request.uri_mut() = Uri::from_parts(parts).map_err(|_| Error::HttpRequestUriInvalid)?;
    let host = HeaderValue::from_str(address).map_err(|_| Error::HttpRequestUriInvalid)?;
    request.headers_mut().insert(header::HOST, host);
    Ok(())
}

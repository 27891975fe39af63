//! The loaded app: its components, and the calls that reach them.

use crate::chain::Outbound;
use crate::engine;
use crate::guest::{Blueprint, Guest};
use crate::host::cache_dir;
use crate::interpose::{Gate, Interpose};
use crate::key_value::KeyValue;
use crate::manifest::Manifest;
use crate::outbound::{AllowList, is_blank};
use crate::pool::Pool;
use crate::route::{Match, Router};
use crate::runtime_config::RuntimeConfig;
use crate::sqlite;
use crate::variables::{Template, Variables};
use crate::{clock::Clock, headers, logs::Logs};
use http::{Request, Response};
use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use wasmtime_wasi_http::handler::ProxyHandler;
use wasmtime_wasi_http::p3::bindings::ServicePre;
use wasmtime_wasi_http::{Error, WasiBody};

/// Where calls from within the process seem to come from; Spin's value.
pub(crate) const IN_PROCESS: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, 0));

/// Components by name, and the routes to them.
pub(crate) struct App {
    name: String,
    version: String,
    router: Router,
    components: BTreeMap<String, ProxyHandler<Pool>>,
    address: SocketAddr,
    stopping: watch::Sender<bool>,
}

/// An app's manifest and its components, compiled: what hosts one after the other have in common.
#[derive(Clone)]
pub struct Program(Arc<Compiled>);

struct Compiled {
    manifest: Manifest,
    services: Vec<ServicePre<Guest>>,
}

impl std::fmt::Debug for Program {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_tuple("Program")
            .field(&self.0.manifest.application.name)
            .finish()
    }
}

impl Program {
    /// Compiles and links all components of a manifest that lies in `root`. Takes seconds the first time.
    pub(crate) fn compile(manifest: Manifest, root: &Path, cache_dir: &Path) -> anyhow::Result<Self> {
        let engine = engine::engine(cache_dir)?;
        let files: Vec<_> = manifest
            .component
            .iter()
            .map(|(name, c)| (name.clone(), root.join(&c.source)))
            .collect();
        let services = engine::compile(&engine, &files)?;
        Ok(Self(Arc::new(Compiled { manifest, services })))
    }

    /// Loads a manifest and what it names, for [`Options::program`](crate::Options::program). Compiled code is kept
    /// where the app's other build results are, else in `state_dir`.
    ///
    /// # Errors
    /// The manifest cannot be read, or a component is missing or damaged.
    pub fn load(manifest: &Path, state_dir: &Path) -> anyhow::Result<Self> {
        let root = manifest.parent().unwrap_or(Path::new(""));
        let cache_dir = cache_dir(manifest, state_dir)?;
        Self::compile(Manifest::load(manifest)?, root, &cache_dir)
    }

    pub(crate) fn manifest(&self) -> &Manifest {
        &self.0.manifest
    }
}

/// What an app is loaded with, beside its program.
pub(crate) struct Surroundings<'a> {
    pub(crate) state_dir: &'a Path,
    pub(crate) runtime: RuntimeConfig,
    pub(crate) address: SocketAddr,
    pub(crate) clock: Clock,
    pub(crate) variables: Arc<Variables>,
    /// Longest time to the head of an answer.
    pub(crate) request_time: Duration,
    /// Whether components' lines are shown on the terminal.
    pub(crate) terminal: bool,
    pub(crate) interpose: Option<Arc<dyn Interpose>>,
}

impl App {
    /// Gives a program its surroundings.
    pub(crate) fn load(program: &Program, around: &Surroundings<'_>) -> anyhow::Result<Arc<Self>> {
        let Compiled { manifest, services } = &*program.0;
        let names: Vec<String> = manifest.component.keys().cloned().collect();
        let key_value = KeyValue::new(around.runtime.key_value.clone())?;

        let database = sqlite::File::new(around.runtime.database.clone());
        let mut parts = Vec::new();
        for ((name, component), service) in manifest.component.iter().zip(services.iter().cloned()) {
            let allowed = allow_list(&component.allowed_outbound_hosts, &around.variables, &names)
                .map_err(|error| anyhow::anyhow!("component.{name}.{error}"))?;
            let blueprint = Blueprint {
                name: name.clone(),
                environment: component.environment.clone(),
                variables: Arc::clone(&around.variables),
                databases: Arc::from(component.sqlite_databases.clone()),
                database: database.for_component(),
                stores: Arc::from(component.key_value_stores.clone()),
                key_value: key_value.clone(),
                clock: around.clock.clone(),
                logs: Logs::open(around.state_dir, name, around.terminal)?,
                interpose: around.interpose.clone(),
            };
            parts.push((blueprint, service, Arc::new(allowed)));
        }
        let router = Router::new(&manifest.trigger.http).map_err(anyhow::Error::msg)?;
        let stopping = watch::Sender::new(false);
        Ok(Arc::new_cyclic(|app| {
            let components = parts.into_iter().map(|(blueprint, service, allowed)| {
                let name = blueprint.name.clone();
                let outbound = Outbound {
                    component: Arc::from(name.as_str()),
                    allowed,
                    app: app.clone(),
                    gate: Gate::default(),
                };
                (
                    name,
                    ProxyHandler::new(Pool {
                        blueprint,
                        service,
                        outbound,
                        request_time: around.request_time,
                        stopping: stopping.subscribe(),
                    }),
                )
            });
            Self {
                name: manifest.application.name.clone(),
                version: manifest.application.version.clone(),
                router,
                components: components.collect(),
                address: around.address,
                stopping,
            }
        }))
    }

    /// Where the app listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the instances that wait, and says that those which end from now on do so because the host stops.
    pub(crate) fn stop(&self) {
        self.stopping.send_replace(true);
    }

    /// What `/.well-known/spin/info` says.
    pub(crate) fn info(&self) -> serde_json::Value {
        let mut info = serde_json::json!({ "name": self.name });
        if let (false, Some(fields)) = (self.version.is_empty(), info.as_object_mut()) {
            fields.insert("version".to_owned(), self.version.clone().into());
        }
        info
    }

    /// The public route that a path takes.
    pub(crate) fn route(&self, path: &str) -> Option<Match> {
        self.router.route(path)
    }

    /// Calls the component of a route. Without bounds of its own: see [`crate::front`].
    pub(crate) async fn call(
        &self,
        found: &Match,
        mut request: Request<WasiBody>,
        client: SocketAddr,
    ) -> wasmtime::Result<Response<WasiBody>> {
        let Some(component) = self.components.get(&found.component) else {
            return Err(Error::DestinationNotFound.into());
        };
        headers::announce(&mut request, found, client);
        component.handle((), request).await
    }

    /// A call from one component to another.
    pub(crate) async fn call_chained(
        &self,
        component: &str,
        mut request: Request<WasiBody>,
    ) -> Result<Response<WasiBody>, Error> {
        if !self.components.contains_key(component) {
            return Err(Error::DestinationNotFound);
        }
        request.headers_mut().remove(http::header::HOST);
        let found = Match::chained(component, request.uri().path());
        self.call(&found, request, IN_PROCESS).await.map_err(|error| {
            eprintln!("dunlin: a call to {component} failed: {error:?}");
            Error::InternalError(None)
        })
    }
}

fn allow_list(entries: &[String], variables: &Variables, components: &[String]) -> Result<AllowList, String> {
    let mut resolved = Vec::new();
    for entry in entries {
        let template = Template::parse(entry)?;
        let text = variables.resolve(&template).map_err(|error| error.to_string())?;
        // Only what a template left empty may be empty.
        if template.names().next().is_none() || !is_blank(&text) {
            resolved.push(text);
        }
    }
    AllowList::parse(&resolved, components)
}

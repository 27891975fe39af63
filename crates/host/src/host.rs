//! A running host: everything started in order, and stopped in order.
//!
//! What [`Host`] does is boxed. A plain `async fn` is compiled by the crate that awaits it, so each crate that starts a
//! host would compile the whole server again.

use crate::app::{App, IN_PROCESS, Program, Surroundings};
use crate::clock::Clock;
use crate::components::Components;
use crate::control::{self, Control};
use crate::front::Front;
use crate::inbound::Arrival;
use crate::interpose::Interpose;
use crate::limits::IN_PROCESS_BODY_BYTES;
use crate::manifest::Manifest;
use crate::places::Places;
use crate::runtime_config::RuntimeConfig;
use crate::schedule;
use crate::server;
use crate::state::StateDir;
use crate::variables::Variables;
use crate::verify;
use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures::future::BoxFuture;
use http::{Request, Response};
use http_body_util::{BodyExt, Full, Limited};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// The app variable that, where nothing sets it, becomes the address that the host listens on.
pub const PUBLIC_URL_VARIABLE: &str = "public_url";

/// Loading components that are in the cache takes a fraction of this.
const QUICK_LOAD: Duration = Duration::from_secs(1);

/// How a host is to run.
#[derive(Debug, Clone)]
pub struct Options {
    /// The manifest; components lie relative to its folder.
    pub manifest: PathBuf,
    /// Where databases, logs and the clock lie.
    pub state_dir: PathBuf,
    /// Where data lies, if not in the state folder.
    pub runtime_config: Option<PathBuf>,
    /// Where to listen; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The clock that components see.
    pub clock: Time,
    /// App variables that apply where the environment sets none.
    pub variables: BTreeMap<String, String>,
    /// Longest time from a request's arrival to the head of its answer.
    pub request_time: Duration,
    /// Whether each request is a line on the terminal.
    pub verbose: bool,
    /// Whether the jobs of the manifest run by themselves.
    pub schedules: bool,
    /// Whether components' lines are shown on the terminal.
    pub terminal: bool,
    /// The app, where it is compiled already; None: the manifest says what to compile.
    pub program: Option<Program>,
    /// Who has a say in every call that components make.
    pub interpose: Option<Arc<dyn Interpose>>,
}

/// Which clock components see.
#[derive(Debug, Clone)]
pub enum Time {
    /// The system's.
    Real,
    /// A virtual one that starts here, or where the state folder says that it stood.
    Kept(DateTime<Utc>),
    /// This one, which others may have as well.
    Given(Clock),
}

/// A host at work.
pub struct Host {
    app: Arc<App>,
    front: Arc<Front>,
    variables: Arc<Variables>,
    clock: Clock,
    url: String,
    stop: watch::Sender<bool>,
    server: JoinHandle<bool>,
    // In the order of dropping: the control file goes before the folder is free for the next host.
    control: Control,
    state: StateDir,
}

impl Host {
    /// Starts a host. When it returns, the app answers.
    ///
    /// # Errors
    /// Anything that keeps the app from answering, in words for the person who started it.
    pub fn start(options: Options) -> BoxFuture<'static, anyhow::Result<Self>> {
        Box::pin(Self::begin(options))
    }

    async fn begin(options: Options) -> anyhow::Result<Self> {
        let manifest = match &options.program {
            Some(program) => program.manifest().clone(),
            None => Manifest::load(&options.manifest)
                .with_context(|| format!("in {}", options.manifest.display()))?,
        };
        let root = options.manifest.parent().unwrap_or(Path::new("")).to_owned();
        let state = StateDir::take(&options.state_dir)?;
        let runtime = match &options.runtime_config {
            Some(file) => RuntimeConfig::load(file, state.path())?,
            None => RuntimeConfig::in_folder(state.path()),
        };
        verify::refuse_newer_ledger(&runtime.database)?;
        let listener = TcpListener::bind(options.listen).await.with_context(|| {
            format!(
                "cannot listen on {}; --listen takes another address",
                options.listen
            )
        })?;
        let address = listener.local_addr()?;
        let clock = match options.clock {
            Time::Kept(start) => Clock::frozen(state.path(), start)?,
            Time::Real => Clock::real(),
            Time::Given(clock) => clock,
        };
        let mut supplied = options.variables;
        supplied
            .entry(PUBLIC_URL_VARIABLE.to_owned())
            .or_insert_with(|| format!("http://{address}"));
        let variables =
            Arc::new(Variables::new(&manifest, environment(), &supplied).map_err(anyhow::Error::msg)?);

        let program = match options.program {
            Some(program) => program,
            None => {
                let cache_dir = cache_dir(&options.manifest, state.path())?;
                let manifest = manifest.clone();
                let compile =
                    tokio::task::spawn_blocking(move || Program::compile(manifest, &root, &cache_dir));
                patiently(compile).await??
            }
        };
        let around = Surroundings {
            state_dir: state.path(),
            runtime,
            address,
            clock: clock.clone(),
            variables: Arc::clone(&variables),
            request_time: options.request_time,
            terminal: options.terminal,
            interpose: options.interpose,
        };
        let app = App::load(&program, &around)?;
        let settings = &manifest.application.tool.dunlin;
        let front = Arc::new(Front::new(
            Arc::clone(&app),
            Places::new(settings),
            options.request_time,
            options.verbose,
            options.terminal,
        ));
        let (stop, mut stopped) = watch::channel(false);
        let server = tokio::spawn(server::serve(listener, Arc::clone(&front), async move {
            // An error means that the host is gone, which ends the server as well.
            drop(stopped.wait_for(|stop| *stop).await);
        }));
        let url = format!("http://{address}");
        let control = control::open(state.path(), address, &url, clock.clone()).await?;
        if options.schedules {
            schedule::start(
                &app,
                &settings.schedule,
                variables.app(schedule::KEY_VARIABLE),
                clock.is_virtual(),
            );
        }
        Ok(Self {
            app,
            front,
            variables,
            clock,
            url,
            stop,
            server,
            control,
            state,
        })
    }

    /// Where the app listens.
    pub fn address(&self) -> SocketAddr {
        self.app.address()
    }

    /// The same as a URL, without a trailing slash.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The clock that components see.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// An app variable, where it is declared and not empty.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.variables.app(name).filter(|value| !value.is_empty())
    }

    /// The state folder.
    pub fn state_dir(&self) -> &Path {
        self.state.path()
    }

    /// Sends a request to the app as a client would, within the process. A path is enough for its address.
    ///
    /// # Errors
    /// The answer breaks off or is larger than [`IN_PROCESS_BODY_BYTES`].
    pub fn request(&self, request: Request<Bytes>) -> BoxFuture<'_, anyhow::Result<Response<Bytes>>> {
        Box::pin(self.answer(request))
    }

    async fn answer(&self, mut request: Request<Bytes>) -> anyhow::Result<Response<Bytes>> {
        let host = self.address().to_string().parse()?;
        request.headers_mut().entry(http::header::HOST).or_insert(host);
        let request = request.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync());
        let response = self
            .front
            .answer_bounded(request, &Arrival::default(), IN_PROCESS)
            .await;
        let (head, body) = response.into_parts();
        let body = Limited::new(body, IN_PROCESS_BODY_BYTES)
            .collect()
            .await
            .map_err(anyhow::Error::msg)?;
        Ok(Response::from_parts(head, body.to_bytes()))
    }

    /// Stops listening and lets requests in flight finish. Says whether all did in time.
    pub fn stop(self) -> BoxFuture<'static, bool> {
        Box::pin(self.end())
    }

    async fn end(self) -> bool {
        self.stop.send_replace(true);
        let finished = self.server.await.unwrap_or(false);
        self.app.stop();
        drop(self.control);
        drop(self.state);
        finished
    }
}

/// Waits for the components, and says why when it takes longer than a start from the cache.
async fn patiently<T>(load: impl Future<Output = T>) -> T {
    let mut load = std::pin::pin!(load);
    tokio::select! {
        loaded = &mut load => return loaded,
        () = tokio::time::sleep(QUICK_LOAD) => {}
    }
    eprintln!("compiling the components for this machine; later starts take them from the cache");
    load.await
}

/// The process's environment, without what is not text.
fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
}

/// Compiled code goes beside the other things that can be built again, or else into the state folder.
pub(crate) fn cache_dir(manifest: &Path, state_dir: &Path) -> anyhow::Result<PathBuf> {
    let target = Components::of(manifest)?.target_dir();
    Ok(target.map_or_else(|| state_dir.join("cache"), |target| target.join("dunlin-cache")))
}

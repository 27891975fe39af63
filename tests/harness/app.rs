//! A running Dunlin with a state folder of its own, which ends with the test, however the test ends; or one that runs
//! elsewhere, at `DUNLIN_BASE_URL`.

use std::{
    env,
    fs::{self, File},
    io::{Read, Write},
    net::{SocketAddr, ToSocketAddrs},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        OnceLock,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::Value;
use tempfile::TempDir;

use super::{canary, http::Call};
use crate::openapi::untold;

/// The instant at which every app starts: a Monday morning.
pub(crate) const START: &str = "2026-01-12T09:00:00Z";

/// A start takes under two seconds; this is for a machine that does much else.
const START_LIMIT: Duration = Duration::from_secs(120);

/// How many lines of its log a failing app is quoted with.
const QUOTED_LINES: usize = 40;

/// Runs the app and ends it when standard input does: also when the test is killed, or panics while it holds the
/// app in a static.
pub(crate) const GUARD: &str = r#""$@" & read _; kill -TERM $! 2>/dev/null; wait $!"#;

/// The part of `control.json` that tests need.
#[derive(Deserialize)]
struct Running {
    address: SocketAddr,
    pid: u32,
}

/// The address of a deployment that the shared app is, instead of one that the tests start.
const BASE_URL: &str = "DUNLIN_BASE_URL";

/// Where the keys of that deployment are found: administrator, cron, sandbox.
const KEYS: [&str; 3] = ["DUNLIN_ADMIN_KEY", "DUNLIN_CRON_KEY", "DUNLIN_SANDBOX_SECRET"];

/// A running Dunlin.
pub(crate) struct App {
    state: TempDir,
    process: Option<Process>,
    base: String,
    clock: Clock,
    agent: ureq::Agent,
    /// Variables of the app beside the three secrets.
    variables: Vec<(String, String)>,
    /// What nobody may read, wherever they look.
    secrets: Vec<String>,
    /// The deployment's administrator key.
    pub(crate) admin_key: String,
    /// What cron authenticates with.
    pub(crate) cron_key: String,
    /// What the sandbox signs its webhooks with.
    pub(crate) sandbox_secret: String,
}

/// What time it is for an app.
enum Clock {
    /// It stands.
    Virtual,
    /// It was this at that moment.
    Real(DateTime<Utc>, Instant),
}

/// The process of an app that a test has started.
struct Process {
    guard: Child,
    pid: u32,
}

impl App {
    /// Starts an empty app on a virtual clock that stands at [`START`].
    pub(crate) fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with variables of the app set, such as `("creditor_name", "Sandpiper Tools")`; they stay set when
    /// it is started again.
    pub(crate) fn start_with(variables: &[(&str, &str)]) -> Self {
        let keys = [random_hex(), random_hex(), format!("whsec_{}", random_base64())];
        Self::with_keys(keys, variables)
    }

    /// Starts a deployment whose owner has set no secret at all.
    pub(crate) fn without_keys() -> Self {
        Self::with_keys([const { String::new() }; 3], &[])
    }

    fn with_keys(keys: [String; 3], variables: &[(&str, &str)]) -> Self {
        build_once();
        let state = tempfile::tempdir().expect("a temporary folder");
        let variables = variables
            .iter()
            .map(|(name, value)| {
                (
                    format!("SPIN_VARIABLE_{}", name.to_uppercase()),
                    (*value).to_owned(),
                )
            })
            .collect::<Vec<_>>();
        let (process, address) = launch(state.path(), &keys, &variables);
        let secrets = canary::of(&keys, &variables);
        let [admin_key, cron_key, sandbox_secret] = keys;
        Self {
            state,
            process: Some(process),
            base: format!("http://{address}"),
            clock: Clock::Virtual,
            agent: agent(),
            variables,
            secrets,
            admin_key,
            cron_key,
            sandbox_secret,
        }
    }

    /// The app that tests share which only add customers of their own.
    pub(crate) fn shared() -> &'static Self {
        static SHARED: OnceLock<App> = OnceLock::new();
        SHARED
            .get_or_init(|| env::var(BASE_URL).map_or_else(|_| Self::start(), |base| Self::elsewhere(&base)))
    }

    /// A deployment that somebody else runs, on a real clock.
    fn elsewhere(base: &str) -> Self {
        let base = base.trim_end_matches('/').to_owned();
        assert!(
            base.starts_with("http://"),
            "{BASE_URL}: the tests speak http only, not {base}"
        );
        let health = ureq::get(format!("{base}/health")).call();
        let health = health.unwrap_or_else(|error| panic!("{BASE_URL}: {base}/health: {error}"));
        let date = health.headers().get("date").and_then(|date| date.to_str().ok());
        let date = DateTime::parse_from_rfc2822(date.expect("a Date header")).expect("a date");
        let key = |name| env::var(name).unwrap_or_else(|_| panic!("{BASE_URL} is set, but {name} is not"));
        let keys = KEYS.map(key);
        let secrets = canary::of(&keys, &[]);
        let [admin_key, cron_key, sandbox_secret] = keys;
        Self {
            state: tempfile::tempdir().expect("a temporary folder"),
            process: None,
            base,
            clock: Clock::Real(date.to_utc(), Instant::now()),
            agent: agent(),
            variables: Vec::new(),
            secrets,
            admin_key,
            cron_key,
            sandbox_secret,
        }
    }

    /// What time it is for the shared app, to a second or two; for one of a test's own, when it started.
    pub(crate) fn now(&self) -> DateTime<Utc> {
        match self.clock {
            Clock::Virtual => START.parse().expect("an instant"),
            Clock::Real(then, since) => then + since.elapsed(),
        }
    }

    /// Stops it as a deployment does, and starts it again on the same state.
    pub(crate) fn restart(&mut self) {
        let status = self.stop();
        assert!(
            status.success(),
            "it did not stop cleanly: {status}\n{}",
            self.log()
        );
        self.launch_again();
    }

    /// Kills it as a power failure does, and starts it again on the same state.
    pub(crate) fn crash(&mut self) {
        self.kill();
        self.recover();
    }

    /// Kills it as a power failure does. Who talks to it meanwhile gets no answer.
    pub(crate) fn kill(&self) {
        let pid = self
            .process
            .as_ref()
            .expect("a process of our own")
            .pid
            .to_string();
        let killed = Command::new("kill").args(["-KILL", &pid]).status();
        assert!(killed.expect("kill").success());
    }

    /// Starts it again after [`App::kill`], on the same state.
    pub(crate) fn recover(&mut self) {
        self.stop();
        self.launch_again();
    }

    /// The id of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.as_ref().expect("a process of our own").pid
    }

    fn launch_again(&mut self) {
        let keys = [&self.admin_key, &self.cron_key, &self.sandbox_secret].map(Clone::clone);
        // What a killed host leaves would be taken for the new one's.
        fs::remove_file(self.state.path().join("control.json")).ok();
        let (process, address) = launch(self.state.path(), &keys, &self.variables);
        self.process = Some(process);
        self.base = format!("http://{address}");
    }

    fn stop(&mut self) -> ExitStatus {
        let mut guard = self.process.take().expect("a process of our own").guard;
        drop(guard.stdin.take());
        let status = guard.wait().expect("the app's guard");
        if !thread::panicking() {
            let found = canary::files_with(&self.secrets, self.state.path());
            assert!(found.is_empty(), "a secret of the app's stands in {found:?}");
            let untold = untold(&self.state_file("sqlite_db.db"));
            assert!(
                untold.is_empty(),
                "timelines say {untold:?}, which is not in the document"
            );
        }
        status
    }

    /// Moves the clock forward to an instant.
    pub(crate) fn clock(&self, to: &str) {
        let output = dunlin()
            .args(["clock", "--to", to, "--state-dir"])
            .arg(self.state.path())
            .output();
        let output = output.expect("dunlin clock");
        assert!(
            output.status.success(),
            "clock to {to}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }

    /// Runs a job as cron does.
    pub(crate) fn job(&self, name: &str) -> Value {
        self.post(&format!("/internal/{name}"))
            .key(&self.cron_key)
            .send(200)
            .json()
    }

    /// Stops it and answers the folder that it leaves behind.
    pub(crate) fn into_state(mut self) -> TempDir {
        self.stop();
        let empty = tempfile::tempdir().expect("a temporary folder");
        std::mem::replace(&mut self.state, empty)
    }

    /// The path of a file in the state folder; of the folder itself for an empty name.
    pub(crate) fn state_file(&self, name: &str) -> PathBuf {
        self.state.path().join(name)
    }

    /// `http://127.0.0.1:<port>`.
    pub(crate) fn url(&self) -> String {
        self.base.clone()
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        let address = self.base.trim_start_matches("http://");
        let with_port = format!("{address}:80");
        let found = address.to_socket_addrs().or_else(|_| with_port.to_socket_addrs());
        found.expect("a known host").next().expect("an address")
    }

    /// Leaves an event as a crash between its two commits does: stored `at`, and without effect.
    pub(crate) fn left_over(&self, source: &str, id: &str, at: &str, body: &str) {
        let at = at
            .parse::<DateTime<Utc>>()
            .expect("an instant")
            .timestamp_millis();
        let ledger = rusqlite::Connection::open(self.state_file("sqlite_db.db")).expect("the ledger");
        ledger
            .execute(
                "INSERT INTO inbound_events (source, event_id, received_at, body, status)
                VALUES (?, ?, ?, ?, 'received')",
                (source, id, at, body),
            )
            .expect("an event");
    }

    /// A GET with the administrator's key.
    pub(crate) fn get(&self, path: &str) -> Call<'_> {
        self.call("GET", path)
    }

    /// A POST with the administrator's key.
    pub(crate) fn post(&self, path: &str) -> Call<'_> {
        self.call("POST", path)
    }

    /// A PUT with the administrator's key.
    pub(crate) fn put(&self, path: &str) -> Call<'_> {
        self.call("PUT", path)
    }

    /// A DELETE with the administrator's key.
    pub(crate) fn delete(&self, path: &str) -> Call<'_> {
        self.call("DELETE", path)
    }

    /// Any request. A full URL of the app's own is taken as its path.
    pub(crate) fn call(&self, method: &str, path: &str) -> Call<'_> {
        let base = self.url();
        let path = path.strip_prefix(&base).unwrap_or(path);
        assert!(path.starts_with('/'), "{path} is not on {base}");
        let url = format!("{base}{path}");
        Call::new(&self.agent, method, url, self.log_path(), &self.secrets).key(&self.admin_key)
    }

    fn log_path(&self) -> PathBuf {
        self.state_file("test.log")
    }

    fn log(&self) -> String {
        tail(&self.log_path())
    }
}

impl Drop for App {
    fn drop(&mut self) {
        if thread::panicking() {
            eprintln!("--- the app's log ---\n{}", self.log());
        }
        if self.process.is_some() {
            self.stop();
        }
    }
}

/// Ends a test that needs what no deployment of somebody else's gives it, loudly, and counts it. Answers whether
/// there is such a deployment.
pub(crate) fn skipped(why: &str) -> bool {
    static COUNT: AtomicUsize = AtomicUsize::new(0);
    let elsewhere = env::var_os(BASE_URL).is_some();
    if elsewhere {
        let count = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
        say(&format!(
            "SKIPPED (number {count}): {}: {why}",
            thread::current().name().unwrap_or_default()
        ));
    }
    elsewhere
}

/// Says something that is seen although the test passes.
pub(crate) fn say(line: &str) {
    // Unlike `eprintln!`, which the test program keeps to itself unless the test fails.
    writeln!(std::io::stderr(), "{line}").expect("standard error");
}

/// `own!(App::start())`: an app of the test's own; where the tests run against a deployment of somebody else's, the
/// test ends here. `own!();` where the test makes it later, or several.
macro_rules! own {
    () => {
        if crate::harness::skipped("it needs an app of its own, with its clock and its data") {
            return;
        }
    };
    ($app:expr) => {{
        own!();
        $app
    }};
}
pub(crate) use own;

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(Duration::from_secs(60)))
        .build()
        .new_agent()
}

/// The last lines of a log.
pub(super) fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(QUOTED_LINES)..].join("\n")
}

/// The program, to be run from the repository's root.
pub(crate) fn dunlin() -> Command {
    let mut command = Command::new(exe());
    command.current_dir(root());
    command
}

/// Where the program lies.
pub(crate) fn exe() -> &'static str {
    env!("CARGO_BIN_EXE_dunlin")
}

fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// Builds the components, showing how it goes, before the first app would do it silently.
pub(crate) fn build_once() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let status = dunlin().arg("build").status().expect("dunlin build");
        assert!(status.success(), "dunlin build: {status}");
    });
}

fn launch(
    state: &Path,
    [admin, cron, sandbox]: &[String; 3],
    variables: &[(String, String)],
) -> (Process, SocketAddr) {
    let log = File::options()
        .create(true)
        .append(true)
        .open(state.join("test.log"))
        .expect("a log");
    let mut command = Command::new("sh");
    command
        .args(["-c", GUARD, "guard", exe(), "up", "--listen", "127.0.0.1:0"])
        .args(["--clock", START, "--state-dir"])
        .arg(state)
        .current_dir(root())
        .envs(variables.iter().map(|(name, value)| (name, value)))
        .env("SPIN_VARIABLE_ADMIN_KEY", admin)
        .env("SPIN_VARIABLE_CRON_KEY", cron)
        .env("SPIN_VARIABLE_SANDBOX_SECRET", sandbox)
        .stdin(Stdio::piped())
        .stdout(log.try_clone().expect("a log"))
        .stderr(log);
    let mut child = command.spawn().expect("sh");
    let started = Instant::now();
    loop {
        if let Some(running) = ready(state) {
            let process = Process {
                guard: child,
                pid: running.pid,
            };
            return (process, running.address);
        }
        let ended = child.try_wait().expect("the app's guard").is_some();
        if ended || started.elapsed() > START_LIMIT {
            panic!("dunlin did not start:\n{}", tail(&state.join("test.log")));
        }
        // The one place that waits by polling: the host announces itself by a file.
        thread::sleep(Duration::from_millis(10));
    }
}

fn ready(state: &Path) -> Option<Running> {
    let text = fs::read_to_string(state.join("control.json")).ok()?;
    let running: Running = serde_json::from_str(&text).ok()?;
    ureq::get(format!("http://{}/.well-known/spin/health", running.address))
        .call()
        .ok()?;
    Some(running)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    File::open("/dev/urandom")
        .and_then(|mut file| file.read_exact(&mut bytes))
        .expect("randomness");
    bytes
}

/// A seed for a test that is random.
pub(crate) fn random_seed() -> u64 {
    u64::from_le_bytes(random())
}

pub(super) fn random_hex() -> String {
    data_encoding::HEXLOWER.encode(&random::<16>())
}

fn random_base64() -> String {
    data_encoding::BASE64.encode(&random::<24>())
}

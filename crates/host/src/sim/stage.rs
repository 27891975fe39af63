//! The app on the simulator's stage: one or two hosts on one database, a clock that is moved by hand, and clients that
//! ask again until they are answered.

use super::faults::Faults;
use super::outside::{Outside, POSTMARK_URL, STRIPE_URL};
use super::plan::Plan;
use super::random::Random;
use crate::clock::{Clock, Move};
use crate::host::{Host, Options, Time};
use crate::{Program, interpose::Interpose};
use anyhow::Context;
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, header};
use serde_json::Value;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where customers are told that the app is.
pub(super) const PUBLIC_URL: &str = "https://pay.example";
const ADMIN_KEY: &str = "sim-admin-key";
const CRON_KEY: &str = "sim-cron-key";
/// What billing systems sign with (Standard Webhooks): base64 of `a secret of the simulator's own!`.
pub(super) const BILLING_SECRET: &[u8] = b"a secret of the simulator's own!";
/// What Stripe signs with.
pub(super) const STRIPE_SECRET: &str = "whsec_sim";
/// What the secrets of webhook endpoints are derived from.
const SIGNING_KEY: &str = "a signing key of the simulator's own, long enough";
/// What Postmark shows.
pub(super) const POSTMARK_AUTH: &str = "postmark:sim";
/// How often a client asks again. Faults hit a request three times at most.
const TRIES: u32 = 8;
/// The longest that a request takes, on a machine that is busy with other things. Nothing that goes well comes near it.
const PATIENCE: Duration = Duration::from_mins(2);

/// A request to be made.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// What it is about: the same at each try, and another for each request.
    pub(super) about: String,
    method: &'static str,
    path: String,
    headers: Vec<(&'static str, String)>,
    body: Bytes,
}

impl Asked {
    fn new(method: &'static str, path: impl Into<String>, key: &str) -> Self {
        let path = path.into();
        let headers = match key {
            "" => Vec::new(),
            key => vec![("authorization", format!("Bearer {key}"))],
        };
        Self {
            about: format!("{method} {path}"),
            method,
            path,
            headers,
            body: Bytes::new(),
        }
    }

    pub(super) fn get(path: impl Into<String>) -> Self {
        Self::new("GET", path, ADMIN_KEY)
    }

    pub(super) fn post(path: impl Into<String>, document: &Value) -> Self {
        Self::new("POST", path, ADMIN_KEY).body("application/json", document.to_string())
    }

    pub(super) fn put(path: impl Into<String>, document: &Value) -> Self {
        Self::new("PUT", path, ADMIN_KEY).body("application/json", document.to_string())
    }

    pub(super) fn xml(path: impl Into<String>, document: String) -> Self {
        Self::new("POST", path, ADMIN_KEY).body("application/xml", document)
    }

    pub(super) fn job(name: &str) -> Self {
        Self::new("POST", format!("/internal/{name}"), CRON_KEY)
    }

    /// By nobody in particular: a webhook, a customer.
    pub(super) fn anonymous(path: impl Into<String>, media_type: &str, body: String) -> Self {
        Self::new("POST", path, "").body(media_type, body)
    }

    fn body(mut self, media_type: &str, body: String) -> Self {
        self.headers.push(("content-type", media_type.to_owned()));
        self.body = Bytes::from(body);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Says what it is about, where its path does not.
    pub(super) fn about(mut self, about: impl Into<String>) -> Self {
        self.about = about.into();
        self
    }

    /// The same, once, however often it is sent.
    pub(super) fn once(self) -> Self {
        let key = self.about.clone();
        self.header("idempotency-key", key)
    }

    fn request(&self) -> anyhow::Result<Request<Bytes>> {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        Ok(request.body(self.body.clone())?)
    }
}

/// What came back.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: Bytes,
}

impl Answer {
    pub(super) fn is_good(&self) -> bool {
        (200..400).contains(&self.status)
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub(super) fn text(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        text.trim_end().chars().take(300).collect()
    }
}

/// The app, its hosts and its clock.
pub(super) struct Stage {
    seed: u64,
    manifest: PathBuf,
    program: Program,
    clock: Clock,
    pub(super) faults: Arc<Faults>,
    pub(super) outside: Arc<Outside>,
    hosts: Vec<Option<Host>>,
    home: tempfile::TempDir,
    pub(super) requests: u64,
    /// What requests met, since somebody looked last.
    pub(super) met: Vec<String>,
}

impl Stage {
    pub(super) async fn open(
        plan: &Plan,
        manifest: &Path,
        program: &Program,
        start: DateTime<Utc>,
    ) -> anyhow::Result<Self> {
        let troubled = plan.faults.per_mille() > 0;
        let outside = Arc::new(Outside::new(plan.seed, troubled));
        let faults = Arc::new(Faults::new(plan.seed, plan.faults, Arc::clone(&outside) as _));
        // In memory where the machine has a file system there: what a crash of the machine does to a disk is not
        // simulated, so nothing is gained by waiting for one.
        let memory = Path::new("/dev/shm");
        let home = match memory.is_dir() {
            true => tempfile::Builder::new()
                .prefix("dunlin-sim-")
                .tempdir_in(memory)?,
            false => tempfile::tempdir()?,
        };
        let two = troubled && Random::of(plan.seed, "hosts").chance(300);
        let mut stage = Self {
            seed: plan.seed,
            manifest: manifest.to_owned(),
            program: program.clone(),
            clock: Clock::loose(start),
            faults,
            outside,
            hosts: (0..1 + usize::from(two)).map(|_| None).collect(),
            home,
            requests: 0,
            met: Vec::new(),
        };
        stage.start().await?;
        Ok(stage)
    }

    pub(super) fn hosts(&self) -> usize {
        self.hosts.len()
    }

    async fn start(&mut self) -> anyhow::Result<()> {
        for at in 0..self.hosts.len() {
            let host = self.host(at).await?;
            if let Some(place) = self.hosts.get_mut(at) {
                *place = Some(host);
            }
        }
        Ok(())
    }

    async fn host(&self, at: usize) -> anyhow::Result<Host> {
        let home = self.home.path();
        let config = home.join("where.toml");
        let text = |name: &str| toml::Value::from(home.join(name).display().to_string());
        let tables = format!(
            "[sqlite_database.default]\ntype = \"spin\"\npath = {}\n[key_value_store.default]\ntype = \"spin\"\npath = {}\n",
            text("ledger.db"),
            text(&format!("keys-{at}.db"))
        );
        std::fs::write(&config, tables)?;
        Host::start(Options {
            manifest: self.manifest.clone(),
            state_dir: home.join(format!("host-{at}")),
            runtime_config: Some(config),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            clock: Time::Given(self.clock.clone()),
            variables: variables(),
            request_time: PATIENCE,
            verbose: false,
            schedules: false,
            terminal: false,
            program: Some(self.program.clone()),
            interpose: Some(Arc::clone(&self.faults) as Arc<dyn Interpose>),
        })
        .await
    }

    /// All hosts end at once and are started again.
    pub(super) async fn kill(&mut self) -> anyhow::Result<()> {
        self.close().await;
        self.start().await
    }

    /// All hosts end.
    pub(super) async fn close(&mut self) {
        for host in &mut self.hosts {
            if let Some(host) = host.take() {
                host.stop().await;
            }
        }
    }

    pub(super) fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Moves the clock, back as well.
    pub(super) fn go_to(&self, to: DateTime<Utc>) -> anyhow::Result<()> {
        self.clock.advance(Move::To(to))?;
        self.outside.inside().now = to;
        Ok(())
    }

    /// The next step of the run begins.
    pub(super) fn step(&self) -> u64 {
        let mut inside = self.outside.inside();
        inside.step += 1;
        inside.step
    }

    /// Asks until there is an answer that is not the app's own trouble.
    pub(super) async fn ask(&mut self, asked: &Asked) -> anyhow::Result<Answer> {
        let mut tries = 0;
        let mut met = self.met.len();
        loop {
            let answer = self.attempt(asked, tries).await?;
            tries += 1;
            let busy = answer.status == 409 && answer.json()["code"] == "idempotency_in_progress";
            // A host that says that a variable is not set is believed by the app; its operator sees to it.
            let unset = answer.status == 401 && self.met.len() > met;
            met = self.met.len();
            if (answer.status < 500 && !busy && !unset) || tries >= TRIES {
                return Ok(answer);
            }
        }
    }

    async fn attempt(&mut self, asked: &Asked, tries: u32) -> anyhow::Result<Answer> {
        self.requests += 1;
        let hosts = self.hosts.len() as u64;
        let at = Random::of(self.seed, &format!("host {} {tries}", asked.about)).below(hosts);
        let host = usize::try_from(at)
            .ok()
            .and_then(|at| self.hosts.get(at))
            .and_then(Option::as_ref);
        let host = host.context("there is no host")?;
        self.faults.begin(&asked.about, tries);
        let answered = host.request(asked.request()?).await;
        if let Some(hit) = self.faults.end() {
            self.met
                .push(format!("{} (try {}): {hit}", asked.about, tries + 1));
        }
        Ok(match answered {
            Ok(answer) => {
                let location = answer.headers().get(header::LOCATION);
                Answer {
                    status: answer.status().as_u16(),
                    location: location.and_then(|value| value.to_str().ok()).map(str::to_owned),
                    body: answer.into_body(),
                }
            }
            // The answer broke off.
            Err(error) => Answer {
                status: 599,
                location: None,
                body: Bytes::from(error.to_string()),
            },
        })
    }
}

fn variables() -> BTreeMap<String, String> {
    let secret = format!("whsec_{}", data_encoding::BASE64.encode(BILLING_SECRET));
    [
        ("admin_key", ADMIN_KEY),
        ("cron_key", CRON_KEY),
        ("public_url", PUBLIC_URL),
        ("creditor_name", "Sandpiper Tools"),
        ("creditor_email", "billing@sandpiper.example"),
        ("sender_email", "billing@sandpiper.example"),
        ("email_providers", "postmark"),
        ("postmark_server_token", "sim"),
        ("postmark_url", POSTMARK_URL),
        ("postmark_webhook_auth", POSTMARK_AUTH),
        ("stripe_secret_key", "sk_test_sim"),
        ("stripe_url", STRIPE_URL),
        ("stripe_webhook_secrets", STRIPE_SECRET),
        ("billing_webhook_secrets", &secret),
        ("webhook_signing_keys", SIGNING_KEY),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .collect()
}

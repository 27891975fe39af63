//! The whole app in this process, on files, a clock and an outside world of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use dunlin_host::clock::{Clock, Move};
use dunlin_host::interpose::Interpose;
use dunlin_host::{Host, Options, Program, Time};
use http::{Request, Response};
use serde_json::Value;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};

use super::outside::{Book, Outside};
use super::points::Points;

const ADMIN_KEY: &str = "an administrator's key, for this test only";
const CRON_KEY: &str = "a key of cron's, for this test only";
/// What the payment provider signs with.
pub(super) const STRIPE_SECRET: &str = "whsec_sandpiper";
/// What the billing system signs with.
pub(super) const BILLING_SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
/// Where customers reach the app.
pub(super) const PUBLIC_URL: &str = "https://pay.sandpiper.example";

/// Nobody is cut off for time: a run takes milliseconds.
const REQUEST_TIME: Duration = Duration::from_secs(60);
/// Connections of instances that ended are closed within this.
const END_TIME: Duration = Duration::from_secs(10);
/// The same request, asked until it is answered as it should be.
const TRIES: usize = 5;
/// All of cron, in its order.
const JOBS: [&str; 9] = [
    "inbound",
    "payments",
    "replies",
    "match",
    "sweep",
    "statements",
    "deliver",
    "relay",
    "risk",
];
/// When cron runs after the workflow, from its moment on: leases run out, what was put off comes up.
const LATER: [TimeDelta; 5] = [
    TimeDelta::minutes(3),
    TimeDelta::minutes(10),
    TimeDelta::hours(1),
    TimeDelta::hours(3),
    TimeDelta::hours(26),
];
/// Files of the state folder that are its data.
const DATA: &str = "sqlite_";

/// What a preparation found out and its workflow uses.
pub(super) type Notes = BTreeMap<&'static str, String>;

/// A request as it is repeated.
#[derive(Debug, Clone)]
pub(super) struct Ask {
    method: &'static str,
    path: String,
    key: Option<&'static str>,
    headers: Vec<(&'static str, String)>,
    body: String,
}

impl Ask {
    pub(super) fn post(path: impl Into<String>, media_type: &str, body: impl Into<String>) -> Self {
        Self {
            method: "POST",
            path: path.into(),
            key: Some(ADMIN_KEY),
            headers: vec![("content-type", media_type.to_owned())],
            body: body.into(),
        }
    }

    pub(super) fn json(path: impl Into<String>, body: &Value) -> Self {
        Self::post(path, "application/json", body.to_string())
    }

    pub(super) fn put(path: impl Into<String>, body: &Value) -> Self {
        let method = "PUT";
        Self {
            method,
            ..Self::json(path, body)
        }
    }

    pub(super) fn get(path: impl Into<String>) -> Self {
        let method = "GET";
        Self {
            method,
            ..Self::post(path, "text/plain", "")
        }
    }

    pub(super) fn job(name: &str) -> Self {
        Self {
            key: Some(CRON_KEY),
            ..Self::get(format!("/internal/{name}"))
        }
    }

    pub(super) fn anonymous(mut self) -> Self {
        self.key = None;
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    fn request(&self) -> Request<Bytes> {
        let mut request = Request::builder().method(self.method).uri(&self.path);
        if let Some(key) = self.key {
            request = request.header("authorization", format!("Bearer {key}"));
        }
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        request.body(self.body.clone().into()).expect("a request")
    }
}

/// A state to begin from.
pub(super) struct Prepared {
    folder: TempDir,
    book: Book,
    now: DateTime<Utc>,
    pub(super) notes: Notes,
}

/// A running app.
pub(super) struct Ground {
    // Dropped in this order.
    host: Host,
    runtime: Runtime,
    clock: Clock,
    pub(super) points: Arc<Points>,
    pub(super) outside: Arc<Outside>,
    folder: TempDir,
}

impl Ground {
    /// An empty one.
    pub(super) fn new(program: &Program, variables: &[(&str, &str)], now: DateTime<Utc>) -> Self {
        Self::on(program, variables, folder(), Book::default(), now)
    }

    /// One on a copy of what was prepared.
    pub(super) fn of(program: &Program, variables: &[(&str, &str)], from: &Prepared) -> Self {
        let copy = folder();
        for file in std::fs::read_dir(from.folder.path()).expect("the state") {
            let file = file.expect("a file");
            if file.file_name().to_string_lossy().starts_with(DATA) {
                std::fs::copy(file.path(), copy.path().join(file.file_name())).expect("a copy");
            }
        }
        Self::on(program, variables, copy, from.book.clone(), from.now)
    }

    fn on(
        program: &Program,
        variables: &[(&str, &str)],
        folder: TempDir,
        book: Book,
        now: DateTime<Utc>,
    ) -> Self {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let (clock, outside) = (Clock::loose(now), Arc::new(Outside::new(book)));
        let points = Arc::new(Points::new(Arc::clone(&outside)));
        let always = [
            ("admin_key", ADMIN_KEY),
            ("cron_key", CRON_KEY),
            ("public_url", PUBLIC_URL),
            ("billing_webhook_secrets", BILLING_SECRET),
            ("stripe_secret_key", "sk_test_sandpiper"),
            ("stripe_webhook_secrets", STRIPE_SECRET),
            ("postmark_server_token", "a token"),
            (
                "webhook_signing_keys",
                "a-signing-key-of-thirty-two-bytes-at-least",
            ),
            ("webhook_hosts", "https://hooks.example"),
            ("webhook_channel_url", "https://fax.example/in"),
            ("webhook_channel_host", "https://fax.example"),
            (
                "webhook_channel_secrets",
                "whsec_dGhlIG5leHQgc2VjcmV0IG9mIG91cnM=",
            ),
        ];
        let options = Options {
            manifest: "spin.toml".into(),
            state_dir: folder.path().to_owned(),
            runtime_config: None,
            listen: ([127, 0, 0, 1], 0).into(),
            clock: Time::Given(clock.clone()),
            variables: always
                .iter()
                .chain(variables)
                .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
                .collect(),
            request_time: REQUEST_TIME,
            verbose: false,
            schedules: false,
            terminal: false,
            program: Some(program.clone()),
            interpose: Some(Arc::clone(&points) as Arc<dyn Interpose>),
        };
        let host = runtime.block_on(Host::start(options)).expect("a host");
        Self {
            host,
            runtime,
            clock,
            points,
            outside,
            folder,
        }
    }

    /// Asks once.
    pub(super) fn ask(&self, ask: &Ask) -> Response<Bytes> {
        let answer = self.runtime.block_on(self.host.request(ask.request()));
        answer.expect("an answer, whatever it says")
    }

    /// Asks as a caller does who wants it done: the very same, until it is.
    pub(super) fn insist(&self, ask: &Ask) -> Result<Response<Bytes>, String> {
        let mut said = String::new();
        for _ in 0..TRIES {
            let answer = self.ask(ask);
            if answer.status().is_success() || answer.status().is_redirection() {
                return Ok(answer);
            }
            said = format!(
                "{} {}: {} {}",
                ask.method,
                ask.path,
                answer.status(),
                String::from_utf8_lossy(answer.body())
            );
        }
        Err(said)
    }

    /// Asks for JSON, in a preparation.
    #[track_caller]
    pub(super) fn json(&self, ask: &Ask) -> Value {
        let answer = self.insist(ask).expect("done");
        serde_json::from_slice(answer.body()).expect("JSON")
    }

    pub(super) fn clock_to(&self, at: &str) {
        let at = at.parse().expect("an instant");
        self.clock.advance(Move::To(at)).expect("a virtual clock");
    }

    /// Lets cron run until nothing is left to be done.
    pub(super) fn settle(&self) -> Result<(), String> {
        let start = self.clock.now();
        for later in std::iter::once(TimeDelta::zero()).chain(LATER) {
            self.clock
                .advance(Move::To(start + later))
                .expect("a virtual clock");
            for job in JOBS {
                self.insist(&Ask::job(job))?;
            }
        }
        Ok(())
    }

    /// Whether every balance is the sum of its postings.
    pub(super) fn holds(&self) -> Result<(), String> {
        let proof = self.insist(&Ask::get("/v1/reports/integrity"))?;
        let proof: Value = serde_json::from_slice(proof.body()).expect("JSON");
        if proof["holds"] == true {
            Ok(())
        } else {
            Err(format!("the ledger does not add up: {proof}"))
        }
    }

    /// Ends it, and leaves what it is to begin from again.
    pub(super) fn prepared(self, notes: Notes) -> Prepared {
        let (now, book) = (self.clock.now(), self.outside.book());
        Prepared {
            folder: self.end(),
            book,
            now,
            notes,
        }
    }

    /// Ends it and answers its folder.
    pub(super) fn end(self) -> TempDir {
        self.runtime.block_on(self.host.stop());
        self.runtime.shutdown_timeout(END_TIME);
        self.folder
    }
}

/// The ledger in a folder.
pub(super) fn ledger(folder: &TempDir) -> std::path::PathBuf {
    folder.path().join("sqlite_db.db")
}

/// In memory where there is such a place: thousands of copies are made.
fn folder() -> TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() {
        tempfile::tempdir_in(memory)
    } else {
        tempfile::tempdir()
    };
    made.expect("a temporary folder")
}

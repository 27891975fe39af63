//! Clients of the load: as little work a request as can be, since they share the machine with what they measure.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{RwLock, RwLockReadGuard};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::harness::App;

/// A request that can be sent again.
pub(super) struct Ask {
    pub(super) method: &'static str,
    pub(super) path: String,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: String,
}

impl Ask {
    pub(super) fn get(path: impl Into<String>) -> Self {
        Self {
            method: "GET",
            path: path.into(),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    pub(super) fn post(path: impl Into<String>, media_type: &str, body: impl Into<String>) -> Self {
        Self {
            method: "POST",
            body: body.into(),
            ..Self::get(path)
        }
        .with("content-type", media_type)
    }

    pub(super) fn json(path: &str, body: &Value) -> Self {
        Self::post(path, "application/json", body.to_string())
    }

    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn key(self, key: &str) -> Self {
        self.with("authorization", format!("Bearer {key}"))
    }
}

/// What came back.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) location: Option<String>,
    pub(super) body: String,
}

impl Answer {
    #[track_caller]
    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

/// What is counted of one phase.
#[derive(Default)]
pub(super) struct Tally {
    /// Times of the answers by kind, and of refusals.
    answered: Mutex<BTreeMap<&'static str, Vec<Duration>>>,
    refused: Mutex<Vec<Duration>>,
    /// Requests that a kill cut off.
    pub(super) cut_off: AtomicU64,
}

impl Tally {
    pub(super) fn answers(&self) -> usize {
        self.answered.lock().expect("times").values().map(Vec::len).sum()
    }

    pub(super) fn refusals(&self) -> usize {
        self.refused.lock().expect("times").len()
    }

    /// In words, for people: the figures are the machine's.
    pub(super) fn told(&self, seconds: f64) -> String {
        let by_kind = self.answered.lock().expect("times");
        let mut all: Vec<Duration> = by_kind.values().flatten().copied().collect();
        let mut refused = self.refused.lock().expect("times").clone();
        let kinds: Vec<String> = by_kind
            .iter()
            .map(|(kind, times)| {
                format!(
                    "{kind} {} p99 {:.0} ms",
                    times.len(),
                    percentile(&mut times.clone(), 99)
                )
            })
            .collect();
        format!(
            "{:.0} answers/s, p50 {:.0} ms, p99 {:.0} ms; {} refused, p50 {:.1} ms, p99 {:.1} ms; {} cut off ({})",
            all.len() as f64 / seconds,
            percentile(&mut all, 50),
            percentile(&mut all, 99),
            refused.len(),
            percentile(&mut refused, 50),
            percentile(&mut refused, 99),
            self.cut_off.load(Ordering::Relaxed),
            kinds.join(", ")
        )
    }
}

/// Milliseconds within which so many of a hundred came.
fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    let at = times.len() * percent / 100;
    times
        .get(at.min(times.len().saturating_sub(1)))
        .map_or(0.0, |time| time.as_secs_f64() * 1e3)
}

/// The app and who asks it.
pub(super) struct Server {
    /// Read by requests, so that it cannot be started again under them.
    app: RwLock<App>,
    agent: ureq::Agent,
    kills: AtomicU64,
}

impl Server {
    pub(super) fn new(app: App, clients: usize) -> Self {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .max_idle_connections(clients)
            .max_idle_connections_per_host(clients)
            .timeout_global(Some(Duration::from_secs(90)))
            .build()
            .new_agent();
        Self {
            app: RwLock::new(app),
            agent,
            kills: AtomicU64::new(0),
        }
    }

    pub(super) fn app(&self) -> RwLockReadGuard<'_, App> {
        self.app.read().expect("no client has panicked")
    }

    pub(super) fn into_app(self) -> App {
        self.app.into_inner().expect("no client has panicked")
    }

    /// Kills it and starts it again.
    pub(super) fn crash(&self) {
        self.kills.fetch_add(1, Ordering::SeqCst);
        self.app().kill();
        self.app.write().expect("no client has panicked").recover();
    }

    /// Asks until it is known whether it was done: None means that it was refused, and not done.
    pub(super) fn ask(&self, tally: &Tally, kind: &'static str, ask: &Ask) -> Option<Answer> {
        let mut may_be_done = false;
        loop {
            let app = self.app();
            let before = self.kills.load(Ordering::SeqCst);
            let started = Instant::now();
            let outcome = self.send(&app.url(), ask);
            let took = started.elapsed();
            drop(app);
            match outcome {
                Ok(answer) if answer.status == 503 => {
                    tally.refused.lock().expect("times").push(took);
                    // What was cut off before may have been done: the answer to it is still owed.
                    if !may_be_done {
                        return None;
                    }
                    thread::sleep(Duration::from_millis(100));
                }
                // The same, cut off before, is still at work: a killed client's request may outlive it.
                Ok(answer) if answer.status == 409 && answer.body.contains("idempotency_in_progress") => {
                    thread::sleep(Duration::from_millis(100));
                }
                Ok(answer) => {
                    assert!(answer.status < 500, "{kind}: {} {}", answer.status, answer.body);
                    let mut answered = tally.answered.lock().expect("times");
                    answered.entry(kind).or_default().push(took);
                    return Some(answer);
                }
                Err(error) => {
                    let after = self.kills.load(Ordering::SeqCst);
                    assert!(
                        after > 0,
                        "{kind}: no answer, although nothing was killed: {error}"
                    );
                    if before < after {
                        tally.cut_off.fetch_add(1, Ordering::Relaxed);
                    }
                    may_be_done = true;
                    thread::yield_now();
                }
            }
        }
    }

    /// The same, and again after a refusal.
    pub(super) fn insist(&self, tally: &Tally, kind: &'static str, ask: &Ask) -> Answer {
        loop {
            match self.ask(tally, kind, ask) {
                Some(answer) => return answer,
                None => thread::sleep(Duration::from_millis(200)),
            }
        }
    }

    fn send(&self, base: &str, ask: &Ask) -> Result<Answer, ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(ask.method)
            .uri(format!("{base}{}", ask.path));
        for (name, value) in &ask.headers {
            request = request.header(*name, value);
        }
        let mut response = match ask.method {
            "GET" => self.agent.run(request.body(())?)?,
            _ => self.agent.run(request.body(&ask.body)?)?,
        };
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().expect("text").to_owned())
        };
        let (location, retry_after) = (header("location"), header("retry-after"));
        let media_type = header("content-type").unwrap_or_default();
        let status = response.status().as_u16();
        let body = response.body_mut().read_to_string()?;
        if status == 503 {
            assert!(
                retry_after.is_some_and(|after| after.parse::<u32>().is_ok()),
                "{body}"
            );
            assert_eq!(media_type, "application/problem+json", "{body}");
            assert!(body.contains(r#""code":"busy""#), "{body}");
        }
        Ok(Answer {
            status,
            location,
            body,
        })
    }
}

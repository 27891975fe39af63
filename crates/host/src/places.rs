//! Who is let in: how many requests are answered at once, in lanes that do not take each other's places.
//!
//! A host that takes in more than it can do makes everybody wait, then everybody's client gives up, and what was done
//! was done for nobody. So there are places. A few are always there; more only while answers come in time: when recent
//! ones have taken longer than [`PATIENCE`], whoever comes is told at once to come again, until it has become better.
//! That follows the machine and the work by itself; [`CONCURRENT_CHANGES`] and [`CONCURRENT_READS`] bound memory.
//!
//! What only reads and what changes something do not share a lane: changes wait for one another at the database's one write
//! lock, and reads do not. Together, the quick answers of the ones would hide how long the others wait, and a flood of
//! webhooks would shut those out who look at a page.
//!
//! People who pay have a lane of their own: machines come again when they are told to, people do not.
//!
//! Jobs, which a cron calls, have a lane of their own: no crowd of visitors keeps reminders from leaving, and jobs that
//! hang on a slow provider keep no visitor out. A job takes long and means to, so its lane does not look at time.

use crate::inbound::Arrival;
use crate::limits::{
    CONCURRENT_CHANGES, CONCURRENT_JOBS, CONCURRENT_PAYERS, CONCURRENT_READS, FEW_REQUESTS, PATIENCE,
};
use crate::manifest::Settings;
use http::Method;
use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, Instant};

/// One of so many answers counts as much as the mean of all before it.
const MEMORY: u32 = 16;

/// The lanes.
#[derive(Debug)]
pub(crate) struct Places {
    /// Paths of the jobs.
    jobs: BTreeSet<String>,
    /// What the paths begin with that people open to pay.
    payers: Vec<String>,
    job_lane: Lane,
    payer_lane: Lane,
    read_lane: Lane,
    change_lane: Lane,
}

impl Places {
    /// Lanes for an app with these settings.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            jobs: settings.schedule.iter().map(|job| job.path.clone()).collect(),
            payers: settings.payers.clone(),
            job_lane: Lane::new(CONCURRENT_JOBS, CONCURRENT_JOBS),
            payer_lane: Lane::new(FEW_REQUESTS, CONCURRENT_PAYERS),
            read_lane: Lane::new(FEW_REQUESTS, CONCURRENT_READS),
            change_lane: Lane::new(FEW_REQUESTS, CONCURRENT_CHANGES),
        }
    }

    /// A place for a request of this method to this path, until it is dropped; None: too much is going on. How slowly its
    /// client sends says nothing about how busy we are, and does not count.
    pub(crate) fn take(&self, method: &Method, path: &str, arrival: &Arrival) -> Option<Place<'_>> {
        let pays = || self.payers.iter().any(|begin| path.starts_with(begin));
        let lane = match method.is_safe() {
            _ if self.jobs.contains(path) => &self.job_lane,
            _ if pays() => &self.payer_lane,
            true => &self.read_lane,
            false => &self.change_lane,
        };
        lane.enter().then(|| Place {
            lane,
            since: Instant::now(),
            arrival: arrival.clone(),
        })
    }
}

#[derive(Debug)]
struct Lane {
    /// Places that are always there.
    few: usize,
    most: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// What answers have taken lately, the last ones counting most.
    mean: Duration,
}

impl Lane {
    fn new(few: usize, most: usize) -> Self {
        Self {
            few,
            most,
            state: Mutex::default(),
        }
    }

    fn enter(&self) -> bool {
        let mut state = self.state();
        let open = state.taken < self.few || (state.taken < self.most && state.mean <= PATIENCE);
        if open {
            state.taken = state.taken.saturating_add(1);
        }
        open
    }

    /// After as long as the answer has taken, where that is known.
    fn leave(&self, after: Option<Duration>) {
        let mut state = self.state();
        state.taken = state.taken.saturating_sub(1);
        if let Some(after) = after {
            let before = state.mean.saturating_mul(MEMORY.saturating_sub(1));
            state.mean = before.saturating_add(after) / MEMORY;
        }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place that is taken.
#[derive(Debug)]
pub(crate) struct Place<'lane> {
    lane: &'lane Lane,
    since: Instant,
    arrival: Arrival,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.lane.leave(self.arrival.answered_within(self.since));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOB: &str = "/internal/sweep";

    fn places() -> Places {
        let settings = format!(
            r#"{{"payers": ["/pay/"], "schedule": [{{"name": "", "cron": "", "component": "", "path": "{JOB}"}}]}}"#
        );
        Places::new(&serde_json::from_str(&settings).unwrap())
    }

    fn answers(lane: &Lane, count: usize, each: Duration) {
        for _ in 0..count {
            assert!(lane.enter());
            lane.leave(Some(each));
        }
    }

    #[test]
    fn a_crowd_in_one_lane_leaves_the_others_open() {
        let places = places();
        let lanes = [
            (Method::POST, "/webhooks/billing", CONCURRENT_CHANGES),
            (Method::GET, "/v1/invoices", CONCURRENT_READS),
            (Method::POST, "/pay/x/checkout", CONCURRENT_PAYERS),
            (Method::POST, JOB, CONCURRENT_JOBS),
        ];
        for (method, path, most) in &lanes {
            let crowd: Vec<_> =
                std::iter::from_fn(|| places.take(method, path, &Arrival::default())).collect();
            assert_eq!(crowd.len(), *most, "{path}");
            for (method, other, _) in &lanes {
                assert_eq!(
                    places.take(method, other, &Arrival::default()).is_none(),
                    other == path,
                    "{other}"
                );
            }
        }
        let jobs: Vec<_> =
            std::iter::from_fn(|| places.take(&Method::POST, JOB, &Arrival::default())).collect();
        assert_eq!(jobs.len(), CONCURRENT_JOBS);
        assert!(
            places.take(&Method::GET, JOB, &Arrival::default()).is_none(),
            "a job is one however it is called"
        );
    }

    #[test]
    fn where_answers_take_too_long_only_few_are_let_in_until_they_do_not() {
        let lane = Lane::new(FEW_REQUESTS, CONCURRENT_CHANGES);
        answers(&lane, 100, PATIENCE / 2);
        assert!((0..FEW_REQUESTS + 1).all(|_| lane.enter()), "all is well");
        for _ in 0..FEW_REQUESTS + 1 {
            lane.leave(Some(PATIENCE * 3));
        }
        assert!((0..FEW_REQUESTS).all(|_| lane.enter()), "a few always");
        assert!(!lane.enter(), "no more than a few");
        for _ in 0..FEW_REQUESTS {
            lane.leave(Some(PATIENCE / 10));
        }
        assert!((0..FEW_REQUESTS + 1).all(|_| lane.enter()), "all is well again");
    }
}

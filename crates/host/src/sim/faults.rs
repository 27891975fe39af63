//! What goes wrong inside the host, by seed: at some call of some request the instance ends, before or after the call,
//! or the call answers with one of its interface's errors.
//!
//! Whether a request is hit, and at which of its calls, follows from the seed, from what the request is about and from
//! how often it was tried: leaving one event out of a run leaves the faults of all others where they were.

use super::random::Random;
use crate::interpose::{Call, Failure, Interpose, Kind, Then, World};
use clap::ValueEnum;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// How much goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Level {
    /// Nothing.
    None,
    /// As on a bad machine.
    Some,
    /// As on no machine.
    Many,
}

impl Level {
    /// Of a thousand requests, how many meet a fault.
    pub(super) const fn per_mille(self) -> u64 {
        match self {
            Self::None => 0,
            Self::Some => 20,
            Self::Many => 120,
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Some => "some",
            Self::Many => "many",
        })
    }
}

/// How often a request is hit at most: whoever asks again is answered in the end.
const HITS: u32 = 3;

/// The calls among which a fault is placed. Most requests make fewer than this; what is placed beyond hits nothing.
const REACH: u64 = 60;

/// The faults of a run.
#[derive(Debug)]
pub(super) struct Faults {
    seed: u64,
    level: Level,
    outside: Arc<dyn World>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What the request at hand will meet.
    armed: Option<Armed>,
    /// Its calls so far.
    calls: u64,
    /// What it met.
    hit: Option<String>,
    /// Instances made, of each component.
    instances: BTreeMap<String, u64>,
    /// Faults that were met, by what they were.
    met: BTreeMap<String, u64>,
    /// All calls of the run.
    all: u64,
    calm: bool,
}

#[derive(Debug, Clone, Copy)]
struct Armed {
    at: u64,
    how: How,
    draw: u64,
}

#[derive(Debug, Clone, Copy)]
enum How {
    TrapBefore,
    TrapAfter,
    Fail,
    Locked,
    Full,
}

impl Faults {
    pub(super) fn new(seed: u64, level: Level, outside: Arc<dyn World>) -> Self {
        Self {
            seed,
            level,
            outside,
            state: Mutex::default(),
        }
    }

    /// A request begins: what it is about, and how often it was sent before.
    pub(super) fn begin(&self, about: &str, tries: u32) {
        let mut draw = Random::of(self.seed, &format!("fault {about} {tries}"));
        let armed = (tries < HITS && draw.chance(self.level.per_mille())).then(|| Armed {
            at: draw.below(REACH),
            how: draw.weighed(
                &[
                    (3, How::TrapBefore),
                    (3, How::TrapAfter),
                    (3, How::Fail),
                    (1, How::Locked),
                    (1, How::Full),
                ],
                How::Fail,
            ),
            draw: draw.next(),
        });
        let mut state = self.state();
        state.armed = armed.filter(|_| !state.calm);
        state.calls = 0;
        state.hit = None;
    }

    /// The request is answered: what it met.
    pub(super) fn end(&self) -> Option<String> {
        let mut state = self.state();
        state.armed = None;
        state.hit.take()
    }

    /// A fault of another kind.
    pub(super) fn count(&self, what: &str) {
        *self.state().met.entry(what.to_owned()).or_default() += 1;
    }

    /// From now on nothing goes wrong.
    pub(super) fn calm(&self) {
        self.state().calm = true;
    }

    /// All faults that were met.
    pub(super) fn met(&self) -> BTreeMap<String, u64> {
        self.state().met.clone()
    }

    /// All calls that components made.
    pub(super) fn all(&self) -> u64 {
        self.state().all
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn meet(&mut self, what: &str, call: &Call<'_>, then: Then) -> Then {
        self.armed = None;
        *self.met.entry(what.to_owned()).or_default() += 1;
        let detail: String = call.detail.split_whitespace().collect::<Vec<_>>().join(" ");
        let detail: String = detail.chars().take(70).collect();
        self.hit = Some(format!(
            "{what} at call {} of {}: {:?} {}",
            self.calls, call.component, call.kind, detail
        ));
        then
    }
}

impl Interpose for Faults {
    fn before(&self, call: &Call<'_>) -> Then {
        let mut state = self.state();
        state.all += 1;
        state.calls += 1;
        let Some(armed) = state.armed.filter(|armed| armed.at < state.calls) else {
            return Then::Go;
        };
        let failures = match call.kind {
            // The statement has been made by now: SQLite says `locked` or `full` only of what it has not done, so what
            // is left to be told is that nobody knows.
            Kind::SqliteEnd => &[Failure::SqliteIo],
            kind => Failure::of(kind),
        };
        let sqlite = call.kind == Kind::SqliteExecute;
        match armed.how {
            How::TrapBefore => state.meet("trap before a call", call, Then::Trap),
            How::Locked if sqlite => state.meet("database locked", call, Then::Fail(Failure::SqliteLocked)),
            How::Full if sqlite => state.meet("disk full", call, Then::Fail(Failure::SqliteFull)),
            How::Fail if !failures.is_empty() => {
                let at = armed.draw.checked_rem(failures.len() as u64).unwrap_or_default();
                let failure = usize::try_from(at).ok().and_then(|at| failures.get(at)).copied();
                failure.map_or(Then::Go, |failure| {
                    state.meet("a call's own error", call, Then::Fail(failure))
                })
            }
            // A call that cannot fail so is let go; the next one is hit.
            _ => Then::Go,
        }
    }

    fn after(&self, call: &Call<'_>) -> Then {
        let mut state = self.state();
        match state.armed {
            Some(Armed {
                at,
                how: How::TrapAfter,
                ..
            }) if at < state.calls => state.meet("trap after a call", call, Then::Trap),
            _ => Then::Go,
        }
    }

    fn world(&self) -> Option<Arc<dyn World>> {
        Some(Arc::clone(&self.outside))
    }

    fn seed(&self, component: &str) -> Option<u64> {
        let mut state = self.state();
        let made = state.instances.entry(component.to_owned()).or_default();
        *made += 1;
        Some(Random::of(self.seed, &format!("instance {component} {made}")).next())
    }
}

//! The time that components see: real, or virtual for demos and tests.
//!
//! A virtual clock is frozen. It moves only when it is told to, never backwards, and it lies in the state
//! folder, so that a restart continues where it stood: what was recorded under it never lies in the future.
//! A loose one ([`Clock::loose`]) lies nowhere and goes back as well, for those who try what happens then.
//! Components see it a millisecond later at each look, so that what they record keeps its order.
//! Waiting (monotonic time) is always real.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use wasmtime_wasi::HostWallClock;

const FILE_NAME: &str = "clock.json";

/// The wall clock of all components. Clones show the same time.
#[derive(Debug, Clone)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Real,
    Virtual {
        /// None for a loose one.
        file: Option<PathBuf>,
        now: Mutex<DateTime<Utc>>,
        /// How often components have looked since it was last moved.
        looks: AtomicU32,
    },
}

/// How far a virtual clock is to move.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Move {
    /// To this instant.
    To(DateTime<Utc>),
    /// By this many seconds.
    AdvanceSeconds(i64),
}

/// What a move did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// The instant before.
    pub from: DateTime<Utc>,
    /// The instant after.
    pub to: DateTime<Utc>,
}

/// Why a clock does not move.
#[derive(Debug, thiserror::Error)]
pub enum ClockError {
    /// Real time cannot be moved.
    #[error("this is the real clock; only a virtual one can be moved (start with --clock)")]
    Real,
    /// It would have to go back.
    #[error("the clock stands at {} and never goes back", instant(*now))]
    Backwards {
        /// Where it stands.
        now: DateTime<Utc>,
    },
    /// Beyond what can be written.
    #[error("that is further than a date can be")]
    TooFar,
    /// The new instant could not be kept.
    #[error("cannot keep the clock: {0}")]
    Keep(#[from] std::io::Error),
}

#[derive(Serialize, Deserialize)]
struct Kept {
    now: DateTime<Utc>,
}

impl Clock {
    /// The system's clock.
    pub fn real() -> Self {
        Self(Arc::new(Kind::Real))
    }

    /// A virtual clock at `start`, or where an earlier run in the same state folder left it, if that is later.
    ///
    /// # Errors
    /// The state folder cannot be read or written, or the instant in it is damaged.
    pub fn frozen(state_dir: &Path, start: DateTime<Utc>) -> std::io::Result<Self> {
        let now = Self::kept(state_dir)?.map_or(start, |kept| kept.max(start));
        let file = state_dir.join(FILE_NAME);
        keep(&file, now)?;
        Ok(Self(Arc::new(Kind::Virtual {
            file: Some(file),
            now: Mutex::new(now),
            looks: AtomicU32::new(0),
        })))
    }

    /// A virtual clock that is kept nowhere and may be moved back.
    pub fn loose(start: DateTime<Utc>) -> Self {
        Self(Arc::new(Kind::Virtual {
            file: None,
            now: Mutex::new(start),
            looks: AtomicU32::new(0),
        }))
    }

    /// Where a virtual clock was left in a state folder, if there ever was one.
    ///
    /// # Errors
    /// The file is there but cannot be read.
    pub fn kept(state_dir: &Path) -> std::io::Result<Option<DateTime<Utc>>> {
        match std::fs::read(state_dir.join(FILE_NAME)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice::<Kept>(&bytes)?.now)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Whether it is a virtual one.
    pub fn is_virtual(&self) -> bool {
        matches!(*self.0, Kind::Virtual { .. })
    }

    /// The time.
    pub fn now(&self) -> DateTime<Utc> {
        match &*self.0 {
            Kind::Real => Utc::now(),
            Kind::Virtual { now, .. } => *now.lock().unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// Moves a virtual clock and keeps where it stands; back only where it is a loose one.
    ///
    /// # Errors
    /// [`ClockError`]; the clock then stands where it stood.
    pub fn advance(&self, by: Move) -> Result<Moved, ClockError> {
        let Kind::Virtual { file, now, looks } = &*self.0 else {
            return Err(ClockError::Real);
        };
        let mut now = now.lock().unwrap_or_else(PoisonError::into_inner);
        let to = match by {
            Move::To(instant) => instant,
            Move::AdvanceSeconds(seconds) => TimeDelta::try_seconds(seconds)
                .and_then(|delta| now.checked_add_signed(delta))
                .ok_or(ClockError::TooFar)?,
        };
        match file {
            Some(_) if to < *now => return Err(ClockError::Backwards { now: *now }),
            Some(file) => keep(file, to)?,
            None => {}
        }
        // Components must not see time go back by the looks they took.
        if to < *now || to.signed_duration_since(*now) >= look_ms(looks.load(Ordering::Relaxed)) {
            looks.store(0, Ordering::Relaxed);
        }
        let from = std::mem::replace(&mut *now, to);
        Ok(Moved { from, to })
    }
}

/// How far `looks` at a virtual clock have moved it for components.
fn look_ms(looks: u32) -> TimeDelta {
    TimeDelta::milliseconds(i64::from(looks))
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        let mut now = Self::now(self);
        if let Kind::Virtual { looks, .. } = &*self.0 {
            let looks = looks.fetch_add(1, Ordering::Relaxed);
            now = now.checked_add_signed(look_ms(looks)).unwrap_or(now);
        }
        // Before 1970 there is no wall clock; a virtual one cannot be set there (see the command line).
        let seconds = u64::try_from(now.timestamp()).unwrap_or_default();
        Duration::new(seconds, now.timestamp_subsec_nanos().min(999_999_999))
    }
}

/// An instant as the API writes it: `2026-01-12T09:00:00Z`.
pub fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}

fn keep(file: &Path, now: DateTime<Utc>) -> std::io::Result<()> {
    crate::state::write_atomically(file, &serde_json::to_vec(&Kept { now })?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn it_stands_still_until_told_and_never_goes_back() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::frozen(folder.path(), at("2026-01-12T09:00:00Z")).unwrap();
        assert_eq!(clock.now(), clock.now());
        let moved = clock.advance(Move::AdvanceSeconds(90 * 60)).unwrap();
        assert_eq!(
            (moved.from, moved.to),
            (at("2026-01-12T09:00:00Z"), at("2026-01-12T10:30:00Z"))
        );
        clock.advance(Move::To(at("2026-01-15T00:00:00Z"))).unwrap();
        for backwards in [Move::To(at("2026-01-14T23:59:59Z")), Move::AdvanceSeconds(-1)] {
            assert!(matches!(
                clock.advance(backwards),
                Err(ClockError::Backwards { .. })
            ));
        }
        assert!(matches!(
            clock.advance(Move::AdvanceSeconds(i64::MAX)),
            Err(ClockError::TooFar)
        ));
        assert_eq!(clock.now(), at("2026-01-15T00:00:00Z"));
    }

    #[test]
    fn a_loose_one_goes_back_and_is_kept_nowhere() {
        let clock = Clock::loose(at("2026-01-12T09:00:00Z"));
        let moved = clock.advance(Move::AdvanceSeconds(-3600)).unwrap();
        assert_eq!((clock.now(), moved.to), (at("2026-01-12T08:00:00Z"), clock.now()));
    }

    #[test]
    fn a_restart_continues_where_it_stood() {
        let folder = tempfile::tempdir().unwrap();
        let first = at("2026-01-12T09:00:00Z");
        Clock::frozen(folder.path(), first)
            .unwrap()
            .advance(Move::AdvanceSeconds(60))
            .unwrap();
        for (start, expected) in [
            (first, "2026-01-12T09:01:00Z"),
            (at("2026-02-01T00:00:00Z"), "2026-02-01T00:00:00Z"),
            (first, "2026-02-01T00:00:00Z"),
        ] {
            assert_eq!(Clock::frozen(folder.path(), start).unwrap().now(), at(expected));
        }
    }

    #[test]
    fn components_see_it_as_seconds_since_1970() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::frozen(folder.path(), at("1970-01-02T00:00:00.5Z")).unwrap();
        assert_eq!(HostWallClock::now(&clock), Duration::new(86_400, 500_000_000));
    }

    #[test]
    fn the_real_one_cannot_be_moved() {
        assert!(matches!(
            Clock::real().advance(Move::AdvanceSeconds(1)),
            Err(ClockError::Real)
        ));
    }
}

//! Which statements are so quick that handing them to another thread would take longer than running them.
//!
//! A hand-over there and back is two switches of threads, some tens of microseconds, and longer where the machine is
//! busy; most statements of a request take less. So a statement that has kept to [`QUICK_STATEMENT_TIME`] lately runs where it is
//! asked for; any other, and every one that is new, waits for the disk or works through a batch on a thread made for
//! blocking. On a busy machine any statement is interrupted now and then and looks slow, so that a single slow run does
//! not undo a long record: there, of all places, hand-overs are dear, and most are made with the write lock held.

use crate::limits::{KNOWN_STATEMENTS, QUICK_PARAMETER_BYTES, QUICK_STATEMENT_TIME, STREAMED_ITEMS};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

/// Quick runs in a row after which a statement counts as quick.
const TRUSTED_AFTER: u8 = 4;

/// The longest record that counts.
const LONGEST_RECORD: u8 = 4 * TRUSTED_AFTER;

/// What is known of each statement: its quick runs, up to [`LONGEST_RECORD`], of which a slow one takes
/// [`TRUSTED_AFTER`] away.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<HashMap<String, u8>>);

impl Pace {
    /// Whether a statement with parameters of so many bytes may be expected to be quick.
    pub(super) fn is_quick(&self, statement: &str, parameter_bytes: usize) -> bool {
        parameter_bytes <= QUICK_PARAMETER_BYTES
            && self
                .known()
                .get(statement)
                .is_some_and(|quick_runs| *quick_runs >= TRUSTED_AFTER)
    }

    /// Notes a run: what it took and how many rows it had. Batches tell nothing about a statement's other runs.
    pub(super) fn note(&self, statement: &str, parameter_bytes: usize, time: Duration, rows: usize) {
        if parameter_bytes > QUICK_PARAMETER_BYTES {
            return;
        }
        let quick = time <= QUICK_STATEMENT_TIME && rows <= STREAMED_ITEMS;
        let mut known = self.known();
        let room = known.len() < KNOWN_STATEMENTS;
        match known.get_mut(statement) {
            Some(quick_runs) if quick => *quick_runs = quick_runs.saturating_add(1).min(LONGEST_RECORD),
            Some(quick_runs) => *quick_runs = quick_runs.saturating_sub(TRUSTED_AFTER),
            // A component may make its statements up as it goes; those beyond the bound stay unknown.
            None if room => {
                known.insert(statement.to_owned(), u8::from(quick));
            }
            None => {}
        }
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<String, u8>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SLOW: Duration = QUICK_STATEMENT_TIME.saturating_mul(2);

    #[test]
    fn a_statement_is_quick_after_some_quick_runs_and_until_a_slow_one() {
        let pace = Pace::default();
        let quick = || pace.is_quick("SELECT 1", 0);
        for _ in 0..TRUSTED_AFTER {
            assert!(!quick());
            pace.note("SELECT 1", 0, Duration::ZERO, 1);
        }
        assert!(quick());
        assert!(!pace.is_quick("SELECT 1", QUICK_PARAMETER_BYTES + 1));
        assert!(!pace.is_quick("SELECT 2", 0));
        pace.note("SELECT 1", QUICK_PARAMETER_BYTES + 1, SLOW, 1);
        assert!(quick());
        pace.note("SELECT 1", 0, SLOW, 1);
        assert!(!quick());
    }

    #[test]
    fn a_long_record_outlasts_a_slow_run_and_not_several() {
        let pace = Pace::default();
        for _ in 0..u8::MAX {
            pace.note("SELECT 1", 0, Duration::ZERO, 1);
        }
        let slow_runs = (0..u8::MAX)
            .take_while(|_| {
                pace.note("SELECT 1", 0, SLOW, 1);
                pace.is_quick("SELECT 1", 0)
            })
            .count();
        assert_eq!(slow_runs, 3);
    }

    #[test]
    fn many_rows_are_not_quick_and_what_is_remembered_is_bounded() {
        let pace = Pace::default();
        for _ in 0..TRUSTED_AFTER {
            pace.note("SELECT many", 0, Duration::ZERO, STREAMED_ITEMS + 1);
        }
        assert!(!pace.is_quick("SELECT many", 0));
        for index in 0..KNOWN_STATEMENTS + 1 {
            pace.note(&index.to_string(), 0, Duration::ZERO, 0);
        }
        assert_eq!(pace.known().len(), KNOWN_STATEMENTS);
    }
}

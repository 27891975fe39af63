//! Attackers: each thing that somebody might try, tried from outside, and refused.
//!
//! A file an attack surface, a test an attack, each over as many variants as there are doors to try it on. A test
//! counts its attempts as it makes them ([`Tried`]) and says how many there were, so that the number is what was done
//! and not what was meant. `SECURITY.md` says what is defended and against whom.
//!
//! | attack | test |
//! |---|---|
//! | headers that a host sets, forged into rights | `headers::rights_are_not_had_by_headers` |

mod headers;

use crate::harness::say;

/// Counts attempts, and says how many there were when the test is through with them.
pub(crate) struct Tried {
    what: &'static str,
    count: usize,
}

impl Tried {
    pub(crate) const fn of(what: &'static str) -> Self {
        Self { what, count: 0 }
    }

    /// One more attempt, which was refused.
    pub(crate) const fn one(&mut self) {
        self.count += 1;
    }

    /// The number so far.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }
}

impl Drop for Tried {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            say(&format!("ATTACKS TRIED: {:5} {}", self.count, self.what));
        }
    }
}

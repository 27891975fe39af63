//! What is simulated: everything that decides how a run goes. The same plan gives the same run.

use super::faults::Level;
use std::collections::BTreeSet;
use std::fmt::Write;

/// A run to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) seed: u64,
    /// Days on which business is done; a quiet time follows in which what is under way comes to its end.
    pub(super) days: u32,
    pub(super) customers: u32,
    pub(super) faults: Level,
    /// Kinds of events that are left out: how a failure is made smaller.
    pub(super) without: BTreeSet<String>,
}

impl Plan {
    /// The command that makes this run again.
    pub(super) fn command(&self) -> String {
        let Self {
            seed,
            days,
            customers,
            faults,
            without,
        } = self;
        let mut command =
            format!("dunlin sim --seed {seed} --days {days} --customers {customers} --faults {faults}");
        for kind in without {
            // Writing to a string does not fail.
            let _ = write!(command, " --without {kind}");
        }
        command
    }

    pub(super) fn has(&self, kind: &str) -> bool {
        !self.without.contains(kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_says_all_that_a_run_depends_on() {
        let plan = Plan {
            seed: 7,
            days: 40,
            customers: 20,
            faults: Level::Many,
            without: BTreeSet::from(["moves".to_owned()]),
        };
        assert_eq!(
            plan.command(),
            "dunlin sim --seed 7 --days 40 --customers 20 --faults many --without moves"
        );
        assert!(plan.has("disputes") && !plan.has("moves"));
    }
}

//! What a run of a job has done, for jobs that take up one thing after the other.

use crate::context::Cx;
use crate::problem::Problem;
use crate::reply::Reply;
use serde::Serialize;

/// The answer of such a job.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct Run {
    /// How many things were taken up.
    pub examined: u32,
    /// Of those, what came to an end: what took effect, or what was answered to.
    pub answered: u32,
    /// What did not; it is tried again later.
    pub failed: u32,
    /// Whether there is more to do at once.
    pub more: bool,
}

impl Run {
    /// Counts one. Why one failed is for the log: the run goes on.
    pub fn count(&mut self, cx: &Cx, outcome: Result<(), Problem>) {
        self.examined = self.examined.saturating_add(1);
        match outcome {
            Ok(()) => self.answered = self.answered.saturating_add(1),
            Err(problem) => {
                cx.log(&problem);
                self.failed = self.failed.saturating_add(1);
            }
        }
    }

    /// As an answer.
    pub fn reply(&self) -> Reply {
        Reply::json(200, self)
    }
}

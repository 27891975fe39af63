//! What a policy would do over a stretch of time, if nothing but time passed.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::{CaseFacts, Deed, DueStep, plan};
use crate::limits;
use crate::policy::Policy;

/// Something that would happen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Foreseen {
    /// When.
    pub at: DateTime<Utc>,
    /// The message, or
    pub message: Option<DueStep>,
    /// the deed.
    pub deed: Option<Deed>,
}

impl Serialize for Foreseen {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match (&self.message, &self.deed) {
            (Some(message), _) => message.serialize(serializer),
            (None, deed) => deed.serialize(serializer),
        }
    }
}

/// What would happen from `from` until before `to`, in order: each message leaves when it is due, each deed is done,
/// nobody pays. At most [`limits::FORESEEN`].
pub fn foresee(policy: &Policy, facts: &CaseFacts, from: DateTime<Utc>, to: DateTime<Utc>) -> Vec<Foreseen> {
    let (mut facts, mut at, mut seen) = (facts.clone(), from, Vec::new());
    while at < to && seen.len() < limits::FORESEEN {
        let planned = plan(policy, &facts, at);
        let nothing_now = planned.due.is_none() && planned.deeds.is_empty();
        for deed in planned.deeds {
            facts = facts.done(&deed);
            seen.push(Foreseen {
                at,
                message: None,
                deed: Some(deed),
            });
        }
        if let Some(due) = planned.due {
            facts = facts.after(&due, at);
            seen.push(Foreseen {
                at,
                message: Some(due),
                deed: None,
            });
        }
        if nothing_now {
            match planned.next {
                Some(next) if next.at > at => at = next.at,
                _ => break,
            }
        }
    }
    seen
}

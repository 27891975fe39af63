//! Approvals: what one person asks for and another decides.
//!
//! Shape: a request is pending until it is approved, rejected or withdrawn, or runs out; none of these can be undone,
//! and what is wanted after all is asked for again. Who may ask is who collects, who may decide is who approves, and
//! nobody decides on a request of their own: the four-eyes principle. The policy may ask as well: then any
//! approver decides.
//!
//! Refused: a decision without the right to decide, one by the asker, one that comes too late or a second time, and a
//! rejection that gives no reason.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::amounts::Amounts;
use crate::fields::{FieldError, Fields, kinds};
use crate::limits;
use crate::money::Money;
use crate::names::names;

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalKind {
    /// To give up a part of an invoice, or all of it.
    WriteOff,
    /// To take a lump sum for more than it is.
    Settlement,
    /// To let a customer pay in instalments.
    Plan,
    /// To give a customer's debt to an agency.
    HandOver,
    /// To stop serving a customer.
    Suspend,
}

names! {
    ApprovalKind {
        "write_off" => WriteOff,
        "settlement" => Settlement,
        "plan" => Plan,
        "hand_over" => HandOver,
        "suspend" => Suspend,
    }
}

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalStatus {
    /// Nobody has decided.
    Pending,
    /// Granted, and carried out in the same transaction.
    Approved,
    /// Refused.
    Rejected,
    /// Nobody decided in time.
    Expired,
    /// Taken back by who asked.
    Withdrawn,
}

use ApprovalStatus::{Approved, Expired, Pending, Rejected, Withdrawn};

/// What can be done about a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Act {
    /// Grant it.
    Approve,
    /// Refuse it.
    Reject,
    /// Take it back.
    Withdraw,
    /// Let it run out: the clock's doing, never a person's.
    Expire,
}

/// What each act makes of each status. Only what is pending can be acted on.
const BECOMES: [(ApprovalStatus, Act, ApprovalStatus); 4] = [
    (Pending, Act::Approve, Approved),
    (Pending, Act::Reject, Rejected),
    (Pending, Act::Withdraw, Withdrawn),
    (Pending, Act::Expire, Expired),
];

names! {
    ApprovalStatus {
        "pending" => Pending,
        "approved" => Approved,
        "rejected" => Rejected,
        "expired" => Expired,
        "withdrawn" => Withdrawn,
    }
}

impl ApprovalStatus {
    /// What it becomes by an act; `None` where the act has no place.
    pub fn after(self, act: Act) -> Option<ApprovalStatus> {
        BECOMES
            .iter()
            .find(|(from, by, _)| *from == self && *by == act)
            .map(|(_, _, next)| *next)
    }

    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        !BECOMES.iter().any(|(from, _, _)| *from == self)
    }
}

/// The name under which the policy asks, where a person's key would stand. No key has it.
pub const POLICY: &str = "policy";

/// A request as far as a decision looks at it.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// Where it stands.
    pub status: ApprovalStatus,
    /// Who asked: a principal's id, or [`POLICY`].
    pub asked_by: &'a str,
    /// From when on nobody can decide it any more.
    pub expires_at: DateTime<Utc>,
}

/// A person who acts.
#[derive(Clone, Copy, Debug)]
pub struct Actor<'a> {
    /// The principal's id.
    pub id: &'a str,
    /// Whether they may ask: the scope `collect`.
    pub may_ask: bool,
    /// Whether they may decide: the scope `approve`.
    pub may_decide: bool,
}

/// Why an act is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It is decided, withdrawn or expired already.
    #[error("the request is {} already", .0.as_str())]
    NotPending(ApprovalStatus),
    /// It ran out.
    #[error("the request expired at {0}")]
    TooLate(DateTime<Utc>),
    /// The actor's rights do not reach that far.
    #[error("this needs the scope `{0}`")]
    NoRight(&'static str),
    /// The asker would decide.
    #[error("who asked cannot decide: a second person must")]
    FourEyes,
    /// Somebody else's request would be taken back.
    #[error("only who asked can withdraw a request")]
    NotTheAsker,
}

/// What `act` by `actor` makes of a request, or why it may not be done. A request that has run out cannot be decided,
/// whether or not anything has marked it so yet. A person never expires a request, and the policy never decides one.
pub fn decide(
    asked: &Asked<'_>,
    act: Act,
    actor: &Actor<'_>,
    now: DateTime<Utc>,
) -> Result<ApprovalStatus, Refused> {
    let next = asked.status.after(act).ok_or(Refused::NotPending(asked.status))?;
    if now >= asked.expires_at {
        return Err(Refused::TooLate(asked.expires_at));
    }
    match act {
        Act::Approve | Act::Reject if !actor.may_decide => Err(Refused::NoRight("approve")),
        Act::Approve | Act::Reject if actor.id == asked.asked_by || actor.id == POLICY => {
            Err(Refused::FourEyes)
        }
        Act::Withdraw if !actor.may_ask => Err(Refused::NoRight("collect")),
        Act::Withdraw if actor.id != asked.asked_by && asked.asked_by != POLICY => Err(Refused::NotTheAsker),
        Act::Expire => Err(Refused::NoRight("none")),
        Act::Approve | Act::Reject | Act::Withdraw => Ok(next),
    }
}

/// Whether a request has run out: it is pending still, and its time has passed.
pub fn has_expired(asked: &Asked<'_>, now: DateTime<Utc>) -> bool {
    asked.status.after(Act::Expire).is_some() && now >= asked.expires_at
}

/// When a policy wants a second person. In JSON, under a policy's `approvals`:
/// `{"expire_after_days": 14, "write_off_above": {"EUR": "50.00"}, "suspend": true}`. Which instalment plans need one
/// is said with what else holds of plans.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// How long a request waits for a decision.
    pub expire_after_days: u32,
    /// The most that may be written off without one. A currency that is not named has no such amount: money is not
    /// given away for want of a rule.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub write_off_above: Amounts,
    /// Whether a person's wish to suspend a customer needs one.
    pub suspend: bool,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            expire_after_days: 14,
            write_off_above: Amounts::default(),
            suspend: false,
        }
    }
}

impl Rules {
    /// Reads the inside of a policy's `approvals`; what is absent is as in [`Rules::default`].
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let standard = Rules::default();
        let days = fields.optional("expire_after_days", kinds::integer(limits::APPROVAL_DAYS));
        let write_off_above = Amounts::read_limits(fields, "write_off_above");
        let suspend = fields.optional("suspend", kinds::boolean);
        Some(Rules {
            expire_after_days: days
                .and_then(|days| u32::try_from(days).ok())
                .unwrap_or(standard.expire_after_days),
            write_off_above,
            suspend: suspend.unwrap_or(standard.suspend),
        })
    }

    /// Whether a second person must agree. Settlements give money away and hand-overs give customers away: always; and
    /// so it is for a plan that asks at all. A write-off at the limit needs none; one above it does.
    pub fn needed(&self, kind: ApprovalKind, amount: Option<Money>) -> bool {
        match kind {
            ApprovalKind::Settlement | ApprovalKind::HandOver | ApprovalKind::Plan => true,
            ApprovalKind::WriteOff => amount
                .and_then(|amount| Some((amount, self.write_off_above.get(amount.currency())?)))
                .is_none_or(|(amount, limit)| amount.minor() > limit.minor()),
            ApprovalKind::Suspend => self.suspend,
        }
    }

    /// Until when a request that is made now can be decided.
    pub fn expires_at(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        TimeDelta::try_days(i64::from(self.expire_after_days))
            .and_then(|delta| now.checked_add_signed(delta))
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
    }
}

/// What a person decides on a request: `{"decision": "approve"|"reject", "comment"?: ...}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// [`Act::Approve`] or [`Act::Reject`].
    pub act: Act,
    /// Why; a rejection says so.
    pub comment: Option<String>,
}

impl Decision {
    /// Reads a decision; every problem at once.
    pub fn parse(value: &Value) -> Result<Decision, Vec<FieldError>> {
        const WORDS: &[(&str, Act)] = &[("approve", Act::Approve), ("reject", Act::Reject)];
        let mut fields = Fields::of(value);
        let act = fields.required("decision", kinds::one_of(WORDS));
        let comment = fields.optional("comment", kinds::lines(limits::TEXT));
        if act == Some(Act::Reject) && !fields.has("comment") {
            fields.report("comment", "required", "who rejects a request says why");
        }
        fields.finish(|| Some(Decision { act: act?, comment }))
    }
}

#[cfg(test)]
mod tests;

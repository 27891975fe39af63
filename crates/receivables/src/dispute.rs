//! Disputes: what a customer does not want to pay, why, and what becomes of it.
//!
//! # Shape
//!
//! A dispute is about one invoice, the whole of what is owed on it or a part. While it is open that part rests and
//! the [undisputed](undisputed) one goes on. It ends in a resolution, which says how much is credited; the rest
//! stands, and dunning resumes on that day at the stage the invoice's age gives.
//!
//! # Rules
//!
//! - The amounts of an invoice's open disputes add up to no more than its balance ([`claimed`]). Where money comes in
//!   later, it pays the undisputed part first.
//! - A dispute moves along a table ([`Status::after`]); what is over stays over. Who has something new to say opens
//!   another one.
//! - It is resolved by **credit note** (all that is disputed is credited), by **rejection** (all of it stands) or by
//!   **split** (a part is credited, the rest stands), and never credits more than is disputed and still owed
//!   ([`settle`]).
//! - An answer is due by a day. When that has passed a person is given a task ([`overdue`]); silence decides nothing,
//!   neither for us nor for the customer.
//!
//! Source: Dunlin's own, but for the two public code lists named at [`REASONS`].

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::fields::{Fields, kinds};
use crate::limits;
use crate::money::{Money, MoneyError};
use crate::names::names;

mod input;
mod reason;

pub use input::{Content, DisputeInput, Document, ResolutionInput};
pub use reason::{OwnCode, REASONS, Reason, code_key, meaning, reason_of};

/// Where a dispute stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has looked at it.
    Open,
    /// Somebody does.
    InReview,
    /// It is decided: credited, rejected or both in part.
    Resolved,
    /// The customer has given it up.
    Withdrawn,
}

/// What can be done to a dispute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Give it to a team.
    Assign,
    /// Begin to look at it.
    Review,
    /// Decide it.
    Resolve,
    /// Take it back, on the customer's word.
    Withdraw,
}

/// What each act makes of each status; what is not here cannot be done.
const TABLE: &[(Act, Status, Status)] = &[
    (Act::Assign, Status::Open, Status::Open),
    (Act::Assign, Status::InReview, Status::InReview),
    (Act::Review, Status::Open, Status::InReview),
    (Act::Resolve, Status::Open, Status::Resolved),
    (Act::Resolve, Status::InReview, Status::Resolved),
    (Act::Withdraw, Status::Open, Status::Withdrawn),
    (Act::Withdraw, Status::InReview, Status::Withdrawn),
];

names! {
    Status {
        "open" => Open,
        "in_review" => InReview,
        "resolved" => Resolved,
        "withdrawn" => Withdrawn,
    }
}

impl Status {
    /// What `act` makes of it; `None` where it cannot be done any more.
    pub fn after(self, act: Act) -> Option<Status> {
        TABLE
            .iter()
            .find(|(does, from, _)| *does == act && *from == self)
            .map(|(_, _, to)| *to)
    }

    /// Whether the amount in dispute rests: until it is over.
    pub fn rests(self) -> bool {
        matches!(self, Status::Open | Status::InReview)
    }
}

/// What a policy says about disputes. In JSON `{"respond_days": 14, "dun_undisputed": true}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Days in which a dispute is to be answered.
    pub respond_days: u32,
    /// Whether the undisputed part of an invoice is dunned meanwhile.
    pub dun_undisputed: bool,
}

impl Default for Rules {
    /// Two weeks; the undisputed part rests as well, as long as nothing else is said.
    fn default() -> Rules {
        Rules {
            respond_days: 14,
            dun_undisputed: false,
        }
    }
}

impl Rules {
    /// Reads the inside of a policy's `disputes`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let standard = Rules::default();
        let days = fields.optional("respond_days", kinds::integer(limits::RESPOND_DAYS));
        let dun_undisputed = fields.optional("dun_undisputed", kinds::boolean);
        Some(Rules {
            respond_days: days
                .and_then(|days| u32::try_from(days).ok())
                .unwrap_or(standard.respond_days),
            dun_undisputed: dun_undisputed.unwrap_or(standard.dun_undisputed),
        })
    }

    /// The last day for an answer to a dispute of `opened_on`, where `asked` names none.
    pub fn respond_by(&self, opened_on: NaiveDate, asked: Option<NaiveDate>) -> NaiveDate {
        asked.unwrap_or_else(|| calendar::plus_days(opened_on, i64::from(self.respond_days)))
    }
}

/// Why a dispute is not taken, or a decision about it not carried out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// All that is owed is disputed already; or nothing is owed that could be disputed or credited.
    #[error("nothing is left of it that is owed and could be disputed or credited")]
    NothingLeft,
    /// It says more than that.
    #[error("{asked} is more than the {left} that is owed and not disputed yet")]
    TooMuch {
        /// What was asked for.
        asked: Money,
        /// What can be disputed.
        left: Money,
    },
    /// A split that is none: it credits all or more.
    #[error("a split credits less than the {disputed} that is disputed and still owed, not {credit}")]
    NotASplit {
        /// What it was to credit.
        credit: Money,
        /// What is disputed and still owed.
        disputed: Money,
    },
    /// Two currencies, or a sum that does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

impl Refused {
    /// The stable code of this error in a problem document.
    pub fn code(&self) -> &'static str {
        match self {
            Refused::NothingLeft => "nothing_left",
            Refused::TooMuch { .. } => "more_than_owed",
            Refused::NotASplit { .. } => "not_a_split",
            Refused::Money(error) => error.code(),
        }
    }
}

/// What is owed on an invoice and not in dispute; never negative, and never more than the balance.
pub fn undisputed(balance: Money, disputed: Money) -> Result<Money, MoneyError> {
    let rest = balance.checked_sub(disputed)?;
    let nothing = Money::zero(balance.currency());
    Ok(if rest.is_negative() {
        nothing
    } else {
        rest.checked_min(balance)?
    })
}

/// The amount of a new dispute: what it asks for, or all that is left to dispute.
pub fn claimed(balance: Money, disputed: Money, asked: Option<Money>) -> Result<Money, Refused> {
    let left = undisputed(balance, disputed)?;
    if !left.is_positive() {
        return Err(Refused::NothingLeft);
    }
    let asked = asked.unwrap_or(left);
    if left.checked_sub(asked)?.is_negative() || !asked.is_positive() {
        return Err(Refused::TooMuch { asked, left });
    }
    Ok(asked)
}

/// How a dispute is decided. In JSON `{"outcome": "credit_note" | "rejected" | "split", "credit"?, ...}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// All that is disputed is credited.
    CreditNote,
    /// All of it stands.
    Rejected,
    /// So much is credited, and the rest stands.
    Split(Money),
}

impl Resolution {
    /// The name in the API.
    pub fn as_str(&self) -> &'static str {
        match self {
            Resolution::CreditNote => "credit_note",
            Resolution::Rejected => "rejected",
            Resolution::Split(_) => "split",
        }
    }
}

/// What a decision comes to. The two add up to what was disputed and still owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What is credited.
    pub credit: Money,
    /// What stands, and is dunned from now on.
    pub stands: Money,
}

/// What a decision comes to for a dispute over `disputed` on an invoice that owes `balance`. What was paid meanwhile is
/// no longer to be credited.
pub fn settle(resolution: &Resolution, disputed: Money, balance: Money) -> Result<Settled, Refused> {
    let nothing = Money::zero(balance.currency());
    let owed = disputed.checked_min(balance)?;
    let owed = if owed.is_negative() { nothing } else { owed };
    let credit = match resolution {
        Resolution::Rejected => nothing,
        Resolution::CreditNote | Resolution::Split(_) if !owed.is_positive() => {
            return Err(Refused::NothingLeft);
        }
        Resolution::CreditNote => owed,
        Resolution::Split(credit) => *credit,
    };
    let stands = owed.checked_sub(credit)?;
    if matches!(resolution, Resolution::Split(_)) && !(credit.is_positive() && stands.is_positive()) {
        return Err(Refused::NotASplit {
            credit,
            disputed: owed,
        });
    }
    Ok(Settled { credit, stands })
}

/// Whether an answer is overdue, so that a person is to be told. It decides nothing.
pub fn overdue(status: Status, respond_by: NaiveDate, today: NaiveDate) -> bool {
    status.rests() && today > respond_by
}

#[cfg(test)]
mod tests;

//! Tasks: what a person is to do, and what comes of what they found out.
//!
//! Shape: a task is a call, a letter, a review or a follow-up, opened by a policy's step or by a person, due on a
//! business day. It is done with an outcome, and one table ([`settle`]) says what each outcome means to the engine: a
//! promise or a dispute to be recorded, a number to be given up, another try, a later word. A call that nobody was
//! asked to make ends in the same way.
//!
//! Bounds: a call that nobody answers is tried again so many times as the policy says, then a person looks at the
//! account: no task breeds for ever. Refused: an outcome that the kind of task cannot have, a promise without its
//! amount and day, a task that is done twice.
//!
//! Source: Dunlin's own rule.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::fields::{Fields, kinds};
use crate::limits;
use crate::names::names;

mod input;

pub use input::{AssignInput, CallInput, DoneInput, NoteInput, Report, TaskInput};

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskKind {
    /// Ring the customer.
    Call,
    /// Write a letter by hand.
    Letter,
    /// Look at the account and decide.
    Review,
    /// Come back to the customer after something was left with them.
    FollowUp,
}

names! {
    TaskKind {
        "call" => Call,
        "letter" => Letter,
        "review" => Review,
        "follow_up" => FollowUp,
    }
}

/// Where a task stands. What is done stays done; what is still to be done after it is a task of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskStatus {
    /// To be done.
    Open,
    /// Done, with an outcome.
    Done,
    /// No longer to be done: what it was for is gone.
    Cancelled,
}

/// What each status can become.
const BECOMES: [(TaskStatus, &[TaskStatus]); 3] = [
    (TaskStatus::Open, &[TaskStatus::Done, TaskStatus::Cancelled]),
    (TaskStatus::Done, &[]),
    (TaskStatus::Cancelled, &[]),
];

names! {
    TaskStatus {
        "open" => Open,
        "done" => Done,
        "cancelled" => Cancelled,
    }
}

impl TaskStatus {
    /// Whether it can become `next`.
    pub fn can_become(self, next: TaskStatus) -> bool {
        BECOMES
            .iter()
            .any(|(from, into)| *from == self && into.contains(&next))
    }
}

/// How a task, or a call, ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The customer will pay: so much, on that day.
    Promised,
    /// The customer does not accept an invoice.
    Disputed,
    /// The number, or the address, is not the customer's.
    WrongNumber,
    /// Nobody was reached.
    NoAnswer,
    /// Word was left, with a person or a machine.
    LeftMessage,
    /// What was to be done is done.
    Done,
}

names! {
    Outcome {
        "promised" => Promised,
        "disputed" => Disputed,
        "wrong_number" => WrongNumber,
        "no_answer" => NoAnswer,
        "left_message" => LeftMessage,
        "done" => Done,
    }
}

/// What an outcome does to the account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing.
    Nothing,
    /// A promise to pay is recorded: dunning pauses until its day.
    Promise,
    /// A dispute is opened: what is disputed is not dunned.
    Dispute,
    /// The number or address is no longer used.
    GiveUpContact,
}

impl Effect {
    /// The part of a report that it is made of: a field of the body, which has to be there and has no place otherwise.
    pub fn payload(self) -> Option<&'static str> {
        match self {
            Effect::Nothing => None,
            Effect::Promise => Some("promise"),
            Effect::Dispute => Some("dispute"),
            Effect::GiveUpContact => Some("contact"),
        }
    }
}

/// What is to be done after an outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Then {
    Nothing,
    /// The same again after some business days; once it has been tried often enough, a review.
    Again,
    /// A follow-up after some business days.
    FollowUp,
    /// A review on the next business day.
    Review(&'static str),
}

struct Row {
    outcome: Outcome,
    kinds: &'static [TaskKind],
    effect: Effect,
    then: Then,
}

use TaskKind::{Call, FollowUp, Letter, Review};

/// What each outcome means, and which tasks can end so: only who rings can reach nobody.
const OUTCOMES: [Row; 6] = [
    Row {
        outcome: Outcome::Promised,
        kinds: &[Call, Letter, Review, FollowUp],
        effect: Effect::Promise,
        then: Then::Nothing,
    },
    Row {
        outcome: Outcome::Disputed,
        kinds: &[Call, Letter, Review, FollowUp],
        effect: Effect::Dispute,
        then: Then::Nothing,
    },
    Row {
        outcome: Outcome::WrongNumber,
        kinds: &[Call, FollowUp],
        effect: Effect::GiveUpContact,
        then: Then::Review("Find out how to reach the customer"),
    },
    Row {
        outcome: Outcome::NoAnswer,
        kinds: &[Call, FollowUp],
        effect: Effect::Nothing,
        then: Then::Again,
    },
    Row {
        outcome: Outcome::LeftMessage,
        kinds: &[Call, FollowUp],
        effect: Effect::Nothing,
        then: Then::FollowUp,
    },
    Row {
        outcome: Outcome::Done,
        kinds: &[Call, Letter, Review, FollowUp],
        effect: Effect::Nothing,
        then: Then::Nothing,
    },
];

/// What an outcome does, as the table has it.
pub fn effect_of(outcome: Outcome) -> Effect {
    OUTCOMES
        .iter()
        .find(|row| row.outcome == outcome)
        .map_or(Effect::Nothing, |row| row.effect)
}

/// Whether somebody rang: a call is one however it ends, a follow-up only where it ends as nothing but a call can.
pub fn was_call(kind: TaskKind, outcome: Outcome) -> bool {
    let only_by_ringing = matches!(
        outcome,
        Outcome::WrongNumber | Outcome::NoAnswer | Outcome::LeftMessage
    );
    kind == Call || (kind == FollowUp && only_by_ringing)
}

/// How a policy has people try. In JSON, under a policy's `tasks`:
/// `{"again_after_days": 2, "attempts": 3, "follow_up_after_days": 5}`. Days are business days.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// How long after a call that nobody answered comes the next.
    pub again_after_days: u32,
    /// How many calls in all, before somebody looks at the account.
    pub attempts: u32,
    /// How long after word was left the customer is followed up.
    pub follow_up_after_days: u32,
}

impl Default for Rules {
    fn default() -> Rules {
        Rules {
            again_after_days: 2,
            attempts: 3,
            follow_up_after_days: 5,
        }
    }
}

impl Rules {
    /// Reads the inside of a policy's `tasks`; what is absent is as in [`Rules::default`].
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let standard = Rules::default();
        let mut number = |name, range| {
            let number = fields.optional(name, kinds::integer(range));
            number.and_then(|number| u32::try_from(number).ok())
        };
        let again = number("again_after_days", limits::TASK_DAYS);
        let attempts = number("attempts", limits::TASK_ATTEMPTS);
        let follow_up = number("follow_up_after_days", limits::TASK_DAYS);
        Some(Rules {
            again_after_days: again.unwrap_or(standard.again_after_days),
            attempts: attempts.unwrap_or(standard.attempts),
            follow_up_after_days: follow_up.unwrap_or(standard.follow_up_after_days),
        })
    }
}

/// A task that follows from another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Next {
    /// What is to be done.
    pub kind: TaskKind,
    /// In a few words.
    pub title: String,
    /// The business day on which it is due.
    pub due_on: NaiveDate,
    /// Which try it is, from 1.
    pub attempt: u32,
}

/// What comes of a task's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// What it does to the account.
    pub effect: Effect,
    /// What is to be done then.
    pub next: Option<Next>,
}

/// An outcome that a kind of task cannot have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a task of the kind `{}` does not end with `{}`", kind.as_str(), outcome.as_str())]
pub struct NotItsOutcome {
    kind: TaskKind,
    outcome: Outcome,
}

/// What comes of a `kind` of task that was done `today`, at its `attempt`-th try, with an `outcome`. Which days are
/// business days is the customer's calendar's to say.
pub fn settle(
    kind: TaskKind,
    outcome: Outcome,
    attempt: u32,
    today: NaiveDate,
    rules: &Rules,
    is_business_day: impl Fn(NaiveDate) -> bool,
) -> Result<Settled, NotItsOutcome> {
    let row = OUTCOMES
        .iter()
        .find(|row| row.outcome == outcome && row.kinds.contains(&kind))
        .ok_or(NotItsOutcome { kind, outcome })?;
    let after = |days: u32| business_days_after(today, days, &is_business_day);
    let next = |kind, title: String, days, attempt| {
        Some(Next {
            kind,
            title,
            due_on: after(days),
            attempt,
        })
    };
    let next = match row.then {
        Then::Nothing => None,
        Then::Review(title) => next(Review, title.to_owned(), 1, 1),
        Then::FollowUp => next(
            FollowUp,
            "Follow up the message that was left".to_owned(),
            rules.follow_up_after_days,
            1,
        ),
        Then::Again if attempt < rules.attempts => {
            let attempt = attempt.saturating_add(1);
            let title = format!("Ring again: try {attempt} of {}", rules.attempts);
            next(kind, title, rules.again_after_days, attempt)
        }
        Then::Again => {
            let title = format!("Nobody answered {attempt} times: decide what is next");
            next(Review, title, 1, 1)
        }
    };
    Ok(Settled {
        effect: row.effect,
        next,
    })
}

/// The `days`-th business day after `today`. None (0): the first business day from `today` on.
pub fn business_days_after(
    today: NaiveDate,
    days: u32,
    is_business_day: impl Fn(NaiveDate) -> bool,
) -> NaiveDate {
    let first = calendar::plus_days(today, i64::from(days.min(1)));
    // A calendar without a business day in years would be a defect; what it cannot do is hang us.
    let horizon = usize::try_from(days)
        .unwrap_or(0)
        .saturating_add(1)
        .saturating_mul(31);
    let nth = usize::try_from(days.saturating_sub(1)).unwrap_or(0);
    first
        .iter_days()
        .take(horizon)
        .filter(|day| is_business_day(*day))
        .nth(nth)
        .unwrap_or(first)
}

#[cfg(test)]
mod tests;

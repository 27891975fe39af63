//! Instalment plans and settlements: a debt that is paid in parts, or in one sum that is lower.
//!
//! # Shape
//!
//! A plan is a list of instalments and a discount, which together are the debt. A *plan* proper has no discount; a
//! *settlement* is one instalment with one. [`admit`] makes either of what was asked for, [`needs_approval`] says whether
//! somebody else has to agree, [`Plan::judge`] tells how it stands.
//!
//! # Rules
//!
//! - Equal instalments differ by at most one minor unit, the larger ones first, and add up to the debt exactly. Monthly
//!   ones keep the day of the month of the first; where a month has no such day its last stands for it.
//! - Money fills instalments in their order, by its value date ([`crate::received`]). An instalment is met when all that
//!   is due up to it came by its day, the grace included.
//! - An instalment that is not met **breaks** the plan. Nothing was written off before, so the debt is what it was, less
//!   what was paid. It stays broken unless money turns up that was there in time.
//! - A plan is **completed** when the last instalment is met. Only then, and only for a settlement, is the discount given
//!   ([`Plan::discount_on`]): the lump sum came in full and in time.
//! - Credits lower what must be paid, the last instalments first.
//!
//! Source: Dunlin's own. That part payment of a debt discharges all of it only where the creditor has agreed to that is
//! why a settlement always needs approval.

use chrono::{Months, NaiveDate};
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::fields::FieldError;
use crate::money::{Money, MoneyError};
use crate::names::names;
use crate::received::{self, Received, Tally};

mod input;
mod rules;

pub use input::PlanInput;
pub use rules::{Rules, needs_approval};

/// A part of a debt and the day by which it is to be paid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Instalment {
    /// The last day on which it is in time, grace aside.
    pub due_date: NaiveDate,
    /// How much; more than nothing.
    pub amount: Money,
}

/// How far equal instalments lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Frequency {
    /// A week.
    Weekly,
    /// A month of the calendar.
    Monthly,
    /// So many days.
    Days(u32),
}

/// Equal instalments, before the debt is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Equal {
    /// How many; at least one.
    pub count: u32,
    /// How far apart.
    pub frequency: Frequency,
    /// When the first is due.
    pub first_due_date: NaiveDate,
}

impl Equal {
    /// The day on which the instalment after `before` others is due; the calendar's end where there is none.
    fn due_date(&self, before: u32) -> NaiveDate {
        let days = |each: u32| {
            calendar::plus_days(
                self.first_due_date,
                i64::from(each).saturating_mul(i64::from(before)),
            )
        };
        match self.frequency {
            Frequency::Weekly => days(7),
            Frequency::Days(each) => days(each),
            Frequency::Monthly => self
                .first_due_date
                .checked_add_months(Months::new(before))
                .unwrap_or(NaiveDate::MAX),
        }
    }

    /// The instalments of a debt. One that is smaller in minor units than their number is paid in as many as it has.
    pub fn instalments(&self, debt: Money) -> Vec<Instalment> {
        let count = i64::from(self.count).min(debt.minor());
        let each = debt.minor().checked_div(count).unwrap_or(0);
        let larger = debt.minor().checked_rem(count).unwrap_or(0);
        let part = |before: u32| {
            let one_more = i64::from(i64::from(before) < larger);
            Instalment {
                due_date: self.due_date(before),
                amount: Money::new(each.saturating_add(one_more), debt.currency()),
            }
        };
        (0..u32::try_from(count).unwrap_or(0)).map(part).collect()
    }
}

/// What a plan asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Terms {
    /// Equal parts.
    Equal(Equal),
    /// Parts as agreed.
    Free(Vec<Instalment>),
    /// One sum, lower than the debt.
    Settlement(Instalment),
}

/// What a new plan meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meets {
    /// What is owed on the invoices that it covers.
    pub owed: Money,
    /// Whether a plan that is proposed or active covers any of them: a debt is in one plan at a time.
    pub overlaps: bool,
    /// Whether any of them is disputed: first it must be known what is owed.
    pub disputed: bool,
}

/// What a plan is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The debt in parts.
    Instalments,
    /// One sum that is lower.
    Settlement,
}

/// How a debt is to be paid. Its instalments and its discount add up to the debt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What was owed on the invoices that it covers when it was made.
    pub debt: Money,
    /// The parts, the first to fall due first; at least one.
    pub instalments: Vec<Instalment>,
    /// What is given up when they have all come in time.
    pub discount: Money,
    /// The civil day on which it was made.
    pub made_on: NaiveDate,
    /// Days after an instalment's due date on which it is still in time.
    pub grace_days: u32,
}

/// Makes a plan of what was asked for on `today`; every reason against it at once.
pub fn admit(
    input: &PlanInput,
    rules: &Rules,
    meets: Meets,
    today: NaiveDate,
) -> Result<Plan, Vec<FieldError>> {
    let mut problems = Vec::new();
    let mut report = |place: &str, code, detail: String| problems.push(FieldError::new(place, code, detail));
    let owed = meets.owed;
    if !owed.is_positive() {
        report(
            "/invoices",
            "nothing_owed",
            "nothing is owed on what it covers".to_owned(),
        );
    }
    if meets.overlaps {
        let detail = "a plan covers some of it already; cancel that one first";
        report("/invoices", "already_planned", detail.to_owned());
    }
    if meets.disputed {
        let detail = "some of it is disputed; a plan is about what is agreed to be owed";
        report("/invoices", "disputed", detail.to_owned());
    }
    let (place, instalments) = match &input.terms {
        Terms::Equal(equal) => ("/equal", equal.instalments(owed)),
        Terms::Free(parts) => ("/instalments", parts.clone()),
        Terms::Settlement(sum) => ("/settlement", vec![*sum]),
    };
    let paid = Money::checked_sum(owed.currency(), instalments.iter().map(|part| part.amount));
    let discount = paid.and_then(|paid| owed.checked_sub(paid));
    match (&discount, &input.terms) {
        (Err(error), _) => report(place, error.code(), error.to_string()),
        // What is not owed has been said already.
        _ if !owed.is_positive() => {}
        (Ok(discount), Terms::Settlement(_)) if !discount.is_positive() => {
            let detail = format!("a settlement is less than the {owed} that is owed");
            report("/settlement/amount", "no_discount", detail);
        }
        (Ok(rest), Terms::Free(_)) if !rest.is_zero() => {
            let detail =
                format!("the instalments do not add up to the {owed} that is owed, but leave {rest}");
            report(place, "wrong_sum", detail);
        }
        _ => {}
    }
    let dates = || instalments.iter().map(|part| part.due_date);
    if let Some(first) = dates().min().filter(|first| *first < today) {
        report(place, "in_the_past", format!("{first} is over; today is {today}"));
    }
    let latest = calendar::plus_days(today, i64::from(rules.max_days));
    if let Some(last) = dates().max().filter(|last| *last > latest) {
        let detail = format!("the policy lets a plan last until {latest}, not until {last}");
        report(place, "too_far", detail);
    }
    if instalments.len() > rules.max_instalments {
        let (count, most) = (instalments.len(), rules.max_instalments);
        let detail = format!("the policy allows {most} instalments, not {count}");
        report(place, "too_many_instalments", detail);
    }
    match discount {
        Ok(discount) if problems.is_empty() => Ok(Plan {
            debt: owed,
            instalments,
            discount,
            made_on: today,
            grace_days: input.grace_days.unwrap_or(rules.grace_days),
        }),
        _ => Err(problems),
    }
}

/// How a plan stands, by the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// Under way: this instalment, counted from 0, is the next to be met.
    Active {
        /// Its place.
        next: usize,
    },
    /// All of it came in time.
    Completed {
        /// The value date of the money that made it complete.
        on: NaiveDate,
    },
    /// An instalment was not met.
    Broken {
        /// The first day on which it was too late.
        on: NaiveDate,
        /// Its place, counted from 0.
        missed: usize,
    },
    /// Nothing is left to be paid, and nobody has paid it.
    Void,
}

/// How an instalment stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Filled {
    /// When and how much.
    #[serde(flatten)]
    pub instalment: Instalment,
    /// How much of it the money has filled.
    pub paid: Money,
    /// Whether it came by its day: `None` while there is time.
    pub in_time: Option<bool>,
}

impl Plan {
    /// What it is called.
    pub fn kind(&self) -> Kind {
        if self.discount.is_positive() {
            Kind::Settlement
        } else {
            Kind::Instalments
        }
    }

    /// The last day on which an instalment is in time.
    pub fn deadline(&self, instalment: &Instalment) -> NaiveDate {
        calendar::plus_days(instalment.due_date, i64::from(self.grace_days))
    }

    /// How it stands at the end of `today`, by what was `received` on the invoices that it covers: every line that was
    /// recorded since the plan was made.
    pub fn judge(&self, received: &[Received], today: NaiveDate) -> Judged {
        let tally = Tally::new(self.debt, self.made_on, received);
        let mut all: i128 = 0;
        let mut last = (self.made_on, 0);
        for (place, part) in self.instalments.iter().enumerate() {
            all = all.saturating_add(i128::from(part.amount.minor()));
            let deadline = self.deadline(part);
            let needed = tally.needed(all, deadline);
            if tally.money_until(deadline) < needed {
                return if today > deadline {
                    let on = calendar::plus_days(deadline, 1);
                    Judged::Broken { on, missed: place }
                } else {
                    Judged::Active { next: place }
                };
            }
            last = (deadline, needed);
        }
        let (deadline, needed) = last;
        match tally.reached(needed, deadline) {
            Some(on) => Judged::Completed { on },
            None => Judged::Void,
        }
    }

    /// The instalments as the money has filled them, in their order.
    pub fn filled(&self, received: &[Received], today: NaiveDate) -> Vec<Filled> {
        let tally = Tally::new(self.debt, self.made_on, received);
        let paid = tally.money_until(NaiveDate::MAX);
        let mut before: i128 = 0;
        let mut filled = Vec::with_capacity(self.instalments.len());
        for part in &self.instalments {
            let amount = i128::from(part.amount.minor());
            let all = before.saturating_add(amount);
            let deadline = self.deadline(part);
            let met = tally.money_until(deadline) >= tally.needed(all, deadline);
            filled.push(Filled {
                instalment: *part,
                paid: received::money(
                    paid.saturating_sub(before).clamp(0, amount),
                    part.amount.currency(),
                ),
                in_time: Some(met).filter(|met| *met || today > deadline),
            });
            before = all;
        }
        filled
    }

    /// The discount to be given when it is completed and `balance` is left: never more than was agreed, nor than is owed.
    pub fn discount_on(&self, balance: Money) -> Result<Money, MoneyError> {
        let least = Money::zero(self.discount.currency());
        let given = self.discount.checked_min(balance)?;
        Ok(if given.is_negative() { least } else { given })
    }
}

/// Where a plan stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Waits for approval; the debt is dunned as ever.
    Proposed,
    /// Under way; the debt is not dunned.
    Active,
    /// All of it came in time.
    Completed,
    /// An instalment was missed.
    Broken,
    /// Refused, taken back by hand, or void.
    Cancelled,
}

/// What a person decides about a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Act {
    /// Agree to it.
    Approve,
    /// Do not agree to it.
    Refuse,
    /// Give it up.
    Cancel,
}

/// What each act makes of each status; what is not here cannot be done.
const TABLE: &[(Act, Status, Status)] = &[
    (Act::Approve, Status::Proposed, Status::Active),
    (Act::Refuse, Status::Proposed, Status::Cancelled),
    (Act::Cancel, Status::Proposed, Status::Cancelled),
    (Act::Cancel, Status::Active, Status::Cancelled),
];

names! {
    Status {
        "proposed" => Proposed,
        "active" => Active,
        "completed" => Completed,
        "broken" => Broken,
        "cancelled" => Cancelled,
    }
}

impl Status {
    /// What a person's act makes of it; `None` where it cannot be done.
    pub fn after(self, act: Act) -> Option<Status> {
        TABLE
            .iter()
            .find(|(does, from, _)| *does == act && *from == self)
            .map(|(_, _, to)| *to)
    }

    /// What a judgement makes of it. What waits for approval or was cancelled is not judged.
    pub fn judged(self, judged: &Judged) -> Status {
        match (self, judged) {
            (Status::Proposed | Status::Cancelled, _) => self,
            (_, Judged::Active { .. }) => Status::Active,
            (_, Judged::Completed { .. }) => Status::Completed,
            (_, Judged::Broken { .. }) => Status::Broken,
            (_, Judged::Void) => Status::Cancelled,
        }
    }
}

#[cfg(test)]
mod tests;

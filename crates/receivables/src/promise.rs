//! Promises to pay: how much, by when, and whether the money came.
//!
//! # Shape
//!
//! A promise covers some invoices, or all that an account owes in one currency. Until its last day, the grace included,
//! what it covers is not dunned. [`admit`] makes one of what a customer says, [`Promise::judge`] tells how it stands.
//!
//! # Rules
//!
//! - The money decides, by its value date ([`crate::received`]). A promise is **kept** when the promised amount came
//!   between the day it was made and its last day, in one payment or several. Part of it is not kept.
//! - It is **broken** from the day after its last day on. It stays so whatever comes later, unless money turns up that
//!   was there in time.
//! - Money that is taken back never came: a kept promise whose payment bounces is open or broken again.
//! - Credits pay nothing, but lower what must be paid: nobody has to keep a promise about what is no longer owed. Where
//!   nothing is left to be paid by anybody, the promise is **void**, and no mark against the customer.
//!
//! Source: Dunlin's own.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::calendar;
use crate::currency::Currency;
use crate::fields::{FieldError, Fields, kinds};
use crate::id::InvoiceId;
use crate::intake::CustomerRef;
use crate::limits;
use crate::money::Money;
use crate::names::names;
use crate::received::{self, Received, Tally};

/// The template of the letter that confirms a promise.
pub const CONFIRMATION_TEMPLATE: &str = "promise_confirmation";

/// The template of the letter about a broken promise.
pub const BROKEN_TEMPLATE: &str = "promise_broken";

/// The template of the letter that recalls a promise before its day.
pub const REMINDER_TEMPLATE: &str = "promise_reminder";

/// What a policy says about promises. In JSON
/// `{"max_days": 30, "grace_days": 2, "max_open": 3, "confirm": true, "remind_days": 1, "broken_step"?: "<template>"}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// How many days ahead a customer may promise, at most.
    pub max_days: u32,
    /// Days after the promised one on which the money is still in time.
    pub grace_days: u32,
    /// How many promises may be open at a time, per customer and currency.
    pub max_open: usize,
    /// Whether the customer gets a letter that confirms what was promised.
    pub confirm: bool,
    /// How many days before the promised one the customer is reminded of it, unless that is the day of the promise. Where
    /// the policy acts on business days only, on the last of them up to that day.
    pub remind_days: u32,
    /// The template of the message that a broken promise triggers, where one is wanted: [`BROKEN_TEMPLATE`] or one of a
    /// step's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub broken_step: Option<String>,
}

impl Default for Rules {
    /// A month ahead, two days of grace, three at a time, confirmed and recalled the day before; dunning resumes without a
    /// message of its own.
    fn default() -> Rules {
        Rules {
            max_days: 30,
            grace_days: 2,
            max_open: 3,
            confirm: true,
            remind_days: 1,
            broken_step: None,
        }
    }
}

impl Rules {
    /// Reads the inside of a policy's `promises`. Whether there is a template of the name is for the policy to judge.
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let standard = Rules::default();
        let max_days = fields.optional("max_days", kinds::integer(limits::PROMISE_DAYS));
        let grace_days = fields.optional("grace_days", kinds::integer(limits::GRACE_DAYS));
        let max_open = fields.optional("max_open", kinds::integer(limits::OPEN_PROMISES));
        let confirm = fields.optional("confirm", kinds::boolean);
        let remind_days = fields.optional("remind_days", kinds::integer(limits::REMIND_DAYS));
        let broken_step = fields.optional("broken_step", kinds::slug);
        Some(Rules {
            max_days: max_days
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(standard.max_days),
            grace_days: grace_days
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(standard.grace_days),
            max_open: max_open
                .and_then(|n| usize::try_from(n).ok())
                .unwrap_or(standard.max_open),
            confirm: confirm.unwrap_or(standard.confirm),
            remind_days: remind_days
                .and_then(|n| u32::try_from(n).ok())
                .unwrap_or(standard.remind_days),
            broken_step,
        })
    }
}

/// A promise as it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PromiseInput {
    /// Who promises.
    pub customer: CustomerRef,
    /// What for; none means all that the account owes.
    pub invoices: Vec<InvoiceId>,
    /// How much; none means all that is owed on it.
    pub amount: Option<Money>,
    /// The account's currency, where neither an amount nor an invoice tells it.
    pub currency: Option<Currency>,
    /// The day by which the money is to be here.
    pub promised_on: NaiveDate,
    /// Days of grace; none means the policy's.
    pub grace_days: Option<u32>,
    /// What was said.
    pub note: Option<String>,
}

impl PromiseInput {
    /// Reads a promise; every problem at once.
    pub fn parse(value: &Value) -> Result<PromiseInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let customer = fields.object("customer", CustomerRef::read);
        let invoices = invoices(&mut fields);
        let amount = fields.optional("amount", kinds::positive_money);
        let currency = fields.optional("currency", kinds::currency);
        if let (Some(amount), Some(currency)) = (amount, currency)
            && amount.currency() != currency
        {
            let detail = format!("the amount is in {}, not in {currency}", amount.currency());
            fields.report("currency", "currency_mismatch", detail);
        }
        let promised_on = fields.required("promised_on", kinds::date);
        let grace_days = grace_days(&mut fields);
        let note = fields.optional("note", kinds::lines(limits::TEXT));
        fields.finish(|| {
            Some(PromiseInput {
                customer: customer?,
                invoices,
                amount,
                currency: currency.or(amount.map(|amount| amount.currency())),
                promised_on: promised_on?,
                grace_days,
                note,
            })
        })
    }
}

/// The invoices that an agreement names, each once.
pub(crate) fn invoices(fields: &mut Fields<'_>) -> Vec<InvoiceId> {
    let invoices = fields.values(
        "invoices",
        limits::AGREEMENT_INVOICES,
        kinds::id(InvoiceId::parse),
    );
    let mut distinct: Vec<&InvoiceId> = invoices.iter().collect();
    distinct.sort();
    distinct.dedup();
    if distinct.len() < invoices.len() {
        fields.report("invoices", "duplicate", "an invoice is named twice");
    }
    invoices
}

/// An agreement's own days of grace.
pub(crate) fn grace_days(fields: &mut Fields<'_>) -> Option<u32> {
    let days = fields.optional("grace_days", kinds::integer(limits::GRACE_DAYS));
    days.and_then(|days| u32::try_from(days).ok())
}

/// What a new promise meets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Meets {
    /// What is owed on the invoices that it covers.
    pub owed: Money,
    /// How many promises of the account are open.
    pub open: usize,
    /// Whether one of them covers any of the same invoices: the same money cannot keep two.
    pub overlaps: bool,
}

/// A promise to pay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Promise {
    /// How much.
    pub amount: Money,
    /// What was owed on the invoices that it covers when it was made.
    pub debt: Money,
    /// The civil day on which it was made.
    pub made_on: NaiveDate,
    /// The day by which the money is to be here.
    pub promised_on: NaiveDate,
    /// Days after it on which it still is in time.
    pub grace_days: u32,
}

/// Makes a promise of what a customer says on `today`; every reason against it at once.
pub fn admit(
    input: &PromiseInput,
    rules: &Rules,
    meets: Meets,
    today: NaiveDate,
) -> Result<Promise, Vec<FieldError>> {
    let mut problems = Vec::new();
    let amount = input.amount.unwrap_or(meets.owed);
    if !meets.owed.is_positive() {
        problems.push(FieldError::new(
            "/invoices",
            "nothing_owed",
            "nothing is owed on what it covers",
        ));
    } else {
        match meets.owed.checked_sub(amount) {
            Err(error) => problems.push(FieldError::new("/amount", error.code(), error.to_string())),
            Ok(rest) if rest.is_negative() => {
                let detail = format!("{amount} is more than the {} that is owed", meets.owed);
                problems.push(FieldError::new("/amount", "more_than_owed", detail));
            }
            Ok(_) => {}
        }
    }
    let latest = calendar::plus_days(today, i64::from(rules.max_days));
    if input.promised_on < today {
        let detail = format!("{} is over; today is {today}", input.promised_on);
        problems.push(FieldError::new("/promised_on", "in_the_past", detail));
    } else if input.promised_on > latest {
        let detail = format!(
            "the policy takes promises until {latest}, {} days ahead",
            rules.max_days
        );
        problems.push(FieldError::new("/promised_on", "too_far", detail));
    }
    if meets.open >= rules.max_open {
        let detail = format!(
            "{} promises are open, and the policy allows {}",
            meets.open, rules.max_open
        );
        problems.push(FieldError::new("", "too_many_promises", detail));
    }
    if meets.overlaps {
        let detail = "an open promise covers some of it already; cancel that one first";
        problems.push(FieldError::new("/invoices", "already_promised", detail));
    }
    if problems.is_empty() {
        Ok(Promise {
            amount,
            debt: meets.owed,
            made_on: today,
            promised_on: input.promised_on,
            grace_days: input.grace_days.unwrap_or(rules.grace_days),
        })
    } else {
        Err(problems)
    }
}

/// How a promise stands, by the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judged {
    /// There is time left.
    Open {
        /// What is still missing; more than nothing.
        missing: Money,
    },
    /// The money came in time; since the end of this day.
    Kept {
        /// The value date of the money that made it complete.
        on: NaiveDate,
    },
    /// It did not.
    Broken {
        /// The first day on which it was too late.
        on: NaiveDate,
        /// What was missing then; more than nothing.
        missing: Money,
    },
    /// Nothing is left to be paid, and nobody has paid it.
    Void,
}

impl Promise {
    /// The last day on which the money is in time, and on which what it covers is not dunned.
    pub fn until(&self) -> NaiveDate {
        calendar::plus_days(self.promised_on, i64::from(self.grace_days))
    }

    /// How it stands at the end of `today`, by what was `received` on the invoices that it covers: every line that was
    /// recorded since the promise was made.
    pub fn judge(&self, received: &[Received], today: NaiveDate) -> Judged {
        let tally = Tally::new(self.debt, self.made_on, received);
        let until = self.until();
        let needed = tally.needed(i128::from(self.amount.minor()), until);
        if let Some(on) = tally.reached(needed, until) {
            return Judged::Kept { on };
        }
        let missing = needed.saturating_sub(tally.money_until(until));
        let missing = received::money(missing, self.amount.currency());
        if needed == 0 {
            Judged::Void
        } else if today > until {
            let on = calendar::plus_days(until, 1);
            Judged::Broken { on, missing }
        } else {
            Judged::Open { missing }
        }
    }
}

/// Where a promise stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// There is time left.
    Open,
    /// The money came in time.
    Kept,
    /// It did not.
    Broken,
    /// Taken back by hand, or void.
    Cancelled,
}

names! {
    Status {
        "open" => Open,
        "kept" => Kept,
        "broken" => Broken,
        "cancelled" => Cancelled,
    }
}

impl Status {
    /// What a judgement makes of it. What was cancelled is judged no more.
    pub fn judged(self, judged: &Judged) -> Status {
        match (self, judged) {
            (Status::Cancelled, _) | (_, Judged::Void) => Status::Cancelled,
            (_, Judged::Open { .. }) => Status::Open,
            (_, Judged::Kept { .. }) => Status::Kept,
            (_, Judged::Broken { .. }) => Status::Broken,
        }
    }

    /// Whether it can be cancelled by hand: while it is open. What the money has decided is no longer anybody's choice.
    pub fn cancellable(self) -> bool {
        self == Status::Open
    }
}

#[cfg(test)]
mod tests;

//! Dunning policies: which words are due to a customer, when, and over which channel.
//!
//! Shape: that of the API. A policy has steps of two kinds. A *per-invoice* step counts from each invoice's
//! own due date and comes before it. A *case* step counts from the due date of the carrying invoice, the
//! oldest that is overdue, and comes after it. A step says something, or has something done, or both; what is
//! done *to* a customer (suspended, handed over) is announced by a message first. Refused, with every reason
//! at once ([`Policy::parse`]): what could not work, such as unordered days, a template that does not exist, an
//! act that nothing announces.
//!
//! Source: Dunlin's own rule.

use chrono::NaiveTime;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

use crate::amounts::Amounts;
use crate::channel::Channel;
use crate::charges::{Charge, Fee};
use crate::currency::Currency;
use crate::intake::ContactRole;
use crate::limits;
use crate::money::Money;
use crate::names::names;
use crate::template::Tone;
use crate::{allocation, approval, credit, dispute, notice, plan, promise, recipient, task};

pub mod assign;
mod read;

/// The templates that a step may say: those of [`crate::template::TEMPLATES`] that are for policies.
pub const TEMPLATES: &[&str] = &[
    "pre_due",
    "friendly",
    "firm",
    "final",
    "late_fee",
    "suspension_warning",
    "hand_over_notice",
];

/// What becomes of steps whose day passed while nothing ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Only the latest step due is taken; those before it are marked as skipped and never sent. A step that announces
    /// a suspension or a hand-over is not skipped for one that does not.
    #[default]
    Latest,
    /// Each is taken in its turn, one a day at most and as far apart as the policy wants messages to be.
    All,
    /// None is: the next to be taken is the one whose day is still to come. Missed is also what an invoice would have been
    /// told while another carried or too little was owed: nothing records why a day passed.
    Skip,
}

/// What is done to a customer who has been warned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    /// Deliveries and services stop until what is overdue is paid.
    Suspend,
    /// An agency takes over.
    HandOver,
}

names! {
    Act {
        "suspend" => Suspend,
        "hand_over" => HandOver,
    }
}

/// What follows a step unless the customer pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Then {
    /// Days from the sending of the step's message.
    pub after_days: u32,
    /// What is done.
    pub act: Act,
}

/// What a person is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Errand {
    /// Call the customer.
    Call,
    /// Write a letter by hand.
    Letter,
    /// Look at the account.
    Review,
}

names! {
    Errand {
        "call" => Call,
        "letter" => Letter,
        "review" => Review,
    }
}

/// A document that goes with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Attachment {
    /// The PDF of each invoice that it lists.
    Invoice,
    /// The electronic invoice (UBL or CII) of each that it lists.
    Ubl,
    /// A statement of the account, made when the message leaves.
    Statement,
}

names! {
    Attachment {
        "invoice" => Invoice,
        "ubl" => Ubl,
        "statement" => Statement,
    }
}

/// One step of a policy. It says something, or has something done, or both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name within the policy.
    pub id: String,
    /// Days from the due date; negative before it.
    pub day: i32,
    /// Whether it counts from each invoice's own due date, and so comes before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub per_invoice: bool,
    /// Over which channels it says something, the first first; none: it says nothing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Channel>,
    /// Name of the template, where it says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// The tone that it speaks in; without one, its template's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tone: Option<Tone>,
    /// The roles it is written to, the first first; none: who is named for its purpose, then billing.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub to: Vec<ContactRole>,
    /// Documents without which its message does not leave.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub attach: Vec<Attachment>,
    /// Who on our side is told.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<String>,
    /// The fee for what is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fee: Option<Fee>,
    /// The interest that is posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub charge: Option<Charge>,
    /// What a person is to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub task: Option<Errand>,
    /// What follows unless the customer pays: this step's message announces it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub then: Option<Then>,
    /// What is done on this step, announced by an earlier one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub act: Option<Act>,
    /// The step that announces the act; without it, the last before it that says something.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub announced_by: Option<String>,
    /// Days between the announcement and the act, at least; without it, [`limits::NOTICE_DAYS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub notice_days: Option<u32>,
    /// Who has to agree before it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub approval: Option<String>,
}

/// An act of a policy, with what has to come before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Announced<'a> {
    /// The step that asks for it.
    pub step: &'a Step,
    /// What is done.
    pub act: Act,
    /// The step whose message announces it.
    pub by: &'a Step,
    /// Days from the due date before which it is not done.
    pub day: i32,
    /// Days between the announcement and the act, at least.
    pub notice_days: u32,
}

/// A dunning policy. Its steps are ordered by day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
// The unit that is written to is always the customer, never the single invoice.
#[serde(tag = "unit", rename = "customer")]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// Local time of day from which on it acts.
    #[serde(serialize_with = "hours_and_minutes")]
    pub send_at: NaiveTime,
    /// Whether it acts on business days of the customer's country only.
    pub business_days_only: bool,
    /// Sums below which a customer is not dunned: of what remains of its overdue invoices.
    pub min_balance: Amounts,
    /// Civil days between two messages, at least.
    pub min_days_between_contacts: u32,
    /// Messages about an overdue invoice, at most.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_attempts: Option<u32>,
    /// What becomes of steps that were missed.
    pub catch_up: CatchUp,
    /// Whether an invoice that takes over is begun with again, whatever was said of it while another carried.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub restart: bool,
    /// Whether per-invoice steps run while the customer owes an older, overdue invoice.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub pre_due_while_overdue: bool,
    /// What holds of disputes.
    #[serde(skip_serializing_if = "is_default")]
    pub disputes: dispute::Rules,
    /// What holds of promises to pay.
    #[serde(skip_serializing_if = "is_default")]
    pub promises: promise::Rules,
    /// What holds of instalment plans and settlements.
    #[serde(skip_serializing_if = "is_default")]
    pub plans: plan::Rules,
    /// When a second person has to agree.
    #[serde(skip_serializing_if = "is_default")]
    pub approvals: approval::Rules,
    /// How people try to reach a customer.
    #[serde(skip_serializing_if = "is_default")]
    pub tasks: task::Rules,
    /// What happens to orders beyond the credit limit.
    #[serde(skip_serializing_if = "is_default")]
    pub credit: credit::Rules,
    /// Whom messages may go to.
    #[serde(skip_serializing_if = "is_default")]
    pub recipients: recipient::Rules,
    /// Addresses of those on our own side whom steps tell, by the name in `notify`; `sales` is the customer's own sales
    /// contact where it has one.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub colleagues: BTreeMap<String, String>,
    /// Where money goes, and what small differences are let go.
    #[serde(skip_serializing_if = "is_default")]
    pub cash: allocation::Rules,
    /// Which notices go out, and how.
    #[serde(skip_serializing_if = "is_default")]
    pub notices: notice::Rules,
    /// When a statement of account goes out each month; none: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub statements: Option<notice::statement::Rules>,
    /// Its steps, the earliest first.
    pub steps: Vec<Step>,
}

impl Policy {
    /// The policy for customers that have none of their own, as long as nobody has put another in its place.
    pub fn standard() -> Policy {
        let step = |id: &str, day: i32, template: &str| Step {
            id: id.to_owned(),
            day,
            per_invoice: day < 0,
            channels: vec![Channel::Email],
            template: Some(template.to_owned()),
            ..Step::default()
        };
        Policy {
            name: Policy::STANDARD.to_owned(),
            send_at: NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default(),
            business_days_only: true,
            min_balance: Currency::parse("EUR")
                .map(|eur| Money::new(1_000, eur))
                .into_iter()
                .collect(),
            min_days_between_contacts: 3,
            max_attempts: None,
            catch_up: CatchUp::Latest,
            restart: false,
            pre_due_while_overdue: false,
            disputes: dispute::Rules::default(),
            promises: promise::Rules::default(),
            plans: plan::Rules::default(),
            approvals: approval::Rules::default(),
            tasks: task::Rules::default(),
            credit: credit::Rules::default(),
            cash: allocation::Rules::default(),
            recipients: recipient::Rules::default(),
            colleagues: BTreeMap::new(),
            notices: notice::Rules::default(),
            statements: None,
            steps: vec![
                step("pre_due", -5, "pre_due"),
                step("reminder", 1, "friendly"),
                step("firm", 14, "firm"),
            ],
        }
    }

    /// The name of the policy for customers that have none of their own.
    pub const STANDARD: &'static str = "standard";

    /// The step of a name.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The steps of one kind that say something, the earliest first.
    pub fn messages(&self, per_invoice: bool) -> impl DoubleEndedIterator<Item = &Step> {
        self.steps
            .iter()
            .filter(move |step| step.per_invoice == per_invoice && step.says_something())
    }

    /// The steps that say nothing and have something done, the earliest first.
    pub fn errands(&self) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(|step| !step.says_something() && step.act.is_none())
    }

    /// What is done to a customer who was warned, in the order of the policy.
    pub fn acts(&self) -> impl Iterator<Item = Announced<'_>> {
        self.steps.iter().filter_map(|step| match (step.then, step.act) {
            (Some(then), _) => Some(Announced {
                step,
                act: then.act,
                by: step,
                day: step.day,
                notice_days: then.after_days,
            }),
            (None, Some(act)) => Some(Announced {
                step,
                act,
                by: self.announcing(step)?,
                day: step.day,
                notice_days: step.notice_days.unwrap_or(limits::NOTICE_DAYS),
            }),
            (None, None) => None,
        })
    }

    /// Whether a step's message announces an act.
    pub fn announces(&self, step: &Step) -> bool {
        self.acts().any(|announced| announced.by.id == step.id)
    }

    /// The step that announces the act of another: the one it names, or the last before it that says something.
    fn announcing(&self, act: &Step) -> Option<&Step> {
        self.messages(false)
            .filter(|step| step.day < act.day)
            .rfind(|step| act.announced_by.as_ref().is_none_or(|named| *named == step.id))
    }

    /// The sum, in minor units, below which a customer is not dunned.
    pub fn min_balance_minor(&self, currency: Currency) -> i64 {
        self.min_balance.get(currency).map_or(0, |least| least.minor())
    }
}

impl Step {
    /// Whether a message goes out on it.
    pub fn says_something(&self) -> bool {
        !self.channels.is_empty()
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

fn hours_and_minutes<S: Serializer>(time: &NaiveTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format("%H:%M"))
}

#[cfg(test)]
mod tests;

//! Dunning policies: which words are due to a customer, when, and over which channel.
//!
//! Shape: that of the API. A policy has steps of two kinds. A *per-invoice* step counts from each invoice's
//! own due date and comes before it. A *case* step counts from the due date of the carrying invoice, the
//! oldest that is overdue, and comes after it. Refused, with every reason at once: what could not work
//! (unordered days, a template that does not exist) and what nothing here would carry out (fees, tasks,
//! other ways to catch up), since a policy that silently does less than it says is worse than none.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::channel::Channel;
use crate::currency::Currency;
use crate::fields::{self, FieldError, Fields, Problem, kinds};
use crate::limits;
use crate::money::Money;

/// The templates that messages can be made from.
pub const TEMPLATES: &[&str] = &["pre_due", "friendly", "firm"];

/// What a step of the published shape may ask for that nothing carries out yet.
const NOT_YET: &[&str] = &["notify", "fee", "charge", "task", "then", "act", "approval"];

/// What becomes of steps whose day passed while nothing ran.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CatchUp {
    /// Only the latest step due is taken; those before it are marked as skipped and never sent.
    Latest,
}

/// One step of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// Its name within the policy.
    pub id: String,
    /// Days from the due date; negative before it.
    pub day: i32,
    /// Whether it counts from each invoice's own due date, and so comes before it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub per_invoice: bool,
    /// Over which channels, the first first.
    pub channels: Vec<Channel>,
    /// Name of the template.
    pub template: String,
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
    /// Whether it acts from Monday to Friday only.
    pub business_days_only: bool,
    /// Overdue sums, in minor units, below which a customer is not dunned.
    #[serde(serialize_with = "amounts")]
    pub min_balance: BTreeMap<Currency, i64>,
    /// Civil days between two messages, at least.
    pub min_days_between_contacts: u32,
    /// What becomes of steps that were missed.
    pub catch_up: CatchUp,
    /// Its steps, the earliest first.
    pub steps: Vec<Step>,
}

impl Policy {
    /// The policy for customers that have none of their own.
    pub fn standard() -> Policy {
        let step = |id: &str, day: i32, template: &str| Step {
            id: id.to_owned(),
            day,
            per_invoice: day < 0,
            channels: vec![Channel::Email],
            template: template.to_owned(),
        };
        Policy {
            name: "standard".to_owned(),
            send_at: NaiveTime::from_hms_opt(9, 0, 0).unwrap_or_default(),
            business_days_only: true,
            min_balance: Currency::parse("EUR")
                .map(|eur| (eur, 1_000))
                .into_iter()
                .collect(),
            min_days_between_contacts: 3,
            catch_up: CatchUp::Latest,
            steps: vec![
                step("pre_due", -5, "pre_due"),
                step("reminder", 1, "friendly"),
                step("firm", 14, "firm"),
            ],
        }
    }

    /// Reads a policy; every problem at once.
    pub fn parse(value: &Value) -> Result<Policy, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let name = fields.required("name", kinds::slug);
        fields.optional("unit", kinds::one_of(&[("customer", ())]));
        let send_at = fields.required("send_at", kinds::time_of_day);
        let business_days_only = fields.required("business_days_only", kinds::boolean);
        let min_balance = min_balance(&mut fields);
        let days = kinds::integer(0..=limits::MAX_DAYS_BETWEEN_CONTACTS);
        let min_days = fields
            .required("min_days_between_contacts", days)
            .and_then(|days| u32::try_from(days).ok());
        let catch_up = fields.optional("catch_up", catch_up).unwrap_or(CatchUp::Latest);
        let before = fields.problems();
        let steps = fields.objects("steps", limits::POLICY_STEPS, Step::read);
        if fields.problems() == before {
            judge_together(&mut fields, &steps);
        }
        fields.finish(|| {
            Some(Policy {
                name: name?,
                send_at: send_at?,
                business_days_only: business_days_only?,
                min_balance,
                min_days_between_contacts: min_days?,
                catch_up,
                steps,
            })
        })
    }

    /// The step of a name.
    pub fn step(&self, id: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// The steps of one kind, the earliest first.
    pub fn steps_of(&self, per_invoice: bool) -> impl DoubleEndedIterator<Item = &Step> {
        self.steps
            .iter()
            .filter(move |step| step.per_invoice == per_invoice)
    }

    /// The overdue sum, in minor units, below which a customer is not dunned.
    pub fn min_balance_minor(&self, currency: Currency) -> i64 {
        self.min_balance.get(&currency).copied().unwrap_or(0)
    }
}

impl Step {
    fn read(fields: &mut Fields<'_>) -> Option<Step> {
        let id = fields.required("id", kinds::slug);
        let day = fields
            .required("day", kinds::integer(limits::STEP_DAYS))
            .and_then(|day| i32::try_from(day).ok());
        let per_invoice = fields.optional("per_invoice", kinds::boolean).unwrap_or(false);
        let channels = fields.values("channels", Channel::NAMES.len(), kinds::one_of(Channel::NAMES));
        let template = fields.required("template", kinds::slug);
        if !fields.has("channels") || channels.is_empty() {
            fields.report("channels", "required", "a step goes over at least one channel");
        }
        if let Some(template) = &template
            && !TEMPLATES.contains(&template.as_str())
        {
            let detail = format!("there is no template `{template}`, only {}", TEMPLATES.join(", "));
            fields.report("template", "unknown_template", detail);
        }
        match day {
            Some(day) if per_invoice && day > 0 => {
                let detail =
                    "a per-invoice step comes on or before the due date; leave `per_invoice` out after it";
                fields.report("day", "out_of_range", detail);
            }
            Some(day) if !per_invoice && day < 1 => {
                let detail =
                    "a step before an invoice is overdue counts from each invoice: set `per_invoice`";
                fields.report("day", "out_of_range", detail);
            }
            _ => {}
        }
        fields.refuse(
            NOT_YET,
            "not_supported",
            "nothing carries this out in this version, so it is refused",
        );
        Some(Step {
            id: id?,
            day: day?,
            per_invoice,
            channels,
            template: template?,
        })
    }
}

/// What can only be judged of all steps together.
fn judge_together(fields: &mut Fields<'_>, steps: &[Step]) {
    if steps.is_empty() {
        fields.report("steps", "required", "a policy without steps does nothing");
    }
    for (at, pair) in steps.windows(2).enumerate() {
        let [earlier, later] = pair else { continue };
        if later.day <= earlier.day {
            let detail = format!(
                "`{}` on day {} does not come after `{}` on day {}; steps are ordered by day, one a day",
                later.id, later.day, earlier.id, earlier.day
            );
            fields.report(
                &format!("steps/{}/day", at.saturating_add(1)),
                "unordered",
                detail,
            );
        }
    }
    for (at, step) in steps.iter().enumerate() {
        if steps.iter().take(at).any(|earlier| earlier.id == step.id) {
            let detail = format!("there is a step `{}` already", step.id);
            fields.report(&format!("steps/{at}/id"), "duplicate", detail);
        }
        if step
            .channels
            .iter()
            .enumerate()
            .any(|(at, channel)| step.channels.iter().take(at).any(|c| c == channel))
        {
            fields.report(
                &format!("steps/{at}/channels"),
                "duplicate",
                "a channel is named twice",
            );
        }
    }
}

fn min_balance(reader: &mut Fields<'_>) -> BTreeMap<Currency, i64> {
    let mut amounts = BTreeMap::new();
    for (code, value) in reader.entries("min_balance") {
        let place = format!("min_balance/{}", fields::token(code));
        let read = Currency::parse(code)
            .map_err(Into::into)
            .and_then(|currency| kinds::money_in(currency)(value));
        match read {
            Ok(money) if money.is_negative() => {
                reader.report(&place, "out_of_range", "a least balance is zero or more")
            }
            Ok(money) => drop(amounts.insert(money.currency(), money.minor())),
            Err(problem) => reader.report(&place, problem.code, problem.detail),
        }
    }
    amounts
}

fn catch_up(value: &Value) -> Result<CatchUp, Problem> {
    let supported = |word: CatchUpWord| match word {
        CatchUpWord::Latest => Ok(CatchUp::Latest),
        CatchUpWord::Other(reason) => Err(Problem::new("not_supported", reason)),
    };
    kinds::one_of(CATCH_UP)(value).and_then(supported)
}

#[derive(Clone, Copy)]
enum CatchUpWord {
    Latest,
    Other(&'static str),
}

const CATCH_UP: &[(&str, CatchUpWord)] = &[
    ("latest", CatchUpWord::Latest),
    (
        "all",
        CatchUpWord::Other(
            "`all` would send several messages in a row for the same invoices; only `latest` works",
        ),
    ),
    (
        "skip",
        CatchUpWord::Other("`skip` would drop a step that one missed day delayed; only `latest` works"),
    ),
];

fn hours_and_minutes<S: Serializer>(time: &NaiveTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&time.format("%H:%M"))
}

fn amounts<S: Serializer>(amounts: &BTreeMap<Currency, i64>, serializer: S) -> Result<S::Ok, S::Error> {
    let mut map = serializer.serialize_map(Some(amounts.len()))?;
    for (currency, minor) in amounts {
        map.serialize_entry(currency, &Money::new(*minor, *currency).amount())?;
    }
    map.end()
}

#[cfg(test)]
mod tests;

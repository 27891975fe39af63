//! Reading a policy, with every problem named at once.
//!
//! Source: Dunlin's own rule.

use serde_json::Value;

use super::{Act, Attachment, CatchUp, Errand, Policy, Step, TEMPLATES, Then};
use crate::amounts::Amounts;
use crate::channel::Channel;
use crate::charges::{Charge, Fee};
use crate::fields::{FieldError, Fields, kinds, token};
use crate::limits;
use crate::template::Tone;
use crate::{allocation, approval, credit, dispute, notice, plan, promise, recipient, task};
use std::collections::BTreeMap;

const CATCH_UP: &[(&str, CatchUp)] = &[
    ("latest", CatchUp::Latest),
    ("all", CatchUp::All),
    ("skip", CatchUp::Skip),
];

impl Policy {
    /// Reads a policy; every problem at once.
    pub fn parse(value: &Value) -> Result<Policy, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let name = fields.required("name", kinds::slug);
        fields.optional("unit", kinds::one_of(&[("customer", ())]));
        let send_at = fields.required("send_at", kinds::time_of_day);
        let business_days_only = fields.required("business_days_only", kinds::boolean);
        let min_balance = Amounts::read_limits(&mut fields, "min_balance");
        let days = kinds::integer(0..=limits::MAX_DAYS_BETWEEN_CONTACTS);
        let min_days = fields
            .required("min_days_between_contacts", days)
            .and_then(|days| u32::try_from(days).ok());
        let max_attempts = fields
            .optional("max_attempts", kinds::integer(1..=limits::MAX_ATTEMPTS))
            .and_then(|attempts| u32::try_from(attempts).ok());
        let catch_up = fields.optional("catch_up", kinds::one_of(CATCH_UP));
        let mut switch = |name| fields.optional(name, kinds::boolean).unwrap_or(false);
        let restart = switch("restart");
        let pre_due_while_overdue = switch("pre_due_while_overdue");
        let disputes = fields.optional_object("disputes", dispute::Rules::read);
        let promises = fields.optional_object("promises", promise::Rules::read);
        let plans = fields.optional_object("plans", plan::Rules::read);
        let approvals = fields.optional_object("approvals", approval::Rules::read);
        let tasks = fields.optional_object("tasks", task::Rules::read);
        let credit = fields.optional_object("credit", credit::Rules::read);
        let cash = fields.optional_object("cash", allocation::Rules::read);
        let recipients = fields.optional_object("recipients", recipient::Rules::read);
        let colleagues = colleagues(&mut fields);
        let notices = fields.optional_object("notices", notice::Rules::read);
        let statements = fields.optional_object("statements", notice::statement::Rules::read);
        let broken_step = promises.as_ref().and_then(|rules| rules.broken_step.as_ref());
        if let Some(template) = broken_step.filter(|template| *template != promise::BROKEN_TEMPLATE) {
            known_template(&mut fields, "promises/broken_step", template);
        }
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
                max_attempts,
                catch_up: catch_up.unwrap_or_default(),
                restart,
                pre_due_while_overdue,
                disputes: disputes.unwrap_or_default(),
                promises: promises.unwrap_or_default(),
                plans: plans.unwrap_or_default(),
                approvals: approvals.unwrap_or_default(),
                tasks: tasks.unwrap_or_default(),
                credit: credit.unwrap_or_default(),
                cash: cash.unwrap_or_default(),
                recipients: recipients.unwrap_or_default(),
                colleagues,
                notices: notices.unwrap_or_default(),
                statements,
                steps,
            })
        })
    }
}

impl Step {
    fn read(fields: &mut Fields<'_>) -> Option<Step> {
        let id = fields.required("id", kinds::slug);
        let day = fields
            .required("day", kinds::integer(limits::STEP_DAYS))
            .and_then(|day| i32::try_from(day).ok());
        let days = || kinds::integer(1..=limits::MAX_NOTICE_DAYS);
        let count = |days: i64| u32::try_from(days).ok();
        let step = Step {
            id: id.clone().unwrap_or_default(),
            day: day.unwrap_or_default(),
            per_invoice: fields.optional("per_invoice", kinds::boolean).unwrap_or(false),
            channels: fields.values("channels", Channel::NAMES.len(), kinds::one_of(Channel::NAMES)),
            template: fields.optional("template", kinds::slug),
            tone: fields.optional("tone", kinds::one_of(Tone::NAMES)),
            to: fields.values(
                "to",
                recipient::ADDRESSED.len(),
                kinds::one_of(recipient::ADDRESSED),
            ),
            attach: fields.values(
                "attach",
                Attachment::NAMES.len(),
                kinds::one_of(Attachment::NAMES),
            ),
            notify: fields.values("notify", limits::NOTIFY, kinds::slug),
            fee: fields.optional_object("fee", Fee::read),
            charge: fields.optional_object("charge", Charge::read),
            task: fields.optional("task", kinds::one_of(Errand::NAMES)),
            then: fields.optional_object("then", |then| {
                let after_days = then.required("after_days", days()).and_then(count);
                let act = then.required("act", kinds::one_of(Act::NAMES));
                Some(Then {
                    after_days: after_days?,
                    act: act?,
                })
            }),
            act: fields.optional("act", kinds::one_of(Act::NAMES)),
            announced_by: fields.optional("announced_by", kinds::slug),
            notice_days: fields.optional("notice_days", days()).and_then(count),
            approval: fields.optional("approval", kinds::slug),
        };
        step.judge_words(fields);
        step.judge_deeds(fields);
        if day.is_some() {
            step.judge_day(fields);
        }
        Some(Step {
            id: id?,
            day: day?,
            ..step
        })
    }

    /// Whether what it says can be said.
    fn judge_words(&self, fields: &mut Fields<'_>) {
        match &self.template {
            Some(template) if !known_template(fields, "template", template) => {}
            Some(_) if !fields.has("channels") || self.channels.is_empty() => {
                fields.report(
                    "channels",
                    "required",
                    "a step with a template goes over at least one channel",
                );
            }
            None if fields.has("channels") && !fields.has("template") => {
                fields.report(
                    "template",
                    "required",
                    "a step that goes over a channel says something",
                );
            }
            _ => {}
        }
        if twice(&self.channels) {
            fields.report("channels", "duplicate", "a channel is named twice");
        }
        if twice(&self.to) {
            fields.report("to", "duplicate", "a role is named twice");
        }
        if twice(&self.attach) {
            fields.report("attach", "duplicate", "a document is named twice");
        }
        for name in ["to", "attach", "tone"] {
            if fields.has(name) && !self.says_something() {
                let detail = format!("`{name}` is for what is said: give the step `channels` and `template`");
                fields.report(name, "out_of_place", detail);
            }
        }
        // On a telephone nothing can be attached.
        let papers = [Channel::Email, Channel::Letter, Channel::Webhook];
        if !self.attach.is_empty() && !self.channels.iter().any(|channel| papers.contains(channel)) {
            let detail = "none of the step's channels carries documents";
            fields.report("attach", "out_of_place", detail);
        }
    }

    /// Whether what it has done can be done.
    fn judge_deeds(&self, fields: &mut Fields<'_>) {
        let deeds = ["channels", "template", "charge", "task", "then", "act"];
        if !deeds.iter().any(|deed| fields.has(deed)) {
            let detail = "a step says something (`channels` and `template`) or has something done (`charge`, \
                 `task`, `act`)";
            fields.report("", "does_nothing", detail);
        }
        if self.fee.is_some() && !self.says_something() {
            let detail = "a fee is for what is said: give the step `channels` and `template`";
            fields.report("fee", "out_of_place", detail);
        }
        if self.then.is_some() && !self.says_something() {
            let detail = "`then` is announced by the step's own message: give it `channels` and `template`";
            fields.report("then", "unannounced", detail);
        }
        let others = ["channels", "then", "charge", "task"];
        if self.act.is_some() && others.iter().any(|other| fields.has(other)) {
            let detail = "an act stands alone: let an earlier step announce it, or use `then`";
            fields.report("act", "out_of_place", detail);
        }
        for name in ["announced_by", "notice_days"] {
            if fields.has(name) && !fields.has("act") {
                fields.report(name, "out_of_place", format!("`{name}` belongs to an `act`"));
            }
        }
        if fields.has("approval") && !fields.has("act") && !fields.has("then") {
            fields.report(
                "approval",
                "out_of_place",
                "what is approved is an `act`, or what a `then` does",
            );
        }
        if self.per_invoice {
            for name in ["fee", "charge", "task", "then", "act"] {
                if fields.has(name) {
                    let detail =
                        format!("before an invoice is overdue nothing but words is due: no `{name}`");
                    fields.report(name, "out_of_place", detail);
                }
            }
        }
    }

    /// Whether it comes at a time at which its kind can.
    fn judge_day(&self, fields: &mut Fields<'_>) {
        if self.per_invoice && self.day > 0 {
            let detail =
                "a per-invoice step comes on or before the due date; leave `per_invoice` out after it";
            fields.report("day", "out_of_range", detail);
        }
        if !self.per_invoice && self.day < 1 {
            let detail = "a step before an invoice is overdue counts from each invoice: set `per_invoice`";
            fields.report("day", "out_of_range", detail);
        }
    }
}

fn twice<T: PartialEq>(values: &[T]) -> bool {
    let again = |(at, value)| values.iter().take(at).any(|earlier| earlier == value);
    values.iter().enumerate().any(again)
}

/// The addresses of `colleagues`, each by its name in `notify`.
fn colleagues(fields: &mut Fields<'_>) -> BTreeMap<String, String> {
    let entries = fields.entries("colleagues");
    if entries.len() > limits::NOTIFY {
        let detail = format!("at most {} colleagues can be named", limits::NOTIFY);
        fields.report("colleagues", "too_many_items", detail);
    }
    let mut known = BTreeMap::new();
    for (name, value) in entries {
        let place = format!("colleagues/{}", token(name));
        let read = kinds::slug(&Value::from(name)).and_then(|name| Ok((name, kinds::email(value)?)));
        match read {
            Ok((name, email)) => drop(known.insert(name, email)),
            Err(problem) => fields.report(&place, problem.code, problem.detail),
        }
    }
    known
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
        let mut earlier = steps.iter().take(at);
        if earlier.clone().any(|earlier| earlier.id == step.id) {
            let detail = format!("there is a step `{}` already", step.id);
            fields.report(&format!("steps/{at}/id"), "duplicate", detail);
        }
        if step.act.is_none() {
            continue;
        }
        let announces = |earlier: &Step| {
            let named = step
                .announced_by
                .as_ref()
                .is_none_or(|named| *named == earlier.id);
            named && !earlier.per_invoice && earlier.says_something() && earlier.day < step.day
        };
        if !earlier.any(announces) {
            let (name, detail) = match &step.announced_by {
                None => (
                    "act",
                    "nothing warns of it: an earlier step must say something first".to_owned(),
                ),
                Some(named) => (
                    "announced_by",
                    format!("`{named}` is no earlier step after the due date that says something"),
                ),
            };
            fields.report(&format!("steps/{at}/{name}"), "unannounced", detail);
        }
    }
}

/// Whether there is a template of a name; where not, that is noted.
fn known_template(fields: &mut Fields<'_>, place: &str, template: &str) -> bool {
    let known = TEMPLATES.contains(&template);
    if !known {
        let detail = format!("there is no template `{template}`, only {}", TEMPLATES.join(", "));
        fields.report(place, "unknown_template", detail);
    }
    known
}

//! What is done besides sending messages: errands on their day, acts after their notice.

use chrono::{DateTime, NaiveDate, Utc};
use serde::{Serialize, Serializer};

use super::case::{Case, day_of_step};
use super::{NextAction, OpenItem, Taken, why};
use crate::calendar;
use crate::id::InvoiceId;
use crate::policy::{Act, Announced, Step};

/// What kind of thing is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeedKind {
    /// What the step names: a task, a charge, a notice to our own people.
    Errand,
    /// Something to the customer, who was warned of it.
    Act(Act),
}

impl Serialize for DeedKind {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            DeedKind::Errand => "errand",
            DeedKind::Act(act) => act.as_str(),
        })
    }
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Deed {
    /// The policy's step.
    pub step: String,
    /// What it is done for once: the carrying invoice ([`OpenItem::cycle`]).
    pub cycle: String,
    /// Of what kind.
    pub kind: DeedKind,
    /// Who has to agree first, where somebody has to.
    pub approval: Option<String>,
    /// The overdue invoices it is about, the oldest first, each once.
    pub invoices: Vec<InvoiceId>,
    /// Why, in a sentence.
    pub why: String,
}

impl Deed {
    pub(super) fn next_action(&self, at: DateTime<Utc>) -> NextAction {
        NextAction {
            at,
            step: self.step.clone(),
            invoices: self.invoices.clone(),
            why: self.why.clone(),
        }
    }
}

impl Case<'_> {
    /// What is to be done on this day, in the policy's order.
    pub(super) fn deeds(&self) -> Vec<Deed> {
        let Some(oldest) = self.overdue.first() else {
            return Vec::new();
        };
        if self.stopped() || !self.worth_it() {
            return Vec::new();
        }
        let errands = self
            .policy
            .errands()
            .filter(|step| day_of_step(oldest, step) <= self.on)
            .map(|step| (step, DeedKind::Errand, why::of_errand(self, oldest, step)));
        let acts = self.policy.acts().filter_map(|announced| {
            let told = told(oldest, &announced).filter(|told| told.sent)?;
            let free = self.act_day(oldest, &announced, told) <= self.on && !self.has(announced.act);
            let told = calendar::day_of(told.at, self.facts.time_zone);
            free.then(|| {
                let why = why::of_act(self, oldest, &announced, told);
                (announced.step, DeedKind::Act(announced.act), why)
            })
        });
        let mut deeds: Vec<(i32, Deed)> = errands
            .chain(acts)
            .filter(|(step, ..)| !self.is_done(step, oldest))
            .map(|(step, kind, why)| (step.day, self.deed(oldest, step, kind, why)))
            .collect();
        deeds.sort_by_key(|(day, _)| *day);
        deeds.into_iter().map(|(_, deed)| deed).collect()
    }

    fn deed(&self, oldest: &OpenItem, step: &Step, kind: DeedKind, why: String) -> Deed {
        Deed {
            step: step.id.clone(),
            cycle: oldest.cycle(),
            kind,
            approval: step.approval.clone(),
            invoices: super::case::ids(self.overdue.iter().copied()),
            why,
        }
    }

    fn is_done(&self, step: &Step, oldest: &OpenItem) -> bool {
        let cycle = oldest.cycle();
        self.facts
            .done
            .iter()
            .any(|(done, of)| *done == step.id && *of == cycle)
    }

    /// Whether an act has its effect already.
    fn has(&self, act: Act) -> bool {
        match act {
            Act::Suspend => self.facts.suspended,
            Act::HandOver => self.facts.handed_over,
        }
    }

    /// The first day of an act whose announcement was made.
    fn act_day(&self, oldest: &OpenItem, announced: &Announced<'_>, told: &Taken) -> NaiveDate {
        let told = calendar::day_of(told.at, self.facts.time_zone);
        let after_notice = calendar::plus_days(told, i64::from(announced.notice_days));
        after_notice.max(calendar::plus_days(oldest.due_on, i64::from(announced.day)))
    }

    /// Whether an act is announced, and has yet to be done once the message has left.
    pub(super) fn act_pending(&self) -> bool {
        self.overdue.first().is_some_and(|oldest| {
            self.policy.acts().any(|announced| {
                told(oldest, &announced).is_some()
                    && !self.is_done(announced.step, oldest)
                    && !self.has(announced.act)
            })
        })
    }
}

/// The message that announced an act and listed the invoice.
pub(super) fn told<'a>(item: &'a OpenItem, announced: &Announced<'_>) -> Option<&'a Taken> {
    item.taken
        .iter()
        .filter(|taken| taken.step == announced.by.id && taken.listed)
        .max_by_key(|taken| taken.at)
}

//! A case on a civil day: which invoices count, which carries, and what is due to be said.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::{CaseFacts, DueStep, NextAction, OpenItem, why};
use crate::calendar;
use crate::policy::{Policy, Step};

/// When a policy acts, in the customer's time.
pub(super) struct Hours<'a> {
    policy: &'a Policy,
    facts: &'a CaseFacts,
}

impl<'a> Hours<'a> {
    pub(super) fn of(policy: &'a Policy, facts: &'a CaseFacts) -> Hours<'a> {
        Hours { policy, facts }
    }

    /// The instant from which on the policy acts on a day.
    pub(super) fn opening(&self, day: NaiveDate) -> DateTime<Utc> {
        calendar::instant_of(day, self.policy.send_at, self.facts.time_zone)
    }

    /// The day for which the policy acts at an instant: today from its send time on, before that the day
    /// before. `None` where it rests: on days it does not allow, and before the send time after one.
    pub(super) fn acting_for(&self, now: DateTime<Utc>) -> Option<NaiveDate> {
        let today = calendar::day_of(now, self.facts.time_zone);
        let acts_on = |day: &NaiveDate| acting_day(self.policy, *day) == *day;
        let day = if now >= self.opening(today) {
            Some(today)
        } else {
            today.pred_opt()
        };
        Some(today).filter(acts_on).and(day).filter(acts_on)
    }

    /// The first send time from a day on.
    pub(super) fn opening_from(&self, day: NaiveDate) -> DateTime<Utc> {
        self.opening(acting_day(self.policy, day))
    }
}

/// The first day from `day` on which the policy acts.
pub(super) fn acting_day(policy: &Policy, day: NaiveDate) -> NaiveDate {
    if policy.business_days_only {
        calendar::business_day_from(day)
    } else {
        day
    }
}

/// The day on which the step comes, counted from an invoice's due date.
pub(super) fn day_of_step(item: &OpenItem, step: &Step) -> NaiveDate {
    calendar::plus_days(item.due_on, i64::from(step.day))
}

/// The day from which on the customer may be written to again.
pub(super) fn pause_ends(policy: &Policy, facts: &CaseFacts) -> Option<NaiveDate> {
    let last = calendar::day_of(facts.last_contact_at?, facts.time_zone);
    Some(calendar::plus_days(
        last,
        i64::from(policy.min_days_between_contacts),
    ))
}

/// The days from `today` on at which a decision can come out differently from the day before, as days on
/// which the policy acts. Everything a decision compares a day with is here.
pub(super) fn days_of_change(policy: &Policy, facts: &CaseFacts, today: NaiveDate) -> BTreeSet<NaiveDate> {
    if facts.hold.is_some() {
        return BTreeSet::new();
    }
    let of_items = facts.items.iter().flat_map(|item| {
        let steps = policy.steps.iter().map(|step| day_of_step(item, step));
        let promise_lapsed = item.promised_until.map(|until| calendar::plus_days(until, 1));
        steps
            .chain(promise_lapsed)
            .chain([calendar::plus_days(item.due_on, 1)])
    });
    of_items
        .chain(pause_ends(policy, facts))
        .chain([today])
        .map(|day| acting_day(policy, day.max(today)))
        .collect()
}

/// What keeps an invoice from being spoken about on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    Paid,
    Disputed,
    Promised(NaiveDate),
}

impl Obstacle {
    pub(super) fn of(facts: &CaseFacts, item: &OpenItem, on: NaiveDate) -> Option<Obstacle> {
        if !item.balance.is_positive() || item.balance.currency() != facts.currency {
            return Some(Obstacle::Paid);
        }
        if item.disputed {
            return Some(Obstacle::Disputed);
        }
        item.promised_until
            .filter(|until| *until >= on)
            .map(Obstacle::Promised)
    }
}

/// What a step has to say about an invoice, and the steps that are passed over for it.
pub(super) struct Word<'a> {
    pub(super) item: &'a OpenItem,
    pub(super) step: &'a Step,
    pub(super) skipped: Vec<&'a Step>,
}

/// A message that is due.
pub(super) struct Outgoing<'a> {
    /// About the invoice that sets the stage.
    pub(super) lead: Word<'a>,
    pub(super) overdue: Vec<&'a OpenItem>,
    pub(super) upcoming: Vec<Word<'a>>,
}

/// A case on a day.
pub(super) struct Case<'a> {
    pub(super) policy: &'a Policy,
    pub(super) facts: &'a CaseFacts,
    pub(super) on: NaiveDate,
    /// Overdue eligible invoices, the carrying one first.
    pub(super) overdue: Vec<&'a OpenItem>,
    /// Eligible invoices that are not overdue, the first to fall due first.
    pub(super) upcoming: Vec<&'a OpenItem>,
}

impl<'a> Case<'a> {
    pub(super) fn on(policy: &'a Policy, facts: &'a CaseFacts, on: NaiveDate) -> Case<'a> {
        let mut eligible: Vec<&OpenItem> = facts
            .items
            .iter()
            .filter(|item| Obstacle::of(facts, item, on).is_none())
            .collect();
        eligible.sort_by_key(|item| (item.due_on, Reverse(item.balance.minor()), &item.invoice));
        let (overdue, upcoming) = eligible.into_iter().partition(|item| item.due_on < on);
        Case {
            policy,
            facts,
            on,
            overdue,
            upcoming,
        }
    }

    /// The same case, acted on when it is `today` already: what has become overdue in between is no longer
    /// spoken about as something that will.
    pub(super) fn seen_on(mut self, today: NaiveDate) -> Case<'a> {
        self.upcoming.retain(|item| item.due_on >= today);
        self
    }

    /// The message that is due for this day.
    pub(super) fn outgoing(&self) -> Option<Outgoing<'a>> {
        if self.facts.hold.is_some() || self.paused_until().is_some() {
            None
        } else {
            self.reached()
        }
    }

    /// The message whose time has come, holds and pauses left aside.
    pub(super) fn reached(&self) -> Option<Outgoing<'a>> {
        let upcoming: Vec<Word<'a>> = self
            .upcoming
            .iter()
            .filter_map(|item| self.word(item, true))
            .collect();
        if self.dunned() {
            let lead = self.word(self.overdue.first()?, false)?;
            return Some(Outgoing {
                lead,
                overdue: self.overdue.clone(),
                upcoming,
            });
        }
        let first = upcoming.first()?;
        let lead = Word {
            item: first.item,
            step: first.step,
            skipped: first.skipped.clone(),
        };
        Some(Outgoing {
            lead,
            overdue: Vec::new(),
            upcoming,
        })
    }

    /// Whether case steps are under way: the overdue sum is worth it, and there are steps left.
    fn dunned(&self) -> bool {
        let steps_left = |item: &&OpenItem| self.open_steps(item, false).next().is_some();
        self.worth_it() && self.overdue.first().is_some_and(steps_left)
    }

    /// Whether what is overdue and not covered reaches the policy's least balance.
    pub(super) fn worth_it(&self) -> bool {
        let uncovered = self.overdue_minor().saturating_sub(self.on_account_minor());
        uncovered > 0 && uncovered >= self.policy.min_balance_minor(self.facts.currency)
    }

    /// Credit on account in minor units.
    pub(super) fn on_account_minor(&self) -> i64 {
        self.facts.on_account.minor().max(0)
    }

    /// The overdue sum in minor units. A sum beyond 64 bits is more than any least balance.
    pub(super) fn overdue_minor(&self) -> i64 {
        self.overdue
            .iter()
            .fold(0, |sum: i64, item| sum.saturating_add(item.balance.minor()))
    }

    /// The day until which the customer is left in peace, where that lies ahead.
    pub(super) fn paused_until(&self) -> Option<NaiveDate> {
        pause_ends(self.policy, self.facts).filter(|until| self.on < *until)
    }

    /// The steps of a kind beyond the last one taken for an invoice.
    fn open_steps(&self, item: &OpenItem, per_invoice: bool) -> impl Iterator<Item = &'a Step> + use<'a> {
        let steps: Vec<&'a Step> = self.policy.steps_of(per_invoice).collect();
        let taken = steps.iter().rposition(|step| item.taken.contains(&step.id));
        steps.into_iter().skip(taken.map_or(0, |at| at.saturating_add(1)))
    }

    /// What the latest step of a kind that has come has to say about an invoice.
    fn word(&self, item: &'a OpenItem, per_invoice: bool) -> Option<Word<'a>> {
        let come = self
            .open_steps(item, per_invoice)
            .take_while(|step| day_of_step(item, step) <= self.on);
        let mut skipped: Vec<&Step> = come.collect();
        let step = skipped.pop()?;
        Some(Word { item, step, skipped })
    }

    /// The steps that a message with the case step `said` takes for an overdue invoice it lists.
    fn taken_for(&self, item: &'a OpenItem, said: &'a Step) -> impl Iterator<Item = &'a Step> {
        self.open_steps(item, false)
            .filter(move |step| step.id == said.id || day_of_step(item, step) <= self.on)
    }
}

impl<'a> Outgoing<'a> {
    /// Every invoice the message lists, overdue ones first.
    pub(super) fn listed(&self) -> impl Iterator<Item = &'a OpenItem> {
        self.overdue
            .iter()
            .copied()
            .chain(self.upcoming.iter().map(|word| word.item))
    }

    pub(super) fn due_step(&self, case: &Case<'a>, hours: &Hours<'_>) -> DueStep {
        let Word { item, step, skipped } = &self.lead;
        let of_overdue = self.overdue.iter().flat_map(|item| {
            case.taken_for(item, step)
                .map(|step| (item.invoice.clone(), step.id.clone()))
        });
        let of_upcoming = self.upcoming.iter().flat_map(|word| {
            let steps = word.skipped.iter().chain([&word.step]);
            steps.map(|step| (word.item.invoice.clone(), step.id.clone()))
        });
        DueStep {
            step: step.id.clone(),
            template: step.template.clone(),
            channels: step.channels.clone(),
            cycle: item.invoice.to_string(),
            carrying: item.invoice.clone(),
            overdue: self.overdue.iter().map(|item| item.invoice.clone()).collect(),
            upcoming: self
                .upcoming
                .iter()
                .map(|word| word.item.invoice.clone())
                .collect(),
            covers: of_overdue.chain(of_upcoming).collect(),
            skipped: skipped.iter().map(|step| step.id.clone()).collect(),
            scheduled_for: hours.opening_from(day_of_step(item, step)),
            why: why::of(case, self),
        }
    }

    pub(super) fn next_action(&self, case: &Case<'a>, at: DateTime<Utc>) -> NextAction {
        NextAction {
            at,
            step: self.lead.step.id.clone(),
            invoices: self.listed().map(|item| item.invoice.clone()).collect(),
            why: why::of(case, self),
        }
    }
}

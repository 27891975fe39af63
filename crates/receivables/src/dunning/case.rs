//! A case on a civil day: which invoices count, which carries, and what is due to be said.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use chrono::{DateTime, NaiveDate, Utc};

use super::{CaseFacts, Cover, DueStep, Hold, NextAction, OpenCharge, OpenItem, Taken, why};
use crate::calendar;
use crate::id::InvoiceId;
use crate::policy::{CatchUp, Policy, Step};

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
        let acts_on = |day: &NaiveDate| acting_day(self.policy, self.facts, *day) == *day;
        let day = if now >= self.opening(today) {
            Some(today)
        } else {
            today.pred_opt()
        };
        Some(today).filter(acts_on).and(day).filter(acts_on)
    }

    /// The first send time from a day on.
    pub(super) fn opening_from(&self, day: NaiveDate) -> DateTime<Utc> {
        self.opening(acting_day(self.policy, self.facts, day))
    }
}

/// The first day from `day` on which the policy acts.
pub(super) fn acting_day(policy: &Policy, facts: &CaseFacts, day: NaiveDate) -> NaiveDate {
    if policy.business_days_only {
        facts.rest.all().business_day_from(day)
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
    let next_day = |day: NaiveDate| calendar::plus_days(day, 1);
    let end_of = |hold: &Option<Hold>| hold.as_ref().and_then(|hold| hold.until).map(next_day);
    let mut days = vec![today];
    days.extend(pause_ends(policy, facts));
    days.extend(end_of(&facts.hold));
    for item in &facts.items {
        days.extend(policy.steps.iter().map(|step| day_of_step(item, step)));
        days.extend(item.promised_until.map(next_day));
        days.extend(end_of(&item.hold));
        days.push(next_day(item.due_on));
        for taken in &item.taken {
            let on = calendar::day_of(taken.at, facts.time_zone);
            days.push(next_day(on));
            let notices = policy.acts().filter(|announced| announced.by.id == taken.step);
            days.extend(notices.map(|announced| calendar::plus_days(on, i64::from(announced.notice_days))));
        }
    }
    days.into_iter()
        .map(|day| acting_day(policy, facts, day.max(today)))
        .collect()
}

/// The ids of invoices, each once, in their order.
pub(super) fn ids<'a>(items: impl Iterator<Item = &'a OpenItem>) -> Vec<InvoiceId> {
    let mut ids = Vec::new();
    for item in items {
        if !ids.contains(&item.invoice) {
            ids.push(item.invoice.clone());
        }
    }
    ids
}

/// What keeps an invoice from being spoken about on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Obstacle<'a> {
    Paid,
    Disputed,
    Promised(NaiveDate),
    Planned,
    Held(&'a Hold),
}

impl<'a> Obstacle<'a> {
    pub(super) fn of(
        policy: &Policy,
        facts: &CaseFacts,
        item: &'a OpenItem,
        on: NaiveDate,
    ) -> Option<Obstacle<'a>> {
        if !item.balance.is_positive() || item.balance.currency() != facts.currency {
            return Some(Obstacle::Paid);
        }
        if item.disputed.is_positive() && (!policy.disputes.dun_undisputed || asked_minor(item) <= 0) {
            return Some(Obstacle::Disputed);
        }
        if let Some(until) = item.promised_until.filter(|until| *until >= on) {
            return Some(Obstacle::Promised(until));
        }
        if item.planned {
            return Some(Obstacle::Planned);
        }
        item.hold.as_ref().filter(|hold| hold.on(on)).map(Obstacle::Held)
    }
}

/// What may be asked for: the undisputed part, in minor units.
pub(super) fn asked_minor(item: &OpenItem) -> i64 {
    item.balance.minor().saturating_sub(item.disputed.minor())
}

/// What a step has to say about an invoice, and the steps that are passed over for it.
pub(super) struct Word<'a> {
    pub(super) item: &'a OpenItem,
    pub(super) step: &'a Step,
    pub(super) skipped: Vec<&'a Step>,
}

impl<'a> Word<'a> {
    fn only(item: &'a OpenItem, step: &'a Step) -> Word<'a> {
        Word {
            item,
            step,
            skipped: Vec::new(),
        }
    }
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
            .filter(|item| Obstacle::of(policy, facts, item, on).is_none())
            .collect();
        eligible.sort_by_key(|item| (item.due_on, Reverse(asked_minor(item)), &item.invoice, item.part));
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

    /// The hold on the customer that stands on this day.
    pub(super) fn hold(&self) -> Option<&'a Hold> {
        self.facts.hold.as_ref().filter(|hold| hold.on(self.on))
    }

    /// Whether nothing may be said or done at all.
    pub(super) fn stopped(&self) -> bool {
        self.hold().is_some() || self.facts.handed_over
    }

    /// The message that is due for this day.
    pub(super) fn outgoing(&self) -> Option<Outgoing<'a>> {
        if self.stopped() || self.paused_until().is_some() {
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
        if self.worth_it() {
            let carrying = self.carrying();
            if let Some(lead) = carrying.and_then(|carrying| self.word(carrying, false)) {
                return Some(Outgoing {
                    lead,
                    overdue: self.overdue.clone(),
                    upcoming,
                });
            }
            // Also where all was said about it: who has not paid the older one is not told of the next.
            if !self.policy.pre_due_while_overdue {
                return None;
            }
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

    /// The oldest overdue invoice about which there is something left to say.
    pub(super) fn carrying(&self) -> Option<&'a OpenItem> {
        // What was missed and is not caught up will never be said.
        let sayable = |item: &&'a OpenItem| {
            self.open_steps(item, false)
                .any(|step| self.policy.catch_up != CatchUp::Skip || self.natural_day(item, step) >= self.on)
        };
        self.overdue
            .iter()
            .copied()
            .filter(|item| !self.out_of_attempts(item))
            .find(sayable)
    }

    /// Whether as many messages were sent about an invoice as the policy allows.
    pub(super) fn out_of_attempts(&self, item: &OpenItem) -> bool {
        let attempts = item.taken.iter().filter(|taken| taken.listed && taken.day > 0);
        self.policy
            .max_attempts
            .and_then(|most| usize::try_from(most).ok())
            .is_some_and(|most| attempts.count() >= most)
    }

    /// Whether everything was said about what is overdue, and nothing that was announced is still to be done.
    pub(super) fn all_said(&self) -> bool {
        !self.overdue.is_empty()
            && self.worth_it()
            && !self.stopped()
            && self.carrying().is_none()
            && !self.act_pending()
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

    /// The overdue sum with the charges on it, in minor units. A sum beyond 64 bits is more than any least balance.
    pub(super) fn overdue_minor(&self) -> i64 {
        if self.overdue.is_empty() {
            return 0;
        }
        let invoices = self.overdue.iter().map(|item| asked_minor(item));
        let charges = self.charges().map(|charge| charge.balance.minor());
        invoices.chain(charges).fold(0, i64::saturating_add)
    }

    /// The open charges.
    pub(super) fn charges(&self) -> impl Iterator<Item = &'a OpenCharge> {
        let currency = self.facts.currency;
        self.facts
            .charges
            .iter()
            .filter(move |charge| charge.balance.is_positive() && charge.balance.currency() == currency)
    }

    /// The day until which the customer is left in peace, where that lies ahead.
    pub(super) fn paused_until(&self) -> Option<NaiveDate> {
        pause_ends(self.policy, self.facts).filter(|until| self.on < *until)
    }

    /// What was taken for an invoice among the steps of a kind, as far as it counts, the latest step of it.
    fn last_taken(&self, item: &'a OpenItem, per_invoice: bool) -> Option<&'a Taken> {
        let anew = self.policy.restart && !per_invoice;
        item.taken
            .iter()
            .filter(|taken| (taken.day <= 0) == per_invoice && (taken.carried || !anew))
            .max_by_key(|taken| (taken.day, taken.at))
    }

    /// The steps of a kind beyond the last one taken for an invoice.
    fn open_steps(&self, item: &'a OpenItem, per_invoice: bool) -> impl Iterator<Item = &'a Step> + use<'a> {
        let taken = self.last_taken(item, per_invoice).map(|taken| taken.day);
        self.policy
            .messages(per_invoice)
            .filter(move |step| taken.is_none_or(|day| step.day > day))
    }

    /// Whether something was said about an invoice on this day: what is caught up with, or comes after a warning, waits
    /// for the next, however often the sweep runs.
    fn spoken_about(&self, item: &OpenItem) -> bool {
        let on = |taken: &Taken| calendar::day_of(taken.at, self.facts.time_zone);
        item.taken
            .iter()
            .any(|taken| taken.listed && on(taken) >= self.on)
    }

    /// What is due to be said about an invoice with the steps of a kind.
    fn word(&self, item: &'a OpenItem, per_invoice: bool) -> Option<Word<'a>> {
        if self.spoken_about(item) {
            return None;
        }
        let come = self
            .open_steps(item, per_invoice)
            .take_while(|step| day_of_step(item, step) <= self.on);
        let mut skipped: Vec<&Step> = come.collect();
        if self.policy.catch_up == CatchUp::All {
            return skipped.first().map(|step| Word::only(item, step));
        }
        let announces = |step: &&Step| self.policy.announces(step);
        if self.policy.catch_up == CatchUp::Latest
            && let Some(warning) = skipped.iter().rposition(announces)
        {
            skipped.truncate(warning.saturating_add(1));
        }
        let step = skipped.pop()?;
        let missed = self.policy.catch_up == CatchUp::Skip && self.natural_day(item, step) < self.on;
        (!missed).then_some(Word { item, step, skipped })
    }

    /// The day on which a step would be taken if the policy were never kept from acting.
    fn natural_day(&self, item: &OpenItem, step: &Step) -> NaiveDate {
        let next_day = |day: NaiveDate| calendar::plus_days(day, 1);
        let freed = [
            item.resumed_on,
            item.promised_until.map(next_day),
            item.hold.as_ref().and_then(|hold| hold.until).map(next_day),
            self.facts.hold.as_ref().and_then(|hold| hold.until).map(next_day),
            pause_ends(self.policy, self.facts),
        ];
        let day = freed
            .into_iter()
            .flatten()
            .fold(day_of_step(item, step), NaiveDate::max);
        acting_day(self.policy, self.facts, day)
    }

    /// The steps that a message with the case step `said` passes over for an overdue invoice it lists.
    fn passed_for(&self, item: &'a OpenItem, said: &'a Step) -> impl Iterator<Item = &'a Step> {
        self.open_steps(item, false)
            .filter(move |step| step.day < said.day && day_of_step(item, step) <= self.on)
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
        let cover = |item: &OpenItem, step: &Step, listed: bool| Cover {
            invoice: item.invoice.clone(),
            part: item.part,
            step: step.id.clone(),
            day: step.day,
            listed,
        };
        // Of an invoice that has heard this step before, it is noted again: the message lists it, and what it announces
        // is announced anew.
        let of_overdue = self.overdue.iter().flat_map(|item| {
            let passed = case
                .passed_for(item, step)
                .map(move |step| cover(item, step, false));
            passed.chain([cover(item, step, true)])
        });
        let of_upcoming = self.upcoming.iter().flat_map(|word| {
            let passed = word.skipped.iter().map(|step| cover(word.item, step, false));
            passed.chain([cover(word.item, word.step, true)])
        });
        let charges: Vec<InvoiceId> = match self.overdue.is_empty() {
            true => Vec::new(),
            false => case.charges().map(|charge| charge.id.clone()).collect(),
        };
        DueStep {
            step: step.id.clone(),
            template: step.template.clone().unwrap_or_default(),
            channels: step.channels.clone(),
            cycle: item.cycle(),
            carrying: item.invoice.clone(),
            overdue: ids(self.overdue.iter().copied()),
            charges,
            upcoming: ids(self.upcoming.iter().map(|word| word.item)),
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
            invoices: ids(self.listed()),
            why: why::of(case, self),
        }
    }
}

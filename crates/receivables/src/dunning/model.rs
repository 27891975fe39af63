//! A second, deliberately simple implementation of the stage rules: who is written to on which day, at which step,
//! about which invoices. It shares no code with the first, walks day by day over plain numbers, and was written from
//! the description of the rules alone. Where the two disagree, one of them has misread it.
//!
//! **Shape.** Days are numbers, day 0 a Monday. An invoice is its due day and what happened to it on which day. One
//! sweep runs on each day of `sweeps`, after the send time; on the others nothing runs, which is what catch-up is for.
//!
//! **Readings.** Where the description leaves room, this is how it is read here:
//! - An invoice is overdue from the day after its due day on.
//! - The invoice that carries is the oldest overdue one about which anything is left to say: one that has been told
//!   everything does not keep the next from being told.
//! - A threshold is held against what remains of what is overdue and can be claimed; words before the due date have
//!   none.
//! - A message about overdue invoices lists those about to be due whose per-invoice step has come: that step it covers.
//!   The switch decides about messages of their own, while anything overdue can be claimed and reaches the threshold.
//! - `restart`: what was said of an invoice while another carried does not count. It is met at the stage that its own
//!   age gives.
//! - `skip`: a step is said on the day for which it is planned or not at all: its own day, or the day on which the last
//!   of what kept it from being said then ended (a dispute, a promise, the gap after the last message, a weekend).
//! - Attempts are counted for each invoice: messages that told something new about it once it was overdue.
//! - An act needs its announcement to have listed the invoice that is the oldest when the act is due.

mod against;
mod tests;

use std::collections::BTreeMap;

/// What a policy asks for.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// In the order of their days.
    pub(super) steps: Vec<Step>,
    /// A suspension, where there is one.
    pub(super) suspension: Option<Act>,
    pub(super) catch_up: CatchUp,
    pub(super) restart: bool,
    /// Whether per-invoice steps run while an older invoice is overdue.
    pub(super) pre_due_while_overdue: bool,
    pub(super) days_between_contacts: i64,
    pub(super) business_days_only: bool,
    /// The least that has to remain, in minor units.
    pub(super) threshold: i64,
    pub(super) max_attempts: Option<usize>,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) day: i64,
    pub(super) per_invoice: bool,
}

/// What is done to a customer who was warned.
#[derive(Clone, Debug)]
pub(super) struct Act {
    /// Not before this age.
    pub(super) day: i64,
    /// The step that announces it.
    pub(super) announced_by: usize,
    pub(super) notice: i64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CatchUp {
    Latest,
    All,
    Skip,
}

/// An invoice's life.
#[derive(Clone, Debug)]
pub(super) struct Invoice {
    pub(super) due: i64,
    pub(super) amount: i64,
    /// What became of it, by day, before that day's sweep.
    pub(super) changes: Vec<(i64, Change)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    /// It first came in; before that it does not exist. Without one it was there from the first day.
    Seen,
    /// What remains of it from now on; nothing where it was paid or voided.
    Remains(i64),
    Disputed,
    DisputeEnded,
    /// Promised up to and with a day.
    PromisedUntil(i64),
}

/// What happened on a day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// A message: its step, the overdue invoices it lists in the order of their age, and those about to be due that
    /// its per-invoice step is about.
    Said {
        day: i64,
        step: usize,
        overdue: Vec<usize>,
        about_to_be_due: Vec<usize>,
    },
    Suspended {
        day: i64,
    },
}

/// How an invoice stands on a day.
#[derive(Clone, Copy, Debug)]
struct Standing {
    remains: i64,
    is_stopped: bool,
}

impl Invoice {
    fn on(&self, day: i64) -> Standing {
        let has_come = |at: i64| at <= day;
        let first_seen = self.changes.iter().find(|(_, change)| *change == Change::Seen);
        let mut standing = Standing {
            remains: if first_seen.is_none_or(|(at, _)| has_come(*at)) {
                self.amount
            } else {
                0
            },
            is_stopped: false,
        };
        let (mut is_disputed, mut promised_until) = (false, i64::MIN);
        for (_, change) in self.changes.iter().filter(|(at, _)| has_come(*at)) {
            match change {
                Change::Seen => {}
                Change::Remains(remains) => standing.remains = *remains,
                Change::Disputed => is_disputed = true,
                Change::DisputeEnded => is_disputed = false,
                Change::PromisedUntil(until) => promised_until = *until,
            }
        }
        standing.is_stopped = is_disputed || day <= promised_until;
        standing
    }
}

/// What has been said and done so far.
#[derive(Default)]
struct Memory {
    /// Which message, by its step, listed which invoice on which day, and which invoice carried it; oldest first.
    listed: Vec<(usize, Said)>,
    last_contact: Option<i64>,
    is_suspended: bool,
    /// The oldest invoice at each suspension: each is enough for one.
    suspended_for: Vec<usize>,
}

#[derive(Clone, Copy)]
struct Said {
    step: usize,
    day: i64,
    carried: bool,
}

impl Memory {
    fn of(&self, invoice: usize) -> impl Iterator<Item = Said> {
        self.listed
            .iter()
            .filter(move |(at, _)| *at == invoice)
            .map(|(_, said)| *said)
    }
}

/// Runs the policy over the invoices, with a sweep on each of the days given, which are in order.
pub(super) fn simulate(policy: &Policy, invoices: &[Invoice], sweeps: &[i64]) -> Vec<Event> {
    let mut memory = Memory::default();
    let mut events = Vec::new();
    for day in sweeps {
        sweep(policy, invoices, *day, &mut memory, &mut events);
    }
    events
}

fn sweep(policy: &Policy, invoices: &[Invoice], day: i64, memory: &mut Memory, events: &mut Vec<Event>) {
    let open: Vec<usize> = (0..invoices.len())
        .filter(|at| invoices[*at].on(day).remains > 0)
        .collect();
    let is_overdue = |at: &usize| invoices[*at].due < day;
    let any_overdue = open.iter().any(is_overdue);
    if !any_overdue {
        memory.is_suspended = false;
    }
    if policy.business_days_only && !is_business_day(day) {
        return;
    }
    let can_be_claimed = |at: &usize| !invoices[*at].on(day).is_stopped;
    let (mut overdue, coming): (Vec<usize>, Vec<usize>) =
        open.into_iter().filter(can_be_claimed).partition(is_overdue);
    overdue.sort_by_key(|at| (invoices[*at].due, -invoices[*at].on(day).remains, *at));
    let remains: i64 = overdue.iter().map(|at| invoices[*at].on(day).remains).sum();
    let is_owed = remains > 0 && remains >= policy.threshold;

    if let (Some(oldest), Some(act)) = (overdue.first(), &policy.suspension)
        && is_owed
        && is_act_due(act, &invoices[*oldest], *oldest, day, memory)
    {
        memory.is_suspended = true;
        memory.suspended_for.push(*oldest);
        events.push(Event::Suspended { day });
    }

    let is_too_soon = memory
        .last_contact
        .is_some_and(|last| day - last < policy.days_between_contacts);
    if is_too_soon {
        return;
    }
    let carrying = overdue.iter().copied().find(|at| {
        let can_be_said = |step: &usize| {
            policy.catch_up != CatchUp::Skip || planned(policy, &invoices[*at], *step, day, memory) >= day
        };
        left_to_say(policy, *at, memory).iter().any(can_be_said)
    });
    let coming = due_a_word(policy, invoices, &coming, day, memory);
    let case_step = carrying.filter(|_| is_owed).and_then(|carrying| {
        let left = left_to_say(policy, carrying, memory);
        let step = choose(policy, &invoices[carrying], &left, day, memory)?;
        Some((carrying, step))
    });
    let about_to_be_due: Vec<usize> = coming.values().flatten().copied().collect();
    let (step, overdue) = match case_step {
        Some((carrying, step)) => {
            for at in &overdue {
                let carried = *at == carrying;
                memory.listed.push((*at, Said { step, day, carried }));
            }
            (step, overdue)
        }
        None if is_owed && !policy.pre_due_while_overdue => return,
        // Of several, the message is named after the one that falls due first.
        None => match coming
            .iter()
            .min_by_key(|(_, about)| about.iter().map(|at| invoices[*at].due).min())
        {
            Some((step, _)) => (*step, Vec::new()),
            None => return,
        },
    };
    for (step, about) in coming {
        for at in about {
            memory.listed.push((
                at,
                Said {
                    step,
                    day,
                    carried: true,
                },
            ));
        }
    }
    memory.last_contact = Some(day);
    events.push(Event::Said {
        day,
        step,
        overdue,
        about_to_be_due,
    });
}

/// The case steps that can still be said of an invoice.
fn left_to_say(policy: &Policy, at: usize, memory: &Memory) -> Vec<usize> {
    let is_case_step = |step: &usize| !policy.steps[*step].per_invoice;
    let about_it = memory.of(at).filter(|said| !policy.steps[said.step].per_invoice);
    let attempts = about_it.count();
    if policy.max_attempts.is_some_and(|most| attempts >= most) {
        return Vec::new();
    }
    let said = memory
        .of(at)
        .filter(|said| !policy.restart || said.carried)
        .map(|said| said.step)
        .max();
    (0..policy.steps.len())
        .filter(is_case_step)
        .filter(|step| said.is_none_or(|said| *step > said))
        .collect()
}

/// The invoices not yet overdue that a per-invoice step is due for, by step.
fn due_a_word(
    policy: &Policy,
    invoices: &[Invoice],
    coming: &[usize],
    day: i64,
    memory: &Memory,
) -> BTreeMap<usize, Vec<usize>> {
    let mut by_step: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for at in coming {
        let said = memory.of(*at).map(|said| said.step).max();
        let left: Vec<usize> = (0..policy.steps.len())
            .filter(|step| policy.steps[*step].per_invoice && said.is_none_or(|said| *step > said))
            .collect();
        if let Some(step) = choose(policy, &invoices[*at], &left, day, memory) {
            by_step.entry(step).or_default().push(*at);
        }
    }
    by_step
}

/// The step that the catch-up asks for, of those left whose day has come.
fn choose(policy: &Policy, invoice: &Invoice, left: &[usize], day: i64, memory: &Memory) -> Option<usize> {
    let mut due = left
        .iter()
        .copied()
        .filter(|step| invoice.due + policy.steps[*step].day <= day);
    match policy.catch_up {
        CatchUp::Latest => {
            // A warning is not passed over for what is none.
            let warns = |step: &usize| {
                policy
                    .suspension
                    .as_ref()
                    .is_some_and(|act| act.announced_by == *step)
            };
            due.clone().rfind(warns).or_else(|| due.next_back())
        }
        CatchUp::All => due.next(),
        CatchUp::Skip => due
            .next_back()
            .filter(|step| planned(policy, invoice, *step, day, memory) >= day),
    }
}

/// The day on which a step is planned for: its own, or the first on which nothing keeps it from being said.
fn planned(policy: &Policy, invoice: &Invoice, step: usize, day: i64, memory: &Memory) -> i64 {
    let known = || invoice.changes.iter().filter(|(on, _)| *on <= day);
    let disputes = known()
        .filter(|(_, change)| *change == Change::DisputeEnded)
        .map(|(on, _)| *on);
    // A promise takes the place of the one before.
    let promise = known().rev().find_map(|(_, change)| match change {
        Change::PromisedUntil(until) => Some(until + 1),
        _ => None,
    });
    let gap = memory
        .last_contact
        .map(|last| last + policy.days_between_contacts);
    let first = disputes
        .chain(promise)
        .chain(gap)
        .fold(invoice.due + policy.steps[step].day, i64::max);
    let is_rest = |day: &i64| policy.business_days_only && !is_business_day(*day);
    (first..).find(|day| !is_rest(day)).unwrap_or(first)
}

/// Whether the customer is to be suspended for an invoice.
fn is_act_due(act: &Act, invoice: &Invoice, at: usize, day: i64, memory: &Memory) -> bool {
    let announced = memory.of(at).filter(|said| said.step == act.announced_by).last();
    !memory.is_suspended
        && !memory.suspended_for.contains(&at)
        && invoice.due + act.day <= day
        && announced.is_some_and(|said| said.day + act.notice <= day)
}

/// Day 0 is a Monday.
fn is_business_day(day: i64) -> bool {
    day.rem_euclid(7) < 5
}

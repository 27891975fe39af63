//! A second, deliberately simple implementation of the stage rules: who is written to on which day, at which step,
//! about which invoices. It shares no code with the first, walks day by day over plain numbers, and was written from
//! the description of the rules alone. Where the two disagree, one of them has misread it.
//!
//! **Shape.** Days are numbers, day 0 a Monday. An invoice is its due day and what happened to it on which day. One
//! sweep runs on each day of `sweeps`, after the send time; on the others nothing runs, which is what catch-up is for.
//!
//! **Readings.** Where the description leaves room, this is how it is read here:
//! - An invoice is overdue from the day after its due day on.
//! - A threshold is held against what remains of the invoices that the message would claim, overdue ones for a step of
//!   the case, those about to be due for a step per invoice.
//! - What is about to be due is listed in a message about overdue invoices for information: it covers no step of
//!   theirs but the per-invoice one that is due by then.
//! - `restart`: a message counts for the invoice that carried it, not for the others that it listed.
//! - A cycle lasts as long as anything is overdue, disputed or not. After the last attempt of a cycle only an invoice
//!   that was not overdue then opens it again, with all attempts.
//! - A suspension needs the warning to have listed the invoice that carries when it is due.

mod tests;

use std::collections::BTreeMap;

/// What a policy asks for.
#[derive(Clone, Debug)]
pub(super) struct Policy {
    /// In the order of their days.
    pub(super) steps: Vec<Step>,
    pub(super) catch_up: CatchUp,
    pub(super) restart: bool,
    /// Whether per-invoice steps run while an older invoice is overdue.
    pub(super) pre_due_while_overdue: bool,
    pub(super) days_between_contacts: i64,
    pub(super) business_days_only: bool,
    /// The least that has to remain, in minor units.
    pub(super) threshold: i64,
    pub(super) max_attempts: Option<u32>,
}

#[derive(Clone, Debug)]
pub(super) struct Step {
    pub(super) day: i64,
    pub(super) per_invoice: bool,
    /// Days after it on which the customer is suspended.
    pub(super) suspends_after: Option<i64>,
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
    Finished {
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
    /// The furthest step at which a message has covered an invoice.
    covered: BTreeMap<usize, usize>,
    last_contact: Option<i64>,
    attempts: u32,
    /// The invoices that were overdue when the last attempt was made.
    finished_with: Option<Vec<usize>>,
    /// When a warning first listed an invoice, and the days of its notice.
    warned: BTreeMap<usize, (i64, i64)>,
    is_suspended: bool,
    sweeps: Vec<i64>,
}

/// Runs the policy over the invoices, with a sweep on each of the days given, which are in order.
pub(super) fn simulate(policy: &Policy, invoices: &[Invoice], sweeps: &[i64]) -> Vec<Event> {
    let mut memory = Memory::default();
    let mut events = Vec::new();
    for day in sweeps {
        memory.sweeps.push(*day);
        sweep(policy, invoices, *day, &mut memory, &mut events);
    }
    events
}

fn sweep(policy: &Policy, invoices: &[Invoice], day: i64, memory: &mut Memory, events: &mut Vec<Event>) {
    let open: Vec<usize> = (0..invoices.len())
        .filter(|at| invoices[*at].on(day).remains > 0)
        .collect();
    let is_overdue = |at: &usize| invoices[*at].due < day;
    let all_overdue: Vec<usize> = open.iter().copied().filter(is_overdue).collect();
    let is_dunned = |at: &usize| !invoices[*at].on(day).is_stopped;

    // A cycle ends when nothing is overdue any more.
    if all_overdue.is_empty() {
        memory.attempts = 0;
        memory.finished_with = None;
        memory.is_suspended = false;
    }
    // Something newly overdue opens a finished one again.
    if let Some(with) = &memory.finished_with
        && all_overdue.iter().any(|at| !with.contains(at))
    {
        memory.attempts = 0;
        memory.finished_with = None;
    }

    let mut overdue: Vec<usize> = all_overdue.iter().copied().filter(is_dunned).collect();
    overdue.sort_by_key(|at| (invoices[*at].due, -invoices[*at].on(day).remains, *at));
    let coming: Vec<usize> = open
        .iter()
        .copied()
        .filter(|at| !is_overdue(at) && is_dunned(at))
        .collect();
    let sum = |of: &[usize]| of.iter().map(|at| invoices[*at].on(day).remains).sum::<i64>();

    suspend(policy, day, &overdue, sum(&overdue), memory, events);

    let is_rest = policy.business_days_only && !is_business_day(day);
    let is_too_soon = memory
        .last_contact
        .is_some_and(|last| day - last < policy.days_between_contacts);
    if is_rest || is_too_soon {
        return;
    }

    if let Some(carrying) = overdue.first().copied()
        && sum(&overdue) >= policy.threshold
        && memory.finished_with.is_none()
        && let Some(step) = choose(policy, false, &invoices[carrying], carrying, day, memory)
    {
        let informed = due_a_word(policy, invoices, &coming, day, memory);
        let covered = if policy.restart {
            vec![carrying]
        } else {
            overdue.clone()
        };
        cover(policy, memory, &covered, step, day);
        for (step, about) in informed {
            cover(policy, memory, &about, step, day);
        }
        events.push(Event::Said {
            day,
            step,
            overdue,
            about_to_be_due: Vec::new(),
        });
        memory.last_contact = Some(day);
        memory.attempts += 1;
        if Some(memory.attempts) == policy.max_attempts {
            memory.finished_with = Some(all_overdue);
            events.push(Event::Finished { day });
        }
        return;
    }

    if !all_overdue.is_empty() && !policy.pre_due_while_overdue {
        return;
    }
    let mut by_step = due_a_word(policy, invoices, &coming, day, memory);
    by_step.retain(|_, about| sum(about) >= policy.threshold);
    if let Some((step, about_to_be_due)) = by_step.pop_last() {
        cover(policy, memory, &about_to_be_due, step, day);
        memory.last_contact = Some(day);
        events.push(Event::Said {
            day,
            step,
            overdue: Vec::new(),
            about_to_be_due,
        });
    }
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
        if let Some(step) = choose(policy, true, &invoices[*at], *at, day, memory) {
            by_step.entry(step).or_default().push(*at);
        }
    }
    by_step
}

/// The step that is due for an invoice: of those that its age has reached and no message at that or a later step has
/// covered, the one that the catch-up asks for.
fn choose(
    policy: &Policy,
    per_invoice: bool,
    invoice: &Invoice,
    at: usize,
    day: i64,
    memory: &Memory,
) -> Option<usize> {
    let covered = memory.covered.get(&at).copied();
    let mut due = policy.steps.iter().enumerate().filter(|(index, step)| {
        step.per_invoice == per_invoice
            && invoice.due + step.day <= day
            && covered.is_none_or(|covered| *index > covered)
    });
    match policy.catch_up {
        CatchUp::Latest => due.next_back().map(|(index, _)| index),
        CatchUp::All => due.next().map(|(index, _)| index),
        CatchUp::Skip => due
            .rfind(|(_, step)| was_not_missed(policy, invoice, invoice.due + step.day, memory))
            .map(|(index, _)| index),
    }
}

/// Whether a sweep ran on the day that a step became due, and knew of the invoice.
fn was_not_missed(policy: &Policy, invoice: &Invoice, day: i64, memory: &Memory) -> bool {
    let is_rest = |day: i64| policy.business_days_only && !is_business_day(day);
    let planned = (day..).find(|day| !is_rest(*day)).unwrap_or(day);
    let first_seen = invoice.changes.iter().find(|(_, change)| *change == Change::Seen);
    memory.sweeps.contains(&planned) && first_seen.is_none_or(|(at, _)| *at <= planned)
}

fn cover(policy: &Policy, memory: &mut Memory, invoices: &[usize], step: usize, day: i64) {
    for at in invoices {
        let covered = memory.covered.entry(*at).or_insert(step);
        *covered = step.max(*covered);
        if let Some(notice) = policy.steps[step].suspends_after {
            memory.warned.entry(*at).or_insert((day, notice));
        }
    }
}

fn suspend(
    policy: &Policy,
    day: i64,
    overdue: &[usize],
    remains: i64,
    memory: &mut Memory,
    events: &mut Vec<Event>,
) {
    let warned = overdue.first().and_then(|carrying| memory.warned.get(carrying));
    let is_due = warned.is_some_and(|(warned_on, notice)| warned_on + notice <= day);
    if is_due && !memory.is_suspended && remains >= policy.threshold {
        memory.is_suspended = true;
        events.push(Event::Suspended { day });
    }
}

/// Day 0 is a Monday.
fn is_business_day(day: i64) -> bool {
    day.rem_euclid(7) < 5
}

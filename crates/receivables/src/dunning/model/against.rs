//! The engine against the model: the same months, told to both, must have the same messages on the same days at the
//! same steps about the same invoices, and the same suspensions.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, Utc};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, TestRng, TestRunner};

use super::*;
use crate::calendar;
use crate::channel::Channel;
use crate::country::Country;
use crate::currency::Currency;
use crate::dunning::{CaseFacts, DeedKind, OpenItem, RestDays, Taken, plan};
use crate::id::{CustomerId, InvoiceId};
use crate::money::Money;
use crate::policy;
use crate::zone::Zone;

/// How many days a case lasts.
const DAYS: i64 = 70;

fn date(day: i64) -> NaiveDate {
    calendar::plus_days(NaiveDate::from_ymd_opt(2026, 1, 5).unwrap(), day)
}

fn noon(day: i64) -> DateTime<Utc> {
    date(day).and_hms_opt(12, 0, 0).unwrap().and_utc()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

fn id(at: usize) -> InvoiceId {
    InvoiceId::from_parts(u64::try_from(at).unwrap(), [0; 10])
}

/// The name of a step.
fn name(at: usize) -> String {
    format!("s{at}")
}

/// The model's policy as the engine knows it.
fn as_policy(model: &Policy) -> policy::Policy {
    let mut steps: Vec<policy::Step> = model
        .steps
        .iter()
        .enumerate()
        .map(|(at, step)| policy::Step {
            id: name(at),
            day: i32::try_from(step.day).unwrap(),
            per_invoice: step.per_invoice,
            channels: vec![Channel::Email],
            template: Some("friendly".to_owned()),
            ..policy::Step::default()
        })
        .collect();
    if let Some(act) = &model.suspension {
        let notice = u32::try_from(act.notice).unwrap();
        if act.day == model.steps[act.announced_by].day {
            steps[act.announced_by].then = Some(policy::Then {
                after_days: notice,
                act: policy::Act::Suspend,
            });
        } else {
            let step = policy::Step {
                id: "act".to_owned(),
                day: i32::try_from(act.day).unwrap(),
                act: Some(policy::Act::Suspend),
                announced_by: Some(name(act.announced_by)),
                notice_days: Some(notice),
                ..policy::Step::default()
            };
            let place = steps.iter().take_while(|before| before.day < step.day).count();
            steps.insert(place, step);
        }
    }
    policy::Policy {
        name: "any".to_owned(),
        business_days_only: model.business_days_only,
        min_balance: [eur(model.threshold)].into_iter().collect(),
        min_days_between_contacts: u32::try_from(model.days_between_contacts).unwrap(),
        max_attempts: model.max_attempts.map(|most| u32::try_from(most).unwrap()),
        catch_up: match model.catch_up {
            CatchUp::Latest => policy::CatchUp::Latest,
            CatchUp::All => policy::CatchUp::All,
            CatchUp::Skip => policy::CatchUp::Skip,
        },
        restart: model.restart,
        pre_due_while_overdue: model.pre_due_while_overdue,
        steps,
        ..policy::Policy::standard()
    }
}

/// What the store would keep of a case.
#[derive(Default)]
struct Kept {
    taken: BTreeMap<usize, Vec<Taken>>,
    last_contact: Option<DateTime<Utc>>,
    done: Vec<(String, String)>,
    is_suspended: bool,
}

/// The case on a day, as the store would tell it.
fn facts(invoices: &[Invoice], day: i64, kept: &Kept) -> CaseFacts {
    let items = invoices.iter().enumerate().filter_map(|(at, invoice)| {
        let standing = invoice.on(day);
        let (mut is_disputed, mut promised_until, mut resumed_on) = (false, None, None);
        for (on, change) in invoice.changes.iter().filter(|(on, _)| *on <= day) {
            match change {
                Change::Disputed => is_disputed = true,
                Change::DisputeEnded => {
                    is_disputed = false;
                    resumed_on = resumed_on.max(Some(*on));
                }
                Change::PromisedUntil(until) => promised_until = Some(*until),
                Change::Seen | Change::Remains(_) => {}
            }
        }
        if let Some(until) = promised_until.filter(|until| *until < day) {
            resumed_on = resumed_on.max(Some(until + 1));
        }
        (standing.remains > 0).then(|| OpenItem {
            invoice: id(at),
            part: 0,
            number: at.to_string(),
            due_on: date(invoice.due),
            balance: eur(standing.remains),
            disputed: eur(if is_disputed { standing.remains } else { 0 }),
            promised_until: promised_until.map(date),
            planned: false,
            hold: None,
            resumed_on: resumed_on.map(date),
            taken: kept.taken.get(&at).cloned().unwrap_or_default(),
        })
    });
    CaseFacts {
        customer: CustomerId::from_parts(0, [0; 10]),
        currency: Currency::parse("EUR").unwrap(),
        time_zone: Zone::UTC,
        // A country of which only weekends are known.
        rest: RestDays::of(Country::parse("JP").unwrap(), None),
        hold: None,
        suspended: kept.is_suspended,
        handed_over: false,
        last_contact_at: kept.last_contact,
        on_account: eur(0),
        items: items.collect(),
        charges: Vec::new(),
        done: kept.done.clone(),
    }
}

/// What the engine does on the same days, each of its messages sent at once.
fn run_engine(model: &Policy, invoices: &[Invoice], sweeps: &[i64]) -> Vec<Event> {
    let policy = as_policy(model);
    let mut kept = Kept::default();
    let mut events = Vec::new();
    let index = |id: &InvoiceId| (0..invoices.len()).find(|at| self::id(*at) == *id).unwrap();
    for day in sweeps {
        let facts = facts(invoices, *day, &kept);
        let overdue = facts.items.iter().any(|item| item.due_on < date(*day));
        kept.is_suspended &= overdue;
        let facts = CaseFacts {
            suspended: kept.is_suspended,
            ..facts
        };
        let planned = plan(&policy, &facts, noon(*day));
        let mut after = facts;
        for deed in &planned.deeds {
            assert_eq!(deed.kind, DeedKind::Act(policy::Act::Suspend));
            events.push(Event::Suspended { day: *day });
            after = after.done(deed);
        }
        if let Some(due) = &planned.due {
            let step = model
                .steps
                .iter()
                .enumerate()
                .find(|(at, _)| name(*at) == due.step);
            let mut about_to_be_due: Vec<usize> = due.upcoming.iter().map(index).collect();
            about_to_be_due.sort_unstable();
            events.push(Event::Said {
                day: *day,
                step: step.unwrap().0,
                overdue: due.overdue.iter().map(index).collect(),
                about_to_be_due,
            });
            after = after.after(due, noon(*day));
        }
        kept.last_contact = after.last_contact_at;
        kept.is_suspended = after.suspended;
        kept.done = after.done;
        for item in after.items {
            kept.taken.insert(index(&item.invoice), item.taken);
        }
    }
    events
}

/// The model's events, with what is listed in the order in which it is compared.
fn run_model(policy: &Policy, invoices: &[Invoice], sweeps: &[i64]) -> Vec<Event> {
    let mut events = simulate(policy, invoices, sweeps);
    for event in &mut events {
        if let Event::Said { about_to_be_due, .. } = event {
            about_to_be_due.sort_unstable();
        }
    }
    events
}

fn policies() -> impl Strategy<Value = Policy> {
    let before = prop::collection::btree_set(-12_i64..=0, 0..3);
    let after = prop::collection::btree_set(1_i64..=40, 1..5);
    let catch_up = prop_oneof![
        2 => Just(CatchUp::Latest), 1 => Just(CatchUp::All), 1 => Just(CatchUp::Skip)
    ];
    let act = prop::option::weighted(0.4, (any::<prop::sample::Index>(), 0_i64..15, 1_i64..10));
    let rare = prop::bool::weighted(0.25);
    (
        (before, after, act),
        (catch_up, rare, rare),
        (
            0_i64..6,
            rare,
            0_i64..150,
            prop::option::weighted(0.2, 1_usize..4),
        ),
    )
        .prop_map(
            |(
                (before, after, act),
                (catch_up, restart, pre_due_while_overdue),
                (days_between_contacts, business_days_only, threshold, max_attempts),
            )| {
                let steps: Vec<Step> = before
                    .iter()
                    .chain(&after)
                    .map(|day| Step {
                        day: *day,
                        per_invoice: *day <= 0,
                    })
                    .collect();
                let suspension = act.and_then(|(which, later, notice)| {
                    let announced_by = before.len() + which.index(after.len());
                    let day = steps[announced_by].day + later;
                    // Steps are one a day.
                    let is_free = later == 0 || steps.iter().all(|step| step.day != day);
                    is_free.then_some(Act {
                        day,
                        announced_by,
                        notice,
                    })
                });
                Policy {
                    steps,
                    suspension,
                    catch_up,
                    restart,
                    pre_due_while_overdue,
                    days_between_contacts,
                    business_days_only,
                    threshold,
                    max_attempts,
                }
            },
        )
}

fn invoices() -> impl Strategy<Value = Invoice> {
    let change = prop_oneof![
        3 => (0_i64..100).prop_map(Change::Remains),
        1 => Just(Change::Remains(0)),
        2 => Just(Change::Disputed),
        2 => Just(Change::DisputeEnded),
        2 => (0_i64..DAYS).prop_map(Change::PromisedUntil),
    ];
    let changes = prop::collection::vec((0..DAYS, change), 0..5);
    let seen = prop::option::weighted(0.4, 0_i64..40);
    (-50_i64..60, 1_i64..200, changes, seen).prop_map(|(due, amount, mut changes, seen)| {
        changes.sort_by_key(|(day, _)| *day);
        let mut left = amount;
        let (mut is_disputed, mut kept) = (false, Vec::new());
        for (day, change) in changes {
            let change = match change {
                // Balances go down; disputes begin and end in turn; a promise is made for a day to come.
                Change::Remains(percent) => {
                    left = left * percent / 100;
                    Change::Remains(left)
                }
                Change::Disputed | Change::DisputeEnded if left == 0 => continue,
                Change::Disputed if is_disputed => continue,
                Change::DisputeEnded if !is_disputed => continue,
                Change::PromisedUntil(until) if until < day => continue,
                other => other,
            };
            is_disputed = match change {
                Change::Disputed => true,
                Change::DisputeEnded => false,
                _ => is_disputed,
            };
            kept.push((day, change));
        }
        if let Some(seen) = seen {
            kept.retain(|(day, _)| *day > seen);
            // What happened to it before nobody heard of it.
            if kept
                .first()
                .is_some_and(|(_, change)| *change == Change::DisputeEnded)
            {
                kept.remove(0);
            }
            kept.insert(0, (seen, Change::Seen));
        }
        Invoice {
            due,
            amount,
            changes: kept,
        }
    })
}

/// Days on which a sweep runs: most of them, with gaps.
fn sweeps() -> impl Strategy<Value = Vec<i64>> {
    prop::collection::vec(prop::bool::weighted(0.85), usize::try_from(DAYS).unwrap()).prop_map(|runs| {
        (0..DAYS)
            .zip(runs)
            .filter(|(_, runs)| *runs)
            .map(|(day, _)| day)
            .collect()
    })
}

fn months() -> impl Strategy<Value = (Policy, Vec<Invoice>, Vec<i64>)> {
    (policies(), prop::collection::vec(invoices(), 1..5), sweeps())
}

/// Runs so many months and shows the smallest that the two see differently.
fn compare(runner: &mut TestRunner) -> usize {
    let events = std::cell::Cell::new(0);
    let outcome = runner.run(&months(), |(policy, invoices, sweeps)| {
        let expected = run_model(&policy, &invoices, &sweeps);
        let found = run_engine(&policy, &invoices, &sweeps);
        events.set(events.get() + found.len());
        prop_assert_eq!(found, expected, "the engine (left) and the model (right)");
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    events.get()
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    }
}

#[test]
fn thousands_of_months_are_the_same_to_both() {
    // The same months in each run.
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[4; 32]);
    let events = compare(&mut TestRunner::new_with_rng(config(2_000), rng));
    assert!(events > 4_000, "{events} events: these months show little");
}

#[test]
fn new_months_are_the_same_to_both() {
    compare(&mut TestRunner::new(config(200)));
}

/// What must hold of whatever the engine does, whoever is right about the rest.
#[test]
fn a_warning_precedes_every_suspension_and_nobody_is_written_to_without_cause() {
    let suspensions = std::cell::Cell::new(0);
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[9; 32]);
    let outcome = TestRunner::new_with_rng(config(500), rng).run(&months(), |(policy, invoices, sweeps)| {
        let events = run_engine(&policy, &invoices, &sweeps);
        let mut last_said = None;
        for (at, event) in events.iter().enumerate() {
            match event {
                Event::Suspended { day } => {
                    suspensions.set(suspensions.get() + 1);
                    let act = policy.suspension.as_ref().unwrap();
                    let warned = events[..at].iter().any(|earlier| {
                        matches!(earlier, Event::Said { day: said, step, overdue, .. }
                            if *step == act.announced_by && said + act.notice <= *day && !overdue.is_empty())
                    });
                    prop_assert!(
                        warned,
                        "suspended on {day} without a warning {} days before",
                        act.notice
                    );
                }
                Event::Said {
                    day,
                    step,
                    overdue,
                    about_to_be_due,
                } => {
                    let gap = last_said.map_or(i64::MAX, |last| day - last);
                    prop_assert!(
                        gap >= policy.days_between_contacts,
                        "{gap} days after the last message"
                    );
                    last_said = Some(*day);
                    prop_assert_eq!(policy.steps[*step].per_invoice, overdue.is_empty());
                    prop_assert!(overdue.len() + about_to_be_due.len() > 0, "about nothing");
                    let can_be_claimed = |at: &usize| {
                        let standing = invoices[*at].on(*day);
                        standing.remains > 0 && !standing.is_stopped
                    };
                    prop_assert!(overdue.iter().chain(about_to_be_due).all(can_be_claimed));
                    prop_assert!(overdue.iter().all(|at| invoices[*at].due < *day), "it is overdue");
                    let remains: i64 = overdue.iter().map(|at| invoices[*at].on(*day).remains).sum();
                    prop_assert!(overdue.is_empty() || remains >= policy.threshold);
                }
            }
        }
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(
        suspensions.get() > 50,
        "{} suspensions: these months show little",
        suspensions.get()
    );
}

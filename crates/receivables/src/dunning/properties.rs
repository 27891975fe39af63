//! What holds of every policy, case and moment.

use std::collections::BTreeSet;

use chrono::{NaiveTime, TimeDelta};
use proptest::prelude::*;

use super::tests::{at, day, facts, id, item};
use super::*;
use crate::currency::Currency;
use crate::money::Money;
use crate::policy::Step;
use crate::zone::Zone;

const ZONES: [&str; 5] = [
    "UTC",
    "Europe/Berlin",
    "America/New_York",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
];

/// The middle of the time the cases play in: clocks change around it on both sides.
const MIDDLE: &str = "2026-03-20";

fn policies() -> impl Strategy<Value = Policy> {
    let before = prop::collection::btree_set(-12i32..=0, 0..3);
    let after = prop::collection::btree_set(1i32..=40, 0..5);
    (before, after, 0u32..24, any::<bool>(), 0i64..3_000, 0u32..6).prop_map(
        |(before, after, hour, business_days_only, least, pause)| {
            let step = |day: i32| Step {
                id: format!("day{day}"),
                day,
                per_invoice: day <= 0,
                channels: vec![Channel::Email],
                template: Some("friendly".to_owned()),
                ..Step::default()
            };
            Policy {
                name: "any".to_owned(),
                send_at: NaiveTime::from_hms_opt(hour, 30, 0).unwrap(),
                business_days_only,
                min_balance: [Money::new(least, Currency::parse("EUR").unwrap())]
                    .into_iter()
                    .collect(),
                min_days_between_contacts: pause,
                steps: before.into_iter().chain(after).map(step).collect(),
                ..Policy::standard()
            }
        },
    )
}

fn items() -> impl Strategy<Value = OpenItem> {
    let promise = prop::option::weighted(0.2, -10i64..30);
    (-50i64..50, -100i64..4_000, prop::bool::weighted(0.1), promise).prop_map(
        |(due, minor, disputed, promise)| {
            let mut item = item('A', MIDDLE, minor);
            item.due_on = calendar::plus_days(day(MIDDLE), due);
            item.disputed = if disputed {
                item.balance
            } else {
                Money::zero(item.balance.currency())
            };
            item.promised_until = promise.map(|days| calendar::plus_days(day(MIDDLE), days));
            item
        },
    )
}

fn cases() -> impl Strategy<Value = CaseFacts> {
    let last = prop::option::of(-200i64..50);
    let credit = prop_oneof![3 => Just(0i64), 1 => 0i64..20_000];
    (
        prop::collection::vec(items(), 0..6),
        0usize..ZONES.len(),
        last,
        credit,
    )
        .prop_map(|(items, zone, last, credit)| {
            let mut facts = facts(items);
            for (item, letter) in facts.items.iter_mut().zip('A'..) {
                (item.invoice, item.number) = (id(letter), letter.to_string());
            }
            facts.time_zone = Zone::parse(ZONES[zone]).unwrap();
            facts.on_account = Money::new(credit, facts.currency);
            facts.last_contact_at = last.map(|hours| middle() + TimeDelta::hours(hours));
            facts
        })
}

fn middle() -> DateTime<Utc> {
    at(&format!("{MIDDLE} 12:00"))
}

/// Hours around the middle.
fn moments() -> impl Strategy<Value = DateTime<Utc>> {
    (-60i64 * 24..60 * 24).prop_map(|hours| middle() + TimeDelta::hours(hours))
}

/// What must hold of each message at the moment it is due.
fn judge(policy: &Policy, facts: &CaseFacts, due: &DueStep, now: DateTime<Utc>) {
    let today = calendar::day_of(now, facts.time_zone);
    let find = |id: &InvoiceId| facts.items.iter().find(|item| item.invoice == *id).unwrap();
    for id in due.overdue.iter().chain(&due.upcoming) {
        let item = find(id);
        assert!(item.balance.is_positive() && item.disputed.is_zero());
        assert!(item.promised_until.is_none_or(|until| until < today));
    }
    assert!(due.overdue.iter().all(|id| find(id).due_on < today));
    assert!(due.upcoming.iter().all(|id| find(id).due_on >= today));
    let step = policy.step(&due.step).unwrap();
    let carrying = find(&due.carrying);
    assert!(
        calendar::plus_days(carrying.due_on, i64::from(step.day)) <= today,
        "no step before its day"
    );
    assert_eq!(step.per_invoice, due.overdue.is_empty());
    let covered = |cover: &Cover| cover.invoice == due.carrying && cover.step == due.step && cover.listed;
    assert!(due.covers.iter().any(covered));
    for cover in &due.covers {
        let before = |taken: &Taken| taken.step == cover.step;
        // Said of the carrying invoice, or passed over: once. Another may be listed with a step it has heard.
        if cover.listed && cover.invoice != due.carrying && !due.upcoming.contains(&cover.invoice) {
            continue;
        }
        assert!(
            !find(&cover.invoice).taken.iter().any(before),
            "{} was said before",
            cover.step
        );
    }
    assert!(due.scheduled_for <= now);
    if let Some(last) = facts.last_contact_at {
        let gap = calendar::days_between(calendar::day_of(last, facts.time_zone), today);
        assert!(
            gap >= i64::from(policy.min_days_between_contacts),
            "{gap} days since the last message"
        );
    }
    assert!(!policy.business_days_only || facts.rest.all().is_business_day(today));
    let opening = |day| calendar::instant_of(day, policy.send_at, facts.time_zone);
    assert!(now >= opening(today) || now >= opening(today.pred_opt().unwrap()));

    let listed: Vec<InvoiceId> = due.overdue.iter().chain(&due.upcoming).cloned().collect();
    let fresh = may_contact(policy, facts, &due.step, &listed, now);
    assert_eq!(
        fresh,
        Contact::Go {
            overdue: due.overdue.clone(),
            charges: Vec::new(),
            upcoming: due.upcoming.clone()
        }
    );
}

/// Runs sweeps at the given moments and returns what went out.
fn sweep(
    policy: &Policy,
    mut facts: CaseFacts,
    moments: impl IntoIterator<Item = DateTime<Utc>>,
) -> Vec<(DateTime<Utc>, DueStep)> {
    let mut sent = Vec::new();
    for now in moments {
        if let Some(due) = plan(policy, &facts, now).due {
            judge(policy, &facts, &due, now);
            facts = facts.after(&due, now);
            assert_eq!(
                plan(policy, &facts, now)
                    .due
                    .filter(|again| again.covers == due.covers),
                None
            );
            sent.push((now, due));
        }
    }
    let taken: Vec<(&InvoiceId, &str)> = sent
        .iter()
        .flat_map(|(_, due)| {
            due.covers
                .iter()
                .filter(|cover| !cover.listed || cover.invoice == due.carrying)
        })
        .map(|cover| (&cover.invoice, cover.step.as_str()))
        .collect();
    let distinct: BTreeSet<_> = taken.iter().collect();
    assert_eq!(distinct.len(), taken.len(), "a step was said twice of an invoice");
    let cycles: Vec<(&str, &str)> = sent
        .iter()
        .map(|(_, due)| (due.step.as_str(), due.cycle.as_str()))
        .collect();
    let distinct: BTreeSet<_> = cycles.iter().collect();
    assert_eq!(
        distinct.len(),
        cycles.len(),
        "one step of one cycle went out twice"
    );
    sent
}

proptest! {
        #[test]
    fn what_is_announced_happens_and_nothing_before_it(
        policy in policies(), facts in cases(), now in moments(), permille in 0i32..1_000,
    ) {
        let announced = plan(&policy, &facts, now);
        match announced.next {
            Some(next) => {
                prop_assert!(next.at >= now);
                prop_assert_eq!(announced.due.is_some(), next.at == now);
                let due = plan(&policy, &facts, next.at).due;
                let due = due.expect("what was announced is due");
                prop_assert_eq!(&due.step, &next.step);
                prop_assert_eq!(&due.why, &next.why);
                let listed: Vec<InvoiceId> = due.overdue.iter().chain(&due.upcoming).cloned().collect();
                prop_assert_eq!(listed, next.invoices);
                let wait = (next.at - now).num_seconds();
                let early = now + TimeDelta::seconds(wait / 1_000 * i64::from(permille));
                if early < next.at {
                    prop_assert_eq!(plan(&policy, &facts, early).due, None);
                }
            }
            None => {
                prop_assert_eq!(announced.due, None);
                let later = now + TimeDelta::hours(i64::from(permille) * 3);
                prop_assert_eq!(plan(&policy, &facts, later).due, None);
            }
        }
    }

    #[test]
    fn following_the_announcements_says_everything_once_and_comes_to_an_end(
        policy in policies(), facts in cases(), now in moments(),
    ) {
        let (mut facts, mut now, mut sent) = (facts, now, Vec::new());
        while let Some(next) = plan(&policy, &facts, now).next {
            let due = plan(&policy, &facts, next.at).due.expect("what was announced is due");
            judge(&policy, &facts, &due, next.at);
            facts = facts.after(&due, next.at);
            now = next.at;
            sent.push(due);
            prop_assert!(sent.len() <= facts.items.len() * policy.steps.len(), "it never ends");
        }
    }

    #[test]
    fn sweeps_at_any_moments_keep_the_rules(
        policy in policies(), facts in cases(), hours in prop::collection::btree_set(-60i64 * 24..60 * 24, 1..80),
    ) {
        sweep(&policy, facts, hours.into_iter().map(|hours| middle() + TimeDelta::hours(hours)));
    }

    #[test]
    fn time_alone_never_takes_the_stage_back(policy in policies(), facts in cases(), now in moments(), hours in 0i64..2_000) {
        let later = now + TimeDelta::hours(hours);
        let (early, late) = (plan(&policy, &facts, now).due, plan(&policy, &facts, later).due);
        if let (Some(early), Some(late)) = (early, late) && early.carrying == late.carrying {
            let day = |due: &DueStep| policy.step(&due.step).unwrap().day;
            prop_assert!(day(&early) <= day(&late));
        }
    }

    #[test]
    fn the_order_in_which_invoices_are_known_does_not_matter(policy in policies(), facts in cases(), now in moments()) {
        let mut turned = facts.clone();
        turned.items.reverse();
        prop_assert_eq!(plan(&policy, &facts, now), plan(&policy, &turned, now));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn a_frequent_sweep_sends_exactly_what_following_the_announcements_sends(policy in policies(), facts in cases()) {
        let end = middle() + TimeDelta::days(60);
        // Every half hour: send times in the zones of the world lie on the half hour.
        let swept = sweep(&policy, facts.clone(), (0..60 * 48).map(|half| middle() + TimeDelta::minutes(30 * half)));
        let mut announced = Vec::new();
        let (mut facts, mut now) = (facts, middle());
        while let Some(next) = plan(&policy, &facts, now).next.filter(|next| next.at < end) {
            let due = plan(&policy, &facts, next.at).due.expect("what was announced is due");
            facts = facts.after(&due, next.at);
            now = next.at;
            announced.push((now, due));
        }
        prop_assert_eq!(swept, announced);
    }
}

//! The model against the worked examples that the rules were described with.

use super::*;

/// 1 January of a year that begins on a Monday, so that day 14 is the 15th.
const JANUARY: i64 = -1;

fn policy(days: &[i64]) -> Policy {
    Policy {
        steps: days
            .iter()
            .map(|day| Step {
                day: *day,
                per_invoice: *day < 0,
            })
            .collect(),
        suspension: None,
        catch_up: CatchUp::Latest,
        restart: false,
        pre_due_while_overdue: false,
        days_between_contacts: 0,
        business_days_only: false,
        threshold: 1,
        max_attempts: None,
    }
}

fn invoice(due: i64, amount: i64) -> Invoice {
    Invoice {
        due,
        amount,
        changes: Vec::new(),
    }
}

fn said(events: &[Event]) -> Vec<(i64, usize)> {
    events
        .iter()
        .filter_map(|event| match event {
            Event::Said { day, step, .. } => Some((*day, *step)),
            _ => None,
        })
        .collect()
}

fn days(from: i64, to: i64) -> Vec<i64> {
    (from..=to).collect()
}

#[test]
fn one_invoice_goes_through_its_steps() {
    let january = |day: i64| JANUARY + day;
    let policy = policy(&[-5, 1, 7, 14, 15]);
    let sweeps = days(january(1), january(60));
    let plain = simulate(&policy, &[invoice(january(15), 100)], &sweeps);
    assert_eq!(
        said(&plain),
        [(10, 0), (16, 1), (22, 2), (29, 3), (30, 4)].map(|(day, step)| (january(day), step))
    );

    let mut disputed = invoice(january(15), 100);
    disputed.changes = vec![
        (january(17), Change::Disputed),
        (january(24), Change::DisputeEnded),
    ];
    let after = simulate(&policy, &[disputed], &sweeps);
    assert_eq!(
        said(&after),
        [(10, 0), (16, 1), (24, 2), (29, 3), (30, 4)].map(|(day, step)| (january(day), step))
    );
}

#[test]
fn the_oldest_carries_and_all_overdue_are_listed() {
    let invoices = [invoice(-40, 100), invoice(-10, 100), invoice(20, 100)];
    let events = simulate(&policy(&[1, 7, 14, 30]), &invoices, &[0, 0]);
    assert_eq!(
        events,
        [Event::Said {
            day: 0,
            step: 3,
            overdue: vec![0, 1],
            about_to_be_due: vec![]
        }]
    );

    let mut pre_due = policy(&[-10, 6]);
    let invoices = [invoice(-5, 100), invoice(10, 100)];
    assert_eq!(simulate(&pre_due, &invoices, &[0]), []);
    pre_due.pre_due_while_overdue = true;
    assert_eq!(
        simulate(&pre_due, &invoices, &[0]),
        [Event::Said {
            day: 0,
            step: 0,
            overdue: vec![],
            about_to_be_due: vec![1]
        }]
    );
}

#[test]
fn a_threshold_is_met_by_what_remains() {
    let mut policy = policy(&[1]);
    let paid_in_part = Invoice {
        changes: vec![(-1, Change::Remains(9_000))],
        ..invoice(-5, 15_000)
    };
    let cases = [
        (invoice(-5, 9_900), 9_900, true),
        (invoice(-5, 9_900), 9_901, false),
        (paid_in_part, 10_000, false),
    ];
    for (invoice, threshold, acts) in cases {
        policy.threshold = threshold;
        assert_eq!(
            !simulate(&policy, &[invoice], &[0]).is_empty(),
            acts,
            "{threshold}"
        );
    }
}

#[test]
fn an_old_invoice_is_met_at_its_own_stage_once() {
    let mut policy = policy(&[5, 20, 40]);
    let invoices = [invoice(-45, 100)];
    assert_eq!(said(&simulate(&policy, &invoices, &[0, 0, 0])), [(0, 2)]);
    policy.catch_up = CatchUp::All;
    assert_eq!(
        said(&simulate(&policy, &invoices, &[0, 1, 2, 3])),
        [(0, 0), (1, 1), (2, 2)]
    );
    policy.catch_up = CatchUp::Skip;
    assert_eq!(said(&simulate(&policy, &invoices, &[0, 1, 2])), []);
}

#[test]
fn what_was_said_about_an_invoice_is_not_said_again() {
    // B is listed in A's third step at ten days; A is paid; B's next step is the fourth, when its age reaches it.
    let paid = Invoice {
        changes: vec![(1, Change::Remains(0))],
        ..invoice(-20, 100)
    };
    let invoices = [paid, invoice(-10, 100)];
    let mut policy = policy(&[1, 7, 14, 30]);
    let sweeps = days(0, 40);
    assert_eq!(said(&simulate(&policy, &invoices, &sweeps)), [(0, 2), (20, 3)]);
    policy.restart = true;
    assert_eq!(
        said(&simulate(&policy, &invoices, &sweeps)),
        [(0, 2), (1, 1), (4, 2), (20, 3)]
    );
}

#[test]
fn a_suspension_follows_its_warning_and_attempts_end() {
    let mut policy = policy(&[1, 10, 20]);
    policy.suspension = Some(Act {
        day: 10,
        announced_by: 1,
        notice: 7,
    });
    policy.max_attempts = Some(2);
    let events = simulate(&policy, &[invoice(0, 100)], &days(0, 60));
    let told: Vec<_> = events
        .iter()
        .map(|event| match event {
            Event::Said { day, .. } => ("said", *day),
            Event::Suspended { day } => ("suspended", *day),
        })
        .collect();
    assert_eq!(told, [("said", 1), ("said", 10), ("suspended", 17)]);
}

#[test]
fn a_promise_pauses_up_to_its_day() {
    let promised = Invoice {
        changes: vec![(6, Change::PromisedUntil(9))],
        ..invoice(0, 100)
    };
    let events = simulate(&policy(&[1, 7, 14]), &[promised], &days(0, 20));
    assert_eq!(said(&events), [(1, 0), (10, 1), (14, 2)]);
}

#[test]
fn a_gap_between_contacts_beats_a_shorter_schedule_and_weekends_wait() {
    let mut policy = policy(&[1, 2, 5]);
    policy.days_between_contacts = 3;
    assert_eq!(
        said(&simulate(&policy, &[invoice(0, 100)], &days(0, 20))),
        [(1, 0), (4, 1), (7, 2)]
    );
    policy.business_days_only = true;
    // Tuesday, Friday, and Monday: its age reached the step on Saturday.
    assert_eq!(
        said(&simulate(&policy, &[invoice(0, 100)], &days(0, 20))),
        [(1, 0), (4, 1), (7, 2)]
    );
    // Due on Thursday: Friday, then Monday for what was due on Saturday, then Thursday.
    assert_eq!(
        said(&simulate(&policy, &[invoice(3, 100)], &days(0, 20))),
        [(4, 0), (7, 1), (10, 2)]
    );
}

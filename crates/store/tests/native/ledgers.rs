//! Random ledgers: what holds after whatever happens, in whatever order a real system delivers it.
//!
//! Each case is a customer of its own in one database, so that the proof over the whole ledger covers them all.

use crate::world::{self, World};
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use std::cell::Cell;

crate::ground::own_ledger!();

/// What can happen. Numbers choose among what is there; what is not there does not happen.
#[derive(Clone, Debug)]
enum Event {
    Invoice {
        number: usize,
        minor: i64,
        due_in: i64,
    },
    CreditNote {
        number: usize,
        minor: i64,
        against: Option<usize>,
    },
    Payment {
        number: usize,
        minor: i64,
        names: Option<usize>,
    },
    Bounce {
        payment: usize,
    },
    Refund {
        payment: usize,
        minor: i64,
    },
    Void {
        invoice: usize,
    },
    /// The clock goes on by so many days, and the sweep runs, twice.
    Days(i64),
}

/// Cases of a test; `PROPTEST_CASES` does not count.
const CASES: u32 = 128;

/// How many documents of a kind a customer has at most: few, so that the same ones meet again.
const DOCUMENTS: usize = 5;

fn minor() -> impl Strategy<Value = i64> {
    // Small amounts meet each other's balances exactly now and then.
    prop_oneof![
        1_i64..=5,
        (1_i64..=4).prop_map(|euros| euros * 100),
        1_i64..=100_000
    ]
}

fn document() -> impl Strategy<Value = Event> {
    let number = 0..DOCUMENTS;
    let named = proptest::option::of(0..DOCUMENTS);
    prop_oneof![
        4 => (number.clone(), minor(), -40_i64..40)
            .prop_map(|(number, minor, due_in)| Event::Invoice { number, minor, due_in }),
        1 => (number.clone(), minor(), named.clone())
            .prop_map(|(number, minor, against)| Event::CreditNote { number, minor, against }),
        3 => (number, minor(), named)
            .prop_map(|(number, minor, names)| Event::Payment { number, minor, names }),
    ]
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        6 => document(),
        1 => (0..DOCUMENTS).prop_map(|payment| Event::Bounce { payment }),
        1 => (0..DOCUMENTS, minor()).prop_map(|(payment, minor)| Event::Refund { payment, minor }),
        1 => (0..DOCUMENTS).prop_map(|invoice| Event::Void { invoice }),
        3 => (0_i64..15).prop_map(Event::Days),
    ]
}

impl World {
    fn happen(&mut self, event: &Event) {
        match *event {
            Event::Invoice {
                number,
                minor,
                due_in,
            } => self.invoice(number, minor, due_in),
            Event::CreditNote {
                number,
                minor,
                against,
            } => self.credit_note(number, minor, against),
            Event::Payment { number, minor, names } => self.payment(number, minor, names),
            Event::Bounce { payment } => self.bounce(payment),
            Event::Refund { payment, minor } => self.refund(payment, minor),
            Event::Void { invoice } => self.void(invoice),
            Event::Days(days) => self.go_on(days),
        }
    }
}

/// Whatever happens, after each event: stored balances are the sums of postings; a payment's parts add up to it; the
/// account is worth what was accepted; nothing is said twice or without cause.
#[test]
fn a_ledger_holds_after_whatever_happens() {
    let _turn = world::turn(&LEDGER);
    let said = Cell::new(0);
    let outcome = TestRunner::new(config()).run(&proptest::collection::vec(event(), 1..30), |events| {
        let mut world = World::new();
        for event in &events {
            world.happen(event);
            world.check();
        }
        world.check_whole_ledger();
        said.set(said.get() + world.said());
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    World::check_journal();
    World::check_file();
    assert!(
        said.get() > 20,
        "{} messages: these ledgers show little",
        said.get()
    );
}

/// What people do besides.
#[derive(Clone, Debug)]
enum Act {
    Dispute { invoice: usize },
    EndDispute { is_rejected: bool },
    Promise { days: i64 },
    Hold { days: i64 },
    Release,
    WriteOff { invoice: usize },
    Other(Event),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..DOCUMENTS).prop_map(|invoice| Act::Dispute { invoice }),
        2 => any::<bool>().prop_map(|is_rejected| Act::EndDispute { is_rejected }),
        1 => (1_i64..15).prop_map(|days| Act::Promise { days }),
        1 => (0_i64..15).prop_map(|days| Act::Hold { days }),
        1 => Just(Act::Release),
        1 => (0..DOCUMENTS).prop_map(|invoice| Act::WriteOff { invoice }),
        14 => event().prop_map(Act::Other),
        6 => (1_i64..10).prop_map(|days| Act::Other(Event::Days(days))),
    ]
}

/// Under a policy that charges, warns and suspends, with disputes, promises, holds and write-offs between: nothing is
/// charged twice, a warning that was sent precedes every suspension, who owes nothing is not left suspended, and all
/// that holds of any ledger.
#[test]
fn nothing_is_charged_twice_and_a_warning_precedes_every_suspension() {
    let _turn = world::turn(&LEDGER);
    let (charged, suspended) = (Cell::new(0), Cell::new(0));
    let outcome = TestRunner::new(ProptestConfig {
        cases: CASES / 4,
        ..config()
    })
    .run(&proptest::collection::vec(act(), 10..50), |acts| {
        let mut world = World::under(world::strict());
        for act in &acts {
            match act {
                Act::Dispute { invoice } => world.dispute(*invoice),
                Act::EndDispute { is_rejected } => world.end_dispute(*is_rejected),
                Act::Promise { days } => world.promise(*days),
                Act::Hold { days } => world.hold(Some(*days)),
                Act::Release => world.hold(None),
                Act::WriteOff { invoice } => world.write_off(*invoice),
                Act::Other(event) => world.happen(event),
            }
            world.check();
            world.check_reinstated();
        }
        world.check_whole_ledger();
        charged.set(charged.get() + world.judge_charges());
        suspended.set(suspended.get() + world.suspended());
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("{error}");
    }
    assert!(
        charged.get() > 20,
        "{} charges: these ledgers show little",
        charged.get()
    );
    assert!(
        suspended.get() > 1,
        "{} suspensions: these ledgers show little",
        suspended.get()
    );
}

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: CASES,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config())]

    /// The same documents, each delivered once or several times, in any order: the account is worth the same. What
    /// goes back can only go back after it came.
    #[test]
    fn an_account_is_worth_the_same_in_whatever_order_it_is_told(
        documents in proptest::collection::vec(document(), 1..12),
        taken_back in proptest::collection::vec((0..DOCUMENTS, proptest::option::of(minor())), 0..4),
        seed in any::<u64>(),
    ) {
        // Of several documents with one number the first counts, so there is to be one of each.
        let mut seen = Vec::new();
        let documents: Vec<Event> = documents
            .into_iter()
            .filter(|event| {
                let key = match event {
                    Event::Invoice { number, .. } => (0, *number),
                    Event::CreditNote { number, .. } => (1, *number),
                    Event::Payment { number, .. } => (2, *number),
                    _ => return true,
                };
                !seen.contains(&key) && { seen.push(key); true }
            })
            .collect();
        let back = |(payment, minor): &(usize, Option<i64>)| match minor {
            Some(minor) => Event::Refund { payment: *payment, minor: *minor },
            None => Event::Bounce { payment: *payment },
        };
        let in_order: Vec<Event> = documents.iter().cloned().chain(taken_back.iter().map(back)).collect();
        let otherwise = world::delivered_otherwise(&in_order, seed, |event| match event {
            Event::Payment { number, .. } => Some(*number),
            Event::Bounce { payment } | Event::Refund { payment, .. } => Some(*payment),
            _ => None,
        });
        let _turn = world::turn(&LEDGER);
        let (mut one, mut other) = (World::new(), World::new());
        for event in &in_order {
            one.happen(event);
        }
        for event in &otherwise {
            other.happen(event);
            other.check();
        }
        prop_assert_eq!(one.worth(), other.worth());
    }
}

#[test]
fn a_sweep_for_a_time_that_was_decided_for_is_refused() {
    let _turn = world::turn(&LEDGER);
    assert!(world::sweep_after(0).is_ok());
    // Clocks of two hosts may differ by a little.
    assert!(world::sweep_after(-4).is_ok());
    let refused = world::sweep_after(-24 * 60);
    assert!(
        matches!(refused, Err(store::StoreError::BackDated(_))),
        "{refused:?}"
    );
    assert!(world::sweep_after(1).is_ok());
}

/// What is left of an invoice is given up, and then the money that had come for it goes back: that is owed again.
#[test]
fn money_that_goes_back_is_owed_again_where_the_rest_was_given_up() {
    let _turn = world::turn(&LEDGER);
    let mut world = World::new();
    world.happen(&Event::Invoice {
        number: 1,
        minor: 10_000,
        due_in: 0,
    });
    world.happen(&Event::Payment {
        number: 1,
        minor: 4_000,
        names: Some(1),
    });
    world.write_off(1);
    assert_eq!(world.status(1), "written_off");
    world.happen(&Event::Bounce { payment: 1 });
    assert_eq!(world.status(1), "partly_paid");
    assert_eq!(world.worth(), 4_000);
    world.check_whole_ledger();
}

//! Who guesses is made to wait, for as long as it is said, and nothing grows by it.
//!
//! Runs where the store is built with `native`: `cargo test -p store --features native`.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use crate::ground::now;
use chrono::{DateTime, Duration, Utc};
use store::Moment;
use store::attempts::{self, Kind, Slot};

crate::ground::own_ledger!();

const WINDOW: Duration = Duration::minutes(15);

fn at(seconds: i64) -> Moment {
    let start: DateTime<Utc> = "2026-01-12T09:00:00Z".parse().unwrap();
    Moment::at(start + Duration::seconds(seconds))
}

fn slot(kind: Kind, slot: u16) -> Slot {
    Slot { kind, slot, limit: 3 }
}

fn fails(slots: &[Slot], seconds: i64) -> Option<i64> {
    let wait = now(attempts::failed(&ledger(), at(seconds), slots, WINDOW)).unwrap();
    wait.map(|wait| wait.num_seconds())
}

#[test]
fn after_a_few_failures_there_is_a_wait_until_the_window_is_over() {
    let (mine, other) = ([slot(Kind::Address, 1)], [slot(Kind::Address, 2)]);
    for second in 0..3 {
        assert_eq!(fails(&mine, second * 100), None);
    }
    assert_eq!(fails(&mine, 300), Some(600));
    assert_eq!(fails(&mine, 899), Some(1));
    // Nobody else waits, and waiting is not prolonged by trying.
    assert_eq!(fails(&other, 300), None);
    assert_eq!(fails(&[slot(Kind::Prefix, 1)], 300), None);
    assert_eq!(fails(&mine, 900), None);
    assert_eq!(fails(&mine, 901), None);
    assert_eq!(fails(&mine, 902), None);
    assert_eq!(fails(&mine, 903), Some(897));
    // A clock that goes back does not make anybody wait for longer than a window.
    assert_eq!(fails(&mine, 0), None);
}

#[test]
fn one_slot_over_its_limit_is_enough() {
    let (prefix, address) = (slot(Kind::Prefix, 7), slot(Kind::Address, 70));
    for _ in 0..3 {
        assert_eq!(fails(&[prefix], 0), None);
    }
    assert_eq!(fails(&[address, prefix], 1), Some(899));
    let unharmed = now(attempts::wait(&ledger(), at(1), &[address], WINDOW)).unwrap();
    assert_eq!(unharmed, None);
    assert_eq!(fails(&[], 1), None);
}

#[test]
fn there_are_as_many_rows_as_slots_however_many_try() {
    for round in 0..40 {
        for number in 100..110 {
            fails(
                &[slot(Kind::Address, number), slot(Kind::Prefix, number)],
                round * 200,
            );
        }
    }
    let connection = rusqlite::Connection::open(file()).unwrap();
    let rows: i64 = connection
        .query_row(
            "SELECT count(*) FROM attempts WHERE slot BETWEEN 100 AND 109",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(rows, 20);
    let most: i64 = connection
        .query_row("SELECT max(count) FROM attempts", [], |row| row.get(0))
        .unwrap();
    assert_eq!(most, 3, "what waits is not written");
}

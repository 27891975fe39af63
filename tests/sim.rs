//! Years of a made-up business, in small: a fixed set of seeds, and one that nobody has tried.
//!
//! What is simulated and what must hold is the simulator's affair (docs/sim.md); bugs that it found are in
//! `sim/FOUND.md`. `DUNLIN_TEST_SEED` takes the place of the fresh seed.

use std::env;
use std::process::Output;

use crate::harness::{build_once, dunlin, own, random_seed, say};

/// Seeds that run every time: with how many days and customers, and how much goes wrong. Those that have found
/// something are among them.
const SEEDS: [(u64, u32, u32, &str); 5] = [
    (1, 40, 8, "none"),
    (2, 40, 8, "some"),
    (3, 30, 10, "many"),
    (4, 20, 6, "many"),
    (3_814_404_990, 40, 24, "many"),
];

fn simulate(seed: u64, days: u32, customers: u32, faults: &str) -> Output {
    build_once();
    let [seed, days, customers] = [seed.to_string(), days.to_string(), customers.to_string()];
    let arguments = [
        "sim",
        "--seed",
        &seed,
        "--days",
        &days,
        "--customers",
        &customers,
        "--faults",
        faults,
    ];
    dunlin()
        .args(arguments)
        .arg("--no-shrink")
        .output()
        .expect("dunlin sim")
}

#[track_caller]
fn holds(seed: u64, days: u32, customers: u32, faults: &str) -> String {
    let output = simulate(seed, days, customers, faults);
    let report = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        output.status.success(),
        "{report}\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    report
}

/// The count of a line of the report.
fn count(report: &str, name: &str) -> u64 {
    let line = report.lines().find(|line| line.trim_start().starts_with(name));
    let count = line.and_then(|line| line.split_whitespace().last()?.parse().ok());
    count.unwrap_or_default()
}

#[test]
fn what_goes_wrong_in_a_simulated_business_loses_and_doubles_nothing() {
    own!();
    for (seed, days, customers, faults) in SEEDS {
        let report = holds(seed, days, customers, faults);
        assert!(!report.contains("BROKEN"), "{report}");
        // A world in which nothing happens proves nothing.
        assert!(
            count(&report, "holds") == 0 && report.contains("delivered"),
            "{report}"
        );
        if faults == "many" {
            assert!(count(&report, "trap") > 0, "{report}");
        }
    }
}

#[test]
fn a_seed_that_nobody_has_tried() {
    own!();
    let given = env::var("DUNLIN_TEST_SEED").ok();
    let given = given.map(|seed| seed.parse().expect("DUNLIN_TEST_SEED is a number"));
    let seed = given.unwrap_or_else(|| random_seed() >> 32);
    say(&format!(
        "dunlin sim --seed {seed} --days 25 --customers 8 --faults many"
    ));
    holds(seed, 25, 8, "many");
}

#[test]
fn the_same_seed_is_the_same_run_byte_for_byte() {
    own!();
    let run = || holds(5, 25, 5, "many");
    let (first, again) = (run(), run());
    assert_eq!(first, again);
}

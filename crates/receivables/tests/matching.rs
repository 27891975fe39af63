//! How well bank lines are matched: a generated month ([`month`]), with what must hold of it.
//!
//! Lines come day by day; in the evening a person has dealt with what was left for review, and was right.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "tests compute in plain arithmetic; an overflow there fails the test"
)]

mod month;

use month::Month;

/// The figures that are promised: nothing wrong, most without a person, and the right one first for the rest.
#[test]
fn a_month_is_matched_without_a_mistake() {
    let mut all = month::Score::default();
    for seed in 1..=6 {
        let score = month::score(&Month::of(seed, 1_500, 15_000));
        println!("seed {seed}: {score}");
        assert_eq!(score.wrong, Vec::<String>::new(), "seed {seed}");
        all.lines += score.lines;
        all.right += score.right;
        all.first += score.first;
    }
    println!("in all: {all}");
    assert!(all.right * 100 >= all.lines * 85, "{all}");
    assert!(all.first * 100 >= (all.lines - all.right) * 95, "{all}");
}

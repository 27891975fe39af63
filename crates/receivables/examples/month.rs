//! Measures the matching of bank lines on generated months: how well, and how fast as the ledger grows.
//!
//! `cargo run --release -p receivables --example month [seed] [--left]`

#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::string_slice,
    reason = "measures, and is no part of the product"
)]

#[path = "../tests/month/mod.rs"]
mod month;

use std::time::Instant;

use month::Month;
use receivables::matching::Book;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seed = arguments
        .iter()
        .find_map(|argument| argument.parse().ok())
        .unwrap_or(1);
    let whole = Month::of(seed, 10_000, 100_000);
    let score = month::score(&whole);
    println!("seed {seed}: {score}");
    for (kind, [lines, right, first]) in &score.kinds {
        println!("  {kind:?}: {lines} lines, {right} automatic, {first} first in review");
    }
    for one in &score.wrong {
        println!("WRONG\n{one}");
    }
    if arguments.iter().any(|argument| argument == "--left") {
        for (kind, is_first, one) in &score.left {
            println!("LEFT {kind:?} {is_first}\n{one}");
        }
    }
    for invoices in [1_000, 10_000, 100_000] {
        let month = Month::of(seed, 10_000.min(invoices / 2), invoices);
        let began = Instant::now();
        let book = Book::of(month.contents);
        let made = began.elapsed();
        let began = Instant::now();
        for line in &month.lines {
            std::hint::black_box(book.judge(&line.credit));
        }
        let judged = began.elapsed();
        let (lines, a_line) = (month.lines.len(), judged / month.lines.len() as u32);
        println!("{invoices} invoices: book {made:?}, {lines} lines {judged:?}, {a_line:?} a line");
    }
}

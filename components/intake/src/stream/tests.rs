//! A body comes to the same rows however it is cut into pieces, and goes on after any batch.

use super::*;
use crate::body::tests::pieces;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Runs to its end what never waits.
fn now<F: Future>(work: F) -> F::Output {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("nothing waits here"),
    }
}

/// Where a batch ended: bytes, their digest, the state; and its rows' texts.
type Step = (u64, String, State, Vec<String>);

/// The batches of a body that comes in pieces of so many bytes, after what was done before.
fn batches(file: &[u8], size: usize, table: Option<&Table>, before: Option<&Step>) -> Vec<Step> {
    let mut body = pieces(file, size);
    let mut state = State {
        line: 1,
        ..State::default()
    };
    if let Some((bytes, digest, then, _)) = before {
        now(body.pass_over(*bytes)).unwrap();
        assert_eq!(&body.digest(), digest, "another body");
        state = then.clone();
    }
    let form = match (table, &state.layout) {
        (None, _) => Form::Lines,
        (Some(_), layout) => Form::Csv(
            layout
                .as_ref()
                .map(|layout| u8::try_from(layout.delimiter).unwrap()),
        ),
    };
    let mut splitter = Splitter::new(form, state.line, body.hashed);
    for piece in body.ahead() {
        splitter.push(piece);
    }
    let mut steps = Vec::new();
    loop {
        let batch = now(fill(&mut body, &mut splitter, table, &mut state)).unwrap();
        body.hash_to(batch.end);
        state.line = batch.next_line;
        let texts = batch.rows.iter().map(|row| row.text().unwrap_or("?").to_owned());
        steps.push((body.hashed, body.digest(), state.clone(), texts.collect()));
        if batch.last {
            return steps;
        }
    }
}

fn file(rows: usize) -> String {
    let mut file = "number;customer;date;currency;total;text\r\n".to_owned();
    for row in 0..rows {
        let text = if row % 7 == 0 { "\"two\nlines\"" } else { "" };
        file.push_str(&format!("R-{row};C-{};2026-01-05;EUR;10,50;{text}\r\n", row % 10));
    }
    file
}

const TABLE: Table = Table {
    encoding: Encoding::Utf8,
    mapping: None,
};

#[test]
fn pieces_make_no_difference_and_batches_are_of_a_thousand_rows() {
    let file = file(2_500);
    let whole = batches(file.as_bytes(), usize::MAX, Some(&TABLE), None);
    let rows: Vec<usize> = whole.iter().map(|(.., rows)| rows.len()).collect();
    assert_eq!(rows, [1_000, 1_000, 500]);
    assert_eq!(whole.last().unwrap().0, u64::try_from(file.len()).unwrap());
    for size in [1, 7, 4_096, 65_536] {
        let cut = batches(file.as_bytes(), size, Some(&TABLE), None);
        for (one, other) in whole.iter().zip(&cut) {
            assert_eq!((one.0, &one.1, &one.3), (other.0, &other.1, &other.3), "{size}");
        }
    }
}

#[test]
fn reading_goes_on_after_any_batch_whatever_the_pieces() {
    let tables = [
        (file(2_500), Some(&TABLE)),
        (file(2_500).replace("\n\"", "\""), None),
    ];
    for (file, table) in tables {
        let whole = batches(file.as_bytes(), 1_000, table, None);
        for (at, step) in whole.iter().enumerate() {
            for size in [1, 333, usize::MAX] {
                let rest = batches(file.as_bytes(), size, table, Some(step));
                let rows = |steps: &[Step]| steps.iter().flat_map(|step| step.3.clone()).collect::<Vec<_>>();
                assert_eq!(
                    rows(&rest),
                    rows(whole.get(at + 1..).unwrap()),
                    "after batch {at}"
                );
                let (last, end) = (rest.last().unwrap(), whole.last().unwrap());
                assert_eq!((last.0, &last.1, last.2.line), (end.0, &end.1, end.2.line));
            }
        }
    }
}

#[test]
fn a_body_of_exactly_a_batch_ends_with_an_empty_one_and_an_empty_body_with_none() {
    let lines = "{}\n".repeat(1_000);
    let rows = |file: &str| {
        let steps = batches(file.as_bytes(), 64, None, None);
        steps.iter().map(|(.., rows)| rows.len()).collect::<Vec<_>>()
    };
    assert_eq!(rows(&lines), [1_000, 0]);
    assert_eq!(rows(""), [0]);
    assert_eq!(rows("\n\n  \n"), [0]);
    assert_eq!(rows("\u{feff}{}\n"), [1]);
}

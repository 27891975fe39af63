//! How long a letter on paper takes, as a ratio to rendering the same message as an email, in one run:
//! `cargo run --release -p paper --example ratio`. With a path, the letter is kept there.

#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    clippy::float_arithmetic,
    reason = "measures, and is no part of the product"
)]

use std::time::{Duration, Instant};

use chrono::{Days, NaiveDate};
use paper::{Envelope, letter, of_message};
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::money::Money;
use render::{Chosen, Line, MessageContext, render_message};

const ROUNDS: u32 = 200;

fn main() {
    for (locale, invoices) in [("en", 3), ("hi", 3), ("en", 40), ("en", 500)] {
        let context = context(locale, invoices);
        let envelope = Envelope {
            creditor: vec!["Nordwind Energie GmbH".to_owned(), "Hafenstraße 7".to_owned()],
            addressee: vec![
                "आदित्य शर्मा".to_owned(),
                "5 MG Road".to_owned(),
                "560001 Bengaluru".to_owned(),
            ],
            country: Some("IN".to_owned()),
            dated: context.overdue.first().unwrap().due_on,
            transfer: None,
        };
        let chosen = Chosen::shipped();
        let rounds = if invoices > 40 { ROUNDS / 20 } else { ROUNDS };
        let mail = timed(rounds, || {
            render_message(&chosen, Channel::Email, &context)
                .unwrap()
                .html
                .len()
        });
        let rendered = render_message(&chosen, Channel::Letter, &context).unwrap();
        let facts = of_message(&context, &rendered, &envelope);
        let printed = letter(&facts).unwrap();
        let paper = timed(rounds, || letter(&facts).unwrap().pdf.len());
        println!(
            "{locale}, {invoices} invoices: mail {mail:?}, letter {paper:?}: {:.1} times as long; {} pages, {} bytes",
            paper.as_secs_f64() / mail.as_secs_f64(),
            printed.pages,
            printed.pdf.len()
        );
        if let Some(path) = std::env::args().nth(1) {
            std::fs::write(format!("{path}-{locale}-{invoices}.pdf"), &printed.pdf).unwrap();
        }
    }
}

/// The best of several rounds.
fn timed(rounds: u32, mut work: impl FnMut() -> usize) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..rounds {
        let begun = Instant::now();
        std::hint::black_box(work());
        best = best.min(begun.elapsed());
    }
    best
}

fn context(locale: &str, invoices: u64) -> MessageContext {
    let eur = Currency::parse("EUR").unwrap();
    let first = NaiveDate::from_ymd_opt(2026, 1, 1).unwrap();
    let overdue: Vec<Line> = (1..=invoices)
        .map(|number| Line {
            number: format!("INV-{number:04}"),
            issue_on: first,
            due_on: first + Days::new(number % 28),
            balance: Money::new(12_345, eur),
            total: Money::new(12_345, eur),
            days_overdue: 30,
            charge: false,
        })
        .collect();
    MessageContext {
        template: "firm".to_owned(),
        locale: locale.to_owned(),
        creditor_name: "Nordwind Energie GmbH".to_owned(),
        reply_to: Some("buchhaltung@nordwind.example".to_owned()),
        customer_name: "Lovelace Analytics SE".to_owned(),
        contact_name: None,
        total: Money::new(12_345 * i64::try_from(invoices).unwrap(), eur),
        overdue,
        upcoming: Vec::new(),
        act_on: None,
        promise: None,
        about: None,
        tone: None,
        pay_url: "https://pay.example/pay/0hJ3kQ9xZr7TnW2mVb5cLs8dYf4gAe6uPiXoRtKyN1w".to_owned(),
        unsubscribe_url: None,
        message_id: "msg_01kerpxzmveajww06wkd284ebd".to_owned(),
    }
}

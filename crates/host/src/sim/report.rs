//! What a finance team wants to see of the years that went by, and how they are judged.

use super::books::Month;
use super::money;
use super::oracles::RULES;
use super::plan::Plan;
use super::town::{Outcome, Town};
use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write;

/// What is told of a run.
#[derive(Debug, Default)]
pub(super) struct Facts {
    months: BTreeMap<(String, String), Month>,
    /// What is open at the end on invoices and charges, by currency.
    open: BTreeMap<String, i64>,
    /// What customers owe at the end, with what they have on account taken off.
    owed: BTreeMap<String, i64>,
    invoices: usize,
    /// Messages by step, channel and status.
    messages: BTreeMap<(String, String, String), u64>,
    /// Charges by kind and currency: how many, what was charged, what was taken back.
    charges: BTreeMap<(String, String), (u64, i64, i64)>,
    promises: BTreeMap<String, u64>,
    plans: BTreeMap<String, u64>,
    counts: BTreeMap<&'static str, u64>,
    events: BTreeMap<String, u64>,
    faults: BTreeMap<String, u64>,
    hosts: usize,
    pub(super) requests: u64,
    pub(super) calls: u64,
    pub(super) days: i64,
}

/// What the app lists in the end.
pub(super) struct Lists<'a> {
    pub(super) customers: &'a [Value],
    pub(super) invoices: &'a [Value],
    pub(super) charges: &'a [Value],
    pub(super) messages: &'a [Value],
    pub(super) promises: &'a [Value],
    pub(super) plans: &'a [Value],
    pub(super) events: &'a [Value],
}

impl Facts {
    /// Makes them of what the app lists in the end.
    pub(super) fn gather(town: &Town, now: DateTime<Utc>, lists: &Lists<'_>) -> Self {
        let text = |document: &Value, name: &str| document[name].as_str().unwrap_or_default().to_owned();
        let mut facts = Self {
            months: town.books.months.clone(),
            counts: town.books.counts.clone(),
            invoices: lists.invoices.len(),
            faults: town.stage.faults.met(),
            hosts: town.stage.hosts(),
            requests: town.stage.requests,
            calls: town.stage.faults.all(),
            days: (now - super::town::start()).num_days(),
            ..Self::default()
        };
        for (what, count) in &town.stage.outside.inside().met {
            facts.faults.insert((*what).to_owned(), *count);
        }
        for invoice in lists.invoices {
            *facts.open.entry(text(invoice, "currency")).or_default() +=
                money::at(invoice, "/balance").unwrap_or_default();
        }
        for customer in lists.customers {
            for account in customer["accounts"].as_array().into_iter().flatten() {
                *facts.owed.entry(text(account, "currency")).or_default() +=
                    money::at(account, "/balance").unwrap_or_default();
            }
        }
        for message in lists.messages {
            let key = (
                text(message, "step"),
                text(message, "channel"),
                text(message, "status"),
            );
            *facts.messages.entry(key).or_default() += 1;
        }
        for charge in lists.charges {
            let [amount, reversed, waived] =
                ["/amount", "/reversed", "/waived"].map(|at| money::at(charge, at).unwrap_or_default());
            let currency = charge
                .pointer("/amount/currency")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let (count, charged, back) = facts
                .charges
                .entry((text(charge, "kind"), currency.to_owned()))
                .or_default();
            *count += 1;
            *charged += amount;
            *back += reversed + waived;
        }
        for promise in lists.promises {
            *facts.promises.entry(text(promise, "status")).or_default() += 1;
        }
        for plan in lists.plans {
            *facts.plans.entry(text(plan, "status")).or_default() += 1;
        }
        for event in lists.events {
            *facts.events.entry(text(event, "status")).or_default() += 1;
        }
        facts
    }

    /// All faults that were met.
    pub(super) fn faults(&self) -> u64 {
        self.faults.values().sum()
    }
}

/// The report. It says nothing of the machine that it was made on: the same plan gives the same text.
pub(super) fn text(plan: &Plan, outcome: &Outcome) -> String {
    let mut out = Page(String::new());
    out.line(&plan.command());
    let facts = &outcome.facts;
    out.line(&format!(
        "{} days with {} customers, {} host(s), {} invoices and charges",
        facts.days, plan.customers, facts.hosts, facts.invoices
    ));
    money_table(&mut out, facts);
    out.head("Messages", &["step", "channel", "became", "count"]);
    for ((step, channel, status), count) in &facts.messages {
        out.row(&[step, channel, status, &count.to_string()]);
    }
    out.head(
        "Fees and interest",
        &["kind", "", "charged", "taken back", "count"],
    );
    for ((kind, currency), (count, charged, back)) in &facts.charges {
        out.row(&[
            kind,
            currency,
            &money::text(*charged),
            &money::text(*back),
            &count.to_string(),
        ]);
    }
    counted(
        &mut out,
        "Promises",
        facts.promises.iter().map(|(name, count)| (name.as_str(), *count)),
    );
    counted(
        &mut out,
        "Plans to pay in parts",
        facts.plans.iter().map(|(name, count)| (name.as_str(), *count)),
    );
    counted(
        &mut out,
        "Besides",
        facts.counts.iter().map(|(name, count)| (*name, *count)),
    );
    counted(
        &mut out,
        "Events that wait or failed",
        facts.events.iter().map(|(name, count)| (name.as_str(), *count)),
    );
    counted(
        &mut out,
        "Faults",
        facts.faults.iter().map(|(name, count)| (name.as_str(), *count)),
    );
    out.head("Verdicts", &[]);
    for (rule, means) in RULES {
        let broken = outcome
            .violations
            .iter()
            .filter(|violation| violation.rule == *rule)
            .count();
        let verdict = if broken == 0 {
            "holds".to_owned()
        } else {
            format!("BROKEN {broken} times")
        };
        out.line(&format!("  {verdict:<18} {rule}: {means}"));
    }
    out.0
}

fn money_table(out: &mut Page, facts: &Facts) {
    let mut currencies: Vec<&String> = facts.months.keys().map(|(_, currency)| currency).collect();
    currencies.sort();
    currencies.dedup();
    for currency in currencies {
        out.head(
            currency,
            &[
                "month",
                "invoiced",
                "collected",
                "credited",
                "let go",
                "owed",
                "DSO",
            ],
        );
        let (mut owed, mut sum) = (0, Month::default());
        // Of the last three months, what was invoiced: the usual base of days sales outstanding.
        let mut last = [0; 3];
        let months = facts.months.iter().filter(|((_, of), _)| of == currency);
        for ((month, _), one) in months {
            owed += one.invoiced - one.collected - one.credited - one.let_go;
            last.rotate_left(1);
            last[2] = one.invoiced;
            sum.invoiced += one.invoiced;
            sum.collected += one.collected;
            sum.credited += one.credited;
            sum.let_go += one.let_go;
            let base: i64 = last.iter().sum();
            let dso = (owed.max(0) * 90)
                .checked_div(base)
                .map_or_else(|| "-".to_owned(), |days| days.to_string());
            out.row(&[
                month,
                &money::text(one.invoiced),
                &money::text(one.collected),
                &money::text(one.credited),
                &money::text(one.let_go),
                &money::text(owed),
                &dso,
            ]);
        }
        out.row(&[
            "in all",
            &money::text(sum.invoiced),
            &money::text(sum.collected),
            &money::text(sum.credited),
            &money::text(sum.let_go),
            "",
            "",
        ]);
        let [open, owed] =
            [&facts.open, &facts.owed].map(|map| map.get(currency).copied().unwrap_or_default());
        out.line(&format!(
            "  in the ledger, with fees and interest: {} open, {} on account, {} owed",
            money::text(open),
            money::text(open - owed),
            money::text(owed)
        ));
    }
}

fn counted<'a>(out: &mut Page, title: &str, rows: impl Iterator<Item = (&'a str, u64)>) {
    let rows: Vec<_> = rows.collect();
    if rows.is_empty() {
        return;
    }
    out.head(title, &[]);
    for (name, count) in rows {
        out.line(&format!("  {name:<34} {count:>8}"));
    }
}

/// Lines of text.
struct Page(String);

impl Page {
    fn line(&mut self, line: &str) {
        // Writing to a string does not fail.
        let _ = writeln!(self.0, "{line}");
    }

    fn head(&mut self, title: &str, columns: &[&str]) {
        self.line("");
        self.line(title);
        if !columns.is_empty() {
            self.row(columns);
        }
    }

    /// The first column is a word, the others stand to the right.
    fn row(&mut self, cells: &[&str]) {
        let mut line = String::from(" ");
        for (at, cell) in cells.iter().enumerate() {
            let _ = match at {
                0 => write!(line, " {cell:<20}"),
                _ => write!(line, " {cell:>14}"),
            };
        }
        self.line(line.trim_end());
    }
}

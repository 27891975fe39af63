//! Drift: what another system says of invoices, beside what the ledger says. Reads only.
//!
//! **O(n log n).** What the other side names is looked up a batch at a time, by number, with one statement each; what is
//! open here and was not named there is found by going over what is open, a page at a time. Nothing is written.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::params;
use receivables::currency::Currency;
use receivables::drift::{Difference, Side, There, differences};
use receivables::id::InvoiceId;
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Invoices of one statement.
const BATCH: usize = 2_000;
/// Open invoices of one page.
const PAGE: u32 = 5_000;

statements! {
    /// Charges are ours alone: no other system knows their numbers.
    NAMED = "SELECT json_object('id', i.id, 'number', i.number, 'status', i.status, 'balance_minor', i.balance_minor,
            'currency', i.currency, 'customer', k.external_id)
        FROM invoices i JOIN customers k ON k.id = i.customer_id
        WHERE i.number IN (SELECT value FROM json_each(?)) AND i.kind = 'invoice' ORDER BY i.number, i.id";
    OPEN = "SELECT json_object('id', i.id, 'number', i.number, 'status', i.status, 'balance_minor', i.balance_minor,
            'currency', i.currency, 'customer', k.external_id)
        FROM invoices i JOIN customers k ON k.id = i.customer_id
        WHERE i.status = ?1 AND i.id > ?2 AND i.kind = 'invoice' ORDER BY i.id LIMIT ?3";
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    id: InvoiceId,
    number: String,
    status: String,
    balance_minor: i64,
    currency: Currency,
    customer: String,
}

impl Row {
    fn side(&self) -> Side {
        Side {
            status: self.status.clone(),
            balance: Money::new(self.balance_minor, self.currency),
            customer: Some(self.customer.clone()),
        }
    }
}

/// An invoice in which the two sides differ.
#[derive(Debug, Clone, Serialize)]
pub struct DriftView {
    /// The creditor's number.
    pub number: String,
    /// In what.
    pub differences: Vec<&'static str>,
    /// Ours, where there is one.
    pub invoice_id: Option<InvoiceId>,
    /// As it stands here.
    pub here: Option<Side>,
    /// As the other system has it.
    pub there: Option<Side>,
}

/// A comparison so far: what is found is counted in full and listed up to a limit.
#[derive(Debug, Default)]
pub struct Comparison {
    named: BTreeSet<String>,
    /// Lines that the other side sent.
    pub compared: usize,
    /// Lines in which nothing differs.
    pub agreeing: usize,
    /// How often each difference was found.
    pub counts: BTreeMap<Difference, usize>,
    /// What was found, up to `most`.
    pub found: Vec<DriftView>,
    /// Whether more was found than is listed.
    pub more: bool,
    most: usize,
}

impl Comparison {
    /// A comparison that lists at most so many.
    pub fn new(most: usize) -> Self {
        Self {
            most,
            ..Self::default()
        }
    }

    fn add(&mut self, number: &str, differences: Vec<Difference>, here: Option<&Row>, there: Option<&Side>) {
        for difference in &differences {
            let count = self.counts.entry(*difference).or_default();
            *count = count.saturating_add(1);
        }
        if self.found.len() >= self.most {
            self.more = true;
            return;
        }
        self.found.push(DriftView {
            number: number.to_owned(),
            differences: differences.into_iter().map(Difference::as_str).collect(),
            invoice_id: here.map(|row| row.id.clone()),
            here: here.map(Row::side),
            there: there.cloned(),
        });
    }

    /// Compares lines of the other side with the ledger.
    pub async fn lines(&mut self, db: &Db, lines: &[There]) -> Result<()> {
        for batch in lines.chunks(BATCH) {
            let numbers: Vec<&str> = batch.iter().map(|line| line.number.as_str()).collect();
            let rows: Vec<Row> = db.list(NAMED, params![serde_json::to_string(&numbers)?]).await?;
            let mut known: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
            for row in &rows {
                known.entry(row.number.as_str()).or_default().push(row);
            }
            for line in batch {
                let namesakes = known.get(line.number.as_str()).map_or(&[][..], Vec::as_slice);
                self.line(line, namesakes);
            }
        }
        Ok(())
    }

    fn line(&mut self, line: &There, namesakes: &[&Row]) {
        self.compared = self.compared.saturating_add(1);
        let customer = line.side.customer.as_deref();
        let of_customer = |row: &&&Row| customer == Some(row.customer.as_str());
        let here = match namesakes {
            [] => {
                let missing = vec![Difference::MissingHere];
                return self.add(&line.number, missing, None, Some(&line.side));
            }
            [only] => only,
            several => match several.iter().find(of_customer) {
                Some(row) => row,
                None => {
                    let ambiguous = vec![Difference::Ambiguous];
                    return self.add(&line.number, ambiguous, None, Some(&line.side));
                }
            },
        };
        let mut found = differences(&here.side(), &line.side);
        if !self.named.insert(here.id.to_string()) {
            found.insert(0, Difference::NamedTwice);
        }
        match found.is_empty() {
            true => self.agreeing = self.agreeing.saturating_add(1),
            false => self.add(&line.number, found, Some(here), Some(&line.side)),
        }
    }

    /// Looks for what is open here and was not named: the other side's list is at its end.
    pub async fn finish(&mut self, db: &Db) -> Result<()> {
        for status in ["open", "partly_paid"] {
            let mut after = String::new();
            loop {
                let rows: Vec<Row> = db.list(OPEN, params![status, after.as_str(), PAGE]).await?;
                let Some(last) = rows.last() else { break };
                after = last.id.to_string();
                for row in &rows {
                    if !self.named.contains(row.id.as_str()) {
                        self.add(&row.number, vec![Difference::MissingThere], Some(row), None);
                    }
                }
            }
        }
        Ok(())
    }
}

//! BAI2, the cash management balance reporting format of North American banks, version 2.
//!
//! Shape: records of fields between commas, ended by a stroke or the line's end, `88` going on where the record before
//! stopped; groups of accounts, each account one statement. Amounts have no point: their digits follow from the
//! currency.
//!
//! Bounds: [`limits::STATEMENT_LINES`] lines. Refused: records out of order, and control totals or counts that do not agree, on each of
//! the three levels, since something is then missing.
//!
//! Source: BAI, Cash Management Balance Reporting Specifications, Version 2 (2005): records, funds types (section 3),
//! type codes (appendix A), control totals.

use chrono::NaiveDate;

use super::{Balance, Booking, Format, Line, Problems, Statement};
use super::{account, kept, reference, short_day};
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::limits;
use receivables::money::Money;

/// A record with what continued it.
struct Record<'a> {
    code: &'a str,
    /// Every field after the code; those of `88` records follow.
    fields: Vec<&'a str>,
    /// The text of a `16` goes over lines.
    more: Vec<&'a str>,
    /// The line of the document, from 1.
    at: usize,
    /// Records of the file that it is, with those that continue it.
    count: i64,
}

impl Record<'_> {
    fn field(&self, at: usize) -> &str {
        self.fields.get(at).copied().unwrap_or_default().trim()
    }

    fn place(&self) -> String {
        format!("line {}, record {}", self.at, self.code)
    }
}

fn records<'a>(text: &'a str, problems: &mut Problems) -> Vec<Record<'a>> {
    let mut records: Vec<Record<'a>> = Vec::new();
    for (line, at) in text.lines().zip(1usize..) {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        let (code, rest) = line.split_once(',').unwrap_or((line, ""));
        // What stands behind the stroke is filling. In the text of a line it may be part of the text.
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        match code {
            "01" | "02" | "03" | "16" | "49" | "98" | "99" => records.push(Record {
                code,
                fields: rest.split(',').collect(),
                more: Vec::new(),
                at,
                count: 1,
            }),
            "88" => match records.last_mut() {
                Some(record) => {
                    record.count = record.count.saturating_add(1);
                    match record.code {
                        "16" => record.more.push(rest),
                        _ => record.fields.extend(rest.split(',')),
                    }
                }
                None => problems.note(format!("line {at}"), "invalid_record", "an 88 continues nothing"),
            },
            other => {
                let shown: String = other.chars().take(8).collect();
                problems.note(
                    format!("line {at}"),
                    "invalid_record",
                    format!("no record is called {shown:?}"),
                );
            }
        }
    }
    records
}

/// What the records so far come to, on one level.
#[derive(Clone, Copy, Default)]
struct Totals {
    minor: i64,
    records: i64,
    members: i64,
}

impl Totals {
    fn add(&mut self, minor: i64, records: i64) {
        self.minor = self.minor.saturating_add(minor);
        self.records = self.records.saturating_add(records);
    }

    /// Closes a level within this one.
    fn close(&mut self, inner: Totals) {
        self.add(inner.minor, inner.records);
        self.members = self.members.saturating_add(1);
    }
}

#[derive(Default)]
struct Reader {
    problems: Problems,
    file: Totals,
    group: Totals,
    account: Totals,
    as_of: Option<NaiveDate>,
    currency: Option<Currency>,
    open: Option<(String, Statement)>,
    statements: Vec<(String, Statement)>,
    lines: usize,
}

/// Reads a document; every problem at once.
pub fn read(text: &str) -> Result<Vec<Statement>, Vec<FieldError>> {
    let mut reader = Reader::default();
    let records = records(text, &mut reader.problems);
    if records.last().is_none_or(|last| last.code != "99") {
        let detail = "the file does not end with a record 99: it is cut off";
        reader.problems.note("", "required", detail);
    }
    for record in &records {
        reader.take(record);
        if reader.lines > limits::STATEMENT_LINES {
            let detail = format!("the document has more than {} lines", limits::STATEMENT_LINES);
            reader.problems.note("", "too_many_lines", detail);
            break;
        }
    }
    let Reader {
        problems, statements, ..
    } = reader;
    problems.finish(statements)
}

impl Reader {
    fn take(&mut self, record: &Record<'_>) {
        match record.code {
            "01" => self.file.add(0, record.count),
            "02" => self.open_group(record),
            "03" => self.open_account(record),
            "16" => self.line(record),
            "49" => {
                self.account.add(0, record.count);
                let found = std::mem::take(&mut self.account);
                self.control(record, 0, found.minor, "account control total");
                self.control(record, 1, found.records, "number of records");
                self.group.close(found);
                self.statements.extend(self.open.take());
            }
            "98" => {
                self.group.add(0, record.count);
                let found = std::mem::take(&mut self.group);
                self.control(record, 0, found.minor, "group control total");
                self.control(record, 1, found.members, "number of accounts");
                self.control(record, 2, found.records, "number of records");
                self.file.close(found);
            }
            "99" => {
                self.file.add(0, record.count);
                let found = std::mem::take(&mut self.file);
                self.control(record, 0, found.minor, "file control total");
                self.control(record, 1, found.members, "number of groups");
                self.control(record, 2, found.records, "number of records");
            }
            _ => {}
        }
    }

    /// What a control record says must be what was found.
    fn control(&mut self, record: &Record<'_>, at: usize, found: i64, what: &str) {
        let stated = record.field(at);
        if stated.trim_start_matches('+').parse() != Ok(found) {
            let shown: String = stated.chars().take(24).collect();
            let detail = format!("the {what} is stated as {shown} and comes to {found}");
            self.problems.note(record.place(), "control_total", detail);
        }
    }

    fn open_group(&mut self, record: &Record<'_>) {
        self.group.add(0, record.count);
        self.as_of = short_day(record.field(3));
        if self.as_of.is_none() {
            self.problems
                .note(record.place(), "invalid_date", "the as-of date is no day YYMMDD");
        }
        self.currency = match record.field(5) {
            "" => Currency::parse("USD").ok(),
            code => self.currency(record, code),
        };
    }

    fn currency(&mut self, record: &Record<'_>, code: &str) -> Option<Currency> {
        let read = Currency::parse(code).map_err(|error| (error.code(), error.to_string()));
        self.problems.keep(&record.place(), read)
    }

    fn open_account(&mut self, record: &Record<'_>) {
        self.account.add(0, record.count);
        if self.open.is_some() {
            let detail = "an account begins before the one before it ended";
            self.problems.note(record.place(), "invalid_record", detail);
        }
        let currency = match record.field(1) {
            "" => self.currency,
            code => self.currency(record, code),
        };
        let owner = account(record.field(0));
        if owner.is_none() {
            self.problems
                .note(record.place(), "required", "the account's number is required");
        }
        let (Some(account), Some(currency), Some(as_of)) = (owner, currency, self.as_of) else {
            return;
        };
        let mut statement = Statement {
            format: Format::Bai2,
            id: None,
            account,
            currency,
            number: None,
            page: None,
            opening: None,
            closing: None,
            lines: Vec::new(),
        };
        // Type code, amount, item count, funds type with its own fields, over and over.
        let mut fields = record.fields.iter().skip(2).map(|field| field.trim());
        while let Some(code) = fields.next() {
            let amount = fields.next().unwrap_or_default();
            fields.next();
            let funds = fields.next().unwrap_or_default();
            skip_funds(funds, &mut fields);
            if amount.is_empty() {
                continue;
            }
            let Ok(minor) = amount.trim_start_matches('+').parse::<i64>() else {
                self.problems.note(
                    record.place(),
                    "invalid_amount",
                    "an amount is digits without a point",
                );
                continue;
            };
            self.account.add(minor, 0);
            let balance = Some(Balance {
                on: as_of,
                amount: Money::new(minor, currency),
            });
            match code {
                "010" => statement.opening = balance,
                "015" => statement.closing = balance,
                _ => {}
            }
        }
        self.open = Some((record.place(), statement));
    }

    fn line(&mut self, record: &Record<'_>) {
        self.account.add(0, record.count);
        let (Some((_, statement)), Some(as_of)) = (&mut self.open, self.as_of) else {
            if self.as_of.is_some() {
                let detail = "a transaction stands outside of an account";
                self.problems.note(record.place(), "invalid_record", detail);
            }
            return;
        };
        let mut fields = record.fields.iter().map(|field| field.trim());
        let (code, digits) = (
            fields.next().unwrap_or_default(),
            fields.next().unwrap_or_default(),
        );
        let Ok(minor) = digits.trim_start_matches('+').parse::<i64>() else {
            self.problems.note(
                record.place(),
                "invalid_amount",
                "an amount is digits without a point",
            );
            return;
        };
        self.account.add(minor, 0);
        let funds = fields.next().unwrap_or_default();
        let value_on = skip_funds(funds, &mut fields).unwrap_or(as_of);
        let number: u32 = code.parse().unwrap_or_default();
        let amount = match number {
            100..=399 => Some(Money::new(minor, statement.currency)),
            400..=699 => minor
                .checked_neg()
                .map(|minor| Money::new(minor, statement.currency)),
            // Loans and what a bank defines for itself say nothing of a direction.
            _ => None,
        };
        let Some(amount) = amount else {
            let detail =
                format!("type code {code:?} is neither a credit (100 to 399) nor a debit (400 to 699)");
            self.problems.note(record.place(), "unknown_type_code", detail);
            return;
        };
        if amount.is_zero() {
            return;
        }
        let mut line = Line::new(as_of, value_on, amount);
        line.booking = Booking::Booked;
        line.code = reference(code);
        line.reference = fields.next().and_then(reference);
        line.end_to_end = fields.next().and_then(reference);
        let text: Vec<&str> = fields.collect();
        let mut text = vec![text.join(",")];
        text.extend(record.more.iter().map(|more| (*more).to_owned()));
        line.text = kept(&text.join("\n"), limits::STATEMENT_TEXT).unwrap_or_default();
        // Returned items: of deposits and of ACH.
        if [555, 557].contains(&number) {
            line.return_reason = Some("MS03".to_owned());
        }
        statement.lines.push(line);
        self.lines = self.lines.saturating_add(1);
    }
}

/// Passes over what belongs to a funds type, and tells the value date where there is one.
fn skip_funds<'a>(funds: &str, fields: &mut impl Iterator<Item = &'a str>) -> Option<NaiveDate> {
    match funds {
        "V" => {
            let day = fields.next().and_then(short_day);
            fields.next();
            day
        }
        "S" => {
            fields.nth(2);
            None
        }
        "D" => {
            let pairs: usize = fields.next().and_then(|count| count.parse().ok()).unwrap_or(0);
            for _ in 0..pairs.min(100) {
                fields.nth(1);
            }
            None
        }
        _ => None,
    }
}

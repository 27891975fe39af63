//! CSV under a saved mapping: which column is what, whose account it is, how amounts and dates are written.
//!
//! Shape: a [`Mapping`] is put once a source; [`read`] makes of a table one statement. An amount is signed in one column,
//! or stands in one of two for money in and money out. A column with the balance after each line makes the first opening
//! balance and the last closing one, so that the table is checked as any other statement.
//!
//! Refused: columns that are not there, rows without day or amount. How decimals and dates are written is the mapping's
//! word; else the columns' as a whole ([`crate::csv::columns`]), and never a guess.
//!
//! Source: Dunlin's own.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde_json::Value;

use super::{Balance, Format, Line, Problems, Statement, account, kept, reference};
use crate::csv::columns::{self, DateFormat, DecimalMark};
use crate::csv::table;
use receivables::currency::Currency;
use receivables::fields::{FieldError, Fields, Problem, kinds};
use receivables::limits;
use receivables::money::Money;

/// What a column may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Column {
    BookedOn,
    ValueOn,
    Amount,
    Credit,
    Debit,
    Balance,
    Currency,
    Reference,
    EndToEnd,
    CreditorReference,
    Text,
    Name,
    PartyAccount,
    Bank,
    Code,
}

const COLUMNS: &[(&str, Column)] = &[
    ("booked_on", Column::BookedOn),
    ("value_on", Column::ValueOn),
    ("amount", Column::Amount),
    ("credit", Column::Credit),
    ("debit", Column::Debit),
    ("balance", Column::Balance),
    ("currency", Column::Currency),
    ("reference", Column::Reference),
    ("end_to_end", Column::EndToEnd),
    ("creditor_reference", Column::CreditorReference),
    ("text", Column::Text),
    ("name", Column::Name),
    ("party_account", Column::PartyAccount),
    ("bank", Column::Bank),
    ("code", Column::Code),
];

/// How a source's tables are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mapping {
    /// Whose account.
    account: String,
    /// Its currency.
    currency: Currency,
    /// What each column is, by its title; several may be text.
    columns: BTreeMap<String, Column>,
    delimiter: Option<char>,
    decimal: Option<DecimalMark>,
    date_format: Option<DateFormat>,
}

fn delimiter(value: &Value) -> Result<char, Problem> {
    let text = value.as_str().unwrap_or_default();
    let known = text
        .chars()
        .next()
        .filter(|c| matches!(c, ',' | ';' | '\t' | '|') && text.len() == 1);
    let detail = "a delimiter is a comma, a semicolon, a tab or `|`";
    known.ok_or_else(|| Problem::new("unknown_value", detail))
}

impl Mapping {
    /// Reads a mapping; every problem at once.
    pub fn parse(value: &Value) -> Result<Mapping, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let owner = fields.required("account", kinds::text(limits::KEY));
        let currency = fields.required("currency", kinds::currency);
        let delimiter = fields.optional("delimiter", delimiter);
        let decimal = fields.optional("decimal", kinds::one_of(DecimalMark::NAMES));
        let date_format = fields.optional("date_format", |value| {
            DateFormat::parse(&kinds::text(limits::SLUG)(value)?)
        });
        if !fields.has("columns") {
            fields.report("columns", "required", "`columns` is required");
        }
        let mut columns = BTreeMap::new();
        for (title, value) in fields.entries("columns") {
            let place = format!("columns/{}", receivables::fields::token(title));
            match kinds::one_of(COLUMNS)(value) {
                Ok(column) => {
                    if column != Column::Text && columns.values().any(|known| *known == column) {
                        fields.report(&place, "duplicate", "two columns are the same");
                    }
                    columns.insert(title.trim().to_owned(), column);
                }
                Err(problem) => fields.report(&place, problem.code, problem.detail),
            }
        }
        let has = |column| columns.values().any(|known| *known == column);
        if !has(Column::BookedOn) && !has(Column::ValueOn) && !columns.is_empty() {
            fields.report("columns", "required", "a column is `booked_on` or `value_on`");
        }
        if has(Column::Amount) == (has(Column::Credit) || has(Column::Debit)) && !columns.is_empty() {
            let detail = "either one column is `amount`, with its sign, or two are `credit` and `debit`";
            fields.report("columns", "one_of", detail);
        }
        fields.finish(|| {
            Some(Mapping {
                account: account(&owner?)?,
                currency: currency?,
                columns,
                delimiter,
                decimal,
                date_format,
            })
        })
    }
}

/// One table as its mapping reads it.
struct Sheet<'a> {
    mapping: &'a Mapping,
    /// The columns that are there, each with what it is.
    places: Vec<(usize, Column)>,
    rows: &'a [(u32, Vec<String>)],
    decimal: Option<DecimalMark>,
    dates: Option<DateFormat>,
}

const AMOUNTS: &[Column] = &[Column::Amount, Column::Credit, Column::Debit, Column::Balance];
const DATES: &[Column] = &[Column::BookedOn, Column::ValueOn];

/// Reads a table; every problem at once.
pub fn read(bytes: &[u8], mapping: &Mapping) -> Result<Vec<Statement>, Vec<FieldError>> {
    let table = table::read(bytes, mapping.delimiter)?;
    let mut problems = Problems::default();
    if table.rows.len() > limits::STATEMENT_LINES {
        problems.note(
            "",
            "too_many_lines",
            format!("the document has more than {} lines", limits::STATEMENT_LINES),
        );
        return Err(problems.0);
    }
    let title = |at: &String| at.trim().to_owned();
    let places: Vec<(usize, Column)> = table
        .names
        .iter()
        .enumerate()
        .filter_map(|(at, name)| Some((at, *mapping.columns.get(&title(name))?)))
        .collect();
    for name in mapping.columns.keys() {
        if !table.names.iter().any(|found| title(found) == *name) {
            problems.note("line 1", "missing_column", format!("there is no column {name:?}"));
        }
    }
    let mut sheet = Sheet {
        mapping,
        places,
        rows: &table.rows,
        decimal: mapping.decimal,
        dates: mapping.date_format.clone(),
    };
    if sheet.decimal.is_none() {
        let read = columns::decimal_mark(sheet.all(AMOUNTS));
        sheet.decimal = problems
            .keep("line 1", read.map_err(|problem| (problem.code, problem.detail)))
            .flatten();
    }
    if sheet.dates.is_none() {
        let read = columns::date_format(sheet.all(DATES));
        sheet.dates = problems
            .keep("line 1", read.map_err(|problem| (problem.code, problem.detail)))
            .flatten();
    }
    if !problems.0.is_empty() {
        return Err(problems.0);
    }
    let statement = sheet.statement(&mut problems);
    problems.finish(vec![("line 1".to_owned(), statement)])
}

impl Sheet<'_> {
    /// Every filled cell of some columns.
    fn all<'a>(&'a self, columns: &'a [Column]) -> impl Iterator<Item = &'a str> {
        let places = self.places.iter().filter(|(_, column)| columns.contains(column));
        places.flat_map(|(at, _)| {
            let cells = self.rows.iter().filter_map(|(_, row)| row.get(*at));
            cells.map(|cell| cell.trim()).filter(|cell| !cell.is_empty())
        })
    }

    fn cell<'a>(&self, row: &'a [String], wanted: Column) -> Option<&'a str> {
        let (at, _) = self.places.iter().find(|(_, column)| *column == wanted)?;
        row.get(*at)
            .map(|cell| cell.trim())
            .filter(|cell| !cell.is_empty())
    }

    fn money(&self, text: &str) -> Result<Money, (&'static str, String)> {
        let digits = columns::amount(text, self.decimal).map_err(|problem| (problem.code, problem.detail))?;
        Money::parse_exact(&digits, self.mapping.currency).map_err(|error| (error.code(), error.to_string()))
    }

    fn amount(&self, row: &[String]) -> Option<Result<Money, (&'static str, String)>> {
        if let Some(text) = self.cell(row, Column::Amount) {
            return Some(self.money(text));
        }
        let credit = self.cell(row, Column::Credit).map(|text| self.money(text));
        let debit = self.cell(row, Column::Debit).map(|text| {
            // Some banks write what went out with a sign, some without.
            let money = self.money(text)?;
            let out = match money.is_positive() {
                true => money.checked_neg(),
                false => Ok(money),
            };
            out.map_err(|error| (error.code(), error.to_string()))
        });
        match (credit, debit) {
            (Some(Ok(credit)), Some(Ok(debit))) => Some(
                credit
                    .checked_add(debit)
                    .map_err(|error| (error.code(), error.to_string())),
            ),
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(Err(error)), _) | (_, Some(Err(error))) => Some(Err(error)),
            (None, None) => None,
        }
    }

    fn statement(&self, problems: &mut Problems) -> Statement {
        let mut lines: Vec<(Line, Option<Money>)> = Vec::new();
        for (number, row) in self.rows {
            let place = format!("line {number}");
            if let Some(code) = self.cell(row, Column::Currency)
                && code.to_uppercase() != self.mapping.currency.code()
            {
                let detail = format!(
                    "the line is in {}, the account in {}",
                    code.chars().take(8).collect::<String>(),
                    self.mapping.currency
                );
                problems.note(place, "currency_mismatch", detail);
                continue;
            }
            let mut day = |column| -> Option<NaiveDate> {
                let text = self.cell(row, column)?;
                let read = match &self.dates {
                    Some(form) => form.read(text),
                    None => kinds::date_in(text),
                };
                problems.keep(&place, read.map_err(|problem| (problem.code, problem.detail)))
            };
            let (booked, valued) = (day(Column::BookedOn), day(Column::ValueOn));
            let Some(booked_on) = booked.or(valued) else {
                problems.note(place, "required", "the line has no day");
                continue;
            };
            let Some(read) = self.amount(row) else {
                problems.note(place, "required", "the line has no amount");
                continue;
            };
            let Some(amount) = problems.keep(&place, read) else {
                continue;
            };
            let balance = self.cell(row, Column::Balance).map(|text| self.money(text));
            let balance = balance.and_then(|read| problems.keep(&place, read));
            let mut line = Line::new(booked_on, valued.unwrap_or(booked_on), amount);
            line.reference = self.cell(row, Column::Reference).and_then(reference);
            line.end_to_end = self.cell(row, Column::EndToEnd).and_then(reference);
            line.references = self
                .cell(row, Column::CreditorReference)
                .and_then(reference)
                .into_iter()
                .collect();
            line.code = self.cell(row, Column::Code).and_then(reference);
            line.party.name = self
                .cell(row, Column::Name)
                .and_then(|name| kept(name, limits::NAME));
            line.party.account = self.cell(row, Column::PartyAccount).and_then(account);
            line.party.bank = self.cell(row, Column::Bank).and_then(account);
            let texts = self.places.iter().filter(|(_, column)| *column == Column::Text);
            let texts: Vec<&str> = texts
                .filter_map(|(at, _)| row.get(*at))
                .map(|text| text.trim())
                .collect();
            line.text = kept(&texts.join("\n"), limits::STATEMENT_TEXT).unwrap_or_default();
            lines.push((line, balance));
        }
        // Banks list the newest first or last; the days tell, and where there is one day, the balances.
        if let (Some((first, _)), Some((last, _))) = (lines.first(), lines.last())
            && (first.booked_on > last.booked_on || (first.booked_on == last.booked_on && backwards(&lines)))
        {
            lines.reverse();
        }
        let closing = lines.last().and_then(|(line, balance)| {
            Some(Balance {
                on: line.booked_on,
                amount: (*balance)?,
            })
        });
        let opening = lines.first().and_then(|(line, balance)| {
            Some(Balance {
                on: line.booked_on,
                amount: (*balance)?.checked_sub(line.amount).ok()?,
            })
        });
        Statement {
            format: Format::Csv,
            id: None,
            account: self.mapping.account.clone(),
            currency: self.mapping.currency,
            number: None,
            page: None,
            opening,
            closing,
            lines: lines.into_iter().map(|(line, _)| line).collect(),
        }
    }
}

/// Whether each line's balance is the one below it and its own amount, rather than the one above.
fn backwards(lines: &[(Line, Option<Money>)]) -> bool {
    let follows = |earlier: &(Line, Option<Money>), later: &(Line, Option<Money>)| {
        let (Some(before), Some(after)) = (earlier.1, later.1) else {
            return false;
        };
        before.checked_add(later.0.amount).is_ok_and(|sum| sum == after)
    };
    let pairs = || lines.iter().zip(lines.iter().skip(1));
    !pairs().all(|(above, below)| follows(above, below))
        && pairs().all(|(above, below)| follows(below, above))
}

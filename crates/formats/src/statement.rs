//! Bank statements: what a bank says has happened on an account, whatever the format it says it in.
//!
//! Shape: a reader a format, each from text to the same [`Statement`]s; [`read`] finds out which one it is. Amounts are
//! signed from the account's point of view: money that came in is positive.
//!
//! Bounds: [`limits::STATEMENT_LINES`] lines a document, [`limits::PROBLEMS`] problems. Refused: statements whose balances do not add up
//! (opening + booked lines = closing), since a line is then missing or wrong and nobody knows which.
//!
//! Source: ISO 20022 camt.053 and camt.054, SWIFT MT940, BAI2; for which of their fields means what here, Dunlin's own.

pub mod bai2;
pub mod camt;
pub mod csv;
pub mod mt940;

use std::collections::BTreeMap;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::limits;
use receivables::money::{Money, MoneyError};

/// Characters of a code, of a reference: `Max35Text` of ISO 20022 and room for banks that do not mind it.
const REFERENCE: usize = limits::KEY;

/// In what a statement was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// ISO 20022 `BankToCustomerStatement`.
    Camt053,
    /// ISO 20022 `BankToCustomerDebitCreditNotification`.
    Camt054,
    /// SWIFT MT940.
    Mt940,
    /// BAI2.
    Bai2,
    /// Comma-separated values under a saved mapping.
    Csv,
}

impl Format {
    /// Every format by its name.
    pub const NAMES: &'static [(&'static str, Format)] = &[
        ("camt053", Format::Camt053),
        ("camt054", Format::Camt054),
        ("mt940", Format::Mt940),
        ("bai2", Format::Bai2),
        ("csv", Format::Csv),
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        let named = Self::NAMES.iter().find(|(_, format)| *format == self);
        named.map_or("", |(name, _)| name)
    }
}

/// What a bank says about one account for a time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// In what it was written.
    pub format: Format,
    /// What the bank calls it.
    pub id: Option<String>,
    /// The account: an IBAN, or bank and number as the bank writes them. No spaces.
    pub account: String,
    /// Currency of the account and of every line.
    pub currency: Currency,
    /// Its number in the account's sequence, where the bank counts.
    pub number: Option<u64>,
    /// Its page, where the bank sends one statement in several.
    pub page: Option<u64>,
    /// What was on the account before the first line.
    pub opening: Option<Balance>,
    /// What was on it after the last booked one.
    pub closing: Option<Balance>,
    /// What happened, in the bank's order.
    pub lines: Vec<Line>,
}

/// What is on an account on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Balance {
    /// The civil day.
    pub on: NaiveDate,
    /// How much.
    pub amount: Money,
}

/// Whether the bank has booked a line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Booking {
    /// It has; only this counts as money.
    #[default]
    Booked,
    /// It is announced or provisional, and may not come.
    Pending,
}

/// Who is on the other side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Party {
    /// The name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The account, without spaces.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// The bank: a BIC or a clearing number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bank: Option<String>,
}

/// One movement: an entry, or one transaction of an entry that a bank has booked as a batch.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// The day on which the bank booked it.
    pub booked_on: NaiveDate,
    /// The day from which it bears interest.
    pub value_on: NaiveDate,
    /// How much; negative went out.
    pub amount: Money,
    /// Whether it is booked.
    #[serde(default)]
    pub booking: Booking,
    /// Whether it takes another line back.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reversal: bool,
    /// The bank's own reference of the line (`AcctSvcrRef`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reference: Option<String>,
    /// Of a batch: the bank's reference of the whole, and which part of how many this is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub batch: Option<Batch>,
    /// What the payer called the payment (`EndToEndId`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end_to_end: Option<String>,
    /// The mandate of a direct debit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mandate: Option<String>,
    /// Creditor references (ISO 11649 RF, Swiss QRR, SCOR) and numbers of documents that stand in fields of their own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<String>,
    /// What the payer wrote, a line each as the bank sends it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// Who is on the other side.
    #[serde(default)]
    pub party: Party,
    /// What kind of movement the bank says it is: a bank transaction code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// Why money came back: a code of the ISO 20022 external list of return reasons.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_reason: Option<String>,
    /// What banks kept of it; not part of the amount.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub charges: Option<Money>,
    /// What was instructed, where that is another amount or currency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructed: Option<Money>,
}

/// Where a line of a batch belongs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Batch {
    /// The bank's reference of the whole entry, where it has one.
    pub reference: Option<String>,
    /// From 1.
    pub part: u32,
    /// How many there are.
    pub of: u32,
}

fn is_false(value: &bool) -> bool {
    !value
}

impl Line {
    /// What the bank tells it by.
    fn identity(&self) -> String {
        let (on, minor) = (self.booked_on, self.amount.minor());
        if let Some(reference) = &self.reference {
            return format!("reference|{reference}|{on}|{minor}");
        }
        let or_nothing = |text: &Option<String>| text.clone().unwrap_or_default();
        let batch = self.batch.as_ref().map(|batch| or_nothing(&batch.reference));
        let said = [
            or_nothing(&batch),
            or_nothing(&self.end_to_end),
            self.references.join(" "),
            // Where lines break is the format's matter, not the payer's.
            self.text.split_whitespace().collect(),
            or_nothing(&self.party.account),
            or_nothing(&self.party.name),
        ];
        format!("said|{on}|{minor}|{}", said.join("|"))
    }

    /// A booked line with nothing but day and amount.
    pub(crate) fn new(booked_on: NaiveDate, value_on: NaiveDate, amount: Money) -> Line {
        Line {
            booked_on,
            value_on,
            amount,
            booking: Booking::Booked,
            reversal: false,
            reference: None,
            batch: None,
            end_to_end: None,
            mandate: None,
            references: Vec::new(),
            text: String::new(),
            party: Party::default(),
            code: None,
            return_reason: None,
            charges: None,
            instructed: None,
        }
    }
}

impl Statement {
    /// What each line is known by on its account, in their order: the bank's reference, day and amount, or, where the
    /// bank gives none, all that it says; and which of those that are alike in this document it is. So two equal payments
    /// of one day are two lines, and the same statement again has none that is new.
    pub fn keys(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let keys = self.lines.iter().map(|line| {
            let said = line.identity();
            let times = seen.entry(said.clone()).or_default();
            *times = times.saturating_add(1);
            format!("{said}|{times}")
        });
        keys.collect()
    }

    /// What the booked lines come to.
    pub fn turnover(&self) -> Result<Money, MoneyError> {
        let booked = self.lines.iter().filter(|line| line.booking == Booking::Booked);
        Money::checked_sum(self.currency, booked.map(|line| line.amount))
    }

    /// Opening + booked lines = closing, where both balances are stated; else what is wrong, with the difference.
    pub(crate) fn check(&self, place: &str) -> Result<(), FieldError> {
        let (Some(opening), Some(closing)) = (self.opening, self.closing) else {
            return Ok(());
        };
        let difference = self
            .turnover()
            .and_then(|turnover| opening.amount.checked_add(turnover))
            .and_then(|comes_to| closing.amount.checked_sub(comes_to));
        match difference {
            Ok(difference) if difference.is_zero() => Ok(()),
            Ok(difference) => Err(FieldError::new(
                place,
                "balance_mismatch",
                format!(
                    "opening {} and {} booked lines do not come to the closing balance {}: {difference} is missing",
                    opening.amount,
                    self.lines
                        .iter()
                        .filter(|line| line.booking == Booking::Booked)
                        .count(),
                    closing.amount
                ),
            )),
            Err(error) => Err(FieldError::new(place, error.code(), error.to_string())),
        }
    }
}

/// A document as text: UTF-8, or, where it is none, ISO 8859-1, which banks that still write MT940, BAI2 and CSV use.
pub(crate) fn text_of(bytes: &[u8]) -> String {
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    match std::str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().copied().map(char::from).collect(),
    }
}

/// Reads a document of any format but CSV, which needs a mapping.
pub fn read(bytes: &[u8]) -> Result<Vec<Statement>, Vec<FieldError>> {
    let text = text_of(bytes);
    let start = text.trim_start();
    if start.starts_with('<') {
        return camt::read(bytes);
    }
    if start.starts_with("01,") {
        return bai2::read(&text);
    }
    if start.starts_with('{') || start.starts_with(':') || start.contains("\n:20:") {
        return mt940::read(&text);
    }
    Err(vec![FieldError::new(
        "",
        "unknown_format",
        "this is no camt.053 or camt.054, MT940 or BAI2 document; for CSV name a mapping",
    )])
}

/// Problems with their places, no more than a person reads.
#[derive(Default)]
pub(crate) struct Problems(pub(crate) Vec<FieldError>);

impl Problems {
    pub(crate) fn note(&mut self, place: impl Into<String>, code: &'static str, detail: impl Into<String>) {
        if self.0.len() < limits::PROBLEMS {
            self.0.push(FieldError::new(place, code, detail));
        }
    }

    /// The value, or a noted problem.
    pub(crate) fn keep<T>(&mut self, place: &str, read: Result<T, (&'static str, String)>) -> Option<T> {
        read.map_err(|(code, detail)| self.note(place, code, detail)).ok()
    }

    /// The statements, if nothing was noted and the balances of all add up.
    pub(crate) fn finish(
        mut self,
        statements: Vec<(String, Statement)>,
    ) -> Result<Vec<Statement>, Vec<FieldError>> {
        for (place, statement) in &statements {
            // What could not be read is missing from the sum as well; that was said.
            if self.0.is_empty()
                && let Err(error) = statement.check(place)
            {
                self.0.push(error);
            }
        }
        if self.0.is_empty() && statements.is_empty() {
            self.note("", "no_statement", "there is no statement in the document");
        }
        match self.0.is_empty() {
            true => Ok(statements.into_iter().map(|(_, statement)| statement).collect()),
            false => Err(self.0),
        }
    }
}

/// A text cut to what is kept of it; `None` where there is nothing.
pub(crate) fn kept(text: &str, most: usize) -> Option<String> {
    let clean: String = text
        .chars()
        .map(|c| if c.is_control() && c != '\n' { ' ' } else { c })
        .take(most)
        .collect();
    let clean = clean.trim();
    (!clean.is_empty()).then(|| clean.to_owned())
}

/// A reference; banks write words where there is none.
pub(crate) fn reference(text: &str) -> Option<String> {
    let text = kept(text, REFERENCE)?;
    const NONE: &[&str] = &["NONREF", "NOTPROVIDED", "NOT PROVIDED", "NOTAVAIL", "N/A"];
    (!NONE.iter().any(|none| text.eq_ignore_ascii_case(none))).then_some(text)
}

/// An account's number without the spaces that make it readable.
pub(crate) fn account(text: &str) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_whitespace()).collect();
    kept(&text, REFERENCE)
}

/// A day written `YYMMDD`: this century, as SWIFT and BAI2 have it since none of their statements is older.
pub(crate) fn short_day(text: &str) -> Option<NaiveDate> {
    (text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit()))
        .then(|| NaiveDate::parse_from_str(&format!("20{text}"), "%Y%m%d").ok())
        .flatten()
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

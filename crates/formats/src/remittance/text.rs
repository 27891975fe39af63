//! The text of an e-mail, as accounts-payable departments write it: a line an invoice, with its number first and its
//! amounts after it, and somewhere the currency.
//!
//! Strict on purpose: a line counts only where it has a number and an amount with all the digits of its currency, so
//! that telephone numbers, dates and postcodes are none. What is left out shows in the total, which must agree where it
//! is stated.
//!
//! Source: Dunlin's own rule: nobody has standardised the e-mail.

use chrono::NaiveDate;

use super::{Advice, AdviceLine, advice, amount, deducted};
use crate::statement::text_of;
use receivables::currency::Currency;
use receivables::fields::{FieldError, kinds};
use receivables::limits;
use receivables::money::Money;

/// Words that stand before the sum of all.
const TOTALS: &[&str] = &[
    "total",
    "sum",
    "summe",
    "gesamt",
    "gesamtbetrag",
    "gesamtsumme",
    "zahlbetrag",
    "payment amount",
    "amount paid",
    "montant total",
    "importe total",
    "totale",
    "totaal",
];
/// Words that stand before the payer's name of the payment.
const REFERENCES: &[&str] = &[
    "reference",
    "payment reference",
    "our reference",
    "referenz",
    "zahlungsreferenz",
    "avis",
    "avisnummer",
    "payment no",
    "payment number",
    "référence",
];
/// Words before the day on which it is paid.
const DAYS: &[&str] = &[
    "payment date",
    "value date",
    "zahlungsdatum",
    "valuta",
    "date",
    "datum",
];

/// Reads a text; every problem at once.
pub fn read(bytes: &[u8]) -> Result<Advice, Vec<FieldError>> {
    let text = text_of(bytes);
    let Some(currency) = currency(&text) else {
        let detail = "the text names no currency, or more than one";
        return Err(vec![FieldError::new("", "required", detail)]);
    };
    let (mut lines, mut total, mut reference, mut paid_on) = (Vec::new(), None, None, None);
    for line in text.lines() {
        // A reply quotes what it replies to.
        let line = line.trim_start_matches(['>', '|', '*', '\u{2022}', ' ']);
        let lower = line.trim().to_lowercase();
        let after = |words: &[&str]| {
            let word = words.iter().find(|word| lower.starts_with(**word))?;
            let rest = lower.get(word.len()..)?;
            rest.starts_with([':', ' ', '\t', '#', '=']).then_some(rest.len())
        };
        let rest = |length: usize| {
            line.trim()
                .get(line.trim().len().saturating_sub(length)..)
                .unwrap_or_default()
        };
        if let Some(length) = after(TOTALS) {
            total = amounts(rest(length), currency).last().copied().or(total);
        } else if let Some(length) = after(REFERENCES) {
            let value = rest(length).trim_matches([' ', ':', '#', '.', '\t']);
            reference = reference.or(kinds::text_in(value, limits::KEY)
                .ok()
                .filter(|value| !value.is_empty()));
        } else if let Some(length) = after(DAYS) {
            paid_on = paid_on.or(day(rest(length)));
        } else {
            lines.extend(read_line(line, currency));
        }
    }
    advice(reference, paid_on, currency, total, lines)
}

/// The only currency that is named, by code or by sign.
fn currency(text: &str) -> Option<Currency> {
    const SIGNS: &[(char, &str)] = &[('€', "EUR"), ('$', "USD"), ('£', "GBP"), ('₹', "INR")];
    let mut found: Vec<Currency> = text
        .split(|c: char| !c.is_ascii_uppercase())
        .filter(|word| word.len() == 3)
        .filter_map(|word| Currency::parse(word).ok())
        .collect();
    // A code is clearer than a sign, which several currencies share; and words of three capitals may be none: `ALL`.
    found.retain(|currency| !["ALL", "TOP", "MOP"].contains(&currency.code()));
    if found.is_empty() {
        let signs = SIGNS.iter().filter(|(sign, _)| text.contains(*sign));
        found = signs.filter_map(|(_, code)| Currency::parse(code).ok()).collect();
    }
    found.sort();
    found.dedup();
    match found.as_slice() {
        [only] => Some(*only),
        _ => None,
    }
}

/// The words of a line: between spaces, tabs and the strokes of a drawn table.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || matches!(c, '|' | ';'))
        .map(|word| word.trim_matches([':', '(', ')', '#', '*']))
        .filter(|word| !word.is_empty())
}

/// A word that is an amount with all its decimals; in a currency without, with separated thousands or alone at an end.
fn is_amount(word: &str, currency: Currency) -> Option<Money> {
    let word = word.strip_prefix(currency.code()).unwrap_or(word);
    let word = word.strip_suffix(currency.code()).unwrap_or(word);
    let plain = word.trim_matches(|c: char| "€$£₹¥".contains(c));
    let decimals = plain
        .trim_end_matches('-')
        .rsplit_once(['.', ','])
        .map(|(_, decimals)| decimals.len());
    let exponent = usize::try_from(currency.exponent()).ok()?;
    let whole = exponent == 0 && decimals.is_none_or(|decimals| decimals == 3);
    (whole || (exponent > 0 && decimals == Some(exponent)))
        .then(|| amount(plain, currency))
        .flatten()
}

fn amounts(line: &str, currency: Currency) -> Vec<Money> {
    words(line).filter_map(|word| is_amount(word, currency)).collect()
}

/// `INV-2026-0102  1,190.00`, `INV-7 100.00 -2.00 98.00 discount`.
fn read_line(line: &str, currency: Currency) -> Option<AdviceLine> {
    let is_day = |word: &str| day(word).is_some();
    let number = words(line)
        .map(|word| word.trim_matches([',', '.']))
        .find(|word| {
            let digits = word.chars().filter(char::is_ascii_digit).count();
            let told = digits >= 4 || (digits > 0 && word.contains(char::is_alphabetic));
            let money = currency.exponent() > 0 && is_amount(word, currency).is_some();
            told && !money && !is_day(word)
        })?;
    let rest = line.split_once(number).map_or("", |(_, rest)| rest);
    let found = amounts(rest, currency);
    let (paid, deduction) = match found.as_slice() {
        [] => return None,
        [only] => (*only, None),
        // Gross and net.
        [gross, net] => (*net, gross.checked_sub(*net).ok()),
        // Gross, deduction, net: whichever sign the deduction has. Else the last of a row is what is paid.
        [gross, .., net] => (*net, gross.checked_sub(*net).ok()),
    };
    let said: Vec<&str> = words(rest)
        .filter(|word| is_amount(word, currency).is_none() && Currency::parse(word).is_err() && !is_day(word))
        .filter(|word| word.contains(char::is_alphabetic))
        .collect();
    let reason = kinds::text_in(&said.join(" "), limits::TEXT).ok();
    Some(AdviceLine {
        invoice_number: kinds::text_in(number, limits::NUMBER).ok()?,
        amount: paid,
        deduction: deducted(deduction),
        reason: reason.filter(|reason| !reason.is_empty()),
    })
}

/// A day, where a text has one in a form that cannot be misread.
fn day(text: &str) -> Option<NaiveDate> {
    text.split(|c: char| c.is_whitespace() || c == ':' || c == ',')
        .find_map(|word| {
            let word = word.trim_end_matches('.');
            NaiveDate::parse_from_str(word, "%Y-%m-%d")
                .or_else(|_| NaiveDate::parse_from_str(word, "%d.%m.%Y"))
                .ok()
        })
}

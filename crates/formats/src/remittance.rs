//! Remittance advices: what a customer says that a payment is for.
//!
//! Shape: a reader a format, each into an [`Advice`]: UBL 2.1 `RemittanceAdvice`, UN/CEFACT
//! `CrossIndustryRemittanceAdvice`, the text of an e-mail, CSV with the names of its columns in the first line.
//!
//! Bounds: [`limits::REMITTANCE_LINES`] lines. Refused: an advice without a currency or without a line; one whose lines
//! do not come to the total that it states.
//!
//! Source: OASIS UBL 2.1, RemittanceAdvice; UN/CEFACT, Cross Industry Remittance Advice (D23B); for e-mails and tables, Dunlin's own.

mod cii;
mod table;
mod text;
mod ubl;

pub use table::read as csv;
pub use text::read as email;

use chrono::NaiveDate;

use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::limits;
use receivables::money::Money;

use crate::xml::{self as tree, Element};

/// Reads a UBL or CII document, by its root; every problem at once.
pub fn xml(bytes: &[u8]) -> Result<Advice, Vec<FieldError>> {
    let text = tree::decode(bytes).map_err(|error| vec![error])?;
    let document = tree::tree(text).map_err(|error| vec![error])?;
    let root = document.root_element();
    let name = root.tag_name();
    match (name.namespace(), name.name()) {
        (Some(ubl::NAMESPACE), "RemittanceAdvice") => ubl::read(&Element::root(root, ubl::NAMESPACES)),
        (Some(cii::NAMESPACE), "CrossIndustryRemittanceAdvice") => {
            cii::read(&Element::root(root, cii::NAMESPACES))
        }
        _ => {
            let detail = "a UBL 2.1 RemittanceAdvice or a CrossIndustryRemittanceAdvice is read here, and no other \
                          document";
            Err(vec![FieldError::new("/", "unsupported_document", detail)])
        }
    }
}

/// What a customer says that a payment is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advice {
    /// What the payer calls the payment.
    pub reference: Option<String>,
    /// The day on which it is paid.
    pub paid_on: Option<NaiveDate>,
    /// What is paid in all: more than nothing.
    pub total: Money,
    /// Invoice by invoice, credit notes as negative amounts.
    pub lines: Vec<AdviceLine>,
}

/// What is paid of one invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdviceLine {
    /// As the payer writes it.
    pub invoice_number: String,
    /// What is paid of it; negative for a credit note that is deducted.
    pub amount: Money,
    /// What is kept back of it.
    pub deduction: Option<Money>,
    /// Why.
    pub reason: Option<String>,
}

/// Puts an advice together: the lines come to the total, where one is stated.
fn advice(
    reference: Option<String>,
    paid_on: Option<NaiveDate>,
    currency: Currency,
    total: Option<Money>,
    lines: Vec<AdviceLine>,
) -> Result<Advice, Vec<FieldError>> {
    let refused = |code, detail: String| Err(vec![FieldError::new("", code, detail)]);
    if lines.is_empty() {
        return refused("no_lines", "no invoice with an amount is named".to_owned());
    }
    if lines.len() > limits::REMITTANCE_LINES {
        let detail = format!("at most {} lines are taken", limits::REMITTANCE_LINES);
        return refused("too_many_lines", detail);
    }
    let sum = match Money::checked_sum(currency, lines.iter().map(|line| line.amount)) {
        Ok(sum) => sum,
        Err(error) => return refused(error.code(), error.to_string()),
    };
    let total = total.unwrap_or(sum);
    if total != sum {
        return refused(
            "does_not_add_up",
            format!("the lines come to {sum}, the total is stated as {total}"),
        );
    }
    if !total.is_positive() {
        return refused(
            "not_positive",
            format!("an advice is about money that comes, not {total}"),
        );
    }
    Ok(Advice {
        reference,
        paid_on,
        total,
        lines,
    })
}

/// An amount as people write it: `1.190,00`, `1,190.00`, `1 190.00`, `1190`; the last separator is the decimal one where
/// as many digits follow as the currency has. `None`: it is no amount.
fn amount(text: &str, currency: Currency) -> Option<Money> {
    let text = text.trim_matches(|c: char| c.is_whitespace() || "€$£¥*".contains(c));
    let (negative, digits) = match text.strip_prefix(['-', '\u{2212}']).or(text.strip_suffix('-')) {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let separators = ['.', ',', '\'', '\u{2019}', ' ', '\u{a0}', '\u{202f}'];
    if !digits.starts_with(|c: char| c.is_ascii_digit())
        || !digits
            .chars()
            .all(|c| c.is_ascii_digit() || separators.contains(&c))
    {
        return None;
    }
    let exponent = usize::try_from(currency.exponent()).ok()?;
    let (whole, fraction) = match digits.rsplit_once(['.', ',']) {
        Some((whole, fraction)) if fraction.len() == exponent => (whole, fraction),
        _ => (digits, ""),
    };
    // What is left separates thousands: each group but the first has three digits.
    let groups: Vec<&str> = whole.split(separators).collect();
    let grouped = groups.iter().skip(1).all(|group| group.len() == 3)
        && groups.first().is_some_and(|first| (1..=3).contains(&first.len()));
    if groups.len() > 1 && !grouped {
        return None;
    }
    let plain = match fraction {
        "" => groups.concat(),
        fraction => format!("{}.{fraction}", groups.concat()),
    };
    let money = Money::parse_exact(&plain, currency).ok()?;
    match negative {
        true => money.checked_neg().ok(),
        false => Some(money),
    }
}

/// A deduction is said as what it is, or as what it does.
fn deducted(amount: Option<Money>) -> Option<Money> {
    amount
        .filter(|amount| !amount.is_zero())
        .map(|amount| match amount.is_negative() {
            true => amount.checked_neg().unwrap_or(amount),
            false => amount,
        })
}

#[cfg(test)]
mod tests;

//! When a document is due, from the clearest of the places that may say so.
//!
//! In this order: the due date itself; a payment means' due date; payment terms with a date or a period;
//! a note that can mean only one thing. A note is free text, so that it counts only where every word of it
//! is known, it has one number, and that number is days: "Payment within 30 days" does, "Payment within 10
//! days, 2% discount" does not, since it leaves open when the full amount is due.

use chrono::{Days, NaiveDate};

use super::UblKind;
use crate::reader::Reader;
use crate::xml::Element;
use receivables::limits;

/// Where a document says when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UblDueSource {
    /// `cbc:DueDate`.
    DueDate,
    /// `cac:PaymentMeans/cbc:PaymentDueDate`.
    PaymentMeans,
    /// `cac:PaymentTerms/cbc:PaymentDueDate`.
    PaymentTerms,
    /// `cac:PaymentTerms/cac:SettlementPeriod`, counted from the issue date.
    SettlementPeriod,
    /// `cac:PaymentTerms/cbc:Note`, counted from the issue date.
    Note,
}

/// When a document is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UblDue {
    /// The last day on which payment is in time.
    pub on: NaiveDate,
    /// Where the document says so.
    pub source: UblDueSource,
}

/// When the document is due, and its payment terms in words.
pub(super) fn read(
    reader: &mut Reader,
    root: &Element<'_, '_>,
    kind: UblKind,
    issue_on: Option<NaiveDate>,
) -> (Option<UblDue>, Option<String>) {
    let terms: Vec<Element<'_, '_>> = root.all("cac:PaymentTerms").collect();
    let means: Vec<Element<'_, '_>> = root.all("cac:PaymentMeans").collect();
    let notes: Vec<String> = terms
        .iter()
        .filter_map(|terms| reader.text(terms, "cbc:Note", limits::TEXT))
        .collect();
    let note = if notes.is_empty() {
        None
    } else {
        Some(notes.join(" "))
    };

    let stated = reader.date(root, "cbc:DueDate");
    let by_means = latest(reader, &means);
    let by_terms = latest(reader, &terms);
    let period = settlement_days(reader, &terms);
    let in_words = note.as_deref().and_then(days_in_words);
    let after_issue = |days: Option<u32>| issue_on?.checked_add_days(Days::new(u64::from(days?)));
    let places = [
        (stated, UblDueSource::DueDate),
        (by_means, UblDueSource::PaymentMeans),
        (by_terms, UblDueSource::PaymentTerms),
        (after_issue(period), UblDueSource::SettlementPeriod),
        (after_issue(in_words), UblDueSource::Note),
    ];
    let due = places
        .into_iter()
        .find_map(|(on, source)| on.map(|on| UblDue { on, source }));
    if let (UblKind::Invoice, Some(due), Some(issue)) = (kind, due, issue_on)
        && due.on < issue
    {
        let place = match due.source {
            UblDueSource::PaymentMeans => "cac:PaymentMeans/cbc:PaymentDueDate",
            UblDueSource::PaymentTerms => "cac:PaymentTerms/cbc:PaymentDueDate",
            _ => "cbc:DueDate",
        };
        let detail = format!("the due date {} lies before the issue date {issue}", due.on);
        reader.report(format!("{}/{place}", root.path()), "before_issue_date", detail);
    }
    (due, note)
}

/// The latest `cbc:PaymentDueDate` of several elements: where a document leaves a choice, nobody is
/// reminded before the last of its dates.
fn latest(reader: &mut Reader, elements: &[Element<'_, '_>]) -> Option<NaiveDate> {
    elements
        .iter()
        .filter_map(|element| reader.date(element, "cbc:PaymentDueDate"))
        .max()
}

/// The longest settlement period in days of terms that offer no discount for keeping it.
fn settlement_days(reader: &mut Reader, terms: &[Element<'_, '_>]) -> Option<u32> {
    let discount = |terms: &&Element<'_, '_>| {
        let note = terms
            .find("cbc:Note")
            .and_then(|note| note.text())
            .unwrap_or_default()
            .to_lowercase();
        terms.find("cbc:SettlementDiscountPercent").is_some()
            || DISCOUNT.iter().any(|word| note.contains(word))
    };
    let measure = "cac:SettlementPeriod/cbc:DurationMeasure";
    terms
        .iter()
        .filter(|terms| !discount(terms))
        .filter_map(|terms| {
            let found = terms.find(measure)?;
            let text = found
                .text()
                .filter(|_| found.attribute("unitCode") == Some("DAY"))?;
            let days = text.parse().ok().filter(|days| *days <= limits::MAX_TERMS_DAYS);
            if days.is_none() {
                let detail = format!(
                    "a period is a whole number of days up to {}",
                    limits::MAX_TERMS_DAYS
                );
                reader.report(found.path(), "out_of_range", detail);
            }
            days
        })
        .max()
}

/// What a note about a discount has in it.
const DISCOUNT: &[&str] = &["%", "discount", "skonto", "rabatt", "korting"];

const DAYS: &[&str] = &[
    "day",
    "days",
    "tag",
    "tage",
    "tagen",
    "kalendertage",
    "kalendertagen",
];
const NET: &[&str] = &["net", "netto"];

/// Every other word that a note may have without leaving a doubt: it says that there is something to pay,
/// or that days count from the invoice.
const HARMLESS: &str = "
    a ab abzug after amount are be betrag binnen bitte calendar date der des die due from full fällig in
    innerhalb invoice is issue ist nach of ohne our paid pay payable payment please rechnung
    rechnungsbetrag rechnungsdatum sind strictly term terms the this to total von within zahlbar zahlen
    zahlung zahlungsbedingungen zahlungsziel zu
";

/// The days to pay that a note states, if it can mean nothing else.
fn days_in_words(note: &str) -> Option<u32> {
    if note.contains(['%', '#', '/', '-']) {
        return None;
    }
    let lower = note.to_lowercase();
    let words: Vec<&str> = lower
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    let is_number = |word: &&str| word.bytes().all(|b| b.is_ascii_digit());
    let at = words.iter().position(is_number)?;
    let before = at
        .checked_sub(1)
        .and_then(|at| words.get(at))
        .copied()
        .unwrap_or_default();
    let following = |offset: usize| {
        at.checked_add(offset)
            .and_then(|at| words.get(at))
            .copied()
            .unwrap_or_default()
    };
    let counts_days =
        DAYS.contains(&following(1)) || following(1) == "calendar" && DAYS.contains(&following(2));
    let known = |(place, word): (usize, &&str)| {
        place == at
            || DAYS.contains(word)
            || NET.contains(word)
            || HARMLESS.split_whitespace().any(|w| w == *word)
    };
    if !(counts_days || NET.contains(&before)) || !words.iter().enumerate().all(known) {
        return None;
    }
    words
        .get(at)?
        .parse()
        .ok()
        .filter(|days| *days <= limits::MAX_TERMS_DAYS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_counts_where_it_can_mean_only_one_thing() {
        let cases = [
            ("Payment within 30 days", Some(30)),
            ("Net 30", Some(30)),
            ("net 45 days", Some(45)),
            ("30 days net", Some(30)),
            ("Payment terms: 14 calendar days from date of invoice.", Some(14)),
            ("Zahlbar innerhalb von 30 Tagen", Some(30)),
            ("Zahlbar innerhalb von 14 Tagen ohne Abzug.", Some(14)),
            ("Zahlungsziel: 30 Tage netto ab Rechnungsdatum", Some(30)),
            ("Payment within 10 days, 2% discount", None),
            (
                "2 % discount if paid within 2 days Penalty percentage 10% from due date",
                None,
            ),
            (
                "Zahlbar innerhalb von 10 Tagen mit 2 Prozent Skonto, 30 Tage netto",
                None,
            ),
            ("#SKONTO#TAGE=14#PROZENT=2.25#", None),
            ("10 days 2 percent, net 30", None),
            ("30 days end of month", None),
            ("Payment within 30 business days", None),
            ("Payment within 30 days of delivery", None),
            ("Payable on 20.01.2026", None),
            ("Payment within 30-60 days", None),
            ("Order 30", None),
            ("30", None),
            ("within 3000 days", None),
            ("Payment on receipt", None),
            ("", None),
        ];
        for (note, days) in cases {
            assert_eq!(days_in_words(note), days, "{note}");
        }
    }
}

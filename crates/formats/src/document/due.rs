//! When a document is due, from the clearest of the places that may say so.
//!
//! In this order: the due date itself; a payment means' due date; payment terms with a date or a period; a note that
//! can mean only one thing. A note is free text, so that it counts only where every word of it is known, it has one
//! number, and that number is days: "Payment within 30 days" does, "Payment within 10 days, 2% discount" does not,
//! since it leaves open when the full amount is due.

use chrono::NaiveDate;

use super::Kind;
use crate::reader::Reader;
use receivables::limits;

/// Where a document says when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueSource {
    /// A due date of the document's own.
    DueDate,
    /// The due date of a way to pay.
    PaymentMeans,
    /// The due date of its payment terms.
    PaymentTerms,
    /// A period in its payment terms, counted from the issue date.
    SettlementPeriod,
    /// Its payment terms in words, counted from the issue date.
    Note,
}

/// When a document is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The last day on which payment is in time.
    pub on: NaiveDate,
    /// Where the document says so.
    pub source: DueSource,
}

/// Notes an invoice's due date before its issue date.
pub(crate) fn not_before_issue(
    reader: &mut Reader,
    kind: Kind,
    due: Option<Due>,
    issue_on: Option<NaiveDate>,
    place: &str,
) {
    if let (Kind::Invoice, Some(due), Some(issue)) = (kind, due, issue_on)
        && due.on < issue
    {
        let detail = format!("the due date {} lies before the issue date {issue}", due.on);
        reader.report(place, "before_issue_date", detail);
    }
}

/// Whether a note, in lower case, is about a discount.
pub(crate) fn is_discount(note: &str) -> bool {
    DISCOUNT.iter().any(|word| note.contains(word))
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
pub(crate) fn days_in_words(note: &str) -> Option<u32> {
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

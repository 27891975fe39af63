//! When a UBL document is due: see [`DueSource`] for the places, in the order in which they count.

use chrono::{Days, NaiveDate};

use crate::document::{self, Due, DueSource, Kind};
use crate::reader::Reader;
use crate::xml::Element;
use receivables::limits;

/// When the document is due, and its payment terms in words.
pub(super) fn read(
    reader: &mut Reader,
    root: &Element<'_, '_>,
    kind: Kind,
    issue_on: Option<NaiveDate>,
) -> (Option<Due>, Option<String>) {
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
    let in_words = note.as_deref().and_then(document::days_in_words);
    let after_issue = |days: Option<u32>| issue_on?.checked_add_days(Days::new(u64::from(days?)));
    let places = [
        (stated, DueSource::DueDate),
        (by_means, DueSource::PaymentMeans),
        (by_terms, DueSource::PaymentTerms),
        (after_issue(period), DueSource::SettlementPeriod),
        (after_issue(in_words), DueSource::Note),
    ];
    let due = places
        .into_iter()
        .find_map(|(on, source)| on.map(|on| Due { on, source }));
    let place = match due.map(|due| due.source) {
        Some(DueSource::PaymentMeans) => "cac:PaymentMeans/cbc:PaymentDueDate",
        Some(DueSource::PaymentTerms) => "cac:PaymentTerms/cbc:PaymentDueDate",
        _ => "cbc:DueDate",
    };
    document::not_before_issue(reader, kind, due, issue_on, &format!("{}/{place}", root.path()));
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
        terms.find("cbc:SettlementDiscountPercent").is_some() || document::is_discount(&note)
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

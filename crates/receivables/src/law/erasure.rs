//! A person's data: what of a document goes when it is erased, and when that may be.
//!
//! **Shape.** [`Traces`] is what tells a person: names, addresses, the keys of other systems. [`Traces::erase_from`] takes it
//! out of a JSON document and leaves its shape, its amounts, dates and numbers, so that whoever reads the document can go
//! on. Whatever people wrote freely goes as well, since nobody knows what is in it.
//!
//! Source: Regulation (EU) 2016/679, articles 4(1), 17(1) and 17(3); 12 CFR 1006.100(a).

use super::rules::{self, Rule};
use super::{Settings, regime};
use crate::country::Country;
use crate::intake::CustomerKind;
use chrono::{DateTime, Months, Utc};
use serde_json::Value;
use std::collections::BTreeSet;

/// What stands where something was erased.
pub const ERASED: &str = "erased";

/// Years after the last collection activity for which its records are kept: 12 CFR 1006.100(a).
const RECORDS_MONTHS: u32 = 36;

/// The shortest text that tells a person: a shorter one is found in too much that has nothing to do with it.
const SHORTEST: usize = 5;

/// Members of documents that people write freely, or that name somebody.
const PERSONAL: &[&str] = &[
    "address",
    "addressee",
    "bic",
    "city",
    "comment",
    "contact_name",
    "contacts",
    "counterparty",
    "customer_name",
    "debtor_name",
    "detail",
    "email",
    "evidence",
    "iban",
    "lines_of_address",
    "name",
    "note",
    "payer",
    "payer_name",
    "phone",
    "postal",
    "recipient",
    "remitter",
    "subject",
    "text",
    "title",
    "to",
];

/// Why a person's data cannot be erased yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Waits {
    /// Money is owed, or stands on account: article 17(3)(e).
    Money,
    /// Its records are kept until then.
    Records {
        /// When they need not be any more.
        until: DateTime<Utc>,
        /// The rule that says so.
        rule: &'static Rule,
    },
}

/// What speaks against erasing now: money that is owed or stands on account, then records that must be kept since the last
/// collection activity.
///
/// Source: Regulation (EU) 2016/679, article 17(3)(b) and (e); 12 CFR 1006.100(a).
pub fn waits(
    settings: &Settings,
    kind: CustomerKind,
    country: Country,
    is_settled: bool,
    last_activity: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Option<Waits> {
    if !is_settled {
        return Some(Waits::Money);
    }
    let is_kept = regime::of(settings, kind, country) == regime::Regime::UsCollection;
    let until = last_activity?.checked_add_months(Months::new(RECORDS_MONTHS))?;
    let rule = &rules::RECORDS;
    (is_kept && now < until).then_some(Waits::Records { until, rule })
}

/// What tells a person, in ASCII lower case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Traces(BTreeSet<String>);

impl Traces {
    /// Of names, addresses and keys. Of a telephone number its digits count, however they are written.
    pub fn of<'a>(texts: impl IntoIterator<Item = &'a str>) -> Traces {
        let mut traces = BTreeSet::new();
        for text in texts {
            let text = text.trim().to_ascii_lowercase();
            if text.chars().count() < SHORTEST {
                continue;
            }
            let digits: String = text.chars().filter(char::is_ascii_digit).collect();
            let is_number = !text.chars().any(char::is_alphabetic);
            if is_number && digits.len() >= SHORTEST {
                traces.insert(digits);
            }
            // As JSON writes what is not ASCII, where its writer is careful.
            if !text.is_ascii() {
                traces.insert(escaped(&text));
            }
            traces.insert(text);
        }
        Traces(traces)
    }

    /// All of them: a database looks for them in texts in ASCII lower case.
    pub fn all(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether a text holds one of them as a word of its own: who is `C-5` is not in what tells of `C-51`.
    pub fn are_in(&self, text: &str) -> bool {
        let text = text.to_ascii_lowercase();
        self.0.iter().any(|trace| {
            let mut found = text.match_indices(trace.as_str());
            found.any(|(at, _)| stands_alone(&text, at, trace))
        })
    }

    /// Takes the person out of a document.
    pub fn erase_from(&self, document: &mut Value) {
        match document {
            Value::String(text) if self.are_in(text) => ERASED.clone_into(text),
            Value::Array(items) => items.iter_mut().for_each(|item| self.erase_from(item)),
            Value::Object(members) => {
                for (name, value) in members.iter_mut() {
                    if PERSONAL.contains(&name.as_str()) {
                        blank(value);
                    } else {
                        self.erase_from(value);
                    }
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}

/// Whether what stands at a place of a text is no part of a longer word. Before and after digits alone other digits count.
fn stands_alone(text: &str, at: usize, trace: &str) -> bool {
    let is_number = trace.chars().all(|c| c.is_ascii_digit());
    let goes_on = |c: char| match is_number {
        true => c.is_ascii_digit(),
        false => c.is_alphanumeric() || matches!(c, '-' | '_'),
    };
    let mut before = text.get(..at).unwrap_or_default().chars().rev();
    // `\n` in a text within JSON is no letter.
    let begins = match (before.next(), before.next()) {
        (None, _) | (Some(_), Some('\\')) => true,
        (Some(c), _) => !goes_on(c),
    };
    let rest = text.get(at..).and_then(|rest| rest.get(trace.len()..));
    let ends = rest
        .and_then(|rest| rest.chars().next())
        .is_none_or(|c| !goes_on(c));
    begins && ends
}

fn escaped(text: &str) -> String {
    let mut units = [0; 2];
    text.chars()
        .map(|c| match c.is_ascii() {
            true => c.to_string(),
            false => c
                .encode_utf16(&mut units)
                .iter()
                .map(|unit| format!("\\u{unit:04x}"))
                .collect(),
        })
        .collect()
}

/// Every text in a value.
fn blank(value: &mut Value) {
    match value {
        Value::String(text) => ERASED.clone_into(text),
        Value::Array(items) => items.iter_mut().for_each(blank),
        Value::Object(members) => {
            // A country tells nobody, and whoever reads the document takes nothing else for one.
            let others = members.iter_mut().filter(|(name, _)| *name != "country");
            others.for_each(|(_, value)| blank(value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::law::CreditorRole;
    use serde_json::json;

    #[test]
    fn a_person_goes_and_the_figures_stay() {
        let traces = Traces::of([
            "Zoë Lindqvist",
            "zoe@lindqvist.example",
            "+46 70 123 45 67",
            "C-1",
            "ext-4711",
        ]);
        let mut document = json!({
            "number": "2026-17", "amount": "125.00", "customer": {"external_id": "EXT-4711"},
            "name": "Z. L.", "postal": {"lines": ["Storgatan 1"], "country": "SE"},
            "lines": [{"description": "Repair for Zoë Lindqvist", "quantity": 2}, {"description": "Paint"}],
            "raw": "{\"payer\":\"Zo\\u00eb Lindqvist\",\"phone\":\"46701234567\"}",
        });
        traces.erase_from(&mut document);
        assert_eq!(
            document,
            json!({
                "number": "2026-17", "amount": "125.00", "customer": {"external_id": "erased"},
                "name": "erased", "postal": {"lines": ["erased"], "country": "SE"},
                "lines": [{"description": "erased", "quantity": 2}, {"description": "Paint"}],
                "raw": "erased",
            })
        );
        assert!(traces.are_in("To ZOE@lindqvist.example"));
        // Somebody else's key begins alike; and a line of a letter within JSON.
        assert!(!traces.are_in("EXT-47110") && !traces.are_in("my-ext-4711"));
        assert!(traces.are_in("{\"text\": \"Hello\\nExt-4711, dear\"}"));
        assert!(traces.are_in("From=%2B46701234567&Body=Hi") && !traces.are_in("467012345678"));
        // Too short to tell anybody.
        assert!(!traces.are_in("C-1"));
    }

    #[test]
    fn records_are_kept_for_three_years_where_the_law_says_so() {
        let collector = Settings {
            creditor_role: CreditorRole::DebtCollector,
            ..Settings::default()
        };
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let country = |code| Country::parse(code).unwrap();
        let last = Some(at("2026-11-16T15:00:00Z"));
        let ask = |settings: &Settings, code, settled, now| {
            waits(
                settings,
                CustomerKind::Consumer,
                country(code),
                settled,
                last,
                at(now),
            )
        };
        let (soon, then) = ("2029-11-16T14:59:59Z", "2029-11-16T15:00:00Z");
        let until = Waits::Records {
            until: at(then),
            rule: &rules::RECORDS,
        };
        assert_eq!(ask(&collector, "US", true, soon), Some(until));
        assert_eq!(ask(&collector, "US", true, then), None);
        assert_eq!(ask(&Settings::default(), "US", true, soon), None);
        assert_eq!(ask(&collector, "DE", true, soon), None);
        assert_eq!(ask(&collector, "DE", false, then), Some(Waits::Money));
    }
}

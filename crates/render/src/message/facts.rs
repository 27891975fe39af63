//! What each template needs of the facts, and the facts of a notice as its words and its table tell them.
//!
//! Source: Dunlin's own rule.

use minijinja::value::Value;
use receivables::money::Money;
use receivables::notice::About;
use receivables::template::{self, Purpose};
use serde::Serialize;

use super::one_line;
use crate::locale::{format_date, format_short_date};
use crate::{Locale, words};

/// Whether it announces what is done on a day.
pub(super) fn announces(template: &str) -> bool {
    matches!(template, "final" | "suspension_warning" | "hand_over_notice")
}

/// Whether it needs a promise.
pub(super) fn about_a_promise(template: &str) -> bool {
    matches!(template, "promise_confirmation" | "promise_broken")
}

/// Whether it asks the customer to pay.
pub(crate) fn asks(template: &str) -> bool {
    let purpose = template::find(template).map(|template| template.purpose);
    match purpose {
        Some(Purpose::Reminder | Purpose::Collection) => true,
        Some(Purpose::Agreement) => template != "plan",
        _ => template == "suspended",
    }
}

/// Whether it lists the open invoices and leads to the pay page.
pub(super) fn lists_invoices(template: &str) -> bool {
    asks(template) || matches!(template, "plan" | "statement")
}

/// Whether the facts are those that the template tells.
pub(super) fn fits(template: &str, about: Option<&About>) -> bool {
    match template {
        "suspended" | "reinstated" => matches!(about, Some(About::Suspension { .. })),
        "promise_reminder" => matches!(about, Some(About::Promise { .. })),
        "plan" => matches!(about, Some(About::Plan { instalments, .. }) if !instalments.is_empty()),
        "dispute_received" | "dispute_decided" => matches!(about, Some(About::Dispute { .. })),
        "order_confirmation" => matches!(about, Some(About::Order { .. })),
        "payment_received" => matches!(about, Some(About::Payment { .. })),
        "statement" => matches!(about, Some(About::Statement { .. })),
        "document_request" => matches!(about, Some(About::Document { .. })),
        "internal_notice" => matches!(about, Some(About::Internal { .. })),
        _ => true,
    }
}

/// The facts, with every text on one line; what was granted is there where it is more than nothing.
pub(super) fn notice(about: Option<&About>) -> Value {
    let line = |text: &String| one_line(text);
    let facts = about.cloned().map(|about| match about {
        About::Order {
            number,
            amount,
            ordered_on,
        } => About::Order {
            number: line(&number),
            amount,
            ordered_on,
        },
        About::Dispute {
            number,
            amount,
            reason,
            granted,
            note,
        } => About::Dispute {
            number: line(&number),
            amount,
            reason: line(&reason),
            granted: granted.filter(|granted| !granted.is_zero()),
            note: note.as_ref().map(line).filter(|note| !note.is_empty()),
        },
        About::Document { what, until } => About::Document {
            what: line(&what),
            until,
        },
        About::Internal {
            to,
            step,
            channel,
            recipient,
            subject,
            invoices,
            why,
        } => About::Internal {
            to: line(&to),
            step: line(&step),
            channel,
            recipient: line(&recipient),
            subject: line(&subject),
            invoices,
            why: line(&why),
        },
        other => other,
    });
    Value::from_serialize(facts)
}

/// A line of the table below a notice.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Row {
    label: String,
    amount: Money,
    /// Whether it sums up.
    strong: bool,
}

/// The table below a notice.
pub(super) fn rows(about: Option<&About>, locale: Locale) -> Vec<Row> {
    let word = |key: &str| words::word(key, locale.language());
    let row = |label: String, amount| Row {
        label,
        amount,
        strong: false,
    };
    match about {
        Some(About::Payment {
            applied, unapplied, ..
        }) => {
            let parts = applied.iter().map(|part| {
                let label = word("applied_to").replace("{number}", &one_line(&part.number));
                row(label, part.amount)
            });
            let rest = (!unapplied.is_zero()).then(|| row(word("on_account").to_owned(), *unapplied));
            parts.chain(rest).collect()
        }
        Some(About::Internal { invoices, .. }) => {
            let parts = invoices.iter().map(|part| {
                let label = word("applied_to").replace("{number}", &one_line(&part.number));
                row(label, part.amount)
            });
            parts.collect()
        }
        Some(About::Plan { instalments, .. }) => {
            let by = |on| word("instalment_by").replace("{date}", &format_date(on, locale));
            let parts = instalments.iter();
            parts.map(|part| row(by(part.due_on), part.amount)).collect()
        }
        Some(About::Statement {
            from,
            to,
            opening,
            closing,
            entries,
        }) => {
            let balance = |key: &str, on, amount| Row {
                label: word(key).replace("{date}", &format_date(on, locale)),
                amount,
                strong: true,
            };
            let mut rows = vec![balance("opening_balance", *from, *opening)];
            rows.extend(entries.iter().map(|entry| {
                let what = words::find(&format!("posting_{}", entry.what), locale.language());
                let what = what.unwrap_or_else(|| word("posting_other"));
                let number = entry.number.as_deref().map(one_line).unwrap_or_default();
                let label = format!("{}  {what} {number}", format_short_date(entry.on, locale));
                row(one_line(&label), entry.amount)
            }));
            rows.push(balance("closing_balance", *to, *closing));
            rows
        }
        _ => Vec::new(),
    }
}

//! Messages to try words on: one invoice and several, with everything that there can be and with what may be missing.

use chrono::{Days, NaiveDate};
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::money::Money;
use receivables::notice::{About, Due, Entry, Part};

use crate::{Line, MessageContext, PromiseLine};

/// The day of the samples.
const TODAY: NaiveDate = match NaiveDate::from_ymd_opt(2026, 8, 30) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// About as long as the address of a payment link with its token.
const PAY_URL: &str = "https://pay.nordlicht.example/pay/q7Jx0n2v5Kp8RbT4mWzYcA3sDfGhLe6U9iOo1tXwBQk";

fn day(ahead: u64) -> NaiveDate {
    TODAY.checked_add_days(Days::new(ahead)).unwrap_or(TODAY)
}

/// Whether they are many: then names and reply address are missing where they may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    One,
    Many,
}

/// The samples of a template, in a locale and a currency; none of an unknown template.
///
/// The first speaks of one invoice, the second of five, with a charge, and without what may be missing.
pub fn samples(template: &str, locale: &str, currency: Currency) -> Vec<MessageContext> {
    if receivables::template::find(template).is_none() {
        return Vec::new();
    }
    let kinds = [Kind::One, Kind::Many];
    kinds
        .into_iter()
        .filter_map(|kind| sample(template, locale, currency, kind))
        .collect()
}

fn sample(template: &str, locale: &str, currency: Currency, kind: Kind) -> Option<MessageContext> {
    let money = |major: i64| Money::parse(&major.to_string(), currency).ok();
    let invoices = if kind == Kind::One { 1 } else { 5 };
    let reminder = template == "pre_due";
    let mut listed = Vec::new();
    for number in 1..=invoices {
        let charge = kind == Kind::Many && number == invoices && !reminder;
        listed.push(Line {
            number: format!("RE-2026-00{number}"),
            issue_on: day(0),
            due_on: day(14),
            balance: money(1250)?,
            total: money(if number == 2 { 2500 } else { 1250 })?,
            days_overdue: if reminder { -5 } else { 14 },
            charge,
        });
    }
    let total = money(1250_i64.checked_mul(invoices)?)?;
    let (overdue, upcoming) = if reminder {
        (Vec::new(), listed)
    } else {
        (listed, Vec::new())
    };
    let some = kind == Kind::One;
    Some(MessageContext {
        template: template.to_owned(),
        locale: locale.to_owned(),
        creditor_name: "Nordlicht Druck".to_owned(),
        reply_to: some.then(|| "rechnung@nordlicht.example".to_owned()),
        customer_name: "Brandt & Co".to_owned(),
        contact_name: some.then(|| "Ana Silva".to_owned()),
        overdue,
        upcoming,
        act_on: Some(day(7)),
        promise: Some(PromiseLine {
            amount: money(500)?,
            missing: money(120)?,
            promised_on: day(10),
        }),
        about: about(template, kind, &money),
        tone: None,
        total,
        pay_url: PAY_URL.to_owned(),
        unsubscribe_url: some.then(|| "https://nordlicht.example/stop".to_owned()),
        message_id: "msg_01jh7c9x4n0000000000000000".to_owned(),
    })
}

fn about(template: &str, kind: Kind, money: &impl Fn(i64) -> Option<Money>) -> Option<About> {
    let many = kind == Kind::Many;
    Some(match template {
        "suspended" | "reinstated" => About::Suspension { on: day(0) },
        "promise_reminder" => About::Promise {
            amount: money(500)?,
            promised_on: day(3),
        },
        "plan" => {
            let parts = if many {
                vec![day(14), day(44), day(75)]
            } else {
                vec![day(14)]
            };
            let mut instalments = Vec::new();
            for due_on in parts {
                instalments.push(Due {
                    amount: money(400)?,
                    due_on,
                });
            }
            About::Plan {
                total: money(if many { 1200 } else { 400 })?,
                instalments,
            }
        }
        "dispute_received" | "dispute_decided" => About::Dispute {
            number: "RE-2026-001".to_owned(),
            amount: money(300)?,
            reason: "damaged".to_owned(),
            granted: if many { money(0) } else { money(200) },
            note: (!many).then(|| "Two of five boxes were damaged.".to_owned()),
        },
        "order_confirmation" => About::Order {
            number: "PO-4711".to_owned(),
            amount: if many { None } else { money(1250) },
            ordered_on: day(0),
        },
        "payment_received" => About::Payment {
            amount: money(1250)?,
            received_on: day(0),
            applied: if many {
                Vec::new()
            } else {
                vec![Part {
                    number: "RE-2026-001".to_owned(),
                    amount: money(1000)?,
                }]
            },
            unapplied: money(if many { 1250 } else { 250 })?,
        },
        "statement" => About::Statement {
            from: day(0),
            to: day(30),
            opening: money(0)?,
            closing: money(1250)?,
            entries: vec![Entry {
                on: day(2),
                what: "invoice".to_owned(),
                number: Some("RE-2026-001".to_owned()),
                amount: money(1250)?,
            }],
        },
        "document_request" => About::Document {
            what: "W-9".to_owned(),
            until: (!many).then(|| day(14)),
        },
        "internal_notice" => About::Internal {
            to: "sales".to_owned(),
            step: "firm".to_owned(),
            channel: Channel::Email,
            recipient: "ana@brandt.example".to_owned(),
            subject: if many { String::new() } else { "Overdue".to_owned() },
            invoices: vec![Part {
                number: "RE-2026-001".to_owned(),
                amount: money(1250)?,
            }],
            why: "invoice RE-2026-001 is 14 days overdue".to_owned(),
        },
        _ => return None,
    })
}

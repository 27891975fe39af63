//! Handing a debt over to an agency: everything that a new owner needs, in one document.
//!
//! Shape: one customer and one currency. Who owes, to reach them by every way we know; each receivable with its dates, what it was
//! and what is left of it, charges beside the invoice they belong to; what was paid; what was said, when, and how it fared;
//! what was promised, disputed and noted. The totals are computed from the receivables, so that the document adds up by
//! itself. The receivables also go out as CSV (RFC 4180), which is what agencies load. What a claim has to state follows
//! § 43d BRAO and § 13a RDG, Germany's rules for what a collector tells a debtor: who, for what, since when, how the
//! interest and the costs were reckoned. A creditor that gives less makes its agency ask.
//!
//! Refused: amounts of several currencies in one document, since they make no sum. What the customer has on account
//! stands beside the claim and is not set off against it: that is done before a debt is handed over, or it is still
//! ours to pay back.
//!
//! Source: § 43d BRAO and § 13a RDG for what a claim states; RFC 4180 for CSV; the rest is Dunlin's own rule.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::calendar;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};
use crate::names::names;
use crate::receivable::ReceivableKind;

/// Where a hand-over stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandOverStatus {
    /// The agency has it: Dunlin contacts the customer no longer.
    Active,
    /// It was taken back: Dunlin goes on where the age of the debt says.
    Recalled,
}

names! {
    HandOverStatus {
        "active" => Active,
        "recalled" => Recalled,
    }
}

impl HandOverStatus {
    /// Whether it can become `next`: what was taken back is handed over anew, as another one.
    pub fn can_become(self, next: HandOverStatus) -> bool {
        (self, next) == (HandOverStatus::Active, HandOverStatus::Recalled)
    }
}

/// Who owes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debtor {
    /// The creditor's own key for the customer, which the agency quotes.
    pub creditor_reference: String,
    /// Name of the company or person.
    pub name: String,
    /// `business` or `consumer`: decides what may be claimed, and how.
    pub kind: String,
    /// ISO 3166-1 alpha-2.
    pub country: String,
    /// State, province or canton.
    pub region: Option<String>,
    /// Language of messages so far, as a BCP 47 tag.
    pub locale: String,
    /// People and desks, with every address we know.
    pub contacts: Vec<Contact>,
}

/// A person or desk at the debtor.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    /// Name.
    pub name: String,
    /// `billing`, `escalation` or `sales`.
    pub role: String,
    /// Email address.
    pub email: Option<String>,
    /// Telephone number.
    pub phone: Option<String>,
    /// Postal address, in the shape in which it came.
    pub postal: Option<serde_json::Value>,
    /// Why an address of these is known not to work.
    pub unusable: Option<String>,
}

/// A receivable that is not settled.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receivable {
    /// The creditor's number.
    pub number: String,
    /// What it is.
    pub kind: ReceivableKind,
    /// The number of the invoice that a charge belongs to.
    pub charged_on: Option<String>,
    /// When it was issued.
    pub issue_date: NaiveDate,
    /// The last day on which payment was in time.
    pub due_date: NaiveDate,
    /// What it was.
    pub original: Money,
    /// What is left of it.
    pub balance: Money,
    /// The part of what is left that the customer disputes.
    pub disputed: Money,
    /// The customer's own order number.
    pub po_number: Option<String>,
    /// How a charge was reckoned: rates, days, amounts.
    pub reckoning: Option<serde_json::Value>,
}

impl Receivable {
    /// What has been paid, credited or written off of it.
    pub fn settled(&self) -> Result<Money, MoneyError> {
        self.original.checked_sub(self.balance)
    }
}

/// Money that came in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The day it arrived.
    pub received_on: NaiveDate,
    /// How much.
    pub amount: Money,
    /// How it was paid.
    pub method: String,
    /// The bank's or provider's reference.
    pub reference: String,
    /// What it was set against.
    pub allocations: Vec<Allocation>,
}

/// A part of a payment that was set against an invoice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// The invoice's number.
    pub invoice_number: String,
    /// How much.
    pub amount: Money,
}

/// A message to the debtor, and how it fared.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// When it left; RFC 3339, UTC.
    pub sent_at: String,
    /// The policy's step.
    pub step: String,
    /// Over which channel.
    pub channel: String,
    /// To which address.
    pub recipient: Option<String>,
    /// What it is about.
    pub subject: Option<String>,
    /// `sent`, `delivered` or `bounced`.
    pub status: String,
}

/// Something that the debtor or a collector said: a promise, a dispute, a call, a note.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When; RFC 3339, UTC.
    pub at: String,
    /// What it is, as the timeline has it.
    pub kind: String,
    /// In a few words.
    pub title: String,
    /// In a sentence, with its outcome.
    pub detail: String,
}

/// What the receivables come to, by what they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Totals {
    /// Invoices.
    pub principal: Money,
    /// Late fees.
    pub fees: Money,
    /// Interest, up to the day to which it was posted.
    pub interest: Money,
    /// Statutory lump sums.
    pub compensation: Money,
    /// All of it: the claim.
    pub claim: Money,
    /// The part of it that is disputed.
    pub disputed: Money,
}

/// Everything that a new owner needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// As of which day.
    pub as_of: NaiveDate,
    /// The currency of every amount.
    pub currency: Currency,
    /// Who owes.
    pub debtor: Debtor,
    /// What is owed, the oldest first, each charge after its invoice.
    pub receivables: Vec<Receivable>,
    /// What it comes to.
    pub totals: Totals,
    /// What the customer has on account with us; not set off.
    pub on_account: Money,
    /// What was paid, the earliest first.
    pub payments: Vec<Payment>,
    /// What was written, the earliest first.
    pub messages: Vec<Message>,
    /// What was promised, disputed, said on the phone and noted, the earliest first.
    pub history: Vec<Entry>,
}

/// What a document is made of; [`Document::of`] puts it in order and adds it up.
#[derive(Clone, Debug)]
pub struct Parts {
    /// As of which day.
    pub as_of: NaiveDate,
    /// The currency of every amount.
    pub currency: Currency,
    /// Who owes.
    pub debtor: Debtor,
    /// What is owed.
    pub receivables: Vec<Receivable>,
    /// What the customer has on account with us.
    pub on_account: Money,
    /// What was paid.
    pub payments: Vec<Payment>,
    /// What was written.
    pub messages: Vec<Message>,
    /// What was said and noted.
    pub history: Vec<Entry>,
}

impl Document {
    /// The document. An error where an amount is of another currency, or a sum does not fit.
    pub fn of(parts: Parts) -> Result<Document, MoneyError> {
        let Parts {
            as_of,
            currency,
            debtor,
            mut receivables,
            on_account,
            mut payments,
            mut messages,
            mut history,
        } = parts;
        receivables.retain(|receivable| receivable.balance.is_positive());
        let due_of = |number: &str| {
            let invoice = receivables.iter().find(|other| other.number == number);
            invoice.map(|invoice| (invoice.due_date, invoice.number.clone()))
        };
        // A charge stands with its invoice; one whose invoice is paid stands by itself.
        let mut keyed: Vec<_> = receivables
            .iter()
            .map(|receivable| {
                let home = receivable.charged_on.as_deref().and_then(due_of);
                let home = home.unwrap_or((receivable.due_date, receivable.number.clone()));
                (
                    home,
                    receivable.kind,
                    receivable.due_date,
                    receivable.number.clone(),
                )
            })
            .zip(receivables.iter().cloned())
            .collect();
        keyed.sort_by(|(one, _), (other, _)| one.cmp(other));
        let receivables: Vec<Receivable> = keyed.into_iter().map(|(_, receivable)| receivable).collect();
        let totals = Totals::of(currency, &receivables)?;
        // The sum with a zero of our currency fails where a currency is another one.
        Money::checked_sum(currency, payments.iter().map(|payment| payment.amount))?;
        Money::zero(currency).checked_add(on_account)?;
        payments.sort_by(|a, b| (a.received_on, &a.reference).cmp(&(b.received_on, &b.reference)));
        messages.sort_by(|a, b| a.sent_at.cmp(&b.sent_at));
        history.sort_by(|a, b| a.at.cmp(&b.at));
        Ok(Document {
            as_of,
            currency,
            debtor,
            receivables,
            totals,
            on_account,
            payments,
            messages,
            history,
        })
    }

    /// The receivables as CSV (RFC 4180, with a header line): one line each, in the document's order.
    pub fn csv(&self) -> Result<String, MoneyError> {
        let mut csv = String::new();
        line(&mut csv, COLUMNS.iter().map(|name| (*name).to_owned()));
        for receivable in &self.receivables {
            let late = calendar::days_between(receivable.due_date, self.as_of).max(0);
            line(
                &mut csv,
                [
                    text(&self.debtor.creditor_reference),
                    text(&self.debtor.name),
                    text(&receivable.number),
                    receivable.kind.as_str().to_owned(),
                    text(receivable.charged_on.as_deref().unwrap_or_default()),
                    receivable.issue_date.to_string(),
                    receivable.due_date.to_string(),
                    late.to_string(),
                    self.currency.code().to_owned(),
                    receivable.original.amount(),
                    receivable.settled()?.amount(),
                    receivable.balance.amount(),
                    receivable.disputed.amount(),
                    text(receivable.po_number.as_deref().unwrap_or_default()),
                ],
            );
        }
        Ok(csv)
    }
}

impl Totals {
    fn of(currency: Currency, receivables: &[Receivable]) -> Result<Totals, MoneyError> {
        let sum = |kind| {
            let of_kind = receivables.iter().filter(|receivable| receivable.kind == kind);
            Money::checked_sum(currency, of_kind.map(|receivable| receivable.balance))
        };
        Ok(Totals {
            principal: sum(ReceivableKind::Invoice)?,
            fees: sum(ReceivableKind::Fee)?,
            interest: sum(ReceivableKind::Interest)?,
            compensation: sum(ReceivableKind::Compensation)?,
            claim: Money::checked_sum(currency, receivables.iter().map(|r| r.balance))?,
            disputed: Money::checked_sum(currency, receivables.iter().map(|r| r.disputed))?,
        })
    }
}

const COLUMNS: [&str; 14] = [
    "creditor_reference",
    "debtor",
    "number",
    "kind",
    "charged_on",
    "issue_date",
    "due_date",
    "days_overdue",
    "currency",
    "original",
    "settled",
    "balance",
    "disputed",
    "po_number",
];

/// What a formula begins with: OWASP, "CSV Injection", full-width forms and line feed included.
const FORMULA: [char; 11] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// A cell that holds other people's text. A spreadsheet takes what begins with one of these for a formula and runs it:
/// an apostrophe before it makes it text. The document itself keeps the text as it is.
fn text(cell: &str) -> String {
    match cell.starts_with(FORMULA) {
        true => format!("'{cell}"),
        false => cell.to_owned(),
    }
}

fn line(csv: &mut String, cells: impl IntoIterator<Item = String>) {
    for (at, cell) in cells.into_iter().enumerate() {
        if at > 0 {
            csv.push(',');
        }
        // The other delimiters too: a spreadsheet may have been told another one than the comma.
        if cell.contains([',', ';', '\t', '|', '"', '\r', '\n']) || cell.trim() != cell {
            csv.push('"');
            csv.push_str(&cell.replace('"', "\"\""));
            csv.push('"');
        } else {
            csv.push_str(&cell);
        }
    }
    csv.push_str("\r\n");
}

#[cfg(test)]
mod tests;

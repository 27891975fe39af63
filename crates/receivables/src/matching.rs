//! Which open invoices the money on a bank line is for.
//!
//! Shape: a [`Book`] is built once for a batch of lines, of what is open, what was announced and who pays from where
//! ([`Contents`]). It judges one line after the other ([`Book::judge`]); what is matched is taken off it
//! ([`Book::take`]), so that an invoice is not paid twice in one batch. A judgement is a [`Verdict`]: matched, for a
//! person to look at, or unknown. Each [`Candidate`] says for what the money would be, why, and how strong that is.
//!
//! **Automatic only when safe.** Money on the wrong invoice costs more than money that waits. A score is the sum of what
//! speaks for a candidate; the likeliest is applied by itself where a reference or the payer means it, the amount fits
//! to the cent or by what the policy lets go, nothing on the line speaks of something else, and the next candidate is
//! far behind. Splits, unexplained differences and equals go to a person. `docs/matching.md` has the whole rule, with
//! how well it does.
//!
//! Always: shares and what stays on account add up to the line; no share is more than its invoice owes; currencies never
//! mix; the order in which things are known means nothing; an invoice that has nothing to do with a line can make it
//! less certain, and never match it to something else.
//!
//! **Bounds.** [`CANDIDATES`] a line. Of one line 60 debtors are looked at and 200 open invoices of each; sums are
//! searched among 40 amounts in 50,000 steps. A look-up costs O(log n), so that a line hardly costs more in a large
//! ledger than in a small one.
//!
//! Source: Dunlin's own rule.

mod apart;
mod book;
mod fit;
mod judge;
mod names;
mod offers;
mod scene;
mod subset;
mod text;

pub use apart::together;
pub use book::Book;

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::allocation::Rules;
use crate::id::{CustomerId, InvoiceId};
use crate::money::Money;

/// Money that came in on a bank account, as its bank tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credit {
    /// How much arrived: more than nothing.
    pub amount: Money,
    /// The day from which it counts, by which discounts are judged.
    pub booked_on: NaiveDate,
    /// What stands in fields of their own and is a reference as a whole: the creditor reference (RF, QRR, SCOR), the
    /// end-to-end id, a provider's id.
    pub references: Vec<String>,
    /// What the payer wrote, in the lines in which the bank hands it over; banks cut words at the ends of lines.
    pub text: Vec<String>,
    /// Who paid.
    pub payer: Payer,
    /// What the banks say that they kept of it, in the currency of the amount; none: they say nothing.
    pub charges: Option<Money>,
}

/// Who paid, as the bank tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Payer {
    /// An IBAN, or an account number of another kind; written as the bank writes it.
    pub account: Option<String>,
    /// The name.
    pub name: Option<String>,
}

/// What lines are matched against. The order of the lists means nothing.
///
/// Of a large ledger it is enough to have, of the lines of a batch: the invoices that may be named, those that owe just
/// the amount, every open invoice of the debtors with the payer's account or name and of those whose invoices are named,
/// and these debtors.
#[derive(Clone, Debug, Default)]
pub struct Contents {
    /// Every invoice that may be meant: those that are open, and those that were and are named nevertheless.
    pub invoices: Vec<Owed>,
    /// Everyone who may have paid: at least the customers of `invoices` and of `announced`.
    pub debtors: Vec<Debtor>,
    /// What was announced under a reference of its own.
    pub announced: Vec<Announced>,
}

/// An invoice, or another receivable, as a payer may name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owed {
    /// Its id. The references that Dunlin makes for it ([`crate::reference`]) follow from it.
    pub id: InvoiceId,
    /// Who owes it.
    pub customer: CustomerId,
    /// The creditor's number.
    pub number: String,
    /// Numbers of the order and purchase order that it bills.
    pub orders: Vec<String>,
    /// References that were told to the payer, besides those that Dunlin makes: an RF or QRR of the billing system, or
    /// whatever the invoice asks to be quoted.
    pub references: Vec<String>,
    /// What it is about in all.
    pub total: Money,
    /// What is still owed; nothing where it is paid, written off or void.
    pub balance: Money,
    /// Its due date.
    pub due_on: NaiveDate,
    /// What may be deducted when it is paid early; the days are those of the policy's grace included.
    pub discounts: Vec<Deduction>,
}

/// An early-payment discount that is on offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deduction {
    /// The last day on which money is in time for it.
    pub until: NaiveDate,
    /// How much may be deducted.
    pub amount: Money,
}

/// A customer, as far as a payer may be recognised.
#[derive(Clone, Debug)]
pub struct Debtor {
    /// Who.
    pub id: CustomerId,
    /// Its name, and the names under which it has paid before.
    pub names: Vec<String>,
    /// Accounts from which it has paid before.
    pub accounts: Vec<String>,
    /// What its policy says about small differences.
    pub rules: Arc<Rules>,
}

/// What was announced under a reference: a payment link, a hand-over to a payment provider, a remittance advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// What announced it.
    pub kind: AnnouncedBy,
    /// Under which references: a link's id, a provider's id, an advice's number. For an id of Dunlin's own, those that
    /// [`crate::reference`] makes of it are known as well.
    pub references: Vec<String>,
    /// Who announced it.
    pub customer: CustomerId,
    /// How much is to come in all; none: whatever the invoices owe.
    pub total: Option<Money>,
    /// For which invoices, and how much each; none of an amount: all it owes. No invoices: whatever the customer owes.
    pub shares: Vec<(InvoiceId, Option<Money>)>,
}

/// What announces money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnnouncedBy {
    /// A payment link of Dunlin's.
    Link,
    /// A hand-over to a payment provider.
    Provider,
    /// A remittance advice of the customer.
    Advice,
}

/// What becomes of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is safe to apply.
    Automatic(Candidate),
    /// A person has to look: candidates, the likeliest first; at least one and at most [`CANDIDATES`].
    Review(Vec<Candidate>),
    /// Nothing speaks for anyone.
    Unknown,
}

/// Candidates that a line is listed with: more are no help to a person who has to choose.
pub const CANDIDATES: usize = 5;

/// For what the money of a line may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Whose money it is then.
    pub customer: CustomerId,
    /// What each invoice gets: together with `on_account` the amount of the line, and never more than it owes.
    pub shares: Vec<Share>,
    /// What is left over, and stays on the customer's account.
    pub on_account: Money,
    /// What the invoices of `shares` owe beyond what they get.
    pub short: Money,
    /// How the amount fits.
    pub fit: Fit,
    /// How strong it is: 0 to 100.
    pub score: u32,
    /// Why, the strongest first.
    pub reasons: Vec<Reason>,
}

/// What an invoice gets.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Share {
    /// Which; each comes once.
    pub invoice: InvoiceId,
    /// More than nothing.
    pub amount: Money,
}

/// How the amount of a line fits what its invoices owe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fit {
    /// To the last minor unit.
    Exact,
    /// Exactly, less an early-payment discount in time.
    Discount,
    /// A little less or more, within the policy's tolerance.
    Tolerance,
    /// Less what the banks say they kept, or no more less than the policy lets banks keep.
    BankCharge,
    /// Less a tax that the payer may have withheld.
    Withholding,
    /// Less than is owed, and nothing explains it: a payment in part.
    Short,
    /// More than is owed: the rest stays on account.
    Over,
    /// For no invoice that is known: all of it stays on account.
    OnAccount,
}

/// One thing that speaks for a candidate, or against it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// What kind of thing.
    pub code: Evidence,
    /// How much it counts; negative: against.
    pub points: i32,
    /// The same in a sentence.
    pub detail: String,
}

/// What speaks for a candidate, or against it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A reference that is made for this and nothing else: RF, QRR, a link, a provider's id, an advice.
    Reference,
    /// A remittance advice of the customer comes to the amount.
    Announced,
    /// The invoice's number, as a word of its own.
    Number,
    /// The invoice's number, glued to other words, cut, spaced, or with a letter for a digit that looks like it.
    NumberInParts,
    /// The digits of the invoice's number, without its letters.
    Digits,
    /// The invoice's number but for one slip of the keys.
    Slip,
    /// The number of an order that the invoice bills.
    Order,
    /// How the amount fits.
    Amount,
    /// The payer's account has paid for this customer before.
    Account,
    /// The payer's name is the customer's.
    Name,
    /// The payer's name is like the customer's.
    NameAlike,
    /// The payer's account is known for another customer.
    OtherAccount,
    /// The line names another invoice too.
    NamesOther,
    /// The line names an invoice that owes nothing any more.
    NotOpen,
    /// The line names an invoice that is owed in another currency.
    OtherCurrency,
}

#[cfg(test)]
mod tests;

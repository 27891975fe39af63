//! The law of contacts: whether somebody may be called, written to or texted, about what, and when.
//!
//! **Shape.** [`may_contact`] is one pure function of a [`Party`] (who is asked about, and on whose behalf), a channel, a
//! purpose, a [`History`] (what was said to and by the customer) and an instant. Its answer names a [`Rule`] of the table
//! in [`rules`], each with the text it stands in. Which rules hold is the [`regime`]'s: it follows from the creditor's
//! role, the customer's kind and its country.
//!
//! **Order.** Rules that forbid come first, since waiting does not help: an attorney, a demand to cease, third parties,
//! places, a revoked consent, one that was never given, a validation notice that is missing. Then those that only put off
//! (hours, days of rest, times that are inconvenient, how often). What is put off is put off until the first instant at
//! which *all* rules agree, to the minute.
//!
//! **What bounds it.** A customer is in one civil time, its own, unless its region or a telephone number of its says
//! otherwise: then an hour counts only where it is allowed in all of them ([`places`]). Calls are counted over all debts
//! of a customer together: never more than the law has for each.
//!
//! **What it refuses to decide.** Whether a debt is owed, disputed, promised or on hold is [`crate::dunning`]'s; whether an
//! address works is [`crate::suppression`]'s; what a message must say is kept where it is written ([`rules::Kept`]).
//!
//! Source: each rule's own citation.

pub mod consent;
mod decide;
pub mod erasure;
pub mod input;
pub mod places;
pub mod regime;
pub mod rules;
pub mod settings;
#[cfg(test)]
mod tests;

pub use consent::{Consent, Inconvenient};
pub use decide::{HORIZON_DAYS, may_contact};
pub use rules::Rule;
pub use settings::{CreditorRole, Settings};

use crate::channel::Channel;
use crate::country::Country;
use crate::dunning::RestDays;
use crate::intake::{ContactRole, CustomerKind, PostalAddress};
use crate::task::Outcome;
use crate::template::Purpose;
use crate::zone::Zone;
use chrono::{DateTime, Utc};
use serde::Serialize;

/// Whether a contact may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It may.
    Allow,
    /// Not now; it may at that instant, which is the first, to the minute, at which it may.
    Defer {
        /// When.
        until: DateTime<Utc>,
        /// The first rule that speaks against now.
        rule: &'static Rule,
    },
    /// It may not, however long one waits.
    Deny {
        /// The rule that says so.
        rule: &'static Rule,
    },
}

/// Whose an address is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The customer's own: of a consumer, the person who owes; of a business, whoever works there.
    Customer,
    /// Their attorney's.
    Attorney,
    /// Somebody else's: a relative, a neighbour, an employer.
    Other,
}

/// Where a message is to go: an email address, or a telephone number as it was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address. Spellings are compared by [`crate::suppression::key`].
    pub text: String,
    /// Whose it is.
    pub holder: Holder,
}

/// Who is to be contacted, and on whose behalf.
#[derive(Clone, Debug)]
pub struct Party {
    /// What the creditor is and has chosen.
    pub settings: Settings,
    /// Consumer or business.
    pub kind: CustomerKind,
    /// Which law applies.
    pub country: Country,
    /// State or province, as the creditor writes it.
    pub region: Option<String>,
    /// Where the customer's civil day passes.
    pub zone: Zone,
    /// Every telephone number that is known of the customer: they tell where it may be.
    pub phones: Vec<String>,
    /// The days of rest where the customer is.
    pub rest: RestDays,
    /// The address in question. Without one the answer is about the customer as such: rules that are about an address
    /// are not asked.
    pub to: Option<Address>,
    /// Whether a person calls, not a machine. It makes a difference to [`Channel::Voice`] only.
    pub by_person: bool,
    /// Whether the message itself carries the validation notice.
    pub with_validation_notice: bool,
}

/// Whose the address of a contact is. Whoever works at a business stands for it; a consumer stands for itself alone, and
/// our own side's people are nobody's debtors.
///
/// Source: 15 U.S.C. 1692c(b) and (d).
pub fn holder(kind: CustomerKind, role: ContactRole) -> Holder {
    match (kind, role) {
        (_, ContactRole::Sales) | (CustomerKind::Consumer, ContactRole::Escalation) => Holder::Other,
        (_, ContactRole::Billing) | (CustomerKind::Business, ContactRole::Escalation) => Holder::Customer,
    }
}

/// Whether a call that ended so was a conversation with the customer. Word that was left, with a machine or with somebody
/// else, is none.
///
/// Source: 12 CFR 1006.14(b)(2)(i)(B) ("a telephone conversation with the person"); 1006.2(j) for voicemail.
pub fn is_conversation(outcome: Outcome) -> bool {
    match outcome {
        Outcome::Promised | Outcome::Disputed | Outcome::Done => true,
        Outcome::WrongNumber | Outcome::NoAnswer | Outcome::LeftMessage => false,
    }
}

/// What was recorded of contacts with a customer, and of what it said about them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Calls that were placed, by people and by the machine, of the last weeks.
    pub calls: Vec<Call>,
    /// Messages that left, of the last weeks, not counting the one in question.
    pub messages: Vec<Sent>,
    /// What the customer agreed to and took back.
    pub consents: Vec<Consent>,
    /// When the customer demanded that contact cease.
    pub cease: Option<DateTime<Utc>>,
    /// Who represents the customer.
    pub attorney: Option<Attorney>,
    /// Times and places that do not suit.
    pub inconvenient: Vec<Inconvenient>,
    /// When the validation notice was given.
    pub validation_notice: Option<DateTime<Utc>>,
}

/// A call that was placed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    /// When.
    pub at: DateTime<Utc>,
    /// Whether somebody spoke with the customer, be it about nothing but a better time.
    pub conversation: bool,
}

/// A message that left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sent {
    /// When.
    pub at: DateTime<Utc>,
    /// How.
    pub channel: Channel,
    /// About what.
    pub purpose: Purpose,
}

/// Who represents a customer: while there is one, nobody else is contacted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attorney {
    /// The name of the person or firm.
    pub name: String,
    /// For email.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// For calls.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// For letters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postal: Option<PostalAddress>,
}

//! What a message that is no step of a policy tells: an order that was taken, money that arrived, how a dispute ended.
//!
//! It is on record as it was when the message was queued; what may have changed since is looked up when it leaves.
//!
//! Source: Dunlin's own rule.

use crate::channel::Channel;
use crate::money::Money;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

mod rules;
mod standing;
pub mod statement;

pub use rules::Rules;
pub use standing::Standing;

/// What a notice is about, with the facts it tells.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum About {
    /// An order was taken (`order_confirmation`).
    Order {
        /// The creditor's number.
        number: String,
        /// What it comes to, where it is known.
        amount: Option<Money>,
        /// The day it was placed.
        ordered_on: NaiveDate,
    },
    /// Money arrived (`payment_received`).
    Payment {
        /// How much.
        amount: Money,
        /// When.
        received_on: NaiveDate,
        /// What it was set against: number and amount.
        applied: Vec<Part>,
        /// What of it is kept on account.
        unapplied: Money,
    },
    /// The account over a while (`statement`).
    Statement {
        /// First day.
        from: NaiveDate,
        /// Last day.
        to: NaiveDate,
        /// What was owed before.
        opening: Money,
        /// What is owed after.
        closing: Money,
        /// What happened in between, in its order.
        entries: Vec<Entry>,
    },
    /// A dispute was received (`dispute_received`) or decided (`dispute_decided`).
    Dispute {
        /// Number of the invoice.
        number: String,
        /// How much of it is disputed.
        amount: Money,
        /// The customer's reason, a code of the table of reasons.
        reason: String,
        /// How much of it was granted, once it is decided.
        granted: Option<Money>,
        /// What was said to the customer about it.
        note: Option<String>,
    },
    /// Instalments that were agreed on (`plan`).
    Plan {
        /// The whole sum.
        total: Money,
        /// Each part and its day.
        instalments: Vec<Due>,
    },
    /// Deliveries and services have stopped (`suspended`) or go on (`reinstated`).
    Suspension {
        /// Since when, or from when on.
        on: NaiveDate,
    },
    /// A document is missing (`document_request`).
    Document {
        /// Which, in the customer's words or ours.
        what: String,
        /// Until when it is needed.
        until: Option<NaiveDate>,
    },
    /// What was said to a customer, for our own side (`internal_notice`).
    Internal {
        /// Who on our side is told: `sales`, `manager`, ...
        to: String,
        /// The step of the policy that it went with.
        step: String,
        /// Over which channel the customer was written to.
        channel: Channel,
        /// At which address.
        recipient: String,
        /// Under which subject.
        subject: String,
        /// Numbers and amounts of the invoices that it was about.
        invoices: Vec<Part>,
        /// Why the step was taken.
        why: String,
    },
    /// Words that somebody of ours tries, as they were written then.
    Test {
        /// The address of ours that they go to.
        to: String,
        /// The subject.
        subject: String,
        /// The text.
        text: String,
        /// The HTML; empty where it is a text message or a call that is tried.
        html: String,
    },
    /// A promise whose day comes (`promise_reminder`).
    Promise {
        /// How much was promised.
        amount: Money,
        /// For which day.
        promised_on: NaiveDate,
    },
}

/// A part of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Number of the invoice.
    pub number: String,
    /// How much was set against it.
    pub amount: Money,
}

/// A line of a statement of account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The day.
    pub on: NaiveDate,
    /// What it was: the kind of a posting.
    pub what: String,
    /// Number of the document.
    pub number: Option<String>,
    /// What it changed: positive where more is owed.
    pub amount: Money,
}

/// A sum and its day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Due {
    /// How much.
    pub amount: Money,
    /// When.
    pub due_on: NaiveDate,
}

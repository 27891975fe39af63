//! Events and documents of billing and accounting systems, each read into what it says ([`receivables::billing`]).
//!
//! Shape: a module a source. Where an event holds the object it is about, its reader makes a [`Said`] of it; where it
//! only names it (Xero, QuickBooks), there is a reader for the notification, which says what is to be fetched, and
//! one for the document that is.
//!
//! Bounds: what comes is a JSON value, bounded by whoever read it; texts are bounded by `receivables::limits`. Refused:
//! what lacks what an invoice needs, with every problem and its place. Members that are not read are no problem: the
//! systems add their own.
//!
//! Source: named in each module; what Dunlin takes of a document is its own rule.

pub mod quickbooks;
pub mod stripe;
pub mod xero;

mod document;

use receivables::billing::Said;
use receivables::fields::FieldError;

/// What an event comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Its object is in it.
    Said(Box<Said>),
    /// Its object is to be fetched.
    Fetch(Wanted),
    /// Nothing is to be done, and why.
    Nothing(String),
}

/// An object that is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The organisation at the source: Xero's tenant, QuickBooks' realm.
    pub account: String,
    /// What it is.
    pub kind: Kind,
    /// What the source calls it.
    pub id: String,
    /// The event says that it is gone: it cannot be fetched. With when that was.
    pub gone_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// What can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A customer: Xero's contact.
    Customer,
    /// An invoice.
    Invoice,
    /// A payment.
    Payment,
    /// A credit note: QuickBooks' credit memo.
    CreditNote,
}

/// What is wrong with a document, at once.
pub type Problems = Vec<FieldError>;

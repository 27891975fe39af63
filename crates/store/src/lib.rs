//! The only place with SQL and key-value access.
//!
//! A module a noun, each with its statements at the top. Statements work on sets: a batch goes in as one JSON
//! parameter (`json_each`) and a list comes out as one row, since calls across the Wasm boundary are what costs.
//! Everything that changes the ledger takes a [`Tx`]; whatever changes a case replans it in the same one.
//!
//! **Architecture invariant:** nothing here reads the clock or calls out; a [`Moment`] is handed in.

pub mod accounts;
pub mod activities;
pub mod agreements;
pub mod approvals;
pub mod attempts;
pub mod bank;
pub mod billing;
pub mod chargebacks;
pub mod charges;
pub mod checkouts;
mod consequences;
pub mod contacts;
pub mod credit_notes;
pub mod customers;
mod db;
pub mod delivery;
pub mod disputes;
pub mod document_requests;
pub mod documents;
pub mod drafts;
pub mod drift;
pub mod dues;
pub mod dunning;
pub mod endpoints;
mod error;
pub mod events;
pub mod hand_overs;
pub mod holds;
pub mod idempotency;
pub mod inbound;
pub mod instalment_plans;
mod instants;
pub mod invoices;
pub mod journal;
pub mod keys;
pub mod law;
pub mod letters;
pub mod links;
mod listing;
pub mod mailbox;
pub mod mappings;
mod migrations;
mod moment;
pub mod notices;
mod numbering;
pub mod orders;
mod overdue;
mod owed;
pub mod payments;
pub mod personal;
pub mod policies;
pub mod postings;
pub mod progress;
pub mod promises;
#[cfg(feature = "native")]
pub mod proof;
pub mod rates;
pub mod refunds;
pub mod rejects;
pub mod risk;
pub mod suppressions;
pub mod suspensions;
pub mod tasks;
pub mod telephone;
pub mod templates;
pub mod tokens;
pub mod told;
pub mod trail;
pub mod unsubscribes;
pub mod views;
pub mod voice;
pub mod write_offs;

#[cfg(feature = "native")]
pub use db::{Database, use_database, use_database_here};
pub use db::{Db, Transient, Tx};
pub use error::{Result, StoreError};
pub use instants::rfc3339;
pub use migrations::SCHEMA_VERSION;
#[cfg(feature = "native")]
pub use migrations::schema_of;
pub use moment::{Mint, Moment, random};
pub use trail::Act;

#[cfg(test)]
mod plans;

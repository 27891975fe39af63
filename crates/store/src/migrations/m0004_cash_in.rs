//! Cash in: every way in which invoices and money arrive, and what is told to the systems outside.
//!
//! A file a topic; they are applied in this order.

mod bank;
mod billing;
mod documents;
mod ledger;
mod providers;
mod relay;

pub(super) const STATEMENTS: &[&[&str]] = &[
    ledger::STATEMENTS,
    documents::STATEMENTS,
    billing::STATEMENTS,
    relay::STATEMENTS,
    providers::STATEMENTS,
    bank::STATEMENTS,
];

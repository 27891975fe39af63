//! The rules of accounts receivable: what an invoice, a payment, a policy and a reminder are, and what is
//! to happen next.
//!
//! Pure. Nothing here does I/O, reads a clock (`now` is always an argument), touches a float or panics: lints and a
//! test of the sources hold it to that. What a function decides by is named after `Source:` in its docs or at the head
//! of its module.
//!
//! Input is parsed at the edge into types that cannot hold a wrong value, with every problem named at once
//! ([`fields`], [`intake`], [`policy`]); from there on it is trusted.
//!
//! | to find out | look in |
//! |---|---|
//! | what an amount is, a share of one, a sum in several currencies | [`money`], [`currency`], [`percent`], [`amounts`] |
//! | what may come in | [`intake`], [`billing`], [`limits`] |
//! | when an invoice is due, and what may be deducted before | [`terms`], [`discount`] |
//! | who is to be contacted, when and why | [`dunning`] (on [`policy`] and [`calendar`], [`zone`]) |
//! | on which days nobody is contacted | [`calendar::holidays`] |
//! | where money goes, and where it is taken from when it goes back | [`allocation`] |
//! | what the money on a bank line is for, and what payers are asked to quote | [`matching`], [`reference`], [`payment_code`] |
//! | what bank statements and payouts mean to a ledger | [`bank`] |
//! | what being late costs: fees, interest, what the law grants | [`charges`] |
//! | what a payment link asks for, and where its visitor is sent | [`paylink`] |
//! | what payment providers tell, and how they write amounts | [`told`], [`stripe`], [`units`] |
//! | what is agreed with a customer, and whether it is kept | [`dispute`], [`promise`], [`plan`] (on [`received`]) |
//! | how an account stands | [`aging`], [`risk`] |
//! | what a person decides, is to do and found out | [`approval`], [`task`], [`hold`] |
//! | who is served, on what credit, and who collects | [`suspension`], [`credit`], [`hand_over`] |
//! | what other systems are told, how often, and at which addresses | [`event`], [`endpoint`] |
//! | what the general ledger is handed, and where another system says otherwise | [`posting`], [`journal`], [`drift`] |
//! | which numbers are dialled, and what a text from one asks for | [`telephone`], [`opt_out`] |
//! | whether somebody may be contacted at all, by law | [`law`] |
//! | what is said, how it fares, and to whom it may go | [`template`], [`notice`], [`message`], [`backoff`], [`suppression`], [`recipient`] |
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::cast_possible_truncation,
        clippy::string_slice,
        reason = "tests compute expected values in plain arithmetic; an overflow there fails the test"
    )
)]

pub mod aging;
pub mod allocation;
pub mod amounts;
pub mod approval;
pub mod attachment;
pub mod backoff;
pub mod bank;
pub mod billing;
pub mod calendar;
pub mod channel;
pub mod charges;
pub mod country;
pub mod credit;
pub mod currency;
pub mod discount;
pub mod dispute;
pub mod document_request;
pub mod drift;
pub mod dunning;
pub mod endpoint;
pub mod event;
pub mod fields;
pub mod hand_over;
pub mod hold;
#[cfg(test)]
mod house;
pub mod id;
pub mod intake;
pub mod journal;
pub mod law;
pub mod limits;
pub mod matching;
pub mod message;
pub mod money;
mod names;
pub mod notice;
pub mod opt_out;
#[cfg(test)]
mod oracles;
pub mod paylink;
pub mod payment_code;
pub mod percent;
pub mod plan;
pub mod policy;
pub mod posting;
pub mod promise;
#[cfg(test)]
mod read_back;
pub mod receivable;
pub mod received;
pub mod recipient;
pub mod reference;
pub mod risk;
pub mod stripe;
pub mod suppression;
pub mod suspension;
pub mod task;
pub mod telephone;
pub mod template;
pub mod terms;
pub mod told;
pub mod units;
pub mod zone;

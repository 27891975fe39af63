//! What others write: readers of the documents that reach a creditor, each into the types of the rules.
//!
//! Pure, as the rules are: bytes in, values out, no I/O, no clock, no panic. What comes is from strangers, so each
//! reader says what bounds it and what it refuses, and names every problem with its place rather than the first.
//!
//! | to read | look in |
//! |---|---|
//! | tables as text: CSV | [`csv`] |
//! | remittance advices: UBL, e-mail text, CSV | [`remittance`] |
//! | bank statements: camt.053 and camt.054, MT940, BAI2, CSV | [`statement`] |
//! | an electronic invoice or credit note, whatever its syntax | [`document`] |
//! | UBL 2.1 | [`ubl`] |
//! | UN/CEFACT CII | [`cii`] |
//! | events of Stripe, Xero and QuickBooks, and documents of the latter two | [`billing`] |
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

pub mod billing;
pub mod cii;
pub mod csv;
pub mod document;
mod reader;
pub mod remittance;
pub mod statement;
pub mod ubl;
mod xml;

//! What a person reads, tried from outside: messages and pages with everything a context can hold.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod codes;
mod console;
mod contrast;
mod customer;
mod every_page;
mod html;
mod messages;
#[allow(
    dead_code,
    reason = "shared with the tests of the whole app, which ask more of it"
)]
#[path = "../../../../tests/harness/partner.rs"]
mod partner;
mod samples;
mod words;

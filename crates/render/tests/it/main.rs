//! What a person reads, tried from outside: messages and pages with everything a context can hold.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a helper of a test fails the test"
)]

mod console;
mod contrast;
mod customer;
mod every_page;
mod html;
mod messages;
mod samples;

//! What is printed, read by software that others wrote.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::arithmetic_side_effects,
    reason = "tests compute expected values in plain arithmetic and fail by panicking"
)]

mod hostile;
mod messages;
mod pages;
mod readers;
mod samples;
mod words;

//! Nobody let in: what was done is sealed, and who guesses is made to wait.
//!
//! A file a topic; they are applied in this order.

mod attempts;
mod audit;
mod messages;

pub(super) const STATEMENTS: &[&[&str]] = &[audit::STATEMENTS, attempts::STATEMENTS, messages::STATEMENTS];

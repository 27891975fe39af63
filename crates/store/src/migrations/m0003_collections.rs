//! Collections: policies as data, what stops and what escalates, what is charged.
//!
//! A file a topic; they are applied in this order.

mod case;

pub(super) const STATEMENTS: &[&[&str]] = &[case::STATEMENTS];

//! Collections: policies as data, what stops and what escalates, what is charged.
//!
//! A file a topic; they are applied in this order.

mod case;
mod money;

pub(super) const STATEMENTS: &[&[&str]] = &[case::STATEMENTS, money::STATEMENTS];
mod desk;

pub(super) const STATEMENTS: &[&[&str]] = &[case::STATEMENTS, desk::STATEMENTS];

//! Collections: policies as data, what stops and what escalates, what is charged.
//!
//! A file a topic; they are applied in this order.

mod agreements;
mod case;
mod charges;
mod desk;
mod money;

pub(super) const STATEMENTS: &[&[&str]] = &[
    case::STATEMENTS,
    money::STATEMENTS,
    charges::STATEMENTS,
    agreements::STATEMENTS,
    desk::STATEMENTS,
];

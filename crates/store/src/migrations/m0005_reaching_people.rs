//! Reaching people: every channel, the right person, the words, the law; and credit notes that are taken back.
//!
//! A file a topic; they are applied in this order.

mod contacts;
mod credit_notes;
mod law;
mod messages;
mod phone;
mod templates;

pub(super) const STATEMENTS: &[&[&str]] = &[
    messages::STATEMENTS,
    contacts::STATEMENTS,
    templates::STATEMENTS,
    law::STATEMENTS,
    phone::STATEMENTS,
    credit_notes::STATEMENTS,
];

//! Reaching people: every channel, the right person, the words, the law; and credit notes that are taken back.
//!
//! A file a topic; they are applied in this order.

mod contacts;
mod credit_notes;
mod law;
mod messages;
mod notices;
mod phone;
mod templates;
mod unsubscribes;

pub(super) const STATEMENTS: &[&[&str]] = &[
    messages::STATEMENTS,
    notices::STATEMENTS,
    contacts::STATEMENTS,
    templates::STATEMENTS,
    law::STATEMENTS,
    phone::STATEMENTS,
    credit_notes::STATEMENTS,
    unsubscribes::STATEMENTS,
];

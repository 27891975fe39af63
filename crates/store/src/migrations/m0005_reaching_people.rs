//! Reaching people: every channel, the right person, the words, the law.
//!
//! A file a topic; they are applied in this order.

mod contacts;
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
    unsubscribes::STATEMENTS,
];

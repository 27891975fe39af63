//! Tables as text: CSV as people's programs write and open it.
//!
//! | to do | look in |
//! |---|---|
//! | cut a stream of bytes into records, a line each in NDJSON | [`records`] |
//! | cut a record into cells | [`cells`] |
//! | tell a decimal comma from a point, the day from the month | [`columns`] |
//! | know which column is which field | [`mapping`], [`layout`] |
//! | write a table that a spreadsheet may open | [`write`] |
//!
//! Source: RFC 4180 for the form; OWASP, "CSV Injection", for what a spreadsheet must not be handed.

pub mod cells;
pub mod columns;
pub mod layout;
pub mod mapping;
pub mod records;
pub(crate) mod table;
pub mod write;

//! Tables as text: CSV as people's programs write and open it.
//!
//! | to do | look in |
//! |---|---|
//! | write a table that a spreadsheet may open | [`write`] |
//!
//! Source: RFC 4180 for the form; OWASP, "CSV Injection", for what a spreadsheet must not be handed.

pub mod write;

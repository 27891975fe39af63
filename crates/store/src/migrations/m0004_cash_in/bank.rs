//! Bank statements, their lines and what these were matched to; remittance advices; what is known of payers.

pub(super) const STATEMENTS: &[&str] = &[];

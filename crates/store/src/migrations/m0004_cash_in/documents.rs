//! Invoices from anywhere: documents that come with them, mappings of columns, intake that is resumed.

pub(super) const STATEMENTS: &[&str] = &[];

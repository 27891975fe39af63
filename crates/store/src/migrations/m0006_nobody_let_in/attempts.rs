//! Who tried to get in, and how often.

pub(super) const STATEMENTS: &[&str] = &[];

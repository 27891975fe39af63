//! The trail of what was done, sealed link by link.

pub(super) const STATEMENTS: &[&str] = &[];

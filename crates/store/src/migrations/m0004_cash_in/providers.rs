//! Payment providers: what they hold, pay out and keep.

pub(super) const STATEMENTS: &[&str] = &[];

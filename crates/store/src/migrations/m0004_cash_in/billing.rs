//! Events of billing systems that are dealt with after they were acknowledged.

pub(super) const STATEMENTS: &[&str] = &[];

//! What the systems outside are told: endpoints, deliveries, accounts of the journal, what those systems say.

pub(super) const STATEMENTS: &[&str] = &[];

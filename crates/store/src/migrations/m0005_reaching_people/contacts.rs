pub(super) const STATEMENTS: &[&str] = &[];

//! Credit notes that are void.

pub(super) const STATEMENTS: &[&str] = &[
    // All of a credit that is void counts as used: by its own voiding.
    "ALTER TABLE credit_notes ADD COLUMN voided_on TEXT
        CHECK (voided_on IS NULL OR (voided_on IS date(voided_on) AND unapplied_minor = 0))",
];

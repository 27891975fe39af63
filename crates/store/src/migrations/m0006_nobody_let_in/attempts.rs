//! Who tried to get in, and how often.

pub(super) const STATEMENTS: &[&str] = &[
    // A slot is what an address, or the beginning of a token, hashes to: there are as many rows as slots at most, nothing
    // has to be cleared away, and nobody's address is kept.
    "CREATE TABLE attempts (
        kind TEXT NOT NULL CHECK (kind IN ('address', 'prefix')),
        slot INTEGER NOT NULL,
        since INTEGER NOT NULL,
        count INTEGER NOT NULL CHECK (count > 0),
        PRIMARY KEY (kind, slot)
    ) STRICT, WITHOUT ROWID",
];

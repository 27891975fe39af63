//! Messages over more than one channel, and messages that are no step of a policy.

pub(super) const STATEMENTS: &[&str] = &[
    // What it is about; the channels it may go over, the first first (`channel` is the one it takes now); the facts that
    // it tells where it is no step of a policy.
    "ALTER TABLE messages ADD COLUMN purpose TEXT NOT NULL DEFAULT 'collection'",
    "ALTER TABLE messages ADD COLUMN channels TEXT NOT NULL DEFAULT '[\"email\"]' CHECK (json_valid(channels))",
    "ALTER TABLE messages ADD COLUMN about TEXT CHECK (about IS NULL OR json_valid(about))",
    "UPDATE messages SET purpose = 'reminder' WHERE template = 'pre_due'",
    "UPDATE messages SET purpose = 'agreement' WHERE template LIKE 'promise%'",
];

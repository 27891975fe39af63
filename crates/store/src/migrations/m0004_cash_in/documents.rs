//! Invoices from anywhere: documents that come with them, mappings of columns, intake that is resumed.

pub(super) const STATEMENTS: &[&str] = &[
    // The bytes come last: what lists documents does not read past them.
    "CREATE TABLE documents (
        id TEXT PRIMARY KEY,
        owner_kind TEXT NOT NULL CHECK (owner_kind IN ('invoice', 'credit_note')),
        owner_id TEXT NOT NULL,
        name TEXT NOT NULL,
        media_type TEXT NOT NULL,
        size INTEGER NOT NULL CHECK (size > 0),
        sha256 TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        content BLOB NOT NULL,
        UNIQUE (owner_id, sha256)
    ) STRICT",
    "CREATE TABLE intake_mappings (
        source TEXT PRIMARY KEY,
        mapping TEXT NOT NULL CHECK (json_valid(mapping)),
        updated_at INTEGER NOT NULL
    ) STRICT",
    // How a file was read: many of its rows may be kept, and each refers to it.
    "CREATE TABLE intake_layouts (
        hash TEXT PRIMARY KEY,
        layout TEXT NOT NULL CHECK (json_valid(layout))
    ) STRICT, WITHOUT ROWID",
    "ALTER TABLE intake_rejects ADD COLUMN kind TEXT NOT NULL DEFAULT 'invoice'
        CHECK (kind IN ('invoice', 'customer'))",
    "ALTER TABLE intake_rejects ADD COLUMN source TEXT",
    "ALTER TABLE intake_rejects ADD COLUMN layout TEXT REFERENCES intake_layouts (hash)",
    "CREATE INDEX rejects_by_source ON intake_rejects (source, id) WHERE source IS NOT NULL",
    // How far an intake came that is committed in batches; gone with its end.
    "CREATE TABLE intake_progress (
        principal TEXT NOT NULL,
        key TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        digest TEXT NOT NULL,
        state TEXT NOT NULL CHECK (json_valid(state)),
        updated_at INTEGER NOT NULL,
        PRIMARY KEY (principal, key)
    ) STRICT, WITHOUT ROWID",
];

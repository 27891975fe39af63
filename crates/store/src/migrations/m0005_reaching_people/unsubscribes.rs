//! Where a message's reader says that there are to be no more.

pub(super) const STATEMENTS: &[&str] = &[
    // The address is the one that this message went to: a contact may have another by now.
    "CREATE TABLE unsubscribes (
        token_hash TEXT PRIMARY KEY,
        message_id TEXT NOT NULL REFERENCES messages (id),
        customer_id TEXT NOT NULL REFERENCES customers (id),
        channel TEXT NOT NULL,
        address TEXT NOT NULL,
        used_at INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX unsubscribes_by_message ON unsubscribes (message_id)",
    "CREATE INDEX unsubscribes_by_customer ON unsubscribes (customer_id)",
];

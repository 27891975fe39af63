//! Telephones and paper: who wants no more texts or calls, calls that a machine makes, letters that wait to be printed.

pub(super) const STATEMENTS: &[&str] = &[
    // A number may be closed to texts and open to calls; '': closed to whatever goes there, as an email address is. A key
    // cannot be widened, so the tables are made anew.
    "DROP VIEW suppressed",
    "CREATE TABLE suppressions_by_channel (
        address TEXT NOT NULL,
        channel TEXT NOT NULL DEFAULT '' CHECK (channel IN ('', 'email', 'sms', 'voice', 'letter', 'webhook')),
        reason TEXT NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'inactive', 'wrong_address')),
        source TEXT NOT NULL,
        detail TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (address, channel)
    ) STRICT, WITHOUT ROWID",
    "INSERT INTO suppressions_by_channel SELECT address, '', reason, source, detail, created_at FROM suppressions",
    "DROP TABLE suppressions",
    "ALTER TABLE suppressions_by_channel RENAME TO suppressions",
    "CREATE TABLE suppression_lifts_by_channel (
        address TEXT NOT NULL,
        channel TEXT NOT NULL DEFAULT '',
        lifted_at INTEGER NOT NULL,
        PRIMARY KEY (address, channel)
    ) STRICT, WITHOUT ROWID",
    "INSERT INTO suppression_lifts_by_channel SELECT address, '', lifted_at FROM suppression_lifts",
    "DROP TABLE suppression_lifts",
    "ALTER TABLE suppression_lifts_by_channel RENAME TO suppression_lifts",
    "CREATE VIEW suppressed AS SELECT s.* FROM suppressions s
        LEFT JOIN suppression_lifts l ON l.address = s.address AND l.channel = s.channel
        WHERE l.lifted_at IS NULL OR l.lifted_at < s.created_at",
    // Who has a telephone number, however it is written (`store::telephone`).
    concat!(
        "CREATE INDEX contacts_by_phone ON contacts (",
        crate::telephone::phone_key!("phone"),
        ") WHERE phone IS NOT NULL"
    ),
    // A call that a machine makes: what it says, and what became of it. Its page is found by what is kept of its token.
    "CREATE TABLE voice_calls (
        message_id TEXT PRIMARY KEY REFERENCES messages (id),
        customer_id TEXT NOT NULL REFERENCES customers (id),
        token_hash TEXT NOT NULL UNIQUE,
        phone TEXT NOT NULL,
        currency TEXT NOT NULL,
        locale TEXT NOT NULL,
        words TEXT NOT NULL,
        invoices TEXT NOT NULL CHECK (json_valid(invoices)),
        placed_at INTEGER NOT NULL,
        answered_at INTEGER,
        keys TEXT NOT NULL DEFAULT '',
        misses INTEGER NOT NULL DEFAULT 0,
        promise_id TEXT REFERENCES promises (id)
    ) STRICT",
    "CREATE INDEX voice_calls_by_promise ON voice_calls (promise_id)",
    "CREATE INDEX voice_calls_by_customer ON voice_calls (customer_id, placed_at)",
    // Letters that people print and post themselves.
    "CREATE TABLE letters (
        message_id TEXT PRIMARY KEY REFERENCES messages (id),
        customer_id TEXT NOT NULL REFERENCES customers (id),
        addressee TEXT NOT NULL,
        subject TEXT NOT NULL,
        content BLOB NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('to_print', 'posted')),
        created_at INTEGER NOT NULL,
        posted_at INTEGER,
        posted_by TEXT,
        CHECK ((status = 'posted') = (posted_at IS NOT NULL))
    ) STRICT",
    "CREATE INDEX letters_to_print ON letters (message_id) WHERE status = 'to_print'",
    "CREATE INDEX letters_by_customer ON letters (customer_id, message_id)",
];

//! What the systems outside are told: endpoints, deliveries, accounts of the journal, what those systems say.

pub(super) const STATEMENTS: &[&str] = &[
    // --- events, in the order in which they were committed -----------------------------------------------------
    // An id holds the time of the request that made it, so that of two requests at once the later id may be committed
    // first: who reads on from an id would miss the other. `seq` counts in the order of commits.
    "CREATE TABLE events_in_order (
        seq INTEGER PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        at INTEGER NOT NULL,
        type TEXT NOT NULL,
        customer_id TEXT REFERENCES customers (id),
        data TEXT NOT NULL CHECK (json_valid(data))
    ) STRICT",
    "INSERT INTO events_in_order (id, at, type, customer_id, data)
        SELECT id, at, type, customer_id, data FROM events ORDER BY id",
    "DROP TABLE events",
    "ALTER TABLE events_in_order RENAME TO events",
    "CREATE INDEX events_by_customer ON events (customer_id, seq)",
    "CREATE TRIGGER events_are_append_only_update BEFORE UPDATE ON events
     BEGIN SELECT raise(ABORT, 'refused: events are append-only'); END",
    "CREATE TRIGGER events_are_append_only_delete BEFORE DELETE ON events
     BEGIN SELECT raise(ABORT, 'refused: events are append-only'); END",
    // Invoices whose balance came to nothing or to something again in the transaction that is open: told of, and
    // emptied, before it ends. An invoice that was never settled and owes something is a new one.
    "CREATE TABLE invoice_turns (
        invoice_id TEXT PRIMARY KEY REFERENCES invoices (id),
        was_settled INTEGER NOT NULL CHECK (was_settled IN (0, 1))
    ) STRICT, WITHOUT ROWID",
    "CREATE TRIGGER invoices_turn AFTER UPDATE OF balance_minor ON invoices
     WHEN NEW.kind = 'invoice' AND (NEW.balance_minor = 0) <> (OLD.balance_minor = 0)
        AND (NEW.balance_minor = 0 OR OLD.settled_on IS NOT NULL) BEGIN
        INSERT INTO invoice_turns (invoice_id, was_settled) VALUES (NEW.id, OLD.balance_minor = 0)
        ON CONFLICT (invoice_id) DO NOTHING;
     END",
    // Once in its life, so that whoever is told need not remember.
    "ALTER TABLE invoices ADD COLUMN overdue_told_at INTEGER",
    "CREATE INDEX invoices_overdue_untold ON invoices (due_on, id)
        WHERE balance_minor > 0 AND overdue_told_at IS NULL AND kind = 'invoice'",
    // Which time zones there are, without looking at every customer.
    "CREATE INDEX customers_by_zone ON customers (time_zone)",
    // --- whom they are told ------------------------------------------------------------------------------------
    // `cursor`: the last event that was looked at for it. `secret_version`: what its secret is derived from.
    "CREATE TABLE webhook_endpoints (
        id TEXT PRIMARY KEY,
        url TEXT NOT NULL,
        description TEXT,
        types TEXT NOT NULL CHECK (json_valid(types)),
        status TEXT NOT NULL CHECK (status IN ('enabled', 'disabled', 'deleted')),
        why TEXT CHECK (why IN ('gone', 'failing')),
        cursor INTEGER NOT NULL,
        secret_version INTEGER NOT NULL DEFAULT 1 CHECK (secret_version > 0),
        rotated_at INTEGER,
        failing_since INTEGER,
        resting_until INTEGER NOT NULL DEFAULT 0,
        disabled_at INTEGER,
        created_at INTEGER NOT NULL,
        CHECK ((status = 'disabled') = (why IS NOT NULL)),
        CHECK ((status = 'disabled') = (disabled_at IS NOT NULL))
    ) STRICT",
    "CREATE INDEX webhook_endpoints_by_status ON webhook_endpoints (status, id)",
    // What is under way or was: an event gets its row when its turn at the endpoint is near, not when it happens.
    // Events are never deleted, so `seq` needs no foreign key, which would be looked up whenever one is recorded.
    // `due_at`: when somebody is to send it; for one that is being sent, when its sender is taken for dead.
    "CREATE TABLE webhook_deliveries (
        endpoint_id TEXT NOT NULL REFERENCES webhook_endpoints (id),
        seq INTEGER NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('waiting', 'sending', 'delivered', 'failed')),
        due_at INTEGER,
        lease TEXT,
        first_at INTEGER,
        attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0),
        tries TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tries)),
        PRIMARY KEY (endpoint_id, seq),
        CHECK ((due_at IS NOT NULL) = (status IN ('waiting', 'sending'))),
        CHECK ((lease IS NOT NULL) = (status = 'sending'))
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX webhook_deliveries_due ON webhook_deliveries (endpoint_id, due_at, seq) WHERE due_at IS NOT NULL",
    "CREATE INDEX webhook_deliveries_by_status ON webhook_deliveries (endpoint_id, status, seq)",
    "CREATE INDEX webhook_deliveries_fresh ON webhook_deliveries (endpoint_id)
        WHERE status = 'waiting' AND attempts = 0",
    // --- the general ledger's view -----------------------------------------------------------------------------
    "CREATE INDEX postings_by_value ON postings (value_on, id)",
    // What moves within a payment or a credit note adds up to nothing.
    "CREATE INDEX postings_of_money ON postings (source_id, posted_at)
        WHERE kind IN ('payment', 'credit_note')",
    "CREATE TABLE journal_accounts (
        role TEXT NOT NULL,
        method TEXT NOT NULL DEFAULT '',
        account TEXT NOT NULL,
        PRIMARY KEY (role, method)
    ) STRICT, WITHOUT ROWID",
];

//! What the law of contacts asks about: the creditor's role, what customers said of contacts, which calls were placed;
//! and requests to erase a person's data.

pub(super) const STATEMENTS: &[&str] = &[
    // One row: what the creditor is and has chosen. None: the defaults.
    "CREATE TABLE contact_settings (
        id INTEGER PRIMARY KEY CHECK (id = 1),
        settings TEXT NOT NULL CHECK (json_valid(settings)),
        set_by TEXT NOT NULL,
        set_at INTEGER NOT NULL
    ) STRICT",
    // Each word that a customer said on it; the latest that covers a contact decides.
    "CREATE TABLE consents (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        channel TEXT,
        address TEXT,
        purpose TEXT,
        given INTEGER NOT NULL CHECK (given IN (0, 1)),
        said_at INTEGER NOT NULL,
        how TEXT NOT NULL,
        evidence TEXT,
        recorded_by TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT",
    "CREATE INDEX consents_by_customer ON consents (customer_id, id)",
    // What else stands between us and a customer.
    "CREATE TABLE contact_limits (
        customer_id TEXT PRIMARY KEY REFERENCES customers (id),
        cease_at INTEGER,
        cease TEXT CHECK (cease IS NULL OR json_valid(cease)),
        attorney TEXT CHECK (attorney IS NULL OR json_valid(attorney)),
        inconvenient TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(inconvenient)),
        validation_at INTEGER,
        validation TEXT CHECK (validation IS NULL OR json_valid(validation))
    ) STRICT, WITHOUT ROWID",
    // Calls that were placed, by people and by the machine: a limit counts them.
    "CREATE TABLE calls (
        id INTEGER PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        at INTEGER NOT NULL,
        conversation INTEGER NOT NULL CHECK (conversation IN (0, 1)),
        outcome TEXT,
        made_by TEXT NOT NULL,
        message_id TEXT REFERENCES messages (id)
    ) STRICT",
    "CREATE INDEX calls_by_customer ON calls (customer_id, at)",
    "CREATE INDEX calls_by_message ON calls (message_id) WHERE message_id IS NOT NULL",
    // Whoever claims a message for a call is about to place it, whatever becomes of it then. Its instant is the end of
    // the claim's lease, two minutes late: what counts is the day. An attempt that is given back was none.
    "CREATE TRIGGER messages_count_calls AFTER UPDATE OF attempts ON messages
     WHEN NEW.channel = 'voice' AND NEW.attempts > OLD.attempts BEGIN
        INSERT INTO calls (customer_id, at, conversation, made_by, message_id)
        VALUES (NEW.customer_id, NEW.attempt_at, 0, 'dunlin', NEW.id);
     END",
    "CREATE TRIGGER messages_take_calls_back AFTER UPDATE OF attempts ON messages
     WHEN OLD.channel = 'voice' AND NEW.attempts < OLD.attempts BEGIN
        DELETE FROM calls WHERE id = (SELECT max(c.id) FROM calls c WHERE c.message_id = NEW.id);
     END",
    // Calls that people reported before there was a table of them.
    "INSERT INTO calls (customer_id, at, conversation, outcome, made_by)
     SELECT customer_id, at, title NOT IN ('Call: no answer', 'Call: left message', 'Call: wrong number'), NULL, 'desk'
     FROM activities WHERE kind = 'call_made'",
    // A person's request that its data be erased, until and after it is.
    "CREATE TABLE erasures (
        customer_id TEXT PRIMARY KEY REFERENCES customers (id),
        reason TEXT NOT NULL,
        asked_by TEXT NOT NULL,
        asked_at INTEGER NOT NULL,
        waits_for TEXT,
        not_before INTEGER,
        done_at INTEGER
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX external_objects_by_entity ON external_objects (entity_id) WHERE entity_id IS NOT NULL",
    "CREATE INDEX erasures_pending ON erasures (asked_at, customer_id) WHERE done_at IS NULL",
    // Events stay append-only, but for the words of a person whose data is erased.
    "DROP TRIGGER events_are_append_only_update",
    "CREATE TRIGGER events_are_append_only_update BEFORE UPDATE ON events
     WHEN NEW.seq <> OLD.seq OR NEW.id <> OLD.id OR NEW.at <> OLD.at OR NEW.type <> OLD.type
        OR NEW.customer_id IS NOT OLD.customer_id
        OR NOT EXISTS (SELECT 1 FROM erasures e WHERE e.customer_id = OLD.customer_id AND e.done_at IS NOT NULL)
     BEGIN SELECT raise(ABORT, 'refused: events are append-only'); END",
];

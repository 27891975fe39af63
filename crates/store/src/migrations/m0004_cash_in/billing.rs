//! Events of billing systems that are dealt with after they were acknowledged.

pub(super) const STATEMENTS: &[&str] = &[
    // When an event that has not had its effect is tried next, and how often it was; NULL: by nobody but its sender.
    "ALTER TABLE inbound_events ADD COLUMN due_at INTEGER",
    "ALTER TABLE inbound_events ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0 CHECK (attempts >= 0)",
    "CREATE INDEX inbound_events_due ON inbound_events (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX inbound_events_for_people ON inbound_events (received_at)
        WHERE status = 'failed' AND due_at IS NULL",
    // The newest state of an object that a source has told of, what it is here, and, of a customer, what was last said
    // of it; a payment that is part of an invoice there names it as its parent.
    "CREATE TABLE external_objects (
        source TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('customer', 'invoice', 'payment', 'credit_note')),
        external_id TEXT NOT NULL,
        version TEXT NOT NULL,
        entity_id TEXT,
        parent TEXT,
        said TEXT CHECK (said IS NULL OR json_valid(said)),
        PRIMARY KEY (source, kind, external_id)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX external_objects_by_parent ON external_objects (source, parent) WHERE parent IS NOT NULL",
    // What a source lets us in with, sealed under the secret that it belongs to: see `web::secrets`.
    "CREATE TABLE source_tokens (
        source TEXT PRIMARY KEY,
        sealed TEXT NOT NULL,
        renewed_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    // An invoice whose due date its source has changed counts on its new day.
    "CREATE TRIGGER invoices_move_due_totals_to_their_day AFTER UPDATE OF due_on ON invoices
     WHEN NEW.parts = 0 AND NEW.due_on <> OLD.due_on AND NEW.balance_minor <> 0 BEGIN
        INSERT INTO due_totals (currency, due_on, balance_minor, invoices)
        VALUES (NEW.currency, OLD.due_on, -NEW.balance_minor, -1), (NEW.currency, NEW.due_on, NEW.balance_minor, 1)
        ON CONFLICT (currency, due_on) DO UPDATE SET
            balance_minor = balance_minor + excluded.balance_minor,
            invoices = invoices + excluded.invoices;
        DELETE FROM due_totals WHERE currency = NEW.currency AND due_on IN (OLD.due_on, NEW.due_on)
            AND balance_minor = 0;
     END",
];

//! Payment providers: what they are asked to pay back, and when they are asked what became of a session.

pub(super) const STATEMENTS: &[&str] = &[
    // Money that goes back through the provider that took it. Recorded before the provider is asked; the id is the
    // idempotency key. One that was made at the provider itself has no `ask_at` either way.
    "CREATE TABLE refunds (
        id TEXT PRIMARY KEY,
        payment_id TEXT NOT NULL REFERENCES payments (id),
        provider TEXT NOT NULL,
        provider_id TEXT,
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        total_minor INTEGER NOT NULL CHECK (total_minor >= amount_minor),
        reason TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('requested', 'done', 'failed')),
        why TEXT,
        created_at INTEGER NOT NULL,
        ask_at INTEGER,
        settled_at INTEGER,
        CHECK ((status = 'requested') = (settled_at IS NULL)),
        CHECK (ask_at IS NULL OR status = 'requested')
    ) STRICT",
    "CREATE UNIQUE INDEX refunds_by_provider_id ON refunds (provider, provider_id) WHERE provider_id IS NOT NULL",
    "CREATE INDEX refunds_by_payment ON refunds (payment_id)",
    "CREATE INDEX refunds_to_ask ON refunds (ask_at) WHERE ask_at IS NOT NULL",
    // When the provider is next asked what became of a session that no event has ended.
    "ALTER TABLE checkouts ADD COLUMN look_at INTEGER",
    "UPDATE checkouts SET look_at = created_at WHERE status IN ('open', 'pending') AND session IS NOT NULL",
    "CREATE INDEX checkouts_to_look ON checkouts (look_at) WHERE look_at IS NOT NULL",
    "CREATE TRIGGER checkouts_are_not_looked_at_for_ever AFTER UPDATE OF status ON checkouts
     WHEN NEW.status NOT IN ('open', 'pending') AND NEW.look_at IS NOT NULL
     BEGIN UPDATE checkouts SET look_at = NULL WHERE id = NEW.id; END",
];

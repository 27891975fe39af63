//! What real providers bring: sessions that end, money that is taken back, mail that bounces, events out of order.

pub(super) const STATEMENTS: &[&str] = &[
    // An event may come before the one that it builds on; it then waits for what that one is going to bring.
    "ALTER TABLE inbound_events ADD COLUMN waits_for TEXT",
    "CREATE INDEX inbound_events_waiting ON inbound_events (source, waits_for) WHERE waits_for IS NOT NULL",
    "CREATE INDEX inbound_events_by_time ON inbound_events (received_at, source, event_id)",
    "CREATE INDEX inbound_events_by_status ON inbound_events (status, received_at, source, event_id)",
    "CREATE INDEX inbound_events_by_source ON inbound_events (source, received_at, event_id)",
    // The provider's session: a visitor who comes back to a link is sent to the one that is still open.
    "ALTER TABLE checkouts ADD COLUMN status TEXT NOT NULL DEFAULT 'open'
        CHECK (status IN ('open', 'pending', 'paid', 'failed', 'expired'))",
    "ALTER TABLE checkouts ADD COLUMN session TEXT",
    "ALTER TABLE checkouts ADD COLUMN url TEXT",
    "ALTER TABLE checkouts ADD COLUMN expires_at INTEGER",
    // Those of before have no session on record that anybody could be sent back to.
    "UPDATE checkouts SET status = iif(payment_id IS NULL, 'expired', 'paid')",
    // One at a time: two that are open could both be paid.
    "CREATE UNIQUE INDEX checkouts_one_open ON checkouts (link_id) WHERE status = 'open'",
    // The payer's bank demands a payment back. Until it is decided the payment stands.
    "CREATE TABLE chargebacks (
        provider TEXT NOT NULL,
        reference TEXT NOT NULL,
        payment_id TEXT NOT NULL REFERENCES payments (id),
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        reason TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('open', 'won', 'lost')),
        opened_at INTEGER NOT NULL,
        closed_at INTEGER,
        PRIMARY KEY (provider, reference)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX chargebacks_by_payment ON chargebacks (payment_id)",
    // What the provider calls a message, so that its later word about it finds its way.
    "ALTER TABLE messages ADD COLUMN provider_id TEXT",
    "CREATE INDEX messages_by_provider_id ON messages (provider, provider_id) WHERE provider_id IS NOT NULL",
    "ALTER TABLE messages ADD COLUMN delivered_at INTEGER",
    // Until when a provider wants to be left alone.
    "CREATE TABLE provider_pauses (
        provider TEXT PRIMARY KEY,
        until INTEGER NOT NULL,
        why TEXT NOT NULL
    ) STRICT, WITHOUT ROWID",
    // Addresses that must not be written to: the latest evidence against each, and the latest word for it. Kept
    // apart, so that the order in which the two come does not matter.
    "CREATE TABLE suppressions (
        address TEXT PRIMARY KEY,
        reason TEXT NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'inactive')),
        source TEXT NOT NULL,
        detail TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE TABLE suppression_lifts (
        address TEXT PRIMARY KEY,
        lifted_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE VIEW suppressed AS SELECT s.* FROM suppressions s LEFT JOIN suppression_lifts l ON l.address = s.address
        WHERE l.lifted_at IS NULL OR l.lifted_at < s.created_at",
    "CREATE INDEX contacts_by_email ON contacts (lower(email)) WHERE email IS NOT NULL",
];

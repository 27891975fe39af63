//! Since when a carrier may have a message, own words that failed, what a carrier has had of a day, what is due to be forgotten, and events that
//! were left over.

pub(super) const STATEMENTS: &[&str] = &[
    // When it was handed to its carrier first, while it is not known what became of it.
    "ALTER TABLE messages ADD COLUMN handed_at INTEGER",
    // A version is never changed; that it could not be rendered is noted once, beside it.
    "CREATE TABLE template_failures (
        template TEXT NOT NULL,
        channel TEXT NOT NULL,
        tone TEXT NOT NULL,
        locale TEXT NOT NULL,
        version INTEGER NOT NULL,
        failed_at INTEGER NOT NULL,
        PRIMARY KEY (template, channel, tone, locale, version)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX messages_by_day ON messages (provider, channel, sent_at) WHERE sent_at IS NOT NULL",
    // What waits for money has no day.
    "CREATE INDEX erasures_due ON erasures (coalesce(not_before, 0)) WHERE done_at IS NULL",
    "CREATE INDEX unsubscribes_by_age ON unsubscribes (created_at)",
    // Events whose effect a crash of ours left undone.
    "CREATE INDEX inbound_events_left ON inbound_events (source, received_at)
        WHERE status = 'received' AND waits_for IS NULL AND due_at IS NULL",
];

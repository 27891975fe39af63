//! Messages over more than one channel, and messages that are no step of a policy.

pub(super) const STATEMENTS: &[&str] = &[
    // What it is about; the channels it may go over, the first first (`channel` is the one it takes now); the facts that
    // it tells where it is no step of a policy.
    "ALTER TABLE messages ADD COLUMN purpose TEXT NOT NULL DEFAULT 'collection'",
    "ALTER TABLE messages ADD COLUMN channels TEXT NOT NULL DEFAULT '[\"email\"]' CHECK (json_valid(channels))",
    "ALTER TABLE messages ADD COLUMN about TEXT CHECK (about IS NULL OR json_valid(about))",
    // Channels that did not reach anybody; what a message that waits for a person waits for; the address that a person
    // has released it for.
    "ALTER TABLE messages ADD COLUMN tried TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tried))",
    "ALTER TABLE messages ADD COLUMN held_for TEXT
        CHECK (held_for IN ('changed_address', 'unverified', 'missing_document'))",
    "ALTER TABLE messages ADD COLUMN released_to TEXT",
    "CREATE INDEX messages_held ON messages (customer_id, id) WHERE held_for IS NOT NULL",
    // Sends that came back, after which their message went another way: what their provider says later is about them.
    "CREATE TABLE past_sends (
        id INTEGER PRIMARY KEY,
        message_id TEXT NOT NULL REFERENCES messages (id),
        provider TEXT,
        provider_id TEXT,
        channel TEXT NOT NULL,
        recipient TEXT,
        sent_at INTEGER,
        over_at INTEGER NOT NULL,
        why TEXT NOT NULL
    ) STRICT",
    "CREATE INDEX past_sends_by_message ON past_sends (message_id)",
    "CREATE INDEX past_sends_by_provider_id ON past_sends (provider_id, provider) WHERE provider_id IS NOT NULL",
    "UPDATE messages SET purpose = 'reminder' WHERE template = 'pre_due'",
    "UPDATE messages SET purpose = 'agreement' WHERE template LIKE 'promise%'",
];

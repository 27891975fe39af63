//! What being late costs: charges, and the reference rates that an administrator adds.

pub(super) const STATEMENTS: &[&str] = &[
    // Each that is posted is a receivable too: an invoice row of the same id, with its own postings and balance.
    // One that is blocked for want of a rate has no amount and no such row yet.
    "CREATE TABLE charges (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        charged_on TEXT NOT NULL REFERENCES invoices (id),
        number TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('fee', 'interest', 'compensation')),
        step TEXT NOT NULL,
        cycle TEXT NOT NULL,
        message_id TEXT REFERENCES messages (id),
        status TEXT NOT NULL CHECK (status IN ('posted', 'blocked', 'waived', 'reversed')),
        currency TEXT NOT NULL,
        amount_minor INTEGER CHECK (amount_minor > 0),
        reversed_minor INTEGER NOT NULL DEFAULT 0,
        waived_minor INTEGER NOT NULL DEFAULT 0 CHECK (waived_minor >= 0),
        value_on TEXT NOT NULL CHECK (value_on IS date(value_on)),
        how TEXT NOT NULL,
        detail TEXT NOT NULL CHECK (json_valid(detail)),
        rule TEXT CHECK (json_valid(rule)),
        reason TEXT,
        series TEXT,
        missing_from TEXT,
        missing_to TEXT,
        created_at INTEGER NOT NULL,
        CHECK (status <> 'posted' OR amount_minor IS NOT NULL),
        CHECK (status <> 'blocked' OR series IS NOT NULL),
        CHECK (reversed_minor BETWEEN 0 AND coalesce(amount_minor, 0))
    ) STRICT",
    // Once per step and cycle. What was reversed does not count: its step may be taken again.
    "CREATE UNIQUE INDEX charges_once ON charges (charged_on, step, cycle, kind) WHERE status <> 'reversed'",
    // A statute's fixed sum is due once an invoice, whatever the policy's steps.
    "CREATE UNIQUE INDEX charges_compensate_once ON charges (charged_on)
        WHERE kind = 'compensation' AND status <> 'reversed'",
    "CREATE INDEX charges_by_invoice ON charges (charged_on, kind)",
    "CREATE INDEX charges_by_customer ON charges (customer_id, id)",
    "CREATE INDEX charges_by_status ON charges (status, id)",
    "CREATE INDEX charges_by_message ON charges (message_id) WHERE message_id IS NOT NULL",
    "CREATE INDEX charges_blocked ON charges (series, id) WHERE status = 'blocked'",
    // What an administrator adds to the rates that ship; an entry here comes before a shipped one.
    "CREATE TABLE reference_rates (
        series TEXT NOT NULL,
        from_on TEXT NOT NULL CHECK (from_on IS date(from_on)),
        to_on TEXT NOT NULL CHECK (to_on IS date(to_on) AND to_on >= from_on),
        percent TEXT NOT NULL,
        source TEXT NOT NULL,
        PRIMARY KEY (series, from_on)
    ) STRICT, WITHOUT ROWID",
];

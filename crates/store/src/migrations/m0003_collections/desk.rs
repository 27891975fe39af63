//! What people decide and do: approvals, tasks, suspensions, orders, hand-overs.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE approvals (
        id TEXT PRIMARY KEY,
        kind TEXT NOT NULL CHECK (kind IN ('write_off', 'settlement', 'plan', 'hand_over', 'suspend')),
        customer_id TEXT NOT NULL REFERENCES customers (id),
        subject TEXT NOT NULL CHECK (json_valid(subject)),
        currency TEXT,
        amount_minor INTEGER,
        status TEXT NOT NULL DEFAULT 'pending'
            CHECK (status IN ('pending', 'approved', 'rejected', 'expired', 'withdrawn')),
        asked_by TEXT NOT NULL,
        comment TEXT,
        expires_at INTEGER NOT NULL,
        decided_by TEXT,
        decision_comment TEXT,
        decided_at INTEGER,
        created_at INTEGER NOT NULL,
        CHECK ((status = 'pending') = (decided_at IS NULL)),
        CHECK (status NOT IN ('approved', 'rejected') OR decided_by <> asked_by)
    ) STRICT",
    // The same is asked for once, until it is decided.
    "CREATE UNIQUE INDEX approvals_once ON approvals (kind, subject) WHERE status = 'pending'",
    "CREATE INDEX approvals_by_status ON approvals (status, id)",
    "CREATE INDEX approvals_by_customer ON approvals (customer_id, id)",
    "CREATE INDEX approvals_to_expire ON approvals (expires_at) WHERE status = 'pending'",
    "CREATE TRIGGER approvals_are_decided_once BEFORE UPDATE OF status ON approvals WHEN OLD.status <> 'pending'
     BEGIN SELECT raise(ABORT, 'refused: the request is decided'); END",
    "CREATE TABLE tasks (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT,
        kind TEXT NOT NULL CHECK (kind IN ('call', 'letter', 'review', 'follow_up')),
        title TEXT NOT NULL,
        detail TEXT,
        due_on TEXT NOT NULL CHECK (due_on IS date(due_on)),
        assignee TEXT,
        status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'done', 'cancelled')),
        attempt INTEGER NOT NULL DEFAULT 1 CHECK (attempt >= 1),
        step TEXT,
        cycle TEXT,
        opened_by TEXT NOT NULL,
        outcome TEXT,
        report TEXT,
        done_by TEXT,
        done_at INTEGER,
        created_at INTEGER NOT NULL,
        CHECK ((status = 'done') = (outcome IS NOT NULL))
    ) STRICT",
    // A step opens one task a customer and cycle, however often the sweep runs.
    "CREATE UNIQUE INDEX tasks_once ON tasks (customer_id, step, cycle) WHERE step IS NOT NULL",
    "CREATE INDEX tasks_by_due ON tasks (due_on, id)",
    "CREATE INDEX tasks_by_status ON tasks (status, due_on, id)",
    "CREATE INDEX tasks_by_assignee ON tasks (assignee, due_on, id)",
    "CREATE INDEX tasks_by_customer ON tasks (customer_id, due_on, id)",
    "CREATE TABLE suspensions (
        customer_id TEXT NOT NULL REFERENCES customers (id),
        suspended_at INTEGER NOT NULL,
        announced_at INTEGER NOT NULL CHECK (announced_at <= suspended_at),
        suspended_by TEXT NOT NULL,
        why TEXT NOT NULL,
        reinstated_at INTEGER,
        reinstated_by TEXT,
        PRIMARY KEY (customer_id, suspended_at)
    ) STRICT, WITHOUT ROWID",
    // One at a time.
    "CREATE UNIQUE INDEX suspensions_in_force ON suspensions (customer_id) WHERE reinstated_at IS NULL",
    "CREATE TABLE orders (
        id TEXT PRIMARY KEY,
        number TEXT NOT NULL UNIQUE,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT NOT NULL CHECK (length(currency) = 3),
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        status TEXT NOT NULL CHECK (status IN ('open', 'blocked', 'closed', 'cancelled')),
        verdict TEXT NOT NULL CHECK (verdict IN ('ok', 'warn', 'block')),
        placed_on TEXT NOT NULL CHECK (placed_on IS date(placed_on)),
        invoice_id TEXT REFERENCES invoices (id),
        content TEXT NOT NULL CHECK (json_valid(content)),
        created_at INTEGER NOT NULL,
        ended_at INTEGER,
        CHECK ((status IN ('closed', 'cancelled')) = (ended_at IS NOT NULL))
    ) STRICT",
    "CREATE INDEX orders_by_customer ON orders (customer_id, id)",
    "CREATE INDEX orders_by_status ON orders (status, id)",
    "CREATE INDEX orders_by_invoice ON orders (invoice_id)",
    "CREATE INDEX orders_open ON orders (customer_id, currency, amount_minor) WHERE status = 'open'",
    "CREATE TABLE hand_overs (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'active' CHECK (status IN ('active', 'recalled')),
        claim_minor INTEGER NOT NULL CHECK (claim_minor > 0),
        document TEXT NOT NULL CHECK (json_valid(document)),
        handed_over_by TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        recalled_by TEXT,
        recall_reason TEXT,
        recalled_at INTEGER,
        CHECK ((status = 'recalled') = (recalled_at IS NOT NULL))
    ) STRICT",
    "CREATE UNIQUE INDEX hand_overs_once ON hand_overs (customer_id, currency) WHERE status = 'active'",
    "CREATE INDEX hand_overs_by_status ON hand_overs (status, id)",
    "CREATE INDEX hand_overs_by_customer ON hand_overs (customer_id, id)",
    // An address can also be somebody else's. A CHECK cannot be widened, so the table is made anew.
    "DROP VIEW suppressed",
    "CREATE TABLE suppressions_with_wrong_addresses (
        address TEXT PRIMARY KEY,
        reason TEXT NOT NULL CHECK (reason IN ('bounce', 'complaint', 'unsubscribe', 'inactive', 'wrong_address')),
        source TEXT NOT NULL,
        detail TEXT NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "INSERT INTO suppressions_with_wrong_addresses SELECT address, reason, source, detail, created_at FROM suppressions",
    "DROP TABLE suppressions",
    "ALTER TABLE suppressions_with_wrong_addresses RENAME TO suppressions",
    "CREATE VIEW suppressed AS SELECT s.* FROM suppressions s LEFT JOIN suppression_lifts l ON l.address = s.address
        WHERE l.lifted_at IS NULL OR l.lifted_at < s.created_at",
    // An invoice may come before the order that it names.
    "CREATE INDEX invoices_by_order_number ON invoices (content->>'order_number', customer_id)
        WHERE content->>'order_number' IS NOT NULL",
];

//! The ledger and everything around it.
//!
//! Conventions: ids are text with a type prefix and sort by time. Instants are integers, milliseconds since 1970
//! (`*_at`). Civil days are `YYYY-MM-DD` (`*_on`). Money is an integer of minor units beside its currency.
//!
//! Three rules are the database's own, so that no code path can break them:
//! - postings are append-only (triggers refuse UPDATE and DELETE);
//! - an invoice's balance, a case's balance and the totals by due date follow the postings (triggers), so the
//!   stored balance equals the sum at every commit;
//! - a payment's parts add up to its amount (CHECK).

pub(super) const STATEMENTS: &[&str] = &[
    // --- who owes -------------------------------------------------------------------------------------------
    "CREATE TABLE customers (
        id TEXT PRIMARY KEY,
        external_id TEXT NOT NULL UNIQUE,
        name TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('business', 'consumer')),
        country TEXT NOT NULL CHECK (length(country) = 2),
        region TEXT,
        time_zone TEXT NOT NULL,
        locale TEXT NOT NULL,
        currency TEXT NOT NULL CHECK (length(currency) = 3),
        terms_days INTEGER CHECK (terms_days BETWEEN 0 AND 365),
        credit_limit_minor INTEGER CHECK (credit_limit_minor >= 0),
        policy TEXT,
        po_required INTEGER NOT NULL DEFAULT 0 CHECK (po_required IN (0, 1)),
        preferred_channel TEXT,
        preferred_payment_methods TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(preferred_payment_methods)),
        hold TEXT,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
    ) STRICT",
    "CREATE TABLE contacts (
        customer_id TEXT NOT NULL REFERENCES customers (id),
        position INTEGER NOT NULL,
        name TEXT NOT NULL,
        role TEXT NOT NULL CHECK (role IN ('billing', 'escalation', 'sales')),
        email TEXT,
        phone TEXT,
        postal TEXT,
        PRIMARY KEY (customer_id, position)
    ) STRICT, WITHOUT ROWID",
    // --- what is owed ---------------------------------------------------------------------------------------
    "CREATE TABLE invoices (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        number TEXT NOT NULL,
        numbering TEXT NOT NULL,
        issue_on TEXT NOT NULL CHECK (issue_on IS date(issue_on)),
        due_on TEXT NOT NULL CHECK (due_on IS date(due_on)),
        due_source TEXT NOT NULL,
        currency TEXT NOT NULL CHECK (length(currency) = 3),
        total_minor INTEGER NOT NULL CHECK (total_minor > 0),
        balance_minor INTEGER NOT NULL DEFAULT 0 CHECK (balance_minor >= 0),
        state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'void', 'written_off')),
        status TEXT NOT NULL GENERATED ALWAYS AS (CASE
            WHEN state <> 'active' THEN state
            WHEN balance_minor = 0 THEN 'paid'
            WHEN balance_minor < total_minor THEN 'partly_paid'
            ELSE 'open' END) VIRTUAL,
        disputed INTEGER NOT NULL DEFAULT 0 CHECK (disputed IN (0, 1)),
        promised_until_on TEXT CHECK (promised_until_on IS date(promised_until_on)),
        settled_on TEXT CHECK (settled_on IS date(settled_on)),
        content TEXT NOT NULL CHECK (json_valid(content)),
        created_at INTEGER NOT NULL,
        UNIQUE (number, numbering)
    ) STRICT",
    "CREATE INDEX invoices_by_customer ON invoices (customer_id, id)",
    "CREATE INDEX invoices_open ON invoices (customer_id, currency, due_on) WHERE balance_minor > 0",
    "CREATE INDEX invoices_overdue ON invoices (due_on, id) WHERE balance_minor > 0",
    "CREATE INDEX invoices_by_status ON invoices (status, id)",
    "CREATE TABLE credit_notes (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        number TEXT NOT NULL,
        numbering TEXT NOT NULL,
        issue_on TEXT NOT NULL CHECK (issue_on IS date(issue_on)),
        currency TEXT NOT NULL,
        total_minor INTEGER NOT NULL CHECK (total_minor > 0),
        applied_minor INTEGER NOT NULL CHECK (applied_minor >= 0),
        unapplied_minor INTEGER NOT NULL CHECK (unapplied_minor >= 0),
        content TEXT NOT NULL CHECK (json_valid(content)),
        created_at INTEGER NOT NULL,
        UNIQUE (number, numbering),
        CHECK (applied_minor + unapplied_minor = total_minor)
    ) STRICT",
    "CREATE INDEX credit_notes_by_customer ON credit_notes (customer_id)",
    // --- money that arrived ---------------------------------------------------------------------------------
    "CREATE TABLE payments (
        id TEXT PRIMARY KEY,
        customer_id TEXT REFERENCES customers (id),
        source TEXT NOT NULL,
        reference TEXT NOT NULL,
        method TEXT NOT NULL,
        received_on TEXT NOT NULL CHECK (received_on IS date(received_on)),
        currency TEXT NOT NULL,
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        allocated_minor INTEGER NOT NULL CHECK (allocated_minor >= 0),
        unapplied_minor INTEGER NOT NULL CHECK (unapplied_minor >= 0),
        refunded_minor INTEGER NOT NULL DEFAULT 0 CHECK (refunded_minor >= 0),
        reversed_minor INTEGER NOT NULL DEFAULT 0 CHECK (reversed_minor >= 0),
        content TEXT NOT NULL CHECK (json_valid(content)),
        why TEXT NOT NULL CHECK (json_valid(why)),
        created_at INTEGER NOT NULL,
        UNIQUE (source, reference),
        CHECK (allocated_minor + unapplied_minor + refunded_minor + reversed_minor = amount_minor)
    ) STRICT",
    "CREATE INDEX payments_by_customer ON payments (customer_id, id)",
    "CREATE TABLE allocations (
        payment_id TEXT NOT NULL REFERENCES payments (id),
        position INTEGER NOT NULL,
        invoice_id TEXT NOT NULL REFERENCES invoices (id),
        amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
        why TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (payment_id, position)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX allocations_by_invoice ON allocations (invoice_id)",
    // --- the ledger itself ----------------------------------------------------------------------------------
    "CREATE TABLE postings (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        invoice_id TEXT REFERENCES invoices (id),
        kind TEXT NOT NULL CHECK (kind IN
            ('invoice', 'void', 'write_off', 'credit_note', 'payment', 'payment_reversal', 'refund')),
        amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
        currency TEXT NOT NULL,
        value_on TEXT NOT NULL CHECK (value_on IS date(value_on)),
        source_id TEXT NOT NULL,
        posted_at INTEGER NOT NULL
    ) STRICT",
    "CREATE INDEX postings_by_customer ON postings (customer_id, value_on, id)",
    "CREATE INDEX postings_by_invoice ON postings (invoice_id)",
    "CREATE TRIGGER postings_are_append_only_update BEFORE UPDATE ON postings
     BEGIN SELECT raise(ABORT, 'refused: postings are append-only'); END",
    "CREATE TRIGGER postings_are_append_only_delete BEFORE DELETE ON postings
     BEGIN SELECT raise(ABORT, 'refused: postings are append-only'); END",
    "CREATE TRIGGER postings_keep_one_currency BEFORE INSERT ON postings WHEN NEW.invoice_id IS NOT NULL
     BEGIN SELECT raise(ABORT, 'refused: the invoice is in another currency or another customer''s')
        FROM invoices WHERE id = NEW.invoice_id AND (currency <> NEW.currency OR customer_id <> NEW.customer_id);
     END",
    // A case is what is between us and one customer in one currency: the unit that dunning acts on.
    "CREATE TABLE cases (
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT NOT NULL,
        balance_minor INTEGER NOT NULL DEFAULT 0,
        unapplied_minor INTEGER NOT NULL DEFAULT 0,
        oldest_due_on TEXT,
        next_action_at INTEGER,
        next_step TEXT,
        next_why TEXT,
        PRIMARY KEY (customer_id, currency)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX cases_due ON cases (next_action_at) WHERE next_action_at IS NOT NULL",
    "CREATE INDEX cases_by_oldest_due ON cases (oldest_due_on, currency) WHERE oldest_due_on IS NOT NULL",
    "CREATE INDEX cases_with_unapplied ON cases (currency, unapplied_minor) WHERE unapplied_minor <> 0",
    "CREATE TRIGGER postings_move_balances AFTER INSERT ON postings BEGIN
        UPDATE invoices SET
            balance_minor = balance_minor + NEW.amount_minor,
            settled_on = iif(balance_minor + NEW.amount_minor = 0, NEW.value_on, NULL)
        WHERE id = NEW.invoice_id;
        INSERT INTO cases (customer_id, currency, balance_minor, unapplied_minor)
        VALUES (NEW.customer_id, NEW.currency, NEW.amount_minor, iif(NEW.invoice_id IS NULL, -NEW.amount_minor, 0))
        ON CONFLICT (customer_id, currency) DO UPDATE SET
            balance_minor = balance_minor + excluded.balance_minor,
            unapplied_minor = unapplied_minor + excluded.unapplied_minor;
        INSERT INTO risk_queue (customer_id, due_at) VALUES (NEW.customer_id, 0)
        ON CONFLICT (customer_id) DO UPDATE SET due_at = 0;
     END",
    // What is open, by due date: aging at any day is a sum over at most a few hundred rows.
    "CREATE TABLE due_totals (
        currency TEXT NOT NULL,
        due_on TEXT NOT NULL,
        balance_minor INTEGER NOT NULL,
        invoices INTEGER NOT NULL,
        PRIMARY KEY (currency, due_on)
    ) STRICT, WITHOUT ROWID",
    "CREATE TRIGGER invoices_move_due_totals AFTER UPDATE OF balance_minor ON invoices
     WHEN NEW.balance_minor <> OLD.balance_minor BEGIN
        INSERT INTO due_totals (currency, due_on, balance_minor, invoices)
        VALUES (NEW.currency, NEW.due_on, NEW.balance_minor - OLD.balance_minor,
                (NEW.balance_minor > 0) - (OLD.balance_minor > 0))
        ON CONFLICT (currency, due_on) DO UPDATE SET
            balance_minor = balance_minor + excluded.balance_minor,
            invoices = invoices + excluded.invoices;
        DELETE FROM due_totals WHERE currency = NEW.currency AND due_on = NEW.due_on AND balance_minor = 0;
     END",
    // --- what we say ----------------------------------------------------------------------------------------
    "CREATE TABLE messages (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT NOT NULL,
        policy TEXT NOT NULL,
        step TEXT NOT NULL,
        template TEXT NOT NULL,
        cycle TEXT NOT NULL,
        channel TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('queued', 'sending', 'sent', 'delivered', 'bounced', 'failed',
            'uncertain', 'suppressed', 'cancelled')),
        why TEXT NOT NULL,
        scheduled_for INTEGER NOT NULL,
        attempt_at INTEGER NOT NULL,
        lease TEXT,
        attempts INTEGER NOT NULL DEFAULT 0,
        provider TEXT,
        recipient TEXT,
        subject TEXT,
        last_error TEXT,
        created_at INTEGER NOT NULL,
        sent_at INTEGER
    ) STRICT",
    // At most one message per customer, step and cycle, however often the sweep runs. One that was taken back
    // before it left does not count: its step may come due again.
    "CREATE UNIQUE INDEX messages_once ON messages (customer_id, step, cycle) WHERE status <> 'cancelled'",
    "CREATE INDEX messages_due ON messages (attempt_at, id) WHERE status IN ('queued', 'sending')",
    "CREATE INDEX messages_by_status ON messages (status, id)",
    "CREATE INDEX messages_by_customer ON messages (customer_id, id)",
    // How many messages stand where, so that a page need not count them.
    "CREATE TABLE message_totals (status TEXT PRIMARY KEY, messages INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    "CREATE TRIGGER messages_count_in AFTER INSERT ON messages BEGIN
        INSERT INTO message_totals (status, messages) VALUES (NEW.status, 1)
        ON CONFLICT (status) DO UPDATE SET messages = messages + 1;
     END",
    "CREATE TRIGGER messages_count_over AFTER UPDATE OF status ON messages WHEN NEW.status <> OLD.status BEGIN
        UPDATE message_totals SET messages = messages - 1 WHERE status = OLD.status;
        INSERT INTO message_totals (status, messages) VALUES (NEW.status, 1)
        ON CONFLICT (status) DO UPDATE SET messages = messages + 1;
     END",
    // Which invoice has been told which step: a step counts as taken for every invoice that its message listed.
    "CREATE TABLE steps_taken (
        invoice_id TEXT NOT NULL REFERENCES invoices (id),
        step TEXT NOT NULL,
        message_id TEXT NOT NULL REFERENCES messages (id),
        listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
        PRIMARY KEY (invoice_id, step)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX steps_taken_by_message ON steps_taken (message_id)",
    // What the `mailbox` provider received. It stands for the world outside, so it refers to nothing here.
    "CREATE TABLE mailbox (
        message_id TEXT PRIMARY KEY,
        received_at INTEGER NOT NULL,
        customer_id TEXT NOT NULL,
        step TEXT NOT NULL,
        sender TEXT NOT NULL,
        reply_to TEXT,
        recipient TEXT NOT NULL,
        subject TEXT NOT NULL,
        text TEXT NOT NULL,
        html TEXT NOT NULL
    ) STRICT",
    "CREATE INDEX mailbox_by_recipient ON mailbox (recipient, message_id)",
    // --- ways to pay ----------------------------------------------------------------------------------------
    "CREATE TABLE payment_links (
        id TEXT PRIMARY KEY,
        token_hash TEXT NOT NULL UNIQUE,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        message_id TEXT REFERENCES messages (id),
        currency TEXT NOT NULL,
        amount_minor INTEGER CHECK (amount_minor > 0),
        allow_partial INTEGER NOT NULL CHECK (allow_partial IN (0, 1)),
        minimum_minor INTEGER CHECK (minimum_minor > 0),
        expires_at INTEGER NOT NULL,
        revoked_at INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT",
    "CREATE INDEX payment_links_by_customer ON payment_links (customer_id)",
    "CREATE INDEX payment_links_by_message ON payment_links (message_id)",
    "CREATE TABLE payment_link_invoices (
        link_id TEXT NOT NULL REFERENCES payment_links (id),
        invoice_id TEXT NOT NULL REFERENCES invoices (id),
        PRIMARY KEY (link_id, invoice_id)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX payment_link_invoices_by_invoice ON payment_link_invoices (invoice_id)",
    // One hand-over of a link's visitor to a payment provider; its id is the provider's idempotency key.
    "CREATE TABLE checkouts (
        id TEXT PRIMARY KEY,
        link_id TEXT NOT NULL REFERENCES payment_links (id),
        provider TEXT NOT NULL,
        currency TEXT NOT NULL,
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        payment_id TEXT REFERENCES payments (id),
        created_at INTEGER NOT NULL
    ) STRICT",
    "CREATE INDEX checkouts_by_link ON checkouts (link_id, id)",
    // --- what came in, and what became of it ----------------------------------------------------------------
    "CREATE TABLE inbound_events (
        source TEXT NOT NULL,
        event_id TEXT NOT NULL,
        received_at INTEGER NOT NULL,
        body TEXT NOT NULL,
        status TEXT NOT NULL CHECK (status IN ('received', 'processed', 'ignored', 'failed')),
        outcome TEXT,
        PRIMARY KEY (source, event_id)
    ) STRICT, WITHOUT ROWID",
    "CREATE TABLE intake_rejects (
        id TEXT PRIMARY KEY,
        received_at INTEGER NOT NULL,
        line INTEGER NOT NULL,
        body TEXT NOT NULL,
        errors TEXT NOT NULL CHECK (json_valid(errors)),
        fingerprint TEXT NOT NULL UNIQUE
    ) STRICT",
    "CREATE TABLE activities (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        at INTEGER NOT NULL,
        kind TEXT NOT NULL,
        title TEXT NOT NULL,
        detail TEXT NOT NULL,
        refers_to TEXT
    ) STRICT",
    "CREATE INDEX activities_by_customer ON activities (customer_id, id)",
    // --- risk -----------------------------------------------------------------------------------------------
    // Who is to be scored when: 0 after a posting, else the next day on which time alone changes the score.
    "CREATE TABLE risk_queue (
        customer_id TEXT PRIMARY KEY REFERENCES customers (id),
        due_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX risk_queue_due ON risk_queue (due_at)",
    "CREATE TABLE risk_scores (
        customer_id TEXT PRIMARY KEY REFERENCES customers (id),
        score INTEGER NOT NULL CHECK (score BETWEEN 0 AND 100),
        band TEXT NOT NULL,
        reasons TEXT NOT NULL CHECK (json_valid(reasons)),
        scored_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX risk_scores_by_score ON risk_scores (score, customer_id)",
    "CREATE INDEX risk_scores_by_band ON risk_scores (band, score, customer_id)",
    // --- who may do what ------------------------------------------------------------------------------------
    "CREATE TABLE api_keys (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        secret_hash TEXT NOT NULL,
        scopes TEXT NOT NULL CHECK (json_valid(scopes)),
        created_at INTEGER NOT NULL,
        revoked_at INTEGER
    ) STRICT",
    "CREATE TABLE console_sessions (
        token_hash TEXT PRIMARY KEY,
        scopes TEXT NOT NULL CHECK (json_valid(scopes)),
        key_id TEXT,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX console_sessions_by_key ON console_sessions (key_id)",
    "CREATE INDEX console_sessions_by_expiry ON console_sessions (expires_at)",
    "CREATE TABLE idempotency (
        principal TEXT NOT NULL,
        key TEXT NOT NULL,
        fingerprint TEXT NOT NULL,
        status INTEGER NOT NULL,
        body TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (principal, key)
    ) STRICT, WITHOUT ROWID",
];

//! What a case is decided on: the policy it is under, what stands in the way of its invoices, what was done.

pub(super) const STATEMENTS: &[&str] = &[
    // --- policies ---------------------------------------------------------------------------------------------
    // A version never changes: a case that is under way keeps its own.
    "CREATE TABLE policies (
        id TEXT PRIMARY KEY,
        name TEXT NOT NULL,
        version INTEGER NOT NULL CHECK (version > 0),
        effective_on TEXT NOT NULL CHECK (effective_on IS date(effective_on)),
        body TEXT NOT NULL CHECK (json_valid(body)),
        created_by TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        UNIQUE (name, version)
    ) STRICT",
    concat!(
        "INSERT INTO policies (id, name, version, effective_on, body, created_by, created_at)
         VALUES ('pol_00000000000000000000000000', 'standard', 1, '1980-01-01', '",
        include_str!("standard.json"),
        "', 'dunlin', 0)"
    ),
    "CREATE TABLE pools (
        position INTEGER PRIMARY KEY,
        name TEXT NOT NULL UNIQUE,
        policy TEXT NOT NULL,
        rule TEXT NOT NULL CHECK (json_valid(rule))
    ) STRICT",
    // What no law fixes: bank holidays, company closings. Without a region: of the whole country.
    "CREATE TABLE rest_days (
        country TEXT NOT NULL CHECK (length(country) = 2),
        region TEXT NOT NULL,
        day_on TEXT NOT NULL CHECK (day_on IS date(day_on)),
        name TEXT NOT NULL,
        PRIMARY KEY (country, region, day_on)
    ) STRICT, WITHOUT ROWID",
    "ALTER TABLE customers ADD COLUMN tags TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(tags))",
    // --- what stands in the way -------------------------------------------------------------------------------
    "ALTER TABLE customers ADD COLUMN hold_until_on TEXT CHECK (hold_until_on IS date(hold_until_on))",
    "ALTER TABLE customers ADD COLUMN suspended_at INTEGER",
    "ALTER TABLE invoices DROP COLUMN disputed",
    "ALTER TABLE invoices ADD COLUMN disputed_minor INTEGER NOT NULL DEFAULT 0 CHECK (disputed_minor >= 0)",
    "ALTER TABLE invoices ADD COLUMN plan_id TEXT",
    "ALTER TABLE invoices ADD COLUMN hold TEXT",
    "ALTER TABLE invoices ADD COLUMN hold_until_on TEXT CHECK (hold_until_on IS date(hold_until_on))",
    "ALTER TABLE invoices ADD COLUMN resumed_on TEXT CHECK (resumed_on IS date(resumed_on))",
    // --- what is owed beside invoices -------------------------------------------------------------------------
    "ALTER TABLE invoices ADD COLUMN kind TEXT NOT NULL DEFAULT 'invoice'
        CHECK (kind IN ('invoice', 'fee', 'interest', 'compensation'))",
    "ALTER TABLE invoices ADD COLUMN charged_on TEXT REFERENCES invoices (id)",
    "CREATE INDEX invoices_by_charged_on ON invoices (charged_on) WHERE charged_on IS NOT NULL",
    // One invoice that is paid in parts, each due on a day of its own.
    "CREATE TABLE instalments (
        invoice_id TEXT NOT NULL REFERENCES invoices (id),
        part INTEGER NOT NULL CHECK (part > 0),
        due_on TEXT NOT NULL CHECK (due_on IS date(due_on)),
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        balance_minor INTEGER NOT NULL CHECK (balance_minor BETWEEN 0 AND amount_minor),
        PRIMARY KEY (invoice_id, part)
    ) STRICT, WITHOUT ROWID",
    // The list of kinds cannot be changed in place.
    "CREATE TABLE postings_anew (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        invoice_id TEXT REFERENCES invoices (id),
        kind TEXT NOT NULL CHECK (kind IN
            ('invoice', 'void', 'write_off', 'credit_note', 'payment', 'payment_reversal', 'refund', 'charge',
             'charge_reversal', 'discount', 'tolerance', 'settlement')),
        amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
        currency TEXT NOT NULL,
        value_on TEXT NOT NULL CHECK (value_on IS date(value_on)),
        source_id TEXT NOT NULL,
        posted_at INTEGER NOT NULL
    ) STRICT",
    "INSERT INTO postings_anew SELECT * FROM postings",
    "DROP TABLE postings",
    "ALTER TABLE postings_anew RENAME TO postings",
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
    // --- what was said and done -------------------------------------------------------------------------------
    "ALTER TABLE cases ADD COLUMN policy_id TEXT REFERENCES policies (id)",
    "ALTER TABLE cases ADD COLUMN finished_at INTEGER",
    "ALTER TABLE cases ADD COLUMN handed_over_at INTEGER",
    "ALTER TABLE messages ADD COLUMN policy_id TEXT REFERENCES policies (id)",
    // A step may be said of an invoice again where the policy begins again; each instalment has its own.
    "CREATE TABLE steps_anew (
        invoice_id TEXT NOT NULL REFERENCES invoices (id),
        part INTEGER NOT NULL DEFAULT 0,
        step TEXT NOT NULL,
        message_id TEXT NOT NULL REFERENCES messages (id),
        day INTEGER NOT NULL,
        listed INTEGER NOT NULL CHECK (listed IN (0, 1)),
        PRIMARY KEY (invoice_id, part, step, message_id)
    ) STRICT, WITHOUT ROWID",
    // Until now there were the three steps of the standard policy.
    "INSERT INTO steps_anew (invoice_id, part, step, message_id, day, listed)
     SELECT invoice_id, 0, step, message_id, CASE step WHEN 'pre_due' THEN -5 WHEN 'reminder' THEN 1 ELSE 14 END, listed
     FROM steps_taken",
    "DROP TABLE steps_taken",
    "ALTER TABLE steps_anew RENAME TO steps_taken",
    "CREATE INDEX steps_taken_by_message ON steps_taken (message_id)",
    // What a policy had done, once per step and cycle.
    "CREATE TABLE deeds (
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT NOT NULL,
        step TEXT NOT NULL,
        cycle TEXT NOT NULL,
        kind TEXT NOT NULL,
        done_at INTEGER NOT NULL,
        PRIMARY KEY (customer_id, currency, step, cycle)
    ) STRICT, WITHOUT ROWID",
    // What the systems outside are told. Append-only.
    "CREATE TABLE events (
        id TEXT PRIMARY KEY,
        at INTEGER NOT NULL,
        type TEXT NOT NULL,
        customer_id TEXT REFERENCES customers (id),
        data TEXT NOT NULL CHECK (json_valid(data))
    ) STRICT",
    "CREATE INDEX events_by_customer ON events (customer_id, id)",
    // When a job last decided, so that none is run for a time that has passed.
    "CREATE TABLE job_runs (job TEXT PRIMARY KEY, decided_at INTEGER NOT NULL) STRICT, WITHOUT ROWID",
];

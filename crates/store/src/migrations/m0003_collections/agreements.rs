//! What is agreed with a customer, or not agreed: disputes, promises to pay, instalment plans and settlements.
//!
//! What dunning looks at stands on the invoice itself: `disputed_minor` follows the open disputes by trigger;
//! `promised_until_on` and `plan_id` are kept by whoever judges.

pub(super) const STATEMENTS: &[&str] = &[
    // --- disputes -------------------------------------------------------------------------------------------
    // What customers call their reasons; without a customer, what they all do.
    "CREATE TABLE dispute_codes (
        code TEXT NOT NULL,
        customer_id TEXT REFERENCES customers (id),
        written TEXT NOT NULL,
        reason TEXT NOT NULL,
        text TEXT,
        updated_at INTEGER NOT NULL
    ) STRICT",
    "CREATE UNIQUE INDEX dispute_codes_once ON dispute_codes (code, coalesce(customer_id, ''))",
    "CREATE INDEX dispute_codes_by_customer ON dispute_codes (customer_id)",
    "CREATE TABLE disputes (
        id TEXT PRIMARY KEY,
        invoice_id TEXT NOT NULL REFERENCES invoices (id),
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT NOT NULL,
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        reason TEXT NOT NULL,
        customer_code TEXT,
        text TEXT,
        assignee TEXT,
        documents TEXT NOT NULL CHECK (json_valid(documents)),
        respond_by_on TEXT NOT NULL CHECK (respond_by_on IS date(respond_by_on)),
        status TEXT NOT NULL CHECK (status IN ('open', 'in_review', 'resolved', 'withdrawn')),
        outcome TEXT CHECK (outcome IN ('credit_note', 'rejected', 'split')),
        credited_minor INTEGER NOT NULL DEFAULT 0 CHECK (credited_minor BETWEEN 0 AND amount_minor),
        credit_note_id TEXT REFERENCES credit_notes (id),
        comment TEXT,
        opened_by TEXT NOT NULL,
        opened_at INTEGER NOT NULL,
        closed_at INTEGER,
        due_at INTEGER,
        CHECK ((closed_at IS NULL) = (status IN ('open', 'in_review'))),
        CHECK ((outcome IS NOT NULL) = (status = 'resolved'))
    ) STRICT",
    "CREATE INDEX disputes_by_invoice ON disputes (invoice_id)",
    "CREATE INDEX disputes_by_customer ON disputes (customer_id, id)",
    "CREATE INDEX disputes_by_status ON disputes (status, id)",
    // The end of the last day for an answer; NULL once a person was told that it passed.
    "CREATE INDEX disputes_due ON disputes (due_at) WHERE due_at IS NOT NULL",
    "CREATE TRIGGER disputes_rest AFTER INSERT ON disputes BEGIN
        UPDATE invoices SET disputed_minor = disputed_minor + NEW.amount_minor WHERE id = NEW.invoice_id;
     END",
    "CREATE TRIGGER disputes_rest_no_more AFTER UPDATE OF status ON disputes
     WHEN OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL BEGIN
        UPDATE invoices SET disputed_minor = disputed_minor - NEW.amount_minor WHERE id = NEW.invoice_id;
     END",
    // --- promises to pay ------------------------------------------------------------------------------------
    "CREATE TABLE promises (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT NOT NULL,
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        debt_minor INTEGER NOT NULL CHECK (debt_minor >= amount_minor),
        made_on TEXT NOT NULL CHECK (made_on IS date(made_on)),
        promised_on TEXT NOT NULL CHECK (promised_on IS date(promised_on)),
        grace_days INTEGER NOT NULL CHECK (grace_days >= 0),
        until_on TEXT NOT NULL CHECK (until_on IS date(until_on)),
        status TEXT NOT NULL CHECK (status IN ('open', 'kept', 'broken', 'cancelled')),
        status_on TEXT CHECK (status_on IS date(status_on)),
        missing_minor INTEGER NOT NULL CHECK (missing_minor >= 0),
        note TEXT,
        made_by TEXT NOT NULL,
        posted_before TEXT NOT NULL CHECK (json_valid(posted_before)),
        due_at INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT",
    "CREATE TABLE promise_invoices (
        promise_id TEXT NOT NULL REFERENCES promises (id),
        invoice_id TEXT NOT NULL REFERENCES invoices (id),
        PRIMARY KEY (promise_id, invoice_id)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX promise_invoices_by_invoice ON promise_invoices (invoice_id)",
    "CREATE INDEX promises_by_customer ON promises (customer_id, id)",
    "CREATE INDEX promises_by_status ON promises (status, id)",
    // The end of an open promise's last day.
    "CREATE INDEX promises_due ON promises (due_at) WHERE due_at IS NOT NULL",
    "CREATE INDEX promises_broken ON promises (customer_id, status_on) WHERE status = 'broken'",
    // --- instalment plans and settlements -------------------------------------------------------------------
    "CREATE TABLE instalment_plans (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        currency TEXT NOT NULL,
        kind TEXT NOT NULL CHECK (kind IN ('instalments', 'settlement')),
        debt_minor INTEGER NOT NULL CHECK (debt_minor > 0),
        discount_minor INTEGER NOT NULL CHECK (discount_minor BETWEEN 0 AND debt_minor),
        made_on TEXT NOT NULL CHECK (made_on IS date(made_on)),
        grace_days INTEGER NOT NULL CHECK (grace_days >= 0),
        status TEXT NOT NULL CHECK (status IN ('proposed', 'active', 'completed', 'broken', 'cancelled')),
        status_on TEXT CHECK (status_on IS date(status_on)),
        missed INTEGER,
        note TEXT,
        approval_id TEXT,
        made_by TEXT NOT NULL,
        posted_before TEXT NOT NULL CHECK (json_valid(posted_before)),
        due_at INTEGER,
        created_at INTEGER NOT NULL
    ) STRICT",
    "CREATE TABLE plan_instalments (
        plan_id TEXT NOT NULL REFERENCES instalment_plans (id),
        place INTEGER NOT NULL,
        due_on TEXT NOT NULL CHECK (due_on IS date(due_on)),
        amount_minor INTEGER NOT NULL CHECK (amount_minor > 0),
        PRIMARY KEY (plan_id, place)
    ) STRICT, WITHOUT ROWID",
    "CREATE TABLE plan_invoices (
        plan_id TEXT NOT NULL REFERENCES instalment_plans (id),
        invoice_id TEXT NOT NULL REFERENCES invoices (id),
        PRIMARY KEY (plan_id, invoice_id)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX plan_invoices_by_invoice ON plan_invoices (invoice_id)",
    "CREATE INDEX plans_by_customer ON instalment_plans (customer_id, id)",
    "CREATE INDEX plans_by_status ON instalment_plans (status, id)",
    // The end of the last day on which the next instalment of an active plan is in time.
    "CREATE INDEX plans_due ON instalment_plans (due_at) WHERE due_at IS NOT NULL",
];

//! What notices are about that nothing else keeps: documents that are missing, and statements of account.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE document_requests (
        id TEXT PRIMARY KEY,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        invoice_id TEXT REFERENCES invoices (id),
        what TEXT NOT NULL,
        until_on TEXT CHECK (until_on IS NULL OR until_on IS date(until_on)),
        status TEXT NOT NULL CHECK (status IN ('open', 'answered', 'withdrawn')),
        documents TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(documents)),
        note TEXT,
        asked_by TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        ended_at INTEGER,
        CHECK ((status = 'open') = (ended_at IS NULL))
    ) STRICT",
    "CREATE INDEX document_requests_by_customer ON document_requests (customer_id, id)",
    "CREATE INDEX document_requests_by_status ON document_requests (status, id)",
    "CREATE INDEX document_requests_by_invoice ON document_requests (invoice_id)",
    // When the statement run looks at a customer next: a new one at once, to find its day. What the customer has of its
    // own; NULL: its policy decides.
    "ALTER TABLE customers ADD COLUMN statement_at INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE customers ADD COLUMN statements TEXT CHECK (statements IS NULL OR json_valid(statements))",
    "CREATE INDEX customers_by_statement ON customers (statement_at)",
];

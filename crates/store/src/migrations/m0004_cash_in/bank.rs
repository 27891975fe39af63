//! Bank statements, their lines and what these were matched to; remittance advices; what is known of payers; payouts of
//! providers.

pub(super) const STATEMENTS: &[&str] = &[
    // --- statements and lines -----------------------------------------------------------------------
    "CREATE TABLE bank_statements (
        id TEXT PRIMARY KEY,
        account TEXT NOT NULL,
        currency TEXT NOT NULL CHECK (length(currency) = 3),
        format TEXT NOT NULL CHECK (format IN ('camt053', 'camt054', 'mt940', 'bai2', 'csv')),
        name TEXT,
        number INTEGER,
        page INTEGER,
        from_on TEXT CHECK (from_on IS date(from_on)),
        opening_minor INTEGER,
        to_on TEXT CHECK (to_on IS date(to_on)),
        closing_minor INTEGER,
        -- What it says, hashed: the same again is the same.
        fingerprint TEXT NOT NULL UNIQUE,
        received_at INTEGER NOT NULL
    ) STRICT",
    "CREATE INDEX bank_statements_by_account ON bank_statements (account, currency, to_on)",
    "CREATE TABLE bank_lines (
        id TEXT PRIMARY KEY,
        statement_id TEXT NOT NULL REFERENCES bank_statements (id),
        account TEXT NOT NULL,
        currency TEXT NOT NULL,
        -- What it is known by on its account, hashed.
        key TEXT NOT NULL,
        -- The bank's reference of the entry, and the part of it that this is; 0: all of it.
        entry TEXT,
        part INTEGER NOT NULL CHECK (part >= 0),
        booked_on TEXT NOT NULL CHECK (booked_on IS date(booked_on)),
        amount_minor INTEGER NOT NULL CHECK (amount_minor <> 0),
        end_to_end TEXT,
        content TEXT NOT NULL CHECK (json_valid(content)),
        status TEXT NOT NULL DEFAULT 'received' CHECK (status IN ('received', 'matched', 'review', 'ignored')),
        candidates TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(candidates)),
        why TEXT,
        payment_id TEXT REFERENCES payments (id),
        payout_id TEXT,
        -- How often it was matched: each time is a payment of its own.
        times INTEGER NOT NULL DEFAULT 0,
        decided_by TEXT,
        decided_at INTEGER,
        UNIQUE (account, currency, key)
    ) STRICT",
    "CREATE INDEX bank_lines_by_status ON bank_lines (status, id)",
    "CREATE INDEX bank_lines_by_statement ON bank_lines (statement_id, status)",
    "CREATE INDEX bank_lines_by_entry ON bank_lines (account, currency, entry, booked_on) WHERE entry IS NOT NULL",
    "CREATE INDEX bank_lines_by_end_to_end ON bank_lines (end_to_end) WHERE end_to_end IS NOT NULL",
    "CREATE INDEX bank_lines_by_payment ON bank_lines (payment_id) WHERE payment_id IS NOT NULL",
    "CREATE INDEX bank_lines_by_day ON bank_lines (booked_on, id)",
    // Providers' words for payments come without the name of who took them.
    "CREATE INDEX payments_by_reference ON payments (reference)",
    "CREATE INDEX payments_by_day ON payments (received_on, id)",
    // What a line may be for is read page by page.
    "CREATE INDEX invoices_owed ON invoices (currency, id) WHERE balance_minor > 0",
    // Who pays from which account, and under which name; a person has said so.
    "CREATE TABLE payer_accounts (
        account TEXT NOT NULL,
        customer_id TEXT NOT NULL REFERENCES customers (id),
        name TEXT,
        times INTEGER NOT NULL CHECK (times > 0),
        last_at INTEGER NOT NULL,
        PRIMARY KEY (account, customer_id)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX payer_accounts_by_customer ON payer_accounts (customer_id)",
    // How a source's columns are to be read.
    "CREATE TABLE statement_mappings (
        name TEXT PRIMARY KEY,
        mapping TEXT NOT NULL CHECK (json_valid(mapping)),
        updated_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
    // --- remittance advices -------------------------------------------------------------------------
    "CREATE TABLE remittances (
        id TEXT PRIMARY KEY,
        customer_id TEXT REFERENCES customers (id),
        reference TEXT,
        currency TEXT NOT NULL CHECK (length(currency) = 3),
        total_minor INTEGER NOT NULL CHECK (total_minor > 0),
        paid_on TEXT CHECK (paid_on IS date(paid_on)),
        lines TEXT NOT NULL CHECK (json_valid(lines)),
        status TEXT NOT NULL DEFAULT 'open' CHECK (status IN ('open', 'used')),
        payment_id TEXT REFERENCES payments (id),
        fingerprint TEXT NOT NULL UNIQUE,
        received_at INTEGER NOT NULL
    ) STRICT",
    "CREATE INDEX remittances_by_status ON remittances (status, id)",
    "CREATE INDEX remittances_by_customer ON remittances (customer_id)",
    "CREATE INDEX remittances_by_payment ON remittances (payment_id) WHERE payment_id IS NOT NULL",
    // The reference that payers quote for a link is made of the end of its id.
    "CREATE INDEX payment_links_by_key ON payment_links (substr(id, -16))",
    // Payments that are recorded many at a time: what refers to them is looked for.
    "CREATE INDEX checkouts_paid ON checkouts (payment_id) WHERE payment_id IS NOT NULL",
    // --- payouts of providers -----------------------------------------------------------------------
    "CREATE TABLE payouts (
        id TEXT PRIMARY KEY,
        provider TEXT NOT NULL,
        reference TEXT NOT NULL,
        currency TEXT NOT NULL CHECK (length(currency) = 3),
        arrives_on TEXT NOT NULL CHECK (arrives_on IS date(arrives_on)),
        gross_minor INTEGER NOT NULL,
        fee_minor INTEGER NOT NULL,
        net_minor INTEGER NOT NULL,
        content TEXT NOT NULL CHECK (json_valid(content)),
        line_id TEXT REFERENCES bank_lines (id),
        received_at INTEGER NOT NULL,
        UNIQUE (provider, reference),
        CHECK (gross_minor - fee_minor = net_minor)
    ) STRICT",
    "CREATE INDEX payouts_by_day ON payouts (arrives_on, id)",
    "CREATE INDEX payouts_by_line ON payouts (line_id) WHERE line_id IS NOT NULL",
    "CREATE INDEX payouts_awaited ON payouts (currency, net_minor) WHERE line_id IS NULL",
    "CREATE TABLE payout_items (
        payout_id TEXT NOT NULL REFERENCES payouts (id),
        position INTEGER NOT NULL,
        reference TEXT NOT NULL,
        gross_minor INTEGER NOT NULL,
        fee_minor INTEGER NOT NULL,
        net_minor INTEGER NOT NULL,
        PRIMARY KEY (payout_id, position)
    ) STRICT, WITHOUT ROWID",
    "CREATE INDEX payout_items_by_reference ON payout_items (reference)",
];

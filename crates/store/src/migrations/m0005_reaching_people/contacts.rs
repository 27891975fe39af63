//! What contacts are named for, and what is known of their addresses.

pub(super) const STATEMENTS: &[&str] = &[
    "ALTER TABLE contacts ADD COLUMN purposes TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(purposes))",
    "ALTER TABLE contacts ADD COLUMN locale TEXT",
    "ALTER TABLE customers ADD COLUMN known_domains TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(known_domains))",
    // Contacts are replaced as a set; what is known of an address outlives that. Addresses are spelled as
    // suppressions spell them. `changed`: it came when the customer was on record with others.
    "CREATE TABLE contact_addresses (
        customer_id TEXT NOT NULL REFERENCES customers (id),
        address TEXT NOT NULL,
        changed INTEGER NOT NULL CHECK (changed IN (0, 1)),
        known_since INTEGER NOT NULL,
        proof TEXT CHECK (proof IN ('delivery', 'click', 'hand')),
        proved_at INTEGER,
        PRIMARY KEY (customer_id, address)
    ) STRICT, WITHOUT ROWID",
    // What is on record before addresses were told apart is the billing system's word.
    "INSERT INTO contact_addresses (customer_id, address, changed, known_since)
        SELECT DISTINCT t.customer_id, lower(trim(t.email)), 0, k.created_at
        FROM contacts t JOIN customers k ON k.id = t.customer_id WHERE t.email IS NOT NULL AND t.role <> 'sales'",
];

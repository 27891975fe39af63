//! Money: invoices that are due in several parts, and terms that a customer has by default.
//!
//! Parts follow the invoice: money fills them from the earliest, so that a part owes what the balance is above the sum
//! of the parts after it, and no more than its amount. Aging counts each at its own due date.

pub(super) const STATEMENTS: &[&str] = &[
    "ALTER TABLE customers ADD COLUMN terms TEXT CHECK (terms IS NULL OR json_valid(terms))",
    // How many parts; 0: it is due in one amount.
    "ALTER TABLE invoices ADD COLUMN parts INTEGER NOT NULL DEFAULT 0 CHECK (parts >= 0)",
    // What the parts after it come to: the balance below which nothing of it is open.
    "ALTER TABLE instalments ADD COLUMN later_minor INTEGER NOT NULL DEFAULT 0 CHECK (later_minor >= 0)",
    "CREATE TRIGGER invoices_fill_parts AFTER UPDATE OF balance_minor ON invoices
     WHEN NEW.parts > 0 AND NEW.balance_minor <> OLD.balance_minor BEGIN
        UPDATE instalments SET balance_minor = max(0, min(amount_minor, NEW.balance_minor - later_minor))
        WHERE invoice_id = NEW.id;
        UPDATE invoices SET due_on = coalesce(
                (SELECT min(due_on) FROM instalments WHERE invoice_id = NEW.id AND balance_minor > 0),
                (SELECT max(due_on) FROM instalments WHERE invoice_id = NEW.id))
        WHERE id = NEW.id;
     END",
    // An invoice counts once, at its last part: that is open as long as anything is.
    "CREATE TRIGGER instalments_move_due_totals AFTER UPDATE OF balance_minor ON instalments
     WHEN NEW.balance_minor <> OLD.balance_minor BEGIN
        INSERT INTO due_totals (currency, due_on, balance_minor, invoices)
        SELECT currency, NEW.due_on, NEW.balance_minor - OLD.balance_minor,
            iif(NEW.later_minor = 0, (NEW.balance_minor > 0) - (OLD.balance_minor > 0), 0)
        FROM invoices WHERE id = NEW.invoice_id
        ON CONFLICT (currency, due_on) DO UPDATE SET
            balance_minor = balance_minor + excluded.balance_minor,
            invoices = invoices + excluded.invoices;
        DELETE FROM due_totals WHERE balance_minor = 0 AND due_on = NEW.due_on
            AND currency = (SELECT currency FROM invoices WHERE id = NEW.invoice_id);
     END",
    "DROP TRIGGER invoices_move_due_totals",
    "CREATE TRIGGER invoices_move_due_totals AFTER UPDATE OF balance_minor ON invoices
     WHEN NEW.parts = 0 AND NEW.balance_minor <> OLD.balance_minor BEGIN
        INSERT INTO due_totals (currency, due_on, balance_minor, invoices)
        VALUES (NEW.currency, NEW.due_on, NEW.balance_minor - OLD.balance_minor,
                (NEW.balance_minor > 0) - (OLD.balance_minor > 0))
        ON CONFLICT (currency, due_on) DO UPDATE SET
            balance_minor = balance_minor + excluded.balance_minor,
            invoices = invoices + excluded.invoices;
        DELETE FROM due_totals WHERE currency = NEW.currency AND due_on = NEW.due_on AND balance_minor = 0;
     END",
    // What is open, each part on its own day.
    "CREATE VIEW open_items AS
        SELECT i.customer_id, i.currency, i.id AS invoice_id, coalesce(p.due_on, i.due_on) AS due_on,
            coalesce(p.balance_minor, i.balance_minor) AS balance_minor
        FROM invoices i LEFT JOIN instalments p ON p.invoice_id = i.id AND p.balance_minor > 0
        WHERE i.balance_minor > 0",
    // --- what is on account, to be used or paid back ------------------------------------------------------------
    "CREATE INDEX payments_on_account ON payments (customer_id, currency) WHERE unapplied_minor > 0",
    "CREATE INDEX credit_notes_on_account ON credit_notes (customer_id, currency) WHERE unapplied_minor > 0",
    // What else a payment has had posted: reversed along with it.
    "CREATE INDEX postings_let_go ON postings (source_id) WHERE kind IN ('discount', 'tolerance')",
];

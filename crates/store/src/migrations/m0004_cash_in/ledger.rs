//! What the ledger holds by itself.

pub(super) const STATEMENTS: &[&str] = &[
    // Money that goes back is owed again, also where the rest of the invoice was given up.
    "CREATE TRIGGER invoices_come_back AFTER UPDATE OF balance_minor ON invoices
     WHEN NEW.state = 'written_off' AND NEW.balance_minor > 0 BEGIN
        UPDATE invoices SET state = 'active' WHERE id = NEW.id;
     END",
];

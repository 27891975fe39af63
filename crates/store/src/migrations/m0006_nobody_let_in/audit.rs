//! The trail: which rows were written, in which order, and by which act; see `crate::trail`.
//!
//! What is sealed says so by triggers, whatever statement writes it, and cannot be deleted. What is there before is
//! written down too, for the first act to seal.

pub(super) const STATEMENTS: &[&str] = &[
    "CREATE TABLE writes (
        seq INTEGER PRIMARY KEY,
        what TEXT NOT NULL,
        id TEXT NOT NULL,
        position INTEGER NOT NULL DEFAULT 0
    ) STRICT",
    // AUTOINCREMENT: a number is not given twice, so that the last acts cannot go unnoticed either.
    "CREATE TABLE acts (
        seq INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL,
        who TEXT NOT NULL,
        what TEXT NOT NULL,
        request TEXT NOT NULL,
        upto INTEGER NOT NULL,
        prints BLOB NOT NULL,
        hash TEXT NOT NULL
    ) STRICT",
    "CREATE TRIGGER acts_are_append_only_update BEFORE UPDATE ON acts
     BEGIN SELECT raise(ABORT, 'refused: acts are append-only'); END",
    "CREATE TRIGGER acts_are_append_only_delete BEFORE DELETE ON acts
     BEGIN SELECT raise(ABORT, 'refused: acts are append-only'); END",
    "CREATE TRIGGER writes_are_append_only_update BEFORE UPDATE ON writes
     BEGIN SELECT raise(ABORT, 'refused: writes are append-only'); END",
    "CREATE TRIGGER writes_are_append_only_delete BEFORE DELETE ON writes
     BEGIN SELECT raise(ABORT, 'refused: writes are append-only'); END",
    // Since triggers look at credit notes, whatever refers to one is looked for when one is written.
    "CREATE INDEX disputes_by_credit_note ON disputes (credit_note_id)",
    // --- what was there before --------------------------------------------------------------------------------
    "INSERT INTO writes (what, id) SELECT 'api_key', id FROM api_keys ORDER BY id",
    "INSERT INTO writes (what, id) SELECT 'payment', id FROM payments ORDER BY id",
    "INSERT INTO writes (what, id, position)
     SELECT 'allocation', payment_id, position FROM allocations ORDER BY payment_id, position",
    "INSERT INTO writes (what, id) SELECT 'credit_note', id FROM credit_notes ORDER BY id",
    "INSERT INTO writes (what, id) SELECT 'posting', id FROM postings ORDER BY id",
    "INSERT INTO writes (what, id) SELECT 'activity', id FROM activities ORDER BY id",
    // --- what comes -------------------------------------------------------------------------------------------
    "CREATE TRIGGER postings_are_sealed AFTER INSERT ON postings
     BEGIN INSERT INTO writes (what, id) VALUES ('posting', NEW.id); END",
    "CREATE TRIGGER activities_are_sealed AFTER INSERT ON activities
     BEGIN INSERT INTO writes (what, id) VALUES ('activity', NEW.id); END",
    // A person who is erased is taken out of the words, and of nothing else.
    "CREATE TRIGGER activities_are_sealed_again AFTER UPDATE ON activities
     BEGIN INSERT INTO writes (what, id) VALUES ('activity', NEW.id); END",
    "CREATE TRIGGER activities_stay BEFORE DELETE ON activities
     BEGIN SELECT raise(ABORT, 'refused: activities are append-only'); END",
    "CREATE TRIGGER payments_are_sealed AFTER INSERT ON payments
     BEGIN INSERT INTO writes (what, id) VALUES ('payment', NEW.id); END",
    "CREATE TRIGGER payments_are_sealed_again AFTER UPDATE ON payments
     BEGIN INSERT INTO writes (what, id) VALUES ('payment', NEW.id); END",
    "CREATE TRIGGER payments_stay BEFORE DELETE ON payments
     BEGIN SELECT raise(ABORT, 'refused: payments are not deleted'); END",
    "CREATE TRIGGER allocations_are_sealed AFTER INSERT ON allocations
     BEGIN INSERT INTO writes (what, id, position) VALUES ('allocation', NEW.payment_id, NEW.position); END",
    "CREATE TRIGGER allocations_are_append_only_update BEFORE UPDATE ON allocations
     BEGIN SELECT raise(ABORT, 'refused: allocations are append-only'); END",
    "CREATE TRIGGER allocations_are_append_only_delete BEFORE DELETE ON allocations
     BEGIN SELECT raise(ABORT, 'refused: allocations are append-only'); END",
    "CREATE TRIGGER credit_notes_are_sealed AFTER INSERT ON credit_notes
     BEGIN INSERT INTO writes (what, id) VALUES ('credit_note', NEW.id); END",
    "CREATE TRIGGER credit_notes_are_sealed_again AFTER UPDATE ON credit_notes
     BEGIN INSERT INTO writes (what, id) VALUES ('credit_note', NEW.id); END",
    "CREATE TRIGGER credit_notes_stay BEFORE DELETE ON credit_notes
     BEGIN SELECT raise(ABORT, 'refused: credit notes are not deleted'); END",
    "CREATE TRIGGER api_keys_are_sealed AFTER INSERT ON api_keys
     BEGIN INSERT INTO writes (what, id) VALUES ('api_key', NEW.id); END",
    "CREATE TRIGGER api_keys_are_sealed_again AFTER UPDATE ON api_keys
     BEGIN INSERT INTO writes (what, id) VALUES ('api_key', NEW.id); END",
    "CREATE TRIGGER api_keys_stay BEFORE DELETE ON api_keys
     BEGIN SELECT raise(ABORT, 'refused: keys are revoked, not deleted'); END",
];

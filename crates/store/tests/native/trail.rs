//! The trail: what the app writes is sealed, and whatever else changes the file is found and named.

#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use crate::ground::now;
use crate::world::{self, World};
use receivables::id::{ApiKeyId, CustomerId};
use rusqlite::Connection;
use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::proof::{Finding, Proof, prove};
use store::trail::TrailHead;
use store::{Act, Db, Moment, StoreError, Tx, activities, keys, trail};

crate::ground::own_ledger!();

/// A ledger with a little of everything that is sealed, as the store's own functions leave it.
fn filled() -> &'static Path {
    let mut world = World::new();
    for number in 0..3 {
        world.invoice(number, 10_000, -10);
    }
    world.credit_note(0, 500, Some(0));
    world.payment(0, 12_500, Some(1));
    world.payment(1, 3_000, None);
    world.refund(1, 1_000);
    world.payment(2, 700, None);
    world.bounce(2);
    world.go_on(1);
    make_key("reader");
    file()
}

fn make_key(name: &str) {
    let moment = Moment::at("2026-01-05T12:00:00Z".parse().unwrap());
    let id = moment.id(ApiKeyId::from_parts).unwrap();
    now(ledger()
        .transaction(async |tx: &Tx<'_>| keys::create(tx, moment, &id, name, "hash", &["read"]).await))
    .unwrap();
}

/// A copy of the ledger as it stands, to be spoiled.
fn copy() -> Connection {
    static COPIES: AtomicUsize = AtomicUsize::new(0);
    let number = COPIES.fetch_add(1, Ordering::Relaxed);
    let copy = file().with_extension(format!("copy{number}"));
    drop(std::fs::remove_file(&copy));
    let connection = Connection::open(file()).unwrap();
    connection
        .execute("VACUUM INTO ?", [copy.to_str().unwrap()])
        .unwrap();
    Connection::open(copy).unwrap()
}

fn proof(connection: &Connection) -> Proof {
    prove(connection, None).unwrap()
}

fn customer() -> CustomerId {
    let id = one(
        &Connection::open(file()).unwrap(),
        "SELECT max(id) FROM customers",
    );
    CustomerId::parse(&id).unwrap()
}

fn one(connection: &Connection, sql: &str) -> String {
    connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn what_the_app_writes_holds() {
    let _turn = world::turn(&LEDGER);
    filled();
    let proof = proof(&copy());
    assert_eq!(proof.findings, Vec::new());
    assert!(
        proof.acts > 5 && proof.rows > 20,
        "{} acts, {} rows",
        proof.acts,
        proof.rows
    );
    let connection = copy();
    for what in [
        "posting",
        "activity",
        "payment",
        "allocation",
        "credit_note",
        "api_key",
    ] {
        let sealed: i64 = connection
            .query_row("SELECT count(*) FROM writes WHERE what = ?", [what], |row| {
                row.get(0)
            })
            .unwrap();
        assert!(sealed > 0, "no {what} was sealed: this shows nothing of it");
    }
}

/// The columns that are sealed are all that a table has: one that is added is sealed too, or the proof is blind to it.
#[test]
fn every_column_of_a_sealed_table_is_sealed() {
    let _turn = world::turn(&LEDGER);
    filled();
    let connection = copy();
    for table in [
        "postings",
        "activities",
        "payments",
        "allocations",
        "credit_notes",
        "api_keys",
    ] {
        let columns: Vec<String> = connection
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .unwrap()
            .query_map([], |row| row.get(0))
            .unwrap()
            .map(Result::unwrap)
            .collect();
        let triggers = dropped(&connection, table);
        for column in columns {
            let spoiled = copy();
            spoiled.execute_batch(&triggers).unwrap();
            spoiled
                .execute_batch("PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON")
                .unwrap();
            let sql = format!(
                "UPDATE {table} SET {column} = iif(typeof({column}) = 'integer', {column} + 7, '7')
                WHERE rowid = (SELECT min(rowid) FROM {table})"
            );
            let sql = match table {
                "allocations" => sql.replace("rowid", "payment_id || position"),
                _ => sql,
            };
            match spoiled.execute(&sql, []) {
                Ok(changed) => assert!(changed > 0, "{table}.{column}"),
                Err(error) => panic!("{table}.{column}: {error}"),
            }
            let named = proof(&spoiled).findings;
            assert!(
                named.iter().any(|finding| finding.table == table),
                "{table}.{column} was changed: {named:?}"
            );
        }
    }
}

/// What drops the triggers of a table, as whoever means to change it would.
fn dropped(connection: &Connection, table: &str) -> String {
    let mut statement = connection
        .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?")
        .unwrap();
    let names = statement
        .query_map([table], |row| row.get::<_, String>(0))
        .unwrap();
    names
        .map(|name| format!("DROP TRIGGER {};", name.unwrap()))
        .collect()
}

/// By table: what is done to it, and what is said of the row.
const TAMPERING: &[(&str, &str, &str)] = &[
    ("postings", "UPDATE postings SET value_on = '2001-01-01' WHERE id = (SELECT min(id) FROM postings)", "is not as act"),
    ("postings", "UPDATE postings SET amount_minor = amount_minor + 1 WHERE id = (SELECT max(id) FROM postings)", "is not as act"),
    ("postings", "DELETE FROM postings WHERE id = (SELECT max(id) FROM postings)", "is gone"),
    (
        "postings",
        "INSERT INTO postings SELECT 'pos_x', customer_id, invoice_id, kind, amount_minor, currency, value_on,
            source_id, posted_at FROM postings LIMIT 1",
        "no act wrote it",
    ),
    ("activities", "UPDATE activities SET detail = 'nothing' WHERE id = (SELECT min(id) FROM activities)", "is not as act"),
    ("activities", "DELETE FROM activities WHERE id = (SELECT min(id) FROM activities)", "is gone"),
    ("payments", "UPDATE payments SET reference = 'another' WHERE id = (SELECT min(id) FROM payments)", "is not as act"),
    ("payments", "UPDATE payments SET received_on = '2001-01-01' WHERE id = (SELECT max(id) FROM payments)", "is not as act"),
    ("allocations", "UPDATE allocations SET why = 'another'", "is not as act"),
    ("allocations", "DELETE FROM allocations", "is gone"),
    ("credit_notes", "UPDATE credit_notes SET number = 'another' WHERE id = (SELECT min(id) FROM credit_notes)", "is not as act"),
    ("api_keys", "UPDATE api_keys SET scopes = '[\"admin\"]'", "is not as act"),
    ("api_keys", "DELETE FROM api_keys", "is gone"),
    ("acts", "UPDATE acts SET who = 'somebody else' WHERE seq = 3", "is not what its hash"),
    ("acts", "UPDATE acts SET at = at + 1 WHERE seq = 2", "is not what its hash"),
    ("acts", "DELETE FROM acts WHERE seq = 4", "is gone"),
    ("acts", "DELETE FROM acts WHERE seq = (SELECT max(seq) FROM acts)", "is gone"),
    ("acts", "UPDATE acts SET seq = -3 WHERE seq = 3; UPDATE acts SET seq = 3 WHERE seq = 4; UPDATE acts SET seq = 4 WHERE seq = -3", "hash"),
    ("writes", "DELETE FROM writes WHERE seq = 5", "is gone"),
    (
        "writes",
        "UPDATE writes SET seq = -5 WHERE seq = 5; UPDATE writes SET seq = 5 WHERE seq = 6; UPDATE writes SET seq = 6 WHERE seq = -5",
        "is not as act",
    ),
];

#[test]
fn a_row_that_is_changed_deleted_inserted_or_moved_is_named() {
    let _turn = world::turn(&LEDGER);
    filled();
    for (table, sql, said) in TAMPERING {
        let spoiled = copy();
        let triggers = dropped(&spoiled, table);
        spoiled.execute_batch("PRAGMA foreign_keys = OFF").unwrap();
        spoiled.execute_batch(&triggers).unwrap();
        spoiled.execute_batch(sql).unwrap();
        let named = proof(&spoiled).findings;
        // Places in the order of writing are the rows' own: what is moved there is named as the row that it was.
        let is_named = |finding: &Finding| {
            (finding.table == *table || *table == "writes") && finding.what.contains(said)
        };
        assert!(named.iter().any(is_named), "{sql}: {named:#?}");
        if !matches!(*table, "acts" | "writes") {
            assert_eq!(
                named[0].table, *table,
                "the first that is named is the row itself: {named:#?}"
            );
            assert!(!named[0].id.is_empty());
        }
    }
}

#[test]
fn what_is_written_past_the_app_stays_named_when_the_app_goes_on() {
    let _turn = world::turn(&LEDGER);
    filled();
    // On the ledger itself, triggers and all, as with a console of SQLite; taken back at the end.
    let beside = Connection::open(file()).unwrap();
    let id = one(&beside, "SELECT min(id) FROM activities");
    let was = one(&beside, "SELECT detail FROM activities ORDER BY id LIMIT 1");
    let change = |to: &str| {
        let changed = beside.execute("UPDATE activities SET detail = ?1 WHERE id = ?2", [to, &id]);
        assert_eq!(changed.unwrap(), 1);
    };
    change("nothing");
    let named = proof(&copy()).findings;
    assert!(
        matches!(named.as_slice(), [one] if one.id == id && one.what.contains("no act seals it")),
        "{named:?}"
    );
    make_key("after");
    let named = proof(&copy()).findings;
    assert!(
        matches!(named.as_slice(), [one] if one.id == id && one.what.contains("was written beside the app")),
        "{named:?}"
    );
    // So that the ledger that the tests share proves again: the last acts go, and what they wrote.
    change(&was);
    beside
        .execute_batch(
            "DROP TRIGGER acts_are_append_only_delete; DROP TRIGGER writes_are_append_only_delete; DROP TRIGGER api_keys_stay;
             DELETE FROM api_keys WHERE name = 'after';
             DELETE FROM writes WHERE seq > (SELECT upto - length(prints) / 16 FROM acts WHERE who = 'nobody');
             DELETE FROM acts WHERE seq >= (SELECT seq FROM acts WHERE who = 'nobody');
             UPDATE sqlite_sequence SET seq = (SELECT max(seq) FROM acts) WHERE name = 'acts'",
        )
        .unwrap();
    assert_eq!(proof(&copy()).findings, Vec::new());
}

/// Whoever takes the last acts, what they wrote and the count of acts with them leaves a ledger that holds; a head that
/// was kept elsewhere says that it is not the one.
#[test]
fn a_tail_that_is_cut_off_without_a_trace_is_found_by_a_kept_head() {
    let _turn = world::turn(&LEDGER);
    filled();
    let head = proof(&copy()).head.unwrap();
    make_key("last");
    let later = proof(&copy()).head.unwrap();
    let cut = copy();
    let triggers = ["acts", "writes", "api_keys"]
        .map(|table| dropped(&cut, table))
        .concat();
    cut.execute_batch(&triggers).unwrap();
    cut.execute_batch(
        "DELETE FROM api_keys WHERE name = 'last'; DELETE FROM writes WHERE seq = (SELECT max(seq) FROM writes);
         DELETE FROM acts WHERE seq = (SELECT max(seq) FROM acts)",
    )
    .unwrap();
    assert_eq!(proof(&cut).findings[0].table, "acts", "the count of acts tells");
    cut.execute_batch("UPDATE sqlite_sequence SET seq = seq - 1 WHERE name = 'acts'")
        .unwrap();
    assert_eq!(proof(&cut).findings, Vec::new(), "nothing in the file tells");
    assert_eq!(
        prove(&cut, Some(&head)).unwrap().findings,
        Vec::new(),
        "an earlier head is still there"
    );
    let named = prove(&cut, Some(&later)).unwrap().findings;
    assert!(
        matches!(named.as_slice(), [one] if one.table == "acts" && one.what.contains("not the one that was kept")),
        "{named:?}"
    );
    let forged = TrailHead {
        act: later.act,
        hash: "0".repeat(64),
    };
    assert_eq!(prove(&copy(), Some(&forged)).unwrap().findings.len(), 1);
}

#[test]
fn an_act_says_who_did_what_when_by_which_request_and_what_it_wrote() {
    let _turn = world::turn(&LEDGER);
    filled();
    let before = now(trail::newest(&ledger())).unwrap();
    let act = Rc::new(RefCell::new(Act {
        at_ms: 1_767_614_400_000,
        who: "key_1".to_owned(),
        what: "POST /v1/customers".to_owned(),
        request: "r1".to_owned(),
        always: true,
    }));
    let db = ledger().signed(Rc::clone(&act));
    let note = activities::Activity {
        customer_id: customer(),
        kind: "note",
        title: "A note".to_owned(),
        detail: String::new(),
        refers_to: None,
    };
    let moment = Moment::at("2026-01-05T12:00:00Z".parse().unwrap());
    let before_note = now(trail::newest(&ledger())).unwrap();
    now(db.transaction(async |tx: &Tx<'_>| activities::record(tx, moment, std::slice::from_ref(&note)).await)).unwrap();
    let (view, wrote) = now(trail::one(&db, before_note.act + 1)).unwrap().unwrap();
    assert_eq!(
        (
            view.at.as_str(),
            view.who.as_str(),
            view.what.as_str(),
            view.request_id.as_str(),
            view.rows
        ),
        ("2026-01-05T12:00:00Z", "key_1", "POST /v1/customers", "r1", 1)
    );
    assert_eq!((wrote.len(), wrote[0].what.as_str()), (1, "activity"));
    let listed = now(trail::list(&db, before.act, 1_000)).unwrap();
    assert_eq!(listed.last().unwrap().hash, view.hash);

    // What changes no sealed row is a person's act all the same; of a job only what it wrote is on record.
    let touch = async |tx: &Tx<'_>| keys::end_session(tx, "none").await;
    now(db.transaction(touch)).unwrap();
    assert_eq!(now(trail::newest(&db)).unwrap().act, view.act + 1);
    act.borrow_mut().always = false;
    now(db.transaction(touch)).unwrap();
    assert_eq!(now(trail::newest(&db)).unwrap().act, view.act + 1);

    // Nothing of what is rolled back.
    let failed: Result<(), StoreError> = now(db.transaction(async |tx: &Tx<'_>| {
        activities::record(tx, moment, std::slice::from_ref(&note)).await?;
        Err(StoreError::Host("no".to_owned()))
    }));
    assert!(failed.is_err());
    assert_eq!(now(trail::newest(&db)).unwrap().act, view.act + 1);
    assert_eq!(proof(&copy()).findings, Vec::new());
}

#[test]
fn writers_at_the_same_time_make_one_chain() {
    let _turn = world::turn(&LEDGER);
    filled();
    let before = proof(&copy());
    std::thread::scope(|scope| {
        for thread in 0..4 {
            scope.spawn(move || {
                for number in 0..10 {
                    make_key(&format!("{thread} {number}"));
                }
            });
        }
    });
    let after = proof(&copy());
    assert_eq!(after.findings, Vec::new());
    assert_eq!((after.acts - before.acts, after.rows - before.rows), (40, 40));
}

/// More than one act holds goes into several, and proves.
#[test]
fn a_transaction_that_writes_much_is_sealed_whole() {
    let _turn = world::turn(&LEDGER);
    filled();
    let note = activities::Activity {
        customer_id: customer(),
        kind: "note",
        title: "A note".to_owned(),
        detail: String::new(),
        refers_to: None,
    };
    let notes = vec![note; 4_500];
    let moment = Moment::at("2026-01-05T12:00:00Z".parse().unwrap());
    let before = proof(&copy());
    let db: Db = ledger();
    now(db.transaction(async |tx: &Tx<'_>| activities::record(tx, moment, &notes).await)).unwrap();
    let after = proof(&copy());
    assert_eq!(after.findings, Vec::new());
    assert_eq!((after.acts - before.acts, after.rows - before.rows), (3, 4_500));
}

//! From every released version's database, with something in each of its tables, to this one's.
//!
//! A database is made as that version made it, filled from its own schema, and opened by the store as a component does.
//! Nothing is lost on the way, every reference and sum holds, what was there is sealed, and the app works on it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use crate::ground::now;
use receivables::id::ApiKeyId;
use rusqlite::Connection;
use rusqlite::types::Value;
use std::collections::BTreeMap;
use store::proof::prove;
use store::{Db, Moment, SCHEMA_VERSION, StoreError, Tx, keys, postings, schema_of, trail};

crate::ground::own_ledger!();

/// Versions whose databases are out there.
const RELEASED: std::ops::RangeInclusive<i64> = 1..=5;

/// Kept by triggers and by the trail, not filled.
const KEPT: &[&str] = &[
    "acts",
    "cases",
    "due_totals",
    "message_totals",
    "risk_queue",
    "schema_migrations",
    "sqlite_sequence",
    "writes",
];

/// What the schema does not say of itself: sums that must add up, and what goes with a status.
const PARTICULARS: &[(&str, &str, Value)] = &[
    ("credit_notes", "applied_minor", Value::Integer(0)),
    ("credit_notes", "voided_on", Value::Null),
    ("instalments", "balance_minor", Value::Integer(0)),
    ("invoices", "balance_minor", Value::Integer(0)),
    ("invoices", "parts", Value::Integer(0)),
    ("payments", "allocated_minor", Value::Integer(100)),
    ("payments", "refunded_minor", Value::Integer(0)),
    ("payments", "reversed_minor", Value::Integer(0)),
    ("payments", "unapplied_minor", Value::Integer(0)),
    ("payouts", "fee_minor", Value::Integer(0)),
    ("webhook_deliveries", "lease", Value::Null),
];

struct Column {
    name: String,
    kind: String,
    nullable: bool,
}

/// A database of that version, with two rows in each of its tables where two can be.
fn made(version: i64) -> Connection {
    for suffix in ["", "-wal", "-shm"] {
        drop(std::fs::remove_file(format!("{}{suffix}", file().display())));
    }
    let connection = Connection::open(file()).unwrap();
    connection
        .execute_batch("PRAGMA journal_mode = WAL; PRAGMA foreign_keys = ON")
        .unwrap();
    for statement in schema_of(version) {
        connection
            .execute(&statement, [])
            .unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
    for (table, sql) in in_order(&connection) {
        for number in 1..=2 {
            fill(&connection, &table, &sql, number);
        }
        assert!(
            count(&connection, &table) > 0,
            "version {version}: {table} is empty"
        );
    }
    connection
}

fn count(connection: &Connection, table: &str) -> i64 {
    connection
        .query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0))
        .unwrap()
}

fn tables(connection: &Connection) -> Vec<(String, String)> {
    let mut statement = connection
        .prepare("SELECT name, sql FROM sqlite_master WHERE type = 'table' ORDER BY rowid")
        .unwrap();
    let tables = statement
        .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap();
    tables
        .map(Result::unwrap)
        .filter(|(name, _): &(String, String)| !KEPT.contains(&name.as_str()))
        .collect()
}

/// Columns that refer to other tables: which, and to what of it.
fn references(connection: &Connection, table: &str) -> BTreeMap<String, (String, String)> {
    let mut statement = connection
        .prepare("SELECT \"from\", \"table\", coalesce(\"to\", 'id') FROM pragma_foreign_key_list(?)")
        .unwrap();
    let found = statement
        .query_map([table], |row| Ok((row.get(0)?, (row.get(1)?, row.get(2)?))))
        .unwrap();
    found.map(Result::unwrap).collect()
}

/// What is referred to comes first.
fn in_order(connection: &Connection) -> Vec<(String, String)> {
    let mut waiting = tables(connection);
    let mut ordered: Vec<(String, String)> = Vec::new();
    while !waiting.is_empty() {
        let ready = waiting.iter().position(|(table, _)| {
            references(connection, table)
                .values()
                .all(|(parent, _)| parent == table || !waiting.iter().any(|(other, _)| other == parent))
        });
        ordered.push(
            waiting.remove(ready.unwrap_or_else(|| panic!("tables that wait for each other: {waiting:?}"))),
        );
    }
    ordered
}

fn fill(connection: &Connection, table: &str, sql: &str, number: i64) {
    let mut statement = connection
        .prepare("SELECT name, type, \"notnull\" = 0 AND pk = 0 FROM pragma_table_xinfo(?) WHERE hidden = 0")
        .unwrap();
    let columns: Vec<Column> = statement
        .query_map([table], |row| {
            Ok(Column {
                name: row.get(0)?,
                kind: row.get(1)?,
                nullable: row.get(2)?,
            })
        })
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let references = references(connection, table);
    let value = |column: &Column| {
        if let Some((.., value)) = PARTICULARS
            .iter()
            .find(|(of, name, _)| *of == table && *name == column.name)
        {
            return value.clone();
        }
        match references.get(&column.name) {
            Some((parent, to)) if parent != table => referred(connection, parent, to, number),
            _ => plausible(table, sql, column, number),
        }
    };
    let full: Vec<Value> = columns.iter().map(value).collect();
    // Where all of it at once contradicts itself, what must be there and no more.
    let bare: Vec<Value> = columns
        .iter()
        .zip(&full)
        .map(|(column, value)| {
            if column.nullable {
                Value::Null
            } else {
                value.clone()
            }
        })
        .collect();
    let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
    let places = vec!["?"; names.len()].join(", ");
    let insert = format!("INSERT INTO {table} ({}) VALUES ({places})", names.join(", "));
    let put = |values: &[Value]| connection.execute(&insert, rusqlite::params_from_iter(values));
    let Err(first) = put(&full) else { return };
    // A table of one row, or of one a customer, has no second.
    match put(&bare) {
        Err(second) if number == 1 => panic!("{table}: {first}; {second}"),
        _ => {}
    }
}

/// Everything is one customer's.
fn referred(connection: &Connection, parent: &str, to: &str, number: i64) -> Value {
    let offset = if parent == "customers" { 0 } else { number - 1 };
    let sql = format!("SELECT {to} FROM {parent} ORDER BY {to} LIMIT 1 OFFSET {offset}");
    connection
        .query_row(&sql, [], |row| row.get(0))
        .unwrap_or(Value::Null)
}

fn plausible(table: &str, sql: &str, column: &Column, number: i64) -> Value {
    let Column { name, kind, .. } = column;
    if let Some(first) = listed(sql, name) {
        return first.parse().map_or(Value::Text(first.clone()), Value::Integer);
    }
    let text = |text: &str| Value::Text(text.to_owned());
    match (kind.as_str(), name.as_str()) {
        ("BLOB", _) => Value::Blob(vec![0]),
        ("INTEGER", name) if name.ends_with("_minor") => Value::Integer(100),
        ("INTEGER", name) if name.ends_with("_at") || matches!(name, "at" | "until") => {
            Value::Integer(1_767_600_000_000 + number)
        }
        ("INTEGER", _) => Value::Integer(number),
        (_, name) if name.ends_with("_on") => text("2026-01-05"),
        (_, "currency") => text("EUR"),
        (_, "country") => text("DE"),
        (_, "rule") => text("{}"),
        (_, name) if sql.contains(&format!("json_valid({name})")) => text("[]"),
        (_, name) => Value::Text(format!("{table}_{name}_{number}")),
    }
}

/// The first of the values that a column may have, where its schema lists them.
fn listed(sql: &str, column: &str) -> Option<String> {
    let (_, after) = sql.split_once(&format!("({column} IN"))?;
    let (_, list) = after.split_once('(')?;
    let first = list.split([',', ')']).next()?;
    Some(first.trim().trim_matches('\'').to_owned())
}

/// What is there of each table, as it was there before: rows by their columns of then.
fn rows(connection: &Connection, table: &str, columns: &str) -> Vec<Vec<Value>> {
    let mut statement = connection
        .prepare(&format!("SELECT {columns} FROM {table}"))
        .unwrap();
    let width = statement.column_count();
    let rows = statement
        .query_map([], |row| (0..width).map(|place| row.get(place)).collect())
        .unwrap();
    rows.map(Result::unwrap).collect()
}

/// Opens the ledger as a component's first request does.
fn opened() -> Result<(), StoreError> {
    // A thread of its own: an instance keeps its connections and knows that it has looked.
    let open = || {
        file();
        now(Db::open()).map(drop)
    };
    std::thread::spawn(open).join().unwrap()
}

/// The app goes on: it writes, and what it writes is sealed after what was there.
fn works() {
    let work = || {
        let db = ledger();
        assert_eq!(now(postings::drift(&db)).unwrap().len(), 0);
        let before = now(trail::newest(&db)).unwrap().act;
        let moment = Moment::at("2026-02-01T12:00:00Z".parse().unwrap());
        now(db.transaction(async |tx: &Tx<'_>| {
            let key = moment.id(ApiKeyId::from_parts)?;
            keys::create(tx, moment, &key, "After", "hash", &["read"]).await
        }))
        .unwrap();
        assert_eq!(now(trail::newest(&db)).unwrap().act, before + 1);
    };
    std::thread::spawn(work).join().unwrap();
}

#[test]
fn a_ledger_of_each_released_version_is_brought_up_to_date_with_all_that_is_in_it() {
    assert_eq!(
        SCHEMA_VERSION,
        RELEASED.end() + 1,
        "a version that is released belongs on the list"
    );
    for version in RELEASED {
        let connection = made(version);
        // Money that came in and documents stay as they were, column by column.
        let stay = [
            "postings",
            "payments",
            "allocations",
            "credit_notes",
            "activities",
            "api_keys",
            "customers",
        ];
        let before = stay.map(|table| {
            let columns = columns(&connection, table);
            (table, columns.clone(), rows(&connection, table, &columns))
        });
        let counts: Vec<(String, i64)> = tables(&connection)
            .into_iter()
            .map(|(table, _)| (table.clone(), count(&connection, &table)))
            .collect();

        // Cut off in the middle: nothing of the migration that fails is left, and those before it stay.
        connection
            .execute_batch("CREATE TABLE acts (in_the_way TEXT)")
            .unwrap();
        assert!(opened().is_err(), "version {version}");
        assert_eq!(
            reached(&connection),
            SCHEMA_VERSION - 1,
            "all but the one that failed"
        );
        assert_eq!(
            count(&connection, "sqlite_master WHERE name = 'writes'"),
            0,
            "and nothing of that one"
        );
        connection.execute_batch("DROP TABLE acts").unwrap();

        opened().unwrap_or_else(|error| panic!("version {version}: {error}"));
        assert_eq!(reached(&connection), SCHEMA_VERSION);
        for (table, columns, was) in before {
            assert_eq!(
                rows(&connection, table, &columns),
                was,
                "version {version}: {table}"
            );
        }
        for (table, was) in counts {
            assert!(
                count(&connection, &table) >= was,
                "version {version}: {table} lost rows"
            );
        }
        let proof = prove(&connection, None).unwrap();
        assert_eq!(proof.findings, Vec::new(), "version {version}");
        assert!(proof.rows >= 10, "version {version}: {} rows", proof.rows);
        works();
        assert_eq!(
            prove(&connection, None).unwrap().findings,
            Vec::new(),
            "version {version}"
        );
    }

    // A version from tomorrow is refused in words.
    let connection = Connection::open(file()).unwrap();
    connection
        .execute_batch("INSERT INTO schema_migrations (version, name) VALUES (999, 'tomorrow')")
        .unwrap();
    let refused = opened().unwrap_err().to_string();
    assert_eq!(
        refused,
        format!("the database has schema 999, this app knows {SCHEMA_VERSION}")
    );
}

fn reached(connection: &Connection) -> i64 {
    connection
        .query_row("SELECT max(version) FROM schema_migrations", [], |row| row.get(0))
        .unwrap()
}

fn columns(connection: &Connection, table: &str) -> String {
    let mut statement = connection
        .prepare("SELECT name FROM pragma_table_info(?)")
        .unwrap();
    let names = statement
        .query_map([table], |row| row.get::<_, String>(0))
        .unwrap();
    names.map(Result::unwrap).collect::<Vec<_>>().join(", ")
}

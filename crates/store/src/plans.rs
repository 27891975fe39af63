//! Every statement's query plan, read from SQLite itself: a full scan of a table that grows fails.

use crate::{
    accounts, activities, agreements, approvals, bank, billing, chargebacks, charges, checkouts,
    credit_notes, customers, delivery, disputes, documents, drift, dues, dunning, endpoints, events,
    hand_overs, holds, idempotency, inbound, instalment_plans, invoices, journal, keys, links, mailbox,
    mappings, migrations, orders, overdue, payments, policies, postings, progress, promises, rates, refunds,
    rejects, risk, suppressions, suspensions, tasks, tokens, views, write_offs,
};
use rusqlite::Connection;

/// Statements that read a whole table on purpose, with the reason.
const WHOLE_TABLE: &[(&str, &str)] = &[
    (
        "BOOK",
        "a few policies, pools and days of rest, all of which may decide",
    ),
    ("POOLS", "all pools, in their order"),
    ("NAMES", "one row per version of a policy"),
    ("CLEAR_POOLS", "all pools are replaced"),
    ("TOUCH", "a new policy may concern every case"),
    ("ADDED", "the rates that an administrator has added: two a year"),
    ("DRIFT", "the proof of the whole ledger"),
    ("DUE_TOTALS", "one row per distinct due date: a few hundred"),
    (
        "ON_ACCOUNT",
        "a partial index that holds the few cases with something on account",
    ),
    (
        "TURNED",
        "what turned in this transaction: nothing is left between two",
    ),
    (
        "ZONES",
        "one step a time zone: an index leads from each to the next",
    ),
    ("TOTALS", "one row per status: nine"),
    (
        "STATEMENT_ENDS",
        "one row per bank statement: some hundreds a year",
    ),
];

fn statements() -> Vec<(&'static str, &'static str)> {
    let mut all = [
        activities::ALL,
        agreements::ALL,
        chargebacks::ALL,
        checkouts::ALL,
        credit_notes::ALL,
        customers::ALL,
        documents::ALL,
        dues::ALL,
        events::ALL,
        idempotency::ALL,
        keys::ALL,
        links::ALL,
        mailbox::ALL,
        mappings::ALL,
        policies::ALL,
        postings::ALL,
        progress::ALL,
        rates::ALL,
        refunds::ALL,
        rejects::ALL,
        risk::ALL,
        suppressions::ALL,
    ]
    .concat();
    all.extend(
        [
            accounts::ALL,
            approvals::ALL,
            hand_overs::ALL,
            holds::ALL,
            drift::ALL,
            journal::ALL,
            orders::ALL,
            overdue::ALL,
            suspensions::ALL,
            tasks::ALL,
            tokens::ALL,
            write_offs::ALL,
        ]
        .concat(),
    );
    all.extend(billing::statements());
    all.extend(inbound::statements());
    all.extend(invoices::statements());
    all.extend(bank::all_statements());
    all.extend(charges::statements());
    all.extend(delivery::statements());
    all.extend(disputes::statements());
    all.extend(instalment_plans::statements());
    all.extend(promises::statements());
    all.extend(dunning::statements());
    all.extend(endpoints::statements());
    all.extend(payments::statements());
    all.extend(views::statements());
    all
}

fn migrated() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    for statement in migrations::all_statements() {
        connection
            .execute(statement, [])
            .unwrap_or_else(|error| panic!("{error}: {statement}"));
    }
    connection
}

fn scans(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let wanted = statement.parameter_count();
    let parameters = rusqlite::params_from_iter(std::iter::repeat_n("", wanted));
    let details = statement
        .query_map(parameters, |row| row.get::<_, String>(3))
        .unwrap();
    details
        .map(Result::unwrap)
        .filter(|detail| detail.starts_with("SCAN "))
        .filter(|detail| !detail.contains("VIRTUAL TABLE") && !detail.contains("CONSTANT ROW"))
        // A named subquery: what it reads has a line of its own.
        .filter(|detail| !detail.starts_with("SCAN ("))
        .collect()
}

#[test]
fn no_statement_scans_a_table_that_grows() {
    let connection = migrated();
    let mut found = Vec::new();
    for (name, sql) in statements() {
        let scans = scans(&connection, sql);
        if !scans.is_empty() && !WHOLE_TABLE.iter().any(|(allowed, _)| *allowed == name) {
            found.push(format!("{name}: {scans:?}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_check_finds_a_scan() {
    let connection = migrated();
    assert!(!scans(&connection, "SELECT * FROM invoices WHERE total_minor = ?").is_empty());
    assert!(scans(&connection, "SELECT * FROM invoices WHERE number = ?").is_empty());
}

#[test]
fn every_whole_table_exception_is_a_statement() {
    for (name, reason) in WHOLE_TABLE {
        assert!(
            statements().iter().any(|(statement, _)| statement == name),
            "{name}: {reason}"
        );
    }
}

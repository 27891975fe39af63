//! Every statement's query plan, read from SQLite itself: a full scan of a table that grows fails.

use crate::{
    accounts, activities, agreements, approvals, attempts, bank, billing, chargebacks, charges, checkouts,
    contacts, credit_notes, customers, delivery, disputes, document_requests, documents, drafts, drift, dues,
    dunning, endpoints, events, hand_overs, holds, idempotency, inbound, instalment_plans, invoices, journal,
    keys, law, letters, links, mailbox, mappings, migrations, notices, orders, overdue, payments, personal,
    policies, postings, progress, promises, rates, refunds, rejects, risk, suppressions, suspensions, tasks,
    telephone, templates, tokens, trail, unsubscribes, views, voice, write_offs,
};
use rusqlite::Connection;

/// Statements that read a whole table on purpose, with the reason.
const WHOLE_TABLE: &[(&str, &str)] = &[
    (
        "BOOK",
        "a few policies, pools and days of rest, all of which may decide",
    ),
    ("POOLS", "all pools, in their order"),
    ("RAW_EVENTS", "once a person, at its request"),
    ("ANSWERS", "once a person, at its request"),
    ("REJECTS", "once a person, at its request"),
    (
        "OWN_WORDS",
        "every version of a deployment's own words: some dozens",
    ),
    ("TONES", "a row a template"),
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
    (
        "FOR_PEOPLE",
        "a partial index that holds what people have yet to decide on",
    ),
];

/// Columns whose values many rows have in common. SQLite has no statistics here and takes an index that begins with one
/// of them for as good as any; a `+` before the column, or an index by its name, says otherwise.
const SHARED: &[&str] = &["status", "source", "provider", "currency", "kind"];

/// Statements that read all rows with one such value on purpose, with the reason.
const CROWDS: &[(&str, &str)] = &[
    ("FIND", "the key of the table is that column alone"),
    ("PAUSED", "the key of the table is that column alone"),
    ("DRIFT", "the proof of the whole ledger"),
    (
        "OWED",
        "all that is open in a currency is what bank lines are matched against",
    ),
    ("RAN_OUT", "requests that wait for a decision: a few"),
    ("OPEN", "remittance advices whose money has not come: a few"),
    ("USED_FOR", "remittance advices whose money has not come: a few"),
    ("AWAITED", "payouts whose money has not come: a few"),
    ("CAME", "bank lines that wait: what people have yet to look at"),
    ("HELD", "bank lines that wait"),
    ("UNMATCHED", "bank lines that wait"),
    ("AGAIN", "bank lines that wait; endpoints that are enabled: a few"),
    (
        "NOT_PAID_OUT",
        "one row is enough to know that a provider tells of its payouts",
    ),
    ("BEHIND", "endpoints that are enabled: a few"),
    ("DUE", "endpoints that are enabled: a few"),
    ("ANY_DUE", "endpoints that are enabled: a few"),
];

fn statements() -> Vec<(&'static str, &'static str)> {
    let mut all = [
        activities::ALL,
        agreements::ALL,
        chargebacks::ALL,
        checkouts::ALL,
        contacts::ALL,
        credit_notes::ALL,
        customers::ALL,
        document_requests::ALL,
        documents::ALL,
        dues::ALL,
        events::ALL,
        idempotency::ALL,
        keys::ALL,
        letters::ALL,
        links::ALL,
        mailbox::ALL,
        mappings::ALL,
        policies::ALL,
        postings::ALL,
        progress::ALL,
        promises::ALL,
        rates::ALL,
        refunds::ALL,
        rejects::ALL,
        risk::ALL,
        suppressions::ALL,
        templates::ALL,
    ]
    .concat();
    all.extend(
        [
            accounts::ALL,
            approvals::ALL,
            attempts::ALL,
            hand_overs::ALL,
            holds::ALL,
            drafts::ALL,
            drift::ALL,
            journal::ALL,
            orders::ALL,
            overdue::ALL,
            suspensions::ALL,
            tasks::ALL,
            telephone::ALL,
            tokens::ALL,
            trail::ALL,
            unsubscribes::ALL,
            voice::ALL,
            write_offs::ALL,
        ]
        .concat(),
    );
    all.extend(billing::statements());
    all.extend(inbound::statements());
    all.extend(invoices::statements());
    all.extend(notices::statements());
    all.extend(bank::all_statements());
    all.extend(charges::statements());
    all.extend(delivery::statements());
    all.extend(disputes::statements());
    all.extend(instalment_plans::statements());
    all.extend(dunning::statements());
    all.extend(endpoints::statements());
    all.extend(payments::statements());
    all.extend(law::statements());
    all.extend(personal::statements());
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

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
    let wanted = statement.parameter_count();
    let parameters = rusqlite::params_from_iter(std::iter::repeat_n("", wanted));
    let details = statement
        .query_map(parameters, |row| row.get::<_, String>(3))
        .unwrap();
    details.map(Result::unwrap).collect()
}

fn scans(connection: &Connection, sql: &str) -> Vec<String> {
    let mut scans = plan(connection, sql);
    scans.retain(|detail| {
        detail.starts_with("SCAN ")
            && !detail.contains("VIRTUAL TABLE")
            && !detail.contains("CONSTANT ROW")
            // A named subquery: what it reads has a line of its own.
            && !detail.starts_with("SCAN (")
    });
    scans
}

/// What is searched for by nothing but what many rows share, which is a scan by another name.
fn crowds(connection: &Connection, sql: &str) -> Vec<String> {
    let mut crowds = plan(connection, sql);
    crowds.retain(|detail| {
        detail.starts_with("SEARCH ")
            && SHARED
                .iter()
                .any(|column| detail.contains(&format!("({column}=?)")))
    });
    crowds
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
fn no_statement_reads_all_that_share_a_status() {
    let connection = migrated();
    let mut found = Vec::new();
    for (name, sql) in statements() {
        let crowds = crowds(&connection, sql);
        if !crowds.is_empty() && !CROWDS.iter().any(|(allowed, _)| *allowed == name) {
            found.push(format!("{name}: {crowds:?}"));
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_check_finds_a_crowd() {
    let connection = migrated();
    let read = |condition: &str| {
        let sql = format!("SELECT id FROM promises WHERE {condition}");
        !crowds(&connection, &sql).is_empty()
    };
    assert!(read("status = ?"));
    assert!(!read("id = ? AND status = ?"));
    assert!(!read("customer_id = ? AND +status = ?"));
}

#[test]
fn the_check_finds_a_scan() {
    let connection = migrated();
    assert!(!scans(&connection, "SELECT * FROM invoices WHERE total_minor = ?").is_empty());
    assert!(scans(&connection, "SELECT * FROM invoices WHERE number = ?").is_empty());
}

#[test]
fn every_exception_is_a_statement() {
    for (name, reason) in WHOLE_TABLE.iter().chain(CROWDS) {
        assert!(
            statements().iter().any(|(statement, _)| statement == name),
            "{name}: {reason}"
        );
    }
}

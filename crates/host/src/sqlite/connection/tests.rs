use super::*;
use crate::limits::KEPT_CONNECTIONS;
use std::time::Duration;

struct Fixture(tempfile::TempDir);

fn fixture() -> Fixture {
    Fixture(tempfile::tempdir().unwrap())
}

impl Fixture {
    fn file(&self) -> File {
        File::new(self.0.path().join("test.db"))
    }

    fn open(&self) -> Lazy {
        Lazy::new(self.file())
    }
}

async fn run(connection: &Lazy, sql: &str) -> Result<QueryResult, String> {
    connection
        .clone()
        .execute(sql.to_owned(), vec![])
        .await
        .map_err(|error| error.to_string())
}

/// Reads the rows, then the result, as the SDK's `collect` does.
async fn collect(connection: &Lazy, sql: &str) -> (Vec<String>, usize, Result<(), String>) {
    let mut streaming = connection.clone().stream(sql.to_owned(), vec![]).await.unwrap();
    let mut rows = 0;
    while streaming.rows.recv().await.is_some() {
        rows += 1;
    }
    (
        streaming.columns,
        rows,
        streaming.result.await.unwrap().map_err(|error| error.to_string()),
    )
}

const MANY: &str = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT i FROM n";

#[tokio::test]
async fn pragmas_are_those_of_the_bundled_library() {
    let fixture = fixture();
    let connection = fixture.open();
    for (pragma, expected) in [
        ("journal_mode", "delete"),
        ("synchronous", "2"),
        ("foreign_keys", "1"),
        ("busy_timeout", "5000"),
    ] {
        let found = run(&connection, &format!("PRAGMA {pragma}")).await.unwrap();
        let value = match &found.rows[0].values[0] {
            Value::Text(text) => text.clone(),
            Value::Integer(integer) => integer.to_string(),
            other => panic!("{other:?}"),
        };
        assert_eq!(value, expected, "{pragma}");
    }
}

#[tokio::test]
async fn only_the_first_statement_runs() {
    let fixture = fixture();
    let connection = fixture.open();
    run(&connection, "CREATE TABLE a (x); CREATE TABLE b (x)")
        .await
        .unwrap();
    assert!(run(&connection, "SELECT * FROM a").await.is_ok());
    assert!(
        run(&connection, "SELECT * FROM b")
            .await
            .unwrap_err()
            .contains("no such table")
    );
}

#[tokio::test]
async fn values_come_back_as_they_went_in() {
    let fixture = fixture();
    let connection = fixture.open();
    let values = vec![
        Value::Null,
        Value::Integer(i64::MIN),
        Value::Real(0.5),
        Value::Text("ä'\"".to_owned()),
        Value::Blob(vec![0, 255]),
    ];
    let found = connection
        .execute("SELECT ?, ?, ?, ?, ?".to_owned(), values.clone())
        .await
        .unwrap();
    assert_eq!(format!("{:?}", found.rows[0].values), format!("{values:?}"));
}

#[tokio::test]
async fn errors_of_the_streaming_call_come_last() {
    let fixture = fixture();
    let connection = fixture.open();
    run(&connection, "CREATE TABLE t (x INTEGER PRIMARY KEY)")
        .await
        .unwrap();
    run(&connection, "INSERT INTO t VALUES (1)").await.unwrap();
    for (sql, columns, rows, message) in [
        ("SELECT x FROM t", 1, 1, None),
        ("INSERT INTO t VALUES (1)", 0, 0, Some("UNIQUE constraint failed")),
        ("SELEC", 0, 0, Some("syntax error")),
        (
            "SELECT 1 UNION ALL SELECT abs(-9223372036854775808)",
            1,
            1,
            Some("integer overflow"),
        ),
    ] {
        let (found_columns, found_rows, result) = collect(&connection, sql).await;
        assert_eq!((found_columns.len(), found_rows), (columns, rows), "{sql}");
        match message {
            None => assert_eq!(result, Ok(()), "{sql}"),
            Some(message) => assert!(result.unwrap_err().contains(message), "{sql}"),
        }
    }
}

#[tokio::test]
async fn unread_rows_keep_the_connection_locked() {
    let fixture = fixture();
    let connection = fixture.open();
    let mut unread = connection.clone().stream(MANY.to_owned(), vec![]).await.unwrap();
    let second = tokio::spawn({
        let connection = connection.clone();
        async move { run(&connection, "SELECT 1").await }
    });
    // Another connection goes on meanwhile, which also shows that the second call had its turn to block.
    run(&fixture.open(), "SELECT 1").await.unwrap();
    assert!(!second.is_finished());
    let mut rows = 0;
    while unread.rows.recv().await.is_some() {
        rows += 1;
    }
    assert_eq!(rows, 50);
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_statement_that_has_become_quick_keeps_its_semantics() {
    let fixture = fixture();
    let connection = fixture.open();
    run(&connection, "CREATE TABLE t (x INTEGER PRIMARY KEY)")
        .await
        .unwrap();
    // Reads as often as it takes to be trusted, with few rows; then with more than the stream holds.
    let select = "SELECT x FROM t";
    for _ in 0..20 {
        assert_eq!(
            collect(&connection, select).await,
            (vec!["x".to_owned()], 0, Ok(()))
        );
    }
    run(&connection, &format!("INSERT INTO t {MANY}")).await.unwrap();
    let mut unread = connection
        .clone()
        .stream(select.to_owned(), vec![])
        .await
        .unwrap();
    let second = tokio::spawn({
        let connection = connection.clone();
        async move { run(&connection, "SELECT 1").await }
    });
    run(&fixture.open(), "SELECT 1").await.unwrap();
    assert!(!second.is_finished());
    let mut rows = 0;
    while unread.rows.recv().await.is_some() {
        rows += 1;
    }
    assert_eq!((rows, unread.result.await.unwrap().is_ok()), (50, true));
    assert!(second.await.unwrap().is_ok());
    // And an error still comes last.
    run(&connection, "BEGIN IMMEDIATE").await.unwrap();
    let insert = "INSERT INTO t SELECT max(x) + 1 FROM t WHERE (SELECT count(*) FROM t) < 70 UNION ALL SELECT 1 \
                  FROM t WHERE x = 70";
    for _ in 0..20 {
        assert_eq!(collect(&connection, insert).await, (vec![], 0, Ok(())));
    }
    let (columns, rows, result) = collect(&connection, insert).await;
    assert_eq!((columns.len(), rows), (0, 0));
    assert!(result.unwrap_err().contains("constraint failed"));
}

#[tokio::test]
async fn abandoned_rows_give_the_connection_back() {
    let fixture = fixture();
    let connection = fixture.open();
    drop(connection.clone().stream(MANY.to_owned(), vec![]).await.unwrap());
    assert!(run(&connection, "SELECT 1").await.is_ok());
}

#[tokio::test]
async fn a_dropped_connection_rolls_back() {
    let fixture = fixture();
    let (first, second) = (fixture.open(), fixture.open());
    run(&first, "CREATE TABLE t (x)").await.unwrap();
    run(&first, "BEGIN IMMEDIATE").await.unwrap();
    run(&first, "INSERT INTO t VALUES (1)").await.unwrap();
    assert_eq!(first.clone().changes().await.unwrap(), 1);
    assert_eq!(first.clone().last_insert_rowid().await.unwrap(), 1);
    drop(first);
    assert_eq!(run(&second, "SELECT * FROM t").await.unwrap().rows.len(), 0);
}

#[tokio::test]
async fn writers_take_turns_in_the_order_they_came() {
    let fixture = fixture();
    let file = fixture.file();
    let [first, second, third] = [0; 3].map(|_| Lazy::new(file.clone()));
    for connection in [&first, &second, &third] {
        run(connection, "SELECT 1").await.unwrap();
    }
    let begin = |connection: &Lazy| {
        let connection = connection.clone();
        Box::pin(async move { run(&connection, "begin immediate").await })
    };
    begin(&first).await.unwrap();
    let (mut next, mut last) = (begin(&second), begin(&third));
    assert!(futures::poll!(&mut next).is_pending());
    assert!(futures::poll!(&mut last).is_pending());
    // One whose turn it is does not wait for itself.
    assert!(begin(&first).await.unwrap_err().contains("within a transaction"));
    run(&first, "ROLLBACK").await.unwrap();
    next.await.unwrap();
    assert!(futures::poll!(&mut last).is_pending());
    // One that goes without an end gives its turn back.
    drop(second);
    last.await.unwrap();
}

#[tokio::test]
async fn whose_turn_does_not_come_finds_the_database_locked() {
    let fixture = fixture();
    let file = File {
        patience: Duration::from_millis(20),
        ..fixture.file()
    };
    let [first, second] = [0; 2].map(|_| Lazy::new(file.clone()));
    run(&first, "BEGIN IMMEDIATE").await.unwrap();
    assert_eq!(
        run(&second, "BEGIN IMMEDIATE").await.unwrap_err(),
        "Error::Io(\"database is locked\")"
    );
    let (columns, rows, result) = collect(&second, "BEGIN IMMEDIATE").await;
    assert_eq!((columns.len(), rows), (0, 0));
    assert!(result.unwrap_err().contains("database is locked"));
    run(&first, "COMMIT").await.unwrap();
    run(&second, "BEGIN IMMEDIATE").await.unwrap();
}

/// The test has one thread: were it to wait for the lock, nobody could give the lock back.
#[tokio::test]
async fn a_quick_statement_that_has_to_wait_for_a_lock_lets_others_run() {
    let fixture = fixture();
    let connection = fixture.open();
    while !connection.file.pace.is_quick("BEGIN IMMEDIATE", 0) {
        assert!(collect(&connection, "BEGIN IMMEDIATE").await.2.is_ok());
        run(&connection, "COMMIT").await.unwrap();
    }
    let other = rusqlite::Connection::open(fixture.0.path().join("test.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let release = async {
        tokio::task::yield_now().await;
        other.execute_batch("COMMIT").unwrap();
    };
    let ((_, _, begun), ()) = tokio::join!(collect(&connection, "BEGIN IMMEDIATE"), release);
    begun.unwrap();
    run(&connection, "COMMIT").await.unwrap();
    // Others that may have to wait are as patient as ever.
    assert_eq!(integer(&connection, "PRAGMA busy_timeout").await, 5000);
}

#[test]
fn what_begins_to_write() {
    for (statement, begins) in [
        ("BEGIN IMMEDIATE", true),
        (" begin\n exclusive transaction", true),
        ("BEGIN IMMEDIATE;", true),
        ("BEGIN", false),
        ("BEGIN DEFERRED", false),
        ("INSERT INTO immediate VALUES (1)", false),
    ] {
        assert_eq!(begins_to_write(statement), begins, "{statement}");
    }
}

#[tokio::test]
async fn files_cannot_be_attached() {
    let fixture = fixture();
    let connection = fixture.open();
    assert!(
        run(&connection, "ATTACH 'other.db' AS other")
            .await
            .unwrap_err()
            .contains("not authorized")
    );
    assert!(
        run(&connection, "VACUUM INTO 'other.db'")
            .await
            .unwrap_err()
            .contains("authorization denied")
    );
    assert!(run(&connection, "ATTACH ':memory:' AS other").await.is_ok());
}

async fn integer(connection: &Lazy, sql: &str) -> i64 {
    match run(connection, sql).await.unwrap().rows[0].values[0] {
        Value::Integer(integer) => integer,
        ref other => panic!("{other:?}"),
    }
}

/// A table whose temporary twin tells one connection from another, and what a component may leave behind.
#[tokio::test]
async fn a_connection_is_as_good_as_new_whatever_an_earlier_one_was_left_with() {
    let fixture = fixture();
    let file = fixture.file();
    run(&Lazy::new(file.clone()), "CREATE TABLE t (x)").await.unwrap();
    for left in [
        "INSERT INTO t VALUES (1) RETURNING x",
        "PRAGMA foreign_keys = OFF",
        "PRAGMA cache_size = -8192",
        "PRAGMA recursive_triggers = ON",
        "CREATE TEMP TABLE t (y)",
        "CREATE TEMP VIEW t AS SELECT 1 AS y",
        "ATTACH ':memory:' AS beside",
        "BEGIN IMMEDIATE",
        "SAVEPOINT half",
    ] {
        let used = Lazy::new(file.clone());
        run(&used, left).await.unwrap();
        drop(used);
        let fresh = Lazy::new(file.clone());
        assert_eq!(fresh.clone().changes().await.unwrap(), 0, "{left}");
        assert_eq!(fresh.clone().last_insert_rowid().await.unwrap(), 0, "{left}");
        for (pragma, value) in [
            ("foreign_keys", 1),
            ("cache_size", -2000),
            ("recursive_triggers", 0),
        ] {
            assert_eq!(
                integer(&fresh, &format!("PRAGMA {pragma}")).await,
                value,
                "{left}: {pragma}"
            );
        }
        assert_eq!(
            integer(&fresh, "SELECT count(*) FROM pragma_database_list").await,
            1,
            "{left}"
        );
        assert!(run(&fresh, "SELECT x FROM t").await.is_ok(), "{left}");
        // Nothing holds the lock, and no transaction is open.
        run(&fresh, "BEGIN IMMEDIATE").await.unwrap();
        run(&fresh, "ROLLBACK").await.unwrap();
    }
}

#[tokio::test]
async fn closed_connections_are_kept_within_bounds_and_used_again() {
    let fixture = fixture();
    let file = fixture.file();
    let some: Vec<Lazy> = (0..KEPT_CONNECTIONS + 2)
        .map(|_| Lazy::new(file.clone()))
        .collect();
    for connection in &some {
        run(connection, "SELECT 1").await.unwrap();
    }
    assert_eq!(file.idle.count(), 0);
    drop(some);
    assert_eq!(file.idle.count(), KEPT_CONNECTIONS);
    let again = Lazy::new(file.clone());
    run(&again, "SELECT 1").await.unwrap();
    assert_eq!(file.idle.count(), KEPT_CONNECTIONS - 1);
    assert_eq!(file.for_component().idle.count(), 0, "each component has its own");
}

//! One SQLite connection: opened late, used by one call at a time, its rows handed out as they come.

use crate::bindings::sqlite::{Error, QueryResult, RowResult, Value};
use crate::limits::{RESULT_BYTES, STREAMED_ITEMS};
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// A connection that opens its file at the first use.
#[derive(Clone)]
pub(super) struct Lazy {
    file: PathBuf,
    connection: Arc<OnceLock<Mutex<rusqlite::Connection>>>,
}

/// Rows under way: the columns first, the rows as they come, and in the end whether all went well.
pub(super) struct Streaming {
    pub(super) columns: Vec<String>,
    pub(super) rows: mpsc::Receiver<RowResult>,
    pub(super) result: oneshot::Receiver<Result<(), Error>>,
}

impl Lazy {
    /// A connection to `file`.
    pub(super) fn new(file: PathBuf) -> Self {
        Self {
            file,
            connection: Arc::default(),
        }
    }

    /// The connection, opened by now.
    async fn opened(&self) -> Result<Opened, Error> {
        if self.connection.get().is_none() {
            let file = self.file.clone();
            let connection = blocking(move || open_file(&file)).await?;
            // Where two first calls race, the connection that comes second is closed again.
            drop(self.connection.set(Mutex::new(connection)));
        }
        Ok(Opened(Arc::clone(&self.connection)))
    }

    /// Runs a statement and gathers its rows.
    pub(super) async fn execute(
        self,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let opened = self.opened().await?;
        blocking(move || buffered(&*opened.lock()?, &statement, parameters)).await
    }

    /// Runs a statement; its rows are read while it steps.
    pub(super) async fn stream(self, statement: String, parameters: Vec<Value>) -> Result<Streaming, Error> {
        let opened = self.opened().await?;
        let (columns_sender, columns) = oneshot::channel();
        let (rows_sender, rows) = mpsc::channel(STREAMED_ITEMS);
        let (result_sender, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let outcome = opened.lock().and_then(|connection| {
                step_through(&connection, &statement, parameters, columns_sender, &rows_sender)
            });
            // The rows end before the result is there, which is the order in which a component reads them.
            drop(rows_sender);
            // A component that went away does not want to know.
            drop(result_sender.send(outcome));
        });
        // Where preparing failed there are no columns, and the error waits in the result.
        Ok(Streaming {
            columns: columns.await.unwrap_or_default(),
            rows,
            result,
        })
    }

    /// As SQLite's function of that name.
    pub(super) async fn last_insert_rowid(self) -> Result<i64, Error> {
        let opened = self.opened().await?;
        blocking(move || Ok(opened.lock()?.last_insert_rowid())).await
    }

    /// As SQLite's function of that name.
    pub(super) async fn changes(self) -> Result<u64, Error> {
        let opened = self.opened().await?;
        blocking(move || Ok(opened.lock()?.changes())).await
    }
}

struct Opened(Arc<OnceLock<Mutex<rusqlite::Connection>>>);

impl Opened {
    /// Waits until no other call uses the connection. Blocks.
    fn lock(&self) -> Result<MutexGuard<'_, rusqlite::Connection>, Error> {
        let connection = self.0.get().ok_or(Error::InvalidConnection)?;
        // A panic while it was held cannot have left SQLite's own state half changed.
        Ok(connection.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Io(error.to_string()))?
}

fn open_file(file: &Path) -> Result<rusqlite::Connection, Error> {
    let connection = rusqlite::Connection::open(file).map_err(io)?;
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => Authorization::Deny,
        _ => Authorization::Allow,
    }));
    Ok(connection)
}

fn buffered(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: Vec<Value>,
) -> Result<QueryResult, Error> {
    let mut statement = connection.prepare_cached(statement).map_err(io)?;
    let columns = column_names(&statement);
    let width = columns.len();
    let mut bytes = 0_usize;
    let mut rows = statement.query(bind(parameters)).map_err(io)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(io)? {
        let row = convert(row, width)?;
        bytes = bytes.saturating_add(size(&row));
        check_size(bytes)?;
        found.push(row);
    }
    Ok(QueryResult { columns, rows: found })
}

fn step_through(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: Vec<Value>,
    columns_sender: oneshot::Sender<Vec<String>>,
    rows_sender: &mpsc::Sender<RowResult>,
) -> Result<(), Error> {
    let mut statement = connection.prepare_cached(statement).map_err(io)?;
    let columns = column_names(&statement);
    let width = columns.len();
    columns_sender
        .send(columns)
        .map_err(|_| Error::Io("nobody waits for the columns".to_owned()))?;
    let mut rows = statement.query(bind(parameters)).map_err(io)?;
    while let Some(row) = rows.next().map_err(io)? {
        let row = convert(row, width)?;
        check_size(size(&row))?;
        rows_sender
            .blocking_send(row)
            .map_err(|_| Error::Io("nobody reads the rows".to_owned()))?;
    }
    Ok(())
}

fn column_names(statement: &rusqlite::Statement<'_>) -> Vec<String> {
    statement.column_names().into_iter().map(str::to_owned).collect()
}

fn bind(parameters: Vec<Value>) -> impl rusqlite::Params {
    use rusqlite::types::Value as Sql;
    rusqlite::params_from_iter(parameters.into_iter().map(|value| match value {
        Value::Null => Sql::Null,
        Value::Integer(integer) => Sql::Integer(integer),
        Value::Real(real) => Sql::Real(real),
        Value::Text(text) => Sql::Text(text),
        Value::Blob(blob) => Sql::Blob(blob),
    }))
}

impl FromSql for Value {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Ok(match value {
            ValueRef::Null => Self::Null,
            ValueRef::Integer(integer) => Self::Integer(integer),
            ValueRef::Real(real) => Self::Real(real),
            ValueRef::Blob(blob) => Self::Blob(blob.to_vec()),
            ValueRef::Text(text) => Self::Text(
                str::from_utf8(text)
                    .map_err(|error| FromSqlError::Other(Box::new(error)))?
                    .to_owned(),
            ),
        })
    }
}

fn convert(row: &rusqlite::Row<'_>, width: usize) -> Result<RowResult, Error> {
    let values: Result<_, _> = (0..width).map(|column| row.get(column)).collect();
    Ok(RowResult {
        values: values.map_err(io)?,
    })
}

fn size(row: &RowResult) -> usize {
    row.values.iter().fold(0, |sum, value| {
        let content = match value {
            Value::Text(text) => text.len(),
            Value::Blob(blob) => blob.len(),
            Value::Null | Value::Integer(_) | Value::Real(_) => 0,
        };
        sum.saturating_add(content).saturating_add(size_of::<Value>())
    })
}

fn check_size(bytes: usize) -> Result<(), Error> {
    if bytes > RESULT_BYTES {
        return Err(Error::Io(format!(
            "query result exceeds limit of {RESULT_BYTES} bytes"
        )));
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn io(error: rusqlite::Error) -> Error {
    Error::Io(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixture(tempfile::TempDir);

    fn fixture() -> Fixture {
        Fixture(tempfile::tempdir().unwrap())
    }

    impl Fixture {
        fn open(&self) -> Lazy {
            Lazy::new(self.0.path().join("test.db"))
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

    const MANY: &str =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 50) SELECT i FROM n";

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
}

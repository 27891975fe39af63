//! One SQLite connection: opened late, used by one call at a time, its rows handed out as they come.

use super::File;
use super::idle::{Lent, Slot};
use crate::bindings::sqlite::{Error, QueryResult, RowResult, Value};
use crate::limits::{RESULT_BYTES, STREAMED_ITEMS};
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ToSqlOutput, ValueRef};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

/// A connection that opens its file at the first use.
#[derive(Clone)]
pub(super) struct Lazy {
    file: File,
    connection: Arc<Slot>,
    /// Its turn to write, while it has one.
    turn: Arc<Mutex<Option<OwnedSemaphorePermit>>>,
}

/// Rows under way: the columns first, the rows as they come, and in the end whether all went well.
pub(super) struct Streaming {
    pub(super) columns: Vec<String>,
    pub(super) rows: mpsc::Receiver<RowResult>,
    pub(super) result: oneshot::Receiver<Result<(), Error>>,
}

impl Streaming {
    /// A statement that was not run.
    pub(super) fn failed(error: Error) -> Self {
        let (_, rows) = mpsc::channel(STREAMED_ITEMS);
        let (sender, result) = oneshot::channel();
        // The receiver is right here.
        drop(sender.send(Err(error)));
        Self {
            columns: Vec::new(),
            rows,
            result,
        }
    }
}

impl Lazy {
    /// A connection to `file`.
    pub(super) fn new(file: File) -> Self {
        Self {
            connection: Arc::new(Slot::new(Arc::clone(&file.idle))),
            file,
            turn: Arc::default(),
        }
    }

    /// Waits for this connection's turn where the statement begins to write.
    async fn take_turn(&self, statement: &str) -> Result<(), Error> {
        if begins_to_write(statement) && self.turn().is_none() {
            let turn = self.file.turn().await?;
            *self.turn() = Some(turn);
        }
        Ok(())
    }

    fn turn(&self) -> MutexGuard<'_, Option<OwnedSemaphorePermit>> {
        self.turn.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the turn once the transaction has ended, however it did.
    fn end_turn(&self, connection: &rusqlite::Connection) {
        if connection.is_autocommit() {
            drop(self.turn().take());
        }
    }

    /// The connection, opened by now.
    async fn opened(&self) -> Result<Opened, Error> {
        if self.connection.get().is_none() {
            let file = Arc::clone(&self.file.path);
            let slot = Arc::clone(&self.connection);
            blocking(move || slot.open(&file).map_err(io)).await?;
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
        self.take_turn(&statement).await?;
        blocking(move || {
            let connection = opened.lock()?;
            let mut gathered = Gathered::default();
            let outcome = step_through(&connection, &statement, &parameters, &mut gathered);
            self.end_turn(&connection);
            outcome?;
            Ok(QueryResult {
                columns: gathered.columns,
                rows: gathered.rows,
            })
        })
        .await
    }

    /// Runs a statement; its rows are read while it steps. On this thread where it is expected to be quick.
    pub(super) async fn stream(self, statement: String, parameters: Vec<Value>) -> Result<Streaming, Error> {
        let opened = self.opened().await?;
        if let Err(locked) = self.take_turn(&statement).await {
            return Ok(Streaming::failed(locked));
        }
        let call = Call {
            parameter_bytes: parameters
                .iter()
                .fold(0, |sum, value| sum.saturating_add(value_size(value))),
            statement,
            parameters,
        };
        let call = match self.run_here(&opened, call) {
            Ok((streaming, None)) => return Ok(streaming),
            Ok((streaming, Some(locked))) => {
                // Whoever comes next finds the connection locked. Where that failed, the result says so.
                drop(locked.await);
                return Ok(streaming);
            }
            Err(call) => call,
        };
        let (columns_sender, columns) = oneshot::channel();
        let (rows_sender, rows) = mpsc::channel(STREAMED_ITEMS);
        let (result_sender, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let mut outbox = Outbox {
                columns: None,
                columns_sender: Some(columns_sender),
                rows_sender,
                rows: 0,
            };
            let outcome = opened.lock().and_then(|connection| {
                let start = Instant::now();
                let outcome = step_through(&connection, &call.statement, &call.parameters, &mut outbox);
                self.end_turn(&connection);
                let pace = &self.file.pace;
                pace.note(
                    &call.statement,
                    call.parameter_bytes,
                    start.elapsed(),
                    outbox.rows,
                );
                Ok(outcome?)
            });
            outbox.close(|| {
                // A component that went away does not want to know.
                drop(result_sender.send(outcome));
            });
        });
        // Where preparing failed there are no columns, and the error waits in the result.
        Ok(Streaming {
            columns: columns.await.unwrap_or_default(),
            rows,
            result,
        })
    }

    /// Runs a statement that is expected to be quick; gives any other back, and one that would have to wait for
    /// another connection's lock. This thread serves others too, among them whoever holds that lock.
    fn run_here(&self, opened: &Opened, call: Call) -> Result<(Streaming, Option<Locked>), Call> {
        let pace = &self.file.pace;
        if !pace.is_quick(&call.statement, call.parameter_bytes) {
            return Err(call);
        }
        let Some(connection) = opened.try_lock() else {
            return Err(call);
        };
        // Outside of a transaction a write may have to wait for the lock, and then for the disk.
        if connection.is_autocommit() && !begins_to_write(&call.statement) && !reads(&call.statement) {
            return Err(call);
        }
        let mut gathered = Gathered::default();
        let start = Instant::now();
        let Some(outcome) = connection
            .without_waiting(|it| step_through(it, &call.statement, &call.parameters, &mut gathered))
        else {
            return Err(call);
        };
        self.end_turn(&connection);
        pace.note(
            &call.statement,
            call.parameter_bytes,
            start.elapsed(),
            gathered.rows.len(),
        );
        drop(connection);
        Ok(hand_over(opened, gathered, outcome.map_err(Error::from)))
    }

    /// As SQLite's function of that name.
    pub(super) async fn last_insert_rowid(self) -> Result<i64, Error> {
        let opened = self.opened().await?;
        blocking(move || {
            let connection = opened.lock()?;
            let known = connection.has_changed_anything();
            Ok(if known { connection.last_insert_rowid() } else { 0 })
        })
        .await
    }

    /// As SQLite's function of that name.
    pub(super) async fn changes(self) -> Result<u64, Error> {
        let opened = self.opened().await?;
        blocking(move || {
            let connection = opened.lock()?;
            let known = connection.has_changed_anything();
            Ok(if known { connection.changes() } else { 0 })
        })
        .await
    }
}

/// A statement to run.
struct Call {
    statement: String,
    parameters: Vec<Value>,
    parameter_bytes: usize,
}

struct Opened(Arc<Slot>);

impl Opened {
    /// Waits until no other call uses the connection. Blocks.
    fn lock(&self) -> Result<MutexGuard<'_, Lent>, Error> {
        let connection = self.0.get().ok_or(Error::InvalidConnection)?;
        // A panic while it was held cannot have left SQLite's own state half changed.
        Ok(connection.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// The connection, unless another call uses it.
    fn try_lock(&self) -> Option<MutexGuard<'_, Lent>> {
        self.0.get()?.try_lock().ok()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    tokio::task::spawn_blocking(work)
        .await
        .map_err(|error| Error::Io(error.to_string()))?
}

/// Whether a statement asks for the write lock before it does anything.
fn begins_to_write(statement: &str) -> bool {
    let mut words = statement.split_ascii_whitespace();
    words
        .next()
        .is_some_and(|word| word.eq_ignore_ascii_case("begin"))
        && words.next().is_some_and(|word| {
            let word = word.trim_end_matches(';');
            word.eq_ignore_ascii_case("immediate") || word.eq_ignore_ascii_case("exclusive")
        })
}

/// Whether a statement that is no part of a transaction only reads.
fn reads(statement: &str) -> bool {
    let word = statement.split_ascii_whitespace().next().unwrap_or("");
    word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("with")
}

/// Who takes a statement's rows.
trait Sink {
    /// The columns; before the first row.
    fn columns(&mut self, columns: Vec<String>);
    /// A row. An error ends the statement.
    fn row(&mut self, row: RowResult) -> Result<(), Error>;
}

/// All of a result.
#[derive(Default)]
struct Gathered {
    columns: Vec<String>,
    rows: Vec<RowResult>,
    bytes: usize,
}

impl Sink for Gathered {
    fn columns(&mut self, columns: Vec<String>) {
        self.columns = columns;
    }

    fn row(&mut self, row: RowResult) -> Result<(), Error> {
        self.bytes = self.bytes.saturating_add(size(&row));
        check_size(self.bytes)?;
        self.rows.push(row);
        Ok(())
    }
}

/// Tells that the connection is locked again.
type Locked = oneshot::Receiver<()>;

/// Makes a stream of a result that is there already. More rows than fit keep the connection locked until they are
/// read, as they do where they come one by one.
fn hand_over(opened: &Opened, gathered: Gathered, outcome: Result<(), Error>) -> (Streaming, Option<Locked>) {
    let (rows_sender, rows) = mpsc::channel(STREAMED_ITEMS);
    let (result_sender, result) = oneshot::channel();
    let columns = gathered.columns;
    let finish = |outcome| {
        // The receiver is right here.
        drop(result_sender.send(outcome));
    };
    let locked = if gathered.rows.len() <= STREAMED_ITEMS {
        for row in gathered.rows {
            // There is room for all of them.
            drop(rows_sender.try_send(row));
        }
        finish(outcome);
        None
    } else {
        let opened = Opened(Arc::clone(&opened.0));
        let (locked_sender, locked) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let outcome = opened.lock().and_then(|_connection| {
                // The receiver waits for this; gone, it needs it no more.
                locked_sender.send(()).ok();
                for row in gathered.rows {
                    rows_sender.blocking_send(row).map_err(|_| unread())?;
                }
                outcome
            });
            drop(rows_sender);
            finish(outcome);
        });
        Some(locked)
    };
    let streaming = Streaming {
        columns,
        rows,
        result,
    };
    (streaming, locked)
}

fn unread() -> Error {
    Error::Io("nobody reads the rows".to_owned())
}

/// What a component is sent of a statement that steps on another thread.
///
/// The component waits for the columns first. Sent last where all rows find room, they wake it once, to find
/// everything there; each wake-up costs more than most statements do.
struct Outbox {
    columns: Option<Vec<String>>,
    columns_sender: Option<oneshot::Sender<Vec<String>>>,
    rows_sender: mpsc::Sender<RowResult>,
    rows: usize,
}

impl Sink for Outbox {
    fn columns(&mut self, columns: Vec<String>) {
        self.columns = Some(columns);
    }

    fn row(&mut self, row: RowResult) -> Result<(), Error> {
        self.rows = self.rows.saturating_add(1);
        if self.rows_sender.capacity() == 0 {
            self.send_columns();
        }
        self.rows_sender.blocking_send(row).map_err(|_| unread())
    }
}

impl Outbox {
    fn send_columns(&mut self) {
        if let (Some(columns), Some(sender)) = (self.columns.take(), self.columns_sender.take()) {
            // A component that went away does not read the rows either, which is noticed there.
            drop(sender.send(columns));
        }
    }

    /// Ends the rows, then lets `result` tell how it went, which is the order in which a component reads them.
    fn close(self, result: impl FnOnce()) {
        drop(self.rows_sender);
        result();
        if let (Some(columns), Some(sender)) = (self.columns, self.columns_sender) {
            drop(sender.send(columns));
        }
    }
}

/// Why a statement did not come to its end.
#[derive(Debug)]
pub(super) enum Failed {
    /// SQLite says so.
    Sqlite(rusqlite::Error),
    /// Its rows are too large, or not wanted.
    Rows(Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<Failed> for Error {
    fn from(failed: Failed) -> Self {
        match failed {
            Failed::Sqlite(error) => io(error),
            Failed::Rows(error) => error,
        }
    }
}

fn step_through(
    connection: &rusqlite::Connection,
    statement: &str,
    parameters: &[Value],
    sink: &mut impl Sink,
) -> Result<(), Failed> {
    let mut statement = connection.prepare_cached(statement)?;
    let columns = column_names(&statement);
    let width = columns.len();
    sink.columns(columns);
    let mut rows = statement.query(bind(parameters))?;
    while let Some(row) = rows.next()? {
        let row = convert(row, width).map_err(Failed::Rows)?;
        check_size(size(&row)).map_err(Failed::Rows)?;
        sink.row(row).map_err(Failed::Rows)?;
    }
    Ok(())
}

fn column_names(statement: &rusqlite::Statement<'_>) -> Vec<String> {
    statement.column_names().into_iter().map(str::to_owned).collect()
}

fn bind(parameters: &[Value]) -> impl rusqlite::Params {
    rusqlite::params_from_iter(parameters.iter().map(|value| {
        ToSqlOutput::Borrowed(match value {
            Value::Null => ValueRef::Null,
            Value::Integer(integer) => ValueRef::Integer(*integer),
            Value::Real(real) => ValueRef::Real(*real),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Blob(blob) => ValueRef::Blob(blob),
        })
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
    row.values
        .iter()
        .fold(0, |sum, value| sum.saturating_add(value_size(value)))
}

fn value_size(value: &Value) -> usize {
    let content = match value {
        Value::Text(text) => text.len(),
        Value::Blob(blob) => blob.len(),
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
    };
    content.saturating_add(size_of::<Value>())
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
mod tests;

//! The connection of a native program: rusqlite, set as the host sets it. For measuring what the host and
//! WebAssembly cost: the same statements and the same rules without either. No component is built with it.

use crate::error::{Result, StoreError};
use rusqlite::types::{ToSqlOutput, Value as Native, ValueRef};
use spin_sdk::sqlite::{Error, Value};
use std::cell::{Cell, RefCell};
use std::path::PathBuf;
use std::sync::{Condvar, Mutex, MutexGuard, OnceLock, PoisonError};

static DATABASE: OnceLock<Database> = OnceLock::new();

/// Statements that a connection keeps prepared: as many as the host keeps.
const PREPARED: usize = 64;

/// Which database this process works on.
pub struct Database {
    /// The file; made where there is none.
    pub file: PathBuf,
    /// Called with each new connection, to watch it.
    pub on_open: fn(&mut rusqlite::Connection),
}

/// Says which database it is. Once a process; false: it was said before.
pub fn use_database(database: Database) -> bool {
    DATABASE.set(database).is_ok()
}

thread_local! {
    static HERE: Cell<Option<&'static Database>> = const { Cell::new(None) };
}

/// Says which database this thread works on, whatever the process does: for tests, which have one each.
pub fn use_database_here(database: &'static Database) {
    let before = HERE.replace(Some(database));
    if before.is_none_or(|before| !std::ptr::eq(before, database)) {
        super::forget();
    }
}

pub(super) struct Connection {
    connection: rusqlite::Connection,
    turn: RefCell<Option<Turn>>,
}

impl Connection {
    pub(super) async fn open() -> Result<Self> {
        let database = HERE
            .get()
            .or_else(|| DATABASE.get())
            .ok_or_else(|| StoreError::Host("no database was named".to_owned()))?;
        let mut connection = rusqlite::Connection::open(&database.file).map_err(failed)?;
        connection.set_prepared_statement_cache_capacity(PREPARED);
        (database.on_open)(&mut connection);
        Ok(Self {
            connection,
            turn: RefCell::default(),
        })
    }

    pub(super) async fn rows(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Vec<Value>>> {
        if sql.starts_with("BEGIN IMMEDIATE") && self.turn.borrow().is_none() {
            self.turn.replace(Some(Turn::take()));
        }
        let found = self.read(sql, parameters);
        if self.connection.is_autocommit() {
            self.turn.take();
        }
        found
    }

    fn read(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Vec<Value>>> {
        let mut statement = self.connection.prepare_cached(sql).map_err(failed)?;
        let width = statement.column_count();
        let parameters = parameters.iter().map(bound);
        let mut rows = statement
            .query(rusqlite::params_from_iter(parameters))
            .map_err(failed)?;
        let mut found = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let values = (0..width).map(|column| owned(row.get_ref(column).map_err(failed)?));
            found.push(values.collect::<Result<_>>()?);
        }
        Ok(found)
    }
}

/// The turn of one transaction to write. The host has writers wait for one another in a queue; so do we.
struct Turn;

static QUEUE: Mutex<Queue> = Mutex::new(Queue { last: 0, served: 0 });
static NEXT: Condvar = Condvar::new();

struct Queue {
    /// Tickets given out.
    last: u64,
    /// Turns that have ended.
    served: u64,
}

impl Turn {
    fn queue() -> MutexGuard<'static, Queue> {
        QUEUE.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take() -> Self {
        let mut queue = Self::queue();
        let ticket = queue.last;
        queue.last = ticket.wrapping_add(1);
        drop(NEXT.wait_while(queue, |queue| queue.served != ticket));
        Self
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut queue = Self::queue();
        queue.served = queue.served.wrapping_add(1);
        NEXT.notify_all();
    }
}

fn bound(value: &Value) -> ToSqlOutput<'_> {
    match value {
        Value::Null => ToSqlOutput::Owned(Native::Null),
        Value::Integer(value) => ToSqlOutput::Owned(Native::Integer(*value)),
        Value::Real(value) => ToSqlOutput::Owned(Native::Real(*value)),
        Value::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        Value::Blob(bytes) => ToSqlOutput::Borrowed(ValueRef::Blob(bytes)),
    }
}

fn owned(value: ValueRef<'_>) -> Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(text) => Value::Text(
            std::str::from_utf8(text)
                .map_err(|error| StoreError::Decode(error.to_string()))?
                .to_owned(),
        ),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

/// Sorted as the host's are: by their text.
fn failed(error: rusqlite::Error) -> StoreError {
    Error::Io(error.to_string()).into()
}

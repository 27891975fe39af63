//! `spin:sqlite`: one file in the state folder, with Spin's semantics to the letter.
//!
//! What a component can come to rely on, and what it can stumble over:
//! - every `open` is a connection of its own, as good as new (see `idle`), and it opens the file only at its first use;
//! - no pragma is set beyond what rusqlite's bundled SQLite has: rollback journal, full synchronous, foreign
//!   keys on, five seconds of waiting for a lock;
//! - a call runs the first statement of its text and silently leaves the rest;
//! - the streaming call answers with the columns whatever comes of the steps: errors, even of preparing, come
//!   through the future at the end;
//! - while rows stream through a channel of [`STREAMED_ITEMS`](crate::limits::STREAMED_ITEMS), the connection stays locked: a second call on
//!   it before they are read waits for ever;
//! - `ATTACH` of files is denied.
//!
//! What a component does not notice: transactions that begin with the write lock wait for one another in a queue.
//! SQLite itself lets each try again after a pause, in no order, so that under load most of the time passes in
//! pauses and the unlucky wait for seconds.
//!
//! SQLite's work happens on threads made for blocking, but for statements that have proved to be quick (see `pace`) and
//! have no lock to wait for: a thread that serves must not wait for what only it can bring about.

mod connection;
mod idle;
mod pace;

use crate::bindings::sqlite::{self as wit, Connection, Error, QueryResult, RowResult, Value};
use crate::interpose::{Gate, Kind};
use crate::limits::{INSTANCE_HANDLES, WRITE_TURN_TIME};
use crate::manifest::DEFAULT_STORE;
use crate::stream::Items;
use connection::{Lazy, Streaming};
use idle::Idle;
use pace::Pace;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, ResourceTable, StreamReader};

/// The file's name in the state folder; Spin's.
pub const FILE_NAME: &str = "sqlite_db.db";

/// A database file and the queue of those who want to write to it.
#[derive(Debug, Clone)]
pub struct File {
    path: Arc<Path>,
    writers: Arc<Semaphore>,
    /// How long each waits for its turn.
    patience: Duration,
    pace: Arc<Pace>,
    idle: Arc<Idle>,
}

impl File {
    /// The file at `path`. All who use it share what is made here once, or a clone of it.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path: path.into(),
            writers: Arc::new(Semaphore::new(1)),
            patience: WRITE_TURN_TIME,
            pace: Arc::default(),
            idle: Arc::default(),
        }
    }

    /// The same file for one component: what it prepares on a connection is of use to nobody else.
    #[must_use]
    pub fn for_component(&self) -> Self {
        Self {
            idle: Arc::default(),
            ..self.clone()
        }
    }

    /// Waits in the queue. After too long it is as if the lock itself could not be had: many who then tried
    /// their luck with SQLite would keep each other and those in the queue from it.
    async fn turn(&self) -> Result<OwnedSemaphorePermit, Error> {
        let turn = Arc::clone(&self.writers).acquire_owned();
        match tokio::time::timeout(self.patience, turn).await {
            Ok(Ok(turn)) => Ok(turn),
            Ok(Err(_)) | Err(_) => Err(Error::Io("database is locked".to_owned())),
        }
    }
}

/// The databases of one component instance.
pub struct Databases {
    file: File,
    allowed: Arc<[String]>,
    open: ResourceTable,
    gate: Gate,
}

impl Drop for Databases {
    fn drop(&mut self) {
        // What a component left open is closed where blocking is no harm.
        let open = std::mem::take(&mut self.open);
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn_blocking(move || drop(open));
        }
    }
}

impl Databases {
    /// Databases in `file`, of which the instance may open the labels in `allowed`.
    pub(crate) fn new(file: File, allowed: Arc<[String]>, gate: Gate) -> Self {
        let mut open = ResourceTable::new();
        open.set_max_capacity(INSTANCE_HANDLES);
        Self {
            file,
            allowed,
            open,
            gate,
        }
    }

    fn open(&mut self, label: &str) -> Result<Resource<Connection>, Error> {
        if !self.allowed.iter().any(|allowed| allowed == label) {
            return Err(Error::AccessDenied);
        }
        if label != DEFAULT_STORE {
            return Err(Error::NoSuchDatabase);
        }
        let handle = self
            .open
            .push(Lazy::new(self.file.clone()))
            .map_err(|_| Error::Io("too many connections opened".to_owned()))?;
        Ok(Resource::new_own(handle.rep()))
    }

    fn get(&self, connection: &Resource<Connection>) -> Result<Lazy, Error> {
        let handle = Resource::<Lazy>::new_borrow(connection.rep());
        self.open
            .get(&handle)
            .cloned()
            .map_err(|_| Error::InvalidConnection)
    }
}

impl wit::Host for Databases {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl wit::HostConnection for Databases {
    async fn open(&mut self, database: String) -> Result<Resource<Connection>, Error> {
        let gate = self.gate.clone();
        let open = async { Self::open(self, &database) };
        gate.call(Kind::SqliteOpen, &database).with(open).await
    }

    async fn execute(
        &mut self,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let lazy = self.get(&connection)?;
        let call = self.gate.call(Kind::SqliteExecute, &statement);
        call.with(lazy.execute(statement, parameters)).await
    }

    async fn last_insert_rowid(&mut self, connection: Resource<Connection>) -> wasmtime::Result<i64> {
        let ask = self.get(&connection)?.last_insert_rowid();
        Ok(self
            .gate
            .call(Kind::SqliteAsk, "last_insert_rowid")
            .with_unfailing(ask)
            .await?)
    }

    async fn changes(&mut self, connection: Resource<Connection>) -> wasmtime::Result<u64> {
        let ask = self.get(&connection)?.changes();
        Ok(self
            .gate
            .call(Kind::SqliteAsk, "changes")
            .with_unfailing(ask)
            .await?)
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> wasmtime::Result<()> {
        let lazy = self.open.delete(Resource::<Lazy>::new_own(connection.rep()))?;
        // Closing rolls back and may checkpoint, which is I/O. Rows under way keep the connection until they end.
        let close = tokio::task::spawn_blocking(move || drop(lazy));
        Ok(self
            .gate
            .call(Kind::SqliteClose, "")
            .with_unfailing(close)
            .await?)
    }
}

impl<T: Send> wit::HostConnectionWithStore<T> for HasSelf<Databases> {
    async fn open_async(store: &Accessor<T, Self>, database: String) -> Result<Resource<Connection>, Error> {
        let open = async { store.with(|mut access| access.get().open(&database)) };
        gate(store).call(Kind::SqliteOpen, &database).with(open).await
    }

    async fn execute_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<
        (
            Vec<String>,
            StreamReader<RowResult>,
            FutureReader<Result<(), Error>>,
        ),
        Error,
    > {
        let (lazy, gate) = (lazy(store, &connection)?, gate(store));
        let call = gate.call(Kind::SqliteExecute, &statement);
        let end = gate.is_watched().then(|| statement.clone());
        let Streaming {
            columns,
            rows,
            result,
        } = match call.before().await {
            Ok(()) => lazy.stream(statement, parameters).await?,
            Err(failure) => Streaming::failed(failure.into()),
        };
        call.after().await?;
        store
            .with(|mut access| {
                let rows = StreamReader::new(&mut access, Items(rows))?;
                let result = match end {
                    None => FutureReader::new(&mut access, result)?,
                    Some(statement) => FutureReader::new(&mut access, late(gate, statement, result))?,
                };
                wasmtime::Result::Ok((columns, rows, result))
            })
            .map_err(|error: wasmtime::Error| Error::Io(error.to_string()))
    }

    async fn last_insert_rowid_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<i64> {
        let ask = lazy(store, &connection)?.last_insert_rowid();
        Ok(gate(store)
            .call(Kind::SqliteAsk, "last_insert_rowid")
            .with_unfailing(ask)
            .await?)
    }

    async fn changes_async(
        store: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> wasmtime::Result<u64> {
        let ask = lazy(store, &connection)?.changes();
        Ok(gate(store)
            .call(Kind::SqliteAsk, "changes")
            .with_unfailing(ask)
            .await?)
    }
}

fn gate<T: Send>(store: &Accessor<T, HasSelf<Databases>>) -> Gate {
    store.with(|mut access| access.get().gate.clone())
}

fn lazy<T: Send>(
    store: &Accessor<T, HasSelf<Databases>>,
    connection: &Resource<Connection>,
) -> Result<Lazy, Error> {
    store.with(|mut access| access.get().get(connection))
}

/// A statement's result, when it is asked for. An error here is a trap.
async fn late(
    gate: Gate,
    statement: String,
    result: oneshot::Receiver<Result<(), Error>>,
) -> wasmtime::Result<Result<(), Error>> {
    let call = gate.call(Kind::SqliteEnd, &statement);
    if let Err(failure) = call.before().await {
        return Ok(Err(failure.into()));
    }
    let outcome = result.await?;
    Ok(match call.after().await {
        Ok(()) => outcome,
        Err(failure) => Err(failure.into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn databases() -> Databases {
        Databases::new(
            File::new(PathBuf::from("never opened")),
            Arc::from(["default".to_owned(), "elsewhere".to_owned()]),
            Gate::default(),
        )
    }

    #[test]
    fn labels_are_allowed_then_known() {
        let mut databases = databases();
        assert!(matches!(databases.open("secret"), Err(Error::AccessDenied)));
        assert!(matches!(databases.open("elsewhere"), Err(Error::NoSuchDatabase)));
        assert!(databases.open("default").is_ok());
    }

    #[test]
    fn handles_are_bounded() {
        let mut databases = databases();
        for _ in 0..INSTANCE_HANDLES {
            databases.open("default").unwrap();
        }
        assert!(matches!(databases.open("default"), Err(Error::Io(_))));
    }
}

//! Connections, statements and transactions.
//!
//! **Shape.** A [`Db`] is one connection, checked out of a per-instance pool for the length of one request.
//! Instances serve up to 16 requests at a time and share their statics, so a connection is never shared: one
//! request, one checkout. It goes back to the pool only when clean: no open transaction, no statement cut off half
//! way, and none that failed for a reason of the host's, which may have taken effect all the same (a `BEGIN` that did
//! would hold the write lock in the pool). A request that is dropped in between drops its connection, which rolls back.
//!
//! **Why `collect` always.** The host holds the connection's lock while it streams rows, and reports constraint
//! and busy errors only at the end. Every statement here is read to its end before the next one starts.
//!
//! **No text of anybody's is ever part of a statement.** What runs one takes a `&'static str`: a statement that is made at
//! run time does not compile.
//!
//! **Refuses:** several statements in one text (the host would run only the first), nested transactions.

use crate::error::{Result, StoreError};
use crate::migrations;
use crate::trail::{self, Act, Head};
use serde::de::DeserializeOwned;
use spin_sdk::sqlite::Value;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

#[cfg(feature = "native")]
mod native;
#[cfg(not(feature = "native"))]
mod spin;

#[cfg(feature = "native")]
use native::Connection;
#[cfg(feature = "native")]
pub use native::{Database, use_database, use_database_here};
#[cfg(not(feature = "native"))]
use spin::Connection;

/// Idle connections kept per instance: as many as requests that an instance serves at a time.
const POOL_SIZE: usize = 16;
/// How often a transaction is run again after losing the race for the write lock. Each try has already waited
/// for the host's busy timeout (5 s), so more would outlive the caller.
const TRANSACTION_TRIES: u32 = 3;

/// What every connection is told first.
const PRAGMAS: &[&str] = &[
    // On by default where SQLite is bundled, off on a libSQL server.
    "PRAGMA foreign_keys = ON",
    // 8 MiB of pages instead of 2: the inner pages of a ledger of a hundred thousand invoices stay, and a batch
    // does not write pages out before it is done with them.
    "PRAGMA cache_size = -8192",
];

thread_local! {
    static POOL: RefCell<Vec<Connection>> = const { RefCell::new(Vec::new()) };
    static MIGRATED: Cell<bool> = const { Cell::new(false) };
}

/// Forgets what this thread knows of its database: it is another one from here on.
#[cfg(feature = "native")]
fn forget() {
    POOL.with_borrow_mut(Vec::clear);
    MIGRATED.set(false);
}

/// One connection to the ledger, for one request.
pub struct Db {
    connection: Option<Connection>,
    /// Statements started and not read to their end, plus one for an open transaction.
    unfinished: Cell<u32>,
    /// Whose request it is.
    act: Rc<RefCell<Act>>,
    /// In a transaction that is to be sealed.
    seals: Cell<bool>,
    /// How far the trail went when this transaction began to write.
    head: RefCell<Option<Head>>,
    /// Whether a statement failed and nobody can know what it did.
    doubtful: Cell<bool>,
}

impl Db {
    /// Takes a connection from the pool or opens one. The first in an instance brings the schema up to date.
    pub async fn open() -> Result<Self> {
        let pooled = POOL.with_borrow_mut(Vec::pop);
        let connection = match pooled {
            Some(connection) => connection,
            None => {
                let connection = Connection::open().await?;
                for pragma in PRAGMAS {
                    run(&connection, pragma, Vec::new()).await?;
                }
                connection
            }
        };
        let db = Self {
            connection: Some(connection),
            unfinished: Cell::new(0),
            act: Rc::default(),
            seals: Cell::new(false),
            head: RefCell::default(),
            doubtful: Cell::new(false),
        };
        if !MIGRATED.get() {
            migrations::bring_up_to_date(&db).await?;
            MIGRATED.set(true);
        }
        Ok(db)
    }

    /// The same, whatever it writes being the act of whoever `act` says at that time.
    #[must_use]
    pub fn signed(mut self, act: Rc<RefCell<Act>>) -> Self {
        self.act = act;
        self
    }

    fn connection(&self) -> Result<&Connection> {
        self.connection
            .as_ref()
            .ok_or_else(|| StoreError::Host("connection already returned".into()))
    }

    /// Runs one statement and returns its rows.
    pub(crate) async fn rows(&self, sql: &'static str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        if self.seals.get() && trail::changes(sql) && self.head.borrow().is_none() {
            let head = trail::head(self).await?;
            self.head.replace(Some(head));
        }
        self.step(sql, parameters).await
    }

    /// Runs one statement beside the trail: the trail's own, those that change nothing, and those that begin and end
    /// transactions.
    pub(crate) async fn step(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>> {
        let connection = self.connection()?;
        self.unfinished.set(self.unfinished.get().saturating_add(1));
        let outcome = run(connection, sql, parameters).await;
        if matches!(outcome, Err(StoreError::Host(_))) {
            self.doubtful.set(true);
        }
        // Read to its end, with SQLite's own error or without: the connection itself is in order.
        self.unfinished.set(self.unfinished.get().saturating_sub(1));
        outcome
    }

    /// Runs one statement whose rows do not matter.
    pub(crate) async fn run(&self, sql: &'static str, parameters: Vec<Value>) -> Result<()> {
        self.rows(sql, parameters).await.map(drop)
    }

    /// The first row, if there is one.
    pub(crate) async fn row(&self, sql: &'static str, parameters: Vec<Value>) -> Result<Option<Row>> {
        Ok(self.rows(sql, parameters).await?.into_iter().next())
    }

    /// Every row's only column, a JSON text, decoded. However many rows a query has, they cross the boundary as
    /// one: each is a hand-over of its own between the database's thread, the host and the component, and costs
    /// more than most rows cost to find. SQLite keeps a subquery's order for `group_concat`. Only for a SELECT: what
    /// changes rows cannot stand in a WITH.
    pub(crate) async fn list<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        parameters: Vec<Value>,
    ) -> Result<Vec<T>> {
        let sql =
            format!("WITH listed (document) AS ({sql}) SELECT group_concat(document, char(10)) FROM listed");
        let rows = self.step(&sql, parameters).await?;
        let Some(row) = rows.first() else {
            return Ok(Vec::new());
        };
        let Some(documents) = row.optional_text(0)? else {
            return Ok(Vec::new());
        };
        serde_json::Deserializer::from_str(documents)
            .into_iter()
            .map(|document| document.map_err(StoreError::from))
            .collect()
    }

    /// The first row's first column, a JSON text, decoded.
    pub(crate) async fn find<T: DeserializeOwned>(
        &self,
        sql: &'static str,
        parameters: Vec<Value>,
    ) -> Result<Option<T>> {
        self.row(sql, parameters)
            .await?
            .map(|row| row.json(0))
            .transpose()
    }

    /// Runs `work` between `BEGIN IMMEDIATE` and `COMMIT`, before which what it wrote is sealed; rolls back when it fails. Run again from the start
    /// when the write lock could not be had, so `work` must have no effect but through the [`Tx`]: above all, no
    /// outbound HTTP.
    pub async fn transaction<T, E, F>(&self, mut work: F) -> Result<T, E>
    where
        E: From<StoreError> + Transient,
        F: AsyncFnMut(&Tx<'_>) -> Result<T, E>,
    {
        self.attempts(true, &mut work).await
    }

    /// The same beside the trail: for what comes before there is one.
    pub(crate) async fn unsealed<T, F>(&self, mut work: F) -> Result<T>
    where
        F: AsyncFnMut(&Tx<'_>) -> Result<T>,
    {
        self.attempts(false, &mut work).await
    }

    async fn attempts<T, E, F>(&self, seals: bool, work: &mut F) -> Result<T, E>
    where
        E: From<StoreError> + Transient,
        F: AsyncFnMut(&Tx<'_>) -> Result<T, E>,
    {
        let mut tried: u32 = 1;
        loop {
            self.head.take();
            self.seals.set(seals);
            let outcome = self.attempt(work).await;
            self.seals.set(false);
            match outcome {
                Err(error) if error.is_transient() && tried < TRANSACTION_TRIES => {
                    tried = tried.saturating_add(1);
                }
                outcome => return outcome,
            }
        }
    }

    /// Seals what the open transaction has written.
    async fn seal(&self) -> Result<()> {
        let Some(head) = self.head.take() else {
            return Ok(());
        };
        let act = self.act.borrow().clone();
        trail::seal(self, &head, &act).await
    }

    async fn attempt<T, E, F>(&self, work: &mut F) -> Result<T, E>
    where
        E: From<StoreError>,
        F: AsyncFnMut(&Tx<'_>) -> Result<T, E>,
    {
        if self.unfinished.get() != 0 {
            return Err(StoreError::Host("a transaction inside a transaction".into()).into());
        }
        self.step("BEGIN IMMEDIATE", Vec::new()).await?;
        self.unfinished.set(1);
        let tx = Tx { db: self };
        let outcome = match work(&tx).await {
            Ok(value) => match self.seal().await {
                Ok(()) => self.step("COMMIT", Vec::new()).await,
                Err(error) => Err(error),
            }
            .map(|_| value)
            .map_err(E::from),
            Err(error) => Err(error),
        };
        // A failed ROLLBACK leaves `unfinished` set: the connection is dropped, which rolls back.
        if outcome.is_ok() || self.step("ROLLBACK", Vec::new()).await.is_ok() {
            self.unfinished.set(0);
        }
        outcome
    }
}

impl Drop for Db {
    fn drop(&mut self) {
        if self.unfinished.get() != 0 || self.doubtful.get() {
            return;
        }
        if let Some(connection) = self.connection.take() {
            POOL.with_borrow_mut(|pool| {
                if pool.len() < POOL_SIZE {
                    pool.push(connection);
                }
            });
        }
    }
}

/// An open transaction. Everything that changes the ledger takes one, so that nothing is ever half done.
pub struct Tx<'db> {
    db: &'db Db,
}

impl std::ops::Deref for Tx<'_> {
    type Target = Db;
    fn deref(&self) -> &Db {
        self.db
    }
}

/// Whether running a failed transaction again may succeed.
pub trait Transient {
    /// See [`StoreError::is_transient`].
    fn is_transient(&self) -> bool;
}

impl Transient for StoreError {
    fn is_transient(&self) -> bool {
        Self::is_transient(self)
    }
}

async fn run(connection: &Connection, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>> {
    let rows = connection.rows(sql, parameters).await?;
    Ok(rows.into_iter().map(Row).collect())
}

/// A row whose columns are read with a check: a wrong type is an error, not an absent value.
pub(crate) struct Row(Vec<Value>);

impl Row {
    fn value(&self, index: usize) -> Result<&Value> {
        self.0
            .get(index)
            .ok_or_else(|| StoreError::Decode(format!("no column {index}")))
    }

    pub(crate) fn int(&self, index: usize) -> Result<i64> {
        match self.value(index)? {
            Value::Integer(value) => Ok(*value),
            other => Err(StoreError::Decode(format!(
                "column {index} is {other:?}, not an integer"
            ))),
        }
    }

    pub(crate) fn text(&self, index: usize) -> Result<&str> {
        match self.value(index)? {
            Value::Text(value) => Ok(value),
            other => Err(StoreError::Decode(format!(
                "column {index} is {other:?}, not text"
            ))),
        }
    }

    /// Taken out of the row, since bytes may be many.
    pub(crate) fn blob(&mut self, index: usize) -> Result<Vec<u8>> {
        match self.0.get_mut(index) {
            Some(Value::Blob(bytes)) => Ok(std::mem::take(bytes)),
            _ => Err(StoreError::Decode(format!("column {index} is not bytes"))),
        }
    }

    pub(crate) fn optional_text(&self, index: usize) -> Result<Option<&str>> {
        match self.value(index)? {
            Value::Null => Ok(None),
            _ => self.text(index).map(Some),
        }
    }

    pub(crate) fn json<T: DeserializeOwned>(&self, index: usize) -> Result<T> {
        let text = self.text(index)?;
        serde_json::from_str(text).map_err(|error| StoreError::Decode(format!("column {index}: {error}")))
    }
}

/// Statement parameters: `params![id.as_str(), amount]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$(::spin_sdk::sqlite::Value::from($value)),*] };
}

/// Names the module's statements and lists them, so that a test can read every query plan.
macro_rules! statements {
    ($($(#[$meta:meta])* $name:ident = $text:expr;)*) => {
        $($(#[$meta])* const $name: &str = $text;)*
        /// Every statement of this module by name.
        #[cfg(test)]
        pub(crate) const ALL: &[(&str, &str)] = &[$((stringify!($name), $name)),*];
    };
}
pub(crate) use statements;

//! Connections that a component has closed, kept for a while for when it opens one again.
//!
//! A connection that is really opened reads the whole schema, and has every statement prepared anew: some milliseconds,
//! more than most requests take. An instance serves [`INSTANCE_REQUESTS`](crate::limits::INSTANCE_REQUESTS) requests in
//! its life, up to sixteen at a time, each on a connection of its own; so without this a busy component would spend most
//! of its time on opening them.
//!
//! What a component gets is as good as new. Kept is only what leaves nothing behind: no transaction is open, and no
//! statement was ever prepared on it that marks the connection itself, such as a temporary table or a pragma. The two
//! pragmas that components do set are put back. `changes` and `last_insert_rowid` count from the hand-over.

use super::connection::Failed;
use crate::limits::{KEPT_CONNECTION_TIME, KEPT_CONNECTIONS, PREPARED_STATEMENTS, WRITE_TURN_TIME};
use rusqlite::ErrorCode;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::ops::Deref;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

/// Puts back what components set on a connection, as SQLite has it by default.
const PUT_BACK: &str = "PRAGMA foreign_keys = ON; PRAGMA cache_size = -2000";

/// The kept connections of one component, the latest last.
#[derive(Debug, Default)]
pub(super) struct Idle {
    kept: Mutex<Vec<Kept>>,
    /// Whether somebody looks after those that are kept for too long.
    watched: AtomicBool,
}

#[derive(Debug)]
struct Kept {
    lent: Lent,
    since: Instant,
}

impl Idle {
    /// A connection to `file`, kept or new. Blocks.
    fn open(&self, file: &Path) -> rusqlite::Result<Lent> {
        let kept = self.kept().pop();
        let (connection, marked) = match kept {
            Some(Kept { lent, .. }) => {
                lent.execute_batch(PUT_BACK)?;
                (lent.connection, lent.marked)
            }
            None => open_file(file)?,
        };
        Ok(Lent {
            changes_before: connection.total_changes(),
            connection,
            marked,
        })
    }

    fn keep(self: &Arc<Self>, lent: Lent) {
        // Pages are the greater part of its memory and are soon read again; schema and statements stay.
        if lent.release_memory().is_err() {
            return;
        }
        let since = Instant::now();
        let mut kept = self.kept();
        // One that is too many is closed.
        if kept.len() < KEPT_CONNECTIONS {
            kept.push(Kept { lent, since });
        }
        drop(kept);
        self.watch();
    }

    /// Has those closed that nobody comes back for. Outside of a runtime, which is in tests, they stay.
    fn watch(self: &Arc<Self>) {
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        if self.watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let idle = Arc::downgrade(self);
        runtime.spawn(async move {
            loop {
                tokio::time::sleep(KEPT_CONNECTION_TIME).await;
                let Some(idle) = idle.upgrade() else { return };
                // Closing may write, which must not happen on a thread that serves.
                let closing = tokio::task::spawn_blocking(move || idle.close_old());
                if !matches!(closing.await, Ok(true)) {
                    return;
                }
            }
        });
    }

    /// Closes those that were kept for long; answers whether some are left to look after.
    fn close_old(&self) -> bool {
        let mut kept = self.kept();
        let (old, rest) = std::mem::take(&mut *kept)
            .into_iter()
            .partition::<Vec<_>, _>(|kept| kept.since.elapsed() >= KEPT_CONNECTION_TIME);
        *kept = rest;
        let left = !kept.is_empty();
        self.watched.store(left, Ordering::Relaxed);
        drop(kept);
        drop(old);
        left
    }

    /// How many are kept.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.kept().len()
    }

    fn kept(&self) -> MutexGuard<'_, Vec<Kept>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that was handed out.
#[derive(Debug)]
pub(super) struct Lent {
    connection: rusqlite::Connection,
    marked: Arc<AtomicBool>,
    changes_before: u64,
}

impl Lent {
    /// Whether anything was changed through it since it was handed out.
    pub(super) fn has_changed_anything(&self) -> bool {
        self.connection.total_changes() != self.changes_before
    }

    /// Does `work` unless it would have to wait for another connection's lock; then it has had no effect, and the answer
    /// is None. So it is where the component may have set how long to wait, which is then not ours to change.
    pub(super) fn without_waiting<T>(
        &self,
        work: impl FnOnce(&rusqlite::Connection) -> Result<T, Failed>,
    ) -> Option<Result<T, Failed>> {
        let is_marked = self.marked.load(Ordering::Relaxed);
        if is_marked || self.connection.busy_timeout(Duration::ZERO).is_err() {
            return None;
        }
        let outcome = work(&self.connection);
        if self.connection.busy_timeout(WRITE_TURN_TIME).is_err() {
            // It gives up too soon from now on: this component takes that for a busy database, the next shall not have it.
            self.marked.store(true, Ordering::Relaxed);
        }
        let is_busy = matches!(&outcome, Err(Failed::Sqlite(error))
            if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy));
        (!is_busy).then_some(outcome)
    }
}

impl Deref for Lent {
    type Target = rusqlite::Connection;

    fn deref(&self) -> &rusqlite::Connection {
        &self.connection
    }
}

/// Where a component's connection lies once it is opened. When the component closes it, it is kept; or really closed,
/// where something is left on it.
#[derive(Debug)]
pub(super) struct Slot {
    lent: OnceLock<Mutex<Lent>>,
    idle: Arc<Idle>,
}

impl Slot {
    pub(super) fn new(idle: Arc<Idle>) -> Self {
        Self {
            lent: OnceLock::new(),
            idle,
        }
    }

    /// The connection, once it is opened.
    pub(super) fn get(&self) -> Option<&Mutex<Lent>> {
        self.lent.get()
    }

    /// Opens the connection. Blocks.
    pub(super) fn open(&self, file: &Path) -> rusqlite::Result<()> {
        let lent = self.idle.open(file)?;
        // Where two first calls race, the connection that comes second is closed again.
        drop(self.lent.set(Mutex::new(lent)));
        Ok(())
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // One that a panic has passed through is in an unknown state, and closed.
        let lent = self.lent.take().and_then(|lent| lent.into_inner().ok());
        if let Some(lent) = lent
            && lent.is_autocommit()
            && !lent.marked.load(Ordering::Relaxed)
        {
            self.idle.keep(lent);
        }
    }
}

/// Opens `file`, and notes what marks the connection.
fn open_file(file: &Path) -> rusqlite::Result<(rusqlite::Connection, Arc<AtomicBool>)> {
    let connection = rusqlite::Connection::open(file)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    let marked = Arc::new(AtomicBool::new(false));
    let marks = Arc::clone(&marked);
    connection.authorizer(Some(move |context: AuthContext<'_>| {
        if leaves_a_mark(context.action) {
            marks.store(true, Ordering::Relaxed);
        }
        match context.action {
            AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => Authorization::Deny,
            _ => Authorization::Allow,
        }
    }));
    Ok((connection, marked))
}

/// Whether a statement changes the connection itself beyond its transaction.
fn leaves_a_mark(action: AuthAction<'_>) -> bool {
    match action {
        AuthAction::Attach { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => true,
        AuthAction::Pragma {
            pragma_name,
            pragma_value,
        } => pragma_value.is_some() && !matches!(pragma_name, "foreign_keys" | "cache_size"),
        _ => false,
    }
}

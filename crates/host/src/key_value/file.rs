//! One table in one file, on one connection behind one lock, as Spin has it.
//!
//! Listing keys streams them through a channel of [`STREAMED_ITEMS`] and holds the lock until they are read: a
//! component that asks for anything else before that waits, and so does everyone after it.

use super::{Listing, check_size};
use crate::bindings::key_value::Error;
use crate::limits::STREAMED_ITEMS;
use crate::manifest::DEFAULT_STORE;
use rusqlite::{Connection, OptionalExtension};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// Spin's table: the same file serves both hosts.
const SCHEMA: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (store, key)
)";

/// The connection that all components share. It opens its file at the first use.
#[derive(Debug, Clone)]
pub(crate) struct FileStore {
    file: PathBuf,
    connection: Arc<Mutex<Option<Connection>>>,
}

impl FileStore {
    /// Stores in `file`.
    pub(crate) fn new(file: PathBuf) -> Self {
        Self {
            file,
            connection: Arc::default(),
        }
    }

    /// Runs `work` when no one else uses the connection. Blocks.
    fn locked<T>(&self, work: impl FnOnce(&Connection) -> Result<T, Error>) -> Result<T, Error> {
        // A panic while it was held cannot have left SQLite's own state half changed.
        let mut guard = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        let connection = match guard.take() {
            Some(connection) => connection,
            None => {
                let connection = Connection::open(&self.file).map_err(other)?;
                connection.execute(SCHEMA, []).map_err(other)?;
                connection
            }
        };
        let result = work(&connection);
        *guard = Some(connection);
        result
    }

    async fn blocking<T: Send + 'static>(
        self,
        work: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let task = tokio::task::spawn_blocking(move || self.locked(work));
        task.await.map_err(|error| Error::Other(error.to_string()))?
    }

    pub(crate) async fn get(self, key: String) -> Result<Option<Vec<u8>>, Error> {
        self.blocking(move |connection| {
            let sql = "SELECT value FROM spin_key_value WHERE store = ? AND key = ?";
            let mut statement = connection.prepare_cached(sql).map_err(other)?;
            statement
                .query_row([DEFAULT_STORE, &key], |row| row.get(0))
                .optional()
                .map_err(other)
        })
        .await
    }

    pub(crate) async fn set(self, key: String, value: Vec<u8>) -> Result<(), Error> {
        self.blocking(move |connection| {
            let sql = "INSERT INTO spin_key_value (store, key, value) VALUES (?, ?, ?) \
                       ON CONFLICT (store, key) DO UPDATE SET value = excluded.value";
            let mut statement = connection.prepare_cached(sql).map_err(other)?;
            statement
                .execute(rusqlite::params![DEFAULT_STORE, key, value])
                .map(drop)
                .map_err(other)
        })
        .await
    }

    pub(crate) async fn delete(self, key: String) -> Result<(), Error> {
        self.blocking(move |connection| {
            let sql = "DELETE FROM spin_key_value WHERE store = ? AND key = ?";
            let mut statement = connection.prepare_cached(sql).map_err(other)?;
            statement.execute([DEFAULT_STORE, &key]).map(drop).map_err(other)
        })
        .await
    }

    pub(crate) fn keys(self) -> Listing {
        let (keys_sender, keys) = mpsc::channel(STREAMED_ITEMS);
        let (result_sender, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let outcome = self.locked(|connection| send_keys(connection, &keys_sender));
            drop(keys_sender);
            // A component that went away does not want to know.
            drop(result_sender.send(outcome));
        });
        (keys, result)
    }
}

fn send_keys(connection: &Connection, sender: &mpsc::Sender<String>) -> Result<(), Error> {
    let sql = "SELECT key FROM spin_key_value WHERE store = ?";
    let mut statement = connection.prepare_cached(sql).map_err(other)?;
    let mut rows = statement.query([DEFAULT_STORE]).map_err(other)?;
    while let Some(row) = rows.next().map_err(other)? {
        let key: String = row.get(0).map_err(other)?;
        check_size(key.len())?;
        sender
            .blocking_send(key)
            .map_err(|_| Error::Other("nobody reads the keys".to_owned()))?;
    }
    Ok(())
}

#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn other(error: rusqlite::Error) -> Error {
    Error::Other(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> (FileStore, tempfile::TempDir) {
        let folder = tempfile::tempdir().unwrap();
        (FileStore::new(folder.path().join("store.db")), folder)
    }

    #[tokio::test]
    async fn values_are_set_replaced_and_deleted() {
        let (shared, _folder) = shared();
        let get = |key: &str| shared.clone().get(key.to_owned());
        assert_eq!(get("k").await.unwrap(), None);
        for value in [&b"one"[..], b"", &[0, 255]] {
            shared.clone().set("k".to_owned(), value.to_vec()).await.unwrap();
            assert_eq!(get("k").await.unwrap().as_deref(), Some(value));
        }
        for _ in 0..2 {
            shared.clone().delete("k".to_owned()).await.unwrap();
            assert_eq!(get("k").await.unwrap(), None);
        }
    }

    #[tokio::test]
    async fn listing_holds_everyone_up_until_it_is_read() {
        let (shared, _folder) = shared();
        for key in 0..20 {
            shared.clone().set(format!("k{key:02}"), vec![]).await.unwrap();
        }
        let (mut keys, result) = shared.clone().keys();
        assert_eq!(keys.recv().await.as_deref(), Some("k00"));
        let waiting = tokio::spawn(shared.clone().get("k01".to_owned()));
        for key in 1..20 {
            // The last few are in the channel already, and the lock free again.
            assert!(key > 12 || !waiting.is_finished());
            assert_eq!(keys.recv().await, Some(format!("k{key:02}")));
        }
        assert_eq!(keys.recv().await, None);
        assert!(result.await.unwrap().is_ok());
        assert_eq!(waiting.await.unwrap().unwrap(), Some(vec![]));
    }
}

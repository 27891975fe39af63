//! A Redis server as the store: values under their own keys, the whole of its database, as Spin has it.
//!
//! Nothing is locked: a listing that is not read to its end holds up nobody. Connections are kept for the next call, up
//! to [`IDLE_CONNECTIONS`]; when one turns out to be dead the call fails, and the others are not tried any more.

use super::{Listing, check_size};
use crate::bindings::key_value::Error;
use crate::limits::{IDLE_CONNECTIONS, STORE_TIME, STREAMED_ITEMS};
use anyhow::Context;
use redis::{Client, Commands, Connection, RedisResult};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};

/// A Redis server, and the connections to it that are free.
#[derive(Clone)]
pub(crate) struct RedisStore {
    client: Client,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl fmt::Debug for RedisStore {
    /// Without the address, which may hold a password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("RedisStore")
    }
}

impl RedisStore {
    /// A store at `url`, such as `redis://user:password@host:6379/0`.
    ///
    /// # Errors
    /// It is no address of Redis, or asks for TLS, which this host does not speak to it.
    pub(crate) fn new(url: &str) -> anyhow::Result<Self> {
        Ok(Self {
            client: Client::open(url).context("key_value_store.default.url cannot be used")?,
            idle: Arc::default(),
        })
    }

    /// Runs `work` on a connection. Blocks.
    fn connected<T>(&self, work: impl FnOnce(&mut Connection) -> RedisResult<T>) -> RedisResult<T> {
        let idle = || self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = idle().pop();
        let mut connection = match kept {
            Some(connection) => connection,
            None => {
                let connection = self.client.get_connection_with_timeout(STORE_TIME)?;
                connection.set_read_timeout(Some(STORE_TIME))?;
                connection.set_write_timeout(Some(STORE_TIME))?;
                connection
            }
        };
        match work(&mut connection) {
            Ok(value) => {
                let mut idle = idle();
                if idle.len() < IDLE_CONNECTIONS {
                    idle.push(connection);
                }
                Ok(value)
            }
            Err(error) => {
                idle().clear();
                Err(error)
            }
        }
    }

    async fn blocking<T: Send + 'static>(
        self,
        work: impl FnOnce(&mut Connection) -> RedisResult<T> + Send + 'static,
    ) -> Result<T, Error> {
        let task = tokio::task::spawn_blocking(move || self.connected(work));
        let outcome = task.await.map_err(|error| Error::Other(error.to_string()))?;
        outcome.map_err(|error| Error::Other(error.to_string()))
    }

    pub(crate) async fn get(self, key: String) -> Result<Option<Vec<u8>>, Error> {
        self.blocking(move |connection| connection.get(key)).await
    }

    pub(crate) async fn set(self, key: String, value: Vec<u8>) -> Result<(), Error> {
        self.blocking(move |connection| connection.set(key, value)).await
    }

    pub(crate) async fn delete(self, key: String) -> Result<(), Error> {
        self.blocking(move |connection| connection.del(key)).await
    }

    pub(crate) async fn exists(self, key: String) -> Result<bool, Error> {
        self.blocking(move |connection| connection.exists(key)).await
    }

    pub(crate) fn keys(self) -> Listing {
        let (sender, keys) = mpsc::channel(STREAMED_ITEMS);
        let (result_sender, result) = oneshot::channel();
        tokio::task::spawn_blocking(move || {
            let outcome = self.connected(|connection| {
                for key in connection.scan::<String>()? {
                    let key = key?;
                    if let Err(error) = check_size(key.len()) {
                        return Ok(Err(error));
                    }
                    if sender.blocking_send(key).is_err() {
                        return Ok(Err(Error::Other("nobody reads the keys".to_owned())));
                    }
                }
                Ok(Ok(()))
            });
            drop(sender);
            let outcome = outcome.unwrap_or_else(|error| Err(Error::Other(error.to_string())));
            // A component that went away does not want to know.
            drop(result_sender.send(outcome));
        });
        (keys, result)
    }
}

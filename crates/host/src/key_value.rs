//! `spin:key-value`, with Spin's semantics to the letter: bytes by key, no expiry, no compare-and-set.
//!
//! A store is one file of the state folder ([`file`]), or a Redis server ([`redis`]) where the runtime configuration
//! says so.

mod file;
mod redis;

use crate::bindings::key_value::{self as wit, Error, Store};
use crate::interpose::{Gate, Kind};
use crate::limits::{INSTANCE_HANDLES, RESULT_BYTES};
use crate::manifest::DEFAULT_STORE;
use crate::runtime_config::KeyValueConfig;
use crate::stream::Items;
use file::FileStore;
use redis::RedisStore;
use std::sync::Arc;
use tokio::sync::{mpsc, oneshot};
use wasmtime::component::{Accessor, FutureReader, HasSelf, Resource, ResourceTable, StreamReader};

/// The file's name in the state folder; Spin's.
pub const FILE_NAME: &str = "sqlite_key_value.db";

/// Keys as they come, and whether all have.
type Listing = (mpsc::Receiver<String>, oneshot::Receiver<Result<(), Error>>);

/// What all components share.
#[derive(Debug, Clone)]
pub struct KeyValue(Backend);

#[derive(Debug, Clone)]
enum Backend {
    File(FileStore),
    Redis(RedisStore),
}

impl KeyValue {
    /// The store that a configuration describes. It connects at the first use.
    ///
    /// # Errors
    /// The address is not one of Redis.
    pub fn new(config: KeyValueConfig) -> anyhow::Result<Self> {
        Ok(Self(match config {
            KeyValueConfig::File(path) => Backend::File(FileStore::new(path)),
            KeyValueConfig::Redis(url) => Backend::Redis(RedisStore::new(&url)?),
        }))
    }

    async fn get(self, key: String) -> Result<Option<Vec<u8>>, Error> {
        let value = match self.0 {
            Backend::File(store) => store.get(key).await?,
            Backend::Redis(store) => store.get(key).await?,
        };
        check_size(value.as_ref().map_or(0, Vec::len))?;
        Ok(value)
    }

    async fn set(self, key: String, value: Vec<u8>) -> Result<(), Error> {
        match self.0 {
            Backend::File(store) => store.set(key, value).await,
            Backend::Redis(store) => store.set(key, value).await,
        }
    }

    async fn delete(self, key: String) -> Result<(), Error> {
        match self.0 {
            Backend::File(store) => store.delete(key).await,
            Backend::Redis(store) => store.delete(key).await,
        }
    }

    async fn exists(self, key: String) -> Result<bool, Error> {
        match self.0 {
            Backend::File(store) => Ok(store.get(key).await?.is_some()),
            Backend::Redis(store) => store.exists(key).await,
        }
    }

    fn keys(self) -> Listing {
        match self.0 {
            Backend::File(store) => store.keys(),
            Backend::Redis(store) => store.keys(),
        }
    }
}

fn check_size(bytes: usize) -> Result<(), Error> {
    if bytes > RESULT_BYTES {
        return Err(Error::Other(format!(
            "query result exceeds limit of {RESULT_BYTES} bytes"
        )));
    }
    Ok(())
}

/// The stores of one component instance.
pub struct Stores {
    shared: KeyValue,
    allowed: Arc<[String]>,
    open: ResourceTable,
    gate: Gate,
}

/// An open store; there is only the default one.
struct OpenStore;

impl Stores {
    /// Stores over `shared`, of which the instance may open the labels in `allowed`.
    pub(crate) fn new(shared: KeyValue, allowed: Arc<[String]>, gate: Gate) -> Self {
        let mut open = ResourceTable::new();
        open.set_max_capacity(INSTANCE_HANDLES);
        Self {
            shared,
            allowed,
            open,
            gate,
        }
    }

    fn open(&mut self, label: &str) -> Result<Resource<Store>, Error> {
        if !self.allowed.iter().any(|allowed| allowed == label) {
            return Err(Error::AccessDenied);
        }
        if label != DEFAULT_STORE {
            return Err(Error::NoSuchStore);
        }
        let handle = self.open.push(OpenStore).map_err(|_| Error::StoreTableFull)?;
        Ok(Resource::new_own(handle.rep()))
    }

    fn get(&self, store: &Resource<Store>) -> Result<KeyValue, Error> {
        let handle = Resource::<OpenStore>::new_borrow(store.rep());
        self.open
            .get(&handle)
            .map(|_| self.shared.clone())
            .map_err(|_| Error::NoSuchStore)
    }
}

impl wit::Host for Stores {
    fn convert_error(&mut self, error: Error) -> wasmtime::Result<Error> {
        Ok(error)
    }
}

impl wit::HostStore for Stores {
    async fn drop(&mut self, store: Resource<Store>) -> wasmtime::Result<()> {
        self.open.delete(Resource::<OpenStore>::new_own(store.rep()))?;
        Ok(())
    }
}

impl<T: Send> wit::HostStoreWithStore<T> for HasSelf<Stores> {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Resource<Store>, Error> {
        let open = async { accessor.with(|mut access| access.get().open(&label)) };
        gate(accessor).call(Kind::KvOpen, &label).with(open).await
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        let shared = shared(accessor, &store)?;
        let call = gate(accessor).call(Kind::KvGet, &key);
        call.with(shared.get(key)).await
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Error> {
        let shared = shared(accessor, &store)?;
        let call = gate(accessor).call(Kind::KvSet, &key);
        call.with(shared.set(key, value)).await
    }

    async fn delete(accessor: &Accessor<T, Self>, store: Resource<Store>, key: String) -> Result<(), Error> {
        let shared = shared(accessor, &store)?;
        let call = gate(accessor).call(Kind::KvDelete, &key);
        call.with(shared.delete(key)).await
    }

    async fn exists(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<bool, Error> {
        let shared = shared(accessor, &store)?;
        let call = gate(accessor).call(Kind::KvExists, &key);
        call.with(shared.exists(key)).await
    }

    async fn get_keys(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
    ) -> wasmtime::Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        let shared = shared(accessor, &store)?;
        let listing = async { shared.keys() };
        let (keys, result) = gate(accessor)
            .call(Kind::KvKeys, "")
            .with_unfailing(listing)
            .await;
        accessor.with(|mut access| {
            let keys = StreamReader::new(&mut access, Items(keys))?;
            let result = FutureReader::new(&mut access, result)?;
            Ok((keys, result))
        })
    }
}

fn gate<T: Send>(accessor: &Accessor<T, HasSelf<Stores>>) -> Gate {
    accessor.with(|mut access| access.get().gate.clone())
}

fn shared<T: Send>(
    accessor: &Accessor<T, HasSelf<Stores>>,
    store: &Resource<Store>,
) -> Result<KeyValue, Error> {
    accessor.with(|mut access| access.get().get(store))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn labels_are_allowed_then_known() {
        let shared = KeyValue::new(KeyValueConfig::File("never opened".into())).unwrap();
        let mut stores = Stores::new(
            shared,
            Arc::from(["default".to_owned(), "elsewhere".to_owned()]),
            Gate::default(),
        );
        assert!(matches!(stores.open("secret"), Err(Error::AccessDenied)));
        assert!(matches!(stores.open("elsewhere"), Err(Error::NoSuchStore)));
        for _ in 0..INSTANCE_HANDLES {
            stores.open("default").unwrap();
        }
        assert!(matches!(stores.open("default"), Err(Error::StoreTableFull)));
    }
}

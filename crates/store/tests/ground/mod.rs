//! What the store's tests stand on: a ledger in a file of the process's own, with nothing between it and the tests.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};
use store::{Database, Db};

/// Runs to its end what natively never waits.
#[expect(clippy::panic, reason = "a test fails by panicking")]
pub(crate) fn now<F: Future>(work: F) -> F::Output {
    match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => panic!("the native connection waits for nothing"),
    }
}

/// The file of the ledger, new with each run.
pub(crate) fn file() -> &'static PathBuf {
    static FILE: OnceLock<PathBuf> = OnceLock::new();
    FILE.get_or_init(|| {
        let file = std::env::temp_dir().join(format!("dunlin-store-{}.db", std::process::id()));
        for suffix in ["", "-wal", "-shm"] {
            drop(std::fs::remove_file(format!("{}{suffix}", file.display())));
        }
        let database = Database {
            file: file.clone(),
            // Nobody switches a test's machine off and reads on.
            on_open: |connection| drop(connection.execute_batch("PRAGMA synchronous = OFF")),
        };
        assert!(
            store::use_database(database),
            "somebody was first to name a ledger"
        );
        file
    })
}

/// A connection to the ledger that the tests of one file share.
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
pub(crate) fn ledger() -> Db {
    file();
    now(Db::open()).expect("a ledger")
}

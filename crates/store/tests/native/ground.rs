//! What the store's tests stand on: a ledger in a file of each module's own.

use std::cell::Cell;
use std::future::Future;
use std::path::Path;
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

/// A ledger that the tests of one module share, new with each run.
pub(crate) struct Ledger {
    name: &'static str,
    database: OnceLock<Database>,
}

thread_local! {
    static CURRENT: Cell<Option<&'static Ledger>> = const { Cell::new(None) };
}

/// The ledger that this thread works on.
#[expect(clippy::expect_used, reason = "a test fails by panicking")]
pub(crate) fn current() -> &'static Ledger {
    CURRENT.get().expect("somebody has named a ledger")
}

impl Ledger {
    pub(crate) const fn new(name: &'static str) -> Self {
        Self {
            name,
            database: OnceLock::new(),
        }
    }

    /// Its file. From here on this thread works on it.
    pub(crate) fn file(&'static self) -> &'static Path {
        let database = self.database.get_or_init(|| {
            let name = self.name.replace("::", "-");
            let file = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.db"));
            for suffix in ["", "-wal", "-shm"] {
                drop(std::fs::remove_file(format!("{}{suffix}", file.display())));
            }
            Database {
                file,
                // Nobody switches a test's machine off and reads on.
                on_open: |connection| drop(connection.execute_batch("PRAGMA synchronous = OFF")),
            }
        });
        store::use_database_here(database);
        CURRENT.set(Some(self));
        &database.file
    }

    /// A connection to it.
    #[expect(clippy::expect_used, reason = "a test fails by panicking")]
    pub(crate) fn open(&'static self) -> Db {
        self.file();
        now(Db::open()).expect("a ledger")
    }
}

/// Gives a module a ledger of its own.
macro_rules! own_ledger {
    () => {
        static LEDGER: $crate::ground::Ledger = $crate::ground::Ledger::new(module_path!());

        #[allow(dead_code, reason = "not every module looks into the file")]
        pub(crate) fn file() -> &'static std::path::Path {
            LEDGER.file()
        }

        #[allow(dead_code, reason = "not every module writes past its world")]
        pub(crate) fn ledger() -> store::Db {
            LEDGER.open()
        }
    };
}
pub(crate) use own_ledger;

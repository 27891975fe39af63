//! What components can rely on from a host, and what they can stumble over, as cases.
//!
//! A folder a case: `spin.toml` is an app of probes (`conformance/probe`), `case.toml` says what is asked of it and
//! what has to come back ([`case`] is the format). Every case runs on the embedded host, and on Spin where a `spin`
//! of at least version 4.1 is on the PATH, with the same expectations. Where the two may differ, the case says
//! why. So whoever relies on a behaviour here can rely on it in production.

mod case;
mod host;
mod play;
mod redis;
mod upstream;

use crate::harness::{say, skipped};
use case::Case;
use host::{Host, Spin};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, panic, thread};

/// Why a deployment has nothing to say about this.
const OF_HOSTS: &str = "it starts hosts of its own, with apps of its own";

/// Declares the cases: one test each, on the embedded host.
macro_rules! cases {
    ($($name:ident)*) => {
        const CASES: &[&str] = &[$(stringify!($name)),*];
        $(
            #[test]
            fn $name() {
                if skipped(OF_HOSTS) {
                    return;
                }
                play::all(&Case::load(&folder(stringify!($name))), &Host::Embedded);
            }
        )*
    };
}

cases! {
    allow_list_grammar
    chaining
    handler_error
    headers
    instance_concurrency
    instance_reuse
    key_value
    key_value_listing_locks
    limit_body
    limit_memory
    limit_time
    outbound_allowed
    outbound_denied
    outbound_self
    routes
    shutdown
    sqlite_connections
    sqlite_denied
    sqlite_first_statement
    sqlite_late_errors
    sqlite_locks
    sqlite_locked_while_streaming
    sqlite_pragmas
    sqlite_rollback_on_trap
    sqlite_values
    trap
    variables
    variables_required
    well_known
}

/// The folder of a case: its name with hyphens.
fn folder(name: &str) -> PathBuf {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/conformance")).join(name.replace('_', "-"))
}

#[test]
fn every_folder_with_a_case_is_run() {
    let root = folder("");
    let found: BTreeSet<String> = fs::read_dir(root)
        .expect("the folder of cases")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.join("case.toml").exists())
        .map(|path| {
            path.file_name()
                .expect("a name")
                .to_string_lossy()
                .replace('-', "_")
        })
        .collect();
    let declared: BTreeSet<String> = CASES.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, declared);
}

#[test]
fn the_same_holds_on_spin() {
    if skipped(OF_HOSTS) {
        return;
    }
    let spin = match Spin::on_path() {
        Ok(spin) => spin,
        Err(why) => {
            say(&format!(
                "SKIPPED: {} conformance cases on Spin: {why}",
                CASES.len()
            ));
            return;
        }
    };
    let host = Host::Spin(spin);
    let mut failed = Vec::new();
    for name in CASES {
        let case = Case::load(&folder(name));
        if let Some(why) = &case.not_on_spin {
            say(&format!("SKIPPED: {name} on Spin: {why}"));
            continue;
        }
        // A failed case has said why by now.
        if panic::catch_unwind(panic::AssertUnwindSafe(|| play::all(&case, &host))).is_err() {
            failed.push(*name);
        }
    }
    assert_eq!(failed, Vec::<&str>::new(), "these cases do not hold on Spin");
}

/// Where there is no Spin, its way of being started is tried on a stand-in: same arguments, same output, but it
/// runs the embedded host.
#[test]
fn spin_is_started_as_spin_expects() {
    if skipped(OF_HOSTS) {
        return;
    }
    let stand_in = host::stand_in();
    let spin = Spin::at(&stand_in.path().join("spin")).expect("a stand-in of a good version");
    let host = Host::Spin(spin);
    thread::scope(|scope| {
        for name in ["sqlite_first_statement", "variables", "variables_required"] {
            let host = &host;
            scope.spawn(move || play::all(&Case::load(&folder(name)), host));
        }
    });
}

/// The same app, told by a runtime configuration to keep its data elsewhere.
fn play_with(case: &str, configuration: &str, folder: &Path) {
    let file = folder.join("runtime-config.toml");
    fs::write(&file, configuration).expect("a file");
    let mut case = Case::load(&self::folder(case));
    let argument = ["--runtime-config-file".to_owned(), file.display().to_string()];
    case.arguments.extend(argument);
    play::all(&case, &Host::Embedded);
}

#[test]
fn files_lie_where_the_runtime_configuration_says() {
    if skipped(OF_HOSTS) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (store, database) = (
        folder.path().join("deep/store.db"),
        folder.path().join("deep/a.db"),
    );
    let configuration = format!(
        "[key_value_store.default]\ntype = \"spin\"\npath = \"deep/store.db\"\n\
         [sqlite_database.default]\ntype = \"spin\"\npath = {database:?}\n"
    );
    play_with("key_value", &configuration, folder.path());
    play_with("sqlite_first_statement", &configuration, folder.path());
    assert!(store.exists() && database.exists());
}

#[test]
fn a_key_value_store_on_redis_keeps_its_promises() {
    if skipped(OF_HOSTS) {
        return;
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let Some(redis) = redis::Server::start(folder.path()) else {
        say("SKIPPED: the key-value conformance case on Redis: there is no redis-server on the PATH");
        return;
    };
    let url = redis.url();
    let configuration = format!("[key_value_store.default]\ntype = \"redis\"\nurl = \"{url}\"\n");
    play_with("key_value", &configuration, folder.path());
    // Nothing is locked there.
    let mut case = Case::load(&self::folder("key_value_listing_locks"));
    for step in &mut case.steps {
        step.expect.hangs_ms = None;
    }
    let file = folder.path().join("runtime-config.toml").display().to_string();
    case.arguments.extend(["--runtime-config-file".to_owned(), file]);
    play::all(&case, &Host::Embedded);
}

#[test]
fn an_older_spin_is_not_taken() {
    for (version, good) in [
        ("spin 4.1.0 (94a8fc8 2026-07-01)", true),
        ("spin 4.1.0-pre0 (94a8fc8 2026-07-01)", true),
        ("spin 10.0.2", true),
        ("spin 4.0.3 (1234567 2026-01-01)", false),
        ("spin 3.9.0", false),
        ("spin", false),
        ("", false),
    ] {
        assert_eq!(host::check_version(version).is_ok(), good, "{version}");
    }
}

//! `dunlin doctor`: looks at everything Dunlin needs and says, a line each, what is well and what is not.
//!
//! Shape: a table of checks; each finds something `ok`, worth a warning, or a failure. Changes nothing, but for a
//! file that it creates in the state folder and removes again.

use std::{
    env, fs,
    net::TcpListener,
    path::Path,
    process::{Command, ExitCode},
    time::Duration,
};

use anyhow::{Result, anyhow};

use crate::{
    components::{Components, State},
    manifest::Manifest,
    process,
    runtime_config::RuntimeConfig,
    toolchain::{self, Rustc},
    verify,
};

/// The oldest Rust that builds Dunlin.
const OLDEST_RUST: (u32, u32) = (1, 95);

/// The oldest Spin that runs the app.
const OLDEST_SPIN: (u32, u32) = (4, 1);

/// Where `dunlin` listens unless told otherwise.
const ADDRESS: &str = "127.0.0.1:3000";

/// Where `dunlin` keeps its state unless told otherwise, relative to the manifest.
const STATE_DIR: &str = ".spin";

/// For programs that are only asked for their version.
const VERSION_LIMIT: Duration = Duration::from_secs(10);

/// What a check has found; the text is for people.
enum Finding {
    Ok(String),
    Warn(String),
    Fail(String),
}

use Finding::{Fail, Ok as Well, Warn};

type Check = fn(&Path) -> Finding;

/// In the order in which a first start needs them.
const CHECKS: [(&str, Check); 9] = [
    ("rust", rust),
    ("wasm target", target),
    ("C compiler", c_compiler),
    ("manifest", manifest),
    ("components", components),
    ("state", state),
    ("ledger", ledger),
    ("port", port),
    ("spin", spin),
];

/// Runs every check on the app whose manifest lies in `root`; fails if one does.
#[must_use]
pub fn run(root: &Path) -> ExitCode {
    let mut failed = false;
    for (name, check) in CHECKS {
        let (word, text) = match check(root) {
            Well(text) => ("ok", text),
            Warn(text) => ("warn", text),
            Fail(text) => {
                failed = true;
                ("fail", text)
            }
        };
        println!(
            "{word:4}  {name:12} {}",
            text.replace('\n', "\n                   ")
        );
    }
    if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}

fn rust(_: &Path) -> Finding {
    match Rustc::look() {
        Err(error) => Fail(format!("{error:#}")),
        Ok(rustc) if version(&rustc.release) < Some(OLDEST_RUST) => Fail(format!(
            "{} is too old; Dunlin needs {}",
            rustc.release,
            dotted(OLDEST_RUST)
        )),
        Ok(rustc) => Well(format!("{} ({})", rustc.release, rustc.commit)),
    }
}

fn target(_: &Path) -> Finding {
    match toolchain::look() {
        Err(_) => Fail("no compiler to ask".to_owned()),
        Ok(None) => Warn(format!(
            "{} is not there yet; the first start sees to it",
            toolchain::TRIPLE
        )),
        Ok(Some(target)) => Well(format!("{}: {}", toolchain::TRIPLE, target.how)),
    }
}

fn c_compiler(_: &Path) -> Finding {
    let program = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    match version_line(process::command(&program).arg("--version")) {
        Ok(line) => Well(line),
        Err(error) => Warn(format!("{error}; Rust needs one to build the host")),
    }
}

fn manifest(root: &Path) -> Finding {
    match Manifest::load(&root.join("spin.toml")) {
        Ok(manifest) => Well(format!("spin.toml: {} components", manifest.component.len())),
        Err(error) => Fail(error.to_string()),
    }
}

fn components(root: &Path) -> Finding {
    let look = || -> Result<(usize, State)> {
        let components = Components::of(&root.join("spin.toml"))?;
        Ok((components.count(), components.state()?))
    };
    match look() {
        Err(error) => Fail(format!("{error:#}")),
        Ok((_, State::Missing)) => Warn("not built yet; the next start builds them".to_owned()),
        Ok((_, State::Stale)) => Warn("older than the sources; the next start builds them".to_owned()),
        Ok((count, State::Fresh)) => Well(format!("all {count} built and fresh")),
    }
}

fn state(root: &Path) -> Finding {
    let folder = root.join(STATE_DIR);
    let there = if folder.is_dir() { folder.as_path() } else { root };
    let probe = there.join(format!(".doctor-{}", std::process::id()));
    match fs::write(&probe, "").and_then(|()| fs::remove_file(&probe)) {
        Ok(()) => Well(format!("{} can be written", folder.display())),
        Err(error) => Fail(format!("{} cannot be written: {error}", there.display())),
    }
}

fn ledger(root: &Path) -> Finding {
    let file = RuntimeConfig::in_folder(&root.join(STATE_DIR)).database;
    match verify::refuse_newer_ledger(&file) {
        Err(error) => Fail(format!("{error:#}")),
        Ok(()) if file.is_file() => {
            Well("this version knows its schema; `dunlin verify` proves it".to_owned())
        }
        Ok(()) => Well("none yet".to_owned()),
    }
}

fn port(root: &Path) -> Finding {
    match TcpListener::bind(ADDRESS) {
        Ok(_) => Well(format!("{ADDRESS} is free")),
        Err(_) if root.join(STATE_DIR).join("control.json").is_file() => {
            Well(format!("{ADDRESS} is in use while Dunlin runs here"))
        }
        Err(error) => Fail(format!(
            "{ADDRESS}: {error}; free it, or choose another with --listen"
        )),
    }
}

fn spin(_: &Path) -> Finding {
    match version_line(process::command("spin").arg("--version")) {
        Err(_) => Well("not on PATH; only needed to run the same app on Spin".to_owned()),
        Ok(line) if line.split_whitespace().nth(1).and_then(version) < Some(OLDEST_SPIN) => Warn(format!(
            "{line} is too old for this app; it needs {}",
            dotted(OLDEST_SPIN)
        )),
        Ok(line) => Well(line),
    }
}

fn version_line(command: &mut Command) -> Result<String> {
    let output = process::run(command, VERSION_LIMIT, &mut |_| ())?;
    output
        .lines()
        .next()
        .map(str::to_owned)
        .ok_or_else(|| anyhow!("it says nothing"))
}

/// `1.95.0`, `4.1.0-pre0`: the first two numbers.
fn version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

fn dotted((major, minor): (u32, u32)) -> String {
    format!("{major}.{minor}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_compare_as_numbers() {
        let cases = [
            ("1.95.0", Some((1, 95))),
            ("1.100.0-nightly", Some((1, 100))),
            ("4.1.0-pre0", Some((4, 1))),
            ("unknown", None),
        ];
        for (text, expected) in cases {
            assert_eq!(version(text), expected, "{text}");
        }
        assert!(version("1.100.0") > Some(OLDEST_RUST) && version("1.94.9") < Some(OLDEST_RUST));
        assert!(
            version("unknown") < Some(OLDEST_RUST),
            "what cannot be read is too old"
        );
    }

    #[test]
    fn a_folder_without_an_app_fails_and_says_what_is_missing() {
        let root = tempfile::tempdir().unwrap();
        assert!(matches!(manifest(root.path()), Fail(text) if text.contains("spin.toml")));
        assert!(matches!(components(root.path()), Fail(_)));
        assert!(matches!(state(root.path()), Well(_)));
        assert!(matches!(ledger(root.path()), Well(_)));
    }

    #[test]
    fn a_newer_ledger_fails() {
        let root = tempfile::tempdir().unwrap();
        fs::create_dir(root.path().join(STATE_DIR)).unwrap();
        let file = RuntimeConfig::in_folder(&root.path().join(STATE_DIR)).database;
        let connection = rusqlite::Connection::open(file).unwrap();
        connection
            .execute_batch("CREATE TABLE schema_migrations (version INTEGER); INSERT INTO schema_migrations VALUES (999)")
            .unwrap();
        assert!(matches!(ledger(root.path()), Fail(text) if text.contains("newer Dunlin")));
    }

    #[test]
    fn a_taken_port_fails_unless_it_is_our_own() {
        let root = tempfile::tempdir().unwrap();
        // Held here or by somebody else: either way it is taken.
        let _held = TcpListener::bind(ADDRESS);
        assert!(matches!(port(root.path()), Fail(_)));
        fs::create_dir(root.path().join(STATE_DIR)).unwrap();
        fs::write(root.path().join(STATE_DIR).join("control.json"), "{}").unwrap();
        assert!(matches!(port(root.path()), Well(_)));
    }
}

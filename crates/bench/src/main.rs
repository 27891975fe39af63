//! How fast Dunlin is, and how fast the same work is without WebAssembly: one run, both beside each other.
//!
//! ```text
//! cargo run --release -p dunlin-bench              # about two minutes
//! cargo run --release -p dunlin-bench -- --quick   # a tenth of the sizes
//! cargo run --release -p dunlin-bench -- --json    # one JSON object
//! ```
//!
//! **What is compared.** The *app* is the `dunlin` binary with its components, started as users start it. The *twin*
//! ([`twin`]) is an axum server with rusqlite that runs the same rules (`receivables`) and the same statements
//! (`store`, with its feature `native`) on the same schema and pragmas. What lies between the two figures is the
//! price of WebAssembly, the host boundary and our HTTP host. Each is a process of its own and starts from a copy of
//! the same database ([`seed`]); one client ([`client`]) asks both the same over loopback.
//!
//! **What a figure is.** `<what>_per_s` is the app's rate, `<what>_native_per_s` the twin's, and
//! `<what>_ratio_to_native` the first through the second. `_ms` are milliseconds, `_bytes` bytes. `_cpu_us` is the
//! processor time that the server used for one unit of work, the client not counted.
//!
//! **Where the time goes.** The twin counts its statements and the time SQLite spends in them; with `--statements`
//! it lists them, the dearest first. Both sides run the same statements, so that is the database's part in both.

mod client;
mod probe;
mod provider;
mod report;
mod seed;
mod subject;
mod twin;
mod work;

use anyhow::{Context, bail};
use report::Report;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use subject::Program;

/// The instant at which both sides stand: a Monday morning.
const NOW: &str = "2026-01-12T09:00:00Z";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("dunlin-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        // What the bench starts itself.
        ["twin", file] => return twin::serve(Path::new(file)),
        ["seed", plan, file] => return seed::write(plan, Path::new(file)),
        _ => {}
    }
    let mut options = Options::default();
    for word in words {
        match word {
            "--quick" => options.quick = true,
            "--json" => options.json = true,
            "--statements" => options.statements = true,
            "--no-build" => options.as_built = true,
            only if !only.starts_with('-') => options.only.push(only.to_owned()),
            other => bail!(
                "{other} is not known; known are --quick, --json, --statements, --no-build, and names of parts"
            ),
        }
    }
    measure(&options)
}

/// What is asked of a run.
#[derive(Debug, Default)]
struct Options {
    /// A tenth of every size.
    quick: bool,
    /// One JSON object instead of a table.
    json: bool,
    /// What the twin's statements took, part by part.
    statements: bool,
    /// The host and the components as they are.
    as_built: bool,
    /// The parts to run; empty: all.
    only: Vec<String>,
}

impl Options {
    fn size(&self, full: usize) -> usize {
        if self.quick { full / 10 } else { full }
    }

    fn wanted(&self, part: &str) -> bool {
        self.only.is_empty() || self.only.iter().any(|only| only == part)
    }
}

fn measure(options: &Options) -> anyhow::Result<()> {
    let root = repository()?;
    let program = Program::find(&root, options.as_built)?;
    let mut report = Report::new(options.json, options.statements);
    let parts: [(&str, work::Part); 5] = [
        ("intake", work::intake),
        ("sweep", work::sweep),
        ("delivery", work::delivery),
        ("payments", work::payments),
        ("components", work::components),
    ];
    for (name, part) in parts {
        if options.wanted(name) {
            part(&program, options, &mut report).with_context(|| format!("part {name}"))?;
        }
    }
    report.finish()
}

/// The repository that this crate lies in.
fn repository() -> anyhow::Result<PathBuf> {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .map(Path::to_owned)
        .context("the crate lies in no repository")
}

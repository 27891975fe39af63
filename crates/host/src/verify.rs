//! `dunlin verify`: proves that a ledger's file holds what the app wrote, or names the first row that differs.
//!
//! It reads one snapshot, so that it serves a running app and a backup alike, and changes nothing. What it looks at is
//! `store::proof`'s.

use crate::runtime_config::RuntimeConfig;
use anyhow::{Context, ensure};
use clap::Args;
use rusqlite::{Connection, OpenFlags};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use store::SCHEMA_VERSION;
use store::proof::{Proof, prove};
use store::trail::TrailHead;

/// How long to wait for whoever holds the file.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many rows that differ are named; the first is what matters.
const NAMED: usize = 20;

/// Where a ledger lies.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Folder for databases, logs and the clock; or a backup
    #[arg(long, value_name = "FOLDER", default_value = ".spin")]
    pub state_dir: PathBuf,
    /// Where data lies, if not in the state folder, as `up` is told it
    #[arg(long, value_name = "FILE")]
    pub runtime_config_file: Option<PathBuf>,
}

impl Place {
    /// Where its data lies.
    ///
    /// # Errors
    /// The runtime configuration cannot be read.
    pub fn config(&self) -> anyhow::Result<RuntimeConfig> {
        match &self.runtime_config_file {
            Some(file) => RuntimeConfig::load(file, &self.state_dir),
            None => Ok(RuntimeConfig::in_folder(&self.state_dir)),
        }
    }
}

/// What `dunlin verify` is told.
#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    place: Place,
    /// The end of the trail as it was kept elsewhere: the act's number, a colon, its hash
    #[arg(long, value_name = "ACT:HASH", value_parser = parse_head)]
    head: Option<TrailHead>,
}

impl Verify {
    /// Proves, and says what came of it.
    ///
    /// # Errors
    /// There is no ledger, it cannot be read, or it is a newer version's.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let proof = proof_of(&self.place.config()?.database, self.head.as_ref())?;
        print!("{}", told(&proof));
        Ok(match proof.findings.is_empty() {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        })
    }
}

/// Proves the ledger in a file.
///
/// # Errors
/// There is none, it cannot be read, or it is a newer version's.
pub fn proof_of(file: &Path, kept: Option<&TrailHead>) -> anyhow::Result<Proof> {
    let read = || {
        let connection = open(file)?;
        refuse_newer(&connection)?;
        anyhow::Ok(prove(&connection, kept)?)
    };
    read().with_context(|| format!("the ledger in {}", file.display()))
}

/// Opens a database to look at it.
pub(crate) fn open(file: &Path) -> anyhow::Result<Connection> {
    ensure!(file.is_file(), "there is none");
    let connection = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    connection.busy_timeout(PATIENCE)?;
    Ok(connection)
}

/// The schema of a database, if it is a ledger at all.
fn schema(connection: &Connection) -> rusqlite::Result<Option<i64>> {
    let tables = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'";
    match connection.query_row(tables, [], |row| row.get(0))? {
        0_i64 => Ok(None),
        _ => connection.query_row("SELECT max(version) FROM schema_migrations", [], |row| row.get(0)),
    }
}

fn refuse_newer(connection: &Connection) -> anyhow::Result<()> {
    let found = schema(connection)?.context("this is no ledger of Dunlin's")?;
    ensure!(
        found <= SCHEMA_VERSION,
        "a newer Dunlin has written it: its schema is {found}, this one knows {SCHEMA_VERSION}; use that version, or a \
         backup of before"
    );
    Ok(())
}

/// Refuses the ledger of a newer version, which this one would not understand. Where there is none yet, or what is there
/// is another app's, there is nothing to refuse.
///
/// # Errors
/// In words: which versions they are.
pub fn refuse_newer_ledger(file: &Path) -> anyhow::Result<()> {
    if !file.is_file() {
        return Ok(());
    }
    let connection = open(file)?;
    if schema(&connection)?.is_some() {
        refuse_newer(&connection).with_context(|| format!("the ledger in {}", file.display()))?;
    }
    Ok(())
}

/// What a proof comes to, for people.
fn told(proof: &Proof) -> String {
    let sealed = match &proof.head {
        None => "there is no trail before schema 6".to_owned(),
        Some(head) => format!(
            "{} acts seal {} rows\nhead: {}:{}",
            proof.acts, proof.rows, head.act, head.hash
        ),
    };
    let Some(first) = proof.findings.first() else {
        return format!("The ledger holds: schema {}, {sealed}\n", proof.schema);
    };
    let mut told = format!(
        "The ledger does not hold. First: {} {}: {}\n",
        first.table, first.id, first.what
    );
    for finding in proof.findings.iter().skip(1).take(NAMED) {
        told.push_str(&format!("  {} {}: {}\n", finding.table, finding.id, finding.what));
    }
    let more = proof.findings.len().saturating_sub(NAMED.saturating_add(1));
    if more > 0 {
        told.push_str(&format!("  and {more} more\n"));
    }
    told
}

/// `12:ab34...`
fn parse_head(text: &str) -> Result<TrailHead, String> {
    let read = || {
        let (act, hash) = text.split_once(':')?;
        let hash = hash.to_ascii_lowercase();
        let is_hash = hash.len() == 64 && hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hash.then_some(TrailHead {
            act: act.parse().ok()?,
            hash,
        })
    };
    read().ok_or_else(|| "a head is the number of an act, a colon and 64 hexadecimal digits".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_a_number_and_a_hash() {
        let hash = "a".repeat(64);
        let head = parse_head(&format!("12:{hash}")).unwrap();
        assert_eq!((head.act, head.hash), (12, hash.clone()));
        for bad in [
            "",
            "12",
            "12:ab",
            &format!("x:{hash}"),
            &format!("12:{}", "g".repeat(64)),
        ] {
            assert!(parse_head(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn another_apps_database_is_none_of_ours_and_a_newer_ledger_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sqlite_db.db");
        assert!(refuse_newer_ledger(&file).is_ok(), "no file");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch("CREATE TABLE things (id TEXT)").unwrap();
        assert!(refuse_newer_ledger(&file).is_ok(), "another app's");
        assert!(proof_of(&file, None).is_err(), "and nothing to prove");
        connection
            .execute_batch(
                "CREATE TABLE schema_migrations (version INTEGER); INSERT INTO schema_migrations VALUES (6)",
            )
            .unwrap();
        assert!(refuse_newer_ledger(&file).is_ok());
        connection
            .execute_batch("INSERT INTO schema_migrations VALUES (999)")
            .unwrap();
        let refused = format!("{:#}", refuse_newer_ledger(&file).unwrap_err());
        assert!(
            refused.contains("its schema is 999") && refused.contains("a newer Dunlin"),
            "{refused}"
        );
    }
}

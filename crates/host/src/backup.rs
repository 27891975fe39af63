//! `dunlin backup` and `dunlin restore`: a ledger as it stands at one moment, in a folder of its own.
//!
//! **While the app runs.** The copy is SQLite's online backup of one snapshot, held from the first page to the last:
//! writers go on beside it, and what they write meanwhile is not in it. **Whole or not at all.** It is written under another
//! name, proved, written through to the disk and only then given its name. **As a state folder.** A backup can be
//! verified, and served, where it lies.
//!
//! A restore proves before it copies, against the head that the backup came with, and takes no folder that holds
//! anything.

use crate::runtime_config::{KeyValueConfig, RuntimeConfig};
use crate::state::{StateDir, write_atomically};
use crate::verify::{self, Place};
use anyhow::{Context, bail, ensure};
use chrono::{DateTime, Utc};
use clap::Args;
use rusqlite::Connection;
use rusqlite::backup::{Backup as Copying, StepResult};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use store::proof::Proof;
use store::trail::TrailHead;

/// What tells of a backup in its folder.
const ABOUT: &str = "backup.json";
/// Where a virtual clock stands; of a real one there is no file.
const CLOCK: &str = "clock.json";
/// Pages that are copied at a time: 4 MB.
const PAGES: std::ffi::c_int = 1_024;
/// A breath between two of them, for whoever wants the disk too.
const BREATH: Duration = Duration::from_millis(1);

/// What `dunlin backup` is told.
#[derive(Debug, Args)]
pub struct Backup {
    #[command(flatten)]
    place: Place,
    /// The folder to make
    to: PathBuf,
}

/// What `dunlin restore` is told.
#[derive(Debug, Args)]
pub struct Restore {
    /// The folder that a backup made
    from: PathBuf,
    /// The state folder to make; empty, or not there yet
    #[arg(long, value_name = "FOLDER", default_value = ".spin")]
    state_dir: PathBuf,
}

/// What is known of a backup.
#[derive(Debug, Serialize, Deserialize)]
struct About {
    made_at: DateTime<Utc>,
    schema: i64,
    act: Option<i64>,
    hash: Option<String>,
}

impl Backup {
    /// Makes the backup and says what is in it.
    ///
    /// # Errors
    /// There is nothing to back up, it does not prove, or the folder is there already.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let proof = back_up(&self.place.config()?, &self.place.state_dir, &self.to)?;
        println!("Backed up to {}: {}", self.to.display(), summary(&proof));
        Ok(ExitCode::SUCCESS)
    }
}

impl Restore {
    /// Restores a backup into a new state folder and says what came back.
    ///
    /// # Errors
    /// It does not prove, or the state folder holds something.
    pub fn run(&self) -> anyhow::Result<ExitCode> {
        let proof = restore(&self.from, &self.state_dir)?;
        println!("Restored to {}: {}", self.state_dir.display(), summary(&proof));
        Ok(ExitCode::SUCCESS)
    }
}

fn summary(proof: &Proof) -> String {
    let head = proof.head.as_ref();
    let head = head.map_or(String::new(), |head| format!(", head {}:{}", head.act, head.hash));
    format!(
        "schema {}, {} sealed rows{head}; proved.",
        proof.schema, proof.rows
    )
}

fn back_up(config: &RuntimeConfig, state_dir: &Path, to: &Path) -> anyhow::Result<Proof> {
    ensure!(!to.exists(), "{} is there already", to.display());
    let partial = beside(to)?;
    // What a run that was cut off has left; nobody else gives a folder this name.
    if partial.exists() {
        fs::remove_dir_all(&partial)?;
    }
    fs::create_dir_all(&partial).with_context(|| format!("cannot make {}", partial.display()))?;
    only_owner(&partial)?;
    let copies = RuntimeConfig::in_folder(&partial);
    copy_database(&config.database, &copies.database)?;
    if let (KeyValueConfig::File(from), KeyValueConfig::File(copy)) = (&config.key_value, &copies.key_value)
        && from.is_file()
    {
        copy_database(from, copy)?;
    }
    copy_clock(state_dir, &partial)?;
    let proof = proved(&copies.database, None)?;
    let about = About {
        made_at: Utc::now(),
        schema: proof.schema,
        act: proof.head.as_ref().map(|head| head.act),
        hash: proof.head.as_ref().map(|head| head.hash.clone()),
    };
    write_atomically(&partial.join(ABOUT), &serde_json::to_vec_pretty(&about)?)?;
    File::open(&partial)?.sync_all()?;
    fs::rename(&partial, to)?;
    File::open(parent(to))?.sync_all()?;
    Ok(proof)
}

fn restore(from: &Path, state_dir: &Path) -> anyhow::Result<Proof> {
    let about = fs::read(from.join(ABOUT)).with_context(|| format!("{} is no backup", from.display()))?;
    let about: About = serde_json::from_slice(&about).with_context(|| format!("{ABOUT} is damaged"))?;
    let head = about
        .act
        .zip(about.hash)
        .map(|(act, hash)| TrailHead { act, hash });
    let source = RuntimeConfig::in_folder(from);
    let proof = proved(&source.database, head.as_ref())?;
    let is_empty = !state_dir.exists() || fs::read_dir(state_dir)?.next().is_none();
    ensure!(
        is_empty,
        "{} is not empty; a backup is restored into a folder of its own",
        state_dir.display()
    );
    // Nobody starts on it before all of it is there.
    let state = StateDir::take(state_dir)?;
    let target = RuntimeConfig::in_folder(state.path());
    copy_clock(from, state.path())?;
    if let (KeyValueConfig::File(from), KeyValueConfig::File(copy)) = (&source.key_value, &target.key_value)
        && from.is_file()
    {
        copy_whole(from, copy)?;
    }
    copy_whole(&source.database, &target.database)?;
    Ok(proof)
}

/// Proves a copy; one that does not hold is none.
fn proved(file: &Path, head: Option<&TrailHead>) -> anyhow::Result<Proof> {
    let proof = verify::proof_of(file, head)?;
    if let Some(first) = proof.findings.first() {
        bail!(
            "the ledger does not hold: {} {}: {}; `dunlin verify` says more",
            first.table,
            first.id,
            first.what
        );
    }
    Ok(proof)
}

/// Copies under another name first.
fn copy_whole(from: &Path, to: &Path) -> anyhow::Result<()> {
    let partial = beside(to)?;
    copy_database(from, &partial)?;
    fs::rename(&partial, to)?;
    File::open(parent(to))?.sync_all()?;
    Ok(())
}

/// Copies a database as it stands now, whoever writes to it meanwhile.
fn copy_database(from: &Path, to: &Path) -> anyhow::Result<()> {
    let copy = || {
        let source = verify::open(from)?;
        // Held until the end: pages of one commit and no other, and no reason to begin again.
        let snapshot = source.unchecked_transaction()?;
        snapshot.query_row("SELECT count(*) FROM sqlite_master", [], |_| Ok(()))?;
        only_owner_file(to)?;
        let mut target = Connection::open(to)?;
        let copying = Copying::new(&snapshot, &mut target)?;
        while copying.step(PAGES)? != StepResult::Done {
            std::thread::sleep(BREATH);
        }
        drop(copying);
        target.close().map_err(|(_, error)| error)?;
        File::open(to)?.sync_all()?;
        anyhow::Ok(())
    };
    copy().with_context(|| format!("copying {}", from.display()))
}

fn copy_clock(from: &Path, to: &Path) -> anyhow::Result<()> {
    match fs::read(from.join(CLOCK)) {
        Ok(clock) => Ok(write_atomically(&to.join(CLOCK), &clock)?),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// The name that something has before it is whole.
fn beside(path: &Path) -> anyhow::Result<PathBuf> {
    let mut name = path.file_name().context("a name is needed")?.to_owned();
    name.push(".partial");
    Ok(path.with_file_name(name))
}

fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// A ledger holds people's data.
#[cfg(unix)]
fn only_owner(folder: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn only_owner(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// Makes the file, so that it is nobody else's from the start.
fn only_owner_file(file: &Path) -> std::io::Result<()> {
    let mut options = File::options();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(file).map(drop)
}

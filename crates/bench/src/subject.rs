//! What is measured: the app and its twin, each a process of its own on a folder of its own.

use crate::client::{Connection, Request};
use crate::probe::Share;
use crate::{NOW, twin};
use anyhow::{Context, bail, ensure};
use serde::{Deserialize, Serialize};
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// The administrator's key of both sides. They listen on loopback and end with the run.
pub(crate) const ADMIN_KEY: &str = "bench-admin-key";
/// The cron's.
pub(crate) const CRON_KEY: &str = "bench-cron-key";
/// The sandbox's.
pub(crate) const SANDBOX_SECRET: &str = "whsec_YmVuY2gtc2FuZGJveC1zZWNyZXQtMDE=";

/// A start takes under two seconds once the components are compiled, which takes a minute the first time.
const START_LIMIT: Duration = Duration::from_secs(180);

/// Runs a program and ends it when standard input does: also when the bench is killed.
const GUARD: &str = r#""$@" & read _; exec 2>/dev/null; kill -TERM $!; wait $!"#;

fn guarded(program: &Path) -> Command {
    let mut command = Command::new("sh");
    command
        .args(["-c", GUARD, "guard"])
        .arg(program)
        .stdin(Stdio::piped());
    command
}

/// The programs, built.
pub(crate) struct Program {
    root: PathBuf,
    dunlin: PathBuf,
}

impl Program {
    /// The host and the components, built as the README does unless they are to be taken as they are.
    pub(crate) fn find(root: &Path, as_built: bool) -> anyhow::Result<Self> {
        let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let program = Self {
            root: root.to_owned(),
            dunlin: folder.join("release").join("dunlin"),
        };
        if as_built {
            return Ok(program);
        }
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let status = Command::new(cargo)
            .args(["build", "--release", "--bin", "dunlin"])
            .current_dir(root)
            .status()
            .context("cargo does not run")?;
        ensure!(status.success(), "the host does not build");
        let status = program
            .dunlin()
            .arg("build")
            .status()
            .context("dunlin does not run")?;
        ensure!(status.success(), "the components do not build");
        Ok(program)
    }

    /// The app's program, to be run from the repository's root.
    pub(crate) fn dunlin(&self) -> Command {
        let mut command = Command::new(&self.dunlin);
        command.current_dir(&self.root);
        command
    }

    /// The app's manifest.
    pub(crate) fn manifest(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(self.root.join("spin.toml"))?)
    }
}

/// A database to start from, written by a process of its own.
pub(crate) struct Seed {
    folder: TempDir,
}

impl Seed {
    /// Writes the database of a plan: see [`crate::seed`].
    pub(crate) fn of(plan: &str) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let seed = Self { folder };
        let status = Command::new(std::env::current_exe()?)
            .args(["seed", plan])
            .arg(seed.file())
            .status()?;
        ensure!(status.success(), "seed {plan}: {status}");
        Ok(seed)
    }

    fn file(&self) -> PathBuf {
        self.folder.path().join("seed.db")
    }

    /// What the seed wrote beside its database, one a line.
    pub(crate) fn lines(&self) -> anyhow::Result<Vec<String>> {
        let text = fs::read_to_string(self.file().with_extension("txt"))?;
        Ok(text.lines().map(str::to_owned).collect())
    }
}

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Side {
    /// Dunlin as users run it.
    App,
    /// The same work natively.
    Twin,
}

/// A running server with data of its own; it ends when this is dropped, or when the bench ends in any other way.
pub(crate) struct Subject {
    pub(crate) address: SocketAddr,
    side: Side,
    pid: u32,
    child: Child,
    // Removed when the server is gone.
    _folder: TempDir,
}

/// How a server says that it runs: the twin on standard output, the app in `control.json`.
#[derive(Serialize, Deserialize)]
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    pub(crate) pid: u32,
}

impl Subject {
    /// Starts one side on a copy of `seed`.
    pub(crate) fn start(
        side: Side,
        program: &Program,
        seed: &Seed,
        variables: &[(&str, &str)],
    ) -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("sqlite_db.db");
        fs::copy(seed.file(), &file).context("the seed cannot be copied")?;
        match side {
            Side::App => Self::app(program, folder, variables),
            Side::Twin => Self::twin(folder, &file, variables),
        }
    }

    fn app(program: &Program, folder: TempDir, variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let log = folder.path().join("bench.log");
        let output = File::create(&log)?;
        let mut command = guarded(&program.dunlin);
        command
            .current_dir(&program.root)
            .args([
                "up",
                "--no-build",
                "--listen",
                "127.0.0.1:0",
                "--clock",
                NOW,
                "--state-dir",
            ])
            .arg(folder.path())
            .env("SPIN_VARIABLE_ADMIN_KEY", ADMIN_KEY)
            .env("SPIN_VARIABLE_CRON_KEY", CRON_KEY)
            .env("SPIN_VARIABLE_SANDBOX_SECRET", SANDBOX_SECRET)
            .stdout(output.try_clone()?)
            .stderr(output);
        for (name, value) in variables {
            command.env(format!("SPIN_VARIABLE_{}", name.to_uppercase()), value);
        }
        let mut child = command.spawn().context("dunlin does not run")?;
        let started = Instant::now();
        loop {
            if let Some(running) = ready(folder.path()) {
                return Ok(Self {
                    address: running.address,
                    side: Side::App,
                    pid: running.pid,
                    child,
                    _folder: folder,
                });
            }
            if child.try_wait()?.is_some() || started.elapsed() > START_LIMIT {
                bail!(
                    "dunlin did not start:\n{}",
                    fs::read_to_string(&log).unwrap_or_default()
                );
            }
            // The host announces itself by a file.
            thread::sleep(Duration::from_millis(10));
        }
    }

    fn twin(folder: TempDir, file: &Path, variables: &[(&str, &str)]) -> anyhow::Result<Self> {
        let mut command = guarded(&std::env::current_exe()?);
        command.arg("twin").arg(file).stdout(Stdio::piped());
        command.envs(variables.iter().map(|(name, value)| (name.to_uppercase(), value)));
        let mut child = command.spawn()?;
        let stdout = child.stdout.take().context("the twin says nothing")?;
        let mut line = String::new();
        BufReader::new(stdout).read_line(&mut line)?;
        let running: Running = serde_json::from_str(&line).context("the twin did not start")?;
        Ok(Self {
            address: running.address,
            side: Side::Twin,
            pid: running.pid,
            child,
            _folder: folder,
        })
    }

    /// Sends one request.
    pub(crate) fn call(&self, request: &Request, status: u16) -> anyhow::Result<crate::client::Answer> {
        Connection::open(self.address)?.call(request)?.expect(status)
    }

    /// What the server's process is known for.
    pub(crate) fn usage(&self) -> anyhow::Result<Usage> {
        Usage::of(self.pid)
    }

    /// The statements since this was asked last; only the twin counts them.
    pub(crate) fn statements(&self, wanted: bool) -> anyhow::Result<Vec<Share>> {
        if !wanted || self.side == Side::App {
            return Ok(Vec::new());
        }
        let answer = self.call(&Request::get(twin::STATEMENTS, ADMIN_KEY), 200)?;
        Ok(serde_json::from_slice(&answer.body)?)
    }
}

impl Drop for Subject {
    fn drop(&mut self) {
        // The guard ends it, and itself; one that is gone already is just as well.
        drop(self.child.stdin.take());
        drop(self.child.wait());
    }
}

fn ready(state: &Path) -> Option<Running> {
    let text = fs::read_to_string(state.join("control.json")).ok()?;
    let running: Running = serde_json::from_str(&text).ok()?;
    let request = Request::get("/.well-known/spin/health", "");
    Connection::open(running.address)
        .ok()?
        .call(&request)
        .ok()?
        .expect(200)
        .ok()?;
    Some(running)
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Usage {
    /// Processor time, user and system.
    pub(crate) cpu: Duration,
    /// Most memory at any time.
    pub(crate) peak_bytes: u64,
}

impl Usage {
    fn of(pid: u32) -> anyhow::Result<Self> {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // After the name, which may hold anything: state is the third field, user and system time are 14 and 15.
        let rest = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let ticks: u64 = rest
            .split_whitespace()
            .skip(11)
            .take(2)
            .filter_map(|field| field.parse::<u64>().ok())
            .sum();
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|text| text.split_whitespace().next()?.parse::<u64>().ok());
        Ok(Self {
            // Linux counts hundredths of a second here, whatever its own clock does.
            cpu: Duration::from_millis(ticks.saturating_mul(10)),
            peak_bytes: peak.context("no VmHWM")?.saturating_mul(1024),
        })
    }
}

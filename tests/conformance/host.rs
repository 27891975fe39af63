//! The hosts that cases run on, each in a process of its own for each case.

use super::case::Case;
use crate::harness::{GUARD, dunlin, exe};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// For a machine that does much else.
const START_LIMIT: Duration = Duration::from_secs(60);

/// The first version of Spin that knows the final `wasi:http@0.3.0`.
const FIRST_SPIN: (u32, u32) = (4, 1);

/// Where cases run.
pub(super) enum Host {
    /// This repository's.
    Embedded,
    /// The one that production runs.
    Spin(Spin),
}

/// A `spin` that is new enough.
pub(super) struct Spin(PathBuf);

impl Spin {
    /// The one that a shell would find.
    pub(super) fn on_path() -> Result<Self, String> {
        Self::at(Path::new("spin"))
    }

    /// A particular one.
    pub(super) fn at(program: &Path) -> Result<Self, String> {
        let output = Command::new(program)
            .arg("--version")
            .output()
            .map_err(|error| format!("no spin can be started ({error})"))?;
        check_version(&String::from_utf8_lossy(&output.stdout))?;
        Ok(Self(program.to_owned()))
    }
}

/// Reads `spin 4.1.0 (commit date)`; a version before a release counts as that release.
pub(super) fn check_version(said: &str) -> Result<(), String> {
    let read = || {
        let (major, rest) = said.strip_prefix("spin ")?.split_once('.')?;
        let (minor, _) = rest.split_once('.')?;
        Some((major.parse::<u32>().ok()?, minor.parse::<u32>().ok()?))
    };
    match read() {
        Some(version) if version >= FIRST_SPIN => Ok(()),
        _ => Err(format!("at least version 4.1 is needed, this is {said:?}")),
    }
}

/// A host at work on one case.
pub(super) struct Running {
    child: Child,
    state: TempDir,
    /// Without a trailing slash.
    pub(super) url: String,
}

impl Host {
    fn command(&self, case: &Case, state: &Path) -> (PathBuf, Vec<String>) {
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let manifest = path(&case.folder.join("spin.toml"));
        let state = path(state);
        let (program, first) = match self {
            Self::Embedded => (PathBuf::from(exe()), vec!["up", "--no-build"]),
            Self::Spin(Spin(program)) => (program.clone(), vec!["up"]),
        };
        let rest = [
            "--from",
            &manifest,
            "--listen",
            "127.0.0.1:0",
            "--state-dir",
            &state,
        ];
        let arguments = first.into_iter().chain(rest).map(str::to_owned);
        (program, arguments.chain(case.arguments.clone()).collect())
    }

    /// Starts it; when this returns, it answers.
    pub(super) fn start(&self, case: &Case) -> Running {
        build_probe();
        let state = tempfile::tempdir().expect("a temporary folder");
        let (program, arguments) = self.command(case, state.path());
        let log = File::create(state.path().join("test.log")).expect("a log");
        let child = Command::new("sh")
            .args(["-c", GUARD, "guard"])
            .arg(program)
            .args(arguments)
            .envs(environment(case))
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("a log"))
            .stderr(log)
            .spawn()
            .expect("sh");
        let mut running = Running {
            child,
            state,
            url: String::new(),
        };
        let started = Instant::now();
        loop {
            if let Some(url) = self.address(running.state.path()) {
                let health = ureq::get(format!("{url}/.well-known/spin/health")).call();
                if health.is_ok() {
                    running.url = url;
                    return running;
                }
            }
            assert!(
                started.elapsed() < START_LIMIT,
                "the host did not start:\n{}",
                running.log()
            );
            thread::sleep(Duration::from_millis(10));
        }
    }

    /// Starts it where it is to refuse, and answers what it said.
    pub(super) fn refuse(&self, case: &Case) -> String {
        build_probe();
        let state = tempfile::tempdir().expect("a temporary folder");
        let (program, arguments) = self.command(case, state.path());
        let log = state.path().join("test.log");
        let output = File::create(&log).expect("a log");
        let mut child = Command::new(program)
            .args(arguments)
            .envs(environment(case))
            .stdin(Stdio::null())
            .stdout(output.try_clone().expect("a log"))
            .stderr(output)
            .spawn()
            .expect("the host");
        let started = Instant::now();
        let ended = loop {
            let ended = child.try_wait().expect("the host");
            if ended.is_some() || started.elapsed() > START_LIMIT || self.address(state.path()).is_some() {
                break ended;
            }
            thread::sleep(Duration::from_millis(10));
        };
        let said = fs::read_to_string(&log).expect("a log");
        let Some(status) = ended else {
            child.kill().expect("the host");
            child.wait().expect("the host");
            panic!("it starts, where it is to refuse:\n{said}");
        };
        assert!(!status.success(), "it ends well, where it is to refuse:\n{said}");
        said
    }

    /// Where it listens, once it says so: the embedded host by a file, Spin on its standard output.
    fn address(&self, state: &Path) -> Option<String> {
        match self {
            Self::Embedded => {
                let text = fs::read_to_string(state.join("control.json")).ok()?;
                let running: serde_json::Value = serde_json::from_str(&text).ok()?;
                Some(running.get("url")?.as_str()?.to_owned())
            }
            Self::Spin(_) => {
                let log = fs::read_to_string(state.join("test.log")).ok()?;
                let (_, after) = log.split_once("Serving http://")?;
                let (address, _) = after.split_once('\n')?;
                Some(format!("http://{}", address.trim()))
            }
        }
    }
}

impl Running {
    /// Asks it to end, as a deployment does, and waits.
    pub(super) fn stop(&mut self) -> ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().expect("the host's guard")
    }

    /// What it has said.
    pub(super) fn log(&self) -> String {
        fs::read_to_string(self.state.path().join("test.log")).unwrap_or_default()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop();
    }
}

fn environment(case: &Case) -> impl Iterator<Item = (String, &String)> {
    let name = |name: &str| format!("SPIN_VARIABLE_{}", name.to_uppercase());
    case.variables
        .iter()
        .map(move |(variable, value)| (name(variable), value))
}

/// Builds the probe, showing how it goes; every case takes the same one.
fn build_probe() {
    static BUILT: OnceLock<()> = OnceLock::new();
    BUILT.get_or_init(|| {
        let manifest = super::folder("routes").join("spin.toml");
        let status = dunlin()
            .arg("build")
            .arg("--from")
            .arg(manifest)
            .status()
            .expect("dunlin build");
        assert!(status.success(), "dunlin build: {status}");
    });
}

/// A folder with a program `spin` that takes what Spin takes and says what Spin says, but runs the embedded host.
pub(super) fn stand_in() -> TempDir {
    use std::os::unix::fs::PermissionsExt;
    // As Spin does, it refuses arguments that Spin does not know.
    const SCRIPT: &str = r#"#!/bin/sh
if [ "$*" = "--version" ]; then echo "spin 4.1.0 (0000000 2026-01-01)"; exit; fi
if [ "$1" != up ]; then echo "unknown command $1"; exit 2; fi
shift
for argument; do
  case "$argument" in
    --from|--listen|--request-timeout) ;;
    --state-dir) state=next ;;
    -*) echo "unknown argument $argument"; exit 2 ;;
    *) if [ "$state" = next ]; then state=$argument; fi ;;
  esac
done
PROGRAM up --no-build "$@" &
trap 'kill -TERM $!' TERM INT
while kill -0 $! 2>/dev/null && [ ! -e "$state/control.json" ]; do sleep 0.02; done
url=$(sed -n 's/^ *"url": "\(.*\)",$/\1/p' "$state/control.json") && echo && echo "Serving $url"
wait $!
status=$?
while kill -0 $! 2>/dev/null; do wait $!; status=$?; done
exit $status
"#;
    let folder = tempfile::tempdir().expect("a temporary folder");
    let file = folder.path().join("spin");
    fs::write(&file, SCRIPT.replace("PROGRAM", exe())).expect("a script");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).expect("a script");
    folder
}

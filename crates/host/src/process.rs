//! Running other programs: with a time limit, nothing read from the terminal, and an error that says what they
//! said; and the lock file by which two of our own processes take turns.

use std::{
    collections::VecDeque,
    env,
    ffi::OsStr,
    fs::{File, TryLockError},
    io::{BufRead, BufReader, Read},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

/// How many of the last lines of its standard error a failed program is quoted with.
const QUOTED_LINES: usize = 8;

/// What a user may have configured for cargo and a nested cargo keeps. All other `CARGO_*` variables are either
/// set by an outer `cargo run` or `cargo test` for the program it runs, or meant for the native build.
const KEPT_FOR_CARGO: [&str; 9] = [
    "CARGO_HOME",
    "CARGO_HTTP_",
    "CARGO_NET_",
    "CARGO_REGISTRY_",
    "CARGO_REGISTRIES_",
    "CARGO_SOURCE_",
    "CARGO_TERM_",
    "CARGO_BUILD_JOBS",
    "CARGO_TARGET_WASM32_WASIP2_",
];

/// Meant for the native build (`RUSTFLAGS` would even replace the wasm target's own flags), or the outer cargo's
/// job server, whose pipes a program that it runs does not inherit.
const DROPPED_FOR_CARGO: [&str; 3] = ["RUSTFLAGS", "MAKEFLAGS", "MFLAGS"];

/// A command that never waits for a person.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Cargo for a build of our own inside whatever started us; `RUSTUP_TOOLCHAIN` stays, so that it is the same one.
pub(crate) fn cargo() -> Command {
    let mut command = command(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in env::vars_os() {
        let Some(text) = name.to_str() else { continue };
        let is_cargos =
            text.starts_with("CARGO_") && !KEPT_FOR_CARGO.iter().any(|kept| text.starts_with(kept));
        if is_cargos || DROPPED_FOR_CARGO.contains(&text) {
            command.env_remove(name);
        }
    }
    command
}

enum Line {
    Out(String),
    Err(String),
}

/// Runs to the end and answers its standard output; `on_line` sees each line of its standard error as it comes.
///
/// # Errors
/// It cannot be started, runs longer than `limit` (it is killed then) or fails; the message ends with what it
/// wrote last.
pub(crate) fn run(command: &mut Command, limit: Duration, on_line: &mut dyn FnMut(&str)) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let started = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{name} cannot be started"))?;
    let (lines, arrived) = mpsc::channel();
    if let Some(out) = child.stdout.take() {
        read_lines(out, lines.clone(), Line::Out);
    }
    if let Some(err) = child.stderr.take() {
        read_lines(err, lines, Line::Err);
    }

    let mut output = String::new();
    let mut said = VecDeque::with_capacity(QUOTED_LINES);
    loop {
        match arrived.recv_timeout(limit.saturating_sub(started.elapsed())) {
            Ok(Line::Out(line)) => {
                output.push_str(&line);
                output.push('\n');
            }
            Ok(Line::Err(line)) => {
                on_line(&line);
                if said.len() == QUOTED_LINES {
                    said.pop_front();
                }
                said.push_back(line);
            }
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => {
                child
                    .kill()
                    .with_context(|| format!("{name} cannot be stopped"))?;
                child.wait()?;
                bail!("{name} was stopped after {} s{}", limit.as_secs(), quoted(&said));
            }
        }
    }
    let status = child.wait()?;
    if !status.success() {
        bail!("{name} failed ({status}){}", quoted(&said));
    }
    Ok(output)
}

fn read_lines(from: impl Read + Send + 'static, to: Sender<Line>, kind: fn(String) -> Line) {
    // Ends at the end of the pipe, at a read error, or when nobody listens any more.
    thread::spawn(move || {
        for line in BufReader::new(from).split(b'\n').map_while(Result::ok) {
            if to
                .send(kind(String::from_utf8_lossy(&line).trim_end().to_owned()))
                .is_err()
            {
                break;
            }
        }
    });
}

fn quoted(said: &VecDeque<String>) -> String {
    said.iter()
        .filter(|line| !line.is_empty())
        .map(|line| format!("\n{line}"))
        .collect()
}

/// Holds the lock of `path` until dropped, also when the process dies. `on_wait` is called once if another
/// process has it.
///
/// # Errors
/// The file cannot be created or locked.
pub(crate) fn lock(path: &Path, on_wait: impl FnOnce()) -> Result<File> {
    let context = || format!("cannot lock {}", path.display());
    let file = File::create(path).with_context(context)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            on_wait();
            file.lock().with_context(context)?;
        }
        Err(TryLockError::Error(error)) => return Err(error).with_context(context),
    }
    Ok(file)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = command("sh");
        command.args(["-c", script]);
        command
    }

    const LONG: Duration = Duration::from_secs(30);

    #[test]
    fn answers_the_output_and_passes_the_errors_on() {
        let mut seen = Vec::new();
        let output = run(
            &mut shell("echo one; echo two; echo three >&2"),
            LONG,
            &mut |line| seen.push(line.to_owned()),
        );
        assert_eq!(output.unwrap(), "one\ntwo\n");
        assert_eq!(seen, ["three"]);
    }

    #[test]
    fn a_failure_quotes_the_last_lines() {
        let error = run(&mut shell("seq 1 20 >&2; exit 3"), LONG, &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains("exit status: 3"), "{error}");
        assert!(
            error.ends_with("\n19\n20") && !error.contains("\n12\n"),
            "{error}"
        );
    }

    #[test]
    fn a_program_that_hangs_is_stopped_and_quoted() {
        let started = Instant::now();
        let limit = Duration::from_millis(300);
        let error = run(&mut shell("echo trying >&2; exec sleep 60"), limit, &mut |_| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("stopped after") && error.ends_with("\ntrying"),
            "{error}"
        );
        assert!(started.elapsed() < Duration::from_secs(10));
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut command("no-such-program"), LONG, &mut |_| ())
            .unwrap_err()
            .to_string();
        assert_eq!(error, "no-such-program cannot be started");
    }

    #[test]
    fn a_second_lock_waits_for_the_first() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = lock(&path, || panic!("nobody has it")).unwrap();
        let (waits, waiting) = mpsc::channel();
        let second = thread::spawn(move || lock(&path, || waits.send(()).unwrap()).map(drop));
        waiting.recv().unwrap();
        drop(first);
        second.join().unwrap().unwrap();
    }
}

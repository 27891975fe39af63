//! The command line: what can be asked of `dunlin`, and how each is carried out.

use crate::backup::{Backup, Restore};
use crate::clock::{Clock, Move, instant};
use crate::components::Components;
use crate::host::{Host, Options, Time};
use crate::limits::REQUEST_TIME;
use crate::screen::{Facts, banner};
use crate::toolchain::{self, FLAGS_VARIABLE};
use crate::verify::Verify;
use crate::{control, demo, doctor, inspect, letters, sim};
use anyhow::{Context, bail};
use chrono::{DateTime, Utc};
use clap::{Args, Parser, Subcommand};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

/// Where a demo's clock starts: a Monday morning.
const DEMO_CLOCK: &str = "2026-01-12T09:00:00Z";
/// The administrator's key of every demo. It is no secret, hence the loopback rule.
const DEMO_ADMIN_KEY: &str = "demo-admin-key";
/// The cron's key of every demo.
const DEMO_CRON_KEY: &str = "demo-cron-key";
/// Where a demo keeps the secret that its sandbox signs with.
const SANDBOX_SECRET_FILE: &str = "sandbox_secret";

/// Accounts receivable on autopilot.
#[derive(Debug, Parser)]
#[command(name = "dunlin", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Build what has changed and serve the app (without any command: `up --demo`)
    Up(Up),
    /// Move the virtual clock of a running host forward
    Clock(ClockArgs),
    /// Build the components
    Build(From),
    /// Tell each component's size and how long its first answer takes
    Components(ComponentsArgs),
    /// Play the whole path, from an invoice to its money, on an empty ledger of its own
    Demo(From),
    /// Fetch the letters that wait to be printed from a running host into a folder
    Letters(LettersArgs),
    /// Simulate a business for months or years, with faults, and judge what became of it
    Sim(sim::Sim),
    /// Make sure that wasm32-wasip2 can be compiled for, and print the environment cargo needs for it
    Target,
    /// Check that this machine has what it takes
    Doctor(From),
    /// Prove that the ledger holds what was written to it, or name the first row that differs
    Verify(Verify),
    /// Copy the ledger as it stands, while the app runs
    Backup(Backup),
    /// Make a state folder of a backup
    Restore(Restore),
}

#[derive(Debug, Clone, Args)]
struct From {
    /// The app's manifest
    #[arg(long = "from", value_name = "FILE", default_value = "spin.toml")]
    manifest: PathBuf,
}

#[derive(Debug, Clone, Args)]
struct StateDirArg {
    /// Folder for databases, logs and the clock
    #[arg(long, value_name = "FOLDER", default_value = ".spin")]
    state_dir: PathBuf,
}

#[derive(Debug, Args)]
struct Up {
    #[command(flatten)]
    from: From,
    #[command(flatten)]
    state: StateDirArg,
    /// Where data lies, if not in the state folder: files, or Redis; a subset of Spin's format
    #[arg(long, value_name = "FILE")]
    runtime_config_file: Option<PathBuf>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:3000")]
    listen: SocketAddr,
    /// Demo keys, a virtual clock, and a small ledger where there is none; on loopback only
    #[arg(long)]
    demo: bool,
    /// Run on a virtual clock that starts here and stands still, such as 2026-01-12T09:00:00Z
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    clock: Option<DateTime<Utc>>,
    /// Serve the components as they are
    #[arg(long)]
    no_build: bool,
    /// Longest time from a request to the head of its answer: 500ms, 30s
    #[arg(long, value_name = "DURATION", value_parser = parse_request_time, default_value = "60s")]
    request_timeout: Duration,
    /// Show each request
    #[arg(long)]
    verbose: bool,
}

#[derive(Debug, Args)]
struct ClockArgs {
    #[command(flatten)]
    state: StateDirArg,
    #[command(flatten)]
    by: By,
}

#[derive(Debug, Args)]
struct LettersArgs {
    /// Folder to put them into
    #[arg(value_name = "FOLDER")]
    folder: PathBuf,
    #[command(flatten)]
    state: StateDirArg,
    /// Say of each that it is in the post
    #[arg(long)]
    posted: bool,
}

#[derive(Debug, Args)]
struct ComponentsArgs {
    #[command(flatten)]
    from: From,
    /// One JSON array instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
struct By {
    /// Move it to this instant
    #[arg(long, value_name = "INSTANT", value_parser = parse_instant)]
    to: Option<DateTime<Utc>>,
    /// Move it by this much: 3d, 12h, 90m, 30s
    #[arg(long, value_name = "DURATION", value_parser = parse_seconds)]
    advance: Option<i64>,
}

/// The program: does what the command line asks for. What went wrong is told on standard error.
pub fn main() -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("dunlin: cannot start: {error}");
            return ExitCode::FAILURE;
        }
    };
    let outcome = runtime.block_on(run());
    // A component that deadlocked itself on a database (as it would on Spin) must not keep the process.
    runtime.shutdown_background();
    outcome.unwrap_or_else(|error| {
        eprintln!("dunlin: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        None => up(Up::bare_demo()).await,
        Some(Command::Up(arguments)) => up(arguments).await,
        Some(Command::Clock(arguments)) => move_clock(arguments).await,
        Some(Command::Build(from)) => build(&from.manifest).await.map(|()| ExitCode::SUCCESS),
        Some(Command::Components(arguments)) => show_components(arguments).await,
        Some(Command::Demo(from)) => play_demo(from).await,
        Some(Command::Letters(arguments)) => fetch_letters(arguments).await,
        Some(Command::Sim(arguments)) => sim::run(arguments).await,
        Some(Command::Target) => wasm_target().await,
        Some(Command::Doctor(from)) => Ok(doctor::run(root(&from.manifest))),
        Some(Command::Verify(verify)) => tokio::task::spawn_blocking(move || verify.run()).await?,
        Some(Command::Backup(backup)) => tokio::task::spawn_blocking(move || backup.run()).await?,
        Some(Command::Restore(restore)) => tokio::task::spawn_blocking(move || restore.run()).await?,
    }
}

impl Up {
    fn bare_demo() -> Self {
        Self {
            from: From {
                manifest: PathBuf::from("spin.toml"),
            },
            state: StateDirArg {
                state_dir: PathBuf::from(".spin"),
            },
            runtime_config_file: None,
            listen: SocketAddr::from(([127, 0, 0, 1], 3000)),
            demo: true,
            clock: None,
            no_build: false,
            request_timeout: REQUEST_TIME,
            verbose: false,
        }
    }
}

async fn up(up: Up) -> anyhow::Result<ExitCode> {
    if up.demo && !up.listen.ip().is_loopback() {
        bail!(
            "a demo's keys are known to everyone, so it listens on loopback only, not on {}",
            up.listen
        );
    }
    if !up.no_build {
        build(&up.from.manifest).await?;
    }
    let state_dir = up.state.state_dir;
    let clock = match (up.clock, up.demo) {
        (Some(clock), _) => Some(clock),
        (None, true) => Some(parse_instant(DEMO_CLOCK).map_err(anyhow::Error::msg)?),
        (None, false) => None,
    };
    let mut stops = Stops::heard_from_now_on()?;
    let starting = Host::start(Options {
        manifest: up.from.manifest,
        state_dir: state_dir.clone(),
        runtime_config: up.runtime_config_file,
        listen: up.listen,
        clock: clock.map_or(Time::Real, Time::Kept),
        variables: if up.demo {
            demo_variables(&state_dir)?
        } else {
            BTreeMap::new()
        },
        request_time: up.request_timeout,
        verbose: up.verbose,
        schedules: true,
        terminal: true,
        program: None,
        interpose: None,
    });
    let host = tokio::select! {
        host = starting => host?,
        () = stops.next() => return Ok(ExitCode::SUCCESS),
    };
    say_about_clock(&host, clock)?;
    if up.demo {
        // To its end: half a ledger would not be filled up by the next start.
        demo::seed(&host).await.context("filling the demo's ledger")?;
    }
    println!(
        "{}",
        banner(&Facts {
            url: host.url(),
            demo: up.demo,
            admin_key: host.variable("admin_key").map(|key| shown(
                key,
                DEMO_ADMIN_KEY,
                "$SPIN_VARIABLE_ADMIN_KEY"
            )),
            cron_key: host.variable("cron_key").map_or("", |key| shown(
                key,
                DEMO_CRON_KEY,
                "$SPIN_VARIABLE_CRON_KEY"
            )),
            clock: host.clock().is_virtual().then(|| host.clock().now()),
            state_dir: &state_dir,
            program: program(),
        })
    );
    stops.next().await;
    println!("Stopping; requests in flight may finish. Once more stops at once.");
    let finished = tokio::select! {
        finished = host.stop() => finished,
        () = stops.next() => false,
    };
    if !finished {
        eprintln!("dunlin: some requests did not finish");
    }
    Ok(ExitCode::SUCCESS)
}

/// A key that everyone knows as it is; of any other, where it is found.
fn shown(key: &str, known: &'static str, place: &'static str) -> &'static str {
    if key == known { known } else { place }
}

/// Plays the whole path in a folder that goes with it.
async fn play_demo(from: From) -> anyhow::Result<ExitCode> {
    build(&from.manifest).await?;
    let folder = tempfile::tempdir().context("cannot make a folder for the demo's data")?;
    let host = Host::start(Options {
        manifest: from.manifest,
        state_dir: folder.path().to_owned(),
        runtime_config: None,
        listen: SocketAddr::from(([127, 0, 0, 1], 0)),
        clock: Time::Kept(parse_instant(DEMO_CLOCK).map_err(anyhow::Error::msg)?),
        variables: demo_variables(folder.path())?,
        request_time: REQUEST_TIME,
        verbose: false,
        schedules: false,
        terminal: true,
        program: None,
        interpose: None,
    })
    .await?;
    let played = demo::play(&host, &mut |line| println!("{line}")).await;
    host.stop().await;
    played.map(|()| {
        println!("\nAll of it held.");
        ExitCode::SUCCESS
    })
}

/// What a demo sets where the environment sets nothing.
fn demo_variables(state_dir: &Path) -> anyhow::Result<BTreeMap<String, String>> {
    Ok([
        ("admin_key", DEMO_ADMIN_KEY.to_owned()),
        ("cron_key", DEMO_CRON_KEY.to_owned()),
        ("creditor_name", "Sandpiper Tools".to_owned()),
        ("creditor_email", "accounts@sandpiper.example".to_owned()),
        ("sandbox_secret", sandbox_secret(state_dir)?),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into())
}

/// The secret that a demo's sandbox signs with: random, and the same at every start.
fn sandbox_secret(state_dir: &Path) -> anyhow::Result<String> {
    let file = state_dir.join(SANDBOX_SECRET_FILE);
    match std::fs::read_to_string(&file) {
        Ok(secret) => return Ok(secret),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", file.display())),
    }
    let mut key = [0; 24];
    getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    let secret = format!("whsec_{}", data_encoding::BASE64.encode(&key));
    std::fs::create_dir_all(state_dir)?;
    crate::state::write_atomically(&file, secret.as_bytes())?;
    Ok(secret)
}

/// Tells what may surprise about the clock.
fn say_about_clock(host: &Host, asked: Option<DateTime<Utc>>) -> anyhow::Result<()> {
    match (asked, Clock::kept(host.state_dir())?) {
        (Some(asked), _) if host.clock().now() > asked => {
            println!("The virtual clock continues where it was left; it never goes back.");
        }
        (None, Some(kept)) => {
            println!(
                "Note: this data was last used on a virtual clock, at {}; now time is real.",
                instant(kept)
            );
        }
        _ => {}
    }
    Ok(())
}

async fn move_clock(arguments: ClockArgs) -> anyhow::Result<ExitCode> {
    let by = match (arguments.by.to, arguments.by.advance) {
        (Some(to), _) => Move::To(to),
        (None, Some(seconds)) => Move::AdvanceSeconds(seconds),
        (None, None) => bail!("say --to or --advance"),
    };
    let moved = control::move_clock(&arguments.state.state_dir, by).await?;
    println!("{} -> {}", instant(moved.from), instant(moved.to));
    Ok(ExitCode::SUCCESS)
}

async fn fetch_letters(arguments: LettersArgs) -> anyhow::Result<ExitCode> {
    let running = control::Running::find(&arguments.state.state_dir)?;
    let key = ["DUNLIN_KEY", "SPIN_VARIABLE_ADMIN_KEY"]
        .iter()
        .find_map(|name| std::env::var(name).ok().filter(|key| !key.is_empty()))
        .context("set DUNLIN_KEY to a key that may `read`, and with --posted `collect`")?;
    let (folder, posted) = (&arguments.folder, arguments.posted);
    let fetched = letters::fetch(&running, &key, folder, posted).await?;
    let said = if posted {
        ", all said to be in the post"
    } else {
        ""
    };
    println!(
        "{} letters to print, {} new in {}{said}",
        fetched.waiting,
        fetched.new,
        folder.display()
    );
    Ok(ExitCode::SUCCESS)
}

async fn build(manifest: &Path) -> anyhow::Result<()> {
    let manifest = manifest.to_owned();
    let work = move || Components::of(&manifest)?.ensure_built(&mut |line| eprintln!("{line}"));
    tokio::task::spawn_blocking(work).await?
}

async fn show_components(arguments: ComponentsArgs) -> anyhow::Result<ExitCode> {
    build(&arguments.from.manifest).await?;
    let components = inspect::components(&arguments.from.manifest).await?;
    if arguments.json {
        println!("{}", serde_json::to_string_pretty(&components)?);
        return Ok(ExitCode::SUCCESS);
    }
    for told in components {
        println!(
            "{:<12} {:>6} KiB  first answer after {:.2} ms",
            told.name,
            told.bytes.div_ceil(1024),
            told.cold_start_ms
        );
    }
    Ok(ExitCode::SUCCESS)
}

/// For `eval`: nothing where the toolchain has the target itself.
async fn wasm_target() -> anyhow::Result<ExitCode> {
    let ensure = || toolchain::ensure(&mut |line| eprintln!("{line}"));
    let target = tokio::task::spawn_blocking(ensure).await??;
    if let Some(flags) = target.rustflags {
        println!("export {FLAGS_VARIABLE}='{flags}'");
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of a manifest.
fn root(manifest: &Path) -> &Path {
    match manifest.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// How the person at the terminal called this program.
fn program() -> &'static str {
    if std::env::var_os("CARGO").is_some() {
        "cargo run --release --"
    } else {
        "dunlin"
    }
}

/// Ctrl-C, and requests to terminate.
struct Stops {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(windows)]
    interrupt: tokio::signal::windows::CtrlC,
}

impl Stops {
    /// Who asks before ends the process as it stands. A host that has begun to leave files for others to find must not
    /// end so.
    fn heard_from_now_on() -> std::io::Result<Self> {
        #[cfg(unix)]
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            #[cfg(unix)]
            interrupt: signal(SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: signal(SignalKind::terminate())?,
            #[cfg(windows)]
            interrupt: tokio::signal::windows::ctrl_c()?,
        })
    }

    /// Waits for the next one.
    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}

/// An instant after 1970, where components' clocks begin.
fn parse_instant(text: &str) -> Result<DateTime<Utc>, String> {
    let at: DateTime<Utc> = text
        .parse()
        .map_err(|error| format!("{error}; an instant looks like 2026-01-12T09:00:00Z"))?;
    if at < DateTime::UNIX_EPOCH {
        Err("there is no time before 1970".to_owned())
    } else {
        Ok(at)
    }
}

/// `3d`, `12h`, `90m`, `30s` as seconds.
fn parse_seconds(text: &str) -> Result<i64, String> {
    const UNITS: [(char, i64); 4] = [('d', 86_400), ('h', 3_600), ('m', 60), ('s', 1)];
    UNITS
        .iter()
        .find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, seconds)))
        .and_then(|(number, seconds)| {
            number
                .parse::<u32>()
                .ok()
                .map(|number| i64::from(number).checked_mul(*seconds))
        })
        .flatten()
        .ok_or_else(|| "a duration looks like 3d, 12h, 90m or 30s".to_owned())
}

/// `30s` or `500ms`, as Spin writes it; never nothing, since then nothing would be answered.
fn parse_request_time(text: &str) -> Result<Duration, String> {
    let number = |digits: &str| digits.parse::<u32>().ok().map(u64::from);
    let time = match text.strip_suffix("ms") {
        Some(digits) => number(digits).map(Duration::from_millis),
        None => text.strip_suffix('s').and_then(number).map(Duration::from_secs),
    };
    time.filter(|time| !time.is_zero())
        .ok_or_else(|| "a time limit looks like 30s or 500ms".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_sound() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn bare_means_the_defaults_of_up_with_demo() {
        let Some(Command::Up(parsed)) = Cli::parse_from(["dunlin", "up", "--demo"]).command else {
            panic!("not up")
        };
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Up::bare_demo()));
    }

    #[test]
    fn durations() {
        for (text, seconds) in [
            ("3d", Some(259_200)),
            ("12h", Some(43_200)),
            ("90m", Some(5_400)),
            ("30s", Some(30)),
            ("0d", Some(0)),
            ("-1d", None),
            ("3", None),
            ("d", None),
            ("1.5h", None),
            ("3w", None),
        ] {
            assert_eq!(parse_seconds(text).ok(), seconds, "{text}");
        }
    }

    #[test]
    fn time_limits() {
        for (text, milliseconds) in [
            ("60s", Some(60_000)),
            ("500ms", Some(500)),
            ("0s", None),
            ("30", None),
            ("1m", None),
            ("-1s", None),
        ] {
            let expected = milliseconds.map(Duration::from_millis);
            assert_eq!(parse_request_time(text).ok(), expected, "{text}");
        }
    }

    #[test]
    fn instants() {
        for (text, good) in [
            ("2026-01-12T09:00:00Z", true),
            ("2026-01-12T09:00:00+01:00", true),
            ("2026-01-12", false),
            ("1969-12-31T23:59:59Z", false),
        ] {
            assert_eq!(parse_instant(text).is_ok(), good, "{text}");
        }
    }

    #[test]
    fn a_demos_secret_stays() {
        let folder = tempfile::tempdir().unwrap();
        let secret = sandbox_secret(&folder.path().join("new")).unwrap();
        let bytes = data_encoding::BASE64
            .decode(secret.strip_prefix("whsec_").unwrap().as_bytes())
            .unwrap();
        assert_eq!(bytes.len(), 24);
        assert_eq!(sandbox_secret(&folder.path().join("new")).unwrap(), secret);
    }
}

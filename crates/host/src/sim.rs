//! `dunlin sim`: years of a made-up business in minutes, with everything going wrong that can.
//!
//! The components run as they were built, under this host, in one process and on one thread; time is virtual, and all
//! that is random follows from one seed. From the outside in: `plan` says what is to be simulated; `town` is the world
//! at work, with its `agenda`, the `people` who owe, the `bank` and the world's own `books`; `stage` has the hosts and
//! the clients that ask them; `outside` answers what components call (`stripe`, `mail`, `erp`); `faults` decides what
//! goes wrong within the host. `oracles` judge, `report` tells, `shrink` makes a failure small.
//!
//! **Same seed, same text.** What is drawn for one thing never depends on what was drawn for another, and nothing of the
//! machine (its time, its speed, its threads) enters a run or its report.

#![allow(
    clippy::indexing_slicing,
    reason = "indexing a JSON document answers null where nothing is; the arrays are of known length"
)]

mod agenda;
mod bank;
mod books;
mod erp;
mod faults;
mod mail;
mod money;
mod oracles;
mod outside;
mod people;
mod plan;
mod random;
mod report;
mod shrink;
mod stage;
mod stripe;
mod town;

use crate::Program;
use crate::components::Components;
use anyhow::Context;
use clap::Args;
use faults::Level;
use plan::Plan;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// What `dunlin sim` is told.
#[derive(Debug, Args)]
pub struct Sim {
    /// The app's manifest
    #[arg(long = "from", value_name = "FILE", default_value = "spin.toml")]
    manifest: PathBuf,
    /// What everything random follows from; left out: a new one, which is printed
    #[arg(long)]
    seed: Option<u64>,
    /// Days on which business is done
    #[arg(long, default_value_t = 400)]
    days: u32,
    /// How many customers there are
    #[arg(long, default_value_t = 2000)]
    customers: u32,
    /// How much goes wrong
    #[arg(long, value_enum, default_value_t = Level::Some)]
    faults: Level,
    /// Leave out a kind of events; for making a failure smaller
    #[arg(long, value_name = "KIND")]
    without: Vec<String>,
    /// Hunt: run new seeds for so long (60m, 90s), each with a small world of its own
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    swarm: Option<Duration>,
    /// Show what failed as it is, without looking for something smaller
    #[arg(long)]
    no_shrink: bool,
}

fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits
        .parse()
        .map_err(|_| format!("{text} is no duration, such as 60m"))?;
    let seconds = match text.get(digits.len()..) {
        Some("s") => 1,
        Some("m") => 60,
        Some("h") => 3600,
        _ => return Err(format!("{text} is no duration, such as 60m or 90s")),
    };
    Ok(Duration::from_secs(number.saturating_mul(seconds)))
}

/// Runs what the command line asks for. On a thread and a runtime of its own, so that nothing else takes turns with it.
///
/// # Errors
/// The components are missing, or the app does not start.
pub async fn run(sim: Sim) -> anyhow::Result<ExitCode> {
    let run = move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        runtime.block_on(simulate(&sim))
    };
    tokio::task::spawn_blocking(run).await?
}

async fn simulate(sim: &Sim) -> anyhow::Result<ExitCode> {
    let target = Components::of(&sim.manifest)?
        .target_dir()
        .context("there is no target folder")?;
    let program = Program::load(&sim.manifest, &target)?;
    if let Some(time) = sim.swarm {
        return swarm(sim, &program, time).await;
    }
    let plan = Plan {
        seed: sim.seed.map_or_else(new_seed, Ok)?,
        days: sim.days,
        customers: sim.customers,
        faults: sim.faults,
        without: sim.without.iter().cloned().collect(),
    };
    let started = Instant::now();
    let outcome = town::run(&plan, &sim.manifest, &program).await?;
    print!("{}", report::text(&plan, &outcome));
    let seconds = started.elapsed().as_secs_f64();
    let (days, requests) = (outcome.facts.days, outcome.facts.requests);
    // Not part of the report, which is the same everywhere.
    eprintln!(
        "{days} days, {requests} requests, {} host calls in {seconds:.1} s",
        outcome.facts.calls
    );
    if outcome.violations.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    fail(&plan, outcome, &sim.manifest, &program, !sim.no_shrink).await
}

async fn fail(
    plan: &Plan,
    outcome: town::Outcome,
    manifest: &Path,
    program: &Program,
    smaller: bool,
) -> anyhow::Result<ExitCode> {
    // Told before the search, which may take long.
    for violation in &outcome.violations {
        eprintln!("{} {}: {}", violation.at, violation.rule, violation.what);
    }
    let (plan, outcome) = match smaller {
        true => {
            eprintln!("looking for a smaller run that fails so");
            shrink::shrink(plan, outcome, manifest, program).await?
        }
        false => (plan.clone(), outcome),
    };
    print!("\n{}", shrink::story(&plan, &outcome));
    Ok(ExitCode::FAILURE)
}

/// New seeds until the time is over, each in a small world: what goes wrong goes wrong in a small one as well.
async fn swarm(sim: &Sim, program: &Program, time: Duration) -> anyhow::Result<ExitCode> {
    let started = Instant::now();
    let mut draw = random::Random::new(sim.seed.map_or_else(new_seed, Ok)?);
    let (mut runs, mut days, mut faults, mut failed) = (0_u32, 0_i64, 0_u64, 0_u32);
    let mut code = ExitCode::SUCCESS;
    while started.elapsed() < time {
        let plan = Plan {
            // Short enough to be typed.
            seed: draw.next() >> 32,
            days: u32::try_from(draw.between(20, 150)).unwrap_or(60),
            customers: u32::try_from(draw.between(3, 25)).unwrap_or(10),
            faults: draw.weighed(
                &[(1, Level::None), (2, Level::Some), (3, Level::Many)],
                Level::Some,
            ),
            without: BTreeSet::new(),
        };
        let outcome = town::run(&plan, &sim.manifest, program).await?;
        runs += 1;
        days += outcome.facts.days;
        faults += outcome.facts.faults();
        let verdict = if outcome.violations.is_empty() {
            "holds"
        } else {
            "FAILED"
        };
        println!(
            "{verdict} {} ({} days, {} faults)",
            plan.command(),
            outcome.facts.days,
            outcome.facts.faults()
        );
        if !outcome.violations.is_empty() {
            failed += 1;
            code = fail(&plan, outcome, &sim.manifest, program, !sim.no_shrink).await?;
        }
    }
    let years = days_as_years(days);
    let minutes = started.elapsed().as_secs_f64() / 60.0;
    println!(
        "{runs} runs, {years:.1} simulated years in {minutes:.1} minutes, {faults} faults, {failed} runs failed"
    );
    Ok(code)
}

fn days_as_years(days: i64) -> f64 {
    f64::from(u32::try_from(days).unwrap_or(u32::MAX)) / 365.0
}

fn new_seed() -> anyhow::Result<u64> {
    let seed = getrandom::u64().map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
    Ok(seed >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_units() {
        for (text, seconds) in [
            ("90s", Some(90)),
            ("60m", Some(3600)),
            ("2h", Some(7200)),
            ("60", None),
            ("m", None),
        ] {
            assert_eq!(duration(text).ok().map(|time| time.as_secs()), seconds, "{text}");
        }
    }
}

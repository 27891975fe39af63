//! Crashed at every call that it makes, a workflow ends as if nothing had happened.
//!
//! Each workflow runs once undisturbed, its host calls counted. Then, for every one of them, it begins again from a copy
//! of the same state and is struck there: the instance ends before the call, or after it; the call fails, made or not
//! made. Then whoever asked asks again, the very same, until it is done; cron runs for a day; and what is left has to
//! be what the undisturbed run left ([`dump`]), the ledger has to prove intact, nobody outside may have been asked for
//! the same effect twice, and nothing may be held for good.
//!
//! One thing may differ: where a carrier knows no keys ([`Workflow::may_be_uncertain`]) and nobody can know whether a
//! message left, it is left to a person. The table says how often.
//!
//! A new call in a workflow is a new point on the day it is written. Of all points a part is tried, every one with
//! `DUNLIN_CRASH_POINTS=all`; `DUNLIN_CRASH_POINTS=<workflow>` tries all of that one.

mod dump;
mod ground;
mod outside;
mod points;
mod workflows;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use dunlin_host::Program;
use dunlin_host::interpose::{Failure, Kind};
use rusqlite::Connection;
use tempfile::TempDir;

use self::dump::dump;
use self::ground::{Ground, Prepared, ledger};
use self::points::{How, Seen};
use self::workflows::{WORKFLOWS, Workflow};
use crate::harness::{build_once, own, say};

/// When every workflow's app begins: a Monday morning.
const START: &str = "2026-01-12T09:00:00Z";
/// Which points are tried: a number (every so many), `all`, or a workflow's name.
const WHICH: &str = "DUNLIN_CRASH_POINTS";
/// One point of so many is tried unless more are asked for. A prime, so that no kind of call is always left out.
const SAMPLE: usize = 41;
/// Points tried at the same time. Runs wait for their files, so more than there are processors pay.
const THREADS: usize = 4;
/// Failures that are told in full.
const TOLD: usize = 12;

/// A way to strike a call.
#[derive(Debug, Clone)]
struct Point {
    at: usize,
    how: How,
    call: String,
    /// Whether the workflow has begun to commit here, and not committed for the last time.
    between_commits: bool,
}

/// What a run left.
struct End {
    lines: Vec<String>,
    /// Messages that a person has to decide.
    uncertain: usize,
}

#[test]
fn crashed_at_any_call_it_ends_as_if_undisturbed() {
    own!();
    build_once();
    let cache = tempfile::tempdir().expect("a folder");
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spin.toml");
    let program = Program::load(manifest.as_ref(), cache.path()).expect("the app");
    let which = std::env::var(WHICH).unwrap_or_default();
    let mut failures = Vec::new();
    let mut total = [0; 3];
    say("workflow                              | calls | points |  tried | left to a person");
    let only = WORKFLOWS.iter().any(|workflow| workflow.name == which);
    for workflow in WORKFLOWS
        .iter()
        .filter(|workflow| !only || workflow.name == which)
    {
        let tried = Tried::of(&program, workflow, if only { "all" } else { &which });
        let counts = [tried.calls, tried.points, tried.tried];
        let [calls, points, count] = counts;
        say(&format!(
            "{:37} | {calls:5} | {points:6} | {count:6} | {}",
            workflow.name, tried.uncertain
        ));
        assert!(calls > 0 && count > 0, "{} makes no calls", workflow.name);
        total = std::array::from_fn(|at| total[at] + counts[at]);
        failures.extend(tried.failures);
    }
    say(&format!(
        "{:37} | {:5} | {:6} | {:6} |",
        "all", total[0], total[1], total[2]
    ));
    let count = failures.len();
    failures.truncate(TOLD);
    assert!(
        failures.is_empty(),
        "{count} points failed:\n{}",
        failures.join("\n")
    );
}

/// What came of a workflow's points.
struct Tried {
    calls: usize,
    points: usize,
    tried: usize,
    uncertain: usize,
    failures: Vec<String>,
}

impl Tried {
    fn of(program: &Program, workflow: &Workflow, which: &str) -> Self {
        let ground = Ground::new(program, workflow.variables, START.parse().expect("an instant"));
        let notes = (workflow.prepare)(&ground);
        let prepared = ground.prepared(notes);
        let undisturbed = || {
            let (end, seen) = run(program, workflow, &prepared, None);
            (
                end.unwrap_or_else(|why| panic!("{}, undisturbed: {why}", workflow.name)),
                seen,
            )
        };
        let (end, seen) = undisturbed();
        let again = difference(&end.lines, &undisturbed().0.lines);
        assert_eq!(again, "", "{} ends differently by itself", workflow.name);
        let points = points(&seen);
        let every = match which {
            "all" => 1,
            number => number.parse().unwrap_or(SAMPLE),
        };
        let chosen: Vec<&Point> = points.iter().step_by(every).collect();
        let (next, uncertain) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let failures = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for _ in 0..THREADS {
                scope.spawn(|| {
                    while let Some(point) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                        match try_point(program, workflow, &prepared, point, &end) {
                            Ok(left) => {
                                uncertain.fetch_add(left, Ordering::Relaxed);
                            }
                            Err(why) => failures.lock().expect("failures").push(format!(
                                "{}, {:?} at {} ({}): {why}",
                                workflow.name, point.how, point.at, point.call
                            )),
                        }
                    }
                });
            }
        });
        Self {
            calls: seen.len(),
            points: points.len(),
            tried: chosen.len(),
            uncertain: uncertain.into_inner(),
            failures: failures.into_inner().expect("failures"),
        }
    }
}

/// All ways to strike these calls.
fn points(seen: &[Seen]) -> Vec<Point> {
    let mut points = Vec::new();
    let is_commit = |call: &Seen| call.kind == Kind::SqliteExecute && call.text.ends_with("COMMIT");
    let (first, last) = (seen.iter().position(is_commit), seen.iter().rposition(is_commit));
    for (at, call) in seen.iter().enumerate() {
        let mut add = |how| {
            points.push(Point {
                at,
                how,
                call: call.text.clone(),
                between_commits: first.is_some_and(|first| first <= at)
                    && last.is_some_and(|last| at <= last),
            });
        };
        add(How::Before);
        add(How::After);
        match call.kind {
            Kind::SqliteExecute => {
                add(How::Fails(Failure::SqliteIo));
                add(How::Fails(Failure::SqliteLocked));
                add(How::FailsDone(Failure::SqliteIo));
            }
            Kind::SqliteOpen | Kind::SqliteEnd => add(How::Fails(Failure::SqliteIo)),
            Kind::HttpSend => {
                // Not sent; sent, and nobody knows.
                add(How::Fails(Failure::HttpConnectionRefused));
                add(How::FailsDone(Failure::HttpConnectionTerminated));
            }
            Kind::SocketConnect => add(How::Fails(Failure::HttpConnectionRefused)),
            Kind::Variable => add(How::Fails(Failure::VariableProvider)),
            Kind::KvOpen | Kind::KvGet | Kind::KvSet | Kind::KvDelete | Kind::KvExists => {
                add(How::Fails(Failure::KvOther));
            }
            // They know no errors.
            Kind::SqliteAsk | Kind::SqliteClose | Kind::KvKeys => {}
        }
    }
    points
}

/// Tries a point and answers how many messages it left to a person.
fn try_point(
    program: &Program,
    workflow: &Workflow,
    prepared: &Prepared,
    point: &Point,
    undisturbed: &End,
) -> Result<usize, String> {
    let (end, _) = run(program, workflow, prepared, Some((point.at, point.how)));
    let end = end?;
    if end.uncertain > undisturbed.uncertain {
        // Nobody can know from the moment on that it is given to the carrier until that is on record, unless it was
        // refused.
        let not_sent = point.how == How::Fails(Failure::HttpConnectionRefused);
        if !workflow.may_be_uncertain || not_sent || !point.between_commits {
            return Err("a message is uncertain".to_owned());
        }
        return Ok(end.uncertain);
    }
    match difference(&undisturbed.lines, &end.lines) {
        same if same.is_empty() => Ok(0),
        other => Err(format!("it ends differently:\n{other}")),
    }
}

/// Runs a workflow to its end, and answers what it left and the calls that it made.
fn run(
    program: &Program,
    workflow: &Workflow,
    prepared: &Prepared,
    strike: Option<(usize, How)>,
) -> (Result<End, String>, Vec<Seen>) {
    let ground = Ground::of(program, workflow.variables, prepared);
    ground.points.watch(strike);
    let asked = (workflow.act)(&prepared.notes)
        .iter()
        .try_for_each(|ask| ground.insist(ask).map(drop));
    let (seen, struck) = ground.points.done();
    let settled = asked
        .and_then(|()| {
            if struck || strike.is_none() {
                Ok(())
            } else {
                Err("it was never reached".to_owned())
            }
        })
        .and_then(|()| ground.settle())
        .and_then(|()| ground.holds());
    let book = ground.outside.book();
    let folder = ground.end();
    let end = settled.and_then(|()| {
        if let Some((what, count)) = book.effects.iter().find(|(_, count)| **count > 1) {
            return Err(format!("{what:?} was done {count} times"));
        }
        let proof =
            dunlin_host::verify::proof_of(&ledger(&folder), None).map_err(|why| format!("{why:#}"))?;
        if !proof.findings.is_empty() {
            return Err(format!("the trail does not hold: {:?}", proof.findings));
        }
        let lines = dump(&ledger(&folder));
        Ok(End {
            lines,
            uncertain: checked(&folder)?,
        })
    });
    (end, seen)
}

/// That nothing is held, and how many messages are uncertain.
fn checked(folder: &TempDir) -> Result<usize, String> {
    let ledger = Connection::open(ledger(folder)).expect("the ledger");
    let count = |sql: &str| {
        let count: i64 = ledger.query_row(sql, [], |row| row.get(0)).expect("a count");
        usize::try_from(count).expect("a count")
    };
    for (what, sql) in [
        (
            "leased messages",
            "SELECT count(*) FROM messages WHERE status = 'sending' OR lease IS NOT NULL",
        ),
        (
            "leased deliveries",
            "SELECT count(*) FROM webhook_deliveries WHERE lease IS NOT NULL",
        ),
        (
            "events without effect",
            "SELECT count(*) FROM inbound_events WHERE status = 'received'",
        ),
    ] {
        match count(sql) {
            0 => {}
            held => return Err(format!("{held} {what}")),
        }
    }
    Ok(count("SELECT count(*) FROM messages WHERE status = 'uncertain'"))
}

/// What one has and the other has not; nothing where they are the same. What is random has other names in all rows
/// around one that differs, so rows that differ in names alone are told only where no others do.
fn difference(expected: &[String], found: &[String]) -> String {
    let nameless: [Vec<String>; 2] =
        [expected, found].map(|lines| lines.iter().map(|line| without_names(line)).collect());
    match only_in_one(&nameless[0], &nameless[1]) {
        names if names.is_empty() => only_in_one(expected, found),
        rows => rows,
    }
}

fn only_in_one(expected: &[String], found: &[String]) -> String {
    let mut counts: BTreeMap<&String, i64> = BTreeMap::new();
    for line in expected {
        *counts.entry(line).or_default() -= 1;
    }
    for line in found {
        *counts.entry(line).or_default() += 1;
    }
    let differing = counts.into_iter().filter(|(_, count)| *count != 0);
    differing
        .map(|(line, count)| format!("{count:+} {line}"))
        .collect::<Vec<_>>()
        .join("\n")
}

/// A line without the digits of its names.
fn without_names(line: &str) -> String {
    let mut parts = line.split('#');
    let mut short = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        short.push('#');
        short.push_str(part.get(dump::NAME_LENGTH..).unwrap_or_default());
    }
    short
}

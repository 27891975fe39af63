//! The parts of a run: each starts both sides on copies of one database and asks both the same.

use crate::Options;
use crate::client::{Request, stream};
use crate::provider::{DELAY, Provider};
use crate::report::{Measured, Report, number};
use crate::seed::invoice;
use crate::subject::{ADMIN_KEY, CRON_KEY, Program, Seed, Side, Subject};
use crate::twin::{self, payments::event};
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::time::{Duration, Instant};

/// Keep-alive connections of a stream of requests.
const CONNECTIONS: usize = 32;
/// Cases or messages of one run of a job: the most that one takes.
const JOB_LIMIT: u32 = web::limits::JOB_MAX;

/// A part of a run.
pub(crate) type Part = fn(&Program, &Options, &mut Report) -> anyhow::Result<()>;

/// Both sides, each on a copy of one database.
struct Pair {
    app: Subject,
    twin: Subject,
}

impl Pair {
    fn start(program: &Program, plan: &str, options: &Options) -> anyhow::Result<Self> {
        let seed = Seed::of(plan)?;
        Self::on(program, &seed, options)
    }

    fn on(program: &Program, seed: &Seed, options: &Options) -> anyhow::Result<Self> {
        let counted = [(twin::COUNT_STATEMENTS, "1")];
        let variables = if options.statements { &counted[..] } else { &[] };
        Ok(Self {
            app: Subject::start(Side::App, program, seed, &[])?,
            twin: Subject::start(Side::Twin, program, seed, variables)?,
        })
    }

    /// Does the same on both sides, one after the other.
    fn measure(
        &self,
        what: &str,
        report: &mut Report,
        work: impl Fn(&Subject) -> anyhow::Result<Measured>,
    ) -> anyhow::Result<(Measured, Measured)> {
        let mut both = Vec::with_capacity(2);
        for subject in [&self.app, &self.twin] {
            subject.statements(report.statements)?;
            let before = subject.usage()?.cpu;
            let mut measured = work(subject)?;
            measured.cpu = subject.usage()?.cpu.saturating_sub(before);
            measured.statements = subject.statements(report.statements)?;
            both.push(measured);
        }
        let [app, native] = <[Measured; 2]>::try_from(both).map_err(|_| anyhow::anyhow!("two sides"))?;
        report.both(what, &app, &native);
        Ok((app, native))
    }

    fn requests(
        &self,
        what: &str,
        report: &mut Report,
        requests: &[Request],
        status: u16,
    ) -> anyhow::Result<()> {
        self.measure(what, report, |subject| {
            let taken = stream(subject.address, CONNECTIONS, requests, status)?;
            Ok(Measured::of(&taken, Duration::ZERO))
        })
        .map(drop)
    }

    fn peak(&self, what: &str, report: &mut Report) -> anyhow::Result<()> {
        let (app, twin) = (self.app.usage()?.peak_bytes, self.twin.usage()?.peak_bytes);
        let mib = |bytes: u64| bytes >> 20;
        report.figure(
            &format!("{what}_peak_memory_bytes"),
            number(app),
            &format!("{} MiB; natively {} MiB", mib(app), mib(twin)),
        );
        Ok(())
    }
}

/// Single invoices, a bulk upload, and what is read of a ledger of that size.
pub(crate) fn intake(program: &Program, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let customers = options.size(10_000);
    let pair = Pair::start(program, &format!("customers:{customers}"), options)?;
    let singles: Vec<Request> = (0..options.size(10_000))
        .map(|index| {
            let document = invoice(&format!("S-{index}"), index % customers, "2026-03-12").to_string();
            Request::post("/v1/invoices", ADMIN_KEY, "application/json", document)
        })
        .collect();
    let warm_up = singles.get(..32).unwrap_or_default();
    stream(pair.app.address, CONNECTIONS, warm_up, 201)?;
    stream(pair.twin.address, CONNECTIONS, warm_up, 201)?;
    let singles = singles.get(32..).unwrap_or_default();
    pair.requests("intake_single", report, singles, 201)?;

    let count = options.size(100_000);
    let lines: Vec<String> = (0..count)
        .map(|index| {
            // Half is overdue, over four months; half is yet to fall due.
            let due = format!(
                "202{}-{:02}-{:02}",
                5 + (index % 2),
                1 + index % 12,
                1 + index % 28
            );
            let due = if due.as_str() < "2025-12-01" {
                "2025-12-15"
            } else {
                &due
            };
            invoice(&format!("B-{index}"), index % customers, due).to_string()
        })
        .collect();
    let upload = Request::post(
        "/v1/invoices",
        ADMIN_KEY,
        "application/x-ndjson",
        lines.join("\n"),
    );
    pair.measure("intake_bulk", report, |subject| {
        let start = Instant::now();
        let answer = subject.call(&upload, 200)?.json()?;
        ensure!(answer.get("accepted") == Some(&count.into()), "{answer}");
        Ok(timed(count, start))
    })?;
    pair.peak("intake", report)?;

    let cookie = sign_in(&pair.app)?;
    let pages = [
        ("worklist", Request::get("/v1/reports/worklist", ADMIN_KEY), 1_000),
        ("aging", Request::get("/v1/reports/aging", ADMIN_KEY), 2_000),
        (
            "customers_list",
            Request::get("/v1/customers?limit=10", ADMIN_KEY),
            2_000,
        ),
        (
            "console_home",
            Request::new("GET", "/console", &[("cookie", &cookie)], ""),
            500,
        ),
    ];
    for (what, request, count) in pages {
        let count = options.size(count);
        pair.measure(what, report, |subject| {
            let taken = repeat(subject, &request, count)?;
            Ok(Measured::of(&taken, Duration::ZERO))
        })?;
    }
    Ok(())
}

fn repeat(subject: &Subject, request: &Request, count: usize) -> anyhow::Result<crate::client::Taken> {
    let requests = vec![request.clone(); count];
    stream(subject.address, CONNECTIONS, &requests, 200)
}

fn timed(units: usize, start: Instant) -> Measured {
    Measured {
        units,
        wall: start.elapsed(),
        cpu: Duration::ZERO,
        latency_ms: None,
        statements: Vec::new(),
    }
}

/// The cookie of a console session.
fn sign_in(app: &Subject) -> anyhow::Result<String> {
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let request = Request::new("POST", "/console/login", &form, format!("key={ADMIN_KEY}"));
    let answer = app.call(&request, 303)?;
    let cookie = answer.header("set-cookie").context("no cookie")?;
    Ok(cookie.split(';').next().unwrap_or_default().to_owned())
}

#[derive(Deserialize)]
struct Swept {
    queued: usize,
    more: bool,
}

/// Who is due: everyone of a few, and a few of many. What one costs should not depend on how many there are.
pub(crate) fn sweep(program: &Program, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let mut costs = Vec::new();
    for (what, customers, due) in [
        ("sweep_all", options.size(10_000), options.size(10_000)),
        ("sweep_few", options.size(100_000), options.size(1_000)),
    ] {
        let pair = Pair::start(program, &format!("due:{customers}:{due}"), options)?;
        let (app, _) = pair.measure(what, report, |subject| sweep_all(subject, due))?;
        pair.peak(what, report)?;
        costs.push(1e6 / app.per_s());
    }
    if let [all, few] = costs.as_slice() {
        let difference = (few - all).abs() / all.max(1e-9);
        report.figure(
            "sweep_cost_difference_ratio",
            difference,
            &format!(
                "{all:.0} us a due customer where all are due, {few:.0} us where few are: {:.0} % apart",
                difference * 100.0
            ),
        );
    }
    Ok(())
}

fn sweep_all(subject: &Subject, due: usize) -> anyhow::Result<Measured> {
    let path = format!("/internal/sweep?limit={JOB_LIMIT}");
    let request = Request::post(&path, CRON_KEY, "application/json", "");
    let start = Instant::now();
    let mut queued = 0_usize;
    loop {
        let swept: Swept = serde_json::from_slice(&subject.call(&request, 200)?.body)?;
        queued = queued.saturating_add(swept.queued);
        if !swept.more {
            break;
        }
    }
    ensure!(queued == due, "{queued} were queued where {due} are due");
    Ok(timed(queued, start))
}

/// Delivery of what a sweep has queued: to the mailbox, which is the courier's own cost, and to a provider that
/// takes its time. There is no twin to it: the limit is the provider's delay, or the courier's own cost.
pub(crate) fn delivery(program: &Program, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let count = options.size(5_000);
    let seed = Seed::of(&format!("due:{count}:{count}"))?;
    let delivered = deliver_all(program, &seed, count, &[])?;
    report.app("delivery_mailbox", &delivered);
    if !program.manifest()?.contains("postmark_url") {
        report.note("delivery_provider          left out: this app has no email provider but the mailbox");
        return Ok(());
    }
    let provider = Provider::start()?;
    let url = format!("http://{}", provider.address);
    let variables = [
        ("email_providers", "postmark"),
        ("postmark_server_token", "bench-token"),
        ("postmark_url", &url),
        ("sender_email", "accounts@sandpiper.example"),
    ];
    let delivered = deliver_all(program, &seed, count, &variables)?;
    report.app("delivery_provider", &delivered);
    let calls = provider.calls();
    let told = format!("{calls} calls of {} ms for {count} messages", DELAY.as_millis());
    report.figure("delivery_provider_calls", number(calls), &told);
    provider.stop();
    Ok(())
}

#[derive(Deserialize)]
struct Delivered {
    sent: usize,
    more: bool,
}

fn deliver_all(
    program: &Program,
    seed: &Seed,
    count: usize,
    variables: &[(&str, &str)],
) -> anyhow::Result<Measured> {
    let app = Subject::start(Side::App, program, seed, variables)?;
    sweep_all(&app, count)?;
    let before = app.usage()?.cpu;
    let request = Request::post(
        &format!("/internal/deliver?limit={JOB_LIMIT}"),
        CRON_KEY,
        "application/json",
        "",
    );
    let start = Instant::now();
    let mut sent = 0_usize;
    loop {
        let delivered: Delivered = serde_json::from_slice(&app.call(&request, 200)?.body)?;
        sent = sent.saturating_add(delivered.sent);
        if !delivered.more {
            break;
        }
    }
    ensure!(sent == count, "{sent} were sent where {count} were queued");
    let mut measured = timed(sent, start);
    measured.cpu = app.usage()?.cpu.saturating_sub(before);
    Ok(measured)
}

/// Webhooks of the payment provider, from the request to the money applied.
pub(crate) fn payments(program: &Program, options: &Options, report: &mut Report) -> anyhow::Result<()> {
    let seed = Seed::of(&format!("checkouts:{}", options.size(10_000)))?;
    let pair = Pair::on(program, &seed, options)?;
    let events = seed
        .lines()?
        .iter()
        .enumerate()
        .map(|(index, checkout)| event(index, checkout))
        .collect::<anyhow::Result<Vec<_>>>()?;
    pair.requests("payment_webhook", report, &events, 200)?;
    pair.peak("payment", report)
}

#[derive(Deserialize)]
struct Told {
    name: String,
    bytes: u32,
    cold_start_ms: f64,
}

/// Size and cold start of each component, as the host tells them.
pub(crate) fn components(program: &Program, _: &Options, report: &mut Report) -> anyhow::Result<()> {
    let output = program.dunlin().args(["components", "--json"]).output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    for told in serde_json::from_slice::<Vec<Told>>(&output.stdout)? {
        let name = &told.name;
        report.figure(
            &format!("{name}_cold_start_ms"),
            told.cold_start_ms,
            &format!("{:.2} ms", told.cold_start_ms),
        );
        let kib = told.bytes >> 10;
        report.figure(
            &format!("{name}_bytes"),
            f64::from(told.bytes),
            &format!("{kib} KiB"),
        );
    }
    Ok(())
}

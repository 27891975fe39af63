//! More is asked of the app than it can do, and it is killed meanwhile: what it answers stays correct, what it refuses it
//! refuses with a 503 that says when to come again, its memory stays flat, and in the end the ledger is what the
//! clients' own books say.
//!
//! The load is a mix of everything at once: invoices and payments over the API, webhooks of a billing system and of a
//! payment provider, pay pages and checkouts, the console, reports, bulk uploads and bank statements; beside them the
//! jobs, with deliveries to a provider that takes its time. First the rate is found at which the machine does no more,
//! then that rate is offered, then the double of it, then the app is killed ten times at work.
//!
//! Played where `DUNLIN_LOAD_MINUTES` says for how long: it needs the machine for itself. Asserted are counts and ratios; times are printed.

mod client;
mod work;

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::console::sign_in;
use crate::harness::{App, Recorder, Reply, Request, own, random_seed, say};
use crate::kill::{PUBLIC_URL, Random, instant, list, the_files_are_sound, the_ledger_is_what_the_books_say};
use client::{Ask, Server, Tally};
use work::{BILLING_SECRET, World, sent_once};

const CUSTOMERS: usize = 40;
const KILLS: u32 = 10;
/// Clients at once at most: more than the host answers at once.
const CLIENTS: usize = 640;
/// Where more clients bring less than this, the machine does what it can.
const WORTH_IT: f64 = 1.15;
/// What the provider of deliveries takes over each call.
const LATENCY: Duration = Duration::from_millis(50);
/// How often the clock is put to the time on the wall.
const TICK: Duration = Duration::from_secs(10);
/// How much more memory the app may hold at the end of the load than at its beginning.
const FLAT: f64 = 1.5;

/// How long each phase takes.
struct Plan {
    step: Duration,
    steady: Duration,
    double: Duration,
    life: Duration,
}

impl Plan {
    /// None: nobody has asked for it.
    fn from_environment() -> Option<Self> {
        let minutes = env::var("DUNLIN_LOAD_MINUTES").ok()?;
        let minutes: u32 = minutes.parse().expect("DUNLIN_LOAD_MINUTES is a number");
        let part = |percent: u32| Duration::from_secs(u64::from(minutes)) * 60 * percent / 100;
        Some(Self {
            step: Duration::from_millis(1500),
            steady: part(25),
            double: part(50),
            life: part(15) / KILLS,
        })
    }
}

/// What the provider of deliveries was handed, by our id of the message.
type Taken = Arc<Mutex<BTreeMap<String, u32>>>;

fn provider(taken: Taken) -> Recorder {
    let next = AtomicU64::new(1);
    Recorder::start(move |request: &Request| {
        // A call that a kill has cut off is none.
        let body: Value = serde_json::from_str(&request.body).unwrap_or_default();
        let id = &body["personalizations"][0]["custom_args"]["dunlin_message"];
        let Some(id) = id.as_str().map(str::to_owned) else {
            return Reply::json(400, &Value::Null);
        };
        *taken.lock().expect("a count").entry(id).or_default() += 1;
        thread::sleep(LATENCY);
        let number = next.fetch_add(1, Ordering::Relaxed);
        Reply::json(202, &Value::Null).header("x-message-id", &format!("sg{number}"))
    })
}

/// What the app's process holds, in KiB, and has used of the processor, in seconds.
fn usage(pid: u32) -> (f64, f64) {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).expect("a process");
    let held = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let held = held.and_then(|text| text.split_whitespace().next()?.parse().ok());
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).expect("a process");
    let fields = stat.rsplit_once(')').expect("a name").1.split_whitespace();
    let ticks: f64 = fields
        .skip(11)
        .take(2)
        .map(|field| field.parse::<f64>().expect("ticks"))
        .sum();
    (held.expect("VmRSS"), ticks / 100.0)
}

impl World {
    /// Offers work for a time: as much as so many clients do one after the other, or so much a second.
    fn offer(&self, clients: usize, rate: Option<f64>, time: Duration, random: &mut Random) -> (Tally, f64) {
        let tally = Tally::default();
        let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..clients {
                let mut random = Random(random.next());
                let (tally, next, done) = (&tally, &next, &done);
                thread::Builder::new()
                    .stack_size(512 << 10)
                    .spawn_scoped(scope, move || {
                        while start.elapsed() < time {
                            if let Some(rate) = rate {
                                let turn = next.fetch_add(1, Ordering::Relaxed) as f64 / rate;
                                let turn = Duration::from_secs_f64(turn);
                                if turn >= time {
                                    return;
                                }
                                thread::sleep(turn.saturating_sub(start.elapsed()));
                            }
                            if self.work(tally, &mut random).is_some() {
                                done.fetch_add(1, Ordering::Relaxed);
                            }
                        }
                    })
                    .expect("a thread");
            }
        });
        let seconds = start.elapsed().as_secs_f64();
        (tally, done.load(Ordering::Relaxed) as f64 / seconds)
    }

    /// Pieces of work a second at which the machine does no more, and how many clients that takes.
    fn ramp(&self, plan: &Plan, random: &mut Random) -> f64 {
        let mut best: f64 = 0.0;
        for clients in [1, 2, 4, 8, 16, 32] {
            let cpu = usage(self.pid()).1;
            let started = Instant::now();
            let (tally, rate) = self.offer(clients, None, plan.step, random);
            let seconds = started.elapsed().as_secs_f64();
            say(&format!(
                "load: {clients} clients do {rate:.0} pieces of work/s on {:.2} cores: {}",
                (usage(self.pid()).1 - cpu) / seconds,
                tally.told(seconds)
            ));
            let worth_it = rate > best * WORTH_IT;
            best = best.max(rate);
            if !worth_it {
                break;
            }
        }
        best
    }

    fn pid(&self) -> u32 {
        self.server.app().pid()
    }

    fn job(&self, tally: &Tally, name: &str) -> Value {
        let key = self.server.app().cron_key.clone();
        let ask = Ask::post(format!("/internal/{name}"), "application/json", "").key(&key);
        let answer = self.server.insist(tally, "job", &ask);
        assert_eq!(answer.status, 200, "{name}: {}", answer.body);
        answer.json()
    }

    /// Puts the clock to a day of the load.
    fn day(&self, days: i64) {
        self.put_clock(self.server.app().now() + TimeDelta::days(days));
    }

    /// Lets the clock go on with the one on the wall. Each look at it moves it by a millisecond, so that the signatures of
    /// the load would be stale after some hundred thousand requests.
    fn tick(&self) {
        let now = DateTime::from_timestamp(self.now.load(Ordering::Relaxed), 0).expect("an instant");
        self.put_clock(now + TICK);
    }

    fn put_clock(&self, to: DateTime<Utc>) {
        self.server.app().clock(&instant(to));
        self.now.store(to.timestamp(), Ordering::Relaxed);
    }
}

const JOBS: [&str; 5] = ["sweep", "deliver", "inbound", "match", "risk"];

#[test]
fn at_double_of_what_it_can_do_and_killed_it_stays_correct_and_flat() {
    own!();
    let Some(plan) = Plan::from_environment() else {
        say("SKIPPED: the load is played for as long as DUNLIN_LOAD_MINUTES says");
        return;
    };
    let taken = Taken::default();
    let provider = provider(Arc::clone(&taken));
    let app = App::start_with(&[
        ("public_url", PUBLIC_URL),
        ("billing_webhook_secrets", BILLING_SECRET),
        ("email_providers", "sendgrid"),
        ("sendgrid_url", &provider.url()),
        ("sendgrid_api_key", "SG.key"),
        ("creditor_name", "Sandpiper Tools"),
        ("sender_email", "receivables@sandpiper.example"),
    ]);
    let customers = (0..CUSTOMERS).map(|_| app.new_customer().external_id).collect();
    let session = sign_in(&app, &app.admin_key);
    let start = app.now();
    let world = World::new(Server::new(app, CLIENTS), customers, session, start);
    let mut random = Random(random_seed());
    let over = AtomicBool::new(false);
    let (jobs, memory) = (Tally::default(), Mutex::new(Vec::new()));
    let mut offered = 0.0;
    thread::scope(|scope| {
        scope.spawn(|| {
            while !over.load(Ordering::Relaxed) {
                for job in JOBS {
                    world.job(&jobs, job);
                }
                thread::sleep(Duration::from_millis(500));
            }
        });
        offered = world.ramp(&plan, &mut random);
        assert!(offered > 0.0);
        for (what, rate, time) in [
            ("the rate", offered, plan.steady),
            ("its double", offered * 2.0, plan.double),
        ] {
            world.day(if rate > offered { 2 } else { 1 });
            let sampling = AtomicBool::new(true);
            let (tally, _) = thread::scope(|scope| {
                scope.spawn(|| {
                    let mut ticked = Instant::now();
                    while sampling.load(Ordering::Relaxed) {
                        memory.lock().expect("samples").push(usage(world.pid()).0);
                        if ticked.elapsed() >= TICK {
                            world.tick();
                            ticked = Instant::now();
                        }
                        thread::sleep(Duration::from_millis(250));
                    }
                });
                let done = world.offer(CLIENTS, Some(rate), time, &mut random);
                sampling.store(false, Ordering::Relaxed);
                done
            });
            say(&format!(
                "load: {what}, {rate:.0}/s offered: {}",
                tally.told(time.as_secs_f64())
            ));
            assert!(
                tally.answers() > tally.refusals() / 10,
                "{what}: nearly all is refused"
            );
        }
        // Of visitors some may be refused; a job has its own lane.
        assert_eq!(jobs.refusals(), 0, "jobs were refused");

        let killed = Tally::default();
        let working = AtomicBool::new(true);
        thread::scope(|scope| {
            for _ in 0..16 {
                let mut random = Random(random.next());
                let (world, killed, working) = (&world, &killed, &working);
                scope.spawn(move || {
                    while working.load(Ordering::Relaxed) {
                        world.work(killed, &mut random);
                    }
                });
            }
            for round in 0..KILLS {
                world.day(3 + i64::from(round));
                thread::sleep(
                    plan.life
                        .mul_f64(random.fraction())
                        .max(Duration::from_millis(150)),
                );
                world.server.crash();
            }
            working.store(false, Ordering::Relaxed);
        });
        over.store(true, Ordering::Relaxed);
        let cut_off = killed.cut_off.load(Ordering::Relaxed) + jobs.cut_off.load(Ordering::Relaxed);
        say(&format!("load: {KILLS} kills cut {cut_off} requests off"));
        assert!(cut_off > 0, "no kill has hit anything");
    });
    let memory = memory.into_inner().expect("samples");
    let tenths: Vec<String> = memory
        .chunks(memory.len().div_ceil(10))
        .map(|samples| format!("{:.0}", samples[0] / 1024.0))
        .collect();
    say(&format!("load: memory, MiB: {}", tenths.join(" ")));
    let third = memory.len() / 3;
    let mean = |samples: &[f64]| samples.iter().sum::<f64>() / samples.len().max(1) as f64;
    let (before, after) = (
        mean(&memory[third..third * 2]),
        mean(&memory[memory.len() - third..]),
    );
    say(&format!(
        "load: memory {:.0} MiB in the middle of the load, {:.0} MiB at its end: {:.2}",
        before / 1024.0,
        after / 1024.0,
        after / before
    ));
    assert!(
        after / before < FLAT,
        "memory grows: {before:.0} KiB, then {after:.0} KiB"
    );
    it_all_adds_up(world, &taken);
}

/// Everything that is still to be done is done; then the ledger is what the books say.
fn it_all_adds_up(world: World, taken: &Taken) {
    let tally = Tally::default();
    for days in [14, 21, 28] {
        world.day(days);
        for job in JOBS {
            while world.job(&tally, job)["more"] == true {}
        }
        while world.job(&tally, "deliver")["examined"] != json!(0) {}
    }
    // Not before: the provider counts while there is anything to deliver.
    let taken = taken.lock().expect("a count");
    let books = world.books.into_inner().expect("books");
    let app = world.server.into_app();
    say(&format!(
        "load: {} invoices of {} customers, {} payments over the API, {} messages",
        books.invoices.values().map(BTreeMap::len).sum::<usize>(),
        books.invoices.len(),
        books.payments.len(),
        taken.len()
    ));
    let waiting = list(&app, "/v1/bank-lines?status=review");
    assert_eq!(waiting, Vec::<Value>::new(), "lines that name their invoice");
    the_ledger_is_what_the_books_say(&app, &books);
    sent_once(&list(&app, "/v1/messages"), &taken, app.now());
    the_files_are_sound(app);
}

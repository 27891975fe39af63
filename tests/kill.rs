//! Killed at any moment, the app loses nothing that it has acknowledged and does nothing twice.
//!
//! Clients keep it busy with invoices, payments, checkouts, sweeps and deliveries, a day a round; at a random moment of
//! each round its process is killed, as a power failure would, and started again on the same files. A client that got
//! no answer asks again, under the same key, until it gets one. In the end the ledger has to be what the clients'
//! own books say, and each message has to have left once.
//!
//! What is random follows from one seed, `DUNLIN_TEST_SEED` or a new one, which a failure tells; which instruction a
//! kill hits is the machine's.

use std::collections::BTreeMap;
use std::env;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, RwLock, RwLockReadGuard};
use std::thread;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::harness::{Answer, App, Call, customer, dunlin, invoice, own, payment, random_seed, say, unique};

/// How often the app is killed.
const KILLS: i64 = 50;

/// The longest that it lives in a round.
const LIFE_MS: u64 = 300;

/// Customers who are sent invoices and pay them in part, at random; checkouts have their own.
const CUSTOMERS: usize = 30;

/// Where payment links lead: the same after each start, whatever the port.
pub(crate) const PUBLIC_URL: &str = "http://dunlin.example";

/// Random numbers from a seed (SplitMix64).
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() >> 32).expect("64 bits") % end
    }

    /// Between 0 and 1.
    pub(crate) fn fraction(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).expect("32 bits")) / f64::from(u32::MAX)
    }

    /// An amount.
    pub(crate) fn cents(&mut self) -> i64 {
        i64::try_from(self.below(20_000)).expect("a small number") + 1
    }

    pub(crate) fn one_of<'a>(&mut self, all: &'a [String]) -> &'a str {
        &all[self.below(all.len())]
    }
}

/// What the clients know to have happened.
#[derive(Default)]
pub(crate) struct Books {
    /// Customer to the numbers and totals of its invoices, in cents.
    pub(crate) invoices: BTreeMap<String, BTreeMap<String, i64>>,
    /// Customer to the money received, in cents.
    pub(crate) received: BTreeMap<String, i64>,
    /// Payments by id.
    pub(crate) payments: BTreeMap<String, i64>,
}

/// What kills hit: requests without an answer by kind, and of those that can tell, how many had taken effect.
#[derive(Default)]
struct Hits {
    cut_off: BTreeMap<&'static str, u64>,
    done_already: u64,
    done_again: u64,
}

impl Hits {
    /// What the answer to a repeated request says of the first one.
    fn asked_again(&mut self, kind: &str, answer: &Answer) {
        match (kind, answer.status, answer.header("idempotent-replayed")) {
            ("customer" | "invoice" | "payment", 200, _) | ("link", _, Some(_)) => self.done_already += 1,
            ("customer" | "invoice" | "payment" | "link", ..) => self.done_again += 1,
            _ => {}
        }
    }
}

/// The app, its clients and their books.
struct World {
    /// Read by requests, so that it cannot be started again under them.
    app: RwLock<App>,
    /// Kills so far.
    kills: AtomicU64,
    over: AtomicBool,
    books: Mutex<Books>,
    hits: Mutex<Hits>,
}

impl World {
    fn app(&self) -> RwLockReadGuard<'_, App> {
        self.app.read().expect("no client has panicked")
    }

    /// Asks until there is an answer.
    fn insist(&self, kind: &'static str, call: impl Fn(&App) -> Call<'_>) -> Answer {
        let mut was_cut_off = false;
        loop {
            let app = self.app();
            let before = self.kills.load(Ordering::SeqCst);
            let error = match call(&app).attempt() {
                Ok(answer) => {
                    if was_cut_off {
                        self.hits.lock().expect("hits").asked_again(kind, &answer);
                    }
                    return answer;
                }
                Err(error) => error,
            };
            let after = self.kills.load(Ordering::SeqCst);
            assert!(
                after > 0,
                "{kind}: no answer, although nothing was killed: {error}"
            );
            // What is sent to a process that is gone already is hit by no kill.
            if before < after {
                was_cut_off = true;
                *self.hits.lock().expect("hits").cut_off.entry(kind).or_default() += 1;
            }
            drop(app);
            thread::yield_now();
        }
    }

    /// An invoice, sent until it is known to be there.
    fn invoice(&self, external_id: &str, cents: i64, due: &str) {
        let number = unique("K");
        let document = invoice(&number, external_id, &euros(cents), due);
        let answer = self.insist("invoice", |app| app.post("/v1/invoices").json(&document));
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        let mut books = self.books.lock().expect("books");
        let known = books.invoices.entry(external_id.to_owned()).or_default();
        assert_eq!(known.insert(number, cents), None);
    }

    /// A bank transfer.
    fn payment(&self, external_id: &str, cents: i64) {
        let transfer = payment(&unique("T"), external_id, &euros(cents));
        let answer = self.insist("payment", |app| app.post("/v1/payments").json(&transfer));
        assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
        self.received(external_id, cents);
        let mut books = self.books.lock().expect("books");
        assert_eq!(
            books.payments.insert(answer.string("/id"), cents),
            None,
            "two payments in one"
        );
    }

    /// A new customer with one invoice, who pays it through a link: the provider's webhook brings the money.
    fn checkout(&self, cents: i64, due: &str) {
        let external_id = unique("W");
        let who = customer(&external_id);
        self.insist("customer", |app| app.post("/v1/customers").json(&who));
        self.invoice(&external_id, cents, due);
        let key = unique("idem");
        let link = json!({"customer": {"external_id": external_id}});
        let link = self.insist("link", |app| {
            app.post("/v1/payment-links")
                .header("idempotency-key", &key)
                .json(&link)
        });
        assert_eq!(link.status, 201, "{}", link.text());
        let page = path(&link.string("/url"));
        let handed_over = self.insist("hand-over", |app| app.post(&page).anonymous().form(&[]));
        let provider = path(handed_over.header("location").expect("the provider's page"));
        let pay = [("outcome", "paid")];
        loop {
            let paid = self.insist("webhook", |app| app.post(&provider).anonymous().form(&pay));
            match paid.status {
                200 => break,
                // The day went by between its signature and our look at it: pressed again, as the page says.
                422 => {}
                _ => panic!("{}", paid.text()),
            }
        }
        self.received(&external_id, cents);
    }

    fn received(&self, external_id: &str, cents: i64) {
        let mut books = self.books.lock().expect("books");
        *books.received.entry(external_id.to_owned()).or_default() += cents;
    }

    fn job(&self, kind: &'static str, path: &str) {
        let answer = self.insist(kind, |app| app.post(path).key(&app.cron_key));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }
}

fn path(url: &str) -> String {
    url.strip_prefix(PUBLIC_URL).expect("a public address").to_owned()
}

pub(crate) fn instant(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

pub(crate) fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

pub(crate) fn cents(money: &Value) -> i64 {
    let amount = money["amount"].as_str().expect("an amount");
    amount.replace('.', "").parse().expect("a number of cents")
}

/// All of a list.
pub(crate) fn list(app: &App, path: &str) -> Vec<Value> {
    let mut all = Vec::new();
    let mut after = String::new();
    loop {
        let separator = if path.contains('?') { '&' } else { '?' };
        let page = app
            .get(&format!("{path}{separator}limit=500{after}"))
            .send(200)
            .json();
        all.extend(page["data"].as_array().expect("data").iter().cloned());
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return all,
        }
    }
}

/// What a client does over and over: due dates of its invoices come last.
type Work = fn(&World, &[String], &mut Random, &str);

const WORK: [Work; 7] = [
    |world, customers, random, due| world.invoice(random.one_of(customers), random.cents(), due),
    |world, customers, random, _| world.payment(random.one_of(customers), random.cents()),
    // The longest way: of its five requests only the last brings the money.
    |world, _, random, due| world.checkout(random.cents(), due),
    |world, _, random, due| world.checkout(random.cents(), due),
    |world, _, random, due| world.checkout(random.cents(), due),
    |world, _, _, _| world.job("sweep", "/internal/sweep"),
    |world, _, _, _| world.job("deliver", "/internal/deliver"),
];

#[test]
fn killed_at_any_moment_it_loses_nothing_and_does_nothing_twice() {
    let app = own!(App::start_with(&[("public_url", PUBLIC_URL)]));
    let given = env::var("DUNLIN_TEST_SEED").ok();
    let given = given.map(|seed| seed.parse().expect("DUNLIN_TEST_SEED is a number"));
    let seed = given.unwrap_or_else(random_seed);
    // Shown with a failure.
    println!("DUNLIN_TEST_SEED={seed}");
    let mut random = Random(seed);
    let customers: Vec<String> = (0..CUSTOMERS).map(|_| app.new_customer().external_id).collect();
    let start = app.now();
    let day = |days: i64| start + TimeDelta::days(days);
    let world = World {
        app: RwLock::new(app),
        kills: AtomicU64::new(0),
        over: AtomicBool::new(false),
        books: Mutex::default(),
        hits: Mutex::default(),
    };
    let mut found_sending = 0;
    thread::scope(|scope| {
        for work in WORK {
            let mut random = Random(random.next());
            let (world, customers) = (&world, &customers);
            scope.spawn(move || {
                while !world.over.load(Ordering::Relaxed) {
                    // Overdue on the first day, or due on any that comes.
                    let due = day(i64::try_from(random.below(60)).expect("days") - 10);
                    work(world, customers, &mut random, &due.date_naive().to_string());
                }
            });
        }
        for round in 1..=KILLS {
            world.app().clock(&instant(day(round)));
            // A day's work is decided and sent at its beginning, so that is where most kills go.
            let life = Duration::from_millis(LIFE_MS).mul_f64(random.fraction().powi(2));
            thread::sleep(life);
            world.kills.fetch_add(1, Ordering::SeqCst);
            world.app().kill();
            let mut app = world.app.write().expect("no client has panicked");
            app.recover();
            found_sending += list(&app, "/v1/messages?status=sending").len();
        }
        world.over.store(true, Ordering::Relaxed);
    });
    let hits = world.hits.into_inner().expect("hits");
    let books = world.books.into_inner().expect("books");
    let app = world.app.into_inner().expect("the app");
    // Leases run out within a day; whoever was written to a moment ago is left alone for some days more.
    for days in [1, 8, 15, 22] {
        app.clock(&instant(day(KILLS + days)));
        while app.job("deliver")["examined"] != 0 {}
    }
    say(&format!(
        "{KILLS} kills (seed {seed}) cut off {:?}; of what can be told apart, {} had taken effect and {} had not; \
         {found_sending} messages were on their way. In the end: {} invoices, {} payments, {} messages.",
        hits.cut_off,
        hits.done_already,
        hits.done_again,
        books.invoices.values().map(BTreeMap::len).sum::<usize>(),
        books.payments.len(),
        list(&app, "/v1/mailbox").len(),
    ));
    for kind in ["invoice", "payment", "webhook", "sweep", "deliver"] {
        assert!(
            hits.cut_off.contains_key(kind),
            "no kill has hit a {kind}: {:?}",
            hits.cut_off
        );
    }
    the_ledger_is_what_the_books_say(&app, &books);
    every_message_left_once(&app);
    the_files_are_sound(app);
}

pub(crate) fn the_ledger_is_what_the_books_say(app: &App, books: &Books) {
    let report = app.get("/v1/reports/integrity").send(200).json();
    assert_eq!((&report["holds"], &report["drift"]), (&json!(true), &json!([])));
    for (id, amount) in &books.payments {
        let payment = app.get(&format!("/v1/payments/{id}")).send(200).json();
        assert_eq!(cents(&payment["amount"]), *amount, "{payment}");
    }
    for (external_id, known) in &books.invoices {
        let found = app
            .get(&format!("/v1/customers?external_id={external_id}"))
            .send(200)
            .json();
        let customer = &found["data"][0];
        let id = customer["id"].as_str().expect("an id");
        let invoices: Vec<(String, i64)> = list(app, &format!("/v1/invoices?customer={id}"))
            .iter()
            .map(|invoice| {
                (
                    invoice["number"].as_str().expect("a number").to_owned(),
                    cents(&invoice["total"]),
                )
            })
            .collect();
        // By number: a list would hold a second one of the same number, and the books know no other.
        assert_eq!(invoices.len(), known.len(), "{external_id}");
        assert_eq!(
            &invoices.into_iter().collect::<BTreeMap<_, _>>(),
            known,
            "{external_id}"
        );
        let owed: i64 = known.values().sum();
        let received = books.received.get(external_id).copied().unwrap_or_default();
        let customer = app.customer(id);
        assert_eq!(cents(&customer["balance"]), owed - received, "{customer}");
    }
}

fn every_message_left_once(app: &App) {
    let mut sent = Vec::new();
    let mut open = Vec::new();
    for message in list(app, "/v1/messages") {
        let id = message["id"].as_str().expect("an id").to_owned();
        match message["status"].as_str() {
            Some("sent") => sent.push(id),
            // Cut off on its way and paid since: nobody but a person can say whether it left.
            Some("uncertain") => open.push(id),
            Some("suppressed" | "cancelled") => {}
            _ => panic!("a message is neither sent nor taken back: {message}"),
        }
    }
    let mut delivered: Vec<String> = list(app, "/v1/mailbox")
        .iter()
        .map(|mail| mail["id"].as_str().expect("an id").to_owned())
        .collect();
    delivered.retain(|id| !open.contains(id));
    sent.sort();
    delivered.sort();
    assert_eq!(sent, delivered);
}

#[test]
fn a_message_that_may_have_left_is_not_taken_back() {
    let mut app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "10.00", "2026-01-09");
    app.clock("2026-01-13T08:00:00Z");
    app.job("sweep");
    app.kill();
    // As a courier leaves it that is killed before it can record what became of the message.
    let ledger = rusqlite::Connection::open(app.state_file("sqlite_db.db")).expect("the ledger");
    let claimed = ledger.execute(
        "UPDATE messages SET status = 'sending', lease = 'lost', attempts = 1",
        [],
    );
    assert_eq!(claimed.expect("a message"), 1);
    drop(ledger);
    app.recover();
    app.pay(&known, "10.00");
    app.job("deliver");
    let message = &app.reminders(&known)[0];
    assert_eq!(message["status"], "uncertain", "{message}");
    assert_eq!(app.mailbox().len(), 0);
}

pub(crate) fn the_files_are_sound(app: App) {
    let folder = app.into_state();
    let ledger = rusqlite::Connection::open(folder.path().join("sqlite_db.db")).expect("the ledger");
    let said: String = ledger
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .expect("an integrity check");
    assert_eq!(said, "ok");
    let proof = dunlin()
        .arg("verify")
        .arg("--state-dir")
        .arg(folder.path())
        .output();
    let proof = proof.expect("dunlin verify");
    assert!(
        proof.status.success(),
        "{}",
        String::from_utf8_lossy(&proof.stdout)
    );
}

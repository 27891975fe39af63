//! What other systems are told, handed, and asked to compare, on a real database: each event once and in order,
//! deliveries under leases over three days, the journal against the ledger, drift.
//!
//! Runs where the store is built with `native`: `cargo test -p store --features native`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::ground::now;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::currency::Currency;
use receivables::drift::There;
use receivables::endpoint::{EndpointChange, EndpointInput, Reach};
use receivables::event;
use receivables::id::{CustomerId, EndpointId, EventId, InvoiceId, PaymentId};
use receivables::intake::{ApplyCreditInput, CustomerInput, InvoiceInput, PaymentInput, RefundInput};
use receivables::journal::Chart;
use receivables::message::Word;
use receivables::money::Money;
use receivables::policy::Policy;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::delivery::{self, Carrier, Memory};
use store::drift::Comparison;
use store::endpoints::deliveries::{self, Claimed, Room};
use store::endpoints::{self, Answered, Settled};
use store::payments::{Cause, Incoming, Recorded};
use store::{
    Db, Moment, StoreError, Tx, customers, dunning, events, invoices, journal, payments, policies, risk,
    write_offs,
};

crate::ground::own_ledger!();

fn at(text: &str) -> Moment {
    Moment::at(text.parse::<DateTime<Utc>>().unwrap())
}

fn eur(amount: &str) -> Money {
    Money::parse(amount, Currency::parse("EUR").unwrap()).unwrap()
}

static LOCK: Mutex<()> = Mutex::new(());

thread_local! {
    /// Held until the test's thread ends: cursors look at all events, and every test has its own time.
    static TURN: MutexGuard<'static, ()> = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
}

/// The database, past everything that the store does for it.
fn raw() -> rusqlite::Connection {
    rusqlite::Connection::open(file()).unwrap()
}

/// A customer of a test's own, on the ledger that the tests of this file share, one after the other.
struct World {
    db: Db,
    key: String,
    customer: CustomerId,
}

impl World {
    fn new(zone: &str) -> World {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        TURN.with(|_| ());
        let db = ledger();
        // Every test has its own time, and a sweep refuses one that has passed.
        raw().execute("DELETE FROM job_runs", []).unwrap();
        raw()
            .execute(
                "UPDATE webhook_endpoints SET status = 'deleted', why = NULL, disabled_at = NULL",
                [],
            )
            .unwrap();
        let key = format!("R{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut world = World {
            db,
            key,
            customer: CustomerId::from_parts(0, [0; 10]),
        };
        world.customer = world.another(&world.key.clone(), zone);
        world
    }

    fn another(&self, key: &str, zone: &str) -> CustomerId {
        let input = CustomerInput::parse(&json!({
            "external_id": key, "name": "Nordwind", "kind": "business", "country": "DE", "time_zone": zone,
            "locale": "en", "currency": "EUR",
            "contacts": [{"name": "Ada", "role": "billing", "email": "ada@nordwind.example"}],
        }));
        let input = input.unwrap();
        let upsert = async |tx: &Tx<'_>| {
            customers::upsert(tx, at("2026-01-01T09:00:00Z"), std::slice::from_ref(&input)).await
        };
        self.tx(upsert)[0].0.clone()
    }

    fn tx<T>(&self, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
        now(self.db.transaction(work)).unwrap()
    }

    fn number(&self, number: &str) -> String {
        format!("{}-{number}", self.key)
    }

    fn invoice(&self, number: &str, total: &str, due: &str, on: Moment) -> InvoiceId {
        let input = InvoiceInput::parse(&json!({
            "number": self.number(number), "customer": {"id": self.customer}, "issue_date": "2025-12-15",
            "due_date": due, "currency": "EUR", "total": total,
        }));
        let input = input.unwrap();
        match &self.tx(async |tx| invoices::take(tx, on, std::slice::from_ref(&input)).await)[0] {
            invoices::Taken::Accepted(id) => id.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn pay(&self, reference: &str, amount: &str, on: Moment, names: &[&InvoiceId]) -> PaymentId {
        let input = PaymentInput::parse(&json!({
            "customer": {"id": self.customer}, "amount": amount, "currency": "EUR",
            "received_on": on.now.date_naive(), "method": "bank_transfer", "reference": self.number(reference),
        }));
        let mut incoming = Incoming::told("api", input.unwrap());
        incoming.remittance = names
            .iter()
            .map(|id| RemittanceLine {
                invoice: InvoiceRef::Id((*id).clone()),
                amount: None,
            })
            .collect();
        match self.tx(async |tx| payments::record(tx, on, &incoming).await) {
            Recorded::Accepted(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn sweep(&self, on: Moment) {
        self.tx(async |tx| dunning::sweep(tx, on, 1_000).await);
    }

    /// What was told about the customer, in order, with its data.
    fn told(&self) -> Vec<(String, Value)> {
        let rows = now(events::list(&self.db, Some(&self.customer), "", 1_000)).unwrap();
        rows.into_iter().map(|row| (row.r#type, row.data)).collect()
    }

    fn types(&self) -> Vec<String> {
        self.told().into_iter().map(|(kind, _)| kind).collect()
    }

    fn endpoint(&self, on: Moment, types: &[&str]) -> EndpointId {
        let input = EndpointInput::parse(
            &json!({"url": "https://erp.example/in?key=1", "types": types}),
            Reach::Public,
        );
        let (id, input) = (on.id(EndpointId::from_parts).unwrap(), input.unwrap());
        self.tx(async |tx| endpoints::create(tx, on, &id, &input).await);
        id
    }

    /// What a run claims: at most `room` of each endpoint.
    fn claim(&self, on: Moment, room: usize) -> Vec<Claimed> {
        self.tx(async |tx| {
            deliveries::fan_out(tx, on).await?;
            let due = deliveries::due(tx, on).await?;
            let rooms: Vec<Room> = due.into_iter().map(|endpoint| Room { endpoint, room }).collect();
            deliveries::claim(tx, on, &rooms, 1_000).await
        })
    }

    fn settle(&self, on: Moment, answered: Vec<(Claimed, Answered)>) -> Settled {
        self.tx(async |tx| endpoints::settle(tx, on, &answered).await)
    }

    fn standing(&self, endpoint: &EndpointId) -> (String, Option<String>) {
        let shown = now(endpoints::one(&self.db, endpoint)).unwrap().unwrap();
        (shown.status, shown.why)
    }

    fn deliveries(&self, endpoint: &EndpointId) -> Vec<(String, String, u32)> {
        let rows = now(deliveries::list(&self.db, endpoint, None, None, 500)).unwrap();
        let rows = rows.into_iter().map(|row| (row.r#type, row.status, row.attempts));
        rows.collect()
    }
}

fn answers(status: u16) -> Answered {
    Answered {
        status_code: Some(status),
        ms: 12,
        answer: format!("status {status}"),
        retry_after: None,
    }
}

fn all(claimed: Vec<Claimed>, answer: &Answered) -> Vec<(Claimed, Answered)> {
    claimed
        .into_iter()
        .map(|claimed| (claimed, answer.clone()))
        .collect()
}

fn later(moment: Moment, wait: TimeDelta) -> Moment {
    Moment::at(moment.now + wait)
}

// --- events ----------------------------------------------------------------------------------------------------------

#[test]
fn the_life_of_an_invoice_is_told_in_order() {
    let world = World::new("Europe/Berlin");
    let on = at("2026-01-12T09:00:00Z");
    let first = world.invoice("1", "100.00", "2026-01-20", on);
    let payment = world.pay("P1", "30.00", on, &[]);
    world.pay("P2", "70.00", on, &[]);
    world.tx(async |tx| {
        let standing = payments::by_reference(tx, "api", &world.number("P1"))
            .await?
            .unwrap();
        payments::take_back(
            tx,
            on,
            &standing,
            eur("30.00"),
            Cause::Chargeback,
            "the bank says so",
        )
        .await
    });
    world.tx(async |tx| write_offs::write_off(tx, on, &first, None, "gone", "admin").await);
    let second = world.invoice("2", "5.00", "2026-01-20", on);
    world.tx(async |tx| invoices::void(tx, on, &second).await);
    assert_eq!(
        world.types(),
        [
            "invoice.created",
            "payment.received",
            "payment.applied",
            "payment.received",
            "payment.applied",
            "invoice.paid",
            "payment.reversed",
            "invoice.reopened",
            "invoice.written_off",
            "invoice.created",
            "invoice.voided",
        ]
    );
    let told = world.told();
    assert_eq!(
        told[2].1,
        json!({"payment": payment, "invoices": [{"invoice": first, "amount": eur("30.00")}]})
    );
    assert_eq!(told[5].1["settled_on"], "2026-01-12");
    assert_eq!(told[6].1["chargeback"], true);
    assert_eq!(told[7].1["balance"], json!(eur("30.00")));
    assert_eq!(told[8].1["amount"], json!(eur("30.00")));
    described();
}

/// What is back where it was at the end of a transaction has not happened to anybody outside.
#[test]
fn credit_that_is_moved_tells_what_it_paid_and_what_it_left() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let first = world.invoice("1", "100.00", "2026-01-20", on);
    let payment = world.pay("P1", "100.00", on, &[&first]);
    let second = world.invoice("2", "100.00", "2026-01-20", on);
    let wanted = [RemittanceLine {
        invoice: InvoiceRef::Id(second.clone()),
        amount: Some(eur("100.00")),
    }];
    world.tx(async |tx| payments::reallocate(tx, on, &payment, &wanted).await);
    let told = world.told();
    let moved: Vec<_> = told
        .iter()
        .skip(5)
        .map(|(kind, data)| (kind.as_str(), data["invoice"].clone()))
        .collect();
    // In which order the two turned is nobody's business.
    let moved: BTreeSet<_> = moved
        .iter()
        .map(|(kind, invoice)| format!("{kind} {invoice}"))
        .collect();
    let expected = [
        "payment.applied null".to_owned(),
        format!("invoice.reopened \"{first}\""),
        format!("invoice.paid \"{second}\""),
    ];
    assert_eq!(moved, BTreeSet::from(expected));
    let invoices = &told[5].1["invoices"];
    let amounts: BTreeSet<&str> = invoices
        .as_array()
        .unwrap()
        .iter()
        .map(|part| part["amount"]["amount"].as_str().unwrap())
        .collect();
    assert_eq!(amounts, BTreeSet::from(["-100.00", "100.00"]));
}

/// The first instants of the day after the due date, by the IANA database: Berlin 23:00Z in winter, Auckland 11:00Z in
/// summer, Los Angeles 08:00Z.
#[test]
fn an_invoice_is_overdue_once_on_its_customers_civil_day() {
    for (zone, before, begins) in [
        ("Europe/Berlin", "2026-01-20T22:59:59Z", "2026-01-20T23:00:00Z"),
        ("Pacific/Auckland", "2026-01-20T10:59:59Z", "2026-01-20T11:00:00Z"),
        (
            "America/Los_Angeles",
            "2026-01-21T07:59:59Z",
            "2026-01-21T08:00:00Z",
        ),
        (
            "Pacific/Kiritimati",
            "2026-01-20T09:59:59Z",
            "2026-01-20T10:00:00Z",
        ),
        (
            "Pacific/Pago_Pago",
            "2026-01-21T10:59:59Z",
            "2026-01-21T11:00:00Z",
        ),
    ] {
        let world = World::new(zone);
        let invoice = world.invoice("1", "100.00", "2026-01-20", at("2026-01-12T09:00:00Z"));
        world.sweep(at(before));
        assert_eq!(world.types(), ["invoice.created"], "{zone}");
        world.sweep(at(begins));
        world.sweep(at(begins));
        world.pay("P1", "10.00", at(begins), &[]);
        world.sweep(later(at(begins), TimeDelta::days(2)));
        let overdue: Vec<Value> = world
            .told()
            .into_iter()
            .filter(|(kind, _)| kind == "invoice.overdue")
            .map(|(_, data)| data)
            .collect();
        let expected = json!({"invoice": invoice, "number": world.number("1"), "due_date": "2026-01-20",
            "balance": eur("100.00")});
        assert_eq!(overdue, [expected], "{zone}");
    }
}

#[test]
fn what_is_paid_in_time_is_never_overdue_and_a_missed_day_is_caught_up() {
    let world = World::new("UTC");
    world.invoice("1", "100.00", "2026-01-20", at("2026-01-12T09:00:00Z"));
    world.pay("P1", "100.00", at("2026-01-20T09:00:00Z"), &[]);
    world.invoice("2", "50.00", "2026-01-21", at("2026-01-20T09:00:00Z"));
    world.sweep(at("2026-02-20T09:00:00Z"));
    let overdue = world
        .told()
        .into_iter()
        .filter(|(kind, _)| kind == "invoice.overdue");
    let numbers: Vec<_> = overdue.map(|(_, data)| data["number"].clone()).collect();
    assert_eq!(numbers, [json!(world.number("2"))]);
}

/// A reader goes on from the last event it has seen; another request, whose ids are older, has committed since.
#[test]
fn a_reader_who_goes_on_misses_nothing() {
    let world = World::new("UTC");
    world.invoice("1", "1.00", "2026-03-20", at("2026-02-12T09:00:05Z"));
    let seen = now(events::list(&world.db, Some(&world.customer), "", 10)).unwrap();
    world.invoice("2", "2.00", "2026-03-20", at("2026-02-12T09:00:00Z"));
    let last = seen.last().unwrap();
    let more = now(events::list(
        &world.db,
        Some(&world.customer),
        last.id.as_str(),
        10,
    ))
    .unwrap();
    assert_eq!(more.len(), 1);
    assert!(more[0].id < last.id, "the test shows nothing");
    let everybody = now(events::list(&world.db, None, last.id.as_str(), 10)).unwrap();
    assert_eq!(everybody.len(), 1);
}

/// A policy that charges with its first word, for a customer who is late with much.
#[test]
fn what_is_said_charged_feared_and_paid_back_is_told() {
    let world = World::new("UTC");
    let policy = Policy::parse(&json!({
        "name": "charging", "send_at": "09:00", "business_days_only": false, "min_balance": {},
        "min_days_between_contacts": 0, "catch_up": "latest",
        "steps": [{"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly",
            "fee": {"kind": "flat", "amount": {"EUR": "10.00"}}}],
    }));
    let (policy, on) = (policy.unwrap(), at("2026-04-01T09:00:00Z"));
    let day: NaiveDate = "2026-01-01".parse().unwrap();
    world.tx(async |tx| policies::put(tx, on, &policy, day, "admin").await);
    raw()
        .execute(
            "UPDATE customers SET policy = 'charging' WHERE id = ?1",
            [world.customer.as_str()],
        )
        .unwrap();
    let invoice = world.invoice("1", "90000.00", "2026-01-02", on);
    world.sweep(on);
    let carrier = Carrier {
        name: "postmark",
        channel: receivables::channel::Channel::Email,
        remembers: Memory::Nothing,
        ready: true,
    };
    let claim = world.tx(async |tx| delivery::claim(tx, on, 1_000, &[carrier]).await);
    let ours = claim
        .claimed
        .into_iter()
        .filter(|message| message.customer == world.customer);
    let sent = delivery::Outcome::Sent {
        subject: "A reminder".to_owned(),
        provider_id: None,
    };
    let outcomes: Vec<_> = ours.map(|message| (message, sent.clone())).collect();
    assert_eq!(outcomes.len(), 1);
    world.tx(async |tx| delivery::settle(tx, on, &outcomes).await);
    let message = outcomes[0].0.id.clone();
    let told = delivery::Told {
        provider: "postmark",
        message: Some(message.clone()),
        provider_id: None,
        word: Some(Word::Bounced),
        against: delivery::Against::Nothing,
        whoever_wrote: false,
        address: "ada@nordwind.example",
        at: on.now,
        news: true,
        kind: "message_bounced",
        detail: "no such mailbox".to_owned(),
    };
    // Told twice, it bounced once.
    world.tx(async |tx| delivery::told(tx, on, &told).await);
    world.tx(async |tx| delivery::told(tx, on, &told).await);
    world.tx(async |tx| risk::run(tx, on, 1_000).await);
    world.tx(async |tx| risk::run(tx, on, 1_000).await);
    let payment = world.pay("P", "90100.00", on, &[]);
    let refund = RefundInput::parse(&json!({"reason": "too much"})).unwrap();
    world.tx(async |tx| payments::refund(tx, on, &payment, &refund).await);
    let told = world.told();
    let once = |kind: &str| {
        let found: Vec<&Value> = told
            .iter()
            .filter(|(told, _)| told == kind)
            .map(|(_, data)| data)
            .collect();
        assert_eq!(found.len(), 1, "{kind}: {told:?}");
        found[0].clone()
    };
    let charge = once("charge.posted");
    assert_eq!(
        (&charge["invoice"], &charge["amount"], &charge["kind"]),
        (&json!(invoice), &json!(eur("10.00")), &json!("fee"))
    );
    let left = once("message.sent");
    assert_eq!(
        (&left["message"], &left["subject"]),
        (&json!(message), &json!("A reminder"))
    );
    assert_eq!(once("message.bounced")["detail"], "no such mailbox");
    let risk = once("risk.changed");
    assert_eq!(risk["before"], Value::Null);
    assert_ne!(risk["band"], "low");
    assert_eq!(once("payment.refunded")["amount"], json!(eur("90.00")));
    once("invoice.overdue");
    described();
}

/// Money of nobody known is told of without a customer.
#[test]
fn money_of_nobody_known_is_told_of_too() {
    let world = World::new("UTC");
    let on = at("2026-02-12T09:00:00Z");
    let input = PaymentInput::parse(
        &json!({"amount": "5.00", "currency": "EUR", "received_on": "2026-02-12",
        "method": "bank_transfer", "reference": world.number("X")}),
    );
    let incoming = Incoming::told("api", input.unwrap());
    world.tx(async |tx| payments::record(tx, on, &incoming).await);
    let events = now(events::list(&world.db, None, "", 100_000)).unwrap();
    let last = events.last().unwrap();
    assert_eq!(
        (last.r#type.as_str(), &last.customer_id),
        ("payment.received", &None)
    );
    assert_eq!(last.data["reference"], json!(world.number("X")));
    described();
}

/// Every event that was brought about so far says what the table says, no more and no less.
fn described() {
    let events = now(events::list(&ledger(), None, "", 100_000)).unwrap();
    assert!(!events.is_empty());
    for told in events {
        let known = event::of_name(&told.r#type).unwrap_or_else(|| panic!("{}", told.r#type));
        let fields = told.data.as_object().unwrap().keys().map(String::as_str);
        let (fields, table): (BTreeSet<&str>, BTreeSet<&str>) =
            (fields.collect(), known.data.iter().copied().collect());
        assert_eq!(fields, table, "{}", told.r#type);
    }
}

#[test]
fn events_are_append_only() {
    let world = World::new("UTC");
    world.invoice("1", "1.00", "2026-03-20", at("2026-02-12T09:00:00Z"));
    for statement in ["DELETE FROM events", "UPDATE events SET type = 'x'"] {
        let refused = raw().execute(statement, []).unwrap_err().to_string();
        assert!(refused.contains("append-only"), "{refused}");
    }
}

// --- deliveries ------------------------------------------------------------------------------------------------------

#[test]
fn an_endpoint_gets_what_it_wants_from_its_making_on_and_once() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    world.invoice("0", "1.00", "2026-03-20", on);
    let (some, every) = (
        world.endpoint(on, &["payment.received", "invoice.paid"]),
        world.endpoint(on, &[]),
    );
    world.invoice("1", "10.00", "2026-03-20", on);
    world.pay("P", "11.00", on, &[]);
    let claimed = world.claim(on, 100);
    let got = |endpoint: &EndpointId| {
        let ours = claimed.iter().filter(|claimed| claimed.endpoint == *endpoint);
        ours.map(|claimed| claimed.r#type.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(got(&some), ["payment.received", "invoice.paid", "invoice.paid"]);
    assert_eq!(
        got(&every),
        [
            "invoice.created",
            "payment.received",
            "payment.applied",
            "invoice.paid",
            "invoice.paid"
        ]
    );
    // A run at the same time finds nothing, nor does one after it.
    assert!(world.claim(on, 100).is_empty());
    let settled = world.settle(on, all(claimed, &answers(204)));
    assert_eq!(settled.delivered, 8);
    assert!(world.claim(later(on, TimeDelta::days(4)), 100).is_empty());
    assert!(
        world
            .deliveries(&every)
            .iter()
            .all(|(_, status, attempts)| status == "delivered" && *attempts == 1)
    );
    assert!(!now(deliveries::more_due(&world.db, on, &[])).unwrap());
}

#[test]
fn a_crash_between_sending_and_recording_sends_the_same_event_again() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let endpoint = world.endpoint(on, &["invoice.created"]);
    world.invoice("1", "10.00", "2026-03-20", on);
    let first = world.claim(on, 1);
    assert!(world.claim(later(on, TimeDelta::seconds(119)), 1).is_empty());
    let after = later(on, TimeDelta::seconds(121));
    let second = world.claim(after, 1);
    assert_eq!(second[0].event, first[0].event);
    // The one who was taken for dead comes back: his word counts for nothing.
    assert_eq!(world.settle(after, all(first, &answers(500))), Settled::default());
    assert_eq!(world.settle(after, all(second, &answers(200))).delivered, 1);
    assert_eq!(
        world.deliveries(&endpoint),
        [("invoice.created".to_owned(), "delivered".to_owned(), 1)]
    );
}

#[test]
fn nobody_waits_behind_a_slow_one() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let endpoints: Vec<EndpointId> = (0..3).map(|_| world.endpoint(on, &["invoice.created"])).collect();
    for number in 0..20 {
        world.invoice(&number.to_string(), "1.00", "2026-03-20", on);
    }
    let mut count = BTreeMap::new();
    for claimed in world.claim(on, 2) {
        *count.entry(claimed.endpoint).or_insert(0) += 1;
    }
    assert_eq!(count, endpoints.into_iter().map(|id| (id, 2)).collect());
}

/// Tries everything due at each moment of three days and answers when it was disabled.
fn fail_until_disabled(world: &World, endpoint: &EndpointId, from: Moment, status: u16) -> (u32, Moment) {
    let (mut on, mut tries) = (from, 0);
    while world.standing(endpoint).0 == "enabled" {
        let claimed: Vec<Claimed> = world
            .claim(on, 1)
            .into_iter()
            .filter(|claimed| claimed.endpoint == *endpoint)
            .collect();
        tries += u32::try_from(claimed.len()).unwrap();
        world.settle(on, all(claimed, &answers(status)));
        on = later(on, TimeDelta::minutes(1));
        assert!(on.now < from.now + TimeDelta::days(5), "never disabled");
    }
    (tries, on)
}

#[test]
fn three_days_of_failing_disable_an_endpoint_and_the_others_are_told() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let (dead, other) = (
        world.endpoint(on, &["invoice.created"]),
        world.endpoint(on, &["endpoint.disabled"]),
    );
    world.invoice("1", "10.00", "2026-03-20", on);
    let (tries, ended) = fail_until_disabled(&world, &dead, on, 500);
    // At once, then by the schedule: 5 s, 5 min, 30 min, 2 h, 5 h, six or seven times 10 h with their jitter, three days.
    assert!((11..=13).contains(&tries), "{tries} attempts");
    let lasted = ended.now - on.now;
    assert!(
        (TimeDelta::days(3)..TimeDelta::days(3) + TimeDelta::minutes(3)).contains(&lasted),
        "{lasted}"
    );
    assert_eq!(
        world.standing(&dead),
        ("disabled".to_owned(), Some("failing".to_owned()))
    );
    let told = world.claim(ended, 5);
    assert_eq!((told.len(), &told[0].endpoint), (1, &other));
    assert_eq!(told[0].data["host"], "erp.example");
    assert_eq!(told[0].data["endpoint"], json!(dead));
    assert_eq!(told[0].data["failing_since"], "2026-01-12T09:00:00Z");
    assert_eq!(told[0].customer, None);
    // It misses something, is mended, and goes on where it stopped.
    world.settle(ended, all(told, &answers(200)));
    world.invoice("2", "10.00", "2026-03-20", ended);
    assert!(world.claim(ended, 5).is_empty());
    assert!(world.tx(async |tx| endpoints::enable(tx, ended, &dead).await));
    let again = world.claim(ended, 5);
    let numbers: Vec<_> = again
        .iter()
        .map(|claimed| claimed.data["number"].clone())
        .collect();
    assert_eq!(numbers, [json!(world.number("1")), json!(world.number("2"))]);
    world.settle(ended, all(again, &answers(200)));
    assert_eq!(world.standing(&dead), ("enabled".to_owned(), None));
    let shown = now(deliveries::list(&world.db, &dead, Some("delivered"), None, 10)).unwrap();
    assert_eq!(shown[1].tries.last().unwrap().status_code, Some(200));
    assert!(shown[1].tries.len() > 10 && shown[1].tries.len() <= 16);
}

#[test]
fn one_event_that_an_endpoint_does_not_like_is_given_up_and_the_endpoint_stays() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let endpoint = world.endpoint(on, &["invoice.created"]);
    world.invoice("bad", "10.00", "2026-03-20", on);
    let mut moment = on;
    for hour in 0..80 {
        if hour % 10 == 0 {
            world.invoice(&hour.to_string(), "10.00", "2026-03-20", moment);
        }
        let answered = world.claim(moment, 50).into_iter().map(|claimed| {
            let bad = claimed.data["number"] == json!(world.number("bad"));
            (claimed, answers(if bad { 400 } else { 200 }))
        });
        world.settle(moment, answered.collect());
        moment = later(moment, TimeDelta::hours(1));
    }
    assert_eq!(world.standing(&endpoint), ("enabled".to_owned(), None));
    let failed = now(deliveries::list(&world.db, &endpoint, Some("failed"), None, 10)).unwrap();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].next_attempt_at, None);
}

#[test]
fn an_endpoint_that_is_gone_is_disabled_at_once_and_one_that_wants_rest_gets_it() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let (gone, busy) = (
        world.endpoint(on, &["invoice.created"]),
        world.endpoint(on, &["invoice.created"]),
    );
    world.invoice("1", "10.00", "2026-03-20", on);
    world.invoice("2", "10.00", "2026-03-20", on);
    let answered = world.claim(on, 1).into_iter().map(|claimed| {
        let answer = if claimed.endpoint == gone {
            answers(410)
        } else {
            Answered {
                retry_after: Some(on.now + TimeDelta::hours(2)),
                ..answers(429)
            }
        };
        (claimed, answer)
    });
    world.settle(on, answered.collect());
    assert_eq!(
        world.standing(&gone),
        ("disabled".to_owned(), Some("gone".to_owned()))
    );
    assert_eq!(world.standing(&busy), ("enabled".to_owned(), None));
    assert!(world.claim(later(on, TimeDelta::minutes(119)), 5).is_empty());
    assert_eq!(world.claim(later(on, TimeDelta::minutes(121)), 5).len(), 2);
}

#[test]
fn events_are_sent_again_when_somebody_asks() {
    // A time of its own: what happened since is what other tests have brought about, too.
    let world = World::new("UTC");
    let on = at("2027-01-12T09:00:00Z");
    let (one, other) = (world.endpoint(on, &["invoice.created"]), world.endpoint(on, &[]));
    world.invoice("1", "10.00", "2027-03-20", on);
    let tomorrow = later(on, TimeDelta::days(1));
    world.invoice("2", "10.00", "2027-03-20", tomorrow);
    let first = world.claim(tomorrow, 10);
    let event: EventId = first[0].event.clone();
    world.settle(tomorrow, all(first, &answers(200)));
    let replay = |endpoint: Option<&EndpointId>| {
        world.tx(async |tx| deliveries::replay(tx, tomorrow, &event, endpoint).await)
    };
    assert_eq!(replay(Some(&one)), 1);
    assert_eq!(
        world
            .claim(tomorrow, 10)
            .iter()
            .map(|claimed| &claimed.event)
            .collect::<Vec<_>>(),
        [&event]
    );
    // What is being sent is not begun anew.
    assert_eq!(replay(None), 1);
    let sent = world.claim(tomorrow, 10);
    assert_eq!((sent.len(), &sent[0].endpoint), (1, &other));
    let since = |from: Moment| world.tx(async |tx| deliveries::replay_from(tx, &one, from.now).await);
    let expired = later(tomorrow, TimeDelta::minutes(3));
    let again = world.claim(expired, 10);
    world.settle(expired, all(again, &answers(200)));
    for (from, expected) in [
        (later(on, TimeDelta::hours(1)), 1),
        (on, 2),
        (later(on, TimeDelta::days(9)), 0),
    ] {
        assert!(since(from));
        let again = world.claim(expired, 10);
        assert_eq!(again.len(), expected, "{}", from.now);
        world.settle(expired, all(again, &answers(200)));
    }
    let test = world.tx(async |tx| deliveries::test(tx, expired, &one).await);
    let tested = world.claim(expired, 10);
    assert_eq!(
        (tested.len(), &tested[0].endpoint, &tested[0].event),
        (1, &one, &test)
    );
}

#[test]
fn a_change_concerns_what_is_still_to_be_delivered() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let endpoint = world.endpoint(on, &["invoice.created"]);
    world.invoice("1", "10.00", "2026-03-20", on);
    let change = EndpointChange::parse(
        &json!({"url": "https://new.example/", "types": []}),
        Reach::Public,
    )
    .unwrap();
    assert!(world.tx(async |tx| endpoints::change(tx, &endpoint, &change).await));
    assert_eq!(world.claim(on, 10)[0].url, "https://new.example/");
    assert!(world.tx(async |tx| endpoints::delete(tx, &endpoint).await));
    assert!(!world.tx(async |tx| endpoints::delete(tx, &endpoint).await));
    world.invoice("2", "10.00", "2026-03-20", on);
    assert!(world.claim(later(on, TimeDelta::days(1)), 10).is_empty());
}

// --- the journal -----------------------------------------------------------------------------------------------------

fn books(world: &World, to: &str) -> (BTreeMap<(&'static str, String), i64>, usize) {
    let (mut sums, mut count, mut after) = (BTreeMap::new(), 0, None);
    let days = ("1980-01-01".parse().unwrap(), to.parse::<NaiveDate>().unwrap());
    loop {
        let page = now(journal::entries(
            &world.db,
            &Chart::default(),
            days,
            after.as_ref(),
            7,
        ))
        .unwrap();
        let Some(last) = page.last() else { break };
        after = Some(journal::Place {
            date: last.date,
            id: last.id.clone(),
        });
        for entry in page
            .into_iter()
            .filter(|entry| entry.customer_id == world.customer)
        {
            count += 1;
            for line in entry.lines {
                let minor = line.debit.map_or(0, |debit| debit.minor())
                    - line.credit.map_or(0, |credit| credit.minor());
                *sums
                    .entry((line.role, entry.kind.as_str().to_owned()))
                    .or_insert(0) += minor;
            }
        }
    }
    (sums, count)
}

fn by_role(sums: &BTreeMap<(&'static str, String), i64>) -> BTreeMap<&'static str, i64> {
    let mut roles = BTreeMap::new();
    for ((role, _), minor) in sums {
        *roles.entry(*role).or_insert(0) += minor;
    }
    roles.retain(|_, minor| *minor != 0);
    roles
}

#[test]
fn the_journal_is_the_ledger_on_any_day() {
    let world = World::new("UTC");
    let first = world.invoice("1", "100.00", "2026-01-20", at("2026-01-12T09:00:00Z"));
    let payment = world.pay("P1", "130.00", at("2026-01-13T09:00:00Z"), &[&first]);
    let second = world.invoice("2", "50.00", "2026-02-20", at("2026-01-14T09:00:00Z"));
    let credit = ApplyCreditInput::parse(&json!({})).unwrap();
    world.tx(async |tx| payments::use_credit(tx, at("2026-01-15T09:00:00Z"), &world.customer, &credit).await);
    world.tx(async |tx| {
        write_offs::write_off(tx, at("2026-01-16T09:00:00Z"), &second, None, "small", "admin").await
    });
    world.tx(async |tx| payments::reverse(tx, at("2026-01-17T09:00:00Z"), &payment, "bounced").await);
    let connection = raw();
    for (day, cash) in [
        ("2026-01-12", 0),
        ("2026-01-13", 13_000),
        ("2026-01-15", 13_000),
        ("2026-01-16", 13_000),
        ("2026-01-17", 0),
    ] {
        let (sums, _) = books(&world, day);
        let roles = by_role(&sums);
        let ledger = |on_account: bool| -> i64 {
            let sql = "SELECT coalesce(sum(amount_minor), 0) FROM postings
                WHERE customer_id = ?1 AND value_on <= ?2 AND (invoice_id IS NULL) = ?3";
            connection
                .query_row(sql, (world.customer.as_str(), day, on_account), |row| row.get(0))
                .unwrap()
        };
        assert_eq!(roles.values().sum::<i64>(), 0, "{day}");
        assert_eq!(
            roles.get("receivables").copied().unwrap_or(0),
            ledger(false),
            "{day}"
        );
        assert_eq!(
            roles.get("customer_credits").copied().unwrap_or(0),
            ledger(true),
            "{day}"
        );
        assert_eq!(roles.get("cash").copied().unwrap_or(0), cash, "{day}");
    }
    let (sums, entries) = books(&world, "2026-12-31");
    // The move of 30.00 from the account to the second invoice passes through and leaves nothing.
    assert_eq!(sums[&("transfers", "payment".to_owned())], 0);
    assert_eq!(by_role(&sums)["write_offs"], 2_000);
    let postings: usize = connection
        .query_row(
            "SELECT count(*) FROM postings WHERE customer_id = ?1",
            [world.customer.as_str()],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(entries, postings, "an entry a posting");
}

#[test]
fn small_differences_are_losses_or_gains_and_stay_so_when_they_are_taken_back() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let post = |invoice: &InvoiceId, source: &str, amount: i64, at: i64| {
        raw()
            .execute(
                "INSERT INTO postings (id, customer_id, invoice_id, kind, amount_minor, currency, value_on, source_id,
                    posted_at) VALUES ('pst_' || ?1, ?2, ?3, 'tolerance', ?4, 'EUR',
                    '2026-01-13', ?5, ?6)",
                (
                    format!("{:026}", at),
                    world.customer.as_str(),
                    invoice.as_str(),
                    amount,
                    source,
                    at,
                ),
            )
            .unwrap()
    };
    let invoice = world.invoice("1", "100.00", "2026-01-20", on);
    post(&invoice, "pay_loss", -30, 1);
    post(&invoice, "pay_loss", 30, 2);
    post(&invoice, "pay_gain", 5, 3);
    let (sums, _) = books(&world, "2026-12-31");
    assert_eq!(sums[&("tolerance_losses", "tolerance".to_owned())], 0);
    assert_eq!(sums[&("tolerance_gains", "tolerance".to_owned())], -5);
}

#[test]
fn accounts_are_those_that_were_set() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    let invoice = world.invoice("1", "100.00", "2026-01-20", on);
    world.pay("P1", "100.00", on, &[&invoice]);
    let chart = Chart::parse(&json!({"receivables": "1400", "cash_by": {"bank_transfer": "1810"}})).unwrap();
    world.tx(async |tx| journal::put_chart(tx, &chart).await);
    let stored = now(journal::chart(&world.db)).unwrap();
    assert_eq!(stored, chart);
    let days = ("2025-12-01".parse().unwrap(), "2026-01-31".parse().unwrap());
    let entries = now(journal::entries(&world.db, &stored, days, None, 500)).unwrap();
    let ours = entries.iter().filter(|entry| entry.customer_id == world.customer);
    let accounts: Vec<Vec<&str>> = ours
        .map(|entry| entry.lines.iter().map(|line| line.account.as_str()).collect())
        .collect();
    assert_eq!(accounts, [["1400", "4000"], ["1400", "1810"]]);
    world.tx(async |tx| journal::put_chart(tx, &Chart::default()).await);
    assert_eq!(now(journal::chart(&world.db)).unwrap(), Chart::default());
}

// --- drift -----------------------------------------------------------------------------------------------------------

#[test]
fn every_difference_is_found_with_both_sides_and_nothing_is_written() {
    let world = World::new("UTC");
    let on = at("2026-01-12T09:00:00Z");
    // Everything of other tests is out of the way: it is not named there either.
    for number in [
        "same", "less", "paid", "void", "dollar", "foreign", "unnamed", "twice",
    ] {
        world.invoice(number, "100.00", "2026-03-20", on);
    }
    let paid = world.invoice("here", "100.00", "2026-03-20", on);
    world.pay("P", "100.00", on, &[&paid]);
    let line = |number: &str, status: &str, balance: &str, currency: &str, customer: Option<&str>| {
        let line = json!({"number": world.number(number), "status": status, "balance": balance, "currency": currency,
            "customer": customer});
        There::parse(&line).unwrap()
    };
    let ours = Some(world.key.as_str());
    let lines = [
        line("same", "open", "100.00", "EUR", ours),
        line("less", "partly_paid", "40.00", "EUR", None),
        line("paid", "paid", "0.00", "EUR", None),
        line("void", "void", "0.00", "EUR", None),
        line("dollar", "open", "100.00", "USD", None),
        line("foreign", "open", "100.00", "EUR", Some("somebody")),
        line("here", "open", "100.00", "EUR", None),
        line("strange", "open", "1.00", "EUR", None),
        line("twice", "open", "100.00", "EUR", None),
        line("twice", "open", "100.00", "EUR", None),
    ];
    let before: i64 = raw()
        .query_row("SELECT total_changes()", [], |row| row.get(0))
        .unwrap();
    let mut comparison = Comparison::new(10_000);
    now(comparison.lines(&world.db, &lines)).unwrap();
    now(comparison.finish(&world.db)).unwrap();
    assert_eq!(before, 0);
    let found: BTreeMap<String, Vec<&str>> = comparison
        .found
        .iter()
        .filter_map(|drift| {
            let number = drift.number.strip_prefix(&format!("{}-", world.key))?;
            Some((number.to_owned(), drift.differences.clone()))
        })
        .collect();
    let expected = BTreeMap::from(
        [
            ("less", vec!["balance_differs"]),
            ("paid", vec!["open_here_paid_there"]),
            ("void", vec!["open_here_void_there"]),
            ("dollar", vec!["currency_differs"]),
            ("foreign", vec!["customer_differs"]),
            ("here", vec!["paid_here_open_there"]),
            ("strange", vec!["missing_here"]),
            ("twice", vec!["named_twice"]),
            ("unnamed", vec!["missing_there"]),
        ]
        .map(|(number, kinds)| (number.to_owned(), kinds)),
    );
    assert_eq!(found, expected);
    assert_eq!((comparison.compared, comparison.agreeing), (10, 2));
    let here = comparison
        .found
        .iter()
        .find(|drift| drift.number == world.number("here"))
        .unwrap();
    assert_eq!(here.here.as_ref().unwrap().status, "paid");
    assert_eq!(here.there.as_ref().unwrap().balance, eur("100.00"));
    assert_eq!(here.invoice_id.as_ref(), Some(&paid));
}

/// Documents that say who sells and who buys may share a number: which is meant, the customer tells.
#[test]
fn of_namesakes_the_customer_tells_which_is_meant() {
    let world = World::new("UTC");
    let other = format!("{}-other", world.key);
    let on = at("2026-01-12T09:00:00Z");
    let number = world.number("shared");
    for (customer, numbering) in [
        (world.customer.clone(), "s to b"),
        (world.another(&other, "UTC"), "s to c"),
    ] {
        let mut input = InvoiceInput::parse(&json!({
            "number": number, "customer": {"id": customer}, "issue_date": "2025-12-15", "due_date": "2026-03-20",
            "currency": "EUR", "total": "100.00",
        }))
        .unwrap();
        input.numbering = Some(numbering.to_owned());
        let taken = world.tx(async |tx| invoices::take(tx, on, std::slice::from_ref(&input)).await);
        assert!(matches!(taken[0], invoices::Taken::Accepted(_)), "{taken:?}");
    }
    let line = |customer: Option<&str>| {
        let line = json!({"number": number, "status": "open", "balance": "100.00", "currency": "EUR",
            "customer": customer});
        There::parse(&line).unwrap()
    };
    let found = |lines: &[There]| {
        let mut comparison = Comparison::new(10_000);
        now(comparison.lines(&world.db, lines)).unwrap();
        now(comparison.finish(&world.db)).unwrap();
        let ours = comparison
            .found
            .into_iter()
            .filter(|drift| drift.number == number);
        ours.map(|drift| drift.differences).collect::<Vec<_>>()
    };
    assert_eq!(
        found(&[line(Some(&world.key)), line(Some(&other))]),
        Vec::<Vec<&str>>::new()
    );
    assert_eq!(found(&[line(Some(&world.key))]), [["missing_there"]]);
    assert_eq!(found(&[line(None)]), [["ambiguous"]]);
}

#[test]
fn more_than_is_listed_is_counted() {
    let world = World::new("UTC");
    let line = |number: u32| {
        let line = json!({"number": world.number(&number.to_string()), "status": "open", "balance": "1.00",
            "currency": "EUR"});
        There::parse(&line).unwrap()
    };
    let lines: Vec<There> = (0..5_000).map(line).collect();
    let mut comparison = Comparison::new(10);
    now(comparison.lines(&world.db, &lines)).unwrap();
    assert_eq!((comparison.found.len(), comparison.more), (10, true));
    assert_eq!(comparison.counts.values().sum::<usize>(), 5_000);
}

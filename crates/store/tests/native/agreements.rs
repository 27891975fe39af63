//! Disputes, promises and plans on a real database: what the money decides, in whatever order it is told, and what that
//! does to the reminders. The time of each act is given, so that weeks pass in a test.
//!
//! Runs where the store is built with `native`: `cargo test -p store --features native`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::ground::now;
use chrono::{DateTime, Utc};
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::approval::{Act, Actor};
use receivables::dispute::{DisputeInput, Reason, ResolutionInput};
use receivables::event;
use receivables::id::{ApprovalId, CustomerId, DisputeId, InvoiceId, PaymentId, PlanId, PromiseId};
use receivables::intake::{CreditNoteInput, CustomerInput, InvoiceInput, PaymentInput};
use receivables::plan::PlanInput;
use receivables::policy::Policy;
use receivables::promise::PromiseInput;
use serde::Serialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::approvals::{self, Decided};
use store::delivery::{self, Carrier, Memory};
use store::tasks::{self, TaskFilter};
use store::{
    Db, Moment, StoreError, Tx, agreements, credit_notes, customers, disputes, dunning, events,
    instalment_plans, invoices, payments, policies, postings, promises, risk, views,
};

crate::ground::own_ledger!();

fn moment(text: &str) -> Moment {
    let text = if text.len() == 10 {
        format!("{text}T09:00:00Z")
    } else {
        text.to_owned()
    };
    Moment::at(text.parse::<DateTime<Utc>>().unwrap())
}

fn shown(value: impl Serialize) -> Value {
    serde_json::to_value(value).unwrap()
}

fn euros(amount: &str) -> Value {
    json!({"amount": amount, "currency": "EUR"})
}

static LOCK: Mutex<()> = Mutex::new(());

thread_local! {
    /// Held until the test's thread ends: jobs look at the whole ledger, and every test has its own time.
    static TURN: MutexGuard<'static, ()> = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
}

/// One customer in Berlin, on a ledger that the tests of this file share, one after the other.
struct Ledger {
    db: Db,
    key: String,
    customer: CustomerId,
}

impl Ledger {
    fn new() -> Ledger {
        TURN.with(|_| ());
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let db = ledger();
        let key = format!("C{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let input = CustomerInput::parse(&json!({
            "external_id": key, "name": "Nordwind", "kind": "business", "country": "DE", "time_zone": "Europe/Berlin",
            "locale": "en", "currency": "EUR",
            "contacts": [{"name": "Ada", "role": "billing", "email": format!("{key}@nordwind.example")}],
        }));
        let input = input.unwrap();
        let upsert = async |tx: &Tx<'_>| {
            customers::upsert(tx, moment("2026-01-01"), std::slice::from_ref(&input)).await
        };
        let customer = now(db.transaction(upsert)).unwrap()[0].0.clone();
        Ledger { db, key, customer }
    }

    fn tx<T>(&self, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
        now(self.db.transaction(work)).unwrap()
    }

    fn invoice(&self, number: &str, total: &str, due: &str) -> InvoiceId {
        let input = InvoiceInput::parse(&json!({
            "number": format!("{}-{number}", self.key), "customer": {"id": self.customer}, "issue_date": "2025-12-15",
            "due_date": due, "currency": "EUR", "total": total,
        }));
        let input = input.unwrap();
        let taken =
            self.tx(async |tx| invoices::take(tx, moment("2026-01-01"), std::slice::from_ref(&input)).await);
        match &taken[0] {
            invoices::Taken::Accepted(id) => id.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Money with a value date that is told of at a moment.
    fn pays(&self, amount: &str, on: &str, told: &str) -> PaymentId {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let input = PaymentInput::parse(&json!({
            "customer": {"id": self.customer}, "amount": amount, "currency": "EUR", "received_on": on,
            "method": "bank_transfer", "reference": format!("P{}", NEXT.fetch_add(1, Ordering::Relaxed)),
        }));
        let incoming = payments::Incoming::told("api", input.unwrap());
        match self.tx(async |tx| payments::record(tx, moment(told), &incoming).await) {
            payments::Recorded::Accepted(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn bounces(&self, payment: &PaymentId, at: &str) {
        self.tx(async |tx| payments::reverse(tx, moment(at), payment, "returned by the bank").await);
    }

    fn credits(&self, number: &str, amount: &str, on: &str, told: &str) {
        let number = format!("{}-{number}", self.key);
        let input = CreditNoteInput::parse(&json!({
            "number": format!("{number}-CN"), "customer": {"id": self.customer}, "issue_date": on, "currency": "EUR",
            "total": amount, "invoice_number": number,
        }));
        let input = input.unwrap();
        self.tx(async |tx| credit_notes::take(tx, moment(told), &input).await);
    }

    fn promises(&self, mut value: Value, at: &str) -> Result<PromiseId, Vec<String>> {
        value["customer"] = json!({"id": self.customer});
        let input = PromiseInput::parse(&value).unwrap();
        let made = self.tx(async |tx| promises::make(tx, moment(at), &input, "key_a").await);
        made.map_err(|errors| errors.into_iter().map(|e| e.code.into_owned()).collect())
    }

    /// `kept 2026-01-22`, `open missing 40.00`.
    fn promise(&self, id: &PromiseId) -> String {
        let view = shown(now(promises::shown(&self.db, id)).unwrap());
        match view["status"].as_str().unwrap() {
            "open" => format!("open missing {}", view["missing"]["amount"].as_str().unwrap()),
            status => format!("{status} {}", view["decided_on"].as_str().unwrap()),
        }
    }

    fn proposes(&self, mut value: Value, at: &str) -> Result<PlanId, Vec<String>> {
        value["customer"] = json!({"id": self.customer});
        let input = PlanInput::parse(&value).unwrap();
        let made = self.tx(async |tx| instalment_plans::propose(tx, moment(at), &input, "key_a").await);
        made.map_err(|errors| errors.into_iter().map(|e| e.code.into_owned()).collect())
    }

    fn plan(&self, id: &PlanId, at: &str) -> Value {
        shown(now(instalment_plans::shown(&self.db, moment(at), id)).unwrap())
    }

    fn disputes(&self, value: Value, at: &str) -> Result<DisputeId, disputes::Refused> {
        let input = DisputeInput::parse(&value).unwrap();
        self.tx(async |tx| disputes::open(tx, moment(at), None, &input, "key_a").await)
    }

    fn resolves(&self, id: &DisputeId, value: Value, at: &str) -> Result<(), disputes::Refused> {
        let input = ResolutionInput::parse(&value).unwrap();
        self.tx(async |tx| disputes::resolve(tx, moment(at), id, &input).await)
    }

    fn decides(&self, approval: &str, act: Act, by: &str, at: &str) -> Decided {
        let id = ApprovalId::parse(approval).unwrap();
        let actor = Actor {
            id: by,
            may_ask: true,
            may_decide: true,
        };
        self.tx(async |tx| approvals::decide(tx, moment(at), &id, act, &actor, Some("As agreed")).await)
    }

    fn judge_due(&self, at: &str) {
        self.tx(async |tx| agreements::judge_due(tx, moment(at), 1_000).await);
    }

    fn balance(&self, id: &InvoiceId) -> String {
        shown(now(views::invoice(&self.db, id)).unwrap())["balance"]["amount"]
            .as_str()
            .unwrap()
            .to_owned()
    }

    fn promised_until(&self, id: &InvoiceId) -> Value {
        shown(now(views::invoice(&self.db, id)).unwrap())["promised_until"].clone()
    }

    /// The step that comes next, and the day.
    fn next(&self, at: &str) -> String {
        let view = shown(now(views::customer(&self.db, moment(at), &self.customer)).unwrap());
        match view["next_action"].as_object() {
            Some(next) => format!(
                "{} {}",
                &next["at"].as_str().unwrap()[..10],
                next["step"].as_str().unwrap()
            ),
            None => "-".to_owned(),
        }
    }

    /// Kinds of the timeline, the newest first, messages left aside.
    fn told(&self) -> Vec<String> {
        let rows = now(views::timeline(&self.db, &self.customer, "~", 500)).unwrap();
        let kinds = rows
            .into_iter()
            .map(|row| shown(row)["kind"].as_str().unwrap().to_owned());
        kinds.filter(|kind| kind != "message").collect()
    }

    /// What was told of agreements; what became of money and messages has tests of its own.
    fn events(&self) -> Vec<String> {
        let rows = now(events::list(&self.db, Some(&self.customer), "", 500)).unwrap();
        for told in &rows {
            let fields = told.data.as_object().unwrap().keys().map(String::as_str);
            let table = event::of_name(&told.r#type).unwrap().data.iter().copied();
            assert_eq!(
                fields.collect::<BTreeSet<_>>(),
                table.collect(),
                "{}",
                told.r#type
            );
        }
        let told = rows.into_iter().map(|row| row.r#type);
        told.filter(|told| {
            ["promise.", "dispute.", "plan.", "approval."]
                .iter()
                .any(|of| told.starts_with(of))
        })
        .collect()
    }

    /// Steps of the messages, with their status. What else is told of agreements and money has tests of its own.
    fn messages(&self) -> Vec<String> {
        let told = [
            "payment_received",
            "promise_reminder",
            "dispute_received",
            "dispute_decided",
            "plan",
        ];
        let mut rows = now(views::messages(&self.db, Some(&self.customer), None, None, 100)).unwrap();
        rows.retain(|row| !told.contains(&row.step.as_str()));
        let row = |row| {
            let row = shown(row);
            format!(
                "{} {}",
                row["step"].as_str().unwrap(),
                row["status"].as_str().unwrap()
            )
        };
        rows.into_iter().map(row).collect()
    }

    fn proven(&self) {
        assert!(now(postings::drift(&self.db)).unwrap().is_empty());
    }
}

#[test]
fn a_promise_rests_what_it_covers_and_the_money_decides() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-09");
    let words = json!({"invoices": [invoice], "promised_on": "2026-01-20", "note": "By phone"});
    let id = ledger.promises(words.clone(), "2026-01-12").unwrap();
    assert_eq!(ledger.promised_until(&invoice), "2026-01-22");
    assert_eq!(
        ledger.promises(words, "2026-01-12"),
        Err(vec!["already_promised".to_owned()])
    );
    assert_eq!(ledger.promise(&id), "open missing 100.00");

    // Told of in the same millisecond, and after the promise.
    ledger.pays("60.00", "2026-01-12", "2026-01-12");
    assert_eq!(ledger.promise(&id), "open missing 40.00");
    // It was there on the last day, and is told of the day after.
    ledger.pays("40.00", "2026-01-22", "2026-01-23");
    assert_eq!(ledger.promise(&id), "kept 2026-01-22");
    assert_eq!(ledger.promised_until(&invoice), Value::Null);
    assert_eq!(ledger.events(), ["promise.made", "promise.kept"]);
    assert!(ledger.told().contains(&"promise_kept".to_owned()));
    ledger.proven();
}

#[test]
fn time_breaks_a_promise_at_the_end_of_its_last_day_where_the_customer_is() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-09");
    let id = ledger.promises(
        json!({"amount": euros("80.00"), "promised_on": "2026-01-20", "grace_days": 0}),
        "2026-01-12",
    );
    let id = id.unwrap();
    ledger.pays("79.99", "2026-01-20", "2026-01-20");
    // In Berlin the day ends at 23:00 UTC in winter.
    ledger.judge_due("2026-01-20T22:59:59Z");
    assert_eq!(ledger.promise(&id), "open missing 0.01");
    ledger.judge_due("2026-01-20T23:00:00Z");
    assert_eq!(ledger.promise(&id), "broken 2026-01-21");
    assert_eq!(ledger.promised_until(&invoice), Value::Null);
    assert_eq!(ledger.events(), ["promise.made", "promise.broken"]);

    // Money of the day after does not mend it; money of the day itself that is told of later does.
    ledger.pays("1.00", "2026-01-21", "2026-01-21");
    assert_eq!(ledger.promise(&id), "broken 2026-01-21");
    ledger.pays("1.00", "2026-01-20", "2026-01-22");
    assert_eq!(ledger.promise(&id), "kept 2026-01-20");
    assert_eq!(
        ledger.events(),
        ["promise.made", "promise.broken", "promise.kept"]
    );
}

#[test]
fn money_that_is_taken_back_never_came() {
    let ledger = Ledger::new();
    ledger.invoice("1", "100.00", "2026-01-09");
    let before = ledger.pays("10.00", "2026-01-11", "2026-01-11");
    let id = ledger
        .promises(json!({"promised_on": "2026-01-20"}), "2026-01-12")
        .unwrap();
    let kept = ledger.pays("90.00", "2026-01-15", "2026-01-15");
    assert_eq!(ledger.promise(&id), "kept 2026-01-15");
    ledger.bounces(&kept, "2026-01-16");
    assert_eq!(ledger.promise(&id), "open missing 90.00");
    // What was paid before the promise and bounces later is more to owe, and no part of the promise.
    ledger.bounces(&before, "2026-01-17");
    assert_eq!(ledger.promise(&id), "open missing 90.00");
    let again = ledger.pays("90.00", "2026-01-22", "2026-01-22");
    assert_eq!(ledger.promise(&id), "kept 2026-01-22");
    ledger.bounces(&again, "2026-02-20");
    assert_eq!(ledger.promise(&id), "broken 2026-01-23");
    let events = ledger.events();
    let expected = [
        "promise.made",
        "promise.kept",
        "promise.reopened",
        "promise.kept",
        "promise.broken",
    ];
    assert_eq!(events, expected);
    ledger.proven();
}

#[test]
fn money_that_is_set_anew_by_hand_counts_where_it_stands() {
    let ledger = Ledger::new();
    let older = ledger.invoice("1", "100.00", "2026-01-08");
    let promised = ledger.invoice("2", "100.00", "2026-01-09");
    let words = json!({"invoices": [promised], "promised_on": "2026-01-20"});
    let id = ledger.promises(words, "2026-01-12").unwrap();
    // Without a word of what it is for it goes to the oldest.
    let payment = ledger.pays("100.00", "2026-01-15", "2026-01-15");
    assert_eq!(ledger.promise(&id), "open missing 100.00");
    let line = |invoice: &InvoiceId| RemittanceLine {
        invoice: InvoiceRef::Id(invoice.clone()),
        amount: None,
    };
    let set = |invoice: &InvoiceId, at: &str| {
        let wanted = [line(invoice)];
        ledger.tx(async |tx| payments::reallocate(tx, moment(at), &payment, &wanted).await)
    };
    set(&promised, "2026-01-25");
    assert_eq!(ledger.promise(&id), "kept 2026-01-15");
    set(&older, "2026-01-26");
    assert_eq!(ledger.promise(&id), "broken 2026-01-23");
    ledger.proven();
}

#[test]
fn a_promise_about_what_is_credited_is_void_and_no_mark() {
    let ledger = Ledger::new();
    ledger.invoice("1", "100.00", "2026-01-09");
    let id = ledger
        .promises(json!({"promised_on": "2026-01-20"}), "2026-01-12")
        .unwrap();
    ledger.credits("1", "100.00", "2026-01-15", "2026-01-15");
    assert_eq!(ledger.promise(&id), "cancelled 2026-01-15");
    assert_eq!(ledger.events(), ["promise.made", "promise.cancelled"]);
}

#[test]
fn a_broken_promise_raises_the_risk_for_a_year() {
    let ledger = Ledger::new();
    ledger.invoice("1", "100.00", "2026-01-09");
    ledger
        .promises(json!({"promised_on": "2026-01-20"}), "2026-01-12")
        .unwrap();
    let reasons = |at: &str| -> Vec<String> {
        ledger.tx(async |tx| risk::run(tx, moment(at), 1_000).await);
        let view = shown(now(views::customer(&ledger.db, moment(at), &ledger.customer)).unwrap());
        let reasons = view["risk"]["reasons"].as_array().unwrap();
        reasons
            .iter()
            .map(|reason| reason["code"].as_str().unwrap().to_owned())
            .collect()
    };
    assert!(!reasons("2026-01-22").contains(&"broken_promises".to_owned()));
    ledger.judge_due("2026-01-23");
    assert!(reasons("2026-01-23").contains(&"broken_promises".to_owned()));
    assert!(!reasons("2027-01-24").contains(&"broken_promises".to_owned()));
}

#[test]
fn a_promise_pauses_dunning_and_a_broken_one_resumes_at_the_stage_of_the_age() {
    let ledger = Ledger::new();
    ledger.invoice("1", "100.00", "2026-01-09");
    ledger
        .promises(json!({"promised_on": "2026-01-20"}), "2026-01-12")
        .unwrap();
    // The 23rd, a Friday, is 14 days after the due date: the second step's day.
    assert_eq!(ledger.next("2026-01-12"), "2026-01-23 firm");
    ledger.judge_due("2026-01-23");
    assert_eq!(ledger.next("2026-01-23"), "2026-01-23 firm");
}

#[test]
fn a_promise_is_confirmed_by_a_letter_that_is_no_reminder() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-09");
    let id = ledger
        .promises(json!({"promised_on": "2026-01-20"}), "2026-01-12")
        .unwrap();
    assert_eq!(ledger.messages(), ["promise_made queued"]);
    let carrier = Carrier {
        name: "mailbox",
        channel: receivables::channel::Channel::Email,
        remembers: Memory::Always,
        ready: true,
    };
    let claim = ledger.tx(async |tx| delivery::claim(tx, moment("2026-01-12"), 10_000, &[carrier]).await);
    let ours = claim
        .claimed
        .iter()
        .find(|message| message.customer == ledger.customer)
        .unwrap();
    assert_eq!(
        (ours.template.as_str(), ours.overdue[0].id.clone()),
        ("promise_confirmation", invoice)
    );
    let note = ours.promise.as_ref().unwrap();
    assert_eq!(
        (note.amount.to_string(), note.promised_on.to_string()),
        ("100.00 EUR".to_owned(), "2026-01-20".to_owned())
    );

    // One that is cancelled before its letter leaves is not confirmed.
    let other = Ledger::new();
    other.invoice("1", "100.00", "2026-01-09");
    let second = other
        .promises(json!({"promised_on": "2026-01-20"}), "2026-01-12")
        .unwrap();
    other.tx(async |tx| promises::cancel(tx, moment("2026-01-12"), &second, Some("A mistake")).await);
    other.tx(async |tx| delivery::claim(tx, moment("2026-01-12"), 10_000, &[carrier]).await);
    assert_eq!(other.messages(), ["promise_made cancelled"]);
    assert_eq!(other.promise(&second), "cancelled 2026-01-12");
    let again = other.tx(async |tx| promises::cancel(tx, moment("2026-01-12"), &second, None).await);
    assert_eq!(
        again,
        promises::Cancelled::Status(receivables::promise::Status::Cancelled)
    );
    let unknown = PromiseId::from_parts(0, [9; 10]);
    let unknown = other.tx(async |tx| promises::cancel(tx, moment("2026-01-12"), &unknown, None).await);
    assert_eq!(unknown, promises::Cancelled::Unknown);
    assert_eq!(ledger.promise(&id), "open missing 100.00");
}

/// Puts a customer under a policy of its own.
fn under(ledger: &Ledger, name: &str, more: Value) {
    let mut body = json!({
        "name": name, "send_at": "09:00", "business_days_only": false, "min_days_between_contacts": 0,
        "steps": [
            {"id": "pre", "day": -5, "per_invoice": true, "channels": ["email"], "template": "pre_due"},
            {"id": "l1", "day": 1, "channels": ["email"], "template": "friendly"},
            {"id": "l2", "day": 7, "channels": ["email"], "template": "firm"},
            {"id": "l3", "day": 14, "channels": ["email"], "template": "firm"},
        ]
    });
    body.as_object_mut()
        .unwrap()
        .extend(more.as_object().unwrap().clone());
    let policy = Policy::parse(&body).unwrap();
    let from = moment("2026-01-01").now.date_naive();
    ledger.tx(async |tx| policies::put(tx, moment("2026-01-01"), &policy, from, "key_a").await);
    let input = CustomerInput::parse(&json!({
        "external_id": ledger.key, "name": "Nordwind", "kind": "business", "country": "DE", "time_zone": "UTC",
        "locale": "en", "currency": "EUR", "policy": name,
        "contacts": [{"name": "Ada", "role": "billing", "email": format!("{}@nordwind.example", ledger.key)}],
    }));
    let input = input.unwrap();
    ledger.tx(async |tx| customers::upsert(tx, moment("2026-01-01"), std::slice::from_ref(&input)).await);
}

#[test]
fn a_broken_promise_triggers_its_own_message_where_the_policy_names_one() {
    let ledger = Ledger::new();
    under(
        &ledger,
        "spoken",
        json!({"promises": {"confirm": false, "grace_days": 0, "broken_step": "promise_broken"}}),
    );
    ledger.invoice("1", "100.00", "2026-01-09");
    ledger
        .promises(json!({"promised_on": "2026-01-20"}), "2026-01-12")
        .unwrap();
    assert!(ledger.messages().is_empty(), "no confirmation is wanted");
    ledger.pays("30.00", "2026-01-15", "2026-01-15");
    ledger.judge_due("2026-01-21");
    ledger.judge_due("2026-01-21");
    assert_eq!(ledger.messages(), ["promise_broken queued"]);
    let carrier = Carrier {
        name: "mailbox",
        channel: receivables::channel::Channel::Email,
        remembers: Memory::Always,
        ready: true,
    };
    let claim = ledger.tx(async |tx| delivery::claim(tx, moment("2026-01-21"), 10_000, &[carrier]).await);
    let ours = claim
        .claimed
        .iter()
        .find(|message| message.customer == ledger.customer && message.promise.is_some())
        .unwrap();
    assert_eq!(ours.template, "promise_broken");
    assert_eq!(ours.promise.as_ref().unwrap().missing.to_string(), "70.00 EUR");
}

/// The second half of the field's worked example: due 15 January; steps -5, +1 L1, +7 L2, +14 L3. Disputed from the 17th,
/// rejected on the 24th: L2 is next, at once.
#[test]
fn after_a_rejection_the_step_that_the_age_gives_is_next_at_once() {
    let ledger = Ledger::new();
    under(&ledger, "levels", json!({}));
    let invoice = ledger.invoice("1", "100.00", "2026-01-15");
    let sweep = |at: &str| ledger.tx(async |tx| dunning::sweep(tx, moment(at), 1_000).await);
    assert_eq!(ledger.next("2026-01-01"), "2026-01-10 pre");
    sweep("2026-01-10");
    assert_eq!(ledger.next("2026-01-10"), "2026-01-16 l1");
    sweep("2026-01-16");
    assert_eq!(ledger.next("2026-01-16"), "2026-01-22 l2");
    let dispute = ledger
        .disputes(json!({"invoice": invoice, "reason": "wrong_price"}), "2026-01-17")
        .unwrap();
    assert_eq!(ledger.next("2026-01-17"), "-");
    sweep("2026-01-22");
    assert_eq!(ledger.messages(), ["l1 queued", "pre queued"]);
    ledger
        .resolves(
            &dispute,
            json!({"outcome": "rejected", "comment": "As in the contract"}),
            "2026-01-24",
        )
        .unwrap();
    assert_eq!(ledger.next("2026-01-24"), "2026-01-24 l2");
    sweep("2026-01-24");
    assert_eq!(ledger.messages(), ["l2 queued", "l1 queued", "pre queued"]);
    assert_eq!(ledger.next("2026-01-24"), "2026-01-29 l3");
    assert_eq!(ledger.events()[..2], ["dispute.opened", "dispute.resolved"]);
}

#[test]
fn the_undisputed_part_is_dunned_where_the_policy_says_so() {
    for (name, dun, expected) in [("strict", true, "2026-01-11 pre"), ("lenient", false, "-")] {
        let ledger = Ledger::new();
        under(&ledger, name, json!({"disputes": {"dun_undisputed": dun}}));
        let invoice = ledger.invoice("1", "100.00", "2026-01-15");
        ledger
            .disputes(
                json!({"invoice": invoice, "reason": "other", "amount": euros("40.00")}),
                "2026-01-11",
            )
            .unwrap();
        assert_eq!(ledger.next("2026-01-11"), expected, "{name}");
    }
}

#[test]
fn disputes_add_up_to_no_more_than_is_owed_and_end_as_they_are_decided() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-09");
    let open = |value: Value| ledger.disputes(value, "2026-01-12");
    let codes = |refused: disputes::Refused| match refused {
        disputes::Refused::Invalid(errors) => errors
            .into_iter()
            .map(|error| format!("{} {}", error.pointer, error.code))
            .collect::<Vec<_>>(),
        other => vec![format!("{other:?}")],
    };
    let nowhere = InvoiceId::from_parts(0, [9; 10]);
    assert_eq!(
        codes(open(json!({"invoice": nowhere, "reason": "other"})).unwrap_err()),
        ["/invoice unknown_invoice"]
    );
    let wrong =
        json!({"invoice": invoice, "reason": "22", "amount": euros("100.01"), "respond_by": "2026-01-11"});
    let expected = [
        "/reason unknown_value",
        "/amount more_than_owed",
        "/respond_by in_the_past",
    ];
    assert_eq!(codes(open(wrong).unwrap_err()), expected);

    // The customer's own code, mapped.
    let reason = Reason::parse("wrong_quantity").unwrap();
    let customer = Some(&ledger.customer);
    ledger.tx(async |tx| disputes::put_code(tx, moment("2026-01-12"), " a-22", customer, reason, None).await);
    let short = open(json!({"invoice": invoice, "reason": "A-22", "amount": euros("40.00")})).unwrap();
    let view = shown(now(disputes::view(&ledger.db, &short)).unwrap());
    assert_eq!(
        (&view["reason"]["code"], &view["customer_code"]),
        (&json!("wrong_quantity"), &json!("A-22"))
    );
    assert_eq!(
        (&view["undisputed"]["amount"], &view["respond_by"]),
        (&json!("60.00"), &json!("2026-01-26"))
    );
    let rest = open(json!({"invoice": invoice, "reason": "other"})).unwrap();
    assert_eq!(
        codes(open(json!({"invoice": invoice, "reason": "other"})).unwrap_err()),
        ["/amount nothing_left"]
    );

    // A part payment goes to the undisputed part: of what is disputed, no more can be credited than is owed.
    ledger.pays("70.00", "2026-01-13", "2026-01-13");
    let whole = json!({"outcome": "split", "credit": euros("30.00")});
    assert_eq!(
        codes(ledger.resolves(&rest, whole, "2026-01-14").unwrap_err()),
        ["/outcome not_a_split"]
    );
    let split = json!({"outcome": "split", "credit": euros("10.00"), "credit_note_number": format!("{}-CN", ledger.key)});
    ledger.resolves(&rest, split.clone(), "2026-01-14").unwrap();
    assert_eq!(ledger.balance(&invoice), "20.00");
    assert_eq!(
        codes(ledger.resolves(&rest, split, "2026-01-14").unwrap_err()),
        ["Status(Resolved)"]
    );
    ledger
        .resolves(&short, json!({"outcome": "credit_note"}), "2026-01-15")
        .unwrap();
    assert_eq!(ledger.balance(&invoice), "0.00");
    let view = shown(now(disputes::view(&ledger.db, &short)).unwrap());
    assert_eq!(
        (&view["status"], &view["outcome"]),
        (&json!("resolved"), &json!("credit_note"))
    );
    assert_eq!(view["credited"]["amount"], "20.00");
    ledger.proven();
}

#[test]
fn a_credit_note_that_the_books_have_sent_already_is_not_taken_twice() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-09");
    let dispute = ledger.disputes(
        json!({"invoice": invoice, "reason": "other", "amount": euros("40.00")}),
        "2026-01-12",
    );
    let dispute = dispute.unwrap();
    ledger.credits("1", "40.00", "2026-01-13", "2026-01-13");
    let number = format!("{}-1-CN", ledger.key);
    ledger
        .resolves(
            &dispute,
            json!({"outcome": "credit_note", "credit_note_number": number}),
            "2026-01-14",
        )
        .unwrap();
    assert_eq!(ledger.balance(&invoice), "60.00");
    let view = shown(now(disputes::view(&ledger.db, &dispute)).unwrap());
    assert_eq!(view["credited"]["amount"], "40.00");
    // One that credits something else is no credit note of this dispute.
    let other = ledger.invoice("2", "50.00", "2026-01-09");
    let second = ledger
        .disputes(json!({"invoice": other, "reason": "other"}), "2026-01-15")
        .unwrap();
    let taken = ledger.resolves(
        &second,
        json!({"outcome": "credit_note", "credit_note_number": number}),
        "2026-01-15",
    );
    assert!(
        matches!(taken, Err(disputes::Refused::CreditNoteTaken(_))),
        "{taken:?}"
    );
    assert_eq!(ledger.balance(&other), "50.00");
}

#[test]
fn an_unanswered_dispute_is_told_once_and_decides_nothing() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-09");
    let words =
        json!({"invoice": invoice, "reason": "other", "respond_by": "2026-01-14", "assignee": "logistics"});
    let id = ledger.disputes(words, "2026-01-12").unwrap();
    ledger.judge_due("2026-01-14T22:59:59Z");
    assert!(!ledger.told().contains(&"dispute_unanswered".to_owned()));
    ledger.judge_due("2026-01-14T23:00:00Z");
    ledger.judge_due("2026-01-15");
    assert_eq!(
        ledger
            .told()
            .iter()
            .filter(|kind| *kind == "dispute_unanswered")
            .count(),
        1
    );
    let view = shown(now(disputes::view(&ledger.db, &id)).unwrap());
    assert_eq!(
        (&view["status"], &view["assignee"]),
        (&json!("open"), &json!("logistics"))
    );
    let filter = TaskFilter {
        customer: Some(ledger.customer.clone()),
        status: None,
        assignee: None,
        after: None,
    };
    let tasks = shown(now(tasks::list(&ledger.db, &filter, 10)).unwrap());
    assert_eq!(tasks.as_array().unwrap().len(), 1, "{tasks}");
    assert_eq!(
        (&tasks[0]["kind"], &tasks[0]["due_on"], &tasks[0]["assignee"]),
        (&json!("review"), &json!("2026-01-15"), &json!("logistics"))
    );
}

#[test]
fn a_plan_rests_the_debt_until_an_instalment_is_missed() {
    let ledger = Ledger::new();
    let (a, b) = (
        ledger.invoice("1", "100.00", "2026-01-09"),
        ledger.invoice("2", "50.00", "2026-02-09"),
    );
    let equal = json!({"equal": {"count": 3, "frequency": "weekly", "first_due_date": "2026-01-20"}});
    let id = ledger.proposes(equal.clone(), "2026-01-12").unwrap();
    assert_eq!(ledger.plan(&id, "2026-01-12")["status"], "active");
    assert_eq!(ledger.next("2026-01-12"), "-");
    assert_eq!(
        ledger.proposes(equal, "2026-01-12"),
        Err(vec!["already_planned".to_owned()])
    );
    ledger.pays("50.00", "2026-01-20", "2026-01-20");
    ledger.judge_due("2026-01-24");
    let plan = ledger.plan(&id, "2026-01-24");
    assert_eq!(
        (&plan["status"], &plan["instalments"][0]["in_time"]),
        (&json!("active"), &json!(true))
    );
    // The second was due on the 27th, three days of grace: too late from the 31st on, which begins at 23:00 UTC.
    ledger.judge_due("2026-01-30T22:59:59Z");
    assert_eq!(ledger.plan(&id, "2026-01-30")["status"], "active");
    ledger.judge_due("2026-01-30T23:00:00Z");
    let plan = ledger.plan(&id, "2026-01-31");
    assert_eq!(
        (&plan["status"], &plan["decided_on"]),
        (&json!("broken"), &json!("2026-01-31"))
    );
    assert_eq!(plan["instalments"][1]["in_time"], false);
    assert_ne!(ledger.next("2026-01-31"), "-", "the debt is dunned again");
    assert_eq!(
        (ledger.balance(&a), ledger.balance(&b)),
        ("50.00".to_owned(), "50.00".to_owned())
    );
    // The second instalment was there in time and is told of later: the plan goes on.
    ledger.pays("50.00", "2026-01-30", "2026-02-01");
    assert_eq!(ledger.plan(&id, "2026-02-01")["status"], "active");
    assert_eq!(ledger.next("2026-02-01"), "-");
    ledger.pays("50.00", "2026-02-03", "2026-02-03");
    assert_eq!(ledger.plan(&id, "2026-02-03")["status"], "completed");
    let events = ledger.events();
    assert_eq!(
        events,
        ["plan.activated", "plan.broken", "plan.resumed", "plan.completed"]
    );
    ledger.proven();
}

#[test]
fn a_settlement_waits_for_approval_and_gives_its_discount_for_the_whole_sum_in_time() {
    let ledger = Ledger::new();
    let (a, b) = (
        ledger.invoice("1", "100.00", "2026-01-09"),
        ledger.invoice("2", "50.00", "2026-01-10"),
    );
    let words = json!({"settlement": {"amount": euros("120.00"), "due_date": "2026-01-20"}, "grace_days": 0});
    let id = ledger.proposes(words, "2026-01-12").unwrap();
    let plan = ledger.plan(&id, "2026-01-12");
    assert_eq!(
        (&plan["status"], &plan["kind"]),
        (&json!("proposed"), &json!("settlement"))
    );
    assert!(plan["approval"].is_string(), "{plan}");
    assert_ne!(
        ledger.next("2026-01-12"),
        "-",
        "nothing rests before it is approved"
    );
    // Four eyes: who asked does not decide.
    let approval = plan["approval"].as_str().unwrap().to_owned();
    let refused = ledger.decides(&approval, Act::Approve, "key_a", "2026-01-13");
    assert!(matches!(refused, Decided::Refused(_)), "{refused:?}");
    let approved = ledger.decides(&approval, Act::Approve, "key_b", "2026-01-13");
    assert!(matches!(approved, Decided::Done), "{approved:?}");
    assert_eq!(ledger.next("2026-01-13"), "-");
    ledger.pays("119.99", "2026-01-15", "2026-01-15");
    assert_eq!(ledger.plan(&id, "2026-01-15")["status"], "active");
    let last = ledger.pays("0.01", "2026-01-20", "2026-01-22");
    assert_eq!(ledger.plan(&id, "2026-01-22")["status"], "completed");
    assert_eq!(
        (ledger.balance(&a), ledger.balance(&b)),
        ("0.00".to_owned(), "0.00".to_owned())
    );
    ledger.proven();
    // The bank takes a cent of it back: the sum has not come, and the discount is not given.
    ledger.bounces(&last, "2026-02-10");
    assert_eq!(ledger.plan(&id, "2026-02-10")["status"], "broken");
    assert_eq!(
        (ledger.balance(&a), ledger.balance(&b)),
        ("0.00".to_owned(), "30.01".to_owned())
    );
    ledger.proven();
    let again = ledger.decides(&approval, Act::Approve, "key_b", "2026-02-10");
    assert!(matches!(again, Decided::Refused(_)), "{again:?}");
}

#[test]
fn a_plan_that_is_refused_or_given_up_leaves_the_debt_as_it_is() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-09");
    let words = json!({"settlement": {"amount": euros("80.00"), "due_date": "2026-01-20"}});
    let first = ledger.proposes(words.clone(), "2026-01-12").unwrap();
    let approval = |id: &PlanId| {
        ledger.plan(id, "2026-01-13")["approval"]
            .as_str()
            .unwrap()
            .to_owned()
    };
    ledger.decides(&approval(&first), Act::Reject, "key_b", "2026-01-13");
    assert_eq!(ledger.plan(&first, "2026-01-13")["status"], "cancelled");
    // Nobody decides on the next: it is refused by time.
    let second = ledger.proposes(words.clone(), "2026-01-13").unwrap();
    ledger.tx(async |tx| approvals::expire_due(tx, moment("2026-03-13"), 100).await);
    assert_eq!(ledger.plan(&second, "2026-03-13")["status"], "cancelled");
    let second = ledger.proposes(words, "2026-01-13").unwrap();
    ledger.decides(&approval(&second), Act::Approve, "key_b", "2026-01-13");
    assert_eq!(ledger.plan(&second, "2026-01-13")["status"], "active");
    let given_up =
        ledger.tx(async |tx| instalment_plans::cancel(tx, moment("2026-01-14"), &second, None).await);
    assert_eq!(given_up, instalment_plans::Acted::Done);
    ledger.pays("80.00", "2026-01-15", "2026-01-15");
    assert_eq!(ledger.balance(&invoice), "20.00");
    assert_ne!(ledger.next("2026-01-15"), "-");
}

#[test]
fn plans_above_the_policys_limit_wait_for_approval() {
    let ledger = Ledger::new();
    under(
        &ledger,
        "limited",
        json!({"plans": {"approval_above": {"EUR": "99.99"}}}),
    );
    ledger.invoice("1", "100.00", "2026-01-09");
    let parts = json!({"instalments": [{"amount": euros("60.00"), "due_date": "2026-01-20"},
        {"amount": euros("40.00"), "due_date": "2026-02-20"}]});
    let id = ledger.proposes(parts, "2026-01-12").unwrap();
    assert_eq!(ledger.plan(&id, "2026-01-12")["status"], "proposed");
    let wrong = json!({"instalments": [{"amount": euros("99.99"), "due_date": "2026-01-20"}]});
    let other = Ledger::new();
    other.invoice("1", "100.00", "2026-01-09");
    assert_eq!(
        other.proposes(wrong, "2026-01-12"),
        Err(vec!["wrong_sum".to_owned()])
    );
}

#[test]
fn agreements_are_listed_by_status_and_customer() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-09");
    let promise = ledger
        .promises(json!({"promised_on": "2026-01-20"}), "2026-01-12")
        .unwrap();
    let dispute = ledger
        .disputes(json!({"invoice": invoice, "reason": "other"}), "2026-01-12")
        .unwrap();
    let open = Some(receivables::promise::Status::Open);
    let ours = Some(ledger.customer.clone());
    for (customer, status) in [
        (ours.clone(), None),
        (None, open),
        (ours.clone(), open),
        (None, None),
    ] {
        let filter = promises::PromiseFilter {
            customer,
            status,
            after: None,
        };
        let rows = now(promises::list(&ledger.db, &filter, 500)).unwrap();
        assert!(rows.iter().any(|row| row.id == promise));
    }
    for (customer, status) in [
        (ours.clone(), None),
        (None, Some("open")),
        (ours, Some("open")),
        (None, None),
    ] {
        let filter = disputes::DisputeFilter {
            customer,
            status,
            after: None,
        };
        let rows = now(disputes::list(&ledger.db, &filter, 500)).unwrap();
        assert!(rows.iter().any(|row| row.id == dispute));
    }
    let before = promises::PromiseFilter {
        after: Some(promise.to_string()),
        customer: Some(ledger.customer.clone()),
        ..Default::default()
    };
    assert!(now(promises::list(&ledger.db, &before, 500)).unwrap().is_empty());
}

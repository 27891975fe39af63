//! What people decide and do, on a real database: four eyes, warnings before suspensions, limits, tasks that end. The
//! time of each act is given, so that weeks pass in a test.
//!
//! Runs where the store is built with `native`: `cargo test -p store --features native`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use crate::ground::now;
use chrono::{DateTime, NaiveDate, Utc};
use receivables::approval::{Act, Actor, ApprovalKind, ApprovalStatus, POLICY, Refused};
use receivables::credit::{OrderInput, OrderStatus, Verdict};
use receivables::currency::Currency;
use receivables::event;
use receivables::hold::HoldInput;
use receivables::id::{ApprovalId, CustomerId, HandOverId, InvoiceId, OrderId, TaskId};
use receivables::intake::{CustomerInput, InvoiceInput, PaymentInput};
use receivables::money::Money;
use receivables::policy::Policy;
use receivables::suspension::NotYet;
use receivables::task::{Effect, Outcome, TaskKind, TaskStatus};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use store::approvals::{self, Decided, Request};
use store::delivery::{self, Carrier, Memory};
use store::hand_overs::{self, HandedOver, Recalled};
use store::holds::{self, Held};
use store::orders::{self, Taken};
use store::payments::Incoming;
use store::suspensions::{self, Suspended};
use store::tasks::{self, Course, Done, NewTask, Reported, TaskFilter};
use store::write_offs::{self, WrittenOff};
use store::{
    Db, Moment, StoreError, Tx, accounts, customers, dunning, events, invoices, payments, policies, postings,
    views,
};

crate::ground::own_ledger!();

/// Nine o'clock UTC, which is ten in Berlin in winter: the policy acts.
fn moment(day: &str) -> Moment {
    Moment::at(format!("{day}T09:00:00Z").parse::<DateTime<Utc>>().unwrap())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn eur() -> Currency {
    Currency::parse("EUR").unwrap()
}

fn euros(amount: &str) -> Money {
    Money::parse(amount, eur()).unwrap()
}

static LOCK: Mutex<()> = Mutex::new(());

thread_local! {
    /// Held until the test's thread ends: jobs look at the whole ledger, and every test has its own time.
    static TURN: MutexGuard<'static, ()> = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
}

/// One customer in Berlin, on a ledger that the tests of this file share, one after the other.
struct Desk {
    db: Db,
    key: String,
    customer: CustomerId,
}

/// The database, past everything that the store does for it.
fn raw() -> rusqlite::Connection {
    rusqlite::Connection::open(file()).unwrap()
}

fn begin() {
    static BEGUN: Once = Once::new();
    TURN.with(|_| ());
    BEGUN.call_once(|| {
        let policy = Policy::parse(&json!({
            "name": "strict", "send_at": "09:00", "business_days_only": false, "min_balance": {},
            "min_days_between_contacts": 0, "catch_up": "latest",
            "approvals": {"write_off_above": {"EUR": "50.00"}, "expire_after_days": 7},
            "credit": {"over_limit": "block"}, "notices": {"payment_received": false},
            "steps": [
                {"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"},
                {"id": "warning", "day": 10, "channels": ["email"], "template": "suspension_warning",
                 "then": {"after_days": 7, "act": "suspend"}},
            ],
        }));
        let (policy, db) = (policy.unwrap(), ledger());
        let put = async |tx: &Tx<'_>| {
            policies::put(tx, moment("2026-01-01"), &policy, day("2026-01-01"), "admin").await
        };
        assert_eq!(now(db.transaction(put)).unwrap(), (true, 1));
    });
}

impl Desk {
    /// With a credit limit of 1,000 euros.
    fn new() -> Desk {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        begin();
        let db = ledger();
        // Every test has its own time, and a sweep refuses one that has passed.
        raw().execute("DELETE FROM job_runs", []).unwrap();
        let key = format!("C{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let input = CustomerInput::parse(&json!({
            "external_id": key, "name": "Nordwind", "kind": "business", "country": "DE", "time_zone": "Europe/Berlin",
            "locale": "en", "currency": "EUR", "policy": "strict", "credit_limit": "1000.00",
            "contacts": [{"name": "Ada", "role": "billing", "email": format!("{key}@nordwind.example"),
                "phone": "+49 30 123 456"}],
        }));
        let input = input.unwrap();
        let upsert = async |tx: &Tx<'_>| {
            customers::upsert(tx, moment("2026-01-01"), std::slice::from_ref(&input)).await
        };
        let customer = now(db.transaction(upsert)).unwrap()[0].0.clone();
        Desk { db, key, customer }
    }

    fn tx<T>(&self, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
        now(self.db.transaction(work)).unwrap()
    }

    fn invoice(&self, number: &str, total: &str, due: &str, more: Value) -> InvoiceId {
        let mut document = json!({
            "number": format!("{}-{number}", self.key), "customer": {"id": self.customer}, "issue_date": "2025-12-15",
            "due_date": due, "currency": "EUR", "total": total,
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            document[name] = value.clone();
        }
        let input = InvoiceInput::parse(&document).unwrap();
        let taken =
            self.tx(async |tx| invoices::take(tx, moment("2026-01-01"), std::slice::from_ref(&input)).await);
        match &taken[0] {
            invoices::Taken::Accepted(id) => id.clone(),
            other => panic!("{other:?}"),
        }
    }

    fn pay(&self, amount: &str, on: &str) {
        let input = PaymentInput::parse(&json!({
            "customer": {"id": self.customer}, "amount": amount, "currency": "EUR", "received_on": on,
            "method": "bank_transfer", "reference": format!("{}-{amount}-{on}", self.key),
        }));
        let incoming = Incoming::told("api", input.unwrap());
        self.tx(async |tx| payments::record(tx, moment(on), &incoming).await);
    }

    /// Has the policy decide on a day, and what it queued leave.
    fn sweep(&self, on: &str) {
        let carrier = Carrier {
            name: "mailbox",
            channel: receivables::channel::Channel::Email,
            remembers: Memory::Always,
            ready: true,
        };
        self.tx(async |tx| dunning::sweep(tx, moment(on), 1_000).await);
        let claim = self.tx(async |tx| delivery::claim(tx, moment(on), 1_000, &[carrier]).await);
        let sent = delivery::Outcome::Sent {
            subject: "s".to_owned(),
            provider_id: None,
        };
        let outcomes: Vec<_> = claim
            .claimed
            .into_iter()
            .map(|message| (message, sent.clone()))
            .collect();
        self.tx(async |tx| delivery::settle(tx, moment(on), &outcomes).await);
    }

    /// The types of the events about the customer; what became of money and messages has tests of its own.
    fn told(&self) -> Vec<String> {
        let rows = now(events::list(&self.db, Some(&self.customer), "", 1_000)).unwrap();
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
        rows.into_iter()
            .map(|event| event.r#type)
            .filter(|kind| {
                let elsewhere = ["dunning.", "invoice.", "payment.", "message.", "charge."];
                !elsewhere.iter().any(|of| kind.starts_with(of))
            })
            .collect()
    }

    /// The kinds of activity on the timeline, the oldest first.
    fn timeline(&self) -> Vec<String> {
        let mut kinds: Vec<String> = now(views::timeline(&self.db, &self.customer, "~", 500))
            .unwrap()
            .into_iter()
            .map(|entry| entry.kind)
            .filter(|kind| !kind.starts_with("message") && kind != "contact_refused")
            .collect();
        kinds.reverse();
        kinds
    }

    fn status(&self, invoice: &InvoiceId) -> (String, Money) {
        let view = now(views::invoice(&self.db, invoice)).unwrap().unwrap();
        (view.status, view.balance)
    }

    fn ask_write_off(&self, invoice: &InvoiceId, amount: Option<&str>, on: &str) -> ApprovalId {
        let request = Request {
            kind: ApprovalKind::WriteOff,
            customer: &self.customer,
            subject: json!({"invoice": invoice}),
            amount: amount.map(euros),
            asked_by: "key_ann",
            comment: Some("insolvent"),
        };
        self.tx(async |tx| approvals::request(tx, moment(on), &request).await)
    }

    fn decide(&self, id: &ApprovalId, act: Act, who: &str, on: &str) -> Decided {
        let actor = Actor {
            id: who,
            may_ask: true,
            may_decide: true,
        };
        self.tx(async |tx| approvals::decide(tx, moment(on), id, act, &actor, Some("seen")).await)
    }

    fn order(&self, number: &str, amount: &str) -> Taken {
        let input = OrderInput::parse(&json!({"number": format!("{}-{number}", self.key),
            "customer": {"id": self.customer}, "currency": "EUR", "amount": amount}));
        let input = input.unwrap();
        let at = moment("2026-01-12");
        self.tx(async |tx| {
            let account = accounts::find(tx, at, &self.customer).await?.unwrap();
            orders::take(tx, at, &self.customer, &account, &input, "key_shop").await
        })
    }

    fn order_view(&self, id: &OrderId) -> orders::OrderView {
        now(orders::one(&self.db, id)).unwrap().unwrap()
    }

    fn open_tasks(&self) -> Vec<tasks::TaskView> {
        let filter = TaskFilter {
            customer: Some(self.customer.clone()),
            status: Some(TaskStatus::Open),
            ..TaskFilter::default()
        };
        now(tasks::list(&self.db, &filter, 100)).unwrap()
    }

    fn report(&self, id: &TaskId, outcome: Outcome, on: &str) -> Done {
        let said = Reported {
            outcome,
            text: Some("They said so."),
            by: "key_ann",
        };
        self.tx(async |tx| {
            let account = accounts::find(tx, moment(on), &self.customer).await?.unwrap();
            let is_business_day = |day| account.is_business_day(day);
            let course = Course {
                rules: account.policy().tasks,
                today: account.today,
                is_business_day: &is_business_day,
            };
            tasks::done(tx, moment(on), id, &course, &said).await
        })
    }
}

#[test]
fn a_write_off_takes_the_balance_down_and_the_invoice_with_it() {
    let desk = Desk::new();
    let invoice = desk.invoice("1", "100.00", "2026-01-09", json!({}));
    let write_off = |amount: Option<&str>| {
        let amount = amount.map(euros);
        desk.tx(async |tx| {
            write_offs::write_off(tx, moment("2026-01-12"), &invoice, amount, "small", "key_ann").await
        })
    };
    assert_eq!(write_off(Some("100.01")), WrittenOff::TooMuch(euros("100.00")));
    let yen = Money::new(1, Currency::parse("JPY").unwrap());
    let other = desk.tx(async |tx| write_offs::would_write_off(tx, &invoice, Some(yen)).await);
    assert_eq!(other, WrittenOff::OtherCurrency(eur()));
    assert!(matches!(write_off(Some("40.00")), WrittenOff::Done { .. }));
    assert_eq!(desk.status(&invoice), ("partly_paid".to_owned(), euros("60.00")));
    assert!(matches!(write_off(None), WrittenOff::Done { .. }));
    assert_eq!(desk.status(&invoice), ("written_off".to_owned(), euros("0.00")));
    assert_eq!(write_off(None), WrittenOff::NothingOwed);
    assert_eq!(desk.timeline(), ["written_off", "written_off"]);
    assert!(now(postings::drift(&desk.db)).unwrap().is_empty());
}

#[test]
fn what_is_granted_is_done_by_a_second_person_once() {
    let desk = Desk::new();
    let invoice = desk.invoice("1", "100.00", "2026-01-09", json!({}));
    let id = desk.ask_write_off(&invoice, Some("100.00"), "2026-01-12");
    // The same again is the one that waits.
    assert_eq!(desk.ask_write_off(&invoice, Some("70.00"), "2026-01-12"), id);
    let refused = desk.decide(&id, Act::Approve, "key_ann", "2026-01-13");
    assert!(
        matches!(refused, Decided::Refused(Refused::FourEyes)),
        "{refused:?}"
    );
    assert_eq!(desk.status(&invoice).0, "open");
    assert!(matches!(
        desk.decide(&id, Act::Approve, "key_ben", "2026-01-13"),
        Decided::Done
    ));
    assert_eq!(desk.status(&invoice), ("written_off".to_owned(), euros("0.00")));
    let again = desk.decide(&id, Act::Reject, "key_cid", "2026-01-13");
    assert!(
        matches!(
            again,
            Decided::Refused(Refused::NotPending(ApprovalStatus::Approved))
        ),
        "{again:?}"
    );
    let view = now(approvals::one(&desk.db, &id)).unwrap().unwrap();
    assert_eq!(
        (view.asked_by.as_str(), view.decided_by.as_deref()),
        ("key_ann", Some("key_ben"))
    );
    // What happens at one instant has no order.
    let mut timeline = desk.timeline();
    timeline.sort();
    assert_eq!(
        timeline,
        ["approval_granted", "approval_requested", "written_off"]
    );
    assert_eq!(desk.told(), ["approval.requested", "approval.decided"]);
    assert!(now(postings::drift(&desk.db)).unwrap().is_empty());
}

#[test]
fn what_cannot_be_done_any_more_is_not_granted() {
    let desk = Desk::new();
    let invoice = desk.invoice("1", "100.00", "2026-01-09", json!({}));
    let id = desk.ask_write_off(&invoice, Some("100.00"), "2026-01-12");
    desk.pay("30.00", "2026-01-13");
    let act = async |tx: &Tx<'_>| {
        let actor = Actor {
            id: "key_ben",
            may_ask: true,
            may_decide: true,
        };
        match approvals::decide(tx, moment("2026-01-14"), &id, Act::Approve, &actor, None).await? {
            // Whoever called gives the transaction up.
            Decided::NotDone(why) => Err(StoreError::Host(why.0)),
            other => panic!("{other:?}"),
        }
    };
    let refused = now(desk.db.transaction::<(), _, _>(act)).unwrap_err();
    assert_eq!(refused.to_string(), "database: 70.00 EUR is left of it, no more");
    let view = now(approvals::one(&desk.db, &id)).unwrap().unwrap();
    assert_eq!(view.status, ApprovalStatus::Pending);
    assert_eq!(desk.status(&invoice), ("partly_paid".to_owned(), euros("70.00")));
}

#[test]
fn a_request_runs_out_and_makes_room_for_another() {
    let desk = Desk::new();
    let invoice = desk.invoice("1", "100.00", "2026-01-09", json!({}));
    // The policy gives it seven days.
    let id = desk.ask_write_off(&invoice, None, "2026-01-12");
    let late = desk.decide(&id, Act::Approve, "key_ben", "2026-01-19");
    assert!(matches!(late, Decided::Refused(Refused::TooLate(_))), "{late:?}");
    assert_eq!(
        desk.tx(async |tx| approvals::expire_due(tx, moment("2026-01-18"), 100).await),
        0
    );
    assert_eq!(
        desk.tx(async |tx| approvals::expire_due(tx, moment("2026-01-19"), 100).await),
        1
    );
    assert_eq!(
        desk.tx(async |tx| approvals::expire_due(tx, moment("2026-01-20"), 100).await),
        0
    );
    let view = now(approvals::one(&desk.db, &id)).unwrap().unwrap();
    assert_eq!((view.status, view.decided_by), (ApprovalStatus::Expired, None));
    let other = desk.ask_write_off(&invoice, None, "2026-01-20");
    assert_ne!(other, id);
    assert!(matches!(
        desk.decide(&other, Act::Withdraw, "key_ann", "2026-01-21"),
        Decided::Done
    ));
    assert_eq!(
        desk.timeline(),
        [
            "approval_requested",
            "approval_expired",
            "approval_requested",
            "approval_withdrawn"
        ]
    );
    let all = now(approvals::list(&desk.db, Some(&desk.customer), None, None, 10)).unwrap();
    assert_eq!(
        all.iter().map(|row| row.id.clone()).collect::<Vec<_>>(),
        [other, id]
    );
}

#[test]
fn the_database_refuses_a_decision_by_who_asked_whatever_calls_it() {
    let desk = Desk::new();
    let invoice = desk.invoice("1", "100.00", "2026-01-09", json!({}));
    let request = Request {
        kind: ApprovalKind::WriteOff,
        customer: &desk.customer,
        subject: json!({"invoice": invoice}),
        amount: None,
        asked_by: POLICY,
        comment: None,
    };
    let id = desk.tx(async |tx| approvals::request(tx, moment("2026-01-12"), &request).await);
    let refused = desk.decide(&id, Act::Approve, POLICY, "2026-01-12");
    assert!(matches!(refused, Decided::Refused(Refused::FourEyes)));
    assert!(matches!(
        desk.decide(&id, Act::Reject, "key_ben", "2026-01-12"),
        Decided::Done
    ));
    let statements = [
        "UPDATE approvals SET status = 'approved' WHERE id = ?1",
        "INSERT INTO approvals (id, kind, customer_id, subject, status, asked_by, decided_by, expires_at, decided_at,
            created_at) SELECT 'apr_x', kind, customer_id, '{\"x\":1}', 'approved', 'a', 'a', 1, 1, 1 FROM approvals
            WHERE id = ?1",
    ];
    for statement in statements {
        assert!(raw().execute(statement, [id.as_str()]).is_err(), "{statement}");
    }
}

#[test]
fn a_warning_precedes_every_suspension_and_money_ends_it() {
    let desk = Desk::new();
    let invoice = desk.invoice("1", "100.00", "2026-01-09", json!({}));
    let suspend = |on: &str| {
        desk.tx(async |tx| suspensions::suspend(tx, moment(on), &desk.customer, "overdue", "key_ann").await)
    };
    assert_eq!(suspend("2026-01-09"), Suspended::NothingOverdue);
    assert_eq!(suspend("2026-01-12"), Suspended::NotYet(NotYet::NotAnnounced));
    desk.sweep("2026-01-12");
    // What was said so far announces nothing.
    assert_eq!(suspend("2026-01-13"), Suspended::NotYet(NotYet::NotAnnounced));
    // Queued is not announced; sent is.
    desk.tx(async |tx| dunning::sweep(tx, moment("2026-01-19"), 1_000).await);
    assert_eq!(suspend("2026-01-19"), Suspended::NotYet(NotYet::NotAnnounced));
    desk.sweep("2026-01-19");
    assert_eq!(
        suspend("2026-01-25"),
        Suspended::NotYet(NotYet::Notice(day("2026-01-26")))
    );
    assert_eq!(suspend("2026-01-26"), Suspended::Done);
    assert_eq!(suspend("2026-01-26"), Suspended::Already);
    let view = now(views::customer(&desk.db, moment("2026-01-26"), &desk.customer))
        .unwrap()
        .unwrap();
    assert_eq!(view.suspended_at.as_deref(), Some("2026-01-26T09:00:00Z"));

    // A part of the money changes nothing; all of it does, and nobody has to do anything.
    desk.pay("40.00", "2026-01-27");
    assert_eq!(desk.told(), ["customer.suspended"]);
    desk.pay("60.00", "2026-01-28");
    assert_eq!(desk.told(), ["customer.suspended", "customer.reinstated"]);
    assert_eq!(desk.status(&invoice).0, "paid");
    let view = now(views::customer(&desk.db, moment("2026-01-28"), &desk.customer))
        .unwrap()
        .unwrap();
    assert_eq!(view.suspended_at, None);
    // A new debt is announced anew.
    desk.invoice("2", "50.00", "2026-01-20", json!({}));
    assert_eq!(suspend("2026-01-29"), Suspended::NotYet(NotYet::NotAnnounced));
}

#[test]
fn who_was_reinstated_by_a_person_is_not_suspended_again_for_the_same() {
    let desk = Desk::new();
    desk.invoice("1", "100.00", "2026-01-09", json!({}));
    desk.sweep("2026-01-12");
    desk.sweep("2026-01-19");
    let done = desk.tx(async |tx| {
        suspensions::suspend(tx, moment("2026-01-26"), &desk.customer, "overdue", "key_ann").await
    });
    assert_eq!(done, Suspended::Done);
    let reinstate = |on: &str| {
        desk.tx(async |tx| {
            suspensions::reinstate(tx, moment(on), &desk.customer, "they pay on Friday", "key_ann").await
        })
    };
    assert!(reinstate("2026-01-27"));
    assert!(!reinstate("2026-01-27"));
    for on in ["2026-01-27", "2026-01-28", "2026-02-10"] {
        desk.sweep(on);
    }
    assert_eq!(desk.told(), ["customer.suspended", "customer.reinstated"]);
}

#[test]
fn orders_use_the_limit_until_they_are_invoiced() {
    let desk = Desk::new();
    desk.invoice("1", "600.00", "2026-02-09", json!({}));
    let Taken::Accepted(first) = desk.order("A", "400.00") else {
        panic!()
    };
    assert_eq!(desk.order("A", "400.00"), Taken::Duplicate(first.clone()));
    assert_eq!(desk.order("A", "401.00"), Taken::Conflict(first.clone()));
    let used = |desk: &Desk| {
        let credit = now(orders::credit(&desk.db, &desk.customer, eur())).unwrap();
        (credit.used, credit.open_orders, credit.available)
    };
    assert_eq!(
        used(&desk),
        (euros("1000.00"), euros("400.00"), Some(euros("0.00")))
    );
    let Taken::Accepted(second) = desk.order("B", "0.01") else {
        panic!()
    };
    let blocked = desk.order_view(&second);
    assert_eq!(
        (blocked.status, blocked.verdict),
        (OrderStatus::Blocked, Verdict::Block)
    );
    // What is blocked uses nothing; it is a task, on the next business day, and an event.
    assert_eq!(used(&desk).0, euros("1000.00"));
    let [task] = &desk.open_tasks()[..] else { panic!() };
    assert_eq!(
        (task.kind, task.due_on, task.opened_by.as_str()),
        (TaskKind::Review, day("2026-01-13"), POLICY)
    );
    assert_eq!(desk.told(), ["order.blocked"]);

    // The invoice closes its order: what was ordered is owed.
    desk.invoice(
        "2",
        "400.00",
        "2026-02-09",
        json!({"order_number": format!("{}-A", desk.key)}),
    );
    let closed = desk.order_view(&first);
    assert_eq!(closed.status, OrderStatus::Closed);
    assert!(closed.invoice_id.is_some());
    assert_eq!(
        used(&desk),
        (euros("1000.00"), euros("0.00"), Some(euros("0.00")))
    );
    // Released, a blocked order counts; cancelled, it does not.
    let change = |id: &OrderId, next| {
        desk.tx(async |tx| orders::change(tx, moment("2026-01-12"), id, next, "key_ben").await)
    };
    assert_eq!(change(&second, OrderStatus::Open), orders::Changed::Done);
    assert_eq!(used(&desk).1, euros("0.01"));
    assert_eq!(change(&second, OrderStatus::Cancelled), orders::Changed::Done);
    assert_eq!(used(&desk).1, euros("0.00"));
    assert_eq!(
        change(&second, OrderStatus::Open),
        orders::Changed::NotFrom(OrderStatus::Cancelled)
    );
    // Money frees the limit.
    desk.pay("250.00", "2026-01-12");
    assert_eq!(used(&desk).2, Some(euros("250.00")));
    // An invoice that comes before its order has closed it already.
    desk.invoice(
        "3",
        "10.00",
        "2026-02-09",
        json!({"order_number": format!("{}-C", desk.key)}),
    );
    let Taken::Accepted(late) = desk.order("C", "10.00") else {
        panic!()
    };
    assert_eq!(desk.order_view(&late).status, OrderStatus::Closed);
    assert_eq!(used(&desk).1, euros("0.00"));
}

#[test]
fn a_new_owner_gets_everything_and_gives_it_back() {
    let desk = Desk::new();
    let first = desk.invoice("1", "100.00", "2026-01-09", json!({"po_number": "PO-7"}));
    desk.invoice("2", "50.00", "2026-02-20", json!({}));
    desk.pay("30.00", "2026-01-10");
    desk.sweep("2026-01-12");
    let at = moment("2026-01-15");
    let hand_over = |currency| {
        desk.tx(async |tx| hand_overs::hand_over(tx, at, &desk.customer, currency, "key_ben").await)
    };
    assert_eq!(
        hand_over(Currency::parse("USD").unwrap()),
        HandedOver::NothingOwed
    );
    let HandedOver::Done(id) = hand_over(eur()) else {
        panic!()
    };
    assert_eq!(hand_over(eur()), HandedOver::Already);
    let view = now(hand_overs::one(&desk.db, &id)).unwrap().unwrap();
    assert_eq!(view.claim, euros("120.00"));
    let document = view.document.unwrap();
    assert_eq!(document["debtor"]["creditor_reference"], desk.key.as_str());
    assert_eq!(document["debtor"]["contacts"][0]["phone"], "+49 30 123 456");
    let of = |name: &str| document[name].as_array().unwrap().len();
    assert_eq!((of("receivables"), of("payments"), of("messages")), (2, 1, 1));
    assert_eq!(document["receivables"][0]["balance"]["amount"], "70.00");
    assert_eq!(document["receivables"][0]["po_number"], "PO-7");
    assert_eq!(
        document["payments"][0]["allocations"][0]["amount"]["amount"],
        "30.00"
    );
    assert_eq!(document["messages"][0]["step"], "reminder");
    let csv = now(hand_overs::csv(&desk.db, &id)).unwrap().unwrap();
    assert_eq!(csv.lines().count(), 3);
    assert!(
        csv.contains(&format!(
            "{}-1,invoice,,2025-12-15,2026-01-09,6,EUR,100.00,30.00,70.00,0.00,PO-7",
            desk.key
        )),
        "{csv}"
    );

    // The agency has it: nobody here writes about it.
    let before = desk.timeline().len();
    for on in ["2026-01-19", "2026-01-26", "2026-02-02"] {
        desk.sweep(on);
    }
    let messages = now(views::messages(&desk.db, Some(&desk.customer), None, None, 10)).unwrap();
    assert_eq!(messages.len(), 1);
    assert_eq!(desk.timeline().len(), before);
    let recall = |id: &HandOverId| {
        desk.tx(async |tx| hand_overs::recall(tx, moment("2026-02-03"), id, "they answer", "key_ann").await)
    };
    assert_eq!(recall(&id), Recalled::Done);
    assert_eq!(recall(&id), Recalled::NotActive);
    desk.sweep("2026-02-04");
    let messages = now(views::messages(&desk.db, Some(&desk.customer), None, None, 10)).unwrap();
    assert_eq!(
        messages
            .iter()
            .map(|message| message.step.as_str())
            .collect::<Vec<_>>(),
        ["warning", "reminder"]
    );
    assert_eq!(desk.told(), ["customer.handed_over", "customer.recalled"]);
    assert_eq!(desk.status(&first).1, euros("70.00"));
}

#[test]
fn a_step_opens_one_task_and_calls_that_nobody_answers_end() {
    let desk = Desk::new();
    let cycle = desk.invoice("1", "100.00", "2026-01-09", json!({}));
    let task = NewTask {
        customer: desk.customer.clone(),
        currency: Some(eur()),
        kind: TaskKind::Call,
        title: "Ring".to_owned(),
        detail: None,
        due_on: day("2026-01-13"),
        step: Some("call".to_owned()),
        cycle: Some(cycle.to_string()),
        assignee: Some("anna".to_owned()),
    };
    let open =
        || desk.tx(async |tx| tasks::open(tx, moment("2026-01-12"), std::slice::from_ref(&task)).await);
    assert_eq!((open(), open()), (1, 0));
    // Three calls, two business days apart; the 17th and 18th are a weekend.
    for (attempt, on) in [(1, "2026-01-13"), (2, "2026-01-15"), (3, "2026-01-19")] {
        let [open] = &desk.open_tasks()[..] else { panic!() };
        assert_eq!(
            (open.kind, open.attempt, open.due_on),
            (TaskKind::Call, attempt, day(on))
        );
        assert_eq!(open.assignee.as_deref(), Some("anna"));
        let Done::Settled(settled, next) = desk.report(&open.id, Outcome::NoAnswer, on) else {
            panic!()
        };
        assert_eq!((settled.effect, next.is_some()), (Effect::Nothing, true));
        assert!(matches!(
            desk.report(&open.id, Outcome::Done, on),
            Done::NotOpen(TaskStatus::Done)
        ));
    }
    let [review] = &desk.open_tasks()[..] else {
        panic!()
    };
    assert_eq!(
        (review.kind, review.due_on),
        (TaskKind::Review, day("2026-01-20"))
    );
    assert!(matches!(
        desk.report(&review.id, Outcome::NoAnswer, "2026-01-20"),
        Done::NotItsOutcome(_)
    ));
    assert!(matches!(
        desk.report(&review.id, Outcome::Done, "2026-01-20"),
        Done::Settled(_, None)
    ));
    assert_eq!(desk.told(), ["task.done"; 4]);
    assert!(desk.open_tasks().is_empty());
}

#[test]
fn tasks_are_listed_by_their_day_page_by_page() {
    let desk = Desk::new();
    // Two of one day come in the order in which they were opened.
    for (title, on, opened) in [
        ("c", "2026-01-15", "2026-01-10"),
        ("a", "2026-01-13", "2026-01-11"),
        ("b", "2026-01-13", "2026-01-12"),
    ] {
        let task = NewTask {
            customer: desk.customer.clone(),
            currency: None,
            kind: TaskKind::Review,
            title: title.to_owned(),
            detail: None,
            due_on: day(on),
            step: None,
            cycle: None,
            assignee: Some(format!("{}-ben", desk.key)),
        };
        desk.tx(async |tx| tasks::open_by(tx, moment(opened), "key_ann", task.clone()).await);
    }
    let mut filter = TaskFilter {
        assignee: Some(format!("{}-ben", desk.key)),
        ..TaskFilter::default()
    };
    let mut seen = Vec::new();
    loop {
        let page = now(tasks::list(&desk.db, &filter, 1)).unwrap();
        let Some(task) = page.first() else { break };
        seen.push(task.title.clone());
        filter.after = tasks::TaskCursor::parse(&task.cursor());
        assert!(filter.after.is_some());
    }
    assert_eq!(seen, ["a", "b", "c"]);
    let first = now(tasks::list(
        &desk.db,
        &TaskFilter {
            after: None,
            ..filter.clone()
        },
        1,
    ))
    .unwrap();
    let id = &first[0].id;
    let assigned = desk.tx(async |tx| {
        tasks::assign(
            tx,
            moment("2026-01-12"),
            id,
            None,
            Some(day("2026-01-20")),
            "key_ann",
        )
        .await
    });
    assert_eq!(assigned, tasks::Changed::Done);
    let view = now(tasks::one(&desk.db, id)).unwrap().unwrap();
    assert_eq!((view.assignee, view.due_on), (None, day("2026-01-20")));
    let cancel = || desk.tx(async |tx| tasks::cancel(tx, moment("2026-01-12"), id, "key_ann").await);
    assert_eq!(cancel(), tasks::Changed::Done);
    assert_eq!(cancel(), tasks::Changed::NotOpen(TaskStatus::Cancelled));
}

#[test]
fn a_hold_ends_on_its_day_by_itself() {
    let desk = Desk::new();
    let invoice = desk.invoice("1", "100.00", "2026-01-09", json!({}));
    let hold = |held: Held<'_>, until: Option<&str>, on: &str| {
        let hold = until.map(|until| HoldInput {
            reason: "fire".to_owned(),
            until: Some(day(until)),
        });
        desk.tx(async |tx| {
            let subject = holds::subject(tx, moment(on), held).await?.unwrap();
            holds::set(tx, moment(on), held, &subject, hold.as_ref(), "key_ann").await
        });
    };
    let sent = || {
        now(views::messages(&desk.db, Some(&desk.customer), None, None, 10))
            .unwrap()
            .len()
    };
    hold(Held::Customer(&desk.customer), Some("2026-01-13"), "2026-01-10");
    desk.sweep("2026-01-12");
    desk.sweep("2026-01-13");
    assert_eq!(sent(), 0);
    let shown = |on: &str| {
        now(views::customer(&desk.db, moment(on), &desk.customer))
            .unwrap()
            .unwrap()
            .brief
            .hold
    };
    assert_eq!(
        (shown("2026-01-13").as_deref(), shown("2026-01-14")),
        (Some("fire"), None)
    );
    // On the day after its last the reminder goes out.
    desk.sweep("2026-01-14");
    assert_eq!(sent(), 1);
    hold(Held::Invoice(&invoice), Some("2026-02-28"), "2026-01-14");
    desk.sweep("2026-01-19");
    assert_eq!(sent(), 1);
    hold(Held::Invoice(&invoice), None, "2026-01-20");
    desk.sweep("2026-01-21");
    assert_eq!(sent(), 2);
    assert_eq!(desk.timeline(), ["hold_set", "hold_set", "hold_released"]);
}

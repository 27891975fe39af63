//! Notices on a real database: what is told, when, once, and what is no longer so is not. The time of each act is given.
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
use receivables::channel::Channel;
use receivables::credit::{OrderInput, OrderStatus};
use receivables::dispute::{DisputeInput, ResolutionInput};
use receivables::document_request::{AnswerInput, RequestInput, Status};
use receivables::hold::HoldInput;
use receivables::id::{CustomerId, DisputeId, DocumentRequestId, InvoiceId, OrderId, PaymentId, PlanId};
use receivables::intake::{CustomerInput, InvoiceInput, PaymentInput};
use receivables::money::Money;
use receivables::notice::statement::{Asked, Own};
use receivables::notice::{About, Due, Entry, Part};
use receivables::plan::PlanInput;
use receivables::policy::Policy;
use receivables::promise::PromiseInput;
use receivables::template::Purpose;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::delivery::{self, Carrier, Claimed, Memory};
use store::notices::{self, Asking, Ran};
use store::orders::Taken;
use store::views::MessageView;
use store::{
    Db, Moment, StoreError, Tx, accounts, customers, disputes, document_requests, documents, dunning, holds,
    instalment_plans, invoices, payments, policies, promises, suspensions, views,
};

crate::ground::own_ledger!();

/// A day, at nine in the morning UTC, or an instant.
fn moment(text: &str) -> Moment {
    let text = if text.len() == 10 {
        format!("{text}T09:00:00Z")
    } else {
        text.to_owned()
    };
    Moment::at(text.parse::<DateTime<Utc>>().unwrap())
}

fn eur(amount: &str) -> Money {
    serde_json::from_value(json!({"amount": amount, "currency": "EUR"})).unwrap()
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
    /// A customer under the standard policy.
    fn new() -> Ledger {
        Ledger::under(json!({}))
    }

    /// A customer under a policy of its own: the standard one's steps, with what `more` says.
    fn under(more: Value) -> Ledger {
        TURN.with(|_| ());
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let db = ledger();
        let key = format!("N{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let mut policy = serde_json::to_value(Policy::standard()).unwrap();
        policy["name"] = json!(key.to_lowercase());
        let more = more.as_object().unwrap().clone();
        policy.as_object_mut().unwrap().extend(more);
        let policy = Policy::parse(&policy).unwrap();
        let input = CustomerInput::parse(&json!({
            "external_id": key, "name": "Nordwind", "kind": "business", "country": "DE", "time_zone": "Europe/Berlin",
            "locale": "en", "currency": "EUR", "policy": policy.name,
            "contacts": [{"name": "Ada", "role": "billing", "email": format!("{key}@nordwind.example")}],
        }));
        let (input, at) = (input.unwrap(), moment("2025-12-01"));
        let upsert = async |tx: &Tx<'_>| {
            policies::put(tx, at, &policy, at.now.date_naive(), "admin").await?;
            customers::upsert(tx, at, std::slice::from_ref(&input)).await
        };
        let customer = now(db.transaction(upsert)).unwrap()[0].0.clone();
        Ledger { db, key, customer }
    }

    fn tx<T>(&self, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
        now(self.db.transaction(work)).unwrap()
    }

    fn number(&self, number: &str) -> String {
        format!("{}-{number}", self.key)
    }

    fn invoice(&self, number: &str, total: &str, issued: &str, due: &str) -> InvoiceId {
        let input = InvoiceInput::parse(&json!({
            "number": self.number(number), "customer": {"id": self.customer}, "issue_date": issued,
            "due_date": due, "currency": "EUR", "total": total,
        }));
        let input = input.unwrap();
        let taken =
            self.tx(async |tx| invoices::take(tx, moment(issued), std::slice::from_ref(&input)).await);
        match &taken[0] {
            invoices::Taken::Accepted(id) => id.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// Money with a value date that is told of at a moment; of nobody known where no invoice tells whose it is.
    fn pays(&self, amount: &str, on: &str, told: &str, known: bool) -> PaymentId {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let mut input = json!({
            "amount": amount, "currency": "EUR", "received_on": on, "method": "bank_transfer",
            "reference": format!("P{}", NEXT.fetch_add(1, Ordering::Relaxed)),
        });
        if known {
            input["customer"] = json!({"id": self.customer});
        }
        let incoming = payments::Incoming::told("api", PaymentInput::parse(&input).unwrap());
        match self.tx(async |tx| payments::record(tx, moment(told), &incoming).await) {
            payments::Recorded::Accepted(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn orders(&self, number: &str, amount: &str, at: &str) -> Taken {
        let input = OrderInput::parse(
            &json!({"number": self.number(number), "customer": {"id": self.customer},
            "currency": "EUR", "amount": amount}),
        );
        let (input, at) = (input.unwrap(), moment(at));
        self.tx(async |tx| {
            let account = accounts::find(tx, at, &self.customer).await?.unwrap();
            store::orders::take(tx, at, &self.customer, &account, &input, "key_shop").await
        })
    }

    fn turns(&self, order: &OrderId, next: OrderStatus, at: &str) {
        let changed =
            self.tx(async |tx| store::orders::change(tx, moment(at), order, next, "key_shop").await);
        assert_eq!(changed, store::orders::Changed::Done);
    }

    fn promises(&self, amount: &str, on: &str, at: &str) {
        let input = PromiseInput::parse(&json!({"customer": {"id": self.customer}, "promised_on": on,
            "amount": {"amount": amount, "currency": "EUR"}}));
        let input = input.unwrap();
        self.tx(async |tx| promises::make(tx, moment(at), &input, "key_a").await)
            .unwrap();
    }

    fn disputes(&self, invoice: &InvoiceId, amount: &str, at: &str) -> DisputeId {
        let input = DisputeInput::parse(&json!({"invoice": invoice, "reason": "wrong_price",
            "amount": {"amount": amount, "currency": "EUR"}}));
        let input = input.unwrap();
        self.tx(async |tx| disputes::open(tx, moment(at), None, &input, "key_a").await)
            .unwrap()
    }

    /// What leaves at a moment, to this customer. What is claimed is done with.
    fn leaves(&self, at: &str) -> Vec<Claimed> {
        let carrier = Carrier {
            name: "mailbox",
            channel: Channel::Email,
            remembers: Memory::Always,
            ready: true,
        };
        let claim = self.tx(async |tx| delivery::claim(tx, moment(at), 10_000, &[carrier]).await);
        let sent = delivery::Outcome::Sent {
            subject: "A notice".to_owned(),
            provider_id: None,
        };
        let outcomes: Vec<_> = claim
            .claimed
            .iter()
            .map(|message| (message.clone(), sent.clone()))
            .collect();
        self.tx(async |tx| delivery::settle(tx, moment(at), &outcomes).await);
        let ours = claim.claimed.into_iter();
        ours.filter(|message| message.customer == self.customer).collect()
    }

    /// The templates of what leaves at a moment.
    fn said(&self, at: &str) -> Vec<String> {
        self.leaves(at)
            .into_iter()
            .map(|message| message.template)
            .collect()
    }

    fn messages(&self) -> Vec<MessageView> {
        now(views::messages(&self.db, Some(&self.customer), None, None, 100)).unwrap()
    }

    /// `order_confirmation cancelled`, the oldest first.
    fn statuses(&self) -> Vec<String> {
        let rows = self.messages().into_iter().rev();
        rows.map(|row| format!("{} {}", row.step, row.status)).collect()
    }

    /// Why the message of a step did not leave.
    fn against(&self, step: &str) -> String {
        let rows = self.messages();
        let row = rows.into_iter().find(|row| row.step == step).unwrap();
        row.last_error.unwrap()
    }

    fn runs(&self, at: &str) -> Ran {
        self.tx(async |tx| notices::run(tx, moment(at), 10_000).await)
    }

    fn is_held(&self, at: &str) {
        let (at, held) = (moment(at), holds::Held::Customer(&self.customer));
        let input = HoldInput::parse(&json!({"reason": "insolvency"}), at.now.date_naive()).unwrap();
        self.tx(async |tx| {
            let subject = holds::subject(tx, at, held).await?.unwrap();
            holds::set(tx, at, held, &subject, Some(&input), "key_a").await
        });
    }
}

fn only(mut leaves: Vec<Claimed>) -> Claimed {
    assert_eq!(leaves.len(), 1, "{leaves:?}");
    leaves.remove(0)
}

#[test]
fn an_order_is_confirmed_at_once_also_on_a_sunday_and_to_who_owes_nothing() {
    let ledger = Ledger::new();
    // A Sunday, at four in the morning.
    let at = "2026-02-01T03:00:00Z";
    let Taken::Accepted(_) = ledger.orders("O1", "120.00", at) else {
        panic!("a new order")
    };
    let Taken::Duplicate(_) = ledger.orders("O1", "120.00", at) else {
        panic!("the same order")
    };
    let message = only(ledger.leaves(at));
    let about = About::Order {
        number: ledger.number("O1"),
        amount: Some(eur("120.00")),
        ordered_on: "2026-02-01".parse().unwrap(),
    };
    assert_eq!(message.about, Some(about.clone()));
    assert_eq!(message.template, "order_confirmation");
    assert!(message.overdue.is_empty() && message.upcoming.is_empty());
    let view = &ledger.messages()[0];
    assert_eq!((view.purpose, &view.about), (Purpose::Order, &Some(about)));
    assert_eq!(view.why, format!("order {} was taken", ledger.number("O1")));
    assert!(ledger.said("2026-02-02").is_empty(), "once");
}

#[test]
fn an_order_that_is_blocked_or_cancelled_is_not_confirmed() {
    let ledger = Ledger::under(json!({"credit": {"over_limit": "block"}}));
    let limit = CustomerInput::parse(&json!({
        "external_id": ledger.key, "name": "Nordwind", "kind": "business", "country": "DE",
        "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR", "policy": ledger.key.to_lowercase(),
        "credit_limit": "100.00",
        "contacts": [{"name": "Ada", "role": "billing", "email": "ada@nordwind.example"}],
    }));
    let limit = limit.unwrap();
    ledger.tx(async |tx| customers::upsert(tx, moment("2026-01-01"), std::slice::from_ref(&limit)).await);
    let Taken::Accepted(order) = ledger.orders("O1", "120.00", "2026-02-02") else {
        panic!("a new order")
    };
    assert!(ledger.messages().is_empty(), "it is blocked");
    ledger.turns(&order, OrderStatus::Open, "2026-02-03");
    assert_eq!(ledger.statuses(), ["order_confirmation queued"]);
    ledger.turns(&order, OrderStatus::Cancelled, "2026-02-03");
    assert!(ledger.said("2026-02-03").is_empty());
    assert_eq!(
        ledger.against("order_confirmation"),
        "Rule still_so: what it tells is cancelled"
    );
}

#[test]
fn a_payment_is_thanked_for_on_the_next_day_with_what_it_was_set_against() {
    let ledger = Ledger::new();
    ledger.invoice("1", "100.00", "2026-01-10", "2026-02-20");
    let second = ledger.invoice("2", "50.00", "2026-01-10", "2026-02-25");
    let payment = ledger.pays("120.00", "2026-02-06", "2026-02-06", true);
    assert!(ledger.said("2026-02-06T22:59:00Z").is_empty());
    // Somebody says what was meant before the thanks have left.
    let wanted = [RemittanceLine {
        invoice: InvoiceRef::Id(second),
        amount: Some(eur("50.00")),
    }];
    let set = ledger
        .tx(async |tx| payments::reallocate(tx, moment("2026-02-06T15:00:00Z"), &payment, &wanted).await);
    assert_eq!(set, payments::ByHand::Done);
    // Nine in Berlin, a Saturday.
    assert!(ledger.said("2026-02-07T07:59:00Z").is_empty());
    let message = only(ledger.leaves("2026-02-07T08:00:00Z"));
    assert_eq!(message.template, "payment_received");
    let about = About::Payment {
        amount: eur("120.00"),
        received_on: "2026-02-06".parse().unwrap(),
        applied: vec![Part {
            number: ledger.number("2"),
            amount: eur("50.00"),
        }],
        unapplied: eur("70.00"),
    };
    assert_eq!(message.about, Some(about));
    assert!(ledger.said("2026-02-09").is_empty(), "once");
}

#[test]
fn money_that_is_taken_back_on_the_same_day_is_not_thanked_for() {
    let ledger = Ledger::new();
    ledger.invoice("1", "100.00", "2026-01-10", "2026-02-20");
    let payment = ledger.pays("100.00", "2026-02-06", "2026-02-06", true);
    ledger.tx(async |tx| payments::reverse(tx, moment("2026-02-06"), &payment, "a slip").await);
    assert!(ledger.said("2026-02-07").is_empty());
    assert_eq!(
        ledger.against("payment_received"),
        "Rule still_so: what it tells is taken back"
    );
}

#[test]
fn history_that_is_taken_in_is_not_thanked_for_nor_money_of_nobody_known() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-10", "2026-02-20");
    // Eight days old, and seven.
    ledger.pays("10.00", "2026-01-29", "2026-02-06", true);
    assert!(ledger.messages().is_empty());
    ledger.pays("10.00", "2026-01-30", "2026-02-06", true);
    assert_eq!(ledger.messages().len(), 1);
    let unknown = ledger.pays("80.00", "2026-02-06", "2026-02-06", false);
    assert_eq!(ledger.messages().len(), 1);
    let wanted = [RemittanceLine {
        invoice: InvoiceRef::Id(invoice),
        amount: Some(eur("80.00")),
    }];
    for _ in 0..2 {
        ledger.tx(async |tx| payments::reallocate(tx, moment("2026-02-06"), &unknown, &wanted).await);
        assert_eq!(
            ledger.messages().len(),
            2,
            "once, now that somebody knows whose it is"
        );
    }
}

#[test]
fn what_a_policy_leaves_out_is_not_queued_and_its_channels_are_those_of_its_notices() {
    let ledger =
        Ledger::under(json!({"notices": {"channels": ["email", "letter"], "payment_received": false}}));
    let invoice = ledger.invoice("1", "100.00", "2026-01-10", "2026-02-20");
    ledger.pays("10.00", "2026-02-06", "2026-02-06", true);
    assert!(ledger.messages().is_empty());
    ledger.disputes(&invoice, "20.00", "2026-02-06");
    let view = &ledger.messages()[0];
    let channels: Vec<&str> = view.channels.iter().map(|channel| channel.as_str()).collect();
    assert_eq!(
        (view.channel.as_str(), channels),
        ("email", vec!["email", "letter"])
    );
}

#[test]
fn a_promise_is_confirmed_and_recalled_the_business_day_before() {
    let ledger = Ledger::new();
    ledger.invoice("1", "100.00", "2026-01-10", "2026-02-01");
    // Monday the 16th: recalled on Friday.
    ledger.promises("100.00", "2026-02-16", "2026-02-09");
    assert_eq!(ledger.said("2026-02-09"), ["promise_confirmation"]);
    assert!(ledger.said("2026-02-13T07:59:00Z").is_empty());
    let message = only(ledger.leaves("2026-02-13T08:00:00Z"));
    assert_eq!(message.template, "promise_reminder");
    let about = About::Promise {
        amount: eur("100.00"),
        promised_on: "2026-02-16".parse().unwrap(),
    };
    assert_eq!(message.about, Some(about));
    assert_eq!(message.overdue.len(), 1);
    assert_eq!(ledger.messages()[0].purpose, Purpose::Agreement);
}

#[test]
fn a_promise_that_is_kept_or_made_the_day_before_is_not_recalled() {
    let kept = Ledger::new();
    kept.invoice("1", "100.00", "2026-01-10", "2026-02-01");
    kept.promises("100.00", "2026-02-12", "2026-02-09");
    kept.said("2026-02-09");
    kept.pays("100.00", "2026-02-10", "2026-02-10", true);
    assert_eq!(kept.said("2026-02-11T08:00:00Z"), ["payment_received"]);
    assert!(kept.against("promise_reminder").contains("the promise is kept"));
    let tomorrow = Ledger::new();
    tomorrow.invoice("1", "100.00", "2026-01-10", "2026-02-01");
    tomorrow.promises("100.00", "2026-02-10", "2026-02-09");
    assert_eq!(tomorrow.statuses(), ["promise_made queued"]);
    // Three days before, where the policy says so; where nothing ran until its day was over, not at all.
    let early = Ledger::under(json!({"promises": {"remind_days": 3, "confirm": false}}));
    early.invoice("1", "100.00", "2026-01-10", "2026-02-01");
    early.promises("100.00", "2026-02-12", "2026-02-02");
    let scheduled = &early.messages()[0].scheduled_for;
    assert_eq!(scheduled, "2026-02-09T08:00:00Z");
    assert!(early.said("2026-02-13").is_empty());
    assert!(early.against("promise_reminder").contains("is over"));
}

#[test]
fn a_dispute_is_acknowledged_and_its_decision_told() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-10", "2026-02-20");
    let dispute = ledger.disputes(&invoice, "30.00", "2026-02-06");
    let message = only(ledger.leaves("2026-02-06"));
    let about = |granted: Option<&str>, note: Option<&str>| {
        Some(About::Dispute {
            number: ledger.number("1"),
            amount: eur("30.00"),
            reason: "wrong_price".to_owned(),
            granted: granted.map(eur),
            note: note.map(str::to_owned),
        })
    };
    assert_eq!(message.template, "dispute_received");
    assert_eq!(message.about, about(None, None));
    let credited = json!({"outcome": "split", "credit": {"amount": "10.00", "currency": "EUR"},
        "comment": "The list price of last year"});
    let input = ResolutionInput::parse(&credited).unwrap();
    ledger
        .tx(async |tx| disputes::resolve(tx, moment("2026-02-09"), &dispute, &input).await)
        .unwrap();
    let message = only(ledger.leaves("2026-02-09"));
    assert_eq!(message.template, "dispute_decided");
    assert_eq!(
        message.about,
        about(Some("10.00"), Some("The list price of last year"))
    );

    // One that is withdrawn before we said that we have it.
    let second = ledger.disputes(&invoice, "5.00", "2026-02-10");
    ledger
        .tx(async |tx| disputes::withdraw(tx, moment("2026-02-10"), &second, None).await)
        .unwrap();
    assert!(ledger.said("2026-02-10").is_empty());
    assert_eq!(
        ledger.against("dispute_received"),
        "Rule still_so: what it tells is withdrawn"
    );
}

#[test]
fn a_plan_is_told_once_it_is_agreed_on() {
    let ledger = Ledger::new();
    ledger.invoice("1", "100.00", "2026-01-10", "2026-02-01");
    let parts = json!({"customer": {"id": ledger.customer}, "instalments": [
        {"due_date": "2026-03-01", "amount": {"amount": "60.00", "currency": "EUR"}},
        {"due_date": "2026-04-01", "amount": {"amount": "40.00", "currency": "EUR"}},
    ]});
    let input = PlanInput::parse(&parts).unwrap();
    let _plan: PlanId = ledger
        .tx(async |tx| instalment_plans::propose(tx, moment("2026-02-09"), &input, "key_a").await)
        .unwrap();
    let message = only(ledger.leaves("2026-02-09"));
    let due = |amount: &str, on: &str| Due {
        amount: eur(amount),
        due_on: on.parse().unwrap(),
    };
    let about = About::Plan {
        total: eur("100.00"),
        instalments: vec![due("60.00", "2026-03-01"), due("40.00", "2026-04-01")],
    };
    assert_eq!((message.template.as_str(), message.about), ("plan", Some(about)));
}

#[test]
fn a_document_is_asked_for_and_what_comes_answers() {
    let ledger = Ledger::new();
    let invoice = ledger.invoice("1", "100.00", "2026-01-10", "2026-02-20");
    let asks = |value: Value, at: &str| {
        let input = RequestInput::parse(&value).unwrap();
        ledger.tx(async |tx| document_requests::ask(tx, moment(at), &ledger.customer, &input, "key_a").await)
    };
    let asked = |asking| match asking {
        document_requests::Asking::Asked(id) => id,
        other => panic!("{other:?}"),
    };
    let form = json!({"what": "VAT exemption form", "until": "2026-02-20"});
    let form: DocumentRequestId = asked(asks(form, "2026-02-06"));
    let message = only(ledger.leaves("2026-02-06"));
    let about = About::Document {
        what: "VAT exemption form".to_owned(),
        until: Some("2026-02-20".parse().unwrap()),
    };
    assert_eq!(
        (message.template.as_str(), message.about),
        ("document_request", Some(about))
    );
    let answer = AnswerInput::parse(&json!({"documents": [{"name": "Form", "reference": "dms/1"}]})).unwrap();
    let answers = || {
        ledger.tx(async |tx| document_requests::answer(tx, moment("2026-02-09"), &form, &answer, "a").await)
    };
    assert_eq!(answers(), document_requests::Closing::Done);
    assert_eq!(answers(), document_requests::Closing::Closed(Status::Answered));

    // A document that is kept with the invoice answers what was asked for it, before we have asked in writing.
    let order = json!({"what": "Purchase order", "invoice": invoice});
    let order = asked(asks(order, "2026-02-10"));
    let new = documents::NewDocument {
        name: "po.pdf",
        media_type: "application/pdf",
        content: b"%PDF-1.7",
    };
    let owner = documents::Owner::Invoice(&invoice);
    ledger
        .tx(async |tx| documents::add(tx, moment("2026-02-10"), owner, &new).await)
        .unwrap();
    let view = now(document_requests::one(&ledger.db, &order)).unwrap().unwrap();
    assert_eq!(view.status, Status::Answered);
    assert_eq!(view.documents[0]["name"], "po.pdf");
    assert!(ledger.said("2026-02-10").is_empty());
    assert_eq!(
        ledger.against("document_request"),
        "Rule still_so: what it tells is answered"
    );

    // What cannot be asked for.
    let other = Ledger::new();
    let theirs = other.invoice("1", "1.00", "2026-01-10", "2026-02-20");
    let wrong = json!({"what": "Proof", "until": "2026-02-09", "invoice": theirs});
    let document_requests::Asking::Refused(problems) = asks(wrong, "2026-02-10") else {
        panic!("refused")
    };
    let pointers: Vec<&str> = problems.iter().map(|problem| problem.pointer.as_str()).collect();
    assert_eq!(pointers, ["/until", "/invoice"]);
}

#[test]
fn nothing_goes_to_a_customer_on_hold() {
    let ledger = Ledger::new();
    ledger.orders("O1", "120.00", "2026-02-06");
    ledger.is_held("2026-02-06");
    assert!(ledger.said("2026-02-06").is_empty());
    assert_eq!(
        ledger.against("order_confirmation"),
        "Rule hold: the customer is on hold: insolvency"
    );
}

#[test]
fn thanks_keep_no_reminder_waiting_and_a_suspension_is_told_and_its_end() {
    let ledger = Ledger::under(json!({"min_days_between_contacts": 3, "steps": [
        {"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"},
        {"id": "warning", "day": 8, "channels": ["email"], "template": "suspension_warning",
         "then": {"after_days": 7, "act": "suspend"}}]}));
    ledger.invoice("1", "100.00", "2026-02-01", "2026-03-01");
    ledger.pays("10.00", "2026-03-01", "2026-03-01", true);
    let sweep = |at: &str| ledger.tx(async |tx| dunning::sweep(tx, moment(at), 10_000).await);
    // Monday: thanks at nine, and the reminder all the same.
    sweep("2026-03-02");
    let mut said = ledger.said("2026-03-02T09:30:00Z");
    said.sort();
    assert_eq!(said, ["friendly", "payment_received"]);
    sweep("2026-03-09");
    assert_eq!(ledger.said("2026-03-09"), ["suspension_warning"]);
    sweep("2026-03-16");
    let message = only(ledger.leaves("2026-03-16"));
    let about = |on: &str| {
        Some(About::Suspension {
            on: on.parse().unwrap(),
        })
    };
    assert_eq!(
        (message.template.as_str(), message.about),
        ("suspended", about("2026-03-16"))
    );
    // Money ends it: the thanks wait until tomorrow, the good news does not.
    ledger.pays("90.00", "2026-03-17", "2026-03-17", true);
    let message = only(ledger.leaves("2026-03-17"));
    assert_eq!(
        (message.template.as_str(), message.about),
        ("reinstated", about("2026-03-17"))
    );
    assert_eq!(ledger.said("2026-03-18"), ["payment_received"]);
    let ended = ledger.tx(async |tx| {
        suspensions::reinstate(tx, moment("2026-03-18"), &ledger.customer, "again", "key_a").await
    });
    assert!(!ended && ledger.said("2026-03-18").is_empty());
}

/// The statements among a customer's messages, the oldest first: about what.
fn statements(ledger: &Ledger) -> Vec<About> {
    let rows = ledger.messages().into_iter().rev();
    rows.filter(|row| row.template == "statement")
        .map(|row| row.about.unwrap())
        .collect()
}

#[test]
fn a_statement_goes_out_once_a_month_on_its_day_where_the_customer_is() {
    let ledger = Ledger::under(json!({"statements": {"day": 1}, "notices": {"payment_received": false}}));
    ledger.invoice("1", "100.00", "2026-03-20", "2026-05-20");
    // The first look finds the day and sends nothing.
    ledger.runs("2026-03-25");
    assert!(statements(&ledger).is_empty());
    ledger.invoice("2", "50.00", "2026-04-02", "2026-05-20");
    ledger.pays("30.00", "2026-04-10", "2026-04-10", true);
    ledger.runs("2026-04-01T06:59:00Z");
    assert!(
        statements(&ledger).is_empty(),
        "nine in Berlin is seven UTC in summer"
    );
    ledger.runs("2026-04-01T07:00:00Z");
    ledger.runs("2026-04-01T12:00:00Z");
    ledger.runs("2026-04-20");
    let entry = |on: &str, what: &str, number: &str, amount: &str| Entry {
        on: on.parse().unwrap(),
        what: what.to_owned(),
        number: Some(ledger.number(number)),
        amount: eur(amount),
    };
    let march = About::Statement {
        from: "2026-03-01".parse().unwrap(),
        to: "2026-03-31".parse().unwrap(),
        opening: eur("0.00"),
        closing: eur("100.00"),
        entries: vec![entry("2026-03-20", "invoice", "1", "100.00")],
    };
    assert_eq!(statements(&ledger), std::slice::from_ref(&march));
    // The first of May: what was paid in April, on the invoice that fell due first.
    let ran = ledger.runs("2026-05-01T07:00:00Z");
    assert!(ran.queued >= 1 && !ran.more, "{ran:?}");
    let april = About::Statement {
        from: "2026-04-01".parse().unwrap(),
        to: "2026-04-30".parse().unwrap(),
        opening: eur("100.00"),
        closing: eur("120.00"),
        entries: vec![
            entry("2026-04-02", "invoice", "2", "50.00"),
            entry("2026-04-10", "payment", "1", "-30.00"),
        ],
    };
    assert_eq!(statements(&ledger), [march, april]);
    let said = ledger.leaves("2026-05-01T07:00:00Z");
    assert!(said.iter().all(|message| message.template == "statement"));
    // Nothing ran in June: in July one is made up for, the latest.
    ledger.runs("2026-07-15");
    let last = statements(&ledger).pop().unwrap();
    let About::Statement { from, to, .. } = last else {
        panic!("a statement")
    };
    assert_eq!(
        (from.to_string(), to.to_string()),
        ("2026-06-01".into(), "2026-06-30".into())
    );
    assert_eq!(statements(&ledger).len(), 3);
}

#[test]
fn a_customer_of_its_own_mind_and_one_without_anything_to_tell() {
    let quiet = Ledger::under(json!({"statements": {"day": 1}}));
    let small = Ledger::under(json!({"statements": {"day": 1, "min_balance": {"EUR": "50.00"}}}));
    small.invoice("1", "49.99", "2026-08-10", "2026-10-20");
    let own = Ledger::new();
    own.invoice("1", "10.00", "2026-08-01", "2026-10-20");
    let never = Ledger::under(json!({"statements": {"day": 1}}));
    never.invoice("1", "10.00", "2026-08-10", "2026-10-20");
    let set = |ledger: &Ledger, value: Value| {
        let own = Own::parse(&value).unwrap();
        let at = moment("2026-08-10");
        assert!(ledger.tx(async |tx| notices::set(tx, at, &ledger.customer, Some(&own)).await));
    };
    set(&own, json!({"send": true, "day": 15}));
    set(&never, json!({"send": false}));
    let setting = |ledger: &Ledger, at: &str| {
        let setting = now(notices::setting(&ledger.db, moment(at), &ledger.customer));
        serde_json::to_value(setting.unwrap().unwrap()).unwrap()
    };
    quiet.runs("2026-08-10");
    assert_eq!(
        setting(&own, "2026-08-10"),
        json!({"send": true, "day": 15, "by": "customer", "next_at": "2026-08-15T07:00:00Z"})
    );
    assert_eq!(
        setting(&never, "2026-08-10"),
        json!({"send": false, "by": "customer", "next_at": null})
    );
    assert_eq!(
        setting(&quiet, "2026-08-10"),
        json!({"send": true, "day": 1, "by": "policy", "next_at": "2026-09-01T07:00:00Z"})
    );
    quiet.runs("2026-08-15T07:00:00Z");
    quiet.runs("2026-09-01T07:00:00Z");
    assert_eq!(statements(&own).len(), 1);
    for ledger in [&quiet, &small, &never] {
        assert!(statements(ledger).is_empty(), "{}", ledger.key);
    }
    // Back to the policy, which sends none.
    own.tx(async |tx| notices::set(tx, moment("2026-09-01"), &own.customer, None).await);
    assert_eq!(
        setting(&own, "2026-09-01"),
        json!({"send": false, "by": "policy", "next_at": null})
    );
    // A policy that begins to send them is looked at for those who were to wait a month.
    let mut policy = serde_json::to_value(Policy::standard()).unwrap();
    policy["name"] = json!(own.key.to_lowercase());
    policy["statements"] = json!({"day": 20});
    let policy = Policy::parse(&policy).unwrap();
    own.runs("2026-09-02");
    let (at, on) = (moment("2026-09-03"), "2026-09-03".parse().unwrap());
    own.tx(async |tx| policies::put(tx, at, &policy, on, "admin").await);
    own.runs("2026-09-03T10:00:00Z");
    own.runs("2026-09-20T07:00:00Z");
    assert_eq!(statements(&own).len(), 2);
}

#[test]
fn somebody_asks_for_a_statement() {
    let ledger = Ledger::new();
    let asks = |value: Value| {
        let asked = Asked::parse(&value).unwrap();
        let at = moment("2026-02-09");
        ledger.tx(async |tx| notices::ask(tx, at, &ledger.customer, &asked).await)
    };
    let Asking::Refused(problems) = asks(json!({})) else {
        panic!("nothing was ever posted")
    };
    assert_eq!(problems[0].code, "nothing_posted");
    ledger.invoice("1", "100.00", "2026-01-20", "2026-03-01");
    ledger.invoice("2", "50.00", "2026-02-05", "2026-03-01");
    let Asking::Queued(sent) = asks(json!({"from": "2026-02-01"})) else {
        panic!("a statement")
    };
    assert_eq!(
        (sent.from.to_string(), sent.messages.len()),
        ("2026-02-01".into(), 1)
    );
    let message = only(ledger.leaves("2026-02-09"));
    let Some(About::Statement {
        opening,
        closing,
        entries,
        ..
    }) = message.about
    else {
        panic!("a statement")
    };
    assert_eq!(
        (opening, closing, entries.len()),
        (eur("100.00"), eur("150.00"), 1)
    );
    let Asking::Refused(problems) = asks(json!({"currency": "USD"})) else {
        panic!("no dollars")
    };
    assert_eq!(problems[0].code, "nothing_posted");
}

#[test]
fn a_run_is_bounded() {
    let ledgers: Vec<Ledger> = (0..3).map(|_| Ledger::new()).collect();
    let run = |limit| ledgers[0].tx(async |tx| notices::run(tx, moment("2026-02-09"), limit).await);
    run(10_000);
    let touch = |ledger: &Ledger| {
        let at = moment("2026-02-09");
        ledger.tx(async |tx| notices::set(tx, at, &ledger.customer, None).await);
    };
    ledgers.iter().for_each(touch);
    let ran = run(2);
    assert_eq!((ran.examined, ran.skipped, ran.more), (2, 2, true));
    let ran = run(2);
    assert_eq!((ran.examined, ran.skipped, ran.more), (1, 1, false));
    assert_eq!(run(2), Ran::default());
}

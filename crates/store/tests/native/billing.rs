//! What billing systems say settles to the same books in whatever order and however often it comes. After every
//! history the whole ledger is proved. Needs the feature `native`: `cargo test -p store --features native`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use crate::ground::now;
use formats::billing::{Reading, quickbooks, stripe, xero};
use proptest::prelude::*;
use proptest::test_runner::TestCaseResult;
use receivables::billing::{Assumed, Said};
use receivables::country::Country;
use receivables::intake::CustomerKind;
use serde_json::{Value, json};
use std::cell::Cell;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use store::billing::{Applied, apply, generic};
use store::inbound::{self, DueEvent, Effect, Stored, Word, Worth};
use store::{Db, Moment, StoreError, Tx, postings, views};

crate::ground::own_ledger!();

const ASSUMED: Assumed = Assumed {
    country: None,
    kind: CustomerKind::Business,
};

fn assumed() -> Assumed {
    Assumed {
        country: Country::parse("DE"),
        ..ASSUMED
    }
}

/// A name that no other case uses.
fn unique() -> u32 {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

fn transact<T>(db: &Db, mut work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(db.transaction(async |tx: &Tx<'_>| work(tx).await)).expect("a transaction")
}

thread_local! {
    static CLOCK: Cell<i64> = const { Cell::new(1_768_208_400_000) };
}

/// Who claims what is due claims all of it: one test at a time.
static QUEUE: Mutex<()> = Mutex::new(());

/// Each act a second after the one before.
fn moment() -> Moment {
    let at = CLOCK.get() + 1_000;
    CLOCK.set(at);
    Moment::at(chrono::DateTime::from_timestamp_millis(at).expect("an instant"))
}

fn said(reading: Result<Reading, Vec<receivables::fields::FieldError>>) -> Said {
    match reading.expect("a readable document") {
        Reading::Said(said) => *said,
        other => panic!("{other:?}"),
    }
}

fn tell(db: &Db, source: &str, said: &Said) -> Applied {
    let moment = moment();
    transact(db, async |tx| apply(tx, moment, source, said).await)
}

/// Tells a history in the given order; what fails or waits is tried again until nothing more comes of it, as the job
/// does.
fn tell_all(db: &Db, source: &str, history: &[Said]) {
    let mut open: Vec<&Said> = history.iter().collect();
    loop {
        let before = open.len();
        open.retain(|said| {
            let effect = tell(db, source, said).effect;
            !matches!(effect, Effect::Processed(_) | Effect::Ignored(_))
        });
        if open.is_empty() {
            return;
        }
        assert!(open.len() < before, "{open:?}");
    }
}

/// What the books say of an invoice and its customer.
fn books(db: &Db, number: &str) -> Value {
    let found = now(views::invoices_by_number(db, number)).expect("a list");
    let [invoice] = found.as_slice() else {
        return json!({ "invoices": found.len() });
    };
    let view = now(views::customer(db, moment(), &invoice.customer.id)).expect("a view");
    let mut customer = serde_json::to_value(view.expect("a customer")).expect("JSON");
    // Whether an address came as the first or took another's place is a matter of what came when.
    for contact in customer["contacts"].as_array_mut().into_iter().flatten() {
        contact["email_state"] = Value::Null;
    }
    json!({"status": invoice.status, "total": invoice.total.to_string(), "balance": invoice.balance.to_string(),
        "due": invoice.due_date.to_string(), "issued": invoice.issue_date.to_string(), "name": customer["name"],
        "country": customer["country"], "contacts": customer["contacts"], "unapplied": customer["unapplied"],
        "owed": customer["balance"]})
}

fn proved(db: &Db) {
    let drift = now(postings::drift(db)).expect("a proof");
    assert!(drift.is_empty(), "{drift:?}");
}

/// Orders of so many events, each at least once and some twice.
fn orders(events: usize) -> impl Strategy<Value = Vec<usize>> {
    let all: Vec<usize> = (0..events).collect();
    (Just(all.clone()), prop::sample::subsequence(all, 0..=events))
        .prop_map(|(all, again)| [all, again].concat())
        .prop_shuffle()
}

/// Tells `history(name)` in order under one name and in `order` under another, and compares the books.
fn settles(source: &str, history: impl Fn(&str) -> (String, Vec<Said>), order: &[usize]) -> TestCaseResult {
    let db = ledger();
    let case = unique();
    let (number, straight) = history(&format!("{case}a"));
    tell_all(&db, source, &straight);
    let expected = books(&db, &number);
    let (number, other) = history(&format!("{case}b"));
    let shuffled: Vec<Said> = order.iter().map(|at| other[*at].clone()).collect();
    tell_all(&db, source, &shuffled);
    proved(&db);
    prop_assert_eq!(books(&db, &number), expected);
    Ok(())
}

fn stripe_event(name: &str, at: i64, status: &str, change: &Value) -> Said {
    let mut invoice = json!({"id": format!("in_{name}"), "number": format!("S-{name}"), "customer": format!("cus_{name}"),
        "customer_name": "Nordwind", "customer_email": "ap@nordwind.example",
        "customer_address": {"country": "DE", "line1": "Kai 1"}, "currency": "eur", "amount_due": 10_000,
        "amount_paid": 0, "created": 1_767_571_200, "due_date": 1_770_163_200, "status": status,
        "status_transitions": {"paid_at": 1_768_000_000}});
    for (name, value) in change.as_object().expect("an object") {
        invoice[name] = value.clone();
    }
    let kind = match status {
        "paid" => "invoice.paid",
        "void" => "invoice.voided",
        "uncollectible" => "invoice.marked_uncollectible",
        _ => "invoice.updated",
    };
    let event = json!({"id": format!("evt_{name}_{at}_{status}"), "type": kind, "created": 1_768_000_000 + at,
        "data": {"object": invoice}});
    said(stripe::event(&event, ASSUMED))
}

/// Finalised, changed twice, given up, and at last paid or void; the last two in one second.
fn stripe_history(name: &str, end: &str) -> (String, Vec<Said>) {
    let moved = json!({"due_date": 1_771_200_000, "customer_name": "Nordwind AG"});
    let lowered = json!({"due_date": 1_771_200_000, "amount_due": 8_000, "customer_name": "Nordwind AG",
        "customer_email": "new@nordwind.example", "customer_address": {"country": "AT", "line1": "Kai 2"}});
    let mut over = lowered.clone();
    if end == "paid" {
        over["amount_paid"] = json!(8_000);
        over["payment_intent"] = json!(format!("pi_{name}"));
    }
    let events = vec![
        stripe_event(name, 0, "open", &json!({})),
        stripe_event(name, 10, "open", &moved),
        stripe_event(name, 20, "open", &lowered),
        stripe_event(name, 30, "uncollectible", &lowered),
        stripe_event(name, 30, end, &over),
    ];
    (format!("S-{name}"), events)
}

fn xero_answer(name: &str, at: i64, change: &Value) -> Said {
    let mut invoice = json!({"Type": "ACCREC", "Status": "AUTHORISED", "InvoiceID": format!("x-{name}"),
        "InvoiceNumber": format!("X-{name}"), "CurrencyCode": "EUR", "Total": 100.00, "Date": "/Date(1767571200000+0000)/",
        "DueDate": "/Date(1770163200000+0000)/", "UpdatedDateUTC": format!("/Date({}+0000)/", 1_768_000_000_000 + at),
        "Contact": {"ContactID": format!("c-{name}"), "Name": "City Agency"}, "Payments": []});
    for (name, value) in change.as_object().expect("an object") {
        invoice[name] = value.clone();
    }
    said(xero::invoice(&json!({"Invoices": [invoice]}), assumed()))
}

/// A credit note of 20.00 on the invoice, `status` an hour `at` of the day.
fn xero_credit(name: &str, at: i64, status: &str) -> Said {
    let note = json!({"Type": "ACCRECCREDIT", "CreditNoteID": format!("cn-{name}"), "CreditNoteNumber": format!("XC-{name}"),
        "Status": status, "CurrencyCode": "EUR", "Total": 20.00, "Date": "/Date(1767571200000+0000)/",
        "UpdatedDateUTC": format!("/Date({}+0000)/", 1_768_000_000_000 + at),
        "Contact": {"ContactID": format!("c-{name}"), "Name": "City Agency"},
        "Allocations": [{"Amount": 20.00, "Invoice": {"InvoiceNumber": format!("X-{name}")}}]});
    said(xero::credit_note(&json!({"CreditNotes": [note]}), assumed()))
}

/// Authorised, raised, paid in two parts, the second of which is deleted and replaced; credited, and that made void.
fn xero_history(name: &str) -> (String, Vec<Said>) {
    let payment = |id: &str, amount: &str| json!({"PaymentID": format!("{id}-{name}"), "Amount": amount, "Date": "/Date(1768000000000+0000)/"});
    let answers = [
        json!({}),
        json!({"Total": 120.00, "DueDate": "/Date(1771200000000+0000)/"}),
        json!({"Total": 120.00, "Payments": [payment("p", "40.00"), payment("q", "80.00")], "Status": "PAID"}),
        json!({"Total": 120.00, "Payments": [payment("p", "40.00")]}),
        json!({"Total": 120.00, "Payments": [payment("p", "40.00"), payment("r", "30.00")]}),
    ];
    let said = (0..)
        .zip(&answers)
        .map(|(at, change)| xero_answer(name, at, change));
    let credit = [xero_credit(name, 1, "AUTHORISED"), xero_credit(name, 2, "VOIDED")];
    (format!("X-{name}"), said.chain(credit).collect())
}

fn quickbooks_meta(mut document: Value, at: u32) -> Value {
    document["SyncToken"] = json!(at.to_string());
    document["MetaData"] = json!({"LastUpdatedTime": format!("2026-01-12T0{at}:00:00-07:00")});
    document["CurrencyRef"] = json!({"value": "EUR"});
    document["TxnDate"] = json!("2026-01-10");
    document
}

/// An invoice changed once; a payment that is moved over to it, raised, and made void.
fn quickbooks_history(name: &str) -> (String, Vec<Said>) {
    let digits: String = name
        .chars()
        .map(|c| if c.is_ascii_digit() { c } else { '9' })
        .collect();
    let last = if name.ends_with('a') { "1" } else { "2" };
    let id = format!("{digits}{last}");
    let invoice = |at: u32, total: &str| {
        let document = json!({"Id": id, "DocNumber": format!("Q-{name}"), "TotalAmt": total, "DueDate": "2026-02-10",
            "CustomerRef": {"value": id, "name": "Bill's"}});
        let answer = json!({"Invoice": quickbooks_meta(document, at)});
        said(quickbooks::invoice(&answer, "1", assumed()))
    };
    let payment = |at: u32, total: &str, lines: Value| {
        let document = json!({"Id": id, "TotalAmt": total, "Line": lines, "CustomerRef": {"value": id}});
        let answer = json!({"Payment": quickbooks_meta(document, at)});
        said(quickbooks::payment(&answer, "1"))
    };
    let on = |amount: &str| json!([{"Amount": amount, "LinkedTxn": [{"TxnId": id, "TxnType": "Invoice"}]}]);
    let history = vec![
        invoice(1, "100.00"),
        payment(1, "60.00", json!([])),
        payment(2, "60.00", on("60.00")),
        invoice(3, "110.00"),
        payment(4, "70.00", on("70.00")),
    ];
    (format!("Q-{name}"), history)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn stripe_settles_when_it_ends_paid(order in orders(5)) {
        settles("stripe-billing", |name| stripe_history(name, "paid"), &order)?;
    }

    #[test]
    fn stripe_settles_when_it_ends_void(order in orders(5)) {
        settles("stripe-billing", |name| stripe_history(name, "void"), &order)?;
    }

    #[test]
    fn xero_settles(order in orders(7)) {
        settles("xero", xero_history, &order)?;
    }

    #[test]
    fn quickbooks_settles(order in orders(5)) {
        settles("quickbooks", quickbooks_history, &order)?;
    }

    #[test]
    fn our_own_words_settle(order in orders(8), ends_void in any::<bool>()) {
        let db = ledger();
        let case = unique();
        let history = |name: &str| {
            let (key, number) = (format!("G-{name}"), format!("GR-{name}"));
            let customer = |at: &str, called: &str| json!({"type": "customer.updated", "timestamp": at,
                "data": {"external_id": key, "name": called, "kind": "business", "country": "DE",
                    "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR"}});
            let end = match ends_void {
                true => json!({"type": "invoice.voided", "data": {"number": number}}),
                false => json!({"type": "payment.received", "data": {"amount": "60.00", "currency": "EUR",
                    "customer": {"external_id": key}, "received_on": "2026-01-12", "method": "bank_transfer",
                    "reference": format!("GP-{name}"), "remittance": [{"invoice_number": number}]}}),
            };
            let events = [
                customer("2026-01-12T09:00:00Z", "Nordwind"),
                customer("2026-01-12T09:00:01Z", "Nordwind GmbH"),
                customer("2026-01-12T09:00:01.5Z", "Nordwind AG"),
                json!({"type": "invoice.issued", "data": {"number": number, "customer": {"external_id": key},
                    "issue_date": "2026-01-10", "due_date": "2026-02-10", "currency": "EUR", "total": "60.00"}}),
                end,
                json!({"type": "subscription.renewed", "data": {}}),
                json!({"type": "credit_note.issued", "data": {"number": format!("GC-{name}"), "currency": "EUR",
                    "customer": {"external_id": key}, "issue_date": "2026-01-11", "total": "15.00",
                    "invoice_number": number}}),
                json!({"type": "credit_note.voided", "data": {"number": format!("GC-{name}")}}),
            ];
            (number, events)
        };
        let take = |name: &str, order: &[usize]| {
            let (number, events) = history(name);
            for (at, event) in order.iter().map(|at| (*at, &events[*at])) {
                let moment = moment();
                let stored = Stored { id: format!("{name}-{at}"), body: event.to_string() };
                transact(&db, async |tx| {
                    inbound::store(tx, moment, generic::SOURCE, &[&stored], None).await?;
                    if inbound::open(tx, generic::SOURCE, &[&stored]).await?.contains(&stored.id) {
                        let applied = generic::receive(tx, moment, &stored.body).await?;
                        inbound::conclude(tx, generic::SOURCE, &stored.id, &applied.effect).await?;
                    }
                    Ok(())
                });
            }
            books(&db, &number)
        };
        let expected = take(&format!("{case}a"), &[0, 1, 2, 3, 4, 5, 6, 7]);
        prop_assert_eq!(&expected["name"], "Nordwind AG");
        let status = if ends_void { "void" } else { "paid" };
        prop_assert_eq!(&expected["status"], status);
        prop_assert_eq!(take(&format!("{case}b"), &order), expected);
        proved(&db);
    }
}

/// The books at the end of each history, by hand: what the properties compare is not just the same, it is right.
#[test]
fn each_history_ends_where_it_should() {
    let db = ledger();
    let name = format!("{}a", unique());
    let end = |source: &str, (number, history): (String, Vec<Said>)| {
        tell_all(&db, source, &history);
        let books = books(&db, &number);
        proved(&db);
        ["status", "total", "balance", "due"].map(|field| books[field].as_str().expect(field).to_owned())
    };
    // Written off at 80.00, then paid after all.
    let (number, history) = stripe_history(&name, "paid");
    assert_eq!(
        end("stripe-billing", (number.clone(), history)),
        ["paid", "80.00 EUR", "0.00 EUR", "2026-02-16"]
    );
    let shown = books(&db, &number);
    assert_eq!(
        (&shown["name"], &shown["country"]),
        (&json!("Nordwind AG"), &json!("AT"))
    );
    assert_eq!(shown["contacts"][0]["email"], "new@nordwind.example");
    assert_eq!(
        end("stripe-billing", stripe_history(&format!("{name}v"), "void"))[..3],
        ["void", "80.00 EUR", "0.00 EUR"]
    );
    // 120.00 less 40.00 and 30.00; the 80.00 were deleted.
    assert_eq!(
        end("xero", xero_history(&name)),
        ["partly_paid", "120.00 EUR", "50.00 EUR", "2026-02-04"]
    );
    // 110.00 less the 70.00 that the payment was raised to.
    assert_eq!(
        end("quickbooks", quickbooks_history(&name)),
        ["partly_paid", "110.00 EUR", "40.00 EUR", "2026-02-10"]
    );
}

#[test]
fn what_the_ledger_does_not_allow_fails_with_why() {
    let db = ledger();
    let name = format!("{}n", unique());
    let refused = |said: &Said| match tell(&db, "stripe-billing", said).effect {
        Effect::Failed(why) => why,
        other => panic!("{other:?}"),
    };
    tell(&db, "stripe-billing", &stripe_event(&name, 0, "open", &json!({})));
    let in_dollars = stripe_event(&name, 1, "open", &json!({"currency": "usd"}));
    assert_eq!(refused(&in_dollars), "it was in EUR and is now in USD");
    let renumbered = stripe_event(&name, 2, "open", &json!({"number": "other"}));
    assert!(refused(&renumbered).ends_with("and is now other"));
    let paid = json!({"amount_paid": 10_000, "payment_intent": format!("pi_{name}")});
    tell(&db, "stripe-billing", &stripe_event(&name, 3, "paid", &paid));
    let lower = stripe_event(&name, 4, "open", &json!({"amount_due": 9_000}));
    assert_eq!(
        refused(&lower),
        "its total is now 90.00 EUR, and 100.00 EUR of it is settled already"
    );
    assert!(refused(&stripe_event(&name, 5, "void", &json!({}))).starts_with("money is allocated to it"));
    // What failed is no state that was taken: one that is older than it still counts.
    let moved = stripe_event(&name, 4, "paid", &json!({"due_date": 1_771_200_000}));
    assert!(matches!(
        tell(&db, "stripe-billing", &moved).effect,
        Effect::Processed(_)
    ));
    proved(&db);
}

#[test]
fn what_came_through_a_payment_link_is_not_taken_twice() {
    let db = ledger();
    let name = format!("{}l", unique());
    let open = stripe_event(&name, 0, "open", &json!({}));
    let customer = tell(&db, "stripe-billing", &open).customer.expect("a customer");
    let incoming = store::payments::Incoming {
        source: "stripe".to_owned(),
        reference: format!("pi_{name}"),
        customer: Some(receivables::intake::CustomerRef::Id(customer)),
        amount: receivables::money::Money::new(
            10_000,
            receivables::currency::Currency::parse("EUR").expect("EUR"),
        ),
        received_on: "2026-01-09".parse().expect("a day"),
        method: "card".to_owned(),
        remittance: Vec::new(),
    };
    let at = moment();
    transact(&db, async |tx| store::payments::record(tx, at, &incoming).await);
    let paid = json!({"amount_paid": 10_000, "payment_intent": format!("pi_{name}")});
    tell(&db, "stripe-billing", &stripe_event(&name, 1, "paid", &paid));
    let elsewhere = json!({"paid_out_of_band": true});
    tell(&db, "stripe-billing", &stripe_event(&name, 2, "paid", &elsewhere));
    let books = books(&db, &format!("S-{name}"));
    assert_eq!(books["status"], "paid");
    assert!(books["unapplied"].as_array().is_none_or(Vec::is_empty), "{books}");
}

#[test]
fn a_customer_follows_its_source_where_nobody_has_changed_it_here() {
    let db = ledger();
    let name = format!("{}f", unique());
    let first = tell(&db, "stripe-billing", &stripe_event(&name, 0, "open", &json!({})));
    let customer = first.customer.expect("a customer");
    let by_hand = json!({"external_id": format!("cus_{name}"), "name": "Nordwind", "kind": "consumer", "country": "DE",
        "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR"});
    let by_hand = receivables::intake::CustomerInput::parse(&by_hand).expect("a customer");
    let at = moment();
    transact(&db, async |tx| {
        store::customers::upsert(tx, at, std::slice::from_ref(&by_hand)).await
    });
    let renamed = json!({"customer_name": "Nordwind AG", "customer_tax_ids": [{"value": "DE1"}]});
    tell(&db, "stripe-billing", &stripe_event(&name, 1, "open", &renamed));
    let view = now(views::customer(&db, moment(), &customer)).expect("a view");
    let view = serde_json::to_value(view.expect("a customer")).expect("JSON");
    assert_eq!(
        (&view["name"], &view["kind"], &view["locale"]),
        (&json!("Nordwind AG"), &json!("consumer"), &json!("en"))
    );
}

fn event(db: &Db, source: &str, id: &str) -> (String, Option<String>) {
    let view = now(views::event(db, source, id))
        .expect("a view")
        .expect("an event");
    (view.status, view.outcome)
}

#[test]
fn what_fails_is_tried_seven_times_and_then_waits_for_a_person_once() {
    let _turn = QUEUE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let db = ledger();
    let source = format!("test-{}", unique());
    let customer = tell(
        &db,
        "stripe-billing",
        &stripe_event(&source, 0, "open", &json!({})),
    )
    .customer;
    let stored = Stored {
        id: "evt".to_owned(),
        body: "{}".to_owned(),
    };
    let mut at = moment();
    let due = Some(at.ms());
    transact(&db, async |tx| {
        inbound::store(tx, at, &source, &[&stored], due).await
    });
    // An event is no one else's while it is claimed.
    let claim = |at: Moment| {
        let claimed = transact(&db, async |tx| inbound::claim(tx, at, 500).await);
        let ours = claimed.into_iter().filter(|event| event.source == source);
        ours.collect::<Vec<DueEvent>>()
    };
    let failed = Effect::Failed("no".to_owned());
    for attempt in 1..=7 {
        let [event] = claim(at).try_into().expect("one event");
        assert_eq!(event.attempts, attempt);
        assert!(claim(at).is_empty());
        let given_up = transact(&db, async |tx| {
            inbound::settle(tx, at, &event, &failed, Worth::Trying, customer.as_ref()).await
        });
        assert_eq!(given_up, attempt == 7);
        at = Moment::at(at.now + chrono::TimeDelta::days(2));
    }
    assert!(claim(at).is_empty());
    assert_eq!(
        event(&db, &source, "evt"),
        ("failed".to_owned(), Some("no".to_owned()))
    );
    assert!(now(inbound::for_people(&db, 1_000)).expect("a count") >= 1);
    let filter = store::tasks::TaskFilter {
        customer: customer.clone(),
        ..store::tasks::TaskFilter::default()
    };
    let tasks = now(store::tasks::list(&db, &filter, 10)).expect("tasks");
    let [task] = tasks.as_slice() else {
        panic!("{tasks:?}")
    };
    assert_eq!(task.detail.as_deref(), Some("evt: no"));

    // A person has it tried again, from the first try on, or leaves it at that.
    let retry = |id: &str| transact(&db, async |tx| inbound::retry(tx, at, &source, id).await);
    assert_eq!(retry("none"), Word::Unknown);
    assert_eq!(retry("evt"), Word::Done);
    let [again] = claim(at).try_into().expect("one event");
    assert_eq!(again.attempts, 1);
    transact(&db, async |tx| {
        inbound::settle(tx, at, &again, &failed, Worth::Nothing, None).await
    });
    assert!(claim(Moment::at(at.now + chrono::TimeDelta::days(9))).is_empty());
    let dismiss = || {
        transact(&db, async |tx| {
            inbound::dismiss(tx, &source, "evt", "key_1", "known").await
        })
    };
    assert_eq!((dismiss(), dismiss()), (Word::Done, Word::NotOpen));
    assert_eq!(
        event(&db, &source, "evt"),
        ("ignored".to_owned(), Some("dismissed by key_1: known".to_owned()))
    );
    assert_eq!(retry("evt"), Word::NotOpen);
}

#[test]
fn an_event_that_could_not_be_asked_about_keeps_its_tries() {
    let _turn = QUEUE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let db = ledger();
    let source = format!("test-{}", unique());
    let stored = Stored {
        id: "evt".to_owned(),
        body: "{}".to_owned(),
    };
    let at = moment();
    transact(&db, async |tx| {
        inbound::store(tx, at, &source, &[&stored], Some(at.ms())).await
    });
    let claim = |at: Moment| {
        let claimed = transact(&db, async |tx| inbound::claim(tx, at, 500).await);
        let mut ours = claimed.into_iter().filter(|event| event.source == source);
        ours.next()
    };
    let event = claim(at).expect("due");
    let until = at.now + chrono::TimeDelta::seconds(30);
    transact(&db, async |tx| {
        inbound::later(tx, &event, until, "asked too much", false).await
    });
    // Also where it was sent again meanwhile, which begins its tries anew.
    transact(&db, async |tx| {
        inbound::store(tx, at, &source, &[&stored], Some(at.ms())).await
    });
    transact(&db, async |tx| {
        inbound::later(tx, &event, until, "asked too much", false).await
    });
    assert!(claim(Moment::at(until - chrono::TimeDelta::seconds(1))).is_none());
    assert_eq!(claim(Moment::at(until)).expect("due").attempts, 1);
}

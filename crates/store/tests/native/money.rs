//! Money in the ledger: what is due in parts, what is let go, what is credited, used, paid back and taken back. After
//! every act the whole ledger is proved. Needs the feature `native`: `cargo test -p store --features native`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use crate::ground::now;
use receivables::fields::Fields;
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::intake::{
    AllocationsInput, ApplyCreditInput, CreditNoteInput, CustomerInput, InvoiceInput, PaymentInput,
    RefundInput,
};
use receivables::policy::Policy;
use serde_json::{Value, json};
use std::cell::Cell;
use store::invoices::Voided;
use store::payments::{self, ByHand, Incoming, Recorded, UseCredit};
use store::{Db, Moment, StoreError, Tx, credit_notes, customers, invoices, policies, postings, views};

crate::ground::own_ledger!();

/// A customer of its own in the ledger that all tests share.
struct World {
    db: Db,
    key: &'static str,
    customer: CustomerId,
    moment: Moment,
    payments: Cell<u32>,
}

impl World {
    fn new(key: &'static str, more: Value) -> World {
        let db = ledger();
        let moment = Moment::at("2026-02-01T09:00:00Z".parse().expect("an instant"));
        let mut document = json!({"external_id": key, "name": key, "kind": "business", "country": "DE",
            "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR"});
        for (name, value) in more.as_object().expect("an object") {
            document[name] = value.clone();
        }
        let input = CustomerInput::parse(&document).expect("a customer");
        let taken = transact(&db, async |tx| {
            customers::upsert(tx, moment, std::slice::from_ref(&input)).await
        });
        let (customer, _) = taken.into_iter().next().expect("an outcome");
        World {
            db,
            key,
            customer,
            moment,
            payments: Cell::new(0),
        }
    }

    /// A customer under a policy of its own, whose `cash` is as given.
    fn under(key: &'static str, cash: Value) -> World {
        let world = World::new(key, json!({ "policy": key }));
        let mut document = serde_json::to_value(Policy::standard()).expect("a policy");
        document["name"] = json!(key);
        document["cash"] = cash;
        let policy = Policy::parse(&document).expect("a policy");
        let (moment, on) = (world.moment, "2026-01-01".parse().expect("a day"));
        transact(&world.db, async |tx| {
            policies::put(tx, moment, &policy, on, "test").await
        });
        world
    }

    /// Issued on 1 January 2026, over an amount of euros.
    fn invoice(&self, number: &str, total: &str, more: Value) -> InvoiceId {
        let number = format!("{}-{number}", self.key);
        let mut document = json!({"number": number, "customer": {"external_id": self.key}, "issue_date": "2026-01-01",
            "currency": "EUR", "total": total});
        for (name, value) in more.as_object().expect("an object") {
            document[name] = value.clone();
        }
        let input = InvoiceInput::parse(&document).expect("an invoice");
        let moment = self.moment;
        let taken = transact(&self.db, async |tx| {
            invoices::take(tx, moment, std::slice::from_ref(&input)).await
        });
        self.proved();
        match taken.into_iter().next() {
            Some(invoices::Taken::Accepted(id)) => id,
            other => panic!("{other:?}"),
        }
    }

    /// Money that arrived on a day of January 2026.
    fn pay(&self, day: u32, amount: &str, method: &str, numbers: &[&str]) -> PaymentId {
        self.payments.set(self.payments.get() + 1);
        let remittance: Vec<Value> = numbers
            .iter()
            .map(|number| json!({"invoice_number": format!("{}-{number}", self.key)}))
            .collect();
        let document = json!({"customer": {"external_id": self.key}, "amount": amount, "currency": "EUR",
            "received_on": format!("2026-01-{day:02}"), "method": method, "remittance": remittance,
            "reference": format!("{}-{}", self.key, self.payments.get())});
        let incoming = Incoming::told("api", PaymentInput::parse(&document).expect("a payment"));
        let moment = self.moment;
        let recorded = transact(&self.db, async |tx| payments::record(tx, moment, &incoming).await);
        self.proved();
        match recorded {
            Recorded::Accepted(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn invoice_view(&self, id: &InvoiceId) -> Value {
        let view = now(views::invoice(&self.db, id))
            .expect("a view")
            .expect("an invoice");
        serde_json::to_value(view).expect("JSON")
    }

    /// What is still owed on an invoice, and how it stands.
    fn owed(&self, id: &InvoiceId) -> (String, String) {
        let view = self.invoice_view(id);
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        (text(&view["balance"]["amount"]), text(&view["status"]))
    }

    fn payment_view(&self, id: &PaymentId) -> Value {
        let view = now(payments::view(&self.db, id))
            .expect("a view")
            .expect("a payment");
        serde_json::to_value(view).expect("JSON")
    }

    /// Balance, overdue and on account.
    fn account(&self) -> (String, String, String) {
        let view = now(views::customer(&self.db, self.moment, &self.customer)).expect("a view");
        let view = serde_json::to_value(view.expect("a customer")).expect("JSON");
        let amount = |name: &str| view[name]["amount"].as_str().unwrap_or_default().to_owned();
        (amount("balance"), amount("overdue"), amount("unapplied"))
    }

    fn timeline(&self) -> String {
        let entries = now(views::timeline(&self.db, &self.customer, "~", 100)).expect("a timeline");
        let lines = entries
            .iter()
            .map(|entry| format!("{}: {} {}\n", entry.kind, entry.title, entry.detail));
        lines.collect()
    }

    fn reverse(&self, id: &PaymentId) {
        let moment = self.moment;
        transact(&self.db, async |tx| {
            payments::reverse(tx, moment, id, "it bounced").await
        });
        self.proved();
    }

    fn reallocate(&self, id: &PaymentId, list: Value) -> ByHand {
        let input = AllocationsInput::parse(&json!({ "allocations": list })).expect("a list");
        let moment = self.moment;
        let done = transact(&self.db, async |tx| {
            payments::reallocate(tx, moment, id, &input.allocations).await
        });
        self.proved();
        done
    }

    fn refund(&self, id: &PaymentId, document: Value) -> ByHand {
        let input = RefundInput::parse(&document).expect("a refund");
        let moment = self.moment;
        let done = transact(&self.db, async |tx| {
            payments::refund(tx, moment, id, &input).await
        });
        self.proved();
        done
    }

    fn credit_note(&self, number: &str, total: &str, more: Value) -> credit_notes::Taken {
        let mut document = json!({"number": format!("{}-{number}", self.key), "issue_date": "2026-01-05",
            "customer": {"external_id": self.key}, "currency": "EUR", "total": total});
        for (name, value) in more.as_object().expect("an object") {
            document[name] = value.clone();
        }
        let input = CreditNoteInput::parse(&document).expect("a credit note");
        let moment = self.moment;
        let taken = transact(&self.db, async |tx| credit_notes::take(tx, moment, &input).await);
        self.proved();
        taken
    }

    fn use_credit(&self, document: Value) -> UseCredit {
        let input = ApplyCreditInput::parse(&document).expect("what is to be used");
        let moment = self.moment;
        let used = transact(&self.db, async |tx| {
            payments::use_credit(tx, moment, &self.customer, &input).await
        });
        self.proved();
        used
    }

    fn void(&self, id: &InvoiceId) -> Voided {
        let moment = self.moment;
        let done = transact(&self.db, async |tx| invoices::void(tx, moment, id).await);
        self.proved();
        done
    }

    /// Every stored balance of the ledger follows from its postings.
    fn proved(&self) {
        let drift = now(postings::drift(&self.db)).expect("a proof");
        assert!(drift.is_empty(), "{drift:?}");
    }
}

fn transact<T>(db: &Db, mut work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(db.transaction(async |tx: &Tx<'_>| work(tx).await)).expect("a transaction")
}

fn owned(balance: &str, status: &str) -> (String, String) {
    (balance.to_owned(), status.to_owned())
}

fn thirty_fifty_twenty() -> Value {
    json!({"terms": {"kind": "instalments", "parts": [{"percent": "30", "days": 0}, {"percent": "50", "days": 30},
        {"percent": "20", "days": 60}]}})
}

/// The worked example "30/50/20 terms on 100, 40 paid: 0/40/20 left". Today is 1 February: the second part was due on
/// 31 January.
#[test]
fn each_part_of_an_invoice_is_due_on_its_own_day() {
    let world = World::new("parts", json!({}));
    let id = world.invoice("1", "100.00", thirty_fifty_twenty());
    let parts = |id| {
        let view = world.invoice_view(id);
        let parts = view["instalments"].as_array().expect("parts").iter();
        let balances: Vec<String> = parts
            .map(|part| part["balance"]["amount"].to_string().replace('"', ""))
            .collect();
        (
            balances.join("/"),
            view["due_date"].as_str().unwrap_or_default().to_owned(),
        )
    };
    let owed = |balances: &str, due: &str| (balances.to_owned(), due.to_owned());
    assert_eq!(parts(&id), owed("30.00/50.00/20.00", "2026-01-01"));
    assert_eq!(world.account().1, "80.00", "what is overdue");
    let first = world.pay(10, "40.00", "card", &[]);
    assert_eq!(parts(&id), owed("0.00/40.00/20.00", "2026-01-31"));
    assert_eq!(world.account().1, "40.00", "what is overdue");
    let second = world.pay(11, "60.00", "card", &[]);
    assert_eq!(parts(&id), owed("0.00/0.00/0.00", "2026-03-02"));
    world.reverse(&first);
    assert_eq!(parts(&id), owed("0.00/20.00/20.00", "2026-01-31"));
    world.reverse(&second);
    assert_eq!(parts(&id), owed("30.00/50.00/20.00", "2026-01-01"));

    // What is longest due comes first, part by part.
    let other = world.invoice("2", "25.00", json!({"due_date": "2026-01-15"}));
    world.pay(12, "45.00", "card", &[]);
    assert_eq!(parts(&id), owed("0.00/50.00/20.00", "2026-01-31"));
    assert_eq!(world.owed(&other), owned("10.00", "partly_paid"));
}

#[test]
fn a_customers_terms_hold_where_an_invoice_says_nothing() {
    let terms = json!({"kind": "end_of_month", "months": 1, "days": 10});
    let world = World::new("terms", json!({ "terms": terms }));
    let id = world.invoice("1", "100.00", json!({}));
    let view = world.invoice_view(&id);
    assert_eq!(
        (&view["due_date"], &view["due_date_source"]),
        (&json!("2026-03-10"), &json!("customer_terms"))
    );
    let own = world.invoice(
        "2",
        "100.00",
        json!({"terms": {"kind": "day_of_month", "day": 15, "months": 1}}),
    );
    let view = world.invoice_view(&own);
    assert_eq!(
        (&view["due_date"], &view["due_date_source"]),
        (&json!("2026-02-15"), &json!("terms"))
    );
}

#[test]
fn a_discount_is_earned_in_time_and_goes_back_with_its_money() {
    let world = World::under("discount", json!({"discount_grace_days": 1}));
    let two_in_ten = json!({"due_date": "2026-01-31", "discount": [{"percent": "2", "days": 10}]});
    let id = world.invoice("1", "100.00", two_in_ten.clone());
    let offer =
        json!([{"amount": {"amount": "2.00", "currency": "EUR"}, "until": "2026-01-11", "percent": "2"}]);
    assert_eq!(world.invoice_view(&id)["discount"], offer);
    // 11 January is the last day, the 12th within the policy's grace.
    let paid = world.pay(12, "98.00", "bank_transfer", &[]);
    assert_eq!(world.owed(&id), owned("0.00", "paid"));
    let view = world.payment_view(&paid);
    assert_eq!(view["differences"][0]["kind"], "discount");
    assert_eq!(view["differences"][0]["amount"]["amount"], "-2.00");
    assert_eq!(view["allocated"]["amount"], "98.00");
    assert!(
        world
            .timeline()
            .contains("discount_taken: 2.00 EUR early-payment discount"),
        "{}",
        world.timeline()
    );
    world.reverse(&paid);
    assert_eq!(world.owed(&id), owned("100.00", "open"));

    // A day later it is a part payment.
    world.pay(13, "98.00", "bank_transfer", &[]);
    assert_eq!(world.owed(&id), owned("2.00", "partly_paid"));
    // What was credited bears no discount: 2 % of 50.00.
    let halved = world.invoice("2", "100.00", two_in_ten);
    world.credit_note("G1", "50.00", json!({"invoice_number": "discount-2"}));
    assert_eq!(
        world.invoice_view(&halved)["discount"][0]["amount"]["amount"],
        "1.00"
    );
    world.pay(5, "49.00", "bank_transfer", &["2"]);
    assert_eq!(world.owed(&halved), owned("0.00", "paid"));
}

#[test]
fn small_differences_are_let_go_as_the_policy_says() {
    let world = World::under(
        "tolerant",
        json!({"under": {"amount": {"EUR": "1.00"}}, "over": {"amount": {"EUR": "1.00"}, "keep": "write_off"},
            "bank_charge": {"EUR": "15.00"}}),
    );
    // Paid short by so much -> what is left.
    for (number, method, amount, owed) in [
        ("1", "card", "99.00", "0.00"),
        ("2", "card", "98.99", "1.01"),
        ("3", "wire", "85.00", "0.00"),
        ("4", "wire", "84.99", "15.01"),
    ] {
        let id = world.invoice(number, "100.00", json!({"due_date": "2026-01-31"}));
        let paid = world.pay(20, amount, method, &[number]);
        assert_eq!(world.owed(&id).0, owed, "{method} {amount}");
        world.reverse(&paid);
        assert_eq!(world.owed(&id).0, "100.00", "{method} {amount} taken back");
    }
    let log = world.timeline();
    assert!(
        log.contains("difference_let_go: 1.00 EUR under-payment let go"),
        "{log}"
    );
    assert!(
        log.contains("difference_let_go: 15.00 EUR bank charge let go"),
        "{log}"
    );

    let world = World::under(
        "generous",
        json!({"over": {"amount": {"EUR": "1.00"}, "keep": "write_off"}}),
    );
    let id = world.invoice("1", "100.00", json!({"due_date": "2026-01-31"}));
    let paid = world.pay(20, "100.50", "card", &[]);
    assert_eq!(world.owed(&id), owned("0.00", "paid"));
    assert_eq!(
        world.account(),
        ("0.00".to_owned(), "0.00".to_owned(), "0.00".to_owned())
    );
    let view = world.payment_view(&paid);
    assert_eq!(
        (&view["allocated"]["amount"], &view["unapplied"]["amount"]),
        (&json!("100.50"), &json!("0.00"))
    );
    assert_eq!(view["differences"][0]["amount"]["amount"], "0.50");
    world.reverse(&paid);
    assert_eq!(world.owed(&id), owned("100.00", "open"));
    // More than that stays the customer's.
    world.pay(21, "101.01", "card", &[]);
    assert_eq!(world.account().2, "1.01");
}

#[test]
fn without_rules_nothing_is_let_go() {
    let world = World::new("strict", json!({}));
    let id = world.invoice("1", "100.00", json!({"due_date": "2026-01-31"}));
    let short = world.pay(20, "99.99", "wire", &["1"]);
    assert_eq!(world.owed(&id), owned("0.01", "partly_paid"));
    assert_eq!(world.payment_view(&short)["differences"], json!([]));
    world.pay(21, "0.02", "wire", &[]);
    assert_eq!(world.account().2, "0.01");
}

#[test]
fn a_person_says_anew_what_a_payment_is_for() {
    let world = World::new("byhand", json!({}));
    let discounted = json!({"due_date": "2026-01-31", "discount": [{"percent": "2", "days": 10}]});
    let first = world.invoice("1", "100.00", discounted);
    let second = world.invoice("2", "50.00", json!({"due_date": "2026-02-15"}));
    let paid = world.pay(5, "98.00", "card", &[]);
    assert_eq!(world.owed(&first), owned("0.00", "paid"));
    let line = |number: &str, amount: &str| json!({"invoice_number": format!("byhand-{number}"), "amount": {"amount": amount, "currency": "EUR"}});
    // The discount goes with the money; what is not given stays on account.
    assert_eq!(
        world.reallocate(&paid, json!([line("2", "50.00"), line("1", "8.00")])),
        ByHand::Done
    );
    assert_eq!(
        (world.owed(&first).0, world.owed(&second).0),
        ("92.00".to_owned(), "0.00".to_owned())
    );
    assert_eq!(world.account().2, "40.00");
    let view = world.payment_view(&paid);
    assert_eq!(
        (&view["allocated"]["amount"], &view["unapplied"]["amount"]),
        (&json!("58.00"), &json!("40.00"))
    );
    // Refused, and nothing has moved.
    let dollars = json!([{"invoice_number": "byhand-1", "amount": {"amount": "1.00", "currency": "USD"}}]);
    for (list, code) in [
        (json!([line("1", "98.01")]), "more_than_amount"),
        (json!([line("2", "50.01")]), "more_than_owed"),
        (json!([line("9", "1.00")]), "unknown_invoice"),
        (dollars, "currency_mismatch"),
    ] {
        match world.reallocate(&paid, list) {
            ByHand::Refused(errors) => assert_eq!(errors[0].code, code),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.payment_view(&paid), view);

    // What is on account is paid back, and no more.
    let euros =
        |amount: &str| json!({"reason": "asked for", "amount": {"amount": amount, "currency": "EUR"}});
    match world.refund(&paid, euros("40.01")) {
        ByHand::Refused(errors) => assert_eq!(errors[0].code, "more_than_amount"),
        other => panic!("{other:?}"),
    }
    assert_eq!(world.refund(&paid, euros("15.00")), ByHand::Done);
    assert_eq!(world.account().2, "25.00");
    assert_eq!(world.refund(&paid, json!({"reason": "the rest"})), ByHand::Done);
    assert_eq!(
        world.refund(&paid, json!({"reason": "once more"})),
        ByHand::NothingOnAccount
    );
    let view = world.payment_view(&paid);
    assert_eq!(
        (&view["refunded"]["amount"], &view["allocated"]["amount"]),
        (&json!("40.00"), &json!("58.00"))
    );
}

#[test]
fn money_of_nobody_known_becomes_that_of_whose_invoice_it_is_for() {
    let world = World::new("found", json!({}));
    let id = world.invoice("1", "100.00", json!({"due_date": "2026-01-31"}));
    let document = json!({"amount": "120.00", "currency": "EUR", "received_on": "2026-01-20", "method": "wire",
        "reference": "nobody-knows"});
    let incoming = Incoming::told("api", PaymentInput::parse(&document).expect("a payment"));
    let moment = world.moment;
    let recorded = transact(&world.db, async |tx| {
        payments::record(tx, moment, &incoming).await
    });
    let Recorded::Accepted(paid) = recorded else {
        panic!("{recorded:?}")
    };
    assert!(matches!(world.reallocate(&paid, json!([])), ByHand::Refused(_)));
    assert_eq!(world.reallocate(&paid, json!([{"invoice_id": id}])), ByHand::Done);
    assert_eq!(world.owed(&id), owned("0.00", "paid"));
    assert_eq!(
        world.account(),
        ("-20.00".to_owned(), "0.00".to_owned(), "20.00".to_owned())
    );
    assert_eq!(world.payment_view(&paid)["customer"], json!(world.customer));
}

#[test]
fn what_is_on_account_is_used_later() {
    let world = World::under("credit", json!({"order": "charges_first"}));
    let paid = world.pay(3, "30.00", "card", &[]);
    world.credit_note("G1", "50.00", json!({}));
    assert_eq!(world.account().2, "80.00");
    assert!(matches!(world.use_credit(json!({})), UseCredit::NothingOwed(_)));
    let first = world.invoice("1", "60.00", json!({"due_date": "2026-01-31"}));
    let second = world.invoice("2", "60.00", json!({"due_date": "2026-02-28"}));
    assert!(matches!(
        world.use_credit(json!({"currency": "USD"})),
        UseCredit::NothingOnAccount(_)
    ));
    // Only so much, and only for that one.
    let part = json!({"amount": {"amount": "10.00", "currency": "EUR"}, "invoices": [second]});
    let UseCredit::Used(used) = world.use_credit(part) else {
        panic!("nothing was used")
    };
    assert_eq!(
        (used.applied.amount(), used.unapplied.amount()),
        ("10.00".to_owned(), "70.00".to_owned())
    );
    assert_eq!(
        used.applications[0].source,
        paid.to_string(),
        "the oldest credit first"
    );
    let UseCredit::Used(used) = world.use_credit(json!({})) else {
        panic!("nothing was used")
    };
    assert_eq!(used.unapplied.amount(), "0.00");
    assert_eq!(
        (world.owed(&first).0, world.owed(&second).0),
        ("0.00".to_owned(), "40.00".to_owned())
    );
    let view = world.payment_view(&paid);
    assert_eq!(
        (&view["allocated"]["amount"], &view["unapplied"]["amount"]),
        (&json!("30.00"), &json!("0.00"))
    );
    // It is a payment like any other: it can bounce.
    world.reverse(&paid);
    assert_eq!(world.account().0, "70.00");
}

#[test]
fn credit_that_was_used_for_what_is_void_is_on_account_again() {
    let world = World::new("freed", json!({}));
    world.credit_note("G1", "50.00", json!({}));
    let first = world.invoice("1", "60.00", json!({"due_date": "2026-01-31"}));
    // A correction of the invoice itself is no credit on account.
    world.credit_note("G2", "5.00", json!({"invoice_number": "freed-1"}));
    assert!(matches!(world.use_credit(json!({})), UseCredit::Used(_)));
    assert_eq!(world.owed(&first), owned("5.00", "partly_paid"));
    assert_eq!(world.void(&first), Voided::Done);
    assert_eq!(
        world.account(),
        ("-50.00".to_owned(), "0.00".to_owned(), "50.00".to_owned())
    );
    // It can be used for the invoice that takes the place of the void one.
    let second = world.invoice("2", "50.00", json!({"due_date": "2026-01-31"}));
    assert!(matches!(world.use_credit(json!({})), UseCredit::Used(_)));
    assert_eq!(world.owed(&second).0, "0.00");
    assert_eq!(world.void(&second), Voided::Done);
    assert_eq!(world.account().2, "50.00");
}

#[test]
fn a_credit_note_corrects_several_invoices() {
    let world = World::new("notes", json!({}));
    let first = world.invoice("1", "60.00", json!({"due_date": "2026-01-31"}));
    let second = world.invoice("2", "60.00", json!({"due_date": "2026-02-28"}));
    let lines = json!({"invoices": [{"invoice_number": "notes-2", "amount": "20.00"},
        {"invoice_number": "notes-1"}, {"invoice_number": "notes-9"}]});
    let credit_notes::Taken::Accepted(applied) = world.credit_note("G1", "100.00", lines) else {
        panic!("not taken");
    };
    assert_eq!(
        (applied.applied.amount(), applied.unapplied.amount()),
        ("80.00".to_owned(), "20.00".to_owned())
    );
    assert_eq!(
        (world.owed(&first).0, world.owed(&second).0),
        ("0.00".to_owned(), "40.00".to_owned())
    );
}

/// What the policy's `cash` says has one shape, read and written.
#[test]
fn a_policy_keeps_what_it_says_about_money() {
    let world = World::under(
        "kept",
        json!({"order": "principal_first", "bank_charge": {"EUR": "5.00"}}),
    );
    let view = now(policies::policy(&world.db, world.moment, "kept", None))
        .expect("a view")
        .expect("a policy");
    let document = json!({"order": "principal_first", "bank_charge": {"EUR": "5.00"}});
    let mut fields = Fields::of(&document);
    assert_eq!(
        Some(view.policy.cash),
        receivables::allocation::Rules::read(&mut fields)
    );
}

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    /// From 0 to below `sides`.
    fn roll(&mut self, sides: u64) -> u64 {
        // Knuth's MMIX generator; its high bits are the good ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    fn amount(&mut self) -> String {
        euros(1 + self.roll(12_000) as i64)
    }
}

fn euros(cents: i64) -> String {
    format!("{}.{:02}", cents / 100, cents % 100)
}

fn cents(text: &str) -> i64 {
    text.replace('.', "").parse().expect("cents")
}

/// Whatever happens in whatever order: every stored balance follows from the postings (proved after each act), a
/// payment's parts add up to it (a CHECK of the database), no balance falls below nothing (another), parts of an
/// invoice come to its balance, and what is taken back leaves nothing let go behind.
#[test]
fn whatever_happens_the_ledger_adds_up() {
    let (mut set_anew, mut let_go, mut voided) = (0, 0, 0);
    for (key, seed) in [("r1", 1), ("r2", 2), ("r3", 3), ("r4", 4), ("r5", 5), ("r6", 6)] {
        let order = ["due_date", "charges_first", "principal_first"][seed as usize % 3];
        let cash = json!({"order": order,
            "under": {"amount": {"EUR": "5.00"}, "percent": "10"}, "bank_charge": {"EUR": "8.00"},
            "over": {"amount": {"EUR": "5.00"}, "keep": "write_off"}, "discount_grace_days": 2});
        let world = World::under(key, cash);
        let mut dice = Dice(seed);
        let (mut invoices, mut paid) = (Vec::new(), Vec::new());
        for turn in 0..60 {
            let some = |dice: &mut Dice, count: usize| dice.roll(count.max(1) as u64) as usize;
            let at = some(&mut dice, invoices.len());
            let number = (at + 1).to_string();
            match dice.roll(11) {
                0..=2 => {
                    let more = match dice.roll(3) {
                        0 => thirty_fifty_twenty(),
                        1 => json!({"due_date": "2026-01-20", "discount": [{"percent": "3", "days": 14}]}),
                        _ => json!({"due_date": "2026-02-20"}),
                    };
                    let name = (invoices.len() + 1).to_string();
                    let total = format!("{}.00", 1 + dice.roll(100));
                    invoices.push(world.invoice(&name, &total, more));
                }
                3..=5 => {
                    let method = ["wire", "card"][some(&mut dice, 2)];
                    let named = [number.as_str()];
                    let names: &[&str] = if dice.roll(2) == 0 { &named } else { &[] };
                    let day = 1 + dice.roll(28) as u32;
                    let owed = invoices.get(at).map(|id| cents(&world.owed(id).0));
                    // About what it owes, or anything.
                    let amount = match owed.filter(|owed| *owed > 600) {
                        Some(owed) if dice.roll(4) > 0 => euros(owed + 300 - dice.roll(800) as i64),
                        _ => dice.amount(),
                    };
                    paid.push(world.pay(day, &amount, method, names));
                }
                6 => {
                    let lines = json!({"invoices": [{"invoice_number": format!("{key}-{number}")}]});
                    world.credit_note(&format!("G{turn}"), &dice.amount(), lines);
                }
                7 if !paid.is_empty() => world.reverse(&paid[some(&mut dice, paid.len())]),
                8 if !paid.is_empty() => {
                    let line = json!({"invoice_number": format!("{key}-{number}"),
                        "amount": {"amount": euros(1 + dice.roll(1_000) as i64), "currency": "EUR"}});
                    let list = if dice.roll(3) == 0 {
                        json!([])
                    } else {
                        json!([line])
                    };
                    let payment = &paid[some(&mut dice, paid.len())];
                    set_anew += usize::from(world.reallocate(payment, list) == ByHand::Done);
                    if dice.roll(3) == 0 {
                        world.refund(payment, json!({"reason": "asked for"}));
                    }
                }
                9 if !invoices.is_empty() => {
                    let done = world.void(&invoices[at]);
                    voided += usize::from(done == Voided::Done);
                }
                _ => drop(world.use_credit(json!({}))),
            }
        }
        let owed: i64 = invoices.iter().map(|id| cents(&world.owed(id).0)).sum();
        let (balance, _, unapplied) = world.account();
        assert_eq!(cents(&balance), owed - cents(&unapplied), "{key}");
        // Without its money no invoice keeps what was let go: only credit notes have lowered it.
        for payment in &paid {
            world.reverse(payment);
            let view = world.payment_view(payment);
            let differences = view["differences"].as_array().expect("differences");
            let_go += differences.len();
            let amounts = differences
                .iter()
                .map(|d| cents(d["amount"]["amount"].as_str().expect("an amount")));
            assert_eq!(amounts.sum::<i64>(), 0, "{view}");
        }
    }
    assert!(
        set_anew > 5 && let_go > 20 && voided > 5,
        "too little happened: {set_anew} set anew, {let_go} let go, {voided} voided"
    );
}

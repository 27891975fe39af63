//! What payment providers tell, in any order and more than once, and money that goes back through them. After every act
//! the whole ledger is proved. Needs the feature `native`: `cargo test -p store --features native`.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use crate::ground::now;
use chrono::TimeDelta;
use proptest::prelude::*;
use receivables::currency::Currency;
use receivables::id::{CheckoutId, CustomerId, InvoiceId, LinkId, PaymentId, RefundId};
use receivables::intake::{CustomerInput, InvoiceInput, RefundInput};
use receivables::money::Money;
use receivables::paylink::{Session, Turn};
use receivables::told::{Chargeback, ChargebackStage, Paid, Refund, RefundState, Told};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU64, Ordering};
use store::checkouts::{self, Looked};
use store::inbound::{self, Stored};
use store::links::{self, NewLink};
use store::payments::{self, ByHand};
use store::refunds::{self, Answered};
use store::told::{self, Teller};
use store::{Db, Moment, StoreError, Tx, customers, invoices, postings, views};

crate::ground::own_ledger!();

const PLAYER: Teller = Teller { name: "player", read };

fn eur(amount: &str) -> Money {
    Money::parse(amount, Currency::parse("EUR").expect("euro")).expect("an amount")
}

/// `paid CHECKOUT AMOUNT`, `fell CHECKOUT`, `expired CHECKOUT`, `refund PAYMENT ID AMOUNT STATE [OURS]`,
/// `sum PAYMENT AMOUNT`, `chargeback PAYMENT ID AMOUNT STAGE`, each a line.
fn read(text: &str) -> Result<Vec<Told>, String> {
    text.lines().map(line).collect()
}

fn line(text: &str) -> Result<Told, String> {
    let words: Vec<&str> = text
        .split_whitespace()
        .skip_while(|word| word.starts_with('#'))
        .collect();
    let checkout = |name: &str| CheckoutId::parse(name).map_err(|error| error.to_string());
    let state = |name: &str| match name {
        "requested" => Ok(RefundState::Requested),
        "done" => Ok(RefundState::Done),
        "failed" => Ok(RefundState::Failed),
        other => Err(format!("{other} is no state")),
    };
    let stage = |name: &str| match name {
        "demanded" => Ok(ChargebackStage::Demanded),
        "won" => Ok(ChargebackStage::Won),
        "lost" => Ok(ChargebackStage::Lost),
        other => Err(format!("{other} is no stage")),
    };
    Ok(match words.as_slice() {
        ["paid", id, amount] => Told::Paid(Paid {
            checkout: checkout(id)?,
            reference: format!("p-{id}"),
            amount: Some(eur(amount)),
            method: "card".to_owned(),
            at: None,
        }),
        ["dollars", id] => Told::Paid(Paid {
            checkout: checkout(id)?,
            reference: format!("p-{id}"),
            amount: Some(Money::new(100, Currency::parse("USD").expect("dollars"))),
            method: "card".to_owned(),
            at: None,
        }),
        ["approved", id] => Told::Approved(checkout(id)?),
        ["fell", id] => Told::Fell {
            checkout: checkout(id)?,
            reason: "no funds".to_owned(),
        },
        ["expired", id] => Told::Turned(checkout(id)?, Turn::Expired),
        ["sum", payment, amount] => Told::Refunds {
            payment: (*payment).to_owned(),
            total: eur(amount),
        },
        ["refund", payment, id, amount, how, ours @ ..] => Told::Refund(Refund {
            ours: ours.first().and_then(|name| RefundId::parse(name).ok()),
            id: (*id).to_owned(),
            payment: (*payment).to_owned(),
            amount: (*amount != "-").then(|| eur(amount)),
            state: state(how)?,
        }),
        ["chargeback", payment, id, amount, how] => Told::Chargeback(Chargeback {
            id: (*id).to_owned(),
            payment: (*payment).to_owned(),
            amount: Some(eur(amount)),
            reason: "fraudulent".to_owned(),
            stage: stage(how)?,
        }),
        _ => return Err(format!("{text:?} is nothing that a player says")),
    })
}

/// A customer who owes an invoice and has pressed pay.
struct World {
    db: Db,
    customer: CustomerId,
    invoice: InvoiceId,
    checkout: CheckoutId,
    link: LinkId,
}

fn moment() -> Moment {
    Moment::at("2026-02-01T09:00:00Z".parse().expect("an instant"))
}

fn transact<T>(db: &Db, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(db.transaction(work)).expect("a transaction")
}

impl World {
    fn new(owed: &str) -> World {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let key = format!("T{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let db = ledger();
        let document = json!({"external_id": key, "name": key, "kind": "business", "country": "DE",
            "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR", "preferred_payment_methods": ["card"]});
        let input = CustomerInput::parse(&document).expect("a customer");
        let taken = transact(&db, async |tx| {
            customers::upsert(tx, moment(), std::slice::from_ref(&input)).await
        });
        let (customer, _) = taken.into_iter().next().expect("an outcome");
        let document = json!({"number": key, "customer": {"external_id": key}, "issue_date": "2026-01-01",
            "currency": "EUR", "total": owed});
        let input = InvoiceInput::parse(&document).expect("an invoice");
        let taken = transact(&db, async |tx| {
            invoices::take(tx, moment(), std::slice::from_ref(&input)).await
        });
        let Some(invoices::Taken::Accepted(invoice)) = taken.into_iter().next() else {
            panic!("no invoice");
        };
        let link = NewLink {
            id: moment().id(LinkId::from_parts).expect("an id"),
            token_hash: key.clone(),
            customer: customer.clone(),
            message: None,
            currency: Currency::parse("EUR").expect("euro"),
            amount: None,
            allow_partial: false,
            minimum: None,
            expires_at: "2026-03-01T09:00:00Z".parse().expect("an instant"),
            invoices: vec![invoice.clone()],
        };
        let session = Session {
            id: format!("s-{key}"),
            url: "https://player.example".to_owned(),
            expires_at: "2026-02-02T08:00:00Z".parse().expect("an instant"),
        };
        let checkout = transact(&db, async |tx| {
            links::create(tx, moment(), std::slice::from_ref(&link)).await?;
            let id =
                checkouts::begin(tx, moment(), &link.id, PLAYER.name, eur(owed), session.expires_at).await?;
            assert!(checkouts::opened(tx, moment(), &id, &session).await?);
            Ok(id)
        });
        let shown = now(links::by_token(&db, moment(), &key))
            .expect("a look")
            .expect("a link");
        assert_eq!(
            (shown.country.as_str(), shown.preferred_methods),
            ("DE", vec!["card".to_owned()])
        );
        World {
            db,
            customer,
            invoice,
            checkout,
            link: link.id,
        }
    }

    /// What the player calls the payment.
    fn payment(&self) -> String {
        format!("p-{}", self.checkout)
    }

    /// An event, as it comes by webhook: stored, applied once, concluded.
    fn tell(&self, text: &str) -> String {
        let text = text
            .replace("CHK", self.checkout.as_str())
            .replace("PAY", &self.payment());
        let text = text
            .replace(" re-", &format!(" re-{}-", self.link))
            .replace(" cb-", &format!(" cb-{}-", self.link));
        let stored = Stored {
            id: format!("{} {text}", self.customer),
            body: text.clone(),
        };
        transact(&self.db, async |tx| {
            inbound::store(tx, moment(), PLAYER.name, &[&stored], None).await
        });
        let effect = transact(&self.db, async |tx| {
            if !inbound::open(tx, PLAYER.name, &[&stored])
                .await?
                .contains(&stored.id)
            {
                return Ok("duplicate");
            }
            let effect = told::apply(tx, moment(), PLAYER, &text).await?;
            inbound::conclude(tx, PLAYER.name, &stored.id, &effect).await?;
            Ok(effect.name())
        });
        self.proved();
        effect.to_owned()
    }

    /// The player's own name for a refund: one in the whole ledger.
    fn name(&self, short: &str) -> String {
        short.replace("re-", &format!("re-{}-", self.link))
    }

    fn view(&self) -> Value {
        let found = transact(&self.db, async |tx| {
            payments::by_reference(tx, PLAYER.name, &self.payment()).await
        });
        let id = found.expect("a payment").id;
        let view = now(payments::view(&self.db, &id))
            .expect("a view")
            .expect("a payment");
        serde_json::to_value(view).expect("JSON")
    }

    /// Allocated, unapplied, refunded, reversed.
    fn parts(&self) -> [String; 4] {
        let view = self.view();
        ["allocated", "unapplied", "refunded", "reversed"]
            .map(|part| view[part]["amount"].as_str().expect("an amount").to_owned())
    }

    fn id(&self) -> PaymentId {
        PaymentId::parse(self.view()["id"].as_str().expect("an id")).expect("an id")
    }

    fn refund(&self, amount: &str) -> ByHand {
        let document = json!({"amount": {"amount": amount, "currency": "EUR"}, "reason": "asked for"});
        let document = RefundInput::parse(&document).expect("a refund");
        let id = self.id();
        let done = transact(&self.db, async |tx| {
            payments::refund_through(tx, moment(), &id, &document, PLAYER.name).await
        });
        self.proved();
        done
    }

    fn orders(&self) -> Vec<refunds::Order> {
        let id = self.id();
        transact(&self.db, async |tx| refunds::unanswered(tx, &id).await)
    }

    fn answer(&self, order: &refunds::Order, answer: &Answered) {
        transact(&self.db, async |tx| {
            refunds::answered(tx, moment(), order, answer).await
        });
        self.proved();
    }

    /// What each refund came to.
    fn refunds(&self) -> Vec<String> {
        let view = self.view();
        let all = view["refunds"].as_array().expect("refunds").iter();
        all.map(|refund| {
            format!(
                "{} {}",
                refund["amount"]["amount"].as_str().expect("an amount"),
                refund["status"].as_str().expect("a status")
            )
        })
        .collect()
    }

    fn kinds(&self, kind: &str) -> usize {
        let entries = now(views::timeline(&self.db, &self.customer, "~", 100)).expect("a timeline");
        entries.iter().filter(|entry| entry.kind == kind).count()
    }

    fn owed(&self) -> String {
        let view = now(views::invoice(&self.db, &self.invoice))
            .expect("a view")
            .expect("an invoice");
        let view = serde_json::to_value(view).expect("JSON");
        view["balance"]["amount"].as_str().expect("an amount").to_owned()
    }

    fn proved(&self) {
        let drift = now(postings::drift(&self.db)).expect("a proof");
        assert!(drift.is_empty(), "{drift:?}");
    }
}

#[test]
fn money_is_applied_once_and_what_is_of_another_currency_is_for_a_person() {
    let world = World::new("100.00");
    assert_eq!(world.tell("dollars CHK"), "failed");
    assert_eq!(world.tell("#1 paid CHK 100.00"), "processed");
    assert_eq!(world.tell("#1 paid CHK 100.00"), "duplicate");
    assert_eq!(world.tell("#2 paid CHK 100.00"), "processed");
    assert_eq!(world.parts(), ["100.00", "0.00", "0.00", "0.00"]);
    assert_eq!(world.kinds("payment_received"), 1);
    assert_eq!(world.tell("expired CHK"), "ignored");
    assert_eq!(world.tell("paid chk_01kerpxzmw76f6s5peagy4mabq 5.00"), "ignored");
    assert_eq!(world.tell("nonsense"), "failed");
}

#[test]
fn a_debit_that_fails_ends_its_hand_over_before_it_is_paid_and_reopens_after() {
    let early = World::new("100.00");
    assert_eq!(early.tell("approved CHK"), "processed");
    assert_eq!(early.tell("fell CHK"), "processed");
    assert_eq!(early.kinds("payment_failed"), 1);
    // The bank was asked once more, and paid.
    assert_eq!(early.tell("paid CHK 100.00"), "processed");
    assert_eq!(early.owed(), "0.00");

    let late = World::new("100.00");
    assert_eq!(late.tell("paid CHK 100.00"), "processed");
    assert_eq!(late.tell("#1 fell CHK"), "processed");
    assert_eq!(
        (late.owed().as_str(), late.parts()),
        ("100.00", ["0.00", "0.00", "0.00", "100.00"].map(str::to_owned))
    );
    assert_eq!(late.tell("#2 fell CHK"), "ignored");
}

#[test]
fn what_was_given_up_is_not_fetched() {
    let world = World::new("100.00");
    assert_eq!(world.tell("expired CHK"), "processed");
    assert_eq!(world.tell("approved CHK"), "ignored");
    assert!(
        now(checkouts::looked(&world.db, &world.checkout))
            .expect("a look")
            .is_none()
    );
    // Money that came all the same has come.
    assert_eq!(world.tell("paid CHK 100.00"), "processed");
    assert_eq!(world.owed(), "0.00");
}

#[test]
fn a_refund_is_set_aside_asked_for_and_done_once() {
    let world = World::new("60.00");
    world.tell("paid CHK 100.00");
    assert_eq!(world.refund("30.00"), ByHand::Done);
    assert_eq!(world.parts(), ["60.00", "10.00", "30.00", "0.00"]);
    let orders = world.orders();
    let [order] = orders.as_slice() else {
        panic!("{orders:?}")
    };
    assert_eq!(
        (order.amount, order.total, order.payment.as_str()),
        (eur("30.00"), eur("30.00"), world.payment().as_str())
    );
    world.answer(order, &Answered::Asked(world.name("re-1")));
    assert_eq!(
        (world.orders().len(), world.refunds()),
        (0, vec!["30.00 requested".to_owned()])
    );
    let payment = world.payment();
    assert_eq!(
        world.tell(&format!("refund {payment} re-1 30.00 done")),
        "processed"
    );
    // Told under our name, as a sum, and by a late answer, it is the same.
    assert_eq!(
        world.tell(&format!("refund {payment} re-1 30.00 done {}", order.id)),
        "ignored"
    );
    assert_eq!(world.tell("sum PAY 30.00"), "ignored");
    world.answer(order, &Answered::Done(world.name("re-1")));
    assert_eq!(world.parts(), ["60.00", "10.00", "30.00", "0.00"]);
    assert_eq!(world.refunds(), ["30.00 done"]);
    assert!(matches!(world.refund("10.01"), ByHand::Refused(_)));
    assert_eq!(world.refund("10.00"), ByHand::Done);
    assert_eq!(world.orders()[0].total, eur("40.00"));
    assert_eq!(world.refund("1.00"), ByHand::NothingOnAccount);
}

#[test]
fn a_refund_that_is_told_before_it_is_answered_is_the_same() {
    let world = World::new("60.00");
    world.tell("paid CHK 100.00");
    world.refund("40.00");
    let order = world.orders().remove(0);
    assert_eq!(
        world.tell(&format!("refund PAY re-9 40.00 done {}", order.id)),
        "processed"
    );
    world.answer(&order, &Answered::Asked(world.name("re-9")));
    world.answer(&order, &Answered::Refused("refunded already".to_owned()));
    assert_eq!(
        (world.refunds(), world.orders().len()),
        (vec!["40.00 done".to_owned()], 0)
    );
    assert_eq!(world.parts(), ["60.00", "0.00", "40.00", "0.00"]);
}

#[test]
fn a_refund_that_fails_now_or_later_restores_what_was_set_aside_and_makes_one_task() {
    for later in [false, true] {
        let world = World::new("60.00");
        world.tell("paid CHK 100.00");
        world.refund("40.00");
        let order = world.orders().remove(0);
        if later {
            world.answer(&order, &Answered::Done(world.name("re-1")));
            assert_eq!(world.parts(), ["60.00", "0.00", "40.00", "0.00"]);
            let payment = world.payment();
            assert_eq!(
                world.tell(&format!("#1 refund {payment} re-1 - failed")),
                "processed"
            );
        } else {
            world.answer(&order, &Answered::Refused("account closed".to_owned()));
            world.answer(&order, &Answered::Refused("account closed".to_owned()));
        }
        assert_eq!(world.parts(), ["60.00", "40.00", "0.00", "0.00"], "{later}");
        assert_eq!(world.refunds(), ["40.00 failed"]);
        assert_eq!(
            (world.kinds("payment_restored"), world.kinds("task_opened")),
            (1, 1),
            "{later}"
        );
        // What is told too late changes nothing.
        assert_eq!(
            world.tell(&format!("#2 refund PAY re-1 40.00 done {}", order.id)),
            "ignored"
        );
        assert_eq!(world.parts(), ["60.00", "40.00", "0.00", "0.00"]);
        // And it can be asked for again, as another.
        assert_eq!(world.refund("40.00"), ByHand::Done);
        assert_ne!(world.orders()[0].id, order.id);
    }
}

#[test]
fn what_the_provider_may_have_forgotten_is_left_to_a_person() {
    let world = World::new("60.00");
    world.tell("paid CHK 100.00");
    world.refund("40.00");
    let order = world.orders().remove(0);
    for _ in 0..2 {
        transact(&world.db, async |tx| {
            refunds::leave_to_a_person(tx, moment(), &order).await
        });
    }
    assert_eq!((world.orders().len(), world.kinds("task_opened")), (0, 1));
    assert_eq!(world.refunds(), ["40.00 requested"]);
    // An event may still say how it ended.
    assert_eq!(
        world.tell(&format!("refund PAY re-1 40.00 done {}", order.id)),
        "processed"
    );
}

#[test]
fn a_refund_made_at_the_provider_is_taken_back_by_its_name() {
    let world = World::new("100.00");
    assert_eq!(world.tell("refund PAY re-5 25.00 done"), "waiting");
    assert_eq!(world.tell("paid CHK 100.00"), "processed");
    assert_eq!(world.parts(), ["75.00", "0.00", "25.00", "0.00"]);
    assert_eq!(world.owed(), "25.00");
    assert_eq!(world.tell("#1 refund PAY re-6 - done"), "failed");
    assert_eq!(world.refunds(), ["25.00 done"]);
}

#[test]
fn a_chargeback_that_is_won_after_it_was_lost_is_on_account_again() {
    let world = World::new("100.00");
    world.tell("paid CHK 100.00");
    for (stage, parts) in [
        ("demanded", ["100.00", "0.00", "0.00", "0.00"]),
        ("lost", ["60.00", "0.00", "0.00", "40.00"]),
        ("won", ["60.00", "40.00", "0.00", "0.00"]),
    ] {
        assert_eq!(
            world.tell(&format!("chargeback PAY cb-1 40.00 {stage}")),
            "processed"
        );
        assert_eq!(world.parts(), parts, "{stage}");
    }
    assert_eq!(world.tell("#1 chargeback PAY cb-1 40.00 lost"), "ignored");
}

#[test]
fn a_session_that_no_event_has_ended_is_looked_at_in_time_and_by_one() {
    let world = World::new("100.00");
    let due = |minutes: i64| -> Vec<Looked> {
        let at = Moment::at(moment().now + TimeDelta::minutes(minutes));
        let all = transact(&world.db, async |tx| checkouts::to_look_at(tx, at, 1_000).await);
        all.into_iter()
            .filter(|looked| looked.id == world.checkout)
            .collect()
    };
    assert_eq!(due(14).len(), 0);
    let first = due(15);
    assert_eq!(
        (first.len(), first[0].pending, first[0].amount),
        (1, false, eur("100.00"))
    );
    assert_eq!(due(15).len(), 0);
    assert_eq!(due(29).len(), 0);
    assert_eq!(due(30).len(), 1);
    assert_eq!(world.tell("approved CHK"), "processed");
    let looked = now(checkouts::looked(&world.db, &world.checkout))
        .expect("a look")
        .expect("one");
    assert!(looked.pending);
    assert!(due(60)[0].pending);
    world.tell("paid CHK 100.00");
    assert_eq!(due(100_000).len(), 0);
    assert!(
        now(checkouts::underway(&world.db, &world.link))
            .expect("a look")
            .is_none()
    );
}

#[test]
fn refunds_to_be_asked_for_are_claimed_by_one() {
    let world = World::new("60.00");
    world.tell("paid CHK 100.00");
    world.refund("5.00");
    let id = world.orders()[0].id.clone();
    let claim = |minutes: i64| {
        let at = Moment::at(moment().now + TimeDelta::minutes(minutes));
        let all = transact(&world.db, async |tx| refunds::to_ask(tx, at, 1_000).await);
        all.iter().filter(|order| order.id == id).count()
    };
    assert_eq!(
        (claim(0), claim(0), claim(1), claim(2), claim(2)),
        (1, 0, 0, 1, 0)
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// What a payment comes to does not depend on the order in which its events come, nor on how often.
    #[test]
    fn any_order_comes_to_the_same(order in Just((0..16).map(|at| at % 8).collect::<Vec<usize>>()).prop_shuffle()) {
        let world = World::new("100.00");
        let events = [
            "paid CHK 100.00",
            "refund PAY re-1 10.00 requested",
            "refund PAY re-1 10.00 done",
            "refund PAY re-2 20.00 done",
            "refund PAY re-2 20.00 failed",
            "chargeback PAY cb-1 30.00 demanded",
            "chargeback PAY cb-1 30.00 lost",
            "expired CHK",
        ];
        for (turn, at) in order.into_iter().enumerate() {
            world.tell(&format!("#{} {}", turn % 3, events[at]));
        }
        let [allocated, unapplied, refunded, reversed] = world.parts();
        let left = eur(&allocated).checked_add(eur(&unapplied)).expect("a sum");
        prop_assert_eq!((left, refunded.as_str(), reversed.as_str()), (eur("60.00"), "10.00", "30.00"));
        prop_assert_eq!(world.kinds("payment_received"), 1);
    }
}

#[test]
fn an_effect_is_named_by_what_counts_most() {
    let world = World::new("100.00");
    // A document that tells of the payment and of what went back of it.
    assert_eq!(
        world.tell("paid CHK 100.00\nrefund PAY re-7 15.00 done\nnothing of the kind"),
        "failed"
    );
    assert_eq!(
        world.tell("paid CHK 100.00\nrefund PAY re-7 15.00 done"),
        "processed"
    );
    assert_eq!(world.parts(), ["85.00", "0.00", "15.00", "0.00"]);
}

//! Charges on a real ledger: what steps charge, what takes it back, what is owed on a date.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::ground::now;

use chrono::{DateTime, NaiveDate, Utc};
use receivables::charges::rates::{Entry, Series};
use receivables::charges::{Charge, ChargeError, Fee};
use receivables::fields::Fields;
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::intake::{CreditNoteInput, CustomerInput, InvoiceInput, PaymentInput};
use receivables::policy::Policy;
use receivables::receivable::ReceivableKind;
use serde_json::{Value, json};
use store::charges::{self, ChargeView, Charged, Filter, StepCharges, Undone};
use store::dues::{self, CustomerDues};
use store::payments::{Incoming, Recorded};
use store::{
    Moment, StoreError, Tx, credit_notes, customers, delivery, dunning, invoices, payments, policies,
    postings, rates, views,
};

crate::ground::own_ledger!();

fn write<T>(work: impl AsyncFn(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(ledger().transaction(async |tx: &Tx<'_>| work(tx).await)).expect("a transaction")
}

fn at(day: &str) -> Moment {
    let instant: DateTime<Utc> = format!("{day}T10:00:00Z").parse().expect("an instant");
    Moment::at(instant)
}

fn day(text: &str) -> NaiveDate {
    text.parse().expect("a day")
}

fn unique(prefix: &str) -> String {
    static NEXT: AtomicUsize = AtomicUsize::new(1);
    format!("{prefix}-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A customer with an account of its own in a currency.
struct Known {
    id: CustomerId,
    currency: &'static str,
}

fn customer(kind: &str, country: &str, currency: &'static str, policy: Option<&str>) -> Known {
    let external_id = unique("C");
    let document = json!({"external_id": external_id, "name": external_id, "kind": kind, "country": country,
        "time_zone": "Europe/Berlin", "locale": "en", "currency": currency, "contacts": [], "policy": policy});
    let input = CustomerInput::parse(&document).expect("a customer");
    let made = write(async |tx| customers::upsert(tx, at("2026-01-01"), std::slice::from_ref(&input)).await);
    let (id, _) = made.into_iter().next().expect("one");
    Known { id, currency }
}

impl Known {
    fn invoice(&self, total: &str, issued: &str, due: &str) -> InvoiceId {
        self.invoice_known_on("2026-01-01", total, issued, due)
    }

    fn invoice_known_on(&self, known_on: &str, total: &str, issued: &str, due: &str) -> InvoiceId {
        let document = json!({"number": unique("R"), "customer": {"id": self.id}, "issue_date": issued,
            "due_date": due, "currency": self.currency, "total": total});
        self.take(&document, known_on)
    }

    fn take(&self, document: &Value, known_on: &str) -> InvoiceId {
        let input = InvoiceInput::parse(document).expect("an invoice");
        let taken = write(async |tx| invoices::take(tx, at(known_on), std::slice::from_ref(&input)).await);
        match taken.first() {
            Some(invoices::Taken::Accepted(id)) => id.clone(),
            other => panic!("{}: {other:?}", self.id),
        }
    }

    /// Pays towards an invoice, with a value date.
    fn pay(&self, invoice: &InvoiceId, amount: &str, on: &str, known_on: &str) -> PaymentId {
        let number = number(invoice);
        let document = json!({"customer": {"id": self.id}, "amount": amount, "currency": self.currency,
            "received_on": on, "method": "bank_transfer", "reference": unique("P"),
            "remittance": [{"invoice_number": number}]});
        let incoming = Incoming::told("api", PaymentInput::parse(&document).expect("a payment"));
        match write(async |tx| payments::record(tx, at(known_on), &incoming).await) {
            Recorded::Accepted(id) => id,
            other => panic!("{other:?}"),
        }
    }

    fn charges(&self) -> Vec<ChargeView> {
        let filter = Filter {
            customer: Some(self.id.clone()),
            ..Filter::default()
        };
        now(charges::list(&ledger(), &filter, 100)).expect("charges")
    }

    /// Every receivable of a kind as `number's end amount balance status`.
    fn shown(&self) -> Vec<String> {
        let charges = self.charges();
        let line = |charge: &ChargeView| {
            let suffix = charge.number.rsplit('-').next().unwrap_or_default();
            let amount = charge.amount.map_or("-".to_owned(), |amount| amount.amount());
            format!("{suffix} {amount} {} {}", charge.balance.amount(), charge.status)
        };
        charges.iter().map(line).collect()
    }

    fn dues(&self, on: &str) -> Result<Vec<CustomerDues>, ChargeError> {
        let asked = [self.id.clone()];
        let mut all = now(dues::of_customers(&ledger(), at("2026-06-01"), &asked, day(on))).expect("dues");
        all.remove(&self.id).expect("an answer")
    }

    fn owes(&self, on: &str) -> String {
        let dues = self.dues(on).expect("no rate is missing");
        dues.first()
            .map_or("0".to_owned(), |dues| dues.total.dues.total.amount())
    }

    fn balance(&self) -> String {
        let view = now(views::customer(&ledger(), at("2026-06-01"), &self.id)).expect("a view");
        view.expect("a customer").balance.amount()
    }

    fn unapplied(&self) -> String {
        let view = now(views::customer(&ledger(), at("2026-06-01"), &self.id)).expect("a view");
        view.expect("a customer").unapplied.amount()
    }
}

fn number(invoice: &InvoiceId) -> String {
    let standing = now(invoices::standing(&ledger(), invoice)).expect("a standing");
    standing.expect("an invoice").number
}

fn read<T>(value: &Value, read: impl FnOnce(&mut Fields<'_>) -> Option<T>) -> T {
    let mut fields = Fields::of(value);
    let made = read(&mut fields);
    fields.finish(|| made).expect("no problem")
}

fn fee(value: Value) -> Fee {
    read(&value, Fee::read)
}

fn charge(value: Value) -> Charge {
    read(&value, Charge::read)
}

/// Takes a step that charges.
fn take(
    day: &str,
    step: &str,
    invoices: &[&InvoiceId],
    fee: Option<&Fee>,
    charge: Option<&Charge>,
) -> Charged {
    let invoices: Vec<InvoiceId> = invoices.iter().map(|id| (*id).clone()).collect();
    let cycle = invoices.first().map(ToString::to_string).unwrap_or_default();
    let step = StepCharges {
        step,
        cycle: &cycle,
        message: None,
        invoices: &invoices,
        fee,
        charge,
    };
    write(async |tx| charges::for_steps(tx, at(day), std::slice::from_ref(&step)).await)
}

fn proven() {
    let drift = now(postings::drift(&ledger())).expect("a proof");
    assert!(drift.is_empty(), "{drift:?}");
}

/// A policy of one step that charges interest.
fn policy_with(charge: Value) -> String {
    let name = unique("p").to_lowercase();
    let mut document = serde_json::to_value(Policy::standard()).expect("a policy");
    document["name"] = json!(name);
    document["steps"]
        .as_array_mut()
        .expect("steps")
        .push(json!({"id": "interest", "day": 30, "charge": charge}));
    let policy = Policy::parse(&document).expect("a policy");
    write(async |tx| policies::put(tx, at("2026-01-01"), &policy, day("2025-01-01"), "test").await);
    name
}

#[test]
fn fees_are_receivables_of_their_own_and_never_on_one_another() {
    // Levels at 5, 20 and 40 days: nothing, 10 flat, 15 % of the invoice: 100 -> 110 -> 125, not 126.50.
    let known = customer("business", "DE", "EUR", None);
    let invoice = known.invoice("100.00", "2026-01-01", "2026-01-15");
    let flat = fee(json!({"kind": "flat", "amount": {"EUR": "10.00"}}));
    let part = fee(json!({"kind": "percent", "percent": "15"}));
    assert_eq!(
        take("2026-01-20", "level1", &[&invoice], None, None),
        Charged::default()
    );
    take("2026-02-04", "level2", &[&invoice], Some(&flat), None);
    assert_eq!(known.balance(), "110.00");
    // The sweep names every receivable of the case, the first fee too.
    let first_fee = known.charges()[0].id.clone();
    take("2026-02-24", "level3", &[&invoice, &first_fee], Some(&part), None);
    assert_eq!(known.balance(), "125.00");
    assert_eq!(known.shown(), ["F1 10.00 10.00 posted", "F2 15.00 15.00 posted"]);
    // Once per step and cycle, however often the step is taken.
    for (step, fee) in [("level2", &flat), ("level3", &part)] {
        let again = take("2026-02-25", step, &[&invoice], Some(fee), None);
        assert_eq!(again, Charged::default(), "{step}");
    }
    assert_eq!(known.balance(), "125.00");
    let other_cycle = StepCharges {
        step: "level2",
        cycle: "another",
        message: None,
        invoices: std::slice::from_ref(&invoice),
        fee: Some(&flat),
        charge: None,
    };
    let posted =
        write(async |tx| charges::for_steps(tx, at("2026-02-26"), std::slice::from_ref(&other_cycle)).await);
    assert_eq!(posted.posted.len(), 1, "a new cycle charges anew");
    proven();
}

#[test]
fn what_is_not_charged_is_told_with_the_reason() {
    let known = customer("business", "DE", "EUR", None);
    let invoice = known.invoice("100.00", "2026-01-01", "2026-01-15");
    let dollars = fee(json!({"kind": "flat", "amount": {"USD": "10.00"}}));
    assert_eq!(
        take("2026-02-04", "level2", &[&invoice], Some(&dollars), None),
        Charged::default()
    );
    let timeline = now(views::timeline(&ledger(), &known.id, "~", 10)).expect("a timeline");
    let told = timeline
        .iter()
        .find(|line| line.kind == "charge_refused")
        .expect("a line");
    assert!(told.detail.contains("no amount in EUR"), "{}", told.detail);

    let consumer = customer("consumer", "GB", "GBP", None);
    let invoice = consumer.invoice("3000.00", "2026-01-01", "2026-01-15");
    let statutory = charge(json!({"kind": "statutory"}));
    assert_eq!(
        take("2026-03-16", "interest", &[&invoice], None, Some(&statutory)),
        Charged::default()
    );
    let timeline = now(views::timeline(&ledger(), &consumer.id, "~", 10)).expect("a timeline");
    let told = timeline
        .iter()
        .find(|line| line.kind == "charge_refused")
        .expect("a line");
    assert!(told.detail.contains("against businesses only"), "{}", told.detail);
}

#[test]
fn principal_paid_first_leaves_interest_and_fee_owed() {
    // 100 at 10 % for fifteen days and a fee of 10: 110.41; after 100 is paid to principal, 10.41.
    let policy = policy_with(json!({"kind": "interest", "percent": "10"}));
    let known = customer("business", "DE", "EUR", Some(&policy));
    let invoice = known.invoice("100.00", "2026-01-01", "2026-01-15");
    let flat = fee(json!({"kind": "flat", "amount": {"EUR": "10.00"}}));
    take("2026-01-30", "firm", &[&invoice], Some(&flat), None);
    assert_eq!(known.owes("2026-01-30"), "110.41", "accrued, not yet charged");
    known.pay(&invoice, "100.00", "2026-01-30", "2026-01-30");
    assert_eq!(known.owes("2026-01-30"), "10.41");
    assert_eq!(known.owes("2026-05-30"), "10.41", "nothing more accrues");

    // The same where a step has charged the interest before.
    let known = customer("business", "DE", "EUR", Some(&policy));
    let invoice = known.invoice("100.00", "2026-01-01", "2026-01-15");
    let interest = charge(json!({"kind": "interest", "percent": "10"}));
    take("2026-01-30", "firm", &[&invoice], Some(&flat), Some(&interest));
    assert_eq!(known.shown(), ["F1 10.00 10.00 posted", "I1 0.41 0.41 posted"]);
    assert_eq!(known.balance(), "110.41");
    known.pay(&invoice, "100.00", "2026-01-30", "2026-01-30");
    assert_eq!(
        (known.balance().as_str(), known.owes("2026-05-30").as_str()),
        ("10.41", "10.41")
    );
    proven();
}

#[test]
fn a_statute_grants_interest_and_a_fixed_sum_once_an_invoice() {
    // 3,000 at 3.75 + 8 % for sixty days: 57.95; 70 for a debt from 1,000 to under 10,000.
    let known = customer("business", "GB", "GBP", None);
    let invoice = known.invoice("3000.00", "2026-01-01", "2026-01-15");
    let statutory = charge(json!({"kind": "statutory"}));
    take("2026-03-16", "interest", &[&invoice], None, Some(&statutory));
    assert_eq!(known.shown(), ["C1 70.00 70.00 posted", "I1 57.95 57.95 posted"]);
    let charged = known.charges();
    assert!(
        charged[1].detail["citations"][0]
            .as_str()
            .expect("a source")
            .contains("Act 1998")
    );
    assert_eq!(charged[1].detail["interest"]["periods"][0]["days"], 60);
    // Thirty days later only what has accrued since: 3,000 x 11.75 % x 90 / 365 = 86.9178 less 57.95.
    take("2026-04-15", "again", &[&invoice], None, Some(&statutory));
    assert_eq!(
        known.shown(),
        [
            "C1 70.00 70.00 posted",
            "I1 57.95 57.95 posted",
            "I2 28.97 28.97 posted"
        ]
    );
    let consumer = customer("consumer", "GB", "GBP", None);
    let invoice = consumer.invoice("3000.00", "2026-01-01", "2026-01-15");
    assert_eq!(
        take("2026-03-16", "interest", &[&invoice], None, Some(&statutory)),
        Charged::default()
    );
    proven();
}

#[test]
fn a_payment_with_an_earlier_value_date_takes_interest_back() {
    let known = customer("business", "DE", "EUR", None);
    let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    take("2026-02-04", "first", &[&invoice], None, Some(&interest));
    take("2026-02-14", "second", &[&invoice], None, Some(&interest));
    assert_eq!(known.shown(), ["I1 20.00 20.00 posted", "I2 10.00 10.00 posted"]);
    // 400 with the value of 25 January: 10 days of 1.00 and 20 of 0.60 have accrued, 22.00 in all.
    known.pay(&invoice, "400.00", "2026-01-25", "2026-02-20");
    assert_eq!(known.shown(), ["I1 20.00 20.00 posted", "I2 10.00 2.00 posted"]);
    // A credit note of 20 January over 500 of the remaining 600: 5 x 1.00, 5 x 0.50 and 20 x 0.10 make 9.50.
    let number = number(&invoice);
    let document = json!({"number": unique("N"), "customer": {"id": known.id}, "issue_date": "2026-01-20",
        "currency": "EUR", "total": "500.00", "invoice_number": number});
    let note = CreditNoteInput::parse(&document).expect("a credit note");
    write(async |tx| credit_notes::take(tx, at("2026-02-21"), &note).await);
    assert_eq!(known.shown(), ["I1 20.00 9.50 posted", "I2 10.00 0.00 reversed"]);
    // The next step charges what has accrued since, and no day twice.
    take("2026-02-24", "third", &[&invoice], None, Some(&interest));
    assert_eq!(known.shown()[2], "I3 1.00 1.00 posted");
    proven();
}

#[test]
fn money_that_bounced_never_lowered_what_bears_interest() {
    let known = customer("business", "DE", "EUR", None);
    let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    let payment = known.pay(&invoice, "1000.00", "2026-01-25", "2026-01-25");
    write(async |tx| payments::reverse(tx, at("2026-02-10"), &payment, "account closed").await);
    take("2026-02-14", "first", &[&invoice], None, Some(&interest));
    assert_eq!(known.shown(), ["I1 30.00 30.00 posted"]);
    proven();
}

#[test]
fn what_was_charged_on_a_void_invoice_goes_with_it() {
    let known = customer("business", "DE", "EUR", None);
    let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let flat = fee(json!({"kind": "flat", "amount": {"EUR": "10.00"}}));
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    let charged = take("2026-02-14", "first", &[&invoice], Some(&flat), Some(&interest));
    // A charge that is voided is reversed.
    let fee = &charged.posted[0].id;
    write(async |tx| invoices::void(tx, at("2026-02-15"), fee).await);
    assert_eq!(known.shown(), ["F1 10.00 0.00 reversed", "I1 30.00 30.00 posted"]);
    write(async |tx| invoices::void(tx, at("2026-02-16"), &invoice).await);
    assert_eq!(
        known.shown(),
        ["F1 10.00 0.00 reversed", "I1 30.00 0.00 reversed"]
    );
    assert_eq!(
        (known.balance().as_str(), known.owes("2026-03-01").as_str()),
        ("0.00", "0")
    );
    proven();
}

#[test]
fn interest_that_was_paid_and_comes_back_is_on_account() {
    let known = customer("business", "DE", "EUR", None);
    let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    let charged = take("2026-02-14", "first", &[&invoice], None, Some(&interest));
    known.pay(&charged.posted[0].id, "25.00", "2026-02-15", "2026-02-15");
    // 12.00 of the 30.00 should not have been charged: 5.00 were still owed, 7.00 had been paid.
    known.pay(&invoice, "600.00", "2026-01-25", "2026-02-20");
    assert_eq!(known.shown(), ["I1 30.00 0.00 posted"]);
    assert_eq!(known.unapplied(), "7.00");
    proven();
}

#[test]
fn a_missing_rate_blocks_the_charge_until_it_is_known() {
    let known = customer("business", "SE", "EUR", None);
    let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let statutory = charge(json!({"kind": "statutory"}));
    let charged = take("2026-02-14", "interest", &[&invoice], None, Some(&statutory));
    let series = Series::parse("reference_se").expect("a series");
    let blocked = &charged.blocked[0];
    assert_eq!(
        (blocked.series, blocked.from, blocked.to),
        (series, day("2026-01-16"), day("2026-02-14"))
    );
    assert_eq!(charged.posted.len(), 1, "the fixed sum needs no rate");
    assert_eq!(known.shown(), ["C1 40.00 40.00 posted", "I1 - 0.00 blocked"]);
    let view = &known.charges()[1];
    let missing = view.missing.as_ref().expect("what is missing");
    assert_eq!((missing.series, missing.from), (series, day("2026-01-16")));
    assert!(
        view.how
            .contains("no rate of the series reference_se for 2026-01-16 to 2026-02-14"),
        "{}",
        view.how
    );
    // Taken again it stays one.
    let again = take("2026-02-15", "interest", &[&invoice], None, Some(&statutory));
    assert_eq!(again, Charged::default());

    let entries = json!({"entries": [{"from": "2026-01-01", "percent": "2", "source": "Riksbanken"}]});
    let entries = Entry::read_all(series, &entries).expect("entries");
    let posted = write(async |tx| {
        rates::replace(tx, series, &entries).await?;
        charges::unblock(tx, at("2026-03-01"), series).await
    });
    // 1,000 x 10 % x 30 / 365, to the day of the step.
    assert_eq!(posted, 1);
    assert_eq!(known.shown(), ["C1 40.00 40.00 posted", "I1 8.22 8.22 posted"]);
    assert_eq!(known.balance(), "1048.22");
    proven();
}

#[test]
fn waived_interest_is_not_charged_again_and_reversed_interest_is() {
    let known = customer("business", "DE", "EUR", None);
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    let cases = [(true, "I2 10.00 10.00 posted"), (false, "I2 30.00 30.00 posted")];
    for (waive, expected) in cases {
        let known = customer("business", "DE", "EUR", None);
        let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
        let charged = take("2026-02-04", "first", &[&invoice], None, Some(&interest));
        let id = charged.posted[0].id.clone();
        let undo = |waive: bool| {
            write(async |tx| match waive {
                true => charges::waive(tx, at("2026-02-05"), &id, "goodwill").await,
                false => charges::reverse(tx, at("2026-02-05"), &id, "a mistake").await,
            })
        };
        assert_eq!(undo(waive), Undone::Done);
        assert_eq!(undo(waive), Undone::Done, "again changes nothing");
        assert_eq!(
            undo(!waive),
            if waive { Undone::Waived } else { Undone::Reversed }
        );
        assert_eq!(known.balance(), "1000.00");
        take("2026-02-14", "second", &[&invoice], None, Some(&interest));
        assert_eq!(known.shown()[1], expected);
    }
    // What is paid is not waived, but may be reversed: it is credit then.
    let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let charged = take("2026-02-04", "first", &[&invoice], None, Some(&interest));
    let id = charged.posted[0].id.clone();
    known.pay(&id, "20.00", "2026-02-05", "2026-02-05");
    let waived = write(async |tx| charges::waive(tx, at("2026-02-06"), &id, "goodwill").await);
    assert_eq!(waived, Undone::Paid);
    let reversed = write(async |tx| charges::reverse(tx, at("2026-02-06"), &id, "a mistake").await);
    assert_eq!((reversed, known.unapplied().as_str()), (Undone::Done, "20.00"));
    let unknown = InvoiceId::from_parts(1, [0; 10]);
    let unknown = write(async |tx| charges::reverse(tx, at("2026-02-06"), &unknown, "x").await);
    assert_eq!(unknown, Undone::Unknown);
    proven();
}

/// The one test that sweeps: a year before what the others do, so that it meets none of their cases.
#[test]
fn what_a_message_spoke_about_and_what_it_charged() {
    let known = customer("business", "DE", "EUR", None);
    let early = |due: &str, total: &str| known.invoice_known_on("2025-03-01", total, "2025-01-01", due);
    let (paid, open) = (early("2025-03-10", "1000.00"), early("2025-03-20", "2000.00"));
    let swept = write(async |tx| dunning::sweep(tx, at("2025-03-11"), 100).await);
    assert_eq!(swept.queued, 1);
    let messages = now(views::messages(&ledger(), Some(&known.id), None, None, 10)).expect("messages");
    let message = messages[0].id.clone();

    // A fee goes with the message that announces it, as long as that has not left.
    let flat = fee(json!({"kind": "flat", "amount": {"EUR": "10.00"}}));
    let cycle = paid.to_string();
    let step = StepCharges {
        step: "reminder",
        cycle: &cycle,
        message: Some(&message),
        invoices: std::slice::from_ref(&paid),
        fee: Some(&flat),
        charge: None,
    };
    let charge_fee =
        |on: &str| write(async |tx| charges::for_steps(tx, at(on), std::slice::from_ref(&step)).await);
    assert_eq!(charge_fee("2025-03-11").posted.len(), 1);
    write(async |tx| delivery::cancel(tx, at("2025-03-11"), &message).await);
    assert_eq!(known.shown(), ["F1 10.00 0.00 reversed"]);
    // Its step comes due again, and the fee with it.
    assert_eq!(charge_fee("2025-03-12").posted.len(), 1);
    assert_eq!(known.shown()[1], "F2 10.00 10.00 posted");

    // Interest on an invoice whose principal was paid late is charged by the next step about another, if a message
    // had spoken about it.
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    let swept = write(async |tx| dunning::sweep(tx, at("2025-03-12"), 100).await);
    assert_eq!(swept.queued, 1);
    known.pay(&paid, "1000.00", "2025-03-20", "2025-03-20");
    take("2025-03-30", "first", &[&open], None, Some(&interest));
    let shown = known.shown();
    assert_eq!(shown[2..], ["I1 20.00 20.00 posted", "I1 10.00 10.00 posted"]);
    proven();
}

#[test]
fn what_nobody_spoke_about_is_in_the_figure_and_not_charged_by_the_way() {
    let policy = policy_with(json!({"kind": "interest", "percent": "36.5"}));
    let known = customer("business", "DE", "EUR", Some(&policy));
    let paid = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let open = known.invoice("2000.00", "2026-01-01", "2026-01-25");
    known.pay(&paid, "1000.00", "2026-01-25", "2026-01-25");
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    assert_eq!(known.owes("2026-02-04"), "2030.00");
    take("2026-02-04", "first", &[&open], None, Some(&interest));
    assert_eq!(known.shown(), ["I1 20.00 20.00 posted"]);
    proven();
}

#[test]
fn of_an_invoice_in_parts_only_those_due_bear_interest() {
    let known = customer("business", "DE", "EUR", None);
    let parts =
        json!([{"percent": "30", "days": 14}, {"percent": "50", "days": 34}, {"percent": "20", "days": 59}]);
    let document = json!({"number": unique("R"), "customer": {"id": known.id}, "issue_date": "2026-01-01",
        "terms": {"kind": "instalments", "parts": parts}, "currency": "EUR", "total": "1000.00"});
    let invoice = known.take(&document, "2026-01-01");
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    // 300 due on 15 January, 500 on 4 February, 200 on 1 March: 20 days of 300 and 10 days of 800.
    take("2026-02-14", "first", &[&invoice], None, Some(&interest));
    assert_eq!(known.shown(), ["I1 14.00 14.00 posted"]);
    // The first part paid on 25 January: 10 days of 300, and 10 of 500.
    known.pay(&invoice, "300.00", "2026-01-25", "2026-02-20");
    assert_eq!(known.shown(), ["I1 14.00 8.00 posted"]);
    proven();
}

#[test]
fn what_would_be_charged_is_foretold_and_nothing_is_written() {
    let known = customer("business", "GB", "GBP", None);
    let invoice = known.invoice("3000.00", "2026-01-01", "2026-01-15");
    let (part, statutory) = (
        fee(json!({"kind": "percent", "percent": "1"})),
        charge(json!({"kind": "statutory"})),
    );
    let cycle = invoice.to_string();
    let step = |name: &'static str, with_fee: bool| StepCharges {
        step: name,
        cycle: &cycle,
        message: None,
        invoices: std::slice::from_ref(&invoice),
        fee: with_fee.then_some(&part),
        charge: (!with_fee).then_some(&statutory),
    };
    let steps = [
        (day("2026-01-30"), step("firm", true)),
        (day("2026-03-16"), step("first", false)),
        (day("2026-04-15"), step("second", false)),
    ];
    let foretold = now(charges::foretell(&ledger(), &steps)).expect("a preview");
    let shown: Vec<Vec<String>> = foretold
        .iter()
        .map(|one| one.charges.iter().map(|(_, amount)| amount.amount()).collect())
        .collect();
    assert_eq!(shown, [vec!["30.00"], vec!["70.00", "57.95"], vec!["28.97"]]);
    assert!(known.charges().is_empty());
    // What is charged then is what was foretold.
    take("2026-03-16", "first", &[&invoice], None, Some(&statutory));
    let again = now(charges::foretell(&ledger(), &steps)).expect("a preview");
    assert_eq!(
        (again[1].charges.len(), again[2].charges.clone()),
        (0, foretold[2].charges.clone())
    );
}

#[test]
fn dues_are_computed_one_by_one_in_a_batch_and_as_one_figure() {
    let policy = policy_with(json!({"kind": "interest", "percent": "36.5"}));
    let (one, other) = (
        customer("business", "DE", "EUR", Some(&policy)),
        customer("business", "DE", "EUR", Some(&policy)),
    );
    let first = one.invoice("1000.00", "2026-01-01", "2026-01-15");
    one.invoice("500.00", "2026-01-01", "2026-01-25");
    other.invoice("100.00", "2026-01-01", "2026-01-15");
    one.pay(&first, "400.00", "2026-01-25", "2026-01-25");
    // 10 x 1.00 + 10 x 0.60 and 10 x 0.50; 20 x 0.10.
    let cases = [
        ("2026-01-15", "1500.00", "100.00"),
        ("2026-02-04", "1121.00", "102.00"),
        ("2026-02-14", "1132.00", "103.00"),
    ];
    for (on, first, second) in cases {
        assert_eq!(
            (one.owes(on).as_str(), other.owes(on).as_str()),
            (first, second),
            "{on}"
        );
    }
    let asked = [one.id.clone(), other.id.clone()];
    let all: BTreeMap<_, _> = now(dues::of_customers(
        &ledger(),
        at("2026-06-01"),
        &asked,
        day("2026-02-04"),
    ))
    .expect("dues");
    let totals = dues::totals(all.values().flatten().flatten()).expect("totals");
    assert_eq!(totals.len(), 1);
    assert_eq!(totals[0].to_settle.amount(), "1223.00");
    let dues = one.dues("2026-02-04").expect("no rate is missing");
    let items: Vec<(ReceivableKind, String, String)> = dues[0]
        .items
        .iter()
        .map(|item| (item.kind, item.balance.amount(), item.interest_accrued.amount()))
        .collect();
    let line =
        |balance: &str, interest: &str| (ReceivableKind::Invoice, balance.to_owned(), interest.to_owned());
    assert_eq!(items, [line("600.00", "16.00"), line("500.00", "5.00")]);
}

#[test]
fn dues_for_which_a_rate_is_missing_say_which() {
    let policy = policy_with(json!({"kind": "statutory"}));
    let known = customer("business", "CZ", "EUR", Some(&policy));
    let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let missing = known.dues("2026-02-04").expect_err("no rate is known");
    assert!(
        matches!(missing, ChargeError::NoRate { from, .. } if from == day("2026-01-16")),
        "{missing}"
    );
    let view = now(charges::interest_of(&ledger(), at("2026-02-04"), &invoice))
        .expect("a view")
        .expect("interest");
    assert!(view.accrued.is_none() && view.missing.is_some());
}

#[test]
fn an_invoice_shows_what_has_accrued_and_what_is_charged() {
    let policy = policy_with(json!({"kind": "interest", "percent": "36.5"}));
    let known = customer("business", "DE", "EUR", Some(&policy));
    let invoice = known.invoice("1000.00", "2026-01-01", "2026-01-15");
    let interest = charge(json!({"kind": "interest", "percent": "36.5"}));
    let charged = take("2026-01-25", "first", &[&invoice], None, Some(&interest));
    let view = |id: &InvoiceId| now(charges::interest_of(&ledger(), at("2026-02-04"), id)).expect("a view");
    let found = view(&invoice).expect("interest");
    let accrued = found.accrued.map(|accrued| accrued.amount());
    assert_eq!(
        (accrued.as_deref(), found.posted.amount().as_str()),
        (Some("20.00"), "10.00")
    );
    assert!(view(&charged.posted[0].id).is_none(), "interest bears none");
}

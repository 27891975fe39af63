//! One customer, what was told of it, and what must hold.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use crate::ground::{Ledger, current, now};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use receivables::currency::Currency;
use receivables::id::{CustomerId, DisputeId, InvoiceId, PaymentId};
use receivables::intake::{CreditNoteInput, CustomerInput, InvoiceInput, PaymentInput};
use receivables::journal::Chart;
use receivables::money::Money;
use receivables::policy::Policy;
use rusqlite::Connection;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::delivery::{self, Carrier, Memory};
use store::invoices::{Taken, Voided};
use store::payments::{Cause, Incoming, Recorded, Reversed};
use store::{Db, Moment, StoreError, Tx};
use store::{credit_notes, customers, dunning, invoices, journal, payments, policies, postings};

mod acts;

/// The first day of the first case, at noon: after the send time, on a Monday.
const FIRST: &str = "2026-01-05T12:00:00Z";
/// Cases that a sweep may take: all there are.
const LIMIT: u32 = 10_000;

static CASES: AtomicUsize = AtomicUsize::new(0);
/// Days after the first one. No sweep runs for a day before one that another ran for, so cases follow one another.
static DAYS: AtomicI64 = AtomicI64::new(0);

/// The turn of one case on that ledger: a sweep is everybody's, and the clock is the case's own.
pub(crate) fn turn(ledger: &'static Ledger) -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    ledger.file();
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn first() -> NaiveDate {
    FIRST.parse::<DateTime<Utc>>().unwrap().date_naive()
}

fn clock() -> Moment {
    let first: DateTime<Utc> = FIRST.parse().unwrap();
    Moment::at(first + TimeDelta::days(DAYS.load(Ordering::Relaxed)))
}

/// What a sweep answers that is run some minutes from now, or before.
pub(crate) fn sweep_after(minutes: i64) -> Result<dunning::Swept, StoreError> {
    let moment = Moment::at(clock().now + TimeDelta::minutes(minutes));
    now(current()
        .open()
        .transaction(async |tx: &Tx<'_>| dunning::sweep(tx, moment, LIMIT).await))
}

fn in_transaction<T>(work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(current().open().transaction(work)).unwrap()
}

/// A payment as it should stand.
#[derive(Clone, Copy)]
struct Paid {
    left: i64,
}

/// A customer and what is known of it without looking into the store.
pub(crate) struct World {
    key: String,
    customer: CustomerId,
    policy: Policy,
    moment: Moment,
    invoices: BTreeMap<usize, (InvoiceId, Value)>,
    payments: BTreeMap<usize, (PaymentId, Value)>,
    credit_notes: BTreeMap<usize, Value>,
    /// What is left of each payment.
    paid: BTreeMap<usize, Paid>,
    /// What the account is worth by what was accepted.
    worth: i64,
    messages: BTreeSet<String>,
    disputes: Vec<DisputeId>,
    is_suspended: bool,
    /// How often it was suspended.
    suspended: usize,
}

/// A policy that charges, warns and suspends.
pub(crate) fn strict() -> Policy {
    Policy::parse(&json!({
        "name": "strict", "send_at": "09:00", "business_days_only": false, "min_days_between_contacts": 0,
        "steps": [
            {"id": "pre_due", "day": -5, "per_invoice": true, "channels": ["email"], "template": "pre_due"},
            {"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly",
             "fee": {"kind": "flat", "amount": {"EUR": "5.00"}, "per": "message"}},
            {"id": "warning", "day": 8, "channels": ["email"], "template": "suspension_warning",
             "fee": {"kind": "percent", "percent": "2", "of": "remaining", "per": "invoice"},
             "charge": {"kind": "interest", "percent": "10"}, "then": {"after_days": NOTICE, "act": "suspend"}},
            {"id": "final", "day": 20, "channels": ["email"], "template": "final",
             "charge": {"kind": "interest", "percent": "10"}},
        ],
    }))
    .unwrap()
}

/// Days between the warning and the suspension.
pub(crate) const NOTICE: i64 = 7;

impl World {
    pub(crate) fn new() -> Self {
        Self::under(Policy::standard())
    }

    /// A customer under a policy.
    pub(crate) fn under(policy: Policy) -> Self {
        let key = format!("L{}", CASES.fetch_add(1, Ordering::Relaxed));
        let customer = json!({
            "external_id": key, "name": "Nordwind GmbH", "kind": "business", "country": "DE", "time_zone": "UTC",
            "locale": "en", "currency": "EUR", "policy": policy.name,
            "contacts": [{"name": "Ada Braun", "role": "billing", "email": "ada@nordwind.example"}],
        });
        let moment = clock();
        let input = CustomerInput::parse(&customer).unwrap();
        let customers = in_transaction(async |tx| {
            if policy.name != Policy::STANDARD {
                policies::put(tx, moment, &policy, first(), "admin").await?;
            }
            customers::upsert(tx, moment, std::slice::from_ref(&input)).await
        });
        Self {
            key,
            customer: customers[0].0.clone(),
            policy,
            moment,
            invoices: BTreeMap::new(),
            payments: BTreeMap::new(),
            credit_notes: BTreeMap::new(),
            paid: BTreeMap::new(),
            worth: 0,
            messages: BTreeSet::new(),
            disputes: Vec::new(),
            is_suspended: false,
            suspended: 0,
        }
    }

    fn today(&self) -> NaiveDate {
        self.moment.now.date_naive()
    }

    fn customer(&self) -> Value {
        json!({"external_id": self.key})
    }

    fn number(&self, kind: &str, number: usize) -> String {
        format!("{}-{kind}{number}", self.key)
    }

    pub(crate) fn invoice(&mut self, number: usize, minor: i64, due_in: i64) {
        let (today, due) = (self.today(), self.today() + TimeDelta::days(due_in));
        let mut document = json!({
            "number": self.number("R", number), "customer": self.customer(), "currency": "EUR",
            "issue_date": today.min(due) - TimeDelta::days(30), "due_date": due, "total": money(minor),
        });
        let known = self.invoices.get(&number).cloned();
        // The same document once more, as often as the number comes.
        if let Some((_, first)) = &known {
            document = first.clone();
        }
        let input = InvoiceInput::parse(&document).unwrap();
        let taken =
            in_transaction(async |tx| invoices::take(tx, self.moment, std::slice::from_ref(&input)).await);
        match (taken.as_slice(), known) {
            ([Taken::Accepted(id)], None) => {
                self.worth += minor;
                self.invoices.insert(number, (id.clone(), document));
            }
            ([Taken::Duplicate(id)], Some((first, _))) => assert_eq!(*id, first),
            (taken, _) => panic!("{taken:?}"),
        }
    }

    pub(crate) fn credit_note(&mut self, number: usize, minor: i64, against: Option<usize>) {
        let known = self.credit_notes.get(&number).cloned();
        let is_known = known.is_some();
        let document = known.unwrap_or_else(|| {
            json!({
                "number": self.number("G", number), "customer": self.customer(), "currency": "EUR",
                "issue_date": self.today(), "total": money(minor),
                "invoice_number": against.map(|invoice| self.number("R", invoice)),
            })
        });
        let input = CreditNoteInput::parse(&document).unwrap();
        let taken = in_transaction(async |tx| credit_notes::take(tx, self.moment, &input).await);
        match (taken, is_known) {
            (credit_notes::Taken::Accepted(applied), false) => {
                assert_eq!(applied.applied.minor() + applied.unapplied.minor(), minor);
                self.worth -= minor;
                self.credit_notes.insert(number, document);
            }
            (credit_notes::Taken::Duplicate(_), true) => {}
            (taken, _) => panic!("{taken:?}"),
        }
    }

    pub(crate) fn payment(&mut self, number: usize, minor: i64, names: Option<usize>) {
        let known = self.payments.get(&number).cloned();
        let document = known.as_ref().map(|(_, first)| first.clone()).unwrap_or_else(|| {
            let remittance: Vec<Value> = names
                .iter()
                .map(|invoice| json!({"invoice_number": self.number("R", *invoice), "amount": money(minor)}))
                .collect();
            json!({
                "customer": self.customer(), "amount": money(minor), "currency": "EUR", "received_on": self.today(),
                "method": "bank_transfer", "reference": self.number("Z", number), "remittance": remittance,
            })
        });
        let incoming = Incoming::told("bank", PaymentInput::parse(&document).unwrap());
        let recorded = in_transaction(async |tx| payments::record(tx, self.moment, &incoming).await);
        match (recorded, known) {
            (Recorded::Accepted(id), None) => {
                self.worth -= minor;
                self.payments.insert(number, (id, document));
                self.paid.insert(number, Paid { left: minor });
            }
            (Recorded::Duplicate(id), Some((first, _))) => assert_eq!(id, first),
            (recorded, _) => panic!("{recorded:?}"),
        }
    }

    pub(crate) fn bounce(&mut self, payment: usize) {
        let Some((id, _)) = self.payments.get(&payment).cloned() else {
            return;
        };
        let reversed = in_transaction(async |tx| payments::reverse(tx, self.moment, &id, "Bounced").await);
        let paid = self.paid.get_mut(&payment).unwrap();
        assert_eq!(reversed == Reversed::Done, paid.left > 0, "{reversed:?}");
        self.worth += paid.left;
        paid.left = 0;
    }

    pub(crate) fn refund(&mut self, payment: usize, minor: i64) {
        if !self.payments.contains_key(&payment) {
            return;
        }
        let reference = self.number("Z", payment);
        let back = in_transaction(async |tx| {
            let standing = payments::by_reference(tx, "bank", &reference).await?.unwrap();
            let (cause, amount) = (Cause::Refund, eur(minor));
            payments::take_back(tx, self.moment, &standing, amount, cause, "Refunded").await
        });
        let paid = self.paid.get_mut(&payment).unwrap();
        assert_eq!(back.minor(), minor.min(paid.left));
        self.worth += back.minor();
        paid.left -= back.minor();
    }

    pub(crate) fn void(&mut self, invoice: usize) {
        let Some((id, _)) = self.invoices.get(&invoice).cloned() else {
            return;
        };
        let before = self.balance(&id);
        match in_transaction(async |tx| invoices::void(tx, self.moment, &id).await) {
            Voided::Done => self.worth -= before,
            Voided::HasPayments | Voided::WrittenOff => assert!(before >= 0),
            voided => panic!("{voided:?}"),
        }
    }

    pub(crate) fn go_on(&mut self, days: i64) {
        DAYS.fetch_add(days, Ordering::Relaxed);
        self.moment = clock();
        self.sweep();
        let said = self.messages.len();
        self.sweep();
        assert_eq!(
            self.messages.len(),
            said,
            "a second sweep finds nothing left to say"
        );
    }

    /// How often it was suspended.
    pub(crate) fn suspended(&self) -> usize {
        self.suspended
    }

    /// How many messages were put into the queue for it.
    pub(crate) fn said(&self) -> usize {
        self.messages.len()
    }

    /// Runs the sweep and judges each message that it puts into the queue.
    fn sweep(&mut self) {
        in_transaction(async |tx| dunning::sweep(tx, self.moment, LIMIT).await);
        let queued: Vec<(String, String)> = self.rows(
            "SELECT m.id, m.step FROM messages m JOIN customers k ON k.id = m.customer_id
             WHERE k.external_id = ?1 ORDER BY m.id",
        );
        for (id, step) in queued {
            if self.messages.insert(id.clone()) {
                self.judge(&id, &step);
            }
        }
        self.deliver();
        self.judge_suspension();
    }

    /// Has what is in the queue leave.
    fn deliver(&self) {
        let carrier = Carrier {
            name: "mailbox",
            channel: receivables::channel::Channel::Email,
            remembers: Memory::Always,
            ready: true,
        };
        let sent = delivery::Outcome::Sent {
            subject: "About your account".to_owned(),
            provider_id: None,
        };
        in_transaction(async |tx| {
            let claim = delivery::claim(tx, self.moment, LIMIT, &[carrier]).await?;
            let outcomes: Vec<_> = claim
                .claimed
                .into_iter()
                .map(|message| (message, sent.clone()))
                .collect();
            delivery::settle(tx, self.moment, &outcomes).await
        });
    }

    /// Nobody is written to who owes nothing overdue, but about what a per-invoice step announces.
    fn judge(&self, message: &str, step: &str) {
        // Letters about promises are no step of the policy.
        let Some(per_invoice) = self.policy.step(step).map(|step| step.per_invoice) else {
            return;
        };
        let listed: Vec<(i64, String, String)> = query(
            "SELECT i.balance_minor, i.due_on, i.state FROM steps_taken s JOIN invoices i ON i.id = s.invoice_id
             WHERE s.message_id = ?1 AND s.listed = 1 AND i.kind = 'invoice'",
            message,
        );
        assert!(!listed.is_empty(), "{step} is about nothing");
        let today = self.today().to_string();
        let mut overdue = 0;
        for (balance, due_on, state) in &listed {
            assert!(
                *balance > 0 && state == "active",
                "{step} lists {balance} {state}"
            );
            overdue += i64::from(*due_on < today);
        }
        assert_eq!(overdue > 0, !per_invoice, "{step} on {today} about {listed:?}");
        if overdue > 0 {
            let open: Vec<(i64, String, String)> = self.rows(
                "SELECT i.balance_minor, i.due_on, coalesce(i.promised_until_on, '') FROM invoices i
                 JOIN customers k ON k.id = i.customer_id
                 WHERE k.external_id = ?1 AND i.balance_minor > 0 AND i.kind = 'invoice' AND i.disputed_minor = 0",
            );
            let owed = open
                .iter()
                .map(|(_, due_on, promised)| i64::from(*due_on < today && *promised < today))
                .sum::<i64>();
            assert_eq!(overdue, owed, "{step} lists all that is overdue: {open:?}");
        }
    }

    /// What must hold after everything.
    pub(crate) fn check(&self) {
        assert_eq!(
            self.worth(),
            self.worth + self.charged(),
            "what the account is worth"
        );
        let payments: Vec<(i64, i64)> = self.rows(
            "SELECT p.amount_minor, p.unapplied_minor + p.refunded_minor + p.reversed_minor
                + (SELECT coalesce(sum(a.amount_minor), 0) FROM allocations a WHERE a.payment_id = p.id)
             FROM payments p JOIN customers k ON k.id = p.customer_id WHERE k.external_id = ?1",
        );
        for (amount, parts) in payments {
            assert_eq!(amount, parts, "a payment's parts add up to it");
        }
        let invoices: Vec<(i64, i64)> = self.rows(
            "SELECT i.balance_minor, i.total_minor FROM invoices i JOIN customers k ON k.id = i.customer_id
             WHERE k.external_id = ?1 AND i.kind = 'invoice'",
        );
        for (balance, total) in invoices {
            assert!((0..=total).contains(&balance), "{balance} of {total}");
        }
        let twice: Vec<(String, i64)> = self.rows(
            "SELECT m.step || ' ' || m.cycle, count(*) FROM messages m JOIN customers k ON k.id = m.customer_id
             WHERE k.external_id = ?1 AND m.status <> 'cancelled' GROUP BY 1 HAVING count(*) > 1",
        );
        assert_eq!(twice, [], "a step once a cycle");
    }

    /// Stored balances are the sums of their postings, in the whole ledger.
    pub(crate) fn check_whole_ledger(&self) {
        let drift = now(async { postings::drift(&Db::open().await.unwrap()).await }).unwrap();
        assert!(drift.is_empty(), "{drift:?}");
    }

    /// The journal of the whole ledger: each entry balances, and on every day its accounts hold what the postings say.
    pub(crate) fn check_journal() {
        let db = current().open();
        let days = ("1980-01-01".parse().unwrap(), "2199-12-31".parse().unwrap());
        let (mut by_day, mut after) = (BTreeMap::<(NaiveDate, bool), i64>::new(), None);
        loop {
            let page = now(journal::entries(
                &db,
                &Chart::default(),
                days,
                after.as_ref(),
                500,
            ))
            .unwrap();
            let Some(last) = page.last() else { break };
            after = Some(journal::Place {
                date: last.date,
                id: last.id.clone(),
            });
            for entry in page {
                let signed = |line: &journal::LineView| {
                    line.debit.map_or(0, |debit| debit.minor())
                        - line.credit.map_or(0, |credit| credit.minor())
                };
                assert_eq!(entry.lines.iter().map(signed).sum::<i64>(), 0, "{}", entry.id);
                for line in &entry.lines {
                    let on_account = match line.role {
                        "receivables" => false,
                        "customer_credits" => true,
                        _ => continue,
                    };
                    *by_day.entry((entry.date, on_account)).or_default() += signed(line);
                }
            }
        }
        let posted: Vec<(String, i64, i64)> = query(
            "SELECT value_on, invoice_id IS NULL, sum(amount_minor) FROM postings WHERE currency = ?1 GROUP BY 1, 2",
            "EUR",
        );
        let posted: BTreeMap<(NaiveDate, bool), i64> = posted
            .into_iter()
            .map(|(day, on_account, minor)| ((day.parse().unwrap(), on_account == 1), minor))
            .collect();
        assert!(
            posted.len() > 20,
            "{} days: these ledgers show little",
            posted.len()
        );
        assert_eq!(by_day, posted);
    }

    /// The whole file: every sum, every sealed row.
    pub(crate) fn check_file() {
        let proof = store::proof::prove(&Connection::open(current().file()).unwrap(), None).unwrap();
        assert_eq!(proof.findings, Vec::new());
    }

    /// What the account is worth by the ledger.
    pub(crate) fn worth(&self) -> i64 {
        let sums: Vec<(i64, i64)> = self.rows(
            "SELECT c.balance_minor,
                (SELECT coalesce(sum(i.balance_minor), 0) FROM invoices i WHERE i.customer_id = c.customer_id)
                - c.unapplied_minor
             FROM cases c JOIN customers k ON k.id = c.customer_id WHERE k.external_id = ?1",
        );
        match sums.as_slice() {
            [] => 0,
            [(worth, invoices_less_credit)] => {
                assert_eq!(
                    worth, invoices_less_credit,
                    "the account is its invoices less what is on it"
                );
                *worth
            }
            several => panic!("{several:?}"),
        }
    }

    /// How an invoice stands.
    pub(crate) fn status(&self, invoice: usize) -> String {
        let found: Vec<(i64, String)> = query(
            "SELECT 0, status FROM invoices WHERE id = ?1",
            self.invoices[&invoice].0.as_str(),
        );
        found[0].1.clone()
    }

    fn balance(&self, invoice: &InvoiceId) -> i64 {
        let found: Vec<(i64, i64)> = query(
            "SELECT balance_minor, 0 FROM invoices WHERE id = ?1",
            invoice.as_str(),
        );
        found[0].0
    }

    fn rows<T: FromRow>(&self, sql: &str) -> Vec<T> {
        query(sql, &self.key)
    }
}

/// A row of a few columns.
trait FromRow: Sized {
    fn from(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self>;
}

impl<A: rusqlite::types::FromSql, B: rusqlite::types::FromSql> FromRow for (A, B) {
    fn from(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        row.try_into()
    }
}

impl<A: rusqlite::types::FromSql, B: rusqlite::types::FromSql, C: rusqlite::types::FromSql> FromRow
    for (A, B, C)
{
    fn from(row: &rusqlite::Row<'_>) -> rusqlite::Result<Self> {
        row.try_into()
    }
}

/// Looks into the database beside the store.
fn query<T: FromRow>(sql: &str, parameter: &str) -> Vec<T> {
    thread_local! {
        static BESIDE: Connection = Connection::open(current().file()).unwrap();
    }
    BESIDE.with(|connection| {
        let mut statement = connection.prepare_cached(sql).unwrap();
        let rows = statement.query_map([parameter], |row| T::from(row)).unwrap();
        rows.map(Result::unwrap).collect()
    })
}

fn money(minor: i64) -> Value {
    serde_json::to_value(eur(minor)).unwrap()
}

fn eur(minor: i64) -> Money {
    Money::new(minor, Currency::parse("EUR").unwrap())
}

/// The same events in another order, some of them twice; those with the same key stay in theirs.
pub(crate) fn delivered_otherwise<E: Clone>(
    events: &[E],
    seed: u64,
    key: impl Fn(&E) -> Option<usize>,
) -> Vec<E> {
    let mut state = seed | 1;
    let mut chance = |of: usize| {
        // Marsaglia's xorshift: what matters is that a seed gives one order.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 33).unwrap() % of
    };
    let mut waiting: Vec<E> = events.to_vec();
    let mut delivered: Vec<E> = Vec::new();
    while !waiting.is_empty() {
        let chosen = chance(waiting.len());
        let its_key = key(&waiting[chosen]);
        // Not before what it builds on.
        let first = waiting
            .iter()
            .position(|event| its_key.is_some() && key(event) == its_key)
            .unwrap_or(chosen);
        delivered.push(waiting.remove(first));
    }
    // Documents come again; money goes back once.
    let again: Vec<E> = delivered
        .iter()
        .filter(|event| key(event).is_none())
        .cloned()
        .collect();
    for event in again {
        if chance(3) == 0 {
            delivered.push(event);
        }
    }
    delivered
}

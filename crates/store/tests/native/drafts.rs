//! Messages as they would leave now, on a real database: what they list is what is owed at that moment, and rules that
//! would hold them back are the answer in their place.
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
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::hold::HoldInput;
use receivables::id::{CustomerId, MessageId};
use receivables::intake::{CustomerInput, InvoiceInput, PaymentInput};
use receivables::law::input::Word;
use receivables::money::Money;
use receivables::notice::About;
use receivables::suppression::Reason;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::delivery::{self, Carrier, Claimed, Memory, Seen};
use store::drafts;
use store::holds::Held;
use store::law::{self, Limit};
use store::payments::Incoming;
use store::suppressions::{self, Evidence};
use store::{Db, Moment, StoreError, Tx, customers, dunning, holds, invoices, payments};

crate::ground::own_ledger!();

const DAY: &str = "2026-02-16T09:00:00Z";

fn moment() -> Moment {
    Moment::at(DAY.parse::<DateTime<Utc>>().unwrap())
}

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn euros(amount: &str) -> Money {
    Money::parse(amount, Currency::parse("EUR").unwrap()).unwrap()
}

/// A sweep looks at the whole ledger: one test at a time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Case {
    db: Db,
    key: String,
    customer: CustomerId,
}

impl Case {
    /// A customer with the contacts, who owes 100.00 since 2 February and 250.00 since 10 February, and what is queued
    /// about it.
    fn new(contacts: Value) -> (Case, MessageId) {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let db = ledger();
        let key = format!("P{}", NEXT.fetch_add(1, Ordering::Relaxed));
        let input = CustomerInput::parse(&json!({
            "external_id": key, "name": "Nordwind GmbH", "kind": "business", "country": "DE",
            "time_zone": "Europe/Berlin", "locale": "de", "currency": "EUR", "contacts": contacts,
        }));
        let input = input.unwrap();
        let upsert = async |tx: &Tx<'_>| customers::upsert(tx, moment(), std::slice::from_ref(&input)).await;
        let customer = now(db.transaction(upsert)).unwrap()[0].0.clone();
        let case = Case { db, key, customer };
        case.invoice("1", "100.00", "2026-02-02");
        case.invoice("2", "250.00", "2026-02-10");
        raw().execute("DELETE FROM job_runs", []).unwrap();
        case.tx(async |tx| dunning::sweep(tx, moment(), 1_000).await);
        let found = raw().query_row(
            "SELECT id FROM messages WHERE customer_id = ?",
            [case.customer.as_str()],
            |row| row.get::<_, String>(0),
        );
        (case, MessageId::parse(&found.unwrap()).unwrap())
    }

    fn tx<T>(&self, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
        now(self.db.transaction(work)).unwrap()
    }

    fn invoice(&self, number: &str, total: &str, due: &str) {
        let input = InvoiceInput::parse(&json!({
            "number": format!("{}-{number}", self.key), "customer": {"id": self.customer}, "issue_date": "2026-01-15",
            "due_date": due, "currency": "EUR", "total": total,
        }));
        let input = input.unwrap();
        let taken = self.tx(async |tx| invoices::take(tx, moment(), std::slice::from_ref(&input)).await);
        assert!(matches!(taken[0], invoices::Taken::Accepted(_)), "{taken:?}");
    }

    fn pay(&self, amount: &str) {
        let input = PaymentInput::parse(&json!({
            "customer": {"id": self.customer}, "amount": amount, "currency": "EUR", "received_on": "2026-02-16",
            "method": "bank_transfer", "reference": format!("{}-{amount}", self.key),
        }));
        let incoming = Incoming::told("api", input.unwrap());
        self.tx(async |tx| payments::record(tx, moment(), &incoming).await);
    }

    fn bounce(&self, address: &str) {
        let evidence = Evidence {
            address,
            reason: Reason::Bounce,
            source: "x",
            detail: "no such mailbox",
            at: moment().now,
        };
        self.tx(async |tx| suppressions::add(tx, moment(), &evidence).await);
    }

    fn cease(&self) {
        let word = Word::parse(&json!({"how": "letter"}), moment().now).unwrap();
        let limit = Limit::Cease(Some(&word));
        self.tx(async |tx| law::set(tx, moment(), &self.customer, limit, "ada").await);
    }

    /// The billing contact's address is another from now on.
    fn moves(&self, email: &str) {
        raw()
            .execute(
                "UPDATE contacts SET email = ?1 WHERE customer_id = ?2",
                [email, self.customer.as_str()],
            )
            .unwrap();
        raw()
            .execute(
                "INSERT INTO contact_addresses (customer_id, address, changed, known_since) VALUES (?2, ?1, 1, 0)",
                [email, self.customer.as_str()],
            )
            .unwrap();
    }

    fn found(&self, id: &MessageId) -> Seen {
        now(delivery::look(&self.db, moment(), id)).unwrap()
    }

    #[track_caller]
    fn draft(&self, id: &MessageId) -> Claimed {
        match self.found(id) {
            Seen::Leaves(draft) => *draft,
            other => panic!("{other:?}"),
        }
    }
}

/// The database, past everything that the store does for it.
fn raw() -> rusqlite::Connection {
    rusqlite::Connection::open(file()).unwrap()
}

fn ada() -> Value {
    json!([
        {"name": "Al Sales", "role": "sales", "email": "al@ours.example",
         "postal": {"lines": ["Ours 3"], "city": "Berlin", "country": "DE"}},
        {"name": "Bo Desk", "role": "escalation", "email": "bo@nordwind.example",
         "postal": {"lines": ["Elsewhere 2"], "city": "Hamburg", "country": "DE"}},
        {"name": "Ada Braun", "role": "billing", "email": "ada@nordwind.example",
         "postal": {"lines": ["Graben 1"], "postal_code": "1010", "city": "Wien", "country": "AT"}},
    ])
}

#[test]
fn a_draft_lists_what_is_owed_when_it_is_asked_for() {
    let _turn = turn();
    let (case, id) = Case::new(ada());
    let draft = case.draft(&id);
    let numbers = |draft: &Claimed| {
        draft
            .overdue
            .iter()
            .map(|line| line.number.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        numbers(&draft),
        [format!("{}-1", case.key), format!("{}-2", case.key)]
    );
    // 16 February is 14 days after the 2nd.
    assert_eq!(draft.overdue[0].days_overdue, 14);
    assert_eq!(draft.overdue[1].asked, euros("250.00"));
    assert_eq!(draft.today, day("2026-02-16"));
    assert!(draft.upcoming.is_empty());
    // The billing contact's address; its country decides on the paper.
    assert_eq!(
        (draft.customer_name.as_str(), draft.locale.as_str()),
        ("Nordwind GmbH", "de")
    );
    assert_eq!(
        (draft.to.name.as_str(), draft.country.code()),
        ("Ada Braun", "AT")
    );
    assert_eq!(draft.to.postal.unwrap().postal_code.as_deref(), Some("1010"));

    case.pay("40.00");
    let draft = case.draft(&id);
    assert_eq!(draft.overdue[0].asked, euros("60.00"));
    assert_eq!(draft.overdue[0].total, euros("100.00"));
    assert_eq!(draft.overdue[1].asked, euros("250.00"));

    // Without the invoice that carries it the step is no longer due.
    case.pay("60.00");
    assert!(matches!(case.found(&id), Seen::NotNow(rule) if rule.starts_with("Rule step: ")));
    case.pay("250.00");
    assert!(matches!(case.found(&id), Seen::NotNow(rule) if !rule.is_empty()));
}

#[test]
fn a_hold_says_why_there_is_no_draft_and_nothing_changes() {
    let _turn = turn();
    let (case, id) = Case::new(ada());
    let before = whole_row(&id);
    case.draft(&id);
    assert_eq!(whole_row(&id), before);
    let hold = HoldInput::parse(&json!({"reason": "audit"}), day("2026-02-16")).unwrap();
    let held = Held::Customer(&case.customer);
    case.tx(async |tx| {
        let subject = holds::subject(tx, moment(), held).await?.unwrap();
        holds::set(tx, moment(), held, &subject, Some(&hold), "key").await
    });
    match case.found(&id) {
        Seen::NotNow(rule) => assert!(rule.contains("hold"), "{rule}"),
        other => panic!("{other:?}"),
    }
    assert_eq!(whole_row(&id), before);
}

fn whole_row(id: &MessageId) -> String {
    let row = raw().query_row(
        "SELECT json_array(status, attempts, attempt_at, lease, last_error) FROM messages WHERE id = ?",
        [id.as_str()],
        |row| row.get(0),
    );
    row.unwrap()
}

#[test]
fn what_has_left_is_no_draft_and_what_is_not_there_is_unknown() {
    let _turn = turn();
    let (case, id) = Case::new(ada());
    for status in ["sending", "sent", "delivered", "cancelled", "uncertain"] {
        raw()
            .execute(
                "UPDATE messages SET status = ?1 WHERE id = ?2",
                [status, id.as_str()],
            )
            .unwrap();
        assert!(
            matches!(case.found(&id), Seen::Gone(is) if is.as_str() == status),
            "{status}"
        );
    }
    for status in ["queued", "failed", "suppressed"] {
        raw()
            .execute(
                "UPDATE messages SET status = ?1 WHERE id = ?2",
                [status, id.as_str()],
            )
            .unwrap();
        case.draft(&id);
    }
    let nobody = MessageId::parse("msg_01kerpxzmaprymj9psw5vkqf1n").unwrap();
    assert!(matches!(case.found(&nobody), Seen::Unknown));
    let nobody = CustomerId::parse("cus_01kerpxzm1eymy53ge8wftnpns").unwrap();
    assert!(now(drafts::whom(&case.db, &nobody)).unwrap().is_none());
}

#[test]
fn a_notice_needs_nothing_owed() {
    let _turn = turn();
    let (case, id) = Case::new(json!([{"name": "Ada", "role": "billing", "email": "ada@nordwind.example"}]));
    case.pay("350.00");
    let tells = |template: &str, about: &About| {
        let about = serde_json::to_string(about).unwrap();
        raw()
            .execute(
                "UPDATE messages SET about = ?1, template = ?2, purpose = 'statement' WHERE id = ?3",
                [about.as_str(), template, id.as_str()],
            )
            .unwrap();
    };
    // What it asks for was never asked for, or is there by now.
    let document = About::Document {
        what: "Delivery note".to_owned(),
        until: None,
    };
    tells("document_request", &document);
    assert!(matches!(case.found(&id), Seen::NotNow(rule) if rule.starts_with("Rule still_so: ")));
    let statement = About::Statement {
        from: day("2026-01-16"),
        to: day("2026-02-15"),
        opening: euros("0"),
        closing: euros("350.00"),
        entries: Vec::new(),
    };
    tells("statement", &statement);
    let draft = case.draft(&id);
    assert!(draft.overdue.is_empty() && draft.upcoming.is_empty());
    assert_eq!(draft.about, Some(statement));
    // Nobody there has an address: the customer's name and country are all there is.
    assert_eq!((draft.to.postal, draft.country.code()), (None, "DE"));
}

#[test]
fn what_is_open_is_told_with_its_days() {
    let _turn = turn();
    let (case, _) = Case::new(ada());
    let mut open = now(drafts::open(
        &case.db,
        &case.customer,
        Currency::parse("EUR").unwrap(),
    ))
    .unwrap();
    open.sort();
    assert_eq!(open, [(day("2026-02-02"), 10_000), (day("2026-02-10"), 25_000)]);
    assert_eq!(
        now(drafts::open(
            &case.db,
            &case.customer,
            Currency::parse("USD").unwrap()
        ))
        .unwrap(),
        []
    );
}

/// What a claim of it now does with it: where it goes, or what is said against it.
fn claimed(case: &Case, id: &MessageId) -> String {
    let carriers: Vec<Carrier> = [Channel::Email, Channel::Letter].map(carrier).to_vec();
    let claim = case.tx(async |tx| delivery::claim(tx, moment(), 1_000, &carriers).await);
    let ours = claim.claimed.into_iter().find(|one| one.id == *id);
    let error = || {
        raw().query_row(
            "SELECT last_error FROM messages WHERE id = ?",
            [id.as_str()],
            |row| row.get::<_, String>(0),
        )
    };
    ours.map_or_else(|| error().unwrap(), |one| said(&one))
}

fn carrier(channel: Channel) -> Carrier {
    Carrier {
        name: "x",
        channel,
        remembers: Memory::Always,
        ready: true,
    }
}

fn said(one: &Claimed) -> String {
    let lines = one.overdue.iter().map(|line| line.number.as_str());
    let lines: Vec<&str> = lines.collect();
    format!("{} {} {}", one.channel.as_str(), one.address(), lines.join(" "))
}

#[test]
fn what_is_looked_at_and_what_is_claimed_are_judged_alike() {
    let _turn = turn();
    let person = |name: &str, more: Value| {
        let mut person = json!({"name": name, "role": "billing"});
        for (key, value) in more.as_object().unwrap() {
            person[key] = value.clone();
        }
        person
    };
    let bo = || person("Bo", json!({"email": "bo@nordwind.example"}));
    let only = |more: Value| json!([person("Ada", more)]);
    // Who is passed over, who wants no more, whose address is new, and nobody at all.
    for (contacts, act, expected) in [
        (
            json!([person("Ada", json!({"email": "ada@gone.example"})), bo()]),
            "bounce",
            "email bo@nordwind.example",
        ),
        (
            only(json!({"email": "ada@gone.example"})),
            "bounce",
            "Rule suppression",
        ),
        (only(json!({"email": "ada@nordwind.example"})), "cease", "Rule "),
        (
            only(json!({"email": "ada@nordwind.example"})),
            "moves",
            "none of the customer's domains",
        ),
        (
            only(json!({"email": "ada@nordwind.example", "purposes": ["order"]})),
            "",
            "no contact",
        ),
        (
            only(json!({"email": "ada@nordwind.example"})),
            "",
            "email ada@nordwind.example",
        ),
    ] {
        let (case, id) = Case::new(contacts);
        match act {
            "bounce" => case.bounce("ada@gone.example"),
            "cease" => case.cease(),
            "moves" => case.moves("ada@elsewhere.example"),
            _ => {}
        }
        let before = whole_row(&id);
        let seen = match case.found(&id) {
            Seen::Leaves(one) => said(&one),
            Seen::NotNow(why) => why,
            other => panic!("{other:?}"),
        };
        assert_eq!(whole_row(&id), before);
        assert!(seen.contains(expected), "{act}: {seen}");
        let claimed = claimed(&case, &id);
        assert!(
            seen.contains(&claimed) || claimed.contains(&seen),
            "{act}: {seen} / {claimed}"
        );
        raw()
            .execute(
                "UPDATE messages SET attempt_at = 9e15, status = 'failed' WHERE id = ?",
                [id.as_str()],
            )
            .unwrap();
    }
}

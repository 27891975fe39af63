//! A deployment's own words: versions, what is in force, tones, who sits for a preview, and a test that goes to nobody
//! else.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, and its helpers are tests too"
)]

use crate::ground::now;
use chrono::{DateTime, Utc};
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::id::CustomerId;
use receivables::intake::{CustomerInput, InvoiceInput};
use receivables::money::Money;
use receivables::notice::About;
use receivables::template::Tone;
use serde_json::json;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::delivery::{self, Carrier, Memory};
use store::tasks::{self, TaskFilter};
use store::templates::{self, Blocks, Failure, Key, Put};
use store::{Db, Moment, StoreError, Tx, customers, dunning, invoices};

crate::ground::own_ledger!();

fn moment(at: &str) -> Moment {
    let at: DateTime<Utc> = at.parse().unwrap();
    Moment::at(at)
}

fn today() -> Moment {
    moment("2026-01-12T23:30:00Z")
}

fn key(template: &str, channel: Channel, locale: &str) -> Key {
    Key {
        template: template.to_owned(),
        channel,
        tone: Tone::Neutral,
        locale: locale.to_owned(),
    }
}

fn words(text: &str) -> Blocks {
    Blocks::from([("subject".to_owned(), text.to_owned())])
}

fn tx<T>(db: &Db, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(db.transaction(work)).unwrap()
}

fn put(db: &Db, key: &Key, base: Option<u32>, blocks: Option<&Blocks>) -> Put {
    tx(db, async |tx: &Tx<'_>| {
        templates::put(tx, today(), key, base, blocks, "admin").await
    })
}

/// Whoever claims takes all that is queued in the ledger that these tests share, so one of them at a time.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The number of the version that a change left in force, and whether it is new.
fn number(put: Put) -> (u32, bool) {
    match put {
        Put::Added(version) => (version.version, true),
        Put::Same(version) => (version.version, false),
        Put::Stale(newest) => (newest, false),
    }
}

fn customer(db: &Db) -> (CustomerId, String) {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    let external = format!("T{}", NEXT.fetch_add(1, Ordering::Relaxed));
    let input = CustomerInput::parse(&json!({
        "external_id": external, "name": "Nordwind", "kind": "business", "country": "DE", "time_zone": "Europe/Berlin",
        "locale": "de-AT", "currency": "EUR",
        "contacts": [{"name": "Ada", "role": "billing", "email": format!("{external}@nordwind.example")}],
    }));
    let input = input.unwrap();
    let made = tx(db, async |tx: &Tx<'_>| {
        customers::upsert(tx, today(), std::slice::from_ref(&input)).await
    });
    (made.first().unwrap().0.clone(), external)
}

fn invoice(db: &Db, customer: &CustomerId, number: &str, total: &str, due: &str, currency: &str) {
    let input = InvoiceInput::parse(&json!({
        "number": number, "customer": {"id": customer}, "issue_date": "2025-12-15", "due_date": due,
        "currency": currency, "total": total,
    }));
    let input = input.unwrap();
    tx(db, async |tx: &Tx<'_>| {
        invoices::take(tx, today(), std::slice::from_ref(&input)).await
    });
}

#[test]
fn versions_are_added_and_never_changed_and_the_newest_is_in_force() {
    let db = ledger();
    let key = key("firm", Channel::Email, "de");
    assert_eq!(number(put(&db, &key, Some(0), Some(&words("one")))), (1, true));
    // The same again adds nothing; another base than the newest is told.
    assert_eq!(number(put(&db, &key, None, Some(&words("one")))), (1, false));
    assert_eq!(put(&db, &key, Some(0), Some(&words("two"))), Put::Stale(1));
    assert_eq!(number(put(&db, &key, Some(1), Some(&words("two")))), (2, true));
    // Another locale is another line of versions.
    let swiss = Key {
        locale: "de-CH".to_owned(),
        ..key.clone()
    };
    assert_eq!(number(put(&db, &swiss, None, Some(&words("swiss")))), (1, true));
    let in_force = || now(templates::in_force(&db)).unwrap();
    let of_firm = || -> Vec<(String, u32, Blocks)> {
        let versions = in_force().versions.into_iter();
        let firm = versions.filter(|words| words.template == "firm");
        firm.map(|words| (words.locale, words.version, words.blocks))
            .collect()
    };
    assert_eq!(
        of_firm(),
        [
            ("de".to_owned(), 2, words("two")),
            ("de-CH".to_owned(), 1, words("swiss"))
        ]
    );
    // Back to the shipped words, and back to an older version.
    assert_eq!(number(put(&db, &key, None, None)), (3, true));
    assert_eq!(of_firm().len(), 1);
    assert_eq!(number(put(&db, &key, None, Some(&words("one")))), (4, true));
    let all = now(templates::versions(&db, &key, None, 10)).unwrap();
    let numbers: Vec<u32> = all.iter().map(|version| version.version).collect();
    assert_eq!(numbers, [4, 3, 2, 1]);
    let second = now(templates::version(&db, &key, 2)).unwrap().unwrap();
    assert_eq!(second.blocks, Some(words("two")));
    assert_eq!(now(templates::version(&db, &key, 0)).unwrap(), None);
    assert_eq!(now(templates::version(&db, &key, 9)).unwrap(), None);
    let changed = rusqlite::Connection::open(file())
        .unwrap()
        .execute("UPDATE template_versions SET blocks = '{}'", []);
    assert!(changed.unwrap_err().to_string().contains("never changed"));
}

#[test]
fn a_template_speaks_in_the_tone_that_was_set_last() {
    let db = ledger();
    for tone in [Tone::Firm, Tone::Friendly] {
        tx(&db, async |tx: &Tx<'_>| {
            templates::set_tone(tx, today(), "statement", tone, "admin").await
        });
    }
    let tones = now(templates::in_force(&db)).unwrap().tones;
    assert_eq!(tones, BTreeMap::from([("statement".to_owned(), Tone::Friendly)]));
}

#[test]
fn a_preview_sees_what_is_open_in_the_customers_currency_on_its_civil_day() {
    let db = ledger();
    let (id, external) = customer(&db);
    invoice(&db, &id, &format!("{external}-2"), "20.00", "2026-02-01", "EUR");
    invoice(&db, &id, &format!("{external}-1"), "100.00", "2026-01-10", "EUR");
    invoice(&db, &id, &format!("{external}-3"), "30.00", "2026-01-01", "USD");
    let sitter = now(templates::sitter(&db, today(), &id)).unwrap().unwrap();
    // 23:30 UTC is the next day in Berlin.
    assert_eq!(sitter.today.to_string(), "2026-01-13");
    assert_eq!(
        (sitter.name.as_str(), sitter.locale.as_str()),
        ("Nordwind", "de-AT")
    );
    assert_eq!(sitter.contact.as_deref(), Some("Ada"));
    let open: Vec<(String, String)> = sitter
        .invoices
        .iter()
        .map(|invoice| (invoice.number.clone(), invoice.balance.to_string()))
        .collect();
    let expected = [("-1", "100.00 EUR"), ("-2", "20.00 EUR")];
    let expected = expected.map(|(number, amount)| (format!("{external}{number}"), amount.to_owned()));
    assert_eq!(open, expected);
    let nobody = CustomerId::parse("cus_01kerpxzmveajww06wkd284ebd").unwrap();
    assert!(now(templates::sitter(&db, today(), &nobody)).unwrap().is_none());
}

#[test]
fn a_test_is_a_message_to_our_own_side_and_no_step_is_taken_with_it() {
    let _turn = turn();
    let db = ledger();
    let (id, external) = customer(&db);
    invoice(&db, &id, &format!("{external}-1"), "100.00", "2026-01-10", "EUR");
    let money = Money::parse("100.00", Currency::parse("EUR").unwrap()).unwrap();
    let about = About::Test {
        to: "me@creditor.example".to_owned(),
        subject: format!("[Test] {money}"),
        text: "words".to_owned(),
        html: String::new(),
    };
    let send = |customer: &CustomerId| {
        tx(&db, async |tx: &Tx<'_>| {
            templates::send_test(tx, today(), customer, "firm", &about, "admin").await
        })
    };
    let nobody = CustomerId::parse("cus_01kerpxzmveajww06wkd284ebd").unwrap();
    assert_eq!(send(&nobody), None);
    // As often as one likes: each is a message of its own.
    let (first, second) = (send(&id).unwrap(), send(&id).unwrap());
    assert_ne!(first, second);
    let raw = rusqlite::Connection::open(file()).unwrap();
    let text = |sql: &str| -> String { raw.query_row(sql, [id.as_str()], |row| row.get(0)).unwrap() };
    assert_eq!(
        text("SELECT group_concat(DISTINCT purpose || ' ' || step || ' ' || status || ' ' || template || ' ' || channel)
            FROM messages WHERE customer_id = ?"),
        "internal test:firm queued firm email"
    );
    assert_eq!(
        text(
            "SELECT count(*) || '' FROM steps_taken s JOIN messages m ON m.id = s.message_id WHERE m.customer_id = ?"
        ),
        "0"
    );
    assert_eq!(
        text("SELECT count(*) || '' FROM activities WHERE customer_id = ? AND kind = 'template_tried'"),
        "2"
    );
    let kept: About = serde_json::from_str(&text(
        "SELECT about FROM messages WHERE customer_id = ? ORDER BY id LIMIT 1",
    ))
    .expect("what it tells");
    assert_eq!(kept, about); // They leave for the address that was given, with nothing of the customer's but the words.
    let carrier = Carrier {
        name: "postmark",
        channel: Channel::Email,
        remembers: Memory::Always,
        ready: true,
    };
    let claim = tx(&db, async |tx: &Tx<'_>| {
        delivery::claim(tx, today(), 1_000, &[carrier]).await
    });
    let mine: Vec<_> = claim.claimed.iter().filter(|one| one.customer == id).collect();
    assert_eq!(mine.len(), 2);
    for message in mine {
        assert_eq!(message.address(), "me@creditor.example");
        assert_eq!(message.about.as_ref(), Some(&about));
        assert!(message.overdue.is_empty() && message.upcoming.is_empty());
    }
}

#[test]
fn own_words_that_fail_are_told_to_a_person_once_a_version() {
    let _turn = turn();
    let db = ledger();
    let (ada, number) = customer(&db);
    invoice(&db, &ada, &number, "100.00", "2026-01-01", "EUR");
    tx(&db, async |tx: &Tx<'_>| dunning::sweep(tx, today(), 1_000).await);
    let email = Carrier {
        name: "x",
        channel: Channel::Email,
        remembers: Memory::Always,
        ready: true,
    };
    let morning = moment("2026-01-13T12:00:00Z");
    let claim = tx(&db, async |tx: &Tx<'_>| {
        delivery::claim(tx, morning, 1_000, &[email]).await
    });
    let message = claim.claimed.into_iter().find(|message| message.customer == ada);
    let message = message.unwrap();
    let fails = |version| {
        let failure = Failure {
            key: key("friendly", Channel::Email, "de"),
            version,
            why: "too many operations".to_owned(),
        };
        tx(&db, async |tx: &Tx<'_>| {
            templates::failed(tx, morning, &message, &failure).await
        })
    };
    assert_eq!(
        [fails(3), fails(3), fails(4), fails(3)],
        [true, false, true, false]
    );
    let filter = TaskFilter {
        customer: Some(ada.clone()),
        status: None,
        assignee: None,
        after: None,
    };
    let tasks = now(tasks::list(&db, &filter, 100)).unwrap();
    let words: Vec<&str> = tasks.iter().filter_map(|task| task.detail.as_deref()).collect();
    assert_eq!(words.len(), 2, "{words:?}");
    assert!(
        words
            .iter()
            .any(|text| text.starts_with("friendly (email, neutral, de), version 3: too many operations.")),
        "{words:?}"
    );
    assert!(
        words.iter().all(|text| text.contains(message.id.as_str())),
        "{words:?}"
    );
}

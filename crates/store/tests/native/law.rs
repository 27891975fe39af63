//! What the law of contacts asks about, and a person's data, on a real database.
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
use receivables::channel::Channel;
use receivables::id::{CustomerId, InvoiceId, MessageId};
use receivables::intake::{CustomerInput, InvoiceInput, PaymentInput};
use receivables::law::input::{ConsentInput, Word};
use receivables::law::{Attorney, History, Holder, Inconvenient, Party, Settings, Verdict, may_contact};
use receivables::task::{Outcome, TaskKind};
use receivables::template::Purpose;
use rusqlite::types::ValueRef;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::law::{self, Limit};
use store::payments::Incoming;
use store::personal::{self, Erased};
use store::tasks::{self, Course, NewTask, Reported};
use store::{Db, Moment, StoreError, Tx, customers, invoices, payments, postings};

crate::ground::own_ledger!();

/// Noon in New York.
fn moment(day: &str) -> Moment {
    Moment::at(format!("{day}T17:00:00Z").parse::<DateTime<Utc>>().unwrap())
}

/// The settings are everybody's, so tests take turns.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

fn tx<T>(db: &Db, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
    now(db.transaction(work)).unwrap()
}

fn raw() -> rusqlite::Connection {
    rusqlite::Connection::open(file()).unwrap()
}

fn choose(db: &Db, settings: &Value) {
    let settings = Settings::parse(settings).unwrap();
    tx(db, async |tx| {
        law::put_settings(tx, moment("2026-11-01"), &settings, "admin").await
    });
}

fn customer(db: &Db, key: &str, more: &Value) -> CustomerId {
    let mut document = json!({
        "external_id": key, "name": "Ada Braun", "kind": "consumer", "country": "US", "region": "NY",
        "time_zone": "America/New_York", "locale": "en", "currency": "USD",
        "contacts": [{"name": "Ada", "role": "billing", "email": format!("{key}@braun.example"),
            "phone": "+1 212 555 0100"}],
    });
    for (name, value) in more.as_object().into_iter().flatten() {
        document[name] = value.clone();
    }
    let input = CustomerInput::parse(&document).unwrap();
    tx(db, async |tx| {
        customers::upsert(tx, moment("2026-11-01"), std::slice::from_ref(&input)).await
    })[0]
        .0
        .clone()
}

fn known(db: &Db, at: Moment, customer: &CustomerId) -> (Party, History) {
    let asked = BTreeSet::from([customer.clone()]);
    now(law::of(db, at, &asked)).unwrap().remove(customer).unwrap()
}

fn ask(db: &Db, day: &str, customer: &CustomerId, channel: Channel) -> String {
    let (mut party, history) = known(db, moment(day), customer);
    party.by_person = true;
    match may_contact(&party, channel, Purpose::Collection, &history, moment(day).now) {
        Verdict::Allow => "allow".to_owned(),
        Verdict::Defer { until, rule } => format!("defer {} {}", rule.id, until.format("%Y-%m-%d")),
        Verdict::Deny { rule } => format!("deny {}", rule.id),
    }
}

fn call(db: &Db, day: &str, customer: &CustomerId, outcome: Outcome) {
    let said = Reported {
        outcome,
        text: None,
        by: "key_1",
    };
    let is_business_day = |_| true;
    let course = Course {
        rules: receivables::task::Rules::default(),
        today: moment(day).now.date_naive(),
        is_business_day: &is_business_day,
    };
    tx(db, async |tx| {
        tasks::called(tx, moment(day), customer, &course, &said)
            .await
            .map(drop)
    });
}

fn word(how: &str, day: &str) -> Word {
    Word::parse(&json!({"how": how}), moment(day).now).unwrap()
}

/// 12 CFR 1006.14(b)(2): calls that people report count, and those that tasks end with.
#[test]
fn calls_that_were_placed_are_counted() {
    let (_turn, db) = (turn(), ledger());
    choose(
        &db,
        &json!({"creditor_role": "original_creditor", "consumer_rules": true}),
    );
    let ada = customer(&db, "calls", &json!({}));
    for day in ["11", "12", "13", "14", "15", "16"] {
        call(&db, &format!("2026-11-{day}"), &ada, Outcome::NoAnswer);
        assert_eq!(ask(&db, "2026-11-17", &ada, Channel::Voice), "allow");
    }
    let task = NewTask {
        customer: ada.clone(),
        currency: None,
        kind: TaskKind::Call,
        title: "Call".to_owned(),
        detail: None,
        due_on: "2026-11-16".parse().unwrap(),
        step: None,
        cycle: None,
        assignee: None,
    };
    let id = tx(&db, async |tx| {
        tasks::open_by(tx, moment("2026-11-16"), "key_1", task.clone()).await
    });
    let said = Reported {
        outcome: Outcome::LeftMessage,
        text: None,
        by: "key_1",
    };
    let is_business_day = |_| true;
    let course = Course {
        rules: receivables::task::Rules::default(),
        today: "2026-11-16".parse().unwrap(),
        is_business_day: &is_business_day,
    };
    tx(&db, async |tx| {
        tasks::done(tx, moment("2026-11-16"), &id, &course, &said)
            .await
            .map(drop)
    });
    assert_eq!(
        ask(&db, "2026-11-17", &ada, Channel::Voice),
        "defer calls_7_in_7 2026-11-18"
    );
    // A conversation; it was on a Monday.
    let ben = customer(&db, "talks", &json!({}));
    call(&db, "2026-11-16", &ben, Outcome::Promised);
    assert_eq!(
        ask(&db, "2026-11-22", &ben, Channel::Voice),
        "defer days_after_conversation 2026-11-23"
    );
    assert_eq!(ask(&db, "2026-11-23", &ben, Channel::Voice), "allow");
    let record = now(law::record(&db, &ben)).unwrap().unwrap();
    assert_eq!(record.calls.len(), 1);
    assert!(record.calls[0].conversation);
}

/// Each attempt of the voice channel is a call; one that is given back is none; one that is taken is a conversation.
#[test]
fn the_machines_calls_count_themselves() {
    let (_turn, db) = (turn(), ledger());
    let ada = customer(&db, "machine", &json!({}));
    let message = MessageId::from_parts(1, [7; 10]);
    let at = moment("2026-11-16").ms();
    raw()
        .execute(
            "INSERT INTO messages (id, customer_id, currency, policy, step, template, cycle, channel, status, why,
                scheduled_for, attempt_at, created_at)
             VALUES (?1, ?2, 'USD', 'standard', 'call', 'friendly', 'x', 'voice', 'queued', '', ?3, ?3, ?3)",
            rusqlite::params![message.as_str(), ada.as_str(), at],
        )
        .unwrap();
    let attempts = |change: &str| {
        let sql = format!("UPDATE messages SET attempts = attempts {change}, attempt_at = {at} WHERE id = ?");
        raw().execute(&sql, [message.as_str()]).unwrap();
        known(&db, moment("2026-11-16"), &ada).1.calls
    };
    assert_eq!(attempts("+ 1").len(), 1);
    assert_eq!(attempts("+ 0").len(), 1);
    assert_eq!(attempts("+ 1").len(), 2);
    assert_eq!(attempts("- 1").len(), 1);
    tx(&db, async |tx| law::conversation(tx, &message).await);
    let calls = known(&db, moment("2026-11-16"), &ada).1.calls;
    assert!(calls[0].conversation);
    // Another channel's attempts are no calls.
    raw()
        .execute(
            "UPDATE messages SET channel = 'email', attempts = attempts + 1 WHERE id = ?",
            [message.as_str()],
        )
        .unwrap();
    assert_eq!(known(&db, moment("2026-11-16"), &ada).1.calls.len(), 1);
}

#[test]
fn what_a_customer_says_is_kept_and_decides() {
    let (_turn, db) = (turn(), ledger());
    choose(&db, &json!({"creditor_role": "debt_collector"}));
    let ada = customer(&db, "words", &json!({}));
    let (day, by) = ("2026-11-17", "key_1");
    let set = |limit: Limit<'_>| {
        assert!(tx(&db, async |tx| law::set(tx, moment(day), &ada, limit, by).await));
    };
    assert_eq!(ask(&db, day, &ada, Channel::Email), "deny validation_notice");
    set(Limit::ValidationNotice(Some(&word("letter", day))));
    assert_eq!(ask(&db, day, &ada, Channel::Email), "allow");

    assert_eq!(ask(&db, day, &ada, Channel::Sms), "deny consent_missing");
    let consent = |channel, given, document: &Value| {
        let input = ConsentInput::parse(document, channel, given, moment(day).now).unwrap();
        assert!(tx(&db, async |tx| law::consent(
            tx,
            moment(day),
            &ada,
            &input,
            by
        )
        .await));
    };
    consent(
        Some(Channel::Sms),
        true,
        &json!({"how": "web form", "evidence": "form 17", "at": "2026-11-01T00:00:00Z"}),
    );
    assert_eq!(ask(&db, day, &ada, Channel::Sms), "allow");
    consent(Some(Channel::Sms), false, &json!({"how": "on the phone"}));
    assert_eq!(ask(&db, day, &ada, Channel::Sms), "deny consent_revoked");
    assert_eq!(ask(&db, day, &ada, Channel::Email), "allow");

    let times = Inconvenient::parse_all(&json!({"times": [
        {"days": ["tuesday"], "from": "11:00", "until": "13:00"}, {"address": "+1 212 555 0177"}]}));
    set(Limit::Inconvenient(&times.unwrap()));
    assert_eq!(
        ask(&db, day, &ada, Channel::Email),
        "defer inconvenient_time 2026-11-17"
    );
    set(Limit::Inconvenient(&[]));
    let attorney = Attorney::parse(&json!({"name": "Reed", "email": "office@reed.example"})).unwrap();
    set(Limit::Attorney(Some(&attorney)));
    assert_eq!(ask(&db, day, &ada, Channel::Letter), "deny attorney");
    assert_eq!(known(&db, moment(day), &ada).1.attorney, Some(attorney));
    for (address, expected) in [
        ("Office@Reed.example", Some(Holder::Attorney)),
        ("words@braun.example", Some(Holder::Customer)),
        ("+1 (212) 555-0100", Some(Holder::Customer)),
        ("else@braun.example", None),
    ] {
        assert_eq!(
            now(law::holder(&db, &ada, address)).unwrap(),
            expected,
            "{address}"
        );
    }
    set(Limit::Attorney(None));
    set(Limit::Cease(Some(&word("letter", day))));
    assert_eq!(ask(&db, day, &ada, Channel::Letter), "deny cease");

    let record = now(law::record(&db, &ada)).unwrap().unwrap();
    assert_eq!(record.consents.len(), 2);
    assert_eq!(record.consents[1].word.evidence.as_deref(), Some("form 17"));
    assert_eq!(record.cease.unwrap().how, "letter");
    // Each is an activity.
    let kinds: i64 = raw()
        .query_row(
            "SELECT count(DISTINCT kind) FROM activities WHERE customer_id = ? AND kind IN ('consent_given',
                'consent_revoked', 'inconvenient_times_set', 'attorney_recorded', 'attorney_removed', 'contact_ceased',
                'validation_notice_given')",
            [ada.as_str()],
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(kinds, 7);
    // Nobody of that id.
    let nobody = CustomerId::from_parts(1, [1; 10]);
    assert!(!tx(&db, async |tx| {
        law::set(tx, moment(day), &nobody, Limit::Cease(None), by).await
    }));
    assert!(
        now(law::of(&db, moment(day), &BTreeSet::from([nobody])))
            .unwrap()
            .is_empty()
    );
}

/// Days of rest that an administrator added count where the customer is.
#[test]
fn added_days_of_rest_count() {
    let (_turn, db) = (turn(), ledger());
    let more = json!({"country": "DE", "region": "BE", "time_zone": "Europe/Berlin"});
    let ada = customer(&db, "rest", &more);
    assert_eq!(ask(&db, "2026-11-18", &ada, Channel::Voice), "allow");
    raw()
        .execute(
            "INSERT INTO rest_days (country, region, day_on, name) VALUES ('DE', '', '2026-11-18', 'Closed')",
            [],
        )
        .unwrap();
    assert_eq!(
        ask(&db, "2026-11-18", &ada, Channel::Voice),
        "defer rest_day 2026-11-19"
    );
}

const NAME: &str = "Quintessa Zoë Marrowby";
const EMAIL: &str = "quintessa@marrowby.example";

/// What tells Quintessa, in lower case.
const TRACES: &[&str] = &[
    "quintessa",
    "marrowby",
    "5550142",
    "ext-quint-9",
    "de02120300000000202051",
];

/// Every text of every table that tells her.
fn found() -> Vec<String> {
    let raw = raw();
    let mut names = raw
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
        .unwrap();
    let names: Vec<String> = names
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert!(names.len() > 50, "{}", names.len());
    let mut found = Vec::new();
    for name in names {
        let mut rows = raw.prepare(&format!("SELECT * FROM {name}")).unwrap();
        let columns: Vec<String> = rows.column_names().into_iter().map(str::to_owned).collect();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            for (at, column) in columns.iter().enumerate() {
                let (ValueRef::Text(bytes) | ValueRef::Blob(bytes)) = row.get_ref(at).unwrap() else {
                    continue;
                };
                let text = String::from_utf8_lossy(bytes).to_lowercase();
                if TRACES.iter().any(|trace| text.contains(trace)) {
                    found.push(format!("{name}.{column}: {text}"));
                }
            }
        }
    }
    found
}

fn quintessa(db: &Db) -> (CustomerId, InvoiceId) {
    let id = customer(
        db,
        "ext-quint-9",
        &json!({"name": NAME, "region": "NY", "tags": ["quintessa"],
            "contacts": [{"name": NAME, "role": "billing", "email": EMAIL, "phone": "+1 212 555-0142",
                "postal": {"lines": ["1 Marrowby Lane"], "city": "Albany", "country": "US"}}]}),
    );
    let input = InvoiceInput::parse(&json!({
        "number": "Q-1", "customer": {"external_id": "ext-quint-9"}, "issue_date": "2026-10-01",
        "due_date": "2026-10-31", "currency": "USD", "total": "80.00",
        "lines": [{"description": "Portrait of Quintessa Zoë Marrowby", "quantity": "1"}],
    }));
    let input = input.unwrap();
    let taken = tx(db, async |tx| {
        invoices::take(tx, moment("2026-11-02"), std::slice::from_ref(&input)).await
    });
    let invoices::Taken::Accepted(invoice) = &taken[0] else {
        panic!("{taken:?}");
    };
    (id, invoice.clone())
}

/// Rows that others write, as they write them.
fn rows_of_others(id: &CustomerId, payment: &str) {
    let raw = raw();
    let message = "msg_00000000000000000000000009";
    let customer = id.as_str();
    let rows = [
        format!(
            "INSERT INTO messages (id, customer_id, currency, policy, step, template, cycle, channel, status, why,
                scheduled_for, attempt_at, recipient, subject, last_error, created_at, sent_at, about)
             VALUES ('{message}', '{customer}', 'USD', 'standard', 'reminder', 'friendly', 'y', 'email', 'sent',
                '{NAME} owes', 1, 1, '{EMAIL}', 'Dear {NAME}', 'bounced: {EMAIL}', 1, 1794934800000, '{{\"note\": \"{NAME}\"}}')"
        ),
        format!(
            "INSERT INTO mailbox (message_id, received_at, customer_id, step, sender, recipient, subject, text, html)
             VALUES ('{message}', 1, '{customer}', 'reminder', 'us', '{EMAIL}', 's', 'Dear {NAME}', '<p>{NAME}')"
        ),
        format!(
            "INSERT INTO activities (id, customer_id, at, kind, title, detail)
             VALUES ('act_00000000000000000000000009', '{customer}', 1, 'note_added', '{NAME}', '{NAME} is ill')"
        ),
        format!(
            "INSERT INTO events (id, at, type, customer_id, data) VALUES ('evt_00000000000000000000000009', 1,
                'message.sent', '{customer}', '{{\"address\": \"{EMAIL}\", \"message\": \"{message}\"}}')"
        ),
        format!(
            "INSERT INTO inbound_events (source, event_id, received_at, body, status, outcome) VALUES ('stripe', 'e1', 1,
                '{{\"name\": \"{NAME}\", \"email\": \"{EMAIL}\"}}', 'processed', 'of {NAME}')"
        ),
        "INSERT INTO inbound_events (source, event_id, received_at, body, status) VALUES ('twilio', 'e2', 1,
            'From=%2B12125550142&Body=Hello', 'ignored')"
            .to_owned(),
        "INSERT INTO inbound_events (source, event_id, received_at, body, status) VALUES ('stripe', 'e3', 1,
            '{\"name\": \"Somebody Else\"}', 'processed')"
            .to_owned(),
        format!(
            "INSERT INTO idempotency (principal, key, fingerprint, status, body, created_at)
             VALUES ('key_1', 'k', 'f', 201, '{{\"name\": \"{NAME}\"}}', 1)"
        ),
        format!(
            "INSERT INTO intake_rejects (id, received_at, line, body, errors, fingerprint)
             VALUES ('rej_00000000000000000000000009', 1, 1, '{{\"email\": \"{EMAIL}\"}}', '[]', 'q')"
        ),
        format!(
            "INSERT INTO external_objects (source, kind, external_id, version, entity_id, said)
             VALUES ('xero', 'customer', 'x-9', '1', '{customer}', '{{\"name\": \"{NAME}\"}}')"
        ),
        format!(
            "INSERT INTO payer_accounts (account, customer_id, name, times, last_at)
             VALUES ('DE02120300000000202051', '{customer}', '{NAME}', 1, 1)"
        ),
        format!(
            "UPDATE payments SET content = json_set(content, '$.payer_name', '{NAME}') WHERE id = '{payment}'"
        ),
        format!(
            "INSERT INTO tasks (id, customer_id, kind, title, detail, due_on, opened_by, created_at)
             VALUES ('tsk_00000000000000000000000009', '{customer}', 'call', 'Call {NAME}', '{NAME}', '2026-11-03', 'k', 1)"
        ),
        format!(
            "INSERT INTO approvals (id, kind, customer_id, subject, asked_by, comment, expires_at, created_at)
             VALUES ('apr_00000000000000000000000009', 'suspend', '{customer}', '{{\"reason\": \"{NAME} is gone\"}}',
                'k', '{NAME}', 1, 1)"
        ),
    ];
    let others = [
        format!("INSERT INTO past_sends (message_id, channel, recipient, over_at, why) VALUES ('{message}', 'email', '{EMAIL}', 1, '{NAME}')"),
        format!("INSERT INTO voice_calls (message_id, customer_id, token_hash, phone, currency, locale, words, invoices, placed_at)
             VALUES ('{message}', '{customer}', 't', '+12125550142', 'USD', 'en', 'Dear {NAME}', '[]', 1)"),
        format!("INSERT INTO letters (message_id, customer_id, addressee, subject, content, status, created_at)
             VALUES ('{message}', '{customer}', '{NAME}', 's', x'00', 'to_print', 1)"),
        format!("INSERT INTO unsubscribes (token_hash, message_id, customer_id, channel, address, created_at)
             VALUES ('t', '{message}', '{customer}', 'email', '{EMAIL}', 1)"),
        format!("INSERT INTO document_requests (id, customer_id, what, status, note, asked_by, created_at)
             VALUES ('d', '{customer}', 'Order of {NAME}', 'open', '{NAME}', 'k', 1)"),
    ];
    for sql in rows.into_iter().chain(others) {
        raw.execute(&sql, [])
            .unwrap_or_else(|error| panic!("{error}: {sql}"));
    }
    raw.execute(
        "INSERT INTO suppressions (address, reason, source, detail, created_at)
         SELECT ?1, 'bounce', 'us', 'of ' || ?1, 1",
        [EMAIL],
    )
    .unwrap();
}

#[test]
fn a_person_is_exported_and_erased_and_the_books_stay() {
    let (_turn, db) = (turn(), ledger());
    choose(&db, &json!({"creditor_role": "debt_collector"}));
    let (id, invoice) = quintessa(&db);
    let other = customer(&db, "stays", &json!({"name": "Ben Stays"}));
    let erase = |day: &str| {
        tx(&db, async |tx| {
            personal::erase(tx, moment(day), &id, "Quintessa asked", "key_1").await
        })
    };
    // While money is owed.
    let Erased::Pending(view) = erase("2026-11-03") else {
        panic!("money is owed");
    };
    assert_eq!(
        (view.status, view.waits_for.as_deref()),
        ("pending", Some("money"))
    );
    assert_eq!(now(personal::pending(&db, None, 10)).unwrap().len(), 1);
    // What can be done by itself.
    let due = |day: &str| -> Vec<String> {
        let due = now(personal::due(&db, moment(day), 10)).unwrap();
        let ours = due.into_iter().filter(|request| request.customer == id);
        ours.map(|request| format!("{}, {}", request.reason, request.by))
            .collect()
    };
    assert_eq!(due("2026-11-03"), Vec::<String>::new(), "money is owed");

    let input = PaymentInput::parse(&json!({
        "customer": {"external_id": "ext-quint-9"}, "amount": "80.00", "currency": "USD", "received_on": "2026-11-04",
        "method": "bank_transfer", "reference": "R-Q-1", "remittance": [{"invoice_number": "Q-1"}],
    }));
    let incoming = Incoming::told("api", input.unwrap());
    tx(&db, async |tx| {
        payments::record(tx, moment("2026-11-04"), &incoming)
            .await
            .map(drop)
    });
    let payment: String = raw()
        .query_row("SELECT id FROM payments WHERE reference = 'R-Q-1'", [], |row| {
            row.get(0)
        })
        .unwrap();
    assert_eq!(
        due("2026-11-04"),
        ["Quintessa asked, key_1"],
        "nothing is owed any more"
    );
    rows_of_others(&id, &payment);
    tx(&db, async |tx| {
        let attorney = Attorney::parse(&json!({"name": NAME, "email": EMAIL})).unwrap();
        law::set(
            tx,
            moment("2026-11-04"),
            &id,
            Limit::Attorney(Some(&attorney)),
            "key_1",
        )
        .await
    });
    let input = json!({"how": "told by Quintessa", "address": EMAIL, "evidence": NAME});
    let input = ConsentInput::parse(&input, Some(Channel::Email), true, moment("2026-11-04").now).unwrap();
    tx(&db, async |tx| {
        law::consent(tx, moment("2026-11-04"), &id, &input, "key_1").await
    });

    let exported = now(personal::export(&db, &id)).unwrap().unwrap();
    assert_eq!(exported["customer"]["name"], NAME);
    assert_eq!(exported["contacts"][0]["email"], EMAIL);
    assert_eq!(
        exported["invoices"][0]["content"]["lines"][0]["description"],
        format!("Portrait of {NAME}")
    );
    assert_eq!(exported["messages"][0]["recipient"], EMAIL);
    assert_eq!(exported["consents"][0]["evidence"], NAME);
    assert_eq!(exported["postings"].as_array().unwrap().len(), 2);
    assert!(found().len() > 20, "the test has to have something to erase");

    // Its last message left on 17 November 2026: 12 CFR 1006.100(a).
    let Erased::Pending(view) = erase("2029-11-16") else {
        panic!("records are kept");
    };
    assert_eq!(view.waits_for.as_deref(), Some("records_3_years"));
    assert_eq!(view.not_before.as_deref(), Some("2029-11-17T17:00:00Z"));
    assert!(!found().is_empty());
    assert_eq!(due("2029-11-16"), Vec::<String>::new(), "records are kept");
    assert_eq!(due("2029-11-17"), ["Quintessa asked, key_1"]);

    let books = "SELECT group_concat(id || amount_minor || value_on || kind) FROM (SELECT * FROM postings ORDER BY id)";
    let read = |sql: &str| raw().query_row(sql, [], |row| row.get::<_, String>(0)).unwrap();
    let before = read(books);
    let Erased::Done(view) = erase("2029-11-17") else {
        panic!("nothing speaks against it");
    };
    assert_eq!((view.status, view.reason.as_str()), ("done", "erased"));
    assert_eq!(found(), Vec::<String>::new());
    assert_eq!(read(books), before);
    assert!(now(postings::drift(&db)).unwrap().is_empty());
    assert!(now(personal::pending(&db, None, 10)).unwrap().is_empty());
    assert_eq!(due("2029-11-18"), Vec::<String>::new(), "it is done");
    // What is left can still be read: the invoice, its number and amount.
    let exported = now(personal::export(&db, &id)).unwrap().unwrap();
    assert_eq!(exported["invoices"][0]["number"], "Q-1");
    assert_eq!(exported["invoices"][0]["total_minor"], 8_000);
    assert!(now(store::views::invoice(&db, &invoice)).unwrap().is_some());
    assert!(
        now(store::views::customer(&db, moment("2029-11-17"), &id))
            .unwrap()
            .is_some()
    );
    // Others are untouched.
    let others = now(personal::export(&db, &other)).unwrap().unwrap();
    assert_eq!(others["customer"]["name"], "Ben Stays");
    assert_eq!(
        read("SELECT body FROM inbound_events WHERE event_id = 'e3'"),
        "{\"name\": \"Somebody Else\"}"
    );
    // Once more, for what may have come in since.
    assert!(matches!(erase("2029-11-18"), Erased::Done(_)));
    assert!(matches!(
        tx(&db, async |tx| {
            let nobody = CustomerId::from_parts(1, [1; 10]);
            personal::erase(tx, moment("2029-11-18"), &nobody, "x", "key_1").await
        }),
        Erased::Unknown
    ));
}

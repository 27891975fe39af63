//! Telephones and letters on a real database: what a text closes and opens, what the keys of a call do, letters that people
//! post.
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
use receivables::intake::{CustomerInput, InvoiceInput};
use receivables::opt_out;
use receivables::suppression::Reason;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use store::inbound::Effect;
use store::letters::{self, NewLetter, Status};
use store::personal::{self, Erased};
use store::suppressions::{self, Evidence};
use store::telephone::{self, Text};
use store::voice::{self, Call, NewCall, Pressed};
use store::{Db, Moment, StoreError, Tx, customers, invoices, promises};

crate::ground::own_ledger!();

fn moment(text: &str) -> Moment {
    Moment::at(text.parse::<DateTime<Utc>>().unwrap())
}

/// Noon of a day in January 2026.
fn on(day: u32) -> Moment {
    moment(&format!("2026-01-{day:02}T12:00:00Z"))
}

static LOCK: Mutex<()> = Mutex::new(());

thread_local! {
    /// Held until the test's thread ends: the tests of this file share a ledger.
    static TURN: MutexGuard<'static, ()> = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
}

/// A customer with a telephone.
struct Line {
    db: Db,
    key: String,
    customer: CustomerId,
    number: String,
}

impl Line {
    fn new() -> Line {
        static NEXT: AtomicU32 = AtomicU32::new(1000);
        TURN.with(|_| ());
        let db = ledger();
        let next = NEXT.fetch_add(1, Ordering::Relaxed);
        let key = format!("C{next}");
        let input = CustomerInput::parse(&json!({
            "external_id": key, "name": "Nordwind", "kind": "business", "country": "DE", "time_zone": "Europe/Berlin",
            "locale": "de-DE", "currency": "EUR",
            // As people write a number.
            "contacts": [{"name": "Ada", "role": "billing", "email": format!("{key}@nordwind.example"),
                "phone": format!("+49 (0)30 / 55-{next}")}],
        }));
        let input = input.unwrap();
        let upsert = async |tx: &Tx<'_>| customers::upsert(tx, on(1), std::slice::from_ref(&input)).await;
        let customer = now(db.transaction(upsert)).unwrap()[0].0.clone();
        let number = format!("+493055{next}");
        Line {
            db,
            key,
            customer,
            number,
        }
    }

    fn tx<T>(&self, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
        now(self.db.transaction(work)).unwrap()
    }

    fn says(&self, text: &str, at: Moment) -> Effect {
        let text = Text {
            source: "twilio",
            from: &self.number,
            text,
            meaning: opt_out::read(text),
        };
        self.tx(async |tx| telephone::received(tx, at, &text).await)
    }

    /// The channels over which an address is not reached.
    fn closed(&self, address: &str) -> Vec<Option<Channel>> {
        let all = now(suppressions::list(&self.db, ("", ""), 1_000)).unwrap();
        let ours = all.into_iter().filter(|row| row.address == address);
        ours.map(|row| row.channel).collect()
    }

    fn rows(&self, sql: &str) -> Vec<String> {
        let connection = rusqlite::Connection::open(file()).unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let rows = statement
            .query_map([self.customer.as_str()], |row| row.get(0))
            .unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn activities(&self) -> Vec<String> {
        self.rows(
            "SELECT kind FROM activities WHERE customer_id = ? AND kind <> 'customer_created' ORDER BY id",
        )
    }

    fn tasks(&self) -> Vec<String> {
        self.rows("SELECT title FROM tasks WHERE customer_id = ? ORDER BY id")
    }

    fn invoice(&self, total: &str) -> InvoiceId {
        let input = InvoiceInput::parse(&json!({
            "number": format!("{}-1", self.key), "customer": {"id": self.customer}, "issue_date": "2025-12-15",
            "due_date": "2026-01-05", "currency": "EUR", "total": total,
        }));
        let input = input.unwrap();
        let taken = self.tx(async |tx| invoices::take(tx, on(1), std::slice::from_ref(&input)).await);
        match &taken[0] {
            invoices::Taken::Accepted(id) => id.clone(),
            other => panic!("{other:?}"),
        }
    }

    /// A message over a channel that has left.
    fn message(&self, channel: &str) -> MessageId {
        let id = on(10).id(MessageId::from_parts).unwrap();
        let connection = rusqlite::Connection::open(file()).unwrap();
        let sql = "INSERT INTO messages (id, customer_id, currency, policy, step, template, cycle, channel, status, why,
                scheduled_for, attempt_at, provider, provider_id, created_at, sent_at)
            VALUES (?1, ?2, 'EUR', 'standard', ?1, 'friendly', ?1, ?3, 'sent', '', 0, 0, 'twilio', 'CA' || ?1, 0, 5)";
        connection
            .execute(sql, [id.as_str(), self.customer.as_str(), channel])
            .unwrap();
        id
    }

    fn call(&self, invoices: &[InvoiceId]) -> (MessageId, String) {
        let message = self.message("voice");
        let hash = format!("hash of {message}");
        let call = NewCall {
            message: &message,
            customer: &self.customer,
            token_hash: &hash,
            phone: &self.number,
            currency: receivables::currency::Currency::parse("EUR").unwrap(),
            locale: "de-DE",
            words: "Guten Tag.",
            invoices,
        };
        self.tx(async |tx| voice::place(tx, on(10), &call).await);
        (message, hash)
    }

    fn find(&self, hash: &str) -> Call {
        now(voice::find(&self.db, hash)).unwrap().unwrap()
    }

    fn presses(&self, hash: &str, digits: &str) -> Pressed {
        let call = self.find(hash);
        self.tx(async |tx| voice::pressed(tx, on(10), "twilio", &call, digits).await)
    }
}

#[test]
fn stop_stops_texts_and_nothing_else_and_start_lets_them_go_again() {
    let line = Line::new();
    assert_eq!(
        line.says("STOP", on(2)),
        Effect::Processed("no more by sms".to_owned())
    );
    assert_eq!(line.closed(&line.number), [Some(Channel::Sms)]);
    assert_eq!(
        line.closed(&format!("{}@nordwind.example", line.key.to_lowercase())),
        []
    );
    assert_eq!(line.activities(), ["address_suppressed", "contact_opted_out"]);
    // A keyword needs nobody.
    assert_eq!(line.tasks(), Vec::<String>::new());
    line.says("start", on(3));
    assert_eq!(line.closed(&line.number), []);
    // And out again: the later word counts.
    line.says("ABMELDEN", on(4));
    assert_eq!(line.closed(&line.number), [Some(Channel::Sms)]);
}

#[test]
fn what_is_asked_for_in_words_is_done_and_read_by_a_person() {
    let line = Line::new();
    line.says("Stop calling me!", on(2));
    assert_eq!(line.closed(&line.number), [Some(Channel::Voice)]);
    assert_eq!(
        line.tasks(),
        ["A customer wants to be contacted less: is more meant than this?"]
    );
    line.says("stop all", on(3));
    assert_eq!(
        line.closed(&line.number),
        [Some(Channel::Sms), Some(Channel::Voice)]
    );
    // START is a word about texts.
    line.says("START", on(4));
    assert_eq!(line.closed(&line.number), [Some(Channel::Voice)]);
    line.says("I paid last week", on(5));
    assert_eq!(line.tasks().len(), 3);
    assert_eq!(
        line.says("HELP", on(5)),
        Effect::Processed("contact_asked_for_help".to_owned())
    );
    assert_eq!(line.tasks().len(), 3);
}

#[test]
fn who_wants_to_be_left_alone_is_also_where_we_do_not_know_them() {
    let line = Line::new();
    let text = Text {
        source: "vonage",
        from: "+15005550006",
        text: "STOP",
        meaning: opt_out::read("STOP"),
    };
    let effect = line.tx(async |tx| telephone::received(tx, on(2), &text).await);
    assert_eq!(effect, Effect::Processed("no more by sms".to_owned()));
    assert_eq!(line.closed("+15005550006"), [Some(Channel::Sms)]);
    let other = Text {
        text: "hello?",
        meaning: opt_out::read("hello?"),
        ..text
    };
    let effect = line.tx(async |tx| telephone::received(tx, on(2), &other).await);
    assert_eq!(effect, Effect::Ignored("nobody's number that we know".to_owned()));
}

#[test]
fn a_number_that_is_nobodys_is_closed_to_all_and_a_word_about_texts_does_not_open_it() {
    let line = Line::new();
    let evidence = Evidence {
        address: &line.number,
        reason: Reason::WrongAddress,
        source: "desk",
        detail: "somebody else answers",
        at: on(2).now,
    };
    line.tx(async |tx| suppressions::add(tx, on(2), &evidence).await);
    line.says("STOP", on(3));
    assert_eq!(line.closed(&line.number), [None, Some(Channel::Sms)]);
    line.says("START", on(4));
    assert_eq!(line.closed(&line.number), [None]);
    line.tx(async |tx| suppressions::lift(tx, on(5), &line.number, on(5).now, "key").await);
    assert_eq!(line.closed(&line.number), []);
}

/// A second implementation: of each channel the last word counts. In every order of five words, 5^4 histories.
#[test]
fn of_each_channel_the_last_word_counts() {
    const SAID: [(&str, Option<bool>, Option<bool>); 5] = [
        ("STOP", Some(true), None),
        ("stop calls", None, Some(true)),
        ("stop all", Some(true), Some(true)),
        ("START", Some(false), None),
        ("when is it due?", None, None),
    ];
    let line = Line::new();
    let mut seed = 20_260_110_usize;
    let (mut sms, mut voice, mut at) = (false, false, on(2));
    for _ in 0..200 {
        // A linear congruential generator (Numerical Recipes), so that a failure comes again.
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223) % (1 << 32);
        let (text, texts, calls) = SAID[(seed >> 16) % SAID.len()];
        at = Moment::at(at.now + chrono::Duration::seconds(1));
        line.says(text, at);
        (sms, voice) = (texts.unwrap_or(sms), calls.unwrap_or(voice));
        let expected: Vec<_> = [(sms, Channel::Sms), (voice, Channel::Voice)]
            .into_iter()
            .filter_map(|(closed, channel)| closed.then_some(Some(channel)))
            .collect();
        assert_eq!(line.closed(&line.number), expected, "after {text:?}");
    }
}

#[test]
fn two_promises_what_is_due_within_a_week_once() {
    let line = Line::new();
    let invoice = line.invoice("120.00");
    let (message, hash) = line.call(std::slice::from_ref(&invoice));
    let Pressed::Promised(first) = line.presses(&hash, "2") else {
        panic!("no promise");
    };
    let shown = serde_json::to_value(&first).unwrap();
    assert_eq!(shown["amount"], json!({"amount": "120.00", "currency": "EUR"}));
    assert_eq!(
        (&shown["made_on"], &shown["promised_on"]),
        (&json!("2026-01-10"), &json!("2026-01-17"))
    );
    assert_eq!(shown["made_by"], "twilio");
    assert_eq!(shown["invoices"][0]["id"], json!(invoice));
    assert!(shown["note"].as_str().unwrap().contains(&line.number), "{shown}");
    // Again it is the same one.
    let Pressed::Promised(again) = line.presses(&hash, "2") else {
        panic!("no promise");
    };
    assert_eq!(again.id, first.id);
    let filter = promises::PromiseFilter {
        customer: Some(line.customer.clone()),
        ..promises::PromiseFilter::default()
    };
    assert_eq!(now(promises::list(&line.db, &filter, 10)).unwrap().len(), 1);
    assert_eq!(line.find(&hash).promise.as_ref(), Some(&first.id));
    assert!(line.activities().contains(&"promise_made".to_owned()));
    assert_eq!(
        now(voice::was_answered(&line.db, Some(&message), "twilio", "")).unwrap(),
        Some(true)
    );
}

#[test]
fn where_nothing_is_owed_nothing_is_promised() {
    let line = Line::new();
    let (_, hash) = line.call(&[]);
    assert!(matches!(line.presses(&hash, "2"), Pressed::NoPromise));
    assert!(line.find(&hash).promise.is_none());
}

#[test]
fn nine_ends_calls_to_the_number_and_nothing_else() {
    let line = Line::new();
    let (_, hash) = line.call(&[]);
    assert!(matches!(line.presses(&hash, "9"), Pressed::NoCalls));
    assert!(matches!(line.presses(&hash, "9"), Pressed::NoCalls));
    assert_eq!(line.closed(&line.number), [Some(Channel::Voice)]);
    assert_eq!(
        line.activities(),
        ["address_suppressed", "contact_opted_out", "contact_opted_out"]
    );
}

#[test]
fn keys_that_mean_nothing_are_counted_until_one_does() {
    let line = Line::new();
    let (message, hash) = line.call(&[]);
    for (digits, missed) in [("", 1), ("5", 2), ("22", 3)] {
        assert!(
            matches!(line.presses(&hash, digits), Pressed::Missed(times) if times == missed),
            "{digits}"
        );
    }
    assert!(matches!(line.presses(&hash, "1"), Pressed::Again));
    assert!(matches!(line.presses(&hash, "7"), Pressed::Missed(1)));
    let keys = line.rows("SELECT keys FROM voice_calls WHERE customer_id = ?");
    assert_eq!(keys, ["-52217"]);
    // Made again, the page of the first try is nobody's.
    let (again, other) = (
        NewCall {
            message: &message,
            customer: &line.customer,
            token_hash: "another",
            phone: &line.number,
            currency: receivables::currency::Currency::parse("EUR").unwrap(),
            locale: "de-DE",
            words: "Guten Tag.",
            invoices: &[],
        },
        "another",
    );
    line.tx(async |tx| voice::place(tx, on(11), &again).await);
    assert!(now(voice::find(&line.db, &hash)).unwrap().is_none());
    assert_eq!(line.find(other).misses, 0);
    assert_eq!(
        now(voice::was_answered(&line.db, Some(&message), "twilio", "")).unwrap(),
        Some(false)
    );
}

#[test]
fn who_picks_up_is_known_by_our_id_and_by_the_providers() {
    let line = Line::new();
    let (message, hash) = line.call(&[]);
    let asked = |id: Option<&MessageId>| {
        now(voice::was_answered(
            &line.db,
            id,
            "twilio",
            &format!("CA{message}"),
        ))
        .unwrap()
    };
    assert_eq!((asked(Some(&message)), asked(None)), (Some(false), Some(false)));
    let call = line.find(&hash);
    line.tx(async |tx| voice::answered(tx, on(10), &call).await);
    assert_eq!((asked(Some(&message)), asked(None)), (Some(true), Some(true)));
    let unknown = now(voice::was_answered(&line.db, None, "vonage", "CA")).unwrap();
    assert_eq!(unknown, None);
}

#[test]
fn who_is_erased_leaves_no_number_behind() {
    let line = Line::new();
    line.call(&[]);
    let message = line.message("letter");
    let letter = NewLetter {
        message: &message,
        customer: &line.customer,
        addressee: "Ada",
        subject: "Reminder",
        content: b"%PDF-1",
        posted_by: None,
    };
    line.tx(async |tx| letters::keep(tx, on(10), &letter).await);
    line.says("STOP", on(11));
    let raw = rusqlite::Connection::open(file()).unwrap();
    let digits = line.number.trim_start_matches('+').to_owned();
    raw.execute(
        "INSERT INTO inbound_events (source, event_id, received_at, body, status, outcome)
            VALUES ('twilio', ?1, 0, 'From=%2B' || ?1 || '&Body=STOP', 'processed', 'no more by sms')",
        [digits.as_str()],
    )
    .unwrap();
    let export = now(personal::export(&line.db, &line.customer)).unwrap().unwrap();
    assert_eq!(export["voice_calls"][0]["phone"], line.number.as_str());
    assert_eq!(export["letters"][0]["message_id"], json!(message));

    let later = moment("2036-01-10T12:00:00Z");
    let erased = line.tx(async |tx| personal::erase(tx, later, &line.customer, "asked", "admin").await);
    assert!(matches!(erased, Erased::Done(_)), "{erased:?}");
    assert_eq!(line.closed(&line.number), []);
    for (table, column) in [
        ("voice_calls", "phone"),
        ("inbound_events", "body"),
        ("activities", "detail"),
    ] {
        let sql = format!("SELECT count(*) FROM {table} WHERE instr({column}, ?1) > 0");
        let left: i64 = raw.query_row(&sql, [digits.as_str()], |row| row.get(0)).unwrap();
        assert_eq!(left, 0, "{table}.{column}");
    }
    assert!(now(letters::view(&line.db, &message)).unwrap().is_none());
}

#[test]
fn a_letter_is_kept_once_until_somebody_posts_it() {
    let line = Line::new();
    let message = line.message("letter");
    for content in [b"%PDF-1".as_slice(), b"%PDF-2"] {
        let letter = NewLetter {
            message: &message,
            customer: &line.customer,
            addressee: "Ada, Hafenstraße 1, 10115, Berlin, DE",
            subject: "Reminder",
            content,
            posted_by: None,
        };
        line.tx(async |tx| letters::keep(tx, on(10), &letter).await);
    }
    assert_eq!(
        now(letters::content(&line.db, &message)).unwrap().unwrap(),
        b"%PDF-1"
    );
    let to_print = || -> Vec<Value> {
        let rows = now(letters::list(&line.db, Some(Status::ToPrint), None, 100)).unwrap();
        let ours = rows.into_iter().filter(|row| row.id == message);
        ours.map(|row| serde_json::to_value(row).unwrap()).collect()
    };
    assert_eq!(to_print()[0]["size"], 6);
    let post = |at, by| line.tx(async |tx| letters::post(tx, at, &message, by).await);
    assert!(post(on(12), "key_1"));
    assert!(!post(on(13), "key_2"));
    assert_eq!(to_print(), Vec::<Value>::new());
    let view = serde_json::to_value(now(letters::view(&line.db, &message)).unwrap()).unwrap();
    assert_eq!(
        (&view["status"], &view["posted_at"], &view["posted_by"]),
        (&json!("posted"), &json!("2026-01-12T12:00:00Z"), &json!("key_1"))
    );
    // That is when it left.
    let sent = line.rows("SELECT CAST(sent_at AS TEXT) FROM messages WHERE customer_id = ?");
    assert_eq!(sent, [on(12).ms().to_string()]);
    assert_eq!(line.activities(), ["letter_posted"]);
    let filtered = now(letters::list(&line.db, Some(Status::Posted), None, 100)).unwrap();
    assert!(filtered.iter().any(|row| row.id == message));
}

#[test]
fn a_letter_that_a_carrier_posts_can_be_printed_again_and_waits_for_nobody() {
    let line = Line::new();
    let message = line.message("letter");
    let letter = NewLetter {
        message: &message,
        customer: &line.customer,
        addressee: "Ada, Hafenstraße 1, 10115, Berlin, DE",
        subject: "Reminder",
        content: b"%PDF-1",
        posted_by: Some("lob"),
    };
    line.tx(async |tx| letters::keep(tx, on(10), &letter).await);
    let content = now(letters::content(&line.db, &message)).unwrap();
    assert_eq!(content.unwrap(), b"%PDF-1");
    let view = now(letters::view(&line.db, &message)).unwrap().unwrap();
    assert_eq!(
        (view.status, view.posted_by.as_deref()),
        (Status::Posted, Some("lob"))
    );
    assert_eq!(view.posted_at, Some(view.created_at));
    let waiting = now(letters::list(&line.db, Some(Status::ToPrint), None, 100)).unwrap();
    assert!(waiting.iter().all(|row| row.id != message));
}

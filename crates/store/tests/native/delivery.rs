//! How messages reach somebody, on a real database: channels and carriers in their order, who is written to and who is not,
//! what is held for a person, what comes back. The time of each act is given.
//!
//! Runs where the store is built with `native`: `cargo test -p store --features native`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "a test fails by panicking, and counts what it sees"
)]

use crate::ground::now;
use chrono::{DateTime, Duration, Utc};
use proptest::prelude::*;
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, LinkId, MessageId};
use receivables::intake::{CustomerInput, InvoiceInput, PaymentInput};
use receivables::message::{MessageStatus, Word};
use receivables::money::Money;
use receivables::notice::About;
use receivables::policy::Policy;
use receivables::recipient::HeldFor;
use receivables::suppression::Reason;
use receivables::template::Tone;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use store::contacts::{self, Verified};
use store::delivery::{self, Against, Carrier, Changed, Claimed, Memory, Outcome, Told};
use store::documents::{self, NewDocument, Owner};
use store::links::{self, NewLink};
use store::payments::Incoming;
use store::tasks::{self, TaskFilter};
use store::unsubscribes::{self, NewToken};
use store::{Db, Moment, StoreError, Tx, checkouts, customers, dunning, invoices, payments, policies, views};

crate::ground::own_ledger!();

const POSTMARK: Carrier = carrier("postmark", Channel::Email, Memory::ADay);
const SENDGRID: Carrier = carrier("sendgrid", Channel::Email, Memory::Nothing);
const TWILIO: Carrier = carrier("twilio", Channel::Sms, Memory::Nothing);
const ALL: [Carrier; 3] = [POSTMARK, SENDGRID, TWILIO];

const fn carrier(name: &'static str, channel: Channel, remembers: Memory) -> Carrier {
    Carrier {
        name,
        channel,
        remembers,
        ready: true,
    }
}

fn away(carrier: Carrier) -> Carrier {
    Carrier {
        ready: false,
        ..carrier
    }
}

/// Nine o'clock UTC, which is ten in Berlin in winter, on the Monday after the invoice fell due, and hours later.
fn after(hours: i64) -> Moment {
    let monday: DateTime<Utc> = "2026-01-12T09:00:00Z".parse().unwrap();
    Moment::at(monday + Duration::hours(hours))
}

static LOCK: Mutex<()> = Mutex::new(());

thread_local! {
    /// Held until the test's thread ends: claims look at the whole ledger, and every test has its own time.
    static TURN: MutexGuard<'static, ()> = LOCK.lock().unwrap_or_else(PoisonError::into_inner);
}

fn raw() -> rusqlite::Connection {
    rusqlite::Connection::open(file()).unwrap()
}

fn begin() {
    static BEGUN: Once = Once::new();
    TURN.with(|_| ());
    BEGUN.call_once(|| {
        for (name, recipients, step) in [
            ("ways", json!({}), json!({"channels": ["email", "sms"], "to": ["billing", "escalation"]})),
            ("told", json!({}), json!({"channels": ["email"], "notify": ["manager", "nobody", "sales"]})),
            ("sure", json!({"verify_first": true}), json!({"channels": ["email"]})),
            ("warn", json!({"unknown_domain": "warn"}), json!({"channels": ["email"]})),
            ("papers", json!({}), json!({"channels": ["email"], "attach": ["invoice"]})),
            ("texts", json!({}), json!({"channels": ["sms"]})),
            (
                "states",
                json!({}),
                json!({"channels": ["sms", "email"], "attach": ["statement"], "tone": "firm"}),
            ),
        ] {
            let mut policy = json!({"name": name, "send_at": "09:00", "business_days_only": false, "min_balance": {},
                "min_days_between_contacts": 0, "catch_up": "latest", "recipients": recipients,
                "colleagues": {"manager": "lena@creditor.example"},
                "steps": [{"id": "reminder", "day": 1, "template": "friendly"}]});
            for (key, value) in step.as_object().unwrap() {
                policy["steps"][0][key] = value.clone();
            }
            let policy = Policy::parse(&policy).unwrap();
            let day = "2026-01-01".parse().unwrap();
            let put = async |tx: &Tx<'_>| policies::put(tx, after(-200), &policy, day, "admin").await;
            now(ledger().transaction(put)).unwrap();
        }
    });
    // Every test has its own time, and what earlier ones left must not come in between.
    let raw = raw();
    raw.execute("DELETE FROM job_runs", []).unwrap();
    raw.execute("UPDATE cases SET next_action_at = NULL", []).unwrap();
    raw.execute(
        "UPDATE messages SET attempt_at = 9e15 WHERE status IN ('queued', 'sending')",
        [],
    )
    .unwrap();
}

/// A customer who owes an invoice that fell due on the Friday before.
struct World {
    db: Db,
    key: String,
    customer: CustomerId,
    invoice: InvoiceId,
    input: Value,
}

impl World {
    /// With contacts; `KEY` in them is one of its own.
    fn new(policy: &str, contacts: &Value, more: &Value) -> World {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        begin();
        let (db, key) = (ledger(), format!("d{}", NEXT.fetch_add(1, Ordering::Relaxed)));
        let mut input = json!({"external_id": key, "name": "Nordwind", "kind": "business", "country": "DE",
            "time_zone": "Europe/Berlin", "locale": "de", "currency": "EUR", "policy": policy, "contacts": contacts});
        for (name, value) in more.as_object().unwrap() {
            input[name] = value.clone();
        }
        let own = input.to_string().replace("KEY", &key).replace("NUM", &key[1..]);
        let input: Value = serde_json::from_str(&own).unwrap();
        let customer = upsert(&db, -100, &input);
        let document = json!({"number": key, "customer": {"external_id": key}, "issue_date": "2025-12-15",
            "due_date": "2026-01-09", "currency": "EUR", "total": "100.00"});
        let document = InvoiceInput::parse(&document).unwrap();
        let take = async |tx: &Tx<'_>| invoices::take(tx, after(-90), std::slice::from_ref(&document)).await;
        let taken = now(db.transaction(take)).unwrap();
        let invoices::Taken::Accepted(invoice) = taken.into_iter().next().unwrap() else {
            panic!("no invoice");
        };
        World {
            db,
            key,
            customer,
            invoice,
            input,
        }
    }

    /// With one billing contact that has an address and a number.
    fn plain(policy: &str) -> World {
        World::new(policy, &json!([ada()]), &json!({}))
    }

    fn tx<T>(&self, work: impl AsyncFnMut(&Tx<'_>) -> Result<T, StoreError>) -> T {
        now(self.db.transaction(work)).unwrap()
    }

    /// The customer's contacts are told anew.
    fn contacts(&self, hours: i64, contacts: &Value) {
        let mut input = self.input.clone();
        input["contacts"] = serde_json::from_str(
            &contacts
                .to_string()
                .replace("KEY", &self.key)
                .replace("NUM", &self.key[1..]),
        )
        .unwrap();
        upsert(&self.db, hours, &input);
    }

    fn sweep(&self, hours: i64) -> MessageId {
        self.tx(async |tx| dunning::sweep(tx, after(hours), 1_000).await);
        let id: String = raw()
            .query_row(
                "SELECT id FROM messages WHERE customer_id = ?1 AND step = 'reminder' ORDER BY id DESC",
                [self.customer.as_str()],
                |row| row.get(0),
            )
            .unwrap();
        MessageId::parse(&id).unwrap()
    }

    fn claim(&self, hours: i64, carriers: &[Carrier]) -> Option<Claimed> {
        let claim = self.tx(async |tx| delivery::claim(tx, after(hours), 1_000, carriers).await);
        let mut ours = claim
            .claimed
            .into_iter()
            .filter(|one| one.customer == self.customer);
        let one = ours.next();
        assert!(ours.next().is_none(), "one message at a time");
        one
    }

    fn settle(&self, hours: i64, message: Claimed, outcome: Outcome) -> usize {
        let outcomes = [(message, outcome)];
        self.tx(async |tx| delivery::settle(tx, after(hours), &outcomes).await)
    }

    /// Claims it and has it meet a fate; through whom, over what and to where it went.
    fn go(&self, hours: i64, carriers: &[Carrier], outcome: Outcome) -> String {
        let Some(message) = self.claim(hours, carriers) else {
            return "nothing".to_owned();
        };
        let told = format!(
            "{} {} {}",
            message.carrier,
            message.channel.as_str(),
            message.address()
        )
        .replace(&self.key, "KEY")
        .replace(&format!("+49 30 5500{}", &self.key[1..]), "+49 30 123456");
        self.settle(hours, message, outcome);
        told
    }

    fn tell(&self, hours: i64, word: Word, provider: &'static str, provider_id: &str, gone: bool) {
        let (address, id) = (
            format!("ada@{}.example", self.key),
            provider_id.replace("KEY", &self.key),
        );
        let told = Told {
            provider,
            message: None,
            provider_id: Some(&id),
            word: Some(word),
            against: match gone {
                true => Against::Suppress(Reason::Bounce),
                false => Against::Nothing,
            },
            whoever_wrote: false,
            address: &address,
            at: after(hours).now,
            news: false,
            kind: "message_bounced",
            detail: "no such mailbox".to_owned(),
        };
        self.tx(async |tx| delivery::told(tx, after(hours), &told).await);
    }

    fn view(&self, id: &MessageId) -> views::MessageView {
        now(views::message(&self.db, id)).unwrap().unwrap()
    }

    /// Status, channel and what it waits for.
    fn stands(&self, id: &MessageId) -> String {
        let view = self.view(id);
        let held = view.held_for.map(|held| format!(" held for {}", held.as_str()));
        format!("{} {}{}", view.status, view.channel, held.unwrap_or_default())
    }

    fn open_tasks(&self) -> Vec<String> {
        let filter = TaskFilter {
            customer: Some(self.customer.clone()),
            status: None,
            assignee: None,
            after: None,
        };
        let tasks = now(tasks::list(&self.db, &filter, 100)).unwrap();
        tasks.into_iter().map(|task| task.title).collect()
    }

    fn kinds(&self, kind: &str) -> usize {
        let timeline = now(views::timeline(&self.db, &self.customer, "~", 1_000)).unwrap();
        timeline.iter().filter(|entry| entry.kind == kind).count()
    }

    fn last(&self, kind: &str) -> String {
        let timeline = now(views::timeline(&self.db, &self.customer, "~", 1_000)).unwrap();
        let last = timeline.into_iter().find(|entry| entry.kind == kind);
        last.map(|entry| entry.detail.replace(&self.key, "KEY"))
            .unwrap_or_default()
    }

    fn email_state(&self, at: usize) -> String {
        let view = now(views::customer(&self.db, after(0), &self.customer))
            .unwrap()
            .unwrap();
        view.brief.contacts[at].email_state.clone().unwrap_or_default()
    }

    fn pay(&self, hours: i64) {
        let input = json!({"customer": {"id": self.customer}, "amount": "100.00", "currency": "EUR",
            "received_on": "2026-01-12", "method": "bank_transfer", "reference": self.key});
        let incoming = Incoming::told("api", PaymentInput::parse(&input).unwrap());
        self.tx(async |tx| payments::record(tx, after(hours), &incoming).await);
    }
}

fn upsert(db: &Db, hours: i64, input: &Value) -> CustomerId {
    let input = CustomerInput::parse(input).unwrap();
    let put = async |tx: &Tx<'_>| customers::upsert(tx, after(hours), std::slice::from_ref(&input)).await;
    now(db.transaction(put)).unwrap()[0].0.clone()
}

fn ada() -> Value {
    json!({"name": "Ada", "role": "billing", "email": "ada@KEY.example", "phone": "+49 30 5500NUM", "locale": "fr"})
}

fn ben() -> Value {
    json!({"name": "Ben", "role": "billing", "email": "ben@KEY.example"})
}

fn cleo() -> Value {
    json!({"name": "Cleo", "role": "escalation", "email": "cleo@KEY.example"})
}

fn sent(id: &str) -> Outcome {
    Outcome::Sent {
        subject: "About your account".to_owned(),
        provider_id: Some(id.to_owned()),
    }
}

fn refused() -> Outcome {
    Outcome::Refused("not that".to_owned())
}

#[test]
fn what_a_carrier_refuses_for_good_goes_over_the_next_channel_and_never_back() {
    let world = World::plain("ways");
    let id = world.sweep(0);
    assert_eq!(world.stands(&id), "queued email");
    assert_eq!(world.go(0, &ALL, refused()), "postmark email ada@KEY.example");
    assert_eq!(world.stands(&id), "queued sms");
    assert_eq!(world.view(&id).attempts, 0);
    assert_eq!(world.go(0, &ALL, sent("s-KEY")), "twilio sms +49 30 123456");
    assert_eq!(world.stands(&id), "sent sms");
    assert_eq!(world.go(999, &ALL, sent("again")), "nothing");

    let both = World::plain("ways");
    let id = both.sweep(0);
    both.go(0, &ALL, refused());
    both.go(0, &ALL, refused());
    assert_eq!(both.stands(&id), "failed sms");
    // A person's retry opens every way anew.
    let retried = both.tx(async |tx| delivery::retry(tx, after(1), &id).await);
    assert_eq!(
        (retried, both.stands(&id).as_str()),
        (Changed::Done, "queued email")
    );
    assert_eq!(both.go(1, &ALL, sent("x")), "postmark email ada@KEY.example");
}

#[test]
fn what_runs_out_of_tries_goes_over_the_next_channel() {
    let world = World::plain("ways");
    let id = world.sweep(0);
    let mut tries = 0;
    // Backoff never waits for a week.
    while world.view(&id).channel == "email" {
        let gone = world.go(
            tries * 24 * 7,
            &[POSTMARK, TWILIO],
            Outcome::TryAgain("busy".to_owned()),
        );
        assert_eq!(
            gone,
            "postmark email ada@KEY.example",
            "{tries}: {:?}",
            world.view(&id)
        );
        tries += 1;
        assert!(tries < 50, "it is given up at last");
    }
    assert!(tries > 1);
    assert_eq!(world.stands(&id), "queued sms");
}

#[test]
fn a_carrier_that_is_away_gives_way_to_another_of_its_channel_and_not_to_another_channel() {
    let world = World::plain("ways");
    let id = world.sweep(0);
    let elsewhere = Outcome::Elsewhere("no connection".to_owned());
    assert_eq!(world.go(0, &ALL, elsewhere), "postmark email ada@KEY.example");
    assert_eq!(
        (world.stands(&id).as_str(), world.view(&id).attempts),
        ("queued email", 0)
    );
    // With nobody else for email it waits, and is not even looked at.
    let waiting = [away(POSTMARK), TWILIO];
    assert_eq!(world.go(0, &waiting, sent("x")), "nothing");
    assert!(!now(delivery::more_due(&world.db, after(0), &waiting)).unwrap());
    assert!(now(delivery::more_due(&world.db, after(0), &ALL)).unwrap());
    assert_eq!(world.stands(&id), "queued email");
    let others = [away(POSTMARK), SENDGRID, TWILIO];
    assert_eq!(world.go(0, &others, sent("x")), "sendgrid email ada@KEY.example");
}

#[test]
fn a_channel_that_nobody_carries_is_passed_over_and_the_reason_is_told() {
    let world = World::plain("ways");
    let id = world.sweep(0);
    assert_eq!(world.go(0, &[TWILIO], sent("x")), "twilio sms +49 30 123456");
    assert!(
        world
            .last("contact_refused")
            .contains("nothing is set up that carries email")
    );

    let none = World::plain("ways");
    let other = none.sweep(0);
    none.claim(0, &[carrier("lob", Channel::Letter, Memory::ADay)]);
    assert_eq!(none.stands(&other), "failed email");
    assert!(
        none.last("message_failed")
            .contains("nothing is set up that carries sms")
    );
    assert_eq!(world.stands(&id), "sent sms");
}

#[test]
fn the_channel_that_the_customer_prefers_comes_first_where_the_step_goes_over_it() {
    let prefers = |channel: &str| {
        let world = World::new("ways", &json!([ada()]), &json!({"preferred_channel": channel}));
        let id = world.sweep(0);
        let view = world.view(&id);
        (view.channel, world.go(0, &ALL, sent("x")))
    };
    assert_eq!(
        prefers("sms"),
        ("sms".to_owned(), "twilio sms +49 30 123456".to_owned())
    );
    assert_eq!(
        prefers("letter"),
        ("email".to_owned(), "postmark email ada@KEY.example".to_owned())
    );
}

#[test]
fn an_address_that_is_inactive_is_left_for_another_contact_and_then_for_another_channel() {
    let world = World::new("ways", &json!([cleo(), ada(), ben()]), &json!({}));
    let id = world.sweep(0);
    let inactive = || Outcome::Inactive("unknown here".to_owned());
    // Billing in the creditor's order, and escalation only then: the step says so.
    assert_eq!(world.go(0, &ALL, inactive()), "postmark email ada@KEY.example");
    assert_eq!(world.go(0, &ALL, inactive()), "postmark email ben@KEY.example");
    assert_eq!(world.go(0, &ALL, inactive()), "postmark email cleo@KEY.example");
    assert_eq!(world.go(0, &ALL, inactive()), "twilio sms +49 30 123456");
    assert_eq!(world.claim(0, &ALL).map(|one| one.carrier), None);
    assert_eq!(world.stands(&id), "suppressed sms");
}

#[test]
fn a_language_of_its_own_is_the_contacts() {
    let world = World::new("ways", &json!([ada()]), &json!({}));
    world.sweep(0);
    assert_eq!(world.claim(0, &ALL).unwrap().locale, "fr");
    let world = World::new("ways", &json!([ben()]), &json!({}));
    world.sweep(0);
    assert_eq!(world.claim(0, &ALL).unwrap().locale, "de");
}

#[test]
fn what_a_crash_left_open_goes_to_the_carrier_that_may_have_it_or_to_a_person() {
    let world = World::plain("ways");
    let id = world.sweep(0);
    let lost = world.claim(0, &ALL).unwrap();
    assert_eq!(world.claim(0, &ALL).map(|one| one.carrier), None, "it is leased");
    // The lease has run out: this one knows ids, and it alone is asked.
    let again = world.claim(1, &[SENDGRID, TWILIO, POSTMARK]).unwrap();
    assert_eq!((again.carrier, again.id.clone()), ("postmark", id.clone()));
    assert_eq!(
        world.settle(1, lost, sent("late")),
        0,
        "whose lease was lost changes nothing"
    );
    assert_eq!(world.settle(1, again, sent("p-KEY")), 1);

    let away_now = World::plain("ways");
    let id = away_now.sweep(0);
    away_now.claim(0, &ALL).unwrap();
    assert!(away_now.claim(1, &[away(POSTMARK), SENDGRID, TWILIO]).is_none());
    assert_eq!(away_now.stands(&id), "sending email");
    assert_eq!(away_now.claim(2, &ALL).unwrap().carrier, "postmark");

    // It knows them for a day: after that nobody does.
    let late = World::plain("ways");
    let id = late.sweep(0);
    late.claim(0, &ALL).unwrap();
    assert!(late.claim(24, &ALL).is_none());
    assert_eq!(late.stands(&id), "uncertain email");

    for carriers in [&[SENDGRID, TWILIO][..], &[TWILIO]] {
        let unknown = World::plain("ways");
        let id = unknown.sweep(0);
        let first = unknown.claim(0, carriers).unwrap();
        assert!(!first.carrier.is_empty());
        assert!(unknown.claim(1, &ALL).is_none());
        assert!(unknown.stands(&id).starts_with("uncertain"));
    }
}

#[test]
fn what_a_lost_answer_left_open_stays_with_a_carrier_that_takes_it_once() {
    let silence = || Outcome::Unknown("silence".to_owned());
    for (end, stands) in [
        (sent("late-KEY"), "sent email"),
        (silence(), "sending email"),
        // That it takes nothing now tells nothing of the first time.
        (Outcome::TryAgain("busy".to_owned()), "sending email"),
        (Outcome::Elsewhere("away".to_owned()), "sending email"),
        (
            Outcome::Later {
                until: None,
                why: "later".to_owned(),
            },
            "sending email",
        ),
        (refused(), "uncertain email"),
        (Outcome::Inactive("gone".to_owned()), "uncertain email"),
    ] {
        let world = World::plain("ways");
        let id = world.sweep(0);
        let first = world.claim(0, &ALL).unwrap();
        world.settle(0, first, silence());
        assert_eq!(world.stands(&id), "sending email", "{end:?}");
        assert!(
            world
                .last("message_retry")
                .contains("silence; postmark may have it")
        );
        let again = world.claim(1, &[SENDGRID, TWILIO, POSTMARK]).unwrap();
        assert_eq!(again.carrier, "postmark");
        world.settle(1, again, end.clone());
        assert_eq!(world.stands(&id), stands, "{end:?}");
    }
    // Again and again, until it has been tried often enough, or nobody would know it any more.
    let world = World::plain("ways");
    let id = world.sweep(0);
    for hours in 0..24 {
        match world.claim(hours, &ALL) {
            Some(message) => drop(world.settle(hours, message, silence())),
            None => assert!(hours > 3, "{hours}"),
        }
    }
    assert_eq!(world.stands(&id), "uncertain email");
    // One that knows nothing is asked once.
    let world = World::plain("ways");
    let id = world.sweep(0);
    let message = world.claim(0, &[SENDGRID]).unwrap();
    world.settle(0, message, silence());
    assert_eq!(world.stands(&id), "uncertain email");
}

#[test]
fn what_comes_back_goes_to_another_contact_or_over_the_next_channel_once() {
    let world = World::new("ways", &json!([ada(), ben()]), &json!({}));
    let id = world.sweep(0);
    world.go(0, &ALL, sent(&format!("p1-{}", world.key)));
    // Its mailbox does not exist: the other contact.
    world.tell(1, Word::Bounced, "postmark", "p1-KEY", true);
    assert_eq!(world.stands(&id), "queued email");
    assert_eq!(world.view(&id).sent_at, None);
    // The provider says it again, and says other things of the send that is over: no news.
    world.tell(1, Word::Bounced, "postmark", "p1-KEY", true);
    world.tell(1, Word::Delivered, "postmark", "p1-KEY", false);
    assert_eq!(world.stands(&id), "queued email");
    let gone = world.go(1, &ALL, sent(&format!("p2-{}", world.key)));
    assert_eq!(gone, "postmark email ben@KEY.example");
    world.tell(1, Word::Bounced, "postmark", "p1-KEY", true);
    assert_eq!(world.stands(&id), "sent email");
    // The message itself was turned away: another channel.
    world.tell(2, Word::Bounced, "postmark", "p2-KEY", false);
    assert_eq!(world.stands(&id), "queued sms");
    assert_eq!(world.go(2, &ALL, sent("t")), "twilio sms +49 30 123456");
    assert_eq!(world.stands(&id), "sent sms");
    assert_eq!(world.kinds("message_sent"), 3);

    // No other way: it stays bounced, as it does when it is too late for another.
    let alone = World::new(
        "ways",
        &json!([{"name": "Ada", "role": "billing", "email": "ada@KEY.example"}]),
        &json!({}),
    );
    let id = alone.sweep(0);
    alone.go(0, &ALL, sent(&format!("p1-{}", alone.key)));
    alone.tell(1, Word::Bounced, "postmark", "p1-KEY", true);
    assert_eq!(alone.go(1, &ALL, sent("x")), "nothing");
    assert_eq!(alone.stands(&id), "bounced sms");
    assert_eq!(alone.open_tasks(), ["Nobody can be reached: reminder"]);

    let late = World::plain("ways");
    let id = late.sweep(0);
    late.go(0, &ALL, sent(&format!("p1-{}", late.key)));
    late.tell(24 * 6, Word::Bounced, "postmark", "p1-KEY", false);
    assert_eq!(late.stands(&id), "bounced email");
}

#[test]
fn a_new_address_elsewhere_holds_the_message_until_a_person_has_looked() {
    let strange = json!([{"name": "Ada", "role": "billing", "email": "ada@nordw1nd.example"}]);
    let world = World::plain("ways");
    let id = world.sweep(0);
    world.contacts(0, &strange);
    assert_eq!(world.email_state(0), "changed");
    assert!(
        world
            .last("contact_changed")
            .contains("Warning: nordw1nd.example is none of")
    );
    for day in 0..4 {
        assert_eq!(world.go(day * 25, &ALL, sent("x")), "nothing");
        assert_eq!(world.stands(&id), "queued email held for changed_address");
    }
    // Looked at each day, said once.
    assert_eq!(world.open_tasks(), ["A message waits: reminder"]);
    assert_eq!(world.kinds("message_held"), 1);
    // Somebody has made sure: it leaves at once.
    let verify = |address: &'static str| {
        world.tx(async |tx| {
            contacts::verify(tx, after(80), &world.customer, address, "lena", Some("rang")).await
        })
    };
    assert_eq!(verify("someone@else.example"), Verified::Unknown);
    assert_eq!(verify("ADA@nordw1nd.example"), Verified::Done);
    assert_eq!(verify("ada@nordw1nd.example"), Verified::Already);
    assert_eq!(world.email_state(0), "hand");
    assert_eq!(
        world.go(80, &ALL, sent("x")),
        "postmark email ada@nordw1nd.example"
    );

    // What was verified stays so where the address is the same, and its domain is known from then on.
    world.contacts(
        81,
        &json!([{"name": "Ada B.", "role": "billing", "email": "Ada@nordw1nd.example"},
        {"name": "Eva", "role": "billing", "email": "eva@nordw1nd.example"}]),
    );
    assert_eq!(
        (world.email_state(0).as_str(), world.email_state(1).as_str()),
        ("hand", "changed")
    );
    assert!(!world.last("contact_changed").contains("Warning"));
}

#[test]
fn a_held_message_is_released_by_a_person_for_one_address_or_taken_back_when_it_is_paid() {
    let strange = json!([{"name": "Ada", "role": "billing", "email": "ada@nordw1nd.example"}]);
    let world = World::plain("ways");
    let id = world.sweep(0);
    let release = |address: &'static str| {
        world.tx(async |tx| delivery::release(tx, after(2), &id, Some(address), "lena").await)
    };
    assert_eq!(release("x"), Changed::NotNow(MessageStatus::Queued));
    world.contacts(0, &strange);
    world.claim(1, &ALL);
    // For another address it waits on.
    assert_eq!(release("ada@old.example"), Changed::Done);
    assert_eq!(world.go(2, &ALL, sent("x")), "nothing");
    assert_eq!(release("ada@nordw1nd.example"), Changed::Done);
    assert_eq!(
        world.go(2, &ALL, sent("x")),
        "postmark email ada@nordw1nd.example"
    );
    assert_eq!(
        world.email_state(0),
        "changed",
        "one message was let go, nothing was verified"
    );

    let paid = World::plain("ways");
    let id = paid.sweep(0);
    paid.contacts(0, &strange);
    paid.claim(0, &ALL);
    assert_eq!(paid.view(&id).held_for, Some(HeldFor::ChangedAddress));
    paid.pay(3);
    assert_eq!(paid.go(25, &ALL, sent("x")), "nothing");
    assert_eq!(paid.stands(&id), "cancelled email");
}

#[test]
fn where_the_policy_only_warns_the_message_goes_and_the_warning_is_noted() {
    let world = World::plain("warn");
    world.sweep(0);
    world.contacts(
        0,
        &json!([{"name": "Ada", "role": "billing", "email": "ada@nordw1nd.example"}]),
    );
    assert_eq!(
        world.go(0, &ALL, sent("x")),
        "postmark email ada@nordw1nd.example"
    );
    assert!(
        world
            .last("contact_refused")
            .contains("nordw1nd.example is none of the customer's domains")
    );
    // A domain that somebody has named is none to warn of.
    let named = World::new(
        "ways",
        &json!([ada()]),
        &json!({"known_domains": ["nordw1nd.example"]}),
    );
    named.sweep(0);
    named.contacts(
        0,
        &json!([{"name": "Ada", "role": "billing", "email": "ada@mail.nordw1nd.example"}]),
    );
    assert_eq!(
        named.go(0, &ALL, sent("x")),
        "postmark email ada@mail.nordw1nd.example"
    );
}

#[test]
fn where_addresses_are_verified_first_a_delivery_or_a_payment_is_proof_enough() {
    let world = World::plain("sure");
    let id = world.sweep(0);
    assert_eq!(world.go(0, &ALL, sent("x")), "nothing");
    assert_eq!(world.stands(&id), "queued email held for unverified");
    let address = format!("ada@{}.example", world.key);
    world.tx(async |tx| contacts::verify(tx, after(1), &world.customer, &address, "lena", None).await);
    assert_eq!(world.go(1, &ALL, sent("x")), "postmark email ada@KEY.example");

    let told = World::plain("ways");
    told.sweep(0);
    told.go(0, &ALL, sent(&format!("p-{}", told.key)));
    assert_eq!(told.email_state(0), "unverified");
    told.tell(1, Word::Delivered, "postmark", "p-KEY", false);
    assert_eq!(told.email_state(0), "delivery");
    assert_eq!(told.kinds("contact_verified"), 1);
}

#[test]
fn a_message_whose_document_is_missing_waits_and_leaves_with_it() {
    let world = World::plain("papers");
    let id = world.sweep(0);
    assert_eq!(world.go(0, &ALL, sent("x")), "nothing");
    assert_eq!(world.stands(&id), "queued email held for missing_document");
    assert_eq!(world.open_tasks(), ["A message waits: reminder"]);
    let add = |name: &'static str, media_type, content: &'static [u8]| {
        let document = NewDocument {
            name,
            media_type,
            content,
        };
        world.tx(async |tx| documents::add(tx, after(1), Owner::Invoice(&world.invoice), &document).await)
    };
    add("invoice.xml", "application/xml", b"<a/>").unwrap();
    assert_eq!(
        world.go(25, &ALL, sent("x")),
        "nothing",
        "that is not the one that is missing"
    );
    add("invoice.pdf", "application/pdf", b"%PDF-1").unwrap();
    add("invoice.pdf", "application/pdf", b"%PDF-2").unwrap();
    let message = world.claim(50, &ALL).unwrap();
    let files: Vec<(&str, &[u8])> = message
        .documents
        .iter()
        .map(|document| (document.name.as_str(), document.content.as_slice()))
        .collect();
    assert_eq!(
        files,
        [("invoice.pdf", &b"%PDF-1"[..]), ("2-invoice.pdf", b"%PDF-2")]
    );
    assert_eq!(world.open_tasks().len(), 1);
}

#[test]
fn a_statement_that_a_step_attaches_is_drawn_up_when_its_message_is_claimed() {
    let world = World::plain("states");
    world.sweep(0);
    // A text carries no files.
    let text = world.claim(0, &ALL).unwrap();
    assert_eq!((text.channel, text.statement.is_some()), (Channel::Sms, false));
    world.settle(0, text, refused());
    let message = world.claim(1, &ALL).unwrap();
    assert_eq!(
        (message.channel, message.tone),
        (Channel::Email, Some(Tone::Firm))
    );
    let Some(About::Statement {
        from,
        to,
        opening,
        closing,
        entries,
    }) = message.statement
    else {
        panic!("no statement");
    };
    // A month until the customer's today; the invoice was issued in it.
    assert_eq!(
        (from.to_string().as_str(), to.to_string().as_str()),
        ("2025-12-13", "2026-01-12")
    );
    assert_eq!((opening.minor(), closing.minor()), (0, 10_000));
    let lines: Vec<(&str, Option<&str>)> = entries
        .iter()
        .map(|entry| (entry.what.as_str(), entry.number.as_deref()))
        .collect();
    assert_eq!(lines, [("invoice", Some(world.key.as_str()))]);

    // Who attaches none has none.
    let plain = World::plain("ways");
    plain.sweep(0);
    assert!(plain.claim(0, &ALL).unwrap().statement.is_none());
}

#[test]
fn who_follows_the_link_in_a_message_to_pay_has_proved_its_address() {
    let world = World::plain("sure");
    let id = world.sweep(0);
    let address = format!("ada@{}.example", world.key);
    let link = |message: Option<MessageId>| {
        let id = after(1).id(LinkId::from_parts).unwrap();
        let new = NewLink {
            id: id.clone(),
            token_hash: id.to_string(),
            customer: world.customer.clone(),
            message,
            currency: Currency::parse("EUR").unwrap(),
            amount: None,
            allow_partial: true,
            minimum: None,
            expires_at: after(100).now,
            invoices: vec![world.invoice.clone()],
        };
        world.tx(async |tx| links::create(tx, after(1), std::slice::from_ref(&new)).await);
        id
    };
    let follow = |link: &LinkId| {
        let amount = Money::new(10_000, Currency::parse("EUR").unwrap());
        world.tx(async |tx| checkouts::begin(tx, after(2), link, "stripe", amount, after(3).now).await)
    };
    raw()
        .execute(
            "UPDATE messages SET recipient = ?1 WHERE id = ?2",
            [address.as_str(), id.as_str()],
        )
        .unwrap();
    // A link that came in no message says nothing of an address.
    follow(&link(None));
    assert_eq!(world.email_state(0), "unverified");
    assert_eq!(world.go(2, &ALL, sent("x")), "nothing");
    follow(&link(Some(id.clone())));
    assert_eq!(world.email_state(0), "click");
    assert_eq!(world.kinds("contact_verified"), 1);
    // What waited for it leaves at once.
    assert_eq!(world.go(2, &ALL, sent("x")), "postmark email ada@KEY.example");
}

#[test]
fn what_a_carrier_has_had_of_a_day_is_counted_by_its_channel() {
    let world = World::plain("ways");
    world.sweep(0);
    let had = |carrier, hours: i64| now(delivery::sent_since(&world.db, carrier, after(hours).now)).unwrap();
    let (before, later, texts) = (had(POSTMARK, 0), had(POSTMARK, 3), had(TWILIO, 0));
    world.go(2, &ALL, sent("x"));
    assert_eq!((had(POSTMARK, 0), had(TWILIO, 0)), (before + 1, texts));
    assert_eq!(had(POSTMARK, 3), later, "it left before");
}

#[test]
fn a_token_works_for_two_years_and_is_then_forgotten() {
    let world = World::plain("ways");
    let message = world.sweep(0);
    let tokens = ["a", "b"].map(|name| NewToken {
        token_hash: format!("{}-{name}", world.key),
        message: message.clone(),
        customer: world.customer.clone(),
        channel: Channel::Email,
        address: "ada@nordwind.example".to_owned(),
    });
    world.tx(async |tx| unsubscribes::create(tx, after(0), &tokens).await);
    let prune =
        |days: i64, limit| world.tx(async |tx| unsubscribes::prune(tx, after(24 * days), limit).await);
    assert_eq!(prune(730, 10), 0);
    let known = || now(unsubscribes::find(&world.db, &tokens[0].token_hash)).unwrap();
    assert!(known().is_some());
    assert_eq!([prune(731, 1), prune(731, 10), prune(731, 10)], [1, 1, 0]);
    assert!(known().is_none());
}

#[test]
fn our_own_side_is_told_of_what_was_said_and_no_customer_is() {
    let contacts = json!([ada(), {"name": "Sam", "role": "sales", "email": "sam@creditor.example"}]);
    let world = World::new("told", &contacts, &json!({}));
    world.sweep(0);
    assert_eq!(world.go(0, &ALL, sent("x")), "postmark email ada@KEY.example");
    let claim = world.tx(async |tx| delivery::claim(tx, after(0), 1_000, &ALL).await);
    let notices: Vec<&Claimed> = claim
        .claimed
        .iter()
        .filter(|one| one.customer == world.customer)
        .collect();
    let to: Vec<(String, &str)> = notices
        .iter()
        .map(|notice| (notice.address(), notice.template.as_str()))
        .collect();
    // Of `nobody` no address is known.
    assert_eq!(
        to,
        [
            ("lena@creditor.example".to_owned(), "internal_notice"),
            ("sam@creditor.example".to_owned(), "internal_notice")
        ]
    );
    let Some(About::Internal {
        step,
        recipient,
        subject,
        invoices,
        ..
    }) = &notices[0].about
    else {
        panic!("{:?}", notices[0].about);
    };
    assert_eq!(
        (step.as_str(), subject.as_str()),
        ("reminder", "About your account")
    );
    assert_eq!(recipient, &format!("ada@{}.example", world.key));
    assert_eq!(
        (invoices.len(), invoices[0].amount.to_string()),
        (1, "100.00 EUR".to_owned())
    );
    // The salesperson's domain is none of the customer's.
    let verified = world.tx(async |tx| {
        contacts::verify(
            tx,
            after(0),
            &world.customer,
            "sam@creditor.example",
            "lena",
            None,
        )
        .await
    });
    assert_eq!(verified, Verified::Unknown);
    // Told once, and nobody is told that they were told.
    let outcomes: Vec<_> = claim
        .claimed
        .into_iter()
        .filter(|one| one.customer == world.customer)
        .map(|one| (one, sent("y")))
        .collect();
    world.tx(async |tx| delivery::settle(tx, after(0), &outcomes).await);
    assert_eq!(world.go(1, &ALL, sent("x")), "nothing");
}

#[test]
fn the_law_puts_off_and_forbids_and_each_refusal_names_its_rule() {
    // 15 U.S.C. 1692c(a)(1): not before eight in the morning and after nine at night, at the consumer's place.
    let consumer = json!({"kind": "consumer", "country": "US", "region": "NY", "time_zone": "America/New_York",
        "locale": "en", "tags": []});
    let alone =
        json!([{"name": "Ada", "role": "billing", "email": "ada@KEY.example", "phone": "+1 212 555 0100"}]);
    let world = World::new("ways", &alone, &consumer);
    let id = world.sweep(6);
    // 22:00 in New York.
    assert_eq!(world.go(18, &ALL, sent("x")), "nothing");
    let view = world.view(&id);
    assert_eq!(view.status, "queued");
    assert!(view.next_attempt_at.unwrap().as_str() >= "2026-01-13T13:00:00Z");
    assert!(
        world.last("message_deferred").contains("Rule "),
        "{}",
        world.last("message_deferred")
    );

    // 47 U.S.C. 227(b)(1)(A): no text by a machine without consent.
    let texts = World::new("texts", &alone, &consumer);
    let id = texts.sweep(6);
    assert_eq!(texts.go(6, &ALL, sent("x")), "nothing");
    assert_eq!(texts.stands(&id), "suppressed sms");
    assert!(texts.last("message_suppressed").contains("Rule "));
}

/// What happens to a message at one turn.
#[derive(Debug, Clone, Copy)]
enum Turn {
    /// It is claimed by whoever is ready, and its call ends so.
    Call { ready: [bool; 3], end: u8, got_it: bool },
    /// The carrier that had it last says that it came back, or that it arrived.
    Word { bounced: bool, gone: bool },
    /// A person retries what failed.
    Retry,
}

fn turn() -> impl Strategy<Value = Turn> {
    prop_oneof![
        6 => (any::<[bool; 3]>(), 0..8_u8, any::<bool>()).prop_map(|(ready, end, got_it)| Turn::Call { ready, end, got_it }),
        2 => (any::<bool>(), any::<bool>()).prop_map(|(bounced, gone)| Turn::Word { bounced, gone }),
        1 => Just(Turn::Retry),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever carriers do and whenever couriers crash: a message is never given to anybody while somebody has it, but
    /// to the very carrier that may have it and knows its id; and what has left, failed or come back stays so until
    /// somebody does something about it.
    #[test]
    fn no_message_is_sent_twice(turns in prop::collection::vec(turn(), 1..14)) {
        let world = World::new("ways", &json!([ada(), ben()]), &json!({}));
        let id = world.sweep(0);
        // Who has it, by which id; who may have it, and since when, since a courier crashed or an answer was lost.
        let mut has: Option<(&'static str, String)> = None;
        let mut open: Option<(&'static str, i64)> = None;
        for (at, turn) in turns.into_iter().enumerate() {
            // Within the days in which what comes back goes on.
            let hours = i64::try_from(at).unwrap() * 6;
            match turn {
                Turn::Call { ready, end, got_it } => {
                    let mut carriers = ALL;
                    for (carrier, ready) in carriers.iter_mut().zip(ready) {
                        carrier.ready = ready;
                    }
                    let Some(message) = world.claim(hours, &carriers) else { continue };
                    let name = message.carrier;
                    prop_assert!(ALL.iter().zip(ready).any(|(carrier, ready)| carrier.name == name && ready));
                    match open {
                        // It takes it once: nothing leaves twice.
                        Some((who, since)) => {
                            prop_assert_eq!(who, "postmark", "only who knows ids is asked again");
                            prop_assert_eq!(name, who);
                            prop_assert!(hours - since < 24, "it has forgotten by now");
                        }
                        None => prop_assert!(has.is_none(), "{:?} has it already", has),
                    }
                    let since = open.map_or(hours, |(_, since)| since);
                    let provider_id = format!("{}-{at}", world.key);
                    match end {
                        0 => {
                            open = Some((name, since));
                            if got_it {
                                has = Some((name, provider_id));
                            }
                        }
                        1 | 2 => {
                            prop_assert_eq!(world.settle(hours, message, sent(&provider_id)), 1);
                            has = Some((name, provider_id));
                            open = None;
                        }
                        3 => drop(world.settle(hours, message, refused())),
                        4 => drop(world.settle(hours, message, Outcome::Inactive("gone".to_owned()))),
                        5 => drop(world.settle(hours, message, Outcome::TryAgain("busy".to_owned()))),
                        6 => drop(world.settle(hours, message, Outcome::Elsewhere("away".to_owned()))),
                        _ => {
                            world.settle(hours, message, Outcome::Unknown("silence".to_owned()));
                            if name == "postmark" {
                                open = Some((name, since));
                            } else {
                                prop_assert!(world.stands(&id).starts_with("uncertain"));
                            }
                            if got_it {
                                has = Some((name, provider_id));
                            }
                        }
                    }
                    if world.stands(&id).starts_with("uncertain") {
                        open = None;
                    }
                }
                Turn::Word { bounced, gone } => {
                    let Some((name, provider_id)) = has.clone().filter(|_| open.is_none()) else { continue };
                    let word = if bounced { Word::Bounced } else { Word::Delivered };
                    world.tell(hours, word, name, &provider_id, bounced && gone);
                    if bounced {
                        has = None;
                    }
                }
                Turn::Retry => {
                    // A person who does not know does not retry here: that is what they decide about.
                    let status = world.view(&id).status;
                    if matches!(status.as_str(), "failed" | "suppressed") {
                        world.tx(async |tx| delivery::retry(tx, after(hours), &id).await);
                    }
                }
            }
            let status = world.view(&id).status;
            let expected: &[&str] = match (&has, open) {
                (_, Some(_)) => &["sending", "uncertain"],
                (Some(_), None) => &["sent", "delivered", "uncertain"],
                (None, None) => &["queued", "failed", "suppressed", "bounced", "uncertain"],
            };
            prop_assert!(expected.contains(&status.as_str()), "{} with {:?} and {:?}", status, has, open);
        }
    }
}

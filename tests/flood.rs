//! Ten thousand customers are written to through a provider that answers in 50 ms and fails one call in twenty, in every
//! way that networks and busy services do: each message ends in exactly one state, and none is sent twice.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::harness::{App, Fault, Recorder, Reply, Request, customer, invoice, own, say};

const CUSTOMERS: usize = 10_000;
/// What the provider takes over each call.
const ANSWER: Duration = Duration::from_millis(50);
/// Calls at a time that the courier makes to SendGrid: with the time of an answer, the provider's own limit.
const CALLS: f64 = 16.0;

/// What the provider has taken, by our id.
static TAKEN: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

fn takes(request: &Request) -> Reply {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    let id = body["personalizations"][0]["custom_args"]["dunlin_message"]
        .as_str()
        .expect("an id");
    *TAKEN.lock().expect("a count").entry(id.to_owned()).or_default() += 1;
    thread::sleep(ANSWER);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    Reply::json(202, &Value::Null).header("x-message-id", &format!("sg{number}"))
}

/// One call in twenty fails: too busy, broken, dropped before and after it was done, an answer instead of its own.
fn faults(count: usize) -> impl Iterator<Item = Fault> {
    let refused = |status: u16| Fault::Refused(Reply::json(status, &json!({"errors": [{"message": "no"}]})));
    (0..count).map(move |at| match at % 120 {
        7 => Fault::Refused(Reply::json(429, &json!({})).header("retry-after", "1")),
        27 => refused(500),
        47 => Fault::Dropped,
        67 => Fault::AnswerLost,
        87 => refused(503),
        107 => Fault::AnsweredInstead(Reply::json(504, &json!({}))),
        _ => Fault::Slow(Duration::ZERO),
    })
}

#[test]
fn ten_thousand_messages_each_end_in_one_state_and_none_is_sent_twice() {
    own!();
    let provider = Recorder::start(takes);
    provider.next(faults(20 * CUSTOMERS / 10));
    let url = provider.url();
    let app = App::start_with(&[
        ("email_providers", "sendgrid"),
        ("sendgrid_url", &url),
        ("sendgrid_api_key", "SG.key"),
        ("creditor_name", "Sandpiper Tools"),
        ("sender_email", "receivables@sandpiper.example"),
    ]);
    app.clock("2026-01-13T08:00:00Z");
    let keys: Vec<String> = (0..CUSTOMERS).map(|number| format!("F-{number:05}")).collect();
    let lines = |each: &dyn Fn(&String) -> Value| {
        keys.iter()
            .map(|key| each(key).to_string() + "\n")
            .collect::<String>()
    };
    let customers = lines(&|key| {
        let mut customer = customer(key);
        customer["contacts"][0]["email"] = format!("{key}@many.example").to_lowercase().into();
        customer
    });
    let load = |path: &str, body: String| app.post(path).body("application/x-ndjson", body).send(200);
    load("/v1/customers", customers);
    load(
        "/v1/invoices",
        lines(&|key| invoice(&format!("I-{key}"), key, "10.00", "2026-01-09")),
    );
    let job = |name: &str| {
        let call = app
            .post(&format!("/internal/{name}?limit=1000"))
            .key(&app.cron_key);
        call.send(200).json()
    };
    while job("sweep")["more"] == true {}

    // What waits is due later: the clock goes on where a run has nothing more to do.
    let started = Instant::now();
    let mut minutes = 0;
    let mut sending = Duration::ZERO;
    loop {
        let run = Instant::now();
        let delivered = job("deliver");
        sending += run.elapsed();
        if delivered["more"] == true {
            continue;
        }
        let open = states(&app).remove("queued").unwrap_or_default();
        if open == 0 {
            break;
        }
        minutes += 20;
        assert!(minutes < 60 * 24 * 10, "{open} messages never leave");
        app.clock(&later(minutes));
    }

    let states = states(&app);
    assert_eq!(states.values().sum::<usize>(), CUSTOMERS, "{states:?}");
    let known: BTreeSet<&str> = states.keys().map(String::as_str).collect();
    assert!(
        known.is_subset(&BTreeSet::from(["sent", "uncertain"])),
        "{states:?}"
    );
    let taken = TAKEN.lock().expect("a count");
    let twice: Vec<&String> = taken
        .iter()
        .filter(|(_, count)| **count > 1)
        .map(|(id, _)| id)
        .collect();
    assert!(twice.is_empty(), "sent more than once: {twice:?}");
    // Everything that we say was sent the provider has; what it has and we are not sure of waits for a person.
    let sent = states.get("sent").copied().unwrap_or_default();
    let unsure = states.get("uncertain").copied().unwrap_or_default();
    assert!(
        sent <= taken.len() && taken.len() <= sent + unsure,
        "{states:?}, {}",
        taken.len()
    );
    let limit = CALLS / ANSWER.as_secs_f64();
    let rate = CUSTOMERS as f64 / sending.as_secs_f64();
    say(&format!(
        "flood: {CUSTOMERS} messages in {:.1} s of sending ({:.1} s in all): {rate:.0}/s, {:.0} % of the {limit:.0}/s \
         that the provider could take; {states:?}",
        sending.as_secs_f64(),
        started.elapsed().as_secs_f64(),
        100.0 * rate / limit
    ));
}

/// How many messages are in which state.
fn states(app: &App) -> BTreeMap<String, usize> {
    let mut states = BTreeMap::new();
    let mut after = String::new();
    loop {
        let page = app
            .get(&format!("/v1/messages?limit=500{after}"))
            .send(200)
            .json();
        for message in page["data"].as_array().expect("messages") {
            let status = message["status"].as_str().expect("a status").to_owned();
            *states.entry(status).or_default() += 1;
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return states,
        }
    }
}

/// So many minutes after the day began.
fn later(minutes: i64) -> String {
    let day: chrono::DateTime<chrono::Utc> = "2026-01-13T08:00:00Z".parse().expect("an instant");
    (day + chrono::TimeDelta::minutes(minutes)).to_rfc3339_opts(chrono::SecondsFormat::Secs, true)
}

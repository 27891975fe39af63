//! What other systems are told, from outside: signed, at least once, for three days; and what the general ledger is
//! handed, and where another system says otherwise.

use std::collections::{BTreeMap, BTreeSet};
use std::thread;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use receivables::event;
use serde_json::{Value, json};

use crate::harness::{
    App, Fault, Partner, Recorder, Reply, Request, customer, invoice, own, payment, unique,
};

const KEY: &str = "a-signing-key-of-thirty-two-bytes-at-least";
/// When every app starts.
const START: &str = "2026-01-12T09:00:00Z";

/// An app that may call the tests' own servers.
fn start() -> App {
    App::start_with(&[
        ("webhook_signing_keys", KEY),
        ("webhook_hosts", "http://127.0.0.1:*"),
        ("webhook_private_networks", "allow"),
    ])
}

/// An endpoint that answers everything with a status.
fn answering(status: u16) -> Recorder {
    Recorder::start(move |_| Reply::json(status, &json!({"status": status})))
}

fn endpoint(app: &App, url: &str, types: &[&str]) -> Value {
    let body = json!({"url": format!("{url}/in"), "types": types});
    app.post("/v1/webhook-endpoints").json(&body).send(201).json()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

/// Brings an `invoice.created` about.
fn happen(app: &App, count: usize) -> Vec<String> {
    let key = unique("C");
    app.post("/v1/customers").json(&customer(&key)).send(201);
    let numbers: Vec<String> = (0..count).map(|_| unique("R")).collect();
    for number in &numbers {
        app.post("/v1/invoices")
            .json(&invoice(number, &key, "100.00", "2026-06-01"))
            .send(201);
    }
    numbers
}

fn later(wait: TimeDelta) -> String {
    let start: DateTime<Utc> = START.parse().expect("an instant");
    (start + wait).to_rfc3339()
}

fn header<'a>(request: &'a Request, name: &str) -> &'a str {
    request.header(name).unwrap_or_else(|| panic!("no {name}"))
}

fn deliveries(app: &App, endpoint: &Value, status: &str) -> Vec<Value> {
    let path = format!(
        "/v1/webhook-endpoints/{}/deliveries?status={status}",
        text(&endpoint["id"])
    );
    app.get(&path).send(200).json()["data"]
        .as_array()
        .expect("a list")
        .clone()
}

/// Whether a request was signed with a secret, by the code that verifies what billing systems send.
fn signed(request: &Request, secret: &str) -> bool {
    let signed = web::webhook::Signed {
        id: header(request, "webhook-id"),
        timestamp: header(request, "webhook-timestamp"),
        signature: header(request, "webhook-signature"),
    };
    let at: i64 = signed.timestamp.parse().expect("seconds");
    let now = DateTime::from_timestamp(at, 0).expect("an instant");
    web::webhook::verify(&[secret], signed, request.body.as_bytes(), now).is_ok()
}

#[test]
fn what_is_sent_is_signed_and_others_verify_it() {
    own!();
    let (app, other) = (start(), answering(204));
    let made = endpoint(&app, &other.url(), &["invoice.created"]);
    let secret = text(&made["secret"]).to_owned();
    let number = happen(&app, 1).remove(0);
    assert_eq!(app.job("relay")["sent"], 1);
    let journal = other.journal();
    let request = &journal[0];
    assert_eq!((request.method.as_str(), request.path.as_str()), ("POST", "/in"));
    assert_eq!(header(request, "content-type"), "application/json");
    let body: Value = serde_json::from_str(&request.body).expect("JSON");
    assert_eq!(body["type"], "invoice.created");
    assert_eq!(body["data"]["number"], json!(number));
    assert!(text(&body["data"]["customer_id"]).starts_with("cus_"));
    assert!(text(&body["timestamp"]).starts_with("2026-01-12T09:"));
    let events = app.get("/v1/events?limit=500").send(200).json();
    let id = header(request, "webhook-id");
    assert!(
        events["data"]
            .as_array()
            .expect("a list")
            .iter()
            .any(|event| event["id"] == id)
    );
    assert!(signed(request, &secret));
    assert!(!signed(request, "whsec_b3RoZXI="));
    for library in ["standardwebhooks", "svix"] {
        let Some(partner) = Partner::python(library) else {
            continue;
        };
        let (at, signature) = (
            header(request, "webhook-timestamp"),
            header(request, "webhook-signature"),
        );
        let arguments = [library, secret.as_str(), id, at, signature];
        assert_eq!(
            partner.run("webhook_verify.py", &arguments, &request.body),
            "verified"
        );
    }
    // Nothing is sent twice.
    assert_eq!(app.job("relay")["examined"], 0);
}

#[test]
fn a_secret_is_shown_once_and_the_one_before_signs_for_a_day() {
    own!();
    let (app, other) = (start(), answering(200));
    let body = json!({"url": other.url(), "description": "ERP"});
    let make = || {
        app.post("/v1/webhook-endpoints")
            .header("idempotency-key", "made once")
            .json(&body)
            .send(201)
            .json()
    };
    let made = make();
    assert_eq!(make(), made, "a replay shows it again");
    let path = format!("/v1/webhook-endpoints/{}", text(&made["id"]));
    assert!(app.get(&path).send(200).json().get("secret").is_none());
    assert_eq!(
        app.get("/v1/webhook-endpoints").send(200).json()["data"]
            .as_array()
            .expect("a list")
            .len(),
        1
    );
    let rotated = app.post(&format!("{path}/rotate-secret")).send(200).json();
    let (old, new) = (text(&made["secret"]), text(&rotated["secret"]));
    assert_ne!(old, new);
    happen(&app, 1);
    app.job("relay");
    let both = other.journal().remove(0);
    assert!(signed(&both, old) && signed(&both, new));
    app.clock(&later(TimeDelta::hours(25)));
    happen(&app, 1);
    app.job("relay");
    let last = other.journal().pop().expect("a request");
    assert!(signed(&last, new) && !signed(&last, old));
    // Nothing of it lies in the database.
    let written = |word: &str| {
        let files = ["sqlite_db.db", "sqlite_db.db-wal"].map(|name| std::fs::read(app.state_file(name)));
        let bytes: Vec<u8> = files.into_iter().flatten().flatten().collect();
        bytes.windows(word.len()).any(|bytes| bytes == word.as_bytes())
    };
    assert!(written("whe_") && !written(new.trim_start_matches("whsec_")));
}

#[test]
fn three_days_of_failing_end_with_a_notice_and_nothing_is_lost() {
    own!();
    let app = start();
    let (dead, well) = (answering(500), answering(200));
    let failing = endpoint(&app, &dead.url(), &["invoice.created"]);
    endpoint(&app, &well.url(), &["endpoint.disabled"]);
    happen(&app, 1);
    let path = format!("/v1/webhook-endpoints/{}", text(&failing["id"]));
    let (mut passed, mut at) = (TimeDelta::zero(), Vec::new());
    while app.get(&path).send(200).json()["status"] == "enabled" {
        let run = app.job("relay");
        if run["queued"] == 1 {
            at.push(passed);
        }
        // Where time stands still nothing happens: it goes on to the next attempt.
        let waiting = deliveries(&app, &failing, "waiting");
        let Some(next) = waiting.first().map(|waiting| text(&waiting["next_attempt_at"])) else {
            break;
        };
        let next: DateTime<Utc> = next.parse().expect("an instant");
        let start: DateTime<Utc> = START.parse().expect("an instant");
        passed = (next - start + TimeDelta::seconds(1)).max(passed + TimeDelta::seconds(1));
        app.clock(&later(passed));
        assert!(passed < TimeDelta::days(4), "never disabled");
    }
    let ids: BTreeSet<String> = dead
        .journal()
        .iter()
        .map(|request| header(request, "webhook-id").to_owned())
        .collect();
    assert_eq!(ids.len(), 1, "the same id at every attempt");
    let attempts = dead.journal().len();
    assert!((11..=14).contains(&attempts), "{attempts} attempts: {at:?}");
    assert!(passed >= TimeDelta::days(3), "{passed}");
    let stamps: BTreeSet<String> = dead
        .journal()
        .iter()
        .map(|request| header(request, "webhook-timestamp").to_owned())
        .collect();
    assert_eq!(stamps.len(), attempts, "each attempt is signed anew");

    // The others are told, the list says so, and it waits for people.
    app.job("relay");
    let told: Value = serde_json::from_str(&well.journal()[0].body).expect("JSON");
    assert_eq!(told["type"], "endpoint.disabled");
    assert_eq!(told["data"]["endpoint"], failing["id"]);
    assert_eq!(told["data"]["customer_id"], Value::Null);
    let disabled = app.get("/v1/webhook-endpoints?status=disabled").send(200).json();
    assert_eq!(disabled["data"][0]["why"], "failing");
    assert_eq!(
        disabled["data"][0]["failing_since"].as_str().map(|at| &at[..16]),
        Some("2026-01-12T09:00")
    );
    let login = app
        .post("/console/login")
        .anonymous()
        .form(&[("key", &app.admin_key)])
        .send(303);
    let cookie = login
        .header("set-cookie")
        .expect("a session")
        .split(';')
        .next()
        .expect("a cookie")
        .to_owned();
    let page = app
        .get("/console")
        .anonymous()
        .header("cookie", &cookie)
        .send(200);
    assert!(page.text().contains(text(&failing["id"])), "{}", page.text());

    // What happens meanwhile is kept; mended, it goes on where it stopped.
    happen(&app, 2);
    assert_eq!(app.job("relay")["examined"], 0);
    let mended = answering(200);
    let change = json!({"url": format!("{}/in", mended.url())});
    app.call("PATCH", &path).json(&change).send(200);
    app.post(&format!("{path}/test"))
        .send(409)
        .problem("endpoint_disabled");
    app.post(&format!("{path}/enable")).send(200);
    app.job("relay");
    let got: Vec<Value> = mended
        .journal()
        .iter()
        .map(|request| serde_json::from_str(&request.body).expect("JSON"))
        .collect();
    assert_eq!(got.len(), 3);
    assert_eq!(dead.journal().len(), attempts);
}

#[test]
fn an_endpoint_is_read_no_further_than_needed_and_not_followed() {
    own!();
    let app = start();
    let elsewhere = answering(200);
    let to = format!("{}/there", elsewhere.url());
    let moved = Recorder::start(move |_| Reply::json(302, &json!({})).header("location", &to));
    let wordy = Recorder::start(|_| Reply::json(200, &json!("x".repeat(16 << 20))));
    let (moved_to, said) = (
        endpoint(&app, &moved.url(), &[]),
        endpoint(&app, &wordy.url(), &[]),
    );
    happen(&app, 1);
    app.job("relay");
    assert_eq!(
        deliveries(&app, &moved_to, "waiting")[0]["tries"][0]["status_code"],
        302
    );
    assert_eq!(moved.journal().len(), 1);
    assert!(elsewhere.journal().is_empty(), "a redirect was followed");
    let taken = deliveries(&app, &said, "delivered");
    assert!(!taken.is_empty());
    assert_eq!(text(&taken[0]["tries"][0]["answer"]).len(), 500);
}

#[test]
fn one_that_hangs_or_is_away_holds_up_nobody() {
    own!();
    let app = start();
    let (hanging, well) = (answering(200), answering(200));
    // Nobody listens where a server has ended.
    let away = answering(200).url();
    let (slow, gone) = (endpoint(&app, &hanging.url(), &[]), endpoint(&app, &away, &[]));
    let quick = endpoint(&app, &well.url(), &[]);
    hanging.next([Fault::Slow(Duration::from_secs(60))]);
    let events = happen(&app, 9).len();
    let began = Instant::now();
    let run = app.job("relay");
    let took = began.elapsed();
    // Who calls again while there is more must not knock at them without end.
    assert_eq!(run["more"], false, "{run}");
    assert!(took < Duration::from_secs(28), "{took:?}");
    assert_eq!(hanging.journal().len(), 1, "it was left alone after that");
    assert_eq!(well.journal().len(), events);
    assert_eq!(deliveries(&app, &quick, "delivered").len(), events);
    for endpoint in [&slow, &gone] {
        let tried: Vec<Value> = deliveries(&app, endpoint, "waiting")
            .into_iter()
            .filter(|delivery| delivery["attempts"] == 1)
            .collect();
        assert_eq!(tried.len(), 1);
        assert_eq!(tried[0]["tries"][0]["status_code"], Value::Null);
    }
    // An answer that is lost: it comes again, under the same id.
    app.clock(&later(TimeDelta::hours(1)));
    hanging.next([Fault::AnswerLost]);
    app.job("relay");
    app.clock(&later(TimeDelta::hours(2)));
    app.job("relay");
    let mut ids = BTreeMap::new();
    for request in hanging.journal() {
        *ids.entry(header(&request, "webhook-id").to_owned()).or_insert(0) += 1;
    }
    assert_eq!(ids.len(), events);
    assert!(deliveries(&app, &slow, "waiting").is_empty());
}

#[test]
fn a_crash_between_sending_and_recording_sends_it_again_under_the_same_id() {
    own!();
    let mut app = start();
    let other = answering(200);
    let made = endpoint(&app, &other.url(), &[]);
    happen(&app, 1);
    other.next([Fault::Slow(Duration::from_secs(5))]);
    thread::scope(|scope| {
        // It gets no answer.
        scope.spawn(|| app.post("/internal/relay").key(&app.cron_key).attempt().ok());
        other.wait_for(1);
        app.kill();
    });
    app.recover();
    app.job("relay");
    assert_eq!(other.journal().len(), 1, "its sender may still be alive");
    app.clock(&later(TimeDelta::minutes(5)));
    assert_eq!(app.job("relay")["sent"], 1);
    let journal = other.journal();
    assert_eq!(
        header(&journal[0], "webhook-id"),
        header(&journal[1], "webhook-id")
    );
    assert_eq!(journal[0].body, journal[1].body);
    assert_eq!(deliveries(&app, &made, "delivered").len(), 1);
}

#[test]
fn two_runs_at_once_send_each_event_once() {
    own!();
    let (app, other) = (start(), answering(200));
    endpoint(&app, &other.url(), &[]);
    let events = happen(&app, 30).len();
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| app.job("relay"));
        }
    });
    app.job("relay");
    let ids: Vec<String> = other
        .journal()
        .iter()
        .map(|request| header(request, "webhook-id").to_owned())
        .collect();
    assert_eq!(ids.len(), events);
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), events);
}

#[test]
fn events_are_sent_again_and_tests_are_sent_when_somebody_asks() {
    own!();
    let (app, one, other) = (start(), answering(200), answering(200));
    let (first, _) = (endpoint(&app, &one.url(), &[]), endpoint(&app, &other.url(), &[]));
    happen(&app, 2);
    app.job("relay");
    let sent = header(&one.journal()[0], "webhook-id").to_owned();
    let again = app
        .post(&format!("/v1/events/{sent}/replay"))
        .json(&json!({}))
        .send(202)
        .json();
    assert_eq!(again, json!({"event": sent, "queued": 2}));
    app.job("relay");
    assert_eq!((one.journal().len(), other.journal().len()), (3, 3));
    let to_one = json!({"endpoint": first["id"]});
    app.post(&format!("/v1/events/{sent}/replay"))
        .json(&to_one)
        .send(202);
    app.job("relay");
    assert_eq!((one.journal().len(), other.journal().len()), (4, 3));
    let path = format!("/v1/webhook-endpoints/{}", text(&first["id"]));
    app.post(&format!("{path}/replay?from={START}")).send(202);
    app.job("relay");
    assert_eq!((one.journal().len(), other.journal().len()), (6, 3));
    app.post(&format!("{path}/test")).send(202);
    app.job("relay");
    assert_eq!((one.journal().len(), other.journal().len()), (7, 3));
    assert!(one.journal()[6].body.contains("endpoint.test"));
    app.post(&format!("{path}/replay")).send(400);
    app.post(&format!("{path}/replay?from=yesterday")).send(400);
    app.post("/v1/events/evt_00000000000000000000000000/replay")
        .json(&json!({}))
        .send(404);
    app.delete(&path).send(204);
    app.delete(&path).send(404);
    happen(&app, 1);
    app.job("relay");
    assert_eq!((one.journal().len(), other.journal().len()), (7, 4));
}

#[test]
fn addresses_that_lead_inside_are_refused_and_nothing_is_made_without_a_key() {
    let app = App::shared();
    let make = |url: &str| app.post("/v1/webhook-endpoints").json(&json!({ "url": url }));
    for url in [
        "http://hooks.example.com",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest",
        "https://cash.spin.internal/",
        "https://[::ffff:10.0.0.1]/",
    ] {
        let refused = make(url).send(422);
        assert_eq!(refused.json()["errors"][0]["code"], "forbidden_address", "{url}");
    }
    let bad = json!({"url": "https://hooks.example.com", "types": ["invoice.lost"], "secret": "mine"});
    let refused = app.post("/v1/webhook-endpoints").json(&bad).send(422);
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/secret", "/types/0"]);
    let app = own!(App::start());
    let good = json!({"url": "https://hooks.example.com"});
    app.post("/v1/webhook-endpoints")
        .json(&good)
        .send(409)
        .problem("no_signing_key");
    assert_eq!(app.job("relay")["examined"], 0);
}

#[test]
fn the_journal_is_a_table_too_and_its_cells_are_no_formulas() {
    own!();
    let app = App::start();
    let key = format!("={}", unique("C"));
    app.post("/v1/customers").json(&customer(&key)).send(201);
    let number = unique("R");
    app.post("/v1/invoices")
        .json(&invoice(&number, &key, "100.00", "2026-02-01"))
        .send(201);
    app.post("/v1/payments")
        .json(&payment(&unique("B"), &key, "130.00"))
        .send(201);
    let accounts = json!({"revenue": "8400", "cash_by": {"bank_transfer": "1800"}});
    let set = app.put("/v1/journal/accounts").json(&accounts).send(200).json();
    assert_eq!(
        (set["revenue"].clone(), set["receivables"].clone()),
        (json!("8400"), json!("1200"))
    );
    assert_eq!(app.get("/v1/journal/accounts").send(200).json(), set);
    let path = "/v1/reports/journal?from=2025-01-01&to=2026-12-31";
    let entries = app.get(path).send(200).json();
    let lines: Vec<(String, String, String)> = entries["data"]
        .as_array()
        .expect("a list")
        .iter()
        .flat_map(|entry| entry["lines"].as_array().expect("lines").clone())
        .map(|line| {
            let amount = |side: &str| line[side]["amount"].as_str().unwrap_or_default().to_owned();
            (
                text(&line["account"]).to_owned(),
                amount("debit"),
                amount("credit"),
            )
        })
        .collect();
    let expected = [
        ("1200", "100.00", ""),
        ("8400", "", "100.00"),
        ("1200", "", "100.00"),
        ("1800", "100.00", ""),
        ("2100", "", "30.00"),
        ("1800", "30.00", ""),
    ];
    let expected =
        expected.map(|(account, debit, credit)| (account.to_owned(), debit.to_owned(), credit.to_owned()));
    assert_eq!(lines.iter().collect::<BTreeSet<_>>(), expected.iter().collect());
    let table = app.get(&format!("{path}&format=csv")).send(200);
    let same = app.get(path).header("accept", "text/csv").send(200);
    assert_eq!(table.text(), same.text());
    assert_eq!(table.text().lines().count(), 7);
    assert!(table.text().contains(&format!(",'{key},")), "{}", table.text());
    // Page by page it is the same.
    let mut rows: Vec<String> = Vec::new();
    let mut next = Some(format!("{path}&format=csv&limit=1"));
    while let Some(page) = next {
        let answer = app.get(&page).send(200);
        rows.extend(answer.text().lines().skip(1).map(str::to_owned));
        let link = answer.header("link").map(str::to_owned);
        next = link.map(|link| link[1..].split('>').next().expect("a link").to_owned());
    }
    assert_eq!(
        rows,
        table
            .text()
            .lines()
            .skip(1)
            .map(str::to_owned)
            .collect::<Vec<_>>()
    );
    for wrong in [
        "?from=2026-01-01",
        "?from=2026-02-01&to=2026-01-01",
        "?from=x&to=2026-01-01",
    ] {
        app.get(&format!("/v1/reports/journal{wrong}")).send(400);
    }
    app.get(&format!("{path}&after=x")).send(400);
    app.get(&format!("{path}&format=xml")).send(400);
}

#[test]
fn drift_is_answered_with_both_sides() {
    own!();
    let app = App::start();
    let key = unique("C");
    app.post("/v1/customers").json(&customer(&key)).send(201);
    let numbers: Vec<String> = (0..4).map(|_| unique("R")).collect();
    for number in &numbers {
        app.post("/v1/invoices")
            .json(&invoice(number, &key, "100.00", "2026-02-01"))
            .send(201);
    }
    let line = |number: &str, status: &str, balance: &str| json!({"number": number, "status": status, "balance": balance, "currency": "EUR", "customer": key});
    let lines = [
        line(&numbers[0], "open", "100.00"),
        line(&numbers[1], "paid", "0.00"),
        line(&numbers[2], "void", "0.00"),
        line("elsewhere", "open", "1.00"),
    ];
    let report = app.post("/v1/reports/drift").json(&json!(lines)).send(200).json();
    assert_eq!(
        (report["compared"].clone(), report["agreeing"].clone()),
        (json!(4), json!(1))
    );
    let counts =
        json!({"open_here_paid_there": 1, "open_here_void_there": 1, "missing_here": 1, "missing_there": 1});
    assert_eq!(report["counts"], counts);
    let paid = &report["data"][0];
    assert_eq!(
        paid["here"]["balance"],
        json!({"amount": "100.00", "currency": "EUR"})
    );
    assert_eq!(paid["there"]["status"], "paid");
    let ndjson: Vec<String> = lines.iter().map(Value::to_string).collect();
    let same = app
        .post("/v1/reports/drift")
        .body("application/x-ndjson", ndjson.join("\n"))
        .send(200)
        .json();
    assert_eq!(same, report);
    let bad = json!([lines[0], {"number": "", "status": "late", "balance": "1", "currency": "EUR"}, 7]);
    let refused = app.post("/v1/reports/drift").json(&bad).send(422);
    let mut pointers = refused.pointers();
    pointers.sort_unstable();
    assert_eq!(pointers, ["/1/number", "/1/status", "/2"]);
    app.post("/v1/reports/drift").json(&json!({})).send(422);
    app.post("/v1/reports/drift").body("text/csv", "number").send(415);
    app.post("/v1/reports/drift")
        .body("application/json", "[")
        .send(400);
}

/// The table in code, the document, its `webhooks` and docs/events.md are one list; and what is recorded is in it.
#[test]
fn every_event_is_described_everywhere() {
    let document = crate::openapi::document();
    let listed: Vec<&str> = document
        .pointer("/components/schemas/Event/properties/type/enum")
        .and_then(Value::as_array)
        .expect("types")
        .iter()
        .map(text)
        .collect();
    let names: Vec<&str> = event::TYPES.iter().map(|known| known.name).collect();
    assert_eq!(listed, names);
    let hooks = document["webhooks"].as_object().expect("webhooks");
    assert_eq!(hooks.keys().map(String::as_str).collect::<Vec<_>>(), names);
    let docs = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/events.md"));
    let docs = docs.expect("docs/events.md");
    for known in event::TYPES {
        let data: Vec<String> = known.data.iter().map(|field| format!("`{field}`")).collect();
        let row = format!("| `{}` | {} | {} |", known.name, known.when, data.join(", "));
        assert!(docs.contains(&row), "{row}");
        let schema = "/post/requestBody/content/application~1json/schema/properties/data/required";
        let required = hooks[known.name]
            .pointer(schema)
            .and_then(Value::as_array)
            .expect("fields");
        assert_eq!(required.iter().map(text).collect::<Vec<_>>(), known.data);
    }
    let sources = crate::house::sources("crates/store/src");
    let said: String = sources.into_iter().map(|(_, source)| source).collect();
    let named = said
        .split("Event::new(")
        .chain(said.split("Event::general("))
        .skip(1);
    for name in named.filter_map(|rest| rest.trim_start().strip_prefix('"')?.split('"').next()) {
        assert!(
            event::of_name(name).is_some(),
            "{name} is recorded and not described"
        );
    }
    for known in event::TYPES.iter().filter(|known| known.name != event::TEST) {
        assert!(
            said.contains(&format!("\"{}\"", known.name)),
            "{} is never recorded",
            known.name
        );
    }
}

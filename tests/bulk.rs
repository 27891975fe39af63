//! A hundred thousand rows: in bounded memory, in batches, and after a crash from where it stood.

use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::harness::{App, invoice, own, say, unique};

/// A table of so many invoices of a hundred customers, who are named in it.
fn table(rows: usize) -> String {
    let mut table =
        "number,customer,issue_date,due_date,currency,total,customer_name,customer_country\n".to_owned();
    for row in 0..rows {
        let customer = row % 100;
        table.push_str(&format!(
            "B-{row},C-{customer},2026-01-05,2026-02-04,EUR,10.{:02},Customer {customer},DE\n",
            row % 100
        ));
    }
    table
}

/// How many invoices the ledger has, and what they come to in cents.
fn ledger(app: &App) -> (usize, u64) {
    let mut after = String::new();
    let (mut count, mut cents) = (0, 0);
    loop {
        let page = app
            .get(&format!("/v1/invoices?limit=500{after}"))
            .send(200)
            .json();
        for row in page["data"].as_array().expect("data") {
            count += 1;
            let amount = row["total"]["amount"].as_str().expect("an amount");
            cents += amount.replace('.', "").parse::<u64>().expect("cents");
        }
        match page["next"].as_str() {
            Some(next) => after = format!("&after={next}"),
            None => return (count, cents),
        }
    }
}

fn is_taken(app: &App, number: &str) -> bool {
    let found = app.get(&format!("/v1/invoices?number={number}")).send(200).json();
    !found["data"].as_array().expect("data").is_empty()
}

#[test]
fn a_hundred_thousand_rows_go_in_within_the_memory_of_an_instance() {
    let app = own!(App::start());
    let body = table(100_000);
    let size = body.len() >> 20;
    let key = unique("idem");
    let started = Instant::now();
    // A slow machine may end the request before it is done: then it goes on where it stood.
    let mut tries = 0;
    let report: Value = loop {
        tries += 1;
        let sent = app
            .post("/v1/invoices")
            .header("idempotency-key", &key)
            .body("text/csv", body.clone())
            .attempt();
        match sent {
            Ok(answer) if answer.status == 200 => break answer.json(),
            // Half a minute of computing, or a minute of waiting, were over.
            Ok(answer) => assert!([500, 504].contains(&answer.status), "{}", answer.text()),
            Err(error) => say(&format!("cut off: {error}")),
        }
        assert!(tries < 5, "it does not come to an end");
    };
    say(&format!(
        "100,000 rows ({size} MiB) in {:.1} s, {tries} requests, by an instance of at most 128 MiB",
        started.elapsed().as_secs_f32()
    ));
    assert_eq!(
        (
            &report["accepted"],
            &report["duplicates"],
            &report["rejected_count"]
        ),
        (&json!(100_000), &json!(0), &json!(0))
    );
    assert!(is_taken(&app, "B-0") && is_taken(&app, "B-99999"));
    let holds = app.get("/v1/reports/integrity").send(200).json();
    assert_eq!(holds["holds"], true);
}

#[test]
fn killed_in_the_middle_it_has_taken_a_prefix_and_the_same_request_takes_the_rest() {
    let mut app = own!(App::start());
    let rows = 20_000;
    let mut body = table(rows);
    // Two that are bad, one in the first batch and one in the last.
    body = body.replace("B-17,C-17,2026-01-05", "B-17,C-17,2026-01-32");
    body = body.replace("B-19999,C-99,2026-01-05", "B-19999,C-99,2026-02-30");
    let key = unique("idem");
    let send = |app: &App, body: &str| {
        app.post("/v1/invoices")
            .header("idempotency-key", &key)
            .body("text/csv", body.to_owned())
            .attempt()
    };
    let cut_off = thread::scope(|scope| {
        let sending = scope.spawn(|| send(&app, &body));
        let started = Instant::now();
        while !is_taken(&app, "B-2000") {
            assert!(started.elapsed() < Duration::from_secs(60), "nothing is taken");
            thread::sleep(Duration::from_millis(5));
        }
        app.kill();
        sending.join().expect("the sender")
    });
    assert!(cut_off.is_err(), "it was done before it was killed");
    app.recover();
    let (taken, _) = ledger(&app);
    // Batches of a thousand rows, the header apart; one row of the first is bad.
    assert!((2_000..rows).contains(&taken), "{taken}");
    assert_eq!((taken + 1) % 1_000, 0, "a prefix of whole batches, not {taken}");
    let last = taken;
    assert!(is_taken(&app, &format!("B-{last}")) && !is_taken(&app, &format!("B-{}", last + 1)));

    let other = send(&app, &body.replacen("10.01", "10.02", 1)).expect("an answer");
    assert_eq!(other.status, 422);
    other.problem("idempotency_key_reused");
    let shorter = send(&app, &table(50)).expect("an answer");
    shorter.problem("idempotency_key_reused");

    let report = send(&app, &body).expect("an answer");
    assert_eq!(report.status, 200, "{}", report.text());
    let report = report.json();
    assert_eq!(
        (
            &report["accepted"],
            &report["duplicates"],
            &report["rejected_count"]
        ),
        (&json!(rows - 2), &json!(0), &json!(2)),
        "what the first request took counts as taken"
    );
    let lines: Vec<u64> = report["rejected"]
        .as_array()
        .expect("rejected")
        .iter()
        .map(|reject| reject["line"].as_u64().expect("a line"))
        .collect();
    assert_eq!(lines, [19, 20_001]);

    let replayed = send(&app, &body).expect("an answer");
    assert_eq!(replayed.header("idempotent-replayed"), Some("true"));
    assert_eq!(replayed.json(), report);
    let expected: u64 = (0..20_000_u64)
        .filter(|row| ![17, 19_999].contains(row))
        .map(|row| 1_000 + row % 100)
        .sum();
    assert_eq!(ledger(&app), (rows - 2, expected));
    let rejects = app.get("/v1/intake/rejects").send(200).json();
    assert_eq!(rejects["data"].as_array().expect("data").len(), 2);
    assert_eq!(app.get("/v1/reports/integrity").send(200).json()["holds"], true);
}

#[test]
fn lines_of_json_are_a_stream_too_and_plan_whom_they_concern() {
    let app = own!(App::start());
    let known = app.new_customer();
    let documents: Vec<String> = (0..2_500)
        .map(|row| invoice(&format!("N-{row}"), &known.external_id, "1.00", "2026-02-01").to_string())
        .collect();
    let body = documents.join("\n");
    let key = unique("idem");
    let send = |body: String| {
        app.post("/v1/invoices")
            .header("idempotency-key", &key)
            .body("application/x-ndjson", body)
    };
    let report = send(body.clone()).send(200).json();
    assert_eq!(report["accepted"], 2_500, "{report}");
    assert_eq!(send(body.clone()).send(200).json(), report);
    send(body + "\n{}").send(422).problem("idempotency_key_reused");
    let customer = app.customer(&known.id);
    assert_eq!(customer["balance"]["amount"], "2500.00");
    assert!(customer["next_action"].is_object(), "{customer}");
    // A line that is longer than a document may be is read past.
    let long = format!(
        "{}\n{{\"number\": \"{}\"}}\n{}\n",
        invoice("N-a", &known.external_id, "1.00", "2026-02-01"),
        "9".repeat(2 << 20),
        invoice("N-b", &known.external_id, "1.00", "2026-02-01")
    );
    let report = app
        .post("/v1/invoices")
        .body("application/x-ndjson", long)
        .send(200)
        .json();
    assert_eq!(
        (&report["accepted"], &report["rejected_count"]),
        (&json!(2), &json!(1))
    );
    assert_eq!(
        (
            &report["rejected"][0]["line"],
            &report["rejected"][0]["errors"][0]["code"]
        ),
        (&json!(2), &json!("too_long"))
    );
    let too_large = vec![b'\n'; (32 << 20) + 1];
    app.post("/v1/invoices")
        .body("text/csv", too_large)
        .send(413)
        .problem("too_large");
}

//! The sweep: who is reminded when, of what, and why; once, however it is called.

use serde_json::{Value, json};

use crate::harness::{App, customer, invoice, own, payment, unique};

/// Runs the sweep and the courier at an instant and answers what the sweep did.
fn run_at(app: &App, instant: &str) -> Value {
    app.clock(instant);
    let swept = app.job("sweep");
    app.job("deliver");
    swept
}

#[test]
fn what_happens_next_is_told_with_its_date_and_reason() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (_, number) = app.new_invoice(&known, "1250.00", "2026-01-20");
    let next = app.customer(&known.id)["next_action"].clone();
    // Five days before the 20th, at nine in Berlin.
    assert_eq!(
        (&next["at"], &next["step"]),
        (&json!("2026-01-15T08:00:00Z"), &json!("pre_due")),
        "{next}"
    );
    let why = next["why"].as_str().expect("a reason");
    assert!(why.contains(&number) && why.contains("2026-01-20"), "{why}");
}

#[test]
fn an_unpaid_invoice_goes_through_every_step_on_its_day() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (id, number) = app.new_invoice(&known, "1250.00", "2026-01-20");
    // The 20th is a Tuesday: a day after, and a fortnight after, are working days too.
    for (instant, step) in [
        ("2026-01-15T07:59:59Z", None),
        ("2026-01-15T08:00:00Z", Some("pre_due")),
        ("2026-01-21T07:59:59Z", None),
        ("2026-01-21T08:00:00Z", Some("reminder")),
        ("2026-02-03T07:59:59Z", None),
        ("2026-02-03T08:00:00Z", Some("firm")),
        ("2026-06-01T08:00:00Z", None),
    ] {
        let before = app.messages(&known).len();
        let swept = run_at(&app, instant);
        let messages = app.messages(&known);
        match step {
            None => assert_eq!(messages.len(), before, "{instant}: {swept}"),
            Some(step) => {
                assert_eq!(messages.len(), before + 1, "{instant}: {swept}");
                let newest = &messages[0];
                assert_eq!(
                    (&newest["step"], &newest["status"]),
                    (&json!(step), &json!("sent")),
                    "{newest}"
                );
                assert_eq!(newest["invoices"], json!([number]));
                assert_eq!(app.invoice(&id)["stage"], step);
            }
        }
        assert_eq!(
            run_at(&app, instant)["queued"],
            0,
            "{instant}: swept twice, sent twice"
        );
    }
    assert_eq!(app.customer(&known.id)["next_action"], Value::Null);
}

#[test]
fn one_message_lists_every_invoice_that_is_due_a_word() {
    let app = own!(App::start());
    let known = app.new_customer();
    let late: Vec<String> = ["2026-01-08", "2026-01-09"]
        .iter()
        .map(|due| app.new_invoice(&known, "10.00", due).1)
        .collect();
    let (_, soon) = app.new_invoice(&known, "20.00", "2026-01-15");
    let (_, far) = app.new_invoice(&known, "30.00", "2026-06-01");
    run_at(&app, "2026-01-13T08:00:00Z");
    let messages = app.messages(&known);
    assert_eq!(messages.len(), 1, "{messages:?}");
    let mail = app.mail(&messages[0]);
    for number in late.iter().chain([&soon]) {
        assert!(
            mail.text.contains(number) && mail.html.contains(number),
            "{number} is missing:\n{}",
            mail.text
        );
    }
    assert!(
        !mail.text.contains(&far),
        "{far} is not due a word:\n{}",
        mail.text
    );
}

#[test]
fn after_a_pause_only_the_latest_step_goes_out_and_the_skipped_ones_are_told() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "99.00", "2026-01-20");
    run_at(&app, "2026-02-10T08:00:00Z");
    let messages = app.messages(&known);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["step"], "firm");
    let timeline = app
        .get(&format!("/v1/customers/{}/timeline", known.id))
        .send(200)
        .text();
    assert!(
        timeline.contains("Skipped") && timeline.contains("reminder"),
        "{timeline}"
    );
    for day in [
        "2026-02-11T08:00:00Z",
        "2026-02-20T08:00:00Z",
        "2026-03-20T08:00:00Z",
    ] {
        assert_eq!(run_at(&app, day)["queued"], 0, "a skipped step was sent later");
    }
}

#[test]
fn money_that_arrives_before_the_message_leaves_stops_it() {
    let app = own!(App::start());
    let known = app.new_customer();
    let (_, number) = app.new_invoice(&known, "50.00", "2026-01-10");
    app.clock("2026-01-13T08:00:00Z");
    assert_eq!(app.job("sweep")["queued"], 1);
    app.pay(&known, "50.00");
    app.job("deliver");
    let messages = app.reminders(&known);
    assert_eq!(messages[0]["status"], "cancelled", "{messages:?}");
    assert_eq!(app.customer(&known.id)["next_action"], Value::Null);
    let timeline = app
        .get(&format!("/v1/customers/{}/timeline", known.id))
        .send(200)
        .text();
    assert!(
        timeline.contains("cancelled"),
        "no trace of {number}'s message: {timeline}"
    );
}

#[test]
fn nobody_writes_to_a_customer_on_hold() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "50.00", "2026-01-10");
    app.clock("2026-01-13T08:00:00Z");
    let hold = format!("/v1/customers/{}/hold", known.id);

    // Before it is queued, and when it waits to leave.
    app.post(&hold)
        .json(&json!({"reason": "a meeting on Friday"}))
        .send(200);
    assert_eq!(app.customer(&known.id)["hold"], "a meeting on Friday");
    assert_eq!(app.job("sweep")["queued"], 0);
    app.delete(&hold).send(200);
    assert_eq!(app.job("sweep")["queued"], 1);
    app.post(&hold)
        .json(&json!({"reason": "a meeting on Friday"}))
        .send(200);
    app.job("deliver");
    assert_eq!(app.mailbox().len(), 0);

    app.delete(&hold).send(200);
    app.clock("2026-01-14T08:00:00Z");
    app.job("sweep");
    app.job("deliver");
    assert_eq!(app.mailbox().len(), 1);
}

#[test]
fn who_has_enough_on_account_is_not_chased() {
    let app = own!(App::start());
    let known = app.new_customer();
    let paid = app
        .post("/v1/payments")
        .json(&payment("early", &known.external_id, "50.00"))
        .send(201);
    app.new_invoice(&known, "50.00", "2026-01-09");
    app.clock("2026-01-13T08:00:00Z");
    assert_eq!(app.customer(&known.id)["next_action"], Value::Null);
    assert_eq!(app.job("sweep")["queued"], 0);

    // The money bounces, and with it goes the reason to wait.
    app.post(&format!("/v1/payments/{}/reverse", paid.string("/id")))
        .json(&json!({"reason": "no funds"}))
        .send(200);
    assert_eq!(app.job("sweep")["queued"], 1);
}

#[test]
fn a_sweep_is_bounded_and_says_whether_there_is_more() {
    let app = own!(App::start());
    for _ in 0..5 {
        app.new_invoice(&app.new_customer(), "10.00", "2026-01-09");
    }
    app.clock("2026-01-13T08:00:00Z");
    let sweep = || {
        app.post("/internal/sweep?limit=2")
            .key(&app.cron_key)
            .send(200)
            .json()
    };
    let sizes: Vec<(Value, Value)> = (0..4)
        .map(|_| sweep())
        .map(|s| (s["queued"].clone(), s["more"].clone()))
        .collect();
    let expected =
        [(2, true), (2, true), (1, false), (0, false)].map(|(queued, more)| (json!(queued), json!(more)));
    assert_eq!(sizes, expected);
}

#[test]
fn nothing_is_sent_on_a_weekend_or_in_the_customers_night() {
    let app = own!(App::start());
    // Due on Friday the 16th: a day after is Saturday, so Monday the 19th, nine o'clock where the customer is.
    for (zone, at) in [
        ("Europe/Berlin", "2026-01-19T08:00:00Z"),
        ("America/New_York", "2026-01-19T14:00:00Z"),
        ("Asia/Tokyo", "2026-01-19T00:00:00Z"),
    ] {
        let key = unique("C");
        let mut document = customer(&key);
        document["time_zone"] = json!(zone);
        let id = app.post("/v1/customers").json(&document).send(201).string("/id");
        app.post("/v1/invoices")
            .json(&invoice(&unique("R"), &key, "10.00", "2026-01-16"))
            .send(201);
        // The pre-due step's day has passed; what is next is the reminder.
        let next = app.customer(&id)["next_action"].clone();
        if next["step"] == "pre_due" {
            run_at(&app, "2026-01-12T23:59:59Z");
        }
        let next = app.customer(&id)["next_action"].clone();
        assert_eq!(
            (&next["step"], &next["at"]),
            (&json!("reminder"), &json!(at)),
            "{zone}: {next}"
        );
    }
}

#[test]
fn a_message_is_in_the_customers_language() {
    let app = own!(App::start());
    let key = unique("C");
    let mut document = customer(&key);
    document["locale"] = json!("de-AT");
    app.post("/v1/customers").json(&document).send(201);
    app.post("/v1/invoices")
        .json(&invoice(&unique("R"), &key, "1250.00", "2026-01-09"))
        .send(201);
    run_at(&app, "2026-01-13T08:00:00Z");
    let messages = app.get("/v1/messages").send(200).json();
    let mail = app.mail(&messages["data"][0]);
    assert!(
        mail.text.contains("EUR 1.250,00") && mail.html.contains("lang=\"de"),
        "{}",
        mail.text
    );
}

#[test]
fn a_crash_between_sweep_and_delivery_loses_nothing_and_repeats_nothing() {
    let mut app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "10.00", "2026-01-09");
    app.clock("2026-01-13T08:00:00Z");
    assert_eq!(app.job("sweep")["queued"], 1);
    app.crash();
    assert_eq!(app.job("sweep")["queued"], 0);
    app.job("deliver");
    app.restart();
    app.job("deliver");
    let messages = app.messages(&known);
    assert_eq!(messages.len(), 1, "{messages:?}");
    assert_eq!(messages[0]["status"], "sent");
    assert_eq!(app.mailbox().len(), 1);
}

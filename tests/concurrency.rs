//! Many clients at once: each thing takes effect once, and everything still adds up.

use std::thread;

use serde_json::json;

use crate::harness::{Answer, App, customer, invoice, own, payment, unique};

/// So many clients at once as an instance takes, and some more.
const CLIENTS: usize = 24;

/// Does the same thing from many clients at once.
fn at_once<T: Send>(act: impl Fn(usize) -> T + Sync) -> Vec<T> {
    thread::scope(|scope| {
        let handles: Vec<_> = (0..CLIENTS)
            .map(|client| {
                scope.spawn({
                    let act = &act;
                    move || act(client)
                })
            })
            .collect();
        handles
            .into_iter()
            .map(|handle| handle.join().expect("a client"))
            .collect()
    })
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    let mut statuses: Vec<u16> = answers.iter().map(|answer| answer.status).collect();
    statuses.sort_unstable();
    statuses
}

#[test]
fn the_same_invoice_from_many_clients_is_taken_once() {
    let app = App::shared();
    let known = app.new_customer();
    let document = invoice(&unique("R"), &known.external_id, "10.00", "2026-02-01");
    let answers = at_once(|_| app.post("/v1/invoices").json(&document).answer());
    let mut expected = vec![200; CLIENTS - 1];
    expected.push(201);
    assert_eq!(statuses(&answers), expected);
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "10.00");
}

#[test]
fn the_same_customer_from_many_clients_is_made_once() {
    let app = App::shared();
    let document = customer(&unique("C"));
    let answers = at_once(|_| app.post("/v1/customers").json(&document).answer());
    assert_eq!(
        statuses(&answers).iter().filter(|status| **status == 201).count(),
        1
    );
    let mut ids: Vec<String> = answers.iter().map(|answer| answer.string("/id")).collect();
    ids.dedup();
    assert_eq!(ids.len(), 1);
}

#[test]
fn one_idempotency_key_used_by_many_clients_works_once() {
    let app = App::shared();
    let known = app.new_customer();
    app.new_invoice(&known, "1000.00", "2026-02-01");
    let (key, document) = (unique("idem"), payment(&unique("P"), &known.external_id, "10.00"));
    let answers = at_once(|_| {
        app.post("/v1/payments")
            .header("idempotency-key", &key)
            .json(&document)
            .answer()
    });
    let fresh = answers
        .iter()
        .filter(|answer| answer.status == 201 && answer.header("idempotent-replayed").is_none())
        .count();
    assert_eq!(fresh, 1, "{:?}", statuses(&answers));
    assert!(
        answers.iter().all(|answer| [201, 409].contains(&answer.status)),
        "{:?}",
        statuses(&answers)
    );
    assert_eq!(app.customer(&known.id)["balance"]["amount"], "990.00");
}

#[test]
fn many_payments_at_once_all_count() {
    let app = App::shared();
    let known = app.new_customer();
    let ids: Vec<String> = (0..4)
        .map(|_| app.new_invoice(&known, "60.00", "2026-02-01").0)
        .collect();
    at_once(|_| app.pay(&known, "10.00"));
    for id in ids {
        assert_eq!(app.invoice(&id)["status"], "paid");
    }
    let customer = app.customer(&known.id);
    assert_eq!(
        (&customer["balance"]["amount"], &customer["unapplied"]["amount"]),
        (&json!("0.00"), &json!("0.00"))
    );
}

#[test]
fn overlapping_sweeps_and_deliveries_send_one_message_each() {
    let app = own!(App::start());
    let customers: Vec<_> = (0..10).map(|_| app.new_customer()).collect();
    for known in &customers {
        app.new_invoice(known, "10.00", "2026-01-09");
    }
    app.clock("2026-01-13T08:00:00Z");
    at_once(|client| app.job(if client % 2 == 0 { "sweep" } else { "deliver" }));
    at_once(|_| app.job("deliver"));
    for known in &customers {
        let messages = app.messages(known);
        assert_eq!(messages.len(), 1, "{messages:?}");
        assert_eq!(messages[0]["status"], "sent");
    }
    assert_eq!(app.mailbox().len(), customers.len());
}

/// Every stored balance is the sum of its postings.
fn assert_the_ledger_holds(app: &App) {
    let report = app.get("/v1/reports/integrity").send(200).json();
    assert_eq!((&report["holds"], &report["drift"]), (&json!(true), &json!([])));
}

#[test]
fn the_ledger_adds_up_after_everything_at_once() {
    let app = own!(App::start());
    let customers: Vec<_> = (0..4).map(|_| app.new_customer()).collect();
    at_once(|client| {
        let known = &customers[client % customers.len()];
        let (id, _) = app.new_invoice(known, "100.00", "2026-01-20");
        let paid = app.pay(known, "70.00");
        match client % 3 {
            0 => {
                let path = format!("/v1/payments/{}/reverse", paid["id"].as_str().expect("an id"));
                app.post(&path).json(&json!({"reason": "charged back"})).send(200);
            }
            1 => {
                app.post(&format!("/v1/invoices/{id}/void")).answer();
            }
            _ => {
                app.job("risk");
            }
        }
    });
    assert_the_ledger_holds(&app);
}

#[test]
fn readers_and_writers_get_along() {
    let app = App::shared();
    let known = app.new_customer();
    let answers = at_once(|client| match client % 4 {
        0 => app
            .post("/v1/invoices")
            .json(&invoice(&unique("R"), &known.external_id, "1.00", "2026-02-01"))
            .answer(),
        1 => app.get("/v1/invoices?limit=500").answer(),
        2 => app.get(&format!("/v1/customers/{}", known.id)).answer(),
        _ => app.get("/v1/reports/aging").answer(),
    });
    assert!(
        answers.iter().all(|answer| answer.status < 300),
        "{:?}",
        statuses(&answers)
    );
}

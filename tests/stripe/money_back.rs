//! Refunds and chargebacks: what they take, from where, and what is open again.

use serde_json::{Value, json};

use super::{NOW, Owing, SECRET, Setup, event, send, sign};
use crate::harness::{Fault, own};

/// A charge as the event of its refund shows it.
fn refund(session: &Value, refunded_minor: i64) -> Value {
    event(
        "charge.refunded",
        &json!({"id": "ch_1", "object": "charge", "payment_intent": session["payment_intent"],
            "amount_refunded": refunded_minor, "currency": "eur"}),
    )
}

/// A dispute's event.
fn dispute(kind: &str, session: &Value, amount_minor: i64, status: &str) -> Value {
    let id = session["id"].as_str().expect("an id").replace("cs_", "dp_");
    event(
        &format!("charge.dispute.{kind}"),
        &json!({"id": id, "object": "dispute", "charge": "ch_1", "payment_intent": session["payment_intent"],
            "amount": amount_minor, "currency": "eur", "reason": "product_not_received", "status": status}),
    )
}

fn payment(setup: &Setup, payment: &Value) -> Value {
    let id = payment["id"].as_str().expect("an id");
    setup.app.get(&format!("/v1/payments/{id}")).send(200).json()
}

/// What a payment holds and has given back, and that it adds up.
fn parts(setup: &Setup, known: &Value) -> [String; 4] {
    let payment = payment(setup, known);
    let amount = |field: &str| payment[field]["amount"].as_str().expect("an amount").to_owned();
    let cents = |text: &str| text.replace('.', "").parse::<i64>().expect("cents");
    let parts = ["allocated", "unapplied", "refunded", "reversed"].map(amount);
    assert_eq!(
        parts.iter().map(|part| cents(part)).sum::<i64>(),
        cents(&amount("amount")),
        "{payment}"
    );
    let lines: i64 = payment["allocations"]
        .as_array()
        .expect("allocations")
        .iter()
        .map(|line| cents(line["amount"]["amount"].as_str().expect("an amount")))
        .sum();
    assert_eq!(lines, cents(&parts[0]), "{payment}");
    parts
}

/// A customer with 60.00 and 40.00 open who pays 110.00: Stripe's amount counts.
fn overpaid(setup: &Setup) -> (Owing, Value, Value) {
    let owing = setup.owing(&["60.00", "40.00"]);
    let session = setup.press(&owing.link);
    let mut done = setup.stripe.complete(&session, "paid");
    done["amount_total"] = json!(11_000);
    assert_eq!(
        setup.tell(&event("checkout.session.completed", &done)),
        "processed"
    );
    let payment = setup.payment(&owing);
    (owing, done, payment)
}

#[test]
fn a_refund_that_we_ask_for_is_made_once_and_restored_where_it_fails() {
    let setup = own!(Setup::start());
    let owing = setup.owing(&["50.00"]);
    let (session, paid) = setup.paid(&owing);
    let path = format!("/v1/payments/{}", paid["id"].as_str().expect("an id"));
    let none = json!({"allocations": []});
    setup
        .app
        .post(&format!("{path}/allocations"))
        .json(&none)
        .send(200);
    setup.stripe.next([Fault::AnswerLost]);
    let back = json!({"amount": {"amount": "20.00", "currency": "EUR"}, "reason": "Sent back"});
    setup.app.post(&format!("{path}/refund")).json(&back).send(200);
    let made = setup.stripe.refunds();
    let [made] = made.as_slice() else {
        panic!("not one refund: {made:?}");
    };
    assert_eq!(
        (&made["amount"], &made["payment_intent"]),
        (&json!(2_000), &session["payment_intent"])
    );
    let shown = payment(&setup, &paid)["refunds"][0].clone();
    assert_eq!(
        (&shown["status"], &shown["reference"], &shown["id"]),
        (&json!("requested"), &made["id"], &made["metadata"]["refund"])
    );
    // The sum of the charge's refunds has nothing new in it.
    assert_eq!(setup.tell(&refund(&session, 2_000)), "ignored");
    for (status, kind, held) in [
        ("succeeded", "refund.updated", ["0.00", "30.00", "20.00", "0.00"]),
        ("failed", "refund.failed", ["0.00", "50.00", "0.00", "0.00"]),
    ] {
        let mut told = made.clone();
        told["status"] = json!(status);
        assert_eq!(setup.tell(&event(kind, &told)), "processed", "{status}");
        assert_eq!(parts(&setup, &paid), held, "{status}");
    }
    assert_eq!(setup.activities(&owing, "payment_restored").len(), 1);
    setup.holds();
}

#[test]
fn a_session_that_no_event_told_of_is_asked_about() {
    let setup = own!(Setup::start());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "paid");
    setup.app.clock("2026-01-12T09:20:00Z");
    assert_eq!(setup.app.job("payments")["answered"], 1);
    assert_eq!(setup.balances(&owing), ["0.00"]);
    assert_eq!(setup.app.job("payments")["examined"], 0);
    // The event that comes after all is about the same payment.
    let body = event("checkout.session.completed", &done).to_string();
    send(&setup.app, &body, &sign(SECRET, NOW + 20 * 60, &body), 200);
    assert_eq!(setup.payment(&owing)["amount"]["amount"], "50.00");
    setup.holds();
}

/// As a crash between the two commits leaves it: Stripe was answered 5xx, and has given up.
#[test]
fn an_event_that_a_crash_left_over_is_taken_up_and_takes_effect_once() {
    let setup = own!(Setup::start());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "paid");
    let told = event("checkout.session.completed", &done);
    let id = told["id"].as_str().expect("an id");
    setup
        .app
        .left_over("stripe", id, "2026-01-12T09:00:00Z", &told.to_string());
    let taken_up = || {
        let run = setup.app.job("payments");
        (run["examined"].clone(), run["answered"].clone())
    };
    // It may be at work.
    assert_eq!(taken_up(), (json!(0), json!(0)));
    setup.app.clock("2026-01-12T09:11:00Z");
    assert_eq!(taken_up(), (json!(1), json!(1)));
    assert_eq!(setup.balances(&owing), ["0.00"]);
    assert_eq!(taken_up(), (json!(0), json!(0)));
    assert_eq!(setup.payment(&owing)["amount"]["amount"], "50.00");
    setup.holds();
}

#[test]
fn a_refund_takes_what_is_on_account_first_and_then_what_was_paid_last() {
    let setup = own!(Setup::shared());
    let (owing, session, paid) = overpaid(setup);
    // The sum of all refunds so far -> what the payment holds, and what each invoice owes.
    for (total, status, held, balances) in [
        (
            500,
            "processed",
            ["100.00", "5.00", "5.00", "0.00"],
            ["0.00", "0.00"],
        ),
        (
            2_500,
            "processed",
            ["85.00", "0.00", "25.00", "0.00"],
            ["0.00", "15.00"],
        ),
        (
            2_500,
            "ignored",
            ["85.00", "0.00", "25.00", "0.00"],
            ["0.00", "15.00"],
        ),
        (
            700,
            "ignored",
            ["85.00", "0.00", "25.00", "0.00"],
            ["0.00", "15.00"],
        ),
        (
            7_000,
            "processed",
            ["40.00", "0.00", "70.00", "0.00"],
            ["20.00", "40.00"],
        ),
        (
            11_000,
            "processed",
            ["0.00", "0.00", "110.00", "0.00"],
            ["60.00", "40.00"],
        ),
    ] {
        assert_eq!(setup.tell(&refund(&session, total)), status, "{total}");
        assert_eq!(parts(setup, &paid), held, "{total}");
        assert_eq!(setup.balances(&owing), balances, "{total}");
    }
    assert_eq!(payment(setup, &paid)["status"], "refunded");
    assert_eq!(setup.activities(&owing, "payment_refunded").len(), 4);
    let known = setup.app.customer(&owing.known.id);
    assert_eq!(known["balance"]["amount"], "100.00");
    assert!(known["next_action"].is_object(), "nobody will remind it: {known}");
    setup.holds();
}

#[test]
fn a_refund_that_comes_before_its_payment_waits_for_it() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "paid");
    let early = refund(&done, 2_000);
    assert_eq!(setup.tell(&early), "waiting");
    assert_eq!(
        setup.tell(&dispute("created", &done, 3_000, "needs_response")),
        "waiting"
    );
    assert_eq!(
        setup.tell(&event("checkout.session.completed", &done)),
        "processed"
    );
    let paid = setup.payment(&owing);
    assert_eq!(parts(setup, &paid), ["30.00", "0.00", "20.00", "0.00"]);
    assert_eq!(payment(setup, &paid)["chargebacks"][0]["status"], "open");
    assert_eq!(setup.balances(&owing), ["20.00"]);
    assert_eq!(setup.tell(&early), "duplicate");
}

#[test]
fn while_the_bank_decides_the_payment_stands_and_a_lost_chargeback_reopens() {
    let setup = &own!(Setup::start());
    let owing = setup.owing(&["60.00", "40.00"]);
    let (session, paid) = setup.paid(&owing);
    assert_eq!(
        setup.tell(&dispute("created", &session, 7_000, "needs_response")),
        "processed"
    );
    assert_eq!(
        setup.tell(&dispute("created", &session, 7_000, "needs_response")),
        "ignored"
    );
    assert_eq!(setup.balances(&owing), ["0.00", "0.00"]);
    let shown = payment(setup, &paid)["chargebacks"][0].clone();
    for (field, expected) in [
        ("status", json!("open")),
        ("amount", json!({"amount": "70.00", "currency": "EUR"})),
        ("reason", json!("product_not_received")),
        ("opened_at", json!("2026-01-12T09:00:00Z")),
        ("closed_at", json!(null)),
    ] {
        assert_eq!(shown[field], expected, "{field}: {shown}");
    }
    assert_eq!(setup.activities(&owing, "chargeback_opened").len(), 1);
    assert!(setup.app.customer(&owing.known.id)["next_action"].is_null());

    assert_eq!(
        setup.tell(&dispute("closed", &session, 7_000, "lost")),
        "processed"
    );
    assert_eq!(setup.tell(&dispute("closed", &session, 7_000, "lost")), "ignored");
    assert_eq!(setup.balances(&owing), ["30.00", "40.00"]);
    assert_eq!(parts(setup, &paid), ["30.00", "0.00", "0.00", "70.00"]);
    assert_eq!(payment(setup, &paid)["chargebacks"][0]["status"], "lost");
    assert_eq!(setup.activities(&owing, "payment_charged_back").len(), 1);
    assert!(setup.app.customer(&owing.known.id)["next_action"].is_object());
    setup.holds();
}

#[test]
fn a_chargeback_that_is_won_takes_nothing() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["60.00"]);
    let (session, paid) = setup.paid(&owing);
    // Its end is told before its beginning.
    assert_eq!(
        setup.tell(&dispute("closed", &session, 6_000, "won")),
        "processed"
    );
    assert_eq!(
        setup.tell(&dispute("created", &session, 6_000, "needs_response")),
        "ignored"
    );
    assert_eq!(setup.balances(&owing), ["0.00"]);
    assert_eq!(payment(setup, &paid)["chargebacks"][0]["status"], "won");
}

#[test]
fn an_inquiry_is_no_chargeback() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["60.00"]);
    let (session, paid) = setup.paid(&owing);
    assert_eq!(
        setup.tell(&dispute("created", &session, 6_000, "warning_needs_response")),
        "ignored"
    );
    assert_eq!(payment(setup, &paid)["chargebacks"], json!([]));
    assert_eq!(
        setup.tell(&dispute("closed", &session, 6_000, "warning_closed")),
        "processed"
    );
    assert_eq!(setup.balances(&owing), ["0.00"]);
    assert_eq!(
        setup.tell(&dispute("closed", &session, 6_000, "undecided")),
        "failed"
    );
}

#[test]
fn no_more_is_taken_than_the_payment_holds() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["60.00"]);
    let (session, paid) = setup.paid(&owing);
    assert_eq!(setup.tell(&refund(&session, 2_000)), "processed");
    assert_eq!(
        setup.tell(&dispute("closed", &session, 6_000, "lost")),
        "processed"
    );
    assert_eq!(parts(setup, &paid), ["0.00", "0.00", "20.00", "40.00"]);
    assert_eq!(setup.balances(&owing), ["60.00"]);
    let mut dollars = refund(&session, 3_000);
    dollars["data"]["object"]["currency"] = json!("usd");
    assert_eq!(setup.tell(&dollars), "failed");
    setup.holds();
}

#[test]
fn what_is_left_after_a_refund_can_still_bounce() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["60.00"]);
    let (session, paid) = setup.paid(&owing);
    assert_eq!(setup.tell(&refund(&session, 2_000)), "processed");
    let path = format!("/v1/payments/{}/reverse", paid["id"].as_str().expect("an id"));
    let reversed = setup
        .app
        .post(&path)
        .json(&json!({"reason": "Bounced"}))
        .send(200)
        .json();
    assert_eq!(
        (&reversed["status"], &reversed["reversed"]["amount"]),
        (&json!("reversed"), &json!("40.00"))
    );
    assert_eq!(parts(setup, &paid), ["0.00", "0.00", "20.00", "40.00"]);
    assert_eq!(setup.balances(&owing), ["60.00"]);
    setup
        .app
        .post(&path)
        .json(&json!({"reason": "Bounced"}))
        .send(200);
    assert_eq!(setup.balances(&owing), ["60.00"]);
}

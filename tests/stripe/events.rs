//! What is made of Stripe's events: believed when signed, taken once, in any order.

use serde_json::{Value, json};

use super::{NOW, OLD_SECRET, SECRET, Setup, event, send, sign, tell};
use crate::harness::own;

#[test]
fn a_paid_session_pays_its_invoices_once() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00", "30.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "paid");
    let completed = event("checkout.session.completed", &done);
    assert_eq!(setup.tell(&completed), "processed");
    assert_eq!(setup.tell(&completed), "duplicate");
    // Another event about the same session, and the same one from a second endpoint.
    assert_eq!(
        setup.tell(&event("checkout.session.completed", &done)),
        "processed"
    );
    assert_eq!(
        setup.tell(&event("checkout.session.async_payment_succeeded", &done)),
        "processed"
    );

    assert_eq!(setup.balances(&owing), ["0.00", "0.00"]);
    let payment = setup.payment(&owing);
    for (field, expected) in [
        ("source", json!("stripe")),
        ("reference", done["payment_intent"].clone()),
        ("method", json!("card")),
        ("received_on", json!("2026-01-12")),
        ("amount", json!({"amount": "80.00", "currency": "EUR"})),
        ("chargebacks", json!([])),
    ] {
        assert_eq!(payment[field], expected, "{field}: {payment}");
    }
    assert!(!setup.page(&owing.link).contains("<form"));
    setup.holds();
}

#[test]
fn many_events_at_once_about_one_session_are_one_payment() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "paid");
    std::thread::scope(|scope| {
        for at in 0..8 {
            let kind = ["completed", "async_payment_succeeded"][at % 2];
            let event = event(&format!("checkout.session.{kind}"), &done);
            scope.spawn(move || setup.tell(&event));
        }
    });
    assert_eq!(setup.payment(&owing)["amount"]["amount"], "50.00");
    assert_eq!(setup.balances(&owing), ["0.00"]);
}

#[test]
fn the_amount_that_counts_is_stripes() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    let mut done = setup.stripe.complete(&session, "paid");
    done["amount_total"] = json!(6_000);
    assert_eq!(
        setup.tell(&event("checkout.session.completed", &done)),
        "processed"
    );
    let known = setup.app.customer(&owing.known.id);
    assert_eq!(known["unapplied"]["amount"], "10.00");
}

#[test]
fn money_that_the_bank_has_yet_to_confirm_is_waited_for() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "unpaid");
    assert_eq!(
        setup.tell(&event("checkout.session.completed", &done)),
        "processed"
    );
    assert_eq!(setup.balances(&owing), ["50.00"]);
    assert_eq!(setup.activities(&owing, "payment_pending").len(), 1);
    // Neither looking nor pressing offers to pay again.
    assert!(!setup.page(&owing.link).contains("<form"));
    let page = setup.app.post(&owing.link).anonymous().form(&[]).send(200).text();
    assert!(!page.contains("<form"), "{page}");
    assert_eq!(setup.stripe.sessions_of(&owing.known.id).len(), 1);

    assert_eq!(
        setup.tell(&event("checkout.session.async_payment_succeeded", &done)),
        "processed"
    );
    assert_eq!(setup.balances(&owing), ["0.00"]);
}

#[test]
fn when_the_bank_refuses_the_link_can_be_paid_again() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "unpaid");
    assert_eq!(
        setup.tell(&event("checkout.session.completed", &done)),
        "processed"
    );
    assert_eq!(
        setup.tell(&event("checkout.session.async_payment_failed", &done)),
        "processed"
    );
    // Told late, it changes nothing any more.
    assert_eq!(setup.tell(&event("checkout.session.completed", &done)), "ignored");
    assert_eq!(setup.activities(&owing, "payment_failed").len(), 1);
    assert!(setup.page(&owing.link).contains("<form"));
    let second = setup.press(&owing.link);
    assert_ne!(second["id"], session["id"]);
    let done = setup.stripe.complete(&second, "paid");
    assert_eq!(
        setup.tell(&event("checkout.session.completed", &done)),
        "processed"
    );
    assert_eq!(setup.balances(&owing), ["0.00"]);
}

#[test]
fn in_whatever_order_events_come_the_ledger_ends_the_same() {
    let setup = own!(Setup::start());
    for order in permutations(5) {
        let owing = setup.owing(&["60.00", "40.00"]);
        let session = setup.press(&owing.link);
        let unpaid = setup.stripe.complete(&session, "unpaid");
        let paid = setup.stripe.complete(&session, "paid");
        let charge = |refunded: i64| {
            json!({"id": "ch_1", "object": "charge", "payment_intent": paid["payment_intent"],
                "amount_refunded": refunded, "currency": "eur"})
        };
        let dispute = json!({"id": format!("dp_{}", owing.known.id), "object": "dispute", "charge": "ch_1",
            "payment_intent": paid["payment_intent"], "amount": 2_000, "currency": "eur",
            "reason": "fraudulent", "status": "lost"});
        let events = [
            event("checkout.session.completed", &unpaid),
            event("checkout.session.async_payment_succeeded", &paid),
            event("charge.refunded", &charge(1_000)),
            event("charge.refunded", &charge(3_000)),
            event("charge.dispute.closed", &dispute),
        ];
        for at in &order {
            setup.tell(&events[*at]);
        }
        let payment = setup.payment(&owing);
        let parts = ["allocated", "unapplied", "refunded", "reversed"];
        let parts = parts.map(|part| payment[part]["amount"].as_str().expect("an amount").to_owned());
        assert_eq!(parts, ["50.00", "0.00", "30.00", "20.00"], "{order:?}");
        assert_eq!(setup.balances(&owing), ["10.00", "40.00"], "{order:?}");
        for event in &events {
            assert_eq!(setup.tell(event), "duplicate", "{order:?}");
        }
    }
    setup.holds();
}

/// Every order of the numbers below `n`.
fn permutations(n: usize) -> Vec<Vec<usize>> {
    let mut all = vec![Vec::new()];
    for next in 0..n {
        all = all
            .iter()
            .flat_map(|order| {
                (0..=order.len()).map(|at| {
                    let mut longer = order.clone();
                    longer.insert(at, next);
                    longer
                })
            })
            .collect();
    }
    all
}

#[test]
fn what_is_not_about_our_sessions_is_acknowledged_and_changes_nothing() {
    let setup = own!(Setup::shared());
    let session = |fields: Value| {
        let mut session = json!({"id": "cs_other", "object": "checkout.session", "payment_status": "paid",
            "amount_total": 5_000, "currency": "eur"});
        session
            .as_object_mut()
            .expect("an object")
            .extend(fields.as_object().expect("fields").clone());
        event("checkout.session.completed", &session)
    };
    for (what, event, expected) in [
        (
            "another type",
            event("customer.created", &json!({"id": "cus_1"})),
            "ignored",
        ),
        ("no reference", session(json!({})), "ignored"),
        (
            "another's reference",
            session(json!({"client_reference_id": "order-17"})),
            "ignored",
        ),
        (
            "one of nobody's",
            session(json!({"client_reference_id": "chk_00000000000000000000000000"})),
            "ignored",
        ),
        (
            "no session",
            event("checkout.session.completed", &json!("cs_1")),
            "failed",
        ),
        (
            "no charge",
            event("charge.refunded", &json!({"id": "ch_1"})),
            "failed",
        ),
        (
            "a charge of before payment intents",
            event(
                "charge.refunded",
                &json!({"payment_intent": null, "amount_refunded": 1, "currency": "eur"}),
            ),
            "ignored",
        ),
        (
            "no currency of ours",
            event(
                "charge.refunded",
                &json!({"payment_intent": "pi_x", "amount_refunded": 1, "currency": "???"}),
            ),
            "failed",
        ),
        (
            "no type",
            json!({"id": crate::harness::unique("evt"), "data": {"object": {}}}),
            "failed",
        ),
    ] {
        assert_eq!(setup.tell(&event), expected, "{what}");
    }
    for nonsense in ["nonsense", "[]", "{}", "{\"id\": 7}"] {
        let answer = send(&setup.app, nonsense, &sign(SECRET, NOW, nonsense), 200);
        assert_eq!(answer.string("/status"), "failed", "{nonsense}");
        // Without an id it is known by what it says; sent again it is tried again, and kept once.
        let again = send(&setup.app, nonsense, &sign(SECRET, NOW, nonsense), 200);
        assert_eq!(again.string("/status"), "failed", "{nonsense}");
    }
}

#[test]
fn an_event_is_believed_when_it_is_signed_and_recent() {
    let setup = own!(Setup::shared());
    let app = &setup.app;
    let body = event("customer.created", &json!({})).to_string();
    for good in [
        sign(SECRET, NOW - 300, &body),
        sign(SECRET, NOW + 300, &body),
        sign(OLD_SECRET, NOW, &body),
        format!("{},v1={}", sign(SECRET, NOW, &body), "0".repeat(64)),
    ] {
        send(app, &body, &good, 200);
    }
    let good = sign(SECRET, NOW, &body);
    for bad in [
        sign(SECRET, NOW - 301, &body),
        sign(SECRET, NOW + 301, &body),
        sign("whsec_other", NOW, &body),
        sign("", NOW, &body),
        sign(SECRET, NOW, &format!("{body} ")),
        good.replace("v1=", "v0="),
        good.replace("t=", "t=x"),
        String::new(),
    ] {
        send(app, &body, &bad, 401).problem("unauthorized");
    }
    app.post("/webhooks/stripe")
        .anonymous()
        .json(&json!({}))
        .send(401);
    app.get("/webhooks/stripe").anonymous().send(405);
}

#[test]
fn without_a_secret_nothing_is_believed() {
    let app = crate::harness::App::shared();
    let body = event("customer.created", &json!({})).to_string();
    for secret in ["", SECRET] {
        send(app, &body, &sign(secret, NOW, &body), 401).problem("unauthorized");
    }
}

#[test]
fn an_event_is_not_lost_when_the_app_dies() {
    let mut setup = own!(Setup::start());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "paid");
    let refund =
        json!({"payment_intent": done["payment_intent"], "amount_refunded": 2_000, "currency": "eur"});
    assert_eq!(setup.tell(&event("charge.refunded", &refund)), "waiting");
    setup.app.crash();
    assert_eq!(
        tell(&setup.app, &event("checkout.session.completed", &done)),
        "processed"
    );
    assert_eq!(setup.balances(&owing), ["20.00"]);
}

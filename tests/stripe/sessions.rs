//! What Stripe is asked, where a visitor is sent, and what happens when the way there is bad.

use std::{collections::BTreeSet, fs, thread, time::Duration};

use serde_json::{Value, json};

use super::fake::{fields, refusal};
use super::{KEY, NOW, SECRET, Setup, event, path};
use crate::harness::{Fault, customer, invoice, own, unique};

#[test]
fn a_session_says_who_pays_what_for_which_invoices() {
    let setup = own!(Setup::start());
    let external_id = unique("C");
    let mut buyer = customer(&external_id);
    buyer["locale"] = json!("de-AT");
    buyer["contacts"] = json!([{"name": "Vertrieb", "role": "sales", "email": "sales@nordwind.example"},
        {"name": "Ada Braun", "role": "billing", "email": "ada+rechnung@nordwind.example"}]);
    let id = setup
        .app
        .post("/v1/customers")
        .json(&buyer)
        .send(201)
        .string("/id");
    let numbers = ["2026-02-09", "2026-01-09"].map(|due| {
        let number = unique("R/ä&+");
        let document = invoice(&number, &external_id, "617.50", due);
        setup.app.post("/v1/invoices").json(&document).send(201);
        number
    });
    let link = setup
        .app
        .post("/v1/payment-links")
        .json(&json!({"customer": {"id": id}}))
        .send(201);
    let link_url = link.string("/url");
    let address = path(&link_url);
    let page = setup.page(address);
    assert!(
        !page.contains("Es fließt kein Geld") && !page.contains("class=\"note\""),
        "{page}"
    );

    let session = setup.press(address);
    let checkout = session["client_reference_id"].as_str().expect("a reference");
    assert!(checkout.starts_with("chk_"), "{session}");
    let journal = setup.stripe.journal();
    let request = journal
        .iter()
        .find(|request| request.body.contains(checkout))
        .expect("the request");
    let authorization = format!("Bearer {KEY}");
    let length = request.body.len().to_string();
    for (name, value) in [
        ("authorization", authorization.as_str()),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", &length),
        ("idempotency-key", checkout),
        ("stripe-version", "2025-09-30.clover"),
    ] {
        assert_eq!(request.header(name), Some(value), "{name}");
    }
    assert_eq!(request.header("transfer-encoding"), None);
    assert!(
        request.body.contains("ada%2Brechnung%40nordwind.example"),
        "{}",
        request.body
    );

    let link_id = link.string("/id");
    let expected = json!({
        "mode": "payment",
        "client_reference_id": checkout,
        "customer_email": "ada+rechnung@nordwind.example",
        "locale": "de",
        "line_items[0][quantity]": "1",
        "line_items[0][price_data][currency]": "eur",
        "line_items[0][price_data][unit_amount]": "123500",
        "line_items[0][price_data][product_data][name]": format!("{}, {}", numbers[1], numbers[0]),
        "metadata[checkout]": checkout, "metadata[customer]": id, "metadata[link]": link_id,
        "payment_intent_data[metadata][checkout]": checkout,
        "payment_intent_data[metadata][customer]": id,
        "payment_intent_data[metadata][link]": link_id,
        "success_url": format!("{link_url}?returned=1"),
        "cancel_url": link_url,
        "expires_at": (NOW + 23 * 3600).to_string(),
    });
    assert_eq!(json!(fields(&request.body)), expected);
}

#[test]
fn amounts_are_in_the_units_that_stripe_has_for_them() {
    let setup = own!(Setup::shared());
    for (currency, total, expected) in [
        ("JPY", "1250", Some(1_250)),
        ("ISK", "1250", Some(125_000)),
        ("HUF", "1250.50", Some(125_050)),
        ("KWD", "10.010", Some(10_010)),
        ("KWD", "10.015", None),
        ("IQD", "10.000", None),
    ] {
        let external_id = unique("C");
        let mut buyer = customer(&external_id);
        buyer["currency"] = json!(currency);
        let id = setup
            .app
            .post("/v1/customers")
            .json(&buyer)
            .send(201)
            .string("/id");
        let mut document = invoice(&unique("R"), &external_id, total, "2026-02-09");
        document["currency"] = json!(currency);
        document["total"]["currency"] = json!(currency);
        setup.app.post("/v1/invoices").json(&document).send(201);
        let link = setup.link(&json!({"customer": {"id": id}}));
        match expected {
            Some(minor) => {
                let session = setup.press(&link);
                assert_eq!(session["amount_total"], minor, "{total} {currency}");
                let done = setup.stripe.complete(&session, "paid");
                assert_eq!(
                    setup.tell(&event("checkout.session.completed", &done)),
                    "processed"
                );
                let known = setup.app.customer(&id);
                assert!(
                    known["balance"]["amount"]
                        .as_str()
                        .expect("a balance")
                        .trim_matches(['0', '.'])
                        .is_empty(),
                    "{known}"
                );
            }
            None => {
                setup.app.post(&link).anonymous().form(&[]).send(422);
                assert_eq!(setup.stripe.sessions_of(&id), Vec::<Value>::new());
            }
        }
    }
}

#[test]
fn pressing_again_leads_to_the_same_session() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00", "50.00"]);
    let first = setup.press(&owing.link);
    assert_eq!(setup.press(&owing.link), first);
    let id = first["id"].as_str().expect("an id");
    let checkout = first["client_reference_id"].as_str().expect("a reference");
    assert_eq!(
        setup.stripe.told_of(&[id, checkout]),
        ["POST /v1/checkout/sessions"]
    );
}

#[test]
fn many_who_press_at_once_are_sent_to_one_session() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00"]);
    let ids: BTreeSet<String> = thread::scope(|scope| {
        let pressing: Vec<_> = (0..8).map(|_| scope.spawn(|| setup.press(&owing.link))).collect();
        let sessions = pressing.into_iter().map(|one| one.join().expect("a session"));
        sessions.map(|session| session["id"].to_string()).collect()
    });
    assert_eq!(ids.len(), 1, "{ids:?}");
    assert_eq!(setup.stripe.sessions_of(&owing.known.id).len(), 1);
}

#[test]
fn when_another_amount_is_owed_the_old_session_is_closed_before_there_is_a_new_one() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00", "50.00"]);
    let old = setup.press(&owing.link);
    setup.app.pay(&owing.known, "30.00");
    let new = setup.press(&owing.link);
    assert_eq!(
        (&old["amount_total"], &new["amount_total"]),
        (&json!(10_000), &json!(7_000))
    );
    let old_id = old["id"].as_str().expect("an id");
    assert_eq!(setup.stripe.session(old_id)["status"], "expired");
    let names = [
        &old["client_reference_id"],
        &old["id"],
        &new["client_reference_id"],
    ];
    let names = names.map(|name| name.as_str().expect("a name"));
    assert_eq!(
        setup.stripe.told_of(&names),
        [
            "POST /v1/checkout/sessions".to_owned(),
            format!("POST /v1/checkout/sessions/{old_id}/expire"),
            "POST /v1/checkout/sessions".to_owned()
        ]
    );
    assert_eq!(setup.press(&owing.link), new);
}

#[test]
fn a_visitor_who_chooses_another_amount_gets_another_session() {
    let setup = own!(Setup::shared());
    let known = setup.app.new_customer();
    setup.app.new_invoice(&known, "100.00", "2026-02-09");
    let link = setup.link(&json!({"customer": {"id": known.id}, "allow_partial": true,
        "minimum": {"amount": "20.00", "currency": "EUR"}}));
    let amounts = ["20.00", "20.00", "60.00", ""].map(|typed| {
        setup.press_for(&link, &[("amount", typed)])["amount_total"]
            .as_i64()
            .expect("an amount")
    });
    assert_eq!(amounts, [2_000, 2_000, 6_000, 10_000]);
    let sessions = setup.stripe.sessions_of(&known.id);
    let open = sessions
        .iter()
        .filter(|session| session["status"] == "open")
        .count();
    assert_eq!((sessions.len(), open), (3, 1));
    setup
        .app
        .post(&link)
        .anonymous()
        .form(&[("amount", "19.99")])
        .send(422);
}

#[test]
fn a_settled_link_has_no_session_open() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00"]);
    let session = setup.press(&owing.link);
    setup.app.pay(&owing.known, "50.00");
    assert!(!setup.page(&owing.link).contains("<form"));
    assert_eq!(
        setup.stripe.session(session["id"].as_str().expect("an id"))["status"],
        "expired"
    );
    setup.app.post(&owing.link).anonymous().form(&[]).send(200);
}

#[test]
fn who_has_paid_is_not_asked_again_while_the_confirmation_is_on_its_way() {
    let setup = own!(Setup::shared());
    let owing = setup.owing(&["50.00", "50.00"]);
    let session = setup.press(&owing.link);
    let done = setup.stripe.complete(&session, "paid");
    // The way back overtakes the event.
    let page = setup.page(&format!("{}?returned=1", owing.link));
    assert!(!page.contains("<form"), "{page}");
    // As does another change of what is owed.
    setup.app.pay(&owing.known, "50.00");
    let page = setup.app.post(&owing.link).anonymous().form(&[]).send(200).text();
    assert!(!page.contains("<form"), "{page}");
    assert_eq!(setup.stripe.sessions_of(&owing.known.id).len(), 1);
    assert_eq!(
        setup.tell(&event("checkout.session.completed", &done)),
        "processed"
    );
    let known = setup.app.customer(&owing.known.id);
    assert_eq!(
        (&known["balance"]["amount"], &known["unapplied"]["amount"]),
        (&json!("-50.00"), &json!("50.00"))
    );
}

#[test]
fn a_session_that_ran_out_is_replaced_whether_or_not_its_event_came() {
    let setup = own!(Setup::start());
    let [told, untold] = [setup.owing(&["50.00"]), setup.owing(&["50.00"])];
    let first = setup.press(&told.link);
    let over = setup.stripe.run_out(&first);
    assert_eq!(setup.tell(&event("checkout.session.expired", &over)), "processed");
    assert_ne!(setup.press(&told.link)["id"], first["id"]);

    let first = setup.press(&untold.link);
    setup.stripe.run_out(&first);
    setup.app.clock("2026-01-13T08:00:00Z");
    let second = setup.press(&untold.link);
    let id = first["id"].as_str().expect("an id");
    let asked = setup.stripe.told_of(&[id]);
    let path = format!("/v1/checkout/sessions/{id}");
    assert_eq!(asked, [format!("POST {path}/expire"), format!("GET {path}")]);
    assert_eq!(second["expires_at"], NOW + 46 * 3600);
}

#[test]
fn a_session_ends_with_its_link_as_far_as_stripe_allows() {
    let setup = own!(Setup::start());
    let owing = setup.owing(&["50.00"]);
    for (expires_at, seconds) in [("2026-01-12T11:00:00Z", 7_200), ("2026-01-12T09:10:00Z", 2_100)] {
        let link = setup.link(&json!({"customer": {"id": owing.known.id}, "expires_at": expires_at}));
        assert_eq!(setup.press(&link)["expires_at"], NOW + seconds, "{expires_at}");
    }
}

#[test]
fn whatever_goes_wrong_on_the_way_there_is_one_session_under_one_key() {
    let setup = own!(Setup::start());
    let error = || refusal(500, "api_error", "Something went wrong");
    let busy = |seconds| refusal(429, "rate_limit_error", "Too many requests").header("retry-after", seconds);
    let conflict = || {
        refusal(
            409,
            "idempotency_error",
            "Another request with this key is at work",
        )
    };
    // What goes wrong, how often the visitor must press, and how many requests Stripe reads in all.
    let cases: [(&str, Vec<Fault>, usize, usize); 10] = [
        ("reset unread", vec![Fault::ResetUnread, Fault::ResetUnread], 1, 1),
        ("closed after reading", vec![Fault::Dropped, Fault::Dropped], 1, 3),
        (
            "the answer lost",
            vec![Fault::AnswerLost, Fault::AnswerLost],
            1,
            3,
        ),
        (
            "500, then success",
            vec![Fault::Refused(error()), Fault::Refused(error())],
            1,
            3,
        ),
        (
            "500 in the place of success",
            vec![Fault::AnsweredInstead(error())],
            1,
            2,
        ),
        ("429 for a second", vec![Fault::Refused(busy("1"))], 1, 2),
        ("429 for long", vec![Fault::Refused(busy("60"))], 2, 2),
        (
            "409",
            vec![Fault::Refused(conflict()), Fault::Refused(conflict())],
            1,
            3,
        ),
        ("slow", vec![Fault::Slow(Duration::from_millis(600))], 1, 1),
        (
            "everything lost thrice",
            vec![Fault::AnswerLost, Fault::Dropped, Fault::AnswerLost],
            2,
            4,
        ),
    ];
    for (name, faults, presses, requests) in cases {
        let owing = setup.owing(&["50.00"]);
        let before = setup.stripe.journal().len();
        setup.stripe.next(faults);
        for _ in 1..presses {
            let page = setup.app.post(&owing.link).anonymous().form(&[]).send(422).text();
            assert!(
                page.contains("role=\"alert\"") && page.contains("<form"),
                "{name}: {page}"
            );
        }
        let session = setup.press(&owing.link);
        let sessions = setup.stripe.sessions_of(&owing.known.id);
        assert_eq!(sessions.as_slice(), std::slice::from_ref(&session), "{name}");
        let journal = setup.stripe.journal();
        let asked = &journal[before..];
        assert_eq!(asked.len(), requests, "{name}");
        for request in asked {
            assert_eq!(request.body, asked[0].body, "{name}");
            assert_eq!(
                request.header("idempotency-key"),
                session["client_reference_id"].as_str(),
                "{name}"
            );
        }
    }
}

#[test]
fn a_crash_while_stripe_answers_leaves_one_session() {
    let mut setup = own!(Setup::start());
    let owing = setup.owing(&["50.00"]);
    setup.stripe.next([Fault::Slow(Duration::from_secs(3))]);
    let address = format!("{}{}", setup.app.url(), owing.link);
    let visitor = thread::spawn(move || ureq::post(&address).send_form([("amount", "")]).is_err());
    setup.stripe.wait_for(1);
    setup.app.crash();
    assert!(visitor.join().expect("a visitor"), "the visitor was served");
    let session = setup.press(&owing.link);
    assert_eq!(setup.stripe.sessions_of(&owing.known.id), [session]);
    assert_eq!(setup.stripe.journal().len(), 2);
}

#[test]
fn an_error_that_stripe_keeps_is_not_asked_for_again_for_a_day() {
    let setup = own!(Setup::start());
    let owing = setup.owing(&["50.00"]);
    let kept = refusal(500, "api_error", "Something went wrong").header("idempotent-replayed", "true");
    setup.stripe.next([Fault::Refused(kept)]);
    setup.app.post(&owing.link).anonymous().form(&[]).send(422);
    let session = setup.press(&owing.link);
    let journal = setup.stripe.journal();
    let keys: Vec<_> = journal
        .iter()
        .map(|request| request.header("idempotency-key").expect("a key"))
        .collect();
    assert_eq!(keys.len(), 2);
    assert_ne!(keys[0], keys[1]);
    assert_eq!(session["client_reference_id"], keys[1]);
}

#[test]
fn what_stripe_refuses_is_logged_in_its_words_and_without_the_key() {
    let setup = own!(Setup::start());
    let owing = setup.owing(&["50.00"]);
    let refused = refusal(400, "invalid_request_error", "No such thing");
    setup.stripe.next([Fault::Refused(refused)]);
    setup.app.post(&owing.link).anonymous().form(&[]).send(422);
    assert_eq!(setup.stripe.journal().len(), 1, "a refusal is asked for once");
    let log = fs::read_to_string(setup.app.state_file("test.log")).expect("a log");
    for words in [
        "req_sandpiper",
        "invalid_request_error",
        "some_code",
        "No such thing",
    ] {
        assert!(log.contains(words), "{words}: {log}");
    }
    let token = owing.link.rsplit('/').next().expect("a token");
    for secret in [KEY, SECRET, token] {
        assert!(!log.contains(secret), "{log}");
    }
}

#[test]
fn an_address_that_stripe_does_not_take_keeps_nobody_from_paying() {
    let setup = own!(Setup::start());
    let external_id = unique("C");
    let mut buyer = customer(&external_id);
    buyer["contacts"][0]["email"] = json!("refused@nordwind.example");
    let id = setup
        .app
        .post("/v1/customers")
        .json(&buyer)
        .send(201)
        .string("/id");
    let document = invoice(&unique("R"), &external_id, "50.00", "2026-02-09");
    setup.app.post("/v1/invoices").json(&document).send(201);
    let link = setup.link(&json!({"customer": {"id": id}}));
    // Also when the answer that it is taken without is lost, and the visitor presses again.
    let lost = || Fault::AnswerLost;
    setup
        .stripe
        .next([Fault::Slow(Duration::ZERO), lost(), lost(), lost()]);
    setup.app.post(&link).anonymous().form(&[]).send(422);
    let session = setup.press(&link);
    assert_eq!(setup.stripe.sessions_of(&id), [session]);
}

#[test]
fn while_stripe_cannot_close_a_session_there_is_no_other() {
    let setup = own!(Setup::start());
    let owing = setup.owing(&["50.00", "50.00"]);
    let old = setup.press(&owing.link);
    setup.app.pay(&owing.known, "50.00");
    setup
        .stripe
        .next([Fault::Refused(refusal(503, "api_error", "Down"))]);
    setup.app.post(&owing.link).anonymous().form(&[]).send(422);
    assert_eq!(setup.stripe.sessions_of(&owing.known.id), [old]);
    assert_eq!(setup.press(&owing.link)["amount_total"], 5_000);
}

#[test]
fn of_two_who_press_for_different_amounts_at_once_one_can_pay() {
    let setup = own!(Setup::start());
    let known = setup.app.new_customer();
    setup.app.new_invoice(&known, "100.00", "2026-02-09");
    let link = setup.link(&json!({"customer": {"id": known.id}, "allow_partial": true}));
    setup.stripe.next([Fault::Slow(Duration::from_secs(2))]);
    let quick = thread::scope(|scope| {
        let slow = scope.spawn(|| {
            setup
                .app
                .post(&link)
                .anonymous()
                .form(&[("amount", "60.00")])
                .send(422)
        });
        setup.stripe.wait_for(1);
        let quick = setup.press_for(&link, &[("amount", "40.00")]);
        slow.join().expect("a page");
        quick
    });
    let sessions = setup.stripe.sessions_of(&known.id);
    let open: Vec<_> = sessions
        .iter()
        .filter(|session| session["status"] == "open")
        .collect();
    assert_eq!((sessions.len(), open), (2, vec![&quick]));
}

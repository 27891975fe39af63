//! Several providers at once: the customer chooses, and what was begun with one is closed before another begins.

use serde_json::json;

use super::{PUBLIC_URL, State, gocardless, mollie, paypal};
use crate::harness::{App, Recorder, customer, invoice, own, unique};

/// One fake for each, in the order of the creditor's list.
fn several(list: &str) -> (App, Vec<Recorder>) {
    let players = [&mollie::PLAYER, &gocardless::PLAYER, &paypal::PLAYER];
    let mut variables = vec![
        ("public_url", PUBLIC_URL.to_owned()),
        ("payment_providers", list.to_owned()),
    ];
    let mut recorders = Vec::new();
    for player in players {
        let state = std::sync::Mutex::new(State::default());
        let recorder =
            Recorder::start(move |request| (player.answer)(&mut state.lock().expect("state"), request));
        variables.extend((player.variables)(&recorder.url()));
        recorders.push(recorder);
    }
    let variables: Vec<_> = variables
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    (App::start_with(&variables), recorders)
}

/// A customer's link.
fn link(app: &App, country: &str, currency: &str, preferred: &[&str]) -> String {
    let external_id = unique("C");
    let mut buyer = customer(&external_id);
    buyer["country"] = json!(country);
    buyer["currency"] = json!(currency);
    buyer["preferred_payment_methods"] = json!(preferred);
    let id = app.post("/v1/customers").json(&buyer).send(201).string("/id");
    let mut document = invoice(&unique("R"), &external_id, "125.00", "2026-02-09");
    document["currency"] = json!(currency);
    document["total"]["currency"] = json!(currency);
    app.post("/v1/invoices").json(&document).send(201);
    let made = app
        .post("/v1/payment-links")
        .json(&json!({"customer": {"id": id}}))
        .send(201);
    made.string("/url").replace(PUBLIC_URL, "")
}

/// The methods that a page has buttons for, in their order.
fn buttons(page: &str) -> Vec<String> {
    let parts = page.split("name=\"method\" value=\"").skip(1);
    parts
        .map(|part| part.split('"').next().expect("a value").to_owned())
        .collect()
}

#[test]
fn a_customer_sees_what_can_be_had_and_goes_where_it_chooses() {
    own!();
    let (app, recorders) = several("paypal gocardless mollie");
    // Country, currency, preference -> buttons; none where there is nothing to choose.
    for (country, currency, preferred, expected) in [
        ("GB", "GBP", vec![], vec!["paypal", "gocardless", "mollie"]),
        (
            "GB",
            "GBP",
            vec!["direct_debit"],
            vec!["gocardless", "paypal", "mollie"],
        ),
        ("DE", "GBP", vec![], vec!["paypal", "mollie"]),
        (
            "DE",
            "EUR",
            vec!["ideal", "paypal"],
            vec!["mollie", "paypal", "gocardless"],
        ),
        ("AE", "AED", vec![], vec![]),
    ] {
        let page = app
            .get(&link(&app, country, currency, &preferred))
            .anonymous()
            .send(200)
            .text();
        assert_eq!(buttons(&page), expected, "{country} {currency}: {page}");
        assert!(!page.contains("<script") && page.contains("<button"), "{page}");
    }
    let page = app
        .get(&link(&app, "KW", "KWD", &[]))
        .anonymous()
        .send(200)
        .text();
    assert!(page.contains("Online payment is not available"), "{page}");

    let link = link(&app, "GB", "GBP", &[]);
    let go = |method: &str| app.post(&link).anonymous().form(&[("method", method)]).answer();
    let location = |method: &str| go(method).header("location").expect("a location").to_owned();
    assert!(location("gocardless").starts_with("https://pay.gocardless.example/"));
    // Another way: the first one is closed.
    assert!(location("mollie").starts_with("https://pay.mollie.example/"));
    let asked: Vec<String> = recorders[1]
        .journal()
        .iter()
        .map(|request| request.path.clone())
        .collect();
    assert_eq!(
        asked.last().map(String::as_str),
        Some("/billing_requests/BRQ1/actions/cancel"),
        "{asked:?}"
    );
    assert!(location("mollie").starts_with("https://pay.mollie.example/"));
    // Who names none gets the first one; who names one that is not offered gets none.
    let plain = app.post(&link).anonymous().form(&[]).send(303);
    assert!(
        plain
            .header("location")
            .expect("a location")
            .starts_with("https://www.paypal.example/")
    );
    assert_eq!(go("stripe").status, 422);
    assert_eq!(go("sandbox").status, 422);
}

#[test]
fn the_creditor_says_who_is_offered() {
    own!();
    let (app, recorders) = several("mollie bank_transfer");
    let link = link(&app, "GB", "GBP", &["paypal"]);
    let page = app.get(&link).anonymous().send(200).text();
    assert_eq!(buttons(&page), Vec::<String>::new(), "{page}");
    let to = app.post(&link).anonymous().form(&[]).send(303);
    assert!(
        to.header("location")
            .expect("a location")
            .starts_with("https://pay.mollie.example/")
    );
    assert_eq!(
        (recorders[1].journal().len(), recorders[2].journal().len()),
        (0, 0)
    );
}

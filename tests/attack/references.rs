//! What is somebody else's: a payer's link shows and changes the payer's own, and an id of another kind, or of nobody's,
//! opens nothing.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::tokens::unsubscribing;
use crate::attack::Tried;
use crate::harness::{App, Known, own, unique};
use crate::openapi::{document, operations};

/// One debtor with a bit of everything, and every word by which it would be known on a page of somebody else's.
struct Debtor {
    known: Known,
    words: Vec<String>,
    ids: BTreeMap<&'static str, String>,
    link: String,
}

fn debtor(app: &App, name: &str, total: &str) -> Debtor {
    let external_id = unique("C");
    let document = json!({"external_id": external_id, "name": format!("{name} Works"), "kind": "business", "country": "DE",
        "time_zone": "Europe/Berlin", "locale": "en", "currency": "EUR", "contacts": [{"name": format!("{name} Person"),
            "role": "billing", "email": format!("{name}@works.example").to_lowercase(), "phone": "+4930555001"}]});
    let id = app.post("/v1/customers").json(&document).send(201).string("/id");
    let known = Known { external_id, id };
    let (invoice, number) = app.new_invoice(&known, total, "2026-01-09");
    let (second, _) = app.new_invoice(&known, "17.00", "2026-01-09");
    let made = |path: &str, body: Value, expected| app.post(path).json(&body).send(expected).string("/id");
    let money = |amount: &str| json!({"amount": amount, "currency": "EUR"});
    let mut ids = BTreeMap::from([
        ("customer", known.id.clone()),
        ("invoice", invoice.clone()),
        ("second", second.clone()),
    ]);
    let payment = app.pay(&known, "1.00");
    ids.insert("payment", payment["id"].as_str().expect("an id").to_owned());
    let dispute = json!({"invoice": second, "reason": "22", "amount": money("5.00"), "text": format!("{name} says no")});
    ids.insert("dispute", made("/v1/disputes", dispute, 201));
    let note = json!({"customer": {"id": known.id}, "text": format!("{name} was noted")});
    app.post("/v1/notes").json(&note).send(201);
    let task = json!({"customer": {"id": known.id}, "kind": "call", "title": format!("Call {name}"), "due_on": "2026-01-20"});
    ids.insert("task", made("/v1/tasks", task, 201));
    let link = app
        .post("/v1/payment-links")
        .json(&json!({"customer": {"id": known.id}}))
        .send(201);
    ids.insert("link", link.string("/id"));
    let words = vec![
        name.to_owned(),
        name.to_lowercase(),
        number,
        known.id.clone(),
        known.external_id.clone(),
        invoice,
        second,
    ];
    Debtor {
        known,
        words,
        ids,
        link: link.string("/url"),
    }
}

/// Nothing on a page of one debtor's is another's.
#[track_caller]
fn apart(page: &str, words: &[String], tried: &mut Tried) {
    for word in words {
        assert!(!page.contains(word.as_str()), "{word} in {page}");
        tried.one();
    }
}

#[test]
fn a_payers_link_shows_and_pays_the_payers_own() {
    let app = own!(App::start());
    let mut tried = Tried::of("somebody else's things through a link of one's own");
    let (ours, theirs) = (debtor(&app, "Alder", "211.00"), debtor(&app, "Birch", "389.00"));
    let page = app.get(&ours.link).anonymous().send(200).text();
    assert!(page.contains("Alder Works"), "{page}");
    apart(&page, &theirs.words, &mut tried);
    let before = app.customer(&theirs.known.id);
    let id = |kind: &str| theirs.ids[kind].as_str();
    for fields in [
        vec![("customer", id("customer"))],
        vec![("customer_id", id("customer")), ("amount", "389.00")],
        vec![("invoice", id("invoice"))],
        vec![("invoices", id("invoice")), ("invoices", id("second"))],
        vec![("invoices[]", id("invoice"))],
        vec![
            ("link", id("link")),
            ("token", theirs.link.rsplit('/').next().expect("a token")),
        ],
        vec![("amount", "999999.00")],
        vec![("amount", "-1.00")],
        vec![("currency", "JPY")],
        vec![("method", "bank_transfer")],
    ] {
        let answer = app.post(&ours.link).anonymous().form(&fields).answer();
        assert!(
            [200, 303, 422].contains(&answer.status),
            "{fields:?}: {}",
            answer.text()
        );
        apart(&answer.text(), &theirs.words, &mut tried);
        if let Some(location) = answer.header("location") {
            let session = app.get(location).anonymous().send(200).text();
            apart(&session, &theirs.words, &mut tried);
            assert!(!session.contains("389") && !session.contains("999"), "{session}");
        }
        tried.one();
    }
    // Paths beside one's own.
    let token = ours.link.rsplit('/').next().expect("a token");
    for path in [
        format!("/pay/{token}/{}", id("invoice")),
        format!("/pay/{token}/../{}", id("link")),
        format!("/pay/{}", id("link")),
        format!("/pay/{}", id("customer")),
        format!("/unsubscribe/{token}"),
        format!("/v1/customers/{}?token={token}", id("customer")),
        format!("/v1/invoices/{}?token={token}", id("invoice")),
        format!("/console/customers/{}?token={token}", id("customer")),
    ] {
        let answer = app.get(&path).anonymous().answer();
        assert!(
            [400, 401, 404].contains(&answer.status),
            "{path}: {}",
            answer.status
        );
        // The address that was asked for may be said again, the name must not.
        apart(&answer.text(), &theirs.words[..1], &mut tried);
        let with_key = app.get(&path).key(token).answer();
        assert!(
            [400, 401, 404].contains(&with_key.status),
            "{path}: {}",
            with_key.status
        );
        tried.one();
    }
    // Paid is what the link is for, and nothing of anybody else's.
    let location = app.post(&ours.link).anonymous().form(&[]).send(303);
    let location = location.header("location").expect("a location").to_owned();
    app.post(&location)
        .anonymous()
        .form(&[("outcome", "paid"), ("client_reference", id("link"))])
        .send(200);
    assert_eq!(app.invoice(&ours.ids["invoice"])["balance"]["amount"], "0.00");
    assert_eq!(app.customer(&theirs.known.id)["balance"], before["balance"]);
    assert_eq!(
        app.get(&format!("/v1/disputes/{}", id("dispute")))
            .send(200)
            .json()["status"],
        "open"
    );
}

#[test]
fn a_readers_token_silences_the_readers_own_address() {
    let app = own!(App::start());
    let mut tried = Tried::of("somebody else's address through a token of one's own");
    let theirs = debtor(&app, "Cedar", "40.00");
    let (token, _) = unsubscribing(&app);
    let page = app
        .get(&format!("/unsubscribe/{token}"))
        .anonymous()
        .send(200)
        .text();
    apart(&page, &theirs.words, &mut tried);
    let email = "cedar@works.example";
    for fields in [
        [("channel", "email"), ("address", email)],
        [("channel", "email"), ("email", email)],
        [("channel", "sms"), ("address", "+4930555001")],
        [("customer", theirs.known.id.as_str()), ("channel", "email")],
        [("channel", email), ("List-Unsubscribe", "One-Click")],
    ] {
        let answer = app
            .post(&format!("/unsubscribe/{token}"))
            .anonymous()
            .form(&fields)
            .send(200);
        apart(&answer.text(), &theirs.words, &mut tried);
        let list = app.get("/v1/suppressions?limit=500").send(200).text();
        assert!(
            !list.contains(email) && !list.contains("+4930555001"),
            "{fields:?}: {list}"
        );
        tried.one();
    }
}

#[test]
fn an_id_of_another_kind_opens_nothing() {
    let app = own!(App::start());
    let mut tried = Tried::of("ids of another kind, or of nobody's, in a path");
    let some = debtor(&app, "Dogwood", "60.00");
    let document = document();
    for (path, method, operation) in operations(&document) {
        let parameters: Vec<&str> = path.split('/').filter(|part| part.starts_with("{id}")).collect();
        if parameters.is_empty() || !path.starts_with("/v1/") {
            continue;
        }
        let nobody: Vec<String> = some
            .ids
            .values()
            .map(|id| format!("{}_{}", &id[..3], "0".repeat(26)))
            .collect();
        let odd = [
            "..%2f..%2fhealth",
            "%00",
            "0",
            "-1",
            "null",
            "%27%20OR%20%271%27=%271",
            "*",
            "cus_",
            "inv_%25",
        ];
        for id in some
            .ids
            .values()
            .cloned()
            .chain(nobody)
            .chain(odd.map(str::to_owned))
        {
            let target = path.replace("{id}", &id);
            // What is of the right kind is not what is tried here.
            let own = filled_kind(&document, &operation).is_some_and(|kind| id.starts_with(kind));
            if own && some.ids.values().any(|held| *held == id) {
                continue;
            }
            let call = app.call(&method, &target);
            let answer = if ["POST", "PUT", "PATCH"].contains(&method.as_str()) {
                call.json(&json!({}))
            } else {
                call
            };
            let answer = answer.answer();
            let refused = [400, 404, 405, 415, 422].contains(&answer.status);
            assert!(refused, "{method} {target}: {} {}", answer.status, answer.text());
            assert!(
                !answer.text().contains("Dogwood"),
                "{method} {target}: {}",
                answer.text()
            );
            tried.one();
        }
    }
    assert!(tried.count() > 1_500, "{}", tried.count());
}

/// How ids of an operation's kind begin.
fn filled_kind(document: &Value, operation: &Value) -> Option<&'static str> {
    const KINDS: [&str; 5] = ["cus_", "inv_", "pay_", "dsp_", "tsk_"];
    let filled = crate::openapi::filled(document, "/{id}", operation);
    KINDS
        .into_iter()
        .find(|kind| filled.starts_with(&format!("/{kind}")))
}

//! Every operation of the description, with no key, with keys that are none, and with a key of each scope. A new route
//! is tried on the day it is written: `openapi::every_route_is_in_the_document` finds one that is not described, and
//! one that is described as open to everybody is not on the list here.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::attack::Tried;
use crate::console::sign_in;
use crate::harness::{App, own, unique};
use crate::openapi::{document, filled, operations};

/// What everybody may ask for, and why.
const PUBLIC: [(&str, &str, &str); 15] = [
    ("GET", "/", "leads to the console"),
    ("GET", "/health", "says that it runs"),
    ("GET", "/openapi.json", "the contract"),
    ("GET", "/docs", "the contract, for people"),
    ("GET", "/pay/{token}", "the token is what lets in"),
    ("POST", "/pay/{token}", "the token is what lets in"),
    ("GET", "/unsubscribe/{token}", "the token is what lets in"),
    ("POST", "/unsubscribe/{token}", "the token is what lets in"),
    ("POST", "/console/login", "a key is shown in the form"),
    ("POST", "/console/logout", "ends whatever session there is"),
    (
        "GET",
        "/sandbox/checkout/{session}",
        "a sealed address; off where no sandbox is set up",
    ),
    (
        "POST",
        "/sandbox/checkout/{session}",
        "a sealed address; off where no sandbox is set up",
    ),
    (
        "POST",
        "/webhooks/mollie",
        "unsigned: only what Mollie itself answers is believed",
    ),
    ("POST", "/webhooks/adyen", "each item is signed in the body"),
    ("POST", "/webhooks/mailgun", "signed in the body"),
];
/// The same, of Amazon.
const SIGNED_INSIDE: (&str, &str) = ("POST", "/webhooks/ses");

#[test]
fn what_is_open_to_everybody_is_on_a_list() {
    let document = document();
    let open: BTreeSet<(String, String)> = operations(&document)
        .into_iter()
        .filter(|(_, _, operation)| operation["security"].as_array().is_none_or(Vec::is_empty))
        .map(|(path, method, _)| (method, path))
        .collect();
    let listed: BTreeSet<(String, String)> = PUBLIC
        .iter()
        .map(|(method, path, _)| (*method, *path))
        .chain([SIGNED_INSIDE])
        .map(|(method, path)| (method.to_owned(), path.to_owned()))
        .collect();
    assert_eq!(open, listed);
}

/// Keys that are none. Names of their own: a name that is guessed too often is told to wait.
fn wrong_keys(app: &App, revoked: &str) -> [Option<String>; 8] {
    let secret = unique("s").replace('-', "");
    [
        None,
        Some(String::new()),
        Some(unique("nobody")),
        Some(format!(
            "dk_01kez0000000000000000{}_{secret:A<22}",
            &unique("x")[2..7]
        )),
        Some(revoked.to_owned()),
        Some(app.cron_key.clone()),
        Some(app.sandbox_secret.clone()),
        Some("null".to_owned()),
    ]
}

fn key(app: &App, scope: &str) -> (String, String) {
    let body = json!({"name": unique("key"), "scopes": [scope]});
    let made = app.post("/v1/api-keys").json(&body).send(201);
    (made.string("/id"), made.string("/key"))
}

#[test]
fn every_operation_opens_to_its_scope_and_to_nothing_else() {
    let app = own!(App::start());
    let document = document();
    let scopes = ["ingest", "read", "collect", "approve", "admin"];
    assert_eq!(document["components"]["schemas"]["Scope"]["enum"], json!(scopes));
    let keys: BTreeMap<&str, String> = scopes.map(|scope| (scope, key(&app, scope).1)).into();
    let session = sign_in(&app, &app.admin_key);
    let mut nobody = Tried::of("operations without a key that is one");
    let mut others = Tried::of("operations with another scope's key");
    for (path, method, operation) in operations(&document) {
        let target = filled(&document, &path, &operation);
        let wanted = &operation["security"][0];
        let call = || app.call(&method, &target).anonymous();
        if let Some(wanted) = wanted["key"][0].as_str() {
            // A fresh one each time, since whoever shows a revoked one often is told to wait.
            let (id, revoked) = key(&app, "admin");
            app.delete(&format!("/v1/api-keys/{id}")).send(200);
            for wrong in wrong_keys(&app, &revoked) {
                let call = match &wrong {
                    Some(key) => call().key(key),
                    None => call(),
                };
                call.send(401).problem("unauthorized");
                nobody.one();
            }
            for authorization in [
                "Basic YWRtaW46YWRtaW4=".to_owned(),
                app.admin_key.clone(),
                format!("Token {}", app.admin_key),
            ] {
                call().header("authorization", &authorization).send(401);
                nobody.one();
            }
            // A session of the console's is no key, and neither is a key in a query.
            call().header("cookie", &session).send(401);
            nobody.one();
            if !target.contains('?') {
                app.call(&method, &format!("{target}?key={}", app.admin_key))
                    .anonymous()
                    .send(401);
                nobody.one();
            }
            for (scope, key) in &keys {
                let answer = call().key(key).answer();
                if *scope == wanted || *scope == "admin" {
                    assert!(
                        ![401, 403].contains(&answer.status),
                        "{method} {path} with {scope}: {}",
                        answer.text()
                    );
                } else {
                    assert_eq!(
                        answer.status,
                        403,
                        "{method} {path} with {scope}: {}",
                        answer.text()
                    );
                    answer.problem("forbidden");
                    others.one();
                }
            }
        } else if wanted.get("cron").is_some() {
            call().send(401);
            app.call(&method, &format!("{target}?key={}", app.admin_key))
                .anonymous()
                .send(401);
            app.call(&method, &format!("{target}?key=")).anonymous().send(401);
            for key in keys.values().chain([&app.admin_key, &app.sandbox_secret]) {
                call().key(key).send(401).problem("unauthorized");
                nobody.one();
            }
        } else if path.starts_with("/webhooks/") || path == "/sandbox/sessions" {
            for key in keys.values().chain([&app.admin_key, &app.cron_key]) {
                let status = call().key(key).answer().status;
                assert!([400, 401, 415].contains(&status), "{method} {path}: {status}");
                nobody.one();
            }
        } else if operation["security"]
            .as_array()
            .is_some_and(|all| all.contains(&json!({"session": []})))
        {
            let asks = |answer: &str| assert!(answer.contains("type=\"password\""), "{path}: {answer}");
            asks(&call().answer().text());
            for cookie in [
                "dunlin_session=",
                "dunlin_session=AAAAAAAAAAAAAAAAAAAAAA",
                "dunlin_session=1; admin=true",
            ] {
                asks(&call().header("cookie", cookie).answer().text());
                nobody.one();
            }
            asks(&call().key(&app.admin_key).answer().text());
        } else {
            let listed = PUBLIC
                .iter()
                .map(|(method, path, _)| (*method, *path))
                .chain([SIGNED_INSIDE]);
            assert!(
                listed.into_iter().any(|listed| listed == (&method, &path)),
                "{method} {path} asks for nothing"
            );
        }
    }
    assert!(nobody.count() > 2_000, "{}", nobody.count());
    assert!(others.count() > 500, "{}", others.count());
}

#[test]
fn a_key_makes_no_key_that_may_more() {
    let app = own!(App::start());
    let mut tried = Tried::of("ways for a key to be more than it is");
    for scope in ["ingest", "read", "collect", "approve"] {
        let (id, own) = key(&app, scope);
        let body = json!({"name": "more", "scopes": ["admin"]});
        app.post("/v1/api-keys").key(&own).json(&body).send(403);
        app.delete(&format!("/v1/api-keys/{id}")).key(&own).send(403);
        app.get("/v1/api-keys").key(&own).send(403);
        for header in [
            "x-scopes",
            "x-dunlin-scope",
            "x-admin",
            "x-original-authorization",
            "x-forwarded-user",
        ] {
            app.get("/v1/api-keys")
                .key(&own)
                .header(header, &app.admin_key)
                .send(403);
            tried.one();
        }
        for method in ["x-http-method-override", "x-http-method", "x-method-override"] {
            app.get("/v1/api-keys").key(&own).header(method, "POST").send(403);
            tried.one();
        }
        // The console is for those who may read, and forgets a key that is revoked.
        let login = app.post("/console/login").anonymous().form(&[("key", &own)]);
        login.send(if scope == "read" { 303 } else { 403 });
        tried.one();
    }
    let (id, own) = key(&app, "read");
    let cookie = sign_in(&app, &own);
    app.get("/console")
        .anonymous()
        .header("cookie", &cookie)
        .send(200);
    app.delete(&format!("/v1/api-keys/{id}")).send(200);
    let page: Value = json!(
        app.get("/console")
            .anonymous()
            .header("cookie", &cookie)
            .send(200)
            .text()
    );
    assert!(
        page.as_str()
            .is_some_and(|page| page.contains("type=\"password\"")),
        "{page}"
    );
}

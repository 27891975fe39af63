//! Who may do what: every route wants a valid key with its scope, and jobs the cron's secret.

use serde_json::json;

use crate::harness::{App, own};

/// A route, and the scope that opens it.
const ROUTES: [(&str, &str, &str); 19] = [
    ("POST", "/v1/customers", "ingest"),
    ("GET", "/v1/customers", "read"),
    ("GET", "/v1/customers/cus_00000000000000000000000000", "read"),
    ("POST", "/v1/invoices", "ingest"),
    ("GET", "/v1/invoices", "read"),
    ("GET", "/v1/invoices/inv_00000000000000000000000000", "read"),
    ("POST", "/v1/credit-notes", "ingest"),
    (
        "POST",
        "/v1/credit-notes/crn_00000000000000000000000000/void",
        "ingest",
    ),
    ("GET", "/v1/intake/rejects", "read"),
    ("POST", "/v1/payments", "ingest"),
    (
        "POST",
        "/v1/payments/pay_00000000000000000000000000/reverse",
        "collect",
    ),
    ("POST", "/v1/payment-links", "collect"),
    ("GET", "/v1/messages", "read"),
    ("GET", "/v1/risk", "read"),
    ("GET", "/v1/reports/aging", "read"),
    ("GET", "/v1/reports/worklist", "read"),
    ("POST", "/v1/api-keys", "admin"),
    ("GET", "/v1/api-keys", "admin"),
    ("DELETE", "/v1/api-keys/key_00000000000000000000000000", "admin"),
];

const JOBS: [&str; 10] = [
    "/internal/sweep",
    "/internal/statements",
    "/internal/deliver",
    "/internal/relay",
    "/internal/payments",
    "/internal/replies",
    "/internal/match",
    "/internal/forget",
    "/internal/inbound",
    "/internal/risk",
];

fn new_key(app: &App, scopes: &[&str]) -> (String, String) {
    let answer = app
        .post("/v1/api-keys")
        .json(&json!({"name": "a test", "scopes": scopes}))
        .send(201);
    (answer.string("/id"), answer.string("/key"))
}

#[test]
fn no_route_answers_without_a_valid_key() {
    let app = App::shared();
    for (method, path, _) in ROUTES {
        for authorization in [
            None,
            Some("Bearer nobody"),
            Some("Bearer "),
            Some("Basic YWRtaW46YWRtaW4="),
        ] {
            let mut call = app.call(method, path).anonymous();
            if let Some(value) = authorization {
                call = call.header("authorization", value);
            }
            let answer = call.send(401);
            answer.problem("unauthorized");
            assert_eq!(
                answer.header("www-authenticate"),
                Some("Bearer"),
                "{method} {path}"
            );
        }
    }
}

#[test]
fn a_key_opens_what_its_scope_says_and_nothing_else() {
    let app = App::shared();
    for scope in ["ingest", "read", "collect", "approve"] {
        let (_, key) = new_key(app, &[scope]);
        for (method, path, needed) in ROUTES {
            let answer = app.call(method, path).key(&key).answer();
            if scope == needed {
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
            }
        }
    }
}

#[test]
fn a_key_is_shown_once_listed_without_its_secret_and_revocable() {
    let app = App::shared();
    let (id, key) = new_key(app, &["read"]);
    app.get("/v1/invoices").key(&key).send(200);

    let list = app.get("/v1/api-keys?limit=500").send(200);
    let secret = key.rsplit('_').next().expect("a secret");
    assert!(!list.text().contains(secret), "the list holds the secret");
    let rows = list.json();
    let row = rows["data"]
        .as_array()
        .expect("data")
        .iter()
        .find(|row| row["id"] == id.as_str());
    assert_eq!(row.expect("the key is listed")["scopes"], json!(["read"]));

    app.delete(&format!("/v1/api-keys/{id}")).send(200);
    app.get("/v1/invoices")
        .key(&key)
        .send(401)
        .problem("unauthorized");
}

#[test]
fn a_key_cannot_be_guessed_from_its_id() {
    let app = App::shared();
    let (_, key) = new_key(app, &["read"]);
    let (public, secret) = key.rsplit_once('_').expect("a secret");
    let mut other = secret.to_owned();
    other.replace_range(0..1, if secret.starts_with('A') { "B" } else { "A" });
    for wrong in [
        format!("{public}_"),
        public.to_owned(),
        format!("{public}_{other}"),
        format!("{key}x"),
    ] {
        app.get("/v1/invoices").key(&wrong).send(401);
    }
}

#[test]
fn a_key_with_no_scope_or_an_unknown_one_is_not_made() {
    let app = App::shared();
    for (body, pointer) in [
        (json!({"name": "x"}), "/scopes"),
        (json!({"name": "x", "scopes": []}), "/scopes"),
        (json!({"name": "x", "scopes": ["root"]}), "/scopes/0"),
        (json!({"scopes": ["read"]}), "/name"),
    ] {
        let answer = app.post("/v1/api-keys").json(&body).send(422);
        answer.problem("invalid");
        assert!(
            answer.pointers().contains(&pointer.to_owned()),
            "{body}: {}",
            answer.text()
        );
    }
}

#[test]
fn jobs_open_to_the_cron_secret_alone() {
    let app = App::shared();
    for path in JOBS {
        app.get(path).key(&app.cron_key).send(200);
        app.get(&format!("{path}?key={}", app.cron_key))
            .anonymous()
            .send(200);
        app.get(path).anonymous().send(401).problem("unauthorized");
        app.get(path).send(401).problem("unauthorized");
        app.get(&format!("{path}?key=wrong")).anonymous().send(401);
        app.get(&format!("{path}?key=")).anonymous().send(401);
    }
    app.get("/v1/invoices").key(&app.cron_key).send(401);
}

#[test]
fn headers_that_the_host_sets_cannot_be_forged_into_rights() {
    let app = App::shared();
    for (name, value) in [
        ("spin-client-addr", "127.0.0.1:1"),
        ("spin-component-route", "/internal/..."),
        ("x-forwarded-for", "127.0.0.1"),
    ] {
        app.get("/v1/invoices").anonymous().header(name, value).send(401);
    }
}

#[test]
fn without_an_administrator_key_only_public_pages_answer() {
    let app = own!(App::without_keys());
    app.get("/health").anonymous().send(200);
    for (method, path, _) in ROUTES {
        for key in ["", "admin", "demo-admin-key"] {
            app.call(method, path).key(key).send(401);
        }
    }
    for path in JOBS {
        app.get(path).key("demo-cron-key").send(401);
        app.get(&format!("{path}?key=")).anonymous().send(401);
    }
}

//! The trail and its proof, from outside: who did what is on record, and `dunlin verify` proves it or names the row.

use std::process::{Command, Output};

use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::{App, dunlin, own, payment, unique};

/// What `dunlin verify` says of an app's ledger.
fn verify(app: &App, more: &[&str]) -> (bool, String) {
    let mut command: Command = dunlin();
    command
        .arg("verify")
        .arg("--state-dir")
        .arg(app.state_file(""))
        .args(more);
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("dunlin verify");
    let said = [stdout, stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    (status.success(), said)
}

fn head(app: &App) -> String {
    let trail = app.get("/v1/reports/integrity").send(200).json()["trail"].clone();
    format!("{}:{}", trail["act"], trail["hash"].as_str().expect("a hash"))
}

fn acts(app: &App, after: u64) -> Vec<Value> {
    let page = app
        .get(&format!("/v1/acts?after={after}&limit=200"))
        .send(200)
        .json();
    page["data"].as_array().expect("acts").clone()
}

#[test]
fn who_did_what_is_on_record_and_the_ledger_proves_while_it_is_served() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-01-09");
    let made = json!({"name": "ERP", "scopes": ["ingest"]});
    let key = app.post("/v1/api-keys").json(&made).send(201).json();
    let before = acts(&app, 0).last().expect("an act")["act"]
        .as_u64()
        .expect("a number");
    let paid = payment(&unique("P"), &known.external_id, "100.00");
    let secret = key["key"].as_str().expect("a key").to_owned();
    app.post("/v1/payments").key(&secret).json(&paid).send(201);
    let after = acts(&app, before);
    let [act] = after.as_slice() else {
        panic!("one request, one act: {after:?}")
    };
    assert_eq!(
        (&act["who"], act["what"].as_str()),
        (&key["id"], Some("POST /v1/payments"))
    );
    let wrote = app.get(&format!("/v1/acts/{}", act["act"])).send(200).json()["wrote"].clone();
    let kinds: Vec<&str> = wrote
        .as_array()
        .expect("rows")
        .iter()
        .filter_map(|row| row["what"].as_str())
        .collect();
    for kind in ["payment", "allocation", "posting", "activity"] {
        assert!(kinds.contains(&kind), "{kind}: {kinds:?}");
    }

    // What changes nothing that is sealed is a person's act all the same; looking is none.
    let so_far = after.len();
    app.get("/v1/customers/none").send(404);
    assert_eq!(acts(&app, before).len(), so_far);
    app.put("/v1/pools").json(&json!({"pools": []})).send(200);
    let last = acts(&app, before).pop().expect("an act");
    assert_eq!(
        (last["what"].as_str(), &last["rows"]),
        (Some("PUT /v1/pools"), &json!(0))
    );
    app.delete(&format!("/v1/api-keys/{}", key["id"].as_str().expect("an id")))
        .send(200);
    let last = acts(&app, before).pop().expect("an act");
    assert_eq!(last["who"], "admin");
    assert!(
        last["what"]
            .as_str()
            .is_some_and(|what| what.starts_with("DELETE /v1/api-keys/key_")),
        "{last}"
    );
    app.get("/v1/acts/0").send(404);
    app.get("/v1/acts").key(&secret).send(401);

    let (holds, said) = verify(&app, &["--head", &head(&app)]);
    assert!(
        holds && said.contains("The ledger holds") && said.contains(&head(&app)),
        "{said}"
    );
    let forged = format!("1:{}", "0".repeat(64));
    let (holds, said) = verify(&app, &["--head", &forged]);
    assert!(
        !holds && said.contains("acts 1: is not the one that was kept"),
        "{said}"
    );
}

#[test]
fn a_row_that_is_changed_by_another_hand_is_named() {
    let app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "100.00", "2026-01-09");
    app.pay(&known, "40.00");
    let file = Connection::open(app.state_file("sqlite_db.db")).expect("the ledger");
    let id: String = file
        .query_row("SELECT id FROM postings WHERE kind = 'payment'", [], |row| {
            row.get(0)
        })
        .expect("a posting");
    file.execute_batch(
        "DROP TRIGGER postings_are_append_only_update; UPDATE postings SET amount_minor = -9000 WHERE kind = 'payment'",
    )
    .expect("a posting that says more");
    let (holds, said) = verify(&app, &[]);
    assert!(
        !holds && said.contains(&format!("First: postings {id}: is not as act")),
        "{said}"
    );
    assert!(
        said.contains("its postings come to 1000"),
        "and the sum that it spoils: {said}"
    );

    // Through the triggers, as with a console; the app goes on, and it stays named.
    file.execute_batch("UPDATE postings SET amount_minor = -4000 WHERE kind = 'payment'")
        .expect("as it was");
    assert!(verify(&app, &[]).0);
    file.execute_batch("UPDATE payments SET method = 'cash'")
        .expect("a payment");
    app.new_customer();
    let (holds, said) = verify(&app, &[]);
    assert!(
        !holds && said.contains("First: payments pay_") && said.contains("beside the app"),
        "{said}"
    );
}

#[test]
fn where_there_is_no_ledger_there_is_nothing_to_prove() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = dunlin()
        .arg("verify")
        .arg("--state-dir")
        .arg(folder.path())
        .output()
        .expect("dunlin verify");
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is none"));
}

#[test]
fn a_newer_versions_ledger_is_refused_in_words() {
    let app = own!(App::start());
    app.new_customer();
    let file = Connection::open(app.state_file("sqlite_db.db")).expect("the ledger");
    let newer = "INSERT INTO schema_migrations (version, name) VALUES (999, 'from tomorrow')";
    file.execute_batch(newer).expect("a version");
    // A component that has not looked yet looks now; those that have go on, as they would beside a rolling upgrade.
    let refused = app.get("/v1/risk").send(503).problem("newer_schema");
    assert!(
        refused["detail"]
            .as_str()
            .is_some_and(|detail| detail.contains("999")),
        "{refused}"
    );
    let (holds, said) = verify(&app, &[]);
    assert!(
        !holds && said.contains("a newer Dunlin has written it: its schema is 999"),
        "{said}"
    );
    let state = app.into_state();
    let output = dunlin()
        .args(["up", "--no-build", "--listen", "127.0.0.1:0", "--state-dir"])
        .arg(state.path())
        .output()
        .expect("dunlin up");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !output.status.success() && said.contains("its schema is 999, this one knows"),
        "{said}"
    );
}

//! A backup that is made while the app works, and the app that goes on from it.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::{fs, thread};

use crate::harness::{App, dunlin, own};

/// Runs `dunlin` and answers whether it was content, and what it said.
fn run(arguments: &[&str], paths: &[&Path]) -> (bool, String) {
    let output = dunlin().args(arguments).args(paths).output().expect("dunlin");
    let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    (output.status.success(), said.concat())
}

#[test]
fn a_backup_beside_writers_restores_to_its_moment_and_the_app_goes_on() {
    let mut app = own!(App::start());
    let known = app.new_customer();
    let early: Vec<String> = (0..30)
        .map(|_| app.new_invoice(&known, "10.00", "2026-01-09").0)
        .collect();
    let over = AtomicBool::new(false);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let backup = elsewhere.path().join("backup");
    let (written_before, written) = thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let mut written = Vec::new();
            while !over.load(Ordering::SeqCst) {
                written.push(app.new_invoice(&known, "10.00", "2026-01-09").0);
            }
            written
        });
        let before = app.get("/v1/reports/integrity").send(200).json()["trail"]["act"].clone();
        let (done, said) = run(&["backup", "--state-dir"], &[&app.state_file(""), &backup]);
        over.store(true, Ordering::SeqCst);
        assert!(done && said.contains("Backed up"), "{said}");
        (before, writer.join().expect("a writer"))
    });
    assert!(
        !written.is_empty(),
        "nothing was written beside it: this shows little"
    );
    let (again, said) = run(&["backup", "--state-dir"], &[&app.state_file(""), &backup]);
    assert!(!again && said.contains("is there already"), "{said}");
    let (holds, said) = run(&["verify", "--state-dir"], &[&backup]);
    assert!(holds, "{said}");
    let act = said
        .rsplit_once("head: ")
        .and_then(|(_, head)| head.split_once(':'))
        .expect("a head")
        .0;
    assert!(
        act.parse::<u64>().ok() >= written_before.as_u64(),
        "all up to its moment: {said}"
    );

    let live = app.state_file("");
    let (over_it, said) = run(&["restore"], &[&backup, Path::new("--state-dir"), &live]);
    assert!(!over_it && said.contains("is not empty"), "{said}");
    app.kill();
    fs::remove_dir_all(&live).expect("the state is lost");
    let (done, said) = run(&["restore"], &[&backup, Path::new("--state-dir"), &live]);
    assert!(done && said.contains("proved"), "{said}");
    app.recover();
    for id in &early {
        app.invoice(id);
    }
    // Of those that were written meanwhile, the first ones and no others.
    let there: Vec<bool> = written
        .iter()
        .map(|id| app.get(&format!("/v1/invoices/{id}")).answer().status == 200)
        .collect();
    assert!(there.is_sorted_by(|one, next| one >= next), "{there:?}");
    app.pay(&known, "10.00");
    app.clock("2026-01-13T08:00:00Z");
    app.job("sweep");
    assert_eq!(app.get("/v1/reports/integrity").send(200).json()["holds"], true);
    let (holds, said) = run(&["verify", "--state-dir"], &[&live]);
    assert!(holds, "{said}");
}

#[test]
fn a_backup_that_was_changed_is_not_restored() {
    let app = own!(App::start());
    app.new_customer();
    app.post("/v1/api-keys")
        .json(&serde_json::json!({"name": "A", "scopes": ["read"]}))
        .send(201);
    let elsewhere = tempfile::tempdir().expect("a folder");
    let (backup, target) = (elsewhere.path().join("backup"), elsewhere.path().join("state"));
    assert!(run(&["backup", "--state-dir"], &[&app.state_file(""), &backup]).0);
    let file = rusqlite::Connection::open(backup.join("sqlite_db.db")).expect("the copy");
    file.execute_batch("DROP TRIGGER api_keys_are_sealed_again; UPDATE api_keys SET scopes = '[\"admin\"]'")
        .expect("a key that may more");
    drop(file);
    let restore = |from: &Path| run(&["restore"], &[from, Path::new("--state-dir"), &target]);
    let (done, said) = restore(&backup);
    assert!(!done && said.contains("api_keys key_"), "{said}");
    assert!(!target.exists());
    let (done, said) = restore(elsewhere.path());
    assert!(!done && said.contains("is no backup"), "{said}");
    assert!(
        !run(&["backup", "--state-dir"], &[elsewhere.path(), &target]).0,
        "nothing to back up"
    );
    assert!(!target.exists());
}

//! The `dunlin` program itself: starting, stopping, its clock, and what it keeps apart.

use std::{
    fs,
    process::{Command, Output, Stdio},
    thread,
    time::Duration,
};

use crate::harness::{App, dunlin, own, skipped};

/// Why a test has nothing to ask of a deployment.
const OF_THE_PROGRAM: &str = "it is about the program on this machine";

fn output(command: &mut Command) -> (bool, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().expect("dunlin");
    (
        status.success(),
        format!(
            "{}{}",
            String::from_utf8_lossy(&stdout),
            String::from_utf8_lossy(&stderr)
        ),
    )
}

#[test]
fn it_says_that_it_is_well() {
    let app = App::shared();
    let health = app.get("/health").anonymous().send(200).json();
    assert_eq!(health["status"], "ok");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert!(
        health["schema"].as_u64().is_some_and(|schema| schema > 0),
        "{health}"
    );
}

#[test]
fn what_was_stored_is_there_after_a_restart_and_after_a_crash() {
    let mut app = own!(App::start());
    let known = app.new_customer();
    let (id, _) = app.new_invoice(&known, "10.00", "2026-02-01");
    app.clock("2026-01-14T10:00:00Z");
    app.restart();
    assert_eq!(app.invoice(&id)["balance"]["amount"], "10.00");
    app.pay(&known, "4.00");
    app.crash();
    assert_eq!(app.invoice(&id)["balance"]["amount"], "6.00");
    let (moved, said) = output(
        dunlin()
            .args(["clock", "--advance", "0s", "--state-dir"])
            .arg(app.state_file("")),
    );
    assert!(
        moved && said.contains("2026-01-14T10:00:00Z"),
        "the clock went back: {said}"
    );
}

#[test]
fn the_clock_goes_forward_only() {
    let app = own!(App::start());
    let clock = |args: &[&str]| {
        output(
            dunlin()
                .arg("clock")
                .args(args)
                .arg("--state-dir")
                .arg(app.state_file("")),
        )
    };
    for (args, moved, told) in [
        (["--advance", "3d"], true, "2026-01-15T09:00:00Z"),
        (["--to", "2026-01-15T09:00:00Z"], true, "2026-01-15T09:00:00Z"),
        (["--to", "2026-01-15T08:59:59Z"], false, "2026-01-15T09:00:00Z"),
        (["--to", "tomorrow"], false, "2026-01-12T09:00:00Z"),
        (["--advance", "-1d"], false, ""),
    ] {
        let (success, said) = clock(&args);
        assert_eq!(success, moved, "{args:?}: {said}");
        assert!(said.contains(told), "{args:?}: {said}");
    }
    let nowhere = tempfile::tempdir().expect("a folder");
    let (success, said) = output(
        dunlin()
            .args(["clock", "--advance", "1d", "--state-dir"])
            .arg(nowhere.path()),
    );
    assert!(!success && said.contains("nothing is running"), "{said}");
}

#[test]
fn two_do_not_run_on_the_same_state() {
    let app = own!(App::start());
    let mut second = dunlin();
    second
        .args(["up", "--listen", "127.0.0.1:0", "--state-dir"])
        .arg(app.state_file(""));
    let (success, said) = output(&mut second);
    assert!(!success && said.contains("another dunlin is running"), "{said}");
    app.get("/health").send(200);
}

#[test]
fn the_orders_file_is_its_owners_and_goes_with_the_app() {
    use std::os::unix::fs::PermissionsExt;
    let app = own!(App::start());
    let file = app.state_file("control.json");
    let mode = fs::metadata(&file).expect("control.json").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let folder = app.into_state();
    assert!(!file.exists() && folder.path().exists());
}

#[test]
fn who_is_asked_to_stop_while_it_starts_leaves_nothing_that_says_it_runs() {
    if skipped(OF_THE_PROGRAM) {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let mut up = dunlin();
    up.args(["up", "--demo", "--listen", "127.0.0.1:0", "--state-dir"])
        .arg(folder.path())
        .stdout(Stdio::null());
    let mut up = up.spawn().expect("dunlin");
    // It has said where it is; the demo's ledger is still being filled.
    let orders = folder.path().join("control.json");
    while !orders.exists() {
        assert!(up.try_wait().expect("dunlin").is_none(), "it did not start");
        thread::sleep(Duration::from_millis(1));
    }
    let asked = Command::new("kill")
        .args(["-TERM", &up.id().to_string()])
        .status();
    assert!(asked.expect("kill").success());
    let status = up.wait().expect("dunlin");
    assert!(status.success() && !orders.exists(), "{status}");
}

#[test]
fn the_demo_plays_the_whole_path_and_holds() {
    if skipped(OF_THE_PROGRAM) {
        return;
    }
    App::shared();
    let (success, said) = output(dunlin().arg("demo"));
    assert!(success, "{said}");
}

#[test]
fn a_demo_listens_to_this_machine_alone() {
    if skipped(OF_THE_PROGRAM) {
        return;
    }
    let (success, said) = output(dunlin().args(["up", "--demo", "--listen", "0.0.0.0:0"]));
    assert!(!success && said.contains("loopback"), "{said}");
}

#[test]
fn secrets_stay_out_of_the_logs() {
    let mut app = own!(App::start());
    let known = app.new_customer();
    app.new_invoice(&known, "10.00", "2026-01-09");
    app.clock("2026-01-13T08:00:00Z");
    app.job("sweep");
    app.job("deliver");
    app.get(&format!("/internal/sweep?key={}", app.cron_key))
        .anonymous()
        .send(200);
    let link = app.mail(&app.messages(&known)[0]).pay_link(&app);
    let token = link.rsplit('/').next().expect("a token").to_owned();
    app.get(&link).anonymous().send(200);
    app.restart();
    let mut logs = fs::read_to_string(app.state_file("test.log")).expect("a log");
    for entry in fs::read_dir(app.state_file("logs"))
        .into_iter()
        .flatten()
        .flatten()
    {
        logs.push_str(&fs::read_to_string(entry.path()).expect("a log"));
    }
    for secret in [&app.admin_key, &app.cron_key, &app.sandbox_secret, &token] {
        assert!(!logs.contains(secret.as_str()), "a secret is in the logs");
    }
}

#[test]
fn the_doctor_finds_a_machine_that_built_this_well() {
    if skipped(OF_THE_PROGRAM) {
        return;
    }
    App::shared();
    let (_, said) = output(dunlin().arg("doctor"));
    for line in [
        "ok    rust",
        "ok    wasm target",
        "ok    manifest",
        "ok    components",
    ] {
        assert!(said.contains(line), "no {line:?} in\n{said}");
    }
}

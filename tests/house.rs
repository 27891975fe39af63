//! Rules of the house that a reader relies on and no compiler checks.

use std::fs;
use std::path::{Path, PathBuf};

/// Longest file of a component: thin enough to read in one sitting.
const COMPONENT_LINES: usize = 300;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// Every Rust source below a folder, with its text.
pub(crate) fn sources(folder: &str) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder of the repo") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    assert!(!found.is_empty(), "{folder} has no sources");
    found
}

/// The code of a file, without comments and tests.
pub(crate) fn code(text: &str) -> String {
    let body = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or(text);
    body.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .collect::<Vec<_>>()
        .join("\n")
}

fn offenders(folders: &[&str], words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in folders.iter().flat_map(|folder| sources(folder)) {
        if allowed.iter().any(|allowed| path.ends_with(allowed)) {
            continue;
        }
        let code = code(&text);
        for word in words.iter().filter(|word| code.contains(**word)) {
            found.push(format!("{}: {word}", path.display()));
        }
    }
    found
}

#[test]
fn sql_is_written_in_the_store_and_nowhere_else() {
    let words = [
        "SELECT ",
        "INSERT INTO",
        "DELETE FROM",
        "json_each",
        "sqlite::Connection",
    ];
    let folders = [
        "components",
        "crates/web",
        "crates/receivables",
        "crates/formats",
        "crates/paper",
        "crates/render",
    ];
    assert_eq!(offenders(&folders, &words, &[]), Vec::<String>::new());
}

#[test]
fn one_place_reads_the_clock() {
    let words = ["Utc::now", "Local::now", "SystemTime::now", "Instant::now"];
    let folders = [
        "components",
        "crates/web",
        "crates/store",
        "crates/receivables",
        "crates/formats",
        "crates/paper",
        "crates/render",
    ];
    // The others measure, and are no part of the product.
    let allowed = [
        "web/src/context.rs",
        "receivables/examples/month.rs",
        "paper/examples/ratio.rs",
    ];
    assert_eq!(offenders(&folders, &words, &allowed), Vec::<String>::new());
}

#[test]
fn components_are_thin() {
    let long: Vec<String> = sources("components")
        .into_iter()
        .filter(|(_, text)| text.lines().count() > COMPONENT_LINES)
        .map(|(path, text)| format!("{}: {} lines", path.display(), text.lines().count()))
        .collect();
    assert_eq!(long, Vec::<String>::new());
}

#[test]
fn each_component_may_do_what_it_needs_and_no_more() {
    // Component, whether it sees the ledger, whom it may call.
    let expected: [(&str, bool, &[&str]); 21] = [
        ("access", true, &[]),
        ("agreements", true, &[]),
        ("bank", true, &[]),
        (
            "billing",
            true,
            &[
                "{{ xero_url }}",
                "{{ xero_identity_url }}",
                "{{ quickbooks_url }}",
                "{{ quickbooks_oauth_url }}",
            ],
        ),
        (
            "cash",
            true,
            &[
                "{{ stripe_url }}",
                "{{ mollie_url }}",
                "{{ adyen_url }}",
                "{{ razorpay_url }}",
                "{{ gocardless_url }}",
                "{{ paypal_url }}",
            ],
        ),
        ("charges", true, &[]),
        ("compliance", true, &[]),
        ("console", true, &[]),
        (
            "courier",
            true,
            &[
                "{{ postmark_url }}",
                "{{ sendgrid_url }}",
                "{{ mailgun_url }}",
                "{{ resend_url }}",
                "{{ ses_url }}",
                "{{ sns_url }}",
                "{{ smtp_relay }}",
                "{{ twilio_url }}",
                "{{ vonage_url }}",
                "{{ lob_url }}",
                "{{ webhook_channel_host }}",
            ],
        ),
        ("desk", true, &[]),
        ("intake", true, &[]),
        (
            "paylink",
            true,
            &[
                "http://sandbox.spin.internal",
                "{{ stripe_url }}",
                "{{ mollie_url }}",
                "{{ adyen_url }}",
                "{{ razorpay_url }}",
                "{{ gocardless_url }}",
                "{{ paypal_url }}",
            ],
        ),
        ("phone", true, &["{{ vonage_url }}"]),
        ("printing", true, &[]),
        ("reference", false, &[]),
        ("relay", true, &["{{ webhook_hosts }}"]),
        ("risk", true, &[]),
        ("sandbox", false, &["http://cash.spin.internal"]),
        ("strategy", true, &[]),
        ("sweep", true, &[]),
        ("templates", true, &[]),
    ];
    let manifest = dunlin_host::manifest::Manifest::load(&root().join("spin.toml")).expect("spin.toml");
    let actual: Vec<(&str, bool, Vec<&str>)> = manifest
        .component
        .iter()
        .map(|(name, component)| {
            assert!(
                component.key_value_stores.is_empty(),
                "{name} needs no key-value store"
            );
            let calls = component
                .allowed_outbound_hosts
                .iter()
                .map(String::as_str)
                .collect();
            (name.as_str(), !component.sqlite_databases.is_empty(), calls)
        })
        .collect();
    let expected: Vec<_> = expected
        .map(|(name, ledger, calls)| (name, ledger, calls.to_vec()))
        .into();
    assert_eq!(actual, expected);
}

/// Named like a secret, and none: what is said in the open, or only verifies.
const NO_SECRETS: [&str; 3] = ["ses_access_key", "sendgrid_webhook_key", "vonage_api_key"];

#[test]
fn what_is_secret_is_a_variable_that_says_so_and_is_set_nowhere() {
    let text = fs::read_to_string(root().join("spin.toml")).expect("spin.toml");
    let manifest: toml::Table = text.parse().expect("TOML");
    let variables = manifest["variables"].as_table().expect("variables");
    let words = [
        "key", "keys", "secret", "secrets", "token", "tokens", "password", "auth",
    ];
    let mut found = 0;
    for (name, variable) in variables {
        let is_secret = name.rsplit('_').next().is_some_and(|word| words.contains(&word));
        if !is_secret || NO_SECRETS.contains(&name.as_str()) {
            continue;
        }
        found += 1;
        assert_eq!(
            variable.get("secret").and_then(toml::Value::as_bool),
            Some(true),
            "{name}"
        );
        assert_eq!(
            variable.get("default").and_then(toml::Value::as_str),
            Some(""),
            "{name}"
        );
    }
    assert!(found > 30, "{found}: this shows little");
}

/// Columns of such a name that open nothing: what a bank line is known by, and what clients call their requests.
const HELD: &[(&str, &str)] = &[
    ("bank_lines", "key"),
    ("idempotency", "key"),
    ("intake_progress", "key"),
];

#[test]
fn keys_and_tokens_rest_as_hashes() {
    let words = ["secret", "token", "password", "key"];
    let mut named = Vec::new();
    for (path, text) in sources("crates/store/src/migrations") {
        let mut table = String::new();
        for line in code(&text).lines() {
            if let Some((_, after)) = line.split_once("CREATE TABLE ") {
                table = after.split([' ', '(']).next().unwrap_or_default().to_owned();
            }
            let Some(column) = line.split_whitespace().next() else {
                continue;
            };
            let is_column = line.contains(" TEXT") || line.contains(" BLOB");
            let is_secret = column.split('_').any(|word| words.contains(&word));
            let is_hashed = column.ends_with("_hash") || column.ends_with("_id");
            if is_column && is_secret && !is_hashed && !HELD.contains(&(table.as_str(), column)) {
                named.push(format!("{}: {table}.{column}", path.display()));
            }
        }
    }
    assert_eq!(named, Vec::<String>::new());
}

/// How a test comes by an app that is not the shared one.
const OWN: [&str; 5] = ["App::start", "App::without_keys", "Setup::", "Post::", " app()"];

#[test]
fn tests_that_need_an_app_of_their_own_say_so() {
    let mut silent = Vec::new();
    for (path, text) in sources("tests") {
        for test in text.split("#[test]\n").skip(1) {
            let body = test.split("\n}\n").next().unwrap_or(test);
            if OWN.iter().any(|call| body.contains(call)) && !body.contains("own!(") {
                let name = body.lines().next().unwrap_or_default();
                silent.push(format!("{}: {name}", path.display()));
            }
        }
    }
    assert_eq!(
        silent,
        Vec::<String>::new(),
        "wrapped in own!(...), they are skipped where the tests run against a deployment"
    );
}

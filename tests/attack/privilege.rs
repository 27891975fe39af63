//! Least privilege, and secrets that are compared as secrets: what `SECURITY.md` says is what `spin.toml` grants, and what
//! is granted is used.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use dunlin_host::manifest::{Manifest, Route};

use crate::attack::Tried;
use crate::house::{code, sources};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn manifest() -> Manifest {
    Manifest::load(&root().join("spin.toml")).expect("spin.toml")
}

fn listed<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> = names
        .into_iter()
        .map(|name| format!("`{}`", name.as_ref()))
        .collect();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The table of `SECURITY.md`, as `spin.toml` has it.
fn table(manifest: &Manifest) -> String {
    let mut routes: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for trigger in &manifest.trigger.http {
        let route = match &trigger.route {
            Route::Public(pattern) => pattern.clone(),
            Route::Private => "private".to_owned(),
        };
        routes.entry(&trigger.component).or_default().push(route);
    }
    let mut text = "| component | routes | key-value | SQLite | may call | secrets | other variables |\n\
                    |---|---|---|---|---|---|---|\n"
        .to_owned();
    for (name, component) in &manifest.component {
        let is_secret = |variable: &&String| {
            manifest
                .variables
                .get(*variable)
                .is_some_and(|found| found.secret)
        };
        let secrets = component.variables.keys().filter(is_secret);
        let others = component.variables.keys().filter(|variable| !is_secret(variable));
        writeln!(
            text,
            "| `{name}` | {} | {} | {} | {} | {} | {} |",
            listed(routes.remove(name.as_str()).unwrap_or_default()),
            listed(&component.key_value_stores),
            listed(&component.sqlite_databases),
            listed(&component.allowed_outbound_hosts),
            listed(secrets),
            listed(others),
        )
        .expect("a text");
    }
    text
}

#[test]
fn the_threat_model_says_what_the_manifest_grants() {
    const BEGIN: &str = "<!-- generated: components -->\n";
    let file = root().join("SECURITY.md");
    let text = fs::read_to_string(&file).expect("SECURITY.md");
    let (before, rest) = text.split_once(BEGIN).expect("where the table begins");
    let (written, after) = rest.split_once("<!-- end -->").expect("where it ends");
    let granted = table(&manifest());
    if std::env::var_os("UPDATE_SECURITY").is_some() {
        fs::write(&file, format!("{before}{BEGIN}{granted}<!-- end -->{after}")).expect("SECURITY.md");
        return;
    }
    let rows = |table: &str| table.lines().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(
        rows(written),
        rows(&granted),
        "UPDATE_SECURITY=1 writes it anew; look at what it changes"
    );
}

#[test]
fn no_component_is_given_what_it_does_not_read() {
    let manifest = manifest();
    // Read by name, or by a name that is put together of a provider's and these.
    let shared: Vec<String> = ["crates/web/src", "crates/providers/src", "crates/carriers/src"]
        .iter()
        .flat_map(|folder| sources(folder))
        .map(|(_, text)| code(&text))
        .collect();
    let mut idle = Vec::new();
    for (name, component) in &manifest.component {
        let own = sources(&format!("components/{name}/src"))
            .into_iter()
            .map(|(_, text)| code(&text));
        let texts: Vec<String> = own.chain(shared.iter().cloned()).collect();
        for (variable, value) in &component.variables {
            let says = |word: String| texts.iter().any(|text| text.contains(&word));
            let (kind, rest) = variable.split_once('_').unwrap_or((variable, ""));
            let together = format!("\"{kind}_{{name}}\"");
            let read = says(format!("\"{variable}\"")) || (says(together) && says(format!("\"{rest}\"")));
            if !read {
                idle.push(format!("{name}: {variable} is never read"));
            }
            if *value != format!("{{{{ {variable} }}}}") {
                idle.push(format!("{name}: {variable} is {value}"));
            }
        }
    }
    assert_eq!(idle, Vec::<String>::new());
}

/// What is compared with `==` and ends so is a secret, or what proves one.
const SECRETS: [&str; 13] = [
    "secret",
    "secrets",
    "password",
    "token",
    "signature",
    "tag",
    "mac",
    "hmac",
    "digest",
    "admin_key",
    "cron_key",
    "secret_hash",
    "token_hash",
];

/// Comparisons of words that look like secrets, and are none.
const NONE: [(&str, &str); 3] = [
    ("templates/src/asked.rs", "Language::of(&tag).tag()"),
    ("reference/src/page.rs", "tag == name"),
    ("intake/src/stream.rs", "body.digest() != progress.digest"),
];

/// The last word of what stands left of an operator, and the first path's last word right of it.
fn operands<'a>(left: &'a str, right: &'a str) -> [&'a str; 2] {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let left = left.trim_end().trim_end_matches(['(', ')', '?', '&', '*']);
    let left = left.rsplit(|c| !is_word(c)).next().unwrap_or_default();
    let right = right.trim_start().trim_start_matches(['&', '*', '(']);
    let path = right
        .split(|c| !is_word(c) && c != '.')
        .next()
        .unwrap_or_default();
    [left, path.rsplit('.').next().unwrap_or_default()]
}

/// Lines that compare secrets in a time that tells where they differ.
fn leaks(text: &str) -> Vec<&str> {
    let leaks = |line: &&str| {
        ["==", "!="].iter().any(|operator| {
            line.match_indices(operator).any(|(at, _)| {
                let words = operands(&line[..at], &line[at + 2..]);
                words.iter().any(|word| SECRETS.contains(word))
            })
        })
    };
    text.lines().filter(leaks).collect()
}

#[test]
fn no_secret_is_compared_byte_by_byte() {
    let mut found = Vec::new();
    let mut tried = Tried::of("source files in which a secret could be compared in a time that tells");
    for (path, text) in [
        "components",
        "crates/web/src",
        "crates/providers/src",
        "crates/carriers/src",
        "crates/store/src",
    ]
    .iter()
    .flat_map(|folder| sources(folder))
    {
        let code = code(&text);
        for line in leaks(&code) {
            if !NONE
                .iter()
                .any(|(file, known)| path.ends_with(file) && line.contains(known))
            {
                found.push(format!("{}: {}", path.display(), line.trim()));
            }
        }
        tried.one();
    }
    assert_eq!(
        found,
        Vec::<String>::new(),
        "secrets::same, a hash that is looked up, or verify_slice"
    );
    for bad in [
        "if given == admin_key {",
        "if token != self.secret {",
        "key.secret_hash == hash",
        "a == &row.token_hash",
    ] {
        assert_eq!(leaks(bad).len(), 1, "{bad}");
    }
    for good in [
        "if secrets::same(a, secret) {",
        "token.len() == 22",
        "x == y // token",
    ] {
        assert_eq!(leaks(good).len(), 0, "{good}");
    }
}

#[test]
fn secrets_are_marked_as_such() {
    let named = [
        "_key",
        "_keys",
        "_secret",
        "_secrets",
        "_token",
        "_tokens",
        "_password",
        "_auth",
    ];
    let manifest = manifest();
    // Names and public keys, which are not secret although they are called keys.
    let public = ["sendgrid_webhook_key", "ses_access_key", "vonage_api_key"];
    let unmarked: Vec<&String> = manifest
        .variables
        .iter()
        .filter(|(name, variable)| named.iter().any(|end| name.ends_with(end)) && !variable.secret)
        .map(|(name, _)| name)
        .filter(|name| !public.contains(&name.as_str()))
        .collect();
    assert_eq!(unmarked, Vec::<&String>::new());
    // None has a value before somebody gives it one.
    for (name, variable) in manifest.variables.iter().filter(|(_, variable)| variable.secret) {
        assert_eq!(variable.default.as_deref(), Some(""), "{name}");
    }
}

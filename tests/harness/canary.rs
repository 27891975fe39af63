//! Secrets as canaries: every app that a test starts is looked through when it stops, so that at the end of the suite
//! whatever any test did has been looked at: its log, its components' logs, its database with the journals beside it, and
//! its key-value store. Every answer is looked at as it comes.

use std::{fs, path::Path, process::Command};

/// A secret that is shorter says nothing where it is found.
const TELLING: usize = 8;

/// The variables that the manifest calls secret.
pub(crate) fn secret_variables() -> Vec<String> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../spin.toml");
    let manifest = fs::read_to_string(manifest).expect("spin.toml");
    let marked =
        |line: &str| Some(line.split_once(" = {")?.0.to_owned()).filter(|_| line.contains("secret = true"));
    manifest.lines().filter_map(marked).collect()
}

/// What an app is told and nobody else may read: its keys, and each of several values of a variable.
pub(super) fn of(keys: &[String; 3], variables: &[(String, String)]) -> Vec<String> {
    let secret: Vec<String> = secret_variables()
        .iter()
        .map(|name| format!("SPIN_VARIABLE_{}", name.to_uppercase()))
        .collect();
    let set = variables
        .iter()
        .filter(|(name, _)| secret.contains(name))
        .map(|(_, value)| value);
    let parts = keys
        .iter()
        .chain(set)
        .flat_map(|value| value.split([' ', ',', '\n']));
    parts
        .filter(|part| part.len() >= TELLING && !part.contains("-----"))
        .map(str::to_owned)
        .collect()
}

/// Whether one of them is in some bytes.
pub(super) fn is_in(secrets: &[String], bytes: &[u8]) -> bool {
    secrets.iter().any(|secret| {
        bytes
            .windows(secret.len())
            .any(|window| window == secret.as_bytes())
    })
}

/// The files below a folder in which one of them stands.
pub(crate) fn files_with(secrets: &[String], folder: &Path) -> Vec<String> {
    if secrets.is_empty() {
        return Vec::new();
    }
    let mut grep = Command::new("grep");
    grep.args(["-r", "-l", "-a", "-F"]);
    for secret in secrets {
        grep.args(["-e", secret]);
    }
    let output = grep.arg("--").arg(folder).output().expect("grep");
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(str::to_owned)
        .collect()
}

//! The format of `case.toml`.
//!
//! `{server}` stands for the address of a server outside of the app ([`super::upstream`]). In what is expected, a
//! string `"...text..."` stands for any that contains the text, `"<any>"` for any value, `"<null>"` for null and
//! `"<none>"` for a field that is not there; fields that are not named may hold anything.

use super::upstream;
use serde::Deserialize;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// One case.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Case {
    /// What it shows, in a sentence.
    pub(super) shows: String,
    /// Further arguments of `up`.
    #[serde(default)]
    pub(super) arguments: Vec<String>,
    /// Variables of the app.
    #[serde(default)]
    pub(super) variables: BTreeMap<String, String>,
    /// The host must not start, and say this.
    pub(super) refused: Option<String>,
    /// Why this cannot hold on Spin.
    pub(super) not_on_spin: Option<String>,
    /// What is done, in order.
    #[serde(default, rename = "step")]
    pub(super) steps: Vec<Step>,
    /// The folder that it lies in.
    #[serde(skip)]
    pub(super) folder: PathBuf,
}

/// One thing that is done; exactly one of the first five fields says which.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// A script for the probe: pairs of what it is to do and what that is to come to (or nothing, where that does
    /// not matter).
    pub(super) script: Option<Vec<Vec<Value>>>,
    /// Any other request: `GET /path`.
    pub(super) request: Option<String>,
    /// Waits for the end of a request that was begun.
    pub(super) finish: Option<String>,
    /// Asks the host to end, and waits until it has.
    #[serde(default)]
    pub(super) stop: bool,
    /// Lets time pass, where time is what the case is about.
    pub(super) pause_ms: Option<u64>,

    /// The path of a script.
    #[serde(default = "run")]
    pub(super) path: String,
    /// Headers of the request.
    #[serde(default)]
    pub(super) headers: BTreeMap<String, String>,
    /// Its body.
    #[serde(default)]
    pub(super) body: String,
    /// Its body, as a number of bytes.
    pub(super) body_bytes: Option<usize>,
    /// Only begins the request, and gives it a name, by which another step waits for its end.
    pub(super) begin: Option<String>,
    /// Goes on only when a begun request's answer has begun, too.
    #[serde(default)]
    pub(super) until_head: bool,
    /// How often it is sent, one after the other.
    #[serde(default = "once")]
    pub(super) times: usize,
    /// Sends them without waiting for answers, so far apart.
    pub(super) apart_ms: Option<u64>,
    /// Repeats it until it comes back as expected, at most `times`.
    #[serde(default)]
    pub(super) until: bool,

    /// What has to come back.
    #[serde(default)]
    pub(super) expect: Expect,
    /// What has to come back from Spin, where that differs, and why.
    pub(super) on_spin: Option<OnSpin>,
}

fn run() -> String {
    "/run".to_owned()
}

fn once() -> usize {
    1
}

/// What has to come back.
#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Expect {
    pub(super) status: u16,
    /// The body, as it is.
    pub(super) text: Option<String>,
    /// The body, as JSON.
    pub(super) json: Option<Value>,
    /// Headers of the answer.
    pub(super) headers: BTreeMap<String, Value>,
    /// The highest number at a place of the JSON body, over all times.
    pub(super) highest: Option<Highest>,
    /// Nothing may come back within this time.
    pub(super) hangs_ms: Option<u64>,
    /// The connection must break off before the answer's end.
    pub(super) breaks_off: bool,
    /// It must take at least this long.
    pub(super) at_least_ms: u64,
    /// It may take this long, where that matters.
    pub(super) at_most_ms: Option<u64>,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            status: 200,
            text: None,
            json: None,
            headers: BTreeMap::new(),
            highest: None,
            hangs_ms: None,
            breaks_off: false,
            at_least_ms: 0,
            at_most_ms: None,
        }
    }
}

#[derive(Deserialize, Clone)]
#[serde(deny_unknown_fields)]
pub(super) struct Highest {
    /// A JSON pointer.
    pub(super) at: String,
    pub(super) is: u64,
}

/// Another expectation, for Spin.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct OnSpin {
    /// Why the two may differ.
    pub(super) why: String,
    pub(super) expect: Expect,
}

impl Case {
    /// Reads a case.
    pub(super) fn load(folder: &Path) -> Self {
        let file = folder.join("case.toml");
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let text = text.replace("{server}", &upstream::address().to_string());
        let mut case: Self =
            toml::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        case.folder = folder.to_owned();
        case
    }
}

/// Compares, as the module says; the error names the place.
pub(super) fn compare(expected: &Value, actual: &Value, place: &str) -> Result<(), String> {
    let differs = || Err(format!("{place}: {actual} where {expected} is expected"));
    match (expected, actual) {
        (Value::String(text), _) if text == "<any>" => Ok(()),
        (Value::String(text), Value::Null) if text == "<null>" => Ok(()),
        (Value::String(text), Value::String(actual)) => {
            let part = text.strip_prefix("...").and_then(|rest| rest.strip_suffix("..."));
            if part.map_or(actual == text, |part| actual.contains(part)) {
                Ok(())
            } else {
                differs()
            }
        }
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => expected
            .iter()
            .zip(actual)
            .enumerate()
            .try_for_each(|(at, (expected, actual))| compare(expected, actual, &format!("{place}/{at}"))),
        (Value::Object(expected), Value::Object(actual)) => {
            expected
                .iter()
                .try_for_each(|(name, expected)| match actual.get(name) {
                    Some(actual) => compare(expected, actual, &format!("{place}/{name}")),
                    None if *expected == "<none>" => Ok(()),
                    None => Err(format!("{place}: no {name}")),
                })
        }
        (Value::Number(expected), Value::Number(actual)) if expected.as_f64() == actual.as_f64() => Ok(()),
        _ if expected == actual => Ok(()),
        _ => differs(),
    }
}

#[cfg(test)]
mod tests {
    use super::compare;
    use serde_json::json;

    #[test]
    fn what_is_expected_is_compared_strictly() {
        for (expected, actual, good) in [
            (json!(1), json!(1), true),
            (json!(1), json!(2), false),
            (json!(1), json!("1"), false),
            (json!("...b..."), json!("abc"), true),
            (json!("...b..."), json!("ac"), false),
            (json!("b"), json!("abc"), false),
            (json!("<null>"), json!(null), true),
            (json!("<null>"), json!(0), false),
            (json!("<any>"), json!([1]), true),
            (json!([1]), json!([1, 2]), false),
            (json!({"a": 1}), json!({"a": 1, "b": 2}), true),
            (json!({"a": 1}), json!({"b": 2}), false),
            (json!({"a": "<none>"}), json!({}), true),
            (json!({"a": "<none>"}), json!({"a": 1}), false),
        ] {
            assert_eq!(
                compare(&expected, &actual, "").is_ok(),
                good,
                "{expected} {actual}"
            );
        }
    }
}

//! `spin.toml`, manifest version 2: the one description of the app that Spin and this host share.
//!
//! Shape: [`Manifest::load`] reads the file, [`Manifest::parse`] its text. What Spin knows and this host does
//! not carry out (mounted files, other triggers, composed dependencies) is refused by name instead of being
//! passed over: an app that starts here means what it means on Spin. All problems of meaning are reported
//! together. The host's own settings stand in `[application.tool.dunlin]`, which Spin ignores.

mod check;

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::Path;

/// The only label of a key-value store or SQLite database that needs no configuration elsewhere.
pub const DEFAULT_STORE: &str = "default";

/// An app as its manifest describes it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Always 2.
    pub spin_manifest_version: u32,
    /// Name and settings of the whole app.
    pub application: Application,
    /// The app's variables by name.
    #[serde(default)]
    pub variables: BTreeMap<String, Variable>,
    /// What calls the components.
    pub trigger: Triggers,
    /// The components by name.
    #[serde(default)]
    pub component: BTreeMap<String, Component>,
}

/// `[application]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Application {
    /// The app's name, shown at `/.well-known/spin/info`.
    pub name: String,
    /// The app's version, shown there too.
    #[serde(default)]
    pub version: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// Who wrote it.
    #[serde(default)]
    pub authors: Vec<String>,
    /// Settings of all HTTP triggers.
    #[serde(default)]
    pub trigger: TriggerDefaults,
    /// Settings of tools; only ours is read.
    #[serde(default)]
    pub tool: Tools,
}

/// `[application.trigger]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TriggerDefaults {
    /// `[application.trigger.http]`.
    #[serde(default)]
    pub http: HttpDefaults,
}

/// `[application.trigger.http]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpDefaults {
    /// Always `/`: Spin ignores any other value, so it is refused here.
    pub base: Option<String>,
}

/// `[application.tool]`; the tables of other tools are not looked at.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Tools {
    /// The host's own settings.
    #[serde(default)]
    pub dunlin: Settings,
}

/// `[application.tool.dunlin]`.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What this host calls by itself, and when.
    #[serde(default)]
    pub schedule: Vec<Job>,
    /// What the paths begin with that people open to pay: they have places of their own.
    #[serde(default)]
    pub payers: Vec<String>,
}

/// A call that the host makes by itself.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its name in the log.
    pub name: String,
    /// When, as five cron fields in UTC.
    pub cron: String,
    /// The component to call.
    pub component: String,
    /// The path to call it with.
    pub path: String,
}

/// An app variable: either a default or required from outside.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Variable {
    /// What it is for.
    pub description: Option<String>,
    /// Whether it must come from outside.
    #[serde(default)]
    pub required: bool,
    /// Its value where nothing comes from outside.
    pub default: Option<String>,
    /// A marker for people and tools; changes nothing here.
    #[serde(default)]
    pub secret: bool,
}

/// `[[trigger.*]]`; this host serves HTTP only.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Triggers {
    /// The HTTP routes in the order of the file.
    #[serde(default)]
    pub http: Vec<HttpTrigger>,
}

/// `[[trigger.http]]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HttpTrigger {
    /// An optional name.
    #[serde(default)]
    pub id: String,
    /// The component that answers.
    pub component: String,
    /// The paths that it answers.
    pub route: Route,
}

/// `route = "/path"` or `route = { private = true }`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawRoute")]
pub enum Route {
    /// A pattern, reachable from outside.
    Public(String),
    /// Reachable from other components only.
    Private,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum RawRoute {
    Pattern(String),
    Private(RawPrivate),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RawPrivate {
    private: bool,
}

impl TryFrom<RawRoute> for Route {
    type Error = &'static str;

    fn try_from(raw: RawRoute) -> Result<Self, Self::Error> {
        match raw {
            RawRoute::Pattern(pattern) => Ok(Self::Public(pattern)),
            RawRoute::Private(RawPrivate { private: true }) => Ok(Self::Private),
            RawRoute::Private(RawPrivate { private: false }) => {
                Err("a route is a path pattern or { private = true }; { private = false } is neither")
            }
        }
    }
}

/// `[component.NAME]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Component {
    /// The component's file, relative to the manifest. Sources elsewhere (a URL, a registry) are refused.
    pub source: String,
    /// One sentence.
    #[serde(default)]
    pub description: String,
    /// The component's own variables: name to template.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// Environment variables that the component sees.
    #[serde(default)]
    pub environment: BTreeMap<String, String>,
    /// Where it may connect to; nothing means nowhere.
    #[serde(default)]
    pub allowed_outbound_hosts: Vec<String>,
    /// Key-value stores that it may open.
    #[serde(default)]
    pub key_value_stores: Vec<String>,
    /// SQLite databases that it may open.
    #[serde(default)]
    pub sqlite_databases: Vec<String>,
    /// How it is built; for people and `spin build`.
    pub build: Option<Build>,
    /// Settings of tools, not looked at.
    #[serde(default)]
    pub tool: BTreeMap<String, toml::Value>,
}

/// `[component.NAME.build]`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// One command, or several in order.
    pub command: toml::Value,
    /// Where to run it.
    pub workdir: Option<String>,
    /// Files that call for a new build.
    #[serde(default)]
    pub watch: Vec<String>,
}

/// Why a manifest cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// The file cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// The file.
        path: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// Not TOML, or a field that is missing, unknown or of the wrong type. The text shows the place.
    #[error("the manifest cannot be read: {0}")]
    Syntax(#[from] toml::de::Error),
    /// Well-formed, but it makes no sense; every reason.
    #[error("the manifest does not hold together:\n  {}", .0.join("\n  "))]
    Meaning(Vec<String>),
}

impl Manifest {
    /// Reads and checks a manifest file.
    ///
    /// # Errors
    /// [`ManifestError`], all problems of meaning at once.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read_to_string(path).map_err(|source| ManifestError::Read {
            path: path.display().to_string(),
            source,
        })?;
        Self::parse(&text)
    }

    /// Reads and checks a manifest's text.
    ///
    /// # Errors
    /// [`ManifestError`], all problems of meaning at once.
    pub fn parse(text: &str) -> Result<Self, ManifestError> {
        let manifest: Self = toml::from_str(text)?;
        let problems = manifest.problems();
        if problems.is_empty() {
            Ok(manifest)
        } else {
            Err(ManifestError::Meaning(problems))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        spin_manifest_version = 2
        [application]
        name = "a"
        [application.tool.dunlin]
        schedule = [{ name = "tick", cron = "*/5 * * * *", component = "one-two", path = "/internal/tick" }]
        [application.tool.other]
        anything = 1
        [variables]
        key = { required = true, secret = true }
        url = { default = "http://x" }
        [[trigger.http]]
        route = "/one/..."
        component = "one-two"
        [[trigger.http]]
        route = { private = true }
        component = "one-two"
        [component.one-two]
        source = "one.wasm"
        variables = { u = "{{ url }}/x" }
        allowed_outbound_hosts = ["{{ url }}"]
        sqlite_databases = ["default"]
        [component.one-two.build]
        command = ["a", "b"]
        [component.one-two.tool.dunlin]
        whatever = true
    "#;

    #[test]
    fn a_full_manifest_is_read() {
        let manifest = Manifest::parse(GOOD).unwrap();
        assert_eq!(
            manifest
                .trigger
                .http
                .iter()
                .map(|t| t.route.clone())
                .collect::<Vec<_>>(),
            [Route::Public("/one/...".to_owned()), Route::Private]
        );
        assert_eq!(manifest.application.tool.dunlin.schedule[0].name, "tick");
    }

    #[test]
    fn each_mistake_is_named() {
        for (good, bad, message) in [
            ("name = \"a\"", "nam = \"a\"", "unknown field `nam`"),
            (
                "manifest_version = 2",
                "manifest_version = 1",
                "spin_manifest_version is 1",
            ),
            (
                "source = \"one.wasm\"",
                "source = { url = \"x\" }",
                "expected a string",
            ),
            (
                "source = \"one.wasm\"",
                "source = \"one.wasm\"\nfiles = [\"x\"]",
                "unknown field `files`",
            ),
            (
                "route = { private = true }",
                "route = { private = false }",
                "{ private = false } is neither",
            ),
            (
                "[[trigger.http]]\n        route = \"/one",
                "[[trigger.redis]]\n        route = \"/one",
                "unknown field `redis`",
            ),
            (
                "secret = true }",
                "default = \"x\" }",
                "required and has a default",
            ),
            (
                "{ default = \"http://x\" }",
                "{ secret = true }",
                "needs a default",
            ),
            (
                "{{ url }}/x",
                "{{ nope }}/x",
                "no app variable is called \"nope\"",
            ),
            ("{{ url }}/x", "{{ url /x", "unmatched"),
            (
                "sqlite_databases = [\"default\"]",
                "sqlite_databases = [\"other\"]",
                "\"other\" is not configured",
            ),
            ("*/5 * * * *", "*/5 * *", "schedule \"tick\""),
            ("/internal/tick", "internal/tick", "must begin with /"),
            ("        key =", "        Key =", "variables.Key"),
        ] {
            assert!(GOOD.contains(good), "{good}");
            let error = Manifest::parse(&GOOD.replacen(good, bad, 1))
                .unwrap_err()
                .to_string();
            assert!(error.contains(message), "{bad}: {error}");
        }
    }

    #[test]
    fn names_of_components_are_kebab_case() {
        for name in ["one_two", "One", "one--two", "1one", "one-"] {
            let text = GOOD
                .replace("[component.one-two", &format!("[component.{name}"))
                .replace("one-two", name);
            let error = Manifest::parse(&text).unwrap_err().to_string();
            assert!(error.contains("lower-case words"), "{name}: {error}");
        }
    }

    #[test]
    fn all_problems_of_meaning_come_at_once() {
        let text = GOOD
            .replace("{{ url }}", "{{ nope }}")
            .replace("component = \"one-two\"", "component = \"gone\"");
        let ManifestError::Meaning(problems) = Manifest::parse(&text).unwrap_err() else {
            panic!("not of meaning")
        };
        assert_eq!(problems.len(), 5, "{problems:#?}");
    }
}

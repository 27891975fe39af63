//! `--runtime-config-file`: where data lies, as Spin is told it.
//!
//! | table | type | fields |
//! |---|---|---|
//! | `[key_value_store.default]` | `spin` | `path`: a file, relative to the configuration's folder |
//! | | `redis` | `url`: `redis://[[user]:password@]host[:port][/database]` |
//! | `[sqlite_database.default]` | `spin` | `path`: a file, relative to where the host is started |
//!
//! What is not there lies in the state folder. Everything else that Spin takes (other labels, libSQL, cloud stores,
//! variable providers) is refused by name: an app that needs it runs on Spin.

use crate::{key_value, manifest::DEFAULT_STORE, sqlite};
use anyhow::{Context, ensure};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Where data lies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuntimeConfig {
    /// The key-value store.
    pub key_value: KeyValueConfig,
    /// The file of the SQLite database.
    pub database: PathBuf,
}

/// Where the key-value store is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyValueConfig {
    /// In a file.
    File(PathBuf),
    /// On a Redis server at this address, which may hold a password.
    Redis(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Raw {
    #[serde(default)]
    key_value_store: BTreeMap<String, RawStore>,
    #[serde(default)]
    sqlite_database: BTreeMap<String, RawDatabase>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum RawStore {
    Spin { path: PathBuf },
    Redis { url: String },
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
enum RawDatabase {
    Spin { path: PathBuf },
}

impl RuntimeConfig {
    /// Everything in the state folder.
    pub fn in_folder(state_dir: &Path) -> Self {
        Self {
            key_value: KeyValueConfig::File(state_dir.join(key_value::FILE_NAME)),
            database: state_dir.join(sqlite::FILE_NAME),
        }
    }

    /// Reads a file; makes the folders of the files that it names.
    ///
    /// # Errors
    /// It cannot be read, or asks for what this host does not have.
    pub fn load(file: &Path, state_dir: &Path) -> anyhow::Result<Self> {
        let read = || {
            let text = std::fs::read_to_string(file)?;
            let config = Self::parse(&text, file.parent().unwrap_or(Path::new("")), state_dir)?;
            let store = match &config.key_value {
                KeyValueConfig::File(path) => Some(path),
                KeyValueConfig::Redis(_) => None,
            };
            for folder in [store, Some(&config.database)]
                .into_iter()
                .flatten()
                .filter_map(|path| path.parent())
            {
                std::fs::create_dir_all(folder)?;
            }
            anyhow::Ok(config)
        };
        read().with_context(|| format!("in the runtime configuration {}", file.display()))
    }

    fn parse(text: &str, folder: &Path, state_dir: &Path) -> anyhow::Result<Self> {
        let raw: Raw = toml::from_str(text).map_err(|error| {
            // Not its excerpt of the text, which may hold a password.
            anyhow::anyhow!(
                "{}; for what this host does not have, run the app on Spin",
                error.message()
            )
        })?;
        let labels = raw.key_value_store.keys().chain(raw.sqlite_database.keys());
        for label in labels {
            ensure!(
                label == DEFAULT_STORE,
                "there is only the label \"default\", not {label:?}"
            );
        }
        let mut config = Self::in_folder(state_dir);
        match raw.key_value_store.into_values().next() {
            Some(RawStore::Spin { path }) => config.key_value = KeyValueConfig::File(folder.join(path)),
            Some(RawStore::Redis { url }) => config.key_value = KeyValueConfig::Redis(url),
            None => {}
        }
        if let Some(RawDatabase::Spin { path }) = raw.sqlite_database.into_values().next() {
            config.database = path;
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> anyhow::Result<RuntimeConfig> {
        RuntimeConfig::parse(text, Path::new("conf"), Path::new("state"))
    }

    #[test]
    fn what_is_not_said_lies_in_the_state_folder() {
        let usual = RuntimeConfig::in_folder(Path::new("state"));
        assert_eq!(parse("").unwrap(), usual);
        assert_eq!(
            parse("[sqlite_database.default]\ntype = \"spin\"\npath = \"x/a.db\"").unwrap(),
            RuntimeConfig {
                database: "x/a.db".into(),
                ..usual.clone()
            }
        );
        for (text, store) in [
            (
                "[key_value_store.default]\ntype = \"spin\"\npath = \"x/a.db\"",
                KeyValueConfig::File("conf/x/a.db".into()),
            ),
            (
                "[key_value_store.default]\ntype = \"redis\"\nurl = \"redis://localhost\"",
                KeyValueConfig::Redis("redis://localhost".to_owned()),
            ),
        ] {
            let expected = RuntimeConfig {
                key_value: store,
                ..usual.clone()
            };
            assert_eq!(parse(text).unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn what_this_host_does_not_have_is_refused_by_name() {
        for (text, named) in [
            (
                "[sqlite_database.default]\ntype = \"libsql\"\nurl = \"x\"\ntoken = \"x\"",
                "libsql",
            ),
            (
                "[key_value_store.default]\ntype = \"azure_cosmos\"",
                "azure_cosmos",
            ),
            (
                "[key_value_store.other]\ntype = \"redis\"\nurl = \"redis://localhost\"",
                "other",
            ),
            ("[key_value_store.default]\ntype = \"spin\"", "path"),
            (
                "[sqlite_database.default]\ntype = \"spin\"\npath = \"x\"\nallow_attach_file = true",
                "allow_attach_file",
            ),
            ("[llm_compute]\ntype = \"spin\"", "llm_compute"),
            ("[[variables_provider]]\ntype = \"vault\"", "variables_provider"),
            ("state_dir = \"/x\"", "state_dir"),
        ] {
            let error = parse(text).unwrap_err().to_string();
            assert!(error.contains(named), "{text}: {error}");
        }
    }

    #[test]
    fn a_password_stays_out_of_the_error() {
        let text =
            "[key_value_store.default]\ntype = \"redis\"\nurl = \"redis://:s3cret@localhost\"\nextra = 1";
        let error = format!("{:#}", parse(text).unwrap_err());
        assert!(error.contains("extra") && !error.contains("s3cret"), "{error}");
    }
}

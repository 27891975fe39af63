//! Numbered migrations, applied once and in order, by whichever instance comes first.
//!
//! Each runs in one `BEGIN IMMEDIATE` transaction that also records it, so two instances that start together
//! settle who applies it, and a crash half way leaves nothing behind. WAL is set before the first: it persists
//! in the file and cannot be set inside a transaction.

mod m0001_ledger;
mod m0002_providers;
mod m0003_collections;
mod m0004_cash_in;
mod m0005_reaching_people;
mod m0006_nobody_let_in;

use crate::db::{Db, Tx};
use crate::error::{Result, StoreError};
use crate::params;
use crate::trail::{self, Act, Head};

struct Migration {
    version: i64,
    name: &'static str,
    /// One statement each: the host runs only the first of a text that holds several.
    statements: &'static [&'static [&'static str]],
}

const MIGRATIONS: &[Migration] = &[
    Migration {
        version: 1,
        name: "ledger",
        statements: &[m0001_ledger::STATEMENTS],
    },
    Migration {
        version: 2,
        name: "providers",
        statements: &[m0002_providers::STATEMENTS],
    },
    Migration {
        version: 3,
        name: "collections",
        statements: m0003_collections::STATEMENTS,
    },
    Migration {
        version: 4,
        name: "cash in",
        statements: m0004_cash_in::STATEMENTS,
    },
    Migration {
        version: 5,
        name: "reaching people",
        statements: m0005_reaching_people::STATEMENTS,
    },
    Migration {
        version: 6,
        name: "nobody let in",
        statements: m0006_nobody_let_in::STATEMENTS,
    },
];

/// The schema that this build works with.
pub const SCHEMA_VERSION: i64 = 6;

/// The migration that the trail begins with: what is there by then is sealed in its transaction.
const SEALED_FROM: i64 = 6;

const RECORDED: &str = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'";
const NEWEST: &str = "SELECT coalesce(max(version), 0) FROM schema_migrations";
const CREATE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version INTEGER PRIMARY KEY, name TEXT NOT NULL) STRICT";
const RECORD: &str = "INSERT INTO schema_migrations (version, name) VALUES (?, ?)";

async fn version(db: &Db) -> Result<i64> {
    match db.row(RECORDED, params![]).await? {
        None => Ok(0),
        Some(_) => db.row(NEWEST, params![]).await?.map_or(Ok(0), |row| row.int(0)),
    }
}

pub(crate) async fn bring_up_to_date(db: &Db) -> Result<()> {
    let found = version(db).await?;
    if found > SCHEMA_VERSION {
        return Err(StoreError::Newer {
            found,
            known: SCHEMA_VERSION,
        });
    }
    if found == SCHEMA_VERSION {
        return Ok(());
    }
    if found == 0 {
        match db.run("PRAGMA journal_mode = WAL", params![]).await {
            // Busy: another instance is setting it at this moment.
            Ok(()) | Err(StoreError::Busy) => {}
            // A libSQL server keeps its own journal and refuses this; it is an optimisation, not a condition.
            Err(error) => eprintln!(r#"{{"level":"warn","message":"journal_mode stays as it is: {error}"}}"#),
        }
    }
    for migration in MIGRATIONS {
        db.unsealed(async |tx: &Tx<'_>| {
            tx.run(CREATE, params![]).await?;
            // Read again under the lock: another instance may have been first.
            if version(tx).await? >= migration.version {
                return Ok(());
            }
            for statement in migration.statements.iter().copied().flatten() {
                tx.run(statement, params![]).await?;
            }
            if migration.version == SEALED_FROM {
                trail::seal(tx, &Head::beginning(), &Act::beginning()).await?;
            }
            tx.run(RECORD, params![migration.version, migration.name]).await
        })
        .await?;
    }
    Ok(())
}

/// What makes an empty database of an earlier version, as that version left it: for tests of the way from there.
#[cfg(feature = "native")]
pub fn schema_of(version: i64) -> Vec<String> {
    let mut statements = vec![CREATE.to_owned()];
    for migration in MIGRATIONS
        .iter()
        .take_while(|migration| migration.version <= version)
    {
        statements.extend(
            migration
                .statements
                .iter()
                .copied()
                .flatten()
                .map(|sql| (*sql).to_owned()),
        );
        let (version, name) = (migration.version, migration.name);
        statements.push(format!(
            "INSERT INTO schema_migrations (version, name) VALUES ({version}, '{name}')"
        ));
    }
    statements
}

#[cfg(test)]
pub(crate) fn all_statements() -> impl Iterator<Item = &'static str> {
    MIGRATIONS
        .iter()
        .flat_map(|migration| migration.statements.iter().copied().flatten().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_from_one_to_the_schema_version() {
        let versions: Vec<i64> = MIGRATIONS.iter().map(|migration| migration.version).collect();
        assert_eq!(versions, (1..=SCHEMA_VERSION).collect::<Vec<_>>());
    }
}

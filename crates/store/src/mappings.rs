//! How the files of a source are read: which column is which field. What a mapping says is not looked at here.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use serde_json::Value;

statements! {
    FIND = "SELECT mapping FROM intake_mappings WHERE source = ?";
    PUT = "INSERT INTO intake_mappings (source, mapping, updated_at) VALUES (?, ?, ?)
        ON CONFLICT (source) DO UPDATE SET mapping = excluded.mapping, updated_at = excluded.updated_at";
}

/// The mapping of a source, if one is saved.
pub async fn find(db: &Db, source: &str) -> Result<Option<Value>> {
    db.find(FIND, params![source]).await
}

/// Saves a mapping, in place of the one before.
pub async fn put(tx: &Tx<'_>, moment: Moment, source: &str, mapping: &Value) -> Result<()> {
    tx.run(PUT, params![source, mapping.to_string(), moment.ms()])
        .await
}

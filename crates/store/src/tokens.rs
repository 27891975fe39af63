//! What a source lets us in with, for as long as it does: sealed by whoever keeps it here, so that a copy of the
//! database opens no door.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;

statements! {
    FIND = "SELECT sealed FROM source_tokens WHERE source = ?";
    KEEP = "INSERT INTO source_tokens (source, sealed, renewed_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (source) DO UPDATE SET sealed = excluded.sealed, renewed_at = excluded.renewed_at";
}

/// What is kept for a source.
pub async fn find(db: &Db, source: &str) -> Result<Option<String>> {
    let row = db.row(FIND, params![source]).await?;
    row.map(|row| row.text(0).map(str::to_owned)).transpose()
}

/// Keeps it in place of what was.
pub async fn keep(tx: &Tx<'_>, moment: Moment, source: &str, sealed: &str) -> Result<()> {
    tx.run(KEEP, params![source, sealed, moment.ms()]).await
}

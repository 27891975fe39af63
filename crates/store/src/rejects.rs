//! Lines of a bulk intake that were not taken: kept with their reasons, so that nothing is lost.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use data_encoding::HEXLOWER;
use receivables::fields::FieldError;
use receivables::id::RejectId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

statements! {
    KEEP = "INSERT INTO intake_rejects (id, fingerprint, received_at, line, body, errors)
        SELECT j.value->>'id', j.value->>'fingerprint', ?1, j.value->>'line', j.value->>'body', j.value->'errors'
        FROM json_each(?2) AS j WHERE true ON CONFLICT (fingerprint) DO NOTHING";
    LIST = "SELECT json_object('id', id, 'received_at', received_at, 'line', line, 'body', body,
            'errors', json(errors)) FROM intake_rejects WHERE id > ? ORDER BY id LIMIT ?";
}

/// A line that was not taken.
#[derive(Debug, Clone, Serialize)]
pub struct Reject {
    /// Which line of its document, from 1.
    pub line: u32,
    /// Why.
    pub errors: Vec<FieldError>,
    /// The line itself, as it came.
    #[serde(skip)]
    pub body: String,
}

#[derive(Serialize)]
struct Row<'a> {
    id: RejectId,
    fingerprint: String,
    line: u32,
    body: &'a str,
    errors: &'a [FieldError],
}

/// Keeps `rejects`; the same line with the same errors again is kept once.
pub async fn keep(tx: &Tx<'_>, moment: Moment, rejects: &[Reject]) -> Result<()> {
    if rejects.is_empty() {
        return Ok(());
    }
    let mut mint = moment.mint()?;
    let rows = rejects
        .iter()
        .map(|reject| {
            let id = mint.id(RejectId::from_parts);
            let mut digest = Sha256::new_with_prefix(serde_json::to_string(&reject.errors)?);
            digest.update(&reject.body);
            let fingerprint = HEXLOWER.encode(&digest.finalize());
            Ok(Row {
                id,
                fingerprint,
                line: reject.line,
                body: &reject.body,
                errors: &reject.errors,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    tx.run(KEEP, params![moment.ms(), serde_json::to_string(&rows)?])
        .await
}

/// A kept line as the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Ours.
    pub id: RejectId,
    /// When it came, milliseconds since 1970.
    pub received_at: i64,
    /// Which line of its document, from 1.
    pub line: u32,
    /// The line itself.
    pub body: String,
    /// Why it was not taken.
    pub errors: serde_json::Value,
}

/// Kept lines after `after`, oldest first.
pub async fn list(db: &Db, after: &str, limit: u32) -> Result<Vec<Kept>> {
    db.list(LIST, params![after, limit]).await
}

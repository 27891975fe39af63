//! Lines of an intake that were not taken: kept with their reasons, so that nothing is lost, until they are corrected
//! and taken, or dismissed.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use data_encoding::HEXLOWER;
use receivables::fields::FieldError;
use receivables::id::RejectId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

macro_rules! select_reject {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', r.id, 'received_at', r.received_at, 'kind', r.kind, 'source', r.source,
                'line', r.line, 'body', r.body, 'errors', json(r.errors),
                'layout', json((SELECT l.layout FROM intake_layouts l WHERE l.hash = r.layout)))
            FROM intake_rejects r ",
            $which
        )
    };
}

statements! {
    KEEP_LAYOUT = "INSERT INTO intake_layouts (hash, layout) VALUES (?, ?) ON CONFLICT (hash) DO NOTHING";
    KEEP = "INSERT INTO intake_rejects (id, fingerprint, received_at, line, body, errors, kind, source, layout)
        SELECT j.value->>'id', j.value->>'fingerprint', ?1, j.value->>'line', j.value->>'body', j.value->'errors',
            ?3, ?4, ?5
        FROM json_each(?2) AS j WHERE true ON CONFLICT (fingerprint) DO NOTHING";
    LIST = select_reject!("WHERE r.id > ? ORDER BY r.id LIMIT ?");
    OF_SOURCE = select_reject!("WHERE r.source = ?3 AND r.id > ?1 ORDER BY r.id LIMIT ?2");
    ONE = select_reject!("WHERE r.id = ?");
    REMOVE = "DELETE FROM intake_rejects WHERE id IN (SELECT value FROM json_each(?)) RETURNING id";
}

/// A line that was not taken.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reject {
    /// Which line of its document, from 1.
    pub line: u32,
    /// Why.
    pub errors: Vec<FieldError>,
    /// The line itself, as it came.
    #[serde(skip)]
    pub body: String,
}

/// What the lines of one intake are, and where they come from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// `invoice` or `customer`.
    pub kind: &'static str,
    /// The source that the request named.
    pub source: Option<&'a str>,
    /// How a table's rows are read, as JSON; `None` for JSON.
    pub layout: Option<&'a str>,
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
pub async fn keep(tx: &Tx<'_>, moment: Moment, origin: Origin<'_>, rejects: &[Reject]) -> Result<()> {
    if rejects.is_empty() {
        return Ok(());
    }
    let layout = origin
        .layout
        .map(|layout| HEXLOWER.encode(&Sha256::digest(layout)));
    if let (Some(hash), Some(layout)) = (&layout, origin.layout) {
        tx.run(KEEP_LAYOUT, params![hash.as_str(), layout]).await?;
    }
    let mut mint = moment.mint()?;
    let rows = rejects
        .iter()
        .map(|reject| {
            let id = mint.id(RejectId::from_parts);
            let mut digest = Sha256::new_with_prefix(serde_json::to_string(&reject.errors)?);
            // What the line means depends on how it is read.
            digest.update(layout.as_deref().unwrap_or_default());
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
    let rows = serde_json::to_string(&rows)?;
    tx.run(
        KEEP,
        params![moment.ms(), rows, origin.kind, origin.source, layout],
    )
    .await
}

/// A kept line as the API shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Kept {
    /// Ours.
    pub id: RejectId,
    /// When it came, milliseconds since 1970.
    pub received_at: i64,
    /// `invoice` or `customer`.
    pub kind: String,
    /// The source that its request named.
    pub source: Option<String>,
    /// Which line of its document, from 1.
    pub line: u32,
    /// The line itself.
    pub body: String,
    /// Why it was not taken.
    pub errors: serde_json::Value,
    /// How it is read, where it is a table's row.
    pub layout: Option<serde_json::Value>,
}

/// Kept lines after `after`, oldest first; of one source, where one is named.
pub async fn list(db: &Db, source: Option<&str>, after: &str, limit: u32) -> Result<Vec<Kept>> {
    match source {
        None => db.list(LIST, params![after, limit]).await,
        Some(source) => db.list(OF_SOURCE, params![after, limit, source]).await,
    }
}

/// A kept line, if there is one.
pub async fn one(db: &Db, id: &RejectId) -> Result<Option<Kept>> {
    db.find(ONE, params![id.as_str()]).await
}

/// Removes kept lines; how many of them there were.
pub async fn remove(tx: &Tx<'_>, ids: &[RejectId]) -> Result<usize> {
    match ids.is_empty() {
        true => Ok(0),
        false => Ok(tx.rows(REMOVE, params![serde_json::to_string(ids)?]).await?.len()),
    }
}

//! What each source has told of which object, and what that is here.

use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::params;
use receivables::billing::Version;
use serde::Deserialize;

statements! {
    FIND = "SELECT json_object('version', version, 'entity', entity_id, 'said', said) FROM external_objects
        WHERE source = ? AND kind = ? AND external_id = ?";
    RECORD = "INSERT INTO external_objects (source, kind, external_id, version, entity_id, parent)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (source, kind, external_id) DO UPDATE SET version = max(version, excluded.version),
            entity_id = coalesce(excluded.entity_id, entity_id)";
    SAID = "INSERT INTO external_objects (source, kind, external_id, version, entity_id, said)
        VALUES (?1, 'customer', ?2, ?3, ?4, ?5)
        ON CONFLICT (source, kind, external_id) DO UPDATE SET version = excluded.version,
            entity_id = excluded.entity_id, said = excluded.said";
    ADOPT = "INSERT INTO external_objects (source, kind, external_id, version, entity_id)
        VALUES (?1, 'invoice', ?2, '', ?3)
        ON CONFLICT (source, kind, external_id) DO UPDATE SET entity_id = excluded.entity_id";
    CHILDREN = "SELECT json_object('id', external_id, 'entity', entity_id) FROM external_objects
        INDEXED BY external_objects_by_parent WHERE source = ?1 AND parent = ?2 ORDER BY external_id";
    ENTITIES = "SELECT json_object('id', external_id, 'entity', entity_id) FROM external_objects
        WHERE source = ?1 AND kind = 'invoice' AND external_id IN (SELECT value FROM json_each(?2))
            AND entity_id IS NOT NULL";
}

/// What an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Customer,
    Invoice,
    Payment,
    CreditNote,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::Invoice => "invoice",
            Self::Payment => "payment",
            Self::CreditNote => "credit_note",
        }
    }
}

/// The newest state of an object that was taken.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Seen {
    /// Of when it was.
    pub(super) version: String,
    /// What it is here.
    pub(super) entity: Option<String>,
    /// Of a customer: what was said of it.
    pub(super) said: Option<String>,
}

/// An object and what it is here.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct Entity {
    /// What the source calls it.
    pub(super) id: String,
    /// What it is here.
    pub(super) entity: Option<String>,
}

pub(super) async fn find(db: &Db, source: &str, kind: Kind, id: &str) -> Result<Option<Seen>> {
    db.find(FIND, params![source, kind.name(), id]).await
}

/// Records that a state was taken.
pub(super) async fn record(
    tx: &Tx<'_>,
    source: &str,
    kind: Kind,
    id: &str,
    version: &Version,
    entity: Option<&str>,
    parent: Option<&str>,
) -> Result<()> {
    let parameters = params![source, kind.name(), id, version.as_str(), entity, parent];
    tx.run(RECORD, parameters).await
}

/// Records what was said of a customer.
pub(super) async fn said(
    tx: &Tx<'_>,
    source: &str,
    id: &str,
    version: &Version,
    entity: &str,
    said: &str,
) -> Result<()> {
    tx.run(SAID, params![source, id, version.as_str(), entity, said])
        .await
}

/// Records which invoice of ours it is, and no version: not all of its state is taken yet.
pub(super) async fn adopt(tx: &Tx<'_>, source: &str, id: &str, entity: &str) -> Result<()> {
    tx.run(ADOPT, params![source, id, entity]).await
}

/// The payments that came as parts of an invoice.
pub(super) async fn children(db: &Db, source: &str, parent: &str) -> Result<Vec<Entity>> {
    db.list(CHILDREN, params![source, parent]).await
}

/// Those of the invoices named that are here.
pub(super) async fn invoices(db: &Db, source: &str, ids: &[&str]) -> Result<Vec<Entity>> {
    db.list(ENTITIES, params![source, serde_json::to_string(ids)?])
        .await
}

/// A row that was there a moment ago.
pub(super) fn lost(what: &str) -> StoreError {
    StoreError::Decode(format!("the {what} of an event is not there"))
}

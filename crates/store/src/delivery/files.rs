//! Documents that go with a message: which there are, which are missing, and their bytes.
//!
//! **Bounds.** [`limits::ATTACHED_BYTES`] for one message; their bytes are read with one statement for all messages of a
//! claim. A document that a step wants and that is not there keeps its message from leaving.

use super::Document;
use crate::db::{Db, statements};
use crate::error::{Result, StoreError};
use crate::params;
use receivables::channel::Channel;
use receivables::id::InvoiceId;
use receivables::limits;
use receivables::policy::Attachment;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

statements! {
    THERE = "SELECT json_object('id', d.id, 'invoice', d.owner_id, 'media_type', d.media_type,
            'size', d.size)
        FROM documents d
        WHERE d.owner_id IN (SELECT value FROM json_each(?)) ORDER BY d.owner_id, d.id";
    BYTES = "SELECT id, name, media_type, content FROM documents WHERE id IN (SELECT value FROM json_each(?))";
}

/// A document that is on record for an invoice.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct There {
    id: String,
    invoice: InvoiceId,
    media_type: String,
    size: usize,
}

/// Which documents there are for these invoices.
pub(super) async fn there(db: &Db, invoices: &BTreeSet<InvoiceId>) -> Result<Vec<There>> {
    match invoices.is_empty() {
        true => Ok(Vec::new()),
        false => db.list(THERE, params![serde_json::to_string(invoices)?]).await,
    }
}

/// Whether a channel carries files.
pub(super) fn carries(channel: Channel) -> bool {
    matches!(channel, Channel::Email | Channel::Letter | Channel::Webhook)
}

fn is(wanted: Attachment, media_type: &str) -> bool {
    match wanted {
        Attachment::Invoice => media_type == "application/pdf",
        Attachment::Ubl => matches!(media_type, "application/xml" | "text/xml"),
        // It is made when the message leaves.
        Attachment::Statement => false,
    }
}

/// The documents that go with a message about `invoices`, by id; or what is missing.
pub(super) fn pick(
    wanted: &[Attachment],
    invoices: &[InvoiceId],
    there: &[There],
) -> std::result::Result<Vec<String>, String> {
    let (mut picked, mut bytes) = (Vec::new(), 0_usize);
    let kept = wanted.iter().filter(|wanted| **wanted != Attachment::Statement);
    for (wanted, invoice) in kept.flat_map(|wanted| invoices.iter().map(move |invoice| (*wanted, invoice))) {
        let mut found = there
            .iter()
            .filter(|document| document.invoice == *invoice && is(wanted, &document.media_type))
            .peekable();
        if found.peek().is_none() {
            return Err(format!(
                "no `{}` document is on record for {invoice}",
                wanted.as_str()
            ));
        }
        for document in found {
            bytes = bytes.saturating_add(document.size);
            picked.push(document.id.clone());
        }
    }
    match bytes > limits::ATTACHED_BYTES {
        true => Err(format!(
            "its documents have {bytes} bytes, and no more than {} go with one message",
            limits::ATTACHED_BYTES
        )),
        false => Ok(picked),
    }
}

/// The bytes of documents, by id.
pub(super) async fn bytes(db: &Db, ids: &BTreeSet<&String>) -> Result<BTreeMap<String, Document>> {
    if ids.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows = db.rows(BYTES, params![serde_json::to_string(ids)?]).await?;
    rows.into_iter()
        .map(|mut row| {
            let document = Document {
                name: row.text(1)?.to_owned(),
                media_type: row.text(2)?.to_owned(),
                content: row.blob(3)?,
            };
            Ok((row.text(0)?.to_owned(), document))
        })
        .collect()
}

/// The documents of one message. Two of one name get a number before it, so that no reader's folder loses one.
pub(super) fn of(picked: &[String], bytes: &BTreeMap<String, Document>) -> Result<Vec<Document>> {
    let mut names = BTreeSet::new();
    picked
        .iter()
        .map(|id| {
            let document = bytes
                .get(id)
                .ok_or_else(|| StoreError::Decode(format!("no document {id}")))?;
            let mut document = document.clone();
            let name = document.name.clone();
            let mut count = 1_u32;
            while !names.insert(document.name.clone()) {
                count = count.saturating_add(1);
                document.name = format!("{count}-{name}");
            }
            Ok(document)
        })
        .collect()
}

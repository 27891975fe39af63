//! Documents that come with an invoice or a credit note and are kept: attachments of an e-invoice, what somebody adds.
//!
//! **Bounds.** [`limits::DOCUMENT_BYTES`] each, [`limits::DOCUMENTS_BYTES`] and [`limits::DOCUMENTS`] for one owner.
//! **Once.** The same bytes are kept once for an owner, under the name that they came with first.
//! **Answers.** What is kept with an invoice answers the requests that wait for a document of it.

use crate::db::{Db, Tx, statements};
use crate::document_requests;
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use data_encoding::HEXLOWER;
use receivables::attachment;
use receivables::fields::Problem;
use receivables::id::{CreditNoteId, DocumentId, InvoiceId};
use receivables::limits;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

statements! {
    ROOM = "SELECT json_object('count', count(*), 'bytes', coalesce(sum(size), 0)) FROM documents WHERE owner_id = ?";
    KNOWN = "SELECT json_object('id', id, 'name', name, 'media_type', media_type, 'size', size, 'sha256', sha256)
        FROM documents WHERE owner_id = ? AND sha256 = ?";
    /// One at a time: bytes cannot travel in the JSON of a set without growing by half, and there are few.
    ADD = "INSERT INTO documents (id, owner_kind, owner_id, name, media_type, size, sha256, created_at, content)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
    OF_OWNER = "SELECT json_object('id', id, 'name', name, 'media_type', media_type, 'size', size, 'sha256', sha256)
        FROM documents WHERE owner_id = ? ORDER BY id";
    CONTENT = "SELECT name, media_type, content FROM documents WHERE id = ?";
}

/// Whose a document is.
#[derive(Debug, Clone, Copy)]
pub enum Owner<'a> {
    /// An invoice's.
    Invoice(&'a InvoiceId),
    /// A credit note's.
    CreditNote(&'a CreditNoteId),
}

impl Owner<'_> {
    fn kind(&self) -> &'static str {
        match self {
            Owner::Invoice(_) => "invoice",
            Owner::CreditNote(_) => "credit_note",
        }
    }

    fn id(&self) -> &str {
        match self {
            Owner::Invoice(id) => id.as_str(),
            Owner::CreditNote(id) => id.as_str(),
        }
    }
}

/// A file to be kept.
#[derive(Debug, Clone)]
pub struct NewDocument<'a> {
    /// As [`attachment::file_name`] has it.
    pub name: &'a str,
    /// Its media type.
    pub media_type: &'static str,
    /// It.
    pub content: &'a [u8],
}

/// A document as the API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DocumentView {
    /// Ours.
    pub id: DocumentId,
    /// Its file name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes, in hexadecimal.
    pub sha256: String,
}

#[derive(Deserialize)]
struct Room {
    count: usize,
    bytes: usize,
}

/// Keeps a document; whether it is new. Refused, with a reason for the person who sent it: what is empty or too large,
/// alone or with those that are there.
pub async fn add(
    tx: &Tx<'_>,
    moment: Moment,
    owner: Owner<'_>,
    new: &NewDocument<'_>,
) -> Result<std::result::Result<(DocumentView, bool), Problem>> {
    let sha256 = HEXLOWER.encode(&Sha256::digest(new.content));
    if let Some(known) = tx.find(KNOWN, params![owner.id(), sha256.as_str()]).await? {
        return Ok(Ok((known, false)));
    }
    let room: Room = tx
        .find(ROOM, params![owner.id()])
        .await?
        .unwrap_or(Room { count: 0, bytes: 0 });
    if let Err(problem) = attachment::fits(
        new.content.len(),
        limits::DOCUMENTS_BYTES.saturating_sub(room.bytes),
    ) {
        return Ok(Err(problem));
    }
    if room.count >= limits::DOCUMENTS {
        let detail = format!("at most {} documents are kept for one owner", limits::DOCUMENTS);
        return Ok(Err(Problem::new("too_many_items", detail)));
    }
    let view = DocumentView {
        id: moment.id(DocumentId::from_parts)?,
        name: new.name.to_owned(),
        media_type: new.media_type.to_owned(),
        size: u64::try_from(new.content.len()).unwrap_or(u64::MAX),
        sha256,
    };
    let size = i64::try_from(view.size).unwrap_or(i64::MAX);
    tx.run(
        ADD,
        params![
            view.id.as_str(),
            owner.kind(),
            owner.id(),
            view.name.as_str(),
            view.media_type.as_str(),
            size,
            view.sha256.as_str(),
            moment.ms(),
            new.content.to_vec()
        ],
    )
    .await?;
    if let Owner::Invoice(invoice) = owner {
        document_requests::came(tx, moment, invoice, &view.name, view.id.as_str()).await?;
    }
    Ok(Ok((view, true)))
}

/// The documents of an owner, in the order in which they came.
pub async fn of(db: &Db, owner: Owner<'_>) -> Result<Vec<DocumentView>> {
    db.list(OF_OWNER, params![owner.id()]).await
}

/// A document's bytes.
#[derive(Debug, Clone)]
pub struct Content {
    /// Its file name.
    pub name: String,
    /// What it is.
    pub media_type: String,
    /// It.
    pub bytes: Vec<u8>,
}

/// A document, if there is one.
pub async fn content(db: &Db, id: &DocumentId) -> Result<Option<Content>> {
    let row = db.row(CONTENT, params![id.as_str()]).await?;
    row.map(|mut row| {
        Ok(Content {
            name: row.text(0)?.to_owned(),
            media_type: row.text(1)?.to_owned(),
            bytes: row.blob(2)?,
        })
    })
    .transpose()
}

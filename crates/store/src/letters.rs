//! Letters as they were sent, kept so that each can be printed again. Those that people print and post themselves are
//! listed until somebody says that they are in the post; those that a carrier posts have been there from the start.
//!
//! A component has no files, so there is no folder here: whoever prints fetches them over the API. The message has been
//! `sent` since it was kept; once it is posted, that is when it left, and what it announces waits from then on.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::instants::rfc3339;
use crate::moment::Moment;
use crate::params;
use receivables::id::{CustomerId, MessageId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

macro_rules! select_letter {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', message_id, 'customer_id', customer_id, 'addressee', addressee, 'subject', subject,
                'status', status, 'size', length(content), 'created_ms', created_at, 'posted_ms', posted_at,
                'posted_by', posted_by) FROM letters ",
            $which
        )
    };
}

statements! {
    KEEP = "INSERT INTO letters (message_id, customer_id, addressee, subject, content, status, created_at, posted_at,
            posted_by)
        VALUES (?1, ?2, ?3, ?4, ?5, iif(?7 IS NULL, 'to_print', 'posted'), ?6, iif(?7 IS NULL, NULL, ?6), ?7)
        ON CONFLICT (message_id) DO NOTHING";
    ONE = select_letter!("WHERE message_id = ?");
    LIST = select_letter!("WHERE message_id < ?1 ORDER BY message_id DESC LIMIT ?2");
    POSTED_ONES = select_letter!("WHERE +status = 'posted' AND message_id < ?1 ORDER BY message_id DESC LIMIT ?2");
    // The oldest first: they have waited longest.
    TO_PRINT = select_letter!("INDEXED BY letters_to_print WHERE status = 'to_print' AND message_id > ?1
        ORDER BY message_id LIMIT ?2");
    CONTENT = "SELECT content FROM letters WHERE message_id = ?";
    POST = "UPDATE letters SET status = 'posted', posted_at = ?2, posted_by = ?3
        WHERE message_id = ?1 AND status = 'to_print' RETURNING customer_id";
    LEFT = "UPDATE messages SET sent_at = ?2 WHERE id = ?1 AND status = 'sent'";
}

/// A letter to be kept.
#[derive(Debug, Clone, Copy)]
pub struct NewLetter<'a> {
    /// The message that it is.
    pub message: &'a MessageId,
    /// Whom it goes to.
    pub customer: &'a CustomerId,
    /// Name and address, in one line.
    pub addressee: &'a str,
    /// What it is about.
    pub subject: &'a str,
    /// It, as a PDF.
    pub content: &'a [u8],
    /// Who prints and posts it; none: people do.
    pub posted_by: Option<&'a str>,
}

/// Where a letter is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Here.
    ToPrint,
    /// In the post.
    Posted,
}

impl Status {
    /// The status of a name.
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "to_print" => Some(Self::ToPrint),
            "posted" => Some(Self::Posted),
            _ => None,
        }
    }
}

/// A letter as `GET /v1/letters` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct LetterView {
    /// The message's.
    pub id: MessageId,
    /// Whom it goes to.
    pub customer_id: CustomerId,
    /// Name and address, in one line.
    pub addressee: String,
    /// What it is about.
    pub subject: String,
    /// Where it is.
    pub status: Status,
    /// Bytes of its PDF.
    pub size: u64,
    /// Since when it is here, RFC 3339, UTC.
    pub created_at: String,
    /// When it was posted.
    pub posted_at: Option<String>,
    /// The key with which that was recorded, or the carrier that posted it.
    pub posted_by: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    id: MessageId,
    customer_id: CustomerId,
    addressee: String,
    subject: String,
    status: Status,
    size: u64,
    created_ms: i64,
    posted_ms: Option<i64>,
    posted_by: Option<String>,
}

impl TryFrom<Row> for LetterView {
    type Error = StoreError;

    fn try_from(row: Row) -> Result<Self> {
        Ok(Self {
            id: row.id,
            customer_id: row.customer_id,
            addressee: row.addressee,
            subject: row.subject,
            status: row.status,
            size: row.size,
            created_at: rfc3339(row.created_ms)?,
            posted_at: row.posted_ms.map(rfc3339).transpose()?,
            posted_by: row.posted_by,
        })
    }
}

/// Keeps a letter, once: the same message again changes nothing.
pub async fn keep(tx: &Tx<'_>, moment: Moment, letter: &NewLetter<'_>) -> Result<()> {
    let parameters = params![
        letter.message.as_str(),
        letter.customer.as_str(),
        letter.addressee,
        letter.subject,
        letter.content.to_vec(),
        moment.ms(),
        letter.posted_by
    ];
    tx.run(KEEP, parameters).await
}

/// Letters: those to print from the oldest on, all others from the newest. `after`: the last one of the page before.
pub async fn list(
    db: &Db,
    status: Option<Status>,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<LetterView>> {
    let (sql, from) = match status {
        Some(Status::ToPrint) => (TO_PRINT, after.unwrap_or("")),
        Some(Status::Posted) => (POSTED_ONES, after.unwrap_or("~")),
        None => (LIST, after.unwrap_or("~")),
    };
    let rows: Vec<Row> = db.list(sql, params![from, limit]).await?;
    rows.into_iter().map(LetterView::try_from).collect()
}

/// One letter.
pub async fn view(db: &Db, id: &MessageId) -> Result<Option<LetterView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(LetterView::try_from).transpose()
}

/// A letter's PDF.
pub async fn content(db: &Db, id: &MessageId) -> Result<Option<Vec<u8>>> {
    let row = db.row(CONTENT, params![id.as_str()]).await?;
    row.map(|mut row| row.blob(0)).transpose()
}

/// Records that a letter is in the post; nothing where it was before, or is not here.
pub async fn post(tx: &Tx<'_>, moment: Moment, id: &MessageId, by: &str) -> Result<bool> {
    let Some(row) = tx.row(POST, params![id.as_str(), moment.ms(), by]).await? else {
        return Ok(false);
    };
    let customer = CustomerId::parse(row.text(0)?).map_err(|error| StoreError::Decode(error.to_string()))?;
    tx.run(LEFT, params![id.as_str(), moment.ms()]).await?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "letter_posted",
        title: "Letter posted".to_owned(),
        detail: format!("{by} has put it into the post."),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    dunning::replan(tx, moment, &BTreeSet::from([customer])).await?;
    Ok(true)
}

//! The trail: who did what, when, by which request, and what it wrote; each act sealed to the one before.
//!
//! **Shape.** Triggers note every row of a sealed table that is written, in order, in `writes`. At the end of a
//! transaction, before it commits, an *act* is appended: who and what, a print of each of those rows as it stands, and
//! a hash over all of it and the act before. So nothing is ever committed unsealed, two writers cannot fork the chain,
//! and a crash leaves both or neither.
//! **What is not kept.** A print tells nothing of what it is of: who is erased from a row is not in the trail.
//! **Nobody's.** What `writes` holds when a transaction begins to write was put there by another hand than this app's.
//! It is sealed under no name, for good, and the proof names it.
//! **Bounds.** Three statements a transaction that writes; [`CHUNK`] rows an act.

use crate::db::{Db, statements};
use crate::error::{Result, StoreError};
use crate::instants::rfc3339;
use crate::params;
use data_encoding::HEXLOWER;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use spin_sdk::sqlite::Value;

/// Rows that one act seals at most: what is read at a time.
const CHUNK: i64 = 2_000;
/// Bytes of a row's print: half a SHA-256, which nobody finds another row for.
pub(crate) const PRINT: usize = 16;
/// Whose act it is that sealed what the app did not write.
pub(crate) const NOBODY: &str = "nobody";
/// Whose act it is that no request asked for.
const ITSELF: &str = "dunlin";

/// A sealed table's row as text, all of its columns in their order.
macro_rules! row {
    (posting) => {
        "json_array(id, customer_id, invoice_id, kind, amount_minor, currency, value_on, source_id, posted_at)
            FROM postings"
    };
    (activity) => {
        "json_array(id, customer_id, at, kind, title, detail, refers_to) FROM activities"
    };
    (payment) => {
        "json_array(id, customer_id, source, reference, method, received_on, currency, amount_minor, allocated_minor,
            unapplied_minor, refunded_minor, reversed_minor, content, why, created_at) FROM payments"
    };
    (allocation) => {
        "json_array(payment_id, position, invoice_id, amount_minor, why, created_at) FROM allocations"
    };
    (credit_note) => {
        "json_array(id, customer_id, number, numbering, issue_on, currency, total_minor, applied_minor,
            unapplied_minor, content, created_at, voided_on) FROM credit_notes"
    };
    (api_key) => {
        "json_array(id, name, secret_hash, scopes, created_at, revoked_at) FROM api_keys"
    };
}
#[cfg(feature = "native")]
pub(crate) use row;

statements! {
    HEAD = "SELECT a.seq, a.upto, a.hash, (SELECT coalesce(max(w.seq), 0) FROM writes w) FROM acts a
        WHERE a.seq = (SELECT max(b.seq) FROM acts b)";
    /// The rows that were written after a place, a line each.
    LINES = concat!("SELECT coalesce(max(seq), 0), group_concat(line, char(10)) FROM (SELECT w.seq AS seq,
            w.what || ' ' || w.id || ' ' || w.position || ' ' || coalesce(CASE w.what
                WHEN 'posting' THEN (SELECT ", row!(posting), " WHERE id = w.id)
                WHEN 'activity' THEN (SELECT ", row!(activity), " WHERE id = w.id)
                WHEN 'payment' THEN (SELECT ", row!(payment), " WHERE id = w.id)
                WHEN 'allocation' THEN (SELECT ", row!(allocation), "
                    WHERE payment_id = w.id AND allocations.position = w.position)
                WHEN 'credit_note' THEN (SELECT ", row!(credit_note), " WHERE id = w.id)
                WHEN 'api_key' THEN (SELECT ", row!(api_key), " WHERE id = w.id) END, 'gone') AS line
        FROM writes w WHERE w.seq > ?1 AND w.seq <= ?2 ORDER BY w.seq)");
    SEAL = "INSERT INTO acts (at, who, what, request, upto, prints, hash) VALUES (?, ?, ?, ?, ?, ?, ?)";
    LIST = "SELECT json_object('act', a.seq, 'at_ms', a.at, 'who', a.who, 'what', a.what, 'request_id', a.request,
            'rows', length(a.prints) / 16, 'hash', a.hash)
        FROM acts a WHERE a.seq > ?1 ORDER BY a.seq LIMIT ?2";
    ONE = "SELECT json_object('act', a.seq, 'at_ms', a.at, 'who', a.who, 'what', a.what, 'request_id', a.request,
            'rows', length(a.prints) / 16, 'hash', a.hash)
        FROM acts a WHERE a.seq = ?1";
    WROTE = "SELECT json_object('what', w.what, 'id', w.id, 'position', w.position) FROM writes w
        WHERE w.seq > (SELECT a.upto - length(a.prints) / 16 FROM acts a WHERE a.seq = ?1)
            AND w.seq <= (SELECT a.upto FROM acts a WHERE a.seq = ?1) ORDER BY w.seq";
}

/// Who does what, when, by which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Act {
    /// When, milliseconds since 1970.
    pub at_ms: i64,
    /// The id of a key, `admin`, `cron`, or `public`: somebody who showed none.
    pub who: String,
    /// Method and address.
    pub what: String,
    /// The request's id.
    pub request: String,
    /// Put on record also where it wrote no sealed row: the act of somebody whom a key answers for.
    pub always: bool,
}

impl Default for Act {
    fn default() -> Self {
        Self {
            at_ms: 0,
            who: ITSELF.to_owned(),
            what: String::new(),
            request: String::new(),
            always: false,
        }
    }
}

impl Act {
    /// What seals what is there when the trail begins.
    pub(crate) fn beginning() -> Self {
        Self {
            what: "begin".to_owned(),
            always: true,
            ..Self::default()
        }
    }

    fn nobodys(&self) -> Self {
        Self {
            at_ms: self.at_ms,
            who: NOBODY.to_owned(),
            ..Self::default()
        }
    }

    /// The hash of this act after the one before, over what it wrote.
    pub(crate) fn hash(&self, before: &str, upto: i64, prints: &[u8]) -> Result<String> {
        let said = serde_json::to_string(&(self.at_ms, &self.who, &self.what, &self.request, upto))?;
        let mut hash = Sha256::new();
        for part in [before.as_bytes(), b"\n", said.as_bytes(), b"\n", prints] {
            hash.update(part);
        }
        Ok(HEXLOWER.encode(&hash.finalize()))
    }
}

/// A print of a row.
pub(crate) fn print(line: &str) -> [u8; PRINT] {
    let mut print = [0; PRINT];
    for (to, from) in print.iter_mut().zip(Sha256::digest(line.as_bytes())) {
        *to = from;
    }
    print
}

/// How far the trail goes, when a transaction begins to write.
#[derive(Debug, Clone)]
pub(crate) struct Head {
    act: i64,
    upto: i64,
    hash: String,
    /// The last row that was written, sealed or not.
    written: i64,
}

impl Head {
    /// Before the first act; what there is to seal is the first act's.
    pub(crate) fn beginning() -> Self {
        Self {
            act: 0,
            upto: 0,
            hash: String::new(),
            written: 0,
        }
    }
}

/// Reads how far the trail goes.
pub(crate) async fn head(db: &Db) -> Result<Head> {
    let row = db.step(HEAD, params![]).await?.into_iter().next();
    let row = row.ok_or_else(|| StoreError::Host("the trail is gone: it has no act at all".to_owned()))?;
    Ok(Head {
        act: row.int(0)?,
        upto: row.int(1)?,
        hash: row.text(2)?.to_owned(),
        written: row.int(3)?,
    })
}

/// Seals what was written since `head`, under the name of who wrote it.
pub(crate) async fn seal(db: &Db, head: &Head, act: &Act) -> Result<()> {
    let mut head = head.clone();
    while head.upto < head.written {
        let last = head.written.min(head.upto.saturating_add(CHUNK));
        seal_to(db, &mut head, last, &act.nobodys()).await?;
    }
    let mut sealed = false;
    loop {
        let before = head.upto;
        let to = before.saturating_add(CHUNK);
        let wanted = match sealed {
            false => act.clone(),
            // What goes on is recorded for its rows alone.
            true => Act {
                always: false,
                ..act.clone()
            },
        };
        seal_to(db, &mut head, to, &wanted).await?;
        sealed = true;
        if head.upto < to {
            return Ok(());
        }
    }
}

async fn seal_to(db: &Db, head: &mut Head, last: i64, act: &Act) -> Result<()> {
    let found = db.step(LINES, params![head.upto, last]).await?;
    let row = found
        .first()
        .ok_or_else(|| StoreError::Decode("a sum without a row".to_owned()))?;
    let mut prints = Vec::new();
    if let Some(lines) = row.optional_text(1)? {
        prints.extend(lines.split('\n').flat_map(print));
        head.upto = row.int(0)?;
    } else if !act.always {
        return Ok(());
    }
    head.hash = act.hash(&head.hash, head.upto, &prints)?;
    let parameters = vec![
        Value::from(act.at_ms),
        Value::from(act.who.as_str()),
        Value::from(act.what.as_str()),
        Value::from(act.request.as_str()),
        Value::from(head.upto),
        Value::Blob(prints),
        Value::from(head.hash.as_str()),
    ];
    db.step(SEAL, parameters).await.map(drop)
}

/// Where the trail ends: to be kept elsewhere, since who can write to the file could write the whole of it anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TrailHead {
    /// The number of the last act.
    pub act: i64,
    /// Its hash, hexadecimal.
    pub hash: String,
}

/// The last act.
pub async fn newest(db: &Db) -> Result<TrailHead> {
    let Head { act, hash, .. } = head(db).await?;
    Ok(TrailHead { act, hash })
}

#[derive(Deserialize)]
struct ActRow {
    act: i64,
    at_ms: i64,
    who: String,
    what: String,
    request_id: String,
    rows: i64,
    hash: String,
}

/// An act on record.
#[derive(Debug, Clone, Serialize)]
pub struct ActView {
    /// Its number, without a gap.
    pub act: i64,
    /// When.
    pub at: String,
    /// Whose key; `admin`, `cron`, `public`, `dunlin` itself, `nobody`.
    pub who: String,
    /// Method and address.
    pub what: String,
    /// The request's id.
    pub request_id: String,
    /// How many sealed rows it wrote.
    pub rows: i64,
    /// Its hash.
    pub hash: String,
}

impl ActRow {
    fn view(self) -> Result<ActView> {
        Ok(ActView {
            act: self.act,
            at: rfc3339(self.at_ms)?,
            who: self.who,
            what: self.what,
            request_id: self.request_id,
            rows: self.rows,
            hash: self.hash,
        })
    }
}

/// Acts after number `after`, oldest first.
pub async fn list(db: &Db, after: i64, limit: u32) -> Result<Vec<ActView>> {
    let rows: Vec<ActRow> = db.list(LIST, params![after, limit]).await?;
    rows.into_iter().map(ActRow::view).collect()
}

/// A row that an act wrote.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Wrote {
    /// `posting`, `activity`, `payment`, `allocation`, `credit_note` or `api_key`.
    pub what: String,
    /// Which; of an allocation its payment.
    pub id: String,
    /// Which of that payment's; of anything else 0.
    pub position: i64,
}

/// One act and what it wrote.
pub async fn one(db: &Db, act: i64) -> Result<Option<(ActView, Vec<Wrote>)>> {
    let Some(row) = db.find::<ActRow>(ONE, params![act]).await? else {
        return Ok(None);
    };
    Ok(Some((row.view()?, db.list(WROTE, params![act]).await?)))
}

/// Whether a statement may change something, so that its transaction is somebody's act.
pub(crate) fn changes(sql: &str) -> bool {
    !sql.starts_with("SELECT") && !sql.starts_with("WITH")
}

//! A bulk body as it comes: cut into rows, taken in batches, each in a commit of its own.
//!
//! **Bounds.** What is held is one batch (`limits::BATCH_ROWS` rows, `limits::BATCH_BYTES` bytes), however long the body.
//! **Planned** once, when all rows are there: a batch marks whom it concerns (`store::invoices::take_part`).
//! **Resumed.** Under an `Idempotency-Key` each batch's commit records how far it came (`store::progress`). The same
//! body sent again is passed over up to there, its digest compared, and the rest taken: in the end the same answer.

use crate::batch::{self, Tally};
use crate::body::{Body, Source};
use crate::keeper::Keeper;
use formats::csv::cells::Encoding;
use formats::csv::layout::Layout;
use formats::csv::mapping::Mapping;
use formats::csv::records::{Form, Record, Splitter};
use receivables::fields::FieldError;
use receivables::id::CustomerId;
use serde::{Deserialize, Serialize};
use store::progress::{self, Progress};
use store::{Tx, dunning, idempotency};
use web::once::{key_reused, replay};
use web::{Cx, Principal, Problem, Reply, limits};

/// Where an intake stands between two batches.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(crate) struct State {
    /// The line that comes next.
    line: u32,
    /// How a table is read, once its header was.
    pub(crate) layout: Option<Layout>,
    pub(crate) tally: Tally,
}

/// What a request brings besides its body.
pub(crate) struct Request<'a> {
    pub(crate) principal: &'a Principal,
    /// Of a table; `None`: a JSON document a line.
    pub(crate) table: Option<Table>,
    /// The source that it names.
    pub(crate) source: Option<String>,
}

/// How a table comes.
pub(crate) struct Table {
    pub(crate) encoding: Encoding,
    pub(crate) mapping: Option<Mapping>,
}

/// Takes the body in.
pub(crate) async fn take(cx: &Cx, request: &Request<'_>) -> Result<Reply, Problem> {
    let key = cx.idempotency_key()?;
    let principal = &request.principal.id;
    let mut body = Body::new(cx)?;
    let db = cx.db().await?;
    let mut before: Option<Progress> = None;
    if let Some(key) = key {
        if let Some(given) = idempotency::find(&db, principal, key).await? {
            body.pass_over(u64::MAX).await?;
            return replay(given, &body.digest());
        }
        before = progress::find(&db, principal, key).await?;
    }
    let mut state = State {
        line: 1,
        ..State::default()
    };
    if let Some(progress) = &before {
        body.pass_over(progress.bytes).await?;
        if body.digest() != progress.digest {
            return Err(key_reused());
        }
        state = serde_json::from_value(progress.state.clone())
            .map_err(|error| Problem::internal(format!("progress: {error}")))?;
    }
    let delimiter = |layout: &Layout| u8::try_from(layout.delimiter).ok();
    let form = match &request.table {
        None => Form::Lines,
        Some(_) => Form::Csv(state.layout.as_ref().and_then(delimiter)),
    };
    let mut splitter = Splitter::new(form, state.line, body.hashed);
    // The piece in which the passed part ended goes on.
    for piece in body.ahead() {
        splitter.push(piece);
    }
    let digest = loop {
        let batch = fill(&mut body, &mut splitter, request.table.as_ref(), &mut state).await?;
        let first = before.is_none() && state.tally.is_empty();
        if let Some(layout) = &mut state.layout {
            let settled = layout.settle(batch.rows.iter().filter_map(batch::Item::text));
            // Where rows were taken already, those that leave a doubt are kept one by one.
            if let (Err(errors), true) = (settled, first) {
                return Err(Problem::invalid(errors));
            }
        }
        if request.table.is_some() && state.layout.is_none() {
            return Err(Problem::invalid(vec![no_header()]));
        }
        body.hash_to(batch.end);
        state.line = batch.next_line;
        let now = Progress {
            bytes: body.hashed,
            digest: body.digest(),
            state: serde_json::Value::Null,
        };
        let alone = batch.last && first;
        let work = async |tx: &Tx<'_>| {
            let mut after = state.clone();
            let keeper = Keeper::new(cx, tx, request, key, before.as_ref()).await?;
            batch::take(cx, tx, request, &batch.rows, alone, &mut after).await?;
            if alone {
                return keeper.conclude(&now.digest, &after).await.map(Done::All);
            }
            let progress = keeper.record(&now, &after).await?;
            Ok(Done::Part(Box::new(after), progress))
        };
        match db.transaction(work).await? {
            Done::All(reply) => return Ok(reply),
            Done::Part(after, progress) => (state, before) = (*after, progress),
        }
        if batch.last {
            break now.digest;
        }
    };
    let mut planned: Option<CustomerId> = None;
    loop {
        let work = async |tx: &Tx<'_>| {
            let planned = planned.as_ref();
            Ok::<_, Problem>(dunning::replan_marked(tx, cx.moment(), planned, limits::PLANNED).await?)
        };
        planned = db.transaction(work).await?;
        if planned.is_none() {
            break;
        }
    }
    let work = async |tx: &Tx<'_>| {
        let keeper = Keeper::new(cx, tx, request, key, before.as_ref()).await?;
        keeper.conclude(&digest, &state).await
    };
    db.transaction(work).await
}

/// What a transaction did.
enum Done {
    /// Everything there is.
    All(Reply),
    /// A batch.
    Part(Box<State>, Option<Progress>),
}

fn no_header() -> FieldError {
    FieldError::new(
        "",
        "required",
        "a table begins with the names of its columns; this one is empty",
    )
}

/// Rows that are taken together.
struct Batch {
    rows: Vec<batch::Item>,
    /// Bytes of the body up to the end of them.
    end: u64,
    next_line: u32,
    /// Whether the body ends with them.
    last: bool,
}

/// Reads as many rows as are taken together, and the header before them.
async fn fill<S: Source>(
    body: &mut Body<S>,
    splitter: &mut Splitter,
    table: Option<&Table>,
    state: &mut State,
) -> Result<Batch, Problem> {
    let mut batch = Batch {
        rows: Vec::new(),
        end: body.hashed,
        next_line: state.line,
        last: false,
    };
    let mut bytes = 0_usize;
    while batch.rows.len() < limits::BATCH_ROWS && bytes < limits::BATCH_BYTES {
        let Some(record) = splitter.record() else {
            match body.piece().await? {
                Some(piece) => splitter.push(&piece),
                None if batch.last => break,
                None => {
                    splitter.end();
                    batch.last = true;
                }
            }
            continue;
        };
        // The end has been told while there was more to cut.
        let first = batch.end == 0;
        batch.end = record.end;
        batch.next_line = splitter.line();
        let record = without_mark(record, first)?;
        bytes = bytes.saturating_add(record.bytes.len()).saturating_add(1);
        match table {
            Some(table) if state.layout.is_none() => {
                if let Some(layout) = header(table, record)? {
                    if let Ok(delimiter) = u8::try_from(layout.delimiter) {
                        splitter.divided_by(delimiter);
                    }
                    state.layout = Some(layout);
                }
            }
            _ => batch.rows.extend(batch::Item::of(record, state.layout.as_ref())),
        }
    }
    // What was cut off by the number of rows may be all that there is; the next batch finds out.
    batch.last &= batch.rows.len() < limits::BATCH_ROWS && bytes < limits::BATCH_BYTES;
    if batch.last {
        batch.end = u64::MAX;
    }
    Ok(batch)
}

/// The layout of a table by its header; `None` for an empty line before it.
fn header(table: &Table, record: Record) -> Result<Option<Layout>, Problem> {
    if let Some(fault) = record.fault {
        return Err(Problem::invalid(vec![batch::fault(fault)]));
    }
    let text = table
        .encoding
        .decode(record.bytes)
        .map_err(|problem| Problem::invalid(vec![FieldError::new("", problem.code, problem.detail)]))?;
    if text.trim().is_empty() {
        return Ok(None);
    }
    let layout = Layout::of(&text, table.encoding, table.mapping.as_ref());
    layout.map(Some).map_err(Problem::invalid)
}

/// The first record without a byte order mark. UTF-16, which begins with another, is not read.
fn without_mark(mut record: Record, first: bool) -> Result<Record, Problem> {
    if first {
        if record.bytes.starts_with(&[0xff, 0xfe]) || record.bytes.starts_with(&[0xfe, 0xff]) {
            return Err(Problem::invalid_field(
                "",
                "unsupported_encoding",
                "the body is in UTF-16; save it as UTF-8",
            ));
        }
        if let Some(rest) = record.bytes.strip_prefix(&[0xef, 0xbb, 0xbf]) {
            record.bytes = rest.to_vec();
        }
    }
    Ok(record)
}

#[cfg(test)]
mod tests;

//! Keeping a statement and its lines, each once.

use super::hash;
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use formats::statement::{Booking, Line, Statement};
use receivables::bank::Gap;
use receivables::id::{BankLineId, StatementId};
use serde::Serialize;
use std::collections::BTreeSet;

statements! {
    INSERT = "INSERT INTO bank_statements (id, account, currency, format, name, number, page, from_on, opening_minor,
            to_on, closing_minor, fingerprint, received_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (fingerprint) DO NOTHING RETURNING id";
    KNOWN = "SELECT id FROM bank_statements WHERE fingerprint = ?";
    INSERT_LINES = "INSERT INTO bank_lines (id, statement_id, account, currency, key, entry, part, booked_on,
            amount_minor, end_to_end, content)
        SELECT j.value->>'id', ?1, ?2, ?3, j.value->>'key', j.value->>'entry', j.value->>'part',
            j.value->>'booked_on', j.value->>'amount_minor', j.value->>'end_to_end', j.value->'content'
        FROM json_each(?4) AS j
        WHERE NOT EXISTS (SELECT 1 FROM bank_lines l WHERE l.account = ?2 AND l.currency = ?3
            AND l.entry = j.value->>'entry' AND l.booked_on = j.value->>'booked_on'
            AND (l.part > 0) <> (j.value->>'part' > 0))
        ON CONFLICT (account, currency, key) DO NOTHING";
    TAKEN = "SELECT count(*) FROM bank_lines WHERE statement_id = ?";
}

/// Lines of one statement's INSERT: long enough that its own cost vanishes, short enough that its JSON does not crowd an
/// instance's memory.
const BATCH: usize = 1_000;

/// What became of one statement.
#[derive(Debug, Clone, Serialize)]
pub struct Kept {
    /// Ours; that of the first time, where it came before.
    pub id: StatementId,
    /// Whose account.
    pub account: String,
    /// Its currency.
    pub currency: &'static str,
    /// Booked lines in it.
    pub lines: i64,
    /// How many of them were on record already.
    pub duplicates: i64,
    /// Lines that the bank has not booked yet: no money, and not kept.
    pub pending: i64,
    /// What is missing between the statements of the account, this one included.
    pub gaps: Vec<Gap>,
}

#[derive(Serialize)]
struct Row<'a> {
    id: BankLineId,
    key: String,
    entry: Option<&'a str>,
    part: u32,
    booked_on: String,
    amount_minor: i64,
    end_to_end: Option<&'a str>,
    content: &'a Line,
}

/// Keeps a statement and those of its booked lines that are new.
pub async fn take(tx: &Tx<'_>, moment: Moment, statement: &Statement) -> Result<Kept> {
    let keys = statement.keys();
    let id = keep(tx, moment, statement, &keys).await?;
    let before = taken(tx, &id).await?;
    let booked: Vec<(&Line, &String)> = statement
        .lines
        .iter()
        .zip(&keys)
        .filter(|(line, _)| line.booking == Booking::Booked && !line.amount.is_zero())
        .collect();
    let mut mint = moment.mint()?;
    for batch in booked.chunks(BATCH) {
        let rows: Vec<Row<'_>> = batch
            .iter()
            .map(|(line, key)| {
                let batch = line.batch.as_ref();
                let entry = match batch {
                    Some(batch) => batch.reference.as_deref(),
                    None => line.reference.as_deref(),
                };
                Row {
                    id: mint.id(BankLineId::from_parts),
                    key: hash(key),
                    entry,
                    part: batch.map_or(0, |batch| batch.part),
                    booked_on: line.booked_on.to_string(),
                    amount_minor: line.amount.minor(),
                    end_to_end: line.end_to_end.as_deref(),
                    content: line,
                }
            })
            .collect();
        let parameters = params![
            id.as_str(),
            statement.account.as_str(),
            statement.currency.code(),
            serde_json::to_string(&rows)?
        ];
        tx.run(INSERT_LINES, parameters).await?;
    }
    let fresh = taken(tx, &id).await?.saturating_sub(before);
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    let lines = count(booked.len());
    Ok(Kept {
        id,
        account: statement.account.clone(),
        currency: statement.currency.code(),
        lines,
        duplicates: lines.saturating_sub(fresh),
        pending: count(statement.lines.len()).saturating_sub(lines),
        gaps: super::report::gaps(tx, Some((&statement.account, statement.currency))).await?,
    })
}

async fn keep(tx: &Tx<'_>, moment: Moment, statement: &Statement, keys: &[String]) -> Result<StatementId> {
    let said = format!(
        "{}|{}|{}|{:?}|{:?}|{:?}|{:?}|{:?}|{}",
        statement.account,
        statement.currency,
        statement.format.name(),
        statement.id,
        statement.number,
        statement.page,
        statement.opening,
        statement.closing,
        keys.join("\n")
    );
    let fingerprint = hash(&said);
    let id = moment.id(StatementId::from_parts)?;
    // Without balances, the days are those of its lines.
    let days: BTreeSet<_> = statement.lines.iter().map(|line| line.booked_on).collect();
    let from = statement
        .opening
        .map(|balance| balance.on)
        .or(days.first().copied());
    let to = statement
        .closing
        .map(|balance| balance.on)
        .or(days.last().copied());
    let whole = |number: Option<u64>| number.and_then(|number| i64::try_from(number).ok());
    let parameters = params![
        id.as_str(),
        statement.account.as_str(),
        statement.currency.code(),
        statement.format.name(),
        statement.id.as_deref(),
        whole(statement.number),
        whole(statement.page),
        from.map(|on| on.to_string()),
        statement.opening.map(|balance| balance.amount.minor()),
        to.map(|on| on.to_string()),
        statement.closing.map(|balance| balance.amount.minor()),
        fingerprint.as_str(),
        moment.ms()
    ];
    if tx.row(INSERT, parameters).await?.is_some() {
        return Ok(id);
    }
    let row = tx.row(KNOWN, params![fingerprint]).await?;
    let known = row.map(|row| row.text(0).map(str::to_owned)).transpose()?;
    Ok(known
        .and_then(|known| StatementId::parse(&known).ok())
        .unwrap_or(id))
}

async fn taken(tx: &Tx<'_>, id: &StatementId) -> Result<i64> {
    let row = tx.row(TAKEN, params![id.as_str()]).await?;
    row.map_or(Ok(0), |row| row.int(0))
}

//! Reference rates that an administrator adds to those that ship.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::params;
use chrono::NaiveDate;
use receivables::charges::Percent;
use receivables::charges::rates::{Entry, Rates, Series};
use serde::{Deserialize, Serialize};

statements! {
    ADDED = "SELECT json_object('series', series, 'from', from_on, 'to', to_on, 'percent', percent,
            'source', source) FROM reference_rates";
    CLEAR = "DELETE FROM reference_rates WHERE series = ?";
    ADD = "INSERT INTO reference_rates (series, from_on, to_on, percent, source)
        SELECT ?1, j.value->>'from', j.value->>'to', j.value->>'percent', j.value->>'source'
        FROM json_each(?2) AS j";
}

#[derive(Deserialize)]
struct Row {
    series: Series,
    from: NaiveDate,
    to: NaiveDate,
    percent: Percent,
    source: String,
}

/// Every rate that is known: those that ship, and before them those that an administrator has added.
pub async fn load(db: &Db) -> Result<Rates> {
    let added: Vec<Row> = db.list(ADDED, params![]).await?;
    Ok(Rates::shipped().with(added.into_iter().map(|row| Entry {
        series: row.series,
        from: row.from,
        to: row.to,
        percent: row.percent,
        source: row.source,
        shipped: false,
    })))
}

/// Puts `entries` in the place of all that was added to a series before.
pub async fn replace(tx: &Tx<'_>, series: Series, entries: &[Entry]) -> Result<()> {
    tx.run(CLEAR, params![series.to_string()]).await?;
    let entries = serde_json::to_string(entries)?;
    tx.run(ADD, params![series.to_string(), entries]).await
}

/// A series as `GET /v1/rates` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct SeriesView {
    /// Which.
    pub series: Series,
    /// Its entries, the latest first.
    pub entries: Vec<Entry>,
}

/// A series, with those entries that count: of one day only the administrator's.
pub fn view(rates: &Rates, series: Series) -> SeriesView {
    let mut entries: Vec<Entry> = rates.entries(series).cloned().collect();
    entries.reverse();
    entries.dedup_by_key(|entry| entry.from);
    SeriesView { series, entries }
}

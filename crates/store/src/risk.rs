//! Risk scores: recomputed for the accounts that changed, and for those that a passing day changes.

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::instants::{rfc3339, time_zone};
use crate::moment::Moment;
use crate::params;
use crate::{dunning, policies};
use chrono::{Days, NaiveDate};
use receivables::currency::Currency;
use receivables::id::CustomerId;
use receivables::money::Money;
use receivables::risk::{Band, RiskFacts, RiskScore, score};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;

statements! {
    DUE = "SELECT json_object('customer', k.id, 'currency', k.currency, 'time_zone', k.time_zone,
            'credit_limit_minor', k.credit_limit_minor,
            'broken_promises', (SELECT count(*) FROM promises p WHERE p.customer_id = k.id AND p.status = 'broken'
                AND p.status_on > date(?1 / 1000, 'unixepoch', '-1 year')),
            'open', json((SELECT json_group_array(json_object('due_on', o.due_on, 'balance_minor', o.balance_minor))
                FROM open_items o WHERE o.customer_id = k.id AND o.currency = k.currency)),
            'settled', json((SELECT json_object('paid', count(*), 'late', coalesce(sum(i.settled_on > i.due_on), 0),
                'days_late', CAST(coalesce(sum(max(0, julianday(i.settled_on) - julianday(i.due_on))), 0) AS INTEGER))
                FROM invoices i WHERE i.customer_id = k.id AND i.state = 'active' AND i.settled_on IS NOT NULL)))
        FROM risk_queue q JOIN customers k ON k.id = q.customer_id
        WHERE q.due_at <= ?1 ORDER BY q.due_at LIMIT ?2";
    BANDS = "SELECT json_object('customer', customer_id, 'band', band) FROM risk_scores
        WHERE customer_id IN (SELECT j.value->>'customer' FROM json_each(?) AS j)";
    SAVE = "INSERT INTO risk_scores (customer_id, score, band, reasons, scored_at)
        SELECT j.value->>'customer', j.value->>'score', j.value->>'band', j.value->'reasons', ?1
        FROM json_each(?2) AS j WHERE true
        ON CONFLICT (customer_id) DO UPDATE SET score = excluded.score, band = excluded.band,
            reasons = excluded.reasons, scored_at = excluded.scored_at";
    NEXT = "UPDATE risk_queue SET due_at = j.value->>'next_ms' FROM json_each(?) AS j
        WHERE risk_queue.customer_id = j.value->>'customer' AND j.value->>'next_ms' IS NOT NULL";
    DONE = "DELETE FROM risk_queue WHERE customer_id IN
        (SELECT j.value->>'customer' FROM json_each(?) AS j WHERE j.value->>'next_ms' IS NULL)";
    ANY_DUE = "SELECT 1 FROM risk_queue WHERE due_at <= ? LIMIT 1";
    RANKED = "SELECT json_object('customer_id', r.customer_id, 'name', k.name, 'score', r.score, 'band', r.band,
            'reasons', json(r.reasons), 'scored_at', r.scored_at)
        FROM risk_scores r JOIN customers k ON k.id = r.customer_id
        WHERE (r.score, r.customer_id) < (?1, ?2) ORDER BY r.score DESC, r.customer_id DESC LIMIT ?3";
    RANKED_IN_BAND = "SELECT json_object('customer_id', r.customer_id, 'name', k.name, 'score', r.score,
            'band', r.band, 'reasons', json(r.reasons), 'scored_at', r.scored_at)
        FROM risk_scores r JOIN customers k ON k.id = r.customer_id
        WHERE r.band = ?4 AND (r.score, r.customer_id) < (?1, ?2)
        ORDER BY r.score DESC, r.customer_id DESC LIMIT ?3";
}

#[derive(Deserialize)]
struct FactsRow {
    customer: CustomerId,
    currency: Currency,
    time_zone: String,
    credit_limit_minor: Option<i64>,
    broken_promises: u32,
    open: Vec<OpenRow>,
    settled: SettledRow,
}

#[derive(Deserialize)]
struct OpenRow {
    due_on: NaiveDate,
    balance_minor: i64,
}

#[derive(Deserialize)]
struct SettledRow {
    paid: u32,
    late: u32,
    days_late: i64,
}

#[derive(Serialize)]
struct SaveRow {
    customer: CustomerId,
    #[serde(flatten)]
    score: RiskScore,
    next_ms: Option<i64>,
}

/// What one run did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Scored {
    /// Accounts looked at, each scored.
    pub examined: usize,
    /// The same, under the name that every job answers with.
    pub queued: usize,
    /// Accounts looked at and left alone: none.
    pub skipped: usize,
    /// Whether more are due than `limit` allowed.
    pub more: bool,
}

/// Scores at most `limit` accounts whose facts changed.
pub async fn run(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<Scored> {
    let due: Vec<FactsRow> = tx.list(DUE, params![moment.ms(), limit]).await?;
    let rows = due
        .into_iter()
        .map(|row| scored(row, moment))
        .collect::<Result<Vec<_>>>()?;
    let json = serde_json::to_string(&rows)?;
    events::record(tx, moment, &changed(tx, &rows, &json).await?).await?;
    tx.run(SAVE, params![moment.ms(), json.as_str()]).await?;
    tx.run(NEXT, params![json.as_str()]).await?;
    tx.run(DONE, params![json]).await?;
    // Where pools are made by risk, another band may mean another policy.
    let pools = policies::pools(tx).await?;
    if pools.iter().any(|pool| !pool.rule.risk.is_empty()) {
        let scored = rows.iter().map(|row| row.customer.clone()).collect();
        dunning::replan(tx, moment, &scored).await?;
    }
    let more = tx.row(ANY_DUE, params![moment.ms()]).await?.is_some();
    Ok(Scored {
        examined: rows.len(),
        queued: rows.len(),
        skipped: 0,
        more,
    })
}

#[derive(Deserialize)]
struct BandRow {
    customer: CustomerId,
    band: String,
}

/// What the systems outside are told of: accounts that are in another band than before. One that is scored for the
/// first time was in the lowest.
async fn changed(tx: &Tx<'_>, rows: &[SaveRow], json: &str) -> Result<Vec<Event>> {
    let before: Vec<BandRow> = tx.list(BANDS, params![json]).await?;
    let before: BTreeMap<CustomerId, String> =
        before.into_iter().map(|row| (row.customer, row.band)).collect();
    let changed = rows.iter().filter_map(|row| {
        let (band, was) = (
            row.score.band.as_str(),
            before.get(&row.customer).map(String::as_str),
        );
        let about = json!({"band": band, "before": was, "score": row.score.score});
        let same = was.unwrap_or(Band::Low.as_str()) == band;
        (!same).then(|| Event::new("risk.changed", &row.customer, about))
    });
    Ok(changed.collect())
}

fn scored(row: FactsRow, moment: Moment) -> Result<SaveRow> {
    let today = time_zone(&row.time_zone)?.local(moment.now).date();
    let money = |minor| Money::new(minor, row.currency);
    let (mut balance, mut overdue, mut oldest_overdue_days) = (money(0), money(0), 0);
    for item in &row.open {
        balance = balance.checked_add(money(item.balance_minor))?;
        if item.due_on < today {
            overdue = overdue.checked_add(money(item.balance_minor))?;
            oldest_overdue_days =
                oldest_overdue_days.max(today.signed_duration_since(item.due_on).num_days());
        }
    }
    let facts = RiskFacts {
        paid_invoices: row.settled.paid,
        paid_late: row.settled.late,
        days_late_total: row.settled.days_late,
        overdue,
        oldest_overdue_days,
        balance,
        credit_limit: row.credit_limit_minor.map(money),
        broken_promises: row.broken_promises,
    };
    // Time alone changes a score as long as something is open: look again when the day after has begun anywhere.
    let next_ms = match row.open.is_empty() {
        true => None,
        false => moment
            .now
            .checked_add_days(Days::new(1))
            .map(|at| at.timestamp_millis()),
    };
    Ok(SaveRow {
        customer: row.customer,
        score: score(&facts),
        next_ms,
    })
}

/// An account's score as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct Ranked {
    /// Whose.
    pub customer_id: CustomerId,
    /// Its name.
    pub name: String,
    /// 0 (no risk) to 100.
    pub score: i64,
    /// `low` to `critical`.
    pub band: String,
    /// Which facts count how much.
    pub reasons: Vec<Reason>,
    /// When it was scored: RFC 3339, UTC.
    pub scored_at: String,
}

#[derive(Deserialize)]
struct RankedRow {
    customer_id: CustomerId,
    name: String,
    score: i64,
    band: String,
    reasons: Vec<Reason>,
    scored_at: i64,
}

/// One fact and its weight.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reason {
    /// For programs.
    pub code: String,
    /// For people.
    pub detail: String,
    /// Points.
    pub weight: i64,
}

/// Scores, worst first, below the position (`score`, `customer`), in one band or all.
pub async fn ranked(
    db: &Db,
    below: Option<(i64, &str)>,
    band: Option<&str>,
    limit: u32,
) -> Result<Vec<Ranked>> {
    let (score, customer) = below.unwrap_or((101, ""));
    let rows: Vec<RankedRow> = match band {
        None => db.list(RANKED, params![score, customer, limit]).await?,
        Some(band) => {
            db.list(RANKED_IN_BAND, params![score, customer, limit, band])
                .await?
        }
    };
    rows.into_iter()
        .map(|row| {
            Ok(Ranked {
                customer_id: row.customer_id,
                name: row.name,
                score: row.score,
                band: row.band,
                reasons: row.reasons,
                scored_at: rfc3339(row.scored_at)?,
            })
        })
        .collect()
}

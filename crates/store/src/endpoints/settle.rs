//! Settling: what became of each delivery that was claimed, and what that means for its endpoint.

use super::deliveries::{Claimed, Try};
use super::{DISABLE, host};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::instants::{instant, rfc3339};
use crate::moment::{Moment, random};
use crate::params;
use chrono::{DateTime, Utc};
use receivables::endpoint::attempt::{self, Heard};
use receivables::id::EndpointId;
use serde::Serialize;
use std::collections::BTreeMap;

/// Attempts that are kept of a delivery: all there can be in three days, and then some of a replay.
const KEPT: usize = 16;

statements! {
    /// Whose lease is lost changes nothing: who holds it now records what it finds.
    SETTLE = "UPDATE webhook_deliveries SET status = j.value->>'status', due_at = j.value->>'due_ms', lease = NULL,
            first_at = coalesce(first_at, ?1), attempts = attempts + 1,
            tries = json_insert(iif(json_array_length(tries) >= ?3, json_remove(tries, '$[0]'), tries), '$[#]',
                json(j.value->'try'))
        FROM json_each(?2) AS j
        WHERE endpoint_id = j.value->>'endpoint' AND seq = j.value->>'seq' AND status = 'sending'
            AND lease = j.value->>'lease'
        RETURNING endpoint_id, seq";
    HEALTH = "UPDATE webhook_endpoints SET resting_until = max(resting_until, coalesce(j.value->>'rest_ms', 0)),
            failing_since = iif(j.value->>'well', NULL, coalesce(failing_since, ?1))
        FROM json_each(?2) AS j WHERE webhook_endpoints.id = j.value->>'endpoint'";
    FAILING = "SELECT json_object('endpoint', id, 'since_ms', failing_since) FROM webhook_endpoints
        WHERE id IN (SELECT value FROM json_each(?))";
}

/// What an endpoint answered.
#[derive(Debug, Clone)]
pub struct Answered {
    /// The status; none: there was no answer.
    pub status_code: Option<u16>,
    /// How long it took.
    pub ms: u64,
    /// The beginning of the answer, or why there is none.
    pub answer: String,
    /// Until when it wants to be left alone.
    pub retry_after: Option<DateTime<Utc>>,
}

/// What became of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It was taken.
    Delivered,
    /// It is tried again.
    Again,
    /// It is not tried again.
    Failed,
}

/// What a settlement counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Settled {
    /// Taken.
    pub delivered: usize,
    /// To be tried again.
    pub again: usize,
    /// Given up.
    pub failed: usize,
}

#[derive(Serialize)]
struct Row<'a> {
    endpoint: &'a EndpointId,
    seq: i64,
    lease: &'a str,
    status: &'static str,
    due_ms: Option<i64>,
    r#try: Try,
}

#[derive(Serialize)]
struct HealthRow<'a> {
    endpoint: &'a EndpointId,
    well: bool,
    rest_ms: Option<i64>,
}

#[derive(serde::Deserialize)]
struct FailingRow {
    endpoint: EndpointId,
    since_ms: Option<i64>,
}

/// Records what became of each delivery. An endpoint that answers 410 is disabled at once; one at which a delivery was
/// tried for three days, while nothing else was taken either, is disabled too. The others are told of both.
pub async fn settle(tx: &Tx<'_>, moment: Moment, answered: &[(Claimed, Answered)]) -> Result<Settled> {
    let mut rows = Vec::with_capacity(answered.len());
    let mut outcomes = Vec::with_capacity(answered.len());
    let mut health: BTreeMap<&EndpointId, HealthRow<'_>> = BTreeMap::new();
    for (claimed, answer) in answered {
        let (outcome, due) = judged(moment, claimed, answer)?;
        outcomes.push(outcome);
        let well = outcome == Outcome::Delivered;
        let rest = attempt::rest(moment.now, answer.retry_after.filter(|_| !well));
        let standing = health.entry(&claimed.endpoint).or_insert(HealthRow {
            endpoint: &claimed.endpoint,
            well: false,
            rest_ms: None,
        });
        standing.well |= well;
        standing.rest_ms = standing.rest_ms.max(rest.map(|rest| rest.timestamp_millis()));
        rows.push(Row {
            endpoint: &claimed.endpoint,
            seq: claimed.seq,
            lease: &claimed.lease,
            status: match outcome {
                Outcome::Delivered => "delivered",
                Outcome::Again => "waiting",
                Outcome::Failed => "failed",
            },
            due_ms: due.map(|due| due.timestamp_millis()),
            r#try: Try {
                at: rfc3339(moment.ms())?,
                status_code: answer.status_code,
                ms: answer.ms,
                answer: answer.answer.clone(),
            },
        });
    }
    let kept = i64::try_from(KEPT).unwrap_or(i64::MAX);
    let stored = tx
        .rows(SETTLE, params![moment.ms(), serde_json::to_string(&rows)?, kept])
        .await?;
    let health: Vec<HealthRow<'_>> = health.into_values().collect();
    tx.run(HEALTH, params![moment.ms(), serde_json::to_string(&health)?])
        .await?;
    let mut settled = Settled::default();
    for row in &stored {
        let (endpoint, seq) = (row.text(0)?, row.int(1)?);
        let mut both = answered.iter().zip(&outcomes);
        let outcome =
            both.find(|((claimed, _), _)| claimed.endpoint.as_str() == endpoint && claimed.seq == seq);
        match outcome.map(|(_, outcome)| outcome) {
            Some(Outcome::Delivered) => settled.delivered = settled.delivered.saturating_add(1),
            Some(Outcome::Again) => settled.again = settled.again.saturating_add(1),
            Some(Outcome::Failed) => settled.failed = settled.failed.saturating_add(1),
            None => {}
        }
    }
    disable(tx, moment, answered, &outcomes).await?;
    Ok(settled)
}

fn judged(moment: Moment, claimed: &Claimed, answer: &Answered) -> Result<(Outcome, Option<DateTime<Utc>>)> {
    match answer.status_code.map(attempt::heard) {
        Some(Heard::Taken) => return Ok((Outcome::Delivered, None)),
        Some(Heard::Gone) => return Ok((Outcome::Failed, None)),
        Some(Heard::NotNow) | None => {}
    }
    let jitter = u16::from_le_bytes(random()?) % 1001;
    let first = claimed.first_at.unwrap_or(moment.now);
    let attempts = claimed.attempts.saturating_add(1);
    let again = attempt::again(attempts, first, moment.now, answer.retry_after, jitter);
    Ok(match again {
        Some(at) => (Outcome::Again, Some(at)),
        None => (Outcome::Failed, None),
    })
}

/// Disables the endpoints that are to be, and tells the others.
async fn disable(
    tx: &Tx<'_>,
    moment: Moment,
    answered: &[(Claimed, Answered)],
    outcomes: &[Outcome],
) -> Result<()> {
    let failed = answered
        .iter()
        .zip(outcomes)
        .filter(|(_, outcome)| **outcome == Outcome::Failed);
    let failed: Vec<&(Claimed, Answered)> = failed.map(|(both, _)| both).collect();
    if failed.is_empty() {
        return Ok(());
    }
    let ids: Vec<&EndpointId> = failed.iter().map(|(claimed, _)| &claimed.endpoint).collect();
    let failing: Vec<FailingRow> = tx.list(FAILING, params![serde_json::to_string(&ids)?]).await?;
    let mut told = Vec::new();
    for (claimed, answer) in failed {
        let gone = answer
            .status_code
            .is_some_and(|status| attempt::heard(status) == Heard::Gone);
        let since = failing
            .iter()
            .find(|row| row.endpoint == claimed.endpoint)
            .and_then(|row| row.since_ms);
        // Something else was taken since: it is this event that the endpoint does not like.
        let all_along = since.is_some_and(|since| {
            claimed
                .first_at
                .is_some_and(|first| since <= first.timestamp_millis())
        });
        if !gone && !all_along {
            continue;
        }
        let why = if gone { "gone" } else { "failing" };
        let parameters = params![claimed.endpoint.as_str(), why, moment.ms()];
        if tx.row(DISABLE, parameters).await?.is_none() {
            continue;
        }
        let since = since.map(instant).transpose()?;
        let since = since.map(|since| rfc3339(since.timestamp_millis())).transpose()?;
        let about = serde_json::json!({"endpoint": claimed.endpoint, "host": host(&claimed.url),
            "description": claimed.description, "why": why, "failing_since": since});
        told.push(Event::general("endpoint.disabled", about));
    }
    events::record(tx, moment, &told).await
}

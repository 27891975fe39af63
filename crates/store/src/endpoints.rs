//! Endpoints: where Dunlin's events are sent.
//!
//! **No secret rests here.** What signs an endpoint's deliveries is derived from the deployment's signing key, the
//! endpoint's id and `secret_version`; whoever reads the database cannot sign. **Nothing is lost.** `cursor` is the last
//! event that was looked at for an endpoint; one that is disabled keeps it and goes on from there.

pub mod deliveries;
mod settle;

pub use settle::{Answered, Outcome, Settled, settle};

use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::{instant, rfc3339};
use crate::moment::Moment;
use crate::params;
use chrono::{DateTime, TimeDelta, Utc};
use receivables::endpoint::{EndpointChange, EndpointInput};
use receivables::id::EndpointId;
use serde::{Deserialize, Serialize};

/// How long the secret before a rotation still signs beside the new one: whoever verifies has a day to take it over.
pub const OVERLAP: TimeDelta = TimeDelta::days(1);

macro_rules! select_endpoint {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', id, 'url', url, 'description', description, 'types', json(types),
                'status', status, 'why', why, 'secret_version', secret_version, 'rotated_ms', rotated_at,
                'failing_ms', failing_since, 'resting_ms', resting_until, 'disabled_ms', disabled_at,
                'created_ms', created_at) FROM webhook_endpoints ",
            $which
        )
    };
}

statements! {
    /// From now on: what happened before is told by a replay.
    CREATE = "INSERT INTO webhook_endpoints (id, url, description, types, status, cursor, created_at)
        VALUES (?1, ?2, ?3, ?4, 'enabled', (SELECT coalesce(max(seq), 0) FROM events), ?5)";
    ONE = select_endpoint!("WHERE id = ? AND status <> 'deleted'");
    LIST = select_endpoint!("WHERE id > ?1 AND status <> 'deleted' ORDER BY id LIMIT ?2");
    OF_STATUS = select_endpoint!("WHERE status = ?3 AND id > ?1 ORDER BY id LIMIT ?2");
    CHANGE = "UPDATE webhook_endpoints SET url = coalesce(?2, url), types = coalesce(?3, types),
            description = coalesce(?4, description) WHERE id = ?1 AND status <> 'deleted' RETURNING id";
    DELETE = "UPDATE webhook_endpoints SET status = 'deleted', why = NULL, disabled_at = NULL
        WHERE id = ? AND status <> 'deleted' RETURNING id";
    ROTATE = "UPDATE webhook_endpoints SET secret_version = secret_version + 1, rotated_at = ?2
        WHERE id = ?1 AND status <> 'deleted' RETURNING id";
    ENABLE = "UPDATE webhook_endpoints SET status = 'enabled', why = NULL, disabled_at = NULL, failing_since = NULL,
            resting_until = 0 WHERE id = ? AND status = 'disabled' RETURNING id";
    DISABLE = "UPDATE webhook_endpoints SET status = 'disabled', why = ?2, disabled_at = ?3
        WHERE id = ?1 AND status = 'enabled' RETURNING failing_since";
}

#[derive(Debug, Clone, Deserialize)]
struct Row {
    id: EndpointId,
    url: String,
    description: Option<String>,
    types: Vec<String>,
    status: String,
    why: Option<String>,
    secret_version: i64,
    rotated_ms: Option<i64>,
    failing_ms: Option<i64>,
    resting_ms: i64,
    disabled_ms: Option<i64>,
    created_ms: i64,
}

/// An endpoint as the API shows it; never its secret.
#[derive(Debug, Clone, Serialize)]
pub struct EndpointView {
    /// Ours.
    pub id: EndpointId,
    /// Where.
    pub url: String,
    /// Which events; empty: all.
    pub types: Vec<String>,
    /// For people.
    pub description: Option<String>,
    /// `enabled` or `disabled`.
    pub status: String,
    /// Why it is disabled: `gone` (it answered 410) or `failing` (for three days).
    pub why: Option<String>,
    /// Since when.
    pub disabled_at: Option<String>,
    /// Since when nothing was delivered although it was tried.
    pub failing_since: Option<String>,
    /// Until when it asked to be left alone.
    pub resting_until: Option<String>,
    /// When its secret was changed last.
    pub rotated_at: Option<String>,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// The host of its address: path and query may hold what only its owner knows.
    #[serde(skip)]
    pub host: String,
    /// What its secret is derived from.
    #[serde(skip)]
    pub secrets: SecretVersions,
}

/// Which secrets of an endpoint sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub struct SecretVersions {
    /// The one that is shown when it is made.
    pub current: i64,
    /// When it took the place of the one before.
    pub rotated_at: Option<DateTime<Utc>>,
}

impl SecretVersions {
    /// The versions that sign at an instant, the current one first.
    pub fn signing(self, now: DateTime<Utc>) -> impl Iterator<Item = i64> {
        let before = self
            .rotated_at
            .and_then(|at| at.checked_add_signed(OVERLAP))
            .is_some_and(|until| now < until)
            .then(|| self.current.saturating_sub(1));
        std::iter::once(self.current).chain(before)
    }
}

impl Row {
    fn view(self) -> Result<EndpointView> {
        let text = |ms: Option<i64>| ms.map(rfc3339).transpose();
        Ok(EndpointView {
            secrets: SecretVersions {
                current: self.secret_version,
                rotated_at: self.rotated_ms.map(instant).transpose()?,
            },
            id: self.id,
            host: host(&self.url).to_owned(),
            url: self.url,
            types: self.types,
            description: self.description,
            status: self.status,
            why: self.why,
            disabled_at: text(self.disabled_ms)?,
            failing_since: text(self.failing_ms)?,
            resting_until: text((self.resting_ms > 0).then_some(self.resting_ms))?,
            rotated_at: text(self.rotated_ms)?,
            created_at: rfc3339(self.created_ms)?,
        })
    }
}

/// The host of an address.
fn host(url: &str) -> &str {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.split(['/', '?']).next().unwrap_or_default()
}

/// Makes an endpoint, which is told of what happens from now on.
pub async fn create(tx: &Tx<'_>, moment: Moment, id: &EndpointId, input: &EndpointInput) -> Result<()> {
    let types = serde_json::to_string(&input.types)?;
    let (url, description) = (input.url.as_str(), input.description.as_deref());
    tx.run(CREATE, params![id.as_str(), url, description, types, moment.ms()])
        .await
}

/// One endpoint.
pub async fn one(db: &Db, id: &EndpointId) -> Result<Option<EndpointView>> {
    let row: Option<Row> = db.find(ONE, params![id.as_str()]).await?;
    row.map(Row::view).transpose()
}

/// Endpoints after an id, the oldest first.
pub async fn list(db: &Db, status: Option<&str>, after: &str, limit: u32) -> Result<Vec<EndpointView>> {
    let rows: Vec<Row> = match status {
        None => db.list(LIST, params![after, limit]).await?,
        Some(status) => db.list(OF_STATUS, params![after, limit, status]).await?,
    };
    rows.into_iter().map(Row::view).collect()
}

/// Changes what is named of an endpoint. False: there is none.
pub async fn change(tx: &Tx<'_>, id: &EndpointId, change: &EndpointChange) -> Result<bool> {
    let types = change.types.as_ref().map(serde_json::to_string).transpose()?;
    let (url, description) = (change.url.as_deref(), change.description.as_deref());
    let changed = tx
        .row(CHANGE, params![id.as_str(), url, types, description])
        .await?;
    Ok(changed.is_some())
}

/// Deletes an endpoint: nothing is sent there any more. False: there is none.
pub async fn delete(tx: &Tx<'_>, id: &EndpointId) -> Result<bool> {
    Ok(tx.row(DELETE, params![id.as_str()]).await?.is_some())
}

/// Gives an endpoint a new secret. False: there is none.
pub async fn rotate(tx: &Tx<'_>, moment: Moment, id: &EndpointId) -> Result<bool> {
    Ok(tx.row(ROTATE, params![id.as_str(), moment.ms()]).await?.is_some())
}

/// Lets an endpoint be told again: what it missed, and what could not be delivered, is tried anew. One that is enabled
/// stays as it is. False: there is none.
pub async fn enable(tx: &Tx<'_>, moment: Moment, id: &EndpointId) -> Result<bool> {
    if tx.row(ENABLE, params![id.as_str()]).await?.is_some() {
        deliveries::anew(tx, moment, id).await?;
        return Ok(true);
    }
    Ok(one(tx, id).await?.is_some())
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, deliveries::ALL, settle::ALL].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_before_a_rotation_signs_for_a_day() {
        let at = |text: &str| text.parse::<DateTime<Utc>>().unwrap();
        let rotated = SecretVersions {
            current: 3,
            rotated_at: Some(at("2026-01-12T09:00:00Z")),
        };
        let signing = |versions: SecretVersions, now| versions.signing(at(now)).collect::<Vec<_>>();
        assert_eq!(signing(rotated, "2026-01-13T08:59:59Z"), [3, 2]);
        assert_eq!(signing(rotated, "2026-01-13T09:00:00Z"), [3]);
        let first = SecretVersions {
            current: 1,
            rotated_at: None,
        };
        assert_eq!(signing(first, "2026-01-12T09:00:00Z"), [1]);
    }
}

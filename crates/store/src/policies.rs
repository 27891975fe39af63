//! Policies and pools: every version that was ever in force, and which of them a case is under.
//!
//! **Shape.** A version is immutable. The one in force of a name is the latest that is effective. A case that is under
//! way keeps its version (`cases.policy_id`) until nothing that was dunned is open any more; another is assigned
//! anew whenever it is planned. A [`Book`] holds what one call needs of them, read with one statement.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::{Result, StoreError};
use crate::moment::Moment;
use crate::params;
use crate::{dunning, instants, rfc3339};
use chrono::NaiveDate;
use receivables::country::Country;
use receivables::dunning::RestDays;
use receivables::id::{CustomerId, PolicyId};
use receivables::policy::Policy;
use receivables::policy::assign::{Account, Assigned, Pool};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A version as a document.
macro_rules! select_version {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', id, 'name', name, 'version', version, 'effective_on', effective_on,
                'created_at', created_at, 'created_by', created_by, 'body', json(body)) FROM policies ",
            $which
        )
    };
}

statements! {
    BOOK = "SELECT json_object(
            'versions', json((SELECT json_group_array(json_object('id', p.id, 'name', p.name, 'version', p.version,
                'current', p.id = q.current, 'body', json(p.body)))
                FROM (SELECT name, (SELECT v.id FROM policies v WHERE v.name = n.name AND v.effective_on <= ?1
                        ORDER BY v.version DESC LIMIT 1) AS current FROM (SELECT DISTINCT name FROM policies) n) q
                JOIN policies p ON p.name = q.name
                    AND (p.id = q.current OR p.id IN (SELECT value FROM json_each(?2))))),
            'pools', json((SELECT json_group_array(json_object('name', name, 'policy', policy, 'rule', json(rule)))
                FROM (SELECT name, policy, rule FROM pools ORDER BY position))),
            'rest_days', json((SELECT json_group_array(json_object('country', country, 'region', region, 'on', day_on,
                'name', name)) FROM rest_days)))";
    NEWEST = "SELECT coalesce(max(version), 0) FROM policies WHERE name = ?";
    INSERT = "INSERT INTO policies (id, name, version, effective_on, body, created_by, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?)";
    IN_FORCE = select_version!("WHERE name = ?1 AND effective_on <= ?2 ORDER BY version DESC LIMIT 1");
    VERSION = select_version!("WHERE name = ?1 AND version = ?2");
    VERSIONS = select_version!("WHERE name = ?1 ORDER BY version DESC LIMIT ?2");
    NAMES = select_version!("WHERE id IN (SELECT (SELECT v.id FROM policies v WHERE v.name = n.name
            ORDER BY v.effective_on <= ?1 DESC, v.version DESC LIMIT 1)
        FROM (SELECT DISTINCT name FROM policies) n) ORDER BY name");
    CLEAR_POOLS = "DELETE FROM pools";
    INSERT_POOLS = "INSERT INTO pools (position, name, policy, rule)
        SELECT j.key, j.value->>'name', j.value->>'policy', j.value->'rule' FROM json_each(?) AS j";
    // A policy that changes is looked at by the sweep for every case that is not settled: once.
    TOUCH = "UPDATE cases SET next_action_at = min(coalesce(next_action_at, ?1), ?1), next_step = NULL, next_why = NULL
        WHERE balance_minor > 0 AND (next_action_at IS NULL OR next_action_at > ?1)";
    // And by the statement run for every customer whose turn has not come.
    TOUCH_STATEMENTS = "UPDATE customers SET statement_at = 0 WHERE statement_at > ?";
    UNPIN = "UPDATE cases SET policy_id = NULL WHERE customer_id = ?";
    GIVE = "UPDATE customers SET policy = ?2, updated_at = ?3,
            statement_at = iif(statement_at > ?3, 0, statement_at) WHERE id = ?1 RETURNING id";
    POOLS = "SELECT json_object('name', name, 'policy', policy, 'rule', json(rule)) FROM pools ORDER BY position";
    REST_DAYS = "SELECT json_object('country', country, 'region', region, 'on', day_on, 'name', name)
        FROM rest_days WHERE country = ? ORDER BY day_on, region";
    CLEAR_REST_DAYS = "DELETE FROM rest_days WHERE country = ?";
    INSERT_REST_DAYS = "INSERT INTO rest_days (country, region, day_on, name)
        SELECT j.value->>'country', j.value->>'region', j.value->>'on', j.value->>'name' FROM json_each(?) AS j";
}

#[derive(Deserialize)]
struct BookRow {
    versions: Vec<VersionRow>,
    pools: Vec<serde_json::Value>,
    rest_days: Vec<RestDay>,
}

/// A day of rest that an administrator added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestDay {
    /// Where.
    pub country: Country,
    /// Of which part of the country; empty: all of it.
    pub region: String,
    /// Which day.
    pub on: NaiveDate,
    /// Its name.
    pub name: String,
}

#[derive(Deserialize)]
struct VersionRow {
    id: PolicyId,
    name: String,
    version: u32,
    current: Option<i64>,
    body: serde_json::Value,
}

/// One version of a policy, as it decides.
#[derive(Debug)]
pub struct Version {
    /// Its id.
    pub id: PolicyId,
    /// Which of that name.
    pub version: u32,
    /// What it says.
    pub policy: Policy,
}

/// The policies that are in force, those that cases are pinned to, and the pools.
pub struct Book {
    by_id: BTreeMap<PolicyId, Arc<Version>>,
    current: BTreeMap<String, Arc<Version>>,
    pools: Vec<Pool>,
    rest_days: Vec<RestDay>,
}

/// The version that decides about a case, and why it does.
#[derive(Debug, Clone)]
pub struct Ruling {
    /// The version.
    pub version: Arc<Version>,
    /// Why, in a sentence.
    pub why: String,
}

impl Book {
    /// What is in force now, and the versions of `pinned`.
    pub async fn load(db: &Db, moment: Moment, pinned: &BTreeSet<&PolicyId>) -> Result<Book> {
        let today = moment.now.date_naive().to_string();
        let row: Option<BookRow> = db
            .find(BOOK, params![today, serde_json::to_string(pinned)?])
            .await?;
        let row = row.ok_or_else(|| StoreError::Decode("the policies cannot be read".to_owned()))?;
        let (mut by_id, mut current) = (BTreeMap::new(), BTreeMap::new());
        for found in row.versions {
            let version = Arc::new(Version {
                policy: read(&found.body)?,
                id: found.id,
                version: found.version,
            });
            if found.current == Some(1) {
                current.insert(found.name, Arc::clone(&version));
            }
            by_id.insert(version.id.clone(), version);
        }
        let pools = serde_json::json!({ "pools": row.pools });
        let pools = Pool::parse_all(&pools).map_err(|problems| unreadable("pools", &problems))?;
        Ok(Book {
            by_id,
            current,
            pools,
            rest_days: row.rest_days,
        })
    }

    /// The version that decides about a case: the one it keeps while it is under way, else the one assigned now.
    pub fn ruling(&self, account: &Account, kept: Option<&PolicyId>) -> Result<Ruling> {
        if let Some(version) = kept.and_then(|id| self.by_id.get(id)) {
            let why = format!("the case began under version {} and keeps it", version.version);
            return Ok(Ruling {
                version: Arc::clone(version),
                why,
            });
        }
        let Assigned { policy, why } = account.assign(&self.pools, |name| self.current.contains_key(name));
        let version = self
            .current
            .get(&policy)
            .ok_or_else(|| StoreError::Decode(format!("there is no policy {policy}")))?;
        Ok(Ruling {
            version: Arc::clone(version),
            why,
        })
    }

    /// The version that is in force under a name.
    pub fn in_force(&self, name: &str) -> Option<&Arc<Version>> {
        self.current.get(name)
    }

    /// A version by its id; failing that, the one in force under a name.
    pub(crate) fn of_message(&self, id: Option<&PolicyId>, name: &str) -> Option<&Arc<Version>> {
        id.and_then(|id| self.by_id.get(id))
            .or_else(|| self.in_force(name))
    }

    /// Addresses of everybody on our own side whom a policy names.
    pub(crate) fn colleagues(&self) -> impl Iterator<Item = &str> {
        let versions = self.by_id.values();
        versions.flat_map(|version| version.policy.colleagues.values().map(String::as_str))
    }

    /// The days of rest of a place, added ones included.
    pub(crate) fn rest(&self, country: Country, region: Option<&str>) -> RestDays {
        let here = |day: &&RestDay| {
            let there = day.region.is_empty()
                || region.is_some_and(|region| region.eq_ignore_ascii_case(&day.region));
            day.country == country && there
        };
        let added = self.rest_days.iter().filter(here);
        RestDays {
            added: added.map(|day| (day.on, day.name.clone())).collect(),
            ..RestDays::of(country, region)
        }
    }
}

fn read(body: &serde_json::Value) -> Result<Policy> {
    Policy::parse(body).map_err(|problems| unreadable("a policy", &problems))
}

fn unreadable(what: &str, problems: &[receivables::fields::FieldError]) -> StoreError {
    StoreError::Decode(format!("{what} cannot be read: {problems:?}"))
}

#[derive(Deserialize)]
struct PolicyRow {
    id: PolicyId,
    name: String,
    version: u32,
    effective_on: NaiveDate,
    created_at: i64,
    created_by: String,
    body: serde_json::Value,
}

/// A version as the API shows it: the policy, and which version it is.
#[derive(Debug, Clone, Serialize)]
pub struct PolicyView {
    /// What it says.
    #[serde(flatten)]
    pub policy: Policy,
    /// Its id.
    pub id: PolicyId,
    /// Which of that name, from 1.
    pub version: u32,
    /// The first day on which it decides.
    pub effective_on: NaiveDate,
    /// RFC 3339, UTC.
    pub created_at: String,
    /// Whose key wrote it.
    pub created_by: String,
}

impl PolicyRow {
    fn view(self) -> Result<PolicyView> {
        Ok(PolicyView {
            policy: Policy {
                name: self.name,
                ..read(&self.body)?
            },
            id: self.id,
            version: self.version,
            effective_on: self.effective_on,
            created_at: rfc3339(self.created_at)?,
            created_by: self.created_by,
        })
    }
}

/// The version in force under a name; or another, by number.
pub async fn policy(db: &Db, moment: Moment, name: &str, version: Option<u32>) -> Result<Option<PolicyView>> {
    let row: Option<PolicyRow> = match version {
        None => {
            let today = moment.now.date_naive().to_string();
            db.find(IN_FORCE, params![name, today]).await?
        }
        Some(version) => db.find(VERSION, params![name, version]).await?,
    };
    row.map(PolicyRow::view).transpose()
}

/// The versions of a name, the newest first.
pub async fn versions(db: &Db, name: &str, limit: u32) -> Result<Vec<PolicyView>> {
    let rows: Vec<PolicyRow> = db.list(VERSIONS, params![name, limit]).await?;
    rows.into_iter().map(PolicyRow::view).collect()
}

/// Every policy as it is in force; one that is not yet, as it will be.
pub async fn policies(db: &Db, moment: Moment) -> Result<Vec<PolicyView>> {
    let today = moment.now.date_naive().to_string();
    let rows: Vec<PolicyRow> = db.list(NAMES, params![today]).await?;
    rows.into_iter().map(PolicyRow::view).collect()
}

/// Adds a version of a policy, in force from `effective_on`; the same as the newest again adds nothing. Whether one
/// was added, and its number.
pub async fn put(
    tx: &Tx<'_>,
    moment: Moment,
    policy: &Policy,
    effective_on: NaiveDate,
    by: &str,
) -> Result<(bool, u32)> {
    let name = policy.name.as_str();
    let newest = tx
        .row(NEWEST, params![name])
        .await?
        .map_or(Ok(0), |row| row.int(0))?;
    let newest = u32::try_from(newest).map_err(|error| StoreError::Decode(error.to_string()))?;
    if let Some(view) = self::policy(tx, moment, name, Some(newest)).await?
        && view.policy == *policy
        && view.effective_on <= effective_on
    {
        return Ok((false, newest));
    }
    let version = newest.saturating_add(1);
    tx.run(
        INSERT,
        params![
            moment.id(PolicyId::from_parts)?.as_str(),
            name,
            version,
            effective_on.to_string(),
            serde_json::to_string(policy)?,
            by,
            moment.ms(),
        ],
    )
    .await?;
    touch(tx, moment, effective_on).await?;
    Ok((true, version))
}

/// Puts other pools in the place of those there are.
pub async fn put_pools(tx: &Tx<'_>, moment: Moment, pools: &[Pool]) -> Result<()> {
    tx.run(CLEAR_POOLS, params![]).await?;
    tx.run(INSERT_POOLS, params![serde_json::to_string(pools)?])
        .await?;
    touch(tx, moment, moment.now.date_naive()).await
}

/// Has the sweep look at every open case once a day has come.
pub(crate) async fn touch(tx: &Tx<'_>, moment: Moment, on: NaiveDate) -> Result<()> {
    let at = instants::start_of(on).max(moment.ms());
    tx.run(TOUCH, params![at]).await?;
    tx.run(TOUCH_STATEMENTS, params![moment.ms()]).await
}

/// Whether there is a policy of a name.
pub async fn exists(db: &Db, name: &str) -> Result<bool> {
    Ok(db
        .row(NEWEST, params![name])
        .await?
        .map_or(Ok(0), |row| row.int(0))?
        > 0)
}

/// What became of giving a customer a policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Given {
    /// It has it.
    Done,
    /// There is no such customer.
    NoCustomer,
    /// There is no such policy.
    NoPolicy,
}

/// Gives a customer a policy of its own; `None`: the one of its pool, or the default. Cases that are under way keep the
/// version they began under, unless they are moved on purpose.
pub async fn give(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    policy: Option<&str>,
    move_now: bool,
) -> Result<Given> {
    if let Some(name) = policy
        && !exists(tx, name).await?
    {
        return Ok(Given::NoPolicy);
    }
    if tx
        .row(GIVE, params![customer.as_str(), policy, moment.ms()])
        .await?
        .is_none()
    {
        return Ok(Given::NoCustomer);
    }
    if move_now {
        tx.run(UNPIN, params![customer.as_str()]).await?;
    }
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "policy_given",
        title: policy.map_or("Policy by pool".to_owned(), |name| format!("Policy {name}")),
        detail: match move_now {
            true => "Cases that are under way follow at once.".to_owned(),
            false => "Cases that are under way keep the version they began under.".to_owned(),
        },
        refers_to: None,
    };
    activities::record(tx, moment, &[activity]).await?;
    dunning::replan(tx, moment, &BTreeSet::from([customer.clone()])).await?;
    Ok(Given::Done)
}

/// The pools, in the order in which they are tried.
pub async fn pools(db: &Db) -> Result<Vec<Pool>> {
    let pools: Vec<serde_json::Value> = db.list(POOLS, params![]).await?;
    let pools = serde_json::json!({ "pools": pools });
    Pool::parse_all(&pools).map_err(|problems| unreadable("pools", &problems))
}

/// The days of rest that were added for a country.
pub async fn rest_days(db: &Db, country: Country) -> Result<Vec<RestDay>> {
    db.list(REST_DAYS, params![country.code()]).await
}

/// Puts other days of rest in the place of those that were added for a country.
pub async fn put_rest_days(tx: &Tx<'_>, moment: Moment, country: Country, days: &[RestDay]) -> Result<()> {
    tx.run(CLEAR_REST_DAYS, params![country.code()]).await?;
    tx.run(INSERT_REST_DAYS, params![serde_json::to_string(days)?])
        .await?;
    touch(tx, moment, moment.now.date_naive()).await
}

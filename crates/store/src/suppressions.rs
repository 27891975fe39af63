//! Addresses that must not be written to.
//!
//! **Shape.** The latest evidence against an address and the latest word for it, each with when it happened: whichever
//! is later counts, in whatever order we hear of them. The view `suppressed` is what counts now.

use crate::activities::{self, Activity};
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::moment::Moment;
use crate::params;
use crate::telephone::phone_key;
use chrono::{DateTime, Utc};
use receivables::channel::Channel;
use receivables::id::CustomerId;
use receivables::suppression::{Reason, key};
use serde::{Deserialize, Serialize};

statements! {
    // Of two at one instant the same one wins in any order.
    ADD = "INSERT INTO suppressions (address, channel, reason, source, detail, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
        ON CONFLICT (address, channel) DO UPDATE SET reason = excluded.reason, source = excluded.source,
            detail = excluded.detail, created_at = excluded.created_at
        WHERE (excluded.created_at, excluded.reason) > (suppressions.created_at, suppressions.reason)";
    LIFT = "INSERT INTO suppression_lifts (address, channel, lifted_at) VALUES (?1, ?2, ?3)
        ON CONFLICT (address, channel) DO UPDATE SET lifted_at = max(suppression_lifts.lifted_at, excluded.lifted_at)";
    ONE = "SELECT reason FROM suppressed WHERE address = ?1 AND channel = ?2";
    LIST = "SELECT json_object('address', address, 'channel', nullif(channel, ''), 'reason', reason, 'source', source,
            'detail', detail, 'created_at', created_at) FROM suppressed WHERE (address, channel) > (?1, ?2)
        ORDER BY address, channel LIMIT ?3";
    ADDRESSES = "SELECT json_array(email, phone) FROM contacts WHERE customer_id = ?";
    CUSTOMERS = concat!("SELECT customer_id FROM contacts WHERE lower(email) = ?1 AND email IS NOT NULL
        UNION SELECT customer_id FROM contacts WHERE ", phone_key!("phone"), " = ?1 AND phone IS NOT NULL");
}

/// What speaks against an address.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The address, in any spelling.
    pub address: &'a str,
    /// What it is.
    pub reason: Reason,
    /// Who says so.
    pub source: &'a str,
    /// In their words.
    pub detail: &'a str,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// A suppressed address as `GET /v1/suppressions` shows it.
#[derive(Debug, Clone, Serialize)]
pub struct SuppressionView {
    /// The address, in lower case; of a telephone number `+` and its digits.
    pub address: String,
    /// The only channel over which it must not be reached; none: whichever goes there.
    pub channel: Option<Channel>,
    /// Why.
    pub reason: Reason,
    /// Who says so.
    pub source: String,
    /// In their words.
    pub detail: String,
    /// When that was.
    pub created_at: String,
}

/// Adds evidence against whatever goes to an address. True: the address is suppressed by it and was not before.
pub async fn add(tx: &Tx<'_>, moment: Moment, evidence: &Evidence<'_>) -> Result<bool> {
    add_on(tx, moment, None, evidence).await
}

/// The same against one channel alone, where there is one: a telephone number may want no texts and take calls.
pub async fn add_on(
    tx: &Tx<'_>,
    moment: Moment,
    channel: Option<Channel>,
    evidence: &Evidence<'_>,
) -> Result<bool> {
    let address = key(evidence.address);
    let before = is_suppressed(tx, &address, channel).await?;
    tx.run(
        ADD,
        params![
            address.as_str(),
            name(channel),
            evidence.reason.as_str(),
            evidence.source,
            evidence.detail,
            evidence.at.timestamp_millis()
        ],
    )
    .await?;
    let new = !before && is_suppressed(tx, &address, channel).await?;
    if new {
        let detail = format!(
            "{} says: {} ({}). No message goes to this address{}.",
            evidence.source,
            evidence.detail,
            evidence.reason.as_str(),
            by(channel)
        );
        log(tx, moment, &address, "address_suppressed", "suppressed", &detail).await?;
    }
    Ok(new)
}

/// Lifts a suppression of whatever goes to an address as of `at`; `who`: a provider's or a key's name. True: it stood, and
/// stands no more.
pub async fn lift(tx: &Tx<'_>, moment: Moment, address: &str, at: DateTime<Utc>, who: &str) -> Result<bool> {
    lift_on(tx, moment, None, address, at, who).await
}

/// The same for one channel alone, where there is one.
pub async fn lift_on(
    tx: &Tx<'_>,
    moment: Moment,
    channel: Option<Channel>,
    address: &str,
    at: DateTime<Utc>,
    who: &str,
) -> Result<bool> {
    let address = key(address);
    let before = is_suppressed(tx, &address, channel).await?;
    tx.run(
        LIFT,
        params![address.as_str(), name(channel), at.timestamp_millis()],
    )
    .await?;
    let lifted = before && !is_suppressed(tx, &address, channel).await?;
    if lifted {
        let detail = format!(
            "Lifted by {who}. Messages may go to this address again{}.",
            by(channel)
        );
        log(
            tx,
            moment,
            &address,
            "address_lifted",
            "no longer suppressed",
            &detail,
        )
        .await?;
    }
    Ok(lifted)
}

async fn is_suppressed(db: &Db, address: &str, channel: Option<Channel>) -> Result<bool> {
    Ok(db.row(ONE, params![address, name(channel)]).await?.is_some())
}

/// As it stands on record.
fn name(channel: Option<Channel>) -> &'static str {
    channel.map_or("", Channel::as_str)
}

fn by(channel: Option<Channel>) -> String {
    channel.map_or_else(String::new, |channel| format!(" by {}", channel.as_str()))
}

/// Whether any customer has a contact with this address.
pub async fn is_a_contact(db: &Db, address: &str) -> Result<bool> {
    Ok(db.row(CUSTOMERS, params![key(address)]).await?.is_some())
}

/// Whether a contact of this customer has this address or telephone number, in any spelling.
pub async fn reaches(db: &Db, customer: &CustomerId, address: &str) -> Result<bool> {
    let wanted = key(address);
    let known: Vec<[Option<String>; 2]> = db.list(ADDRESSES, params![customer.as_str()]).await?;
    let mut known = known.iter().flatten().flatten();
    Ok(known.any(|address| key(address) == wanted))
}

/// On the timeline of everybody whose contact it is.
async fn log(
    tx: &Tx<'_>,
    moment: Moment,
    address: &str,
    kind: &'static str,
    what: &str,
    detail: &str,
) -> Result<()> {
    let mut lines = Vec::new();
    for row in tx.rows(CUSTOMERS, params![address]).await? {
        lines.push(Activity {
            customer_id: CustomerId::parse(row.text(0)?)
                .map_err(|error| crate::StoreError::Decode(error.to_string()))?,
            kind,
            title: format!("{address} {what}"),
            detail: detail.to_owned(),
            refers_to: None,
        });
    }
    activities::record(tx, moment, &lines).await
}

#[derive(Deserialize)]
struct Row {
    address: String,
    channel: Option<Channel>,
    reason: Reason,
    source: String,
    detail: String,
    created_at: i64,
}

/// Suppressed addresses after the address and channel of `after`, in their alphabetical order.
pub async fn list(db: &Db, after: (&str, &str), limit: u32) -> Result<Vec<SuppressionView>> {
    let rows: Vec<Row> = db.list(LIST, params![after.0, after.1, limit]).await?;
    rows.into_iter()
        .map(|row| {
            Ok(SuppressionView {
                created_at: rfc3339(row.created_at)?,
                address: row.address,
                channel: row.channel,
                reason: row.reason,
                source: row.source,
                detail: row.detail,
            })
        })
        .collect()
}

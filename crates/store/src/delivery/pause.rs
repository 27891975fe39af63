//! Providers that want to be left alone for a while: nobody is sent to them until then, in this run or another. And how
//! much one has had of a day, where it is given no more than so much.

use super::Carrier;
use crate::db::{Db, Tx, statements};
use crate::error::Result;
use crate::instants::instant;
use crate::moment::Moment;
use crate::params;
use chrono::{DateTime, Utc};

statements! {
    PAUSE = "INSERT INTO provider_pauses (provider, until, why) VALUES (?1, ?2, ?3)
        ON CONFLICT (provider) DO UPDATE SET until = excluded.until, why = excluded.why
        WHERE excluded.until > provider_pauses.until";
    SENT_SINCE = "SELECT count(*) FROM messages WHERE provider = ?1 AND channel = ?2 AND sent_at >= ?3";
    PAUSED = "SELECT until FROM provider_pauses WHERE provider = ?1 AND until > ?2";
}

/// Leaves a provider alone until then; an earlier wish of its for longer stands.
pub async fn pause(tx: &Tx<'_>, provider: &str, until: DateTime<Utc>, why: &str) -> Result<()> {
    tx.run(PAUSE, params![provider, until.timestamp_millis(), why])
        .await
}

/// Until when a provider wants to be left alone, if it does.
pub async fn paused(db: &Db, provider: &str, moment: Moment) -> Result<Option<DateTime<Utc>>> {
    match db.row(PAUSED, params![provider, moment.ms()]).await? {
        Some(row) => Ok(Some(instant(row.int(0)?)?)),
        None => Ok(None),
    }
}

/// How many messages a carrier has had since then.
pub async fn sent_since(db: &Db, carrier: Carrier, since: DateTime<Utc>) -> Result<u64> {
    let parameters = params![carrier.name, carrier.channel.as_str(), since.timestamp_millis()];
    match db.row(SENT_SINCE, parameters).await? {
        Some(row) => Ok(u64::try_from(row.int(0)?).unwrap_or_default()),
        None => Ok(0),
    }
}

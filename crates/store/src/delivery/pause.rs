//! Providers that want to be left alone for a while: nobody is sent to them until then, in this run or another.

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

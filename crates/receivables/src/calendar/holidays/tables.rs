//! Which country rests when: one table a country, each with the law it follows.
//!
//! Names are English, since they are shown as the reason for a decision. A rule stands once, with the regions
//! that have it.

mod central;
mod eastern;
mod nordic;
mod overseas;
mod southern;
mod western;

use chrono::{NaiveDate, Weekday};

use super::rule::Rule;

/// The public holidays of a country.
#[derive(Debug)]
pub(super) struct Table {
    country: &'static str,
    regions: &'static [Region],
    /// The region whose holidays a customer has that names none.
    usual: Option<&'static str>,
    rules: &'static [Rule],
}

/// A part of a country with holidays of its own: its ISO 3166-2 code without the country's, and other names.
#[derive(Debug)]
struct Region(&'static str, &'static [&'static str]);

const TABLES: &[&Table] = &[
    &central::GERMANY,
    &central::AUSTRIA,
    &central::SWITZERLAND,
    &eastern::POLAND,
    &eastern::CZECHIA,
    &eastern::ROMANIA,
    &nordic::SWEDEN,
    &nordic::DENMARK,
    &nordic::NORWAY,
    &nordic::FINLAND,
    &overseas::UNITED_STATES,
    &overseas::INDIA,
    &southern::SPAIN,
    &southern::ITALY,
    &southern::PORTUGAL,
    &southern::GREECE,
    &western::FRANCE,
    &western::BELGIUM,
    &western::NETHERLANDS,
    &western::LUXEMBOURG,
    &western::IRELAND,
    &western::UNITED_KINGDOM,
];

const SATURDAY_SUNDAY: &[Weekday] = &[Weekday::Sat, Weekday::Sun];

/// Countries that rest on other days.
///
/// Source: Unicode CLDR, `supplementalData.xml`, `weekData` (`weekendStart`, `weekendEnd`); for Bangladesh,
/// Djibouti and the Maldives, on which it is silent, the hours of their public offices. Where only one day of the
/// week is free (as in India, where offices keep Saturday in part) two are kept here: to wait a day wrongs nobody.
const WEEKENDS: &[(&[&str], &[Weekday])] = &[
    (&["AF"], &[Weekday::Thu, Weekday::Fri]),
    (&["IR"], &[Weekday::Fri]),
    (
        &[
            "BD", "BH", "DJ", "DZ", "EG", "IL", "IQ", "JO", "KW", "LY", "MV", "OM", "QA", "SA", "SD", "SY",
            "YE",
        ],
        &[Weekday::Fri, Weekday::Sat],
    ),
];

/// A country's table.
pub(super) fn of(country: &str) -> Option<&'static Table> {
    TABLES.iter().find(|table| table.country == country).copied()
}

/// The days of the week on which a country rests.
pub(super) fn weekend(country: &str) -> &'static [Weekday] {
    WEEKENDS
        .iter()
        .find(|(countries, _)| countries.contains(&country))
        .map_or(SATURDAY_SUNDAY, |(_, days)| days)
}

impl Table {
    /// The region that a code or name stands for; the usual one where it stands for none.
    pub(super) fn region(&self, name: &str) -> Option<&'static str> {
        let name = name.trim().to_lowercase();
        let code = name
            .strip_prefix(&self.country.to_lowercase())
            .and_then(|rest| rest.strip_prefix('-'))
            .unwrap_or(&name);
        let is = |known: &str| known.to_lowercase() == code;
        self.regions
            .iter()
            .find(|Region(known, names)| is(known) || names.iter().any(|name| is(name)))
            .map(|Region(known, _)| *known)
            .or(self.usual)
    }

    /// The name of the holiday that a region has on a day.
    pub(super) fn name_on(&self, day: NaiveDate, region: Option<&str>) -> Option<&'static str> {
        self.rules
            .iter()
            .find(|rule| rule.is_kept_in(region) && rule.is_on(day))
            .map(|rule| rule.name)
    }

    /// The codes of its regions.
    #[cfg(test)]
    pub(super) fn regions(&self) -> impl Iterator<Item = &'static str> {
        self.regions.iter().map(|Region(code, _)| *code)
    }

    /// The codes that its rules name.
    #[cfg(test)]
    pub(super) fn regions_of_rules(&self) -> impl Iterator<Item = &'static str> {
        self.rules.iter().flat_map(Rule::regions)
    }
}

/// Every country with a table.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = (&'static str, &'static Table)> {
    TABLES.iter().map(|table| (table.country, *table))
}

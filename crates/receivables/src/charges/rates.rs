//! Reference rates: dated tables that statutes refer to.
//!
//! Shape: a [`Rates`] holds [`Entry`]s of several [`Series`]. Those that ship with Dunlin are below, each with
//! its source; an administrator adds others. On a day the entry with the latest first day counts, the
//! administrator's before a shipped one. Bounds: every entry is good for a bounded time. A rate of a half-year
//! ends with it; India's bank rate ends when the next is notified, and where none is known, after
//! [`CONFIRMED_FOR_DAYS`]. Refused: a rate of a half-year that does not begin with it, or outlasts it.
//!
//! Nothing is guessed: after the last entry there is no rate, and what needs one fails and says which.
//!
//! Source: each [`Series`] names the statute that refers to it; how long an entry is good is Dunlin's own rule,
//! except that a half-year's ends with it (Directive 2011/7/EU, Article 3(2); section 247(1) BGB; SI 2002/1675,
//! article 4).

use std::fmt;

use chrono::{Datelike, NaiveDate};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use super::percent::Percent;
use crate::calendar;
use crate::country::Country;
use crate::fields::{FieldError, Fields, Problem, kinds};
use crate::limits;

mod shipped;

/// How long India's bank rate is taken to stand without a word: the Monetary Policy Committee meets at least
/// four times a year (Reserve Bank of India Act 1934, section 45ZI(1)), so within half a year it has met, and
/// an administrator confirms what it left in place.
pub const CONFIRMED_FOR_DAYS: i64 = 183;

/// A series of reference rates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Series {
    /// `ecb_reference`: the European Central Bank's rate for main refinancing operations on 1 January and
    /// 1 July. Source: Directive 2011/7/EU, Articles 2(7)(a) and 3(2).
    EcbReference,
    /// `de_base_rate`: the base rate, Basiszinssatz. Source: section 247 BGB.
    DeBaseRate,
    /// `gb_bank_rate`: the Bank of England's rate on 31 December or 30 June, for interest that begins in the
    /// half-year after it. Source: SI 2002/1675, article 4.
    GbBankRate,
    /// `in_bank_rate`: the bank rate that the Reserve Bank of India notifies. Source: Micro, Small and Medium
    /// Enterprises Development Act 2006, section 16.
    InBankRate,
    /// `reference_se` and so on: the reference rate of a member state with a currency of its own. Source:
    /// Directive 2011/7/EU, Article 2(7)(b).
    National(Country),
}

/// Members of the European Union that have, or had within the years of the shipped table, a currency of
/// their own, and since when they have the euro (Council decisions of 12 July 2022 for Croatia and of 8 July 2025
/// for Bulgaria). Their series begin there with the European Central Bank's rates.
const NATIONAL: &[(&str, Option<(i32, u32)>)] = &[
    ("BG", Some((2026, 1))),
    ("CZ", None),
    ("DK", None),
    ("HR", Some((2023, 1))),
    ("HU", None),
    ("PL", None),
    ("RO", None),
    ("SE", None),
];

impl Series {
    /// Every series.
    pub fn all() -> impl Iterator<Item = Series> {
        let national = NATIONAL
            .iter()
            .filter_map(|(code, _)| Country::parse(code).map(Series::National));
        [
            Series::EcbReference,
            Series::DeBaseRate,
            Series::GbBankRate,
            Series::InBankRate,
        ]
        .into_iter()
        .chain(national)
    }

    /// The series of a name.
    pub fn parse(name: &str) -> Option<Series> {
        Series::all().find(|series| series.to_string() == name)
    }

    /// The reference rate of a member state of the European Union.
    pub fn of_member(country: Country) -> Series {
        let national = NATIONAL.iter().any(|(code, _)| *code == country.code());
        if national {
            Series::National(country)
        } else {
            Series::EcbReference
        }
    }

    /// The last day for which a rate that begins on `from` may be good. `None` where it cannot begin then.
    fn lasts(self, from: NaiveDate) -> Option<NaiveDate> {
        if self == Series::InBankRate {
            return Some(calendar::plus_days(from, CONFIRMED_FOR_DAYS));
        }
        match (from.month(), from.day()) {
            (1, 1) => NaiveDate::from_ymd_opt(from.year(), 6, 30),
            (7, 1) => NaiveDate::from_ymd_opt(from.year(), 12, 31),
            _ => None,
        }
    }
}

/// The name in the API.
impl fmt::Display for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Series::EcbReference => f.write_str("ecb_reference"),
            Series::DeBaseRate => f.write_str("de_base_rate"),
            Series::GbBankRate => f.write_str("gb_bank_rate"),
            Series::InBankRate => f.write_str("in_bank_rate"),
            Series::National(country) => write!(f, "reference_{}", country.code().to_ascii_lowercase()),
        }
    }
}

impl<'de> Deserialize<'de> for Series {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Series, D::Error> {
        let name = String::deserialize(deserializer)?;
        Series::parse(&name).ok_or_else(|| serde::de::Error::custom("no series of this name"))
    }
}

impl Serialize for Series {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// A rate and the days on which it is good.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// Of which series.
    #[serde(skip)]
    pub series: Series,
    /// Its first day.
    pub from: NaiveDate,
    /// Its last day, unless a later entry begins before.
    pub to: NaiveDate,
    /// The rate, a year. May be negative.
    pub percent: Percent,
    /// Where it was published.
    pub source: String,
    /// Whether it ships with Dunlin.
    pub shipped: bool,
}

impl Entry {
    /// Reads the entries that an administrator gives for a series, `{"entries": [{from, to?, percent, source}]}`;
    /// every problem at once.
    pub fn read_all(series: Series, value: &Value) -> Result<Vec<Entry>, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        if !fields.has("entries") {
            fields.report("entries", "required", "`entries` is required; it may be empty");
        }
        let entries = fields.objects("entries", limits::RATE_ENTRIES, |one| Entry::read(series, one));
        for (at, entry) in entries.iter().enumerate() {
            if entries.iter().take(at).any(|earlier| earlier.from == entry.from) {
                let detail = format!("there is an entry from {} already", entry.from);
                fields.report(&format!("entries/{at}/from"), "duplicate", detail);
            }
        }
        fields.finish(|| Some(entries))
    }

    fn read(series: Series, fields: &mut Fields<'_>) -> Option<Entry> {
        let from = fields.required("from", |value| {
            let from = kinds::date(value)?;
            let half_year = "this series has one rate a half-year: it begins on 1 January or 1 July";
            match series.lasts(from) {
                Some(last) => Ok((from, last)),
                None => Err(Problem::new("not_a_half_year", half_year)),
            }
        });
        let to = fields.optional("to", kinds::date);
        let percent = fields.required("percent", Percent::between(-100, limits::MAX_PERCENT));
        let source = fields.required("source", kinds::text(limits::TEXT));
        let (from, last) = from?;
        if let Some(to) = to
            && !(from..=last).contains(&to)
        {
            let detail = format!("a rate of this series from {from} is good until {last} at most");
            fields.report("to", "out_of_range", detail);
        }
        Some(Entry {
            series,
            from,
            to: to.unwrap_or(last),
            percent: percent?,
            source: source?,
            shipped: false,
        })
    }
}

/// Every rate that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rates {
    /// By series, then first day; of one day the administrator's comes last.
    entries: Vec<Entry>,
}

impl Rates {
    /// The rates that ship with Dunlin.
    pub fn shipped() -> Rates {
        Rates {
            entries: shipped::entries(),
        }
        .sorted()
    }

    /// No rate at all.
    pub fn none() -> Rates {
        Rates { entries: Vec::new() }
    }

    /// These and others, which come first where they speak about the same day.
    pub fn with(mut self, entries: impl IntoIterator<Item = Entry>) -> Rates {
        self.entries.extend(entries);
        self.sorted()
    }

    fn sorted(mut self) -> Rates {
        self.entries
            .sort_by_key(|entry| (entry.series, entry.from, !entry.shipped));
        self
    }

    /// The entries of a series, the earliest first.
    pub fn entries(&self, series: Series) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| entry.series == series)
    }

    /// The rate of a series on a day.
    pub fn on(&self, series: Series, day: NaiveDate) -> Option<Percent> {
        self.entries(series)
            .rfind(|entry| entry.from <= day)
            .filter(|entry| day <= entry.to)
            .map(|entry| entry.percent)
    }

    /// The days, within a period, that are the last before a rate changes, begins or ends.
    pub(super) fn cuts(
        &self,
        series: Series,
        from: NaiveDate,
        to: NaiveDate,
    ) -> impl Iterator<Item = NaiveDate> {
        self.entries(series)
            .flat_map(|entry| [calendar::plus_days(entry.from, -1), entry.to])
            .filter(move |day| (from..=to).contains(day))
    }

    /// The last day, up to `until`, of the gap that `day` lies in.
    pub(super) fn gap_ends(&self, series: Series, day: NaiveDate, until: NaiveDate) -> NaiveDate {
        self.entries(series)
            .map(|entry| calendar::plus_days(entry.from, -1))
            .find(|last| *last >= day)
            .map_or(until, |last| last.min(until))
    }
}

#[cfg(test)]
mod tests;

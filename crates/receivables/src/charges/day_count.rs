//! Day counts: which part of a year a number of civil days is.
//!
//! Source: 2006 ISDA Definitions, section 4.16.

use chrono::{Datelike, NaiveDate};
use serde::Serialize;

use crate::calendar;
use crate::names::names;

/// How days become a part of a year.
///
/// Source: 2006 ISDA Definitions, section 4.16 (b) actual/actual, (d) actual/365 fixed, (e) actual/360,
/// (g) 30E/360. Of the 30/360 family it is 30E because only there the days of two periods that follow one
/// another add up to those of both together, whatever the month.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DayCount {
    /// The days as they are, of 365, also in a leap year.
    #[serde(rename = "actual_365")]
    Actual365,
    /// The days as they are, of 360.
    #[serde(rename = "actual_360")]
    Actual360,
    /// Months of thirty days, years of 360.
    #[serde(rename = "thirty_360")]
    Thirty360,
    /// The days as they are, of 366 those in a leap year and of 365 the others.
    ActualActual,
}

/// So many days of a year of so many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct YearPart {
    /// The days, as the day count counts them.
    pub days: i64,
    /// The days of the year they are a part of: 360, 365 or 366.
    pub of: i64,
}

names! {
    DayCount {
        "actual_365" => Actual365,
        "actual_360" => Actual360,
        "thirty_360" => Thirty360,
        "actual_actual" => ActualActual,
    }
}

impl DayCount {
    /// The days after `after`, up to and with `to`. Where [`DayCount::ActualActual`] counts, all of them lie
    /// in one calendar year: a year's end is a [`DayCount::cut`].
    pub fn count(self, after: NaiveDate, to: NaiveDate) -> YearPart {
        let actual = calendar::days_between(after, to);
        let (days, of) = match self {
            DayCount::Actual365 => (actual, 365),
            DayCount::Actual360 => (actual, 360),
            DayCount::Thirty360 => (thirty(to).saturating_sub(thirty(after)), 360),
            DayCount::ActualActual if to.leap_year() => (actual, 366),
            DayCount::ActualActual => (actual, 365),
        };
        YearPart { days, of }
    }

    /// Whether days are counted otherwise after this one than until it.
    pub fn cut(self, day: NaiveDate) -> bool {
        self == DayCount::ActualActual && (day.month(), day.day()) == (12, 31)
    }
}

/// Days since the year 0 in months of thirty days; the 31st is the 30th.
fn thirty(day: NaiveDate) -> i64 {
    let months = i64::from(day.year())
        .saturating_mul(12)
        .saturating_add(i64::from(day.month0()));
    months
        .saturating_mul(30)
        .saturating_add(i64::from(day.day().min(30)))
}

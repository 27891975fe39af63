//! Spain, Italy, Portugal, Greece.

use chrono::{Datelike, NaiveDate, Weekday};

use super::super::rule::{Calendar, easter, easter_sunday, fixed, of, orthodox_easter};
use super::Table;
use crate::calendar::{days_between, plus_days};

/// Source: Estatuto de los Trabajadores (Real Decreto Legislativo 2/2015), article 37(2), and Real Decreto 2001/1983,
/// article 45: those of the whole country. What the autonomous communities put in their place, or add, they publish
/// each year.
pub(super) const SPAIN: Table = Table {
    country: "ES",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Good Friday", -2),
        fixed("Labour Day", 5, 1),
        fixed("Assumption Day", 8, 15),
        fixed("National Day", 10, 12),
        fixed("All Saints' Day", 11, 1),
        fixed("Constitution Day", 12, 6),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
    ],
};

/// Source: legge 27 maggio 1949, n. 260, article 2; Epiphany by D.P.R. 28 dicembre 1985, n. 792; 2 June by legge
/// 20 novembre 2000, n. 336; St Francis by legge 8 ottobre 2025, n. 151. A town's patron is its own.
pub(super) const ITALY: Table = Table {
    country: "IT",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Easter Sunday", 0),
        easter("Easter Monday", 1),
        fixed("Liberation Day", 4, 25),
        fixed("Labour Day", 5, 1),
        fixed("Republic Day", 6, 2),
        fixed("Assumption Day", 8, 15),
        fixed("St Francis of Assisi", 10, 4).since(2026),
        fixed("All Saints' Day", 11, 1),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
        fixed("St Stephen's Day", 12, 26),
    ],
};

/// Source: Código do Trabalho (Lei 7/2009), article 234(1), as restored by Lei 8/2016.
pub(super) const PORTUGAL: Table = Table {
    country: "PT",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0),
        fixed("Freedom Day", 4, 25),
        fixed("Labour Day", 5, 1),
        easter("Corpus Christi", 60),
        fixed("Portugal Day", 6, 10),
        fixed("Assumption Day", 8, 15),
        fixed("Republic Day", 10, 5),
        fixed("All Saints' Day", 11, 1),
        fixed("Restoration of Independence", 12, 1),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
    ],
};

/// Source: law 4808/2021, article 60, for businesses; Green Monday, Good Friday and Whit Monday, which offices and
/// banks keep, by royal decree 748/1966 and custom.
pub(super) const GREECE: Table = Table {
    country: "GR",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        orthodox_easter("Green Monday", -48),
        fixed("Independence Day", 3, 25),
        orthodox_easter("Good Friday", -2),
        orthodox_easter("Easter Monday", 1),
        of("Labour Day", greek_labour_day),
        orthodox_easter("Whit Monday", 50),
        fixed("Dormition of the Mother of God", 8, 15),
        fixed("Ohi Day", 10, 28),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};

/// 1 May; where that lies in Holy Week or on Easter, the minister of labour has it kept on the Tuesday after Easter
/// instead, and on another Sunday, on the Monday after.
fn greek_labour_day(year: i32) -> Option<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 5, 1)?;
    let easter = easter_sunday(year, Calendar::Julian)?;
    if (-6..=1).contains(&days_between(easter, first)) {
        return Some(plus_days(easter, 2));
    }
    let is_sunday = first.weekday() == Weekday::Sun;
    Some(plus_days(first, if is_sunday { 1 } else { 0 }))
}

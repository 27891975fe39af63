//! France, Belgium, the Netherlands, Luxembourg, Ireland, the United Kingdom.

use chrono::{Datelike, NaiveDate, Weekday};

use super::super::rule::{Moved, easter, fixed, last, nth, of, once};
use super::{Region, Table};

/// Source: Code du travail, article L3133-1; for Alsace and Moselle, article L3134-13 (Good Friday there only where
/// a parish has a Protestant church, which is nearly everywhere); for the days on which slavery was abolished,
/// article L3422-2 and décret 83-1003.
pub(super) const FRANCE: Table = Table {
    country: "FR",
    regions: &[
        Region("6AE", &["67", "68", "Alsace", "Bas-Rhin", "Haut-Rhin"]),
        Region("57", &["Moselle"]),
        Region("971", &["GP", "GUA", "Guadeloupe"]),
        Region("972", &["MQ", "Martinique"]),
        Region("973", &["GF", "Guyane", "French Guiana"]),
        Region("974", &["RE", "LRE", "La Réunion", "Réunion"]),
        Region("976", &["YT", "MAY", "Mayotte"]),
    ],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2).only(&["57", "6AE"]),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Victory Day", 5, 8),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        fixed("National Day", 7, 14),
        fixed("Assumption Day", 8, 15),
        fixed("All Saints' Day", 11, 1),
        fixed("Armistice Day", 11, 11),
        fixed("Christmas Day", 12, 25),
        fixed("St Stephen's Day", 12, 26).only(&["57", "6AE"]),
        fixed("Abolition of Slavery", 4, 27).only(&["976"]),
        fixed("Abolition of Slavery", 5, 22).only(&["972"]),
        fixed("Abolition of Slavery", 5, 27).only(&["971"]),
        fixed("Abolition of Slavery", 6, 10).only(&["973"]),
        fixed("Abolition of Slavery", 12, 20).only(&["974"]),
    ],
};

/// Source: loi du 4 janvier 1974 relative aux jours fériés and arrêté royal du 18 avril 1974, article 1. The day that
/// an employer gives for a holiday on a Sunday is the firm's own.
pub(super) const BELGIUM: Table = Table {
    country: "BE",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        fixed("National Day", 7, 21),
        fixed("Assumption Day", 8, 15),
        fixed("All Saints' Day", 11, 1),
        fixed("Armistice Day", 11, 11),
        fixed("Christmas Day", 12, 25),
    ],
};

/// Source: Algemene termijnenwet, article 3(1), and 3(2) for Good Friday. King's Day is kept on Saturday the 26th where
/// the 27th is a Sunday, which makes neither a business day.
pub(super) const NETHERLANDS: Table = Table {
    country: "NL",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        easter("Good Friday", -2),
        easter("Easter Monday", 1),
        fixed("King's Day", 4, 27).since(2014),
        fixed("Liberation Day", 5, 5),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};

/// Source: Code du travail, article L.232-2; Europe Day by the law of 25 April 2019.
pub(super) const LUXEMBOURG: Table = Table {
    country: "LU",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        fixed("Europe Day", 5, 9).since(2019),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        fixed("National Day", 6, 23),
        fixed("Assumption Day", 8, 15),
        fixed("All Saints' Day", 11, 1),
        fixed("Christmas Day", 12, 25),
        fixed("St Stephen's Day", 12, 26),
    ],
};

/// Source: Organisation of Working Time Act 1997, Second Schedule; St Brigid's Day by S.I. 50/2022, which also made
/// 18 March 2022 a holiday. One on a weekend stays there: section 21 gives the employee another day, not the public.
pub(super) const IRELAND: Table = Table {
    country: "IE",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        of("St Brigid's Day", st_brigid).since(2023),
        fixed("St Patrick's Day", 3, 17),
        easter("Easter Monday", 1),
        nth("May bank holiday", 1, Weekday::Mon, 5),
        nth("June bank holiday", 1, Weekday::Mon, 6),
        nth("August bank holiday", 1, Weekday::Mon, 8),
        last("October bank holiday", Weekday::Mon, 10),
        fixed("Christmas Day", 12, 25),
        fixed("St Stephen's Day", 12, 26),
        once("Day of Remembrance and Recognition", 2022, 3, 18),
    ],
};

/// The first Monday in February, except where its first day is a Friday: then that.
fn st_brigid(year: i32) -> Option<NaiveDate> {
    let first = NaiveDate::from_ymd_opt(year, 2, 1)?;
    match first.weekday() {
        Weekday::Fri => Some(first),
        _ => NaiveDate::from_weekday_of_month_opt(year, 2, Weekday::Mon, 1),
    }
}

/// Source: Banking and Financial Dealings Act 1971, section 1 and Schedule 1; St Andrew's Day Bank Holiday (Scotland)
/// Act 2007; for New Year's Day, the first Monday in May and single days, royal proclamations under section 1(2) and
/// 1(3); Good Friday and Christmas Day at common law. A customer without a region has England's days.
pub(super) const UNITED_KINGDOM: Table = Table {
    country: "GB",
    regions: &[
        Region("ENG", &["England"]),
        Region("WLS", &["Wales", "Cymru"]),
        Region("SCT", &["Scotland"]),
        Region("NIR", &["Northern Ireland"]),
    ],
    usual: Some("ENG"),
    rules: &[
        fixed("New Year's Day", 1, 1)
            .moved(Moved::Monday)
            .not_in(&["SCT"]),
        fixed("New Year's Day", 1, 1).moved(Moved::TwoDays).only(&["SCT"]),
        fixed("2nd January", 1, 2).moved(Moved::TwoDays).only(&["SCT"]),
        fixed("St Patrick's Day", 3, 17)
            .moved(Moved::Monday)
            .only(&["NIR"]),
        easter("Good Friday", -2),
        easter("Easter Monday", 1).not_in(&["SCT"]),
        nth("Early May bank holiday", 1, Weekday::Mon, 5).until(2019),
        once("Early May bank holiday", 2020, 5, 8),
        nth("Early May bank holiday", 1, Weekday::Mon, 5).since(2021),
        last("Spring bank holiday", Weekday::Mon, 5).until(2021),
        once("Spring bank holiday", 2022, 6, 2),
        last("Spring bank holiday", Weekday::Mon, 5).since(2023),
        once("Platinum Jubilee", 2022, 6, 3),
        once("State funeral of Queen Elizabeth II", 2022, 9, 19),
        once("Coronation of King Charles III", 2023, 5, 8),
        once("Scotland at the football World Cup", 2026, 6, 15).only(&["SCT"]),
        fixed("Battle of the Boyne", 7, 12)
            .moved(Moved::Monday)
            .only(&["NIR"]),
        nth("Summer bank holiday", 1, Weekday::Mon, 8).only(&["SCT"]),
        last("Summer bank holiday", Weekday::Mon, 8).not_in(&["SCT"]),
        fixed("St Andrew's Day", 11, 30)
            .moved(Moved::Monday)
            .only(&["SCT"]),
        fixed("Christmas Day", 12, 25).moved(Moved::TwoDays),
        fixed("Boxing Day", 12, 26).moved(Moved::TwoDays),
    ],
};

//! Germany, Austria, Switzerland.

use chrono::{Datelike, NaiveDate, Weekday};

use super::super::rule::{Calendar, easter, easter_sunday, fixed, from, of, once};
use super::{Region, Table};
use crate::calendar::plus_days;

/// Source: Einigungsvertrag, article 2(2), for 3 October; for all others the holiday acts of the states
/// (Feiertagsgesetze), which agree on nine. Assumption in Bavaria, Corpus Christi in parts of Saxony and Thuringia and
/// Augsburg's Peace Festival are a town's own.
pub(super) const GERMANY: Table = Table {
    country: "DE",
    regions: &[
        Region("BB", &["Brandenburg"]),
        Region("BE", &["Berlin"]),
        Region("BW", &["Baden-Württemberg"]),
        Region("BY", &["Bayern", "Bavaria"]),
        Region("HB", &["Bremen"]),
        Region("HE", &["Hessen", "Hesse"]),
        Region("HH", &["Hamburg"]),
        Region("MV", &["Mecklenburg-Vorpommern"]),
        Region("NI", &["Niedersachsen", "Lower Saxony"]),
        Region("NW", &["Nordrhein-Westfalen", "North Rhine-Westphalia", "NRW"]),
        Region("RP", &["Rheinland-Pfalz", "Rhineland-Palatinate"]),
        Region("SH", &["Schleswig-Holstein"]),
        Region("SL", &["Saarland"]),
        Region("SN", &["Sachsen", "Saxony"]),
        Region("ST", &["Sachsen-Anhalt", "Saxony-Anhalt"]),
        Region("TH", &["Thüringen", "Thuringia"]),
    ],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6).only(&["BW", "BY", "ST"]),
        fixed("Women's Day", 3, 8).only(&["BE"]).since(2019),
        fixed("Women's Day", 3, 8).only(&["MV"]).since(2023),
        easter("Good Friday", -2),
        easter("Easter Sunday", 0).only(&["BB"]),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        once("Liberation from National Socialism", 2020, 5, 8).only(&["BE"]),
        once("Liberation from National Socialism", 2025, 5, 8).only(&["BE"]),
        easter("Ascension Day", 39),
        easter("Whit Sunday", 49).only(&["BB"]),
        easter("Whit Monday", 50),
        easter("Corpus Christi", 60).only(&["BW", "BY", "HE", "NW", "RP", "SL"]),
        once("Uprising of 17 June 1953", 2028, 6, 17).only(&["BE"]),
        fixed("Assumption Day", 8, 15).only(&["SL"]),
        fixed("Children's Day", 9, 20).only(&["TH"]).since(2019),
        fixed("German Unity Day", 10, 3),
        fixed("Reformation Day", 10, 31).only(&["BB", "MV", "SN", "ST", "TH"]),
        fixed("Reformation Day", 10, 31)
            .only(&["HB", "HH", "NI", "SH"])
            .since(2018),
        fixed("All Saints' Day", 11, 1).only(&["BW", "BY", "NW", "RP", "SL"]),
        from("Day of Repentance and Prayer", Weekday::Wed, 11, 16).only(&["SN"]),
        fixed("Christmas Day", 12, 25),
        fixed("Second Day of Christmas", 12, 26),
    ],
};

/// Source: Arbeitsruhegesetz (BGBl. 144/1983), section 7(2). The days of the provinces' patrons are kept by offices
/// and schools only.
pub(super) const AUSTRIA: Table = Table {
    country: "AT",
    regions: &[],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Epiphany", 1, 6),
        easter("Easter Monday", 1),
        fixed("Labour Day", 5, 1),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50),
        easter("Corpus Christi", 60),
        fixed("Assumption Day", 8, 15),
        fixed("National Day", 10, 26),
        fixed("All Saints' Day", 11, 1),
        fixed("Immaculate Conception", 12, 8),
        fixed("Christmas Day", 12, 25),
        fixed("St Stephen's Day", 12, 26),
    ],
};

/// Source: Bundesverfassung, article 110(3), for 1 August; for all others the cantons' acts on days of rest, as the
/// Federal Office of Justice lists them ("Gesetzliche Feiertage und Tage, die in der Schweiz wie gesetzliche Feiertage
/// behandelt werden"); three further days are kept in every canton. Days of a district or a town are left out.
pub(super) const SWITZERLAND: Table = Table {
    country: "CH",
    regions: &[
        Region("AG", &["Aargau"]),
        Region("AI", &["Appenzell Innerrhoden"]),
        Region("AR", &["Appenzell Ausserrhoden"]),
        Region("BE", &["Bern", "Berne"]),
        Region("BL", &["Basel-Landschaft"]),
        Region("BS", &["Basel-Stadt"]),
        Region("FR", &["Fribourg", "Freiburg"]),
        Region("GE", &["Genève", "Geneva", "Genf"]),
        Region("GL", &["Glarus"]),
        Region("GR", &["Graubünden", "Grisons"]),
        Region("JU", &["Jura"]),
        Region("LU", &["Luzern", "Lucerne"]),
        Region("NE", &["Neuchâtel", "Neuenburg"]),
        Region("NW", &["Nidwalden"]),
        Region("OW", &["Obwalden"]),
        Region("SG", &["St. Gallen", "Sankt Gallen"]),
        Region("SH", &["Schaffhausen"]),
        Region("SO", &["Solothurn"]),
        Region("SZ", &["Schwyz"]),
        Region("TG", &["Thurgau"]),
        Region("TI", &["Ticino", "Tessin"]),
        Region("UR", &["Uri"]),
        Region("VD", &["Vaud", "Waadt"]),
        Region("VS", &["Valais", "Wallis"]),
        Region("ZG", &["Zug"]),
        Region("ZH", &["Zürich", "Zurich"]),
    ],
    usual: None,
    rules: &[
        fixed("New Year's Day", 1, 1),
        fixed("Berchtold's Day", 1, 2).only(&["AG", "BE", "JU", "LU", "TG", "VD"]),
        of("Berchtold's Day", |year| on_monday(year, 1, 2)).only(&["NE"]),
        fixed("Epiphany", 1, 6).only(&["SZ", "TI", "UR"]),
        fixed("Republic Day", 3, 1).only(&["NE"]),
        fixed("St Joseph's Day", 3, 19).only(&["NW", "SZ", "TI", "UR", "VS"]),
        of("Näfelser Fahrt", naefelser_fahrt).only(&["GL"]),
        easter("Good Friday", -2).only(&[
            "AG", "AI", "AR", "BE", "BL", "BS", "FR", "GE", "GL", "JU", "LU", "NE", "NW", "OW", "SG", "SH",
            "SO", "SZ", "TG", "UR", "VD", "ZG", "ZH",
        ]),
        easter("Easter Monday", 1).only(WITH_MONDAYS),
        fixed("Labour Day", 5, 1).only(&["AG", "BL", "BS", "JU", "NE", "SH", "TG", "TI", "ZH"]),
        easter("Ascension Day", 39),
        easter("Whit Monday", 50).only(WITH_MONDAYS),
        easter("Corpus Christi", 60).only(&[
            "AG", "AI", "JU", "LU", "NE", "NW", "OW", "SZ", "TI", "UR", "VS", "ZG",
        ]),
        fixed("Independence Day", 6, 23).only(&["JU"]),
        fixed("Sts Peter and Paul", 6, 29).only(&["TI"]),
        fixed("National Day", 8, 1),
        fixed("Assumption Day", 8, 15)
            .only(&["AG", "AI", "JU", "LU", "NW", "OW", "SZ", "TI", "UR", "VS", "ZG"]),
        of("Geneva's fast", |year| after_nth_sunday_of_september(year, 1, 4)).only(&["GE"]),
        of("Monday after the federal fast", |year| {
            after_nth_sunday_of_september(year, 3, 1)
        })
        .only(&["VD"]),
        fixed("St Nicholas of Flüe", 9, 25).only(&["OW"]),
        fixed("All Saints' Day", 11, 1).only(&[
            "AG", "AI", "GL", "JU", "LU", "NW", "OW", "SG", "SZ", "TI", "UR", "VS", "ZG",
        ]),
        fixed("Immaculate Conception", 12, 8)
            .only(&["AG", "AI", "LU", "NW", "OW", "SZ", "TI", "UR", "VS", "ZG"]),
        fixed("Christmas Day", 12, 25),
        fixed("St Stephen's Day", 12, 26).only(&[
            "AG", "BE", "BL", "BS", "GL", "GR", "LU", "SG", "SH", "SZ", "TG", "TI", "ZH",
        ]),
        of("St Stephen's Day", st_stephen_after_a_weekday).only(&["AI", "AR", "UR"]),
        of("St Stephen's Day", |year| on_monday(year, 12, 26)).only(&["NE"]),
        fixed("Restoration of the Republic", 12, 31).only(&["GE"]),
    ],
};

/// The cantons that keep the Mondays after Easter and Whitsun by law.
const WITH_MONDAYS: &[&str] = &[
    "AG", "AI", "AR", "BE", "BL", "BS", "GE", "GL", "GR", "JU", "LU", "SG", "SH", "SZ", "TG", "TI", "UR",
    "VD", "ZH",
];

/// A day of the year where it is a Monday: Neuchâtel makes the second of January and of Christmas a holiday only then.
fn on_monday(year: i32, month: u32, day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, month, day).filter(|day| day.weekday() == Weekday::Mon)
}

/// St Stephen's Day where it does not make a third day of rest in a row with Christmas and a Sunday, nor stands between
/// Christmas and one: not on a Tuesday or a Saturday.
fn st_stephen_after_a_weekday(year: i32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(year, 12, 26).filter(|day| !matches!(day.weekday(), Weekday::Tue | Weekday::Sat))
}

/// The first Thursday of April; a week later where that is Maundy Thursday.
fn naefelser_fahrt(year: i32) -> Option<NaiveDate> {
    let thursday = NaiveDate::from_weekday_of_month_opt(year, 4, Weekday::Thu, 1)?;
    let maundy_thursday = plus_days(easter_sunday(year, Calendar::Gregorian)?, -3);
    let is_both = thursday == maundy_thursday;
    Some(plus_days(thursday, if is_both { 7 } else { 0 }))
}

/// A day so many days after the first, second, .. Sunday of September.
fn after_nth_sunday_of_september(year: i32, nth: u8, days: i64) -> Option<NaiveDate> {
    NaiveDate::from_weekday_of_month_opt(year, 9, Weekday::Sun, nth).map(|sunday| plus_days(sunday, days))
}

use super::rule::{Calendar, easter_sunday};
use super::*;
use crate::calendar::plus_days;

mod oracle;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn of(country: &str, region: &str) -> Holidays<'static> {
    Holidays::of(
        Country::parse(country).unwrap(),
        (!region.is_empty()).then_some(region),
    )
}

#[test]
fn easter_is_where_the_churches_keep_it() {
    // Source: the tables of the United States Naval Observatory (Western) and of the World Council of Churches
    // ("Dates of Easter/Pascha"), and the extremes: 22 March 1818 and 2285, 25 April 1943 and 2038.
    let cases = [
        (1818, "1818-03-22", "1818-04-26"),
        // The two exceptions of the Gregorian reckoning (1954, 1981), and 1848, which is near one and is none.
        (1848, "1848-04-23", "1848-04-23"),
        (1943, "1943-04-25", "1943-04-25"),
        (1954, "1954-04-18", "1954-04-25"),
        (1981, "1981-04-19", "1981-04-26"),
        (2000, "2000-04-23", "2000-04-30"),
        (2016, "2016-03-27", "2016-05-01"),
        (2017, "2017-04-16", "2017-04-16"),
        (2024, "2024-03-31", "2024-05-05"),
        (2025, "2025-04-20", "2025-04-20"),
        (2026, "2026-04-05", "2026-04-12"),
        (2038, "2038-04-25", "2038-04-25"),
        (2285, "2285-03-22", "2285-04-26"),
    ];
    for (year, western, orthodox) in cases {
        assert_eq!(
            easter_sunday(year, Calendar::Gregorian),
            Some(day(western)),
            "{year}"
        );
        assert_eq!(
            easter_sunday(year, Calendar::Julian),
            Some(day(orthodox)),
            "{year}"
        );
    }
}

#[test]
fn a_day_is_a_holiday_where_its_law_says_so() {
    let cases = [
        // Einigungsvertrag, article 2(2).
        ("DE", "", "2026-10-03", Some("German Unity Day")),
        // Bayerisches Feiertagsgesetz, article 1(1).
        ("DE", "DE-BY", "2026-01-06", Some("Epiphany")),
        ("DE", "Bavaria", "2026-01-06", Some("Epiphany")),
        ("DE", "DE-NW", "2026-01-06", None),
        ("DE", "", "2026-01-06", None),
        // Sächsisches Feiertagsgesetz, section 1: the Wednesday before the last Sunday of the church's year.
        ("DE", "SN", "2026-11-18", Some("Day of Repentance and Prayer")),
        // Berliner Sonn- und Feiertagsgesetz, section 1, as changed on 30 January 2019.
        ("DE", "BE", "2018-03-08", None),
        ("DE", "BE", "2019-03-08", Some("Women's Day")),
        // Code du travail, L3134-13.
        ("FR", "", "2026-04-03", None),
        ("FR", "67", "2026-04-03", Some("Good Friday")),
        // Banking and Financial Dealings Act 1971, Schedule 1; gov.uk lists 28 December 2026 and 27 and 28 December
        // 2027 as substitute days.
        ("GB", "", "2026-12-28", Some("Boxing Day")),
        ("GB", "GB-ENG", "2027-12-27", Some("Christmas Day")),
        ("GB", "GB-ENG", "2027-12-28", Some("Boxing Day")),
        ("GB", "SCT", "2026-11-30", Some("St Andrew's Day")),
        ("GB", "Scotland", "2026-04-06", None),
        ("GB", "Wales", "2026-04-06", Some("Easter Monday")),
        // gov.uk: in Scotland 3 and 4 January 2028 stand for 1 and 2 January.
        ("GB", "SCT", "2028-01-03", Some("New Year's Day")),
        ("GB", "SCT", "2028-01-04", Some("2nd January")),
        ("GB", "ENG", "2028-01-04", None),
        // 5 U.S.C. § 6103(a): the third Monday, the last Monday, the fourth Thursday, and no other.
        ("US", "", "2026-01-19", Some("Martin Luther King Jr. Day")),
        ("US", "", "2026-01-12", None),
        ("US", "", "2026-05-25", Some("Memorial Day")),
        ("US", "", "2026-05-18", None),
        ("US", "", "2026-11-26", Some("Thanksgiving Day")),
        // 5 U.S.C. § 6103(b): the Friday before, also in the year before.
        ("US", "", "2021-12-31", Some("New Year's Day")),
        ("US", "", "2026-07-03", Some("Independence Day")),
        // Executive Order 11582: the Monday after.
        ("US", "", "2027-07-05", Some("Independence Day")),
        ("US", "", "2020-06-19", None),
        // S.I. 50/2022: 1 February 2030 is a Friday.
        ("IE", "", "2026-02-02", Some("St Brigid's Day")),
        ("IE", "", "2030-02-01", Some("St Brigid's Day")),
        ("IE", "", "2030-02-04", None),
        // Lov nr. 214 af 7. marts 2023.
        ("DK", "", "2023-05-05", Some("Great Prayer Day")),
        ("DK", "", "2024-04-26", None),
        // Legge 8 ottobre 2025, n. 151.
        ("IT", "", "2025-10-04", None),
        ("IT", "", "2027-10-04", Some("St Francis of Assisi")),
        // Algemene termijnenwet, article 3(1), each year.
        ("NL", "", "2026-05-05", Some("Liberation Day")),
        // Zurich and Ticino agree on Easter Monday, not on Good Friday.
        ("CH", "ZH", "2026-04-03", Some("Good Friday")),
        ("CH", "CH-TI", "2026-04-03", None),
        // Ruhetagsgesetze: the Näfelser Fahrt gives way to Maundy Thursday; Geneva fasts after the first Sunday of
        // September, Vaud rests after the third; some days only where they fall well.
        ("CH", "GL", "2025-04-03", Some("Näfelser Fahrt")),
        ("CH", "GL", "2026-04-02", None),
        ("CH", "GL", "2026-04-09", Some("Näfelser Fahrt")),
        ("CH", "GE", "2026-09-10", Some("Geneva's fast")),
        ("CH", "VD", "2026-09-21", Some("Monday after the federal fast")),
        ("CH", "NE", "2023-01-02", Some("Berchtold's Day")),
        ("CH", "NE", "2026-01-02", None),
        ("CH", "AI", "2023-12-26", None),
        ("CH", "AI", "2024-12-26", Some("St Stephen's Day")),
        // Codul muncii, article 139(1): the Orthodox Easter.
        ("RO", "", "2026-04-13", Some("Easter Monday")),
        ("RO", "", "2026-04-06", None),
        // By the minister of labour's decisions for these years.
        ("GR", "", "2022-05-02", Some("Labour Day")),
        ("GR", "", "2024-05-01", None),
        ("GR", "", "2024-05-07", Some("Labour Day")),
        ("IN", "", "2026-10-02", Some("Gandhi Jayanti")),
    ];
    for (country, region, on, expected) in cases {
        assert_eq!(
            of(country, region).name_on(day(on)),
            expected,
            "{country} {region} {on}"
        );
    }
}

/// Every holiday of 2026 that falls on Monday to Friday. Source: the years' lists that the governments publish, as the
/// Python package `holidays` 0.105 collects them; but India's three, and the Netherlands' 5 May by law.
#[test]
fn a_year_has_the_holidays_that_were_published_for_it() {
    let years = [
        (
            "AT",
            "01-01 01-06 04-06 05-01 05-14 05-25 06-04 10-26 12-08 12-25",
        ),
        ("BE", "01-01 04-06 05-01 05-14 05-25 07-21 11-11 12-25"),
        ("CH", "01-01 05-14 12-25"),
        (
            "CZ",
            "01-01 04-03 04-06 05-01 05-08 07-06 09-28 10-28 11-17 12-24 12-25",
        ),
        ("DE", "01-01 04-03 04-06 05-01 05-14 05-25 12-25"),
        ("DK", "01-01 04-02 04-03 04-06 05-14 05-25 12-25"),
        ("ES", "01-01 01-06 04-03 05-01 10-12 12-08 12-25"),
        ("FI", "01-01 01-06 04-03 04-06 05-01 05-14 06-19 12-24 12-25"),
        ("FR", "01-01 04-06 05-01 05-08 05-14 05-25 07-14 11-11 12-25"),
        ("GB", "01-01 04-03 04-06 05-04 05-25 08-31 12-25 12-28"),
        (
            "GR",
            "01-01 01-06 02-23 03-25 04-10 04-13 05-01 06-01 10-28 12-25",
        ),
        ("IE", "01-01 02-02 03-17 04-06 05-04 06-01 08-03 10-26 12-25"),
        ("IN", "01-26 10-02"),
        ("IT", "01-01 01-06 04-06 05-01 06-02 12-08 12-25"),
        ("LU", "01-01 04-06 05-01 05-14 05-25 06-23 12-25"),
        ("NL", "01-01 04-03 04-06 04-27 05-05 05-14 05-25 12-25"),
        ("NO", "01-01 04-02 04-03 04-06 05-01 05-14 05-25 12-25"),
        ("PL", "01-01 01-06 04-06 05-01 06-04 11-11 12-24 12-25"),
        ("PT", "01-01 04-03 05-01 06-04 06-10 10-05 12-01 12-08 12-25"),
        (
            "RO",
            "01-01 01-02 01-06 01-07 04-10 04-13 05-01 06-01 11-30 12-01 12-25",
        ),
        (
            "SE",
            "01-01 01-06 04-03 04-06 05-01 05-14 06-19 12-24 12-25 12-31",
        ),
        (
            "US",
            "01-01 01-19 02-16 05-25 06-19 07-03 09-07 10-12 11-11 11-26 12-25",
        ),
    ];
    assert_eq!(years.len(), tables::all().count(), "every country is here");
    for (country, expected) in years {
        let holidays = of(country, "");
        let found: Vec<String> = day("2026-01-01")
            .iter_days()
            .take_while(|day| day.year() == 2026)
            .filter(|day| !matches!(day.weekday(), Weekday::Sat | Weekday::Sun))
            .filter(|day| holidays.name_on(*day).is_some())
            .map(|day| day.format("%m-%d").to_string())
            .collect();
        assert_eq!(found.join(" "), expected, "{country}");
    }
}

#[test]
fn a_region_goes_by_its_code_or_its_name() {
    let cases = [
        ("DE", "DE-BY", Some("BY")),
        ("DE", "by", Some("BY")),
        ("DE", " Bayern ", Some("BY")),
        ("DE", "BADEN-WÜRTTEMBERG", Some("BW")),
        ("DE", "DE-", None),
        ("DE", "Atlantis", None),
        ("DE", "", None),
        // Its own prefix only: AT-5 is Salzburg, and no state of Germany.
        ("DE", "AT-5", None),
        ("FR", "Haut-Rhin", Some("6AE")),
        ("FR", "FR-67", Some("6AE")),
        ("GB", "", Some("ENG")),
        ("GB", "Northern Ireland", Some("NIR")),
        ("CH", "zürich", Some("ZH")),
        ("SA", "Riyadh", None),
    ];
    for (country, region, expected) in cases {
        assert_eq!(of(country, region).region(), expected, "{country} {region:?}");
    }
}

#[test]
fn business_begins_again_after_rest() {
    let cases = [
        // Easter 2026: Good Friday to Easter Monday.
        ("DE", "", "2026-04-03", "2026-04-07"),
        ("US", "", "2026-04-03", "2026-04-03"),
        // Christmas on a Saturday: the substitutes are Monday and Tuesday.
        ("GB", "", "2027-12-25", "2027-12-29"),
        ("SE", "", "2026-12-24", "2026-12-28"),
        // Friday and Saturday rest, Sunday does not.
        ("SA", "", "2026-01-23", "2026-01-25"),
        ("SA", "", "2026-01-25", "2026-01-25"),
        ("IR", "", "2026-01-23", "2026-01-24"),
        ("AF", "", "2026-01-22", "2026-01-24"),
        // No table: weekends only.
        ("JP", "", "2026-01-01", "2026-01-01"),
        ("JP", "", "2026-01-03", "2026-01-05"),
    ];
    for (country, region, from, expected) in cases {
        let found = of(country, region).business_day_from(day(from));
        assert_eq!(found, day(expected), "{country} {region} {from}");
    }
}

#[test]
fn what_is_not_known_is_said() {
    for (code, is_known) in [("DE", true), ("IN", true), ("JP", false), ("SA", false)] {
        assert_eq!(known(Country::parse(code).unwrap()), is_known, "{code}");
    }
}

#[test]
fn an_administrator_adds_days_and_names_them() {
    let added = [
        (day("2026-11-09"), "Diwali".to_owned()),
        (day("2026-01-26"), "Closed for stock-taking".to_owned()),
    ];
    let holidays = of("IN", "").with(&added);
    assert_eq!(holidays.name_on(day("2026-11-09")), Some("Diwali"));
    // His word is shown where both have one.
    assert_eq!(
        holidays.name_on(day("2026-01-26")),
        Some("Closed for stock-taking")
    );
    assert_eq!(holidays.name_on(day("2026-08-15")), Some("Independence Day"));
    assert_eq!(holidays.business_day_from(day("2026-11-07")), day("2026-11-10"));
    assert!(!of("IN", "").is_business_day(day("2026-11-08")));
    assert!(of("IN", "").is_business_day(day("2026-11-09")));
}

#[test]
fn the_calendars_ends_are_answered_too() {
    for (country, table) in tables::all() {
        for region in table.regions().chain([""]) {
            for end in [NaiveDate::MIN, NaiveDate::MAX] {
                let holidays = of(country, region);
                assert!(holidays.business_day_from(end) >= end, "{country} {region}");
            }
        }
    }
}

/// A rule with a misspelt region would hold nowhere.
#[test]
fn every_region_of_a_rule_is_one_of_its_country() {
    for (country, table) in tables::all() {
        assert!(Country::parse(country).is_some(), "{country}");
        let regions: Vec<_> = table.regions().collect();
        for named in table.regions_of_rules() {
            assert!(regions.contains(&named), "{country} {named}");
        }
    }
}

/// No rest is longer than the one of Easter or of Christmas with a weekend before it and a substitute after.
#[test]
fn no_country_rests_for_longer_than_six_days() {
    for (country, table) in tables::all() {
        for region in table.regions().chain([""]) {
            let holidays = of(country, region);
            let mut from = day("2020-01-01");
            while from < day("2036-01-01") {
                let next = holidays.business_day_from(from);
                assert!(next < plus_days(from, 7), "{country} {region} {from} {next}");
                from = plus_days(next, 1);
            }
        }
    }
}

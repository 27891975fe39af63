//! The tables against another's: the Python package `holidays`, over sixteen years, each country and region.

use super::*;
use crate::oracles::partner;
use serde_json::{Value, json};

const FIRST_YEAR: i32 = 2020;
const LAST_YEAR: i32 = 2035;

/// Where the two differ for a reason.
fn is_known_difference(country: &str, region: &str, day: NaiveDate, is_ours: bool) -> bool {
    match (country, region) {
        // The package counts Liberation Day in every fifth year, as collective agreements do; Algemene termijnenwet,
        // article 3(1), names it without more.
        ("NL", _) => is_ours && (day.month(), day.day()) == (5, 5),
        // Mid-Lent, Good Friday and Victor Schœlcher's day are kept there by custom.
        ("FR", "971" | "972") => !is_ours,
        // Each state's notification adds to the three national holidays; the package has what the union's offices keep.
        ("IN", _) => !is_ours,
        _ => false,
    }
}

/// Sweden's three eves are customs to the package; by lag (1930:173), section 2, they count as Sundays.
fn categories(country: &str) -> &'static [&'static str] {
    match country {
        "SE" => &["public", "de_facto"],
        _ => &["public"],
    }
}

#[test]
fn holidays_are_those_of_an_independent_list() {
    let Some(package) = partner::Partner::python("holidays") else {
        return;
    };
    let asked: Vec<_> = tables::all()
        .flat_map(|(country, table)| table.regions().chain([""]).map(move |region| (country, region)))
        .collect();
    let input: Vec<_> = asked
        .iter()
        .map(|(country, region)| {
            // Where a customer names no region, the table's usual one is meant.
            let region = of(country, region).region().unwrap_or_default();
            json!({"country": country, "region": region, "categories": categories(country)})
        })
        .collect();
    let years = [FIRST_YEAR.to_string(), LAST_YEAR.to_string()];
    let answer = package.run(
        "holidays_list.py",
        &[&years[0], &years[1]],
        &Value::from(input).to_string(),
    );
    let theirs: Vec<Vec<NaiveDate>> = serde_json::from_str(&answer).unwrap();
    assert_eq!(theirs.len(), asked.len());

    let mut differences = Vec::new();
    let mut agreed = 0;
    for ((country, region), theirs) in asked.iter().zip(theirs) {
        let ours = of(country, region);
        let days = day("2020-01-01").iter_days();
        for day in days.take_while(|day| day.year() <= LAST_YEAR) {
            if SATURDAY_AND_SUNDAY.contains(&day.weekday()) {
                continue;
            }
            let (our_name, is_theirs) = (ours.name_on(day), theirs.contains(&day));
            if our_name.is_some() == is_theirs {
                agreed += usize::from(is_theirs);
            } else if !is_known_difference(country, region, day, !is_theirs) {
                differences.push(format!("{country} {region} {day} {our_name:?}"));
            }
        }
    }
    assert!(differences.is_empty(), "{differences:#?}");
    assert!(agreed > 8_000, "{agreed}");
}

const SATURDAY_AND_SUNDAY: [Weekday; 2] = [Weekday::Sat, Weekday::Sun];

//! The zones of a country's regions, where a country has several.
//!
//! Source: the comments of the IANA time zone database's `zone1970.tab`; for the United States 49 CFR 71; codes and names by
//! ISO 3166-2.

use crate::country::Country;
use crate::zone::Zone;

/// A region: its country, its code without the country's, its name, its zones.
struct Region(&'static str, &'static str, &'static str, &'static str);

const EASTERN: &str = "America/New_York";
const CENTRAL: &str = "America/Chicago";
const MOUNTAIN: &str = "America/Denver";
const PACIFIC: &str = "America/Los_Angeles";
const EASTERN_AND_CENTRAL: &str = "America/New_York America/Chicago";
const CENTRAL_AND_MOUNTAIN: &str = "America/Chicago America/Denver";

const REGIONS: &[Region] = &[
    Region("US", "AL", "Alabama", CENTRAL),
    Region("US", "AK", "Alaska", "America/Anchorage America/Adak"),
    Region("US", "AZ", "Arizona", "America/Phoenix America/Denver"),
    Region("US", "AR", "Arkansas", CENTRAL),
    Region("US", "CA", "California", PACIFIC),
    Region("US", "CO", "Colorado", MOUNTAIN),
    Region("US", "CT", "Connecticut", EASTERN),
    Region("US", "DE", "Delaware", EASTERN),
    Region("US", "DC", "District of Columbia", EASTERN),
    Region("US", "FL", "Florida", EASTERN_AND_CENTRAL),
    Region("US", "GA", "Georgia", EASTERN),
    Region("US", "HI", "Hawaii", "Pacific/Honolulu"),
    Region("US", "ID", "Idaho", "America/Boise America/Los_Angeles"),
    Region("US", "IL", "Illinois", CENTRAL),
    Region(
        "US",
        "IN",
        "Indiana",
        "America/Indiana/Indianapolis America/Chicago",
    ),
    Region("US", "IA", "Iowa", CENTRAL),
    Region("US", "KS", "Kansas", CENTRAL_AND_MOUNTAIN),
    Region("US", "KY", "Kentucky", EASTERN_AND_CENTRAL),
    Region("US", "LA", "Louisiana", CENTRAL),
    Region("US", "ME", "Maine", EASTERN),
    Region("US", "MD", "Maryland", EASTERN),
    Region("US", "MA", "Massachusetts", EASTERN),
    Region("US", "MI", "Michigan", "America/Detroit America/Menominee"),
    Region("US", "MN", "Minnesota", CENTRAL),
    Region("US", "MS", "Mississippi", CENTRAL),
    Region("US", "MO", "Missouri", CENTRAL),
    Region("US", "MT", "Montana", MOUNTAIN),
    Region("US", "NE", "Nebraska", CENTRAL_AND_MOUNTAIN),
    Region("US", "NV", "Nevada", "America/Los_Angeles America/Denver"),
    Region("US", "NH", "New Hampshire", EASTERN),
    Region("US", "NJ", "New Jersey", EASTERN),
    Region("US", "NM", "New Mexico", MOUNTAIN),
    Region("US", "NY", "New York", EASTERN),
    Region("US", "NC", "North Carolina", EASTERN),
    Region("US", "ND", "North Dakota", CENTRAL_AND_MOUNTAIN),
    Region("US", "OH", "Ohio", EASTERN),
    Region("US", "OK", "Oklahoma", CENTRAL),
    Region("US", "OR", "Oregon", "America/Los_Angeles America/Boise"),
    Region("US", "PA", "Pennsylvania", EASTERN),
    Region("US", "RI", "Rhode Island", EASTERN),
    Region("US", "SC", "South Carolina", EASTERN),
    Region("US", "SD", "South Dakota", CENTRAL_AND_MOUNTAIN),
    Region("US", "TN", "Tennessee", EASTERN_AND_CENTRAL),
    Region("US", "TX", "Texas", CENTRAL_AND_MOUNTAIN),
    Region("US", "UT", "Utah", MOUNTAIN),
    Region("US", "VT", "Vermont", EASTERN),
    Region("US", "VA", "Virginia", EASTERN),
    Region("US", "WA", "Washington", PACIFIC),
    Region("US", "WV", "West Virginia", EASTERN),
    Region("US", "WI", "Wisconsin", CENTRAL),
    Region("US", "WY", "Wyoming", MOUNTAIN),
    Region("US", "AS", "American Samoa", "Pacific/Pago_Pago"),
    Region("US", "GU", "Guam", "Pacific/Guam"),
    Region("US", "MP", "Northern Mariana Islands", "Pacific/Saipan"),
    Region("US", "PR", "Puerto Rico", "America/Puerto_Rico"),
    Region("US", "VI", "Virgin Islands", "America/St_Thomas"),
    Region("CA", "AB", "Alberta", "America/Edmonton"),
    Region(
        "CA",
        "BC",
        "British Columbia",
        "America/Vancouver America/Edmonton",
    ),
    Region("CA", "MB", "Manitoba", "America/Winnipeg"),
    Region("CA", "NB", "New Brunswick", "America/Moncton"),
    Region(
        "CA",
        "NL",
        "Newfoundland and Labrador",
        "America/St_Johns America/Goose_Bay",
    ),
    Region("CA", "NS", "Nova Scotia", "America/Halifax"),
    Region("CA", "NT", "Northwest Territories", "America/Edmonton"),
    Region(
        "CA",
        "NU",
        "Nunavut",
        "America/Iqaluit America/Rankin_Inlet America/Cambridge_Bay",
    ),
    Region("CA", "ON", "Ontario", "America/Toronto America/Winnipeg"),
    Region("CA", "PE", "Prince Edward Island", "America/Halifax"),
    Region("CA", "QC", "Quebec", "America/Toronto America/Halifax"),
    Region("CA", "SK", "Saskatchewan", "America/Regina America/Edmonton"),
    Region("CA", "YT", "Yukon", "America/Whitehorse"),
    Region("AU", "ACT", "Australian Capital Territory", "Australia/Sydney"),
    Region(
        "AU",
        "NSW",
        "New South Wales",
        "Australia/Sydney Australia/Broken_Hill",
    ),
    Region("AU", "NT", "Northern Territory", "Australia/Darwin"),
    Region("AU", "QLD", "Queensland", "Australia/Brisbane"),
    Region("AU", "SA", "South Australia", "Australia/Adelaide"),
    Region("AU", "TAS", "Tasmania", "Australia/Hobart"),
    Region("AU", "VIC", "Victoria", "Australia/Melbourne"),
    Region("AU", "WA", "Western Australia", "Australia/Perth Australia/Eucla"),
];

/// The zones of a region, by its code with or without the country's or by its name; none where it is not in the table.
pub(super) fn zones(country: Country, region: Option<&str>) -> Vec<Zone> {
    let written = region.unwrap_or_default().trim();
    let dash = |text: &str| {
        text.split_once('-')
            .map(|(of, code)| (of.to_owned(), code.to_owned()))
    };
    let code = match dash(written) {
        Some((of, code)) if of.eq_ignore_ascii_case(country.code()) => code,
        _ => written.to_owned(),
    };
    let is = |known: &Region| {
        known.0 == country.code()
            && (known.1.eq_ignore_ascii_case(&code) || known.2.eq_ignore_ascii_case(written))
    };
    let zones = REGIONS.iter().find(|known| is(known)).map_or("", |known| known.3);
    zones.split_ascii_whitespace().filter_map(Zone::parse).collect()
}

/// Every list of zones, for the test that reads them.
#[cfg(test)]
pub(super) fn lists() -> impl Iterator<Item = &'static str> {
    REGIONS.iter().map(|region| region.3)
}

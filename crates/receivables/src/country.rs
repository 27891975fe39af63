//! Countries: the ISO 3166-1 alpha-2 codes, and what may be guessed of a customer from one.
//!
//! E-invoices name a buyer's country but neither its time zone nor its language. The guesses here are a
//! start that the account's owner can correct; they are never used where the customer was given in full.
//!
//! Source: ISO 3166-1 for the codes; for what is guessed, Dunlin's own rule.

use std::fmt;

use crate::zone::Zone;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Every officially assigned code, in alphabetical order (ISO 3166-1).
const CODES: &[&str] = &[
    "AD", "AE", "AF", "AG", "AI", "AL", "AM", "AO", "AQ", "AR", "AS", "AT", "AU", "AW", "AX", "AZ", "BA",
    "BB", "BD", "BE", "BF", "BG", "BH", "BI", "BJ", "BL", "BM", "BN", "BO", "BQ", "BR", "BS", "BT", "BV",
    "BW", "BY", "BZ", "CA", "CC", "CD", "CF", "CG", "CH", "CI", "CK", "CL", "CM", "CN", "CO", "CR", "CU",
    "CV", "CW", "CX", "CY", "CZ", "DE", "DJ", "DK", "DM", "DO", "DZ", "EC", "EE", "EG", "EH", "ER", "ES",
    "ET", "FI", "FJ", "FK", "FM", "FO", "FR", "GA", "GB", "GD", "GE", "GF", "GG", "GH", "GI", "GL", "GM",
    "GN", "GP", "GQ", "GR", "GS", "GT", "GU", "GW", "GY", "HK", "HM", "HN", "HR", "HT", "HU", "ID", "IE",
    "IL", "IM", "IN", "IO", "IQ", "IR", "IS", "IT", "JE", "JM", "JO", "JP", "KE", "KG", "KH", "KI", "KM",
    "KN", "KP", "KR", "KW", "KY", "KZ", "LA", "LB", "LC", "LI", "LK", "LR", "LS", "LT", "LU", "LV", "LY",
    "MA", "MC", "MD", "ME", "MF", "MG", "MH", "MK", "ML", "MM", "MN", "MO", "MP", "MQ", "MR", "MS", "MT",
    "MU", "MV", "MW", "MX", "MY", "MZ", "NA", "NC", "NE", "NF", "NG", "NI", "NL", "NO", "NP", "NR", "NU",
    "NZ", "OM", "PA", "PE", "PF", "PG", "PH", "PK", "PL", "PM", "PN", "PR", "PS", "PT", "PW", "PY", "QA",
    "RE", "RO", "RS", "RU", "RW", "SA", "SB", "SC", "SD", "SE", "SG", "SH", "SI", "SJ", "SK", "SL", "SM",
    "SN", "SO", "SR", "SS", "ST", "SV", "SX", "SY", "SZ", "TC", "TD", "TF", "TG", "TH", "TJ", "TK", "TL",
    "TM", "TN", "TO", "TR", "TT", "TV", "TW", "TZ", "UA", "UG", "UM", "US", "UY", "UZ", "VA", "VC", "VE",
    "VG", "VI", "VN", "VU", "WF", "WS", "YE", "YT", "ZA", "ZM", "ZW",
];

/// A country, by its ISO 3166-1 alpha-2 code. Ordered by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Country(&'static str);

impl Country {
    /// Reads an upper-case code, such as `SE`.
    pub fn parse(code: &str) -> Option<Country> {
        let at = CODES.binary_search(&code).ok()?;
        CODES.get(at).map(|code| Country(code))
    }

    /// The code.
    pub fn code(&self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0)
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Country, D::Error> {
        let code = String::deserialize(deserializer)?;
        Country::parse(&code).ok_or_else(|| serde::de::Error::custom("not an ISO 3166-1 alpha-2 code"))
    }
}

/// The time zone of a country's commercial centre. Countries with several zones get that of the city where
/// most business is done, since a reminder that comes an hour early or late does no harm.
const TIME_ZONES: &[(&str, &str)] = &[
    ("AD", "Europe/Andorra"),
    ("AE", "Asia/Dubai"),
    ("AR", "America/Argentina/Buenos_Aires"),
    ("AT", "Europe/Vienna"),
    ("AU", "Australia/Sydney"),
    ("BE", "Europe/Brussels"),
    ("BG", "Europe/Sofia"),
    ("BR", "America/Sao_Paulo"),
    ("CA", "America/Toronto"),
    ("CH", "Europe/Zurich"),
    ("CL", "America/Santiago"),
    ("CN", "Asia/Shanghai"),
    ("CO", "America/Bogota"),
    ("CY", "Asia/Nicosia"),
    ("CZ", "Europe/Prague"),
    ("DE", "Europe/Berlin"),
    ("DK", "Europe/Copenhagen"),
    ("EE", "Europe/Tallinn"),
    ("ES", "Europe/Madrid"),
    ("FI", "Europe/Helsinki"),
    ("FR", "Europe/Paris"),
    ("GB", "Europe/London"),
    ("GR", "Europe/Athens"),
    ("HK", "Asia/Hong_Kong"),
    ("HR", "Europe/Zagreb"),
    ("HU", "Europe/Budapest"),
    ("ID", "Asia/Jakarta"),
    ("IE", "Europe/Dublin"),
    ("IL", "Asia/Jerusalem"),
    ("IN", "Asia/Kolkata"),
    ("IS", "Atlantic/Reykjavik"),
    ("IT", "Europe/Rome"),
    ("JP", "Asia/Tokyo"),
    ("KR", "Asia/Seoul"),
    ("LI", "Europe/Vaduz"),
    ("LT", "Europe/Vilnius"),
    ("LU", "Europe/Luxembourg"),
    ("LV", "Europe/Riga"),
    ("MC", "Europe/Monaco"),
    ("MT", "Europe/Malta"),
    ("MX", "America/Mexico_City"),
    ("MY", "Asia/Kuala_Lumpur"),
    ("NL", "Europe/Amsterdam"),
    ("NO", "Europe/Oslo"),
    ("NZ", "Pacific/Auckland"),
    ("PH", "Asia/Manila"),
    ("PL", "Europe/Warsaw"),
    ("PT", "Europe/Lisbon"),
    ("RO", "Europe/Bucharest"),
    ("RS", "Europe/Belgrade"),
    ("SA", "Asia/Riyadh"),
    ("SE", "Europe/Stockholm"),
    ("SG", "Asia/Singapore"),
    ("SI", "Europe/Ljubljana"),
    ("SK", "Europe/Bratislava"),
    ("SM", "Europe/San_Marino"),
    ("TH", "Asia/Bangkok"),
    ("TR", "Europe/Istanbul"),
    ("TW", "Asia/Taipei"),
    ("UA", "Europe/Kyiv"),
    ("US", "America/New_York"),
    ("VA", "Europe/Vatican"),
    ("VN", "Asia/Ho_Chi_Minh"),
    ("ZA", "Africa/Johannesburg"),
];

/// Countries whose customers are first written to in German.
const GERMAN: &[&str] = &["AT", "CH", "DE", "LI"];

/// The time zone to assume for a customer in `country`: UTC where nothing better is known.
pub fn time_zone_of(country: Country) -> Zone {
    TIME_ZONES
        .binary_search_by_key(&country.code(), |(code, _)| code)
        .ok()
        .and_then(|at| TIME_ZONES.get(at))
        .and_then(|(_, zone)| Zone::parse(zone))
        .unwrap_or(Zone::UTC)
}

/// The language to assume for a customer in `country`: German where it is spoken in business, else English.
pub fn locale_of(country: Country) -> &'static str {
    if GERMAN.contains(&country.code()) {
        "de"
    } else {
        "en"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_sorted_so_that_they_can_be_searched_and_name_countries_that_exist() {
        assert!(CODES.is_sorted());
        assert_eq!(CODES.len(), 249, "ISO 3166-1 has 249 officially assigned codes");
        assert!(TIME_ZONES.is_sorted_by_key(|(code, _)| *code));
        for (code, _) in TIME_ZONES {
            assert!(Country::parse(code).is_some(), "{code}");
        }
        for code in GERMAN {
            assert!(Country::parse(code).is_some(), "{code}");
        }
    }

    #[test]
    fn codes_are_read_strictly() {
        assert_eq!(Country::parse("SE").unwrap().code(), "SE");
        for bad in ["", "se", "XX", "UK", "EU", "SWE", "EL"] {
            assert_eq!(Country::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn every_member_of_the_european_economic_area_has_a_time_zone() {
        let members =
            "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK";
        for code in members.split(' ') {
            assert_ne!(time_zone_of(Country::parse(code).unwrap()), Zone::UTC, "{code}");
        }
    }

    #[test]
    fn what_is_guessed_of_a_country() {
        for (code, zone, locale) in [
            ("DE", "Europe/Berlin", "de"),
            ("CH", "Europe/Zurich", "de"),
            ("SE", "Europe/Stockholm", "en"),
            ("US", "America/New_York", "en"),
            ("AQ", "UTC", "en"),
        ] {
            let country = Country::parse(code).unwrap();
            assert_eq!(
                (time_zone_of(country).name(), locale_of(country)),
                (zone, locale),
                "{code}"
            );
        }
    }
}

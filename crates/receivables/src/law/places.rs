//! Where somebody may be, as far as the hour of the day goes: by its own civil time, its region, and its telephone
//! numbers. Where they differ, an hour counts only where it is allowed in all of them.
//!
//! A number in North America says where it lies by its area code, and one that lies nowhere in particular (+1 800) lies
//! everywhere. Elsewhere a country code is all that is looked at: of a country with several zones it says nothing where
//! the customer's own is one of them. A number without a country code, and one of a network of its own (+883), says
//! nothing.
//!
//! Source: 12 CFR 1006.6(b)(1)(i), comment 6(b)(1)(i)-2; each table's own.

mod numbers;
mod regions;

use super::Party;
use crate::suppression::key;
use crate::zone::Zone;
use numbers::{AREA_CODES, COUNTRY_CODES, NORTH_AMERICA};
use std::collections::BTreeSet;

/// The longest country code: ITU-T E.164.
const COUNTRY_CODE: usize = 3;

/// Every zone in which a party may be, its own among them.
pub fn zones(party: &Party) -> BTreeSet<Zone> {
    let mut zones = BTreeSet::from([party.zone]);
    zones.extend(regions::zones(party.country, party.region.as_deref()));
    let to = party.to.as_ref().map(|to| to.text.as_str());
    for phone in party.phones.iter().map(String::as_str).chain(to) {
        let its = of_number(phone);
        let says_nothing_new = its.contains(&party.zone) && !key(phone).starts_with("+1");
        if !says_nothing_new {
            zones.extend(its);
        }
    }
    zones
}

/// The zones in which a telephone number with a country code lies; none where it does not say.
pub fn of_number(phone: &str) -> BTreeSet<Zone> {
    let phone = key(phone);
    let Some(digits) = phone.strip_prefix('+') else {
        return BTreeSet::new();
    };
    if let Some(number) = digits.strip_prefix('1') {
        let area = number.get(..3).unwrap_or_default();
        let known = find(AREA_CODES, area);
        return read(known.unwrap_or(NORTH_AMERICA));
    }
    let codes = (1..=COUNTRY_CODE).filter_map(|length| digits.get(..length));
    let known = codes.filter_map(|code| find(COUNTRY_CODES, code)).next();
    known.map(read).unwrap_or_default()
}

/// What a table has for a code.
fn find(table: &[(&'static str, &'static str)], code: &str) -> Option<&'static str> {
    let rows = table.iter();
    let mut having = rows.filter(|(_, codes)| codes.split_ascii_whitespace().any(|known| known == code));
    having.next().map(|(zones, _)| *zones)
}

/// The zones of a list of names.
fn read(names: &str) -> BTreeSet<Zone> {
    names.split_ascii_whitespace().filter_map(Zone::parse).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_zone_of_the_tables_is_one() {
        let of_codes = AREA_CODES.iter().chain(COUNTRY_CODES).map(|(zones, _)| *zones);
        let mut read = 0;
        for name in of_codes
            .chain([NORTH_AMERICA])
            .chain(regions::lists())
            .flat_map(str::split_ascii_whitespace)
        {
            assert!(Zone::parse(name).is_some(), "{name}");
            read += 1;
        }
        assert!(read > 350, "{read}");
    }

    #[test]
    fn no_code_stands_twice_and_none_begins_another() {
        for table in [AREA_CODES, COUNTRY_CODES] {
            let codes: Vec<&str> = table
                .iter()
                .flat_map(|(_, codes)| codes.split_ascii_whitespace())
                .collect();
            for (at, code) in codes.iter().enumerate() {
                let others = codes.iter().enumerate().filter(|(other, _)| *other != at);
                for (_, other) in others {
                    assert!(!other.starts_with(code), "{code} {other}");
                }
            }
        }
    }

    #[test]
    fn a_number_says_where_it_lies() {
        let names = |phone| {
            of_number(phone)
                .iter()
                .map(|zone| zone.name())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("+1 (212) 555-0100"), ["America/New_York"]);
        assert_eq!(names("+1 310 555 0100"), ["America/Los_Angeles"]);
        // Florida's panhandle and, since Tallahassee has the same code, the rest of the state.
        assert_eq!(names("+18505550100"), ["America/Chicago", "America/New_York"]);
        assert_eq!(names("+49 30 123456"), ["Europe/Berlin"]);
        assert_eq!(names("+91 98 1234 5678"), ["Asia/Calcutta"]);
        assert_eq!(names("030 123456"), Vec::<&str>::new());
        assert_eq!(names("+883 5100 123"), Vec::<&str>::new());
        assert!(of_number("+1 800 555 0100").len() > 30);
        assert_eq!(of_number("+1 800 555 0100"), of_number("+1 888 555 0100"));
    }
}

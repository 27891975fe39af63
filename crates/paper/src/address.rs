//! Names and addresses as the lines of an envelope.
//!
//! Source: Universal Postal Union, addressing systems of its member countries (S42): the town's line by country, the
//! country alone on the last line of mail that crosses a border. Dunlin writes its ISO 3166-1 code there, which sorting
//! offices read, since names of countries are written in the language of the country of origin.

use receivables::country::Country;
use receivables::intake::PostalAddress;

use crate::text::plain;

/// Who writes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Creditor {
    /// Name and address, a line each.
    pub lines: Vec<String>,
    /// The country that is written from.
    pub country: Option<Country>,
}

impl Creditor {
    /// Reads the creditor's name and address: lines with `|` between, the last of them the country's code.
    ///
    /// Source: Dunlin's own form.
    pub fn read(name: &str, address: &str) -> Creditor {
        let mut lines: Vec<String> = [name].into_iter().chain(address.split('|')).map(plain).collect();
        let country = lines.last().and_then(|last| Country::parse(last));
        if country.is_some() && lines.len() > 1 {
            lines.pop();
        }
        lines.retain(|line| !line.is_empty());
        Creditor { lines, country }
    }
}

/// The customer, the person there where it is another name, and the address. The country stands below where it is not the
/// one that is written from.
///
/// Source: the addressing systems at the head of this module.
pub fn addressee(
    customer: &str,
    contact: Option<&str>,
    postal: Option<&PostalAddress>,
    from: Option<Country>,
) -> Vec<String> {
    let mut lines = vec![plain(customer)];
    lines.extend(contact.map(plain).filter(|contact| !lines.contains(contact)));
    if let Some(postal) = postal {
        lines.extend(postal.lines.iter().map(|line| plain(line)));
        lines.extend(town(postal));
        let abroad = postal.country.filter(|country| Some(*country) != from);
        lines.extend(abroad.map(|country| country.code().to_owned()));
    }
    lines.retain(|line| !line.is_empty());
    lines
}

/// Town and postal code as the country writes them.
fn town(postal: &PostalAddress) -> Vec<String> {
    let said = |text: &Option<String>| text.as_deref().map(plain).unwrap_or_default();
    let (code, city, region) = (
        said(&postal.postal_code),
        said(&postal.city),
        said(&postal.region),
    );
    let line = |words: &[&str]| {
        let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
        words.join(" ")
    };
    match postal.country.map(|country| country.code()) {
        Some("US" | "CA" | "AU" | "PR") => vec![line(&[&city, &region, &code])],
        Some("GB" | "IE" | "GG" | "JE" | "IM") => vec![city, code],
        Some("IN") => vec![line(&[&city, &code]), region],
        _ => vec![line(&[&code, &city]), region],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn postal(lines: &[&str], code: &str, city: &str, region: &str, country: &str) -> PostalAddress {
        let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        PostalAddress {
            lines: lines.iter().map(|line| (*line).to_owned()).collect(),
            postal_code: some(code),
            city: some(city),
            region: some(region),
            country: Country::parse(country),
        }
    }

    #[test]
    fn towns_are_written_as_their_country_writes_them() {
        // UPU, addressing systems: Germany, United States, United Kingdom, India.
        for (address, expected) in [
            (
                postal(&["Königstraße 1"], "01097", "Dresden", "", "DE"),
                "Königstraße 1|01097 Dresden|DE",
            ),
            (
                postal(&["1 Main St"], "94105", "San Francisco", "CA", "US"),
                "1 Main St|San Francisco CA 94105|US",
            ),
            (
                postal(&["10 High Street"], "SW1A 1AA", "London", "", "GB"),
                "10 High Street|London|SW1A 1AA|GB",
            ),
            (
                postal(&["5 MG Road"], "560001", "Bengaluru", "Karnataka", "IN"),
                "5 MG Road|Bengaluru 560001|Karnataka|IN",
            ),
            (postal(&["1 rue X", " \t"], "", "Paris", "", ""), "1 rue X|Paris"),
        ] {
            let lines = addressee("Acme", None, Some(&address), None);
            assert_eq!(lines.join("|"), format!("Acme|{expected}"));
        }
    }

    #[test]
    fn the_country_is_left_out_at_home_and_a_name_is_said_once() {
        let address = postal(&["Königstraße 1"], "01097", "Dresden", "", "DE");
        let lines = |contact| addressee("Acme", Some(contact), Some(&address), Country::parse("DE"));
        assert_eq!(lines("Ada"), ["Acme", "Ada", "Königstraße 1", "01097 Dresden"]);
        assert_eq!(lines("Acme"), ["Acme", "Königstraße 1", "01097 Dresden"]);
        assert_eq!(addressee("Acme", None, None, None), ["Acme"]);
    }

    #[test]
    fn a_creditor_s_country_is_the_last_line_where_that_is_a_code() {
        let read = Creditor::read("Nordwind", "Hafenstraße 7| 20457 Hamburg |DE");
        assert_eq!(read.lines, ["Nordwind", "Hafenstraße 7", "20457 Hamburg"]);
        assert_eq!(read.country, Country::parse("DE"));
        let plain = Creditor::read("Nordwind", "");
        assert_eq!((plain.lines.len(), plain.country), (1, None));
        // A name of two letters is a name.
        assert_eq!(Creditor::read("DE", "").lines, ["DE"]);
    }
}

//! Currencies: the active codes of ISO 4217 with their minor-unit exponents.
//!
//! Source: ISO 4217 list one as published 2026-01-01. Codes without a minor unit (metals, bond units,
//! `XXX`, `XTS`) are refused, since no invoice can be written in them.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::money::MoneyError;

const NO_DIGITS: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
    "XOF", "XPF",
];
const TWO_DIGITS: &[&str] = &[
    "AED", "AFN", "ALL", "AMD", "AOA", "ARS", "AUD", "AWG", "AZN", "BAM", "BBD", "BDT", "BMD", "BND", "BOB",
    "BOV", "BRL", "BSD", "BTN", "BWP", "BYN", "BZD", "CAD", "CDF", "CHE", "CHF", "CHW", "CNY", "COP", "COU",
    "CRC", "CUP", "CVE", "CZK", "DKK", "DOP", "DZD", "EGP", "ERN", "ETB", "EUR", "FJD", "FKP", "GBP", "GEL",
    "GHS", "GIP", "GMD", "GTQ", "GYD", "HKD", "HNL", "HTG", "HUF", "IDR", "ILS", "INR", "IRR", "JMD", "KES",
    "KGS", "KHR", "KPW", "KYD", "KZT", "LAK", "LBP", "LKR", "LRD", "LSL", "MAD", "MDL", "MGA", "MKD", "MMK",
    "MNT", "MOP", "MRU", "MUR", "MVR", "MWK", "MXN", "MXV", "MYR", "MZN", "NAD", "NGN", "NIO", "NOK", "NPR",
    "NZD", "PAB", "PEN", "PGK", "PHP", "PKR", "PLN", "QAR", "RON", "RSD", "RUB", "SAR", "SBD", "SCR", "SDG",
    "SEK", "SGD", "SHP", "SLE", "SOS", "SRD", "SSP", "STN", "SVC", "SYP", "SZL", "THB", "TJS", "TMT", "TOP",
    "TRY", "TTD", "TWD", "TZS", "UAH", "USD", "USN", "UYU", "UZS", "VED", "VES", "WST", "XAD", "XCD", "XCG",
    "YER", "ZAR", "ZMW", "ZWG",
];
const THREE_DIGITS: &[&str] = &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];
const FOUR_DIGITS: &[&str] = &["CLF", "UYW"];

/// Exponent and the codes that have it, each list in alphabetical order.
const BY_EXPONENT: [(u32, &[&str]); 4] = [
    (0, NO_DIGITS),
    (2, TWO_DIGITS),
    (3, THREE_DIGITS),
    (4, FOUR_DIGITS),
];

/// An active ISO 4217 currency. Ordered by code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Currency {
    code: &'static str,
    exponent: u32,
}

impl Currency {
    /// Reads an upper-case alphabetic code, such as `EUR`.
    pub fn parse(code: &str) -> Result<Currency, MoneyError> {
        BY_EXPONENT
            .iter()
            .find_map(|(exponent, codes)| {
                let at = codes.binary_search(&code).ok()?;
                codes.get(at).map(|code| Currency {
                    code,
                    exponent: *exponent,
                })
            })
            .ok_or_else(|| MoneyError::UnknownCurrency(code.chars().take(12).collect()))
    }

    /// The three-letter code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// How many digits an amount has after the point: 0, 2, 3 or 4.
    pub fn exponent(&self) -> u32 {
        self.exponent
    }

    /// Every currency, in no promised order.
    pub fn all() -> impl Iterator<Item = Currency> {
        BY_EXPONENT.iter().flat_map(|(exponent, codes)| {
            codes.iter().map(|code| Currency {
                code,
                exponent: *exponent,
            })
        })
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code)
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code)
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Currency, D::Error> {
        let code = String::deserialize(deserializer)?;
        Currency::parse(&code).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_list_is_sorted_so_that_it_can_be_searched() {
        for (_, codes) in BY_EXPONENT {
            assert!(codes.is_sorted(), "{codes:?}");
        }
    }

    #[test]
    fn every_code_is_found_again_and_there_are_as_many_as_the_standard_lists() {
        assert_eq!(
            Currency::all().count(),
            165,
            "ISO 4217 list one of 2026-01-01, codes with a minor unit"
        );
        for currency in Currency::all() {
            assert_eq!(Currency::parse(currency.code()), Ok(currency));
        }
    }

    #[test]
    fn exponents_are_those_of_the_standard() {
        let cases = [
            ("JPY", 0),
            ("ISK", 0),
            ("HUF", 2),
            ("EUR", 2),
            ("USD", 2),
            ("KWD", 3),
            ("TND", 3),
            ("CLF", 4),
        ];
        for (code, exponent) in cases {
            assert_eq!(Currency::parse(code).unwrap().exponent(), exponent, "{code}");
        }
    }

    #[test]
    fn what_is_no_active_currency_is_refused() {
        for code in [
            "", "eur", "EU", "EURO", "XXX", "XAU", "DEM", "HRK", "BGN", " EUR", "€",
        ] {
            assert!(
                matches!(Currency::parse(code), Err(MoneyError::UnknownCurrency(_))),
                "{code}"
            );
        }
    }
}

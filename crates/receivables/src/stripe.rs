//! What Stripe's API calls an amount and a language.
//!
//! Source: of the amounts, Stripe, "Supported currencies" (docs.stripe.com/currencies), sections "Zero-decimal
//! currencies", "Three-decimal currencies" and "Special cases". Stripe's digits are not always those of ISO 4217,
//! and its special cases look alike and are not: ISK and UGX have no decimals and are still written with two, always
//! `00`; MGA has two in ISO 4217 and none at Stripe; HUF and TWD have two for charges (that they have none holds for
//! payouts alone). A three-decimal amount ends in 0. What cannot be said exactly is refused, never rounded.
//!
//! Source: of the languages, the API's enumeration of a checkout session's `locale`.

use crate::currency::Currency;
use crate::money::Money;

/// Digits at Stripe, with the currencies that ISO 4217 gives other ones.
const OTHER_DIGITS: &[(&str, u32)] = &[("ISK", 2), ("MGA", 0), ("UGX", 2)];

/// Currencies with other than two digits that Stripe takes; of those with two it takes nearly all.
const ZERO_DIGITS: &[&str] = &[
    "BIF", "CLP", "DJF", "GNF", "JPY", "KMF", "KRW", "MGA", "PYG", "RWF", "VND", "VUV", "XAF", "XOF", "XPF",
];
const THREE_DIGITS: &[&str] = &["BHD", "JOD", "KWD", "OMR", "TND"];

/// Why an amount cannot be said to Stripe, or cannot be read from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Stripe does not take the currency.
    #[error("Stripe takes no {0}")]
    Currency(Currency),
    /// The smallest unit at Stripe is larger than the amount's.
    #[error("Stripe cannot take {0} exactly")]
    Inexact(Money),
    /// Stripe's number is no whole number of our units, or too large.
    #[error("{minor} is no amount of {currency} at Stripe")]
    Unreadable {
        /// As it came.
        minor: i64,
        /// Of which currency.
        currency: Currency,
    },
}

fn digits(currency: Currency) -> Result<u32, AmountError> {
    let code = currency.code();
    let other = OTHER_DIGITS.iter().find(|(candidate, _)| *candidate == code);
    match (other, currency.exponent()) {
        (Some((_, digits)), _) => Ok(*digits),
        (None, 2) => Ok(2),
        (None, 0) if ZERO_DIGITS.contains(&code) => Ok(0),
        (None, 3) if THREE_DIGITS.contains(&code) => Ok(3),
        (None, _) => Err(AmountError::Currency(currency)),
    }
}

/// The smallest step between two of Stripe's amounts, in its units.
fn step(currency: Currency) -> i64 {
    match currency.code() {
        "ISK" | "UGX" => 100,
        code if THREE_DIGITS.contains(&code) => 10,
        _ => 1,
    }
}

/// `value` in units of `from` digits, in units of `to` digits; `None` where that is no whole number or too large.
pub(crate) fn rescaled(value: i64, from: u32, to: u32) -> Option<i64> {
    let up = 10i64.checked_pow(to.saturating_sub(from))?;
    let down = 10i64.checked_pow(from.saturating_sub(to))?;
    let value = value.checked_mul(up)?;
    (value.checked_rem(down)? == 0).then(|| value.checked_div(down))?
}

/// The integer that Stripe's API calls this amount (`unit_amount`).
pub fn to_minor(amount: Money) -> Result<i64, AmountError> {
    let currency = amount.currency();
    let inexact = AmountError::Inexact(amount);
    let minor = rescaled(amount.minor(), currency.exponent(), digits(currency)?).ok_or(inexact)?;
    match minor.checked_rem(step(currency)) {
        Some(0) => Ok(minor),
        _ => Err(inexact),
    }
}

/// Whether Stripe takes the currency.
pub fn takes(currency: Currency) -> bool {
    digits(currency).is_ok()
}

/// The amount that Stripe's API means by this integer.
pub fn from_minor(minor: i64, currency: Currency) -> Result<Money, AmountError> {
    rescaled(minor, digits(currency)?, currency.exponent())
        .map(|minor| Money::new(minor, currency))
        .ok_or(AmountError::Unreadable { minor, currency })
}

/// The languages that Stripe's pages speak.
const LOCALES: &[&str] = &[
    "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr",
    "hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk",
    "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW",
];

/// The value of `locale` for a language tag: the tag itself, else its language, else `auto` (the browser's).
pub fn locale(tag: &str) -> &'static str {
    let known = |wanted: &str| LOCALES.iter().find(|known| known.eq_ignore_ascii_case(wanted));
    let language = tag.split('-').next().unwrap_or(tag);
    known(tag).or_else(|| known(language)).copied().unwrap_or("auto")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn money(amount: &str, code: &str) -> Money {
        Money::parse(amount, Currency::parse(code).unwrap()).unwrap()
    }

    #[test]
    fn amounts_are_written_as_the_documentation_says() {
        // The first ones are the documentation's own examples.
        let cases = [
            ("10.99", "USD", Some(1_099)),
            ("500", "JPY", Some(500)),
            ("5.120", "JOD", Some(5_120)),
            ("5.124", "JOD", None),
            ("5", "ISK", Some(500)),
            ("5", "UGX", Some(500)),
            ("10.45", "HUF", Some(1_045)),
            ("800.45", "TWD", Some(80_045)),
            ("1250.00", "EUR", Some(125_000)),
            ("5.000", "KWD", Some(5_000)),
            ("12.00", "MGA", Some(12)),
            ("12.50", "MGA", None),
            ("1", "KRW", Some(1)),
            ("1.000", "IQD", None),
            ("1.0000", "CLF", None),
            ("1", "UYI", None),
            ("92233720368547758", "ISK", Some(9_223_372_036_854_775_800)),
            ("92233720368547759", "ISK", None),
        ];
        for (amount, code, expected) in cases {
            let amount = money(amount, code);
            assert_eq!(to_minor(amount).ok(), expected, "{amount}");
            if let Some(minor) = expected {
                assert_eq!(from_minor(minor, amount.currency()), Ok(amount));
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_said() {
        let isk = Currency::parse("ISK").unwrap();
        let error = from_minor(550, isk).unwrap_err();
        assert_eq!(error.to_string(), "550 is no amount of ISK at Stripe");
        let mga = Currency::parse("MGA").unwrap();
        assert!(from_minor(i64::MAX, mga).is_err());
        assert_eq!(
            to_minor(money("1.000", "LYD")).unwrap_err().to_string(),
            "Stripe takes no LYD"
        );
    }

    #[test]
    fn the_tables_name_currencies() {
        let others = OTHER_DIGITS.iter().map(|(code, _)| code);
        for code in others.chain(ZERO_DIGITS).chain(THREE_DIGITS) {
            assert!(Currency::parse(code).is_ok(), "{code}");
        }
    }

    #[test]
    fn a_language_is_one_that_stripe_speaks() {
        for (tag, expected) in [
            ("de", "de"),
            ("de-AT", "de"),
            ("en-gb", "en-GB"),
            ("en-IE", "en"),
            ("pt-BR", "pt-BR"),
            ("zh-Hant-TW", "zh"),
            ("is", "auto"),
            ("", "auto"),
        ] {
            assert_eq!(locale(tag), expected, "{tag}");
        }
    }

    proptest! {
        #[test]
        fn what_is_said_is_read_back(minor in any::<i64>(), at in 0usize..165) {
            let currency = Currency::all().nth(at).unwrap();
            let amount = Money::new(minor, currency);
            if let Ok(said) = to_minor(amount) {
                prop_assert_eq!(from_minor(said, currency), Ok(amount));
            }
        }
    }
}

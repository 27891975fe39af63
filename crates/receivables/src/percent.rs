//! Percentages that people agree on: the share of a part, a discount, a tolerance.
//!
//! Shape: a decimal string such as `"30"` or `"0.5"`, more than nothing and at most 100, with at most four digits
//! after the point. Held as a whole number of ten-thousandths of a percent, so that a share of an amount is exact
//! until it is rounded, once, to the currency's minor unit.
//!
//! Source: Dunlin's own rule; half up is the commercial rounding that DIN 1333 describes.

use std::fmt;

use rust_decimal::prelude::ToPrimitive;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::fields::{Problem, kinds};
use crate::money::{Money, MoneyError};

/// Digits after the point: a third is `33.3333`, and nobody agrees on finer shares.
const DIGITS: u32 = 4;

/// Ten-thousandths in a percent.
const UNITS: u32 = 10_000;

/// The whole, in ten-thousandths of a percent.
const WHOLE: u32 = 100 * UNITS;

/// A share of more than nothing and at most the whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Percent {
    /// Ten-thousandths of a percent.
    units: u32,
}

impl Percent {
    /// The whole.
    pub const ALL: Percent = Percent { units: WHOLE };

    /// Reads a decimal string, or a whole number.
    pub fn read(value: &Value) -> Result<Percent, Problem> {
        let given = kinds::quantity(value)?.normalize();
        let units = (given.scale() <= DIGITS)
            .then(|| given.checked_mul(UNITS.into()))
            .flatten()
            .and_then(|units| units.to_u32());
        units
            .filter(|units| (1..=WHOLE).contains(units))
            .map(|units| Percent { units })
            .ok_or_else(|| {
                let detail = format!("{given} is not a percentage above 0 and up to 100 with at most {DIGITS} digits after the point");
                Problem::new("out_of_range", detail)
            })
    }

    /// This share of an amount, half a minor unit rounded up (away from zero).
    pub fn of(self, amount: Money) -> Result<Money, MoneyError> {
        self.share(amount, i128::from(WHOLE / 2))
    }

    /// This share of an amount, whatever is less than a minor unit dropped: for limits, which are never to be wider
    /// than they say.
    pub fn at_most_of(self, amount: Money) -> Result<Money, MoneyError> {
        self.share(amount, 0)
    }

    /// Whether shares are together exactly the whole.
    pub fn add_up_to_all(shares: impl IntoIterator<Item = Percent>) -> bool {
        let sum = shares
            .into_iter()
            .try_fold(0u32, |sum, share| sum.checked_add(share.units));
        sum == Some(WHOLE)
    }

    fn share(self, amount: Money, rounding: i128) -> Result<Money, MoneyError> {
        let magnitude = i128::from(amount.minor().unsigned_abs());
        let rounded = magnitude
            .checked_mul(i128::from(self.units))
            .and_then(|product| product.checked_add(rounding))
            .and_then(|product| product.checked_div(i128::from(WHOLE)))
            .and_then(|magnitude| i64::try_from(magnitude).ok())
            .ok_or(MoneyError::Overflow)?;
        let share = Money::new(rounded, amount.currency());
        match amount.is_negative() {
            true => share.checked_neg(),
            false => Ok(share),
        }
    }
}

/// `0.5`, `30`
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let exact = rust_decimal::Decimal::new(i64::from(self.units), DIGITS);
        write!(f, "{}", exact.normalize())
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Percent, D::Error> {
        let text = String::deserialize(deserializer)?;
        Percent::read(&Value::String(text)).map_err(|problem| serde::de::Error::custom(problem.detail))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::currency::Currency;

    fn percent(text: &str) -> Percent {
        Percent::read(&json!(text)).unwrap()
    }

    fn money(minor: i64, code: &str) -> Money {
        Money::new(minor, Currency::parse(code).unwrap())
    }

    #[test]
    fn a_share_is_exact_and_then_rounded_once() {
        // Percent, minor units, currency -> half up, dropped. Plain arithmetic: 15 % of 125.50 is 18.825.
        let cases = [
            ("15", 12_550, "EUR", 1_883, 1_882),
            ("2", 10_000, "EUR", 200, 200),
            ("0.5", 100, "EUR", 1, 0),
            ("0.49", 100, "EUR", 0, 0),
            ("33.3333", 10_000, "EUR", 3_333, 3_333),
            ("2.5", 100, "JPY", 3, 2),
            ("2", 1_001, "KWD", 20, 20),
            ("100", i64::MAX, "EUR", i64::MAX, i64::MAX),
            ("15", -12_550, "EUR", -1_883, -1_882),
        ];
        for (share, minor, code, half_up, dropped) in cases {
            let (share, amount) = (percent(share), money(minor, code));
            assert_eq!(
                share.of(amount),
                Ok(money(half_up, code)),
                "{share} % of {amount}"
            );
            assert_eq!(
                share.at_most_of(amount),
                Ok(money(dropped, code)),
                "{share} % of {amount}"
            );
        }
    }

    #[test]
    fn what_is_no_share_is_refused() {
        for good in [json!("0.0001"), json!("100"), json!(30), json!("30.00")] {
            assert!(Percent::read(&good).is_ok(), "{good}");
        }
        let cases = [
            (json!("0"), "out_of_range"),
            (json!("-1"), "out_of_range"),
            (json!("100.0001"), "out_of_range"),
            (json!("0.00001"), "out_of_range"),
            (json!(0.5), "invalid_quantity"),
            (json!("half"), "invalid_quantity"),
            (json!("99999999999999999999"), "out_of_range"),
        ];
        for (value, code) in cases {
            assert_eq!(Percent::read(&value).unwrap_err().code, code, "{value}");
        }
    }

    #[test]
    fn it_is_written_as_it_is_read() {
        for text in ["30", "0.5", "33.3333", "100"] {
            assert_eq!(serde_json::to_value(percent(text)).unwrap(), json!(text));
        }
        assert_eq!(serde_json::to_value(percent("30.00")).unwrap(), json!("30"));
        assert_eq!(
            serde_json::from_value::<Percent>(json!("0.5")).unwrap(),
            percent("0.5")
        );
        assert!(serde_json::from_value::<Percent>(json!("101")).is_err());
    }

    #[test]
    fn shares_add_up_to_all_or_they_do_not() {
        assert!(Percent::add_up_to_all(["30", "50", "20"].map(percent)));
        assert!(Percent::add_up_to_all(
            ["33.3333", "33.3333", "33.3334"].map(percent)
        ));
        assert!(!Percent::add_up_to_all(
            ["33.3333", "33.3333", "33.3333"].map(percent)
        ));
        assert!(!Percent::add_up_to_all([]));
    }

    proptest! {
        #[test]
        fn a_share_lies_between_nothing_and_the_whole(minor in 0i64.., units in 1u32..=WHOLE) {
            let (share, amount) = (Percent { units }, money(minor, "EUR"));
            let (half_up, dropped) = (share.of(amount).unwrap(), share.at_most_of(amount).unwrap());
            prop_assert!(dropped.minor() >= 0 && half_up.minor() <= minor);
            prop_assert!((0..=1).contains(&(half_up.minor() - dropped.minor())));
        }
    }
}

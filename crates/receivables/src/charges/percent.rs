//! Percentages: of a fee, of interest a year.
//!
//! Source: Dunlin's own rule.

use std::fmt;

use rust_decimal::Decimal;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

use crate::fields::{Problem, kinds};
use crate::limits;

/// Digits after the point: reference rates have two, agreed ones up to four.
const DIGITS: u32 = 4;

/// A percentage of at most four digits after the point. `11.75` stands for 11.75 percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Percent(i64);

impl Percent {
    /// Nothing.
    pub const ZERO: Percent = Percent(0);
    /// All of it.
    pub const WHOLE: Percent = Percent(1_000_000);

    /// So many hundredths of a percentage point: 1175 is 11.75.
    pub fn hundredths(hundredths: i32) -> Percent {
        Percent(i64::from(hundredths).saturating_mul(100))
    }

    /// In ten-thousandths of a percentage point: 11.75 is 117,500; a whole is a million.
    pub fn ten_thousandths(self) -> i64 {
        self.0
    }

    /// So many times this and so many points more, but never less than nothing.
    pub fn times_plus(self, times: u8, points: Percent) -> Percent {
        let product = self.0.saturating_mul(i64::from(times));
        Percent(product.saturating_add(points.0).max(0))
    }

    /// Reads a decimal string such as `"11.75"`, or a whole number, from `least` to `most` percent.
    pub fn between(least: i64, most: i64) -> impl Fn(&Value) -> Result<Percent, Problem> {
        move |value| {
            let read = kinds::quantity(value)?.normalize();
            if read < Decimal::from(least) || read > Decimal::from(most) {
                let detail = format!("{read} is not between {least} and {most} percent");
                return Err(Problem::new("out_of_range", detail));
            }
            Percent::exactly(read).ok_or_else(|| {
                let detail = format!("a percentage has at most {DIGITS} digits after the point, not {read}");
                Problem::new("too_many_digits", detail)
            })
        }
    }

    /// A rate that is to be charged: more than nothing, within [`limits::MAX_PERCENT`].
    pub fn positive(value: &Value) -> Result<Percent, Problem> {
        let percent = Percent::between(0, limits::MAX_PERCENT)(value)?;
        if percent > Percent::ZERO {
            Ok(percent)
        } else {
            Err(Problem::new("not_positive", "a percentage is more than zero"))
        }
    }

    fn exactly(value: Decimal) -> Option<Percent> {
        let missing = DIGITS.checked_sub(value.scale())?;
        let mantissa = i64::try_from(value.mantissa()).ok()?;
        mantissa.checked_mul(10_i64.checked_pow(missing)?).map(Percent)
    }
}

/// `11.75`
impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Decimal::new(self.0, DIGITS).normalize().fmt(f)
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Percent, D::Error> {
        let text = String::deserialize(deserializer)?;
        let read = Decimal::from_str_exact(&text).ok().map(|value| value.normalize());
        read.and_then(Percent::exactly)
            .ok_or_else(|| serde::de::Error::custom("a percentage has at most four digits after the point"))
    }
}

impl Serialize for Percent {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

//! Amounts between two minor units.
//!
//! A day's interest is a fraction of a cent, and a year of such fractions, each rounded, is wrong by euros.
//! So they are kept as whole numbers of a unit so small that every day's simple interest is one: a minor
//! unit, divided by a million (a percentage of four digits) and by 1,603,080, the least number that 360, 365
//! and 366 all divide. Sums are exact, in any order and however a period is split; rounding comes once, at
//! the end. Interest on interest is no such fraction: it is rounded to this unit, a billionth of a cent.
//!
//! Source: Dunlin's own rule.

use rust_decimal::Decimal;

use super::day_count::YearPart;
use super::percent::Percent;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};

/// Parts of a year: divisible by 360, 365 and 366.
const YEAR: i128 = 1_603_080;
/// Parts of a whole that a percentage of four digits is counted in.
const WHOLE: i128 = 1_000_000;
/// Parts of a minor unit: [`YEAR`] times [`WHOLE`].
const UNIT: i128 = 1_603_080_000_000;
/// Digits below the minor unit that a person is shown.
const SHOWN: u32 = 6;

/// An amount that is not rounded yet. Its currency is known to whoever holds it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(i128);

impl Exact {
    /// Nothing.
    pub const ZERO: Exact = Exact(0);

    /// The simple interest of `principal` minor units and of interest that has become capital, at `percent`
    /// a year, over a part of a year. `None` where it does not fit.
    pub fn interest(principal: i64, capital: Exact, percent: Percent, part: YearPart) -> Option<Exact> {
        let rate_days = i128::from(percent.ten_thousandths()).checked_mul(i128::from(part.days))?;
        let per_day = YEAR.checked_div(i128::from(part.of))?;
        let simple = i128::from(principal)
            .checked_mul(rate_days)?
            .checked_mul(per_day)?;
        let parts = WHOLE.checked_mul(i128::from(part.of))?;
        let compound = divided(capital.0.checked_mul(rate_days)?, parts)?;
        simple.checked_add(compound).map(Exact)
    }

    /// A percentage of an amount, such as a fee.
    pub fn percent_of(amount: Money, percent: Percent) -> Option<Exact> {
        let parts = i128::from(amount.minor()).checked_mul(i128::from(percent.ten_thousandths()))?;
        parts.checked_mul(YEAR).map(Exact)
    }

    /// The sum.
    pub fn checked_add(self, other: Exact) -> Option<Exact> {
        self.0.checked_add(other.0).map(Exact)
    }

    /// Rounded half-up to the currency's digits.
    pub fn rounded(self, currency: Currency) -> Result<Money, MoneyError> {
        divided(self.0, UNIT)
            .and_then(|minor| i64::try_from(minor).ok())
            .map(|minor| Money::new(minor, currency))
            .ok_or(MoneyError::Overflow)
    }

    /// As a decimal number of the currency's major units, six digits beyond the minor unit, for a person who
    /// checks it.
    pub fn shown(self, currency: Currency) -> Option<String> {
        let digits = 10_i128.checked_pow(SHOWN)?;
        let scaled = divided(self.0, UNIT.checked_div(digits)?)?;
        let scale = currency.exponent().checked_add(SHOWN)?;
        Decimal::try_from_i128_with_scale(scaled, scale)
            .ok()
            .map(|amount| amount.to_string())
    }
}

/// The quotient, rounded half-up.
fn divided(dividend: i128, divisor: i128) -> Option<i128> {
    dividend
        .checked_add(divisor.checked_div(2)?)?
        .checked_div_euclid(divisor)
}

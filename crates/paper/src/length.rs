//! Lengths on paper, in whole thousandths of a point, so that a layout is exact and the same on every machine.

use std::iter::Sum;
use std::ops::{Add, Neg, Sub};

/// A length, or a place measured from the left or from the top. Sums stop at the ends of what an `i32` holds: over 700
/// metres, which no sheet has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Length(i32);

impl Length {
    pub(crate) const ZERO: Length = Length(0);

    /// Of tenths of a point.
    pub(crate) const fn pt10(tenths: i32) -> Length {
        Length(tenths.saturating_mul(100))
    }

    /// Of hundredths of a millimetre: 72 points are 25.4 of them.
    pub(crate) const fn mm100(hundredths: i32) -> Length {
        Length(hundredths.saturating_mul(7200) / 254)
    }

    /// Of hundredths of an inch.
    pub(crate) const fn in100(hundredths: i32) -> Length {
        Length(hundredths.saturating_mul(720))
    }

    /// Of thousandths of a point.
    pub(crate) const fn of_thousandths(thousandths: i32) -> Length {
        Length(thousandths)
    }

    /// As often.
    pub(crate) fn times(self, factor: i32) -> Length {
        Length(self.0.saturating_mul(factor))
    }

    /// `parts` of `whole` equal parts; nothing of none.
    pub(crate) fn share(self, parts: i32, whole: i32) -> Length {
        let product = i64::from(self.0).saturating_mul(i64::from(parts));
        let share = product.checked_div(i64::from(whole)).unwrap_or(0);
        Length(i32::try_from(share).unwrap_or(i32::MAX))
    }

    /// What so many thousandths of an em are at this size of type.
    pub(crate) fn of_em(self, thousandths: i32) -> Length {
        self.share(thousandths, 1000)
    }

    /// How many thousandths of an em it is at a size of type.
    pub(crate) fn in_em(self, size: Length) -> i32 {
        self.times(1000).0.checked_div(size.0).unwrap_or(i32::MAX)
    }

    /// In points, for the PDF writer.
    #[allow(
        clippy::as_conversions,
        clippy::cast_precision_loss,
        clippy::float_arithmetic,
        reason = "the PDF writer takes floats; nothing is computed with them before they are written"
    )]
    pub(crate) fn points(self) -> f32 {
        self.0 as f32 / 1000.0
    }
}

impl Add for Length {
    type Output = Length;

    fn add(self, other: Length) -> Length {
        Length(self.0.saturating_add(other.0))
    }
}

impl Sub for Length {
    type Output = Length;

    fn sub(self, other: Length) -> Length {
        Length(self.0.saturating_sub(other.0))
    }
}

impl Neg for Length {
    type Output = Length;

    fn neg(self) -> Length {
        Length(self.0.saturating_neg())
    }
}

impl Sum for Length {
    fn sum<I: Iterator<Item = Length>>(lengths: I) -> Length {
        lengths.fold(Length::ZERO, |sum, length| sum + length)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_of_a4_is_595_by_842_points() {
        // ISO 216: 210 by 297 mm; 72 points are an inch of 25.4 mm.
        assert_eq!(Length::mm100(21_000), Length(595_275));
        assert_eq!(Length::mm100(29_700), Length(841_889));
        assert_eq!(Length::in100(850), Length(612_000));
    }

    #[test]
    fn no_sum_wraps_around() {
        assert_eq!(Length(i32::MAX) + Length(1), Length(i32::MAX));
        assert_eq!(-Length(i32::MIN), Length(i32::MAX));
        assert_eq!(Length(i32::MAX).times(9), Length(i32::MAX));
        assert_eq!(Length(7).share(1, 0), Length::ZERO);
    }
}

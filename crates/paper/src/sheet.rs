//! Sheets of paper, and where a window envelope shows the address.
//!
//! Source: ISO 216 for A4; DIN 5008:2020, form B, for what stands where on it: the window at 20 mm from the left and 45 mm
//! from the top, 85 by 45 mm, the upper 17.7 mm of it for the return address; the block of facts at 125 mm; the body
//! from 98.5 mm on between 25 and 190 mm; fold marks at 105 and 210 mm, a punch mark at 148.5 mm. US Letter (ANSI A) with the
//! window of a No. 10 envelope, 4 1/2 by 1 1/8 in, 7/8 in from the left and 1/2 in from the bottom of the 4 1/8 in that
//! it is high: on a sheet folded in three, 2.04 to 3.17 in from the top. Who writes on which: Unicode CLDR, supplemental
//! data, `paperSize`.

use crate::length::Length;

/// The paper that a letter is printed on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sheet {
    /// ISO A4, laid out by DIN 5008 form B.
    #[default]
    A4,
    /// US Letter, for a No. 10 window envelope.
    Letter,
}

/// CLDR: where `paperSize` is `US-Letter`.
const LETTER_COUNTRIES: &[&str] = &[
    "BZ", "CA", "CL", "CO", "CR", "GT", "MX", "NI", "PA", "PH", "PR", "SV", "US", "VE",
];

impl Sheet {
    /// What is written on in a country (ISO 3166-1 alpha-2); A4 where none is known.
    pub fn of(country: Option<&str>) -> Sheet {
        match country {
            Some(code) if LETTER_COUNTRIES.contains(&code) => Sheet::Letter,
            _ => Sheet::A4,
        }
    }

    pub(crate) fn plan(self) -> &'static Plan {
        match self {
            Sheet::A4 => &A4,
            Sheet::Letter => &LETTER,
        }
    }
}

/// Where things stand; lengths from the left and from the top.
pub(crate) struct Plan {
    pub(crate) width: Length,
    pub(crate) height: Length,
    pub(crate) left: Length,
    pub(crate) right: Length,
    /// Where the creditor's name begins.
    pub(crate) head: Length,
    /// The baseline of the return address; none where the head is seen through the window's upper part.
    pub(crate) return_line: Option<Length>,
    /// The place of the address.
    pub(crate) address: (Length, Length),
    pub(crate) address_width: Length,
    pub(crate) address_lines: usize,
    /// The block of date and reference.
    pub(crate) facts: (Length, Length),
    /// Where the body begins, on the first page and on the others.
    pub(crate) body: Length,
    pub(crate) next_body: Length,
    /// Where it ends.
    pub(crate) bottom: Length,
    /// The baseline of the last line of all.
    pub(crate) foot: Length,
    /// Where to fold and to punch.
    pub(crate) marks: &'static [Length],
}

static A4: Plan = Plan {
    width: Length::mm100(21_000),
    height: Length::mm100(29_700),
    left: Length::mm100(2_500),
    right: Length::mm100(19_000),
    head: Length::mm100(1_500),
    return_line: Some(Length::mm100(6_050)),
    address: (Length::mm100(2_500), Length::mm100(6_270)),
    address_width: Length::mm100(7_500),
    address_lines: 6,
    facts: (Length::mm100(12_500), Length::mm100(5_000)),
    body: Length::mm100(9_850),
    next_body: Length::mm100(2_500),
    bottom: Length::mm100(27_000),
    foot: Length::mm100(28_400),
    marks: &[
        Length::mm100(10_500),
        Length::mm100(14_850),
        Length::mm100(21_000),
    ],
};

static LETTER: Plan = Plan {
    width: Length::in100(850),
    height: Length::in100(1_100),
    left: Length::in100(100),
    right: Length::in100(750),
    head: Length::in100(60),
    return_line: None,
    address: (Length::in100(100), Length::in100(210)),
    address_width: Length::in100(330),
    address_lines: 5,
    facts: (Length::in100(500), Length::in100(210)),
    body: Length::in100(380),
    next_body: Length::in100(100),
    bottom: Length::in100(995),
    foot: Length::in100(1_045),
    marks: &[Length::in100(367), Length::in100(733)],
};

impl Plan {
    pub(crate) fn body_width(&self) -> Length {
        self.right - self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_s_paper_is_what_cldr_says() {
        for (country, sheet) in [
            (Some("US"), Sheet::Letter),
            (Some("CA"), Sheet::Letter),
            (Some("MX"), Sheet::Letter),
            (Some("DE"), Sheet::A4),
            (Some("GB"), Sheet::A4),
            (Some("IN"), Sheet::A4),
            (Some("us"), Sheet::A4),
            (None, Sheet::A4),
        ] {
            assert_eq!(Sheet::of(country), sheet, "{country:?}");
        }
    }

    #[test]
    fn an_address_lies_within_its_window() {
        // DIN 5008 form B: x 20 to 105 mm, y 45 to 90 mm. No. 10: x 7/8 to 5 3/8 in, y 2.04 to 3.17 in.
        let windows = [
            (&A4, [2_000, 10_500, 4_500, 9_000].map(Length::mm100)),
            (&LETTER, [88, 537, 204, 317].map(Length::in100)),
        ];
        for (plan, [left, right, top, bottom]) in windows {
            let (x, y) = plan.address;
            let lines = i32::try_from(plan.address_lines).unwrap();
            assert!(left <= x && x + plan.address_width <= right);
            assert!(top <= y && y + crate::folio::ADDRESS.leading().times(lines) <= bottom);
            assert!(plan.return_line.is_none_or(|line| top < line && line < y));
        }
    }
}

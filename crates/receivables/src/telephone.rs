//! Telephone numbers as networks dial them.
//!
//! Source: ITU-T E.164 (11/2010), section 6.2: a country code and a number, 15 digits at most; ITU-T E.123, section 2.6,
//! for the `+` and for the trunk prefix that is written `(0)` and dialled within its own country alone.

/// Fewest digits of a number with its country code: `+290 xxxx` (Saint Helena) has seven or more.
const FEWEST: usize = 7;

/// Most of them.
const MOST: usize = 15;

/// The number as it is dialled from anywhere: `+` and its digits. `None` where it does not say its country: who is
/// reached by `08 123 456` depends on where one dials, and a debt is told to nobody by guess.
pub fn e164(text: &str) -> Option<String> {
    let rest = text.trim().strip_prefix('+')?.replace("(0)", "");
    if rest.chars().any(|c| !c.is_ascii_digit() && !" ()./-".contains(c)) {
        return None;
    }
    let digits: String = rest.chars().filter(char::is_ascii_digit).collect();
    let fits = (FEWEST..=MOST).contains(&digits.len()) && !digits.starts_with('0');
    fits.then(|| format!("+{digits}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_with_its_country_is_dialled_and_no_other() {
        for (text, number) in [
            ("+46 8 123 456", Some("+468123456")),
            ("+1 (202) 555-0143", Some("+12025550143")),
            // E.123 advises against it; people write it all the same.
            ("+44 (0)20 7946 0958", Some("+442079460958")),
            ("+49/30.901820", Some("+4930901820")),
            // No country.
            ("08 123 456", None),
            ("0046 8 123 456", None),
            ("(202) 555-0143", None),
            // No country code begins with 0; too short, too long; no number.
            ("+0 8 123 456", None),
            ("+46 8 12", None),
            ("+1234567890123456", None),
            ("+46 8 123 456 x9", None),
            ("", None),
            ("+", None),
        ] {
            assert_eq!(e164(text).as_deref(), number, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_dialled_is_a_plus_and_7_to_15_digits_and_stays_so(text in "\\PC{0,24}") {
            if let Some(number) = e164(&text) {
                let digits = number.strip_prefix('+').unwrap();
                prop_assert!((7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit()));
                prop_assert_eq!(e164(&number), Some(number));
            }
        }
    }
}

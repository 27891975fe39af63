//! References that payers are asked to quote, so that their money finds its invoice.
//!
//! Shape: the last sixteen characters of an id of Dunlin's own are 80 bits that no other id has ([`Key`]). Of them are
//! made an ISO 11649 creditor reference (`RF18 …`), for every currency, and a Swiss QR reference (27 digits), for
//! QR-IBANs. Both carry check digits: a slip of the payer's keys is noticed, and never means another invoice. Nothing
//! is stored: whoever reads one back ([`Structured::read`]) has the key, and finds the id that ends in it.
//!
//! A billing system may have made references of its own; they are read as well, and mean what it says they mean.
//!
//! Refused: references whose check digits are wrong, that are too long or hold other characters.
//!
//! Source: ISO 11649 (mod 97-10 of ISO 7064); for QRR the modulo 10 recursive of the Swiss Implementation Guidelines
//! for the QR-bill, annex B. That keys are the ends of ids is Dunlin's own.

use std::fmt;

/// Crockford's base 32, in which ids are written: a character's place is its value.
const ALPHABET: &str = "0123456789abcdefghjkmnpqrstvwxyz";

/// Characters of an id that are a key: 80 bits in groups of five.
const KEY: usize = 16;

/// Characters of an RF after its check digits: ISO 11649 allows 25 in all.
const RF_BODY: usize = 21;

/// Digits of a QR reference, its check digit included.
const QRR: usize = 27;

/// Where a digit leads to from a carry: row of the modulo 10 recursive, of which every other is the same, moved.
const RECURSIVE: [u32; 10] = [0, 9, 4, 6, 8, 2, 7, 1, 3, 5];

/// What tells an id of Dunlin's from all others: its last 80 bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(u128);

impl Key {
    /// The key of an id: `inv_01jz3q4k5m6n7p8q9r0s1t2v3w`; none where the text ends in no key.
    pub fn of(id: &str) -> Option<Key> {
        let from = id.len().checked_sub(KEY)?;
        Key::parse(id.get(from..)?)
    }

    /// Reads sixteen characters of Crockford's base 32, whatever the case.
    fn parse(text: &str) -> Option<Key> {
        if text.chars().count() != KEY {
            return None;
        }
        text.chars()
            .try_fold(0u128, |sum, c| {
                let digit = ALPHABET.find(c.to_ascii_lowercase())?;
                sum.checked_mul(32)?.checked_add(u128::try_from(digit).ok()?)
            })
            .map(Key)
    }

    /// The ISO 11649 creditor reference, without spaces: 20 characters.
    pub fn rf(self) -> String {
        // A key has letters and digits only, and fewer than an RF may have.
        rf(&self.to_string().to_ascii_uppercase()).unwrap_or_default()
    }

    /// The Swiss QR reference, without spaces: 27 digits. 80 bits have at most 25.
    pub fn qrr(self) -> String {
        let digits = format!("{:0>26}", self.0);
        let check = recursive(&digits).unwrap_or_default();
        format!("{digits}{check}")
    }
}

/// Its sixteen characters, as ids end in them.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut rest = self.0;
        let mut lowest_first = Vec::with_capacity(KEY);
        for _ in 0..KEY {
            let [low, ..] = rest.to_le_bytes();
            lowest_first.extend(ALPHABET.chars().nth(usize::from(low & 31)));
            rest >>= 5;
        }
        f.write_str(&lowest_first.iter().rev().collect::<String>())
    }
}

/// A reference with check digits that are right; in capitals, without spaces.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Structured {
    /// ISO 11649, as `SCOR` in payments.
    Rf(String),
    /// A Swiss QR reference.
    Qrr(String),
}

impl Structured {
    /// Reads one, whatever its case and with spaces wherever they stand.
    pub fn read(text: &str) -> Option<Structured> {
        let plain: String = text
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| c.to_ascii_uppercase())
            .collect();
        if plain.get(4..).and_then(rf).is_some_and(|right| right == plain) {
            return Some(Structured::Rf(plain));
        }
        let (digits, check) = plain.split_at_checked(plain.len().checked_sub(1)?)?;
        let is_right =
            plain.len() == QRR && recursive(digits).is_some_and(|right| check == right.to_string());
        is_right.then_some(Structured::Qrr(plain))
    }

    /// The reference in capitals, without spaces.
    pub fn as_str(&self) -> &str {
        match self {
            Structured::Rf(text) | Structured::Qrr(text) => text,
        }
    }

    /// What it refers to, without its check digits.
    pub fn body(&self) -> &str {
        match self {
            Structured::Rf(text) => text.get(4..).unwrap_or_default(),
            Structured::Qrr(text) => text.get(..QRR.saturating_sub(1)).unwrap_or_default(),
        }
    }

    /// The key that Dunlin would have made it of; whether there is such an id is for the caller to find out.
    pub fn key(&self) -> Option<Key> {
        match self {
            Structured::Rf(_) => Key::parse(self.body()),
            Structured::Qrr(_) => {
                let bits: u128 = self.body().parse().ok()?;
                (bits >> 80 == 0).then_some(Key(bits))
            }
        }
    }

    /// As it is printed: RF in groups of four (ISO 11649), QRR two digits and groups of five.
    pub fn printed(&self) -> String {
        let (first, group) = match self {
            Structured::Rf(_) => (0usize, 4),
            Structured::Qrr(_) => (2, 5),
        };
        let mut printed = String::new();
        for (at, c) in self.as_str().chars().enumerate() {
            let begins = at >= first && at.saturating_sub(first).is_multiple_of(group);
            if at > 0 && begins {
                printed.push(' ');
            }
            printed.push(c);
        }
        printed
    }
}

/// The ISO 11649 creditor reference for 1 to 21 letters and digits; none for anything else.
pub fn rf(body: &str) -> Option<String> {
    if body.is_empty() || body.len() > RF_BODY {
        return None;
    }
    let plain = body.to_ascii_uppercase();
    // ISO 7064, mod 97-10: letters count from 10, `RF00` stands behind, and the whole leaves one.
    let remainder = format!("{plain}RF00").chars().try_fold(0u32, |rest, c| {
        let value = c.to_digit(36).filter(|_| c.is_ascii_alphanumeric())?;
        let shift: u32 = if value < 10 { 10 } else { 100 };
        rest.checked_mul(shift)?.checked_add(value)?.checked_rem(97)
    })?;
    let check = 98u32.checked_sub(remainder)?;
    Some(format!("RF{check:02}{plain}"))
}

/// The check digit of the modulo 10 recursive.
fn recursive(digits: &str) -> Option<u32> {
    let carry = digits.chars().try_fold(0u32, |carry, c| {
        let at = carry.checked_add(c.to_digit(10)?)?.checked_rem(10)?;
        RECURSIVE.get(usize::try_from(at).ok()?).copied()
    })?;
    10u32.checked_sub(carry)?.checked_rem(10)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::InvoiceId;

    /// RF18 5390 0754 7034: the example of ISO 11649; RF09 53 and the QR reference are those of the Swiss
    /// Implementation Guidelines; the last RF has all characters that fit.
    #[test]
    fn check_digits_are_those_of_the_standards() {
        for (body, expected) in [
            ("539007547034", "RF18539007547034"),
            ("2348231", "RF712348231"),
            ("000000000539007547034", "RF18000000000539007547034"),
        ] {
            assert_eq!(rf(body).as_deref(), Some(expected));
            assert_eq!(
                Structured::read(&expected.to_lowercase()),
                Some(Structured::Rf(expected.to_owned()))
            );
        }
        for (digits, check) in [
            ("21000000000313947143000901", 7),
            ("00000000000000000000000000", 0),
        ] {
            assert_eq!(recursive(digits), Some(check));
        }
        let printed = "21 00000 00003 13947 14300 09017";
        assert_eq!(
            Structured::read(printed).map(|one| one.printed()),
            Some(printed.to_owned())
        );
        let printed = "RF18 5390 0754 7034";
        assert_eq!(
            Structured::read(printed).map(|one| one.printed()),
            Some(printed.to_owned())
        );
    }

    #[test]
    fn what_is_wrong_is_none() {
        for text in [
            "",
            "R",
            "RF",
            "RF18",
            "RF19539007547034",
            "RF18 5390 0754 7043",
            "RF18 5390-0754-7034",
            "XF18539007547034",
            "RF180000000000539007547034",
            "RF18äöü",
            "210000000003139471430009018",
            "21000000000313947143000901",
            "21000000000313947143000901x",
        ] {
            assert_eq!(Structured::read(text), None, "{text}");
        }
        assert_eq!(rf(""), None);
        assert_eq!(rf("INV-12"), None);
        assert_eq!(Key::of("inv_12"), None);
        assert_eq!(Key::of("ein Text ohne Schlüsselü"), None);
    }

    proptest! {
        #[test]
        fn what_is_made_is_read_back_and_leads_to_its_id(at in 0u64..1 << 47, random: [u8; 10]) {
            let id = InvoiceId::from_parts(at, random);
            let key = Key::of(id.as_str()).unwrap();
            prop_assert!(id.as_str().ends_with(&key.to_string()));
            for text in [key.rf(), key.qrr()] {
                let read = Structured::read(&text).unwrap();
                prop_assert_eq!(read.key(), Some(key));
                prop_assert_eq!(Structured::read(&read.printed()), Some(read));
            }
        }

        /// What check digits are for: another character of the same kind, or two such that changed places, is noticed.
        /// ISO 7064 notices all of both, the modulo 10 recursive all of the first.
        #[test]
        fn a_slip_is_noticed(random: [u8; 10], at in 4usize..20, to in "[0-9A-Z]") {
            let key = Key::of(InvoiceId::from_parts(0, random).as_str()).unwrap();
            let mut rf: Vec<char> = key.rf().chars().collect();
            let to = to.chars().next().unwrap();
            let alike = |a: char, b: char| a != b && a.is_ascii_digit() == b.is_ascii_digit();
            if alike(rf[at], to) {
                rf[at] = to;
                prop_assert_eq!(Structured::read(&rf.iter().collect::<String>()), None);
            }
            let mut rf: Vec<char> = key.rf().chars().collect();
            if at < 19 && alike(rf[at], rf[at + 1]) {
                rf.swap(at, at + 1);
                prop_assert_eq!(Structured::read(&rf.iter().collect::<String>()), None);
            }
            let mut qrr: Vec<char> = key.qrr().chars().collect();
            if to.is_ascii_digit() && qrr[at] != to {
                qrr[at] = to;
                prop_assert_eq!(Structured::read(&qrr.iter().collect::<String>()), None);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,40}") {
            let _ = Structured::read(&text);
            let _ = Key::of(&text);
            let _ = rf(&text);
        }
    }
}

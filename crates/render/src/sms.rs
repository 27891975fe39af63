//! What a text message costs: its alphabet and the parts that it is sent in.
//!
//! Source: 3GPP TS 23.038, section 6.2.1 (the default alphabet and its extension, whose letters count twice) and 3GPP TS
//! 23.040, section 9.2.3.24.1: 160 letters of seven bits or 70 of sixteen in one part; 153 or 67 in each of several.

use serde::Serialize;

/// The default alphabet of 23.038.
const DEFAULT: &str = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà";

/// Its extension.
const EXTENSION: &str = "\u{c}^{}\\[~]|€";

/// The alphabet of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Encoding {
    /// The default alphabet, seven bits a letter.
    #[serde(rename = "GSM-7")]
    Gsm7,
    /// Sixteen bits a letter.
    #[serde(rename = "UCS-2")]
    Ucs2,
}

/// What a text is as a text message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Sms {
    /// The alphabet that it needs.
    pub encoding: Encoding,
    /// Its length in that alphabet's units.
    pub units: usize,
    /// The parts that it is sent in.
    pub segments: usize,
}

/// Measures a text. Each part but the last is taken to be full: a letter that would be cut in two is a unit or two more
/// than is counted.
pub fn measure(text: &str) -> Sms {
    let septets = |c: char| match c {
        c if DEFAULT.contains(c) => Some(1_usize),
        c if EXTENSION.contains(c) => Some(2),
        _ => None,
    };
    let gsm: Option<usize> = text.chars().map(septets).sum();
    let (encoding, units, one, each) = match gsm {
        Some(units) => (Encoding::Gsm7, units, 160, 153),
        None => (Encoding::Ucs2, text.encode_utf16().count(), 70, 67),
    };
    let segments = if units <= one { 1 } else { units.div_ceil(each) };
    Sms {
        encoding,
        units,
        segments,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_counted_as_23_040_cuts_them() {
        for (text, encoding, units, segments) in [
            ("a".repeat(160), Encoding::Gsm7, 160, 1),
            ("a".repeat(161), Encoding::Gsm7, 161, 2),
            ("a".repeat(306), Encoding::Gsm7, 306, 2),
            ("a".repeat(307), Encoding::Gsm7, 307, 3),
            // The euro is of the extension: two septets.
            ("€".repeat(80), Encoding::Gsm7, 160, 1),
            ("€".repeat(81), Encoding::Gsm7, 162, 2),
            // No ç, ê or í in the default alphabet; é, à, ñ and Ç are.
            ("éàñÇß".to_owned(), Encoding::Gsm7, 5, 1),
            ("ç".repeat(70), Encoding::Ucs2, 70, 1),
            ("ç".repeat(71), Encoding::Ucs2, 71, 2),
            ("न".repeat(134), Encoding::Ucs2, 134, 2),
            ("न".repeat(135), Encoding::Ucs2, 135, 3),
            // Beyond the basic plane a letter is two units.
            ("😀".repeat(35), Encoding::Ucs2, 70, 1),
            (String::new(), Encoding::Gsm7, 0, 1),
        ] {
            let expected = Sms {
                encoding,
                units,
                segments,
            };
            assert_eq!(measure(&text), expected, "{text}");
        }
    }
}

//! The colours of the pages, held against the Web Content Accessibility Guidelines.

/// WCAG 2.2 success criteria 1.4.3 (text, 4.5:1) and 1.4.11 (borders of fields, 3:1), on the colours themselves.
#[test]
fn every_colour_stands_out_from_its_ground_in_light_and_dark() {
    let css = include_str!("../../templates/page/base.css");
    let schemes: Vec<&str> = css
        .split(":root{")
        .skip(1)
        .take(2)
        .map(|rest| rest.split('}').next().unwrap())
        .collect();
    assert_eq!(schemes.len(), 2, "light and dark");
    for scheme in schemes {
        let colour = |name: &str| {
            let value = scheme
                .split(';')
                .find_map(|entry| entry.strip_prefix(&format!("--{name}:")));
            luminance(value.unwrap_or_else(|| panic!("no {name} in {scheme}")))
        };
        for ground in ["paper", "card"] {
            for text in ["ink", "soft", "accent", "calm", "bad"] {
                let ratio = contrast(colour(text), colour(ground));
                assert!(ratio >= 4.5, "{text} on {ground}: {ratio:.2}");
            }
            let ratio = contrast(colour("edge"), colour(ground));
            assert!(ratio >= 3.0, "edge on {ground}: {ratio:.2}");
        }
        let ratio = contrast(colour("on-accent"), colour("accent"));
        assert!(ratio >= 4.5, "button: {ratio:.2}");
    }
}

fn luminance(hex: &str) -> f64 {
    let digits = hex.trim_start_matches('#');
    let digits: String = if digits.len() == 3 {
        digits.chars().flat_map(|c| [c, c]).collect()
    } else {
        digits.into()
    };
    let channel = |at: usize| {
        let value = f64::from(u8::from_str_radix(&digits[at..at + 2], 16).unwrap()) / 255.0;
        if value <= 0.04045 {
            value / 12.92
        } else {
            ((value + 0.055) / 1.055).powf(2.4)
        }
    };
    0.2126 * channel(0) + 0.7152 * channel(2) + 0.0722 * channel(4)
}

fn contrast(one: f64, other: f64) -> f64 {
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

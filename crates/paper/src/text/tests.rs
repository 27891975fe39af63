//! Text, from strings to glyphs.

use super::*;
use proptest::prelude::*;

const STYLE: Style = Style {
    bold: false,
    size: Length::pt10(100),
};

fn setter() -> Setter {
    Setter::new(Faces::read().unwrap())
}

fn shown(line: &Line) -> String {
    line.runs.iter().map(|run| run.text.as_str()).collect()
}

#[test]
fn what_has_no_shape_is_left_out_and_white_space_is_one_space() {
    for (text, expected) in [
        ("  two\t\r\n words ", "two words"),
        ("a\u{202e}b\u{2066}c\u{200f}d", "abcd"),
        ("nul\0 bell\u{7} esc\u{1b}[31m", "nul bell esc[31m"),
        ("soft\u{ad}hyphen\u{feff}", "softhyphen"),
        ("1\u{202f}234,50\u{a0}€", "1\u{202f}234,50\u{a0}€"),
        ("क्\u{200d}ष", "क्\u{200d}ष"),
        ("a\u{200d}b", "ab"),
        ("\u{200b}\u{2060}", ""),
    ] {
        assert_eq!(plain(text), expected, "{text:?}");
    }
    assert_eq!(plain(&"x".repeat(9_000)).chars().count(), 4_001);
}

#[test]
fn devanagari_is_shaped_and_not_spelled() {
    let glyphs = |text: &str| {
        let line = setter().line(text, false);
        line.runs[0]
            .glyphs
            .iter()
            .map(|glyph| glyph.id)
            .collect::<Vec<_>>()
    };
    // कि: the vowel sign is written after its consonant and stands before it.
    let (ka, ki) = (glyphs("क"), glyphs("कि"));
    assert_eq!(ki.len(), 2);
    assert_eq!(ki.last(), ka.last(), "the consonant stands last");
    // क्ष: three characters, one glyph of its own.
    assert_eq!(glyphs("क्ष").len(), 1);
    assert_ne!(glyphs("क्ष"), ka);
    // र्क: the first of them becomes a mark on the second.
    assert_eq!(glyphs("र्क").first(), ka.first());
    // श्री, त्र and a virama that stays: as many glyphs as HarfBuzz gives.
    for (text, count) in [("श्री", 2), ("त्र", 1), ("द्व", 1), ("हिन्दी", 5)]
    {
        let glyphs = glyphs(text);
        assert!(glyphs.len() <= count, "{text}: {glyphs:?}");
        assert!(!glyphs.contains(&0), "{text}: {glyphs:?}");
    }
}

#[test]
fn a_letter_that_no_typeface_has_is_shown_and_told() {
    let mut setter = setter();
    let line = setter.line("Ünal 山田 Ωμέγα Дмитрий € ₹ ž ą ș", false);
    assert_eq!(shown(&line), "Ünal \u{fffd}\u{fffd} Ωμέγα Дмитрий € ₹ ž ą ș");
    assert_eq!(setter.missing(), ['山', '田']);
}

#[test]
fn a_letter_and_its_mark_are_one_where_the_typeface_has_both() {
    let mut setter = setter();
    let (apart, whole) = (setter.line("Zoe\u{308}", false), setter.line("Zoë", false));
    let ids = |line: &Line| {
        line.runs[0]
            .glyphs
            .iter()
            .map(|glyph| glyph.id)
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&apart), ids(&whole));
    assert_eq!(setter.missing(), []);
}

#[test]
fn what_is_longer_than_its_place_ends_in_an_ellipsis() {
    let mut setter = setter();
    let room = Length::pt10(1_000);
    let line = setter.one_line(&"long ".repeat(50), STYLE, room);
    assert!(shown(&line).ends_with('…'), "{}", shown(&line));
    assert!(STYLE.size.of_em(line.width) <= room);
    let lines = setter.wrap(&"long ".repeat(50), STYLE, room, 2);
    assert_eq!(lines.len(), 2);
    assert!(shown(&lines[1]).ends_with('…'));
    let fits = setter.one_line("short", STYLE, room);
    assert_eq!(shown(&fits), "short");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Nothing that has a shape is lost in breaking lines, and no line is wider than its column, unless a single cluster is.
    #[test]
    fn lines_hold_every_letter_and_their_column(text in "(?s).{0,120}|[ क-हा-ौ्a-z]{0,80}", tenths in 200i32..3_000) {
        let mut setter = setter();
        let room = Length::pt10(tenths);
        let lines = setter.wrap(&text, STYLE, room, usize::MAX);
        let without = |text: &str| text.chars().filter(|letter| *letter != ' ').collect::<String>();
        let whole = setter.line(&plain(&text), false);
        let broken: String = lines.iter().map(shown).collect();
        prop_assert_eq!(without(&broken), without(&shown(&whole)));
        for line in &lines {
            let clusters: usize = line.runs.iter()
                .map(|run| run.glyphs.chunk_by(|a, b| a.shows == b.shows).count())
                .sum();
            // Kerning across a space is not counted before a line is set.
            let slack = Length::pt10(20);
            prop_assert!(clusters <= 1 || STYLE.size.of_em(line.width) <= room + slack, "{:?}", line);
        }
    }
}

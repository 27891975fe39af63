//! From a string to lines of glyphs: cleaned, divided by typeface, shaped, broken at words.
//!
//! Bounds: [`LETTERS`] of any one text; what is longer ends in an ellipsis. What no typeface has is shown as U+FFFD and
//! reported. What has no shape of its own and could disguise or derail a text (control characters, marks of direction,
//! fillers) is left out.
//!
//! Source: the shapes are HarfBuzz's (OpenType, Devanagari syllables included); lines break at spaces, and inside a word
//! only where it alone is wider than its column, between clusters.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use harfrust::{Direction, Script, ShapeOptions, ShapePlan, UnicodeBuffer};

use crate::fonts::{Face, Faces};
use crate::length::Length;

/// Letters of one text that are printed.
const LETTERS: usize = 4_000;

/// What stands for a letter that no typeface has.
const MISSING: char = '\u{fffd}';

/// Thousandths of an em from the top of a line's letters to its baseline, and from there to the bottom: room for vowel
/// signs above and below.
pub(crate) const ASCENT: i32 = 1_000;
pub(crate) const LEADING: i32 = 1_400;

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) bold: bool,
    pub(crate) size: Length,
}

impl Style {
    /// From one baseline to the next.
    pub(crate) fn leading(self) -> Length {
        self.size.of_em(LEADING)
    }
}

/// A glyph; measures in thousandths of an em.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Glyph {
    pub(crate) id: u32,
    /// The bytes of its run's text that it shows, together with the others of its cluster.
    pub(crate) shows: Range<usize>,
    pub(crate) advance: i32,
    pub(crate) dx: i32,
    pub(crate) dy: i32,
}

/// Glyphs of one typeface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub(crate) face: Face,
    pub(crate) text: String,
    pub(crate) glyphs: Vec<Glyph>,
}

/// A line, ready to be placed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Line {
    pub(crate) runs: Vec<Run>,
    /// In thousandths of an em.
    pub(crate) width: i32,
}

/// Sets text, and remembers what it could not show.
pub(crate) struct Setter {
    pub(crate) faces: Faces,
    missing: BTreeSet<char>,
    /// What a typeface does with a script: worked out once, since it takes longer than to shape a word.
    plans: BTreeMap<(Face, Option<Script>), ShapePlan>,
}

impl Setter {
    pub(crate) fn new(faces: Faces) -> Setter {
        Setter {
            faces,
            missing: BTreeSet::new(),
            plans: BTreeMap::new(),
        }
    }

    /// The letters that no typeface has.
    pub(crate) fn missing(&self) -> Vec<char> {
        self.missing.iter().copied().collect()
    }

    /// The text as lines no wider than `width`; at most `most` of them, the last of which ends in an ellipsis where there
    /// would have been more.
    pub(crate) fn wrap(&mut self, text: &str, style: Style, width: Length, most: usize) -> Vec<Line> {
        let text = plain(text);
        let room = width.in_em(style.size);
        let space = self.line(" ", style.bold).width;
        let mut lines: Vec<(String, i32)> = Vec::new();
        for word in text.split(' ').filter(|word| !word.is_empty()) {
            let set = self.line(word, style.bold);
            let after = |used: i32| used.saturating_add(space).saturating_add(set.width);
            match lines.last_mut() {
                Some((line, used)) if after(*used) <= room => {
                    line.push(' ');
                    line.push_str(word);
                    *used = after(*used);
                }
                _ if set.width <= room => lines.push((word.to_owned(), set.width)),
                _ => lines.extend(pieces(&set, room)),
            }
            if lines.len() > most {
                break;
            }
        }
        let more = lines.len() > most;
        lines.truncate(most);
        let mut set: Vec<Line> = Vec::with_capacity(lines.len());
        let last = lines.len().saturating_sub(1);
        for (at, (line, _)) in lines.iter().enumerate() {
            set.push(match more && at == last {
                true => self.shortened(line, style.bold, room),
                false => self.line(line, style.bold),
            });
        }
        set
    }

    /// The text as one line no wider than `width`, with an ellipsis for what does not fit.
    pub(crate) fn one_line(&mut self, text: &str, style: Style, width: Length) -> Line {
        let text = plain(text);
        let room = width.in_em(style.size);
        let line = self.line(&text, style.bold);
        match line.width <= room {
            true => line,
            false => self.shortened(&text, style.bold, room),
        }
    }

    /// As much of the text as leaves room for an ellipsis, and the ellipsis.
    fn shortened(&mut self, text: &str, bold: bool, room: i32) -> Line {
        let ellipsis = self.line("…", bold).width;
        let line = self.line(text, bold);
        let first = pieces(&line, room.saturating_sub(ellipsis)).into_iter().next();
        let kept = first.map(|(kept, _)| kept).unwrap_or_default();
        self.line(&format!("{}…", kept.trim_end()), bold)
    }

    /// A cleaned text on one line, however wide.
    pub(crate) fn line(&mut self, text: &str, bold: bool) -> Line {
        let divided = self.divided(text, bold);
        let mut runs = Vec::with_capacity(divided.len());
        for (face, text) in divided {
            runs.push(self.shaped(face, text));
        }
        let advances = runs.iter().flat_map(|run| &run.glyphs).map(|glyph| glyph.advance);
        let width = advances.fold(0i32, i32::saturating_add);
        Line { runs, width }
    }

    /// The text in stretches of one typeface each. A space goes on in the typeface of what stands before it.
    fn divided(&mut self, text: &str, bold: bool) -> Vec<(Face, String)> {
        let latin = if bold { Face::Bold } else { Face::Regular };
        let mut runs: Vec<(Face, String)> = Vec::new();
        for letter in text.chars() {
            let before = runs.last().map(|(face, _)| *face);
            let goes_on = |face: &Face| letter == ' ' && self.faces.of(*face).has(letter);
            let has = |face: &Face| self.faces.of(*face).has(letter);
            let (face, letter) = match before.filter(goes_on) {
                Some(face) => (face, letter),
                None => match [latin, Face::Devanagari].into_iter().find(has) {
                    Some(face) => (face, letter),
                    None => {
                        self.missing.insert(letter);
                        (latin, MISSING)
                    }
                },
            };
            match runs.last_mut() {
                Some((last, text)) if *last == face => text.push(letter),
                _ => runs.push((face, letter.to_string())),
            }
        }
        runs
    }

    fn shaped(&mut self, face: Face, text: String) -> Run {
        let mut buffer = UnicodeBuffer::new();
        buffer.push_str(&text);
        buffer.guess_segment_properties();
        buffer.set_direction(Direction::LeftToRight);
        let shaper = self.faces.of(face).shaper();
        let script = Some(buffer.script()).filter(|script| *script != harfrust::script::UNKNOWN);
        let plan = self
            .plans
            .entry((face, script))
            .or_insert_with(|| ShapePlan::new(&shaper, Direction::LeftToRight, script, None, &[]));
        let shaped = shaper.shape(buffer, ShapeOptions::new().plan(Some(plan)));
        let places = shaped.glyph_positions().iter();
        let at = |cluster: u32| usize::try_from(cluster).unwrap_or(text.len()).min(text.len());
        let starts: BTreeSet<usize> = shaped.glyph_infos().iter().map(|info| at(info.cluster)).collect();
        let glyphs = shaped.glyph_infos().iter().zip(places).map(|(info, place)| {
            let from = at(info.cluster);
            let to = starts.range(from.saturating_add(1)..).next().copied();
            Glyph {
                id: info.glyph_id,
                shows: from..to.unwrap_or(text.len()),
                advance: place.x_advance,
                dx: place.x_offset,
                dy: place.y_offset,
            }
        });
        Run {
            face,
            glyphs: glyphs.collect(),
            text: text.clone(),
        }
    }
}

/// A line in pieces no wider than `room`, each with its width: broken between clusters, at least one a piece.
fn pieces(line: &Line, room: i32) -> Vec<(String, i32)> {
    let mut pieces: Vec<(String, i32)> = Vec::new();
    for run in &line.runs {
        for cluster in run.glyphs.chunk_by(|a, b| a.shows == b.shows) {
            let shows = cluster.first().map(|glyph| glyph.shows.clone());
            let text = shows.and_then(|shows| run.text.get(shows)).unwrap_or_default();
            let advances = cluster.iter().map(|glyph| glyph.advance);
            let width = advances.fold(0i32, i32::saturating_add);
            match pieces.last_mut() {
                Some((piece, used)) if used.saturating_add(width) <= room => {
                    piece.push_str(text);
                    *used = used.saturating_add(width);
                }
                _ => pieces.push((text.to_owned(), width)),
            }
        }
    }
    pieces
}

/// The text as a single paragraph: white space is one space, and what has no shape is left out, save for the joiners
/// that belong to Devanagari and the spaces that do not break.
pub(crate) fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut before = ' ';
    let mut letters = 0usize;
    for letter in text.chars() {
        let letter = match letter {
            '\u{a0}' | '\u{202f}' => letter,
            _ if letter.is_whitespace() => ' ',
            '\u{200c}' | '\u{200d}' if matches!(before, '\u{900}'..='\u{97f}') => letter,
            _ if is_shapeless(letter) => continue,
            _ => letter,
        };
        if letter == ' ' && before == ' ' {
            continue;
        }
        if letters == LETTERS {
            plain.push('…');
            break;
        }
        plain.push(letter);
        before = letter;
        letters = letters.saturating_add(1);
    }
    plain.trim_end().to_owned()
}

/// Control characters, and the format characters of Unicode's general category Cf with their kin: joiners, marks of
/// direction, fillers, variation selectors, tags.
fn is_shapeless(letter: char) -> bool {
    letter.is_control()
        || matches!(letter,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests;

//! What a text says of a number: exactly, in parts, or nearly.
//!
//! Banks cut texts into lines, glue lines together and drop spaces; payers leave out what joins a number and type `O`
//! for `0`. So a text is looked at through windows over its groups of digits: what stands in a window, without
//! punctuation, is looked up, and what stands around it decides how surely it is the number. A group is never taken
//! apart: `INV-12` is not in `INV-123`.
//!
//! **Bounds.** [`GROUPS`] groups of digits a text, [`SPAN`] of them in a window.
//!
//! Source: Dunlin's own rule.

use super::Evidence;
use crate::allocation::{JOINS, plain, words};
use crate::reference::Structured;

/// Groups of digits of a text that are looked at: 140 characters of a SEPA transfer hold fewer.
const GROUPS: usize = 64;

/// Groups of digits that one number may be written in: `2026/03/INV 12 345` has four, a cut makes five.
const SPAN: usize = 5;

/// Characters of the longest structured reference, a QRR.
const LONGEST: usize = 27;

/// Digits that a number has to have to be believed without its letters or in parts: below, chance is enough.
const DIGITS: usize = 4;

/// Digits of a number that is taken for whole where a stroke and more digits follow: years and running numbers have
/// fewer.
const WHOLE: usize = 6;

/// A group of digits, with the letters at its ends that may be digits too (`O`, `I`, `L`).
#[derive(Clone, Copy)]
struct Group {
    from: usize,
    first: usize,
    last: usize,
    to: usize,
}

/// A text, as characters in capitals; `\n` where the bank began another line.
pub(super) struct Text {
    chars: Vec<char>,
    groups: Vec<Group>,
}

/// What stands in a window of a text.
pub(super) struct Window {
    from: usize,
    to: usize,
    /// Without punctuation, letters that look like digits as such.
    pub(super) folded: String,
}

/// A number that a text may hold, and where its digits are.
#[derive(Clone, Debug)]
pub(super) struct Handle {
    /// As it is.
    number: String,
    /// In capitals, without punctuation, in which `from..to` are what it is found by.
    plain: Vec<char>,
    from: usize,
    to: usize,
}

/// Where and how surely a text holds a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) evidence: Evidence,
    pub(super) from: usize,
    pub(super) to: usize,
}

impl Found {
    /// Whether two are of the same characters.
    pub(super) fn overlaps(&self, other: &Found) -> bool {
        self.from < other.to && other.from < self.to
    }
}

/// A character as it looks: payers and scanners take one for the other.
fn looks(c: char) -> char {
    match c {
        'O' => '0',
        'I' | 'L' => '1',
        _ => c,
    }
}

fn groups(chars: &[char]) -> Vec<Group> {
    let mut groups = Vec::new();
    let mut open: Option<Group> = None;
    for (at, c) in chars.iter().enumerate() {
        let next = at.saturating_add(1);
        let is_digit = c.is_ascii_digit();
        if !is_digit && !looks(*c).is_ascii_digit() {
            groups.extend(open.take().filter(|group| group.first < group.last));
            continue;
        }
        let group = open.get_or_insert(Group {
            from: at,
            first: usize::MAX,
            last: 0,
            to: next,
        });
        group.to = next;
        if is_digit {
            group.first = group.first.min(at);
            group.last = next;
        }
    }
    groups.extend(open.filter(|group| group.first < group.last));
    groups.truncate(GROUPS);
    groups
}

fn capitals(text: &str) -> impl Iterator<Item = char> {
    text.chars().flat_map(char::to_uppercase)
}

fn folded(chars: &[char]) -> String {
    chars
        .iter()
        .filter(|c| c.is_alphanumeric())
        .map(|c| looks(*c))
        .collect()
}

impl Text {
    pub(super) fn of(lines: &[String]) -> Text {
        let chars: Vec<char> = capitals(&lines.join("\n")).collect();
        let groups = groups(&chars);
        Text { chars, groups }
    }

    /// Every window that may hold a number.
    pub(super) fn windows(&self) -> Vec<Window> {
        let mut windows = Vec::new();
        for (at, first) in self.groups.iter().enumerate() {
            for last in self.groups.iter().skip(at).take(SPAN) {
                for from in ends(first.from, first.first) {
                    for to in ends(last.to, last.last) {
                        let Some(chars) = self.chars.get(from..to) else {
                            continue;
                        };
                        windows.push(Window {
                            from,
                            to,
                            folded: folded(chars),
                        });
                    }
                }
            }
        }
        windows
    }

    /// How surely a window, which holds what the number is found by, holds the number.
    pub(super) fn judge(&self, window: &Window, handle: &Handle) -> Option<Found> {
        let prefix = handle.plain.get(..handle.from)?;
        let suffix = handle.plain.get(handle.to..)?;
        let (left, right) = (self.back(window.from, prefix), self.on(window.to, suffix));
        let digits = handle.plain.iter().filter(|c| c.is_ascii_digit()).count();
        let (Some(from), Some(to)) = (left, right) else {
            // Without its letters: nothing else may be there in their place.
            let is_alone = |around: Around| matches!(around, Around::Free | Around::Break);
            let alone = is_alone(self.before(window.from)) && is_alone(self.after(window.to));
            return (digits >= DIGITS && alone).then_some(Found {
                evidence: Evidence::Digits,
                from: window.from,
                to: window.to,
            });
        };
        let (before, after) = (self.before(from), self.after(to));
        // A list may be joined by strokes; a number of many digits is whole without what follows.
        let is_longer = |around| around == Around::Longer || around == Around::Listed && digits < WHOLE;
        if is_longer(before) || is_longer(after) {
            return None;
        }
        let inside: String = self.chars.get(from..to)?.iter().collect();
        let as_it_is = match handle.plain.iter().any(|c| c.is_alphabetic()) {
            true => plain(&inside).chars().eq(handle.plain.iter().copied()) && !inside.contains('\n'),
            // Digits and punctuation may be a date or an amount: then every character counts.
            false => inside == handle.number,
        };
        let spaced = inside.contains(' ') && !handle.number.contains(' ');
        let evidence = match before == Around::Free && after == Around::Free && as_it_is && !spaced {
            true => Evidence::Number,
            false if digits < DIGITS => return None,
            false => Evidence::NumberInParts,
        };
        Some(Found { evidence, from, to })
    }

    /// Where a prefix begins that stands before `at`.
    fn back(&self, at: usize, prefix: &[char]) -> Option<usize> {
        let mut at = at;
        for wanted in prefix.iter().rev() {
            at = at.checked_sub(1)?;
            while !self.chars.get(at)?.is_alphanumeric() {
                at = at.checked_sub(1)?;
            }
            if looks(*self.chars.get(at)?) != looks(*wanted) {
                return None;
            }
        }
        Some(at)
    }

    /// Where a suffix ends that stands from `at` on.
    fn on(&self, at: usize, suffix: &[char]) -> Option<usize> {
        let mut at = at;
        for wanted in suffix {
            while !self.chars.get(at)?.is_alphanumeric() {
                at = at.checked_add(1)?;
            }
            if looks(*self.chars.get(at)?) != looks(*wanted) {
                return None;
            }
            at = at.checked_add(1)?;
        }
        Some(at)
    }

    fn before(&self, from: usize) -> Around {
        let left = self.chars.get(..from).unwrap_or_default();
        around(left.iter().rev().copied(), self.chars.get(from).copied())
    }

    fn after(&self, to: usize) -> Around {
        let right = self.chars.get(to..).unwrap_or_default();
        let edge = to.checked_sub(1).and_then(|at| self.chars.get(at));
        around(right.iter().copied(), edge.copied())
    }

    /// The words that may be numbers, without punctuation, each once: as they stand, and as they stood before the bank
    /// cut them.
    pub(super) fn tokens(&self) -> Vec<String> {
        let text: String = self.chars.iter().collect();
        let whole: String = text.chars().filter(|c| *c != '\n').collect();
        let mut tokens: Vec<String> = words(&text).chain(words(&whole)).map(plain).collect();
        tokens.sort_unstable();
        tokens.dedup();
        tokens.truncate(GROUPS);
        tokens
    }

    /// Everything between spaces, for references that are no numbers.
    pub(super) fn words(&self) -> Vec<String> {
        let whole: String = self.chars.iter().collect();
        let mut words: Vec<String> = whole
            .split(|c: char| c.is_whitespace() || c == ',' || c == ';')
            .filter(|word| word.chars().any(|c| c.is_ascii_digit()))
            .map(str::to_owned)
            .collect();
        words.sort_unstable();
        words.dedup();
        words.truncate(GROUPS);
        words
    }

    /// The structured references that stand in it, in groups or not, each ending where a word ends.
    pub(super) fn structured(&self) -> Vec<Structured> {
        let mut found = Vec::new();
        let mut before = ' ';
        for (at, c) in self.chars.iter().enumerate() {
            let begins = !before.is_ascii_digit() && (*c == 'R' || c.is_ascii_digit());
            before = *c;
            if !begins {
                continue;
            }
            let mut plain = String::new();
            let mut rest = self.chars.iter().skip(at).peekable();
            while let Some(next) = rest.next() {
                match next {
                    c if c.is_ascii_alphanumeric() => plain.push(*c),
                    c if c.is_whitespace() => continue,
                    _ => break,
                }
                let is_end = rest.peek().is_none_or(|next| !next.is_alphanumeric());
                found.extend(is_end.then(|| Structured::read(&plain)).flatten());
                if plain.len() >= LONGEST {
                    break;
                }
            }
        }
        found.sort_unstable();
        found.dedup();
        found
    }

    /// What was written, for a sentence.
    pub(super) fn quote(&self, found: &Found) -> String {
        let chars = self.chars.get(found.from..found.to).unwrap_or_default();
        chars
            .iter()
            .map(|c| if c.is_whitespace() { ' ' } else { *c })
            .collect()
    }
}

/// Both ends that a window may have, once where they are one.
fn ends(wide: usize, narrow: usize) -> impl Iterator<Item = usize> {
    [Some(wide), (narrow != wide).then_some(narrow)]
        .into_iter()
        .flatten()
}

/// What stands next to a number.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Around {
    /// Nothing, a space, punctuation.
    Free,
    /// The end of a line, behind which the number may go on.
    Break,
    /// Letters, or other digits than those of the number.
    Glued,
    /// More of a longer number.
    Longer,
    /// A stroke and more digits: more of a longer number, or the next of a list.
    Listed,
}

/// `edge`: the outermost character of the number itself.
fn around(mut outwards: impl Iterator<Item = char>, edge: Option<char>) -> Around {
    let Some(mut next) = outwards.next() else {
        return Around::Free;
    };
    let ends_in_digit = edge.is_some_and(|c| c.is_ascii_digit());
    let (mut broken, mut joined, mut listed) = (false, false, true);
    while next == '\n' || JOINS.contains(&next) {
        broken |= next == '\n';
        joined |= next != '\n';
        listed &= next == '\n' || next == '/';
        match outwards.next() {
            Some(more) => next = more,
            None => return Around::Free,
        }
    }
    match (next.is_ascii_digit(), next.is_alphabetic()) {
        (true, _) if joined && listed && ends_in_digit => Around::Listed,
        (true, _) if joined && ends_in_digit => Around::Longer,
        (true, _) if broken && ends_in_digit => Around::Break,
        (true, _) if broken => Around::Free,
        (_, true) if broken => Around::Free,
        (true, _) | (_, true) => Around::Glued,
        _ => Around::Free,
    }
}

impl Handle {
    /// What a number is found by: with each, the handle to judge a window by. None for numbers without digits.
    pub(super) fn all(number: &str) -> Vec<(String, Handle)> {
        let plain: Vec<char> = plain(number).chars().collect();
        let groups = groups(&plain);
        let (Some(first), Some(last)) = (groups.first(), groups.last()) else {
            return Vec::new();
        };
        let mut all = Vec::new();
        for from in ends(first.from, first.first) {
            for to in ends(last.to, last.last) {
                if let Some(chars) = plain.get(from..to) {
                    let handle = Handle {
                        number: capitals(number.trim()).collect(),
                        plain: plain.clone(),
                        from,
                        to,
                    };
                    all.push((folded(chars), handle));
                }
            }
        }
        all
    }
}

/// How a word is nearly a number: both without punctuation.
///
/// One slip of the keys (a character more, less, another, or two that changed places); cut off at the end by no more
/// than three characters; or the last of its digits alone.
pub(super) fn nearly(token: &str, number: &str) -> Option<Evidence> {
    let digits = |text: &str| text.chars().filter(char::is_ascii_digit).count();
    if digits(token) < DIGITS || token == number {
        return None;
    }
    if is_slip(token, number) {
        return Some(Evidence::Slip);
    }
    let missing = number.len().saturating_sub(token.len());
    if number.starts_with(token) && missing <= 3 {
        return Some(Evidence::Slip);
    }
    let is_end = token.chars().all(|c| c.is_ascii_digit()) && number.ends_with(token);
    is_end.then_some(Evidence::Digits)
}

/// Whether one slip of the keys makes one of the other.
fn is_slip(one: &str, other: &str) -> bool {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let (short, long) = match one.len() <= other.len() {
        true => (&one, &other),
        false => (&other, &one),
    };
    let alike = short.iter().zip(long.iter()).take_while(|(a, b)| a == b).count();
    let rest = |chars: &[char], skip: usize| chars.get(alike.saturating_add(skip)..).map(<[char]>::to_vec);
    match long.len().saturating_sub(short.len()) {
        0 => {
            let (a, b) = (
                rest(short, 0).unwrap_or_default(),
                rest(long, 0).unwrap_or_default(),
            );
            let swapped = matches!((a.as_slice(), b.as_slice()), ([a, b, x @ ..], [c, d, y @ ..]) if a == d && b == c && x == y);
            swapped || rest(short, 1) == rest(long, 1)
        }
        1 => rest(short, 0) == rest(long, 1),
        _ => false,
    }
}

/// Whether a word is of the same series as a number, and so another of its kind: the same letters, and as many digits
/// in the same places.
pub(super) fn same_series(token: &str, number: &str) -> bool {
    let shape = |c: char| if c.is_ascii_digit() { '0' } else { c };
    token.chars().map(shape).eq(number.chars().map(shape))
}

//! What a column of amounts or dates means, from the column as a whole.
//!
//! `1.234` is a thousand in one file and little more than one in another, and `03/04/2026` is in March or in April: one
//! cell does not tell. Each cell says how it could be read, and what the cells agree on holds for the column. Where
//! they leave a choice, or contradict one another, nobody guesses: a saved mapping settles it.
//!
//! Source: CLDR's number patterns for what separates groups (comma, point, spaces, apostrophes; groups of two in India)
//! and for the orders of day and month; that no choice is made by guess is Dunlin's own rule.

use std::collections::BTreeSet;
use std::fmt;

use chrono::NaiveDate;
use receivables::fields::{Problem, kinds};
use serde::{Deserialize, Serialize};

/// What stands before the cents.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DecimalMark {
    /// `1.234,56`.
    Comma,
    /// `1,234.56`.
    Point,
}

impl DecimalMark {
    /// The names of the API.
    pub const NAMES: &'static [(&'static str, DecimalMark)] =
        &[("comma", DecimalMark::Comma), ("point", DecimalMark::Point)];

    fn mark(self) -> char {
        match self {
            DecimalMark::Comma => ',',
            DecimalMark::Point => '.',
        }
    }

    fn grouping(self) -> char {
        match self {
            DecimalMark::Comma => '.',
            DecimalMark::Point => ',',
        }
    }
}

/// What separates groups of digits and never a fraction.
fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}' | '\u{2009}' | '\'' | '\u{2019}')
}

/// The amount of a cell in plain decimal digits, `-1234.56`, if it can be read with this mark.
fn digits(cell: &str, mark: DecimalMark) -> Option<String> {
    let text = cell.trim();
    let (sign, text) = match text.strip_prefix(['-', '\u{2212}']) {
        Some(rest) => ("-", rest.trim_start()),
        None => ("", text.strip_prefix('+').unwrap_or(text)),
    };
    let (whole, fraction) = match text.split_once(mark.mark()) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text, None),
    };
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    let groups: Vec<&str> = whole.split(|c: char| c == mark.grouping() || is_gap(c)).collect();
    // Lakhs and crores are groups of two, and have a decimal point.
    let widths = match mark {
        DecimalMark::Comma => 3..=3,
        DecimalMark::Point => 2..=3,
    };
    let shaped = match groups.as_slice() {
        [one] => all_digits(one),
        [first, middle @ .., last] => {
            all_digits(first)
                && first.len() <= 3
                && !first.starts_with('0')
                && middle
                    .iter()
                    .all(|group| all_digits(group) && widths.contains(&group.len()))
                && all_digits(last)
                && last.len() == 3
        }
        [] => false,
    };
    if !shaped || fraction.is_some_and(|fraction| !all_digits(fraction)) {
        return None;
    }
    let point = fraction.map_or(String::new(), |fraction| format!(".{fraction}"));
    Some(format!("{sign}{}{point}", groups.concat()))
}

/// How the cells of a column of amounts are to be read. `None`: it makes no difference to any of them.
pub fn decimal_mark<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Option<DecimalMark>, Problem> {
    let mut settled: BTreeSet<DecimalMark> = BTreeSet::new();
    let mut open: Option<&str> = None;
    for cell in cells {
        let read = [DecimalMark::Comma, DecimalMark::Point].map(|mark| digits(cell, mark).map(|_| mark));
        match read {
            [Some(comma), Some(point)] => {
                if digits(cell, comma) != digits(cell, point) {
                    open = Some(cell);
                }
            }
            [Some(mark), None] | [None, Some(mark)] => {
                settled.insert(mark);
            }
            // No amount at all: its own row says so.
            [None, None] => {}
        }
    }
    let mut settled = settled.into_iter();
    match (settled.next(), settled.next(), open) {
        (Some(_), Some(_), _) => Err(Problem::new(
            "decimal_conflict",
            "some amounts have a decimal comma and others a decimal point; say which it is by `decimal` in the \
             source's mapping",
        )),
        (Some(mark), None, _) => Ok(Some(mark)),
        (None, _, Some(cell)) => Err(ambiguous_amount(cell)),
        (None, _, None) => Ok(None),
    }
}

fn ambiguous_amount(cell: &str) -> Problem {
    let shown: String = cell.chars().take(40).collect();
    let detail = format!(
        "`{shown}` can be read with a decimal comma or a decimal point; say which it is by `decimal` in the \
         source's mapping"
    );
    Problem::new("decimal_ambiguous", detail)
}

/// The amount of a cell in plain decimal digits.
pub fn amount(cell: &str, mark: Option<DecimalMark>) -> Result<String, Problem> {
    let read = |mark| digits(cell, mark);
    let shown = || cell.chars().take(40).collect::<String>();
    match mark {
        Some(mark) => read(mark).ok_or_else(|| {
            let word = match mark {
                DecimalMark::Comma => "comma",
                DecimalMark::Point => "point",
            };
            let detail = format!("`{}` is not an amount with a decimal {word}", shown());
            Problem::new("amount_not_decimal", detail)
        }),
        None => match (read(DecimalMark::Comma), read(DecimalMark::Point)) {
            (Some(one), Some(other)) if one == other => Ok(one),
            (Some(_), Some(_)) => Err(ambiguous_amount(cell)),
            (Some(only), None) | (None, Some(only)) => Ok(only),
            (None, None) => {
                let detail = format!("`{}` is not an amount", shown());
                Err(Problem::new("amount_not_decimal", detail))
            }
        },
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Day,
    Month,
    Year,
    ShortYear,
}

/// A way to write a date: `DD.MM.YYYY`, `M/D/YY`, `YYYYMMDD`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DateFormat {
    parts: Vec<Part>,
    /// What stands between them; nothing where they are of fixed width.
    between: Option<char>,
}

impl DateFormat {
    /// Reads a format: day, month and year once each, with `.`, `/` or `-` between them or, at full width, nothing.
    pub fn parse(text: &str) -> Result<DateFormat, Problem> {
        let wrong = || {
            Problem::new(
                "invalid_date_format",
                "a date format has DD, MM and YYYY (or YY) once each, with `.`, `/` or `-` between them, or `YYYYMMDD`",
            )
        };
        let text = text.trim().to_ascii_uppercase();
        let between = ['.', '/', '-'].into_iter().find(|c| text.contains(*c));
        let words: Vec<&str> = match between {
            Some(between) => text.split(between).collect(),
            None if text == "YYYYMMDD" => vec!["YYYY", "MM", "DD"],
            None => return Err(wrong()),
        };
        let parts = words
            .iter()
            .map(|word| match *word {
                "D" | "DD" => Some(Part::Day),
                "M" | "MM" => Some(Part::Month),
                "YYYY" => Some(Part::Year),
                "YY" => Some(Part::ShortYear),
                _ => None,
            })
            .collect::<Option<Vec<Part>>>()
            .ok_or_else(wrong)?;
        let once = |wanted: &[Part]| parts.iter().filter(|part| wanted.contains(part)).count() == 1;
        match parts.len() == 3
            && once(&[Part::Day])
            && once(&[Part::Month])
            && once(&[Part::Year, Part::ShortYear])
        {
            true => Ok(DateFormat { parts, between }),
            false => Err(wrong()),
        }
    }

    /// The day that a cell says, in the form `YYYY-MM-DD`; not whether there is such a day.
    fn spelled(&self, cell: &str) -> Option<String> {
        let text = cell.trim();
        let words: Vec<&str> = match self.between {
            Some(between) => text.split(between).collect(),
            None => vec![text.get(..4)?, text.get(4..6)?, text.get(6..)?],
        };
        let (mut day, mut month, mut year) = (None, None, None);
        if words.len() != self.parts.len() {
            return None;
        }
        for (part, word) in self.parts.iter().zip(words) {
            let width = match part {
                Part::Day | Part::Month => 1..=2,
                Part::Year => 4..=4,
                Part::ShortYear => 2..=2,
            };
            if !width.contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_digit()) {
                return None;
            }
            match part {
                Part::Day => day = Some(word),
                Part::Month => month = Some(word),
                Part::Year => year = Some(word.to_owned()),
                Part::ShortYear => year = Some(format!("20{word}")),
            }
        }
        Some(format!("{}-{:0>2}-{:0>2}", year?, month?, day?))
    }

    /// The day that a cell says.
    pub fn read(&self, cell: &str) -> Result<NaiveDate, Problem> {
        match self.spelled(cell) {
            Some(spelled) => kinds::date_in(&spelled),
            None => {
                let shown: String = cell.chars().take(40).collect();
                Err(Problem::new(
                    "invalid_date",
                    format!("`{shown}` is not a date of the form {self}"),
                ))
            }
        }
    }
}

impl fmt::Display for DateFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, part) in self.parts.iter().enumerate() {
            if let (Some(between), true) = (self.between, at > 0) {
                write!(f, "{between}")?;
            }
            f.write_str(match part {
                Part::Day => "DD",
                Part::Month => "MM",
                Part::Year => "YYYY",
                Part::ShortYear => "YY",
            })?;
        }
        Ok(())
    }
}

impl From<DateFormat> for String {
    fn from(format: DateFormat) -> String {
        format.to_string()
    }
}

impl TryFrom<String> for DateFormat {
    type Error = String;

    fn try_from(text: String) -> Result<DateFormat, String> {
        DateFormat::parse(&text).map_err(|problem| problem.detail)
    }
}

/// The formats among which a column may decide for itself. Nobody puts the month first before points.
const FORMATS: &[&str] = &[
    "YYYY-MM-DD",
    "YYYY/MM/DD",
    "YYYYMMDD",
    "DD.MM.YYYY",
    "DD/MM/YYYY",
    "MM/DD/YYYY",
    "DD-MM-YYYY",
    "MM-DD-YYYY",
];

/// How the cells of all columns of dates are to be read. `None`: there is no date among them.
pub fn date_format<'a>(cells: impl Iterator<Item = &'a str>) -> Result<Option<DateFormat>, Problem> {
    let all: Vec<DateFormat> = FORMATS
        .iter()
        .filter_map(|text| DateFormat::parse(text).ok())
        .collect();
    let mut left: Option<Vec<&DateFormat>> = None;
    for cell in cells {
        let fits: Vec<&DateFormat> = all.iter().filter(|format| format.read(cell).is_ok()).collect();
        // No date at all: its own row says so.
        if fits.is_empty() {
            continue;
        }
        left = Some(match left {
            None => fits,
            Some(before) => before
                .into_iter()
                .filter(|format| fits.contains(format))
                .collect(),
        });
    }
    match left.as_deref() {
        None => Ok(None),
        Some([only]) => Ok(Some((*only).clone())),
        Some([]) => Err(Problem::new(
            "date_conflict",
            "the dates are not all of one form; say which it is by `date_format` in the source's mapping",
        )),
        Some([one, other, ..]) => {
            let detail = format!(
                "the dates can be read as {one} or {other}; say which it is by `date_format` in the source's mapping"
            );
            Err(Problem::new("date_ambiguous", detail))
        }
    }
}

#[cfg(test)]
mod tests;

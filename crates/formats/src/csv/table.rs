//! A whole table in memory, for files that are no longer than a statement or an advice.
//!
//! Bounds: those of [`super::records`] and [`super::cells`]. Refused: records that cannot be cut, with their lines.

use receivables::fields::FieldError;

use super::cells::{cells, delimiter_of};
use super::records::{Form, Splitter};
use crate::statement::{Problems, text_of};

/// A table with the names of its columns.
pub(crate) struct Table {
    /// The names, as they stand there.
    pub(crate) names: Vec<String>,
    /// Its rows, each with the line on which it begins; those that have nothing in them are left out.
    pub(crate) rows: Vec<(u32, Vec<String>)>,
}

/// Reads a table whose first record holds the names. What divides cells is what divides the names, unless it is said.
pub(crate) fn read(bytes: &[u8], delimiter: Option<char>) -> Result<Table, Vec<FieldError>> {
    let text = text_of(bytes);
    let mut problems = Problems::default();
    let header = text
        .lines()
        .find(|line| !line.trim().is_empty())
        .unwrap_or_default();
    let Some(delimiter) = delimiter.or_else(|| delimiter_of(header)) else {
        problems.note(
            "line 1",
            "delimiter_ambiguous",
            "two characters may divide the cells; say which it is by `delimiter`",
        );
        return Err(problems.0);
    };
    let mut splitter = Splitter::new(Form::Csv(u8::try_from(delimiter).ok()), 1, 0);
    splitter.push(text.as_bytes());
    splitter.end();
    let (mut names, mut rows) = (None, Vec::new());
    while let Some(record) = splitter.record() {
        let place = format!("line {}", record.line);
        if let Some(fault) = record.fault {
            problems.note(
                place,
                "invalid_record",
                format!("the line cannot be cut into cells: {fault:?}"),
            );
            continue;
        }
        let line = String::from_utf8_lossy(&record.bytes);
        if line.trim().is_empty() {
            continue;
        }
        match cells(&line, delimiter) {
            Err(problem) => problems.note(place, problem.code, problem.detail),
            Ok(cells) if names.is_none() => names = Some(cells),
            Ok(cells) if cells.iter().all(|cell| cell.trim().is_empty()) => {}
            Ok(cells) => rows.push((record.line, cells)),
        }
    }
    match (names, problems.0.is_empty()) {
        (Some(names), true) => Ok(Table { names, rows }),
        (None, true) => {
            problems.note(
                "line 1",
                "required",
                "the first line holds the names of the columns",
            );
            Err(problems.0)
        }
        _ => Err(problems.0),
    }
}

/// A name as it is compared: lower case, letters and digits.
pub(crate) fn plain(name: &str) -> String {
    let letters = name.chars().filter(|c| c.is_alphanumeric());
    letters.flat_map(char::to_lowercase).collect()
}

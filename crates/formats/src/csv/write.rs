//! CSV that a spreadsheet may open: what somebody else typed never becomes a formula.
//!
//! Shape: a [`Table`] is made with its column names, is given its rows, and becomes text. Bounds: none of its own; who
//! lists bounds what is listed. A text that a spreadsheet would take for a formula gets an apostrophe in front, and so
//! does one that would look as if it had been given one: [`shown`] and [`meant`] undo each other, so that what was
//! exported can be corrected in a spreadsheet and sent back. A number stays a number, its sign included.
//!
//! Source: RFC 4180, section 2 (CRLF, quotes doubled); OWASP, "CSV Injection": a cell that begins with `=`, `+`, `-`,
//! `@`, a tab or a carriage return; their full-width forms and the line feed, which the same page names since.

use std::borrow::Cow;

/// A cell of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell<'a> {
    /// Whatever it says: neutralised where a spreadsheet would take it for a formula.
    Text(Cow<'a, str>),
    /// A decimal number, `-1250.00`; what is none is written as a text.
    Number(Cow<'a, str>),
    /// Nothing.
    Empty,
}

impl<'a> Cell<'a> {
    /// A text.
    pub fn text(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
        Cell::Text(text.into())
    }

    /// A text, or nothing.
    pub fn optional(text: Option<&'a str>) -> Cell<'a> {
        text.map_or(Cell::Empty, Cell::text)
    }

    /// A number in decimal digits, such as an amount's.
    pub fn number(digits: impl Into<Cow<'a, str>>) -> Cell<'a> {
        Cell::Number(digits.into())
    }
}

/// A table in the making.
#[derive(Clone, Debug)]
pub struct Table {
    text: String,
}

impl Table {
    /// A table with these column names and no rows yet.
    pub fn new(columns: &[&str]) -> Table {
        let mut table = Table { text: String::new() };
        table.row(columns.iter().map(|name| Cell::text(*name)));
        table
    }

    /// Adds a row.
    pub fn row<'a>(&mut self, cells: impl IntoIterator<Item = Cell<'a>>) {
        for (at, cell) in cells.into_iter().enumerate() {
            if at > 0 {
                self.text.push(',');
            }
            match cell {
                Cell::Number(digits) if is_number(&digits) => self.text.push_str(&digits),
                Cell::Text(text) | Cell::Number(text) => self.quoted(&shown(&text)),
                Cell::Empty => {}
            }
        }
        self.text.push_str("\r\n");
    }

    /// The table as text: the names, then the rows, each ended by CRLF.
    pub fn finish(self) -> String {
        self.text
    }

    fn quoted(&mut self, text: &str) {
        // The other delimiters too: a spreadsheet may have been told another one than the comma.
        if !text.contains([',', ';', '\t', '|', '"', '\r', '\n']) && text.trim() == text {
            self.text.push_str(text);
            return;
        }
        self.text.push('"');
        self.text.push_str(&text.replace('"', "\"\""));
        self.text.push('"');
    }
}

/// What a formula begins with.
const FORMULA: [char; 11] = [
    '=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}',
];

/// Whether the text is a formula's, with any number of apostrophes in front.
fn is_formula(text: &str) -> bool {
    text.trim_start_matches('\'').starts_with(FORMULA)
}

/// The text as a cell shows it: with an apostrophe before what would be a formula.
pub fn shown(text: &str) -> Cow<'_, str> {
    match is_formula(text) {
        true => Cow::Owned(format!("'{text}")),
        false => Cow::Borrowed(text),
    }
}

/// The text that [`shown`] was given.
pub fn meant(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(text) if is_formula(text) => text,
        _ => cell,
    }
}

/// Digits, with a sign and a point at most.
fn is_number(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let (whole, rest) = digits.split_once('.').unwrap_or((digits, "0"));
    let all_digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    all_digits(whole) && all_digits(rest)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(cells: Vec<Cell<'_>>) -> String {
        let mut table = Table::new(&["a"]);
        table.row(cells);
        table.finish()
    }

    #[test]
    fn what_a_spreadsheet_would_run_is_disarmed_and_what_it_would_add_up_is_not() {
        // The starts that OWASP names; examples of theirs and of DDE.
        let cases = [
            (Cell::text("Sandpiper"), "Sandpiper"),
            (Cell::text("=1+2"), "'=1+2"),
            (Cell::text("=1+2\";=1+2"), "\"'=1+2\"\";=1+2\""),
            (Cell::text("+49 30 1234"), "'+49 30 1234"),
            (Cell::text("-3 days"), "'-3 days"),
            (Cell::text("@SUM(A1)"), "'@SUM(A1)"),
            (Cell::text("\t=1"), "\"'\t=1\""),
            (Cell::text("\r=1"), "\"'\r=1\""),
            (Cell::text("\n=1"), "\"'\n=1\""),
            (Cell::text("\u{ff1d}1"), "'\u{ff1d}1"),
            (Cell::text("=cmd|' /C calc'!A0"), "\"'=cmd|' /C calc'!A0\""),
            (Cell::text("'=1"), "''=1"),
            (Cell::text("'tis"), "'tis"),
            (Cell::text("-12.50"), "'-12.50"),
            (Cell::number("-12.50"), "-12.50"),
            (Cell::number("0"), "0"),
            (Cell::number("-1+cmd"), "'-1+cmd"),
            (Cell::number("-"), "'-"),
            (Cell::Empty, ""),
            (Cell::optional(None), ""),
        ];
        for (cell, expected) in cases {
            assert_eq!(
                table(vec![cell.clone()]),
                format!("a\r\n{expected}\r\n"),
                "{cell:?}"
            );
        }
    }

    #[test]
    fn quotes_are_doubled_and_whatever_might_separate_is_quoted() {
        let cells = ["a,b", "a;b", "a|b", "say \"hi\"", "two\r\nlines", " padded"].map(Cell::text);
        assert_eq!(
            table(cells.to_vec()),
            "a\r\n\"a,b\",\"a;b\",\"a|b\",\"say \"\"hi\"\"\",\"two\r\nlines\",\" padded\"\r\n"
        );
    }

    proptest! {
        #[test]
        fn no_cell_begins_a_formula_and_each_means_what_it_was(text in "['=+@\\-\t\r\na\u{ff1d}\"]{0,6}") {
            let cell = shown(&text);
            prop_assert!(!cell.starts_with(FORMULA));
            prop_assert_eq!(meant(&cell), text.as_str());
        }
    }
}

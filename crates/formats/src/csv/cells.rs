//! A record, decoded and cut into cells.
//!
//! Bounds: [`limits::CSV_COLUMNS`]. Refused: a quote that is closed before its cell ends, one that is not closed.
//!
//! Source: RFC 4180, section 2; the WHATWG encoding standard's index windows-1252 for the bytes 0x80 to 0x9f.

use receivables::fields::Problem;
use receivables::limits;
use serde::{Deserialize, Serialize};

/// How a file's bytes are to be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// UTF-8, which is what is meant where nothing is said.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// ISO 8859-1.
    #[serde(rename = "iso-8859-1")]
    Latin1,
    /// Windows code page 1252.
    #[serde(rename = "windows-1252")]
    Windows1252,
}

/// What the bytes from 0x80 to 0x9f stand for in code page 1252; a bullet of doubt for the five that stand for nothing.
const WINDOWS_1252: [char; 32] = [
    '€', '\u{fffd}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{fffd}', 'Ž', '\u{fffd}',
    '\u{fffd}', '\u{2018}', '\u{2019}', '\u{201c}', '\u{201d}', '•', '–', '—', '˜', '™', 'š', '›', 'œ',
    '\u{fffd}', 'ž', 'Ÿ',
];

impl Encoding {
    /// The encoding of a `charset` as HTTP has it.
    pub fn of(charset: &str) -> Option<Encoding> {
        match charset.trim().trim_matches('"').to_ascii_lowercase().as_str() {
            "" | "utf-8" | "utf8" | "us-ascii" => Some(Encoding::Utf8),
            "iso-8859-1" | "latin1" => Some(Encoding::Latin1),
            "windows-1252" | "cp1252" => Some(Encoding::Windows1252),
            _ => None,
        }
    }

    /// The text of some bytes.
    pub fn decode(self, bytes: Vec<u8>) -> Result<String, Problem> {
        let one = |byte: u8| match byte.checked_sub(0x80).map(usize::from) {
            Some(high) if self == Encoding::Windows1252 => {
                WINDOWS_1252.get(high).copied().unwrap_or(char::from(byte))
            }
            _ => char::from(byte),
        };
        if self != Encoding::Utf8 {
            return Ok(bytes.into_iter().map(one).collect());
        }
        String::from_utf8(bytes).map_err(|error| {
            let detail = format!(
                "byte {} of the line is not UTF-8; if the file is in another encoding, say so: \
                 `content-type: text/csv; charset=windows-1252`",
                error.utf8_error().valid_up_to()
            );
            Problem::new("unsupported_encoding", detail)
        })
    }
}

/// The cells of a record, without their quotes.
pub fn cells(record: &str, delimiter: char) -> Result<Vec<String>, Problem> {
    let mut cells = Vec::new();
    let mut rest = record.chars().peekable();
    loop {
        let mut cell = String::new();
        let mut more = false;
        if rest.next_if_eq(&'"').is_some() {
            loop {
                match rest.next() {
                    Some('"') if rest.next_if_eq(&'"').is_some() => cell.push('"'),
                    Some('"') => break,
                    Some(c) => cell.push(c),
                    None => return Err(unclosed()),
                }
            }
            while rest.next_if(|c| *c == ' ' && delimiter != ' ').is_some() {}
            match rest.next() {
                None => {}
                Some(c) if c == delimiter => more = true,
                Some(_) => {
                    let detail = "a quoted cell goes on after its closing quote; a quote within is doubled";
                    return Err(Problem::new("misplaced_quote", detail));
                }
            }
        } else {
            for c in rest.by_ref() {
                if c == delimiter {
                    more = true;
                    break;
                }
                cell.push(c);
            }
        }
        cells.push(cell);
        if cells.len() > limits::CSV_COLUMNS {
            let detail = format!("at most {} columns are read", limits::CSV_COLUMNS);
            return Err(Problem::new("too_many_columns", detail));
        }
        if !more {
            return Ok(cells);
        }
    }
}

/// A quote that is opened and not closed.
pub fn unclosed() -> Problem {
    Problem::new(
        "unclosed_quote",
        "a quote is opened on this line and never closed",
    )
}

/// What divides the cells of a header: the delimiter that stands in it most often outside quotes. `None` where two do
/// equally often; a comma where there is none, and so one column.
pub fn delimiter_of(header: &str) -> Option<char> {
    let mut quoted = false;
    let mut counts = [(',', 0_usize), (';', 0), ('\t', 0), ('|', 0)];
    for c in header.chars() {
        quoted ^= c == '"';
        for (delimiter, count) in &mut counts {
            if c == *delimiter && !quoted {
                *count = count.saturating_add(1);
            }
        }
    }
    let most = counts.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let mut found = counts.iter().filter(|(_, count)| *count == most);
    match (found.next(), found.next()) {
        (Some((delimiter, _)), None) => Some(*delimiter),
        _ if most == 0 => Some(','),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::csv::write::{Cell, Table, meant};
    use proptest::prelude::*;

    #[test]
    fn a_record_is_cut_where_the_standard_says() {
        // RFC 4180, section 2, rules 4 to 7, and its examples.
        type Case<'a> = (&'a str, char, Result<&'a [&'a str], &'a str>);
        let cases: [Case<'_>; 14] = [
            ("aaa,bbb,ccc", ',', Ok(&["aaa", "bbb", "ccc"])),
            ("\"aaa\",\"b\r\nbb\",\"ccc\"", ',', Ok(&["aaa", "b\r\nbb", "ccc"])),
            ("\"aaa\",\"b\"\"bb\",\"ccc\"", ',', Ok(&["aaa", "b\"bb", "ccc"])),
            (" a ,b", ',', Ok(&[" a ", "b"])),
            ("a,,", ',', Ok(&["a", "", ""])),
            ("", ',', Ok(&[""])),
            ("\"\",x", ',', Ok(&["", "x"])),
            ("a;b,c", ';', Ok(&["a", "b,c"])),
            ("a\tb", '\t', Ok(&["a", "b"])),
            ("a|\"b|c\"", '|', Ok(&["a", "b|c"])),
            ("5\" pipe,1", ',', Ok(&["5\" pipe", "1"])),
            ("\"a\" ,b", ',', Ok(&["a", "b"])),
            ("\"a\"b,c", ',', Err("misplaced_quote")),
            ("a,\"b", ',', Err("unclosed_quote")),
        ];
        for (record, delimiter, expected) in cases {
            let found = cells(record, delimiter);
            match expected {
                Ok(expected) => assert_eq!(found.unwrap(), expected, "{record:?}"),
                Err(code) => assert_eq!(found.unwrap_err().code, code, "{record:?}"),
            }
        }
        assert_eq!(
            cells(&",".repeat(9_999), ',').unwrap_err().code,
            "too_many_columns"
        );
    }

    #[test]
    fn the_delimiter_is_the_one_that_divides_the_header_most() {
        let cases = [
            ("number,customer,total", Some(',')),
            ("Rechnungsnr;Kunde;Betrag (EUR, brutto)", Some(';')),
            ("number\tcustomer", Some('\t')),
            ("number|customer|total", Some('|')),
            ("\"a,b,c\";\"d\"", Some(';')),
            ("number", Some(',')),
            ("a;b,c", None),
        ];
        for (header, expected) in cases {
            assert_eq!(delimiter_of(header), expected, "{header}");
        }
    }

    #[test]
    fn what_is_declared_is_how_bytes_are_read() {
        let bytes = vec![b'M', 0xfc, b'l', b'l', b'e', b'r', b' ', 0x80];
        let read = |charset| Encoding::of(charset).unwrap().decode(bytes.clone());
        assert_eq!(read("windows-1252").unwrap(), "Müller €");
        assert_eq!(read("ISO-8859-1").unwrap(), "Müller \u{80}");
        assert_eq!(read("utf-8").unwrap_err().code, "unsupported_encoding");
        assert_eq!(Encoding::of("utf-16"), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(row in proptest::collection::vec("[a'=+,;\"\r\n -]{0,8}", 1..6)) {
            let mut table = Table::new(&[]);
            table.row(row.iter().map(|text| Cell::text(text.as_str())));
            let text = table.finish();
            let record = text.strip_prefix("\r\n").unwrap().strip_suffix("\r\n").unwrap();
            let read: Vec<String> = cells(record, ',').unwrap().iter().map(|cell| meant(cell).to_owned()).collect();
            prop_assert_eq!(read, row);
        }

        #[test]
        fn what_another_program_writes_is_read_as_it_reads_it(
            row in proptest::collection::vec("[a;\"\r\n é]{0,8}", 2..6),
            delimiter in prop_oneof![Just(b';'), Just(b',')],
        ) {
            let mut writer = csv_core::WriterBuilder::new().delimiter(delimiter).build();
            let mut text = vec![0; 1_000];
            let mut end = 0;
            for (at, cell) in row.iter().enumerate() {
                if at > 0 {
                    end += writer.delimiter(&mut text[end..]).1;
                }
                end += writer.field(cell.as_bytes(), &mut text[end..]).2;
            }
            end += writer.finish(&mut text[end..]).1;
            let text = std::str::from_utf8(&text[..end]).unwrap();
            prop_assert_eq!(cells(text, char::from(delimiter)).unwrap(), row);
        }

        #[test]
        fn no_text_makes_it_panic(record in any::<String>()) {
            let _ = cells(&record, ',');
            let _ = delimiter_of(&record);
        }
    }
}

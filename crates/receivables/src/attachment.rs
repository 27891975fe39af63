//! Files that come with an invoice and are kept: which ones, how large, and under what name.
//!
//! Shape: a [`MediaType`] is one of a short table; [`fits`] and [`file_name`] judge the rest. Refused: anything that a
//! browser would run, anything without a name among the media types, what is empty or too large. What is in a file is
//! not looked at: it is given back as it came, as a download and never as a page.
//!
//! Source: EN 16931-1, BT-125-1, for the media types, with XML, which XRechnung 3.0 adds (BR-DEX-01); RFC 6266,
//! section 4.3, for names that are no paths; the limits are Dunlin's own rule.

use crate::fields::Problem;
use crate::limits;
use crate::names::names;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    /// `application/pdf`.
    Pdf,
    /// `image/png`.
    Png,
    /// `image/jpeg`.
    Jpeg,
    /// `text/csv`.
    Csv,
    /// A workbook of Office Open XML.
    Xlsx,
    /// A spreadsheet of OpenDocument.
    Ods,
    /// `application/xml`.
    Xml,
    /// `text/xml`, which is the same.
    TextXml,
}

names! {
    MediaType {
        "application/pdf" => Pdf,
        "image/png" => Png,
        "image/jpeg" => Jpeg,
        "text/csv" => Csv,
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" => Xlsx,
        "application/vnd.oasis.opendocument.spreadsheet" => Ods,
        "application/xml" => Xml,
        "text/xml" => TextXml,
    }
}

impl MediaType {
    /// Reads a media type as a header or an attribute states it; parameters do not matter.
    pub fn read(text: &str) -> Result<MediaType, Problem> {
        let name = text.split(';').next().unwrap_or("").trim().to_ascii_lowercase();
        MediaType::parse(&name).ok_or_else(|| {
            let names: Vec<&str> = MediaType::NAMES.iter().map(|(name, _)| *name).collect();
            let detail = format!("a file is one of {}", names.join(", "));
            Problem::new("unsupported_file", detail)
        })
    }

    /// What its name ends in.
    fn extension(self) -> &'static str {
        match self {
            MediaType::Pdf => "pdf",
            MediaType::Png => "png",
            MediaType::Jpeg => "jpg",
            MediaType::Csv => "csv",
            MediaType::Xlsx => "xlsx",
            MediaType::Ods => "ods",
            MediaType::Xml | MediaType::TextXml => "xml",
        }
    }
}

/// Judges the size of a file where there is `room` for so many bytes beside those that are there already.
pub fn fits(bytes: usize, room: usize) -> Result<(), Problem> {
    let too_large = |what: String| Err(Problem::new("file_too_large", what));
    match bytes {
        0 => Err(Problem::new("empty", "the file is empty")),
        _ if bytes > limits::DOCUMENT_BYTES => too_large(format!(
            "a file has at most {} bytes, not {bytes}",
            limits::DOCUMENT_BYTES
        )),
        _ if bytes > room => too_large(format!(
            "the files of one document have at most {} bytes together",
            limits::DOCUMENTS_BYTES
        )),
        _ => Ok(()),
    }
}

/// A name under which a file can be saved anywhere: the last part of a path, without what means something in a header
/// or to a file system, with the ending of its media type where it has none.
pub fn file_name(given: &str, media_type: MediaType) -> String {
    let last = given.rsplit(['/', '\\']).next().unwrap_or("");
    let kept: String = last
        .chars()
        .map(|c| match c {
            '"' | '*' | ':' | '<' | '>' | '?' | '|' | '%' => '_',
            c if c.is_control() => '_',
            // `Rechnung\u{202e}fdp.exe` is shown as one that ends in `exe.pdf`.
            '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '_',
            c => c,
        })
        .take(limits::FILE_NAME)
        .collect();
    let kept = kept.trim_matches(|c: char| c == '.' || c.is_whitespace());
    let name = if kept.is_empty() { "document" } else { kept };
    match name.rsplit_once('.') {
        Some((_, ending))
            if (1..=5).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric()) =>
        {
            name.to_owned()
        }
        _ => format!("{name}.{}", media_type.extension()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_media_types_are_those_of_the_standard() {
        for (name, kind) in MediaType::NAMES {
            assert_eq!(MediaType::read(name), Ok(*kind), "{name}");
        }
        assert_eq!(MediaType::read(" Application/PDF; charset=x"), Ok(MediaType::Pdf));
        for bad in ["", "text/html", "image/svg+xml", "application/zip", "pdf"] {
            assert_eq!(
                MediaType::read(bad).unwrap_err().code,
                "unsupported_file",
                "{bad}"
            );
        }
    }

    #[test]
    fn a_file_has_a_size_alone_and_with_others() {
        let most = limits::DOCUMENT_BYTES;
        let code = |bytes, room| fits(bytes, room).err().map(|problem| problem.code);
        let cases = [
            (1, most, None),
            (most, most, None),
            (0, most, Some("empty")),
            (most + 1, 2 * most, Some("file_too_large")),
            (10, 9, Some("file_too_large")),
        ];
        for (bytes, room, expected) in cases {
            assert_eq!(code(bytes, room), expected, "{bytes} of {room}");
        }
    }

    #[test]
    fn a_name_is_a_name_and_no_path() {
        let cases = [
            ("EHF.pdf", "EHF.pdf"),
            ("../../etc/passwd", "passwd.pdf"),
            ("C:\\Rechnungen\\R 17.PDF", "R 17.PDF"),
            ("a\"b\r\nset-cookie: x.pdf", "a_b__set-cookie_ x.pdf"),
            ("Rechnung für Müller", "Rechnung für Müller.pdf"),
            ("Rechnung\u{202e}fdp.exe", "Rechnung_fdp.exe"),
            ("..", "document.pdf"),
            ("", "document.pdf"),
            ("Invoice No. 17", "Invoice No. 17.pdf"),
        ];
        for (given, expected) in cases {
            assert_eq!(file_name(given, MediaType::Pdf), expected, "{given}");
        }
    }

    proptest! {
        #[test]
        fn no_name_leaves_its_folder_or_its_header(given in ".{0,300}") {
            let name = file_name(&given, MediaType::Png);
            prop_assert!(!name.is_empty() && !name.starts_with('.'));
            prop_assert!(!name.contains(['/', '\\', '"', '\r', '\n']));
            prop_assert!(name.chars().count() <= limits::FILE_NAME + 4);
        }
    }
}

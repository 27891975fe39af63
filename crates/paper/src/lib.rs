//! Paper: letters and statements of account as PDF, made from typed facts.
//!
//! Shape: facts go in ([`LetterPaper`], [`StatementPaper`]), the bytes of a PDF come out. Text is cleaned, divided by
//! typeface and shaped (`text`), flows down pages (`folio`, `table`, `pay`) inside a frame (`frame`, on a `sheet`), and is
//! written (`pdf`). [`of_message`] and [`of_statement`] make the facts from a message.
//!
//! Pure: no I/O, no clock, nothing random; the same facts are the same bytes. Places are whole thousandths of a point
//! (`length`); floats are what the writer is handed, and nothing is computed with them.
//!
//! What bounds it: [`ROWS`] of a document, 4,000 letters of a text, three lines of a cell, the lines of a window.
//!
//! What it refuses: see [`PaperError`]. Letters that the embedded typefaces lack are no error: each is shown as U+FFFD, and
//! [`Printed::missing`] names them.

mod address;
mod error;
mod folio;
mod fonts;
mod frame;
mod length;
mod letter;
mod mapping;
mod pay;
mod pdf;
mod qr;
mod sheet;
mod statement;
mod table;
mod text;
mod words;

pub use address::{Creditor, addressee};
pub use error::PaperError;
pub use letter::{LetterPaper, letter, letter_with};
pub use mapping::{Envelope, of_message, of_statement};
pub use qr::Qr;
pub use sheet::Sheet;
pub use statement::{Account, StatementPaper, statement};

/// Rows of a document: over a hundred pages. Whose account has more is better served by a file.
pub const ROWS: usize = 5_000;

/// A document, printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printed {
    /// The bytes of the PDF.
    pub pdf: Vec<u8>,
    /// How many pages it has.
    pub pages: usize,
    /// Letters that no embedded typeface has, in order; each is shown as U+FFFD.
    pub missing: Vec<char>,
}

//! What can go wrong with a sheet of paper.

use receivables::money::MoneyError;

/// Why nothing was printed.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// Where to pay is no http(s) address.
    #[error("{0:?} is not an http(s) address")]
    Link(String),
    /// More rows than [`crate::ROWS`].
    #[error("{0} rows are more than a document has")]
    TooLong(usize),
    /// The amounts do not add up to what is said of them.
    #[error("the amount {given} is not the sum of the rows, {listed}")]
    Sum {
        /// What was said.
        given: String,
        /// What the rows come to.
        listed: String,
    },
    /// The amounts cannot be added up.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// What a code is to hold is longer than its kind may be.
    #[error("a code cannot hold {0} bytes")]
    Code(usize),
    /// The notice is about something else than a statement.
    #[error("the notice is no statement of account")]
    NoStatement,
    /// A typeface cannot be read.
    #[error("a typeface cannot be read: {0}")]
    Font(String),
    /// The PDF writer refused.
    #[error("the PDF was not written: {0}")]
    Pdf(String),
}

//! What can go wrong between the app and its database, sorted by what the caller can do about it.

use spin_sdk::sqlite;

/// Result of anything that touches the store.
pub type Result<T, E = StoreError> = std::result::Result<T, E>;

/// A failure of the store.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Another writer held the lock for longer than the host waits. Trying again may succeed.
    #[error("the database is busy")]
    Busy,
    /// A UNIQUE, CHECK, NOT NULL, foreign key or trigger rule refused the write.
    #[error("constraint: {0}")]
    Constraint(String),
    /// A row did not have the shape that the statement promised: a defect of ours.
    #[error("row does not decode: {0}")]
    Decode(String),
    /// The database was written by a newer version of the app than this one.
    #[error("the database has schema {found}, this app knows {known}")]
    Newer {
        /// Schema version found in the database.
        found: i64,
        /// Newest schema version that this app knows.
        known: i64,
    },
    /// A job was run for a time that lies before the one it last decided for.
    #[error("the clock stands before {0}, for which was decided already")]
    BackDated(String),
    /// A sum left the range of 64-bit minor units or mixed currencies.
    #[error("money: {0}")]
    Money(#[from] receivables::money::MoneyError),
    /// The host's source of randomness failed.
    #[error("no randomness: {0}")]
    Entropy(String),
    /// Anything else that the host reports.
    #[error("database: {0}")]
    Host(String),
}

impl StoreError {
    /// Whether running the whole transaction again may succeed.
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Busy)
    }
}

/// Spin reports every SQLite failure as text, so the text is all there is to sort by.
impl From<sqlite::Error> for StoreError {
    fn from(error: sqlite::Error) -> Self {
        let text = match error {
            sqlite::Error::Io(text) => text,
            other => return Self::Host(format!("{other:?}")),
        };
        if text.contains("database is locked") || text.contains("database table is locked") {
            Self::Busy
        } else if text.contains("constraint failed") || text.contains("refused:") {
            Self::Constraint(text)
        } else {
            Self::Host(text)
        }
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Decode(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_sorted_by_what_can_be_done() {
        let sort = |text: &str| StoreError::from(sqlite::Error::Io(text.into()));
        assert!(matches!(sort("database is locked"), StoreError::Busy));
        assert!(matches!(
            sort("UNIQUE constraint failed: invoices.number"),
            StoreError::Constraint(_)
        ));
        assert!(matches!(
            sort("refused: postings are append-only"),
            StoreError::Constraint(_)
        ));
        assert!(matches!(sort("disk I/O error"), StoreError::Host(_)));
        assert!(sort("database is locked").is_transient());
    }
}

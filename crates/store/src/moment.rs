//! The instant of a request and its source of ids. Only the outermost layer reads the clock; everything below is
//! handed a [`Moment`].

use crate::error::{Result, StoreError};
use chrono::{DateTime, Utc};

/// When something happens, and a mint for the ids it needs.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The instant, UTC.
    pub now: DateTime<Utc>,
}

impl Moment {
    /// A moment at `now`.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { now }
    }

    /// The instant in milliseconds since 1970, as the database keeps it.
    pub fn ms(&self) -> i64 {
        self.now.timestamp_millis()
    }

    /// A new time-ordered id: `moment.id(InvoiceId::from_parts)?`.
    pub fn id<T>(&self, make: fn(u64, [u8; 10]) -> T) -> Result<T> {
        let at_ms = u64::try_from(self.ms()).unwrap_or(0);
        Ok(make(at_ms, random()?))
    }
}

/// `N` random bytes from the host.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Entropy(error.to_string()))?;
    Ok(bytes)
}

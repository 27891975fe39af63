//! The instant of a request and its source of ids. Only the outermost layer reads the clock; everything below is
//! handed a [`Moment`].

use crate::error::{Result, StoreError};
use chrono::{DateTime, Utc};
use std::cell::Cell;

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

    /// A new time-ordered id: `moment.id(InvoiceId::from_parts)?`. For many of them: [`Moment::mint`].
    pub fn id<T>(&self, make: fn(u64, [u8; 10]) -> T) -> Result<T> {
        Ok(self.mint()?.id(make))
    }

    /// A mint for the ids of a batch.
    pub fn mint(&self) -> Result<Mint> {
        let at_ms = u64::try_from(self.ms()).unwrap_or(0);
        if LAST.get().0 != at_ms {
            let mut first = [0; 16];
            let [_, _, _, _, _, _, low @ ..] = &mut first;
            *low = random()?;
            LAST.set((at_ms, u128::from_be_bytes(first)));
        }
        Ok(Mint { at_ms })
    }
}

thread_local! {
    /// The millisecond that ids were made for last, and the low 80 bits of the next one.
    static LAST: Cell<(u64, u128)> = const { Cell::new((u64::MAX, 0)) };
}

/// Makes ids: random for the first of a millisecond, counted up from there, as monotonic ULIDs are. Each that an
/// instance makes sorts after the one before, so that what one request does is told in the order in which it did it,
/// and a batch is put at the end of an index instead of all over it. Ids are names, not secrets; whoever must not
/// guess gets a token.
pub struct Mint {
    at_ms: u64,
}

impl Mint {
    /// The next id: `mint.id(InvoiceId::from_parts)`.
    pub fn id<T>(&mut self, make: fn(u64, [u8; 10]) -> T) -> T {
        let (_, next) = LAST.get();
        // Another moment's mint may have been at work in between: its count goes on, which is as good as any.
        LAST.set((self.at_ms, next.wrapping_add(1)));
        let [_, _, _, _, _, _, random @ ..] = next.to_be_bytes();
        make(self.at_ms, random)
    }
}

/// `N` random bytes from the host.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).map_err(|error| StoreError::Entropy(error.to_string()))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use receivables::id::InvoiceId;

    #[test]
    fn the_ids_of_a_batch_are_in_order_and_differ_from_those_of_another() {
        let moment = Moment::at(DateTime::UNIX_EPOCH);
        let batch = || {
            let mut mint = moment.mint().unwrap();
            std::iter::repeat_with(move || mint.id(InvoiceId::from_parts))
                .take(1_000)
                .collect::<Vec<_>>()
        };
        let (one, other) = (batch(), batch());
        assert!(one.is_sorted_by(|a, b| a < b));
        assert!(one.iter().all(|id| !other.contains(id)));
    }
}

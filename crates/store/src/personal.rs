//! A person's data: all of it in one document ([`export`]), and out of every table that holds it ([`erase`]).
//!
//! **The books stay.** Postings hold no person; of documents, payments and what was agreed on, the amounts, dates and
//! numbers stay and names and words go ([`receivables::law::erasure`]). **Everything or nothing:** one transaction, however
//! much there is: it is done once a person, at its request.
//!
//! A table that is new and holds what people write has its place here; a test fills the ledger with a person, erases it
//! and then searches every table.

mod erase;
mod export;

pub use erase::{Erased, ErasureCursor, ErasureView, Waiting, due, erase, pending};
pub use export::export;

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [erase::ALL, export::ALL].concat()
}

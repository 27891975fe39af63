//! What is owed: an invoice, or one of the charges that stand beside it.
//!
//! Source: Directive 2011/7/EU, Articles 3 and 6, for interest and the fixed sum; else Dunlin's own words.

use serde::{Deserialize, Serialize};

use crate::names::names;

/// What a receivable is. Only invoices bear fees and interest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReceivableKind {
    /// For what was delivered: the principal.
    #[default]
    Invoice,
    /// A fee that a dunning step charges: a cost.
    Fee,
    /// Interest for late payment that a dunning step has posted.
    Interest,
    /// A statute's fixed sum for the costs of recovery: a cost.
    Compensation,
}

names! {
    ReceivableKind {
        "invoice" => Invoice,
        "fee" => Fee,
        "interest" => Interest,
        "compensation" => Compensation,
    }
}

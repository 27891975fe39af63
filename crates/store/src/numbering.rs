//! When two documents of one number are the same document.
//!
//! A number that came over the API stands for itself. A document that says who sells and who buys (UBL) carries its
//! own numbering: published examples reuse a number for other buyers and sellers. Two such numberings are told apart;
//! where one side says nothing, the number alone decides, since taking one claim in twice would be worse than asking.

use serde::Deserialize;

/// A stored document, as far as its number goes.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Known {
    numbering: String,
    /// The document in canonical form.
    pub(crate) content: String,
}

impl Known {
    pub(crate) fn new(numbering: Option<&str>, content: &str) -> Self {
        Self {
            numbering: numbering.unwrap_or_default().to_owned(),
            content: content.to_owned(),
        }
    }

    /// Whether the two, of the same number, are about the same document.
    pub(crate) fn stands_for_the_same(&self, other: &Self) -> bool {
        let (ours, theirs) = (&self.numbering, &other.numbering);
        ours.is_empty() || theirs.is_empty() || ours == theirs
    }
}

/// Whether a credit note of one numbering can be about an invoice of another. A credit's numbering begins with that
/// of the invoices between the same two parties.
pub(crate) fn corrects(credit: &str, invoice: &str) -> bool {
    credit.is_empty() || credit.starts_with(invoice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_told_apart_only_where_both_sides_say_whose_they_are() {
        let same =
            |a: Option<&str>, b: Option<&str>| Known::new(a, "").stands_for_the_same(&Known::new(b, ""));
        assert!(same(None, None));
        assert!(same(None, Some("s to b")));
        assert!(same(Some("s to b"), None));
        assert!(same(Some("s to b"), Some("s to b")));
        assert!(!same(Some("s to b"), Some("s to c")));
    }

    #[test]
    fn a_credit_is_about_invoices_between_the_same_two() {
        assert!(corrects("s to b", "s to b"));
        assert!(corrects("s to b, invoices", "s to b"));
        assert!(corrects("", "s to b"));
        assert!(corrects("s to b", ""));
        assert!(!corrects("s to b", "t to b"));
    }
}

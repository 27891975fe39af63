//! Which open invoice a payer means.
//!
//! Strict on purpose: money on the wrong invoice costs more than money that waits. A reference means the invoice of
//! that id or number; failing that, the only one whose number differs in nothing but case, spaces and punctuation,
//! which payers drop as they please; failing that, the only one whose number stands in it as a word of its own.
//! Never a part of a number: `INV-12` is not `INV-123`, nor the reverse.
//!
//! Source: Dunlin's own rule.

use std::collections::BTreeMap;

use super::{InvoiceRef, OpenInvoice};

/// Digits that stand alone in a text mean an invoice only where they are this many: `12` may be a day, a quantity, an
/// hour. Dunlin's own.
const DIGITS_ALONE: usize = 4;

/// What joins the parts of a number.
pub(crate) const JOINS: [char; 4] = ['-', '/', '.', '_'];

/// Open invoices by what a payer may call them; values are places in the list that it was made from.
pub(super) struct Index<'a> {
    by_id: BTreeMap<&'a str, usize>,
    by_number: BTreeMap<&'a str, Vec<usize>>,
    by_plain: BTreeMap<String, Vec<usize>>,
}

impl<'a> Index<'a> {
    pub(super) fn of(open: &'a [OpenInvoice]) -> Index<'a> {
        let mut index = Index {
            by_id: BTreeMap::new(),
            by_number: BTreeMap::new(),
            by_plain: BTreeMap::new(),
        };
        for (at, invoice) in open.iter().enumerate() {
            index.by_id.insert(invoice.id.as_str(), at);
            index.by_number.entry(&invoice.number).or_default().push(at);
            let plain = plain(&invoice.number);
            if !plain.is_empty() {
                index.by_plain.entry(plain).or_default().push(at);
            }
        }
        index
    }

    /// The place of the invoice that is meant, or why it is none.
    pub(super) fn find(&self, named: &InvoiceRef) -> Result<usize, String> {
        let text = match named {
            InvoiceRef::Id(id) => {
                let found = self.by_id.get(id.as_str()).copied();
                return found.ok_or_else(|| format!("{id}, which is not open"));
            }
            InvoiceRef::Number(number) => number.trim(),
        };
        let mut found = self.by_number.get(text).cloned().unwrap_or_default();
        if found.is_empty() {
            found = self.by_plain.get(&plain(text)).cloned().unwrap_or_default();
        }
        if found.is_empty() {
            found = self.in_words(text);
        }
        match found.as_slice() {
            [only] => Ok(*only),
            [] => Err(format!("{text}, which is not open")),
            several => Err(format!("{text}, which could be {} open invoices", several.len())),
        }
    }

    /// The invoices whose numbers stand in a text as words of their own, each once.
    fn in_words(&self, text: &str) -> Vec<usize> {
        let mut found: Vec<usize> = words(text)
            .filter_map(|word| match word.contains(char::is_alphabetic) {
                true => self.by_plain.get(&plain(word)),
                // Digits and punctuation may be a date or an amount: then every character counts.
                false => self.by_number.get(word),
            })
            .flatten()
            .copied()
            .collect();
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// The words of a text that may be numbers of invoices. What joins the parts of a number (`-`, `/`, `.`, `_`) is
/// part of the word, so that `INV-12/3` is one number and not the `INV-12` that it begins with.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && !JOINS.contains(&c))
        .map(|word| word.trim_matches(JOINS))
        .filter(|word| {
            let digits = word.chars().filter(char::is_ascii_digit).count();
            digits > 0 && (digits >= DIGITS_ALONE || word.contains(char::is_alphabetic))
        })
}

/// A number as payers write it: without punctuation, whatever the case.
pub(crate) fn plain(number: &str) -> String {
    number
        .chars()
        .filter(|c| c.is_alphanumeric())
        .flat_map(char::to_uppercase)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tests::{id, invoice};
    use super::*;

    fn open(numbers: &[&str]) -> Vec<OpenInvoice> {
        let invoices = numbers.iter().zip('A'..).map(|(number, letter)| OpenInvoice {
            number: (*number).to_owned(),
            ..invoice(letter, "2026-01-01", 100)
        });
        invoices.collect()
    }

    fn found(numbers: &[&str], reference: &str) -> Option<usize> {
        let open = open(numbers);
        Index::of(&open)
            .find(&InvoiceRef::Number(reference.to_owned()))
            .ok()
    }

    /// The worked example "Reference `INV-12` never matches `INV-123`", nor the reverse, as words in a text too.
    #[test]
    fn a_part_of_a_number_is_another_number() {
        let cases = [
            (&["INV-123"][..], "INV-12", None),
            (&["INV-12"], "INV-123", None),
            (&["INV-123"], "payment for INV-12, thank you", None),
            (&["INV-12"], "payment for INV-123, thank you", None),
            (&["INV-12"], "XINV-12", None),
            (&["INV-12"], "payment INV-12-3", None),
            (&["INV-12"], "payment INV-12/2026", None),
            (&["INV-12"], "order 7INV-12 of May", None),
            (&["INV-12", "INV-123"], "INV-12", Some(0)),
            (&["INV-12", "INV-123"], "INV-123", Some(1)),
            (&["INV-12", "INV-123"], "paid: INV-123.", Some(1)),
            (&["INV-12", "INV-123"], "(inv_12)", Some(0)),
        ];
        for (numbers, reference, expected) in cases {
            assert_eq!(
                found(numbers, reference),
                expected,
                "{reference} among {numbers:?}"
            );
        }
    }

    #[test]
    fn what_a_payer_writes_means_one_invoice_or_none() {
        let cases = [
            // Exact goes before alike.
            (&["A-1", "a1"][..], "a1", Some(1)),
            (&["A-1", "a1"], "A1", None),
            (&["RE 2026/0001"], " re2026-0001 ", Some(0)),
            (&["RE 2026/0001"], "re 2026 0001", Some(0)),
            (&["2026-1", "2026-2"], "2026-1 and 2026-2", None),
            (&["2026-1"], "2026-1, once more 2026-1", Some(0)),
            // Digits alone: four of them are a number, two may be anything.
            (&["12"], "12", Some(0)),
            (&["12"], "12 pieces", None),
            (&["1234"], "Rechnung 1234 vom Mai", Some(0)),
            (&["1234"], "1.234 pieces", None),
            (&["20260312"], "our letter of 2026-03-12", None),
            (&["2026-0312"], "Rechnung 2026-0312 vom Mai", Some(0)),
            (&["---"], "---", Some(0)),
            (&["---"], "-", None),
            (&["A-1"], "", None),
        ];
        for (numbers, reference, expected) in cases {
            assert_eq!(
                found(numbers, reference),
                expected,
                "{reference} among {numbers:?}"
            );
        }
    }

    #[test]
    fn what_is_not_found_is_said() {
        let open = open(&["A-1", "a1"]);
        let index = Index::of(&open);
        let why = |named: InvoiceRef| index.find(&named).unwrap_err();
        let number = |text: &str| InvoiceRef::Number(text.to_owned());
        assert_eq!(why(number("X-9")), "X-9, which is not open");
        assert_eq!(why(number("a.1")), "a.1, which could be 2 open invoices");
        assert_eq!(
            why(InvoiceRef::Id(id('Z'))),
            format!("{}, which is not open", id('Z'))
        );
        assert_eq!(index.find(&InvoiceRef::Id(id('B'))), Ok(1));
    }

    proptest! {
        #[test]
        fn no_longer_number_is_ever_taken_for_a_shorter_one(number in "[A-Z]{1,4}-[0-9]{1,5}", more in "[0-9A-Za-z]{1,3}", before in "[a-z ,;]{0,9}") {
            let longer = format!("{number}{more}");
            prop_assert_eq!(found(&[&number], &longer), None);
            prop_assert_eq!(found(&[&longer], &number), None);
            prop_assert_eq!(found(&[&longer], &format!("{before} {number} ")), None);
            prop_assert_eq!(found(&[&number], &format!("{before} {longer}")), None);
            prop_assert_eq!(found(&[&longer, &number], &format!("{before} {number}.")), Some(1));
        }

        #[test]
        fn no_text_makes_it_panic(text in ".{0,60}") {
            let _ = found(&["INV-12", &text], "12");
            let _ = found(&["INV-12"], &text);
        }
    }
}

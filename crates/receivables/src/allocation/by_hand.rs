//! A person says anew what a payment is for: the full new list replaces what was set before.
//!
//! Source: Dunlin's own rule: a person may say what the payer left open, within what is owed and what was paid.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::matching::Index;
use super::{Held, OpenInvoice, RemittanceLine, one_currency};
use crate::fields::FieldError;
use crate::id::InvoiceId;
use crate::money::{Money, MoneyError};

/// How much more, or less where negative, an invoice gets of a payment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Change {
    /// Which; each comes once.
    pub invoice: InvoiceId,
    /// Never zero.
    pub amount: Money,
}

/// What a new list changes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reallocated {
    /// First what is taken away, then what is given, so that nothing is given twice on the way.
    pub changes: Vec<Change>,
    /// What is on account then.
    pub unapplied: Money,
}

/// Sets a payment, of which `amount` is left (set against invoices or on account), against the invoices of `wanted`
/// and no others. `held` is what it is set against now, and `open` knows every invoice of either list with its
/// balance as it stands. A line without an amount takes as much as its invoice owes, once the payment is taken off.
///
/// Refused, with every reason and its line (`/allocations/0/amount`): an invoice that is unknown or comes twice,
/// amounts of another currency, more than an invoice owes, more than the payment has.
pub fn reallocate(
    amount: Money,
    held: &[Held],
    open: &[OpenInvoice],
    wanted: &[RemittanceLine],
) -> Result<Reallocated, Vec<FieldError>> {
    let currency = amount.currency();
    let index = Index::of(open);
    let nothing = Money::zero(currency);
    let overflow = |error: MoneyError| vec![FieldError::new("/allocations", error.code(), error.to_string())];
    let mut before: BTreeMap<&InvoiceId, Money> = BTreeMap::new();
    for part in held {
        let sum = before.entry(&part.invoice).or_insert(nothing);
        *sum = sum.checked_add(part.amount).map_err(overflow)?;
    }
    let mut errors = Vec::new();
    let mut after: BTreeMap<&InvoiceId, Money> = BTreeMap::new();
    for (at, line) in wanted.iter().enumerate() {
        let mut report = |field: &str, code: &'static str, detail: String| {
            errors.push(FieldError::new(format!("/allocations/{at}{field}"), code, detail));
        };
        let invoice = match index.find(&line.invoice).map(|at| open.get(at)) {
            Ok(Some(invoice)) => invoice,
            Ok(None) => continue,
            Err(problem) => {
                report("", "unknown_invoice", format!("the list names {problem}"));
                continue;
            }
        };
        if after.contains_key(&invoice.id) {
            report("", "duplicate", format!("{} comes twice", invoice.number));
            continue;
        }
        match judge(
            invoice,
            line.amount,
            before.get(&invoice.id).copied().unwrap_or(nothing),
        ) {
            Ok(given) => drop(after.insert(&invoice.id, given)),
            Err((code, detail)) => report("/amount", code, detail),
        }
    }
    let given = Money::checked_sum(currency, after.values().copied()).map_err(overflow)?;
    let unapplied = amount.checked_sub(given).map_err(overflow)?;
    if unapplied.is_negative() {
        let detail = format!("{given} is more than the {amount} that the payment has left");
        errors.push(FieldError::new("/allocations", "more_than_amount", detail));
    }
    if !errors.is_empty() {
        return Err(errors);
    }

    let invoices: BTreeSet<&InvoiceId> = before.keys().chain(after.keys()).copied().collect();
    let mut changes = Vec::new();
    for invoice in invoices {
        let amount = |list: &BTreeMap<&InvoiceId, Money>| list.get(invoice).copied().unwrap_or(nothing);
        let change = amount(&after).checked_sub(amount(&before)).map_err(overflow)?;
        if !change.is_zero() {
            changes.push(Change {
                invoice: invoice.clone(),
                amount: change,
            });
        }
    }
    changes.sort_by_key(|change| change.amount.is_positive());
    Ok(Reallocated { changes, unapplied })
}

/// What an invoice that holds `held` of the payment gets, or what is wrong with it.
fn judge(invoice: &OpenInvoice, wanted: Option<Money>, held: Money) -> Result<Money, (&'static str, String)> {
    let say = |error: MoneyError| (error.code(), error.to_string());
    let owed = invoice.balance.checked_add(held).map_err(say)?;
    let given = wanted.unwrap_or(owed);
    one_currency(owed.currency(), given).map_err(say)?;
    if !given.is_positive() {
        return Err((
            "not_positive",
            format!("{given} is nothing to apply to {}", invoice.number),
        ));
    }
    if given.minor() > owed.minor() {
        let detail = format!(
            "{given} is more than the {owed} that {} owes without this payment",
            invoice.number
        );
        return Err(("more_than_owed", detail));
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use super::super::tests::{eur, id, invoice, told};
    use super::*;
    use crate::currency::Currency;

    fn held(letter: char, minor: i64) -> Held {
        Held {
            invoice: id(letter),
            amount: eur(minor),
        }
    }

    fn codes(result: Result<Reallocated, Vec<FieldError>>) -> Vec<(String, String)> {
        let errors = result.unwrap_err().into_iter();
        errors
            .map(|error| (error.pointer, error.code.into_owned()))
            .collect()
    }

    #[test]
    fn the_new_list_replaces_the_old_one() {
        // 100.00 arrived: 60.00 are set against A, which is paid with it, 20.00 against B, 20.00 are on account.
        let open = [
            invoice('A', "2026-01-01", 0),
            invoice('B', "2026-02-01", 3_000),
            invoice('C', "2026-03-01", 7_000),
        ];
        let before = [held('A', 6_000), held('B', 2_000)];
        // The new list -> what changes, takings first; what is on account then.
        let cases = [
            (
                vec![told("2026-A", Some(6_000)), told("2026-B", Some(2_000))],
                vec![],
                2_000,
            ),
            (vec![], vec![('A', -6_000), ('B', -2_000)], 10_000),
            (
                vec![told("2026-C", None)],
                vec![('A', -6_000), ('B', -2_000), ('C', 7_000)],
                3_000,
            ),
            (
                vec![told("2026-B", None)],
                vec![('A', -6_000), ('B', 3_000)],
                5_000,
            ),
            (
                vec![told("2026-C", Some(1_000)), told("2026-A", None)],
                vec![('B', -2_000), ('C', 1_000)],
                3_000,
            ),
        ];
        for (wanted, changes, unapplied) in cases {
            let expected = Reallocated {
                changes: changes
                    .into_iter()
                    .map(|(letter, minor)| Change {
                        invoice: id(letter),
                        amount: eur(minor),
                    })
                    .collect(),
                unapplied: eur(unapplied),
            };
            assert_eq!(
                reallocate(eur(10_000), &before, &open, &wanted),
                Ok(expected),
                "{wanted:?}"
            );
        }
    }

    #[test]
    fn what_cannot_be_is_refused_with_every_reason() {
        let open = [invoice('A', "2026-01-01", 0), invoice('B', "2026-02-01", 3_000)];
        let before = [held('A', 6_000)];
        let usd = RemittanceLine {
            amount: Some(Money::new(100, Currency::parse("USD").unwrap())),
            ..told("2026-B", None)
        };
        let wanted = [
            told("2026-A", Some(6_001)),
            told("X-1", None),
            usd,
            told("2026-B", Some(0)),
            told("2026-B", Some(3_000)),
            told("2026-B", Some(1)),
        ];
        let expected = [
            ("/allocations/0/amount", "more_than_owed"),
            ("/allocations/1", "unknown_invoice"),
            ("/allocations/2/amount", "currency_mismatch"),
            ("/allocations/3/amount", "not_positive"),
            ("/allocations/5", "duplicate"),
        ];
        assert_eq!(
            codes(reallocate(eur(6_000), &before, &open, &wanted)),
            expected.map(|(p, c)| (p.to_owned(), c.to_owned()))
        );
        let too_much = [told("2026-A", None), told("2026-B", Some(1))];
        assert_eq!(
            codes(reallocate(eur(6_000), &before, &open, &too_much)),
            [("/allocations".to_owned(), "more_than_amount".to_owned())]
        );
    }
}

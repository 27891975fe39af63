//! Where money is taken from when it goes back: a refund, or a chargeback that was lost.
//!
//! First from what is on account, since nobody was told that an invoice is paid with it; then from the invoices, the
//! one that got its money last first, so that what has been settled longest stays settled. Each gives up to what it
//! got; the parts always add up to the amount.
//!
//! Source: Dunlin's own rule.

use crate::id::InvoiceId;
use crate::money::{Money, MoneyError};

/// What a payment holds at an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// Which.
    pub invoice: InvoiceId,
    /// How much; those with nothing give nothing.
    pub amount: Money,
}

/// What is taken from where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenBack {
    /// Out of what was on account.
    pub unapplied: Money,
    /// Out of invoices, each once, in the order in which they give: they reopen by that much.
    pub parts: Vec<Held>,
}

/// Why nothing is taken back.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TakeBackError {
    /// Zero or less.
    #[error("what is taken back is more than zero, not {0}")]
    NotPositive(Money),
    /// The payment does not hold as much any more.
    #[error("{missing} more than the payment still holds")]
    TooMuch {
        /// By how much.
        missing: Money,
    },
    /// Amounts of two currencies, or too large to add up.
    #[error(transparent)]
    Money(#[from] MoneyError),
}

/// Takes `amount` back out of a payment that has `unapplied` on account and holds `held`, in the order in which the
/// invoices got it.
pub fn take_back(amount: Money, unapplied: Money, held: &[Held]) -> Result<TakenBack, TakeBackError> {
    if !amount.is_positive() {
        return Err(TakeBackError::NotPositive(amount));
    }
    let from_account = amount.checked_min(unapplied)?;
    let mut missing = amount.checked_sub(from_account)?;
    let mut parts = Vec::new();
    for source in held.iter().rev() {
        let given = missing.checked_min(source.amount)?;
        if given.is_positive() {
            missing = missing.checked_sub(given)?;
            parts.push(Held {
                invoice: source.invoice.clone(),
                amount: given,
            });
        }
    }
    match missing.is_positive() {
        true => Err(TakeBackError::TooMuch { missing }),
        false => Ok(TakenBack {
            unapplied: from_account,
            parts,
        }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::currency::Currency;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    fn held(amounts: &[i64]) -> Vec<Held> {
        let ids = (0u64..).map(|at| InvoiceId::from_parts(at, [0; 10]));
        let amounts = amounts.iter().map(|minor| eur(*minor));
        ids.zip(amounts)
            .map(|(invoice, amount)| Held { invoice, amount })
            .collect()
    }

    #[test]
    fn what_is_on_account_goes_first_and_then_what_was_paid_last() {
        let invoices = held(&[5_000, 3_000, 0]);
        // Amount, on account -> from the account, from each invoice.
        let cases = [
            (1_000, 2_000, 1_000, vec![]),
            (2_500, 2_000, 2_000, vec![(1, 500)]),
            (3_000, 0, 0, vec![(1, 3_000)]),
            (6_000, 2_000, 2_000, vec![(1, 3_000), (0, 1_000)]),
            (10_000, 2_000, 2_000, vec![(1, 3_000), (0, 5_000)]),
        ];
        for (amount, unapplied, from_account, parts) in cases {
            let taken = take_back(eur(amount), eur(unapplied), &invoices).unwrap();
            let parts: Vec<Held> = parts
                .into_iter()
                .map(|(at, minor): (usize, i64)| Held {
                    invoice: invoices[at].invoice.clone(),
                    amount: eur(minor),
                })
                .collect();
            let expected = TakenBack {
                unapplied: eur(from_account),
                parts,
            };
            assert_eq!(taken, expected, "{amount} of {unapplied} on account");
        }
    }

    #[test]
    fn no_more_is_taken_than_there_is() {
        let missing = eur(1);
        assert_eq!(
            take_back(eur(8_001), eur(0), &held(&[5_000, 3_000])),
            Err(TakeBackError::TooMuch { missing })
        );
        assert_eq!(
            take_back(eur(0), eur(1), &[]),
            Err(TakeBackError::NotPositive(eur(0)))
        );
        let usd = Money::new(1, Currency::parse("USD").unwrap());
        assert!(matches!(
            take_back(usd, eur(1), &[]),
            Err(TakeBackError::Money(_))
        ));
        assert!(matches!(
            take_back(usd, Money::zero(usd.currency()), &held(&[1])),
            Err(TakeBackError::Money(_))
        ));
    }

    proptest! {
        #[test]
        fn not_a_cent_is_lost_or_made(
            unapplied in 0i64..100_000,
            amounts in prop::collection::vec(0i64..100_000, 0..8),
            share in 0i64..=1_200,
        ) {
            let all = unapplied + amounts.iter().sum::<i64>();
            let amount = all * share / 1_000;
            let sources = held(&amounts);
            match take_back(eur(amount), eur(unapplied), &sources) {
                Ok(taken) => {
                    let parts: i64 = taken.parts.iter().map(|part| part.amount.minor()).sum();
                    prop_assert_eq!(taken.unapplied.minor() + parts, amount);
                    prop_assert!(taken.unapplied.minor() <= unapplied);
                    prop_assert!(parts == 0 || taken.unapplied.minor() == unapplied, "the account gives first");
                    for part in &taken.parts {
                        let source = sources.iter().find(|source| source.invoice == part.invoice).unwrap();
                        prop_assert!(part.amount.is_positive() && part.amount.minor() <= source.amount.minor());
                    }
                    // All but the last to give are emptied.
                    for part in taken.parts.iter().rev().skip(1) {
                        prop_assert!(sources.contains(part));
                    }
                }
                Err(TakeBackError::NotPositive(_)) => prop_assert_eq!(amount, 0),
                Err(TakeBackError::TooMuch { missing }) => prop_assert_eq!(missing.minor(), amount - all),
                Err(other) => prop_assert!(false, "{}", other),
            }
        }

        #[test]
        fn in_two_steps_it_is_the_same_as_in_one(
            unapplied in 0i64..1_000,
            amounts in prop::collection::vec(0i64..1_000, 0..6),
            first in 1i64..2_000,
            second in 1i64..2_000,
        ) {
            let sources = held(&amounts);
            let Ok(once) = take_back(eur(first + second), eur(unapplied), &sources) else { return Ok(()) };
            let one = take_back(eur(first), eur(unapplied), &sources).unwrap();
            let given = |taken: &TakenBack, source: &Held| -> i64 {
                let parts = taken.parts.iter().filter(|part| part.invoice == source.invoice);
                parts.map(|part| part.amount.minor()).sum()
            };
            let rest: Vec<Held> = sources
                .iter()
                .map(|source| Held {
                    invoice: source.invoice.clone(),
                    amount: eur(source.amount.minor() - given(&one, source)),
                })
                .collect();
            let two = take_back(eur(second), eur(unapplied - one.unapplied.minor()), &rest).unwrap();
            for source in &sources {
                prop_assert_eq!(given(&one, source) + given(&two, source), given(&once, source));
            }
        }
    }
}

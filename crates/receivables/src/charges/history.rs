//! The balance of a receivable, as it stood on each day.
//!
//! Source: Dunlin's own rule.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::currency::Currency;
use crate::money::{Money, MoneyError};

/// What was owed at the close of each day: changes by their value date, in whatever order they became known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct History {
    currency: Currency,
    /// What is owed from the close of a day on.
    balances: BTreeMap<NaiveDate, i64>,
}

impl History {
    /// Puts changes together, each with its value date: what is invoiced adds, what is paid or credited takes
    /// away. Before the first of them nothing is owed.
    pub fn of(
        currency: Currency,
        changes: impl IntoIterator<Item = (NaiveDate, Money)>,
    ) -> Result<History, MoneyError> {
        let mut by_day: BTreeMap<NaiveDate, Money> = BTreeMap::new();
        for (on, change) in changes {
            let sum = by_day.entry(on).or_insert(Money::zero(currency));
            *sum = sum.checked_add(change)?;
        }
        let mut owed = Money::zero(currency);
        let mut balances = BTreeMap::new();
        for (on, change) in by_day {
            owed = owed.checked_add(change)?;
            balances.insert(on, owed.minor());
        }
        Ok(History { currency, balances })
    }

    /// One amount, owed from a day on.
    pub fn owed_from(on: NaiveDate, amount: Money) -> History {
        History {
            currency: amount.currency(),
            balances: BTreeMap::from([(on, amount.minor())]),
        }
    }

    /// The currency.
    pub fn currency(&self) -> Currency {
        self.currency
    }

    /// What is owed at the close of a day.
    pub fn at_close_of(&self, day: NaiveDate) -> Money {
        let minor = self
            .balances
            .range(..=day)
            .next_back()
            .map_or(0, |(_, minor)| *minor);
        Money::new(minor, self.currency)
    }

    /// What of it is due: all beyond what falls due later, for an invoice that is payable in parts, each with its
    /// due date. What is paid counts towards the part that is due first.
    pub fn due_in_parts(&self, parts: &[(NaiveDate, Money)]) -> Result<History, MoneyError> {
        let days = self.days().chain(parts.iter().map(|(due_on, _)| *due_on));
        let mut balances = BTreeMap::new();
        for day in days {
            let later = parts.iter().filter(|(due_on, _)| *due_on > day);
            let later = Money::checked_sum(self.currency, later.map(|(_, amount)| *amount))?;
            let due = self.at_close_of(day).checked_sub(later)?;
            balances.insert(day, due.minor().max(0));
        }
        Ok(History {
            currency: self.currency,
            balances,
        })
    }

    /// The days at whose close it changes, the first first.
    pub(super) fn days(&self) -> impl Iterator<Item = NaiveDate> {
        self.balances.keys().copied()
    }
}

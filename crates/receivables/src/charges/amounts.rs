//! Amounts by currency, as a policy names them: `{"EUR": "10.00", "GBP": "8.50"}`.
//!
//! Source: Dunlin's own rule.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use crate::currency::Currency;
use crate::fields::{self, Fields, kinds};
use crate::money::Money;

/// One positive amount a currency. What has no amount in a currency does not act in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts(BTreeMap<Currency, Money>);

impl Amounts {
    /// Reads the field `name`; absent is empty. Problems are noted in `reader`.
    pub fn read(reader: &mut Fields<'_>, name: &'static str) -> Amounts {
        let mut amounts = BTreeMap::new();
        for (code, value) in reader.entries(name) {
            let place = format!("{name}/{}", fields::token(code));
            let read = Currency::parse(code)
                .map_err(Into::into)
                .and_then(|currency| kinds::positive_money_in(currency)(value));
            match read {
                Ok(money) => drop(amounts.insert(money.currency(), money)),
                Err(problem) => reader.report(&place, problem.code, problem.detail),
            }
        }
        Amounts(amounts)
    }

    /// The amount in a currency.
    pub fn get(&self, currency: Currency) -> Option<Money> {
        self.0.get(&currency).copied()
    }

    /// Whether there is none in any currency.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<Money> for Amounts {
    fn from_iter<I: IntoIterator<Item = Money>>(amounts: I) -> Amounts {
        Amounts(
            amounts
                .into_iter()
                .map(|money| (money.currency(), money))
                .collect(),
        )
    }
}

impl Serialize for Amounts {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (currency, money) in &self.0 {
            map.serialize_entry(currency, &money.amount())?;
        }
        map.end()
    }
}

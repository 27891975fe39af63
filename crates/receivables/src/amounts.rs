//! Amounts by currency, as a policy names them: `{"EUR": "10.00", "GBP": "8.50"}`.
//!
//! Source: Dunlin's own rule.

use std::collections::BTreeMap;

use serde::Serialize;
use serde::Serializer;
use serde::ser::SerializeMap;

use crate::currency::Currency;
use crate::fields::{self, Fields, Problem, kinds};
use crate::money::Money;

/// One amount a currency, never negative. What has no amount in a currency does not act in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Amounts(BTreeMap<Currency, Money>);

impl Amounts {
    /// Reads the field `name`, amounts of more than nothing; absent is empty. Problems are noted in `reader`.
    pub fn read(reader: &mut Fields<'_>, name: &'static str) -> Amounts {
        Amounts::read_if(reader, name, |money| {
            if money.is_positive() {
                return Ok(());
            }
            Err(Problem::new(
                "not_positive",
                format!("must be more than zero, not {money}"),
            ))
        })
    }

    /// As [`Amounts::read`], for limits: nothing is one too.
    pub fn read_limits(reader: &mut Fields<'_>, name: &'static str) -> Amounts {
        Amounts::read_if(reader, name, |money| {
            if !money.is_negative() {
                return Ok(());
            }
            Err(Problem::new(
                "out_of_range",
                format!("must be zero or more, not {money}"),
            ))
        })
    }

    fn read_if(
        reader: &mut Fields<'_>,
        name: &'static str,
        judge: fn(Money) -> Result<(), Problem>,
    ) -> Amounts {
        let mut amounts = BTreeMap::new();
        for (code, value) in reader.entries(name) {
            let place = format!("{name}/{}", fields::token(code));
            let read = Currency::parse(code)
                .map_err(Into::into)
                .and_then(|currency| kinds::money_in(currency)(value))
                .and_then(|money| judge(money).map(|()| money));
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

    /// The amounts, by currency.
    pub fn iter(&self) -> impl Iterator<Item = Money> {
        self.0.values().copied()
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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fields::FieldError;

    type Read = fn(&mut Fields<'_>, &'static str) -> Amounts;

    fn outcome(read: Read, value: serde_json::Value) -> Result<Amounts, Vec<(String, String)>> {
        let document = json!({ "limit": value });
        let mut fields = Fields::of(&document);
        let amounts = read(&mut fields, "limit");
        fields.finish(|| Some(amounts)).map_err(|errors| {
            let place = |FieldError { pointer, code, .. }| (pointer, code.into_owned());
            errors.into_iter().map(place).collect()
        })
    }

    #[test]
    fn amounts_are_written_as_they_are_read() {
        let given = json!({"EUR": "10", "JPY": "1500", "KWD": "1.5"});
        let amounts = outcome(Amounts::read, given).unwrap();
        let written = json!({"EUR": "10.00", "JPY": "1500", "KWD": "1.500"});
        assert_eq!(serde_json::to_value(&amounts).unwrap(), written);
        assert_eq!(amounts.iter().count(), 3);
        let usd = Currency::parse("USD").unwrap();
        assert_eq!(amounts.get(usd), None);
        assert_eq!(outcome(Amounts::read, json!(null)), Ok(Amounts::default()));
        assert!(Amounts::default().is_empty() && !amounts.is_empty());
    }

    #[test]
    fn every_problem_is_named() {
        let wrong = json!({"EUR": "1.001", "XXX": "1", "GBP": "-1", "USD": 3, "CHF": "0"});
        let expected = |gbp: &'static str, chf: &[(&'static str, &'static str)]| -> Vec<(String, String)> {
            let before = [
                ("/limit/EUR", "amount_too_many_digits"),
                ("/limit/XXX", "unknown_currency"),
                ("/limit/GBP", gbp),
                ("/limit/USD", "wrong_type"),
            ];
            let all = before.iter().chain(chf);
            all.map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned()))
                .collect()
        };
        let positive = expected("not_positive", &[("/limit/CHF", "not_positive")]);
        assert_eq!(outcome(Amounts::read, wrong.clone()), Err(positive));
        assert_eq!(
            outcome(Amounts::read_limits, wrong),
            Err(expected("out_of_range", &[]))
        );
    }
}

//! The monthly statement of account: on which day, about which days, and to whom it is not worth sending.
//!
//! # Rules
//!
//! - A statement of day `d` is drawn up on the `d`-th of each month in the customer's time zone, and covers a month: from
//!   the `d`-th of the month before to the day before it is drawn up. `d` is at most 28, so that every month has it.
//! - A month in which nothing ran is not made up for: the latest one is drawn up, and its opening balance holds what was
//!   before.
//! - It is left out where nothing happened and nothing is owed, and where less is owed than the least that is worth it.
//! - One with more lines than [`limits::STATEMENT_ENTRIES`] begins later: with the first day of which all lines fit.
//!
//! Source: Dunlin's own rule.

use chrono::{Datelike, Months, NaiveDate};
use serde::{Deserialize, Serialize};

use super::Entry;
use crate::amounts::Amounts;
use crate::calendar;
use crate::fields::{FieldError, Fields, kinds};
use crate::limits;
use crate::money::{Money, MoneyError};

/// When statements are drawn up, and for whom it is worth it. In JSON `{"day": 1, "min_balance"?: {"EUR": "10.00"}}`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// On which day of the month.
    pub day: u32,
    /// Sums below which a customer gets none.
    #[serde(skip_serializing_if = "Amounts::is_empty")]
    pub min_balance: Amounts,
}

impl Rules {
    /// Reads the inside of a policy's `statements`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Rules> {
        let day = fields.optional("day", kinds::integer(limits::STATEMENT_DAY));
        let min_balance = Amounts::read_limits(fields, "min_balance");
        Some(Rules {
            day: day.and_then(|day| u32::try_from(day).ok()).unwrap_or(1),
            min_balance,
        })
    }

    /// The latest day up to `today` on which a statement is drawn up.
    pub fn latest(&self, today: NaiveDate) -> NaiveDate {
        let here = today.with_day(self.day).unwrap_or(today);
        if here <= today { here } else { month_before(here) }
    }

    /// The first day after `today` on which one is.
    pub fn next(&self, today: NaiveDate) -> NaiveDate {
        month_after(self.latest(today))
    }

    /// Whether a statement is worth sending.
    pub fn worth(&self, closing: Money, happened: bool) -> bool {
        match self.min_balance.get(closing.currency()) {
            Some(least) => closing.minor() >= least.minor() && (happened || closing.is_positive()),
            None => happened || closing.is_positive(),
        }
    }
}

/// The days that a statement covers which is drawn up on a day: the month before it.
pub fn period(drawn_on: NaiveDate) -> (NaiveDate, NaiveDate) {
    (month_before(drawn_on), calendar::plus_days(drawn_on, -1))
}

fn month_before(day: NaiveDate) -> NaiveDate {
    day.checked_sub_months(Months::new(1)).unwrap_or(NaiveDate::MIN)
}

fn month_after(day: NaiveDate) -> NaiveDate {
    day.checked_add_months(Months::new(1)).unwrap_or(NaiveDate::MAX)
}

/// What a customer has of its own: `{"send": false}`, or `{"send": true, "day": 15, "min_balance"?: {...}}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Own {
    /// When, and from what sum on; none: never.
    pub rules: Option<Rules>,
}

impl Own {
    /// Reads it; every problem at once.
    pub fn parse(value: &serde_json::Value) -> Result<Own, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let send = fields.required("send", kinds::boolean);
        let rules = Rules::read(&mut fields);
        if send == Some(false) {
            for name in ["day", "min_balance"] {
                if fields.has(name) {
                    fields.report(
                        name,
                        "out_of_place",
                        "where none is sent, there is no more to say",
                    );
                }
            }
        }
        fields.finish(|| {
            let rules = rules.filter(|_| send == Some(true));
            Some(Own { rules })
        })
    }
}

impl Serialize for Own {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        struct Shape<'a> {
            send: bool,
            #[serde(flatten)]
            rules: Option<&'a Rules>,
        }
        let rules = self.rules.as_ref();
        let send = rules.is_some();
        Shape { send, rules }.serialize(serializer)
    }
}

/// A statement that somebody asks for: `{"from"?, "to"?, "currency"?}`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Asked {
    /// Its first day; none: a month before its last.
    pub from: Option<NaiveDate>,
    /// Its last day; none: today.
    pub to: Option<NaiveDate>,
    /// Of which currency; none: of each that there is.
    pub currency: Option<crate::currency::Currency>,
}

impl Asked {
    /// Reads it; every problem at once.
    pub fn parse(value: &serde_json::Value) -> Result<Asked, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let from = fields.optional("from", kinds::date);
        let to = fields.optional("to", kinds::date);
        let currency = fields.optional("currency", kinds::currency);
        if let (Some(from), Some(to)) = (from, to)
            && to < from
        {
            fields.report("to", "out_of_range", format!("{to} lies before {from}"));
        }
        fields.finish(|| Some(Asked { from, to, currency }))
    }

    /// The days that it covers, `today` at the latest; or what is wrong with them.
    pub fn days(&self, today: NaiveDate) -> Result<(NaiveDate, NaiveDate), FieldError> {
        let to = self.to.unwrap_or(today);
        if to > today {
            let detail = format!("{to} is still to come; today is {today}");
            return Err(FieldError::new("/to", "out_of_range", detail));
        }
        let from = self
            .from
            .unwrap_or_else(|| calendar::plus_days(month_before(to), 1));
        if from > to {
            return Err(FieldError::new(
                "/from",
                "out_of_range",
                format!("{from} lies after {to}"),
            ));
        }
        Ok((from, to))
    }
}

/// A statement, drawn up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its first day.
    pub from: NaiveDate,
    /// What was owed before it.
    pub opening: Money,
    /// What happened since, in its order.
    pub entries: Vec<Entry>,
}

/// Draws up a statement that closes with `closing`, of its `latest` lines in their order: all of them, or, where `cut`,
/// those after which the limit was reached; of a first day that may have been cut nothing is told, unless there is no
/// other.
pub fn draw(from: NaiveDate, closing: Money, mut latest: Vec<Entry>, cut: bool) -> Result<Drawn, MoneyError> {
    let mut begins = from;
    if let Some(first) = latest.first().map(|entry| entry.on).filter(|_| cut) {
        begins = first;
        if let Some(next) = latest.iter().map(|entry| entry.on).find(|on| *on > first) {
            latest.retain(|entry| entry.on > first);
            begins = next;
        }
    }
    let mut opening = closing;
    for entry in &latest {
        opening = opening.checked_sub(entry.amount)?;
    }
    Ok(Drawn {
        from: begins,
        opening,
        entries: latest,
    })
}

#[cfg(test)]
mod tests;

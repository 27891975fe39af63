//! Payment terms: when an invoice is due, in one amount or in several.
//!
//! Shape, in JSON: `{"kind": "net", "days": 30}`; `{"kind": "end_of_month", "months": 0, "days": 0}`;
//! `{"kind": "day_of_month", "day": 15, "months": 1}`; `{"kind": "instalments", "parts": [..]}`, each part with
//! `percent` or `amount` and with `days` or `due_date`. All of them count from the issue date. What the parties agree
//! on holds (Directive 2011/7/EU, Article 3(3)(a)); how each kind is counted is Dunlin's own reading of the usual
//! wording and said at [`Terms`].
//!
//! Bounds: [`limits::INSTALMENTS`] parts, none later than [`limits::MAX_TERMS_DAYS`] days where counted in days. Parts
//! add up to the total exactly: each is rounded half up, the last takes what is left. Refused, with every reason:
//! shares that do not make up the whole, dates that do not go up, parts that come to nothing.
//!
//! Source: Directive 2011/7/EU, Article 3(3)(a) (what is agreed holds); Dunlin's own reading of each kind.

use chrono::{Datelike, Days, Months, NaiveDate};
use serde::Serialize;
use serde_json::Value;

use crate::currency::Currency;
use crate::fields::{FieldError, Fields, kinds};
use crate::limits;
use crate::money::{Money, MoneyError};
use crate::percent::Percent;

/// When an invoice is due, counted from its issue date.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Terms {
    /// So many days after the issue date: "net 30".
    Net {
        /// 0: on the issue date.
        days: u32,
    },
    /// So many days after the end of the month that lies `months` after the issue date's: "end of month",
    /// "45 days end of month" (France, Code de commerce, article L441-10, where the parties count that way).
    EndOfMonth {
        /// 0: the month of the issue date.
        months: u32,
        /// After its last day.
        days: u32,
    },
    /// A day of the month that lies `months` after the issue date's: "the 15th of the following month". A month
    /// that has no such day: its last. A day that has passed when the invoice is issued: the month after.
    DayOfMonth {
        /// 1 to 31.
        day: u32,
        /// 0: the month of the issue date.
        months: u32,
    },
    /// In several parts, each with its own due date.
    Instalments {
        /// The earliest first.
        parts: Vec<PartTerms>,
    },
}

/// One part of [`Terms::Instalments`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct PartTerms {
    /// How much of the total.
    #[serde(flatten)]
    pub share: Share,
    /// When it is due.
    #[serde(flatten)]
    pub due: PartDue,
}

/// How much of the total a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Share {
    /// A share of it.
    Percent(Percent),
    /// An amount.
    Amount(Money),
}

/// When a part is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PartDue {
    /// So many days after the issue date.
    Days(u32),
    /// On a civil day.
    DueDate(NaiveDate),
}

/// One part of an invoice with its own due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Instalment {
    /// The last day on which it is paid in time.
    pub due_on: NaiveDate,
    /// How much it is; more than nothing.
    pub amount: Money,
}

/// When an invoice is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The last day on which the first part of it is paid in time, or all of it where there are no parts.
    pub due_on: NaiveDate,
    /// Its parts, the earliest first, adding up to its total; none where it is due in one amount.
    pub instalments: Vec<Instalment>,
}

impl Terms {
    /// Reads the terms of an invoice, whose amounts are in `currency`.
    pub fn read(fields: &mut Fields<'_>, currency: Option<Currency>) -> Option<Terms> {
        Terms::read_with(fields, |part| PartTerms::read(part, currency))
    }

    /// Reads the terms that a customer has by default. They know no invoice, so that their parts are shares and days.
    pub fn read_default(fields: &mut Fields<'_>) -> Option<Terms> {
        Terms::read_with(fields, PartTerms::read_default)
    }

    fn read_with<'a>(
        fields: &mut Fields<'a>,
        part: impl Fn(&mut Fields<'a>) -> Option<PartTerms>,
    ) -> Option<Terms> {
        let kind = fields.required("kind", kinds::one_of(KINDS))?;
        match kind {
            Kind::Net => days(fields, true).map(|days| Terms::Net { days }),
            Kind::EndOfMonth => {
                let (months, days) = (months(fields), days(fields, false));
                Some(Terms::EndOfMonth {
                    months: months?,
                    days: days?,
                })
            }
            Kind::DayOfMonth => {
                let day = fields.required("day", kinds::integer(1..=31));
                let months = months(fields);
                Some(Terms::DayOfMonth {
                    day: u32::try_from(day?).ok()?,
                    months: months?,
                })
            }
            Kind::Instalments => {
                let before = fields.problems();
                let parts = fields.objects("parts", limits::INSTALMENTS, part);
                if fields.problems() == before {
                    judge_together(fields, &parts);
                }
                Some(Terms::Instalments { parts })
            }
        }
    }

    /// The terms that a customer has by default, by themselves.
    pub fn parse_default(value: &Value) -> Result<Terms, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let terms = Terms::read_default(&mut fields);
        fields.finish(|| terms)
    }

    /// Whether an invoice of these terms is due in several parts.
    pub fn in_parts(&self) -> bool {
        matches!(self, Terms::Instalments { .. })
    }

    /// When an invoice of `total`, issued on `issue_on`, is due. What does not fit it is said of the field `terms`:
    /// amounts that do not add up to the total, a part that comes to nothing, a date before the issue date, dates
    /// that do not go up.
    pub fn schedule(&self, issue_on: NaiveDate, total: Money) -> Result<Schedule, FieldError> {
        let whole = |due_on: Option<NaiveDate>| {
            due_on
                .map(|due_on| Schedule {
                    due_on,
                    instalments: Vec::new(),
                })
                .ok_or_else(|| outside(issue_on))
        };
        match self {
            Terms::Net { days } => whole(after(issue_on, *days)),
            Terms::EndOfMonth { months, days } => {
                let month = first_of_month(issue_on).checked_add_months(Months::new(*months));
                whole(month.and_then(last_of_month).and_then(|end| after(end, *days)))
            }
            Terms::DayOfMonth { day, months } => {
                let in_month = |months: u32| {
                    let month = first_of_month(issue_on).checked_add_months(Months::new(months))?;
                    month.with_day(*day).or_else(|| last_of_month(month))
                };
                let due_on = in_month(*months).filter(|due_on| *due_on >= issue_on);
                whole(due_on.or_else(|| in_month(months.saturating_add(1))))
            }
            Terms::Instalments { parts } => {
                let instalments = instalments(parts, issue_on, total)?;
                let due_on = instalments.first().map(|first| first.due_on);
                Ok(Schedule {
                    due_on: due_on.unwrap_or(issue_on),
                    instalments,
                })
            }
        }
    }
}

impl Schedule {
    /// Due in one amount on one day.
    pub fn whole(due_on: NaiveDate) -> Schedule {
        Schedule {
            due_on,
            instalments: Vec::new(),
        }
    }
}

/// What is left of each part of an invoice that still owes `balance`: money fills the parts from the earliest on,
/// as § 366(2) BGB, article 1342-10 of the Code civil and section 61 of the Indian Contract Act 1872 put what is
/// due, and of that the oldest, first. The open parts add up to the balance, as long as that is no more than their total.
pub fn open_parts(instalments: &[Instalment], balance: Money) -> Result<Vec<Money>, MoneyError> {
    let mut left = balance;
    let mut open = Vec::with_capacity(instalments.len());
    // From the last: what is still owed is owed at the end first.
    for part in instalments.iter().rev() {
        let owed = match left.is_positive() {
            true => left.checked_min(part.amount)?,
            false => Money::zero(balance.currency()),
        };
        left = left.checked_sub(owed)?;
        open.push(owed);
    }
    open.reverse();
    Ok(open)
}

#[derive(Clone, Copy)]
enum Kind {
    Net,
    EndOfMonth,
    DayOfMonth,
    Instalments,
}

const KINDS: &[(&str, Kind)] = &[
    ("net", Kind::Net),
    ("end_of_month", Kind::EndOfMonth),
    ("day_of_month", Kind::DayOfMonth),
    ("instalments", Kind::Instalments),
];

impl PartTerms {
    fn read(fields: &mut Fields<'_>, currency: Option<Currency>) -> Option<PartTerms> {
        let (by_share, by_amount) = (fields.has("percent"), fields.has("amount"));
        let percent = fields.optional("percent", Percent::read);
        let amount = fields.optional_given("amount", currency, kinds::positive_money_in);
        if by_share == by_amount {
            fields.report(
                "",
                "one_of",
                "a part is either a `percent` of the total or an `amount`",
            );
        }
        let (by_days, by_date) = (fields.has("days"), fields.has("due_date"));
        let days = fields.optional("days", kinds::integer(0..=i64::from(limits::MAX_TERMS_DAYS)));
        let due_date = fields.optional("due_date", kinds::date);
        if by_days == by_date {
            fields.report(
                "",
                "one_of",
                "a part is due either after `days` or on a `due_date`",
            );
        }
        Some(PartTerms {
            share: percent.map(Share::Percent).or(amount.map(Share::Amount))?,
            due: days
                .and_then(|days| u32::try_from(days).ok())
                .map(PartDue::Days)
                .or(due_date.map(PartDue::DueDate))?,
        })
    }

    fn read_default(fields: &mut Fields<'_>) -> Option<PartTerms> {
        fields.refuse(
            &["amount", "due_date"],
            "not_allowed",
            "a customer's terms hold for any invoice: give a `percent` and `days`",
        );
        let percent = fields.required("percent", Percent::read);
        let days = fields.required("days", kinds::integer(0..=i64::from(limits::MAX_TERMS_DAYS)));
        Some(PartTerms {
            share: Share::Percent(percent?),
            due: PartDue::Days(u32::try_from(days?).ok()?),
        })
    }
}

fn days(fields: &mut Fields<'_>, required: bool) -> Option<u32> {
    let range = kinds::integer(0..=i64::from(limits::MAX_TERMS_DAYS));
    let days = match required || fields.has("days") {
        true => fields.required("days", range),
        false => fields.optional("days", range).or(Some(0)),
    };
    days.and_then(|days| u32::try_from(days).ok())
}

/// Months after that of the issue date; absent is none.
fn months(fields: &mut Fields<'_>) -> Option<u32> {
    let given = fields.has("months");
    let months = fields.optional("months", kinds::integer(0..=i64::from(limits::TERMS_MONTHS)));
    match given {
        true => months.and_then(|months| u32::try_from(months).ok()),
        false => Some(0),
    }
}

/// What can only be judged of all parts together, and without the invoice.
fn judge_together(fields: &mut Fields<'_>, parts: &[PartTerms]) {
    if parts.len() < 2 {
        fields.report(
            "parts",
            "required",
            "instalments are at least two parts; one is `net`",
        );
        return;
    }
    let shares: Vec<Percent> = parts
        .iter()
        .filter_map(|part| match part.share {
            Share::Percent(percent) => Some(percent),
            Share::Amount(_) => None,
        })
        .collect();
    if !shares.is_empty() && shares.len() < parts.len() {
        let detail = "either all parts are a `percent` of the total or all are an `amount`";
        fields.report("parts", "one_of", detail);
    } else if !shares.is_empty() && !Percent::add_up_to_all(shares.iter().copied()) {
        fields.report(
            "parts",
            "not_the_total",
            "the parts' percentages do not add up to 100",
        );
    }
    for (at, pair) in parts.windows(2).enumerate() {
        let [earlier, later] = pair else { continue };
        let unordered = match (earlier.due, later.due) {
            (PartDue::Days(earlier), PartDue::Days(later)) => later <= earlier,
            (PartDue::DueDate(earlier), PartDue::DueDate(later)) => later <= earlier,
            // Where one is counted from the issue date and the other is not, the invoice tells.
            _ => false,
        };
        if unordered {
            fields.report(
                &format!("parts/{}", at.saturating_add(1)),
                "unordered",
                "each part is due after the one before",
            );
        }
    }
}

fn instalments(
    parts: &[PartTerms],
    issue_on: NaiveDate,
    total: Money,
) -> Result<Vec<Instalment>, FieldError> {
    let mut made: Vec<Instalment> = Vec::with_capacity(parts.len());
    let mut left = total;
    for (at, part) in parts.iter().enumerate() {
        let problem =
            |code: &'static str, detail: String| FieldError::new(format!("/terms/parts/{at}"), code, detail);
        let last = at.saturating_add(1) == parts.len();
        let amount = match part.share {
            Share::Percent(_) if last => Ok(left),
            Share::Percent(percent) => percent.of(total),
            Share::Amount(amount) => Ok(amount),
        };
        let taken = amount.and_then(|amount| Ok((amount, left.checked_sub(amount)?)));
        let (amount, rest) = taken.map_err(|error| problem(error.code(), error.to_string()))?;
        left = rest;
        if !amount.is_positive() {
            let detail = format!("of {total} this part comes to {amount}, which is nothing to pay");
            return Err(problem("not_positive", detail));
        }
        let due_on = match part.due {
            PartDue::Days(days) => after(issue_on, days).ok_or_else(|| outside(issue_on))?,
            PartDue::DueDate(on) => on,
        };
        if due_on < issue_on {
            let detail = format!("the due date {due_on} lies before the issue date {issue_on}");
            return Err(problem("before_issue_date", detail));
        }
        if made.last().is_some_and(|before| due_on <= before.due_on) {
            let detail = format!("due on {due_on}, which is not after the part before");
            return Err(problem("unordered", detail));
        }
        made.push(Instalment { due_on, amount });
    }
    if !left.is_zero() {
        let detail = format!("the parts differ from the total {total} by {left}");
        return Err(FieldError::new("/terms/parts", "not_the_total", detail));
    }
    Ok(made)
}

fn outside(issue_on: NaiveDate) -> FieldError {
    let detail = format!("counted from {issue_on} the due date lies outside the calendar");
    FieldError::new("/terms", "date_out_of_range", detail)
}

fn after(day: NaiveDate, days: u32) -> Option<NaiveDate> {
    day.checked_add_days(Days::new(u64::from(days)))
}

fn first_of_month(day: NaiveDate) -> NaiveDate {
    day.with_day(1).unwrap_or(day)
}

/// The last day of the month whose first day is `first`.
fn last_of_month(first: NaiveDate) -> Option<NaiveDate> {
    first.checked_add_months(Months::new(1))?.pred_opt()
}

#[cfg(test)]
mod tests;

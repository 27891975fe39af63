//! Interest for late payment, accrued day by day.
//!
//! Shape: [`accrue`] takes [`Terms`], the [`History`] of a balance, the due date and a day, and gives what has
//! accrued by the close of that day, with the [`Period`]s it is made of, so that a person can check each.
//! Nothing is kept: a payment that becomes known late, with an earlier value date, makes another history, and
//! accruing again is the recomputation ([`Accrued::against`] says what that changes).
//!
//! What bounds it: each civil day after the due date and the grace bears one day's interest on what was unpaid
//! when it began. Grace delays: its days never bear any, also where the debtor pays after them. A payment
//! lowers interest from its day on: that day itself still began with the debt unpaid. What is due on the 15th
//! and unpaid at the close of the 30th has borne fifteen days. Amounts stay exact and are rounded once, half-up,
//! to the currency's digits. A balance below zero counts as zero; a rate below zero
//! too. Compounding adds what has accrued to the capital at each rest, counted from the day before interest
//! begins; with the principal paid, nothing more accrues.
//!
//! Refused: a day without a rate.
//!
//! Source: Dunlin's own rule for agreed interest, in line with Directive 2011/7/EU, Article 3(3)(a)
//! (from the day following the due date), and sections 187(1), 286 and 288 BGB (the day of the event does not
//! count; the debtor is late until he has paid).

use std::collections::BTreeSet;

use chrono::{Datelike, Months, NaiveDate};
use serde::ser::SerializeStruct;
use serde::{Serialize, Serializer};

use super::ChargeError;
use super::exact::Exact;
use super::history::History;
use super::percent::Percent;
use super::rates::Rates;
use crate::calendar;
use crate::money::{Money, MoneyError};

mod terms;

pub use terms::{AfterPrincipal, Compounding, Fixing, Rate, Terms, Tier};

/// Days that follow one another and bear interest alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Period {
    /// The first day.
    pub from: NaiveDate,
    /// The last day.
    pub to: NaiveDate,
    /// How many, as the day count counts them.
    pub days: i64,
    /// Of a year of so many.
    pub year: i64,
    /// What was unpaid of the principal.
    pub principal: Money,
    /// The interest that had become capital.
    pub compounded: Exact,
    /// The rate, a year.
    pub percent: Percent,
    /// The interest, not rounded.
    pub interest: Exact,
}

impl Serialize for Period {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let currency = self.principal.currency();
        let mut period = serializer.serialize_struct("Period", 8)?;
        period.serialize_field("from", &self.from)?;
        period.serialize_field("to", &self.to)?;
        period.serialize_field("days", &self.days)?;
        period.serialize_field("year", &self.year)?;
        period.serialize_field("principal", &self.principal)?;
        period.serialize_field("compounded", &self.compounded.shown(currency))?;
        period.serialize_field("percent", &self.percent)?;
        period.serialize_field("interest", &self.interest.shown(currency))?;
        period.end()
    }
}

/// The interest that has accrued by the close of a day.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Accrued {
    /// The day.
    pub as_of: NaiveDate,
    /// All of it, rounded.
    pub earned: Money,
    /// What of it may be claimed beyond what is posted: nothing where the principal is paid and the terms
    /// let go of the rest.
    pub claimable: Money,
    /// What it is made of, the earliest first. Days that bear nothing, for want of a balance, are left out.
    pub periods: Vec<Period>,
}

/// What posting brings a receivable for interest in line with what has accrued.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Correction {
    /// So much more is to be posted.
    Post(Money),
    /// So much of what was posted is to be reversed: less has accrued than it seemed.
    Reverse(Money),
    /// It is in line.
    Nothing,
}

impl Accrued {
    /// What is to be done where so much has been posted already, net of reversals.
    pub fn against(&self, posted: Money) -> Result<Correction, MoneyError> {
        let missing = self.claimable.checked_sub(posted)?;
        let surplus = posted.checked_sub(self.earned)?;
        Ok(if missing.is_positive() {
            Correction::Post(missing)
        } else if surplus.is_positive() {
            Correction::Reverse(surplus)
        } else {
            Correction::Nothing
        })
    }

    /// What has accrued and may be claimed, beyond what has been posted already.
    pub fn not_posted(&self, posted: Money) -> Result<Money, MoneyError> {
        Ok(match self.against(posted)? {
            Correction::Post(more) => more,
            Correction::Reverse(_) | Correction::Nothing => Money::zero(posted.currency()),
        })
    }
}

/// The interest on a balance that was due on `due_on`, by the close of `as_of`.
pub fn accrue(
    terms: &Terms,
    history: &History,
    due_on: NaiveDate,
    as_of: NaiveDate,
    rates: &Rates,
) -> Result<Accrued, ChargeError> {
    let currency = history.currency();
    let begins_after = calendar::plus_days(due_on, i64::from(terms.grace_days));
    let clock = Clock {
        terms,
        due_on,
        begins_after,
        as_of,
        rates,
    };
    let rests = clock.rests();
    let mut cuts: BTreeSet<NaiveDate> = clock.cuts(history);
    cuts.extend(&rests);
    let (mut total, mut capital) = (Exact::ZERO, Exact::ZERO);
    let mut periods = Vec::new();
    let mut after = begins_after;
    for to in cuts {
        let principal = history.at_close_of(after);
        if principal.is_positive() {
            let from = calendar::plus_days(after, 1);
            let percent = clock.percent(from)?;
            let part = terms.day_count.count(after, to);
            let interest = Exact::interest(principal.minor(), capital, percent, part)
                .ok_or_else(ChargeError::overflow)?;
            total = total.checked_add(interest).ok_or_else(ChargeError::overflow)?;
            periods.push(Period {
                from,
                to,
                days: part.days,
                year: part.of,
                principal,
                compounded: capital,
                percent,
                interest,
            });
        }
        if rests.contains(&to) {
            capital = total;
        }
        after = to;
    }
    let earned = total.rounded(currency)?;
    let paid = !history.at_close_of(as_of).is_positive();
    let dropped = paid && terms.after_principal == AfterPrincipal::Drop;
    Ok(Accrued {
        as_of,
        earned,
        claimable: if dropped { Money::zero(currency) } else { earned },
        periods,
    })
}

/// The days that interest accrues on, and what is true on each.
struct Clock<'a> {
    terms: &'a Terms,
    due_on: NaiveDate,
    /// The last day that bears none.
    begins_after: NaiveDate,
    as_of: NaiveDate,
    rates: &'a Rates,
}

impl Clock<'_> {
    /// The last days of the periods: those after which something else is true, and the last of all.
    fn cuts(&self, history: &History) -> BTreeSet<NaiveDate> {
        let within = self.begins_after..self.as_of;
        let mut cuts: BTreeSet<NaiveDate> = history.days().collect();
        match &self.terms.rate {
            Rate::Agreed { tiers, .. } => {
                let before = |tier: &Tier| i64::from(tier.from_day).saturating_sub(1);
                cuts.extend(
                    tiers
                        .iter()
                        .map(|tier| calendar::plus_days(self.due_on, before(tier))),
                );
            }
            Rate::Reference {
                series,
                fixing: Fixing::EachDay,
                ..
            } => cuts.extend(self.rates.cuts(*series, self.begins_after, self.as_of)),
            Rate::Reference { .. } => {}
        }
        cuts.extend(self.year_ends());
        cuts.retain(|day| within.contains(day) && *day > self.begins_after);
        if self.as_of > self.begins_after {
            cuts.insert(self.as_of);
        }
        cuts
    }

    fn year_ends(&self) -> impl Iterator<Item = NaiveDate> {
        let years = self.begins_after.year()..=self.as_of.year();
        years
            .filter_map(|year| NaiveDate::from_ymd_opt(year, 12, 31))
            .filter(|day| self.terms.day_count.cut(*day))
    }

    /// The days at whose close accrued interest becomes capital.
    fn rests(&self) -> BTreeSet<NaiveDate> {
        let months = match self.terms.compounding {
            Compounding::Simple => return BTreeSet::new(),
            Compounding::Daily => {
                return self
                    .begins_after
                    .iter_days()
                    .skip(1)
                    .take_while(|day| *day <= self.as_of)
                    .collect();
            }
            Compounding::Monthly => 1,
            Compounding::Yearly => 12,
        };
        (1_u32..)
            .map_while(|rest| {
                self.begins_after
                    .checked_add_months(Months::new(rest.checked_mul(months)?))
            })
            .take_while(|day| *day <= self.as_of)
            .collect()
    }

    /// The rate a year on a day.
    fn percent(&self, day: NaiveDate) -> Result<Percent, ChargeError> {
        match &self.terms.rate {
            Rate::Agreed { percent, tiers } => {
                let overdue = calendar::days_between(self.due_on, day);
                let reached = tiers.iter().rfind(|tier| i64::from(tier.from_day) <= overdue);
                Ok(reached.map_or(*percent, |tier| tier.percent))
            }
            Rate::Reference {
                series,
                times,
                points,
                fixing,
            } => {
                let day = match fixing {
                    Fixing::FirstDay => calendar::plus_days(self.begins_after, 1),
                    Fixing::EachDay => day,
                };
                let no_rate = || {
                    let to = match fixing {
                        Fixing::FirstDay => day,
                        Fixing::EachDay => self.rates.gap_ends(*series, day, self.as_of),
                    };
                    ChargeError::NoRate {
                        series: *series,
                        from: day,
                        to,
                    }
                };
                let reference = self.rates.on(*series, day).ok_or_else(no_rate)?;
                Ok(reference.times_plus(*times, *points))
            }
        }
    }
}

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;

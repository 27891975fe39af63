//! What has come in on a debt since something was agreed about it.
//!
//! A promise and a plan are judged by the money, and both look at it in the same way: by the day on which it
//! counts (its value date), never by the day on which we heard of it. So the order in which payments are reported
//! cannot change a judgement, and money that is reported late but came in time was in time. Money that was taken
//! back is a negative line on the day of the payment that it takes back: it never came.
//!
//! Credits (credit notes, discounts, write-offs, voided invoices) lower the debt. They pay nothing, but nobody
//! has to pay what is no longer owed.
//!
//! Source: Dunlin's own. That what counts is when the creditor has received the amount is Directive 2011/7/EU,
//! Article 3(1)(b).
//!
//! **Bounds.** Lines of another currency belong to another account and are left out. Sums are exact: 64-bit amounts
//! are added up in 128 bits.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use crate::currency::Currency;
use crate::money::Money;

/// What lowers a debt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// Money that the customer paid.
    Money,
    /// Anything else: what is no longer owed, although nobody paid it.
    Credit,
}

/// One line that lowers a debt or, where negative, raises it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received {
    /// The civil day from which it counts; for money that was taken back, that of the payment itself.
    pub on: NaiveDate,
    /// How much.
    pub amount: Money,
    /// By what.
    pub means: Means,
}

/// The lines of one debt, by day, as seen from the day of an agreement about it.
pub(crate) struct Tally {
    made_on: NaiveDate,
    debt: i128,
    money: BTreeMap<NaiveDate, i128>,
    credit: BTreeMap<NaiveDate, i128>,
}

impl Tally {
    /// The lines recorded since an agreement was made on `made_on` about a debt of `debt`. Money that was on its way
    /// by then, with a value date before, was part of the debt that the agreement is about and only lowers that.
    pub(crate) fn new(debt: Money, made_on: NaiveDate, lines: &[Received]) -> Tally {
        let mut tally = Tally {
            made_on,
            debt: i128::from(debt.minor()),
            money: BTreeMap::new(),
            credit: BTreeMap::new(),
        };
        for line in lines
            .iter()
            .filter(|line| line.amount.currency() == debt.currency())
        {
            let days = match line.means {
                Means::Money => &mut tally.money,
                Means::Credit => &mut tally.credit,
            };
            let day = days.entry(line.on).or_default();
            *day = day.saturating_add(i128::from(line.amount.minor()));
        }
        tally
    }

    /// The money that came from the agreement until the end of `last`.
    pub(crate) fn money_until(&self, last: NaiveDate) -> i128 {
        let days = self
            .money
            .iter()
            .filter(|(on, _)| (self.made_on..=last).contains(on));
        sum(days.map(|(_, minor)| *minor))
    }

    /// How much of `asked` is still asked for when the debt is as credits until `last` have left it; never negative.
    pub(crate) fn needed(&self, asked: i128, last: NaiveDate) -> i128 {
        let credit = self.credit.iter().filter(|(on, _)| **on <= last);
        let early = self.money.iter().filter(|(on, _)| **on < self.made_on);
        let lowered = sum(credit.chain(early).map(|(_, minor)| *minor));
        asked.min(self.debt.saturating_sub(lowered)).max(0)
    }

    /// The day, until `last`, from whose money on `needed` was there and stayed there.
    pub(crate) fn reached(&self, needed: i128, last: NaiveDate) -> Option<NaiveDate> {
        let mut so_far: i128 = 0;
        let mut since = None;
        for (on, minor) in self
            .money
            .iter()
            .filter(|(on, _)| (self.made_on..=last).contains(on))
        {
            so_far = so_far.saturating_add(*minor);
            since = (so_far > 0 && so_far >= needed).then(|| since.unwrap_or(*on));
        }
        since
    }
}

fn sum(amounts: impl Iterator<Item = i128>) -> i128 {
    amounts.fold(0, i128::saturating_add)
}

/// An exact sum as an amount; what 64 bits cannot hold, which no ledger has, as the most that they can.
pub(crate) fn money(minor: i128, currency: Currency) -> Money {
    let most = if minor < 0 { i64::MIN } else { i64::MAX };
    Money::new(i64::try_from(minor).unwrap_or(most), currency)
}

//! How old what is owed is, and how long money takes to come.
//!
//! Source: Dunlin's own buckets, of 30 days each as aging reports have them; for days sales outstanding, the
//! Credit Research Foundation's standard formula, receivables over credit sales times the days of the period.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use crate::calendar;
use crate::currency::Currency;
use crate::money::{Money, MoneyError};

/// How long ago something fell due, in days. It is current through its due date.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Bucket {
    /// Not yet overdue.
    Current,
    /// 1 to 30 days overdue.
    To30,
    /// 31 to 60 days overdue.
    To60,
    /// 61 to 90 days overdue.
    To90,
    /// More than 90 days overdue.
    Over90,
}

impl Bucket {
    /// Every bucket, the youngest first.
    pub const ALL: [Bucket; 5] = [
        Bucket::Current,
        Bucket::To30,
        Bucket::To60,
        Bucket::To90,
        Bucket::Over90,
    ];

    /// How a report calls it.
    pub fn label(self) -> &'static str {
        match self {
            Bucket::Current => "current",
            Bucket::To30 => "1-30",
            Bucket::To60 => "31-60",
            Bucket::To90 => "61-90",
            Bucket::Over90 => "90+",
        }
    }
}

/// The bucket, on a day, of what falls due on another.
pub fn bucket_of(due_on: NaiveDate, as_of: NaiveDate) -> Bucket {
    match calendar::days_between(due_on, as_of) {
        ..=0 => Bucket::Current,
        1..=30 => Bucket::To30,
        31..=60 => Bucket::To60,
        61..=90 => Bucket::To90,
        91.. => Bucket::Over90,
    }
}

/// What is owed in one currency on one day, by age. Credits on account count as negative amounts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Aging {
    /// Every bucket and what lies in it, the youngest first.
    pub buckets: [(Bucket, Money); 5],
    /// All of it.
    pub total: Money,
}

impl Aging {
    /// Ages open amounts, each a due date and minor units of `currency`.
    pub fn of(
        currency: Currency,
        amounts: impl IntoIterator<Item = (NaiveDate, i64)>,
        as_of: NaiveDate,
    ) -> Result<Aging, MoneyError> {
        let zero = Money::zero(currency);
        let mut aging = Aging {
            buckets: Bucket::ALL.map(|bucket| (bucket, zero)),
            total: zero,
        };
        for (due_on, minor) in amounts {
            let amount = Money::new(minor, currency);
            let bucket = bucket_of(due_on, as_of);
            for (_, sum) in aging
                .buckets
                .iter_mut()
                .filter(|(candidate, _)| *candidate == bucket)
            {
                *sum = sum.checked_add(amount)?;
            }
            aging.total = aging.total.checked_add(amount)?;
        }
        Ok(aging)
    }

    /// What is overdue.
    pub fn overdue(&self) -> Result<Money, MoneyError> {
        let overdue = self
            .buckets
            .iter()
            .filter(|(bucket, _)| *bucket != Bucket::Current);
        Money::checked_sum(self.total.currency(), overdue.map(|(_, amount)| *amount))
    }
}

/// Days sales outstanding: what is owed at the end of a period, as days of the period's credit sales, to
/// one decimal. `None` where nothing was sold.
pub fn dso(receivables: Money, credit_sales: Money, days: u32) -> Result<Option<Decimal>, MoneyError> {
    if receivables.currency() != credit_sales.currency() {
        let (left, right) = (receivables.currency(), credit_sales.currency());
        return Err(MoneyError::CurrencyMismatch { left, right });
    }
    if !credit_sales.is_positive() {
        return Ok(None);
    }
    Decimal::from(receivables.minor())
        .checked_mul(Decimal::from(days))
        .and_then(|product| product.checked_div(Decimal::from(credit_sales.minor())))
        .map(|days| Some(days.round_dp(1)))
        .ok_or(MoneyError::Overflow)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn eur(minor: i64) -> Money {
        Money::new(minor, Currency::parse("EUR").unwrap())
    }

    #[test]
    fn each_bucket_begins_and_ends_where_its_name_says() {
        let as_of: NaiveDate = "2026-04-01".parse().unwrap();
        let cases = [
            (-30, "current"),
            (0, "current"),
            (1, "1-30"),
            (30, "1-30"),
            (31, "31-60"),
            (60, "31-60"),
            (61, "61-90"),
            (90, "61-90"),
            (91, "90+"),
            (4_000, "90+"),
        ];
        for (age, name) in cases {
            let due_on = calendar::plus_days(as_of, -age);
            assert_eq!(bucket_of(due_on, as_of).label(), name, "{age} days");
            let aging = Aging::of(eur(0).currency(), [(due_on, 500)], as_of).unwrap();
            let filled: Vec<_> = aging
                .buckets
                .into_iter()
                .filter(|(_, amount)| !amount.is_zero())
                .collect();
            assert_eq!(filled, [(bucket_of(due_on, as_of), eur(500))], "{age} days");
        }
    }

    #[test]
    fn the_buckets_add_up() {
        let as_of: NaiveDate = "2026-04-01".parse().unwrap();
        let amounts = [
            (as_of, 100),
            (as_of, -30),
            (calendar::plus_days(as_of, -5), 7),
            (calendar::plus_days(as_of, -99), 3),
        ];
        let aging = Aging::of(eur(0).currency(), amounts, as_of).unwrap();
        assert_eq!((aging.total, aging.overdue()), (eur(80), Ok(eur(10))));
        assert_eq!(aging.buckets[0], (Bucket::Current, eur(70)));
        let overflow = Aging::of(eur(0).currency(), [(as_of, i64::MAX), (as_of, 1)], as_of);
        assert_eq!(overflow, Err(MoneyError::Overflow));
    }

    #[test]
    fn days_sales_outstanding() {
        // 50,000 owed after 90 days in which 150,000 was sold: a third of the period.
        assert_eq!(
            dso(eur(5_000_000), eur(15_000_000), 90),
            Ok(Some(Decimal::from(30)))
        );
        assert_eq!(dso(eur(1), eur(3), 100).unwrap().unwrap().to_string(), "33.3");
        assert_eq!(dso(eur(5), eur(0), 90), Ok(None));
        let usd = Money::new(1, Currency::parse("USD").unwrap());
        assert!(dso(eur(5), usd, 90).is_err());
        assert!(dso(eur(i64::MAX), eur(1), u32::MAX).is_ok());
    }
}

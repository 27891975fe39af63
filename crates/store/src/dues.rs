//! What customers owe on a date: by receivable, and as one settlement figure a currency.
//!
//! **Shape.** One statement reads whatever may be owed by all the customers asked for, one the policies they are
//! under; [`receivables::charges::dues`] adds up. Nothing is written. **Refuses** a figure for which a reference rate
//! is missing, and says which.

use crate::charges::{Facts, failed};
use crate::db::Db;
use crate::dunning;
use crate::error::Result;
use crate::moment::Moment;
use crate::rates;
use chrono::NaiveDate;
use receivables::charges::dues::{Bearing, Dues, Item, figure};
use receivables::charges::rates::Rates;
use receivables::charges::{Charge, ChargeError, Kind};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId};
use receivables::money::{Money, MoneyError};
use receivables::policy::Policy;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

/// What is owed in one currency on a date.
#[derive(Debug, Clone, Serialize)]
pub struct Total {
    /// In which currency.
    pub currency: Currency,
    /// What it is made of.
    #[serde(flatten)]
    pub dues: Dues,
    /// What is on account now.
    pub on_account: Money,
    /// The settlement figure: what is owed less what is on account, never below zero.
    pub to_settle: Money,
}

impl Total {
    fn new(dues: Dues, on_account: Money) -> Result<Self, MoneyError> {
        let to_settle = dues.total.checked_sub(on_account.checked_min(dues.total)?)?;
        Ok(Self {
            currency: on_account.currency(),
            dues,
            on_account,
            to_settle,
        })
    }

    fn checked_add(&self, other: &Self) -> Result<Self, MoneyError> {
        Ok(Self {
            currency: self.currency,
            dues: self.dues.checked_add(&other.dues)?,
            on_account: self.on_account.checked_add(other.on_account)?,
            to_settle: self.to_settle.checked_add(other.to_settle)?,
        })
    }
}

/// What a customer owes in one currency on a date.
#[derive(Debug, Clone, Serialize)]
pub struct CustomerDues {
    /// All of it.
    #[serde(flatten)]
    pub total: Total,
    /// The same by receivable, those due first first. Those of which nothing is owed are left out.
    pub items: Vec<ItemDues>,
}

/// What is owed of one receivable.
#[derive(Debug, Clone, Serialize)]
pub struct ItemDues {
    /// Ours.
    pub invoice: InvoiceId,
    /// Its number.
    pub number: String,
    /// What it is.
    pub kind: Kind,
    /// Of itself.
    pub balance: Money,
    /// Of interest on it that has accrued and is not posted.
    pub interest_accrued: Money,
}

/// Dues by currency, or the rate that is missing for them.
pub type Computed = std::result::Result<Vec<CustomerDues>, ChargeError>;

/// The interest that a policy charges: that of its first step that does.
pub(crate) fn charge_of(policy: &Policy) -> Option<&Charge> {
    policy.steps.iter().find_map(|step| step.charge.as_ref())
}

/// What stands between us and a customer in a currency, besides receivables.
struct Account {
    charge: Option<Charge>,
    on_account: Money,
}

/// What each of `customers` owes at the close of `on`. A currency in which nothing is owed is left out.
pub async fn of_customers(
    db: &Db,
    moment: Moment,
    customers: &[CustomerId],
    on: NaiveDate,
) -> Result<BTreeMap<CustomerId, Computed>> {
    let rates = rates::load(db).await?;
    let asked: Vec<&CustomerId> = customers.iter().collect();
    let cases = dunning::cases_of(db, moment, &asked).await?;
    let accounts: BTreeMap<(&CustomerId, Currency), Account> = cases
        .iter()
        .map(|case| {
            let account = Account {
                charge: charge_of(&case.ruling.version.policy).cloned(),
                on_account: case.facts.on_account,
            };
            ((&case.facts.customer, case.facts.currency), account)
        })
        .collect();
    let mut owed: BTreeMap<CustomerId, Vec<Facts>> = customers
        .iter()
        .map(|customer| (customer.clone(), Vec::new()))
        .collect();
    for facts in Facts::owed_by(db, customers, on).await? {
        owed.entry(facts.customer.clone()).or_default().push(facts);
    }
    owed.into_iter()
        .map(|(customer, owed)| {
            let account = |currency| accounts.get(&(&customer, currency));
            let computed = of_customer(&owed, account, on, &rates)?;
            Ok((customer.clone(), computed))
        })
        .collect()
}

/// What all of `dues` come to, by currency.
pub fn totals<'a>(dues: impl IntoIterator<Item = &'a CustomerDues>) -> Result<Vec<Total>> {
    let mut totals: BTreeMap<Currency, Total> = BTreeMap::new();
    for one in dues {
        let sum = match totals.get(&one.total.currency) {
            Some(sum) => sum.checked_add(&one.total)?,
            None => one.total.clone(),
        };
        totals.insert(sum.currency, sum);
    }
    Ok(totals.into_values().collect())
}

fn of_customer<'a>(
    owed: &[Facts],
    account: impl Fn(Currency) -> Option<&'a Account>,
    on: NaiveDate,
    rates: &Rates,
) -> Result<Computed> {
    let currencies: BTreeSet<Currency> = owed.iter().map(Facts::currency).collect();
    let mut all = Vec::new();
    for currency in currencies {
        let account = account(currency);
        let (mut sum, mut items) = (figure(on, currency, &[], rates).map_err(failed)?, Vec::new());
        for facts in owed.iter().filter(|facts| facts.currency() == currency) {
            let item = item(facts, account.and_then(|account| account.charge.as_ref()), on)?;
            let dues = match figure(on, currency, &[item], rates) {
                Ok(dues) => dues,
                Err(error @ ChargeError::NoRate { .. }) => return Ok(Err(error)),
                Err(error) => return Err(failed(error)),
            };
            sum = sum.checked_add(&dues)?;
            if dues.total.is_positive() {
                items.push(ItemDues {
                    invoice: facts.id.clone(),
                    number: facts.number.clone(),
                    kind: facts.kind,
                    balance: dues.total.checked_sub(dues.interest_accrued)?,
                    interest_accrued: dues.interest_accrued,
                });
            }
        }
        if sum.total.is_positive() {
            let on_account = account.map_or(Money::zero(currency), |account| account.on_account);
            let total = Total::new(sum, on_account)?;
            all.push(CustomerDues { total, items });
        }
    }
    Ok(Ok(all))
}

fn item(facts: &Facts, charge: Option<&Charge>, on: NaiveDate) -> Result<Item> {
    let bearing = match charge.map(|charge| charge.bearing(&facts.debt())) {
        Some(Ok((terms, late_after))) => Some(Bearing {
            terms,
            late: facts.late.clone(),
            late_after,
            posted: facts.interest_charged(on)?,
        }),
        Some(Err(_)) | None => None,
    };
    Ok(Item {
        kind: facts.kind,
        history: facts.history.clone(),
        bearing,
    })
}

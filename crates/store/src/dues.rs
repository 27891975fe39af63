//! What customers owe on a date: by receivable, and as one settlement figure a currency.
//!
//! **Shape.** One statement reads whatever may be owed by all the customers asked for, one the policies they are
//! under; [`receivables::charges::dues`] adds up. Nothing is written. **Refuses** a figure for which a reference rate
//! is missing, and says which.

use crate::charges::{Facts, failed};
use crate::db::{Db, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::policies::Book;
use crate::rates;
use chrono::NaiveDate;
use receivables::charges::dues::{Bearing, Dues, Item, figure};
use receivables::charges::rates::Rates;
use receivables::charges::{Charge, ChargeError};
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PolicyId};
use receivables::intake::CustomerKind;
use receivables::money::{Money, MoneyError};
use receivables::policy::assign::Account;
use receivables::receivable::ReceivableKind;
use receivables::risk::Band;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    ACCOUNTS = "SELECT json_object('customer', c.customer_id, 'currency', c.currency, 'own', k.policy,
            'country', k.country, 'kind', k.kind, 'tags', json(k.tags), 'policy_id', c.policy_id,
            'risk', (SELECT r.band FROM risk_scores r WHERE r.customer_id = c.customer_id),
            'balance_minor', c.balance_minor, 'unapplied_minor', c.unapplied_minor)
        FROM cases c JOIN customers k ON k.id = c.customer_id
        WHERE c.customer_id IN (SELECT value FROM json_each(?))";
}

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
    pub kind: ReceivableKind,
    /// Of itself.
    pub balance: Money,
    /// Of interest on it that has accrued and is not posted.
    pub interest_accrued: Money,
}

/// Dues by currency, or the rate that is missing for them.
pub type Computed = std::result::Result<Vec<CustomerDues>, ChargeError>;

#[derive(Deserialize)]
struct AccountRow {
    customer: CustomerId,
    currency: Currency,
    own: Option<String>,
    country: Country,
    kind: CustomerKind,
    risk: Option<Band>,
    tags: Vec<String>,
    policy_id: Option<PolicyId>,
    balance_minor: i64,
    unapplied_minor: i64,
}

/// What stands between us and a customer in a currency, besides receivables.
pub(crate) struct Terms {
    /// The interest that its policy charges: that of the first step that does.
    pub(crate) charge: Option<Charge>,
    /// What is on account.
    on_account: Money,
}

/// On which terms customers owe, by currency.
pub(crate) async fn terms_of(
    db: &Db,
    moment: Moment,
    customers: &[CustomerId],
) -> Result<BTreeMap<(CustomerId, Currency), Terms>> {
    let rows: Vec<AccountRow> = db
        .list(ACCOUNTS, params![serde_json::to_string(customers)?])
        .await?;
    let kept: BTreeSet<&PolicyId> = rows.iter().filter_map(|row| row.policy_id.as_ref()).collect();
    let book = Book::load(db, moment, &kept).await?;
    rows.iter()
        .map(|row| {
            let money = |minor| Money::new(minor, row.currency);
            let account = Account {
                own: row.own.clone(),
                country: row.country,
                kind: row.kind,
                risk: row.risk,
                tags: row.tags.clone(),
                balance: money(row.balance_minor),
            };
            let ruling = book.ruling(&account, row.policy_id.as_ref())?;
            let mut steps = ruling.version.policy.steps.iter();
            let terms = Terms {
                charge: steps.find_map(|step| step.charge.clone()),
                on_account: money(row.unapplied_minor),
            };
            Ok(((row.customer.clone(), row.currency), terms))
        })
        .collect()
}

/// What each of `customers` owes at the close of `on`. A currency in which nothing is owed is left out.
pub async fn of_customers(
    db: &Db,
    moment: Moment,
    customers: &[CustomerId],
    on: NaiveDate,
) -> Result<BTreeMap<CustomerId, Computed>> {
    let rates = rates::load(db).await?;
    let terms = terms_of(db, moment, customers).await?;
    let mut owed: BTreeMap<CustomerId, Vec<Facts>> = customers
        .iter()
        .map(|customer| (customer.clone(), Vec::new()))
        .collect();
    for facts in Facts::owed_by(db, customers, on).await? {
        owed.entry(facts.customer.clone()).or_default().push(facts);
    }
    owed.into_iter()
        .map(|(customer, owed)| {
            let terms = |currency| terms.get(&(customer.clone(), currency));
            let computed = of_customer(&owed, terms, on, &rates)?;
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
    terms: impl Fn(Currency) -> Option<&'a Terms>,
    on: NaiveDate,
    rates: &Rates,
) -> Result<Computed> {
    let currencies: BTreeSet<Currency> = owed.iter().map(Facts::currency).collect();
    let mut all = Vec::new();
    for currency in currencies {
        let terms = terms(currency);
        let (mut sum, mut items) = (figure(on, currency, &[], rates).map_err(failed)?, Vec::new());
        for facts in owed.iter().filter(|facts| facts.currency() == currency) {
            let item = item(facts, terms.and_then(|terms| terms.charge.as_ref()), on)?;
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
            let on_account = terms.map_or(Money::zero(currency), |terms| terms.on_account);
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

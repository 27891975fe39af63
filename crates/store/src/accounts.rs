//! An account as people's acts look at it: what day it is there, which days are business days, which policy rules.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::params;
use crate::policies::{Book, Version};
use chrono::NaiveDate;
use receivables::calendar;
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::dunning::RestDays;
use receivables::id::{CustomerId, PolicyId};
use receivables::intake::CustomerKind;
use receivables::money::Money;
use receivables::policy::Policy;
use receivables::policy::assign;
use receivables::risk::Band;
use receivables::task::business_days_after;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;

statements! {
    FIND = "SELECT json_object('currency', k.currency, 'time_zone', k.time_zone, 'country', k.country,
            'region', k.region, 'kind', k.kind, 'tags', json(k.tags), 'own', k.policy,
            'risk', (SELECT r.band FROM risk_scores r WHERE r.customer_id = k.id),
            'policy_id', c.policy_id, 'balance_minor', coalesce(c.balance_minor, 0))
        FROM customers k LEFT JOIN cases c ON c.customer_id = k.id AND c.currency = k.currency WHERE k.id = ?";
}

/// A customer's account in its own currency.
#[derive(Debug, Clone)]
pub struct Account {
    /// Its own currency.
    pub currency: Currency,
    /// The civil day there.
    pub today: NaiveDate,
    rest: RestDays,
    version: Arc<Version>,
}

#[derive(Deserialize)]
struct Row {
    currency: Currency,
    time_zone: String,
    country: Country,
    region: Option<String>,
    kind: CustomerKind,
    tags: Vec<String>,
    own: Option<String>,
    risk: Option<Band>,
    policy_id: Option<PolicyId>,
    balance_minor: i64,
}

/// The account of a customer, if there is such a customer.
pub async fn find(db: &Db, moment: Moment, customer: &CustomerId) -> Result<Option<Account>> {
    let Some(row) = db.find::<Row>(FIND, params![customer.as_str()]).await? else {
        return Ok(None);
    };
    let kept: BTreeSet<&PolicyId> = row.policy_id.iter().collect();
    let book = Book::load(db, moment, &kept).await?;
    let account = assign::Account {
        own: row.own,
        country: row.country,
        kind: row.kind,
        risk: row.risk,
        tags: row.tags,
        balance: Money::new(row.balance_minor, row.currency),
    };
    Ok(Some(Account {
        currency: row.currency,
        today: calendar::day_of(moment.now, time_zone(&row.time_zone)?),
        rest: book.rest(row.country, row.region.as_deref()),
        version: book.ruling(&account, row.policy_id.as_ref())?.version,
    }))
}

impl Account {
    /// The policy that decides about it.
    pub fn policy(&self) -> &Policy {
        &self.version.policy
    }

    /// Whether people work there on a day.
    pub fn is_business_day(&self, day: NaiveDate) -> bool {
        self.rest.all().is_business_day(day)
    }

    /// The `days`-th business day there after today.
    pub fn business_days_after(&self, days: u32) -> NaiveDate {
        let rest = self.rest.all();
        business_days_after(self.today, days, |day| rest.is_business_day(day))
    }
}

//! The accounts that notices are about: which policy decides, where, in which currency.
//!
//! An account that nothing was ever posted on has no case, and is written to all the same: an order is confirmed to a
//! new customer.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::params;
use crate::policies::{Book, Version};
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::dunning::RestDays;
use receivables::id::{CustomerId, PolicyId};
use receivables::intake::CustomerKind;
use receivables::money::Money;
use receivables::policy::assign;
use receivables::risk::Band;
use receivables::zone::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

statements! {
    ACCOUNTS = "SELECT json_object('at', j.key, 'currency', coalesce(j.value->>'currency', k.currency),
            'time_zone', k.time_zone, 'country', k.country, 'region', k.region, 'kind', k.kind, 'tags', json(k.tags),
            'own', k.policy, 'risk', (SELECT r.band FROM risk_scores r WHERE r.customer_id = k.id),
            'policy_id', c.policy_id, 'balance_minor', coalesce(c.balance_minor, 0))
        FROM json_each(?) AS j JOIN customers k ON k.id = j.value->>'customer'
            LEFT JOIN cases c ON c.customer_id = k.id AND c.currency = coalesce(j.value->>'currency', k.currency)";
}

/// What a notice needs to know of an account.
pub(super) struct Account {
    pub(super) currency: Currency,
    pub(super) zone: Zone,
    pub(super) rest: RestDays,
    pub(super) version: Arc<Version>,
}

#[derive(Serialize)]
struct Wanted<'a> {
    customer: &'a CustomerId,
    currency: Option<Currency>,
}

#[derive(Deserialize)]
struct Row {
    at: usize,
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

/// Each account, of a customer in a currency or its own, in their order; none where there is no such customer.
pub(super) async fn of<'a>(
    db: &Db,
    moment: Moment,
    whose: impl Iterator<Item = (&'a CustomerId, Option<Currency>)>,
) -> Result<Vec<Option<Account>>> {
    let wanted: Vec<Wanted<'_>> = whose
        .map(|(customer, currency)| Wanted { customer, currency })
        .collect();
    let rows: Vec<Row> = db
        .list(ACCOUNTS, params![serde_json::to_string(&wanted)?])
        .await?;
    let kept: BTreeSet<&PolicyId> = rows.iter().filter_map(|row| row.policy_id.as_ref()).collect();
    let book = Book::load(db, moment, &kept).await?;
    let mut accounts: Vec<Option<Account>> = wanted.iter().map(|_| None).collect();
    for row in rows {
        let account = assign::Account {
            own: row.own,
            country: row.country,
            kind: row.kind,
            risk: row.risk,
            tags: row.tags,
            balance: Money::new(row.balance_minor, row.currency),
        };
        let found = Account {
            currency: row.currency,
            zone: time_zone(&row.time_zone)?,
            rest: book.rest(row.country, row.region.as_deref()),
            version: book.ruling(&account, row.policy_id.as_ref())?.version,
        };
        if let Some(place) = accounts.get_mut(row.at) {
            *place = Some(found);
        }
    }
    Ok(accounts)
}

//! What matters today: totals, aging, the worklist. From kept aggregates, never over the whole ledger.

use super::customers::NextAction;
use crate::db::{Db, statements};
use crate::error::Result;
use crate::params;
use chrono::NaiveDate;
use receivables::aging::Aging;
use receivables::currency::Currency;
use receivables::id::CustomerId;
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

statements! {
    DUE_TOTALS = "SELECT json_object('currency', currency, 'due_on', due_on, 'balance_minor', balance_minor,
            'invoices', invoices) FROM due_totals";
    ON_ACCOUNT = "SELECT json_object('currency', currency, 'unapplied_minor', sum(unapplied_minor))
        FROM cases INDEXED BY cases_with_unapplied WHERE unapplied_minor <> 0 GROUP BY currency";
    OVERDUE_CUSTOMERS = "SELECT json_object('currency', currency, 'customers', count(*)) FROM cases
        WHERE oldest_due_on < ? GROUP BY currency";
    WORKLIST = "SELECT json_object('customer', c.customer_id, 'name', k.name, 'currency', c.currency,
            'oldest_due_on', c.oldest_due_on, 'overdue_minor',
            (SELECT coalesce(sum(o.balance_minor), 0) FROM open_items o WHERE o.customer_id = c.customer_id
                AND o.currency = c.currency AND o.due_on < ?1),
            'next_ms', c.next_action_at, 'next_step', c.next_step, 'next_why', c.next_why,
            'score', r.score, 'band', r.band)
        FROM cases c JOIN customers k ON k.id = c.customer_id
        LEFT JOIN risk_scores r ON r.customer_id = c.customer_id
        WHERE c.oldest_due_on < ?1 ORDER BY c.oldest_due_on LIMIT ?2";
}

#[derive(Deserialize)]
struct DueTotal {
    currency: Currency,
    due_on: NaiveDate,
    balance_minor: i64,
    invoices: u64,
}

/// What is open in one currency, by age.
#[derive(Debug, Clone, Serialize)]
pub struct AgingView {
    /// Which currency.
    pub currency: Currency,
    /// All of it.
    pub total: Money,
    /// The part past due.
    pub overdue: Money,
    /// Open invoices.
    pub invoices: u64,
    /// From current to oldest.
    pub buckets: Vec<AgingBucket>,
}

/// What is open in one bucket.
#[derive(Debug, Clone, Serialize)]
pub struct AgingBucket {
    /// `current`, `1-30`, `31-60`, `61-90` or `90+` days past due.
    pub bucket: &'static str,
    /// How much.
    pub amount: Money,
}

/// Today's aging per currency: a sum over the distinct due dates.
pub async fn aging(db: &Db, today: NaiveDate) -> Result<Vec<AgingView>> {
    let mut by_currency: BTreeMap<Currency, Vec<DueTotal>> = BTreeMap::new();
    for row in db.list::<DueTotal>(DUE_TOTALS, params![]).await? {
        by_currency.entry(row.currency).or_default().push(row);
    }
    by_currency
        .into_iter()
        .map(|(currency, rows)| {
            let aging = Aging::of(
                currency,
                rows.iter().map(|row| (row.due_on, row.balance_minor)),
                today,
            )?;
            let buckets = aging.buckets.into_iter().map(|(bucket, amount)| AgingBucket {
                bucket: bucket.label(),
                amount,
            });
            Ok(AgingView {
                currency,
                total: aging.total,
                overdue: aging.overdue()?,
                invoices: rows.iter().map(|row| row.invoices).sum(),
                buckets: buckets.collect(),
            })
        })
        .collect()
}

#[derive(Deserialize)]
struct OnAccount {
    currency: Currency,
    unapplied_minor: i64,
}

#[derive(Deserialize)]
struct OverdueCustomers {
    currency: Currency,
    customers: u64,
}

/// The head of the console, per currency.
#[derive(Debug, Clone)]
pub struct CurrencyTotals {
    /// What is open, by age.
    pub aging: AgingView,
    /// Money and credit on account.
    pub unapplied: Money,
    /// Customers with something past due.
    pub overdue_customers: u64,
}

/// Aging with what is on account and how many customers are late.
pub async fn currency_totals(db: &Db, today: NaiveDate) -> Result<Vec<CurrencyTotals>> {
    let on_account: Vec<OnAccount> = db.list(ON_ACCOUNT, params![]).await?;
    let late: Vec<OverdueCustomers> = db.list(OVERDUE_CUSTOMERS, params![today.to_string()]).await?;
    let totals = aging(db, today).await?.into_iter().map(|aging| {
        let currency = aging.currency;
        let unapplied = on_account.iter().find(|row| row.currency == currency);
        CurrencyTotals {
            unapplied: Money::new(unapplied.map_or(0, |row| row.unapplied_minor), currency),
            overdue_customers: late
                .iter()
                .find(|row| row.currency == currency)
                .map_or(0, |row| row.customers),
            aging,
        }
    });
    Ok(totals.collect())
}

/// One customer that needs a look.
#[derive(Debug, Clone, Serialize)]
pub struct WorkItem {
    /// Whose.
    pub customer_id: CustomerId,
    /// Its name.
    pub name: String,
    /// What is past due.
    pub overdue: Money,
    /// How many days the oldest is.
    pub oldest_days: i64,
    /// Risk score and band.
    pub risk: Option<WorkRisk>,
    /// What happens next by itself.
    pub next_action: Option<NextAction>,
}

/// The risk of a [`WorkItem`].
#[derive(Debug, Clone, Serialize)]
pub struct WorkRisk {
    /// 0 to 100.
    pub score: i64,
    /// `low` to `critical`.
    pub band: String,
}

#[derive(Deserialize)]
struct WorkRow {
    customer: CustomerId,
    name: String,
    currency: Currency,
    oldest_due_on: NaiveDate,
    overdue_minor: i64,
    next_ms: Option<i64>,
    next_step: Option<String>,
    next_why: Option<String>,
    score: Option<i64>,
    band: Option<String>,
}

/// The customers whose oldest open invoice is most overdue.
pub async fn worklist(db: &Db, today: NaiveDate, limit: u32) -> Result<Vec<WorkItem>> {
    let rows: Vec<WorkRow> = db.list(WORKLIST, params![today.to_string(), limit]).await?;
    rows.into_iter()
        .map(|row| {
            let next_action = NextAction::read(row.next_ms, row.next_step, row.next_why)?;
            Ok(WorkItem {
                customer_id: row.customer,
                name: row.name,
                overdue: Money::new(row.overdue_minor, row.currency),
                oldest_days: today.signed_duration_since(row.oldest_due_on).num_days(),
                risk: row
                    .score
                    .zip(row.band)
                    .map(|(score, band)| WorkRisk { score, band }),
                next_action,
            })
        })
        .collect()
}

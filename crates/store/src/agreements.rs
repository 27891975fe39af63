//! What promises and plans share: what they cover, what has come in on it since, and when they are judged.
//!
//! **The money decides.** [`judge`] is part of every transaction that records money or takes it back; [`judge_due`] is
//! the sweep's, for those that time alone decides, found through an index on the instant at which that is: O(due). Both
//! work on sets.
//!
//! **What counts.** Every posting on the invoices covered that was made since the agreement was. Money counts on the
//! day on which its payment came, also where it is taken back later. A payment that was on the books before is none:
//! where it is applied or taken back later, that lowers or raises the debt. Two postings of one millisecond are told
//! apart by `posted_before`: what was there when the agreement was made.

use crate::customers::Directory;
use crate::db::{Db, Tx, statements};
use crate::disputes;
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::policies::Version;
use crate::{instalment_plans, params, promises};
use chrono::NaiveDate;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::id::{CustomerId, InvoiceId};
use receivables::intake::CustomerRef;
use receivables::money::Money;
use receivables::received::{Means, Received};
use receivables::zone::Zone;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::sync::Arc;

/// The lines that came in since agreement `a` was made, on the invoices that `$table` says it covers.
macro_rules! received {
    ($table:literal, $key:literal) => {
        concat!(
            "json((SELECT json_group_array(json_object('on', coalesce((SELECT y.received_on FROM payments y
                    WHERE y.id = l.source_id), l.value_on), 'minor', -l.amount_minor,
                'paid', json(iif(l.kind IN ('payment', 'payment_reversal', 'refund') AND EXISTS (SELECT 1
                    FROM payments y WHERE y.id = l.source_id AND y.created_at >= a.created_at), 'true', 'false'))))
                FROM ",
            $table,
            " x JOIN postings l ON l.invoice_id = x.invoice_id
                WHERE x.",
            $key,
            " = a.id AND l.posted_at >= a.created_at AND l.kind <> 'invoice'
                    AND l.id NOT IN (SELECT value FROM json_each(a.posted_before))))"
        )
    };
}
pub(crate) use received;

macro_rules! select_covered {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', i.id, 'customer', i.customer_id, 'currency', i.currency,
                'balance_minor', i.balance_minor, 'disputed_minor', i.disputed_minor,
                'promised', json(iif(EXISTS (SELECT 1 FROM promise_invoices x JOIN promises p ON p.id = x.promise_id
                    WHERE x.invoice_id = i.id AND +p.status = 'open'), 'true', 'false')),
                'planned', json(iif(EXISTS (SELECT 1 FROM plan_invoices x JOIN instalment_plans p ON p.id = x.plan_id
                    WHERE x.invoice_id = i.id AND +p.status IN ('proposed', 'active')), 'true', 'false')))
            FROM invoices i ",
            $which
        )
    };
}

statements! {
    ACCOUNT = "SELECT json_object('id', id, 'time_zone', time_zone, 'currency', currency) FROM customers WHERE id = ?";
    NAMED = select_covered!("WHERE i.id IN (SELECT value FROM json_each(?))");
    OPEN = select_covered!("WHERE i.customer_id = ? AND i.currency = ? AND i.balance_minor > 0");
    ANY_OF = "SELECT 1 FROM json_each(?) AS j WHERE EXISTS (SELECT 1 FROM promises p WHERE p.customer_id = j.value)
            OR EXISTS (SELECT 1 FROM instalment_plans p WHERE p.customer_id = j.value) LIMIT 1";
    POSTED_BEFORE = "SELECT json_group_array(id) FROM postings
        WHERE invoice_id IN (SELECT value FROM json_each(?1)) AND posted_at >= ?2";
}

/// Whose account an agreement is about.
#[derive(Debug, Clone)]
pub(crate) struct Account {
    pub(crate) customer: CustomerId,
    pub(crate) zone: Zone,
    currency: Currency,
}

#[derive(Deserialize)]
struct AccountRow {
    id: CustomerId,
    time_zone: String,
    currency: Currency,
}

impl Account {
    /// The account of the customer that `reference` names, if there is one.
    pub(crate) async fn find(db: &Db, reference: &CustomerRef) -> Result<Option<Account>> {
        let directory = Directory::load(db, std::iter::once(reference)).await?;
        let Some(known) = directory.get(reference) else {
            return Ok(None);
        };
        let row: Option<AccountRow> = db.find(ACCOUNT, params![known.id.as_str()]).await?;
        let Some(row) = row else { return Ok(None) };
        Ok(Some(Account {
            customer: row.id,
            zone: time_zone(&row.time_zone)?,
            currency: row.currency,
        }))
    }

    /// The customer's civil day.
    pub(crate) fn today(&self, moment: Moment) -> NaiveDate {
        calendar::day_of(moment.now, self.zone)
    }
}

/// What an agreement covers: invoices of one customer and currency that owe something.
#[derive(Debug)]
pub(crate) struct Covered {
    pub(crate) invoices: Vec<InvoiceId>,
    pub(crate) owed: Money,
    /// Whether an open promise covers any of them.
    pub(crate) promised: bool,
    /// Whether a plan that is proposed or active covers any of them.
    pub(crate) planned: bool,
    /// Whether any of them is in dispute.
    pub(crate) disputed: bool,
    /// What was posted on them in this very millisecond: a JSON list, nearly always empty.
    pub(crate) posted_before: String,
}

#[derive(Deserialize)]
struct CoveredRow {
    id: InvoiceId,
    customer: CustomerId,
    currency: Currency,
    balance_minor: i64,
    disputed_minor: i64,
    promised: bool,
    planned: bool,
}

/// The invoices named, or all that the account owes in `currency`, else in its own.
pub(crate) async fn covered(
    tx: &Tx<'_>,
    moment: Moment,
    account: &Account,
    named: &[InvoiceId],
    currency: Option<Currency>,
) -> Result<Result<Covered, Vec<FieldError>>> {
    let rows: Vec<CoveredRow> = if named.is_empty() {
        let currency = currency.unwrap_or(account.currency);
        tx.list(OPEN, params![account.customer.as_str(), currency.code()])
            .await?
    } else {
        tx.list(NAMED, params![serde_json::to_string(named)?]).await?
    };
    let mut errors = Vec::new();
    for (at, id) in named.iter().enumerate() {
        let theirs = |row: &&CoveredRow| row.id == *id && row.customer == account.customer;
        if !rows.iter().any(|row| theirs(&row)) {
            let detail = "this customer has no such invoice";
            errors.push(FieldError::new(
                format!("/invoices/{at}"),
                "unknown_invoice",
                detail,
            ));
        }
    }
    let currency = currency
        .or(rows.first().filter(|_| !named.is_empty()).map(|row| row.currency))
        .unwrap_or(account.currency);
    if let Some(other) = rows.iter().find(|row| row.currency != currency) {
        let detail = format!("{} is in {}, not in {currency}", other.id, other.currency);
        errors.push(FieldError::new("/invoices", "currency_mismatch", detail));
    }
    if !errors.is_empty() {
        return Ok(Err(errors));
    }
    let rows: Vec<CoveredRow> = rows.into_iter().filter(|row| row.balance_minor > 0).collect();
    let balances = rows.iter().map(|row| Money::new(row.balance_minor, currency));
    let owed = Money::checked_sum(currency, balances)?;
    let (promised, planned) = (
        rows.iter().any(|row| row.promised),
        rows.iter().any(|row| row.planned),
    );
    let disputed = rows.iter().any(|row| row.disputed_minor > 0);
    let invoices: Vec<InvoiceId> = rows.into_iter().map(|row| row.id).collect();
    let before = tx
        .row(
            POSTED_BEFORE,
            params![serde_json::to_string(&invoices)?, moment.ms()],
        )
        .await?;
    Ok(Ok(Covered {
        invoices,
        owed,
        promised,
        planned,
        disputed,
        posted_before: before.map_or(Ok("[]".to_owned()), |row| row.text(0).map(str::to_owned))?,
    }))
}

/// A line of [`received!`].
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Line {
    on: NaiveDate,
    minor: i64,
    paid: bool,
}

/// Lines as the rules take them.
pub(crate) fn received_lines(lines: &[Line], currency: Currency) -> Vec<Received> {
    let line = |line: &Line| Received {
        on: line.on,
        amount: Money::new(line.minor, currency),
        means: if line.paid { Means::Money } else { Means::Credit },
    };
    lines.iter().map(line).collect()
}

/// An invoice as an agreement shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct InvoiceRef {
    /// Ours.
    pub id: InvoiceId,
    /// The creditor's.
    pub number: String,
}

/// A customer as an agreement shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct CustomerRefView {
    /// Ours.
    pub id: CustomerId,
    /// The creditor's.
    pub external_id: String,
}

/// How long after its last day an agreement is still judged anew when money is taken back or reported late: a direct
/// debit that was never authorised can be reclaimed for 13 months (Directive 2015/2366, Article 71(1)).
pub(crate) const JUDGED_FOR_DAYS: i64 = 400;

/// Judges the promises and plans of `customers` anew. Part of whatever records money or takes it back, before the
/// cases are planned anew.
pub async fn judge(tx: &Tx<'_>, moment: Moment, customers: &BTreeSet<CustomerId>) -> Result<()> {
    // Most customers have promised nothing: one look, and no more.
    if tx
        .row(ANY_OF, params![serde_json::to_string(customers)?])
        .await?
        .is_none()
    {
        return Ok(());
    }
    // Plans first: a settlement's discount is a credit on what a promise may cover too.
    instalment_plans::judge_of(tx, moment, customers).await?;
    promises::judge_of(tx, moment, customers).await?;
    Ok(())
}

/// What [`judge_due`] did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Judged {
    /// Promises, plans and disputes whose last day had passed.
    pub examined: usize,
    /// Whether there may be more of them than `limit` allowed.
    pub more: bool,
}

/// Judges what time alone decides: promises and instalments whose last day has passed, and disputes that nobody has
/// answered by theirs. At most `limit` of each.
pub async fn judge_due(tx: &Tx<'_>, moment: Moment, limit: u32) -> Result<Judged> {
    let mut concerned = BTreeSet::new();
    let counts = [
        instalment_plans::judge_due(tx, moment, limit, &mut concerned).await?,
        promises::judge_due(tx, moment, limit, &mut concerned).await?,
        disputes::unanswered(tx, moment, limit).await?,
    ];
    dunning::replan(tx, moment, &concerned).await?;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    Ok(Judged {
        examined: counts.iter().fold(0, |sum, count| sum.saturating_add(*count)),
        more: counts.iter().any(|count| *count >= most),
    })
}

/// The version of the policy that decides about a customer's account in a currency; none where nothing ever happened
/// on it.
pub(crate) async fn version_of(
    db: &Db,
    moment: Moment,
    customer: &CustomerId,
    currency: Currency,
) -> Result<Option<Arc<Version>>> {
    let cases = dunning::cases_of(db, moment, &[customer]).await?;
    let ours = cases.into_iter().find(|case| case.facts.currency == currency);
    Ok(ours.map(|case| case.ruling.version))
}

/// A date that is `days` before the moment's, anywhere in the world.
pub(crate) fn days_before(moment: Moment, days: i64) -> String {
    calendar::plus_days(moment.now.date_naive(), days.saturating_neg()).to_string()
}

/// A row that was just written and is not there: a defect of ours.
pub(crate) fn gone(what: impl std::fmt::Display) -> StoreError {
    StoreError::Decode(format!("{what} is not there"))
}

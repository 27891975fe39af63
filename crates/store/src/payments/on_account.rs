//! Credit that stands on account, used for what is open: of payments and credit notes alike, when somebody says so.

use super::{follow, open};
use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::invoices;
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Kind, Posting};
use chrono::NaiveDate;
use receivables::allocation::{Application, Credit, CreditSource, apply_on_account};
use receivables::currency::Currency;
use receivables::id::{CreditNoteId, CustomerId, InvoiceId, PaymentId};
use receivables::intake::ApplyCreditInput;
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

statements! {
    OWN_CURRENCY = "SELECT json_object('currency', currency) FROM customers WHERE id = ?";
    CREDITS = "SELECT json_object('payment', id, 'on', received_on, 'left_minor', unapplied_minor) FROM payments
            WHERE customer_id = ?1 AND currency = ?2 AND unapplied_minor > 0
        UNION ALL
        SELECT json_object('credit_note', id, 'on', issue_on, 'left_minor', unapplied_minor) FROM credit_notes
            WHERE customer_id = ?1 AND currency = ?2 AND unapplied_minor > 0";
    ALLOCATE = "INSERT INTO allocations (payment_id, position, invoice_id, amount_minor, why, created_at)
        SELECT j.value->>'source', (SELECT count(*) FROM allocations a WHERE a.payment_id = j.value->>'source')
                + (j.value->>'nth'), j.value->>'invoice', j.value->>'amount_minor', j.value->>'why', ?1
        FROM json_each(?2) AS j";
    USE_PAYMENTS = "UPDATE payments SET allocated_minor = allocated_minor + (j.value->>'minor'),
            unapplied_minor = unapplied_minor - (j.value->>'minor')
        FROM json_each(?) AS j WHERE payments.id = j.value->>'source'";
    USE_CREDIT_NOTES = "UPDATE credit_notes SET applied_minor = applied_minor + (j.value->>'minor'),
            unapplied_minor = unapplied_minor - (j.value->>'minor')
        FROM json_each(?) AS j WHERE credit_notes.id = j.value->>'source'";
    /// The notes whose credit stood on account before it was used here. One that names the invoice corrects it, and stays.
    USED_FROM_NOTES = "SELECT json_object('note', n.id, 'minor', -sum(p.amount_minor))
        FROM postings p JOIN credit_notes n ON n.id = p.source_id JOIN invoices i ON i.id = p.invoice_id
        WHERE p.invoice_id = ? AND p.kind = 'credit_note' AND n.voided_on IS NULL
            AND n.content->>'invoice_number' IS NOT i.number
            AND NOT EXISTS (SELECT 1 FROM json_each(n.content->'invoices') AS j
                WHERE j.value->>'invoice_number' = i.number)
        GROUP BY n.id HAVING sum(p.amount_minor) < 0";
}

#[derive(Deserialize)]
struct Own {
    currency: Currency,
}

#[derive(Deserialize)]
struct Used {
    note: CreditNoteId,
    minor: i64,
}

#[derive(Deserialize)]
struct CreditRow {
    payment: Option<PaymentId>,
    credit_note: Option<CreditNoteId>,
    on: NaiveDate,
    left_minor: i64,
}

/// What was set against what.
#[derive(Debug, Clone, Serialize)]
pub struct CreditUsed {
    /// Each in the order in which it was decided.
    pub applications: Vec<ApplicationView>,
    /// How much in all.
    pub applied: Money,
    /// What stays on account.
    pub unapplied: Money,
}

/// A credit, or a part of one, that was set against an invoice.
#[derive(Debug, Clone, Serialize)]
pub struct ApplicationView {
    /// The payment or credit note that it comes from.
    pub source: String,
    /// Which invoice.
    pub invoice_id: InvoiceId,
    /// The creditor's.
    pub invoice_number: String,
    /// How much.
    pub amount: Money,
    /// Why that one, in a sentence.
    pub why: String,
}

/// What became of a request to use what is on account.
#[derive(Debug, Clone)]
pub enum UseCredit {
    /// It was used.
    Used(CreditUsed),
    /// There is no such customer.
    Unknown,
    /// Nothing is on account in that currency.
    NothingOnAccount(Currency),
    /// Nothing is open in that currency that could take it.
    NothingOwed(Currency),
}

#[derive(Serialize)]
struct UseRow<'a> {
    source: &'a str,
    minor: i64,
}

#[derive(Serialize)]
struct AllocateRow<'a> {
    source: &'a str,
    nth: usize,
    invoice: &'a InvoiceId,
    amount_minor: i64,
    why: &'a str,
}

/// Uses what is on a customer's account for what is open, the oldest credit first, in the policy's order.
pub async fn use_credit(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    input: &ApplyCreditInput,
) -> Result<UseCredit> {
    let Some(own) = tx.find::<Own>(OWN_CURRENCY, params![customer.as_str()]).await? else {
        return Ok(UseCredit::Unknown);
    };
    let currency = input.currency.unwrap_or(own.currency);
    let credits = credits(tx, customer, currency).await?;
    let available = Money::checked_sum(currency, credits.iter().map(|credit| credit.left))?;
    if !available.is_positive() {
        return Ok(UseCredit::NothingOnAccount(currency));
    }
    let rules = open::rules(tx, moment, customer, currency).await?;
    let today = moment.now.date_naive();
    let mut open = open::open(tx, customer, currency, today, &rules).await?;
    open.retain(|invoice| input.invoices.is_empty() || input.invoices.contains(&invoice.id));
    if open.is_empty() {
        return Ok(UseCredit::NothingOwed(currency));
    }
    let most = input.amount.unwrap_or(available);
    let applied = apply_on_account(rules.order, &open, &credits, most)
        .map_err(|error| StoreError::Host(format!("{customer}: {error}")))?;
    store(tx, moment, &applied.applications).await?;
    post(tx, moment, customer, &applied.applications).await?;
    let used = available.checked_sub(applied.left)?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "credit_used",
        title: format!("{used} of credit used"),
        detail: format!("Set against what is open; {} stays on account.", applied.left),
        refers_to: None,
    };
    activities::record(tx, moment, &[activity]).await?;
    events::record(tx, moment, &told(customer, &applied.applications)).await?;
    follow(tx, moment, customer.clone()).await?;
    let numbers: BTreeMap<&InvoiceId, &str> = open
        .iter()
        .map(|invoice| (&invoice.id, invoice.number.as_str()))
        .collect();
    Ok(UseCredit::Used(CreditUsed {
        applications: applied
            .applications
            .iter()
            .map(|application| ApplicationView {
                source: source(&application.source).to_owned(),
                invoice_id: application.invoice.clone(),
                invoice_number: numbers
                    .get(&application.invoice)
                    .copied()
                    .unwrap_or_default()
                    .to_owned(),
                amount: application.amount,
                why: application.why.clone(),
            })
            .collect(),
        applied: used,
        unapplied: applied.left,
    }))
}

/// Puts the credit notes that were used for an invoice on account again, since nothing will be owed on it any more, and
/// answers how much that is. Whoever voids the invoice replans.
pub(crate) async fn free_credit(tx: &Tx<'_>, moment: Moment, invoice: &invoices::Standing) -> Result<Money> {
    let used: Vec<Used> = tx.list(USED_FROM_NOTES, params![invoice.id.as_str()]).await?;
    let currency = invoice.balance().currency();
    let freed = Money::checked_sum(currency, used.iter().map(|used| Money::new(used.minor, currency)))?;
    if !freed.is_positive() {
        return Ok(freed);
    }
    let (mut rows, mut entries) = (Vec::new(), Vec::new());
    for Used { note, minor } in &used {
        let back = Money::new(*minor, currency).checked_neg()?;
        rows.push(UseRow {
            source: note.as_str(),
            minor: back.minor(),
        });
        let of = (Kind::CreditNote, note.as_str());
        entries.extend(used_for(moment, &invoice.customer, of, &invoice.id, back)?);
    }
    postings::post(tx, moment, &entries).await?;
    tx.run(USE_CREDIT_NOTES, params![serde_json::to_string(&rows)?])
        .await?;
    let activity = Activity {
        customer_id: invoice.customer.clone(),
        kind: "credit_freed",
        title: format!("{freed} of credit is on account again"),
        detail: format!("It was used for invoice {}, which is void.", invoice.number),
        refers_to: Some(invoice.id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    Ok(freed)
}

async fn credits(tx: &Tx<'_>, customer: &CustomerId, currency: Currency) -> Result<Vec<Credit>> {
    let rows: Vec<CreditRow> = tx
        .list(CREDITS, params![customer.as_str(), currency.code()])
        .await?;
    let credits = rows.into_iter().filter_map(|row| {
        let payment = row.payment.map(CreditSource::Payment);
        Some(Credit {
            source: payment.or(row.credit_note.map(CreditSource::CreditNote))?,
            on: row.on,
            left: Money::new(row.left_minor, currency),
        })
    });
    Ok(credits.collect())
}

/// What the systems outside are told of the payments that were used.
fn told(customer: &CustomerId, applications: &[Application]) -> Vec<Event> {
    let mut payments: BTreeMap<&PaymentId, Vec<(&InvoiceId, Money)>> = BTreeMap::new();
    for application in applications {
        if let CreditSource::Payment(id) = &application.source {
            let parts = payments.entry(id).or_default();
            parts.push((&application.invoice, application.amount));
        }
    }
    let events = payments.into_iter();
    events
        .filter_map(|(id, parts)| super::record::applied(customer, id, parts))
        .collect()
}

fn source(source: &CreditSource) -> &str {
    match source {
        CreditSource::Payment(id) => id.as_str(),
        CreditSource::CreditNote(id) => id.as_str(),
    }
}

/// What was used is set against invoices, and is on account no more.
async fn store(tx: &Tx<'_>, moment: Moment, applications: &[Application]) -> Result<()> {
    let mut allocations = Vec::new();
    let (mut payments, mut notes) = (BTreeMap::new(), BTreeMap::new());
    for application in applications {
        let source = source(&application.source);
        let minor = application.amount.minor();
        let (uses, nth) = match application.source {
            CreditSource::Payment(_) => (&mut payments, true),
            CreditSource::CreditNote(_) => (&mut notes, false),
        };
        let (sum, count): &mut (i64, usize) = uses.entry(source).or_default();
        if nth {
            allocations.push(AllocateRow {
                source,
                nth: *count,
                invoice: &application.invoice,
                amount_minor: minor,
                why: &application.why,
            });
        }
        *sum = sum.saturating_add(minor);
        *count = count.saturating_add(1);
    }
    tx.run(
        ALLOCATE,
        params![moment.ms(), serde_json::to_string(&allocations)?],
    )
    .await?;
    for (sql, uses) in [(USE_PAYMENTS, payments), (USE_CREDIT_NOTES, notes)] {
        let rows: Vec<UseRow<'_>> = uses
            .into_iter()
            .map(|(source, (minor, _))| UseRow { source, minor })
            .collect();
        tx.run(sql, params![serde_json::to_string(&rows)?]).await?;
    }
    Ok(())
}

async fn post(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    applications: &[Application],
) -> Result<()> {
    let mut entries = Vec::new();
    for application in applications {
        let kind = match application.source {
            CreditSource::Payment(_) => Kind::Payment,
            CreditSource::CreditNote(_) => Kind::CreditNote,
        };
        let of = (kind, source(&application.source));
        entries.extend(used_for(
            moment,
            customer,
            of,
            &application.invoice,
            application.amount,
        )?);
    }
    postings::post(tx, moment, &entries).await
}

/// The two sides of credit that is used for an invoice: it owes less, and less is on account. Below zero it is the way back.
fn used_for(
    moment: Moment,
    customer: &CustomerId,
    (kind, source): (Kind, &str),
    invoice: &InvoiceId,
    amount: Money,
) -> Result<[Posting; 2]> {
    let sides = [(Some(invoice.clone()), amount.checked_neg()?), (None, amount)];
    Ok(sides.map(|(invoice, amount)| Posting {
        customer: customer.clone(),
        invoice,
        kind,
        amount,
        value_on: moment.now.date_naive(),
        source_id: source.to_owned(),
    }))
}

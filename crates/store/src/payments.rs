//! Payments: confirmed money, applied to invoices by the rules, reversed when it bounces.
//!
//! **Once.** A payment is known by (source, reference): the provider's payment id, or the reference that an API
//! client gives. The same again answers with what was done the first time.
//! **Adds up.** Allocations + unapplied + refunded + reversed = amount, by CHECK.

use crate::activities::{self, Activity};
use crate::customers::Directory;
use crate::db::{Db, Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Kind, Posting};
use chrono::NaiveDate;
use receivables::allocation::{
    Allocation, AllocationError, InvoiceRef, OpenInvoice, RemittanceLine, allocate,
};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::intake::CustomerRef;
use receivables::money::Money;
use receivables::policy::Policy;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

statements! {
    KNOWN = "SELECT json_object('id', id, 'content', content) FROM payments WHERE source = ? AND reference = ?";
    OPEN = "SELECT json_object('id', id, 'number', number, 'due_on', due_on, 'issue_on', issue_on,
            'balance_minor', balance_minor) FROM invoices
        WHERE customer_id = ? AND currency = ? AND balance_minor > 0";
    PAYER_BY_NUMBERS = "SELECT DISTINCT customer_id FROM invoices WHERE number IN (SELECT value FROM json_each(?))";
    PAYER_BY_IDS = "SELECT DISTINCT customer_id FROM invoices WHERE id IN (SELECT value FROM json_each(?))";
    INSERT = "INSERT INTO payments (id, customer_id, source, reference, method, received_on, currency,
            amount_minor, allocated_minor, unapplied_minor, content, why, created_at)
        VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    ALLOCATE = "INSERT INTO allocations (payment_id, position, invoice_id, amount_minor, why, created_at)
        SELECT ?1, ?2 + j.key, j.value->>'invoice', j.value->>'amount_minor', j.value->>'why', ?3
        FROM json_each(?4) AS j";
    ALLOCATED = "SELECT json_object('invoice', invoice_id, 'amount_minor', sum(amount_minor))
        FROM allocations WHERE payment_id = ? GROUP BY invoice_id HAVING sum(amount_minor) > 0";
    POSITIONS = "SELECT count(*) FROM allocations WHERE payment_id = ?";
    STANDING = "SELECT json_object('id', id, 'customer', customer_id, 'currency', currency,
            'amount_minor', amount_minor, 'unapplied_minor', unapplied_minor, 'reversed_minor', reversed_minor,
            'refunded_minor', refunded_minor) FROM payments WHERE id = ?";
    REVERSE = "UPDATE payments SET allocated_minor = 0, unapplied_minor = 0, reversed_minor = ?2 WHERE id = ?1";
    VIEW = "SELECT json_object('id', p.id, 'customer', p.customer_id, 'currency', p.currency,
            'amount_minor', p.amount_minor, 'allocated_minor', p.allocated_minor,
            'unapplied_minor', p.unapplied_minor, 'refunded_minor', p.refunded_minor,
            'reversed_minor', p.reversed_minor, 'received_on', p.received_on, 'method', p.method,
            'reference', p.reference, 'source', p.source, 'why', json(p.why), 'allocations',
            json((SELECT json_group_array(json_object('invoice_id', a.invoice_id, 'invoice_number', i.number,
                'amount_minor', a.amount_minor, 'why', a.why)) FROM allocations a
                JOIN invoices i ON i.id = a.invoice_id WHERE a.payment_id = p.id)))
        FROM payments p WHERE p.id = ?";
}

/// Money that has been confirmed, before it is applied.
#[derive(Debug, Clone, Serialize)]
pub struct Incoming {
    /// Where it was confirmed: `api`, or the payment provider's name.
    pub source: String,
    /// What the source calls it; (source, reference) is taken once.
    pub reference: String,
    /// Who paid, where known; else the invoices that the remittance names tell.
    pub customer: Option<CustomerRef>,
    /// How much.
    pub amount: Money,
    /// The civil day on which it arrived.
    pub received_on: NaiveDate,
    /// `card`, `bank_transfer`, ...
    pub method: String,
    /// What it is for, where said.
    pub remittance: Vec<RemittanceLine>,
}

/// What became of money that came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Recorded {
    /// New, and now in the ledger.
    Accepted(PaymentId),
    /// Known already, the same.
    Duplicate(PaymentId),
    /// The reference is known with other content.
    Conflict(PaymentId),
    /// The customer named does not exist.
    UnknownCustomer,
    /// The invoices named belong to several customers.
    SeveralCustomers,
}

#[derive(Deserialize)]
struct Existing {
    id: PaymentId,
    content: String,
}

#[derive(Deserialize)]
struct OpenRow {
    id: InvoiceId,
    number: String,
    due_on: NaiveDate,
    issue_on: NaiveDate,
    balance_minor: i64,
}

#[derive(Serialize)]
struct AllocationRow<'a> {
    invoice: &'a InvoiceId,
    amount_minor: i64,
    why: &'a str,
}

/// Takes a payment into the ledger and applies it: what the remittance names first, the rest to the oldest.
pub async fn record(tx: &Tx<'_>, moment: Moment, policy: &Policy, incoming: &Incoming) -> Result<Recorded> {
    let content = serde_json::to_string(incoming)?;
    let known: Option<Existing> = tx
        .find(
            KNOWN,
            params![incoming.source.as_str(), incoming.reference.as_str()],
        )
        .await?;
    if let Some(existing) = known {
        return Ok(match existing.content == content {
            true => Recorded::Duplicate(existing.id),
            false => Recorded::Conflict(existing.id),
        });
    }
    let payer = match payer(tx, incoming).await? {
        Payer::Known(customer) => Some(customer),
        Payer::Unidentified => None,
        Payer::Unknown => return Ok(Recorded::UnknownCustomer),
        Payer::Several => return Ok(Recorded::SeveralCustomers),
    };
    let allocation = match &payer {
        Some(customer) => apply(tx, customer, incoming).await?,
        None => Allocation {
            parts: Vec::new(),
            unapplied: incoming.amount,
            why: vec!["No customer is named and no invoice tells whose it is: kept unapplied.".to_owned()],
        },
    };
    let id = moment.id(PaymentId::from_parts)?;
    insert(tx, moment, &id, payer.as_ref(), incoming, &content, &allocation).await?;
    if let Some(customer) = payer {
        post(tx, moment, &id, &customer, incoming, &allocation).await?;
        dunning::replan(tx, moment, policy, &BTreeSet::from([customer])).await?;
    }
    Ok(Recorded::Accepted(id))
}

enum Payer {
    Known(CustomerId),
    Unidentified,
    Unknown,
    Several,
}

async fn payer(tx: &Tx<'_>, incoming: &Incoming) -> Result<Payer> {
    if let Some(reference) = &incoming.customer {
        let directory = Directory::load(tx, std::iter::once(reference)).await?;
        return Ok(directory
            .get(reference)
            .map_or(Payer::Unknown, |known| Payer::Known(known.id.clone())));
    }
    let (mut numbers, mut ids) = (Vec::new(), Vec::new());
    for line in &incoming.remittance {
        match &line.invoice {
            InvoiceRef::Number(number) => numbers.push(number.as_str()),
            InvoiceRef::Id(id) => ids.push(id.as_str()),
        }
    }
    let mut customers = BTreeSet::new();
    for (sql, keys) in [(PAYER_BY_NUMBERS, numbers), (PAYER_BY_IDS, ids)] {
        if !keys.is_empty() {
            for row in tx.rows(sql, params![serde_json::to_string(&keys)?]).await? {
                customers.insert(crate::customers::decode_id(row.text(0)?)?);
            }
        }
    }
    Ok(match customers.len() {
        0 => Payer::Unidentified,
        1 => customers
            .into_iter()
            .next()
            .map_or(Payer::Unidentified, Payer::Known),
        _ => Payer::Several,
    })
}

async fn apply(tx: &Tx<'_>, customer: &CustomerId, incoming: &Incoming) -> Result<Allocation> {
    let currency = incoming.amount.currency();
    let open: Vec<OpenInvoice> = tx
        .list::<OpenRow>(OPEN, params![customer.as_str(), currency.code()])
        .await?
        .into_iter()
        .map(|row| OpenInvoice {
            id: row.id,
            number: row.number,
            due_on: row.due_on,
            issue_on: row.issue_on,
            balance: Money::new(row.balance_minor, currency),
        })
        .collect();
    allocate(incoming.amount, &open, &incoming.remittance).map_err(refused)
}

fn refused(error: AllocationError) -> StoreError {
    StoreError::Host(format!("allocation: {error}"))
}

async fn insert(
    tx: &Tx<'_>,
    moment: Moment,
    id: &PaymentId,
    payer: Option<&CustomerId>,
    incoming: &Incoming,
    content: &str,
    allocation: &Allocation,
) -> Result<()> {
    let allocated = incoming.amount.checked_sub(allocation.unapplied)?;
    tx.run(
        INSERT,
        params![
            id.as_str(),
            payer.map(CustomerId::as_str),
            incoming.source.as_str(),
            incoming.reference.as_str(),
            incoming.method.as_str(),
            incoming.received_on.to_string(),
            incoming.amount.currency().code(),
            incoming.amount.minor(),
            allocated.minor(),
            allocation.unapplied.minor(),
            content,
            serde_json::to_string(&allocation.why)?,
            moment.ms(),
        ],
    )
    .await?;
    let rows: Vec<_> = allocation
        .parts
        .iter()
        .map(|part| AllocationRow {
            invoice: &part.invoice,
            amount_minor: part.amount.minor(),
            why: &part.why,
        })
        .collect();
    tx.run(
        ALLOCATE,
        params![id.as_str(), 0, moment.ms(), serde_json::to_string(&rows)?],
    )
    .await
}

async fn post(
    tx: &Tx<'_>,
    moment: Moment,
    id: &PaymentId,
    customer: &CustomerId,
    incoming: &Incoming,
    allocation: &Allocation,
) -> Result<()> {
    let on_account = (!allocation.unapplied.is_zero()).then_some((None, allocation.unapplied));
    let parts = allocation
        .parts
        .iter()
        .map(|part| (Some(part.invoice.clone()), part.amount))
        .chain(on_account);
    let entries = parts
        .map(|(invoice, amount)| {
            Ok(Posting {
                customer: customer.clone(),
                invoice,
                kind: Kind::Payment,
                amount: amount.checked_neg()?,
                value_on: incoming.received_on,
                source_id: id.to_string(),
            })
        })
        .collect::<Result<Vec<_>>>()?;
    postings::post(tx, moment, &entries).await?;
    let unapplied = match allocation.unapplied.is_zero() {
        true => String::new(),
        false => format!(" {} is unapplied.", allocation.unapplied),
    };
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "payment_received",
        title: format!("{} received", incoming.amount),
        detail: format!(
            "{} by {}, reference {}: applied to {} invoice(s).{unapplied}",
            incoming.source,
            incoming.method,
            incoming.reference,
            allocation.parts.len()
        ),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await
}

#[derive(Deserialize)]
struct Standing {
    customer: Option<CustomerId>,
    currency: Currency,
    amount_minor: i64,
    unapplied_minor: i64,
    reversed_minor: i64,
    refunded_minor: i64,
}

#[derive(Deserialize)]
struct Allocated {
    invoice: InvoiceId,
    amount_minor: i64,
}

/// What became of a request to reverse a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversed {
    /// Reversed; its invoices are open again.
    Done,
    /// It was reversed before.
    Already,
    /// There is no such payment.
    Unknown,
    /// A refund of it is on record.
    Refunded,
}

/// Takes a payment back out (bounced, charged back): reversing postings reopen what it had paid.
pub async fn reverse(
    tx: &Tx<'_>,
    moment: Moment,
    policy: &Policy,
    id: &PaymentId,
    reason: &str,
) -> Result<Reversed> {
    let Some(payment) = tx.find::<Standing>(STANDING, params![id.as_str()]).await? else {
        return Ok(Reversed::Unknown);
    };
    if payment.reversed_minor > 0 {
        return Ok(Reversed::Already);
    }
    if payment.refunded_minor > 0 {
        return Ok(Reversed::Refunded);
    }
    let allocated = tx.list::<Allocated>(ALLOCATED, params![id.as_str()]).await?;
    let taken_back = allocated
        .iter()
        .map(|part| {
            let amount = Money::new(part.amount_minor, payment.currency).checked_neg()?;
            Ok((&part.invoice, amount.minor()))
        })
        .collect::<Result<Vec<_>>>()?;
    let rows: Vec<_> = taken_back
        .iter()
        .map(|(invoice, amount_minor)| AllocationRow {
            invoice,
            amount_minor: *amount_minor,
            why: reason,
        })
        .collect();
    let position = tx
        .row(POSITIONS, params![id.as_str()])
        .await?
        .map_or(Ok(0), |row| row.int(0))?;
    tx.run(
        ALLOCATE,
        params![id.as_str(), position, moment.ms(), serde_json::to_string(&rows)?],
    )
    .await?;
    tx.run(REVERSE, params![id.as_str(), payment.amount_minor])
        .await?;
    let Some(customer) = payment.customer else {
        return Ok(Reversed::Done);
    };

    let on_account = (payment.unapplied_minor != 0).then_some((None, payment.unapplied_minor));
    let entries: Vec<Posting> = allocated
        .into_iter()
        .map(|part| (Some(part.invoice), part.amount_minor))
        .chain(on_account)
        .map(|(invoice, minor)| Posting {
            customer: customer.clone(),
            invoice,
            kind: Kind::PaymentReversal,
            amount: Money::new(minor, payment.currency),
            value_on: moment.now.date_naive(),
            source_id: id.to_string(),
        })
        .collect();
    postings::post(tx, moment, &entries).await?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "payment_reversed",
        title: format!("{} reversed", Money::new(payment.amount_minor, payment.currency)),
        detail: format!("{reason}. Its invoices are open again."),
        refers_to: Some(id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    dunning::replan(tx, moment, policy, &BTreeSet::from([customer])).await?;
    Ok(Reversed::Done)
}

/// A payment as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentView {
    /// Ours.
    pub id: PaymentId,
    /// Whose, where known.
    pub customer: Option<CustomerId>,
    /// `received` or `reversed`.
    pub status: &'static str,
    /// How much arrived.
    pub amount: Money,
    /// How much of it is set against invoices.
    pub allocated: Money,
    /// How much of it is not.
    pub unapplied: Money,
    /// How much was paid back.
    pub refunded: Money,
    /// The civil day on which it arrived.
    pub received_on: NaiveDate,
    /// How.
    pub method: String,
    /// Where it was confirmed.
    pub source: String,
    /// What the source calls it.
    pub reference: String,
    /// What it was set against; a reversal shows as a negative line.
    pub allocations: Vec<AllocationView>,
    /// How the money was applied, in sentences.
    pub why: Vec<String>,
}

/// One line of a [`PaymentView`].
#[derive(Debug, Clone, Serialize)]
pub struct AllocationView {
    /// Ours.
    pub invoice_id: InvoiceId,
    /// The creditor's.
    pub invoice_number: String,
    /// How much.
    pub amount: Money,
    /// The rule that put it there.
    pub why: String,
}

#[derive(Deserialize)]
struct ViewRow {
    id: PaymentId,
    customer: Option<CustomerId>,
    currency: Currency,
    amount_minor: i64,
    allocated_minor: i64,
    unapplied_minor: i64,
    refunded_minor: i64,
    reversed_minor: i64,
    received_on: NaiveDate,
    method: String,
    reference: String,
    source: String,
    why: Vec<String>,
    allocations: Vec<ViewAllocation>,
}

#[derive(Deserialize)]
struct ViewAllocation {
    invoice_id: InvoiceId,
    invoice_number: String,
    amount_minor: i64,
    why: String,
}

/// The payment as the API shows it.
pub async fn view(db: &Db, id: &PaymentId) -> Result<Option<PaymentView>> {
    let row: Option<ViewRow> = db.find(VIEW, params![id.as_str()]).await?;
    Ok(row.map(|row| {
        let money = |minor| Money::new(minor, row.currency);
        PaymentView {
            id: row.id,
            customer: row.customer,
            status: if row.reversed_minor > 0 {
                "reversed"
            } else {
                "received"
            },
            amount: money(row.amount_minor),
            allocated: money(row.allocated_minor),
            unapplied: money(row.unapplied_minor),
            refunded: money(row.refunded_minor),
            received_on: row.received_on,
            method: row.method,
            source: row.source,
            reference: row.reference,
            allocations: row
                .allocations
                .into_iter()
                .map(|part| AllocationView {
                    invoice_id: part.invoice_id,
                    invoice_number: part.invoice_number,
                    amount: money(part.amount_minor),
                    why: part.why,
                })
                .collect(),
            why: row.why,
        }
    }))
}

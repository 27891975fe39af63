//! Taking a payment in: whose it is, what it is for, where it goes.

use super::{AllocationRow, allocate_rows};
use crate::activities::{self, Activity};
use crate::charges;
use crate::customers::Directory;
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::{Result, StoreError};
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Kind, Posting};
use chrono::NaiveDate;
use receivables::allocation::{
    Allocation, AllocationError, InvoiceRef, OpenInvoice, Receipt, ReceivableKind, RemittanceLine, Rules,
    allocate, goes_through_banks,
};
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::intake::{CustomerRef, PaymentInput};
use receivables::money::Money;
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

impl Incoming {
    /// Money that somebody tells us of: over the API, or a billing system.
    pub fn told(source: &str, input: PaymentInput) -> Self {
        let remittance = input.remittance.into_iter().map(|line| RemittanceLine {
            invoice: InvoiceRef::Number(line.invoice_number),
            amount: line.amount,
        });
        Self {
            source: source.to_owned(),
            reference: input.reference,
            customer: input.customer,
            amount: input.amount,
            received_on: input.received_on,
            method: input.method,
            remittance: remittance.collect(),
        }
    }
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

/// Takes a payment into the ledger and applies it: what the remittance names first, the rest to the oldest.
pub async fn record(tx: &Tx<'_>, moment: Moment, incoming: &Incoming) -> Result<Recorded> {
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
            differences: Vec::new(),
            unapplied: incoming.amount,
            why: vec!["No customer is named and no invoice tells whose it is: kept unapplied.".to_owned()],
        },
    };
    let id = moment.id(PaymentId::from_parts)?;
    insert(tx, moment, &id, payer.as_ref(), incoming, &content, &allocation).await?;
    if let Some(customer) = payer {
        post(tx, moment, &id, &customer, incoming, &allocation).await?;
        let paid: BTreeSet<&InvoiceId> = allocation.parts.iter().map(|part| &part.invoice).collect();
        charges::correct(tx, moment, &paid).await?;
        dunning::replan(tx, moment, &BTreeSet::from([customer])).await?;
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
            kind: ReceivableKind::Invoice,
            parts: Vec::new(),
            discount: None,
        })
        .collect();
    let receipt = Receipt {
        amount: incoming.amount,
        remittance: &incoming.remittance,
        through_banks: goes_through_banks(&incoming.method),
    };
    allocate(&Rules::default(), &receipt, &open).map_err(refused)
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
    allocate_rows(tx, moment, id, 0, &rows).await
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

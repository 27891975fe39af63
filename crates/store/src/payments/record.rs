//! Taking a payment in: whose it is, what it is for, where it goes.

use super::{AllocationRow, allocate_rows, follow, let_go, open};
use crate::activities::{self, Activity};
use crate::customers::Directory;
use crate::db::{Tx, statements};
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::moment::Moment;
use crate::notices;
use crate::params;
use crate::postings::{self, Kind, Posting};
use chrono::NaiveDate;
use receivables::allocation::{
    Allocation, AllocationError, InvoiceRef, Order, Receipt, RemittanceLine, allocate, goes_through_banks,
};
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::intake::{CustomerRef, PaymentInput};
use receivables::money::Money;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeSet;

statements! {
    KNOWN = "SELECT json_object('id', id, 'content', content) FROM payments WHERE source = ? AND reference = ?";
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

/// Takes a payment into the ledger and applies it: what the remittance names first, the rest to the oldest.
pub async fn record(tx: &Tx<'_>, moment: Moment, incoming: &Incoming) -> Result<Recorded> {
    record_in_order(tx, moment, incoming, None).await
}

/// The same, but what the remittance does not name stays on account, whatever the policy says: somebody has decided.
pub(crate) async fn record_as_named(tx: &Tx<'_>, moment: Moment, incoming: &Incoming) -> Result<Recorded> {
    record_in_order(tx, moment, incoming, Some(Order::Remittance)).await
}

async fn record_in_order(
    tx: &Tx<'_>,
    moment: Moment,
    incoming: &Incoming,
    order: Option<Order>,
) -> Result<Recorded> {
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
        Some(customer) => apply(tx, moment, customer, incoming, order).await?,
        None => Allocation {
            parts: Vec::new(),
            differences: Vec::new(),
            unapplied: incoming.amount,
            why: vec!["No customer is named and no invoice tells whose it is: kept unapplied.".to_owned()],
        },
    };
    let id = moment.id(PaymentId::from_parts)?;
    insert(tx, moment, &id, payer.as_ref(), incoming, &content, &allocation).await?;
    tell(tx, moment, &id, payer.as_ref(), incoming, &allocation).await?;
    if let Some(customer) = payer {
        post(tx, moment, &id, &customer, incoming, &allocation).await?;
        follow(tx, moment, customer).await?;
        notices::thank(tx, moment, std::slice::from_ref(&id)).await?;
    }
    Ok(Recorded::Accepted(id))
}

/// What the systems outside are told of money that came in.
async fn tell(
    tx: &Tx<'_>,
    moment: Moment,
    id: &PaymentId,
    payer: Option<&CustomerId>,
    incoming: &Incoming,
    allocation: &Allocation,
) -> Result<()> {
    let about = received(id, incoming, allocation.unapplied);
    let Some(customer) = payer else {
        return events::record(tx, moment, &[Event::general("payment.received", about)]).await;
    };
    let mut told = vec![Event::new("payment.received", customer, about)];
    let parts = allocation.parts.iter().map(|part| (&part.invoice, part.amount));
    told.extend(applied(customer, id, parts));
    events::record(tx, moment, &told).await
}

/// What is told of a payment that came in.
pub(super) fn received(id: &PaymentId, incoming: &Incoming, unapplied: Money) -> serde_json::Value {
    json!({"payment": id, "amount": incoming.amount, "unapplied": unapplied, "method": incoming.method,
        "source": incoming.source, "reference": incoming.reference, "received_on": incoming.received_on})
}

/// What is told where a payment is set against invoices; an amount that is taken from one is negative.
pub(super) fn applied<'a>(
    customer: &CustomerId,
    payment: &PaymentId,
    parts: impl IntoIterator<Item = (&'a InvoiceId, Money)>,
) -> Option<Event> {
    let invoices: Vec<_> = parts
        .into_iter()
        .map(|(invoice, amount)| json!({"invoice": invoice, "amount": amount}))
        .collect();
    let about = json!({"payment": payment, "invoices": invoices});
    (!invoices.is_empty()).then(|| Event::new("payment.applied", customer, about))
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
    let mut customers = of_remittance(tx, &incoming.remittance).await?;
    Ok(match (customers.pop(), customers.is_empty()) {
        (None, _) => Payer::Unidentified,
        (Some(only), true) => Payer::Known(only),
        (Some(_), false) => Payer::Several,
    })
}

/// The customers whose invoices a remittance names.
pub(super) async fn of_remittance(tx: &Tx<'_>, remittance: &[RemittanceLine]) -> Result<Vec<CustomerId>> {
    let (mut numbers, mut ids) = (Vec::new(), Vec::new());
    for line in remittance {
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
    Ok(customers.into_iter().collect())
}

/// Where the money goes, under the rules of the policy that the customer's case is under.
async fn apply(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    incoming: &Incoming,
    order: Option<Order>,
) -> Result<Allocation> {
    let currency = incoming.amount.currency();
    let mut rules = open::rules(tx, moment, customer, currency).await?;
    rules.order = order.unwrap_or(rules.order);
    let open = open::open(tx, customer, currency, incoming.received_on, &rules).await?;
    let receipt = Receipt {
        amount: incoming.amount,
        remittance: &incoming.remittance,
        through_banks: goes_through_banks(&incoming.method),
    };
    allocate(&rules, &receipt, &open).map_err(refused)
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
    let let_go = allocation.differences.iter().map(|difference| &difference.why);
    let why: Vec<&String> = allocation.why.iter().chain(let_go).collect();
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
            serde_json::to_string(&why)?,
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
    let mut entries = parts
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
    let (let_go, mut log) = let_go::entries(customer, id, incoming.received_on, &allocation.differences)?;
    entries.extend(let_go);
    // What raises a balance first: on the way to its end it never falls below nothing.
    entries.sort_by_key(|entry| entry.amount.is_negative());
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
    log.insert(0, activity);
    activities::record(tx, moment, &log).await
}

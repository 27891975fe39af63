//! A payment as the API shows it.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::params;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::money::Money;
use serde::{Deserialize, Serialize};

statements! {
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

//! A payment as the API shows it.

use crate::db::{Db, statements};
use crate::error::Result;
use crate::instants::rfc3339;
use crate::params;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PaymentId, RefundId};
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
                JOIN invoices i ON i.id = a.invoice_id WHERE a.payment_id = p.id)), 'differences',
            json((SELECT json_group_array(json_object('invoice_id', d.invoice_id, 'invoice_number', i.number,
                'kind', d.kind, 'amount_minor', d.amount_minor)) FROM postings d
                JOIN invoices i ON i.id = d.invoice_id
                WHERE d.source_id = p.id AND d.kind IN ('discount', 'tolerance'))), 'chargebacks',
            json((SELECT json_group_array(json_object('reference', c.reference, 'amount_minor', c.amount_minor,
                'reason', c.reason, 'status', c.status, 'opened_ms', c.opened_at, 'closed_ms', c.closed_at))
                FROM chargebacks c WHERE c.payment_id = p.id)), 'refunds',
            json((SELECT json_group_array(json_object('id', r.id, 'amount_minor', r.amount_minor,
                'reason', r.reason, 'status', r.status, 'reference', r.provider_id, 'why', r.why,
                'requested_ms', r.created_at, 'settled_ms', r.settled_at))
                FROM refunds r WHERE r.payment_id = p.id)))
        FROM payments p WHERE p.id = ?";
    SOURCE = "SELECT source FROM payments WHERE id = ?";
}

/// A payment as the API shows it.
#[derive(Debug, Clone, Serialize)]
pub struct PaymentView {
    /// Ours.
    pub id: PaymentId,
    /// Whose, where known.
    pub customer: Option<CustomerId>,
    /// `received` while anything is left of it; else `reversed`, or `refunded` where all of it was paid back.
    pub status: &'static str,
    /// How much arrived.
    pub amount: Money,
    /// How much of it is set against invoices.
    pub allocated: Money,
    /// How much of it is not.
    pub unapplied: Money,
    /// How much was paid back.
    pub refunded: Money,
    /// How much bounced or was charged back.
    pub reversed: Money,
    /// The civil day on which it arrived.
    pub received_on: NaiveDate,
    /// How.
    pub method: String,
    /// Where it was confirmed.
    pub source: String,
    /// What the source calls it.
    pub reference: String,
    /// What it was set against; what was taken back shows as a negative line.
    pub allocations: Vec<AllocationView>,
    /// What was let go beside it, and what of that was taken back.
    pub differences: Vec<DifferenceView>,
    /// What the payer's bank demands back, or has demanded.
    pub chargebacks: Vec<ChargebackView>,
    /// What goes back, or has gone, through the provider that took it.
    pub refunds: Vec<RefundView>,
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

/// A discount or a small difference of a [`PaymentView`].
#[derive(Debug, Clone, Serialize)]
pub struct DifferenceView {
    /// Ours.
    pub invoice_id: InvoiceId,
    /// The creditor's.
    pub invoice_number: String,
    /// `discount` or `tolerance`.
    pub kind: String,
    /// How much, as posted: negative lowers what is owed.
    pub amount: Money,
}

/// A chargeback of a [`PaymentView`].
#[derive(Debug, Clone, Serialize)]
pub struct ChargebackView {
    /// What the provider calls it.
    pub reference: String,
    /// How much is demanded.
    pub amount: Money,
    /// The provider's word for why.
    pub reason: String,
    /// `open` while the bank decides; `won`; `lost`, and then taken back.
    pub status: String,
    /// When we heard of it, an RFC 3339 instant.
    pub opened_at: String,
    /// When we heard how it was decided.
    pub closed_at: Option<String>,
}

/// A refund of a [`PaymentView`].
#[derive(Debug, Clone, Serialize)]
pub struct RefundView {
    /// Ours; the provider's idempotency key.
    pub id: RefundId,
    /// How much.
    pub amount: Money,
    /// Why, as the person said who asked for it.
    pub reason: String,
    /// `requested` until the provider has said that it is `done` or `failed`.
    pub status: String,
    /// What the provider calls it, once it has said so.
    pub reference: Option<String>,
    /// Why it failed.
    pub why: Option<String>,
    /// When it was asked for, an RFC 3339 instant.
    pub requested_at: String,
    /// When we heard how it ended.
    pub settled_at: Option<String>,
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
    differences: Vec<ViewDifference>,
    chargebacks: Vec<ViewChargeback>,
    refunds: Vec<ViewRefund>,
}

impl ViewRow {
    fn status(&self) -> &'static str {
        if self.allocated_minor > 0 || self.unapplied_minor > 0 {
            "received"
        } else if self.reversed_minor > 0 {
            "reversed"
        } else {
            "refunded"
        }
    }
}

#[derive(Deserialize)]
struct ViewAllocation {
    invoice_id: InvoiceId,
    invoice_number: String,
    amount_minor: i64,
    why: String,
}

#[derive(Deserialize)]
struct ViewDifference {
    invoice_id: InvoiceId,
    invoice_number: String,
    kind: String,
    amount_minor: i64,
}

#[derive(Deserialize)]
struct ViewChargeback {
    reference: String,
    amount_minor: i64,
    reason: String,
    status: String,
    opened_ms: i64,
    closed_ms: Option<i64>,
}

#[derive(Deserialize)]
struct ViewRefund {
    id: RefundId,
    amount_minor: i64,
    reason: String,
    status: String,
    reference: Option<String>,
    why: Option<String>,
    requested_ms: i64,
    settled_ms: Option<i64>,
}

impl ViewRefund {
    fn shown(self, currency: Currency) -> Result<RefundView> {
        Ok(RefundView {
            id: self.id,
            amount: Money::new(self.amount_minor, currency),
            reason: self.reason,
            status: self.status,
            reference: self.reference,
            why: self.why,
            requested_at: rfc3339(self.requested_ms)?,
            settled_at: self.settled_ms.map(rfc3339).transpose()?,
        })
    }
}

/// Who confirmed a payment: a provider's name, `api`, ...
pub async fn source(db: &Db, id: &PaymentId) -> Result<Option<String>> {
    let row = db.row(SOURCE, params![id.as_str()]).await?;
    row.map(|row| Ok(row.text(0)?.to_owned())).transpose()
}

/// The payment as the API shows it.
pub async fn view(db: &Db, id: &PaymentId) -> Result<Option<PaymentView>> {
    let row: Option<ViewRow> = db.find(VIEW, params![id.as_str()]).await?;
    let Some(row) = row else { return Ok(None) };
    let money = |minor| Money::new(minor, row.currency);
    let status = row.status();
    let chargebacks = row
        .chargebacks
        .into_iter()
        .map(|chargeback| {
            Ok(ChargebackView {
                reference: chargeback.reference,
                amount: money(chargeback.amount_minor),
                reason: chargeback.reason,
                status: chargeback.status,
                opened_at: rfc3339(chargeback.opened_ms)?,
                closed_at: chargeback.closed_ms.map(rfc3339).transpose()?,
            })
        })
        .collect::<Result<_>>()?;
    let refunds = row.refunds.into_iter().map(|refund| refund.shown(row.currency));
    let refunds = refunds.collect::<Result<_>>()?;
    Ok(Some(PaymentView {
        id: row.id,
        customer: row.customer,
        status,
        amount: money(row.amount_minor),
        allocated: money(row.allocated_minor),
        unapplied: money(row.unapplied_minor),
        refunded: money(row.refunded_minor),
        reversed: money(row.reversed_minor),
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
        differences: row
            .differences
            .into_iter()
            .map(|difference| DifferenceView {
                invoice_id: difference.invoice_id,
                invoice_number: difference.invoice_number,
                kind: difference.kind,
                amount: money(difference.amount_minor),
            })
            .collect(),
        chargebacks,
        refunds,
        why: row.why,
    }))
}

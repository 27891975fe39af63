//! Taking a payment back out: bounced, or charged back.

use super::{AllocationRow, allocate_rows};
use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Kind, Posting};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::money::Money;
use receivables::policy::Policy;
use serde::Deserialize;
use std::collections::BTreeSet;

statements! {
    ALLOCATED = "SELECT json_object('invoice', invoice_id, 'amount_minor', sum(amount_minor))
        FROM allocations WHERE payment_id = ? GROUP BY invoice_id HAVING sum(amount_minor) > 0";
    POSITIONS = "SELECT count(*) FROM allocations WHERE payment_id = ?";
    STANDING = "SELECT json_object('id', id, 'customer', customer_id, 'currency', currency,
            'amount_minor', amount_minor, 'unapplied_minor', unapplied_minor, 'reversed_minor', reversed_minor,
            'refunded_minor', refunded_minor) FROM payments WHERE id = ?";
    REVERSE = "UPDATE payments SET allocated_minor = 0, unapplied_minor = 0, reversed_minor = ?2 WHERE id = ?1";
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
    allocate_rows(tx, moment, id, position, &rows).await?;
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

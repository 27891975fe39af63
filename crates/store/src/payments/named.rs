//! Money that was told of before the invoice that it names: on account until the invoice comes, then set against it.

use super::by_hand::{ByHand, reallocate_by};
use super::take_back::{by_id, held};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::money::Money;
use serde::Deserialize;

statements! {
    /// Payments of nobody known are among them: the invoice tells whose they are.
    NAMING = "SELECT json_object('id', p.id, 'amount', json(r.value->'amount'))
        FROM payments p, json_each(p.content, '$.remittance') AS r
        WHERE p.customer_id IS ?1 AND p.currency = ?2 AND p.unapplied_minor > 0 AND p.source = ?3
            AND r.value->>'$.invoice.number' = ?4";
}

#[derive(Deserialize)]
struct Row {
    id: PaymentId,
    amount: Option<Amount>,
}

#[derive(Deserialize)]
struct Amount {
    amount: String,
}

/// Sets what `source` told of as paid for this number, and is on account, against the invoice that bears it now, or is
/// open again.
pub async fn apply_named(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    customer: &CustomerId,
    invoice: &InvoiceId,
    number: &str,
    balance: Money,
) -> Result<()> {
    let currency = balance.currency();
    let mut found: Vec<Row> = Vec::new();
    for whose in [Some(customer.as_str()), None] {
        let parameters = params![whose, currency.code(), source, number];
        found.extend(tx.list::<Row>(NAMING, parameters).await?);
    }
    let mut owed = balance;
    for row in found {
        let Some(payment) = by_id(tx, &row.id).await? else {
            continue;
        };
        let before = held(tx, &row.id, currency).await?;
        let asked = row
            .amount
            .and_then(|amount| Money::parse(&amount.amount, currency).ok());
        let here = before.iter().find(|held| held.invoice == *invoice);
        let already = here.map_or(Money::zero(currency), |held| held.amount);
        let missing = match asked {
            Some(asked) => asked.checked_sub(already)?,
            None => owed,
        };
        let amount = missing.checked_min(payment.unapplied)?.checked_min(owed)?;
        if !amount.is_positive() {
            continue;
        }
        let line = |id: &InvoiceId, amount| RemittanceLine {
            invoice: InvoiceRef::Id(id.clone()),
            amount: Some(amount),
        };
        let kept = before.iter().filter(|held| held.invoice != *invoice);
        let kept = kept.map(|held| line(&held.invoice, held.amount));
        let wanted = kept.chain([line(invoice, already.checked_add(amount)?)]);
        let wanted: Vec<RemittanceLine> = wanted.collect();
        if reallocate_by(tx, moment, &row.id, &wanted, "as its remittance says").await? == ByHand::Done {
            owed = owed.checked_sub(amount)?;
        }
    }
    Ok(())
}

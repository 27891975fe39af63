//! A settlement's discount: posted when the lump sum has come, reversed when that money is taken back.

use super::Row;
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Kind, Posting};
use receivables::id::{InvoiceId, PlanId};
use receivables::money::Money;
use receivables::plan::Plan;
use serde::Deserialize;

statements! {
    LEFT = "SELECT json_object('plan', x.plan_id, 'invoice', i.id, 'minor', i.balance_minor)
        FROM plan_invoices x JOIN invoices i ON i.id = x.invoice_id
        WHERE x.plan_id IN (SELECT value FROM json_each(?)) AND i.balance_minor > 0 ORDER BY i.due_on, i.id";
    GIVEN = "SELECT json_object('plan', x.plan_id, 'invoice', l.invoice_id, 'minor', sum(l.amount_minor))
        FROM plan_invoices x JOIN postings l ON l.invoice_id = x.invoice_id AND l.source_id = x.plan_id
        WHERE x.plan_id IN (SELECT value FROM json_each(?)) AND l.kind = 'settlement'
        GROUP BY x.plan_id, l.invoice_id HAVING sum(l.amount_minor) <> 0";
}

#[derive(Deserialize)]
struct PartRow {
    plan: PlanId,
    invoice: InvoiceId,
    minor: i64,
}

fn posting(row: &Row, invoice: &InvoiceId, amount: Money, moment: Moment) -> Result<Posting> {
    Ok(Posting {
        customer: row.customer.clone(),
        invoice: Some(invoice.clone()),
        kind: Kind::Settlement,
        amount,
        value_on: row.today(moment)?,
        source_id: row.id.to_string(),
    })
}

/// Gives the discount of each completed settlement: what its invoices still owe, up to what was agreed, the oldest first.
pub(super) async fn give(tx: &Tx<'_>, moment: Moment, plans: &[(&Row, Plan)]) -> Result<()> {
    if plans.is_empty() {
        return Ok(());
    }
    let ids: Vec<&PlanId> = plans.iter().map(|(row, _)| &row.id).collect();
    let owing: Vec<PartRow> = tx.list(LEFT, params![serde_json::to_string(&ids)?]).await?;
    let mut entries = Vec::new();
    for (row, plan) in plans {
        let money = |minor| Money::new(minor, row.currency);
        let parts: Vec<&PartRow> = owing.iter().filter(|part| part.plan == row.id).collect();
        let balance = Money::checked_sum(row.currency, parts.iter().map(|part| money(part.minor)))?;
        let mut left = plan.discount_on(balance)?;
        for part in parts {
            let share = left.checked_min(money(part.minor))?;
            if share.is_positive() {
                left = left.checked_sub(share)?;
                entries.push(posting(row, &part.invoice, share.checked_neg()?, moment)?);
            }
        }
    }
    postings::post(tx, moment, &entries).await
}

/// Takes back what was given to settlements that are no longer completed.
pub(super) async fn take_back(tx: &Tx<'_>, moment: Moment, rows: &[&Row]) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let ids: Vec<&PlanId> = rows.iter().map(|row| &row.id).collect();
    let given: Vec<PartRow> = tx.list(GIVEN, params![serde_json::to_string(&ids)?]).await?;
    let mut entries = Vec::new();
    for row in rows {
        for part in given.iter().filter(|part| part.plan == row.id) {
            let amount = Money::new(part.minor, row.currency).checked_neg()?;
            entries.push(posting(row, &part.invoice, amount, moment)?);
        }
    }
    postings::post(tx, moment, &entries).await
}

//! Charges that waited for a reference rate.

use super::draft::{Draft, Outcome, accrued, book};
use super::{Facts, rule};
use crate::activities;
use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::rates;
use chrono::NaiveDate;
use receivables::charges::rates::{Rates, Series};
use receivables::id::{CustomerId, InvoiceId};
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

statements! {
    BLOCKED = "SELECT json_object('id', id, 'charged_on', charged_on, 'number', number, 'step', step, 'cycle', cycle,
            'value_on', value_on, 'rule', json(rule)) FROM charges
        WHERE series = ?1 AND status = 'blocked' AND id > ?2 ORDER BY id LIMIT ?3";
    RESOLVE = "UPDATE charges SET status = j.value->>'status', amount_minor = j.value->>'amount_minor',
            how = j.value->>'how', detail = j.value->'detail', series = j.value->>'series',
            missing_from = j.value->>'missing_from', missing_to = j.value->>'missing_to'
        FROM json_each(?) AS j WHERE charges.id = j.value->>'id'";
}

#[derive(Deserialize)]
struct BlockedRow {
    id: InvoiceId,
    charged_on: InvoiceId,
    number: String,
    step: String,
    cycle: String,
    value_on: NaiveDate,
    rule: Value,
}

/// Blocked charges resolved with one statement each way.
const BATCH: u32 = 500;

/// Posts the charges that waited for a rate of a series and need wait no more; answers how many. The others say what
/// they wait for now.
pub async fn unblock(tx: &Tx<'_>, moment: Moment, series: Series) -> Result<usize> {
    let rates = rates::load(tx).await?;
    let (mut after, mut posted) = (String::new(), 0_usize);
    loop {
        let rows: Vec<BlockedRow> = tx
            .list(BLOCKED, params![series.to_string(), after.as_str(), BATCH])
            .await?;
        let Some(last) = rows.last() else {
            return Ok(posted);
        };
        after = last.id.to_string();
        let resolved = resolve(tx, moment, &rows, &rates).await?;
        posted = posted.saturating_add(resolved);
    }
}

async fn resolve(tx: &Tx<'_>, moment: Moment, rows: &[BlockedRow], rates: &Rates) -> Result<usize> {
    let ids: BTreeSet<&InvoiceId> = rows.iter().map(|row| &row.charged_on).collect();
    let facts = Facts::load(tx, &ids.into_iter().collect::<Vec<_>>()).await?;
    // What earlier rows of this batch charge on the same invoice.
    let mut meanwhile: BTreeMap<&InvoiceId, Money> = BTreeMap::new();
    let mut drafts = Vec::new();
    for row in rows {
        let Some(on) = facts.get(&row.charged_on) else {
            continue;
        };
        let before = *meanwhile
            .entry(&row.charged_on)
            .or_insert(Money::zero(on.currency()));
        let charged = on.interest_charged(row.value_on)?.checked_add(before)?;
        let mut draft = Draft {
            id: row.id.clone(),
            customer: &on.customer,
            charged_on: &on.id,
            on_number: &on.number,
            number: row.number.clone(),
            kind: ReceivableKind::Interest,
            step: &row.step,
            cycle: &row.cycle,
            message: None,
            status: "posted",
            currency: on.currency().code(),
            amount: None,
            amount_minor: None,
            value_on: row.value_on,
            how: String::new(),
            detail: json!({}),
            rule: None,
            series: None,
            missing_from: None,
            missing_to: None,
        };
        match accrued(&rule(&row.rule)?, on, charged, row.value_on, rates)? {
            Outcome::Due(amount, how, detail) => {
                meanwhile.insert(&row.charged_on, before.checked_add(amount)?);
                (draft.how, draft.detail) = (how, detail);
                (draft.amount, draft.amount_minor) = (Some(amount), Some(amount.minor()));
            }
            Outcome::Missing(error) => {
                draft.how = error.to_string();
                draft.block(&error);
            }
            Outcome::Nothing => {
                draft.status = "reversed";
                draft.how = "nothing has accrued that was not charged before".to_owned();
            }
        }
        drafts.push(draft);
    }
    tx.run(RESOLVE, params![serde_json::to_string(&drafts)?]).await?;
    drafts.retain(|draft| draft.amount.is_some());
    let mut log = Vec::new();
    book(tx, moment, &drafts, &mut log).await?;
    activities::record(tx, moment, &log).await?;
    let concerned: BTreeSet<CustomerId> = drafts.iter().map(|draft| draft.customer.clone()).collect();
    dunning::replan(tx, moment, &concerned).await?;
    Ok(drafts.len())
}

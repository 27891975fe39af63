//! Invoices as a message lists them, read for a set at once.

use super::Listed;
use crate::db::{Db, statements};
use crate::error::{Result, StoreError};
use crate::owed::{OwedRow, owed_members};
use crate::params;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::id::InvoiceId;
use receivables::money::Money;
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

statements! {
    INVOICES = concat!("SELECT json_object('id', i.id, 'kind', i.kind, 'number', i.number, 'issue_on', i.issue_on,
            'due_on', i.due_on, 'total_minor', i.total_minor, ", owed_members!(), ")
        FROM invoices i WHERE i.id IN (SELECT value FROM json_each(?))");
}

#[derive(Deserialize)]
struct Row {
    id: InvoiceId,
    kind: String,
    number: String,
    issue_on: NaiveDate,
    due_on: NaiveDate,
    total_minor: i64,
    #[serde(flatten)]
    owed: OwedRow,
}

/// Invoices that messages may list, as they stand now.
pub(crate) struct Invoices(BTreeMap<InvoiceId, Row>);

impl Invoices {
    /// All that are `wanted`.
    pub(crate) async fn read(db: &Db, wanted: &BTreeSet<&InvoiceId>) -> Result<Self> {
        let rows: Vec<Row> = db.list(INVOICES, params![serde_json::to_string(wanted)?]).await?;
        Ok(Self(rows.into_iter().map(|row| (row.id.clone(), row)).collect()))
    }

    /// Those of `ids`, the first due first.
    pub(crate) fn lines(
        &self,
        ids: &[InvoiceId],
        currency: Currency,
        today: NaiveDate,
    ) -> Result<Vec<Listed>> {
        let mut lines = ids
            .iter()
            .map(|id| {
                let row = self.0.get(id);
                let row = row.ok_or_else(|| StoreError::Decode(format!("no invoice {id}")))?;
                Ok(Listed {
                    id: row.id.clone(),
                    number: row.number.clone(),
                    issue_on: row.issue_on,
                    due_on: row.due_on,
                    days_overdue: today.signed_duration_since(row.due_on).num_days(),
                    total: Money::new(row.total_minor, currency),
                    asked: row.owed.owed(currency).asked_on(today)?,
                    charge: row.kind != "invoice",
                })
            })
            .collect::<Result<Vec<_>>>()?;
        lines.sort_by(|a, b| (a.due_on, &a.number).cmp(&(b.due_on, &b.number)));
        Ok(lines)
    }
}

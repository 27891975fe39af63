//! What a customer's money may go to: open receivables as the allocation sees them, and the policy's rules for it.

use crate::db::{Tx, statements};
use crate::dunning;
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::allocation::{OpenInvoice, OpenPart, Rules};
use receivables::currency::Currency;
use receivables::discount::{self, DiscountTerm};
use receivables::id::{CustomerId, InvoiceId};
use receivables::money::Money;
use receivables::receivable::ReceivableKind;
use serde::Deserialize;

macro_rules! select_open {
    ($which:literal) => {
        concat!(
            "SELECT json_object('id', i.id, 'number', i.number, 'kind', i.kind, 'due_on', i.due_on,
                'issue_on', i.issue_on, 'total_minor', i.total_minor, 'balance_minor', i.balance_minor,
                'discount', json(i.content->'discount'), 'credited_minor',
                (SELECT coalesce(sum(p.amount_minor), 0) FROM postings p WHERE p.invoice_id = i.id
                    AND p.kind = 'credit_note' AND i.content->'discount' IS NOT NULL),
                'parts', json((SELECT json_group_array(json_object('due_on', n.due_on,
                    'balance_minor', n.balance_minor)) FROM instalments n
                    WHERE n.invoice_id = i.id AND n.balance_minor > 0)))
            FROM invoices i ",
            $which
        )
    };
}

statements! {
    OPEN = select_open!("WHERE i.customer_id = ? AND i.currency = ? AND i.balance_minor > 0");
    PAID = select_open!("WHERE i.id IN (SELECT value FROM json_each(?)) AND i.balance_minor = 0");
}

#[derive(Deserialize)]
struct Row {
    id: InvoiceId,
    number: String,
    kind: ReceivableKind,
    due_on: NaiveDate,
    issue_on: NaiveDate,
    total_minor: i64,
    balance_minor: i64,
    discount: Option<Vec<DiscountTerm>>,
    credited_minor: i64,
    parts: Vec<PartRow>,
}

#[derive(Deserialize)]
struct PartRow {
    due_on: NaiveDate,
    balance_minor: i64,
}

impl Row {
    /// As it takes money that arrives on `on`, with so many days of grace for its discount.
    fn open(self, currency: Currency, on: NaiveDate, grace_days: u32) -> Result<OpenInvoice> {
        let money = |minor| Money::new(minor, currency);
        let base = money(self.total_minor).checked_add(money(self.credited_minor))?;
        let terms = self.discount.unwrap_or_default();
        let offer = discount::on_offer(&terms, base, self.issue_on, on, grace_days)?;
        let mut parts: Vec<OpenPart> = self
            .parts
            .into_iter()
            .map(|part| OpenPart {
                due_on: part.due_on,
                balance: money(part.balance_minor),
            })
            .collect();
        parts.sort_by_key(|part| part.due_on);
        Ok(OpenInvoice {
            id: self.id,
            number: self.number,
            kind: self.kind,
            due_on: self.due_on,
            issue_on: self.issue_on,
            balance: money(self.balance_minor),
            parts,
            discount: offer.map(|offer| offer.amount),
        })
    }
}

/// What a customer owes in a currency, as it takes money that arrives on `on`.
pub(super) async fn open(
    tx: &Tx<'_>,
    customer: &CustomerId,
    currency: Currency,
    on: NaiveDate,
    rules: &Rules,
) -> Result<Vec<OpenInvoice>> {
    let rows: Vec<Row> = tx.list(OPEN, params![customer.as_str(), currency.code()]).await?;
    rows.into_iter()
        .map(|row| row.open(currency, on, rules.discount_grace_days))
        .collect()
}

/// Those of `invoices` that owe nothing any more.
pub(super) async fn paid(
    tx: &Tx<'_>,
    currency: Currency,
    invoices: &[&InvoiceId],
    on: NaiveDate,
) -> Result<Vec<OpenInvoice>> {
    let rows: Vec<Row> = tx.list(PAID, params![serde_json::to_string(invoices)?]).await?;
    rows.into_iter().map(|row| row.open(currency, on, 0)).collect()
}

/// What the policy that the customer's case in a currency is under says about money. Without a case nothing is owed,
/// and nothing needs a rule.
pub(super) async fn rules(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    currency: Currency,
) -> Result<Rules> {
    let cases = dunning::cases_of(tx, moment, &[customer]).await?;
    let case = cases.iter().find(|case| case.facts.currency == currency);
    Ok(case.map_or_else(Rules::default, |case| case.ruling.version.policy.cash.clone()))
}

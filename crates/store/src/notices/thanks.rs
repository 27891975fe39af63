//! Money is thanked for: once a payment, on the next day, so that one which is taken back the same day is not.
//!
//! What is told of long after it came is history that is taken in, and is not thanked for; nor is money whose payer
//! nobody knows, until somebody does.

use super::{Notice, When, queue};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use chrono::NaiveDate;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::id::{CustomerId, PaymentId};
use receivables::limits;
use receivables::money::Money;
use receivables::notice::{About, Part};
use serde::Deserialize;

/// What payment `$payment` is set against, as a JSON list: see [`PartRow`].
macro_rules! parts {
    ($payment:literal) => {
        concat!(
            "(SELECT json_group_array(json_object('number', number, 'minor', minor)) FROM (SELECT i.number,
                    sum(a.amount_minor) AS minor FROM allocations a JOIN invoices i ON i.id = a.invoice_id
                WHERE a.payment_id = ",
            $payment,
            " GROUP BY a.invoice_id HAVING sum(a.amount_minor) > 0 ORDER BY min(a.position)))"
        )
    };
}
pub(crate) use parts;

statements! {
    THANKED = concat!("SELECT json_object('id', p.id, 'customer', p.customer_id, 'currency', p.currency,
            'amount_minor', p.amount_minor, 'unapplied_minor', p.unapplied_minor, 'received_on', p.received_on,
            'parts', json(", parts!("p.id"), "))
        FROM payments p WHERE p.id IN (SELECT value FROM json_each(?1)) AND p.received_on >= ?2
            AND p.customer_id IS NOT NULL");
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct PartRow {
    number: String,
    minor: i64,
}

impl PartRow {
    pub(super) fn part(&self, currency: Currency) -> Part {
        Part {
            number: self.number.clone(),
            amount: Money::new(self.minor, currency),
        }
    }
}

#[derive(Deserialize)]
struct Row {
    id: PaymentId,
    customer: CustomerId,
    currency: Currency,
    amount_minor: i64,
    unapplied_minor: i64,
    received_on: NaiveDate,
    parts: Vec<PartRow>,
}

/// Queues thanks for payments that were recorded in this transaction, or whose payer was found in it.
pub(crate) async fn thank(tx: &Tx<'_>, moment: Moment, payments: &[PaymentId]) -> Result<()> {
    let since = calendar::plus_days(moment.now.date_naive(), limits::THANKS_DAYS.saturating_neg());
    let rows: Vec<Row> = tx
        .list(
            THANKED,
            params![serde_json::to_string(payments)?, since.to_string()],
        )
        .await?;
    let notices: Vec<Notice> = rows
        .iter()
        .map(|row| {
            let money = |minor| Money::new(minor, row.currency);
            let about = About::Payment {
                amount: money(row.amount_minor),
                received_on: row.received_on,
                applied: row.parts.iter().map(|part| part.part(row.currency)).collect(),
                unapplied: money(row.unapplied_minor),
            };
            let why = format!("{} came on {}", money(row.amount_minor), row.received_on);
            Notice::new(&row.customer, "payment_received", &row.id, about, why)
                .of(row.currency)
                .at(When::NextDay)
        })
        .collect();
    queue(tx, moment, &notices).await.map(drop)
}

//! What is let go beside a payment: discounts and small differences, each a posting and an activity of its own, and
//! reversed along with the money that they came with.

use crate::activities::Activity;
use crate::db::{Db, statements};
use crate::error::Result;
use crate::params;
use crate::postings::{Kind, Posting};
use chrono::NaiveDate;
use receivables::allocation::{Cause, Difference, Held, reversal};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::money::Money;
use serde::Deserialize;

statements! {
    LET_GO = "SELECT json_object('invoice', invoice_id, 'kind', kind, 'posted_minor', sum(amount_minor)) FROM postings
        WHERE source_id = ? AND kind IN ('discount', 'tolerance') GROUP BY invoice_id, kind
        HAVING sum(amount_minor) <> 0";
}

/// What a payment has had let go at an invoice and still has.
pub(super) struct LetGo {
    pub(super) invoice: InvoiceId,
    kind: Kind,
    /// As posted: negative lowers what is owed.
    posted: Money,
}

#[derive(Deserialize)]
struct Row {
    invoice: InvoiceId,
    kind: Kind,
    posted_minor: i64,
}

/// What a payment has had let go and still has.
pub(super) async fn of(db: &Db, payment: &PaymentId, currency: Currency) -> Result<Vec<LetGo>> {
    let rows: Vec<Row> = db.list(LET_GO, params![payment.as_str()]).await?;
    let let_go = rows.into_iter().map(|row| LetGo {
        invoice: row.invoice,
        kind: row.kind,
        posted: Money::new(row.posted_minor, currency),
    });
    Ok(let_go.collect())
}

impl LetGo {
    /// What reverses it when `taken` goes back from its invoice.
    pub(super) fn reversal(&self, taken: Money) -> Result<Money> {
        Ok(reversal(self.posted, taken)?)
    }
}

fn kind(cause: Cause) -> (Kind, &'static str, &'static str) {
    match cause {
        Cause::Discount => (Kind::Discount, "discount_taken", "early-payment discount"),
        Cause::Underpayment => (Kind::Tolerance, "difference_let_go", "under-payment let go"),
        Cause::BankCharge => (Kind::Tolerance, "difference_let_go", "bank charge let go"),
        Cause::Overpayment => (Kind::Tolerance, "difference_let_go", "over-payment kept"),
    }
}

/// The postings of what is let go, and the activities that say why.
pub(super) fn entries(
    customer: &CustomerId,
    payment: &PaymentId,
    on: NaiveDate,
    differences: &[Difference],
) -> Result<(Vec<Posting>, Vec<Activity>)> {
    let (mut entries, mut log) = (Vec::new(), Vec::new());
    for difference in differences {
        let (kind, activity, words) = kind(difference.cause);
        let amount = match difference.posted.is_negative() {
            true => difference.posted.checked_neg()?,
            false => difference.posted,
        };
        entries.push(Posting {
            customer: customer.clone(),
            invoice: Some(difference.invoice.clone()),
            kind,
            amount: difference.posted,
            value_on: on,
            source_id: payment.to_string(),
        });
        log.push(Activity {
            customer_id: customer.clone(),
            kind: activity,
            title: format!("{amount} {words}"),
            detail: format!("{}.", difference.why),
            refers_to: Some(payment.to_string()),
        });
    }
    Ok((entries, log))
}

/// The postings that reverse what was let go at the invoices that money goes back from.
pub(super) fn reversals(
    customer: &CustomerId,
    payment: &PaymentId,
    on: NaiveDate,
    let_go: &[LetGo],
    taken: &[Held],
) -> Result<Vec<Posting>> {
    let mut entries = Vec::new();
    for gone in let_go {
        let Some(held) = taken.iter().find(|held| held.invoice == gone.invoice) else {
            continue;
        };
        let amount = gone.reversal(held.amount)?;
        if !amount.is_zero() {
            entries.push(Posting {
                customer: customer.clone(),
                invoice: Some(gone.invoice.clone()),
                kind: gone.kind,
                amount,
                value_on: on,
                source_id: payment.to_string(),
            });
        }
    }
    Ok(entries)
}

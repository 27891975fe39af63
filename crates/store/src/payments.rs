//! Payments: confirmed money, applied to invoices by the rules, taken back when it goes back.
//!
//! **Once.** A payment is known by (source, reference): the provider's payment id, or the reference that an API
//! client gives. The same again answers with what was done the first time.
//! **Adds up.** Allocations + unapplied + refunded + reversed = amount, by CHECK.

mod by_hand;
mod let_go;
mod named;
mod on_account;
mod open;
mod record;
mod settled;
mod take_back;
mod view;

pub(crate) use by_hand::reallocate_by;
pub use by_hand::{ByHand, reallocate, refund, refund_through};
pub use named::apply_named;
pub(crate) use on_account::free_credit;
pub use on_account::{ApplicationView, CreditUsed, UseCredit, use_credit};
pub(crate) use record::record_as_named;
pub use record::{Incoming, Recorded, record};
pub(crate) use settled::{Settled, record_settled};
pub use take_back::{Cause, Reversed, Standing, by_id, by_reference, give_back, left, reverse, take_back};
pub use view::{AllocationView, ChargebackView, DifferenceView, PaymentView, RefundView, source, view};

use crate::consequences;
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use serde::Serialize;
use std::collections::BTreeSet;

statements! {
    ALLOCATE = "INSERT INTO allocations (payment_id, position, invoice_id, amount_minor, why, created_at)
        SELECT ?1, ?2 + j.key, j.value->>'invoice', j.value->>'amount_minor', j.value->>'why', ?3
        FROM json_each(?4) AS j";
    POSITIONS = "SELECT count(*) FROM allocations WHERE payment_id = ?";
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [
        ALL,
        by_hand::ALL,
        let_go::ALL,
        named::ALL,
        on_account::ALL,
        open::ALL,
        record::ALL,
        settled::ALL,
        take_back::ALL,
        view::ALL,
    ]
    .concat()
}

#[derive(Serialize)]
struct AllocationRow<'a> {
    invoice: &'a InvoiceId,
    amount_minor: i64,
    why: &'a str,
}

/// Sets parts of a payment against invoices, after the `position` lines that it has already.
async fn allocate_rows(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &PaymentId,
    position: i64,
    rows: &[AllocationRow<'_>],
) -> Result<()> {
    let rows = serde_json::to_string(rows)?;
    tx.run(ALLOCATE, params![payment.as_str(), position, moment.ms(), rows])
        .await
}

/// How many lines a payment has.
async fn positions(tx: &Tx<'_>, payment: &PaymentId) -> Result<i64> {
    tx.row(POSITIONS, params![payment.as_str()])
        .await?
        .map_or(Ok(0), |row| row.int(0))
}

/// What follows from a customer's money that has moved, however it did.
async fn follow(tx: &Tx<'_>, moment: Moment, customer: CustomerId) -> Result<()> {
    consequences::of_money(tx, moment, &BTreeSet::from([customer])).await
}

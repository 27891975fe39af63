//! Money that goes back: a refund, a chargeback that was lost, a payment that bounced. Reversing postings reopen
//! exactly what it had paid.

use super::{AllocationRow, allocate_rows, follow, let_go, positions};
use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::moment::Moment;
use crate::params;
use crate::postings::{self, Kind, Posting};
use receivables::allocation::{self, Held};
use receivables::currency::Currency;
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::money::Money;
use serde::Deserialize;
use serde_json::json;

statements! {
    HELD = "SELECT json_object('invoice', invoice_id, 'amount_minor', sum(amount_minor))
        FROM allocations WHERE payment_id = ? GROUP BY invoice_id HAVING sum(amount_minor) > 0
        ORDER BY min(position)";
    BY_ID = "SELECT json_object('id', id, 'customer', customer_id, 'currency', currency,
            'allocated_minor', allocated_minor, 'unapplied_minor', unapplied_minor,
            'reversed_minor', reversed_minor, 'refunded_minor', refunded_minor) FROM payments WHERE id = ?";
    BY_REFERENCE = "SELECT json_object('id', id, 'customer', customer_id, 'currency', currency,
            'allocated_minor', allocated_minor, 'unapplied_minor', unapplied_minor,
            'reversed_minor', reversed_minor, 'refunded_minor', refunded_minor)
        FROM payments WHERE source = ? AND reference = ?";
    TAKE = "UPDATE payments SET unapplied_minor = unapplied_minor - ?2, allocated_minor = allocated_minor - ?3,
            refunded_minor = refunded_minor + ?4, reversed_minor = reversed_minor + ?5 WHERE id = ?1";
    GIVE = "UPDATE payments SET unapplied_minor = unapplied_minor + ?2 + ?3, refunded_minor = refunded_minor - ?2,
            reversed_minor = reversed_minor - ?3 WHERE id = ?1";
}

#[derive(Deserialize)]
struct StandingRow {
    id: PaymentId,
    customer: Option<CustomerId>,
    currency: Currency,
    allocated_minor: i64,
    unapplied_minor: i64,
    reversed_minor: i64,
    refunded_minor: i64,
}

/// A payment, as far as money that goes back is concerned.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Ours.
    pub id: PaymentId,
    /// Whose, where known.
    pub customer: Option<CustomerId>,
    /// What is left of it, applied or not.
    pub left: Money,
    /// How much of that is on account.
    pub unapplied: Money,
    /// How much was refunded.
    pub refunded: Money,
    /// How much bounced or was charged back.
    pub reversed: Money,
}

impl StandingRow {
    fn standing(self) -> Result<Standing> {
        let money = |minor| Money::new(minor, self.currency);
        Ok(Standing {
            id: self.id,
            customer: self.customer,
            left: money(self.allocated_minor).checked_add(money(self.unapplied_minor))?,
            unapplied: money(self.unapplied_minor),
            refunded: money(self.refunded_minor),
            reversed: money(self.reversed_minor),
        })
    }
}

/// The payment that a source calls `reference`.
pub async fn by_reference(tx: &Tx<'_>, source: &str, reference: &str) -> Result<Option<Standing>> {
    let row: Option<StandingRow> = tx.find(BY_REFERENCE, params![source, reference]).await?;
    row.map(StandingRow::standing).transpose()
}

/// The payment of an id.
pub async fn by_id(tx: &Tx<'_>, id: &PaymentId) -> Result<Option<Standing>> {
    let row: Option<StandingRow> = tx.find(BY_ID, params![id.as_str()]).await?;
    row.map(StandingRow::standing).transpose()
}

/// What is left of a payment, applied or not.
pub async fn left(tx: &Tx<'_>, id: &PaymentId) -> Result<Option<Money>> {
    Ok(by_id(tx, id).await?.map(|standing| standing.left))
}

/// Why money goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// We have paid it back.
    Refund,
    /// The payer's bank has taken it back.
    Chargeback,
    /// It never really came: a direct debit or cheque that bounced.
    Bounce,
}

impl Cause {
    /// The posting's kind, the activity's, and the activity's words.
    fn names(self) -> (Kind, &'static str, &'static str) {
        match self {
            Self::Refund => (Kind::Refund, "payment_refunded", "refunded"),
            Self::Chargeback => (Kind::PaymentReversal, "payment_charged_back", "charged back"),
            Self::Bounce => (Kind::PaymentReversal, "payment_reversed", "reversed"),
        }
    }
}

impl Cause {
    /// What the systems outside are told.
    fn event(self, customer: &CustomerId, payment: &Standing, amount: Money, reason: &str) -> Event {
        let (id, chargeback) = (&payment.id, self == Self::Chargeback);
        match self {
            Self::Refund => Event::new(
                "payment.refunded",
                customer,
                json!({"payment": id, "amount": amount, "reason": reason}),
            ),
            Self::Chargeback | Self::Bounce => Event::new(
                "payment.reversed",
                customer,
                json!({"payment": id, "amount": amount, "reason": reason, "chargeback": chargeback}),
            ),
        }
    }
}

/// Takes `amount` back out of a payment, or as much of it as is left, and answers how much that was.
pub async fn take_back(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &Standing,
    amount: Money,
    cause: Cause,
    reason: &str,
) -> Result<Money> {
    let amount = amount.checked_min(payment.left)?;
    if !amount.is_positive() {
        return Ok(amount);
    }
    let currency = amount.currency();
    let held = held(tx, &payment.id, currency).await?;
    let taken = allocation::take_back(amount, payment.unapplied, &held)
        .map_err(|error| StoreError::Host(format!("{}: {error}", payment.id)))?;
    unallocate(tx, moment, &payment.id, &taken.parts, reason).await?;
    let applied = amount.checked_sub(taken.unapplied)?.minor();
    let (refunded, reversed) = match cause {
        Cause::Refund => (amount.minor(), 0),
        Cause::Chargeback | Cause::Bounce => (0, amount.minor()),
    };
    tx.run(
        TAKE,
        params![
            payment.id.as_str(),
            taken.unapplied.minor(),
            applied,
            refunded,
            reversed
        ],
    )
    .await?;
    if let Some(customer) = &payment.customer {
        let (today, let_go) = (
            moment.now.date_naive(),
            let_go::of(tx, &payment.id, currency).await?,
        );
        let reversals = let_go::reversals(customer, &payment.id, today, &let_go, &taken.parts)?;
        let on_account = (!taken.unapplied.is_zero()).then_some((None, taken.unapplied));
        let reopened = taken.parts.len();
        let parts = taken
            .parts
            .into_iter()
            .map(|part| (Some(part.invoice), part.amount))
            .chain(on_account);
        let (kind, activity, verb) = cause.names();
        let entries: Vec<Posting> = parts
            .map(|(invoice, amount)| Posting {
                customer: customer.clone(),
                invoice,
                kind,
                amount,
                value_on: today,
                source_id: payment.id.to_string(),
            })
            .chain(reversals)
            .collect();
        postings::post(tx, moment, &entries).await?;
        let activity = Activity {
            customer_id: customer.clone(),
            kind: activity,
            title: format!("{amount} {verb}"),
            detail: format!(
                "{reason}. {reopened} invoice(s) open again, {} off the account.",
                taken.unapplied
            ),
            refers_to: Some(payment.id.to_string()),
        };
        activities::record(tx, moment, &[activity]).await?;
        events::record(tx, moment, &[cause.event(customer, payment, amount, reason)]).await?;
        follow(tx, moment, customer.clone()).await?;
    }
    Ok(amount)
}

/// Puts money on account again that had gone back and has returned: a refund that failed, a chargeback that was won
/// after all. No more than had gone back for that cause; answers how much that was.
pub async fn give_back(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &Standing,
    amount: Money,
    cause: Cause,
    reason: &str,
) -> Result<Money> {
    let gone = match cause {
        Cause::Refund => payment.refunded,
        Cause::Chargeback | Cause::Bounce => payment.reversed,
    };
    let amount = amount.checked_min(gone)?;
    if !amount.is_positive() {
        return Ok(amount);
    }
    let (refunded, reversed) = match cause {
        Cause::Refund => (amount.minor(), 0),
        Cause::Chargeback | Cause::Bounce => (0, amount.minor()),
    };
    tx.run(GIVE, params![payment.id.as_str(), refunded, reversed])
        .await?;
    let Some(customer) = &payment.customer else {
        return Ok(amount);
    };
    let (kind, ..) = cause.names();
    let posting = Posting {
        customer: customer.clone(),
        invoice: None,
        kind,
        amount: amount.checked_neg()?,
        value_on: moment.now.date_naive(),
        source_id: payment.id.to_string(),
    };
    postings::post(tx, moment, &[posting]).await?;
    let activity = Activity {
        customer_id: customer.clone(),
        kind: "payment_restored",
        title: format!("{amount} on account again"),
        detail: format!("{reason}."),
        refers_to: Some(payment.id.to_string()),
    };
    activities::record(tx, moment, &[activity]).await?;
    follow(tx, moment, customer.clone()).await?;
    Ok(amount)
}

#[derive(Deserialize)]
struct HeldRow {
    invoice: InvoiceId,
    amount_minor: i64,
}

/// What a payment is set against now, in the order in which the invoices got it.
pub(super) async fn held(tx: &Tx<'_>, payment: &PaymentId, currency: Currency) -> Result<Vec<Held>> {
    let rows: Vec<HeldRow> = tx.list(HELD, params![payment.as_str()]).await?;
    let held = rows.into_iter().map(|row| Held {
        invoice: row.invoice,
        amount: Money::new(row.amount_minor, currency),
    });
    Ok(held.collect())
}

/// What was set against invoices is never changed: lines with the other sign follow it.
async fn unallocate(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &PaymentId,
    parts: &[Held],
    reason: &str,
) -> Result<()> {
    let rows = parts
        .iter()
        .map(|part| {
            Ok(AllocationRow {
                invoice: &part.invoice,
                amount_minor: part.amount.checked_neg()?.minor(),
                why: reason,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    allocate_rows(tx, moment, payment, positions(tx, payment).await?, &rows).await
}

/// What became of a request to reverse a payment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reversed {
    /// What was left of it is reversed; its invoices are open again.
    Done,
    /// It was reversed before.
    Already,
    /// There is no such payment.
    Unknown,
    /// All of it was refunded.
    Refunded,
}

/// Takes all that is left of a payment back out: it bounced.
pub async fn reverse(tx: &Tx<'_>, moment: Moment, id: &PaymentId, reason: &str) -> Result<Reversed> {
    let Some(payment) = by_id(tx, id).await? else {
        return Ok(Reversed::Unknown);
    };
    if payment.left.is_positive() {
        take_back(tx, moment, &payment, payment.left, Cause::Bounce, reason).await?;
        return Ok(Reversed::Done);
    }
    Ok(match payment.reversed.is_positive() {
        true => Reversed::Already,
        false => Reversed::Refunded,
    })
}

//! What a person does with money that is there: says anew what it is for, or has it paid back.

use super::let_go::{self, LetGo};
use super::take_back::{Cause, by_id, held, take_back};
use super::{AllocationRow, allocate_rows, follow, open, positions};
use crate::activities::{self, Activity};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::events;
use crate::moment::Moment;
use crate::notices;
use crate::params;
use crate::postings::{self, Kind, Posting};
use crate::refunds;
use receivables::allocation::{self, Held, OpenInvoice, RemittanceLine, Rules};
use receivables::fields::FieldError;
use receivables::id::{CustomerId, PaymentId};
use receivables::intake::RefundInput;
use receivables::money::Money;

statements! {
    SET = "UPDATE payments SET allocated_minor = ?2, unapplied_minor = ?3, customer_id = ?4 WHERE id = ?1";
}

/// What became of a request about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ByHand {
    /// It is done.
    Done,
    /// There is no such payment.
    Unknown,
    /// It cannot be done as asked, for these reasons.
    Refused(Vec<FieldError>),
    /// Nothing of the payment is on account, so there is nothing to pay back.
    NothingOnAccount,
}

/// Sets what is left of a payment against the invoices of `wanted` and no others. What was let go beside it at an
/// invoice that gets more or less than before is taken back, and nothing new is let go: a person says what is meant. A
/// payment of nobody known becomes that of the customer whose invoices they are.
pub async fn reallocate(
    tx: &Tx<'_>,
    moment: Moment,
    id: &PaymentId,
    wanted: &[RemittanceLine],
) -> Result<ByHand> {
    reallocate_by(tx, moment, id, wanted, "by hand").await
}

/// The same; `how` it comes about is said: "set by hand".
pub(crate) async fn reallocate_by(
    tx: &Tx<'_>,
    moment: Moment,
    id: &PaymentId,
    wanted: &[RemittanceLine],
    how: &str,
) -> Result<ByHand> {
    let Some(payment) = by_id(tx, id).await? else {
        return Ok(ByHand::Unknown);
    };
    let known = payment.customer.clone();
    let customer = match &known {
        Some(customer) => customer.clone(),
        None => match super::record::of_remittance(tx, wanted).await?.as_slice() {
            [only] => only.clone(),
            _ => return Ok(ByHand::Refused(vec![whose()])),
        },
    };
    let (currency, today) = (payment.left.currency(), moment.now.date_naive());
    let before = held(tx, id, currency).await?;
    let gone = let_go::of(tx, id, currency).await?;
    let mut open = open::open(tx, &customer, currency, today, &Rules::default()).await?;
    let invoices: Vec<_> = before.iter().map(|held| &held.invoice).collect();
    open.extend(open::paid(tx, currency, &invoices, today).await?);
    for invoice in &mut open {
        owe_again(invoice, &gone, &before)?;
    }
    let new = match allocation::reallocate(payment.left, &before, &open, wanted) {
        Ok(new) => new,
        Err(errors) => return Ok(ByHand::Refused(errors)),
    };
    if new.changes.is_empty() && known.is_some() {
        return Ok(ByHand::Done);
    }
    // Of an invoice that keeps what it has, what was let go is kept too.
    let changed: Vec<Held> = before
        .into_iter()
        .filter(|held| new.changes.iter().any(|change| change.invoice == held.invoice))
        .collect();
    let mut entries = Vec::new();
    let entry = |invoice, amount| Posting {
        customer: customer.clone(),
        invoice,
        kind: Kind::Payment,
        amount,
        value_on: today,
        source_id: id.to_string(),
    };
    if known.is_none() {
        entries.push(entry(None, payment.unapplied.checked_neg()?));
    }
    let (taken, given): (Vec<_>, Vec<_>) = new.changes.iter().partition(|change| change.amount.is_negative());
    for change in taken {
        entries.push(entry(Some(change.invoice.clone()), change.amount.checked_neg()?));
    }
    entries.extend(let_go::reversals(&customer, id, today, &gone, &changed)?);
    for change in given {
        entries.push(entry(Some(change.invoice.clone()), change.amount.checked_neg()?));
    }
    let on_account = payment.unapplied.checked_sub(new.unapplied)?;
    if !on_account.is_zero() {
        entries.push(entry(None, on_account));
    }
    let why = format!("set {how}");
    let rows: Vec<AllocationRow<'_>> = new
        .changes
        .iter()
        .map(|change| AllocationRow {
            invoice: &change.invoice,
            amount_minor: change.amount.minor(),
            why: &why,
        })
        .collect();
    allocate_rows(tx, moment, id, positions(tx, id).await?, &rows).await?;
    let allocated = payment.left.checked_sub(new.unapplied)?;
    tx.run(
        SET,
        params![
            id.as_str(),
            allocated.minor(),
            new.unapplied.minor(),
            customer.as_str()
        ],
    )
    .await?;
    postings::post(tx, moment, &entries).await?;
    activities::record(tx, moment, &[told(&customer, id, how, allocated, new.unapplied)]).await?;
    let changes = new.changes.iter().map(|change| (&change.invoice, change.amount));
    let event = super::record::applied(&customer, id, changes);
    events::record(tx, moment, event.as_slice()).await?;
    follow(tx, moment, customer).await?;
    if known.is_none() {
        notices::thank(tx, moment, std::slice::from_ref(id)).await?;
    }
    Ok(ByHand::Done)
}

/// What an invoice owes once what was let go beside the payment is taken back, along with all of the payment.
fn owe_again(invoice: &mut OpenInvoice, gone: &[LetGo], held: &[Held]) -> Result<()> {
    let Some(held) = held.iter().find(|held| held.invoice == invoice.id) else {
        return Ok(());
    };
    for gone in gone.iter().filter(|gone| gone.invoice == invoice.id) {
        invoice.balance = invoice.balance.checked_add(gone.reversal(held.amount)?)?;
    }
    Ok(())
}

fn whose() -> FieldError {
    let detail = "nobody is known to have paid this: name invoices of one customer";
    FieldError::new("/allocations", "several_customers", detail)
}

fn told(customer: &CustomerId, id: &PaymentId, how: &str, allocated: Money, unapplied: Money) -> Activity {
    Activity {
        customer_id: customer.clone(),
        kind: "payment_reallocated",
        title: "Payment set against other invoices".to_owned(),
        detail: format!("Set {how}: {allocated} against invoices, {unapplied} on account."),
        refers_to: Some(id.to_string()),
    }
}

/// Records that what is on account of a payment, or a part of it, was paid back.
pub async fn refund(tx: &Tx<'_>, moment: Moment, id: &PaymentId, input: &RefundInput) -> Result<ByHand> {
    back(tx, moment, id, input, None).await
}

/// The same through the `provider` that took the payment: it is set aside now, and [`refunds`] has the provider pay it.
pub async fn refund_through(
    tx: &Tx<'_>,
    moment: Moment,
    id: &PaymentId,
    input: &RefundInput,
    provider: &str,
) -> Result<ByHand> {
    back(tx, moment, id, input, Some(provider)).await
}

async fn back(
    tx: &Tx<'_>,
    moment: Moment,
    id: &PaymentId,
    input: &RefundInput,
    provider: Option<&str>,
) -> Result<ByHand> {
    let Some(payment) = by_id(tx, id).await? else {
        return Ok(ByHand::Unknown);
    };
    let amount = input.amount.unwrap_or(payment.unapplied);
    if !payment.unapplied.is_positive() {
        return Ok(ByHand::NothingOnAccount);
    }
    let refused = |code, detail: String| ByHand::Refused(vec![FieldError::new("/amount", code, detail)]);
    match payment.unapplied.checked_sub(amount) {
        Err(error) => return Ok(refused(error.code(), error.to_string())),
        Ok(rest) if rest.is_negative() => {
            let detail = format!("{amount} is more than the {} on account", payment.unapplied);
            return Ok(refused("more_than_amount", detail));
        }
        Ok(_) => {}
    }
    if let Some(provider) = provider {
        refunds::request(tx, moment, &payment, provider, amount, &input.reason).await?;
    }
    take_back(tx, moment, &payment, amount, Cause::Refund, &input.reason).await?;
    Ok(ByHand::Done)
}

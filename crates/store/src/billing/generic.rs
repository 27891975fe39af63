//! Events in our own words, of any billing system that signs after Standard Webhooks.
//!
//! **Order.** An event may come before the one that it builds on: an invoice before its customer, a void before its
//! invoice. It then waits, and takes effect in the transaction that brings what it waits for, by webhook or API. Money
//! does not wait: what is paid for an invoice that has not come is on account until it does. Of what is said of one
//! customer, the latest `timestamp` counts.

use super::{Applied, in_words, number_taken, objects, older};
use crate::customers::Directory;
use crate::db::Tx;
use crate::error::Result;
use crate::inbound::{self, DueEvent, Effect, Stored};
use crate::invoices::{self, Voided};
use crate::moment::Moment;
use crate::payments::{self, Incoming, Recorded};
use crate::{credit_notes, customers, views};
use chrono::{DateTime, Utc};
use objects::Kind;
use receivables::billing::Version;
use receivables::id::{CustomerId, InvoiceId};
use receivables::intake::{
    BillingEvent, CreditNoteInput, CustomerInput, CustomerRef, InvoiceInput, PaymentInput,
};
use std::collections::VecDeque;

/// The name of this source.
pub const SOURCE: &str = "billing";

/// What an event waits for that names a customer who is not there.
pub fn customer_awaited(external_id: &str) -> String {
    format!("customer {external_id}")
}

/// What an event waits for that names an invoice that is not there.
pub fn invoice_awaited(number: &str) -> String {
    format!("invoice {number}")
}

/// What an event waits for that names a credit note that is not there.
pub fn credit_note_awaited(number: &str) -> String {
    format!("credit-note {number}")
}

/// Gives an event its effect, and those that have waited for what it brings.
pub async fn receive(tx: &Tx<'_>, moment: Moment, text: &str) -> Result<Applied> {
    let applied = apply(tx, moment, text).await?;
    resume(tx, moment, applied.brought.clone()).await?;
    Ok(applied)
}

/// Gives the events their effect that waited for what was `brought`; each is followed at once by those that waited
/// for what it brings. Those of other sources, which may have to be fetched, are due.
pub async fn resume(tx: &Tx<'_>, moment: Moment, brought: Vec<String>) -> Result<()> {
    let mut next = VecDeque::from(waiting(tx, moment, &brought).await?);
    while let Some(event) = next.pop_front() {
        let applied = apply(tx, moment, &event.body).await?;
        let event = DueEvent {
            source: SOURCE.to_owned(),
            id: event.id,
            body: event.body,
            attempts: 1,
        };
        let customer = applied.customer.as_ref();
        inbound::settle(tx, moment, &event, &applied.effect, applied.worth, customer).await?;
        for event in waiting(tx, moment, &applied.brought).await?.into_iter().rev() {
            next.push_front(event);
        }
    }
    Ok(())
}

async fn waiting(tx: &Tx<'_>, moment: Moment, brought: &[String]) -> Result<Vec<Stored>> {
    if brought.is_empty() {
        return Ok(Vec::new());
    }
    inbound::wake(tx, moment, &["quickbooks"], brought).await?;
    inbound::waiting(tx, SOURCE, brought).await
}

/// What an event does, and what it brings that others may wait for.
async fn apply(tx: &Tx<'_>, moment: Moment, text: &str) -> Result<Applied> {
    let value: serde_json::Value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Ok(Applied::unread(format!("not JSON: {error}"))),
    };
    let event = match BillingEvent::parse(&value) {
        Ok(event) => event,
        Err(errors) => return Ok(Applied::unread(in_words(&errors))),
    };
    let whose = whose(&event).cloned();
    let (effect, brings) = match event {
        BillingEvent::Customer(input) => {
            let effect = customer(tx, moment, &input, said_at(&value)).await?;
            (effect, Some(customer_awaited(&input.external_id)))
        }
        BillingEvent::Invoice(input) => (
            invoice(tx, moment, &input).await?,
            Some(invoice_awaited(&input.number)),
        ),
        BillingEvent::Voided { number } => (void(tx, moment, &number).await?, None),
        BillingEvent::CreditNote(input) => (
            credit_note(tx, moment, &input).await?,
            Some(credit_note_awaited(&input.number)),
        ),
        BillingEvent::CreditNoteVoided { number } => (void_credit_note(tx, moment, &number).await?, None),
        BillingEvent::Payment(input) => (payment(tx, moment, *input).await?, None),
        BillingEvent::Other(kind) => (Effect::Ignored(format!("type {kind} needs nothing done")), None),
    };
    let done = matches!(effect, Effect::Processed(_));
    let customer = match (&effect, whose) {
        (Effect::Failed(_), Some(whose)) => {
            let directory = Directory::load(tx, std::iter::once(&whose)).await?;
            directory.get(&whose).map(|known| known.id.clone())
        }
        _ => None,
    };
    Ok(Applied {
        brought: brings.filter(|_| done).into_iter().collect(),
        customer,
        ..Applied::of(effect)
    })
}

/// Whom an event is about, for the person who has to look at it.
fn whose(event: &BillingEvent) -> Option<&CustomerRef> {
    match event {
        BillingEvent::Invoice(input) => Some(&input.customer),
        BillingEvent::CreditNote(input) => Some(&input.customer),
        BillingEvent::Payment(input) => input.customer.as_ref(),
        BillingEvent::Customer(_)
        | BillingEvent::Voided { .. }
        | BillingEvent::CreditNoteVoided { .. }
        | BillingEvent::Other(_) => None,
    }
}

/// When the system says that what it tells was so: `timestamp`, after Standard Webhooks' "Payload structure".
fn said_at(event: &serde_json::Value) -> Option<DateTime<Utc>> {
    let text = event.get("timestamp")?.as_str()?;
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    Some(at.with_timezone(&Utc))
}

/// An event without a time is taken as it comes.
async fn customer(
    tx: &Tx<'_>,
    moment: Moment,
    input: &CustomerInput,
    at: Option<DateTime<Utc>>,
) -> Result<Effect> {
    let text = serde_json::to_string(input)?;
    // Of one instant the greater text is the later: any order is good, as long as it is always the same.
    let version = at.map(|at| Version::new(at, 0, &text));
    let external_id = input.external_id.as_str();
    if let Some(version) = &version {
        let seen = objects::find(tx, SOURCE, Kind::Customer, external_id).await?;
        if seen.is_some_and(|seen| seen.version.as_str() > version.as_str()) {
            return Ok(older("customer", external_id));
        }
    }
    let stored = customers::upsert(tx, moment, std::slice::from_ref(input)).await?;
    let ids: Vec<&CustomerId> = stored.iter().map(|(id, _)| id).collect();
    let [id] = ids.as_slice() else {
        return Err(objects::lost("customer"));
    };
    if let Some(version) = &version {
        objects::record(
            tx,
            SOURCE,
            Kind::Customer,
            external_id,
            version,
            Some(id.as_str()),
            None,
        )
        .await?;
    }
    Ok(Effect::Processed(id.to_string()))
}

async fn invoice(tx: &Tx<'_>, moment: Moment, input: &InvoiceInput) -> Result<Effect> {
    use invoices::Taken;
    let taken = invoices::take(tx, moment, std::slice::from_ref(input)).await?;
    Ok(match taken.into_iter().next() {
        Some(Taken::Accepted(id)) => {
            apply_named(tx, moment, &id).await?;
            Effect::Processed(id.to_string())
        }
        Some(Taken::Duplicate(id)) => Effect::Processed(id.to_string()),
        Some(Taken::Conflict(id)) => number_taken(&input.number, id.as_str()),
        Some(Taken::UnknownCustomer) => no_customer(&input.customer),
        Some(Taken::Refused(error)) => Effect::Failed(in_words(&[error])),
        None => return Err(objects::lost("invoice")),
    })
}

/// Money that was told of as paid for an invoice, and is on account, is set against it.
async fn apply_named(tx: &Tx<'_>, moment: Moment, id: &InvoiceId) -> Result<()> {
    let Some(standing) = invoices::standing(tx, id).await? else {
        return Err(objects::lost("invoice"));
    };
    let (customer, balance) = (&standing.customer, standing.balance());
    payments::apply_named(tx, moment, SOURCE, customer, id, &standing.number, balance).await
}

async fn credit_note(tx: &Tx<'_>, moment: Moment, input: &CreditNoteInput) -> Result<Effect> {
    use credit_notes::Taken;
    Ok(match credit_notes::take(tx, moment, input).await? {
        Taken::Accepted(applied) | Taken::Duplicate(applied) => Effect::Processed(applied.id.to_string()),
        Taken::Conflict(id) => number_taken(&input.number, id.as_str()),
        Taken::UnknownCustomer => no_customer(&input.customer),
        Taken::OtherCurrency(currency) => {
            Effect::Failed(format!("the invoice that it names is in {currency}"))
        }
    })
}

/// Waits where it comes before its credit note.
async fn void_credit_note(tx: &Tx<'_>, moment: Moment, number: &str) -> Result<Effect> {
    let Some(id) = credit_notes::by_number(tx, number).await? else {
        return Ok(Effect::Waiting {
            for_: credit_note_awaited(number),
            why: format!("there is no credit note {number} yet"),
        });
    };
    Ok(match credit_notes::void(tx, moment, &id).await? {
        credit_notes::Voided::Done(open) => {
            for invoice in open {
                apply_named(tx, moment, &invoice).await?;
            }
            Effect::Processed(id.to_string())
        }
        credit_notes::Voided::Unknown => return Err(objects::lost("credit note")),
    })
}

async fn void(tx: &Tx<'_>, moment: Moment, number: &str) -> Result<Effect> {
    let found = views::invoices_by_number(tx, number).await?;
    let [invoice] = found.as_slice() else {
        return Ok(match found.is_empty() {
            true => Effect::Waiting {
                for_: invoice_awaited(number),
                why: format!("there is no invoice {number} yet"),
            },
            false => Effect::Failed(format!(
                "{} invoices bear the number {number}: void the right one",
                found.len()
            )),
        });
    };
    Ok(match invoices::void(tx, moment, &invoice.id).await? {
        Voided::Done => Effect::Processed(invoice.id.to_string()),
        Voided::Unknown => return Err(objects::lost("invoice")),
        Voided::HasPayments => {
            Effect::Failed("money is allocated to it: reverse the payment first".to_owned())
        }
        Voided::WrittenOff => Effect::Failed("it is written off".to_owned()),
    })
}

async fn payment(tx: &Tx<'_>, moment: Moment, input: PaymentInput) -> Result<Effect> {
    let incoming = Incoming::told(SOURCE, input);
    let recorded = payments::record(tx, moment, &incoming).await?;
    Ok(match recorded {
        Recorded::Accepted(id) | Recorded::Duplicate(id) => Effect::Processed(id.to_string()),
        Recorded::Conflict(id) => Effect::Failed(format!(
            "reference {} is on record with other content, as {id}",
            incoming.reference
        )),
        Recorded::UnknownCustomer => match &incoming.customer {
            Some(customer) => no_customer(customer),
            None => Effect::Failed("no such customer".to_owned()),
        },
        Recorded::SeveralCustomers => Effect::Failed(
            "the invoices named belong to several customers: record one payment for each".to_owned(),
        ),
    })
}

/// By the creditor's key the customer may still come; by ours it cannot.
pub(super) fn no_customer(reference: &CustomerRef) -> Effect {
    match reference {
        CustomerRef::ExternalId(external_id) => Effect::Waiting {
            for_: customer_awaited(external_id),
            why: format!("there is no customer {external_id} yet"),
        },
        CustomerRef::Id(id) => Effect::Failed(format!("there is no customer {id}")),
    }
}

//! Webhooks of any billing system that signs after Standard Webhooks: verified, stored, given their effect once.
//!
//! **Order.** An event may come before the one that it builds on: an invoice before its customer, a void before its
//! invoice. It then waits, and takes effect in the transaction that brings what it waits for, by webhook or API.

use receivables::fields::FieldError;
use receivables::intake::{BillingEvent, CustomerRef, InvoiceInput, PaymentInput};
use std::collections::VecDeque;
use store::inbound::{self, Effect, Stored};
use store::invoices::{self, Voided};
use store::payments::{self, Incoming, Recorded};
use store::{Tx, credit_notes, customers, views};
use web::webhook::{Signed, verify};
use web::{Cx, Problem, Reply, inbox, limits};

const SOURCE: &str = "billing";

/// `POST /webhooks/billing`.
pub(crate) async fn webhook(cx: &Cx) -> Result<Reply, Problem> {
    let secrets = cx.secrets("billing_webhook_secrets").await?;
    if secrets.is_empty() {
        return Err(Problem::unauthorized(
            "No webhook is taken here: the variable `billing_webhook_secrets` is not set.",
        ));
    }
    let body = cx.bytes(limits::BODY).await?;
    let signed = Signed::of(cx)?;
    verify(&secrets, signed, &body, cx.moment().now)?;
    let text = inbox::text(&body)?;
    let event = inbox::Event {
        source: SOURCE,
        id: signed.id,
        body: text,
    };
    inbox::receive(cx, event, async |tx| {
        let (effect, brought) = apply(cx, tx, text).await?;
        resume(cx, tx, brought).await?;
        Ok(effect)
    })
    .await
}

/// What an event waits for that names a customer who is not there.
pub(crate) fn customer_awaited(external_id: &str) -> String {
    format!("customer {external_id}")
}

/// What an event waits for that names an invoice that is not there.
pub(crate) fn invoice_awaited(number: &str) -> String {
    format!("invoice {number}")
}

/// Gives the events their effect that waited for what was `brought`; each is followed at once by those that waited
/// for what it brings.
pub(crate) async fn resume(cx: &Cx, tx: &Tx<'_>, brought: Vec<String>) -> Result<(), Problem> {
    let mut next = VecDeque::from(waiting(tx, &brought).await?);
    while let Some(event) = next.pop_front() {
        let (effect, brought) = apply(cx, tx, &event.body).await?;
        inbound::conclude(tx, SOURCE, &event.id, &effect).await?;
        for event in waiting(tx, &brought).await?.into_iter().rev() {
            next.push_front(event);
        }
    }
    Ok(())
}

async fn waiting(tx: &Tx<'_>, brought: &[String]) -> Result<Vec<Stored>, Problem> {
    match brought.is_empty() {
        true => Ok(Vec::new()),
        false => Ok(inbound::waiting(tx, SOURCE, brought).await?),
    }
}

/// What an event does, and what it brings that others may wait for.
async fn apply(cx: &Cx, tx: &Tx<'_>, text: &str) -> Result<(Effect, Vec<String>), Problem> {
    let value = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Ok((Effect::Failed(format!("not JSON: {error}")), Vec::new())),
    };
    let event = match BillingEvent::parse(&value) {
        Ok(event) => event,
        Err(errors) => return Ok((Effect::Failed(in_words(&errors)), Vec::new())),
    };
    let (effect, brings) = match event {
        BillingEvent::Customer(input) => {
            let stored = customers::upsert(tx, cx.moment(), std::slice::from_ref(&*input)).await?;
            let ids: Vec<&str> = stored.iter().map(|(id, _)| id.as_str()).collect();
            let brings = customer_awaited(&input.external_id);
            (Effect::Processed(ids.join(" ")), Some(brings))
        }
        BillingEvent::Invoice(input) => (
            invoice(cx, tx, &input).await?,
            Some(invoice_awaited(&input.number)),
        ),
        BillingEvent::Voided { number } => (void(cx, tx, &number).await?, None),
        BillingEvent::CreditNote(input) => {
            use credit_notes::Taken;
            let taken = credit_notes::take(tx, cx.moment(), &input).await?;
            let effect = match taken {
                Taken::Accepted(applied) | Taken::Duplicate(applied) => {
                    Effect::Processed(applied.id.to_string())
                }
                Taken::Conflict(id) => number_taken(&input.number, id.as_str()),
                Taken::UnknownCustomer => no_customer(&input.customer),
                Taken::OtherCurrency(currency) => {
                    Effect::Failed(format!("the invoice that it names is in {currency}"))
                }
            };
            (effect, None)
        }
        BillingEvent::Payment(input) => (payment(cx, tx, *input).await?, None),
        BillingEvent::Other(kind) => (Effect::Ignored(format!("type {kind} needs nothing done")), None),
    };
    let done = matches!(effect, Effect::Processed(_));
    Ok((effect, brings.filter(|_| done).into_iter().collect()))
}

async fn invoice(cx: &Cx, tx: &Tx<'_>, input: &InvoiceInput) -> Result<Effect, Problem> {
    use invoices::Taken;
    let taken = invoices::take(tx, cx.moment(), std::slice::from_ref(input)).await?;
    Ok(match taken.into_iter().next() {
        Some(Taken::Accepted(id) | Taken::Duplicate(id)) => Effect::Processed(id.to_string()),
        Some(Taken::Conflict(id)) => number_taken(&input.number, id.as_str()),
        Some(Taken::UnknownCustomer) => no_customer(&input.customer),
        Some(Taken::Refused(error)) => Effect::Failed(in_words(&[error])),
        None => return Err(Problem::internal("an invoice without an outcome")),
    })
}

async fn void(cx: &Cx, tx: &Tx<'_>, number: &str) -> Result<Effect, Problem> {
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
    Ok(match invoices::void(tx, cx.moment(), &invoice.id).await? {
        Voided::Done => Effect::Processed(invoice.id.to_string()),
        Voided::Unknown => return Err(Problem::internal("an invoice just read is not there")),
        Voided::HasPayments => {
            Effect::Failed("money is allocated to it: reverse the payment first".to_owned())
        }
        Voided::WrittenOff => Effect::Failed("it is written off".to_owned()),
    })
}

async fn payment(cx: &Cx, tx: &Tx<'_>, input: PaymentInput) -> Result<Effect, Problem> {
    let incoming = Incoming::told(SOURCE, input);
    let recorded = payments::record(tx, cx.moment(), &incoming).await?;
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

fn number_taken(number: &str, id: &str) -> Effect {
    Effect::Failed(format!(
        "number {number} is in the ledger with other content, as {id}"
    ))
}

/// By the creditor's key the customer may still come; by ours it cannot.
fn no_customer(reference: &CustomerRef) -> Effect {
    match reference {
        CustomerRef::ExternalId(external_id) => Effect::Waiting {
            for_: customer_awaited(external_id),
            why: format!("there is no customer {external_id} yet"),
        },
        CustomerRef::Id(id) => Effect::Failed(format!("there is no customer {id}")),
    }
}

fn in_words(errors: &[FieldError]) -> String {
    let each = errors
        .iter()
        .map(|error| format!("{}: {}", error.pointer, error.detail));
    each.collect::<Vec<_>>().join("; ")
}

//! Money that a source has received: as part of an invoice, or as an object of its own.

use super::objects::{self, Kind};
use super::{Applied, invoice_awaited, older};
use crate::db::Tx;
use crate::error::Result;
use crate::inbound::Effect;
use crate::invoices;
use crate::moment::Moment;
use crate::payments::{self, ByHand, Incoming, Recorded, Reversed};
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::billing::{InvoiceState, PaymentOnInvoice, PaymentState, Version};
use receivables::id::{InvoiceId, PaymentId};
use receivables::intake::CustomerRef;
use receivables::money::Money;

/// The name under which a source's payments are on the books: that of the provider which moves the money, so that what
/// came through a payment link is known.
fn book(source: &str) -> &str {
    match source {
        "stripe-billing" => "stripe",
        other => other,
    }
}

/// Records what was paid on an invoice, and takes back what was and is no longer there. The effect, where something
/// stands in the way.
pub(super) async fn on_invoice(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    version: &Version,
    id: &InvoiceId,
    state: &InvoiceState,
) -> Result<Option<Effect>> {
    if state.all_payments {
        for before in objects::children(tx, source, &state.id).await? {
            let stays = |payment: &PaymentOnInvoice| payment.reference == before.id;
            if !state.payments.iter().any(stays) {
                reverse(tx, moment, source, before.entity.as_deref()).await?;
            }
        }
    }
    for payment in &state.payments {
        let Some(standing) = invoices::standing(tx, id).await? else {
            return Err(objects::lost("invoice"));
        };
        let amount = payment.amount.unwrap_or(standing.balance());
        if !amount.is_positive() {
            continue;
        }
        let incoming = Incoming {
            source: book(source).to_owned(),
            reference: payment.reference.clone(),
            customer: Some(CustomerRef::Id(standing.customer)),
            amount,
            received_on: payment.received_on,
            method: payment.method.clone(),
            remittance: vec![line(id, amount)],
        };
        let paid = match payments::record(tx, moment, &incoming).await? {
            // With other content: it came another way first, or what was left of the invoice was more then.
            Recorded::Accepted(id) | Recorded::Duplicate(id) | Recorded::Conflict(id) => id,
            Recorded::UnknownCustomer | Recorded::SeveralCustomers => {
                return Err(objects::lost("customer"));
            }
        };
        let (paid, parent) = (Some(paid.as_str()), Some(state.id.as_str()));
        objects::record(
            tx,
            source,
            Kind::Payment,
            &payment.reference,
            version,
            paid,
            parent,
        )
        .await?;
    }
    Ok(None)
}

/// Takes a payment in as it stands. One that is for an invoice which is not here yet waits for it.
pub(super) async fn apply(
    tx: &Tx<'_>,
    moment: Moment,
    source: &str,
    version: &Version,
    state: &PaymentState,
) -> Result<Applied> {
    let seen = objects::find(tx, source, Kind::Payment, &state.reference).await?;
    if seen
        .as_ref()
        .is_some_and(|seen| seen.version.as_str() > version.as_str())
    {
        return Ok(Applied::of(older("payment", &state.reference)));
    }
    let known = seen.and_then(|seen| seen.entity);
    let Some((amount, customer)) = state.amount.zip(state.customer.as_ref()) else {
        reverse(tx, moment, source, known.as_deref()).await?;
        objects::record(tx, source, Kind::Payment, &state.reference, version, None, None).await?;
        return Ok(Applied::of(Effect::Processed(format!(
            "payment {} is taken back",
            state.reference
        ))));
    };
    let ids: Vec<&str> = state.invoices.iter().map(|(id, _)| id.as_str()).collect();
    let here = objects::invoices(tx, source, &ids).await?;
    let mut lines = Vec::with_capacity(ids.len());
    for (id, amount) in &state.invoices {
        let found = here.iter().find(|entity| entity.id == *id);
        match found.and_then(|entity| InvoiceId::parse(entity.entity.as_deref()?).ok()) {
            Some(invoice) => lines.push(line(&invoice, *amount)),
            None => {
                return Ok(Applied::of(Effect::Waiting {
                    for_: invoice_awaited(id),
                    why: format!("there is no invoice of id {id} yet"),
                }));
            }
        }
    }
    let paid = match standing(tx, known.as_deref()).await? {
        Some((paid, left)) if left == amount => {
            match payments::reallocate_by(tx, moment, &paid, &lines, "by its source").await? {
                ByHand::Done => Ok(paid),
                ByHand::Refused(errors) => Err(Effect::Failed(super::in_words(&errors))),
                ByHand::Unknown | ByHand::NothingOnAccount => return Err(objects::lost("payment")),
            }
        }
        before => {
            // A payment of another amount is another payment.
            let reference = match &before {
                Some(_) => format!("{}/{}", state.reference, version.as_str()),
                None => state.reference.clone(),
            };
            reverse(tx, moment, source, known.as_deref()).await?;
            let incoming = Incoming {
                source: book(source).to_owned(),
                reference,
                customer: Some(CustomerRef::ExternalId(customer.clone())),
                amount,
                received_on: state.received_on,
                method: state.method.clone(),
                remittance: lines,
            };
            recorded(tx, moment, &incoming).await?
        }
    };
    let paid = match paid {
        Ok(paid) => paid,
        Err(effect) => return Ok(Applied::of(effect)),
    };
    objects::record(
        tx,
        source,
        Kind::Payment,
        &state.reference,
        version,
        Some(paid.as_str()),
        None,
    )
    .await?;
    Ok(Applied::of(Effect::Processed(paid.to_string())))
}

async fn recorded(
    tx: &Tx<'_>,
    moment: Moment,
    incoming: &Incoming,
) -> Result<std::result::Result<PaymentId, Effect>> {
    Ok(match payments::record(tx, moment, incoming).await? {
        Recorded::Accepted(id) | Recorded::Duplicate(id) => Ok(id),
        Recorded::Conflict(id) => Err(Effect::Failed(format!(
            "reference {} is on record with other content, as {id}",
            incoming.reference
        ))),
        Recorded::UnknownCustomer => match &incoming.customer {
            Some(customer) => Err(super::generic::no_customer(customer)),
            None => Err(Effect::Failed("no such customer".to_owned())),
        },
        Recorded::SeveralCustomers => Err(Effect::Failed(
            "the invoices that it is for belong to several customers".to_owned(),
        )),
    })
}

/// The payment and what is left of it.
async fn standing(tx: &Tx<'_>, id: Option<&str>) -> Result<Option<(PaymentId, Money)>> {
    let Some(id) = id else { return Ok(None) };
    let id = PaymentId::parse(id).map_err(|_| objects::lost("payment"))?;
    let left = payments::left(tx, &id).await?;
    Ok(left.map(|left| (id, left)))
}

async fn reverse(tx: &Tx<'_>, moment: Moment, source: &str, id: Option<&str>) -> Result<()> {
    let Some(id) = id else { return Ok(()) };
    let id = PaymentId::parse(id).map_err(|_| objects::lost("payment"))?;
    let why = format!("It is no longer there at {source}");
    match payments::reverse(tx, moment, &id, &why).await? {
        Reversed::Done | Reversed::Already | Reversed::Refunded => Ok(()),
        Reversed::Unknown => Err(objects::lost("payment")),
    }
}

fn line(invoice: &InvoiceId, amount: Money) -> RemittanceLine {
    RemittanceLine {
        invoice: InvoiceRef::Id(invoice.clone()),
        amount: Some(amount),
    }
}

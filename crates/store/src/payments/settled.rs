//! Many payments at once, each of which goes to its invoices to the last minor unit: what a day's bank statement mostly
//! is.
//!
//! **Shape.** A batch costs a handful of statements however long it is, and whom it concerns is planned anew once.
//! **Takes** only what needs no rule: the caller has made sure, in the same transaction, that each invoice owes what it
//! gets, and nothing is left over or let go. Anything else goes through [`super::record`].

use super::Incoming;
use super::record::{applied, received};
use crate::activities::{self, Activity};
use crate::consequences;
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::events::{self, Event};
use crate::moment::Moment;
use crate::notices;
use crate::params;
use crate::postings::{self, Kind, Posting};
use receivables::id::{CustomerId, InvoiceId, PaymentId};
use receivables::money::Money;
use serde::Serialize;
use std::collections::BTreeSet;

statements! {
    INSERT = "INSERT INTO payments (id, customer_id, source, reference, method, received_on, currency,
            amount_minor, allocated_minor, unapplied_minor, content, why, created_at)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'source', j.value->>'reference', j.value->>'method',
            j.value->>'received_on', j.value->>'currency', j.value->>'amount_minor', j.value->>'amount_minor', 0,
            j.value->>'content', j.value->>'why', ?1 FROM json_each(?2) AS j";
    ALLOCATE = "INSERT INTO allocations (payment_id, position, invoice_id, amount_minor, why, created_at)
        SELECT j.value->>'payment', j.value->>'position', j.value->>'invoice', j.value->>'amount_minor',
            j.value->>'why', ?1 FROM json_each(?2) AS j";
}

/// A payment that goes to what it names.
pub(crate) struct Settled {
    /// The payment; its remittance is not looked at.
    pub(crate) incoming: Incoming,
    /// Who paid.
    pub(crate) customer: CustomerId,
    /// What each invoice gets: no more than it owes. Together the amount.
    pub(crate) parts: Vec<(InvoiceId, Money)>,
    /// Why, in a sentence.
    pub(crate) why: String,
}

#[derive(Serialize)]
struct Row<'a> {
    id: &'a PaymentId,
    customer: &'a CustomerId,
    source: &'a str,
    reference: &'a str,
    method: &'a str,
    received_on: String,
    currency: &'static str,
    amount_minor: i64,
    content: String,
    why: String,
}

#[derive(Serialize)]
struct PartRow<'a> {
    payment: &'a PaymentId,
    position: usize,
    invoice: &'a InvoiceId,
    amount_minor: i64,
    why: &'a str,
}

/// Records all of them; the ids stand in the order of `settled`.
pub(crate) async fn record_settled(
    tx: &Tx<'_>,
    moment: Moment,
    settled: &[Settled],
) -> Result<Vec<PaymentId>> {
    let mut mint = moment.mint()?;
    let ids: Vec<PaymentId> = settled.iter().map(|_| mint.id(PaymentId::from_parts)).collect();
    let (mut rows, mut parts) = (Vec::new(), Vec::new());
    let mut told = Vec::new();
    let (mut entries, mut log, mut customers) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (each, id) in settled.iter().zip(&ids) {
        let incoming = &each.incoming;
        rows.push(Row {
            id,
            customer: &each.customer,
            source: &incoming.source,
            reference: &incoming.reference,
            method: &incoming.method,
            received_on: incoming.received_on.to_string(),
            currency: incoming.amount.currency().code(),
            amount_minor: incoming.amount.minor(),
            content: serde_json::to_string(incoming)?,
            why: serde_json::to_string(&[&each.why])?,
        });
        for (position, (invoice, amount)) in each.parts.iter().enumerate() {
            parts.push(PartRow {
                payment: id,
                position,
                invoice,
                amount_minor: amount.minor(),
                why: &each.why,
            });
            entries.push(Posting {
                customer: each.customer.clone(),
                invoice: Some(invoice.clone()),
                kind: Kind::Payment,
                amount: amount.checked_neg()?,
                value_on: incoming.received_on,
                source_id: id.to_string(),
            });
        }
        log.push(Activity {
            customer_id: each.customer.clone(),
            kind: "payment_received",
            title: format!("{} received", incoming.amount),
            detail: format!(
                "{} by {}, reference {}: applied to {} invoice(s).",
                incoming.source,
                incoming.method,
                incoming.reference,
                each.parts.len()
            ),
            refers_to: Some(id.to_string()),
        });
        let nothing = Money::zero(incoming.amount.currency());
        let about = received(id, incoming, nothing);
        told.push(Event::new("payment.received", &each.customer, about));
        let parts = each.parts.iter().map(|(invoice, amount)| (invoice, *amount));
        told.extend(applied(&each.customer, id, parts));
        customers.insert(each.customer.clone());
    }
    if rows.is_empty() {
        return Ok(ids);
    }
    tx.run(INSERT, params![moment.ms(), serde_json::to_string(&rows)?])
        .await?;
    tx.run(ALLOCATE, params![moment.ms(), serde_json::to_string(&parts)?])
        .await?;
    postings::post(tx, moment, &entries).await?;
    activities::record(tx, moment, &log).await?;
    events::record(tx, moment, &told).await?;
    consequences::of_money(tx, moment, &customers).await?;
    notices::thank(tx, moment, &ids).await?;
    Ok(ids)
}

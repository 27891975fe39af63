//! Stripe's billing events: `invoice.finalized`, `.updated`, `.voided`, `.marked_uncollectible`, `.paid`.
//!
//! Source: docs.stripe.com/api/events/object, docs.stripe.com/api/invoices/object, the states of an invoice in
//! docs.stripe.com/invoicing/overview ("Invoice status transitions"), amounts after docs.stripe.com/currencies.
//!
//! - An event holds the invoice as it stood when the event was made, so the state of the latest `created` is the
//!   newest. Stripe counts seconds; of one second, what a status can follow decides: open, uncollectible, then paid or
//!   void.
//! - What is owed is `amount_due`: the total less what the customer had to its credit. Where that is nothing, nobody
//!   owes it.
//! - An invoice that Stripe charges by itself (`charge_automatically`) has no due date there. It is due after the
//!   customer's terms, else the default ones, so Stripe's own tries come first and dunning begins where they have
//!   failed.
//! - Paid: a payment whose reference is the payment intent's, so that one which came through a payment link is not
//!   taken twice; before it the payments listed with the invoice, after it the charge, at last the invoice itself.
//!   Marked as paid elsewhere: as much as is left of it.
//!
//! What of this is not Stripe's is Dunlin's own rule.

use chrono::{DateTime, NaiveDate, Utc};
use receivables::billing::{
    Assumed, InvoiceState, Object, PaymentOnInvoice, Said, Standing, Version, customer,
};
use receivables::country::Country;
use receivables::currency::Currency;
use receivables::fields::{Problem, kinds};
use receivables::intake::{
    CustomerInput, CustomerKind, CustomerRef, DocumentInput, InvoiceInput, LineInput, PostalAddress,
};
use receivables::limits;
use receivables::money::Money;
use receivables::stripe::from_minor;
use rust_decimal::Decimal;
use serde_json::Value;

use super::document::{Document, contact, day_of, seconds};
use super::{Problems, Reading};

const TYPES: &[&str] = &[
    "invoice.finalized",
    "invoice.updated",
    "invoice.voided",
    "invoice.marked_uncollectible",
    "invoice.paid",
];

/// Each status, where an invoice of it stands, and its place among those of one second.
const STATUSES: &[(&str, Standing, u32)] = &[
    ("open", Standing::Owed, 0),
    ("uncollectible", Standing::Uncollectible, 1),
    ("paid", Standing::Owed, 2),
    ("void", Standing::Void, 2),
];

/// Reads an event; every problem at once. Source: this module's head.
pub fn event(event: &Value, assumed: Assumed) -> Result<Reading, Problems> {
    let mut envelope = Document::of(event);
    let kind = envelope.required("/type", kinds::text(limits::KEY));
    let id = envelope.required("/id", kinds::text(limits::KEY));
    let created = envelope.required("/created", seconds);
    let (kind, id, created) = match (kind, id, created) {
        (Some(kind), Some(id), Some(created)) => (kind, id, created),
        _ => return envelope.finish(None),
    };
    if !TYPES.contains(&kind.as_str()) {
        return Ok(Reading::Nothing(format!("type {kind} needs nothing done")));
    }
    let Some(object) = envelope.find("/data/object") else {
        envelope.report("/data/object", "required", "an event holds its object");
        return envelope.finish(None);
    };
    let mut document = Document::at("/data/object", object);
    let status = document.required("/status", kinds::text(limits::SLUG));
    if status.as_deref() == Some("draft") {
        return Ok(Reading::Nothing("a draft is not owed yet".to_owned()));
    }
    let known = |status: &String| STATUSES.iter().find(|(name, ..)| name == status);
    let place = status.as_ref().and_then(known).copied();
    if let (Some(status), None) = (&status, place) {
        document.report(
            "/status",
            "unknown_value",
            format!("`{status}` is no status of an invoice"),
        );
    }
    let read = place.and_then(|(name, standing, rank)| {
        let (customer, state) = invoice(&mut document, name, standing, assumed)?;
        Some(Said {
            version: Version::new(created, rank, &id),
            customer: Some(customer),
            object: Object::Invoice(Box::new(state)),
        })
    });
    document.finish(read).map(|said| Reading::Said(Box::new(said)))
}

fn invoice(
    document: &mut Document<'_>,
    status: &str,
    standing: Standing,
    assumed: Assumed,
) -> Option<(CustomerInput, InvoiceState)> {
    let id = document.required("/id", kinds::text(limits::KEY));
    let number = document.required("/number", kinds::text(limits::NUMBER));
    let currency = document.required("/currency", currency);
    let due = document.required("/amount_due", |value| {
        currency.map(|currency| minor(value, currency)).transpose()
    });
    let issued = ["/effective_at", "/status_transitions/finalized_at", "/created"]
        .into_iter()
        .find(|pointer| document.find(pointer).is_some())
        .unwrap_or("/created");
    let issue_date = document.required(issued, day);
    let due_date = document.read("/due_date", day);
    let customer_input = whose(document, currency, assumed);
    let total = due.flatten()?;
    let (id, number, issue_date, customer_input) = (id?, number?, issue_date?, customer_input?);
    let paid_on = document.read("/status_transitions/paid_at", day);
    let payments = paid(
        document,
        &id,
        status == "paid",
        total.currency(),
        paid_on.unwrap_or(issue_date),
    );
    let invoice = InvoiceInput {
        number,
        numbering: None,
        customer: CustomerRef::ExternalId(customer_input.external_id.clone()),
        issue_date,
        // One that was finalised again after its due date was set keeps to the order of time.
        due_date: due_date.map(|due| due.max(issue_date)),
        terms: None,
        discount: Vec::new(),
        currency: total.currency(),
        total,
        lines: lines(document, total.currency()),
        po_number: None,
        order_number: None,
        payment_reference: None,
        documents: page(document),
    };
    let nothing = !total.is_positive();
    let state = InvoiceState {
        id,
        invoice: (!nothing).then_some(invoice),
        standing: if nothing { Standing::Void } else { standing },
        payments: if nothing { Vec::new() } else { payments },
        all_payments: false,
    };
    Some((customer_input, state))
}

/// The customer, as the invoice repeats it.
fn whose(document: &mut Document<'_>, currency: Option<Currency>, assumed: Assumed) -> Option<CustomerInput> {
    let customer_at = match document.find("/customer") {
        Some(Value::Object(_)) => "/customer/id",
        _ => "/customer",
    };
    let external_id = document.required(customer_at, kinds::text(limits::KEY));
    let code = ["/customer_address/country", "/customer_shipping/address/country"]
        .into_iter()
        .find_map(|pointer| Country::parse(document.word(pointer)?));
    let country = code.or(assumed.country).or_else(|| {
        // The seller's own is the best guess that is left.
        Country::parse(document.word("/account_country")?)
    });
    if country.is_none() {
        let detail = "the customer's country is not said, and `billing_country` is not set";
        document.report("/customer_address/country", "required", detail);
    }
    let kind = match document.list("/customer_tax_ids").is_empty() {
        true => assumed.kind,
        false => CustomerKind::Business,
    };
    let external_id = external_id?;
    let name = document
        .line("/customer_name", limits::NAME)
        .or_else(|| document.line("/customer_email", limits::NAME))
        .unwrap_or_else(|| external_id.clone());
    let line = |name: &str| document.line(&format!("/customer_address/{name}"), limits::ADDRESS_LINE);
    let postal = PostalAddress {
        lines: [line("line1"), line("line2")].into_iter().flatten().collect(),
        postal_code: line("postal_code"),
        city: line("city"),
        region: line("state"),
        country: code,
    };
    let contacts = contact(
        &name,
        document.word("/customer_email"),
        document.word("/customer_phone"),
        Some(postal),
    );
    Some(customer(external_id, name, kind, country?, currency?, contacts))
}

/// What was paid, as far as the event says.
fn paid(
    document: &mut Document<'_>,
    id: &str,
    is_paid: bool,
    currency: Currency,
    on: NaiveDate,
) -> Vec<PaymentOnInvoice> {
    let payment = |reference: &str, amount: Option<Money>, method: &str, on: NaiveDate| PaymentOnInvoice {
        reference: reference.to_owned(),
        amount,
        received_on: on,
        method: method.to_owned(),
    };
    if is_paid && document.find("/paid_out_of_band").and_then(Value::as_bool) == Some(true) {
        return vec![payment(id, None, "elsewhere", on)];
    }
    let mut listed = Vec::new();
    for (at, item) in document.list("/payments/data").iter().enumerate() {
        let mut item = Document::at(format!("/data/object/payments/data/{at}"), item);
        if item.word("/status") != Some("paid") {
            continue;
        }
        let reference = ["/payment/payment_intent", "/payment/charge", "/id"]
            .into_iter()
            .find_map(|pointer| named(&item, pointer));
        let amount = item.read("/amount_paid", |value| minor(value, currency));
        let on = item.read("/status_transitions/paid_at", day).unwrap_or(on);
        if let (Some(reference), Some(amount)) = (reference, amount)
            && amount.is_positive()
        {
            listed.push(payment(&reference, Some(amount), "online", on));
        }
    }
    if !listed.is_empty() || !is_paid {
        return listed;
    }
    let amount = document.read("/amount_paid", |value| minor(value, currency));
    let reference = named(document, "/payment_intent").or_else(|| named(document, "/charge"));
    match amount {
        Some(amount) if amount.is_positive() => {
            vec![payment(
                reference.as_deref().unwrap_or(id),
                Some(amount),
                "online",
                on,
            )]
        }
        _ => Vec::new(),
    }
}

/// Another object's id, named by it or spelled out.
fn named(document: &Document<'_>, pointer: &str) -> Option<String> {
    document
        .line(pointer, limits::KEY)
        .or_else(|| document.line(&format!("{pointer}/id"), limits::KEY))
}

fn lines(document: &Document<'_>, currency: Currency) -> Vec<LineInput> {
    let listed = document.list("/lines/data").iter().take(limits::LINES);
    let line = |value: &Value| {
        let line = Document::of(value);
        Some(LineInput {
            description: line.line("/description", limits::TEXT)?,
            quantity: line.find("/quantity").and_then(Value::as_i64).map(Decimal::from),
            amount: line.find("/amount").and_then(|value| minor(value, currency).ok()),
        })
    };
    listed.filter_map(line).collect()
}

/// The page on which Stripe shows the invoice.
fn page(document: &Document<'_>) -> Vec<DocumentInput> {
    let url = document
        .find("/hosted_invoice_url")
        .and_then(|value| kinds::url(value).ok());
    let name = "Invoice".to_owned();
    url.map(|url| DocumentInput { name, url }).into_iter().collect()
}

fn currency(value: &Value) -> Result<Currency, Problem> {
    kinds::currency(&Value::String(value.as_str().unwrap_or_default().to_uppercase()))
}

fn minor(value: &Value, currency: Currency) -> Result<Money, Problem> {
    let wrong = || Problem::new("wrong_type", "an amount of Stripe's is a whole number");
    let minor = value.as_i64().ok_or_else(wrong)?;
    from_minor(minor, currency).map_err(|error| Problem::new("wrong_type", error.to_string()))
}

fn day(value: &Value) -> Result<NaiveDate, Problem> {
    let at: DateTime<Utc> = seconds(value)?;
    day_of(at)
}

#[cfg(test)]
mod tests;

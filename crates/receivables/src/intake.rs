//! What may come in over the API: the shapes of its resources, read with every problem named at once.
//!
//! Each input is parsed from a JSON value and serialises back to one canonical form: equal content gives
//! equal text, whatever the order of fields, white space or the way an amount was written. "The same number
//! with other content" is judged on that form, and reading it again gives the same input. Optional fields
//! that are absent stay out of it, so that a field added later does not make old content look changed.
//!
//! Source: Dunlin's own rule; for the default terms, Directive 2011/7/EU, article 3(3)(b).

use chrono::NaiveDate;
use serde::Serialize;

use crate::fields::{FieldError, Fields, kinds};
use crate::id::CustomerId;
use crate::limits;
use crate::terms::{Schedule, Terms};

mod customer;
mod event;
mod invoice;
mod payment;

pub use customer::{
    ContactInput, ContactRole, CustomerInput, CustomerKind, PURPOSES, PostalAddress, VerifyInput,
};
pub use event::BillingEvent;
pub use invoice::{CreditNoteInput, DocumentInput, InvoiceInput, LineInput};
pub use payment::{
    AllocationsInput, ApplyCreditInput, PaymentInput, PaymentLinkInput, RefundInput, RemittanceInput,
};

/// How an input names its customer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CustomerRef {
    /// By the billing system's own key: `{"external_id": "C-1"}`.
    ExternalId(String),
    /// By ours: `{"id": "cus_..."}`.
    Id(CustomerId),
}

impl CustomerRef {
    /// Reads the inside of a `customer` object: exactly one of `external_id` and `id`.
    pub fn read(fields: &mut Fields<'_>) -> Option<CustomerRef> {
        let (by_key, by_id) = (fields.has("external_id"), fields.has("id"));
        let external_id = fields.optional("external_id", kinds::text(limits::KEY));
        let id = fields.optional("id", kinds::id(CustomerId::parse));
        if by_key == by_id {
            fields.report(
                "",
                "one_of",
                "a customer is named by either `external_id` or `id`",
            );
        }
        external_id
            .map(CustomerRef::ExternalId)
            .or(id.map(CustomerRef::Id))
    }
}

/// Where a due date comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DueSource {
    /// The invoice says so.
    Invoice,
    /// The issue date and the invoice's terms.
    Terms,
    /// The issue date and the customer's terms.
    CustomerTerms,
    /// The issue date and [`limits::DEFAULT_TERMS_DAYS`].
    DefaultTerms,
}

/// When an invoice is due, and where that comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Its due date, and its parts where it has several.
    pub schedule: Schedule,
    /// Where they come from.
    pub source: DueSource,
}

/// Why an invoice that is due in parts has no early-payment discount: nobody could say of which part.
const NO_DISCOUNT_ON_PARTS: &str = "an invoice that is due in instalments has no early-payment discount";

/// When an invoice is due: as it states, by a date or by terms; else by its issue date and the customer's terms, else
/// by its issue date and the default terms ([`limits::DEFAULT_TERMS_DAYS`]). Refused: a due date before the issue
/// date, terms that do not fit the invoice, a discount on one that is due in parts.
pub fn due(
    invoice: &InvoiceInput,
    customer: Option<&Terms>,
    customer_days: Option<u32>,
) -> Result<Due, FieldError> {
    let issue = invoice.issue_date;
    if let Some(on) = invoice.due_date {
        return not_before(issue, on).map(|on| Due {
            schedule: Schedule::whole(on),
            source: DueSource::Invoice,
        });
    }
    let net = |days| Terms::Net { days };
    let by_days = customer_days.map(net);
    let by_default = net(limits::DEFAULT_TERMS_DAYS);
    let (terms, source) = match (&invoice.terms, customer.or(by_days.as_ref())) {
        (Some(terms), _) => (terms, DueSource::Terms),
        (None, Some(terms)) => (terms, DueSource::CustomerTerms),
        (None, None) => (&by_default, DueSource::DefaultTerms),
    };
    if terms.in_parts() && !invoice.discount.is_empty() {
        return Err(FieldError::new("/discount", "not_allowed", NO_DISCOUNT_ON_PARTS));
    }
    let schedule = terms.schedule(issue, invoice.total)?;
    Ok(Due { schedule, source })
}

fn not_before(issue: NaiveDate, due: NaiveDate) -> Result<NaiveDate, FieldError> {
    if due >= issue {
        return Ok(due);
    }
    let detail = format!("the due date {due} lies before the issue date {issue}");
    Err(FieldError::new("/due_date", "before_issue_date", detail))
}

#[cfg(test)]
mod tests;

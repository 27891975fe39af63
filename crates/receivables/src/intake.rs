//! What may come in over the API: the shapes of its resources, read with every problem named at once.
//!
//! Each input is parsed from a JSON value and serialises back to one canonical form: equal content gives
//! equal text, whatever the order of fields, white space or the way an amount was written. "The same number
//! with other content" is judged on that form, and reading it again gives the same input. Optional fields
//! that are absent stay out of it, so that a field added later does not make old content look changed.
//!
//! Source: Dunlin's own rule; for the default terms, Directive 2011/7/EU, article 3(3)(b).

use chrono::{Days, NaiveDate};
use serde::Serialize;

use crate::fields::{FieldError, Fields, kinds};
use crate::id::CustomerId;
use crate::limits;

mod customer;
mod event;
mod invoice;
mod payment;

pub use customer::{ContactInput, ContactRole, CustomerInput, CustomerKind, PostalAddress};
pub use event::BillingEvent;
pub use invoice::{CreditNoteInput, DocumentInput, InvoiceInput, LineInput};
pub use payment::{PaymentInput, PaymentLinkInput, RemittanceInput};

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
    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<CustomerRef> {
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
    /// The issue date and the customer's terms.
    CustomerTerms,
    /// The issue date and [`limits::DEFAULT_TERMS_DAYS`].
    DefaultTerms,
}

/// A due date and where it comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct DueOn {
    /// The last day on which payment is in time.
    pub on: NaiveDate,
    /// Where it comes from.
    pub source: DueSource,
}

/// The due date of an invoice: the one it states, else its issue date and the customer's terms, else its
/// issue date and the default terms. A due date before the issue date is refused.
pub fn due_on(
    issue: NaiveDate,
    due: Option<NaiveDate>,
    terms_days: Option<u32>,
) -> Result<DueOn, FieldError> {
    if let Some(on) = due {
        return not_before(issue, on).map(|on| DueOn {
            on,
            source: DueSource::Invoice,
        });
    }
    let (days, source) = match terms_days {
        Some(days) => (days, DueSource::CustomerTerms),
        None => (limits::DEFAULT_TERMS_DAYS, DueSource::DefaultTerms),
    };
    let on = issue
        .checked_add_days(Days::new(u64::from(days)))
        .ok_or_else(|| {
            let detail = format!("{days} days after {issue} lie outside the calendar");
            FieldError::new("/due_date", "date_out_of_range", detail)
        })?;
    Ok(DueOn { on, source })
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

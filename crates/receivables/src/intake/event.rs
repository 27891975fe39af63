//! What a billing system says happened: an envelope after Standard Webhooks, `{"type", "timestamp", "data"}`, whose
//! data has the shape of the resource that it is about.
//!
//! Source: Standard Webhooks, "Payload structure"; for what a payload holds, Dunlin's own rule.

use serde_json::Value;

use super::{CreditNoteInput, CustomerInput, InvoiceInput, PaymentInput};
use crate::fields::{FieldError, Fields, kinds};
use crate::limits;

/// An event of a billing system.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillingEvent {
    /// `customer.created`, `customer.updated`: as it stands now.
    Customer(Box<CustomerInput>),
    /// `invoice.issued`.
    Invoice(Box<InvoiceInput>),
    /// `invoice.voided`, by the invoice's number: `{"number": "R-1"}`.
    Voided {
        /// The creditor's.
        number: String,
    },
    /// `credit_note.issued`.
    CreditNote(Box<CreditNoteInput>),
    /// `credit_note.voided`, by the credit note's number: `{"number": "C-1"}`.
    CreditNoteVoided {
        /// The creditor's.
        number: String,
    },
    /// `payment.received`.
    Payment(Box<PaymentInput>),
    /// Of a type that needs nothing done.
    Other(String),
}

impl BillingEvent {
    /// Reads an event; every problem at once, each pointing into the envelope. Members of the envelope that are not
    /// known are no problem: senders add their own.
    pub fn parse(value: &Value) -> Result<BillingEvent, Vec<FieldError>> {
        let missing = |name: &str, detail| Err(vec![FieldError::new(format!("/{name}"), "required", detail)]);
        let Some(kind) = value.get("type").and_then(Value::as_str) else {
            return missing("type", "an event has a `type`");
        };
        let Some(data) = value.get("data") else {
            return missing("data", "an event has `data`");
        };
        let event = match kind {
            "customer.created" | "customer.updated" => {
                CustomerInput::parse(data).map(|input| BillingEvent::Customer(input.into()))
            }
            "invoice.issued" => InvoiceInput::parse(data).map(|input| BillingEvent::Invoice(input.into())),
            "invoice.voided" => number(data).map(|number| BillingEvent::Voided { number }),
            "credit_note.voided" => number(data).map(|number| BillingEvent::CreditNoteVoided { number }),
            "credit_note.issued" => {
                CreditNoteInput::parse(data).map(|input| BillingEvent::CreditNote(input.into()))
            }
            "payment.received" => PaymentInput::parse(data).map(|input| BillingEvent::Payment(input.into())),
            other => Ok(BillingEvent::Other(other.to_owned())),
        };
        event.map_err(|errors| {
            let inside = |error: FieldError| FieldError {
                pointer: format!("/data{}", error.pointer),
                ..error
            };
            errors.into_iter().map(inside).collect()
        })
    }
}

fn number(data: &Value) -> Result<String, Vec<FieldError>> {
    let mut fields = Fields::of(data);
    let number = fields.required("number", kinds::text(limits::NUMBER));
    fields.finish(|| number)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_type_says_what_the_data_is() {
        let event = |value| BillingEvent::parse(&value);
        assert_eq!(
            event(
                json!({"type": "invoice.voided", "timestamp": "2026-01-12T09:00:00Z", "data": {"number": "R-1"}})
            ),
            Ok(BillingEvent::Voided { number: "R-1".into() })
        );
        assert_eq!(
            event(json!({"type": "subscription.renewed", "data": {}, "account": "a"})),
            Ok(BillingEvent::Other("subscription.renewed".into()))
        );
        assert!(matches!(
            event(
                json!({"type": "payment.received", "data": {"amount": "1.00", "currency": "EUR",
                "received_on": "2026-01-12", "method": "bank_transfer", "reference": "B-1"}})
            ),
            Ok(BillingEvent::Payment(_))
        ));
    }

    #[test]
    fn problems_point_into_the_envelope() {
        for (value, pointers) in [
            (json!({}), vec!["/type"]),
            (json!([1]), vec!["/type"]),
            (json!({"type": "invoice.voided"}), vec!["/data"]),
            (
                json!({"type": "invoice.voided", "data": {}}),
                vec!["/data/number"],
            ),
            (
                json!({"type": "invoice.voided", "data": {"number": "R-1", "x": 1}}),
                vec!["/data/x"],
            ),
        ] {
            let errors = BillingEvent::parse(&value).unwrap_err();
            let found: Vec<&str> = errors.iter().map(|error| error.pointer.as_str()).collect();
            assert_eq!(found, pointers, "{value}");
        }
    }
}

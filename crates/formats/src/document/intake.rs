//! From a document to the inputs that the API takes.
//!
//! Source: EN 16931-1 for what a term means; for what Dunlin takes of it, Dunlin's own rule.

use super::{Attachment, Document, Kind, Line, Party};
use receivables::country::{self, Country};
use receivables::fields::FieldError;
use receivables::intake::{
    ContactInput, ContactRole, CreditNoteInput, CustomerInput, CustomerKind, CustomerRef, InvoiceInput,
    LineInput, PostalAddress,
};
use receivables::limits;

/// What a document comes to. The customer is a draft: it is for creating an account that is not known yet,
/// and must not overwrite one that is, since time zone and language are guessed from the country.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Intake {
    /// Something is to be paid.
    Invoice {
        /// The buyer.
        customer: CustomerInput,
        /// What is to be paid.
        invoice: InvoiceInput,
    },
    /// Something is credited: a credit note, or an invoice over a negative amount.
    CreditNote {
        /// The buyer.
        customer: CustomerInput,
        /// What is credited.
        credit_note: CreditNoteInput,
    },
}

impl Document {
    /// The document as the inputs of the API; every problem at once.
    pub fn as_intake(&self) -> Result<Intake, Vec<FieldError>> {
        let mut errors = Vec::new();
        if self.buyer.country.is_none() {
            errors.push(FieldError::new(
                self.places.country,
                "required",
                "the buyer's country is required",
            ));
        }
        let wrong_amount = match self.kind {
            Kind::Invoice if self.payable.is_zero() => Some("nothing is left to pay"),
            Kind::CreditNote if !self.payable.is_positive() => Some("a credit note credits more than zero"),
            _ => None,
        };
        let payable = self.places.payable;
        if let Some(detail) = wrong_amount {
            errors.push(FieldError::new(payable, "not_positive", detail));
        }
        let total = if self.payable.is_negative() {
            self.payable.checked_neg()
        } else {
            Ok(self.payable)
        };
        let total =
            total.map_err(|error| errors.push(FieldError::new(payable, error.code(), error.to_string())));
        match (self.buyer.country, total) {
            (Some(country), Ok(total)) if errors.is_empty() => {
                let customer = self.customer(country);
                if self.kind == Kind::CreditNote || self.payable.is_negative() {
                    let credit_note = self.credit_note(total);
                    return Ok(Intake::CreditNote {
                        customer,
                        credit_note,
                    });
                }
                Ok(Intake::Invoice {
                    customer,
                    invoice: self.invoice(),
                })
            }
            _ => Err(errors),
        }
    }

    /// A seller numbers its documents, and the published examples show that sellers number by buyer: what a number
    /// stands for is settled by seller and buyer together.
    fn numbering(&self) -> String {
        let seller = self.seller_key.as_deref().unwrap_or("?");
        format!("{seller} to {}", self.external_id())
    }

    fn invoice(&self) -> InvoiceInput {
        let line = |line: &Line| LineInput {
            description: line.description.clone(),
            quantity: line.quantity,
            amount: Some(line.amount),
        };
        InvoiceInput {
            number: self.number.clone(),
            numbering: Some(self.numbering()),
            customer: CustomerRef::ExternalId(self.external_id()),
            issue_date: self.issue_on,
            due_date: self.due.map(|due| due.on),
            terms: None,
            discount: Vec::new(),
            currency: self.currency,
            total: self.payable,
            lines: self.lines.iter().map(line).collect(),
            po_number: self.order_reference.clone(),
            order_number: self.sales_order.clone(),
            payment_reference: self
                .payment_means
                .iter()
                .find_map(|means| means.payment_id.clone()),
            documents: self.attachments.iter().filter_map(Attachment::link).collect(),
        }
    }

    fn credit_note(&self, total: receivables::money::Money) -> CreditNoteInput {
        // Against one invoice, or, where it corrects none or several, on account.
        let invoice_number = match self.billing_references.as_slice() {
            [only] => Some(only.clone()),
            _ => None,
        };
        // An invoice over a negative amount has its number among the invoices.
        let numbering = match self.kind {
            Kind::Invoice => format!("{}, invoices", self.numbering()),
            Kind::CreditNote => self.numbering(),
        };
        CreditNoteInput {
            number: self.number.clone(),
            numbering: Some(numbering),
            customer: CustomerRef::ExternalId(self.external_id()),
            issue_date: self.issue_on,
            currency: self.currency,
            total,
            invoice_number,
            invoices: Vec::new(),
            reason: None,
        }
    }

    fn customer(&self, country: Country) -> CustomerInput {
        CustomerInput {
            external_id: self.external_id(),
            name: self.buyer.name.clone(),
            kind: CustomerKind::Business,
            country,
            region: self.buyer.region.clone(),
            time_zone: country::time_zone_of(country),
            locale: country::locale_of(country).to_owned(),
            currency: self.currency,
            terms_days: None,
            terms: None,
            credit_limit: None,
            policy: None,
            tags: Vec::new(),
            po_required: false,
            preferred_channel: None,
            preferred_payment_methods: Vec::new(),
            contacts: contact(&self.buyer, country).into_iter().collect(),
            known_domains: Vec::new(),
        }
    }
}

fn contact(buyer: &Party, country: Country) -> Option<ContactInput> {
    let contact = buyer.contact.as_ref()?;
    let postal = PostalAddress {
        lines: buyer
            .address_lines
            .iter()
            .take(limits::ADDRESS_LINES)
            .cloned()
            .collect(),
        postal_code: buyer.postal_code.clone(),
        city: buyer.city.clone(),
        region: buyer.region.clone(),
        country: Some(country),
    };
    Some(ContactInput {
        name: contact.name.clone().unwrap_or_else(|| buyer.name.clone()),
        role: ContactRole::Billing,
        email: contact.email.clone(),
        phone: contact.phone.clone(),
        postal: Some(postal).filter(|postal| !postal.lines.is_empty()),
        purposes: Vec::new(),
        locale: None,
    })
}

//! Invoices and credit notes.
//!
//! Source: Dunlin's own rule.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Serialize, Serializer};
use serde_json::Value;

use super::{CustomerRef, RemittanceInput, not_before};
use crate::currency::Currency;
use crate::discount::{self, DiscountTerm};
use crate::fields::{FieldError, Fields, kinds};
use crate::limits;
use crate::money::Money;
use crate::terms::Terms;

/// A line of an invoice. For show: what is owed is the invoice's total.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LineInput {
    /// What was delivered.
    pub description: String,
    /// How much of it, exactly.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "quantity_text")]
    pub quantity: Option<Decimal>,
    /// What the line comes to; negative for a discount.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

impl LineInput {
    fn read(fields: &mut Fields<'_>, currency: Option<Currency>) -> Option<LineInput> {
        let description = fields.required("description", kinds::lines(limits::TEXT));
        let quantity = fields.optional("quantity", kinds::quantity);
        let amount = fields.optional_given("amount", currency, kinds::money_in);
        Some(LineInput {
            description: description?,
            quantity,
            amount,
        })
    }
}

/// A document that belongs to an invoice, such as its PDF.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DocumentInput {
    /// What it is called.
    pub name: String,
    /// Where it is, `http` or `https`.
    pub url: String,
}

impl DocumentInput {
    fn read(fields: &mut Fields<'_>) -> Option<DocumentInput> {
        let name = fields.required("name", kinds::text(limits::NAME));
        let url = fields.required("url", kinds::url);
        Some(DocumentInput {
            name: name?,
            url: url?,
        })
    }
}

/// An invoice as it comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InvoiceInput {
    /// The creditor's number: the natural key of an invoice.
    pub number: String,
    /// Whose numbering the number belongs to, where that is said: a UBL document says who sells and who buys.
    /// Where it is not, the number stands for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbering: Option<String>,
    /// Whom it is for.
    pub customer: CustomerRef,
    /// The day it was issued.
    pub issue_date: NaiveDate,
    /// The last day on which payment is in time; see [`super::due`] for what holds without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due_date: Option<NaiveDate>,
    /// In place of a due date: when it is due, in one amount or in several.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub terms: Option<Terms>,
    /// What may be deducted from it when it is paid early.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub discount: Vec<DiscountTerm>,
    /// Currency of every amount in it.
    pub currency: Currency,
    /// What is to be paid: more than nothing.
    pub total: Money,
    /// What it is for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lines: Vec<LineInput>,
    /// The customer's own order number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub po_number: Option<String>,
    /// The creditor's order number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order_number: Option<String>,
    /// What the customer is to quote when paying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub payment_reference: Option<String>,
    /// Documents to show along with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub documents: Vec<DocumentInput>,
}

impl InvoiceInput {
    /// Reads an invoice; every problem at once.
    pub fn parse(value: &Value) -> Result<InvoiceInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let number = fields.required("number", kinds::text(limits::NUMBER));
        let numbering = fields.optional("numbering", kinds::text(limits::NUMBERING));
        let customer = fields.object("customer", CustomerRef::read);
        let issue_date = fields.required("issue_date", kinds::date);
        let due_date = fields.optional("due_date", kinds::date);
        if let (Some(issue), Some(due)) = (issue_date, due_date)
            && let Err(error) = not_before(issue, due)
        {
            fields.report("due_date", "before_issue_date", error.detail);
        }
        let currency = fields.required("currency", kinds::currency);
        let total = fields.required_given("total", currency, kinds::positive_money_in);
        let terms = fields.optional_object("terms", |terms| Terms::read(terms, currency));
        let discount = discount::read(&mut fields);
        if fields.has("due_date") && fields.has("terms") {
            let detail = "an invoice states either its `due_date` or the `terms` that it follows from";
            fields.report("terms", "one_of", detail);
        } else if let (Some(terms), Some(issue), Some(total)) = (&terms, issue_date, total)
            && let Err(error) = terms.schedule(issue, total)
        {
            fields.note(error);
        }
        if !discount.is_empty() && terms.as_ref().is_some_and(Terms::in_parts) {
            fields.report("discount", "not_allowed", super::NO_DISCOUNT_ON_PARTS);
        }
        let lines = fields.objects("lines", limits::LINES, |line| LineInput::read(line, currency));
        let po_number = fields.optional("po_number", kinds::text(limits::NUMBER));
        let order_number = fields.optional("order_number", kinds::text(limits::NUMBER));
        let payment_reference = fields.optional("payment_reference", kinds::text(limits::KEY));
        let documents = fields.objects("documents", limits::DOCUMENTS, DocumentInput::read);
        fields.finish(|| {
            Some(InvoiceInput {
                number: number?,
                numbering,
                customer: customer?,
                issue_date: issue_date?,
                due_date,
                terms,
                discount,
                currency: currency?,
                total: total?,
                lines,
                po_number,
                order_number,
                payment_reference,
                documents,
            })
        })
    }
}

/// A credit note as it comes in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CreditNoteInput {
    /// The creditor's number: the natural key of a credit note.
    pub number: String,
    /// Whose numbering the number belongs to, where that is said: a UBL document says who sells and who buys.
    /// Where it is not, the number stands for itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub numbering: Option<String>,
    /// Whom it is for.
    pub customer: CustomerRef,
    /// The day it was issued.
    pub issue_date: NaiveDate,
    /// Currency of the total.
    pub currency: Currency,
    /// What is credited: more than nothing.
    pub total: Money,
    /// The invoice it corrects; without one it is credited on account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub invoice_number: Option<String>,
    /// In place of one: the invoices it corrects, and by how much each; without an amount by as much as is owed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invoices: Vec<RemittanceInput>,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl CreditNoteInput {
    /// Reads a credit note; every problem at once.
    pub fn parse(value: &Value) -> Result<CreditNoteInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let number = fields.required("number", kinds::text(limits::NUMBER));
        let numbering = fields.optional("numbering", kinds::text(limits::NUMBERING));
        let customer = fields.object("customer", CustomerRef::read);
        let issue_date = fields.required("issue_date", kinds::date);
        let currency = fields.required("currency", kinds::currency);
        let total = fields.required_given("total", currency, kinds::positive_money_in);
        let invoice_number = fields.optional("invoice_number", kinds::text(limits::NUMBER));
        let invoices = fields.objects("invoices", limits::REMITTANCE_LINES, |line| {
            RemittanceInput::read(line, currency)
        });
        if invoice_number.is_some() && !invoices.is_empty() {
            let detail = "a credit note names one invoice by `invoice_number` or several in `invoices`";
            fields.report("invoices", "one_of", detail);
        }
        let reason = fields.optional("reason", kinds::lines(limits::TEXT));
        fields.finish(|| {
            Some(CreditNoteInput {
                number: number?,
                numbering,
                customer: customer?,
                issue_date: issue_date?,
                currency: currency?,
                total: total?,
                invoice_number,
                invoices,
                reason,
            })
        })
    }
}

fn quantity_text<S: Serializer>(quantity: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    quantity
        .map(|quantity| quantity.normalize().to_string())
        .serialize(serializer)
}

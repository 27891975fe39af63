//! Payments and payment links.
//!
//! Source: Dunlin's own rule.

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use serde_json::Value;

use super::CustomerRef;
use crate::allocation::{InvoiceRef, RemittanceLine};
use crate::currency::Currency;
use crate::fields::{FieldError, Fields, kinds};
use crate::id::InvoiceId;
use crate::limits;
use crate::money::Money;

/// What the payer says a part of the payment is for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemittanceInput {
    /// The invoice's number, as the payer wrote it.
    pub invoice_number: String,
    /// How much of the payment is for it; without one, as much as is owed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
}

impl RemittanceInput {
    pub(super) fn read(fields: &mut Fields<'_>, currency: Option<Currency>) -> Option<RemittanceInput> {
        let invoice_number = fields.required("invoice_number", kinds::text(limits::NUMBER));
        let amount = fields.optional_given("amount", currency, kinds::positive_money_in);
        Some(RemittanceInput {
            invoice_number: invoice_number?,
            amount,
        })
    }
}

/// Money that has arrived. In JSON `amount` is a decimal string beside `currency`, or a money object; the
/// canonical form has the object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaymentInput {
    /// Who paid, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub customer: Option<CustomerRef>,
    /// How much: more than nothing.
    pub amount: Money,
    /// Currency of the amount and of every remittance line.
    pub currency: Currency,
    /// The day it arrived.
    pub received_on: NaiveDate,
    /// How it was paid, as a short name: `bank_transfer`, `card`.
    pub method: String,
    /// The bank's or provider's own reference: the natural key of a payment.
    pub reference: String,
    /// What it is for, as far as the payer says.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remittance: Vec<RemittanceInput>,
}

impl PaymentInput {
    /// Reads a payment; every problem at once.
    pub fn parse(value: &Value) -> Result<PaymentInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let customer = fields.optional_object("customer", CustomerRef::read);
        let currency = fields.required("currency", kinds::currency);
        let amount = fields.required_given("amount", currency, kinds::positive_money_in);
        let received_on = fields.required("received_on", kinds::date);
        let method = fields.required("method", kinds::slug);
        let reference = fields.required("reference", kinds::text(limits::KEY));
        let remittance = fields.objects("remittance", limits::REMITTANCE_LINES, |line| {
            RemittanceInput::read(line, currency)
        });
        fields.finish(|| {
            Some(PaymentInput {
                customer,
                amount: amount?,
                currency: currency?,
                received_on: received_on?,
                method: method?,
                reference: reference?,
                remittance,
            })
        })
    }
}

/// What a payment is for, as a person says anew: the full list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AllocationsInput {
    /// The invoices that it is for, by id or number; none: all of it is on account.
    pub allocations: Vec<RemittanceLine>,
}

impl AllocationsInput {
    /// Reads the list; every problem at once. Whether it fits the payment is for [`crate::allocation::reallocate`].
    pub fn parse(value: &Value) -> Result<AllocationsInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        if !fields.has("allocations") {
            fields.report(
                "allocations",
                "required",
                "`allocations` is required; an empty list takes all back",
            );
        }
        let allocations = fields.objects("allocations", limits::REMITTANCE_LINES, |line| {
            let (by_id, by_number) = (line.has("invoice_id"), line.has("invoice_number"));
            let id = line.optional("invoice_id", kinds::id(InvoiceId::parse));
            let number = line.optional("invoice_number", kinds::text(limits::NUMBER));
            if by_id == by_number {
                let detail = "an invoice is named by either `invoice_id` or `invoice_number`";
                line.report("", "one_of", detail);
            }
            let amount = line.optional("amount", kinds::positive_money);
            let invoice = id.map(InvoiceRef::Id).or(number.map(InvoiceRef::Number));
            Some(RemittanceLine {
                invoice: invoice?,
                amount,
            })
        });
        fields.finish(|| Some(AllocationsInput { allocations }))
    }
}

/// Money on account that is paid back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundInput {
    /// How much; none: all that is on account of the payment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Why.
    pub reason: String,
}

impl RefundInput {
    /// Reads a refund; every problem at once.
    pub fn parse(value: &Value) -> Result<RefundInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let amount = fields.optional("amount", kinds::positive_money);
        let reason = fields.required("reason", kinds::lines(limits::TEXT));
        fields.finish(|| {
            Some(RefundInput {
                amount,
                reason: reason?,
            })
        })
    }
}

/// What is on a customer's account, to be used for what is open.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ApplyCreditInput {
    /// In which currency; none: the account's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub currency: Option<Currency>,
    /// How much of it at most; none: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// For which invoices only; none: whatever is open, in the policy's order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invoices: Vec<InvoiceId>,
}

impl ApplyCreditInput {
    /// Reads what is to be used; every problem at once.
    pub fn parse(value: &Value) -> Result<ApplyCreditInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let currency = fields.optional("currency", kinds::currency);
        let amount = fields.optional("amount", kinds::positive_money);
        if let (Some(currency), Some(amount)) = (currency, amount)
            && currency != amount.currency()
        {
            fields.report(
                "amount",
                "currency_mismatch",
                format!("{amount} is not in {currency}"),
            );
        }
        let invoices = fields.values("invoices", limits::LINK_INVOICES, kinds::id(InvoiceId::parse));
        fields.finish(|| {
            Some(ApplyCreditInput {
                currency: currency.or(amount.map(|amount| amount.currency())),
                amount,
                invoices,
            })
        })
    }
}

/// A payment link to be made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PaymentLinkInput {
    /// Who is to pay.
    pub customer: CustomerRef,
    /// What for; none means whatever is open when the page is seen.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub invoices: Vec<InvoiceId>,
    /// How much; none means the balance of the invoices.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub amount: Option<Money>,
    /// Whether the customer may pay less.
    pub allow_partial: bool,
    /// The least they may pay then.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<Money>,
    /// When the link stops working. Whether that lies in the future is for the caller to judge.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<DateTime<Utc>>,
}

impl PaymentLinkInput {
    /// Reads a payment link; every problem at once.
    pub fn parse(value: &Value) -> Result<PaymentLinkInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let customer = fields.object("customer", CustomerRef::read);
        let invoices = fields.values("invoices", limits::LINK_INVOICES, kinds::id(InvoiceId::parse));
        let mut distinct = invoices.clone();
        distinct.sort();
        distinct.dedup();
        if distinct.len() < invoices.len() {
            fields.report("invoices", "duplicate", "an invoice is named twice");
        }
        let amount = fields.optional("amount", kinds::positive_money);
        let allow_partial = fields.optional("allow_partial", kinds::boolean).unwrap_or(false);
        let minimum = fields.optional("minimum", kinds::positive_money);
        if minimum.is_some() && !allow_partial {
            fields.report(
                "minimum",
                "not_allowed",
                "a minimum has a meaning only with `allow_partial`",
            );
        }
        if let (Some(amount), Some(minimum)) = (amount, minimum) {
            match amount.checked_sub(minimum) {
                Err(error) => fields.report("minimum", error.code(), error.to_string()),
                Ok(rest) if rest.is_negative() => {
                    fields.report(
                        "minimum",
                        "out_of_range",
                        format!("{minimum} is more than the amount, {amount}"),
                    );
                }
                Ok(_) => {}
            }
        }
        let expires_at = fields.optional("expires_at", kinds::instant);
        fields.finish(|| {
            Some(PaymentLinkInput {
                customer: customer?,
                invoices,
                amount,
                allow_partial,
                minimum,
                expires_at,
            })
        })
    }
}

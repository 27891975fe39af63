//! UBL 2.1 `RemittanceAdvice`: a debit line pays an invoice, a credit line deducts a credit note.
//!
//! Source: OASIS UBL 2.1, RemittanceAdvice.

use super::{Advice, AdviceLine, advice};
use crate::reader::Reader;
use crate::xml::{Element, Namespaces};
use receivables::currency::Currency;
use receivables::fields::FieldError;
use receivables::limits;
use receivables::money::Money;

/// The root's namespace.
pub(super) const NAMESPACE: &str = "urn:oasis:names:specification:ubl:schema:xsd:RemittanceAdvice-2";
pub(super) const NAMESPACES: Namespaces = &[
    (
        "cac",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2",
    ),
    (
        "cbc",
        "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2",
    ),
];

pub(super) fn read(root: &Element<'_, '_>) -> Result<Advice, Vec<FieldError>> {
    let mut reader = Reader::default();
    let currency = reader.required_currency(root, "cbc:DocumentCurrencyCode");
    let references = ["cbc:PaymentOrderReference", "cbc:PayerReference", "cbc:ID"];
    let reference = reader.first_text(root, &references, limits::KEY);
    let paid_on = match root.find("cac:PaymentMeans/cbc:PaymentDueDate") {
        Some(_) => reader.date(root, "cac:PaymentMeans/cbc:PaymentDueDate"),
        None => reader.date(root, "cbc:IssueDate"),
    };
    let total = reader.amount(root, "cbc:TotalPaymentAmount", currency);
    let mut lines = Vec::new();
    for line in root.all("cac:RemittanceAdviceLine") {
        lines.extend(read_line(&mut reader, &line, currency));
    }
    match (currency, reader.errors.is_empty()) {
        (Some(currency), true) => advice(reference, paid_on, currency, total, lines),
        _ => Err(reader.errors),
    }
}

fn read_line(reader: &mut Reader, line: &Element<'_, '_>, currency: Option<Currency>) -> Option<AdviceLine> {
    let documents = [
        "cac:BillingReference/cac:InvoiceDocumentReference/cbc:ID",
        "cac:BillingReference/cac:CreditNoteDocumentReference/cbc:ID",
        "cbc:InvoicingPartyReference",
    ];
    let number = reader.first_text(line, &documents, limits::NUMBER);
    if number.is_none() {
        let place = format!(
            "{}/{}",
            line.path(),
            documents.first().copied().unwrap_or_default()
        );
        reader.report(
            place,
            "required",
            "the invoice that the line is about is required",
        );
    }
    let (debit, credit) = (
        reader.amount(line, "cbc:DebitLineAmount", currency),
        reader.amount(line, "cbc:CreditLineAmount", currency),
    );
    let nothing = Money::zero(currency?);
    let amount = debit.unwrap_or(nothing).checked_sub(credit.unwrap_or(nothing));
    let reason = reader.text(line, "cbc:Note", limits::TEXT);
    let number = number?;
    match amount {
        Ok(amount) if !amount.is_zero() => Some(AdviceLine {
            invoice_number: number,
            amount,
            deduction: None,
            reason,
        }),
        Ok(_) => {
            let place = format!("{}/cbc:DebitLineAmount", line.path());
            reader.report(place, "required", "a debit or credit amount is required");
            None
        }
        Err(error) => {
            reader.report(line.path(), error.code(), error.to_string());
            None
        }
    }
}

//! Xero: notifications that only say which contact or invoice has changed, and the documents that are then fetched.
//!
//! Source: developer.xero.com/documentation/guides/webhooks/overview (the payload), .../api/accounting/{invoices,
//! contacts,types} (the documents, the statuses, `/Date(...)/`). What Dunlin takes of them is its own rule:
//!
//! - Only what customers owe (`Type` `ACCREC`); drafts and what waits for approval are not owed yet.
//! - What is fetched is the newest there is, whatever the order of the notifications; `UpdatedDateUTC` tells which of
//!   two answers is the later.
//! - An invoice comes with all payments and credits on it, so one that has gone was taken back. A prepayment or an
//!   overpayment that was set against it is money that has come, as a payment is.

use chrono::{DateTime, NaiveDate, Utc};
use receivables::billing::{
    Assumed, CreditNoteState, InvoiceState, Object, PaymentOnInvoice, Said, Standing, Version, customer,
};
use receivables::currency::Currency;
use receivables::fields::{Problem, kinds};
use receivables::intake::{
    CreditNoteInput, CustomerInput, CustomerRef, InvoiceInput, LineInput, PostalAddress, RemittanceInput,
};
use receivables::limits;
use serde_json::Value;

use super::document::{Document, amount, contact, country, day_of};
use super::{Kind, Problems, Reading, Wanted};

/// The events of a delivery, each by itself as it is stored, under an id of our own: Xero's have none.
/// Source: the payload's `events`.
pub fn events(delivery: &Value) -> Vec<(String, Value)> {
    let listed = delivery.get("events").and_then(Value::as_array);
    let id = |event: &Value| {
        let part = |name: &str| event.get(name).and_then(Value::as_str).unwrap_or("-");
        let names = [
            "tenantId",
            "eventCategory",
            "resourceId",
            "eventType",
            "eventDateUtc",
        ];
        names.map(part).join("_")
    };
    listed
        .into_iter()
        .flatten()
        .map(|event| (id(event), event.clone()))
        .collect()
}

/// What one event wants fetched. Source: this module's head.
pub fn event(event: &Value) -> Result<Reading, Problems> {
    let mut document = Document::of(event);
    let category = document.required("/eventCategory", kinds::text(limits::SLUG));
    let id = document.required("/resourceId", resource);
    let account = document.required("/tenantId", resource);
    let reading = match category.as_deref() {
        Some("INVOICE") => Some(Kind::Invoice),
        Some("CONTACT") => Some(Kind::Customer),
        Some("CREDITNOTE") => Some(Kind::CreditNote),
        Some(other) => {
            return Ok(Reading::Nothing(format!("category {other} needs nothing done")));
        }
        None => None,
    };
    let wanted = reading.zip(id).zip(account).map(|((kind, id), account)| {
        Reading::Fetch(Wanted {
            account,
            kind,
            id,
            gone_at: None,
        })
    });
    document.finish(wanted)
}

/// A UUID: it becomes part of an address.
fn resource(value: &Value) -> Result<String, Problem> {
    let text = kinds::text(limits::SLUG)(value)?;
    match text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') {
        true => Ok(text),
        false => Err(Problem::new("invalid_id", "is no id of Xero's")),
    }
}

/// Where an invoice or credit note of a status stands; `None` where it is not owed yet.
fn standing(status: &str) -> Option<Standing> {
    match status {
        "AUTHORISED" | "PAID" => Some(Standing::Owed),
        "VOIDED" | "DELETED" => Some(Standing::Void),
        _ => None,
    }
}

/// The answer to `GET /api.xro/2.0/Invoices/{id}`. Source: this module's head.
pub fn invoice(answer: &Value, assumed: Assumed) -> Result<Reading, Problems> {
    let mut document = only(answer, "Invoices")?;
    if document.word("/Type") != Some("ACCREC") {
        return Ok(Reading::Nothing("it is not what a customer owes".to_owned()));
    }
    let status = document.word("/Status").unwrap_or_default();
    let Some(standing) = standing(status) else {
        return Ok(Reading::Nothing(format!(
            "an invoice of status {status:?} is not owed"
        )));
    };
    let id = document.required("/InvoiceID", kinds::text(limits::KEY));
    let updated = document.required("/UpdatedDateUTC", instant);
    let number = document.required("/InvoiceNumber", kinds::text(limits::NUMBER));
    let currency = document.required("/CurrencyCode", kinds::currency);
    let issue_date = document.required("/Date", day);
    let due_date = document.read("/DueDate", day);
    let total = currency.and_then(|currency| document.required("/Total", amount(currency)));
    let whose = whose(&mut document, "/Contact", currency, assumed);
    let payments = currency.map(|currency| payments(&mut document, currency));
    let state = || {
        let (total, issue_date, whose) = (total?, issue_date?, whose?);
        let invoice = InvoiceInput {
            number: number?,
            numbering: None,
            customer: CustomerRef::ExternalId(whose.external_id.clone()),
            issue_date,
            due_date: due_date.map(|due| due.max(issue_date)),
            terms: None,
            discount: Vec::new(),
            currency: total.currency(),
            total,
            lines: lines(&document, total.currency()),
            po_number: None,
            order_number: document.line("/Reference", limits::NUMBER),
            payment_reference: None,
            documents: Vec::new(),
        };
        let nothing = !total.is_positive();
        let state = InvoiceState {
            id: id?,
            invoice: (!nothing).then_some(invoice),
            standing: if nothing { Standing::Void } else { standing },
            payments: payments?,
            all_payments: true,
        };
        Some(Reading::Said(Box::new(Said {
            version: Version::new(updated?, 0, ""),
            customer: Some(whose),
            object: Object::Invoice(Box::new(state)),
        })))
    };
    let reading = state();
    document.finish(reading)
}

/// The credit notes that an invoice names, as events of our own: an invoice says how much of each it was given, and
/// nothing of their totals. Source: `CreditNotes` of the documentation's invoice.
pub fn credit_notes_of(answer: &Value, account: &str) -> Vec<(String, Value)> {
    let listed = Document::of(answer).list("/Invoices/0/CreditNotes");
    let named = |value: &Value| {
        let id = value.get("CreditNoteID")?.as_str()?.to_owned();
        let event = serde_json::json!({"eventCategory": "CREDITNOTE", "resourceId": id, "tenantId": account});
        Some((format!("{account}_CREDITNOTE_{id}"), event))
    };
    listed.iter().filter_map(named).collect()
}

/// The answer to `GET /api.xro/2.0/Contacts/{id}`. Source: this module's head.
pub fn contact_answer(
    answer: &Value,
    currency: Option<Currency>,
    assumed: Assumed,
) -> Result<Reading, Problems> {
    let mut document = only(answer, "Contacts")?;
    if document.find("/IsCustomer").and_then(Value::as_bool) == Some(false) {
        return Ok(Reading::Nothing(
            "the contact has never been a customer".to_owned(),
        ));
    }
    let updated = document.required("/UpdatedDateUTC", instant);
    let stated = document.word("/DefaultCurrency").is_some();
    let currency = match stated {
        true => document.read("/DefaultCurrency", kinds::currency),
        false => currency,
    };
    if !stated && currency.is_none() {
        // It comes with the first invoice.
        return Ok(Reading::Nothing("the contact has no currency yet".to_owned()));
    }
    let whose = whose(&mut document, "", currency, assumed);
    let said = updated.zip(whose).map(|(updated, customer)| {
        Reading::Said(Box::new(Said {
            version: Version::new(updated, 0, ""),
            customer: Some(customer),
            object: Object::Customer,
        }))
    });
    document.finish(said)
}

/// The answer to `GET /api.xro/2.0/CreditNotes/{id}`. Source: this module's head.
pub fn credit_note(answer: &Value, assumed: Assumed) -> Result<Reading, Problems> {
    let mut document = only(answer, "CreditNotes")?;
    if document.word("/Type") != Some("ACCRECCREDIT") {
        return Ok(Reading::Nothing("it is not a credit to a customer".to_owned()));
    }
    let Some(standing) = standing(document.word("/Status").unwrap_or_default()) else {
        return Ok(Reading::Nothing("the credit note is not approved".to_owned()));
    };
    let id = document.required("/CreditNoteID", kinds::text(limits::KEY));
    let updated = document.required("/UpdatedDateUTC", instant);
    if standing != Standing::Owed {
        let said = id.zip(updated).map(|(id, updated)| {
            Reading::Said(Box::new(Said {
                version: Version::new(updated, 0, ""),
                customer: None,
                object: Object::CreditNote(Box::new(CreditNoteState { id, note: None })),
            }))
        });
        return document.finish(said);
    }
    let number = document.required("/CreditNoteNumber", kinds::text(limits::NUMBER));
    let currency = document.required("/CurrencyCode", kinds::currency);
    let issue_date = document.required("/Date", day);
    let total = currency.and_then(|currency| document.required("/Total", amount(currency)));
    let whose = whose(&mut document, "/Contact", currency, assumed);
    let invoices = currency.map(|currency| allocations(&mut document, currency));
    let said = || {
        let whose = whose?;
        let credit_note = CreditNoteInput {
            number: number?,
            numbering: None,
            customer: CustomerRef::ExternalId(whose.external_id.clone()),
            issue_date: issue_date?,
            currency: currency?,
            total: total?,
            invoice_number: None,
            invoices: invoices?,
            reason: document.line("/Reference", limits::TEXT),
        };
        Some(Reading::Said(Box::new(Said {
            version: Version::new(updated?, 0, ""),
            customer: Some(whose),
            object: Object::CreditNote(Box::new(CreditNoteState {
                id: id?,
                note: Some(credit_note),
            })),
        })))
    };
    let reading = said();
    document.finish(reading)
}

fn allocations(document: &mut Document<'_>, currency: Currency) -> Vec<RemittanceInput> {
    let mut found = Vec::new();
    for (at, item) in document.list("/Allocations").iter().enumerate() {
        let pointer = |name: &str| format!("/Allocations/{at}/{name}");
        let number = Document::of(item).line("/Invoice/InvoiceNumber", limits::NUMBER);
        let amount = document.read(&pointer("Amount"), amount(currency));
        if let Some(invoice_number) = number {
            found.push(RemittanceInput {
                invoice_number,
                amount: amount.filter(|amount| amount.is_positive()),
            });
        }
    }
    found
}

/// The only document of an answer, which is a list of one.
fn only<'a>(answer: &'a Value, name: &str) -> Result<Document<'a>, Problems> {
    let document = Document::of(answer);
    let place = format!("/{name}/0");
    match document.find(&place) {
        Some(first) => Ok(Document::at(place, first)),
        None => {
            let mut document = document;
            document.report(&place, "required", format!("the answer holds no {name}"));
            document.finish(None)
        }
    }
}

fn whose(
    document: &mut Document<'_>,
    at: &str,
    currency: Option<Currency>,
    assumed: Assumed,
) -> Option<CustomerInput> {
    let external_id = document.required(&format!("{at}/ContactID"), kinds::text(limits::KEY));
    let name = document.line(&format!("{at}/Name"), limits::NAME);
    let addresses = document.list(&format!("{at}/Addresses"));
    let written = |value: &&Value| {
        Document::of(value)
            .line("/AddressLine1", limits::ADDRESS_LINE)
            .is_some()
    };
    let is_box = |value: &&Value| Document::of(value).word("/AddressType") == Some("POBOX");
    // Xero sends invoices to the postal address, which it calls POBOX.
    let address = addresses
        .iter()
        .filter(written)
        .find(is_box)
        .or_else(|| addresses.iter().find(written));
    let stated = address.and_then(|address| country(Document::of(address).word("/Country")));
    let postal = address.map(|address| {
        let address = Document::of(address);
        let line = |name: &str| address.line(&format!("/{name}"), limits::ADDRESS_LINE);
        let lines = ["AddressLine1", "AddressLine2", "AddressLine3", "AddressLine4"];
        PostalAddress {
            lines: lines.into_iter().filter_map(line).collect(),
            postal_code: line("PostalCode"),
            city: line("City"),
            region: line("Region"),
            country: stated,
        }
    });
    let Some(country) = stated.or(assumed.country) else {
        let detail = "the customer's country is not said by its code, and `billing_country` is not set";
        document.report(&format!("{at}/Addresses"), "required", detail);
        return None;
    };
    let external_id = external_id?;
    let name = name.unwrap_or_else(|| external_id.clone());
    let email = document.word(&format!("{at}/EmailAddress"));
    let contacts = contact(&name, email, None, postal);
    Some(customer(
        external_id,
        name,
        assumed.kind,
        country,
        currency?,
        contacts,
    ))
}

/// Payments, and prepayments and overpayments that were set against it.
fn payments(document: &mut Document<'_>, currency: Currency) -> Vec<PaymentOnInvoice> {
    let mut found = Vec::new();
    for (list, id, amount_at, method) in [
        ("Payments", "PaymentID", "Amount", "xero_payment"),
        ("Prepayments", "ID", "AppliedAmount", "xero_prepayment"),
        ("Overpayments", "ID", "AppliedAmount", "xero_overpayment"),
    ] {
        for (at, item) in document.list(&format!("/{list}")).iter().enumerate() {
            if Document::of(item).word("/Status") == Some("DELETED") {
                continue;
            }
            let pointer = |name: &str| format!("/{list}/{at}/{name}");
            let reference = document.required(&pointer(id), kinds::text(limits::KEY));
            let money = document.required(&pointer(amount_at), amount(currency));
            let on = document.required(&pointer("Date"), day);
            let parts = reference.zip(money.filter(|money| money.is_positive())).zip(on);
            if let Some(((reference, amount), received_on)) = parts {
                found.push(PaymentOnInvoice {
                    reference,
                    amount: Some(amount),
                    received_on,
                    method: method.to_owned(),
                });
            }
        }
    }
    found
}

fn lines(document: &Document<'_>, currency: Currency) -> Vec<LineInput> {
    let listed = document.list("/LineItems").iter().take(limits::LINES);
    let line = |value: &Value| {
        let line = Document::of(value);
        let quantity = line.find("/Quantity").map(ToString::to_string);
        let read = |value: &Value| amount(currency)(value).ok();
        Some(LineInput {
            description: line.line("/Description", limits::TEXT)?,
            quantity: quantity.and_then(|text| kinds::quantity_in(text.trim_matches('"')).ok()),
            amount: line.find("/LineAmount").and_then(read),
        })
    };
    listed.filter_map(line).collect()
}

/// `/Date(1518685950940+0000)/`: milliseconds since 1970 in UTC, whatever offset is named after them.
fn instant(value: &Value) -> Result<DateTime<Utc>, Problem> {
    let wrong = || Problem::new("invalid_instant", "is not of the form /Date(1518685950940+0000)/");
    let text = value.as_str().unwrap_or_default();
    let inner = text
        .strip_prefix("/Date(")
        .and_then(|text| text.strip_suffix(")/"))
        .ok_or_else(wrong)?;
    let (sign, digits) = match inner.strip_prefix('-') {
        Some(rest) => (-1_i64, rest),
        None => (1, inner),
    };
    let ms = digits.split(['+', '-']).next().unwrap_or_default();
    let ms = ms.parse::<i64>().ok().filter(|ms| *ms >= 0);
    ms.and_then(|ms| ms.checked_mul(sign))
        .and_then(DateTime::from_timestamp_millis)
        .ok_or_else(wrong)
}

/// A day: Xero writes it as its midnight in UTC.
fn day(value: &Value) -> Result<NaiveDate, Problem> {
    day_of(instant(value)?)
}

#[cfg(test)]
mod tests;

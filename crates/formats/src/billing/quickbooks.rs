//! QuickBooks Online: notifications of either form, and the documents that are then fetched.
//!
//! Source: developer.intuit.com, "Webhooks" (`eventNotifications`) and "Migrate to CloudEvents" (an array of
//! CloudEvents 1.0 such as `qbo.invoice.created.v1`); the accounting API's `invoice`, `payment`, `customer` and
//! `creditmemo`. What Dunlin takes of them is its own rule:
//!
//! - What is fetched is the newest there is; `MetaData.LastUpdatedTime`, then `SyncToken`, tells which of two answers
//!   is the later.
//! - Ids count from 1 in every company, so a customer's key is `quickbooks-<realm>-<id>`.
//! - A void invoice keeps its number, comes to nothing and has `Voided` in its private note. One that is deleted can
//!   no longer be fetched: its notification is all there is.
//! - Money is an object of its own (`Payment`), whose lines name the invoices that it is for. What a company has set
//!   against an invoice from a credit memo comes with the credit memo.

use chrono::{DateTime, Utc};
use receivables::billing::{
    Assumed, CreditNoteState, InvoiceState, Object, PaymentState, Said, Standing, Version, customer,
};
use receivables::currency::Currency;
use receivables::fields::{Problem, kinds};
use receivables::intake::{
    CreditNoteInput, CustomerInput, CustomerRef, InvoiceInput, LineInput, PostalAddress,
};
use receivables::limits;
use receivables::money::Money;
use serde_json::Value;

use super::document::{Document, amount, contact, country, instant};
use super::{Kind, Problems, Reading, Wanted};

/// Each object that is fetched, and how notifications of the old form and of CloudEvents name it.
const KINDS: &[(Kind, &str, &str)] = &[
    (Kind::Customer, "Customer", "customer"),
    (Kind::Invoice, "Invoice", "invoice"),
    (Kind::Payment, "Payment", "payment"),
    (Kind::CreditNote, "CreditMemo", "creditmemo"),
];

/// The version of an object that is gone: nothing of it is later.
const GONE: u32 = u32::MAX;

/// The events of a delivery of either form, each by itself as it is stored, under its id; one of the old form gets an
/// id of what it says. Source: this module's head.
pub fn events(delivery: &Value) -> Vec<(String, Value)> {
    if let Some(events) = delivery.as_array() {
        let id = |event: &Value| event.get("id").and_then(Value::as_str).unwrap_or("-").to_owned();
        return events.iter().map(|event| (id(event), event.clone())).collect();
    }
    let mut found = Vec::new();
    let text = |value: &Value, name: &str| value.get(name).and_then(Value::as_str).unwrap_or("-").to_owned();
    let list = |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
    for notification in list(delivery.get("eventNotifications")) {
        let realm = text(&notification, "realmId");
        for entity in list(notification.pointer("/dataChangeEvent/entities")) {
            let names = ["name", "id", "operation", "lastUpdated"].map(|name| text(&entity, name));
            let id = format!("{realm}_{}", names.join("_"));
            let mut event = entity.clone();
            if let Some(members) = event.as_object_mut() {
                members.insert("realmId".to_owned(), Value::String(realm.clone()));
            }
            found.push((id, event));
        }
    }
    found
}

/// What one event wants fetched. Source: this module's head.
pub fn event(event: &Value) -> Result<Reading, Problems> {
    let mut document = Document::of(event);
    let old = document.find("/realmId").is_some();
    let (id_at, account_at, at) = match old {
        true => ("/id", "/realmId", "/lastUpdated"),
        false => ("/intuitentityid", "/intuitaccountid", "/time"),
    };
    let (name, operation) = match old {
        true => (
            document.word("/name").unwrap_or_default(),
            document.word("/operation").unwrap_or_default().to_lowercase(),
        ),
        false => {
            // qbo.invoice.created.v1
            let mut parts = document.word("/type").unwrap_or_default().split('.').skip(1);
            let name = parts.next().unwrap_or_default();
            (name, parts.next().unwrap_or_default().to_owned())
        }
    };
    let known = KINDS
        .iter()
        .find(|(_, theirs, cloud)| *theirs == name || *cloud == name);
    let Some((kind, ..)) = known else {
        return Ok(Reading::Nothing(format!("{name:?} needs nothing done")));
    };
    let id = document.required(id_at, number);
    let account = document.required(account_at, number);
    let gone = operation.starts_with("delete") || operation.starts_with("merge");
    let gone_at = match gone {
        true => document.required(at, instant),
        false => None,
    };
    let wanted = id.zip(account).filter(|_| !gone || gone_at.is_some());
    let wanted = wanted.map(|(id, account)| {
        Reading::Fetch(Wanted {
            account,
            kind: *kind,
            id,
            gone_at,
        })
    });
    document.finish(wanted)
}

/// Digits: they become part of an address.
fn number(value: &Value) -> Result<String, Problem> {
    let text = kinds::text(limits::SLUG)(value)?;
    match text.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(text),
        false => Err(Problem::new("invalid_id", "is no number")),
    }
}

/// What an event that says that an object is gone comes to. Source: this module's head.
pub fn gone(kind: Kind, id: &str, at: DateTime<Utc>) -> Reading {
    let object = match kind {
        Kind::Invoice => Object::Invoice(Box::new(InvoiceState::gone(id.to_owned()))),
        Kind::Payment => Object::Payment(Box::new(PaymentState {
            reference: id.to_owned(),
            customer: None,
            amount: None,
            received_on: at.date_naive(),
            method: METHOD.to_owned(),
            invoices: Vec::new(),
        })),
        Kind::Customer => return Reading::Nothing("a customer that is gone there stays here".to_owned()),
        Kind::CreditNote => Object::CreditNote(Box::new(CreditNoteState {
            id: id.to_owned(),
            note: None,
        })),
    };
    Reading::Said(Box::new(Said {
        version: Version::new(at, GONE, ""),
        customer: None,
        object,
    }))
}

const METHOD: &str = "quickbooks";

/// The key of a company's customer. Source: this module's head.
pub fn customer_key(realm: &str, id: &str) -> String {
    format!("quickbooks-{realm}-{id}")
}

/// The answer to `GET /v3/company/{realm}/invoice/{id}`. Source: this module's head.
pub fn invoice(answer: &Value, realm: &str, assumed: Assumed) -> Result<Reading, Problems> {
    let mut document = only(answer, "Invoice")?;
    let id = document.required("/Id", number);
    let version = version(&mut document);
    let currency = document.required("/CurrencyRef/value", kinds::currency);
    let total = currency.and_then(|currency| document.required("/TotalAmt", amount(currency)));
    if total.is_some_and(|total| total.is_zero()) {
        let said = id.zip(version).map(|(id, version)| {
            let state = InvoiceState::gone(id);
            said(version, None, Object::Invoice(Box::new(state)))
        });
        return document.finish(said);
    }
    let number = document.required("/DocNumber", kinds::text(limits::NUMBER));
    let issue_date = document.required("/TxnDate", kinds::date);
    let due_date = document.read("/DueDate", kinds::date);
    let whose = whose(&mut document, realm, currency, assumed);
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
            order_number: None,
            payment_reference: None,
            documents: Vec::new(),
        };
        let state = InvoiceState {
            id: id?,
            invoice: Some(invoice),
            standing: Standing::Owed,
            payments: Vec::new(),
            all_payments: false,
        };
        Some(said(version?, Some(whose), Object::Invoice(Box::new(state))))
    };
    let reading = state();
    document.finish(reading)
}

/// The answer to `GET /v3/company/{realm}/payment/{id}`. Source: this module's head.
pub fn payment(answer: &Value, realm: &str) -> Result<Reading, Problems> {
    let mut document = only(answer, "Payment")?;
    let id = document.required("/Id", number);
    let version = version(&mut document);
    let currency = document.required("/CurrencyRef/value", kinds::currency);
    let total = currency.and_then(|currency| document.required("/TotalAmt", amount(currency)));
    let received_on = document.required("/TxnDate", kinds::date);
    let whose = document.required("/CustomerRef/value", number);
    let invoices = currency.map_or(Vec::new(), |currency| applied(&mut document, currency));
    let state = || {
        let total = total?;
        let state = PaymentState {
            reference: id?,
            customer: Some(customer_key(realm, &whose?)),
            // A void payment comes to nothing.
            amount: total.is_positive().then_some(total),
            received_on: received_on?,
            method: METHOD.to_owned(),
            invoices,
        };
        Some(said(version?, None, Object::Payment(Box::new(state))))
    };
    let reading = state();
    document.finish(reading)
}

/// The answer to `GET /v3/company/{realm}/creditmemo/{id}`. Source: this module's head.
pub fn credit_note(answer: &Value, realm: &str, assumed: Assumed) -> Result<Reading, Problems> {
    let mut document = only(answer, "CreditMemo")?;
    let id = document.required("/Id", self::number);
    let version = version(&mut document);
    let currency = document.required("/CurrencyRef/value", kinds::currency);
    let total = currency.and_then(|currency| document.required("/TotalAmt", amount(currency)));
    // A void credit memo comes to nothing.
    if total.is_some_and(|total| !total.is_positive()) {
        let said = id.zip(version).map(|(id, version)| {
            let state = CreditNoteState { id, note: None };
            said(version, None, Object::CreditNote(Box::new(state)))
        });
        return document.finish(said);
    }
    let number = document.required("/DocNumber", kinds::text(limits::NUMBER));
    let issue_date = document.required("/TxnDate", kinds::date);
    let whose = whose(&mut document, realm, currency, assumed);
    let note = || {
        let whose = whose?;
        let note = CreditNoteInput {
            number: number?,
            numbering: None,
            customer: CustomerRef::ExternalId(whose.external_id.clone()),
            issue_date: issue_date?,
            currency: currency?,
            total: total?,
            invoice_number: None,
            invoices: Vec::new(),
            reason: document.line("/PrivateNote", limits::TEXT),
        };
        let state = CreditNoteState {
            id: id?,
            note: Some(note),
        };
        Some(said(version?, Some(whose), Object::CreditNote(Box::new(state))))
    };
    let reading = note();
    document.finish(reading)
}

/// The answer to `GET /v3/company/{realm}/customer/{id}`. Source: this module's head.
pub fn customer_answer(
    answer: &Value,
    realm: &str,
    home: Option<Currency>,
    assumed: Assumed,
) -> Result<Reading, Problems> {
    let mut document = only(answer, "Customer")?;
    let id = document.required("/Id", number);
    let version = version(&mut document);
    let currency = document.read("/CurrencyRef/value", kinds::currency).or(home);
    if currency.is_none() {
        return Ok(Reading::Nothing("the customer has no currency yet".to_owned()));
    }
    let name = document.required("/DisplayName", kinds::text(limits::NAME));
    let made = || {
        let (id, name) = (id?, name?);
        let email = document.word("/PrimaryEmailAddr/Address");
        let phone = document.word("/PrimaryPhone/FreeFormNumber");
        Some((id, name, email, phone))
    };
    let made = made();
    let address = address(&document, "/BillAddr");
    let country = land(&mut document, "/BillAddr", assumed);
    let reading =
        made.zip(country)
            .zip(version)
            .and_then(|(((id, name, email, phone), country), version)| {
                let contacts = contact(&name, email, phone, Some(address));
                let input = customer(
                    customer_key(realm, &id),
                    name,
                    assumed.kind,
                    country,
                    currency?,
                    contacts,
                );
                Some(said(version, Some(input), Object::Customer))
            });
    document.finish(reading)
}

fn said(version: Version, customer: Option<CustomerInput>, object: Object) -> Reading {
    Reading::Said(Box::new(Said {
        version,
        customer,
        object,
    }))
}

/// The document of an answer.
fn only<'a>(answer: &'a Value, name: &str) -> Result<Document<'a>, Problems> {
    let mut document = Document::of(answer);
    let place = format!("/{name}");
    match document.find(&place) {
        Some(inner) => Ok(Document::at(place, inner)),
        None => {
            document.report(&place, "required", format!("the answer holds no {name}"));
            document.finish(None)
        }
    }
}

fn version(document: &mut Document<'_>) -> Option<Version> {
    let updated = document.required("/MetaData/LastUpdatedTime", instant);
    let token = document.required("/SyncToken", |value| {
        let token = value.as_str().and_then(|text| text.parse::<u32>().ok());
        token.ok_or_else(|| Problem::new("wrong_type", "is no number in a text"))
    });
    Some(Version::new(updated?, token?, ""))
}

/// What each invoice gets of a payment. One invoice may stand on several lines.
fn applied(document: &mut Document<'_>, currency: Currency) -> Vec<(String, Money)> {
    let mut found: Vec<(String, Money)> = Vec::new();
    for (at, line) in document.list("/Line").iter().enumerate() {
        let money = document.read(&format!("/Line/{at}/Amount"), amount(currency));
        let linked = Document::of(line).list("/LinkedTxn");
        let is_invoice = |value: &&Value| Document::of(value).word("/TxnType") == Some("Invoice");
        let id = linked
            .iter()
            .find(is_invoice)
            .and_then(|value| Document::of(value).line("/TxnId", limits::KEY));
        if let (Some(id), Some(money)) = (id, money.filter(|money| money.is_positive())) {
            found.push((id, money));
        }
    }
    found
}

fn whose(
    document: &mut Document<'_>,
    realm: &str,
    currency: Option<Currency>,
    assumed: Assumed,
) -> Option<CustomerInput> {
    let id = document.required("/CustomerRef/value", number);
    let name = document.line("/CustomerRef/name", limits::NAME);
    let postal = address(document, "/BillAddr");
    let country = land(document, "/BillAddr", assumed);
    let key = customer_key(realm, &id?);
    let name = name.unwrap_or_else(|| key.clone());
    let contacts = contact(&name, document.word("/BillEmail/Address"), None, Some(postal));
    Some(customer(key, name, assumed.kind, country?, currency?, contacts))
}

fn land(document: &mut Document<'_>, at: &str, assumed: Assumed) -> Option<receivables::country::Country> {
    let stated = country(document.word(&format!("{at}/Country"))).or(assumed.country);
    if stated.is_none() {
        let detail = "the customer's country is not said by its code, and `billing_country` is not set";
        document.report(&format!("{at}/Country"), "required", detail);
    }
    stated
}

fn address(document: &Document<'_>, at: &str) -> PostalAddress {
    let line = |name: &str| document.line(&format!("{at}/{name}"), limits::ADDRESS_LINE);
    PostalAddress {
        lines: ["Line1", "Line2", "Line3", "Line4", "Line5"]
            .into_iter()
            .filter_map(line)
            .collect(),
        postal_code: line("PostalCode"),
        city: line("City"),
        region: line("CountrySubDivisionCode"),
        country: country(document.word(&format!("{at}/Country"))),
    }
}

fn lines(document: &Document<'_>, currency: Currency) -> Vec<LineInput> {
    let listed = document.list("/Line").iter().take(limits::LINES);
    let line = |value: &Value| {
        let line = Document::of(value);
        let quantity = line.find("/SalesItemLineDetail/Qty").map(ToString::to_string);
        let read = |value: &Value| amount(currency)(value).ok();
        Some(LineInput {
            description: line.line("/Description", limits::TEXT)?,
            quantity: quantity.and_then(|text| kinds::quantity_in(text.trim_matches('"')).ok()),
            amount: line.find("/Amount").and_then(read),
        })
    };
    listed.filter_map(line).collect()
}

#[cfg(test)]
mod tests;

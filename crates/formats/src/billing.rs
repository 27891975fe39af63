//! Events and documents of billing and accounting systems, each read into what it says ([`receivables::billing`]).
//!
//! Shape: a module a source. Where an event holds the object it is about, its reader makes a [`Said`] of it; where it
//! only names it (Xero, QuickBooks), there is a reader for the notification, which says what is to be fetched, and
//! one for the document that is.
//!
//! Bounds: what comes is a JSON value, bounded by whoever read it; texts are bounded by `receivables::limits`. Refused:
//! what lacks what an invoice needs, with every problem and its place. Members that are not read are no problem: the
//! systems add their own.
//!
//! Source: named in each module; what Dunlin takes of a document is its own rule.

pub mod quickbooks;
pub mod stripe;
pub mod xero;

mod document;

use receivables::billing::Said;
use receivables::fields::FieldError;

/// What an event comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Its object is in it.
    Said(Box<Said>),
    /// Its object is to be fetched.
    Fetch(Wanted),
    /// Nothing is to be done, and why.
    Nothing(String),
}

/// An object that is to be fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The organisation at the source: Xero's tenant, QuickBooks' realm.
    pub account: String,
    /// What it is.
    pub kind: Kind,
    /// What the source calls it.
    pub id: String,
    /// The event says that it is gone: it cannot be fetched. With when that was.
    pub gone_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// What can be fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A customer: Xero's contact.
    Customer,
    /// An invoice.
    Invoice,
    /// A payment.
    Payment,
    /// A credit note: QuickBooks' credit memo.
    CreditNote,
}

/// What is wrong with a document, at once.
pub type Problems = Vec<FieldError>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use receivables::billing::Assumed;
    use receivables::country::Country;
    use receivables::intake::CustomerKind;
    use serde_json::{Value, json};

    use super::*;

    fn assumed() -> Assumed {
        Assumed {
            country: Country::parse("DE"),
            kind: CustomerKind::Business,
        }
    }

    /// A good document of each kind that is read.
    fn documents() -> [Value; 8] {
        let meta = json!({"LastUpdatedTime": "2014-09-19T13:16:17-07:00"});
        let contact = json!({"ContactID": "c", "Name": "n", "EmailAddress": "a@b.example", "Addresses": [
            {"AddressType": "POBOX", "AddressLine1": "1", "Country": "NZ"}]});
        [
            json!({"id": "evt_1", "type": "invoice.paid", "created": 1, "data": {"object": {"id": "in_1", "number": "1",
                "currency": "eur", "amount_due": 100, "amount_paid": 100, "created": 1_767_571_200, "status": "paid",
                "due_date": 1_770_163_200, "customer": "cus_1", "customer_name": "n", "customer_email": "a@b.example",
                "customer_address": {"country": "DE", "line1": "1"}, "customer_tax_ids": [{"value": "1"}],
                "payments": {"data": [{"id": "p", "status": "paid", "amount_paid": 100, "payment": {"charge": "ch"}}]},
                "lines": {"data": [{"description": "d", "quantity": 1, "amount": 100}]},
                "hosted_invoice_url": "https://a.example/1", "status_transitions": {"paid_at": 1_770_163_200}}}}),
            json!({"eventCategory": "INVOICE", "resourceId": "r", "tenantId": "t"}),
            json!({"Invoices": [{"Type": "ACCREC", "Status": "PAID", "InvoiceID": "i", "InvoiceNumber": "1", "Total": 1.5,
                "CurrencyCode": "EUR", "Date": "/Date(1518685950940+0000)/", "DueDate": "/Date(1518685950940)/",
                "UpdatedDateUTC": "/Date(1518685950940+0000)/", "Contact": contact, "Payments": [{"PaymentID": "p",
                "Amount": 1.5, "Date": "/Date(1518685950940+0000)/"}], "CreditNotes": [{"CreditNoteID": "n"}],
                "LineItems": [{"Description": "d", "Quantity": 1.0, "LineAmount": 1.5}]}]}),
            json!({"CreditNotes": [{"Type": "ACCRECCREDIT", "CreditNoteID": "n", "Status": "PAID", "CreditNoteNumber": "1", "Total": 1.5,
                "CurrencyCode": "EUR", "Date": "/Date(1518685950940+0000)/", "Contact": contact,
                "UpdatedDateUTC": "/Date(1518685950940+0000)/",
                "Allocations": [{"Amount": 1.5, "Invoice": {"InvoiceNumber": "1"}}]}]}),
            json!({"id": "e", "type": "qbo.invoice.deleted.v1", "time": "2025-09-10T21:31:25Z", "intuitentityid": "1",
                "intuitaccountid": "2"}),
            json!({"Invoice": {"Id": "1", "SyncToken": "0", "MetaData": meta, "CurrencyRef": {"value": "USD"},
                "TotalAmt": 1.5, "DocNumber": "1", "TxnDate": "2014-09-19", "DueDate": "2014-10-19",
                "CustomerRef": {"value": "1", "name": "n"}, "BillAddr": {"Line1": "1"},
                "Line": [{"Description": "d", "Amount": 1.5, "SalesItemLineDetail": {"Qty": 1}}]}}),
            json!({"Payment": {"Id": "1", "SyncToken": "0", "MetaData": meta, "CurrencyRef": {"value": "USD"},
                "TotalAmt": 1.5, "TxnDate": "2014-09-19", "CustomerRef": {"value": "1"},
                "Line": [{"Amount": 1.5, "LinkedTxn": [{"TxnId": "1", "TxnType": "Invoice"}]}]}}),
            json!({"Customer": {"Id": "1", "SyncToken": "0", "MetaData": meta, "CurrencyRef": {"value": "USD"},
                "DisplayName": "n", "PrimaryEmailAddr": {"Address": "a@b.example"}}}),
        ]
    }

    /// What every reader makes of a document.
    fn read(document: &Value) -> Vec<Result<Reading, Problems>> {
        let _ = (
            xero::events(document),
            quickbooks::events(document),
            xero::credit_notes_of(document, "t"),
        );
        vec![
            stripe::event(document, assumed()),
            xero::event(document),
            xero::invoice(document, assumed()),
            xero::credit_note(document, assumed()),
            xero::contact_answer(document, None, assumed()),
            quickbooks::event(document),
            quickbooks::invoice(document, "2", assumed()),
            quickbooks::payment(document, "2"),
            quickbooks::credit_note(document, "2", assumed()),
            quickbooks::customer_answer(document, "2", None, assumed()),
        ]
    }

    /// Every place in a document.
    fn places(value: &Value, at: &str, found: &mut Vec<String>) {
        found.push(at.to_owned());
        match value {
            Value::Object(members) => {
                for (name, inner) in members {
                    places(inner, &format!("{at}/{name}"), found);
                }
            }
            Value::Array(items) => {
                for (index, inner) in items.iter().enumerate() {
                    places(inner, &format!("{at}/{index}"), found);
                }
            }
            _ => {}
        }
    }

    fn odd() -> impl Strategy<Value = Value> {
        prop_oneof![
            Just(Value::Null),
            Just(json!([])),
            Just(json!({})),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            any::<f64>().prop_map(Value::from),
            ".{0,40}".prop_map(Value::from),
            "/Date\\([-+0-9]{0,25}\\)/".prop_map(Value::from),
            "[-0-9T:Z]{0,30}".prop_map(Value::from),
        ]
    }

    #[test]
    fn each_good_document_is_read_by_one_reader() {
        for document in documents() {
            let said = read(&document).into_iter().flatten();
            let said = said.filter(|reading| !matches!(reading, Reading::Nothing(_)));
            assert_eq!(said.count(), 1, "{document}");
        }
    }

    proptest! {
        #[test]
        fn whatever_stands_anywhere_is_read_or_refused_with_its_place(
            which in 0usize..8, at in any::<prop::sample::Index>(), odd in odd(),
        ) {
            let mut document = documents()[which].clone();
            let mut found = Vec::new();
            places(&document, "", &mut found);
            *document.pointer_mut(at.get(found.as_slice()).as_str()).unwrap() = odd;
            for errors in read(&document).into_iter().filter_map(Result::err) {
                prop_assert!(!errors.is_empty() && errors.len() <= receivables::limits::PROBLEMS);
                prop_assert!(errors.iter().all(|error| error.pointer.is_empty() || error.pointer.starts_with('/')));
            }
        }
    }
}

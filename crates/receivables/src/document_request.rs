//! Documents that a customer is asked for: a tax form, a purchase order, a proof of delivery.
//!
//! Source: Dunlin's own rule.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::dispute::Document;
use crate::fields::{FieldError, Fields, kinds};
use crate::id::InvoiceId;
use crate::limits;
use crate::names::names;

/// Where a request stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It waits for the customer.
    Open,
    /// What it asks for is here.
    Answered,
    /// It is wanted no more.
    Withdrawn,
}

names! {
    Status {
        "open" => Open,
        "answered" => Answered,
        "withdrawn" => Withdrawn,
    }
}

/// A request as it comes in: `{"what", "until"?, "invoice"?}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestInput {
    /// What is missing, in words for the customer.
    pub what: String,
    /// Until when it is needed.
    pub until: Option<NaiveDate>,
    /// The invoice that waits for it: a document that is kept with it answers the request.
    pub invoice: Option<InvoiceId>,
}

impl RequestInput {
    /// Reads a request; every problem at once.
    pub fn parse(value: &Value) -> Result<RequestInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let what = fields.required("what", kinds::text(limits::NAME));
        let until = fields.optional("until", kinds::date);
        let invoice = fields.optional("invoice", kinds::id(InvoiceId::parse));
        fields.finish(|| {
            Some(RequestInput {
                what: what?,
                until,
                invoice,
            })
        })
    }
}

/// What came: `{"documents": [{"name", "url" | "reference" | "text"}], "note"?}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerInput {
    /// At least one.
    pub documents: Vec<Document>,
    /// What is to be said about them.
    pub note: Option<String>,
}

impl AnswerInput {
    /// Reads an answer; every problem at once.
    pub fn parse(value: &Value) -> Result<AnswerInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let before = fields.problems();
        let documents = fields.objects("documents", limits::DISPUTE_DOCUMENTS, Document::read);
        if documents.is_empty() && fields.problems() == before {
            fields.report("documents", "required", "at least one document is the answer");
        }
        let note = fields.optional("note", kinds::lines(limits::TEXT));
        fields.finish(|| Some(AnswerInput { documents, note }))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn first(errors: Vec<FieldError>) -> String {
        let error = errors.into_iter().next().unwrap();
        format!("{} {}", error.pointer, error.code)
    }

    #[test]
    fn a_request_says_what_is_missing() {
        let read =
            RequestInput::parse(&json!({"what": "VAT exemption form", "until": "2026-02-01"})).unwrap();
        assert_eq!(read.what, "VAT exemption form");
        assert_eq!(read.until, Some("2026-02-01".parse().unwrap()));
        let cases = [
            (json!({}), "/what required"),
            (json!({"what": " "}), "/what empty"),
            (json!({"what": "x", "until": "soon"}), "/until invalid_date"),
            (json!({"what": "x", "invoice": "cus_1"}), "/invoice invalid_id"),
            (json!({"what": "x", "why": "y"}), "/why unknown_field"),
        ];
        for (given, expected) in cases {
            assert_eq!(
                first(RequestInput::parse(&given).unwrap_err()),
                expected,
                "{given}"
            );
        }
    }

    #[test]
    fn an_answer_brings_a_document() {
        let given = json!({"documents": [{"name": "W-9", "reference": "dms/17"}], "note": "by post"});
        let read = AnswerInput::parse(&given).unwrap();
        assert_eq!(read.documents.len(), 1);
        let cases = [
            (json!({}), "/documents required"),
            (json!({"documents": []}), "/documents required"),
            (json!({"documents": [{"name": "W-9"}]}), "/documents/0 one_of"),
        ];
        for (given, expected) in cases {
            assert_eq!(
                first(AnswerInput::parse(&given).unwrap_err()),
                expected,
                "{given}"
            );
        }
    }
}

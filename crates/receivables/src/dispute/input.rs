//! Disputes and decisions as they come in.
//!
//! Source: Dunlin's own API.

use chrono::NaiveDate;
use serde::Serialize;
use serde_json::Value;

use super::Resolution;
use crate::fields::{FieldError, Fields, Problem, kinds};
use crate::id::InvoiceId;
use crate::limits;
use crate::money::Money;

/// A dispute's document: somewhere else, or a short text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Document {
    /// What it is called.
    pub name: String,
    /// What kind of file it is (RFC 6838).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub media_type: Option<String>,
    /// What it says, or where it is.
    #[serde(flatten)]
    pub content: Content,
}

/// Where a document's content is found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Content {
    /// At an address.
    Url(String),
    /// In another system, under this reference.
    Reference(String),
    /// Here.
    Text(String),
}

impl Document {
    pub(crate) fn read(fields: &mut Fields<'_>) -> Option<Document> {
        let name = fields.required("name", kinds::text(limits::NAME));
        let media_type = fields.optional("media_type", media_type);
        let given = ["url", "reference", "text"]
            .iter()
            .filter(|place| fields.has(place))
            .count();
        let url = fields.optional("url", kinds::url).map(Content::Url);
        let reference = fields
            .optional("reference", kinds::text(limits::KEY))
            .map(Content::Reference);
        let text = fields
            .optional("text", kinds::lines(limits::DOCUMENT_TEXT))
            .map(Content::Text);
        if given != 1 {
            fields.report(
                "",
                "one_of",
                "a document has either a `url`, a `reference` or a `text`",
            );
        }
        Some(Document {
            name: name?,
            media_type,
            content: url.or(reference).or(text)?,
        })
    }
}

fn media_type(value: &Value) -> Result<String, Problem> {
    let text = kinds::text(limits::MEDIA_TYPE)(value)?;
    let token = |part: &str| {
        !part.is_empty()
            && part
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || "!#$&-^_.+".contains(c))
    };
    if text
        .split_once('/')
        .is_some_and(|(kind, subtype)| token(kind) && token(subtype))
    {
        return Ok(text);
    }
    Err(Problem::new(
        "invalid_media_type",
        "a media type is written like application/pdf",
    ))
}

/// A dispute as it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeInput {
    /// Which invoice.
    pub invoice: InvoiceId,
    /// How much of it; none means all that is not disputed yet.
    pub amount: Option<Money>,
    /// Why: one of ours, or the customer's own code.
    pub reason: String,
    /// What the customer says.
    pub text: Option<String>,
    /// The team that is to look at it.
    pub assignee: Option<String>,
    /// The last day for an answer; none means the policy's.
    pub respond_by: Option<NaiveDate>,
    /// What proves it.
    pub documents: Vec<Document>,
}

impl DisputeInput {
    /// Reads a dispute; every problem at once.
    pub fn parse(value: &Value) -> Result<DisputeInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let invoice = fields.required("invoice", kinds::id(InvoiceId::parse));
        let amount = fields.optional("amount", kinds::positive_money);
        let reason = fields.required("reason", kinds::text(limits::SLUG));
        let text = fields.optional("text", kinds::lines(limits::TEXT));
        let assignee = fields.optional("assignee", kinds::slug);
        let respond_by = fields.optional("respond_by", kinds::date);
        let documents = fields.objects("documents", limits::DISPUTE_DOCUMENTS, Document::read);
        fields.finish(|| {
            Some(DisputeInput {
                invoice: invoice?,
                amount,
                reason: reason?,
                text,
                assignee,
                respond_by,
                documents,
            })
        })
    }
}

/// A decision as it comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolutionInput {
    /// What is decided.
    pub resolution: Resolution,
    /// The credit note's number in the creditor's books, so that the same one from there is not taken twice. Without
    /// one it is numbered after the dispute.
    pub credit_note_number: Option<String>,
    /// Why; the customer may be told.
    pub comment: Option<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    CreditNote,
    Rejected,
    Split,
}

const OUTCOMES: &[(&str, Outcome)] = &[
    ("credit_note", Outcome::CreditNote),
    ("rejected", Outcome::Rejected),
    ("split", Outcome::Split),
];

impl ResolutionInput {
    /// Reads a decision; every problem at once.
    pub fn parse(value: &Value) -> Result<ResolutionInput, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let outcome = fields.required("outcome", kinds::one_of(OUTCOMES));
        let has_credit = fields.has("credit");
        let credit = fields.optional("credit", kinds::positive_money);
        let number = fields.optional("credit_note_number", kinds::text(limits::NUMBER));
        let comment = fields.optional("comment", kinds::lines(limits::TEXT));
        match outcome {
            Some(Outcome::Split) if !has_credit => {
                fields.report("credit", "required", "a split says how much is credited");
            }
            Some(Outcome::CreditNote | Outcome::Rejected) if has_credit => {
                fields.report("credit", "not_allowed", "only a split says how much is credited");
            }
            _ => {}
        }
        if outcome == Some(Outcome::Rejected) && fields.has("credit_note_number") {
            fields.report("credit_note_number", "not_allowed", "a rejection credits nothing");
        }
        fields.finish(|| {
            let resolution = match outcome? {
                Outcome::CreditNote => Resolution::CreditNote,
                Outcome::Rejected => Resolution::Rejected,
                Outcome::Split => Resolution::Split(credit?),
            };
            Some(ResolutionInput {
                resolution,
                credit_note_number: number,
                comment,
            })
        })
    }
}

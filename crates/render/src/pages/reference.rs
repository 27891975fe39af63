//! The API reference: the contract as a page. For developers; English, public, and the same for everybody.

use serde::Serialize;

use crate::env::Family;
use crate::prose;
use crate::{Language, RenderError};

static REFERENCE: Family = Family::with(
    &[
        ("base.css", include_str!("../../templates/page/base.css")),
        ("console.css", include_str!("../../templates/page/console.css")),
        (
            "reference.css",
            include_str!("../../templates/page/reference.css"),
        ),
        ("bird.svg", include_str!("../../templates/page/bird.svg")),
        (
            "reference.html",
            include_str!("../../templates/page/reference.html"),
        ),
    ],
    prose::add_filters,
);

/// All that the page shows. Descriptions are Markdown; HTML in them is text.
#[derive(Clone, Debug, Serialize)]
pub struct Reference {
    /// What the API is called.
    pub title: String,
    /// Its version.
    pub version: String,
    /// What holds for all of it.
    pub introduction: String,
    /// Keys and signatures that open operations.
    pub keys: Vec<ReferenceField>,
    /// The operations, by subject.
    pub groups: Vec<ReferenceGroup>,
    /// Answers that many operations share, each under its name in place of a status.
    pub answers: Vec<ReferenceAnswer>,
    /// The named schemas.
    pub schemas: Vec<ReferenceSchema>,
}

/// Operations on one subject.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceGroup {
    /// The subject.
    pub name: String,
    /// Its fragment.
    pub anchor: String,
    /// In a sentence.
    pub description: Option<String>,
    /// Its operations.
    pub operations: Vec<ReferenceOperation>,
}

/// One method of one path.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceOperation {
    /// Its fragment.
    pub anchor: String,
    /// In capitals.
    pub method: String,
    /// With its parameters in braces.
    pub path: String,
    /// A few words.
    pub summary: String,
    /// More of them.
    pub description: Option<String>,
    /// The ways to be let in, any of which will do; one that is empty asks for nothing. No way at all: public.
    pub needs: Vec<Vec<TypePart>>,
    /// In path, query, header and cookie.
    pub parameters: Vec<ReferenceField>,
    /// What is sent, by media type.
    pub bodies: Vec<ReferenceBody>,
    /// What may come back.
    pub answers: Vec<ReferenceAnswer>,
}

/// A body under one media type.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceBody {
    /// Such as `application/json`.
    pub media_type: String,
    /// Its type.
    pub kind: Vec<TypePart>,
    /// What it is, where the type does not say.
    pub description: Option<String>,
    /// As it may look.
    pub example: Option<String>,
}

/// What comes back under one status.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceAnswer {
    /// `200`, or a range such as `5XX`.
    pub status: String,
    /// The fragment that says more, with its `#`, where many operations share it.
    pub link: Option<String>,
    /// What it means.
    pub description: Option<String>,
    /// The problem codes that it can carry.
    pub codes: Vec<String>,
    /// The headers that belong to it.
    pub headers: Vec<String>,
    /// Its bodies, by media type.
    pub bodies: Vec<ReferenceBody>,
}

/// A parameter, or a field of a schema.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceField {
    /// Its name.
    pub name: String,
    /// Where it stands, if it is a parameter: `path`, `query`, `header`.
    pub place: Option<String>,
    /// Whether it is always there.
    pub required: bool,
    /// Its type.
    pub kind: Vec<TypePart>,
    /// What it is held to beside its type; Markdown.
    pub bounds: Option<String>,
    /// What it means.
    pub description: Option<String>,
}

/// A named schema.
#[derive(Clone, Debug, Serialize)]
pub struct ReferenceSchema {
    /// Its name and fragment.
    pub name: String,
    /// What it is.
    pub description: Option<String>,
    /// Its type, where it has no fields.
    pub kind: Vec<TypePart>,
    /// What it is held to beside its type; Markdown.
    pub bounds: Option<String>,
    /// Its fields.
    pub fields: Vec<ReferenceField>,
}

/// A piece of a type's name.
#[derive(Clone, Debug, Serialize)]
pub struct TypePart {
    /// What it says.
    pub text: String,
    /// The fragment that says more, with its `#`.
    pub link: Option<String>,
}

/// Renders the page under a nonce.
pub fn reference_page(nonce: &str, reference: &Reference) -> Result<String, RenderError> {
    let page = minijinja::context! { nonce, ..minijinja::Value::from_serialize(reference) };
    REFERENCE.render("reference.html", Language::En, page)
}

//! Documents that are kept with an invoice: added, and given back as they came.

use data_encoding::BASE64;
use receivables::attachment::{self, MediaType};
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::{DocumentId, InvoiceId};
use receivables::limits::{DOCUMENT_BYTES, NAME};
use serde_json::Value;
use store::documents::{self, NewDocument, Owner};
use store::{Tx, views};
use web::{Cx, Problem, Reply, Scope, limits};

/// A file that is sent.
struct Sent {
    name: String,
    media_type: MediaType,
    content: Vec<u8>,
}

impl Sent {
    fn parse(value: &Value) -> Result<Self, Vec<FieldError>> {
        let mut fields = Fields::of(value);
        let name = fields.required("name", kinds::text(NAME));
        let media_type = fields.required("media_type", |value| {
            MediaType::read(value.as_str().unwrap_or_default())
        });
        let content = fields.required("content", |value| {
            let text: String = value.as_str().unwrap_or_default().split_whitespace().collect();
            BASE64.decode(text.as_bytes()).map_err(|error| {
                receivables::fields::Problem::new(
                    "invalid_encoding",
                    format!("the file is not base64: {error}"),
                )
            })
        });
        fields.finish(|| {
            Some(Self {
                name: name?,
                media_type: media_type?,
                content: content?,
            })
        })
    }
}

/// Keeps files with their owner; what cannot be kept comes back as a remark.
pub(crate) async fn keep(
    cx: &Cx,
    tx: &Tx<'_>,
    owner: Owner<'_>,
    attachments: &[formats::document::Attachment],
) -> Result<Vec<FieldError>, Problem> {
    let mut remarks = Vec::new();
    for embedded in attachments
        .iter()
        .filter_map(|attachment| attachment.embedded.as_ref())
    {
        let new = NewDocument {
            name: &embedded.file_name,
            media_type: embedded.media_type.as_str(),
            content: &embedded.content,
        };
        if let Err(problem) = documents::add(tx, cx.moment(), owner, &new).await? {
            let detail = format!("{}: {}", embedded.file_name, problem.detail);
            remarks.push(FieldError::new("", problem.code, detail));
        }
    }
    Ok(remarks)
}

/// `POST /v1/invoices/{id}/documents?name=`: the file itself, or JSON with it in base64.
pub(crate) async fn add(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let query = cx.query(&["name"])?;
    let unknown = || Problem::not_found("There is no invoice with that id.");
    let id = InvoiceId::parse(id).map_err(|_| unknown())?;
    let (sent, bytes) = match cx.media_type().as_str() {
        "application/json" => {
            let bytes = cx.bytes(limits::DOCUMENT_AS_JSON).await?;
            let sent = Sent::parse(&web::parse_json(&bytes)?).map_err(Problem::invalid)?;
            (sent, bytes)
        }
        other => {
            let media_type =
                MediaType::read(other).map_err(|problem| Problem::unsupported_media_type(&problem.detail))?;
            let bytes = cx.bytes(DOCUMENT_BYTES).await?;
            let sent = Sent {
                name: query.get("name").cloned().unwrap_or_default(),
                media_type,
                content: bytes.to_vec(),
            };
            (sent, bytes)
        }
    };
    let name = attachment::file_name(&sent.name, sent.media_type);
    cx.once(&principal, &bytes, async |tx| {
        views::invoice(tx, &id).await?.ok_or_else(unknown)?;
        let new = NewDocument {
            name: &name,
            media_type: sent.media_type.as_str(),
            content: &sent.content,
        };
        match documents::add(tx, cx.moment(), Owner::Invoice(&id), &new).await? {
            Ok((view, new)) => Ok(Reply::json(if new { 201 } else { 200 }, &view)),
            Err(problem) => Err(Problem::invalid_field("/content", problem.code, problem.detail)),
        }
    })
    .await
}

/// `GET /v1/documents/{id}`: its bytes, to be saved and not to be shown.
pub(crate) async fn content(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let unknown = || Problem::not_found("There is no document with that id.");
    let id = DocumentId::parse(id).map_err(|_| unknown())?;
    let content = documents::content(&cx.db().await?, &id)
        .await?
        .ok_or_else(unknown)?;
    Reply::file(&content.media_type, &content.name, content.bytes)
}

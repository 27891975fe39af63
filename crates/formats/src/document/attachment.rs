//! What comes with a document: files that are embedded in it, and addresses of others.
//!
//! A file that cannot be kept does not keep the invoice out: it is left away, and a remark says why. An address is
//! kept as a link and never fetched.
//!
//! Source: EN 16931-1, BG-24 (additional supporting documents): BT-122 reference, BT-123 description, BT-124 external
//! location, BT-125 attached document.

use data_encoding::BASE64;

use crate::reader::Reader;
use crate::xml::Element;
use receivables::attachment::{self, MediaType};
use receivables::fields::{Problem, kinds};
use receivables::intake::DocumentInput;
use receivables::limits;

/// Something that comes with a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// What it is called: its description, else its reference.
    pub name: String,
    /// Where it is, for one outside.
    pub url: Option<String>,
    /// The file, for one within.
    pub embedded: Option<Embedded>,
}

/// A file within a document.
#[derive(Clone, PartialEq, Eq)]
pub struct Embedded {
    /// Its file name, without a path.
    pub file_name: String,
    /// What it is.
    pub media_type: MediaType,
    /// It.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Embedded {
            file_name,
            media_type,
            content,
        } = self;
        write!(f, "{file_name} ({media_type:?}, {} bytes)", content.len())
    }
}

impl Attachment {
    /// The link to it, for one outside.
    pub(super) fn link(&self) -> Option<DocumentInput> {
        Some(DocumentInput {
            name: self.name.clone(),
            url: self.url.clone()?,
        })
    }
}

/// Where a syntax keeps attachments.
pub(crate) struct AttachmentPaths {
    /// The list.
    pub(crate) list: &'static str,
    /// Within one: what it is called, the clearest first.
    pub(crate) names: &'static [&'static str],
    pub(crate) file: &'static str,
    pub(crate) uri: &'static str,
}

/// Reads the attachments of `parent`; one that has neither a file nor an address is a reference and no attachment.
pub(crate) fn attachments(
    reader: &mut Reader,
    parent: &Element<'_, '_>,
    paths: &AttachmentPaths,
) -> Vec<Attachment> {
    let mut room = limits::DOCUMENTS_BYTES;
    let mut found = Vec::new();
    for element in parent.all(paths.list) {
        let name = paths.names.iter().find_map(|path| {
            reader.nice(&element, path, |text| {
                let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
                kinds::text_in(&line, limits::NAME)
            })
        });
        let name = name.unwrap_or_else(|| "attachment".to_owned());
        let url = reader.nice(&element, paths.uri, kinds::url_in);
        let embedded = element
            .find(paths.file)
            .and_then(|file| match embedded(&file, &name, room) {
                Ok(embedded) => embedded,
                Err(problem) => {
                    reader.remark(file.path(), problem);
                    None
                }
            });
        room = room.saturating_sub(embedded.as_ref().map_or(0, |embedded| embedded.content.len()));
        if url.is_none() && embedded.is_none() {
            continue;
        }
        if found.len() >= limits::DOCUMENTS {
            let detail = format!("at most {} attachments are kept", limits::DOCUMENTS);
            reader.remark(element.path(), Problem::new("too_many_items", detail));
            break;
        }
        found.push(Attachment { name, url, embedded });
    }
    found
}

fn embedded(file: &Element<'_, '_>, name: &str, room: usize) -> Result<Option<Embedded>, Problem> {
    let Some(mut text) = file.text() else {
        return Ok(None);
    };
    let media_type = MediaType::read(file.attribute("mimeCode").unwrap_or_default())?;
    text.retain(|c| !c.is_ascii_whitespace());
    // Four characters are three bytes: what is too much is not decoded first.
    attachment::fits(text.len().div_ceil(4).saturating_mul(3).saturating_sub(2), room)?;
    let content = BASE64
        .decode(text.as_bytes())
        .map_err(|error| Problem::new("invalid_encoding", format!("the file is not base64: {error}")))?;
    attachment::fits(content.len(), room)?;
    let file_name = attachment::file_name(file.attribute("filename").unwrap_or(name), media_type);
    Ok(Some(Embedded {
        file_name,
        media_type,
        content,
    }))
}

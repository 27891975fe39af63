//! From bytes to a tree that is safe to walk, and the few ways in which it is walked.

use std::collections::BTreeSet;

use roxmltree::{Document, Node, ParsingOptions};

use receivables::fields::FieldError;
use receivables::limits;

/// The prefixes that a reader's paths use, each with its namespace. A name without a prefix is in the namespace of the
/// document's root, as in formats whose namespace differs from version to version.
pub(crate) type Namespaces = &'static [(&'static str, &'static str)];

fn refused(code: &'static str, detail: impl Into<String>) -> FieldError {
    FieldError::new("/", code, detail)
}

/// The text of a document in UTF-8, without its byte order mark.
pub(crate) fn decode(bytes: &[u8]) -> Result<&str, FieldError> {
    if bytes.starts_with(&[0xfe, 0xff]) || bytes.starts_with(&[0xff, 0xfe]) {
        return Err(refused(
            "unsupported_encoding",
            "the document is in UTF-16; only UTF-8 is read",
        ));
    }
    let bytes = bytes.strip_prefix(&[0xef, 0xbb, 0xbf]).unwrap_or(bytes);
    // What the document declares is judged first: it explains why its bytes are no UTF-8.
    if let Some(encoding) = declared_encoding(bytes)
        && !["utf-8", "utf8", "us-ascii"].contains(&encoding.to_ascii_lowercase().as_str())
    {
        let detail = format!("the document declares the encoding {encoding}; only UTF-8 is read");
        return Err(refused("unsupported_encoding", detail));
    }
    std::str::from_utf8(bytes).map_err(|error| {
        let detail = format!(
            "the document is not UTF-8: byte {} fits no character",
            error.valid_up_to()
        );
        refused("unsupported_encoding", detail)
    })
}

/// The encoding named in `<?xml version="1.0" encoding="..."?>`.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = bytes.get(..bytes.len().min(200)).map(String::from_utf8_lossy)?;
    let declaration = head.strip_prefix("<?xml")?.split("?>").next()?;
    let value = declaration
        .split_once("encoding")?
        .1
        .trim_start()
        .strip_prefix('=')?
        .trim_start();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    value.split(quote).nth(1).map(str::to_owned)
}

/// The document's tree. Its size is judged before it is built: the parser's time and memory grow with the
/// square of the attributes of one element and of the namespaces in scope.
pub(crate) fn tree(text: &str) -> Result<Document<'_>, FieldError> {
    judge(text)?;
    let options = ParsingOptions {
        allow_dtd: false,
        nodes_limit: limits::XML_NODES,
        entity_resolver: None,
    };
    Document::parse_with_options(text, options).map_err(|error| match error {
        roxmltree::Error::DtdDetected => dtd(),
        roxmltree::Error::NodesLimitReached => refused(
            "too_large",
            format!("the document has more than {} nodes", limits::XML_NODES),
        ),
        other => refused("malformed_xml", other.to_string()),
    })
}

fn dtd() -> FieldError {
    refused(
        "dtd_refused",
        "a document type declaration is not allowed; no business document has one",
    )
}

/// Runs over the mark-up once, without building anything. What is malformed is left to the parser, which
/// stops at the same place.
fn judge(text: &str) -> Result<(), FieldError> {
    let mut depth = 0usize;
    let mut prefixes = BTreeSet::new();
    let mut rest = text;
    while let Some((_, markup)) = rest.split_once('<') {
        let after = |opening: &str, closing: &str| {
            markup
                .strip_prefix(opening)
                .map(|inner| inner.split_once(closing).map_or("", |(_, after)| after))
        };
        let skipped = after("!--", "-->")
            .or_else(|| after("![CDATA[", "]]>"))
            .or_else(|| after("?", "?>"));
        if let Some(after) = skipped {
            rest = after;
        } else if markup.starts_with('!') {
            return Err(dtd());
        } else if let Some(after) = after("/", ">") {
            depth = depth.saturating_sub(1);
            rest = after;
        } else {
            let tag = Tag::of(markup);
            depth = depth.saturating_add(1);
            prefixes.extend(
                tag.inside
                    .match_indices("xmlns:")
                    .filter_map(|(at, _)| prefix(tag.inside, at)),
            );
            let found = [
                (depth, limits::XML_DEPTH, "too_deep", "levels of elements"),
                (
                    tag.attributes,
                    limits::XML_ATTRIBUTES,
                    "too_many_attributes",
                    "attributes on one element",
                ),
                (
                    prefixes.len(),
                    limits::XML_NAMESPACES,
                    "too_many_namespaces",
                    "namespace prefixes",
                ),
            ];
            if let Some((_, most, code, what)) = found.into_iter().find(|(found, most, ..)| found > most) {
                return Err(refused(code, format!("the document has more than {most} {what}")));
            }
            if tag.inside.ends_with('/') {
                depth = depth.saturating_sub(1);
            }
            rest = tag.after;
        }
    }
    Ok(())
}

/// A long document in pieces: what stands around the elements of a name, and each of these as a small document of its
/// own, under the same ancestors, so that no tree is ever as large as the document.
pub(crate) struct Pieces<'a> {
    /// The document with an empty element in the place of each piece.
    pub(crate) frame: String,
    text: &'a str,
    pieces: Vec<Piece>,
}

struct Piece {
    /// The start tags of its ancestors, the outermost first.
    ancestors: Vec<std::ops::Range<usize>>,
    element: std::ops::Range<usize>,
}

impl<'a> Pieces<'a> {
    /// Cuts out every element called `name`, whatever its prefix. Judges the document first.
    pub(crate) fn of(text: &'a str, name: &str) -> Result<Pieces<'a>, FieldError> {
        judge(text)?;
        let at = |rest: &str| text.len().saturating_sub(rest.len());
        let (mut frame, mut copied) = (String::new(), 0usize);
        let mut pieces: Vec<Piece> = Vec::new();
        let mut open: Vec<std::ops::Range<usize>> = Vec::new();
        // Where the piece that we are in began, and how many elements were open around it.
        let mut inside: Option<(usize, usize)> = None;
        let mut rest = text;
        while let Some((before, markup)) = rest.split_once('<') {
            let begin = at(rest).saturating_add(before.len());
            let after = |opening: &str, closing: &str| {
                let inner = markup.strip_prefix(opening)?;
                Some(inner.split_once(closing).map_or("", |(_, after)| after))
            };
            let skipped = after("!--", "-->")
                .or_else(|| after("![CDATA[", "]]>"))
                .or_else(|| after("?", "?>"));
            let mut ended = None;
            if let Some(after) = skipped {
                rest = after;
            } else if let Some(after) = after("/", ">") {
                open.pop();
                rest = after;
                ended = Some(at(rest));
            } else {
                let tag = Tag::of(markup);
                rest = tag.after.strip_prefix('>').unwrap_or(tag.after);
                if inside.is_none() && local_name(tag.inside) == name {
                    frame.push_str(text.get(copied..begin).unwrap_or_default());
                    let called = tag.inside.split(|c: char| c.is_whitespace() || c == '/').next();
                    frame.push_str(&format!("<{}/>", called.unwrap_or_default()));
                    inside = Some((begin, open.len()));
                }
                match tag.inside.ends_with('/') {
                    true => ended = Some(at(rest)),
                    false => open.push(begin..at(rest)),
                }
            }
            if let (Some(end), Some((start, around))) = (ended, inside)
                && open.len() <= around
            {
                pieces.push(Piece {
                    ancestors: open.clone(),
                    element: start..end,
                });
                copied = end;
                inside = None;
            }
        }
        frame.push_str(text.get(copied..).unwrap_or_default());
        Ok(Pieces { frame, text, pieces })
    }

    /// The document of a piece, by its place among all.
    pub(crate) fn document(&self, at: usize) -> Option<String> {
        let piece = self.pieces.get(at)?;
        let part = |range: &std::ops::Range<usize>| self.text.get(range.clone()).unwrap_or_default();
        let mut document: String = piece.ancestors.iter().map(part).collect();
        document.push_str(part(&piece.element));
        for ancestor in piece.ancestors.iter().rev() {
            let tag = part(ancestor).trim_start_matches('<').trim_end_matches('>');
            let called = tag.split_whitespace().next().unwrap_or_default();
            document.push_str(&format!("</{called}>"));
        }
        Some(document)
    }
}

/// The name in a start tag, without its prefix.
fn local_name(tag: &str) -> &str {
    let called = tag.split(|c: char| c.is_whitespace() || c == '/').next();
    let called = called.unwrap_or_default();
    called.rsplit(':').next().unwrap_or(called)
}

/// The prefix declared by the `xmlns:` at a place in a tag.
fn prefix(tag: &str, at: usize) -> Option<&str> {
    tag.get(at..)?
        .split_once(':')?
        .1
        .split(|c: char| c == '=' || c.is_whitespace())
        .next()
}

/// A start tag: what is inside it, how many attributes that has, and what follows.
struct Tag<'a> {
    inside: &'a str,
    attributes: usize,
    after: &'a str,
}

impl<'a> Tag<'a> {
    fn of(markup: &'a str) -> Tag<'a> {
        let mut quote = None;
        let mut attributes = 0usize;
        for (at, byte) in markup.bytes().enumerate() {
            match (quote, byte) {
                (None, b'>') => {
                    let (inside, after) = markup.split_at_checked(at).unwrap_or((markup, ""));
                    return Tag {
                        inside,
                        attributes,
                        after,
                    };
                }
                (None, b'"' | b'\'') => {
                    quote = Some(byte);
                    attributes = attributes.saturating_add(1);
                }
                (Some(open), _) if open == byte => quote = None,
                _ => {}
            }
        }
        Tag {
            inside: markup,
            attributes,
            after: "",
        }
    }
}

/// An element and its place.
#[derive(Clone)]
pub(crate) struct Element<'a, 'input> {
    node: Node<'a, 'input>,
    path: String,
    namespaces: Namespaces,
    /// The namespace of names without a prefix.
    home: &'a str,
}

impl<'a, 'input> Element<'a, 'input> {
    pub(crate) fn root(node: Node<'a, 'input>, namespaces: Namespaces) -> Element<'a, 'input> {
        Element {
            node,
            path: format!("/{}", node.tag_name().name()),
            namespaces,
            home: node.tag_name().namespace().unwrap_or_default(),
        }
    }

    fn at(&self, node: Node<'a, 'input>, path: String) -> Element<'a, 'input> {
        Element {
            node,
            path,
            namespaces: self.namespaces,
            home: self.home,
        }
    }

    /// The children of a name, with or without a prefix.
    fn children(
        &self,
        node: Node<'a, 'input>,
        name: &str,
    ) -> impl Iterator<Item = Node<'a, 'input>> + use<'a, 'input> {
        let (prefix, local) = name.split_once(':').unwrap_or(("", name));
        let namespace = self
            .namespaces
            .iter()
            .find(|(known, _)| *known == prefix)
            .map_or(self.home, |(_, namespace)| namespace);
        let local = local.to_owned();
        node.children().filter(move |child| {
            let tag = child.tag_name();
            tag.name() == local && tag.namespace().unwrap_or_default() == namespace
        })
    }

    /// Its XPath-like place: `/Invoice/cac:InvoiceLine[2]/cbc:ID`.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }

    /// The first element at a relative path such as `cac:Party/cbc:EndpointID`; `.` is this one.
    pub(crate) fn find(&self, path: &str) -> Option<Element<'a, 'input>> {
        if path == "." {
            return Some(self.clone());
        }
        let node = path
            .split('/')
            .try_fold(self.node, |node, name| self.children(node, name).next())?;
        Some(self.at(node, format!("{}/{path}", self.path)))
    }

    /// Every child of a name, numbered from one where there are several.
    pub(crate) fn all(&self, name: &str) -> impl Iterator<Item = Element<'a, 'input>> {
        let several = self.children(self.node, name).nth(1).is_some();
        let base = format!("{}/{name}", self.path);
        self.children(self.node, name)
            .zip(1usize..)
            .map(move |(node, at)| {
                let path = if several {
                    format!("{base}[{at}]")
                } else {
                    base.clone()
                };
                self.at(node, path)
            })
    }

    /// Its text without white space around it; `None` where there is nothing but that.
    pub(crate) fn text(&self) -> Option<String> {
        let text: String = self
            .node
            .children()
            .filter(Node::is_text)
            .filter_map(|node| node.text())
            .collect();
        let text = text.trim();
        if text.is_empty() {
            None
        } else {
            Some(text.to_owned())
        }
    }

    /// An attribute without a namespace.
    pub(crate) fn attribute(&self, name: &str) -> Option<&'a str> {
        self.node
            .attribute(name)
            .map(str::trim)
            .filter(|value| !value.is_empty())
    }
}

//! Pages as a browser sees them, and what in them is not ours.

use serde::Deserialize;
use std::collections::BTreeMap;

use crate::harness::Partner;

/// In every hostile text, and nowhere else.
pub(super) const MARK: &str = "xqz";

/// What a browser makes of a document.
#[derive(Deserialize)]
pub(super) struct Parts {
    elements: Vec<(String, BTreeMap<String, String>)>,
    comments: Vec<String>,
    raw: Vec<String>,
    text: Vec<String>,
}

/// Reads documents by the algorithm of the HTML standard; nothing where the reader is not installed.
pub(super) fn read(documents: &[String]) -> Option<Vec<Parts>> {
    let partner = Partner::python("html5lib")?;
    let documents = serde_json::to_string(documents).expect("JSON");
    let said = partner.run("html_parts.py", &[], &documents);
    Some(serde_json::from_str(&said).expect("parts"))
}

/// Attributes that hold an address, which a browser fetches or goes to.
const ADDRESSES: [&str; 11] = [
    "href",
    "src",
    "action",
    "formaction",
    "srcset",
    "poster",
    "data",
    "background",
    "ping",
    "manifest",
    "cite",
];
/// Elements of which our pages and mails have none, whatever they say.
const FOREIGN: [&str; 8] = [
    "object",
    "embed",
    "base",
    "frame",
    "applet",
    "math",
    "foreignobject",
    "audio",
];

impl Parts {
    /// Whether a hostile text is shown, as a text.
    pub(super) fn shows_the_mark(&self) -> bool {
        let values = self
            .elements
            .iter()
            .flat_map(|(_, attributes)| attributes.values());
        self.text.iter().chain(values).any(|text| text.contains(MARK))
    }

    /// All text of the page.
    pub(super) fn text(&self) -> String {
        self.text.concat()
    }

    /// What a hostile text has become beside text.
    pub(super) fn breaches(&self) -> Vec<String> {
        let mut found = Vec::new();
        for (name, attributes) in &self.elements {
            if name.contains(MARK) || FOREIGN.contains(&name.as_str()) {
                found.push(format!("an element: <{name}>"));
            }
            if name == "iframe" && !attributes.contains_key("sandbox") {
                found.push("a frame that is not kept apart".to_owned());
            }
            for (attribute, value) in attributes {
                if attribute.contains(MARK) || attribute.starts_with("on") {
                    found.push(format!("an attribute: <{name} {attribute}={value:?}>"));
                }
                if attribute == "style" && value.contains(MARK) {
                    found.push(format!("a style: <{name} style={value:?}>"));
                }
                if ADDRESSES.contains(&attribute.as_str()) && !leads_nowhere_strange(value) {
                    found.push(format!("an address: <{name} {attribute}={value:?}>"));
                }
            }
        }
        let hidden = self.comments.iter().chain(&self.raw);
        found.extend(
            hidden
                .filter(|text| text.contains(MARK))
                .map(|text| format!("in a script, a style or a comment: {text:?}")),
        );
        found
    }
}

/// Whether an address is one of the web, of this site, of a mail, or a picture in itself. Browsers leave out white space
/// and control characters in front, and line breaks anywhere.
fn leads_nowhere_strange(address: &str) -> bool {
    let plain: String = address
        .chars()
        .filter(|c| !c.is_whitespace() && !c.is_control())
        .collect();
    let plain = plain.to_lowercase();
    let host = |rest: &str| rest.split(['/', '?', '#']).next().unwrap_or_default().to_owned();
    match plain
        .split_once(':')
        .map(|(scheme, rest)| (scheme.to_owned(), rest.to_owned()))
    {
        Some((scheme, rest))
            if scheme
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b)) =>
        {
            match scheme.as_str() {
                "http" | "https" => !host(rest.trim_start_matches('/')).contains(MARK),
                "mailto" | "tel" => true,
                "data" => rest.starts_with("image/png") || rest.starts_with("image/svg+xml"),
                _ => false,
            }
        }
        _ => !plain.starts_with("//") && !plain.starts_with("/\\") && !plain.starts_with('\\'),
    }
}

#[test]
fn the_judge_sees_what_gets_through() {
    let documents = [
        "<p><xqz>",
        "<p title=\"\" onxqz=\"1\">",
        "<a href=\" java\nscript:xqz()\">x</a>",
        "<a href=\"//xqz.example\">x</a>",
        "<a href=\"https://xqz.example/\">x</a>",
        "<p style=\"xqz:1\">",
        "<style>/* xqz */</style>",
        "<script>'xqz'</script>",
        "<p><!-- xqz -->",
        "<svg onload=\"1\"></svg>",
        "<iframe srcdoc=\"x\"></iframe>",
        "<iframe sandbox srcdoc=\"&lt;xqz&gt;\"></iframe>",
        "<base href=\"/\">",
    ]
    .map(str::to_owned);
    let Some(parts) = read(&documents) else { return };
    for (document, parts) in documents.iter().zip(&parts) {
        assert!(!parts.breaches().is_empty(), "{document}");
    }
    let harmless =
        "<p title=\"&quot; onxqz=1\">&lt;xqz&gt; <a href=\"/a?xqz\">x</a> <a href=\"mailto:a@b\">y</a>";
    let parts = read(&[harmless.to_owned()]).expect("a reader");
    assert_eq!(parts[0].breaches(), Vec::<String>::new());
    assert!(parts[0].shows_the_mark());
}

//! What a request says of words: which they are, and what they are to be.

use receivables::channel::Channel;
use receivables::fields::{self, FieldError, Fields, kinds};
use receivables::limits::TEXT;
use receivables::template::{self, Template, Tone};
use render::lint::{Finding, Level, Report, lint};
use render::{Language, canonical};
use serde_json::Value;
use std::collections::BTreeMap;
use store::templates::{Blocks, Key};
use web::Problem;

/// A template that there is.
pub(crate) fn template(name: &str) -> Result<&'static Template, Problem> {
    template::find(name).ok_or_else(|| Problem::not_found("There is no template of that name."))
}

/// A language tag of a language that Dunlin writes in, as its words are kept under.
pub(crate) fn locale(value: &Value) -> Result<String, fields::Problem> {
    let tag = kinds::locale(value)?;
    let primary = tag.split('-').next().unwrap_or_default();
    match Language::of(&tag).tag() == primary {
        true => Ok(canonical(&tag)),
        false => Err(fields::Problem::new(
            "unknown_locale",
            "messages are written in en, de, fr, es and hi",
        )),
    }
}

/// Which words: the fields `channel`, `locale` and `tone` of a body.
pub(crate) fn key(fields: &mut Fields<'_>, name: &str) -> Option<Key> {
    let channel = fields.required("channel", kinds::one_of(Channel::NAMES));
    let locale = fields.required("locale", locale);
    let tone = fields
        .optional("tone", kinds::one_of(Tone::NAMES))
        .unwrap_or_default();
    Some(Key {
        template: name.to_owned(),
        channel: channel?,
        tone,
        locale: locale?,
    })
}

/// Which words: the same, of a query; without a channel those of an email, without a locale the English ones.
pub(crate) fn key_in(query: &BTreeMap<String, String>, name: &str) -> Result<Key, Problem> {
    let text = |field: &str, default: &str| {
        Value::String(query.get(field).cloned().unwrap_or_else(|| default.to_owned()))
    };
    let bad = |field: &'static str| {
        move |problem: fields::Problem| Problem::bad_request(format!("`{field}`: {}.", problem.detail))
    };
    Ok(Key {
        template: name.to_owned(),
        channel: kinds::one_of(Channel::NAMES)(&text("channel", "email")).map_err(bad("channel"))?,
        tone: kinds::one_of(Tone::NAMES)(&text("tone", "neutral")).map_err(bad("tone"))?,
        locale: locale(&text("locale", "en")).map_err(bad("locale"))?,
    })
}

/// The field `blocks`: sources by the names of blocks.
pub(crate) fn blocks(fields: &mut Fields<'_>) -> Blocks {
    let mut blocks = Blocks::new();
    for (name, value) in fields.entries("blocks") {
        match kinds::lines(TEXT)(value) {
            Ok(text) => {
                blocks.insert(name.to_owned(), text);
            }
            Err(problem) => {
                let at = format!("blocks/{}", fields::token(name));
                fields.report(&at, problem.code, problem.detail);
            }
        }
    }
    blocks
}

/// Looks at words; refuses those that may not be sent, every reason at once.
pub(crate) fn looked_at(key: &Key, blocks: &Blocks) -> Result<Report, Problem> {
    let report = lint(&key.template, key.channel, &key.locale, blocks);
    if !report.refuses() {
        return Ok(report);
    }
    let errors = report
        .findings
        .iter()
        .filter(|finding| finding.level == Level::Error);
    Err(Problem::invalid(errors.map(error).collect()))
}

fn error(finding: &Finding) -> FieldError {
    let at = match finding.block.as_str() {
        "" => "/blocks".to_owned(),
        block => format!("/blocks/{}", fields::token(block)),
    };
    FieldError::new(at, finding.code, finding.detail.clone())
}

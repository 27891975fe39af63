//! Many documents in one body: a JSON array or NDJSON. Each line is parsed by itself, so that a body of 32 MiB is
//! never held as one tree and a bad line spoils nothing but itself. There are at most [`limits::DOCUMENTS_AT_ONCE`]: a body
//! of nothing but brackets would be millions.

use receivables::fields::FieldError;
use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use store::rejects::Reject;
use web::{Problem, limits};

/// How documents arrive on this request.
pub(crate) enum Shape<'a> {
    /// One.
    One(Value),
    /// Several: line number from 1, and its text.
    Many(Vec<(u32, &'a str)>),
}

/// Tells one from many. Media types: `application/json`, `application/x-ndjson` (or `application/jsonl`).
pub(crate) fn shape<'a>(media_type: &str, bytes: &'a [u8]) -> Result<Shape<'a>, Problem> {
    let text = std::str::from_utf8(bytes).map_err(|error| {
        Problem::bad_request(format!(
            "The body is not UTF-8 from byte {} on.",
            error.valid_up_to()
        ))
    })?;
    if media_type != "application/json" {
        let lines = text.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
        let lines: Vec<(u32, &str)> = lines
            .map(|(line, number)| (number, line))
            .take(limits::DOCUMENTS_AT_ONCE.saturating_add(1))
            .collect();
        return match lines.len() > limits::DOCUMENTS_AT_ONCE {
            true => Err(Problem::too_many(limits::DOCUMENTS_AT_ONCE)),
            false => Ok(Shape::Many(lines)),
        };
    }
    if !text.trim_start().starts_with('[') {
        return Ok(Shape::One(web::parse_json(bytes)?));
    }
    let items: Items<'_> = serde_json::from_str(text)
        .map_err(|error| Problem::bad_request(format!("The body is not a JSON array: {error}.")))?;
    if items.more {
        return Err(Problem::too_many(limits::DOCUMENTS_AT_ONCE));
    }
    Ok(Shape::Many(
        items
            .first
            .into_iter()
            .map(RawValue::get)
            .zip(1..)
            .map(|(item, number)| (number, item))
            .collect(),
    ))
}

/// The items of an array, each as its text: the first ones, and whether there are more than are held.
struct Items<'a> {
    first: Vec<&'a RawValue>,
    more: bool,
}

impl<'de> Deserialize<'de> for Items<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reading;
        impl<'de> Visitor<'de> for Reading {
            type Value = Items<'de>;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("an array")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Items<'de>, A::Error> {
                let mut first = Vec::new();
                while first.len() < limits::DOCUMENTS_AT_ONCE {
                    match items.next_element()? {
                        Some(item) => first.push(item),
                        None => return Ok(Items { first, more: false }),
                    }
                }
                let mut more = false;
                while items.next_element::<IgnoredAny>()?.is_some() {
                    more = true;
                }
                Ok(Items { first, more })
            }
        }
        deserializer.deserialize_seq(Reading)
    }
}

/// Parses each line; what does not parse goes to `rejected`.
pub(crate) fn parse<T>(
    lines: &[(u32, &str)],
    parse: impl Fn(&Value) -> Result<T, Vec<FieldError>>,
    rejected: &mut Vec<Reject>,
) -> Vec<(u32, T)> {
    let mut parsed = Vec::with_capacity(lines.len());
    for (line, text) in lines {
        let outcome = serde_json::from_str::<Value>(text)
            .map_err(|error| {
                vec![FieldError::new(
                    "",
                    "not_json",
                    format!("This line is not JSON: {error}"),
                )]
            })
            .and_then(|value| parse(&value));
        match outcome {
            Ok(input) => parsed.push((*line, input)),
            Err(errors) => rejected.push(Reject {
                line: *line,
                errors,
                body: (*text).to_owned(),
            }),
        }
    }
    parsed
}

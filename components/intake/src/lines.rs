//! Many documents in one body: a JSON array or NDJSON. Each line is parsed by itself, so that a body of 32 MiB is
//! never held as one tree and a bad line spoils nothing but itself.

use receivables::fields::FieldError;
use serde_json::Value;
use serde_json::value::RawValue;
use store::rejects::Reject;
use web::Problem;

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
        return Ok(Shape::Many(lines.map(|(line, number)| (number, line)).collect()));
    }
    if !text.trim_start().starts_with('[') {
        return Ok(Shape::One(web::parse_json(bytes)?));
    }
    let items: Vec<&RawValue> = serde_json::from_str(text)
        .map_err(|error| Problem::bad_request(format!("The body is not a JSON array: {error}.")))?;
    Ok(Shape::Many(
        items
            .into_iter()
            .map(RawValue::get)
            .zip(1..)
            .map(|(item, number)| (number, item))
            .collect(),
    ))
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

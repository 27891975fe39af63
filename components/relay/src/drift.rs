//! The drift report over the API: what another system says of invoices, beside what the ledger says.

use receivables::drift::{Difference, There};
use receivables::fields::FieldError;
use receivables::limits::PROBLEMS;
use serde_json::value::RawValue;
use serde_json::{Map, Value, json};
use store::drift::Comparison;
use web::{Cx, Problem, Reply, Scope, limits, parse_json};

/// Invoices that one answer lists: some five megabytes. How many there are of each kind is said in full.
const LISTED: usize = 20_000;
/// Lines that are read and compared at a time.
const LINES: usize = 2_000;

/// `POST /v1/reports/drift`: a JSON array, or JSON lines. Reads only.
pub(crate) async fn compare(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let media_type = cx.media_type();
    let lines = match media_type.as_str() {
        "application/json" => false,
        "application/x-ndjson" => true,
        _ => {
            return Err(Problem::unsupported_media_type(
                "application/json, application/x-ndjson",
            ));
        }
    };
    let bytes = cx.bytes(limits::BULK_BODY).await?;
    let documents = match lines {
        true => ndjson(&bytes)?,
        false => array(&bytes)?,
    };
    let db = cx.db().await?;
    let mut comparison = Comparison::new(LISTED);
    let (mut errors, mut batch) = (Vec::new(), Vec::with_capacity(LINES));
    for (at, document) in documents.into_iter().enumerate() {
        let parsed = serde_json::from_str(document)
            .map_err(|error| vec![FieldError::new("", "not_json", error.to_string())])
            .and_then(|value| There::parse(&value));
        match parsed {
            Ok(line) => batch.push(line),
            Err(found) => errors.extend(found.into_iter().map(|error| FieldError {
                pointer: format!("/{at}{}", error.pointer),
                ..error
            })),
        }
        if errors.len() >= PROBLEMS {
            break;
        }
        if batch.len() >= LINES && errors.is_empty() {
            comparison.lines(&db, &batch).await?;
            batch.clear();
        }
    }
    if !errors.is_empty() {
        errors.truncate(PROBLEMS);
        return Err(Problem::invalid(errors));
    }
    comparison.lines(&db, &batch).await?;
    comparison.finish(&db).await?;
    let counts: Map<String, Value> = Difference::NAMES
        .iter()
        .filter_map(|(name, difference)| {
            let count = comparison.counts.get(difference)?;
            Some(((*name).to_owned(), json!(count)))
        })
        .collect();
    Ok(Reply::json(
        200,
        &json!({"compared": comparison.compared, "agreeing": comparison.agreeing, "counts": counts,
            "data": comparison.found, "more": comparison.more}),
    ))
}

/// The lines that are not blank.
fn ndjson(bytes: &[u8]) -> Result<Vec<&str>, Problem> {
    let text = std::str::from_utf8(bytes);
    let text = text.map_err(|error| Problem::bad_request(format!("The body is not UTF-8: {error}.")))?;
    Ok(text
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect())
}

/// The elements of an array, each as it was written: read all at once they take many times their size in memory.
fn array(bytes: &[u8]) -> Result<Vec<&str>, Problem> {
    match serde_json::from_slice::<Vec<&RawValue>>(bytes) {
        Ok(elements) => Ok(elements.into_iter().map(RawValue::get).collect()),
        // It is no array: either no JSON, which is said, or other JSON.
        Err(_) => {
            parse_json(bytes)?;
            Err(Problem::invalid_field(
                "",
                "wrong_type",
                "a list of invoices is wanted here",
            ))
        }
    }
}

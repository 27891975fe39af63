//! Taking statements in. Their lines are kept first, in a commit of its own; then they are matched.

use super::settle;
use formats::statement::{self, Statement, csv};
use receivables::fields::FieldError;
use receivables::id::StatementId;
use receivables::limits::SLUG;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use store::bank::{self, Kept};
use web::{Cx, Problem, Reply, Scope, limits};

/// What this address reads.
const ACCEPTED: &str = "application/xml (camt.053, camt.054), text/plain or application/octet-stream (MT940, BAI2), \
    text/csv with `mapping`";

/// `POST /v1/bank-statements?mapping=`.
pub(crate) async fn take(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let query = cx.query(&["mapping"])?;
    let media_type = cx.media_type();
    let table = media_type == "text/csv";
    let xml = matches!(media_type.as_str(), "application/xml" | "text/xml") || media_type.ends_with("+xml");
    if !table && !xml && !matches!(media_type.as_str(), "text/plain" | "application/octet-stream") {
        return Err(Problem::unsupported_media_type(ACCEPTED));
    }
    let bytes = cx.bytes(limits::BULK_BODY).await?;
    let read = match (table, query.get("mapping")) {
        (true, Some(name)) => csv::read(&bytes, &saved(cx, name).await?),
        (true, None) => {
            return Err(Problem::bad_request(
                "A CSV statement is read with `?mapping=`, the name of a mapping that was put.",
            ));
        }
        (false, Some(_)) => return Err(Problem::bad_request("`mapping` is for `text/csv` alone.")),
        (false, None) => statement::read(&bytes),
    };
    let statements = read.map_err(Problem::invalid)?;
    let reply = cx
        .once(&principal, &bytes, async |tx| {
            let mut kept = Vec::with_capacity(statements.len());
            for statement in &statements {
                kept.push(bank::take(tx, cx.moment(), statement).await?);
            }
            Ok(Reply::json(200, &answer(&kept, &statements)))
        })
        .await?;
    // What lines are matched against takes room; what was read is kept by now.
    drop((statements, bytes));
    let db = cx.db().await?;
    settle(cx, &db).await?;
    let counts = bank::counts(&db, &ids(&reply)?).await?;
    reply
        .with_member("matched", &counts.matched)?
        .with_member("review", &counts.review)?
        .with_member("ignored", &counts.ignored)?
        .with_member("received", &counts.received)
}

fn answer(kept: &[Kept], statements: &[Statement]) -> Value {
    let sum = |count: fn(&Kept) -> i64| kept.iter().map(count).fold(0_i64, i64::saturating_add);
    let format = statements.first().map(|statement| statement.format.name());
    json!({
        "format": format,
        "statements": kept,
        "lines": sum(|kept| kept.lines),
        "duplicates": sum(|kept| kept.duplicates),
        "pending": sum(|kept| kept.pending),
    })
}

/// The statements of an answer, which may be that of the first time.
fn ids(reply: &Reply) -> Result<Vec<StatementId>, Problem> {
    let value: Value = reply.value()?;
    let listed = value.get("statements").and_then(Value::as_array);
    let ids = listed
        .into_iter()
        .flatten()
        .filter_map(|kept| kept.get("id")?.as_str());
    Ok(ids.filter_map(|id| StatementId::parse(id).ok()).collect())
}

async fn saved(cx: &Cx, name: &str) -> Result<csv::Mapping, Problem> {
    let mapping = bank::mapping(&cx.db().await?, name).await?;
    let Some(mapping) = mapping else {
        return Err(Problem::bad_request(
            "There is no mapping of that name: put one at /v1/bank-statements/mappings/{name}.",
        ));
    };
    csv::Mapping::parse(&mapping).map_err(Problem::invalid)
}

/// `GET /v1/bank-statements`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query: BTreeMap<String, String> = cx.query(&["limit", "after"])?;
    let page = cx.page(&query)?;
    let mut rows = bank::statement_list(&cx.db().await?, page.after.as_deref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/bank-statements/mappings/{name}`.
pub(crate) async fn mapping(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let mapping = bank::mapping(&cx.db().await?, name).await?;
    let mapping = mapping.ok_or_else(|| Problem::not_found("There is no mapping of that name."))?;
    Ok(Reply::json(200, &mapping))
}

/// `PUT /v1/bank-statements/mappings/{name}`.
pub(crate) async fn put_mapping(cx: &Cx, name: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Ingest).await?;
    cx.query(&[])?;
    let letters = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if name.len() > SLUG || !name.chars().all(letters) {
        let detail = "a name has letters, digits, `-`, `_` and `.`, at most 64";
        return Err(Problem::invalid(vec![FieldError::new(
            "",
            "invalid_name",
            detail,
        )]));
    }
    let (mut value, _) = cx.json().await?;
    csv::Mapping::parse(&value).map_err(Problem::invalid)?;
    if let Some(fields) = value.as_object_mut() {
        // Read as absent, so kept and answered as that.
        fields.retain(|_, value| !value.is_null());
    }
    bank::put_mapping(&cx.db().await?, cx.moment(), name, &value).await?;
    Ok(Reply::json(200, &value))
}

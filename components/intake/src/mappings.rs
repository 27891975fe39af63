//! How the tables of a source are read: saved, and found again by a request that names the source.

use formats::csv::cells::Encoding;
use formats::csv::mapping::Mapping;
use receivables::fields::kinds;
use serde_json::Value;
use store::{Tx, mappings};
use web::{Cx, Problem, Reply, Scope};

/// The mapping of a source, if one is named; a name without a mapping names nothing.
pub(crate) async fn of(cx: &Cx, source: Option<&str>) -> Result<Option<Mapping>, Problem> {
    let Some(source) = source else { return Ok(None) };
    let kept = mappings::find(&cx.db().await?, source).await?;
    kept.map(serde_json::from_value)
        .transpose()
        .map_err(|error| Problem::internal(format!("mapping: {error}")))
}

/// How the request's table is encoded, as its media type says.
pub(crate) fn encoding(cx: &Cx) -> Result<Encoding, Problem> {
    Encoding::of(cx.media_parameter("charset").unwrap_or("")).ok_or_else(|| {
        Problem::unsupported_media_type("text/csv with the charset utf-8, iso-8859-1 or windows-1252")
    })
}

fn named(source: &str) -> Result<&str, Problem> {
    kinds::slug(&Value::from(source))
        .map(|_| source)
        .map_err(|problem| Problem::invalid_field("/source", problem.code, problem.detail))
}

fn shown(source: &str, mapping: &Value) -> Result<Reply, Problem> {
    Reply::json(200, mapping).with_member("source", &source)
}

/// `GET /v1/intake/mappings/{source}`.
pub(crate) async fn show(cx: &Cx, source: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let found = mappings::find(&cx.db().await?, source).await?;
    let unknown = || Problem::not_found("No mapping is saved for that source.");
    shown(source, &found.ok_or_else(unknown)?)
}

/// `PUT /v1/intake/mappings/{source}`.
pub(crate) async fn put(cx: &Cx, source: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Ingest).await?;
    let source = named(source)?;
    let (value, _) = cx.json().await?;
    let mapping = Mapping::parse(&value).map_err(Problem::invalid)?;
    let mapping =
        serde_json::to_value(&mapping).map_err(|error| Problem::internal(format!("mapping: {error}")))?;
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| {
        mappings::put(tx, cx.moment(), source, &mapping).await?;
        Ok::<(), Problem>(())
    })
    .await?;
    shown(source, &mapping)
}

//! Lines that were not taken: listed, sent again, corrected, dismissed.

use crate::batch;
use crate::invoices;
use crate::mappings;
use formats::csv::cells::Encoding;
use formats::csv::layout::{Layout, Row};
use formats::csv::records::{Form, Record, Splitter};
use formats::csv::write::{Cell, Table};
use receivables::fields::FieldError;
use receivables::id::RejectId;
use receivables::intake::{CustomerInput, InvoiceInput};
use serde_json::Value;
use std::collections::BTreeMap;
use store::rejects::{self, Kept};
use store::{Tx, customers, views};
use web::{Cx, Problem, Reply, Scope, limits, rfc3339};

fn unknown() -> Problem {
    Problem::not_found("There is no kept line with that id.")
}

/// How a kept line is read, where it is a table's row.
fn layout(kept: &Kept) -> Result<Option<Layout>, Problem> {
    let read = |layout: &Value| serde_json::from_value(layout.clone());
    let layout = kept.layout.as_ref().map(read).transpose();
    layout.map_err(|error| Problem::internal(format!("layout: {error}")))
}

/// `GET /v1/intake/rejects?source=`, as JSON or as a table to correct and send again.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["source", "limit", "after"])?;
    let page = cx.page(&query)?;
    let source = query.get("source").map(String::as_str);
    let after = page.after.as_deref().unwrap_or("");
    let mut rows = rejects::list(&cx.db().await?, source, after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    if cx.wants_csv() {
        let reply = Reply::csv(table(&rows)?);
        let Some(next) = next else { return Ok(reply) };
        let limit = page.limit.to_string();
        let mut query = vec![("after", next.as_str()), ("limit", &limit)];
        query.extend(source.map(|source| ("source", source)));
        return reply.with_next(cx.path(), &query);
    }
    let rows = rows.iter().map(shown).collect::<Result<Vec<_>, Problem>>()?;
    Ok(Reply::list(&rows, next))
}

fn shown(row: &Kept) -> Result<Value, Problem> {
    let layout = layout(row)?;
    let format = if layout.is_some() { "csv" } else { "json" };
    // A table's row says nothing without its header.
    let body = match &layout {
        Some(layout) => format!("{}\r\n{}", layout.header, row.body),
        None => row.body.clone(),
    };
    Ok(
        serde_json::json!({"id": row.id, "received_at": rfc3339(row.received_at)?, "kind": row.kind,
        "source": row.source, "line": row.line, "format": format, "body": body, "errors": row.errors}),
    )
}

/// What a table of kept lines has of each, under the API's own names, so that it is read without a mapping.
const FIELDS: [&str; 18] = [
    "number",
    "customer",
    "issue_date",
    "due_date",
    "currency",
    "total",
    "po_number",
    "order_number",
    "payment_reference",
    "description",
    "customer_name",
    "customer_kind",
    "customer_country",
    "customer_email",
    "customer_phone",
    "customer_street",
    "customer_postal_code",
    "customer_city",
];

fn table(rows: &[Kept]) -> Result<String, Problem> {
    let columns: Vec<&str> = ["reject_id", "line", "errors"]
        .into_iter()
        .chain(FIELDS)
        .chain(["body"])
        .collect();
    let mut table = Table::new(&columns);
    for row in rows {
        let fields = match layout(row)? {
            Some(layout) => layout.plain(&row.body),
            None => plain_json(&row.body),
        };
        let errors: Vec<FieldError> = serde_json::from_value(row.errors.clone()).unwrap_or_default();
        let errors: Vec<String> = errors
            .iter()
            .map(|error| format!("{} {}: {}", error.pointer, error.code, error.detail))
            .collect();
        let line = row.line.to_string();
        let mut cells = vec![
            Cell::text(row.id.as_str()),
            Cell::number(line),
            Cell::text(errors.join("; ")),
        ];
        cells.extend(FIELDS.map(|name| match (name, fields.get(name)) {
            (_, None) => Cell::Empty,
            ("total", Some(text)) => Cell::number(text.as_str()),
            (_, Some(text)) => Cell::text(text.as_str()),
        }));
        cells.push(Cell::text(row.body.as_str()));
        table.row(cells);
    }
    Ok(table.finish())
}

/// A JSON line's fields, where a table's row can say all that it says.
fn plain_json(body: &str) -> BTreeMap<String, String> {
    let Ok(Value::Object(members)) = serde_json::from_str(body) else {
        return BTreeMap::new();
    };
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let field = |(name, value): (&String, &Value)| {
        let value = match name.as_str() {
            "customer" => text(value.get("external_id")?)?,
            "total" => text(value.get("amount")?)?,
            name if FIELDS.contains(&name) => text(value)?,
            _ => return None,
        };
        Some((name.clone(), value))
    };
    let fields: Option<BTreeMap<String, String>> = members.iter().map(field).collect();
    fields.unwrap_or_default()
}

/// `POST /v1/intake/rejects/{id}`: with nothing, the line as it was kept; else the line as it should have been.
pub(crate) async fn retry(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let id = RejectId::parse(id).map_err(|_| unknown())?;
    let bytes = cx.bytes(limits::BODY).await?;
    let key = cx.idempotency_key()?.is_some();
    let kept = rejects::one(&cx.db().await?, &id).await?;
    let Some(kept) = kept else {
        // Taken and gone: a repeated request finds its answer, any other nothing.
        return match key {
            true => cx.once(&principal, &bytes, async |_| Err(unknown())).await,
            false => Err(unknown()),
        };
    };
    if kept.kind == "customer" {
        let value = json_of(cx, &bytes, &kept)?;
        let input = CustomerInput::parse(&value).map_err(Problem::invalid)?;
        return cx
            .once(&principal, &bytes, async |tx| {
                remove(tx, &id).await?;
                customer(cx, tx, &input).await
            })
            .await;
    }
    let row = read(cx, &bytes, &kept).await?;
    let input = row.invoice.map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        remove(tx, &id).await?;
        batch::make_one_known(cx, tx, row.customer.as_ref(), &input).await?;
        invoices::one(cx, tx, &input).await
    })
    .await
}

/// Another request may have been first.
async fn remove(tx: &Tx<'_>, id: &RejectId) -> Result<(), Problem> {
    match rejects::remove(tx, std::slice::from_ref(id)).await? {
        0 => Err(unknown()),
        _ => Ok(()),
    }
}

async fn customer(cx: &Cx, tx: &Tx<'_>, input: &CustomerInput) -> Result<Reply, Problem> {
    let gone = || Problem::internal("a customer just stored is not there");
    let stored = customers::upsert(tx, cx.moment(), std::slice::from_ref(input)).await?;
    let (id, created) = stored.into_iter().next().ok_or_else(gone)?;
    store::billing::generic::resume(
        tx,
        cx.moment(),
        vec![store::billing::generic::customer_awaited(&input.external_id)],
    )
    .await?;
    let view = views::customer(tx, cx.moment(), &id).await?.ok_or_else(gone)?;
    Ok(Reply::json(if created { 201 } else { 200 }, &view))
}

/// The JSON document that a request brings, or the one that was kept.
fn json_of(cx: &Cx, bytes: &[u8], kept: &Kept) -> Result<Value, Problem> {
    match (bytes.is_empty(), cx.media_type().as_str()) {
        (true, _) => serde_json::from_str(&kept.body).map_err(|error| {
            Problem::invalid_field("", "not_json", format!("This line is not JSON: {error}"))
        }),
        (false, "application/json") => web::parse_json(bytes),
        (false, _) => Err(Problem::unsupported_media_type("application/json")),
    }
}

async fn read(cx: &Cx, bytes: &[u8], kept: &Kept) -> Result<Row, Problem> {
    let layout = layout(kept)?;
    match (bytes.is_empty(), cx.media_type().as_str(), layout) {
        (true, _, Some(layout)) => Ok(layout.row(&kept.body)),
        (false, "text/csv", layout) => {
            let (layout, row) = row_of(cx, bytes, kept, layout).await?;
            Ok(layout.row(&row))
        }
        (true, ..) | (false, "application/json", _) => Ok(Row {
            invoice: InvoiceInput::parse(&json_of(cx, bytes, kept)?),
            customer: None,
            reject: None,
        }),
        _ => Err(Problem::unsupported_media_type("application/json, text/csv")),
    }
}

/// A row that is sent as a table: alone, to be read as the kept one is, or after a header.
async fn row_of(
    cx: &Cx,
    bytes: &[u8],
    kept: &Kept,
    layout: Option<Layout>,
) -> Result<(Layout, String), Problem> {
    let delimiter = layout
        .as_ref()
        .and_then(|layout| u8::try_from(layout.delimiter).ok());
    let mut splitter = Splitter::new(Form::Csv(delimiter), 1, 0);
    splitter.push(bytes);
    splitter.end();
    let records: Vec<Record> = std::iter::from_fn(|| splitter.record()).collect();
    let encoding = mappings::encoding(cx)?;
    let text = |record: Record| {
        let invalid =
            |problem: receivables::fields::Problem| Problem::invalid_field("", problem.code, problem.detail);
        encoding.decode(record.bytes).map_err(invalid)
    };
    let mut texts = records.into_iter().map(text).collect::<Result<Vec<_>, _>>()?;
    texts.retain(|text| !text.trim().is_empty());
    let wrong = || {
        Problem::invalid_field(
            "",
            "wrong_type",
            "one row is taken here, alone or after its header",
        )
    };
    match (texts.as_slice(), layout) {
        ([row], Some(layout)) => Ok((layout, row.clone())),
        ([header, row], before) => {
            let mapping = mappings::of(cx, kept.source.as_deref()).await?;
            let mut layout =
                Layout::of(header, Encoding::Utf8, mapping.as_ref()).map_err(Problem::invalid)?;
            // As the column was understood when it was there as a whole.
            if let Some(before) = before {
                layout.decimal = layout.decimal.or(before.decimal);
                layout.dates = layout.dates.or(before.dates);
            }
            layout
                .settle([row.as_str()].into_iter())
                .map_err(Problem::invalid)?;
            Ok((layout, row.clone()))
        }
        _ => Err(wrong()),
    }
}

/// `DELETE /v1/intake/rejects/{id}`.
pub(crate) async fn dismiss(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Ingest).await?;
    let id = RejectId::parse(id).map_err(|_| unknown())?;
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| remove(tx, &id).await).await?;
    Ok(Reply::no_content())
}

//! The journal over the API: entries as JSON or as a table, and the accounts that they are booked on.

use chrono::NaiveDate;
use formats::csv::write::{Cell, Table};
use http::HeaderValue;
use http::header::LINK;
use receivables::fields::kinds;
use receivables::id::PostingId;
use receivables::journal::{Chart, Role};
use serde_json::{Map, Value, json};
use store::Tx;
use store::journal::{self, EntryView, Place};
use web::{Cx, Problem, Reply, Scope};

/// The columns of the table: a row a line.
const COLUMNS: &[&str] = &[
    "entry",
    "date",
    "posted_at",
    "kind",
    "account",
    "role",
    "debit",
    "credit",
    "currency",
    "customer",
    "invoice",
    "source",
];

fn view(chart: &Chart) -> Value {
    let accounts = Role::NAMES
        .iter()
        .map(|(name, role)| ((*name).to_owned(), json!(chart.account(*role))));
    let mut accounts: Map<String, Value> = accounts.collect();
    accounts.insert("cash_by".to_owned(), json!(chart.cash_by()));
    Value::Object(accounts)
}

/// `GET /v1/journal/accounts`.
pub(crate) async fn accounts(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    Ok(Reply::json(200, &view(&journal::chart(&cx.db().await?).await?)))
}

/// `PUT /v1/journal/accounts`: in the place of all that was set before.
pub(crate) async fn put_accounts(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    let (value, _) = cx.json().await?;
    let chart = Chart::parse(&value).map_err(Problem::invalid)?;
    let db = cx.db().await?;
    db.transaction(async |tx: &Tx<'_>| Ok::<_, Problem>(journal::put_chart(tx, &chart).await?))
        .await?;
    Ok(Reply::json(200, &view(&chart)))
}

/// `GET /v1/reports/journal?from=&to=&format=`.
pub(crate) async fn entries(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["from", "to", "format", "limit", "after"])?;
    let page = cx.page(&query)?;
    let day = |name: &str| -> Result<NaiveDate, Problem> {
        let text = query
            .get(name)
            .ok_or_else(|| Problem::bad_request(format!("`{name}` is a day: YYYY-MM-DD.")))?;
        kinds::date_in(text).map_err(|problem| Problem::bad_request(format!("`{name}`: {}.", problem.detail)))
    };
    let (from, to) = (day("from")?, day("to")?);
    if to < from {
        return Err(Problem::bad_request("`to` is before `from`."));
    }
    let accept = cx.header("accept").unwrap_or_default();
    let table = match query.get("format").map(String::as_str) {
        Some("csv") => true,
        Some("json") => false,
        None => accept.split(',').any(|kind| kind.trim().starts_with("text/csv")),
        Some(_) => return Err(Problem::bad_request("`format` is json or csv.")),
    };
    let after = page.after.as_deref().map(place).transpose()?;
    let db = cx.db().await?;
    let chart = journal::chart(&db).await?;
    let mut rows = journal::entries(&db, &chart, (from, to), after.as_ref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| format!("{}.{}", row.date, row.id));
    match table {
        false => Ok(Reply::list(&rows, next)),
        true => {
            let reply = Reply::csv(written(&rows));
            let Some(next) = next else { return Ok(reply) };
            let limit = page.limit;
            let link = format!(
                "</v1/reports/journal?from={from}&to={to}&format=csv&limit={limit}&after={next}>; rel=\"next\""
            );
            let link =
                HeaderValue::from_str(&link).map_err(|error| Problem::internal(format!("link: {error}")))?;
            Ok(reply.with_header(LINK, link))
        }
    }
}

fn place(cursor: &str) -> Result<Place, Problem> {
    let parsed = cursor.split_once('.').and_then(|(date, id)| {
        Some(Place {
            date: kinds::date_in(date).ok()?,
            id: PostingId::parse(id).ok()?,
        })
    });
    parsed.ok_or_else(|| Problem::bad_request("`after` is a cursor that a page before ended with."))
}

fn written(entries: &[EntryView]) -> String {
    let mut table = Table::new(COLUMNS);
    for entry in entries {
        for line in &entry.lines {
            let amount = line.debit.or(line.credit);
            table.row([
                Cell::text(entry.id.as_str()),
                Cell::text(entry.date.to_string()),
                Cell::text(entry.posted_at.as_str()),
                Cell::text(entry.kind.as_str()),
                Cell::text(line.account.as_str()),
                Cell::text(line.role),
                line.debit
                    .map_or(Cell::Empty, |debit| Cell::number(debit.amount())),
                line.credit
                    .map_or(Cell::Empty, |credit| Cell::number(credit.amount())),
                Cell::optional(amount.map(|amount| amount.currency().code())),
                Cell::text(entry.customer.as_str()),
                Cell::optional(entry.invoice_number.as_deref()),
                Cell::text(entry.source_id.as_str()),
            ]);
        }
    }
    table.finish()
}

//! The read side of the API.

use chrono::{Months, NaiveDate};
use receivables::fields::kinds;
use receivables::id::{CustomerId, InvoiceId};
use std::collections::BTreeMap;
use store::{charges, postings};
use store::{trail, views};
use web::{Cx, Problem, Reply, Scope};

/// `GET /health`: public. Proves that the database answers and which schema it has.
pub(crate) async fn health(cx: &Cx) -> Result<Reply, Problem> {
    cx.db().await?;
    Ok(Reply::json(
        200,
        &serde_json::json!({"status": "ok", "version": env!("CARGO_PKG_VERSION"), "schema": store::SCHEMA_VERSION}),
    ))
}

fn no_customer() -> Problem {
    Problem::not_found("There is no customer with that id.")
}

fn customer_id(id: &str) -> Result<CustomerId, Problem> {
    CustomerId::parse(id).map_err(|_| no_customer())
}

/// `GET /v1/customers/{id}`.
pub(crate) async fn customer(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let view = views::customer(&cx.db().await?, cx.moment(), &customer_id(id)?).await?;
    Ok(Reply::json(200, &view.ok_or_else(no_customer)?))
}

fn day(query: &BTreeMap<String, String>, name: &str) -> Result<Option<NaiveDate>, Problem> {
    let day = query.get(name).map(|text| kinds::date_in(text)).transpose();
    day.map_err(|problem| Problem::bad_request(format!("`{name}`: {}.", problem.detail)))
}

/// `GET /v1/customers/{id}/statement?from=&as_of=`. Without `from`, the month before `as_of`.
pub(crate) async fn statement(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["from", "as_of"])?;
    let as_of = day(&query, "as_of")?.unwrap_or(cx.moment().now.date_naive());
    let month_before = as_of.checked_sub_months(Months::new(1)).unwrap_or(as_of);
    let from = day(&query, "from")?.unwrap_or(month_before);
    if from > as_of {
        return Err(Problem::bad_request("`from` lies after `as_of`."));
    }
    let id = customer_id(id)?;
    let db = cx.db().await?;
    views::customer(&db, cx.moment(), &id)
        .await?
        .ok_or_else(no_customer)?;
    let accounts = views::statement(&db, &id, from, as_of).await?;
    Ok(Reply::json(
        200,
        &serde_json::json!({"customer_id": id, "from": from, "as_of": as_of, "accounts": accounts}),
    ))
}

/// `GET /v1/customers/{id}/timeline`.
pub(crate) async fn timeline(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["limit", "after"])?;
    let page = cx.page(&query)?;
    let id = customer_id(id)?;
    let db = cx.db().await?;
    views::customer(&db, cx.moment(), &id)
        .await?
        .ok_or_else(no_customer)?;
    // Sorts after every id.
    let before = page.after.as_deref().unwrap_or("~");
    let mut rows = views::timeline(&db, &id, before, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.get(4..).unwrap_or("").to_owned());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/invoices/{id}`.
pub(crate) async fn invoice(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let unknown = || Problem::not_found("There is no invoice with that id.");
    let id = InvoiceId::parse(id).map_err(|_| unknown())?;
    let db = cx.db().await?;
    let view = views::invoice(&db, &id).await?.ok_or_else(unknown)?;
    let interest = charges::interest_of(&db, cx.moment(), &id).await?;
    Reply::json(200, &view).with_member("interest", &interest)
}

/// `GET /v1/reports/aging`.
pub(crate) async fn aging(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let today = cx.moment().now.date_naive();
    let accounts = views::aging(&cx.db().await?, today).await?;
    Ok(Reply::json(
        200,
        &serde_json::json!({"as_of": today, "currencies": accounts}),
    ))
}

/// `GET /v1/reports/worklist`.
pub(crate) async fn worklist(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["limit"])?;
    let page = cx.page(&query)?;
    let rows = views::worklist(&cx.db().await?, cx.moment().now.date_naive(), page.limit).await?;
    Ok(Reply::list(&rows, None))
}

/// `GET /v1/reports/integrity`: proves every stored balance against the postings, and says where the trail ends. Reads
/// the whole ledger.
pub(crate) async fn integrity(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    let db = cx.db().await?;
    let drift = postings::drift(&db).await?;
    let trail = trail::newest(&db).await?;
    Ok(Reply::json(
        200,
        &serde_json::json!({"holds": drift.is_empty(), "drift": drift, "trail": trail}),
    ))
}

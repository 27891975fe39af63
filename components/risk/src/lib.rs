//! `risk`: scores the accounts that changed, and tells which are at risk and why.

use bytes::Bytes;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use store::{Tx, risk};
use web::{Cx, Problem, Reply, Scope};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    match cx.route() {
        ("GET" | "POST", path) if path == ["internal", "risk"] => score(cx).await,
        ("GET", path) if path == ["v1", "risk"] => list(cx).await,
        (_, path) if path == ["v1", "risk"] => Err(Problem::method_not_allowed("GET")),
        _ => Err(Problem::method_not_allowed("GET, POST")),
    }
}

async fn score(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = cx.job_limit(&query)?;
    let db = cx.db().await?;
    let scored = db
        .transaction(async |tx: &Tx<'_>| risk::run(tx, cx.moment(), limit).await)
        .await?;
    Ok(Reply::json(200, &scored))
}

async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["band", "limit", "after"])?;
    let page = cx.page(&query)?;
    let band = query.get("band").map(String::as_str);
    if band.is_some_and(|band| !["low", "medium", "high", "critical"].contains(&band)) {
        return Err(Problem::bad_request("`band` is low, medium, high or critical."));
    }
    // The cursor is the position in the ranking: score and customer.
    let below = match page.after.as_deref() {
        None => None,
        Some(cursor) => Some(
            cursor
                .split_once(':')
                .and_then(|(score, customer)| Some((score.parse().ok()?, customer)))
                .ok_or_else(|| Problem::bad_request("`after` is a cursor that a page before ended with."))?,
        ),
    };
    let mut rows = risk::ranked(&cx.db().await?, below, band, page.probe()).await?;
    let next = page.cut(&mut rows, |row| format!("{}:{}", row.score, row.customer_id));
    Ok(Reply::list(&rows, next))
}

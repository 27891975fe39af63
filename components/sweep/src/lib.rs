//! `sweep`: cron's calls. Decides who is to be contacted now, and draws up the statements of account whose day has come;
//! both are queued, and the courier delivers.

use bytes::Bytes;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use store::{Tx, dunning, notices};
use web::{Cx, Problem, Reply};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    match cx.route() {
        // A cron that can only send a plain GET is a cron all the same.
        ("GET" | "POST", path) if path == ["internal", "sweep"] => sweep(cx).await,
        ("GET" | "POST", path) if path == ["internal", "statements"] => statements(cx).await,
        _ => Err(Problem::method_not_allowed("GET, POST")),
    }
}

async fn sweep(cx: &Cx) -> Result<Reply, Problem> {
    let limit = limit(cx).await?;
    let db = cx.db().await?;
    let swept = db
        .transaction(async |tx: &Tx<'_>| dunning::sweep(tx, cx.moment(), limit).await)
        .await?;
    Ok(Reply::json(200, &swept))
}

async fn statements(cx: &Cx) -> Result<Reply, Problem> {
    let limit = limit(cx).await?;
    let db = cx.db().await?;
    let ran = db
        .transaction(async |tx: &Tx<'_>| notices::run(tx, cx.moment(), limit).await)
        .await?;
    Ok(Reply::json(200, &ran))
}

/// How many a job takes, once it is known to be cron's call.
async fn limit(cx: &Cx) -> Result<u32, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    cx.job_limit(&query)
}

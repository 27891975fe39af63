//! `sweep`: cron's call. Decides who is to be contacted now and queues it; the courier delivers.

use bytes::Bytes;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use store::{Tx, dunning};
use web::{Cx, Problem, Reply};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    match cx.route() {
        // A cron that can only send a plain GET is a cron all the same.
        ("GET" | "POST", path) if path == ["internal", "sweep"] => sweep(cx).await,
        _ => Err(Problem::method_not_allowed("GET, POST")),
    }
}

async fn sweep(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = cx.job_limit(&query)?;
    let db = cx.db().await?;
    let swept = db
        .transaction(async |tx: &Tx<'_>| dunning::sweep(tx, cx.moment(), limit).await)
        .await?;
    Ok(Reply::json(200, &swept))
}

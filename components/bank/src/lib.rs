//! `bank`: statements, what their lines are, remittance advices, payouts, and whether bank and ledger agree.

mod advices;
mod lines;
mod reconciliation;
mod statements;

use bytes::Bytes;
use spin_sdk::http::{FullBody, Request, Response};
use spin_sdk::http_service;
use std::time::Duration;
use store::Db;
use web::{Cx, Problem, Reply};

#[http_service]
async fn handle(request: Request) -> Response<FullBody<Bytes>> {
    web::serve(request, route).await
}

async fn route(cx: &Cx) -> Result<Reply, Problem> {
    let (method, path) = cx.route();
    match (method, path.as_slice()) {
        ("POST", ["v1", "bank-statements"]) => statements::take(cx).await,
        ("GET", ["v1", "bank-statements"]) => statements::list(cx).await,
        ("GET", ["v1", "bank-statements", "mappings", name]) => statements::mapping(cx, name).await,
        ("PUT", ["v1", "bank-statements", "mappings", name]) => statements::put_mapping(cx, name).await,
        ("GET", ["v1", "bank-lines"]) => lines::list(cx).await,
        ("GET", ["v1", "bank-lines", id]) => lines::show(cx, id).await,
        ("POST", ["v1", "bank-lines", id, "match"]) => lines::decide(cx, id).await,
        ("POST", ["v1", "bank-lines", id, "unmatch"]) => lines::unmatch(cx, id).await,
        ("POST", ["v1", "remittances"]) => advices::take(cx).await,
        ("GET", ["v1", "remittances"]) => advices::list(cx).await,
        ("GET", ["v1", "remittances", id]) => advices::show(cx, id).await,
        ("POST", ["v1", "payouts"]) => reconciliation::take_payout(cx).await,
        ("GET", ["v1", "payouts", id]) => reconciliation::show_payout(cx, id).await,
        ("GET", ["v1", "reports", "reconciliation"]) => reconciliation::report(cx).await,
        ("GET" | "POST", ["internal", "match"]) => run(cx).await,
        (_, ["v1", "bank-statements"] | ["v1", "remittances"]) => {
            Err(Problem::method_not_allowed("GET, POST"))
        }
        (_, ["v1", "bank-statements", "mappings", _]) => Err(Problem::method_not_allowed("GET, PUT")),
        (_, ["v1", "bank-lines", _, "match" | "unmatch"] | ["v1", "payouts"]) => {
            Err(Problem::method_not_allowed("POST"))
        }
        (
            _,
            ["v1", "bank-lines"]
            | ["v1", "bank-lines" | "remittances" | "payouts", _]
            | ["v1", "reports", "reconciliation"],
        ) => Err(Problem::method_not_allowed("GET")),
        (_, ["internal", "match"]) => Err(Problem::method_not_allowed("GET, POST")),
        _ => Err(Problem::no_route()),
    }
}

/// How long a request goes on matching: with the batch that is under way it ends within the 30 s that hosted platforms
/// give a handler.
const MATCHING: Duration = Duration::from_secs(20);

/// Judges lines that were not judged yet. Answers how many were, and whether some are left.
async fn settle(cx: &Cx, db: &Db) -> Result<(usize, bool), Problem> {
    Ok(store::bank::settle(db, cx.moment(), || cx.elapsed() < MATCHING).await?)
}

/// `GET|POST /internal/match`: cron's call, for what a request had no time for.
async fn run(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["key"])?;
    cx.require_cron(query.get("key")).await?;
    let (examined, more) = settle(cx, &cx.db().await?).await?;
    Ok(Reply::json(
        200,
        &serde_json::json!({"examined": examined, "more": more}),
    ))
}

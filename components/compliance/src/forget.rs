//! What is forgotten by itself: persons whose erasure waited until now, and tokens that have grown old.

use std::time::Duration;
use store::personal::{self, Erased};
use store::{Tx, unsubscribes};
use web::{Cx, Problem, Reply, limits};

/// `GET|POST /internal/forget`. Each person is a transaction of its own; the tokens of a run are one.
pub(crate) async fn run(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = cx.job_limit(&query)?;
    let db = cx.db().await?;
    let due = personal::due(&db, cx.moment(), limit).await?;
    let (mut examined, mut erased) = (0_usize, 0_usize);
    for request in &due {
        if cx.elapsed() >= Duration::from_secs(limits::SENDING_S) {
            break;
        }
        examined = examined.saturating_add(1);
        let became = db
            .transaction(async |tx: &Tx<'_>| {
                let personal::Waiting { customer, reason, by } = request;
                personal::erase(tx, cx.moment(), customer, reason, by).await
            })
            .await?;
        if matches!(became, Erased::Done(_)) {
            erased = erased.saturating_add(1);
        }
    }
    let pruned = db
        .transaction(async |tx: &Tx<'_>| unsubscribes::prune(tx, cx.moment(), limit).await)
        .await?;
    let full = |count: usize| u32::try_from(count).unwrap_or(u32::MAX) >= limit;
    Ok(Reply::json(
        200,
        &serde_json::json!({
            "examined": examined.saturating_add(pruned),
            "queued": erased.saturating_add(pruned),
            "skipped": examined.saturating_sub(erased),
            "more": examined < due.len() || full(due.len()) || full(pruned),
        }),
    ))
}

//! What came in by webhook, and what became of it.

use store::views::{self, EventCursor};
use web::{Cx, Problem, Reply, Scope};

const STATUSES: [&str; 5] = ["received", "processed", "ignored", "failed", "waiting"];

/// `GET /v1/webhook-events?source=&status=`: newest first.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["source", "status", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = query.get("status").map(String::as_str);
    if status.is_some_and(|status| !STATUSES.contains(&status)) {
        return Err(Problem::bad_request(format!(
            "`status` is one of {}.",
            STATUSES.join(", ")
        )));
    }
    let after = match &page.after {
        None => EventCursor::start(),
        Some(text) => EventCursor::parse(text)
            .ok_or_else(|| Problem::bad_request("`after` is no cursor of this list."))?,
    };
    let source = query.get("source").map(String::as_str);
    let mut rows = views::events(&cx.db().await?, source, status, &after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.cursor.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/webhook-events/{source}/{event_id}`: with its body. A body may hold what only its sender should see.
pub(crate) async fn show(cx: &Cx, source: &str, event_id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    let event = views::event(&cx.db().await?, source, event_id).await?;
    let event = event.ok_or_else(|| Problem::not_found("There is no event with that id."))?;
    Ok(Reply::json(200, &event))
}

//! Letters that people print and post themselves.

use receivables::id::MessageId;
use store::letters::{self, Status};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no letter with that id.")
}

/// `GET /v1/letters?status=`: those to print from the oldest on, all others from the newest.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = query.get("status").map(|name| {
        Status::parse(name)
            .ok_or_else(|| Problem::bad_request(format!("`status` is to_print or posted, not {name:?}.")))
    });
    let status = status.transpose()?;
    let mut rows = letters::list(&cx.db().await?, status, page.after.as_deref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/letters/{id}.pdf`.
pub(crate) async fn pdf(cx: &Cx, file: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = file.strip_suffix(".pdf").and_then(|id| MessageId::parse(id).ok());
    let id = id.ok_or_else(unknown)?;
    let content = letters::content(&cx.db().await?, &id)
        .await?
        .ok_or_else(unknown)?;
    Reply::file("application/pdf", &format!("{id}.pdf"), content)
}

/// `POST /v1/letters/{id}/posted`: it is in the post. Said again it changes nothing.
pub(crate) async fn posted(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = MessageId::parse(id).map_err(|_| unknown())?;
    cx.once(&principal, &[], async |tx| {
        letters::post(tx, cx.moment(), &id, &principal.id).await?;
        let view = letters::view(tx, &id).await?.ok_or_else(unknown)?;
        Ok(Reply::json(200, &view))
    })
    .await
}

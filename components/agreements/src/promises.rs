//! Promises to pay over the API. Kept and broken are nobody's to say here: the money decides.

use crate::query::{listing, optional_text};
use receivables::id::PromiseId;
use receivables::promise::{PromiseInput, Status};
use store::promises::{self, Cancelled, PromiseFilter};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no promise with that id.")
}

/// `POST /v1/promises`.
pub(crate) async fn make(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = PromiseInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let made = promises::make(tx, cx.moment(), &input, &principal.id).await?;
        let id = made.map_err(Problem::invalid)?;
        Ok(Reply::json(201, &promises::shown(tx, &id).await?))
    })
    .await
}

/// `GET /v1/promises?status=&customer=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let listing = listing(cx, Status::NAMES)?;
    let filter = PromiseFilter {
        customer: listing.customer,
        status: listing.status,
        after: listing.page.after.clone(),
    };
    let mut rows = promises::list(&cx.db().await?, &filter, listing.page.probe()).await?;
    let next = listing.page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/promises/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = PromiseId::parse(id).map_err(|_| unknown())?;
    let view = promises::view(&cx.db().await?, &id).await?.ok_or_else(unknown)?;
    Ok(Reply::json(200, &view))
}

/// `POST /v1/promises/{id}/cancel`.
pub(crate) async fn cancel(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = PromiseId::parse(id).map_err(|_| unknown())?;
    let (reason, bytes) = optional_text(cx, "reason").await?;
    cx.once(&principal, &bytes, async |tx| {
        match promises::cancel(tx, cx.moment(), &id, reason.as_deref()).await? {
            Cancelled::Done => Ok(Reply::json(200, &promises::shown(tx, &id).await?)),
            Cancelled::Unknown => Err(unknown()),
            Cancelled::Status(status) => Err(Problem::conflict(
                "wrong_status",
                format!(
                    "The promise is {}; only an open one can be cancelled.",
                    status.as_str()
                ),
            )),
        }
    })
    .await
}

//! Addresses that must not be written to, over the API.

use store::{Tx, suppressions};
use web::{Cx, Problem, Reply, Scope};

/// `GET /v1/suppressions`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let page = cx.page(&cx.query(&["limit", "after"])?)?;
    let after = page.after.as_deref().unwrap_or("");
    let mut rows = suppressions::list(&cx.db().await?, after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.address.clone());
    Ok(Reply::list(&rows, next))
}

/// `DELETE /v1/suppressions/{address}`: counts against all evidence until now, not against what comes later.
pub(crate) async fn lift(cx: &Cx, address: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    cx.query(&[])?;
    let (db, moment) = (cx.db().await?, cx.moment());
    let lifted = db
        .transaction(async |tx: &Tx<'_>| {
            suppressions::lift(tx, moment, address, moment.now, &principal.id).await
        })
        .await?;
    match lifted {
        true => Ok(Reply::no_content()),
        false => Err(Problem::not_found("This address is not suppressed.")),
    }
}

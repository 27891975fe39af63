//! The trail: who did what, and what it wrote.

use store::trail::{self, ActView, Wrote};
use web::{Cx, Problem, Reply, Scope};

/// `GET /v1/acts`: oldest first.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    let query = cx.query(&["limit", "after"])?;
    let page = cx.page(&query)?;
    let after = page.after.as_deref().map_or(Ok(0), number)?;
    let mut rows = trail::list(&cx.db().await?, after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.act.to_string());
    Ok(Reply::list(&rows, next))
}

#[derive(serde::Serialize)]
struct WithRows {
    #[serde(flatten)]
    act: ActView,
    wrote: Vec<Wrote>,
}

/// `GET /v1/acts/{number}`: one, and the rows that it wrote.
pub(crate) async fn show(cx: &Cx, act: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    let unknown = || Problem::not_found("There is no act of that number.");
    let act = number(act).map_err(|_| unknown())?;
    let found = trail::one(&cx.db().await?, act).await?;
    let (act, wrote) = found.ok_or_else(unknown)?;
    Ok(Reply::json(200, &WithRows { act, wrote }))
}

fn number(text: &str) -> Result<i64, Problem> {
    text.parse()
        .map_err(|_| Problem::bad_request("An act has a number."))
}

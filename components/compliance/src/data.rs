//! A person's data: exported, erased.

use crate::{customer_id, no_customer};
use receivables::fields::{Fields, kinds};
use receivables::limits::TEXT;
use store::personal::{self, Erased, ErasureCursor, ErasureView};
use web::{Cx, Problem, Reply, Scope};

/// `GET /v1/customers/{id}/export`.
pub(crate) async fn export(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    cx.query(&[])?;
    let document = personal::export(&cx.db().await?, &customer_id(id)?).await?;
    Ok(Reply::json(200, &document.ok_or_else(no_customer)?))
}

/// `POST /v1/customers/{id}/erase`: `{"reason"}`. 200 where it is done, 202 where it waits.
pub(crate) async fn erase(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let id = customer_id(id)?;
    let (value, bytes) = cx.json().await?;
    let mut fields = Fields::of(&value);
    let reason = fields.required("reason", kinds::text(TEXT));
    let reason = fields.finish(|| reason).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        match personal::erase(tx, cx.moment(), &id, &reason, &principal.id).await? {
            Erased::Done(view) => Ok(Reply::json(200, &view)),
            Erased::Pending(view) => Ok(Reply::json(202, &view)),
            Erased::Unknown => Err(no_customer()),
        }
    })
    .await
}

/// `GET /v1/erasures`: requests that wait, the oldest first.
pub(crate) async fn pending(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let page = cx.page(&cx.query(&["limit", "after"])?)?;
    let after = match &page.after {
        None => None,
        Some(text) => Some(
            ErasureCursor::parse(text)
                .ok_or_else(|| Problem::bad_request("`after` is a cursor that a page before ended with."))?,
        ),
    };
    let mut rows = personal::pending(&cx.db().await?, after.as_ref(), page.probe()).await?;
    let next = page.cut(&mut rows, ErasureView::cursor);
    Ok(Reply::list(&rows, next))
}

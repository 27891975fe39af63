//! Statements of account: one that somebody asks for, and when a customer gets them.

use crate::{customer_id, no_customer};
use receivables::id::CustomerId;
use receivables::notice::statement::{Asked, Own};
use store::Db;
use store::notices::{self, Asking};
use web::{Cx, Problem, Reply, Scope};

/// `POST /v1/customers/{id}/statements`: one now, of the days that are asked for.
pub(crate) async fn ask(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let asked = Asked::parse(&value).map_err(Problem::invalid)?;
    let customer = customer_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        match notices::ask(tx, cx.moment(), &customer, &asked).await? {
            Asking::Queued(sent) => Ok(Reply::json(201, &sent)),
            Asking::Unknown => Err(no_customer()),
            Asking::Refused(problems) => Err(Problem::invalid(problems)),
        }
    })
    .await
}

async fn shown(cx: &Cx, db: &Db, customer: &CustomerId) -> Result<Reply, Problem> {
    let setting = notices::setting(db, cx.moment(), customer).await?;
    Ok(Reply::json(200, &setting.ok_or_else(no_customer)?))
}

/// `GET /v1/customers/{id}/statements`: when it gets them, and who says so.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    shown(cx, &cx.db().await?, &customer_id(id)?).await
}

/// `PUT /v1/customers/{id}/statements`: whatever its policy says.
pub(crate) async fn set(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Collect).await?;
    let (value, _) = cx.json().await?;
    let own = Own::parse(&value).map_err(Problem::invalid)?;
    give(cx, &customer_id(id)?, Some(&own)).await
}

/// `DELETE /v1/customers/{id}/statements`: as its policy says.
pub(crate) async fn unset(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Collect).await?;
    give(cx, &customer_id(id)?, None).await
}

async fn give(cx: &Cx, customer: &CustomerId, own: Option<&Own>) -> Result<Reply, Problem> {
    let db = cx.db().await?;
    db.transaction(async |tx| {
        if !notices::set(tx, cx.moment(), customer, own).await? {
            return Err(no_customer());
        }
        shown(cx, tx, customer).await
    })
    .await
}

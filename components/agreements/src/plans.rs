//! Instalment plans and settlements over the API.

use crate::query::{listing, optional_text};
use receivables::id::PlanId;
use receivables::plan::{PlanInput, Status};
use store::instalment_plans::{self, Acted, PlanFilter};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no plan with that id.")
}

/// `POST /v1/plans`: 201 where it is active at once, 202 where it waits for approval.
pub(crate) async fn make(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = PlanInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let made = instalment_plans::propose(tx, cx.moment(), &input, &principal.id).await?;
        let id = made.map_err(Problem::invalid)?;
        let view = instalment_plans::shown(tx, cx.moment(), &id).await?;
        let status = if view.status == Status::Proposed { 202 } else { 201 };
        Ok(Reply::json(status, &view))
    })
    .await
}

/// `GET /v1/plans?status=&customer=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let listing = listing(cx, Status::NAMES)?;
    let filter = PlanFilter {
        customer: listing.customer,
        status: listing.status,
        after: listing.page.after.clone(),
    };
    let db = cx.db().await?;
    let mut rows = instalment_plans::list(&db, cx.moment(), &filter, listing.page.probe()).await?;
    let next = listing.page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/plans/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = PlanId::parse(id).map_err(|_| unknown())?;
    let view = instalment_plans::view(&cx.db().await?, cx.moment(), &id).await?;
    Ok(Reply::json(200, &view.ok_or_else(unknown)?))
}

/// `POST /v1/plans/{id}/cancel`.
pub(crate) async fn cancel(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = PlanId::parse(id).map_err(|_| unknown())?;
    let (reason, bytes) = optional_text(cx, "reason").await?;
    cx.once(&principal, &bytes, async |tx| {
        match instalment_plans::cancel(tx, cx.moment(), &id, reason.as_deref()).await? {
            Acted::Done => {
                let view = instalment_plans::shown(tx, cx.moment(), &id).await?;
                Ok(Reply::json(200, &view))
            }
            Acted::Unknown => Err(unknown()),
            Acted::Status(status) => Err(Problem::conflict(
                "wrong_status",
                format!("The plan is {}; that cannot be cancelled.", status.as_str()),
            )),
        }
    })
    .await
}

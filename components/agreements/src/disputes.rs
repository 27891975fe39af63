//! Disputes over the API.

use crate::query::{listing, optional_text};
use receivables::dispute::{DisputeInput, ResolutionInput, Status};
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::DisputeId;
use store::disputes::{self, DisputeFilter, Refused};
use store::{Db, Tx};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no dispute with that id.")
}

fn dispute_id(id: &str) -> Result<DisputeId, Problem> {
    DisputeId::parse(id).map_err(|_| unknown())
}

fn refused(refused: Refused) -> Problem {
    match refused {
        Refused::Unknown => unknown(),
        Refused::Invalid(errors) => Problem::invalid(errors),
        Refused::Status(status) => Problem::conflict(
            "wrong_status",
            format!(
                "The dispute is {}; that cannot be done to it any more.",
                status.as_str()
            ),
        ),
        Refused::CreditNoteTaken(id) => Problem::conflict(
            "number_taken",
            format!("The credit note {id} has that number and says something else."),
        ),
    }
}

async fn shown(db: &Db, status: u16, id: &DisputeId) -> Result<Reply, Problem> {
    let view = disputes::view(db, id).await?.ok_or_else(unknown)?;
    Ok(Reply::json(status, &view))
}

/// `POST /v1/disputes`.
pub(crate) async fn open(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = DisputeInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let opened = disputes::open(tx, cx.moment(), None, &input, &principal.id).await?;
        shown(tx, 201, &opened.map_err(refused)?).await
    })
    .await
}

/// `GET /v1/disputes?status=&customer=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let listing = listing(cx, Status::NAMES)?;
    let filter = DisputeFilter {
        customer: listing.customer,
        status: listing.status.map(Status::as_str),
        after: listing.page.after.clone(),
    };
    let mut rows = disputes::list(&cx.db().await?, &filter, listing.page.probe()).await?;
    let next = listing.page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/disputes/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    shown(&cx.db().await?, 200, &dispute_id(id)?).await
}

fn assignee(value: &serde_json::Value) -> Result<String, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let team = fields.required("assignee", kinds::slug);
    fields.finish(|| team)
}

/// `POST /v1/disputes/{id}/assign`.
pub(crate) async fn assign(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = dispute_id(id)?;
    let (value, bytes) = cx.json().await?;
    let team = assignee(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let done = disputes::assign(tx, cx.moment(), &id, &team).await?;
        done.map_err(refused)?;
        shown(tx, 200, &id).await
    })
    .await
}

/// `POST /v1/disputes/{id}/review`.
pub(crate) async fn review(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = dispute_id(id)?;
    cx.once(&principal, b"", async |tx: &Tx<'_>| {
        disputes::review(tx, cx.moment(), &id).await?.map_err(refused)?;
        shown(tx, 200, &id).await
    })
    .await
}

/// `POST /v1/disputes/{id}/resolve`.
pub(crate) async fn resolve(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = dispute_id(id)?;
    let (value, bytes) = cx.json().await?;
    let input = ResolutionInput::parse(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let done = disputes::resolve(tx, cx.moment(), &id, &input).await?;
        done.map_err(refused)?;
        shown(tx, 200, &id).await
    })
    .await
}

/// `POST /v1/disputes/{id}/withdraw`.
pub(crate) async fn withdraw(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = dispute_id(id)?;
    let (comment, bytes) = optional_text(cx, "comment").await?;
    cx.once(&principal, &bytes, async |tx| {
        let done = disputes::withdraw(tx, cx.moment(), &id, comment.as_deref()).await?;
        done.map_err(refused)?;
        shown(tx, 200, &id).await
    })
    .await
}

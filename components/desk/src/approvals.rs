//! Requests for approval: listed, decided, withdrawn.

use crate::{parameter, word};
use receivables::approval::{Act, Actor, ApprovalStatus, Decision, Refused};
use receivables::id::{ApprovalId, CustomerId};
use store::Tx;
use store::approvals::{self, Decided, Request};
use web::{Cx, Principal, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no request for approval with that id.")
}

/// Asks for approval: 202 with the request. The same thing is not asked for twice.
pub(crate) async fn ask(cx: &Cx, tx: &Tx<'_>, request: &Request<'_>) -> Result<Reply, Problem> {
    if let Some(id) = approvals::pending(tx, cx.moment(), request.kind, &request.subject).await? {
        return Err(Problem::conflict(
            "approval_pending",
            format!("This waits for a decision already, as {id}."),
        ));
    }
    let id = approvals::request(tx, cx.moment(), request).await?;
    let view = approvals::one(tx, &id).await?;
    Ok(Reply::json(202, &view.ok_or_else(unknown)?))
}

/// `GET /v1/approvals?status=&customer=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "customer", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = word(&query, "status", ApprovalStatus::NAMES)?;
    let customer = parameter(&query, "customer", "a customer's id", |text| {
        CustomerId::parse(text).ok()
    })?;
    let after = parameter(&query, "after", "a cursor", |text| ApprovalId::parse(text).ok())?;
    let db = cx.db().await?;
    let mut rows = approvals::list(&db, customer.as_ref(), status, after.as_ref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/approvals/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = ApprovalId::parse(id).map_err(|_| unknown())?;
    let view = approvals::one(&cx.db().await?, &id).await?;
    Ok(Reply::json(200, &view.ok_or_else(unknown)?))
}

/// `POST /v1/approvals/{id}/decision`: what is granted is carried out in the same transaction.
pub(crate) async fn decision(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Approve).await?;
    let (value, bytes) = cx.json().await?;
    let decision = Decision::parse(&value).map_err(Problem::invalid)?;
    act(
        cx,
        id,
        decision.act,
        decision.comment.as_deref(),
        &principal,
        &bytes,
    )
    .await
}

/// `POST /v1/approvals/{id}/withdraw`.
pub(crate) async fn withdraw(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    act(cx, id, Act::Withdraw, None, &principal, b"").await
}

async fn act(
    cx: &Cx,
    id: &str,
    act: Act,
    comment: Option<&str>,
    principal: &Principal,
    bytes: &[u8],
) -> Result<Reply, Problem> {
    let id = ApprovalId::parse(id).map_err(|_| unknown())?;
    let actor = Actor {
        id: &principal.id,
        may_ask: principal.may(Scope::Collect),
        may_decide: principal.may(Scope::Approve),
    };
    cx.once(principal, bytes, async |tx| {
        match approvals::decide(tx, cx.moment(), &id, act, &actor, comment).await? {
            Decided::Done => {
                let view = approvals::one(tx, &id).await?;
                Ok(Reply::json(200, &view.ok_or_else(unknown)?))
            }
            Decided::Unknown => Err(unknown()),
            Decided::Refused(refused) => Err(problem(&refused)),
            // The transaction is given up, and the request with it stays as it was.
            Decided::NotDone(not_done) => Err(Problem::conflict(
                "cannot_be_done",
                format!("What was asked for cannot be done any more: {}.", not_done.0),
            )),
        }
    })
    .await
}

fn problem(refused: &Refused) -> Problem {
    match refused {
        Refused::NotPending(_) | Refused::TooLate(_) => {
            Problem::conflict("wrong_status", format!("Nothing can be decided: {refused}."))
        }
        Refused::FourEyes => Problem::conflict("four_eyes", "Who asked cannot decide: a second person must."),
        Refused::NoRight(_) | Refused::NotTheAsker => {
            Problem::forbidden(format!("Not yours to do: {refused}."))
        }
    }
}

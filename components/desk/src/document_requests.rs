//! Documents that a customer is asked for.

use crate::{customer_id, no_customer, parameter, reason, word};
use receivables::document_request::{AnswerInput, RequestInput, Status};
use receivables::id::{CustomerId, DocumentRequestId};
use store::Db;
use store::document_requests::{self, Asking, Closing};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no document request with that id.")
}

fn request_id(id: &str) -> Result<DocumentRequestId, Problem> {
    DocumentRequestId::parse(id).map_err(|_| unknown())
}

/// `POST /v1/customers/{id}/document-requests`.
pub(crate) async fn ask(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = RequestInput::parse(&value).map_err(Problem::invalid)?;
    let customer = customer_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        match document_requests::ask(tx, cx.moment(), &customer, &input, &principal.id).await? {
            Asking::Asked(id) => shown(tx, &id, 201).await,
            Asking::Unknown => Err(no_customer()),
            Asking::Refused(problems) => Err(Problem::invalid(problems)),
        }
    })
    .await
}

async fn shown(db: &Db, id: &DocumentRequestId, status: u16) -> Result<Reply, Problem> {
    let request = document_requests::one(db, id).await?.ok_or_else(unknown)?;
    Ok(Reply::json(status, &request))
}

/// `GET /v1/document-requests?status=&customer=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "customer", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = word(&query, "status", Status::NAMES)?;
    let customer = parameter(&query, "customer", "a customer's id", |text| {
        CustomerId::parse(text).ok()
    })?;
    let after = parameter(&query, "after", "a cursor", |text| {
        DocumentRequestId::parse(text).ok()
    })?;
    let db = cx.db().await?;
    let mut rows =
        document_requests::list(&db, customer.as_ref(), status, after.as_ref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/document-requests/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    shown(&cx.db().await?, &request_id(id)?, 200).await
}

/// `POST /v1/document-requests/{id}/answer`: what was asked for is here.
pub(crate) async fn answer(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let input = AnswerInput::parse(&value).map_err(Problem::invalid)?;
    let id = request_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        let closing = document_requests::answer(tx, cx.moment(), &id, &input, &principal.id).await?;
        closed(closing)?;
        shown(tx, &id, 200).await
    })
    .await
}

/// `POST /v1/document-requests/{id}/withdraw`: it is wanted no more.
pub(crate) async fn withdraw(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let why = reason(&value)?;
    let id = request_id(id)?;
    cx.once(&principal, &bytes, async |tx| {
        let closing = document_requests::withdraw(tx, cx.moment(), &id, &why, &principal.id).await?;
        closed(closing)?;
        shown(tx, &id, 200).await
    })
    .await
}

fn closed(closing: Closing) -> Result<(), Problem> {
    match closing {
        Closing::Done => Ok(()),
        Closing::Unknown => Err(unknown()),
        Closing::Closed(status) => Err(Problem::conflict(
            "wrong_status",
            format!("The request is {} already.", status.as_str()),
        )),
    }
}

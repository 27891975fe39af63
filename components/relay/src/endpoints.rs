//! Endpoints over the API: made, changed, given another secret, listed with what was sent there.

use crate::signing::Keys;
use receivables::endpoint::{EndpointChange, EndpointInput, Reach};
use receivables::id::{EndpointId, EventId};
use store::endpoints::{self, EndpointView, deliveries};
use store::{Db, Tx};
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no endpoint with that id.")
}

/// The id of a path; one of another shape is nobody's.
pub(crate) fn endpoint_id(id: &str) -> Result<EndpointId, Problem> {
    EndpointId::parse(id).map_err(|_| unknown())
}

/// An endpoint that is there.
pub(crate) async fn shown(db: &Db, id: &EndpointId) -> Result<EndpointView, Problem> {
    endpoints::one(db, id).await?.ok_or_else(unknown)
}

async fn reach(cx: &Cx) -> Result<Reach, Problem> {
    Ok(match cx.setting("webhook_private_networks").await?.as_deref() {
        Some("allow") => Reach::Private,
        _ => Reach::Public,
    })
}

/// `POST /v1/webhook-endpoints`.
pub(crate) async fn create(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let (value, bytes) = cx.json().await?;
    let input = EndpointInput::parse(&value, reach(cx).await?).map_err(Problem::invalid)?;
    let keys = Keys::of(cx).await?;
    let reply = cx
        .once(&principal, &bytes, async |tx| {
            let id = cx.moment().id(EndpointId::from_parts)?;
            endpoints::create(tx, cx.moment(), &id, &input).await?;
            Ok(Reply::json(201, &shown(tx, &id).await?))
        })
        .await?;
    with_secret(cx, &keys, reply).await
}

/// Added last: what is kept for a replay must not hold the secret. It is derived, so that a replay shows it again.
async fn with_secret(cx: &Cx, keys: &Keys, reply: Reply) -> Result<Reply, Problem> {
    let id: EndpointId = reply.member("id")?;
    let endpoint = shown(&cx.db().await?, &id).await?;
    reply.with_member("secret", &keys.shown(&id, endpoint.secrets)?)
}

/// `GET /v1/webhook-endpoints?status=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = query.get("status").map(String::as_str);
    if status.is_some_and(|status| !["enabled", "disabled"].contains(&status)) {
        return Err(Problem::bad_request("`status` is enabled or disabled."));
    }
    let after = page.after.as_deref().map(EndpointId::parse).transpose();
    let after = after.map_err(|error| Problem::bad_request(format!("`after`: {error}.")))?;
    let after = after.as_ref().map_or("", EndpointId::as_str);
    let mut rows = endpoints::list(&cx.db().await?, status, after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/webhook-endpoints/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = endpoint_id(id)?;
    Ok(Reply::json(200, &shown(&cx.db().await?, &id).await?))
}

/// `PATCH /v1/webhook-endpoints/{id}`.
pub(crate) async fn change(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let id = endpoint_id(id)?;
    let (value, bytes) = cx.json().await?;
    let change = EndpointChange::parse(&value, reach(cx).await?).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        match endpoints::change(tx, &id, &change).await? {
            true => Ok(Reply::json(200, &shown(tx, &id).await?)),
            false => Err(unknown()),
        }
    })
    .await
}

/// `DELETE /v1/webhook-endpoints/{id}`.
pub(crate) async fn delete(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Admin).await?;
    let id = endpoint_id(id)?;
    let db = cx.db().await?;
    let deleted = db
        .transaction(async |tx: &Tx<'_>| Ok::<_, Problem>(endpoints::delete(tx, &id).await?))
        .await?;
    match deleted {
        true => Ok(Reply::no_content()),
        false => Err(unknown()),
    }
}

/// `POST /v1/webhook-endpoints/{id}/rotate-secret`.
pub(crate) async fn rotate(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let id = endpoint_id(id)?;
    let keys = Keys::of(cx).await?;
    let reply = cx
        .once(&principal, b"", async |tx| {
            match endpoints::rotate(tx, cx.moment(), &id).await? {
                true => Ok(Reply::json(200, &shown(tx, &id).await?)),
                false => Err(unknown()),
            }
        })
        .await?;
    with_secret(cx, &keys, reply).await
}

/// `POST /v1/webhook-endpoints/{id}/enable`.
pub(crate) async fn enable(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let id = endpoint_id(id)?;
    cx.once(&principal, b"", async |tx| {
        match endpoints::enable(tx, cx.moment(), &id).await? {
            true => Ok(Reply::json(200, &shown(tx, &id).await?)),
            false => Err(unknown()),
        }
    })
    .await
}

/// `GET /v1/webhook-endpoints/{id}/deliveries?status=`.
pub(crate) async fn deliveries(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = query.get("status").map(String::as_str);
    if status.is_some_and(|status| !deliveries::STATUSES.contains(&status)) {
        return Err(Problem::bad_request(format!(
            "`status` is one of {}.",
            deliveries::STATUSES.join(", ")
        )));
    }
    let after = page.after.as_deref().map(EventId::parse).transpose();
    let after = after.map_err(|error| Problem::bad_request(format!("`after`: {error}.")))?;
    let id = endpoint_id(id)?;
    let db = cx.db().await?;
    shown(&db, &id).await?;
    let mut rows = deliveries::list(&db, &id, status, after.as_ref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.event.to_string());
    Ok(Reply::list(&rows, next))
}

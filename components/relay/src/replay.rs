//! What is sent again because somebody asks for it, and tests.

use crate::endpoints::{endpoint_id, shown};
use receivables::fields::{FieldError, Fields, kinds};
use receivables::id::{EndpointId, EventId};
use serde_json::{Value, json};
use store::endpoints::deliveries;
use store::events;
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no event with that id.")
}

fn endpoint(value: &Value) -> Result<Option<EndpointId>, Vec<FieldError>> {
    let mut fields = Fields::of(value);
    let endpoint = fields.optional("endpoint", kinds::id(EndpointId::parse));
    fields.finish(|| Some(endpoint))
}

/// `POST /v1/events/{id}/replay`: `{"endpoint"?}`.
pub(crate) async fn event(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let id = EventId::parse(id).map_err(|_| unknown())?;
    let (value, bytes) = cx.json().await?;
    let endpoint = endpoint(&value).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        if !events::known(tx, &id).await? {
            return Err(unknown());
        }
        if let Some(endpoint) = &endpoint {
            enabled(tx, endpoint).await?;
        }
        let queued = deliveries::replay(tx, cx.moment(), &id, endpoint.as_ref()).await?;
        Ok(Reply::json(202, &json!({"event": id, "queued": queued})))
    })
    .await
}

/// `POST /v1/webhook-endpoints/{id}/replay?from=`: an instant (RFC 3339).
pub(crate) async fn since(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let query = cx.query(&["from"])?;
    let from = query
        .get("from")
        .map(|from| kinds::instant(&Value::from(from.as_str())));
    let from = match from {
        None => Err(Problem::bad_request("`from` says since when: an instant.")),
        Some(Err(problem)) => Err(Problem::bad_request(format!("`from`: {}.", problem.detail))),
        Some(Ok(from)) => Ok(from),
    }?;
    let id = endpoint_id(id)?;
    // The query decides what is done, so it is part of what a key stands for.
    cx.once(&principal, from.to_rfc3339().as_bytes(), async |tx| {
        shown(tx, &id).await?;
        deliveries::replay_from(tx, &id, from).await?;
        Ok(Reply::json(202, &shown(tx, &id).await?))
    })
    .await
}

/// `POST /v1/webhook-endpoints/{id}/test`: sends it `endpoint.test`, and nobody else.
pub(crate) async fn test(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Admin).await?;
    let id = endpoint_id(id)?;
    cx.once(&principal, b"", async |tx| {
        enabled(tx, &id).await?;
        let event = deliveries::test(tx, cx.moment(), &id).await?;
        Ok(Reply::json(202, &json!({"event": event, "queued": 1})))
    })
    .await
}

async fn enabled(db: &store::Db, id: &EndpointId) -> Result<(), Problem> {
    match shown(db, id).await?.status.as_str() {
        "enabled" => Ok(()),
        _ => Err(Problem::conflict(
            "endpoint_disabled",
            "This endpoint is disabled: enable it first.",
        )),
    }
}

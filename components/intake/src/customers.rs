//! Customers: one or many; created, or brought up to date.

use crate::batch::LISTED;
use crate::lines::{self, Shape};
use receivables::intake::CustomerInput;
use store::billing::generic::{customer_awaited, resume};
use store::rejects::{self, Origin, Reject};
use store::{customers, views};
use web::{Cx, Problem, Reply, Scope, limits};

/// `POST /v1/customers`.
pub(crate) async fn take(cx: &Cx) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let media_type = cx.media_type();
    let limit = match media_type.as_str() {
        "application/json" | "application/x-ndjson" | "application/jsonl" => limits::BULK_BODY,
        _ => {
            return Err(Problem::unsupported_media_type(
                "application/json, application/x-ndjson",
            ));
        }
    };
    let bytes = cx.bytes(limit).await?;
    match lines::shape(&media_type, &bytes)? {
        Shape::One(value) => {
            let input = CustomerInput::parse(&value).map_err(Problem::invalid)?;
            cx.once(&principal, &bytes, async |tx| {
                let stored = customers::upsert(tx, cx.moment(), std::slice::from_ref(&input)).await?;
                let gone = || Problem::internal("a customer just stored is not there");
                let (id, created) = stored.into_iter().next().ok_or_else(gone)?;
                resume(tx, cx.moment(), vec![customer_awaited(&input.external_id)]).await?;
                let view = views::customer(tx, cx.moment(), &id).await?.ok_or_else(gone)?;
                Ok(Reply::json(if created { 201 } else { 200 }, &view))
            })
            .await
        }
        Shape::Many(items) => {
            let mut rejected: Vec<Reject> = Vec::new();
            let parsed = lines::parse(&items, CustomerInput::parse, &mut rejected);
            let inputs: Vec<CustomerInput> = parsed.into_iter().map(|(_, input)| input).collect();
            cx.once(&principal, &bytes, async |tx| {
                let (mut accepted, mut updated) = (0_usize, 0_usize);
                for batch in inputs.chunks(limits::BATCH) {
                    let stored = customers::upsert(tx, cx.moment(), batch).await?;
                    let created = stored.iter().filter(|(_, created)| *created).count();
                    accepted = accepted.saturating_add(created);
                    updated = updated.saturating_add(stored.len().saturating_sub(created));
                }
                let brought = inputs.iter().map(|input| customer_awaited(&input.external_id));
                resume(tx, cx.moment(), brought.collect()).await?;
                let origin = Origin {
                    kind: "customer",
                    source: None,
                    layout: None,
                };
                rejects::keep(tx, cx.moment(), origin, &rejected).await?;
                let listed = rejected.get(..LISTED).unwrap_or(&rejected);
                Ok(Reply::json(
                    200,
                    &serde_json::json!({"accepted": accepted, "updated": updated,
                    "rejected": listed, "rejected_count": rejected.len()}),
                ))
            })
            .await
        }
    }
}

/// `GET /v1/customers?external_id=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["external_id", "limit", "after"])?;
    let page = cx.page(&query)?;
    let db = cx.db().await?;
    if let Some(external_id) = query.get("external_id") {
        let found = views::external_customer(&db, cx.moment(), external_id).await?;
        return Ok(Reply::list(&Vec::from_iter(found), None));
    }
    let after = page.after.as_deref().unwrap_or("");
    let mut rows = views::customers(&db, cx.moment(), after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.brief.id.to_string());
    Ok(Reply::list(&rows, next))
}

//! Messages over the API: what stands where, and a person's retry or cancel.

use receivables::fields::{Fields, kinds};
use receivables::id::{CustomerId, MessageId};
use receivables::limits;
use receivables::message::MessageStatus;
use store::delivery::{self, Changed};
use store::views;
use web::{Cx, Problem, Reply, Scope};

fn unknown() -> Problem {
    Problem::not_found("There is no message with that id.")
}

/// `GET /v1/messages?status=&customer=`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["status", "customer", "limit", "after"])?;
    let page = cx.page(&query)?;
    let status = query.get("status").map(String::as_str);
    if status.is_some_and(|status| MessageStatus::parse(status).is_none()) {
        let known: Vec<&str> = MessageStatus::NAMES.iter().map(|(name, _)| *name).collect();
        return Err(Problem::bad_request(format!(
            "`status` is one of {}.",
            known.join(", ")
        )));
    }
    let refused = |name: &str, error| Problem::bad_request(format!("`{name}`: {error}."));
    let customer = query
        .get("customer")
        .map(|text| CustomerId::parse(text))
        .transpose();
    let customer = customer.map_err(|error| refused("customer", error))?;
    let after = page.after.as_deref().map(MessageId::parse).transpose();
    let after = after.map_err(|error| refused("after", error))?;
    let db = cx.db().await?;
    let mut rows = views::messages(&db, customer.as_ref(), status, after.as_ref(), page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

/// `GET /v1/messages/{id}`.
pub(crate) async fn show(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    cx.query(&[])?;
    let id = MessageId::parse(id).map_err(|_| unknown())?;
    let view = views::message(&cx.db().await?, &id).await?.ok_or_else(unknown)?;
    Ok(Reply::json(200, &view))
}

/// `POST /v1/messages/{id}/retry`.
pub(crate) async fn retry(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    change(cx, id, true).await
}

/// `POST /v1/messages/{id}/cancel`.
pub(crate) async fn cancel(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    change(cx, id, false).await
}

/// `POST /v1/messages/{id}/release`, with `{"address": ...}` where it waits for one.
pub(crate) async fn release(cx: &Cx, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let (value, bytes) = cx.json().await?;
    let mut fields = Fields::of(&value);
    let address = fields.optional("address", kinds::text(limits::EMAIL));
    fields.finish(|| Some(())).map_err(Problem::invalid)?;
    let id = MessageId::parse(id).map_err(|_| unknown())?;
    cx.once(&principal, &bytes, async |tx| {
        match delivery::release(tx, cx.moment(), &id, address.as_deref(), &principal.id).await? {
            Changed::Done => {
                let view = views::message(tx, &id).await?.ok_or_else(unknown)?;
                Ok(Reply::json(200, &view))
            }
            Changed::Unknown => Err(unknown()),
            Changed::NotNow(status) => Err(Problem::conflict(
                "wrong_status",
                format!("The message is {} and waits for nobody.", status.as_str()),
            )),
        }
    })
    .await
}

async fn change(cx: &Cx, id: &str, again: bool) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let id = MessageId::parse(id).map_err(|_| unknown())?;
    cx.once(&principal, b"", async |tx| {
        let changed = match again {
            true => delivery::retry(tx, cx.moment(), &id).await?,
            false => delivery::cancel(tx, cx.moment(), &id).await?,
        };
        match changed {
            Changed::Done => {
                let view = views::message(tx, &id).await?.ok_or_else(unknown)?;
                Ok(Reply::json(200, &view))
            }
            Changed::Unknown => Err(unknown()),
            Changed::NotNow(status) => Err(Problem::conflict(
                "wrong_status",
                format!(
                    "The message is {}; that cannot be {}.",
                    status.as_str(),
                    if again { "retried" } else { "cancelled" }
                ),
            )),
        }
    })
    .await
}

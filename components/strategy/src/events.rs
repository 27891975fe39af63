//! Dunlin's own events, for systems that read instead of being told.

use receivables::id::{CustomerId, EventId};
use store::events;
use web::{Cx, Problem, Reply, Scope};

/// `GET /v1/events?customer=&after=`: the oldest first, so that a reader goes on where it stopped.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let query = cx.query(&["customer", "limit", "after"])?;
    let page = cx.page(&query)?;
    let wrong =
        |name: &str, error: &dyn std::fmt::Display| Problem::bad_request(format!("`{name}`: {error}."));
    let customer = query
        .get("customer")
        .map(|text| CustomerId::parse(text))
        .transpose();
    let customer = customer.map_err(|error| wrong("customer", &error))?;
    if let Some(after) = &page.after {
        EventId::parse(after).map_err(|error| wrong("after", &error))?;
    }
    let after = page.after.as_deref().unwrap_or("");
    let mut rows = events::list(&cx.db().await?, customer.as_ref(), after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| row.id.to_string());
    Ok(Reply::list(&rows, next))
}

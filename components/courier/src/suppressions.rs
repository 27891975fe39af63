//! Addresses that must not be written to, over the API.

use receivables::channel::Channel;
use store::{Tx, suppressions};
use web::{Cx, Problem, Reply, Scope};

/// `GET /v1/suppressions`.
pub(crate) async fn list(cx: &Cx) -> Result<Reply, Problem> {
    cx.require(Scope::Read).await?;
    let page = cx.page(&cx.query(&["limit", "after"])?)?;
    let after = page.after.as_deref().unwrap_or("");
    let after = after.rsplit_once(':').unwrap_or((after, ""));
    let mut rows = suppressions::list(&cx.db().await?, after, page.probe()).await?;
    let next = page.cut(&mut rows, |row| {
        format!("{}:{}", row.address, row.channel.map_or("", Channel::as_str))
    });
    Ok(Reply::list(&rows, next))
}

/// `DELETE /v1/suppressions/{address}?channel=`: lifts what stands for that channel, or without one what stands for all;
/// counts against all evidence until now, not against what comes later.
pub(crate) async fn lift(cx: &Cx, address: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Collect).await?;
    let query = cx.query(&["channel"])?;
    let channel = query.get("channel").map(|name| channel(name)).transpose()?;
    let (db, moment) = (cx.db().await?, cx.moment());
    let lifted = db
        .transaction(async |tx: &Tx<'_>| {
            suppressions::lift_on(tx, moment, channel, address, moment.now, &principal.id).await
        })
        .await?;
    match lifted {
        true => Ok(Reply::no_content()),
        false => Err(Problem::not_found("This address is not suppressed.")),
    }
}

fn channel(name: &str) -> Result<Channel, Problem> {
    Channel::parse(name)
        .ok_or_else(|| Problem::bad_request(format!("`channel` is the name of a channel, not {name:?}.")))
}

//! `POST /webhooks/{payment provider}`: verified, stored, acknowledged, applied once.

use crate::look;
use providers::{Event, PROVIDERS, Row};
use receivables::told::Told;
use store::inbound::{LeftOver, Stored};
use store::told;
use web::{Cx, Problem, Reply, inbox, limits};

/// Takes what a provider tells.
pub(crate) async fn take(cx: &Cx, name: &'static str) -> Result<Reply, Problem> {
    let row = providers::row(name).ok_or_else(Problem::no_route)?;
    let body = cx.bytes(limits::BODY).await?;
    let events = row.hear(cx, &body).await?;
    let done = hear(cx, row, events).await?;
    if let Some(text) = row.acknowledged {
        return Ok(Reply::text(200, text));
    }
    let status = match done.as_slice() {
        [only] => only,
        [] => "ignored",
        _ => return Ok(inbox::counted(&done)),
    };
    Ok(Reply::json(200, &serde_json::json!({"status": status})))
}

/// Gives what a provider tells its effect, and does at once what is left to do where a payer has agreed.
async fn hear(cx: &Cx, row: &Row, events: Vec<Event>) -> Result<Vec<&'static str>, Problem> {
    let agreed = agreed(row, &events);
    let done = apply(cx, row, events).await?;
    for checkout in agreed {
        // It is also found later: the provider need not tell it again.
        if let Err(problem) = look::finish(cx, row, &checkout).await {
            cx.log(&problem);
        }
    }
    Ok(done)
}

/// Takes up what providers told, or were asked, and what has had no effect yet.
pub(crate) async fn left_over(cx: &Cx, limit: u32) -> Result<Vec<Result<(), Problem>>, Problem> {
    let sources: Vec<&str> = PROVIDERS.iter().map(Row::name).collect();
    inbox::take_up(cx, &sources, limit, async |LeftOver { source, stored }| {
        let row = providers::row(&source).ok_or_else(|| Problem::internal("an event of no provider"))?;
        let Stored { id, body } = stored;
        hear(cx, row, vec![Event { id, body }]).await.map(drop)
    })
    .await
}

/// The hand-overs whose payers have agreed, where the money is still to be fetched.
fn agreed(row: &Row, events: &[Event]) -> Vec<receivables::id::CheckoutId> {
    let told = events
        .iter()
        .filter_map(|event| (row.teller().read)(&event.body).ok());
    told.flatten()
        .filter_map(|told| match told {
            Told::Approved(checkout) => Some(checkout),
            _ => None,
        })
        .collect()
}

/// Stores what a provider tells and gives it its effect, once; answers what became of each event.
pub(crate) async fn apply(cx: &Cx, row: &Row, events: Vec<Event>) -> Result<Vec<&'static str>, Problem> {
    let stored: Vec<(Stored, String)> = events
        .into_iter()
        .map(|Event { id, body }| {
            let stored = Stored {
                id,
                body: body.clone(),
            };
            (stored, body)
        })
        .collect();
    inbox::take(cx, row.name(), &stored, async |tx, body: &String| {
        Ok(told::apply(tx, cx.moment(), row.teller(), body).await?)
    })
    .await
}

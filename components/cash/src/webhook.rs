//! `POST /webhooks/{payment provider}`: verified, stored, acknowledged, applied once.

use crate::look;
use providers::{Event, Row};
use receivables::told::Told;
use store::inbound::Stored;
use store::told;
use web::{Cx, Problem, Reply, inbox, limits};

/// Takes what a provider tells.
pub(crate) async fn take(cx: &Cx, name: &'static str) -> Result<Reply, Problem> {
    let row = providers::row(name).ok_or_else(Problem::no_route)?;
    let body = cx.bytes(limits::BODY).await?;
    let events = row.hear(cx, &body).await?;
    let agreed = agreed(row, &events);
    let done = apply(cx, row, events).await?;
    for checkout in agreed {
        // What is left to do is also found later: the provider need not tell it again.
        if let Err(problem) = look::finish(cx, row, &checkout).await {
            cx.log(&problem);
        }
    }
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

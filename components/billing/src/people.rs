//! What a person decides about an event that failed or waits.

use receivables::fields::{Fields, kinds};
use receivables::limits;
use store::inbound::{self, Word};
use store::{Tx, views};
use web::{Cx, Problem, Reply, Scope};

/// `POST /v1/webhook-events/{source}/{event_id}/retry`: the job tries it again, from the first try on.
pub(crate) async fn retry(cx: &Cx, source: &str, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    if crate::deal::Source::parse(source).is_none() {
        return Err(Problem::not_found(
            "There is no event with that id that is tried again here: its sender has to send it again.",
        ));
    }
    cx.once(&principal, b"", async |tx| {
        let word = inbound::retry(tx, cx.moment(), source, id).await?;
        answer(tx, source, id, word).await
    })
    .await
}

/// `POST /v1/webhook-events/{source}/{event_id}/dismiss`: `{"reason": "..."}`.
pub(crate) async fn dismiss(cx: &Cx, source: &str, id: &str) -> Result<Reply, Problem> {
    let principal = cx.require(Scope::Ingest).await?;
    let (value, bytes) = cx.json().await?;
    let mut fields = Fields::of(&value);
    let reason = fields.required("reason", kinds::text(limits::TEXT));
    let reason = fields.finish(|| reason).map_err(Problem::invalid)?;
    cx.once(&principal, &bytes, async |tx| {
        let word = inbound::dismiss(tx, source, id, &principal.id, &reason).await?;
        answer(tx, source, id, word).await
    })
    .await
}

/// The event as lists show it: without its body, which may hold what only its sender should see.
async fn answer(tx: &Tx<'_>, source: &str, id: &str, word: Word) -> Result<Reply, Problem> {
    let unknown = || Problem::not_found("There is no event with that id.");
    match word {
        Word::Done => {
            let mut event = views::event(tx, source, id).await?.ok_or_else(unknown)?;
            event.body = None;
            Ok(Reply::json(200, &event))
        }
        Word::Unknown => Err(unknown()),
        Word::NotOpen => Err(Problem::conflict(
            "wrong_status",
            "The event has neither failed nor does it wait.",
        )),
    }
}

//! Events from outside. **Shape:** a component verifies the sender, then hands the event to [`receive`] with what
//! gives it its effect. **Once:** the raw event is stored in a commit of its own before anything else happens, its
//! effect and the record of it are one transaction, and a second delivery finds that record. **Acknowledged** is what
//! is stored and dealt with, also when a person must look at it: sending it again would change nothing. What our side
//! could not do just now answers 5xx, and the sender tries again.

use crate::context::Cx;
use crate::limits;
use crate::problem::Problem;
use crate::reply::Reply;
use std::collections::BTreeMap;
use store::Tx;
use store::inbound::{self, Effect, LeftOver, Stored};

/// What an event is answered that was dealt with before.
const DUPLICATE: &str = "duplicate";

/// A verified event.
#[derive(Debug, Clone, Copy)]
pub struct Event<'a> {
    /// Who sent it: `stripe`, `sandbox`, ...
    pub source: &'a str,
    /// The source's id for it; (source, id) takes effect once.
    pub id: &'a str,
    /// As it came.
    pub body: &'a str,
}

/// The text of an event's body.
pub fn text(body: &[u8]) -> Result<&str, Problem> {
    std::str::from_utf8(body).map_err(|_| Problem::bad_request("The body is not UTF-8."))
}

/// Stores an event, gives it its effect with `apply`, acknowledges it with
/// `{"status": "processed" | "ignored" | "failed" | "waiting" | "duplicate"}`.
pub async fn receive<F>(cx: &Cx, event: Event<'_>, mut apply: F) -> Result<Reply, Problem>
where
    F: AsyncFnMut(&Tx<'_>) -> Result<Effect, Problem>,
{
    let stored = Stored {
        id: event.id.to_owned(),
        body: event.body.to_owned(),
    };
    let done = take(cx, event.source, &[(stored, ())], async |tx, ()| apply(tx).await).await?;
    let status = done.first().copied().unwrap_or(DUPLICATE);
    Ok(Reply::json(200, &serde_json::json!({"status": status})))
}

/// The same for the events of one delivery, each of which takes effect once and by itself. Acknowledged with how many
/// were `processed`, `ignored`, `failed`, are `waiting`, or came before: `duplicate`.
pub async fn receive_all<E, F>(
    cx: &Cx,
    source: &str,
    events: &[(Stored, E)],
    apply: F,
) -> Result<Reply, Problem>
where
    F: AsyncFnMut(&Tx<'_>, &E) -> Result<Effect, Problem>,
{
    Ok(counted(&take(cx, source, events, apply).await?))
}

/// How many events ended how.
pub fn counted(done: &[&'static str]) -> Reply {
    let mut counts =
        BTreeMap::from([DUPLICATE, "failed", "ignored", "processed", "waiting"].map(|name| (name, 0_usize)));
    for name in done {
        let count = counts.entry(name).or_default();
        *count = count.saturating_add(1);
    }
    Reply::json(200, &counts)
}

/// The same, for a caller that answers in its own way: what became of each event, in their order.
pub async fn take<E, F>(
    cx: &Cx,
    source: &str,
    events: &[(Stored, E)],
    mut apply: F,
) -> Result<Vec<&'static str>, Problem>
where
    F: AsyncFnMut(&Tx<'_>, &E) -> Result<Effect, Problem>,
{
    let db = cx.db().await?;
    let mut done = Vec::with_capacity(events.len());
    for events in events.chunks(limits::EVENTS) {
        let stored: Vec<&Stored> = events.iter().map(|(stored, _)| stored).collect();
        // In a commit of its own: whatever happens next, the events are not lost.
        db.transaction(async |tx: &Tx<'_>| inbound::store(tx, cx.moment(), source, &stored, None).await)
            .await?;
        let effects = db
            .transaction(async |tx: &Tx<'_>| {
                // Asked under the lock: the same events may be at work twice.
                let mut open = inbound::open(tx, source, &stored).await?;
                let mut effects = Vec::with_capacity(events.len());
                for (stored, event) in events {
                    if !open.remove(&stored.id) {
                        effects.push(DUPLICATE);
                        continue;
                    }
                    let effect = apply(tx, event).await?;
                    inbound::conclude(tx, source, &stored.id, &effect).await?;
                    effects.push(effect.name());
                }
                Ok::<_, Problem>(effects)
            })
            .await?;
        done.extend(effects);
    }
    Ok(done)
}

/// What these sources sent, and what a crash or an error of ours has kept from its effect: each event is given to `again`,
/// which reads it once more and [takes](take) it, by itself, so that one that fails again is in nobody's way. Senders
/// give up, some of them at once. Answers how each ended.
pub async fn take_up<F>(
    cx: &Cx,
    sources: &[&str],
    limit: u32,
    mut again: F,
) -> Result<Vec<Result<(), Problem>>, Problem>
where
    F: AsyncFnMut(LeftOver) -> Result<(), Problem>,
{
    let limit = limit.min(limits::LEFT_OVER);
    let left = inbound::left_over(&cx.db().await?, cx.moment(), sources, limit).await?;
    let mut outcomes = Vec::with_capacity(left.len());
    for event in left {
        outcomes.push(again(event).await);
    }
    Ok(outcomes)
}

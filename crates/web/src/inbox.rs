//! Events from outside. **Shape:** a component verifies the sender, then hands the event to [`receive`] with what
//! gives it its effect. **Once:** the raw event is stored in a commit of its own before anything else happens, its
//! effect and the record of it are one transaction, and a second delivery finds that record. **Acknowledged** is what
//! is stored and dealt with, also when a person must look at it: sending it again would change nothing. What our side
//! could not do just now answers 5xx, and the sender tries again.

use crate::context::Cx;
use crate::problem::Problem;
use crate::reply::Reply;
use store::Tx;
use store::inbound::{self, Effect};

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
    let Event { source, id, body } = event;
    // In a commit of its own: whatever happens next, the event is not lost.
    let db = cx.db().await?;
    let open = db
        .transaction(async |tx: &Tx<'_>| inbound::store(tx, cx.moment(), source, id, body).await)
        .await?;
    let status = match open {
        false => "duplicate",
        true => {
            db.transaction(async |tx: &Tx<'_>| {
                // Asked again under the lock: the same event may be at work twice.
                if !inbound::is_open(tx, source, id).await? {
                    return Ok("duplicate");
                }
                let effect = apply(tx).await?;
                inbound::conclude(tx, source, id, &effect).await?;
                Ok::<_, Problem>(effect.name())
            })
            .await?
        }
    };
    Ok(Reply::json(200, &serde_json::json!({"status": status})))
}

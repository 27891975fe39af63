//! `/internal/replies`: cron's call. What telephones and the post told, and what a crash or an error of ours has kept from
//! its effect, is taken up: Twilio sends a text once, and a STOP among them counts all the same.

use crate::{lob, twilio, vonage};
use serde::Serialize;
use store::inbound::LeftOver;
use web::{Cx, Problem, Reply, inbox, limits};

/// Who tells.
const SOURCES: [&str; 3] = [carriers::twilio::NAME, carriers::vonage::NAME, lob::NAME];

/// What a run has done.
#[derive(Default, Serialize)]
struct Done {
    /// Events taken up.
    examined: u32,
    /// Of those, what took effect.
    answered: u32,
    /// What has not; it is tried again later.
    failed: u32,
    /// Whether there may be more.
    more: bool,
}

/// `GET|POST /internal/replies`.
pub(crate) async fn job(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = cx.job_limit(&query)?.min(limits::LEFT_OVER);
    let outcomes = inbox::take_up(
        cx,
        &SOURCES,
        limit,
        async |LeftOver { source, stored }| match source.as_str() {
            carriers::twilio::NAME => twilio::again(cx, &stored).await,
            carriers::vonage::NAME => vonage::again(cx, &stored).await,
            _ => lob::again(cx, &stored).await,
        },
    )
    .await?;
    let mut done = Done::default();
    for outcome in outcomes {
        done.examined = done.examined.saturating_add(1);
        match outcome {
            Ok(()) => done.answered = done.answered.saturating_add(1),
            Err(problem) => {
                cx.log(&problem);
                done.failed = done.failed.saturating_add(1);
            }
        }
    }
    // What fails again is no reason to come again at once.
    done.more = done.examined >= limit && done.failed == 0;
    Ok(Reply::json(200, &done))
}

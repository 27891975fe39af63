//! `/internal/replies`: cron's call. What telephones and the post told, and what a crash or an error of ours has kept from
//! its effect, is taken up: Twilio sends a text once, and a STOP among them counts all the same.

use crate::{lob, twilio, vonage};
use store::inbound::LeftOver;
use web::{Cx, Problem, Reply, Run, inbox, limits};

/// Who tells.
const SOURCES: [&str; 3] = [carriers::twilio::NAME, carriers::vonage::NAME, lob::NAME];

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
    let mut done = Run::default();
    for outcome in outcomes {
        done.count(cx, outcome);
    }
    // What fails again is no reason to come again at once.
    done.more = done.examined >= limit && done.failed == 0;
    Ok(done.reply())
}

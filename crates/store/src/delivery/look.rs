//! Looking at a message that has not left: a claim's own judgement of it, with nothing changed.

use super::claim::{Fate, Scene};
use super::due::looked_at;
use super::{Carrier, Claimed, Memory};
use crate::db::Db;
use crate::error::Result;
use crate::moment::Moment;
use chrono::SecondsFormat;
use receivables::id::MessageId;
use receivables::message::MessageStatus;

/// What there is of a message.
#[derive(Debug, Clone)]
pub enum Seen {
    /// No such message.
    Unknown,
    /// It has left, or was taken back.
    Gone(MessageStatus),
    /// It would not leave now: what says so.
    NotNow(String),
    /// It, as a courier would be given it.
    Leaves(Box<Claimed>),
}

/// A message as it would leave now, were every one of its channels set up. One that failed or is suppressed is judged as
/// if it were tried again. How long ago the last contact was decides when it leaves, and not what it says.
pub async fn look(db: &Db, moment: Moment, id: &MessageId) -> Result<Seen> {
    let Some(mut message) = looked_at(db, id).await? else {
        return Ok(Seen::Unknown);
    };
    match message.status {
        MessageStatus::Queued => {}
        MessageStatus::Failed | MessageStatus::Suppressed => {
            message.status = MessageStatus::Queued;
            message.tried.clear();
        }
        gone => return Ok(Seen::Gone(gone)),
    }
    message.others_sent_ms = None;
    let carriers: Vec<Carrier> = message
        .channels
        .iter()
        .map(|channel| Carrier {
            name: "",
            channel: *channel,
            remembers: Memory::Always,
            ready: true,
        })
        .collect();
    let due = vec![message];
    let scene = Scene::load(db, moment, &due, &carriers).await?;
    let fates = scene.judge(db, &due).await?;
    if let Some(against) = fates.first().and_then(against) {
        return Ok(Seen::NotNow(against));
    }
    let claimed = scene.hand_out(db, due, fates).await?.pop();
    Ok(claimed.map_or(Seen::Unknown, |claimed| Seen::Leaves(Box::new(claimed))))
}

/// What keeps a message from leaving.
fn against(fate: &Fate) -> Option<String> {
    Some(match fate {
        Fate::Go(_) => return None,
        Fate::Defer(until, why) => {
            let until = until.to_rfc3339_opts(SecondsFormat::Secs, true);
            format!("{why}; it waits until {until}")
        }
        Fate::Held(held_for, why) => format!("It waits for a person ({}): {why}", held_for.as_str()),
        Fate::Waits(channel) => format!("Nobody carries {} for the moment", channel.as_str()),
        Fate::Cancel(why)
        | Fate::Suppress(why, _)
        | Fate::Bounced(why)
        | Fate::Fail(why)
        | Fate::Uncertain(why) => why.clone(),
    })
}

//! One run of the relay: claim, sign, send, settle, until nothing is due or the time is up.
//!
//! **Slow ones wait for themselves.** Of each endpoint one delivery goes first; when it is taken some more may be on
//! their way at a time, and where nobody answers it is left alone until the next run. **Little is open at a time.** A
//! delivery is claimed when its turn has come and settled when its answer is here, so that a crash leaves what was on
//! its way: that goes out again under the same id when its lease ends.

use crate::signing::Keys;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use receivables::id::EndpointId;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use store::endpoints::deliveries::{self, Claimed, Room};
use store::endpoints::{self, Answered, Settled};
use store::{Db, Tx};
use web::outbound::{self, Unanswered};
use web::{Cx, Problem, Reply, limits};

/// Calls at a time, to all endpoints.
const CALLS: usize = 16;
/// Calls at a time to one endpoint that answers.
const CALLS_TO_ONE: usize = 4;

/// `GET|POST /internal/relay`.
pub(crate) async fn run(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = usize::try_from(cx.job_limit(&query)?).unwrap_or(usize::MAX);
    // Without a key no endpoint could be made.
    let Some(keys) = Keys::set(cx).await? else {
        return Ok(counted(0, Settled::default(), false));
    };
    let mut run = Run {
        cx,
        db: cx.db().await?,
        limit,
        examined: 0,
        settled: Settled::default(),
        endpoints: BTreeMap::new(),
    };
    let mut calls = FuturesUnordered::new();
    loop {
        for claimed in run.claim(CALLS.saturating_sub(calls.len())).await? {
            calls.push(send(cx, &keys, claimed));
        }
        match calls.by_ref().ready_chunks(CALLS).next().await {
            Some(answered) => run.settle(answered).await?,
            None => break,
        }
    }
    // Who calls again as long as there is more must not knock without end where nobody answers.
    let left_alone: Vec<&EndpointId> = run
        .endpoints
        .iter()
        .filter_map(|(id, standing)| standing.left_alone.then_some(id))
        .collect();
    let more = deliveries::more_due(&run.db, cx.moment(), &left_alone).await?;
    Ok(counted(run.examined, run.settled, more))
}

fn counted(examined: usize, settled: Settled, more: bool) -> Reply {
    Reply::json(
        200,
        &serde_json::json!({"examined": examined, "sent": settled.delivered, "queued": settled.again,
            "skipped": settled.failed, "more": more}),
    )
}

/// What this run knows of an endpoint.
#[derive(Default)]
struct Standing {
    on_their_way: usize,
    /// Whether it has taken something in this run.
    answers: bool,
    /// Whether it is left alone until the next.
    left_alone: bool,
}

struct Run<'a> {
    cx: &'a Cx,
    db: Db,
    limit: usize,
    examined: usize,
    settled: Settled,
    endpoints: BTreeMap<EndpointId, Standing>,
}

impl Run<'_> {
    /// The next deliveries, at most `free`; none where the run is over.
    async fn claim(&mut self, free: usize) -> Result<Vec<Claimed>, Problem> {
        let wanted = free.min(self.limit.saturating_sub(self.examined));
        if wanted == 0 || self.cx.elapsed() >= Duration::from_secs(limits::SENDING_S) {
            return Ok(Vec::new());
        }
        let (moment, endpoints) = (self.cx.moment(), &self.endpoints);
        let claimed = self
            .db
            .transaction(async |tx: &Tx<'_>| {
                deliveries::fan_out(tx, moment).await?;
                let due = deliveries::due(tx, moment).await?;
                let rooms: Vec<Room> = due.into_iter().filter_map(|id| room(endpoints, id)).collect();
                Ok::<_, Problem>(deliveries::claim(tx, moment, &rooms, wanted).await?)
            })
            .await?;
        self.examined = self.examined.saturating_add(claimed.len());
        for delivery in &claimed {
            let standing = self.endpoints.entry(delivery.endpoint.clone()).or_default();
            standing.on_their_way = standing.on_their_way.saturating_add(1);
        }
        Ok(claimed)
    }

    async fn settle(&mut self, answered: Vec<(Claimed, Answered)>) -> Result<(), Problem> {
        let mut left_alone = BTreeSet::new();
        for (delivery, answer) in &answered {
            let standing = self.endpoints.entry(delivery.endpoint.clone()).or_default();
            standing.on_their_way = standing.on_their_way.saturating_sub(1);
            match answer.status_code {
                Some(200..=299) => standing.answers = true,
                // It is there, and does not like this event.
                Some(400..=499) if answer.retry_after.is_none() => {}
                _ => drop(left_alone.insert(&delivery.endpoint)),
            }
        }
        for id in left_alone {
            if let Some(standing) = self.endpoints.get_mut(id) {
                standing.left_alone = true;
            }
        }
        let moment = self.cx.moment();
        let settled = self
            .db
            .transaction(async |tx: &Tx<'_>| {
                Ok::<_, Problem>(endpoints::settle(tx, moment, &answered).await?)
            })
            .await?;
        self.settled = Settled {
            delivered: self.settled.delivered.saturating_add(settled.delivered),
            again: self.settled.again.saturating_add(settled.again),
            failed: self.settled.failed.saturating_add(settled.failed),
        };
        Ok(())
    }
}

fn room(endpoints: &BTreeMap<EndpointId, Standing>, id: EndpointId) -> Option<Room> {
    let width = match endpoints.get(&id) {
        None => 1,
        Some(standing) if standing.left_alone => 0,
        Some(standing) if standing.answers => CALLS_TO_ONE.saturating_sub(standing.on_their_way),
        Some(standing) => 1_usize.saturating_sub(standing.on_their_way),
    };
    (width > 0).then_some(Room {
        endpoint: id,
        room: width,
    })
}

/// Sends one, and answers what came back.
async fn send(cx: &Cx, keys: &Keys, delivery: Claimed) -> (Claimed, Answered) {
    let started = cx.elapsed();
    let answered = match post(cx, keys, &delivery).await {
        Ok(answered) => answered,
        // Ours to mend; the delivery is tried again as any other.
        Err(problem) => {
            cx.log(&problem);
            Answered {
                status_code: None,
                ms: 0,
                answer: "It could not be sent.".to_owned(),
                retry_after: None,
            }
        }
    };
    let took = cx.elapsed().saturating_sub(started);
    let ms = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
    (delivery, Answered { ms, ..answered })
}

async fn post(cx: &Cx, keys: &Keys, delivery: &Claimed) -> Result<Answered, Problem> {
    let body = body(delivery)?;
    let (id, now) = (delivery.event.as_str(), cx.moment().now);
    let signature = keys.sign(cx, &delivery.endpoint, delivery.secrets, (id, &body))?;
    let at = now.timestamp().to_string();
    let headers = [
        ("webhook-id", id),
        ("webhook-timestamp", at.as_str()),
        ("webhook-signature", signature.as_str()),
        ("user-agent", "Dunlin"),
    ];
    let answer = outbound::tell(&delivery.url, &headers, body, limits::WEBHOOK_WAIT_S).await;
    Ok(match answer {
        Ok(answer) => Answered {
            status_code: Some(answer.status),
            ms: 0,
            answer: String::from_utf8_lossy(&answer.body).into_owned(),
            retry_after: answer.retry_after(now),
        },
        Err(Unanswered::NotSent(why) | Unanswered::Unknown(why)) => Answered {
            status_code: None,
            ms: 0,
            answer: why.chars().take(limits::PROVIDER_WORDS).collect(),
            retry_after: None,
        },
    })
}

/// The payload of Standard Webhooks. Made of what is stored, so that it is the same at every attempt.
fn body(delivery: &Claimed) -> Result<Vec<u8>, Problem> {
    let mut data = delivery.data.clone();
    if let Some(members) = data.as_object_mut() {
        members.insert("customer_id".to_owned(), serde_json::json!(delivery.customer));
    }
    let payload = serde_json::json!({"type": delivery.r#type, "timestamp": delivery.at, "data": data});
    serde_json::to_vec(&payload).map_err(|error| Problem::internal(format!("payload: {error}")))
}

//! One run of the courier: claim, render, send, settle, until nothing is due, the time is up or the carriers have had
//! enough.
//!
//! **Little is open at a time.** A message is claimed when its turn has come and not before, and settled as soon as
//! its answer is here, together with those that came meanwhile. What a crash leaves open is what was on its way.
//! **The first call goes alone.** Where a carrier is away, over its limits or does not know us, one call finds
//! out and the others keep their turn.
//! **One hands over to the next.** What a carrier could not take for a reason that is not the message's goes to the next
//! of its channel, at once and without an attempt spent; where there is none it waits.

mod lane;
mod letters;
mod words;

use carriers::{Called, Letter, Ready, Stop};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use lane::Lane;
use letters::{House, Tokens};
use std::time::Duration;
use store::delivery::{self, Carrier, Claimed, Outcome};
use store::{Db, Tx};
use web::{Cx, Problem, Reply, limits, outbound};

/// Answered calls that are settled together at most: those that came while others were settled.
const SETTLED_TOGETHER: usize = 32;

/// `GET|POST /internal/deliver`.
pub(crate) async fn run(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = usize::try_from(cx.job_limit(&query)?).unwrap_or(usize::MAX);
    let carriers = carriers::ready(cx).await?;
    deliver(cx, &carriers, limit).await
}

/// A run so far.
struct Run<'a> {
    cx: &'a Cx,
    db: Db,
    house: House,
    lanes: Vec<Lane>,
    limit: usize,
    examined: usize,
    sent: usize,
    queued: usize,
    /// Whether more may be claimed.
    open: bool,
    /// What went wrong on our side or in our setup; what is on its way is settled all the same.
    failure: Option<Problem>,
}

async fn deliver(cx: &Cx, carriers: &[Ready], limit: usize) -> Result<Reply, Problem> {
    let db = cx.db().await?;
    let lanes = lane::all(cx, &db, carriers).await?;
    let mut run = Run {
        cx,
        db,
        house: House::of(cx).await?,
        lanes,
        limit,
        examined: 0,
        sent: 0,
        queued: 0,
        open: true,
        failure: None,
    };
    let mut calls = FuturesUnordered::new();
    loop {
        run.claim().await;
        for (lane, ready) in carriers.iter().enumerate() {
            while let Some((wait_ms, batch)) = run.next_call(lane) {
                calls.push(async move {
                    if wait_ms > 0 {
                        outbound::pause(wait_ms).await;
                    }
                    (lane, ready.carry.send(cx, &batch).await, batch)
                });
            }
        }
        match calls.by_ref().ready_chunks(SETTLED_TOGETHER).next().await {
            Some(answered) => run.settle(answered).await,
            None if run.open => {}
            None => break,
        }
    }
    run.reply().await
}

impl Run<'_> {
    /// Gets the next messages to send, where there is room for them; none where the run is over.
    async fn claim(&mut self) {
        let backlog = self.lanes.iter().any(Lane::has_backlog);
        let left = self.limit.saturating_sub(self.examined);
        let late = self.cx.elapsed() >= Duration::from_secs(limits::SENDING_S);
        if late || left == 0 || !self.lanes.iter().any(|lane| lane.carrier().ready) {
            self.open = false;
        }
        let room = self.lanes.iter().map(Lane::room).max().unwrap_or(0).min(left);
        if !self.open || backlog || room == 0 {
            return;
        }
        let carriers: Vec<Carrier> = self.lanes.iter().map(Lane::carrier).collect();
        match letters::claim(self.cx, &self.db, &carriers, room).await {
            Ok((0, _)) => self.open = false,
            Ok((examined, claimed)) => {
                self.examined = self.examined.saturating_add(examined);
                self.render(claimed).await;
            }
            Err(problem) => self.fail(problem),
        }
    }

    /// One message that does not render must not hold up the others.
    async fn render(&mut self, claimed: Vec<(Claimed, Tokens)>) {
        let (mut refused, mut failures) = (Vec::new(), Vec::new());
        let today = self.cx.moment().now.date_naive();
        for (message, tokens) in claimed {
            let lane = self.lanes.iter_mut().find(|lane| {
                let carrier = lane.carrier();
                (carrier.name, carrier.channel) == (message.carrier, message.channel)
            });
            match (lane, self.house.made(&message, &tokens, today)) {
                (Some(lane), Ok(made)) => {
                    failures.extend(made.failure.clone().map(|failure| (message.clone(), failure)));
                    lane.push(self.house.letter(message, made, &tokens));
                }
                (None, Ok(_)) => {
                    let why = format!("Nobody is called {}", message.carrier);
                    refused.push((message, Outcome::Elsewhere(why)));
                }
                (_, Err(problem)) => {
                    self.cx.log(&problem);
                    let outcome = Outcome::Refused("The message could not be rendered".into());
                    refused.push((message, outcome));
                }
            }
        }
        words::tell(self.cx, &self.db, &failures).await;
        self.record(&refused).await;
    }

    fn next_call(&mut self, lane: usize) -> Option<(u64, Vec<Letter>)> {
        self.lanes.get_mut(lane)?.next_call(self.cx.elapsed())
    }

    /// Records what became of calls, and what they mean for the rest of the run.
    async fn settle(&mut self, answered: Vec<(usize, Called, Vec<Letter>)>) {
        let mut outcomes = Vec::new();
        for (at, called, letters) in answered {
            let over = called.stop.is_some();
            if let Some(lane) = self.lanes.get_mut(at) {
                lane.answered();
            }
            if let Some(stop) = called.stop {
                self.close(at, stop).await;
            }
            let another = self.another(at);
            let pairs = letters.into_iter().zip(called.outcomes);
            outcomes.extend(pairs.map(|(letter, outcome)| match outcome {
                Outcome::TryAgain(why) | Outcome::Later { why, .. } if over && another => {
                    (letter.message, Outcome::Elsewhere(why))
                }
                outcome => (letter.message, outcome),
            }));
        }
        for lane in &mut self.lanes {
            let why = format!("{} takes no more for now", lane.carrier().name);
            let back = lane.given_back().into_iter();
            outcomes.extend(back.map(|letter| (letter.message, Outcome::Elsewhere(why.clone()))));
        }
        self.record(&outcomes).await;
    }

    /// A carrier takes nothing more in this run.
    async fn close(&mut self, at: usize, stop: Stop) {
        let Some(lane) = self.lanes.get_mut(at) else {
            return;
        };
        match stop {
            Stop::Unreached => lane.close(None),
            Stop::Until(until, why) => {
                lane.close(Some(until));
                let name = lane.carrier().name;
                self.pause(name, until, &why).await;
            }
            Stop::Setup(problem) => {
                // Calls that were on their way together say the same.
                let first = lane.carrier().ready;
                lane.close(None);
                if first && self.another(at) {
                    self.cx.log(&problem);
                } else if first {
                    self.note(problem);
                }
            }
        }
    }

    /// Whether another carrier takes what this one does not.
    fn another(&self, at: usize) -> bool {
        let channel = self.lanes.get(at).map(|lane| lane.carrier().channel);
        let mut others = self.lanes.iter().map(Lane::carrier);
        others.any(|carrier| carrier.ready && Some(carrier.channel) == channel)
    }

    async fn pause(&mut self, name: &str, until: DateTime<Utc>, why: &str) {
        let paused = self
            .db
            .transaction(async |tx: &Tx<'_>| Ok::<_, Problem>(delivery::pause(tx, name, until, why).await?))
            .await;
        if let Err(problem) = paused {
            self.fail(problem);
        }
    }

    async fn record(&mut self, outcomes: &[(Claimed, Outcome)]) {
        if outcomes.is_empty() {
            return;
        }
        let cx = self.cx;
        let settled = self
            .db
            .transaction(async |tx: &Tx<'_>| {
                Ok::<_, Problem>(delivery::settle(tx, cx.moment(), outcomes).await?)
            })
            .await;
        match settled {
            Ok(sent) => {
                let again = |outcome: &Outcome| {
                    matches!(
                        outcome,
                        Outcome::TryAgain(_)
                            | Outcome::Later { .. }
                            | Outcome::Inactive(_)
                            | Outcome::Elsewhere(_)
                    )
                };
                let queued = outcomes.iter().filter(|(_, outcome)| again(outcome)).count();
                self.sent = self.sent.saturating_add(sent);
                self.queued = self.queued.saturating_add(queued);
            }
            Err(problem) => self.fail(problem),
        }
    }

    /// Nothing more is begun.
    fn fail(&mut self, problem: Problem) {
        self.open = false;
        self.note(problem);
    }

    /// The last thing that goes wrong is the run's answer, which is logged; those before it are logged here.
    fn note(&mut self, problem: Problem) {
        if let Some(earlier) = self.failure.replace(problem) {
            self.cx.log(&earlier);
        }
    }

    /// Until when a channel waits, since all of its carriers want to be left alone.
    fn paused_until(&self) -> Option<DateTime<Utc>> {
        let waiting = |at: usize| !self.another(at);
        let lanes = self.lanes.iter().enumerate();
        lanes
            .filter(|(at, _)| waiting(*at))
            .filter_map(|(_, lane)| lane.paused_until())
            .min()
    }

    async fn reply(self) -> Result<Reply, Problem> {
        let paused_until = self.paused_until();
        if let Some(problem) = self.failure {
            return Err(problem);
        }
        let carriers: Vec<Carrier> = self.lanes.iter().map(Lane::carrier).collect();
        let more =
            paused_until.is_none() && delivery::more_due(&self.db, self.cx.moment(), &carriers).await?;
        let skipped = self
            .examined
            .saturating_sub(self.sent)
            .saturating_sub(self.queued);
        let reply = Reply::json(
            200,
            &serde_json::json!({"examined": self.examined, "sent": self.sent, "queued": self.queued,
                "skipped": skipped, "more": more}),
        );
        match paused_until {
            None => Ok(reply),
            Some(until) => {
                reply.with_member("paused_until", &until.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
        }
    }
}

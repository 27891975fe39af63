//! One run of the courier: claim, render, send, settle, until nothing is due, the time is up or the provider has had
//! enough.
//!
//! **Little is open at a time.** A message is claimed when its turn has come and not before, and settled as soon as
//! its answer is here, together with those that came meanwhile. What a crash leaves open is what was on its way.
//! **The first call goes alone.** Where the provider is away, over its limits or does not know us, one call finds
//! out and the others keep their turn.

mod letters;

use crate::provider::{Called, Letter, Mailbox, Postmark, Provider, SendGrid, Stop};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use letters::House;
use std::time::Duration;
use store::delivery::{self, Carrier, Claimed, Outcome};
use store::{Db, Tx};
use web::{Cx, Problem, Reply, limits};

/// `GET|POST /internal/deliver`.
pub(crate) async fn run(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = usize::try_from(cx.job_limit(&query)?).unwrap_or(usize::MAX);
    match cx.required_setting("email_provider").await?.as_str() {
        Mailbox::NAME => deliver(cx, &Mailbox, limit).await,
        Postmark::NAME => deliver(cx, &Postmark::configured(cx).await?, limit).await,
        SendGrid::NAME => deliver(cx, &SendGrid::configured(cx).await?, limit).await,
        other => Err(Problem::internal(format!(
            "variable email_provider: no provider is called {other:?}"
        ))),
    }
}

/// A run so far.
struct Run<'a> {
    cx: &'a Cx,
    db: Db,
    carrier: Carrier,
    house: House,
    examined: usize,
    sent: usize,
    queued: usize,
    /// Whether more may be claimed.
    open: bool,
    paused_until: Option<DateTime<Utc>>,
    /// What went wrong on our side or in our setup; what is on its way is settled all the same.
    failure: Option<Problem>,
}

async fn deliver<P: Provider>(cx: &Cx, provider: &P, limit: usize) -> Result<Reply, Problem> {
    let db = cx.db().await?;
    let paused_until = delivery::paused(&db, P::NAME, cx.moment()).await?;
    let mut run = Run {
        cx,
        db,
        carrier: Carrier {
            name: P::NAME,
            deduplicates: P::DEDUPLICATES,
        },
        house: House::of(cx).await?,
        examined: 0,
        sent: 0,
        queued: 0,
        open: paused_until.is_none(),
        paused_until,
        failure: None,
    };
    let mut calls = FuturesUnordered::new();
    let mut width = 1;
    loop {
        // Claims are transactions: they wait until half of the calls are free, and then fill them.
        let free = P::CALLS.min(width).saturating_sub(calls.len());
        if calls.is_empty() || free >= width.div_ceil(2) {
            let letters = run.claim(limit, free.saturating_mul(P::PER_CALL)).await;
            let mut letters = letters.into_iter().peekable();
            while letters.peek().is_some() {
                let batch: Vec<Letter> = letters.by_ref().take(P::PER_CALL).collect();
                calls.push(async move { (provider.send(cx, &batch).await, batch) });
            }
        }
        match calls.by_ref().ready_chunks(P::CALLS).next().await {
            Some(answered) => {
                run.settle(answered).await;
                width = P::CALLS;
            }
            None if run.open => {}
            None => break,
        }
    }
    run.reply().await
}

impl Run<'_> {
    /// The next messages to send, at most `wanted`; none where the run is over.
    async fn claim(&mut self, limit: usize, wanted: usize) -> Vec<Letter> {
        let wanted = wanted.min(limit.saturating_sub(self.examined));
        if wanted == 0 || self.cx.elapsed() >= Duration::from_secs(limits::SENDING_S) {
            self.open = false;
        }
        if !self.open {
            return Vec::new();
        }
        let claimed = letters::claim(self.cx, &self.db, self.carrier, wanted).await;
        match claimed {
            Ok((0, _)) => {
                self.open = false;
                Vec::new()
            }
            Ok((examined, claimed)) => {
                self.examined = self.examined.saturating_add(examined);
                self.render(claimed).await
            }
            Err(problem) => {
                self.fail(problem);
                Vec::new()
            }
        }
    }

    /// One message that does not render must not hold up the others.
    async fn render(&mut self, claimed: Vec<(Claimed, String)>) -> Vec<Letter> {
        let mut letters = Vec::with_capacity(claimed.len());
        let mut refused = Vec::new();
        for (message, token) in claimed {
            match self.house.render(&message, &token) {
                Ok(rendered) => letters.push(Letter {
                    message,
                    rendered,
                    sender: self.house.sender().clone(),
                }),
                Err(problem) => {
                    self.cx.log(&problem);
                    let outcome = Outcome::Refused("The message could not be rendered".into());
                    refused.push((message, outcome));
                }
            }
        }
        self.record(&refused).await;
        letters
    }

    /// Records what became of calls, and what they mean for the rest of the run.
    async fn settle(&mut self, answered: Vec<(Called, Vec<Letter>)>) {
        let mut outcomes = Vec::new();
        for (called, letters) in answered {
            outcomes.extend(
                letters
                    .into_iter()
                    .map(|letter| letter.message)
                    .zip(called.outcomes),
            );
            self.open &= called.stop.is_none();
            match called.stop {
                None | Some(Stop::Unreached) => {}
                Some(Stop::Until(until, why)) => self.pause(until, &why).await,
                // Calls that were on their way together say the same.
                Some(Stop::Setup(_)) if self.failure.is_some() => {}
                Some(Stop::Setup(problem)) => self.fail(problem),
            }
        }
        self.record(&outcomes).await;
    }

    async fn pause(&mut self, until: DateTime<Utc>, why: &str) {
        let name = self.carrier.name;
        let paused = self
            .db
            .transaction(async |tx: &Tx<'_>| Ok::<_, Problem>(delivery::pause(tx, name, until, why).await?))
            .await;
        match paused {
            Ok(()) => self.paused_until = self.paused_until.max(Some(until)),
            Err(problem) => self.fail(problem),
        }
    }

    async fn record(&mut self, outcomes: &[(Claimed, Outcome)]) {
        if outcomes.is_empty() {
            return;
        }
        let (cx, name) = (self.cx, self.carrier.name);
        let settled = self
            .db
            .transaction(async |tx: &Tx<'_>| {
                Ok::<_, Problem>(delivery::settle(tx, cx.moment(), name, outcomes).await?)
            })
            .await;
        match settled {
            Ok(sent) => {
                let again = |outcome: &Outcome| {
                    matches!(
                        outcome,
                        Outcome::TryAgain(_) | Outcome::Later { .. } | Outcome::Inactive(_)
                    )
                };
                let queued = outcomes.iter().filter(|(_, outcome)| again(outcome)).count();
                self.sent = self.sent.saturating_add(sent);
                self.queued = self.queued.saturating_add(queued);
            }
            Err(problem) => self.fail(problem),
        }
    }

    /// The last thing that goes wrong is the run's answer, which is logged; those before it are logged here.
    fn fail(&mut self, problem: Problem) {
        self.open = false;
        if let Some(earlier) = self.failure.replace(problem) {
            self.cx.log(&earlier);
        }
    }

    async fn reply(self) -> Result<Reply, Problem> {
        if let Some(problem) = self.failure {
            return Err(problem);
        }
        let more = self.paused_until.is_none() && delivery::more_due(&self.db, self.cx.moment()).await?;
        let skipped = self
            .examined
            .saturating_sub(self.sent)
            .saturating_sub(self.queued);
        let reply = Reply::json(
            200,
            &serde_json::json!({"examined": self.examined, "sent": self.sent, "queued": self.queued,
                "skipped": skipped, "more": more}),
        );
        match self.paused_until {
            None => Ok(reply),
            Some(until) => {
                reply.with_member("paused_until", &until.to_rfc3339_opts(SecondsFormat::Secs, true))
            }
        }
    }
}

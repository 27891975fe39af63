//! `/internal/inbound`: events that are due, a few at a time, until none is or the time is up. A source that does not
//! answer is left alone for the rest of the run, one that names a time until then, by every run.

use crate::deal::{self, Dealt, Source};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::time::Duration;
use store::inbound::{self, DueEvent};
use store::{Db, Tx, delivery};
use web::{Cx, Problem, Reply, limits};

/// `GET|POST /internal/inbound`.
pub(crate) async fn run(cx: &Cx) -> Result<Reply, Problem> {
    let query = cx.query(&["limit", "key"])?;
    cx.require_cron(query.get("key")).await?;
    let limit = usize::try_from(cx.job_limit(&query)?).unwrap_or(usize::MAX);
    let db = cx.db().await?;
    let mut run = Run {
        cx,
        db: &db,
        paused: paused(cx, &db).await?,
        counts: BTreeMap::from(["failed", "ignored", "processed", "waiting"].map(|name| (name, 0_usize))),
        later: 0,
    };
    let mut examined: usize = 0;
    while examined < limit && run.in_time() {
        let wanted = limits::INBOUND_CLAIM.min(limit.saturating_sub(examined));
        let claimed = db
            .transaction(async |tx: &Tx<'_>| Ok::<_, Problem>(inbound::claim(tx, cx.moment(), wanted).await?))
            .await?;
        if claimed.is_empty() {
            break;
        }
        examined = examined.saturating_add(claimed.len());
        for event in &claimed {
            run.deal(event).await?;
        }
    }
    let more = inbound::more_due(&db, cx.moment()).await?;
    let count = |name: &str| run.counts.get(name).copied().unwrap_or_default();
    Ok(Reply::json(
        200,
        &serde_json::json!({"examined": examined, "processed": count("processed"), "ignored": count("ignored"),
            "failed": count("failed"), "waiting": count("waiting"), "later": run.later, "more": more}),
    ))
}

/// The sources that want to be left alone, and until when.
async fn paused(cx: &Cx, db: &Db) -> Result<BTreeMap<Source, (DateTime<Utc>, String)>, Problem> {
    let mut paused = BTreeMap::new();
    for source in [Source::Xero, Source::QuickBooks] {
        if let Some(until) = delivery::paused(db, source.name(), cx.moment()).await? {
            paused.insert(source, (until, "its source is asked again then".to_owned()));
        }
    }
    Ok(paused)
}

struct Run<'a> {
    cx: &'a Cx,
    db: &'a Db,
    paused: BTreeMap<Source, (DateTime<Utc>, String)>,
    counts: BTreeMap<&'static str, usize>,
    later: usize,
}

impl Run<'_> {
    fn in_time(&self) -> bool {
        self.cx.elapsed() < Duration::from_secs(limits::SENDING_S)
    }

    async fn deal(&mut self, event: &DueEvent) -> Result<(), Problem> {
        let soon = self.cx.moment().now + TimeDelta::seconds(limits::PROVIDER_PAUSE_S);
        let source = Source::parse(&event.source);
        if !self.in_time() {
            return self
                .put_off(event, self.cx.moment().now, "the run came to its end first")
                .await;
        }
        if let Some((until, why)) = source.and_then(|source| self.paused.get(&source)).cloned() {
            return self.put_off(event, until, &why).await;
        }
        match deal::event(self.cx, self.db, event).await {
            Ok(Dealt::Done(effect)) => {
                let count = self.counts.entry(effect.name()).or_default();
                *count = count.saturating_add(1);
            }
            Ok(Dealt::Trouble) => {
                self.later = self.later.saturating_add(1);
                if let Some(source) = source {
                    self.paused
                        .insert(source, (soon, "its source did not answer".to_owned()));
                }
            }
            Ok(Dealt::Paused(until, why)) => {
                let (cx, name) = (self.cx, event.source.as_str());
                let until = until.min(cx.moment().now + TimeDelta::hours(limits::PROVIDER_PAUSE_H));
                self.db
                    .transaction(async |tx: &Tx<'_>| {
                        Ok::<_, Problem>(delivery::pause(tx, name, until, &why).await?)
                    })
                    .await?;
                self.put_off(event, until, &why).await?;
                if let Some(source) = source {
                    self.paused.insert(source, (until, why));
                }
            }
            // Ours: the others are dealt with all the same, and this one stays claimed for a while.
            Err(problem) => {
                self.cx.log(&problem);
                self.later = self.later.saturating_add(1);
            }
        }
        Ok(())
    }

    async fn put_off(&mut self, event: &DueEvent, until: DateTime<Utc>, why: &str) -> Result<(), Problem> {
        self.later = self.later.saturating_add(1);
        self.db
            .transaction(async |tx: &Tx<'_>| {
                Ok::<_, Problem>(inbound::later(tx, event, until, why, false).await?)
            })
            .await
    }
}

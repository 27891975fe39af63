//! The world at work: what is on the agenda happens, one thing after the other, and what follows from it is put there.

mod agreeing;
mod business;
mod paying;
mod room;
mod undoing;

use super::agenda::{Agenda, Event};
use super::bank::Bank;
use super::books::Books;
use super::erp;
use super::oracles;
use super::people::Person;
use super::plan::Plan;
use super::random::Random;
use super::report::Facts;
use super::stage::{Answer, Asked, Stage};
use crate::Program;
use chrono::{DateTime, Days, TimeDelta, Utc};
use serde_json::{Value, json};
use std::path::Path;

/// Where every run starts, in seconds: 2026-01-05T06:00:00Z, a Monday morning.
const START_S: i64 = 1_767_592_800;
/// After the last day of business nobody is invoiced any more; what customers owe and promised goes on for so long.
const LATE_DAYS: u64 = 50;
/// At last nothing comes from outside and nothing goes wrong: what is under way comes to its end.
const QUIET_DAYS: u64 = 10;
/// When the jobs run, in minutes of the day (UTC). Policies send at nine, where the customer is.
const JOBS_AT: [i64; 3] = [490, 850, 1030];

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Violation {
    /// Which rule it breaks: one of [`oracles::RULES`].
    pub(super) rule: &'static str,
    pub(super) what: String,
    pub(super) who: Option<usize>,
    pub(super) at: DateTime<Utc>,
}

/// A line of what happened.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) at: DateTime<Utc>,
    pub(super) who: Option<usize>,
    pub(super) what: String,
    /// Whether it is something that went wrong on purpose.
    pub(super) fault: bool,
}

/// A run and all that it knows.
pub(super) struct Town {
    pub(super) plan: Plan,
    pub(super) stage: Stage,
    pub(super) people: Vec<Person>,
    pub(super) books: Books,
    pub(super) bank: Bank,
    pub(super) violations: Vec<Violation>,
    pub(super) log: Vec<Entry>,
    agenda: Agenda,
    random: Random,
    /// Where the events go.
    pub(super) endpoint: String,
    /// No job runs between these.
    outage: Option<(DateTime<Utc>, DateTime<Utc>)>,
    step: u64,
}

/// How a run ended.
#[derive(Debug)]
pub(super) struct Outcome {
    pub(super) facts: Facts,
    pub(super) violations: Vec<Violation>,
    pub(super) log: Vec<Entry>,
}

/// Makes a run.
///
/// # Errors
/// The app cannot be started, or does not answer at all.
pub(super) async fn run(plan: &Plan, manifest: &Path, program: &Program) -> anyhow::Result<Outcome> {
    let start = start();
    let stage = Stage::open(plan, manifest, program, start).await?;
    let people = (0..plan.customers).filter_map(|at| usize::try_from(at).ok());
    let mut town = Town {
        plan: plan.clone(),
        stage,
        people: people.map(|at| Person::new(plan.seed, at)).collect(),
        books: Books::default(),
        bank: Bank::default(),
        violations: Vec::new(),
        log: Vec::new(),
        agenda: Agenda::default(),
        random: Random::of(plan.seed, "town"),
        endpoint: String::new(),
        outage: None,
        step: 0,
    };
    town.prepare(start).await?;
    let business_ends = start + Days::new(u64::from(plan.days));
    let late_ends = business_ends + Days::new(LATE_DAYS);
    town.until(business_ends, |_| true).await?;
    town.until(late_ends, |event| !matches!(event, Event::Issue { .. }))
        .await?;
    town.stage.faults.calm();
    town.stage.outside.calm();
    town.outage = None;
    let ends = late_ends + Days::new(QUIET_DAYS);
    town.until(ends, |event| {
        matches!(
            event,
            Event::Billing { .. }
                | Event::HandIn { .. }
                | Event::Statement
                | Event::Stripe { .. }
                | Event::Refunded { .. }
                | Event::Jobs
                | Event::Daily
                | Event::Clerk
                | Event::Check
        )
    })
    .await?;
    town.clerk().await?;
    // What the clerk did is told as well.
    town.relay().await?;
    let facts = oracles::judge(&mut town, ends).await?;
    town.stage.close().await;
    Ok(Outcome {
        facts,
        violations: town.violations,
        log: town.log,
    })
}

/// Where every run starts.
pub(super) fn start() -> DateTime<Utc> {
    DateTime::from_timestamp(START_S, 0).unwrap_or_default()
}

impl Town {
    /// What there is before anything happens, and what comes by the calendar.
    async fn prepare(&mut self, start: DateTime<Utc>) -> anyhow::Result<()> {
        let days = u64::from(self.plan.days);
        self.must(&Asked::put("/v1/policies/standard", &policy())).await?;
        let endpoint = Asked::post("/v1/webhook-endpoints", &json!({"url": erp::URL})).once();
        let endpoint = self.must(&endpoint).await?.json();
        let text = |name: &str| endpoint[name].as_str().unwrap_or_default().to_owned();
        self.endpoint = text("id");
        self.stage.outside.inside().erp.trust(&text("secret"));
        let everybody: Vec<Value> = self
            .people
            .iter()
            .filter(|person| person.at % 2 == 0)
            .map(Person::document)
            .collect();
        for some in everybody.chunks(500) {
            let asked = Asked::post("/v1/customers", &json!(some))
                .about(format!("customers {}", some[0]["external_id"]));
            self.must(&asked.once()).await?;
        }
        for who in 0..self.people.len() {
            let Some(person) = self.people.get_mut(who) else {
                continue;
            };
            let every = person.every_days;
            let first = start
                + TimeDelta::days(person.random.between(0, every))
                + TimeDelta::minutes(person.random.between(0, 700));
            self.agenda.put(first, Event::Issue { who });
            if who % 2 == 1 {
                // Known through the billing system alone, which may well tell of an invoice first.
                let body = json!({"type": "customer.created", "timestamp": start, "data": person.document()});
                let at = start + TimeDelta::minutes(person.random.between(0, every * 1500));
                self.agenda.put(
                    at,
                    Event::Billing {
                        id: format!("evt-customer-{who}"),
                        body,
                    },
                );
            }
        }
        for day in 0..=days + LATE_DAYS + QUIET_DAYS {
            let midnight = start - TimeDelta::hours(6) + Days::new(day);
            for minutes in JOBS_AT {
                self.agenda
                    .put(midnight + TimeDelta::minutes(minutes), Event::Jobs);
            }
            self.agenda.put(midnight + TimeDelta::minutes(1040), Event::Daily);
            self.agenda
                .put(midnight + TimeDelta::minutes(1100), Event::Statement);
            if day % 7 == 3 {
                self.agenda.put(midnight + TimeDelta::minutes(600), Event::Clerk);
            }
            if day % 30 == 29 {
                self.agenda.put(midnight + TimeDelta::minutes(1200), Event::Check);
            }
        }
        if self.plan.faults.per_mille() > 0 {
            self.machine_room(start, days);
        }
        Ok(())
    }

    /// What goes wrong by the calendar.
    fn machine_room(&mut self, start: DateTime<Utc>, days: u64) {
        let mut draw = Random::of(self.plan.seed, "machine room");
        let span = i64::try_from(days).unwrap_or(i64::MAX / 2000) * 1440;
        let often = 1 + days * self.plan.faults.per_mille() / 1000;
        for _ in 0..often {
            let at = start + TimeDelta::minutes(draw.between(0, span));
            let event = draw.weighed(&[(6, 0), (1, 7 * 86_400), (2, -3_600)], 0);
            let event = match event {
                0 => Event::Kill,
                seconds => Event::Jump { seconds },
            };
            self.agenda.put(at, event);
        }
        if draw.chance(500) {
            let from = start + TimeDelta::minutes(draw.between(0, span));
            self.outage = Some((from, from + TimeDelta::days(10)));
        }
    }

    async fn until(&mut self, end: DateTime<Utc>, happens: impl Fn(&Event) -> bool) -> anyhow::Result<()> {
        while let Some((at, event)) = self.agenda.next_before(end) {
            if !happens(&event) || !self.plan.has(event.kind()) {
                continue;
            }
            if at > self.stage.now() {
                self.stage.go_to(at)?;
            }
            self.happen(event).await?;
        }
        if end > self.stage.now() {
            self.stage.go_to(end)?;
        }
        Ok(())
    }

    async fn happen(&mut self, event: Event) -> anyhow::Result<()> {
        self.step = self.stage.step();
        let kind = event.kind();
        match event {
            Event::Issue { who } => self.issue(who).await?,
            Event::Billing { id, body } => self.billing(&id, &body).await?,
            Event::Pay {
                who,
                number,
                cents,
                currency,
            } => self.pay(who, &number, cents, currency).await?,
            Event::Transfer { who, number, cents } => self.transfer(who, &number, cents),
            Event::Return {
                who,
                end_to_end,
                cents,
            } => self.send_back(who, &end_to_end, cents),
            Event::Statement => self.statement().await?,
            Event::HandIn { number, document } => self.hand_in(number, document).await?,
            Event::Link { who, number } => self.link(who, &number).await?,
            Event::Stripe { body, tries } => self.stripe(body, tries).await?,
            Event::Postmark { body } => self.postmark(&body).await?,
            Event::Dispute { who, number } => self.dispute(who, number).await?,
            Event::Decide { who, dispute, number } => self.decide(who, &dispute, &number).await?,
            Event::Promise { who, number } => self.promise(who, number).await?,
            Event::OptOut { who } => self.opt_out(who).await?,
            Event::Move { who } => self.moves(who).await?,
            Event::Credit { who, number } => self.credit(who, &number).await?,
            Event::Void { who, number } => self.void(who, &number).await?,
            Event::WriteOff { who, number } => self.write_off(who, &number).await?,
            Event::UseCredit { who } => self.use_credit(who).await?,
            Event::PayBack { who } => self.pay_back(who).await?,
            Event::Refunded { id, status } => self.refunded(&id, status),
            Event::Agree { who, number } => self.agree(who, &number).await?,
            Event::CallOff { who, plan } => self.call_off(who, &plan).await?,
            Event::Jobs => self.jobs().await?,
            Event::Daily => self.job("risk").await?,
            Event::Clerk => self.clerk().await?,
            Event::Kill => {
                self.stage.faults.count("host killed");
                self.note_fault("the host is killed and started again".to_owned());
                self.stage.kill().await?;
            }
            Event::Jump { seconds } => self.jump(seconds).await?,
            Event::Check => oracles::proof(self).await?,
        }
        for met in std::mem::take(&mut self.stage.met) {
            self.note_fault(met);
        }
        self.heard_by_post(kind);
        self.heard_by_stripe();
        Ok(())
    }

    /// Asks for what cannot be refused.
    pub(super) async fn must(&mut self, asked: &Asked) -> anyhow::Result<Answer> {
        let answer = self.stage.ask(asked).await?;
        if !answer.is_good() {
            let what = format!("{} answered {}: {}", asked.about, answer.status, answer.text());
            self.violate("answers", what, None);
        }
        Ok(answer)
    }

    pub(super) fn violate(&mut self, rule: &'static str, what: String, who: Option<usize>) {
        let at = self.stage.now();
        self.violations.push(Violation { rule, what, who, at });
    }

    pub(super) fn note(&mut self, who: Option<usize>, what: String) {
        let at = self.stage.now();
        self.log.push(Entry {
            at,
            who,
            what,
            fault: false,
        });
    }

    fn note_fault(&mut self, what: String) {
        let at = self.stage.now();
        self.log.push(Entry {
            at,
            who: None,
            what,
            fault: true,
        });
    }

    fn after(&mut self, minutes: i64, event: Event) {
        self.agenda
            .put(self.stage.now() + TimeDelta::minutes(minutes), event);
    }
}

/// What customers are asked by: a fee and interest included.
fn policy() -> Value {
    json!({"name": "standard", "send_at": "09:00", "business_days_only": true,
        "min_balance": {"EUR": "10.00", "USD": "10.00"}, "min_days_between_contacts": 3, "catch_up": "latest",
        "steps": [
            {"id": "pre_due", "day": -5, "per_invoice": true, "channels": ["email"], "template": "pre_due"},
            {"id": "reminder", "day": 1, "channels": ["email"], "template": "friendly"},
            {"id": "firm", "day": 14, "channels": ["email"], "template": "firm",
                "fee": {"kind": "flat", "amount": {"EUR": "10.00", "USD": "10.00"}}},
            {"id": "interest", "day": 30, "charge": {"kind": "interest", "percent": "5"}},
            {"id": "final", "day": 40, "channels": ["email"], "template": "final"}]})
}

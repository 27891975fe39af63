//! The machine room and the office: jobs, the post, what waits for people, clocks that jump.

use super::Town;
use crate::sim::agenda::Event;
use crate::sim::stage::{Asked, POSTMARK_AUTH};
use chrono::TimeDelta;
use serde_json::{Value, json};

/// Rounds of a job until it has nothing more to do, each of which takes hundreds, and as many more for each customer: who
/// follows the events and was away for long is told of everybody's.
const ROUNDS: u32 = 200;
const ROUNDS_PER_CUSTOMER: u32 = 5;
/// Runs of the relay between two steps of the simulation, as long as it has something to do: cron has it run every minute.
const MINUTES: u32 = 240;

impl Town {
    /// All jobs that cron runs, in the order of the money and the words.
    pub(super) async fn jobs(&mut self) -> anyhow::Result<()> {
        let now = self.stage.now();
        if self
            .outage
            .is_some_and(|(from, to)| self.plan.has("outages") && from <= now && now < to)
        {
            self.stage.faults.count("jobs not run (ten days' outage)");
            return Ok(());
        }
        for name in ["inbound", "match", "payments", "sweep", "deliver"] {
            self.job(name).await?;
        }
        self.relay().await
    }

    /// An endpoint that does not answer is left alone until the relay's next run, which cron does not wait hours for.
    pub(super) async fn relay(&mut self) -> anyhow::Result<()> {
        for minute in 0..MINUTES {
            if !self.turn("relay", minute).await? {
                break;
            }
        }
        Ok(())
    }

    /// Runs a job until it has nothing more to do.
    pub(super) async fn job(&mut self, name: &str) -> anyhow::Result<()> {
        self.turn(name, 0).await.map(drop)
    }

    /// The same as the so-manieth turn of this step; answers whether the job had anything to do.
    async fn turn(&mut self, name: &str, turn: u32) -> anyhow::Result<bool> {
        let mut worked = false;
        let rounds = ROUNDS.saturating_add(self.plan.customers.saturating_mul(ROUNDS_PER_CUSTOMER));
        for round in 0..rounds {
            let about = format!("job {name} {} {turn} {round}", self.step);
            let answer = self.stage.ask(&Asked::job(name).about(about)).await?;
            let said = answer.json();
            // After a clock went back nothing is decided for what was decided already.
            if said["code"] == "back_dated" {
                self.note(None, format!("{name}: the clock stands before what was decided"));
                return Ok(worked);
            }
            if !answer.is_good() {
                self.violate(
                    "answers",
                    format!("{name} answered {}: {}", answer.status, answer.text()),
                    None,
                );
                return Ok(worked);
            }
            let work = ["examined", "queued", "processed", "answered"]
                .iter()
                .any(|field| said[*field].as_i64() > Some(0));
            worked |= work;
            if work && !matches!(name, "risk" | "relay") {
                self.note(None, format!("{name}: {}", answer.text()));
            }
            if said["more"] != true {
                return Ok(worked);
            }
        }
        self.violate(
            "jobs end",
            format!("{name} has more to do after {rounds} rounds"),
            None,
        );
        Ok(worked)
    }

    /// What Postmark was given since it was looked last: customers read it, and Postmark tells what became of it.
    pub(super) fn heard_by_post(&mut self, during: &str) {
        let news = self.stage.outside.inside().post.take_news();
        let now = self.stage.now();
        for mail in news {
            let found = self.people.iter_mut().find(|person| {
                mail.to
                    .ends_with(&format!("@{}.example", person.external_id.to_lowercase()))
            });
            let Some(person) = found else {
                self.violate(
                    "outbound once",
                    format!("a message went to {}, whom nobody knows", mail.to),
                    None,
                );
                continue;
            };
            let who = person.at;
            person.pay_path = mail.pay_path.clone().or(person.pay_path.take());
            if let Some(path) = &mail.unsubscribe_path {
                person.unsubscribe = Some((path.clone(), mail.to.clone()));
            }
            let gone = mail.to.starts_with("gone");
            let fate = person.random.below(20);
            let minutes = person.random.between(1, 300);
            let refused = person
                .refused
                .as_ref()
                .is_some_and(|(address, step)| *address == mail.to && *step < mail.step);
            self.note(Some(who), format!("gets {} at {} ({during})", mail.id, mail.to));
            if refused {
                self.violate(
                    "no contact against a customer's word",
                    format!("{} went to {}", mail.id, mail.to),
                    Some(who),
                );
            }
            let body = match gone {
                true => {
                    json!({"RecordType": "Bounce", "ID": minutes, "Type": "HardBounce", "MessageID": mail.provider_id,
                    "Email": mail.to, "BouncedAt": now, "MessageStream": "outbound", "Name": "Hard bounce",
                    "Description": "The server was unable to deliver your message", "Details": "no such user",
                    "Metadata": {"dunlin_message": mail.id}})
                }
                false => {
                    json!({"RecordType": "Delivery", "MessageID": mail.provider_id, "Recipient": mail.to,
                    "DeliveredAt": now, "MessageStream": "outbound", "Details": "taken",
                    "Metadata": {"dunlin_message": mail.id}})
                }
            };
            // Some are never told of, some twice.
            if fate > 0 || gone {
                self.after(minutes, Event::Postmark { body: body.clone() });
            }
            if fate == 1 && self.plan.has("duplicates") {
                self.after(minutes + 90, Event::Postmark { body });
            }
        }
    }

    pub(super) async fn postmark(&mut self, body: &Value) -> anyhow::Result<()> {
        let basic = data_encoding::BASE64.encode(POSTMARK_AUTH.as_bytes());
        let id = body["MessageID"].as_str().unwrap_or_default();
        let asked = Asked::anonymous("/webhooks/postmark", "application/json", body.to_string())
            .header("authorization", format!("Basic {basic}"))
            .about(format!("postmark {} {id} {}", body["RecordType"], self.step));
        let answer = self.must(&asked).await?;
        self.note(None, format!("Postmark tells of {id}: {}", answer.status));
        Ok(())
    }

    /// Somebody looks through what waits for people: bank lines, events that failed.
    pub(super) async fn clerk(&mut self) -> anyhow::Result<()> {
        let lines = self.list("/v1/bank-lines?status=review").await?;
        for line in lines {
            let id = line["id"].as_str().unwrap_or_default();
            let iban = line
                .pointer("/party/account")
                .and_then(Value::as_str)
                .unwrap_or_default();
            let person = self.people.iter().find(|person| person.iban() == iban);
            let debit = line
                .pointer("/amount/amount")
                .and_then(Value::as_str)
                .is_some_and(|text| text.starts_with('-'));
            let body = match person {
                Some(person) if !debit => json!({"customer": {"external_id": person.external_id}}),
                _ => json!({"ignore": "nobody knows what it is"}),
            };
            let who = person.map(|person| person.at);
            let asked = Asked::post(format!("/v1/bank-lines/{id}/match"), &body)
                .about(format!("match {id} {}", self.step));
            let answer = self.stage.ask(&asked.once()).await?;
            self.note(
                who,
                format!(
                    "somebody says what line {id} is: {} {}",
                    answer.status,
                    answer.text()
                ),
            );
            self.books.count("bank lines decided by people");
        }
        for event in self.list("/v1/webhook-events?status=failed").await? {
            let text = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let path = format!("/v1/webhook-events/{}/{}/retry", text("source"), text("event_id"));
            let asked =
                Asked::post(path, &json!({})).about(format!("retry {} {}", text("event_id"), self.step));
            let answer = self.stage.ask(&asked).await?;
            self.note(
                None,
                format!("{} is tried again: {}", text("event_id"), answer.status),
            );
        }
        Ok(())
    }

    /// The host's clock jumps; jobs run at once, as cron's clock is the same.
    pub(super) async fn jump(&mut self, seconds: i64) -> anyhow::Result<()> {
        let to = self.stage.now() + TimeDelta::seconds(seconds);
        self.stage.faults.count(if seconds > 0 {
            "clock a week forward"
        } else {
            "clock an hour back"
        });
        self.note(None, format!("the clock jumps to {to}"));
        self.stage.go_to(to)?;
        self.jobs().await
    }

    /// All of a list.
    pub(in crate::sim) async fn list(&mut self, path: &str) -> anyhow::Result<Vec<Value>> {
        let mut all = Vec::new();
        let mut after = String::new();
        loop {
            let separator = if path.contains('?') { '&' } else { '?' };
            let asked = Asked::get(format!("{path}{separator}limit=500{after}"))
                .about(format!("list {path}{after} {}", self.step));
            let mut page = self.must(&asked).await?.json();
            if let Some(Value::Array(rows)) = page.get_mut("data").map(Value::take) {
                all.extend(rows);
            }
            match page["next"].as_str() {
                Some(next) => after = format!("&after={next}"),
                None => return Ok(all),
            }
        }
    }
}

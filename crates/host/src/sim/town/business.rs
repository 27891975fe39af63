//! What is owed, and what customers say of it.

use super::Town;
use crate::sim::agenda::Event;
use crate::sim::books::{Invoice, add};
use crate::sim::erp;
use crate::sim::money;
use crate::sim::people::{Pays, Way};
use crate::sim::stage::{Asked, BILLING_SECRET};
use chrono::TimeDelta;
use serde_json::{Value, json};

impl Town {
    /// A customer is invoiced, over the API or by the billing system, and what it will do about it is put on the agenda.
    pub(super) async fn issue(&mut self, who: usize) -> anyhow::Result<()> {
        let now = self.stage.now();
        let Some(person) = self.people.get_mut(who) else {
            return Ok(());
        };
        person.invoices += 1;
        let number = format!("R-{who}-{}", person.invoices);
        let cents = person
            .random
            .weighed(&[(6, 60_000), (3, 9_000), (1, 700_000)], 9_000);
        let cents = 2_000 + person.random.between(0, cents);
        let (currency, terms) = (person.currency, person.terms_days);
        let due = (now + TimeDelta::days(terms)).date_naive();
        let document = json!({"number": number, "customer": {"external_id": person.external_id},
            "issue_date": now.date_naive(), "due_date": due, "currency": currency, "total": money::json(cents, currency)});
        let by_webhook = who % 2 == 1;
        let delay = if person.random.chance(100) {
            person.random.between(60, 4_000)
        } else {
            0
        };
        let twice = person.random.chance(100) && self.plan.has("duplicates");
        let next =
            now + TimeDelta::days(person.every_days) + TimeDelta::minutes(person.random.between(-400, 400));
        let event = by_webhook.then(|| format!("evt-{number}"));
        let plans = plans(person, &number, cents, delay);
        self.agenda.put(next, Event::Issue { who });
        for (minutes, plan) in plans {
            self.after(minutes, plan);
        }
        let invoice = Invoice {
            who,
            cents,
            currency,
            paid: 0,
            corrected: 0,
            event: event.clone(),
            told: false,
            settled: None,
            disputed: None,
        };
        self.books.invoices.insert(number.clone(), invoice);
        let month = now.format("%Y-%m").to_string();
        self.books.month(&month, currency).invoiced += cents;
        if let Some(id) = event {
            let body = json!({"type": "invoice.issued", "timestamp": now, "data": document});
            self.after(
                delay,
                Event::Billing {
                    id: id.clone(),
                    body: body.clone(),
                },
            );
            if twice {
                self.after(delay + 500, Event::Billing { id, body });
            }
            return Ok(());
        }
        let asked = Asked::post("/v1/invoices", &document).about(format!("invoice {number}"));
        let answer = self.must(&asked.clone().once()).await?;
        if answer.is_good()
            && let Some(invoice) = self.books.invoices.get_mut(&number)
        {
            invoice.told = true;
        }
        if twice {
            // Without the key: the number alone says that it is the same.
            let again = self.must(&asked.about(format!("invoice {number} again"))).await?;
            if again.status == 201 {
                self.violate("inbound once", format!("{number} was taken in twice"), Some(who));
            }
        }
        self.note(
            Some(who),
            format!(
                "invoice {number} over {} {currency}, due {due}: {}",
                money::text(cents),
                answer.status
            ),
        );
        Ok(())
    }

    /// The billing system tells of something (Standard Webhooks), again until it is heard.
    pub(super) async fn billing(&mut self, id: &str, body: &Value) -> anyhow::Result<()> {
        let at = self.stage.now().timestamp();
        let body = body.to_string();
        let signature = erp::signature(BILLING_SECRET, id, &at.to_string(), body.as_bytes())?;
        let asked = Asked::anonymous("/webhooks/billing", "application/json", body)
            .header("webhook-id", id.to_owned())
            .header("webhook-timestamp", at.to_string())
            .header("webhook-signature", signature)
            .about(format!("billing {id} {at}"));
        let answer = self.must(&asked).await?;
        self.note(
            None,
            format!(
                "the billing system tells {id}: {} {}",
                answer.status,
                answer.text()
            ),
        );
        let told = self
            .books
            .invoices
            .values_mut()
            .find(|invoice| invoice.event.as_deref() == Some(id));
        if let (true, Some(invoice)) = (answer.is_good(), told) {
            invoice.told = true;
        }
        Ok(())
    }

    pub(super) async fn invoice_id(&mut self, number: &str) -> anyhow::Result<Option<String>> {
        let asked = Asked::get(format!("/v1/invoices?number={number}"))
            .about(format!("look for {number} {}", self.step));
        let found = self.must(&asked).await?.json();
        Ok(found
            .pointer("/data/0/id")
            .and_then(Value::as_str)
            .map(str::to_owned))
    }

    pub(super) async fn dispute(&mut self, who: usize, number: String) -> anyhow::Result<()> {
        let Some(id) = self.invoice_id(&number).await? else {
            return Ok(());
        };
        let body = json!({"invoice": id, "reason": "damaged_goods", "text": "Wet boxes"});
        let asked = Asked::post("/v1/disputes", &body)
            .about(format!("dispute {number}"))
            .once();
        let answer = self.stage.ask(&asked).await?;
        self.note(Some(who), format!("disputes {number}: {}", answer.status));
        if !answer.is_good() {
            return Ok(());
        }
        self.books.count("disputes opened");
        let dispute = answer.json()["id"].as_str().unwrap_or_default().to_owned();
        let step = self.step;
        if let Some(invoice) = self.books.invoices.get_mut(&number) {
            invoice.disputed = Some((step, u64::MAX));
        }
        let minutes = self.random.between(3, 20) * 1440;
        self.after(minutes, Event::Decide { who, dispute, number });
        Ok(())
    }

    pub(super) async fn decide(&mut self, who: usize, dispute: &str, number: &str) -> anyhow::Result<()> {
        let currency = self.people.get(who).map_or("EUR", |person| person.currency);
        let mut draw = crate::sim::random::Random::of(self.plan.seed, number);
        let body = match draw.below(3) {
            0 => json!({"outcome": "rejected", "comment": "They were dry"}),
            1 => json!({"outcome": "credit_note", "credit_note_number": format!("CD-{number}")}),
            _ => {
                json!({"outcome": "split", "credit": money::json(500, currency), "credit_note_number": format!("CD-{number}")})
            }
        };
        let asked = Asked::post(format!("/v1/disputes/{dispute}/resolve"), &body).once();
        let answer = self.stage.ask(&asked).await?;
        self.note(
            Some(who),
            format!(
                "the dispute about {number} is decided: {} {}",
                answer.status, body["outcome"]
            ),
        );
        let step = self.step;
        if let Some(invoice) = self.books.invoices.get_mut(number)
            && let Some((_, until)) = &mut invoice.disputed
        {
            *until = step;
        }
        if answer.is_good() {
            let credited = money::at(&answer.json(), "/credited").unwrap_or_default();
            self.credited(who, currency, credited);
            self.books.pay(number, credited);
            if let Some(invoice) = self.books.invoices.get_mut(number) {
                invoice.corrected += credited;
            }
            self.books.count("disputes decided");
        }
        Ok(())
    }

    pub(super) async fn promise(&mut self, who: usize, number: String) -> anyhow::Result<()> {
        let now = self.stage.now();
        let Some(person) = self.people.get_mut(who) else {
            return Ok(());
        };
        let days = person.random.between(3, 12);
        let keeps = person.keeps_promises;
        let currency = person.currency;
        let on = (now + TimeDelta::days(days)).date_naive();
        let body = json!({"customer": {"external_id": person.external_id}, "promised_on": on});
        let asked = Asked::post("/v1/promises", &body)
            .about(format!("promise {number}"))
            .once();
        let answer = self.stage.ask(&asked).await?;
        self.note(Some(who), format!("promises to pay by {on}: {}", answer.status));
        if answer.is_good() && keeps {
            let cents = money::at(&answer.json(), "/amount").unwrap_or_default();
            let minutes = days.saturating_sub(1) * 1440;
            self.after(
                minutes,
                Event::Pay {
                    who,
                    number: format!("{number}-promised"),
                    cents,
                    currency,
                },
            );
            self.books.pay_all(who);
        }
        Ok(())
    }

    /// By the button of the customer's mail program.
    pub(super) async fn opt_out(&mut self, who: usize) -> anyhow::Result<()> {
        let Some(person) = self.people.get(who) else {
            return Ok(());
        };
        // A link is of the address that its mail went to, also where the customer has another by now.
        let Some((path, address)) = person.unsubscribe.clone() else {
            self.after(5 * 1440, Event::OptOut { who });
            return Ok(());
        };
        let body = "List-Unsubscribe=One-Click".to_owned();
        let asked = Asked::anonymous(path, "application/x-www-form-urlencoded", body);
        let answer = self.must(&asked).await?;
        self.note(
            Some(who),
            format!("wants no more mail to {address}: {}", answer.status),
        );
        let step = self.step;
        if let (true, Some(person)) = (answer.is_good(), self.people.get_mut(who)) {
            person.refused = Some((address, step));
        }
        Ok(())
    }

    pub(super) async fn moves(&mut self, who: usize) -> anyhow::Result<()> {
        let Some(person) = self.people.get_mut(who) else {
            return Ok(());
        };
        person.address += 1;
        let asked = Asked::post("/v1/customers", &person.document()).about(format!(
            "{} moves to {}",
            person.external_id,
            person.email()
        ));
        let answer = self.must(&asked.once()).await?;
        self.note(Some(who), format!("has another address: {}", answer.status));
        Ok(())
    }

    pub(super) async fn credit(&mut self, who: usize, number: &str) -> anyhow::Result<()> {
        let now = self.stage.now();
        let Some(person) = self.people.get(who) else {
            return Ok(());
        };
        let currency = person.currency;
        let cents = 700;
        let body = json!({"number": format!("CN-{number}"), "customer": {"external_id": person.external_id},
            "issue_date": now.date_naive(), "currency": currency, "total": money::json(cents, currency)});
        let asked = Asked::post("/v1/credit-notes", &body).about(format!("credit note for {number}"));
        let answer = self.stage.ask(&asked.once()).await?;
        self.note(
            Some(who),
            format!("is credited {}: {}", money::text(cents), answer.status),
        );
        if answer.is_good() {
            self.credited(who, currency, cents);
        }
        Ok(())
    }

    fn credited(&mut self, who: usize, currency: &str, cents: i64) {
        add(&mut self.books.credited, who, currency, cents);
        let month = self.stage.now().format("%Y-%m").to_string();
        self.books.month(&month, currency).credited += cents;
    }
}

/// What a customer will do about an invoice, in minutes from now.
fn plans(person: &mut crate::sim::people::Person, number: &str, cents: i64, delay: i64) -> Vec<(i64, Event)> {
    let who = person.at;
    let due = person.terms_days * 1440;
    let number = number.to_owned();
    let pays = |cents: i64, way: Way| match way {
        Way::Bank => Event::Transfer {
            who,
            number: number.clone(),
            cents,
        },
        Way::Link => Event::Link {
            who,
            number: number.clone(),
        },
        Way::Desk => Event::Pay {
            who,
            number: number.clone(),
            cents,
            currency: person.currency,
        },
    };
    let way = person.way;
    let early = due - person.random.between(0, 5 * 1440);
    let late = due + person.random.between(1440, 45 * 1440);
    let mut plans = match person.pays {
        Pays::OnTime => vec![(early, pays(cents, way))],
        Pays::Late => vec![(late, pays(cents, way))],
        Pays::Partly => vec![
            (early, pays(cents / 2, Way::Desk)),
            (late, pays(cents - cents / 2, way)),
        ],
        Pays::Twice => vec![
            (early, pays(cents, way)),
            (
                early + 1500,
                Event::Pay {
                    who,
                    number: format!("{number}-twice"),
                    cents,
                    currency: person.currency,
                },
            ),
        ],
        Pays::OtherCurrency => {
            let currency = if person.currency == "EUR" { "USD" } else { "EUR" };
            vec![(
                early,
                Event::Pay {
                    who,
                    number: format!("{number}-other"),
                    cents,
                    currency,
                },
            )]
        }
        Pays::Never => Vec::new(),
    };
    let first = delay + 60;
    if person.random.chance(person.disputes) {
        plans.push((
            first + person.random.between(0, due),
            Event::Dispute {
                who,
                number: number.clone(),
            },
        ));
    }
    if person.random.chance(person.promises) {
        plans.push((
            due + person.random.between(1440, 20 * 1440),
            Event::Promise {
                who,
                number: number.clone(),
            },
        ));
    }
    if person.random.chance(20) {
        let number = number.clone();
        plans.push((
            first + person.random.between(0, due),
            Event::Credit { who, number },
        ));
    }
    for (per_mille, earliest, event) in undone(person, &number) {
        let minutes = earliest + person.random.between(0, due);
        if person.random.chance(per_mille) {
            plans.push((first + minutes, event));
        }
    }
    if person.opts_out && person.invoices == 2 {
        plans.push((due, Event::OptOut { who }));
    }
    if person.moves && person.invoices == 2 {
        plans.push((first + person.random.between(0, due), Event::Move { who }));
    }
    plans
}

/// What may be done about an invoice afterwards: how often of a thousand times, and from when on, in minutes.
fn undone(person: &crate::sim::people::Person, number: &str) -> [(u64, i64, Event); 5] {
    let (who, number) = (person.at, number.to_owned());
    let due = person.terms_days * 1440;
    [
        (
            40,
            0,
            Event::Void {
                who,
                number: number.clone(),
            },
        ),
        (
            40,
            due,
            Event::WriteOff {
                who,
                number: number.clone(),
            },
        ),
        (120, 0, Event::UseCredit { who }),
        (120, due, Event::PayBack { who }),
        (60, due, Event::Agree { who, number }),
    ]
}

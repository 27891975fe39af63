//! Money: how it comes, twice or late or by another way than was thought, and how it goes back.

use super::Town;
use crate::sim::agenda::Event;
use crate::sim::bank::Line;
use crate::sim::books::add;
use crate::sim::money;
use crate::sim::random::Random;
use crate::sim::stage::{Asked, STRIPE_SECRET};
use crate::sim::stripe::PAGES;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

impl Town {
    /// Money that people record: each invoice's own payment says what it is for.
    pub(super) async fn pay(
        &mut self,
        who: usize,
        number: &str,
        cents: i64,
        currency: &'static str,
    ) -> anyhow::Result<()> {
        let open = self.books.wants_to_pay(number);
        let known = self.books.invoices.contains_key(number);
        let cents = if known { cents.min(open) } else { cents };
        if cents <= 0 {
            return Ok(());
        }
        let now = self.stage.now();
        let Some(person) = self.people.get(who) else {
            return Ok(());
        };
        let told = self
            .books
            .invoices
            .get(number)
            .is_some_and(|invoice| invoice.told);
        // Nobody pays what the ledger has never heard of: the billing system is late.
        if known && !told {
            self.after(
                1440,
                Event::Pay {
                    who,
                    number: number.to_owned(),
                    cents,
                    currency,
                },
            );
            return Ok(());
        }
        let mut body = json!({"customer": {"external_id": person.external_id}, "amount": money::text(cents),
            "currency": currency, "received_on": now.date_naive(), "method": "cheque",
            "reference": format!("P-{number}-{}", self.step)});
        if known && let Some(fields) = body.as_object_mut() {
            fields.insert("remittance".to_owned(), json!([{"invoice_number": number}]));
        }
        let asked = Asked::post("/v1/payments", &body).about(format!("payment P-{number}-{}", self.step));
        let answer = self.stage.ask(&asked.once()).await?;
        self.note(
            Some(who),
            format!(
                "pays {} {currency} for {number}: {}",
                money::text(cents),
                answer.status
            ),
        );
        if !answer.is_good() {
            let unknown = answer.json().pointer("/errors/0/code") == Some(&json!("unknown_customer"));
            if unknown {
                self.after(
                    1440,
                    Event::Pay {
                        who,
                        number: number.to_owned(),
                        cents,
                        currency,
                    },
                );
            } else {
                self.violate(
                    "answers",
                    format!("a payment was answered {}: {}", answer.status, answer.text()),
                    Some(who),
                );
            }
            return Ok(());
        }
        add(&mut self.books.received, who, currency, cents);
        self.collected(currency, cents);
        self.books.pay(number, cents);
        let step = self.step;
        if let Some(invoice) = self.books.invoices.get_mut(number)
            && invoice.paid >= invoice.cents
        {
            invoice.settled.get_or_insert(step);
        }
        Ok(())
    }

    /// Money that came, or went back where it is less than nothing.
    pub(super) fn collected(&mut self, currency: &str, cents: i64) {
        let month = self.stage.now().format("%Y-%m").to_string();
        self.books.month(&month, currency).collected += cents;
    }

    pub(super) fn transfer(&mut self, who: usize, number: &str, cents: i64) {
        let cents = cents.min(self.books.wants_to_pay(number));
        let Some(person) = self.people.get_mut(who).filter(|_| cents > 0) else {
            return;
        };
        let end_to_end = format!("E-{number}");
        // What payers write into the field for it.
        let text = match person.random.below(10) {
            0 => "thank you".to_owned(),
            1 => number.replace('-', " "),
            _ => format!("Invoice {number}"),
        };
        let (name, iban) = (person.name(), person.iban());
        let returned = person.random.chance(30);
        let days = person.random.between(2, 20);
        self.bank.book(Line {
            cents,
            end_to_end: end_to_end.clone(),
            name,
            iban,
            text,
            back: None,
        });
        self.books.pay(number, cents);
        self.collected("EUR", cents);
        self.note(
            Some(who),
            format!("transfers {} EUR for {number}", money::text(cents)),
        );
        if returned {
            self.after(
                days * 1440,
                Event::Return {
                    who,
                    end_to_end,
                    cents,
                },
            );
        }
    }

    /// A debit comes back: the bank books it the other way.
    pub(super) fn send_back(&mut self, who: usize, end_to_end: &str, cents: i64) {
        let Some(person) = self.people.get(who) else {
            return;
        };
        let line = Line {
            cents: -cents,
            end_to_end: end_to_end.to_owned(),
            name: person.name(),
            iban: person.iban(),
            text: "returned".to_owned(),
            back: Some("AC04"),
        };
        self.bank.book(line);
        self.collected("EUR", -cents);
        self.books.count("payments returned");
        self.note(
            Some(who),
            format!("{} EUR of {end_to_end} go back", money::text(cents)),
        );
    }

    /// The day's statement: handed in at once, after days, or twice.
    pub(super) async fn statement(&mut self) -> anyhow::Result<()> {
        let Some((number, document)) = self.bank.statement(self.stage.now().date_naive()) else {
            return Ok(());
        };
        let mut draw = Random::of(self.plan.seed, &format!("statement {number}"));
        let late = if draw.chance(60) {
            draw.between(1, 5) * 1440
        } else {
            0
        };
        let event = Event::HandIn { number, document };
        if draw.chance(60) && self.plan.has("duplicates") {
            self.after(late + 700, event.clone());
        }
        self.after(late, event);
        Ok(())
    }

    pub(super) async fn hand_in(&mut self, number: u32, document: String) -> anyhow::Result<()> {
        let at = self.stage.now();
        let asked = Asked::xml("/v1/bank-statements", document).about(format!("statement {number} {at}"));
        let answer = self.must(&asked.once()).await?;
        let tally = answer.json();
        let gaps = tally.pointer("/statements/0/gaps/0").is_some();
        if gaps {
            self.books.count("gaps between statements");
        }
        self.note(
            None,
            format!(
                "statement {number}: {} lines, {} known, {} matched, {} for people",
                tally["lines"], tally["duplicates"], tally["matched"], tally["review"]
            ),
        );
        Ok(())
    }

    /// A customer opens the link of its last message and pays there, or gives up.
    pub(super) async fn link(&mut self, who: usize, number: &str) -> anyhow::Result<()> {
        let cents = self.books.wants_to_pay(number);
        let Some(person) = self.people.get_mut(who).filter(|_| cents > 0) else {
            return Ok(());
        };
        let currency = person.currency;
        let other_way = Event::Pay {
            who,
            number: number.to_owned(),
            cents,
            currency,
        };
        let Some(path) = person.pay_path.clone() else {
            self.after(15 * 1440, other_way);
            return Ok(());
        };
        let gives_up = person.random.chance(100);
        let fate = person.random.below(10);
        let late = person.random.between(5, 3_000);
        let asked = Asked::anonymous(path, "application/x-www-form-urlencoded", String::new())
            .about(format!("press pay for {number} {}", self.step));
        let answer = self.stage.ask(&asked).await?;
        let session = answer
            .location
            .as_deref()
            .and_then(|location| location.strip_prefix(PAGES))
            .map(str::to_owned);
        self.note(Some(who), format!("opens its link: {}", answer.status));
        let now = self.stage.now();
        let event = session
            .filter(|_| !gives_up)
            .and_then(|session| self.stage.outside.inside().stripe.pay(&session, now));
        let Some(event) = event else {
            self.after(5 * 1440, other_way);
            return Ok(());
        };
        let cents = event
            .pointer("/data/object/amount_total")
            .and_then(Value::as_i64)
            .unwrap_or_default();
        add(&mut self.books.at_stripe, who, currency, cents);
        self.collected(currency, cents);
        self.books.pay_all(who);
        self.note(
            Some(who),
            format!("pays {} {currency} at Stripe", money::text(cents)),
        );
        let tell = Event::Stripe {
            body: event,
            tries: 0,
        };
        match fate {
            // Stripe takes the money and never tells: `/internal/payments` finds out.
            0 => self.books.count("paid at Stripe, never told"),
            1 => self.after(late, tell),
            2 => {
                self.after(1, tell.clone());
                self.after(late, tell);
            }
            _ => self.after(1, tell),
        }
        Ok(())
    }

    /// Stripe tells of an event, again until it is heard.
    pub(super) async fn stripe(&mut self, body: Value, tries: u32) -> anyhow::Result<()> {
        let at = self.stage.now().timestamp();
        let text = body.to_string();
        let mut mac = Hmac::<Sha256>::new_from_slice(STRIPE_SECRET.as_bytes())?;
        mac.update(format!("{at}.{text}").as_bytes());
        let tag = data_encoding::HEXLOWER.encode(&mac.finalize().into_bytes());
        let id = body["id"].as_str().unwrap_or_default();
        let asked = Asked::anonymous("/webhooks/stripe", "application/json", text)
            .header("stripe-signature", format!("t={at},v1={tag}"))
            .about(format!("stripe {id} {at}"));
        let answer = self.stage.ask(&asked).await?;
        self.note(
            None,
            format!("Stripe tells {id}: {} {}", answer.status, answer.text()),
        );
        if !answer.is_good() {
            match tries {
                0..10 => self.after(
                    60,
                    Event::Stripe {
                        body,
                        tries: tries + 1,
                    },
                ),
                _ => self.violate(
                    "answers",
                    format!("Stripe was not heard: {}", answer.text()),
                    None,
                ),
            }
        }
        Ok(())
    }
}

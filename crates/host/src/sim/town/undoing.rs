//! What is taken back: invoices that were a mistake or are given up, money on account that is used or paid back.

use super::Town;
use crate::sim::agenda::Event;
use crate::sim::books::add;
use crate::sim::money;
use crate::sim::random::Random;
use crate::sim::stage::Asked;
use serde_json::{Value, json};

impl Town {
    pub(super) async fn void(&mut self, who: usize, number: &str) -> anyhow::Result<()> {
        let Some(id) = self.invoice_id(number).await? else {
            return Ok(());
        };
        let asked = Asked::post(format!("/v1/invoices/{id}/void"), &Value::Null)
            .about(format!("void {number}"))
            .once();
        let answer = self.stage.ask(&asked).await?;
        self.note(Some(who), format!("{number} was a mistake: {}", answer.status));
        let step = self.step;
        if let (true, Some(invoice)) = (answer.is_good(), self.books.invoices.get(number)) {
            // What corrects it stays with it; credit that was used for it is on account again.
            let (currency, cents) = (invoice.currency, invoice.cents - invoice.corrected);
            self.let_go(who, number, currency, cents, step);
            self.books.count("invoices voided");
        }
        Ok(())
    }

    pub(super) async fn write_off(&mut self, who: usize, number: &str) -> anyhow::Result<()> {
        let Some(id) = self.invoice_id(number).await? else {
            return Ok(());
        };
        let path = format!("/v1/invoices/{id}");
        let before = Asked::get(path.as_str()).about(format!("balance of {number} {}", self.step));
        let before = self.must(&before).await?.json();
        let reason = json!({"reason": "Nobody expects it any more"});
        let asked = Asked::post(format!("{path}/write-off"), &reason)
            .about(format!("write {number} off"))
            .once();
        let answer = self.stage.ask(&asked).await?;
        self.note(Some(who), format!("{number} is given up: {}", answer.status));
        let step = self.step;
        if let (200, Some(invoice)) = (answer.status, self.books.invoices.get(number)) {
            let left = money::at(&before, "/balance").unwrap_or_default();
            let currency = invoice.currency;
            self.let_go(who, number, currency, left, step);
            self.books.count("invoices written off");
        }
        Ok(())
    }

    fn let_go(&mut self, who: usize, number: &str, currency: &str, cents: i64, step: u64) {
        add(&mut self.books.forgiven, who, currency, cents);
        let month = self.stage.now().format("%Y-%m").to_string();
        self.books.month(&month, currency).let_go += cents;
        self.books.let_go(number, step);
    }

    /// Our name for a customer, where it is known by now.
    async fn customer_id(&mut self, who: usize) -> anyhow::Result<Option<String>> {
        let asked = Asked::get(format!("/v1/customers?external_id=C-{who}"))
            .about(format!("look for C-{who} {}", self.step));
        let found = self.must(&asked).await?.json();
        let id = found.pointer("/data/0/id").and_then(Value::as_str);
        Ok(id.map(str::to_owned))
    }

    pub(super) async fn use_credit(&mut self, who: usize) -> anyhow::Result<()> {
        let Some(id) = self.customer_id(who).await? else {
            return Ok(());
        };
        let asked = Asked::post(format!("/v1/customers/{id}/apply-credit"), &json!({}))
            .about(format!("use the credit of C-{who} {}", self.step))
            .once();
        let answer = self.stage.ask(&asked).await?;
        let said = answer.json();
        self.note(
            Some(who),
            format!(
                "what is on account is used: {} {}",
                answer.status, said["applied"]
            ),
        );
        if answer.is_good() {
            self.books.count("credit used");
        } else if said["code"] != "nothing_on_account" && said["code"] != "nothing_owed" {
            let what = format!("credit was not used: {} {}", answer.status, answer.text());
            self.violate("answers", what, Some(who));
        }
        Ok(())
    }

    /// What of a customer's payments is on account goes back to it: by hand, or the way that it came. Which payments there
    /// are is known from the events.
    pub(super) async fn pay_back(&mut self, who: usize) -> anyhow::Result<()> {
        let Some(customer) = self.customer_id(who).await? else {
            return Ok(());
        };
        let known = self.stage.outside.inside().erp.payments.get(&customer).cloned();
        for payment in known.unwrap_or_default() {
            let path = format!("/v1/payments/{payment}");
            let asked = Asked::get(path.as_str()).about(format!("look at {payment} {}", self.step));
            let view = self.must(&asked).await?.json();
            let on_account = money::at(&view, "/unapplied").unwrap_or_default();
            if on_account == 0 {
                continue;
            }
            let body = json!({"reason": "It was paid twice"});
            let asked = Asked::post(format!("{path}/refund"), &body)
                .about(format!("pay {payment} back {}", self.step))
                .once();
            let answer = self.must(&asked).await?;
            self.note(
                Some(who),
                format!(
                    "gets {} of {payment} back: {}",
                    money::text(on_account),
                    answer.status
                ),
            );
            let currency = view.pointer("/amount/currency").and_then(Value::as_str);
            if view["source"] != "stripe"
                && let (true, Some(currency)) = (answer.is_good(), currency)
            {
                add(&mut self.books.paid_back, who, currency, on_account);
                self.collected(currency, -on_account);
                self.books.count("paid back by hand");
            }
        }
        Ok(())
    }

    /// What Stripe was asked to pay back since it was looked last: it is done some time later, or fails, even after it
    /// had seemed done.
    pub(in crate::sim) fn heard_by_stripe(&mut self) {
        let news = self.stage.outside.inside().stripe.take_news();
        for id in news {
            self.books.count("refunds through Stripe");
            self.gone_back(&id, -1);
            let mut draw = Random::of(self.plan.seed, &format!("refund {id}"));
            let minutes = draw.between(1, 3_000);
            let [done, fails] = draw.weighed(
                &[(6, [true, false]), (2, [true, true]), (1, [false, true])],
                [true, false],
            );
            for (happens, after, status) in [
                (done, minutes, "succeeded"),
                (fails, minutes + draw.between(60, 5_000), "failed"),
            ] {
                if happens {
                    let id = id.clone();
                    self.after(after, Event::Refunded { id, status });
                }
            }
        }
    }

    /// The money of a refund has left, or is here again.
    fn gone_back(&mut self, id: &str, sign: i64) {
        let refund = self.stage.outside.inside().stripe.refunds.get(id).cloned();
        let refund = refund.unwrap_or_default();
        if let (Some(cents), Some(currency)) = (refund["amount"].as_i64(), refund["currency"].as_str()) {
            self.collected(&currency.to_uppercase(), sign * cents);
        }
    }

    pub(super) fn refunded(&mut self, id: &str, status: &'static str) {
        let now = self.stage.now();
        let event = self.stage.outside.inside().stripe.settle(id, status, now);
        self.note(None, format!("refund {id} {status} at Stripe"));
        if status == "failed" {
            self.books.count("refunds that failed");
            self.gone_back(id, 1);
        }
        if let Some(body) = event {
            self.after(1, Event::Stripe { body, tries: 0 });
        }
    }
}

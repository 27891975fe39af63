//! Debts that are paid in parts: agreed, kept, broken, called off.

use super::Town;
use crate::sim::agenda::Event;
use crate::sim::money;
use crate::sim::stage::Asked;
use chrono::TimeDelta;
use serde_json::json;

/// Parts of a plan, a week apart.
const PARTS: i64 = 3;

impl Town {
    pub(super) async fn agree(&mut self, who: usize, number: &str) -> anyhow::Result<()> {
        let now = self.stage.now();
        let Some(person) = self.people.get_mut(who) else {
            return Ok(());
        };
        let fate = person.random.below(4);
        let currency = person.currency;
        let first = (now + TimeDelta::days(7)).date_naive();
        let body = json!({"customer": {"external_id": person.external_id},
            "equal": {"count": PARTS, "frequency": "weekly", "first_due_date": first}});
        let asked = Asked::post("/v1/plans", &body)
            .about(format!("plan {number}"))
            .once();
        let answer = self.stage.ask(&asked).await?;
        self.note(Some(who), format!("agrees to pay in parts: {}", answer.status));
        if answer.status != 201 {
            return Ok(());
        }
        self.books.count("plans agreed");
        // Whoever has agreed pays what was agreed, and no invoice besides.
        self.books.pay_all(who);
        let made = answer.json();
        let plan = made["id"].as_str().unwrap_or_default().to_owned();
        let kept = match fate {
            0 => 1,
            _ => usize::MAX,
        };
        let parts = made["instalments"].as_array().cloned().unwrap_or_default();
        for (at, part) in parts.iter().enumerate().take(kept) {
            let weeks = i64::try_from(at).unwrap_or_default() + 1;
            let number = format!("{number}-part-{weeks}");
            let cents = money::at(part, "/amount").unwrap_or_default();
            let pay = Event::Pay {
                who,
                number,
                cents,
                currency,
            };
            self.after((weeks * 7 - 1) * 1440, pay);
        }
        if fate == 1 {
            self.after(10 * 1440, Event::CallOff { who, plan });
        }
        Ok(())
    }

    pub(super) async fn call_off(&mut self, who: usize, plan: &str) -> anyhow::Result<()> {
        let asked = Asked::post(
            format!("/v1/plans/{plan}/cancel"),
            &json!({"reason": "It was too much"}),
        )
        .once();
        let answer = self.stage.ask(&asked).await?;
        self.note(Some(who), format!("calls its plan off: {}", answer.status));
        // It may be over by then, where the debt was paid or the clock went on.
        if answer.status != 409 && !answer.is_good() {
            let what = format!("a plan was not cancelled: {} {}", answer.status, answer.text());
            self.violate("answers", what, Some(who));
        }
        Ok(())
    }
}

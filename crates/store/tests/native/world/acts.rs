//! What people agree and decide, and what must hold of charges and suspensions.

use super::{NOTICE, World, in_transaction, query};
use chrono::TimeDelta;
use receivables::dispute::{DisputeInput, ResolutionInput};
use receivables::hold::HoldInput;
use receivables::promise::PromiseInput;
use serde_json::json;
use store::holds::{self, Held};
use store::write_offs::{self, WrittenOff};
use store::{disputes, promises};

impl World {
    /// Disputes an invoice, where that can be.
    pub(crate) fn dispute(&mut self, invoice: usize) {
        let Some((id, _)) = self.invoices.get(&invoice) else {
            return;
        };
        let input = DisputeInput::parse(&json!({"invoice": id, "reason": "wrong_price"})).unwrap();
        let opened = in_transaction(async |tx| disputes::open(tx, self.moment, None, &input, "key_a").await);
        self.disputes.extend(opened);
    }

    /// Ends the oldest dispute: rejected, or taken back by who raised it.
    pub(crate) fn end_dispute(&mut self, is_rejected: bool) {
        if self.disputes.is_empty() {
            return;
        }
        let id = self.disputes.remove(0);
        let rejected =
            ResolutionInput::parse(&json!({"outcome": "rejected", "comment": "As agreed"})).unwrap();
        let ended = in_transaction(async |tx| match is_rejected {
            true => disputes::resolve(tx, self.moment, &id, &rejected).await,
            false => disputes::withdraw(tx, self.moment, &id, None).await,
        });
        // It may have ended by itself: its invoice was paid, voided or credited.
        drop(ended);
    }

    /// Promises all that is owed within some days, where that can be.
    pub(crate) fn promise(&mut self, days: i64) {
        let input = PromiseInput::parse(&json!({
            "customer": {"id": self.customer}, "currency": "EUR",
            "promised_on": self.today() + TimeDelta::days(days), "grace_days": 0,
        }));
        let input = input.unwrap();
        let made = in_transaction(async |tx| promises::make(tx, self.moment, &input, "key_a").await);
        // Nothing to promise, or promised already.
        drop(made);
    }

    /// Holds everything, or releases it.
    pub(crate) fn hold(&mut self, days: Option<i64>) {
        let hold = days.map(|days| HoldInput {
            reason: "lawyers talk".to_owned(),
            until: Some(self.today() + TimeDelta::days(days)),
        });
        in_transaction(async |tx| {
            let held = Held::Customer(&self.customer);
            let subject = holds::subject(tx, self.moment, held).await?.unwrap();
            holds::set(tx, self.moment, held, &subject, hold.as_ref(), "key_a").await
        });
    }

    /// Gives up what is left of an invoice.
    pub(crate) fn write_off(&mut self, invoice: usize) {
        let Some((id, _)) = self.invoices.get(&invoice) else {
            return;
        };
        let given_up = in_transaction(async |tx| {
            write_offs::write_off(tx, self.moment, id, None, "Insolvent", "key_b").await
        });
        if let WrittenOff::Done { amount, .. } = given_up {
            self.worth -= amount.minor();
        }
    }

    /// What charges have added to the account.
    pub(super) fn charged(&self) -> i64 {
        let sums: Vec<(i64, i64)> = self.rows(
            "SELECT coalesce(sum(p.amount_minor), 0), 0 FROM postings p JOIN customers k ON k.id = p.customer_id
             WHERE k.external_id = ?1 AND p.kind IN ('charge', 'charge_reversal')",
        );
        sums[0].0
    }

    /// Nothing is charged twice: not by a step on an invoice in a cycle, and no fee on a fee.
    pub(crate) fn judge_charges(&self) -> usize {
        let charges: Vec<(String, i64)> = self.rows(
            "SELECT c.charged_on || ' ' || c.step || ' ' || c.cycle || ' ' || c.kind, count(*)
             FROM charges c JOIN customers k ON k.id = c.customer_id
             WHERE k.external_id = ?1 AND c.status = 'posted' GROUP BY 1",
        );
        for (charge, times) in &charges {
            assert_eq!(*times, 1, "{charge}");
        }
        let on_charges: Vec<(String, i64)> = self.rows(
            "SELECT c.id, 0 FROM charges c JOIN customers k ON k.id = c.customer_id
             JOIN invoices i ON i.id = c.charged_on WHERE k.external_id = ?1 AND i.kind <> 'invoice'",
        );
        assert_eq!(on_charges, [], "a charge on a charge");
        charges.len()
    }

    /// A warning that was sent precedes every suspension by its notice; who owes nothing overdue is reinstated.
    pub(super) fn judge_suspension(&mut self) {
        let is_suspended = !self.suspensions().is_empty();
        if is_suspended && !self.is_suspended {
            let earliest = (self.today() - TimeDelta::days(NOTICE)).to_string();
            let warned: Vec<(String, String)> = self.rows(
                "SELECT m.id, date(m.sent_at / 1000, 'unixepoch') FROM messages m
                 JOIN customers k ON k.id = m.customer_id
                 WHERE k.external_id = ?1 AND m.step = 'warning' AND m.sent_at IS NOT NULL",
            );
            assert!(
                warned.iter().any(|(_, on)| *on <= earliest),
                "suspended on {}, warned {warned:?}",
                self.today()
            );
            self.suspended += 1;
        }
        self.is_suspended = is_suspended;
    }

    fn suspensions(&self) -> Vec<(i64, String)> {
        query(
            "SELECT suspended_at, external_id FROM customers WHERE external_id = ?1 AND suspended_at IS NOT NULL",
            &self.key,
        )
    }

    /// Who owes nothing overdue is not left suspended, whatever is on account.
    pub(crate) fn check_reinstated(&self) {
        let open: Vec<(i64, String)> = self.rows(
            "SELECT i.balance_minor, i.due_on FROM invoices i JOIN customers k ON k.id = i.customer_id
             WHERE k.external_id = ?1 AND i.balance_minor > 0",
        );
        let today = self.today().to_string();
        assert!(
            self.suspensions().is_empty() || open.iter().any(|(_, due_on)| *due_on < today),
            "suspended, and nothing is overdue: {open:?} on {today}"
        );
    }
}

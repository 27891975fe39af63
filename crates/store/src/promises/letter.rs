//! Letters about promises: the confirmation, and what a broken one triggers where the policy says so.
//!
//! They are messages like any other, once per promise, and are looked at again before they leave; but no step of a policy:
//! no invoice's stage moves by them.

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::policies::Version;
use chrono::NaiveDate;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, Contact, OpenItem, may_write};
use receivables::id::{CustomerId, InvoiceId, MessageId, PolicyId, PromiseId};
use receivables::money::Money;
use receivables::policy::Policy;
use receivables::promise::Status;
use serde::{Deserialize, Serialize};

statements! {
    QUEUE = "INSERT INTO messages (id, customer_id, currency, policy, policy_id, step, template, cycle, channel, status,
            why, scheduled_for, attempt_at, created_at)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'currency', j.value->>'policy', j.value->>'policy_id',
            j.value->>'step', j.value->>'template', j.value->>'promise', 'email', 'queued', j.value->>'why', ?1, ?1, ?1
        FROM json_each(?2) AS j WHERE true
        ON CONFLICT (customer_id, step, cycle) WHERE status <> 'cancelled' DO NOTHING";
}

/// The step, as messages call it, of the letter that confirms a promise.
const MADE: &str = "promise_made";
/// And of the one about a broken promise.
const BROKEN: &str = "promise_broken";

/// A letter to be queued.
pub(super) struct Letter<'a> {
    pub(super) promise: &'a PromiseId,
    pub(super) customer: &'a CustomerId,
    pub(super) currency: Currency,
    pub(super) version: &'a Version,
    pub(super) template: &'a str,
    pub(super) broken: bool,
    pub(super) why: String,
}

#[derive(Serialize)]
struct Row<'a> {
    id: MessageId,
    customer: &'a CustomerId,
    currency: &'static str,
    policy: &'a str,
    policy_id: &'a PolicyId,
    step: &'static str,
    template: &'a str,
    promise: &'a PromiseId,
    why: &'a str,
}

/// Queues letters, each once per promise.
pub(super) async fn queue(tx: &Tx<'_>, moment: Moment, letters: &[Letter<'_>]) -> Result<()> {
    if letters.is_empty() {
        return Ok(());
    }
    let mut mint = moment.mint()?;
    let rows: Vec<Row<'_>> = letters
        .iter()
        .map(|letter| Row {
            id: mint.id(MessageId::from_parts),
            customer: letter.customer,
            currency: letter.currency.code(),
            policy: &letter.version.policy.name,
            policy_id: &letter.version.id,
            step: if letter.broken { BROKEN } else { MADE },
            template: letter.template,
            promise: letter.promise,
            why: &letter.why,
        })
        .collect();
    tx.run(QUEUE, params![moment.ms(), serde_json::to_string(&rows)?])
        .await
}

/// A promise that a message is about, as it stands when the message is looked at again.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Spoken {
    amount_minor: i64,
    missing_minor: i64,
    promised_on: NaiveDate,
    status: Status,
    invoices: Vec<InvoiceId>,
}

/// A promise that a letter is about, for who writes it.
#[derive(Debug, Clone)]
pub struct PromiseNote {
    /// How much was promised.
    pub amount: Money,
    /// What of it has not come.
    pub missing: Money,
    /// For which day.
    pub promised_on: NaiveDate,
}

impl Spoken {
    /// What is written about it.
    pub(crate) fn note(&self, currency: Currency) -> PromiseNote {
        PromiseNote {
            amount: Money::new(self.amount_minor, currency),
            missing: Money::new(self.missing_minor, currency),
            promised_on: self.promised_on,
        }
    }

    /// Whether the letter of `step` may still leave, and what it lists: what is open of the invoices that the promise
    /// covers. A confirmation answers the customer; one about a broken promise is held up as any reminder is.
    pub(crate) fn contact(&self, step: &str, policy: &Policy, facts: &CaseFacts, moment: Moment) -> Contact {
        let cancel = |detail: String| Contact::Cancel {
            rule: "promise",
            detail,
        };
        let confirms = step == MADE;
        let expected = if confirms { Status::Open } else { Status::Broken };
        if self.status != expected {
            return cancel(format!("the promise is {}", self.status.as_str()));
        }
        if let Some(objection) = may_write(policy, facts, confirms, moment.now) {
            return objection;
        }
        let today = facts.time_zone.local(moment.now).date();
        let covered = facts
            .items
            .iter()
            .filter(|item| self.invoices.contains(&item.invoice));
        let (overdue, upcoming): (Vec<&OpenItem>, Vec<&OpenItem>) =
            covered.partition(|item| item.due_on < today);
        if overdue.is_empty() && upcoming.is_empty() {
            return cancel("nothing is owed any more on what was promised".to_owned());
        }
        let (overdue, mut upcoming) = (ids(&overdue), ids(&upcoming));
        // Of an invoice in instalments one may be late and another not.
        upcoming.retain(|id| !overdue.contains(id));
        Contact::Go {
            overdue,
            charges: Vec::new(),
            upcoming,
        }
    }
}

fn ids(items: &[&OpenItem]) -> Vec<InvoiceId> {
    let mut ids: Vec<InvoiceId> = items.iter().map(|item| item.invoice.clone()).collect();
    ids.dedup();
    ids
}

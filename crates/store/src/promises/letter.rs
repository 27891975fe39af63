//! Letters about promises: the confirmation, the one that recalls it before its day, and what a broken one triggers where
//! the policy says so.
//!
//! They are notices ([`crate::notices`]), once per promise, and are looked at again before they leave; but they list
//! invoices, and are judged by the promise.

use crate::moment::Moment;
use crate::notices::{Notice, When};
use chrono::NaiveDate;
use receivables::calendar;
use receivables::currency::Currency;
use receivables::dunning::{CaseFacts, Contact, OpenItem, may_write};
use receivables::id::{CustomerId, InvoiceId, PromiseId};
use receivables::money::Money;
use receivables::notice::About;
use receivables::policy::Policy;
use receivables::promise::{CONFIRMATION_TEMPLATE, REMINDER_TEMPLATE, Status};
use serde::Deserialize;

/// The step, as messages call it, of the letter that confirms a promise.
const MADE: &str = "promise_made";
/// Of the one that recalls it.
const RECALLED: &str = "promise_reminder";
/// And of the one about a broken promise.
const BROKEN: &str = "promise_broken";

/// Whom a letter goes to and what was promised.
pub(super) struct Letter<'a> {
    pub(super) promise: &'a PromiseId,
    pub(super) customer: &'a CustomerId,
    pub(super) amount: Money,
    pub(super) promised_on: NaiveDate,
}

impl Letter<'_> {
    /// Confirms it, at once. What the policy says of promises has decided that it is sent.
    pub(super) fn confirms(&self) -> Notice {
        let why = format!("{} was promised for {}", self.amount, self.promised_on);
        self.notice(CONFIRMATION_TEMPLATE, MADE, why).by_hand()
    }

    /// Recalls it some days before its day.
    pub(super) fn recalls(&self, days: u32) -> Notice {
        let on = calendar::plus_days(self.promised_on, i64::from(days).saturating_neg());
        let why = format!("{} is promised for {}", self.amount, self.promised_on);
        self.notice(REMINDER_TEMPLATE, RECALLED, why).at(When::Before(on))
    }

    /// Speaks of it once it is broken, in the words of the policy's choice.
    pub(super) fn broken(&self, template: &str, missing: Money) -> Notice {
        let why = format!(
            "{missing} of what was promised for {} has not come",
            self.promised_on
        );
        self.notice(template, BROKEN, why).by_hand()
    }

    fn notice(&self, template: &str, step: &'static str, why: String) -> Notice {
        let about = About::Promise {
            amount: self.amount,
            promised_on: self.promised_on,
        };
        let notice = Notice::new(self.customer, step, self.promise, about, why);
        Notice {
            template: template.to_owned(),
            ..notice.of(self.amount.currency())
        }
    }
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
    /// covers. A confirmation answers the customer, and what recalls a promise was agreed on with it; one about a broken
    /// promise is held up as any reminder is.
    pub(crate) fn contact(&self, step: &str, policy: &Policy, facts: &CaseFacts, moment: Moment) -> Contact {
        let cancel = |detail: String| Contact::Cancel {
            rule: "promise",
            detail,
        };
        let broken = step == BROKEN;
        let expected = if broken { Status::Broken } else { Status::Open };
        if self.status != expected {
            return cancel(format!("the promise is {}", self.status.as_str()));
        }
        let today = calendar::day_of(moment.now, facts.time_zone);
        if step == RECALLED && self.promised_on < today {
            return cancel(format!("the promised day, {}, is over", self.promised_on));
        }
        if let Some(objection) = may_write(policy, facts, !broken, moment.now) {
            return objection;
        }
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

//! Notices: messages that are no step of a policy. What was agreed is confirmed, money is thanked for, what was decided
//! is told.
//!
//! **Shape.** Whatever happens queues its notices in its own transaction ([`queue`]), a set with one statement. Which are
//! sent, over which channels, is the policy's to say (`receivables::notice::Rules`).
//! **Once.** A notice's cycle is what it is about: the order's id, the payment's. UNIQUE on (customer, step, cycle).
//! **Fresh.** Before one leaves it is looked at again: [`Row`] is what the claim reads beside the message, and whether
//! that is so still is [`Row::contact`]. A letter about a promise lists invoices and is judged by the promise instead
//! ([`crate::promises::Spoken`]).
//! **Refuses** nothing: what a policy leaves out is not queued.

mod accounts;
mod statement;
mod thanks;

pub(crate) use statement::until as statements_until;
pub use statement::{Asking, Ran, Sent, Setting, ask, run, set, setting};
pub(crate) use thanks::{parts, thank};

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::instants::time_zone;
use crate::moment::Moment;
use crate::params;
use accounts::Account;
use chrono::{DateTime, NaiveDate, Utc};
use receivables::calendar;
use receivables::channel::Channel;
use receivables::currency::Currency;
use receivables::dunning::{Contact, Hold};
use receivables::id::{CustomerId, MessageId, PolicyId};
use receivables::money::Money;
use receivables::notice::{About, Standing};
use receivables::template::{self, Purpose};
use serde::{Deserialize, Serialize};

statements! {
    QUEUE = "INSERT INTO messages (id, customer_id, currency, policy, policy_id, step, template, cycle, purpose, channel,
            channels, about, status, why, scheduled_for, attempt_at, created_at)
        SELECT j.value->>'id', j.value->>'customer', j.value->>'currency', j.value->>'policy', j.value->>'policy_id',
            j.value->>'step', j.value->>'template', j.value->>'cycle', j.value->>'purpose', j.value->>'$.channels[0]',
            j.value->'channels', j.value->'about', 'queued', j.value->>'why', j.value->>'at_ms', j.value->>'at_ms', ?1
        FROM json_each(?2) AS j WHERE true
        ON CONFLICT (customer_id, step, cycle) WHERE status <> 'cancelled' DO NOTHING
        RETURNING id";
}

#[cfg(test)]
pub(crate) fn statements() -> Vec<(&'static str, &'static str)> {
    [ALL, accounts::ALL, statement::ALL, thanks::ALL].concat()
}

/// Whether message `$m` is a contact that the policy's pause between contacts counts from. What answers a customer, an
/// order confirmed, money thanked for, keeps no reminder waiting; nor does what has yet to leave on a day to come.
macro_rules! is_contact {
    ($m:literal) => {
        concat!(
            "(",
            $m,
            ".purpose IN ('reminder', 'collection', 'agreement') AND (",
            $m,
            ".sent_at IS NOT NULL OR ",
            $m,
            ".scheduled_for <= ",
            $m,
            ".created_at))"
        )
    };
}
pub(crate) use is_contact;

/// A member `notice` of a row about message `m` of customer `k`: a [`Row`], or `null` where `m` is no notice.
macro_rules! notice_member {
    () => {
        concat!("'notice', json(iif(m.about IS NULL, NULL, json_object('about', json(m.about), 'time_zone', k.time_zone,
            'hold', k.hold, 'hold_until', k.hold_until_on, 'handed_over', json(iif(EXISTS (SELECT 1 FROM cases n
                WHERE n.customer_id = k.id AND n.handed_over_at IS NOT NULL), 'true', 'false')),
            'parts', json(iif(m.template = 'payment_received', ", $crate::notices::parts!("m.cycle"), ", NULL)),
            'unapplied_minor', (SELECT n.unapplied_minor FROM payments n WHERE n.id = m.cycle),
            'state', CASE m.template
                WHEN 'order_confirmation' THEN (SELECT n.status FROM orders n WHERE n.id = m.cycle)
                WHEN 'payment_received' THEN (SELECT iif(n.reversed_minor + n.refunded_minor > 0, 'taken_back', 'received')
                    FROM payments n WHERE n.id = m.cycle)
                WHEN 'dispute_received' THEN (SELECT n.status FROM disputes n WHERE n.id = m.cycle)
                WHEN 'dispute_decided' THEN (SELECT n.status FROM disputes n WHERE n.id = m.cycle)
                WHEN 'plan' THEN (SELECT n.status FROM instalment_plans n WHERE n.id = m.cycle)
                WHEN 'document_request' THEN (SELECT n.status FROM document_requests n WHERE n.id = m.cycle)
                WHEN 'statement' THEN 'drawn'
                WHEN 'suspended' THEN iif(k.suspended_at IS NULL, 'reinstated', 'suspended')
                WHEN 'reinstated' THEN iif(k.suspended_at IS NULL, 'reinstated', 'suspended') END)))")
    };
}
pub(crate) use notice_member;

/// When a notice leaves, at the earliest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// Now, whatever day it is: it answers what the customer has just done.
    AtOnce,
    /// On the next day, when the policy begins to act: what is taken back on the same day is not told.
    NextDay,
    /// On that day, or where the policy does not act on it the last before it on which it does; not at all where that is
    /// not after today.
    Before(NaiveDate),
}

/// A message that is no step of a policy.
#[derive(Debug, Clone)]
pub(crate) struct Notice {
    /// Whom it goes to.
    pub(crate) customer: CustomerId,
    /// In which currency; none: the customer's own.
    pub(crate) currency: Option<Currency>,
    /// The words.
    pub(crate) template: String,
    /// What makes it once, with the cycle; for most, the template's name.
    pub(crate) step: &'static str,
    /// What it is about: an id.
    pub(crate) cycle: String,
    /// What it tells.
    pub(crate) about: About,
    /// Why it is sent, in a sentence without its end.
    pub(crate) why: String,
    /// When.
    pub(crate) when: When,
    /// Whether a policy may leave it out.
    pub(crate) optional: bool,
}

impl Notice {
    /// One that leaves at once, unless the policy leaves it out; its step is its template.
    pub(crate) fn new(
        customer: &CustomerId,
        template: &'static str,
        cycle: impl ToString,
        about: About,
        why: String,
    ) -> Notice {
        Notice {
            customer: customer.clone(),
            currency: None,
            template: template.to_owned(),
            step: template,
            cycle: cycle.to_string(),
            about,
            why,
            when: When::AtOnce,
            optional: true,
        }
    }

    /// The same, in a currency.
    pub(crate) fn of(self, currency: Currency) -> Notice {
        Notice {
            currency: Some(currency),
            ..self
        }
    }

    /// The same, at another time.
    pub(crate) fn at(self, when: When) -> Notice {
        Notice { when, ..self }
    }

    /// The same, whatever the policy says: somebody has asked for it.
    pub(crate) fn by_hand(self) -> Notice {
        Notice {
            optional: false,
            ..self
        }
    }
}

#[derive(Serialize)]
struct NewRow<'a> {
    id: MessageId,
    customer: &'a CustomerId,
    currency: Currency,
    policy: &'a str,
    policy_id: &'a PolicyId,
    step: &'static str,
    template: &'a str,
    cycle: &'a str,
    purpose: Purpose,
    channels: &'a [Channel],
    about: &'a About,
    why: &'a str,
    at_ms: i64,
}

/// Queues those of `notices` that the policies of their customers send, each once per customer, step and cycle; answers
/// the messages that are new.
pub(crate) async fn queue(tx: &Tx<'_>, moment: Moment, notices: &[Notice]) -> Result<Vec<MessageId>> {
    if notices.is_empty() {
        return Ok(Vec::new());
    }
    let whose = notices.iter().map(|notice| (&notice.customer, notice.currency));
    let accounts = accounts::of(tx, moment, whose).await?;
    let mut mint = moment.mint()?;
    let mut rows = Vec::with_capacity(notices.len());
    for (notice, account) in notices.iter().zip(&accounts) {
        let Some(account) = account else { continue };
        let policy = &account.version.policy;
        if notice.optional && !policy.notices.send(&notice.template) {
            continue;
        }
        let Some(at) = account.instant(notice.when, moment) else {
            continue;
        };
        rows.push(NewRow {
            id: mint.id(MessageId::from_parts),
            customer: &notice.customer,
            currency: account.currency,
            policy: &policy.name,
            policy_id: &account.version.id,
            step: notice.step,
            template: &notice.template,
            cycle: &notice.cycle,
            // A step's template says what is overdue.
            purpose: template::find(&notice.template)
                .map_or(Purpose::Collection, |template| template.purpose),
            channels: &policy.notices.channels,
            about: &notice.about,
            why: &notice.why,
            at_ms: at.timestamp_millis(),
        });
    }
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let queued = tx
        .rows(QUEUE, params![moment.ms(), serde_json::to_string(&rows)?])
        .await?;
    queued
        .iter()
        .map(|row| {
            let id = row.text(0)?;
            MessageId::parse(id).map_err(|error| crate::StoreError::Decode(format!("{id}: {error}")))
        })
        .collect()
}

impl Account {
    /// The instant from which on a notice may leave; none: it is too late for it.
    fn instant(&self, when: When, moment: Moment) -> Option<DateTime<Utc>> {
        let policy = &self.version.policy;
        let today = calendar::day_of(moment.now, self.zone);
        let opening = |day| calendar::instant_of(day, policy.send_at, self.zone);
        match when {
            When::AtOnce => Some(moment.now),
            When::NextDay => Some(opening(calendar::plus_days(today, 1))),
            When::Before(day) => {
                let rest = self.rest.all();
                let acts = |day: &NaiveDate| !policy.business_days_only || rest.is_business_day(*day);
                let days = std::iter::successors(Some(day), |day| day.pred_opt());
                let mut days = days.take_while(|day| *day > today);
                days.find(acts).map(opening)
            }
        }
    }
}

/// What is known of a notice when it is about to leave: the member [`notice_member`] of a claim's row.
#[derive(Debug, Clone, Deserialize)]
#[serde(from = "Stored")]
pub(crate) struct Row {
    about: About,
    time_zone: String,
    hold: Option<Hold>,
    handed_over: bool,
    state: Option<String>,
}

#[derive(Deserialize)]
struct Stored {
    about: About,
    parts: Option<Vec<thanks::PartRow>>,
    unapplied_minor: Option<i64>,
    time_zone: String,
    hold: Option<String>,
    hold_until: Option<NaiveDate>,
    handed_over: bool,
    state: Option<String>,
}

impl From<Stored> for Row {
    fn from(stored: Stored) -> Row {
        let until = stored.hold_until;
        Row {
            about: match (stored.about, stored.parts, stored.unapplied_minor) {
                (
                    About::Payment {
                        amount, received_on, ..
                    },
                    Some(parts),
                    Some(unapplied),
                ) => About::Payment {
                    amount,
                    received_on,
                    applied: parts.iter().map(|part| part.part(amount.currency())).collect(),
                    unapplied: Money::new(unapplied, amount.currency()),
                },
                (about, ..) => about,
            },
            time_zone: stored.time_zone,
            hold: stored.hold.map(|reason| Hold { reason, until }),
            handed_over: stored.handed_over,
            state: stored.state,
        }
    }
}

impl Row {
    /// Whether the notice of `template` may leave; it lists no invoices.
    pub(crate) fn contact(&self, template: &str, moment: Moment) -> Result<Contact> {
        let standing = Standing {
            time_zone: time_zone(&self.time_zone)?,
            hold: self.hold.clone(),
            handed_over: self.handed_over,
            state: self.state.clone(),
        };
        Ok(standing.judge(template, moment.now))
    }

    /// What it tells, as it is now: what a payment was set against may have changed since its thanks were queued.
    pub(crate) fn about(&self) -> About {
        self.about.clone()
    }
}

//! What is known of a case, and what it becomes.
//!
//! Source: Dunlin's own rule.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;

use super::{Deed, DeedKind, DueStep};
use crate::calendar::holidays::Holidays;
use crate::country::Country;
use crate::currency::Currency;
use crate::id::{CustomerId, InvoiceId};
use crate::money::Money;
use crate::policy::Act;
use crate::zone::Zone;

/// The days of rest of a place, with those that an administrator added.
#[derive(Clone, Debug)]
pub struct RestDays {
    /// Those of the law.
    pub lawful: Holidays<'static>,
    /// Those added.
    pub added: Arc<[(NaiveDate, String)]>,
}

impl RestDays {
    /// Those that the law of a country knows, or of a part of it.
    pub fn of(country: Country, region: Option<&str>) -> RestDays {
        RestDays {
            lawful: Holidays::of(country, region),
            added: Arc::from([]),
        }
    }

    /// All of them.
    pub fn all(&self) -> Holidays<'_> {
        self.lawful.with(&self.added)
    }
}

/// What is known of a customer's account in one currency.
#[derive(Clone, Debug)]
pub struct CaseFacts {
    /// Whose account it is.
    pub customer: CustomerId,
    /// Its currency. Invoices of another are another case, and are ignored.
    pub currency: Currency,
    /// Where the customer's civil day passes.
    pub time_zone: Zone,
    /// The days of rest where the customer is.
    pub rest: RestDays,
    /// Why nothing may be sent at all, if so.
    pub hold: Option<Hold>,
    /// Whether deliveries and services are stopped.
    pub suspended: bool,
    /// Whether an agency has taken the case over.
    pub handed_over: bool,
    /// When the customer was last written to. For [`super::may_contact`], not counting the message in question.
    pub last_contact_at: Option<DateTime<Utc>>,
    /// Money and credit that stands on account: what is chased is what it leaves uncovered.
    pub on_account: Money,
    /// The open invoices; of one that is paid in instalments, each open instalment.
    pub items: Vec<OpenItem>,
    /// Open fees, interest and compensation. They are asked for along with invoices, and never by themselves.
    pub charges: Vec<OpenCharge>,
    /// Deeds that were done: step and cycle.
    pub done: Vec<(String, String)>,
}

/// Why somebody or something is to be left alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Hold {
    /// Why, in the words of who asked for it.
    pub reason: String,
    /// Its last day; none: until it is released.
    pub until: Option<NaiveDate>,
}

impl Hold {
    /// Whether it stands on a day.
    pub fn on(&self, day: NaiveDate) -> bool {
        self.until.is_none_or(|until| day <= until)
    }
}

/// An open invoice, or an open instalment of one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenItem {
    /// Its id.
    pub invoice: InvoiceId,
    /// Which instalment of the invoice, from 1; 0: it has none.
    pub part: u32,
    /// Its number, for the explanation.
    pub number: String,
    /// Its due date: the last day on which payment is in time.
    pub due_on: NaiveDate,
    /// What is still owed.
    pub balance: Money,
    /// How much of it stands in an open dispute.
    pub disputed: Money,
    /// The last day of a promise to pay it, if there is one, grace included.
    pub promised_until: Option<NaiveDate>,
    /// Whether an instalment plan covers it.
    pub planned: bool,
    /// Why it is left alone, if so.
    pub hold: Option<Hold>,
    /// The day on which the last of what stood in its way ended.
    pub resumed_on: Option<NaiveDate>,
    /// The steps that messages listing this invoice have taken: what their `covers` said of it.
    pub taken: Vec<Taken>,
}

impl OpenItem {
    /// What a step is taken for once while this item carries.
    pub fn cycle(&self) -> String {
        match self.part {
            0 => self.invoice.to_string(),
            part => format!("{}/{part}", self.invoice),
        }
    }
}

/// A dispute is about an invoice as a whole, so each of its instalments comes with all that is disputed. What is
/// undisputed is what falls due first: leaves each with its own share, the last instalments with the most.
pub fn spread_disputes(items: &mut [OpenItem]) {
    items.sort_by(|a, b| (&a.invoice, b.part).cmp(&(&b.invoice, a.part)));
    let mut left: Option<(InvoiceId, Money)> = None;
    for item in items.iter_mut().filter(|item| item.part > 0) {
        let disputed = match &left {
            Some((invoice, left)) if *invoice == item.invoice => *left,
            _ => item.disputed,
        };
        let here = disputed.minor().min(item.balance.minor());
        let rest = disputed.minor().saturating_sub(here);
        item.disputed = Money::new(here, disputed.currency());
        left = Some((item.invoice.clone(), Money::new(rest, disputed.currency())));
    }
}

/// A step that was taken for an invoice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// The step.
    pub step: String,
    /// Its day when it was taken: a later version of the policy may give it another, or know it no more.
    pub day: i32,
    /// Whether the invoice carried the message.
    pub carried: bool,
    /// Whether the message said this step of the invoice; else it was passed over.
    pub listed: bool,
    /// Whether the message has left.
    pub sent: bool,
    /// When it left, or was queued.
    pub at: DateTime<Utc>,
}

/// An open fee, interest or compensation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenCharge {
    /// The receivable's id.
    pub id: InvoiceId,
    /// What is still owed on it.
    pub balance: Money,
}

impl CaseFacts {
    /// The facts after the message `due` has gone out at `at`.
    pub fn after(&self, due: &DueStep, at: DateTime<Utc>) -> CaseFacts {
        self.with(due, at, true)
    }

    /// The facts after the message `due` was queued at `at`.
    pub fn queued(&self, due: &DueStep, at: DateTime<Utc>) -> CaseFacts {
        self.with(due, at, false)
    }

    fn with(&self, due: &DueStep, at: DateTime<Utc>, sent: bool) -> CaseFacts {
        let mut facts = self.clone();
        facts.last_contact_at = Some(at);
        for item in &mut facts.items {
            let carried = item.cycle() == due.cycle;
            let of_item = |cover: &&super::Cover| cover.invoice == item.invoice && cover.part == item.part;
            let taken = due.covers.iter().filter(of_item).map(|cover| Taken {
                step: cover.step.clone(),
                day: cover.day,
                carried,
                listed: cover.listed,
                sent,
                at,
            });
            let taken: Vec<Taken> = taken.collect();
            item.taken.extend(taken);
        }
        facts
    }

    /// The facts after a deed was done.
    pub fn done(&self, deed: &Deed) -> CaseFacts {
        let mut facts = self.clone();
        facts.done.push((deed.step.clone(), deed.cycle.clone()));
        match deed.kind {
            DeedKind::Act(Act::Suspend) => facts.suspended = true,
            // Somebody has to agree: nothing has been handed over by asking.
            DeedKind::Act(Act::HandOver) | DeedKind::Errand => {}
        }
        facts
    }
}

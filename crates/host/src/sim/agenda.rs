//! What is going to happen when: events in the order of their instants, and of their making where these are alike.

use chrono::{DateTime, Utc};
use serde_json::Value;
use std::collections::BTreeMap;

/// Something that happens in the world, or in the machine room.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// A customer is invoiced; the next time is put on the agenda.
    Issue { who: usize },
    /// The billing system tells of something, for the first time or again.
    Billing { id: String, body: Value },
    /// A customer sends money without the bank's statement: a cheque, cash.
    Pay {
        who: usize,
        number: String,
        cents: i64,
        currency: &'static str,
    },
    /// A customer sends money by the bank; the next statement has it.
    Transfer { who: usize, number: String, cents: i64 },
    /// The bank books money back that it had credited.
    Return {
        who: usize,
        end_to_end: String,
        cents: i64,
    },
    /// The bank's statement of a day is made, and taken in, or left lying for some days.
    Statement,
    /// A statement is handed in.
    HandIn { number: u32, document: String },
    /// A customer opens the link of the last message and pays.
    Link { who: usize, number: String },
    /// Stripe tells of an event, again until it is heard.
    Stripe { body: Value, tries: u32 },
    /// Postmark tells what became of a message.
    Postmark { body: Value },
    /// A customer disputes an invoice.
    Dispute { who: usize, number: String },
    /// Somebody decides a dispute.
    Decide {
        who: usize,
        dispute: String,
        number: String,
    },
    /// A customer promises to pay, and does, or does not.
    Promise { who: usize, number: String },
    /// A customer wants no more mail.
    OptOut { who: usize },
    /// A customer has another address.
    Move { who: usize },
    /// Credit is given for an invoice.
    Credit { who: usize, number: String },
    /// An invoice turns out to be a mistake.
    Void { who: usize, number: String },
    /// Nobody expects the money for an invoice any more.
    WriteOff { who: usize, number: String },
    /// What is on a customer's account is used for what is open.
    UseCredit { who: usize },
    /// What is on a customer's account is paid back.
    PayBack { who: usize },
    /// A refund comes to an end at Stripe.
    Refunded { id: String, status: &'static str },
    /// A customer agrees to pay in parts, and does, or does not.
    Agree { who: usize, number: String },
    /// A plan is called off.
    CallOff { who: usize, plan: String },
    /// Jobs run.
    Jobs,
    /// The risk job, once a day.
    Daily,
    /// Somebody looks through what waits for people.
    Clerk,
    /// The host is killed and started again.
    Kill,
    /// The clock jumps: forward a week, or back an hour.
    Jump { seconds: i64 },
    /// The invariants are checked.
    Check,
}

impl Event {
    /// What kind it is: for the log, and to leave it out.
    pub(super) const fn kind(&self) -> &'static str {
        match self {
            Self::Issue { .. } => "invoices",
            Self::Billing { .. } => "billing",
            Self::Pay { .. } => "payments",
            Self::Transfer { .. } => "transfers",
            Self::Return { .. } => "returns",
            Self::Statement | Self::HandIn { .. } => "statements",
            Self::Link { .. } => "links",
            Self::Stripe { .. } => "stripe",
            Self::Postmark { .. } => "postmark",
            Self::Dispute { .. } | Self::Decide { .. } => "disputes",
            Self::Promise { .. } => "promises",
            Self::OptOut { .. } => "opt-outs",
            Self::Move { .. } => "moves",
            Self::Credit { .. } => "credits",
            Self::Void { .. } => "voids",
            Self::WriteOff { .. } => "write-offs",
            Self::UseCredit { .. } => "credit-used",
            Self::PayBack { .. } => "refunds",
            // What was asked for comes to its end in any case.
            Self::Refunded { .. } => "stripe",
            Self::Agree { .. } | Self::CallOff { .. } => "plans",
            Self::Jobs | Self::Daily => "jobs",
            Self::Clerk => "clerk",
            Self::Kill => "kills",
            Self::Jump { .. } => "jumps",
            Self::Check => "checks",
        }
    }
}

/// Kinds of which a run can do without: what a failure is made smaller by.
pub(super) const OPTIONAL: &[&str] = &[
    "kills",
    "jumps",
    "outages",
    "clerk",
    "moves",
    "opt-outs",
    "credits",
    "credit-used",
    "refunds",
    "voids",
    "write-offs",
    "plans",
    "promises",
    "disputes",
    "returns",
    "links",
    "payments",
    "transfers",
    "postmark",
    "stripe",
    "duplicates",
];

/// Events to come.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    events: BTreeMap<(DateTime<Utc>, u64), Event>,
    made: u64,
}

impl Agenda {
    pub(super) fn put(&mut self, at: DateTime<Utc>, event: Event) {
        self.made += 1;
        self.events.insert((at, self.made), event);
    }

    /// The next one, where it is before this instant.
    pub(super) fn next_before(&mut self, end: DateTime<Utc>) -> Option<(DateTime<Utc>, Event)> {
        let first = self.events.first_entry()?;
        if first.key().0 >= end {
            return None;
        }
        let ((at, _), event) = first.remove_entry();
        Some((at, event))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_earlier_comes_first_then_what_was_put_first() {
        let at = |hour: &str| -> DateTime<Utc> { format!("2026-01-05T{hour}:00:00Z").parse().unwrap() };
        let mut agenda = Agenda::default();
        agenda.put(at("09"), Event::Clerk);
        agenda.put(at("08"), Event::Kill);
        agenda.put(at("09"), Event::Daily);
        let mut kinds = Vec::new();
        while let Some((_, event)) = agenda.next_before(at("10")) {
            kinds.push(event.kind());
        }
        assert_eq!(kinds, ["kills", "clerk", "jobs"]);
        agenda.put(at("10"), Event::Check);
        assert!(agenda.next_before(at("10")).is_none());
    }
}

//! What the systems outside are told of, in one table: an event's name, when it happens, what its data holds.
//!
//! Shape: `subject.what_happened`. Data are ids of ours, amounts (`{"amount", "currency"}`) and civil days; whom an
//! event is about stands beside them. A name keeps its meaning, and fields are added, never taken away. Bounds: what is
//! not in [`TYPES`] is not recorded, which a test of the sources proves.
//!
//! Source: Dunlin's own; the shape of the envelope is that of Standard Webhooks.

/// A kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventType {
    /// `invoice.paid`.
    pub name: &'static str,
    /// When it happens, in a sentence.
    pub when: &'static str,
    /// The fields of its data, each of which is always there; `null` where there is nothing to say.
    pub data: &'static [&'static str],
}

const fn event(name: &'static str, when: &'static str, data: &'static [&'static str]) -> EventType {
    EventType { name, when, data }
}

/// Sent to one endpoint because somebody asked for it; nobody else is told.
pub const TEST: &str = "endpoint.test";

/// Every kind of event, by name.
pub const TYPES: &[EventType] = &[
    event(
        "approval.decided",
        "A request for approval was approved, rejected or withdrawn, or has expired.",
        &["approval_id", "kind", "status", "subject", "amount"],
    ),
    event(
        "approval.requested",
        "Something waits for a second person's approval.",
        &["approval_id", "kind", "status", "subject", "amount"],
    ),
    event(
        "charge.posted",
        "A fee, interest or a statute's fixed sum was charged.",
        &["charge", "number", "invoice", "kind", "amount", "charged_for"],
    ),
    event(
        "customer.handed_over",
        "A case was handed over to an agency.",
        &["hand_over_id", "claim"],
    ),
    event(
        "customer.recalled",
        "A case was taken back from an agency.",
        &["hand_over_id", "why"],
    ),
    event("customer.reinstated", "A suspension has ended.", &["why"]),
    event(
        "customer.suspended",
        "Deliveries and services to the customer are suspended.",
        &["why", "announced_at"],
    ),
    event(
        "dispute.opened",
        "The customer disputes an invoice or a part of it.",
        &["dispute", "invoice", "amount", "reason"],
    ),
    event(
        "dispute.resolved",
        "A dispute was decided.",
        &["dispute", "invoice", "outcome", "credited", "stands"],
    ),
    event(
        "dispute.withdrawn",
        "A dispute was withdrawn.",
        &["dispute", "invoice"],
    ),
    event(
        "dunning.finished",
        "Every step of the policy was taken for what is overdue; nothing is left to be said.",
        &["currency", "policy", "version"],
    ),
    event(
        "dunning.notice",
        "A step of the policy names somebody on your side who is to know.",
        &["notify", "step", "invoices", "why"],
    ),
    event(
        "endpoint.disabled",
        "An endpoint is no longer told: it answered 410, or failed for three days.",
        &["endpoint", "host", "description", "why", "failing_since"],
    ),
    event(
        TEST,
        "Somebody had a test sent to one endpoint; only that one gets it.",
        &["endpoint"],
    ),
    event(
        "invoice.created",
        "An invoice was taken in.",
        &["invoice", "number", "total", "issue_date", "due_date"],
    ),
    event(
        "invoice.overdue",
        "The customer's civil day after the due date has begun and something is owed. Once in an invoice's life; of \
         one with instalments, with the first that is late.",
        &["invoice", "number", "due_date", "balance"],
    ),
    event(
        "invoice.paid",
        "Nothing is owed on it any more, by money or by credit.",
        &["invoice", "number", "total", "settled_on"],
    ),
    event(
        "invoice.reopened",
        "Something is owed again on an invoice on which nothing was.",
        &["invoice", "number", "total", "balance"],
    ),
    event(
        "invoice.voided",
        "An invoice was voided.",
        &["invoice", "number", "total"],
    ),
    event(
        "invoice.written_off",
        "An invoice, or a part of it, was given up.",
        &["invoice", "number", "amount", "balance", "why"],
    ),
    event(
        "message.bounced",
        "A message came back.",
        &["message", "step", "address", "detail"],
    ),
    event(
        "message.sent",
        "A message has left.",
        &["message", "step", "channel", "address", "subject"],
    ),
    event(
        "order.blocked",
        "An order is beyond the customer's credit.",
        &["order_id", "number", "amount", "credit"],
    ),
    event(
        "payment.applied",
        "Money was set against invoices, or set against others.",
        &["payment", "invoices"],
    ),
    event(
        "payment.received",
        "Money has arrived.",
        &[
            "payment",
            "amount",
            "unapplied",
            "method",
            "source",
            "reference",
            "received_on",
        ],
    ),
    event(
        "payment.refunded",
        "Money was paid back.",
        &["payment", "amount", "reason"],
    ),
    event(
        "payment.reversed",
        "A payment bounced or was charged back; what it had paid is open again.",
        &["payment", "amount", "reason", "chargeback"],
    ),
    event(
        "plan.activated",
        "An instalment plan or a settlement is under way.",
        &["plan", "kind"],
    ),
    event(
        "plan.broken",
        "An instalment did not come in time.",
        &["plan", "kind"],
    ),
    event(
        "plan.cancelled",
        "A plan was cancelled, or has nothing left to be about.",
        &["plan", "kind"],
    ),
    event("plan.completed", "All of a plan came in time.", &["plan", "kind"]),
    event("plan.proposed", "A plan waits for approval.", &["plan", "kind"]),
    event(
        "plan.resumed",
        "A plan that had ended is under way again.",
        &["plan", "kind"],
    ),
    event(
        "promise.broken",
        "What was promised had not come by its day.",
        &["promise", "amount", "missing", "promised_on", "on"],
    ),
    event(
        "promise.cancelled",
        "A promise was cancelled, or has nothing left to be about.",
        &["promise", "promised_on", "on"],
    ),
    event(
        "promise.kept",
        "What was promised came in time.",
        &["promise", "amount", "missing", "promised_on", "on"],
    ),
    event(
        "promise.made",
        "The customer has promised to pay.",
        &["promise", "amount", "promised_on", "until", "invoices"],
    ),
    event(
        "promise.reopened",
        "Money that had kept a promise was taken back.",
        &["promise", "amount", "missing", "promised_on", "on"],
    ),
    event(
        "risk.changed",
        "The customer's risk is in another band.",
        &["band", "before", "score"],
    ),
    event(
        "task.done",
        "A person has done a task.",
        &["task_id", "kind", "outcome"],
    ),
];

/// The kind of event of a name.
pub fn of_name(name: &str) -> Option<&'static EventType> {
    TYPES.iter().find(|known| known.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_name_is_there_once_and_in_order() {
        assert!(TYPES.is_sorted_by(|a, b| a.name < b.name));
        for known in TYPES {
            assert_eq!(of_name(known.name), Some(known));
            assert!(
                known
                    .name
                    .split_once('.')
                    .is_some_and(|(subject, what)| !subject.is_empty() && !what.is_empty())
            );
            assert!(
                !known.data.is_empty() && known.when.ends_with('.'),
                "{}",
                known.name
            );
        }
        assert_eq!(of_name("invoice.lost"), None);
    }
}

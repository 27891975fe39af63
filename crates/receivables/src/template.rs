//! What messages are made from, and what each is about.
//!
//! Source: Dunlin's own rule.

use crate::names::names;
use serde::{Deserialize, Serialize};

/// What a message is about: it decides whom it goes to and which rules it must keep to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// An invoice that is not due yet.
    Reminder,
    /// What is overdue: the customer is asked to pay.
    Collection,
    /// A promise to pay or a plan of instalments.
    Agreement,
    /// A dispute and what came of it.
    Dispute,
    /// An order that was taken.
    Order,
    /// Money that arrived.
    Receipt,
    /// The account as it stands.
    Statement,
    /// Deliveries and services that stop or go on.
    Service,
    /// A document that is missing.
    Document,
    /// What our own side is told of what was said to a customer; no customer gets it.
    Internal,
}

names! {
    Purpose {
        "reminder" => Reminder,
        "collection" => Collection,
        "agreement" => Agreement,
        "dispute" => Dispute,
        "order" => Order,
        "receipt" => Receipt,
        "statement" => Statement,
        "service" => Service,
        "document" => Document,
        "internal" => Internal,
    }
}

/// How a message speaks, where its words come in more than one tone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tone {
    /// As to somebody one knows.
    Friendly,
    /// Polite, and nothing more: every shipped template has it.
    #[default]
    Neutral,
    /// As in a formal letter.
    Firm,
}

names! {
    Tone {
        "friendly" => Friendly,
        "neutral" => Neutral,
        "firm" => Firm,
    }
}

/// A template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Template {
    /// Its name in the API.
    pub name: &'static str,
    /// What it is about.
    pub purpose: Purpose,
    /// Whether a policy's step may say it.
    pub of_policy: bool,
}

const fn template(name: &'static str, purpose: Purpose, of_policy: bool) -> Template {
    Template {
        name,
        purpose,
        of_policy,
    }
}

/// Every template there is.
pub const TEMPLATES: &[Template] = &[
    template("pre_due", Purpose::Reminder, true),
    template("friendly", Purpose::Collection, true),
    template("firm", Purpose::Collection, true),
    template("final", Purpose::Collection, true),
    template("late_fee", Purpose::Collection, true),
    template("suspension_warning", Purpose::Collection, true),
    template("suspended", Purpose::Service, false),
    template("reinstated", Purpose::Service, false),
    template("hand_over_notice", Purpose::Collection, true),
    template("promise_confirmation", Purpose::Agreement, false),
    template("promise_reminder", Purpose::Agreement, false),
    template("promise_broken", Purpose::Agreement, false),
    template("plan", Purpose::Agreement, false),
    template("dispute_received", Purpose::Dispute, false),
    template("dispute_decided", Purpose::Dispute, false),
    template("order_confirmation", Purpose::Order, false),
    template("payment_received", Purpose::Receipt, false),
    template("statement", Purpose::Statement, false),
    template("document_request", Purpose::Document, false),
    template("internal_notice", Purpose::Internal, false),
];

/// The template of that name.
pub fn find(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_policy_may_say_is_what_is_for_policies() {
        let of_policy = TEMPLATES.iter().filter(|template| template.of_policy);
        let names: Vec<&str> = of_policy.map(|template| template.name).collect();
        assert_eq!(names, crate::policy::TEMPLATES);
    }
}

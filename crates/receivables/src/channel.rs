//! The ways a message can reach a customer.
//!
//! Source: Dunlin's own rule.

use crate::names::names;
use serde::{Deserialize, Serialize};

/// A way to reach a customer. Which of them a deployment can use depends on its providers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// An email.
    Email,
    /// A text message.
    Sms,
    /// A call by a machine.
    Voice,
    /// A letter on paper.
    Letter,
    /// A call to the creditor's own system, which does the rest.
    Webhook,
}

names! {
    Channel {
        "email" => Email,
        "sms" => Sms,
        "voice" => Voice,
        "letter" => Letter,
        "webhook" => Webhook,
    }
}

//! The ways a message can reach a customer.
//!
//! Source: Dunlin's own rule.

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
}

impl Channel {
    /// Every channel with its name in the API.
    pub const NAMES: &'static [(&'static str, Channel)] = &[
        ("email", Channel::Email),
        ("sms", Channel::Sms),
        ("voice", Channel::Voice),
        ("letter", Channel::Letter),
    ];

    /// The name in the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Email => "email",
            Channel::Sms => "sms",
            Channel::Voice => "voice",
            Channel::Letter => "letter",
        }
    }
}

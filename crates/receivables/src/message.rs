//! The life of a message in the outbox.
//!
//! Source: Dunlin's own rule.

use crate::names::names;
use serde::{Deserialize, Serialize};

/// Where a message stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MessageStatus {
    /// Waits for the courier.
    Queued,
    /// The courier has leased it.
    Sending,
    /// The provider has accepted it.
    Sent,
    /// The provider says that it arrived.
    Delivered,
    /// The provider says that it did not.
    Bounced,
    /// It was tried often enough, or refused for good.
    Failed,
    /// A crash leaves open whether the provider got it; a person decides.
    Uncertain,
    /// The customer or the law does not want it.
    Suppressed,
    /// Fresh evidence or a person took it back.
    Cancelled,
}

use MessageStatus::{Bounced, Cancelled, Delivered, Failed, Queued, Sending, Sent, Suppressed, Uncertain};

/// What each status can become.
///
/// The judgement on fresh evidence falls under the courier's lease, so that `sending` can still be
/// cancelled or suppressed. A provider's word may come at any time: before our own record of the send
/// (`sending`), after an answer that said otherwise or never came (`uncertain`, `failed`, and `queued`, from
/// where it would be sent twice), and a bounce even after `delivered`. What failed, bounced or was
/// suppressed may be queued again by a person, once the address is mended. What was cancelled stays so: its
/// step may have been taken by another message.
const BECOMES: [(MessageStatus, &[MessageStatus]); 9] = [
    (
        Queued,
        &[Sending, Sent, Delivered, Bounced, Suppressed, Cancelled],
    ),
    (
        Sending,
        &[
            Sent, Delivered, Queued, Bounced, Failed, Uncertain, Suppressed, Cancelled,
        ],
    ),
    (Sent, &[Delivered, Bounced]),
    (Delivered, &[Bounced]),
    (Bounced, &[Queued]),
    (Failed, &[Queued, Sent, Delivered, Bounced, Cancelled]),
    (Uncertain, &[Sent, Delivered, Bounced, Failed, Queued, Cancelled]),
    (Suppressed, &[Queued]),
    (Cancelled, &[]),
];

/// What a provider says later of a message that it was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// It has it.
    Accepted,
    /// It arrived.
    Delivered,
    /// It did not, and will not.
    Bounced,
}

impl Word {
    fn means(self) -> MessageStatus {
        match self {
            Word::Accepted => Sent,
            Word::Delivered => Delivered,
            Word::Bounced => Bounced,
        }
    }
}

names! {
    MessageStatus {
        "queued" => Queued,
        "sending" => Sending,
        "sent" => Sent,
        "delivered" => Delivered,
        "bounced" => Bounced,
        "failed" => Failed,
        "uncertain" => Uncertain,
        "suppressed" => Suppressed,
        "cancelled" => Cancelled,
    }
}

impl MessageStatus {
    /// What it can become.
    pub fn successors(self) -> &'static [MessageStatus] {
        BECOMES
            .iter()
            .find(|(status, _)| *status == self)
            .map_or(&[], |(_, next)| next)
    }

    /// Whether it can become `next`.
    pub fn can_become(self, next: MessageStatus) -> bool {
        self.successors().contains(&next)
    }

    /// What it becomes by a provider's word; `None` where that is nothing new. The order in which the words come
    /// does not matter: the one that says most counts, and a bounce says more than a delivery.
    pub fn told(self, word: Word) -> Option<MessageStatus> {
        Some(word.means()).filter(|next| self.can_become(*next))
    }

    /// Whether nothing can follow.
    pub fn is_final(self) -> bool {
        self.successors().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_a_name_and_a_place_in_the_table() {
        for (name, status) in MessageStatus::NAMES {
            assert_eq!(MessageStatus::parse(name), Some(*status));
            assert_eq!(status.as_str(), *name);
            assert_eq!(serde_json::to_value(status).unwrap(), *name);
            assert_eq!(
                BECOMES.iter().filter(|(from, _)| from == status).count(),
                1,
                "{name}"
            );
        }
        assert_eq!(MessageStatus::parse("lost"), None);
    }

    #[test]
    fn what_may_follow_what() {
        let allowed = [
            (Queued, Sending),
            (Sending, Sent),
            (Sending, Queued),
            (Sent, Delivered),
            (Failed, Queued),
            (Uncertain, Sent),
            (Suppressed, Queued),
        ];
        let refused = [
            (Queued, Failed),
            (Sent, Queued),
            (Delivered, Queued),
            (Cancelled, Queued),
            (Suppressed, Sending),
            (Sent, Cancelled),
        ];
        for (from, to) in allowed {
            assert!(from.can_become(to), "{from:?} to {to:?}");
        }
        for (from, to) in refused {
            assert!(!from.can_become(to), "{from:?} to {to:?}");
        }
        for (_, status) in MessageStatus::NAMES {
            assert!(!status.can_become(*status), "{status:?} to itself");
            assert_eq!(status.is_final(), *status == Cancelled);
        }
    }

    #[test]
    fn a_providers_words_mean_the_same_in_any_order() {
        use Word::{Accepted, Bounced as Returned, Delivered as Arrived};
        let told = |start: MessageStatus, words: &[Word]| {
            words
                .iter()
                .fold(start, |status, word| status.told(*word).unwrap_or(status))
        };
        // Every set of words in every order, each also twice.
        let orders: [(&[&[Word]], MessageStatus); 4] = [
            (&[&[Accepted], &[Accepted, Accepted]], Sent),
            (
                &[
                    &[Accepted, Arrived],
                    &[Arrived, Accepted],
                    &[Arrived, Accepted, Arrived],
                ],
                Delivered,
            ),
            (
                &[
                    &[Accepted, Returned],
                    &[Returned, Accepted],
                    &[Returned, Returned],
                ],
                Bounced,
            ),
            (
                &[
                    &[Accepted, Arrived, Returned],
                    &[Accepted, Returned, Arrived],
                    &[Arrived, Accepted, Returned],
                    &[Arrived, Returned, Accepted],
                    &[Returned, Accepted, Arrived],
                    &[Returned, Arrived, Accepted],
                ],
                Bounced,
            ),
        ];
        for start in [Queued, Sending, Sent, Uncertain, Failed] {
            for (orders, end) in orders {
                for words in orders {
                    assert_eq!(told(start, words), end, "{start:?} told {words:?}");
                }
            }
        }
        for word in [Accepted, Arrived, Returned] {
            assert_eq!(Cancelled.told(word), None);
            assert_eq!(Suppressed.told(word), None);
        }
    }
}

//! Ids: a type prefix and 26 characters that sort by time.
//!
//! Shape: `inv_01jz3q4k5m6n7p8q9r0s1t2v3w`. The 26 characters are a ULID: 48 bits of milliseconds since 1970
//! and 80 random bits in Crockford's base 32, lower case, so that the text order of ids of one kind is the
//! order of their making. Each kind is a type of its own: an invoice's id does not fit where a customer's
//! is wanted. Refused: another prefix, another length, letters outside the alphabet, more than 128 bits.
//!
//! Source: the ULID specification; the prefixes are Dunlin's own rule.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Crockford's base 32: digits and lower-case letters without i, l, o and u.
const ALPHABET: [char; 32] = [
    '0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'j', 'k', 'm',
    'n', 'p', 'q', 'r', 's', 't', 'v', 'w', 'x', 'y', 'z',
];

/// 128 bits in groups of five.
const LENGTH: usize = 26;

/// A text that is not an id of the kind asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an id of this kind is `{prefix}` followed by 26 characters of Crockford's base 32 in lower case")]
pub struct IdError {
    prefix: &'static str,
}

/// The time-ordered part: `at_ms` (its low 48 bits, which last until the year 10889), then the random bits.
fn body(at_ms: u64, random: [u8; 10]) -> String {
    let [_, _, t0, t1, t2, t3, t4, t5] = at_ms.to_be_bytes();
    let [r0, r1, r2, r3, r4, r5, r6, r7, r8, r9] = random;
    let mut rest = u128::from_be_bytes([t0, t1, t2, t3, t4, t5, r0, r1, r2, r3, r4, r5, r6, r7, r8, r9]);
    let mut lowest_first = [0u8; LENGTH];
    for digit in &mut lowest_first {
        let [low, ..] = rest.to_le_bytes();
        *digit = low & 31;
        rest >>= 5;
    }
    lowest_first
        .iter()
        .rev()
        .filter_map(|digit| ALPHABET.get(usize::from(*digit)))
        .collect()
}

fn is_body(text: &str) -> bool {
    // Twenty-six groups of five bits are 130: the first may use three of its five.
    text.len() == LENGTH
        && text.starts_with(|c| ('0'..='7').contains(&c))
        && text.chars().all(|c| ALPHABET.contains(&c))
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// What every id of this kind starts with.
            pub const PREFIX: &'static str = $prefix;

            /// The id made at `at_ms` (milliseconds since 1970) with these random bits.
            pub fn from_parts(at_ms: u64, random: [u8; 10]) -> Self {
                Self(format!("{}{}", $prefix, body(at_ms, random)))
            }

            /// Reads an id, checking prefix and shape.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                match text.strip_prefix($prefix) {
                    Some(rest) if is_body(rest) => Ok(Self(text.to_owned())),
                    _ => Err(IdError { prefix: $prefix }),
                }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    )+};
}

ids! {
    /// A customer: the debtor's account.
    CustomerId = "cus_";
    /// An invoice.
    InvoiceId = "inv_";
    /// A credit note.
    CreditNoteId = "crn_";
    /// A payment received.
    PaymentId = "pay_";
    /// A payment link.
    LinkId = "lnk_";
    /// A hand-over of a payment link's visitor to a payment provider.
    CheckoutId = "chk_";
    /// A message in the outbox.
    MessageId = "msg_";
    /// A person or address at a customer.
    ContactId = "con_";
    /// An immutable ledger line.
    PostingId = "pst_";
    /// An activity: a contact, note or decision.
    ActivityId = "act_";
    /// An API key (not its secret).
    ApiKeyId = "key_";
    /// One of Dunlin's own events.
    EventId = "evt_";
    /// A line of a bulk intake that was not taken.
    RejectId = "rej_";
    /// A version of a dunning policy.
    PolicyId = "pol_";
    /// A dispute.
    DisputeId = "dsp_";
    /// A promise to pay.
    PromiseId = "prm_";
    /// An instalment plan or a settlement.
    PlanId = "pln_";
    /// A request for approval.
    ApprovalId = "apr_";
    /// A task for a person.
    TaskId = "tsk_";
    /// An order of a customer.
    OrderId = "ord_";
    /// A case that an agency took over.
    HandOverId = "hnd_";
    /// A document that is kept: an attachment of an invoice.
    DocumentId = "doc_";
    /// A bank statement.
    StatementId = "stm_";
    /// A line of a bank statement.
    BankLineId = "bln_";
    /// A remittance advice.
    RemittanceId = "rmt_";
    /// A payout of a payment provider.
    PayoutId = "out_";
    /// A refund.
    RefundId = "rfd_";
    /// A customer's word on being contacted.
    ConsentId = "cns_";
    /// Where our events are sent.
    EndpointId = "whe_";
    /// A request for a document that is missing.
    DocumentRequestId = "drq_";
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_layout_is_that_of_a_ulid() {
        // The specification's example time 1469918176385 is `01ARYZ6S41`; all random bits set are sixteen z.
        let id = InvoiceId::from_parts(1_469_918_176_385, [0xff; 10]);
        assert_eq!(id.as_str(), "inv_01aryz6s41zzzzzzzzzzzzzzzz");
        assert_eq!(
            CustomerId::from_parts(0, [0; 10]).to_string(),
            "cus_00000000000000000000000000"
        );
    }

    #[test]
    fn ids_of_another_kind_or_shape_are_refused() {
        let good = "inv_01aryz6s41zzzzzzzzzzzzzzzz";
        assert_eq!(InvoiceId::parse(good).unwrap().as_str(), good);
        for bad in [
            "",
            "inv_",
            "cus_01aryz6s41zzzzzzzzzzzzzzzz",
            "inv_01ARYZ6S41ZZZZZZZZZZZZZZZZ",
            "inv_01aryz6s41zzzzzzzzzzzzzzz",
            "inv_01aryz6s41zzzzzzzzzzzzzzzzz",
            "inv_81aryz6s41zzzzzzzzzzzzzzzz",
            "inv_01aryz6s41zzzzzzzzzzzzzzzi",
            "inv_01aryz6s41zzzzzzzzzzzzzzé",
        ] {
            assert!(InvoiceId::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn later_ids_sort_later(at in 0u64..1 << 47, later in 1u64..1 << 40, a: [u8; 10], b: [u8; 10]) {
            let (first, second) = (MessageId::from_parts(at, a), MessageId::from_parts(at + later, b));
            prop_assert!(first < second);
            prop_assert_eq!(MessageId::parse(first.as_str()), Ok(first));
        }
    }
}

//! What a payment provider tells, in our words: every provider's events and answers are read into these, and one
//! place gives them their effect.
//!
//! Shape: one event or answer is read into any number of [`Told`]. Payments, refunds and chargebacks go by the
//! provider's names; hand-overs by ours, which the provider was given with the order. What is about nobody of ours is
//! [`Told::Nothing`], with the reason.
//!
//! Source: Dunlin's own.

use chrono::{DateTime, Utc};

use crate::id::{CheckoutId, RefundId};
use crate::money::Money;
use crate::paylink::Turn;

/// One thing that a provider tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// The payer has agreed; the money is still to be fetched.
    Approved(CheckoutId),
    /// A hand-over has moved without a payment.
    Turned(CheckoutId, Turn),
    /// The payer was refused, and may try again in the same session.
    Declined(CheckoutId),
    /// The money has come.
    Paid(Paid),
    /// The payment has failed: before the money came, or after it had seemed to.
    Fell {
        /// Our name for the hand-over.
        checkout: CheckoutId,
        /// The provider's word for why.
        reason: String,
    },
    /// How much of a payment has been paid back so far, all refunds together.
    Refunds {
        /// What the provider calls the payment.
        payment: String,
        /// The sum.
        total: Money,
    },
    /// Where one refund stands.
    Refund(Refund),
    /// Where a chargeback stands.
    Chargeback(Chargeback),
    /// Nothing that needs anything done, with why.
    Nothing(String),
}

/// Money that a provider has confirmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paid {
    /// Our name for the hand-over.
    pub checkout: CheckoutId,
    /// What the provider calls the payment: refunds and chargebacks refer to it.
    pub reference: String,
    /// How much; `None`: what the hand-over asked for, where the provider sells nothing else.
    pub amount: Option<Money>,
    /// `card`, `ideal`, ...; `online` where the provider does not say.
    pub method: String,
    /// When, where the provider says so.
    pub at: Option<DateTime<Utc>>,
}

/// One refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Our name for it, where we asked for it.
    pub ours: Option<RefundId>,
    /// The provider's.
    pub id: String,
    /// What the provider calls the payment.
    pub payment: String,
    /// How much; `None` where the provider does not repeat it.
    pub amount: Option<Money>,
    /// How far it is.
    pub state: RefundState,
}

/// How far a refund is. It goes from the first to the last and never back: a provider may find only later that the
/// payer's bank does not take the money.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum RefundState {
    /// The provider has it in hand.
    Requested,
    /// The money has left.
    Done,
    /// It will not leave, or has come back.
    Failed,
}

impl RefundState {
    /// Its name in the ledger.
    pub fn name(self) -> &'static str {
        match self {
            RefundState::Requested => "requested",
            RefundState::Done => "done",
            RefundState::Failed => "failed",
        }
    }

    /// From which states it can come to this one.
    pub fn from(self) -> &'static [&'static str] {
        match self {
            RefundState::Requested => &[],
            RefundState::Done => &["requested"],
            RefundState::Failed => &["requested", "done"],
        }
    }
}

/// One chargeback.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chargeback {
    /// The provider's name for it.
    pub id: String,
    /// What the provider calls the payment.
    pub payment: String,
    /// How much; `None`: all that is left of the payment.
    pub amount: Option<Money>,
    /// The provider's word for why.
    pub reason: String,
    /// How far it is.
    pub stage: ChargebackStage,
}

/// How far a chargeback is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChargebackStage {
    /// The payer's bank demands the money back; the payment stands until it decides.
    Demanded,
    /// The money stays, or has come back.
    Won,
    /// The money is gone.
    Lost,
}

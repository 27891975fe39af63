//! Why money moved: the kinds of lines that the ledger has.

use serde::{Deserialize, Serialize};

use crate::names::names;

/// Why money moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// An invoice was taken in.
    Invoice,
    /// An invoice was voided.
    Void,
    /// A part of an invoice, or all of it, was given up.
    WriteOff,
    /// A credit note, against an invoice or on account.
    CreditNote,
    /// Money that arrived, against an invoice or on account.
    Payment,
    /// A payment that bounced or was charged back.
    PaymentReversal,
    /// Money that was paid back.
    Refund,
    /// An early-payment discount, or one that is taken back.
    Discount,
    /// A small difference that is let go, bank charges included, or one that is taken back.
    Tolerance,
    /// A fee, interest or a statute's fixed sum.
    Charge,
    /// A charge that was waived or reversed.
    ChargeReversal,
    /// What a settlement gives up, once its sum has come.
    Settlement,
}

names! { Kind {
    "invoice" => Invoice, "void" => Void, "write_off" => WriteOff, "credit_note" => CreditNote,
    "payment" => Payment, "payment_reversal" => PaymentReversal, "refund" => Refund, "discount" => Discount,
    "tolerance" => Tolerance, "charge" => Charge, "charge_reversal" => ChargeReversal,
    "settlement" => Settlement,
} }

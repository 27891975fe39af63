//! Fees that a dunning step charges.
//!
//! Shape: `{"kind": "flat", "amount": {"EUR": "10.00"}}` or `{"kind": "percent", "percent": "15"}`, with `per`
//! (a fee for each invoice, or one for the message, charged on the first of its invoices), `of` (a percentage
//! of what was invoiced, or of what remains) and a `cap` by currency. Bounds: rounded half-up to the
//! currency's digits; never more than the cap. Refused: a fee on a fee. A [`Basis`] is an invoice with its
//! principal; a fee, interest or compensation is a receivable of another [`kind`](crate::receivable::ReceivableKind), which nothing turns
//! into a basis.
//!
//! Source: Dunlin's own rule. How high a fee may be is the law of the contract, such as section 309 no. 5 BGB
//! for standard terms; a policy's author decides.

use serde::Serialize;

use super::ChargeError;
use super::exact::Exact;
use super::percent::Percent;
use crate::amounts::Amounts;
use crate::fields::{Fields, kinds};
use crate::id::InvoiceId;
use crate::money::Money;
use crate::receivable::ReceivableKind;

/// What a fee is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Per {
    /// One for each invoice that the step speaks about.
    Invoice,
    /// One for the message, charged on the first of its invoices.
    Message,
}

const PER: &[(&str, Per)] = &[("invoice", Per::Invoice), ("message", Per::Message)];

/// What a percentage is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Of {
    /// What was invoiced.
    Original,
    /// What of it is still owed.
    Remaining,
}

const OF: &[(&str, Of)] = &[("original", Of::Original), ("remaining", Of::Remaining)];

/// A fee. Its cap bounds each fee that is charged; in a currency without a cap there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fee {
    /// A fixed amount. In a currency without one, no fee.
    Flat {
        /// How much, by currency.
        amount: Amounts,
        /// For each invoice, or (where nothing is said) for the message.
        per: Per,
        /// At most so much.
        #[serde(skip_serializing_if = "Amounts::is_empty")]
        cap: Amounts,
    },
    /// A part of the principal.
    Percent {
        /// How large a part.
        percent: Percent,
        /// Of what was invoiced (where nothing is said) or of what remains.
        of: Of,
        /// For each invoice (where nothing is said), or for the message: then of all its invoices together.
        per: Per,
        /// At most so much.
        #[serde(skip_serializing_if = "Amounts::is_empty")]
        cap: Amounts,
    },
}

/// An invoice that a fee may be charged on, with its principal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Basis {
    invoice: InvoiceId,
    original: Money,
    remaining: Money,
}

impl Basis {
    /// The basis that a receivable makes: none where it is itself a charge. `original` is its total and
    /// `remaining` its balance.
    pub fn of(kind: ReceivableKind, invoice: InvoiceId, original: Money, remaining: Money) -> Option<Basis> {
        (kind == ReceivableKind::Invoice).then_some(Basis {
            invoice,
            original,
            remaining,
        })
    }
}

/// What became of a fee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assessed {
    /// The invoice it is charged on.
    pub invoice: InvoiceId,
    /// The fee, more than nothing; `None` where there is none to charge.
    pub amount: Option<Money>,
    /// How it was computed, or why there is none, in a sentence.
    pub how: String,
}

impl Fee {
    /// Reads a fee; problems are noted in `fields`.
    pub fn read(fields: &mut Fields<'_>) -> Option<Fee> {
        const KINDS: &[(&str, bool)] = &[("flat", true), ("percent", false)];
        let Some(flat) = fields.required("kind", kinds::one_of(KINDS)) else {
            fields.overlook();
            return None;
        };
        let per = fields.optional("per", kinds::one_of(PER));
        let cap = Amounts::read(fields, "cap");
        if flat {
            let before = fields.problems();
            let amount = Amounts::read(fields, "amount");
            if amount.is_empty() && fields.problems() == before {
                fields.report(
                    "amount",
                    "required",
                    "a flat fee has an amount in at least one currency",
                );
            }
            return Some(Fee::Flat {
                amount,
                per: per.unwrap_or(Per::Message),
                cap,
            });
        }
        let of = fields.optional("of", kinds::one_of(OF)).unwrap_or(Of::Original);
        Some(Fee::Percent {
            percent: fields.required("percent", Percent::positive)?,
            of,
            per: per.unwrap_or(Per::Invoice),
            cap,
        })
    }

    /// The fees for a step that speaks about these invoices, all of one currency. Each comes at most once;
    /// those on which there is no fee are listed with the reason.
    pub fn assess(&self, basis: &[Basis]) -> Result<Vec<Assessed>, ChargeError> {
        match self.per() {
            Per::Invoice => basis
                .iter()
                .map(|one| self.assess_one(&one.invoice, std::slice::from_ref(one)))
                .collect(),
            Per::Message => basis
                .first()
                .map(|first| self.assess_one(&first.invoice, basis))
                .into_iter()
                .collect(),
        }
    }

    fn per(&self) -> Per {
        match self {
            Fee::Flat { per, .. } | Fee::Percent { per, .. } => *per,
        }
    }

    fn assess_one(&self, invoice: &InvoiceId, basis: &[Basis]) -> Result<Assessed, ChargeError> {
        let none = |how: String| Assessed {
            invoice: invoice.clone(),
            amount: None,
            how,
        };
        let Some(currency) = basis.first().map(|first| first.remaining.currency()) else {
            return Ok(none("no fee: there is no invoice to charge it on".to_owned()));
        };
        let sum = |part: fn(&Basis) -> Money| Money::checked_sum(currency, basis.iter().map(part));
        let (original, remaining) = (sum(|one| one.original)?, sum(|one| one.remaining)?);
        if !remaining.is_positive() {
            return Ok(none("no fee: nothing of the principal is owed".to_owned()));
        }
        let (fee, how, cap) = match self {
            Fee::Flat { amount, cap, .. } => {
                let Some(amount) = amount.get(currency) else {
                    return Ok(none(format!("no fee: the policy names no amount in {currency}")));
                };
                (amount, format!("{} flat", amount.in_words()), cap)
            }
            Fee::Percent { percent, of, cap, .. } => {
                let (whole, word) = match of {
                    Of::Original => (original, "invoiced"),
                    Of::Remaining => (remaining, "remaining"),
                };
                let fee = Exact::percent_of(whole, *percent)
                    .ok_or_else(ChargeError::overflow)?
                    .rounded(currency)?;
                (fee, format!("{percent} % of {} {word}", whole.in_words()), cap)
            }
        };
        let (fee, how) = match cap.get(currency) {
            Some(cap) if cap.checked_min(fee)? != fee => {
                (cap, format!("{how}, capped at {}", cap.in_words()))
            }
            _ => (fee, how),
        };
        if !fee.is_positive() {
            return Ok(none(format!("no fee: {how} is less than half of a minor unit")));
        }
        Ok(Assessed {
            invoice: invoice.clone(),
            amount: Some(fee),
            how,
        })
    }
}

#[cfg(test)]
mod tests;

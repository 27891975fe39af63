//! Lines that are no payment of a customer: money that went out, and money that came back.
//!
//! A debit that says why it came back (a return reason), or that takes another line back, reverses the payment that it
//! names by its end-to-end id: what the payment had paid is open again. Where it names none, or more than one fits, a
//! person decides. Any other debit is no receivable's business.

use super::settle::{Decided, Received, take_back};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::payments;
use receivables::bank::return_reason;
use receivables::id::PaymentId;

statements! {
    /// Payments whose line had this end-to-end id, and those that were recorded under it.
    NAMED = "SELECT payment_id FROM bank_lines WHERE end_to_end = ?1 AND payment_id IS NOT NULL AND amount_minor > 0
            AND currency = ?2
        UNION SELECT id FROM payments WHERE reference = ?1 AND currency = ?2";
}

/// What a line that is no payment means, which is done at once.
pub(super) async fn judge<'a>(
    tx: &Tx<'_>,
    moment: Moment,
    received: &'a Received,
    by: &'a str,
) -> Result<Decided<'a>> {
    let line = &received.content;
    let mut decided = Decided {
        id: &received.id,
        status: "review",
        candidates: &[],
        why: String::new(),
        payment: None,
        payout: None,
        by,
    };
    if line.amount.is_positive() {
        decided.why = "Money of ours that came back: it is no customer's payment.".to_owned();
        return Ok(decided);
    }
    let Some(reason) = reason(line.return_reason.as_deref(), line.reversal) else {
        decided.status = "ignored";
        decided.why = "Money that went out.".to_owned();
        return Ok(decided);
    };
    let Some(end_to_end) = &line.end_to_end else {
        decided.why = format!("{reason}. It does not say of which payment.");
        return Ok(decided);
    };
    let mut found = Vec::new();
    for row in tx
        .rows(NAMED, params![end_to_end.as_str(), line.amount.currency().code()])
        .await?
    {
        if let Ok(id) = PaymentId::parse(row.text(0)?)
            && let Some(standing) = payments::by_id(tx, &id).await?
            && standing.left.is_positive()
        {
            found.push(standing);
        }
    }
    let [payment] = found.as_slice() else {
        decided.why = match found.len() {
            0 => format!("{reason}. No payment that still stands is called {end_to_end}."),
            several => format!("{reason}. {several} payments are called {end_to_end}."),
        };
        return Ok(decided);
    };
    let taken = take_back(tx, moment, payment, line, &reason).await?;
    decided.status = "matched";
    decided.why = format!("{reason}. {taken} of the payment was taken back.");
    decided.payment = Some(payment.id.clone());
    Ok(decided)
}

/// Why money came back, in words; none where it did not.
pub(super) fn reason(code: Option<&str>, reversal: bool) -> Option<String> {
    match (code, reversal) {
        (Some(code), _) => Some(match return_reason(code) {
            Some(words) => format!("Returned by the bank ({code}): {words}"),
            None => format!("Returned by the bank ({code})"),
        }),
        (None, true) => Some("Reversed by the bank".to_owned()),
        (None, false) => None,
    }
}

//! What people decide about lines: for what they are, that they are nothing, or that it was wrong.

use super::settle::{Decided, incoming, learn, payment_reference, recorded, save, take_back};
use super::{METHOD, SOURCE, advice, debits, unteach};
use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use crate::payments::{self, Incoming, Recorded, Reversed, record_as_named};
use formats::statement::Line;
use receivables::allocation::{InvoiceRef, RemittanceLine};
use receivables::fields::FieldError;
use receivables::id::{BankLineId, PaymentId};
use receivables::intake::CustomerRef;
use receivables::matching::Candidate;
use receivables::money::Money;
use serde::Deserialize;

statements! {
    LINE = "SELECT json_object('content', json(content), 'status', status, 'candidates', json(candidates),
            'payment', payment_id, 'times', times) FROM bank_lines WHERE id = ?";
    OPEN_INVOICES = "SELECT coalesce(sum(balance_minor), 0) FROM invoices WHERE +currency = ?2 AND id IN (
            SELECT id FROM invoices WHERE id IN (SELECT value FROM json_each(?1))
            UNION SELECT id FROM invoices WHERE number IN (SELECT value FROM json_each(?1)))";
    CLEAR = "UPDATE bank_lines SET status = 'review', payment_id = NULL, payout_id = NULL, why = ?2, decided_by = ?3,
            decided_at = ?4 WHERE id = ?1";
    FREE_PAYOUT = "UPDATE payouts SET line_id = NULL WHERE line_id = ?";
}

/// What a person says a line is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Match {
    /// The candidate of this number, from 1.
    Candidate(usize),
    /// Money of a customer, for these invoices; what they do not take stays on account. Without a customer, that of the
    /// invoices.
    For {
        /// Who paid.
        customer: Option<CustomerRef>,
        /// For what.
        allocations: Vec<RemittanceLine>,
    },
    /// A payment that came back.
    Returned(PaymentId),
    /// No money of a customer, for a reason.
    Ignore(String),
}

/// What became of a decision.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Decision {
    /// It is done.
    Done,
    /// There is no such line.
    Unknown,
    /// The line is matched already, or not judged.
    NotOpen(String),
    /// It cannot be done as asked, for these reasons.
    Refused(Vec<FieldError>),
}

#[derive(Deserialize)]
struct Row {
    content: Line,
    status: String,
    candidates: Vec<Candidate>,
    payment: Option<PaymentId>,
    times: i64,
}

fn refused(pointer: &str, code: &'static str, detail: impl Into<String>) -> Decision {
    Decision::Refused(vec![FieldError::new(pointer, code, detail)])
}

/// Does what a person says a line is. A payer's account is remembered for the customer.
pub async fn decide(
    tx: &Tx<'_>,
    moment: Moment,
    id: &BankLineId,
    wanted: &Match,
    by: &str,
) -> Result<Decision> {
    let row: Option<Row> = tx.find(LINE, params![id.as_str()]).await?;
    let Some(row) = row else {
        return Ok(Decision::Unknown);
    };
    if row.status == "matched" {
        return Ok(Decision::NotOpen(row.status));
    }
    let mut decided = Decided {
        id,
        status: "matched",
        candidates: &row.candidates,
        why: String::new(),
        payment: None,
        payout: None,
        by,
    };
    match wanted {
        Match::Ignore(reason) => {
            decided.status = "ignored";
            decided.why = reason.clone();
        }
        Match::Returned(payment) => {
            if row.content.amount.is_positive() {
                let detail = "money came in on this line: only what went out takes a payment back";
                return Ok(refused("/payment", "not_a_debit", detail));
            }
            let Some(standing) = payments::by_id(tx, payment).await? else {
                return Ok(refused("/payment", "unknown_payment", "no such payment"));
            };
            if !standing.left.is_positive() || standing.left.currency() != row.content.amount.currency() {
                let detail = "nothing is left of this payment in the line's currency";
                return Ok(refused("/payment", "nothing_left", detail));
            }
            let reason = debits::reason(row.content.return_reason.as_deref(), true).unwrap_or_default();
            let taken = take_back(tx, moment, &standing, &row.content, &reason).await?;
            decided.why = format!("{reason}. {taken} of the payment was taken back.");
            decided.payment = Some(payment.clone());
        }
        Match::Candidate(number) => {
            let candidate = number.checked_sub(1).and_then(|at| row.candidates.get(at));
            let Some(candidate) = candidate else {
                let detail = format!("the line has {} candidates, counted from 1", row.candidates.len());
                return Ok(refused("/candidate", "out_of_range", detail));
            };
            if let Some(problem) = too_much(tx, candidate).await? {
                return Ok(problem);
            }
            let incoming = incoming(id, row.times, &row.content, candidate);
            let payment = recorded(record_as_named(tx, moment, &incoming).await?)?;
            advice::used(tx, &[(candidate, payment.clone())]).await?;
            learn(tx, moment, &row.content, &candidate.customer).await?;
            decided.payment = Some(payment);
            decided.why = format!("Candidate {number}, as a person decided.");
        }
        Match::For {
            customer,
            allocations,
        } => {
            if !row.content.amount.is_positive() {
                let detail = "money went out on this line: it is nobody's payment";
                return Ok(refused("", "not_a_credit", detail));
            }
            let incoming = Incoming {
                source: SOURCE.to_owned(),
                reference: payment_reference(id, row.times),
                customer: customer.clone(),
                amount: row.content.amount,
                received_on: row.content.booked_on,
                method: METHOD.to_owned(),
                remittance: allocations.clone(),
            };
            if let Some(problem) = misnamed(tx, &incoming).await? {
                return Ok(problem);
            }
            let payment = match record_as_named(tx, moment, &incoming).await? {
                Recorded::Accepted(payment) => payment,
                Recorded::UnknownCustomer => {
                    return Ok(refused("/customer", "unknown_customer", "no such customer"));
                }
                Recorded::SeveralCustomers => {
                    let detail = "the invoices named belong to several customers";
                    return Ok(refused("/allocations", "several_customers", detail));
                }
                other => {
                    let detail = format!("the line's payment is on record already: {other:?}");
                    return Ok(Decision::NotOpen(detail));
                }
            };
            if let Some(standing) = payments::by_id(tx, &payment).await?
                && let Some(customer) = standing.customer
            {
                learn(tx, moment, &row.content, &customer).await?;
            }
            decided.payment = Some(payment);
            decided.why = "As a person decided.".to_owned();
        }
    }
    save(tx, moment, &[decided]).await?;
    Ok(Decision::Done)
}

/// A candidate was true when the line was judged; since then its invoices may have been paid.
async fn too_much(tx: &Tx<'_>, candidate: &Candidate) -> Result<Option<Decision>> {
    if candidate.shares.is_empty() {
        return Ok(None);
    }
    let invoices: Vec<&str> = candidate
        .shares
        .iter()
        .map(|share| share.invoice.as_str())
        .collect();
    let currency = candidate.short.currency();
    let row = tx
        .row(
            OPEN_INVOICES,
            params![serde_json::to_string(&invoices)?, currency.code()],
        )
        .await?;
    let owed = Money::new(row.map_or(Ok(0), |row| row.int(0))?, currency);
    let wanted = Money::checked_sum(currency, candidate.shares.iter().map(|share| share.amount))?;
    Ok((owed.minor() < wanted.minor()).then(|| {
        let detail = format!("its invoices owe {owed} by now, not the {wanted} that it gives them");
        refused("/candidate", "stale_candidate", detail)
    }))
}

/// What a person names must be there and fit the line.
async fn misnamed(tx: &Tx<'_>, incoming: &Incoming) -> Result<Option<Decision>> {
    let currency = incoming.amount.currency();
    let mut errors = Vec::new();
    let mut sum = Money::zero(currency);
    for (line, at) in incoming.remittance.iter().zip(0usize..) {
        let name = match &line.invoice {
            InvoiceRef::Id(id) => id.as_str(),
            InvoiceRef::Number(number) => number.as_str(),
        };
        let row = tx
            .row(
                OPEN_INVOICES,
                params![serde_json::to_string(&[name])?, currency.code()],
            )
            .await?;
        let owed = Money::new(row.map_or(Ok(0), |row| row.int(0))?, currency);
        let pointer = format!("/allocations/{at}");
        if !owed.is_positive() {
            let detail = format!("{name} is no open invoice in {currency}");
            errors.push(FieldError::new(pointer, "unknown_invoice", detail));
        } else if let Some(amount) = line.amount {
            match owed.checked_sub(amount) {
                Err(error) => errors.push(FieldError::new(pointer, error.code(), error.to_string())),
                Ok(rest) if rest.is_negative() => {
                    let detail = format!("{amount} is more than the {owed} that {name} owes");
                    errors.push(FieldError::new(pointer, "more_than_balance", detail));
                }
                Ok(_) => sum = sum.checked_add(amount)?,
            }
        }
    }
    if sum.minor() > incoming.amount.minor() {
        let detail = format!("the amounts come to {sum}, the line to {}", incoming.amount);
        errors.push(FieldError::new("/allocations", "more_than_amount", detail));
    }
    Ok((!errors.is_empty()).then_some(Decision::Refused(errors)))
}

/// Takes a decision back: the payment it made is reversed, what it taught is forgotten, and the line waits for a person
/// again. A payment that a line took back cannot be brought back this way: its bank has the money.
pub async fn unmatch(
    tx: &Tx<'_>,
    moment: Moment,
    id: &BankLineId,
    reason: &str,
    by: &str,
) -> Result<Decision> {
    let row: Option<Row> = tx.find(LINE, params![id.as_str()]).await?;
    let Some(row) = row else {
        return Ok(Decision::Unknown);
    };
    if !matches!(row.status.as_str(), "matched" | "ignored") {
        return Ok(Decision::NotOpen(row.status));
    }
    if let Some(payment) = &row.payment {
        if row.content.amount.is_negative() {
            let detail = "a payment that the bank took back: record it anew when the money has come";
            return Ok(Decision::NotOpen(detail.to_owned()));
        }
        let standing = payments::by_id(tx, payment).await?;
        match payments::reverse(tx, moment, payment, reason).await? {
            Reversed::Done | Reversed::Already | Reversed::Unknown => {}
            Reversed::Refunded => {
                return Ok(Decision::NotOpen("its payment was refunded".to_owned()));
            }
        }
        if let Some(customer) = standing.and_then(|standing| standing.customer) {
            unteach(tx, row.content.party.account.as_deref(), &customer).await?;
        }
        advice::free(tx, payment).await?;
    }
    tx.run(FREE_PAYOUT, params![id.as_str()]).await?;
    tx.run(CLEAR, params![id.as_str(), reason, by, moment.ms()])
        .await?;
    Ok(Decision::Done)
}

//! Chargebacks: a payer's bank demands a payment back and decides who is right. While it decides the payment stands
//! and nothing reopens; what a lost one takes is taken by [`crate::payments::take_back`].

use crate::db::{Tx, statements};
use crate::error::Result;
use crate::moment::Moment;
use crate::params;
use receivables::id::PaymentId;
use receivables::money::Money;

statements! {
    OPEN = "INSERT INTO chargebacks (provider, reference, payment_id, amount_minor, reason, status, opened_at)
        VALUES (?, ?, ?, ?, ?, 'open', ?) ON CONFLICT (provider, reference) DO NOTHING RETURNING reference";
    /// Its end may be told before its beginning.
    CLOSE = "INSERT INTO chargebacks (provider, reference, payment_id, amount_minor, reason, status, opened_at,
            closed_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7) ON CONFLICT (provider, reference)
        DO UPDATE SET status = excluded.status, amount_minor = excluded.amount_minor, closed_at = excluded.closed_at
        WHERE chargebacks.status = 'open' RETURNING reference";
    RETURNED = "UPDATE chargebacks SET status = 'won', closed_at = ?3
        WHERE provider = ?1 AND reference = ?2 AND status = 'lost' RETURNING amount_minor";
}

/// A provider's word about a chargeback.
#[derive(Debug, Clone, Copy)]
pub struct Chargeback<'a> {
    /// Who tells.
    pub provider: &'a str,
    /// What the provider calls it.
    pub reference: &'a str,
    /// Which payment is demanded back.
    pub payment: &'a PaymentId,
    /// How much of it.
    pub amount: Money,
    /// The provider's word for why.
    pub reason: &'a str,
}

/// How the bank has decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// The money stays.
    Won,
    /// The money is gone.
    Lost,
}

/// Records a chargeback. False: it is known, perhaps decided.
pub async fn open(tx: &Tx<'_>, moment: Moment, chargeback: Chargeback<'_>) -> Result<bool> {
    let Chargeback {
        provider,
        reference,
        payment,
        amount,
        reason,
    } = chargeback;
    let parameters = params![
        provider,
        reference,
        payment.as_str(),
        amount.minor(),
        reason,
        moment.ms()
    ];
    Ok(tx.row(OPEN, parameters).await?.is_some())
}

/// Records how it was decided. False: that is known already.
pub async fn close(
    tx: &Tx<'_>,
    moment: Moment,
    chargeback: Chargeback<'_>,
    decision: Decision,
) -> Result<bool> {
    let Chargeback {
        provider,
        reference,
        payment,
        amount,
        reason,
    } = chargeback;
    let status = match decision {
        Decision::Won => "won",
        Decision::Lost => "lost",
    };
    let parameters = params![
        provider,
        reference,
        payment.as_str(),
        amount.minor(),
        reason,
        status,
        moment.ms()
    ];
    Ok(tx.row(CLOSE, parameters).await?.is_some())
}

/// Records that one that was lost was decided the other way after all, and answers how much it had taken, in minor
/// units. `None`: it was not lost.
pub async fn returned(tx: &Tx<'_>, moment: Moment, provider: &str, reference: &str) -> Result<Option<i64>> {
    let row = tx
        .row(RETURNED, params![provider, reference, moment.ms()])
        .await?;
    row.map(|row| row.int(0)).transpose()
}

//! Money that goes back: refunds and chargebacks.
//!
//! A refund is told as the sum of all refunds of its charge: what is new in it is taken back. A chargeback takes
//! nothing while the bank decides, though Stripe withholds the money: it may well be won, and a customer must not be
//! chased for an invoice that is disputed elsewhere. Lost, it is taken back, the invoices are open again, and dunning
//! takes over. An inquiry (`warning_...`) is a question; nothing is demanded yet.
//!
//! What is told before its payment waits. So does, for good and to nobody's harm, what is about a charge of the same
//! Stripe account that is none of ours: that it is not, its event does not say.

use super::{Event, Reference, SOURCE, Stop, money, object};
use receivables::money::Money;
use serde::Deserialize;
use store::activities::{self, Activity};
use store::chargebacks::{self, Chargeback, Decision};
use store::inbound::Effect;
use store::payments::{self, Cause, Standing};
use store::{StoreError, Tx};
use web::Cx;

#[derive(Deserialize)]
struct Charge {
    payment_intent: Option<Reference>,
    amount_refunded: i64,
    currency: String,
}

#[derive(Deserialize)]
struct Dispute {
    id: String,
    payment_intent: Option<Reference>,
    amount: i64,
    currency: String,
    reason: Option<String>,
    status: String,
}

/// What tells of money that goes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum MoneyBack {
    Refunded,
    Demanded,
    Decided,
}

impl MoneyBack {
    /// The kind of event that a type stands for.
    pub(super) fn of(kind: &str) -> Option<Self> {
        match kind {
            "charge.refunded" => Some(Self::Refunded),
            "charge.dispute.created" => Some(Self::Demanded),
            "charge.dispute.closed" => Some(Self::Decided),
            _ => None,
        }
    }
}

/// Gives an event of that kind its effect.
pub(super) async fn apply(cx: &Cx, tx: &Tx<'_>, kind: MoneyBack, event: Event) -> Result<Effect, Stop> {
    match kind {
        MoneyBack::Refunded => refunded(cx, tx, event).await,
        MoneyBack::Demanded => demanded(cx, tx, event).await,
        MoneyBack::Decided => decided(cx, tx, event).await,
    }
}

/// The payment that is meant, in the currency of the event.
async fn payment(tx: &Tx<'_>, intent: Option<Reference>, amount: Money) -> Result<Standing, Stop> {
    let without = || Effect::Ignored("a charge without a payment intent is none of ours".to_owned());
    let reference = intent.map(Reference::id).ok_or_else(without)?;
    let payment = payments::by_reference(tx, SOURCE, &reference)
        .await?
        .ok_or_else(|| Effect::Waiting {
            why: format!("payment {reference} has not come yet"),
            for_: reference,
        })?;
    match payment.left.currency() == amount.currency() {
        true => Ok(payment),
        false => Err(Effect::Failed(format!("{} is not in {}", payment.id, amount.currency())).into()),
    }
}

async fn refunded(cx: &Cx, tx: &Tx<'_>, event: Event) -> Result<Effect, Stop> {
    let charge: Charge = object(event)?;
    let total = money(charge.amount_refunded, &charge.currency)?;
    let payment = payment(tx, charge.payment_intent, total).await?;
    let more = total.checked_sub(payment.refunded).map_err(StoreError::from)?;
    if !more.is_positive() {
        return Ok(Effect::Ignored(format!("refunds of {total} are known")));
    }
    let reason = format!("Stripe has paid {more} back");
    take(cx, tx, &payment, more, Cause::Refund, &reason).await
}

async fn demanded(cx: &Cx, tx: &Tx<'_>, event: Event) -> Result<Effect, Stop> {
    let dispute: Dispute = object(event)?;
    if dispute.status.starts_with("warning_") {
        return Ok(Effect::Ignored(format!("{} is an inquiry", dispute.id)));
    }
    let amount = money(dispute.amount, &dispute.currency)?;
    let payment = payment(tx, dispute.payment_intent, amount).await?;
    let reason = dispute.reason.unwrap_or_default();
    let chargeback = chargeback(&dispute.id, &payment, amount, &reason);
    if !chargebacks::open(tx, cx.moment(), chargeback).await? {
        return Ok(Effect::Ignored(format!("{} is known", dispute.id)));
    }
    let title = format!("Chargeback of {amount}");
    let detail =
        format!("The payer's bank demands the money back ({reason}). Until it decides the payment stands.");
    tell(cx, tx, &payment, "chargeback_opened", title, detail).await?;
    Ok(Effect::Processed(format!("{} chargeback open", payment.id)))
}

async fn decided(cx: &Cx, tx: &Tx<'_>, event: Event) -> Result<Effect, Stop> {
    let dispute: Dispute = object(event)?;
    let decision = match dispute.status.as_str() {
        "lost" => Decision::Lost,
        // Refunded meanwhile: the refund has an event of its own.
        "won" | "warning_closed" | "charge_refunded" => Decision::Won,
        other => {
            return Ok(Effect::Failed(format!(
                "dispute status {other} is not one that we know"
            )));
        }
    };
    let amount = money(dispute.amount, &dispute.currency)?;
    let payment = payment(tx, dispute.payment_intent, amount).await?;
    let reason = dispute.reason.unwrap_or_default();
    let chargeback = chargeback(&dispute.id, &payment, amount, &reason);
    if !chargebacks::close(tx, cx.moment(), chargeback, decision).await? {
        return Ok(Effect::Ignored(format!("{} is known to be decided", dispute.id)));
    }
    match decision {
        Decision::Lost => {
            let reason = format!("Chargeback {} of {amount} lost ({reason})", dispute.id);
            take(cx, tx, &payment, amount, Cause::Chargeback, &reason).await
        }
        Decision::Won => {
            let title = format!("Chargeback of {amount} closed");
            let detail = "The payment stands: the payer's bank does not demand it back any more.".to_owned();
            tell(cx, tx, &payment, "chargeback_closed", title, detail).await?;
            Ok(Effect::Processed(format!("{} chargeback closed", payment.id)))
        }
    }
}

fn chargeback<'a>(id: &'a str, payment: &'a Standing, amount: Money, reason: &'a str) -> Chargeback<'a> {
    Chargeback {
        provider: SOURCE,
        reference: id,
        payment: &payment.id,
        amount,
        reason,
    }
}

/// Takes back what the payment still holds of it. Where that is less, some of it was taken back before for another
/// reason (a bounce by hand, a refund and a chargeback of the same money), and what was done is said.
async fn take(
    cx: &Cx,
    tx: &Tx<'_>,
    payment: &Standing,
    amount: Money,
    cause: Cause,
    reason: &str,
) -> Result<Effect, Stop> {
    let taken = payments::take_back(tx, cx.moment(), payment, amount, cause, reason).await?;
    Ok(Effect::Processed(format!(
        "{}: {taken} of {amount} taken back",
        payment.id
    )))
}

async fn tell(
    cx: &Cx,
    tx: &Tx<'_>,
    payment: &Standing,
    kind: &'static str,
    title: String,
    detail: String,
) -> Result<(), StoreError> {
    let Some(customer) = payment.customer.clone() else {
        return Ok(());
    };
    let activity = Activity {
        customer_id: customer,
        kind,
        title,
        detail,
        refers_to: Some(payment.id.to_string()),
    };
    activities::record(tx, cx.moment(), &[activity]).await
}

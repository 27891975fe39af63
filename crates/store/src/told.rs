//! What payment providers tell, given its effect: one place for all of them.
//!
//! **Once, in any order.** A hand-over only moves along the table of [`checkouts`], a payment is known by the provider's
//! name for it, a refund and a chargeback by theirs. What tells of money going back waits for its payment under the
//! payment's name, and takes effect in the transaction that records it.
//! **Compared.** What counts is the provider's amount; of another currency than was asked for is none that we can place.

use crate::activities::{self, Activity};
use crate::chargebacks::{self, Decision};
use crate::checkouts::{self, Checkout, Confirmed};
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::inbound::{self, Effect};
use crate::moment::Moment;
use crate::payments::{self, Cause, Standing};
use crate::refunds;
use receivables::id::{CheckoutId, CustomerId};
use receivables::money::Money;
use receivables::paylink::Turn;
use receivables::told::{Chargeback, ChargebackStage, Paid, Refund, RefundState, Told};

/// How an event of a provider's is read. `Err`: why it cannot be.
pub type Read = fn(&str) -> std::result::Result<Vec<Told>, String>;

/// A provider as this module knows it.
#[derive(Debug, Clone, Copy)]
pub struct Teller {
    /// Its name in the ledger: the source of its events and payments.
    pub name: &'static str,
    /// How its events are read.
    pub read: Read,
}

/// Gives an event, as it came, its effect. What cannot be understood is kept for a person.
pub async fn apply(tx: &Tx<'_>, moment: Moment, teller: Teller, text: &str) -> Result<Effect> {
    let told = match (teller.read)(text) {
        Ok(told) => told,
        Err(error) => return Ok(Effect::Failed(error)),
    };
    let mut effects = Vec::with_capacity(told.len());
    for one in told {
        effects.push(one_effect(tx, moment, teller, one).await?);
    }
    Ok(together(effects))
}

/// The effect of an event that tells of several things: what a person must look at counts most, then what waits.
fn together(effects: Vec<Effect>) -> Effect {
    let weight = |effect: &Effect| match effect {
        Effect::Failed(_) => 3,
        Effect::Waiting { .. } => 2,
        Effect::Processed(_) => 1,
        Effect::Ignored(_) => 0,
    };
    let most = effects.into_iter().rev().max_by_key(weight);
    most.unwrap_or_else(|| Effect::Ignored("nothing needs doing".to_owned()))
}

async fn one_effect(tx: &Tx<'_>, moment: Moment, teller: Teller, told: Told) -> Result<Effect> {
    let outcome = match told {
        Told::Nothing(why) => return Ok(Effect::Ignored(why)),
        Told::Approved(id) => turned(tx, moment, teller, &id, Turn::Approved).await,
        Told::Turned(id, to) => turned(tx, moment, teller, &id, to).await,
        Told::Declined(id) => declined(tx, moment, teller, &id).await,
        Told::Paid(paid) => receive(tx, moment, teller, paid).await,
        Told::Fell { checkout, reason } => fell(tx, moment, teller, &checkout, &reason).await,
        Told::Refunds { payment, total } => refunded(tx, moment, teller, &payment, total).await,
        Told::Refund(refund) => one_refund(tx, moment, teller, &refund).await,
        Told::Chargeback(told) => charged_back(tx, moment, teller, &told).await,
    };
    match outcome {
        Ok(effect) | Err(Stop::Here(effect)) => Ok(effect),
        Err(Stop::Error(error)) => Err(error),
    }
}

/// Why something told does not come to its end.
enum Stop {
    /// This is all that it does.
    Here(Effect),
    /// Our side could not do it just now.
    Error(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Error(error)
    }
}

impl From<receivables::money::MoneyError> for Stop {
    fn from(error: receivables::money::MoneyError) -> Self {
        Self::Error(error.into())
    }
}

/// The hand-over of that name, if it is this provider's.
async fn checkout(tx: &Tx<'_>, teller: Teller, id: &CheckoutId) -> std::result::Result<Checkout, Stop> {
    let found = checkouts::checkout(tx, id).await?;
    found
        .filter(|checkout| checkout.provider == teller.name)
        .ok_or_else(|| Stop::Here(Effect::Ignored(format!("{id} is no hand-over of ours"))))
}

async fn turned(
    tx: &Tx<'_>,
    moment: Moment,
    teller: Teller,
    id: &CheckoutId,
    to: Turn,
) -> std::result::Result<Effect, Stop> {
    let checkout = checkout(tx, teller, id).await?;
    if !checkouts::turn(tx, &checkout.id, to).await? {
        return Ok(Effect::Ignored(format!("{} is further than that", checkout.id)));
    }
    let amount = Money::new(checkout.amount_minor, checkout.currency);
    let told = match to {
        Turn::Approved | Turn::Pending => Some((
            "payment_pending",
            format!("Payment of {amount} under way"),
            "The customer has paid through a link and the bank has yet to confirm.",
        )),
        Turn::Failed => Some((
            "payment_failed",
            format!("Payment of {amount} failed"),
            "The customer paid through a link and the bank did not confirm. The link can be paid again.",
        )),
        Turn::Expired => None,
    };
    if let Some((kind, title, detail)) = told {
        tell(
            tx,
            moment,
            &checkout.customer,
            kind,
            title,
            detail.to_owned(),
            checkout.id.as_str(),
        )
        .await?;
    }
    Ok(Effect::Processed(
        format!("{} {to:?}", checkout.id).to_lowercase(),
    ))
}

async fn declined(
    tx: &Tx<'_>,
    moment: Moment,
    teller: Teller,
    id: &CheckoutId,
) -> std::result::Result<Effect, Stop> {
    let checkout = checkout(tx, teller, id).await?;
    let amount = Money::new(checkout.amount_minor, checkout.currency);
    let title = format!("Payment of {amount} declined");
    let detail = "The customer tried to pay through a link and the provider declined.".to_owned();
    tell(
        tx,
        moment,
        &checkout.customer,
        "payment_failed",
        title,
        detail,
        id.as_str(),
    )
    .await?;
    Ok(Effect::Processed("declined".to_owned()))
}

/// One payment a hand-over, however many events tell of it.
async fn receive(
    tx: &Tx<'_>,
    moment: Moment,
    teller: Teller,
    paid: Paid,
) -> std::result::Result<Effect, Stop> {
    let checkout = checkout(tx, teller, &paid.checkout).await?;
    if let Some(payment) = &checkout.payment {
        return Ok(Effect::Processed(payment.to_string()));
    }
    let asked = Money::new(checkout.amount_minor, checkout.currency);
    let amount = paid.amount.unwrap_or(asked);
    if amount.currency() != asked.currency() {
        return Ok(Effect::Failed(format!(
            "{amount} was paid, and {asked} was asked for"
        )));
    }
    let confirmed = Confirmed {
        amount,
        method: paid.method,
        // What is confirmed has come; a bank's day of collection may still lie ahead.
        received_on: paid.at.unwrap_or(moment.now).min(moment.now).date_naive(),
        reference: paid.reference,
    };
    let reference = confirmed.reference.clone();
    let effect = checkouts::pay(tx, moment, &checkout, confirmed).await?;
    if !matches!(effect, Effect::Processed(_)) {
        return Ok(effect);
    }
    for event in inbound::waiting(tx, teller.name, &[reference]).await? {
        // Only money that goes back ever waits, so this goes no deeper.
        let effect = Box::pin(apply(tx, moment, teller, &event.body)).await?;
        inbound::conclude(tx, teller.name, &event.id, &effect).await?;
    }
    Ok(effect)
}

/// A payment that has failed: a hand-over that waits for it is over; money that had seemed to come is taken back.
async fn fell(
    tx: &Tx<'_>,
    moment: Moment,
    teller: Teller,
    id: &CheckoutId,
    reason: &str,
) -> std::result::Result<Effect, Stop> {
    let found = checkout(tx, teller, id).await?;
    let Some(payment) = &found.payment else {
        return turned(tx, moment, teller, id, Turn::Failed).await;
    };
    let Some(payment) = payments::by_id(tx, payment).await? else {
        return Ok(Effect::Ignored(format!("{id} has no payment")));
    };
    if !payment.left.is_positive() {
        return Ok(Effect::Ignored(format!("nothing is left of {}", payment.id)));
    }
    let reason = format!("The payer's bank did not pay after all ({reason})");
    take(tx, moment, &payment, payment.left, Cause::Bounce, &reason).await
}

/// The payment that a provider calls so, in the currency of what is told.
async fn payment(
    tx: &Tx<'_>,
    teller: Teller,
    reference: &str,
    amount: Option<Money>,
) -> std::result::Result<Standing, Stop> {
    let found = payments::by_reference(tx, teller.name, reference).await?;
    let payment = found.ok_or_else(|| {
        Stop::Here(Effect::Waiting {
            why: format!("payment {reference} has not come yet"),
            for_: reference.to_owned(),
        })
    })?;
    match amount {
        Some(amount) if amount.currency() != payment.left.currency() => Err(Stop::Here(Effect::Failed(
            format!("{} is not in {}", payment.id, amount.currency()),
        ))),
        _ => Ok(payment),
    }
}

/// A sum of refunds: what is new in it is taken back. What we have asked for ourselves is set aside already.
async fn refunded(
    tx: &Tx<'_>,
    moment: Moment,
    teller: Teller,
    reference: &str,
    total: Money,
) -> std::result::Result<Effect, Stop> {
    let payment = payment(tx, teller, reference, Some(total)).await?;
    let more = total.checked_sub(payment.refunded)?;
    if !more.is_positive() {
        return Ok(Effect::Ignored(format!("refunds of {total} are known")));
    }
    let reason = format!("{} has paid {more} back", teller.name);
    take(tx, moment, &payment, more, Cause::Refund, &reason).await
}

async fn one_refund(
    tx: &Tx<'_>,
    moment: Moment,
    teller: Teller,
    refund: &Refund,
) -> std::result::Result<Effect, Stop> {
    if let Some(known) = refunds::known(tx, teller.name, refund.ours.as_ref(), &refund.id).await? {
        let why = (refund.state == RefundState::Failed).then_some("the provider could not pay it");
        let moved = refunds::moved(tx, moment, &known, Some(&refund.id), refund.state, why).await?;
        return Ok(match moved {
            true => Effect::Processed(format!("{} {}", known.id, refund.state.name())),
            false => Effect::Ignored(format!("{} is as far, or further", known.id)),
        });
    }
    let payment = payment(tx, teller, &refund.payment, refund.amount).await?;
    let Some(amount) = refund.amount else {
        let why = format!(
            "refund {} was made at {} and does not say how much",
            refund.id, teller.name
        );
        return Ok(Effect::Failed(why));
    };
    refunds::made_elsewhere(
        tx,
        moment,
        &payment,
        teller.name,
        &refund.id,
        amount,
        refund.state,
    )
    .await?;
    if refund.state == RefundState::Failed {
        return Ok(Effect::Ignored(format!("refund {} has failed", refund.id)));
    }
    let reason = format!("{} has paid {amount} back", teller.name);
    take(tx, moment, &payment, amount, Cause::Refund, &reason).await
}

async fn charged_back(
    tx: &Tx<'_>,
    moment: Moment,
    teller: Teller,
    told: &Chargeback,
) -> std::result::Result<Effect, Stop> {
    let payment = payment(tx, teller, &told.payment, told.amount).await?;
    let amount = told.amount.unwrap_or(payment.left);
    if !amount.is_positive() {
        return Ok(Effect::Ignored(format!("nothing is left of {}", payment.id)));
    }
    let chargeback = chargebacks::Chargeback {
        provider: teller.name,
        reference: &told.id,
        payment: &payment.id,
        amount,
        reason: &told.reason,
    };
    match told.stage {
        ChargebackStage::Demanded => {
            if !chargebacks::open(tx, moment, chargeback).await? {
                return Ok(Effect::Ignored(format!("{} is known", told.id)));
            }
            let title = format!("Chargeback of {amount}");
            let detail = format!(
                "The payer's bank demands the money back ({}). Until it decides the payment stands.",
                told.reason
            );
            of_payment(tx, moment, &payment, "chargeback_opened", title, detail).await?;
            Ok(Effect::Processed(format!("{} chargeback open", payment.id)))
        }
        ChargebackStage::Lost => {
            if !chargebacks::close(tx, moment, chargeback, Decision::Lost).await? {
                return Ok(Effect::Ignored(format!("{} is known to be decided", told.id)));
            }
            let reason = format!("Chargeback {} of {amount} lost ({})", told.id, told.reason);
            take(tx, moment, &payment, amount, Cause::Chargeback, &reason).await
        }
        ChargebackStage::Won => {
            if let Some(minor) = chargebacks::returned(tx, moment, teller.name, &told.id).await? {
                let amount = Money::new(minor, payment.left.currency());
                let reason = format!("Chargeback {} was decided for us after all", told.id);
                payments::give_back(tx, moment, &payment, amount, Cause::Chargeback, &reason).await?;
                return Ok(Effect::Processed(format!("{}: {amount} is back", payment.id)));
            }
            if !chargebacks::close(tx, moment, chargeback, Decision::Won).await? {
                return Ok(Effect::Ignored(format!("{} is known to be decided", told.id)));
            }
            let title = format!("Chargeback of {amount} closed");
            let detail = "The payment stands: the payer's bank does not demand it back any more.".to_owned();
            of_payment(tx, moment, &payment, "chargeback_closed", title, detail).await?;
            Ok(Effect::Processed(format!("{} chargeback closed", payment.id)))
        }
    }
}

/// Takes back what the payment still holds of it. Where that is less, some of it was taken back before for another
/// reason (a bounce by hand, a refund and a chargeback of the same money), and what was done is said.
async fn take(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &Standing,
    amount: Money,
    cause: Cause,
    reason: &str,
) -> std::result::Result<Effect, Stop> {
    let taken = payments::take_back(tx, moment, payment, amount, cause, reason).await?;
    Ok(Effect::Processed(format!(
        "{}: {taken} of {amount} taken back",
        payment.id
    )))
}

async fn of_payment(
    tx: &Tx<'_>,
    moment: Moment,
    payment: &Standing,
    kind: &'static str,
    title: String,
    detail: String,
) -> Result<()> {
    match &payment.customer {
        Some(customer) => tell(tx, moment, customer, kind, title, detail, payment.id.as_str()).await,
        None => Ok(()),
    }
}

async fn tell(
    tx: &Tx<'_>,
    moment: Moment,
    customer: &CustomerId,
    kind: &'static str,
    title: String,
    detail: String,
    refers_to: &str,
) -> Result<()> {
    let activity = Activity {
        customer_id: customer.clone(),
        kind,
        title,
        detail,
        refers_to: Some(refers_to.to_owned()),
    };
    activities::record(tx, moment, &[activity]).await
}

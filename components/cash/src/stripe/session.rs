//! Sessions: paid, under way, failed, run out.

use super::{Event, Reference, SOURCE, Stop, money, object};
use chrono::DateTime;
use receivables::id::CheckoutId;
use receivables::money::Money;
use receivables::paylink::Turn;
use serde::Deserialize;
use std::collections::BTreeMap;
use store::Tx;
use store::activities::{self, Activity};
use store::checkouts::{self, Checkout, Confirmed};
use store::inbound::{self, Effect};
use web::Cx;

#[derive(Deserialize)]
struct Session {
    id: String,
    client_reference_id: Option<String>,
    metadata: Option<BTreeMap<String, String>>,
    payment_status: Option<String>,
    payment_intent: Option<Reference>,
    amount_total: Option<i64>,
    currency: Option<String>,
    payment_method_types: Option<Vec<String>>,
}

impl Session {
    /// Our name for it.
    fn checkout(&self) -> Option<CheckoutId> {
        let in_metadata = || self.metadata.as_ref()?.get("checkout");
        let name = self.client_reference_id.as_ref().or_else(in_metadata)?;
        CheckoutId::parse(name).ok()
    }

    /// The amount that counts is the provider's, not the link's. Where an event names none it is what the session was
    /// opened for: a session is paid as a whole or not at all.
    fn amount(&self, checkout: &Checkout) -> Result<Money, Effect> {
        match (self.amount_total, &self.currency) {
            (Some(minor), Some(currency)) => money(minor, currency),
            (None, None) => Ok(Money::new(checkout.amount_minor, checkout.currency)),
            _ => Err(Effect::Failed("an amount without its currency".to_owned())),
        }
    }

    /// How it was paid, where the session leaves one way only; which of several it was, the event does not say.
    fn method(&self) -> String {
        match self.payment_method_types.as_deref() {
            Some([only]) => only.clone(),
            _ => "online".to_owned(),
        }
    }
}

/// Gives an event about a session its effect.
pub(super) async fn apply(cx: &Cx, tx: &Tx<'_>, event: Event) -> Result<Effect, Stop> {
    let (kind, created) = (event.r#type.clone(), event.created);
    let session: Session = object(event)?;
    let checkout = match session.checkout() {
        Some(id) => checkouts::checkout(tx, &id).await?,
        None => None,
    };
    let none_of_ours = || Effect::Ignored(format!("session {} is none of ours", session.id));
    let checkout = checkout
        .filter(|checkout| checkout.provider == SOURCE)
        .ok_or_else(none_of_ours)?;
    match (kind.as_str(), session.payment_status.as_deref()) {
        ("checkout.session.completed", Some("paid")) | ("checkout.session.async_payment_succeeded", _) => {
            paid(cx, tx, &checkout, session, created).await
        }
        ("checkout.session.completed", Some("unpaid")) => turn(cx, tx, &checkout, Turn::Pending).await,
        ("checkout.session.async_payment_failed", _) => turn(cx, tx, &checkout, Turn::Failed).await,
        ("checkout.session.expired", _) => turn(cx, tx, &checkout, Turn::Expired).await,
        (_, status) => Ok(Effect::Failed(format!(
            "payment status {status:?} is not one that we know"
        ))),
    }
}

async fn turn(cx: &Cx, tx: &Tx<'_>, checkout: &Checkout, to: Turn) -> Result<Effect, Stop> {
    if !checkouts::turn(tx, &checkout.id, to).await? {
        return Ok(Effect::Ignored(format!("{} is further than that", checkout.id)));
    }
    let amount = Money::new(checkout.amount_minor, checkout.currency);
    let told = match to {
        Turn::Pending => Some((
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
        let activity = Activity {
            customer_id: checkout.customer.clone(),
            kind,
            title,
            detail: detail.to_owned(),
            refers_to: Some(checkout.id.to_string()),
        };
        activities::record(tx, cx.moment(), &[activity]).await?;
    }
    Ok(Effect::Processed(
        format!("{} {to:?}", checkout.id).to_lowercase(),
    ))
}

/// One payment a session, however many events tell of it.
async fn paid(
    cx: &Cx,
    tx: &Tx<'_>,
    checkout: &Checkout,
    session: Session,
    created: Option<i64>,
) -> Result<Effect, Stop> {
    if let Some(payment) = &checkout.payment {
        return Ok(Effect::Processed(payment.to_string()));
    }
    let at = created.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
    let confirmed = Confirmed {
        amount: session.amount(checkout)?,
        method: session.method(),
        received_on: at.unwrap_or(cx.moment().now).date_naive(),
        reference: session.payment_intent.map_or(session.id, Reference::id),
    };
    let reference = confirmed.reference.clone();
    let paid = checkouts::pay(tx, cx.moment(), checkout, confirmed).await?;
    if !matches!(paid, Effect::Processed(_)) {
        return Ok(paid);
    }
    for event in inbound::waiting(tx, SOURCE, &[reference]).await? {
        // Only money that goes back ever waits, so this goes no deeper.
        let effect = Box::pin(super::apply(cx, tx, &event.body)).await?;
        inbound::conclude(tx, SOURCE, &event.id, &effect).await?;
    }
    Ok(paid)
}
